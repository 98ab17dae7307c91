"""One SQLite file that the processes of a machine share, replaced when it is corrupt."""

import errno
import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import structlog

from leadcore.machine import Machine
from receiver.intake.errors import SpoolError

# How long to wait for a process that opens the file or writes to it. An fsync on a busy disk takes long, and a refused
# lead is lost; but the answer is due within 2 s, of which Redis may have used 0.4.
WAIT_SECONDS = 0.6
# secure_delete overwrites deleted rows.
_SESSION = "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA busy_timeout = 1;"
_CORRUPT = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
T = TypeVar("T")


class Database:
    """The file `name` in `folder`, both readable by this user only. `schema`: SQL that creates it, or makes `version`
    of an older one, and may run again. Opens at the first `run`. Not thread-safe."""

    def __init__(self, folder: Path, name: str, schema: str, version: int, machine: Machine) -> None:
        self._machine = machine
        self._folder = folder
        self._file = folder / name
        self._schema = f"{schema}PRAGMA user_version = {version};"
        self._version = version
        self._db: sqlite3.Connection | None = None
        self._inode = 0

    def exists(self) -> bool:
        return os.path.exists(self._file)

    def run(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """Run `action`; run it again if the file was corrupt or has been replaced meanwhile, so that no lead ends in a
        file that nobody reads. Raises `SpoolError`."""
        for _ in range(3):
            try:
                result = self._run_when_free(action)
                if not self._is_replaced():
                    return result
            except (sqlite3.Error, sqlite3.Warning, OSError) as error:
                self._recover(error)
            self.close()
        raise SpoolError("the file is replaced again and again")

    def _run_when_free(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """Retry while another process writes. SQLite's own wait sleeps ever longer and starves beside a busy writer
        (measured with four processes); so its timeout is 1 ms, and we retry."""
        db = self._connect()
        deadline = self._machine.monotonic() + WAIT_SECONDS
        while True:
            try:
                return action(db)
            except sqlite3.OperationalError as error:
                if _code(error) != sqlite3.SQLITE_BUSY or self._machine.monotonic() > deadline:
                    raise
                if db.in_transaction:
                    db.rollback()

    def close(self) -> None:
        """Close the file; the next `run` opens it again."""
        if self._db is not None:
            with suppress(sqlite3.Error):
                self._db.close()
        self._db = None

    def _connect(self) -> sqlite3.Connection:
        if self._db is not None:
            return self._db
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._opening():
            # SQLite gives its log files the mode of the database. A file that exists is not opened here: closing it
            # would end the locks of another connection of this process.
            if self._file.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            with suppress(FileExistsError):
                os.close(os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            self._inode = os.stat(self._file).st_ino
            db = sqlite3.connect(self._file, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False)
            try:
                # Not each time: it waits for every writer.
                if db.execute("PRAGMA user_version").fetchone() < (self._version,):
                    db.executescript(self._schema)
                db.executescript(_SESSION)
            except sqlite3.Error:
                db.close()
                raise
        self._db = db
        return db

    def _is_replaced(self) -> bool:
        try:
            return os.stat(self._file).st_ino != self._inode
        except OSError:
            return True

    def _recover(self, error: Exception) -> None:
        """Return if `run` should try again, else raise `SpoolError`."""
        if _code(error) in _CORRUPT:
            try:
                self._set_aside()
            except OSError as refused:
                raise SpoolError(refused.strerror) from None
        elif self._db is None or not self._is_replaced():
            # Keep it open: on a full disk it can be read but not opened.
            if self._db is not None and self._db.in_transaction:
                with suppress(sqlite3.Error):
                    self._db.rollback()
            raise SpoolError(getattr(error, "strerror", None) or str(error)) from None

    def _set_aside(self) -> None:
        with self._opening():
            if self._is_replaced():
                return
            aside = f"{self._file.name}.broken-{self._machine.time_ns()}"
            # The WAL first: it must never be beside a database that it does not belong to.
            for suffix in ("-wal", "-shm", ""):
                with suppress(FileNotFoundError):
                    os.rename(f"{self._file}{suffix}", self._folder / f"{aside}{suffix}")
        structlog.get_logger().error("disk.set_aside", file=aside, folder=str(self._folder))

    @contextmanager
    def _opening(self) -> Iterator[None]:
        """Hold the lock that keeps processes from opening the file while one sets it aside."""
        deadline = self._machine.monotonic() + WAIT_SECONDS
        while True:
            with try_lock(self._folder / "open.lock") as is_ours:
                if is_ours:
                    yield
                    return
            if self._machine.monotonic() > deadline:
                raise SpoolError("another process takes too long to open the file")
            self._machine.sleep(0.005)


def _code(error: Exception) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


@contextmanager
def try_lock(file: Path) -> Iterator[bool]:
    """Whether the caller now holds the lock `file`; the system frees it when the process dies. Raises `OSError` if the
    file cannot be created."""
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
