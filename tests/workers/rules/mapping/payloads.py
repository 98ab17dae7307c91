"""DealDroid's example payloads, and what is read of a payload."""

import json
from pathlib import Path
from typing import Any

from leadcore import event
from leadcore.config import Crm
from workers.rules.mapping.contact import PortalOptions, map_event
from workers.rules.mapping.mapped_event import MappedEvent

PAYLOADS = Path(__file__).parents[3] / "payloads"
SAID_MS = 1_772_333_105_250


def body(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def read(
    payload: dict[str, Any], crm: Crm | None = None, portal_options: PortalOptions | None = None, **how: bool
) -> MappedEvent:
    return map_event(event.read(event.encode(payload)), SAID_MS, crm or Crm(), portal_options or PortalOptions(), **how)


def purchase(**contact: Any) -> dict[str, Any]:
    payload = body("purchase_th")
    payload["contact_info"] |= contact
    return payload
