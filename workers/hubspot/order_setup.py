"""`leadsync setup` for orders: our properties, and a proof that the portal keeps the keys unique. Safe to repeat."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from leadcore.config import Orders
from leadcore.reasons import english
from workers.flow.errors import SetupError
from workers.hubspot.client import HubSpot
from workers.hubspot.order_portal import LINES, OrderPortalCache, is_activated, raise_not_activated
from workers.hubspot.properties import LINE_DEFINITIONS, ORDER_DEFINITIONS
from workers.hubspot.records import Records
from workers.hubspot.setup import Report, create_properties
from workers.rules.orders.portal import OrderPortal
from workers.rules.orders.property_names import LINE_ID, NAMES, ORDER_ID
from workers.rules.outcomes import ContactWrite, RetryLater, WriteOutcome, Written

_NAME = "leadsync setup (may be deleted)"


@dataclass(slots=True)
class OrderReport:
    """`orders`, `lines`: what became of the properties. `proven`: the keys that were tried out."""

    portal: OrderPortal
    orders: Report
    lines: Report
    proven: list[str] = field(default_factory=list)

    @property
    def created(self) -> list[str]:
        return self.orders.created + self.lines.created

    def describe(self) -> str:
        """For people."""
        created, present = len(self.created), len(self.orders.present + self.lines.present)
        noun = "property" if created == 1 else "properties"
        text = f"{self.portal.kind.capitalize()} are ready: {created} {noun} created, {present} already existed"
        if self.proven:
            text += f"; {' and '.join(self.proven)} are unique, as a trial showed"
        first = self.portal.find_stage(self.portal.first_stage)
        return f"{text}. New ones begin in the stage {first.label}." if first else f"{text}."


def setup_orders(hubspot: HubSpot, orders: Orders, *, prove: bool = True) -> OrderReport:
    """Create what orders need and the portal lacks, and check that an order can be made there as configured. `prove`:
    try out also keys that were there already. Raises `SetupError` and `LineDown`."""
    kind = orders.kind
    if is_activated(hubspot, kind) is False:
        raise_not_activated(kind)
    properties = create_properties(hubspot, kind, ORDER_DEFINITIONS)
    lines = create_properties(hubspot, LINES, LINE_DEFINITIONS)
    report = OrderReport(OrderPortalCache(hubspot, orders).current(), properties, lines)
    records = Records(hubspot)
    for what, key, made in ((kind, ORDER_ID, properties), (LINES, LINE_ID, lines)):
        if prove or key in made.created:
            prove_key(records, what, key, _least_values(what, report.portal))
            report.proven.append(key)
    return report


def prove_key(records: Records, kind: str, key: str, values: Mapping[str, str]) -> None:
    """Write one record twice by `key`, read it back by it and archive it. Raises `SetupError` if that makes two records
    or none, and `LineDown`."""
    value = f"leadsync-setup-{records.hubspot.machine.token(6)}"
    ids: list[str] = []
    try:
        for _ in range(2):
            found: dict[str, WriteOutcome] = {}
            records.upsert(kind, key, [ContactWrite("setup", value, values)], found)
            outcome = found.get("setup")
            if not isinstance(outcome, Written):
                why = english(str(getattr(outcome, "why", ""))) or "it does not say why"
                raise SetupError(f"HubSpot refused a record ({kind}) by which leadsync setup tries {key}: {why}.")
            ids.append(outcome.contact_id)
        read = records.read(kind, [value], [key], key).get(value)
        if isinstance(read, RetryLater):
            raise SetupError(f"{english(read.why)}. Run leadsync setup again.")
        if len(set(ids)) > 1 or not isinstance(read, dict) or read["id"] != ids[0] or read.get(key) != value:
            raise SetupError(
                f"The portal does not keep {key} unique: a record that was written twice by it is not one record. "
                "Delete the property in HubSpot (Settings > Properties), then run leadsync setup again."
            )
    finally:
        records.archive(kind, filter(None, ids))


def _least_values(kind: str, portal: OrderPortal) -> dict[str, str]:
    """What a record needs to be made."""
    if kind == LINES:
        return {"name": _NAME}
    names = NAMES[kind]
    values = {"name": _NAME, "pipeline": portal.pipeline, "stage": portal.first_stage}
    return {names[what]: value for what, value in values.items() if what in names and value}
