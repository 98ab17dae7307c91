import re

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.rules.mapping import phone
from workers.rules.mapping.phone import Phones

MOBILE = "+66812345678"
SECOND = "+66891234567"
OFFICE = "+6621234567"


@pytest.mark.parametrize(
    "text",
    [
        "0812345678",
        "081-234-5678",
        "081 234 5678",
        "081.234.5678",
        "081_234_5678",
        "081–234–5678",
        "08-1234-5678",
        "(081) 234-5678",
        "081 - 234 - 5678",
        "0 8 1 2 3 4 5 6 7 8",
        "+66812345678",
        "+66 81 234 5678",
        "(+66) 81 234 5678",
        "+66(0)812345678",
        "+66 (0) 81 234 5678",
        "+66 081 234 5678",
        "+66-0-81-234-5678",
        "+660812345678",
        "0066812345678",
        "0066 81 234 5678",
        "66812345678",
        "812345678",
        "๐๘๑๒๓๔๕๖๗๘",
        "๐๘๑-๒๓๔-๕๖๗๘",
        "０８１２３４５６７８",
        "08١٢٣٤٥٦٧٨",
        "＋６６８１２３４５６７８",
        "เบอร์ 081 234 5678",
        "เบอร์โทรศัพท์: 081-234-5678 ค่ะ",
        "โทร.0812345678ครับ",
        "tel0812345678",
        "Tel. 081-234-5678",
        "0812345678, 0812345678",
        "0812345678.",
    ],
)
def test_one_thai_mobile_however_it_is_written(text: str) -> None:
    assert phone.parse(text) == Phones(phone=MOBILE, mobile=MOBILE)


@pytest.mark.parametrize(
    "text",
    [
        "0812345678/0891234567",
        "0812345678 / 089-123-4567",
        "0812345678\n0891234567",
        "0812345678,0891234567",
        "0812345678 0891234567",
        "081-234-5678 หรือ 089-123-4567",
        "081-234-5678 or +66 89 123 4567",
    ],
)
def test_the_first_of_two_mobiles_is_the_phone(text: str) -> None:
    assert phone.parse(text) == Phones(phone=MOBILE, mobile=MOBILE, others=(SECOND,))


@pytest.mark.parametrize("text", ["081-234-5678, 02-123-4567 ต่อ 12", "02-123-4567 ต่อ 12 / 0812345678"])
def test_a_mobile_goes_before_an_office_number_and_the_extension_is_kept(text: str) -> None:
    assert phone.parse(text) == Phones(phone=MOBILE, mobile=MOBILE, others=(f"{OFFICE} ext. 12",))


@pytest.mark.parametrize(
    "text",
    [
        "02-123-4567 ต่อ 12",
        "02-123-4567ต่อ12",
        "02 123 4567 เบอร์ต่อ: 12",
        "02-123-4567 ext 12",
        "02-123-4567 ext. 12",
        "๐๒-๑๒๓-๔๕๖๗ ต่อ ๑๒",
    ],
)
def test_an_extension_stays_out_of_the_phone_and_is_kept(text: str) -> None:
    assert phone.parse(text) == Phones(phone=OFFICE, others=(f"{OFFICE} ext. 12",))


@pytest.mark.parametrize(
    ("text", "e164", "mobile"),
    [
        ("+86 138 0013 8000", "+8613800138000", True),
        ("8613800138000", "+8613800138000", True),
        ("0086 138 0013 8000", "+8613800138000", True),
        ("008613800138000", "+8613800138000", True),
        ("+44 20 7946 0958", "+442079460958", False),
        ("+84 0912345678", "+84912345678", True),
        ("+1 650 253 0000", "+16502530000", False),
        ("02-123-4567", OFFICE, False),
        ("0-2123-4567", OFFICE, False),
        ("21234567", OFFICE, False),
        ("1800 123 456", "+661800123456", False),
    ],
)
def test_other_valid_numbers(text: str, e164: str, mobile: bool) -> None:
    assert phone.parse(text) == Phones(phone=e164, mobile=e164 if mobile else "")


@pytest.mark.parametrize("region", ["TH", "VN", "ID", "MM", "US"])
@pytest.mark.parametrize("text", ["0812345678", "(0812345678)", "081 234 5678!"])
def test_a_thai_mobile_is_thai_whatever_the_region(text: str, region: str) -> None:
    assert phone.parse(text, region).mobile == MOBILE


@pytest.mark.parametrize(
    ("text", "region", "e164"),
    [
        ("912345678", "VN", "+84912345678"),
        ("024 3825 2916", "VN", "+842438252916"),
        ("0695123456", "JP", "+81695123456"),
        ("0695123456", "VN", ""),
    ],
)
def test_numbers_that_thailand_does_not_have_belong_to_the_region(text: str, region: str, e164: str) -> None:
    assert phone.parse(text, region).phone == e164


@pytest.mark.parametrize(
    "text",
    [
        "line: somchai99",
        "line:abc0812345678",
        "@somchai0812345678",
        "ไม่มีเบอร์ค่ะ",
        "081234567",
        "1669",
        "0695123456",
        "+999 123456",
        "02-123-4567-8",
        "1103700123456",
        "08123456780891234567",
        "081-234-567x",
    ],
)
def test_what_is_no_number_is_kept_as_unparsed_and_is_no_phone(text: str) -> None:
    assert phone.parse(text) == Phones(unparsed=text)


@pytest.mark.parametrize("text", ["0812345678 (แม่)", "0812345678 line: somchai99", "0812345678, 089-123-456"])
def test_words_beside_a_number_are_kept_with_it(text: str) -> None:
    assert phone.parse(text) == Phones(phone=MOBILE, mobile=MOBILE, unparsed=text)


@pytest.mark.parametrize("text", ["", " ", "-", "--", "😀", "()", "เบอร์"])
def test_a_text_without_letters_or_digits_gives_nothing(text: str) -> None:
    assert phone.parse(text) == Phones()


@pytest.mark.parametrize("prefix", [f"{first}{rest:02}" for first in "689" for rest in range(100)])
def test_the_cheap_path_says_what_the_library_says(prefix: str) -> None:
    digits = f"{prefix}123456"
    number = phonenumbers.parse("0" + digits, "TH")
    valid = phonenumbers.is_valid_number(number)
    mobile = valid and phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if valid else ""
    national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    for text in (f"0{digits}", f"+66{digits}", f"0066{digits}", f"66{digits}", digits):
        found = phone.parse(text)
        assert (found.phone, found.mobile) == (e164, e164 if mobile else "")
    assert phone.national(f"+66{digits}") == national


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


SPOKEN = st.lists(
    st.sampled_from(
        [
            "081",
            "0812345678",
            "+66",
            "0066",
            "(0)",
            "๐๘",
            "２",
            "08١٢٣٤٥٦٧٨",
            "ต่อ 12",
            "/",
            "\n",
            " ",
            "-",
            "แม่",
            "x",
            "line",
        ]
    )
    | st.text(max_size=4),
    max_size=12,
).map("".join)


@given(SPOKEN, st.sampled_from(["TH", "VN", "US", "ZZ", ""]))
def test_any_text_gives_e164_or_is_kept(text: str, region: str) -> None:
    found = phone.parse(text, region)
    for number in filter(None, (found.phone, found.mobile)):
        assert re.fullmatch(r"\+[1-9][0-9]{6,14}", number)
        assert phonenumbers.is_valid_number(phonenumbers.parse(number))
    assert all(re.fullmatch(r"\+[1-9][0-9]{6,14}(?: ext\. [0-9]+)?", other) for other in found.others)
    assert found.mobile in ("", found.phone)
    assert found.phone not in found.others
    assert found.phone or not found.others
    assert found.unparsed in ("", text)
    assert found.phone or found.unparsed or not re.search(r"\d", text)


@given(st.text())
def test_the_national_form_of_anything_is_a_text(text: str) -> None:
    assert phone.national(text) or not text
