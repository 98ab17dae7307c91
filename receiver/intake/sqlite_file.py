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

# Seconds to wait for a process that opens the file, and for one that writes: an fsync on a busy disk takes long, and a
# lead that is refused is lost, but an answer has to come within 2 s, of which Redis may have used 0.4.
PATIENCE = 0.6
# secure_delete overwrites what is deleted.
_SESSION = "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA busy_timeout = 1;"
_BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
T = TypeVar("T")


class DiskError(OSError):
    """The disk cannot do it now. The text is SQLite's or the system's and quotes nothing of what is stored."""


class Database:
    """The file `name` in `folder`, made by `schema` (SQL that may run again and sets user_version at its end), both
    for this user's eyes only. It opens at the first `do`. One thread at a time."""

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
                result = self._insist(action)
                if not self._moved():
                    return result
            except (sqlite3.Error, OSError) as error:
                self._recover(error)
            self.close()
        raise DiskError("the file is replaced again and again")

    def _insist(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """SQLite waits for another writer in ever longer sleeps and starves beside one that never sleeps (measured with
        four processes), so it is told to wait a millisecond and is asked again."""
        db = self._connect()
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return action(db)
            except sqlite3.OperationalError as error:
                if _code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                if db.in_transaction:
                    db.rollback()

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
            db = sqlite3.connect(self._file, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
            try:
                # What has been made is not made again: that would wait for every writer.
                if db.execute("PRAGMA user_version").fetchone() == (0,):
                    db.executescript(self._schema)
                db.executescript(_SESSION)
            except sqlite3.Error:
                db.close()
                raise
        self._db = db
        return db

    def _moved(self) -> bool:
        try:
            return os.stat(self._file).st_ino != self._inode
        except OSError:
            return True

    def _recover(self, error: Exception) -> None:
        """Returns where another try is worth it."""
        if _code(error) in _BROKEN:
            try:
                self._set_aside()
            except OSError as refused:
                raise DiskError(str(refused)) from None
        elif self._db is None or not self._moved():
            # It stays open: on a full disk it can still be read, but not be opened.
            if self._db is not None and self._db.in_transaction:
                with suppress(sqlite3.Error):
                    self._db.rollback()
            raise DiskError(str(error)) from None

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


def _code(error: Exception) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


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
