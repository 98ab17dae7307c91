"""A stand-in for the parts of Stripe that are used: Checkout Sessions, their page, payments, and signed events.

It is as strict as Stripe (https://docs.stripe.com/api): unknown and missing parameters, keys of another account and
another call under a used idempotency key are refused. `python -m sandbox.stripe --port P --webhook URL` serves it on
127.0.0.1, with `API_KEY` and `WEBHOOK_SECRET`.
"""

import argparse
import hashlib
import hmac
import html
import itertools
import json
import re
import time
from threading import RLock
from typing import Annotated, Any, Literal

import msgspec
import requests
from flask import Flask, Response, g, redirect, request
from msgspec import Meta

from sandbox.faults import Fault, Faults
from sandbox.http_server import Dropped, serve

API_KEY, WEBHOOK_SECRET = "sk_test_sandbox", "whsec_sandbox"
SESSION_SECONDS = 86_400
_Failure = Literal["500", "429", "reset", "lost_answer"]
_PARAMETERS = re.compile(
    r"mode|success_url|cancel_url|client_reference_id|locale|metadata\[\w+\]|payment_method_types\[\d+\]"
    r"|line_items\[\d+\]\[(?:quantity|price_data\]\[(?:currency|unit_amount|product_data\]\[(?:name|description)))\]"
    r"|payment_intent_data\[(?:description|metadata\]\[\w+)\]"
)
_REQUIRED = (
    "mode",
    "success_url",
    "line_items[0][quantity]",
    "line_items[0][price_data][currency]",
    "line_items[0][price_data][unit_amount]",
    "line_items[0][price_data][product_data][name]",
)
_METHODS = {"card", "promptpay"}
# Of Thailand: 10 baht (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).
_LEAST = {"thb": 1000}


class StripeFault(Fault):
    """`hang`, `reset` and the statuses strike before the call is carried out, `lost_answer` after."""

    kind: Literal["429", "500", "hang", "reset", "lost_answer", "brownout"]
    kinds: Annotated[tuple[_Failure, ...], Meta(min_length=1)] = ("500", "429", "reset", "lost_answer")


class Refused(Exception):
    """An answer of Stripe's that is an error."""

    def __init__(self, status: int, kind: str, code: str, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.body = {"error": {"type": kind, "code": code, "message": text}}


class Account:
    """One Stripe account in memory. `events`: those that were made, oldest first. `webhook`: where they are posted."""

    def __init__(self, webhook: str = "") -> None:
        self.lock = RLock()
        self.webhook = webhook
        self.sessions: dict[str, dict[str, Any]] = {}
        self.payments: dict[str, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []
        self.calls: list[str] = []
        self.answers: dict[str, tuple[str, dict[str, Any]]] = {}
        self._ids = itertools.count(1)

    def make_session(self, form: dict[str, str], base: str) -> dict[str, Any]:
        for name in form:
            if not _PARAMETERS.fullmatch(name):
                raise _invalid("parameter_unknown", f"Received unknown parameter: {name}")
        if missing := [name for name in _REQUIRED if not form.get(name)]:
            raise _invalid("parameter_missing", f"Missing required param: {missing[0]}.")
        currency, units = form["line_items[0][price_data][currency]"], form["line_items[0][price_data][unit_amount]"]
        methods = [value for name, value in form.items() if name.startswith("payment_method_types")]
        if form["mode"] != "payment" or not re.fullmatch("[a-z]{3}", currency) or not units.isdecimal():
            raise _invalid("parameter_invalid", "Invalid mode, currency or integer.")
        if not set(methods) <= _METHODS or ("promptpay" in methods and currency != "thb"):
            raise _invalid("payment_method_invalid", "A payment method cannot be used with this currency.")
        if not form["success_url"].startswith(("https://", "http://")):
            raise _invalid("url_invalid", "Not a valid URL")
        total = int(units) * int(form["line_items[0][quantity]"])
        if total < _LEAST.get(currency, 1):
            raise _invalid("amount_too_small", "The amount is below the minimum.")
        session_id = f"cs_test_{next(self._ids):024d}"
        session = {
            "id": session_id,
            "object": "checkout.session",
            "amount_total": total,
            "currency": currency,
            "client_reference_id": form.get("client_reference_id"),
            "created": int(time.time()),
            "expires_at": int(time.time()) + SESSION_SECONDS,
            "livemode": False,
            "metadata": _pick(form, "metadata"),
            "mode": "payment",
            "payment_intent": None,
            "payment_method_types": methods or ["card"],
            "payment_status": "unpaid",
            "status": "open",
            "success_url": form["success_url"],
            "url": f"{base}/c/pay/{session_id}",
        }
        self.sessions[session_id] = session
        self.payments[f"pi_{session_id}"] = {
            "id": f"pi_{session_id}",
            "object": "payment_intent",
            "amount": total,
            "currency": currency,
            "metadata": _pick(form, "payment_intent_data[metadata]"),
            "status": "requires_payment_method",
        }
        return session

    def find(self, session_id: str) -> dict[str, Any]:
        if session_id not in self.sessions:
            raise Refused(404, "invalid_request_error", "resource_missing", f"No such checkout.session: '{session_id}'")
        return self.sessions[session_id]

    def expire(self, session_id: str) -> dict[str, Any]:
        session = self.find(session_id)
        if session["status"] != "open":
            raise _invalid("resource_invalid", 'Only Checkout Sessions with a status in ["open"] can be expired.')
        session |= {"status": "expired", "url": None}
        return session

    def pay(self, session_id: str, *, later: bool = False) -> None:
        """A customer pays on Stripe's page; `later`: by a method that tells its result in another event."""
        session = self.find(session_id)
        if session["status"] != "open":
            raise _invalid("resource_invalid", "This session can no longer be paid.")
        session |= {"status": "complete", "url": None, "payment_intent": f"pi_{session_id}"}
        self.payments[f"pi_{session_id}"]["status"] = "processing" if later else "succeeded"
        if not later:
            session["payment_status"] = "paid"
        self.tell("checkout.session.completed", session)

    def succeed(self, session_id: str) -> None:
        session = self.find(session_id)
        session["payment_status"] = "paid"
        self.payments[f"pi_{session_id}"]["status"] = "succeeded"
        self.tell("checkout.session.async_payment_succeeded", session)

    def fail(self, session_id: str) -> None:
        """The payment is none; its session stays complete and unpaid, and can never be paid again."""
        self.payments[f"pi_{session_id}"]["status"] = "requires_payment_method"
        self.tell("checkout.session.async_payment_failed", self.find(session_id))

    def charge(self, session_id: str, **more: Any) -> dict[str, Any]:
        payment = self.payments[f"pi_{session_id}"]
        return {**payment, "id": f"ch_{session_id}", "object": "charge", "payment_intent": payment["id"], **more}

    def refund(self, session_id: str, units: int) -> None:
        self.tell("charge.refunded", self.charge(session_id, amount_refunded=units))

    def dispute(self, session_id: str) -> None:
        self._tell_dispute("created", session_id, "needs_response")

    def close_dispute(self, session_id: str, status: str) -> None:
        """`status`: "won", "lost", "warning_closed" (an inquiry that became no dispute) or "prevented"."""
        self._tell_dispute("closed", session_id, status)

    def _tell_dispute(self, kind: str, session_id: str, status: str) -> None:
        charge = self.charge(session_id)
        about = {"id": f"dp_{session_id}", "object": "dispute", "charge": charge["id"], "metadata": {}}
        about |= {name: charge[name] for name in ("amount", "currency", "payment_intent")}
        self.tell(f"charge.dispute.{kind}", {**about, "status": status})

    def tell(self, kind: str, about: dict[str, Any]) -> None:
        """Make an event and post it."""
        event = {
            "id": f"evt_{next(self._ids):024d}",
            "object": "event",
            "api_version": "2026-10-28",
            "created": int(time.time()),
            "livemode": False,
            "type": kind,
            "data": {"object": dict(about)},
        }
        self.events.append(event)
        if self.webhook:
            self.post(event)

    def post(self, event: dict[str, Any]) -> int:
        """Post the event, signed; the status of the answer."""
        payload = json.dumps(event).encode()
        headers = {"Content-Type": "application/json", "Stripe-Signature": sign(payload, WEBHOOK_SECRET)}
        return requests.post(self.webhook, payload, headers=headers, timeout=10, allow_redirects=False).status_code


def sign(payload: bytes, secret: str, at: int | None = None) -> str:
    """The header Stripe-Signature (https://docs.stripe.com/webhooks/signature)."""
    stamp = int(time.time()) if at is None else at
    return f"t={stamp},v1={hmac.new(secret.encode(), b'%d.' % stamp + payload, hashlib.sha256).hexdigest()}"


def _invalid(code: str, text: str) -> Refused:
    return Refused(400, "invalid_request_error", code, text)


def _pick(form: dict[str, str], name: str) -> dict[str, str]:
    return {key[len(name) + 1 : -1]: value for key, value in form.items() if key.startswith(name + "[")}


def create_app(account: Account) -> Flask:
    """The API, the hosted page, and the control API under `/_sandbox/`. Raises `Dropped` where a connection breaks."""
    app = Flask("sandbox.stripe")
    app.config["PROPAGATE_EXCEPTIONS"] = True
    faults = Faults(StripeFault)

    @app.before_request
    def check() -> Response | None:
        if not request.path.startswith("/v1/"):
            return None
        with account.lock:
            account.calls.append(f"{request.method} {request.path}")
            g.fault = faults.draw(request.method, request.path)
        if g.fault is not None and g.fault.kind != "lost_answer":
            return _strike(g.fault, faults)
        if request.headers.get("Authorization") != f"Bearer {API_KEY}":
            raise Refused(401, "invalid_request_error", "", "Invalid API Key provided")
        return None

    @app.after_request
    def lose(answer: Response) -> Response:
        fault = g.get("fault")
        if fault is not None and fault.kind == "lost_answer":
            raise Dropped
        return answer

    @app.errorhandler(Refused)
    def refuse(error: Refused) -> Response:
        return _json(error.body, error.status)

    @app.post("/v1/checkout/sessions")
    def make() -> Response:
        key = request.headers.get("Idempotency-Key", "")
        said = request.get_data(as_text=True)
        form = request.form.to_dict()
        with account.lock:
            if key in account.answers:
                before, answer = account.answers[key]
                if before != said:
                    text = "Keys for idempotent requests can only be used with the same parameters"
                    raise Refused(400, "idempotency_error", "", text)
                replayed = _json(answer)
                replayed.headers["Idempotent-Replayed"] = "true"
                return replayed
            made = dict(account.make_session(form, request.host_url.rstrip("/")))
            if key:
                account.answers[key] = said, made
        return _json(made)

    @app.get("/v1/checkout/sessions/<session_id>")
    def retrieve(session_id: str) -> Response:
        with account.lock:
            return _json(account.find(session_id))

    @app.post("/v1/checkout/sessions/<session_id>/expire")
    def expire(session_id: str) -> Response:
        with account.lock:
            return _json(account.expire(session_id))

    @app.get("/v1/payment_intents/<payment_id>")
    def payment(payment_id: str) -> Response:
        with account.lock:
            if payment_id not in account.payments:
                raise Refused(404, "invalid_request_error", "resource_missing", "No such payment_intent")
            return _json(account.payments[payment_id])

    _add_page(app, account)
    _add_control(app, account, faults)
    return app


def _strike(fault: StripeFault, faults: Faults) -> Response:
    if fault.kind in ("hang", "reset"):
        if fault.kind == "hang":
            faults.released.wait(fault.seconds)
        raise Dropped(reset=fault.kind == "reset")
    answer = _json({"error": {"type": "api_error", "message": "unavailable"}}, int(fault.kind))
    if fault.retry_after is not None:
        answer.headers["Retry-After"] = f"{fault.retry_after:g}"
    return answer


def _add_page(app: Flask, account: Account) -> None:
    @app.get("/c/pay/<session_id>")
    def page(session_id: str) -> str:
        with account.lock:
            session = account.find(session_id)
        what = f"{session['amount_total'] / 100:,.2f} {session['currency'].upper()}"
        button = '<form method="post"><button>Pay</button></form>' if session["status"] == "open" else "Closed."
        return f"<!doctype html><title>Stripe (stand-in)</title><h1>{html.escape(what)}</h1>{button}"

    @app.post("/c/pay/<session_id>")
    def pay(session_id: str) -> Any:
        account.pay(session_id)
        return redirect(account.find(session_id)["success_url"], 303)


def _add_control(app: Flask, account: Account, faults: Faults) -> None:
    @app.get("/_sandbox/state")
    def state() -> Response:
        with account.lock:
            sessions = [*account.sessions.values()]
            return _json({"sessions": sessions, "events": account.events, "calls": account.calls})

    @app.post("/_sandbox/faults")
    def order_faults() -> Response:
        with account.lock:
            faults.put(request.get_data())
            return _json([*faults.faults.values()])

    @app.delete("/_sandbox/faults")
    def clear_faults() -> Response:
        with account.lock:
            faults.clear()
        return Response(status=204)

    @app.get("/")
    def about() -> str:
        return "A stand-in for Stripe.\n"


def _json(body: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, content_type="application/json")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox.stripe", description="A stand-in for Stripe.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--webhook", default="", help="where its events are posted")
    given = parser.parse_args()
    serve(create_app(Account(given.webhook)), given.port)


if __name__ == "__main__":
    main()
