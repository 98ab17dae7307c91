"""Addresses outside Thailand, and those that do not say where they are, as people really send them."""

from typing import Any

import pytest

from tests.workers.rules.mapping.said import BANGKOK, PHONE, check, read
from workers.rules.mapping.contact import PortalOptions
from workers.rules.mapping.options import Option

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


def test_a_city_abroad_leaves_a_province_that_was_said_as_the_country_unsaved() -> None:
    said = read({"country": "Bangkok", "city": "London"})
    check(said, {"state": None, "city": "London", "country": None})
    assert said.unsaved == {"address": "Bangkok"}


@pytest.mark.parametrize(
    ("text", "street", "country"),
    [
        ("ประเทศญี่ปุ่น โตเกียว", "โตเกียว", "Japan"),
        ("ประเทศลาว นครหลวงเวียงจันทน์ บ้านโพนทัน", "นครหลวงเวียงจันทน์ บ้านโพนทัน", "Laos"),
        ("ประเทศไทย 99 ถ.สีลม กทม 10500", "99 ถ.สีลม", "Thailand"),
        ("99 Moo 5 Chiang Rai 57000 TH", "99 Moo 5", "Thailand"),
    ],
)
def test_the_country_may_be_called_one_before_the_address(text: str, street: str, country: str) -> None:
    said = read(address=text)
    assert (said.address["address"], said.address["country"], said.unsaved) == (street, country, {})


def test_a_country_behind_a_province_of_thailand_with_its_postcode_contradicts_both() -> None:
    said = read(address="9 Sukhumvit Rd, Bangkok 10110, Japan")
    assert (said.address["country"], said.address["zip"]) == ("Thailand", "10110")
    assert (said.unsaved, set(said.unclear)) == ({"address": "Japan"}, {"address"})


def test_the_postcode_of_a_thai_city_is_none_of_the_country_that_was_said() -> None:
    said = read({"street": "9 Sukhumvit Rd", "city": "Bangkok", "zip": "10110", "country": "Japan"})
    assert (said.address.get("zip"), said.unsaved["address"]) == (None, "Bangkok; 10110")
    assert set(said.unclear) == {"address"}


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("99/1 Nimman Rd Soi 5, 50200", "เชียงใหม่"),
        ("99/1 Moo 5 83110", "ภูเก็ต"),
        ("99 Tambon Rawai 83130", "ภูเก็ต"),
        ("Soi 5, Vientiane 10110", None),
        ("12 Soi Street, Berlin 10115", None),
        ("Soi 5 Lofts, Austin 78701", None),
    ],
)
def test_a_numbered_moo_or_soi_with_a_thai_postcode_is_in_thailand(text: str, state: str | None) -> None:
    said = read(address=text).address
    assert (said.get("state"), said.get("country")) == (state, "Thailand" if state else None)


def test_thailand_in_two_languages_is_no_part_of_the_label() -> None:
    said = read(address="99 ถ.พระราม 4 ปทุมวัน กทม. 10330 ประเทศไทย Thailand").address
    assert (said["address"], said["zip"]) == ("99 ถ.พระราม 4 ปทุมวัน", "10330")
