"""Checks that every written lead is in HubSpot: its contact exists and carries the customer's id.

First the customers that Redis knows, then the leads: a lead whose customer was already checked needs no call. Redis and
HubSpot are read in chunks, and only what is missing is kept in memory.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from leadcore.receipts import WRITTEN, Receipt
from leadcore.store import keys
from leadcore.store.connection import Redis
from leadcore.store.leads import read_all, read_receipts
from leadcore.store.lua import DEL_FIRST, UNCHANGED
from leadcore.store.scan import complete, scan_keys
from leadsync.patience import Patience
from leadsync.privacy.customer_data import CHUNK, chunks
from leadsync.reconcile_orders import FoundOrders, Track
from workers.hubspot.client import HubSpot
from workers.rules.customer import Customer, guard, pack, unpack
from workers.rules.mapping.property_names import CUSTOMER_ID, MERGED, OTHER_IDS
from workers.rules.merge import read_ids

# SCAN may miss a record that is first written meanwhile: leads written later than this before the start are looked up.
OVERLAP_MS = 60_000
GONE = "the contact is gone"
UNMARKED = "the contact does not carry the customer's id"

# A drain that decided on the old record finds it changed and decides again (see SETTLE's guards).
_FORGET_CLOCK = (
    """
-- Returns 1, or 0 if the customer's record has changed: then nothing is done.
-- contact_revision: '' if the contact's record stays.
local customer, contact, matches = unpack(KEYS)
local revision, blank, contact_revision, digest = unpack(ARGV)
"""
    + DEL_FIRST
    + UNCHANGED
    + """
if not unchanged(customer, revision) then return 0 end
if contact_revision ~= '' and unchanged(contact, contact_revision) then redis.call('DEL', contact) end
redis.call('SET', customer, blank)
redis.call('HDEL', matches, digest)
return 1
"""
)


@dataclass(frozen=True, slots=True)
class Missing:
    """A lead that is not in HubSpot as it should be. For a customer whose receipts have all expired, `lead` and
    `customer_id` are "": only the digest of the id is known."""

    lead: str
    customer_id: str
    contact_id: str
    why: str

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


@dataclass(slots=True)
class Found:
    """`leads`, `customers`: how many were checked. `repaired`: how many customers' field clocks were cleared. `orders`:
    None if they were not checked."""

    leads: int
    customers: int
    missing: list[Missing]
    repaired: int = 0
    orders: FoundOrders | None = None

    def as_dict(self) -> dict[str, Any]:
        """For JSON, without orders where they were not checked."""
        return {name: value for name, value in asdict(self).items() if name != "orders" or value is not None}


@dataclass(frozen=True, slots=True)
class _Suspect:
    """A customer's record as it was before HubSpot was asked."""

    record: bytes
    contact_id: str
    shared_record: bytes | None
    why: str


class Reconciliation:
    """`key`: the digests' key. `marks_linked`: whether the portal has the property for the ids of linked customers.
    `patience`: that of the whole check."""

    def __init__(
        self,
        connection: Redis,
        hubspot: HubSpot,
        key: bytes,
        *,
        marks_linked: bool,
        patience: Patience | None = None,
    ) -> None:
        self.redis, self.hubspot, self.key, self.marks_linked = connection, hubspot, key, marks_linked
        self.suspects: dict[str, _Suspect] = {}
        self._ask = (patience or Patience()).ask
        self._clear_clock_script = connection.register_script(_FORGET_CLOCK)

    def run(self, track: Track[Any]) -> Found:
        """Check everything. Raises `LineDown` and redis-py's errors; the check is then inconclusive."""
        seconds, _ = self.redis.time()
        customers = complete(lambda: self._check_customers(track))
        leads = 0
        missing: list[Missing] = []
        before_ms = seconds * 1000 - OVERLAP_MS
        named: set[str] = set()
        for rows in track(read_all(self.redis, CHUNK), "Leads"):
            found = read_receipts(self.redis, (lead for _, lead in rows))
            written = [one for one in found if one and one.state in WRITTEN and one.contact_id]
            leads += len(written)
            missing += self._find_missing(written, before_ms, named)
        missing += [
            Missing("", "", one.contact_id, one.why) for digest, one in self.suspects.items() if digest not in named
        ]
        return Found(leads, customers, missing)

    def repair(self) -> int:
        """Clear the field clocks of the customers without a contact, so that their next event writes all its values;
        returns how many. A record that changed since the check is left alone."""
        return sum(self._clear_clock(digest, suspect) for digest, suspect in self.suspects.items())

    def _check_customers(self, track: Track[Any]) -> int:
        """Find all suspects; returns how many customers have a contact id."""
        self.suspects.clear()
        names = chunks(scan_keys(self.redis, keys.customer("*"), CHUNK), CHUNK)
        return sum(self._find_suspects(some) for some in track(names, "Customers"))

    def _find_suspects(self, names: Sequence[bytes]) -> int:
        """Record which of these customers have no contact that carries their id; returns how many have a contact id."""
        known = {}
        for name, record in zip(names, self.redis.mget(names), strict=True):
            customer = unpack(record)
            if customer.known:
                known[name.decode().removeprefix(keys.customer(""))] = (record, customer)
        shared = self.redis.mget([keys.contact(customer.contact_id) for _, customer in known.values()] or [keys.NONE])
        contacts = self._read(customer.contact_id for _, customer in known.values())
        for (digest, (record, customer)), clock in zip(known.items(), shared, strict=False):
            contact = contacts.get(customer.contact_id)
            why = self._explain_fault(contact, digest, linked=customer.shared)
            if why:
                self.suspects[digest] = _Suspect(record, customer.contact_id, None if contact else clock, why)
        return len(known)

    def _find_missing(self, written: Sequence[Receipt], before_ms: int, named: set[str]) -> list[Missing]:
        """The leads that are not in HubSpot. Adds the digests of the suspects among them to `named`."""
        digests = [keys.digest(self.key, one.customer_id) for one in written]
        records = self.redis.mget([keys.customer(digest) for digest in digests] or [keys.NONE])
        unconfirmed = []
        for one, digest, record in zip(written, digests, records, strict=False):
            checked = unpack(record).known and (one.written_ms or 0) < before_ms
            if digest in self.suspects or not checked:
                unconfirmed.append((one, digest))
        # Another contact may carry the customer's id by now, which Redis need not know.
        ids = dict.fromkeys(one.customer_id for one, _ in unconfirmed)
        owners = self._ask(lambda: self.hubspot.read(ids, [CUSTOMER_ID], CUSTOMER_ID))
        for one, digest in unconfirmed:
            if one.customer_id in owners:
                self.suspects.pop(digest, None)
        lost = [(one, digest) for one, digest in unconfirmed if one.customer_id not in owners]
        contacts = self._read(one.contact_id for one, digest in lost if digest not in self.suspects)
        missing = []
        for one, digest in lost:
            suspect = self.suspects.get(digest)
            why = suspect.why if suspect else self._explain_fault(contacts.get(one.contact_id), digest, linked=True)
            if why:
                named.add(digest)
                missing.append(Missing(one.lead, one.customer_id, one.contact_id, why))
        return missing

    def _read(self, contact_ids: Iterable[str]) -> dict[str, dict[str, str]]:
        """The contacts, by the ids asked for. Those who bore a contact that was merged into another are among its other
        customers, even if nothing was written to it since."""
        wanted = list(contact_ids)
        found = self._ask(lambda: self.hubspot.read(wanted, [CUSTOMER_ID, OTHER_IDS]))
        merged = [contact["id"] for contact in found.values() if contact.get(MERGED)]
        histories = self._ask(lambda: self.hubspot.read_history(merged, [CUSTOMER_ID]))
        for contact in found.values():
            bearers = histories.get(contact["id"], {}).get(CUSTOMER_ID, ())
            contact[OTHER_IDS] = "\n".join([*read_ids(contact), *bearers])
        return found

    def _explain_fault(self, contact: Mapping[str, str] | None, digest: str, *, linked: bool) -> str:
        """What is wrong with the contact of a customer; "" if nothing is."""
        if contact is None:
            return GONE
        ids = [contact.get(CUSTOMER_ID, ""), *read_ids(contact)]
        if any(keys.digest(self.key, one) == digest for one in ids if one) or (linked and not self.marks_linked):
            return ""
        return UNMARKED

    def _clear_clock(self, digest: str, suspect: _Suspect) -> int:
        before = unpack(suspect.record)
        # `attempted`: the next write asks HubSpot first, before it sends what is only for a new contact.
        blank = Customer(
            revision=before.revision,
            attempted=True,
            numeric=before.numeric,
            day=before.day,
            sent_texts=before.sent_texts,
        )
        names = [keys.customer(digest), keys.contact(suspect.contact_id), keys.MATCHES]
        values = [guard(suspect.record), pack(blank), guard(suspect.shared_record), digest]
        return int(self._clear_clock_script(keys=names, args=values))
