"""When a message may be sent."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from leadcore.config import Config, Messages
from leadcore.fields import URGENT
from leadcore.reasons import NO_REASON, reason
from workers.rules.sending import ALLOWED, WAIT_FOR_WORD_MS, Permission, permit

BANGKOK = ZoneInfo("Asia/Bangkok")
OWN = {b"e": b"api:1"}
HOUR = 3_600_000


def ms(text: str, zone: ZoneInfo = BANGKOK) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1000)


NOON = ms("2026-11-28 12:00")


def configured(**messages: object) -> Config:
    return Config(messages=Messages(**messages))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("heard_ms", "hours", "why"),
    [
        (NOON - 23 * HOUR, 23, NO_REASON),
        (NOON - 23 * HOUR - 1, 23, reason("window_over")),
        (None, 23, reason("never_heard")),
        (NOON - 2 * HOUR, 1, reason("window_over")),
        (NOON - 900 * HOUR, 0, NO_REASON),
        (None, 0, NO_REASON),
    ],
)
def test_the_window_opens_with_the_customers_last_word(heard_ms: int | None, hours: int, why: str) -> None:
    assert permit(OWN, NOON, heard_ms, NOON, configured(window_hours=hours), BANGKOK) == Permission(why)


@pytest.mark.parametrize("heard_ms", [None, NOON - 24 * HOUR])
def test_while_events_from_before_the_message_are_not_written_nobody_knows_when_the_customer_was_heard(
    heard_ms: int | None,
) -> None:
    config = configured(window_hours=23)
    expected = Permission(reason("heard_later"), NOON + WAIT_FOR_WORD_MS)
    assert permit(OWN, NOON, heard_ms, NOON, config, BANGKOK, unwritten_ms=NOON - 1) == expected
    assert permit(OWN, NOON, heard_ms, NOON, config, BANGKOK, unwritten_ms=NOON + 1).until_ms is None
    assert permit(OWN, NOON, NOON, NOON, config, BANGKOK, unwritten_ms=NOON - 1) == ALLOWED
    too_old = permit(OWN, NOON - 73 * HOUR, heard_ms, NOON, config, BANGKOK, unwritten_ms=NOON - 74 * HOUR)
    assert too_old.until_ms is None


@pytest.mark.parametrize(
    ("now", "hours", "until"),
    [
        ("2026-11-28 20:59", ("21:00", "08:00"), None),
        ("2026-11-28 21:00", ("21:00", "08:00"), "2026-11-29 08:00"),
        ("2026-11-28 00:30", ("21:00", "08:00"), "2026-11-28 08:00"),
        ("2026-11-28 07:59", ("21:00", "08:00"), "2026-11-28 08:00"),
        ("2026-11-28 08:00", ("21:00", "08:00"), None),
        ("2026-11-28 13:00", ("12:00", "14:00"), "2026-11-28 14:00"),
        ("2026-12-31 22:00", ("21:00", "08:00"), "2027-01-01 08:00"),
    ],
)
def test_quiet_hours_are_waited_for(now: str, hours: tuple[str, str], until: str | None) -> None:
    config = configured(window_hours=0, quiet_hours=hours)
    expected = Permission(reason("quiet_hours"), ms(until)) if until else ALLOWED
    assert permit(OWN, ms(now), None, ms(now), config, BANGKOK) == expected
    assert permit({**OWN, URGENT: b"1"}, ms(now), None, ms(now), config, BANGKOK) == ALLOWED


@pytest.mark.parametrize("day", ["2026-03-28", "2026-10-24"])
def test_quiet_hours_end_at_their_time_also_where_the_clock_changes_that_night(day: str) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    now = ms(f"{day} 22:00", berlin)
    found = permit(OWN, now, None, now, configured(window_hours=0, quiet_hours=("21:00", "08:00")), berlin)
    assert found.until_ms
    assert datetime.fromtimestamp(found.until_ms / 1000, berlin).strftime("%H:%M") == "08:00"


def test_a_message_is_not_tried_for_ever() -> None:
    config = configured(window_hours=0)
    assert permit(OWN, NOON - 72 * HOUR, None, NOON, config, BANGKOK) == ALLOWED
    assert permit(OWN, NOON - 72 * HOUR - 1, None, NOON, config, BANGKOK) == Permission(reason("too_old", minutes=4320))


def test_what_a_person_asks_for_is_sent_at_any_time() -> None:
    quiet = configured(quiet_hours=("00:00", "23:59"))
    for fields in (OWN, {b"e": b"lead1"}):
        assert permit({**fields, b"k": b"retry"}, 0, None, NOON, quiet, BANGKOK) == ALLOWED


def test_confirmations_keep_their_own_rules() -> None:
    confirmation = {b"e": b"lead1"}
    assert permit(confirmation, NOON, None, NOON, configured(enabled=False), BANGKOK) == Permission(
        reason("messages_off")
    )
    assert permit(OWN, NOON, NOON, NOON, configured(enabled=False), BANGKOK) == ALLOWED
    assert permit(confirmation, NOON, None, NOON, Config(), BANGKOK) == ALLOWED
