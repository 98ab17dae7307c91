"""The last seconds of acknowledged events, kept in a journal, or in memory where there is none.

With `appendfsync everysec` a Redis that is killed on a slow disk forgets up to a second of what it acknowledged (8,638
of 92,624 events; measured). Whoever acknowledged them puts them again; the put is idempotent. It lost none.
"""

import time
from collections import deque

from leadcore.journal import Journal

KEEP_SECONDS = 10.0
FORGETFUL_SECONDS = 2.0


class Recent:
    """Any thread may add; one thread does the rest. Times are monotonic seconds. What the journal has is not held here
    as well: at a thousand events a second that would be 15 MB."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self._held: deque[tuple[float, bytes]] = deque()
        self._added = self._turned = time.monotonic()

    def begin(self, dataset: str) -> None:
        """Remember for this dataset (see `leadcore.journal`); a Redis that was emptied has to be told it all."""
        for line in self.journal.use_dataset(dataset):
            self._keep(line)

    def add(self, raw: bytes, version_ms: int) -> None:
        """Remember one event."""
        self._keep(b"%d %s" % (version_ms, raw))

    def forget_old(self) -> None:
        """Drop what was acknowledged over `KEEP_SECONDS` ago. Only for a caller who has just seen that Redis is still
        the same: then it has had them on disk for long."""
        now = time.monotonic()
        while self._held and self._held[0][0] < now - KEEP_SECONDS:
            self._held.popleft()
        if now - self._turned > KEEP_SECONDS:
            self._turned = now
            self.journal.rotate()

    def inherit(self) -> bool:
        """Remember what processes that died did remember; whether there was anything."""
        return bool(self.journal.inherit(self._inherit))

    def close(self) -> None:
        """At an orderly end, with Redis there: leave nothing behind, unless Redis might still forget it."""
        if time.monotonic() - self._added > FORGETFUL_SECONDS:
            self.journal.close()

    def events(self) -> list[tuple[bytes, int]]:
        """Body and version of each event."""
        lines = [*self.journal.lines(), *(line for _, line in list(self._held))]
        parts = [line.partition(b" ") for line in lines]
        return [(raw, int(version)) for version, _, raw in parts]

    def _inherit(self, line: bytes) -> None:
        int(line.partition(b" ")[0])
        self._keep(line)

    def _keep(self, line: bytes) -> None:
        self._added = time.monotonic()
        if not self.journal.add(line):
            self._held.append((self._added, line))
