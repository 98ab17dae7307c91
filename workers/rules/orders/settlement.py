"""Pure: the Redis commands for a customer's events once what they do to their orders is done."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from leadcore.config import Notes
from leadcore.events import NOBODY, Event, Events
from leadcore.fields import BODY, KIND, LEAD, TRIES, VERSION
from leadcore.orders.money import from_units, read_number, to_units
from leadcore.reasons import NO_REASON, Reason, parse, reason
from leadcore.receipts import CREATED, PARKED, PARKED_SECONDS, UPDATED, WAITING
from leadcore.receipts import pack as receipt
from leadcore.store import keys
from leadcore.store.counters import count, figure
from leadcore.store.orders import KNOWN_SECONDS
from leadcore.store.streams import Settlement, pack_fields
from workers.rules.customer import guard
from workers.rules.lead import version_text
from workers.rules.notes import to_notes, to_wait
from workers.rules.orders.plan import Plan, find_making
from workers.rules.orders.record import CustomerOrders, pack
from workers.rules.orders.said import Kind, Said
from workers.rules.retry import find_lead_retry, wait_seconds

Command = Sequence[Any]
NO_NOTES = Notes()


def settle_written(
    settlement: Settlement,
    said: Sequence[Said],
    record_key: str,
    record: bytes | None,
    after: CustomerOrders,
    *,
    stream: str,
    state: str,
    now_ms: int,
    why: Reason = NO_REASON,
    reference: str = "",
    order_id: str = "",
    store: bool = True,
    notes: Notes = NO_NOTES,
    shard: int = 0,
    more: Sequence[Command] = (),
) -> None:
    """Append what follows from `said`, whose order is in HubSpot as it should be, or who have none ("" as
    `reference`). `store`: whether there is anything to be known of the customer's orders. `notes`: which intents
    leave a note, in this `shard`. `more`: commands that run once."""
    said_of_order = f"{state}: {why}" if why else state
    entries = []
    for one in said:
        effects: list[Command] = [count(f"order_{state}")] if reference else []
        if reference and (one.kind is not Kind.TELLS or state != "unchanged"):
            said_of = _receipt(one, now_ms, order=said_of_order, order_id=order_id, order_ref=reference)
            effects.append(said_of)
        effects += _note(one, notes, shard, order_id)
        entries.append((stream, one.entry, effects))
    guards, commands = [], []
    if store:
        guards = [(record_key, guard(record))]
        commands = [("SET", record_key, pack(after))]
    settlement.add(guards, entries, [*commands, *more])


def bind(said: Sequence[Said], plan: Plan, currency: str) -> list[Command]:
    """The commands that let payments know the order under every reference that `said` has for it, see
    `leadcore.store.orders`."""
    names = {one.reference: one for one in said if one.kind is Kind.MAKES}
    if not plan.reference or not (names or plan.cancels):
        return []
    order, newest = keys.order(plan.reference), said[-1]
    found: dict[str, Any] = {"customer": json.dumps(newest.customer), "currency": currency}
    found |= {"language": newest.language} if newest.language else {}
    found |= {"lead": names[plan.reference].lead} if plan.reference in names else {}
    found |= {"amount": read_units(plan.total, currency)} if plan.total is not None else {}
    making = find_making(said)
    found |= {"payable": making.payable} if making and making.payable and plan.judges else {}
    commands: list[Command] = [
        ("HDEL", order, "main", "pending"),
        ("HSET", order, *(part for pair in found.items() for part in pair)),
        ("HINCRBY", order, "revision", 1),
        ("EXPIRE", order, KNOWN_SECONDS),
    ]
    for reference, one in names.items():
        if reference != plan.reference:
            alias = keys.order(reference)
            commands.append(("HSET", alias, "main", plan.reference, "lead", one.lead))
            commands.append(("EXPIRE", alias, KNOWN_SECONDS))
    return commands


def tell(
    said: Sequence[Said], plan: Plan, events: Events, *, order_id: str, contact_id: str, currency: str, shard: int
) -> list[Command]:
    """The commands that tell who wants to know what became of the order, also that a customer wants to cancel one that
    has moved on: a person decides then. `shard`: of the customer."""
    cancelling = next((one for one in reversed(said) if one.kind is Kind.CANCELS), None)
    moved_on = parse(plan.why).code == "order_moved_on" and cancelling is not None
    if not plan.reference or not (moved_on or plan.cancels or plan.state in (CREATED, UPDATED)):
        return []
    telling = next((one for one in reversed(said) if one.kind is Kind.TELLS), said[-1])
    # What the customer said beside a cart has neither its intent nor its sum.
    of = (cancelling if moved_on or plan.cancels else find_making(said)) or telling
    units = read_units(plan.total, currency) if plan.total else 0
    data = {
        "order": order_id,
        "order_ref": plan.reference,
        "contact_id": contact_id,
        "intent": of.intent,
        "amount": f"{from_units(units, currency):,}" if units else "",
        "currency": currency,
        "state": "cancelled" if plan.cancels else plan.state,
    }
    if plan.judges and of.unpayable:
        data["unpayable"] = of.payable
    if moved_on:
        data["reason"] = "order_moved_on"
    return events.effects(
        Event(
            "lead.parked" if moved_on else f"order.{data['state']}",
            of.customer,
            of.lead,
            data,
            once=plan.reference,
            body=of.fields.get(BODY, b""),
            private=_private(of, said),
            kind=_kind(of.fields),
        ),
        shard,
    )


def _private(one: Said, said: Sequence[Said]) -> dict[str, str]:
    """The cart of `one`, and who the customer is, as `said` (the newest last) have it."""
    items = one.cart.items if one.cart else ()
    details = {name: value for each in said for name, value in each.details.items()}
    return {
        "name": details.get("recipient", ""),
        "phone": details.get("phone", ""),
        "cart": "\n".join(f"{item.count} x {item.name or item.code}" for item in items),
    }


def _kind(fields: Mapping[bytes, bytes]) -> str:
    return fields.get(KIND, b"").decode("ascii", "replace")


def watch_cancelled(plan: Plan, order_id: str, now_ms: int) -> list[Command]:
    """The commands that let the link ask again once a person moves the order out of the stage of cancelled ones, to
    which `plan` has moved it. `now_ms`: after that."""
    return [("ZADD", keys.STAGES_CLOSED, now_ms, order_id)] if plan.cancels and "stage" in plan.values else []


def read_units(total: str, currency: str) -> int:
    """`total`, a plain number, in the currency's smallest unit; 0 if it is none."""
    amount = read_number(total)
    try:
        return to_units(amount, currency) if amount is not None else 0
    except ValueError:
        return 0


def settle_waiting(
    settlement: Settlement,
    said: Sequence[Said],
    code: str,
    why: Reason,
    *,
    shard: int,
    now_ms: int,
    tries: int,
    reference: str = "",
    cancels: bool = False,
    contact_id: str = "",
    notes: Notes = NO_NOTES,
    events: Events = NOBODY,
) -> None:
    """Append that each of `said` waits, or is parked once it was tried `tries` times. `reference`: of the order that
    they were to change, or to cancel (`cancels`); `contact_id`: of the customer; `notes`: as in `settle_written`;
    `events`: who is told then."""
    stream = keys.entries(keys.ORDERS, shard)
    entries = []
    is_over = False
    for one in said:
        if one.tries + 1 >= tries:
            is_over = True
            effects = park(one, code, reason("given_up", why=why, tries=tries), now_ms) + _note(one, notes, shard)
            effects += _tell_parked(one, code, events, contact_id, shard)
        else:
            fields = {**one.fields, VERSION: version_text(one.version), TRIES: b"%d" % (one.tries + 1)}
            wait = int(wait_seconds(find_lead_retry(code, free=False), one.tries + 1) * 1000)
            effects = [
                ("ZADD", keys.later(keys.ORDERS, shard), now_ms + wait, pack_fields(fields)),
                _receipt(one, now_ms, order=f"{WAITING}: {why}"),
            ]
        entries.append((stream, one.entry, effects))
    settlement.add((), entries, _unclaim(reference, cancels=cancels) if is_over else ())


def settle_parked(
    settlement: Settlement,
    said: Sequence[Said],
    code: str,
    why: Reason,
    *,
    shard: int,
    now_ms: int,
    reference: str = "",
    cancels: bool = False,
    contact_id: str = "",
    notes: Notes = NO_NOTES,
    events: Events = NOBODY,
) -> None:
    """Append that each of `said` waits for a person. The others as in `settle_waiting`."""
    stream = keys.entries(keys.ORDERS, shard)
    entries = []
    for one in said:
        effects = park(one, code, why, now_ms) + _note(one, notes, shard)
        entries.append((stream, one.entry, effects + _tell_parked(one, code, events, contact_id, shard)))
    settlement.add((), entries, _unclaim(reference, cancels=cancels))


def _tell_parked(one: Said, code: str, events: Events, contact_id: str, shard: int) -> list[Command]:
    return events.tell_parked(
        one.lead,
        code,
        shard,
        once=f"order {one.entry.decode()}",
        customer=one.customer,
        kind=_kind(one.fields),
        body=one.fields.get(BODY, b""),
        private=_private(one, [one]),
        order_ref=one.reference,
        contact_id=contact_id,
        intent=one.intent,
    )


def _note(one: Said, notes: Notes, shard: int, order_id: str = "") -> list[Command]:
    """The commands that leave a note about what makes or cancels an order; without the order while a person decides."""
    if one.kind is Kind.TELLS or not notes.wants(one.intent):
        return []
    return [to_notes(shard, one.lead, one.version, one.fields, order_id), to_wait(one.lead)]


def _unclaim(reference: str, *, cancels: bool) -> list[Command]:
    """A person decides when the change goes on; payments do not wait for that."""
    if not reference:
        return []
    return [("HDEL", keys.order(reference), "pending"), *(_take_back_cancel(reference) if cancels else ())]


def reopen_superseded(said: Sequence[Said], plan: Plan, cancelled: int) -> list[Command]:
    """The commands that let the link ask again where the cancel that closed it (`cancelled`: its version) had to wait,
    and a later cart came first."""
    is_ours = any(one.kind is Kind.CANCELS and one.version == cancelled for one in said)
    is_superseded = parse(plan.why).code == "order_superseded"
    return _take_back_cancel(plan.reference) if is_ours and is_superseded else []


def _take_back_cancel(reference: str) -> list[Command]:
    order = keys.order(reference)
    return [("HSET", order, "cancelled", 0), ("HINCRBY", order, "revision", 1), ("EXPIRE", order, KNOWN_SECONDS)]


def settle_gone(settlement: Settlement, stream: str, entries: Sequence[bytes]) -> None:
    """Append that entries leave without a trace: their customer is forgotten."""
    settlement.add((), [(stream, entry, ()) for entry in entries])


def park(one: Said, code: str, why: Reason, now_ms: int) -> list[Command]:
    """The commands that park an order's event."""
    fields = {**one.fields, VERSION: version_text(one.version)}
    return [
        ("SET", keys.parked_order(one.lead), pack_fields(fields), "EX", PARKED_SECONDS),
        ("ZADD", keys.PARKED_ORDERS, now_ms, one.lead),
        _receipt(one, now_ms, order=f"{PARKED}: {code}: {why}"),
        count("order_parked"),
        figure(f"parked_orders:{code}"),
    ]


def park_unreadable(
    entry: bytes, fields: Mapping[bytes, bytes], events: Events, shard: int, now_ms: int
) -> list[Command]:
    """The commands that park an entry that is no event, and tell so."""
    lead, why = fields.get(LEAD, b"").decode("ascii", "replace"), reason("event_unreadable")
    return [
        ("SET", keys.parked_order(lead), pack_fields(fields), "EX", PARKED_SECONDS),
        ("ZADD", keys.PARKED_ORDERS, now_ms, lead),
        ("HSET", keys.receipt(lead), *receipt(order=f"{PARKED}: unreadable: {why}", order_ms=now_ms)),
        count("order_parked"),
        figure("parked_orders:unreadable"),
        *events.tell_parked(lead, "unreadable", shard, once=f"order {entry.decode()}", kind=_kind(fields)),
    ]


def _receipt(one: Said, now_ms: int, **values: Any) -> Command:
    return ("HSET", keys.receipt(one.lead), *receipt(**values, order_ms=now_ms))
