"""`leadsync reconcile --orders` and `leadsync forget --hubspot`, with orders and notes that the running system made."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from leadsync.cli import cli
from tests.conftest import PATIENT, Line, lead

CONFIG = """
[orders]
[notes]
intents = ["*"]
"""


def call(line: Line, *words: str) -> Result:
    return CliRunner().invoke(cli, words, env=line.environ)


def records(line: Line, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = line.crm.control("GET", "state")[kind]
    return found


def purchase(customer: str, *codes: str) -> dict[str, Any]:
    cart = [{"code": code, "name": f"Lamp {code}", "price": 10, "count": 1, "available": True} for code in codes]
    said = lead(customer, "Purchase", name="Ann Lee", phone="0812345678")
    return {**said, "shopping_cart": {"products": cart}}


@pytest.fixture
def shop(spare_line: Callable[..., Line]) -> Line:
    """Ann has an unpaid order of two lines and a paid one, each with a note."""
    line = spare_line(WEB_CONCURRENCY="1", LEADSYNC_KEY="a key of this test")
    config = line.folder / "orders.toml"
    config.write_text(CONFIG)
    line.environ["LEADSYNC_CONFIG"] = str(config)
    assert call(line, "setup").exit_code == 0
    line.start("web", **PATIENT)
    line.start("worker")
    line.await_web()
    line.sync(purchase("ann", "A"))
    [order] = records(line, "orders")
    line.crm.control("PATCH", f"orders/{order['id']}", {"properties": {"hs_payment_status": "paid"}})
    line.sync(purchase("ann", "B", "C"))
    assert (len(records(line, "orders")), len(records(line, "notes"))) == (2, 2)
    return line


def test_every_order_is_there_with_its_lines_or_is_named(shop: Line) -> None:
    assert json.loads(call(shop, "reconcile", "--orders", "--json").stdout)["orders"] == {
        "orders": 2,
        "missing": [],
        "repaired": 0,
        "without_cart": [],
    }
    newest = max(records(shop, "orders"), key=lambda one: int(one["id"]))
    shop.crm.control("DELETE", f"line_items/{newest['associations']['line_items'][0]}")
    done = call(shop, "reconcile", "--orders")
    assert (done.exit_code, str(newest["id"]) in done.stdout) == (1, True)


def test_forgetting_deletes_the_unpaid_order_and_blanks_the_paid_one_and_says_so(shop: Line) -> None:
    first, second = sorted(records(shop, "orders"), key=lambda one: int(one["id"]))
    said = call(shop, "forget", "ann", "--hubspot", "--yes").stdout
    assert f"order {second['id']} ({second['properties']['dealdroid_order_id']}) deleted with its 2 lines" in said
    assert f"order {first['id']} ({first['properties']['dealdroid_order_id']}) is paid and stays" in said
    assert "2 notes deleted that leadsync wrote on the contact" in said
    [left] = records(shop, "orders")
    assert left["id"] == first["id"]
    assert not [value for value in left["properties"].values() if "Ann" in value or "812345678" in value]
    assert not records(shop, "notes")
    assert len(records(shop, "line_items")) == 1
    assert not shop.crm.contacts()


def test_with_a_flag_paid_orders_are_deleted_too_and_it_goes_with_hubspot_alone(shop: Line) -> None:
    refused = call(shop, "forget", "ann", "--orders", "--yes")
    assert (refused.exit_code, "give --hubspot too" in refused.output) == (2, True)
    done = json.loads(call(shop, "forget", "ann", "--hubspot", "--orders", "--yes", "--json").stdout)
    assert [one["erased"] for one in done["orders"]] == [True, True]
    assert not [kind for kind in ("orders", "line_items", "notes") if records(shop, kind)]
