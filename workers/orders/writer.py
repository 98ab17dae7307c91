"""Writes what plans say: new orders, lines, links, changed orders, and at last lines that are gone.

All of it can be repeated from the start: keys are unique, links and archived lines are no errors the second time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from leadcore.reasons import reason
from workers.flow.lease import Lease
from workers.hubspot.associations import LinkOutcome
from workers.hubspot.records import Records
from workers.orders.order_store import OrderStore
from workers.orders.reader import CONTACTS, LINES
from workers.orders.work import OrderWork
from workers.rules.orders.lines import LineWrite
from workers.rules.orders.plan import Plan
from workers.rules.orders.portal import OrderPortal
from workers.rules.orders.property_names import LINE_ID, LINE_NAMES, NAMES, ORDER_ID
from workers.rules.orders.said import Kind
from workers.rules.orders.salvage import KEPT, KEPT_OF_LINES, describe_line, find_dropped
from workers.rules.orders.settlement import read_units
from workers.rules.outcomes import ContactMissing, ContactWrite, Refused, Resend, RetryLater, WriteOutcome, Written

# So often a write is sent, each time without the values that HubSpot refused; HubSpot may name them one by one, so at
# last all goes that may be to blame.
SALVAGES, NAMED_SALVAGES = 8, 5


@dataclass(slots=True)
class _Line:
    """A line that is written. `values`: what is sent of it, by our names."""

    work: OrderWork
    write: LineWrite
    values: dict[str, str]

    def row(self, trace: str) -> ContactWrite:
        properties = {LINE_NAMES[name]: value for name, value in self.values.items()}
        return ContactWrite(trace, self.write.id or self.write.key, properties)

    def note(self, outcome: WriteOutcome | None, attempt: int) -> bool:
        """Note what became of the write; True if it is to be sent again."""
        match outcome:
            case Written():
                self.work.line_ids[self.write.key] = outcome.contact_id
            case Resend():
                return True
            case Refused(fields=fields):
                refused = fields if attempt < NAMED_SALVAGES else ()
                dropped = find_dropped(self.values, refused, LINE_NAMES, KEPT_OF_LINES)
                if not dropped:
                    self.work.park("refused", outcome.why)
                    return False
                self.work.refused |= describe_line(dropped)
                self.values = {name: value for name, value in self.values.items() if name not in dropped}
                return True
            case RetryLater():
                self.work.wait("row", outcome.why)
            case _:
                self.work.wait("row", reason("lead_unanswered"))
        return False


class OrderWriter:
    """Every method raises `LineDown`."""

    def __init__(self, records: Records, store: OrderStore, currency: str) -> None:
        self.records, self.store, self.currency = records, store, currency

    def write(self, works: Sequence[OrderWork], portal: OrderPortal, lease: Lease) -> None:
        """Carry out the plans, once it is noted what they may leave half done. Raises `LostLease` too."""
        self._change_amounts(works)
        planned = [(work, work.plan) for work in works if work.open and work.plan and work.plan.writes]
        self.store.mark_attempts(
            {
                work.known.customer_id: (work.known, replace(plan.attempt, revision=work.known.orders.revision))
                for work, plan in planned
                if plan.attempt
            },
            lease,
        )
        made = [(work, plan) for work, plan in planned if plan.makes]
        changed = [(work, plan) for work, plan in planned if not plan.makes and plan.values]
        self._write_orders(made, portal, key=ORDER_ID)
        self._write_lines(planned, portal)
        self._link([work for work, plan in planned if plan.links], portal)
        self._write_orders(changed, portal, key="")
        gone = [line for work, plan in planned if work.open and plan.lines for line in plan.lines.gone]
        if gone:
            self.records.archive(LINES, gone)
        for work, _ in planned:
            work.done = True

    def _change_amounts(self, works: Sequence[OrderWork]) -> None:
        """Before HubSpot has another cart, links ask for its amount. An order that is being paid since it was planned
        is planned anew."""
        changing: dict[str, OrderWork] = {}
        changes: dict[str, tuple[int, dict[str, Any]]] = {}
        for work in works:
            plan = work.plan
            if not work.open or plan is None or plan.makes or (plan.total is None and not plan.cancels):
                continue
            cancelled = max((one.version for one in work.said if one.kind is Kind.CANCELS), default=0)
            fields: dict[str, Any] = {"cancelled": cancelled} if plan.cancels else {}
            if plan.total is not None:
                amount = read_units(plan.total, self.currency)
                pending = work.making.reference if work.making else ""
                fields |= {"amount": amount, "currency": self.currency, "pending": pending}
                fields |= {"payable": work.making.payable} if work.making and work.making.payable else {}
            state = work.states.get(plan.reference)
            changes[plan.reference] = (state.revision if state else 0, fields)
            changing[plan.reference] = work
        done = self.store.change(changes)
        for reference, work in changing.items():
            if reference not in done:
                work.plan = None

    def _write_orders(self, works: Sequence[tuple[OrderWork, Plan]], portal: OrderPortal, key: str) -> None:
        """Write the orders themselves, again without what HubSpot refuses of them."""
        names = NAMES[portal.kind]
        waiting = {plan.reference: (work, plan) for work, plan in works if work.open}
        for attempt in range(SALVAGES):
            rows = []
            for reference, (work, plan) in waiting.items():
                properties = {names[name]: value for name, value in plan.values.items() if name not in work.refused}
                if key or properties:
                    rows.append(ContactWrite(reference, reference if key else work.order_id, properties))
            found: dict[str, WriteOutcome] = {}
            if key:
                self.records.upsert(portal.kind, key, rows, found)
            else:
                self.records.update(portal.kind, rows, found)
            sent = {row.trace_id for row in rows}
            waiting = {
                reference: (work, plan)
                for reference, (work, plan) in waiting.items()
                if reference in sent and self._note_order(work, plan, found.get(reference), names, attempt)
            }
            if not waiting:
                return
        for work, _ in waiting.values():
            work.wait("unsettled", reason("values_refused"))

    def _note_order(
        self, work: OrderWork, plan: Plan, outcome: WriteOutcome | None, names: Mapping[str, str], attempt: int
    ) -> bool:
        """Note what became of an order's write; True if it is to be sent again."""
        match outcome:
            case Written():
                work.written_id = outcome.contact_id
            case Refused(fields=fields):
                sent = plan.values.keys() - work.refused
                dropped = find_dropped(sent, fields if attempt < NAMED_SALVAGES else (), names, KEPT)
                if not dropped:
                    work.park("refused", outcome.why)
                    return False
                work.refused |= dropped
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
                work.park("refused", reason("values_refused"))
        return False

    def _write_lines(self, works: Sequence[tuple[OrderWork, Plan]], portal: OrderPortal) -> None:
        """Write the lines, again without what HubSpot refuses of them, and link the new ones."""
        lines: dict[str, _Line] = {}
        for work, plan in works:
            for write in plan.lines.writes if work.open and plan.lines else ():
                values = {
                    name: value
                    for name, value in write.values.items()
                    if name in KEPT_OF_LINES or name == "name" or LINE_NAMES[name] in portal.line_properties
                }
                lines[f"line-{len(lines)}"] = _Line(work, write, values)
        waiting = dict(lines)
        for attempt in range(SALVAGES):
            found: dict[str, WriteOutcome] = {}
            if made := [line.row(trace) for trace, line in waiting.items() if not line.write.id]:
                self.records.upsert(LINES, LINE_ID, made, found)
            if changed := [line.row(trace) for trace, line in waiting.items() if line.write.id and line.values]:
                self.records.update(LINES, changed, found)
            waiting = {
                trace: line for trace, line in waiting.items() if line.values and line.note(found.get(trace), attempt)
            }
            if not waiting:
                break
        for line in waiting.values():
            line.work.wait("unsettled", reason("values_refused"))
        pairs = {
            (line.work.order_id, line.work.line_ids[line.write.key]): line.work
            for line in lines.values()
            if line.work.open and not line.write.id
        }
        self._note_links(pairs, self.records.link(portal.kind, LINES, list(pairs)) if pairs else {})

    def _link(self, works: Sequence[OrderWork], portal: OrderPortal) -> None:
        """Link orders with their contacts."""
        pairs = {(work.order_id, work.known.contact_id): work for work in works if work.open}
        self._note_links(pairs, self.records.link(portal.kind, CONTACTS, list(pairs)) if pairs else {})

    def _note_links(
        self, pairs: Mapping[tuple[str, str], OrderWork], found: Mapping[tuple[str, str], LinkOutcome]
    ) -> None:
        for pair, work in pairs.items():
            outcome = found.get(pair)
            if isinstance(outcome, ContactMissing):
                work.wait("no_contact", reason("order_without_contact"))
            elif not isinstance(outcome, Written):
                work.wait("row", outcome.why if isinstance(outcome, RetryLater) else reason("lead_unanswered"))
