"""The view behind DealDroid's URL: check the secret, parse, keep, answer."""

import hashlib
import hmac
import json
import math
from typing import Any

import structlog
from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge

from receiver import event
from receiver.config import Config
from receiver.feeder import Feeder
from receiver.throttle import ALLOWED, Throttle, network_of, sender_of

PATH = "/api/v1/intent-handler"
MAX_BODY = 256 * 1024
log = structlog.get_logger("leadsync.receiver")


class Forbidden(Exception):
    """The secret is not one of ours. `retry_after`: seconds that a sender of many wrong ones shall wait, else 0."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("wrong secret")
        self.retry_after = retry_after


class Unusable(Exception):
    """An authenticated event lacks a required field; it was parked. `fields` are their names."""

    def __init__(self, fields: list[str]) -> None:
        super().__init__("unusable fields")
        self.fields = fields


class Guard:
    """Compares secrets as UTF-8 bytes, trimmed, in a time that does not depend on where they differ."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self._digests = [_digest(secret) for secret in secrets]

    def allows(self, secret: Any) -> bool:
        """Whether `secret` is one of the configured; anything is if none is configured."""
        if not self._digests:
            return True
        if isinstance(secret, bool) or not isinstance(secret, str | int):
            return False
        given = _digest(str(secret).strip())
        matches = [hmac.compare_digest(given, known) for known in self._digests]
        return any(matches)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def blueprint(guard: Guard, feeder: Feeder, config: Config, trusted_proxies: int) -> Blueprint:
    """The route of the intent webhook; raises event.Malformed, Forbidden, Unusable and feeder.NowhereToKeep."""
    pages = Blueprint("intake", __name__)
    throttle = Throttle()
    replies = {name: _array(list(intent.reply)) for name, intent in config.intents.items()}
    nothing = _array([])

    @pages.post(PATH, strict_slashes=False, provide_automatic_options=False)
    def intake() -> Response:
        raw = request.get_data(cache=False)
        if len(raw) > MAX_BODY:
            raise RequestEntityTooLarge
        body = event.decode(raw)
        if not guard.allows(body.pop("secret", "")):
            raise Forbidden(_note_wrong(throttle, trusted_proxies))
        missing = event.unusable(body)
        if missing:
            feeder.park(body)
            raise Unusable(missing)
        feeder.feed(body)
        reply = replies.get(event.text(body["intent"]), nothing)
        return current_app.response_class(reply, mimetype="application/json")

    return pages


def _note_wrong(throttle: Throttle, trusted_proxies: int) -> int:
    """Count a wrong secret and log the sender's first of this minute; the seconds it shall wait, 0 if it need not."""
    forwarded = request.headers.get("X-Forwarded-For", "")
    name, count, left = throttle.count(sender_of(request.remote_addr or "", forwarded, trusted_proxies))
    if count == 1:
        log.warning("secret.wrong", network=network_of(name))
    return math.ceil(left) if count > ALLOWED else 0


def _array(messages: list[str]) -> bytes:
    return json.dumps(messages, ensure_ascii=False).encode()
