"""What one drain has in hand: rows that were read, prepared calls, calls in flight, and how far the streams were
read."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from leadcore.machine import Future
from workers.rules.batch import StreamEntry
from workers.sync.in_flight import WriteCall

Rows = Mapping[int, Sequence[StreamEntry]]
"""Inbox entries by shard."""


@dataclass(slots=True)
class InHand:
    """Cursors are entry ids by shard; a shard without one is read from its start."""

    cursor: dict[int, bytes] = field(default_factory=dict)
    """Where to read on: all entries up to here were taken in hand, or skipped because their customer is in hand."""
    pending_cursor: dict[int, bytes] = field(default_factory=dict)
    """Where the last read ended; becomes `cursor` once its rows are prepared, or if it found none."""
    rows: Rows = field(default_factory=dict)
    """What the last read found; not in hand before it is prepared."""
    ready: deque[WriteCall] = field(default_factory=deque)
    in_flight: dict[Future[None], WriteCall] = field(default_factory=dict)
    returned: tuple[WriteCall, BaseException | None] | None = None
    """The call that came back and is to be settled."""
    slots: list[str] = field(default_factory=list)
    """The reserved slot of the quota, if there is one."""

    def customers(self) -> set[str]:
        """The customers whose leads are prepared or in flight."""
        return {group.customer_id for call in chain(self.ready, self.in_flight.values()) for group in call.groups}

    def restart(self) -> None:
        """Drop what is prepared, and read the streams from their start."""
        self.ready.clear()
        self.cursor = {}


def count_rows(rows: Rows) -> int:
    return sum(map(len, rows.values()))
