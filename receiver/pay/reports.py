"""Who says that something is paid: Stripe, and the shop's own system.

Neither says again what was acknowledged, so the payments of the last seconds are replayed to a Redis that forgot them.
"""

import json
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import structlog
from flask import Blueprint, Response, request
from msgspec.structs import asdict

from leadcore import event
from leadcore.errors import OtherNews
from leadcore.event import Malformed
from leadcore.orders.money import read_number, to_units
from leadcore.orders.reference import read_reference
from leadcore.settings import ReceiverSettings
from leadcore.store.connection import AWAY, Redis
from leadcore.store.counters import Tally
from leadcore.store.payments import MOST_UNITS, PaymentNews, Payments, read_news
from receiver.api.auth import BearerAuth
from receiver.api.errors import ApiError, Away
from receiver.api.message_form import is_key
from receiver.intake.feeder import Feeder
from receiver.pay.errors import NotStripes, StripeAway, StripeRefused
from receiver.throttle import Throttle, network_of, sender_of

if TYPE_CHECKING:
    from receiver.pay.stripe_checkout import StripeCheckout

NOT_RECORDED = "It could not be recorded. Send it again, with the same Idempotency-Key if it had one."
STRIPE_PATH, PATH = "/api/v1/payments/stripe", "/api/v1/payments"
log = structlog.get_logger("leadsync.pay")


def blueprint(
    redis: Redis, settings: ReceiverSettings, feeder: Feeder, auth: BearerAuth, stripe: "StripeCheckout | None" = None
) -> Blueprint:
    """The calls that are configured; the others are not found."""
    calls = Blueprint("payments", __name__)
    recorder = Recorder(Payments(redis, settings.shared.config.inbox.shards), feeder)
    if stripe is not None:
        _add_stripe(calls, recorder, stripe, Refusals(feeder.tally, settings.trusted_proxies))
    if settings.messages_token:
        _add_shop(calls, recorder, settings, auth)

    @calls.errorhandler(ApiError)
    def refused(error: ApiError) -> Response:
        if error.counted:
            feeder.tally.add(f"refused:{error.counted}")
        answer = _answer(error.status, {"error": str(error)})
        answer.headers.update(error.headers())
        return answer

    return calls


class Recorder:
    """Records news, and again those that Redis may have lost since it took them."""

    def __init__(self, payments: Payments, feeder: Feeder) -> None:
        self._payments = payments
        self._remember = feeder.replay_also("payments", self._record_again)

    def record(self, news: PaymentNews) -> bool:
        """See `Payments.record`."""
        is_new = self._payments.record(**asdict(news))
        # Also what was recorded before: that answer may have been lost.
        self._remember(msgspec.json.encode(news))
        return is_new

    def _record_again(self, raw: bytes) -> None:
        # What another version wrote may not be readable, and who came first may have said something else.
        with suppress(msgspec.DecodeError, OtherNews):
            self._payments.record(**asdict(read_news(raw)))


class Refusals:
    """Counts the posts that Stripe did not sign, and says so once a minute for each sender."""

    def __init__(self, tally: Tally, trusted_proxies: int) -> None:
        self._tally, self._trusted_proxies, self._senders = tally, trusted_proxies, Throttle()

    def note(self, why: str) -> None:
        self._tally.add("refused:forbidden")
        forwarded = request.headers.get("X-Forwarded-For", "")
        sender = sender_of(request.remote_addr or "", forwarded, self._trusted_proxies)
        if self._senders.count(sender).first:
            log.warning("payment.not_signed", by="stripe", network=network_of(sender), why=why)


def _add_stripe(calls: Blueprint, recorder: Recorder, stripe: "StripeCheckout", refusals: Refusals) -> None:
    @calls.post(STRIPE_PATH, strict_slashes=False, provide_automatic_options=False)
    def stripe_event() -> Response:
        try:
            news = stripe.read_event(request.get_data(cache=False), request.headers.get("Stripe-Signature", ""))
            if news is not None and recorder.record(news):
                log.info("payment.said", kind=news.kind, reference=news.reference, by="stripe")
        except OtherNews:
            # Under the id of an event that was recorded: sending it again would change nothing.
            log.error("payment.event_changed", by="stripe")
        except NotStripes as error:
            refusals.note(str(error))
            return _answer(400, {"error": "This is not signed by Stripe, or not lately."})
        except (StripeAway, StripeRefused, *AWAY) as error:
            # Stripe sends it again for three days.
            log.warning("payment.not_recorded", by="stripe", error=type(error).__name__)
            return _answer(503, {"error": NOT_RECORDED})
        return _answer(200, {"received": True})


def _add_shop(calls: Blueprint, recorder: Recorder, settings: ReceiverSettings, auth: BearerAuth) -> None:
    currency = settings.shared.config.currency

    @calls.post(PATH, strict_slashes=False, provide_automatic_options=False)
    def payment() -> Response:
        auth.check(request)
        try:
            body = event.decode(request.get_data(cache=False))
        except Malformed as error:
            return _answer(400, {"error": str(error)})
        # The server hands on letters beyond ASCII as "": that is no call without a key.
        key = request.headers.get("Idempotency-Key")
        if key is not None and not is_key(key):
            return _answer(400, {"error": "Idempotency-Key: it must be 1 to 255 ASCII characters."})
        news = _read_report(body, currency, key or "")
        if isinstance(news, str):
            return _answer(422, {"error": news})
        try:
            is_new = recorder.record(news)
        except OtherNews:
            return _answer(422, {"error": "Idempotency-Key: another payment was reported with this key."})
        except AWAY as error:
            log.warning("payment.not_recorded", by="shop", error=type(error).__name__)
            raise Away(NOT_RECORDED) from None
        if is_new:
            log.info("payment.said", kind=news.kind, reference=news.reference, by="shop")
        return _answer(202, {"reference": news.reference, "amount": body["amount"], "currency": news.currency})


def _read_report(body: dict[str, Any], currency: str, key: str) -> PaymentNews | str:
    """The payment that the shop reports, or what is wrong with it. What makes two the same is the Idempotency-Key;
    without one, reference and amount."""
    said = body.get("reference")
    reference = read_reference(said) if isinstance(said, str) else ""
    if not reference:
        return "reference: it must be an order's reference, 8 letters and digits."
    if body.get("currency", currency) != currency:
        return f"currency: payments are in {currency}."
    units = _read_units(body.get("amount"), currency)
    if units is None:
        return f'amount: it must be a sum in {currency}, such as "1250.50".'
    said_once = f"shop key {key}" if key else f"shop {reference} {units} {currency}"
    return PaymentNews(reference, units, currency, said_once)


def _read_units(said: Any, currency: str) -> int | None:
    if isinstance(said, bool) or not isinstance(said, str | int | float):
        return None
    amount = read_number(str(said))
    try:
        units = to_units(amount or Decimal(0), currency)
    except ValueError:
        return None
    return units if 0 < units < MOST_UNITS else None


def _answer(status: int, body: dict[str, Any]) -> Response:
    return Response(json.dumps(body), status, mimetype="application/json")
