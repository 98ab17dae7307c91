"""Reads from HubSpot what plans need: forgotten orders, orders, their lines, and who owns the contacts."""

import json
from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from leadcore.reasons import reason
from workers.hubspot.records import Records
from workers.orders.order_store import ALL_KNOWN, OrderStore
from workers.orders.work import OrderWork
from workers.rules.orders import plan as rules
from workers.rules.orders.lines import SeenLine, read_line
from workers.rules.orders.plan import Gone, SeenOrder, find_order
from workers.rules.orders.portal import OrderPortal
from workers.rules.orders.property_names import CUSTOMER, DISCOUNTS, LINE_NAMES, ORDER_ID
from workers.rules.orders.record import Order
from workers.rules.orders.said import Kind, Said
from workers.rules.outcomes import ContactMissing, RetryLater

LINES, CONTACTS, OWNER, ID = "line_items", "contacts", "hubspot_owner_id", "hs_object_id"
PAGE = 200
# HubSpot takes so many values in one filter.
MOST_VALUES = 100


class OrderReader:
    """`kind`: of the records that are orders. Every method raises `LineDown`."""

    def __init__(self, records: Records, store: OrderStore, kind: str) -> None:
        self.records, self.store, self.kind = records, store, kind

    def find_forgotten(self, works: Sequence[OrderWork]) -> None:
        """Ask HubSpot for the orders of customers of whom Redis knows none, where it may have forgotten some."""
        if self.store.read_marker() == ALL_KNOWN:
            return
        digest = self.store.customers.digest()
        # An id may have come as a text and as a number.
        unknown = {json.dumps(one.customer): work for work in works if work.known.record is None for one in work.said}
        if not unknown:
            return
        for work in unknown.values():
            work.known.searched = True
        found = self._search_customers(unknown)
        # The oldest first, so that the newest is the last that is adopted.
        for id in sorted(found, key=int):
            owner = unknown.get(found[id].get(CUSTOMER) or "")
            order = rules.adopt(found[id], id, digest, self.kind)
            if owner and order:
                owner.known.orders = owner.known.orders.with_order(order)

    def _search_customers(self, customers: Iterable[str]) -> dict[str, Mapping[str, str]]:
        """The orders that bear one of these as their customer, and may bear another, by id."""
        # HubSpot's page wants the values of IN in small letters; another answer is told from ours by the value itself.
        forms = sorted({form for value in customers for form in (value, value.lower())})
        found: dict[str, Mapping[str, str]] = {}
        for start in range(0, len(forms), MOST_VALUES):
            found |= self._search(forms[start : start + MOST_VALUES])
        return found

    def _search(self, forms: Sequence[str]) -> dict[str, Mapping[str, str]]:
        """The orders with one of `forms` as their customer, by id."""
        where = [{"propertyName": CUSTOMER, "operator": "IN", "values": forms}]
        found: dict[str, Mapping[str, str]] = {}
        # Page by page above the last id: HubSpot's own pages end at 10,000 results.
        above = 0
        while True:
            cut = {"propertyName": ID, "operator": "GT", "value": str(above)}
            page = self.records.search(self.kind, [*where, cut], rules.read_properties(self.kind), [ID], PAGE)
            found |= {one["id"]: one for one in page["results"]}
            highest = max((int(one["id"]) for one in page["results"]), default=0)
            if not page["after"] or highest <= above:
                return found
            above = highest

    def find_made(self, works: Sequence[OrderWork], doubtful_ms: int) -> list[OrderWork]:
        """Ask HubSpot for the orders that Redis may have forgotten with its last seconds, by their keys: see
        `workers.flow.recent_epoch`. If another cart came together with this one, the later one gave the key; where that
        one is not here again yet, only the contact leads to the order. Those whose order is there and may be half made,
        also of `find_forgotten`, or may be there."""
        made: list[OrderWork] = []
        doubtful: list[tuple[OrderWork, Said]] = []
        wanted: dict[str, tuple[OrderWork, Said]] = {}
        for work in works:
            if begun := rules.find_adopted(work.said, work.known.orders):
                work.known.orders = work.known.orders.with_order(begun)
                made.append(work)
            elif making := rules.find_doubtful(work.said, work.known.orders, doubtful_ms):
                later = [one.reference for one in work.later if one.kind is Kind.MAKES]
                unknown = [one for one in later if not work.known.orders.find(one)]
                doubtful.append((work, making))
                wanted |= dict.fromkeys([making.reference, *unknown], (work, making))
        if not wanted:
            return made
        found = self.records.read(self.kind, list(wanted), rules.read_properties(self.kind), ORDER_ID)
        for reference, one in found.items():
            work, making = wanted[reference]
            newest, order = work.known.orders.newest, None
            if isinstance(one, RetryLater):
                work.wait("row", one.why)
                if newest is None or newest.cart_version < making.version:
                    order = Order(reference, (reference,))
            elif isinstance(one, dict):
                order = self._adopt(one)
            if order and _remember(work, making, order):
                made.append(work)
        unseen = [
            (work, making) for work, making in doubtful if work.open and not work.known.orders.find(making.reference)
        ]
        return [*made, *self._find_linked(unseen)]

    def _find_linked(self, doubtful: Sequence[tuple[OrderWork, Said]]) -> list[OrderWork]:
        """Of works whose carts may have a part in an order with another key: those at whose contact it is. Where there
        is a later order of the same customer than Redis knows, linked or not, its own cart may only come again after
        this one."""
        ids = [work.known.contact_id for work, _ in doubtful if work.known.contact_id]
        if not ids:
            return []
        contacts = self.records.read(CONTACTS, ids, [])
        own = {one: found["id"] for one, found in contacts.items() if isinstance(found, dict)}
        of_contact = self.records.linked(CONTACTS, self.kind, own.values())
        orders = [id for linked in of_contact.values() for id in linked]
        found = self.records.read(self.kind, orders, rules.read_properties(self.kind)) if orders else {}
        made = []
        searched = self._search_customers(json.dumps(making.customer) for _, making in doubtful)
        for work, making in doubtful:
            contact = contacts.get(work.known.contact_id)
            outcomes = [found.get(id) for id in of_contact.get(own.get(work.known.contact_id, ""), ())]
            for one in (contact, *outcomes):
                if isinstance(one, RetryLater):
                    work.wait("row", one.why)
            forgotten = [order for one in outcomes if isinstance(one, dict) and (order := self._adopt(one))]
            forgotten = [order for order in forgotten if not work.known.orders.find(order.reference)]
            if [order for order in forgotten if _remember(work, making, order)]:
                made.append(work)
                continue
            value, newest = json.dumps(making.customer), work.known.orders.newest
            there = [*searched.values(), *(one for one in outcomes if isinstance(one, dict))]
            theirs = {int(one["id"]): one for one in there if one.get(CUSTOMER) == value}
            for id in sorted(theirs):
                order = self._adopt(theirs[id])
                if order and id > int((newest and newest.id) or 0) and not work.known.orders.find(order.reference):
                    work.known.orders = work.known.orders.with_order(order)
        return made

    def _adopt(self, found: Mapping[str, str]) -> Order | None:
        return rules.adopt(found, found["id"], self.store.customers.digest(), self.kind)

    def read_orders(self, works: Sequence[OrderWork]) -> bool:
        """Read the order that each is about, by its id, or by its key where it may never have been made. False if there
        was nothing to read."""
        properties = rules.read_properties(self.kind)
        for key in ("", ORDER_ID):
            wanted = {
                (order.reference if key else order.id): work
                for work in works
                if (order := find_order(work.said, work.known.orders)) is not None and bool(order.id) is not bool(key)
            }
            for one, found in (self.records.read(self.kind, list(wanted), properties, key) if wanted else {}).items():
                if isinstance(found, RetryLater):
                    wanted[one].wait("row", found.why)
                elif isinstance(found, ContactMissing):
                    wanted[one].seen = Gone()
                else:
                    wanted[one].seen = SeenOrder(found["id"], found)
        return bool(works)

    def read_lines(self, works: Sequence[OrderWork]) -> bool:
        """Read the lines of the orders that were read. False if there was nothing to read."""
        seen = {work.seen.id: work for work in works if isinstance(work.seen, SeenOrder)}
        if not seen:
            return False
        of_order = self.records.linked(self.kind, LINES, list(seen))
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

    def find_contacts(self, works: Sequence[OrderWork], portal: OrderPortal) -> None:
        """Let each work name the contact as it is now, also where it was merged into another. A new order takes its
        contact's owner, else the configured ones in turn; one without a contact waits."""
        if not works:
            return
        contacts = self.records.read(CONTACTS, [work.known.contact_id for work in works], [OWNER])
        without = []
        for work in works:
            contact = contacts.get(work.known.contact_id)
            if isinstance(contact, dict):
                work.known.contact_id = contact["id"]
                if work.plan and work.plan.makes:
                    work.owner = contact.get(OWNER) or ""
                    if not work.owner:
                        without.append(work)
            elif isinstance(contact, RetryLater):
                work.wait("row", contact.why)
            else:
                work.wait("no_contact", reason("order_without_contact"))
        for work, owner in zip(without, self.store.next_owners(len(without), portal.owners), strict=True):
            work.owner = owner


def _remember(work: OrderWork, making: Said, order: Order) -> bool:
    """Let the order, which Redis may have forgotten, be known, if it has `making` part in it; whether it has."""
    if making.reference not in order.references:
        return False
    begun = rules.begin_again(order, making)
    work.known.orders = work.known.orders.with_forgotten(begun, making.version)
    return True
