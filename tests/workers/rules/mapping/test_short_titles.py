"""Titles of places that customers write short: ข. in Bangkok, ต, อ and จ without a dot."""

from typing import Any

import pytest

from tests.workers.rules.mapping.said import BANGKOK, check, read
from workers.rules.mapping.short_titles import spell_part, spell_titles


@pytest.mark.parametrize(
    ("text", "street"),
    [
        ("99/1 ถ.สีลม ข.สีลม ข.บางรัก กทม 10500", "99/1 ถ.สีลม แขวงสีลม เขตบางรัก"),
        ("99/1 ถ.สีลม ข.สีลม เขตบางรัก กทม 10500", "99/1 ถ.สีลม แขวงสีลม เขตบางรัก"),
        ("99/1 ถ.สีลม แขวงสีลม ข.บางรัก กรุงเทพ", "99/1 ถ.สีลม แขวงสีลม เขตบางรัก"),
        ("99/1 ขว.สีลม ข. บางรัก กทม", "99/1 แขวงสีลม เขตบางรัก"),
    ],
)
def test_kho_is_read_for_the_places_of_bangkok(text: str, street: str) -> None:
    expected: dict[str, str | None] = {
        "address": street,
        "dealdroid_subdistrict": "สีลม",
        "dealdroid_district": "บางรัก",
        "state": BANGKOK,
    }
    check(read(address=text), expected)


def test_kho_of_two_places_with_one_name_says_the_smaller_one_first() -> None:
    expected: dict[str, str | None] = {
        "address": "9 แขวงบางรัก เขตบางรัก",
        "dealdroid_subdistrict": "บางรัก",
        "dealdroid_district": "บางรัก",
    }
    check(read(address="9 ข.บางรัก ข.บางรัก กทม"), expected)


@pytest.mark.parametrize(
    "text",
    [
        "9 ข.จตุจักร กทม",
        "9 ข.ส.ม.ก. กทม",
        "9 อาคาร ข.สีลม กทม",
        "9 ห้อง ข.สีลม กทม",
        "9 ถ.ข.สีลม กทม",
        "9 ข.สีลม ข.บางรัก",
        "9 ข.บางพลี กทม",
        "9 ข.สีลม เชียงใหม่ 50200",
    ],
)
def test_kho_that_may_mean_something_else_stays(text: str) -> None:
    assert spell_titles(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9 ม.3 ต.บางพลีใหญ่ อบางพลี จ.สมุทรปราการ 10540", ("9 ม.3 ต.บางพลีใหญ่ อ.บางพลี", "บางพลี", "สมุทรปราการ")),
        ("9 ม.3 ตบางพลีใหญ่ อบางพลี จสมุทรปราการ 10540", ("9 ม.3 ต.บางพลีใหญ่ อ.บางพลี", "บางพลี", "สมุทรปราการ")),
        ("9 ม.3 อบางพลี 10540", ("9 ม.3 อ.บางพลี", "บางพลี", "สมุทรปราการ")),
        ("9 อเมือง จขอนแก่น 40000", ("9 อ.เมือง", "เมืองขอนแก่น", "ขอนแก่น")),
        ("9 อเมือง ขอนแก่น", ("9 อ.เมือง", "เมืองขอนแก่น", "ขอนแก่น")),
        ("9 ตลาดไท อคลองหลวง ปทุมธานี", ("9 ตลาดไท อ.คลองหลวง", "คลองหลวง", "ปทุมธานี")),
        ("9 อเมือง จเลย", ("9 อ.เมือง", "เมืองเลย", "เลย")),
        ("9 ตป่าตอง อกะทู้ จภูเก็ต", ("9 ต.ป่าตอง อ.กะทู้", "กะทู้", "ภูเก็ต")),
    ],
)
def test_a_title_of_one_letter_may_lack_its_dot(text: str, expected: tuple[str, str, str]) -> None:
    street, district, state = expected
    check(read(address=text), {"address": street, "dealdroid_district": district, "city": district, "state": state})


@pytest.mark.parametrize(
    "text",
    [
        "9 อรัญประเทศ สระแก้ว 27120",
        "9 อมก๋อย เชียงใหม่ 50310",
        "9 อาคารเอ จตุจักร กทม",
        "9 ซ.อบางพลี สมุทรปราการ",
        "9 อบางพลี",
        "9 อเมือง เลยแยกไป",
        "9 อบางพลี เชียงใหม่ 50200",
        "9 ตลาดสด อุดรธานี",
        "9 หออบางพลี สมุทรปราการ",
        "9 จันทบุรี",
    ],
)
def test_a_word_that_begins_like_a_title_stays(text: str) -> None:
    assert spell_titles(text) == text


@pytest.mark.parametrize(
    ("part", "text", "spelled"),
    [
        ("subdistrict", "ตบางพลีใหญ่", "ต.บางพลีใหญ่"),
        ("subdistrict", "ข.สีลม", "แขวงสีลม"),
        ("district", "อบางพลี", "อ.บางพลี"),
        ("district", "อเมือง", "อ.เมือง"),
        ("district", "ข.บางรัก", "เขตบางรัก"),
        ("state", "จชลบุรี", "จ.ชลบุรี"),
        *(("subdistrict", text, text) for text in ("ตลาดขวัญ", "ตลิ่งชัน", "ตะเคียนเตี้ย", "ตาคลี", "ต.สีลม")),
        *(("district", text, text) for text in ("อรัญประเทศ", "อมก๋อย", "อัมพวา", "อู่ทอง", "องครักษ์", "อินทร์บุรี")),
        *(("state", text, text) for text in ("จันทบุรี", "จ.ชลบุรี", "จังหวัดตรัง", "จลาจล", "จ")),
    ],
)
def test_the_field_of_a_place_tells_its_title(part: str, text: str, spelled: str) -> None:
    assert spell_part(text, part) == spelled


def test_all_districts_and_subdistricts_of_thailand_keep_their_names(places: list[tuple[str, str]]) -> None:
    assert [text for part, text in places if spell_part(text, part) != text] == []


@pytest.fixture
def places() -> list[tuple[str, str]]:
    from workers.rules.mapping.provinces import PROVINCES
    from workers.rules.mapping.thai_places import find_districts

    found: list[Any] = [each for province in PROVINCES for each in find_districts(province)]
    return [
        *(("district", place.district[0]) for place in found),
        *(("subdistrict", name) for place in found for name, _ in place.subdistricts if name.startswith("ต")),
        *(("state", province.th) for province in PROVINCES),
    ]


@pytest.mark.parametrize("state", ["จ.สบ", "จ.สบ.", "จังหวัดสบ"])
def test_an_abbreviated_province_does_not_stay_in_the_street(state: str) -> None:
    expected: dict[str, str | None] = {"address": "5 ต.ปากเพรียว อ.เมือง", "state": "สระบุรี", "zip": "18000"}
    check(read(address=f"5 ต.ปากเพรียว อ.เมือง {state} 18000"), expected)


@pytest.mark.parametrize("word", ["สบ", "ร.สบ", "จ.ส", "จ.กก", "ตึก สบ"])
def test_two_letters_without_a_title_or_a_meaning_stay(word: str) -> None:
    assert read(address=f"5 ต.ปากเพรียว อ.เมือง {word} 18000").address["address"].endswith(word)
