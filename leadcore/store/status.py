"""The state of inbox and outbox in one round trip: for readyz, metrics, the console and `leadsync status`."""

from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from leadcore.settings import Settings
from leadcore.store import keys
from leadcore.store.connection import AWAY, RECEIVER_TIMEOUT, Redis, connect
from leadcore.store.posts import LAST, local_date, refused_on
from leadcore.verdict import PERSON

ALIVE_MS = 15_000


@dataclass(frozen=True, slots=True)
class Status:
    """`depths`: line -> entries per shard, with those that wait for a retry; `oldest`: line -> age of each shard's
    oldest entry in ms, None if it is empty; `oldest_ms`: when the oldest of the inbox came, in ms of Redis' clock;
    `pause`, `messages_pause`: {} or code, reason, until_ms, since_ms; `held`: leads that a dry run held back;
    `dry_workers`: how many of the workers run with DRY_RUN; `unsent`: messages that wait for a person; `refused_today`:
    posts refused for their secret on this day of the operator's time zone; `last_post_ms`: when DealDroid's last
    authenticated post came, None if never."""

    now_ms: int
    workers: int
    depths: dict[str, list[int]]
    parked: int
    oldest_ms: int | None
    pause: dict[str, Any]
    counts: dict[str, int]
    messages_pause: dict[str, Any] = field(default_factory=dict)
    oldest: dict[str, list[int | None]] = field(default_factory=dict)
    held: int = 0
    dry_workers: int = 0
    unsent: int = 0
    refused_today: int = 0
    last_post_ms: int | None = None

    @property
    def waiting(self) -> int:
        return sum(self.depths[keys.INBOX])

    @property
    def messages_waiting(self) -> int:
        return sum(self.depths[keys.OUTBOX])

    @property
    def need_person(self) -> int:
        """Leads and messages that wait for a person to retry or discard them."""
        return self.parked + self.unsent

    @property
    def dry_run(self) -> bool:
        """Whether leads are held back: a worker that is alive runs with DRY_RUN."""
        return bool(self.dry_workers)

    def as_dict(self) -> dict[str, Any]:
        more = {"waiting": self.waiting, "need_person": self.need_person, "dry_run": self.dry_run}
        return {**asdict(self), **more}


def find_portal(settings: Settings) -> str:
    """The id of HubSpot's portal, "" if no worker has asked for it yet or Redis does not answer at once."""
    with suppress(*AWAY), closing(connect(settings, RECEIVER_TIMEOUT)) as redis:
        return (redis.hget(keys.PORTAL, "id") or b"").decode("ascii", "replace")
    return ""


def read_status(redis: Redis, shards: int, timezone: ZoneInfo) -> Status:
    """The present state; raises redis-py's errors. `timezone`: the operator's, for what is counted by day."""
    pipe = redis.pipeline(transaction=False)
    pipe.time()
    pipe.zrange(keys.WORKERS, 0, -1, withscores=True)
    pipe.zrange(keys.DRY_WORKERS, 0, -1, withscores=True)
    pipe.hgetall(keys.PAUSES[keys.INBOX])
    pipe.hgetall(keys.PAUSES[keys.OUTBOX])
    pipe.zcard(keys.PARKED)
    pipe.zcard(keys.HELD)
    pipe.zcard(keys.UNSENT)
    pipe.hgetall(keys.REFUSED)
    pipe.zscore(keys.LAST_POST, LAST)
    pipe.xrevrange(keys.LEADS, count=1)
    pipe.hgetall(keys.COUNTS)
    for line in (keys.INBOX, keys.OUTBOX):
        for shard in range(shards):
            pipe.xlen(keys.entries(line, shard))
            pipe.zcard(keys.later(line, shard))
    for line in (keys.INBOX, keys.OUTBOX):
        for shard in range(shards):
            pipe.xrange(keys.entries(line, shard), count=1)
    time, workers, dry_workers, pause, messages_pause, parked, held, *more = pipe.execute()
    unsent, refused, last_post, newest, counts, *rest = more
    now = _milliseconds(time)
    lengths = [rest[i] + rest[i + 1] for i in range(0, 4 * shards, 2)]
    first = [int(rows[0][0].split(b"-")[0]) if rows else None for rows in rest[4 * shards :]]
    ages = [None if at is None else max(now - at, 0) for at in first]
    return Status(
        now_ms=now,
        workers=_count_alive(workers, now),
        depths={keys.INBOX: lengths[:shards], keys.OUTBOX: lengths[shards:]},
        parked=parked,
        oldest_ms=min((at for at in first[:shards] if at is not None), default=None),
        pause=_pause(pause, now, sum(lengths[:shards])),
        counts={name.decode(): int(count) for name, count in counts.items()},
        messages_pause=_pause(messages_pause, now, sum(lengths[shards:])),
        oldest={keys.INBOX: ages[:shards], keys.OUTBOX: ages[shards:]},
        held=held,
        dry_workers=_count_alive(dry_workers, now),
        unsent=unsent,
        refused_today=refused_on(refused, local_date(now, timezone)),
        last_post_ms=_last_post(last_post, newest),
    )


def are_workers_dry(redis: Redis) -> bool | None:
    """Whether any worker that is alive runs with DRY_RUN, None if no worker is alive. Raises redis-py's errors."""
    workers, dry_workers = count_workers(redis)
    return bool(dry_workers) if workers else None


def count_workers(redis: Redis) -> tuple[int, int]:
    """How many workers are alive, and how many of them run with DRY_RUN, in one small round trip. Raises redis-py's
    errors."""
    pipe = redis.pipeline(transaction=False)
    pipe.time()
    pipe.zrange(keys.WORKERS, 0, -1, withscores=True)
    pipe.zrange(keys.DRY_WORKERS, 0, -1, withscores=True)
    time, workers, dry_workers = pipe.execute()
    now = _milliseconds(time)
    return _count_alive(workers, now), _count_alive(dry_workers, now)


def _milliseconds(time: tuple[int, int]) -> int:
    return time[0] * 1000 + time[1] // 1000


def _count_alive(workers: Sequence[tuple[bytes, float]], now: int) -> int:
    return sum(1 for _, at in workers if at > now - ALIVE_MS)


def _last_post(stored: float | None, newest: list[tuple[bytes, Any]]) -> int | None:
    """Older versions did not store it: then the newest row of the index of leads says when the last one came."""
    if stored is not None:
        return int(stored)
    return int(newest[0][0].partition(b"-")[0]) if newest else None


def _pause(stored: dict[bytes, bytes], now: int, waiting: int) -> dict[str, Any]:
    """A pause that is over stays until a lead is written; if none waits for that, the line does not count as paused,
    unless a person has to act."""
    until, code = int(stored.get(b"until", b"0")), stored.get(b"code", b"").decode()
    if not stored or (until < now and not waiting and code not in PERSON):
        return {}
    return {
        "code": code,
        "reason": stored.get(b"reason", b"").decode(),
        "until_ms": until,
        "since_ms": int(stored.get(b"since", b"0")),
    }
