"""The addresses of pages in HubSpot: of contacts, their orders and notes."""

import re
from dataclasses import dataclass

from leadcore.receipts import Receipt
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
        """The address of an order's page, "" if it is not known. `kind`: see `leadcore.config.Orders`; "" if there is
        no such table."""
        known = self.base and order_id.isdecimal() and kind in ORDER_TYPES
        return f"{self.base}/record/{ORDER_TYPES[kind]}/{order_id}" if known else ""

    def note(self, note_id: str, contact_id: str) -> str:
        """The address of a note on its contact's page, "" if it is not known."""
        contact = self.contact(contact_id)
        return f"{contact}/?engagement={note_id}" if contact and note_id.isdecimal() else ""

    def of(self, receipt: Receipt, kind: str) -> dict[str, str]:
        """The addresses of what a lead became. `kind`: of orders, "" where none are made."""
        return {
            "contact": self.contact(receipt.contact_id),
            "order": self.order(receipt.order_id, kind),
            "note": self.note(receipt.note_id, receipt.contact_id),
        }


def read_portal_links(redis: Redis) -> PortalLinks:
    """From what `workers.hubspot.access` stored about the portal."""
    stored: dict[bytes, bytes] = redis.hgetall(keys.PORTAL)
    number, domain = (stored.get(name, b"").decode("ascii", "replace") for name in (b"id", b"domain"))
    if not number.isdecimal() or not _DOMAIN.fullmatch(domain):
        return PortalLinks()
    return PortalLinks(f"https://{domain}/contacts/{number}")
