"""Drains one shard of the orders' line: at most 100 events at a time, a customer's in their order.

READ      customers' records, and what they are known to have ordered; after a loss of Redis HubSpot is asked.
PLAN      `workers.rules.orders.plan` decides; it asks for the order, and for its lines, only where that matters.
MARK      what may be half done, before anything is written: a lost answer is looked up before a write is repeated.
WRITE     new orders (upsert by their own key), changed ones (by id), lines, links, then lines that are gone.
SETTLE    one script, fenced like the inbox's.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog
from msgspec.structs import replace

from leadcore import event
from leadcore.fields import BODY
from leadcore.logs import format_place
from leadcore.reasons import reason
from leadcore.store import keys
from leadcore.store.connection import Redis
from leadcore.store.orders import YES, OrderState, find_cancelled
from leadcore.store.streams import Settlement, Stream
from workers.flow.errors import LineDown, LostLease
from workers.flow.lease import Lease
from workers.flow.recent_epoch import RecentEpoch
from workers.hubspot.products import ProductPrices
from workers.hubspot.records import Records
from workers.orders.order_store import ALL_KNOWN, SEARCH_LAG_MS, SOME_FORGOTTEN
from workers.orders.reader import OrderReader
from workers.orders.shard import OrderLineDrain
from workers.orders.work import OrderWork
from workers.orders.writer import OrderWriter
from workers.rules.batch import StreamEntry
from workers.rules.orders import plan as rules
from workers.rules.orders import settlement
from workers.rules.orders.plan import Facts, find_making, find_order, take_prefix
from workers.rules.orders.portal import OrderPortal
from workers.rules.orders.prices import PRICES_DIFFER
from workers.rules.orders.property_names import NAMES
from workers.rules.orders.said import Kind, Said, read_said
from workers.rules.orders.texts import OrderTexts

log = structlog.get_logger("leadsync.orders")


class OrderDrain(OrderLineDrain):
    """Of the orders' line."""

    line = keys.ORDERS

    def __init__(
        self, connection: Redis, records: Records, *more: Any, hidden: Callable[[], str] = str, **options: Any
    ) -> None:
        """`hidden`: see `RecentEpoch`."""
        super().__init__(connection, records, *more, **options)
        self.epoch = RecentEpoch(connection, hidden)
        self.notes = Stream(connection, keys.NOTES)
        self.texts = OrderTexts.compile(self.config)
        kind, currency = (self.orders.kind, self.orders.currency) if self.config.orders else ("", "")
        self.reader = OrderReader(records, self.store, kind)
        self.writer = OrderWriter(records, self.store, currency)
        self.prices = ProductPrices(records, self.machine)

    def ring_others(self, shard: int) -> None:
        if self.config.notes.intents and self.notes.set_bell(shard):
            self.bell.ring(keys.NOTES, shard)

    def put_off(self, rows: Sequence[StreamEntry], down: LineDown, lease: Lease) -> bool:
        settled, now_ms = Settlement(), self.store.now_ms()
        for work in self._load(rows, settled, lease.shard, now_ms):
            work.wait("row", down.why)
            self._settle_work(work, settled, keys.entries(keys.ORDERS, lease.shard), lease.shard, now_ms)
        if self.stream.settle(lease.shard, lease.token, settled) is None:
            raise LostLease(lease.locks)
        return True

    def is_too_early(self) -> bool:
        """Whether Redis is new and HubSpot's search cannot tell yet which orders it has forgotten."""
        marker, now_ms = self.store.read_marker(), self.store.now_ms()
        if not marker:
            exists = self.records.any_exists(self.orders.kind)
            marker = self.store.begin_marker(str(now_ms) if exists else ALL_KNOWN)
        if marker in (ALL_KNOWN, SOME_FORGOTTEN):
            return False
        if not marker or now_ms < int(marker) + SEARCH_LAG_MS:
            return True
        self.store.end_wait()
        return False

    def write_batch(self, rows: Sequence[StreamEntry], lease: Lease) -> bool:
        """Settle what can be settled; True if anything was, or if Redis has to be asked again for what waits."""
        settled = Settlement()
        now_ms = self.store.now_ms()
        stream = keys.entries(keys.ORDERS, lease.shard)
        works = self._load(rows, settled, lease.shard, now_ms)
        if self.epoch.refresh(now_ms):
            # Rows and records may be of different servers.
            return True
        for work in works:
            together = take_prefix(work.said, work.known.orders, self.epoch.doubtful_ms)
            work.said, work.later = together, work.said[len(together) :]
        portal = self.portal_cache.current()
        try:
            self.reader.find_forgotten(works)
            found = self.reader.find_made(works, self.epoch.doubtful_ms)
            # A later cart must know of it, also if its own event has to wait.
            self.store.mark_attempts({one.known.customer_id: (one.known, one.known.orders) for one in found}, lease)
            self._read_states(works)
            self._compare_prices(works, portal)
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
                parked = settlement.park_unreadable(entry, fields, self.events, shard, now_ms)
                settled.add((), [(stream, entry, parked)])
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
                works.append(OrderWork(left, of))
        return works

    def _read(self, entry: bytes, fields: Mapping[bytes, bytes]) -> Said:
        return read_said(event.read(fields[BODY]), entry, fields, self.config, self.customers.use_key())

    def _read_states(self, works: Sequence[OrderWork]) -> None:
        for work in works:
            order = find_order(work.said, work.known.orders)
            carts = [one.reference for one in work.said if one.kind is Kind.MAKES]
            work.states = dict.fromkeys([*carts, order.reference] if order else carts, OrderState())
        found = self.store.read_states(reference for work in works for reference in work.states)
        for work in works:
            work.states = {reference: found[reference] for reference in work.states}

    def _compare_prices(self, works: Sequence[OrderWork], portal: OrderPortal) -> None:
        """Let the carts that links may ask for say whether their prices are those of HubSpot's products."""
        if self.config.payment is None or not self.config.payment.check_prices:
            return
        open_ = [work for work in works if work.making and work.making.payable == YES]
        for fresh in (False, True):
            codes = [item.code for work in open_ if work.making and work.making.cart for item in work.making.cart.items]
            prices = self.prices.find(codes, self.orders.currency, portal.own_currency, fresh=fresh)
            # What differs from prices that are remembered is compared with those of now.
            open_ = [work for work in open_ if not work.compare_prices(prices)]
            if not open_:
                return
        log.warning("order.prices_differ", orders=len(open_))

    def _facts(self, works: Sequence[OrderWork], portal: OrderPortal, now_ms: int) -> Facts:
        under_way, paid = set[str](), set[str]()
        for work in works:
            carts = {one.reference for one in work.said if one.kind is Kind.MAKES}
            for reference, state in work.states.items():
                # A change that was begun before anybody paid is finished.
                if state.pending in carts:
                    continue
                if state.paid:
                    paid.add(reference)
                if state.paid or state.is_being_paid(now_ms):
                    under_way.add(reference)
        cancelled = find_cancelled(state for work in works for state in work.states.values())
        return Facts(self.orders, portal, now_ms, under_way, paid, self.config.shows_references, cancelled)

    def _plan(self, works: Sequence[OrderWork], portal: OrderPortal, now_ms: int) -> None:
        """Plan, read what the plans ask for, and plan again."""
        facts, digest = self._facts(works, portal, now_ms), self.customers.digest()
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
        making = find_making(work.said)
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
            rest: dict[str, Any] = {"shard": shard, "now_ms": now_ms, "notes": self.config.notes, "events": self.events}
            rest |= {"reference": work.plan.reference, "cancels": work.plan.cancels} if work.plan else {}
            rest["contact_id"] = work.known.contact_id
            if work.parks:
                settlement.settle_parked(settled, work.said, code, why, **rest)
            else:
                settlement.settle_waiting(settled, work.said, code, why, tries=self.config.inbox.tries, **rest)
            return
        plan = work.plan
        if plan is None or plan.is_preliminary or (plan.writes and not work.done):
            return
        why = plan.why
        if plan.judges and not why and work.making and work.making.payable == PRICES_DIFFER:
            why = work.making.unpayable
        if work.refused:
            why = reason("order_values_refused", names=", ".join(sorted(work.refused)))
        state = work.states.get(plan.reference, OrderState())
        settlement.settle_written(
            settled,
            work.said,
            work.known.record_key,
            work.known.record,
            work.orders_after(),
            stream=stream,
            state=plan.state,
            now_ms=now_ms,
            why=why,
            reference=plan.reference,
            order_id=work.order_id,
            store=bool(plan.reference) or work.known.searched,
            notes=self.config.notes,
            shard=shard,
            more=[
                *settlement.bind(work.said, plan, self.orders.currency),
                *settlement.reopen_superseded(work.said, plan, state.cancelled),
                *(
                    settlement.watch_cancelled(plan, work.order_id, self.store.now_ms())
                    if self.config.payment and plan.cancels
                    else ()
                ),
                *settlement.tell(
                    work.said,
                    plan,
                    self.events,
                    order_id=work.order_id,
                    contact_id=work.known.contact_id,
                    currency=self.orders.currency,
                    shard=shard,
                ),
            ],
        )
        if plan.reference:
            log.info("order." + plan.state, order=plan.reference)
