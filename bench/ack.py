"""How fast leads are acknowledged: this receiver beside a bare Flask view and beside the usual way, on the same server
with the same number of processes, in turn and over and over; the medians count."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple

import redis

from bench.figure import Figure
from bench.system import ROOT, SECRET, listens, own_environ, process, until
from receiver.intake.view import PATH
from receiver.server import THREADS
from sandbox.redis import free_port, start

GROUP = "Acknowledgement"
PROCESSES = 2
OURS, BARE, USUAL, GUNICORN = "leadsync", "a bare Flask view", "the usual way", "leadsync under gunicorn"
_PATHS = {OURS: PATH, BARE: "/", USUAL: "/", GUNICORN: PATH}


class Speed(NamedTuple):
    per_second: float
    p99_ms: float


def measure(rounds: int, requests: int) -> Iterator[Figure]:
    """Each peer answers `requests` requests in each of `rounds` rounds."""
    found: dict[str, list[Speed]] = {name: [] for name in _PATHS}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="leadsync-bench-")))
        server = stack.enter_context(start(folder))
        client = stack.enter_context(redis.Redis.from_url(server.url))
        urls = {name: stack.enter_context(_serve(name, server.url, folder)) for name in _peers()}
        for turn in range(-1, rounds):
            for name, url in urls.items():
                speed = _load(url, 1000 if turn < 0 else requests, f"{turn}", empty=name == BARE)
                if turn >= 0:
                    found[name].append(speed)
            client.flushdb()
    speeds = {name: Speed(*(median(row) for row in zip(*rows, strict=True))) for name, rows in found.items() if rows}
    return _figures(speeds, _ceiling(requests))


def _figures(speeds: dict[str, Speed], ceiling: Speed) -> Iterator[Figure]:
    ours, bare, usual = speeds[OURS], speeds[BARE], speeds[USUAL]

    def beside(name: str) -> str:
        return f"{ours.per_second:,.0f}/s beside {speeds[name].per_second:,.0f}/s"

    yield Figure(GROUP, f"rate, of {BARE}'s", ours.per_second / bare.per_second, "x", "at least", 0.45, beside(BARE))
    yield Figure(GROUP, f"rate, of {USUAL}'s", ours.per_second / usual.per_second, "x", "at least", 3.0, beside(USUAL))
    peers = f"{BARE} {bare.p99_ms:.1f} ms, {USUAL} {usual.p99_ms:.1f} ms"
    yield Figure(GROUP, "p99 with 16 connections", ours.p99_ms, "ms", "at most", 15.0, peers)
    if GUNICORN in speeds:
        ratio = ours.per_second / speeds[GUNICORN].per_second
        yield Figure(GROUP, "rate, of the same under gunicorn", ratio, "x", detail=beside(GUNICORN))
    ratio = ceiling.per_second / bare.per_second
    yield Figure(
        GROUP, "the load's own limit, of a bare view's rate", ratio, "x", detail=f"{ceiling.per_second:,.0f}/s"
    )


def _peers() -> Iterator[str]:
    for name in _PATHS:
        if name != GUNICORN or _has_gunicorn():
            yield name


def _has_gunicorn() -> bool:
    return subprocess.run([sys.executable, "-c", "import gunicorn"], capture_output=True, check=False).returncode == 0


@contextmanager
def _serve(name: str, redis_url: str, folder: Path) -> Iterator[str]:
    """The URL of a peer's view. What serves leadsync serves the others too, with the same settings."""
    port = free_port()
    environ = {
        **own_environ(),
        "REDIS_URL": redis_url,
        "DEALDROID_SECRET": SECRET,
        "SPOOL_DIR": str(folder / name),
        "LOG_LEVEL": "WARNING",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "WEB_CONCURRENCY": str(PROCESSES),
    }
    with process(_command(name, port), environ):
        until(partial(listens, port))
        yield f"http://127.0.0.1:{port}{_PATHS[name]}"


def _command(name: str, port: int) -> list[str]:
    if name == OURS:
        return ["receiver.server"]
    if name == GUNICORN:
        return [
            "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", str(PROCESSES), "--worker-class", "gthread",
            "--threads", "16", "--keep-alive", "75", "--log-level", "error", "receiver.app:create_app()",
        ]  # fmt: skip
    module = "bench.bare" if name == BARE else "bench.usual"
    return [
        "granian", "--interface", "wsgi", "--factory", f"{module}:create_app", "--host", "127.0.0.1",
        "--port", str(port), "--workers", str(PROCESSES), "--blocking-threads", str(THREADS),
        "--backlog", "1024", "--no-access-log", "--log-level", "error",
    ]  # fmt: skip


def _load(url: str, count: int, tag: str, *, empty: bool) -> Speed:
    more = ["--empty"] if empty else []
    return _run([url, "--count", str(count), "--tag", tag, "--secret", SECRET, *more])


def _ceiling(count: int) -> Speed:
    return _run(["--ceiling", "--count", str(count)])


def _run(arguments: Sequence[str]) -> Speed:
    """In a process of its own, so that what loads is not what measures."""
    command = [sys.executable, "-m", "bench.load", *arguments]
    done = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
    return Speed(done["per_second"], done["p99_ms"])
