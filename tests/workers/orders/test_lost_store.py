"""After a loss of Redis: what several workers find out of it, and what they find of a customer's orders."""

from typing import Any

import pytest

from leadcore.store import keys
from tests.conftest import same_shard
from tests.workers.orders.conftest import NOW, OrderLine
from tests.workers.rules.orders.events import HOUR, KEY, product
from workers.orders.order_store import ALL_KNOWN, SEARCH_LAG_MS, SOME_FORGOTTEN
from workers.rules.customer import Customer, pack


def test_what_another_worker_found_out_of_the_store_first_stands(
    line: OrderLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    line.redis.delete(keys.ORDERS_STORE)
    first = iter([ALL_KNOWN])

    def is_slow(kind: str) -> bool:
        line.redis.set(keys.ORDERS_STORE, next(first))
        return True

    monkeypatch.setattr(line.drain.records, "any_exists", is_slow)
    assert not line.drain.is_too_early()
    assert line.redis.get(keys.ORDERS_STORE) == ALL_KNOWN.encode()


def test_a_store_that_is_lost_once_more_meanwhile_is_not_taken_for_searchable(
    line: OrderLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    line.redis.set(keys.ORDERS_STORE, line.drain.store.now_ms() - SEARCH_LAG_MS - 1)
    read = line.drain.store.read_marker

    def lose() -> str:
        marker = read()
        line.redis.delete(keys.ORDERS_STORE)
        return marker

    monkeypatch.setattr(line.drain.store, "read_marker", lose)
    line.drain.is_too_early()
    assert not line.redis.exists(keys.ORDERS_STORE)


def test_after_a_loss_of_redis_orders_are_found_beyond_the_end_of_a_search(
    line: OrderLine, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.orders.reader.PAGE", 2)
    monkeypatch.setattr("sandbox.hubspot.search.MAX_RESULTS", 4)
    customers = same_shard("many", 7)
    contacts = {one: line.know(one) for one in customers}
    for one in customers:
        line.add(product("A"), customer=one)
    line.run()
    database.flushdb()
    for one in customers:
        line.redis.set(keys.customer(keys.digest(KEY, one)), pack(Customer(contact_id=contacts[one])))
        line.add(product("A"), customer=one, at=NOW + HOUR)
    line.redis.set(keys.ORDERS_STORE, SOME_FORGOTTEN)
    line.run()
    assert line.left() == 0
    assert [len(line.orders(one)) for one in customers] == [1] * 7
