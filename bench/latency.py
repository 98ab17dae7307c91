"""An idle system: one lead at a time, from DealDroid's post to HubSpot receiving the contact."""

import time
from collections.abc import Iterator
from pathlib import Path

from bench import load
from bench.drain import warm
from bench.figure import Figure
from bench.growth import LIFTED_DAY
from bench.system import SECRET, System, running
from receiver.intake.view import PATH

GROUP = "An idle system"
WORKERS = 2
LATENCY = 0.05


def measure(folder: Path, leads: int) -> Iterator[Figure]:
    """In a system of its own. Its quotas are lifted: the leads come one at a time, but faster than a day could take
    them."""
    quotas = {"requests_per_10s": 1_000_000, "requests_per_day": LIFTED_DAY}
    with running(folder, WORKERS, hubspot={"latency": LATENCY, **quotas}) as system:
        warm(system)
        system.idle_budget()
        yield from measure_system(system, leads)


def measure_system(system: System, leads: int) -> Iterator[Figure]:
    """`leads` leads, each posted when the one before it is written and its customer told. The stand-in notes a request
    when it arrives, before its own latency."""
    connections = system.state(system.hubspot)["connections"]
    delays = []
    for body in load.make(0, leads, "idle", SECRET):
        event = load.request(system.receiver + PATH, body)
        posted = time.time()
        load.fire(system.receiver + PATH, [event], 1)
        system.settle()
        delays.append((min(call["at"] for call in system.calls(posted)) - posted) * 1e3)
    made = system.state(system.hubspot)["connections"] - connections
    delays.sort()
    middle, late = delays[len(delays) // 2], delays[int(len(delays) * 0.99)]
    detail = f"{leads} leads, one at a time"
    yield Figure(GROUP, "post to HubSpot, p50", middle, "ms", "at most", 10.0, detail)
    yield Figure(GROUP, "post to HubSpot, p99", late, "ms", "at most", 40.0, detail)
    yield Figure(
        GROUP, "new connections to HubSpot per worker", made / WORKERS, "", "at most", 1.0, f"{made} in {leads} leads"
    )
