"""Removes the orders of a forgotten customer from HubSpot, and the notes that leadsync wrote about the customer. Unpaid
orders are deleted with their lines and notes; paid ones stay for the accounts, without the person."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from leadcore.reasons import reason
from workers.flow.errors import LineDown
from workers.hubspot.client import HubSpot
from workers.hubspot.order_portal import LINES, list_writable, read_pipelines
from workers.hubspot.records import Records
from workers.rules.customer import Customer
from workers.rules.mapping.property_names import CUSTOMER_ID
from workers.rules.note_marker import read_marker
from workers.rules.orders.erasure import blank, is_paid, name_customer, read_properties
from workers.rules.orders.portal import Stage
from workers.rules.orders.property_names import CUSTOMER, ORDER_ID
from workers.rules.orders.record import CustomerOrders
from workers.rules.outcomes import ContactMissing, ContactWrite, RetryLater, WriteOutcome, Written

CONTACTS, NOTES, BODY, PAGE = "contacts", "notes", "hs_note_body", 200


@dataclass(frozen=True, slots=True)
class ErasedOrder:
    """`erased`: the order was deleted with its `lines`; else it was paid, and what it said of the person was blanked.
    `notes`: how many were deleted; `others`: how many of other people's stay on it."""

    order_id: str
    reference: str
    erased: bool
    lines: int
    notes: int
    others: int


class OrderErasure:
    """`kind`: of the records that carts become, "" where no orders are configured; `paid_too`: paid ones are deleted,
    too."""

    def __init__(self, hubspot: HubSpot, kind: str, *, paid_too: bool) -> None:
        self.hubspot, self.records, self.kind, self.paid_too = hubspot, Records(hubspot), kind, paid_too

    def run(self, customer_id: str, digest: str, known: CustomerOrders) -> list[ErasedOrder]:
        """Remove the customer's orders: those that are `known`, and those that HubSpot's search finds. The caller holds
        the locks of the customer's shard. Raises `LineDown`; safe to repeat, since each order is found until its last
        step is done."""
        found = self._find(name_customer(customer_id), known)
        if not found:
            return []
        stages = self._read_stages()
        writable = list_writable(self.hubspot.properties(self.kind))
        lines, notes = (self.records.linked(self.kind, to, found) for to in (LINES, NOTES))
        ours = find_notes(self.records, {note for some in notes.values() for note in some}, digest)
        done = []
        for order_id, order in found.items():
            if erased := self.paid_too or not is_paid(order, self.kind, stages):
                gone = notes[order_id]
                self.records.archive(LINES, lines[order_id])
                self.records.archive(NOTES, gone)
                self.records.archive(self.kind, [order_id])
            else:
                gone = [note for note in notes[order_id] if note in ours]
                self.records.archive(NOTES, gone)
                self._blank(order_id, blank(order, self.kind, writable))
            others = len(notes[order_id]) - len(gone)
            reference = order.get(ORDER_ID) or ""
            done.append(
                ErasedOrder(order_id, reference, erased, len(lines[order_id]) if erased else 0, len(gone), others)
            )
        return done

    def erase_notes(self, customer_id: str, digest: str, before: Customer) -> int:
        """Delete what leadsync noted about the customer on contacts; how many notes. Raises `LineDown`."""
        linked = self.records.linked(CONTACTS, NOTES, find_contacts(self.hubspot, customer_id, before))
        ours = find_notes(self.records, {note for some in linked.values() for note in some}, digest)
        self.records.archive(NOTES, ours)
        return len(ours)

    def _find(self, names: list[str], known: CustomerOrders) -> dict[str, Mapping[str, str]]:
        """The customer's orders by id. HubSpot's search alone would miss those of the last minute, and Redis may have
        forgotten older ones."""
        properties = read_properties(self.kind)
        by_id = [order.id for order in known.orders if order.id]
        by_key = [order.reference for order in known.orders if not order.id]
        read = {**self.records.read(self.kind, by_id, properties)} if by_id else {}
        read |= self.records.read(self.kind, by_key, properties, ORDER_ID) if by_key else {}
        for outcome in read.values():
            if isinstance(outcome, RetryLater):
                raise LineDown("unsaid", reason("no_contact_read", why=outcome.why))
        orders = [one for one in read.values() if isinstance(one, dict)]
        where = [{"propertyName": CUSTOMER, "operator": "IN", "values": names}]
        after, searched = "", False
        while after or not searched:
            page = self.records.search(self.kind, where, properties, ["hs_object_id"], PAGE, after)
            orders += page["results"]
            after, searched = page["after"], True
        return {one["id"]: one for one in orders if one.get(CUSTOMER) in names}

    def _read_stages(self) -> dict[str, Stage]:
        if self.kind == "carts":
            return {}
        return {
            stage["id"]: Stage(stage["id"], stage["label"], stage["closed"])
            for pipeline in read_pipelines(self.hubspot, self.kind)
            for stage in pipeline["stages"]
        }

    def _blank(self, order_id: str, values: Mapping[str, str]) -> None:
        outcomes: dict[str, WriteOutcome] = {}
        self.records.update(self.kind, [ContactWrite("forget", order_id, values)], outcomes)
        match outcomes.get("forget"):
            case Written() | ContactMissing():
                return
            case RetryLater(why):
                raise LineDown("row", reason("no_contact_read", why=why))
            case _:
                raise LineDown("refused", reason("order_blanking_refused"))


def find_notes(records: Records, note_ids: Iterable[str], digest: str) -> set[str]:
    """Those of the notes that leadsync wrote about the customer with this digest. Raises `LineDown`."""
    wanted = list(note_ids)
    found = records.read(NOTES, wanted, [BODY]) if wanted else {}
    return {
        note
        for note, outcome in found.items()
        if isinstance(outcome, dict) and read_marker(outcome.get(BODY) or "")[1] == digest
    }


def find_contacts(hubspot: HubSpot, customer_id: str, before: Customer) -> list[str]:
    """The ids of the customer's contacts: that of their record `before`, and the one that has their id as its key.
    Raises `LineDown`."""
    known = [before.contact_id] if before.known else []
    by_id = hubspot.read(known, [CUSTOMER_ID])
    found = [*by_id.values(), *hubspot.read([customer_id], [CUSTOMER_ID], CUSTOMER_ID).values()]
    return list(dict.fromkeys(contact["id"] for contact in found))
