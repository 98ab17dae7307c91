"""Pure: the leads of the last 24 hours as a stacked bar chart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 240, 60
SERIES: Mapping[str, tuple[str, ...]] = {
    "written": ("created", "updated"),
    "nothing": ("unchanged", "skipped"),
    "parked": ("parked",),
    "held": ("held",),
}
# Series that are left out where they have no lead.
RARE = {"held"}


@dataclass(frozen=True, slots=True)
class Bar:
    """One series of one hour, in units of the drawing."""

    series: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Hour:
    """`counts`: series -> leads in the hour from `start_ms` on."""

    start_ms: int
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Chart:
    hours: Sequence[Hour]
    bars: Sequence[Bar]

    @property
    def total(self) -> int:
        return sum(hour.total for hour in self.hours)

    @property
    def highest(self) -> int:
        return max((hour.total for hour in self.hours), default=0)


def draw(counted: Sequence[tuple[int, Mapping[str, int]]]) -> Chart:
    """The chart of `counted`, as `leadcore.store.counters.read_hours` returns it."""
    totals = {
        name: [sum(counts.get(one, 0) for one in members) for _, counts in counted] for name, members in SERIES.items()
    }
    shown = [name for name, counts in totals.items() if any(counts) or name not in RARE]
    hours = [Hour(start, {name: totals[name][at] for name in shown}) for at, (start, _) in enumerate(counted)]
    highest = max((hour.total for hour in hours), default=0) or 1
    step = WIDTH / max(1, len(hours))
    bars = []
    for position, hour in enumerate(hours):
        top = float(HEIGHT)
        for name, count in hour.counts.items():
            if count:
                # At least 1, so that the smallest part is visible.
                height = max(1.0, count / highest * HEIGHT * 0.94)
                top -= height
                bars.append(
                    Bar(name, round(position * step + 0.1 * step, 2), round(top, 2), round(0.8 * step, 2), height)
                )
    return Chart(hours, bars)
