"""Who is told of what, and that nobody is told of anything where nobody asked."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from leadcore.config import Config, Hooks, Notify
from leadcore.errors import ConfigError
from leadcore.event import encode
from leadcore.events import EVENTS, MOST_BYTES, Event, Events, check
from leadcore.receipts import CREATED, PARKED, UNCHANGED, UPDATED, WAITING
from leadcore.store import keys
from tests.conftest import ROOT
from tests.workers.rules.test_settlement import WHERE, Recorded, group, lead, settle
from workers.rules.batch import Unreadable
from workers.rules.lead import Result
from workers.rules.mapping.mapped_event import MappedEvent
from workers.rules.notice import WHAT
from workers.rules.settlement import SettlementContext, park_unreadable

EVERYTHING = Config(hooks=Hooks(full=True), notify=Notify(on=("lead.created", "lead.parked"), private=True))
TELLING = Events(EVERYTHING, hooks=True, notices=True)
ANN = MappedEvent(
    {"firstname": "Ann", "lastname": "Lee", "phone": "+66812345678"}, activity={"dealdroid_cart": "1 x A"}
)


def where(events: Events, **more: Any) -> SettlementContext:
    return SettlementContext(WHERE.stream, WHERE.shard, WHERE.now_ms, events=events, **more)


def entries(recorded: Recorded, line: str, index: int = 0) -> list[dict[str, Any]]:
    found = []
    for _, key, _, *flat in recorded.find("XADD", index):
        if key == keys.entries(line, WHERE.shard):
            found.append(dict(zip(flat[::2], flat[1::2], strict=True)))
    return found


def types(recorded: Recorded, line: str = keys.HOOKS) -> list[str]:
    return [one[b"g"] for index in range(len(recorded.entries)) for one in entries(recorded, line, index)]


RESULTS = [
    Result(CREATED, "7"), Result(UPDATED, "7"), Result(UNCHANGED, "7"), Result(PARKED, code="row", why="why"),
    Result(WAITING, code="row", why="why"),
]  # fmt: skip


@pytest.mark.parametrize("result", RESULTS)
@pytest.mark.parametrize("events", [Events(EVERYTHING), Events(EVERYTHING, hooks=False, notices=False)])
def test_without_addresses_what_is_settled_is_the_same_to_the_byte(result: Result, events: Events) -> None:
    one = group(lead(1, ANN), lead(2, ANN))
    before, after = settle(one, result), settle(one, result, where=where(events))
    assert (before.guards, before.entries, before.commands) == (after.guards, after.entries, after.commands)
    assert not events.wanted


def test_with_addresses_entries_are_added_and_nothing_else_changes() -> None:
    one = group(lead(1, ANN))
    before, after = settle(one, Result(CREATED, "7")), settle(one, Result(CREATED, "7"), where=where(TELLING))
    assert after.effects(0)[: len(before.effects(0))] == before.effects(0)
    added = after.effects(0)[len(before.effects(0)) :]
    assert [command[1] for command in added] == [keys.entries(line, WHERE.shard) for line in ("hooks", "notices")]


@pytest.mark.parametrize(
    ("result", "told"),
    [
        (Result(CREATED, "7"), ["lead.created"]),
        (Result(UPDATED, "7"), ["lead.updated"]),
        (Result(UNCHANGED, "7"), []),
        (Result(PARKED, code="row", why="why"), ["lead.parked"]),
        (Result(WAITING, code="row", why="why"), []),
    ],
)
def test_each_result_is_told_by_its_name(result: Result, told: list[str]) -> None:
    assert types(settle(group(lead(1, ANN)), result, where=where(TELLING))) == told


def test_a_lead_that_is_given_up_is_told_as_parked_with_the_code() -> None:
    recorded = settle(group(lead(1, ANN, tries=7)), Result(WAITING, code="row", why="why"), where=where(TELLING))
    [told] = entries(recorded, keys.HOOKS)
    assert told[b"g"] == "lead.parked"
    assert json.loads(told[b"d"]) == {"intent": "Purchase", "state": "parked", "reason": "row"}


def test_a_customer_is_created_once_and_then_updated() -> None:
    leads = [lead(number, MappedEvent({"firstname": f"Ann{number}"})) for number in (1, 2)]
    told = types(settle(group(*leads), Result(CREATED, "7"), where=where(TELLING)))
    assert told[0] == "lead.created" if len(told) == 1 else told == ["lead.created", "lead.updated"]
    assert told.count("lead.created") == 1


def test_a_dry_run_tells_nobody() -> None:
    recorded = settle(group(lead(1, ANN)), Result(CREATED, "7"), where=where(TELLING, dry_run=True))
    assert types(recorded) == []


def test_an_entry_that_is_no_event_is_told_as_parked() -> None:
    found = [one for one in park_unreadable(Unreadable(b"1-0", {b"e": b"lead"}), where(TELLING)) if one[0] == "XADD"]
    assert [one[4] for one in found] == ["lead.parked", "lead.parked"]


def test_hooks_get_ids_and_the_whole_event_only_if_asked() -> None:
    one = group(lead(1, ANN))
    plain = Events(Config(), hooks=True)
    [told] = entries(settle(one, Result(CREATED, "7"), where=where(plain)), keys.HOOKS)
    assert b"b" not in told
    assert json.loads(told[b"d"]) == {"contact_id": "7", "intent": "Purchase", "state": "created"}
    assert json.loads(told[b"c"]) == {"id": "c-1"}
    [told] = entries(settle(one, Result(CREATED, "7"), where=where(TELLING)), keys.HOOKS)
    assert told[b"b"] == b'{"a": 1}'


def test_a_notice_names_the_customer_only_if_asked() -> None:
    one = group(lead(1, ANN))
    [told] = entries(settle(one, Result(CREATED, "7"), where=where(Events(Config(), notices=True))), keys.NOTICES)
    assert b"b" not in told
    [told] = entries(settle(one, Result(CREATED, "7"), where=where(TELLING)), keys.NOTICES)
    assert json.loads(told[b"b"]) == {"name": "Ann Lee", "phone": "+66812345678", "cart": "1 x A"}


def test_a_long_event_is_told_without_its_body() -> None:
    event = Event("lead.created", "ann", "lead", body=encode({"text": "x" * MOST_BYTES}))
    [command] = Events(EVERYTHING, hooks=True).effects(event, 0)
    assert b"b" not in command


@pytest.mark.parametrize(
    ("on", "told"),
    [
        (("*",), set(EVENTS)),
        (("lead.*",), {"lead.created", "lead.updated", "lead.parked"}),
        (("order.paid", "message.sent"), {"order.paid", "message.sent"}),
        ((), set()),
    ],
)
def test_hooks_are_of_the_events_that_are_asked_for(on: tuple[str, ...], told: set[str]) -> None:
    events = Events(Config(hooks=Hooks(on=on)), hooks=True)
    assert {name for name in EVENTS if events.effects(Event(name, "ann", "lead"), 0)} == told
    assert {name for name in EVENTS if events.wants(name)} == told


@pytest.mark.parametrize("name", ["README.md", "leadsync.toml.example"])
def test_people_are_told_of_every_event_that_can_be_chosen(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert [one for one in (*EVENTS, *WHAT) if one not in text] == []


def test_a_pattern_that_matches_no_event_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"no event 'lead.creatd'.*lead.created"):
        check(Config(hooks=Hooks(on=("lead.creatd",))))


@pytest.mark.parametrize(
    ("intents", "intent", "told"),
    [
        (("*",), "Purchase", True),
        (("Purchase",), "Purchase", True),
        (("Purchase",), "Share contact", False),
        (("Share*", "สั่ง*"), "สั่งซื้อ", True),
        ((), "Purchase", False),
        # What cannot be read, or an order whose receipt is gone.
        (("Purchase",), "", True),
    ],
)
def test_the_team_is_told_of_the_intents_that_it_wants(intents: tuple[str, ...], intent: str, told: bool) -> None:
    events = Events(Config(notify=Notify(intents=intents)), notices=True)
    assert bool(events.effects(Event("lead.created", "ann", "lead", {"intent": intent}), 0)) is told


@pytest.mark.parametrize(("kind", "told"), [("", True), ("retry", True), ("replay", False), ("import", False)])
def test_the_team_is_not_told_of_what_is_no_news(kind: str, told: bool) -> None:
    event = Event("lead.created", "ann", "lead", kind=kind)
    assert bool(Events(notices=True).effects(event, 0)) is told
    assert Events(hooks=True).effects(event, 0)


def test_an_event_has_the_same_id_whoever_makes_it() -> None:
    """Also after Redis lost it and its lead was written again."""
    one = Event("lead.created", "ann", "lead-1", {"contact_id": "7"})
    assert one.id == Event("lead.created", "ann", "lead-1", {"contact_id": "8"}).id
    others: list[Mapping[str, Any]] = [{"type": "lead.updated"}, {"lead": "lead-2"}, {"once": "5-0"}]
    plain = {"type": "lead.created", "customer": "ann", "lead": "lead-1"}
    assert len({one.id, *(Event(**{**plain, **other}).id for other in others)}) == 4


def test_a_lead_parked_again_after_a_retry_is_another_event() -> None:
    told = [
        entries(settle(group(lead(number, ANN, id="same", kind="retry")), RESULTS[3], where=where(TELLING)), "hooks")
        for number in (1, 2)
    ]
    assert told[0][0][b"x"] != told[1][0][b"x"]
