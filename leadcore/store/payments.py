"""What is said of payments, until a worker has done what follows from it: entries of the line `payments`.

Everything that speaks of payments (a provider's events, the shop's own system, a person) records it here, each piece of
news once, in whatever order it comes.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec import Struct

from leadcore.errors import OtherNews
from leadcore.fields import BODY, LEAD
from leadcore.store import keys
from leadcore.store.keys import ACTIONS_KEPT
from leadcore.store.lua import ACTION_FIELDS, DEL_FIRST
from leadcore.store.orders import read_order

if TYPE_CHECKING:
    from leadcore.store.connection import Redis

Kind = Literal["paid", "failed", "refunded", "disputed", "dispute_won", "dispute_lost"]
REMEMBER_SECONDS = 90 * 86_400
"""Providers send an event again for days; a person may press a button again much later."""
MOST_UNITS = 10**14
"""Nobody pays as much, in the smallest unit of any currency."""
NOT_SAID = -1
"""The amount of a refund or dispute that does not say how much."""

_RECORD = (
    """
-- Returns 1 if this news is recorded now, 0 if it was before, -1 if other news were under the same name. said: what
-- tells news apart; older versions stored '1'. `user`: the person who says it, '' for none. `moved_ms`: when the order
-- was moved to say so, '0' if that does not say it; what a person discarded of its move is not recorded again.
local known, stream, actions, discarded = unpack(KEYS)
local id, body, seconds, said, user, subject, actions_kept, moved_ms = unpack(ARGV)
"""
    + DEL_FIRST
    + ACTION_FIELDS
    + f"""
local before = redis.call('GET', known)
if before then return (before == said or before == '1') and 0 or -1 end
if moved_ms ~= '0' and tonumber(moved_ms) <= tonumber(redis.call('GET', discarded) or '0') then return 0 end
-- The mark comes last: a script that fails half-way keeps what it did.
redis.call('XADD', stream, '*', '{LEAD.decode()}', id, '{BODY.decode()}', body)
if user ~= '' then
  redis.call('XADD', actions, 'MAXLEN', '~', actions_kept, '*',
    ACTION_COMMAND, 'paid', ACTION_LEAD, subject, ACTION_USER, user)
end
redis.call('SET', known, said, 'EX', seconds)
return 1
"""
)


class PaymentNews(Struct, frozen=True, omit_defaults=True):
    """`amount`: in the smallest unit of `currency`; of a refund, all that was given back so far;
    `NOT_SAID` if a refund or dispute names none. `event_id`: what makes
    the news the same. `payment`, `dispute`: the provider's ids, "" if there is none. `said_ms`: when it happened, by
    whoever says it, ms since 1970, 0 if nobody does."""

    reference: str
    amount: int
    currency: str
    event_id: str
    kind: Kind = "paid"
    payment: str = ""
    said_ms: int = 0
    dispute: str = ""


class Payments:
    """The shards of the line over one Redis connection; a reference's news are all in the same one, and a worker
    hands over those of an order's other references."""

    def __init__(self, redis: "Redis", shards: int) -> None:
        self._shards = shards
        self._record = redis.register_script(_RECORD)

    def record(
        self,
        reference: str,
        amount: int,
        currency: str,
        event_id: str,
        *,
        kind: Kind = "paid",
        payment: str = "",
        said_ms: int = 0,
        dispute: str = "",
        user: str = "",
        lead: str = "",
    ) -> bool:
        """Record the news, whose parts are those of `PaymentNews`; False if it was recorded before. `user`: the person
        who says it, for the list of actions; `lead`: the order's, if it is known. Raises `OtherNews` and redis-py's
        errors."""
        news = PaymentNews(reference, amount, currency, event_id, kind, payment, said_ms, dispute)
        digest = _digest(event_id)
        shard = keys.shard_of(reference, self._shards)
        names = [keys.payment_event(digest), keys.entries(keys.PAYMENTS, shard), keys.ACTIONS]
        names.append(keys.discarded_payment(reference))
        said = _digest(f"{reference} {amount} {currency} {kind}")
        # No person but one who moved the order has a time to tell.
        noted = [user, lead or f"order {reference}", ACTIONS_KEPT, said_ms if event_id.startswith(PERSON) else 0]
        answer = self._record(keys=names, args=[digest, msgspec.json.encode(news), REMEMBER_SECONDS, said, *noted])
        if answer < 0:
            raise OtherNews("other news of a payment were recorded under this name")
        return bool(answer)


_ID = re.compile("[0-9a-f]{24}")


def is_payment(one: str) -> bool:
    """Whether this is the id of news of a payment, and not of a lead, which is shorter."""
    return bool(_ID.fullmatch(one))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


PERSON = "person "
"""What the event id of news begins with that a person of the shop says."""
Said = Literal["recorded", "called_off", "repeated", "unknown", "paid", "cancelled"]


def say_paid(
    redis: "Redis",
    shards: int,
    reference: str,
    user: str,
    *,
    lead: str = "",
    units: int | None = None,
    currency: str = "",
    said_ms: int = 0,
) -> Said:
    """The person `user` says that the order is paid: what it costs, or `units` of the currency; `lead` as for
    `Payments.record`; `said_ms`: when they moved the order to say so, 0 if they said it otherwise. "called_off": it is
    recorded, and a worker parks it unless the order has left the stage of cancelled ones; "repeated": that was said
    before, or a person discarded that move; "unknown": `units` are needed, as nothing is known of the order; "paid",
    "cancelled": it is so already, and nothing is recorded. Raises redis-py's errors."""
    order = read_order(redis, reference)
    if order.paid:
        return "paid"
    if order.cancelled:
        return "cancelled"
    paid = units or order.units
    currency = currency or order.currency
    if not paid or not currency:
        return "unknown"
    news = PaymentNews(reference, paid, currency, f"{PERSON}{reference} {paid} {currency}")
    recorded = Payments(redis, shards).record(
        news.reference, news.amount, news.currency, news.event_id, said_ms=said_ms, user=user, lead=lead or order.lead
    )
    if not recorded:
        return "repeated"
    return "called_off" if order.called_off else "recorded"


def discard_move(reference: str, moved_ms: int) -> Sequence[Any]:
    """The command after which the move of the order at `moved_ms` never says that it is paid."""
    return ("SET", keys.discarded_payment(reference), moved_ms, "EX", REMEMBER_SECONDS)


def read_discarded(redis: "Redis", references: Sequence[str]) -> dict[str, int]:
    """Up to when moves of each order say nothing of payments, in ms. Raises redis-py's errors."""
    found = redis.mget([keys.discarded_payment(one) for one in references]) if references else []
    return {one: int(at or 0) for one, at in zip(references, found, strict=True)}


def read_news(body: bytes) -> PaymentNews:
    """The news in an entry's body. Raises `msgspec.ValidationError`."""
    return msgspec.json.decode(body, type=PaymentNews)
