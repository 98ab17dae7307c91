"""What one event says of an order."""

import pytest

from leadcore.config import Config, Orders
from tests.workers.rules.orders.events import event, product, said
from workers.rules.orders.said import Cart, Item, Kind, read_cart


def cart(*products: dict[str, object], **sums: object) -> Cart:
    return read_cart(event(*products, cart=sums), "THB")


def test_each_product_is_an_item_with_its_code_name_price_and_count() -> None:
    assert cart(product("A", 2, "450.50")).items == (Item("A/1", "A", "Product A", "450.5", "2"),)


def test_a_repeated_code_is_told_apart_whatever_its_case() -> None:
    assert [item.key for item in cart(product("a"), product("A"), product("a")).items] == ["a/1", "A/2", "a/3"]


def test_a_product_without_a_code_goes_by_its_name() -> None:
    assert cart({"name": "Dog food", "price": 10, "count": 1}).items[0].key == "Dog food/1"


@pytest.mark.parametrize(
    "left_out",
    [product(available=False), product(count=0), product(count=""), product(count=-1), product(count="some")],
    ids=["not available", "none", "no count", "less than none", "a word"],
)
def test_what_is_not_there_or_has_no_count_is_named_and_no_item(left_out: dict[str, object]) -> None:
    found = cart(product("A"), left_out)
    assert [item.code for item in found.items] == ["A"]
    assert len(found.left_out) == 1
    assert "Product DOG-1" in found.left_out[0]


@pytest.mark.parametrize(
    ("said_as", "count"),
    [
        *(("2 ถุง", "2"), ("๒ ชิ้น", "2"), ("สอง", "2"), ("สามกล่อง", "3"), ("two", "2"), ("Ten bags", "10")),
        *(("x2", "2"), ("2x", "2"), ("2 pcs.", "2"), ("3 个", "3"), ("2 chai", "2")),
        *(("500 กรัม", None), ("1 โหล", None), ("2 กล่อง (24 ชิ้น)", None), ("2-3 ชิ้น", None), ("0 ชิ้น", None)),
    ],
)
def test_a_count_in_words_is_a_count_unless_it_may_be_another(said_as: str, count: str | None) -> None:
    assert [item.count for item in cart(product("A", said_as)).items] == ([count] if count else [])


@pytest.mark.parametrize(
    ("said_as", "price", "total", "count"),
    [
        *(("1 โหล", 10, 120, "12"), ("1 โหล", 120, 120, "1"), ("ครึ่งโหล", 10, 60, "6"), ("2 dozen", 100, 200, "2")),
        *(("1.5 kg", 100, 150, "1.5"), ("500 กรัม", 100, 50, "0.5"), ("500 g", 60, 60, "1"), ("ครึ่งกิโล", 90, 45, "0.5")),
        *(("1 โหล", 10, 50, None), ("1 โหล", 10, "", None), ("2-3 ชิ้น", 10, 20, None), ("some", 10, 20, None)),
    ],
)
def test_a_dozen_or_a_weight_is_the_count_that_its_total_shows(
    said_as: str, price: int, total: object, count: str | None
) -> None:
    found = cart(product("A", said_as, price, total=total)).items
    assert [item.count for item in found] == ([count] if count else [])


@pytest.mark.parametrize("free", ["ฟรี", "Free", "ส่งฟรี", "(free shipping)"])
def test_what_is_free_costs_nothing(free: str) -> None:
    found = cart(product("A", 1, 100), product("GIFT", 1, free), shippingFee=free)
    assert [item.price for item in found.items] == ["100", "0"]
    assert (found.shipping, found.total, found.left_out) == ("0", "100", ())


def test_a_fee_that_is_called_one_is_read() -> None:
    assert cart(product("A", 1, 100), shippingFee="ค่าส่ง 40 บาท").total == "140"


def test_a_price_comes_from_the_total_of_the_product_if_need_be() -> None:
    assert cart(product("A", 3, "", total="900")).items[0].price == "300"


def test_a_price_that_cannot_be_read_leaves_the_item_without_one_and_is_named() -> None:
    found = cart(product("A", 2, "cheap"))
    assert (found.items[0].price, found.total) == ("", "")
    assert "price" in found.left_out[0]


@pytest.mark.parametrize(
    ("sums", "total", "shipping"),
    [
        ({"grandTotal": "950", "shippingFee": "50"}, "950", "50"),
        ({"grandTotal": "฿1,250.50"}, "1250.5", ""),
        ({"shippingFee": "50"}, "950", "50"),
        ({}, "900", ""),
        ({"grandTotal": "$30"}, "900", ""),
        ({"grandTotal": "a lot", "shippingFee": "ask us"}, "", ""),
    ],
    ids=["said", "with a sign", "lines and shipping", "lines", "another currency", "words"],
)
def test_the_total_is_what_was_said_else_the_sum(sums: dict[str, str], total: str, shipping: str) -> None:
    found = cart(product("A", 2, 450), **sums)
    assert (found.total, found.shipping) == (total, shipping)


def test_a_total_of_another_currency_is_named_for_people() -> None:
    assert cart(product(), grandTotal="$30").left_out == ("Total as said: $30",)


def test_carts_with_the_same_codes_counts_and_prices_are_the_same_in_any_order() -> None:
    one, other = cart(product("A"), product("B")), cart(product("B"), product("A"))
    assert one.identity == other.identity
    assert one.identity != cart(product("A"), product("B", 3)).identity
    assert one.identity != cart(product("A"), product("B", 2, 449)).identity


@pytest.mark.parametrize(
    ("intent", "kind"),
    [("Purchase", Kind.MAKES), ("Share address", Kind.TELLS), ("Cancel my order", Kind.CANCELS)],
)
def test_the_intent_says_what_is_to_be_done(intent: str, kind: Kind) -> None:
    assert said(product(), intent=intent).kind is kind


def test_an_intent_that_makes_orders_makes_none_of_an_empty_cart() -> None:
    found = said()
    assert (found.kind, found.cart) == (Kind.TELLS, None)


def test_recipient_phone_address_and_payment_are_those_of_the_chat() -> None:
    found = said(
        contact_info={"name": "คุณสมชาย ใจดี", "phone": "081 234 5678"},
        address_parsing={"street_address": "99/1 ถ.สุขุมวิท", "state": "กทม", "postal_code": "10110"},
        payment_method="cash_on_delivery",
    )
    assert found.details["recipient"] == "สมชาย ใจดี"
    assert found.details["phone"] == "+66812345678"
    assert found.details["postal_code"] == "10110"
    assert found.details["payment_method"] == "cash_on_delivery"
    assert "99/1" in found.details["street"]


def test_what_is_printed_holds_no_customer_data() -> None:
    assert "สมชาย" not in repr(said(contact_info={"name": "สมชาย"}))


def test_a_repeat_of_an_event_has_the_same_reference_and_another_event_another_one() -> None:
    assert said(product(), lead="x").reference == said(product(), lead="x").reference
    assert said(product(), lead="x").reference != said(product(), lead="y").reference


def test_an_intent_that_the_shop_names_by_a_wildcard_makes_orders() -> None:
    config = Config(orders=Orders(intents=("buy *",)))
    assert said(product(), intent="buy shoes", config=config).kind is Kind.MAKES
