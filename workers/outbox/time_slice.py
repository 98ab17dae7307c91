"""How long a worker sends messages before it returns to leads. Leads come first, because a worker runs one job at a
time and a message may be a little late. The longer messages have waited, the longer the time slice, so that an endless
stream of leads does not block them.
"""

from leadcore.machine import Machine
from leadcore.store import keys
from leadcore.store.bell import Bell
from leadcore.store.clock import Clock
from leadcore.store.connection import Redis
from leadcore.store.streams import Stream
from workers.hubspot.budget import Budget

WORK_SECONDS = 10.0
SLICE_SECONDS = 1.0
FRESH_MS, LATE_MS = 30_000, 60_000
CHECK_SECONDS = 0.1


class TimeSlice:
    """The current time slice of one worker."""

    def __init__(self, connection: Redis, budget: Budget, clock: Clock, machine: Machine, shards: int) -> None:
        self.redis, self.budget, self.clock, self.shards = connection, budget, clock, shards
        self.machine = machine
        self.bell, self.inbox = Bell(connection), Stream(connection)
        self._started_at = self._checked_at = self._ends_at = 0.0

    def start(self, seconds: float) -> None:
        """Start a time slice of at most `seconds`."""
        self._started_at = self._checked_at = self.machine.monotonic()
        self._ends_at = self._started_at + seconds

    def is_over(self, entry: bytes) -> bool:
        """Whether the slice is over. If another job waits and `entry`, the id of a message just sent, is not late,
        `SLICE_SECONDS` are enough; if it is fresh and leads could be written, the slice ends at once. This is checked
        once in `CHECK_SECONDS`."""
        now = self.machine.monotonic()
        if now > self._ends_at:
            return True
        if now - self._checked_at < CHECK_SECONDS:
            return False
        self._checked_at = now
        waited_ms = self.clock.now_ms() - int(entry.partition(b"-")[0])
        if waited_ms > LATE_MS or not self.bell.waits():
            return False
        return now - self._started_at > SLICE_SECONDS or (waited_ms < FRESH_MS and self._can_write_leads())

    def _can_write_leads(self) -> bool:
        """Whether HubSpot takes calls, the quota allows one, and leads wait that nobody drains."""
        now_ms = self.clock.now_ms()
        if not self.budget.has_room(now_ms):
            return False
        paused_until = int(self.redis.hget(keys.PAUSE, "until") or 0)
        return paused_until <= now_ms and bool(self.inbox.unheld(self.shards))
