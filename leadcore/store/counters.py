"""What happened how often: one Redis hash since the beginning, and one for each of the last two days' hours.

Counters are written by the scripts that do what they count (`leadcore.store.scripts.COUNT`), so that a count is right
whatever is killed and however often a script is tried. Beside them stand figures for the metrics alone: "parked:CODE",
"refused:REASON", "calls:KIND:STATUS", "took:SECONDS" (see `took`), "took_ms", "disk", and as they were last seen
"quota_left", "quota_limit" and "budget_limit". What no script of a lead could count is gathered in a `Tally`.
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
    """The command for SETTLE and APPLY that counts `name`, in all and in the present hour."""
    return ("HINCRBY", keys.COUNTS, name, by)


def figure(name: str, by: int = 1) -> Sequence[Any]:
    """The command for SETTLE and APPLY that adds to a figure."""
    return ("HINCRBY", keys.FIGURES, name, by)


def took(ms: int) -> list[Sequence[Any]]:
    """The commands that put a lead of `ms` from received to written into the histogram. Each lead stands in one bucket
    only: the first of `BUCKETS` that is not below it."""
    return [figure("took:" + BUCKETS[bisect_left(_BOUNDS, ms / 1000)]), figure("took_ms", max(ms, 0))]


class Tally:
    """Figures in the memory of one process until they are flushed, each second: a kill loses what came since, and
    where Redis' answer to a flush is lost, it may be counted twice."""

    def __init__(self) -> None:
        self._added: Counter[str] = Counter()
        self._noted: dict[str, int] = {}
        self._lock = threading.Lock()

    def add(self, name: str) -> None:
        """Count one."""
        with self._lock:
            self._added[name] += 1

    def note(self, name: str, value: int) -> None:
        """The newest value of a figure that goes up and down."""
        with self._lock:
            self._noted[name] = value

    def flush(self, inbox: "Stream") -> None:
        """Tell Redis. Raises redis-py's errors; then the figures wait for the next time."""
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
    """The last `hours` hours, at most 48, the present one among them, oldest first: (start of the hour in ms of Redis'
    clock, counter name -> count). Raises redis-py's errors."""
    present = now_ms // HOUR_MS
    numbers = range(present - hours + 1, present + 1)
    pipe = redis.pipeline(transaction=False)
    for number in numbers:
        pipe.hgetall(keys.hour(number))
    return [
        (number * HOUR_MS, {name.decode(): int(value) for name, value in stored.items()})
        for number, stored in zip(numbers, pipe.execute(), strict=True)
    ]
