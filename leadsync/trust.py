"""Joins two chats of one person: a customer who was matched by email only is trusted to be whom the email says.

Only records in Redis change. A drain that has decided on the old record finds it changed and decides again (see
SETTLE's guards). What the customer said before stands on the contact under "Values not saved", where a person decides;
their own clock is dropped, so that it is written if they say it again.
"""

from dataclasses import asdict, dataclass
from typing import Any

from msgspec.structs import replace

from leadcore.config import Crm
from leadcore.store import keys
from leadcore.store.connection import Redis
from leadcore.store.keys import ACTIONS_KEPT
from leadcore.store.lua import ACTION_FIELDS, DEL_FIRST, UNCHANGED
from leadsync.errors import NoMatch
from workers.flow.errors import Busy
from workers.rules.customer import Customer, guard, pack, unpack
from workers.rules.mapping.property_names import PHONES

TRIES = 5
_DECIDE = (
    """
-- Returns 1, or 0 if a record has changed: then nothing is done. contact: '' if the contact has no record.
local customer_key, contact_key, matches, actions = unpack(KEYS)
local revision, customer, contact_revision, contact, digest, command, user, actions_kept = unpack(ARGV)
"""
    + DEL_FIRST
    + UNCHANGED
    + ACTION_FIELDS
    + """
if not (unchanged(customer_key, revision) and unchanged(contact_key, contact_revision)) then return 0 end
redis.call('SET', customer_key, customer)
if contact ~= '' then redis.call('SET', contact_key, contact) end
redis.call('HDEL', matches, digest)
redis.call('XADD', actions, 'MAXLEN', '~', actions_kept, '*',
  ACTION_COMMAND, command, ACTION_DIGEST, digest, ACTION_USER, user)
return 1
"""
)


@dataclass(frozen=True, slots=True)
class Trust:
    """`changed`: False if it was so already."""

    customer_id: str
    contact_id: str
    trusted: bool
    changed: bool

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def decide_trust(redis: Redis, key: bytes, crm: Crm, customer_id: str, user: str, *, trusted: bool) -> Trust:
    """Trust the customer, or no longer. `key`: the digests' key; `user`: who decided. Raises `NoMatch`, `Busy` and
    redis-py's errors."""
    digest = keys.digest(key, customer_id)
    decide = redis.register_script(_DECIDE)
    for _ in range(TRIES):
        record = redis.get(keys.customer(digest))
        customer = unpack(record)
        if not (customer.email_match_only or customer.trusted):
            raise NoMatch("this customer is not one who was matched by email only.")
        if customer.trusted is trusted:
            return Trust(customer_id, customer.contact_id, trusted, changed=False)
        contact_key = keys.contact(customer.contact_id)
        shared = redis.get(contact_key)
        contact = unpack(shared)
        done = decide(
            keys=[keys.customer(digest), contact_key, keys.MATCHES, keys.ACTIONS],
            args=[
                guard(record),
                pack(_joined(customer) if trusted else _parted(customer, contact, crm)),
                guard(shared),
                # The next word, whoever says it, is written with its activity.
                pack(replace(contact, active_ms=0, intent=b"")) if shared else b"",
                digest,
                "trust" if trusted else "untrust",
                user,
                ACTIONS_KEPT,
            ],
        )
        if done:
            return Trust(customer_id, customer.contact_id, trusted, changed=True)
    raise Busy(keys.customer(digest))


def _joined(customer: Customer) -> Customer:
    return replace(customer, fill_only=False, email_match_only=False, untrusted=False, trusted=True, clock={})


def _parted(customer: Customer, contact: Customer, crm: Crm) -> Customer:
    """Whether the contact is another customer's is seen when it is read next. Its phones may be this customer's, so
    they prove nothing."""
    phones = {name: contact.clock[name] for name in PHONES if name in contact.clock}
    fill_only = crm.email_match == "fill"
    return replace(customer, fill_only=fill_only, email_match_only=True, trusted=False, clock=phones)
