"""Pure: whether a cart's prices are those of HubSpot's products.

A product's price in a currency is the one that it has for that currency; its plain price is in the portal's own. What
has no product, several that differ, or none with a plain price in the currency is not the same: an AI wrote the cart.
"""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from msgspec.structs import replace

from leadcore.orders.money import read_number
from leadcore.reasons import NO_REASON, Reason, reason
from leadcore.store.orders import COMPARED
from workers.rules.orders.said import Cart, Item, Said

CODE, PRICE, PRICING = "hs_sku", "price", "hs_pricing_model"
PRICES_DIFFER = "pay_prices_differ"
NOTE = "Other prices than those of the products in HubSpot: not to be paid by a link."
_MOST_NAMED = 5

Prices = Collection[Decimal | None]
"""What the products with one code cost; None: one of them has no plain price."""


def price_properties(currency: str) -> list[str]:
    """HubSpot's names of what is read of a product."""
    return [CODE, PRICE, PRICING, _price_in(currency)]


def fold_code(code: str) -> str:
    """The code as products are found by it: HubSpot ignores case."""
    return " ".join(code.split()).casefold()


def read_price(product: Mapping[str, str], currency: str, own_currency: str) -> Decimal | None:
    """What the product costs; None if nobody can tell from this."""
    if (product.get(PRICING) or "flat").casefold() != "flat":
        return None
    said = product.get(_price_in(currency)) or (product.get(PRICE) if currency == own_currency else "")
    return read_number(said or "")


def compare_prices(items: Sequence[Item], prices: Mapping[str, Prices]) -> Reason:
    """What differs, `NO_REASON` if nothing does. `prices`: by the code as `fold_code` makes it."""
    unknown, other = 0, list[str]()
    for item in items:
        found = prices.get(fold_code(item.code), ()) if item.code else ()
        price = read_number(item.price)
        if not found:
            unknown += 1
        elif price is None or set(found) != {price}:
            other.append(item.code)
    if not unknown and not other:
        return NO_REASON
    # Only codes that HubSpot has: the others are a customer's words.
    names = ", ".join(dict.fromkeys(other[:_MOST_NAMED])) or "-"
    return reason("pay_prices_differ", names=names, lines=unknown)


def judge_prices(making: Said, prices: Mapping[str, Prices]) -> Said:
    """The event, whose cart says whether its prices are these: to payments, and to people beside the order."""
    cart = making.cart or Cart(())
    why = compare_prices(cart.items, prices)
    if not why:
        return replace(making, payable=COMPARED, unpayable=NO_REASON)
    notes = tuple(note for note in cart.left_out if note != NOTE)
    return replace(making, payable=PRICES_DIFFER, unpayable=why, cart=replace(cart, left_out=(*notes, NOTE)))


def _price_in(currency: str) -> str:
    return f"hs_price_{currency.lower()}"
