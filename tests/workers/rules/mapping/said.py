"""An address as a customer said it, and what is made of it."""

from typing import Any

from leadcore import event
from leadcore.config import Crm
from workers.rules.mapping.contact import PortalOptions, map_event
from workers.rules.mapping.mapped_event import MappedEvent

BANGKOK = "กรุงเทพมหานคร"
PHONE = "0812200001"


def read(parts: dict[str, Any] | None = None, portal: PortalOptions | None = None, **contact: Any) -> MappedEvent:
    """`parts` by the short names of `event.Address`."""
    names = {"street": "street_address", "village": "village_or_project", "zip": "postal_code"}
    payload = {
        "mid": "m",
        "customer_id": "c",
        "intent": "Purchase",
        "contact_info": {"name": "A", "phone": PHONE, **contact},
        "address_parsing": {names.get(name, name): value for name, value in (parts or {}).items()},
    }
    return map_event(event.read(event.encode(payload)), 1_772_333_105_250, Crm(), portal or PortalOptions())


def check(said: MappedEvent, expected: dict[str, str | None]) -> None:
    found = {**said.details, **said.address}
    assert {name: found.get(name) for name in expected} == expected
