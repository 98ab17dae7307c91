"""The pace of HubSpot's calls over a day, without Redis or a clock."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.pacer import Gap
from workers.rules.batch import BATCH
from workers.rules.pacer import (
    BURST,
    DAY_SECONDS,
    FREE,
    KEPT,
    SPREAD,
    TRICKLE,
    Day,
    Pace,
    count_full_rows,
    find_midnight,
    find_pace,
)

LIMITS = st.integers(1, 3_000)
SECONDS = st.floats(0, DAY_SECONDS)
FREE_PORTAL = Day(250_000, 250_000, DAY_SECONDS)


@st.composite
def days(draw: st.DrawFn) -> Day:
    limit = draw(LIMITS)
    return Day(limit, draw(st.integers(1, limit)), draw(SECONDS))


@given(days(), st.lists(st.tuples(st.floats(0, 60), st.booleans(), st.integers(1, 3)), max_size=50), st.booleans())
def test_no_day_has_more_calls_than_it_allows(day: Day, batches: list[tuple[float, bool, int]], rush: bool) -> None:
    """Whatever comes, full or partial, in however many calls; `rush`: every batch there may be comes at once. Only the
    last one may take a few calls more than are left."""
    gap, now, left = Gap(), 0.0, day.left
    for pause, full, calls in batches * 20:
        pace = find_pace(Day(day.limit, left, day.seconds - now), full=full)
        now = gap.find_start(now + (0 if rush else pause), pace)
        if now >= day.seconds:
            break
        assert left > 0
        left -= calls
        if pace.gap:
            gap.start(now, pace, calls)
    assert left > -3


@given(days(), st.booleans())
def test_a_lead_never_waits_longer_than_until_midnight_and_a_lone_one_not_at_all(day: Day, full: bool) -> None:
    pace = find_pace(day, full=full)
    assert Gap().find_start(0.0, pace) == 0
    gap = Gap()
    for _ in range(pace.burst):
        assert gap.find_start(0.0, pace) == pytest.approx(0, abs=1e-6)
        gap.start(0.0, pace, 1)
    assert pace.gap >= 0
    if day.left > 1 and day.seconds > 1:
        assert pace.gap <= max(day.seconds, DAY_SECONDS / day.limit / 0.8) * (1 + 1e-9)


def test_a_few_leads_of_an_idle_system_wait_for_nothing() -> None:
    assert find_pace(FREE_PORTAL, full=False).burst == BURST


def test_partial_calls_alone_leave_some_of_the_day_and_full_ones_go_at_once() -> None:
    assert 1 / find_pace(FREE_PORTAL, full=False).gap < 2.6
    assert find_pace(FREE_PORTAL, full=True) == FREE


@given(days())
def test_full_calls_are_free_until_a_tenth_of_the_day_is_left(day: Day) -> None:
    assert (find_pace(day, full=True) == FREE) == (day.left > day.limit * KEPT)


@given(st.integers(100, 10**6), SECONDS)
def test_of_the_tenth_that_is_kept_half_is_spread_over_the_rest_of_the_day(limit: int, seconds: float) -> None:
    left = limit // 20
    for full in (True, False):
        pace = find_pace(Day(limit, left, seconds), full=full)
        assert pace.burst == 1
        assert seconds / pace.gap <= left / 2 + 1e-6


def test_what_others_have_used_widens_the_gap() -> None:
    gaps = [find_pace(Day(250_000, left, DAY_SECONDS), full=False).gap for left in (250_000, 125_000, 50_000, 5_000)]
    assert gaps == sorted(gaps)
    assert gaps[1] == pytest.approx(DAY_SECONDS / 100_000)


def test_when_nothing_is_left_hubspot_itself_says_until_when() -> None:
    """The line then pauses and says why. A limit of the settings alone holds until midnight."""
    used_up = Day(250_000, 0, 3600.0, told=True)
    assert find_pace(used_up, full=False) == FREE
    assert find_pace(Day(250_000, 0, 3600.0), full=True) == Pace(3600, 0)


@pytest.mark.parametrize(
    ("zone", "now", "midnight"),
    [
        ("Asia/Bangkok", "2026-11-28T10:00+00:00", "2026-11-29T00:00+07:00"),
        ("Asia/Bangkok", "2026-11-28T17:00+00:00", "2026-11-30T00:00+07:00"),
        # A day of 25 hours.
        ("America/New_York", "2026-11-01T00:00-04:00", "2026-11-02T00:00-05:00"),
    ],
)
def test_the_day_ends_at_midnight_in_the_portals_time_zone(zone: str, now: str, midnight: str) -> None:
    found = find_midnight(datetime.fromisoformat(now).timestamp(), ZoneInfo(zone))
    assert found == datetime.fromisoformat(midnight).timestamp()


@pytest.mark.parametrize(("new", "rows"), [(1.0, BATCH), (0.0, BATCH), (0.5, 173), (0.9, 104)])
def test_a_batch_of_new_and_known_customers_is_full_when_its_calls_are(new: float, rows: int) -> None:
    assert count_full_rows(new) == rows


@given(st.floats(0, 1))
def test_no_batch_has_more_than_two_full_calls(new: float) -> None:
    assert BATCH <= count_full_rows(new) <= 2 * BATCH


@given(days(), st.booleans())
def test_what_yields_never_goes_faster_than_contacts_and_never_stands_still(day: Day, full: bool) -> None:
    first, after = find_pace(day, full=full), find_pace(day, full=full, yields=True)
    assert after.gap >= first.gap
    assert after.gap <= max(day.seconds, 1.0) / (day.left * TRICKLE) + DAY_SECONDS / day.limit / SPREAD


def test_at_noon_a_quarter_of_the_day_is_kept_for_contacts() -> None:
    kept = 100_000 * (KEPT + 0.25)
    assert find_pace(Day(100_000, int(kept) + 1, DAY_SECONDS / 2), full=True, yields=True) == FREE
    assert find_pace(Day(100_000, int(kept) - 1, DAY_SECONDS / 2), full=True, yields=True).gap > 1
