"""Pure: whether the customer is told that their order has come to a stage.

A stage speaks once it has stood for `STANDS_MS`, once per order, and only if a person or another app moved the order
there. What cannot be said yet waits; what looks like a mistake, or comes too late, is held for a person to decide.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from leadcore.config import Config
from leadcore.event import identity
from leadcore.reasons import Reason, reason
from workers.rules.orders.portal import OrderPortal
from workers.rules.orders.property_names import CUSTOMER, MODIFIED, NAMES, ORDER_ID, TOLD
from workers.rules.orders.texts import TRACKING, OrderTexts, StageText
from workers.rules.sending import MAX_AGE_HOURS, find_quiet_end
from workers.rules.texts import is_quiet

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
STANDS_MS = 30_000
TRACKING_MS = 24 * HOUR_MS
OLD_MS = 30 * DAY_MS
NEWS_MS = 6 * DAY_MS
"""For so long a cancellation is told of; that it was told is known a day longer."""
LATE_MS = MAX_AGE_HOURS * HOUR_MS
"""Nobody is told so long after the move, as when no worker ran meanwhile."""
MOST_PER_MINUTE = 30
CREATED = ("hs_createdate", "createdate")
"""When a record was created: not every kind has the first, and people can change the second."""
_NEXT_TRY_MS = 10_000


@dataclass(frozen=True, slots=True)
class Silent:
    """Nothing is ever said of this move. `why`: a code for the log."""

    why: str


@dataclass(frozen=True, slots=True)
class Waits:
    """It is decided again at `until_ms`, or when the order changes."""

    until_ms: int
    why: str


@dataclass(frozen=True, slots=True)
class Held:
    """A person decides. `cause`: "bulk" or "window"; `why`: the same in words."""

    cause: str
    why: Reason


@dataclass(frozen=True, slots=True)
class Speaks:
    """The customer is told now."""


Verdict = Silent | Waits | Held | Speaks
Answer = Literal["", "release", "drop"]


@dataclass(frozen=True, slots=True)
class Standing:
    """An order in a stage, as HubSpot has it. `moved_ms`: since when it stands there, 0 if unknown; `source`: what
    moved it there, as `workers.hubspot.records.Records.read` tells it; `maker`: what made the order, which is leadsync,
    "" if unknown. `told`: the stages that are not to be told any more; `said`: those of which the customer knows.
    `customer`: the customer's id as DealDroid gave it, None if there is none."""

    id: str
    stage: str
    reference: str
    moved_ms: int
    source: str
    maker: str
    created_ms: int
    told: frozenset[str]
    customer: str | int | float | None
    properties: Mapping[str, str]
    said: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Facts:
    """What else decides. `since_ms`: stage id -> since when it has a text. `answer`: what a person decided about this
    order in this stage. `heard_ms`: when the customer last said something, 0 if nobody knows, None if that was not
    looked up. `forgotten_ms`: up to when everything of the customer is forgotten. `moves`: when orders came to stages
    that speak, sorted, this move among them. `behind`: the stages that come after this one."""

    now_ms: int
    config: Config
    timezone: ZoneInfo
    since_ms: Mapping[str, int]
    text: StageText | None
    moves: Sequence[int] = ()
    answer: Answer = ""
    heard_ms: int | None = None
    forgotten_ms: int = -1
    behind: frozenset[str] = frozenset()


def read_standing(found: Mapping[str, Any], kind: str) -> Standing:
    """The order that was read with the history of `list_history`."""
    name = NAMES[kind]["stage"]
    history = found.get("history") or {}
    moved_ms, source = _find_move(history.get(name) or ())
    # Its key is written once, by the call that makes the order.
    _, made_ms, maker = (history.get(ORDER_ID) or [("", 0, "")])[-1]
    return Standing(
        id=found["id"],
        stage=found.get(name, ""),
        reference=found.get(ORDER_ID, ""),
        moved_ms=moved_ms,
        source=source,
        maker=maker,
        created_ms=next(filter(None, (read_ms(found.get(one, "")) for one in CREATED)), made_ms),
        told=frozenset(read_told(found.get(TOLD, ""))),
        said=frozenset(read_said(found.get(TOLD, ""))),
        customer=read_customer(found.get(CUSTOMER, "")),
        properties={one: value for one, value in found.items() if isinstance(value, str)},
    )


def list_properties(kind: str, texts: OrderTexts) -> list[str]:
    """The properties that are read of an order whose stage may speak, or say that it is paid."""
    return sorted({NAMES[kind]["stage"], NAMES[kind]["total"], ORDER_ID, CUSTOMER, TOLD, *CREATED, *texts.variables})


def list_history(kind: str) -> list[str]:
    """Those whose history is read."""
    return [NAMES[kind]["stage"], ORDER_ID]


def _find_move(versions: Sequence[tuple[str, int, str]]) -> tuple[int, str]:
    """When the newest of `versions` (newest first) came to be, and what set it; a value that is set again stands."""
    moved: tuple[int, str] = (0, "")
    for value, at_ms, source in versions:
        if value != versions[0][0]:
            break
        moved = at_ms, source
    return moved


def read_customer(stored: str) -> str | int | float | None:
    """The customer's id in the order's property, as DealDroid gave it; None if it cannot be read."""
    try:
        found = msgspec.json.decode(stored, type=str | int | float)
    except ValueError:
        return None
    return found if identity(found).strip() else None


def read_ms(stored: str) -> int:
    """A time as HubSpot writes it, in ms since 1970; 0 if it is none."""
    if stored.isascii() and stored.isdigit():
        return int(stored)
    try:
        found = datetime.fromisoformat(stored)
    except ValueError:
        return 0
    return round((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)


def read_told(stored: str) -> list[str]:
    """The ids of the stages in the property `TOLD`: each is the first word of a line."""
    return [line.split()[0] for line in stored.splitlines() if line.strip()]


def read_said(stored: str) -> list[str]:
    """Those of them that were said: a line says when. A person keeps a stage silent with its id alone."""
    lines = [line.split() for line in stored.splitlines() if line.strip()]
    return [words[0] for words in lines if len(words) == 2]


def add_told(stored: str, stage: str, now_ms: int, *, said: bool = True) -> str:
    """The property `TOLD` with one stage more. Whoever moves an order and does not want the customer to be told of it
    writes this in the same call."""
    at = datetime.fromtimestamp(now_ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    lines = [line for line in stored.splitlines() if line.strip()]
    return "\n".join([*lines, f"{stage} {at}" + ("" if said else " not said")])


def judge(order: Standing, facts: Facts) -> Verdict:
    """Whether the customer is told, and if not yet, when that is decided again."""
    if silent := _find_silence(order, facts):
        return Silent(silent)
    now_ms = facts.now_ms
    if now_ms - order.moved_ms < STANDS_MS:
        return Waits(order.moved_ms + STANDS_MS, "stands")
    is_released = facts.answer == "release"
    if is_bulk(order.moved_ms, facts.moves) and not is_released:
        return hold_bulk()
    if lacks_tracking(order, facts.text) and now_ms - order.moved_ms < TRACKING_MS:
        return Waits(order.moved_ms + TRACKING_MS, "tracking")
    if is_quiet(now_ms, facts.config, facts.timezone):
        return Waits(find_quiet_end(now_ms, facts.config, facts.timezone), "quiet")
    hours = facts.config.messages.window_hours
    if hours and facts.heard_ms is not None and now_ms - facts.heard_ms > hours * HOUR_MS and not is_released:
        return Held("window", reason("window_over") if facts.heard_ms else reason("never_heard"))
    is_late = now_ms - order.moved_ms > LATE_MS and facts.heard_ms is not None
    return Silent("late") if is_late and not is_released else Speaks()


def hold_bulk() -> Held:
    """The wait of one that was moved among many."""
    return Held("bulk", reason("stage_bulk", most=MOST_PER_MINUTE))


def _find_silence(order: Standing, facts: Facts) -> str:
    since_ms = facts.since_ms.get(order.stage)
    silences = {
        "no_text": facts.text is None or since_ms is None,
        "told": order.stage in order.told,
        "back": bool(order.said & facts.behind),
        "no_customer": order.customer is None,
        "forgotten": order.created_ms <= facts.forgotten_ms,
        "own": bool(order.maker) and order.source == order.maker,
        "earlier": since_ms is not None and order.moved_ms < since_ms,
        "old": facts.now_ms - order.created_ms > OLD_MS,
    }
    return next((why for why, is_so in silences.items() if is_so), "")


def name_paid_stage(config: Config) -> str:
    """The stage by whose move a person says that an order is paid, by label or id; "" if none does. What is paid at
    Stripe says Stripe."""
    payment = config.payment
    return payment.paid_stage if config.orders and payment and payment.provider != "stripe" else ""


def says_paid(order: Standing, stage: str, since_ms: int, now_ms: int) -> bool:
    """Whether somebody else than leadsync has moved the order to `stage`, where orders are paid since `since_ms`."""
    is_own = bool(order.maker) and order.source == order.maker
    is_new = since_ms <= order.moved_ms and now_ms - order.created_ms <= OLD_MS
    return bool(stage) and order.stage == stage and order.customer is not None and is_new and not is_own


def says_cancelled(order: Standing, stage: str, since_ms: int, now_ms: int) -> bool:
    """Whether somebody else than leadsync has moved the order to `stage`, of cancelled ones, which is told of since
    `since_ms`, and lately."""
    is_own = bool(order.maker) and order.source == order.maker
    return bool(stage) and order.stage == stage and order.moved_ms >= max(since_ms, now_ms - NEWS_MS) and not is_own


def lacks_tracking(order: Standing, text: StageText | None) -> bool:
    """Whether the text names the tracking number, or only its address, and the order has none."""
    named = [name for name in TRACKING if text and name in text.variables]
    return bool(named) and not order.properties.get(TRACKING[named[0]], "").strip()


def is_bulk(moved_ms: int, moves: Sequence[int]) -> bool:
    """Whether `moved_ms` is one of more than `MOST_PER_MINUTE` of `moves` (sorted) within any one minute."""
    first, last = bisect_right(moves, moved_ms - MINUTE_MS), bisect_left(moves, moved_ms + MINUTE_MS)
    near = moves[first:last]
    return any(
        near[at + MOST_PER_MINUTE] - near[at] < MINUTE_MS and near[at] <= moved_ms < near[at] + MINUTE_MS
        for at in range(len(near) - MOST_PER_MINUTE)
    )


def count_free(said_ms: Collection[int], now_ms: int) -> int:
    """How many more may be told in the minute that ends now."""
    return max(MOST_PER_MINUTE - sum(now_ms - one < MINUTE_MS for one in said_ms), 0)


def wait_for_free(now_ms: int) -> Waits:
    """The wait of one that finds no room in this minute."""
    return Waits(now_ms + _NEXT_TRY_MS, "minute")


@dataclass(frozen=True, slots=True)
class Cursor:
    """Orders modified at `at_ms` or later are still to be read; with `above`, of those at exactly `at_ms` only those
    whose id is larger."""

    at_ms: int
    above: int = 0

    def filters(self) -> list[dict[str, Any]]:
        """For `Records.search`."""
        if not self.above:
            return [{"propertyName": MODIFIED, "operator": "GTE", "value": str(self.at_ms)}]
        return [
            {"propertyName": MODIFIED, "operator": "GTE", "value": str(self.at_ms)},
            {"propertyName": MODIFIED, "operator": "LTE", "value": str(self.at_ms)},
            {"propertyName": "hs_object_id", "operator": "GT", "value": str(self.above)},
        ]

    def sorts(self) -> list[str]:
        return ["hs_object_id" if self.above else MODIFIED]

    def advance(self, page: Sequence[Mapping[str, Any]], size: int) -> "Cursor | None":
        """Where the next page begins, None if `page`, of at most `size`, is the last one. A page of orders of one
        moment, as an import makes them, is walked on by id."""
        if len(page) < size:
            return Cursor(self.at_ms + 1) if self.above else None
        last_ms = read_ms(page[-1].get(MODIFIED, ""))
        if not self.above and last_ms > self.at_ms:
            return Cursor(last_ms)
        # By time, nothing is said of the order within a moment, so that its walk begins at the lowest id.
        return Cursor(self.at_ms, max(int(one["id"]) for one in page) if self.above else 1)


def find_behind(portal: OrderPortal, stage_id: str) -> frozenset[str]:
    """The stages that come after this one in the pipeline. Who was told that the order is cancelled has to hear that it
    goes on."""
    ids, cancelled = [stage.id for stage in portal.stages], portal.find_cancelled()
    behind = ids[ids.index(stage_id) + 1 :] if stage_id in ids else []
    return frozenset(one for one in behind if cancelled is None or one != cancelled.id)


def name_stages(portal: OrderPortal, texts: OrderTexts) -> dict[str, str]:
    """Id -> label of the stages that have a text."""
    found = [portal.find_stage(stage) for stage in texts.stages]
    return {stage.id: stage.label for stage in found if stage}


def find_text(portal: OrderPortal, texts: OrderTexts, stage_id: str, language: str) -> StageText | None:
    """What is said at a stage of the portal: the config names it by id or by label."""
    label = next((stage.label for stage in portal.stages if stage.id == stage_id), "")
    return texts.find(stage_id, language) or (texts.find(label, language) if label else None)
