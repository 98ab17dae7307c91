"""An order whose making was cut off, while its event waits and the customer goes on."""

import pytest

from tests.workers.orders.conftest import NOW, OrderLine
from tests.workers.orders.test_drain import recover
from tests.workers.rules.orders.events import product

PATHS = ["/line_items/batch/upsert", "/orders/line_items/batch/associate/default", "/orders/contacts/batch"]


def make_half(line: OrderLine, path: str) -> str:
    """Let an order be made by half, moved on by a person, and followed by another; the id of the first."""
    shipped = line.drain.portal_cache.current().find_stage("Shipped")
    assert shipped
    line.add(product("A", 2, 450))
    line.crm.fault("row_locked", path=path)
    line.run()
    assert line.left() == 1
    line.crm.control("DELETE", "faults")
    [half] = line.orders()
    line.crm.control("PATCH", f"orders/{half['id']}", {"properties": {"hs_pipeline_stage": shipped.id}})
    second = line.add(product("B", 1, 100), at=NOW + 1)
    line.run()
    assert line.left() == 1
    assert line.receipt(second).order_id != half["id"]
    return str(half["id"])


@pytest.mark.parametrize("path", PATHS)
def test_an_order_is_finished_though_it_was_moved_on_and_another_was_made_meanwhile(line: OrderLine, path: str) -> None:
    contact = line.know("c-1")
    half = make_half(line, path)
    recover(line)
    first, second = sorted(line.orders(), key=lambda one: int(one["id"]))
    assert [[one["hs_sku"] for one in line.lines(order)] for order in (first, second)] == [["A"], ["B"]]
    assert [one["associations"].get("contacts") for one in (first, second)] == [[contact], [contact]]
    assert first["id"] == half
    portal = line.drain.portal_cache.current()
    stages = [one["properties"]["hs_pipeline_stage"] for one in (first, second)]
    assert [portal.find_stage(stage).label for stage in stages if portal.find_stage(stage)] == ["Shipped", "Open"]
    assert line.left() == 0


def test_an_order_that_was_deleted_after_it_was_moved_on_is_not_made_again(line: OrderLine) -> None:
    line.know("c-1")
    line.drain.records.archive("orders", [make_half(line, PATHS[-1])])
    recover(line)
    [order] = line.orders()
    assert [one["hs_sku"] for one in line.lines(order)] == ["B"]
    assert line.left() == 0
