"""Stages of orders speak: a real Redis, the served stand-in, and a salesperson who moves orders."""

import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import redis

from leadcore.config import parse
from leadcore.event import identity
from leadcore.store import keys, stages
from leadcore.store.stages import GONE
from tests.stand_ins import Crm
from tests.workers.orders.shop import CONFIG, KEY, Shop, lose_told, open_shop, restore_told
from workers.orders import stages as poller_module

HOUR = 3600.0
READ = "/orders/batch/read"
SEARCH = "/orders/search"


@pytest.fixture
def shop(served: Crm, database: Any) -> Iterator[Shop]:
    """A shop that has told its customers of stages for a while, with one customer."""
    with open_shop(served, database) as shop:
        yield shop


def test_the_customer_is_told_when_a_person_moves_the_order(shop: Shop) -> None:
    order = shop.order()
    shop.move(order, "Processed")
    shop.step()
    assert not shop.said()
    shop.step(later=31)
    assert shop.said() == [("c-1", "กำลังเตรียมของค่ะ")]
    assert shop.told(order) == ["Processed"]
    assert not shop.waiting()


def test_the_customer_is_told_once_per_order_and_stage(shop: Shop) -> None:
    first, second = shop.order(), shop.order()
    for one in (first, second):
        shop.move(one, "Delivered")
    shop.step(later=31)
    for stage in ("Open", "Delivered", "Cancelled", "Delivered"):
        shop.move(first, stage)
        shop.edit(second, hs_order_name=f"anything {stage}")
        shop.step(later=31)
    assert shop.said() == [("c-1", "ถึงแล้วค่ะ REF00001"), ("c-1", "ถึงแล้วค่ะ REF00002")]


def test_a_lost_redis_repeats_nothing(shop: Shop) -> None:
    order = shop.order()
    shop.move(order, "Processed")
    shop.step(later=31)
    assert len(shop.said()) == 1
    shop.redis.flushdb()
    shop.know("c-1")
    shop.step(shop.poller())
    shop.edit(order, hs_order_name="edited")
    shop.move(order, "Open")
    shop.move(order, "Processed")
    for _ in range(2):
        shop.step(shop.pollers[1], later=31)
    assert not shop.said()


def test_what_came_before_the_feature_was_on_stays_silent(shop: Shop) -> None:
    early, late = shop.order(), shop.order()
    shop.move(early, "Shipped", hs_shipping_tracking_number="TH1")
    shop.redis.flushdb()
    shop.know("c-1")
    time.sleep(0.002)  # HubSpot's times have milliseconds
    poller = shop.poller()
    shop.step(poller)
    shop.edit(early, hs_order_name="edited")
    shop.move(late, "Processed")
    shop.step(poller, later=31)
    assert shop.said() == [("c-1", "กำลังเตรียมของค่ะ")]


def test_a_stage_that_gets_a_text_later_speaks_of_later_moves_alone(shop: Shop) -> None:
    early, late = shop.order(), shop.order()
    shop.move(early, "Cancelled")
    shop.step(later=31)
    poller = shop.poller(config=parse(CONFIG + 'Cancelled = "Cancelled"'))
    shop.pollers[0].token = poller.token
    shop.ahead_ms = 0
    time.sleep(0.002)
    shop.redis.delete(keys.STAGES_LOCK)
    shop.step(poller)
    shop.edit(early, hs_order_name="edited")
    shop.move(late, "Cancelled")
    shop.step(poller, later=31)
    assert shop.said() == [("c-1", "Cancelled")]
    assert shop.told(early) == []


def test_what_leadsync_sets_itself_stays_silent(shop: Shop) -> None:
    made = shop.order(stage="Processed")
    moved = shop.order()
    shop.write(moved, hs_pipeline_stage=shop.names["Processed"])
    shop.step(later=31)
    shop.edit(made, hs_order_name="edited")
    shop.step(later=31)
    assert not shop.said()
    assert not shop.waiting()


def test_a_person_who_wrote_what_was_told_is_still_a_person(shop: Shop) -> None:
    order = shop.order()
    shop.move(order, "Processed", dealdroid_told=f"{shop.names['Processed']} by hand")
    shop.step(later=31)
    assert not shop.said()
    shop.move(order, "Delivered")
    shop.step(later=31)
    assert shop.said() == [("c-1", "ถึงแล้วค่ะ REF00001")]


def test_stages_that_the_portal_does_not_have_are_waited_for_in_peace(shop: Shop) -> None:
    shop.redis.flushdb()
    poller = shop.poller(config=parse('[orders.messages.th]\nSomewhere = "x"'))
    searches = shop.crm.calls(SEARCH)
    assert shop.step(poller) == shop.step(poller) == poller_module.IDLE_SECONDS
    assert shop.crm.calls(SEARCH) == searches


def test_an_order_without_a_customer_stays_silent(shop: Shop) -> None:
    order = shop.order(customer=None)
    shop.move(order, "Processed")
    shop.edit(shop.order(customer="c-1"), dealdroid_customer_id="not JSON", hs_pipeline_stage=shop.names["Processed"])
    shop.step(later=31)
    assert not shop.said()
    assert shop.told(order) == []


def test_the_customer_is_the_orders_and_exactly_as_dealdroid_gave_it(shop: Shop) -> None:
    for customer in (123, "123"):
        shop.know(customer)
        shop.move(shop.order(customer=customer), "Processed")
    shop.step(later=31)
    assert {type(customer) for customer, _ in shop.said()} == {int, str}
    assert [identity(customer) for customer, _ in shop.said()] == ["123", "123"]


@pytest.mark.parametrize(
    ("contact", "text"),
    [({"hs_language": "en"}, "On its way: TH1"), ({"hs_language": "th"}, "ส่งแล้วค่ะ TH1"), ({}, "ส่งแล้วค่ะ TH1")],
)
def test_the_language_is_that_of_the_customers_own_contact(shop: Shop, contact: dict[str, str], text: str) -> None:
    shop.know("c-2", **contact)
    shop.crm.create(email="guest@example.com", hs_language="en", dealdroid_other_customer_ids="c-2")
    shop.move(shop.order(customer="c-2"), "Shipped", hs_shipping_tracking_number="TH1")
    shop.step(later=31)
    assert shop.said() == [("c-2", text)]


def test_a_text_waits_for_its_tracking_number(shop: Shop) -> None:
    order = shop.order()
    shop.move(order, "Shipped")
    shop.step(later=31)
    assert not shop.said()
    shop.edit(order, hs_shipping_tracking_number="TH9")
    shop.step()
    assert shop.said() == [("c-1", "ส่งแล้วค่ะ TH9")]


def test_a_text_goes_without_a_tracking_number_after_a_day(shop: Shop) -> None:
    shop.move(shop.order(), "Shipped")
    shop.step(later=31)
    shop.know("c-1", heard_ms=int(time.time() * 1000) + 86_400_000)
    shop.step(later=23 * HOUR)
    assert not shop.said()
    shop.step(later=HOUR)
    assert shop.said() == [("c-1", "ส่งแล้วค่ะ")]


def test_only_the_newest_stage_is_told_after_hubspot_was_away(shop: Shop) -> None:
    order = shop.order()
    shop.crm.fault("503")
    shop.move(order, "Processed")
    for _ in range(3):
        assert shop.step(later=600) > poller_module.IDLE_SECONDS
    assert shop.redis.hget(keys.STAGES, stages.WAITS) == b"unavailable"
    shop.move(order, "Delivered")
    shop.crm.control("DELETE", "faults")
    shop.step(later=12 * HOUR)
    assert shop.said() == [("c-1", "ถึงแล้วค่ะ REF00001")]
    assert shop.redis.hget(keys.STAGES, stages.WAITS) == b""


def test_what_the_index_shows_late_is_told_too(shop: Shop) -> None:
    shop.crm.settings(search_lag=2, searches_per_second=1000, requests_per_10s=10_000)
    late, early = shop.order(), shop.order()
    shop.move(late, "Processed")
    shop.move(early, "Delivered")
    shop.step(later=31)
    assert not shop.said()
    shop.crm.settings(search_lag=0, searches_per_second=1000, requests_per_10s=10_000)
    shop.step(later=31)
    assert len(shop.said()) == 2


def test_history_is_read_of_candidates_only_and_nothing_where_nothing_changed(shop: Shop) -> None:
    order = shop.order()
    shop.order(stage="Processed")
    for _ in range(3):
        shop.step(later=31)
    made = shop.crm.calls(READ)
    assert made == 1
    shop.edit(order, hs_order_name="edited")
    shop.step(later=31)
    assert shop.crm.calls(READ) == made
    searches = shop.crm.calls(SEARCH)
    for _ in range(3):
        shop.step(later=61, search=False)
    assert shop.crm.calls(SEARCH) == searches + 3
    shop.step(later=5, search=False)
    assert (shop.crm.calls(SEARCH), shop.crm.calls(READ)) == (searches + 3, made)


def test_a_bulk_move_is_held_until_somebody_decides(shop: Shop) -> None:
    orders = [shop.order() for _ in range(35)]
    for one in orders:
        shop.move(one, "Processed")
    shop.step(later=31)
    assert not shop.said()
    held = shop.held.read(100)
    assert {one.order for one in held} == set(orders)
    assert {(one.record.cause, one.record.label) for one in held} == {("bulk", "Processed")}
    assert shop.redis.hget(keys.COUNTS, "stage_held_bulk") == b"35"
    assert shop.held.drop(orders[0], "somebody") == ""
    assert shop.held.release(orders[1], "somebody") == ""
    shop.step()
    assert shop.said() == [("c-1", "กำลังเตรียมของค่ะ")]
    assert [shop.told(one) for one in orders[:3]] == [["Processed"], ["Processed"], []]
    assert shop.held.release(orders[0], "somebody") == shop.held.drop(orders[1], "somebody") == GONE
    assert len(shop.held.read(100)) == 33
    for one in orders:
        shop.edit(one, hs_order_name="edited")
    shop.step(later=31)
    assert len(shop.said()) == 1


def test_a_bulk_move_is_seen_whole_before_the_first_one_is_told(shop: Shop) -> None:
    """However many other orders are due, and in whatever order they are looked at."""
    many = [shop.order(customer=f"c-{number}") for number in range(95)]
    for number, one in enumerate(many):
        shop.know(f"c-{number}")
        shop.move(one, "Processed")
    moves: dict[str, int] = {}
    bulk = set(many[::2][:35])
    read = shop.pollers[0].records.read

    def spread(kind: str, ids: list[str], *more: Any, **options: Any) -> dict[str, Any]:
        """As `read`, as if all but those of the bulk had been moved one after the other."""
        found: dict[str, Any] = read(kind, ids, *more, **options)
        for id, order in found.items():
            if kind == "orders":
                value, at_ms, source = order["history"]["hs_pipeline_stage"][0]
                moves.setdefault(id, at_ms if id in bulk else at_ms + 4000 * (many.index(id) + 20))
                order["history"]["hs_pipeline_stage"][0] = (value, moves[id], source)
        return found

    shop.pollers[0].records.read = spread  # type: ignore[method-assign,assignment]
    shop.step(later=600)
    assert {one.order for one in shop.held.read(100)} == bulk
    assert len(shop.said()) == 30


def test_what_is_released_leaves_thirty_a_minute(shop: Shop) -> None:
    orders = [shop.order(customer=f"c-{number}") for number in range(70)]
    for number, one in enumerate(orders):
        shop.know(f"c-{number}")
        shop.move(one, "Processed")
    shop.step(later=31)
    assert [shop.held.release(one, "somebody") for one in orders] == [""] * 70
    counts = []
    for seconds in (0, 30, 31, 30, 31):
        shop.step(later=seconds, search=False)
        counts.append(len(shop.said()))
    assert counts == [30, 30, 60, 60, 70]


def test_a_bulk_that_comes_in_parts_is_held_from_the_part_that_shows_it(shop: Shop) -> None:
    orders = [shop.order() for _ in range(40)]
    for one in orders[:20]:
        shop.move(one, "Processed")
    shop.step(later=31)
    for one in orders[20:]:
        shop.move(one, "Processed")
    shop.step(later=31)
    assert len(shop.said()) == 20
    assert len(shop.held.read(100)) == 20


def test_what_nobody_decides_in_a_week_is_never_told(shop: Shop) -> None:
    shop.know("c-1", heard_ms=0)
    order = shop.order()
    shop.move(order, "Processed")
    shop.step(later=31)
    assert len(shop.held.read(10)) == 1
    shop.step(later=7 * 24 * HOUR)
    assert not shop.held.read(10)
    assert not shop.waiting()
    shop.know("c-1", heard_ms=int(time.time() * 1000) + 8 * 86_400_000)
    shop.edit(order, hs_order_name="edited")
    shop.step(later=31)
    assert not shop.said()


def test_what_is_held_for_the_window_leaves_once_a_person_released_it(shop: Shop) -> None:
    shop.know("c-1", heard_ms=int(time.time() * 1000) - 24 * 3_600_000)
    order = shop.order()
    shop.move(order, "Processed")
    shop.step(later=31)
    [held] = shop.held.read(10)
    assert held.as_dict()["reason"] == "the customer was last heard longer ago than window_hours"
    assert held.as_dict()["cause"] == "window"
    shop.held.release(order, "somebody")
    shop.step()
    assert len(shop.said()) == len(shop.by_person()) == 1


def test_an_order_that_moved_on_is_not_told_what_was_released(shop: Shop) -> None:
    shop.know("c-1", heard_ms=0)
    order = shop.order()
    shop.move(order, "Processed")
    shop.step(later=31)
    shop.held.release(order, "somebody")
    shop.move(order, "Open")
    shop.step()
    assert not shop.said()
    assert not shop.waiting()


def test_a_deleted_order_is_forgotten(shop: Shop) -> None:
    order = shop.order()
    shop.move(order, "Processed")
    shop.step()
    shop.crm.control("DELETE", f"orders/{order}")
    shop.step(later=31)
    assert not shop.said()
    assert not shop.waiting()


def test_a_customer_who_was_forgotten_is_told_nothing(shop: Shop) -> None:
    order = shop.order()
    shop.move(order, "Processed")
    shop.redis.set(keys.forgotten(keys.digest(KEY, "c-1")), f"{int(time.time() * 1000) + 1} x")
    shop.step(later=31)
    assert not shop.said()


def test_every_page_is_read_also_of_orders_that_were_modified_at_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poller_module, "PAGE", 3)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    orders = [shop.order(customer=f"c-{number}") for number in range(8)]
    for one in orders:
        shop.move(one, "Processed")
    monkeypatch.undo()
    monkeypatch.setattr(poller_module, "PAGE", 3)
    monkeypatch.setattr(poller_module, "PAGE_SECONDS", 0.0)
    orders += [shop.order(customer=f"d-{number}") for number in range(4)]
    for one in orders[8:]:
        shop.move(one, "Processed")
    shop.step()
    assert set(shop.waiting()) == set(orders)


def test_one_worker_polls_at_a_time(shop: Shop) -> None:
    searches = shop.crm.calls(SEARCH)
    other = shop.poller()
    assert shop.step(other) == poller_module.IDLE_SECONDS
    assert shop.crm.calls(SEARCH) == searches
    shop.redis.delete(keys.STAGES_LOCK)
    shop.step(other)
    assert shop.crm.calls(SEARCH) == searches + 1


def test_it_says_what_keeps_it_from_going_on(shop: Shop) -> None:
    poller = shop.poller()
    shop.redis.delete(keys.STAGES_LOCK)
    shop.redis.hset(keys.PAUSE, "until", int(time.time() * 1000) + 60_000)
    shop.step(poller)
    assert shop.redis.hget(keys.STAGES, stages.WAITS) == b"paused"


def test_who_could_not_be_told_for_want_of_the_property_is_told_once_it_is_there(shop: Shop) -> None:
    told = lose_told(shop)
    order = shop.order()
    poller = shop.poller()
    shop.move(order, "Processed")
    for _ in range(2):
        shop.step(poller, later=31)
    assert shop.redis.hget(keys.STAGES, stages.WAITS) == b"stage_key"
    assert b"dealdroid_told" in shop.redis.hget(keys.STAGES, stages.WHY)
    assert not shop.said()
    restore_told(shop, told)
    for _ in range(2):
        shop.step(shop.poller(), later=601)
    assert shop.said() == [("c-1", "กำลังเตรียมของค่ะ")]
    assert shop.redis.hget(keys.STAGES, stages.WAITS) == b""


def test_what_is_stored_names_nobody(shop: Shop) -> None:
    shop.know("c-1", heard_ms=0)
    shop.move(shop.order(customer="c-1"), "Processed", hs_order_name="Somchai Jaidee")
    shop.step(later=31)
    for name in shop.redis.scan_iter(f"{keys.STAGES}*"):
        kind = shop.redis.type(name)
        stored = {b"hash": shop.redis.hgetall, b"zset": lambda one: shop.redis.zrange(one, 0, -1)}.get(
            kind, shop.redis.get
        )(name)
        assert "Somchai" not in str(stored)
        assert "c-1" not in str(stored)


def test_a_worker_that_stood_still_ends_nothing_of_the_stage_that_came_since(shop: Shop) -> None:
    order = shop.order()
    shop.move(order, "Processed")
    shop.step()

    def go_on() -> None:
        shop.step(later=11)
        shop.move(order, "Shipped")
        shop.step(later=31)

    shop.step(shop.stand_still("update", go_on), later=31)
    assert shop.waiting()[order].label == "Shipped"
    shop.edit(order, hs_shipping_tracking_number="TH1")
    shop.step(later=601)
    assert len(shop.said()) == 2


def test_what_a_person_releases_at_the_end_of_its_week_is_released(shop: Shop) -> None:
    order = shop.order()
    shop.know("c-1", heard_ms=0)
    shop.move(order, "Processed")
    shop.step(later=31)
    assert [one.order for one in shop.held.read(9)] == [order]

    class Between(redis.Redis):
        def zrangebyscore(self, name: str, *given: Any, **more: Any) -> Any:
            found = super().zrangebyscore(name, *given, **more)
            if name == keys.STAGES_HELD:
                assert not shop.held.release(order, "somebody")
            return found

    with closing(Between(connection_pool=shop.redis.connection_pool)) as connection:
        shop.redis.delete(keys.STAGES_LOCK)
        shop.step(shop.poller(connection), later=stages.HELD_MS / 1000)
    assert shop.said() == [("c-1", "กำลังเตรียมของค่ะ")]
