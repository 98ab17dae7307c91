"""Pure: what follows from news of a payment.

- What is paid has to be what the order costs, once, and not after it was cancelled; else a person decides.
- An order is moved to the stage of paid orders if that is forward, never back.
- Of an order that Redis has forgotten, HubSpot's payment status says whether it was paid.
- News come in any order: a refund waits for its payment, a late failure changes nothing, and neither does the begin of
  a dispute that is closed.
- While a dispute is open its order is disputed; once it is lost, what it took counts as given back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import msgspec
from msgspec import Struct

from leadcore.config import Language
from leadcore.events import Command, Event, Events
from leadcore.fields import BODY, LEAD, PUT_OFF, TRIES
from leadcore.orders.money import from_units
from leadcore.reasons import NO_REASON, Reason, reason
from leadcore.receipts import PARKED, PARKED_SECONDS
from leadcore.receipts import pack as receipt
from leadcore.store import keys
from leadcore.store.counters import count, figure
from leadcore.store.orders import OrderState
from leadcore.store.outgoing import Outgoing, outgoing
from leadcore.store.payments import NOT_SAID, PERSON, PaymentNews
from leadcore.store.streams import pack_fields
from workers.rules.orders.portal import OrderPortal
from workers.rules.orders.property_names import NAMES
from workers.rules.orders.thanks import Thanks
from workers.rules.retry import POSTPONED, find_lead_retry, wait_seconds
from workers.rules.sending import HOUR_MS, MAX_AGE_HOURS

_SPELLINGS: Mapping[str, Sequence[str]] = {
    "paid": ("paid", "complete", "completed"),
    "failed": ("failed", "unpaid"),
    "refunded": ("refunded",),
    "partially_refunded": ("partially_refunded", "partial refund", "refunded"),
    "disputed": ("disputed", "chargeback"),
}
GIVE_BACK = ("refunded", "dispute_lost")
"""The kinds of news by which money of the shop is gone."""
# A failure, a dispute and its end have no event of their own.
_EVENTS = {
    "paid": "order.paid",
    **dict.fromkeys(GIVE_BACK, "order.refunded"),
    **dict.fromkeys(("failed", "disputed", "dispute_won"), "order.updated"),
}


POSTPONED_MS = 24 * HOUR_MS
"""For so long a payment waits for another cart of its order."""


class Decision(Struct, frozen=True):
    """`does`: "apply" it; "done": nothing follows; "wait": try again later; "park": a person decides; the last two with
    `code` and `why`. `fields`: what payments know of the order from then on, which is a compare-and-set. `status`: of
    the payment, one of `_SPELLINGS`."""

    does: Literal["apply", "done", "wait", "park"]
    code: str = ""
    why: Reason = NO_REASON
    fields: Mapping[str, Any] = {}
    status: str = ""


def decide(news: PaymentNews, id: str, state: OrderState) -> Decision:
    """What to do about the news of this id (its entry's). `state`: of the order, which is known."""
    if state.pending:
        return Decision("wait", POSTPONED, reason("payment_meanwhile"))
    if news.kind == "paid":
        return _decide_paid(news, id, state)
    if news.kind == "failed":
        return Decision("done") if state.paid else Decision("apply", status="failed")
    if not state.paid:
        return Decision("wait", "no_order", reason("payment_unpaid"))
    if _is_other(news, state):
        # What was paid twice, and given back: the order itself is still paid.
        return Decision("done")
    is_unclear = bool(news.payment) and not state.paid_by.partition(" ")[2]
    if news.kind == "dispute_won":
        return Decision("done") if is_unclear else _apply(state, disputes=_note_dispute(news, state, 0))
    if news.amount == 0:
        # Nothing is given back, or asked back.
        return Decision("done")
    if news.amount == NOT_SAID or is_unclear:
        # Of an order that the shop or a person said to be paid, this may be of another payment.
        return Decision("park", "refund_amount", reason("refund_unclear"))
    if news.currency != state.currency or (state.units is not None and news.amount > state.units):
        return Decision("park", "refund_amount", reason("refund_amount"))
    if news.kind == "disputed":
        is_closed = _read_disputes(state).get(_name_dispute(news)) is not None
        return Decision("done") if is_closed else _apply(state, disputes=_note_dispute(news, state, None))
    if news.kind == "dispute_lost":
        return _apply(state, disputes=_note_dispute(news, state, news.amount))
    return Decision("done") if news.amount < state.refunded else _apply(state, refunded=news.amount)


def _decide_paid(news: PaymentNews, id: str, state: OrderState) -> Decision:
    if state.paid:
        if state.paid_by.partition(" ")[0] == id:
            # The worker died before this was settled.
            return Decision("apply", status=_find_status(state))
        paid_before = state.paid_by.partition(" ")[2]
        if news.event_id.startswith(PERSON) or (news.payment and news.payment == paid_before):
            return Decision("done")
        # Where a person or the shop said it before, this may be the same money, which must not be given back.
        is_unclear = bool(news.payment) and not paid_before
        why = reason("payment_said_before") if is_unclear else reason("payment_twice")
        return Decision("park", "paid_twice", why)
    if state.cancelled:
        return Decision("park", "paid_cancelled", reason("payment_cancelled"))
    if (news.amount, news.currency) != (state.units, state.currency):
        return Decision("park", "paid_amount", reason("payment_amount"))
    return Decision("apply", fields={"paid": "1", "paid_by": f"{id} {news.payment}"}, status="paid")


def _is_other(news: PaymentNews, state: OrderState) -> bool:
    paid = state.paid_by.partition(" ")[2]
    return bool(paid and news.payment and news.payment != paid)


def _apply(state: OrderState, **fields: Any) -> Decision:
    return Decision("apply", fields=fields, status=_find_status(replace(state, **fields)))


def _find_status(state: OrderState) -> str:
    """That of an order that was paid."""
    if None in _read_disputes(state).values():
        return "disputed"
    back = find_back(state)
    if not back:
        return "paid"
    return "refunded" if state.units is None or back >= state.units else "partially_refunded"


def find_back(state: OrderState) -> int:
    """What of the payment the shop has no longer, in the smallest unit."""
    return state.refunded + sum(filter(None, _read_disputes(state).values()))


def _name_dispute(news: PaymentNews) -> str:
    return news.dispute if news.dispute.isidentifier() else "-"


def _read_disputes(state: OrderState) -> dict[str, int | None]:
    """By id what each has taken, None while it is open."""
    words = (word.partition(":") for word in state.disputes.split())
    return {id: int(taken) if closed else None for id, closed, taken in words}


def _note_dispute(news: PaymentNews, state: OrderState, taken: int | None) -> str:
    noted = _read_disputes(state) | {_name_dispute(news): taken}
    return " ".join(id if taken is None else f"{id}:{taken}" for id, taken in noted.items())


def is_paid(seen: Mapping[str, str], portal: OrderPortal) -> bool:
    """Whether the order was paid, whatever became of the money since. `seen`: the order as HubSpot has it."""
    name = NAMES[portal.kind].get("payment_status", "")
    value = seen.get(name) or ""
    paid = [spellings for status, spellings in _SPELLINGS.items() if status != "failed"]
    return any(value.casefold() in one or (value and value == portal.options.pick(name, one)) for one in paid)


def make_values(status: str, seen: Mapping[str, str], portal: OrderPortal, paid_stage: str) -> dict[str, str]:
    """What is written of the order, by HubSpot's names. `seen`: the order as HubSpot has it."""
    names = NAMES[portal.kind]
    found: dict[str, str] = {}
    if (name := names.get("payment_status")) and (not portal.properties or portal.has(name)):
        value = portal.options.pick(name, _SPELLINGS[status])
        if value and value != (seen.get(name) or ""):
            found[name] = value
    if status == "paid" and (name := names.get("stage")) and (stage := _next_stage(seen.get(name), portal, paid_stage)):
        found[name] = stage
    return found


def _next_stage(current: str | None, portal: OrderPortal, paid_stage: str) -> str:
    """The id of the stage of paid orders, "" if the order is there, behind it or at its end."""
    paid = portal.find_stage(paid_stage)
    ids = [stage.id for stage in portal.stages]
    if paid is None or (current and current not in ids):
        return ""
    at = portal.stages[ids.index(current)] if current else None
    is_forward = at is None or (not at.closed and ids.index(at.id) < ids.index(paid.id))
    return paid.id if is_forward else ""


def settle_applied(
    news: PaymentNews,
    state: OrderState,
    decision: Decision,
    *,
    order_id: str,
    contact_id: str,
    lead: str,
    intent: str,
    now_ms: int,
    shards: int,
    shard: int,
    language: Language,
    thanks: Thanks,
    events: Events,
    age_ms: int = 0,
    cancelled: bool = False,
) -> list[Command]:
    """The commands that follow from what was applied. `lead`: whose receipt tells it, "" if there is none; `intent`:
    its intent, "" if nobody knows it; `shard`: of the customer; `age_ms`: how long ago that was said; `cancelled`: the
    order is, in HubSpot, and nobody is told. Nobody is thanked days later."""
    commands: list[Command] = [count(f"payment_{news.kind}")]
    if lead:
        said = receipt(order=decision.status, order_id=order_id, order_ref=state.reference, order_ms=now_ms)
        commands.append(("HSET", keys.receipt(lead), *said))
    # Of what is gone, all of it so far.
    units = find_back(replace(state, **decision.fields)) if news.kind in GIVE_BACK else state.units
    amount = from_units(units if units is not None else news.amount, state.currency)
    data = {
        "order": order_id,
        "order_ref": state.reference,
        "amount": f"{amount:,}",
        "currency": state.currency,
        "contact_id": contact_id,
        "intent": intent,
        "state": decision.status,
    }
    if (type := _EVENTS.get(news.kind)) and not cancelled:
        said_once = {"paid": "", "refunded": str(news.amount)}.get(news.kind, news.event_id)
        told = Event(type, state.customer, lead or state.lead, data, once=f"{state.reference} {said_once}")
        commands += events.effects(told, shard)
    is_silent = cancelled or age_ms > MAX_AGE_HOURS * HOUR_MS
    if news.kind == "paid" and state.customer is not None and not is_silent:
        text = thanks.render(language, data["amount"], state.currency, news.reference)
        if text:
            commands.append(outgoing(Outgoing(f"paid:{state.reference}", state.customer, [text]), shards))
    return commands


def give_up(fields: Mapping[bytes, bytes], decision: Decision, now_ms: int, tries: int) -> Decision:
    """`decision`, or to park what it lets wait once that was tried `tries` times, or waited for another cart for too
    long: that may be lost."""
    if decision.does != "wait":
        return decision
    if decision.code == POSTPONED:
        is_over = now_ms - int(fields.get(PUT_OFF) or now_ms) > POSTPONED_MS
        return Decision("park", "no_order", decision.why) if is_over else decision
    is_over = find_lead_retry(decision.code, free=False).tries and _count_tries(fields) + 1 >= tries
    why = reason("given_up", why=decision.why, tries=tries)
    return Decision("park", decision.code, why) if is_over else decision


def put_off(fields: Mapping[bytes, bytes], decision: Decision, *, line_shard: int, now_ms: int) -> list[Command]:
    """The commands that let the entry wait."""
    free = decision.code == POSTPONED
    retry = find_lead_retry(decision.code, free=free)
    now = _count_tries(fields) + bool(retry.tries)
    waiting = {**_without_wait(fields), TRIES: b"%d" % now}
    if free:
        waiting[PUT_OFF] = fields.get(PUT_OFF) or b"%d" % now_ms
    wait = int(wait_seconds(retry, max(now, 1)) * 1000)
    return [("ZADD", keys.later(keys.PAYMENTS, line_shard), now_ms + wait, pack_fields(waiting))]


def _count_tries(fields: Mapping[bytes, bytes]) -> int:
    return int(fields.get(TRIES, b"0"))


def _without_wait(fields: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    return {name: value for name, value in fields.items() if name != PUT_OFF}


def hand_over(fields: Mapping[bytes, bytes], news: PaymentNews, shard: int) -> Command:
    """The command that lets another shard take the entry. `news`: with the time when they were said, as the entry's own
    begins anew."""
    moved = {**fields, BODY: msgspec.json.encode(news)}
    return ("XADD", keys.entries(keys.PAYMENTS, shard), "*", *(part for pair in moved.items() for part in pair))


def park(
    id: str, fields: Mapping[bytes, bytes], code: str, why: Reason, now_ms: int, reference: str = ""
) -> list[Command]:
    """The commands that park an entry; it has a receipt of its own."""
    of = {"order_ref": reference} if reference else {}
    said = receipt(order=f"{PARKED}: {code}: {why}", order_ms=now_ms, **of)
    return [
        ("SET", keys.parked_payment(id), pack_fields(_without_wait(fields)), "EX", PARKED_SECONDS),
        ("ZADD", keys.PARKED_PAYMENTS, now_ms, id),
        ("HSET", keys.receipt(id), *said),
        count("payment_parked"),
        figure(f"parked_payments:{code}"),
    ]


def id_of(fields: Mapping[bytes, bytes]) -> str:
    """The id of an entry of the line."""
    return fields.get(LEAD, b"").decode("ascii", "replace")
