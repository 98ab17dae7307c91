"""Redis' clock, which all processes use."""

from leadcore.machine import Machine
from leadcore.store.connection import Redis

GOOD_SECONDS = 1.0


class Clock:
    """Asks Redis at most once in `GOOD_SECONDS` and adds this machine's monotonic clock in between. For one thread."""

    def __init__(self, connection: Redis, machine: Machine) -> None:
        self._redis, self._machine = connection, machine
        self._asked_at = -GOOD_SECONDS
        self._answer = 0.0

    def now_ms(self) -> int:
        """Milliseconds since 1970. Raises redis-py's errors."""
        if self._machine.monotonic() - self._asked_at >= GOOD_SECONDS:
            seconds, micros = self._redis.time()
            self._asked_at, self._answer = self._machine.monotonic(), seconds * 1000 + micros / 1000
        return int(self._answer + (self._machine.monotonic() - self._asked_at) * 1000)
