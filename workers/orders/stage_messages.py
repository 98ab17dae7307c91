"""Decides on the orders that came to a stage, and tells their customers: the part of `workers.orders.stages` that
writes.

Before a message leaves, its stage is written into the order's `dealdroid_told`, so that a Redis that lost its data
repeats nothing; before that the order is marked in Redis, so that a crash in between forgets nothing: who finds the
mark and the stage in the property puts the message into the outbox, where its id keeps it from being put twice.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import structlog

from leadcore.config import Config
from leadcore.event import identity
from leadcore.events import NOBODY, Events
from leadcore.fields import KIND
from leadcore.language import choose_language
from leadcore.store import keys
from leadcore.store.clock import Clock
from leadcore.store.connection import Redis
from leadcore.store.counters import count
from leadcore.store.lua import COUNT, DEL_FIRST
from leadcore.store.orders import COMPARED, YES, read_orders
from leadcore.store.outgoing import Outgoing, outgoing
from leadcore.store.payments import discard_move, read_discarded, say_paid
from leadcore.store.stages import StageRecord, pack, unpack
from workers.flow.errors import LostLease
from workers.hubspot.records import Records
from workers.orders.cancellations import Cancellations
from workers.rules.customer import unpack as unpack_customer
from workers.rules.mapping.property_names import CUSTOMER_ID
from workers.rules.orders import stages as rules
from workers.rules.orders.portal import OrderPortal
from workers.rules.orders.property_names import NAMES, TOLD
from workers.rules.orders.settlement import read_units
from workers.rules.orders.stages import Facts, Held, Silent, Speaks, Standing, Verdict, Waits
from workers.rules.orders.texts import OrderTexts, StageText, render
from workers.rules.orders.thanks import Thanks
from workers.rules.outcomes import ContactMissing, ContactWrite, RetryLater, WriteOutcome, Written
from workers.rules.sending import BY_PERSON
from workers.sync.customer_store import CustomerStore

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

RETRY_MS, REFUSED_MS = 10_000, 600_000
log = structlog.get_logger("leadsync.stages")

_STORE = (
    """
-- Returns the ids of the orders of which nothing was stored, because a person has decided meanwhile, or false if the
-- lock was lost. ARGV from 2 on, per order: id, the person's decision as it was read, what becomes of the order
-- ('wait', 'hold', 'end'), its record, until or since when in ms, the name of what is counted or ''.
local lock, orders, due, held, answers = unpack(KEYS)
local token = ARGV[1]
"""
    + DEL_FIRST
    + COUNT
    + """
if redis.call('GET', lock) ~= token then return false end
local skipped = {}
for at = 2, #ARGV, 6 do
  local order, answer, what, record, ms, name = unpack(ARGV, at, at + 5)
  if (redis.call('HGET', answers, order) or '') ~= answer then
    skipped[#skipped + 1] = order
  elseif what == 'end' then
    redis.call('HDEL', orders, order)
    redis.call('HDEL', answers, order)
    redis.call('ZREM', due, order)
    redis.call('ZREM', held, order)
    if name ~= '' then count(name, 1) end
  else
    redis.call('HSET', orders, order, record)
    if what == 'wait' then
      redis.call('ZREM', held, order)
      redis.call('ZADD', due, ms, order)
    else
      redis.call('HDEL', answers, order)
      redis.call('ZREM', due, order)
      if redis.call('ZADD', held, 'NX', ms, order) == 1 then count(name, 1) end
    end
  end
end
return skipped
"""
)


@dataclass(frozen=True, slots=True)
class Stages:
    """What is known of the portal's stages. `since_ms`: id of each that has a text -> since when it has one; `labels`:
    their ids -> labels. `paid`: id of the stage to which a person moves what is paid, "" if there is none;
    `paid_since_ms`: since when that counts. `cancelled`: the same of the stage of cancelled orders, "" if nobody wants
    to know of them, nor has a link; `cancelled_since_ms`: None if nobody is told of them."""

    portal: OrderPortal
    texts: OrderTexts
    since_ms: Mapping[str, int]
    labels: Mapping[str, str]
    paid: str = ""
    paid_since_ms: int = 0
    cancelled: str = ""
    cancelled_since_ms: int | None = None

    @property
    def can_tell(self) -> bool:
        """Whether the portal can note who was told; else nobody is."""
        return self.portal.has(TOLD)

    def text(self, stage: str, language: str) -> StageText | None:
        return rules.find_text(self.portal, self.texts, stage, language)


@dataclass(frozen=True, slots=True)
class _Case:
    """One order that is due. `record`, `answer`: as they stood in Redis; `order`: as it stands in HubSpot; `label`: of
    its stage; `language`: its customer's. `pays`: its move says that it is paid; `units`: its total in HubSpot, in the
    currency's smallest unit, 0 if nobody knows; `thanked`: its customer is thanked for that, and not told of the stage
    too."""

    id: str
    record: StageRecord
    answer: str
    order: Standing
    label: str = ""
    language: str = ""
    pays: bool = False
    units: int = 0
    thanked: bool = False

    @property
    def is_told(self) -> bool:
        """Whether it was noted as told, and the message did not come to leave."""
        return self.record.telling and self.record.stage == self.order.stage and self.order.stage in self.order.told

    @property
    def decided(self) -> rules.Answer:
        """What a person decided about the order in the stage where it stands now."""
        answers: dict[str, rules.Answer] = {
            f"release {self.order.stage}": "release",
            f"drop {self.order.stage}": "drop",
        }
        return answers.get(self.answer, "")

    @property
    def customer(self) -> str:
        """ "" if there is none."""
        return "" if self.order.customer is None else identity(self.order.customer)

    def note(self, **more: Any) -> StageRecord:
        """`more`: the other fields of the record."""
        order = self.order
        return StageRecord(order.stage, self.label, order.reference, order.moved_ms, **more)

    def ends(self, counted: str = "") -> tuple[Any, ...]:
        return _ends(self.id, self.answer, counted)

    def waits(self, until_ms: int, *, telling: bool = False, thanked: bool = False) -> tuple[Any, ...]:
        record = pack(self.note(telling=telling, thanked=thanked))
        return (self.id, self.answer, "wait", record, until_ms, "")


class StageMessages:
    """`renew`: holds the lock of the poller, whose `token` it is, for longer; `apply`: runs commands if that is held
    still. Both raise `LostLease`."""

    def __init__(
        self,
        connection: Redis,
        records: Records,
        kind: str,
        config: Config,
        customers: CustomerStore,
        timezone: "ZoneInfo",
        clock: Clock,
        token: str,
        renew: Callable[[], None],
        apply: Callable[[Sequence[Sequence[Any]]], None],
        events: Events = NOBODY,
    ) -> None:
        self.redis, self.records, self.kind, self.config = connection, records, kind, config
        self.customers, self.timezone, self.clock, self.token, self.renew = customers, timezone, clock, token, renew
        self.apply, self.thanks = apply, Thanks.compile(config.payment)
        self.cancellations = Cancellations(connection, kind, config, customers, token, apply, events)
        self._store = connection.register_script(_STORE)

    def decide(self, ids: Sequence[str], stages: Stages, *, are_all: bool) -> None:
        """Decide on the orders that are due, and tell those customers who are to be told. `are_all`: whether no others
        are due. Raises `LineDown`, `LostLease`, `Stopping` and redis-py's errors."""
        read_ms = self.clock.now_ms()
        cases, changes = self._read_cases(ids, stages)
        now_ms = self.clock.now_ms()
        if stages.cancelled and self.config.payment:
            self.cancellations.close_links([case.order for case in cases], stages.cancelled, read_ms)
        cases, verdicts = self._judge(cases, stages, now_ms)
        self.cancellations.tell([one.order for one in _find_cancelled(cases, stages, now_ms) if _stands(one, now_ms)])
        if not are_all:
            # The others may belong to the same move of many: all are seen before the first one is told, or paid.
            unseen = {case.id for case in cases if case.pays and not case.record.moved_ms}
            verdicts |= dict.fromkeys(unseen, Waits(now_ms, "others"))
            cases = [replace(case, pays=False, thanked=False) if case.id in unseen else case for case in cases]
        told = [case for case in cases if case.is_told]
        speaks = [case for case in cases if not isinstance(verdicts[case.id], Silent)]
        dropped = [case for case in speaks if case.decided == "drop" or case.thanked]
        self._say_paid([case for case in cases if case.pays and case not in dropped])
        others = [case for case in cases if case not in told and case not in dropped]
        if not stages.can_tell:
            speaking = [case for case in others if isinstance(verdicts[case.id], Speaks)]
            verdicts |= {case.id: Waits(now_ms + REFUSED_MS, "key") for case in speaking}
            self._postpone(dropped, now_ms)
            dropped = []
        speaking = [case for case in others if isinstance(verdicts[case.id], Speaks)]
        if not are_all:
            verdicts |= {case.id: Waits(now_ms, "others") for case in speaking if not case.record.moved_ms}
            speaking = [case for case in speaking if case.record.moved_ms]
        speaking = self._take_free(speaking, verdicts, now_ms)
        for case in others:
            changes += _change(case, verdicts[case.id], now_ms)
        skipped = self._store_changes(changes)
        self._say(told, stages, now_ms)
        self._tell([case for case in speaking if case.id not in skipped], stages, now_ms)
        self._drop(dropped, now_ms)

    def _read_cases(self, ids: Sequence[str], stages: Stages) -> tuple[list[_Case], list[Any]]:
        """The orders as they stand, and the changes for those that cannot be read."""
        stored, answers = self.redis.hmget(keys.STAGES_ORDERS, ids), self.redis.hmget(keys.STAGES_ANSWERS, ids)
        properties, history = rules.list_properties(self.kind, stages.texts), rules.list_history(self.kind)
        found = self.records.read(self.kind, ids, properties, history=history)
        cases: list[_Case] = []
        changes: list[Any] = []
        for id, packed, stored_answer in zip(ids, stored, answers, strict=True):
            answer, record = (stored_answer or b"").decode(), unpack(packed) if packed else StageRecord("")
            seen = found.get(id)
            if isinstance(seen, ContactMissing):
                changes += _ends(id, answer)
            elif seen is None or isinstance(seen, RetryLater):
                changes += (id, answer, "wait", pack(record), self.clock.now_ms() + RETRY_MS, "")
            else:
                order = rules.read_standing(seen, self.kind)
                label, thanked = stages.labels.get(order.stage, ""), record.thanked and record.stage == order.stage
                cases.append(_Case(id, record, answer, order, label, thanked=thanked))
        return cases, changes

    def _judge(self, cases: Sequence[_Case], stages: Stages, now_ms: int) -> tuple[list[_Case], dict[str, Verdict]]:
        """The verdict on each order, by id. The language of a customer is read only where it decides."""
        known = self._read_customers(cases)
        moves: list[int] = []

        def judge(case: _Case, *, whole: bool) -> Verdict:
            heard_ms, forgotten_ms = known.get(case.id, (0, -1))
            facts = Facts(
                now_ms=now_ms,
                config=self.config,
                timezone=self.timezone,
                since_ms=stages.since_ms,
                text=stages.text(case.order.stage, case.language),
                moves=moves,
                answer=case.decided,
                heard_ms=heard_ms if whole else None,
                forgotten_ms=forgotten_ms,
                behind=rules.find_behind(stages.portal, case.order.stage),
            )
            return rules.judge(case.order, facts)

        verdicts = {case.id: judge(case, whole=False) for case in cases}
        said = [case for case in cases if rules.says_paid(case.order, stages.paid, stages.paid_since_ms, now_ms)]
        moving = [case for case in cases if not isinstance(verdicts[case.id], Silent) or case in said]
        moves += self._note_moves([case.order for case in moving])
        verdicts |= {case.id: judge(case, whole=False) for case in moving}
        asked = [case for case in cases if case.is_told or _depends_on_customer(verdicts[case.id])]
        languages = self._read_languages([case.customer for case in asked])
        cases = [replace(case, language=languages.get(case.customer, "")) for case in cases]
        asked_ids = {case.id for case in asked}
        verdicts |= {case.id: judge(case, whole=True) for case in cases if case.id in asked_ids}
        verdicts |= {
            case.id: Waits(case.order.moved_ms + rules.STANDS_MS, "stands")
            for case in [*said, *_find_cancelled(cases, stages, now_ms)]
            if not _stands(case, now_ms)
        }
        ids = {case.id for case in said if _stands(case, now_ms)}
        saying = [case for case in cases if case.id in ids]
        mistakes = [case for case in saying if _is_mistake(case, moves)]
        silent = [case for case in mistakes if not case.decided and isinstance(verdicts[case.id], Silent)]
        # Of those that were told a person has decided before.
        undecided = [case for case in silent if case.order.stage not in case.order.told]
        verdicts |= dict.fromkeys(self._read_payments(undecided), rules.hold_bulk())
        self._discard_moves([case for case in mistakes if case.decided or isinstance(verdicts[case.id], Silent)])
        paying = self._read_payments([case for case in saying if case not in mistakes])
        return [paying.get(case.id, case) for case in cases], verdicts

    def _read_payments(self, cases: Sequence[_Case]) -> dict[str, _Case]:
        """Those whose move says that they are paid: they could have been paid by a link, and were not."""
        references = [case.order.reference for case in cases]
        found = read_orders(self.redis, references) if cases else {}
        discarded = read_discarded(self.redis, references)
        paying = {}
        for case in cases:
            state, is_discarded = found[case.order.reference], case.order.moved_ms <= discarded[case.order.reference]
            if state.payable in (YES, COMPARED) and not state.paid and not state.cancelled and not is_discarded:
                units = read_units(case.order.properties.get(NAMES[self.kind]["total"], ""), state.currency)
                language = choose_language(state.language, self.config.messages.default_language)
                # Of another amount than was asked for a person decides, and nobody is thanked.
                is_thanked = units in (0, state.units) and self.thanks.says(language)
                paying[case.id] = replace(case, pays=True, units=units, thanked=case.thanked or is_thanked)
        return paying

    def _discard_moves(self, cases: Sequence[_Case]) -> None:
        """These say nothing of payments, also once the other moves of that minute are forgotten."""
        self.apply([discard_move(case.order.reference, case.order.moved_ms) for case in cases])

    def _say_paid(self, cases: Sequence[_Case]) -> None:
        """Record what the moves say; what was recorded before is not recorded twice."""
        for case in cases:
            # This process may have stood still since the move was read.
            self.renew()
            shards, moved_ms, units = self.config.inbox.shards, case.order.moved_ms, case.units or None
            said = say_paid(self.redis, shards, case.order.reference, "HubSpot", units=units, said_ms=moved_ms)
            if said in ("recorded", "called_off"):
                log.info("stage.paid", order=case.id)

    def _read_customers(self, cases: Sequence[_Case]) -> dict[str, tuple[int, int]]:
        """By order: when its customer was last heard (0: nobody knows), and up to when they are forgotten."""
        if not cases:
            return {}
        key = self.customers.use_key()
        digests = [keys.digest(key, case.customer) for case in cases]
        found = self.redis.mget([*map(keys.customer, digests), *map(keys.forgotten, digests)])
        rows = zip(cases, found[: len(cases)], found[len(cases) :], strict=True)
        return {
            case.id: (unpack_customer(record).active_ms, int(tombstone.split()[0]) if tombstone else -1)
            for case, record, tombstone in rows
        }

    def _note_moves(self, orders: Sequence[Standing]) -> list[int]:
        """Remember these moves, and return all that are near them."""
        if not orders:
            return []
        moved = [one.moved_ms for one in orders]
        self.apply([("ZADD", keys.STAGES_MOVES, one.moved_ms, _name_move(one)) for one in orders])
        near = min(moved) - rules.MINUTE_MS, max(moved) + rules.MINUTE_MS
        return [int(at) for _, at in self.redis.zrangebyscore(keys.STAGES_MOVES, *near, withscores=True)]

    def _read_languages(self, customers: Sequence[str]) -> dict[str, str]:
        """Of the customers who have a contact of their own; one that others share may speak another language."""
        wanted = list(dict.fromkeys(one for one in customers if one))
        if not wanted:
            return {}
        found = self.records.read("contacts", wanted, ["hs_language"], key=CUSTOMER_ID)
        return {one: str(contact.get("hs_language", "")) for one, contact in found.items() if isinstance(contact, dict)}

    def _take_free(self, speaking: Sequence[_Case], verdicts: dict[str, Verdict], now_ms: int) -> list[_Case]:
        """Those that still fit into this minute, in the order of their moves; the others wait."""
        if not speaking:
            return []
        said = self.redis.zrangebyscore(keys.STAGES_SAID, now_ms - rules.MINUTE_MS, "+inf", withscores=True)
        free = rules.count_free([int(at) for _, at in said], now_ms)
        in_order = sorted(speaking, key=lambda case: case.order.moved_ms)
        verdicts |= {case.id: rules.wait_for_free(now_ms) for case in in_order[free:]}
        return in_order[:free]

    def _store_changes(self, changes: Sequence[Any]) -> set[str]:
        """The ids of those of which nothing was stored."""
        names = [keys.STAGES_LOCK, keys.STAGES_ORDERS, keys.STAGES_DUE, keys.STAGES_HELD, keys.STAGES_ANSWERS]
        skipped = self._store(keys=names, args=[self.token, *changes])
        if skipped is None:
            raise LostLease([keys.STAGES_LOCK])
        return {one.decode() for one in skipped}

    def _tell(self, cases: Sequence[_Case], stages: Stages, now_ms: int) -> None:
        """Note in the orders that they were told, and put the messages into the outbox."""
        found: dict[str, WriteOutcome] = {}
        try:
            self._note_told(cases, now_ms, found, said=True)
        finally:
            self._say([case for case in cases if isinstance(found.get(case.id), Written)], stages, now_ms)
        self._end_unwritten(cases, found, now_ms)

    def _drop(self, cases: Sequence[_Case], now_ms: int) -> None:
        """Note in the orders that the customer is not to be told any more, then that they are paid."""
        found: dict[str, WriteOutcome] = {}
        try:
            self._note_told(cases, now_ms, found, said=False)
        finally:
            ended = [case for case in cases if isinstance(found.get(case.id), Written)]
            self._say_paid([case for case in ended if case.pays])
            if ended:
                changes = [case.ends("" if case.thanked else "stage_dropped") for case in ended]
                self._store_changes([part for change in changes for part in change])
        self._end_unwritten(cases, found, now_ms)

    def _postpone(self, cases: Sequence[_Case], now_ms: int) -> None:
        """Remember, until the orders can note it, that the customer is not to be told, then that they are paid."""
        changes = [case.waits(now_ms + REFUSED_MS, thanked=case.thanked) for case in cases]
        skipped = self._store_changes([part for change in changes for part in change]) if changes else ()
        self._say_paid([case for case in cases if case.pays and case.id not in skipped])

    def _note_told(self, cases: Sequence[_Case], now_ms: int, found: dict[str, WriteOutcome], *, said: bool) -> None:
        if not cases:
            return
        self.renew()
        rows = []
        for case in cases:
            told = rules.add_told(case.order.properties.get(TOLD, ""), case.order.stage, now_ms, said=said)
            rows.append(ContactWrite(case.id, case.id, {TOLD: told}))
        self.records.update(self.kind, rows, found)

    def _say(self, cases: Sequence[_Case], stages: Stages, now_ms: int) -> None:
        """Put the messages into the outbox and end the wait of their orders, all in one step."""
        commands: list[Sequence[Any]] = []
        for case in cases:
            text = stages.text(case.order.stage, case.language)
            said = render(text, case.order.properties) if text else ""
            if said and case.order.customer is not None:
                message = Outgoing(f"stage:{case.id}:{case.order.stage}", case.order.customer, [said])
                # What a person released leaves whatever `window_hours` says.
                by_person = (KIND, BY_PERSON) if case.decided == "release" else ()
                commands += [
                    (*outgoing(message, self.config.inbox.shards), *by_person),
                    ("ZADD", keys.STAGES_SAID, now_ms, _name_move(case.order)),
                    count("stage_told"),
                ]
                log.info("stage.told", order=case.id)
            else:
                log.warning("stage.text_empty", order=case.id)
            commands += [
                ("HDEL", keys.STAGES_ORDERS, case.id),
                ("HDEL", keys.STAGES_ANSWERS, case.id),
                ("ZREM", keys.STAGES_DUE, case.id),
                ("ZREM", keys.STAGES_HELD, case.id),
            ]
        self.apply(commands)

    def _end_unwritten(self, cases: Sequence[_Case], found: Mapping[str, WriteOutcome], now_ms: int) -> None:
        """Of the orders that could not be written: those that are gone end, the others are tried again."""
        changes: list[Any] = []
        for case in cases:
            outcome = found.get(case.id)
            if isinstance(outcome, ContactMissing):
                changes += case.ends()
            elif not isinstance(outcome, Written):
                later_ms = RETRY_MS if outcome is None or isinstance(outcome, RetryLater) else REFUSED_MS
                log.warning("stage.not_noted", order=case.id, outcome=type(outcome).__name__)
                changes += case.waits(now_ms + later_ms, telling=case.decided != "drop" and not case.thanked)
        if changes:
            self._store_changes(changes)


def _change(case: _Case, verdict: Verdict, now_ms: int) -> tuple[Any, ...]:
    match verdict:
        case Silent(why):
            log.debug("stage.silent", order=case.id, why=why)
            return case.ends()
        case Waits(until_ms):
            return case.waits(until_ms)
        case Held(cause, why):
            record = pack(case.note(cause=cause, why=why))
            return (case.id, case.answer, "hold", record, now_ms, f"stage_held_{cause}")
        case Speaks():
            return case.waits(now_ms + RETRY_MS, telling=True)


def _is_mistake(case: _Case, moves: Sequence[int]) -> bool:
    """Whether a move of many, which nobody released, is no word of so many payments; or a person wants none of it."""
    return case.decided == "drop" or (case.decided != "release" and rules.is_bulk(case.order.moved_ms, moves))


def _find_cancelled(cases: Sequence[_Case], stages: Stages, now_ms: int) -> list[_Case]:
    since_ms = stages.cancelled_since_ms
    if since_ms is None:
        return []
    return [case for case in cases if rules.says_cancelled(case.order, stages.cancelled, since_ms, now_ms)]


def _stands(case: _Case, now_ms: int) -> bool:
    return now_ms - case.order.moved_ms >= rules.STANDS_MS


def _depends_on_customer(verdict: Verdict) -> bool:
    match verdict:
        case Speaks():
            return True
        case Waits(why=why):
            return why in ("tracking", "quiet")
        case _:
            return False


def _name_move(order: Standing) -> str:
    return f"{order.id}:{order.stage}"


def _ends(id: str, answer: str, counted: str = "") -> tuple[Any, ...]:
    return (id, answer, "end", "", 0, counted)
