"""Retention, over a real Redis."""

import itertools
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from typing import Any

import pytest
import redis
from structlog.testing import capture_logs

from leadcore import receipts
from leadcore.config import Inbox as InboxConfig
from leadcore.fields import RECEIPT
from leadcore.reasons import reason
from leadcore.receipts import HELD_SECONDS, PARKED_SECONDS, pack
from leadcore.store import keys, lines
from leadcore.store.lines import Kept, Line
from leadcore.store.payments import say_paid
from leadcore.store.status import read_status
from leadcore.store.streams import DUPLICATE_MS, Stream
from tests.conftest import BANGKOK, eventually
from workers.retention import CHUNK, Retention
from workers.rules.delivery import store_unsent

CONFIG = InboxConfig(receipts_max=1000)
WEEK_MS, DAY_MS = DUPLICATE_MS, 86_400_000
sequence = itertools.count(1)


@pytest.fixture(scope="module")
def database(databases: Iterator[str]) -> Iterator[Any]:
    with closing(redis.Redis.from_url(next(databases))) as client:
        yield client


@pytest.fixture
def store(database: Any) -> Any:
    database.flushdb()
    return database


def now_ms(store: Any) -> int:
    return int(store.time()[0]) * 1000


def lead(store: Any, name: str, age_ms: int, state: str = "created") -> None:
    leads(store, [name], age_ms, state)


def leads(store: Any, names: list[str], age_ms: int, state: str = "created") -> None:
    """Receipts in the index, as old as that."""
    at = now_ms(store) - age_ms
    said = pack(received_ms=at, customer_id="c", **({"state": state} if state else {}))
    receipt = dict(zip(said[::2], said[1::2], strict=True))
    with store.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.hset(keys.receipt(name), mapping=receipt)
            pipe.xadd(keys.LEADS, {"e": name}, id=f"{at}-{next(sequence)}")
        pipe.execute()


def fill(store: Any, count: int, age_ms: int) -> list[str]:
    names = [f"lead-{age_ms}-{number}" for number in range(count)]
    leads(store, names, age_ms)
    return names


def index(store: Any) -> list[str]:
    return [fields[b"e"].decode() for _, fields in store.xrange(keys.LEADS)]


def held(store: Any, names: list[str]) -> list[str]:
    with store.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.exists(keys.receipt(name))
        return [name for name, is_held in zip(names, pipe.execute(), strict=True) if is_held]


def test_the_oldest_receipts_beyond_the_cap_end_with_their_index_entries(store: Any) -> None:
    old = fill(store, 700, WEEK_MS + DAY_MS)
    young = fill(store, 600, WEEK_MS + 1000)
    Retention(store, CONFIG).apply()
    assert index(store) == [*old[300:], *young]
    assert held(store, [*old, *young]) == [*old[300:], *young]


def test_receipts_that_tell_repeated_events_are_kept_however_many(store: Any) -> None:
    names = fill(store, 1300, WEEK_MS - DAY_MS)
    Retention(store, CONFIG).apply()
    assert (index(store), held(store, names)) == (names, names)


@pytest.mark.parametrize("state", ["", "waiting", "parked", "held"])
def test_a_lead_that_is_not_done_with_keeps_its_receipt(store: Any, state: str) -> None:
    lead(store, "open", WEEK_MS + 2 * DAY_MS, state)
    names = fill(store, 1200, WEEK_MS + DAY_MS)
    Retention(store, CONFIG).apply()
    assert index(store) == ["open", *names[201:]]
    assert held(store, ["open", *names[:201]]) == ["open"]


def test_many_leads_that_are_not_done_with_do_not_hold_up_the_others(store: Any) -> None:
    leads(store, [f"open-{number}" for number in range(CHUNK + 10)], WEEK_MS + 2 * DAY_MS, "parked")
    names = fill(store, 800, WEEK_MS + DAY_MS)
    Retention(store, CONFIG).apply()
    assert len(index(store)) == CONFIG.receipts_max
    assert held(store, names) == names[CHUNK + 10 + 800 - CONFIG.receipts_max :]


def test_index_entries_end_with_their_receipts(store: Any) -> None:
    names = fill(store, 5, WEEK_MS + DAY_MS)
    store.delete(*map(keys.receipt, names[:3]))
    Retention(store, CONFIG).apply()
    assert index(store) == names[3:]


def test_an_event_that_came_again_after_a_week_keeps_its_new_receipt(store: Any) -> None:
    lead(store, "again", WEEK_MS + 2 * DAY_MS)
    fill(store, 1000, WEEK_MS + DAY_MS)
    lead(store, "again", 1000)
    Retention(store, CONFIG).apply()
    assert index(store).count("again") == 1
    assert held(store, ["again"]) == ["again"]


def test_a_full_redis_can_be_trimmed(store: Any) -> None:
    fill(store, 1100, WEEK_MS + DAY_MS)
    store.config_set("maxmemory", 1)
    try:
        Retention(store, CONFIG).apply()
    finally:
        store.config_set("maxmemory", 0)
    assert len(index(store)) == 1000


def test_a_parked_lead_ends_after_thirty_days_and_its_receipt_says_so(store: Any) -> None:
    for name, seconds in (("old", PARKED_SECONDS + 1), ("new", PARKED_SECONDS - 60)):
        Stream(store).park(name, b"payload", pack(state="parked", reason="row: why"))
        store.zadd(keys.PARKED, {name: now_ms(store) - seconds * 1000})
    # What a receipt of its own time outlives: the body has ended by itself.
    store.delete(keys.parked("old"))
    Retention(store, CONFIG).apply()
    assert store.zrange(keys.PARKED, 0, -1) == [b"new"]
    assert read_status(store, 1, BANGKOK).parked == 1
    ended, alive = (receipts.unpack(name, store.hgetall(keys.receipt(name))) for name in ("old", "new"))
    assert (ended.state, ended.reason) == ("discarded", lines.PARKED.ended)
    assert (alive.state, alive.reason) == ("parked", "row: why")


@pytest.mark.parametrize(
    "kept", [lines.PARKED_ORDERS, lines.PARKED_PAYMENTS, lines.PARKED_NOTES], ids=lambda one: one.name
)
def test_what_is_parked_of_a_written_lead_ends_after_thirty_days_and_its_receipt_says_so(
    store: Any, kept: Kept
) -> None:
    assert kept.seconds == 30 * 86_400
    [line] = [one for one in lines.LINES if kept in one.kept]
    for name, seconds in (("old", kept.seconds + 1), ("new", kept.seconds - 60)):
        lead(store, name, seconds * 1000, "created")
        store.hset(keys.receipt(name), RECEIPT[line.ending], "parked: row: why")
        store.zadd(kept.index, {name: now_ms(store) - seconds * 1000})
    with capture_logs() as logs:
        Retention(store, CONFIG).apply()
    assert [(one["event"], one["named"]) for one in logs] == [(f"{line.name}.waited_too_long", ["old"])]
    assert store.zrange(kept.index, 0, -1) == [b"new"]
    ended, alive = (receipts.unpack(name, store.hgetall(keys.receipt(name))) for name in ("old", "new"))
    assert getattr(ended, line.ending) == f"discarded: {reason('parked_too_long', days=30)}"
    assert getattr(ended, f"{line.ending}_ms") >= now_ms(store) - 60_000
    assert (ended.state, getattr(alive, line.ending)) == ("created", "parked: row: why")
    assert read_status(store, 1, BANGKOK).counts == {f"{line.noun.removesuffix('s')}_ended": 1}


def test_an_order_that_was_retried_before_it_ended_is_not_called_discarded(store: Any) -> None:
    lead(store, "lead", 1000)
    store.hset(keys.receipt("lead"), RECEIPT["order"], "updated")
    store.zadd(keys.PARKED_ORDERS, {"lead": 0})
    Retention(store, CONFIG).apply()
    assert store.hget(keys.receipt("lead"), RECEIPT["order"]) == b"updated"


def test_a_held_lead_ends_after_thirty_days_and_its_receipt_says_so(store: Any) -> None:
    for name, seconds in (("old", HELD_SECONDS + 1), ("new", HELD_SECONDS - 60)):
        lead(store, name, seconds * 1000, "held")
        store.set(keys.held(name), b"payload")
        store.zadd(keys.HELD, {name: now_ms(store) - seconds * 1000})
    store.hset(keys.receipt("old"), mapping={"f": "0", "y": "dry run: nothing was written"})
    Retention(store, CONFIG).apply()
    assert store.keys(keys.held("*")) == [keys.held("new").encode()]
    assert read_status(store, 1, BANGKOK).held == 1
    ended, alive = (receipts.unpack(name, store.hgetall(keys.receipt(name))) for name in ("old", "new"))
    assert (ended.state, ended.reason, ended.fields) == ("discarded", lines.HELD.ended, ())
    assert alive.state == "held"


def test_an_unsent_message_ends_after_a_week(store: Any) -> None:
    for name, age_ms in (("old", WEEK_MS + 1000), ("new", WEEK_MS - 60_000)):
        Stream(store).apply(store_unsent({b"e": name.encode()}, now_ms(store) - age_ms))
    Retention(store, CONFIG).apply()
    assert store.zrange(keys.UNSENT, 0, -1) == [b"new"]


def test_a_lead_that_was_retried_before_it_ended_is_not_called_discarded(store: Any) -> None:
    Stream(store).park("lead", b"payload", pack(state="parked"))
    store.zadd(keys.PARKED, {"lead": 0})
    store.hset(keys.receipt("lead"), "s", "created")
    Retention(store, CONFIG).apply()
    assert store.hget(keys.receipt("lead"), "s") == b"created"


def test_a_message_ends_in_the_list_with_its_record(store: Any) -> None:
    month_ms = 30 * 86_400_000
    store.zadd(keys.MESSAGES, {"old": now_ms(store) - month_ms - 1000, "new": now_ms(store) - month_ms + 60_000})
    Retention(store, CONFIG).apply()
    assert store.zrange(keys.MESSAGES, 0, -1) == [b"new"]


def watch(store: Any, line: Line, shard: int, *, seconds: int) -> None:
    """As if workers saw the shard's oldest entry stand for so long."""
    oldest = store.xrange(keys.entries(line.name, shard), count=1)[0][0]
    store.set(keys.standing(line.name, shard), b"%s %d" % (oldest, now_ms(store) - seconds * 1000), ex=86_000)


WAIT_TOO_LONG = [
    (lines.ORDERS, "order", f"discarded: {reason('waited_too_long', days=30)}"),
    (lines.PAYMENTS, "order", f"discarded: {reason('waited_too_long', days=30)}"),
    (lines.NOTES, "note", f"discarded: {reason('waited_too_long', days=30)}"),
    (lines.OUTBOX, "message", f"failed: {reason('waited_too_long', days=7)}"),
]


@pytest.mark.parametrize(("line", "ending", "said"), WAIT_TOO_LONG, ids=lambda one: getattr(one, "name", ""))
def test_what_waits_in_a_line_that_nobody_drains_ends_and_its_receipt_says_so(
    store: Any, line: Line, ending: str, said: str
) -> None:
    """Switched off, paused, or in a dry run: what customers said is not kept for ever."""
    assert line.seconds == (7 if line is lines.OUTBOX else 30) * 86_400
    now = now_ms(store)
    for name, seconds in (("old", line.seconds + 5), ("new", line.seconds - 60)):
        lead(store, name, 1000)
        store.xadd(keys.entries(line.name, 1), {"e": name, line.payload: "said"}, id=f"{now - seconds * 1000}-0")
    watch(store, line, 1, seconds=line.seconds + 5)
    Retention(store, CONFIG).apply()
    assert [fields[b"e"] for _, fields in store.xrange(keys.entries(line.name, 1))] == [b"new"]
    ended, alive = (receipts.unpack(name, store.hgetall(keys.receipt(name))) for name in ("old", "new"))
    assert (getattr(ended, ending), getattr(alive, ending)) == (said, "")
    assert getattr(ended, f"{ending}_ms") >= now
    noun = line.noun.removesuffix("s")
    assert read_status(store, 2, BANGKOK).counts == {f"{noun}_ended": 1}


@pytest.mark.parametrize("line", [one for one, *_ in WAIT_TOO_LONG], ids=lambda one: one.name)
def test_what_waited_while_no_worker_lived_is_left_to_the_drains(store: Any, line: Line) -> None:
    """However long that was: they have to get to it first. It ends once workers saw it stand for so long."""
    now, stream = now_ms(store), keys.entries(line.name, 1)
    for seconds in (line.seconds + 86_400, line.seconds + 3600):
        store.xadd(stream, {"e": "lead", line.payload: "said"}, id=f"{now - seconds * 1000}-0")
    # The line stood still before, too, and then nobody looked for a day.
    watch(store, line, 1, seconds=line.seconds + 86_400)
    store.delete(keys.standing(line.name, 1))
    for _ in range(2):
        Retention(store, CONFIG).apply()
    assert store.xlen(stream) == 2
    watch(store, line, 1, seconds=line.seconds - 60)
    Retention(store, CONFIG).apply()
    assert store.xlen(stream) == 2
    # A drain has taken the first one: the line works.
    store.xdel(stream, store.xrange(stream)[0][0])
    watched = store.get(keys.standing(line.name, 1)).split()[0]
    store.set(keys.standing(line.name, 1), b"%s %d" % (watched, now - (line.seconds + 60) * 1000))
    Retention(store, CONFIG).apply()
    assert store.xlen(stream) == 1
    watch(store, line, 1, seconds=line.seconds + 60)
    Retention(store, CONFIG).apply()
    assert store.xlen(stream) == 0


def test_what_follows_what_was_ended_needs_no_other_month(store: Any) -> None:
    stream, now = keys.entries(keys.NOTES, 1), now_ms(store)
    for seconds in (lines.NOTES.seconds + 60, lines.NOTES.seconds - 2):
        store.xadd(stream, {"e": "lead", "b": "said"}, id=f"{now - seconds * 1000}-0")
    watch(store, lines.NOTES, 1, seconds=lines.NOTES.seconds + 60)
    Retention(store, CONFIG).apply()
    assert store.xlen(stream) == 1

    def is_ended() -> bool:
        Retention(store, CONFIG).apply()
        return not store.xlen(stream)

    eventually(is_ended, 10)


def test_a_payment_that_was_removed_can_be_said_again(store: Any) -> None:
    say = partial(say_paid, store, CONFIG.shards, "K73FX219", "ann", units=100, currency="THB")
    assert [say(), say()] == ["recorded", "repeated"]
    shard = keys.shard_of("K73FX219", CONFIG.shards)
    [(_, fields)] = store.xrange(keys.entries(keys.PAYMENTS, shard))
    old = now_ms(store) - (lines.PAYMENTS.seconds + 60) * 1000
    store.delete(keys.entries(keys.PAYMENTS, shard))
    store.xadd(keys.entries(keys.PAYMENTS, shard), fields, id=f"{old}-0")
    watch(store, lines.PAYMENTS, shard, seconds=lines.PAYMENTS.seconds + 60)
    with capture_logs() as logs:
        Retention(store, CONFIG).apply()
    assert [(one["event"], one["named"]) for one in logs] == [("payments.waited_too_long", ["K73FX219"])]
    assert say() == "recorded"


def test_a_message_by_itself_ends_in_its_own_record(store: Any) -> None:
    store.xadd(keys.entries(keys.OUTBOX, 0), {"e": "api:1", "t": "said"}, id="1-0")
    store.hset(keys.message("api:1"), "n", "queued")
    watch(store, lines.OUTBOX, 0, seconds=lines.OUTBOX.seconds + 60)
    Retention(store, CONFIG).apply()
    assert store.hget(keys.message("api:1"), "n") == f"failed: {reason('waited_too_long', days=7)}".encode()
    assert (store.exists(keys.receipt("api:1")), store.xlen(keys.entries(keys.OUTBOX, 0))) == (0, 0)


def test_leads_are_never_ended_and_what_is_being_drained_is_left_to_its_drain(store: Any) -> None:
    store.xadd(keys.entries(keys.INBOX, 0), {"e": "lead", "b": "said"}, id="1-0")
    store.xadd(keys.entries(keys.NOTES, 0), {"e": "lead", "b": "said"}, id="1-0")
    store.set(keys.lock(keys.NOTES, 0), "token")
    watch(store, lines.NOTES, 0, seconds=lines.NOTES.seconds + 60)
    Retention(store, CONFIG).apply()
    assert [store.xlen(keys.entries(name, 0)) for name in (keys.INBOX, keys.NOTES)] == [1, 1]


def test_every_line_but_that_of_leads_is_bounded() -> None:
    assert [line.name for line in lines.LINES if not line.seconds and not line.has_endpoints] == [keys.INBOX]
