"""One customer's events in work: what was read, what is planned, what HubSpot did."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from leadcore.reasons import Reason
from leadcore.store.orders import OrderState
from workers.orders.order_store import Known
from workers.rules.orders.plan import Gone, Plan, SeenOrder, find_making
from workers.rules.orders.prices import Prices, judge_prices
from workers.rules.orders.record import CustomerOrders, Line
from workers.rules.orders.said import Said


@dataclass(slots=True)
class OrderWork:
    """`said`: what the events say, oldest first; `later`: what is dealt with after that. `states`: what payments know,
    by reference. `plan`: None until all is read that it needs, and for what has to be planned anew. `failed`: code and
    reason, if they have to wait or (`parks`) cannot be done. `refused`: values that HubSpot did not take, by our names.
    `done`: HubSpot has all that the plan writes."""

    said: Sequence[Said]
    known: Known
    later: Sequence[Said] = ()
    states: Mapping[str, OrderState] = field(default_factory=dict)
    seen: SeenOrder | Gone | None = None
    plan: Plan | None = None
    owner: str = ""
    written_id: str = ""
    line_ids: dict[str, str] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    failed: tuple[str, Reason] | None = None
    parks: bool = False
    done: bool = False

    @property
    def open(self) -> bool:
        return self.failed is None

    def wait(self, code: str, why: Reason) -> None:
        """Let it be tried again later."""
        self.failed = self.failed or (code, why)

    def park(self, code: str, why: Reason) -> None:
        """Let it wait for a person."""
        self.failed, self.parks = (code, why), True

    @property
    def making(self) -> Said | None:
        """Who says the newest cart."""
        return find_making(self.said)

    def compare_prices(self, prices: Mapping[str, Prices]) -> bool:
        """Let the newest cart say whether its prices are these (see `workers.rules.orders.prices`); whether they
        are."""
        making = self.making
        if making is None:
            return True
        compared = judge_prices(making, prices)
        self.said = [compared if one is making else one for one in self.said]
        return not compared.unpayable

    @property
    def order_id(self) -> str:
        """The order's id in HubSpot, "" until that is known."""
        if self.written_id or self.plan is None or self.plan.order is None:
            return self.written_id
        return self.plan.order.id

    def orders_after(self) -> CustomerOrders:
        """What is known of the customer's orders once the plan is carried out, with the ids that HubSpot gave."""
        if self.plan is None:
            return self.known.orders
        after = replace(self.plan.after, revision=self.known.orders.revision)
        order = next((one for one in after.orders if one.reference == self.plan.reference), None)
        if order is None:
            return after
        lines = {key: Line(self.line_ids.get(key) or line.id, line.sent) for key, line in order.lines.items()}
        attempted = order.attempted and not self.plan.links
        return after.with_order(replace(order, id=self.order_id or order.id, attempted=attempted, lines=lines))
