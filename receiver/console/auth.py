"""Who may use the console, and which requests were really made on it."""

import hashlib
import hmac
import math
import time
from urllib.parse import urlsplit

import structlog
from flask import Request, Response

from receiver.throttle import Throttle, network_of, sender_of

USER = "leadsync"
# How long a form stays good, at least; twice as long at most.
FORM_SECONDS = 12 * 3600
# No inline script or style: what a customer or a portal says can never become one.
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    # With "no-referrer" a browser says "Origin: null" of the console's own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
}
log = structlog.get_logger("leadsync.receiver")


class Auth:
    """One password. Each web process counts wrong ones for itself."""

    def __init__(self, password: str, trusted_proxies: int) -> None:
        raw = password.encode("utf-8", "surrogateescape")
        self.trusted_proxies = trusted_proxies
        self.throttle = Throttle()
        self._user, self._password = _digest(USER.encode()), _digest(raw)
        # Slow on purpose: a page that somebody saved must not make it cheap to guess the password.
        self._key = hashlib.scrypt(raw, salt=b"leadsync console", n=2**14, r=8, p=1, dklen=32)

    def refuse(self, request: Request) -> Response | None:
        """The answer to a request without the password, None if it may pass. A sender of more than `ALLOWED` wrong ones
        has to wait until the minute is over, whatever it says then."""
        forwarded = request.headers.get("X-Forwarded-For", "")
        sender = sender_of(request.remote_addr or "", forwarded, self.trusted_proxies)
        wait = self.throttle.wait(sender)
        if wait:
            return _text("Too many wrong passwords. Wait a minute.", 429, {"Retry-After": str(math.ceil(wait))})
        given = request.authorization
        if given is not None and given.type == "basic" and self._knows(given.username or "", given.password or ""):
            return None
        if given is not None:
            name, count, _ = self.throttle.count(sender)
            if count == 1:
                log.warning("console.wrong_password", network=network_of(name))
        challenge = {"WWW-Authenticate": 'Basic realm="leadsync", charset="UTF-8"'}
        return _text("The console needs its user name and password.", 401, challenge)

    def token(self) -> str:
        """What a form of the console carries to show that it is one."""
        return self._token(int(time.time() // FORM_SECONDS))

    def is_own(self, request: Request) -> bool:
        """Whether a form was made by the console and sent from its page: its token is good, and the browser, if it
        says where the request comes from, says that it comes from here."""
        period = int(time.time() // FORM_SECONDS)
        given = request.form.get("token", "").encode()
        known = [hmac.compare_digest(given, self._token(number).encode()) for number in (period, period - 1)]
        return any(known) and _same_site(request)

    def _knows(self, user: str, password: str) -> bool:
        users = hmac.compare_digest(_digest(user.encode("utf-8", "surrogatepass")), self._user)
        passwords = hmac.compare_digest(_digest(password.encode("utf-8", "surrogatepass")), self._password)
        return users and passwords

    def _token(self, period: int) -> str:
        return hmac.new(self._key, b"form %d" % period, hashlib.sha256).hexdigest()


def _same_site(request: Request) -> bool:
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        return site == "same-origin"
    return origin is None or urlsplit(origin).netloc == request.host


def _digest(value: bytes) -> bytes:
    return hashlib.sha256(value).digest()


def _text(text: str, status: int, headers: dict[str, str]) -> Response:
    return Response(text + "\n", status, headers, mimetype="text/plain")
