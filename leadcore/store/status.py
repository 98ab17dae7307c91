"""The state of all lines, and of Redis itself: for readyz, metrics, the console and `leadsync status`."""

from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from leadcore.endpoint import Endpoint
from leadcore.fields import LEAD
from leadcore.reasons import NEED_PERSON, english
from leadcore.required import Requirement
from leadcore.required import unpack as unpack_required
from leadcore.settings import Settings
from leadcore.store import keys, lines, restoring, stages, trial_leads
from leadcore.store.condition import Condition, read_condition
from leadcore.store.connection import AWAY, RECEIVER_TIMEOUT, Redis, connect
from leadcore.store.endpoints import Endpoints
from leadcore.store.posts import LAST, local_date, refused_on
from leadcore.store.restoring import Restoring
from leadcore.store.stages import StageStatus

ALIVE_MS = 15_000


@dataclass(frozen=True, slots=True)
class Status:
    """`depths`: line -> entries per shard, with those that wait for a retry; `oldest`: line -> age of each shard's
    oldest entry in ms, None if it is empty; `oldest_ms`: when the oldest of the inbox came, in ms of Redis' clock;
    `pauses`: line -> {} or code, reason, until_ms, since_ms; `kept`: the name of a `lines.Kept` -> how many;
    `dry_workers`: how many of the workers run with DRY_RUN; `refused_today`: posts refused for their secret on this day
    of the operator's time zone; `last_post_ms`: when DealDroid's last authenticated post came, None if never;
    `required`: what HubSpot refused to do without in the last hour; `restoring`: how far the customers are brought back
    after Redis was emptied, None if none has to be; `endpoints`: line -> the addresses to which it delivers; `stages`:
    what is to be told of orders' stages, None if none has a text; `redis`: how Redis itself is."""

    now_ms: int
    workers: int
    depths: dict[str, list[int]]
    oldest_ms: int | None = None
    counts: dict[str, int] = field(default_factory=dict)
    pauses: dict[str, dict[str, Any]] = field(default_factory=dict)
    oldest: dict[str, list[int | None]] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    dry_workers: int = 0
    refused_today: int = 0
    last_post_ms: int | None = None
    required: list[Requirement] = field(default_factory=list)
    restoring: Restoring | None = None
    endpoints: dict[str, list[Endpoint]] = field(default_factory=dict)
    stages: StageStatus | None = None
    redis: Condition = field(default_factory=Condition)

    @property
    def waiting(self) -> int:
        return sum(self.depths[keys.INBOX])

    @property
    def messages_waiting(self) -> int:
        return sum(self.depths[keys.OUTBOX])

    @property
    def pause(self) -> dict[str, Any]:
        return self.pauses.get(keys.INBOX, {})

    @property
    def messages_pause(self) -> dict[str, Any]:
        return self.pauses.get(keys.OUTBOX, {})

    @property
    def orders_waiting(self) -> int:
        return sum(self.depths[keys.ORDERS])

    @property
    def orders_pause(self) -> dict[str, Any]:
        return self.pauses.get(keys.ORDERS, {})

    @property
    def payments_waiting(self) -> int:
        return sum(self.depths.get(keys.PAYMENTS, ()))

    @property
    def payments_pause(self) -> dict[str, Any]:
        return self.pauses.get(keys.PAYMENTS, {})

    @property
    def notes_waiting(self) -> int:
        return sum(self.depths.get(keys.NOTES, ()))

    @property
    def notes_pause(self) -> dict[str, Any]:
        return self.pauses.get(keys.NOTES, {})

    @property
    def parked(self) -> int:
        return self.kept.get(lines.PARKED.name, 0)

    @property
    def held(self) -> int:
        """Leads that a dry run held back."""
        return self.kept.get(lines.HELD.name, 0)

    @property
    def unsent(self) -> int:
        """Messages that wait for a person."""
        return self.kept.get(lines.UNSENT.name, 0)

    @property
    def kept_for_person(self) -> tuple[tuple[str, int], ...]:
        """What waits for a person to retry or discard it: the name of a `lines.Kept` and how many, without those of
        which there is none."""
        found = ((kept.name, self.kept.get(kept.name, 0)) for _, kept in lines.each_kept() if kept.for_person)
        return tuple((name, n) for name, n in found if n)

    @property
    def need_person(self) -> int:
        return sum(n for _, n in self.kept_for_person)

    @property
    def dry_run(self) -> bool:
        """Whether leads are held back: a worker that is alive runs with DRY_RUN."""
        return bool(self.dry_workers)

    def as_dict(self) -> dict[str, Any]:
        shown = asdict(self)
        pauses, kept = shown.pop("pauses"), shown.pop("kept")
        shown["endpoints"] = {line: [one.as_dict() for one in some] for line, some in self.endpoints.items()}
        pauses = {line.pause_name: pauses.get(line.name, {}) for line in lines.LINES}
        more = {"waiting": self.waiting, "need_person": self.need_person, "dry_run": self.dry_run}
        return {**shown, **pauses, **kept, **more}


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
    pipe.hgetall(keys.REFUSED)
    pipe.zscore(keys.LAST_POST, LAST)
    pipe.xrevrange(keys.LEADS, count=trial_leads.KEPT + 1)
    pipe.zrange(keys.TEST_LEADS, 0, -1)
    pipe.hgetall(keys.COUNTS)
    pipe.hgetall(keys.REQUIRED)
    restoring.ask(pipe)
    stages.ask(pipe)
    lines_out = [line.name for line in lines.LINES if line.has_endpoints]
    for name in lines_out:
        pipe.scard(keys.endpoints(name))
    for _, kept in lines.each_kept():
        pipe.zcard(kept.index)
    for line in lines.LINES:
        pipe.hgetall(line.pause)
        for shard in range(shards):
            pipe.xlen(keys.entries(line.name, shard))
            pipe.zcard(keys.later(line.name, shard))
            pipe.xrange(keys.entries(line.name, shard), count=1)
    time, workers, dry_workers, refused, last_post, newest, tests, counts, required, store, progress, *more = (
        pipe.execute()
    )
    told, more = more[:3], more[3:]
    answers = iter(more)
    served = [name for name in lines_out if next(answers)]
    now = _milliseconds(time)
    sizes = {kept.name: next(answers) for _, kept in lines.each_kept()}
    depths, oldest, pauses = dict[str, list[int]](), dict[str, list[int | None]](), dict[str, dict[str, Any]]()
    for line in lines.LINES:
        pause = next(answers)
        shard_states = [(next(answers) + next(answers), _age(next(answers), now)) for _ in range(shards)]
        depths[line.name] = [depth for depth, _ in shard_states]
        oldest[line.name] = [age for _, age in shard_states]
        pauses[line.name] = _pause(pause, now, sum(depths[line.name]))
    longest = max((age for age in oldest[keys.INBOX] if age is not None), default=None)
    return Status(
        now_ms=now,
        workers=_count_alive(workers, now),
        depths=depths,
        oldest_ms=None if longest is None else now - longest,
        counts={name.decode(): int(count) for name, count in counts.items()},
        pauses=pauses,
        oldest=oldest,
        kept=sizes,
        dry_workers=_count_alive(dry_workers, now),
        refused_today=refused_on(refused, local_date(now, timezone)),
        last_post_ms=_last_post(last_post, newest, set(tests)),
        required=unpack_required(required, now),
        restoring=restoring.answer(store, progress),
        endpoints={name: Endpoints(redis, name, shards).read_all() for name in served},
        stages=stages.answer(*told),
        redis=read_condition(redis),
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


def _age(rows: list[tuple[bytes, Any]], now: int) -> int | None:
    """Of the oldest entry among `rows`, in ms."""
    return max(now - int(rows[0][0].partition(b"-")[0]), 0) if rows else None


def _last_post(stored: float | None, newest: list[tuple[bytes, Any]], tests: set[bytes]) -> int | None:
    """Older versions did not store it: then the newest row of the index of leads that is no test says
    when the last one came."""
    if stored is not None:
        return int(stored)
    posted = (row for row, fields in newest if fields.get(LEAD) not in tests)
    last = next(posted, None)
    return int(last.partition(b"-")[0]) if last else None


def _pause(stored: dict[bytes, bytes], now: int, waiting: int) -> dict[str, Any]:
    """A pause that is over stays until a lead is written; if none waits for that, the line does not count as paused,
    unless a person has to act."""
    until, code = int(stored.get(b"until", b"0")), stored.get(b"code", b"").decode()
    if not stored or (until < now and not waiting and code not in NEED_PERSON):
        return {}
    return {
        "code": code,
        "reason": english(stored.get(b"reason", b"").decode()),
        "until_ms": until,
        "since_ms": int(stored.get(b"since", b"0")),
    }
