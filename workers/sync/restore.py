"""After Redis was emptied: find out whether this portal already knows our customers, and who is whose alias."""

import threading
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from leadcore.store import keys
from leadcore.store.connection import Redis
from leadcore.store.streams import Stream
from workers.flow.errors import LineDown, Stopping
from workers.hubspot.client import HubSpot
from workers.rules.customer import UNKNOWN, pack
from workers.rules.mapping.facts import CUSTOMER_ID, OTHER_IDS
from workers.rules.portal import Portal
from workers.sync.customer_store import CustomerStore

INTACT, RESTORED, YOUNG = "intact", "restored", "young"
# The search index lags behind writes by up to 30 s.
LAG_MS = 60_000
# HubSpot takes 5 searches a second, from some portals 4.
SEARCH_SECONDS = 0.25
SHORT_SECONDS, TRIES = 2.0, 8
PAGE = 200


class Restore:
    """Decides on the store's marker: `RESTORED` in a portal that holds contacts of ours, after the aliases were read
    back from them, `INTACT` in one that held none when the store was made, so that a customer without a record is new.
    Until search can know that it is "young" and the milliseconds since when."""

    def __init__(
        self, connection: Redis, hubspot: HubSpot, portal: Portal, customers: CustomerStore, stop: threading.Event
    ) -> None:
        self.redis, self.hubspot, self.portal, self.customers, self.stop = connection, hubspot, portal, customers, stop

    def decide(self, marker: str) -> str:
        """The marker that stands now where `marker` stood; "" is none. Raises `LineDown` and `Stopping`."""
        seconds, micros = self.redis.time()
        now_ms = seconds * 1000 + micros // 1000
        since_ms = int(marker.removeprefix(YOUNG)) if marker else None
        if since_ms is not None and now_ms < since_ms + LAG_MS:
            return marker
        try:
            known = int(self._search(CUSTOMER_ID, before_ms=since_ms, limit=1).get("total", 1))
            if known and self.portal.has(OTHER_IDS):
                self._read_aliases()
        except LineDown as down:
            if down.code not in ("search", "forbidden", "unexpected"):
                raise
            # Without search nobody can say that the portal is new, so each unknown customer is looked up.
            known = 1
        found = RESTORED if known else INTACT if marker else f"{YOUNG} {now_ms}"
        place = ("SET", keys.STORE, found, "XX" if marker else "NX")
        Stream(self.redis).apply([place, ("DEL", keys.RESTORING)])
        return (self.redis.get(keys.STORE) or b"").decode()

    def _read_aliases(self) -> None:
        """Page by page, from where somebody was before who was interrupted, and together with whoever else is at it."""
        while True:
            above = (self.redis.get(keys.RESTORING) or b"0").decode()
            contacts = self._search(OTHER_IDS, above=above, limit=PAGE).get("results") or []
            for contact in contacts:
                self._remember(contact)
            if not contacts:
                return
            self.redis.set(keys.RESTORING, str(contacts[-1].get("id")))

    def _remember(self, contact: Mapping[str, Any]) -> None:
        aliases = str((contact.get("properties") or {}).get(OTHER_IDS) or "").split("\n")
        alias = replace(UNKNOWN, contact_id=str(contact.get("id")), fill_only=True, shared=True, email_match_only=True)
        for customer_id in filter(None, aliases):
            self.redis.set(self.customers.customer_key(customer_id), pack(alias), nx=True)

    def _search(self, property: str, **more: Any) -> Mapping[str, Any]:
        """Search in turn with every other worker, and again where the portal's other apps have used up the second."""
        for left in reversed(range(TRIES)):
            while not self.redis.set(keys.SEARCHED, "1", nx=True, px=int(SEARCH_SECONDS * 1000)):
                self._wait(SEARCH_SECONDS / 5)
            try:
                return self.hubspot.search(property, [property], **more)
            except LineDown as down:
                if down.code != "rate_limit" or not left or (down.seconds or SHORT_SECONDS) > SHORT_SECONDS:
                    raise
                self._wait(down.seconds or SEARCH_SECONDS)
        raise AssertionError

    def _wait(self, seconds: float) -> None:
        if self.stop.wait(seconds):
            raise Stopping
