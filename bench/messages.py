"""How fast customers are told, and that none is told twice."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bench.drain import warm
from bench.figure import Figure
from bench.system import running
from leadcore.store import keys

GROUP = "Confirmations"
WORKERS = 2
LATENCY = 0.02


def measure(folder: Path, count: int) -> Iterator[Figure]:
    """`count` messages wait in the outbox, then 2 workers are let at them."""
    with running(
        folder,
        WORKERS,
        hubspot={"requests_per_10s": 1_000_000},
        dealdroid={"latency": LATENCY},
        environ={"HUBSPOT_REQUESTS_PER_10S": "1000"},
    ) as system:
        warm(system)
        system.control.post(f"{system.dealdroid}/_sandbox/reset", timeout=10).raise_for_status()
        system.control.post(f"{system.dealdroid}/_sandbox/settings", json={"latency": LATENCY}, timeout=10)
        before = system.usage()
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
    detail = f"{len(found):,} messages, {each:.2f} ms of the workers' processor time each"
    yield Figure(GROUP, "messages per second, 2 workers", rate, "/s", "at least", 500, detail)
    twice = sum(1 for times_told in told.values() if times_told > 1)
    yield Figure(GROUP, "customers told twice", twice, "", "at most", 0, f"{len(told):,} of {count:,} were told")
