"""When processes die or stand still and Redis goes away: so many times in a storm, each some turns after a moment of
its own, so that between any two commands it may be, and most of a storm is work."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

COUNTS: Mapping[str, tuple[int, ...]] = {"kills": (0, 2, 6), "freezes": (0, 1, 3), "Redis away": (0, 0, 2)}
MOST_TURNS = 60


@dataclass(eq=False, slots=True)
class Strike:
    """`turns`: that it waits. `after_answer`: it strikes a process that has an answer and has noted nothing of it."""

    kind: str
    turns: int
    after_answer: bool


class Strikes:
    """`counts`: how many of each kind a storm has; `later`: lets something happen after so many seconds; `due`: those
    whose moment has come."""

    def __init__(self, dice: random.Random, later: Callable[[float, Callable[[], Any]], None]) -> None:
        self.counts: dict[str, int] = {}
        self.due: list[Strike] = []
        self._dice, self._later, self._storm = dice, later, 0

    def draw(self) -> None:
        """Decide how many there will be."""
        self.counts = {kind: self._dice.choice(counts) for kind, counts in COUNTS.items()}

    def begin(self, seconds: float) -> None:
        """Let them come within so many seconds."""
        for kind, count in self.counts.items():
            for _ in range(count):
                self._later(self._dice.uniform(0.0, seconds), partial(self._arm, kind, self._storm))

    def end(self) -> None:
        """The storm is over: none comes any more."""
        self._storm += 1
        self.due.clear()

    def _arm(self, kind: str, storm: int) -> None:
        if storm == self._storm:
            after_answer = kind == "kills" and self._dice.random() < 0.5
            self.due.append(Strike(kind, self._dice.randrange(MOST_TURNS), after_answer))
