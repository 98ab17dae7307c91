"""What a Redis holds, whatever the types of its keys."""

import itertools
from collections.abc import Callable
from typing import Any


def find_keys(redis: Any, *words: bytes) -> list[str]:
    """The keys that hold one of `words` in their name or value."""
    return sorted(name.decode() for name in redis.keys("*") if any(one in name + read(redis, name) for one in words))


def read(redis: Any, name: bytes) -> bytes:
    """What a key holds, uncompressed."""
    readers: dict[bytes, Callable[[], Any]] = {
        b"string": lambda: redis.get(name),
        b"hash": lambda: [*redis.hgetall(name).items()],
        b"stream": lambda: [*itertools.chain(*(fields.items() for _, fields in redis.xrange(name)))],
        b"zset": lambda: redis.zrange(name, 0, -1),
        b"set": lambda: [*redis.smembers(name)],
        b"list": lambda: redis.lrange(name, 0, -1),
        b"none": lambda: b"",
    }
    found = readers[redis.type(name)]()
    flat = found if isinstance(found, list) else [found]
    return b"\0".join(part for one in flat for part in (one if isinstance(one, tuple) else (one,)) if part)
