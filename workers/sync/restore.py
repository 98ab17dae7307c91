"""After Redis was emptied: find out whether the portal already has our customers, and read their aliases back."""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from leadcore.machine import Event
from leadcore.store import keys
from leadcore.store.connection import Redis
from leadcore.store.restoring import INTACT, RESTORED
from leadcore.store.streams import Stream
from workers.flow.errors import LineDown
from workers.hubspot.client import HubSpot
from workers.hubspot.search_quota import SearchQuota
from workers.rules.customer import UNKNOWN, UNRECORDED_PHONES, Customer, pack
from workers.rules.mapping.property_names import CUSTOMER_ID, OTHER_IDS
from workers.rules.portal import Portal
from workers.sync.customer_store import CustomerStore

YOUNG = "young"
# The search index lags behind writes by up to 30 s.
SEARCH_LAG_MS = 60_000
PAGE_SIZE = 200


class StoreRestorer:
    """Sets the store's marker:

    - `INTACT`: the portal had no contacts of ours when the store was created, so a customer without a record is new.
    - `RESTORED`: it had some, and their aliases were read back; once `workers.sync.background_restore` has read back
      all others, it is `INTACT`.
    - `YOUNG` and the milliseconds of Redis' clock since when: search cannot tell yet.
    """

    def __init__(
        self, connection: Redis, hubspot: HubSpot, portal: Portal, customers: CustomerStore, stop: Event
    ) -> None:
        self.redis, self.hubspot, self.portal, self.customers = connection, hubspot, portal, customers
        self.inbox, self.searches = Stream(connection), SearchQuota(connection, stop)

    def update_marker(self, marker: str) -> str:
        """Replace `marker` ("": none) where search allows it. Returns the marker now in Redis. Raises `LineDown` and
        `Stopping`."""
        seconds, micros = self.redis.time()
        now_ms = seconds * 1000 + micros // 1000
        since_ms = int(marker.removeprefix(YOUNG)) if marker else None
        if since_ms is not None and now_ms < since_ms + SEARCH_LAG_MS:
            return marker
        try:
            known = int(self._search(CUSTOMER_ID, before_ms=since_ms, limit=1).get("total", 1))
            if known and self.portal.has(OTHER_IDS):
                self._read_aliases()
        except LineDown as down:
            if down.code not in ("search", "forbidden", "unexpected"):
                raise
            # Without search we cannot know that the portal is new, so look up each unknown customer.
            known = 1
        found = RESTORED if known else INTACT if marker else f"{YOUNG} {now_ms}"
        place = ("SET", keys.STORE, found, "XX" if marker else "NX")
        self.inbox.apply([place, ("DEL", keys.RESTORING)])
        return (self.redis.get(keys.STORE) or b"").decode()

    def _read_aliases(self) -> None:
        """Page by page; continues where an interrupted run stopped, and may run in several workers at once."""
        while True:
            above = (self.redis.get(keys.RESTORING) or b"0").decode()
            contacts = self._search(OTHER_IDS, above=above, limit=PAGE_SIZE).get("results") or []
            if not contacts:
                return
            aliases = [item for contact in contacts for item in read_aliases(contact).items()]
            records = [("SET", self.customers.customer_key(id_), pack(alias), "NX") for id_, alias in aliases]
            self.inbox.apply([*records, ("SET", keys.RESTORING, str(contacts[-1].get("id")))])

    def _search(self, property: str, **more: Any) -> Mapping[str, Any]:
        return self.searches.run(lambda: self.hubspot.search([property], [property], **more))


def read_aliases(contact: Mapping[str, Any]) -> dict[str, Customer]:
    """Pure: the records of the customers who share the contact as aliases, by customer id."""
    aliases = str((contact.get("properties") or {}).get(OTHER_IDS) or "").split("\n")
    alias = replace(
        UNKNOWN,
        contact_id=str(contact.get("id")),
        fill_only=True,
        shared=True,
        email_match_only=True,
        clock=UNRECORDED_PHONES,
    )
    return dict.fromkeys(filter(None, aliases), alias)
