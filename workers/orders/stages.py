"""Tells customers that their order has come to a stage that has a text, see `workers.rules.orders.stages`, and hears of
the payments that a person notes by moving an order to `paid_stage`, and of the orders that a person cancels or reopens.

A thread in each worker process, of which one works at a time. Service keys get no webhooks, so once a minute it
searches for orders in such stages that were modified since its cursor. What it finds waits in Redis
(`leadcore.store.stages`) until it is decided (`workers.orders.stage_messages`).
"""

import math
from collections.abc import Collection, Mapping, Sequence, Set
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from leadcore.config import Config
from leadcore.events import NOBODY, Events
from leadcore.reasons import reason
from leadcore.store import keys, scripts
from leadcore.store.clock import Clock
from leadcore.store.connection import AWAY, Redis
from leadcore.store.lua import DEL_FIRST
from leadcore.store.stages import (
    CANCELLED,
    CURSOR,
    HELD_MS,
    MOVES_MS,
    NEXT,
    PAID,
    SEARCHED,
    SINCE,
    WAITS,
    WAITS_SINCE,
    WHY,
    StageRecord,
    pack,
    unpack,
)
from leadcore.store.streams import Stream
from workers.flow.errors import LineDown, LostLease, Stopping
from workers.hubspot.batches import HISTORY_BATCH
from workers.hubspot.records import Records
from workers.orders.stage_messages import StageMessages, Stages
from workers.rules.orders import stages as rules
from workers.rules.orders.portal import OrderPortal
from workers.rules.orders.property_names import CUSTOMER, MODIFIED, NAMES, TOLD
from workers.rules.orders.stages import Cursor
from workers.rules.orders.texts import OrderTexts
from workers.sync.customer_store import CustomerStore

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from leadcore.machine import Event, Machine

POLL_MS = 60_000
PAGE, PAGE_SECONDS = 200, 1.0
IDLE_SECONDS, SHORTEST_SECONDS, LONGEST_WAIT_SECONDS = 5.0, 0.2, 300.0
# As long as HubSpot's index may lag behind its writes.
LAG_MS = 60_000
# Longer than a call may take, with the wait for its slot.
LOCK_MS = 60_000
PAUSED = LineDown("paused", reason("line_paused"))
CANNOT_TELL = LineDown("stage_key", reason("key_missing", property=TOLD))
log = structlog.get_logger("leadsync.stages")

_FOUND = (
    """
-- Returns 1, or 0 if the lock was lost. ARGV from 4 on: id and record of each order that a search found.
local lock, progress, orders, due = unpack(KEYS)
local token, now_ms, cursor = unpack(ARGV, 1, 3)
"""
    + DEL_FIRST
    + f"""
if redis.call('GET', lock) ~= token then return 0 end
for at = 4, #ARGV, 2 do
  redis.call('HSETNX', orders, ARGV[at], ARGV[at + 1])
  redis.call('ZADD', due, now_ms, ARGV[at])
end
redis.call('HSET', progress, '{CURSOR}', cursor)
return 1
"""
)


def forget_progress(connection: Redis) -> None:
    """Nobody is told of stages now. Once somebody is again, it begins then: nothing is said of what came before. Whose
    links ask for nothing stays known, as they ask for nothing still. Raises redis-py's errors."""
    connection.delete(
        keys.STAGES,
        keys.STAGES_ORDERS,
        keys.STAGES_DUE,
        keys.STAGES_HELD,
        keys.STAGES_ANSWERS,
        keys.STAGES_MOVES,
        keys.STAGES_CANCELLED,
    )


class _FindsPortal(Protocol):
    def current(self) -> OrderPortal: ...


class StagePoller:
    """One per worker process. `kind`: of the records that are orders. `records`: with the quota of searches."""

    def __init__(
        self,
        connection: Redis,
        records: Records,
        portal: _FindsPortal,
        kind: str,
        config: Config,
        texts: OrderTexts,
        customers: CustomerStore,
        timezone: "ZoneInfo",
        stop: "Event",
        machine: "Machine",
        events: Events = NOBODY,
    ) -> None:
        self.redis, self.records, self.portal, self.kind, self.texts = connection, records, portal, kind, texts
        self.stop, self.machine = stop, machine
        self.paid_stage = rules.name_paid_stage(config)
        self.tells_cancelled, self.closes_links = events.wants("order.cancelled"), config.payment is not None
        self.stream, self.clock = Stream(connection), Clock(connection, machine)
        self.token = machine.token()
        self.messages = StageMessages(
            connection,
            records,
            kind,
            config,
            customers,
            timezone,
            self.clock,
            self.token,
            self._renew_lock,
            self._apply,
            events,
        )
        # When each order of the last search was modified, and when that search was: what is as it was then needs no
        # other look, unless Redis no longer knows of that search and what it found.
        self._seen: dict[str, str] = {}
        self._searched_ms = 0
        self._failures = 0
        self._found = connection.register_script(_FOUND)
        self._renew = connection.register_script(scripts.RENEW)

    def start(self) -> None:
        """Begin. The thread ends with `stop`."""
        self.machine.thread(self._run, "stages").start()

    def _run(self) -> None:
        seconds = 0.0
        while not self.stop.wait(seconds):
            try:
                seconds = self.step()
            except Stopping:
                break
            except AWAY as error:  # maintenance tells of it
                log.debug("stages.failed", error=type(error).__name__)
                seconds = IDLE_SECONDS
            except Exception as error:  # the thread must survive every fault
                log.warning("stages.failed", error=type(error).__name__)
                seconds = LONGEST_WAIT_SECONDS
        with suppress(*AWAY):  # it expires
            self.redis.eval(scripts.UNLOCK, 1, keys.STAGES_LOCK, self.token)

    def step(self) -> float:
        """Search if it is time, and decide what is due. Returns after how many seconds there may be something to do.
        Raises `Stopping` and redis-py's errors."""
        if not self._holds_lock():
            return IDLE_SECONDS
        now_ms = self.clock.now_ms()
        if int(self.redis.hget(keys.PAUSE, "until") or 0) > now_ms:
            return self._wait(PAUSED, IDLE_SECONDS)
        try:
            lacks = self._work(now_ms)
        except LineDown as down:
            self._failures += 1
            longer = min(IDLE_SECONDS * 2**self._failures, LONGEST_WAIT_SECONDS)
            return self._wait(down, max(down.seconds or 0.0, longer))
        except LostLease:
            log.info("stages.given_back")
            return IDLE_SECONDS
        self._failures = 0
        return self._wait(lacks, self._seconds_to_next())

    def _holds_lock(self) -> bool:
        held = self._renew(keys=[keys.STAGES_LOCK], args=[self.token, LOCK_MS])
        return bool(held or self.stream.acquire_lock(keys.STAGES_LOCK, self.token, LOCK_MS))

    def _renew_lock(self) -> None:
        if not self._renew(keys=[keys.STAGES_LOCK], args=[self.token, LOCK_MS]):
            raise LostLease([keys.STAGES_LOCK])

    def _apply(self, commands: Sequence[Sequence[Any]]) -> None:
        """Run these commands, or none and raise `LostLease`: this process may have stood still, and another gone on."""
        if not self.stream.apply_fenced([keys.STAGES_LOCK], self.token, commands):
            raise LostLease([keys.STAGES_LOCK])

    def _wait(self, down: LineDown | None, seconds: float) -> float:
        """Note what keeps it from going on; None: nothing does."""
        before, code = self.redis.hget(keys.STAGES, WAITS), down.code if down else ""
        if before is None or before.decode() != code:
            if code or before:
                log.info("stages.waits", code=code)
            noted = (WAITS, code, WHY, down.why if down else "", WAITS_SINCE, self.clock.now_ms())
            self.stream.apply([("HSET", keys.STAGES, *noted)])
        return seconds

    def _seconds_to_next(self) -> float:
        due = [at for _, at in self.redis.zrange(keys.STAGES_DUE, 0, 0, withscores=True)]
        search = self.redis.hget(keys.STAGES, NEXT)
        following = min([*due, *([int(search)] if search else [])], default=math.inf)
        return min(max((following - self.clock.now_ms()) / 1000, SHORTEST_SECONDS), IDLE_SECONDS)

    def _work(self, now_ms: int) -> LineDown | None:
        """Returns what keeps it from telling customers, while it hears of payments."""
        portal = self.portal.current()
        labels = rules.name_stages(portal, self.texts)
        paid = portal.find_stage(self.paid_stage) if self.paid_stage else None
        cancelled = portal.find_cancelled() if self.tells_cancelled or self.closes_links else None
        paid_id, cancelled_id = paid.id if paid else "", cancelled.id if cancelled else ""
        told_id = cancelled_id if self.tells_cancelled else ""
        marks = {f"{SINCE}{stage}" for stage in labels}
        marks |= {f"{name}{id}" for name, id in ((PAID, paid_id), (CANCELLED, told_id)) if id}
        progress = self._read_progress(now_ms, marks)
        if progress.get(SEARCHED) != self._searched_ms:
            self._seen = {}
        if (marks or cancelled_id) and progress.get(NEXT, 0) <= now_ms:
            self._search(labels, progress[CURSOR], [id for id in (paid_id, cancelled_id) if id])
            self._apply([("HSET", keys.STAGES, NEXT, now_ms + POLL_MS, SEARCHED, now_ms)])
            self._searched_ms = now_ms
        self._end_old(now_ms)
        since_ms = {stage: progress[SINCE + stage] for stage in labels}
        paid_ms, cancelled_ms = progress.get(PAID + paid_id, 0), progress.get(CANCELLED + told_id)
        stages = Stages(portal, self.texts, since_ms, labels, paid_id, paid_ms, cancelled_id, cancelled_ms)
        while ids := self._read_due():
            self._renew_lock()
            self.messages.decide(ids, stages, are_all=len(ids) < HISTORY_BATCH)
        return CANNOT_TELL if labels and not stages.can_tell else None

    def _read_progress(self, now_ms: int, marks: Set[str]) -> dict[str, int]:
        """The progress in numbers. A new dataset, and each of `marks` that is there for the first time, begin now."""
        stored = {name.decode(): value for name, value in self.redis.hgetall(keys.STAGES).items()}
        wanted = {CURSOR, *marks}
        added, gone = wanted - stored.keys(), {name for name in stored if name.startswith((SINCE, PAID, CANCELLED))}
        gone -= wanted
        # Of those that nobody watched, some may have been moved back.
        closed = ("ZUNIONSTORE", keys.STAGES_DUE, 2, keys.STAGES_DUE, keys.STAGES_CLOSED, "AGGREGATE", "MIN")
        self._apply(
            ([closed] if CURSOR in added else [])
            + [("HSETNX", keys.STAGES, name, now_ms) for name in sorted(added)]
            + [("HDEL", keys.STAGES, name) for name in sorted(gone)]
        )
        numbers = {name: int(value) for name, value in stored.items() if name not in (WAITS, WHY)}
        return numbers | dict.fromkeys(added, now_ms)

    def _search(self, labels: Collection[str], known_ms: int, said: Sequence[str]) -> None:
        """Let all orders wait that were modified since, and are in a stage of `labels` of which they were not told, or
        in one of `said`, whose moves say something, or may have left the stage of cancelled ones. `known_ms`: when the
        last order of earlier searches was modified."""
        stage_name, stages = NAMES[self.kind]["stage"], dict.fromkeys((*labels, *said))
        closed = self.messages.cancellations.read_closed() if self.closes_links else set[str]()
        filters: list[Mapping[str, Any]] = [{"propertyName": CUSTOMER, "operator": "HAS_PROPERTY"}]
        if not closed:  # else any stage may be the one to which an order was moved back
            filters.insert(0, {"propertyName": stage_name, "operator": "IN", "values": list(stages)})
        seen: dict[str, str] = {}
        cursor: Cursor | None = Cursor(max(known_ms - LAG_MS, 0))
        while cursor:
            began = self.machine.monotonic()
            self._renew_lock()
            wanted = [*filters, *cursor.filters()]
            page = self.records.search(self.kind, wanted, [stage_name, TOLD, MODIFIED], cursor.sorts(), PAGE)["results"]
            arguments: list[Any] = []
            for one in page:
                stage, modified = one.get(stage_name, ""), one.get(MODIFIED, "")
                known_ms = max(known_ms, rules.read_ms(modified))
                is_new = stage in labels and stage not in rules.read_told(one.get(TOLD, ""))
                is_news = stage in said or is_new or one["id"] in closed
                if is_news and self._seen.get(one["id"]) != modified:
                    arguments += [one["id"], pack(StageRecord(stage))]
                seen[one["id"]] = modified
            names = [keys.STAGES_LOCK, keys.STAGES, keys.STAGES_ORDERS, keys.STAGES_DUE]
            if not self._found(keys=names, args=[self.token, self.clock.now_ms(), known_ms, *arguments]):
                raise LostLease([keys.STAGES_LOCK])
            cursor = cursor.advance(page, PAGE)
            left = PAGE_SECONDS - (self.machine.monotonic() - began)
            if cursor and left > 0 and self.stop.wait(left):
                raise Stopping("the next search")
        self._seen = seen

    def _end_old(self, now_ms: int) -> None:
        """Of what nobody decided in time the customer is never told; moves of long ago say nothing of present ones."""
        old = self.redis.zrangebyscore(keys.STAGES_HELD, "-inf", now_ms - HELD_MS)
        stored = self.redis.hmget(keys.STAGES_ORDERS, old) if old else []
        commands: list[Sequence[Any]] = [
            ("ZREMRANGEBYSCORE", keys.STAGES_MOVES, "-inf", now_ms - MOVES_MS),
            ("ZREMRANGEBYSCORE", keys.STAGES_CANCELLED, "-inf", now_ms - MOVES_MS),
            ("ZREMRANGEBYSCORE", keys.STAGES_CLOSED, "-inf", now_ms - rules.OLD_MS),
            ("ZREMRANGEBYSCORE", keys.STAGES_SAID, "-inf", now_ms - rules.MINUTE_MS),
        ]
        for order, record in zip(old, stored, strict=True):
            commands.append(("ZREM", keys.STAGES_HELD, order))
            if record:
                # What a person has answered meanwhile stands.
                commands.append(("HSETNX", keys.STAGES_ANSWERS, order, f"drop {unpack(record).stage}"))
                commands.append(("ZADD", keys.STAGES_DUE, now_ms, order))
        self._apply(commands)

    def _read_due(self) -> list[str]:
        now_ms = self.clock.now_ms()
        found = self.redis.zrangebyscore(keys.STAGES_DUE, "-inf", now_ms, start=0, num=HISTORY_BATCH)
        return [order.decode() for order in found]
