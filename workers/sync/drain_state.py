"""The state of one drain: prepared calls, calls in flight, and how far the streams have been read."""

import time
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import chain

from workers.flow.errors import LineDown
from workers.rules.batch import StreamEntry
from workers.sync.in_flight import WriteCall

BATCH = 100

Rows = Mapping[int, Sequence[StreamEntry]]
"""Inbox entries by shard."""


@dataclass(slots=True)
class DrainState:
    """A lead is in hand while it is in `ready` or `in_flight`. Cursors are entry ids by shard; a shard without one is
    read from its start."""

    batch_size: int = BATCH
    """Leads per call."""
    probing: bool = False
    """The line was paused: one call at a time, each twice as large as the one before."""
    cursor: dict[int, bytes] = field(default_factory=dict)
    """Where to read on: all entries up to here were taken in hand, or skipped because their customer is in hand."""
    pending_cursor: dict[int, bytes] = field(default_factory=dict)
    """Where the last read ended; becomes `cursor` once its rows are prepared, or if it found none."""
    settled_any: bool = False
    """An entry was settled since the last `rewind`."""
    found_any: bool = False
    """A row was read since the last `rewind`."""
    ready: deque[WriteCall] = field(default_factory=deque)
    """Full batches, prepared, that wait for quota."""
    blocked_until: float = 0.0
    """No call can start before this moment (monotonic seconds); 0: one may be possible now."""
    recheck_pause: bool = False
    """Time has passed since `Pause.admit`, so check for a pause before the next call."""
    partial_waits: int = 0
    """How often the partial batch has waited for those of other shards."""
    handed_off: bool = False
    """The partial batch was left to another drain."""
    yield_now: bool = False
    """Stop: other jobs or workers need this worker or its shards."""
    down: LineDown | None = None
    """Why HubSpot takes no more calls."""
    error: BaseException | None = None
    """Raised once every call in flight has come back."""
    in_flight: dict[Future[None], WriteCall] = field(default_factory=dict)
    """Calls that were started and are not settled yet."""

    @property
    def in_hand(self) -> int:
        """Number of calls that are prepared or in flight."""
        return len(self.ready) + len(self.in_flight)

    def customers_in_hand(self) -> set[str]:
        return {group.customer_id for call in chain(self.ready, self.in_flight.values()) for group in call.groups}

    def block_for(self, seconds: float) -> None:
        """No call can start for so long."""
        self.blocked_until = time.monotonic() + seconds

    def discard_ready(self) -> None:
        """Drop what is ready, so that it is read and prepared again."""
        self.ready.clear()
        self.cursor = {}

    def raise_error(self) -> None:
        """Raise why this drain ends, if it failed. Clear the reference first: the traceback references this state, so
        all that was in hand would stay in memory until the next GC."""
        error = self.error or (None if self.probing else self.down)
        if error is not None:
            self.error = self.down = None
            try:
                raise error
            finally:
                del error

    def rewind(self) -> None:
        """Read the streams from their start again."""
        self.cursor, self.settled_any, self.found_any = {}, False, False


def count_rows(rows: Rows) -> int:
    return sum(map(len, rows.values()))
