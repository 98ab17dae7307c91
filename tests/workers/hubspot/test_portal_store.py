"""What workers share of the portal's properties, with a real Redis and the served portal."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from typing import Any

import pytest
import redis
import requests

from leadcore.machine import Machine
from leadcore.store import keys
from leadcore.store.streams import LOCK_MS
from sandbox.http_server import running
from sandbox.hubspot import Portal as StandIn
from sandbox.hubspot import create_app
from tests.conftest import PROPERTIES_ROUTE, eventually
from tests.stand_ins import Crm
from workers.flow.errors import LineDown, Stopping
from workers.hubspot.budget import NoBudget
from workers.hubspot.client import HubSpot
from workers.hubspot.portal_cache import REFUSED_SECONDS, PortalCache
from workers.hubspot.portal_store import PortalStore
from workers.hubspot.shared_cache import CHECK_SECONDS, FRESH_SECONDS

TOKEN, INTENT = "pat-test", "dealdroid_last_intent"


class Clock(Machine):
    """This machine, whose clock a test may set forward."""

    ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


@pytest.fixture(scope="module")
def served() -> Iterator[Crm]:
    portal = StandIn()
    with running(create_app(portal)) as server:
        crm = Crm(server.url, portal)
        crm.make_ready()
        yield crm


@pytest.fixture(scope="module")
def database(databases: Iterator[str]) -> Iterator[Any]:
    with closing(redis.Redis.from_url(next(databases))) as connection:
        yield connection


@pytest.fixture
def crm(served: Crm, database: Any) -> Crm:
    database.flushdb()
    served.reset()
    return served


Start = Callable[..., PortalCache]


@pytest.fixture
def start(crm: Crm, database: Any) -> Iterator[Start]:
    """Starts a worker's cache of the portal."""
    started = []

    def make(token: str = TOKEN, version: str = "2026-09", **mapping: str) -> PortalCache:
        hubspot = HubSpot(token, crm.url, NoBudget(Clock()), version=version)
        started.append(hubspot)
        return PortalCache(hubspot, mapping, store=PortalStore(database, hubspot, mapping, ()))

    yield make
    for hubspot in started:
        hubspot._batch.api_client.rest_client.pool_manager.clear()


def lists(crm: Crm) -> int:
    """How often HubSpot was asked for its properties."""
    return crm.calls(PROPERTIES_ROUTE)


def set_forward(cache: PortalCache, seconds: float) -> None:
    cache.hubspot.machine.ahead += seconds  # type: ignore[attr-defined]  # a Clock


def remove(crm: Crm, name: str) -> None:
    requests.delete(
        f"{crm.url}/crm/v3/properties/contacts/{name}", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=5
    ).raise_for_status()


def test_one_of_several_workers_that_start_at_once_asks_hubspot(start: Start, crm: Crm) -> None:
    crm.settings(latency=0.2)
    before, caches = lists(crm), [start() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        portals = list(pool.map(PortalCache.current, caches))
    assert lists(crm) - before == 1
    assert all(portal == portals[0] for portal in portals)
    assert portals[0].has("phone")


def test_what_is_shared_says_all_that_the_list_says(start: Start) -> None:
    first, second = start(phone="mobilephone"), start(phone="mobilephone")
    assert first.current() == second.current()
    assert second.current().labels["email"]
    assert "dealdroid_customer_id" in second.current().unique
    assert second.current().options != type(second.current().options)()


@pytest.mark.parametrize("other", [{"version": "2026-03"}, {"company": "department"}], ids=["version", "mapping"])
def test_another_version_or_mapping_has_a_list_of_its_own(start: Start, crm: Crm, other: dict[str, str]) -> None:
    start().current()
    before = crm.calls("/properties/contacts") + crm.calls("/contacts")
    start(**other).current()
    assert crm.calls("/properties/contacts") + crm.calls("/contacts") > before


def test_a_refusal_makes_the_list_fresh_at_once_and_for_all(start: Start, crm: Crm) -> None:
    caches = [start() for _ in range(3)]
    assert all(cache.current().has(INTENT) for cache in caches)
    before = lists(crm)
    remove(crm, INTENT)
    caches[0].note_refused(INTENT)
    eventually(lambda: lists(crm) > before)
    for cache in caches[:2]:
        cache.note_refused(INTENT)
        assert not cache.current().has(INTENT)
    set_forward(caches[2], CHECK_SECONDS)
    assert not caches[2].current().has(INTENT)
    assert lists(crm) - before == 1


def test_a_property_that_stays_refused_costs_one_list_a_minute(start: Start, crm: Crm) -> None:
    cache = start()
    cache.current()
    before = lists(crm)
    for _ in range(5):
        cache.note_refused(INTENT)
        cache.current()
    assert lists(crm) - before == 1
    set_forward(cache, REFUSED_SECONDS)
    cache.note_refused(INTENT)
    cache.current()
    assert lists(crm) - before == 2


def test_a_refusal_counts_at_once_where_the_list_has_changed_since_the_last_one(
    start: Start, crm: Crm, database: Any
) -> None:
    cache = start()
    cache.current()
    [name] = database.scan_iter(keys.properties("*"))
    listed = database.hgetall(name)
    for _ in range(2):
        cache.check()
        assert cache.current().has(INTENT)
        if crm.portal.contacts.properties.get(INTENT):
            remove(crm, INTENT)
        cache.note_refused(INTENT)
        assert not cache.current().has(INTENT)
        database.hset(name, mapping={**listed, b"read_ms": int(listed[b"read_ms"]) + 10**9})


def test_after_an_hour_the_list_is_read_in_the_background(start: Start, crm: Crm) -> None:
    caches = [start() for _ in range(2)]
    old = [cache.current() for cache in caches]
    before = lists(crm)
    remove(crm, INTENT)
    crm.settings(latency=0.5)
    for cache in caches:
        set_forward(cache, FRESH_SECONDS + 1)
    assert [cache.current() for cache in caches] == old, "leads do not wait for the new list"
    eventually(lambda: lists(crm) > before)
    for cache in caches:
        eventually(lambda cache=cache: set_forward(cache, CHECK_SECONDS) or not cache.current().has(INTENT))


def test_a_worker_that_fails_to_read_the_list_does_not_keep_the_next_one_from_it(start: Start, crm: Crm) -> None:
    crm.fault("503", count=1)
    first, second = start(), start()
    with suppress(LineDown):
        first.current()
    assert second.current().has("phone")


def test_while_the_list_cannot_be_read_anew_leads_go_by_the_old_one(start: Start, crm: Crm) -> None:
    cache = start()
    old = cache.current()
    crm.fault("503", path="/properties/")
    cache.note_refused(INTENT)
    assert cache.current() is old
    crm.control("DELETE", "faults")
    remove(crm, INTENT)
    set_forward(cache, REFUSED_SECONDS)
    cache.note_refused(INTENT)
    assert not cache.current().has(INTENT)


def test_a_worker_that_dies_reading_the_list_holds_the_others_up_no_longer_than_its_shard_is_held(
    start: Start, database: Any
) -> None:
    store = start().store
    assert store is not None
    with store.lock() as is_ours:
        assert is_ours
        assert 0 < database.pttl(f"{store.key}:lock") <= LOCK_MS


def test_the_token_is_not_in_redis(start: Start, database: Any) -> None:
    start().current()
    [name] = database.scan_iter(keys.properties("*"))
    assert TOKEN.encode() not in name + b"".join(database.hgetall(name).values())
    assert database.pttl(name) > 0


def test_a_stopping_worker_does_not_wait_for_the_one_that_reads(start: Start, database: Any) -> None:
    cache = start()
    assert cache.store
    cache.stop = threading.Event()
    with cache.store.lock():
        cache.stop.set()
        with pytest.raises(Stopping):
            cache.current()
