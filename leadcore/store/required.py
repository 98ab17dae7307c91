"""Where Redis holds what HubSpot refused to do without (`leadcore.required`)."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from leadcore.required import KEPT_MS, Requirement, unpack
from leadcore.store import keys
from leadcore.store.connection import Redis
from leadcore.store.streams import Stream


def read_required(redis: Redis) -> list[Requirement]:
    """What was refused in the last hour. Raises redis-py's errors."""
    pipe = redis.pipeline(transaction=False)
    pipe.time()
    pipe.hgetall(keys.REQUIRED)
    (seconds, micros), stored = pipe.execute()
    return unpack(stored, seconds * 1000 + micros // 1000)


def remember_required(redis: Redis, learned: Iterable[Requirement], disproved: Iterable[str]) -> None:
    """Remember `learned` from now on for an hour, and forget the fields `disproved`. Raises redis-py's errors."""
    seconds, micros = redis.time()
    now_ms = seconds * 1000 + micros // 1000
    commands: list[tuple[Any, ...]] = [("HDEL", keys.REQUIRED, name) for name in disproved]
    for one in learned:
        commands.append(("HSET", keys.REQUIRED, one.field, replace(one, seen_ms=now_ms).pack()))
        commands.append(("PEXPIRE", keys.REQUIRED, KEPT_MS))
    Stream(redis).apply(commands)
