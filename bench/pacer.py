"""A day of leads with a morning rush, computed with the pacer that the workers use: whether the day's calls last, and
how long a lead waits. Nothing runs and nothing is left to chance: each run says the same.

The line is computed as one. Leads come evenly, and no call fails. Half are new customers and half known ones with
news, so a batch takes two calls, and three where one kind has over a hundred leads. `python -m bench.pacer` writes the
table of docs/performance.md.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from math import sqrt

from bench.figure import Figure
from workers.rules.batch import BATCH
from workers.rules.pacer import DAY_SECONDS, Day, Pace, count_full_rows, find_pace

GROUP = "A day with a morning rush, computed"
LIMIT = 250_000
RATES = (5, 10, 50, 200)
NEW = 0.5
# From eight to ten three times as many leads come as in the rest of the day.
RUSH_BEGINS, RUSH_ENDS, RUSH = 8 * 3600.0, 10 * 3600.0, 3.0
CALL_SECONDS = 0.2


@dataclass(slots=True)
class Gap:
    """Keeps the pace as the script of `workers.hubspot.budget` does. `due`: when the next call would be without a
    burst."""

    due: float = 0.0

    def find_start(self, now: float, pace: Pace) -> float:
        """When a call may start."""
        return max(now, max(now, self.due) - pace.gap * (pace.burst - 1))

    def start(self, now: float, pace: Pace, calls: int) -> None:
        self.due = max(now, self.due) + pace.gap * calls


@dataclass(slots=True)
class Outcome:
    """`waits`: hundredths of a second from a lead's arrival to HubSpot's last answer -> leads; for every tenth of each
    batch."""

    rate: float
    leads: int = 0
    calls: int = 0
    waits: Counter[int] = field(default_factory=Counter)

    def wait(self, part: float) -> float:
        """The seconds in which this part of the leads (0 to 1) is in HubSpot."""
        wanted = part * self.waits.total()
        reached = accumulate(leads for _, leads in sorted(self.waits.items()))
        return sorted(self.waits)[sum(leads < wanted for leads in reached)] / 100


def arrivals(now: float, rate: float) -> tuple[float, float]:
    """Leads per second at `now` if they are `rate` on average, and until when."""
    rest = rate * DAY_SECONDS / (DAY_SECONDS + (RUSH - 1) * (RUSH_ENDS - RUSH_BEGINS))
    if now < RUSH_BEGINS:
        return rest, RUSH_BEGINS
    return (rest * RUSH, RUSH_ENDS) if now < RUSH_ENDS else (rest, DAY_SECONDS)


def simulate(rate: float, limit: int = LIMIT) -> Outcome:
    """A day with `rate` leads a second on average."""
    chance = random.Random(1)  # noqa: S311 - so that each run says the same
    outcome, gap, full_rows = Outcome(rate), Gap(), count_full_rows(NEW)
    now = free_at = came = 0.0
    while now < DAY_SECONDS:
        per_second, until = arrivals(now, rate)
        day = Day(limit, limit - outcome.calls, DAY_SECONDS - now)
        waiting = came - outcome.leads
        filled = now + max(full_rows - waiting, 0.0) / per_second
        partial, full = find_pace(day, full=False), find_pace(day, full=True)
        earliest = max(now + max(1 - waiting, 0.0) / per_second, free_at)
        at = min(gap.find_start(earliest, partial), gap.find_start(filled, full) if full.gap else filled)
        if at >= until:
            came, now = came + (until - now) * per_second, until
            continue
        came, now = came + (at - now) * per_second, at
        waiting = came - outcome.leads
        rows = min(full_rows, max(int(waiting + 1e-6), 1))
        pace = full if rows == full_rows else partial
        calls = count_calls(rows, chance)
        free_at = now + calls * CALL_SECONDS
        if pace.gap:
            gap.start(now, pace, calls)
        outcome.calls += calls
        outcome.leads += rows
        for tenth in range(10):
            seconds = (waiting - rows * (tenth + 0.5) / 10) / per_second + free_at - now
            outcome.waits[round(seconds * 100)] += rows
    return outcome


def count_calls(rows: int, chance: random.Random) -> int:
    """The calls that a batch takes: its new customers, of about half, and the others, in hundreds."""
    new = round(min(max(chance.gauss(rows * NEW, sqrt(rows * NEW * (1 - NEW))), 0.0), float(rows)))
    return sum(-(-kind // BATCH) for kind in (new, rows - new))


def measure() -> Iterator[Figure]:
    for rate in RATES:
        outcome = simulate(rate)
        detail = f"{outcome.leads:,} leads, {outcome.leads / outcome.calls:.1f} per call"
        name = f"{rate} leads/s"
        yield Figure(GROUP, f"{name}: calls of the day", outcome.calls, "", "at most", LIMIT, detail)
        yield Figure(GROUP, f"{name}: a lead in HubSpot after, p50", outcome.wait(0.5), "s")
        yield Figure(GROUP, f"{name}: a lead in HubSpot after, p99", outcome.wait(0.99), "s", "at most", 5.0)


def describe() -> str:
    """The table in Markdown."""
    lines = [
        "| leads/s on average | in the rush | leads a day | calls a day | leads per call | p50 | p99 | longest |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for rate in RATES:
        outcome = simulate(rate)
        rush, _ = arrivals(RUSH_BEGINS, rate)
        waits = " | ".join(f"{outcome.wait(part):.2f} s" for part in (0.5, 0.99, 1.0))
        per_call = outcome.leads / outcome.calls
        lines.append(f"| {rate} | {rush:.1f} | {outcome.leads:,} | {outcome.calls:,} | {per_call:.1f} | {waits} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(describe())
