"""What HubSpot refuses of an order or its lines is left out and named, but for what an order must have."""

from typing import Any

import pytest

from leadcore.store import keys
from leadcore.store.orders import read_order
from leadcore.store.parked import Parked
from tests.workers.orders.conftest import NOW, OrderLine
from tests.workers.orders.test_drain import recover, shown
from tests.workers.rules.orders.events import CONFIG, HOUR, product


def demand(line: OrderLine, kind: str, *properties: str, **more: Any) -> None:
    """An admin's rule: values of these have at most three characters."""
    rule = {"ruleType": "MAX_LENGTH", "ruleArguments": ["3"]}
    line.crm.settings(record_formats={kind: {name: [rule] for name in properties}}, **more)


@pytest.mark.parametrize("named", [{}, {"listed_in_message": 1, "listed_in_errors": 1}])
@pytest.mark.parametrize(
    ("refused", "names"),
    [(["name"], "line name"), (["hs_sku"], "line code"), (["name", "hs_sku"], "line code, line name")],
)
def test_a_value_of_a_line_that_hubspot_refuses_is_left_out_and_named(
    line: OrderLine, refused: list[str], names: str, named: dict[str, int]
) -> None:
    line.know("c-1")
    demand(line, "line_items", *refused, **named)
    lead = line.add({**product("LONG-CODE", 2, 450), "name": "A long name"}, {**product("B", 1, 100), "name": "Cup"})
    line.run()
    [order] = line.orders()
    lines = line.lines(order)
    assert sorted((one["price"], one["quantity"]) for one in lines) == [("100", "1"), ("450", "2")]
    [long] = [one for one in lines if one["price"] == "450"]
    assert not [name for name in refused if long.get(name)]
    assert [one.get("name") for one in lines if one["price"] == "100"] == ["Cup"]
    assert line.left() == 0
    receipt = line.receipt(lead)
    assert receipt.order.startswith("created: ")
    assert names in receipt.order
    # What was refused is not sent again with the next cart.
    line.add({**product("LONG-CODE", 3, 450), "name": "A long name"}, at=NOW + HOUR)
    line.run()
    assert [total for total, _ in shown(line)] == ["1350"]
    assert [one["quantity"] for one in line.lines(line.orders()[0])] == ["3"]


def test_a_changed_line_is_written_without_the_value_that_hubspot_refuses(line: OrderLine) -> None:
    line.know("c-1")
    line.add({**product("A", 2, 450), "name": "Cup"})
    line.run()
    demand(line, "line_items", "name")
    lead = line.add({**product("A", 3, 450), "name": "A long name"}, at=NOW + HOUR)
    line.run()
    assert shown(line) == [("1350", [("A", "3", "450")])]
    assert "line name" in line.receipt(lead).order


@pytest.mark.parametrize("named", [{}, {"listed_in_message": 1, "listed_in_errors": 1}])
def test_values_of_an_order_that_hubspot_refuses_are_left_out_however_many(
    line: OrderLine, named: dict[str, int]
) -> None:
    line.know("c-1")
    place = [f"hs_shipping_address_{part}" for part in ("name", "phone", "street", "city", "state", "postal_code")]
    demand(line, "orders", *place, "hs_order_name", "hs_payment_processing_method", "hs_order_note", **named)
    lead = line.add(
        product("A", 2, 450),
        contact_info={"phone": "0812345678", "recipient_name": "Mali Example"},
        address_parsing={
            "street_address": "1 Silom Rd",
            "city": "Bang Rak",
            "state": "Bangkok",
            "postal_code": "10500",
        },
    )
    line.run()
    [order] = line.orders()
    assert shown(line) == [("900", [("A", "2", "450")])]
    assert not [name for name in place if order["properties"].get(name)]
    assert "phone" in line.receipt(lead).order


@pytest.mark.parametrize("kind", ["orders", "line_items"])
def test_a_record_that_is_refused_without_a_word_why_is_sent_without_what_may_be_to_blame(
    line: OrderLine, kind: str
) -> None:
    line.know("c-1")
    line.add(product("A", 2, 450), contact_info={"phone": "0812345678"})
    line.crm.fault("row_refused", path=f"/{kind}/batch/upsert", count=1)
    line.run()
    assert [(total, len(lines)) for total, lines in shown(line)] == [("900", 1)]
    assert line.left() == 0


@pytest.mark.parametrize(("kind", "property"), [("line_items", "price"), ("orders", "hs_total_price")])
def test_an_amount_that_hubspot_refuses_stops_the_line_and_is_never_left_out(
    line: OrderLine, kind: str, property: str
) -> None:
    line.know("c-1")
    demand(line, kind, property)
    line.add(product("A", 2, 12_345))
    line.run()
    assert line.left() == 1
    assert line.redis.hget(keys.ORDERS_PAUSE, "code") == b"order_amount"
    assert not [one for one in line.state()["line_items"] if not one["properties"].get("price")]
    line.crm.settings(record_formats={})
    recover(line)
    assert shown(line) == [("24690", [("A", "2", "12345")])]


def test_a_link_asks_on_where_hubspot_refuses_the_cancel(line: OrderLine) -> None:
    """A person decides; a payment meanwhile counts."""
    line.know("c-1")
    made = line.add(product("A"))
    line.run()
    line.crm.fault("row_refused", path="/orders/batch/update", rows=1)
    lead = line.add(intent="Cancel order", at=NOW + 1)
    line.run()
    assert line.receipt(lead).order.startswith("parked: refused")
    before = read_order(line.redis, line.receipt(made).order_ref)
    assert not before.cancelled
    line.crm.control("DELETE", "faults")
    assert not Parked(line.redis, CONFIG.inbox).retry(lead, "ann")
    line.run()
    after = read_order(line.redis, before.reference)
    assert (bool(after.cancelled), line.receipt(lead).order) == (True, "updated")


@pytest.mark.parametrize("code", ["A", "B"])
def test_a_link_asks_on_where_a_later_cart_came_before_a_cancel_that_had_to_wait(line: OrderLine, code: str) -> None:
    line.know("c-1")
    line.add(product("A"))
    line.run()
    line.crm.fault("row_locked", path="/orders/batch/update", rows=1)
    cancel = line.add(intent="Cancel order", at=NOW + 1)
    line.run()
    assert line.receipt(cancel).order.startswith("waiting")
    line.crm.control("DELETE", "faults")
    again = line.add(product(code), at=NOW + 60_000)
    line.run()
    recover(line)
    assert line.receipt(cancel).order == "unchanged: order_superseded"
    assert not read_order(line.redis, line.receipt(again).order_ref).cancelled


def test_an_order_with_a_count_that_hubspot_refuses_is_parked(line: OrderLine) -> None:
    line.know("c-1")
    demand(line, "line_items", "quantity")
    lead = line.add(product("A", 1000, 2))
    line.run()
    assert line.receipt(lead).order.startswith("parked: refused")
    assert not [one for one in line.state()["line_items"] if not one["properties"].get("quantity")]


@pytest.mark.parametrize("told", ["code", "coordinates"])
def test_a_value_of_an_order_that_another_order_has_is_left_out_and_named(line: OrderLine, told: str) -> None:
    line.crm.settings(unique={"orders": ["hs_shipping_address_phone"]}, conflict=told)
    for customer in ("c-1", "c-2"):
        line.know(customer)
        lead = line.add(product("A", 2, 450), customer=customer, contact_info={"phone": "0812345678"})
        line.run()
    [order] = line.orders("c-2")
    assert "hs_shipping_address_phone" not in order["properties"]
    assert line.receipt(lead).order.startswith("created: ")
    assert "phone" in line.receipt(lead).order
