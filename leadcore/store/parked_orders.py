"""Events whose order could not be written. Their contact is written, so nobody loses a customer; a person decides when
the order is tried again."""

from contextlib import suppress
from dataclasses import replace

from leadcore import receipts
from leadcore.event import read_customer_id
from leadcore.fields import BODY, RECEIPT
from leadcore.reasons import NO_REASON, Reason, reason
from leadcore.receipts import WAITING, Receipt
from leadcore.store import keys
from leadcore.store.bell import Bell
from leadcore.store.connection import AWAY, Redis
from leadcore.store.lua import ENTRY_FIELDS, NOTE_RETRY, RING, TAKE_KEPT, UNPACK_FIELDS
from leadcore.store.streams import BELL_SECONDS, unpack_fields

GONE = reason("no_order_waits")
CART_GONE = reason("order_cart_gone")
FULL = "full"
"""The code of those that were parked without their carts, for want of room."""
# All the codes with which an order can be parked.
CODES = ("error", "full", "no_contact", "race", "refused", "row", "unreadable", "unsettled", "vanishing")
_RETRY = (
    """
-- Returns 'gone', 'put' or 'rang'. ARGV from 6 on: the receipt's fields. ORDER: the receipt's field.
local stream, bell = KEYS[5], KEYS[6]
local bell_seconds = ARGV[5]
"""
    + f"local ORDER = '{RECEIPT['order']}'\n"
    + ENTRY_FIELDS
    + UNPACK_FIELDS
    + TAKE_KEPT
    + NOTE_RETRY
    + """
local entry = unpack_fields(packed, {[KIND] = true, [TRIES] = true})
redis.call('XADD', stream, '*', KIND, 'retry', unpack(entry))
if redis.call('EXISTS', receipt) == 1 then
  note_retry(ORDER)
  redis.call('HSET', receipt, unpack(ARGV, 6))
end
"""
    + RING
)
_DISCARD = (
    "-- Returns 'gone' or 'done'.\n"
    + f"local ORDER = '{RECEIPT['order']}'\n"
    + TAKE_KEPT
    + """
local order = redis.call('HGET', receipt, ORDER)
if order then redis.call('HSET', receipt, ORDER, 'discarded' .. (string.match(order, ': .*') or '')) end
return 'done'
"""
)


class ParkedOrders:
    """Over one Redis connection. Every method raises redis-py's errors."""

    def __init__(self, connection: Redis, shards: int, actions_kept: int) -> None:
        self.redis, self.shards, self.actions_kept = connection, shards, actions_kept
        self.bell = Bell(connection)
        self._retry = connection.register_script(_RETRY)
        self._discard = connection.register_script(_DISCARD)

    def retry(self, lead: str, user: str) -> Reason:
        """Put the event back into the orders' line, with its old version. "" if done, else why not."""
        packed = self.redis.get(keys.parked_order(lead))
        if packed is None:
            self.redis.zrem(keys.PARKED_ORDERS, lead)
            return GONE
        fields = unpack_fields(packed)
        if BODY not in fields:
            return CART_GONE
        customer_id = read_customer_id(fields[BODY])
        if not customer_id:
            return reason("no_event")
        shard = keys.shard_of(customer_id, self.shards)
        outcome = self._retry(
            keys=[*_keys(lead), keys.entries(keys.ORDERS, shard), keys.bell(keys.ORDERS, shard)],
            args=[lead, "retry", user, self.actions_kept, BELL_SECONDS, *receipts.pack(order=WAITING)],
        )
        if outcome == b"rang":
            # It is in the stream; if ringing fails, a sweep finds it within seconds.
            with suppress(*AWAY):
                self.bell.ring(keys.ORDERS, shard)
        return GONE if outcome == b"gone" else NO_REASON

    def discard(self, lead: str, user: str) -> Reason:
        """Delete the event's cart. "" if done, else why not."""
        outcome = self._discard(keys=_keys(lead), args=[lead, "discard", user, self.actions_kept])
        return GONE if outcome == b"gone" else NO_REASON


def as_parked(receipt: Receipt) -> Receipt:
    """The receipt of a written lead whose order is parked, with a reason like that of a parked lead."""
    _, _, why = receipt.order.partition(": ")
    code, _, inner = why.partition(": ")
    return replace(receipt, reason=f"{code}: {reason('order_not_made', why=inner or why)}")


def _keys(lead: str) -> tuple[str, ...]:
    return keys.parked_order(lead), keys.PARKED_ORDERS, keys.receipt(lead), keys.ACTIONS
