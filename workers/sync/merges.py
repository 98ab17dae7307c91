"""Follows contacts that a salesperson merged: the customers of both share the new contact, and its clock, from then on.

HubSpot answers reads of the old ids with the new contact; writes to them reach it, or are answered 404. So an answer
with another id means merged, and one that finds no contact is checked by a read. Then, whatever was written:

1. lock the contact under its new id, and read it and its history again: two old ids are two locks;
2. join the clocks of all its own customers, decide the leads on that, and write them with the ids of the customers;
3. settle: one script changes the customer's record, the contact's, and those of the other customers, if none of them
   has changed since.

Who dies between any of these leaves Redis as it was, and the next run finds the same. An older word that HubSpot took
under an old id after a newer one is put back then, from the contact's history.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from leadcore.reasons import reason
from leadcore.receipts import WAITING
from leadcore.store import keys
from workers.hubspot.client import HubSpot
from workers.rules.customer import UNRECORDED_ADDRESS, Customer, unpack
from workers.rules.lead import CustomerBatch, Result
from workers.rules.mapping.mapped_event import MappedEvent
from workers.rules.mapping.property_names import CUSTOMER_ID, MERGED, OTHER_IDS
from workers.rules.merge import (
    MergedContact,
    Words,
    choose_put_back,
    doubt_blocks,
    find_overwritten,
    forget_taken,
    is_guest,
    leave_edited,
    leave_foreign,
    list_ids,
    merge_records,
    move,
    read_merged,
    widen_blocks,
)
from workers.rules.outcomes import ContactMissing, RetryLater, Version
from workers.rules.plan import WritePlanner
from workers.sync.identity import Identity

UNREAD = Result(WAITING, code="row", why=reason("contact_unsaid"))
VANISHED = Result(WAITING, code="vanishing", why=reason("contact_vanished"))


@dataclass(frozen=True, slots=True)
class _Other:
    """Another of the contact's own customers; `key` and `record` as in Redis."""

    id: str
    key: str
    record: bytes | None
    customer: Customer


class Merges:
    """For one call's batches."""

    def __init__(self, hubspot: HubSpot, plan: WritePlanner, identity: Identity) -> None:
        self.hubspot, self.plan, self.identity = hubspot, plan, identity
        self.redis, self.key = identity.redis, identity.key

    def trace(self, groups: Sequence[CustomerBatch]) -> list[CustomerBatch]:
        """Find out what became of contacts that a write did not find; returns the groups whose contact is gone. Raises
        `LineDown`."""
        found = self.hubspot.read_each([group.customer.contact_id for group in groups], [MERGED])
        gone = []
        for group in groups:
            group.missing = False
            match found[group.customer.contact_id]:
                case ContactMissing():
                    gone.append(group)
                case RetryLater(why):
                    group.result = Result(WAITING, code="row", why=why)
                case contact:
                    self.note(group, contact)
                    group.result = None if group.merged_into else VANISHED
        return gone

    def note(self, group: CustomerBatch, contact: Mapping[str, str]) -> bool:
        """Note where the group's contact is now, if the answer to a read of it has another id."""
        merged = contact["id"] != group.customer.contact_id
        group.merged_into = contact["id"] if merged else ""
        return merged

    def follow(self, groups: Sequence[CustomerBatch], beside: Sequence[CustomerBatch] = ()) -> None:
        """Decide anew for each group what to write to the contact that it was `merged_into`. Those `beside` them in
        this call whose contact it is too stay in the inbox until that is settled. Raises `LineDown`."""
        for group in groups:
            group.relink(replace(group.customer, contact_id=group.merged_into))
        words = _list_words(groups)
        mine = [group for group in groups if self.identity.lock_contact(group)]
        wanted = self.plan.read_targets()
        found = self.hubspot.read_each([group.customer.contact_id for group in mine], wanted)
        there = []
        for group in mine:
            match found[group.customer.contact_id]:
                case ContactMissing():
                    group.result = VANISHED
                case RetryLater(why):
                    group.result = Result(WAITING, code="row", why=why)
                case contact if contact["id"] == group.merged_into:
                    there.append((group, contact))
                case contact:
                    # Merged once more.
                    group.merged_into = contact["id"]
        histories = self.hubspot.read_history([contact["id"] for _, contact in there], [CUSTOMER_ID])
        for group, contact in there:
            history = histories.get(contact["id"])
            if history is None:
                group.result = UNREAD
            else:
                merged = read_merged(contact, history.get(CUSTOMER_ID, ()))
                self._share(group, contact, merged, wanted, beside, words[contact["id"]])

    def _share(
        self,
        group: CustomerBatch,
        contact: Mapping[str, str],
        merged: MergedContact,
        wanted: Sequence[str],
        beside: Sequence[CustomerBatch],
        words: Words,
    ) -> None:
        """Let the group's customer share the contact with its other own customers, and decide on their joint clock.
        `words`: what this call said to it."""
        record = self.redis.get(group.loaded.record_key)
        # Another customer's drain may have moved it since it was loaded.
        stored = unpack(record)
        known = stored.known and not group.decision.restarted
        customer = replace(stored if known else group.customer, contact_id=merged.id)
        guest = is_guest(stored) if known else not merged.has_merged(group.customer_id)
        others = self._find_others(group.customer_id, merged)
        for one in beside:
            one.left_in_inbox = one.left_in_inbox or any(one.customer_id == other.id for other in others)
        formers = [one for one in dict.fromkeys([*merged.former, stored.contact_id]) if one not in ("", merged.id)]
        current, *past = self.redis.mget(map(keys.contact, (merged.id, *formers)))
        removed = [(keys.contact(one), raw, None) for one, raw in zip(formers, past, strict=True) if raw is not None]
        alone = not (others or removed or current) and set(merged.listed) <= {group.customer_id}
        shared = guest or customer.shared or not alone
        group.loaded = replace(group.loaded, record=record, stored=stored)
        values = self.plan.portal.from_portal(contact)
        if shared:
            clocks = [unpack(raw) for raw in past if raw]
            clocks += [one.customer for one in others if not (one.customer.shared or is_guest(one.customer))]
            if known and not (guest or stored.shared):
                clocks.append(stored)
            apart = forget_taken(clocks, values, group.loaded.events, words, self.plan.digest)
            joint = merge_records([unpack(current), apart], self.plan.digest)
            if clocks:
                joint = replace(joint, clock=doubt_blocks(joint.clock, values, self.plan.digest))
            group.loaded = replace(
                group.loaded,
                contact_key=keys.contact(merged.id),
                contact_record=current,
                contact=replace(joint, contact_id=merged.id),
                adopted=(*((one.key, one.record, move(one.customer, merged)) for one in others), *removed),
            )
        if guest and not known:
            fill = self.identity.crm.email_match == "fill"
            customer = replace(customer, fill_only=fill, email_match_only=True)
        elif not guest:
            customer = replace(customer, fill_only=False, email_match_only=False, untrusted=False)
        if not shared and (not known or stored.attempted or UNRECORDED_ADDRESS.items() <= stored.clock.items()):
            customer = self.plan.add_unrecorded_address(customer, values)
        elif not shared:
            customer = replace(customer, clock=doubt_blocks(customer.clock, values, self.plan.digest))
        group.relink(
            replace(customer, shared=shared),
            unrecorded=guest and not known,
            placeholder=group.decision.placeholder if group.created else "",
        )
        group.decide(self.plan.decide(group.loaded, group.decision))
        self.identity.follow_owner(group, contact, self.plan)
        group.merged_into = ""
        ids = list_ids(merged, group.customer_id, [one.id for one in others], guest=guest)
        if not self.plan.portal.has(OTHER_IDS):
            ids.pop(OTHER_IDS, None)
        group.decide(self.plan.add_values(group.decision, ids))
        if group.open:
            self.protect(group, contact, wanted, words)

    def _find_others(self, customer_id: str, merged: MergedContact) -> list[_Other]:
        """The contact's other own customers, without those who have another contact by now, or who are forgotten."""
        ids = [one for one in merged.bearers if one != customer_id and merged.has_merged(one)]
        digests = [keys.digest(self.key, one) for one in ids]
        found = self.redis.mget([*map(keys.customer, digests), *map(keys.forgotten, digests), keys.NONE])
        records, tombstones = found[: len(ids)], found[len(ids) : -1]
        others, unknown = [], []
        for one, digest, record, tombstone in zip(ids, digests, records, tombstones, strict=True):
            other = _Other(one, keys.customer(digest), record, unpack(record))
            if other.customer.known:
                if other.customer.contact_id in (merged.id, *merged.former):
                    others.append(other)
            elif not tombstone:
                # Also one whose first write was begun and failed: by their id there is no contact.
                unknown.append(other)
        elsewhere = self.hubspot.read([one.id for one in unknown if one.id != merged.key], [], CUSTOMER_ID)
        return [*others, *(one for one in unknown if one.id not in elsewhere)]

    def protect(
        self,
        group: CustomerBatch,
        contact: Mapping[str, str],
        wanted: Sequence[str],
        words: Words = (),
    ) -> None:
        """Decide what of the group's news may be written over the contact's values, of which `wanted` were read; put
        back what an older word of theirs, or one of `words`, has replaced, but in a contact that was not merged nothing
        that somebody else has set, and in none blank what somebody else has set beside it. Raises `LineDown`."""
        current = self.plan.portal.from_portal(contact)
        group.decide(self.plan.protect_existing(group.loaded, group.decision, current, wanted))
        customer = group.customer
        merged = bool(contact.get(MERGED)) and customer.shared
        if is_guest(customer) or not (merged or group.loaded.came_again):
            return
        known = group.loaded.contact.clock if customer.shared else customer.clock
        # Of what the shop leaves out by now there is no history.
        clock = {name: stamp for name, stamp in known.items() if self.plan.portal.has(name)}
        overwritten = find_overwritten(group.loaded, group.decision, clock, current, self.plan.digest, words)
        if not overwritten:
            return
        targets = {name: self.plan.portal.target(name) for name in widen_blocks(overwritten, clock)}
        names = [*targets.values(), CUSTOMER_ID]
        versions = self.hubspot.read_versions([contact["id"]], names).get(contact["id"])
        if versions is None:
            group.result = UNREAD
            return
        sources = {name: _find_source(versions.get(target)) for name, target in targets.items()}
        own = versions.get(CUSTOMER_ID, ())
        if not merged:
            overwritten = leave_edited(overwritten, sources, _find_source(own))
        overwritten = leave_foreign(overwritten, clock, sources, {source for _, _, source in own})
        past = {name: [value for value, _, _ in versions.get(target, ())] for name, target in targets.items()}
        former = choose_put_back(overwritten, clock, past, self.plan.digest, merged=merged)
        changed = {
            name: value
            for name, value in former.items()
            if name not in group.decision.properties and value != current.get(name, "")
        }
        group.decide(self.plan.add_values(group.decision, changed))


def _find_source(versions: Sequence[Version] | None) -> str:
    """What set the newest of them, "" if that is unknown."""
    return versions[0][2] if versions else ""


def _list_words(groups: Sequence[CustomerBatch]) -> dict[str, list[tuple[int, MappedEvent]]]:
    """Version and content of the leads of this call's `groups`, by the contact that they were merged into."""
    words: dict[str, list[tuple[int, MappedEvent]]] = {}
    for group in groups:
        theirs = words.setdefault(group.merged_into, [])
        if not is_guest(group.customer):
            theirs += group.loaded.events
    return words
