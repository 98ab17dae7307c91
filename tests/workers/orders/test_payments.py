"""News of payments reach the order in HubSpot and the customer: each once, and what is wrong waits for a person."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import redis
from msgspec.structs import replace

from leadcore.config import Config, Hooks, Notify, Payment
from leadcore.events import Events
from leadcore.fields import CUSTOMER, DATA, EVENT, LEAD, PUT_OFF, TEXT
from leadcore.orders.reference import order_ref
from leadcore.reasons import english
from leadcore.store import keys
from leadcore.store.orders import read_order
from leadcore.store.parked import Parked, find_fix
from leadcore.store.payments import NOT_SAID, Payments
from leadcore.store.streams import unpack_fields
from tests.conftest import SHARDS, Crm
from tests.faults.conftest import Killed, Pool, Wire
from tests.workers.orders.conftest import NOW, OrderLine, open_line
from tests.workers.orders.test_drain import recover as recover_orders
from tests.workers.rules.orders.events import CONFIG, KEY, product

TOLD = Events(Config(hooks=Hooks(on=("order.*",))), hooks=True)


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


@pytest.fixture
def bought(line: OrderLine, served: Crm, database: Any) -> Iterator[OrderLine]:
    """A customer's order of 900 THB, and hooks that want to know of orders."""
    with open_line(served, database, events=TOLD) as found:
        found.know("c-1")
        found.add(product("A", 2, 450))
        found.run()
        yield found


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


def test_failed_refunded_and_disputed_reach_the_order(bought: OrderLine) -> None:
    say(bought, event="stripe evt_0", kind="failed")
    bought.pay()
    assert order(bought)["hs_payment_status"] == "failed"
    say(bought, payment="pi_1")
    bought.pay()
    say(bought, 40000, event="stripe evt_2", kind="refunded", payment="pi_1")
    bought.pay()
    assert order(bought)["hs_payment_status"] == "partially_refunded"
    say(bought, 90000, event="stripe evt_3", kind="refunded", payment="pi_1")
    bought.pay()
    assert order(bought)["hs_payment_status"] == "refunded"
    say(bought, 40000, event="stripe evt_4", kind="refunded", payment="pi_1")
    say(bought, event="stripe evt_5", kind="failed")
    bought.pay()
    assert order(bought)["hs_payment_status"] == "refunded"
    say(bought, event="stripe evt_6", kind="disputed", payment="pi_1")
    bought.pay()
    assert order(bought)["hs_payment_status"] == "disputed"
    assert events(bought) == ["order.created", "order.paid", "order.refunded", "order.refunded", "order.updated"]
    assert len(messages(bought)) == 1


def dispute(line: OrderLine, *kinds: str, amount: int = 90000, id: str = "dp_1") -> None:
    for kind in kinds:
        say(line, amount, event=f"stripe {id} {kind}", kind=kind, payment="pi_1", dispute=id)
        recover(line)


def data(line: OrderLine, type: str) -> list[dict[str, Any]]:
    """What the events of this type say."""
    rows = [row for shard in range(SHARDS) for row in line.redis.xrange(keys.entries(keys.HOOKS, shard))]
    return [json.loads(fields[DATA]) for _, fields in rows if fields[EVENT].decode() == type]


@pytest.mark.parametrize("order_of_news", [["disputed", "dispute_won"], ["dispute_won", "disputed"]])
def test_once_a_dispute_is_won_the_order_is_paid_and_nobody_is_thanked_again(
    bought: OrderLine, order_of_news: list[str]
) -> None:
    """In whatever order Stripe's events come."""
    say(bought, payment="pi_1")
    bought.pay()
    move(bought, hs_pipeline_stage=(first := stage(bought, "Open")))
    dispute(bought, *order_of_news)
    assert (order(bought)["hs_payment_status"], parked(bought)) == ("paid", [])
    assert order(bought)["hs_pipeline_stage"] == first, "the payment has moved it once; a person has moved it since"
    assert events(bought).count("order.paid") == 1
    assert data(bought, "order.updated")[-1]["state"] == "paid"
    assert len(messages(bought)) == 1
    assert read_order(bought.redis, ref()).paid


@pytest.mark.parametrize("order_of_news", [["disputed", "dispute_lost"], ["dispute_lost", "disputed"]])
def test_once_a_dispute_is_lost_the_order_is_refunded(bought: OrderLine, order_of_news: list[str]) -> None:
    say(bought, payment="pi_1")
    bought.pay()
    dispute(bought, *order_of_news)
    assert (order(bought)["hs_payment_status"], parked(bought)) == ("refunded", [])
    [told] = data(bought, "order.refunded")
    assert (told["state"], told["amount"], told["currency"]) == ("refunded", "900.00", "THB")
    assert len(messages(bought)) == 1


def test_what_was_given_back_and_what_disputes_took_add_up(bought: OrderLine) -> None:
    say(bought, payment="pi_1")
    bought.pay()
    say(bought, 30000, event="stripe evt_r", kind="refunded", payment="pi_1")
    bought.pay()
    dispute(bought, "disputed", amount=20000)
    assert order(bought)["hs_payment_status"] == "disputed"
    dispute(bought, "disputed", "dispute_lost", amount=40000, id="dp_2")
    assert order(bought)["hs_payment_status"] == "disputed", "the first one is still open"
    dispute(bought, "dispute_lost", amount=20000)
    assert order(bought)["hs_payment_status"] == "refunded"
    assert [one["amount"] for one in data(bought, "order.refunded")] == ["300.00", "700.00", "900.00"]


def test_a_dispute_that_was_lost_may_be_won_on_appeal(bought: OrderLine) -> None:
    say(bought, payment="pi_1")
    bought.pay()
    dispute(bought, "disputed", "dispute_lost", "dispute_won")
    assert (order(bought)["hs_payment_status"], parked(bought)) == ("paid", [])


def test_a_dispute_that_was_won_of_an_order_that_a_person_cancelled_waits_for_them(bought: OrderLine) -> None:
    """The shop has money for which the customer gets nothing."""
    say(bought, payment="pi_1")
    bought.pay()
    dispute(bought, "disputed")
    move(bought, hs_pipeline_stage=stage(bought, "Cancelled"))
    dispute(bought, "dispute_won")
    assert (order(bought)["hs_payment_status"], parked(bought)) == ("paid", ["paid_cancelled"])


def test_the_end_of_a_dispute_of_an_order_that_somebody_else_said_to_be_paid(bought: OrderLine) -> None:
    """Lost, it waits for a person; won, nothing has changed."""
    say(bought, event="shop key 1")
    bought.pay()
    dispute(bought, "dispute_won")
    assert parked(bought) == []
    dispute(bought, "dispute_lost")
    assert parked(bought) == ["refund_amount"]
    assert order(bought)["hs_payment_status"] == "paid"


@pytest.mark.parametrize("kind", ["refunded", "disputed", "dispute_lost"])
@pytest.mark.parametrize("said", [{"currency": "USD"}, {"amount": 90001}])
def test_more_than_was_paid_or_another_currency_given_back_waits_for_a_person(
    bought: OrderLine, kind: str, said: dict[str, Any]
) -> None:
    say(bought, payment="pi_1")
    bought.pay()
    say(bought, event="stripe evt_2", kind=kind, payment="pi_1", **said)
    bought.pay()
    assert parked(bought) == ["refund_amount"]
    assert order(bought)["hs_payment_status"] == "paid"
    assert "order.refunded" not in events(bought)


def test_a_refund_after_the_refund_says_nothing_twice(bought: OrderLine) -> None:
    """And what is paid, or fails, after it waits for a person or changes nothing."""
    say(bought, payment="pi_1")
    bought.pay()
    for number, amount in enumerate((90000, 0, 40000)):
        say(bought, amount, event=f"stripe evt_r{number}", kind="refunded", payment="pi_1")
        bought.pay()
    say(bought, event="stripe evt_f", kind="failed", payment="pi_1")
    say(bought, event="shop key 2")
    recover(bought)
    assert parked(bought) == ["paid_twice"]
    assert order(bought)["hs_payment_status"] == "refunded"
    assert events(bought).count("order.refunded") == 1
    assert len(messages(bought)) == 1


@pytest.mark.parametrize("kind", ["refunded", "disputed", "dispute_lost"])
@pytest.mark.parametrize("currency", ["THB", "USD"])
def test_a_refund_or_dispute_of_nothing_is_none(bought: OrderLine, kind: str, currency: str) -> None:
    say(bought, payment="pi_1")
    bought.pay()
    say(bought, 0, event="stripe evt_2", kind=kind, payment="pi_1", currency=currency)
    bought.pay()
    assert (left(bought), parked(bought)) == (0, [])
    assert order(bought)["hs_payment_status"] == "paid"


def test_a_refund_that_comes_before_its_payment_waits_for_it(bought: OrderLine) -> None:
    say(bought, event="stripe evt_2", kind="refunded", payment="pi_1")
    bought.pay()
    assert later(bought) == 1
    say(bought, payment="pi_1")
    bought.pay()
    recover(bought)
    assert order(bought)["hs_payment_status"] == "refunded"


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


def test_a_worker_may_die_at_any_command_to_redis(line: OrderLine, database: Any, served: Crm) -> None:
    options = dict(database.connection_pool.connection_kwargs)
    for when in ("before", "after"):
        for step in range(1, 100):
            database.flushdb()
            served.reset()
            served.settings(search_lag=0)
            database.set(keys.ORDERS_STORE, "intact")
            with open_line(served, database, events=TOLD) as living:
                living.know("c-1")
                living.add(product("A", 2, 450))
                living.run()
                say(living)
                wire = Wire(step, when)
                dying = redis.Redis(connection_pool=Pool(wire, **options))
                with open_line(served, dying, events=TOLD) as other, suppress(Killed):
                    other.payments.drain(keys.shard_of(ref(), SHARDS))
                if not wire.reached:
                    break
                recover(living)
                check_paid_once(living, (when, step))
        assert step > 6


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


@pytest.mark.parametrize("kind", ["refunded", "disputed"])
def test_a_refund_or_dispute_that_does_not_say_how_much_waits_for_a_person(bought: OrderLine, kind: str) -> None:
    say(bought, payment="pi_1")
    bought.pay()
    say(bought, NOT_SAID, event="stripe evt_2", kind=kind, payment="pi_1", currency="")
    bought.pay()
    assert parked(bought) == ["refund_amount"]
    assert order(bought)["hs_payment_status"] == "paid"


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


@pytest.mark.parametrize("kind", ["refunded", "disputed"])
def test_what_is_given_back_of_an_order_that_was_paid_otherwise_waits_for_a_person(
    bought: OrderLine, kind: str
) -> None:
    """Paid in cash, and again at the provider, who gave that back: the order is paid still."""
    say(bought, event="person x", payment="")
    bought.pay()
    say(bought, event="stripe evt_2", kind=kind, payment="pi_1")
    bought.pay()
    assert parked(bought) == ["refund_amount"]
    assert order(bought)["hs_payment_status"] == "paid"
    assert "order.refunded" not in events(bought)


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
