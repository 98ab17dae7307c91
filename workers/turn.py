"""How long a worker goes on with messages: leads come first, for a message may be late, and a worker has one job."""

import time

from receiver import keys
from receiver.bell import Bell
from receiver.connection import Redis
from workers.budget import Budget
from workers.clock import Clock

WORK_SECONDS = 10.0
TURN_SECONDS = 1.0
LOOK_SECONDS = 0.1


class Turn:
    """The turns of one worker, one after the other."""

    def __init__(self, connection: Redis, budget: Budget, clock: Clock, shards: int) -> None:
        self.redis, self.budget, self.clock, self.shards = connection, budget, clock, shards
        self.bell = Bell(connection)
        self._began = self._looked_at = 0.0

    def begin(self) -> None:
        self._began = self._looked_at = time.monotonic()

    def is_over(self) -> bool:
        """Whether `WORK_SECONDS` are over, or `TURN_SECONDS` and another job waits; at once if that can write leads.
        Looks only once in `LOOK_SECONDS`."""
        now = time.monotonic()
        if now - self._looked_at < LOOK_SECONDS:
            return False
        self._looked_at = now
        if now - self._began > WORK_SECONDS:
            return True
        return self.bell.waits() and (now - self._began > TURN_SECONDS or self._leads_can_go())

    def _leads_can_go(self) -> bool:
        """Whether HubSpot's quota allows a call, and leads wait with which nobody is busy."""
        if not self.budget.has_room(self.clock.now_ms()):
            return False
        pipe = self.redis.pipeline(transaction=False)
        for shard in range(self.shards):
            pipe.xlen(keys.entries(keys.INBOX, shard))
            pipe.exists(keys.lock(keys.INBOX, shard))
        found = pipe.execute()
        return any(waiting and not held for waiting, held in zip(found[::2], found[1::2], strict=True))
