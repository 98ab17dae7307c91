"""Pure: the figures of two revisions, each measured several times, as medians and ratios."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal

from bench.figure import Figure, number

Side = Literal["here", "there"]


@dataclass(frozen=True, slots=True)
class Ratio:
    """One figure, measured once in each run `here` (this tree) and `there` (the other revision). `figure` is any of
    them, for its name, unit and direction."""

    figure: Figure
    here: tuple[float, ...]
    there: tuple[float, ...]

    @property
    def medians(self) -> tuple[float, float]:
        """(here, there)."""
        return median(self.here), median(self.there)

    @property
    def value(self) -> float | None:
        """The median here, of that there; None where that is 0 and this is not."""
        here, there = self.medians
        if there == 0:
            return 1.0 if here == 0 else None
        return here / there

    @property
    def better(self) -> Side | None:
        """The side whose median is better, None where they are the same."""
        here, there = self.medians
        if here == there:
            return None
        return "here" if (here > there) is (self.figure.bound == "at least") else "there"

    @property
    def apart(self) -> bool:
        """Whether every run of one side is better than every run of the other, in at least three: less may be noise."""
        if min(len(self.here), len(self.there)) < 3:
            return False
        return min(self.here) > max(self.there) or min(self.there) > max(self.here)

    def shown(self) -> tuple[str, str, str]:
        """(here, there, ratio) for people."""
        here, there = (number(each) + (f" {self.figure.unit}" if self.figure.unit else "") for each in self.medians)
        return here, there, "" if self.value is None else f"{self.value:.2f} x"

    def as_dict(self) -> dict[str, Any]:
        here, there = self.medians
        return {
            "group": self.figure.group,
            "name": self.figure.name,
            "unit": self.figure.unit,
            "here": here,
            "there": there,
            "ratio": self.value,
            "better": self.better,
            "apart": self.apart,
            "runs": {"here": list(self.here), "there": list(self.there)},
        }


def compare(here: Sequence[Sequence[Figure]], there: Sequence[Sequence[Figure]]) -> list[Ratio]:
    """The runs of both sides, each run a sequence of figures; in the order of the first run here. A figure that not
    every run has on both sides cannot be compared and is left out."""
    ours, theirs = _values(here), _values(there)
    runs = len(here), len(there)
    return [
        Ratio(figure, tuple(ours[key]), tuple(theirs[key]))
        for figure in (here[0] if here else ())
        if (len(ours[key := (figure.group, figure.name)]), len(theirs.get(key, ()))) == runs
    ]


def _values(runs: Sequence[Sequence[Figure]]) -> dict[tuple[str, str], list[float]]:
    values: dict[tuple[str, str], list[float]] = {}
    for run in runs:
        for figure in run:
            values.setdefault((figure.group, figure.name), []).append(figure.value)
    return values
