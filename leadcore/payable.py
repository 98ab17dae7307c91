"""Whether an order may be paid by a link, and how much it is. An AI wrote these numbers and can be talked into a price,
so every doubt says no; then a person sends the customer the amount."""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

from leadcore.orders.money import read_amount
from leadcore.reasons import NO_REASON, Reason, reason
from leadcore.text import DIGITS, clean

if TYPE_CHECKING:
    from leadcore.config import Orders, Payment
    from leadcore.event import Event, Product

_ON_DELIVERY = re.compile(
    r"ปลายทาง|เงินสด|on_?delivery|upon_?delivery|(?<![a-z])(?:c\.?o\.?d|cash)(?![a-z])|货到付款|貨到付款|代引|착불|thu_hộ"
)
_FREE = frozenset({"free", "free shipping", "ฟรี", "ส่งฟรี", "จัดส่งฟรี", "ค่าส่งฟรี"})
# Nobody sells more of one thing in a chat.
_MOST = Decimal(100_000)


def find_payable(said: "Event", payment: "Payment", orders: "Orders | None" = None) -> tuple[Decimal | None, Reason]:
    """The total that a link may ask for; else None, and why not. `orders`: who makes an order of the cart, and compares
    its prices where that is wanted."""
    method = "_".join(said.payment_method.casefold().replace("-", " ").split())
    if _ON_DELIVERY.search(method):
        return None, reason("pay_on_delivery")
    if not said.products or said.unread.keys() & {"products", "shopping_cart", "grandTotal", "shippingFee"}:
        return None, reason("pay_no_cart")
    if not all(product.available for product in said.products) or _counts_unavailable(said):
        return None, reason("pay_unavailable")
    total = read_amount(said.grand_total, payment.currency)
    if total is None:
        return None, reason("pay_no_amount", currency=payment.currency)
    if total != _add_up(said.products, said.shipping_fee, payment.currency):
        return None, reason("pay_sum")
    if not Decimal(str(payment.min)) <= total <= Decimal(str(payment.max)):
        return None, reason("pay_range", low=f"{payment.min:g}", high=f"{payment.max:g}")
    if payment.check_prices and not (orders and orders.makes(said.intent) and all(one.code for one in said.products)):
        # Nobody could ever compare them.
        return None, reason("pay_prices")
    return total, NO_REASON


def is_free(text: str) -> bool:
    """Whether `text` is a word for what costs nothing."""
    return text.casefold().strip(" .!()") in _FREE


def _counts_unavailable(said: "Event") -> bool:
    """Whether the cart says so itself, other than its lines."""
    # Canonical JSON has no blanks, and decoding takes long.
    if b"unavailableCount" not in said.body or b'"unavailableCount":0' in said.body:
        return False
    cart = said.payload.get("shopping_cart")
    return isinstance(cart, dict) and clean(cart.get("unavailableCount")) not in ("", "0")


def _add_up(products: Iterable["Product"], shipping_fee: str, currency: str) -> Decimal | None:
    """Lines + shipping; None if a part of it is no plain amount, or a line is not its price times its count."""
    added = Decimal(0) if not shipping_fee or is_free(shipping_fee) else read_amount(shipping_fee, currency)
    for product in products:
        line = _read_line(product, currency)
        if line is None or added is None:
            return None
        added += line
    return added


def _read_line(product: "Product", currency: str) -> Decimal | None:
    total = read_amount(product.total, currency)
    if not product.price:
        return total
    price, count = read_amount(product.price, currency), _read_count(product.count)
    if price is None or count is None or (product.total and total != price * count):
        return None
    return price * count


def _read_count(text: str) -> Decimal | None:
    """How many; 1 where nothing is said."""
    plain = text.translate(DIGITS) or "1"
    if not (plain.isascii() and plain.isdigit()) or not 0 < len(plain) <= len(str(_MOST)):
        return None
    count = Decimal(plain)
    return count if 0 < count <= _MOST else None
