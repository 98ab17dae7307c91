from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadcore.config import Config, Messages, parse
from leadcore.reasons import english
from workers.rules.orders.portal import OrderPortal, Stage
from workers.rules.orders.stages import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    MOST_PER_MINUTE,
    Cursor,
    Facts,
    Held,
    Silent,
    Speaks,
    Standing,
    Waits,
    add_told,
    count_free,
    find_behind,
    find_text,
    is_bulk,
    judge,
    name_stages,
    read_customer,
    read_ms,
    read_said,
    read_standing,
    read_told,
)
from workers.rules.orders.texts import OrderTexts

BANGKOK = ZoneInfo("Asia/Bangkok")
NOW = 1_790_000_000_000
TEXTS = OrderTexts.compile(
    parse("""
[orders.messages.th]
Shipped = "ส่งแล้ว {{ tracking }} {{ tracking_url }}"
b3 = "ถึงแล้ว"
[orders.messages.en]
Shipped = "Shipped {{ tracking_url }}"
Nowhere = "x"
""")
)
assert TEXTS
PORTAL = OrderPortal(
    "orders",
    frozenset(),
    frozenset(),
    stages=(Stage("b1", "Open", False), Stage("b2", "shipped ", False), Stage("b3", "Delivered", True)),
)
TRACKED = {"hs_shipping_tracking_number": "TH1"}
ORDER = Standing(
    id="501",
    stage="b2",
    reference="K73FX219",
    moved_ms=NOW - MINUTE_MS,
    source="CRM_UI userId:1",
    maker="INTEGRATION 2002",
    created_ms=NOW - DAY_MS,
    told=frozenset(),
    customer="c-1",
    properties=TRACKED,
)
FACTS = Facts(
    now_ms=NOW,
    config=Config(),
    timezone=BANGKOK,
    since_ms={"b2": NOW - 2 * DAY_MS, "b3": NOW - 2 * DAY_MS},
    text=find_text(PORTAL, TEXTS, "b2", "th"),
    moves=[NOW - MINUTE_MS],
    heard_ms=NOW - HOUR_MS,
)


def test_a_stage_that_a_person_set_speaks() -> None:
    assert judge(ORDER, FACTS) == Speaks()


@pytest.mark.parametrize("ago", [0, 29_999])
def test_a_stage_speaks_after_it_stood_for_thirty_seconds(ago: int) -> None:
    moved = NOW - ago
    assert judge(replace(ORDER, moved_ms=moved), FACTS) == Waits(moved + 30_000, "stands")
    assert judge(replace(ORDER, moved_ms=NOW - 30_000), FACTS) == Speaks()


@pytest.mark.parametrize(
    ("why", "order", "facts"),
    [
        ("no_text", {}, {"text": None}),
        ("no_text", {"stage": "b1"}, {}),
        ("told", {"told": frozenset({"b2"})}, {}),
        ("no_customer", {"customer": None}, {}),
        ("forgotten", {}, {"forgotten_ms": NOW - DAY_MS}),
        ("own", {"source": "INTEGRATION 2002"}, {}),
        ("earlier", {"moved_ms": NOW - 2 * DAY_MS - 1}, {}),
        ("earlier", {"moved_ms": 0, "source": ""}, {}),
        ("old", {"created_ms": NOW - 30 * DAY_MS - 1}, {}),
    ],
)
def test_a_stage_stays_silent_for_good(why: str, order: dict[str, Any], facts: dict[str, Any]) -> None:
    for answer in ("", "release"):
        assert judge(replace(ORDER, **order), replace(FACTS, **facts, answer=answer)) == Silent(why)


@pytest.mark.parametrize("source", ["INTEGRATION 2003", "AUTOMATION_PLATFORM 1", "CRM_UI userId:2", ""])
def test_what_another_app_or_a_person_moved_speaks(source: str) -> None:
    assert judge(replace(ORDER, source=source), FACTS) == Speaks()


@pytest.mark.parametrize(
    ("language", "properties", "waits"),
    [
        ("th", {}, True),
        ("th", {"hs_shipping_tracking_number": " "}, True),
        ("th", {"hs_shipping_status_url": "https://example.com"}, True),
        ("th", TRACKED, False),
        ("en", TRACKED, True),
        ("en", {"hs_shipping_status_url": "https://example.com"}, False),
    ],
)
def test_a_text_that_names_a_blank_tracking_number_waits_a_day_for_it(
    language: str, properties: Mapping[str, str], *, waits: bool
) -> None:
    order = replace(ORDER, properties=properties)
    facts = replace(FACTS, text=find_text(PORTAL, TEXTS, "b2", language))
    expected = Waits(ORDER.moved_ms + DAY_MS, "tracking") if waits else Speaks()
    assert judge(order, facts) == expected
    assert judge(order, replace(facts, now_ms=ORDER.moved_ms + DAY_MS, heard_ms=NOW)) != expected or not waits


def test_a_text_without_tracking_does_not_wait_for_it() -> None:
    order = replace(ORDER, stage="b3", properties={})
    assert judge(order, replace(FACTS, text=find_text(PORTAL, TEXTS, "b3", "th"))) == Speaks()


@pytest.mark.parametrize(
    ("hours", "clock", "ends"),
    [
        (("21:00", "08:00"), "2026-11-28T22:30", "2026-11-29T08:00"),
        (("21:00", "08:00"), "2026-11-29T00:00", "2026-11-29T08:00"),
        (("21:00", "08:00"), "2026-11-29T07:59", "2026-11-29T08:00"),
        (("21:00", "08:00"), "2026-11-29T08:00", ""),
        (("12:00", "13:00"), "2026-11-29T12:00", "2026-11-29T13:00"),
        (("12:00", "13:00"), "2026-11-29T11:59", ""),
    ],
)
def test_quiet_hours_are_waited_out(hours: tuple[str, str], clock: str, ends: str) -> None:
    now, end = (
        int(datetime.fromisoformat(one).replace(tzinfo=BANGKOK).timestamp() * 1000) if one else 0
        for one in (clock, ends)
    )
    config = Config(messages=Messages(quiet_hours=hours))
    order = replace(ORDER, moved_ms=now - MINUTE_MS, created_ms=now - HOUR_MS)
    facts = replace(FACTS, now_ms=now, config=config, since_ms={"b2": 0}, heard_ms=now)
    for answer in ("", "release"):
        assert judge(order, replace(facts, answer=answer)) == (Waits(end, "quiet") if end else Speaks())


@pytest.mark.parametrize(
    ("hours", "ago", "held"), [(23, 23, False), (23, 23.01, True), (0, 700, False), (1, 2, True), (48, 47, False)]
)
def test_after_the_last_word_was_too_long_ago_a_person_decides(hours: int, ago: float, *, held: bool) -> None:
    facts = replace(FACTS, config=Config(messages=Messages(window_hours=hours)), heard_ms=NOW - int(ago * HOUR_MS))
    found = judge(ORDER, facts)
    if held:
        assert isinstance(found, Held)
        assert found.cause == "window"
        assert english(found.why) == "the customer was last heard longer ago than window_hours"
    else:
        assert found == Speaks()
    assert judge(ORDER, replace(facts, answer="release")) == Speaks()


def test_a_customer_of_whom_no_word_is_known_is_not_told_without_a_person() -> None:
    assert isinstance(judge(ORDER, replace(FACTS, heard_ms=0)), Held)
    assert judge(ORDER, replace(FACTS, heard_ms=0, config=Config(messages=Messages(window_hours=0)))) == Speaks()


def test_an_order_that_a_person_moves_back_is_not_told_after_a_later_stage() -> None:
    """ "We are packing it" after "it is on its way" misleads; and the way there would not be told again."""
    behind = find_behind(PORTAL, "b2")
    assert behind == {"b3"}
    facts = replace(FACTS, heard_ms=NOW - 1, behind=behind)
    assert judge(replace(ORDER, said=frozenset({"b3"})), facts) == Silent("back")
    # What a person dropped, or kept silent, the customer does not know.
    assert judge(replace(ORDER, told=frozenset({"b3"})), facts) == Speaks()
    assert judge(replace(ORDER, said=frozenset({"b1"})), facts) == Speaks()


def test_who_was_told_that_an_order_is_cancelled_hears_that_it_goes_on() -> None:
    portal = replace(PORTAL, stages=(*PORTAL.stages, Stage("b4", "Cancelled", True)))
    assert find_behind(portal, "b2") == {"b3"}
    assert find_behind(portal, "unknown") == frozenset()


def test_only_what_was_said_counts_as_said() -> None:
    told = "b1 2026-09-21T14:13:20Z\nb2\nb3 2026-09-21T14:13:20Z not said\n\n b4  2026-09-21T14:13:20Z "
    assert read_said(told) == ["b1", "b4"]


def test_nobody_is_told_of_a_move_of_three_days_ago_unless_a_person_wants_it() -> None:
    facts = replace(FACTS, heard_ms=NOW - 1, since_ms={"b2": 0, "b3": 0})
    late, before = replace(ORDER, moved_ms=NOW - 3 * DAY_MS - 1), replace(ORDER, moved_ms=NOW - 3 * DAY_MS + 1)
    assert judge(before, facts) == Speaks()
    assert judge(late, facts) == Silent("late")
    assert judge(late, replace(facts, answer="release")) == Speaks()
    # What a person has to decide stays theirs.
    assert isinstance(judge(late, replace(facts, heard_ms=0)), Held)


def test_more_than_thirty_moves_in_a_minute_are_held_until_a_person_decides() -> None:
    start = NOW - 10 * MINUTE_MS
    moves = sorted([start + at * 100 for at in range(MOST_PER_MINUTE + 1)])
    for moved in moves:
        found = judge(replace(ORDER, moved_ms=moved), replace(FACTS, moves=moves))
        assert isinstance(found, Held)
        assert found.cause == "bulk"
        released = replace(FACTS, moves=moves, answer="release")
        assert judge(replace(ORDER, moved_ms=moved), released) == Speaks()
        assert judge(replace(ORDER, moved_ms=moved), replace(FACTS, moves=moves[:-1])) == Speaks()


@given(st.lists(st.integers(0, 400_000), min_size=1, max_size=120))
def test_a_move_is_one_of_many_exactly_if_some_minute_with_it_has_more_than_thirty(moves: list[int]) -> None:
    moves.sort()
    for moved in moves:
        windows = [sum(start <= one < start + MINUTE_MS for one in moves) for start in moves if start <= moved]
        starts = [start for start in moves if start <= moved]
        expected = any(
            count > MOST_PER_MINUTE for start, count in zip(starts, windows, strict=True) if moved < start + MINUTE_MS
        )
        assert is_bulk(moved, moves) is expected


@given(st.lists(st.integers(NOW - 3 * MINUTE_MS, NOW), max_size=100))
def test_no_more_than_thirty_are_told_in_a_minute(said: list[int]) -> None:
    assert count_free(said, NOW) + sum(one > NOW - MINUTE_MS for one in said) >= MOST_PER_MINUTE
    assert 0 <= count_free(said, NOW) <= MOST_PER_MINUTE


def test_stages_that_were_told_are_read_as_they_were_written() -> None:
    told = add_told(add_told("", "b2", NOW), "b3", NOW + 1000, said=False)
    assert told.splitlines() == ["b2 2026-09-21T14:13:20Z", "b3 2026-09-21T14:13:21Z not said"]
    assert read_told(told) == ["b2", "b3"]
    assert read_told("\n b2 x\n\n") == ["b2"]


@given(st.text())
def test_whatever_a_person_wrote_there_a_stage_that_is_added_is_there(stored: str) -> None:
    assert {*read_told(stored), "b2"} == {*read_told(add_told(stored, "b2", NOW))}


@pytest.mark.parametrize(
    ("stored", "expected"),
    [('"c-1"', "c-1"), ("123", 123), ('"123"', "123"), ("", None), ("c-1", None), ("true", None), ("null", None),
     ('["a"]', None), ('" "', None), ("1.5", 1.5), ("NaN", None), ("1e999", None)],
)  # fmt: skip
def test_the_orders_customer_is_as_dealdroid_gave_it(stored: str, expected: Any) -> None:
    assert read_customer(stored) == expected


def test_an_order_stands_where_it_is_since_its_last_move_there() -> None:
    versions = [("b2", 40, "CRM_UI a"), ("b2", 30, "CRM_UI b"), ("b1", 20, "x"), ("b2", 10, "y")]
    found = {
        "id": "7", "hs_pipeline_stage": "b2", "dealdroid_order_id": "K73FX219", "dealdroid_customer_id": '"c-1"',
        "dealdroid_told": "b1 2026", "hs_createdate": "2026-09-21T14:13:20.000Z",
        "history": {"hs_pipeline_stage": versions, "dealdroid_order_id": [("K73FX219", 5, "INTEGRATION 1")]},
    }  # fmt: skip
    order = read_standing(found, "orders")
    assert (order.stage, order.moved_ms, order.source) == ("b2", 30, "CRM_UI b")
    assert (order.maker, order.told, order.customer) == ("INTEGRATION 1", frozenset({"b1"}), "c-1")
    assert (order.created_ms, order.reference) == (NOW, "K73FX219")


def test_an_order_without_history_stands_since_nobody_knows_when() -> None:
    order = read_standing({"id": "7"}, "deals")
    assert (order.stage, order.moved_ms, order.source, order.maker, order.created_ms) == ("", 0, "", "", 0)


def test_an_order_was_created_when_hubspot_says_so_else_when_its_key_was_written() -> None:
    history = {"dealdroid_order_id": [("K2", 9, "CRM_UI x"), ("K1", 5, "INTEGRATION 1")]}
    for known, expected in (
        ({"hs_createdate": "7", "createdate": "6"}, 7),
        ({"createdate": "6"}, 6),
        ({}, 5),
    ):
        order = read_standing({"id": "7", **known, "history": history}, "deals")
        assert (order.created_ms, order.maker) == (expected, "INTEGRATION 1")


@pytest.mark.parametrize("stored", ["", "x", "2026-13-01"])
def test_a_time_that_is_none_is_long_ago(stored: str) -> None:
    assert read_ms(stored) == 0


def test_the_stages_of_the_portal_are_named_by_label_or_id() -> None:
    assert name_stages(PORTAL, TEXTS) == {"b2": "shipped ", "b3": "Delivered"}
    assert find_text(PORTAL, TEXTS, "b3", "en") is find_text(PORTAL, TEXTS, "b3", "th")
    assert find_text(PORTAL, TEXTS, "b1", "th") is None


def walk(orders: Mapping[int, int], begin: int, size: int) -> tuple[list[int], int]:
    """All that a poll reads of orders (id -> when they were modified), and in how many pages."""
    read, pages, cursor = [], 0, Cursor(begin)
    while cursor:
        by_id = cursor.sorts() == ["hs_object_id"]
        rows = sorted(orders.items(), key=lambda one: one if by_id else (one[1], -one[0]))
        page = [{"id": str(id), "hs_lastmodifieddate": str(at)} for id, at in rows if fits(id, at, cursor)][:size]
        read += [int(one["id"]) for one in page]
        pages += 1
        assert pages < 4 * len(orders) / size + 10
        cursor = cursor.advance(page, size)
    return read, pages


def fits(id: int, at: int, cursor: Cursor) -> bool:
    values = {"hs_lastmodifieddate": at, "hs_object_id": id}
    operators = {"GTE": lambda a, b: a >= b, "GT": lambda a, b: a > b, "LTE": lambda a, b: a <= b}
    return all(operators[one["operator"]](values[one["propertyName"]], int(one["value"])) for one in cursor.filters())


@given(
    st.dictionaries(st.integers(500, 900), st.integers(100, 112), max_size=80),
    st.integers(100, 104),
    st.integers(2, 9),
)
def test_a_poll_reads_every_order_modified_since_also_many_of_one_moment(
    orders: Mapping[int, int], begin: int, size: int
) -> None:
    read, _ = walk(orders, begin, size)
    assert set(read) == {id for id, at in orders.items() if at >= begin}


def test_one_page_is_enough_where_little_changed() -> None:
    assert walk({501: 100, 502: 101}, 100, 200) == ([501, 502], 1)
    found: Sequence[int] = walk({}, 100, 200)[0]
    assert not found
