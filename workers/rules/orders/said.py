"""Pure: what one event says of an order."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import Enum

from msgspec import Struct

from leadcore.config import Config, Orders
from leadcore.event import Event, Product
from leadcore.fields import LEAD, TRIES
from leadcore.orders.money import parse, read_amount
from leadcore.orders.reference import order_ref
from leadcore.payable import find_payable, is_free
from leadcore.reasons import NO_REASON, Reason
from leadcore.reasons import parse as parse_reason
from leadcore.store.orders import YES
from leadcore.text import DIGITS
from workers.rules.lead import version_of
from workers.rules.mapping.contact import PortalOptions, map_event
from workers.rules.mapping.mapped_event import MappedEvent

PLACE = ("street", "city", "state", "postal_code", "country")
"""The parts of a shipping address, which is one block."""
DETAILS = ("recipient", "phone", *PLACE, "payment_method")
# Keeps a key far below the length of any property.
_MAX_LABEL = 100
_ADDRESS = dict(zip(("address", "city", "state", "zip", "country"), PLACE, strict=True))
_COUNT = re.compile(r"\d{1,9}(?:\.\d{1,3})?")
_WORDS = "หนึ่ง สอง สาม สี่ ห้า หก เจ็ด แปด เก้า สิบ one two three four five six seven eight nine ten"
_NUMBERS = {word: position % 10 + 1 for position, word in enumerate(_WORDS.split())}
# Words for the thing that is sold; a weight or a dozen may be a part of what its price buys.
_COUNTED = re.compile(
    rf"(?:[x×]\s?)?(?P<count>\d{{1,4}}|{'|'.join(_NUMBERS)})\s?"
    r"(?:[x×]|ชิ้น|อัน|ตัว|ถุง|กล่อง|แพ็?[คก]|ขวด|ซอง|ลัง|คู่|ชุด|เซ็?ต|เล่ม|ใบ|ต้น|แผ่น|ก้อน|ม้วน|กระป๋อง|กระปุก|หลอด|ห่อ|ด้าม"
    r"|เครื่อง|คัน|ลูก|ผืน|เส้น|แผง|แก้ว|จาน|pcs?|pieces?|packs?|box(?:es)?|bags?|bottles?|sets?|units?|items?|ea|pairs?|cans?"
    r"|[个個件包盒瓶袋双雙]|cái|chiếc|hộp|chai|gói)?\.?",
    re.IGNORECASE,
)
_MEASURED = re.compile(
    r"(?P<half>ครึ่ง|half\s)?\s?(?P<count>\d{1,4}(?:\.\d{1,3})?)?\s?"
    r"(?:(?P<dozen>โหล|dozens?|dz|打)|(?P<small>กรัม|มล\.?|ซีซี|g|gr|grams?|ml|cc)"
    r"|กก\.?|กิโล(?:กรัม)?|โล|ขีด|ลิตร|เมตร|หลา|kgs?|kilos?|litres?|liters?|l|lbs?|m|公斤|斤)\.?",
    re.IGNORECASE,
)
_NO_OPTIONS = PortalOptions()


class Kind(Enum):
    """`MAKES`: the intent makes an order of its cart; `CANCELS`: it cancels one; `TELLS`: it may say where to send
    one."""

    MAKES = "makes"
    CANCELS = "cancels"
    TELLS = "tells"


class Item(Struct, frozen=True):
    """One line of a cart. `key`: its code, its name where that is blank, and which repeat of it this is. `price` (of
    one) and `count` are plain numbers; `price` is "" where it cannot be read."""

    key: str
    code: str
    name: str
    price: str
    count: str


class Cart(Struct, frozen=True):
    """`left_out`: for people, what of the cart is no item and why. `total` and `shipping`: plain numbers in the
    configured currency, "" where nothing says so; `subtotal`: of the items."""

    items: tuple[Item, ...]
    left_out: tuple[str, ...] = ()
    total: str = ""
    subtotal: str = ""
    shipping: str = ""

    @property
    def identity(self) -> str:
        """The same for carts with the same codes, counts and prices."""
        return "\n".join(sorted(f"{item.key}\t{item.price}\t{item.count}" for item in self.items)) or "\n".join(
            self.left_out
        )


class Said(Struct, frozen=True):
    """`lead`, `entry` and `fields`: of the entry; `version`: see `workers.rules.lead.Lead`. `customer`: DealDroid's id
    as it came, `customer_id` as text. `details`: those of `DETAILS` that the event mentions. `values`: for
    templates. `language`: the customer's, a code. `payable`: what payments are to know of its cart, see
    `leadcore.store.orders`; "" without links. `unpayable`: why no link may ask for it."""

    entry: bytes
    lead: str
    version: int
    tries: int
    fields: Mapping[bytes, bytes]
    customer: str | int | float
    customer_id: str
    kind: Kind
    intent: str
    reference: str
    cart: Cart | None
    details: Mapping[str, str]
    values: Mapping[str, str]
    language: str = ""
    payable: str = ""
    unpayable: Reason = NO_REASON

    def __repr__(self) -> str:
        """No customer data, wherever this is printed."""
        return f"Said({self.lead!r})"

    @property
    def said_ms(self) -> int:
        return self.version >> 16

    @property
    def received_ms(self) -> int:
        """Since when Redis may know it: it came again into the line where it had to wait."""
        return min(self.said_ms, int(self.entry.partition(b"-")[0] or 0))


def makes_order(event: Event, orders: Orders) -> bool:
    """Whether the event makes an order of its cart."""
    return bool(event.products) and orders.makes(event.intent)


def read_said(event: Event, entry: bytes, fields: Mapping[bytes, bytes], config: Config, key: bytes) -> Said:
    """What `event`, of the entry with these fields, says. `key`: that of LEADSYNC_KEY."""
    orders = config.orders or Orders()
    lead, version = fields[LEAD].decode(), version_of(entry, fields)
    unpayable = find_payable(event, config.payment, orders)[1] if config.payment else NO_REASON
    mapped = map_event(event, version >> 16, config.crm, _NO_OPTIONS)
    kind = Kind.TELLS
    if orders.cancels(event.intent):
        kind = Kind.CANCELS
    elif makes_order(event, orders):
        kind = Kind.MAKES
    return Said(
        entry=entry,
        lead=lead,
        version=version,
        tries=int(fields.get(TRIES, b"0")),
        fields=fields,
        customer=event.customer,
        customer_id=event.customer_id,
        kind=kind,
        intent=event.intent,
        reference=order_ref(key, event.customer_id, lead),
        cart=read_cart(event, orders.currency) if kind is Kind.MAKES else None,
        details=_details(event, mapped),
        values={**mapped.details, **mapped.address},
        language=mapped.language,
        payable=parse_reason(unpayable).code if unpayable else (YES if config.payment else ""),
        unpayable=unpayable,
    )


def _details(event: Event, mapped: MappedEvent) -> dict[str, str]:
    given = mapped.details
    recipient = " ".join(filter(None, (given.get("firstname"), given.get("lastname")))) or given.get("company", "")
    found = {
        "recipient": recipient,
        "phone": given.get("phone", ""),
        "payment_method": event.payment_method,
        **{part: mapped.address.get(name, "") for name, part in _ADDRESS.items()},
    }
    return {name: value for name, value in found.items() if value}


def read_cart(event: Event, currency: str) -> Cart:
    """The cart of `event`, whose sums are meant in `currency`."""
    items: list[Item] = []
    left_out: list[str] = []
    seen: Counter[str] = Counter()
    for product in event.products:
        label = " ".join((product.code or product.name).split())[:_MAX_LABEL]
        count = _read_count(product.count) or _tell_count(product, currency)
        if not product.available or not label or not count:
            left_out.append(_describe(product, "not available" if not product.available else "without a count"))
            continue
        # HubSpot compares unique values without regard to case.
        seen[label.casefold()] += 1
        price = _read_price(product, count, currency)
        if not price:
            left_out.append(_describe(product, "its price could not be read"))
        items.append(Item(f"{label}/{seen[label.casefold()]}", product.code, product.name, price, count))
    shipping = _plain(_read_fee(event.shipping_fee, currency)) if event.shipping_fee else ""
    if event.shipping_fee and not shipping:
        left_out.append(f"Shipping as said: {event.shipping_fee[:_MAX_LABEL]}")
    subtotal = _sum(items)
    total = _plain(read_amount(event.grand_total, currency)) if event.grand_total else ""
    if event.grand_total and not total:
        left_out.append(f"Total as said: {event.grand_total[:_MAX_LABEL]}")
    if not total and subtotal and (shipping or not event.shipping_fee):
        total = _plain(Decimal(subtotal) + Decimal(shipping or 0))
    return Cart(tuple(items), tuple(left_out), total, subtotal, shipping)


def _read_count(text: str) -> str:
    """The count that `text` is, also in words: 2 ถุง, x2, two."""
    plain = text.translate(DIGITS)
    if counted := _COUNTED.fullmatch(plain):
        word = counted["count"].casefold()
        count = str(_NUMBERS.get(word, word))
    else:
        count = parse(text) if text else ""
    return _plain(Decimal(count)) if _COUNT.fullmatch(count) and Decimal(count) > 0 else ""


def _tell_count(product: Product, currency: str) -> str:
    """How often the price is in the total, where the count is said as a dozen or a weight and that can be meant."""
    measured = _MEASURED.fullmatch(product.count.translate(DIGITS).strip())
    price, total = read_amount(product.price, currency), read_amount(product.total, currency)
    if not measured or not price or not total:
        return ""
    said = Decimal(measured["count"] or 1) * (Decimal("0.5") if measured["half"] else 1)
    factor = 12 if measured["dozen"] else Decimal("0.001") if measured["small"] else 1
    return next((_plain(count) for count in (said * factor, said, Decimal(1)) if count * price == total), "")


def _read_fee(text: str, currency: str) -> Decimal | None:
    return Decimal(0) if is_free(text) else read_amount(text, currency)


def _read_price(product: Product, count: str, currency: str) -> str:
    price = _read_fee(product.price, currency) if product.price else None
    if price is None and product.total:
        total = read_amount(product.total, currency)
        # A total that does not divide evenly says no price.
        price = total / Decimal(count) if total is not None and total % Decimal(count) == 0 else None
    return _plain(price)


def _describe(product: Product, why: str) -> str:
    label = product.name or product.code or "?"
    return f"{product.count[:20] or '?'} x {label[:_MAX_LABEL]} ({why})"


def _sum(items: Sequence[Item]) -> str:
    """Of all items, "" if the price of one is not known."""
    if not items or not all(item.price for item in items):
        return ""
    return _plain(sum((Decimal(item.price) * Decimal(item.count) for item in items), Decimal(0)))


def _plain(amount: Decimal | None) -> str:
    if amount is None:
        return ""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
