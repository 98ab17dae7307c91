"""What is known of DealDroid's posts beside the leads: when the last authenticated one came, and how many were refused
for their secret on each day of the operator's time zone.

Best effort and cheap: each web process counts in memory and writes once a second, whatever arrives. Redis holds one
date per day and one time, so nobody can fill it by posting.
"""

import threading
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from leadcore.store import keys

if TYPE_CHECKING:
    from leadcore.store.streams import Stream

KEPT = timedelta(days=2)
LAST = "last"


class PostTally:
    """For one process; thread-safe. A kill loses what came since the last flush."""

    def __init__(self, timezone: ZoneInfo) -> None:
        self.timezone = timezone
        self._last_ms = self._flushed_ms = 0
        self._refused: Counter[date] = Counter()
        self._lock = threading.Lock()

    def note_authenticated(self, now_ms: int) -> None:
        """A post with a right secret came."""
        self._last_ms = now_ms

    def count_refused(self, now_ms: int) -> None:
        """A post was refused for its secret."""
        today = local_date(now_ms, self.timezone)
        with self._lock:
            self._refused[today] += 1

    def flush(self, inbox: "Stream") -> None:
        """Write what is new. Raises redis-py's errors; then it waits for the next flush."""
        with self._lock:
            refused, self._refused = self._refused, Counter()
        last_ms = self._last_ms
        commands: list[tuple[Any, ...]] = []
        for day, count in refused.items():
            old = [(day - KEPT - timedelta(days=days)).isoformat() for days in range(3)]
            commands += [
                ("HINCRBY", keys.REFUSED, day.isoformat(), count),
                ("HDEL", keys.REFUSED, *old),
            ]
        if refused:
            commands.append(("EXPIRE", keys.REFUSED, int(KEPT.total_seconds())))
        if last_ms != self._flushed_ms:
            # Another process may have written a later one.
            commands.append(("ZADD", keys.LAST_POST, "GT", last_ms, LAST))
        try:
            inbox.apply(commands)
        except BaseException:
            with self._lock:
                self._refused.update(refused)
            raise
        self._flushed_ms = last_ms


def local_date(ms: int, timezone: ZoneInfo) -> date:
    """The day of the moment `ms` (since 1970)."""
    return datetime.fromtimestamp(ms / 1000, timezone).date()


def refused_on(stored: Mapping[bytes, bytes], day: date) -> int:
    """How many posts were refused on `day`, from the hash at `keys.REFUSED`."""
    return int(stored.get(day.isoformat().encode(), b"0"))
