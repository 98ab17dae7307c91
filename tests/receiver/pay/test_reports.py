"""Who says that something is paid: over real HTTP."""

import json
import time
from collections.abc import Mapping
from typing import Any

import pytest
import requests

from leadcore.fields import BODY
from leadcore.store import keys
from leadcore.store.payments import NOT_SAID, PaymentNews, read_news
from receiver.pay.stripe_checkout import read_news as read_event
from sandbox.stripe import WEBHOOK_SECRET, sign
from tests.conftest import SHARDS, Line
from tests.receiver.pay.conftest import TOKEN, Desk, Stripe

REF = "K73FX219"
STRIPE, SHOP = "/api/v1/payments/stripe", "/api/v1/payments"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def recorded(line: Line) -> list[PaymentNews]:
    rows = [row for shard in range(SHARDS) for row in line.redis.xrange(keys.entries(keys.PAYMENTS, shard))]
    return [read_news(fields[BODY]) for _, fields in rows]


def post(desk: Desk, payload: bytes, signature: str | bytes | None) -> requests.Response:
    headers = {} if signature is None else {"Stripe-Signature": signature}
    return requests.post(desk.line.url + STRIPE, payload, headers=headers, timeout=10)


def pay(desk: Desk, stripe: Stripe, **more: Any) -> str:
    """Open a session and pay it; the session's id."""
    stripe.account.webhook = desk.line.url + STRIPE
    desk.open(desk.link())
    [session] = stripe.account.sessions
    stripe.account.pay(session, **more)
    return session


def summary(line: Line) -> list[tuple[str, str, int, str]]:
    return [(one.kind, one.reference, one.amount, one.currency) for one in recorded(line)]


def test_a_payment_is_recorded_once_however_often_stripe_says_it(desk: Desk, stripe: Stripe) -> None:
    session = pay(desk, stripe)
    [event] = stripe.account.events
    assert [stripe.account.post(event) for _ in range(3)] == [200] * 3
    [news] = recorded(desk.line)
    assert (news.kind, news.reference, news.amount, news.currency) == ("paid", REF, 125050, "THB")
    assert (news.event_id, news.payment) == (f"stripe {event['id']}", f"pi_{session}")
    assert abs(news.said_ms - time.time() * 1000) < 60_000


def test_a_completed_session_that_is_unpaid_is_not_paid(desk: Desk, stripe: Stripe) -> None:
    session = pay(desk, stripe, later=True)
    assert recorded(desk.line) == []
    stripe.account.succeed(session)
    assert summary(desk.line) == [("paid", REF, 125050, "THB")]


def test_a_payment_that_fails_later_is_recorded_as_failed(desk: Desk, stripe: Stripe) -> None:
    stripe.account.fail(pay(desk, stripe, later=True))
    assert summary(desk.line) == [("failed", REF, 125050, "THB")]


def test_refunds_and_disputes_are_recorded_with_their_order(desk: Desk, stripe: Stripe) -> None:
    session = pay(desk, stripe)
    stripe.account.refund(session, 50000)
    stripe.account.dispute(session)
    assert summary(desk.line)[1:] == [("refunded", REF, 50000, "THB"), ("disputed", REF, 125050, "THB")]


@pytest.mark.parametrize(
    ("status", "kind", "amount"),
    [
        ("won", "dispute_won", 125050),
        ("warning_closed", "dispute_won", 125050),
        ("lost", "dispute_lost", 125050),
        # Nobody here knows what became of the money: a person has to look.
        ("prevented", "dispute_lost", NOT_SAID),
    ],
)
def test_the_end_of_a_dispute_is_recorded_under_the_id_of_the_dispute(
    desk: Desk, stripe: Stripe, status: str, kind: str, amount: int
) -> None:
    session = pay(desk, stripe)
    stripe.account.dispute(session)
    stripe.account.close_dispute(session, status)
    [_, disputed, closed] = recorded(desk.line)
    assert (closed.kind, closed.reference, closed.amount) == (kind, REF, amount)
    assert disputed.dispute == closed.dispute == f"dp_{session}"


def test_a_dispute_whose_order_cannot_be_asked_for_is_sent_again(desk: Desk, stripe: Stripe) -> None:
    session = pay(desk, stripe)
    stripe.fault("500")
    stripe.account.dispute(session)
    dispute = stripe.account.events[-1]
    assert stripe.account.post(dispute) == 503
    stripe.mend()
    assert stripe.account.post(dispute) == 200
    assert [kind for kind, *_ in summary(desk.line)] == ["paid", "disputed"]


def test_while_redis_cannot_take_it_stripe_is_asked_to_send_it_again(desk: Desk, stripe: Stripe) -> None:
    for shard in range(SHARDS):
        desk.redis.set(keys.entries(keys.PAYMENTS, shard), "no stream")
    pay(desk, stripe)
    [event] = stripe.account.events
    assert stripe.account.post(event) == 503
    for shard in range(SHARDS):
        desk.redis.delete(keys.entries(keys.PAYMENTS, shard))
    assert stripe.account.post(event) == 200
    assert summary(desk.line) == [("paid", REF, 125050, "THB")]


def test_while_redis_cannot_take_it_the_shop_is_told_when_to_repeat_it(promptpay: Desk) -> None:
    for shard in range(SHARDS):
        promptpay.redis.set(keys.entries(keys.PAYMENTS, shard), "no stream")
    answer = report(promptpay, {"reference": REF, "amount": "1250.50"})
    assert (answer.status_code, list(answer.json()), int(answer.headers["Retry-After"]) > 0) == (503, ["error"], True)


def event(kind: str = "checkout.session.completed", **about: Any) -> dict[str, Any]:
    paid = {"payment_status": "paid", "amount_total": 125050, "currency": "thb", "metadata": {"reference": REF}}
    return {"id": "evt_1", "type": kind, "created": 1_800_000_000, "data": {"object": paid | about}}


def raw(said: Any) -> bytes:
    return json.dumps(said).encode()


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "x",
        "t=1",
        "v1=abc",
        "t=x,v1=abc",
        "t=,v1=",
        "t=99999999999999999999999999999999,v1=abc",
        "t=1800000000,v1=é".encode(),
        sign(raw(event()), "whsec_another"),
        sign(raw(event()), WEBHOOK_SECRET, 1_700_000_000),
        sign(raw(event()) + b" ", WEBHOOK_SECRET),
    ],
    # The last ones tell the time, so every process would call them otherwise.
    ids=range(12),
)
def test_what_stripe_did_not_sign_lately_is_refused(desk: Desk, signature: Any) -> None:
    answer = post(desk, raw(event()), signature)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])
    assert recorded(desk.line) == []


@pytest.mark.parametrize(
    ("number", "signature", "cause"),
    [
        (1, sign(raw(event()), "whsec_another"), "STRIPE_WEBHOOK_SECRET"),
        (2, sign(raw(event()), WEBHOOK_SECRET, 1_700_000_000), "this machine's clock"),
    ],
    ids=["secret", "clock"],
)
def test_the_log_says_once_why_stripes_posts_are_refused(desk: Desk, number: int, signature: str, cause: str) -> None:
    """Each is a payment of which nobody hears: with another secret, or a clock that is wrong, all of them."""
    headers = {"Stripe-Signature": signature, "X-Forwarded-For": f"198.18.{number}.7"}
    for _ in range(3):
        assert requests.post(desk.line.url + STRIPE, raw(event()), headers=headers, timeout=10).status_code == 400
    [line] = [line for line in desk.line.logs().splitlines() if f"198.18.{number}.0/24" in line]
    assert "payment.not_signed" in line
    assert cause in line


@pytest.mark.parametrize(
    "payload",
    [
        raw([]),
        raw("text"),
        raw({"id": "evt_1", "object": "v2.core.event", "type": "v1.billing.meter.error_report_triggered"}),
        raw({**event(), "data": []}),
        raw(event(metadata={})),
        raw(event(metadata=None)),
        raw(event(amount_total="125050")),
        raw(event(currency=None)),
        raw(event(amount_total=10**40)),
        raw(event(amount_total=-(10**40))),
        raw(event(amount_total=True)),
        raw(event(amount_total=1e300)),
        raw(event(currency="\ud800")),
        raw(event(currency="no currency")),
        raw(event(metadata={"reference": "\ud800" * 8})),
        raw({**event(), "id": ["evt_1"]}),
        raw(event("customer.created")),
    ],
)
def test_signed_news_of_no_payment_of_ours_is_taken_and_not_recorded(desk: Desk, payload: bytes) -> None:
    answer = post(desk, payload, sign(payload, WEBHOOK_SECRET))
    assert (answer.status_code, recorded(desk.line)) == (200, [])


@pytest.mark.parametrize("created", [10**40, -1, "x", 1e300, True, None])
def test_an_event_counts_whatever_it_says_of_its_time(desk: Desk, created: Any) -> None:
    payload = raw({**event(payment_intent="\ud800"), "created": created})
    assert post(desk, payload, sign(payload, WEBHOOK_SECRET)).status_code == 200
    assert summary(desk.line) == [("paid", REF, 125050, "THB")]


@pytest.mark.parametrize("payload", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_signed_nonsense_is_refused_and_breaks_nothing(desk: Desk, payload: bytes) -> None:
    assert post(desk, payload, sign(payload, WEBHOOK_SECRET)).status_code == 400


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (event(), "paid"),
        (event(payment_status="no_payment_required"), None),
        (event("checkout.session.async_payment_succeeded"), "paid"),
        (event("checkout.session.async_payment_succeeded", payment_status="unpaid"), None),
        (event("checkout.session.async_payment_failed", payment_status="unpaid"), "failed"),
        (event("checkout.session.expired", payment_status="unpaid"), None),
        (event("charge.refunded", amount_refunded=100), "refunded"),
        (event("charge.dispute.created", amount=100), "disputed"),
        (event("charge.dispute.closed", amount=100, status="won"), "dispute_won"),
        (event("charge.dispute.closed", amount=100, status="lost"), "dispute_lost"),
        (event("charge.dispute.closed", amount=100, status=7), "dispute_lost"),
        (event("charge.dispute.closed", amount=100, metadata={}, payment_intent="pi_of_others"), None),
        (event("charge.dispute.updated", amount=100), None),
        # Another app of the same account has its own references.
        (event(metadata={"reference": "Ann Example 0812345678"}), None),
        (event("charge.dispute.created", amount=100, metadata={"reference": "Ann"}), None),
        (event("charge.dispute.created", amount=100, metadata={}), None),
        (event("charge.dispute.created", amount=100, metadata={}, payment_intent="pi_ours"), "disputed"),
        (event("charge.dispute.created", amount=100, metadata={}, payment_intent="pi_of_others"), None),
    ],
)
def test_events_are_read_as_what_they_say(said: dict[str, Any], kind: str | None) -> None:
    found = read_event(said, {"pi_ours": REF, "pi_of_others": "Ann Example"}.__getitem__)
    assert (found.kind if found else None) == kind


@pytest.mark.parametrize("kind", ["refunded", "dispute.created", "dispute.closed"])
@pytest.mark.parametrize("amount", [None, "100", 10**40, -5, True, 1.5])
def test_a_refund_or_dispute_that_does_not_say_how_much_is_recorded_for_a_person(kind: str, amount: Any) -> None:
    found = read_event(event(f"charge.{kind}", amount=amount, amount_refunded=amount), {})
    assert found
    assert (found.reference, found.amount, found.currency) == (REF, NOT_SAID, "")


def test_a_dispute_of_nothing_is_recorded_as_such() -> None:
    found = read_event(event("charge.dispute.created", amount=0), {})
    assert found
    assert (found.amount, found.currency) == (0, "THB")


def report(desk: Desk, body: Any, headers: Mapping[str, str | bytes] | None = None) -> requests.Response:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return requests.post(desk.line.url + SHOP, data, headers=BEARER if headers is None else headers, timeout=10)


@pytest.mark.parametrize("amount", ["1250.50", "1250.5", 1250.5])
def test_the_shops_own_system_says_that_an_order_is_paid(promptpay: Desk, amount: Any) -> None:
    for reference in (REF, "k73f-x219"):
        answer = report(promptpay, {"reference": reference, "amount": amount})
        expected = {"reference": REF, "amount": amount, "currency": "THB"}
        assert (answer.status_code, answer.json()) == (202, expected)
    assert summary(promptpay.line) == [("paid", REF, 125050, "THB")]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"amount": "1"}, "reference"),
        ({"reference": "x", "amount": "1"}, "reference"),
        ({"reference": 12345678, "amount": "1"}, "reference"),
        ({"reference": REF}, "amount"),
        ({"reference": REF, "amount": "1,250"}, "amount"),
        ({"reference": REF, "amount": "0"}, "amount"),
        ({"reference": REF, "amount": -1}, "amount"),
        ({"reference": REF, "amount": "1.005"}, "amount"),
        ({"reference": REF, "amount": True}, "amount"),
        ({"reference": REF, "amount": "1_250"}, "amount"),
        ({"reference": REF, "amount": "1250_00"}, "amount"),
        ({"reference": REF, "amount": "1.25e3"}, "amount"),
        ({"reference": REF, "amount": 1e300}, "amount"),
        ({"reference": REF, "amount": "+1250"}, "amount"),
        ({"reference": REF, "amount": " 1250 "}, "amount"),
        ({"reference": REF, "amount": "1250."}, "amount"),
        ({"reference": REF, "amount": ".5"}, "amount"),
        ({"reference": REF, "amount": "\u0e51\u0e52"}, "amount"),
        ({"reference": REF, "amount": "1" * 5000}, "amount"),
        ({"reference": REF, "amount": "NaN"}, "amount"),
        ({"reference": REF, "amount": "1e999999999"}, "amount"),
        ({"reference": REF, "amount": "1", "currency": "USD"}, "currency"),
        ({"reference": REF, "amount": "1", "currency": "thb"}, "currency"),
        ({"reference": REF, "amount": "1", "currency": None}, "currency"),
        ({"reference": REF, "amount": "1", "currency": {"x": []}}, "currency"),
        ({"reference": REF, "amount": 10**12}, "amount"),
        ({"reference": REF, "amount": 10**40}, "amount"),
        ({"reference": REF, "amount": None}, "amount"),
        ({"reference": REF, "amount": {"x": 1}}, "amount"),
        ({"reference": REF, "amount": "\ud800"}, "amount"),
        ({"reference": REF, "amount": "\u0e3f1,250"}, "amount"),
        ({"reference": "\ud800" * 8, "amount": "1"}, "reference"),
        ({"reference": [REF], "amount": "1"}, "reference"),
    ],
)
def test_a_report_that_cannot_be_used_names_the_field(promptpay: Desk, body: dict[str, Any], field: str) -> None:
    answer = report(promptpay, body)
    assert answer.status_code == 422
    assert answer.json()["error"].startswith(f"{field}: ")
    assert recorded(promptpay.line) == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"x"'])
def test_what_is_no_object_is_refused(promptpay: Desk, body: bytes) -> None:
    assert report(promptpay, body).status_code == 400


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer x"}, {"Authorization": TOKEN}, {"Authorization": "é"}]
)
def test_without_the_token_nothing_is_taken(promptpay: Desk, headers: dict[str, str]) -> None:
    encoded: Any = {name: value.encode() for name, value in headers.items()}
    answer = report(promptpay, {"reference": REF, "amount": "1"}, encoded)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert recorded(promptpay.line) == []


def test_who_guesses_the_token_waits_whichever_call_it_tries(promptpay: Desk) -> None:
    guess = {"Authorization": "Bearer x", "X-Forwarded-For": "203.0.113.77"}
    messages = promptpay.line.url + "/api/v1/messages"
    statuses = []
    for _ in range(6):
        statuses.append(report(promptpay, {"reference": REF, "amount": "1"}, guess).status_code)
        statuses.append(requests.post(messages, b"{}", headers=guess, timeout=10).status_code)
    assert statuses == [401] * 11 + [429]
    answer = report(promptpay, {"reference": REF, "amount": "1"}, {**guess, **BEARER})
    assert (answer.status_code, 0 < int(answer.headers["Retry-After"]) <= 60) == (429, True)
    assert recorded(promptpay.line) == []


def test_stripes_call_is_not_found_for_another_provider(promptpay: Desk) -> None:
    payload = raw(event())
    assert post(promptpay, payload, sign(payload, WEBHOOK_SECRET)).status_code == 404


def test_two_equal_payments_are_one_only_with_the_same_key(promptpay: Desk) -> None:
    body = {"reference": REF, "amount": "1250.50"}
    for key in ("slip-1", "slip-1", "slip-2"):
        assert report(promptpay, body, {**BEARER, "Idempotency-Key": key}).status_code == 202
    assert len(recorded(promptpay.line)) == 2


def test_another_payment_under_a_key_that_was_used_is_refused(promptpay: Desk) -> None:
    key = {**BEARER, "Idempotency-Key": "slip-1"}
    assert report(promptpay, {"reference": REF, "amount": "1250.50"}, key).status_code == 202
    answer = report(promptpay, {"reference": REF, "amount": "1250.51"}, key)
    assert (answer.status_code, "Idempotency-Key" in answer.json()["error"]) == (422, True)
    assert (
        report(promptpay, {"reference": REF, "amount": "1"}, {**BEARER, "Idempotency-Key": "x" * 256}).status_code
        == 400
    )
    assert len(recorded(promptpay.line)) == 1


@pytest.mark.parametrize("key", ["", "slip-1"])
def test_a_sum_that_was_reported_is_not_reported_in_another_currency(promptpay: Desk, key: str) -> None:
    headers = {**BEARER, **({"Idempotency-Key": key} if key else {})}
    assert report(promptpay, {"reference": REF, "amount": "1250"}, headers).status_code == 202
    answer = report(promptpay, {"reference": REF, "amount": "1250", "currency": "USD"}, headers)
    assert (answer.status_code, answer.json()["error"][:8]) == (422, "currency")
    assert summary(promptpay.line) == [("paid", REF, 125000, "THB")]


@pytest.mark.parametrize("key", [b"", "สลิป-1".encode(), b"x" * 256, b"a\tb"])
def test_a_key_that_tells_no_two_payments_apart_is_refused(promptpay: Desk, key: bytes) -> None:
    """Taken as no key at all, it would let the second payment of a customer count as the first."""
    answer = report(promptpay, {"reference": REF, "amount": "1250"}, {**BEARER, "Idempotency-Key": key})
    assert (answer.status_code, "Idempotency-Key" in answer.text) == (400, True)
    assert recorded(promptpay.line) == []
