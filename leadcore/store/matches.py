"""Customers who were matched by email only with a contact that bears another customer's id: a person decides whether
they are one (`leadsync trust`). A hash: digest of the customer's id -> the match."""

import json
import shlex
from dataclasses import astuple, dataclass
from itertools import islice
from typing import TYPE_CHECKING

from leadcore.store import keys
from leadcore.store.scan import complete, scan_hash

if TYPE_CHECKING:
    from leadcore.store.connection import Redis


@dataclass(frozen=True, slots=True)
class Match:
    """`said_ms`: when the customer wrote last, in ms of Redis' clock."""

    customer_id: str
    contact_id: str
    said_ms: int

    def pack(self) -> str:
        return json.dumps(astuple(self))

    @property
    def command(self) -> str:
        """What joins them, as a person types it."""
        return f"leadsync trust {shlex.quote(self.customer_id)}"


def read_match(redis: "Redis", digest: str) -> Match | None:
    """The match of one customer. Raises redis-py's errors."""
    stored = redis.hget(keys.MATCHES, digest)
    return Match(*json.loads(stored)) if stored else None


def read_matches(redis: "Redis", limit: int) -> tuple[int, list[Match]]:
    """How many there are, and at most `limit` of them, the newest of these first. Raises redis-py's errors."""
    total = int(redis.hlen(keys.MATCHES))
    stored = complete(lambda: dict(islice(scan_hash(redis, keys.MATCHES), limit))) if total else {}
    found = [Match(*json.loads(one)) for one in stored.values()]
    return total, sorted(found, key=lambda match: match.said_ms, reverse=True)
