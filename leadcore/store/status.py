"""The state of inbox and outbox in one round trip: for readyz, metrics, the console and `leadsync status`."""

from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from leadcore.settings import Settings
from leadcore.store import keys
from leadcore.store.connection import AWAY, RECEIVER_TIMEOUT, Redis, connect

ALIVE_MS = 15_000


@dataclass(frozen=True, slots=True)
class Status:
    """`depths`: line -> entries per shard, with those that wait for a retry; `oldest`: line -> age of each shard's
    oldest entry in ms, None if it is empty; `oldest_ms`: when the oldest of the inbox came, in ms of Redis' clock;
    `pause`, `messages_pause`: {} or code, reason, until_ms, since_ms."""

    now_ms: int
    workers: int
    depths: dict[str, list[int]]
    parked: int
    oldest_ms: int | None
    pause: dict[str, Any]
    counts: dict[str, int]
    messages_pause: dict[str, Any] = field(default_factory=dict)
    oldest: dict[str, list[int | None]] = field(default_factory=dict)

    @property
    def waiting(self) -> int:
        return sum(self.depths[keys.INBOX])

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "waiting": self.waiting}


def find_portal(settings: Settings) -> str:
    """The id of HubSpot's portal, "" if no worker has asked for it yet or Redis does not answer at once."""
    with suppress(*AWAY), closing(connect(settings, RECEIVER_TIMEOUT)) as redis:
        return (redis.hget(keys.PORTAL, "id") or b"").decode("ascii", "replace")
    return ""


def read_status(redis: Redis, shards: int) -> Status:
    """The present state; raises redis-py's errors."""
    pipe = redis.pipeline(transaction=False)
    pipe.time()
    pipe.zrange(keys.WORKERS, 0, -1, withscores=True)
    pipe.hgetall(keys.PAUSES[keys.INBOX])
    pipe.hgetall(keys.PAUSES[keys.OUTBOX])
    pipe.zcard(keys.PARKED)
    pipe.hgetall(keys.COUNTS)
    for line in (keys.INBOX, keys.OUTBOX):
        for shard in range(shards):
            pipe.xlen(keys.entries(line, shard))
            pipe.zcard(keys.later(line, shard))
    for line in (keys.INBOX, keys.OUTBOX):
        for shard in range(shards):
            pipe.xrange(keys.entries(line, shard), count=1)
    (seconds, micros), workers, pause, messages_pause, parked, counts, *rest = pipe.execute()
    now = seconds * 1000 + micros // 1000
    lengths = [rest[i] + rest[i + 1] for i in range(0, 4 * shards, 2)]
    first = [int(rows[0][0].split(b"-")[0]) if rows else None for rows in rest[4 * shards :]]
    ages = [None if at is None else max(now - at, 0) for at in first]
    return Status(
        now_ms=now,
        workers=sum(1 for _, at in workers if at > now - ALIVE_MS),
        depths={keys.INBOX: lengths[:shards], keys.OUTBOX: lengths[shards:]},
        parked=parked,
        oldest_ms=min((at for at in first[:shards] if at is not None), default=None),
        pause=_pause(pause, now, sum(lengths[:shards])),
        counts={name.decode(): int(count) for name, count in counts.items()},
        messages_pause=_pause(messages_pause, now, sum(lengths[shards:])),
        oldest={keys.INBOX: ages[:shards], keys.OUTBOX: ages[shards:]},
    )


def _pause(stored: dict[bytes, bytes], now: int, waiting: int) -> dict[str, Any]:
    """A pause that is over stays until a lead is written; if none waits for that, the line does not count as paused."""
    until = int(stored.get(b"until", b"0"))
    if not stored or (until < now and not waiting):
        return {}
    return {
        "code": stored.get(b"code", b"").decode(),
        "reason": stored.get(b"reason", b"").decode(),
        "until_ms": until,
        "since_ms": int(stored.get(b"since", b"0")),
    }
