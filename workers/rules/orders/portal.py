"""The portal, as far as orders are concerned: what the kind of record and its line items can hold, the pipeline and the
owners."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from leadcore.text import clean
from workers.rules.mapping.contact import PortalOptions
from workers.rules.orders.texts import fold

T = TypeVar("T")


# HubSpot's label, in both spellings, and what Thai shops call it.
CANCELLED = frozenset({"cancelled", "canceled", "ยกเลิก", "ยกเลิกแล้ว", "ยกเลิกคำสั่งซื้อ", "ยกเลิกออเดอร์"})


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a pipeline. `closed`: HubSpot says that it is the end of the way, for better or worse."""

    id: str
    label: str
    closed: bool


@dataclass(frozen=True, slots=True)
class OrderPortal:
    """`kind`: "orders", "deals" or "carts". `properties`, `line_properties`: the writable ones of the kind and of line
    items. `options`: of the kind's enumerations. `currencies`: empty where HubSpot does not say.
    `own_currency`: the portal's, "" if it does not say. `pipeline`: id, "" for
    carts. `stages`: in the portal's order. `first_stage`: id, "" for carts. `owners`: ids, in the config's order.
    `implied`: essential properties that cannot be written and need not be: HubSpot calculates them, or it is the
    portal's own currency."""

    kind: str
    properties: frozenset[str]
    line_properties: frozenset[str]
    options: PortalOptions = field(default_factory=PortalOptions)
    currencies: frozenset[str] = frozenset()
    pipeline: str = ""
    stages: tuple[Stage, ...] = ()
    first_stage: str = ""
    owners: tuple[str, ...] = ()
    implied: frozenset[str] = frozenset()
    own_currency: str = ""

    def find_stage(self, label_or_id: str) -> Stage | None:
        """The stage with this id, else with this label, ignoring case and space around it."""
        return find_named({stage.id: (stage.label, stage) for stage in self.stages}, label_or_id)

    def find_cancelled(self) -> Stage | None:
        """The stage of cancelled orders, by its label."""
        return next((stage for stage in self.stages if clean(stage.label).casefold() in CANCELLED), None)

    def has(self, name: str) -> bool:
        """Whether the order can hold the property."""
        return name in self.properties


def find_named(found: Mapping[str, tuple[str, T]], label_or_id: str) -> T | None:
    """The one of `found` (by id, with label) that `label_or_id` means; an id wins over an equal label."""
    if label_or_id in found:
        return found[label_or_id][1]
    wanted = fold(label_or_id)
    return next((one for label, one in found.values() if wanted and fold(label) == wanted), None)
