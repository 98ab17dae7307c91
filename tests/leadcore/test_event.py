import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadcore.event import (
    MAX_TEXT,
    REQUIRED,
    Address,
    ContactInfo,
    Event,
    Malformed,
    decode,
    encode,
    identity,
    parse,
    text,
    unusable,
)

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
    assert parse(decode(encode(body))) == parse(body)


@given(st.dictionaries(NAMES, VALUES))
def test_any_body_can_be_encoded_decoded_and_parsed(body: dict[str, Any]) -> None:
    again = decode(encode(body))
    body = {"mid": "m", "customer_id": "c", "intent": "i", **{n: v for n, v in again.items() if n not in REQUIRED}}
    assert isinstance(parse(body), Event)


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
    said = parse({"mid": "m", "customer_id": customer, "intent": "i"})
    assert (said.customer, said.customer_id) == (customer, as_text)


@pytest.mark.parametrize(
    ("value", "clean"),
    [
        ("  สมชาย \t  ใจดี ", "สมชาย ใจดี"),
        ("a\r\n  b \n\n c", "a\nb\nc"),
        ("a\u200b\ufeffb\x00\x07", "ab"),
        ("\u202ea\ud800", "a"),
        ("e\u0301", "é"),
        ("x" * (MAX_TEXT + 10), "x" * MAX_TEXT),
        (12, "12"),
        (12.0, "12"),
        (0.1, "0.1"),
        (1e20, "1e+20"),
        (-5, "-5"),
        (10**301, ""),
        (math.nan, ""),
        (math.inf, ""),
        (None, ""),
        (True, ""),
        (["a"], ""),
        ({"a": 1}, ""),
    ],
)
def test_any_value_has_a_clean_text(value: Any, clean: str) -> None:
    assert text(value) == clean


@given(VALUES)
def test_cleaning_twice_changes_nothing_and_the_result_is_short_valid_unicode(value: Any) -> None:
    once = text(value)
    assert text(once) == once
    assert len(once) <= MAX_TEXT
    once.encode()


@pytest.mark.parametrize("value", [None, True, 1, "text", [], [1], [None, "x"], {"products": "none"}])
def test_a_part_of_another_type_counts_as_empty(value: Any) -> None:
    body = {"mid": "m", "customer_id": "c", "intent": "i"}
    said = parse({**body, "address_parsing": value, "contact_info": value, "shopping_cart": value})
    assert (said.address, said.contact, said.products) == (Address(), ContactInfo(), ())


def test_every_field_of_dealdroids_page_is_read() -> None:
    body = decode((PAYLOADS[0].parent / "purchase_en.json").read_bytes())
    said = parse(body)
    assert said.address == Address("12 Baker Street", "", "", "Marylebone", "London", "", "NW1 6XE", "United Kingdom")
    assert said.contact.name == "Dr. Mary-Jane O'Connor Smith"
    assert (said.contact.language, said.contact.language_name) == ("en", "English")
    [product] = said.products
    assert (product.code, product.count, product.total, product.available) == ("DF-10", "2", "1180", True)
    assert (said.shipping_fee, said.grand_total, said.payment_method) == ("50", "1230", "credit_card")
    assert (said.product_type, said.folder, said.environment) == ("pet food", "org_pets", "production")


def test_only_the_first_hundred_products_are_read() -> None:
    cart = {"products": [{"code": number} for number in range(150)]}
    said = parse({"mid": "m", "customer_id": "c", "intent": "i", "shopping_cart": cart})
    assert [product.code for product in said.products] == [str(number) for number in range(100)]


def test_the_canonical_form_is_json() -> None:
    assert json.loads(encode({"b": "ก", "a": [1, None]})) == {"a": [1, None], "b": "ก"}
    assert encode({"a": "\ud83d"}).decode() == '{"a":"\\ud83d"}'
