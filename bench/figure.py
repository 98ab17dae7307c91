"""One measured figure beside its target."""

from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` in `unit` shall be at least (or at most) `target`; None where it only stands beside another figure.
    `detail`: the single figures it was made from, for people."""

    group: str
    name: str
    value: float
    unit: str = ""
    bound: Literal["at least", "at most"] = "at least"
    target: float | None = None
    detail: str = ""

    @property
    def share(self) -> float | None:
        """How far the target is reached: 1.0 is just so, more is better."""
        if self.target is None:
            return None
        if self.bound == "at least":
            return self.value / self.target
        if self.target == 0:
            return 1.0 if self.value == 0 else 0.0
        return self.target / self.value if self.value > 0 else float("inf")

    @property
    def reached(self) -> bool | None:
        return None if self.share is None else self.share >= 1

    def shown(self) -> str:
        return number(self.value) + (f" {self.unit}" if self.unit else "")

    def wanted(self) -> str:
        if self.target is None:
            return ""
        return f"{self.bound} {number(self.target)}" + (f" {self.unit}" if self.unit else "")

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "reached": self.reached}


def number(value: float) -> str:
    """Three significant digits without an exponent."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    for digits, least in ((1, 10), (2, 1), (3, 0.1), (4, 0.01)):
        if abs(value) >= least:
            return f"{value:.{digits}f}"
    return f"{value:.5f}"
