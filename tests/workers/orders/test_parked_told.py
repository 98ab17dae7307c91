"""Who wants to know is told once of each order and each payment that waits for a person."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from leadcore.config import Config, Hooks, Notify
from leadcore.events import Events
from leadcore.fields import CUSTOMER, DATA, EVENT, KIND, LEAD
from leadcore.store import keys
from leadcore.store.parked import Parked
from tests.conftest import SHARDS
from tests.stand_ins import Crm
from tests.workers.orders.conftest import OrderLine, open_line
from tests.workers.orders.test_drain import recover_once
from tests.workers.orders.test_payments import move, recover, ref, say, stage
from tests.workers.orders.test_refused_values import demand
from tests.workers.rules.orders.events import CONFIG, product

PARKED = Events(Config(hooks=Hooks(on=("lead.parked",))), hooks=True)
PARKED_NOTICES = Config(notify=Notify(on=("lead.parked",)))


@pytest.fixture
def shop(line: OrderLine, served: Crm, database: Any) -> Iterator[OrderLine]:
    """An orders' line whose hooks want to know what waits for a person."""
    with open_line(served, database, events=PARKED) as found:
        yield found


def told(shop: OrderLine) -> list[tuple[str, str]]:
    """Lead and reason of each event."""
    rows = [row for shard in range(SHARDS) for row in shop.redis.xrange(keys.entries(keys.HOOKS, shard))]
    assert {fields[EVENT] for _, fields in rows} <= {b"lead.parked"}
    return sorted((fields[LEAD].decode(), json.loads(fields[DATA])["reason"]) for _, fields in rows)


def data(shop: OrderLine) -> Any:
    [(_, fields)] = shop.redis.xrange(keys.entries(keys.HOOKS, keys.shard_of("c-1", SHARDS)))
    assert json.loads(fields[CUSTOMER]) == {"id": "c-1"}
    return json.loads(fields[DATA])


def test_an_order_that_hubspot_refuses_is_told_with_its_customer(shop: OrderLine) -> None:
    contact = shop.know("c-1")
    demand(shop, "line_items", "quantity")
    lead = shop.add(product("A", 1000, 2))
    for _ in range(2):
        shop.run()
    assert told(shop) == [(lead, "refused")]
    assert data(shop) == {
        "order_ref": ref(),
        "contact_id": contact,
        "intent": "Purchase",
        "state": "parked",
        "reason": "refused",
    }


def test_an_order_that_waits_is_told_once_it_is_given_up(shop: OrderLine) -> None:
    shop.crm.control("DELETE", f"contacts/{shop.know('c-1')}")
    lead = shop.add(product("A"))
    for _ in range(CONFIG.inbox.tries):
        assert told(shop) == []
        recover_once(shop)
    assert told(shop) == [(lead, "no_contact")]


def test_what_is_no_event_is_told(shop: OrderLine) -> None:
    shop.redis.xadd(keys.entries(keys.ORDERS, 0), {"e": "odd-1", "b": "{", "v": "1-0"})
    shop.redis.xadd(keys.entries(keys.PAYMENTS, 0), {"e": "odd-2", "b": "{"})
    for _ in range(2):
        shop.run()
        shop.pay()
    assert told(shop) == [("odd-1", "unreadable"), ("odd-2", "unreadable")]


def test_an_order_that_is_parked_again_after_a_retry_is_told_again(shop: OrderLine) -> None:
    shop.know("c-1")
    demand(shop, "line_items", "quantity")
    lead = shop.add(product("A", 1000, 2))
    shop.run()
    assert not Parked(shop.redis, CONFIG.inbox).retry(lead, "ann")
    shop.run()
    assert told(shop) == [(lead, "refused")] * 2


@pytest.mark.parametrize("kind", ["replay", "import"])
def test_what_is_no_news_to_the_team_is_none_when_it_is_parked(
    line: OrderLine, served: Crm, database: Any, kind: str
) -> None:
    with open_line(served, database, events=Events(PARKED_NOTICES, notices=True)) as found:
        found.know("c-1")
        demand(found, "line_items", "quantity")
        found.add(product("A", 1000, 2))
        shard = keys.shard_of("c-1", SHARDS)
        [(entry, fields)] = found.redis.xrange(keys.entries(keys.ORDERS, shard))
        found.redis.xdel(keys.entries(keys.ORDERS, shard), entry)
        found.redis.xadd(keys.entries(keys.ORDERS, shard), {**fields, KIND: kind})
        found.run()
        assert found.redis.zcard(keys.PARKED_ORDERS) == 1
        assert not found.redis.exists(keys.entries(keys.NOTICES, shard))


def test_each_payment_that_is_parked_is_told_once(shop: OrderLine) -> None:
    shop.know("c-1")
    shop.add(product("A", 2, 450))
    shop.run()
    say(shop, reference="ZZZZZZZZ")
    say(shop, 100, "stripe evt_2")
    move(shop, hs_pipeline_stage=stage(shop, "Cancelled"))
    shop.pay()
    for number in (3, 4):
        say(shop, event=f"stripe evt_{number}", payment=f"pi_{number}")
        recover(shop)
    waiting = sorted((one.lead, one.reason.partition(":")[0]) for one in Parked(shop.redis, CONFIG.inbox).receipts())
    assert sorted(code for _, code in waiting) == ["no_order", "paid_amount", "paid_cancelled", "paid_twice"]
    assert told(shop) == waiting


def test_a_payment_that_is_parked_is_told_with_its_order_and_customer(shop: OrderLine) -> None:
    contact = shop.know("c-1")
    shop.add(product("A", 2, 450))
    shop.run()
    say(shop, 100)
    shop.pay()
    assert data(shop) == {
        "order_ref": ref(),
        "contact_id": contact,
        "intent": "Purchase",
        "state": "parked",
        "reason": "paid_amount",
    }
