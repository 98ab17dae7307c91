"""Refused posts by day, and the last authenticated one, over a real Redis."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import redis

from leadcore.settings import read
from leadcore.store import keys
from leadcore.store.connection import connect
from leadcore.store.posts import PostTally, local_date
from leadcore.store.status import read_status
from leadcore.store.streams import Stream
from tests.conftest import BANGKOK, own_port

DAY_MS = 86_400_000


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.fixture
def inbox(client: Any) -> Stream:
    return Stream(client)


@pytest.mark.parametrize(
    ("zone", "moment", "day"),
    [
        ("Asia/Bangkok", "2026-03-01T16:59:59+00:00", "2026-03-01"),
        ("Asia/Bangkok", "2026-03-01T17:00:00+00:00", "2026-03-02"),
        ("Asia/Kathmandu", "2026-03-01T18:14:59+00:00", "2026-03-01"),
        ("Asia/Kathmandu", "2026-03-01T18:15:00+00:00", "2026-03-02"),
        ("America/New_York", "2026-03-09T03:59:00+00:00", "2026-03-08"),
    ],
)
def test_the_day_is_the_operators_to_the_minute(inbox: Stream, zone: str, moment: str, day: str) -> None:
    tally = PostTally(ZoneInfo(zone))
    tally.count_refused(at(moment))
    tally.flush(inbox)
    assert inbox.redis.hgetall(keys.REFUSED) == {day.encode(): b"1"}


def test_several_processes_add_up_and_today_is_what_is_told(inbox: Stream) -> None:
    now = inbox.redis.time()[0] * 1000
    for _ in range(3):
        tally = PostTally(BANGKOK)
        for _ in range(5):
            tally.count_refused(now)
        tally.count_refused(now - DAY_MS)
        tally.flush(inbox)
        tally.flush(inbox)
    assert read_status(inbox.redis, 1, BANGKOK).refused_today == 15


def test_the_last_post_is_the_latest_of_all_processes(inbox: Stream) -> None:
    fast, slow = PostTally(BANGKOK), PostTally(BANGKOK)
    slow.note_authenticated(1_000)
    fast.note_authenticated(2_000)
    fast.flush(inbox)
    slow.flush(inbox)
    assert read_status(inbox.redis, 1, BANGKOK).last_post_ms == 2_000


def test_never_is_told_until_a_post_came_and_leads_of_an_older_version_count(inbox: Stream) -> None:
    assert read_status(inbox.redis, 1, BANGKOK).last_post_ms is None
    inbox.redis.xadd(keys.LEADS, {"e": "lead"}, id="1700000000000-0")
    assert read_status(inbox.redis, 1, BANGKOK).last_post_ms == 1_700_000_000_000


def test_what_redis_did_not_take_waits_and_nothing_is_written_twice(inbox: Stream) -> None:
    nowhere = Stream(connect(read({"REDIS_URL": f"redis://127.0.0.1:{own_port()}"})))
    tally = PostTally(BANGKOK)
    tally.count_refused(at("2026-03-01T12:00:00+07:00"))
    tally.note_authenticated(7)
    with pytest.raises(redis.ConnectionError):
        tally.flush(nowhere)
    tally.count_refused(at("2026-03-01T12:00:00+07:00"))
    for _ in range(2):
        tally.flush(inbox)
    assert inbox.redis.hgetall(keys.REFUSED) == {b"2026-03-01": b"2"}
    assert inbox.redis.zscore(keys.LAST_POST, "last") == 7


def test_a_year_of_guesses_leaves_three_days_in_redis_that_expire(inbox: Stream) -> None:
    tally = PostTally(BANGKOK)
    for day in range(365):
        tally.count_refused(at("2026-03-01T12:00:00+07:00") + day * DAY_MS)
        tally.flush(inbox)
    assert inbox.redis.hlen(keys.REFUSED) <= 3
    assert 0 < inbox.redis.ttl(keys.REFUSED) <= 2 * 86_400


@pytest.mark.parametrize("note", [PostTally.count_refused, PostTally.note_authenticated])
def test_a_full_redis_takes_it_too(inbox: Stream, note: Callable[[PostTally, int], None]) -> None:
    tally = PostTally(BANGKOK)
    note(tally, inbox.redis.time()[0] * 1000)
    inbox.redis.config_set("maxmemory", 1)
    try:
        tally.flush(inbox)
    finally:
        inbox.redis.config_set("maxmemory", 0)
    status = read_status(inbox.redis, 1, BANGKOK)
    assert status.refused_today or status.last_post_ms


def test_the_day_of_a_moment_is_a_date() -> None:
    assert local_date(0, BANGKOK).isoformat() == "1970-01-01"
