"""The inbox's scripts on a real Redis."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import redis as client
from hypothesis import given
from hypothesis import strategies as st

from leadcore.errors import WrongKey
from leadcore.receipts import pack
from leadcore.store import keys
from leadcore.store.streams import DUPLICATE_MS, LOCK_MS, Ended, Settlement, Stream, When, pack_fields
from sandbox import redis as embedded

TOKEN = "mine"


def put(inbox: Stream, lead: str = "lead", **options: Any) -> str:
    return inbox.put(0, lead, b'{"a":1}', pack(customer_id="c"), **options).outcome


def entries(inbox: Stream, count: int) -> list[bytes]:
    """`count` entries in shard 0, whose lock is held."""
    for number in range(count):
        put(inbox, f"lead-{number}")
    assert inbox.acquire(0, TOKEN)
    return [entry for entry, _ in inbox.read(0, 100)]


def settlement(*groups: tuple[Any, ...]) -> Settlement:
    built = Settlement()
    for group in groups:
        built.add(*group)
    return built


STREAM = keys.entries(keys.INBOX, 0)


def test_a_put_writes_receipt_entry_and_index_and_the_first_one_rings(inbox: Stream) -> None:
    assert [put(inbox, "one"), put(inbox, "two")] == ["rang", "put"]
    rows = inbox.read(0, 10)
    assert [fields for _, fields in rows] == [{b"e": b"one", b"b": b'{"a":1}'}, {b"e": b"two", b"b": b'{"a":1}'}]
    receipt = inbox.redis.hgetall(keys.receipt("one"))
    # Redis reads its clock for each of the two, which may be a millisecond apart.
    assert 0 <= int(rows[0][0].split(b"-")[0]) - int(receipt.pop(b"r")) < 1000
    assert receipt == {b"c": b"c"}
    assert 29 * 86_400 < inbox.redis.ttl(keys.receipt("one")) <= 30 * 86_400
    assert [fields[b"e"] for _, fields in inbox.redis.xrange(keys.LEADS)] == [b"one", b"two"]
    assert 0 < inbox.redis.ttl(keys.bell(keys.INBOX, 0)) <= 10


def test_a_put_returns_redis_clock(inbox: Stream) -> None:
    now = inbox.put(0, "lead", b"{}", pack()).now_ms
    seconds, _ = inbox.redis.time()
    assert abs(now - seconds * 1000) < 2000


def test_the_same_lead_is_a_duplicate_for_seven_days(inbox: Stream) -> None:
    assert [put(inbox), put(inbox)] == ["rang", "duplicate"]
    assert len(inbox.read(0, 10)) == 1
    seconds, _ = inbox.redis.time()
    old = {"r": seconds * 1000 - DUPLICATE_MS - 1}
    for state in ("waiting", "parked"):
        inbox.redis.hset(keys.receipt("lead"), mapping={**old, "s": state})
        assert put(inbox) == "duplicate", "it is still to be done"
    inbox.redis.hset(keys.receipt("lead"), mapping={**old, "s": "created"})
    assert put(inbox) == "put"
    assert b"s" not in inbox.redis.hgetall(keys.receipt("lead")), "a receipt of its own"


def hold(inbox: Stream, lead: str = "lead") -> int:
    """Hold back the lead as a dry run does; when it was received, in ms."""
    inbox.redis.hset(keys.receipt(lead), "s", "held")
    inbox.redis.set(keys.held(lead), b"payload")
    inbox.redis.zadd(keys.HELD, {lead: 1})
    return int(inbox.redis.hget(keys.receipt(lead), "r"))


def test_a_lead_that_a_dry_run_held_back_is_taken_when_it_comes_again(inbox: Stream) -> None:
    put(inbox)
    hold(inbox)
    inbox.redis.hset(keys.receipt("lead"), "y", "dry run: nothing was written")
    assert put(inbox) == "put"
    assert [fields for _, fields in inbox.read(0, 10)] == [{b"e": b"lead", b"b": b'{"a":1}'}] * 2
    assert set(inbox.redis.hgetall(keys.receipt("lead"))) == {b"r", b"c"}
    assert [inbox.redis.exists(keys.held("lead")), inbox.redis.zcard(keys.HELD)] == [0, 0]
    assert put(inbox) == "duplicate", "it waits"
    assert inbox.redis.hmget(keys.COUNTS, "accepted", "duplicate") == [b"2", b"1"]


def test_a_held_lead_that_a_spool_or_a_journal_puts_again_stays_held(inbox: Stream) -> None:
    put(inbox)
    received = hold(inbox)
    assert [put(inbox, version_ms=at) for at in (received - 1, received)] == ["duplicate", "duplicate"]
    assert [inbox.redis.exists(keys.held("lead")), inbox.redis.zcard(keys.HELD)] == [1, 1]
    assert put(inbox, version_ms=received + 1) == "put", "it came again while Redis was away"
    assert inbox.redis.zcard(keys.HELD) == 0


def test_a_past_version_is_kept_and_a_future_one_is_capped_at_now(inbox: Stream) -> None:
    put(inbox, "past", version_ms=1_000)
    put(inbox, "future", version_ms=10**15, kind="import")
    (_, past), (entry, future) = inbox.read(0, 10)
    assert past[b"v"] == b"1000"
    assert future[b"k"] == b"import"
    assert abs(int(future[b"v"]) - int(entry.split(b"-")[0])) < 1000


def test_all_use_one_digest_key(inbox: Stream) -> None:
    assert put(inbox, "one", key=b"first") == "rang"
    with pytest.raises(WrongKey) as caught:
        put(inbox, "two", key=b"second")
    assert caught.value.key == b"first"
    assert len(inbox.read(0, 10)) == 1
    assert put(inbox, "two", key=b"first") == "put"
    with pytest.raises(WrongKey):
        inbox.park("three", b"", pack(), key=b"second")


def test_parking_is_safe_to_repeat(inbox: Stream) -> None:
    outcomes = [inbox.park("lead", b"packed", pack(state="parked")).outcome for _ in range(2)]
    assert outcomes == ["put", "duplicate"]
    assert inbox.redis.get(keys.parked("lead")) == b"packed"
    assert inbox.redis.zrange(keys.PARKED, 0, -1) == [b"lead"]
    assert 0 < inbox.redis.ttl(keys.parked("lead")) <= 30 * 86_400


def test_reading_goes_on_behind_the_last_entry_read(inbox: Stream) -> None:
    ids = entries(inbox, 5)
    assert [entry for entry, _ in inbox.read(0, 2)] == ids[:2]
    assert [entry for entry, _ in inbox.read(0, 10, after=ids[1])] == ids[2:]


def test_the_lock_has_one_holder_who_alone_renews_or_releases_it(inbox: Stream) -> None:
    assert inbox.acquire(0, TOKEN)
    assert not inbox.acquire(0, "other")
    assert inbox.acquire(1, "other"), "a lock for each shard"
    assert 0 < inbox.redis.pttl(keys.lock(keys.INBOX, 0)) <= LOCK_MS
    inbox.redis.pexpire(keys.lock(keys.INBOX, 0), 5000)
    assert not inbox.renew(0, "other")
    assert inbox.redis.pttl(keys.lock(keys.INBOX, 0)) <= 5000
    assert inbox.renew(0, TOKEN)
    assert inbox.redis.pttl(keys.lock(keys.INBOX, 0)) > 5000
    assert inbox.release(0, "other") == -1
    assert inbox.release(0, TOKEN) == 0
    assert inbox.acquire(0, "other")


def test_a_release_deletes_the_bell_and_counts_what_is_left(inbox: Stream) -> None:
    entries(inbox, 3)
    assert inbox.release(0, TOKEN) == 3
    assert not inbox.redis.exists(keys.bell(keys.INBOX, 0))
    assert put(inbox, "next") == "rang"


def test_settling_removes_each_entry_and_runs_its_commands(inbox: Stream) -> None:
    one, two, three = entries(inbox, 3)
    done = settlement(
        ((), [(STREAM, one, [("SET", "a", "1"), ("INCR", "n")]), (STREAM, two, [("INCR", "n")])], [("INCR", "groups")]),
        ((), [(STREAM, three, [])], [("INCR", "groups")]),
    )
    assert inbox.settle(0, TOKEN, done) == []
    assert inbox.read(0, 10) == []
    assert [int(inbox.redis.get(name)) for name in ("a", "n", "groups")] == [1, 2, 2]


@pytest.mark.parametrize("holder", ["other", None])
def test_without_the_lock_nothing_is_settled(inbox: Stream, holder: str | None) -> None:
    """A worker that was frozen in a call continues after another has locked the shard."""
    [one] = entries(inbox, 1)
    inbox.redis.delete(keys.lock(keys.INBOX, 0))
    if holder:
        assert inbox.acquire(0, holder)
    assert inbox.settle(0, TOKEN, settlement(((), [(STREAM, one, [("INCR", "n")])], [("INCR", "n")]))) is None
    assert len(inbox.read(0, 10)) == 1
    assert not inbox.redis.exists("n")


def test_settling_twice_settles_once(inbox: Stream) -> None:
    one, two = entries(inbox, 2)
    first = settlement(((), [(STREAM, one, [("INCR", "n")])], [("INCR", "groups")]))
    assert [inbox.settle(0, TOKEN, first) for _ in range(2)] == [[], [0]]
    both = settlement(((), [(STREAM, one, [("INCR", "n")]), (STREAM, two, [("INCR", "n")])], [("INCR", "groups")]))
    assert inbox.settle(0, TOKEN, both) == []
    assert [int(inbox.redis.get(name)) for name in ("n", "groups")] == [2, 2]


def test_a_group_whose_record_has_changed_is_left_and_the_others_are_settled(inbox: Stream) -> None:
    one, two, three = entries(inbox, 3)
    inbox.redis.set("record", b"\x00\x00\x00\x02rest")
    done = settlement(
        ([("record", b"\x00\x00\x00\x02")], [(STREAM, one, [("INCR", "n")])], [("SET", "record", b"\x00\x00\x00\x03")]),
        ([("record", b"\x00\x00\x00\x02")], [(STREAM, two, [("INCR", "n")])], [("INCR", "n")]),
        ([("absent", b"")], [(STREAM, three, [("INCR", "n")])], []),
    )
    assert inbox.settle(0, TOKEN, done) == [1]
    assert [entry for entry, _ in inbox.read(0, 10)] == [two]
    assert int(inbox.redis.get("n")) == 2


@pytest.mark.parametrize(
    ("record", "guard", "settled"),
    [
        (None, b"", True),
        (None, b"\0\0\0\1", False),
        (b"\0\0\0\1", b"", False),
        (b"\0\0\0\1more", b"\0\0\0\1", True),
        (b"\0\0\0\2more", b"\0\0\0\1", False),
        (b"ab", b"ab", True),
    ],
)
def test_a_guard_compares_the_first_four_bytes(
    inbox: Stream, record: bytes | None, guard: bytes, settled: bool
) -> None:
    [one] = entries(inbox, 1)
    if record is not None:
        inbox.redis.set("record", record)
    answer = inbox.settle(0, TOKEN, settlement(([("record", guard)], [(STREAM, one, [])], [])))
    assert answer == ([] if settled else [0])
    assert len(inbox.read(0, 10)) == (not settled)


def test_a_hundred_leads_with_many_commands_are_settled_at_once(inbox: Stream) -> None:
    effects = [("HSET", f"h{n}", *(f"f{i}" for i in range(40))) for n in range(10)]
    ids = entries(inbox, 100)
    done = settlement(*(((), [(STREAM, one, effects)], [("INCR", "n")]) for one in ids))
    assert inbox.settle(0, TOKEN, done) == []
    assert int(inbox.redis.get("n")) == 100


def test_a_receipt_that_expired_before_its_lead_expires_again(inbox: Stream) -> None:
    """A receipt that is there keeps its own expiry."""
    first, second = entries(inbox, 2)
    stream, gone, there = keys.entries(keys.INBOX, 0), keys.receipt("lead-0"), keys.receipt("lead-1")
    inbox.redis.delete(gone)
    inbox.redis.expire(there, 100)
    follows = [(stream, entry, [("HSET", key, "s", "created")]) for entry, key in ((first, gone), (second, there))]
    inbox.settle(0, TOKEN, settlement(((), follows)))
    assert 29 * 86_400 < inbox.redis.ttl(gone) <= 30 * 86_400
    inbox.apply([("HSET", there, "n", "sent"), ("HSET", keys.sending(keys.OUTBOX, 0), "1-0", "message")])
    assert inbox.redis.ttl(there) <= 100
    assert inbox.redis.ttl(keys.sending(keys.OUTBOX, 0)) == -1, "only receipts end"


def test_a_receipt_that_only_says_that_a_note_waits_expires(inbox: Stream) -> None:
    """That of an event whose order waited for longer than receipts are kept."""
    [entry] = entries(inbox, 1)
    waits = ("HSETNX", keys.receipt("lead-0"), "p", "waiting")
    inbox.redis.delete(keys.receipt("lead-0"))
    inbox.settle(0, TOKEN, settlement(((), [(STREAM, entry, [waits])])))
    assert inbox.redis.hgetall(keys.receipt("lead-0")) == {b"p": b"waiting"}
    assert 29 * 86_400 < inbox.redis.ttl(keys.receipt("lead-0")) <= 30 * 86_400


def test_a_full_redis_can_still_settle(tmp_path: Path) -> None:
    """The script removes first, so Redis lets it run."""
    with embedded.start(tmp_path) as server, closing(client.Redis.from_url(server.url)) as redis:
        inbox = Stream(redis)
        ids = entries(inbox, 20)
        redis.config_set("maxmemory", 1)
        with pytest.raises(client.OutOfMemoryError):
            redis.set("a", "1")
        done = settlement(*(((), [(STREAM, one, [("SET", "a", "1")])], []) for one in ids))
        assert inbox.settle(0, TOKEN, done) == []
        assert inbox.read(0, 100) == []
        assert redis.get("a") == b"1"


def test_a_full_redis_refuses_a_lead_and_changes_nothing(tmp_path: Path) -> None:
    """So the receiver keeps it on its disk. One that a dry run held back, too."""
    with embedded.start(tmp_path) as server, closing(client.Redis.from_url(server.url)) as redis:
        inbox = Stream(redis)
        put(inbox, "held")
        hold(inbox, "held")
        known = {name: redis.dump(name) for name in redis.scan_iter()}
        redis.config_set("maxmemory", 1)
        for lead in ("new", "held"):
            with pytest.raises(client.OutOfMemoryError):
                put(inbox, lead)
        assert {name: redis.dump(name) for name in redis.scan_iter()} == known


PARTS = st.binary().filter(lambda part: b"\x1f" not in part)
FIELDS = {b"e": b"lead", b"b": '{"a":"ก\\u001f"}'.encode(), b"v": b"1000-0", b"n": b"1", b"k": b""}


def test_a_due_entry_goes_back_into_the_stream_unchanged(inbox: Stream) -> None:
    later = keys.later(keys.INBOX, 0)
    inbox.redis.zadd(later, {pack_fields(FIELDS): 1, pack_fields({b"e": b"not due"}): 10**15})
    assert inbox.sweep(0) == 1
    [(_, fields)] = inbox.read(0, 10)
    assert fields == FIELDS
    assert inbox.redis.zcard(later) == 1


def test_a_sweep_rings_for_entries_without_a_drain_and_not_too_often(inbox: Stream) -> None:
    assert inbox.sweep(0) == 0
    put(inbox)
    assert [inbox.sweep(0), inbox.sweep(0)] == [1, 0]
    inbox.redis.delete(keys.swept(keys.INBOX, 0))
    assert inbox.sweep(0) == 1


def test_a_sweep_does_not_ring_for_a_locked_shard_or_a_paused_line(inbox: Stream) -> None:
    put(inbox)
    assert inbox.acquire(0, TOKEN)
    assert inbox.sweep(0) == 0
    inbox.release(0, TOKEN)
    inbox.redis.hset(keys.PAUSE, "until", 10**15)
    assert inbox.sweep(0) == 0
    inbox.redis.hset(keys.PAUSE, "until", 1)
    assert inbox.sweep(0) == 1


def test_the_outbox_has_its_own_pause_and_its_sweep_counts_messages_being_sent(inbox: Stream) -> None:
    outbox = Stream(inbox.redis, keys.OUTBOX)
    inbox.redis.hset(keys.PAUSE, "until", 10**15)
    inbox.redis.hset(keys.sending(keys.OUTBOX, 0), "1-0", "packed")
    assert outbox.sweep(0) == 1


def test_a_bell_is_set_once(inbox: Stream) -> None:
    assert [inbox.set_bell(0), inbox.set_bell(0), inbox.set_bell(1)] == [True, False, True]


@given(st.dictionaries(PARTS, PARTS))
def test_packed_fields_can_be_unpacked(fields: dict[bytes, bytes]) -> None:
    parts = pack_fields(fields).split(b"\x1f")[:-1]
    assert dict(zip(parts[::2], parts[1::2], strict=True)) == fields


@pytest.mark.parametrize("place", ["noted", "in the stream", "gone"])
@pytest.mark.parametrize(
    ("when", "holder", "happens"),
    [
        ("always", "another", "always"),
        ("ours", TOKEN, "if found"),
        ("ours", "", "never"),
        ("ours", "another", "never"),
        ("free", TOKEN, "if found"),
        ("free", "", "if found"),
        ("free", "another", "never"),
    ],
)
def test_the_end_of_a_message_is_recorded_by_whoever_may_and_once(
    inbox: Stream, when: When, holder: str, happens: str, place: str
) -> None:
    [entry] = entries(inbox, 1)
    lock, sending = keys.lock(inbox.name, 0), keys.sending(inbox.name, 0)
    if place != "in the stream":
        inbox.redis.xdel(STREAM, entry)
    if place == "noted":
        inbox.redis.hset(sending, entry, b"fields")
    if holder:
        inbox.redis.set(lock, holder)
    else:
        inbox.redis.delete(lock)
    ended = Ended(entry, [("RPUSH", "ended", "once")], when)
    inbox.end_sending(0, TOKEN, [ended])
    runs = happens == "always" or (happens == "if found" and place != "gone")
    assert inbox.redis.llen("ended") == runs
    if when != "always":
        assert inbox.redis.hlen(sending) + inbox.redis.xlen(STREAM) == (place != "gone" and not runs)
        inbox.end_sending(0, TOKEN, [ended])
        assert inbox.redis.llen("ended") == runs
