"""A steady trickle of leads, half of new customers and half of known ones who say something new: what it costs of a
day's calls, and how soon a lead is in HubSpot."""

import time
from collections.abc import Iterator
from pathlib import Path

from bench import load
from bench.drain import warm
from bench.figure import Figure
from bench.system import SECRET, System, running
from leadcore.store import keys
from leadcore.store.leads import read_newest, read_receipts
from receiver.intake.view import PATH

GROUP = "A steady trickle"
WORKERS = 2
LATENCY = 0.2
PER_SECOND = 10


def measure(folder: Path, seconds: int) -> Iterator[Figure]:
    """In a system of its own, of an ordinary portal."""
    with running(folder, WORKERS, hubspot={"latency": LATENCY}) as system:
        warm(system)
        yield from measure_system(system, seconds * PER_SECOND)


def measure_system(system: System, leads: int) -> Iterator[Figure]:
    """As many leads at an even pace, once each known customer has been written."""
    known = list(load.make(0, leads // 2, "known", SECRET))
    with system.hold(keys.INBOX):
        load.fire(system.receiver + PATH, [load.request(system.receiver + PATH, body) for body in known])
    system.settle()
    news = [body.replace(b'"mid": "m-', b'"mid": "n-').replace(b'"phone": "081', b'"phone": "089') for body in known]
    bodies = [each for pair in zip(load.make(0, leads // 2, "new", SECRET), news, strict=True) for each in pair]
    began = time.time()
    for number, body in enumerate(bodies):
        time.sleep(max(began + number / PER_SECOND - time.time(), 0.0))
        load.fire(system.receiver + PATH, [load.request(system.receiver + PATH, body)], 1)
    took = time.time() - began
    system.settle()
    calls = len(system.calls(began))
    receipts = read_receipts(system.redis, [lead for _, lead in read_newest(system.redis, leads)])
    delays = sorted(
        (one.written_ms - one.received_ms) / 1000
        for one in receipts
        if one and one.written_ms is not None and one.received_ms is not None
    )
    middle, late = delays[len(delays) // 2], delays[int(len(delays) * 0.99)]
    detail = f"{len(delays)} leads in {took:.0f} s, HubSpot takes {LATENCY:g} s for a call"
    yield Figure(GROUP, f"{PER_SECOND} leads/s: calls per second", calls / took, "", "at most", 2.6, f"{calls} calls")
    yield Figure(GROUP, f"{PER_SECOND} leads/s: a lead in HubSpot after, p50", middle, "s", "at most", 1.0, detail)
    yield Figure(GROUP, f"{PER_SECOND} leads/s: a lead in HubSpot after, p99", late, "s", "at most", 5.0, detail)
