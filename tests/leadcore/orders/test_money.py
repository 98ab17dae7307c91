from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadcore.orders.money import _SIGNS, decimals, from_units, parse, read_amount, to_units


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1250", "1250"),
        ("1,250.50", "1250.50"),
        ("฿1,250", "1250"),
        ("1,250.-", "1250"),
        ("๑,๒๕๐ บาทถ้วนค่ะ", "1250"),
        ("รวมทั้งหมด 1,250 บาท", "1250"),
        ("Total: THB 1,250.00 only", "1250.00"),
        ("B500", "500"),
        ("S$12.50", "12.50"),
        ("A$12.50", "12.50"),
        ("NZ$12.50", "12.50"),
        ("1,290 บาท รวมส่ง", "1290"),
        ("1290 (ส่งฟรี)", "1290"),
        ("¥5,000", "5000"),
        ("合计 500元", "500"),
        ("1'250.50 CHF", "1250.50"),
        ("1 250,5 บาท", "1250.5"),
        ("1.250,00", "1250.00"),
        ("-5", "-5"),
        # The currency's own separators
        ("50.000 ₫", "50000"),
        ("50.000đ", "50000"),
        ("250.000 ກີບ", "250000"),
        ("₩35.000", "35000"),
        ("₩35000.00", "35000.00"),
        ("1 500 ₽", "1500"),
        ("1500 руб.", "1500"),
        ("AED 150.50", "150.50"),
        ("1.250.000 VNĐ", "1250000"),
        ("50,000 VND", "50000"),
        ("Rp 50.000", "50000"),
        ("Rp.50.000,-", "50000"),
        ("IDR 1.250.000,50", "1250000.50"),
        ("1.250 €", "1250"),
        ("€ 1.250,50", "1250.50"),
        ("R$ 1.250", "1250"),
        ("€1,250.50", "1250.50"),
        ("₹1,00,000", "100000"),
        ("Rs. 12,34,567.50", "1234567.50"),
        ("Rs 1,250", "1250"),
        # Number words
        ("5 หมื่น", "50000"),
        ("5หมื่นบาท", "50000"),
        ("1.5 ล้าน", "1500000"),
        ("3 พัน", "3000"),
        ("2.5 แสน", "250000"),
        ("5 ร้อยล้านบาท", "500000000"),
        ("5k", "5000"),
        ("2.5K THB", "2500"),
        ("50k", "50000"),
        ("150 rb", "150000"),
        ("Rp 150rb", "150000"),
        ("1,5 jt", "1500000"),
        ("Rp 1.5 juta", "1500000"),
        ("2 triệu", "2000000"),
        ("1.5tr", "1500000"),
        ("50 nghìn đồng", "50000"),
        ("5万", "50000"),
        ("1.2万元", "12000"),
        ("3만원", "30000"),
        ("2 lakh", "200000"),
    ],
)
def test_one_sum_is_read(text: str, number: str) -> None:
    assert parse(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "", "free", "1.250", "฿1.250", "1.500 rb", "Rp 1.500 rb", "50.5 ₫", "1,25,0",
        "1,00,000", "500-600", "1e22", "2 ชิ้น รวม 500 บาท",
        "5 กล่อง", "10%", "500+", "~500", "ประมาณ 500", "5 พันกว่า", "5 พันเศษ", "พัน 5",
        "1 แสน 5 หมื่น", "2พัน5", "1tr5", "1万5千",
        "ห้าหมื่น", "5 โหล", "5m", "5 mil", "500/เดือน", "A500", "500 ล้านนา", "x2", "3 วัน",
        "ลด 50", "1/2", "12.5.2026",
    ],
)  # fmt: skip
def test_what_could_be_another_number_is_left_blank(text: str) -> None:
    assert parse(text) == ""


@given(st.text())
def test_any_text_is_a_number_or_blank(text: str) -> None:
    assert not (found := parse(text)) or float(found) is not None


def test_a_long_text_takes_no_time() -> None:
    assert parse("รวมทั้งหมด" * 400 + "! 500 ?") == ""


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("1250", "THB", "1250.00"),
        ("1,250.50", "THB", "1250.50"),
        ("฿1,250", "THB", "1250.00"),
        ("๑,๒๕๐ บาทถ้วน", "THB", "1250.00"),
        ("0", "THB", "0.00"),
        ("12.5", "THB", "12.50"),
        ("12.50", "EUR", "12.50"),
        ("$12.50", "USD", "12.50"),
        ("$12.50", "SGD", "12.50"),
        ("¥5,000", "JPY", "5000"),
        ("5000.00", "JPY", "5000"),
        ("5000원", "KRW", "5000"),
        ("50.000", "VND", "50000"),
        ("50.000đ", "VND", "50000"),
        ("Rp 50.000", "IDR", "50000.00"),
        ("1.234", "KWD", None),
        ("1.2345", "KWD", None),
        ("12.250", "KWD", None),
        ("$1,250", "THB", None),
        ("1,250 USD", "THB", None),
        ("฿1,250", "USD", None),
        ("¥5,000", "KRW", None),
        ("NT$ 500", "USD", None),
        ("1250.505", "THB", None),
        ("5000.5", "JPY", None),
        ("1.250", "THB", None),
        ("1.250", "EUR", None),
        ("-5", "THB", None),
        ("5k", "THB", None),
        ("5 หมื่น", "THB", None),
        ("2 ชิ้น รวม 500 บาท", "THB", None),
        ("about 500", "THB", None),
        ("1e5", "THB", None),
        ("free", "THB", None),
        ("", "THB", None),
        ("9" * 40, "THB", None),
    ],
)
def test_a_plain_amount_of_the_currency_is_read(text: str, currency: str, amount: str | None) -> None:
    found = read_amount(text, currency)
    assert (None if found is None else str(found)) == amount


@given(st.text(), st.sampled_from(["THB", "VND", "KWD"]))
def test_any_amount_that_is_read_is_a_whole_number_of_units(text: str, currency: str) -> None:
    amount = read_amount(text, currency)
    assert amount is None or from_units(to_units(amount, currency), currency) == amount


@pytest.mark.parametrize(
    ("amount", "currency", "units"), [("1250.50", "THB", 125050), ("5000", "JPY", 5000), ("1.234", "KWD", 1234)]
)
def test_amounts_are_counted_in_the_smallest_unit(amount: str, currency: str, units: int) -> None:
    assert to_units(Decimal(amount), currency) == units
    assert str(from_units(units, currency)) == amount


def test_what_is_finer_than_the_smallest_unit_is_refused() -> None:
    with pytest.raises(ValueError, match="2 decimals"):
        to_units(Decimal("0.001"), "THB")


def test_what_is_no_currency_is_refused() -> None:
    with pytest.raises(KeyError):
        decimals("BTC")


def test_every_currency_of_a_sign_is_known() -> None:
    assert all(decimals(code) in (0, 2, 3) for codes in _SIGNS.values() for code in codes)
