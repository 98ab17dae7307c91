"""The condition of Redis itself, by its INFO: whether it takes leads, and keeps what it took."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import redis

from leadcore.store import keys
from leadcore.store.connection import Redis, read_info

# Parts of Redis' memory. Beyond NEARLY_FULL new events go to the disk if more than DEEP wait, so that workers have room
# to drain them; beyond FULL always.
NEARLY_FULL, FULL = 0.8, 0.95
DEEP = 500


@dataclass(frozen=True, slots=True)
class Condition:
    """`used`, `limit`: bytes, no limit is 0; `policy`: what is deleted at the limit; `disk_fails`: by INFO the last
    write to its disk failed, and as read by `read_condition` Redis refuses writes for it; `is_replica`: it takes none
    at all. Where INFO is forbidden nothing is known to be wrong."""

    used: int = 0
    limit: int = 0
    policy: str = "unknown"
    disk_fails: bool = False
    is_replica: bool = False

    @property
    def part(self) -> float:
        """Of the memory."""
        return self.used / self.limit if self.limit else 0.0

    @property
    def evicts(self) -> bool:
        """Whether it deletes what it holds once it is full."""
        return bool(self.limit) and self.policy not in ("noeviction", "unknown")

    @property
    def takes_writes(self) -> bool:
        return not (self.disk_fails or self.is_replica)

    def is_full(self, waiting: int) -> bool:
        """Whether new events go to the receivers' disks, with so many leads in the inbox."""
        return self.part > FULL or (self.part > NEARLY_FULL and waiting > DEEP)


def read_condition(connection: Redis) -> Condition:
    """Raises redis-py's errors."""
    found = describe_condition(read_info(connection, "memory", "persistence", "replication"))
    # A Redis that makes no snapshots by itself goes on after one that failed, which INFO names until the next.
    return replace(found, disk_fails=found.disk_fails and _refuses_writes(connection))


def _refuses_writes(connection: Redis) -> bool:
    try:
        connection.persist(keys.NONE)
    except redis.ResponseError:
        return True
    return False


def describe_condition(info: Mapping[str, Any]) -> Condition:
    """Pure: `info` is Redis' INFO, or what is allowed of it."""
    return Condition(
        used=int(info.get("used_memory") or 0),
        limit=int(info.get("maxmemory") or 0),
        policy=str(info.get("maxmemory_policy") or "unknown"),
        disk_fails="err" in (info.get("aof_last_write_status"), info.get("rdb_last_bgsave_status")),
        is_replica=info.get("role") == "slave",
    )
