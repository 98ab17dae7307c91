"""Events whose order or note could not be written, and news of payments that could not be noted. A person decides when
they are tried again. The contact of such an event is written, so nobody loses a customer."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import msgspec

from leadcore import receipts
from leadcore.event import read_customer_id
from leadcore.fields import BODY, RECEIPT
from leadcore.reasons import NO_REASON, Reason, reason
from leadcore.receipts import WAITING, Receipt
from leadcore.store import keys
from leadcore.store.bell import Bell
from leadcore.store.connection import AWAY, Redis
from leadcore.store.lua import ENTRY_FIELDS, NOTE_RETRY, NOW, RING, SINCE, TAKE_KEPT, UNPACK_FIELDS
from leadcore.store.payments import PERSON, REMEMBER_SECONDS, PaymentNews, read_news
from leadcore.store.streams import BELL_SECONDS, unpack_fields

GONE = reason("no_order_waits")
CART_GONE = reason("order_cart_gone")
NO_NOTE = reason("no_note_waits")
NOTE_GONE = reason("note_gone")
FULL = "full"
"""The code of orders that were parked without their carts, for want of room."""
NOTES_FULL = "notes_full"
"""The same of notes."""
# All the codes with which an order can be parked.
CODES = ("error", "full", "no_contact", "race", "refused", "row", "unreadable", "unsettled", "vanishing")
PAYMENT_CODES = (
    "no_order", "paid_amount", "paid_cancelled", "paid_twice", "refund_amount", "refused", "row",
    "unreadable", "vanishing",
)  # fmt: skip
"""All the codes with which a payment can be parked."""
NOTE_CODES = ("no_contact", NOTES_FULL, "refused", "row", "unreadable")
"""All the codes with which a note can be parked."""
_RETRY = (
    """
-- Returns 'gone', 'put' or 'rang'. state: the receipt's field that says why it waits; ARGV from 7 on: its new fields.
local stream, bell = KEYS[5], KEYS[6]
local bell_seconds, state = ARGV[5], ARGV[6]
"""
    + ENTRY_FIELDS
    + UNPACK_FIELDS
    + TAKE_KEPT
    + NOTE_RETRY
    + SINCE
    + """
local entry = unpack_fields(packed, {[KIND] = true, [TRIES] = true})
redis.call('XADD', stream, '*', KIND, 'retry', unpack(entry))
if redis.call('EXISTS', receipt) == 1 then
  note_retry(state)
  redis.call('HSET', receipt, SINCE[state], string.format('%.0f', now), unpack(ARGV, 7))
end
"""
    + RING
)
_DISCARD = (
    "-- Returns 'gone' or 'done'. state: as in _RETRY. known, discarded and seconds: of a payment that a person said.\n"
    "local state = ARGV[5]\nlocal known, discarded, seconds = KEYS[5], KEYS[6], ARGV[6]\n"
    + TAKE_KEPT
    + NOW
    + SINCE
    + """
local before = redis.call('HGET', receipt, state)
if before then
  local said = 'discarded' .. (string.match(before, ': .*') or '')
  redis.call('HSET', receipt, state, said, SINCE[state], string.format('%.0f', now))
end
if known then
  -- It can be said again: by a move of its order, only by a later one.
  redis.call('DEL', known)
  redis.call('SET', discarded, string.format('%.0f', now), 'EX', seconds)
end
return 'done'
"""
)


class ParkedOrders:
    """Over one Redis connection. Every method raises redis-py's errors. `state`: what of a receipt says why it waits;
    `gone`, `empty`: why nothing can be done where nothing waits, or where it waits without its body."""

    kept: tuple[Callable[[str], str], str] = (keys.parked_order, keys.PARKED_ORDERS)
    line = keys.ORDERS
    state = "order"
    gone, empty = GONE, CART_GONE

    def __init__(self, connection: Redis, shards: int, actions_kept: int) -> None:
        self.redis, self.shards, self.actions_kept = connection, shards, actions_kept
        self.bell = Bell(connection)
        self._retry = connection.register_script(_RETRY)
        self._discard = connection.register_script(_DISCARD)

    def retry(self, lead: str, user: str) -> Reason:
        """Put the event back into the orders' line, with its old version. "" if done, else why not."""
        of, index = self.kept
        packed = self.redis.get(of(lead))
        if packed is None:
            self.redis.zrem(index, lead)
            return self.gone
        fields = unpack_fields(packed)
        if BODY not in fields:
            return self.empty
        owner = self.read_owner(fields[BODY])
        if not owner:
            return reason("no_event")
        shard = keys.shard_of(owner, self.shards)
        outcome = self._retry(
            keys=[*self._keys(lead), keys.entries(self.line, shard), keys.bell(self.line, shard)],
            args=[
                *(lead, "retry", user, self.actions_kept, BELL_SECONDS, RECEIPT[self.state]),
                *receipts.pack(**{self.state: WAITING}),
            ],
        )
        if outcome == b"rang":
            # It is in the stream; if ringing fails, a sweep finds it within seconds.
            with suppress(*AWAY):
                self.bell.ring(self.line, shard)
        return self.gone if outcome == b"gone" else NO_REASON

    def discard(self, lead: str, user: str) -> Reason:
        """Delete what waits. "" if done, else why not."""
        return self._delete(lead, user)

    def _delete(self, lead: str, user: str, names: Sequence[str] = (), more: Sequence[Any] = ()) -> Reason:
        args = [lead, "discard", user, self.actions_kept, RECEIPT[self.state], *more]
        outcome = self._discard(keys=[*self._keys(lead), *names], args=args)
        return self.gone if outcome == b"gone" else NO_REASON

    def read_owner(self, body: bytes) -> str:
        """Whose shard an entry with this body belongs to, "" if it cannot be read."""
        return read_customer_id(body)

    def _keys(self, lead: str) -> tuple[str, ...]:
        of, index = self.kept
        return of(lead), index, keys.receipt(lead), keys.ACTIONS


class ParkedPayments(ParkedOrders):
    """News of payments, by their ids."""

    kept = (keys.parked_payment, keys.PARKED_PAYMENTS)
    line = keys.PAYMENTS

    def read(self, lead: str) -> PaymentNews | None:
        """The news of this id, None if they do not wait for a person, or cannot be read."""
        return _read_news(unpack_fields(self.redis.get(keys.parked_payment(lead)) or b"").get(BODY, b""))

    def read_owner(self, body: bytes) -> str:
        news = _read_news(body)
        return news.reference if news else ""

    def discard(self, lead: str, user: str) -> Reason:
        """As of orders; what a person said can be said again then, but the move of an order that said it says nothing
        any more. Whoever else said it may repeat it for ever."""
        news = self.read(lead)
        if news and news.event_id.startswith(PERSON):
            said = keys.payment_event(lead), keys.discarded_payment(news.reference)
            return self._delete(lead, user, said, [REMEMBER_SECONDS])
        return super().discard(lead, user)


def _read_news(body: bytes) -> PaymentNews | None:
    try:
        return read_news(body)
    except msgspec.DecodeError:
        return None


class ParkedNotes(ParkedOrders):
    """Notes, by their leads."""

    kept = (keys.parked_note, keys.PARKED_NOTES)
    line = keys.NOTES
    state = "note"
    gone, empty = NO_NOTE, NOTE_GONE


def as_parked(receipt: Receipt) -> Receipt:
    """The receipt of a written lead whose order is parked, with a reason like that of a parked lead."""
    code, why = _split(receipt.order)
    return replace(receipt, reason=f"{code}: {reason('order_not_made', why=why)}")


def as_parked_payment(receipt: Receipt) -> Receipt:
    """The receipt of parked news of a payment, in the same way."""
    code, why = _split(receipt.order)
    return replace(receipt, reason=f"{code}: {reason('payment_not_noted', why=why)}")


def as_parked_note(receipt: Receipt) -> Receipt:
    """The receipt of a written lead whose note is parked, in the same way."""
    code, why = _split(receipt.note)
    return replace(receipt, reason=f"{code}: {reason('note_not_written', why=why)}")


def _split(state: str) -> tuple[str, str]:
    _, _, why = state.partition(": ")
    code, _, inner = why.partition(": ")
    return code, inner or why
