"""Messages that could not be sent, kept for a week: only a person can tell whether they still make sense."""

import json
from contextlib import suppress
from dataclasses import replace

from leadcore import event, receipts
from leadcore.fields import CUSTOMER
from leadcore.reasons import NO_REASON, Reason, reason
from leadcore.receipts import Receipt
from leadcore.store import keys
from leadcore.store.bell import Bell
from leadcore.store.connection import AWAY, Redis
from leadcore.store.lua import ENTRY_FIELDS, MESSAGE_FIELDS, NOTE_RETRY, RING, TAKE_KEPT, UNPACK_FIELDS
from leadcore.store.outgoing import message_key, record_key
from leadcore.store.streams import BELL_SECONDS, unpack_fields

GONE = reason("no_message_waits")

_RETRY = (
    """
-- Returns 'gone', 'put' or 'rang'. ARGV from 6 on: the receipt's fields.
local stream, bell, message_sent = unpack(KEYS, 5)
local bell_seconds = ARGV[5]
"""
    + ENTRY_FIELDS
    + MESSAGE_FIELDS
    + UNPACK_FIELDS
    + TAKE_KEPT
    + NOTE_RETRY
    + """
redis.call('DEL', message_sent)
local entry = unpack_fields(packed, {[KIND] = true, [TRIES] = true, [PLACE] = true})
redis.call('XADD', stream, '*', KIND, 'retry', unpack(entry))
if redis.call('EXISTS', receipt) == 1 then
  note_retry(MESSAGE)
  redis.call('HSET', receipt, MESSAGE_AT, string.format('%.0f', now), unpack(ARGV, 6))
end
"""
    + RING
)
_DISCARD = (
    "-- Returns 'gone' or 'done'.\n"
    + MESSAGE_FIELDS
    + TAKE_KEPT
    + """
local message = redis.call('HGET', receipt, MESSAGE)
if message then redis.call('HSET', receipt, MESSAGE, 'discarded' .. (string.match(message, ': .*') or '')) end
return 'done'
"""
)


class Unsent:
    """Over one Redis connection. Every method raises redis-py's errors."""

    def __init__(self, connection: Redis, shards: int, actions_kept: int) -> None:
        self.redis, self.shards, self.actions_kept = connection, shards, actions_kept
        self.bell = Bell(connection)
        self._retry = connection.register_script(_RETRY)
        self._discard = connection.register_script(_DISCARD)

    def retry(self, lead: str, user: str) -> Reason:
        """Put the message back into the outbox; it is sent whatever its age and the hour. "" if done, else why not."""
        packed = self.redis.get(keys.unsent(lead))
        if packed is None:
            self.redis.zrem(keys.UNSENT, lead)
            return GONE
        fields = unpack_fields(packed)
        shard = keys.shard_of(event.identity(json.loads(fields[CUSTOMER])["id"]), self.shards)
        outcome = self._retry(
            keys=[
                *_keys(lead),
                keys.entries(keys.OUTBOX, shard),
                keys.bell(keys.OUTBOX, shard),
                message_key(fields),
            ],
            args=[lead, "retry", user, self.actions_kept, BELL_SECONDS, *receipts.pack(message="queued")],
        )
        if outcome == b"rang":
            # It is in the outbox; if ringing fails, a sweep finds it within seconds.
            with suppress(*AWAY):
                self.bell.ring(keys.OUTBOX, shard)
        return GONE if outcome == b"gone" else NO_REASON

    def discard(self, lead: str, user: str) -> Reason:
        """Delete the message. "" if done, else why not."""
        outcome = self._discard(keys=_keys(lead), args=[lead, "discard", user, self.actions_kept])
        return GONE if outcome == b"gone" else NO_REASON


def as_parked(receipt: Receipt) -> Receipt:
    """The receipt of a written lead whose message is unsent, with a reason like that of a parked lead."""
    state, _, why = receipt.message.partition(": ")
    what = reason("message_uncertain", why=why) if state == "interrupted" else reason("message_not_sent", why=why)
    return replace(receipt, reason=f"{state}: {what}")


def _keys(lead: str) -> tuple[str, ...]:
    return keys.unsent(lead), keys.UNSENT, record_key(lead), keys.ACTIONS
