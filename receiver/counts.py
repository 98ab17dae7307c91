"""What happened how often: one Redis hash since the beginning, and one for each of the last two days' hours.

Counters are written by the scripts that do what they count (`receiver.scripts.COUNT`), so that a count is right
whatever is killed and however often a script is tried.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from receiver import keys

if TYPE_CHECKING:
    from receiver.connection import Redis

HOUR_MS = 3_600_000


def count(name: str, by: int = 1) -> Sequence[Any]:
    """The command for SETTLE and APPLY that counts `name`, in all and in the present hour."""
    return ("HINCRBY", keys.COUNTS, name, by)


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
