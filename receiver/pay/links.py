"""Payment links: made in the receiver without a round trip, read when a customer opens one.

A link says reference, amount and currency of an order and when it ends, in clear, and is signed with LEADSYNC_KEY. It
holds nothing of the customer.
"""

import hashlib
import hmac
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple
from urllib.parse import quote

from itsdangerous import BadSignature, Signer
from itsdangerous.signer import SigningAlgorithm

from leadcore.config import Orders, Payment
from leadcore.event import Event
from leadcore.machine import Machine
from leadcore.orders.money import from_units, to_units
from leadcore.payable import find_payable
from leadcore.settings import Settings
from receiver.pay.errors import Tampered

PATH = "/pay"
# Characters; no link of ours is as long.
_LONGEST = 200


class Link(NamedTuple):
    """`units`: the amount in the smallest unit of `currency`; `expires`: seconds since 1970."""

    reference: str
    units: int
    currency: str
    expires: int

    @property
    def amount(self) -> Decimal:
        return from_units(self.units, self.currency)


class _Hmac(SigningAlgorithm):
    """HMAC-SHA256 in one call of OpenSSL's, which takes a quarter of the time."""

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return hmac.digest(key, value, "sha256")


class PayLinks:
    """The links of one shop. `clock`: seconds since 1970; `orders`: None if carts do not become orders."""

    def __init__(
        self, key: bytes, public_url: str, payment: Payment, clock: Callable[[], float], orders: Orders | None = None
    ) -> None:
        self._orders = orders
        self.payment, self.public_url, self.clock = payment, public_url, clock
        # Derived here once; itsdangerous would do it for every link.
        derived = hmac.digest(key, b"leadsync pay", "sha256")
        self._signer = Signer(derived, key_derivation="none", algorithm=_Hmac())

    def make(self, said: Event, reference: str) -> str:
        """The URL where the order of this event is paid, "" if it cannot be paid by a link."""
        total, _ = find_payable(said, self.payment, self._orders)
        if total is None:
            return ""
        currency = self.payment.currency
        expires = int(self.clock()) + self.payment.expires_hours * 3600
        return self.url(self.sign(Link(reference, to_units(total, currency), currency, expires)))

    def url(self, token: str) -> str:
        return f"{self.public_url}{PATH}/{token}"

    def sign(self, link: Link) -> str:
        return self._signer.sign("-".join(map(str, link))).decode()

    def read(self, token: str) -> Link:
        """The link, which may have expired. Raises `Tampered`."""
        if len(token) > _LONGEST or not token.isascii():
            raise Tampered("nobody here made this link")
        try:
            said = self._signer.unsign(token)
        except BadSignature:
            raise Tampered("nobody here made this link") from None
        # Base64 has bits to spare in its last letter: a changed letter may mean the same bytes.
        if not hmac.compare_digest(self._signer.sign(said), token.encode()):
            raise Tampered("nobody here made this link")
        reference, units, currency, expires = said.decode().split("-")
        return Link(reference, int(units), currency, int(expires))

    def has_expired(self, link: Link) -> bool:
        return self.clock() >= link.expires


def make_links(shared: Settings, public_url: str, machine: Machine) -> PayLinks | None:
    """None while payment links are off: without the table [payment] or without PUBLIC_URL."""
    payment = shared.config.payment
    if payment is None or not public_url:
        return None
    return PayLinks(shared.key.encode(), public_url, payment, machine.time, shared.config.orders)


def fill_link(template: str, link: Link, secret: bytes) -> str:
    """The URL of the shop's own page: `template` with {reference}, {amount}, {currency} and {signature} filled in.
    `signature` is the HMAC-SHA256 in hex of "reference|amount|currency" under the key that `derive_link_key` makes."""
    amount = str(link.amount)
    signed = f"{link.reference}|{amount}|{link.currency}"
    values = {
        "reference": link.reference,
        "amount": amount,
        "currency": link.currency,
        "signature": hmac.new(secret, signed.encode(), hashlib.sha256).hexdigest(),
    }
    for name, value in values.items():
        template = template.replace(f"{{{name}}}", quote(value, safe=""))
    return template


def derive_link_key(key: bytes) -> bytes:
    """The key of the signatures in links to the shop's own page, as text in hex: LEADSYNC_KEY itself is not shown to
    that page, which could make references and links with it."""
    return hmac.new(key, b"leadsync link", hashlib.sha256).hexdigest().encode()
