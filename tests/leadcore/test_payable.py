from decimal import Decimal
from typing import Any

import pytest

from leadcore.config import Payment
from leadcore.event import encode, read
from leadcore.payable import find_payable
from leadcore.reasons import parse

PAYMENT = Payment(min=20, max=5000)


def product(price: Any = "600", count: Any = 2, total: Any = "1200", **more: Any) -> dict[str, Any]:
    return {"name": "Dog food", "price": price, "count": count, "total": total, "available": True, **more}


def find(
    products: Any = None, shipping: Any = "50", total: Any = "1,250", payment: Payment = PAYMENT, **more: Any
) -> tuple[Decimal | None, str]:
    cart = {"products": [product()] if products is None else products, "shippingFee": shipping, "grandTotal": total}
    body = {"mid": "m", "customer_id": "c", "intent": "Purchase", "shopping_cart": cart | more.pop("cart", {}), **more}
    amount, why = find_payable(read(encode(body)), payment)
    return amount, parse(why).code


@pytest.mark.parametrize(
    ("said", "amount"),
    [
        ({}, "1250"),
        ({"total": "฿1,250.00"}, "1250"),
        ({"total": 1250}, "1250"),
        ({"payment_method": "bank_transfer"}, "1250"),
        ({"payment_method": "credit_card"}, "1250"),
        ({"shipping": "", "total": "1200"}, "1200"),
        ({"shipping": "ฟรี", "total": "1200"}, "1200"),
        ({"shipping": 0, "total": 1200}, "1200"),
        ({"products": [product(), product(33.5, 1, 33.5)], "total": "1283.5"}, "1283.50"),
        ({"products": [product(), product("0", 1, "0")]}, "1250"),
        ({"products": [product("", 2, "1200")]}, "1250"),
        ({"products": [product("600", 2, "")]}, "1250"),
        ({"products": [product("600", "๒", "1200")]}, "1250"),
        ({"shipping": "0", "products": [product("20", 1, "20")], "total": "20"}, "20"),
        ({"shipping": "0", "products": [product("5000", 1, "5000")], "total": "5000"}, "5000"),
        ({"cart": {"unavailableCount": 0}}, "1250"),
    ],
)
def test_a_total_that_adds_up_is_payable(said: dict[str, Any], amount: str) -> None:
    assert find(**said) == (Decimal(amount), "")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"payment_method": "cash_on_delivery"}, "pay_on_delivery"),
        ({"payment_method": "Cash on delivery"}, "pay_on_delivery"),
        ({"payment_method": "COD"}, "pay_on_delivery"),
        ({"payment_method": "Cash on Delivery (COD)"}, "pay_on_delivery"),
        ({"payment_method": "pay on delivery"}, "pay_on_delivery"),
        ({"payment_method": "c.o.d."}, "pay_on_delivery"),
        ({"payment_method": "จ่ายเงินสดค่ะ"}, "pay_on_delivery"),
        ({"payment_method": "ชำระปลายทาง"}, "pay_on_delivery"),
        ({"payment_method": "เก็บเงินปลายทางค่ะ"}, "pay_on_delivery"),
        ({"products": []}, "pay_no_cart"),
        ({"products": "a bag of dog food"}, "pay_sum"),
        ({"products": [product(), product("50", 1, "50", available=False)]}, "pay_unavailable"),
        ({"products": [product(available="no")]}, "pay_unavailable"),
        ({"cart": {"unavailableCount": 1}}, "pay_unavailable"),
        ({"total": ""}, "pay_no_amount"),
        ({"total": "about 1,250"}, "pay_no_amount"),
        ({"total": "1.250"}, "pay_no_amount"),
        ({"total": "$1,250"}, "pay_no_amount"),
        ({"total": "1,250 USD"}, "pay_no_amount"),
        ({"total": "1.25k"}, "pay_no_amount"),
        ({"total": "-1250"}, "pay_no_amount"),
        ({"total": "1250.005"}, "pay_no_amount"),
        ({"total": "1"}, "pay_sum"),
        ({"total": "1200"}, "pay_sum"),
        ({"shipping": "$50"}, "pay_sum"),
        ({"shipping": "50-100"}, "pay_sum"),
        ({"products": [product("600", 2, "120")], "total": "170"}, "pay_sum"),
        ({"products": [product("600", 2, "1200 USD")]}, "pay_sum"),
        ({"products": [product("$600", 2, "1200")]}, "pay_sum"),
        ({"products": [product("600", "two", "1200")]}, "pay_sum"),
        ({"products": [product("600", -2, "-1200")], "total": "-1150"}, "pay_no_amount"),
        ({"products": [product("600", 0, "0")], "total": "50"}, "pay_sum"),
        ({"products": [product("600", 10**30, "1200")]}, "pay_sum"),
        ({"products": [product("", 2, "")]}, "pay_sum"),
        ({"products": [product("1", 1, "1")] * 101, "shipping": "0", "total": "101"}, "pay_sum"),
        ({"shipping": "0", "products": [product("19.99", 1, "19.99")], "total": "19.99"}, "pay_range"),
        ({"shipping": "0", "products": [product("5000.01", 1, "5000.01")], "total": "5000.01"}, "pay_range"),
        ({"shipping": "0", "products": [product("0", 1, "0")], "total": "0"}, "pay_range"),
        ({"payment": Payment(currency="USD")}, ""),
        ({"payment": Payment(check_prices=True)}, "pay_prices"),
        ({"payment": Payment(currency="USD"), "total": "฿1,250"}, "pay_no_amount"),
    ],
)
def test_every_doubt_leaves_the_link_out(said: dict[str, Any], why: str) -> None:
    amount, found = find(**said)
    assert (found, amount is None) == (why, bool(why))
