"""The view behind DealDroid's URL: check the secret, parse, keep, answer."""

import hashlib
import hmac
import json
from typing import Any

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge

from receiver import event
from receiver.config import Config
from receiver.feeder import Feeder

PATH = "/api/v1/intent-handler"
MAX_BODY = 256 * 1024


class Forbidden(Exception):
    """The secret is not one of ours."""


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


def blueprint(guard: Guard, feeder: Feeder, config: Config) -> Blueprint:
    """The route of the intent webhook; raises event.Malformed, Forbidden, Unusable and feeder.NowhereToKeep."""
    pages = Blueprint("intake", __name__)
    replies = {name: _array(list(intent.reply)) for name, intent in config.intents.items()}
    nothing = _array([])

    @pages.post(PATH, strict_slashes=False, provide_automatic_options=False)
    def intake() -> Response:
        raw = request.get_data(cache=False)
        if len(raw) > MAX_BODY:
            raise RequestEntityTooLarge
        body = event.decode(raw)
        if not guard.allows(body.pop("secret", "")):
            raise Forbidden
        missing = event.unusable(body)
        if missing:
            feeder.park(body)
            raise Unusable(missing)
        feeder.feed(body)
        reply = replies.get(event.text(body["intent"]), nothing)
        return current_app.response_class(reply, mimetype="application/json")

    return pages


def _array(messages: list[str]) -> bytes:
    return json.dumps(messages, ensure_ascii=False).encode()
