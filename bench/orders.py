"""Orders behind contacts: what a cart costs beside its contact, and whether the contacts wait for it."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.burst import LATENCY, QUOTA, ROWS, WORKERS
from bench.drain import warm
from bench.figure import Figure
from bench.system import running
from leadcore.store import keys

GROUP = "Orders"
CONFIG = "[orders]\n"
KEY = "bench-key-of-32-characters-xxxxxx"


@dataclass(frozen=True, slots=True)
class _Done:
    """Seconds until all contacts, and all orders, were settled; how many calls of each kind were made."""

    contacts: float
    orders: float
    contact_calls: int
    order_calls: int


def measure(folder: Path, leads: int) -> Iterator[Figure]:
    """`leads` new customers with a cart each, without orders and with them."""
    without = _measure(folder / "without", leads, "")
    with_orders = _measure(folder / "with", leads, CONFIG)
    yield Figure(
        GROUP, f"{leads:,} contacts with orders, of the time without", with_orders.contacts / without.contacts, "x",
        "at most", 1.1, f"{with_orders.contacts:.1f} s, {without.contacts:.1f} s",
    )  # fmt: skip
    yield Figure(
        GROUP, "calls per 100 orders", with_orders.order_calls / leads * ROWS, "", "at most", 8,
        f"{with_orders.order_calls} calls beside {with_orders.contact_calls}",
    )  # fmt: skip
    yield Figure(
        GROUP, "until all orders are there, of their contacts' time", with_orders.orders / with_orders.contacts, "x",
        detail=f"{with_orders.orders:.1f} s",
    )  # fmt: skip


def _measure(folder: Path, leads: int, config: str) -> _Done:
    hubspot = {"latency": LATENCY, "requests_per_10s": QUOTA}
    with running(folder, WORKERS, hubspot=hubspot, config=config, environ={"LEADSYNC_KEY": KEY}) as system:
        warm(system)
        system.idle_budget()
        with system.hold(keys.INBOX):
            system.post(leads, "orders")
            since = time.time()
        system.settle(keys.INBOX)
        contacts = time.time() - since
        system.settle()
        orders = time.time() - since
        calls = [call["route"] for call in system.calls(since)]
        of_contacts = sum("/contacts/batch/up" in route for route in calls)
        return _Done(contacts, orders, of_contacts, len(calls) - of_contacts)
