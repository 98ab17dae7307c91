"""Who is this? The ladder: the customer's id, then the email that HubSpot says belongs to another contact.

A chat email is unverified, anybody can type somebody else's: so that contact is filled, never overwritten, unless the
phone matches too; and an email that three or more customers use identifies nobody.
"""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from leadcore.config import Crm
from leadcore.receipts import WAITING
from leadcore.store import keys
from leadcore.store.connection import Redis
from leadcore.store.lua import DEL_FIRST
from leadcore.store.scripts import UNLOCK
from workers.flow.lease import Lease
from workers.hubspot.client import HubSpot
from workers.rules.customer import unpack
from workers.rules.lead import CustomerBatch, Result
from workers.rules.mapping import phone
from workers.rules.mapping.facts import CUSTOMER_ID, OTHER_IDS
from workers.rules.outcomes import Gone, Wait
from workers.rules.plan import Plan
from workers.sync.customer_store import use_shared_clock

SHARED_BY = 3
PATIENCE = 2
ELSEWHERE = "another contact has this email"
NOBODY = "three or more customers use this email, so it identifies nobody"
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
    """Finds the contact behind a conflict and makes the customer its alias. `key` is that of the digests; the
    contacts' locks are held as long as `lease`."""

    def __init__(self, connection: Redis, hubspot: HubSpot, crm: Crm, key: bytes, lease: Lease) -> None:
        self.redis, self.hubspot, self.crm, self.key = connection, hubspot, crm, key
        self.lease = lease

    def hold(self, group: CustomerBatch) -> bool:
        """Lock the group's contact, which other customers may share; False leaves the group in the inbox for now."""
        name = keys.contact_lock(group.customer.contact_id)
        if group.lock == name:
            return True
        if self.lease.inbox.acquire_lock(name, self.lease.token):
            self.lease.also.add(name)
            group.lock = name
            return True
        group.left = True
        return False

    def free(self, groups: Sequence[CustomerBatch]) -> None:
        """Unlock what `hold` locked, once the groups are settled or left."""
        for group in groups:
            if group.lock:
                self.lease.also.discard(group.lock)
                self.redis.eval(UNLOCK, 1, group.lock, self.lease.token)
                group.lock = ""

    def resolve(self, groups: Sequence[CustomerBatch], plan: Plan) -> None:
        """Find out whom each conflict is about, so that the next round can write it. Raises `LineDown`."""
        strangers = []
        for group in groups:
            name = group.conflict.property if group.conflict else ""
            if name not in ("", "email") and name in group.properties:
                plan.without(group, name, "another contact has this value")
            elif "email" not in group.properties:
                group.result = Result(WAITING, code="race", why="another write made this contact at the same moment")
            elif group.customer.known:
                plan.without(group, "email", ELSEWHERE)
            else:
                strangers.append(group)
        self._meet(strangers, plan)

    def _meet(self, groups: Sequence[CustomerBatch], plan: Plan) -> None:
        held = []
        for group in groups:
            contact_id = self._holder(group)
            if not contact_id and group.leads[-1].tries < PATIENCE:
                group.result = Result(WAITING, code="race", why="HubSpot names no contact with this email yet")
                continue
            if not contact_id:
                plan.without(group, "email", ELSEWHERE)
                continue
            group.customer = replace(group.customer, contact_id=contact_id)
            if self.hold(group):
                held.append(group)
        wanted = [*plan.portal.compared(), CUSTOMER_ID, OTHER_IDS]
        found = self.hubspot.look([group.customer.contact_id for group in held], wanted)
        for group in held:
            match found[group.customer.contact_id]:
                case Gone():
                    group.result = Result(WAITING, code="race", why="the contact with this email vanished")
                case Wait(why):
                    group.result = Result(WAITING, code="row", why=why)
                case contact:
                    self._join(group, contact, plan)

    def _holder(self, group: CustomerBatch) -> str:
        """The id of the contact that has the email, "" if HubSpot does not name it."""
        if group.conflict and group.conflict.existing_id:
            return group.conflict.existing_id
        return self.hubspot.owner(group.properties["email"])

    def _join(self, group: CustomerBatch, contact: Mapping[str, str], plan: Plan) -> None:
        owner = contact.get(CUSTOMER_ID, "")
        group.conflict = None
        if owner == group.customer_id:
            plan.begin(group)
            return
        if self._users(group.properties["email"], group.customer_id, owner) >= SHARED_BY:
            group.customer = replace(group.customer, contact_id="")
            plan.without(group, "email", NOBODY)
            return
        current = plan.portal.recall(contact)
        # The phone that matches too proves more than an email in a chat.
        same_phone = _same_phone(group, current, self.crm.country)
        guarded = self.crm.email_match == "fill" and not same_phone
        group.customer = replace(group.customer, fill_only=guarded, shared=True, email_match_only=not same_phone)
        if not self._adopt(group, owner):
            group.result = Result(WAITING, code="race", why="the customer who made this contact is just being written")
            return
        group.placeholder = ""
        plan.begin(group)
        others = [one for one in contact.get(OTHER_IDS, "").split("\n") if one]
        if group.customer_id not in others and plan.portal.has(OTHER_IDS):
            group.properties[OTHER_IDS] = "\n".join([*others, group.customer_id])
        if not owner:
            group.properties[CUSTOMER_ID] = group.customer_id
        group.result = None
        plan.respect(group, current)

    def _adopt(self, group: CustomerBatch, owner: str) -> bool:
        """Use the contact's shared clock; the clock of the customer who made the contact becomes that clock. False if
        that customer's record is not there yet."""
        owner_key = keys.customer(keys.digest(self.key, owner)) if owner else keys.NONE
        shared, owned = self.redis.mget(keys.contact(group.customer.contact_id), owner_key)
        maker = unpack(owned)
        if owner and shared is None and not maker.known and group.leads[-1].tries == 0:
            return False
        before = unpack(shared)
        if shared is None and owned is not None and maker.known and not maker.shared:
            before = maker
            group.adopted = (owner_key, owned, replace(maker, shared=True, clock={}))
        use_shared_clock(group, shared, before)
        return True

    def _users(self, email: str, customer_id: str, owner: str) -> int:
        name = keys.email(keys.digest(self.key, email))
        users = [keys.digest(self.key, one) for one in (customer_id, owner) if one]
        return int(self.redis.eval(_ADD_USERS, 1, name, *users))


def _same_phone(group: CustomerBatch, current: Mapping[str, str], region: str) -> bool:
    mine = {group.properties.get("phone", ""), group.properties.get("mobilephone", "")} - {""}
    theirs = {phone.parse(current.get(name, ""), region).phone for name in ("phone", "mobilephone")}
    return bool(mine & theirs)
