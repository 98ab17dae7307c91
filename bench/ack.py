"""How fast leads are acknowledged: this receiver beside a bare Flask view and beside the usual way, on the same server
with the same number of processes, in turn and over and over; the medians count."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple

import redis

from bench.client import Speed, find_ceiling, name_client, send
from bench.figure import Figure
from bench.revision import Tree, here
from bench.system import SECRET, listens, own_environ, process, run, until
from bench.usage import read_usage
from receiver.intake.fast_path import TURNS
from receiver.intake.view import PATH
from sandbox.redis import free_port, start

GROUP = "Acknowledgement"
PROCESSES = 2
WARM = 1_000
OURS, BARE, USUAL, GUNICORN = "leadsync", "a bare Flask view", "the usual way", "leadsync under gunicorn"
REPLY = "leadsync with a reply and a payment link"
_PATHS = {OURS: PATH, BARE: "/", USUAL: "/", GUNICORN: PATH, REPLY: PATH}
_CONFIG = """
[payment]
[intents."Purchase".reply]
th = ['''Order {{ order_ref }}
{% for product in products %}{{ product.count }} x {{ product.name }} = {{ product.total }}
{% endfor %}{{ amount }} THB{% if pay_url %}
Pay: {{ pay_url }}{% endif %}''']
"""


class Peer(NamedTuple):
    """A server and its process."""

    url: str
    pid: int


def measure(rounds: int, requests: int) -> Iterator[Figure]:
    """Each peer answers about `requests` requests in each of `rounds` rounds."""
    found: dict[str, list[Speed]] = {name: [] for name in _PATHS}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="leadsync-bench-")))
        server = stack.enter_context(start(folder))
        client = stack.enter_context(redis.Redis.from_url(server.url))
        tree = here()
        peers = {name: stack.enter_context(_serve(name, server.url, folder, tree)) for name in _peers()}
        for turn in range(-1, rounds):
            for name, peer in peers.items():
                speed = _load(name, peer, WARM if turn < 0 else requests, f"{turn}")
                if turn >= 0:
                    found[name].append(speed)
            client.flushdb()
    speeds = {name: Speed(*(median(row) for row in zip(*rows, strict=True))) for name, rows in found.items() if rows}
    yield from _figures(speeds, find_ceiling(requests))


def measure_tree(tree: Tree, requests: int) -> Iterator[Figure]:
    """`tree`'s receiver without any worker, and beside it the bare view, each with about `requests` requests."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="leadsync-bench-")))
        server = stack.enter_context(start(folder))
        peers = {name: stack.enter_context(_serve(name, server.url, folder, tree)) for name in (BARE, OURS)}
        for name, peer in peers.items():
            _load(name, peer, WARM, "warm")
        bare = _load(BARE, peers[BARE], requests, "bare")
        before = read_usage(peers[OURS].pid).seconds, read_usage(server.pid).main
        ours = _load(OURS, peers[OURS], requests, "ours")
        after = read_usage(peers[OURS].pid).seconds, read_usage(server.pid).main
    web, puts = ((then - now) / ours.answers * 1e6 for now, then in zip(before, after, strict=True))
    yield Figure(GROUP, "rate", ours.per_second, "/s")
    yield Figure(GROUP, f"rate, of {BARE}'s", ours.per_second / bare.per_second, "x")
    yield Figure(GROUP, "p50 with 16 connections", ours.p50_ms, "ms", "at most")
    yield Figure(GROUP, "p99 with 16 connections", ours.p99_ms, "ms", "at most")
    yield Figure(GROUP, "web processor time per answer", web, "us", "at most")
    yield Figure(GROUP, "Redis' time per put", puts, "us", "at most")


def _figures(speeds: dict[str, Speed], ceiling: Speed) -> Iterator[Figure]:
    ours, bare, usual = speeds[OURS], speeds[BARE], speeds[USUAL]

    def beside(name: str) -> str:
        return f"{ours.per_second:,.0f}/s beside {speeds[name].per_second:,.0f}/s"

    yield Figure(GROUP, f"rate, of {BARE}'s", ours.per_second / bare.per_second, "x", "at least", 0.45, beside(BARE))
    yield Figure(GROUP, f"rate, of {USUAL}'s", ours.per_second / usual.per_second, "x", "at least", 3.0, beside(USUAL))
    peers = f"{BARE} {bare.p99_ms:.1f} ms, {USUAL} {usual.p99_ms:.1f} ms"
    yield Figure(GROUP, "p99 with 16 connections", ours.p99_ms, "ms", "at most", 15.0, peers)
    ratio = speeds[REPLY].per_second / ours.per_second
    yield Figure(
        GROUP, "rate with a reply and a payment link, of that without", ratio, "x", "at least", 0.9, beside(REPLY)
    )
    more = speeds[REPLY].p99_ms - ours.p99_ms
    yield Figure(GROUP, "p99 with them, above that without", more, "ms", "at most", 1.0)
    if GUNICORN in speeds:
        ratio = ours.per_second / speeds[GUNICORN].per_second
        yield Figure(GROUP, "rate, of the same under gunicorn", ratio, "x", detail=beside(GUNICORN))
    ratio = ceiling.per_second / bare.per_second
    detail = f"{ceiling.per_second:,.0f}/s, {name_client()}"
    yield Figure(GROUP, "the load's own limit, of a bare view's rate", ratio, "x", detail=detail)


def _peers() -> Iterator[str]:
    for name in _PATHS:
        if name != GUNICORN or _has_gunicorn():
            yield name


def _has_gunicorn() -> bool:
    return subprocess.run([sys.executable, "-c", "import gunicorn"], capture_output=True, check=False).returncode == 0


@contextmanager
def _serve(name: str, redis_url: str, folder: Path, tree: Tree) -> Iterator[Peer]:
    """A peer's view, leadsync's being that of `tree`. What serves leadsync here serves the others too, with the same
    settings."""
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
    if name == REPLY:
        config = folder / "leadsync.toml"
        config.write_text(_CONFIG)
        environ |= {
            "LEADSYNC_CONFIG": str(config),
            "LEADSYNC_KEY": SECRET,
            "PUBLIC_URL": "https://shop.example.com",
            "PROMPTPAY_ID": "0812345678",
        }
    is_ours = name in (OURS, REPLY)
    server = run(tree.command("web"), environ, tree.path) if is_ours else process(_command(name, port), environ)
    with server as child:
        until(partial(listens, port))
        yield Peer(f"http://127.0.0.1:{port}{_PATHS[name]}", child.pid)


def _command(name: str, port: int) -> list[str]:
    if name == GUNICORN:
        return [
            "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", str(PROCESSES), "--worker-class", "gthread",
            "--threads", "16", "--keep-alive", "75", "--log-level", "error", "receiver.app:create_app()",
        ]  # fmt: skip
    module = "bench.bare" if name == BARE else "bench.usual"
    return [
        "granian", "--interface", "wsgi", "--factory", f"{module}:create_app", "--host", "127.0.0.1",
        "--port", str(port), "--workers", str(PROCESSES), "--blocking-threads", str(TURNS),
        "--backlog", "1024", "--no-access-log", "--log-level", "error",
    ]  # fmt: skip


def _load(name: str, peer: Peer, requests: int, tag: str) -> Speed:
    return send(peer.url, requests, tag, SECRET, empty=name == BARE)
