"""Since when the epoch of Redis lasts in which orders and notes are made, see `leadcore.store.epoch`.

What was received before may have been dealt with, and Redis forgot: its entry is in the line again.
"""

from collections.abc import Callable

from leadcore.store import keys
from leadcore.store.connection import Redis
from leadcore.store.epoch import read_epoch
from leadcore.store.streams import Stream

MARGIN_MS = 10_000
"""So far may the clocks of two servers be apart."""


class RecentEpoch:
    """One per worker process. `hidden`: what stands for the epoch where Redis hides it. `doubtful_ms`: what was
    received before may have been dealt with, in ms by Redis' clock. Every method raises redis-py's errors,
    `ReadOnlyError` for a replica."""

    def __init__(self, connection: Redis, hidden: Callable[[], str]) -> None:
        self.redis, self._hidden = connection, hidden
        self._known, self.doubtful_ms = "", 0

    def refresh(self, now_ms: int) -> bool:
        """Ask Redis; whether another epoch began since this process asked last."""
        epoch = read_epoch(self.redis)
        known = epoch or self._hidden()
        if known == self._known:
            return False
        since_ms = self._enter(epoch, now_ms) if epoch else now_ms
        self.doubtful_ms = since_ms + MARGIN_MS if since_ms else 0
        # Known only now: where Redis fails before this, it is asked again.
        before, self._known = self._known, known
        return bool(before)

    def _enter(self, epoch: str, now_ms: int) -> int:
        """Since when the epoch lasts, as the worker that was the first to see it has entered."""
        entered, _, since = (self.redis.get(keys.ORDERS_EPOCH) or b"").decode().partition(" ")
        if entered == epoch:
            return int(since or 0)
        Stream(self.redis, keys.ORDERS).apply([("SET", keys.ORDERS_EPOCH, f"{epoch} {now_ms}")])
        return now_ms
