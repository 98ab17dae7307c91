"""As `capture.py`, of the lines that come after contacts: orders, payments, notes, messages, hooks, notices.

    PYTHONPATH=. python tests/upgrade/capture_lines.py tests/upgrade/<version>-lines

It takes half a minute.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import requests

from leadcore.store import keys
from sandbox import redis as embedded
from tests.conftest import SHARDS, eventually, lead, same_shard
from tests.upgrade.saved_lines import EXPECTED, TOKEN, System, count, load, open_system, outcome, save
from tests.upgrade.times import Moment, Teller

AGE_MS = 15_000
# What is cut off happens in shard 0; what waits meanwhile is in the others.
LOST_ORDER, LOST_NOTE = (same_shard(name, 1, 0)[0] for name in ("order-lost", "note-lost"))
WAITING_ORDER, WAITING_NOTE, CHANGED = (
    same_shard(name, 1, shard)[0] for name, shard in (("order-waits", 1), ("note-waits", 2), ("cart-changed", 3))
)


def purchase(customer: str, *codes: str, price: int = 100, mid: str = "") -> dict[str, Any]:
    cart = [{"code": code, "name": f"Lamp {code}", "price": price, "count": 1, "available": True} for code in codes]
    more = {"mid": mid} if mid else {}
    said = lead(customer, "Purchase", name="Ann Example", phone=f"08100{len(customer):05}", **more)
    return {**said, "shopping_cart": {"products": cart, "grand_total": price * len(codes)}}


def share(customer: str) -> dict[str, Any]:
    return lead(customer, "Share contact", name="Bea Example", phone=f"08200{len(customer):05}")


class Stage:
    """The system that is brought into each state."""

    def __init__(self, system: System) -> None:
        self.system, self.line = system, system.line
        self.redis, self.crm = system.line.redis, system.line.crm

    def api(self, path: str, body: dict[str, Any], key: str) -> None:
        headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": key}
        answer = requests.post(f"{self.line.url}/api/v1/{path}", json=body, headers=headers, timeout=10)
        assert answer.status_code == 202, answer.text

    def order_of(self, customer: str) -> str:
        return self.line.receipt(customer).order_ref

    def pay(self, reference: str, amount: str) -> None:
        body = {"reference": reference, "amount": amount, "currency": "THB"}
        self.api("payments", body, f"{reference} {amount}")

    def hold(self, *held: tuple[str, int]) -> None:
        """Keep workers from these shards of lines."""
        for line, shard in held:
            eventually(partial(self.redis.set, keys.lock(line, shard), "test", nx=True, px=600_000), 30)

    def await_state(self, customer: str, holds: Callable[[Any], bool]) -> None:
        eventually(lambda: holds(self.line.receipt(customer)), 60)


def make(stage: Stage) -> None:
    line, crm, redis = stage.line, stage.crm, stage.redis
    web, worker = line.start("web"), line.start("worker")
    line.await_web()
    line.await_workers(1)
    # What is done: orders with their lines, one of them paid; notes; all of it told outside.
    for customer in ("done", "paid", CHANGED):
        line.send(purchase(customer, "A1", "B2"))
    line.settle(60)
    stage.pay(stage.order_of("paid"), "200")
    stage.api("messages", {"customer_id": "done", "messages": ["Your parcel is packed."]}, "packed")
    line.settle(60)
    eventually(lambda: stage.system.hooks.taken and stage.system.team.taken, 30)
    # From here on nobody outside takes anything.
    stage.system.hooks.fail()
    stage.system.team.fail()
    # What needs a person.
    crm.fault("row_refused", path="/orders/batch/", rows=100)
    line.send(purchase("order-parked", "C3"))
    stage.await_state("order-parked", lambda one: one.order.startswith("parked"))
    crm.control("DELETE", "faults")
    crm.fault("row_refused", path="/notes/batch/create", rows=100)
    line.send(share("note-parked"))
    stage.await_state("note-parked", lambda one: one.note.startswith("parked"))
    crm.control("DELETE", "faults")
    stage.pay(stage.order_of("done"), "1")
    eventually(lambda: redis.zcard(keys.PARKED_PAYMENTS), 30)
    # What was put off.
    crm.fault("row_locked", name="orders", path="/orders/batch/", rows=100)
    crm.fault("row_locked", name="notes", path="/notes/batch/create", rows=100)
    line.send(purchase("order-later", "D4"), share("note-later"))
    stage.pay("ZZZZZZZ9", "77")
    stage.await_state("order-later", lambda one: one.order.startswith("waiting"))
    stage.await_state("note-later", lambda one: one.note.startswith("waiting: "))
    eventually(lambda: any(redis.zcard(keys.later(keys.PAYMENTS, shard)) for shard in range(SHARDS)), 30)
    # What waits its turn.
    others = range(1, SHARDS)
    stage.hold(*((of, shard) for of in (keys.ORDERS, keys.NOTES) for shard in others))
    stage.hold(*((of, shard) for of in (keys.PAYMENTS, keys.OUTBOX) for shard in range(SHARDS)))
    line.send(purchase(WAITING_ORDER, "E5"), share(WAITING_NOTE), purchase(CHANGED, "A1", "F6"))
    stage.pay(stage.order_of("done"), "200")
    stage.api("messages", {"customer_id": "done", "messages": ["It comes tomorrow.", "Bye."]}, "tomorrow")
    for customer in (WAITING_ORDER, WAITING_NOTE):
        stage.await_state(customer, lambda one: one.state == "created")
    eventually(lambda: len(line.receipts(CHANGED)) == 2 and line.receipts(CHANGED)[-1].state != "waiting", 30)
    # What HubSpot has, and its answer is lost; then all are killed.
    crm.control("DELETE", "faults")
    crm.fault("lost_answer", name="orders", path="/orders/batch/upsert", count=100)
    crm.fault("lost_answer", name="notes", path="/notes/batch/create", count=100)
    line.send(purchase(LOST_ORDER, "G7", "H8"), share(LOST_NOTE))

    def is_cut_off() -> bool:
        made = [one["properties"]["dealdroid_customer_id"] for one in stage.system.records("orders")]
        return json.dumps(LOST_ORDER) in made and line.receipt(LOST_NOTE).note == "sending"

    eventually(is_cut_off, 60)
    worker.kill()
    web.kill()
    crm.control("DELETE", "faults")
    redis.delete(*(keys.lock(of, n) for of in (keys.ORDERS, keys.NOTES, keys.PAYMENTS, keys.OUTBOX) for n in others))
    redis.delete(*(keys.lock(of, 0) for of in (keys.PAYMENTS, keys.OUTBOX)))


def main(target: Path) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(embedded.start(folder / "redis"))
        system = stack.enter_context(open_system(folder, server.url))
        make(Stage(system))
        zone = ZoneInfo(system.line.environ["LEADSYNC_TIMEZONE"])
        now = int(time.time() * 1000)
        save(system, target, Teller(now, Moment(now, zone, system.line.redis.get(keys.DATASET).decode())))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(embedded.start(folder / "redis"))
        system = stack.enter_context(open_system(folder, server.url))
        load(system, target, AGE_MS)
        counts = count(system.line)
        system.line.start("web")
        system.line.start("worker")
        system.line.settle(120, hasten=True)
        expected = {"counts": counts, **outcome(system)}
    rows = [f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in expected.items()]
    (target / EXPECTED).write_text("{\n" + ",\n".join(rows) + "\n}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
