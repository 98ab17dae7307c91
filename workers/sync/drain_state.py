"""What one drain has in hand: batches that are ready, calls in flight, and how far the streams were read."""

import time
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import chain

from workers.flow.errors import LineDown
from workers.rules.batch import Row
from workers.sync.in_flight import Call

BATCH = 100

Rows = Mapping[int, Sequence[Row]]
"""By shard."""


@dataclass(slots=True)
class DrainState:
    """`size`: leads in a call; `probing`: one call at a time, each twice as large as the one before. `after`: by shard,
    the last entry that is in hand or belongs to a customer who is; `read`: the last one that was read; `settled`:
    whether anything was since the beginning of the streams was read last; `found_any`: whether there were any. `ready`:
    whole batches that wait for the quota. `blocked_until`: the moment (monotonic) before which no call is possible, 0
    if one may be. `begun`: whether a call was begun or waited for, so that the line may have been paused since it was
    looked at. `tail_waits`: moments for which the tail has waited; `handed_off`: it was left to another drain;
    `yield_now`: others want this worker or its shards. `down`: why HubSpot takes nothing more."""

    size: int = BATCH
    probing: bool = False
    after: dict[int, bytes] = field(default_factory=dict)
    read: dict[int, bytes] = field(default_factory=dict)
    settled: bool = False
    found_any: bool = False
    ready: deque[Call] = field(default_factory=deque)
    blocked_until: float = 0.0
    begun: bool = False
    tail_waits: int = 0
    handed_off: bool = False
    yield_now: bool = False
    down: LineDown | None = None
    error: BaseException | None = None
    calls: dict[Future[None], Call] = field(default_factory=dict)

    @property
    def in_hand(self) -> int:
        return len(self.ready) + len(self.calls)

    def customer_ids(self) -> set[str]:
        """Those whose leads are in hand."""
        return {group.customer_id for call in chain(self.ready, self.calls.values()) for group in call.groups}

    def hold_up(self, seconds: float) -> None:
        self.blocked_until = time.monotonic() + seconds

    def forget_ready(self) -> None:
        """Read what is ready anew."""
        self.ready.clear()
        self.after = {}

    def raise_error(self) -> None:
        """Raise why this run ends, if it does, and keep it no longer: it leads to all that was in hand, which would
        stay until garbage is collected."""
        error = self.error or (None if self.probing else self.down)
        if error is not None:
            self.error = self.down = None
            try:
                raise error
            finally:
                del error

    def rewind(self) -> None:
        """Read the streams from their beginning again."""
        self.after, self.settled, self.found_any = {}, False, False


def count(rows: Rows) -> int:
    return sum(map(len, rows.values()))
