"""A person notes that an order is paid by moving it to `paid_stage`: a real Redis, the served stand-in."""

import itertools
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import redis

from leadcore.config import parse
from leadcore.fields import BODY, LEAD
from leadcore.reasons import reason
from leadcore.store import keys, stages
from leadcore.store.orders import COMPARED, YES
from leadcore.store.parked_orders import ParkedPayments
from leadcore.store.payments import read_news, say_paid
from tests.conftest import SHARDS
from tests.faults.wires import NO_RETRY, Killed, Pool, Wire, moments, watch
from tests.stand_ins import Crm
from tests.workers.orders.shop import CONFIG, Shop, lose_told, open_shop, restore_told
from workers.orders.stages import StagePoller
from workers.rules.orders.payment import park
from workers.rules.orders.stages import MOST_PER_MINUTE

PAID = (
    CONFIG
    + """
[payment]
provider = "promptpay"
"""
)
ORDERS_ALONE = "[orders]\n[payment]\nprovider = 'promptpay'\n"


@pytest.fixture
def shop(served: Crm, database: Any) -> Iterator[Shop]:
    with open_shop(served, database, config=parse(PAID)) as shop:
        yield shop


def sell(shop: Shop, payable: str = YES, **more: str) -> str:
    """An order of 900 THB that leadsync made and knows; its id."""
    order = shop.order()
    known = {"amount": "90000", "currency": "THB", "payable": payable, "customer": '"c-1"', "lead": "lead-1", **more}
    shop.redis.hset(keys.order(f"REF{shop.count:05}"), mapping=known)
    return order


def begin(shop: Shop, *, text: bool) -> StagePoller:
    """A poller that has begun, so that what moves from now on counts. `text`: whether the paid stage has one."""
    poller = shop.poller(config=parse(PAID if text else ORDERS_ALONE))
    shop.redis.delete(keys.STAGES_LOCK)
    shop.step(poller)
    time.sleep(0.002)
    return poller


def paid(shop: Shop) -> list[tuple[str, int, str]]:
    """What was said of payments, by reference."""
    rows = [shop.redis.xrange(keys.entries(keys.PAYMENTS, shard)) for shard in range(SHARDS)]
    news = [read_news(fields[BODY]) for row in rows for _, fields in row]
    return sorted((one.reference, one.amount, one.currency) for one in news)


@pytest.mark.parametrize("payable", [YES, COMPARED])
def test_a_person_says_that_an_order_is_paid_by_moving_it(shop: Shop, payable: str) -> None:
    order = sell(shop, payable)
    shop.move(order, "Processed")
    shop.step()
    assert not paid(shop)
    shop.step(later=31)
    assert paid(shop) == [("REF00001", 90000, "THB")]
    actions = [fields for _, fields in shop.redis.xrange(keys.ACTIONS)]
    assert [sorted(value.decode() for value in one.values()) for one in actions] == [["HubSpot", "lead-1", "paid"]]
    assert not shop.waiting()


def test_who_is_thanked_for_the_payment_is_not_told_of_the_stage_too(shop: Shop) -> None:
    order = sell(shop)
    shop.move(order, "Processed")
    shop.step(later=31)
    shop.redis.hset(keys.order("REF00001"), "paid", "1")
    shop.edit(order, hs_payment_status="paid")
    shop.step(later=31)
    assert not shop.said()
    assert len(paid(shop)) == 1
    # The stages behind it speak as before.
    shop.move(order, "Delivered")
    shop.step(later=31)
    assert [text for _, text in shop.said()] == ["ถึงแล้วค่ะ REF00001"]


@pytest.mark.parametrize(
    ("total", "units", "said"), [("850", 85000, 1), ("900", 90000, 0), ("900.00", 90000, 0), ("", 90000, 0)]
)
def test_the_payment_is_of_what_the_order_costs_in_hubspot(shop: Shop, total: str, units: int, said: int) -> None:
    """Of another amount than the link asked for a person decides, so that the stage speaks and no thanks do."""
    order = sell(shop)
    shop.edit(order, hs_total_price=total)
    shop.move(order, "Processed")
    shop.step(later=31)
    assert paid(shop) == [("REF00001", units, "THB")]
    assert len(shop.said()) == said


def test_where_nobody_is_thanked_the_stage_speaks(shop: Shop) -> None:
    poller = shop.poller(config=parse(PAID + "[payment.thanks]\nth = ''\nen = ''\n"))
    shop.redis.delete(keys.STAGES_LOCK)
    order = sell(shop)
    shop.move(order, "Processed")
    shop.step(poller, later=31)
    assert [text for _, text in shop.said()] == ["กำลังเตรียมของค่ะ"]
    assert len(paid(shop)) == 1


def test_no_stage_needs_a_text_for_it(shop: Shop) -> None:
    poller = shop.poller(config=parse(ORDERS_ALONE))
    shop.redis.delete(keys.STAGES_LOCK)
    shop.step(poller)
    time.sleep(0.002)  # HubSpot's times have milliseconds
    order = sell(shop)
    shop.move(order, "Processed")
    shop.step(poller, later=31)
    assert len(paid(shop)) == 1
    assert not shop.said()


@pytest.mark.parametrize(
    "more", [{"payable": "pay_on_delivery"}, {"payable": ""}, {"paid": "1"}, {"cancelled": "1"}], ids=str
)
def test_what_no_link_could_be_paid_for_or_is_paid_already_is_only_moved(shop: Shop, more: dict[str, str]) -> None:
    order = sell(shop, **more)
    shop.move(order, "Processed")
    shop.step(later=31)
    assert not paid(shop)
    assert [text for _, text in shop.said()] == ["กำลังเตรียมของค่ะ"]


def test_what_leadsync_moved_says_nothing_of_payments(shop: Shop) -> None:
    order = sell(shop)
    shop.write(order, hs_pipeline_stage=shop.names["Processed"])
    shop.step(later=31)
    assert not paid(shop)


def test_another_stage_says_nothing_of_payments(shop: Shop) -> None:
    order = sell(shop)
    shop.move(order, "Shipped", hs_shipping_tracking_number="TH1")
    shop.step(later=31)
    assert not paid(shop)


def test_a_move_that_is_taken_back_at_once_says_nothing(shop: Shop) -> None:
    order = sell(shop)
    shop.move(order, "Processed")
    shop.step(later=10)
    shop.move(order, "Open")
    shop.step(later=31)
    assert not paid(shop)


def test_a_person_who_keeps_the_stage_silent_says_that_it_is_paid_all_the_same(shop: Shop) -> None:
    order = sell(shop)
    shop.move(order, "Processed", dealdroid_told=shop.names["Processed"])
    shop.step(later=31)
    assert len(paid(shop)) == 1
    assert not shop.said()


def test_what_is_paid_at_stripe_says_stripe(shop: Shop) -> None:
    poller = shop.poller(config=parse(PAID.replace("promptpay", "stripe")))
    shop.redis.delete(keys.STAGES_LOCK)
    order = sell(shop)
    shop.move(order, "Processed")
    shop.step(poller, later=31)
    assert not paid(shop)


def test_orders_that_stood_there_before_count_as_moved_only(shop: Shop) -> None:
    order = sell(shop)
    shop.move(order, "Processed")
    shop.redis.delete(keys.STAGES, keys.STAGES_ORDERS, keys.STAGES_DUE)
    time.sleep(0.002)
    shop.step(later=31)
    shop.edit(order, hs_order_name="edited")
    shop.step(later=31)
    assert not paid(shop)


@pytest.mark.parametrize("text", [True, False])
def test_a_move_of_many_is_no_word_of_their_payments(shop: Shop, text: bool) -> None:
    """A slip of the hand or an import, and nobody can take the thanks back."""
    poller = begin(shop, text=text)
    orders = [sell(shop) for _ in range(MOST_PER_MINUTE + 25)]
    for order in orders:
        shop.move(order, "Processed")
    for _ in range(3):
        shop.step(poller, later=31)
    assert not paid(shop)
    assert not shop.said()
    assert len(shop.held.read(100)) == len(orders)


def test_of_a_move_of_many_where_no_stage_speaks_only_what_could_be_paid_is_held(shop: Shop) -> None:
    poller = begin(shop, text=False)
    orders = [sell(shop, "no" if number % 2 else YES) for number in range(MOST_PER_MINUTE + 2)]
    for order in orders:
        shop.move(order, "Processed")
    for _ in range(2):
        shop.step(poller, later=31)
    assert {one.order for one in shop.held.read(100)} == set(orders[::2])


@pytest.mark.parametrize("text", [True, False])
def test_a_move_of_many_that_a_person_released_says_that_they_are_paid(shop: Shop, text: bool) -> None:
    poller = begin(shop, text=text)
    orders = [sell(shop) for _ in range(MOST_PER_MINUTE + 1)]
    for order in orders:
        shop.move(order, "Processed")
    shop.step(poller, later=31)
    shop.held.release(orders[0], "ann")
    shop.held.drop(orders[1], "ann")
    shop.step(poller, later=1)
    assert [reference for reference, *_ in paid(shop)] == ["REF00001"]
    assert not shop.said()
    assert {one.order for one in shop.held.read(100)} == {*orders[2:]}


def test_who_was_told_of_a_move_of_many_is_not_held_again_until_the_payment_is_noted(shop: Shop) -> None:
    orders = [sell(shop) for _ in range(MOST_PER_MINUTE + 1)]
    for order in orders:
        shop.move(order, "Processed")
    shop.edit(orders[0], hs_total_price="850")
    shop.step(later=31)
    shop.held.release(orders[0], "ann")
    shop.step(later=1)
    assert shop.told(orders[0]) == ["Processed"]
    shop.edit(orders[0], hs_order_name="edited")
    shop.step(later=61)
    assert {one.order for one in shop.held.read(100)} == {*orders[1:]}


def park_said(shop: Shop, reference: str) -> str:
    """Let the news of this order wait for a person; its id."""
    for shard in range(SHARDS):
        for entry, fields in shop.redis.xrange(keys.entries(keys.PAYMENTS, shard)):
            if read_news(fields[BODY]).reference == reference:
                shop.redis.xdel(keys.entries(keys.PAYMENTS, shard), entry)
                id = fields[LEAD].decode()
                for command in park(id, fields, "paid_amount", reason("payment_amount"), 1, reference):
                    shop.redis.execute_command(*command)
                return id
    raise AssertionError("nobody said that it is paid")


@pytest.mark.parametrize("by_command", [False, True], ids=["moved", "said by leadsync paid"])
def test_what_a_person_discarded_is_heard_again_once_the_order_leaves_and_comes_again(
    shop: Shop, by_command: bool
) -> None:
    order = sell(shop)
    if by_command:
        assert say_paid(shop.redis, SHARDS, "REF00001", "ann") == "recorded"
    shop.move(order, "Processed")
    shop.step(later=31)
    parked = ParkedPayments(shop.redis, SHARDS, 100)
    assert parked.discard(park_said(shop, "REF00001"), "ann") == ""
    for change in ({"hs_order_name": "edited"}, {"hs_total_price": "850"}):
        shop.edit(order, **change)
        shop.step(later=31)
    assert not paid(shop)
    shop.move(order, "Open")
    time.sleep(0.002)
    shop.move(order, "Processed")
    shop.step(later=31)
    assert paid(shop) == [("REF00001", 85000, "THB")]


def test_payments_are_heard_where_the_portal_cannot_note_who_was_told(shop: Shop) -> None:
    """Who is thanked for theirs is not told of the stage either, once the portal can note that."""
    told = lose_told(shop)
    thanked, other = sell(shop), sell(shop)
    shop.edit(other, hs_total_price="850")
    poller = shop.poller()
    for order in (thanked, other):
        shop.move(order, "Processed")
    for _ in range(2):
        shop.step(poller, later=31)
    assert paid(shop) == [("REF00001", 90000, "THB"), ("REF00002", 85000, "THB")]
    shop.redis.hset(keys.order("REF00001"), "paid", "1")
    restore_told(shop, told)
    for _ in range(2):
        shop.step(shop.poller(), later=601)
    assert len(paid(shop)) == 2
    assert shop.said() == [("c-1", "กำลังเตรียมของค่ะ")]
    assert (shop.told(thanked), shop.told(other)) == (["Processed"], ["Processed"])
    assert not shop.waiting()


def test_where_only_payments_are_heard_nothing_lacks_without_that_property(shop: Shop) -> None:
    lose_told(shop)
    poller = shop.poller(config=parse(ORDERS_ALONE))
    shop.step(poller)
    time.sleep(0.002)
    shop.move(sell(shop), "Processed")
    shop.step(poller, later=31)
    assert len(paid(shop)) == 1
    assert shop.redis.hget(keys.STAGES, stages.WAITS) == b""


def test_what_was_discarded_just_now_is_not_recorded_by_a_poller_that_read_the_order_before(shop: Shop) -> None:
    moved_ms = int(time.time() * 1000)
    sell(shop)
    assert say_paid(shop.redis, SHARDS, "REF00001", "HubSpot", said_ms=moved_ms) == "recorded"
    assert ParkedPayments(shop.redis, SHARDS, 100).discard(park_said(shop, "REF00001"), "ann") == ""
    assert say_paid(shop.redis, SHARDS, "REF00001", "HubSpot", said_ms=moved_ms) == "repeated"
    assert say_paid(shop.redis, SHARDS, "REF00001", "ann") == "recorded"


@pytest.mark.parametrize("dropped", [True, False])
@pytest.mark.parametrize("text", [True, False])
def test_a_move_of_many_says_nothing_of_payments_long_after_either(shop: Shop, text: bool, dropped: bool) -> None:
    """What nobody decides is dropped in a week."""
    poller = begin(shop, text=text)
    orders = [sell(shop) for _ in range(MOST_PER_MINUTE + 1)]
    for order in orders:
        shop.move(order, "Processed")
    shop.step(poller, later=31)
    if dropped:
        for order in orders:
            assert shop.held.drop(order, "ann") == ""
    shop.step(poller, later=1)
    shop.step(poller, later=8 * 86_400)
    shop.edit(orders[0], hs_order_name="edited")
    shop.step(poller, later=31)
    assert not paid(shop)


def test_what_a_search_found_is_found_again_by_the_same_worker_once_redis_lost_it(shop: Shop) -> None:
    """As when Redis is killed, or a replica that lags takes over, right after the search."""
    order = sell(shop)
    kept = {name: shop.redis.dump(name) for name in shop.redis.scan_iter()}
    shop.move(order, "Processed")
    shop.step()
    assert list(shop.waiting()) == [order]
    shop.redis.flushdb()
    for name, dumped in kept.items():
        shop.redis.restore(name, 0, dumped)
    shop.step()
    shop.step(later=31)
    assert paid(shop) == [("REF00001", 90000, "THB")]


def test_a_worker_may_die_at_any_moment_and_the_payment_is_noted_once(shop: Shop, subtests: pytest.Subtests) -> None:
    for wire in moments(watch(shop.redis, shop.crm)):
        shop.redis.flushdb()
        shop.know("c-1")
        shop.ahead_ms = 0
        shop.step()
        time.sleep(0.002)
        order = sell(shop)
        shop.move(order, "Processed")
        shop.step_and_die(wire, later=31)
        for _ in range(2):
            shop.redis.delete(keys.STAGES_LOCK)
            shop.step(later=31)
        with subtests.test(moment=wire.index):
            assert [reference for reference, *_ in paid(shop)] == [f"REF{shop.count:05}"]
            assert not shop.said()
            assert shop.told(order) == ["Processed"]
    assert wire.count > 15


def test_a_worker_may_die_at_any_moment_where_the_portal_cannot_note_who_was_told(
    shop: Shop, subtests: pytest.Subtests
) -> None:
    """The payment is noted once, and who is thanked for it is not told of the stage."""
    for wire in moments(watch(shop.redis, shop.crm)):
        shop.redis.flushdb()
        shop.know("c-1")
        shop.ahead_ms = 0
        told = lose_told(shop)
        poller = shop.poller()
        shop.step(poller)
        time.sleep(0.002)
        order = sell(shop)
        shop.move(order, "Processed")
        shop.step_and_die(wire, later=31)
        for _ in range(2):
            shop.redis.delete(keys.STAGES_LOCK)
            shop.step(poller, later=601)
        with subtests.test(moment=wire.index):
            assert [reference for reference, *_ in paid(shop)] == [f"REF{shop.count:05}"]
        shop.redis.hset(keys.order(f"REF{shop.count:05}"), "paid", "1")
        restore_told(shop, told)
        shop.step(shop.poller(), later=601)
        with subtests.test(moment=wire.index):
            assert not shop.said()
            assert shop.told(order) == ["Processed"]
    assert wire.count > 15


def park_new(shop: Shop) -> tuple[str, str]:
    """Let what a person says of a new order wait for another; its reference and the id of the news."""
    sell(shop)
    reference = f"REF{shop.count:05}"
    assert say_paid(shop.redis, SHARDS, reference, "ann") == "recorded"
    return reference, park_said(shop, reference)


def test_what_is_retried_while_another_person_discards_it_cannot_be_said_beside_that(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference, id = park_new(shop)
    one, other = (ParkedPayments(shop.redis, SHARDS, 100) for _ in range(2))
    get = shop.redis.get

    def get_and_retry(name: str) -> Any:
        found = get(name)
        monkeypatch.setattr(shop.redis, "get", get)
        assert other.retry(id, "bob") == ""
        return found

    monkeypatch.setattr(shop.redis, "get", get_and_retry)
    assert one.discard(id, "ann")
    assert say_paid(shop.redis, SHARDS, reference, "ann") == "repeated"


@pytest.mark.parametrize("when", ["before", "after"])
def test_who_dies_while_they_discard_can_do_it_again_and_the_payment_can_be_said(
    shop: Shop, subtests: pytest.Subtests, when: str
) -> None:
    for step in itertools.count(1):
        (reference, id), wire = park_new(shop), Wire(step, when)
        pool = Pool(wire, **{**shop.redis.connection_pool.connection_kwargs, "retry": NO_RETRY})
        with suppress(Killed):
            ParkedPayments(redis.Redis(connection_pool=pool), SHARDS, 100).discard(id, "ann")
        pool.disconnect()
        ParkedPayments(shop.redis, SHARDS, 100).discard(id, "ann")
        with subtests.test(step=step):
            assert say_paid(shop.redis, SHARDS, reference, "ann") == "recorded"
        if not wire.dead:
            assert step > 2
            return
