"""News of payments reach the order in HubSpot and the customer: each once, and what is wrong waits for a person."""

import json
from contextlib import suppress
from typing import Any

import pytest
import redis
from msgspec.structs import replace

from leadcore.config import Config, Notify, Payment
from leadcore.events import Events
from leadcore.fields import CUSTOMER, DATA, LEAD, PUT_OFF, TEXT
from leadcore.reasons import english
from leadcore.store import keys
from leadcore.store.orders import read_order
from leadcore.store.parked import Parked, find_fix
from leadcore.store.streams import unpack_fields
from tests.conftest import SHARDS
from tests.faults.wires import Killed, Pool, moments, watch
from tests.stand_ins import Crm
from tests.workers.orders.conftest import NOW, TOLD, OrderLine, open_line
from tests.workers.orders.news import (
    events,
    later,
    left,
    messages,
    move,
    order,
    parked,
    recover,
    ref,
    say,
    stage,
)
from tests.workers.orders.test_drain import recover as recover_orders
from tests.workers.rules.orders.events import CONFIG, product


def test_a_payment_reaches_the_order_the_receipt_and_the_customer_once(bought: OrderLine) -> None:
    assert say(bought)
    bought.pay()
    assert left(bought) == 0
    assert order(bought)["hs_payment_status"] == "paid"
    assert order(bought)["hs_pipeline_stage"] == stage(bought, "Processed")
    assert bought.receipt("lead-1").order == "paid"
    [message] = messages(bought)
    assert message[LEAD] == f"paid:{ref()}".encode()
    assert json.loads(message[CUSTOMER]) == {"id": "c-1"}
    assert "900.00 THB" in json.loads(message[TEXT])
    assert ref() in json.loads(message[TEXT])
    assert events(bought) == ["order.created", "order.paid"]
    assert read_order(bought.redis, ref()).paid


@pytest.mark.parametrize(("on", "told"), [(("order.refunded",), 1), (("order.cancelled",), 0)])
def test_the_team_is_told_of_refunds_if_it_wants_to_know(
    line: OrderLine, served: Crm, database: Any, on: Any, told: int
) -> None:
    with open_line(served, database, events=Events(Config(notify=Notify(on=on)), notices=True)) as found:
        found.know("c-1")
        found.add(product("A", 2, 450))
        found.run()
        say(found, payment="pi_1")
        found.pay()
        say(found, event="stripe evt_2", kind="refunded", payment="pi_1")
        found.pay()
        assert sum(found.redis.xlen(keys.entries(keys.NOTICES, shard)) for shard in range(SHARDS)) == told


@pytest.mark.parametrize(("intents", "told"), [(("Purchase",), 1), (("Ask*",), 0)])
def test_the_team_is_told_of_payments_of_the_intents_that_it_wants(
    line: OrderLine, served: Crm, database: Any, intents: tuple[str, ...], told: int
) -> None:
    events = Events(Config(notify=Notify(on=("order.paid",), intents=intents)), notices=True)
    with open_line(served, database, events=events) as found:
        found.know("c-1")
        found.add(product("A", 2, 450))
        found.run()
        say(found)
        found.pay()
        assert sum(found.redis.xlen(keys.entries(keys.NOTICES, shard)) for shard in range(SHARDS)) == told


def test_the_events_of_an_order_name_it(bought: OrderLine) -> None:
    say(bought)
    bought.pay()
    shard = keys.shard_of("c-1", SHARDS)
    rows = [json.loads(fields[DATA]) for _, fields in bought.redis.xrange(keys.entries(keys.HOOKS, shard))]
    for one in rows:
        assert (one["order"], one["order_ref"]) == (bought.orders()[0]["id"], ref())
        assert one["contact_id"]
        assert one["intent"] == "Purchase"
        assert one["amount"] == "900.00"


def test_any_reference_of_the_order_may_be_paid(bought: OrderLine) -> None:
    bought.add(product("A", 2, 450), at=NOW + 1)
    bought.run()
    say(bought, reference=ref("lead-2"))
    bought.pay()
    assert order(bought)["hs_payment_status"] == "paid"
    assert bought.receipt("lead-2").order == "paid"


@pytest.mark.parametrize("label", ["Shipped", "Delivered", "Cancelled"])
def test_an_order_never_moves_back(bought: OrderLine, label: str) -> None:
    move(bought, hs_pipeline_stage=stage(bought, label))
    say(bought)
    bought.pay()
    assert order(bought)["hs_pipeline_stage"] == stage(bought, label)
    assert order(bought)["hs_payment_status"] == "paid"


def test_the_stage_of_paid_orders_is_configured(line: OrderLine, served: Crm, database: Any) -> None:
    from msgspec.structs import replace

    config = replace(CONFIG, payment=Payment(paid_stage="Shipped"))
    with open_line(served, database, config) as shop:
        shop.know("c-1")
        shop.add(product("A", 2, 450))
        shop.run()
        say(shop)
        shop.pay()
        assert order(shop)["hs_pipeline_stage"] == stage(shop, "Shipped")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("paid_amount", {"amount": 89999}),
        ("paid_amount", {"amount": 90001}),
        ("paid_amount", {"currency": "USD"}),
    ],
)
def test_a_wrong_amount_waits_for_a_person(bought: OrderLine, code: str, said: dict[str, Any]) -> None:
    say(bought, **said)
    bought.pay()
    assert parked(bought) == [code]
    assert left(bought) == 0
    assert not order(bought).get("hs_payment_status")
    assert not messages(bought)


def test_paid_twice_waits_for_a_person_and_the_customer_is_thanked_once(bought: OrderLine) -> None:
    say(bought, payment="pi_1")
    bought.pay()
    say(bought, event="stripe evt_2", payment="pi_2")
    bought.pay()
    assert parked(bought) == ["paid_twice"]
    assert len(messages(bought)) == 1


@pytest.mark.parametrize("more", [{"event": "stripe evt_2", "payment": "pi_1"}, {"event": "person x", "payment": ""}])
def test_the_same_payment_said_again_is_no_news(bought: OrderLine, more: dict[str, Any]) -> None:
    say(bought, payment="pi_1")
    bought.pay()
    say(bought, **more)
    bought.pay()
    assert parked(bought) == []
    assert left(bought) == 0
    assert events(bought).count("order.paid") == 1


def test_paid_after_cancelling_waits_for_a_person(bought: OrderLine) -> None:
    bought.add(intent="Cancel order", at=NOW + 1)
    bought.run()
    say(bought)
    bought.pay()
    assert parked(bought) == ["paid_cancelled"]
    assert events(bought) == ["order.created", "order.cancelled"]


def test_an_unknown_reference_waits_and_then_is_parked(line: OrderLine) -> None:
    say(line, reference="ZZZZZZZZ")
    line.pay()
    assert (later(line), parked(line)) == (1, [])
    recover(line)
    assert parked(line) == ["no_order"]


def test_a_payment_of_an_order_that_was_deleted_in_hubspot_waits_and_is_then_parked(bought: OrderLine) -> None:
    bought.crm.control("DELETE", f"orders/{bought.orders()[0]['id']}")
    say(bought)
    bought.pay()
    assert (later(bought), parked(bought)) == (1, [])
    recover(bought)
    [waits] = Parked(bought.redis, CONFIG.inbox).receipts()
    assert parked(bought) == ["no_order"]
    assert "deleted in HubSpot" in english(waits.reason)
    assert "give the money back" in find_fix("no_order")


def test_a_payment_that_comes_before_its_order_is_noted_then(line: OrderLine) -> None:
    line.know("c-1")
    line.add(product("A", 2, 450))
    say(line)
    line.pay()
    assert later(line) == 1
    line.run()
    recover(line)
    assert order(line)["hs_payment_status"] == "paid"


def test_an_order_that_redis_forgot_is_found_in_hubspot(bought: OrderLine) -> None:
    bought.redis.delete(*bought.redis.keys(keys.order("*")))
    say(bought)
    bought.pay()
    assert order(bought)["hs_payment_status"] == "paid"
    assert len(messages(bought)) == 1
    say(bought, event="stripe evt_2", payment="pi_2")
    bought.pay()
    assert parked(bought) == ["paid_twice"]


@pytest.mark.parametrize(
    ("again", "waits"),
    [
        ({}, ["paid_twice"]),
        ({"event": "stripe evt_2", "kind": "failed"}, []),
        ({"event": "stripe evt_2", "kind": "refunded"}, ["refund_amount"]),
        ({"event": "person x", "payment": ""}, []),
    ],
)
def test_an_order_that_hubspot_says_is_paid_is_not_paid_anew_once_redis_was_emptied(
    bought: OrderLine, again: dict[str, Any], waits: list[str]
) -> None:
    """Stripe sends an event again for three days where it got no answer, or a person asks it to."""
    say(bought, payment="pi_1")
    bought.pay()
    bought.redis.flushdb()
    bought.redis.set(keys.ORDERS_STORE, "intact")
    say(bought, **{"payment": "pi_1", **again})
    bought.pay()
    assert (left(bought), parked(bought)) == (0, waits)
    assert order(bought)["hs_payment_status"] == "paid"
    assert (messages(bought), events(bought).count("order.paid")) == ([], 0)


def test_a_newer_reference_that_redis_forgot_is_searched(bought: OrderLine) -> None:
    bought.add(product("A", 3, 450), at=NOW + 1)
    bought.run()
    bought.redis.delete(*bought.redis.keys(keys.order("*")))
    say(bought, 135000, reference=ref("lead-2"))
    bought.pay()
    assert order(bought)["hs_payment_status"] == "paid"


def test_a_payment_waits_while_the_order_is_being_changed_and_no_try_counts(bought: OrderLine) -> None:
    bought.crm.fault("500", path="/orders/batch/update", count=99)
    bought.add(product("A", 3, 450), at=NOW + 1)
    bought.run()
    say(bought, 135000)
    for _ in range(20):
        bought.pay()
        for packed in bought.redis.zrange(keys.later(keys.PAYMENTS, keys.shard_of(ref(), SHARDS)), 0, -1):
            bought.redis.zadd(keys.later(keys.PAYMENTS, keys.shard_of(ref(), SHARDS)), {packed: 1})
        bought.redis.delete(keys.swept(keys.PAYMENTS, keys.shard_of(ref(), SHARDS)))
        bought.payments.stream.sweep(keys.shard_of(ref(), SHARDS))
    assert parked(bought) == []
    recover_orders(bought)
    recover(bought)
    assert order(bought)["hs_payment_status"] == "paid"
    assert order(bought)["hs_total_price"] == "1350"


def test_a_parked_payment_is_retried_or_discarded(bought: OrderLine) -> None:
    say(bought, 135000)
    bought.pay()
    desk = Parked(bought.redis, CONFIG.inbox)
    [waits] = desk.receipts()
    bought.add(product("A", 3, 450), at=NOW + 1)
    bought.run()
    assert desk.retry(waits.lead, "ann") == ""
    bought.pay()
    assert order(bought)["hs_payment_status"] == "paid"
    assert bought.receipt(waits.lead).order == "paid"
    say(bought, 1, event="stripe evt_9")
    bought.pay()
    [waits] = desk.receipts()
    assert desk.discard(waits.lead, "ann") == ""
    assert desk.receipts() == []


def test_what_is_no_news_is_parked_and_holds_nobody_up(bought: OrderLine) -> None:
    shard = keys.shard_of(ref(), SHARDS)
    bought.redis.xadd(keys.entries(keys.PAYMENTS, shard), {LEAD: "x", "b": "no news"})
    say(bought)
    bought.pay()
    assert parked(bought) == ["unreadable"]
    assert order(bought)["hs_payment_status"] == "paid"


def check_paid_once(line: OrderLine, at: Any) -> None:
    assert order(line)["hs_payment_status"] == "paid", at
    assert len(messages(line)) == 1, at
    assert events(line).count("order.paid") == 1, at
    assert parked(line) == [], at


@pytest.mark.parametrize("fault", ["500", "lost_answer"])
@pytest.mark.parametrize("path", ["/orders/batch/read", "/orders/batch/update"])
def test_an_order_is_paid_once_whatever_becomes_of_a_call(bought: OrderLine, path: str, fault: str) -> None:
    bought.crm.fault(fault, path=path, count=4)
    say(bought)
    bought.pay()
    recover(bought)
    check_paid_once(bought, (path, fault))


def test_a_worker_may_die_at_any_moment(line: OrderLine, database: Any, served: Crm) -> None:
    options = dict(database.connection_pool.connection_kwargs)
    for wire in moments(watch(database, served)):
        database.flushdb()
        served.reset()
        served.settings(search_lag=0)
        database.set(keys.ORDERS_STORE, "intact")
        with open_line(served, database, events=TOLD) as living:
            living.know("c-1")
            living.add(product("A", 2, 450))
            living.run()
            say(living)
            dying = redis.Redis(connection_pool=Pool(wire, **options))
            with open_line(served, dying, events=TOLD) as other, suppress(Killed):
                other.payments.drain(keys.shard_of(ref(), SHARDS))
            recover(living)
            check_paid_once(living, wire.index)
    assert wire.count > 6


@pytest.mark.parametrize(
    ("thanks", "told"), [({"th": "รับแล้ว {{ amount }} {{ order_ref }}"}, ["รับแล้ว 900.00 {}"]), ({"th": ""}, [])]
)
def test_the_shop_says_how_it_thanks(
    bought: OrderLine, served: Crm, database: Any, thanks: dict[Any, str], told: list[str]
) -> None:
    with open_line(served, database, replace(CONFIG, payment=Payment(thanks=thanks))) as own:
        say(own)
        own.pay()
    assert left(bought) == 0
    assert order(bought)["hs_payment_status"]
    assert [json.loads(one[TEXT]) for one in messages(bought)] == [text.format(ref()) for text in told]


@pytest.mark.parametrize(("hours", "thanked"), [(71, 1), (73, 0)])
@pytest.mark.parametrize("by", ["the provider", "the line"])
def test_nobody_is_thanked_days_after_the_payment(bought: OrderLine, hours: int, thanked: int, by: str) -> None:
    """As where the line was switched off, or stood still."""
    at = bought.drain.store.now_ms() - hours * 3_600_000
    say(bought, said_ms=at if by == "the provider" else 0)
    if by == "the line":
        stream = keys.entries(keys.PAYMENTS, keys.shard_of(ref(), SHARDS))
        [(_, fields)] = bought.redis.xrange(stream)
        bought.redis.delete(stream)
        bought.redis.xadd(stream, fields, id=f"{at}-0")
    bought.pay()
    assert len(messages(bought)) == thanked
    assert order(bought)["hs_payment_status"] == "paid"
    assert events(bought).count("order.paid") == 1


def test_a_payment_that_a_person_said_before_its_provider_is_not_called_a_second_one(bought: OrderLine) -> None:
    """It may be the same money: whoever gave it back as a second payment would lose the first."""
    say(bought, event="person x", payment="")
    bought.pay()
    say(bought, payment="pi_1")
    bought.pay()
    assert parked(bought) == ["paid_twice"]
    [waits] = Parked(bought.redis, CONFIG.inbox).receipts()
    assert bought.receipt(waits.lead).order.endswith("payment_said_before")
    assert len(messages(bought)) == 1


def test_a_payment_of_an_order_that_a_person_cancelled_in_hubspot_waits_for_them_and_thanks_nobody(
    bought: OrderLine,
) -> None:
    move(bought, hs_pipeline_stage=stage(bought, "Cancelled"))
    say(bought, payment="pi_1")
    bought.pay()
    assert order(bought)["hs_payment_status"] == "paid"
    assert order(bought)["hs_pipeline_stage"] == stage(bought, "Cancelled")
    assert (parked(bought), messages(bought), left(bought)) == (["paid_cancelled"], [], 0)
    assert "order.paid" not in events(bought)
    # Whoever takes it up again tries the payment again, and the customer is thanked then.
    move(bought, hs_pipeline_stage=stage(bought, "Open"))
    [waits] = Parked(bought.redis, CONFIG.inbox).receipts()
    assert not Parked(bought.redis, CONFIG.inbox).retry(waits.lead, "ann")
    bought.pay()
    assert (parked(bought), len(messages(bought))) == ([], 1)
    assert order(bought)["hs_pipeline_stage"] == stage(bought, "Processed")
    assert events(bought).count("order.paid") == 1


def test_a_payment_that_waits_for_a_change_which_never_comes_waits_for_a_person(bought: OrderLine) -> None:
    """As when Redis lost the cart: news of money do not go round for ever, seen by nobody."""
    bought.redis.hset(keys.order(ref()), "pending", ref("lead-9"))
    say(bought)
    bought.pay()
    assert (later(bought), parked(bought)) == (1, [])
    shard = keys.shard_of(ref(), SHARDS)
    [packed] = bought.redis.zrange(keys.later(keys.PAYMENTS, shard), 0, -1)
    since = int(unpack_fields(packed)[PUT_OFF])
    assert abs(since - bought.drain.store.now_ms()) < 60_000
    old = {**unpack_fields(packed), PUT_OFF: b"%d" % (since - 25 * 3_600_000)}
    bought.redis.delete(keys.later(keys.PAYMENTS, shard))
    bought.redis.xadd(keys.entries(keys.PAYMENTS, shard), old)
    bought.pay()
    assert (left(bought), parked(bought)) == (0, ["no_order"])
    # A person's retry waits anew.
    [waits] = Parked(bought.redis, CONFIG.inbox).receipts()
    assert not Parked(bought.redis, CONFIG.inbox).retry(waits.lead, "ann")
    bought.pay()
    assert (later(bought), parked(bought)) == (1, [])
