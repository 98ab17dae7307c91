"""What this machine's workers have begun to tell customers in the last seconds, for a Redis that forgets.

With `appendfsync everysec` a Redis that is killed forgets up to a second of writes, also that a message was sent. Its
lead comes back into the inbox and would be confirmed again. So each worker remembers what it sent, tells it to a Redis
that has restarted, and in the first seconds of such a Redis no message leaves, so that every worker can do so. What a
worker remembers outlives it in its journal.
"""

import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from redis import RedisError

from leadcore.fields import CUSTOMER, TEXT
from leadcore.journal import Journal
from leadcore.store import keys
from leadcore.store.connection import Redis, read_dataset, read_info
from workers.rules.delivery import NOT_DELIVERED

KEEP_SECONDS = 30.0
YOUNG_SECONDS = 5
MARK_SECONDS = 3_600


@dataclass(frozen=True, slots=True)
class _Mark:
    """`said_at`: seconds since 1970, by which the newest of several processes' marks is told; `run`: the id of the
    Redis that knows it; `noted_at`: monotonic seconds."""

    fate: str
    said_at: float
    run: str
    noted_at: float


class SentLog:
    """One per worker process. The drain adds, the keeper asserts."""

    def __init__(self, journal: Journal | None = None) -> None:
        self._journal = journal or Journal("worker")
        self._marks: dict[str, _Mark] = {}
        self._lock = threading.Lock()
        self._run = self._first_run = ""
        self._turned = time.monotonic()

    def note(self, fates: Mapping[str, str]) -> None:
        """Remember what became of messages: the mark of each, and "sending", "sent", "interrupted", or `NOT_DELIVERED`
        where it certainly was not delivered and may be sent again."""
        with self._lock:
            marks, now, noted_at = {}, time.time(), time.monotonic()
            for name, fate in fates.items():
                before = self._marks.get(name)
                # Later is newer, also if the clock was put back.
                said_at = max(now, before.said_at) if before else now
                marks[name] = _Mark(fate, said_at, self._run, noted_at)
            self._keep(marks)

    def watch(self, connection: Redis) -> None:
        """Called each second: inherit what dead workers remembered, and assert in this Redis what another run of it was
        told. One that does not say which run it is (INFO is forbidden) is asserted nothing."""
        run = str(read_info(connection, "server").get("run_id", ""))
        with suppress(RedisError):  # a full Redis: then nobody inherits until it has room
            self._journal.use_dataset(read_dataset(connection))
        with self._lock:
            self._journal.inherit(self._inherit)
            self._forget_old()
            foreign = {name: one for name, one in self._marks.items() if one.run not in ("", run)}
            missing = {name: one.fate for name, one in foreign.items() if one.fate != NOT_DELIVERED}
            if missing:
                pipe = connection.pipeline(transaction=False)
                for name, fate in missing.items():
                    pipe.set(name, fate, ex=MARK_SECONDS)
                pipe.execute()
            self._keep({name: replace(one, run=run, noted_at=time.monotonic()) for name, one in foreign.items()})
        self._run = run
        self._first_run = self._first_run or run

    def wait(self, connection: Redis) -> float:
        """Seconds that messages have to wait because Redis has restarted and may not have been told everything yet."""
        if not self._run:
            self.watch(connection)
        info = read_info(connection, "server")
        run = str(info.get("run_id", ""))
        known = (connection.get(keys.RUN) or b"").decode()
        if run in ("", known):
            return 0.0
        restarted = known or self._first_run != run
        left = YOUNG_SECONDS - int(info.get("uptime_in_seconds", 0)) if restarted else 0
        if left <= 0:
            with suppress(RedisError):  # a full Redis: then every drain looks at its age again
                connection.set(keys.RUN, run)
        return float(max(left, 0))

    def _keep(self, marks: Mapping[str, _Mark]) -> None:
        for name, one in marks.items():
            before = self._marks.get(name)
            if before is None or before.said_at <= one.said_at:
                self._marks[name] = one
        self._journal.add(*(f"{name} {one.said_at} {one.run} {one.fate}".encode() for name, one in marks.items()))

    def _inherit(self, line: bytes) -> None:
        name, said_at, run, fate = line.decode("ascii", "replace").split(" ", 3)
        self._keep({name: _Mark(fate, float(said_at), run, time.monotonic())})

    def _forget_old(self) -> None:
        now = time.monotonic()
        self._marks = {name: one for name, one in self._marks.items() if one.noted_at > now - KEEP_SECONDS}
        if now - self._turned > KEEP_SECONDS:
            self._turned = now
            self._journal.rotate()


def message_key(fields: Mapping[bytes, bytes]) -> str:
    """The key that says that this customer was told this text."""
    return keys.message_sent(fields.get(CUSTOMER, b""), fields.get(TEXT, b""))
