"""A person says in the console that an order is paid."""

import re

import pytest

from leadcore.fields import LEAD
from leadcore.reasons import reason
from leadcore.store import keys
from leadcore.store.payments import NOT_SAID, Kind, Payments, read_news
from tests.conftest import SHARDS
from tests.receiver.console.conftest import ConsoleUser
from tests.receiver.console.test_views import TH, text_of
from workers.rules.orders.payment import park

REF = "K73FX219"


def recorded(user: ConsoleUser) -> list[int]:
    rows = user.redis.xrange(keys.entries(keys.PAYMENTS, keys.shard_of(REF, SHARDS)))
    return [read_news(fields[b"b"]).amount for _, fields in rows]


def add_order(user: ConsoleUser, **state: str) -> None:
    user.add_lead("lead-1", customer_id="c-1", state="created", order="created", order_ref=REF)
    user.redis.hset(keys.order(REF), mapping={"amount": "125050", "currency": "THB", **state})


def test_an_unpaid_order_is_marked_as_paid_once(user: ConsoleUser) -> None:
    add_order(user)
    assert "Mark as paid: 1,250.50 THB" in text_of(user.read("leads/lead-1"))
    assert "1,250.50 THB" in text_of(user.read("leads/lead-1", **TH))
    answer = user.submit("paid", lead="lead-1")
    assert answer.status_code == 303
    assert recorded(user) == [125050]
    user.submit("paid", lead="lead-1")
    assert recorded(user) == [125050]


@pytest.mark.parametrize("now", [{"amount": "75000"}, {"currency": "USD"}])
def test_what_is_paid_is_what_the_button_said_though_the_cart_has_changed(
    user: ConsoleUser, now: dict[str, str]
) -> None:
    add_order(user)
    form = user.read("leads/lead-1").split('id="paid"')[1].split("</form>")[0]
    shown = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    user.redis.hset(keys.order(REF), mapping=now)
    assert user.submit("paid", **shown).status_code == 303
    [(_, fields)] = user.redis.xrange(keys.entries(keys.PAYMENTS, keys.shard_of(REF, SHARDS)))
    news = read_news(fields[b"b"])
    assert (news.amount, news.currency) == (125050, "THB")


@pytest.mark.parametrize(
    "form",
    [
        {"units": "-1", "currency": "THB"},
        {"units": "0", "currency": "THB"},
        {"units": "๑", "currency": "THB"},
        {"units": "9" * 30, "currency": "THB"},
        {"units": "125050", "currency": "thb"},
        {"units": "125050"},
        {"currency": "THB"},
    ],
)
def test_a_form_with_half_a_sum_or_none_that_can_be_read_records_nothing(
    user: ConsoleUser, form: dict[str, str]
) -> None:
    add_order(user)
    assert user.submit("paid", lead="lead-1", **form).status_code == 303
    assert recorded(user) == []


def test_the_same_sum_in_another_currency_is_other_news(user: ConsoleUser) -> None:
    add_order(user)
    for currency in ("THB", "USD"):
        assert user.submit("paid", lead="lead-1", units="125050", currency=currency).status_code == 303
    assert recorded(user) == [125050, 125050]


def test_an_order_that_is_paid_or_cancelled_or_unknown_has_no_button(user: ConsoleUser) -> None:
    for state in ({"paid": "1"}, {"cancelled": "1"}, {"amount": "0"}):
        user.redis.delete(keys.order(REF))
        add_order(user, **state)
        assert "Mark as paid" not in text_of(user.read("leads/lead-1"))
        user.submit("paid", lead="lead-1")
    assert recorded(user) == []


def test_an_order_that_a_person_cancelled_in_hubspot_has_no_button(user: ConsoleUser) -> None:
    add_order(user, called_off="1")
    assert "Mark as paid" not in text_of(user.read("leads/lead-1"))


def test_who_pressed_the_button_of_an_order_that_was_cancelled_meanwhile_hears_that_it_waits(user: ConsoleUser) -> None:
    add_order(user, called_off="1")
    answer = user.submit("paid", lead="lead-1", units="125050", currency="THB")
    page = user.read(answer.headers["Location"].removeprefix("/console/"))
    assert recorded(user) == [125050]
    assert "The order was cancelled in HubSpot" in page


def test_nobody_is_made_to_say_it_by_another_page(user: ConsoleUser) -> None:
    add_order(user)
    assert user.submit("paid", lead="lead-1", token="forged").status_code == 403
    assert recorded(user) == []


def test_the_lead_tells_what_became_of_its_payment(user: ConsoleUser) -> None:
    for said, shown in (("paid", "The order is paid"), ("disputed", "The customer disputes the payment")):
        user.add_lead("lead-2", customer_id="c-1", state="created", order=said, order_ref=REF)
        assert shown in text_of(user.read("leads/lead-2"))


def park_payment(user: ConsoleUser, amount: int = 500, kind: Kind = "paid") -> str:
    """News of a payment that a worker could not note; their id."""
    stream = keys.entries(keys.PAYMENTS, keys.shard_of(REF, SHARDS))
    Payments(user.redis, SHARDS).record(REF, amount, "THB", f"event {amount}", kind=kind)
    [(_, fields)] = user.redis.xrange(stream)
    user.redis.delete(stream)
    for command in park(fields[LEAD].decode(), fields, "paid_amount", reason("payment_amount"), 1_700_000_000_000, REF):
        user.redis.execute_command(*command)
    return fields[LEAD].decode()


def test_a_payment_that_waits_for_a_person_is_shown_as_one_with_its_sum_and_customer(user: ConsoleUser) -> None:
    add_order(user, customer='"c-1"')
    news = park_payment(user)
    overview = text_of(user.read())
    assert "1 payment The payment was not noted, this is not what the order costs" in overview
    assert "Show the payments" in overview
    assert re.search(rf"\d\d:\d\d:\d\d {news} payment not noted", text_of(user.read("leads?state=parked")))
    page = user.read(f"leads/{news}")
    text = text_of(page)
    assert f"Payment {news} payment not noted" in text
    assert f"Order {REF} What was said paid: 5.00 THB" in text
    assert 'href="/console/leads?q=c-1"' in page
    assert "What happened to the payment The payment could not be noted and needs you 15 Nov 2023" in text
    assert "<button>Retry</button>" in page, "it is what this advice ends without"
    for wrong in ("DealDroid", "Waiting", "Waits for HubSpot", "The order could not be written", "Intent"):
        assert wrong not in text
    thai = text_of(user.read(f"leads/{news}", **TH))
    assert "ชำระแล้ว: 5.00 THB" in thai
    assert ("ประวัติของการชำระเงิน" in thai, "ลีด" in thai) == (True, False)


def test_a_payment_that_says_no_sum_is_shown_too(user: ConsoleUser) -> None:
    news = park_payment(user, NOT_SAID, "refunded")
    assert "What was said given back: how much is not known" in text_of(user.read(f"leads/{news}"))


def test_what_a_person_did_with_a_payment_stands_on_its_page(user: ConsoleUser) -> None:
    news = park_payment(user)
    asked = text_of(user.read(f"discard?lead={news}"))
    assert f"Discard 1 notice of a payment? {news} The order stays as it is, and nobody is thanked." in asked
    assert "message" not in asked
    user.submit("retry", lead=news)
    text = text_of(user.read(f"leads/{news}"))
    assert re.search(r"Tried again by a person .* Before that: this is not .* The payment waits to be noted", text)
    user.redis.hset(keys.receipt(news), "o", "discarded: paid_amount")
    assert "The notice was discarded by a person" in text_of(user.read(f"leads/{news}"))
    user.redis.hset(keys.receipt(news), "o", "paid")
    assert "The order is paid" in text_of(user.read(f"leads/{news}"))
