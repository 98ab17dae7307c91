"""Carts and customers of the tests of orders."""

from typing import Any

from leadcore.config import Config, Orders
from leadcore.event import Event, encode, read
from leadcore.fields import BODY, LEAD, VERSION
from workers.rules.field_clock import digester
from workers.rules.orders.plan import Facts
from workers.rules.orders.portal import OrderPortal, Stage
from workers.rules.orders.property_names import NAMES
from workers.rules.orders.said import Said, read_said

KEY = b"a key for the tests"
DIGEST = digester(KEY)
NOW = 1_800_000_000_000
HOUR = 3_600_000
CONFIG = Config(orders=Orders(cancel_intents=("Cancel*",)))
PORTAL = OrderPortal(
    kind="orders",
    properties=frozenset(NAMES["orders"].values()),
    line_properties=frozenset(
        {"name", "hs_sku", "price", "quantity", "dealdroid_line_id", "hs_line_item_currency_code"}
    ),
    pipeline="p1",
    stages=(
        Stage("s-open", "Open", False),
        Stage("s-processed", "Processed", False),
        Stage("s-shipped", "Shipped", False),
        Stage("s-cancelled", "Cancelled", True),
    ),
    first_stage="s-open",
)


def product(code: str = "DOG-1", count: object = 2, price: object = 450, **more: Any) -> dict[str, Any]:
    """One product of a cart."""
    return {"code": code, "name": f"Product {code}", "price": price, "count": count, "available": True, **more}


def payload(
    *products: dict[str, Any],
    intent: str = "Purchase",
    customer: str | int = "c-1",
    cart: dict[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """What DealDroid posts, without the secret."""
    body: dict[str, Any] = {"mid": "m", "customer_id": customer, "intent": intent, **more}
    if products or cart:
        body["shopping_cart"] = {"products": list(products), **(cart or {})}
    return body


def event(*products: dict[str, Any], **more: Any) -> Event:
    """The event of such a payload."""
    return read(encode(payload(*products, **more)))


def said(*products: dict[str, Any], at: int = NOW, lead: str = "", config: Config = CONFIG, **more: Any) -> Said:
    """What such an event says at `at`, in ms. Events at other times are other events."""
    body = encode(payload(*products, **more))
    fields = {LEAD: (lead or f"lead-{at}").encode(), BODY: body, VERSION: b"%d-0" % at}
    return read_said(read(body), b"%d-0" % at, fields, config, KEY)


def facts(at: int = NOW, **more: Any) -> Facts:
    """What else decides."""
    return Facts(**{"orders": CONFIG.orders, "portal": PORTAL, "now_ms": at, **more})
