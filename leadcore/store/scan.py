"""Scans of keys, hashes and sorted sets that see everything, or say so.

A cursor of SCAN is worth something to the server that gave it: another one hashes with another seed, takes the cursor,
and passes over a part of what it holds without an error (seen: a fifth of 3,000 keys). A pool reconnects silently, so
a scan has a connection of its own. A proxy may keep that connection while a replica takes over behind it, so at the
end of a scan the server must be the one of its start, as far as INFO tells.
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import redis

from leadcore.errors import LeadSyncError
from leadcore.store.connection import Redis
from leadcore.store.epoch import read_run

CHUNK = 1000
ATTEMPTS = 5
T = TypeVar("T")


class RunChanged(LeadSyncError, redis.ConnectionError):
    """Redis was restarted, or another server took over, before a scan ended: what it yielded is not everything."""


def complete(work: Callable[[], T]) -> T:
    """What `work` returns, which scans: from its beginning again, up to `ATTEMPTS` times, if `RunChanged` ended it."""
    for _ in range(ATTEMPTS - 1):
        try:
            return work()
        except RunChanged:
            continue
    return work()


def scan_keys(connection: Redis, pattern: str, chunk: int = CHUNK) -> Iterator[bytes]:
    """The names of the keys that match `pattern`, `chunk` or so per round trip; a name may come twice. Raises
    `RunChanged` and redis-py's errors, as all scans here do."""
    return _scan(connection, lambda pinned, cursor: pinned.scan(cursor, match=pattern, count=chunk))


def scan_hash(connection: Redis, name: str, chunk: int = CHUNK) -> Iterator[tuple[bytes, bytes]]:
    """The fields of a hash with their values; a field may come twice."""

    def step(pinned: Redis, cursor: int) -> tuple[int, list[tuple[bytes, bytes]]]:
        following, found = pinned.hscan(name, cursor, count=chunk)
        return following, [*found.items()]

    return _scan(connection, step)


def scan_members(connection: Redis, name: str, chunk: int = CHUNK) -> Iterator[bytes]:
    """The members of a sorted set, in no order; a member may come twice."""

    def step(pinned: Redis, cursor: int) -> tuple[int, list[bytes]]:
        following, found = pinned.zscan(name, cursor, count=chunk)
        return following, [member for member, _ in found]

    return _scan(connection, step)


def _scan(connection: Redis, step: Callable[[Redis, int], tuple[Any, list[T]]]) -> Iterator[T]:
    with connection.client() as pinned:
        run, cursor, found = read_run(pinned), 0, list[T]()
        while True:
            try:
                following, found = step(pinned, cursor)
                is_same = bool(following) or read_run(pinned) == run
            except redis.BusyLoadingError:
                raise
            except redis.ConnectionError as error:
                raise RunChanged("the connection was lost in the middle of a scan") from error
            if not is_same:
                raise RunChanged("another server answers than at the start of the scan")
            yield from found
            if not following:
                return
            cursor = int(following)
