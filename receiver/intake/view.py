"""The view behind DealDroid's URL: check the secret, parse, store, answer."""

import hashlib
import hmac
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import structlog
from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from leadcore import event, trial_lead
from receiver.intake.errors import Forbidden, Unusable
from receiver.intake.feeder import Feeder
from receiver.intake.reply import Replies
from receiver.throttle import ALLOWED_IN_ALL, Throttle, network_of, sender_of

PATH = "/api/v1/intent-handler"
MAX_BODY = 256 * 1024
FAILURE = "leadsync.failure"
"""WSGI environ key of the exception that `accept` raised on the fast path, for Flask to answer."""
DUPLICATE = ((event.STATE_HEADER, event.DUPLICATE),)
log = structlog.get_logger("leadsync.receiver")


class Accepted(NamedTuple):
    """The answer to a post that was taken. `headers`: those beside its type and length."""

    body: bytes
    headers: tuple[tuple[str, str], ...]


class SecretCheck:
    """Compares secrets, trimmed, as digests in constant time."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self._digests = [_digest(secret) for secret in secrets]

    def accepts(self, secret: Any) -> bool:
        """Whether `secret` is one of the configured ones; if none is configured, anything is accepted."""
        if not self._digests:
            return True
        if isinstance(secret, bool) or not isinstance(secret, str | int):
            return False
        given = _digest(str(secret).strip())
        matches = [hmac.compare_digest(given, known) for known in self._digests]
        return any(matches)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


class Intake:
    """Handles a post, from Flask or from the fast path."""

    def __init__(self, secret_check: SecretCheck, feeder: Feeder, replies: Replies, trusted_proxies: int) -> None:
        self._secret_check, self._feeder, self._trusted_proxies = secret_check, feeder, trusted_proxies
        self._replies = replies
        self._throttle = Throttle()

    def accept(self, raw: bytes, environ: Mapping[str, Any]) -> Accepted:
        """Store the event in the body `raw`. Raises `RequestEntityTooLarge`, `event.Malformed`,
        `Forbidden`, `Unusable` and `NotStored`."""
        if len(raw) > MAX_BODY:
            raise RequestEntityTooLarge
        head = event.receive(raw, lambda secret: self._authenticate(secret, environ))
        if head.customer_id != trial_lead.CUSTOMER:
            self._feeder.note_post(authenticated=True)
        if head.missing:
            self._feeder.park(head)
            raise Unusable(head.missing)
        stored = self._feeder.feed(head)
        return Accepted(self._replies.answer(head, stored.lead), DUPLICATE if stored.is_duplicate else ())

    def send_test(self) -> str:
        """Store a test lead as a post of DealDroid's is stored; its id, "" while the digest key is not known. Raises
        `NotStored`."""
        body = event.encode(trial_lead.make_body(self._feeder.machine.token(8)))
        return self._feeder.feed(event.read_head(body)).lead

    def blueprint(self) -> Blueprint:
        """The route of the intent webhook; raises what `accept` raises."""
        pages = Blueprint("intake", __name__)

        @pages.post(PATH, strict_slashes=False, provide_automatic_options=False)
        def intake() -> Response:
            if FAILURE in request.environ:
                raise request.environ[FAILURE]
            reply = self.accept(request.get_data(cache=False), request.environ)
            return Response(reply.body, headers=list(reply.headers), mimetype="application/json")

        return pages

    def _authenticate(self, secret: Any, environ: Mapping[str, Any]) -> None:
        if not self._secret_check.accepts(secret):
            self._feeder.note_post(authenticated=False)
            raise Forbidden(self._count_wrong_secret(environ))

    def _count_wrong_secret(self, environ: Mapping[str, Any]) -> int:
        """Count a wrong secret, log the sender's first in this window; how many seconds it has to wait."""
        forwarded = environ.get("HTTP_X_FORWARDED_FOR", "")
        sender = sender_of(environ.get("REMOTE_ADDR") or "", forwarded, self._trusted_proxies)
        counted = self._throttle.count(sender)
        if counted.first:
            log.warning("secret.wrong", network=network_of(sender))
        if counted.spread:
            log.warning("secret.many_wrong", at_most=ALLOWED_IN_ALL)
        return math.ceil(counted.wait)
