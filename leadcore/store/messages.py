"""The records of messages by themselves (`leadcore.store.outgoing`): what became of each. They hold no text."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from leadcore.event import identity
from leadcore.fields import MESSAGE, PLACE, RECEIPT
from leadcore.reasons import english, modernize
from leadcore.store import keys, scripts
from leadcore.store.bell import Bell
from leadcore.store.connection import AWAY, Redis
from leadcore.store.lua import COUNT, RING
from leadcore.store.outgoing import QUEUED, Outgoing, make_fields
from leadcore.store.streams import BELL_SECONDS

NEW, SAME, OTHER = "new", "same", "other"

_PUT = (
    """
-- Returns 'same' or 'other' if there is a message of this id (whether it was asked for likewise), else 'put' or 'rang'.
-- ARGV: the digest of the request, then the sizes of the record's and of the entry's fields, then the fields of both.
local record, stream, bell = unpack(KEYS)
local request, bell_seconds, size = ARGV[1], ARGV[2], tonumber(ARGV[3])
"""
    + COUNT
    + scripts.PUT_MESSAGE
    + f"""
if redis.call('EXISTS', record) == 1 then
  return redis.call('HGET', record, '{MESSAGE["request"]}') == request and '{SAME}' or '{OTHER}'
end
put_message(record, ARGV, 4, 3 + size, stream, 4 + size, #ARGV)
"""
    + RING
)


@dataclass(frozen=True, slots=True)
class Message:
    """The record of a message. `state`: "waiting", "held", "sending", "sent", "failed", "interrupted" or
    "discarded"; `why`: a reason, "" if there is none. Times are ms of Redis' clock."""

    id: str
    customer_id: str
    state: str
    why: str
    queued_ms: int
    changed_ms: int
    held_until_ms: int | None
    count: int
    urgent: bool

    def as_dict(self) -> dict[str, Any]:
        """For JSON; the reason in English."""
        return {
            "id": self.id,
            "customer_id": self.customer_id,
            "state": self.state,
            "reason": english(self.why),
            "queued_ms": self.queued_ms,
            "changed_ms": self.changed_ms,
            "held_until_ms": self.held_until_ms,
            "messages": self.count,
            "urgent": self.urgent,
        }


class Messages:
    """Over one Redis connection. Every method raises redis-py's errors."""

    def __init__(self, connection: Redis, shards: int) -> None:
        self.redis, self.shards = connection, shards
        self.bell = Bell(connection)
        self._put = connection.register_script(_PUT)

    def put(self, message: Outgoing, key: str, taken_ms: int = 0) -> str:
        """`NEW`: it waits in the outbox; `SAME`: this message was put before; `OTHER`: another one was, under its id.
        `key`: what only the sender knows, for the digest of what is sent. `taken_ms`: when it was put first, if it is
        put again: before what its customer is sent since."""
        shard = keys.shard_of(identity(message.customer), self.shards)
        record, entry = make_fields(message)
        entry += (PLACE, f"{taken_ms}-0") if taken_ms else ()
        request = message.digest(key)
        record += (MESSAGE["request"], request)
        outcome: bytes = self._put(
            keys=[keys.message(message.id), keys.entries(keys.OUTBOX, shard), keys.bell(keys.OUTBOX, shard)],
            args=[request, BELL_SECONDS, len(record), *record, *entry],
        )
        if outcome == b"rang":
            # It is in the outbox; if ringing fails, a sweep finds it within seconds.
            with suppress(*AWAY):
                self.bell.ring(keys.OUTBOX, shard)
        return outcome.decode() if outcome in (b"same", b"other") else NEW

    def read(self, message_id: str) -> Message | None:
        """The record of a message; None if there is none, or no longer."""
        return unpack(message_id, self.redis.hgetall(keys.message(message_id)))

    def read_newest(self, count: int) -> list[Message]:
        """The last `count` messages, newest first."""
        ids = [one.decode() for one in self.redis.zrevrange(keys.MESSAGES, 0, count - 1)]
        return [found for found in read_messages(self.redis, ids) if found]


def read_messages(redis: Redis, ids: Sequence[str]) -> list[Message | None]:
    """The record of each message in one round trip, None where there is none. Raises redis-py's errors."""
    pipe = redis.pipeline(transaction=False)
    for one in ids:
        pipe.hgetall(keys.message(one))
    return [unpack(one, stored) for one, stored in zip(ids, pipe.execute(), strict=True)]


def unpack(message_id: str, stored: Mapping[bytes, bytes]) -> Message | None:
    """The message in a stored record."""
    if not stored:
        return None
    text = {key.decode(): value.decode("utf-8", "replace") for key, value in stored.items()}

    def number(letter: str) -> int:
        return int(text[letter]) if text.get(letter, "").isdecimal() else 0

    state, _, why = text.get(RECEIPT["message"], QUEUED).partition(": ")
    state = "waiting" if state == QUEUED else state
    queued_ms = number(RECEIPT["received_ms"])
    return Message(
        id=message_id,
        customer_id=text.get(RECEIPT["customer_id"], ""),
        state=state,
        why=modernize(why),
        queued_ms=queued_ms,
        changed_ms=number(RECEIPT["message_ms"]) or queued_ms,
        held_until_ms=number(MESSAGE["until_ms"]) if state == "held" else None,
        count=number(MESSAGE["count"]),
        urgent=MESSAGE["urgent"] in text,
    )
