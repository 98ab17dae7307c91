"""When processes die or stand still and Redis goes away."""

import random
from collections import Counter
from collections.abc import Callable

import pytest

from bench.simulation.strikes import COUNTS, Strikes


@pytest.mark.parametrize("seed", range(5))
def test_in_a_storm_as_many_come_as_were_drawn_and_none_after_it(seed: int) -> None:
    later: list[tuple[float, Callable[[], None]]] = []
    dice = random.Random(seed)  # noqa: S311 - a simulation, guards nothing
    strikes = Strikes(dice, lambda seconds, act: later.append((seconds, act)))
    strikes.draw()
    assert strikes.counts.keys() == COUNTS.keys()
    strikes.begin(3.0)
    assert all(0 <= seconds <= 3.0 for seconds, _ in later)
    for _, arm in later:
        arm()
    assert Counter(one.kind for one in strikes.due) == +Counter(strikes.counts)
    strikes.end()
    for _, arm in later:
        arm()
    assert not strikes.due
