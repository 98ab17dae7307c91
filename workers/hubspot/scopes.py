"""Pure: the scopes that the token needs, and what for."""

import re
from collections.abc import Mapping
from typing import Any

PURPOSES: Mapping[str, str] = {
    "crm.objects.contacts.read": "to find a customer's contact, and to leave a salesperson's values alone",
    "crm.objects.contacts.write": "to create and update contacts",
    "crm.schemas.contacts.read": "to know which properties and options the portal has",
    "crm.schemas.contacts.write": "to create the group DealDroid and its properties (leadsync setup)",
}
_NAME = re.compile(r"[a-z][a-z0-9._-]{0,99}")


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
