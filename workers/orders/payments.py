"""Drains one shard of the payments' line: at most 100 news at a time.

READ      what payments know of the orders; of one that they do not know HubSpot is asked. News of an order whose own
          reference belongs to another shard are handed over: one worker at a time writes of an order.
DECIDE    `workers.rules.orders.payment`.
CLAIM     what follows is noted with the order by a compare-and-set, before anything is written: so nothing is paid
          twice, and no cart changes meanwhile. A worker that finds its own note goes on.
WRITE     the order in HubSpot, by its id; all of it can be repeated.
SETTLE    one script: receipt, message, events.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import structlog
from msgspec.structs import replace as replace_news

from leadcore.config import Payment
from leadcore.event import identity
from leadcore.fields import BODY, RECEIPT
from leadcore.language import choose_language
from leadcore.logs import format_place
from leadcore.reasons import NO_REASON, reason
from leadcore.receipts import UNCHANGED
from leadcore.receipts import pack as receipt
from leadcore.store import keys
from leadcore.store.connection import AWAY
from leadcore.store.orders import OrderState
from leadcore.store.payments import PaymentNews, read_news
from leadcore.store.streams import Settlement
from workers.flow.errors import LineDown, LostLease
from workers.flow.lease import Lease
from workers.orders.shard import OrderLineDrain
from workers.orders.writer import SALVAGES
from workers.rules.batch import StreamEntry
from workers.rules.orders import payment as rules
from workers.rules.orders.payment import Decision
from workers.rules.orders.plan import read_properties
from workers.rules.orders.portal import OrderPortal
from workers.rules.orders.property_names import CUSTOMER, NAMES, ORDER_ID, REFERENCES
from workers.rules.orders.settlement import read_units
from workers.rules.orders.thanks import Thanks
from workers.rules.outcomes import ContactMissing, ContactWrite, Refused, Resend, RetryLater, WriteOutcome, Written

log = structlog.get_logger("leadsync.orders")


@dataclass(slots=True)
class PaymentWork:
    """One piece of news. `lead`: of the cart whose reference it names; `state`: of its order, None while that is not
    known; `belongs`: the shard that it is handed over to, None if it stays; `decision`: None: look again later. `seen`:
    the order as HubSpot has it. `done`: HubSpot has what follows. `cancelled`: a person has cancelled the order in
    HubSpot."""

    entry: bytes
    fields: dict[bytes, bytes]
    id: str
    news: PaymentNews
    lead: str = ""
    state: OrderState | None = None
    belongs: int | None = None
    decision: Decision | None = None
    seen: dict[str, str] | None = None
    done: bool = False
    cancelled: bool = False

    @property
    def said_ms(self) -> int:
        """When it was said, or came; it may have waited since."""
        return min(filter(None, (self.news.said_ms, int(self.entry.partition(b"-")[0]))), default=0)

    @property
    def brings_money(self) -> bool:
        """Whether the shop has the money now."""
        won = self.news.kind == "dispute_won" and self.decision is not None and self.decision.status == "paid"
        return won or self.news.kind == "paid"

    @property
    def applies(self) -> bool:
        return self.decision is not None and self.decision.does == "apply"


class PaymentDrain(OrderLineDrain):
    """Of the payments' line."""

    line = keys.PAYMENTS

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.thanks = Thanks.compile(self.config.payment)

    def write_batch(self, rows: Sequence[StreamEntry], lease: Lease) -> bool:
        settled, now_ms = Settlement(), self.store.now_ms()
        works = self._load(rows, settled, lease.shard, now_ms)
        portal = self.portal_cache.current()
        try:
            self._find_orders(works, portal)
            self._find_shards(works, lease.shard)
            self._decide(works)
            self._read(works, portal)
            self._write(works, portal, lease)
        finally:
            rang = self._settle(works, settled, lease.shard, now_ms)
            stale = self.stream.settle(lease.shard, lease.token, settled) if settled.groups else []
        if stale is None:
            raise LostLease(lease.locks)
        handed = {(self.line, work.belongs) for work in works if work.belongs is not None}
        for line, of_line in {(keys.OUTBOX, one) for one in rang} | handed:
            # It is in its stream; if ringing fails, a sweep finds it within seconds.
            with suppress(*AWAY):
                self.bell.ring(line, of_line)
        return settled.groups > len(stale)

    def put_off(self, rows: Sequence[StreamEntry], down: LineDown, lease: Lease) -> bool:
        settled, now_ms = Settlement(), self.store.now_ms()
        works = self._load(rows, settled, lease.shard, now_ms)
        for work in works:
            work.decision = Decision("wait", "row", down.why)
        self._settle(works, settled, lease.shard, now_ms)
        if self.stream.settle(lease.shard, lease.token, settled) is None:
            raise LostLease(lease.locks)
        return True

    def _load(self, rows: Sequence[StreamEntry], settled: Settlement, shard: int, now_ms: int) -> list[PaymentWork]:
        works, references = [], set[str]()
        for entry, fields in rows:
            id = rules.id_of(fields)
            try:
                news = read_news(fields[BODY])
            except Exception as error:  # any fault: it waits for a person and must not hold up the others
                log.warning("payment.unreadable", error=type(error).__name__, at=format_place(error))
                effects = rules.park(id, fields, "unreadable", reason("event_unreadable"), now_ms)
                effects += self.events.tell_parked(id, "unreadable", shard, once=f"payment {entry.decode()}")
                settled.add((), [(keys.entries(self.line, shard), entry, effects)])
                continue
            # One order at a time: what follows from its next news depends on this one.
            if news.reference not in references:
                references.add(news.reference)
                works.append(PaymentWork(entry, dict(fields), id, news))
        return works

    def _find_orders(self, works: Sequence[PaymentWork], portal: OrderPortal) -> None:
        found = self.store.read_states(work.news.reference for work in works)
        mains = self.store.read_states(one.main for one in found.values() if one.main)
        for work in works:
            named = found[work.news.reference]
            work.lead = named.lead
            state = mains[named.main] if named.main else named
            if state.customer is not None and state.units is not None:
                work.state = state
        unknown = [work for work in works if work.state is None]
        if unknown:
            self._ask_hubspot(unknown, portal)
        for work in unknown:
            if work.state is None:
                work.decision = Decision("wait", "no_order", reason("payment_unknown"))

    def _find_shards(self, works: Sequence[PaymentWork], shard: int) -> None:
        for work in works:
            if work.state is not None:
                belongs = keys.shard_of(work.state.reference, self.config.inbox.shards)
                work.belongs = belongs if belongs != shard else None

    def _ask_hubspot(self, works: Sequence[PaymentWork], portal: OrderPortal) -> None:
        """Of orders that are older than what Redis knows; a customer's newer reference is found by search."""
        properties = read_properties(portal.kind)
        by_key = self.records.read(portal.kind, [work.news.reference for work in works], properties, ORDER_ID)
        orders: list[tuple[PaymentWork, dict[str, str]]] = []
        for work in works:
            order = by_key.get(work.news.reference)
            if not isinstance(order, dict):
                where = [{"propertyName": REFERENCES, "operator": "CONTAINS_TOKEN", "value": work.news.reference}]
                results = self.records.search(portal.kind, where, properties, [], 2)["results"]
                order = results[0] if len(results) == 1 else None
            if order is not None and order.get(ORDER_ID):
                orders.append((work, order))
        known = self.store.read_states(order[ORDER_ID] for _, order in orders)
        names = NAMES[portal.kind]
        for work, order in orders:
            state = known[order[ORDER_ID]]
            if state.customer is None or state.units is None:
                customer = None
                with suppress(ValueError):
                    customer = json.loads(order.get(CUSTOMER) or "null")
                units = read_units(order.get(names["total"]) or "", self.orders.currency)
                state = replace(
                    state,
                    customer=state.customer if state.customer is not None else customer,
                    units=units if state.units is None else state.units,
                    paid=state.paid or rules.is_paid(order, portal),
                    currency=state.currency or self.orders.currency,
                )
            work.state = state

    def _decide(self, works: Sequence[PaymentWork]) -> None:
        """Decide, and claim what follows. Who was too late looks again."""
        taken = set[str]()
        claims = {}
        for work in works:
            if work.state is None or work.belongs is not None:
                continue
            if work.state.reference in taken:
                continue
            taken.add(work.state.reference)
            work.decision = rules.decide(work.news, work.id, work.state)
            if work.applies and work.decision.fields:
                known = {"amount": work.state.units, "currency": work.state.currency}
                if work.state.customer is not None:
                    known["customer"] = json.dumps(work.state.customer)
                claims[work.state.reference] = (work, {**known, **work.decision.fields})
        changes = {one: (work.state.revision if work.state else 0, fields) for one, (work, fields) in claims.items()}
        done = self.store.change(changes)
        for reference, (work, _) in claims.items():
            if reference not in done:
                work.decision = None

    def _read(self, works: Sequence[PaymentWork], portal: OrderPortal) -> None:
        wanted = {work.state.reference: work for work in works if work.applies and work.state}
        if not wanted:
            return
        found = self.records.read(portal.kind, list(wanted), read_properties(portal.kind), ORDER_ID)
        for reference, work in wanted.items():
            order = found.get(reference)
            if isinstance(order, dict):
                work.seen = order
            elif isinstance(order, ContactMissing):
                work.decision = Decision("wait", "no_order", reason("payment_deleted"))
            else:
                why = order.why if isinstance(order, RetryLater) else reason("lead_unanswered")
                work.decision = Decision("wait", "row", why)

    def _write(self, works: Sequence[PaymentWork], portal: OrderPortal, lease: Lease) -> None:
        """Write the orders, again without what HubSpot refuses of them, but never without their stage."""
        paid_stage, cancelled = (self.config.payment or Payment()).paid_stage, portal.find_cancelled()
        waiting: dict[str, tuple[PaymentWork, dict[str, str]]] = {}
        for work in works:
            if work.applies and work.decision and work.seen is not None:
                at = work.seen.get(NAMES[portal.kind].get("stage", ""))
                work.cancelled = work.brings_money and cancelled is not None and at == cancelled.id
                moves_to = paid_stage if work.news.kind == "paid" else ""
                values = rules.make_values(work.decision.status, work.seen, portal, moves_to)
                if values:
                    waiting[work.id] = (work, values)
                else:
                    work.done = True
        for _ in range(SALVAGES):
            if not waiting:
                return
            lease.check()
            found: dict[str, WriteOutcome] = {}
            rows = [ContactWrite(id, (work.seen or {})["id"], values) for id, (work, values) in waiting.items()]
            try:
                self.records.update(portal.kind, rows, found)
            finally:
                for id, (work, values) in list(waiting.items()):
                    if self._note(work, values, found.get(id), portal):
                        del waiting[id]
        for work, _ in waiting.values():
            work.decision = Decision("wait", "unsettled", reason("values_refused"))

    def _note(
        self, work: PaymentWork, values: dict[str, str], outcome: WriteOutcome | None, portal: OrderPortal
    ) -> bool:
        """Note what became of a write; False if it is to be sent again."""
        match outcome:
            case Written():
                work.done = True
            case Refused(fields=fields):
                refused = set(fields) & set(values) - {NAMES[portal.kind].get("stage", "")}
                for name in refused:
                    del values[name]
                if refused and values:
                    return False
                if refused:
                    work.done = True
                else:
                    work.decision = Decision("park", "refused", outcome.why)
            case Resend():
                return False
            case ContactMissing():
                work.decision = Decision("wait", "no_order", reason("payment_deleted"))
            case RetryLater():
                work.decision = Decision("wait", "row", outcome.why)
            case None:
                # Nobody knows; it is done again, with the note that this is ours.
                work.decision = None
            case _:
                work.decision = Decision("park", "refused", reason("values_refused"))
        return True

    def _settle(self, works: Sequence[PaymentWork], settled: Settlement, shard: int, now_ms: int) -> set[int]:
        """Append what follows from each; the shards of the outbox that have a message then."""
        stream, shards = keys.entries(self.line, shard), self.config.inbox.shards
        customers = {identity(work.state.customer) for work in works if work.state and work.state.customer is not None}
        known = self.store.load(sorted(customers))
        intents = self._read_intents([work.lead for work in works] + [work.id for work in works])
        rang = set[int]()
        for work in works:
            decision, state, news = work.decision, work.state, work.news
            customer = identity(state.customer) if state and state.customer is not None else ""
            of_customer, parks_as, why = keys.shard_of(customer, shards), "", NO_REASON
            if work.belongs is not None:
                handed = rules.hand_over(work.fields, replace_news(news, said_ms=work.said_ms), work.belongs)
                settled.add((), [(stream, work.entry, [handed])])
                continue
            if decision is None or (decision.does == "apply" and not work.done):
                continue
            decision = rules.give_up(work.fields, decision, now_ms, self.config.inbox.tries)
            if decision.does == "wait":
                effects = rules.put_off(work.fields, decision, line_shard=shard, now_ms=now_ms)
            elif decision.does == "park":
                effects, parks_as, why = [], decision.code, decision.why
            elif decision.does == "done" or state is None:
                effects = []
            else:
                effects = rules.settle_applied(
                    news,
                    state,
                    decision,
                    order_id=(work.seen or {}).get("id", ""),
                    contact_id=known[customer].contact_id if customer in known else "",
                    lead=work.lead if work.lead in intents else "",
                    intent=intents.get(work.lead, ""),
                    now_ms=now_ms,
                    shards=shards,
                    shard=of_customer,
                    language=choose_language(state.language, self.config.messages.default_language),
                    thanks=self.thanks,
                    events=self.events,
                    age_ms=now_ms - work.said_ms,
                    cancelled=work.cancelled,
                )
                rang |= {of_customer} if news.kind == "paid" else set()
                log.info(f"payment.{news.kind}", reference=state.reference)
            if work.cancelled and state is not None and decision.does == "apply":
                # The money is noted; whether the customer gets it back, or their order, a person decides.
                parks_as, why = "paid_cancelled", reason("payment_cancelled")
            elif work.id in intents and decision.does in ("apply", "done"):
                # Of news that a person has retried.
                said = receipt(order=decision.status or UNCHANGED, order_ms=now_ms)
                effects = [*effects, ("HSET", keys.receipt(work.id), *said)]
            if parks_as:
                effects += rules.park(work.id, work.fields, parks_as, why, now_ms, news.reference)
                effects += self.events.tell_parked(
                    work.id,
                    parks_as,
                    of_customer,
                    once=f"payment {work.entry.decode()}",
                    customer=state.customer if state else None,
                    order_ref=news.reference,
                    contact_id=known[customer].contact_id if customer in known else "",
                    intent=intents.get(work.lead, ""),
                )
                log.warning("payment.parked", code=parks_as, reference=news.reference)
            settled.add((), [(stream, work.entry, effects)])
        return rang

    def _read_intents(self, leads: Sequence[str]) -> dict[str, str]:
        """The intent of each that has a receipt still, "" if that names none."""
        named = [lead for lead in leads if lead]
        pipe = self.redis.pipeline(transaction=False)
        for lead in named:
            pipe.exists(keys.receipt(lead))
            pipe.hget(keys.receipt(lead), RECEIPT["intent"])
        answers = pipe.execute() if named else []
        found = zip(named, answers[::2], answers[1::2], strict=True)
        return {lead: (intent or b"").decode("utf-8", "replace") for lead, there, intent in found if there}
