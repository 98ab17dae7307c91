"""What is still to be told of orders that came to a stage, and what is held for a person; see `workers.orders.stages`.

progress   a hash: when the next search is due, from when it searches, why it does not go on, and under "since:" and
           a stage's id since when that stage has a text, under "paid:" and an id since when orders are paid there,
           under "cancelled:" and an id since when those that come there are told of
orders     a hash: id of the order -> its record; it holds ids, times and codes, nothing of a customer
due, held  sorted sets of its keys: when each is decided again, or since when it waits for a person
answers    a hash: id of the order -> "release" or "drop", a blank and the stage's id
moves      a sorted set: order and stage -> when it was moved there, for a week
said       a sorted set: order and stage -> when the customer was told, for a minute
cancelled  a sorted set: order and time of each move to the stage of cancelled orders that was told of -> that time, for
           a week
closed     a sorted set: order that stands in the stage of cancelled ones, so that its link asks for nothing -> when
           that was seen, for as long as links live
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from leadcore.reasons import NO_REASON, Reason, english
from leadcore.reasons import reason as make_reason
from leadcore.receipts import UNSENT_SECONDS
from leadcore.store import keys
from leadcore.store.connection import Redis
from leadcore.store.lua import ACTION_FIELDS, DEL_FIRST, NOW

GONE = make_reason("stage_not_held")
NEXT, CURSOR, SINCE, PAID, SEARCHED = "next_ms", "cursor_ms", "since:", "paid:", "searched_ms"
CANCELLED = "cancelled:"
WAITS, WHY, WAITS_SINCE = "waits", "why", "waits_ms"
MOVES_MS = 7 * 86_400_000
HELD_MS = UNSENT_SECONDS * 1000
CAUSES = ("bulk", "window")
"""Why something is held."""
OUTCOMES = ("told", "dropped", *(f"held_{cause}" for cause in CAUSES))
"""What counters count, behind "stage_"."""

_ANSWER = (
    """
-- Returns 1, or 0 if the order is no longer held. `shown`: the stage that was decided about, '' if that is any.
local orders, due, held, answers, actions = unpack(KEYS)
local order, answer, command, user, actions_kept, shown = unpack(ARGV)
"""
    + DEL_FIRST
    + NOW
    + ACTION_FIELDS
    + """
local record = redis.call('HGET', orders, order)
local stage = record and cjson.decode(record).stage
if stage and shown ~= '' and stage ~= shown then return 0 end
if redis.call('ZREM', held, order) == 0 or not stage then return 0 end
redis.call('HSET', answers, order, answer .. ' ' .. stage)
redis.call('ZADD', due, now, order)
redis.call('XADD', actions, 'MAXLEN', '~', actions_kept, '*',
  ACTION_COMMAND, command, ACTION_LEAD, 'order ' .. order, ACTION_USER, user)
return 1
"""
)


class StageRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """One order that came to a stage. `label`: the stage's; `telling`: the order's `dealdroid_told` is being written;
    `cause`, `why`: of what is held. `thanked`: its customer is thanked for the payment, and not told of the stage,
    which is still to be noted there."""

    stage: str
    label: str = ""
    reference: str = ""
    moved_ms: int = 0
    telling: bool = False
    cause: str = ""
    why: str = ""
    thanked: bool = False


@dataclass(frozen=True, slots=True)
class HeldStage:
    """A stage of which the customer is not told until a person decides; `held_ms`: since when."""

    order: str
    held_ms: int
    record: StageRecord

    def as_dict(self) -> dict[str, Any]:
        """For JSON; the reason in English."""
        return {
            "order": self.order,
            "reference": self.record.reference,
            "stage": self.record.label,
            "moved_ms": self.record.moved_ms,
            "held_ms": self.held_ms,
            "cause": self.record.cause,
            "reason": english(self.record.why),
        }


@dataclass(frozen=True, slots=True)
class StageStatus:
    """`waiting`: orders of whose stage nothing was said yet; `held`: those of them that wait for a person.
    `searched_ms`: when HubSpot was last searched, None if never. `code`, `reason`, `since_ms`: what keeps it from going
    on, and since when; "" if nothing does."""

    waiting: int
    held: int
    searched_ms: int | None
    code: str = ""
    reason: str = ""
    since_ms: int = 0


class HeldStages:
    """What is held, over one Redis connection. Every method raises redis-py's errors."""

    def __init__(self, connection: Redis, actions_kept: int) -> None:
        self.redis, self.actions_kept = connection, actions_kept
        self._answer = connection.register_script(_ANSWER)

    def read(self, count: int, until_ms: int | None = None) -> list[HeldStage]:
        """At most `count` of what is held since `until_ms` or longer, the newest first."""
        upper: int | str = "+inf" if until_ms is None else until_ms
        rows = self.redis.zrevrangebyscore(keys.STAGES_HELD, upper, "-inf", 0, count, withscores=True)
        stored = self.redis.hmget(keys.STAGES_ORDERS, [order for order, _ in rows]) if rows else []
        return [
            HeldStage(order.decode(), int(at), unpack(record))
            for (order, at), record in zip(rows, stored, strict=True)
            if record
        ]

    def count(self) -> int:
        """How much is held."""
        return int(self.redis.zcard(keys.STAGES_HELD))

    def release(self, order: str, user: str, stage: str = "") -> Reason:
        """Tell the customer, unless the order has moved on, or is held at another stage than `stage`. "" if done, else
        why not."""
        return self._decide(order, "release", user, stage)

    def drop(self, order: str, user: str, stage: str = "") -> Reason:
        """Never tell the customer of this stage; `stage` as for `release`. "" if done, else why not."""
        return self._decide(order, "drop", user, stage)

    def _decide(self, order: str, answer: str, user: str, stage: str) -> Reason:
        names = [keys.STAGES_ORDERS, keys.STAGES_DUE, keys.STAGES_HELD, keys.STAGES_ANSWERS, keys.ACTIONS]
        args = [order, answer, answer, user, self.actions_kept, stage]
        return NO_REASON if self._answer(keys=names, args=args) else GONE


def pack(record: StageRecord) -> bytes:
    return msgspec.json.encode(record)


def unpack(stored: bytes) -> StageRecord:
    return msgspec.json.decode(stored, type=StageRecord)


def ask(pipe: Any) -> None:
    """Queue what `answer` reads."""
    pipe.hlen(keys.STAGES_ORDERS)
    pipe.zcard(keys.STAGES_HELD)
    pipe.hmget(keys.STAGES, SEARCHED, WAITS, WHY, WAITS_SINCE)


def answer(waiting: int, held: int, progress: Sequence[bytes | None]) -> StageStatus | None:
    """None where no stage was ever looked for."""
    searched, waits, why, since = progress
    if waits is None:
        return None
    code, reason = waits.decode("ascii", "replace"), (why or b"").decode("ascii", "replace")
    return StageStatus(waiting, held, int(searched) if searched else None, code, english(reason), int(since or 0))
