"""Refunds and disputes reach the order: their sums add up, and what is wrong with one waits for a person."""

import json
from typing import Any

import pytest

from leadcore.fields import DATA, EVENT
from leadcore.store import keys
from leadcore.store.orders import read_order
from leadcore.store.payments import NOT_SAID
from tests.conftest import SHARDS
from tests.workers.orders.conftest import OrderLine
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
    refunds = ["order.refunded", "order.refunded"]
    assert events(bought) == ["order.created", "order.updated", "order.paid", *refunds, "order.updated"]
    assert [one["state"] for one in data(bought, "order.updated")] == ["failed", "disputed"]
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


@pytest.mark.parametrize("kind", ["refunded", "disputed"])
def test_a_refund_or_dispute_that_does_not_say_how_much_waits_for_a_person(bought: OrderLine, kind: str) -> None:
    say(bought, payment="pi_1")
    bought.pay()
    say(bought, NOT_SAID, event="stripe evt_2", kind=kind, payment="pi_1", currency="")
    bought.pay()
    assert parked(bought) == ["refund_amount"]
    assert order(bought)["hs_payment_status"] == "paid"


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
