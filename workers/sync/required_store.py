"""What the portal requires, as all workers know it: read from Redis every few seconds, written when one learns it."""

from collections.abc import Mapping
from contextlib import suppress

from leadcore.machine import Machine
from leadcore.store.connection import AWAY, Redis
from leadcore.store.required import read_required, remember_required
from workers.rules.required import RequiredProperties

FRESH_SECONDS = 5.0


class RequiredStore:
    """One per worker process. `defaults`: see `RequiredProperties`."""

    def __init__(self, connection: Redis, defaults: Mapping[str, str], machine: Machine) -> None:
        self.redis, self.machine = connection, machine
        self.properties = RequiredProperties(defaults)
        self._read_at: float | None = None

    def current(self) -> RequiredProperties:
        """What is required, read anew if older than `FRESH_SECONDS`. Raises redis-py's errors."""
        now = self.machine.monotonic()
        if self._read_at is None or now - self._read_at > FRESH_SECONDS:
            self.properties.refresh(read_required(self.redis))
            self._read_at = now
        return self.properties

    def save(self) -> None:
        """Tell the other workers what this one has learned. Best effort: they find it out themselves."""
        learned, disproved = self.properties.take_changes()
        if learned or disproved:
            with suppress(*AWAY):
                remember_required(self.redis, learned, disproved)
