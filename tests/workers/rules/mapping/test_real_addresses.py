"""Addresses as people really send them, from the payload to HubSpot's properties."""

from typing import Any

import pytest

from leadcore import event
from leadcore.config import Crm
from leadcore.reasons import reason
from leadcore.receipts import Note
from workers.rules.mapping.contact import PortalOptions, map_event
from workers.rules.mapping.mapped_event import MappedEvent
from workers.rules.mapping.options import Option

BANGKOK = "กรุงเทพมหานคร"
MUEANG = "เมืองเชียงใหม่"
PHONE = "0812200001"


def read(parts: dict[str, Any] | None = None, portal: PortalOptions | None = None, **contact: Any) -> MappedEvent:
    """`parts` by the short names of `event.Address`."""
    names = {"street": "street_address", "village": "village_or_project", "zip": "postal_code"}
    payload = {
        "mid": "m",
        "customer_id": "c",
        "intent": "Purchase",
        "contact_info": {"name": "A", "phone": PHONE, **contact},
        "address_parsing": {names.get(name, name): value for name, value in (parts or {}).items()},
    }
    return map_event(event.read(event.encode(payload)), 1_772_333_105_250, Crm(), portal or PortalOptions())


def check(said: MappedEvent, expected: dict[str, str | None]) -> None:
    found = {**said.details, **said.address}
    assert {name: found.get(name) for name in expected} == expected


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


# Countries of East Asia


@pytest.mark.parametrize(
    ("street", "country"),
    [
        ("深圳市南山区深南大道1号 518057 中国", "China"),
        ("서울 강남구 테헤란로 123 대한민국", "South Korea"),
        ("東京都渋谷区1-2-3 日本", "Japan"),
    ],
)
def test_a_country_behind_an_address_in_east_asian_letters_is_its_country(street: str, country: str) -> None:
    check(read(address=street), {"address": street.rpartition(" ")[0], "country": country})


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


# Thailand only where something says so


@pytest.mark.parametrize(
    ("parts", "phone", "country"),
    [
        ({"street": "12 Lê Lợi", "city": "Ho Chi Minh", "zip": "70000"}, "+84912345001", "Vietnam"),
        ({"street": "12 Jalan Ampang", "city": "Kuala Lumpur", "zip": "50450"}, "+60123456789", "Malaysia"),
        ({"street": "Jalan Sudirman 5", "city": "Denpasar", "zip": "80000"}, PHONE, "Indonesia"),
        ({"city": "ฮานอย", "zip": "10000"}, PHONE, "Vietnam"),
        ({"city": "Kathmandu", "zip": "44600"}, PHONE, None),
        ({"city": "Lyon", "zip": "10110"}, PHONE, None),
        ({"street": "12 Calle Mayor, Peñíscola", "zip": "12120"}, PHONE, None),
        ({"street": "中山路 5", "zip": "10110"}, PHONE, None),
        ({"zip": "10110"}, "+84912345001", None),
        ({"zip": "10110", "country": "Narnia"}, PHONE, None),
        ({"zip": "10110"}, PHONE, "Thailand"),
        ({"city": "Khlong Toei", "zip": "10110"}, "+84912345001", "Thailand"),
        ({"city": "Pattaya", "zip": "20150"}, "+44 7400 123456", "Thailand"),
        ({"street": "9 ถ.สีลม", "zip": "10500"}, "+44 7400 123456", "Thailand"),
    ],
)
def test_a_bare_postcode_is_no_proof_beside_what_is_foreign(
    parts: dict[str, Any], phone: str, country: str | None
) -> None:
    check(read(parts, phone=phone), {"country": country, "zip": parts["zip"]})


@pytest.mark.parametrize(
    ("country", "common"), [("เนปาล", "Nepal"), ("Nga", "Russia"), ("Hong Kong SAR China", "Hong Kong"), ("xyz", None)]
)
def test_a_country_that_was_said_is_never_overruled(country: str, common: str | None) -> None:
    check(read({"city": "Kathmandu", "zip": "44600", "country": country}), {"country": common, "zip": "44600"})


@pytest.mark.parametrize(
    ("parts", "postcode"),
    [
        ({"city": "Singapore", "zip": 79903, "country": "Singapore"}, "079903"),
        ({"city": "Singapore", "zip": 79903}, "079903"),
        ({"city": "Boston", "zip": 2134, "country": "USA"}, "02134"),
        ({"city": "Kowloon", "country": "Hong Kong", "zip": "000000"}, None),
        ({"state": "เชียงใหม่", "zip": "00000"}, None),
        ({"zip": "50200.0"}, "50200"),
        ({"zip": "TH-50200"}, "50200"),
    ],
)
def test_a_postcode_that_lost_its_zeros_gets_them_back_and_one_of_zeros_says_nothing(
    parts: dict[str, Any], postcode: str | None
) -> None:
    said = read(parts)
    check(said, {"zip": postcode})
    assert said.unsaved == {}


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


# The neighbours


@pytest.mark.parametrize(
    ("country", "state", "option"),
    [
        ("Cambodia", "Siemreap", Option("siem_reap", "Siem Reap")),
        ("Cambodia", "Siem Reap", Option("KH-17", "Siĕm Réab")),
        ("Vietnam", "Bình Dương", Option("hcm", "Hồ Chí Minh")),
        ("Vietnam", "Bình Dương", Option("bd", "Binh Duong")),
        ("Malaysia", "Pulau Pinang", Option("png", "Penang")),
    ],
)
def test_a_province_of_a_neighbour_is_the_option_that_means_it(country: str, state: str, option: Option) -> None:
    said = read({"state": state, "country": country}, PortalOptions({"state": [Option("x", "Elsewhere"), option]}))
    assert said.address["state"] == option.value


@pytest.mark.parametrize(
    ("parts", "postcode"),
    [
        ({"state": "Huế", "country": "Vietnam", "zip": "49000"}, "49000"),
        ({"state": "Papua Barat Daya", "country": "Indonesia", "zip": "98411"}, "98411"),
        ({"city": "Phnom Penh", "country": "Cambodia", "zip": "120101"}, "120101"),
        ({"city": "Vientiane", "country": "Laos", "zip": "01160"}, "01160"),
        ({"city": "Yangon", "country": "Myanmar", "zip": "11181"}, "11181"),
    ],
)
def test_provinces_and_postcodes_of_the_neighbours_stay_as_they_were_said(parts: dict[str, str], postcode: str) -> None:
    said = read(parts)
    check(said, {"zip": postcode, "country": parts["country"], "state": parts.get("state"), "city": parts.get("city")})
    assert said.unsaved == {}


# One text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10 Anson Road #22-09 Singapore 079903", ("10 Anson Road #22-09", "079903", "Singapore")),
        ("Blk 1 Bedok North, Singapore (460001)", ("Blk 1 Bedok North", "460001", "Singapore")),
        ("Singapore 238823", (None, "238823", "Singapore")),
        ("1-2-3 Shibuya, Tokyo 150-0002 Japan", ("1-2-3 Shibuya, Tokyo 150-0002", None, "Japan")),
        ("Hauptstr. 5, 10115 Berlin Germany", ("Hauptstr. 5, 10115 Berlin", None, "Germany")),
        ("1 Main St, Springfield, IL 62701 USA", ("1 Main St, Springfield, IL 62701", None, "United States")),
        ("2 George St, Sydney 2000 New South Wales", ("2 George St, Sydney 2000 New South Wales", None, None)),
        ("5 Embassy of Japan", ("5 Embassy of Japan", None, None)),
        ("88 Beach Road, Pattaya 20150", ("88 Beach Road, Pattaya", "20150", "Thailand")),
        ("88 Beach Road, Pattaya 50200", ("88 Beach Road, Pattaya 50200", None, None)),
        ("๑๐๑๑๐", (None, "10110", "Thailand")),
        ("9 ต.คอหงส์ อ.หาดใหญ่ จ.สงขลา 90110 line id: a9", ("9 ต.คอหงส์ อ.หาดใหญ่", "90110", "Thailand")),
    ],
)
def test_the_postcode_and_country_of_one_text_are_read(text: str, expected: tuple[str | None, ...]) -> None:
    found = read(address=text).address
    assert (found.get("address"), found.get("zip"), found.get("country")) == expected


def test_a_phone_in_thai_digits_stands_in_no_address() -> None:
    said = read(phone="", address="9 ต.คอหงส์ อ.หาดใหญ่ จ.สงขลา 90110 ๐๘๑-๒๒๐-๐๐๐๑")
    check(said, {"phone": "+66812200001", "address": "9 ต.คอหงส์ อ.หาดใหญ่", "zip": "90110"})


def test_a_province_by_its_iso_code_is_that_province() -> None:
    check(read({"street": "9", "state": "TH-50"}), {"state": "เชียงใหม่", "country": "Thailand"})


@pytest.mark.parametrize(
    ("street", "country"),
    [
        ("中国上海市浦东新区世纪大道100号", "China"),
        ("中国 上海 世纪大道100号", "China"),
        ("台灣台北市信義區市府路1號", "Taiwan"),
        ("香港九龍彌敦道123號", "Hong Kong"),
        ("日本東京都渋谷区1-2-3", "Japan"),
        ("香港路12号 青岛市", None),
        ("中国银行大厦", None),
        ("中国城12号", None),
        ("12 Nguyễn Huệ, Quận 1, TP HCM", "Vietnam"),
        ("12 Jalan Sultan Ismail, 50250 Kuala Lumpur", "Malaysia"),
        ("12 Merchant Road, Yangon", "Myanmar"),
        ("House 5, Ban Sok, Vientiane", "Laos"),
        ("99 Moo 5, Bali", None),
        ("Block A, KL", None),
        ("12 Wisconsin Ave, Georgetown", None),
        ("12 Bali, Ayutthaya", "Thailand"),
    ],
)
def test_the_country_of_free_text_is_told_by_what_stands_first_or_last(street: str, country: str | None) -> None:
    check(read({}, address=street), {"country": country})


def test_a_thai_address_in_chinese_is_read_by_its_country() -> None:
    said = read({}, address="泰国曼谷素坤逸路39巷 10110")
    check(said, {"state": BANGKOK, "city": BANGKOK, "zip": "10110", "address": "泰国曼谷素坤逸路39巷"})


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


def test_a_city_abroad_leaves_a_province_that_was_said_as_the_country_unsaved() -> None:
    said = read({"country": "Bangkok", "city": "London"})
    check(said, {"state": None, "city": "London", "country": None})
    assert said.unsaved == {"address": "Bangkok"}


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
