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

# On Linux a folder in memory: writing to it waits for no disk, and what customers said comes to rest nowhere. Ours is a
# folder in it for this user alone.
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  # nosec B108
FORMAT = 1
FOREIGN_SECONDS = 60.0
# No Redis forgets as much; a machine that was not used for so long has nothing to tell.
OLD_SECONDS = 3600.0
log = structlog.get_logger("leadsync.journal")


class Journal:
    """Lines without line breaks of one process of `kind`. It is on two pages: `turn` drops the older one. Any thread
    may add, one may do the rest. Where it cannot be written, that is logged once and tried again after each turn."""

    def __init__(self, kind: str, folder: Path | None = None) -> None:
        self._kind = kind
        self._folder = folder
        self._dataset = ""
        self._pages: list[tuple[int, Path]] = []
        self._fresh = self._full = self._told = False
        self._lock = threading.Lock()

    def begin(self, dataset: str) -> list[bytes]:
        """What is added from now on concerns this dataset (see `read_dataset`); nothing is kept before. The lines that
        concerned another one, and no longer stand in it."""
        with self._lock:
            if dataset == self._dataset:
                return []
            before = self.lines()
            self._drop(0)
            self._dataset = dataset
            return before

    def add(self, *lines: bytes) -> bool:
        """Keep `lines`; they survive this process. False if they could not be kept: then none of them is."""
        with self._lock:
            return not lines or self._write(b"".join(line + b"\n" for line in lines))

    def lines(self) -> list[bytes]:
        """What stands in it now, also if somebody has removed the files."""
        found: list[bytes] = []
        for file, _ in list(self._pages):
            with suppress(OSError):
                found += os.pread(file, os.fstat(file).st_size, 0).split(b"\n")[:-1]
        return found

    def turn(self) -> None:
        """Begin a new page, and drop all but the last, and that too if nothing came since the turn before."""
        with self._lock:
            self._drop(1 if self._fresh else 0)
            self._fresh = self._full = False

    def close(self) -> None:
        """Leave nothing behind."""
        with self._lock:
            self._drop(0)

    def inherit(self, keep: Callable[[bytes], None]) -> int:
        """Hand the lines of dead processes of this kind and dataset to `keep`, which adds them to this journal and
        raises `ValueError` for one that it cannot read; how many there were."""
        count = 0
        if self._dataset:
            with suppress(OSError):
                for page in sorted(self._home().iterdir()):
                    count += self._take(page, keep)
        return count

    def _write(self, lines: bytes) -> bool:
        if not self._dataset or self._full:
            return False
        try:
            if not self._fresh:
                self._pages.append(self._make())
                self._fresh = True
            file = self._pages[-1][0]
            written = os.write(file, lines)
            if written == len(lines):
                return True
            os.ftruncate(file, os.fstat(file).st_size - written)
        except OSError as error:
            if not self._told:
                log.warning("journal.failed", error=type(error).__name__)
            self._told = True
        self._full = True
        return False

    def _home(self) -> Path:
        if self._folder is None:
            self._folder = _shared_folder()
        return self._folder

    def _make(self) -> tuple[int, Path]:
        """A page that is locked: as long as this process lives nobody inherits it."""
        self._home().mkdir(mode=0o700, exist_ok=True)
        while True:
            page = self._home() / f"{self._mine}{time.time_ns()}-{secrets.token_hex(4)}"
            file = os.open(page, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            fcntl.flock(file, fcntl.LOCK_EX)
            if os.fstat(file).st_nlink:
                return file, page
            # Taken for a dead one's between the two calls.
            os.close(file)

    @property
    def _mine(self) -> str:
        """How the names of the pages begin that this process may inherit."""
        return f"{self._kind}-{FORMAT}-{self._dataset}-"

    def _take(self, page: Path, keep: Callable[[bytes], None]) -> int:
        """Read and remove the page of a dead process; a foreign one ends unread after a minute, an old one too."""
        mine = page.name.startswith(self._mine)
        lines: list[bytes] = []
        with suppress(OSError), page.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            facts = os.fstat(file.fileno())
            age = time.time() - facts.st_mtime
            if facts.st_nlink and (mine or age > FOREIGN_SECONDS):
                # A line without its end was cut off by a full disk.
                lines = file.read().split(b"\n")[:-1] if mine and age < OLD_SECONDS else []
                for line in lines:
                    with suppress(ValueError):
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


def _shared_folder() -> Path:
    """A folder that is ours alone, since somebody else may have made one of that name first, to read along."""
    name = f"leadsync-{os.getuid()}-journal"
    if _own(SHARED_MEMORY / name):
        return SHARED_MEMORY / name
    folder = Path(tempfile.gettempdir()) / name
    return folder if _own(folder) else Path(tempfile.mkdtemp(prefix="leadsync-"))


def _own(folder: Path) -> bool:
    with suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        facts = os.lstat(folder)
        return stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.getuid() and not facts.st_mode & 0o077
    return False
