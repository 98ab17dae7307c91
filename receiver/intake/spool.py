"""The leads that wait on disk while Redis is away, shared by the web processes of a machine.

When `put` returns, the lead is on disk (SQLite's WAL with synchronous=FULL: fsync at every commit) and survives the
death of any process. The folder must be on a local disk: the WAL does not work over a network file system.
"""

import json
import os
import sqlite3
import stat
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from receiver.intake.sqlite_file import WAIT_SECONDS, Database, try_lock
from receiver.intake.sqlite_file import DiskError as SpoolError

__all__ = ["Spool", "SpoolError", "Spooled", "default_folder"]

FILE = "spool.db"
# How long a thread waits for the lock: a little longer than its holder, who may wait for another process.
LOCK_SECONDS = WAIT_SECONDS + 0.2
# auto_vacuum returns the pages of deleted rows to the system. `parked` is unused, but existing files have it.
_SCHEMA = """
PRAGMA auto_vacuum = FULL;
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS spool (id INTEGER PRIMARY KEY, received_ms INTEGER, parked INTEGER, body BLOB);
CREATE INDEX IF NOT EXISTS spool_age ON spool (received_ms);
PRAGMA user_version = 1;
"""
# An id is the time in ns, so that an id from a file that was set aside never matches a row of its successor.
_INSERT = "INSERT INTO spool VALUES (max(?, (SELECT coalesce(max(id), 0) + 1 FROM spool)), ?, 0, ?)"


@dataclass(frozen=True, slots=True)
class Spooled:
    """One stored body. `received_ms`: ms since 1970 by the clock of `put`'s caller."""

    id: int
    body: bytes
    received_ms: int


@dataclass(slots=True, eq=False)
class _PendingRow:
    row: tuple[int, int, bytes]
    is_written: bool = False


class Spool:
    """Opens its file at the first call, so it may be made before a server forks. Thread-safe. Every method but `lock`
    may raise `SpoolError`, after waiting well under a second for others."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._database = Database(folder, FILE, _SCHEMA)
        self._lock = Lock()
        self._pending: deque[_PendingRow] = deque()

    def put(self, body: bytes, received_ms: int) -> None:
        """Store `body` unchanged; when this returns it is on disk. Threads that wait share one fsync. A body that is
        refused because others took too long may be stored all the same."""
        pending = _PendingRow((time.time_ns(), received_ms, body))
        self._pending.append(pending)
        deadline = time.monotonic() + LOCK_SECONDS
        while not pending.is_written:
            if self._lock.acquire(timeout=0.005):
                try:
                    self._write(pending)
                finally:
                    self._lock.release()
                return
            if time.monotonic() > deadline:
                raise SpoolError("another thread takes too long at the disk")

    def count(self) -> int:
        """How many are stored. Does not create the file."""
        if not self._database.exists():
            return 0
        with self._locked():
            number: int = self._database.run(lambda db: db.execute("SELECT count(*) FROM spool").fetchone())[0]
        return number

    def read_oldest(self, limit: int) -> list[Spooled]:
        """The `limit` oldest, without removing them."""
        return self._read("SELECT id, body, received_ms FROM spool ORDER BY received_ms, id LIMIT ?", (limit,))

    def scan(self, limit: int, after: int = 0) -> list[Spooled]:
        """The first `limit` with ids above `after`, by id, without removing them."""
        query = "SELECT id, body, received_ms FROM spool WHERE id > ? ORDER BY id LIMIT ?"
        return self._read(query, (after, limit))

    def delete(self, ids: Sequence[int]) -> None:
        """Remove them, and their bytes from the files; where another process prevents the latter now, the next
        `delete` does it, even one without ids. Needs a little space: on a full disk it raises and they stay."""
        if self._database.exists():
            with self._locked():
                self._database.run(lambda db: _delete(db, ids))

    @contextmanager
    def lock(self) -> Iterator[bool]:
        """Whether the caller alone may flush now. The system frees the lock when its process dies."""
        with ExitStack() as stack:
            try:
                is_ours = stack.enter_context(try_lock(self._folder / "flush.lock"))
            except OSError:
                is_ours = False
            yield is_ours

    def close(self) -> None:
        """Close the file; the next call opens it again."""
        with self._locked():
            self._database.close()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if not self._lock.acquire(timeout=WAIT_SECONDS):
            raise SpoolError("another thread takes too long at the disk")
        try:
            yield
        finally:
            self._lock.release()

    def _write(self, pending: _PendingRow) -> None:
        if pending.is_written:
            return
        # A thread may have taken this row out of the queue and failed: then it is added here.
        batch = dict.fromkeys([*(self._pending.popleft() for _ in range(len(self._pending))), pending])
        self._database.run(lambda db: _insert(db, [one.row for one in batch]))
        for one in batch:
            one.is_written = True

    def _read(self, query: str, values: tuple[int, ...]) -> list[Spooled]:
        if not self._database.exists():
            return []
        with self._locked():
            return [Spooled(*row) for row in self._database.run(lambda db: db.execute(query, values).fetchall())]


def _insert(db: sqlite3.Connection, rows: Sequence[tuple[int, int, bytes]]) -> None:
    db.execute("BEGIN IMMEDIATE")
    db.executemany(_INSERT, rows)
    db.execute("COMMIT")


def _delete(db: sqlite3.Connection, ids: Sequence[int]) -> None:
    db.execute("DELETE FROM spool WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),))
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def default_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """A folder for the spool that only this user can use: in the state folder, else in the temp folder; created if
    needed."""
    folder = Path(environ.get("XDG_STATE_HOME") or Path(environ.get("HOME") or "", ".local/state"), "leadsync")
    if folder.is_absolute() and _make_private(folder):
        return folder
    folder = Path(tempfile.gettempdir()) / f"leadsync-{os.getuid()}"
    # Another user may have created a folder of that name first, to read the leads.
    return folder if _make_private(folder) else Path(tempfile.mkdtemp(prefix="leadsync-"))


def _make_private(folder: Path) -> bool:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        facts = os.lstat(folder)
    except OSError:
        return False
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.getuid() and os.access(folder, os.W_OK | os.X_OK)
