"""Orders follow their contact into the one that it was merged into."""

import pytest

from tests.workers.orders.conftest import NOW, OrderLine
from tests.workers.orders.test_drain import recover
from tests.workers.rules.orders.events import HOUR, product


def test_an_order_follows_its_contact_into_a_merged_one(line: OrderLine) -> None:
    first, second = line.know("c-1"), line.know("c-2", email="other@example.com")
    line.add(product("A"))
    line.run()
    line.crm.merge(second, first)
    line.add(product("B"), at=NOW + HOUR)
    line.add(product("C"), customer="c-2", at=NOW + HOUR)
    line.run()
    recover(line)
    [merged] = line.crm.contacts()
    for customer in ("c-1", "c-2"):
        [order] = line.orders(customer)
        assert order["associations"]["contacts"] == [merged["id"]]


@pytest.mark.parametrize("writes", ["routed", "refused"])
def test_an_order_is_linked_to_the_contact_that_its_contact_was_merged_into(line: OrderLine, writes: str) -> None:
    line.crm.settings(merged_writes=writes)
    first, second = line.know("c-1"), line.know("c-2", email="other@example.com")
    line.crm.merge(second, first)
    lead = line.add(product("A"))
    line.run()
    assert line.left() == 0
    assert line.receipt(lead).order == "created"
    [merged] = line.crm.contacts()
    [order] = line.orders()
    assert order["associations"]["contacts"] == [merged["id"]]
