"""The list of matches by email only, in Redis. A hash: digest of the customer's id -> the packed match."""

import json
from itertools import islice

from leadcore.matches import Match
from leadcore.store import keys
from leadcore.store.connection import Redis
from leadcore.store.scan import complete, scan_hash


def read_match(redis: Redis, digest: str) -> Match | None:
    """The match of one customer. Raises redis-py's errors."""
    stored = redis.hget(keys.MATCHES, digest)
    return Match(*json.loads(stored)) if stored else None


def read_matches(redis: Redis, limit: int) -> tuple[int, list[Match]]:
    """How many there are, and at most `limit` of them, the newest of these first. Raises redis-py's errors."""
    total = int(redis.hlen(keys.MATCHES))
    stored = complete(lambda: dict(islice(scan_hash(redis, keys.MATCHES), limit))) if total else {}
    found = [Match(*json.loads(one)) for one in stored.values()]
    return total, sorted(found, key=lambda match: match.said_ms, reverse=True)
