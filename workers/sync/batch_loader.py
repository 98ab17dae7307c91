"""Reads a drain's next rows from the streams and prepares them to be written."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from leadcore.config import Config
from leadcore.event import read_customer_id
from leadcore.fields import BODY
from leadcore.machine import Event
from leadcore.store.connection import Redis
from leadcore.store.restoring import INTACT, RESTORED
from leadcore.store.streams import Stream
from workers.flow.lease import Lease
from workers.hubspot.client import HubSpot
from workers.hubspot.portal_cache import PortalCache
from workers.rules.batch import BATCH, Batch, StreamEntry, read_batch
from workers.rules.breaker import Flight
from workers.rules.pacer import count_full_rows
from workers.rules.plan import WritePlanner
from workers.sync.customer_store import CustomerStore
from workers.sync.identity import Identity
from workers.sync.in_flight import WriteCall
from workers.sync.in_hand import InHand, Rows, count_rows
from workers.sync.required_store import RequiredStore
from workers.sync.restore import StoreRestorer
from workers.sync.writer import Writer, decide_groups

# A prepared batch needs no check for so long.
FRESH_SECONDS = 0.1


class BatchLoader:
    """Reads rows, and decides what to write for them. `full_rows`: how many leads fill a batch, as those of the last
    batches were."""

    def __init__(
        self,
        connection: Redis,
        hubspot: HubSpot,
        config: Config,
        customers: CustomerStore,
        portal_cache: PortalCache,
        timezone: ZoneInfo,
        stop: Event,
    ) -> None:
        self.redis, self.hubspot, self.config, self.customers = connection, hubspot, config, customers
        self.portal_cache, self.timezone, self.stop = portal_cache, timezone, stop
        self.inbox = Stream(connection)
        self.required = RequiredStore(connection, config.required, hubspot.machine)
        self._new = 1.0
        self.full_rows = count_full_rows(self._new)

    def read_rows(self, lease: Lease, in_hand: InHand, size: int) -> Rows:
        """Read the next rows of the held shards, at most `size`. Rows of customers in hand are skipped, and so are all
        younger ones of theirs: they follow when the streams are read from the start again, after what is in hand is
        settled. Whatever of a customer a drain that died may have written is then read again before any newer word."""
        rows: dict[int, list[StreamEntry]] = {}
        others = in_hand.customers()
        in_hand.pending_cursor, in_hand.pending_passed = dict(in_hand.cursor), set(in_hand.passed)
        for shard in lease.shards:
            while missing := size - count_rows(rows):
                part = self.inbox.read(shard, missing, in_hand.pending_cursor.get(shard, b"-"))
                if not part:
                    break
                in_hand.pending_cursor[shard] = part[-1][0]
                free = part
                if others or in_hand.passed:
                    named = [(read_customer_id(row[1].get(BODY, b"")), row) for row in part]
                    in_hand.pending_passed |= {customer for customer, _ in named if customer in others}
                    free = [row for customer, row in named if customer not in in_hand.pending_passed]
                if free:
                    rows.setdefault(shard, []).extend(free)
        if not rows:
            in_hand.move_on()
        return rows

    def prepare(self, rows: Rows, others: set[str], lease: Lease, flight: Flight | None = None) -> WriteCall:
        """Decide what to write for `rows`, without the customers `others`, who are in hand. Raises `LineDown`."""
        lease.check()
        portal = self.portal_cache.current()
        batches: dict[int, Batch] = {}
        for shard, part in rows.items():
            batches[shard] = read_batch(part, self.config, portal, others)
            others |= {group.customer_id for group in batches[shard].groups}
        groups = [group for batch in batches.values() for group in batch.groups]
        marker = self.customers.load(groups)
        # A dry run remembers nothing; without a marker it looks up each unknown customer.
        if marker not in (INTACT, RESTORED) and not self.hubspot.dry_run:
            marker = StoreRestorer(self.redis, self.hubspot, portal, self.customers, self.stop).update_marker(marker)
            self.customers.load(groups)
        batches = {shard: batch.forget() for shard, batch in batches.items()}
        identity = Identity(self.redis, self.hubspot, self.config.crm, self.customers.use_key(), lease)
        plan = WritePlanner(portal, self.customers.digest(), self.timezone, self.required.current())
        writer = Writer(
            self.hubspot, plan, identity, self.customers, intact=marker == INTACT, on_answer=self.required.save
        )
        call = WriteCall(batches, writer, [], self.hubspot.machine.monotonic(), flight or Flight())
        decide_groups(writer, call.groups)
        self._note_kinds([group.customer.known for group in call.groups if group.decision.properties])
        return call

    def _note_kinds(self, known: Sequence[bool]) -> None:
        """Note which writes are for known customers: the part of new ones is that of about the last two batches."""
        if known:
            weight = min(len(known) / (2 * BATCH), 1.0)
            self._new += (known.count(False) / len(known) - self._new) * weight
            self.full_rows = count_full_rows(self._new)

    def is_current(self, call: WriteCall) -> bool:
        """Whether `call` still fits the stored records. While it waited, another shard's drain may have found that one
        of its customers shares a contact, and have written a newer value there."""
        fresh = self.hubspot.machine.monotonic() - call.prepared_at < FRESH_SECONDS
        return fresh or self.customers.are_unchanged(call.groups)
