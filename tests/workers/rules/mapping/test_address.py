"""One address block out of two sources."""

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import structs

from leadcore import event
from leadcore.event import Address, ContactInfo
from leadcore.text import clean
from workers.rules.mapping.address import PostalAddress, build_address

PAYLOADS = Path(__file__).parents[3] / "payloads"
BANGKOK = "กรุงเทพมหานคร"
SUKHUMVIT = PostalAddress(
    address="99/12 ซอยสุขุมวิท 39 หมู่บ้านพฤกษา 12 แขวงคลองตันเหนือ เขตวัฒนา",
    city=BANGKOK,
    state=BANGKOK,
    zip="10110",
    country="Thailand",
    subdistrict="คลองตันเหนือ",
    district="วัฒนา",
    village="พฤกษา 12",
)
THAI_PARTS = Address(
    street="99/12 ซอยสุขุมวิท 39",
    village="หมู่บ้านพฤกษา 12",
    subdistrict="คลองตันเหนือ",
    district="วัฒนา",
    city=BANGKOK,
    state=BANGKOK,
    postal_code="10110",
    country="Thailand",
)
NOBODY = ContactInfo()
MUEANG = "เมืองเชียงใหม่"


def _parts(**changes: str) -> Address:
    return structs.replace(THAI_PARTS, **changes)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ("address_only", SUKHUMVIT),
        ("bad_email", SUKHUMVIT),
        ("purchase_th", SUKHUMVIT),
        ("two_phones", SUKHUMVIT),
        ("unavailable_items", SUKHUMVIT),
        ("unknown_fields", SUKHUMVIT),
        (
            "chinese_customer",
            PostalAddress("深南大道 1 号, 南山区", "深圳市", "广东省", "518057", "China", district="南山区"),
        ),
        (
            "purchase_en",
            PostalAddress(
                "12 Baker Street, Marylebone", "London", "", "NW1 6XE", "United Kingdom", district="Marylebone"
            ),
        ),
        ("nulls_and_numbers", PostalAddress("", BANGKOK, BANGKOK, "10110", "Thailand")),
        ("fields_missing", PostalAddress()),
        ("nothing_to_sync", PostalAddress()),
        ("share_contact_phone_only", PostalAddress()),
    ],
)
def test_every_payload_becomes_its_block(payload: str, expected: PostalAddress) -> None:
    lead = event.read((PAYLOADS / f"{payload}.json").read_bytes())
    assert build_address(lead.address, lead.contact) == expected


@pytest.mark.parametrize(
    "spelling", ["กทม.", "กทม", "กรุงเทพฯ", "กรุงเทพ", "Bangkok", "BKK", "จังหวัดกรุงเทพมหานคร", "จ.กรุงเทพฯ"]
)
def test_bangkok_has_one_spelling(spelling: str) -> None:
    assert build_address(_parts(city=spelling, state=spelling), NOBODY) == SUKHUMVIT
    assert build_address(_parts(city="", state=spelling), NOBODY) == SUKHUMVIT
    assert build_address(_parts(city=spelling, state=""), NOBODY) == SUKHUMVIT


def test_bangkok_in_english() -> None:
    parts = Address("99/12 Soi Sukhumvit 39", "", "Khlong Tan Nuea", "Watthana District", "BKK", "", "10110", "TH")
    block = build_address(parts, NOBODY, province_language="en")
    assert block == PostalAddress(
        address="99/12 Soi Sukhumvit 39, Khlong Tan Nuea, Watthana",
        city="Bangkok",
        state="Bangkok",
        zip="10110",
        country="Thailand",
        subdistrict="Khlong Tan Nuea",
        district="Watthana",
    )


@pytest.mark.parametrize(
    "subdistrict", ["คลองตันเหนือ", "แขวงคลองตันเหนือ", "แขวง คลองตันเหนือ", "ต.คลองตันเหนือ", "ตำบล คลองตันเหนือ"]
)
@pytest.mark.parametrize("district", ["วัฒนา", "เขตวัฒนา", "เขต วัฒนา", "อ.วัฒนา", "อำเภอวัฒนา"])
def test_titles_of_district_and_subdistrict_are_stripped_and_set_anew(subdistrict: str, district: str) -> None:
    assert build_address(_parts(subdistrict=subdistrict, district=district), NOBODY) == SUKHUMVIT


@pytest.mark.parametrize("prefix", ["", "จ.", "จ. ", "จังหวัด", "จังหวัด "])
@pytest.mark.parametrize("city", ["", "เชียงใหม่", "จ.เชียงใหม่", "Chiangmai"])
def test_elsewhere_the_district_is_the_city_where_the_city_is_blank_or_the_province(prefix: str, city: str) -> None:
    parts = Address("99 ถนนสุเทพ", "", "ต.สุเทพ", "อ.หางดง", city, f"{prefix}เชียงใหม่", "50230")
    assert build_address(parts, NOBODY) == PostalAddress(
        address="99 ถนนสุเทพ ต.สุเทพ อ.หางดง",
        city="หางดง",
        state="เชียงใหม่",
        zip="50230",
        country="Thailand",
        subdistrict="สุเทพ",
        district="หางดง",
    )


def test_elsewhere_a_parsed_city_stays_the_city() -> None:
    parts = Address("5 ถนนเพชรเกษม", "", "คอหงส์", "หาดใหญ่", "เทศบาลนครหาดใหญ่", "สงขลา", "90110", "ไทย")
    block = build_address(parts, NOBODY, province_language="en")
    assert (block.city, block.state, block.address) == ("เทศบาลนครหาดใหญ่", "Songkhla", "5 ถนนเพชรเกษม ต.คอหงส์ อ.หาดใหญ่")


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (Address(state="จ.ภูเก็ต"), PostalAddress(state="ภูเก็ต", country="Thailand")),
        (Address(city="Phuket"), PostalAddress(city="ภูเก็ต", state="ภูเก็ต", country="Thailand")),
        (Address(city="BKK"), PostalAddress(city=BANGKOK, state=BANGKOK, country="Thailand")),
        (Address(postal_code="10110"), PostalAddress("", BANGKOK, BANGKOK, "10110", "Thailand")),
        (Address(country="Thailand"), PostalAddress(country="Thailand")),
        (Address(country="UK"), PostalAddress(country="United Kingdom")),
    ],
)
def test_a_single_part_makes_an_address_of_that_part(parts: Address, expected: PostalAddress) -> None:
    assert build_address(parts, NOBODY) == expected


@pytest.mark.parametrize(
    ("given", "zip_", "unsaved"),
    [
        ("10110", "10110", ""),
        ("๑๐๑๑๐", "10110", ""),
        ("１０１１０", "10110", ""),
        ("10 110", "10110", ""),
        ("10110.", "10110", ""),
        ("รหัสไปรษณีย์ 10110", "10110", ""),
        ("TH-10110", "10110", ""),
        ("1011", "", "1011"),
        ("101100", "", "101100"),
        ("00000", "", ""),
        ("abc", "", "abc"),
        ("-", "", ""),
    ],
)
def test_a_thai_postcode_is_five_ascii_digits_or_not_saved(given: str, zip_: str, unsaved: str) -> None:
    block = build_address(_parts(postal_code=given), NOBODY)
    assert (block.zip, block.unsaved) == (zip_, unsaved)


@pytest.mark.parametrize(
    ("parts", "region", "country"),
    [
        (Address(postal_code="10110"), "TH", "Thailand"),
        (Address(postal_code="10110"), "SG", ""),
        (Address(street="99/12 ซอยสุขุมวิท", postal_code="10110"), "SG", "Thailand"),
        (Address(state="Chiang Mai"), "SG", "Thailand"),
        (Address(city="Paris", postal_code="75001"), "TH", ""),
        (Address(city="Beverly Hills", state="CA", postal_code="90210"), "TH", "United States"),
        (Address(street="123 Main St, Beverly Hills, CA 90210"), "TH", "United States"),
        (Address(city="Bangkok", country="Thailandd"), "TH", "Thailand"),
        (Address(city="Bangkok", country="Vietnam"), "TH", "Vietnam"),
    ],
)
def test_a_missing_country_is_thailand_when_province_or_postcode_say_so(
    parts: Address, region: str, country: str
) -> None:
    assert build_address(parts, NOBODY, region=region).country == country


def test_an_unknown_country_is_not_saved_as_one() -> None:
    block = build_address(Address(street="1 Cair Paravel", country="Narnia"), NOBODY)
    assert (block.address, block.country, block.unsaved) == ("1 Cair Paravel", "", "Narnia")


@pytest.mark.parametrize(
    ("parts", "address"),
    [
        (
            _parts(street="99/12 ซอยสุขุมวิท 39 แขวงคลองตันเหนือ เขตวัฒนา"),
            "99/12 ซอยสุขุมวิท 39 แขวงคลองตันเหนือ เขตวัฒนา หมู่บ้านพฤกษา 12",
        ),
        (_parts(village="", street="9 แขวงคลองตันเหนือเขตวัฒนา"), "9 แขวงคลองตันเหนือเขตวัฒนา"),
        (_parts(village="", street="9 คลองตันเหนือ วัฒนา กทม 10110"), "9 คลองตันเหนือ วัฒนา"),
        (_parts(village="", street="9 คลองตันเหนือใต้"), "9 คลองตันเหนือใต้ แขวงคลองตันเหนือ เขตวัฒนา"),
        (_parts(village="", street="9 ถนนวัฒนา"), "9 ถนนวัฒนา แขวงคลองตันเหนือ เขตวัฒนา"),
        (_parts(village="", street="9 ถนน วัฒนา"), "9 ถนน วัฒนา แขวงคลองตันเหนือ เขตวัฒนา"),
        (_parts(village="", street="9 วัฒนา 71"), "9 วัฒนา 71 แขวงคลองตันเหนือ เขตวัฒนา"),
        (_parts(village="", subdistrict="บางรัก", district="บางรัก", street="9 แขวงบางรัก"), "9 แขวงบางรัก เขตบางรัก"),
        (_parts(street="9หมู่บ้านพฤกษา 12"), "9หมู่บ้านพฤกษา 12 แขวงคลองตันเหนือ เขตวัฒนา"),
        (_parts(street="9 หมู่บ้านพฤกษา 123"), "9 หมู่บ้านพฤกษา 123 หมู่บ้านพฤกษา 12 แขวงคลองตันเหนือ เขตวัฒนา"),
        (_parts(street="9/5 ม.5", village="5"), "9/5 ม.5 แขวงคลองตันเหนือ เขตวัฒนา"),
        (Address("9 Silom Road", "", "Silom", "Bang Rak", "BKK"), "9 Silom Road, Silom, Bang Rak"),
        (Address("9 Silom Road, Silom, Bang Rak", "", "Silom", "Bang Rak", "BKK"), "9 Silom Road, Silom, Bang Rak"),
        (Address("9 Moo 4 T.Suthep A.Muang", "", "Suthep", "Muang", "Chiang Mai"), "9 Moo 4 T.Suthep A.Muang"),
        (Address("9 Silom Road", "", "Bang Rak", "Bang Rak", "BKK"), "9 Silom Road, Bang Rak"),
        (
            Address("12 Baker Street, Marylebone", district="Marylebone", city="London", country="UK"),
            "12 Baker Street, Marylebone",
        ),
        (
            Address("12 Marylebone Road", district="Marylebone", city="London", country="UK"),
            "12 Marylebone Road, Marylebone",
        ),
        (Address("1 Mall", "Court", "Soho", "London", "London", "", "", "UK"), "1 Mall, Court, Soho"),
        (Address("南山区深南大道 1 号", district="南山区", city="深圳市", country="中国"), "南山区深南大道 1 号"),
    ],
)
def test_the_address_is_a_label_without_repetition(parts: Address, address: str) -> None:
    assert build_address(parts, NOBODY).address == address


def test_without_a_province_the_titles_stay_as_they_were_given() -> None:
    parts = Address("99 ถนนใหญ่", subdistrict="ต.สุเทพ", district="เมือง")
    block = build_address(parts, NOBODY)
    assert (block.address, block.subdistrict, block.city, block.country) == (
        "99 ถนนใหญ่ ต.สุเทพ เมือง",
        "สุเทพ",
        "เมือง",
        "",
    )


def test_a_bangkok_district_given_as_the_city_moves_to_the_district() -> None:
    assert build_address(_parts(city="เขตวัฒนา", district=""), NOBODY) == SUKHUMVIT


@pytest.mark.parametrize(
    "parts",
    [
        _parts(city="บางรัก"),
        _parts(city="Chiang Mai", district="วัฒนา"),
        _parts(state="ภาคกลาง"),
    ],
)
def test_what_has_no_place_in_a_bangkok_address_is_not_lost(parts: Address) -> None:
    (unsaved,) = set(structs.astuple(parts)) - set(structs.astuple(THAI_PARTS))
    block = build_address(parts, NOBODY)
    assert block == structs.replace(SUKHUMVIT, unsaved=unsaved, contradictory=unsaved == "Chiang Mai")


def test_a_country_that_was_said_and_is_unknown_is_not_overruled() -> None:
    block = build_address(_parts(country="Narnia"), NOBODY)
    assert block == structs.replace(SUKHUMVIT, country="", unsaved="Narnia")


def test_another_province_is_no_district_of_bangkok() -> None:
    block = build_address(Address(city="เชียงใหม่", state="กทม"), NOBODY)
    assert (block.city, block.state, block.district, block.unsaved) == (BANGKOK, BANGKOK, "", "เชียงใหม่")


def test_a_street_that_ends_in_another_province_stays_whole() -> None:
    block = build_address(Address(street="9 หอพัก กรุงเทพฯ", state="เชียงใหม่"), NOBODY)
    assert (block.address, block.state) == ("9 หอพัก กรุงเทพฯ", "เชียงใหม่")


def test_lines_become_one_line() -> None:
    assert (
        build_address(Address(street="12 Baker Street,\nFlat 3", country="UK"), NOBODY).address
        == "12 Baker Street, Flat 3"
    )
    assert build_address(_parts(street="99/12\nซอยสุขุมวิท 39"), NOBODY) == SUKHUMVIT


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "99/12 ซอยสุขุมวิท 39 แขวงคลองตันเหนือ เขตวัฒนา กรุงเทพฯ ๑๐๑๑๐",
            structs.replace(SUKHUMVIT, address=SUKHUMVIT.address.replace(" หมู่บ้านพฤกษา 12", ""), village=""),
        ),
        (
            "99 ต.สุเทพ อ.เมือง จ.เชียงใหม่ 50200",
            PostalAddress("99 ต.สุเทพ อ.เมือง", MUEANG, "เชียงใหม่", "50200", "Thailand", "สุเทพ", MUEANG),
        ),
        (
            "99 ต.สุเทพ อ.เมือง จ. เชียงใหม่",
            PostalAddress("99 ต.สุเทพ อ.เมือง", MUEANG, "เชียงใหม่", "", "Thailand", "สุเทพ", MUEANG),
        ),
        ("99 อ.เมืองจ.เชียงใหม่", PostalAddress("99 อ.เมือง", MUEANG, "เชียงใหม่", "", "Thailand", "", MUEANG)),
        (
            "9/9 เขตวัฒนากรุงเทพ10110",
            PostalAddress("9/9 เขตวัฒนา", BANGKOK, BANGKOK, "10110", "Thailand", "", "วัฒนา"),
        ),
        ("9 ถนน เชียงใหม่ 10300", PostalAddress("9 ถนน เชียงใหม่", BANGKOK, BANGKOK, "10300", "Thailand")),
        ("9 ถนนเชียงใหม่", PostalAddress("9 ถนนเชียงใหม่")),
        ("9 ถนน เชียงใหม่", PostalAddress("9 ถนน เชียงใหม่")),
        ("9 ซอย 5 กทม รหัสไปรษณีย์ 10110", PostalAddress("9 ซอย 5", BANGKOK, BANGKOK, "10110", "Thailand")),
        ("10200 ถนนสุขุมวิท กรุงเทพฯ", PostalAddress("10200 ถนนสุขุมวิท", BANGKOK, BANGKOK, "", "Thailand")),
        (
            "123 Main St, Beverly Hills, CA 90210",
            PostalAddress("123 Main St, Beverly Hills, CA 90210", country="United States"),
        ),
        ("9 กรุงเทพฯ 10110 โทรก่อนส่ง", PostalAddress("9", BANGKOK, BANGKOK, "10110", "Thailand", unsaved="โทรก่อนส่ง")),
        ("9 ซอย 5 10110 กรุงเทพฯ", PostalAddress("9 ซอย 5", BANGKOK, BANGKOK, "10110", "Thailand")),
        ("9 ซอย 5, 10110, Bangkok", PostalAddress("9 ซอย 5", BANGKOK, BANGKOK, "10110", "Thailand")),
        ("ของราคา 12500 บาท", PostalAddress("ของราคา 12500 บาท")),
        ("ส่ง 081-23450 กรุงเทพ", PostalAddress("ส่ง 081-23450", BANGKOK, BANGKOK, "", "Thailand")),
        ("กรุงเทพฯ 10110", PostalAddress("", BANGKOK, BANGKOK, "10110", "Thailand")),
        ("1 Suthep Rd, Chiang Mai 50200, Thailand", PostalAddress("1 Suthep Rd", "", "เชียงใหม่", "50200", "Thailand")),
        (
            "1 Rojana Road Phra Nakhon Si Ayutthaya 13000",
            PostalAddress("1 Rojana Road", "", "พระนครศรีอยุธยา", "13000", "Thailand"),
        ),
        (
            "12 Baker Street, London NW1 6XE, UK",
            PostalAddress("12 Baker Street, London NW1 6XE", country="United Kingdom"),
        ),
        ("12345 Main Street", PostalAddress("12345 Main Street")),
    ],
)
def test_an_address_in_one_line_of_free_text_is_used(text: str, expected: PostalAddress) -> None:
    assert build_address(Address(), ContactInfo(address=text)) == expected


@pytest.mark.parametrize("region", ["TH", "SG"])
def test_free_text_fields_are_used_when_nothing_was_parsed(region: str) -> None:
    info = ContactInfo(address="99/12 ซอยสุขุมวิท 39", city="กทม", zipcode="10110")
    expected = PostalAddress("99/12 ซอยสุขุมวิท 39", BANGKOK, BANGKOK, "10110", "Thailand")
    assert build_address(Address(), info, region=region) == expected


@pytest.mark.parametrize(
    "info",
    [
        ContactInfo(address="99/12 ซอยสุขุมวิท 39", zipcode="10110"),
        ContactInfo(address="99/12 ซอยสุขุมวิท 39 กรุงเทพฯ 10110"),
        ContactInfo(address="บ้าน 99/12 ซ.สุขุมวิท 39", city="Bangkok", zipcode="๑๐๑๑๐"),
    ],
)
@pytest.mark.parametrize("gap", ["postal_code", "state", "city", "country"])
def test_free_text_fills_gaps_of_the_same_address(info: ContactInfo, gap: str) -> None:
    assert build_address(_parts(**{gap: ""}), info) == SUKHUMVIT


def test_free_text_gives_the_street_of_the_same_postcode() -> None:
    block = build_address(_parts(street="", village=""), ContactInfo(address="99/12 ซอยสุขุมวิท 39", zipcode="10110"))
    assert block == structs.replace(SUKHUMVIT, address="99/12 ซอยสุขุมวิท 39 แขวงคลองตันเหนือ เขตวัฒนา", village="")


def test_a_free_text_postcode_that_is_none_is_kept_only_where_one_is_missing() -> None:
    for info in (ContactInfo(zipcode="1011"), ContactInfo(city="กทม", zipcode="1011")):
        assert build_address(_parts(postal_code="", city=""), info).unsaved == "1011"
        assert build_address(_parts(city=""), info).unsaved == ""


def test_a_postcode_that_is_none_does_not_hide_a_good_one() -> None:
    block = build_address(_parts(postal_code="1011"), ContactInfo(zipcode="10110"))
    assert block == structs.replace(SUKHUMVIT, unsaved="1011")


@pytest.mark.parametrize(
    ("parts", "info"),
    [
        (_parts(street="", postal_code="10110"), ContactInfo(address="5 ถนนนิมมาน", zipcode="50200")),
        (_parts(street="", postal_code="10110"), ContactInfo(address="5 ถนนนิมมาน เชียงใหม่ 50200")),
        (_parts(street="", postal_code="10110", city="", state=""), ContactInfo(address="5 ถนนนิมมาน", city="เชียงใหม่")),
        (_parts(street="", postal_code="", city="", state="BKK"), ContactInfo(address="5 ถนนนิมมาน จ.เชียงใหม่")),
        (_parts(street="", postal_code="", city="", state="BKK"), ContactInfo(address="5 ถนนนิมมาน", zipcode="50200")),
        (_parts(postal_code=""), ContactInfo(address="5 ถนนนิมมาน", zipcode="10900")),
        (_parts(postal_code=""), ContactInfo(address="5 深南大道", city="深圳市", zipcode="518057")),
        (
            Address("12 Baker Street", city="London", country="UK"),
            ContactInfo(address="5 Deansgate", city="Manchester", zipcode="M3 1AZ"),
        ),
        (Address(city="London", country="UK"), ContactInfo(address="5 ถนนนิมมาน", zipcode="50200")),
        (Address(country="UK"), ContactInfo(city="เชียงใหม่")),
        (
            Address(city="London", postal_code="NW1 6XE", country="UK"),
            ContactInfo(address="5 Deansgate", city="Manchester"),
        ),
        (Address(country="UK"), ContactInfo(address="5 ถนนนิมมาน")),
        (Address(country="Narnia", street="1 Cair Paravel"), ContactInfo(city="เชียงใหม่")),
        (Address(city="Beverly Hills", state="CA"), ContactInfo(address="5 ถนนนิมมาน", zipcode="50200")),
        (Address(city="Bangkok"), ContactInfo(address="5 Nathan Road, Hong Kong")),
    ],
)
def test_nothing_of_a_contradicting_free_text_gets_in(parts: Address, info: ContactInfo) -> None:
    alone, block = build_address(parts, NOBODY), build_address(parts, info)
    assert block == structs.replace(alone, unsaved=block.unsaved, contradictory=True)
    assert all(text in block.unsaved for text in (info.address, info.city, info.zipcode, alone.unsaved))


# Two homes that cannot be the same: (state, postcode, country, spelling in free text, what of it may show in a block).
HOMES = {
    "bangkok": ("กทม", "10110", "Thailand", "กรุงเทพฯ", ("กรุงเทพ", "Bangkok", "10110")),
    "chiang mai": ("Chiang Mai", "50200", "ไทย", "จ.เชียงใหม่", ("เชียงใหม่", "Chiang Mai", "50200")),
    "khon kaen": ("ขอนแก่น", "40000", "TH", "Khon Kaen", ("ขอนแก่น", "Khon Kaen", "40000")),
    "shenzhen": ("广东省", "518057", "China", "深圳市", ("China", "518057", "深圳市")),
    "london": ("Greater London", "NW1 6XE", "UK", "London", ("United Kingdom", "NW1 6XE", "London")),
}
THAI_HOMES = ("bangkok", "chiang mai", "khon kaen")


@st.composite
def _contradicting(draw: st.DrawFn) -> tuple[Address, ContactInfo, tuple[str, ...]]:
    mine = draw(st.sampled_from(sorted(HOMES)))
    yours = draw(st.sampled_from([name for name in THAI_HOMES if name != mine]))
    state, postcode, country, _, _ = HOMES[mine]
    evidence = draw(st.sampled_from(["state", "postal_code", "both"] + (["country"] if mine not in THAI_HOMES else [])))
    parts = {
        "street": draw(st.sampled_from(["", "7 alpha", "ซอย alpha"])),
        "village": draw(st.sampled_from(["", "alpha village"])),
        "subdistrict": draw(st.sampled_from(["", "alpha sub"])),
        "district": draw(st.sampled_from(["", "alpha district"])),
        "city": draw(st.sampled_from(["", "alpha city"])),
        "country": country if evidence == "country" else draw(st.sampled_from(["", country])),
        "state": state if evidence in ("state", "both") else "",
        "postal_code": postcode if evidence in ("postal_code", "both") else "",
    }
    _, postcode, _, spelling, marks = HOMES[yours]
    tail = draw(st.sampled_from(["", f" {spelling}", f" {spelling} {postcode}", f" {postcode} {spelling}"]))
    city = draw(st.sampled_from(["", spelling]))
    zipcode = draw(st.sampled_from(["", postcode])) if city or spelling in tail else postcode
    address = draw(st.sampled_from(["beta", "7 beta", "7 ถนน beta"])) + tail
    return Address(**parts), ContactInfo(address=address, city=city, zipcode=zipcode), (*marks, "beta")


@given(_contradicting(), st.sampled_from(["th", "en"]))
def test_a_block_never_mixes_two_addresses(case: tuple[Address, ContactInfo, tuple[str, ...]], language: str) -> None:
    parts, info, marks = case
    block = build_address(parts, info, province_language=language)
    alone = build_address(parts, NOBODY, province_language=language)
    assert block in (alone, structs.replace(alone, unsaved=block.unsaved, contradictory=True))
    assert block == alone or info.address in block.unsaved
    for name in ("address", "city", "state", "zip", "country", "subdistrict", "district", "village"):
        assert not any(mark in getattr(block, name) for mark in marks)


PIECES = (
    *(
        "กรุงเทพฯ",
        "จ.เชียงใหม่",
        "Bangkok",
        "เลย",
        "10110",
        "50200",
        "๑๐๑๑๐",
        "99/12",
        "แขวง",
        "เขตวัฒนา",
        "ถนน",
        "จ.",
        "อ.",
    ),
    *("Thailand", "UK", "the", "ประเทศ", "District", "Province", "Soi", "南山区", ",", ".", "(", ")", "-", "\n"),
)
WORDS = st.lists(st.sampled_from(PIECES), max_size=8)
TEXT = st.one_of(st.text(max_size=30), WORDS.map("".join), WORDS.map(" ".join)).map(clean)


def _any(kind: Any) -> st.SearchStrategy[Any]:
    return st.builds(kind, **{field.name: TEXT for field in structs.fields(kind)})


@given(_any(Address), _any(ContactInfo), st.sampled_from(["th", "en"]), st.sampled_from(["TH", "SG"]))
def test_any_text_makes_a_block_of_single_lines(parts: Address, info: ContactInfo, language: str, region: str) -> None:
    block = build_address(parts, info, language, region)
    for text in filter(lambda value: isinstance(value, str), structs.astuple(block)):
        assert "\n" not in text
        assert text == text.strip()
    if block.country == "Thailand":
        assert block.zip == "" or (len(block.zip) == 5 and block.zip.isascii() and block.zip.isdigit())


@example(Address(street="เชียงใหม่50000เขตวัฒนา", district="0", state="0"))
@given(_any(Address))
def test_the_same_address_from_both_sources_is_the_same_block(parts: Address) -> None:
    """Where all of it is said and the shorter source, by itself, does not name two places."""
    info = ContactInfo(address=parts.street, city=parts.city, zipcode=parts.postal_code)
    once, alone = build_address(parts, NOBODY), build_address(Address(), info)
    if alone.contradictory or not all((once.address, once.city, once.zip, once.state, once.country)):
        return
    assert build_address(parts, info) == once


def test_a_row_of_postcodes_holds_no_worker_up() -> None:
    began = time.process_time()
    build_address(Address(), ContactInfo(address="10110 " * 1_700))
    assert time.process_time() - began < 5
