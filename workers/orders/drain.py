"""Drains one shard of the orders' line: at most 100 events at a time, a customer's in their order.

    READ      customers' records, and what they are known to have ordered; after a loss of Redis HubSpot is asked.
    PLAN      `workers.rules.orders.plan` decides; it asks for the order, and for its lines, only where that matters.
    MARK      what may be half done, before anything is written: a lost answer is looked up before a write is repeated.
    WRITE     new orders (upsert by their own key), changed ones (by id), lines, links, then lines that are gone.
    SETTLE    one script, fenced like the inbox's.

All of it can be repeated from the start: keys are unique, links and archived lines are no errors the second time.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import structlog
from msgspec.structs import replace

from leadcore import event
from leadcore.config import Config, Orders
from leadcore.fields import BODY
from leadcore.logs import format_place
from leadcore.machine import Event, Machine
from leadcore.reasons import Reason, reason
from leadcore.store import keys
from leadcore.store.bell import Bell
from leadcore.store.clock import Clock
from leadcore.store.connection import Redis
from leadcore.store.streams import Settlement, Stream
from workers.flow.errors import LineDown, LostLease, Stopping
from workers.flow.lease import Lease, LeaseRegistry
from workers.flow.pause import Pause
from workers.flow.request_context import checked, current
from workers.hubspot.associations import LinkOutcome
from workers.hubspot.budget import Budget
from workers.hubspot.order_portal import OrderPortalCache
from workers.hubspot.records import Records
from workers.orders.order_store import ALL_KNOWN, SEARCH_LAG_MS, SOME_FORGOTTEN, Known, OrderStore
from workers.outbox.time_slice import WORK_SECONDS, TimeSlice
from workers.rules.batch import BATCH, StreamEntry
from workers.rules.orders import plan as rules
from workers.rules.orders import settlement
from workers.rules.orders.lines import SeenLine, read_line
from workers.rules.orders.plan import Facts, Gone, Plan, SeenOrder, take_prefix
from workers.rules.orders.portal import OrderPortal
from workers.rules.orders.property_names import CUSTOMER, DISCOUNTS, ESSENTIAL, LINE_ID, LINE_NAMES, NAMES, ORDER_ID
from workers.rules.orders.record import CustomerOrders, Line
from workers.rules.orders.said import Kind, Said, read_said
from workers.rules.orders.texts import OrderTexts
from workers.rules.outcomes import ContactMissing, ContactWrite, Refused, Resend, RetryLater, WriteOutcome, Written
from workers.rules.retry import find_retry
from workers.sync.customer_store import CustomerStore

LINES, CONTACTS, OWNER = "line_items", "contacts", "hubspot_owner_id"
PAGE = 200
# So often a write is sent again without the values that HubSpot refused.
SALVAGES = 4
log = structlog.get_logger("leadsync.orders")


@dataclass(slots=True)
class _Work:
    """One customer's events in work. `failed`: code and reason, if they have to wait or (`parks`) cannot be done.
    `done`: HubSpot has all that the plan writes."""

    said: Sequence[Said]
    known: Known
    seen: SeenOrder | Gone | None = None
    plan: Plan = field(default_factory=Plan)
    name: str = ""
    owner: str = ""
    order_id: str = ""
    line_ids: dict[str, str] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    failed: tuple[str, Reason] | None = None
    parks: bool = False
    done: bool = False

    @property
    def open(self) -> bool:
        return self.failed is None

    def wait(self, code: str, why: Reason) -> None:
        """Let it be tried again later."""
        self.failed = self.failed or (code, why)


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
        self.pause = Pause(connection, machine, keys.ORDERS)
        self.time_slice = TimeSlice(connection, budget, Clock(connection, machine), machine, config.inbox.shards)
        self.texts = OrderTexts.compile(config)

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
            self._find_forgotten(works)
            self._plan(works, portal, now_ms)
            self._write(works, portal, lease)
        finally:
            # What is done is settled also where the line then stops.
            for work in works:
                self._settle_work(work, settled, stream, lease.shard, now_ms)
            stale = self.stream.settle(lease.shard, lease.token, settled) if settled.groups else []
        if stale is None:
            raise LostLease(lease.locks)
        return settled.groups > len(stale)

    def _load(self, rows: Sequence[StreamEntry], settled: Settlement, shard: int, now_ms: int) -> list[_Work]:
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
                works.append(_Work(take_prefix(left), of))
        return works

    def _read(self, entry: bytes, fields: Mapping[bytes, bytes]) -> Said:
        return read_said(event.read(fields[BODY]), entry, fields, self.config, self.customers.use_key())

    def _find_forgotten(self, works: Sequence[_Work]) -> None:
        """Ask HubSpot for the orders of customers of whom Redis knows none, where it may have forgotten some."""
        if self.store.read_marker() == ALL_KNOWN:
            return
        kind, digest = self.orders.kind, self.customers.digest()
        unknown = {_json_id(work): work for work in works if work.known.record is None and work.said}
        if not unknown:
            return
        for work in unknown.values():
            work.known.searched = True
        where = [{"propertyName": CUSTOMER, "operator": "IN", "values": sorted(unknown)}]
        after, searched = "", False
        while after or not searched:
            # The oldest first, so that the newest is the last that is adopted.
            page = self.records.search(kind, where, rules.read_properties(kind), ["hs_object_id"], PAGE, after)
            for one in page["results"]:
                owner = unknown.get(one.get(CUSTOMER) or "")
                order = rules.adopt(one, one["id"], digest, kind)
                if owner and order:
                    owner.known.orders = owner.known.orders.with_order(order)
            after, searched = page["after"], True

    def _plan(self, works: Sequence[_Work], portal: OrderPortal, now_ms: int) -> None:
        """Plan, read what the plans ask for, and plan again."""
        for _ in range(3):
            for work in works:
                if work.open:
                    facts = Facts(self.orders, portal, now_ms)
                    work.plan = rules.plan(
                        work.said, work.known.orders, work.seen, facts, self._name_order(work), self.customers.digest()
                    )
            orders = self._read_orders([work for work in works if work.open and work.plan.needs_order])
            lines = self._read_lines([work for work in works if work.open and work.plan.needs_lines])
            if not orders and not lines:
                break
        for work in works:
            if work.open and work.plan.links and not work.known.contact_id:
                work.wait("no_contact", reason("order_without_contact"))
        makes = [work for work in works if work.open and work.plan.makes]
        self._find_owners(makes, portal)
        for work in makes:
            if work.owner and "owner" in NAMES[portal.kind]:
                work.plan = replace(work.plan, values={**work.plan.values, "owner": work.owner})

    def _name_order(self, work: _Work) -> str:
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

    def _read_orders(self, works: Sequence[_Work]) -> bool:
        """Read the newest order of each, by its id, or by its key where it may never have been made."""
        kind, properties = self.orders.kind, rules.read_properties(self.orders.kind)
        for key in ("", ORDER_ID):
            wanted = {
                (order.reference if key else order.id): work
                for work in works
                if (order := work.known.orders.newest) is not None and bool(order.id) is not bool(key)
            }
            for one, found in (self.records.read(kind, list(wanted), properties, key) if wanted else {}).items():
                if isinstance(found, RetryLater):
                    wanted[one].wait("row", found.why)
                elif isinstance(found, ContactMissing):
                    wanted[one].seen = Gone()
                else:
                    wanted[one].seen = SeenOrder(found["id"], found)
        return bool(works)

    def _read_lines(self, works: Sequence[_Work]) -> bool:
        seen = {work.seen.id: work for work in works if isinstance(work.seen, SeenOrder)}
        if not seen:
            return False
        of_order = self.records.linked(self.orders.kind, LINES, list(seen))
        properties = [*LINE_NAMES.values(), *DISCOUNTS]
        ids = [line for lines in of_order.values() for line in lines]
        found = self.records.read(LINES, ids, properties) if ids else {}
        for order_id, work in seen.items():
            lines: list[SeenLine] = []
            for line_id in of_order.get(order_id, []):
                one = found.get(line_id)
                if isinstance(one, RetryLater):
                    work.wait("row", one.why)
                elif isinstance(one, dict):
                    lines.append(read_line(line_id, one))
            if isinstance(work.seen, SeenOrder):
                work.seen = replace(work.seen, lines=tuple(lines))
        return True

    def _find_owners(self, works: Sequence[_Work], portal: OrderPortal) -> None:
        """An order takes its contact's owner, else the configured ones in turn; one without a contact waits."""
        if not works:
            return
        contacts = self.records.read(CONTACTS, [work.known.contact_id for work in works], [OWNER])
        without = []
        for work in works:
            contact = contacts.get(work.known.contact_id)
            if isinstance(contact, dict):
                work.owner = contact.get(OWNER) or ""
                if not work.owner:
                    without.append(work)
            elif isinstance(contact, RetryLater):
                work.wait("row", contact.why)
            else:
                work.wait("no_contact", reason("order_without_contact"))
        for work, owner in zip(without, self.store.next_owners(len(without), portal.owners), strict=True):
            work.owner = owner

    def _write(self, works: Sequence[_Work], portal: OrderPortal, lease: Lease) -> None:
        works = [work for work in works if work.open and work.plan.writes]
        self.store.mark_attempts(
            {
                work.known.customer_id: (work.known, replace(work.plan.attempt, revision=work.known.orders.revision))
                for work in works
                if work.plan.attempt
            },
            lease,
        )
        made = [work for work in works if work.plan.makes]
        changed = [work for work in works if not work.plan.makes]
        self._write_orders(made, portal, key=ORDER_ID)
        self._write_lines(works, portal)
        self._link([work for work in works if work.plan.links])
        self._write_orders([work for work in changed if work.plan.values and work.open], portal, key="")
        gone = [line for work in works if work.open and work.plan.lines for line in work.plan.lines.gone]
        if gone:
            self.records.archive(LINES, gone)
        for work in works:
            work.done = True

    def _write_orders(self, works: Sequence[_Work], portal: OrderPortal, key: str) -> None:
        """Write the orders themselves, again without what HubSpot refuses of them."""
        names = NAMES[portal.kind]
        waiting = {work.plan.reference: work for work in works if work.open}
        for _ in range(SALVAGES):
            rows = [
                ContactWrite(
                    reference,
                    reference if key else _order_id(work),
                    {names[name]: value for name, value in work.plan.values.items() if name not in work.refused},
                )
                for reference, work in waiting.items()
            ]
            found: dict[str, WriteOutcome] = {}
            if key:
                self.records.upsert(portal.kind, key, rows, found)
            else:
                self.records.update(portal.kind, rows, found)
            waiting = {
                reference: work
                for reference, work in waiting.items()
                if self._note_order(work, found.get(reference), names)
            }
            if not waiting:
                return
        for work in waiting.values():
            work.wait("unsettled", reason("values_refused"))

    def _note_order(self, work: _Work, outcome: WriteOutcome | None, names: Mapping[str, str]) -> bool:
        """Note what became of an order's write; True if it is to be sent again."""
        match outcome:
            case Written():
                work.order_id = outcome.contact_id
            case Refused(fields=fields):
                by_property = {property: name for name, property in names.items()}
                refused = {by_property[one] for one in fields if one in by_property} - work.refused
                if not refused or refused & {*ESSENTIAL, "order_id"}:
                    work.failed, work.parks = ("refused", outcome.why), True
                    return False
                work.refused |= refused
                return True
            case Resend():
                return True
            case RetryLater():
                work.wait("row", outcome.why)
            case ContactMissing():
                work.wait("vanishing", reason("order_vanished"))
            case None:
                work.wait("row", reason("lead_unanswered"))
            case _:
                work.failed, work.parks = ("refused", reason("values_refused")), True
        return False

    def _write_lines(self, works: Sequence[_Work], portal: OrderPortal) -> None:
        rows: list[ContactWrite] = []
        of: dict[str, tuple[_Work, str]] = {}
        updates: list[ContactWrite] = []
        for work in works:
            for write in work.plan.lines.writes if work.open and work.plan.lines else ():
                trace = f"line-{len(of)}"
                of[trace] = (work, write.key)
                properties = {
                    LINE_NAMES[name]: value
                    for name, value in write.values.items()
                    if name in ("line_id", "price", "count", "name") or LINE_NAMES[name] in portal.line_properties
                }
                if write.id:
                    updates.append(ContactWrite(trace, write.id, properties))
                else:
                    rows.append(ContactWrite(trace, write.key, properties))
        found: dict[str, WriteOutcome] = {}
        if rows:
            self.records.upsert(LINES, LINE_ID, rows, found)
        if updates:
            self.records.update(LINES, updates, found)
        for trace, (work, key) in of.items():
            outcome = found.get(trace)
            if isinstance(outcome, Written):
                work.line_ids[key] = outcome.contact_id
            elif isinstance(outcome, Refused):
                work.failed, work.parks = ("refused", outcome.why), True
            else:
                work.wait("row", outcome.why if isinstance(outcome, RetryLater) else reason("lead_unanswered"))
        created = {row.trace_id for row in rows}
        pairs = {
            (_order_id(work), work.line_ids[key]): work
            for trace, (work, key) in of.items()
            if work.open and trace in created
        }
        self._note_links(pairs, self.records.link(self.orders.kind, LINES, list(pairs)) if pairs else {})

    def _link(self, works: Sequence[_Work]) -> None:
        """Link orders with their contacts."""
        pairs = {(_order_id(work), work.known.contact_id): work for work in works if work.open}
        self._note_links(pairs, self.records.link(self.orders.kind, CONTACTS, list(pairs)) if pairs else {})

    def _note_links(self, pairs: Mapping[tuple[str, str], _Work], found: Mapping[tuple[str, str], LinkOutcome]) -> None:
        for pair, work in pairs.items():
            outcome = found.get(pair)
            if isinstance(outcome, ContactMissing):
                work.wait("no_contact", reason("order_without_contact"))
            elif not isinstance(outcome, Written):
                work.wait("row", outcome.why if isinstance(outcome, RetryLater) else reason("lead_unanswered"))

    def _settle_work(self, work: _Work, settled: Settlement, stream: str, shard: int, now_ms: int) -> None:
        if work.failed:
            code, why = work.failed
            if work.parks:
                settlement.settle_parked(settled, work.said, code, why, shard=shard, now_ms=now_ms)
            else:
                tries = self.config.inbox.tries
                settlement.settle_waiting(settled, work.said, code, why, shard=shard, now_ms=now_ms, tries=tries)
            return
        plan = work.plan
        if plan.needs_order or plan.needs_lines or (plan.writes and not work.done):
            return
        why = plan.why
        if work.refused:
            why = reason("order_values_refused", names=", ".join(sorted(work.refused)))
        settlement.settle_written(
            settled,
            work.said,
            work.known.record_key,
            work.known.record,
            replace(_after(work), revision=work.known.orders.revision),
            stream=stream,
            state=plan.state,
            why=why,
            reference=plan.reference,
            order_id=_order_id(work),
            store=bool(plan.reference) or work.known.searched,
        )
        if plan.reference:
            log.info("order." + plan.state, order=plan.reference)


def _json_id(work: _Work) -> str:
    return json.dumps(work.said[0].customer)


def _order_id(work: _Work) -> str:
    if work.order_id:
        return work.order_id
    return work.plan.order.id if work.plan.order else ""


def _after(work: _Work) -> CustomerOrders:
    """What is known of the customer's orders, with the ids that HubSpot gave."""
    after, reference = work.plan.after, work.plan.reference
    order = next((one for one in after.orders if one.reference == reference), None)
    if order is None:
        return after
    lines = {key: Line(work.line_ids.get(key) or line.id, line.sent) for key, line in order.lines.items()}
    return after.with_order(replace(order, id=_order_id(work) or order.id, attempted=False, lines=lines))
