"""Pure: the order of a customer's messages. One is sent at a time, and one that waits holds back those behind it.

A message's place is the id under which it first was in the stream, so within a customer's messages the places are
their order. One that leaves the stream to wait (`later`) keeps its place in a field of its entry, and in the shard's
sorted set of places, which is asked before a message is sent. A member of the set is "customer:place:due": a digest of
the customer's id, 32 hex digits, and when the message comes back, in ms.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from msgspec import Struct

from leadcore.event import identity
from leadcore.fields import CUSTOMER, PLACE
from leadcore.store import keys
from workers.rules.batch import StreamEntry

# A message that is held back comes back no sooner, and one that should be back may be missed for so long.
BACK_MS, MISSED_MS = 1_000, 10_000


class Head(Struct, frozen=True):
    """The first of a customer's messages that left the stream."""

    place: str
    due_ms: int


class Round(Struct, frozen=True):
    """`send`: at most one row per customer. `hold`: rows behind a message that waits, with when they come back.
    `rest`: the others, in their order. `missed`: whether a message that should be back is not among the rows."""

    send: Sequence[StreamEntry]
    hold: Sequence[tuple[StreamEntry, int]]
    rest: Sequence[StreamEntry]
    missed: bool


def customer_of(fields: Mapping[bytes, bytes]) -> str:
    """A digest of the customer's id."""
    return _digest(fields.get(CUSTOMER, b""))


@lru_cache(1024)
def _digest(raw: bytes) -> str:
    try:
        name = identity(json.loads(raw)["id"])
    except (ValueError, TypeError, KeyError):
        name = raw.decode("latin-1")
    return digest_customer(name)


def digest_customer(customer_id: str) -> str:
    """The part of a place that says whose it is."""
    return hashlib.sha256(customer_id.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def place_of(entry: bytes, fields: Mapping[bytes, bytes]) -> str:
    """The place of an entry of the outbox, to be compared with others of the same customer."""
    ms, _, sequence = fields.get(PLACE, entry).partition(b"-")
    return f"{int(ms):016x}{int(sequence or 0):016x}"


def take(shard: int, entry: bytes, fields: Mapping[bytes, bytes], due_ms: int) -> list[Sequence[Any]]:
    """The commands that note that a message waits until `due_ms`."""
    name = f"{customer_of(fields)}:{place_of(entry, fields)}"
    return [*_remove(shard, name), ("ZADD", keys.places(shard), 0, f"{name}:{due_ms}")]


def give_up(shard: int, entry: bytes, fields: Mapping[bytes, bytes]) -> list[Sequence[Any]]:
    """The commands for a message that has ended; none if it never waited."""
    return _remove(shard, f"{customer_of(fields)}:{place_of(entry, fields)}") if PLACE in fields else []


def give_up_all(shard: int, customer_id: str) -> Sequence[Any]:
    """The command that removes all places of a customer."""
    return _remove(shard, digest_customer(customer_id))[0]


def head_range(customer: str) -> tuple[str, str]:
    """Bounds for ZRANGEBYLEX, in which a customer's places are, the first one first."""
    return f"[{customer}:", f"({customer};"


def parse(member: bytes) -> tuple[str, Head]:
    """The customer, and the place as if it were their first."""
    customer, place, due = member.decode().split(":")
    return customer, Head(place, int(due))


def choose(rows: Sequence[StreamEntry], heads: Mapping[str, Head], size: int, now_ms: int) -> Round:
    """Which of the `rows`, read from the start of the stream, go at once: at most `size`. `heads`: by customer."""
    customers = [customer_of(fields) for _, fields in rows]
    first: dict[str, tuple[str, int]] = {}
    for index, (customer, row) in enumerate(zip(customers, rows, strict=True)):
        place = place_of(*row), index
        first[customer] = min(first.get(customer, place), place)
    send: list[StreamEntry] = []
    hold: list[tuple[StreamEntry, int]] = []
    rest: list[StreamEntry] = []
    missed = False
    for index, (customer, row) in enumerate(zip(customers, rows, strict=True)):
        head = heads.get(customer)
        if head and head.place < first[customer][0]:
            missed |= head.due_ms < now_ms - MISSED_MS
            hold.append((row, max(head.due_ms, now_ms + BACK_MS)))
        elif first[customer][1] == index and len(send) < size:
            send.append(row)
        else:
            rest.append(row)
    return Round(send, hold, rest, missed)


def stale(members: Iterable[bytes], live: Iterable[StreamEntry]) -> list[bytes]:
    """Those of the set's members whose message is not among the `live` ones."""
    names = {f"{customer_of(fields)}:{place_of(entry, fields)}" for entry, fields in live}
    return [member for member in members if member.decode().rpartition(":")[0] not in names]


def _remove(shard: int, name: str) -> list[Sequence[Any]]:
    return [("ZREMRANGEBYLEX", keys.places(shard), f"[{name}:", f"({name};")]
