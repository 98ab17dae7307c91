"""What others would get: the hooks and the notices of a run, taken by the sandbox page and shown on it."""

import time
from collections import deque
from threading import Lock
from typing import Any

import msgspec
from flask import Blueprint, request
from standardwebhooks import Webhook, WebhookVerificationError

from sandbox.launch import HOOKS_PATH, NOTICES_PATH

SHOWN = 20


class Received:
    """The newest last, at most `SHOWN` of each. `secret`: HOOK_SECRET, "" where nothing is verified."""

    def __init__(self, secret: str | None) -> None:
        self._webhook = Webhook(secret) if secret else None
        self._lock = Lock()
        self._hooks: deque[dict[str, Any]] = deque(maxlen=SHOWN)
        self._notices: deque[dict[str, Any]] = deque(maxlen=SHOWN)

    def as_dict(self) -> dict[str, list[dict[str, Any]]]:
        with self._lock:
            return {"hooks": list(self._hooks), "notices": list(self._notices)}

    def clear(self) -> None:
        with self._lock:
            self._hooks.clear()
            self._notices.clear()

    def routes(self) -> Blueprint:
        """Where workers post to, as a system of the shop's and a chat of its team would be."""
        pages = Blueprint("received", __name__)

        @pages.post(HOOKS_PATH)
        def take_hook() -> tuple[str, int]:
            raw = request.get_data()
            said = msgspec.json.decode(raw, type=dict[str, Any])
            hook = {"type": said.get("type"), "data": said.get("data"), "verified": self._is_verified(raw)}
            with self._lock:
                # At least once, under the same id: the second one is passed over.
                if request.headers.get("webhook-id") not in [each["id"] for each in self._hooks]:
                    self._hooks.append({**hook, "id": request.headers.get("webhook-id"), "at": time.time()})
            return "", 204

        @pages.post(NOTICES_PATH)
        def take_notice() -> tuple[str, int]:
            said = msgspec.json.decode(request.get_data(), type=dict[str, Any])
            with self._lock:
                self._notices.append({"title": said.get("title"), "text": said.get("message"), "at": time.time()})
            return "", 204

        @pages.get("/received")
        def show() -> dict[str, Any]:
            return self.as_dict()

        @pages.errorhandler(msgspec.MsgspecError)
        def refuse(error: msgspec.MsgspecError) -> tuple[str, int]:
            return str(error), 400

        return pages

    def _is_verified(self, raw: bytes) -> bool:
        if self._webhook is None:
            return False
        try:
            self._webhook.verify(raw, dict(request.headers))
        except (WebhookVerificationError, ValueError):
            return False
        return True
