"""Orders that are stuck leave room for intents, over a real Redis."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import redis

from leadcore.config import Inbox
from leadcore.fields import BODY, LEAD, VERSION, WANTS_NOTE
from leadcore.receipts import pack, unpack
from leadcore.store import keys
from leadcore.store.parked_orders import CART_GONE, GONE, NOTE_GONE, ParkedNotes, ParkedOrders
from leadcore.store.streams import pack_fields, unpack_fields
from tests.conftest import SHARDS
from workers import overflow
from workers.overflow import Overflow
from workers.rules.batch import BATCH


@pytest.fixture(scope="module")
def database(databases: Iterator[str]) -> Iterator[Any]:
    with closing(redis.Redis.from_url(next(databases))) as client:
        yield client


@pytest.fixture
def store(database: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(overflow, "MOST_WAITING", 300)
    database.flushdb()
    yield database
    database.config_set("maxmemory", 0)


def test_the_limits_are_ten_thousand_and_three_fifths() -> None:
    assert (overflow.MOST_WAITING, overflow.MEMORY) == (10_000, 0.6)


def entry(number: int, size: int = 10) -> dict[bytes, bytes]:
    body = b'{"customer_id": "c", "intent": "Purchase", "pad": "%s"}' % (b"x" * size)
    return {LEAD: b"lead-%d" % number, BODY: body, VERSION: b"%d-0" % number}


def add(store: Any, count: int, size: int = 10) -> None:
    """Entries, the oldest first, one shard after the other."""
    pipe = store.pipeline(transaction=False)
    for number in range(1, count + 1):
        pipe.xadd(keys.entries(keys.ORDERS, number % SHARDS), entry(number, size), id=f"{number}-0")
        receipt = pack(customer_id="c", state="created", received_ms=1)
        pipe.hset(keys.receipt(f"lead-{number}"), mapping=dict(zip(receipt[::2], receipt[1::2], strict=True)))
    pipe.execute()


def waiting(store: Any) -> set[int]:
    rows = [row for shard in range(SHARDS) for row in store.xrange(keys.entries(keys.ORDERS, shard))]
    return {int(fields[LEAD].split(b"-")[1]) for _, fields in rows}


def parked(store: Any) -> set[int]:
    return {int(lead.split(b"-")[1]) for lead in store.zrange(keys.PARKED_ORDERS, 0, -1)}


def order_of(store: Any, number: int) -> str:
    return unpack("x", store.hgetall(keys.receipt(f"lead-{number}"))).order


def test_up_to_the_limit_all_wait(store: Any) -> None:
    add(store, 300)
    Overflow(store, Inbox()).shed()
    assert (len(waiting(store)), parked(store)) == (300, set())


def test_beyond_it_the_oldest_park_without_their_carts_and_their_receipts_say_why(store: Any) -> None:
    add(store, 907)
    Overflow(store, Inbox()).shed()
    assert waiting(store) == set(range(608, 908))
    assert parked(store) == set(range(1, 608))
    assert order_of(store, 1) == "parked: full: order_cart_dropped"
    assert order_of(store, 608) == ""
    assert not [key for key in store.keys(keys.parked_order("*")) if b"Purchase" in store.get(key)]
    assert store.ttl(keys.parked_order("lead-1")) > 0
    assert store.hget(keys.COUNTS, "order_parked") == b"607"


def test_what_was_put_off_is_older_than_what_came_since(store: Any) -> None:
    add(store, 301)
    store.xdel(keys.entries(keys.ORDERS, 1), "1-0")
    store.zadd(keys.later(keys.ORDERS, 1), {pack_fields(entry(1)): 10**14})
    Overflow(store, Inbox()).shed()
    assert (parked(store), store.zcard(keys.later(keys.ORDERS, 1))) == ({1}, 0)


def test_a_drain_keeps_what_it_works_on(store: Any) -> None:
    for number in range(1, 401):
        store.xadd(keys.entries(keys.ORDERS, 0), entry(number), id=f"{number}-0")
    store.set(keys.lock(keys.ORDERS, 0), "token")
    Overflow(store, Inbox()).shed()
    assert set(range(1, BATCH + 1)) < waiting(store)
    assert parked(store) == set(range(BATCH + 1, BATCH + 101))


def test_in_a_full_redis_carts_make_room_until_it_is_filled_to_three_fifths(store: Any) -> None:
    add(store, 290, size=20_000)
    store.xadd("leadsync:inbox:0", {"b": "x"})
    store.set(keys.parked_order("lead-0"), pack_fields(entry(0, 20_000)))
    store.zadd(keys.PARKED_ORDERS, {"lead-0": 1})
    store.config_set("maxmemory", store.info("memory")["used_memory"] - 100_000)
    with pytest.raises(redis.exceptions.OutOfMemoryError):
        store.set("x", "y")
    for _ in range(3):
        Overflow(store, Inbox()).shed()
    memory = store.info("memory")
    assert memory["used_memory"] <= 0.6 * memory["maxmemory"] or not waiting(store)
    assert b"Purchase" not in store.get(keys.parked_order("lead-0"))
    assert parked(store) | waiting(store) == set(range(291))
    assert store.xlen("leadsync:inbox:0") == 1
    store.set("x", "y")


def test_with_room_the_parked_ones_keep_their_carts(store: Any) -> None:
    store.set(keys.parked_order("lead-0"), pack_fields(entry(0)))
    store.zadd(keys.PARKED_ORDERS, {"lead-0": 1})
    store.config_set("maxmemory", 10**10)
    Overflow(store, Inbox()).shed()
    assert b"Purchase" in store.get(keys.parked_order("lead-0"))


def test_a_retry_says_that_the_cart_is_gone_and_a_discard_ends_it(store: Any) -> None:
    add(store, 301)
    Overflow(store, Inbox()).shed()
    orders = ParkedOrders(store, SHARDS, 100)
    assert orders.retry("lead-1", "ann") == CART_GONE
    assert parked(store) == {1}
    assert not orders.discard("lead-1", "ann")
    assert (parked(store), order_of(store, 1)) == (set(), "discarded: full: order_cart_dropped")
    assert orders.retry("lead-1", "ann") == GONE


def as_notes(store: Any) -> None:
    """Let what waits wait for its note."""
    for shard in range(SHARDS):
        store.rename(keys.entries(keys.ORDERS, shard), keys.entries(keys.NOTES, shard))


def note_of(store: Any, number: int) -> str:
    return unpack("x", store.hgetall(keys.receipt(f"lead-{number}"))).note


def test_beyond_it_the_oldest_notes_are_parked_without_their_text_and_their_receipts_say_why(store: Any) -> None:
    add(store, 305)
    as_notes(store)
    Overflow(store, Inbox()).shed()
    assert sum(store.xlen(keys.entries(keys.NOTES, shard)) for shard in range(SHARDS)) == 300
    assert [note_of(store, number) for number in (5, 6)] == ["parked: notes_full: note_dropped", ""]
    assert store.zcard(keys.PARKED_NOTES) == 5
    assert not [key for key in store.keys(keys.parked_note("*")) if b"Purchase" in store.get(key)]
    assert (store.hget(keys.FIGURES, "parked_notes:notes_full"), store.hget(keys.COUNTS, "note_parked")) == (b"5",) * 2
    assert not store.exists(keys.PARKED_ORDERS)
    parked_notes = ParkedNotes(store, SHARDS, 100)
    assert parked_notes.retry("lead-1", "ann") == NOTE_GONE
    assert not parked_notes.discard("lead-1", "ann")
    assert note_of(store, 1) == "discarded: notes_full: note_dropped"


def test_while_redis_is_full_what_is_parked_of_both_lines_loses_its_body(store: Any) -> None:
    for number, (key, index) in enumerate(
        ((keys.parked_order, keys.PARKED_ORDERS), (keys.parked_note, keys.PARKED_NOTES))
    ):
        store.set(key(f"lead-{number}"), pack_fields(entry(number, 20_000)))
        store.zadd(index, {f"lead-{number}": 1})
    store.config_set("maxmemory", store.info("memory")["used_memory"])
    Overflow(store, Inbox()).shed()
    assert b"Purchase" not in store.get(keys.parked_order("lead-0"))
    assert b"Purchase" not in store.get(keys.parked_note("lead-1"))
    assert store.zcard(keys.PARKED_ORDERS) == store.zcard(keys.PARKED_NOTES) == 1


def add_noted(store: Any, count: int) -> None:
    """Entries whose intents leave a note, all in one shard."""
    for number in range(1, count + 1):
        store.xadd(keys.entries(keys.ORDERS, 2), {**entry(number), WANTS_NOTE: b"1"}, id=f"{number}-0")
        store.hset(keys.receipt(f"lead-{number}"), mapping={"c": "c", "s": "created", "r": "1"})


def test_an_order_that_is_parked_without_its_cart_leaves_its_note(store: Any) -> None:
    add_noted(store, 302)
    store.hset(keys.receipt("lead-2"), "p", "written")
    Overflow(store, Inbox()).shed()
    assert parked(store) == {1, 2}
    [(_, note)] = store.xrange(keys.entries(keys.NOTES, 2))
    assert note == entry(1)
    assert (note_of(store, 1), note_of(store, 2), note_of(store, 3)) == ("waiting", "written", "")
    assert b"Purchase" not in store.get(keys.parked_order("lead-1"))
    Overflow(store, Inbox()).shed()
    assert store.xlen(keys.entries(keys.NOTES, 2)) == 1


def test_what_was_put_off_leaves_its_note_too(store: Any) -> None:
    add_noted(store, 301)
    store.xdel(keys.entries(keys.ORDERS, 2), "1-0")
    store.zadd(keys.later(keys.ORDERS, 2), {pack_fields({**entry(1), WANTS_NOTE: b"1"}): 10**14})
    Overflow(store, Inbox()).shed()
    assert [fields for _, fields in store.xrange(keys.entries(keys.NOTES, 2))] == [entry(1)]


def test_in_a_full_redis_its_note_is_parked_without_its_text_and_the_receipt_says_so(store: Any) -> None:
    add_noted(store, 3)
    store.config_set("maxmemory", store.info("memory")["used_memory"] - 1)
    Overflow(store, Inbox()).shed()
    store.config_set("maxmemory", 0)
    assert parked(store) == {1, 2, 3}
    assert not any(store.xlen(keys.entries(keys.NOTES, shard)) for shard in range(SHARDS))
    assert note_of(store, 1) == "parked: notes_full: note_dropped"
    assert unpack_fields(store.get(keys.parked_note("lead-1"))) == {LEAD: b"lead-1", VERSION: b"1-0"}
    assert store.hget(keys.FIGURES, "parked_notes:notes_full") == b"3"
    assert ParkedNotes(store, SHARDS, 100).retry("lead-1", "ann") == NOTE_GONE
    assert not ParkedNotes(store, SHARDS, 100).discard("lead-1", "ann")
    assert note_of(store, 1) == "discarded: notes_full: note_dropped"


def test_what_a_person_has_to_retry_leaves_no_second_note_when_its_cart_goes(store: Any) -> None:
    store.set(keys.parked_order("lead-1"), pack_fields({**entry(1), WANTS_NOTE: b"1"}))
    store.zadd(keys.PARKED_ORDERS, {"lead-1": 1})
    store.hset(keys.receipt("lead-1"), "c", "c")
    store.config_set("maxmemory", store.info("memory")["used_memory"] - 1)
    Overflow(store, Inbox()).shed()
    store.config_set("maxmemory", 0)
    assert note_of(store, 1) == ""
