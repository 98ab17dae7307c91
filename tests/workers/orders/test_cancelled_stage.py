"""A person cancels an order by moving it to the stage of cancelled ones: a real Redis, the served stand-in."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from leadcore.config import Config, Hooks, Notify, parse
from leadcore.events import Events
from leadcore.fields import CUSTOMER, DATA, EVENT, EVENT_ID, LEAD
from leadcore.store import keys
from tests.conftest import SHARDS
from tests.faults.wires import moments, watch
from tests.stand_ins import Crm
from tests.workers.orders.shop import KEY, Shop, open_shop

ALONE = "[orders]\n"
TOLD = Events(Config(hooks=Hooks(on=("order.cancelled",))), hooks=True)


@pytest.fixture
def shop(served: Crm, database: Any) -> Iterator[Shop]:
    with open_shop(served, database, config=parse(ALONE), events=TOLD) as shop:
        yield shop


def sell(shop: Shop) -> str:
    """An order of 900 THB that leadsync made and knows; its id."""
    order = shop.order(hs_total_price="900")
    known = {"amount": "90000", "currency": "THB", "customer": '"c-1"', "lead": "lead-1"}
    shop.redis.hset(keys.order(f"REF{shop.count:05}"), mapping=known)
    return order


def told(shop: Shop, line: str = keys.HOOKS) -> list[dict[bytes, bytes]]:
    rows = [shop.redis.xrange(keys.entries(line, shard)) for shard in range(SHARDS)]
    return [fields for row in rows for _, fields in row]


def again(shop: Shop) -> None:
    """Another worker takes over, which has seen nothing."""
    shop.redis.delete(keys.STAGES_LOCK)
    shop.step(shop.poller(), later=31)


def test_who_wants_to_know_is_told_once_that_a_person_cancelled_an_order(shop: Shop) -> None:
    order = sell(shop)
    shop.move(order, "Cancelled")
    shop.step()
    assert not told(shop), "it may be a slip"
    shop.step(later=31)
    [event] = told(shop)
    assert (event[EVENT], event[LEAD], json.loads(event[CUSTOMER])) == (b"order.cancelled", b"lead-1", {"id": "c-1"})
    assert json.loads(event[DATA]) == {
        "order": order,
        "order_ref": "REF00001",
        "amount": "900.00",
        "currency": "THB",
        "state": "cancelled",
    }
    shop.edit(order, hs_order_name="Cancelled by phone")
    shop.step(later=31)
    again(shop)
    assert len(told(shop)) == 1
    assert (shop.waiting(), shop.said()) == ({}, [])


@pytest.mark.parametrize(("on", "count"), [(("order.cancelled",), 1), (("lead.created",), 0)])
def test_the_team_is_told_if_it_wants_to_know(served: Crm, database: Any, on: Any, count: int) -> None:
    events = Events(Config(notify=Notify(on=on)), notices=True)
    with open_shop(served, database, config=parse(ALONE), events=events) as shop:
        order = sell(shop)
        shop.move(order, "Cancelled")
        shop.step(later=31)
        assert len(told(shop, keys.NOTICES)) == count


def test_a_move_that_is_taken_back_at_once_is_not_told(shop: Shop) -> None:
    order = sell(shop)
    shop.move(order, "Cancelled")
    shop.step()
    shop.move(order, "Open")
    shop.step(later=31)
    assert not told(shop)


def test_an_order_that_is_cancelled_once_more_is_told_once_more(shop: Shop) -> None:
    order = sell(shop)
    for _ in range(2):
        shop.move(order, "Cancelled")
        shop.step(later=31)
        shop.move(order, "Open")
        shop.step(later=31)
    assert len({event[EVENT_ID] for event in told(shop)}) == len(told(shop)) == 2


def test_what_leadsync_cancelled_itself_is_not_told_again(shop: Shop) -> None:
    order = sell(shop)
    shop.write(order, hs_pipeline_stage=shop.names["Cancelled"])
    shop.step(later=31)
    assert not told(shop)


def test_what_was_cancelled_before_anybody_wanted_to_know_is_not_told(shop: Shop) -> None:
    shop.redis.flushdb()
    order = sell(shop)
    shop.move(order, "Cancelled")
    time.sleep(0.002)  # the clock of the next step is another millisecond
    shop.step()
    shop.edit(order, hs_order_name="Cancelled long ago")
    shop.step(later=31)
    assert not told(shop)


def test_of_a_customer_who_was_forgotten_nothing_is_told(shop: Shop) -> None:
    order = sell(shop)
    shop.redis.set(keys.forgotten(keys.digest(KEY, "c-1")), f"{int(time.time() * 1000) + 60_000} x")
    shop.move(order, "Cancelled")
    shop.step(later=31)
    assert not told(shop)


def test_where_the_stage_has_a_text_the_customer_is_told_too(shop: Shop) -> None:
    shop.redis.delete(keys.STAGES_LOCK)
    poller = shop.poller(config=parse('[orders.messages.th]\nCancelled = "ยกเลิกแล้วค่ะ"\n'))
    shop.step(poller)
    order = sell(shop)
    shop.move(order, "Cancelled")
    shop.step(poller, later=31)
    assert (len(told(shop)), shop.said()) == (1, [("c-1", "ยกเลิกแล้วค่ะ")])


def test_where_nobody_wants_to_know_no_cancelled_order_is_looked_at(shop: Shop) -> None:
    shop.events = Events(Config(hooks=Hooks(on=("order.paid",))), hooks=True)
    shop.redis.delete(keys.STAGES_LOCK)
    poller = shop.poller()
    order = sell(shop)
    shop.move(order, "Cancelled")
    shop.step(poller, later=31)
    assert (told(shop), shop.waiting()) == ([], {})


def test_a_worker_may_die_at_any_moment_and_it_is_told_once(shop: Shop, subtests: pytest.Subtests) -> None:
    for wire in moments(watch(shop.redis, shop.crm)):
        shop.redis.flushdb()
        shop.know("c-1")
        shop.ahead_ms = 0
        shop.step()
        time.sleep(0.002)  # the move comes later than the clock of that step
        order = sell(shop)
        shop.move(order, "Cancelled")
        shop.step_and_die(wire, later=31)
        for _ in range(2):
            shop.redis.delete(keys.STAGES_LOCK)
            shop.step(later=31)
        with subtests.test(moment=wire.index):
            assert [json.loads(event[DATA])["order"] for event in told(shop)] == [order]
            assert not shop.waiting()
    assert wire.count > 8
