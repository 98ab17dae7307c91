"""The notes of one worker, over a real Redis, against the served portal."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from leadcore.config import Notes
from leadcore.event import encode, identity
from leadcore.events import NOBODY, Events
from leadcore.fields import BODY, LEAD, ORDER, VERSION
from leadcore.machine import Machine
from leadcore.receipts import pack as pack_receipt
from leadcore.store import keys
from tests.conftest import BANGKOK, SHARDS
from tests.workers.orders.conftest import NOW, OrderLine, database, line, served
from tests.workers.rules.orders.events import CONFIG, KEY, payload, product
from workers.flow.breaker import Breaker
from workers.flow.lease import LeaseRegistry
from workers.hubspot.records import Records
from workers.notes.drain import NoteDrain
from workers.sync.customer_store import CustomerStore

__all__ = ["database", "line", "served"]


NOTED = replace(CONFIG, notes=Notes(intents=("*",)))


def drain_of(line: OrderLine, connection: Any = None, events: Events = NOBODY) -> NoteDrain:
    machine, stop = Machine(), threading.Event()
    redis = connection or line.redis
    records = Records(line.hubspot, Breaker(redis, machine, stop, keys.NOTES))
    customers = CustomerStore(redis, KEY)
    leases = LeaseRegistry(machine)
    rest = (NOTED, customers, leases, stop, line.hubspot.budget, machine)
    return NoteDrain(redis, records, *rest, timezone=BANGKOK, hidden=lambda: "", events=events)


def run(line: OrderLine, connection: Any = None) -> None:
    drain = drain_of(line, connection)
    for shard in range(SHARDS):
        drain.drain(shard)


def add(
    line: OrderLine, *products: Any, customer: str | int = "c-1", at: int = NOW, order: str = "", **more: Any
) -> str:
    """A lead whose note is due; its id."""
    line.leads += 1
    lead = f"lead-{line.leads}"
    receipt = pack_receipt(customer_id=identity(customer), state="created", received_ms=at, notes=more.pop("notes", ()))
    line.redis.hset(keys.receipt(lead), mapping=dict(zip(receipt[::2], receipt[1::2], strict=True)))
    fields: dict[Any, Any] = {
        LEAD: lead,
        BODY: encode(payload(*products, customer=customer, **more)),
        VERSION: f"{at}-1",
    }
    if order:
        fields[ORDER] = order
    line.redis.xadd(keys.entries(keys.NOTES, keys.shard_of(identity(customer), SHARDS)), fields)
    return lead


def notes(line: OrderLine) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = line.state()["notes"]
    return found


def left(line: OrderLine) -> int:
    return sum(
        line.redis.xlen(keys.entries(keys.NOTES, shard)) + line.redis.zcard(keys.later(keys.NOTES, shard))
        for shard in range(SHARDS)
    )


def due(line: OrderLine) -> None:
    """Let pauses end, locks expire and what was put off come back."""
    line.redis.delete(*(keys.lock(keys.NOTES, shard) for shard in range(SHARDS)))
    if line.redis.exists(keys.NOTES_PAUSE):
        line.redis.hset(keys.NOTES_PAUSE, "until", 1)
    for shard in range(SHARDS):
        for packed in line.redis.zrange(keys.later(keys.NOTES, shard), 0, -1):
            line.redis.zadd(keys.later(keys.NOTES, shard), {packed: 1})
        line.redis.delete(keys.swept(keys.NOTES, shard))
        drain_of(line).stream.sweep(shard)


def recover(line: OrderLine) -> None:
    """Let pauses end, locks expire and what was put off come back, and work until nothing is left."""
    line.crm.control("DELETE", "faults")
    for _ in range(12):
        due(line)
        run(line)
        if not left(line):
            return
    raise AssertionError(f"{left(line)} left")


def ordered(line: OrderLine) -> str:
    line.add(product())
    line.run()
    [order] = line.orders()
    return str(order["id"])


@pytest.fixture(autouse=True)
def clean(line: OrderLine) -> Iterator[None]:
    yield
    line.crm.control("DELETE", "faults")
