"""One SQLite file that is shared by the processes of a machine, and that is replaced when it is broken."""

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import structlog

# Seconds to wait for a process that opens the file, and for one that writes.
PATIENCE = 0.25
_BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
T = TypeVar("T")


class DiskError(OSError):
    """The disk cannot do it now. The text is SQLite's or the system's and quotes nothing of what is stored."""


class Database:
    """The file `name` in `folder`, made by `schema` (SQL that may run again), both for this user's eyes only. It opens
    at the first `do`. One thread at a time."""

    def __init__(self, folder: Path, name: str, schema: str) -> None:
        self._folder = folder
        self._file = folder / name
        self._schema = schema
        self._db: sqlite3.Connection | None = None
        self._inode = 0

    def exists(self) -> bool:
        return os.path.exists(self._file)

    def do(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """Does `action`, and does it again on a new file where this one is broken or was replaced meanwhile, so that
        nothing is left in a file that nobody reads. Raises `DiskError`."""
        for _ in range(3):
            try:
                result = action(self._connect())
                if not self._moved():
                    return result
            except (sqlite3.Error, OSError) as error:
                self._recover(error)
            self.close()
        raise DiskError("the file is replaced again and again")

    def close(self) -> None:
        """Closes the file; the next `do` opens it again."""
        if self._db is not None:
            with suppress(sqlite3.Error):
                self._db.close()
        self._db = None

    def _connect(self) -> sqlite3.Connection:
        if self._db is not None:
            return self._db
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._door():
            # SQLite gives its log files the mode of the database.
            os.close(os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            self._inode = os.stat(self._file).st_ino
            self._db = sqlite3.connect(self._file, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
            self._db.executescript(self._schema)
        return self._db

    def _moved(self) -> bool:
        try:
            return os.stat(self._file).st_ino != self._inode
        except OSError:
            return True

    def _recover(self, error: Exception) -> None:
        """Returns where another try is worth it."""
        broken = getattr(error, "sqlite_errorcode", 0) & 0xFF in _BROKEN
        if self._db is None or not (broken or self._moved()):
            self.close()
            raise DiskError(str(error)) from None
        if broken:
            self._set_aside()

    def _set_aside(self) -> None:
        with self._door():
            if self._moved():
                return
            aside = f"{self._file.name}.broken-{time.time_ns()}"
            # The log first: it must never lie beside a file that it does not belong to.
            for suffix in ("-wal", "-shm", ""):
                with suppress(FileNotFoundError):
                    os.rename(f"{self._file}{suffix}", self._folder / f"{aside}{suffix}")
        structlog.get_logger().error("disk.set_aside", file=aside, folder=str(self._folder))

    @contextmanager
    def _door(self) -> Iterator[None]:
        """Nobody opens the file while another sets it aside."""
        deadline = time.monotonic() + PATIENCE
        while True:
            with try_lock(self._folder / "open.lock") as mine:
                if mine:
                    yield
                    return
            if time.monotonic() > deadline:
                raise DiskError("another process takes too long to open the file")
            time.sleep(0.005)


@contextmanager
def try_lock(file: Path) -> Iterator[bool]:
    """Whether this is now the only holder of the lock `file`; the system frees it when the process is gone. Raises
    `OSError` where the file cannot be made."""
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        yield False
        return
    try:
        yield True
    finally:
        os.close(handle)
