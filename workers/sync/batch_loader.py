"""Batches of a drain: read out of the streams, and made ready to be written."""

import threading
import time

from leadcore.config import Config
from leadcore.event import read_customer_id
from leadcore.fields import BODY
from leadcore.store.connection import Redis
from leadcore.store.streams import Stream
from workers.flow.lease import Lease
from workers.hubspot.client import HubSpot
from workers.hubspot.portal_cache import PortalCache
from workers.rules.batch import Batch, Row, read_batch
from workers.rules.plan import Plan
from workers.sync.customer_store import CustomerStore
from workers.sync.drain_state import DrainState, Rows, count
from workers.sync.identity import Identity
from workers.sync.in_flight import Call
from workers.sync.restore import INTACT, RESTORED, Restore
from workers.sync.writer import Writer, begin

# A batch is as it was decided for so long.
FRESH_SECONDS = 0.1


class Batches:
    """Reads and prepares over one Redis connection."""

    def __init__(
        self,
        connection: Redis,
        hubspot: HubSpot,
        config: Config,
        customers: CustomerStore,
        portal_cache: PortalCache,
        stop: threading.Event,
    ) -> None:
        self.redis, self.hubspot, self.config, self.customers = connection, hubspot, config, customers
        self.portal_cache, self.stop = portal_cache, stop
        self.inbox = Stream(connection)

    def take(self, lease: Lease, state: DrainState) -> Rows:
        """The next rows of the shards that are held, at most a call's, without those of customers in hand: their rows
        can go when what is in hand is settled, and the streams are read from their beginning again."""
        rows: dict[int, list[Row]] = {}
        others = state.customer_ids()
        state.read = dict(state.after)
        for shard in lease.shards:
            while missing := state.size - count(rows):
                part = self.inbox.read(shard, missing, state.read.get(shard, b"-"))
                if not part:
                    break
                state.read[shard] = part[-1][0]
                free = part
                if others:
                    free = [row for row in part if read_customer_id(row[1].get(BODY, b"")) not in others]
                if free:
                    rows.setdefault(shard, []).extend(free)
        if not rows:
            state.after = state.read
        return rows

    def prepare(self, rows: Rows, state: DrainState, lease: Lease) -> Call:
        """The batches in `rows` without customers who are in hand, and who writes them. Raises `LineDown`."""
        lease.check()
        portal = self.portal_cache.current()
        batches: dict[int, Batch] = {}
        others = state.customer_ids()
        for shard, part in rows.items():
            batches[shard] = read_batch(part, self.config, portal, others)
            others |= {group.customer_id for group in batches[shard].groups}
        groups = [group for batch in batches.values() for group in batch.groups]
        marker = self.customers.load(groups)
        if marker not in (INTACT, RESTORED):
            marker = Restore(self.redis, self.hubspot, portal, self.customers, self.stop).decide(marker)
            self.customers.load(groups)
        for batch in batches.values():
            batch.forget()
        state.after = state.read
        identity = Identity(self.redis, self.hubspot, self.config.crm, self.customers.use_key(), lease)
        plan = Plan(portal, self.customers.digest())
        writer = Writer(self.hubspot, plan, identity, self.customers, intact=marker == INTACT)
        call = Call(batches, writer, [], time.monotonic())
        begin(writer, call.groups)
        return call

    def is_current(self, call: Call) -> bool:
        """Whether a batch that was ready for longer is decided on what still stands: another shard's drain may have
        found meanwhile that one of its customers shares a contact, and have written a newer word there."""
        fresh = time.monotonic() - call.made_at < FRESH_SECONDS
        return fresh or self.customers.stand(call.groups)
