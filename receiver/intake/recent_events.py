"""The events acknowledged in the last seconds, in a journal, or in memory where it cannot be written.

With `appendfsync everysec` a Redis that is killed on a slow disk loses up to a second of what it acknowledged (8,638
of 92,624 events; measured). The process that acknowledged them puts them again; the put is idempotent. None was lost.
"""

from collections import deque

from leadcore.journal import Journal
from leadcore.machine import Machine

# A Redis that is killed may lose what it took in its last second or two, one that a replica replaces what that lagged
# behind.
KEEP_SECONDS = 10.0


class RecentEvents:
    """Any thread may add; one thread does the rest. Times are monotonic seconds. An event is either in the journal or
    in memory: both would cost 15 MB at a thousand events a second."""

    def __init__(self, journal: Journal, machine: Machine) -> None:
        self.journal, self.machine = journal, machine
        self._in_memory: deque[tuple[float, bytes]] = deque()
        self._added_at = self._rotated_at = self.machine.monotonic()

    def use_dataset(self, dataset: str) -> None:
        """The dataset that events are put into from now on, see `leadcore.journal`."""
        self.journal.use_dataset(dataset)

    def add(self, raw: bytes, version_ms: int) -> None:
        """Keep one event."""
        self._add_line(b"%d %s" % (version_ms, raw))

    def drop_old(self) -> None:
        """Drop what was acknowledged over `KEEP_SECONDS` ago. Call it only after checking that Redis has not restarted:
        then it has long written them to disk."""
        now = self.machine.monotonic()
        while self._in_memory and self._in_memory[0][0] < now - KEEP_SECONDS:
            self._in_memory.popleft()
        if now - self._rotated_at > KEEP_SECONDS:
            self._rotated_at = now
            self.journal.rotate()

    def inherit(self) -> bool:
        """Adopt the events of dead processes; whether there were any."""
        return bool(self.journal.inherit(self._inherit_line))

    def close(self) -> None:
        """At an orderly end, with Redis there: remove the journal, unless Redis might still lose its last events."""
        if self.machine.monotonic() - self._added_at > KEEP_SECONDS:
            self.journal.close()

    def events(self) -> list[tuple[bytes, int]]:
        """Body and version of each event."""
        lines = [*self.journal.lines(), *(line for _, line in list(self._in_memory))]
        parts = [line.partition(b" ") for line in lines]
        return [(raw, int(version)) for version, _, raw in parts]

    def _inherit_line(self, line: bytes) -> None:
        int(line.partition(b" ")[0])  # raises ValueError, as `Journal.inherit` wants, for a line that is no event
        self._add_line(line)

    def _add_line(self, line: bytes) -> None:
        self._added_at = self.machine.monotonic()
        if not self.journal.add(line):
            self._in_memory.append((self._added_at, line))
