"""What a process did in its last seconds, in files that outlive it.

With `appendfsync everysec` a killed Redis loses its last second or two, so the processes remember for it. A process
that is killed at the same time would lose its memory too; so it writes it here, and a process of the same kind on this
machine inherits it. Nothing is synced to disk: what has to survive the machine is up to Redis.
"""

import fcntl
import os
import secrets
import stat
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import structlog

# On Linux a folder in memory: a write waits for no disk, and what customers said is never on one. Ours is a folder in
# it for this user alone.
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  # nosec B108
FORMAT = 1
# Lines older than this are ignored.
OLD_SECONDS = 3600.0
log = structlog.get_logger("leadsync.journal")


class Journal:
    """Lines (without line breaks) of one process of `kind`, in at most two files, the pages; `rotate` drops the older
    one. Any thread may add, one thread does the rest. A failure to write is logged once; after each `rotate` writing is
    tried again."""

    def __init__(self, kind: str, folder: Path | None = None) -> None:
        self._kind = kind
        self._folder = folder
        self._dataset = ""
        # Those that this process has seen replaced: their Redis was emptied, and its dead remember for them too.
        self._former = deque[str](maxlen=2)
        self._pages: list[tuple[int, Path]] = []
        self._fresh = self._full = self._failure_logged = False
        self._lock = threading.Lock()

    def use_dataset(self, dataset: str) -> None:
        """What is added from now on concerns this dataset (see `read_dataset`), and so does what is kept: an emptied
        Redis needs it again. Before the first call nothing is kept."""
        with self._lock:
            if dataset == self._dataset:
                return
            if self._dataset:
                self._former.append(self._dataset)
            self._dataset = dataset
            # Whoever dies here leaves each page under the one name or the other.
            self._pages = [(file, self._rename(page)) for file, page in self._pages]

    def add(self, *lines: bytes) -> bool:
        """Write `lines`; they survive this process. False if that failed: then none of them is kept."""
        with self._lock:
            return not lines or self._write(b"".join(line + b"\n" for line in lines))

    def lines(self) -> list[bytes]:
        """All lines, also if somebody has removed the files."""
        found: list[bytes] = []
        for file, _ in list(self._pages):
            with suppress(OSError):
                found += os.pread(file, os.fstat(file).st_size, 0).split(b"\n")[:-1]
        return found

    def rotate(self) -> None:
        """Start a new page and drop all but the last one, and that too if nothing was added since the last `rotate`."""
        with self._lock:
            self._drop(1 if self._fresh else 0)
            self._fresh = self._full = False

    def close(self) -> None:
        """Remove the files."""
        with self._lock:
            self._drop(0)

    def inherit(self, keep: Callable[[bytes], None]) -> int:
        """Pass the lines of dead processes of this kind and dataset, or one that this process has seen replaced, to
        `keep`, which adds them to this journal and raises `ValueError` for one that it cannot read; how many there
        were."""
        count = 0
        if self._dataset:
            with suppress(OSError):
                for page in sorted(self._folder_path().iterdir()):
                    count += self._inherit_page(page, keep)
        return count

    def _write(self, lines: bytes) -> bool:
        if not self._dataset or self._full:
            return False
        try:
            if not self._fresh:
                self._pages.append(self._create_page())
                self._fresh = True
            file = self._pages[-1][0]
            written = os.write(file, lines)
            if written == len(lines):
                return True
            os.ftruncate(file, os.fstat(file).st_size - written)
        except OSError as error:
            if not self._failure_logged:
                log.warning("journal.failed", error=type(error).__name__)
            self._failure_logged = True
        self._full = True
        return False

    def _folder_path(self) -> Path:
        if self._folder is None:
            self._folder = _shared_folder()
        return self._folder

    def _create_page(self) -> tuple[int, Path]:
        """A new, locked page: nobody inherits it while this process lives."""
        self._folder_path().mkdir(mode=0o700, exist_ok=True)
        while True:
            page = self._folder_path() / f"{self._prefix(self._dataset)}{time.time_ns()}-{secrets.token_hex(4)}"
            file = os.open(page, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            fcntl.flock(file, fcntl.LOCK_EX)
            if os.fstat(file).st_nlink:
                return file, page
            # Another process took it for a dead one's, between open and flock, and removed it.
            os.close(file)

    def _rename(self, page: Path) -> Path:
        """Let the page concern the present dataset."""
        renamed = page.with_name(self._prefix(self._dataset) + "-".join(page.name.rsplit("-", 2)[1:]))
        try:
            return page.rename(renamed)
        except OSError:  # somebody has removed it
            return page

    def _prefix(self, dataset: str) -> str:
        """How the names of the pages start that concern `dataset`."""
        return f"{self._kind}-{FORMAT}-{dataset}-"

    def _inherit_page(self, page: Path, keep: Callable[[bytes], None]) -> int:
        """Read and remove the page of a dead process; a foreign one goes unread, once it is old: until then those of
        its kind and dataset may read it, who may start later, or have no Redis at the moment."""
        mine = page.name.startswith(tuple(map(self._prefix, (self._dataset, *self._former))))
        lines: list[bytes] = []
        with suppress(OSError), page.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            facts = os.fstat(file.fileno())
            age = time.time() - facts.st_mtime
            if facts.st_nlink and (mine or age > OLD_SECONDS):
                # A line without a line break was cut off by a full disk.
                lines = file.read().split(b"\n")[:-1] if mine and age < OLD_SECONDS else []
                for line in lines:
                    with suppress(ValueError):
                        keep(line)
                page.unlink()
        return len(lines)

    def _drop(self, pages_left: int) -> None:
        while len(self._pages) > pages_left:
            file, page = self._pages.pop(0)
            with suppress(OSError):
                page.unlink()
            os.close(file)
        self._fresh = self._fresh and bool(self._pages)


def _shared_folder() -> Path:
    """A folder that only this user can read; somebody else may have created one of that name first, to read ours."""
    name = f"leadsync-{os.getuid()}-journal"
    if _is_private(SHARED_MEMORY / name):
        return SHARED_MEMORY / name
    folder = Path(tempfile.gettempdir()) / name
    return folder if _is_private(folder) else Path(tempfile.mkdtemp(prefix="leadsync-"))


def _is_private(folder: Path) -> bool:
    with suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        facts = os.lstat(folder)
        return stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.getuid() and not facts.st_mode & 0o077
    return False
