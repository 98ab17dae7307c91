"""Retry and discard of parked leads, over a real Redis."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
import redis

from leadcore.config import Inbox as InboxConfig
from leadcore.reasons import reason
from leadcore.receipts import Receipt, pack
from leadcore.store import keys
from leadcore.store.leads import read_receipts
from leadcore.store.parked import GONE, STILL_DRY, UNREADABLE, Parked, causes
from leadcore.store.streams import Stream, pack_fields

CONFIG = InboxConfig()
BODY = json.dumps({"customer_id": "c-1", "mid": "m", "intent": "Purchase", "contact_info": {"name": "Ann"}}).encode()
SHARD = keys.shard_of("c-1", CONFIG.shards)
STREAM = keys.entries(keys.INBOX, SHARD)


@pytest.fixture(scope="module")
def database(databases: Iterator[str]) -> Iterator[Any]:
    with closing(redis.Redis.from_url(next(databases))) as client:
        yield client


@pytest.fixture
def store(database: Any) -> Parked:
    database.flushdb()
    return Parked(database, CONFIG)


def park(store: Parked, lead: str = "lead-1", body: bytes = BODY, **fields: bytes) -> None:
    packed = pack_fields({b"e": lead.encode(), b"b": body, **{name.encode(): value for name, value in fields.items()}})
    receipt = pack(customer_id="c-1", intent="Purchase", state="parked", reason="row: why", tries=12)
    Stream(store.redis).park(lead, packed, receipt)


def hold(store: Parked, lead: str = "lead-1", **fields: bytes) -> None:
    """Hold a lead back as a dry run does."""
    park(store, lead, **fields)
    store.redis.rename(keys.parked(lead), keys.held(lead))
    store.redis.zrem(keys.PARKED, lead)
    store.redis.zadd(keys.HELD, {lead: store.redis.zcard(keys.HELD)})
    flat = pack(state="held", reason="dry run: nothing_written", fields=("email",))
    store.redis.hset(keys.receipt(lead), mapping=dict(zip(flat[::2], flat[1::2], strict=True)))


def add_workers(store: Parked, *names: str) -> None:
    for name in names:
        store.redis.zadd(name, {"worker": store.redis.time()[0] * 1000})


def receipt(store: Parked, lead: str = "lead-1") -> Receipt:
    return read_receipts(store.redis, [lead])[0] or Receipt(lead)


def test_a_retried_lead_is_back_in_its_shard_with_its_body_and_version(store: Parked) -> None:
    park(store, v=b"1700000000123-4", k=b"import", n=b"11")
    assert store.retry("lead-1", "ann") == ""
    [(_, fields)] = store.redis.xrange(STREAM)
    assert fields == {b"e": b"lead-1", b"b": BODY, b"v": b"1700000000123-4", b"k": b"retry"}
    assert (receipt(store).state, receipt(store).tries, receipt(store).reason) == ("waiting", 0, "")
    assert (store.redis.zcard(keys.PARKED), store.redis.exists(keys.parked("lead-1"))) == (0, 0)


def test_a_held_lead_is_retried_with_its_version_and_a_receipt_of_nothing_written(store: Parked) -> None:
    hold(store, v=b"1700000000123-4", k=b"import", n=b"3")
    add_workers(store, keys.WORKERS)
    assert (store.retry("lead-1", "ann"), store.retry("lead-1", "bob")) == ("", GONE)
    [(_, fields)] = store.redis.xrange(STREAM)
    assert fields == {b"e": b"lead-1", b"b": BODY, b"v": b"1700000000123-4", b"k": b"retry"}
    assert (receipt(store).state, receipt(store).reason, receipt(store).fields) == ("waiting", "", ())
    assert (store.redis.zcard(keys.HELD), store.redis.exists(keys.held("lead-1"))) == (0, 0)


def test_a_held_lead_stays_while_any_worker_runs_dry(store: Parked) -> None:
    hold(store, v=b"1700000000123-4")
    add_workers(store, keys.WORKERS, keys.DRY_WORKERS)
    store.redis.zadd(keys.WORKERS, {"another": store.redis.time()[0] * 1000})
    assert store.retry("lead-1", "ann") == STILL_DRY
    store.redis.zadd(keys.DRY_WORKERS, {"worker": store.redis.time()[0] * 1000 - 60_000})
    assert store.retry("lead-1", "ann") == "", "a dead worker does not count"


def test_a_parked_lead_can_be_retried_while_a_worker_runs_dry(store: Parked) -> None:
    park(store, v=b"1700000000123-4")
    add_workers(store, keys.WORKERS, keys.DRY_WORKERS)
    assert store.retry("lead-1", "ann") == ""


def test_held_leads_are_not_among_the_parked_and_keep_their_order(store: Parked) -> None:
    for lead in ("b", "a", "c"):
        hold(store, lead)
    assert (store.held(), store.receipts(), store.count()) == (["b", "a", "c"], [], 0)
    assert store.held(until_ms=1) == ["b", "a"]


def test_a_retry_is_noted_on_the_receipt_with_its_time_and_what_had_failed(store: Parked) -> None:
    park(store, v=b"1700000000123-4")
    before = store.redis.time()[0] * 1000
    store.retry("lead-1", "ann")
    retried = receipt(store)
    assert (retried.reason, retried.retried_reason) == ("", "row: why")
    assert retried.retried_ms is not None
    assert retried.retried_ms >= before


FAILED = f"failed: {reason('dealdroid_answered', status=502)}"


def leave_unsent(store: Parked, message: str = FAILED) -> None:
    """A written lead whose message waits for a person."""
    store.redis.hset(keys.receipt("lead-1"), mapping={"s": "created", "h": "501", "n": message, "m": "5"})
    packed = pack_fields({b"e": b"lead-1", b"c": b'{"id": "c-1"}', b"t": b'"Thank you"'})
    store.redis.set(keys.unsent("lead-1"), packed)
    store.redis.zadd(keys.UNSENT, {"lead-1": 5})


def test_the_retry_of_a_message_is_noted_likewise(store: Parked) -> None:
    leave_unsent(store)
    assert store.retry("lead-1", "ann") == ""
    retried = receipt(store)
    assert (retried.message, retried.retried_reason) == ("queued", FAILED)
    assert retried.retried_ms == retried.message_ms
    assert retried.message_ms != 5


def test_a_message_that_a_person_gave_up_says_so_and_needs_nobody(store: Parked) -> None:
    leave_unsent(store)
    assert store.discard("lead-1", "ann") == ""
    assert receipt(store).message == FAILED.replace("failed", "discarded")
    assert store.count() == 0


def test_a_lead_parked_without_a_version_is_retried_with_the_time_of_its_receipt(store: Parked) -> None:
    park(store)
    received = store.redis.hget(keys.receipt("lead-1"), "r")
    store.retry("lead-1", "ann")
    assert store.redis.xrange(STREAM)[0][1][b"v"] == received


def test_a_lead_is_retried_once_however_often_retry_is_called(store: Parked) -> None:
    park(store, v=b"1700000000123-4")
    assert [store.retry("lead-1", "ann"), store.retry("lead-1", "bob"), store.discard("lead-1", "bob")] == [
        "",
        GONE,
        GONE,
    ]
    assert store.redis.xlen(STREAM) == 1


def test_an_index_entry_without_a_payload_is_removed(store: Parked) -> None:
    park(store)
    store.redis.delete(keys.parked("lead-1"))
    assert (store.discard("lead-1", "ann"), store.redis.zcard(keys.PARKED)) == (GONE, 0)


def test_two_simultaneous_retries_put_it_back_once(store: Parked, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one has read the body before the first one's script ran."""
    park(store, v=b"1700000000123-4")
    other, first = Parked(store.redis, CONFIG), store._retry

    def overtaken(**given: Any) -> Any:
        assert other.retry("lead-1", "bob") == ""
        return first(**given)

    monkeypatch.setattr(store, "_retry", overtaken)
    assert store.retry("lead-1", "ann") == GONE
    assert store.redis.xlen(STREAM) == 1


def test_the_bell_is_rung_once_for_a_shard(store: Parked) -> None:
    for number in range(3):
        park(store, f"lead-{number}", v=b"1700000000123-4")
        store.retry(f"lead-{number}", "ann")
    assert store.redis.llen("rq:queue:leadsync") == 1


@pytest.mark.parametrize("field", ["customer_id", "mid", "intent"])
def test_an_unusable_event_cannot_be_retried_and_stays_parked(store: Parked, field: str) -> None:
    body = {**json.loads(BODY), field: None}
    park(store, body=json.dumps(body).encode())
    assert field in store.retry("lead-1", "ann")
    assert store.redis.zcard(keys.PARKED) == 1
    assert store.redis.xlen(keys.ACTIONS) == 0


def test_an_unreadable_body_cannot_be_retried(store: Parked) -> None:
    park(store, body=b"no json")
    assert store.retry("lead-1", "ann") == UNREADABLE
    assert store.redis.exists(keys.parked("lead-1"))


@pytest.mark.parametrize(
    ("keep", "reason"), [(park, "row: why"), (hold, "dry run: nothing_written")], ids=["parked", "held"]
)
def test_a_discarded_lead_leaves_its_receipt_and_nothing_that_the_customer_said(
    store: Parked, keep: Callable[[Parked], None], reason: str
) -> None:
    keep(store)
    assert store.discard("lead-1", "ann") == ""
    assert (receipt(store).state, receipt(store).reason, receipt(store).fields) == ("discarded", reason, ())
    held = [store.redis.dump(key) for key in store.redis.keys("*")]
    assert not any(b"Ann" in one for one in held)
    assert store.redis.hget(keys.COUNTS, "discarded") == b"1"


@pytest.mark.parametrize("command", ["retry", "discard"])
def test_the_user_is_recorded(store: Parked, command: str) -> None:
    park(store)
    act: Callable[[str, str], str] = getattr(store, command)
    act("lead-1", "ann")
    [(_, action)] = store.redis.xrange(keys.ACTIONS)
    assert action == {b"c": command.encode(), b"l": b"lead-1", b"u": b"ann"}


@pytest.mark.parametrize(("command", "lives"), [("retry", True), ("discard", False)])
def test_a_receipt_that_expired_before_its_lead_expires_again(store: Parked, command: str, lives: bool) -> None:
    park(store, v=b"1700000000123-4")
    store.redis.delete(keys.receipt("lead-1"))
    getattr(store, command)("lead-1", "ann")
    assert (store.redis.ttl(keys.receipt("lead-1")) > 0) is lives
    assert (receipt(store).customer_id == "c-1") is lives


@pytest.mark.parametrize("command", ["retry", "discard"])
def test_a_full_redis_still_retries_and_discards(store: Parked, command: str) -> None:
    park(store, v=b"1700000000123-4")
    store.redis.config_set("maxmemory", 1)
    try:
        with pytest.raises(redis.OutOfMemoryError):
            store.redis.set("more", "x")
        assert getattr(store, command)("lead-1", "ann") == ""
    finally:
        store.redis.config_set("maxmemory", 0)


def test_leads_are_grouped_by_cause_the_most_frequent_first_with_a_fix() -> None:
    reasons = ["unusable: mid is missing", "row: locked", "row: locked", "odd"]
    found = causes(Receipt(str(number), reason=reason) for number, reason in enumerate(reasons))
    assert [(cause.reason, cause.leads) for cause in found] == [
        ("locked", ("1", "2")),
        ("mid is missing", ("0",)),
        ("odd", ("3",)),
    ]
    assert [cause.code for cause in found] == ["row", "unusable", ""]
    assert "retry" in found[0].fix
    assert "discard" in found[1].fix


def test_many_parked_leads_are_listed_oldest_first(store: Parked) -> None:
    for number in range(1203):
        store.redis.zadd(keys.PARKED, {f"lead-{number}": number})
    assert [one.lead for one in store.receipts()] == [f"lead-{number}" for number in range(1203)]


def test_parked_leads_can_be_limited_by_number_and_time(store: Parked) -> None:
    store.redis.zadd(keys.PARKED, {f"lead-{number}": number for number in range(10)})
    assert [one.lead for one in store.receipts(2)] == ["lead-0", "lead-1"]
    assert [one.lead for one in store.receipts(until_ms=1)] == ["lead-0", "lead-1"]
    assert [one.lead for one in store.receipts(5, until_ms=2)] == ["lead-0", "lead-1", "lead-2"]
