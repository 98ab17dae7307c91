"""The index of leads, which is a stream of their ids, and their receipts."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from leadcore import receipts
from leadcore.fields import LEAD
from leadcore.receipts import Receipt
from leadcore.store import keys
from leadcore.store.connection import Redis
from leadcore.store.outgoing import is_message, record_key
from leadcore.store.payments import is_payment


def read_receipts(redis: Redis, leads: Iterable[str]) -> list[Receipt | None]:
    """The receipt of each lead in one round trip, None where it has expired. That of a message by itself, or of
    news of a payment, has the state "". Raises redis-py's errors."""
    leads = list(leads)
    pipe = redis.pipeline(transaction=False)
    for lead in leads:
        pipe.hgetall(record_key(lead))
    return [_unpack(lead, stored) if stored else None for lead, stored in zip(leads, pipe.execute(), strict=True)]


def name_subject(one: str) -> str:
    """What has this id: a "lead", a "message" by itself, or news of a "payment"."""
    return "message" if is_message(one) else "payment" if is_payment(one) else "lead"


def _unpack(one: str, stored: Mapping[bytes, bytes]) -> Receipt:
    receipt = receipts.unpack(one, stored)
    return receipt if name_subject(one) == "lead" else replace(receipt, state="")


def read_newest(redis: Redis, count: int, before: str = "") -> list[tuple[str, str]]:
    """Up to `count` rows of the index of leads, newest first, of those before the id `before`: (row id, lead). A lead
    that came again after its receipt expired stands there twice. Raises redis-py's errors."""
    rows = redis.xrevrange(keys.LEADS, max=f"({before}" if before else "+", count=count)
    return [(row_id.decode(), fields[LEAD].decode()) for row_id, fields in rows]


def read_after(redis: Redis, count: int, after: str) -> list[tuple[str, str]]:
    """Up to `count` rows of the index of leads, oldest first, of those after the id `after`: (row id, lead). Raises
    redis-py's errors."""
    rows = redis.xrange(keys.LEADS, min=f"({after}", count=count)
    return [(row_id.decode(), fields[LEAD].decode()) for row_id, fields in rows]


def read_all(redis: Redis, chunk: int) -> Iterator[list[tuple[bytes, str]]]:
    """The whole index of leads, oldest first, in lists of at most `chunk`: (row id, lead). Raises redis-py's errors."""
    for rows in read_pages(redis, keys.LEADS, chunk):
        yield [(row_id, fields.get(LEAD, b"").decode()) for row_id, fields in rows]


def read_pages(redis: Redis, stream: str, chunk: int) -> Iterator[list[tuple[bytes, dict[bytes, bytes]]]]:
    """A whole Redis Stream, oldest first, in lists of at most `chunk`. Raises redis-py's errors."""
    after = "-"
    while rows := redis.xrange(stream, min=after, count=chunk):
        yield rows
        after = "(" + rows[-1][0].decode()
