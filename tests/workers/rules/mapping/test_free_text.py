"""Addresses in one text as people type them, from the payload to HubSpot's properties."""

import pytest

from tests.workers.rules.mapping.test_real_addresses import BANGKOK, MUEANG, check, read

ADDRESS = ("address", "dealdroid_subdistrict", "dealdroid_district", "state", "zip")


def parts(text: str) -> tuple[str | None, ...]:
    said = read(address=text)
    assert said.unsaved == {}
    return tuple(said.address.get(name) for name in ADDRESS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "99 ต.สุเทพ อ.เมืองเชียงใหม่เชียงใหม่ 50200",
            ("99 ต.สุเทพ อ.เมืองเชียงใหม่", "สุเทพ", MUEANG, "เชียงใหม่", "50200"),
        ),
        (
            "12/3 หมู่ 4 อำเภอบางบัวทองนนทบุรี 11110",
            ("12/3 หมู่ 4 อำเภอบางบัวทอง", None, "บางบัวทอง", "นนทบุรี", "11110"),
        ),
        ("12/3 หมู่ 4 บางบัวทองนนทบุรี", ("12/3 หมู่ 4 บางบัวทอง", None, "บางบัวทอง", "นนทบุรี", None)),
        ("9 ต.ในเมืองอ.เมืองจ.ขอนแก่น40000", ("9 ต.ในเมืองอ.เมือง", "ในเมือง", "เมืองขอนแก่น", "ขอนแก่น", "40000")),
        (
            "5 แขวงหัวหมาก เขตบางกะปิกรุงเทพมหานคร10240",
            ("5 แขวงหัวหมาก เขตบางกะปิ", "หัวหมาก", "บางกะปิ", BANGKOK, "10240"),
        ),
        ("5 หัวหมาก บางกะปิกทม 10240", ("5 หัวหมาก บางกะปิ", "หัวหมาก", "บางกะปิ", BANGKOK, "10240")),
        # Names that end like a province and are none.
        ("9 ต.สุเทพ อ.เมืองเชียงใหม่ 50200", ("9 ต.สุเทพ อ.เมืองเชียงใหม่", "สุเทพ", MUEANG, "เชียงใหม่", "50200")),
        (
            "9 ถ.โรจนะ อ.พระนครศรีอยุธยา 13000",
            ("9 ถ.โรจนะ อ.พระนครศรีอยุธยา", None, "พระนครศรีอยุธยา", "พระนครศรีอยุธยา", "13000"),
        ),
    ],
)
def test_a_province_that_is_glued_to_its_district_leaves_the_label(text: str, expected: tuple[str | None, ...]) -> None:
    assert parts(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "50290 เชียงใหม่ สันทราย หนองหาร 12 หมู่ 3",
            ("เชียงใหม่ สันทราย หนองหาร 12 หมู่ 3", "หนองหาร", "สันทราย", "เชียงใหม่", "50290"),
        ),
        (
            "ขอนแก่น เมือง ในเมือง 123 ถ.มิตรภาพ 40000",
            ("ขอนแก่น เมือง ในเมือง 123 ถ.มิตรภาพ", "ในเมือง", "เมืองขอนแก่น", "ขอนแก่น", "40000"),
        ),
        ("หัวหิน 77110 ซ.หัวหิน 88", ("หัวหิน ซ.หัวหิน 88", None, "หัวหิน", "ประจวบคีรีขันธ์", "77110")),
        # The house's number, not the postcode.
        ("50290 ถ.มิตรภาพ", ("50290 ถ.มิตรภาพ", None, None, None, None)),
    ],
)
def test_an_address_may_begin_with_its_province_or_postcode(text: str, expected: tuple[str | None, ...]) -> None:
    assert parts(text) == expected


@pytest.mark.parametrize(
    "street",
    ["500 M.10 Nongprue Banglamung", "100/1 Nongprue, Bang Lamung", "88/8 Moo 4 Nong Prue, Bang Lamung"],
)
def test_a_place_that_stands_in_the_text_is_not_added_to_the_label(street: str) -> None:
    check(read(address=f"{street} Chonburi 20150"), {"address": street, "state": "ชลบุรี"})


@pytest.mark.parametrize(
    ("text", "street", "nation"),
    [
        ("12 Sukhumvit 77, Watthana, Bangkok, Thailand 10110", "12 Sukhumvit 77, Watthana", "Thailand"),
        ("Lot 5, Jln Tun Razak, Kuala Lumpur, Malaysia 50400", "Lot 5, Jln Tun Razak, Kuala Lumpur 50400", "Malaysia"),
        ("โตเกียว ญี่ปุ่น 150-0001", "โตเกียว 150-0001", "Japan"),
        ("ปอยเปต กัมพูชา", "ปอยเปต", "Cambodia"),
        ("บ้านสีสะหวาด นครหลวงเวียงจันทน์ สปป.ลาว", "บ้านสีสะหวาด นครหลวงเวียงจันทน์", "Laos"),
        ("ร้านอาหาร ญี่ปุ่น", "ร้านอาหาร ญี่ปุ่น", None),
        ("12 ถ.สีลม ร้านกาแฟ ลาว", "12 ถ.สีลม ร้านกาแฟ ลาว", None),
        ("Kathmandu, Nepal", "Kathmandu", "Nepal"),
        ("12 Peach St, Atlanta, Georgia", "12 Peach St, Atlanta, Georgia", None),
    ],
)
def test_a_country_at_the_end_or_before_the_postcode_is_read(text: str, street: str, nation: str | None) -> None:
    check(read(address=text), {"address": street, "country": nation})


@pytest.mark.parametrize(
    ("text", "nation"),
    [
        *(
            ("〒150-0001 渋谷区神宮前1-2-3", "Japan"),
            ("150-0001 東京都渋谷区神宮前1-2-3", "Japan"),
            ("千葉県市川市1-2", "Japan"),
        ),
        *(
            ("서울특별시 강남구 테헤란로 123", "South Korea"),
            ("경기 성남시 분당구 12", "South Korea"),
            ("방콕 수쿰윗 39", "Thailand"),
        ),
        *(
            ("广东省深圳市南山区1号 518057", "China"),
            ("上海市浦东新区世纪大道100号", "China"),
            ("台北市信義區5號", "Taiwan"),
        ),
        *(("香港中環皇后大道中99號", "Hong Kong"), ("香港路12号", None), ("曼谷素坤逸路39巷", "Thailand")),
        *(("ບ້ານ ສີສະຫວາດ ນະຄອນຫຼວງວຽງຈັນ", "Laos"), ("ຖະໜົນ ສຸຂຸມວິດ ບາງກອກ 5", None), ("ផ្លូវ ២៤០ ភ្នំពេញ", "Cambodia")),
        *(("ရန်ကုန် ဗိုလ်ချုပ်လမ်း", "Myanmar"), ("မဲဆောက် ရန်ကုန်ဆိုင်", None)),
        *(
            ("12 Baker Street, London NW1 6XE", "United Kingdom"),
            ("123 Main St, Springfield, IL 62704", "United States"),
        ),
        *(("PO Box 123, Sydney NSW 2001", "Australia"), ("Unit 5, Makati City, Metro Manila 1226", "Philippines")),
        *(("12 Soi 5, Moo 2, Building A1 2BC", None), ("Moo 5, Rawai, CA 9000", None)),
    ],
)
def test_the_form_of_an_address_tells_its_country(text: str, nation: str | None) -> None:
    check(read(address=text), {"address": text, "country": nation})


@pytest.mark.parametrize("postcode", ["S560123", "S(560123)", "Singapore 560123", "(Singapore 560123)"])
def test_a_singaporean_postcode_is_known_by_its_letter_too(postcode: str) -> None:
    check(read(address=f"Blk 123 Bedok #05-12 {postcode}"), {"zip": "560123", "country": "Singapore"})


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (
            {"street": "9", "city": "Los Angeles", "state": "CA", "zip": "90001"},
            {"country": "United States", "zip": "90001"},
        ),
        ({"street": "9", "city": "London", "zip": "NW1 6XE"}, {"country": "United Kingdom", "zip": "NW1 6XE"}),
        (
            {"street": "神宮前1", "district": "渋谷区", "state": "東京都", "zip": "〒150-0001"},
            {"country": "Japan", "zip": "150-0001"},
        ),
        (
            {"street": "1号", "city": "深圳市", "state": "广东省", "zip": "518057"},
            {"country": "China", "zip": "518057"},
        ),
        ({"street": "9", "city": "Springfield", "state": "Illinois"}, {"country": None, "state": "Illinois"}),
    ],
)
def test_the_parts_of_an_address_tell_its_country(parts: dict[str, str], expected: dict[str, str | None]) -> None:
    check(read(parts), expected)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"state": "10110", "zip": "กรุงเทพ"}, {"state": BANGKOK, "zip": "10110", "country": "Thailand"}),
        ({"country": "10110"}, {"state": BANGKOK, "zip": "10110", "country": "Thailand"}),
        ({"state": "ภูเก็ต", "country": "Phuket"}, {"state": "ภูเก็ต", "country": "Thailand"}),
        ({"state": "ภูเก็ต", "country": "+66"}, {"state": "ภูเก็ต", "country": "Thailand"}),
        ({"city": "Vientiane", "country": "+856"}, {"city": "Vientiane", "country": "Laos"}),
    ],
)
def test_what_stands_in_the_wrong_field_is_moved_to_its_own(
    parts: dict[str, str], expected: dict[str, str | None]
) -> None:
    said = read({"street": "9", **parts})
    check(said, expected)
    assert said.unsaved == {}


@pytest.mark.parametrize(
    "text",
    [
        "9 หมู่ 5 ตำบล: บางพลีใหญ่ อำเภอ: บางพลี จังหวัด: สมุทรปราการ รหัสไปรษณีย์: 10540",
        "9 หมู่ 5 | ต.บางพลีใหญ่ | อ.บางพลี | จ.สมุทรปราการ | 10540",
        "9 หมู่ 5 / ต.บางพลีใหญ่ / อ.บางพลี / สมุทรปราการ / 10540",
        "9 หมู่ 5-ต.บางพลีใหญ่-อ.บางพลี-จ.สมุทรปราการ-10540",
    ],
)
def test_colons_and_strokes_between_the_parts_are_left_out(text: str) -> None:
    said = read(address=text)
    street = said.address["address"].replace("ตำบล", "ต.").replace("อำเภอ", "อ.")
    assert street == "9 หมู่ 5 ต.บางพลีใหญ่ อ.บางพลี"
    check(said, {"dealdroid_district": "บางพลี", "state": "สมุทรปราการ", "zip": "10540"})


def test_a_form_in_english_is_read() -> None:
    text = "9 Moo 5, Sub-district: Bang Phli Yai, District: Bang Phli, Province: Samut Prakan, Postal code: 10540, TH"
    expected = {"dealdroid_subdistrict": "Bang Phli Yai", "dealdroid_district": "Bang Phli", "state": "สมุทรปราการ"}
    check(read(address=text), {**expected, "zip": "10540", "country": "Thailand"})


def test_titles_with_colons_in_the_fields_of_an_address_are_read() -> None:
    parts = {"street": "9", "subdistrict": "ตำบล: บางพลีใหญ่", "district": "อำเภอ: บางพลี", "state": "จังหวัด: สมุทรปราการ"}
    check(read(parts), {"address": "9 ต.บางพลีใหญ่ อ.บางพลี", "city": "บางพลี", "state": "สมุทรปราการ"})


@pytest.mark.parametrize("text", ["12/3 ซ.บางนา-ตราด 10 ถ.พระราม 2", "99/1-2 ถ.สีลม 5/7 ห้อง 8 / 9"])
def test_strokes_in_numbers_and_roads_stay(text: str) -> None:
    check(read(address=text), {"address": text})


@pytest.mark.parametrize(
    "text", ["รับเองที่ร้าน", "มารับเองค่ะ", "เดี๋ยวเข้าไปรับที่ร้านครับ", "pick up", "Self pickup at the store"]
)
def test_who_comes_for_it_says_no_address(text: str) -> None:
    said = read({"street": text})
    assert (said.address, said.unsaved, said.unclear) == ({}, {"address": text}, frozenset())


@pytest.mark.parametrize("text", ["9 ซ.รับเอง", "รับร้าน", "Pickup Hotel"])
def test_what_only_sounds_like_it_is_an_address(text: str) -> None:
    check(read({"street": text}), {"address": text})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12 Moo 1 T. Suthep A. Muang C.Chiang Mai 50200", ("12 Moo 1 T. Suthep A. Muang", "เชียงใหม่", "50200")),
        ("Nakhonratchasima 30000", (None, "นครราชสีมา", "30000")),
        ("1 Suranaree Rd, Ubonratchatani 34000", ("1 Suranaree Rd", "อุบลราชธานี", "34000")),
        ("Ayuttaya", (None, "พระนครศรีอยุธยา", None)),
        ("123ถ.เจริญกรุงบางรักกรุงเทพ10500", ("123ถ.เจริญกรุงบางรัก", BANGKOK, "10500")),
        ("9 แขวง/เขต บางรัก กทม 10500", ("9 เขต บางรัก", BANGKOK, "10500")),
        ("9 แขวง-สีลม เขต-บางรัก กทม 10500", ("9 แขวงสีลม เขตบางรัก", BANGKOK, "10500")),
        ("9 ถ.สีลม บางรัก กทม 10500 Thailand.", ("9 ถ.สีลม บางรัก", BANGKOK, "10500")),
        ("9 ถ.สีลม บางรัก กทม 10500 ขอบคุณค่ะ", ("9 ถ.สีลม บางรัก", BANGKOK, "10500")),
        ("Lampung", ("Lampung", None, None)),
        ("9 ถนนกรุงเทพ อ.เมือง จ.สุรินทร์", ("9 ถนนกรุงเทพ อ.เมือง", "สุรินทร์", None)),
    ],
)
def test_spellings_and_titles_that_people_use_are_read(text: str, expected: tuple[str | None, ...]) -> None:
    said = read(address=text)
    assert tuple(said.address.get(name) for name in ("address", "state", "zip")) == expected
    assert said.unsaved == {}


@pytest.mark.parametrize(
    "street", ["2 ซ.ศูนย์วิจัย 7 โรงพยาบาลกรุงเทพ", "333 ธนาคารกรุงเทพ", "มหาวิทยาลัยกรุงเทพ", "ศาลาว่าการกรุงเทพมหานคร"]
)
def test_what_is_called_after_bangkok_keeps_its_name_in_bangkok(street: str) -> None:
    assert read({"street": street, "state": "กรุงเทพมหานคร"}).address["address"] == street
    assert read(address=f"{street} 10310").address["address"] == street


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"state": "กรุงเทพมหานคร (Bangkok)", "district": "บางรัก (Bang Rak)"}, ("9 เขตบางรัก", BANGKOK, "บางรัก")),
        ({"state": "Bangkok (กรุงเทพมหานคร)", "district": "Bang Rak/บางรัก"}, ("9 เขตบางรัก", BANGKOK, "บางรัก")),
        ({"state": "ชลบุรี/Chonburi", "district": "ศรีราชา / Si Racha"}, ("9 อ.ศรีราชา", "ชลบุรี", "ศรีราชา")),
        ({"state": "ชลบุรี", "district": "กิ่งอำเภอเกาะจันทร์"}, ("9 อ.เกาะจันทร์", "ชลบุรี", "เกาะจันทร์")),
        ({"state": "ชลบุรี", "district": "กิ่ง อ.เกาะจันทร์"}, ("9 อ.เกาะจันทร์", "ชลบุรี", "เกาะจันทร์")),
        ({"state": "จังหวัด", "district": "อ.", "subdistrict": "ตำบล", "zip": "รหัสไปรษณีย์"}, ("9", None, None)),
        ({"state": "state", "city": "City", "country": "country", "zip": "zip"}, ("9", None, None)),
    ],
)
def test_a_place_in_two_scripts_is_one_and_the_name_of_a_field_is_none(
    parts: dict[str, str], expected: tuple[str | None, ...]
) -> None:
    said = read({"street": "9", **parts})
    assert tuple(said.address.get(name) for name in ("address", "state", "dealdroid_district")) == expected
    assert said.unsaved == {}


@pytest.mark.parametrize("village", ["The Valley (รามอินทรา)", "ลุมพินีวิลล์ (Tower B)", "คอนโดไลฟ์ | Building C"])
def test_a_village_keeps_what_stands_beside_its_name_in_other_letters(village: str) -> None:
    check(read({"street": "9", "village": village}), {"address": f"9 {village}", "dealdroid_village": village})


@pytest.mark.parametrize("zip_", ["S079903", "Singapore 079903", "S(079903)", "79903"])
def test_a_postcode_of_singapore_is_six_digits(zip_: str) -> None:
    check(read({"street": "9", "city": "Singapore", "zip": zip_}), {"zip": "079903", "country": "Singapore"})


def test_a_foreign_city_in_thai_that_is_said_twice_contradicts_nothing() -> None:
    said = read({"street": "9", "city": "ลอนดอน", "country": "อังกฤษ"}, city="ลอนดอน")
    check(said, {"city": "ลอนดอน", "country": "United Kingdom"})
    assert (said.unsaved, said.unclear) == ({}, frozenset())
    assert read({"street": "9", "city": "London", "country": "UK"}, city="หาดใหญ่").unclear == {"address"}


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("曼谷素坤逸路39巷12号 10110", BANGKOK),
        ("방콕 수쿰윗 39 10110", BANGKOK),
        ("バンコク スクンビット 39 10110", BANGKOK),
        ("Пхукет, Раваи, 83130", "ภูเก็ต"),
    ],
)
def test_a_thai_province_in_other_letters_at_the_beginning_is_thailand(text: str, state: str) -> None:
    postcode = text.split()[-1]
    check(read(address=text), {"state": state, "zip": postcode, "country": "Thailand"})


@pytest.mark.parametrize(
    ("text", "street", "postcode"),
    [
        ("99/1 ถ.เพชรเกษม บางแค กทม. 1O160", "99/1 ถ.เพชรเกษม บางแค", "10160"),
        ("9 ถ.นิมมาน เชียงใหม่ 5 0 2 0 0", "9 ถ.นิมมาน", "50200"),
        ("9 ซ.5 กทม 10 270", "9 ซ.5", "10270"),
        ("9 ซ.5 กทม ๑๐-๒๗๐", "9 ซ.5", "10270"),
        # No postcode of Bangkok, and no province before it.
        ("9 ซ.5 กทม 50 200", "9 ซ.5 กทม 50 200", None),
        ("9 ห้อง 1 0 2 7 0", "9 ห้อง 1 0 2 7 0", None),
    ],
)
def test_a_postcode_with_gaps_or_the_letter_o_is_read_behind_its_province(
    text: str, street: str, postcode: str | None
) -> None:
    said = read(address=text)
    assert (said.address["address"], said.address.get("zip")) == (street, postcode)


@pytest.mark.parametrize(
    ("said", "expected"),
    [("2O130", "20130"), ("20,130", "20130"), ("2013O ", "20130"), ("2OO3O", None), ("2O13O5", None)],
)
def test_a_postcode_field_may_hold_the_letter_o_or_a_comma(said: str, expected: str | None) -> None:
    assert read({"street": "9 ม.1", "state": "ชลบุรี", "zip": said}).address.get("zip") == expected


def test_the_letter_in_a_foreign_postcode_is_one() -> None:
    assert read({"city": "Amsterdam", "zip": "1011O", "country": "Netherlands"}).address["zip"] == "1011O"


@pytest.mark.parametrize(
    "number",
    ["ห้อง 10110", "อาคาร 10110", "เลขที่ 10110", "บ้านเลขที่ 10110", "ซ.10110", "Room 10110", "#10110", "no. 10110"],
)
def test_the_number_of_a_house_or_room_is_no_postcode(number: str) -> None:
    said = read(address=f"{number} ถ.สุขุมวิท คลองเตย กทม")
    assert (said.address["address"], said.address.get("zip")) == (f"{number} ถ.สุขุมวิท คลองเตย", None)


@pytest.mark.parametrize(
    ("first", "second", "street", "state"),
    [
        ("99/1 ถ.สุขุมวิท พัทยา", "คอนโด A ชั้น 3", "คอนโด A ชั้น 3 99/1 ถ.สุขุมวิท พัทยา", "ชลบุรี"),
        ("99/1 ถ.นิมมาน เชียงใหม่", "ตึก B ห้อง 301", "ตึก B ห้อง 301 99/1 ถ.นิมมาน", "เชียงใหม่"),
        ("99/1 ถ.นิมมาน เชียงใหม่ 50200", "ห้อง 301", "ห้อง 301 99/1 ถ.นิมมาน", "เชียงใหม่"),
        ("99/1 Moo 5, Patong", "Room 301", "Room 301, 99/1 Moo 5, Patong", "ภูเก็ต"),
        ("99/1 ถ.นิมมาน", "ตึก B เชียงใหม่", "99/1 ถ.นิมมาน ตึก B", "เชียงใหม่"),
        ("12 Main St, Springfield", "Apt 4", "12 Main St, Springfield, Apt 4", None),
    ],
)
def test_a_room_in_the_second_line_does_not_hide_the_place_in_the_first(
    first: str, second: str, street: str, state: str | None
) -> None:
    said = read(address=first, address2=second)
    assert (said.address["address"], said.address.get("state")) == (street, state)


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("อยู่เชียงใหม่ค่ะ", "เชียงใหม่"),
        ("ส่งไปที่จ.เชียงใหม่ครับ", "เชียงใหม่"),
        ("ส่งกทม", BANGKOK),
        ("อยู่จังหวัดเลย", "เลย"),
        ("ส่งเลยค่ะ", None),
        ("ส่งสีลม", None),
    ],
)
def test_where_somebody_lives_is_no_street(text: str, state: str | None) -> None:
    said = read(address=text)
    assert (said.address.get("state"), "address" in said.address) == (state, state is None)


@pytest.mark.parametrize(
    "text", ["ที่อยู่เดิมค่ะ ส่งเคอรี่", "ส่งที่เดิม ด่วนๆ", "ที่อยู่ตามบัตรประชาชน", "ไปรับที่ร้านพรุ่งนี้", "รับเองที่สาขาบางนา วันเสาร์ค่ะ"]
)
def test_the_address_as_before_or_none_is_no_new_one(text: str) -> None:
    said = read(address=text)
    assert (said.address, said.unsaved) == ({}, {"address": text})


def test_beside_the_words_for_the_address_as_before_a_house_counts() -> None:
    assert read(address="ที่อยู่เดิม 9 ม.5 เชียงใหม่").address["state"] == "เชียงใหม่"


@pytest.mark.parametrize(
    ("text", "street"),
    [
        ("9;ถ.สีลม;สีลม;บางรัก;กทม;10500", "9 ถ.สีลม สีลม บางรัก"),
        ("9 หมู่ - ซอย - ถนน สีลม เขต บางรัก กทม 10500", "9 ถนน สีลม เขต บางรัก"),
        ("9 ซอย - สุขใจ ถนนสีลม กทม 10500", "9 ซอย - สุขใจ ถนนสีลม"),
    ],
)
def test_the_strokes_of_a_form_are_no_part_of_the_street(text: str, street: str) -> None:
    said = read(address=text)
    assert (said.address["address"], said.address["zip"]) == (street, "10500")


@pytest.mark.parametrize(
    ("text", "city", "state"),
    [("หาดใหญ่", "หาดใหญ่", "สงขลา"), ("อยู่พัทยาค่ะ", "พัทยา", "ชลบุรี"), ("Hua Hin", "Hua Hin", "ประจวบคีรีขันธ์")],
)
def test_a_town_alone_is_no_street(text: str, city: str, state: str) -> None:
    said = read(address=text).address
    assert (said.get("address"), said["city"], said["state"]) == (None, city, state)


def test_what_is_to_be_paid_on_delivery_is_a_note_behind_the_address() -> None:
    said = read(address="9 ถ.สีลม เขตบางรัก กทม 10500 เก็บปลายทาง 590 บาท")
    assert said.address["address"] == "9 ถ.สีลม เขตบางรัก"
    assert said.unsaved == {"address": "เก็บปลายทาง 590 บาท"}


def test_where_somebody_lives_is_no_street_beside_the_same_place() -> None:
    said = read({"street": "อยู่เชียงใหม่ค่ะ", "state": "เชียงใหม่"}).address
    assert (said.get("address"), said["state"]) == (None, "เชียงใหม่")
    assert read({"street": "อยู่เชียงใหม่ค่ะ", "state": "ชลบุรี"}).address["address"] == "อยู่เชียงใหม่"


@pytest.mark.parametrize("label", ["ที่อยู่ ", "ที่อยู่", "ที่อยู่จัดส่ง ", "ที่อยู่: "])
def test_the_word_for_an_address_before_its_number_is_no_part_of_it(label: str) -> None:
    assert read(address=f"{label}99/1 ถ.สีลม เขตบางรัก กทม 10500").address["address"] == "99/1 ถ.สีลม เขตบางรัก"
