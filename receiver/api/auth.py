"""Access to the API: a bearer token."""

import hashlib
import hmac
import math

import structlog
from flask import Request

from receiver.api.errors import Throttled, Unauthorized
from receiver.throttle import ALLOWED_IN_ALL, Throttle, network_of, sender_of

log = structlog.get_logger("leadsync.receiver")


class BearerAuth:
    """One token for everybody. Each web process counts wrong ones for itself (see `receiver.throttle`)."""

    def __init__(self, token: str, trusted_proxies: int) -> None:
        self._token, self._trusted_proxies = _digest(token), trusted_proxies
        self._throttle = Throttle()

    def check(self, request: Request) -> None:
        """Raises `Unauthorized`, and `Throttled` for a sender of too many wrong tokens, even with the right one."""
        forwarded = request.headers.get("X-Forwarded-For", "")
        sender = sender_of(request.remote_addr or "", forwarded, self._trusted_proxies)
        wait = self._throttle.seconds_to_wait(sender)
        if wait:
            raise Throttled(math.ceil(wait))
        given = request.headers.get("Authorization", "")
        scheme, _, token = given.partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(_digest(token.strip()), self._token):
            self._throttle.remember(sender)
            return
        if given:
            counted = self._throttle.count(sender)
            if counted.first:
                log.warning("api.wrong_token", network=network_of(sender))
            if counted.spread:
                log.warning("api.many_wrong_tokens", at_most=ALLOWED_IN_ALL)
        raise Unauthorized("Unauthorized")


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
