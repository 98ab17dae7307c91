"""Access to the console: HTTP Basic, what a role may do, and a signed token in each form against cross-site request
forgery."""

import hashlib
import hmac
import math
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import structlog
from flask import Request, Response
from itsdangerous import BadData, TimestampSigner
from werkzeug.security import check_password_hash

from leadcore.logins import ADMIN, PASSWORD_USER, PASSWORD_WHO, Login, fold, normalize
from receiver.console.errors import Busy
from receiver.throttle import ALLOWED_IN_ALL, Throttle, network_of, sender_of

# Slow checks at once in a web process: each takes 32 MB and a tenth of a second, and the intake needs the rest.
MAX_SLOW = 2
# After a restart a page asks for its style, script and icon at once: so many requests wait for a check, and so long.
MAX_WAITING, WAIT_SECONDS = 6, 1.0
# Methods that change nothing (RFC 9110, 9.2.1).
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# Endpoints that only read, by POST because what is asked may stand in no URL and no log.
READ_BY_POST = frozenset({"console.find"})
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


@dataclass(frozen=True, slots=True)
class User:
    """Who is at the console. `name`: as the list of actions has it; `is_person`: whether it is one person's own."""

    name: str
    role: str
    is_person: bool = True

    @property
    def may_act(self) -> bool:
        return self.role == ADMIN

    def may_send(self, request: Request) -> bool:
        """Whether the role allows the request: to read everything, or to act."""
        return self.may_act or request.method in SAFE or request.endpoint in READ_BY_POST


class ConsoleAuth:
    """One password for everybody ("" for none), and logins for each person. Each web process counts wrong ones for
    itself."""

    def __init__(self, password: str, trusted_proxies: int, logins: Sequence[Login] = ()) -> None:
        raw = password.encode("utf-8", "surrogateescape")
        self.trusted_proxies = trusted_proxies
        self.throttle = Throttle()
        self._password = _digest(raw) if raw else b""
        self._logins = {fold(one.name): one for one in logins}
        self._slow = threading.BoundedSemaphore(MAX_SLOW)
        self._places = threading.BoundedSemaphore(MAX_SLOW + MAX_WAITING)
        # Every request carries the password, and its hash is slow: a right one is known again by this.
        self._proofs: dict[str, bytes] = {}
        self._proof_key = secrets.token_bytes(32)
        # Slow on purpose: a token in a saved page must not allow fast guesses at the password.
        known = b"\0".join([raw, *(one.hash.encode() for one in logins)])
        key = hashlib.scrypt(known, salt=b"leadsync console", n=2**14, r=8, p=1, dklen=32)
        self._signer = FormSigner(key, salt=b"leadsync console", key_derivation="hmac", digest_method=hashlib.sha256)

    def admit(self, request: Request) -> User | Response:
        """Who sends the request, or the answer to one without a right password. A sender of too many wrong passwords is
        refused until the window ends, even with the right one; so is a sender that this process does not know while
        many senders together try (see `receiver.throttle`)."""
        forwarded = request.headers.get("X-Forwarded-For", "")
        sender = sender_of(request.remote_addr or "", forwarded, self.trusted_proxies)
        wait = self.throttle.seconds_to_wait(sender)
        if wait:
            return _plain_text("Too many wrong passwords. Wait a minute.", 429, {"Retry-After": str(math.ceil(wait))})
        given = request.authorization
        if given is not None and given.type == "basic":
            try:
                user = self._identify(given.username or "", given.password or "")
            except Busy:
                return _plain_text("Too many people log in at once. Reload in a moment.", 503, {"Retry-After": "1"})
            if user:
                self.throttle.remember(sender)
                return user
        if given is not None:
            counted = self.throttle.count(sender)
            if counted.first:
                log.warning("console.wrong_password", network=network_of(sender))
            if counted.spread:
                log.warning("console.many_wrong_passwords", at_most=ALLOWED_IN_ALL)
        challenge = {"WWW-Authenticate": 'Basic realm="leadsync", charset="UTF-8"'}
        return _plain_text("The console needs its user name and password.", 401, challenge)

    def form_token(self, name: str = PASSWORD_WHO) -> str:
        """The token that each form of the console carries for the user with this name."""
        return self._signer.sign(name.encode()).decode()

    def is_own_form(self, request: Request, name: str = PASSWORD_WHO) -> bool:
        """Whether a form was rendered by the console for this user and sent from its page: its token is valid, and the
        browser, if it names the origin of the request, names this site."""
        try:
            signed = self._signer.unsign(request.form.get("token", ""), FORM_SECONDS)
        except BadData:
            return False
        return signed == name.encode() and _is_same_site(request)

    def _identify(self, name: str, password: str) -> User | None:
        """Whose these are, None if nobody's. Raises `Busy`."""
        if not self._logins or name == PASSWORD_USER:
            is_user = hmac.compare_digest(_digest(_encode(name)), _digest(PASSWORD_USER.encode()))
            is_password = hmac.compare_digest(_digest(_encode(password)), self._password)
            return User(PASSWORD_WHO, ADMIN, is_person=False) if is_user and is_password else None
        login = self._logins.get(fold(name))
        proof = hmac.digest(self._proof_key, _encode(f"{fold(name)}\0{password}"), "sha256")
        if login and self._is_proven(login, proof):
            return User(login.name, login.role)
        with self._slow_check():
            # Another request with the same password may have been checked meanwhile.
            if login and self._is_proven(login, proof):
                return User(login.name, login.role)
            # A name that there is not costs as much as any other.
            checked = login or next(iter(self._logins.values()))
            typed = normalize(_encode(password).decode("utf-8", "replace"))
            if not check_password_hash(checked.hash, typed) or login is None:
                return None
            self._proofs[login.name] = proof
        return User(login.name, login.role)

    def _is_proven(self, login: Login, proof: bytes) -> bool:
        return hmac.compare_digest(proof, self._proofs.get(login.name, b""))

    @contextmanager
    def _slow_check(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise Busy("too many passwords wait to be checked")
        try:
            if not self._slow.acquire(timeout=WAIT_SECONDS):
                raise Busy("too many passwords are being checked")
            try:
                yield
            finally:
                self._slow.release()
        finally:
            self._places.release()


def _is_same_site(request: Request) -> bool:
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        return site == "same-origin"
    return origin is None or urlsplit(origin).netloc == request.host


def _encode(typed: str) -> bytes:
    return typed.encode("utf-8", "surrogatepass")


def _digest(value: bytes) -> bytes:
    return hashlib.sha256(value).digest()


def _plain_text(text: str, status: int, headers: dict[str, str]) -> Response:
    return Response(text + "\n", status, headers, mimetype="text/plain")
