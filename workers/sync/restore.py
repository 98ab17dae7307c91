"""After Redis was emptied: find out whether the portal already has our customers, and read their aliases back."""

from collections.abc import Collection, Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import Any

import structlog
from msgspec.structs import replace

from leadcore.machine import Event
from leadcore.reasons import reason
from leadcore.store import keys
from leadcore.store.connection import Redis
from leadcore.store.restoring import INTACT, RESTORED
from leadcore.store.streams import Stream
from workers.flow.errors import LineDown
from workers.hubspot.client import HubSpot
from workers.hubspot.search_quota import SearchQuota
from workers.rules.customer import UNKNOWN, UNRECORDED_ADDRESS, UNRECORDED_PHONES, Customer, pack
from workers.rules.mapping.property_names import CUSTOMER_ID, MERGED, OTHER_IDS
from workers.rules.merge import MergedContact, read_merged
from workers.rules.portal import Portal
from workers.sync.customer_store import CustomerStore

YOUNG = "young"
# The search index lags behind writes by up to 30 s.
SEARCH_LAG_MS = 60_000
PAGE_SIZE = 200
MERGED_ABOVE = "merged_above"
"""The field of the background's progress with the id after which it reads merged contacts first."""
log = structlog.get_logger("leadsync.restore")


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
            known = int(self._search(CUSTOMER_ID, [CUSTOMER_ID], before_ms=since_ms, limit=1).get("total", 1))
            if known:
                self._read_back()
        except LineDown as down:
            if down.code not in ("search", "forbidden", "unexpected"):
                raise
            # Without search we cannot know that the portal is new, so look up each unknown customer.
            known = 1
        found = RESTORED if known else INTACT if marker else f"{YOUNG} {now_ms}"
        place = ("SET", keys.STORE, found, "XX" if marker else "NX")
        # Of merges right before the loss search tells later; the contact may have kept an old id.
        more = [("HSETNX", keys.RESTORE, MERGED_ABOVE, 0)] if found == RESTORED else []
        self.inbox.apply([place, *more, ("DEL", keys.RESTORING, keys.RESTORING_MERGED)])
        return (self.redis.get(keys.STORE) or b"").decode()

    def _read_back(self) -> None:
        """Store the records of aliases, and of the customers of merged contacts, whose ids may stand nowhere but in
        their histories."""
        if self.portal.has(OTHER_IDS):
            self._read_pages(OTHER_IDS, keys.RESTORING)
        try:
            self._read_pages(MERGED, keys.RESTORING_MERGED)
        except LineDown as down:
            if down.code != "search":
                raise
            log.warning("restore.merges_unread")

    def _read_pages(self, having: str, progress: str) -> None:
        """Page by page; continues where an interrupted run stopped, and may run in several workers at once."""
        properties = [name for name in (CUSTOMER_ID, OTHER_IDS, MERGED) if name == MERGED or self.portal.has(name)]
        while True:
            above = (self.redis.get(progress) or b"0").decode()
            contacts = self._search(having, properties, above=above, limit=PAGE_SIZE).get("results") or []
            if not contacts:
                return
            found = find_customers(contacts, read_bearers(self.hubspot, contacts), owners=having == MERGED)
            records = [("SET", self.customers.customer_key(id_), pack(one), "NX") for id_, one in found.items()]
            self.inbox.apply([*records, ("SET", progress, str(contacts[-1].get("id")))])

    def _search(self, having: str, properties: Sequence[str], **more: Any) -> Mapping[str, Any]:
        return self.searches.run(lambda: self.hubspot.search([having], properties, **more))


def read_bearers(hubspot: HubSpot, contacts: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """The customer ids that each merged contact of `contacts` (of a search) ever bore, without those that another
    contact bears now, by its id; nothing for one that is deleted since. Raises `LineDown`, also if HubSpot does not say
    what one bore: who is listed there is a guest or not."""
    merged = [str(one.get("id")) for one in contacts if (one.get("properties") or {}).get(MERGED)]
    histories = hubspot.read_history(merged, [CUSTOMER_ID])
    # A contact that was merged once more answers with its new id.
    ids = {one: one for one in merged if one in histories}
    ids |= {one: found["id"] for one, found in hubspot.read([one for one in merged if one not in ids], []).items()}
    histories |= hubspot.read_history({one for one in ids.values() if one not in histories}, [CUSTOMER_ID])
    if any(one not in histories for one in ids.values()):
        raise LineDown("unsaid", reason("contact_unsaid"))
    bearers = {one: list(filter(None, histories[now].get(CUSTOMER_ID, ()))) for one, now in ids.items()}
    owners = hubspot.read(chain.from_iterable(bearers.values()), [], CUSTOMER_ID)
    return {
        one: [each for each in borne if each not in owners or owners[each]["id"] == ids[one]]
        for one, borne in bearers.items()
    }


def find_customers(
    contacts: Sequence[Mapping[str, Any]],
    bearers: Mapping[str, Sequence[str]] = MappingProxyType({}),
    *,
    owners: bool = True,
) -> dict[str, Customer]:
    """Pure: the customers of these contacts (of a search), with the records that they get: which contact is theirs, and
    no more. Of a customer who has several, that of the first one. `bearers`: what `read_bearers` found: a
    merged contact that it lacks is nobody's; `owners`: whether those who do not stand in `OTHER_IDS` too."""
    found: dict[str, Customer] = {}
    for contact in contacts:
        values = {name: str(value) for name, value in (contact.get("properties") or {}).items() if value}
        id = str(contact.get("id"))
        if values.get(MERGED) and id not in bearers:
            continue
        merged = read_merged({**values, "id": id}, bearers.get(id, ()))
        own = [one for one in merged.bearers if merged.has_merged(one)]
        for one in merged.listed:
            found.setdefault(one, own_record(merged, own) if one in own else alias_record(merged.id))
        for one in own if owners else ():
            found.setdefault(one, own_record(merged, own))
    return found


def own_record(contact: MergedContact, own: Collection[str]) -> Customer:
    """The record of a customer whose own contact it is, as `own` says. Where it does not list them all yet, nobody
    wrote to it since it was merged: then they have a former contact still, so that their next word makes up for it."""
    if contact.former and not (contact.key and {*own} <= {contact.key, *contact.listed}):
        return replace(UNKNOWN, contact_id=contact.former[0], clock=UNRECORDED_ADDRESS)
    shared = len({*own, *contact.listed}) > 1
    return replace(UNKNOWN, contact_id=contact.id, shared=shared, clock={} if shared else UNRECORDED_ADDRESS)


def alias_record(contact_id: str) -> Customer:
    """The record of a customer whom only an email led to the contact."""
    return replace(
        UNKNOWN,
        contact_id=contact_id,
        fill_only=True,
        shared=True,
        email_match_only=True,
        clock=UNRECORDED_PHONES,
    )
