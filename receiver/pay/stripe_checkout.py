"""Stripe's Checkout Sessions and events, through Stripe's own library: all that knows Stripe.

Its client makes a fresh idempotency key per call and reads no Retry-After, and a call whose answer is cut may have
worked. So the key is ours, the same for the same session however often it is asked for, nothing is repeated here, and
the customer's page asks again.
"""

import json
import math
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

import stripe

from leadcore.orders.reference import read_reference
from leadcore.retry_after import read_retry_after
from leadcore.settings import PaymentSettings
from leadcore.store.payments import MOST_UNITS, NOT_SAID, Kind, PaymentNews
from receiver.pay.errors import NotStripes, StripeAway, StripeRefused
from receiver.pay.links import PATH, Link

# Seconds to connect, and to wait for each part of the answer: together they stay within 5.
TIMEOUT = (2.0, 3.0)
AT_ONCE = 8
"""Calls to Stripe of one web process; the intake needs the other threads."""
_TOLERANCE_SECONDS = 300
_LONGEST_WAIT = 60
# In seconds since 1970: the year 2286.
_LATEST = 10**10
_KINDS: Mapping[str, Kind] = {
    "checkout.session.completed": "paid",
    "checkout.session.async_payment_succeeded": "paid",
    "checkout.session.async_payment_failed": "failed",
    "charge.refunded": "refunded",
    "charge.dispute.created": "disputed",
    "charge.dispute.closed": "dispute_lost",
}
# A dispute that ends so has taken nothing; "warning_closed": an inquiry that never became one.
_WON = ("won", "warning_closed")
# Of a payment that came to nothing; one that is under way is "processing".
_FAILED = ("requires_payment_method", "canceled")


@dataclass(frozen=True, slots=True)
class RemoteSession:
    """A Checkout Session as Stripe has it. `paid` may come later than "complete"; "expired": nobody can pay it any
    more, also because its payment failed after it was complete."""

    id: str
    url: str
    status: Literal["open", "complete", "expired"]
    paid: bool
    replayed: bool = False
    """Whether this is Stripe's answer to an earlier call with the same key, and perhaps old."""


class StripeCheckout:
    """One per web process; its methods raise `StripeAway` and `StripeRefused`."""

    def __init__(self, settings: PaymentSettings) -> None:
        # Which Python and which machine this is, is nobody's business.
        stripe.enable_telemetry = False
        self._secret = settings.stripe_webhook_secret
        self._return_url = f"{settings.public_url}{PATH}/done"
        self._slots = threading.BoundedSemaphore(AT_ONCE)
        self._client = stripe.StripeClient(
            settings.stripe_key,
            max_network_retries=0,
            base_addresses={"api": settings.stripe_url},
            http_client=stripe.RequestsClient(timeout=TIMEOUT),
        )

    def create(self, link: Link, units: int, number: int) -> RemoteSession:
        """The order's session of this number, which asks for `units` of the link's currency."""
        currency = link.currency.lower()
        names = {"reference": link.reference}
        # All of it follows from reference, amount and currency: under the same key nothing else may be sent.
        params: Any = {
            "mode": "payment",
            "payment_method_types": ["card", "promptpay"] if currency == "thb" else ["card"],
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": currency,
                        "unit_amount": units,
                        "product_data": {"name": f"Order {link.reference}"},
                    },
                }
            ],
            "client_reference_id": link.reference,
            "metadata": names,
            "payment_intent_data": {"metadata": names, "description": f"Order {link.reference}"},
            "success_url": self._return_url,
        }
        key = f"leadsync-{link.reference}-{units}-{link.currency}-{number}"
        with self._call():
            made = self._client.v1.checkout.sessions.create(params, {"idempotency_key": key})
        answer = made.last_response
        replayed = answer is not None and answer.headers.get("idempotent-replayed") == "true"
        return _read_session(made, replayed=replayed)

    def retrieve(self, session_id: str) -> RemoteSession:
        """The session; one that this account does not know, as of another key, can be paid by nobody."""
        try:
            with self._call():
                found = self._client.v1.checkout.sessions.retrieve(session_id)
        except StripeRefused as error:
            if error.code != "resource_missing":
                raise
            return RemoteSession(session_id, "", "expired", False)
        session, payment = _read_session(found), _text(found.payment_intent)
        if session.status == "complete" and not session.paid and payment and self._has_failed(payment):
            # Stripe leaves it complete and unpaid for ever.
            return replace(session, status="expired")
        return session

    def _has_failed(self, payment_intent: str) -> bool:
        with self._call():
            return self._client.v1.payment_intents.retrieve(payment_intent).status in _FAILED

    def expire(self, session_id: str) -> RemoteSession:
        """End an open session, so that nobody can pay it any more; one that has ended meanwhile stays as it is."""
        try:
            with self._call():
                return _read_session(self._client.v1.checkout.sessions.expire(session_id))
        except StripeRefused:
            return self.retrieve(session_id)

    def read_event(self, payload: bytes, signature: str) -> PaymentNews | None:
        """What an event that Stripe posts says of a payment of ours, None if it says nothing of one. Raises
        `NotStripes`, also for what is no event at all."""
        if not self._is_signed(payload, signature):
            raise NotStripes("the signature is missing or wrong: check STRIPE_WEBHOOK_SECRET")
        if not self._is_signed(payload, signature, _TOLERANCE_SECONDS):
            raise NotStripes("the signature is old: somebody repeats it, or this machine's clock is wrong")
        try:
            said = json.loads(payload)
        except (ValueError, RecursionError):
            raise NotStripes("this is no JSON") from None
        return read_news(said, self._find_reference)

    def _is_signed(self, payload: bytes, signature: str, tolerance: int | None = None) -> bool:
        try:
            stripe.WebhookSignature.verify_header(payload, signature, self._secret, tolerance)
        except (stripe.SignatureVerificationError, ValueError, TypeError):
            return False
        return True

    def _find_reference(self, payment_intent: str) -> str:
        """The order of a payment: a dispute names only the payment."""
        with self._call():
            found = self._client.v1.payment_intents.retrieve(payment_intent).to_dict()
        return _text(_part(found, "metadata").get("reference"))

    @contextmanager
    def _call(self) -> Iterator[None]:
        if not self._slots.acquire(blocking=False):
            raise StripeAway("too many calls at once", 2)
        try:
            yield
        except (stripe.RateLimitError, stripe.APIError) as error:
            raise StripeAway(type(error).__name__, _read_wait(error.headers)) from None
        except stripe.APIConnectionError as error:
            raise StripeAway(type(error).__name__) from None
        except stripe.IdempotencyError as error:
            # The first call with this key is still under way, or said something else.
            raise StripeAway(type(error).__name__, 2) from None
        except stripe.StripeError as error:
            raise StripeRefused(str(error.code or type(error).__name__)[:60]) from None
        finally:
            self._slots.release()


def read_news(said: Any, find_reference: Callable[[str], str]) -> PaymentNews | None:
    """What the event `said`, decoded JSON, says of a payment of ours; None if nothing. A completed session whose
    `payment_status` is "unpaid" is not paid yet: another event follows. `find_reference`: a payment's id -> its order's
    reference, "" for a payment that is none of ours."""
    if not isinstance(said, dict):
        return None
    kind, event = _KINDS.get(_text(said.get("type"))), _text(said.get("id"))
    about = _part(_part(said, "data"), "object")
    if kind is None or not event or not about:
        return None
    payment, ended = _text(about.get("payment_intent")), about.get("status")
    is_dispute = str(said["type"]).startswith("charge.dispute.")
    if kind == "dispute_lost" and ended in _WON:
        kind = "dispute_won"
    said_reference = _text(_part(about, "metadata").get("reference"))
    if is_dispute and not said_reference:
        said_reference = find_reference(payment) if payment else ""
    # Another app of the same account may name anything so.
    reference = read_reference(said_reference)
    status, wanted = about.get("payment_status"), {"paid": "paid", "failed": "unpaid"}
    if not reference or (kind in wanted and status != wanted[kind]):
        return None
    units = about.get(
        {"paid": "amount_total", "failed": "amount_total", "refunded": "amount_refunded"}.get(kind, "amount")
    )
    currency, created = _text(about.get("currency")).upper(), said.get("created")
    is_clear = kind != "dispute_lost" or ended == "lost"
    if type(units) is not int or not 0 <= units < MOST_UNITS or len(currency) != 3 or not is_clear:
        if kind in wanted:
            return None
        # That money goes back is known, though not how much: a person has to look.
        units, currency = NOT_SAID, ""
    said_ms = created * 1000 if type(created) is int and 0 < created < _LATEST else 0
    dispute = _text(about.get("id")) if is_dispute else ""
    return PaymentNews(reference, units, currency, f"stripe {event}", kind, payment, said_ms, dispute)


def _read_session(found: Any, *, replayed: bool = False) -> RemoteSession:
    status: Literal["open", "complete", "expired"] = "expired"
    if found.status in ("open", "complete"):
        status = found.status
    return RemoteSession(str(found.id), str(found.url or ""), status, found.payment_status == "paid", replayed)


def _read_wait(headers: Mapping[str, str] | None) -> int:
    """Stripe's Retry-After in seconds, at least 1."""
    given = {name.lower(): value for name, value in (headers or {}).items()}
    seconds = read_retry_after(given.get("retry-after", ""), given.get("date", ""), _LONGEST_WAIT)
    return 5 if seconds is None else max(math.ceil(seconds), 1)


def _part(of: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = of.get(name)
    return found if isinstance(found, dict) else {}


def _text(value: Any) -> str:
    """What Stripe says in words that are stored: ids, codes and references of ours."""
    return value if isinstance(value, str) and value.isascii() else ""
