"""The last seconds of acknowledged events, kept in memory and in a journal.

With `appendfsync everysec` a Redis that is killed on a slow disk forgets up to a second of what it acknowledged (8,638
of 92,624 events; measured). Whoever acknowledged them puts them again; the put is idempotent. It lost none.
"""

import time
from collections import deque

from receiver.journal import Journal

KEEP_SECONDS = 10.0
FORGETFUL_SECONDS = 2.0


class Recent:
    """Any thread may add; one thread does the rest. Times are monotonic seconds."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self._events: deque[tuple[float, bytes, int]] = deque()
        self._turned = time.monotonic()

    def add(self, raw: bytes, version_ms: int) -> None:
        """Remember one event."""
        self._events.append((time.monotonic(), raw, version_ms))
        self.journal.add(b"%d %s" % (version_ms, raw))

    def forget_old(self) -> None:
        """Drop what was acknowledged over `KEEP_SECONDS` ago. Only for a caller who has just seen that Redis is still
        the same: then it has had them on disk for long."""
        now = time.monotonic()
        while self._events and self._events[0][0] < now - KEEP_SECONDS:
            self._events.popleft()
        if now - self._turned > KEEP_SECONDS:
            self._turned = now
            self.journal.turn()

    def inherit(self) -> bool:
        """Remember what processes that died did remember; whether there was anything."""
        return bool(self.journal.inherit(self._inherit))

    def _inherit(self, line: bytes) -> None:
        version, _, raw = line.partition(b" ")
        self.add(raw, int(version))

    def close(self) -> None:
        """At an orderly end, with Redis there: leave nothing behind, unless Redis might still forget it."""
        if not self._events or time.monotonic() - self._events[-1][0] > FORGETFUL_SECONDS:
            self.journal.close()

    def events(self) -> list[tuple[bytes, int]]:
        """Body and version of each event, oldest first."""
        return [(raw, version_ms) for _, raw, version_ms in list(self._events)]
