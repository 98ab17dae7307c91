"""GET /pay/<token>: to the provider, or the page with the PromptPay code."""

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import structlog
from flask import Blueprint, Response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from leadcore.config import Language
from leadcore.language import choose_language, choose_offered
from leadcore.settings import ReceiverSettings
from leadcore.store.connection import AWAY, Redis
from receiver.pay.checkout import Due, find_due_now, open_checkout
from receiver.pay.errors import StripeAway, StripeRefused, Tampered, WrongCode
from receiver.pay.links import PATH, Link, PayLinks, derive_link_key, fill_link
from receiver.pay.promptpay import draw, make_payload
from receiver.pay.texts import LANGUAGE_NAMES, TEXTS, write_amount
from receiver.throttle import Throttle, sender_of

if TYPE_CHECKING:
    from receiver.pay.stripe_checkout import StripeCheckout

# Within a minute; a whole network of phones may have one address.
OPENED_BY_SENDER, OPENED_PER_LINK = 120, 20
# Counted before nobody new is, which bounds the memory.
_COUNTED = 20_000
RETRY_SECONDS, DELAYED_RETRY_SECONDS = 5, 60
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    # The address is what pays: it goes to nobody.
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
}
STATUS = {
    "paid": 200,
    "done": 200,
    "cancelled": 410,
    "changed": 410,
    "prices": 410,
    "dropped": 410,
    "expired": 410,
    "missing": 404,
    "busy": 429,
    "checking": 503,
    "delayed": 503,
}
# Pages of a state that may end, and after how long each looks again.
_RETRIED = {"away": RETRY_SECONDS, "checking": RETRY_SECONDS, "delayed": DELAYED_RETRY_SECONDS}
log = structlog.get_logger("leadsync.pay")


def blueprint(
    redis: Redis, links: PayLinks, settings: ReceiverSettings, stripe: "StripeCheckout | None" = None
) -> Blueprint:
    """Everything below /pay/. `redis` needs a short timeout; `stripe`: for the provider of that name."""
    pages = Blueprint("pay", __name__, url_prefix=PATH, template_folder="templates", static_folder="static")
    desk = PayDesk(redis, links, settings, stripe)

    @pages.after_request
    def add_headers(answer: Response) -> Response:
        answer.headers.update(HEADERS)
        if request.endpoint == "pay.static":
            answer.headers["Cache-Control"] = "no-cache"
        return answer

    @pages.get("/done")
    def done() -> ResponseReturnValue:
        return _show("done", desk.language())

    @pages.get("/<token>")
    def pay(token: str) -> ResponseReturnValue:
        return desk.serve(token)

    return pages


class PayDesk:
    """Answers a click on a link."""

    def __init__(
        self, redis: Redis, links: PayLinks, settings: ReceiverSettings, stripe: "StripeCheckout | None"
    ) -> None:
        self._redis, self._links, self._payment, self._stripe = redis, links, links.payment, stripe
        self._settings, self._link_key = settings, derive_link_key(settings.shared.key.encode())
        self._senders = Throttle(allowed=OPENED_BY_SENDER, allowed_in_all=_COUNTED)
        self._opened = Throttle(allowed=OPENED_PER_LINK, allowed_in_all=_COUNTED)

    def language(self) -> Language:
        """That of the query, else the first of the browser's that there is, else English; the shop's if neither wants
        any."""
        accepted = [tag for tag in request.accept_languages.values() if tag != "*"]
        wanted = request.args.get("lang", "") or choose_offered(accepted, LANGUAGE_NAMES, "".join(accepted[:1]))
        return choose_language(wanted, self._settings.shared.config.messages.default_language)

    def serve(self, token: str) -> ResponseReturnValue:
        language = self.language()
        forwarded = request.headers.get("X-Forwarded-For", "")
        sender = sender_of(request.remote_addr or "", forwarded, self._settings.trusted_proxies)
        if wait := _count(self._senders, sender):
            return _show("busy", language, retry=math.ceil(wait))
        try:
            link = self._links.read(token)
        except Tampered:
            return _show("missing", language)
        self._senders.remember(sender)
        if wait := _count(self._opened, token):
            return _show("busy", language, retry=math.ceil(wait))
        if self._links.has_expired(link):
            return _show("expired", language)
        try:
            return self._lead_on(token, link, language)
        except StripeAway as error:
            log.warning("pay.away", reference=link.reference, error=str(error))
            return _show("away", language, 503, retry=error.wait)
        except AWAY as error:
            log.warning("pay.away", reference=link.reference, error=type(error).__name__)
            return _show("away", language, 503, retry=RETRY_SECONDS)
        except StripeRefused as error:
            log.error("pay.refused", reference=link.reference, code=error.code)
        except WrongCode as error:
            log.error("pay.wrong_code", reference=link.reference, error=str(error))
        except ValueError:
            log.error("pay.order_unreadable", reference=link.reference)
        return _show("refused", language, 503)

    def _lead_on(self, token: str, link: Link, language: Language) -> ResponseReturnValue:
        now_ms = int(self._links.clock() * 1000)
        # A look by a program, as chats take one, opens nothing at a provider.
        if self._payment.provider == "stripe" and self._stripe is not None and request.method == "GET":
            found = open_checkout(self._redis, self._stripe, link, self._payment, now_ms)
            return _send_to(found) if found not in STATUS else _explain(found, link, language)
        due, _ = find_due_now(self._redis, link, self._payment, now_ms)
        if not isinstance(due, Due):
            return _explain(due, link, language)
        if self._payment.provider == "link":
            return _send_to(fill_link(self._payment.link, link._replace(units=due.units), self._link_key))
        if self._payment.provider == "stripe":
            return _show("done", language)
        return self._show_code(token, link.reference, due, language)

    def _show_code(self, token: str, reference: str, due: Due, language: Language) -> ResponseReturnValue:
        amount = write_amount(due.amount, due.currency, language)
        code = _draw_code(self._settings.payment.promptpay_id, due.units)
        return _render(
            "promptpay.html",
            200,
            language,
            code=Markup(code),  # noqa: S704 - our own drawing of digits
            amount=amount,
            reference=reference,
            payee=self._payment.payee,
            changed=due.changed,
        )


def _count(throttle: Throttle, name: str) -> float:
    """Count one more; seconds to wait, else 0. Whoever has to wait is not counted on: one who never stops would let
    everybody wait."""
    return throttle.seconds_to_wait(name) or throttle.count(name).wait


@lru_cache(256)
def _draw_code(payee: str, units: int) -> str:
    return draw(make_payload(payee, Due(units, "THB", False).amount))


def _send_to(url: str) -> Response:
    answer = redirect(url, 303)
    # Werkzeug's page repeats the address, which is nobody's business but the browser's.
    answer.set_data(b"")
    return answer  # type: ignore[return-value]  # werkzeug's, of which Flask's is a subclass


def _explain(found: str, link: Link, language: Language) -> Response:
    """The page that says why nothing can be paid."""
    if found == "prices":
        log.warning("pay.prices_differ", reference=link.reference)
    return _show(found, language, retry=_RETRIED.get(found, 0), reference=link.reference)


def _show(name: str, language: Language, status: int = 0, *, retry: int = 0, reference: str = "") -> Response:
    """A page of words alone. `retry`: in so many seconds it is worth another try."""
    again = retry if name in _RETRIED else 0
    text = TEXTS[language][f"{name}_more"].replace("{reference}", reference)
    answer = _render(
        "notice.html", status or STATUS[name], language, title=TEXTS[language][name], more=text, again=again
    )
    if retry:
        answer.headers["Retry-After"] = str(retry)
    return answer


def _render(template: str, status: int, language: Language, **values: Any) -> Response:
    other: Language = "en" if language == "th" else "th"
    switch = {"code": other, "name": LANGUAGE_NAMES[other], "url": f"{urlsplit(request.url).path}?lang={other}"}
    page = render_template(f"pay/{template}", t=TEXTS[language], language=language, switch=switch, **values)
    return Response(page, status, mimetype="text/html")
