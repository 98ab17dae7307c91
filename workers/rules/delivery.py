"""Pure: the Redis commands for a message and its delivery, as `workers.rules.settlement` has them for leads."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from leadcore.events import Event
from leadcore.fields import ABOUT, LEAD, MESSAGE, PLACE, TEXT, TRIES
from leadcore.reasons import reason
from leadcore.receipts import UNSENT_SECONDS, pack
from leadcore.store import keys
from leadcore.store.counters import count
from leadcore.store.outgoing import is_message, record_key
from leadcore.store.streams import When, pack_fields, unpack_fields
from workers.rules import places
from workers.rules.outcomes import DeliveryOutcome, MessageFailed, MessageKept, MessageSent, MessageUnclear
from workers.rules.retry import MESSAGE as RETRY
from workers.rules.retry import RETRIES, wait_seconds

Command = Sequence[Any]
Fields = Mapping[bytes, bytes]
"""The fields of an outbox entry, as stored in Redis."""

NOT_DELIVERED = ""
"""In the sent log: the message was certainly not delivered and may be sent again."""
CUT_OFF = f"interrupted: {reason('sender_cut_off')}"


def sent_log_state(delivery: DeliveryOutcome) -> str:
    """What the sent log stores, see `SentLog.record`."""
    match delivery:
        case MessageSent():
            return "sent"
        case MessageUnclear():
            return "interrupted"
        case MessageFailed() | MessageKept():
            return NOT_DELIVERED


def mark_sending(shard: int, entry: bytes, fields: Fields, now_ms: int) -> list[Command]:
    """For a message that is about to be sent."""
    return [("HSET", keys.sending(keys.OUTBOX, shard), entry, pack_fields(fields)), _note(fields, "sending", now_ms)]


def finish(shard: int, entry: bytes, fields: Fields, result: str, now_ms: int, *, store: bool) -> list[Command]:
    """For a message that ends with `result`: "sent", or "failed: reason" or the like. `store`: keep it for a person,
    who may retry it."""
    stored = store_unsent(fields, now_ms) if store else []
    ended = [_note(fields, result, now_ms), count("message_" + result.partition(":")[0]), *stored]
    # Whoever shows how many confirmations were sent leaves these out.
    own = [count("own_sent")] if result == "sent" and is_message(_lead_id(fields)) else []
    return [*ended, *own, *places.give_up(shard, entry, fields)]


def delivered(fields: Fields) -> str:
    """The state of a message that the customer has: "sent", or "asked" if it confirms nothing."""
    return "asked" if ABOUT in fields else "sent"


def requeue(shard: int, entry: bytes, fields: Fields, now_ms: int) -> list[Command]:
    """For a message that is sent again at once, before its customer's next."""
    stream, kept = keys.entries(keys.OUTBOX, shard), {PLACE: entry, **fields}
    return [
        ("XADD", stream, "*", *chain(*kept.items())),
        _note(fields, "queued", now_ms),
        *places.take(shard, entry, fields, now_ms),
    ]


def put_off(shard: int, entry: bytes, fields: Fields, until_ms: int, state: str, now_ms: int) -> list[Command]:
    """For a message that leaves the stream until `until_ms` and keeps its place. `state`: "waiting: reason" or the
    like."""
    member = pack_fields({PLACE: entry, **fields})
    held = (MESSAGE["until_ms"], until_ms) if state.startswith("held") else ()
    return [
        ("ZADD", keys.later(keys.OUTBOX, shard), until_ms, member),
        (*_note(fields, state, now_ms), *held),
        *places.take(shard, entry, fields, until_ms),
    ]


def describe_sent(fields: Fields, customer: str | int | float, key: str) -> Event:
    """The event that a message was sent. `key`: its `message_key`."""
    lead = fields.get(LEAD, b"").decode("ascii", "replace")
    return Event("message.sent", customer, lead, {"state": delivered(fields)}, once=key, body=fields[TEXT])


def recorded_when(delivery: DeliveryOutcome, *, repeated: bool) -> When:
    """When the record of a claimed message counts, see `leadcore.store.streams.Ended`. That it was sent, or may have
    been, is true whoever has it now; what lets it be sent again must not meet another worker's claim. `repeated`: it
    may have been recorded before."""
    match delivery:
        case MessageFailed() | MessageKept():
            return "free"
        case _:
            return "free" if repeated else "always"


def record_delivery(
    shard: int, entry: bytes, fields: Fields, delivery: DeliveryOutcome, now_ms: int, *, random: float = 0.0
) -> list[Command]:
    """For a message that was claimed. `random`: 0 to 1, for the jitter of its wait."""
    match delivery:
        case MessageSent():
            # After a failover another worker may have ended it as interrupted while the answer was on its way.
            lead = _lead_id(fields)
            kept = [("DEL", keys.unsent(lead)), ("ZREM", keys.UNSENT, lead)]
            return [*finish(shard, entry, fields, delivered(fields), now_ms, store=False), *kept]
        case MessageUnclear(why):
            return finish(shard, entry, fields, f"interrupted: {why}", now_ms, store=True)
        case MessageFailed(why, retry=False):
            return finish(shard, entry, fields, f"failed: {why}", now_ms, store=True)
        case MessageKept():
            return requeue(shard, entry, fields, now_ms)
        case MessageFailed(why, seconds=seconds):
            tries = int(fields.get(TRIES, b"0")) + 1
            until_ms = now_ms + int(wait_seconds(RETRIES[RETRY], tries, seconds or None, random) * 1000)
            tried = {**fields, TRIES: b"%d" % tries}
            return [*put_off(shard, entry, tried, until_ms, f"waiting: {why}", now_ms), count("message_retried")]


def recover_interrupted(shard: int, sending: Mapping[bytes, bytes], now_ms: int, *, resend: bool) -> list[Command]:
    """For the messages that a dead drain left as sending (entry -> packed fields): resend or end them."""
    commands: list[Command] = []
    for entry, packed in sending.items():
        fields = unpack_fields(packed)
        commands.append(("HDEL", keys.sending(keys.OUTBOX, shard), entry))
        commands += (
            requeue(shard, entry, fields, now_ms)
            if resend
            else finish(shard, entry, fields, CUT_OFF, now_ms, store=True)
        )
    return commands


def _lead_id(fields: Fields) -> str:
    return fields.get(LEAD, b"unknown").decode("ascii", "replace")


def _note(fields: Fields, message: str, now_ms: int) -> Command:
    return ("HSET", record_key(_lead_id(fields)), *pack(message=message, message_ms=now_ms))


def store_unsent(fields: Fields, now_ms: int) -> Sequence[Command]:
    """Store a message that was not sent for `UNSENT_SECONDS`."""
    lead = _lead_id(fields)
    return [
        ("SET", keys.unsent(lead), pack_fields(fields), "EX", UNSENT_SECONDS),
        ("ZADD", keys.UNSENT, now_ms, lead),
    ]
