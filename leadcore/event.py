"""The intent event, as DealDroid posts it and as it travels through Redis.

The field names and types are those of DealDroid's "Intent Webhook Integration" page. Only `mid`, `customer_id` and
`intent` are required; any other field may be missing, null or unknown. What has another shape is read as what it is
(`leadcore.shapes`) or kept as `Event.unread`; words that say nothing (`leadcore.filler`) count as missing.
"""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, field
from msgspec.structs import astuple

from leadcore import key_names, shapes
from leadcore.errors import LeadSyncError
from leadcore.filler import all_say_something, drop_leftovers, names_nobody, names_nothing, says_nothing
from leadcore.text import MAX_TEXT, NOISE, clean, is_plain

REQUIRED = ("mid", "customer_id", "intent")
STATE_HEADER, DUPLICATE = "Leadsync-Event", "duplicate"
"""In the answer to a post of an event that came already. DealDroid ignores it; it is for who tries the webhook."""
MAX_PRODUCTS = 100
# Far above any payload, and far below Python's recursion limit, which depends on the caller's depth.
MAX_DEPTH = 100
_ENCODE = msgspec.json.Encoder(order="sorted").encode
_DECODE = msgspec.json.Decoder().decode
_LINE = re.compile(r"[\t\n]")
_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[\]{}]')
_ONLY_ZEROS = re.compile(r"[\s0+().-]*")


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
    be sent back to DealDroid (a number stays a number). `unread`: field or part -> what stands there in a shape that
    can be read in more than one way. `body`: the whole, as JSON."""

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
    unread: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def payload(self) -> dict[str, Any]:
        """All that was posted, for what the shop maps itself; decoded again each time, so that nobody changes it."""
        return decode(self.body)


class Head(Struct, frozen=True):
    """What an event is filed by, before it is read. `body`: its canonical JSON without the secret, by which it is
    recognized; `intent`: clean text; `missing`: the required fields that are missing or unusable."""

    body: bytes
    customer_id: str
    intent: str
    missing: tuple[str, ...] = ()


def receive(raw: bytes, authenticate: Callable[[Any], object]) -> Head:
    """The head of a post; `authenticate` is called with its secret, "" if it has none, and raises if that is wrong.
    Raises `Malformed`."""
    body = decode(raw)
    authenticate(body.pop("secret", ""))
    return _head(body, encode(body))


def read_head(stored: bytes) -> Head:
    """The head of an event that is stored as `Head.body`. Raises `Malformed`."""
    return _head(decode(stored), stored)


def _head(body: dict[str, Any], stored: bytes) -> Head:
    customer = body.get("customer_id")
    return Head(
        body=stored,
        customer_id=identity(customer) if isinstance(customer, str | int | float) else "",
        intent=clean(body.get("intent")),
        missing=tuple(unusable(body)),
    )


def read(stored: bytes) -> Event:
    """The event in the JSON `stored`. Raises `Malformed`, also where it lacks a required field."""
    try:
        body = _DECODE_BODY(stored)
    except (ValueError, RecursionError):
        return _read_shapes(stored)
    if _usable("customer_id", body.customer_id) and not _has_styled_key(body, stored):
        return _make(stored, body, {})
    return _read_shapes(stored)


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
    """The id of the customer of the event `raw`, mostly without decoding all of it; "" if there is none to be read."""
    customer: Any = None
    try:
        customer = _DECODE_CUSTOMER_ID(raw).customer_id
    except (ValueError, RecursionError):
        with suppress(Malformed):
            customer = decode(raw).get("customer_id")
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
    return name != "customer_id" or (value.strip() != "" and not NOISE.search(value) and not _LINE.search(value))


def identity(customer: str | int | float) -> str:
    """DealDroid's customer id as text, exactly as it came: never stripped or case-folded."""
    return customer if isinstance(customer, str) else json.dumps(customer)


class _Address(Struct, forbid_unknown_fields=True):
    street_address: str | None = None
    village_or_project: str | None = None
    subdistrict: str | None = None
    district: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | int | None = None
    country: str | None = None


class _Contact(Struct, forbid_unknown_fields=True):
    name: str | None = None
    phone: str | int | None = None
    email: str | None = None
    address: str | None = None
    city: str | None = None
    zipcode: str | int | None = None
    language: str | None = None
    languageName: str | None = None  # noqa: N815 - as DealDroid calls it


class _Product(Struct, forbid_unknown_fields=True):
    code: str | int | float | None = None
    name: str | int | float | None = None
    price: str | int | float | None = None
    count: str | int | float | None = None
    total: str | int | float | None = None
    available: bool | None = None


class _Cart(Struct, forbid_unknown_fields=True):
    products: list[_Product] | None = None
    shippingFee: str | int | float | None = None  # noqa: N815
    grandTotal: str | int | float | None = None  # noqa: N815
    unavailableCount: Any = None  # noqa: N815


class _Body(Struct):
    """What is read of the documented shape, which nearly every payload has."""

    mid: str | int | float
    customer_id: str | int | float
    intent: str | int | float
    address_parsing: _Address | None = None
    contact_info: _Contact | None = None
    shopping_cart: _Cart | None = None
    payment_method: str | None = None
    product_type: str | None = None


_DECODE_BODY = msgspec.json.Decoder(_Body).decode
_NO_ADDRESS, _NO_CONTACT, _NO_CART = _Address(), _Contact(), _Cart()
_PARTS: dict[str, type[Struct]] = {"address_parsing": _Address, "contact_info": _Contact, "shopping_cart": _Cart}
_OTHERS = {"address_parsing": key_names.ADDRESS, "contact_info": key_names.CONTACT, "shopping_cart": key_names.CART}
_KEYS = {name: shapes.index(part.__struct_fields__, _OTHERS[name]) for name, part in _PARTS.items()}
_TOP = shapes.index(_Body.__struct_fields__)
_PRODUCT = shapes.index(_Product.__struct_fields__, key_names.PRODUCT)
_STYLES = {name: [name.replace("_", mark).encode() for mark in ("", "-", " ")] for name in _PARTS}
_FIELDS = (
    *_Address.__struct_fields__,
    *_Contact.__struct_fields__,
    "payment_method",
    "product_type",
    "shippingFee",
    "grandTotal",
)
_PHONE = _FIELDS.index("phone")
# How several values of a field are one text, where it is not that they have to be the same.
_JOIN: dict[str, shapes.Join] = {
    "street_address": shapes.lines,
    "address": shapes.lines,
    "name": shapes.words,
    "phone": shapes.items,
    "email": shapes.email,
}
# No name stands in these, so that "no" and "nan" say nothing there.
_NO_NAMES = frozenset({"phone", "email", "zipcode", "postal_code"})
_NESTED = (dict, list)
# What JSON text begins with.
_OPENINGS = frozenset('{["')
_FALSE = frozenset(
    {"false", "0", "no", "n", "unavailable", "not available", "sold out", "out of stock", "no stock"}
    | {"หมด", "ของหมด", "สินค้าหมด", "หมดสต็อก", "ไม่มี", "ไม่มีของ", "ไม่มีสินค้า"}
)
_T = TypeVar("_T", bound=Struct)


def _has_styled_key(body: _Body, stored: bytes) -> bool:
    """Whether a part that is missing may stand under a key in another case or style."""
    absent = [name for name in _PARTS if getattr(body, name) is None]
    if not absent:
        return False
    lower = stored.lower()
    return any(
        lower.count(name.encode()) > stored.count(name.encode()) or any(style in lower for style in _STYLES[name])
        for name in absent
    )


def _make(stored: bytes, body: _Body, unread: dict[str, str]) -> Event:
    """The event in `body`, whose values may still be of any type. What cannot be read is added to `unread`."""
    address, contact = body.address_parsing or _NO_ADDRESS, body.contact_info or _NO_CONTACT
    cart = body.shopping_cart or _NO_CART
    said = (
        *astuple(address),
        *astuple(contact),
        *(body.payment_method, body.product_type, cart.shippingFee, cart.grandTotal),
    )
    texts = _take_plain(said) or [_text(key, value, unread) for key, value in zip(_FIELDS, said, strict=True)]
    return Event(
        mid=clean(body.mid),
        customer_id=identity(body.customer_id),
        customer=body.customer_id,
        intent=clean(body.intent),
        address=Address(*texts[:8]),
        contact=ContactInfo(*texts[8:16]),
        products=tuple(map(_product, cart.products[:MAX_PRODUCTS])) if cart.products else (),
        payment_method=texts[16],
        product_type=texts[17],
        shipping_fee=texts[18],
        grand_total=texts[19],
        unread=unread,
        body=stored,
    )


def _take_plain(said: Sequence[Any]) -> list[str] | None:
    """The texts as they stand, None if one of them is of another type, may be too long or has to be looked at closely:
    at once for all, because nearly always none has to."""
    texts = ["" if value is None else value for value in said]
    try:
        joined = "|" + "|".join(texts)
    except TypeError:
        return None
    if len(joined) > MAX_TEXT or not is_plain(joined) or not all_say_something(texts, joined):
        return None
    return None if _ONLY_ZEROS.fullmatch(texts[_PHONE] or "1") else [text.strip() for text in texts]


def _text(key: str, value: Any, unread: dict[str, str]) -> str:
    if value is None:
        return ""
    join = _JOIN.get(key, shapes.only)
    if isinstance(value, _NESTED) or (isinstance(value, str) and value.lstrip()[:1] in _OPENINGS):
        try:
            text = shapes.read_value(value, join)
        except shapes.Ambiguous:
            _keep(unread, key, value)
            return ""
    else:
        text = clean(value)
    if join is shapes.lines:
        text = drop_leftovers(text)
    elif key in ("phone", "email") and _ONLY_ZEROS.fullmatch(text):
        return ""
    filler = names_nobody(text) if key == "name" else says_nothing(text, is_name=key not in _NO_NAMES)
    return "" if filler else text


def _keep(unread: dict[str, str], key: str, value: Any) -> None:
    unread[key] = "; ".join(filter(None, (unread.get(key), shapes.as_text(value))))


def _product(product: _Product) -> Product:
    code, name, price, count, total, available = astuple(product)
    return Product(
        _said(code, names_nothing),
        _said(name, names_nothing),
        _said(price),
        _said(count),
        _said(total),
        available is not False,
    )


def _is_filler(text: str) -> bool:
    return says_nothing(text, is_name=True)


def _said(value: Any, is_filler: Callable[[str], bool] = _is_filler) -> str:
    if type(value) is int and 0 <= value < 10**15:
        return str(value)
    text = shapes.read_text(value) if isinstance(value, _NESTED) and shapes.is_said(value) else clean(value)
    # One letter may be a size or a model.
    return text if (len(text) == 1 and text.isalpha()) or not is_filler(text) else ""


def _read_shapes(stored: bytes) -> Event:
    """The event in a body of another shape than the documented one."""
    body = decode(stored)
    if missing := unusable(body):
        raise Malformed(f"{', '.join(missing)} is missing or unusable.")
    unread: dict[str, str] = {}
    known = shapes.rename(body, _TOP)
    address, contact, cart = (_part(known, name, unread) for name in _PARTS)
    documented: dict[str, Any] = {name: known.get(name) for name in _Body.__struct_fields__}
    documented["address_parsing"] = _pick(_Address, address)
    documented["contact_info"] = _pick(_Contact, contact)
    if not cart.get("grandTotal") and cart.get("products") and shapes.is_total_whole(cart):
        cart = {**cart, "grandTotal": cart.get("total")}
    documented["shopping_cart"] = _pick(_Cart, {**cart, "products": _products(cart, unread)})
    return _make(stored, _Body(**documented), unread)


def _pick(kind: Callable[..., _T], values: Mapping[str, Any]) -> _T:
    return kind(**{name: values.get(name) for name in kind.__struct_fields__})  # type: ignore[attr-defined]


def _part(body: dict[str, Any], name: str, unread: dict[str, str]) -> dict[str, Any]:
    value = body.get(name)
    if value is None:
        return {}
    if isinstance(value, dict):
        return shapes.rename(shapes.unwrap_object(value, _KEYS[name]), _KEYS[name])
    with suppress(shapes.Ambiguous):
        return shapes.read_object(value, _KEYS[name], lambda key: _JOIN.get(key, shapes.only))
    with suppress(shapes.Ambiguous):
        if name == "address_parsing" and any(map(str.isalpha, address := shapes.read_lines(value))):
            return {"street_address": address}
        if name == "shopping_cart" and not isinstance(value, str):
            return {"products": shapes.read_products(value, _PRODUCT)}
    _keep(unread, name, value)
    return {}


def _products(cart: dict[str, Any], unread: dict[str, str]) -> list[_Product]:
    value = cart.get("products")
    if value is None and all(map(str.isdigit, cart)):
        value = list(cart.values())
    if value is None and (shapes.is_product(cart) or "count" in shapes.rename(cart, _PRODUCT)):
        value = cart
    if not value:
        return []
    try:
        found = shapes.read_products(value, _PRODUCT)
    except shapes.Ambiguous:
        _keep(unread, "products", value)
        return []
    return [
        _pick(_Product, {**item, "available": clean(item.get("available")).casefold() not in _FALSE})
        if item.get("available") is not False
        else _pick(_Product, item)
        for item in found[:MAX_PRODUCTS]
    ]
