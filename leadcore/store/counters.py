"""Counters: one Redis hash of totals, and one for each hour of the last two days.

The script that does something also counts it (`leadcore.store.lua.COUNT`), so that a count is right whatever is killed
and however often a script is tried. Figures for the metrics alone are in a hash of their own: "parked:CODE",
"refused:REASON", "calls:KIND:STATUS", "took:SECONDS" (see `time_to_written`), "took_ms", "disk", and the last values
seen of "quota_left", "quota_limit" and "budget_limit". What no lead's script can count is collected in a `Tally`.
"""

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from leadcore.store import keys

if TYPE_CHECKING:
    from leadcore.store.connection import Redis
    from leadcore.store.streams import Stream

BUCKETS = ("0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "30.0", "60.0", "300.0",
           "900.0", "3600.0", "+Inf")  # fmt: skip
_BOUNDS = [float(bound) for bound in BUCKETS]
HOUR_MS = 3_600_000


def count(name: str, by: int = 1) -> Sequence[Any]:
    """The command for SETTLE and APPLY that adds to counter `name`, in total and for the current hour."""
    return ("HINCRBY", keys.COUNTS, name, by)


def figure(name: str, by: int = 1) -> Sequence[Any]:
    """The command for SETTLE and APPLY that adds to figure `name`."""
    return ("HINCRBY", keys.FIGURES, name, by)


def time_to_written(ms: int) -> list[Sequence[Any]]:
    """The commands that add a lead's `ms` from received to written to the histogram. A lead counts in one bucket only:
    the first of `BUCKETS` that is not below it."""
    return [figure("took:" + BUCKETS[bisect_left(_BOUNDS, ms / 1000)]), figure("took_ms", max(ms, 0))]


class Tally:
    """Figures in the memory of one process, flushed each second: a kill loses what came since the last flush, and where
    Redis' answer to a flush is lost, it may be counted twice."""

    def __init__(self) -> None:
        self._added: Counter[str] = Counter()
        self._noted: dict[str, int] = {}
        self._lock = threading.Lock()

    def add(self, name: str) -> None:
        """Add one to figure `name`."""
        with self._lock:
            self._added[name] += 1

    def note(self, name: str, value: int) -> None:
        """Set the last value of a gauge."""
        with self._lock:
            self._noted[name] = value

    def flush(self, inbox: "Stream") -> None:
        """Write the figures. Raises redis-py's errors; then they wait for the next flush."""
        with self._lock:
            added, self._added = self._added, Counter()
            noted, self._noted = self._noted, {}
        try:
            inbox.apply(
                [figure(name, by) for name, by in added.items()]
                + [("HSET", keys.FIGURES, name, value) for name, value in noted.items()]
            )
        except BaseException:
            with self._lock:
                self._added.update(added)
                self._noted = noted | self._noted
            raise


def read_hours(redis: "Redis", now_ms: int, hours: int = 24) -> list[tuple[int, dict[str, int]]]:
    """The last `hours` hours (at most 48) including the current one, oldest first: (start of the hour in ms of Redis'
    clock, counter name -> count). Raises redis-py's errors."""
    current = now_ms // HOUR_MS
    numbers = range(current - hours + 1, current + 1)
    pipe = redis.pipeline(transaction=False)
    for number in numbers:
        pipe.hgetall(keys.hour(number))
    return [
        (number * HOUR_MS, {name.decode(): int(value) for name, value in stored.items()})
        for number, stored in zip(numbers, pipe.execute(), strict=True)
    ]
