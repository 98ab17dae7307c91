"""What stands in the field of another detail."""

import time
from typing import Any

import pytest
from msgspec import structs

from leadcore.event import Address, ContactInfo
from tests.workers.rules.mapping.payloads import read
from workers.rules.mapping.misplaced import put_right

SILOM = "99 ถ.สีลม แขวงสีลม เขตบางรัก กทม 10500"
SOMCHAI = ContactInfo(name="สมชาย ใจดี", phone="0812345678", address=SILOM)


@pytest.mark.parametrize(
    "said",
    [
        {"phone": "0812345678", "address": f"ชื่อ สมชาย ใจดี ที่อยู่ {SILOM}"},
        {"phone": "0812345678", "address": f"ชื่อ-นามสกุล: สมชาย ใจดี\nที่อยู่จัดส่ง: {SILOM}"},
        {"name": "สมชาย ใจดี", "phone": "0812345678", "address": f"ผู้รับ: สมชาย ใจดี ที่อยู่ {SILOM}"},
        {"name": f"สมชาย ใจดี {SILOM}", "phone": "0812345678"},
        {"name": f"สมชาย ใจดี|{SILOM}", "phone": "0812345678"},
        {"name": "สมชาย ใจดี", "phone": f"0812345678 {SILOM}"},
        {"name": "สมชาย ใจดี", "phone": f"081 234 5678 {SILOM}"},
        {"name": "0812345678", "phone": "สมชาย ใจดี", "address": SILOM},
        {"name": "สมชาย ใจดี", "email": "0812345678", "address": SILOM},
    ],
)
def test_it_is_moved_to_its_own(said: dict[str, str]) -> None:
    found = put_right(ContactInfo(**said), Address())
    assert structs.replace(found, phone=found.phone.replace(" ", "")) == SOMCHAI


def test_phone_and_email_that_were_taken_for_each_other_change_places() -> None:
    swapped = ContactInfo(phone="somchai@example.com", email="0812345678")
    assert put_right(swapped, Address()) == ContactInfo(phone="0812345678", email="somchai@example.com")


@pytest.mark.parametrize(
    "said",
    [
        {"name": "สมชาย ใจดี", "address": f"ชื่อ วิภา ทองดี ที่อยู่ {SILOM}"},
        {"name": "Building 99", "phone": "0812345678"},
        {"name": "😀", "phone": "@somchai"},
        {"name": "12345", "phone": "สมชาย"},
        {"phone": "0812345678", "email": "0891234567"},
        {"phone": "0812345678 ถึง 17.00 น."},
        {"phone": "081 234 5678 อ.วิภา"},
        {"phone": "+66 81 234 5678 ม.ราม"},
        {"phone": "02 123 4567 ต. 12"},
        {"name": "Somchai 081 234 5678 อ.เมือง"},
        {"phone": "a@example.com", "email": "b@example.com"},
    ],
)
def test_what_may_be_meant_as_it_is_stays(said: dict[str, str]) -> None:
    contact = ContactInfo(**said)
    assert put_right(contact, Address()) == contact


def test_words_for_an_address_again_and_again_take_no_time() -> None:
    start = time.process_time()
    put_right(ContactInfo(name="1 " + "เลขที่ " * 585), Address())
    assert time.process_time() - start < 2


def test_an_address_behind_the_name_only_leaves_it_where_another_was_said() -> None:
    found = put_right(ContactInfo(name=f"สมชาย {SILOM}"), Address(city="เชียงใหม่"))
    assert found == ContactInfo(name="สมชาย")


def payload(**contact: Any) -> dict[str, Any]:
    return {"mid": "m", "customer_id": "c", "intent": "Purchase", "contact_info": contact}


def test_the_name_as_given_is_what_was_typed_in_its_field() -> None:
    said = read(payload(name=f"สมชาย ใจดี {SILOM}", phone="0812345678"))
    assert said.details["dealdroid_name_given"] == f"สมชาย ใจดี {SILOM}"
    assert (said.details["lastname"], said.address["zip"], said.unsaved) == ("ใจดี", "10500", {})
    assert read(payload(address=f"ชื่อ สมชาย ที่อยู่ {SILOM}")).details["dealdroid_name_given"] == "สมชาย"


@pytest.mark.parametrize(
    ("language", "number", "phone"),
    [
        ("zh-CN", "138 0013 8000", "+8613800138000"),
        ("lo", "020 5551 2345", "+8562055512345"),
        ("my", "09 420 123 456", "+959420123456"),
        ("zh-CN", "0812345678", "+66812345678"),
        ("en", "138 0013 8000", None),
        ("zh-CN", "138 0013", None),
    ],
)
def test_a_number_that_is_none_here_may_be_a_mobile_of_the_language(
    language: str, number: str, phone: str | None
) -> None:
    assert read(payload(phone=number, language=language)).details.get("phone") == phone


@pytest.mark.parametrize(
    "text",
    [
        f"สมชาย ใจดี {SILOM}",
        f"คุณสมชาย ใจดี {SILOM}",
        f"ชื่อ สมชาย ใจดี\n{SILOM}",
        f"ผู้รับ: คุณ สมชาย ใจดี, {SILOM}",
        f"ส่ง สมชาย ใจดี : {SILOM}",
        f"รบกวนจัดส่งมาที่ คุณสมชาย ใจดี {SILOM}",
    ],
)
def test_the_persons_own_name_before_the_address_is_no_part_of_it(text: str) -> None:
    assert put_right(structs.replace(SOMCHAI, address=text), Address()) == SOMCHAI


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("ร้าน กาแฟดี", f"ร้าน กาแฟดี {SILOM}"),
        ("สีลม", f"สีลม {SILOM}"),
        ("สมชาย ใจดี", f"สมชาย ใจดีมาก {SILOM}"),
        ("สมชาย ใจดี", f"ตึก สมชาย ใจดี {SILOM}"),
        ("สมชาย ใจดี", "สมชาย ใจดี บ้านสีฟ้า"),
        ("สมชาย ใจดี", f"หอพัก สมชาย ใจดี {SILOM}"),
        ("สมชาย ใจดี", "สมชาย ใจดี"),
        ("สมชาย ใจดี", f"สมชาย ใจดี คลินิก {SILOM}"),
        ("สมชาย ใจดี", f"คุณสมชาย ใจดี แมนชั่น {SILOM}"),
        ("สมชาย ใจดี", "สมชาย ใจดี ซอย 9 กทม"),
        ("Somchai Jaidee", "Somchai Jaidee Road 9, Bangkok"),
        ("หมู่บ้าน พฤกษา", "หมู่บ้าน พฤกษา 12 บางนา กทม 10260"),
        ("คอนโด ลุมพินี", f"คอนโด ลุมพินี {SILOM}"),
        ("ซอย สุขุมวิท", "ซอย สุขุมวิท 39 กทม"),
        ("Soi Ari", "Soi Ari 4 Bangkok"),
        ("Siam Paragon", "Siam Paragon 991 Rama 1 Rd Bangkok 10330"),
        ("Blue Moon", "Blue Moon, 9 Silom Rd, Bangkok"),
        ("Rama 4", "Rama 4 1234 Bangkok"),
    ],
)
def test_a_name_that_may_be_a_part_of_the_address_stays_there(name: str, address: str) -> None:
    said = ContactInfo(name=name, phone="0812345678", address=address)
    assert put_right(said, Address()) == said


def test_a_labelled_name_in_latin_letters_is_no_part_of_the_address() -> None:
    said = ContactInfo(name="Somchai Jaidee", phone="0812345678", address="Name: Somchai Jaidee, 9 Silom Rd, Bangkok")
    assert put_right(said, Address()).address == "9 Silom Rd, Bangkok"


def test_a_labelled_name_in_the_address_completes_the_one_that_was_said() -> None:
    said = ContactInfo(name="สมชาย", phone="0812345678", address=f"ชื่อ สมชาย ใจดี ที่อยู่ {SILOM}")
    assert put_right(said, Address()) == SOMCHAI


@pytest.mark.parametrize("name", ["สม", "วิภา", "สมชาย ใจร้าย", "ชาย"])
def test_another_labelled_name_in_the_address_stays_there(name: str) -> None:
    said = ContactInfo(name=name, phone="0812345678", address=f"ชื่อ สมชาย ใจดี ที่อยู่ {SILOM}")
    assert put_right(said, Address()) == said


@pytest.mark.parametrize(
    "before",
    [
        "คุณสมชาย ใจดี ",
        "ผู้รับ คุณสมชาย ใจดี\n",
        "นายสมชาย ใจดี, ",
        "ชื่อ สมชาย ใจดี ",
        "ผู้รับ: สมชาย ใจดี\n",
        "สมชาย ใจดี 081-234-5678 ",
        "สมชาย ใจดี โทร 0812345678\n",
        "ชื่อ สมชาย ใจดี เบอร์ 0812345678 ที่อยู่ ",
        "ดร.สมชาย ใจดี ",
        "ส่งที่ คุณสมชาย ใจดี ",
        "ส่งให้คุณสมชาย ใจดี ",
        "รบกวนจัดส่งมาที่ คุณสมชาย ใจดี ",
        "ส่งที่ สมชาย ใจดี 0812345678 ",
        "ที่อยู่จัดส่ง: คุณสมชาย ใจดี ",
        "ที่อยู่ คุณสมชาย ใจดี ",
        "ที่อยู่ใหม่ สมชาย ใจดี 0812345678 ",
    ],
)
def test_where_no_name_was_said_the_person_before_the_address_is_it(before: str) -> None:
    said = read(payload(address=before + SILOM))
    assert (said.details["firstname"], said.details["lastname"]) == ("สมชาย", "ใจดี")
    assert said.address["address"] == "99 ถ.สีลม แขวงสีลม เขตบางรัก"
    assert said.details.get("phone") == ("+66812345678" if "2" in before else None)


def test_a_name_that_begins_like_a_word_for_sending_is_whole() -> None:
    said = read(payload(address=f"ส่งมานี ใจดี 0812345678 {SILOM}"))
    assert (said.details["firstname"], said.details["lastname"]) == ("มานี", "ใจดี")


@pytest.mark.parametrize("before", ["ส่งที่ ", "จัดส่งมาที่: ", "รบกวนส่งไปที่ บ้านเลขที่ ", "ที่อยู่ใหม่ "])
def test_words_that_only_announce_a_street_are_no_part_of_it(before: str) -> None:
    assert read(payload(address=before + SILOM)).address["address"].endswith("99 ถ.สีลม แขวงสีลม เขตบางรัก")
    assert before.split()[0] not in read(payload(address=before + SILOM)).address["address"]


@pytest.mark.parametrize(
    "before",
    [
        "สมชาย ใจดี ",
        "นางลิ้นจี่ ",
        "คุณาลัย ",
        "คุณแม่ ",
        "คุณสมชาย ใจดี ร้านกาแฟ ",
        "ร้านกาแฟ สมชาย 0812345678 ",
        "หอพัก สุขใจ 0812345678 ",
        "ชื่อหมู่บ้าน พฤกษา ",
        "คุณสมชาย อาคาร ",
        "Miss Universe Building ",
        "K.Village Shop ",
        "ส่งที่ทำงาน เซ็นทรัล 0812345678 ",
        "ที่ทำงาน เซ็นทรัล 0812345678 ",
        "ส่งที่ หอพัก สุขใจ 0812345678 ",
    ],
)
def test_what_may_be_a_building_before_the_address_is_no_name(before: str) -> None:
    assert "firstname" not in read(payload(address=before + SILOM)).details


@pytest.mark.parametrize(
    ("phone", "name"),
    [
        ("คุณสมชาย ใจดี 0812345678", "คุณสมชาย ใจดี"),
        ("081-234-5678 (คุณนก)", "คุณนก"),
        ("ติดต่อคุณนก 0812345678", "คุณนก"),
        ("Khun Nok +66812345678", "Khun Nok"),
        ("0812345678 คุณแม่", None),
        ("0812345678 ขอบคุณครับ", None),
        ("คุณนกโทรได้เลย 0812345678", None),
        ("0812345678 สมชาย", None),
        ("ms teams 0812345678", None),
    ],
)
def test_a_person_with_a_title_beside_the_phone_is_the_name_where_none_was_said(phone: str, name: str | None) -> None:
    said = read(payload(phone=phone))
    assert (said.details["phone"], said.details.get("dealdroid_name_given")) == ("+66812345678", name)
    assert read(payload(name="วิภา", phone=phone)).details["firstname"] == "วิภา"


@pytest.mark.parametrize(
    "text", ["0812345678 a@example.com", "a@example.com / 081-234-5678", "อีเมล: a@example.com เบอร์: 0812345678"]
)
@pytest.mark.parametrize("field", ["phone", "email"])
def test_a_phone_and_an_email_in_one_field_are_both_read(text: str, field: str) -> None:
    said = read(payload(**{field: text}))
    assert (said.details["phone"], said.details["email"], said.unsaved) == ("+66812345678", "a@example.com", {})


def test_the_digits_of_an_email_are_no_phone() -> None:
    said = read(payload(email="0812345678@example.com"))
    assert (said.details["email"], said.details.get("phone")) == ("0812345678@example.com", None)


@pytest.mark.parametrize(
    "text", [f"{SILOM} email: a@example.com", f"a@example.com {SILOM}", f"{SILOM}\nอีเมล a@example.com"]
)
def test_an_email_in_the_address_is_the_customers_where_none_was_said(text: str) -> None:
    found = put_right(structs.replace(SOMCHAI, address=text), Address())
    assert found == structs.replace(SOMCHAI, email="a@example.com")
    other = structs.replace(SOMCHAI, address=text, email="b@example.com")
    assert put_right(other, Address()) == other


@pytest.mark.parametrize("name", ["", "คุณสมชาย ใจดี"])
def test_the_person_before_the_street_in_its_own_field_is_no_part_of_it(name: str) -> None:
    parts = {"street_address": "คุณสมชาย ใจดี 99/1 ม.5", "district": "บางพลี", "state": "สมุทรปราการ"}
    said = read({**payload(name=name), "address_parsing": parts})
    assert (said.details["firstname"], said.details["lastname"]) == ("สมชาย", "ใจดี")
    assert said.address["address"] == "99/1 ม.5 อ.บางพลี"


@pytest.mark.parametrize(
    "behind", [" คุณสมชาย ใจดี", "\nผู้รับ คุณสมชาย ใจดี", " (คุณสมชาย ใจดี)", ", คุณสมชาย ใจดี โทร 0812345678"]
)
def test_where_no_name_was_said_the_person_with_a_title_behind_the_postcode_is_it(behind: str) -> None:
    said = read(payload(address=SILOM + behind))
    assert (said.details["firstname"], said.details["lastname"], said.unsaved) == ("สมชาย", "ใจดี", {})
    assert said.address["address"] == "99 ถ.สีลม แขวงสีลม เขตบางรัก"


@pytest.mark.parametrize("behind", [" ฝากป้อมยาม", " คุณแม่", " ขอบคุณค่ะ", "\nสมชาย ใจดี"])
def test_other_words_behind_the_postcode_are_a_note(behind: str) -> None:
    assert "firstname" not in read(payload(address=SILOM + behind)).details
