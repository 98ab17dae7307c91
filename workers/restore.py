"""After Redis was emptied: find out whether this portal already knows our customers, and who is whose alias."""

from dataclasses import replace
from typing import Any

from receiver import keys
from receiver.connection import Redis
from receiver.inbox import Inbox
from workers.customer import UNKNOWN, pack
from workers.hubspot.client import HubSpot
from workers.hubspot.outcomes import LineDown
from workers.mapping.facts import CUSTOMER_ID, OTHER_IDS
from workers.portal import Portal
from workers.records import Records

INTACT, RESTORED = "intact", "restored"


def restore(connection: Redis, hubspot: HubSpot, portal: Portal, records: Records) -> str:
    """Set and return the store's marker: `INTACT` in a portal that holds none of our customers (so that one without a
    record is new), else `RESTORED`, after the aliases were read back from the contacts. Raises `LineDown`."""
    try:
        known = int(hubspot.search(CUSTOMER_ID, [CUSTOMER_ID], limit=1).get("total", 1))
        if known and portal.has(OTHER_IDS):
            _read_aliases(connection, hubspot, records)
    except LineDown as down:
        if down.code not in ("search", "forbidden", "unexpected"):
            raise
        # Without search nobody can say that the portal is new, so each unknown customer is looked up.
        known = 1
    marker = RESTORED if known else INTACT
    Inbox(connection).apply([("SET", keys.STORE, marker, "NX")])
    return (connection.get(keys.STORE) or b"").decode()


def _read_aliases(connection: Redis, hubspot: HubSpot, records: Records) -> None:
    after = ""
    while True:
        page = hubspot.search(OTHER_IDS, [CUSTOMER_ID, OTHER_IDS], after)
        for contact in page.get("results") or []:
            _remember(connection, records, contact)
        after = str(((page.get("paging") or {}).get("next") or {}).get("after") or "")
        if not after:
            return


def _remember(connection: Redis, records: Records, contact: dict[str, Any]) -> None:
    aliases = str((contact.get("properties") or {}).get(OTHER_IDS) or "").split("\n")
    alias = replace(UNKNOWN, contact_id=str(contact.get("id")), guarded=True, shared=True, matched=True)
    for customer_id in filter(None, aliases):
        connection.set(records.customer_key(customer_id), pack(alias), nx=True)
