"""Which alerts are sent, and which are not."""

import re
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from leadcore.reasons import NEED_PERSON
from leadcore.store import keys
from leadcore.verdict import SHORT_PAUSE_MS, Problem
from workers.rules.alerts import (
    COLLECT_MS,
    PARKED_MS,
    RECOVERED_MS,
    TRIES,
    AlertRecord,
    Observation,
    add_parked_alert,
    finish,
    start_next,
    update_record,
)

ZONE = ZoneInfo("Asia/Bangkok")
START = 1_772_000_000_000
TOKEN = "HubSpot refuses the access token. Put a valid one into HUBSPOT_ACCESS_TOKEN."


def seen(at: int, code: str = "", line: str = keys.INBOX, **more: Any) -> Observation:
    pauses = {line: (code, TOKEN if code == "unauthorized" else "It is away.", START)} if code else {}
    plain: dict[str, Any] = {"waiting": {keys.INBOX: 7, keys.OUTBOX: 3}, "parked_ever": {}, "parked": 0}
    return Observation(now_ms=START + at, pauses=pauses, **{**plain, **more})


def texts(*observations: Observation) -> list[str]:
    """What was told after all these observations, through a record that is stored in between."""
    record = AlertRecord()
    for one in observations:
        record = msgspec.json.decode(msgspec.json.encode(record), type=AlertRecord)
        for code, count in update_record(record, one, ZONE).items():
            add_parked_alert(record, one, code, count, "HubSpot refused this contact", "Fix it, then retry.")
    return [one.text for one in record.outgoing]


@pytest.mark.parametrize("code", sorted(NEED_PERSON))
def test_a_cause_that_only_a_person_can_fix_is_reported_at_once_and_once(code: str) -> None:
    assert len(texts(seen(0, code), seen(1, code), seen(SHORT_PAUSE_MS * 100, code))) == 1


def test_a_text_says_what_since_when_and_what_to_do() -> None:
    assert texts(seen(0, "unauthorized")) == [
        "leadsync: No lead is written to HubSpot since 13:13 (25 Feb, +07): "
        "HubSpot refuses the access token. Put a valid one into HUBSPOT_ACCESS_TOKEN. 7 wait, none is lost."
    ]


@pytest.mark.parametrize(("line", "word"), [(keys.INBOX, "No lead"), (keys.OUTBOX, "No message")])
def test_a_short_pause_is_not_reported_and_a_long_one_is(line: str, word: str) -> None:
    assert texts(seen(SHORT_PAUSE_MS - 1, "unavailable", line), seen(SHORT_PAUSE_MS, line=line)) == []
    [text] = texts(seen(SHORT_PAUSE_MS - 1, "unavailable", line), seen(SHORT_PAUSE_MS, "timeout", line))
    assert word in text
    assert "goes on by itself" in text


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("unavailable", "It is away."),
        ("no_key", "The portal has no property. Run: leadsync setup"),
        ("dealdroid", "No."),
    ],
)
def test_a_command_does_not_run_on_into_how_many_wait(code: str, why: str) -> None:
    pauses = {keys.INBOX: (code, why, START)}
    [text] = texts(msgspec.structs.replace(seen(SHORT_PAUSE_MS), pauses=pauses))
    assert re.search(r"\. 7 wait, none is lost\.$", text)


def test_the_end_is_reported_once_and_only_if_the_pause_was() -> None:
    later = [seen(10, ""), seen(10 + RECOVERED_MS), seen(20 + RECOVERED_MS)]
    assert texts(seen(0, "unavailable"), *later) == []
    assert [("again" in text) for text in texts(seen(0, "forbidden"), *later)] == [False, True]


def test_in_a_dry_run_the_end_of_a_pause_does_not_say_that_leads_are_written() -> None:
    dry = [seen(10, "", dry_run=True), seen(10 + RECOVERED_MS, dry_run=True)]
    [_, end] = texts(seen(0, "forbidden", dry_run=True), *dry)
    assert "DRY_RUN" in end
    assert "written" not in end


FULL = {"redis_full": str(Problem("redis_full", 97))}


def test_a_redis_that_stays_full_is_reported_once_and_once_more_when_it_has_room() -> None:
    full = [seen(at, redis=FULL) for at in (0, COLLECT_MS, PARKED_MS)]
    room = [seen(PARKED_MS + at) for at in (1, 1 + RECOVERED_MS, 2 + RECOVERED_MS)]
    told = texts(*full, *room)
    assert told == [
        f"leadsync: {FULL['redis_full']}",
        "leadsync: Redis has room again, so leads go there. That was wrong since 13:13 (25 Feb, +07).",
    ]


def test_a_redis_that_is_full_for_a_moment_is_not_reported() -> None:
    assert texts(seen(0, redis=FULL), seen(COLLECT_MS // 2), seen(COLLECT_MS), seen(PARKED_MS)) == []


def test_a_pause_that_comes_back_at_once_is_the_same_one() -> None:
    flapping = [seen(at * RECOVERED_MS // 2, "unauthorized" if at % 2 else "") for at in range(1, 20)]
    assert len(texts(*flapping)) == 1


def test_a_cause_that_needs_a_person_is_reported_during_one_that_does_not() -> None:
    found = texts(
        seen(SHORT_PAUSE_MS, "timeout"), seen(SHORT_PAUSE_MS + 1, "unauthorized"), seen(SHORT_PAUSE_MS + 2, "timeout")
    )
    assert ["access token" in text for text in found] == [False, True]


def test_parked_leads_of_a_cause_are_collected_and_reported_once_an_hour() -> None:
    def parked(at: int, ever: int, now: int | None = None) -> Observation:
        return seen(at, parked_ever={"refused": ever}, parked=ever if now is None else now)

    assert texts(parked(0, 1), parked(COLLECT_MS - 1, 50)) == []
    assert texts(parked(0, 1), parked(COLLECT_MS, 50)) == [
        "leadsync: 50 leads were parked: HubSpot refused this contact. Fix it, then retry. See: leadsync parked"
    ]
    told = [parked(0, 1), parked(COLLECT_MS, 50)]
    assert len(texts(*told, parked(COLLECT_MS + 1, 51), parked(PARKED_MS, 60))) == 1
    [_, second] = texts(*told, parked(COLLECT_MS + 1, 51), parked(PARKED_MS + COLLECT_MS, 60))
    assert "10 leads" in second
    assert len(texts(*told, parked(PARKED_MS * 2, 50), parked(PARKED_MS * 3, 50))) == 1


def test_leads_that_are_no_longer_parked_are_not_reported() -> None:
    found = [seen(at, parked_ever={"refused": 9}, parked=0) for at in (0, COLLECT_MS, PARKED_MS, PARKED_MS * 2)]
    assert texts(*found) == []


def test_each_cause_is_reported_separately() -> None:
    found = [seen(at, parked_ever={"refused": 1, "row": 2}, parked=3) for at in (0, COLLECT_MS)]
    assert ["A lead was" in text for text in texts(*found)] == [True, False]


def test_after_redis_was_emptied_counting_starts_at_zero() -> None:
    ever = [(0, 9), (COLLECT_MS, 9), (PARKED_MS, 0), (PARKED_MS * 2, 1), (PARKED_MS * 2 + COLLECT_MS, 1)]
    found = texts(*(seen(at, parked_ever={"refused": count}, parked=count) for at, count in ever))
    assert ["9 leads" in found[0], "A lead" in found[1], len(found)] == [True, True, 2]


def test_a_reason_cannot_call_everybody_in_the_channel() -> None:
    record = AlertRecord()
    add_parked_alert(record, seen(0), "refused", 2, "<!channel> & more", "")
    assert "&lt;!channel&gt; &amp; more" in record.outgoing[0].text


def outgoing() -> AlertRecord:
    record = AlertRecord()
    update_record(record, seen(0, "unauthorized"), ZONE)
    return record


def test_a_text_that_fails_is_retried_with_growing_waits_and_then_given_up() -> None:
    record, now, waits = outgoing(), START, []
    while one := start_next(record, now):
        going_on = finish(record, one, now, sent=False)
        assert going_on == bool(record.outgoing)
        assert start_next(record, one.due_ms - 1) is None
        waits.append(one.due_ms - now)
        now = one.due_ms
    assert waits == [5_000, 20_000, 80_000, 320_000, 1_280_000]
    assert len(waits) == TRIES


def test_a_text_whose_sending_was_interrupted_is_not_sent_again() -> None:
    record = outgoing()
    assert start_next(record, START)
    assert start_next(record, START) is None
    assert record.outgoing == []


def test_a_text_that_was_sent_is_removed() -> None:
    record = outgoing()
    one = start_next(record, START)
    assert one
    assert finish(record, one, START, sent=True)
    assert record.outgoing == []


def test_refused_posts_are_reported_once_a_day_and_not_for_every_guess() -> None:
    day = 86_400_000
    at = (0, COLLECT_MS, COLLECT_MS * 2, day // 3, day, day + COLLECT_MS)
    told = texts(*(seen(one, refused_today=15 + number) for number, one in enumerate(at)))
    assert told == [f"leadsync: {Problem('refused', n)} Last post from DealDroid: never." for n in (16, 20)]


def test_an_alert_of_refused_posts_says_when_the_last_good_one_came() -> None:
    [text] = texts(*(seen(at, refused_today=1, last_post_ms=START) for at in (0, COLLECT_MS)))
    assert "Last post from DealDroid: 13:13 (25 Feb, +07)." in text


@pytest.mark.parametrize(
    ("state", "words"),
    [("failed", "2 messages were not sent"), ("interrupted", "2 messages may not have arrived")],
)
def test_messages_that_wait_for_a_person_are_reported_as_messages(state: str, words: str) -> None:
    [text] = texts(*(seen(at, parked_ever={state: 9}, unsent=2) for at in (0, COLLECT_MS)))
    assert text.startswith(f"leadsync: {words}: ")
    assert texts(*(seen(at, parked_ever={state: 9}, parked=2) for at in (0, COLLECT_MS))) == [], "nobody waits any more"


@pytest.mark.parametrize(("kept", "words"), [("orders", "2 orders"), ("payments", "2 payments"), ("notes", "2 notes")])
def test_orders_payments_and_notes_that_wait_for_a_person_are_reported_as_such(kept: str, words: str) -> None:
    parked = {"parked_ever": {f"parked_{kept}:refused": 9}}
    [text] = texts(*(seen(at, **parked, following={f"parked_{kept}": 2}) for at in (0, COLLECT_MS)))
    assert text.startswith(f"leadsync: {words} were parked: ")
    assert texts(*(seen(at, **parked, parked=2) for at in (0, COLLECT_MS))) == [], "nobody waits any more"


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (1, "leadsync: 1 of the orders was removed after 30 days of waiting. The log of the workers names them."),
        (35, "leadsync: 35 orders were removed after 30 days of waiting. The log of the workers names them."),
    ],
)
def test_what_waited_too_long_is_reported(count: int, said: str) -> None:
    ended = {"parked_ever": {"order_ended": count}}
    assert texts(seen(0), seen(10, **ended), seen(10 + COLLECT_MS, **ended), seen(20 + COLLECT_MS, **ended)) == [said]


@pytest.mark.parametrize(("code", "word"), [("stage_held_bulk", "mistake"), ("stage_held_window", "last heard")])
def test_what_is_held_of_stages_is_reported_with_what_to_do(code: str, word: str) -> None:
    held = {"parked_ever": {code: 35}, "stages_held": 33}
    [text] = texts(seen(0), seen(10, **held), seen(10 + COLLECT_MS, **held), seen(20 + COLLECT_MS, **held))
    assert "33 customers are not told" in text
    assert word in text
    assert text.endswith("Tell them, or drop it: leadsync stages")
