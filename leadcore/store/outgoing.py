"""Pure: messages by themselves, which belong to no event: those that the shop's systems send, and any other that has an
id of its own.

The id contains a colon, which no lead's does, and within 30 days a message is sent at most once under it. It waits in
the outbox like a confirmation; what becomes of it stands in its record (`leadcore.store.messages`).
"""

import hashlib
import json
from base64 import b32encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from leadcore.event import encode, identity
from leadcore.fields import CUSTOMER, LEAD, MESSAGE, TEXT, URGENT
from leadcore.receipts import pack
from leadcore.store import keys, scripts

QUEUED = "queued"
API, SAY = "api", "say"
"""What the ids of messages begin with that came over HTTP, and from the command line."""
MOST, LONGEST, LONG = 5, 2_000, 1_000
"""How many texts a message may have, and how many characters each; chats may show those over `LONG` in part only."""


def is_message(one: str) -> bool:
    """Whether this is the id of a message by itself, and not of a lead."""
    return ":" in one


def record_key(one: str) -> str:
    """The key of what tells what became of a lead, or of a message by itself."""
    return keys.message(one) if is_message(one) else keys.receipt(one)


def message_key(fields: Mapping[bytes, bytes]) -> str:
    """The key that exists once sending the message of these fields of its entry has started: by what it says to whom,
    or by its id."""
    one = fields.get(LEAD, b"").decode("ascii", "replace")
    if is_message(one):
        return keys.own_message_sent(one)
    return keys.message_sent(fields.get(CUSTOMER, b""), fields.get(TEXT, b""))


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to be sent. `id` contains a colon; `customer`: the customer's id exactly as DealDroid gave it; `texts`
    go to DealDroid in one request; `urgent`: also in quiet hours."""

    id: str
    customer: str | int | float
    texts: Sequence[str] = field(repr=False)
    urgent: bool = False

    def digest(self, key: str) -> str:
        """Of what is to be sent. Without `key`, which is not stored, nobody can find out a short text by trying."""
        said = json.dumps([identity(self.customer), list(self.texts), self.urgent]).encode()
        secret = hashlib.sha256(b"request\0" + key.encode("utf-8", "surrogatepass")).digest()
        return hashlib.blake2s(said, key=secret).hexdigest()


def outgoing(message: Outgoing, shards: int) -> Sequence[Any]:
    """Pure: the command that puts a message onto the outbox unless there was one of its id in the last 30 days. It is
    for `Stream.apply` and the effects of a `Settlement`, in whose scripts it is one step with the others; who runs it
    outside of a drain rings for the shard, or leaves that to a sweep."""
    shard = keys.shard_of(identity(message.customer), shards)
    record, entry = make_fields(message)
    return (scripts.ONCE, keys.message(message.id), len(record), *record, keys.entries(keys.OUTBOX, shard), *entry)


def name_message(purpose: str, key: str) -> str:
    """The id of the message that somebody names by a key of their own, an `Idempotency-Key`."""
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
    return f"{purpose}:{b32encode(digest[:15]).decode().lower()}"


def make_fields(message: Outgoing) -> tuple[list[Any], list[Any]]:
    """Those of its record, and those of its entry, as flat lists."""
    if not is_message(message.id):
        raise ValueError("The id of a message contains a colon.")
    record = [
        *pack(customer_id=identity(message.customer), message=QUEUED),
        *(MESSAGE["count"], len(message.texts)),
        *((MESSAGE["urgent"], "1") if message.urgent else ()),
    ]
    # Workers of older versions know one text.
    said = message.texts[0] if len(message.texts) == 1 else list(message.texts)
    entry = [
        *(LEAD, message.id),
        *(CUSTOMER, encode({"id": message.customer})),
        *(TEXT, json.dumps(said)),
        *((URGENT, b"1") if message.urgent else ()),
    ]
    return record, entry
