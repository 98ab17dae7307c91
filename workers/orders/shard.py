"""The way of a drain through a shard of the lines that come after contacts: orders, payments and notes."""

from collections.abc import Sequence
from typing import Any

import structlog

from leadcore.config import Config, Orders
from leadcore.events import NOBODY, Events
from leadcore.machine import Event, Machine
from leadcore.store.bell import Bell
from leadcore.store.clock import Clock
from leadcore.store.connection import Redis
from leadcore.store.streams import Stream
from workers.flow.errors import LineDown, LostLease, Stopping
from workers.flow.lease import Lease, LeaseRegistry
from workers.flow.pause import Pause
from workers.flow.request_context import checked, current
from workers.hubspot.budget import Budget
from workers.hubspot.order_portal import OrderPortalCache
from workers.hubspot.records import Records
from workers.orders.order_store import OrderStore
from workers.outbox.time_slice import WORK_SECONDS, TimeSlice
from workers.rules.batch import BATCH, StreamEntry
from workers.rules.retry import find_retry
from workers.sync.customer_store import CustomerStore

log = structlog.get_logger("leadsync.lines")


class ShardDrain:
    """One per worker process and line. `dry_run`: nothing is written; what waits stays."""

    line: str

    def __init__(
        self,
        connection: Redis,
        records: Records,
        config: Config,
        customers: CustomerStore,
        leases: LeaseRegistry,
        stop: Event,
        budget: Budget,
        machine: Machine,
        *,
        dry_run: bool = False,
    ) -> None:
        self.redis, self.records, self.config, self.customers = connection, records, config, customers
        self.leases, self.stop, self.machine, self.dry_run = leases, stop, machine, dry_run
        self.stream, self.bell = Stream(connection, self.line), Bell(connection)
        self.pause = Pause(connection, machine, self.line)
        self.time_slice = TimeSlice(connection, budget, Clock(connection, machine), machine, config.inbox.shards)

    @property
    def is_on(self) -> bool:
        """Whether the configuration has anything written; if not, what waits stays for when it does again."""
        raise NotImplementedError

    def write_batch(self, rows: Sequence[StreamEntry], lease: Lease) -> bool:
        """Settle what can be settled; True if anything was. Raises `LineDown` and `LostLease`."""
        raise NotImplementedError

    def put_off(self, rows: Sequence[StreamEntry], down: LineDown, lease: Lease) -> bool:
        """Let these wait, and not the line. Raises `LostLease`."""
        raise NotImplementedError

    def ring_others(self, shard: int) -> None:
        """Ring for what a drain of this line has put into others."""

    def is_too_early(self) -> bool:
        """Whether nothing can be done yet, for want of knowledge."""
        return False

    def forget_portal(self) -> None:
        """What is known of the portal may be what stopped the line."""

    def ping(self) -> None:
        """Ask HubSpot for something that no event can spoil. Raises `LineDown` if it takes no calls."""
        self.records.hubspot.ping()

    def drain(self, shard: int) -> None:
        """Write what waits in the shard until the time slice is over; ring again if more can go now."""
        if self.dry_run or not self.is_on:
            return
        with self.leases.hold(self.stream, shard) as lease:
            if lease is None:
                return
            can_continue = False
            try:
                can_continue = self._admit_and_write(lease)
            except (LostLease, Stopping):
                log.info(f"{self.line}.given_back", shard=shard)
            finally:
                lease.close()
                left = self.stream.release(shard, lease.token)
        self.ring_others(shard)
        if can_continue and left > 0 and not self.stop.is_set():
            self.bell.ring(self.line, shard)

    def _admit_and_write(self, lease: Lease) -> bool:
        """True if another drain can continue at once; False if only waiting helps."""
        admitted = self.pause.admit(lease)
        if admitted == "paused":
            return False
        self.time_slice.start(WORK_SECONDS)
        with checked(lease.check):
            try:
                return self._probe(lease) if admitted == "probe" else self._write_shard(lease)
            except LineDown as down:
                self.pause.start(down)
                log.warning(f"{self.line}.paused", code=down.code, why=str(down))
                return False

    def _probe(self, lease: Lease) -> bool:
        """After a pause: one event alone. If HubSpot takes calls but not that one, delay it, not the line."""
        self.forget_portal()
        try:
            if self.is_too_early():
                return False
            rows = self.stream.read(lease.shard, 1)
            try:
                written = not rows or self.write_batch(rows, lease)
            except LineDown as down:
                if not find_retry(down.code).one_lead:
                    raise
                self.ping()
                written = self.put_off(rows, down, lease)
            if not self.pause.clear(lease):
                return False
        finally:
            self.pause.end_probe(lease)
        log.info(f"{self.line}.resumed")
        return written and self._write_shard(lease)

    def _write_shard(self, lease: Lease) -> bool:
        """True when the time slice is over or nothing is left."""
        while rows := self.stream.read(lease.shard, BATCH):
            lease.check()
            if self.is_too_early() or not self._take_turn(full=len(rows) == BATCH):
                return False
            try:
                written = self.write_batch(rows, lease)
            finally:
                self._give_back()
            if not written:
                return False
            if self.stop.is_set() or self.time_slice.is_over(rows[0][0]):
                return True
        return True

    def _take_turn(self, *, full: bool) -> bool:
        """Whether the day's quota has a call for these now: they come after contacts. If not, a sweep rings again."""
        slot, _ = self.records.hubspot.budget.reserve("full" if full else "partial", yields=True)
        current().slots[:] = [slot] if slot else []
        return bool(slot)

    def _give_back(self) -> None:
        """The slot of a batch that needed no call."""
        slots = current().slots
        self.records.hubspot.budget.release(slots)
        slots.clear()


class OrderLineDrain(ShardDrain):
    """Of a line that writes orders. `events`: who is told of what happened."""

    def __init__(
        self,
        connection: Redis,
        records: Records,
        portal_cache: OrderPortalCache,
        config: Config,
        customers: CustomerStore,
        *more: Any,
        events: Events = NOBODY,
        **options: Any,
    ) -> None:
        super().__init__(connection, records, config, customers, *more, **options)
        self.portal_cache, self.store, self.events = portal_cache, OrderStore(connection, customers), events

    @property
    def is_on(self) -> bool:
        return self.config.orders is not None

    @property
    def orders(self) -> Orders:
        """The configuration. Raises `AttributeError` without one: then there is nothing to drain."""
        if self.config.orders is None:
            raise AttributeError("no orders are configured")
        return self.config.orders

    def forget_portal(self) -> None:
        self.portal_cache.invalidate()

    def ping(self) -> None:
        self.portal_cache.current()
