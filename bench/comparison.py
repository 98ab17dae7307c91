"""This tree beside another revision, in turn and over and over on the same machine."""

import tempfile
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.figure import Figure
from bench.ratio import Ratio, compare
from bench.revision import Tree
from bench.sample import Measurement


def alternate(
    here: Tree, there: Tree, measurements: Collection[Measurement], runs: int, say: Callable[[str], object]
) -> list[Ratio]:
    """`runs` times each measurement here and at once there: A B A B, so that what slows the machine slows both.
    Whatever one of them raises ends it all."""
    ours: list[list[Figure]] = [[] for _ in range(runs)]
    theirs: list[list[Figure]] = [[] for _ in range(runs)]
    for run in range(runs):
        for measure in measurements:
            for tree, figures in ((here, ours[run]), (there, theirs[run])):
                with tempfile.TemporaryDirectory(prefix="leadsync-bench-") as folder:
                    for figure in measure(tree, Path(folder)):
                        say(f"run {run + 1} of {runs}, {tree.name}: {figure.group}: {figure.name}: {figure.shown()}")
                        figures.append(figure)
    return compare(ours, theirs)


def show(ratios: Sequence[Ratio], there: Tree) -> None:
    """The table for people."""
    table = Table("", "this tree", there.name, "ratio", "better")
    group = ""
    for ratio in ratios:
        if ratio.figure.group != group:
            group = ratio.figure.group
            table.add_section()
            table.add_row(f"[bold]{group}[/]")
        table.add_row(f"  {ratio.figure.name}", *ratio.shown(), _verdict(ratio, there))
    console = Console()
    console.print(table)
    console.print(
        "Medians; the ratio is this tree's figure divided by the other's. With a question mark: the runs of both "
        "overlap, or are fewer than three, so that the difference may be noise."
    )


def _verdict(ratio: Ratio, there: Tree) -> str:
    if ratio.better is None:
        return "[dim]same[/]"
    name = "this tree" if ratio.better == "here" else there.name
    colour = "green" if ratio.better == "here" else "red"
    return f"[{colour}]{name}[/]" if ratio.apart else f"[dim]{name}?[/]"
