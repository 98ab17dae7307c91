"""How fast customers are told, and that none is told twice."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bench.drain import warm
from bench.figure import Figure
from bench.system import System, running
from leadcore.store import keys

GROUP = "Confirmations"
WORKERS = 2
LATENCY = 0.02


def measure(folder: Path, count: int) -> Iterator[Figure]:
    """In a system of its own."""
    with running(
        folder,
        WORKERS,
        hubspot={"requests_per_10s": 1_000_000},
        environ={"HUBSPOT_REQUESTS_PER_10S": "1000"},
    ) as system:
        warm(system)
        yield from measure_system(system, count)


def measure_system(system: System, count: int) -> Iterator[Figure]:
    """`count` messages wait in the outbox, then 2 workers are let at them."""
    system.control.post(f"{system.dealdroid}/_sandbox/reset", timeout=10).raise_for_status()
    system.set_latency(system.dealdroid, LATENCY)
    with system.hold(keys.OUTBOX):
        system.post(count, "told")
        system.settle(keys.INBOX)
        before = system.usage()
    system.settle(keys.OUTBOX)
    after = system.usage()
    found = system.control.get(f"{system.dealdroid}/_sandbox/messages", timeout=60).json()
    times = [message["at"] for message in found]
    told = Counter(message["customer_id"] for message in found)
    rate = len(found) / (max(times) - min(times) + LATENCY)
    each = (after["worker"].seconds - before["worker"].seconds) / count * 1e3
    yield Figure(GROUP, "messages per second, 2 workers", rate, "/s", "at least", 500, f"{len(found):,} messages")
    yield Figure(GROUP, "the workers' processor time per message", each, "ms", "at most")
    twice = sum(1 for times_told in told.values() if times_told > 1)
    yield Figure(GROUP, "customers told twice", twice, "", "at most", 0, f"{len(told):,} of {count:,} were told")
