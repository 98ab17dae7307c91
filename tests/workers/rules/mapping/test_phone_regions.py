"""To which country a number belongs, and how it is written there."""

import random
from functools import cache

import phonenumbers
import pytest
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

from tests.workers.rules.mapping.test_phone import MOBILE, OFFICE, SECOND
from workers.rules.mapping import phone


@pytest.mark.parametrize("region", ["TH", "JP", "MM", "US", "ZZ"])
@pytest.mark.parametrize("text", ["0812345678", "(0812345678)", "081 234 5678!"])
def test_a_thai_mobile_is_thai_in_a_region_in_which_it_is_no_mobile(text: str, region: str) -> None:
    assert phone.parse(text, region).mobile == MOBILE


@pytest.mark.parametrize("text", ["+66812345678", "+66 81 234 5678", "0066812345678", "66 81 234 5678"])
def test_a_thai_country_code_is_believed_in_every_region(text: str) -> None:
    assert {phone.parse(text, region).mobile for region in ("TH", "VN", "ID", "TW", "JP")} == {MOBILE}


@pytest.mark.parametrize(
    ("text", "region", "e164"),
    [
        ("912345678", "VN", "+84912345678"),
        ("0901 234 567", "VN", "+84901234567"),
        ("0812-3456-789", "ID", "+628123456789"),
        ("0912345678", "TW", "+886912345678"),
        ("0912-345-678 (แม่)", "TW", "+886912345678"),
        ("07400 123456", "GB", "+447400123456"),
        ("9123 4567", "HK", "+85291234567"),
        ("65 9123 4567", "US", "+6591234567"),
        ("024 3825 2916", "VN", "+842438252916"),
        ("0695123456", "JP", "+81695123456"),
        ("0695123456", "VN", ""),
    ],
)
def test_a_number_that_is_a_mobile_in_the_region_or_none_in_thailand_belongs_to_the_region(
    text: str, region: str, e164: str
) -> None:
    assert phone.parse(text, region).phone == e164


COUNTRIES = (
    "TH", "MY", "SG", "ID", "VN", "PH", "KH", "LA", "MM", "BN", "CN", "HK", "MO",
    "TW", "JP", "KR", "IN", "BD", "NP", "AU", "NZ", "GB", "DE", "FR", "US", "RU",
)  # fmt: skip


@cache
def mobiles(region: str) -> list[PhoneNumber]:
    """400 valid mobiles of `region`: its example with other digits, the first three of them less often."""
    chance = random.Random(f"mobiles of {region}")  # noqa: S311 - the same numbers in every run
    example = phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
    assert example
    found: dict[str, PhoneNumber] = {}
    while len(found) < 400:
        digits = [
            chance.choice("0123456789") if position > 2 or chance.random() < 0.5 else digit
            for position, digit in enumerate(phonenumbers.national_significant_number(example))
        ]
        number = PhoneNumber(country_code=example.country_code, national_number=int("".join(digits)))
        if phonenumbers.is_valid_number_for_region(number, region) and phonenumbers.number_type(number) in (
            PhoneNumberType.MOBILE,
            PhoneNumberType.FIXED_LINE_OR_MOBILE,
        ):
            found[phonenumbers.format_number(number, PhoneNumberFormat.E164)] = number
    return list(found.values())


@pytest.mark.parametrize("form", ["national", "code without a plus"])
@pytest.mark.parametrize("region", COUNTRIES)
def test_every_mobile_of_26_countries_is_right(region: str, form: str) -> None:
    """In its national form where the region is its country; with its country code and no plus, in groups and as a row
    of digits, where the region is the shop's."""
    wrong = []
    for number in mobiles(region):
        e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
        if form == "national":
            said = [(phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL), region)]
        else:
            said = [(phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)[1:], "TH"), (e164[1:], "TH")]
        for text, where in said:
            found = phone.parse(text, where)
            if (found.phone, found.others, found.unparsed) != (e164, (), ""):
                wrong.append((text, found))
    assert wrong == []


@pytest.mark.parametrize(
    ("e164", "national"),
    [
        (SECOND, "089 123 4567"),
        (OFFICE, "02 123 4567"),
        ("+442079460958", "020 7946 0958"),
        ("", ""),
        ("Somchai", "Somchai"),
    ],
)
def test_the_national_form(e164: str, national: str) -> None:
    assert phone.national(e164) == national
