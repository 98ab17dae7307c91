"""Prices of products, in front of a server that checks each body against the models of HubSpot's own client."""

from decimal import Decimal
from typing import Any

import pytest
import requests

from leadcore.machine import Machine
from leadcore.settings import HUBSPOT_VERSIONS
from sandbox.http_server import running
from sandbox.hubspot import Portal, create_app
from sandbox.hubspot.settings import Settings
from tests.workers.hubspot.test_records import portal
from workers.flow.errors import LineDown
from workers.hubspot.budget import NoBudget
from workers.hubspot.client import HubSpot
from workers.hubspot.products import KEPT_SECONDS, ProductPrices
from workers.hubspot.records import Records
from workers.hubspot.versions import with_version


class SetMachine(Machine):
    """`now`: its monotonic seconds."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


def found(*products: dict[str, str | None], after: str = "") -> tuple[int, Any]:
    paging = {"paging": {"next": {"after": after}}} if after else {}
    return 200, {"total": 9, "results": [{"id": str(n), "properties": p} for n, p in enumerate(products)], **paging}


@pytest.mark.parametrize("version", HUBSPOT_VERSIONS)
def test_products_are_searched_by_their_code_fifty_a_call(version: str) -> None:
    with portal(lambda line, body: found({"hs_sku": "DOG-1", "price": "450"}), version=version) as (records, asked):
        prices = ProductPrices(records, Machine()).find(["dog-1", *map(str, range(50))], "THB", "THB")
    path = with_version("/crm/v3/objects/products/search", version)
    lines, bodies = asked
    assert lines == [f"POST /proxy{path}"] * 2
    [wanted] = bodies[0]["filterGroups"][0]["filters"]
    assert (wanted["propertyName"], wanted["operator"]) == ("hs_sku", "IN")
    assert bodies[0]["properties"] == ["hs_sku", "price", "hs_pricing_model", "hs_price_thb"]
    assert prices["dog-1"] == {Decimal(450)}
    assert prices["7"] == frozenset()


@pytest.mark.parametrize("version", HUBSPOT_VERSIONS)
def test_the_stand_in_has_products_in_every_version(version: str) -> None:
    """Found by their code whatever its case; a page holds them all; archived ones are gone."""
    crm = Portal()
    crm.settings = Settings(search_lag=0, additional_currencies=("USD",))
    with running(create_app(crm)) as server:
        dog, cat, gone = (
            requests.post(f"{server.url}/_sandbox/products", json={"properties": properties}, timeout=5).json()["id"]
            for properties in (
                {"hs_sku": "DOG-1", "name": "Dog food", "price": "450"},
                {"hs_sku": "CAT-1", "price": "1", "hs_price_thb": "99.50"},
                {"hs_sku": "OLD-1", "price": "5"},
            )
        )
        assert len({dog, cat, gone}) == 3
        requests.delete(f"{server.url}/_sandbox/products/{gone}", timeout=5).raise_for_status()
        hubspot = HubSpot("pat-test", server.url, NoBudget(Machine()), version=version)
        prices = ProductPrices(Records(hubspot), Machine())
        found = prices.find(["dog-1", "CAT-1", "OLD-1", "none-1"], "THB", "THB")
        hubspot._pool.clear()
    assert found == {"dog-1": {Decimal(450)}, "cat-1": {Decimal("99.5")}, "old-1": set(), "none-1": set()}


@pytest.mark.parametrize(
    ("product", "price"),
    [
        ({"price": "450.50"}, Decimal("450.5")),
        ({"price": "1", "hs_price_thb": "450"}, Decimal(450)),
        ({"price": "450", "hs_price_thb": None}, Decimal(450)),
        ({"price": "450", "hs_pricing_model": "flat"}, Decimal(450)),
        ({"price": "450", "hs_pricing_model": "graduated"}, None),
        ({"price": "4_50"}, None),
        ({"price": "4.5e2"}, None),
        ({"price": ""}, None),
        ({}, None),
    ],
)
def test_a_price_is_a_plain_one_of_the_currency(product: dict[str, str | None], price: Decimal | None) -> None:
    with portal(lambda line, body: found({"hs_sku": "A", **product})) as (records, _):
        assert ProductPrices(records, Machine()).find(["A"], "THB", "THB") == {"a": {price}}


def test_a_plain_price_is_in_the_portals_own_currency_alone() -> None:
    with portal(lambda line, body: found({"hs_sku": "A", "price": "450"})) as (records, _):
        assert ProductPrices(records, Machine()).find(["A"], "THB", "USD") == {"a": {None}}


def test_products_with_the_same_code_are_all_found_on_all_pages() -> None:
    def reply(line: str, body: dict[str, Any]) -> tuple[int, Any]:
        price = {"0": "450", "1": "500"}[body["after"]]
        return found({"hs_sku": "A", "price": price}, after="1" if body["after"] == "0" else "")

    with portal(reply) as (records, _):
        assert ProductPrices(records, Machine()).find(["A"], "THB", "THB") == {"a": {Decimal(450), Decimal(500)}}


def test_prices_are_remembered_for_a_while_also_that_there_is_no_product() -> None:
    machine = SetMachine()
    with portal(lambda line, body: found({"hs_sku": "A", "price": "450"})) as (records, (asked, _)):
        prices = ProductPrices(records, machine)
        for _ in range(3):
            prices.find(["A", "B"], "THB", "THB")
        assert len(asked) == 1
        prices.find(["A"], "THB", "THB", fresh=True)
        assert len(asked) == 2
        machine.now = KEPT_SECONDS + 1
        prices.find(["A", "B"], "THB", "THB")
        assert len(asked) == 3


def test_a_missing_scope_stops_the_line_and_is_named() -> None:
    refused = (403, {"category": "MISSING_SCOPES"})
    with portal(lambda line, body: refused) as (records, _), pytest.raises(LineDown) as down:
        ProductPrices(records, Machine()).find(["A"], "THB", "THB")
    assert down.value.code == "forbidden"
    assert "crm.objects.products.read" in str(down.value)
