"""Access to the console: HTTP Basic, and a signed token in each form against cross-site request forgery."""

import hashlib
import hmac
import math
import time
from urllib.parse import urlsplit

import structlog
from flask import Request, Response
from itsdangerous import TimestampSigner

from receiver.throttle import ALLOWED_IN_ALL, Throttle, network_of, sender_of

USER = "leadsync"
# A form is valid for at least this long, and at most twice as long.
FORM_SECONDS = 12 * 3600
# No inline script or style: text from a customer or a portal can never become one.
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    # With "no-referrer" a browser sends "Origin: null" with the console's own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
}
log = structlog.get_logger("leadsync.receiver")


class FormSigner(TimestampSigner):
    """Its clock ticks every `FORM_SECONDS`, so that a page has the same token each time it is rendered: the browser
    then replaces only what has changed."""

    def get_timestamp(self) -> int:
        return int(time.time() // FORM_SECONDS) * FORM_SECONDS


class ConsoleAuth:
    """One password for everybody. Each web process counts wrong ones for itself."""

    def __init__(self, password: str, trusted_proxies: int) -> None:
        raw = password.encode("utf-8", "surrogateescape")
        self.trusted_proxies = trusted_proxies
        self.throttle = Throttle()
        self._user, self._password = _digest(USER.encode()), _digest(raw)
        # Slow on purpose: a token in a saved page must not allow fast guesses at the password.
        key = hashlib.scrypt(raw, salt=b"leadsync console", n=2**14, r=8, p=1, dklen=32)
        self._signer = FormSigner(key, salt=b"leadsync console", key_derivation="hmac", digest_method=hashlib.sha256)

    def refuse(self, request: Request) -> Response | None:
        """The answer to a request without the password, None if it may pass. A sender of too many wrong passwords is
        refused until the window ends, even with the right one; so is a sender that this process does not know while
        many senders together try (see `receiver.throttle`)."""
        forwarded = request.headers.get("X-Forwarded-For", "")
        sender = sender_of(request.remote_addr or "", forwarded, self.trusted_proxies)
        wait = self.throttle.seconds_to_wait(sender)
        if wait:
            return _plain_text("Too many wrong passwords. Wait a minute.", 429, {"Retry-After": str(math.ceil(wait))})
        given = request.authorization
        if given is not None and given.type == "basic" and self._matches(given.username or "", given.password or ""):
            self.throttle.remember(sender)
            return None
        if given is not None:
            counted = self.throttle.count(sender)
            if counted.first:
                log.warning("console.wrong_password", network=network_of(sender))
            if counted.spread:
                log.warning("console.many_wrong_passwords", at_most=ALLOWED_IN_ALL)
        challenge = {"WWW-Authenticate": 'Basic realm="leadsync", charset="UTF-8"'}
        return _plain_text("The console needs its user name and password.", 401, challenge)

    def form_token(self) -> str:
        """The token that each form of the console carries."""
        return self._signer.sign(b"form").decode()

    def is_own_form(self, request: Request) -> bool:
        """Whether a form was rendered by the console and sent from its page: its token is valid, and the browser, if
        it names the origin of the request, names this site."""
        return self._signer.validate(request.form.get("token", ""), FORM_SECONDS) and _is_same_site(request)

    def _matches(self, user: str, password: str) -> bool:
        is_user = hmac.compare_digest(_digest(user.encode("utf-8", "surrogatepass")), self._user)
        is_password = hmac.compare_digest(_digest(password.encode("utf-8", "surrogatepass")), self._password)
        return is_user and is_password


def _is_same_site(request: Request) -> bool:
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        return site == "same-origin"
    return origin is None or urlsplit(origin).netloc == request.host


def _digest(value: bytes) -> bytes:
    return hashlib.sha256(value).digest()


def _plain_text(text: str, status: int, headers: dict[str, str]) -> Response:
    return Response(text + "\n", status, headers, mimetype="text/plain")
