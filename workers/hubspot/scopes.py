"""Pure: the scopes that the token needs, and what for."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

PURPOSES: Mapping[str, str] = {
    "crm.objects.contacts.read": "to find a customer's contact, and to leave a salesperson's values alone",
    "crm.objects.contacts.write": "to create and update contacts",
    "crm.schemas.contacts.read": "to know which properties and options the portal has",
    "crm.schemas.contacts.write": "to create the group DealDroid and its properties (leadsync setup)",
}
_NAME = re.compile(r"[a-z][a-z0-9._-]{0,99}")


def list_purposes(kind: str = "", *, owners: bool = False, products: bool = False) -> dict[str, str]:
    """The scopes that are needed, and what for. `kind`: of the records that carts become, "" if there are none."""
    found = dict(PURPOSES)
    if kind:
        found |= {
            f"crm.objects.{kind}.read": "to find a customer's order, and to leave a salesperson's values alone",
            f"crm.objects.{kind}.write": "to create and update orders",
            f"crm.schemas.{kind}.read": "to know which properties orders have in the portal",
            f"crm.schemas.{kind}.write": "to create our properties of orders (leadsync setup)",
            "crm.objects.line_items.read": "to find the lines of an order",
            "crm.objects.line_items.write": "to create and update the lines of an order",
            "crm.schemas.line_items.read": "to know which properties lines have in the portal",
            "crm.schemas.line_items.write": "to create our property of lines (leadsync setup)",
        }
    if owners:
        found["crm.objects.owners.read"] = "to give orders to the owners of leadsync.toml"
    if products:
        found["crm.objects.products.read"] = "to compare prices with the products (check_prices)"
    return found


def list_scopes(kinds: Iterable[str]) -> list[str]:
    """The scopes of which one may lack where HubSpot refuses a call about records of `kinds` and names none."""
    # Notes are part of the contacts they are on.
    objects = dict.fromkeys("contacts" if kind == "notes" else kind for kind in kinds)
    return [f"crm.objects.{kind}.{verb}" for kind in objects for verb in ("read", "write")]


def read_missing(body: Mapping[str, Any]) -> list[str]:
    """The scopes that HubSpot names in the body of a 403, [] if it names none. Any of them would do."""
    errors = body.get("errors")
    parts = [body, *(errors if isinstance(errors, list) else [])]
    contexts = [part.get("context") for part in parts if isinstance(part, dict)]
    found: dict[str, None] = {}
    for context in contexts:
        for key, names in (context if isinstance(context, dict) else {}).items():
            if "scope" in str(key).lower() and isinstance(names, list):
                found |= dict.fromkeys(name for name in names if isinstance(name, str) and _NAME.fullmatch(name))
    return list(found)
