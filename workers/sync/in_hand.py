"""What one drain has in hand: rows that were read, prepared calls, calls in flight, and how far the streams were
read."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from leadcore.event import read_customer_id
from leadcore.fields import BODY, LEAD, PUT_OFF
from leadcore.machine import Future
from workers.rules.batch import StreamEntry
from workers.rules.breaker import FAILURES_ALONE, Flight, largest_batch
from workers.sync.in_flight import WriteCall

Rows = Mapping[int, Sequence[StreamEntry]]
"""Inbox entries by shard."""


@dataclass(slots=True)
class Again:
    """A batch that is to be sent again at `due` (monotonic seconds), by its customers."""

    rows: dict[str, list[tuple[int, StreamEntry]]]
    flight: Flight
    due: float

    @property
    def by_shard(self) -> Rows:
        found: dict[int, list[StreamEntry]] = {}
        for shard, row in chain.from_iterable(self.rows.values()):
            found.setdefault(shard, []).append(row)
        return found


@dataclass(slots=True)
class InHand:
    """Cursors are entry ids by shard; a shard without one is read from its start."""

    cursor: dict[int, bytes] = field(default_factory=dict)
    """Where to read on: all entries up to here were taken in hand, or skipped because their customer is in hand."""
    pending_cursor: dict[int, bytes] = field(default_factory=dict)
    """Where the last read ended; becomes `cursor` once its rows are prepared, or if it found none."""
    passed: set[str] = field(default_factory=set)
    """The customers of whom rows up to `cursor` were skipped, or left in the inbox."""
    pending_passed: set[str] = field(default_factory=set)
    """Those of whom rows up to `pending_cursor` were."""
    rows: Rows = field(default_factory=dict)
    """What the last read found; not in hand before it is prepared."""
    ready: deque[WriteCall] = field(default_factory=deque)
    in_flight: dict[Future[None], WriteCall] = field(default_factory=dict)
    returned: tuple[WriteCall, BaseException | None] | None = None
    """The call that came back and is to be settled."""
    again: list[Again] = field(default_factory=list)
    """The batches that failed and are to be sent again."""
    suspects: dict[int, Mapping[bytes, bytes]] = field(default_factory=dict)
    """By shard: leads of batches that failed in drains before this one -> how often."""
    slots: list[str] = field(default_factory=list)
    """The reserved slot of the quota, if there is one."""

    def customers(self) -> set[str]:
        """The customers whose leads are prepared, in flight, or to be sent again."""
        called = {group.customer_id for call in chain(self.ready, self.in_flight.values()) for group in call.groups}
        return called.union(*(one.rows for one in self.again))

    def next_again(self) -> Again:
        """The batch that is due first."""
        return min(self.again, key=lambda one: one.due)

    def keep(self, call: WriteCall, failures: int, due: float) -> None:
        """Send the call's open leads again, in batches as small as so many failures ask for."""
        rows = {
            group.customer_id: [(shard, (lead.entry, lead.fields)) for lead in group.leads]
            for shard, batch in call.batches.items()
            for group in batch.groups
            if group.open
        }
        names, size = list(rows), largest_batch(failures)
        for start in range(0, len(names), size):
            part = {name: rows[name] for name in names[start : start + size]}
            weight = call.flight.weight if failures == call.flight.failures else 0
            self.again.append(Again(part, Flight(failures, call.flight.since_ms, call.flight.counted, weight), due))

    def set_apart(self, rows: Rows, now: float) -> Rows:
        """`rows` without those of suspects, which become batches of their own, as small as their failures ask for. All
        of a customer's rows stay together."""
        if not any(self._failures(shard, fields) for shard, part in rows.items() for _, fields in part):
            return rows
        rest: dict[int, list[StreamEntry]] = {}
        places: dict[str, Again | None] = {}
        batches: dict[int, Again] = {}
        for shard, row in ((shard, row) for shard, part in rows.items() for row in part):
            customer, failures = read_customer_id(row[1].get(BODY, b"")), self._failures(shard, row[1])
            if customer not in places and failures:
                batch = batches.get(failures)
                if batch is None or len(batch.rows) >= largest_batch(failures):
                    batches[failures] = batch = Again({}, Flight(failures, 1), now)
                    self.again.append(batch)
                places[customer] = batch
            place = places.setdefault(customer, None)
            if place is None:
                rest.setdefault(shard, []).append(row)
            else:
                place.rows.setdefault(customer, []).append((shard, row))
        return rest

    def _failures(self, shard: int, fields: Mapping[bytes, bytes]) -> int:
        return FAILURES_ALONE if PUT_OFF in fields else int(self.suspects[shard].get(fields.get(LEAD, b""), b"0"))

    def move_on(self) -> None:
        """Read on, from now, where the last read ended."""
        self.cursor, self.passed = self.pending_cursor, self.passed | self.pending_passed

    def restart(self) -> None:
        """Drop what is prepared, and read the streams from their start. What is to be sent again stays in hand."""
        self.ready.clear()
        self.cursor, self.passed = {}, set()


def count_rows(rows: Rows) -> int:
    return sum(map(len, rows.values()))
