"""The link of an order that a person cancelled in HubSpot asks for nothing: a real Redis, the served stand-in."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from leadcore.config import Config, Orders, Payment, parse
from leadcore.store import keys
from leadcore.store.epoch import read_epoch
from leadcore.store.orders import Session, open_session, read_order
from tests.faults.wires import moments, watch
from tests.stand_ins import Crm
from tests.workers.orders.conftest import NOW, OrderLine, open_line
from tests.workers.orders.shop import Shop, open_shop
from tests.workers.rules.orders.events import product
from workers.orders.order_store import ALL_KNOWN
from workers.orders.stages import forget_progress
from workers.rules.orders.stages import OLD_MS

LINKS = "[orders]\n[payment]\nprovider = 'stripe'\n"


@pytest.fixture
def shop(served: Crm, database: Any) -> Iterator[Shop]:
    with open_shop(served, database, config=parse(LINKS)) as shop:
        yield shop


def sell(shop: Shop, **more: str) -> str:
    """An order of 900 THB that leadsync made and knows; its id."""
    order = shop.order(hs_total_price="900")
    known = {"amount": "90000", "currency": "THB", "customer": '"c-1"', "payable": "yes", **more}
    shop.redis.hset(keys.order(f"REF{shop.count:05}"), mapping=known)
    return order


def asks(shop: Shop, reference: str = "REF00001") -> bool:
    found = read_order(shop.redis, reference)
    return not (found.called_off or found.cancelled)


def again(shop: Shop, config: Config | None = None) -> None:
    """Another worker takes over, which has seen nothing."""
    shop.redis.delete(keys.STAGES_LOCK)
    shop.step(shop.poller(config=config))


def test_the_link_asks_for_nothing_as_soon_as_the_order_is_seen_among_the_cancelled_ones(shop: Shop) -> None:
    order = sell(shop)
    shop.step()
    assert asks(shop)
    shop.move(order, "Cancelled")
    shop.step()
    assert not asks(shop)
    assert not shop.waiting()


@pytest.mark.parametrize("stage", ["Open", "Processed"])
def test_the_link_asks_again_once_the_order_is_moved_back(shop: Shop, stage: str) -> None:
    order = sell(shop)
    for _ in range(2):
        shop.move(order, "Cancelled")
        shop.step()
        assert not asks(shop)
        shop.move(order, stage)
        shop.step()
        assert asks(shop)


def test_another_worker_sees_that_it_was_moved_back_too(shop: Shop) -> None:
    order = sell(shop)
    shop.move(order, "Cancelled")
    shop.step()
    shop.move(order, "Open")
    again(shop)
    assert asks(shop)


@pytest.mark.parametrize("meanwhile", [True, False])
def test_the_link_asks_again_also_where_nobody_watched_for_a_while(shop: Shop, meanwhile: bool) -> None:
    order, other = sell(shop), sell(shop)
    for one in (order, other):
        shop.move(one, "Cancelled")
    shop.step()
    forget_progress(shop.redis)
    if meanwhile:
        shop.move(order, "Open")
        shop.redis.delete(keys.STAGES_LOCK)
        shop.poller().step()
    else:
        again(shop)
        shop.move(order, "Open")
        again(shop)
    assert asks(shop)
    assert not asks(shop, "REF00002")
    assert not shop.redis.exists(keys.STAGES_DUE)


def test_a_person_who_reopens_what_the_customer_cancelled_lets_its_link_ask_again(shop: Shop) -> None:
    order = sell(shop, cancelled="1")
    shop.write(order, hs_pipeline_stage=shop.names["Cancelled"])
    shop.step()
    assert not asks(shop)
    shop.move(order, "Open")
    shop.step()
    assert asks(shop)


@pytest.fixture
def line(shop: Shop) -> Iterator[OrderLine]:
    """The orders' line of the same shop, where c-2 has bought something for 900 THB."""
    shop.redis.set(keys.ORDERS_STORE, ALL_KNOWN)
    shop.redis.set(keys.ORDERS_EPOCH, f"{read_epoch(shop.redis)} 0")
    config = Config(orders=Orders(cancel_intents=("Cancel*",)), payment=Payment())
    with open_line(shop.crm, shop.redis, config) as line:
        line.know("c-2")
        line.add(product("A", 2, 450), customer="c-2")
        line.run()
        yield line


def test_the_link_asks_again_where_a_person_undoes_at_once_what_the_customer_cancelled(
    shop: Shop, line: OrderLine
) -> None:
    reference = line.receipt("lead-1").order_ref
    line.add(intent="Cancel order", at=NOW + 1, customer="c-2")
    line.run()
    assert not asks(shop, reference)
    shop.move(line.orders("c-2")[0]["id"], "Open")
    shop.step()
    assert asks(shop, reference)


def test_the_link_stays_closed_where_the_poller_read_the_order_before_its_customer_cancelled_it(
    shop: Shop, line: OrderLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference, records = line.receipt("lead-1").order_ref, shop.pollers[0].records
    read = records.read

    def read_and_cancel(*args: Any, **more: Any) -> Any:
        found = read(*args, **more)
        if not line.receipt("lead-2").order:
            line.add(intent="Cancel order", at=NOW + 1, customer="c-2")
            line.run()
        return found

    monkeypatch.setattr(records, "read", read_and_cancel)
    shop.redis.zadd(keys.STAGES_DUE, {line.orders("c-2")[0]["id"]: 1})
    shop.step(search=False)
    assert not asks(shop, reference)
    shop.step()
    assert not asks(shop, reference)


def test_what_a_customer_cancels_at_this_moment_is_not_opened_again(shop: Shop) -> None:
    order = sell(shop, cancelled="1")
    shop.edit(order, hs_order_name="HubSpot has it in its first stage still")
    shop.step()
    assert not asks(shop)


def test_an_order_of_which_only_the_link_is_known_is_cancelled_too(shop: Shop) -> None:
    order = sell(shop)
    shop.redis.delete(keys.order("REF00001"))
    shop.move(order, "Cancelled")
    shop.step()
    assert not asks(shop)
    assert shop.redis.ttl(keys.order("REF00001")) > 0


def test_a_click_that_was_decided_before_opens_no_session(shop: Shop) -> None:
    order = sell(shop)
    decided = read_order(shop.redis, "REF00001")
    shop.move(order, "Cancelled")
    shop.step()
    assert not open_session(shop.redis, "REF00001", decided.revision, Session(1, 90000, "cs_1"))


def test_an_order_that_only_stays_cancelled_is_changed_once(shop: Shop) -> None:
    order = sell(shop)
    shop.move(order, "Cancelled")
    shop.step()
    before = shop.redis.hgetall(keys.order("REF00001"))
    shop.edit(order, hs_order_name="Cancelled by phone")
    shop.step()
    assert shop.redis.hgetall(keys.order("REF00001")) == before


def test_where_nothing_is_paid_by_links_nothing_is_noted(shop: Shop) -> None:
    order = sell(shop)
    shop.move(order, "Cancelled")
    again(shop, parse("[orders]\n"))
    assert asks(shop)


def test_what_was_cancelled_so_long_ago_that_its_links_ended_is_not_watched_any_more(shop: Shop) -> None:
    order = sell(shop)
    shop.move(order, "Cancelled")
    shop.step()
    assert shop.redis.zcard(keys.STAGES_CLOSED) == 1
    shop.step(later=OLD_MS / 1000 + 1)
    assert not shop.redis.exists(keys.STAGES_CLOSED)


@pytest.mark.parametrize(("first", "then", "asked"), [("Open", "Cancelled", False), ("Cancelled", "Open", True)])
def test_a_worker_may_die_at_any_moment_and_the_link_follows_the_order(
    shop: Shop, subtests: pytest.Subtests, first: str, then: str, asked: bool
) -> None:
    for wire in moments(watch(shop.redis, shop.crm)):
        shop.redis.flushdb()
        shop.ahead_ms = 0
        shop.step()
        time.sleep(0.002)  # the move comes later than the clock of that step
        order = sell(shop)
        reference = f"REF{shop.count:05}"
        shop.move(order, first)
        shop.step()
        assert asks(shop, reference) is not asked
        shop.move(order, then)
        shop.step_and_die(wire, later=1)
        shop.redis.delete(keys.STAGES_LOCK)
        shop.step()
        with subtests.test(moment=wire.index):
            assert asks(shop, reference) is asked
    assert wire.count > 8


@pytest.mark.parametrize("stages", [("Cancelled", "Open"), ("Open", "Cancelled")])
def test_a_worker_that_stood_still_does_to_a_link_nothing_that_is_over(shop: Shop, stages: tuple[str, str]) -> None:
    before, now = stages
    order = sell(shop)
    if before == "Open":
        shop.move(order, "Cancelled")
        shop.step()
    shop.move(order, before)

    def go_on() -> None:
        shop.move(order, now)
        shop.step()

    shop.step(shop.stand_still("read", go_on))
    assert asks(shop) is (now == "Open")
