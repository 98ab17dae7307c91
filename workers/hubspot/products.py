"""The prices of the portal's products, by their code (hs_sku), remembered for a while."""

from collections import OrderedDict
from collections.abc import Iterable
from decimal import Decimal

from leadcore.machine import Machine
from workers.hubspot.records import Records
from workers.rules.orders.prices import CODE, fold_code, price_properties, read_price

KIND = "products"
KEPT_SECONDS = 60.0
"""For so long a price that the shop has raised still lets the old one pass."""
MOST_KEPT = 20_000
# HubSpot takes so many values in one filter, and gives so many records on a page.
_MOST_VALUES, _PAGE = 100, 200


class ProductPrices:
    """One per worker. HubSpot is searched, because nobody promises that a code stands on one product alone."""

    def __init__(self, records: Records, machine: Machine) -> None:
        self._records, self._machine = records, machine
        self._kept: OrderedDict[tuple[str, str], tuple[float, frozenset[Decimal | None]]] = OrderedDict()

    def find(
        self, codes: Iterable[str], currency: str, own_currency: str, *, fresh: bool = False
    ) -> dict[str, frozenset[Decimal | None]]:
        """What the products of each code cost, by `fold_code`; empty for a code that no product has. `fresh`: ask
        HubSpot for each of them. Raises `LineDown`."""
        wanted = {fold_code(code): code for code in codes if fold_code(code)}
        now, found = self._machine.monotonic(), dict[str, frozenset[Decimal | None]]()
        for code in wanted:
            read_at, prices = self._kept.get((code, currency), (float("-inf"), frozenset[Decimal | None]()))
            if not fresh and now - read_at < KEPT_SECONDS:
                found[code] = prices
        missing = [wanted[code] for code in wanted if code not in found]
        for start in range(0, len(missing), _MOST_VALUES // 2):
            found |= self._search(missing[start : start + _MOST_VALUES // 2], currency, own_currency)
        return found

    def _search(self, codes: list[str], currency: str, own_currency: str) -> dict[str, frozenset[Decimal | None]]:
        # HubSpot's page wants the values of IN in small letters.
        values = sorted({form for code in codes for form in (code, code.lower())})
        where = [{"propertyName": CODE, "operator": "IN", "values": values}]
        prices: dict[str, set[Decimal | None]] = {fold_code(code): set() for code in codes}
        after, searched = "", False
        while after or not searched:
            page = self._records.search(KIND, where, price_properties(currency), ["hs_object_id"], _PAGE, after)
            for product in page["results"]:
                if (code := fold_code(product.get(CODE) or "")) in prices:
                    prices[code].add(read_price(product, currency, own_currency))
            after, searched = page["after"], True
        now = self._machine.monotonic()
        for code, some in prices.items():
            self._kept[code, currency] = (now, frozenset(some))
            self._kept.move_to_end((code, currency))
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return {code: frozenset(some) for code, some in prices.items()}
