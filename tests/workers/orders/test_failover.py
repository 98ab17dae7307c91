"""Redis goes back some seconds, as a replica that lags does when it takes over: no order is made twice, and none that a
person moved on is put back."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import redis

from leadcore.event import identity
from leadcore.reasons import reason
from leadcore.store import keys
from leadcore.store.epoch import read_epoch
from sandbox import redis as embedded
from tests.conftest import SHARDS
from tests.stand_ins import Crm
from tests.workers.orders.conftest import NOW, OrderLine, open_line
from tests.workers.orders.test_drain import recover
from tests.workers.rules.orders.events import HOUR, product
from workers.flow.recent_epoch import MARGIN_MS
from workers.orders.order_store import ALL_KNOWN
from workers.rules.outcomes import RetryLater

DUMP = "dump.rdb"
LATER = MARGIN_MS * 3
UNREAD = RetryLater(reason("link_unanswered"))


class Shop:
    """An order line whose Redis goes back to what it once was."""

    def __init__(self, line: OrderLine, folder: Path, running: embedded.Running) -> None:
        self.line, self.folder, self.running = line, folder, running

    def replicate(self) -> None:
        """What stands in Redis now is what the replica will have."""
        self.line.redis.save()
        shutil.copy(self.folder / DUMP, self.folder / "replica.rdb")

    def fail_over(self) -> None:
        self.running.kill()
        shutil.copy(self.folder / "replica.rdb", self.folder / DUMP)
        self.running = embedded.start(self.folder, self.running.port, appendonly=False)
        self.line.redis.connection_pool.disconnect()

    def drain(self) -> None:
        while self.line.left():
            left = self.line.left()
            self.line.run()
            assert self.line.left() < left

    def move(self, order: dict[str, Any], label: str = "Shipped") -> str:
        """Let a person move the order; the stage's id."""
        stage = self.line.drain.portal_cache.current().find_stage(label)
        assert stage
        self.line.crm.control("PATCH", f"orders/{order['id']}", {"properties": {"hs_pipeline_stage": stage.id}})
        return stage.id

    def carts(self) -> list[list[str]]:
        """Codes of the lines of each of the customer's orders, oldest first."""
        orders = sorted(self.line.orders(), key=lambda one: int(one["id"]))
        return [[line["hs_sku"] for line in self.line.lines(order)] for order in orders]


@pytest.fixture
def shop(served: Crm, tmp_path: Path) -> Iterator[Shop]:
    served.reset()
    served.settings(search_lag=0)
    running = embedded.start(tmp_path, appendonly=False)
    with closing(redis.Redis(port=running.port)) as database:
        database.set(keys.ORDERS_STORE, ALL_KNOWN)
        database.set(keys.ORDERS_EPOCH, f"{read_epoch(database)} 0")
        with open_line(served, database) as line:
            made = Shop(line, tmp_path, running)
            try:
                yield made
            finally:
                made.running.stop()


def test_an_order_whose_settlement_was_lost_takes_the_newer_cart(shop: Shop) -> None:
    shop.line.know("c-1")
    shop.line.add(product("A"))
    shop.replicate()
    shop.drain()
    [made] = shop.line.orders()
    shop.fail_over()
    shop.line.add(product("B"), at=NOW + LATER)
    shop.drain()
    assert shop.carts() == [["B"]]
    assert [one["id"] for one in shop.line.orders()] == [made["id"]]


@pytest.mark.parametrize("linked", [True, False], ids=["linked", "half made"])
def test_a_newer_cart_that_is_here_before_the_forgotten_one_changes_its_order(shop: Shop, linked: bool) -> None:
    """Of the older cart the replica has not even the event; a receiver puts it again later."""
    shop.line.know("c-1")
    shop.replicate()
    shop.line.add(product("A"))
    [stream] = list(shop.line.redis.scan_iter(keys.entries(keys.ORDERS, "*")))
    [(_, fields)] = shop.line.redis.xrange(stream)
    if linked:
        shop.drain()
    else:
        shop.line.crm.fault("row_locked", path="/orders/contacts/batch")
        shop.line.run()
        shop.line.crm.control("DELETE", "faults")
    [made] = shop.line.orders()
    shop.fail_over()
    shop.line.add(product("B"), at=NOW + 1_000)
    shop.drain()
    assert shop.carts() == [["B"]]
    shop.line.redis.xadd(stream, fields)
    shop.drain()
    assert shop.carts() == [["B"]]
    assert [one["id"] for one in shop.line.orders()] == [made["id"]]


def test_a_worker_that_starts_after_the_failover_knows_that_redis_may_have_forgotten(shop: Shop) -> None:
    shop.line.know("c-1")
    shop.line.add(product("A"))
    shop.replicate()
    shop.drain()
    shop.fail_over()
    shop.line.add(product("B"), at=NOW + LATER)
    with open_line(shop.line.crm, shop.line.redis) as another:
        Shop(another, shop.folder, shop.running).drain()
    assert shop.carts() == [["B"]]


def test_a_stage_to_which_a_person_moved_a_forgotten_order_stays(shop: Shop) -> None:
    shop.line.know("c-1")
    lead = shop.line.add(product("A"))
    shop.replicate()
    shop.drain()
    [made] = shop.line.orders()
    stage = shop.move(made)
    shop.fail_over()
    shop.drain()
    [order] = shop.line.orders()
    assert order["properties"]["hs_pipeline_stage"] == stage
    assert shop.line.receipt(lead).order_id == made["id"]
    shop.line.add(product("B"), at=NOW + LATER)
    shop.drain()
    assert shop.carts() == [["A"], ["B"]]


@pytest.mark.parametrize("path", ["/line_items/batch/upsert", "/orders/line_items/batch", "/orders/contacts/batch"])
def test_a_forgotten_order_that_was_half_made_is_finished(shop: Shop, path: str) -> None:
    contact = shop.line.know("c-1")
    shop.line.add(product("A"))
    shop.replicate()
    shop.line.crm.fault("500", path=path)
    shop.line.run()
    [half] = shop.line.orders()
    stage = shop.move(half)
    shop.fail_over()
    shop.line.crm.control("DELETE", "faults")
    shop.drain()
    [order] = shop.line.orders()
    assert shop.carts() == [["A"]]
    assert order["properties"]["hs_pipeline_stage"] == stage
    assert order["associations"]["contacts"] == [contact]


def test_a_forgotten_order_that_was_followed_by_another_and_deleted_is_not_made_again(shop: Shop) -> None:
    shop.line.know("c-1")
    shop.line.add(product("A"))
    shop.replicate()
    shop.line.crm.fault("row_locked", path="/orders/contacts/batch")
    shop.line.run()
    shop.fail_over()
    shop.line.crm.fault("row_locked", path="/orders/contacts/batch")
    shop.line.run()
    assert shop.line.left() == 1
    shop.line.crm.control("DELETE", "faults")
    [half] = shop.line.orders()
    shop.move(half)
    shop.line.add(product("B"), at=NOW + LATER)
    shop.line.run()
    shop.line.drain.records.archive("orders", [half["id"]])
    recover(shop.line)
    assert shop.carts() == [["B"]]
    assert shop.line.left() == 0


@pytest.mark.parametrize("unread", [False, True])
def test_a_forgotten_order_whose_event_has_to_wait_again_takes_the_newer_cart(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, unread: bool
) -> None:
    contact = shop.line.know("c-1")
    shop.line.add(product("A"))
    shop.replicate()
    shop.line.crm.fault("row_locked", path="/orders/contacts/batch")
    shop.line.run()
    shop.line.crm.control("DELETE", "faults")
    shop.fail_over()
    shop.line.crm.fault("row_locked", path="/orders/contacts/batch")
    with monkeypatch.context() as patch:
        if unread:
            patch.setattr(shop.line.drain.records, "read", lambda kind, ids, *more: dict.fromkeys(ids, UNREAD))
        shop.line.run()
    assert shop.line.left() == 1
    shop.line.crm.control("DELETE", "faults")
    shop.line.drain.epoch.doubtful_ms = 0
    shop.line.add(product("B"), at=NOW + LATER)
    shop.line.run()
    recover(shop.line)
    assert shop.carts() == [["B"]]
    assert shop.line.orders()[0]["associations"]["contacts"] == [contact]
    assert shop.line.left() == 0


@pytest.mark.parametrize("moved", [False, True])
def test_two_carts_of_one_order_that_are_both_said_again_leave_it_as_it_is(shop: Shop, moved: bool) -> None:
    shop.line.know("c-1")
    shop.line.add(product("A"))
    shop.replicate()
    shop.drain()
    shop.line.add(product("B"), at=NOW + HOUR)
    entries = keys.entries(keys.ORDERS, keys.shard_of(identity("c-1"), SHARDS))
    [(_, second)] = shop.line.redis.xrange(entries)
    shop.drain()
    assert shop.carts() == [["B"]]
    if moved:
        shop.move(shop.line.orders()[0])
    shop.fail_over()
    shop.line.redis.xadd(entries, second)
    shop.drain()
    assert shop.carts() == [["B"]]


@pytest.mark.parametrize("moved", [False, True])
@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("again", [(0, 1), (1, 0)], ids=["older first", "newer first"])
def test_two_carts_of_one_order_that_come_again_one_by_one_make_no_other(
    shop: Shop, again: tuple[int, int], together: bool, moved: bool
) -> None:
    shop.line.know("c-1")
    shop.replicate()
    entries = keys.entries(keys.ORDERS, keys.shard_of(identity("c-1"), SHARDS))
    said = []
    for at, code in enumerate("AB"):
        shop.line.add(product(code), at=NOW + at)
        said.append(shop.line.redis.xrange(entries)[-1][1])
        if not together:
            shop.drain()
    shop.drain()
    if moved:
        shop.move(shop.line.orders()[0])
    shop.fail_over()
    for number in again:
        shop.line.redis.xadd(entries, said[number])
        shop.drain()
        assert shop.carts() == [["B"]]


def test_an_order_of_two_carts_is_known_by_the_older_one_at_the_contact_that_its_own_was_merged_into(
    shop: Shop,
) -> None:
    first, second = shop.line.know("c-1"), shop.line.know("c-2", email="other@example.com")
    shop.line.add(product("A"))
    shop.replicate()
    shop.line.add(product("B"), at=NOW + 1)
    shop.drain()
    shop.line.crm.merge(second, first)
    shop.fail_over()
    shop.drain()
    assert shop.carts() == [["B"]]


@pytest.mark.parametrize("kind", ["contacts", "orders"])
def test_where_the_orders_of_its_contact_cannot_be_read_a_cart_waits(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    shop.line.know("c-1")
    shop.line.add(product("A"))
    shop.replicate()
    shop.line.add(product("B"), at=NOW + 1)
    shop.drain()
    shop.fail_over()
    records = shop.line.drain.records
    read = records.read

    def refuse(of: str, ids: Any, properties: Any, key: str = "") -> Any:
        return dict.fromkeys(ids, UNREAD) if of == kind and not key else read(of, ids, properties, key)

    with monkeypatch.context() as patch:
        patch.setattr(records, "read", refuse)
        shop.line.run()
    assert shop.line.left() == 1
    recover(shop.line)
    assert shop.carts() == [["B"]]
    assert shop.line.left() == 0


@pytest.mark.parametrize("moved", [False, True])
def test_a_change_of_a_known_order_that_was_forgotten_makes_no_other(shop: Shop, moved: bool) -> None:
    shop.line.know("c-1")
    shop.line.add(product("A"))
    shop.drain()
    shop.line.add(product("B"), at=NOW + 1)
    shop.replicate()
    shop.drain()
    if moved:
        shop.move(shop.line.orders()[0])
    shop.fail_over()
    shop.drain()
    assert shop.carts() == [["B"]]


def test_an_order_that_a_moved_on_one_was_followed_by_is_not_made_twice(shop: Shop) -> None:
    shop.line.know("c-1")
    shop.line.add(product("A"))
    shop.drain()
    shop.move(shop.line.orders()[0])
    shop.line.add(product("B"), at=NOW + 1)
    shop.replicate()
    shop.drain()
    shop.fail_over()
    shop.line.add(product("C"), at=NOW + LATER)
    shop.drain()
    assert shop.carts() == [["A"], ["C"]]


def test_where_redis_hides_its_epoch_each_connection_may_be_to_another(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.flow.recent_epoch.read_epoch", lambda connection: "")
    names = iter(["one", "two"])
    hidden = next(names)
    shop.line.drain.epoch = type(shop.line.drain.epoch)(shop.line.redis, lambda: hidden)
    shop.line.know("c-1")
    shop.line.add(product("A"))
    shop.replicate()
    shop.drain()
    shop.fail_over()
    hidden = next(names)
    shop.line.add(product("B"), at=NOW + LATER)
    shop.drain()
    assert shop.carts() == [["B"]]


def test_without_a_failover_no_order_is_looked_up_and_only_the_newest_cart_counts(line: OrderLine) -> None:
    line.know("c-1")
    line.add(product("A"))
    line.add(product("B"), at=NOW + 1)
    before = line.crm.calls("/orders/batch/read")
    line.run()
    assert line.crm.calls("/orders/batch/read") == before
    assert [[one["hs_sku"] for one in line.lines(order)] for order in line.orders()] == [["B"]]
