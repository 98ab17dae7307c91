"""An order whose making was cut off by a loss of Redis: whoever finds it again, it ends with its lines and its
contact."""

from dataclasses import dataclass
from typing import Any

import pytest

from leadcore.event import identity
from leadcore.fields import LEAD
from leadcore.orders.reference import order_ref
from leadcore.store import keys
from tests.conftest import SHARDS
from tests.workers.orders.conftest import NOW, OrderLine
from tests.workers.orders.test_drain import recover
from tests.workers.orders.test_half_made import PATHS
from tests.workers.rules.orders.events import KEY, product
from workers.flow.recent_epoch import MARGIN_MS, RecentEpoch
from workers.orders.order_store import ALL_KNOWN, SOME_FORGOTTEN
from workers.rules.customer import Customer, pack

SHARD = keys.shard_of(identity("c-1"), SHARDS)
ENTRIES, LATER = keys.entries(keys.ORDERS, SHARD), keys.later(keys.ORDERS, SHARD)
A, B = product("A", 2, 450), product("B", 1, 100)
# All data are lost; or only the last seconds, in which the orders were made.
LOSSES = (SOME_FORGOTTEN, ALL_KNOWN)


@dataclass
class Lost:
    """A customer's events, of which Redis forgets what became of them."""

    line: OrderLine
    contact: str

    def add(self, *products: dict[str, Any], at: int = NOW) -> dict[bytes, bytes]:
        """An event; its entry's fields."""
        self.line.add(*products, at=at)
        [(_, fields)] = self.line.redis.xrevrange(ENTRIES, count=1)
        return dict(fields)

    def cut_off(self, path: str) -> None:
        """Let a drain fail at `path`."""
        self.line.crm.fault("row_locked", path=path)
        self.line.run()
        self.line.crm.control("DELETE", "faults")

    def move(self) -> str:
        """Let a person move the only order on; the id of its stage."""
        [order] = self.line.orders()
        stage = self.line.drain.portal_cache.current().find_stage("Shipped")
        assert stage
        self.line.crm.control("PATCH", f"orders/{order['id']}", {"properties": {"hs_pipeline_stage": stage.id}})
        return stage.id

    def lose(self, marker: str) -> None:
        """Let Redis forget all of it but the contact."""
        self.line.redis.flushdb()
        self.line.drain.customers.key = KEY
        self.line.redis.set(keys.customer(keys.digest(KEY, "c-1")), pack(Customer(contact_id=self.contact)))
        self.line.redis.set(keys.ORDERS_STORE, marker)
        self.line.drain.epoch = RecentEpoch(self.line.redis, str)

    def say_again(self, *events: dict[bytes, bytes]) -> None:
        """Let events come again, and work until nothing is left."""
        for fields in events:
            self.line.redis.xadd(ENTRIES, fields)
        recover(self.line)
        assert self.line.left() == 0

    def check(self, *carts: str) -> list[dict[str, Any]]:
        """See that the customer has orders with these lines, each with its contact; the orders, oldest first."""
        orders = sorted(self.line.orders(), key=lambda one: int(one["id"]))
        assert ["".join(line["hs_sku"] for line in self.line.lines(order)) for order in orders] == list(carts)
        assert [order["associations"].get("contacts") for order in orders] == [[self.contact]] * len(carts)
        return orders


@pytest.fixture
def lost(line: OrderLine) -> Lost:
    return Lost(line, line.know("c-1"))


@pytest.mark.parametrize("moved", [False, True])
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("loss", LOSSES)
def test_the_event_that_comes_again_finishes_the_order_wherever_it_was_moved(
    lost: Lost, loss: str, path: str, moved: bool
) -> None:
    event = lost.add(A)
    lost.cut_off(path)
    stage = lost.move() if moved else ""
    lost.lose(loss)
    lost.say_again(event)
    [order] = lost.check("A")
    assert not moved or order["properties"]["hs_pipeline_stage"] == stage


@pytest.mark.parametrize("path", PATHS)
def test_a_later_cart_takes_the_order_over_with_its_contact(lost: Lost, path: str) -> None:
    event = lost.add(A)
    lost.cut_off(path)
    lost.lose(SOME_FORGOTTEN)
    lost.say_again(lost.add(B, at=NOW + 1))
    lost.check("B")
    lost.say_again(event)
    lost.check("B")


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("path", PATHS)
def test_the_event_that_comes_after_a_later_one_finishes_the_order_that_was_moved_on(
    lost: Lost, loss: str, path: str
) -> None:
    event = lost.add(A)
    lost.cut_off(path)
    lost.move()
    lost.lose(loss)
    lost.line.add(B, at=NOW + 1)
    recover(lost.line)
    lost.say_again(event)
    lost.check("A", "B")
    lost.line.add(product("C"), at=NOW + 3 * MARGIN_MS)
    recover(lost.line)
    lost.check("A", "C")


@pytest.mark.parametrize("loss", LOSSES)
def test_the_event_may_have_to_wait_once_more_while_the_customer_goes_on(lost: Lost, loss: str) -> None:
    event = lost.add(A)
    lost.cut_off(PATHS[-1])
    lost.lose(loss)
    lost.line.redis.xadd(ENTRIES, event)
    lost.cut_off(PATHS[-1])
    assert lost.line.redis.zcard(LATER) == 1
    lost.say_again(lost.add(B, at=NOW + 1))
    lost.check("B")


@pytest.mark.parametrize("moved", [False, True])
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("loss", LOSSES)
def test_an_order_of_two_carts_that_came_together_is_finished(lost: Lost, loss: str, path: str, moved: bool) -> None:
    events = [lost.add(A), lost.add(B, at=NOW + 1)]
    lost.cut_off(path)
    if moved:
        lost.move()
    lost.lose(loss)
    lost.say_again(*events)
    lost.check("B")


@pytest.mark.parametrize("moved", [False, True])
def test_the_same_cart_of_another_event_links_the_contact(lost: Lost, moved: bool) -> None:
    event = lost.add(A)
    lost.cut_off(PATHS[-1])
    if moved:
        lost.move()
    lost.lose(SOME_FORGOTTEN)
    lost.say_again(lost.add(A, at=NOW + 1))
    lost.check("A")
    lost.say_again(event)
    lost.check("A")


@pytest.mark.parametrize("loss", LOSSES)
def test_an_older_cart_that_came_later_never_takes_the_order_when_both_come_again(lost: Lost, loss: str) -> None:
    newer = lost.add(B, at=NOW + 1)
    lost.line.run()
    [order] = lost.line.orders()
    older = lost.add(A)
    lost.line.run()
    names = " ".join(order_ref(KEY, "c-1", one[LEAD].decode()) for one in (newer, older))
    lost.line.crm.control("PATCH", f"orders/{order['id']}", {"properties": {"dealdroid_order_refs": names}})
    lost.move()
    lost.lose(loss)
    lost.say_again(older, newer)
    lost.check("B")


@pytest.mark.parametrize("loss", LOSSES)
def test_an_order_that_was_finished_stays_as_it_is(lost: Lost, loss: str) -> None:
    event = lost.add(A)
    lost.line.run()
    stage = lost.move()
    [before] = lost.check("A")
    lost.lose(loss)
    lost.say_again(event)
    [after] = lost.check("A")
    assert (after["id"], after["properties"]["hs_pipeline_stage"]) == (before["id"], stage)
