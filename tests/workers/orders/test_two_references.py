"""News of one order under two of its references, which two workers drain at the same moment: it ends as if they had
come one after the other, whoever is overtaken or dies."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import redis

from leadcore.store import keys
from tests.conftest import SHARDS
from tests.faults.wires import NO_RETRY, Killed, Pool, Wire
from tests.stand_ins import Crm
from tests.workers.orders.conftest import TOLD, OrderLine, open_line
from tests.workers.orders.news import (
    events,
    left,
    messages,
    order,
    parked,
    recover,
    ref,
    say,
)
from tests.workers.rules.orders.events import product

MAIN = keys.shard_of(ref(), SHARDS)
ALIAS = next(ref(f"lead-{number}") for number in range(2, 99) if keys.shard_of(ref(f"lead-{number}"), SHARDS) != MAIN)
OTHER = keys.shard_of(ALIAS, SHARDS)
"""The shards of the two references."""


@contextmanager
def bought(crm: Crm, database: Any) -> Iterator[OrderLine]:
    """An order of 900 THB that has two references; a worker that lives."""
    database.flushdb()
    crm.reset()
    crm.settings(search_lag=0)
    database.set(keys.ORDERS_STORE, "intact")
    with open_line(crm, database, events=TOLD) as line:
        line.know("c-1")
        line.add(product("A", 2, 450))
        line.run()
        database.hset(keys.order(ALIAS), "main", ref())
        yield line


def fail_and_pay(line: OrderLine) -> None:
    say(line, kind="failed", event="stripe evt_1", reference=ALIAS)
    say(line, event="stripe evt_2", payment="pi_1")


def pay_twice(line: OrderLine) -> None:
    say(line, event="stripe evt_1", payment="pi_1", reference=ALIAS)
    say(line, event="stripe evt_2", payment="pi_2")


def pay_and_refund(line: OrderLine) -> None:
    """The shop's own system names the newest reference each time."""
    say(line, event="shop 1", payment="pi_1", reference=ALIAS)
    say(line, event="shop 2", kind="refunded", payment="pi_1")


SCENES: dict[Callable[[OrderLine], None], tuple[str, list[str]]] = {
    fail_and_pay: ("paid", []),
    pay_twice: ("paid", ["paid_twice"]),
    pay_and_refund: ("refunded", []),
}


def check(line: OrderLine, scene: Callable[[OrderLine], None]) -> None:
    recover(line)
    status, waits = SCENES[scene]
    assert order(line)["hs_payment_status"] == status
    assert parked(line) == waits
    assert left(line) == 0
    assert len(messages(line)) == events(line).count("order.paid") == 1
    assert events(line).count("order.refunded") == (status == "refunded")


@pytest.mark.parametrize("first", [MAIN, OTHER])
@pytest.mark.parametrize(
    ("scene", "dies"), [(fail_and_pay, False), (fail_and_pay, True), (pay_twice, False), (pay_and_refund, False)]
)
def test_two_workers_drain_two_references_of_one_order(
    served: Crm, database: Any, subtests: pytest.Subtests, scene: Callable[[OrderLine], None], dies: bool, first: int
) -> None:
    second = OTHER if first == MAIN else MAIN
    for step in range(1, 100):
        with bought(served, database) as living, subtests.test(step=step):
            scene(living)
            wire = Wire(step, act=lambda: strike(living, wire, second, dies=dies))  # noqa: B023
            pool = Pool(wire, **{**database.connection_pool.connection_kwargs, "retry": NO_RETRY})
            with open_line(served, redis.Redis(connection_pool=pool), events=TOLD) as other, suppress(Killed):
                other.payments.drain(first)
            pool.disconnect()
            check(living, scene)
        if not wire.reached:
            assert step > 3
            return


def strike(line: OrderLine, wire: Wire, shard: int, *, dies: bool) -> None:
    """The other worker does all it can, then the first one goes on, or is dead."""
    line.payments.drain(shard)
    wire.dead = dies


def test_what_is_handed_over_keeps_the_time_when_it_was_said(served: Crm, database: Any) -> None:
    """Nobody is thanked days later, though the entry is a new one."""
    with bought(served, database) as line:
        say(line, event="shop 1", reference=ALIAS)
        stream = keys.entries(keys.PAYMENTS, OTHER)
        [(_, fields)] = database.xrange(stream)
        database.delete(stream)
        database.xadd(stream, fields, id=f"{line.drain.store.now_ms() - 96 * 3_600_000}-0")
        for _ in range(2):
            line.pay()
        assert (left(line), messages(line)) == (0, [])
        assert order(line)["hs_payment_status"] == "paid"
