"""Drains one shard of the orders' line: at most 100 events at a time, a customer's in their order.

READ      customers' records, and what they are known to have ordered; after a loss of Redis HubSpot is asked.
PLAN      `workers.rules.orders.plan` decides; it asks for the order, and for its lines, only where that matters.
MARK      what may be half done, before anything is written: a lost answer is looked up before a write is repeated.
WRITE     new orders (upsert by their own key), changed ones (by id), lines, links, then lines that are gone.
SETTLE    one script, fenced like the inbox's.
"""

from collections.abc import Mapping, Sequence

import structlog
from msgspec.structs import replace

from leadcore import event
from leadcore.config import Config, Orders
from leadcore.fields import BODY
from leadcore.logs import format_place
from leadcore.machine import Event, Machine
from leadcore.reasons import reason
from leadcore.store import keys
from leadcore.store.bell import Bell
from leadcore.store.clock import Clock
from leadcore.store.connection import Redis
from leadcore.store.streams import Settlement, Stream
from workers.flow.errors import LineDown, LostLease, Stopping
from workers.flow.lease import Lease, LeaseRegistry
from workers.flow.pause import Pause
from workers.flow.request_context import checked, current
from workers.hubspot.budget import Budget
from workers.hubspot.order_portal import OrderPortalCache
from workers.hubspot.records import Records
from workers.orders.order_store import ALL_KNOWN, SEARCH_LAG_MS, SOME_FORGOTTEN, OrderStore
from workers.orders.reader import OrderReader
from workers.orders.work import OrderWork
from workers.orders.writer import OrderWriter
from workers.outbox.time_slice import WORK_SECONDS, TimeSlice
from workers.rules.batch import BATCH, StreamEntry
from workers.rules.orders import plan as rules
from workers.rules.orders import settlement
from workers.rules.orders.plan import Facts, take_prefix
from workers.rules.orders.portal import OrderPortal
from workers.rules.orders.property_names import NAMES
from workers.rules.orders.said import Kind, Said, read_said
from workers.rules.orders.texts import OrderTexts
from workers.rules.retry import find_retry
from workers.sync.customer_store import CustomerStore

log = structlog.get_logger("leadsync.orders")


class OrderDrain:
    """One per worker process. `dry_run`: nothing is written; what waits stays."""

    def __init__(
        self,
        connection: Redis,
        records: Records,
        portal_cache: OrderPortalCache,
        config: Config,
        customers: CustomerStore,
        leases: LeaseRegistry,
        stop: Event,
        budget: Budget,
        machine: Machine,
        *,
        dry_run: bool = False,
    ) -> None:
        self.redis, self.records, self.portal_cache, self.config = connection, records, portal_cache, config
        self.leases, self.stop, self.machine, self.dry_run = leases, stop, machine, dry_run
        self.customers, self.store = customers, OrderStore(connection, customers)
        self.stream, self.bell = Stream(connection, keys.ORDERS), Bell(connection)
        self.notes = Stream(connection, keys.NOTES)
        self.pause = Pause(connection, machine, keys.ORDERS)
        self.time_slice = TimeSlice(connection, budget, Clock(connection, machine), machine, config.inbox.shards)
        self.texts = OrderTexts.compile(config)
        kind = config.orders.kind if config.orders else ""
        self.reader, self.writer = OrderReader(records, self.store, kind), OrderWriter(records, self.store)

    @property
    def orders(self) -> Orders:
        """The configuration. Raises `AttributeError` without one: then there is nothing to drain."""
        if self.config.orders is None:
            raise AttributeError("no orders are configured")
        return self.config.orders

    def drain(self, shard: int) -> None:
        """Write what waits in the shard until the time slice is over; ring again if more can go now."""
        if self.dry_run or self.config.orders is None:
            return
        with self.leases.hold(self.stream, shard) as lease:
            if lease is None:
                return
            can_continue = False
            try:
                can_continue = self._admit_and_write(lease)
            except (LostLease, Stopping):
                log.info("orders.given_back", shard=shard)
            finally:
                lease.close()
                left = self.stream.release(shard, lease.token)
        if self.config.notes.intents and self.notes.set_bell(shard):
            self.bell.ring(keys.NOTES, shard)
        if can_continue and left > 0 and not self.stop.is_set():
            self.bell.ring(keys.ORDERS, shard)

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
                log.warning("orders.paused", code=down.code, why=str(down))
                return False

    def _probe(self, lease: Lease) -> bool:
        """After a pause: one event alone. If HubSpot takes calls but not that one, delay it, not the line."""
        self.portal_cache.invalidate()
        try:
            if self._is_too_early():
                return False
            rows = self.stream.read(lease.shard, 1)
            try:
                written = not rows or self._write_batch(rows, lease)
            except LineDown as down:
                if not find_retry(down.code).one_lead:
                    raise
                self.portal_cache.current()
                written = self._put_off(rows, down, lease)
        finally:
            self.pause.end_probe(lease)
        self.pause.clear()
        log.info("orders.resumed")
        return written and self._write_shard(lease)

    def _put_off(self, rows: Sequence[StreamEntry], down: LineDown, lease: Lease) -> bool:
        settled, now_ms = Settlement(), self.store.now_ms()
        for work in self._load(rows, settled, lease.shard, now_ms):
            work.wait("row", down.why)
            self._settle_work(work, settled, keys.entries(keys.ORDERS, lease.shard), lease.shard, now_ms)
        if self.stream.settle(lease.shard, lease.token, settled) is None:
            raise LostLease(lease.locks)
        return True

    def _write_shard(self, lease: Lease) -> bool:
        """True when the time slice is over or nothing is left."""
        while rows := self.stream.read(lease.shard, BATCH):
            lease.check()
            if self._is_too_early() or not self._take_turn(full=len(rows) == BATCH):
                return False
            try:
                written = self._write_batch(rows, lease)
            finally:
                self._give_back()
            if not written:
                return False
            if self.stop.is_set() or self.time_slice.is_over(rows[0][0]):
                return True
        return True

    def _take_turn(self, *, full: bool) -> bool:
        """Whether the day's quota has a call for orders now: they come after contacts. If not, a sweep rings again."""
        slot, _ = self.records.hubspot.budget.reserve("full" if full else "partial", yields=True)
        current().slots[:] = [slot] if slot else []
        return bool(slot)

    def _give_back(self) -> None:
        """The slot of a batch that needed no call."""
        slots = current().slots
        self.records.hubspot.budget.release(slots)
        slots.clear()

    def _is_too_early(self) -> bool:
        """Whether Redis is new and HubSpot's search cannot tell yet which orders it has forgotten."""
        marker, now_ms = self.store.read_marker(), self.store.now_ms()
        if marker in (ALL_KNOWN, SOME_FORGOTTEN):
            return False
        if not marker:
            if not self.records.any_exists(self.orders.kind):
                self.store.set_marker(ALL_KNOWN)
                return False
            self.store.set_marker(str(now_ms))
            return True
        if now_ms < int(marker) + SEARCH_LAG_MS:
            return True
        self.store.set_marker(SOME_FORGOTTEN)
        return False

    def _write_batch(self, rows: Sequence[StreamEntry], lease: Lease) -> bool:
        """Settle what can be settled; True if anything was."""
        settled = Settlement()
        now_ms = self.store.now_ms()
        stream = keys.entries(keys.ORDERS, lease.shard)
        works = self._load(rows, settled, lease.shard, now_ms)
        portal = self.portal_cache.current()
        try:
            self.reader.find_forgotten(works)
            self._plan(works, portal, now_ms)
            self.writer.write(works, portal, lease)
        finally:
            # What is done is settled also where the line then stops.
            for work in works:
                self._settle_work(work, settled, stream, lease.shard, now_ms)
            stale = self.stream.settle(lease.shard, lease.token, settled) if settled.groups else []
        if stale is None:
            raise LostLease(lease.locks)
        return settled.groups > len(stale)

    def _load(self, rows: Sequence[StreamEntry], settled: Settlement, shard: int, now_ms: int) -> list[OrderWork]:
        stream = keys.entries(keys.ORDERS, shard)
        by_customer: dict[str, list[Said]] = {}
        for entry, fields in rows:
            try:
                said = self._read(entry, fields)
            except Exception as error:  # any fault: it waits for a person and must not hold up the others
                log.warning("order.unreadable", error=type(error).__name__, at=format_place(error))
                settled.add((), [(stream, entry, settlement.park_unreadable(fields, now_ms))])
                continue
            by_customer.setdefault(said.customer_id, []).append(said)
        known = self.store.load(list(by_customer))
        works = []
        for customer_id, found in by_customer.items():
            of = known[customer_id]
            forgotten = [one.entry for one in found if one.said_ms <= of.forgotten_ms]
            if forgotten:
                settlement.settle_gone(settled, stream, forgotten)
            left = sorted((one for one in found if one.said_ms > of.forgotten_ms), key=lambda one: one.version)
            if left:
                works.append(OrderWork(take_prefix(left), of))
        return works

    def _read(self, entry: bytes, fields: Mapping[bytes, bytes]) -> Said:
        return read_said(event.read(fields[BODY]), entry, fields, self.config, self.customers.use_key())

    def _plan(self, works: Sequence[OrderWork], portal: OrderPortal, now_ms: int) -> None:
        """Plan, read what the plans ask for, and plan again."""
        facts, digest = Facts(self.orders, portal, now_ms), self.customers.digest()
        for _ in range(3):
            for work in works:
                if work.open:
                    name = self._name_order(work)
                    work.plan = rules.plan(work.said, work.known.orders, work.seen, facts, name, digest)
            orders = self.reader.read_orders(
                [work for work in works if work.open and work.plan and work.plan.needs_order]
            )
            lines = self.reader.read_lines(
                [work for work in works if work.open and work.plan and work.plan.needs_lines]
            )
            if not orders and not lines:
                break
        for work in works:
            if work.open and work.plan and work.plan.links and not work.known.contact_id:
                work.wait("no_contact", reason("order_without_contact"))
        self.reader.find_contacts([work for work in works if work.open and work.plan and work.plan.links], portal)
        for work in works:
            if work.plan and work.owner and "owner" in NAMES[portal.kind]:
                work.plan = replace(work.plan, values={**work.plan.values, "owner": work.owner})

    def _name_order(self, work: OrderWork) -> str:
        making = next((one for one in reversed(work.said) if one.kind is Kind.MAKES), None)
        if making is None or self.texts is None:
            return ""
        return self.texts.name(
            {
                **making.values,
                "order_ref": making.reference,
                "intent": making.intent,
                "amount": making.cart.total if making.cart else "",
                "currency": self.orders.currency,
                "payment_method": making.details.get("payment_method", ""),
            }
        )

    def _settle_work(self, work: OrderWork, settled: Settlement, stream: str, shard: int, now_ms: int) -> None:
        if work.failed:
            code, why = work.failed
            if work.parks:
                settlement.settle_parked(settled, work.said, code, why, shard=shard, now_ms=now_ms)
            else:
                tries = self.config.inbox.tries
                settlement.settle_waiting(settled, work.said, code, why, shard=shard, now_ms=now_ms, tries=tries)
            return
        plan = work.plan
        if plan is None or plan.is_preliminary or (plan.writes and not work.done):
            return
        why = plan.why
        if work.refused:
            why = reason("order_values_refused", names=", ".join(sorted(work.refused)))
        settlement.settle_written(
            settled,
            work.said,
            work.known.record_key,
            work.known.record,
            work.orders_after(),
            stream=stream,
            state=plan.state,
            why=why,
            reference=plan.reference,
            order_id=work.order_id,
            store=bool(plan.reference) or work.known.searched,
            notes=self.config.notes,
            shard=shard,
        )
        if plan.reference:
            log.info("order." + plan.state, order=plan.reference)
