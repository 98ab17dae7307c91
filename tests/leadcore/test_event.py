import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadcore.event import (
    REQUIRED,
    Address,
    ContactInfo,
    Event,
    Malformed,
    decode,
    encode,
    identity,
    read,
    read_customer_id,
    read_head,
    receive,
    unusable,
)
from leadcore.text import MAX_TEXT

PAYLOADS = sorted((Path(__file__).parents[1] / "payloads").glob("*.json"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
NAMES = st.sampled_from(["mid", "customer_id", "intent", "address_parsing", "contact_info", "shopping_cart", "other"])


@pytest.mark.parametrize("file", PAYLOADS, ids=lambda file: file.stem)
def test_every_real_payload_is_usable_and_decodes_as_it_was_encoded(file: Path) -> None:
    body = decode(file.read_bytes())
    assert unusable(body) == []
    assert read(encode(body)).payload == body


@given(st.dictionaries(NAMES, VALUES))
def test_any_body_can_be_encoded_decoded_and_parsed(body: dict[str, Any]) -> None:
    again = decode(encode(body))
    body = {"mid": "m", "customer_id": "c", "intent": "i", **{n: v for n, v in again.items() if n not in REQUIRED}}
    assert isinstance(read(encode(body)), Event)


@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_malformed(raw: bytes) -> None:
    try:
        assert isinstance(decode(raw), dict)
    except Malformed as error:
        assert "body" in str(error)


def test_the_error_does_not_quote_the_body() -> None:
    with pytest.raises(Malformed) as caught:
        decode(b'{"name": "Somchai"')
    assert "Somchai" not in str(caught.value)
    assert caught.value.__cause__ is None


@given(st.dictionaries(NAMES, VALUES))
def test_the_same_body_has_the_same_bytes_whatever_the_order_of_its_keys(body: dict[str, Any]) -> None:
    assert encode(dict(reversed(body.items()))) == encode(body)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b'{"a": 18446744073709551616}', 18446744073709551616),
        (b'{"a": 0.1}', 0.1),
        (b'{"a": "\\ud83d\\ude00"}', "\U0001f600"),
        (b'{"a": "\\ud83d"}', "\ud83d"),
        (b'\xef\xbb\xbf{"a": 1}', 1),
        ('{"a": "ก"}'.encode("utf-16"), "ก"),
        ('{"a": "ก"}'.encode("utf-16-be"), "ก"),
        ('{"a": "ก"}'.encode("utf-32-le"), "ก"),
        (b'{"a": 1e400}', math.inf),
        (b'{"a": 1, "a": 2}', 2),
    ],
)
def test_a_value_is_decoded_as_it_was_meant(raw: bytes, value: Any) -> None:
    assert decode(raw) == {"a": value}


def test_a_number_of_thousands_of_digits_is_kept_as_text() -> None:
    assert decode(b'{"a": ' + b"9" * 5000 + b"}") == {"a": "9" * 5000}
    assert math.isnan(decode(b'{"a": NaN}')["a"])


@pytest.mark.parametrize("value", ["m", "", 0, 7, -1, 1.5, 10**30])
def test_a_text_or_a_number_is_usable(value: Any) -> None:
    assert unusable({"mid": value, "customer_id": "c", "intent": value}) == []


@pytest.mark.parametrize("value", [None, True, False, [], {}, ["m"], math.nan, math.inf, -math.inf])
def test_anything_else_is_unusable(value: Any) -> None:
    assert unusable({"mid": value, "customer_id": value, "intent": value}) == ["mid", "customer_id", "intent"]


@pytest.mark.parametrize("value", ["", "   ", "\n", "a\x00b", "a\x1fb", "\ud800", "a\u200bb"])
def test_a_customer_id_that_identifies_nobody_is_unusable(value: str) -> None:
    assert unusable({"mid": "m", "customer_id": value, "intent": "i"}) == ["customer_id"]


@pytest.mark.parametrize(
    ("customer", "as_text"),
    [
        ("c", "c"),
        (" C ", " C "),
        ("é", "é"),
        ("e\u0301", "e\u0301"),
        (7, "7"),
        (1.0, "1.0"),
        (2**63, "9223372036854775808"),
    ],
)
def test_an_identity_is_exact(customer: Any, as_text: str) -> None:
    assert identity(customer) == as_text
    said = read(encode({"mid": "m", "customer_id": customer, "intent": "i"}))
    assert (said.customer, said.customer_id) == (customer, as_text)


def said(**parts: Any) -> Event:
    return read(encode({"mid": "m", "customer_id": "c", "intent": "i", **parts}))


@pytest.mark.parametrize(
    "value", [None, True, False, [], {}, "", "-", "null", "[]", "{}", [None, {}], [["N/A"]], "[null]"]
)
def test_a_part_that_says_nothing_is_empty_and_nothing_of_it_is_kept(value: Any) -> None:
    event = said(address_parsing=value, contact_info=value, shopping_cart=value)
    assert (event.address, event.contact, event.products) == (Address(), ContactInfo(), ())
    assert not event.unread


WIPA = ContactInfo(name="วิภา ทองดี", phone="0891112233")
WIPAS = {"name": "วิภา ทองดี", "phone": "0891112233"}


@pytest.mark.parametrize(
    "value",
    [
        json.dumps(WIPAS),
        json.dumps(WIPAS, ensure_ascii=False, indent=2),
        json.dumps(json.dumps(WIPAS)),
        json.dumps(json.dumps(json.dumps(WIPAS))),
        json.dumps([WIPAS]),
        json.dumps(WIPAS, ensure_ascii=False).replace('"', "&quot;"),
        [WIPAS],
        [[WIPAS]],
        [None, WIPAS, {}],
        [json.dumps(WIPAS)],
        [WIPAS, WIPAS],
        [{"name": "วิภา ทองดี"}, {"phone": "0891112233"}],
        [WIPAS, {"name": "N/A", "phone": "-"}],
        {"Name": "วิภา ทองดี", "PHONE": "0891112233"},
        {**WIPAS, "name": ["วิภา ทองดี"]},
        {**WIPAS, "name": ["วิภา", "ทองดี"]},
        {**WIPAS, "name": {"first": "วิภา", "last": "ทองดี"}},
        {**WIPAS, "name": {"firstName": "วิภา", "lastName": "ทองดี"}},
        {**WIPAS, "name": {"value": "วิภา ทองดี", "verified": "yes"}},
        {**WIPAS, "name": '"วิภา ทองดี"'},
        {**WIPAS, "phone": 891112233.0} | {"phone": ["0891112233", None, ""]},
        {**WIPAS, "phone": {"mobile": "0891112233", "home": ""}},
        {**WIPAS, "phone": '["0891112233"]'},
        {**WIPAS, "phone": {"value": {"value": "0891112233"}}},
    ],
)
def test_contact_details_in_another_shape_are_read_as_what_they_are(value: Any) -> None:
    event = said(contact_info=value)
    assert event.contact == WIPA
    assert not event.unread


@pytest.mark.parametrize(
    ("name", "read_as"),
    [
        ({"first": "Ditto", "last": "Somchai"}, "Ditto Somchai"),
        ({"first": "Nan", "last": "Jaidee"}, "Nan Jaidee"),
        ({"value": {"first": "Nan", "last": "Jaidee"}}, "Nan Jaidee"),
        (["Same", "Sato"], "Same Sato"),
        ({"first": "Somchai", "last": "N/A"}, "Somchai"),
        ({"first": "Somchai", "last": "-"}, "Somchai"),
        ({"first": "Ditto", "last": ""}, ""),
        (["same"], ""),
    ],
)
def test_a_filler_word_is_somebodys_name_only_beside_another_part(name: Any, read_as: str) -> None:
    assert said(contact_info={"name": name}).contact.name == read_as


@pytest.mark.parametrize("name", ["contactInfo", "ContactInfo", "Contact_Info", "contact-info", "CONTACT_INFO"])
def test_a_key_in_another_case_or_style_is_the_same_key(name: str) -> None:
    assert said(**{name: WIPAS}).contact == WIPA


def test_of_two_spellings_of_a_key_the_documented_one_counts_and_two_others_count_for_nothing() -> None:
    assert said(contact_info=WIPAS, contactInfo={"name": "Other"}).contact == WIPA
    assert said(contactInfo={"name": "A"}, ContactInfo={"name": "B"}).contact == ContactInfo()


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("phone", ["089-111-2244", "02-123-4567"], "089-111-2244, 02-123-4567"),
        ("phone", {"mobile": "089-111-2244", "office": "02-123-4567"}, "089-111-2244, 02-123-4567"),
        ("phone", {"country_code": "+66", "number": "812345678"}, "+66 812345678"),
        ("phone", {"countryCode": "TH", "nationalNumber": "0812345678"}, "+66 0812345678"),
        ("phone", {"iso2": "vn", "dialCode": 84, "number": "0912345678", "type": "mobile"}, "+84 0912345678"),
        ("phone", {"country": "Thailand", "phone": "0812345678"}, "+66 0812345678"),
        ("phone", {"dial_code": "66", "number": "66812345678"}, "+66812345678"),
        ("phone", {"code": "+66", "number": "+84912345678"}, "+84912345678"),
        ("phone", {"areaCode": "02", "number": "1234567"}, "021234567"),
        ("phone", {"prefix": "081", "number": "234-5678"}, "081234-5678"),
        ("phone", [{"type": "home", "value": "021234567"}], "021234567"),
        ("phone", 812345678, "812345678"),
        ("phone", "0", ""),
        ("phone", 0, ""),
        ("phone", "000-000-0000", ""),
        ("email", ["wipa@example.com"], "wipa@example.com"),
        ("email", ["wipa@example.com", "Wipa@Example.com"], "wipa@example.com"),
        ("email", {"address": "wipa@example.com", "type": "work"}, "wipa@example.com"),
        ("address", ["99/1 ถ.สีลม", "บางรัก"], "99/1 ถ.สีลม\nบางรัก"),
        ("address", {"street": "99/1 ถ.สีลม", "zip": 10500, "district": "บางรัก"}, "99/1 ถ.สีลม\nบางรัก\n10500"),
        ("address", "99/1, undefined, undefined, Bangkok", "99/1, Bangkok"),
        ("address", "null null", ""),
        ("city", ["Bangkok"], "Bangkok"),
        ("zipcode", 10110.0, "10110"),
        ("zipcode", [10110], "10110"),
        ("language", {"code": "th", "name": "Thai"}, "Thai"),
        ("language", "no", "no"),
        ("email", "no", ""),
        ("name", "Nan", "Nan"),
        ("name", {"last": "C", "middle": "B", "first": "A", "title": "Ms"}, "Ms A B C"),
        ("name", True, ""),
    ],
)
def test_a_value_in_another_shape_is_read_as_what_it_is(field: str, value: Any, text: str) -> None:
    event = said(contact_info={field: value})
    assert getattr(event.contact, field) == text
    assert not event.unread


@pytest.mark.parametrize(
    ("parts", "unread"),
    [
        ({"contact_info": "วิภา 0891112233"}, {"contact_info": "วิภา 0891112233"}),
        ({"contact_info": 812345678}, {"contact_info": "812345678"}),
        ({"contact_info": ["วิภา", "0891112233"]}, {"contact_info": '["วิภา","0891112233"]'}),
        (
            {"contact_info": [{"name": "วิภา"}, {"name": "สมชาย"}]},
            {"contact_info": '[{"name":"วิภา"},{"name":"สมชาย"}]'},
        ),
        ({"contact_info": {"name": ["วิภา ทองดี", "สมชาย ใจดี"]}}, {"name": '["วิภา ทองดี","สมชาย ใจดี"]'}),
        ({"contact_info": {"name": {"a": "วิภา", "b": "ทองดี"}}}, {"name": '{"a":"วิภา","b":"ทองดี"}'}),
        (
            {"contact_info": {"email": ["a@example.com", "b@example.com"]}},
            {"email": '["a@example.com","b@example.com"]'},
        ),
        (
            {"contact_info": {"phone": {"country": "Vietnam", "number": "0912345678"}}},
            {"phone": '{"country":"Vietnam","number":"0912345678"}'},
        ),
        (
            {"contact_info": {"phone": {"country": "TH", "code": "+84", "number": "0912345678"}}},
            {"phone": '{"code":"+84","country":"TH","number":"0912345678"}'},
        ),
        ({"contact_info": {"city": ["Bangkok", "Phuket"]}}, {"city": '["Bangkok","Phuket"]'}),
        (
            {"contact_info": {"city": ["A", "B"]}, "address_parsing": {"city": ["C", "D"]}},
            {"city": '["C","D"]; ["A","B"]'},
        ),
        ({"address_parsing": 10110}, {"address_parsing": "10110"}),
        (
            {"address_parsing": [{"street_address": "1 A"}, {"street_address": "2 B"}]},
            {"address_parsing": '[{"street_address":"1 A"},{"street_address":"2 B"}]'},
        ),
        ({"shopping_cart": "two bags"}, {"shopping_cart": "two bags"}),
        ({"shopping_cart": {"products": {"Dog food": 2}}}, {"products": '{"Dog food":2}'}),
        ({"shopping_cart": {"products": 3}}, {"products": "3"}),
    ],
)
def test_what_can_be_read_in_two_ways_is_kept_as_it_came(parts: dict[str, Any], unread: dict[str, str]) -> None:
    event = said(**parts)
    assert event.unread == unread
    assert (event.address, event.contact, event.products) == (Address(), ContactInfo(), ())


@pytest.mark.parametrize(
    "value",
    ["99/1 ถ.สีลม บางรัก", ["99/1 ถ.สีลม บางรัก"], {"street_address": "99/1 ถ.สีลม บางรัก"}, '"99/1 ถ.สีลม บางรัก"'],
)
def test_an_address_in_one_text_is_read_as_a_line_of_address(value: Any) -> None:
    assert said(address_parsing=value).address == Address(street="99/1 ถ.สีลม บางรัก")


@pytest.mark.parametrize(
    ("total", "text"),
    [
        ({"amount": 590, "currency": "THB"}, "590 THB"),
        ({"value": "590", "currencyCode": "USD"}, "590 USD"),
        ({"amount": 590}, "590"),
    ],
)
def test_an_amount_keeps_the_currency_that_stands_beside_it(total: Any, text: str) -> None:
    event = said(shopping_cart={"products": [], "grandTotal": total})
    assert (event.grand_total, event.unread) == (text, {})


def test_a_products_name_of_another_shape_is_not_lost() -> None:
    [product] = said(shopping_cart={"products": [{"name": {"th": "อาหาร", "en": "Food"}, "count": 1}]}).products
    assert product.name == '{"en":"Food","th":"อาหาร"}'


DOG_FOOD, CAT_FOOD = {"name": "Dog food", "count": 1}, {"name": "Cat food", "count": 2}


@pytest.mark.parametrize(
    ("products", "names"),
    [
        (DOG_FOOD, ["Dog food"]),
        ([DOG_FOOD, CAT_FOOD], ["Dog food", "Cat food"]),
        ([[DOG_FOOD], CAT_FOOD], ["Dog food", "Cat food"]),
        ({"0": DOG_FOOD, "1": CAT_FOOD}, ["Dog food", "Cat food"]),
        ({"items": [DOG_FOOD, CAT_FOOD]}, ["Dog food", "Cat food"]),
        (json.dumps([DOG_FOOD, CAT_FOOD]), ["Dog food", "Cat food"]),
        (json.dumps(DOG_FOOD), ["Dog food"]),
        ([json.dumps(DOG_FOOD), CAT_FOOD], ["Dog food", "Cat food"]),
        (["Dog food", "Cat food"], ["Dog food", "Cat food"]),
        ("Dog food", ["Dog food"]),
        ([{"Name": "Dog food"}], ["Dog food"]),
        ([{"name": "N/A", "code": "DF"}], [""]),
        ([{"name": "x"}], ["x"]),
        (["none"], []),
        ("none", []),
        ({}, []),
    ],
)
def test_products_in_another_shape_are_read_as_what_they_are(products: Any, names: list[str]) -> None:
    event = said(shopping_cart={"products": products})
    assert [product.name for product in event.products] == names
    assert not event.unread


@pytest.mark.parametrize(
    "cart",
    [DOG_FOOD, [DOG_FOOD], [{"products": [DOG_FOOD]}], json.dumps({"products": DOG_FOOD}), json.dumps([DOG_FOOD])],
)
def test_a_cart_in_another_shape_is_read_as_what_it_is(cart: Any) -> None:
    [product] = said(shopping_cart=cart).products
    assert (product.name, product.count) == ("Dog food", "1")


@pytest.mark.parametrize(
    ("value", "available"), [(True, True), (None, True), (False, False), ("false", False), (0, False)]
)
def test_a_product_is_available_unless_it_says_no(value: Any, available: bool) -> None:
    [product] = said(shopping_cart={"products": [{"name": "A", "available": value}]}).products
    assert product.available is available


def test_the_payload_stays_in_the_event_and_cannot_be_changed() -> None:
    event = said(contact_info=json.dumps(WIPAS), note={"a": 1})
    event.payload["note"] = 2
    assert event.payload["note"] == {"a": 1}


def test_an_event_without_a_required_field_cannot_be_read() -> None:
    with pytest.raises(Malformed, match="mid, intent"):
        read(b'{"customer_id": "c"}')


def test_the_head_of_a_post_holds_its_body_without_the_secret_and_does_not_read_the_rest() -> None:
    secrets: list[Any] = []
    raw = '{"secret": "s", "mid": 1, "intent": " เเA ", "customer_id": " C ", "contact_info": "x"}'.encode()
    head = receive(raw, secrets.append)
    assert secrets == ["s"]
    assert head.body == encode({"mid": 1, "intent": " เเA ", "customer_id": " C ", "contact_info": "x"})
    assert (head.customer_id, head.intent, head.missing) == (" C ", "แA", ())
    assert read_head(head.body) == head


def test_the_head_says_what_is_missing() -> None:
    assert receive(b'{"customer_id": true, "mid": ""}', bool).missing == ("customer_id", "intent")


def test_a_post_without_a_secret_has_an_empty_one_and_what_refuses_it_is_raised() -> None:
    def refuse(secret: Any) -> None:
        raise PermissionError(secret)

    with pytest.raises(PermissionError) as refused:
        receive(b"{}", refuse)
    assert refused.value.args == ("",)


@pytest.mark.parametrize(
    ("raw", "customer_id"),
    [(b'{"customer_id": 7}', "7"), (b'{"customer_id": "c", "x": NaN}', "c"), (b"{}", ""), (b"[]", ""), (b"x", "")],
)
def test_the_customer_of_a_stored_event_is_found_in_whatever_was_accepted(raw: bytes, customer_id: str) -> None:
    assert read_customer_id(raw) == customer_id


def test_every_field_of_dealdroids_page_that_says_something_of_the_customer_is_read() -> None:
    body = decode((PAYLOADS[0].parent / "purchase_en.json").read_bytes())
    said = read(encode(body))
    assert said.address == Address("12 Baker Street", "", "", "Marylebone", "London", "", "NW1 6XE", "United Kingdom")
    assert said.contact.name == "Dr. Mary-Jane O'Connor Smith"
    assert (said.contact.language, said.contact.language_name) == ("en", "English")
    [product] = said.products
    assert (product.code, product.count, product.total, product.available) == ("DF-10", "2", "1180", True)
    assert (said.shipping_fee, said.grand_total, said.payment_method) == ("50", "1230", "credit_card")
    assert said.product_type == "pet food"


@pytest.mark.parametrize(
    "said",
    ["Bang " * 2000, "Bäng\u00ad " * 2000, ["Bang", *(f"Ko {number} Bang" for number in range(2000))]],
    ids=["plain", "to be cleaned", "a list"],
)
def test_no_text_is_longer_than_what_clean_leaves(said: Any) -> None:
    """What reads them takes its time for each letter."""
    address, contact = (
        dict.fromkeys(Address.__struct_fields__, said),
        dict.fromkeys(ContactInfo.__struct_fields__, said),
    )
    found = read(
        encode({"mid": "m", "customer_id": "c", "intent": "i", "address_parsing": address, "contact_info": contact})
    )
    lengths = {len(getattr(part, name)) for part in (found.address, found.contact) for name in part.__struct_fields__}
    assert MAX_TEXT - 10 < max(lengths) <= MAX_TEXT


def test_only_the_first_hundred_products_are_read() -> None:
    cart = {"products": [{"code": number} for number in range(150)]}
    said = read(encode({"mid": "m", "customer_id": "c", "intent": "i", "shopping_cart": cart}))
    assert [product.code for product in said.products] == [str(number) for number in range(100)]


def test_the_canonical_form_is_json() -> None:
    assert json.loads(encode({"b": "ก", "a": [1, None]})) == {"a": [1, None], "b": "ก"}
    assert encode({"a": "\ud83d"}).decode() == '{"a":"\\ud83d"}'
