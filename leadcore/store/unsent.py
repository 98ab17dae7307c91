"""Messages that could not be sent: kept for a week, because only a person knows whether they still make sense."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from leadcore import event, receipts
from leadcore.receipts import Receipt
from leadcore.store import keys
from leadcore.store.bell import Bell
from leadcore.store.connection import AWAY, Redis
from leadcore.store.scripts import TAKE_KEPT
from leadcore.store.streams import BELL_SECONDS, unpack_fields

RETRY = b"retry"
GONE = "its message is not waiting for anybody"

# KEYS: message, index of messages, receipt, actions, then retry: stream, bell, mark of what was told
# ARGV: lead, command, user, actions kept, then retry: bell seconds; then the receipt's fields
_RETRY = (
    TAKE_KEPT
    + """
redis.call('DEL', KEYS[7])
local entry = {}
for name, value in string.gmatch(packed, '([^\\31]*)\\31([^\\31]*)\\31') do
  if name ~= 'k' and name ~= 'n' then
    entry[#entry + 1] = name
    entry[#entry + 1] = value
  end
end
redis.call('XADD', KEYS[5], '*', 'k', 'retry', unpack(entry))
if redis.call('EXISTS', KEYS[3]) == 1 then redis.call('HSET', KEYS[3], unpack(ARGV, 6)) end
if redis.call('SET', KEYS[6], '1', 'NX', 'EX', ARGV[5]) then return 'rang' end
return 'put'
"""
)
_DISCARD = TAKE_KEPT + "return 'done'"


class Unsent:
    """Over one Redis connection. Every method raises redis-py's errors."""

    def __init__(self, connection: Redis, shards: int, actions_kept: int) -> None:
        self.redis, self.shards, self.actions_kept = connection, shards, actions_kept
        self.bell = Bell(connection)
        self._retry = connection.register_script(_RETRY)
        self._discard = connection.register_script(_DISCARD)

    def retry(self, lead: str, user: str) -> str:
        """Send the message after all, whatever its age and the hour. "" if it is on its way, else why not."""
        packed = self.redis.get(keys.unsent(lead))
        if packed is None:
            self.redis.zrem(keys.UNSENT, lead)
            return GONE
        fields = unpack_fields(packed)
        shard = keys.shard_of(event.identity(json.loads(fields[b"c"])["id"]), self.shards)
        outcome = self._retry(
            keys=[
                *_keys(lead),
                keys.entries(keys.OUTBOX, shard),
                keys.bell(keys.OUTBOX, shard),
                keys.message_sent(fields[b"c"], fields[b"t"]),
            ],
            args=[lead, "retry", user, self.actions_kept, BELL_SECONDS, *receipts.pack(message="queued")],
        )
        if outcome == b"rang":
            # It is in the outbox; if ringing fails, a keeper finds it within seconds.
            with suppress(*AWAY):
                self.bell.ring(keys.OUTBOX, shard)
        return GONE if outcome == b"gone" else ""

    def discard(self, lead: str, user: str) -> str:
        """Give the message up. "" if done, else why not."""
        outcome = self._discard(keys=_keys(lead), args=[lead, "discard", user, self.actions_kept])
        return GONE if outcome == b"gone" else ""


def as_parked(receipt: Receipt) -> Receipt:
    """The receipt of a written lead whose message is unsent, with a reason as a parked one has it."""
    fate, _, why = receipt.message.partition(": ")
    return replace(receipt, reason=f"{fate}: its message was not sent, {why}")


def wanted(fields: Mapping[bytes, bytes]) -> bool:
    """Whether a person asked for this message: then it leaves at any hour."""
    return fields.get(b"k") == RETRY


def _keys(lead: str) -> tuple[str, ...]:
    return keys.unsent(lead), keys.UNSENT, keys.receipt(lead), keys.ACTIONS
