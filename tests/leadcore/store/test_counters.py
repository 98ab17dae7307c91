"""Counters, over a real Redis."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import redis as client

from leadcore.config import Inbox as InboxConfig
from leadcore.receipts import pack
from leadcore.store import keys
from leadcore.store.counters import HOUR_MS, count, read_hours
from leadcore.store.parked import Parked
from leadcore.store.streams import Settlement, Stream, pack_fields
from sandbox import redis as embedded

STREAM = keys.entries(keys.INBOX, 0)


def now_ms(inbox: Stream) -> int:
    return int(inbox.redis.time()[0]) * 1000


def counted(inbox: Stream) -> dict[str, int]:
    """The totals, which the hours must agree with."""
    total = {name.decode(): int(value) for name, value in inbox.redis.hgetall(keys.COUNTS).items()}
    hours = [counts for _, counts in read_hours(inbox.redis, now_ms(inbox))]
    assert {name: sum(hour.get(name, 0) for hour in hours) for name in total} == total
    return total


def put(inbox: Stream, lead: str, **options: Any) -> None:
    inbox.put(0, lead, b"{}", pack(), **options)


def test_an_event_is_counted_as_accepted_once_and_then_as_a_duplicate(inbox: Stream) -> None:
    put(inbox, "one")
    put(inbox, "one")
    put(inbox, "two", version_ms=1)
    assert counted(inbox) == {"accepted": 2, "duplicate": 1}


def test_an_event_that_the_receiver_puts_again_is_not_counted_as_a_duplicate(inbox: Stream) -> None:
    put(inbox, "one")
    put(inbox, "one", version_ms=1)
    assert counted(inbox) == {"accepted": 1}


def test_each_entry_is_counted_once_when_it_is_removed(inbox: Stream) -> None:
    for number in range(3):
        put(inbox, f"lead-{number}")
    inbox.acquire(0, "mine")
    entries = [entry for entry, _ in inbox.read(0, 10)]
    settlement = Settlement()
    for entry, state in zip(entries, ("created", "updated", "created"), strict=True):
        settlement.add((), [(STREAM, entry, [count(state), count("ms", 20)])], [count("groups")])
    assert [inbox.settle(0, "mine", settlement) for _ in range(2)] == [[], [0, 1, 2]]
    assert inbox.settle(0, "somebody", settlement) is None
    assert counted(inbox) == {"accepted": 3, "created": 2, "updated": 1, "ms": 60, "groups": 3}


def test_a_parked_and_discarded_lead_is_counted_once(inbox: Stream) -> None:
    for _ in range(2):
        inbox.park("lead", pack_fields({b"e": b"lead", b"b": b"{}"}), pack(state="parked"))
    parked = Parked(inbox.redis, InboxConfig())
    assert [bool(parked.discard("lead", "ann")) for _ in range(2)] == [False, True]
    assert counted(inbox) == {"parked": 1, "discarded": 1}


def test_counters_are_added_up_in_apply_too(inbox: Stream) -> None:
    inbox.apply([count("message_sent"), ("SET", "leadsync:x", "1"), count("message_sent")])
    assert counted(inbox) == {"message_sent": 2}


def test_an_hours_counters_expire_after_two_days(inbox: Stream) -> None:
    put(inbox, "one")
    put(inbox, "two")
    [hour] = inbox.redis.keys(keys.COUNTS + ":*")
    assert 48 * 3600 < inbox.redis.ttl(hour) <= 49 * 3600
    assert inbox.redis.ttl(keys.COUNTS) == -1


def test_hours_are_read_oldest_first_with_the_current_one_last(inbox: Stream) -> None:
    now = 500_000 * HOUR_MS + 1_800_000
    for number, value in ((500_000, 3), (499_977, 2), (499_976, 1)):
        inbox.redis.hset(keys.hour(number), "created", value)
    hours = read_hours(inbox.redis, now)
    assert len(hours) == 24
    assert (hours[0], hours[-1]) == ((499_977 * HOUR_MS, {"created": 2}), (500_000 * HOUR_MS, {"created": 3}))
    assert all(counts == {} for _, counts in hours[1:-1])
    assert read_hours(inbox.redis, now, hours=1) == [hours[-1]]


def test_a_full_redis_still_settles_and_recognizes_duplicates(tmp_path: Path) -> None:
    """Counters block nothing: a removed entry makes room for them, and that of a duplicate is dropped."""
    with (
        embedded.start(tmp_path, appendonly=False) as started,
        closing(client.Redis.from_url(started.url)) as connection,
    ):
        full = Stream(connection)
        put(full, "lead")
        full.acquire(0, "mine")
        [(entry, _)] = full.read(0, 1)
        connection.config_set("maxmemory", 1)
        with pytest.raises(client.ResponseError):
            connection.set("more", 1)
        assert full.put(0, "lead", b"{}", pack()).outcome == "duplicate"
        settlement = Settlement()
        settlement.add((), [(STREAM, entry, [count("created")])])
        assert full.settle(0, "mine", settlement) == []
        connection.config_set("maxmemory", 0)
        assert counted(full) == {"accepted": 1, "created": 1}
