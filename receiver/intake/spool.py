"""The leads that wait on the disk while Redis is away, shared by the web processes of a machine.

What `put` has taken is on the disk (SQLite's WAL with synchronous=FULL: fsync at every commit) and survives the death
of any process. The folder must be on a local disk: the WAL does not work over a network file system.
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

from receiver.intake.sqlite_file import PATIENCE, Database, try_lock
from receiver.intake.sqlite_file import DiskError as SpoolError

__all__ = ["Spool", "SpoolError", "Spooled", "default_folder"]

FILE = "spool.db"
# How long a lead waits for its turn: a little longer than the lead before it, which may wait for another process.
TURN_SECONDS = PATIENCE + 0.2
# auto_vacuum gives the pages of what is deleted back to the system.
_SCHEMA = """
PRAGMA auto_vacuum = FULL;
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS spool (id INTEGER PRIMARY KEY, received_ms INTEGER, parked INTEGER, body BLOB);
CREATE INDEX IF NOT EXISTS spool_age ON spool (received_ms);
PRAGMA user_version = 1;
"""
# An id is the time in ns, so that one of a file that was set aside never means a row of the file that came after it.
_INSERT = "INSERT INTO spool VALUES (max(?, (SELECT coalesce(max(id), 0) + 1 FROM spool)), ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Spooled:
    """One kept body. `received_ms`: ms since 1970 by this machine's clock; `parked`: as it was put."""

    id: int
    body: bytes
    received_ms: int
    parked: bool


@dataclass(slots=True, eq=False)
class _Waiting:
    row: tuple[int, int, bool, bytes]
    done: bool = False


class Spool:
    """Opens at the first call, so it may be made before a server forks. Safe for threads. Any call but `lock` may raise
    `SpoolError`, at the latest after a wait of well under a second for others."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._database = Database(folder, FILE, _SCHEMA)
        self._turn = Lock()
        self._waiting: deque[_Waiting] = deque()

    def put(self, body: bytes, received_ms: int, parked: bool = False) -> None:
        """Keeps `body` as it is; when this returns it is on the disk. Threads that wait share one fsync. What is
        refused because others took too long may be kept all the same."""
        mine = _Waiting((time.time_ns(), received_ms, parked, body))
        self._waiting.append(mine)
        deadline = time.monotonic() + TURN_SECONDS
        while not mine.done:
            if self._turn.acquire(timeout=0.005):
                try:
                    self._write(mine)
                finally:
                    self._turn.release()
                return
            if time.monotonic() > deadline:
                raise SpoolError("another thread takes too long at the disk")

    def count(self) -> int:
        """How many are kept; a file that was never made is not made for this."""
        return self._ask("SELECT count(*) FROM spool") or 0

    def oldest_ms(self) -> int | None:
        """When the oldest that is kept came, None where nothing is kept."""
        return self._ask("SELECT min(received_ms) FROM spool")

    def take(self, limit: int) -> list[Spooled]:
        """The `limit` oldest; they stay until `delete`."""
        return self._rows("SELECT id, body, received_ms, parked FROM spool ORDER BY received_ms, id LIMIT ?", (limit,))

    def scan(self, limit: int, after: int = 0) -> list[Spooled]:
        """The next `limit` after the id `after`, in the order of ids; they stay."""
        query = "SELECT id, body, received_ms, parked FROM spool WHERE id > ? ORDER BY id LIMIT ?"
        return self._rows(query, (after, limit))

    def delete(self, ids: Sequence[int]) -> None:
        """Removes them, and what is left of them in the files; if another process holds that up at this moment, the
        next `delete` does it, be it of nothing. Needs a little room: on a full disk it raises and they stay."""
        if self._database.exists():
            with self._alone():
                self._database.do(lambda db: _delete(db, ids))

    @contextmanager
    def lock(self) -> Iterator[bool]:
        """Whether the caller is the one who may flush now. The system frees the lock when its process is gone."""
        with ExitStack() as stack:
            try:
                mine = stack.enter_context(try_lock(self._folder / "flush.lock"))
            except OSError:
                mine = False
            yield mine

    def close(self) -> None:
        """Closes the file; the next call opens it again."""
        with self._alone():
            self._database.close()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._turn.acquire(timeout=PATIENCE):
            raise SpoolError("another thread takes too long at the disk")
        try:
            yield
        finally:
            self._turn.release()

    def _write(self, mine: _Waiting) -> None:
        if mine.done:
            return
        # Where a thread took this one and failed, it is no longer among the waiting and is tried for itself.
        batch = dict.fromkeys([*(self._waiting.popleft() for _ in range(len(self._waiting))), mine])
        self._database.do(lambda db: _insert(db, [waiting.row for waiting in batch]))
        for waiting in batch:
            waiting.done = True

    def _rows(self, query: str, values: tuple[int, ...]) -> list[Spooled]:
        if not self._database.exists():
            return []
        with self._alone():
            rows = self._database.do(lambda db: db.execute(query, values).fetchall())
        return [Spooled(id, body, received_ms, bool(parked)) for id, body, received_ms, parked in rows]

    def _ask(self, query: str) -> int | None:
        if not self._database.exists():
            return None
        with self._alone():
            number: int | None = self._database.do(lambda db: db.execute(query).fetchone())[0]
        return number


def _insert(db: sqlite3.Connection, rows: Sequence[tuple[int, int, bool, bytes]]) -> None:
    db.execute("BEGIN IMMEDIATE")
    db.executemany(_INSERT, rows)
    db.execute("COMMIT")


def _delete(db: sqlite3.Connection, ids: Sequence[int]) -> None:
    db.execute("DELETE FROM spool WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),))
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def default_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """A folder of this user's for a spool, made if need be: in the state folder, else in the system's temp dir."""
    folder = Path(environ.get("XDG_STATE_HOME") or Path(environ.get("HOME") or "", ".local/state"), "leadsync")
    if folder.is_absolute() and _own(folder):
        return folder
    folder = Path(tempfile.gettempdir()) / f"leadsync-{os.getuid()}"
    # Somebody else may have made a folder of that name there first, to read along.
    return folder if _own(folder) else Path(tempfile.mkdtemp(prefix="leadsync-"))


def _own(folder: Path) -> bool:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        facts = os.lstat(folder)
    except OSError:
        return False
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.getuid() and os.access(folder, os.W_OK | os.X_OK)
