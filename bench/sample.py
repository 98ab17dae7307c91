"""What is measured of one revision in one run of a comparison: its own web process and workers, by the load, the
stand-ins and the clocks of this tree."""

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench import ack, brownout, latency, messages
from bench.burst import LATENCY, QUOTA
from bench.drain import Drain, drain, warm
from bench.figure import Figure
from bench.growth import LIFTED, LIFTED_DAY
from bench.revision import Tree
from bench.system import System, prepared, running, until
from leadcore.store import keys

PARTS = ("ack", "boot", "latency", "burst", "messages", "brownout")
BOOT, BURST, COST = "Boot", "Burst", "Cost"
WORKERS = 2


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured in one run: `requests` to acknowledge, `idle` leads one at a time, `bursts` as fast as the
    machine can, `bursts_at_quota` as fast as HubSpot lets, `messages`."""

    requests: int
    idle: int
    bursts: tuple[int, ...]
    bursts_at_quota: tuple[int, ...]
    messages: int


QUICK = Sizes(10_000, 100, (10_000,), (), 4_000)
FULL = Sizes(20_000, 200, (10_000, 50_000), (20_000,), 10_000)

Measurement = Callable[[Tree, Path], Iterator[Figure]]


def choose(names: Collection[str], sizes: Sizes) -> Iterator[Measurement]:
    """The measurements that give the figures of the parts in `names`; each starts its processes anew."""
    if "ack" in names:
        yield lambda tree, _: ack.measure_tree(tree, sizes.requests)
    if {"boot", "latency", "burst", "messages"}.intersection(names):
        yield partial(_measure_system, names, sizes)
    if "burst" in names and sizes.bursts_at_quota:
        yield partial(_measure_quota, sizes.bursts_at_quota)
    if "brownout" in names:
        yield lambda tree, folder: brownout.measure(folder, tree)


def _measure_system(names: Collection[str], sizes: Sizes, tree: Tree, folder: Path) -> Iterator[Figure]:
    """All that needs workers, in one system: its start takes longer than most of what is measured."""
    with prepared(
        folder,
        tree=tree,
        hubspot={"requests_per_10s": 10 * LIFTED, "requests_per_day": LIFTED_DAY},
        environ={"HUBSPOT_REQUESTS_PER_10S": str(LIFTED)},
    ) as system:
        began = time.perf_counter()
        with system.web():
            answered = time.perf_counter() - began
            system.post(1, "first")
            began = time.perf_counter()
            with system.workers(WORKERS):
                system.settle(keys.INBOX)
                written = time.perf_counter() - began
                if "boot" in names:
                    yield Figure(BOOT, "web: until it answers", answered, "s", "at most")
                    yield Figure(BOOT, "workers: until the first lead is written", written, "s", "at most")
                until(lambda: system.redis.zcard(keys.WORKERS) >= WORKERS)
                warm(system)
                if "latency" in names:
                    system.set_latency(system.hubspot, latency.LATENCY)
                    yield from latency.measure_system(system, sizes.idle)
                if "burst" in names:
                    system.set_latency(system.hubspot, LATENCY)
                    yield from _bursts(system, sizes.bursts)
                if "messages" in names:
                    system.set_latency(system.hubspot, 0)
                    yield from messages.measure_system(system, sizes.messages)


def _measure_quota(bursts: Collection[int], tree: Tree, folder: Path) -> Iterator[Figure]:
    with running(folder, 2 * WORKERS, tree=tree, hubspot={"latency": LATENCY, "requests_per_10s": QUOTA}) as system:
        warm(system)
        for leads in bursts:
            system.idle_budget()
            done = drain(system, leads, f"quota{leads}")
            yield Figure(BURST, f"{leads:,} leads at HubSpot's quota", done.write_seconds, "s", "at most")
            yield Figure(BURST, f"{leads:,} leads at HubSpot's quota: calls", sum(done.calls.values()), "", "at most")


def _bursts(system: System, bursts: Collection[int]) -> Iterator[Figure]:
    for leads in bursts:
        done = drain(system, leads, f"burst{leads}")
        name = f"{leads:,} leads"
        yield Figure(BURST, f"{name}: written", leads / done.write_seconds, "leads/s")
        yield Figure(BURST, f"{name}: until all have receipts", done.seconds, "s", "at most")
        yield Figure(BURST, f"{name}: calls per lead", done.calls_per_lead, "", "at most")
        yield from _costs(done, name)


def _costs(done: Drain, name: str) -> Iterator[Figure]:
    """Of a lead that is written and whose customer is told."""
    worker, redis = (done.processor[part] / done.leads for part in ("worker", "redis"))
    yield Figure(COST, f"{name}: the workers' processor time per lead", worker * 1e3, "ms", "at most")
    yield Figure(COST, f"{name}: Redis' time per lead", redis * 1e6, "us", "at most")
    yield Figure(COST, f"{name}: Redis memory per lead", done.redis_bytes / done.leads, "B", "at most")
    for part, process in (("web", "one web process"), ("worker", "one worker")):
        yield Figure(COST, f"{name}: memory of {process} then", done.after[part].largest / 1e6, "MB", "at most")
