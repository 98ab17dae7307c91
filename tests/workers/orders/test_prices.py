"""Where prices are compared, a link asks for nothing but HubSpot's products at HubSpot's prices."""

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from leadcore.config import Payment
from leadcore.orders.reference import order_ref
from leadcore.store.orders import OrderState, read_order
from tests.stand_ins import Crm
from tests.workers.orders.conftest import NOW, OrderLine, open_line
from tests.workers.orders.test_drain import recover
from tests.workers.rules.orders.events import CONFIG, KEY, product

COMPARING = replace(CONFIG, payment=Payment(check_prices=True))
SEARCHES = "/products/search"


def offer(crm: Crm, code: str, price: object, **more: Any) -> str:
    """A product of the shop; its id."""
    properties = {"name": code, "hs_sku": code, "price": str(price), **more}
    return str(crm.control("POST", "products", {"properties": properties})["id"])


def reprice(crm: Crm, id: str, price: object) -> None:
    """What a person does."""
    crm.control("PATCH", f"products/{id}", {"properties": {"price": str(price)}})


@pytest.fixture
def shop(line: OrderLine, served: Crm, database: Any) -> Iterator[OrderLine]:
    with open_line(served, database, COMPARING) as found:
        found.know("c-1")
        offer(served, "A", 450)
        offer(served, "B", "99.50")
        yield found


def buy(line: OrderLine, *products: dict[str, Any], at: int = NOW, total: object = None, **more: Any) -> str:
    total = total or sum(each["price"] * each["count"] for each in products)
    lead = line.add(*products, at=at, cart={"grandTotal": str(total)}, **more)
    line.run()
    return lead


def state(line: OrderLine, lead: str) -> OrderState:
    return read_order(line.redis, order_ref(KEY, "c-1", lead))


def searches(line: OrderLine) -> int:
    return sum(one["route"].endswith(SEARCHES) for one in line.crm.control("GET", "calls"))


def test_a_cart_at_the_shops_prices_may_be_paid(shop: OrderLine) -> None:
    lead = buy(shop, product("A", 2, 450), product("b", 1, 99.5))
    assert (state(shop, lead).units, state(shop, lead).payable) == (99950, "compared")


@pytest.mark.parametrize(
    "products",
    [
        [product("A", 2, 45)],
        [product("A", 2, 450), product("B", 1, 1)],
        [product("A", 2, 450), product("Z-9", 1, 99)],
    ],
)
def test_other_prices_are_told_and_cannot_be_paid(shop: OrderLine, products: list[dict[str, Any]]) -> None:
    lead = buy(shop, *products)
    assert state(shop, lead).payable == "pay_prices_differ"
    receipt = shop.receipt(lead)
    assert receipt.order.startswith("created: ")
    assert "pay_prices_differ" in receipt.order
    [order] = shop.orders()
    assert "Other prices than those of the products in HubSpot" in order["properties"]["hs_order_note"]
    assert "Z-9" not in receipt.order


def test_a_total_that_is_not_the_lines_and_shipping_asks_for_nothing(shop: OrderLine) -> None:
    lead = buy(shop, product("A", 2, 450), total=1)
    assert state(shop, lead).payable == "pay_sum"


def test_a_changed_cart_is_judged_anew(shop: OrderLine) -> None:
    first = buy(shop, product("A", 2, 450))
    buy(shop, product("A", 3, 45), at=NOW + 1)
    assert (state(shop, first).units, state(shop, first).payable) == (13500, "pay_prices_differ")
    buy(shop, product("A", 3, 450), at=NOW + 2)
    assert (state(shop, first).units, state(shop, first).payable) == (135000, "compared")


def test_an_older_cart_does_not_change_the_verdict(shop: OrderLine) -> None:
    first = buy(shop, product("A", 2, 450), at=NOW + 5)
    buy(shop, product("A", 1, 45), at=NOW)
    assert (state(shop, first).units, state(shop, first).payable) == (90000, "compared")


def test_the_same_cart_is_judged_by_the_price_of_now(shop: OrderLine, served: Crm) -> None:
    dear = offer(served, "C", 700)
    first = buy(shop, product("C", 1, 600))
    assert state(shop, first).payable == "pay_prices_differ"
    reprice(served, dear, 600)
    buy(shop, product("C", 1, 600), at=NOW + 1)
    assert state(shop, first).payable == "compared"


def test_products_are_asked_for_once_in_a_while(shop: OrderLine) -> None:
    buy(shop, product("A", 1, 450))
    before = searches(shop)
    buy(shop, product("A", 2, 450), at=NOW + 1)
    assert searches(shop) == before


def test_while_products_cannot_be_read_the_order_waits_and_nothing_is_payable(shop: OrderLine) -> None:
    shop.crm.fault("500", path=SEARCHES, count=9)
    lead = buy(shop, product("A", 2, 450))
    assert state(shop, lead) == OrderState()
    assert shop.left() == 1
    recover(shop)
    assert state(shop, lead).payable == "compared"


def test_without_the_switch_no_product_is_asked_for(line: OrderLine, served: Crm, database: Any) -> None:
    with open_line(served, database, replace(CONFIG, payment=Payment())) as plain:
        plain.know("c-1")
        lead = buy(plain, product("A", 2, 45))
        assert state(plain, lead).payable == "yes"
        assert searches(plain) == 0
