import re
import time

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
        "081・234・5678",
        "081–234–5678",
        "08-1234-5678",
        "(081) 234-5678",
        "081 - 234 - 5678",
        "0 8 1 2 3 4 5 6 7 8",
        "+66812345678",
        "+66 81 234 5678",
        "(+66) 81 234 5678",
        "(66) 81 234 5678",
        "66-81-234-5678",
        "66 (0) 81-234-5678",
        "(66)0812345678",
        "6681 234 5678",
        "(0066) 812345678",
        "00 66 81 234 5678",
        "+0812345678",
        "81 234 5678",
        "O81-234-5678",
        "+66 o81 234 5678",
        "081\ufe0f2345678",
        "081\u00ad2345678",
        "\u2066+66 81 234 5678\u2069",
        "\u202d081-234-5678\u202c",
        "0️⃣8️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8️⃣",
        "1) 081-234-5678",
        "@0812345678",
        "66812345678@c.us",
        "whatsapp:+66812345678",
        "tel:+66-81-234-5678",
        "https://wa.me/66812345678",
        "+66(0)812345678",
        "+66 (0) 81 234 5678",
        "+66 081 234 5678",
        "+66-0-81-234-5678",
        "+660812345678",
        "0066812345678",
        "0066 81 234 5678",
        "66812345678",
        "812345678",
        "8.12345678E+08",
        "6.6812345678e+10",
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
        "66812345678.0",
        "812345678.0",
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
        "0812345678-0891234567",
        "081 234 5678 089 123 4567",
        "1. 081-234-5678 2. 089-123-4567",
        "66812345678 66891234567",
        "0812345678+0891234567",
        "0812345678+66891234567",
        "081,234,5678, 089,123,4567",
    ],
)
def test_the_first_of_two_mobiles_is_the_phone(text: str) -> None:
    assert phone.parse(text) == Phones(phone=MOBILE, mobile=MOBILE, others=(SECOND,))


@pytest.mark.parametrize(
    "text",
    [
        "มือถือ 081-2345678 บ้าน 02-1234567",
        "ที่บ้าน 02-123-4567 มือถือ 081-234-5678",
        "Home: 02-123-4567 Mobile: 081-234-5678",
        "office 021234567 / cell 0812345678",
        "เบอร์หลัก 0812345678 เบอร์สำรอง 021234567",
    ],
)
def test_which_of_the_phones_a_number_is_says_its_type(text: str) -> None:
    assert phone.parse(text) == Phones(phone=MOBILE, mobile=MOBILE, others=(OFFICE,))


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
        ("62 812-3456-7890", "+6281234567890", True),
        ("62 0812-3456-7890", "+6281234567890", True),
        ("65 9123 4567", "+6591234567", True),
        ("(852) 9123-4567", "+85291234567", True),
        ("886-912-345-678", "+886912345678", True),
        ("84 0912345678", "+84912345678", True),
        ("7 (912) 345-67-89", "+79123456789", True),
        ("1 650-253-0000", "+16502530000", False),
        ("8 912 345-67-89", "+79123456789", True),
        ("8 (912) 345-67-89", "+79123456789", True),
        ("89123456789", "+79123456789", True),
        ("8 495 123-45-67", "+74951234567", False),
        ("66 2 123 4567", OFFICE, False),
        ("6591234567@s.whatsapp.net", "+6591234567", True),
        ("6281234567890:12@s.whatsapp.net", "+6281234567890", True),
        ("https://api.whatsapp.com/send?phone=6591234567", "+6591234567", True),
        ("+5491123456789", "+5491123456789", True),
    ],
)
def test_other_valid_numbers(text: str, e164: str, mobile: bool) -> None:
    assert phone.parse(text) == Phones(phone=e164, mobile=e164 if mobile else "")


@pytest.mark.parametrize(
    ("text", "e164", "mobile"),
    [
        ("+5215512345678", "+525512345678", False),
        ("+52 1 33 1234 5678", "+523312345678", False),
        ("WhatsApp +521 55 1234 5678 please", "+525512345678", False),
        ("5215512345678@c.us", "+525512345678", False),
        ("+553188887777", "+5531988887777", True),
        ("+55 (31) 8888-7777", "+5531988887777", True),
        ("https://wa.me/553188887777", "+5531988887777", True),
        ("+55 31 3888-7777", "+553138887777", False),
    ],
)
def test_a_number_as_whatsapp_still_writes_it_is_the_one_of_today(text: str, e164: str, mobile: bool) -> None:
    found = phone.parse(text)
    assert (found.phone, found.mobile) == (e164, e164 if mobile else "")


@pytest.mark.parametrize(
    "text", ["5215512345678", "553188887777", "+52 1 55 1234 567", "+55 31 8888-777", "+55 00 8888-7777"]
)
def test_what_is_no_number_of_whatsapp_gets_no_digit_of_our_own(text: str) -> None:
    """A row of digits without a plus may as well be a Thai id that was mistyped."""
    assert phone.parse(text) == Phones(unparsed=text)


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
        "1103700123456",
        "0812345678@g.us",
        "6591234567@lid",
        "somchai0812345678@example.com",
        "081-234-567l",
        "28-11-2026",
        "02-123-4567-3",
        "02-123-4567-9999",
        "63901-8313-8941",
        "08123456780891234567",
        "081-234-567x",
        "891234567-89",
    ],
)
def test_what_is_no_number_is_kept_as_unparsed_and_is_no_phone(text: str) -> None:
    assert phone.parse(text) == Phones(unparsed=text)


LINES = [f"+662123456{last}" for last in range(7, 10)]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("02-123-4567-9", LINES),
        ("02-123-4567 - 9", LINES),
        ("02-123-4567–9", LINES),
        ("02-123-4567~9", LINES),
        ("02-123-4567〜9", LINES),
        ("(662) 123-4567-9", LINES),
        ("02-123-4567 ถึง 4569", LINES),
        ("02-1234567 ถึง 9", LINES),
        ("๐๒-๑๒๓๔๕๖๗ ถึง ๙", LINES),
        ("02-123-4567 to 9", LINES),
        ("021234567 ถึง 021234569", LINES),
        ("(02) 123-4567-9", LINES),
        ("66-2-123-4567-9", LINES),
        ("+66 2 123 4567-9", LINES),
        ("02-123-4567,8,9", LINES),
        ("โทร. 02 123 4567-9 ค่ะ", LINES),
        ("02 123 4567-8", LINES[:2]),
        ("02-123-4567/8", LINES[:2]),
        ("02-123-4567 หรือ 8", LINES[:2]),
        ("02-123-4567/9", [LINES[0], LINES[2]]),
        ("0-2123-4567 to 70", [*LINES, "+6621234570"]),
        ("02-123-4567-70", [*LINES, "+6621234570"]),
        ("02-123-4567-9, 02-765-4321", [*LINES, "+6627654321"]),
        ("053-123456-8", ["+6653123456", "+6653123457", "+6653123458"]),
        ("081-234-5678-9", [MOBILE, "+66812345679"]),
        ("+65 6123 4567/8", ["+6561234567", "+6561234568"]),
        ("02-123-4551-70", [f"+66212345{last}" for last in range(51, 71)]),
    ],
)
def test_consecutive_lines_are_single_numbers(text: str, numbers: list[str]) -> None:
    found = phone.parse(text)
    assert [found.phone, *found.others] == numbers
    assert found.unparsed == ""


def test_an_extension_behind_consecutive_lines_is_that_of_each() -> None:
    assert phone.parse("02-123-4567-8 ต่อ 12").others == (f"{OFFICE} ext. 12", "+6621234568 ext. 12")


@pytest.mark.parametrize("text", ["02-123-4550-99", "02-123-4567/3", "02-123-4567, 8 ชิ้น"])
def test_what_is_no_end_of_consecutive_lines_is_kept_beside_the_number(text: str) -> None:
    found = phone.parse(text)
    assert (len(found.phone), found.others, found.unparsed) == (len(OFFICE), (), text)


@pytest.mark.parametrize(
    "text",
    [
        "เลขประจำตัวผู้เสียภาษี 0105555123456",
        "เลขประจำตัวผู้เสียภาษีอากร: 0-1055-55123-45-6",
        "เลขที่ผู้เสียภาษี 0 1055 55123 45 6",
        "Tax ID 0105555123456",
        "TAX ID No.: 0105555123456",
        "เลขบัตรประชาชน 1103700123456",
        "1-1037-00123-45-6",
        "เลขบัญชี 081-2-34567-8",
        "กสิกร 0651234567",
        "line: somchai0912345678",
    ],
)
def test_an_id_or_account_beside_a_phone_is_kept_and_is_no_phone(text: str) -> None:
    assert phone.parse(text) == Phones(unparsed=text)
    for both in (f"{text} โทร 081-234-5678", f"0812345678 {text}", f"081 234 5678 / {text}"):
        assert phone.parse(both) == Phones(phone=MOBILE, mobile=MOBILE, unparsed=both)


@pytest.mark.parametrize("text", ["line id: 0812345678", "LINE @0812345678", "ไอดีไลน์ 081-234-5678"])
def test_a_line_id_that_is_a_mobile_is_the_phone_only_if_there_is_no_other(text: str) -> None:
    assert phone.parse(text) == Phones(phone=MOBILE, mobile=MOBILE, unparsed=text)
    assert phone.parse(f"{text}, tel 0891234567").phone == SECOND
    assert phone.parse(f"{text}, tel 0891234567").others == ()


@pytest.mark.parametrize("number", ["0812345678", "081-234-5678", "081 234 5678", "(081)2345678", "66812345678"])
@pytest.mark.parametrize("date", ["12/05/2026", "5/12/26", "31/12/2569", "2026/05/12", "12-05-2026", "2026-05-12"])
def test_a_date_beside_a_number_is_kept_and_hides_none(number: str, date: str) -> None:
    for text in (f"{date} {number}", f"{number} {date}"):
        assert phone.parse(text) == Phones(phone=MOBILE, mobile=MOBILE, unparsed=text)


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
            "ถึง",
            "~",
            "@",
            "@c.us",
            "O",
            "Tax ID ",
            "1-1037-00123-45-6",
            "62 812-3456-7890",
            "-9",
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


@pytest.mark.parametrize(
    "text", ["1", "0", "1 ", "08 ", "1-", "a.", "tax. ", "line-", "0812345678 ", "02-123-4567-9, "]
)
def test_the_longest_text_is_read_in_good_time(text: str) -> None:
    start = time.process_time()
    phone.parse((text * 4096)[:4096])
    assert time.process_time() - start < 2


@given(st.text())
def test_the_national_form_of_anything_is_a_text(text: str) -> None:
    assert phone.national(text) or not text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Tel 081-234-5678 Fax 02-123-4567", ("+66812345678", "+66812345678", ())),
        ("โทร 02-123-4567 ต่อ 5, แฟกซ์ 02-123-4568 ต่อ 9", (OFFICE, "", (f"{OFFICE} ext. 5",))),
        ("โทรสาร: 02 123 4567", ("", "", ())),
        ("Tel/Fax 02-123-4567", (OFFICE, "", ())),
        ("โทรศัพท์/โทรสาร 02 123 4567", (OFFICE, "", ())),
        ("โทร. และ แฟกซ์: 02-123-4567", (OFFICE, "", ())),
        ("Tel. & Fax: +66 2 123 4567", (OFFICE, "", ())),
    ],
)
def test_a_fax_is_no_phone_unless_it_is_one_too(text: str, found: tuple[str, str, tuple[str, ...]]) -> None:
    assert phone.parse(text) == Phones(*found, unparsed=text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "โทรหา 0812345678 นะคะ",
            "ติดต่อได้ที่ 0812345678 ครับผม",
            "0812345678 คับ",
            "เบอร์แรก 0812345678",
            "0812345678 (AIS)",
        ),
        *("N/A / 0812345678", "ໂທ +66 81 234 5678", "ဖုန်း 0812345678"),
    ],
)
def test_labels_and_polite_words_round_a_number_leave_nothing_unsaved(text: str) -> None:
    assert phone.parse(text) == Phones(MOBILE, MOBILE)
