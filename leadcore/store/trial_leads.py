"""Which leads were tests: they are no posts of DealDroid's."""

from typing import Any

from leadcore.store import keys
from leadcore.store.connection import Redis

KEPT = 20


def list_commands(lead: str, now_ms: int, keep_seconds: int) -> list[tuple[Any, ...]]:
    """The Redis commands that remember a test lead."""
    return [
        ("ZADD", keys.TEST_LEADS, now_ms, lead),
        ("ZREMRANGEBYRANK", keys.TEST_LEADS, 0, -KEPT - 1),
        ("EXPIRE", keys.TEST_LEADS, keep_seconds),
    ]


def read_test_leads(redis: Redis) -> list[str]:
    """The newest first. Raises redis-py's errors."""
    return [lead.decode() for lead in redis.zrevrange(keys.TEST_LEADS, 0, -1)]
