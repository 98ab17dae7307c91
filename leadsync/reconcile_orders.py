"""Checks that every order that a receipt names is in HubSpot, with the lines that leadsync gave it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from leadcore.reasons import reason
from leadcore.receipts import PARKED, Receipt
from leadcore.store import keys
from leadcore.store.connection import Redis
from leadcore.store.leads import read_all, read_receipts
from leadcore.store.parked_orders import ParkedOrders
from leadsync.patience import Patience
from leadsync.privacy.customer_data import CHUNK
from workers.flow.errors import LineDown
from workers.hubspot.order_portal import LINES
from workers.hubspot.records import Records
from workers.rules.orders.property_names import ORDER_ID
from workers.rules.orders.record import unpack
from workers.rules.outcomes import RetryLater

T = TypeVar("T")
Track = Callable[[Iterable[T], str], Iterable[T]]
"""Yields the items, and shows progress under the given title."""

GONE = "the order is gone"
NOT_MADE = "the order could not be written"
LINES_GONE = "lines of the order are gone"


@dataclass(frozen=True, slots=True)
class MissingOrder:
    """An order that is not in HubSpot as it should be. `order_id`: "" if it never was there."""

    lead: str
    customer_id: str
    order_id: str
    reference: str
    why: str


@dataclass(slots=True)
class FoundOrders:
    """`orders`: how many were checked. `repaired`: how many events were put back into their line; `without_cart`: the
    leads of which no cart is left to put back."""

    orders: int = 0
    missing: list[MissingOrder] = field(default_factory=list)
    repaired: int = 0
    without_cart: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class OrderReconciliation:
    """`key`: the digests' key. `kind`: of the records that carts become. `patience`: that of the whole check."""

    def __init__(
        self, connection: Redis, records: Records, kind: str, key: bytes, patience: Patience | None = None
    ) -> None:
        self.redis, self.records, self.kind, self.key = connection, records, kind, key
        self._seen: set[str] = set()
        self._ask = (patience or Patience()).ask

    def run(self, track: Track[Any]) -> FoundOrders:
        """Check everything. Raises `LineDown` and redis-py's errors; the check is then inconclusive."""
        found = FoundOrders()
        self._seen.clear()
        for rows in track(read_all(self.redis, CHUNK), "Orders"):
            receipts = [one for one in read_receipts(self.redis, (lead for _, lead in rows)) if one and one.order]
            parked = [one for one in receipts if one.order.startswith(PARKED)]
            made = self._take_new(one for one in receipts if one.order_id)
            found.orders += len(made) + len(parked)
            found.missing += [MissingOrder(one.lead, one.customer_id, "", "", NOT_MADE) for one in parked]
            found.missing += self._check(made)
        return found

    def repair(self, found: FoundOrders, parked: ParkedOrders, user: str) -> None:
        """Put the events of missing orders back into their line, where their carts are still there."""
        for one in found.missing:
            if parked.retry(one.lead, user):
                found.without_cart.append(one.lead)
            else:
                found.repaired += 1

    def _take_new(self, receipts: Iterable[Receipt]) -> dict[str, Receipt]:
        """The first receipt of each order that was not checked yet, by the order's id."""
        found = {one.order_id: one for one in receipts if one.order_id not in self._seen}
        self._seen |= found.keys()
        return found

    def _check(self, made: Mapping[str, Receipt]) -> list[MissingOrder]:
        if not made:
            return []
        outcomes = self._ask(lambda: self.records.read(self.kind, made, [ORDER_ID]))
        for outcome in outcomes.values():
            if isinstance(outcome, RetryLater):
                raise LineDown("unsaid", reason("no_contact_read", why=outcome.why))
        there = [one for one in made if isinstance(outcomes.get(one), dict)]
        lines = self._find_lost_lines(made, there)
        return [
            MissingOrder(
                receipt.lead, receipt.customer_id, one, receipt.order_ref, LINES_GONE if one in lines else GONE
            )
            for one, receipt in made.items()
            if one in lines or one not in there
        ]

    def _find_lost_lines(self, made: Mapping[str, Receipt], there: Sequence[str]) -> set[str]:
        """Those of the orders that lack a line which Redis knows."""
        names = [keys.ordered(keys.digest(self.key, made[one].customer_id)) for one in there]
        known = [unpack(record) for record in self.redis.mget(names or [keys.NONE])]
        linked = self._ask(lambda: self.records.linked(self.kind, LINES, there)) if there else {}
        lost = set()
        for one, customer in zip(there, known, strict=False):
            wanted = {line.id for order in customer.orders if order.id == one for line in order.lines.values()} - {""}
            if wanted - set(linked.get(one, ())):
                lost.add(one)
        return lost
