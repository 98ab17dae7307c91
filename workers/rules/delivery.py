"""Pure: what Redis is to do once it is known what becomes of a message; as `workers.rules.settlement` is for leads."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from leadcore.fields import LEAD, TRIES
from leadcore.receipts import UNSENT_SECONDS, pack
from leadcore.store import keys
from leadcore.store.counters import count
from leadcore.store.streams import pack_fields, unpack_fields
from workers.rules.outcomes import Delivery, Failed, Sent, Unclear

Command = Sequence[Any]
Fields = Mapping[bytes, bytes]
"""An entry of the outbox as it stands in Redis."""

BACKOFF_SECONDS = 2.0
LONGEST_BACKOFF_SECONDS = 300.0
NOT_DELIVERED = ""
"""The fate of a message that certainly was not delivered and may be sent again."""
CUT_OFF = "interrupted: the sender was cut off"


def fate(delivery: Delivery) -> str:
    """What to remember of it, see `SentLog.note`."""
    match delivery:
        case Sent():
            return "sent"
        case Unclear():
            return "interrupted"
        case Failed():
            return NOT_DELIVERED


def claim(shard: int, entry: bytes, fields: Fields, now_ms: int) -> list[Command]:
    """It is about to be sent."""
    return [("HSET", keys.sending(shard), entry, pack_fields(fields)), _note(fields, "sending", now_ms)]


def end(fields: Fields, fate: str, now_ms: int, *, keep: bool) -> list[Command]:
    """It ends as `fate`, "sent" or a word and a reason; `keep`: for a person, who may retry it."""
    kept = keep_unsent(fields, now_ms) if keep else []
    return [_note(fields, fate, now_ms), count("message_" + fate.partition(":")[0]), *kept]


def requeue(shard: int, fields: Fields, now_ms: int) -> list[Command]:
    """It is sent again at once."""
    stream = keys.entries(keys.OUTBOX, shard)
    return [("XADD", stream, "*", *chain(*fields.items())), _note(fields, "queued", now_ms)]


def follow(shard: int, fields: Fields, delivery: Delivery, now_ms: int, *, dry_run: bool) -> list[Command]:
    """It was sent, or that was tried."""
    match delivery:
        case Sent():
            return end(fields, "sent", now_ms, keep=False)
        case Unclear(why):
            return end(fields, f"interrupted: {why}", now_ms, keep=True)
        case Failed(why, again=False):
            return end(fields, f"failed: {why}", now_ms, keep=not dry_run)
        case Failed(why, seconds=seconds):
            tries = int(fields.get(TRIES, b"0")) + 1
            wait = seconds or min(BACKOFF_SECONDS * 2 ** (tries - 1), LONGEST_BACKOFF_SECONDS)
            member = pack_fields({**fields, TRIES: b"%d" % tries})
            return [
                ("ZADD", keys.later(keys.OUTBOX, shard), now_ms + int(wait * 1000), member),
                _note(fields, f"waiting: {why}", now_ms),
                count("message_retried"),
            ]


def recover(shard: int, left: Mapping[bytes, bytes], now_ms: int, *, resend: bool) -> list[Command]:
    """What a dead drain left as sending: entry -> packed fields."""
    commands: list[Command] = []
    for entry, packed in left.items():
        fields = unpack_fields(packed)
        commands.append(("HDEL", keys.sending(shard), entry))
        commands += requeue(shard, fields, now_ms) if resend else end(fields, CUT_OFF, now_ms, keep=True)
    return commands


def _lead(fields: Fields) -> str:
    return fields.get(LEAD, b"unknown").decode("ascii", "replace")


def _note(fields: Fields, message: str, now_ms: int) -> Command:
    return ("HSET", keys.receipt(_lead(fields)), *pack(message=message, message_ms=now_ms))


def keep_unsent(fields: Fields, now_ms: int) -> Sequence[Command]:
    lead = _lead(fields)
    return [
        ("SET", keys.unsent(lead), pack_fields(fields), "EX", UNSENT_SECONDS),
        ("ZADD", keys.UNSENT, now_ms, lead),
    ]
