"""`leadsync reconcile --orders`, against the served portal."""

import pytest

from leadcore.fields import BODY
from leadcore.store import keys
from leadcore.store.parked_orders import ParkedOrders
from leadcore.store.streams import pack_fields
from leadsync.reconcile_orders import GONE, LINES_GONE, NOT_MADE, FoundOrders, OrderReconciliation
from tests.conftest import SHARDS
from tests.workers.orders.conftest import OrderLine, database, line, served
from tests.workers.rules.orders.events import KEY, product
from workers.flow.errors import LineDown

__all__ = ["database", "line", "served"]


def check(line: OrderLine, *, repair: bool = False) -> FoundOrders:
    work = OrderReconciliation(line.redis, line.drain.records, "orders", KEY)
    found = work.run(lambda rows, _: rows)
    if repair:
        work.repair(found, ParkedOrders(line.redis, SHARDS, 100), "test")
    return found


def add(line: OrderLine, customer: str) -> str:
    line.know(customer)
    lead = line.add(product(), product("CAT-1"), customer=customer)
    line.redis.xadd(keys.LEADS, {"e": lead})
    return lead


def test_orders_that_are_there_with_their_lines_are_not_missing(line: OrderLine) -> None:
    add(line, "c-1")
    add(line, "c-2")
    line.run()
    assert check(line) == FoundOrders(orders=2)


def test_a_deleted_order_a_deleted_line_and_one_that_was_never_made_are_missing(line: OrderLine) -> None:
    parked, stream = add(line, "c-3"), keys.entries(keys.ORDERS, keys.shard_of("c-3", SHARDS))
    [(_, body)] = line.redis.xrange(stream)
    line.redis.delete(stream)
    for number in range(3):
        add(line, f"c-{number}")
    line.run()
    line.redis.set(keys.parked_order(parked), pack_fields(body))
    line.redis.zadd(keys.PARKED_ORDERS, {parked: 1})
    line.redis.hset(keys.receipt(parked), "o", "parked: refused: values_refused")
    [first], [second] = line.orders("c-0"), line.orders("c-1")
    line.drain.records.archive("orders", [str(first["id"])])
    line.drain.records.archive("line_items", [str(second["associations"]["line_items"][0])])
    found = check(line, repair=True)
    assert {one.customer_id: one.why for one in found.missing} == {"c-0": GONE, "c-1": LINES_GONE, "c-3": NOT_MADE}
    assert (found.orders, found.repaired, len(found.without_cart)) == (4, 1, 2)
    [(_, again)] = line.redis.xrange(stream)
    assert again[BODY] == body[BODY]


def test_while_hubspot_is_away_nothing_is_called_missing(line: OrderLine) -> None:
    add(line, "c-1")
    line.run()
    line.crm.fault("500", path="/orders/batch/read", count=50)
    with pytest.raises(LineDown):
        check(line)
