"""What a payment link has to know of an order at the click: a hash under `keys.order`, whose fields are decimal text.

    amount      what is to be paid now, in the currency's smallest unit; absent: what the link says
    currency    ISO 4217
    paid        "1" once it is paid
    cancelled   "1" once it is cancelled
    revision    counts the changes; every write of the others and of `session` is a compare-and-set on it
    session     the payment session of the provider that is open: "number amount id"

The hash may be absent: then nothing but the link is known of the order, and opening a session makes one that ends by
itself. Whoever keeps the order's record writes `amount` and clears the expiry (PERSIST).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leadcore.store import keys
from leadcore.store.lua import DEL_FIRST

if TYPE_CHECKING:
    from leadcore.store.connection import Redis

ORPHAN_SECONDS = 45 * 86_400
"""Of a hash that only a session made; a link lives for 30 days at most, see `leadcore.config.Payment`."""

_OPEN_SESSION = (
    """
-- Returns 1 if the order was at `revision` ("0" = it has none) and the session is noted, else 0.
local order = KEYS[1]
local revision, session, seconds = unpack(ARGV)
"""
    + DEL_FIRST
    + """
local is_new = redis.call('EXISTS', order) == 0
if (redis.call('HGET', order, 'revision') or '0') ~= revision then return 0 end
redis.call('HSET', order, 'session', session)
redis.call('HINCRBY', order, 'revision', 1)
if is_new then redis.call('EXPIRE', order, seconds) end
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


@dataclass(frozen=True, slots=True)
class OrderState:
    """An order as a payment link sees it. `units`: None if only the link knows the amount."""

    units: int | None = None
    currency: str = ""
    paid: bool = False
    cancelled: bool = False
    revision: int = 0
    session: Session | None = None


def read_order(redis: "Redis", reference: str) -> OrderState:
    """The state of the order; that of a link alone if nothing is stored. Raises redis-py's errors, and `ValueError` for
    what is no number."""
    found = {name.decode(): value.decode() for name, value in redis.hgetall(keys.order(reference)).items()}
    return OrderState(
        units=int(found["amount"]) if found.get("amount") else None,
        currency=found.get("currency", ""),
        paid=found.get("paid", "0") not in ("", "0"),
        cancelled=found.get("cancelled", "0") not in ("", "0"),
        revision=int(found.get("revision") or 0),
        session=_read_session(found.get("session", "")),
    )


def open_session(redis: "Redis", reference: str, revision: int, session: Session) -> bool:
    """Note the session if the order is still at `revision`; whether it was. Raises redis-py's errors."""
    script = redis.register_script(_OPEN_SESSION)
    packed = f"{session.number} {session.units} {session.id}"
    return bool(script(keys=[keys.order(reference)], args=[revision, packed, ORPHAN_SECONDS]))


def _read_session(packed: str) -> Session | None:
    number, _, rest = packed.partition(" ")
    units, _, session_id = rest.partition(" ")
    return Session(int(number), int(units), session_id) if session_id else None
