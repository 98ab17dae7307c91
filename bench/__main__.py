"""`make bench`: measures on real processes, side by side in one run. What counts are ratios to a peer or a limit that
was measured in the same run: single times of a shared machine mean little.

The default takes some minutes; --full takes all sizes. --against compares with another revision, which takes longer.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import ack, brownout, burst, comparison, growth, hooks, latency, messages, orders, pacer, sample, steady
from bench.client import name_client
from bench.figure import Figure
from bench.picture import draw
from bench.ratio import Ratio
from bench.revision import ROOT, RevisionError, beside, exit_on_signals, worktree

PARTS = ("ack", "burst", "messages", "hooks", "latency", "steady", "pacer", "orders", "sizes", "workers", "brownout")


def choose(names: Sequence[str], folder: Path, *, full: bool) -> Iterator[Callable[[], Iterator[Figure]]]:
    """The measuring functions of the parts in `names`, in the order in which they run."""
    parts: dict[str, Callable[[], Iterator[Figure]]] = {
        "ack": lambda: ack.measure(5 if full else 3, 20_000 if full else 10_000),
        "latency": lambda: latency.measure(folder / "latency", 100),
        "steady": lambda: steady.measure(folder / "steady", 120 if full else 60),
        "pacer": pacer.measure,
        "messages": lambda: messages.measure(folder / "messages", 10_000 if full else 4_000),
        "orders": lambda: orders.measure(folder / "orders", 5_000 if full else 2_000),
        "hooks": lambda: hooks.measure(folder / "hooks", 10_000 if full else 4_000),
        "burst": lambda: burst.measure(folder / "burst", [20_000, 50_000] if full else [20_000], 300 if full else 100),
        "sizes": lambda: growth.measure_sizes(folder / "sizes", [1_000, 10_000, 50_000] if full else [1_000, 10_000]),
        "workers": lambda: growth.measure_workers(
            folder / "workers", [1, 2, 4, 8] if full else [1, 4], 10_000 if full else 4_000
        ),
        "brownout": lambda: brownout.measure(folder / "brownout"),
    }
    return (part for name, part in parts.items() if name in names)


def show(figures: Sequence[Figure]) -> None:
    """The table for people."""
    table = Table("", "measured", "target", "", "from")
    group = ""
    for figure in figures:
        if figure.group != group:
            table.add_section()
            table.add_row(f"[bold]{figure.group}[/]")
            group = figure.group
        mark = {True: "[green]reached[/]", False: "[red]missed[/]", None: ""}[figure.reached]
        table.add_row(f"  {figure.name}", figure.shown(), figure.wanted(), mark, f"[dim]{figure.detail}[/]")
    Console().print(table)


def measure(parts: Sequence[str], *, full: bool) -> list[Figure]:
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="leadsync-bench-") as folder:
        for part in choose(parts or PARTS, Path(folder), full=full):
            for figure in part():
                say(f"{figure.group}: {figure.name}: {figure.shown()} {figure.detail}")
                figures.append(figure)
    show(figures)
    return figures


def measure_against(revision: str, parts: Sequence[str], runs: int, *, full: bool) -> list[Ratio]:
    """Raises `RevisionError`."""
    sizes = sample.FULL if full else sample.QUICK
    measurements = list(sample.choose(parts or sample.PARTS, sizes))
    with worktree(revision) as there:
        ours = beside(there)
        for tree in (ours, there):
            tree.compile()
        ratios = comparison.alternate(ours, there, measurements, runs, say)
    comparison.show(ratios, there)
    return ratios


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def describe(figures: Sequence[Figure | Ratio], began: float, load_before: float) -> dict[str, Any]:
    """What is written as JSON; it names the kind of machine, never the machine."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="minutes"),
        "machine": {
            "system": platform.system(),
            "architecture": platform.machine(),
            "processors": os.cpu_count(),
            "python": platform.python_version(),
            "load_before": round(load_before, 2),
        },
        "client": name_client(),
        "seconds": round(time.monotonic() - began),
        "figures": [figure.as_dict() for figure in figures],
    }


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"only these of {', '.join(PARTS)}; without any, all")
    parser.add_argument("--full", action="store_true", help="all sizes; takes a quarter of an hour")
    against = parser.add_argument_group("beside another revision", f"The parts are {', '.join(sample.PARTS)}.")
    against.add_argument("--against", metavar="REV", help="measure this tree and that revision in turn")
    against.add_argument("--runs", type=int, default=5, help="how often each, for the median")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--svg", type=Path, help="also draw them into this file")
    parser.add_argument("--save", action="store_true", help="write docs/performance.json and docs/performance.svg")
    options = parser.parse_args()
    known = sample.PARTS if options.against else PARTS
    if unknown := [part for part in options.parts if part not in known]:
        parser.error(f"no such part: {', '.join(unknown)} (choose from {', '.join(known)})")
    if options.against and (options.svg or options.save):
        parser.error("a comparison is not drawn, and docs/ tells of one revision")
    if options.runs < 1:
        parser.error("at least one run is needed")
    if options.save:
        options.json, options.svg = ROOT / "docs/performance.json", ROOT / "docs/performance.svg"
    return options


def main() -> None:
    options = read_options()
    exit_on_signals()
    began, load_before = time.monotonic(), os.getloadavg()[0]
    if load_before > 0.5:
        print(f"Other programs are busy here (load {load_before:.1f}); they take part of what is measured.", flush=True)
    print(f"Acknowledgement is loaded by {name_client()}.", flush=True)
    found: Sequence[Figure | Ratio]
    if options.against:
        try:
            found = measure_against(options.against, options.parts, options.runs, full=options.full)
        except RevisionError as error:
            sys.exit(f"make bench: {error}")
    else:
        found = figures = measure(options.parts, full=options.full)
        if options.svg:
            options.svg.write_text(draw(figures), encoding="utf-8")
    if options.json:
        described = describe(found, began, load_before)
        if options.against:
            described |= {"against": options.against, "runs": options.runs}
        options.json.write_text(json.dumps(described, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
