"""Customers are brought back after Redis was emptied, with a real Redis and the served portal."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
import redis

from leadcore.config import Config
from leadcore.machine import Machine
from leadcore.reasons import reason
from leadcore.store import keys
from leadcore.store.restoring import INTACT, RESTORED
from leadcore.store.status import read_status
from sandbox.http_server import running
from sandbox.hubspot import Portal as StandIn
from sandbox.hubspot import create_app
from tests.conftest import BANGKOK, SHARDS
from tests.restarts import Restartable
from tests.stand_ins import PLENTY_PER_DAY, Crm
from workers.flow.errors import LineDown
from workers.flow.pause import Pause
from workers.hubspot.budget import Budget
from workers.hubspot.client import HubSpot
from workers.rules.customer import Customer, pack, unpack
from workers.sync import background_restore
from workers.sync.background_restore import BackgroundRestore, find_customers
from workers.sync.restore import MERGED_ABOVE, SEARCH_LAG_MS

SEARCHES = "/contacts/search"


@pytest.fixture(scope="module")
def served() -> Iterator[Crm]:
    portal = StandIn()
    with running(create_app(portal)) as server:
        crm = Crm(server.url, portal)
        crm.make_ready()
        yield crm


@pytest.fixture
def crm(served: Crm) -> Crm:
    served.reset()
    served.settings(search_lag=0, searches_per_second=100)
    return served


@pytest.fixture(scope="module")
def database(databases: Iterator[str]) -> Iterator[Any]:
    with closing(redis.Redis.from_url(next(databases))) as connection:
        yield connection


Start = Callable[..., BackgroundRestore]


@pytest.fixture
def start(crm: Crm, database: Any) -> Iterator[Start]:
    """Starts a worker's restore, without its thread, of a store that was emptied long ago."""
    database.flushdb()
    database.set(keys.STORE, RESTORED)
    database.hset(keys.RESTORE, "since_ms", 0)
    started = []

    def make(
        connection: Any = database, *, limit: int = 100, fixed_key: bytes = b"", requests_per_day: int = 250_000
    ) -> BackgroundRestore:
        machine, stop = Machine(), threading.Event()
        hubspot = HubSpot("pat-test", crm.url, Budget(connection, limit, stop, machine, PLENTY_PER_DAY))
        started.append(hubspot)
        return BackgroundRestore(connection, hubspot, Config(), fixed_key, stop, requests_per_day)

    yield make
    for hubspot in started:
        hubspot._batch.api_client.rest_client.pool_manager.clear()


def step(restore: BackgroundRestore) -> float:
    """The next step, as if the time until the next call was over."""
    restore.redis.hdel(keys.RESTORE, "called_ms")
    return restore.step()


def finish(restore: BackgroundRestore) -> None:
    """All steps, at most thirty."""
    for _ in range(30):
        step(restore)
        if restore.redis.get(keys.STORE) == INTACT.encode():
            return
    raise AssertionError(restore.redis.hgetall(keys.RESTORE))


def record(restore: BackgroundRestore, customer_id: str) -> Customer:
    return unpack(restore.redis.get(restore.customers.customer_key(customer_id)))


def test_every_customer_is_known_once_the_store_is_called_whole(
    start: Start, crm: Crm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background_restore, "PAGE_SIZE", 5)
    ids = {f"c-{number}": crm.create(dealdroid_customer_id=f"c-{number}", lastname="x") for number in range(12)}
    crm.create(email="nobody@example.com")
    restore = start()
    finish(restore)
    assert {one: record(restore, one).contact_id for one in ids} == ids
    assert not restore.redis.exists(keys.RESTORE, keys.RESTORE_LOCK)


def test_aliases_come_back_as_what_they_are(start: Start, crm: Crm) -> None:
    shared = crm.create(dealdroid_customer_id="owner", dealdroid_other_customer_ids="a\nb", lastname="x")
    alone = crm.create(dealdroid_other_customer_ids="c", email="c@example.com")
    restore = start()
    finish(restore)
    for one, contact_id in (("a", shared), ("b", shared), ("c", alone)):
        alias = record(restore, one)
        assert (alias.contact_id, alias.shared, alias.email_match_only) == (contact_id, True, True)
    owner = record(restore, "owner")
    assert (owner.contact_id, owner.shared, owner.email_match_only, owner.fill_only) == (shared, True, False, False)


def test_contacts_merged_right_before_the_loss_come_back_first(
    start: Start, crm: Crm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody finds the other customer by id: whoever spoke before the page of the contact would get a second one."""
    monkeypatch.setattr(background_restore, "PAGE_SIZE", 2)
    ids = [crm.create(dealdroid_customer_id=f"c-{number}", lastname="x") for number in range(6)]
    with crm.portal.lock:
        crm.portal.merge(*(crm.portal.contacts.records[int(one)] for one in ids[4:]))
    restore = start()
    restore.redis.hset(keys.RESTORE, MERGED_ABOVE, 0)
    step(restore)
    assert [number for number in range(6) if record(restore, f"c-{number}").known] == [4, 5]
    found = read_status(restore.redis, SHARDS, BANGKOK).restoring
    assert found is not None
    assert (found.done, found.total) == (0, 0), "they come once more, and count then"
    finish(restore)
    assert [record(restore, f"c-{number}").contact_id for number in range(4)] == ids[:4]


def test_a_portal_without_merges_costs_one_call_more(start: Start, crm: Crm) -> None:
    crm.create(dealdroid_customer_id="c-1", lastname="x")
    restore = start()
    restore.redis.hset(keys.RESTORE, MERGED_ABOVE, 0)
    step(restore)
    assert (crm.calls(SEARCHES), crm.calls("/batch/read")) == (1, 0)
    finish(restore)
    assert (crm.calls(SEARCHES), record(restore, "c-1").known) == (3, True)


def test_nothing_of_what_customers_said_is_stored() -> None:
    """Ids only: the record does not depend on any value of the contact."""
    bare = {"id": "7", "properties": {"dealdroid_customer_id": "c"}}
    full = {"id": "7", "properties": {**bare["properties"], "email": "a@example.com", "address": "1 Silom Road"}}  # type: ignore[dict-item]
    assert find_customers([bare]) == find_customers([full])


def test_it_begins_a_minute_after_the_store_was_found_emptied(start: Start, crm: Crm) -> None:
    """Contacts written right before are then in the search index."""
    restore = start()
    restore.redis.delete(keys.RESTORE)
    crm.create(dealdroid_customer_id="late", lastname="x")
    crm.settings(search_lag=30)
    for _ in range(3):
        assert restore.step() > 0
    assert crm.calls(SEARCHES) == 0
    since = int(restore.redis.hget(keys.RESTORE, "since_ms"))
    restore.redis.hset(keys.RESTORE, "since_ms", since - SEARCH_LAG_MS + 2000)
    restore.step()
    assert crm.calls(SEARCHES) == 0
    with crm.portal.lock:
        for contact in crm.portal.contacts.records.values():
            contact.created -= 60
            contact.updated -= 60
    restore.redis.hset(keys.RESTORE, "since_ms", since - SEARCH_LAG_MS)
    finish(restore)
    assert record(restore, "late").known


@pytest.mark.parametrize(("limit", "seconds"), [(100, 1.0), (10, 10.0), (1, 100.0), (1000, 0.25)])
def test_it_uses_at_most_a_tenth_of_the_calls_of_10_s(start: Start, crm: Crm, limit: int, seconds: float) -> None:
    crm.create(dealdroid_customer_id="c-1", lastname="x")
    first, second = start(limit=limit), start(limit=limit)
    first.hubspot.budget.portal_limit = limit
    assert first.step() == pytest.approx(seconds)
    first.hubspot.budget.portal_limit = limit
    assert first.step() <= seconds
    first.redis.delete(keys.RESTORE_LOCK)
    second.hubspot.budget.portal_limit = limit
    second.step()
    assert crm.calls(SEARCHES) == 1, "nor does another worker"


def test_it_uses_at_most_a_tenth_of_the_calls_of_a_day(start: Start, crm: Crm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background_restore, "PAGE_SIZE", 1)
    for number in range(5):
        crm.create(dealdroid_customer_id=f"c-{number}", lastname="x")
    restore = start(requests_per_day=30)
    for _ in range(6):
        step(restore)
    assert crm.calls(SEARCHES) == 3
    found = read_status(restore.redis, SHARDS, BANGKOK).restoring
    assert found is not None
    assert (found.done, found.total, found.waits) == (3, 5, "quota")
    restore.redis.hincrby(keys.RESTORE, "day", -1)
    for _ in range(6):
        step(restore)
    assert crm.calls(SEARCHES) == 6
    assert restore.redis.get(keys.STORE) == INTACT.encode()


def test_what_a_page_of_merged_contacts_costs_beyond_its_search_is_of_the_same_tenth(start: Start, crm: Crm) -> None:
    """Their histories, and who bears their former ids now: many calls for each search."""
    ids = [crm.create(dealdroid_customer_id=f"c-{number}", lastname="x") for number in range(120)]
    with crm.portal.lock:
        records = [crm.portal.contacts.records[int(one)] for one in ids]
        for kept, other in zip(records[::2], records[1::2], strict=True):
            crm.portal.merge(kept, other)
    restore = start()
    restore.portal_cache.current()
    before = crm.calls("")
    restore.step()
    made = crm.calls("") - before
    assert made > 4
    assert int(restore.redis.hget(keys.RESTORE, "calls")) == made
    seconds, micros = restore.redis.time()
    called_ms = int(restore.redis.hget(keys.RESTORE, "called_ms"))
    assert called_ms - (seconds * 1000 + micros // 1000) == pytest.approx((made - 1) * 1000, abs=900)
    finish(restore)


def test_a_page_whose_many_calls_take_longer_than_the_lock_lasts_is_stored(
    start: Start, crm: Crm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it is read again and again for as long as HubSpot is slow."""
    ids = [crm.create(dealdroid_customer_id=f"c-{number}", lastname="x") for number in range(2)]
    with crm.portal.lock:
        crm.portal.merge(*(crm.portal.contacts.records[int(one)] for one in ids))
    restore = start()
    search = restore.hubspot.search

    def nearly_expire(*given: Any, **more: Any) -> Any:
        found = search(*given, **more)
        restore.redis.pexpire(keys.RESTORE_LOCK, 5000)
        return found

    monkeypatch.setattr(restore.hubspot, "search", nearly_expire)
    step(restore)
    assert restore.redis.pttl(keys.RESTORE_LOCK) > 5000
    assert record(restore, "c-0").known


def test_another_worker_goes_on_where_the_first_one_ended(
    start: Start, crm: Crm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background_restore, "PAGE_SIZE", 2)
    for number in range(4):
        crm.create(dealdroid_customer_id=f"c-{number}", lastname="x")
    first, second = start(), start()
    step(first)
    step(second)
    assert crm.calls(SEARCHES) == 1, "one worker at a time"
    first.redis.delete(keys.RESTORE_LOCK)
    finish(second)
    assert crm.calls(SEARCHES) == 3
    assert all(record(second, f"c-{number}").known for number in range(4))


def test_a_record_that_is_there_stays(start: Start, crm: Crm) -> None:
    restore = start()
    crm.create(dealdroid_customer_id="c-1", lastname="x")
    mine = pack(Customer(contact_id="77", active_ms=5))
    restore.redis.set(restore.customers.customer_key("c-1"), mine)
    finish(restore)
    assert restore.redis.get(restore.customers.customer_key("c-1")) == mine


@pytest.mark.parametrize("ago_ms", [0, 10 * SEARCH_LAG_MS])
def test_who_was_forgotten_comes_back_only_if_the_contact_is_newer(start: Start, crm: Crm, ago_ms: int) -> None:
    restore = start()
    crm.create(dealdroid_customer_id="c-1", lastname="x")
    seconds, _ = restore.redis.time()
    digest = keys.digest(restore.customers.use_key(), "c-1")
    restore.redis.set(keys.forgotten(digest), f"{seconds * 1000 - ago_ms} 7")
    finish(restore)
    assert record(restore, "c-1").known is bool(ago_ms)


def test_a_redis_that_is_emptied_again_meanwhile_gets_nothing(
    start: Start, crm: Crm, monkeypatch: pytest.MonkeyPatch
) -> None:
    restore = start()
    crm.create(dealdroid_customer_id="c-1", lastname="x")
    search = restore.hubspot.search

    def lose(*given: Any, **more: Any) -> Any:
        found = search(*given, **more)
        restore.redis.flushdb()
        restore.redis.set(keys.STORE, RESTORED)
        restore.redis.set(keys.SECRET, "another")
        return found

    monkeypatch.setattr(restore.hubspot, "search", lose)
    step(restore)
    monkeypatch.setattr(restore.hubspot, "search", lambda *given, **more: {"results": []})
    assert not [*restore.redis.scan_iter(keys.customer("*"))]
    assert restore.redis.get(keys.STORE) == RESTORED.encode()
    monkeypatch.undo()
    step(restore)
    assert crm.calls(SEARCHES) == 1, "it begins anew, after another minute"
    restore.redis.hset(keys.RESTORE, "since_ms", 0)
    finish(restore)
    assert record(restore, "c-1").known
    assert restore.customers.key == b"another"


def test_no_call_while_the_line_is_paused(start: Start, crm: Crm) -> None:
    restore = start()
    Pause(restore.redis, Machine()).start(LineDown("daily_quota", reason("daily_quota_used")))
    step(restore)
    assert crm.calls(SEARCHES) == 0
    restore.redis.hset(keys.PAUSE, "until", 1)
    finish(restore)


@pytest.mark.parametrize("kind", ["403", "500", "429_burst", "html"])
def test_where_hubspot_does_not_answer_it_is_tried_again_more_and_more_rarely(
    start: Start, crm: Crm, kind: str
) -> None:
    restore = start()
    crm.create(dealdroid_customer_id="c-1", lastname="x")
    crm.fault(kind, path="/search")
    waits = [step(restore) for _ in range(3)]
    assert waits[0] < waits[1] < waits[2]
    found = read_status(restore.redis, SHARDS, BANGKOK).restoring
    assert found is not None
    assert found.waits
    crm.control("DELETE", "faults")
    finish(restore)


def test_it_stops_where_redis_is_filled_over_three_fifths(start: Start, crm: Crm, restartable: Restartable) -> None:
    with closing(redis.Redis.from_url(restartable.running.url)) as connection:
        own: Any = connection
        own.set(keys.STORE, RESTORED)
        own.hset(keys.RESTORE, "since_ms", 0)
        restore = start(own)
        crm.create(dealdroid_customer_id="c-1", lastname="x")
        own.config_set("maxmemory", int(own.info("memory")["used_memory"] / 0.55))
        own.set("ballast", b"x" * (own.info("memory")["used_memory"] // 5))
        step(restore)
        assert crm.calls(SEARCHES) == 0
        found = read_status(own, SHARDS, BANGKOK).restoring
        assert found is not None
        assert found.waits == "memory"
        own.config_set("maxmemory", 0)
        finish(restore)


@pytest.mark.parametrize("marker", ["", INTACT, "young 5"])
def test_a_store_that_lacks_nobody_is_left_alone(start: Start, crm: Crm, marker: str) -> None:
    restore = start()
    restore.redis.set(keys.STORE, marker)
    step(restore)
    assert crm.calls(SEARCHES) == 0
    assert restore.redis.get(keys.STORE).decode() == marker
    assert read_status(restore.redis, SHARDS, BANGKOK).restoring is None


def test_contacts_without_ids_have_no_customers() -> None:
    assert find_customers([{"id": "1"}, {"id": "2", "properties": {"dealdroid_customer_id": None}}]) == {}
