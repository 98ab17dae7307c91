"""Pure: what an order costs, as a button shows it and as its form says it again, and what was said of a payment."""

from collections.abc import Mapping
from dataclasses import dataclass

from leadcore.orders.money import decimals, from_units
from leadcore.store.orders import OrderState
from leadcore.store.payments import PaymentNews


@dataclass(frozen=True, slots=True)
class Due:
    """`units`: in the smallest unit of `currency`; 0 and "" mean what the order costs now."""

    units: int = 0
    currency: str = ""

    def __str__(self) -> str:
        return f"{from_units(self.units, self.currency):,} {self.currency}"


def find_due(order: OrderState) -> Due | None:
    """What a person may say is paid, None if the order is paid, cancelled, or nobody knows what it costs."""
    if order.paid or order.cancelled or order.called_off or not order.units or not order.currency:
        return None
    return Due(order.units, order.currency)


def tell_amount(news: PaymentNews) -> str:
    """How much news of a payment are about, "" if they do not say it, or in a currency that nobody knows."""
    try:
        return "" if news.amount < 0 else str(Due(news.amount, news.currency))
    except KeyError:
        return ""


def parse_due(form: Mapping[str, str]) -> Due | None:
    """What the button showed to whoever pressed it, None if that cannot be read. A form that names no sum means what
    the order costs now."""
    units, currency = form.get("units"), form.get("currency")
    if units is None and currency is None:
        return Due()
    try:
        decimals(currency or "")
    except KeyError:
        return None
    if units and units.isascii() and units.isdigit() and len(units) < 16 and int(units):
        return Due(int(units), currency or "")
    return None
