"""The calls of the shop's own systems: messages to customers.

They share the web process with the intake, so few are served at once. Nothing is put on the disk while Redis is away: a
call has a key, so whoever sent it repeats it without a second message.
"""

import json
import threading
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request

from leadcore.settings import ReceiverSettings
from leadcore.store.connection import AWAY, Redis
from leadcore.store.messages import OTHER, Messages
from receiver.api.auth import BearerAuth
from receiver.api.errors import ApiError, Away, Invalid
from receiver.api.message_form import read_message, warn
from receiver.api.sender import Sender
from receiver.intake.view import MAX_BODY

if TYPE_CHECKING:
    from receiver.intake.feeder import Feeder

PATH = "/api/v1/messages"
MAX_CONCURRENT = 8
# Whether a Redis that hangs takes it after all, nobody knows.
REDIS_AWAY = "Redis does not take this now. Repeat the call, with the same Idempotency-Key if it had one."


def blueprint(redis: Redis, settings: ReceiverSettings, feeder: "Feeder", auth: BearerAuth) -> Blueprint:
    """The calls; raise `event.Malformed` and `RequestEntityTooLarge`. `redis` needs a short timeout."""
    pages = Blueprint("api", __name__)
    messages = Messages(redis, settings.shared.config.inbox.shards)
    sender = Sender(messages, feeder)
    slots = threading.BoundedSemaphore(MAX_CONCURRENT)

    @pages.errorhandler(ApiError)
    def refused(error: ApiError) -> Response:
        if error.counted:
            feeder.tally.add(f"refused:{error.counted}")
        return _answer(error.status, {"error": str(error)}, **error.headers())

    @pages.post(PATH)
    def send() -> Response:
        auth.check(request)
        raw = request.get_data(cache=False)
        if len(raw) > MAX_BODY:
            return _answer(413, {"error": "The body is larger than 256 KiB."})
        key = request.headers.get("Idempotency-Key", "")
        message = read_message(key, raw)
        if _ask(slots, lambda: sender.put(message, key)) == OTHER:
            raise Invalid("Idempotency-Key: another message was sent with this key.")
        warnings = warn(message)
        body: dict[str, Any] = {"id": message.id, **({"warnings": warnings} if warnings else {})}
        return _answer(202, body, Location=f"{PATH}/{message.id}")

    @pages.get(f"{PATH}/<message_id>")
    def show(message_id: str) -> Response:
        auth.check(request)
        found = _ask(slots, lambda: messages.read(message_id))
        if found is None:
            return _answer(404, {"error": "There is no message of this id, or no longer."})
        return _answer(200, found.as_dict())

    return pages


def _ask(slots: threading.BoundedSemaphore, ask: Any) -> Any:
    """What Redis answers. Raises `Away`."""
    if not slots.acquire(blocking=False):
        raise Away("Too many calls at once. Repeat the call.")
    try:
        return ask()
    except AWAY:
        raise Away(REDIS_AWAY) from None
    finally:
        slots.release()


def _answer(status: int, body: dict[str, Any], **headers: str) -> Response:
    return Response(json.dumps(body), status, headers, mimetype="application/json")
