"""What a test says of payments, and sees of the order that they are for."""

from typing import Any

from leadcore.fields import EVENT
from leadcore.orders.reference import order_ref
from leadcore.store import keys
from leadcore.store.parked import Parked
from leadcore.store.payments import Payments
from tests.conftest import SHARDS
from tests.workers.orders.conftest import OrderLine
from tests.workers.rules.orders.events import CONFIG, KEY


def ref(lead: str = "lead-1") -> str:
    return order_ref(KEY, "c-1", lead)


def say(line: OrderLine, amount: int = 90000, event: str = "stripe evt_1", *, reference: str = "", **more: Any) -> bool:
    currency = more.pop("currency", "THB")
    return Payments(line.redis, SHARDS).record(reference or ref(), amount, currency, event, **more)


def left(line: OrderLine) -> int:
    return sum(
        line.redis.xlen(keys.entries(keys.PAYMENTS, shard)) + line.redis.zcard(keys.later(keys.PAYMENTS, shard))
        for shard in range(SHARDS)
    )


def later(line: OrderLine) -> int:
    return sum(line.redis.zcard(keys.later(keys.PAYMENTS, shard)) for shard in range(SHARDS))


def recover(line: OrderLine) -> None:
    line.crm.control("DELETE", "faults")
    for _ in range(20):
        line.redis.delete(*(keys.lock(keys.PAYMENTS, shard) for shard in range(SHARDS)))
        if line.redis.exists(keys.PAYMENTS_PAUSE):
            line.redis.hset(keys.PAYMENTS_PAUSE, "until", 1)
        for shard in range(SHARDS):
            for packed in line.redis.zrange(keys.later(keys.PAYMENTS, shard), 0, -1):
                line.redis.zadd(keys.later(keys.PAYMENTS, shard), {packed: 1})
            line.redis.delete(keys.swept(keys.PAYMENTS, shard))
            line.payments.stream.sweep(shard)
        line.pay()
        if not left(line):
            return
    raise AssertionError(f"{left(line)} left")


def order(line: OrderLine) -> dict[str, Any]:
    found: dict[str, Any] = line.orders()[0]["properties"]
    return found


def stage(line: OrderLine, label: str) -> str:
    found = line.drain.portal_cache.current().find_stage(label)
    assert found
    return found.id


def messages(line: OrderLine) -> list[dict[bytes, bytes]]:
    return [fields for shard in range(SHARDS) for _, fields in line.redis.xrange(keys.entries(keys.OUTBOX, shard))]


def events(line: OrderLine) -> list[str]:
    return [
        fields[EVENT].decode()
        for shard in range(SHARDS)
        for _, fields in line.redis.xrange(keys.entries(keys.HOOKS, shard))
    ]


def parked(line: OrderLine) -> list[str]:
    return [one.reason.partition(":")[0] for one in Parked(line.redis, CONFIG.inbox).receipts()]


def move(line: OrderLine, **properties: str) -> None:
    line.crm.control("PATCH", f"orders/{line.orders()[0]['id']}", {"properties": properties})
