"""The intent event, as DealDroid posts it and as it travels through Redis.

The field names and types are those of DealDroid's "Intent Webhook Integration" page. Only `mid`, `customer_id` and
`intent` are required; any other field may be missing, null, unknown or of another type, and then counts as empty.
"""

import json
import math
import re
import unicodedata
from typing import Any

import msgspec
from msgspec import Struct

from leadcore.errors import LeadSyncError

REQUIRED = ("mid", "customer_id", "intent")
MAX_TEXT = 4096
# Far above any payload, and far below Python's recursion limit, which depends on the caller's depth.
MAX_DEPTH = 100
_ENCODE = msgspec.json.Encoder(order="sorted").encode
_DECODE = msgspec.json.Decoder().decode
# C0/C1 controls, surrogates, zero-width marks and bidi controls have no meaning in a CRM field.
_NOISE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufffe\uffff]"
)
_LINE = re.compile(r"[\t\n]")
_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[\]{}]')
_SPACE = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\s*\n\s*")


class Malformed(LeadSyncError, ValueError):
    """The body is not a JSON object. The text tells the sender what to fix and quotes nothing of the body."""


class Address(Struct, frozen=True):
    """`address_parsing`. Every field is clean text, "" where it is empty."""

    street: str = ""
    village: str = ""
    subdistrict: str = ""
    district: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""


class ContactInfo(Struct, frozen=True):
    """`contact_info`. Every field is clean text, "" where it is empty."""

    name: str = ""
    phone: str = ""
    email: str = ""
    address: str = ""
    city: str = ""
    zipcode: str = ""
    language: str = ""
    language_name: str = ""


class Product(Struct, frozen=True):
    code: str
    name: str
    price: str
    count: str
    total: str
    available: bool


class Event(Struct, frozen=True):
    """One checked intent event. `customer_id` is DealDroid's id as text, exactly as it came; `customer` is what has to
    be sent back to DealDroid (a number stays a number)."""

    mid: str
    customer_id: str
    customer: str | int | float
    intent: str
    address: Address = Address()
    contact: ContactInfo = ContactInfo()
    products: tuple[Product, ...] = ()
    shipping_fee: str = ""
    grand_total: str = ""
    payment_method: str = ""
    product_type: str = ""
    folder: str = ""
    environment: str = ""


def decode(raw: bytes) -> dict[str, Any]:
    """The JSON object in `raw`; raises `Malformed`.

    The fast decoder is strict; what it refuses (NaN, numbers beyond a double, lone surrogates, UTF-16, a byte order
    mark) is tried again with the tolerant one, because to refuse an event is to lose a customer.
    """
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and _depth(raw) > MAX_DEPTH:
        raise Malformed("The body is nested too deeply.")
    try:
        body = _DECODE(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        body = _decode_tolerantly(raw)
    except RecursionError:
        raise Malformed("The body is nested too deeply.") from None
    if not isinstance(body, dict):
        raise Malformed("The body must be a JSON object.")
    return body


class _CustomerId(Struct):
    customer_id: Any = None


_DECODE_CUSTOMER_ID = msgspec.json.Decoder(_CustomerId).decode


def read_customer_id(raw: bytes) -> str:
    """The id of the customer of the event `raw`, without decoding all of it; "" if there is none to be read."""
    try:
        customer = _DECODE_CUSTOMER_ID(raw).customer_id
    except (ValueError, RecursionError):
        return ""
    return identity(customer) if isinstance(customer, str | int | float) else ""


def _depth(raw: bytes) -> int:
    deepest = depth = 0
    for token in _BRACKET.findall(raw):
        depth += 1 if token in b"[{" else -1 if token in b"]}" else 0
        deepest = max(deepest, depth)
    return deepest


def _decode_tolerantly(raw: bytes) -> Any:
    try:
        return json.loads(raw, parse_int=_number)
    except RecursionError:
        raise Malformed("The body is nested too deeply.") from None
    except (ValueError, UnicodeDecodeError):
        raise Malformed("The body must be JSON in UTF-8.") from None


def _number(digits: str) -> int | str:
    # CPython refuses to convert more than 4,300 digits to an int; as text the value is kept.
    return int(digits) if len(digits) < 300 else digits


def encode(body: dict[str, Any]) -> bytes:
    """`body` as canonical JSON (sorted keys), so that the same body always has the same digest; raises `Malformed`."""
    try:
        return _ENCODE(body)
    except (UnicodeEncodeError, msgspec.MsgspecError, OverflowError, RecursionError):
        pass
    try:
        return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
    except RecursionError:
        raise Malformed("The body is nested too deeply.") from None


def unusable(body: dict[str, Any]) -> list[str]:
    """The required fields that are missing or cannot identify an event, in DealDroid's order."""
    return [name for name in REQUIRED if not _usable(name, body.get(name))]


def _usable(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, int):
        return True
    if isinstance(value, float):
        return math.isfinite(value)
    if not isinstance(value, str):
        return False
    return name != "customer_id" or (value.strip() != "" and not _NOISE.search(value) and not _LINE.search(value))


def identity(customer: str | int | float) -> str:
    """DealDroid's customer id as text, exactly as it came: never stripped or case-folded."""
    return customer if isinstance(customer, str) else json.dumps(customer)


def parse(body: dict[str, Any]) -> Event:
    """The event in a body whose required fields are usable; any other field that cannot be read is empty."""
    address, info, cart = (_object(body.get(name)) for name in ("address_parsing", "contact_info", "shopping_cart"))
    customer = body["customer_id"]
    return Event(
        mid=text(body["mid"]),
        customer_id=identity(customer),
        customer=customer,
        intent=text(body["intent"]),
        address=Address(
            street=text(address.get("street_address")),
            village=text(address.get("village_or_project")),
            subdistrict=text(address.get("subdistrict")),
            district=text(address.get("district")),
            city=text(address.get("city")),
            state=text(address.get("state")),
            postal_code=text(address.get("postal_code")),
            country=text(address.get("country")),
        ),
        contact=ContactInfo(
            name=text(info.get("name")),
            phone=text(info.get("phone")),
            email=text(info.get("email")),
            address=text(info.get("address")),
            city=text(info.get("city")),
            zipcode=text(info.get("zipcode")),
            language=text(info.get("language")),
            language_name=text(info.get("languageName")),
        ),
        products=_products(cart.get("products")),
        shipping_fee=text(cart.get("shippingFee")),
        grand_total=text(cart.get("grandTotal")),
        payment_method=text(body.get("payment_method")),
        product_type=text(body.get("product_type")),
        folder=text(body.get("folder")),
        environment=text(body.get("e")),
    )


def text(value: Any) -> str:
    """Clean text of any JSON value: a number's digits, a string in NFC without control characters and with single
    spaces, at most `MAX_TEXT` characters; "" for null, true, false, lists, objects, NaN and infinities."""
    if isinstance(value, str):
        if not value:
            return value
        clean = value[: 4 * MAX_TEXT]
        if not clean.isascii():
            clean = unicodedata.normalize("NFC", clean)
        # Printable text holds no noise, and no white space but the ordinary space.
        if not clean.isprintable() or "  " in clean:
            clean = _LINES.sub("\n", _SPACE.sub(" ", _NOISE.sub("", clean.replace("\r\n", "\n"))))
        return clean.strip()[:MAX_TEXT]
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int):
        return str(value) if abs(value) < 10**300 else ""
    if isinstance(value, float) and math.isfinite(value):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return ""


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _products(value: Any) -> tuple[Product, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(
        Product(
            code=text(item.get("code")),
            name=text(item.get("name")),
            price=text(item.get("price")),
            count=text(item.get("count")),
            total=text(item.get("total")),
            available=item.get("available") is not False,
        )
        for item in value[:100]
        if isinstance(item, dict)
    )
