"""An outage of Redis: said once when it begins, and once when it is over, by each process that depends on Redis."""

import structlog

from leadcore.machine import Machine
from leadcore.store.connection import describe_error

log = structlog.get_logger("leadsync.redis")


class Outage:
    """Any thread may call it. `address`: of Redis, without secrets; `meanwhile`: what this process does until Redis is
    back, for people."""

    def __init__(self, address: str, meanwhile: str, machine: Machine) -> None:
        self._address, self._meanwhile, self._machine = address, meanwhile, machine
        self._since: float | None = None
        self._lock = machine.lock()

    @property
    def is_on(self) -> bool:
        return self._since is not None

    def note(self, error: Exception) -> None:
        """Redis did not do what it was asked for."""
        with self._lock:
            if self._since is None:
                self._since = self._machine.monotonic()
                log.warning("redis.away", redis=self._address, error=describe_error(error), meanwhile=self._meanwhile)

    def end(self) -> None:
        """Redis answers."""
        with self._lock:
            if self._since is not None:
                log.warning(
                    "redis.back", redis=self._address, after_s=round(self._machine.monotonic() - self._since, 1)
                )
                self._since = None
