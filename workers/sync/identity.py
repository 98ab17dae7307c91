"""Finds the contact of a customer: by the customer's id, then by the email that HubSpot says another contact has.

An email typed in a chat is unverified and may be somebody else's. So that contact is only filled in, never overwritten,
unless the phone matches too; and an email that three or more customers use identifies nobody. The rules for such a
match are in `workers.rules.email_match`.
"""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from leadcore.config import Crm
from leadcore.reasons import Reason, reason
from leadcore.receipts import WAITING
from leadcore.store import keys
from leadcore.store.connection import Redis
from leadcore.store.lua import DEL_FIRST
from leadcore.store.scripts import UNLOCK
from workers.flow.lease import Lease
from workers.hubspot.client import HubSpot
from workers.rules.customer import unpack
from workers.rules.email_match import bears_another_id, matching_numbers, may_have_filled, was_filled_in
from workers.rules.field_clock import digester
from workers.rules.lead import CustomerBatch, Result
from workers.rules.mapping.property_names import CUSTOMER_ID, LAST_INTENT, MERGED, OTHER_IDS
from workers.rules.outcomes import ContactMissing, ReadOutcome, RetryLater
from workers.rules.plan import WritePlanner

SHARED_EMAIL_USERS = 3
# If HubSpot does not say in so many tries whose contact has a value, the lead is written without it.
TRIES_WITHOUT_OWNER = 2
# The same where it names a contact that is not there: two minutes, for a merge may be under way.
TRIES_WITHOUT_CONTACT = 6
EMAIL_TAKEN, VALUE_TAKEN = reason("email_taken"), reason("value_taken")
EMAIL_SHARED = reason("email_shared")
_ADD_USERS = (
    """
-- Returns how many customers use the email of KEYS[1]. ARGV: digests of customers to be added.
local email = KEYS[1]
"""
    + DEL_FIRST
    + """
redis.call('SADD', email, unpack(ARGV))
return redis.call('SCARD', email)
"""
)


class Identity:
    """Resolves a conflict by making the customer an alias of the contact. `key`: the digest key. Contact locks use
    the token of `lease` and end with it."""

    def __init__(self, connection: Redis, hubspot: HubSpot, crm: Crm, key: bytes, lease: Lease) -> None:
        self.redis, self.hubspot, self.crm, self.key = connection, hubspot, crm, key
        self.lease = lease

    def lock_contact(self, group: CustomerBatch) -> bool:
        """Lock the group's contact, which other customers may share. False if somebody holds the lock: the group then
        stays in the inbox."""
        name = keys.contact_lock(group.customer.contact_id)
        if group.lock == name:
            return True
        self.unlock_contacts([group])
        if self.lease.stream.acquire_lock(name, self.lease.token):
            self.lease.extra_locks.add(name)
            group.lock = name
            return True
        group.left_in_inbox = True
        return False

    def unlock_contacts(self, groups: Sequence[CustomerBatch]) -> None:
        """Release what `lock_contact` locked, after the groups are settled or left in the inbox."""
        for group in groups:
            if group.lock:
                self.lease.extra_locks.discard(group.lock)
                self.redis.eval(UNLOCK, 1, group.lock, self.lease.token)
                group.lock = ""

    def resolve_conflicts(self, groups: Sequence[CustomerBatch], plan: WritePlanner) -> None:
        """Resolve each group's conflict, so that the next round can write it. Raises `LineDown`."""
        unknown = []
        for group in groups:
            name = plan.portal.source(group.conflict.property) if group.conflict else ""
            if name not in ("", "email") and name in group.decision.properties:
                _drop(group, plan, [name], VALUE_TAKEN)
            elif "email" not in group.decision.properties:
                if group.leads[-1].tries < TRIES_WITHOUT_OWNER or not (unique := _unique_values(group, plan)):
                    group.result = Result(WAITING, code="race", why=reason("contact_just_created"))
                else:
                    _drop(group, plan, unique, VALUE_TAKEN)
            elif group.customer.known:
                unique = [] if name == "email" else _unique_values(group, plan)
                if unique and self.hubspot.find_owner(group.decision.properties["email"]) in _free(group):
                    _drop(group, plan, unique, VALUE_TAKEN)
                else:
                    _drop(group, plan, ["email"], EMAIL_TAKEN)
            else:
                unknown.append(group)
        self._join_by_email(unknown, plan)

    def _join_by_email(self, groups: Sequence[CustomerBatch], plan: WritePlanner) -> None:
        locked = []
        for group in groups:
            contact_id = self._email_owner(group)
            if not contact_id and group.leads[-1].tries < TRIES_WITHOUT_OWNER:
                group.result = Result(WAITING, code="race", why=reason("owner_unnamed"))
                continue
            if not contact_id:
                _drop_unowned(group, plan)
                continue
            group.relink(replace(group.customer, contact_id=contact_id))
            if self.lock_contact(group):
                locked.append(group)
        wanted = plan.read_targets()
        found = self.hubspot.read_each([group.customer.contact_id for group in locked], wanted)
        for group in self._set_merged_apart(locked, found):
            match found[group.customer.contact_id]:
                case ContactMissing() if group.leads[-1].tries < TRIES_WITHOUT_CONTACT:
                    group.result = Result(WAITING, code="race", why=reason("owner_vanished"))
                case ContactMissing():
                    group.relink(replace(group.customer, contact_id=""))
                    _drop_unowned(group, plan)
                case RetryLater(why):
                    group.result = Result(WAITING, code="row", why=why)
                case contact:
                    self._join_contact(group, contact, plan, wanted)

    def _set_merged_apart(
        self, groups: Sequence[CustomerBatch], found: Mapping[str, ReadOutcome]
    ) -> list[CustomerBatch]:
        """Those of `groups` whose customer never had the contact that was `found`, nor one that was merged into it; the
        others are no guests there."""
        contacts = [one for one in found.values() if isinstance(one, dict) and one.get(MERGED)]
        histories = self.hubspot.read_history([one["id"] for one in contacts], [CUSTOMER_ID])
        rest = []
        for group in groups:
            contact = found[group.customer.contact_id]
            history = histories.get(contact["id"], {}) if isinstance(contact, dict) else {}
            if group.customer_id in history.get(CUSTOMER_ID, ()):
                group.conflict, group.merged_into = None, group.customer.contact_id
            else:
                rest.append(group)
        return rest

    def _email_owner(self, group: CustomerBatch) -> str:
        """The id of the contact with the group's email, "" if HubSpot does not name it."""
        if group.conflict and group.conflict.existing_id:
            return group.conflict.existing_id
        return self.hubspot.find_owner(group.decision.properties["email"])

    def _join_contact(
        self, group: CustomerBatch, contact: Mapping[str, str], plan: WritePlanner, looked_up: Sequence[str]
    ) -> None:
        owner, named = contact.get(CUSTOMER_ID, ""), group.conflict and group.conflict.property
        group.conflict = None
        if owner == group.customer_id:
            group.decide(plan.decide(group.loaded, group.decision))
            return
        current = plan.portal.from_portal(contact)
        taken = [] if named else [name for name in _unique_values(group, plan) if _is_same(group, current, name)]
        if taken and not _is_same(group, current, "email"):
            group.relink(replace(group.customer, contact_id=""))
            _drop(group, plan, taken, VALUE_TAKEN)
            return
        if self._count_users(group.decision.properties["email"], group.customer_id, owner) >= SHARED_EMAIL_USERS:
            group.relink(replace(group.customer, contact_id=""))
            _drop(group, plan, ["email"], EMAIL_SHARED)
            return
        others = [one for one in contact.get(OTHER_IDS, "").split("\n") if one]
        linked = group.customer_id in others
        # A matching phone as well is better proof than an email typed in a chat.
        # An earlier write of a linked customer, whose answer was lost, may have filled in their own.
        proven = not linked and self._phone_proves(group, contact, current, others)
        fill_only = self.crm.email_match == "fill" and not proven
        anothers = bears_another_id(contact, group.customer_id, if_merged=bool(current.get(LAST_INTENT)))
        customer = replace(
            group.customer,
            fill_only=fill_only,
            shared=True,
            email_match_only=not proven,
            untrusted=fill_only and anothers,
        )
        group.relink(customer, unrecorded=linked, placeholder="")
        if not self._use_contact_clock(group, owner):
            group.result = Result(WAITING, code="race", why=reason("owner_being_written"))
            return
        ids = {}
        if not linked and plan.portal.has(OTHER_IDS):
            ids[OTHER_IDS] = "\n".join([*others, group.customer_id])
        if not (owner or customer.untrusted):
            ids[CUSTOMER_ID] = group.customer_id
        decision = plan.add_values(plan.decide(group.loaded, group.decision), ids)
        group.decide(plan.protect_existing(group.loaded, decision, current, looked_up))

    def follow_owner(self, group: CustomerBatch, contact: Mapping[str, str], plan: WritePlanner) -> None:
        """Whose contact it is can change, and links of earlier versions do not say: for a customer matched by email
        only, go by the id that the contact bears now."""
        customer, fill = group.customer, self.crm.email_match == "fill"
        if not customer.email_match_only:
            return
        anothers = bears_another_id(contact, group.customer_id, if_merged=customer.untrusted)
        current = replace(customer, fill_only=customer.fill_only or fill, untrusted=fill and anothers)
        if current != customer:
            group.relink(current)
            group.decide(plan.decide(group.loaded, group.decision))
        if not anothers and not contact.get(CUSTOMER_ID) and group.open:
            group.decide(plan.add_values(group.decision, {CUSTOMER_ID: group.customer_id}))

    def _phone_proves(
        self, group: CustomerBatch, contact: Mapping[str, str], current: Mapping[str, str], others: Sequence[str]
    ) -> bool:
        """Whether the contact has a phone number of this customer that no customer matched by email only has typed."""
        numbers = matching_numbers(group.decision.properties, current, self.crm.country)
        if not numbers:
            return False
        digest = digester(self.key)
        ids = {contact["id"], *contact.get(MERGED, "").split(";")} - {""}
        shared = self.redis.mget(map(keys.contact, sorted(ids)))
        if any(was_filled_in(unpack(record), numbers, digest) for record in shared):
            return False
        owner = [] if others else [one for one in [contact.get(CUSTOMER_ID, "")] if one]
        names = [keys.customer(keys.digest(self.key, one)) for one in (*others, *owner)]
        linked = [unpack(record) for record in self.redis.mget(names or [keys.NONE])][: len(names)]
        # An owner who is no alias made the contact, unless the portal has no property for aliases.
        linked = [one for one in linked if others or one.email_match_only]
        return not any(may_have_filled(one, ids, numbers, digest) for one in linked)

    def _use_contact_clock(self, group: CustomerBatch, owner: str) -> bool:
        """Load the contact's shared clock. If it has none yet, it gets that of the customer who created it. False if
        that customer's record is not written yet."""
        owner_key = keys.customer(keys.digest(self.key, owner)) if owner else keys.NONE
        contact_key = keys.contact(group.customer.contact_id)
        shared, owned = self.redis.mget(contact_key, owner_key)
        creator = unpack(owned)
        if owner and shared is None and not creator.known and group.leads[-1].tries == 0:
            return False
        loaded = replace(group.loaded, contact_key=contact_key, contact_record=shared, contact=unpack(shared))
        if shared is None and owned is not None and creator.known and not creator.shared:
            adopted = (owner_key, owned, replace(creator, shared=True, clock={}))
            loaded = replace(loaded, contact=creator, adopted=(adopted,))
        group.loaded = loaded
        return True

    def _count_users(self, email: str, customer_id: str, owner: str) -> int:
        name = keys.email(keys.digest(self.key, email))
        users = [keys.digest(self.key, one) for one in (customer_id, owner) if one]
        return int(self.redis.eval(_ADD_USERS, 1, name, *users))


def _unique_values(group: CustomerBatch, plan: WritePlanner) -> list[str]:
    """The properties that are sent and whose values are unique in the portal, without email and id: theirs tell whose
    contact it is."""
    unique = plan.portal.unique
    sent = [name for name in group.decision.properties if name not in ("email", CUSTOMER_ID)]
    return [name for name in sent if plan.portal.target(name) in unique]


def _free(group: CustomerBatch) -> tuple[str, str]:
    """Whose email the group may write: nobody's, or that of its own contact."""
    return "", group.customer.contact_id


def _is_same(group: CustomerBatch, current: Mapping[str, str], name: str) -> bool:
    """Whether the contact with the values `current` has the value that is sent."""
    return current.get(name, "").strip().casefold() == group.decision.properties[name].strip().casefold()


def _drop_unowned(group: CustomerBatch, plan: WritePlanner) -> None:
    """Nobody is known to have the email, so it may be another value that is taken, unless HubSpot names the email."""
    named = plan.portal.source(group.conflict.property) if group.conflict else ""
    unique = [] if named == "email" else _unique_values(group, plan)
    _drop(group, plan, unique or ["email"], VALUE_TAKEN if unique else EMAIL_TAKEN)


def _drop(group: CustomerBatch, plan: WritePlanner, names: Sequence[str], why: Reason) -> None:
    """Go on without values that belong to another contact."""
    group.conflict = None
    for name in names:
        group.decide(plan.drop_value(group.loaded, group.decision, name, why))
