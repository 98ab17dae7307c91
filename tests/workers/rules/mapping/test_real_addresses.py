"""Addresses as people really send them, from the payload to HubSpot's properties."""

from typing import Any

import pytest

from leadcore.reasons import reason
from leadcore.receipts import Note
from tests.workers.rules.mapping.said import BANGKOK, check, read

MUEANG = "เมืองเชียงใหม่"


# Links


@pytest.mark.parametrize(
    "street", ["99/1 ถ.สีลม แขวงสีลม เขตบางรัก กทม 10500 {}", "{} 99/1 ถ.สีลม แขวงสีลม เขตบางรัก กทม 10500"]
)
def test_the_digits_of_a_link_are_no_postcode_and_no_phone(street: str) -> None:
    link = "https://maps.app.goo.gl/12345?q=0812345678"
    said = read(address=street.format(link))
    check(said, {"address": f"99/1 ถ.สีลม แขวงสีลม เขตบางรัก {link}", "state": BANGKOK, "zip": "10500"})
    assert (said.unsaved, said.unclear, "dealdroid_other_phones" in said.details) == ({}, frozenset(), False)


def test_a_link_alone_tells_nothing_but_is_kept() -> None:
    check(read(address="https://maps.app.goo.gl/10110"), {"address": "https://maps.app.goo.gl/10110", "zip": None})


@pytest.mark.parametrize(
    ("street", "link"),
    [
        ("99/1 ถ.สีลม แขวงสีลม เขตบางรัก กทม goo.gl/x,10500", "goo.gl/x"),
        ("99/1 ถ.สีลม แขวงสีลม เขตบางรัก กทม https://goo.gl/maps/a;10500", "https://goo.gl/maps/a"),
        ("99/1 ถ.สีลม แขวงสีลม เขตบางรัก กทม 10500 (https://goo.gl/a)", "https://goo.gl/a"),
        ("https://goo.gl/a, 99/1 ถ.สีลม แขวงสีลม เขตบางรัก กทม 10500", "https://goo.gl/a"),
        ("https://a.th/@13.7,100.5,17z,99/1 ถ.สีลม แขวงสีลม เขตบางรัก กทม 10500", None),
        ("https://a.th/@13.7,100.5,ถ.สีลม แขวงสีลม เขตบางรัก กทม 10500", "https://a.th/@13.7,100.5"),
        ("10500,goo.gl/a1", "goo.gl/a1"),
        ("https://a.th/@13.7,100.5,17z,10500 กรุงเทพ", "https://a.th/@13.7,100.5,17z"),
        ("https://a.th/@13.7,100.5,17z 10500", "https://a.th/@13.7,100.5,17z"),
    ],
)
def test_a_link_ends_before_what_a_comma_parts_from_it(street: str, link: str | None) -> None:
    said = read(address=street)
    check(said, {"state": BANGKOK, "zip": "10500"})
    assert link is None or link in said.address["address"].split()
    assert (said.unsaved, "(" in said.address["address"]) == ({}, False)


# What was said before


def test_the_same_address_as_before_is_no_address() -> None:
    assert read({"street": "ที่อยู่เดิมค่ะ", "city": "เหมือนเดิม"}, address="same as last time").address == {}


# Bangkok and towns


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"street": "99/1 เขตคลองเตย"}, {"state": BANGKOK, "city": BANGKOK, "dealdroid_district": "คลองเตย"}),
        ({"street": "99/1 แขวงจอมพลเขตจตุจักร"}, {"state": BANGKOK, "city": BANGKOK, "country": "Thailand"}),
        ({"street": "9", "district": "เขตวัฒนา"}, {"state": BANGKOK, "city": BANGKOK, "dealdroid_district": "วัฒนา"}),
        ({"street": "9", "district": "Khet Watthana"}, {"state": BANGKOK, "city": BANGKOK}),
        ({"street": "9", "district": "วัฒนา"}, {"state": None}),
        ({"street": "9 ในเขตเมือง"}, {"state": None}),
        ({"street": "9 เขตเทศบาล", "district": "ท่าศาลา"}, {"state": None}),
        ({"street": "9", "district": "เขตวัฒนา", "state": "เชียงใหม่"}, {"state": "เชียงใหม่"}),
    ],
)
def test_a_district_called_khet_lies_in_bangkok(parts: dict[str, Any], expected: dict[str, str | None]) -> None:
    check(read(parts), expected)


@pytest.mark.parametrize(
    ("town", "province"),
    [("พัทยา", "ชลบุรี"), ("Hua Hin", "ประจวบคีรีขันธ์"), ("มหาชัย", "สมุทรสาคร"), ("แม่กลอง", "สมุทรสงคราม")],
)
def test_a_town_said_as_the_state_is_the_city(town: str, province: str) -> None:
    check(read({"street": "9", "state": town}), {"state": province, "city": town, "country": "Thailand"})
    check(read({"street": "9", "state": "Kata", "country": "India"}), {"state": "Kata", "country": "India"})


# Province, district, subdistrict


@pytest.mark.parametrize(
    ("parts", "text", "expected"),
    [
        (
            {"street": "99/1 ต.หนองจ๊อม อ.สันทราย", "district": "สันทราย", "zip": "50210"},
            "",
            {"state": "เชียงใหม่", "zip": "50210", "country": "Thailand", "city": "สันทราย"},
        ),
        ({"street": "5 ถ.เพชรเกษม", "city": "หาดใหญ่", "zip": "90110"}, "", {"state": "สงขลา", "city": "หาดใหญ่"}),
        ({"state": "เชียงใหม่", "zip": "50999"}, "", {"state": "เชียงใหม่", "zip": "50999"}),
        ({"district": "บางรัก", "state": f"{BANGKOK} 10500"}, "", {"state": BANGKOK, "zip": "10500", "city": BANGKOK}),
        ({"district": "บางรัก", "zip": "กรุงเทพฯ 10500"}, "", {"state": BANGKOK, "zip": "10500", "city": BANGKOK}),
        ({"city": "อ.หางดง จ.เชียงใหม่"}, "", {"state": "เชียงใหม่", "city": "หางดง"}),
        ({"city": "Bangkok 10110, Thailand"}, "", {"state": BANGKOK, "zip": "10110", "country": "Thailand"}),
        ({"street": "9 ถ.เพชรเกษม", "district": "หัวหิน", "state": "ประจวบฯ"}, "", {"state": "ประจวบคีรีขันธ์"}),
        (
            {"city": "สีลม", "district": "บางรัก", "state": "กทม."},
            "",
            {"city": BANGKOK, "dealdroid_district": "บางรัก", "dealdroid_subdistrict": "สีลม"},
        ),
        (
            {},
            "ที่อยู่: 99 Moo 5, Tambon Rawai, Amphur Muang, Phuket 83130 Thailand",
            {"city": "Mueang Phuket", "address": "99 Moo 5, Tambon Rawai, Amphur Muang"},
        ),
        ({}, "99/1 ต.หนองจ๊อม อ.สันทราย จ.เชียงใหม่ 50210", {"zip": "50210", "city": "สันทราย"}),
        ({}, "99/1 ต.โก่งธนู อ.เมืองลพบุรี จ.ลพบุรี 13240", {"state": "ลพบุรี", "zip": "13240"}),
        ({}, "99/1 ต.โก่งธนู อ.เมือง 13240", {"state": "ลพบุรี", "zip": "13240", "city": "เมืองลพบุรี"}),
        ({}, "99/1 ท่ากระดาน สนามชัยเขต ฉะเชิงเทรา", {"state": "ฉะเชิงเทรา", "city": "สนามชัยเขต"}),
        (
            {},
            "12 Moo 3, Lam Phu, Mueang, Nong Bua Lam Phu Province 39000",
            {"state": "หนองบัวลำภู", "zip": "39000", "address": "12 Moo 3, Lam Phu, Mueang"},
        ),
        (
            {},
            "201 ซอยสุขุมวิท 63 แขวงคลองตันเหนือ เขตวัฒนา กทม.10110",
            {"zip": "10110", "address": "201 ซอยสุขุมวิท 63 แขวงคลองตันเหนือ เขตวัฒนา", "dealdroid_district": "วัฒนา"},
        ),
        ({}, "9 บจ.เอบีซี ถ.สีลม แขวงสีลม เขตบางรัก 10500", {"state": BANGKOK, "dealdroid_subdistrict": "สีลม"}),
        ({}, "145 ม.7 ต.บ้านแป้น อ.เมือง จ.ลำพูน (51000)", {"zip": "51000", "address": "145 ม.7 ต.บ้านแป้น อ.เมือง"}),
        ({}, "12 Moo 3, Rawai, Phuket [83130]", {"zip": "83130", "address": "12 Moo 3, Rawai, Mueang Phuket"}),
        ({}, "145 ต.บ้านแป้น อ.เมือง จ.ลำพูน รหัส 51000", {"zip": "51000", "address": "145 ต.บ้านแป้น อ.เมือง"}),
        ({}, "145 ต.บ้านแป้น อ.เมือง จ.ลำพูน (ป.ณ. 51000)", {"zip": "51000", "address": "145 ต.บ้านแป้น อ.เมือง"}),
        ({}, "9 อาคารรหัส 10500 กรุงเทพ", {"zip": "10500", "address": "9 อาคารรหัส"}),
        (
            {},
            "145 ม 7 ต บ้านแป้น อ เมือง จ ลำพูน 51000",
            {"dealdroid_subdistrict": "บ้านแป้น", "city": "เมืองลำพูน", "address": "145 ม 7 ต บ้านแป้น อ เมือง"},
        ),
        ({}, "9 อาคาร ต ชั้น 3 เขตบางรัก 10500", {"dealdroid_subdistrict": None, "dealdroid_district": "บางรัก"}),
        ({}, "9 ถ.สีลม เขตบางรักกรุงเทพ", {"state": BANGKOK, "dealdroid_district": "บางรัก"}),
        ({}, "9 โรงพยาบาลกรุงเทพ", {"state": None}),
        (
            {"street": "9 ถ.สีลม", "district": f"เขตบางรัก{BANGKOK}10500"},
            "",
            {"state": BANGKOK, "zip": "10500", "dealdroid_district": "บางรัก", "address": "9 ถ.สีลม เขตบางรัก"},
        ),
        ({"street": "9 ถ.สีลม", "district": "เขตสาทรกทม"}, "", {"state": BANGKOK, "dealdroid_district": "สาทร"}),
        ({"street": "9 ถ.สีลม", "state": f"{BANGKOK} (10500)"}, "", {"zip": "10500", "address": "9 ถ.สีลม"}),
        (
            {"street": "9/9 ถ.เพชรเกษม หาดใหญ่", "state": "สงขลา", "zip": "90110"},
            "",
            {"city": "หาดใหญ่", "address": "9/9 ถ.เพชรเกษม หาดใหญ่"},
        ),
        ({"street": "1 สีลม", "district": "สาทร", "state": "กทม.", "zip": "10120"}, "", {"address": "1 สีลม เขตสาทร"}),
        ({}, "สภ.เมือง พ.ต.ท.สมชาย 5 ต.สุเทพ อ.เมือง เชียงใหม่ 50200", {"dealdroid_subdistrict": "สุเทพ"}),
    ],
)
def test_the_parts_of_a_thai_address_are_found(parts: dict[str, Any], text: str, expected: dict[str, str]) -> None:
    said = read(parts, address=text)
    check(said, expected)
    assert said.unsaved == {}


@pytest.mark.parametrize(
    ("parts", "contact"),
    [
        ({"city": "เมืองเชียงใหม่", "state": "เชียงใหม่"}, {"city": "อ.เมือง"}),
        ({"city": "เมืองเชียงใหม่", "state": "เชียงใหม่"}, {"city": "Mueang Chiang Mai"}),
        ({"city": "อ.เมือง", "state": "Chiang Mai"}, {"city": "เมืองเชียงใหม่"}),
        ({"city": "เมืองเชียงใหม่", "state": "เชียงใหม่"}, {"city": "ต.สุเทพ"}),
        ({"district": "อ.เมืองเชียงใหม่", "state": "เชียงใหม่"}, {"city": "Muang"}),
    ],
)
def test_two_spellings_of_one_place_do_not_contradict(parts: dict[str, str], contact: dict[str, str]) -> None:
    said = read({"street": "9 หมู่ 2", **parts}, zipcode="50200", **contact)
    check(said, {"zip": "50200", "state": "เชียงใหม่", "address": said.address["address"]})
    assert (said.unsaved, said.unclear) == ({}, frozenset())


@pytest.mark.parametrize(
    ("parts", "text", "expected", "unsaved"),
    [
        ({"state": "เชียงใหม่", "zip": "10110"}, "", {"state": "เชียงใหม่", "zip": None}, "10110"),
        ({"state": "เชียงใหม่", "district": "หาดใหญ่"}, "", {"state": "เชียงใหม่", "city": None}, "หาดใหญ่"),
        ({"district": "สันทราย", "zip": "10110"}, "", {"zip": None, "state": None}, "10110"),
        ({"city": "Bangkok", "country": "เวียดนาม"}, "", {"city": None, "country": "Vietnam"}, "Bangkok"),
        ({"state": "เชียงใหม่", "country": "Laos"}, "", {"state": None, "country": "Laos"}, "เชียงใหม่"),
        ({}, "9 หมู่ 2 จ.เชียงใหม่ 10110", {"state": "เชียงใหม่", "zip": None, "address": "9 หมู่ 2"}, "10110"),
        (
            {"street": "9 หมู่ 2", "state": "เชียงใหม่"},
            "5 ถ.สีลม กรุงเทพฯ 10500",
            {"state": "เชียงใหม่", "zip": None, "address": "9 หมู่ 2"},
            "5 ถ.สีลม กรุงเทพฯ 10500",
        ),
    ],
)
def test_what_contradicts_is_unsaved_with_a_note_and_the_address_is_unclear(
    parts: dict[str, str], text: str, expected: dict[str, str | None], unsaved: str
) -> None:
    said = read(parts, address=text)
    check(said, expected)
    assert (said.unsaved, said.unclear) == ({"address": unsaved}, {"address"})
    assert said.notes == (Note("address", "dropped", reason("contradictory")),)


# What stands behind an address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("123/45 ถ.ราชดำเนิน อ.เมือง จ.เชียงใหม่ 50000 โทร 0891234567", "123/45 ถ.ราชดำเนิน อ.เมือง"),
        ("123/45 ถ.ราชดำเนิน อ.เมือง จ.เชียงใหม่ 50000 (โทร. 089-123-4567)", "123/45 ถ.ราชดำเนิน อ.เมือง"),
        ("เบอร์ 089 123 4567 123/45 อ.เมือง จ.เชียงใหม่ 50000", "123/45 อ.เมือง"),
        ("123/45 อ.เมือง จ.เชียงใหม่ 50000 +66 89 123 4567 ค่ะ", "123/45 อ.เมือง"),
    ],
)
def test_a_phone_in_an_address_is_cut_and_used_if_none_was_said(text: str, address: str) -> None:
    check(read(address=text, phone=""), {"phone": "+66891234567", "address": address, "zip": "50000"})
    other = {"phone": "+66812200001", "dealdroid_other_phones": "+66891234567", "address": address}
    check(read(address=text), other)
    check(read(address=text, phone="0891234567"), {"phone": "+66891234567", "dealdroid_other_phones": None})


def test_a_phone_in_an_address_is_read_in_the_country_of_the_address() -> None:
    said = read(address="12 Baker Street, London NW1 6XE, UK, Tel: 020 7946 0958", phone="")
    check(said, {"phone": "+442079460958", "country": "United Kingdom", "address": "12 Baker Street, London NW1 6XE"})


@pytest.mark.parametrize(
    ("text", "address", "unsaved"),
    [
        ("9 ถ.สีลม กรุงเทพฯ 10500 ฝากไว้กับ รปภ", "9 ถ.สีลม", "ฝากไว้กับ รปภ"),
        ("9 Silom Road, Bangkok 10500 please call first", "9 Silom Road", "please call first"),
        ("9 ถ.สีลม กทม 10500 เปิด 8.00-17.00 น.", "9 ถ.สีลม", "เปิด 8.00-17.00 น"),
        ("9 ถ.สีลม กทม 10500 โทรก่อน 10 นาที", "9 ถ.สีลม", "โทรก่อน 10 นาที"),
        ("9 Silom Road, Bangkok 10500 after 5 pm", "9 Silom Road", "after 5 pm"),
        ("9 ถ.สีลม กทม 10500 เลขผู้เสียภาษี 0105536000001", "9 ถ.สีลม", "เลขผู้เสียภาษี 0105536000001"),
        ("9 ถ.สีลม (สำนักงานใหญ่) 0-1055-36000-00-1 กทม 10500", "9 ถ.สีลม", "0-1055-36000-00-1; สำนักงานใหญ่"),
        ("9 ถ.สีลม สาขาที่ 00002 กทม 10500", "9 ถ.สีลม", "สาขาที่ 00002"),
    ],
)
def test_a_note_a_tax_id_and_a_branch_are_no_part_of_an_address(text: str, address: str, unsaved: str) -> None:
    said = read(address=text)
    check(said, {"address": address, "zip": "10500", "state": BANGKOK, "dealdroid_other_phones": None})
    assert said.unsaved == {"address": unsaved}
    assert not said.unclear


def test_a_branch_with_a_name_is_where_the_parcel_goes() -> None:
    text = "ธนาคารกรุงเทพ สาขาสีลม 191 ถ.สีลม กทม 10500"
    check(read(address=text), {"address": "ธนาคารกรุงเทพ สาขาสีลม 191 ถ.สีลม", "zip": "10500"})


# One text


def test_a_phone_in_thai_digits_stands_in_no_address() -> None:
    said = read(phone="", address="9 ต.คอหงส์ อ.หาดใหญ่ จ.สงขลา 90110 ๐๘๑-๒๒๐-๐๐๐๑")
    check(said, {"phone": "+66812200001", "address": "9 ต.คอหงส์ อ.หาดใหญ่", "zip": "90110"})


def test_a_province_by_its_iso_code_is_that_province() -> None:
    check(read({"street": "9", "state": "TH-50"}), {"state": "เชียงใหม่", "country": "Thailand"})


@pytest.mark.parametrize(
    ("street", "city", "state"),
    [
        ("123/4 Beach Road, Pattaya", "Pattaya", "ชลบุรี"),
        ("Villa 12, Patong", "Patong", "ภูเก็ต"),
        ("12/3 ซ.5 หัวหิน", "หัวหิน", "ประจวบคีรีขันธ์"),
        ("12 ถนน หัวหิน", None, None),
        ("12 หมู่บ้าน หัวหิน", None, None),
        ("ไก่ทอด หาดใหญ่", None, None),
        ("12 Main St, Patong, Sydney", None, None),
        ("12 Pattaya Road, Rayong", None, "ระยอง"),
    ],
)
def test_a_town_at_the_end_of_free_text_tells_the_province(street: str, city: str | None, state: str | None) -> None:
    check(read({}, address=street), {"city": city, "state": state, "country": "Thailand" if state else None})


# Parts in the wrong fields


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (
            {"subdistrict": "แขวงบางรัก เขตบางรัก กรุงเทพ"},
            {"state": BANGKOK, "dealdroid_district": "บางรัก", "dealdroid_subdistrict": "บางรัก"},
        ),
        (
            {"subdistrict": "บางรัก เขตบางรัก กรุงเทพ 10500"},
            {"zip": "10500", "dealdroid_district": "บางรัก", "dealdroid_subdistrict": "บางรัก"},
        ),
        (
            {"district": "บ้านแป้น อ.เมือง จ.ลำพูน"},
            {"state": "ลำพูน", "city": "เมืองลำพูน", "dealdroid_subdistrict": "บ้านแป้น"},
        ),
        (
            {"city": "สุเทพ อ.เมือง เชียงใหม่ 50200"},
            {"state": "เชียงใหม่", "city": MUEANG, "zip": "50200", "dealdroid_subdistrict": "สุเทพ"},
        ),
        ({"district": "สนามชัยเขต ฉะเชิงเทรา"}, {"state": "ฉะเชิงเทรา", "dealdroid_district": "สนามชัยเขต"}),
        ({"state": "เขตบางรัก", "city": "กรุงเทพ"}, {"state": BANGKOK, "dealdroid_district": "บางรัก"}),
        ({"district": "ต.สุเทพ", "state": "เชียงใหม่"}, {"dealdroid_subdistrict": "สุเทพ", "state": "เชียงใหม่"}),
        ({"state": "Thailand", "city": "Bangkok"}, {"state": BANGKOK, "country": "Thailand"}),
        ({"country": "Bangkok, Thailand"}, {"state": BANGKOK, "country": "Thailand"}),
        ({"country": "Phuket", "city": "Patong"}, {"state": "ภูเก็ต", "country": "Thailand", "city": "Patong"}),
        (
            {"district": "สุเทพ, เมืองเชียงใหม่, เชียงใหม่"},
            {"state": "เชียงใหม่", "dealdroid_district": MUEANG, "dealdroid_subdistrict": "สุเทพ"},
        ),
        ({"country": "เชียงใหม่"}, {"state": "เชียงใหม่", "country": "Thailand"}),
        ({"zip": "10110 Thailand"}, {"zip": "10110", "country": "Thailand"}),
        ({"zip": "10110, Bangkok, Thailand"}, {"zip": "10110", "state": BANGKOK}),
        ({"zip": "รหัสไปรษณีย์ 10110"}, {"zip": "10110", "state": BANGKOK}),
        ({"zip": "1 0 1 1 0"}, {"zip": "10110"}),
        ({"zip": "10110-1234"}, {"zip": "10110-1234", "country": None}),
        ({"zip": "D-10115"}, {"zip": "D-10115", "country": None}),
        ({"zip": "NY 10001"}, {"zip": "NY 10001", "country": None}),
        ({"state": "Georgia", "country": "USA"}, {"state": "Georgia", "country": "United States"}),
        ({"street": "9 M.2 T.Ban Paen A.Muang J.Lamphun 51000"}, {"state": "ลำพูน", "city": "Mueang Lamphun"}),
        ({"state": "สุราษฎ์"}, {"state": "สุราษฎร์ธานี"}),
    ],
)
def test_a_part_in_the_wrong_field_is_read_as_what_it_is(
    parts: dict[str, str], expected: dict[str, str | None]
) -> None:
    said = read({"street": "12", **parts})
    check(said, expected)
    assert said.unsaved == {}


def test_another_subdistrict_than_the_one_that_was_said_is_not_lost() -> None:
    said = read({"district": "ต.สุเทพ อ.เมือง", "subdistrict": "ช้างเผือก", "state": "เชียงใหม่"})
    check(said, {"dealdroid_subdistrict": "ช้างเผือก", "city": MUEANG})
    assert "สุเทพ" in said.unsaved["address"]


def test_nothing_is_lost_of_a_field_that_says_more_than_its_places() -> None:
    said = read({"street": "12", "district": "ตึกฟ้า ต.สุเทพ อ.เมือง", "state": "เชียงใหม่"})
    check(said, {"dealdroid_subdistrict": "สุเทพ", "city": MUEANG})
    assert "ตึกฟ้า" in said.unsaved["address"]


@pytest.mark.parametrize(
    ("parts", "state"),
    [
        ({"subdistrict": "ลาดยาว", "district": "จตุจักร"}, BANGKOK),
        ({"subdistrict": "แขวงลาดยาว", "city": "เขตจตุจักร"}, BANGKOK),
        ({"street": "12 ม.3 ตำบลศาลา อำเภอเกาะคา"}, "ลำปาง"),
        ({"subdistrict": "ในเมือง", "district": "เมือง"}, None),
        ({"subdistrict": "ลาดยาว", "district": "เกาะคา"}, None),
        ({"subdistrict": "ลาดยาว", "district": "จตุจักร", "country": "Laos"}, None),
    ],
)
def test_a_district_and_its_subdistrict_tell_the_province_that_has_both(
    parts: dict[str, str], state: str | None
) -> None:
    check(read(parts), {"state": state})


# Colons and countries


@pytest.mark.parametrize(
    "text",
    [
        "The City: Rama 9",
        "88/1 The City: Rama 9",
        "Riverside District: Tower A",
        "Siam Country: Phase 2",
        "Grand Province: Building B",
    ],
)
def test_a_word_before_a_colon_may_be_a_part_of_a_name(text: str) -> None:
    check(read({"street": text, "city": "Bangkok", "zip": "10310"}), {"address": text, "zip": "10310"})
    check(read({"village": text, "city": "Bangkok"}), {"dealdroid_village": text})


@pytest.mark.parametrize(
    "street",
    [
        "99/1 Silom Road City: Bangkok",
        "99/1 Silom Road, City: Bangkok",
        "99/1 Silom Road Province: Bangkok Country: Thailand",
        "99/1 Silom Road, City: Bangkok, Country: Thailand",
        "99/1 Silom Road Province: Bangkok 10500",
    ],
)
def test_the_label_of_a_field_is_no_part_of_an_address(street: str) -> None:
    check(read({"street": street}), {"address": "99/1 Silom Road", "city": BANGKOK, "state": BANGKOK})


@pytest.mark.parametrize("between", [" ", ", "])
def test_the_labels_of_districts_are_told_apart(between: str) -> None:
    street = between.join(("99/1 Silom Road", "Sub-district: Silom", "District: Bang Rak", "Province: Bangkok"))
    expected = {"dealdroid_subdistrict": "Silom", "dealdroid_district": "Bang Rak", "state": BANGKOK}
    check(read({"street": street}), expected)


@pytest.mark.parametrize(
    ("parts", "state"),
    [
        ({"street": "12 Nihonmura Mall, Japan", "city": "กรุงเทพ"}, BANGKOK),
        ({"street": "12 Sukhumvit Soi 11, India", "city": "Bangkok"}, BANGKOK),
        ({"street": "12 Silom, India", "state": "กทม", "zip": "10500"}, BANGKOK),
        ({"street": "1234 Sukhumvit, India", "state": "กทม", "zip": "10110"}, BANGKOK),
        ({"street": "5 ถ.ห้วยแก้ว, Japan", "state": "เชียงใหม่"}, "เชียงใหม่"),
        ({"street": "5 ถ.มิตรภาพ, Laos", "city": "อุดรธานี"}, "อุดรธานี"),
    ],
)
def test_a_country_behind_a_street_does_not_override_a_city_of_thailand(parts: dict[str, Any], state: str) -> None:
    said = read(parts)
    check(said, {"address": parts["street"], "state": state, "country": "Thailand"})
    assert (said.unsaved["address"], said.unclear) == (parts["street"].rpartition(", ")[2], {"address"})


@pytest.mark.parametrize(
    ("parts", "country"),
    [
        ({"street": "5 Main Road, Kenya", "state": "Tak"}, "Kenya"),
        ({"street": "5 Main Road, Japan", "city": "Osaka"}, "Japan"),
        ({"street": "5 Main Road, Japan"}, "Japan"),
        ({"street": "5 Main Road, Thailand", "city": "Bangkok"}, "Thailand"),
        ({"street": "5 Main Road, Japan", "city": "Bangkok", "country": "Japan"}, "Japan"),
        ({"street": "5 Main Road, London NW1 6XE, UK", "city": "Bangkok"}, "United Kingdom"),
        ({"street": "5 Main Road, Tokyo 150-0002 Japan", "city": "กรุงเทพ"}, "Japan"),
        ({"street": "5 Main Road, Singapore 238858, Singapore", "state": "กทม"}, "Singapore"),
        ({"street": "5 Main Road, Kuala Lumpur, Malaysia", "state": "กทม"}, "Malaysia"),
        ({"street": "5 Main Road, 10115 Berlin, Germany", "city": "กรุงเทพ"}, "Germany"),
    ],
)
def test_a_country_behind_a_street_is_that_of_the_address(parts: dict[str, Any], country: str) -> None:
    said = read(parts).address
    assert (said["address"].startswith("5 Main Road"), said["country"]) == (True, country)


@pytest.mark.parametrize(
    "street",
    [
        "99/1 Silom Rd; Bang Rak; Bangkok; 10500",
        "Street: 99/1 Silom Rd; District: Bang Rak; City: Bangkok; Zip: 10500",
        "Street address: 99/1 Silom Rd, Bang Rak, Bangkok 10500",
        "99/1 Silom Rd ; Bang Rak ; Bangkok 10500",
    ],
)
def test_semicolons_part_an_address_too(street: str) -> None:
    said = read({"street": street})
    check(said, {"dealdroid_district": "Bang Rak", "city": BANGKOK, "state": BANGKOK, "zip": "10500"})
    assert said.address["address"].startswith("99/1 Silom Rd, ")


@pytest.mark.parametrize("street", ["99/1;2 Silom", "Streetview Condo: 5", "5 ถ.สีลม;ตึก A"])
def test_other_signs_and_words_like_them_stay(street: str) -> None:
    check(read({"street": street}), {"address": street})
