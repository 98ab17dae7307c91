"""One order never has two sessions that can be paid: over a real Redis and Stripe's stand-in."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from stripe import _error

from leadcore.config import Payment
from leadcore.store import keys
from leadcore.store.orders import OrderState, Session, read_order
from receiver.pay import checkout
from receiver.pay.checkout import Due, find_due, open_checkout
from receiver.pay.errors import StripeAway, StripeRefused
from receiver.pay.links import Link
from receiver.pay.stripe_checkout import AT_ONCE, RemoteSession
from tests.libraries import exceptions_of, make
from tests.receiver.pay.conftest import Stripe

REF = "K73FX219"
LINK = Link(REF, 125050, "THB", 2_000_000_000)
PAYMENT = Payment("stripe")


@pytest.mark.parametrize(
    ("state", "due"),
    [
        (OrderState(), Due(125050, "THB", False)),
        (OrderState(125050, "THB"), Due(125050, "THB", False)),
        (OrderState(99900, "THB"), Due(99900, "THB", True)),
        (OrderState(paid=True), "paid"),
        (OrderState(99900, "THB", paid=True, cancelled=1), "paid"),
        (OrderState(cancelled=1), "cancelled"),
        (OrderState(called_off=True), "cancelled"),
        (OrderState(99900, "USD"), "changed"),
        (OrderState(0, "THB"), "changed"),
        (OrderState(10**9, "THB"), "changed"),
        (OrderState(99900, "THB", payable="pay_sum"), "changed"),
        (OrderState(99900, "THB", payable="pay_prices_differ"), "prices"),
        (OrderState(99900, "THB", payable="yes"), Due(99900, "THB", True)),
    ],
)
def test_what_is_due_is_what_the_order_says_now(state: OrderState, due: Any) -> None:
    assert find_due(LINK, state, PAYMENT) == due


@pytest.mark.parametrize(
    ("state", "due"),
    [
        (OrderState(), "checking"),
        (OrderState(125050, "THB", customer="c", payable="compared"), Due(125050, "THB", False)),
        (OrderState(125050, "THB", customer="c", payable="pay_prices_differ"), "prices"),
        (OrderState(125050, "THB", customer="c", payable="pay_prices"), "prices"),
        (OrderState(125050, "THB", customer="c", payable="yes"), "prices"),
        (OrderState(125050, "THB", customer="c"), "prices"),
        (OrderState(125050, "THB", payable="pay_prices_differ", paid=True), "paid"),
    ],
)
def test_where_prices_are_compared_nothing_is_due_before_they_were(state: OrderState, due: Any) -> None:
    assert find_due(LINK, state, Payment("stripe", check_prices=True)) == due


def test_a_session_is_expired_once_the_prices_are_found_to_differ(client: Any, stripe: Stripe) -> None:
    click(client, stripe)
    client.hset(keys.order(REF), "payable", "pay_prices_differ")
    assert click(client, stripe) == "prices"
    assert stripe.open_sessions() == []


def click(client: Any, stripe: Stripe, link: Link = LINK) -> str:
    return open_checkout(client, stripe.checkout, link, PAYMENT)


def test_a_click_opens_a_session_for_the_amount_and_the_next_one_leads_there_too(client: Any, stripe: Stripe) -> None:
    url = click(client, stripe)
    [session] = stripe.account.sessions.values()
    assert url == session["url"] == click(client, stripe)
    assert (session["amount_total"], session["currency"]) == (125050, "thb")
    assert session["payment_method_types"] == ["card", "promptpay"]
    assert session["metadata"] == {"reference": REF}
    assert session["client_reference_id"] == REF
    assert read_order(client, REF).session == Session(1, 125050, session["id"])


def test_two_links_of_one_order_open_one_session(client: Any, stripe: Stripe) -> None:
    """A repeated event has a link that ends later."""
    assert click(client, stripe) == click(client, stripe, LINK._replace(expires=LINK.expires + 60))
    assert stripe.open_sessions() == [125050]


def test_a_changed_cart_ends_the_old_session_before_it_opens_another(client: Any, stripe: Stripe) -> None:
    old = click(client, stripe)
    client.hset(keys.order(REF), mapping={"amount": 99900, "currency": "THB"})
    client.hincrby(keys.order(REF), "revision", 1)
    new = click(client, stripe)
    assert new != old
    assert stripe.open_sessions() == [99900]
    held = read_order(client, REF).session
    assert held is not None
    assert (held.number, held.units) == (2, 99900)


def test_an_expired_session_is_followed_by_the_next(client: Any, stripe: Stripe) -> None:
    click(client, stripe)
    [first] = stripe.account.sessions
    stripe.account.expire(first)
    assert click(client, stripe)
    assert stripe.open_sessions() == [125050]


def test_a_session_that_is_paid_is_never_followed_by_another(client: Any, stripe: Stripe) -> None:
    """Also before the order knows it, and if the cart changed meanwhile."""
    click(client, stripe)
    [session] = stripe.account.sessions
    stripe.account.pay(session)
    assert click(client, stripe) == "paid"
    client.hset(keys.order(REF), "amount", 99900)
    assert click(client, stripe) == "paid"
    assert len(stripe.account.sessions) == 1


def test_a_payment_under_way_is_waited_for(client: Any, stripe: Stripe) -> None:
    click(client, stripe)
    [session] = stripe.account.sessions
    stripe.account.pay(session, later=True)
    assert click(client, stripe) == "done"


@pytest.mark.parametrize("forgets", [False, True])
def test_a_payment_that_failed_after_its_session_was_complete_can_be_tried_again(
    client: Any, stripe: Stripe, *, forgets: bool
) -> None:
    """Stripe leaves such a session complete and unpaid for ever."""
    first = click(client, stripe)
    [session] = stripe.account.sessions
    stripe.account.pay(session, later=True)
    stripe.account.fail(session)
    if forgets:
        client.delete(keys.order(REF))
    second = click(client, stripe)
    assert second not in (first, "done", "paid")
    assert click(client, stripe) == second
    assert stripe.open_sessions() == [125050]


@pytest.mark.parametrize("field", ["paid", "cancelled"])
def test_what_is_over_ends_its_session(client: Any, stripe: Stripe, field: str) -> None:
    click(client, stripe)
    client.hset(keys.order(REF), field, "1")
    assert click(client, stripe) == field
    assert stripe.open_sessions() == []


def test_a_session_whose_answer_was_lost_is_the_same_at_the_next_click(client: Any, stripe: Stripe) -> None:
    stripe.fault("lost_answer", count=1, method="POST")
    with pytest.raises(StripeAway):
        click(client, stripe)
    assert click(client, stripe)
    assert stripe.open_sessions() == [125050]


@pytest.mark.parametrize("end", ["expire", "pay"])
def test_a_redis_that_forgot_opens_no_second_session(client: Any, stripe: Stripe, end: str) -> None:
    url = click(client, stripe)
    client.delete(keys.order(REF))
    assert click(client, stripe) == url
    client.delete(keys.order(REF))
    getattr(stripe.account, end)(*stripe.account.sessions)
    found = click(client, stripe)
    assert (found == "paid") == (end == "pay")
    assert len(stripe.open_sessions()) == (end == "expire")


def test_a_cart_that_changes_while_a_session_is_opened_leaves_one(
    client: Any, stripe: Stripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It changes after Stripe has made the session and before that is noted: the amount of before is never shown."""
    create: Callable[..., RemoteSession] = stripe.checkout.create
    changes = iter([88800, 77700])

    def change_meanwhile(*given: Any) -> RemoteSession:
        made = create(*given)
        if amount := next(changes, 0):
            client.hset(keys.order(REF), mapping={"amount": amount, "currency": "THB"})
            client.hincrby(keys.order(REF), "revision", 1)
        return made

    monkeypatch.setattr(stripe.checkout, "create", change_meanwhile)
    url = click(client, stripe)
    assert stripe.open_sessions() == [77700]
    assert url in {one["url"] for one in stripe.account.sessions.values()}


def test_an_order_that_never_stops_changing_leaves_none(
    client: Any, stripe: Stripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkout, "open_session", lambda *_: False)
    with pytest.raises(StripeAway):
        click(client, stripe)
    assert stripe.open_sessions() == []


def test_many_clicks_at_once_open_one_session(client: Any, stripe: Stripe) -> None:
    found: list[str] = []

    def try_it() -> None:
        try:
            found.append(click(client, stripe))
        except StripeAway:
            found.append("away")

    threads = [threading.Thread(target=try_it) for _ in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(set(found) - {"away"}) == 1
    assert stripe.open_sessions() == [125050]


@pytest.mark.parametrize("kind", ["500", "reset", "lost_answer", "hang"])
def test_a_provider_that_is_down_is_not_asked_again_and_answers_within_five_seconds(
    client: Any, stripe: Stripe, kind: str
) -> None:
    stripe.fault(kind, **({"seconds": 8} if kind == "hang" else {}))
    with pytest.raises(StripeAway):
        click(client, stripe)
    assert len(stripe.account.calls) == 1
    stripe.mend()
    assert stripe.checkout.create(LINK, 125050, 1).status == "open"


def test_how_long_to_wait_is_what_stripe_says(client: Any, stripe: Stripe) -> None:
    stripe.fault("429", retry_after=7)
    with pytest.raises(StripeAway) as away:
        click(client, stripe)
    assert away.value.wait == 7


def test_a_session_of_another_account_is_followed_by_one_of_ours(client: Any, stripe: Stripe) -> None:
    client.hset(keys.order(REF), mapping={"session": "3 125050 cs_live_1", "revision": "5"})
    assert click(client, stripe)
    held = read_order(client, REF).session
    assert held is not None
    assert (held.number, stripe.open_sessions()) == (4, [125050])


def test_what_stripe_refuses_is_no_outage(client: Any, stripe: Stripe) -> None:
    with pytest.raises(StripeRefused) as refused:
        click(client, stripe, LINK._replace(units=999))
    assert refused.value.code == "amount_too_small"


def test_more_calls_at_once_than_eight_wait_at_the_customer(stripe: Stripe) -> None:
    slots: Any = stripe.checkout
    for _ in range(AT_ONCE):
        assert slots._slots.acquire(blocking=False)
    try:
        with pytest.raises(StripeAway):
            stripe.checkout.create(LINK, 125050, 1)
    finally:
        for _ in range(AT_ONCE):
            slots._slots.release()


@pytest.mark.parametrize("kind", exceptions_of(_error), ids=lambda kind: kind.__name__)
def test_every_error_of_stripes_library_is_an_outage_or_a_refusal(
    stripe: Stripe, kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        error: Any = make(kind)
        error.headers, error.code = {}, None
        raise error

    client: Any = stripe.checkout._client
    monkeypatch.setattr(type(client.v1.checkout.sessions), "retrieve", fail)
    with pytest.raises((StripeAway, StripeRefused)):
        stripe.checkout.retrieve("cs_1")
