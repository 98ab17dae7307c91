"""Pure: what a customer's events do to their orders.

- A cart makes an order. The same cart again, within `same_order_hours` of the order's last change, never makes another
  one, whatever became of the order.
- Another cart changes the order while it is open: in its first stage, unpaid, with no payment under way. Else it makes
  a new order. A cart that is older than the one the order has changes nothing.
- What the customer says of recipient, address, phone and payment reaches the open order from any intent.
- An intent that cancels moves the open order to the stage for that, unless it is older than the order's cart.
- Stage, pipeline and owner are set when an order is made, and never again but for that.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

from leadcore.config import Orders
from leadcore.reasons import NO_REASON, Reason, reason
from leadcore.receipts import CREATED, UNCHANGED, UPDATED
from workers.rules.field_clock import SEEN, Digest, FieldClock, digest_entries
from workers.rules.orders.lines import LinePlan, SeenLine, attempted_lines, is_same_cart, plain_value, plan_lines
from workers.rules.orders.portal import OrderPortal
from workers.rules.orders.property_names import CUSTOMER, ESSENTIAL, MODIFIED, NAMES, ORDER_ID, REFERENCES
from workers.rules.orders.record import NO_ORDERS, CustomerOrders, Order
from workers.rules.orders.said import DETAILS, PLACE, Cart, Kind, Said

HOUR_MS = 3_600_000
# What HubSpot's payment status may say of an order that nobody has paid.
UNPAID = frozenset({"", "unpaid", "failed", "voided", "canceled", "cancelled"})
_MAX_NOTE = 60_000
SUMS = ("total", "subtotal", "shipping")


class SeenOrder(Struct, frozen=True):
    """An order as HubSpot has it; `properties` by HubSpot's names. `lines`: None if they were not read."""

    id: str
    properties: Mapping[str, str]
    lines: tuple[SeenLine, ...] | None = None


class Gone(Struct, frozen=True):
    """The order is not in HubSpot: it was deleted, or never came there."""


class Facts(Struct, frozen=True):
    """What else decides. `under_way`: references with a payment under way, or paid as far as we know; `paid`: those
    that are paid; `cancelled`: those that their customer cancelled -> the version of that. `shows_references`:
    customers see them, so that every one must be found in HubSpot."""

    orders: Orders
    portal: OrderPortal
    now_ms: int
    under_way: Collection[str] = ()
    paid: Collection[str] = ()
    shows_references: bool = False
    cancelled: Mapping[str, int] = {}


class Plan(Struct, frozen=True):
    """`state`: of every event, as receipts have it; `reference`: of the order that it is about, "" if there is none;
    `why`: more about it. `values`: what is written of the order, by our names; nothing is if it is empty and `lines` is
    None. `makes`: the order is made by this; `links`: it is linked to its contact. `total`: what is to be paid from now
    on, a plain number, "" if nobody can tell, None if that stays as it is. `judges`: whether the newest cart that is
    said is the order's. `cancels`: nothing is to be paid any more. `after`: what is known once all is written,
    `attempt`: while it is. It is preliminary while it `needs_order` or `needs_lines`: read them, and plan again."""

    state: str = UNCHANGED
    reference: str = ""
    why: Reason = NO_REASON
    order: Order | None = None
    values: Mapping[str, str] = {}
    makes: bool = False
    links: bool = False
    lines: LinePlan | None = None
    total: str | None = None
    judges: bool = False
    cancels: bool = False
    after: CustomerOrders = CustomerOrders()
    attempt: CustomerOrders | None = None
    needs_order: str = ""
    needs_lines: str = ""

    @property
    def is_preliminary(self) -> bool:
        """Whether something has to be read before it is carried out."""
        return bool(self.needs_order or self.needs_lines)

    @property
    def writes(self) -> bool:
        """Whether anything is written."""
        return (
            bool(self.values) or self.links or (self.lines is not None and bool(self.lines.writes or self.lines.gone))
        )


def take_prefix(said: Sequence[Said], record: CustomerOrders = NO_ORDERS, doubtful_ms: int = 0) -> Sequence[Said]:
    """Those of a customer's events, oldest first, that are dealt with together: up to the first that cancels after one
    that makes, or makes after one that cancels. An order that was begun is finished first, by the event that began it:
    a later cart may make another one. So is one that may have been made and forgotten: `doubtful_ms` says of what was
    received before that it may have been dealt with."""
    for index, one in enumerate(said):
        if one.kind is Kind.MAKES and (record.find_begun(one.version) or one.received_ms < doubtful_ms):
            return take_prefix(said[: index + 1])
    kinds = {Kind.MAKES, Kind.CANCELS}
    first = next((one.kind for one in said if one.kind in kinds), None)
    for index, one in enumerate(said):
        if one.kind in kinds and one.kind is not first:
            return said[:index]
    return said


def find_making(said: Sequence[Said]) -> Said | None:
    """Who says the newest cart."""
    return next((one for one in reversed(said) if one.kind is Kind.MAKES), None)


def find_order(said: Sequence[Said], record: CustomerOrders) -> Order | None:
    """The order that `said` is about: the one that its event began, else the newest."""
    making = find_making(said)
    return (record.find_begun(making.version) if making else None) or record.newest


def find_doubtful(said: Sequence[Said], record: CustomerOrders, doubtful_ms: int) -> Said | None:
    """Who says the newest cart, if HubSpot may have an order of it that the record does not know."""
    making = find_making(said)
    is_known = making is None or making.received_ms >= doubtful_ms or record.find(making.reference)
    return None if is_known else making


def begin_again(order: Order, making: Said) -> Order:
    """An order that was adopted, for the event that may have died while it made it. One that has another's key, or that
    a later cart has a part in, is none that this event has to finish."""
    is_its_own = order.reference == order.references[-1] == making.reference
    return replace(order, attempted=is_its_own, cart_version=making.version if is_its_own else 0)


def find_adopted(said: Sequence[Said], record: CustomerOrders) -> Order | None:
    """The order of the newest cart, begun again, if it was adopted and nobody knows yet whether it was finished."""
    making = find_making(said)
    order = record.find(making.reference) if making else None
    if making is None or order is None or order.cart or order.attempted:
        return None
    begun = begin_again(order, making)
    return begun if begun.attempted else None


def adopt(found: Mapping[str, str], id: str, digest: Digest, kind: str) -> Order | None:
    """The order that was found in HubSpot after Redis had forgotten it; None if it is not one of ours."""
    reference = found.get(ORDER_ID) or ""
    if not reference:
        return None
    names, references = NAMES[kind], (found.get(REFERENCES) or "").split()
    values = {name: plain_value(name, found.get(names[name]) or "") for name in (*DETAILS, *SUMS) if name in names}
    return Order(
        reference=reference,
        references=tuple(dict.fromkeys(references if reference in references else [reference, *references])),
        id=id,
        clock={name: (SEEN, digest(name, value)) for name, value in values.items() if value},
    )


def plan(
    said: Sequence[Said], record: CustomerOrders, seen: SeenOrder | Gone | None, facts: Facts, name: str, digest: Digest
) -> Plan:
    """What `said` (one customer's, oldest first, see `take_prefix`) does. `seen`: the newest order as HubSpot has it,
    None if it was not read. `name`: of a new order."""
    order = find_order(said, record)
    making = find_making(said)
    if making and (known := record.find(making.reference)) and _has_done(known, making, record):
        # The same event again, after a crash or by a person's retry.
        making = None
    if order is None:
        return replace(_make(said, making, record, facts, name, digest), judges=True) if making else Plan(after=record)
    cancelling = [one.version for one in said if one.kind is Kind.CANCELS]
    cancels = any(version > order.cart_version for version in cancelling)
    superseded = bool(cancelling) and not cancels
    if making and order.cart and order.cart_version > making.version:
        making, superseded = None, True
    found = _plan_known(said, making, cancels, order, record, seen, facts, name, digest)
    if making and (found.total is not None or found.lines is None):
        found = replace(found, judges=True)
    is_adopted = not order.cart and not order.attempted
    if making and is_adopted and isinstance(seen, SeenOrder) and not (found.makes or found.is_preliminary):
        # Whoever made it may have died before its contact, and its event may come later.
        found = replace(found, links=True)
    return replace(found, why=reason("order_superseded")) if superseded and not found.why else found


def _has_done(known: Order, making: Said, record: CustomerOrders) -> bool:
    """Whether the event did already what it does to its order. Also where Redis has forgotten that order's cart: the
    customer has ordered something else since."""
    if known.attempted and known.cart_version == making.version:
        return False
    if known.cart:
        return known.cart_version >= making.version
    return known is not record.newest or known.references[-1] != making.reference


def _plan_known(
    said: Sequence[Said],
    making: Said | None,
    cancels: bool,
    order: Order,
    record: CustomerOrders,
    seen: SeenOrder | Gone | None,
    facts: Facts,
    name: str,
    digest: Digest,
) -> Plan:
    clock = FieldClock(digest, order.clock, dict(order.clock))
    _record_details(clock, said)
    is_same = _is_same(making, order, seen, digest)
    if is_same is None:
        return Plan(after=record, needs_order="" if seen else order.reference, needs_lines=order.reference)
    is_cancelled = making is not None and _is_cancelled(making, order, seen, facts)
    recent = making is not None and not is_cancelled and _is_recent(making, order, seen, facts)
    if making and making.cart and is_same and order.cart and not order.attempted:
        order = replace(order, cart_version=making.version)  # what was said before and comes later is older
    if seen is None:
        settled = making is None or (is_same and recent)
        if settled and not cancels and not clock.writes and not _new_names(said, order, facts):
            return _unchanged(said, order, record)
        return Plan(after=record, needs_order=order.reference)
    if isinstance(seen, Gone):
        if order.reference != record.orders[-1].reference:
            # Another was made since, because somebody had moved it on: it was there.
            return _unchanged(said, replace(order, attempted=False), record, reason("order_deleted"))
        if order.attempted and not order.id:
            # The write that should have made it did not reach HubSpot.
            if making is None:
                return _unchanged(said, order, record)
            return _make(said, making, record, facts, name, digest, order)
        if making and not (is_same and recent):
            return _make(said, making, record, facts, name, digest)
        return _unchanged(said, _with_clock(order, clock, digest), record, reason("order_deleted"))
    # One that was begun is finished with its own cart, wherever it has been moved meanwhile.
    finishes = order.attempted and making is not None and (is_same or making.version == order.cart_version)
    is_open = finishes or (_is_open(seen, order, facts, making if not is_same else None) and not is_cancelled)
    is_dealt_with = making is not None and making.reference in (seen.properties.get(REFERENCES) or "").split()
    if making and not is_open and not (is_same and recent) and not is_dealt_with:
        return _make(said, making, record, facts, name, digest)
    order = replace(order, id=seen.id)
    if not is_open:
        why = reason("order_moved_on", stage=_stage_label(seen, facts)) if making or cancels else NO_REASON
        found = _unchanged(said, _with_clock(order, clock, digest), record, why)
        return replace(found, values=_supported(_new_names(said, order, facts), facts))
    if making and not is_same and seen.lines is None:
        return Plan(after=record, needs_lines=order.reference)
    if making and is_same and not order.cart:
        cart = digest("cart", making.cart.identity) if making.cart else b""  # HubSpot's lines are those of this cart
        order = replace(order, cart=cart, cart_version=making.version)
    return _update(said, making if not is_same else None, cancels, order, record, seen, facts, clock, digest)


def _is_same(making: Said | None, order: Order, seen: SeenOrder | Gone | None, digest: Digest) -> bool | None:
    """Whether the cart that is said is the one that the order has; None if the order's lines have to be read first."""
    if making is None or making.cart is None:
        return True
    if order.cart:
        return digest("cart", making.cart.identity) == order.cart
    if isinstance(seen, SeenOrder) and seen.lines is not None:
        return is_same_cart(making.cart.items, order.reference, seen.lines)
    return False if isinstance(seen, Gone) else None


def _changed_ms(order: Order, seen: SeenOrder | Gone | None) -> int:
    modified = seen.properties.get(MODIFIED, "") if isinstance(seen, SeenOrder) else ""
    try:
        at = int(datetime.fromisoformat(modified).timestamp() * 1000) if modified else 0
    except ValueError:
        at = 0
    return max(order.changed_ms, at)


def _is_open(seen: SeenOrder, order: Order, facts: Facts, making: Said | None) -> bool:
    """Whether the order can be changed. `making`: who says another cart for it; that changes what has to be paid, so
    nobody may be paying, neither by the old links nor by the new one."""
    names = NAMES[facts.portal.kind]
    stage = seen.properties.get(names["stage"], "") if "stage" in names else ""
    payment = seen.properties.get(names["payment_status"], "") if "payment_status" in names else ""
    in_first = not stage or stage == facts.portal.first_stage
    references = {*order.references, making.reference} if making else set(order.references)
    is_taken = bool(references & set(facts.under_way if making else facts.paid))
    return in_first and (payment or "").casefold() in UNPAID and not is_taken


def _is_recent(making: Said, order: Order, seen: SeenOrder | Gone | None, facts: Facts) -> bool:
    """Whether the same cart means the order still."""
    return making.said_ms - _changed_ms(order, seen) < facts.orders.same_order_hours * HOUR_MS


def _is_cancelled(making: Said, order: Order, seen: SeenOrder | Gone | None, facts: Facts) -> bool:
    """Whether its customer cancelled the order before this cart, and no person moved it back from that stage."""
    stage, name = facts.portal.find_cancelled(), NAMES[facts.portal.kind].get("stage", "")
    is_reopened = stage is not None and isinstance(seen, SeenOrder) and seen.properties.get(name) != stage.id
    return making.version > facts.cancelled.get(order.reference, making.version) and not is_reopened


def _stage_label(seen: SeenOrder, facts: Facts) -> str:
    stage = seen.properties.get(NAMES[facts.portal.kind].get("stage", ""), "") or ""
    found = facts.portal.find_stage(stage)
    return found.label if found else stage or "?"


def _record_details(clock: FieldClock, said: Sequence[Said]) -> None:
    for index, one in enumerate(said):
        for name in ("recipient", "phone", "payment_method"):
            if name in one.details:
                clock.record(name, one.details[name], one.version, index)
        place = {name: one.details[name] for name in PLACE if name in one.details}
        if not place or clock.newest_version(PLACE) > one.version:
            continue
        # Another address replaces the one before whole; a part of the same one adds to it.
        if any(name in place and clock.has_value(name) and clock.differs(name, place[name]) for name in PLACE):
            place = {**{name: "" for name in PLACE if clock.has_value(name)}, **place}
        for name, value in place.items():
            clock.record(name, value, one.version, index)


def _with_clock(order: Order, clock: FieldClock, digest: Digest) -> Order:
    """The order, to which what was said does not apply any more: it counts as said, so that it is not looked at
    again."""
    return replace(order, clock=digest_entries(clock.entries, digest))


def _unchanged(said: Sequence[Said], order: Order, record: CustomerOrders, why: Reason = NO_REASON) -> Plan:
    after = record.with_order(_with_references(order, said))
    return Plan(reference=order.reference, why=why, order=order, after=after)


def _with_references(order: Order, said: Sequence[Said]) -> Order:
    """The order, also called by the references of the carts that were said since."""
    names = [one.reference for one in said if one.kind is Kind.MAKES]
    return replace(order, references=tuple(dict.fromkeys([*order.references, *names])))


def _new_names(said: Sequence[Said], order: Order, facts: Facts) -> dict[str, str]:
    """What is written so that the order is found by what customers were shown since, by our names."""
    names = [one.reference for one in said if one.kind is Kind.MAKES and one.reference not in order.references]
    if not names or not facts.shows_references:
        return {}
    newest = [one.reference for one in said if one.kind is Kind.MAKES and one.version >= order.cart_version]
    values = {"references": " ".join(_with_references(order, said).references)}
    return {**values, "reference": newest[-1]} if newest else values


def _make(
    said: Sequence[Said],
    making: Said,
    record: CustomerOrders,
    facts: Facts,
    name: str,
    digest: Digest,
    attempted: Order | None = None,
) -> Plan:
    cart = making.cart or Cart(())
    order = _with_references(attempted or Order(making.reference, ()), said)
    clock = FieldClock(digest, {}, {})
    _record_details(clock, said)
    _record_cart(clock, cart, making, len(said))
    values = {field: value for field, (value, _) in clock.writes.items() if value}
    values |= {
        "name": name,
        "order_id": order.reference,
        "references": " ".join(order.references),
        "reference": making.reference,
        "customer": json.dumps(making.customer),
        "source": "DealDroid",
        "currency": facts.orders.currency,
        "created": datetime.fromtimestamp(making.said_ms / 1000, UTC).isoformat(timespec="milliseconds"),
        "pipeline": facts.portal.pipeline,
        "stage": facts.portal.first_stage,
    }
    lines = plan_lines(order.reference, cart.items, {}, (), facts.orders.currency, digest)
    made = replace(
        order,
        attempted=True,
        cart=digest("cart", cart.identity),
        cart_version=making.version,
        changed_ms=facts.now_ms,
        clock=digest_entries(clock.entries, digest),
        lines=lines.lines,
    )
    return Plan(
        state=CREATED,
        reference=order.reference,
        order=order,
        values=_supported({field: value for field, value in values.items() if value}, facts),
        makes=True,
        links=True,
        lines=lines,
        total=cart.total,
        after=record.with_order(made),
        # Its cart is not known to be there before its lines are.
        attempt=record.with_order(replace(made, cart=b"", lines=attempted_lines({}, lines))),
    )


def _update(
    said: Sequence[Said],
    making: Said | None,
    cancels: bool,
    order: Order,
    record: CustomerOrders,
    seen: SeenOrder,
    facts: Facts,
    clock: FieldClock,
    digest: Digest,
) -> Plan:
    lines: LinePlan | None = None
    why, total = NO_REASON, None
    after = _with_references(order, said)
    if making and making.cart:
        lines = plan_lines(
            order.reference, making.cart.items, order.lines, seen.lines or (), facts.orders.currency, digest
        )
        # Whoever gave a price or a discount, or added a line, also says what it costs.
        _record_cart(clock, making.cart, making, len(said), with_total=not lines.edited)
        total = making.cart.total if not lines.edited else None
        after = replace(
            after,
            cart=digest("cart", making.cart.identity),
            cart_version=making.version,
            changed_ms=facts.now_ms,
            lines=lines.lines,
        )
    values = {field: value for field, (value, _) in clock.writes.items()}
    if cancels:
        stage = facts.portal.find_cancelled()
        if stage:
            values["stage"] = stage.id
        else:
            why = reason("no_cancelled_stage")
    if (values or lines) and after.references != order.references:
        values["references"] = " ".join(after.references)
        newest = [one.reference for one in said if one.kind is Kind.MAKES and one.version >= order.cart_version]
        values |= {"reference": newest[-1]} if newest else {}
    after = replace(after, clock=digest_entries(clock.entries, digest))
    values = _supported(values, facts)
    is_changed = bool(values or (lines and (lines.writes or lines.gone)))
    values |= _supported(_new_names(said, order, facts), facts)
    if order.attempted and total is None:
        # Its creation was cut off before anybody could learn what it costs.
        total = next((one.cart.total for one in reversed(said) if one.cart), None)
    if is_changed:
        after = replace(after, changed_ms=facts.now_ms)
    attempt = None
    if lines and is_changed:
        attempt = record.with_order(replace(order, lines=attempted_lines(order.lines, lines)))
    return Plan(
        state=UPDATED if is_changed else UNCHANGED,
        reference=order.reference,
        why=why,
        order=order,
        values=values,
        # Whoever made it may have died before its lines; only its event brings them.
        links=order.attempted and any(one.kind is Kind.MAKES for one in said),
        lines=lines,
        total=total,
        cancels=cancels,
        after=record.with_order(after),
        attempt=attempt,
    )


def _record_cart(clock: FieldClock, cart: Cart, making: Said, index: int, *, with_total: bool = True) -> None:
    note = "\n".join(("Prices as said in the chat.", *cart.left_out))[:_MAX_NOTE]
    sums = {"total": cart.total, "subtotal": cart.subtotal} if with_total else {}
    for name, value in {**sums, "shipping": cart.shipping, "note": note}.items():
        if value or clock.has_value(name):
            clock.record(name, value, making.version, index)


def _supported(values: Mapping[str, str], facts: Facts) -> dict[str, str]:
    """Without what the kind of record has no writable property for; what is essential is always sent."""
    names = NAMES[facts.portal.kind]
    return {
        name: value
        for name, value in values.items()
        if name in names
        and (
            (name in ESSENTIAL and names[name] not in facts.portal.implied)
            or not facts.portal.properties
            or names[name] in facts.portal.properties
        )
    }


READ = frozenset({ORDER_ID, REFERENCES, CUSTOMER, MODIFIED})
"""Properties of an order that are always read."""


def read_properties(kind: str) -> list[str]:
    """HubSpot's names of what is read of an order."""
    names = NAMES[kind]
    wanted = ("reference", "stage", "payment_status", "name", *DETAILS, *SUMS)
    return sorted(READ | {names[name] for name in wanted if name in names})
