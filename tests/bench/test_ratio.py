"""What is made of the figures of two revisions."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from random import Random
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bench.comparison import alternate
from bench.figure import Figure
from bench.ratio import Ratio, compare
from bench.revision import Tree
from bench.sample import FULL, PARTS, QUICK, Sizes, choose

RATE = Figure("Acknowledgement", "rate", 0.0, "/s")
DELAY = Figure("Acknowledgement", "p99", 0.0, "ms", "at most")
runs = some.lists(some.floats(0.001, 1e6), min_size=1, max_size=7).map(tuple)


def one_each(figure: Figure, values: Sequence[float]) -> list[list[Figure]]:
    return [[Figure(figure.group, figure.name, value, figure.unit, figure.bound)] for value in values]


def test_the_ratio_is_the_median_here_of_the_median_there() -> None:
    [ratio] = compare(one_each(RATE, [300, 1, 200]), one_each(RATE, [100, 90, 900]))
    assert ratio.medians == (200, 100)
    assert ratio.value == 2
    assert ratio.shown() == ("200 /s", "100 /s", "2.00 x")


@pytest.mark.parametrize(
    ("figure", "here_values", "better"),
    [(RATE, (3, 3, 3), "here"), (RATE, (1, 1, 1), "there"), (DELAY, (1, 1, 1), "here"), (DELAY, (3, 3, 3), "there")],
)
def test_more_of_a_rate_and_less_of_a_delay_is_better(figure: Figure, here_values: tuple[float], better: str) -> None:
    ratio = Ratio(figure, here_values, (2, 2, 2))
    assert (ratio.better, ratio.apart) == (better, True)


def test_the_same_is_better_on_neither_side() -> None:
    assert Ratio(RATE, (0.0,), (0.0,)).better is None
    assert Ratio(RATE, (0.0,), (0.0,)).value == 1


def test_there_is_no_ratio_to_nothing() -> None:
    ratio = Ratio(DELAY, (1.0,), (0.0,))
    assert (ratio.value, ratio.better, ratio.shown()[2]) == (None, "there", "")


@pytest.mark.parametrize(
    ("here_values", "there_values", "apart"),
    [
        ((4, 5, 6), (1, 2, 3), True),
        ((1, 2, 3), (4, 5, 6), True),
        ((3, 5, 6), (1, 2, 3), False),
        ((1, 5, 6), (1, 2, 3), False),
        ((5, 6), (1, 2), False),
    ],
)
def test_a_difference_counts_where_the_runs_do_not_overlap(
    here_values: tuple[float, ...], there_values: tuple[float, ...], apart: bool
) -> None:
    assert Ratio(RATE, here_values, there_values).apart is apart


@given(runs, runs)
def test_seen_from_the_other_side_it_is_the_inverse(one: tuple[float, ...], other: tuple[float, ...]) -> None:
    forth, back = Ratio(RATE, one, other), Ratio(RATE, other, one)
    assert forth.value == pytest.approx(median(one) / median(other))
    assert forth.value is not None
    assert back.value == pytest.approx(1 / forth.value)
    assert {forth.better, back.better} in ({"here", "there"}, {None})
    assert forth.apart is back.apart


@given(runs, some.randoms())
def test_the_order_of_the_runs_does_not_matter(values: tuple[float, ...], dice: Random) -> None:
    mixed = tuple(dice.sample(values, len(values)))
    assert Ratio(RATE, values, (1.0,)).as_dict()["ratio"] == Ratio(RATE, mixed, (1.0,)).as_dict()["ratio"]


def test_a_figure_that_one_side_lacks_is_left_out() -> None:
    both, once = one_each(RATE, [1, 2]), one_each(DELAY, [1])
    ours = [[*both[0], *once[0]], both[1]]
    assert [ratio.figure.name for ratio in compare(ours, both)] == ["rate"]
    assert [ratio.figure.name for ratio in compare(both, ours)] == ["rate"]
    assert compare([], []) == []


def test_the_sides_are_measured_in_turn_and_each_run_has_a_folder_of_its_own() -> None:
    order: list[str] = []
    folders: set[Path] = set()

    def measure(name: str, tree: Tree, folder: Path) -> Iterator[Figure]:
        assert folder.is_dir()
        folders.add(folder)
        order.append(f"{name}{tree.name}")
        yield Figure("group", name, float(len(order)))

    here, there = (Tree(name, Path(), "", {}) for name in ("A", "B"))
    ratios = alternate(here, there, [partial(measure, "x"), partial(measure, "y")], 2, lambda _: None)
    assert order == ["xA", "xB", "yA", "yB", "xA", "xB", "yA", "yB"]
    assert [(ratio.figure.name, ratio.here, ratio.there) for ratio in ratios] == [
        ("x", (1, 5), (2, 6)),
        ("y", (3, 7), (4, 8)),
    ]
    assert len(folders) == 8
    assert not any(folder.exists() for folder in folders)


@pytest.mark.parametrize("sizes", [QUICK, FULL])
def test_each_part_can_be_chosen(sizes: Sizes) -> None:
    assert all(list(choose([part], sizes)) for part in PARTS)
    assert not list(choose([], sizes))
