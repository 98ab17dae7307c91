"""Remembers which messages this machine's workers sent in the last seconds, for a Redis that loses its last writes.

With `appendfsync everysec` a killed Redis loses up to a second of writes, also that a message was sent. Its lead comes
back into the inbox and would be confirmed again. So each worker remembers what it sent and writes it to a Redis that
has restarted; for the first seconds no message leaves, so that every worker can do so. A journal preserves what a dead
worker remembered.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from redis import RedisError

from leadcore.journal import Journal
from leadcore.machine import Machine
from leadcore.store import keys
from leadcore.store.connection import Redis, read_dataset, read_info
from leadcore.store.outgoing import message_key as message_key  # the names of what is logged
from leadcore.store.streams import Stream
from workers.rules.delivery import NOT_DELIVERED

KEEP_SECONDS = 30.0
RESTART_SECONDS = 5
KEY_SECONDS = 3_600


@dataclass(frozen=True, slots=True)
class _Entry:
    """`recorded_at`: seconds since 1970; the newest entry of several processes wins. `run`: the run id of the Redis
    that knows it. `seen_at`: monotonic seconds."""

    result: str
    recorded_at: float
    run: str
    seen_at: float


class SentLog:
    """One per worker process. The drain records, the maintenance thread reasserts."""

    def __init__(self, machine: Machine, journal: Journal | None = None) -> None:
        self.machine = machine
        self._journal = journal or Journal("worker")
        self._entries: dict[str, _Entry] = {}
        self._lock = machine.lock()
        self._run_id = self._first_run_id = ""
        self._rotated_at = self.machine.monotonic()

    def record(self, results: Mapping[str, str]) -> None:
        """Remember results by message key: "sending", "sent", "interrupted", or `NOT_DELIVERED`: it certainly was not
        delivered and may be sent again."""
        with self._lock:
            entries, now, seen_at = {}, self.machine.time(), self.machine.monotonic()
            for name, result in results.items():
                before = self._entries.get(name)
                # What is recorded later is newer, even if the clock was set back.
                recorded_at = max(now, before.recorded_at) if before else now
                entries[name] = _Entry(result, recorded_at, self._run_id, seen_at)
            self._store(entries)

    def reassert(self, connection: Redis) -> None:
        """Called each second: inherit what dead workers remembered, and write to this Redis what only an earlier run of
        it knew. Nothing is written to a Redis whose run id is unknown (INFO is forbidden)."""
        run = str(read_info(connection, "server").get("run_id", ""))
        with suppress(RedisError):  # a full Redis: nobody inherits until it has room
            self._journal.use_dataset(read_dataset(connection))
        with self._lock:
            self._journal.inherit(self._inherit)
            self._drop_old()
            foreign = {name: one for name, one in self._entries.items() if one.run not in ("", run)}
            missing = {name: one.result for name, one in foreign.items() if one.result != NOT_DELIVERED}
            if missing:
                sets = [("SET", name, result, "EX", KEY_SECONDS) for name, result in missing.items()]
                Stream(connection, keys.OUTBOX).apply(sets)
            self._store(
                {name: replace(one, run=run, seen_at=self.machine.monotonic()) for name, one in foreign.items()}
            )
        self._run_id = run
        self._first_run_id = self._first_run_id or run

    def seconds_to_wait(self, connection: Redis) -> float:
        """Seconds that messages must wait because Redis has restarted and workers may still have to reassert."""
        if not self._run_id:
            self.reassert(connection)
        info = read_info(connection, "server")
        run = str(info.get("run_id", ""))
        known = (connection.get(keys.RUN) or b"").decode()
        if run in ("", known):
            return 0.0
        restarted = known or self._first_run_id != run
        left = RESTART_SECONDS - int(info.get("uptime_in_seconds", 0)) if restarted else 0
        if left <= 0:
            with suppress(RedisError):  # a full Redis: every drain checks its age again
                connection.set(keys.RUN, run)
        return float(max(left, 0))

    def _store(self, entries: Mapping[str, _Entry]) -> None:
        for name, one in entries.items():
            before = self._entries.get(name)
            if before is None or before.recorded_at <= one.recorded_at:
                self._entries[name] = one
        self._journal.add(
            *(f"{name} {one.recorded_at} {one.run} {one.result}".encode() for name, one in entries.items())
        )

    def _inherit(self, line: bytes) -> None:
        name, recorded_at, run, result = line.decode("ascii", "replace").split(" ", 3)
        self._store({name: _Entry(result, float(recorded_at), run, self.machine.monotonic())})

    def _drop_old(self) -> None:
        now = self.machine.monotonic()
        self._entries = {name: one for name, one in self._entries.items() if one.seen_at > now - KEEP_SECONDS}
        if now - self._rotated_at > KEEP_SECONDS:
            self._rotated_at = now
            self._journal.rotate()
