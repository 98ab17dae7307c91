"""The store's marker and aliases after Redis was emptied, with a real Redis and the served portal."""

import threading
from collections.abc import Iterator
from contextlib import closing, nullcontext
from typing import Any

import pytest
import redis

from leadcore.machine import Machine
from leadcore.store import keys
from leadcore.store.restoring import INTACT, RESTORED
from sandbox.http_server import running
from sandbox.hubspot import Portal as StandIn
from sandbox.hubspot import create_app
from tests.stand_ins import Crm
from workers.flow.errors import LineDown, Stopping
from workers.hubspot import search_quota
from workers.hubspot.budget import NoBudget
from workers.hubspot.client import HubSpot
from workers.rules.customer import unpack
from workers.rules.portal import Portal
from workers.sync import restore
from workers.sync.customer_store import CustomerStore
from workers.sync.restore import MERGED_ABOVE, YOUNG, StoreRestorer

MINUTE_MS = 60_000


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
    served.settings(search_lag=0)
    return served


@pytest.fixture(scope="module")
def database(databases: Iterator[str]) -> Iterator[Any]:
    with closing(redis.Redis.from_url(next(databases))) as connection:
        yield connection


@pytest.fixture
def store(crm: Crm, database: Any) -> Iterator[StoreRestorer]:
    database.flushdb()
    hubspot = HubSpot("pat-test", crm.url, NoBudget(Machine()))
    yield StoreRestorer(database, hubspot, Portal(), CustomerStore(database), threading.Event())
    hubspot._batch.api_client.rest_client.pool_manager.clear()


def age(store: StoreRestorer, minutes: int) -> str:
    """Set and return the marker of a store created so many minutes ago."""
    seconds, _ = store.redis.time()
    marker = f"{YOUNG} {seconds * 1000 - minutes * MINUTE_MS}"
    store.redis.set(keys.STORE, marker)
    return marker


def backdate(crm: Crm, minutes: int) -> None:
    with crm.portal.lock:
        for contact in crm.portal.contacts.records.values():
            contact.created -= minutes * 60
            contact.updated -= minutes * 60


def test_a_portal_counts_as_new_only_once_search_can_know(store: StoreRestorer, crm: Crm) -> None:
    young = store.update_marker("")
    assert young.startswith(YOUNG)
    assert store.update_marker(young) == young
    crm.create(dealdroid_customer_id="c-1", lastname="Written meanwhile")
    assert store.update_marker(age(store, 2)) == INTACT == store.redis.get(keys.STORE).decode()


def test_contacts_that_search_finds_late_are_restored_too(store: StoreRestorer, crm: Crm) -> None:
    crm.create(dealdroid_customer_id="c-1", dealdroid_other_customer_ids="c-2", lastname="Written before")
    crm.settings(search_lag=30)
    assert store.update_marker("").startswith(YOUNG)
    backdate(crm, 3)
    assert store.update_marker(age(store, 2)) == RESTORED
    assert unpack(store.redis.get(store.customers.customer_key("c-2"))).fill_only


def test_a_store_that_was_emptied_again_is_not_marked(store: StoreRestorer) -> None:
    old = age(store, 2)
    store.redis.delete(keys.STORE)
    assert store.update_marker(old) == ""


def test_all_pages_of_aliases_are_read_back_although_others_search_too(
    store: StoreRestorer, crm: Crm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restore, "PAGE_SIZE", 5)
    crm.settings(searches_per_second=2)
    for number in range(24):
        crm.create(
            dealdroid_customer_id=f"c-{number}", dealdroid_other_customer_ids=f"a-{number}\nb-{number}", lastname="x"
        )
    assert store.update_marker("") == RESTORED
    names = [store.customers.customer_key(f"{letter}-{number}") for letter in "ab" for number in range(24)]
    assert all(unpack(record).shared for record in store.redis.mget(names))
    assert not store.redis.exists(keys.RESTORING)


def test_reading_aliases_continues_where_it_was_interrupted(
    store: StoreRestorer, crm: Crm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restore, "PAGE_SIZE", 1)
    monkeypatch.setattr(search_quota, "SEARCH_TRIES", 1)
    crm.create(dealdroid_customer_id="c-0", lastname="x")
    ids = [crm.create(dealdroid_other_customer_ids=f"{one}-too", lastname="x") for one in ("c-1", "c-2")]
    crm.settings(searches_per_second=2)
    with pytest.raises(LineDown):
        store.update_marker("")
    assert store.redis.get(keys.RESTORING).decode() == ids[0]
    crm.settings(searches_per_second=100)
    store.redis.delete(store.customers.customer_key("c-1-too"))
    assert store.update_marker("") == RESTORED
    assert store.redis.exists(store.customers.customer_key("c-2-too"))
    assert not store.redis.exists(store.customers.customer_key("c-1-too")), "it was read once and not again"


def test_merges_that_search_does_not_show_yet_are_left_to_the_background(store: StoreRestorer, crm: Crm) -> None:
    crm.create(dealdroid_customer_id="c-1", lastname="x")
    assert store.update_marker("") == RESTORED
    assert store.redis.hget(keys.RESTORE, MERGED_ABOVE) == b"0"


def merge(crm: Crm, primary: str, other: str) -> str:
    return str(crm.control("POST", "merges", {"primary": primary, "other": other})["id"])


def make_merged(crm: Crm) -> str:
    """The id of a contact that lists "b", whose contact was merged into that of "a"."""
    primary, other = (crm.create(dealdroid_customer_id=one, lastname="x") for one in "ab")
    merged = merge(crm, primary, other)
    crm.control("PATCH", f"contacts/{merged}", {"properties": {"dealdroid_other_customer_ids": "b"}})
    return merged


@pytest.mark.parametrize(("times", "stops"), [(1, False), (3, True)], ids=["once", "again"])
def test_nobody_counts_as_a_guest_of_a_merged_contact_whose_history_hubspot_left_out(
    store: StoreRestorer, crm: Crm, times: int, stops: bool
) -> None:
    """It is read again, and if that is of no use, the page is."""
    merged = make_merged(crm)
    crm.fault("missing_rows", count=times, path="contacts/batch/read")
    with pytest.raises(LineDown) if stops else nullcontext():
        store.update_marker("")
    assert store.update_marker("") == RESTORED
    for one in "ab":
        record = unpack(store.redis.get(store.customers.customer_key(one)))
        assert (record.contact_id, record.fill_only) == (merged, False)


@pytest.mark.parametrize("then", ["merged once more", "deleted"])
def test_of_a_merged_contact_that_is_gone_when_its_page_is_read_nobody_is_a_guest(
    store: StoreRestorer, crm: Crm, monkeypatch: pytest.MonkeyPatch, then: str
) -> None:
    """Search shows for a while what was."""
    merged, last, search = make_merged(crm), crm.create(dealdroid_customer_id="c", lastname="x"), store.hubspot.search

    def search_late(having: Any, *given: Any, **more: Any) -> Any:
        found = search(having, *given, **more)
        if having == ["dealdroid_other_customer_ids"] and found["results"]:
            if then == "deleted":
                crm.control("DELETE", f"contacts/{merged}")
            else:
                merge(crm, last, merged)
        return found

    monkeypatch.setattr(store.hubspot, "search", search_late)
    assert store.update_marker("") == RESTORED
    record = unpack(store.redis.get(store.customers.customer_key("b")))
    assert (record.known, record.fill_only) == (then != "deleted", False)
    if record.known:
        assert store.hubspot.read([record.contact_id], [])[record.contact_id]["id"] == crm.contacts()[-1]["id"]


def test_a_stopping_worker_does_not_wait_for_the_next_search(store: StoreRestorer) -> None:
    store.redis.set(keys.SEARCHED, "1")
    store.searches.stop.set()
    with pytest.raises(Stopping):
        store.update_marker("")
