"""Removes a forgotten customer from HubSpot. The contact created for them is deleted for good, also where a salesperson
merged it with another one, since nobody can tell the values of the two apart; a contact of somebody else to which they
were linked only loses their id and what they could not save there, because its other values belong to that person."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from leadcore.reasons import reason
from leadcore.store import keys
from leadcore.store.scripts import UNLOCK
from leadsync.privacy.order_erasure import find_contacts
from workers.flow.errors import Busy, LineDown
from workers.flow.lease import ACQUIRE_SECONDS, Lease
from workers.hubspot.client import HubSpot
from workers.hubspot.portal_cache import PortalCache
from workers.rules.customer import Customer
from workers.rules.mapping.property_names import CUSTOMER_ID, MERGED, OTHER_IDS, UNSAVED
from workers.rules.merge import MergedContact, is_guest, read_merged
from workers.rules.outcomes import ContactMissing, ContactWrite, RetryLater, WriteOutcome, Written
from workers.rules.plan import remove_chat


@dataclass(frozen=True, slots=True)
class Erased:
    """`erased`: the contact was deleted; else the customer's id was removed from it. `others`: how many other
    customers were linked to it."""

    contact_id: str
    erased: bool
    others: int


class HubSpotErasure:
    def __init__(self, hubspot: HubSpot, portal_cache: PortalCache) -> None:
        self.hubspot, self.portal_cache = hubspot, portal_cache

    def run(self, customer_id: str, before: Customer, lease: Lease) -> list[Erased]:
        """Remove `customer_id`, whose record was `before`. The caller holds the lock of the customer's shard (`lease`).
        Raises `LineDown` and `Busy`; safe to repeat."""
        portal = self.portal_cache.current()
        unsaved = portal.target(UNSAVED) if portal.has(UNSAVED) else ""
        wanted = [CUSTOMER_ID, OTHER_IDS, *([unsaved] if unsaved else [])]
        done = []
        for contact_id in find_contacts(self.hubspot, customer_id, before):
            with _locked(contact_id, lease):
                contact = self.hubspot.read([contact_id], wanted).get(contact_id)
                if contact is not None:
                    merged = self._read_merged(contact)
                    own = before.contact_id in (contact_id, *merged.former)
                    record = before if own else Customer()
                    done.append(self._erase_or_unlink(customer_id, contact, merged, record, unsaved))
        return done

    def _read_merged(self, contact: Mapping[str, str]) -> MergedContact:
        past: Sequence[str] = ()
        if contact.get(MERGED):
            history = self.hubspot.read_history([contact["id"]], [CUSTOMER_ID]).get(contact["id"])
            if history is None:
                raise LineDown("row", reason("no_contact_read", why=reason("contact_unsaid")))
            past = history.get(CUSTOMER_ID, ())
        return read_merged(contact, past)

    def _erase_or_unlink(
        self, customer_id: str, contact: Mapping[str, str], merged: MergedContact, before: Customer, unsaved: str
    ) -> Erased:
        owner, ids = merged.key, merged.listed
        others = [one for one in ids if one != customer_id]
        count = len({*others, *merged.bearers} - {customer_id})
        if self._was_created_for(customer_id, merged, before):
            self.hubspot.erase(contact["id"])
            return Erased(contact["id"], True, count)
        properties = {CUSTOMER_ID: ""} if owner == customer_id else {}
        if customer_id in ids:
            properties[OTHER_IDS] = "\n".join(others)
        text = contact.get(unsaved, "")
        if (rest := remove_chat(text, customer_id)) != text:
            properties[unsaved] = rest
        self._update(contact["id"], properties)
        return Erased(contact["id"], False, count)

    def _was_created_for(self, customer_id: str, contact: MergedContact, before: Customer) -> bool:
        """Whether the contact was created for this customer: Redis knew it as their own, or it has their id as its key,
        or one that was merged into it had. A contact to which they are only linked lists their id in `OTHER_IDS`."""
        owner = contact.key
        if is_guest(before):
            return False
        if contact.former and contact.has_merged(customer_id):
            return True
        if customer_id in contact.listed or owner not in ("", customer_id):
            return False
        known_as_own = before.known and not before.shared
        return known_as_own or (owner == customer_id and self.portal_cache.current().has(OTHER_IDS))

    def _update(self, contact_id: str, properties: Mapping[str, str]) -> None:
        if not properties:
            return
        outcomes: dict[str, WriteOutcome] = {}
        self.hubspot.update([ContactWrite("forget", contact_id, properties)], outcomes)
        match outcomes.get("forget"):
            case Written() | ContactMissing():
                return
            case RetryLater(why):
                raise LineDown("row", reason("no_contact_read", why=why))
            case _:
                raise LineDown("refused", reason("unlinking_refused"))


@contextmanager
def _locked(contact_id: str, lease: Lease) -> Iterator[None]:
    """Hold the lock of a contact, which other shards may write to, with the token of `lease`."""
    name = keys.contact_lock(contact_id)
    deadline = time.monotonic() + ACQUIRE_SECONDS
    while not lease.stream.acquire_lock(name, lease.token):
        if time.monotonic() > deadline:
            raise Busy(name)
        time.sleep(0.02)
    lease.extra_locks.add(name)
    try:
        yield
    finally:
        lease.extra_locks.discard(name)
        lease.stream.redis.eval(UNLOCK, 1, name, lease.token)
