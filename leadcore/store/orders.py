"""What payments have to know of an order: a hash under `keys.order` of its reference, whose fields are text.

    main        the reference whose hash this order really has; this one then holds nothing else but `lead`
    amount      what is to be paid now, in the currency's smallest unit, "0" if nobody knows; absent: what the link says
    currency    ISO 4217
    payable     what a worker found of the cart behind `amount`: see `YES`, else why no link may ask for it, the code of
                a reason; absent: nobody has looked
    cancelled   the version of the event by which its customer has cancelled it; older versions stored "1"
    called_off  "1" while HubSpot has it in the stage of cancelled orders
    revision    counts the changes; opening a session and changing a cart are a compare-and-set on it
    session     the payment session of the provider that was opened last: "number amount id"
    opened      when that was, in ms
    pending     the reference of the cart that HubSpot is being changed to: until that is done nothing is paid
    paid        "1" once it is paid
    paid_by     of the news that said so: the entry's id, a blank, the provider's id of the payment
    refunded    what was given back, in the smallest unit
    disputes    a word for each: the provider's id, and once it is closed a colon and what it took, "0" if it was won
    customer    DealDroid's id of the customer as JSON: 123 is not "123"
    language    of the customer, a code
    lead        the lead whose cart this reference is, by the put
    cart_of     the digest of the customer, by the put: under `keys.newest_cart` of it stands "ms reference amount
                before": the version of their newest cart, its reference, its amount as above, and the reference that
                was the newest before it ("-" if there was none)

The hash may be absent: then nothing but the link is known of the order, and opening a session makes one that ends by
itself. `workers/orders/` writes the others.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from leadcore.fields import RECEIPT
from leadcore.receipts import DISCARDED, HELD, PARKED, SKIPPED
from leadcore.store import keys
from leadcore.store.lua import DEL_FIRST, NOW

if TYPE_CHECKING:
    from leadcore.store.connection import Redis

YES, COMPARED = "yes", "compared"
"""The cart adds up; and its prices are those of HubSpot's products."""
KNOWN_SECONDS = 180 * 86_400
"""After its last change; of an older order HubSpot is asked."""
ORPHAN_SECONDS = 45 * 86_400
"""Of a hash that only a session made; a link lives for 30 days at most, see `leadcore.config.Payment`."""
PATIENCE_MS = 15 * 60_000
"""For so long an order that is known waits for what its customer's newest cart does to it."""
CHECKING_MS = 60_000
"""For so long after a cart was said its customer is told that a worker is about to look at it."""
SESSION_MS = 25 * 3_600_000
"""A provider's session ends after a day at most."""

Wait = Literal["", "checking", "delayed", "dropped"]
"""What a click waits for: nothing; a worker, that is about to look; one that does not look, or a person; nothing that
will ever be, as a person gave the cart up."""

_OPEN_SESSION = (
    """
-- Returns 1 if the order was at `revision` ("0" = it has none) and the session is noted, else 0.
local order = KEYS[1]
local revision, session, seconds = unpack(ARGV)
"""
    + DEL_FIRST
    + NOW
    + """
local is_new = redis.call('EXISTS', order) == 0
if redis.call('HEXISTS', order, 'main') == 1 then return 0 end
if (redis.call('HGET', order, 'revision') or '0') ~= revision then return 0 end
redis.call('HSET', order, 'session', session, 'opened', string.format('%.0f', now))
redis.call('HINCRBY', order, 'revision', 1)
if is_new then redis.call('EXPIRE', order, seconds) end
return 1
"""
)

_CHANGE = (
    """
-- Returns 1 if the order was at `revision` ("0" = it has none) and the fields (ARGV from 3 on) are set, else 0.
local order = KEYS[1]
local revision, seconds = unpack(ARGV, 1, 2)
"""
    + DEL_FIRST
    + """
if (redis.call('HGET', order, 'revision') or '0') ~= revision then return 0 end
redis.call('HSET', order, unpack(ARGV, 3))
redis.call('HINCRBY', order, 'revision', 1)
redis.call('EXPIRE', order, seconds)
return 1
"""
)


@dataclass(frozen=True, slots=True)
class Session:
    """A provider's payment session: its number among those of the order, what it asks for in the currency's smallest
    unit, and the provider's id."""

    number: int
    units: int
    id: str


class CartNote(NamedTuple):
    """What a put notes of a cart. `units`: 0 if it cannot be paid by a link; `customer`: the digest."""

    reference: str
    units: int
    customer: str


class NewestCart(NamedTuple):
    """A customer's newest cart. `before`: the reference of the one that was the newest then, "" if there was none."""

    version_ms: int
    reference: str
    units: int
    before: str


@dataclass(frozen=True, slots=True)
class OrderState:
    """An order as payments see it. `reference`: the one whose hash this is. `units`: None if only the link knows the
    amount. `opened_ms`: when the session was opened, 0 if nobody noted that. `customer`: None if nobody knows."""

    units: int | None = None
    currency: str = ""
    paid: bool = False
    cancelled: int = 0
    called_off: bool = False
    revision: int = 0
    session: Session | None = None
    reference: str = field(default="", compare=False)
    main: str = ""
    opened_ms: int = field(default=0, compare=False)
    pending: str = ""
    paid_by: str = ""
    refunded: int = 0
    disputes: str = ""
    customer: str | int | float | None = None
    language: str = ""
    lead: str = ""
    payable: str = ""
    cart_of: str = field(default="", compare=False)

    @property
    def is_decided(self) -> bool:
        """Whether a worker has made the order, or found which one this reference means."""
        return bool(self.main) or self.customer is not None

    def is_being_paid(self, now_ms: int) -> bool:
        """Whether somebody may be paying at this moment."""
        return self.session is not None and now_ms < (self.opened_ms or now_ms) + SESSION_MS


def read_order(redis: "Redis", reference: str) -> OrderState:
    """The state of the order that was ever called `reference`; that of a link alone if nothing is stored. Raises
    redis-py's errors, and `ValueError` for what is no number."""
    found = read_orders(redis, [reference])[reference]
    return read_orders(redis, [found.main])[found.main] if found.main else found


def read_orders(redis: "Redis", references: Sequence[str]) -> dict[str, OrderState]:
    """What stands under each reference, in one round trip. Raises what `read_order` does."""
    pipe = redis.pipeline(transaction=False)
    for reference in references:
        pipe.hgetall(keys.order(reference))
    return {one: _unpack(one, stored) for one, stored in zip(references, pipe.execute(), strict=True)}


def find_wait(redis: "Redis", reference: str, now_ms: int, said_ms: int, *, compares: bool = False) -> Wait:
    """Whether nothing may be asked for under `reference` before a worker has looked: its cart, or the newest of the
    same customer, may be that of an order that has another link, or (`compares`) its prices are not compared yet.
    `said_ms`: when the link was made, for a cart that nobody noted. Raises what `read_order` does."""
    named = read_orders(redis, [reference])[reference]
    newest = read_newest_cart(redis, named.cart_of) if named.cart_of else None
    is_newest = newest is None or newest.reference == reference
    decisive = named
    if newest is not None and not is_newest and named.is_decided:
        decisive = read_orders(redis, [newest.reference])[newest.reference]
    if decisive.is_decided:
        return ""
    since_ms = said_ms if newest is None else newest.version_ms
    wait = _find_progress(redis, decisive.lead) or ("checking" if now_ms < since_ms + CHECKING_MS else "delayed")
    if named.is_decided:
        return "" if wait == "dropped" or now_ms >= since_ms + PATIENCE_MS else wait
    is_alone = is_newest and not (newest and newest.before)
    return "" if is_alone and not compares and wait != "dropped" else wait


def _find_progress(redis: "Redis", lead: str) -> Wait:
    """What is known of a cart that no worker has decided about, by its lead's receipt; "" if it is on its way."""
    state, order = redis.hmget(keys.receipt(lead), RECEIPT["state"], RECEIPT["order"]) if lead else (None, None)
    lead_is, order_is = (state or b"").decode(), (order or b"").decode().partition(":")[0]
    if DISCARDED in (lead_is, order_is):
        return "dropped"
    return "delayed" if lead_is in (PARKED, HELD, SKIPPED) or order_is == PARKED else ""


def read_newest_cart(redis: "Redis", customer: str) -> NewestCart | None:
    """The newest cart of the customer with this digest, None if nobody noted one. Raises redis-py's errors."""
    stored = redis.get(keys.newest_cart(customer))
    if not stored:
        return None
    version_ms, reference, units, before = stored.decode().split(" ")
    return NewestCart(int(version_ms), reference, int(units), before.replace("-", ""))


def open_session(redis: "Redis", reference: str, revision: int, session: Session) -> bool:
    """Note the session if the order is still at `revision`; whether it was. Raises redis-py's errors."""
    script = redis.register_script(_OPEN_SESSION)
    packed = f"{session.number} {session.units} {session.id}"
    return bool(script(keys=[keys.order(reference)], args=[revision, packed, ORPHAN_SECONDS]))


def find_cancelled(states: Iterable[OrderState]) -> dict[str, int]:
    """By reference the version of the event by which the customer has cancelled the order."""
    return {state.reference: state.cancelled for state in states if state.cancelled}


def change_orders(redis: "Redis", changes: Mapping[str, tuple[int, Mapping[str, Any]]]) -> set[str]:
    """Set fields of each order (by reference: the revision by which that was decided, and the fields) unless it has
    changed since; those that had not. Raises redis-py's errors."""
    script, pipe = redis.register_script(_CHANGE), redis.pipeline(transaction=False)
    for reference, (revision, fields) in changes.items():
        flat = [part for pair in fields.items() for part in pair]
        script(keys=[keys.order(reference)], args=[revision, KNOWN_SECONDS, *flat], client=pipe)
    answers = pipe.execute() if changes else []
    return {reference for reference, answer in zip(changes, answers, strict=True) if answer}


def call_off(reference: str) -> list[Sequence[Any]]:
    """The commands after which the link of the order asks for nothing, until `reopen`."""
    return _note(reference, "called_off", "1")


def reopen(reference: str) -> list[Sequence[Any]]:
    """The commands after which the order is cancelled no more, whoever cancelled it."""
    return _note(reference, "called_off", "0", "cancelled", "0")


def _note(reference: str, *fields: str) -> list[Sequence[Any]]:
    order = keys.order(reference)
    return [("HSET", order, *fields), ("HINCRBY", order, "revision", 1), ("EXPIRE", order, KNOWN_SECONDS)]


def _unpack(reference: str, stored: Mapping[bytes, bytes]) -> OrderState:
    found = {name.decode(): value.decode() for name, value in stored.items()}
    return OrderState(
        units=int(found["amount"]) if found.get("amount") else None,
        currency=found.get("currency", ""),
        paid=found.get("paid", "0") not in ("", "0"),
        cancelled=int(found.get("cancelled") or 0),
        called_off=found.get("called_off", "0") not in ("", "0"),
        revision=int(found.get("revision") or 0),
        session=_read_session(found.get("session", "")),
        reference=reference,
        main=found.get("main", ""),
        opened_ms=int(found.get("opened") or 0),
        pending=found.get("pending", ""),
        paid_by=found.get("paid_by", ""),
        refunded=int(found.get("refunded") or 0),
        disputes=found.get("disputes", ""),
        customer=json.loads(found["customer"]) if found.get("customer") else None,
        language=found.get("language", ""),
        lead=found.get("lead", ""),
        payable=found.get("payable", ""),
        cart_of=found.get("cart_of", ""),
    )


def _read_session(packed: str) -> Session | None:
    number, _, rest = packed.partition(" ")
    units, _, session_id = rest.partition(" ")
    return Session(int(number), int(units), session_id) if session_id else None
