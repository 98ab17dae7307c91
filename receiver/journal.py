"""The last seconds of a process, in memory that outlives it.

With `appendfsync everysec` a Redis that is killed forgets up to a second or two, so the processes remember for it. One
that is killed in the same moment would take its memory along; so it also writes it here, and whoever of its kind lives
on this machine inherits it. Nothing is forced to the disk: what has to survive the machine is Redis' business.
"""

import fcntl
import os
import secrets
import stat
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import structlog

from receiver import keys
from receiver.connection import Redis

# On Linux a folder in memory: writing to it waits for no disk, and what customers said comes to rest nowhere. Ours is a
# folder in it for this user alone.
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  # nosec B108
ORPHANED_SECONDS = 60.0
log = structlog.get_logger("leadsync.journal")


class Journal:
    """Lines without line breaks of one process of `kind`. It is on two pages: `turn` drops the older one. Any thread
    may add, one may do the rest. A journal that cannot be written is logged once and done without."""

    def __init__(self, kind: str, folder: Path | None = None) -> None:
        self._kind = kind
        self._folder = folder
        self._dataset = ""
        self._pages: list[tuple[int, Path]] = []
        self._fresh = False
        self._failed = False
        self._lock = threading.Lock()

    def begin(self, dataset: str) -> None:
        """What stands in it and what is added from now on concerns this dataset (see `read_dataset`); nothing is kept
        before."""
        with self._lock:
            if dataset != self._dataset:
                before = self.lines()
                self._drop(0)
                self._dataset = dataset
                for line in before:
                    self._write(line)

    def add(self, line: bytes) -> bool:
        """Keep `line`; it survives this process. False if it could not be kept."""
        with self._lock:
            return self._write(line)

    def lines(self) -> list[bytes]:
        """What stands in it now."""
        found: list[bytes] = []
        for _, page in list(self._pages):
            with suppress(OSError):
                found += page.read_bytes().split(b"\n")[:-1]
        return found

    def turn(self) -> None:
        """Begin a new page, and drop all but the last."""
        with self._lock:
            self._drop(1 if self._fresh else 0)
            self._fresh = False

    def close(self) -> None:
        """Leave nothing behind."""
        with self._lock:
            self._drop(0)

    def inherit(self, keep: Callable[[bytes], None]) -> int:
        """Hand the lines of dead processes of this kind and dataset to `keep`, which adds them to this journal; how
        many there were."""
        count = 0
        if self._dataset:
            with suppress(OSError):
                for page in sorted(self._home().iterdir()):
                    count += self._take(page, keep)
        return count

    def _write(self, line: bytes) -> bool:
        if not self._dataset:
            return False
        whole = line + b"\n"
        try:
            if not self._fresh:
                self._pages.append(self._make())
            # Nothing follows on a line that a full disk has cut off.
            self._fresh = os.write(self._pages[-1][0], whole) == len(whole)
        except OSError as error:
            if not self._failed:
                log.warning("journal.failed", error=type(error).__name__)
            self._failed, self._fresh = True, False
        return self._fresh

    def _home(self) -> Path:
        if self._folder is None:
            self._folder = _shared_folder()
        return self._folder

    def _make(self) -> tuple[int, Path]:
        """A page that is locked: as long as this process lives nobody inherits it."""
        while True:
            page = self._home() / f"{self._kind}-{self._dataset}-{time.time_ns()}-{secrets.token_hex(4)}"
            file = os.open(page, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            fcntl.flock(file, fcntl.LOCK_EX)
            if os.fstat(file).st_nlink:
                return file, page
            # Taken for a dead one's between the two calls.
            os.close(file)

    def _take(self, page: Path, keep: Callable[[bytes], None]) -> int:
        """Read and remove the page of a dead process; one of an unknown dataset ends unread after a minute."""
        mine = page.name.startswith(f"{self._kind}-{self._dataset}-")
        lines: list[bytes] = []
        with suppress(OSError), page.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            facts = os.fstat(file.fileno())
            if facts.st_nlink and (mine or time.time() - facts.st_mtime > ORPHANED_SECONDS):
                # A line without its end was cut off by a full disk.
                lines = file.read().split(b"\n")[:-1] if mine else []
                for line in lines:
                    keep(line)
                page.unlink()
        return len(lines)

    def _drop(self, keep: int) -> None:
        while len(self._pages) > keep:
            file, page = self._pages.pop(0)
            with suppress(OSError):
                page.unlink()
            os.close(file)
        self._fresh = self._fresh and bool(self._pages)


def read_dataset(connection: Redis) -> str:
    """What tells the data in this Redis from any other's: an id that is lost with the data. Raises redis-py's
    errors."""
    found = connection.get(keys.DATASET)
    if found is None:
        connection.set(keys.DATASET, secrets.token_hex(8), nx=True)
        found = connection.get(keys.DATASET)
    return (found or b"").decode("ascii", "replace")


def _shared_folder() -> Path:
    """A folder that is ours alone, since somebody else may have made one of that name first, to read along."""
    for parent in (SHARED_MEMORY, Path(tempfile.gettempdir())):
        folder = parent / f"leadsync-{os.getuid()}-journal"
        with suppress(OSError):
            folder.mkdir(mode=0o700, exist_ok=True)
            facts = os.lstat(folder)
            if stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.getuid() and not facts.st_mode & 0o077:
                return folder
    return Path(tempfile.mkdtemp(prefix="leadsync-"))
