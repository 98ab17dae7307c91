"""What this process has begun to tell customers in the last seconds, for a Redis that forgets.

With `appendfsync everysec` a Redis that is killed forgets up to a second of writes, also that a message was sent. Its
lead comes back into the inbox and would be confirmed again. So each worker keeps in memory what it sent, tells it to a
Redis that has restarted, and in the first seconds of such a Redis no message leaves, so that every worker can do so.
"""

import hashlib
import threading
import time
from collections.abc import Mapping
from contextlib import suppress

from redis import RedisError

from receiver import keys
from receiver.connection import Redis

KEEP_SECONDS = 30.0
YOUNG_SECONDS = 5
MARK_SECONDS = 3_600


class Told:
    """One per worker process. The drain adds, the keeper asserts."""

    def __init__(self) -> None:
        self._marks: dict[str, tuple[float, str]] = {}
        self._lock = threading.Lock()
        self._run = ""

    def note(self, fields: Mapping[bytes, bytes], fate: str) -> None:
        """Remember what became of the message in an outbox entry: "sending", "sent" or "interrupted"."""
        with self._lock:
            self._marks[mark(fields)] = (time.monotonic(), fate)

    def take_back(self, connection: Redis, fields: Mapping[bytes, bytes]) -> None:
        """It was certainly not delivered and may be sent again."""
        with self._lock:
            self._marks.pop(mark(fields), None)
        connection.delete(mark(fields))

    def watch(self, connection: Redis) -> None:
        """Called each second: after a restart of Redis, assert in it what was sent."""
        run = run_id(connection)
        before = time.monotonic() - KEEP_SECONDS
        with self._lock:
            self._marks = {name: noted for name, noted in self._marks.items() if noted[0] > before}
            if self._run and run != self._run and self._marks:
                pipe = connection.pipeline(transaction=False)
                for name, (_, fate) in self._marks.items():
                    pipe.set(name, fate, ex=MARK_SECONDS)
                pipe.execute()
        self._run = run

    def wait(self, connection: Redis) -> float:
        """Seconds that messages have to wait because Redis has restarted and may not have been told everything yet."""
        info = connection.info("server")
        known = (connection.get(keys.RUN) or b"").decode()
        if known == info["run_id"]:
            return 0.0
        left = YOUNG_SECONDS - int(info["uptime_in_seconds"]) if known or self._run else 0
        if left <= 0:
            with suppress(RedisError):  # a full Redis: then every drain looks at its age again
                connection.set(keys.RUN, info["run_id"])
        return float(max(left, 0))


def mark(fields: Mapping[bytes, bytes]) -> str:
    """The key that says that this customer was told this text."""
    return keys.told(hashlib.sha256(fields.get(b"c", b"") + b"\0" + fields.get(b"t", b"")).hexdigest()[:24])


def run_id(connection: Redis) -> str:
    found: str = connection.info("server")["run_id"]
    return found
