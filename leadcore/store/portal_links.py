"""The addresses of contacts' pages in HubSpot."""

import re
from dataclasses import dataclass

from leadcore.store import keys
from leadcore.store.connection import Redis

# HubSpot's ids of the kinds of records that hold orders.
ORDER_TYPES = {"orders": "0-123", "deals": "0-3", "carts": "0-142"}
_DOMAIN = re.compile(r"app(-[a-z0-9]+)?\.hubspot\.com")


@dataclass(frozen=True, slots=True)
class PortalLinks:
    """`base`: the address of the portal's contacts, "" until a worker has learnt it."""

    base: str = ""

    def contact(self, contact_id: str) -> str:
        """The address of a contact's page, "" if it is not known."""
        return f"{self.base}/record/0-1/{contact_id}" if self.base and contact_id.isdecimal() else ""

    def order(self, order_id: str, kind: str) -> str:
        """The address of an order's page, "" if it is not known. `kind`: see `leadcore.config.Orders`."""
        return f"{self.base}/record/{ORDER_TYPES[kind]}/{order_id}" if self.base and order_id.isdecimal() else ""


def read_portal_links(redis: Redis) -> PortalLinks:
    """From what `workers.hubspot.access` stored about the portal."""
    stored: dict[bytes, bytes] = redis.hgetall(keys.PORTAL)
    number, domain = (stored.get(name, b"").decode("ascii", "replace") for name in (b"id", b"domain"))
    if not number.isdecimal() or not _DOMAIN.fullmatch(domain):
        return PortalLinks()
    return PortalLinks(f"https://{domain}/contacts/{number}")
