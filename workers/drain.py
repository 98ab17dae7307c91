"""One way through a shard: up to 100 leads, one call, settle; again until nothing is left.

It is a group commit: while a call is in flight the inbox fills, and the next call takes all of it. Only while whole
batches are waiting are several calls in flight, over different customers.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from receiver import keys
from receiver.bell import Bell
from receiver.config import Config
from receiver.connection import Redis
from receiver.inbox import Inbox
from receiver.receipts import WAITING
from workers.batch import Batch, Row, read_batch
from workers.flight import Flight, fly
from workers.hubspot.client import HubSpot
from workers.hubspot.outcomes import LineDown
from workers.identity import Identity
from workers.lead import Fate
from workers.lease import Lease
from workers.ledger import Ledger
from workers.pause import Pause
from workers.plan import Plan
from workers.records import Records
from workers.restore import INTACT, RESTORED, Restore
from workers.survey import Survey
from workers.tails import Tails
from workers.writer import Writer

BATCH = 100
IN_FLIGHT = 4
WORK_SECONDS = 10.0
MOMENT_SECONDS = 0.25
# Another job is not worth beginning for less.
CHANGE_SECONDS = 0.05
# How long a tail waits for younger ones whose drains are about to leave them, in moments of this length.
TAIL_SECONDS, TAIL_MOMENTS = 0.02, 15
# What a single lead can bring about by itself, when HubSpot takes other calls.
ONE_LEAD = frozenset({"locked", "unavailable", "timeout", "disconnected", "unexpected", "empty_answer"})

Rows = Mapping[int, Sequence[Row]]
"""By shard."""


@dataclass(slots=True)
class Run:
    """`size`: leads in a call; `alone`: only one call. `after`: by shard, the last entry read; `settled`: whether
    anything was since the beginning of the streams was read last; `seen`: whether there were any. `short`: seconds
    until a call may be possible, where none is now; `rows`: a whole batch that waits for it. `waited`: moments for which the tail has waited; `left`: it was
    left to another drain; `over`: others want this worker or its shards. `down`: why HubSpot takes nothing more."""

    size: int = BATCH
    alone: bool = False
    after: dict[int, bytes] = field(default_factory=dict)
    settled: bool = False
    seen: bool = False
    short: float = 0.0
    rows: Rows = field(default_factory=dict)
    waited: int = 0
    left: bool = False
    over: bool = False
    down: LineDown | None = None
    error: BaseException | None = None
    flights: dict[Future[None], Flight] = field(default_factory=dict)

    def flying(self) -> set[str]:
        return {group.customer_id for flight in self.flights.values() for group in flight.groups}

    def rewind(self) -> None:
        """Read the streams from their beginning again."""
        self.after, self.settled, self.seen = {}, False, False


class Drain:
    """One worker's way from the inbox to HubSpot, under a lease that others see to."""

    def __init__(
        self,
        connection: Redis,
        hubspot: HubSpot,
        config: Config,
        records: Records,
        survey: Survey,
        pause: Pause,
        ledger: Ledger,
        stop: threading.Event,
    ) -> None:
        self.redis, self.hubspot, self.config, self.records = connection, hubspot, config, records
        self.survey, self.pause, self.ledger, self.stop = survey, pause, ledger, stop
        self.inbox = Inbox(connection)
        self.bell = Bell(connection)
        self.tails = Tails(connection, config.inbox.shards, BATCH)
        self.pool = ThreadPoolExecutor(IN_FLIGHT, "hubspot")

    def go(self, lease: Lease, run: Run) -> bool:
        """Launch, wait, settle, until nothing is left, time is up or HubSpot is down. Every call that was begun is
        settled, whatever became of the others. True if what is left may be taken up at once."""
        ends = time.monotonic() + WORK_SECONDS
        while True:
            run.short = 0.0
            going_on = not (run.error or run.down or run.over or self.stop.is_set()) and time.monotonic() < ends
            if going_on:
                try:
                    self._launch(lease, run)
                except Exception as error:  # raised below, once what is in flight has landed
                    run.error = error
            if run.flights:
                self._land(lease, run)
                continue
            if run.error is not None:
                raise run.error
            if run.down is not None and not run.alone:
                raise run.down
            if run.left or run.over:
                return run.over
            if run.short:
                if self._make_way(run.short):
                    return True
                continue
            if not going_on or run.alone or not run.settled:
                return run.settled or not run.seen
            run.rewind()

    def _launch(self, lease: Lease, run: Run) -> None:
        """Start a call; a further one beside it only for a whole batch, so that small ones are gathered."""
        while len(run.flights) < (1 if run.alone else IN_FLIGHT):
            rows, run.rows = run.rows or self._take(lease, run), {}
            run.seen |= bool(rows)
            tail = not run.alone and _count(rows) < run.size
            if tail and (run.flights or not rows) and self._take_on(lease, run, rows):
                continue
            if not rows or (run.flights and (tail or self.pause.stands())):
                return
            run.over = self._is_wanted(lease, run, rows, tail=tail)
            if run.over:
                return
            lease.check()
            slots = [] if run.alone else self._reserve(run)
            if run.short:
                run.rows = {} if tail else rows
                return
            try:
                if tail and self.hubspot.budget.scarce:
                    rows = self._gather(lease, run, rows)
                if not rows:
                    self.hubspot.budget.give_back(slots)
                    return
                flight = self._prepare(rows, run.flying(), lease, slots)
            except BaseException:
                self.hubspot.budget.give_back(slots)
                raise
            run.after |= {shard: part[-1][0] for shard, part in rows.items()}
            run.flights[self.pool.submit(fly, lease, flight)] = flight

    def _take(self, lease: Lease, run: Run) -> Rows:
        """The next rows of the shards that are held, at most a call's."""
        rows: dict[int, Sequence[Row]] = {}
        for shard in lease.shards:
            part = self.inbox.take(shard, run.size - _count(rows), run.after.get(shard, b"-"))
            if part:
                rows[shard] = part
            if _count(rows) == run.size:
                break
        return rows

    def _take_on(self, lease: Lease, run: Run, rows: Rows) -> bool:
        """Whether there are tails to be had that fill up a call beside another, or that were left to this drain; if
        not, look again in a moment, since others leave theirs while this drain's calls are in flight."""
        if not self.hubspot.budget.scarce:
            return False
        taken = self.tails.gather(lease, in_hand=bool(rows), patient=True).taken
        if run.flights and not taken:
            run.short = TAIL_SECONDS
        return taken

    def _is_wanted(self, lease: Lease, run: Run, rows: Rows, *, tail: bool) -> bool:
        """A few leads after others were written: shards may wait that have no worker yet; while the quota is scarce
        their tails are taken on instead. A full batch in one of several shards: they are no longer tails, and every
        worker can have one."""
        if tail:
            return run.settled and not run.flights and not self.hubspot.budget.scarce and self.bell.waits()
        return len(lease.shards) > 1 and len(rows) == 1 and not run.alone

    def _gather(self, lease: Lease, run: Run, rows: Rows) -> Rows:
        """`rows`, too few for a call, with those of other shards' tails; none if it is not their turn."""
        verdict = self.tails.gather(lease, in_hand=True, patient=run.waited < TAIL_MOMENTS)
        if verdict.taken:
            return self._take(lease, run)
        if verdict.what == "wait":
            run.waited += 1
            run.short = TAIL_SECONDS
        run.left = verdict.what == "leave"
        return rows if verdict.what == "go" else {}

    def _reserve(self, run: Run) -> list[str]:
        """A slot for a call's first request, before its rows are worked on: while HubSpot's quota allows none, more
        rows come, and this worker can do something else."""
        self.survey.current()
        slot, run.short = self.hubspot.budget.reserve()
        return [slot] if slot else []

    def _make_way(self, seconds: float) -> bool:
        """Wait a moment until a call may be possible; True if another job could use this worker meanwhile."""
        self.stop.wait(min(seconds, MOMENT_SECONDS))
        return seconds > CHANGE_SECONDS and self.bell.waits()

    def _prepare(self, rows: Rows, flying: set[str], lease: Lease, slots: list[str]) -> Flight:
        """The batches in `rows` without customers who are in flight, and who writes them. Raises `LineDown`."""
        portal = self.survey.current()
        batches: dict[int, Batch] = {}
        for shard, part in rows.items():
            batches[shard] = read_batch(part, self.config, portal, flying)
            flying |= {group.customer_id for group in batches[shard].groups}
        groups = [group for batch in batches.values() for group in batch.groups]
        marker = self.records.load(groups)
        if marker not in (INTACT, RESTORED):
            marker = Restore(self.redis, self.hubspot, portal, self.records, self.stop).decide(marker)
            self.records.load(groups)
        for batch in batches.values():
            batch.forget()
        identity = Identity(self.redis, self.hubspot, self.config.crm, self.records.use_key(), lease)
        plan = Plan(portal, self.records.digest())
        return Flight(batches, Writer(self.hubspot, plan, identity, self.records, intact=marker == INTACT), slots)

    def _land(self, lease: Lease, run: Run) -> None:
        """Settle one call that came back, also what it had done before it failed; none if another call can be begun
        before one comes back."""
        try:
            done, _ = wait(run.flights, run.short or None, FIRST_COMPLETED)
        except Exception as fault:  # RQ's timeout: whatever is in flight lands first
            run.error = run.error or fault
            return
        if not done:
            return
        future = next(iter(done))
        flight = run.flights.pop(future)
        error = future.exception()
        if isinstance(error, LineDown):
            run.down = error
            if run.alone and error.code in ONE_LEAD:
                self._put_off(flight, error)
        elif error is not None:
            run.error = run.error or error
        for shard, batch in flight.batches.items():
            try:
                run.settled |= self.ledger.settle(batch, shard, lease)
                flight.writer.identity.free(batch.groups)
            except Exception as fault:  # the others still have to land
                run.error = run.error or fault

    def _put_off(self, flight: Flight, down: LineDown) -> None:
        """HubSpot is there, but not for these leads. That uses up a try only if others were written since it happened
        to them last: else it is HubSpot after all."""
        written = int(self.redis.get(keys.WRITTEN) or 0)
        for group in flight.groups:
            if group.open:
                before = int(group.leads[-1].fields.get(b"p", b"0"))
                group.fate = Fate(WAITING, code=down.code, why=down.why, free=not before or written <= before)


def _count(rows: Rows) -> int:
    return sum(map(len, rows.values()))
