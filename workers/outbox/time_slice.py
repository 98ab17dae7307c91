"""How long a worker goes on with messages: leads come first, for a message may be a little late, and a worker has one
job. The longer messages wait, the longer their turns, so that leads without end do not silence them."""

import time

from leadcore.store import keys
from leadcore.store.bell import Bell
from leadcore.store.clock import Clock
from leadcore.store.connection import Redis
from leadcore.store.streams import Stream
from workers.hubspot.budget import Budget

WORK_SECONDS = 10.0
SLICE_SECONDS = 1.0
FRESH_MS, LATE_MS = 30_000, 60_000
LOOK_SECONDS = 0.1


class TimeSlice:
    """The turns of one worker, one after the other."""

    def __init__(self, connection: Redis, budget: Budget, clock: Clock, shards: int) -> None:
        self.redis, self.budget, self.clock, self.shards = connection, budget, clock, shards
        self.bell, self.inbox = Bell(connection), Stream(connection)
        self._began = self._looked_at = self._ends = 0.0

    def begin(self, seconds: float) -> None:
        """A turn of at most `seconds`."""
        self._began = self._looked_at = time.monotonic()
        self._ends = self._began + seconds

    def is_over(self, entry: bytes) -> bool:
        """Whether its time is over. If another job waits and the message `entry` is not late, `SLICE_SECONDS` are
        enough; if leads can be written and it is fresh, its turn ends at once. Looks only once in `LOOK_SECONDS`."""
        now = time.monotonic()
        if now > self._ends:
            return True
        if now - self._looked_at < LOOK_SECONDS:
            return False
        self._looked_at = now
        waited_ms = self.clock.now_ms() - int(entry.partition(b"-")[0])
        if waited_ms > LATE_MS or not self.bell.waits():
            return False
        return now - self._began > SLICE_SECONDS or (waited_ms < FRESH_MS and self._leads_can_go())

    def _leads_can_go(self) -> bool:
        """Whether HubSpot takes calls, the quota allows one, and leads wait with which nobody is busy."""
        now_ms = self.clock.now_ms()
        if not self.budget.has_room(now_ms):
            return False
        paused_until = int(self.redis.hget(keys.PAUSE, "until") or 0)
        return paused_until <= now_ms and bool(self.inbox.unheld(self.shards))
