"""Customers' records in Redis, loaded for a batch in one round trip (two where contacts are shared)."""

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from leadcore.store import keys, scripts
from leadcore.store.connection import Redis, read_key
from workers.flow.errors import LostLease
from workers.flow.lease import Lease
from workers.rules.customer import UNKNOWN, Customer, guard, pack, unpack
from workers.rules.field_clock import Digest, digester
from workers.rules.lead import CustomerBatch, Decision

# Record of an unknown customer during the first write; packed once, because most of a burst needs it.
_FIRST_RECORD = pack(replace(UNKNOWN, attempted=True))
_FIRST_CUSTOMER = unpack(_FIRST_RECORD)


class CustomerStore:
    """`fixed_key` is LEADSYNC_KEY; b"": use the key kept in Redis."""

    def __init__(self, connection: Redis, fixed_key: bytes = b"") -> None:
        self.redis, self.fixed_key = connection, fixed_key
        self.key = fixed_key
        self._digest: Digest | None = None
        self._mark_script = connection.register_script(scripts.MARK)

    def digest(self) -> Digest:
        """The digest of values under the key in use."""
        if self._digest is None:
            self._digest = digester(self.key)
        return self._digest

    def use_key(self) -> bytes:
        """The digest key: the fixed one, or the one in Redis, which is created if missing."""
        if not self.key:
            self.key = read_key(self.redis)
            self._digest = None
        return self.key

    def customer_key(self, customer_id: str) -> str:
        return keys.customer(keys.digest(self.use_key(), customer_id))

    def load(self, groups: Sequence[CustomerBatch]) -> str:
        """Load each group's record; nothing is decided yet. Returns the store's marker (see `workers.sync.restore`), ""
        if Redis is empty or new."""
        for _ in range(3):
            digests = [keys.digest(self.use_key(), group.customer_id) for group in groups]
            marker, key, *found = self.redis.mget(
                keys.STORE, keys.SECRET, *map(keys.customer, digests), *map(keys.forgotten, digests)
            )
            if self.fixed_key or key == self.key:
                break
            # Redis was emptied, and another process has created a new key since.
            self.key = b""
        customers, tombstones = found[: len(groups)], found[len(groups) :]
        for group, digest, record, tombstone in zip(groups, digests, customers, tombstones, strict=True):
            stored = unpack(record)
            group.loaded = replace(
                group.loaded,
                record_key=keys.customer(digest),
                record=record,
                stored=stored,
                forgotten_ms=int(tombstone.split()[0]) if tombstone else -1,
            )
            group.decision = Decision(stored)
        self.load_shared([group for group in groups if group.customer.shared])
        return (marker or b"").decode()

    def are_unchanged(self, groups: Sequence[CustomerBatch]) -> bool:
        """Whether these customers' records are still as loaded, and Redis was not emptied since."""
        marker, *records = self.redis.mget(keys.STORE, *(group.loaded.record_key for group in groups))
        return marker is not None and records == [group.loaded.record for group in groups]

    def load_shared(self, groups: Sequence[CustomerBatch]) -> None:
        """Load the record of the contact that each group's customer shares."""
        if not groups:
            return
        names = [keys.contact(group.customer.contact_id) for group in groups]
        for group, name, record in zip(groups, names, self.redis.mget(names), strict=True):
            group.loaded = replace(group.loaded, contact_key=name, contact_record=record, contact=unpack(record))

    def mark_attempted(self, groups: Sequence[CustomerBatch], lease: Lease) -> None:
        """Record that a first write of these customers starts, so that one whose answer is lost is recognised. Raises
        `LostLease` if the lock was lost or a record has changed."""
        self._store_attempt(groups, lease, Customer())

    def mark_uncertain(self, groups: Sequence[CustomerBatch], lease: Lease) -> None:
        """Record that a write of these customers may have reached HubSpot. Raises what `mark_attempted` does."""
        self._store_attempt(groups, lease)

    def _store_attempt(self, groups: Sequence[CustomerBatch], lease: Lease, known: Customer | None = None) -> None:
        arguments: list[Any] = [lease.token]
        for group in groups:
            before, stored = guard(group.loaded.record), group.loaded.stored
            record, after = _FIRST_RECORD, _FIRST_CUSTOMER
            if stored is not UNKNOWN:
                record = pack(
                    replace(
                        known or stored,
                        revision=stored.revision,
                        attempted=True,
                        day=stored.day,
                        sent_texts=stored.sent_texts,
                    )
                )
                after = unpack(record)
            group.loaded = replace(group.loaded, record=record, stored=after)
            arguments += [group.loaded.record_key, before, record]
        if groups and not self._mark_script(keys=lease.locks, args=arguments):
            raise LostLease
