"""The leads that wait on disk while Redis is away, shared by the web processes of a machine.

When `put` returns, the lead is on disk (SQLite's WAL with synchronous=FULL: fsync at every commit) and survives the
death of any process. The folder must be on a local disk: the WAL does not work over a network file system. Several
deployments may share it: each sees its own leads alone (see `receiver.intake.ownership`).
"""

import json
import os
import sqlite3
import stat
import tempfile
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leadcore.machine import Machine
from leadcore.settings import Settings
from leadcore.store.connection import Redis, digest_address
from receiver.intake import ownership
from receiver.intake.errors import SpoolError
from receiver.intake.sqlite_file import WAIT_SECONDS, Database, try_lock

__all__ = [
    "Share",
    "Spool",
    "SpoolError",
    "Spooled",
    "count_foreign",
    "count_spooled",
    "default_folder",
    "judge_room",
    "open_spool",
]

FILE = "spool.db"
# How long a thread waits for the lock: a little longer than its holder, who may wait for another process.
LOCK_SECONDS = WAIT_SECONDS + 0.2
# An answer about the disk may be this old: whoever asks for /readyz must not keep the disk busy.
CHECK_SECONDS = 1.0
# Less free space than this is not enough to rely on: a lead may take 256 KiB, in the log and then in the file.
ROOM_BYTES = 4 << 20
ADVICE = "Free or repair that disk, or set SPOOL_DIR to a folder on a local disk that the receiver may write to."
VERSION = 2
# auto_vacuum returns the pages of deleted rows to the system. `parked` is unused, but existing files have it.
_SCHEMA = """
PRAGMA auto_vacuum = FULL;
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS spool (id INTEGER PRIMARY KEY, received_ms INTEGER, parked INTEGER, body BLOB);
CREATE INDEX IF NOT EXISTS spool_age ON spool (received_ms);
"""
# An id is the time in ns, so that an id from a file that was set aside never matches a row of its successor.
_INSERT = "INSERT INTO spool VALUES (max(?, (SELECT coalesce(max(id), 0) + 1 FROM spool)), ?, 0, ?)"


@dataclass(frozen=True, slots=True)
class Spooled:
    """One stored body. `received_ms`: ms since 1970 by the clock of `put`'s caller."""

    id: int
    body: bytes
    received_ms: int


@dataclass(frozen=True, slots=True)
class Share:
    """The leads of one owner. `owner`: its dataset, or its address where no dataset was known, or UNNAMED; `is_here`:
    whether they were stored for a Redis at our address."""

    owner: str
    is_ours: bool
    is_here: bool
    leads: int
    oldest_ms: int
    newest_ms: int


@dataclass(slots=True, eq=False)
class _PendingRow:
    row: tuple[int, int, bytes]
    is_written: bool = False


class Spool:
    """Opens its file at the first call, so it may be made before a server forks. Thread-safe. Every method but `lock`
    and `trouble` may raise `SpoolError`, after waiting well under a second for others. `address`: of our Redis (see
    `digest_address`); without it leads are stored without an owner until the dataset is known."""

    def __init__(self, folder: Path, machine: Machine, address: str = "") -> None:
        self._folder, self._machine = folder, machine
        self._database = Database(folder, FILE, _SCHEMA + ownership.SCHEMA, VERSION, machine)
        self._address, self._dataset, self._process = address, "", machine.token()
        self._lock = machine.lock()
        self._pending: deque[_PendingRow] = deque()
        self._checking = machine.lock()
        self._checked_at, self._trouble = -float("inf"), ""

    @property
    def folder(self) -> Path:
        return self._folder

    def use_dataset(self, dataset: str) -> None:
        """The dataset of our Redis (see `read_dataset`), once it is known; writes nothing."""
        self._dataset = dataset

    def remember_dataset(self) -> None:
        """Note the dataset of our Redis for processes that start while it is away."""
        if self._address and self._dataset:
            values = (self._address, self._dataset)
            with self._locked():
                self._database.run(lambda db: _remember(db, values))

    def trouble(self, max_age: float = CHECK_SECONDS) -> str:
        """Why the disk cannot store a lead now, "" if it can. Writes to the disk, unless that was done less than
        `max_age` seconds ago; creates the file."""
        with self._checking:
            if self._machine.monotonic() - self._checked_at >= max_age:
                self._trouble = self._find_trouble()
                self._checked_at = self._machine.monotonic()
            return self._trouble

    def explain(self, reason: object) -> dict[str, str]:
        """Where the disk failed, why, and what to do: for a log line."""
        return {"folder": str(self.folder), "reason": str(reason), "advice": ADVICE}

    def exists(self) -> bool:
        """Whether there is a file; only `put`, `trouble` and `remember_dataset` create it."""
        return self._database.exists()

    def put(self, body: bytes, received_ms: int) -> None:
        """Store `body` unchanged; when this returns it is on disk. Threads that wait share one fsync. A body that is
        refused because others took too long is stored all the same if one of them has taken it along."""
        pending = _PendingRow((self._machine.time_ns(), received_ms, body))
        self._pending.append(pending)
        deadline = self._machine.monotonic() + LOCK_SECONDS
        while not pending.is_written:
            if self._lock.acquire(timeout=0.005):
                try:
                    self._write(pending)
                finally:
                    self._lock.release()
                return
            if self._machine.monotonic() > deadline:
                # While a disk hangs, whatever is refused would fill the memory.
                with suppress(ValueError):
                    self._pending.remove(pending)
                raise SpoolError("another thread takes too long at the disk")

    def count(self) -> int:
        """How many leads of ours are stored."""
        found = self._query(ownership.COUNT)
        return int(found[0][0]) if found else 0

    def count_foreign(self) -> int:
        """How many leads are stored that are not ours."""
        found = self._query(ownership.COUNT_FOREIGN)
        return int(found[0][0]) if found else 0

    def shares(self) -> list[Share]:
        """Whose leads are stored."""
        return [Share(name, bool(ours), bool(here), *rest) for name, ours, here, *rest in self._query(ownership.SHARES)]

    def adopt(self, owner: str) -> int:
        """Make the leads of another `owner` ours; how many there were."""
        return self._change(ownership.ADOPT, owner)

    def discard(self, owner: str) -> int:
        """Remove the leads of another `owner`; how many there were."""
        return self._change(ownership.DISCARD, owner)

    def read_oldest(self, limit: int, but: Collection[int] = ()) -> list[Spooled]:
        """The `limit` oldest of ours but for these ids, without removing them."""
        found = self._query(ownership.OLDEST, limit=limit, but=json.dumps([*but]))
        return [Spooled(*row) for row in found]

    def scan(self, limit: int, after: int = 0) -> list[Spooled]:
        """The first `limit` of ours with ids above `after`, by id, without removing them."""
        return [Spooled(*row) for row in self._query(ownership.SCAN, limit=limit, after=after)]

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
        self._database.run(lambda db: _insert(db, [one.row for one in batch], self._us()))
        for one in batch:
            one.is_written = True

    def _us(self) -> dict[str, Any]:
        return {"address": self._address, "dataset": self._dataset, "process": self._process}

    def _query(self, query: str, **values: int | str) -> list[Any]:
        """Empty where there is no file."""
        if not self._database.exists():
            return []
        with self._locked():
            return self._database.run(lambda db: db.execute(query, {**self._us(), **values}).fetchall())

    def _change(self, statement: str, owner: str) -> int:
        if not self._database.exists():
            return 0
        with self._locked():
            count = self._database.run(lambda db: db.execute(statement, {**self._us(), "owner": owner}).rowcount)
        self.delete([])
        return count

    def _find_trouble(self) -> str:
        try:
            with self._locked():
                self._database.run(_rewrite_version)
            return judge_room(self._folder)
        except OSError as error:
            return error.strerror or str(error)


def _insert(db: sqlite3.Connection, rows: Sequence[tuple[int, int, bytes]], us: Mapping[str, Any]) -> None:
    db.execute("BEGIN IMMEDIATE")
    for row in rows:
        added = db.execute(_INSERT, row).lastrowid
        if us["address"] or us["dataset"]:
            db.execute(ownership.SET_OWNER, {**us, "id": added})
    db.execute("COMMIT")


def _delete(db: sqlite3.Connection, ids: Sequence[int]) -> None:
    db.execute("DELETE FROM spool WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),))
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _remember(db: sqlite3.Connection, values: tuple[str, str]) -> None:
    if db.execute("SELECT 1 FROM seen WHERE (address, dataset) = (?, ?)", values).fetchone() is None:
        db.execute("INSERT OR REPLACE INTO seen VALUES (?, ?)", values)


def _rewrite_version(db: sqlite3.Connection) -> None:
    """The smallest write that reaches the disk and changes nothing."""
    db.execute("BEGIN IMMEDIATE")
    [version] = db.execute("PRAGMA user_version").fetchone()
    db.execute(f"PRAGMA user_version = {version}")
    db.execute("COMMIT")


def judge_room(folder: Path) -> str:
    """What is wrong with the free space of the folder's disk, "" if nothing is. Raises `OSError`."""
    disk = os.statvfs(folder)
    free = disk.f_bavail * disk.f_frsize
    # Some file systems do not say how large they are.
    return f"only {free / 1e6:.1f} MB are free" if disk.f_blocks and free < ROOM_BYTES else ""


def open_spool(
    settings: Settings, connection: Redis, machine: Machine, environ: Mapping[str, str] = os.environ
) -> Spool:
    """The spool of this deployment on this machine; `connection`: to its Redis, which is not asked."""
    return Spool(settings.spool_dir or default_folder(environ), machine, digest_address(connection))


def default_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """A folder for the spool that only this user can use: in the state folder, else in the temp folder; created if
    needed."""
    folder = Path(environ.get("XDG_STATE_HOME") or Path(environ.get("HOME") or "", ".local/state"), "leadsync")
    if folder.is_absolute() and _make_private(folder):
        return folder
    for suffix in ("", *(f"-{number}" for number in range(1, 100))):
        # Another user may have created a folder of that name first, to read the leads. Every process has to come to the
        # same one, or leads would stay where nobody looks.
        folder = Path(tempfile.gettempdir()) / f"leadsync-{os.getuid()}{suffix}"
        if _make_private(folder):
            return folder
    return Path(tempfile.mkdtemp(prefix="leadsync-"))


def _make_private(folder: Path) -> bool:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        facts = os.lstat(folder)
    except OSError:
        return False
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.getuid() and os.access(folder, os.W_OK | os.X_OK)


def count_spooled(spool: Spool) -> int | None:
    """How many leads of this deployment wait on this machine's disk, None if they cannot be read."""
    try:
        return spool.count()
    except SpoolError:
        return None


def count_foreign(spool: Spool) -> int | None:
    """How many leads on this machine's disk were stored for another Redis, None if they cannot be read."""
    try:
        return spool.count_foreign()
    except SpoolError:
        return None
