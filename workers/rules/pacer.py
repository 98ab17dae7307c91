"""Pure: how HubSpot's calls of a day are spread, so that they last until midnight.

A call with three leads uses as much of the day as one with a hundred. So *partial* calls, of the whole line together,
keep a gap; full ones go at once, as long as more than a tenth of the day is left. That tenth is kept for what nobody
can put off: retries, restoring the store, polls. Within it every call with leads keeps a gap, and half of what is left
is spread over the rest of the day, so that the line never stands still.

Orders come after contacts: their calls *yield*. A part of the day is kept for contacts, in proportion to the time that
is left of it; what orders use beyond the rest they use at a trickle, with a gap of their own that delays no contact.
"""

from datetime import datetime, timedelta
from math import sqrt
from zoneinfo import ZoneInfo

from msgspec import Struct

from workers.rules.batch import BATCH

DAY_SECONDS = 86_400.0
# The part of the day's calls that partial ones take at most: full ones of a rush need some, too.
SPREAD = 0.8
KEPT = 0.1
# The part that is kept for contacts where others would use it, and that of what is left which others may use even so.
FIRST, TRICKLE = 0.5, 0.05
# As many partial calls may go without a gap after a while without any: a few leads at once wait for nothing.
BURST = 8
# The calls that a batch of orders takes: as many more may go without a gap.
AFTER_BURST = 8 * BURST


class Day(Struct, frozen=True):
    """The calls of a day: `limit` in all, of which `left` in the `seconds` until midnight. `told`: HubSpot has said so,
    and not only the settings."""

    limit: int
    left: int
    seconds: float
    told: bool = False


class Pace(Struct, frozen=True):
    """Calls keep a gap of `gap` seconds on average, but for `burst` of them; if that is 0, none starts before a whole
    gap is over."""

    gap: float = 0.0
    burst: int = 1


FREE = Pace()


def find_pace(day: Day, *, full: bool, yields: bool = False) -> Pace:
    """The pace of calls with leads, `full` or partial. `yields`: they come after contacts."""
    if day.left <= 0:
        # If HubSpot says so, its own refusal pauses the line, and the end of the pause is found out by a probe.
        return FREE if day.told else Pace(max(day.seconds, 1.0), 0)
    kept = day.limit * (KEPT + (FIRST * day.seconds / DAY_SECONDS if yields else 0.0))
    spare = day.left - kept
    if full and spare > 0:
        return FREE
    per_second = max(spare, day.left * (TRICKLE if yields else 0.5)) / max(day.seconds, 1.0)
    gap = max(DAY_SECONDS / (day.limit * SPREAD), 1 / per_second)
    return Pace(gap, max(1, min(AFTER_BURST if yields else BURST, int(spare))))


def find_midnight(now: float, time_zone: ZoneInfo) -> float:
    """The next midnight in `time_zone` after `now`, both in seconds since 1970."""
    today = datetime.fromtimestamp(now, time_zone)
    return (today + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


def count_full_rows(new: float) -> int:
    """How many leads a full batch has, if a part `new` of them makes new contacts (0 to 1): those and changes of known
    ones are different calls, so more leads than one call takes fill both. Their share varies from batch to batch: two
    standard deviations are left free, since a few leads too many take a third call."""
    larger = max(new, 1 - new)
    rows = BATCH
    while rows < 2 * BATCH and (rows + 1) * larger + 2 * sqrt((rows + 1) * larger * (1 - larger)) <= BATCH:
        rows += 1
    return rows
