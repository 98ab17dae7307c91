import re

import pytest

from leadcore.event import Address, ContactInfo
from workers.rules.mapping import thai_places, towns
from workers.rules.mapping.address import PostalAddress, build_address
from workers.rules.mapping.provinces import find

THAI = "[\u0e00-\u0e7f]+"


def build(**parts: str) -> PostalAddress:
    return build_address(Address(**parts), ContactInfo())


@pytest.mark.parametrize(
    ("town", "province"),
    [
        ("Patong", "ภูเก็ต"), ("Patong Beach", "ภูเก็ต"), ("หาดป่าตอง", "ภูเก็ต"), ("Karon", "ภูเก็ต"), ("กะตะ", "ภูเก็ต"),
        ("Koh Samui", "สุราษฎร์ธานี"), ("Ko Samui", "สุราษฎร์ธานี"), ("เกาะสมุย", "สุราษฎร์ธานี"), ("Chaweng", "สุราษฎร์ธานี"),
        ("Bophut", "สุราษฎร์ธานี"), ("Hua Hin", "ประจวบคีรีขันธ์"), ("HuaHin", "ประจวบคีรีขันธ์"), ("หัวหิน", "ประจวบคีรีขันธ์"),
        ("Cha-am", "เพชรบุรี"), ("ชะอำ", "เพชรบุรี"), ("Pai", "แม่ฮ่องสอน"), ("Ao Nang", "กระบี่"), ("อ่าวนาง", "กระบี่"),
        ("Pattaya", "ชลบุรี"), ("Pattaya City", "ชลบุรี"), ("เมืองพัทยา", "ชลบุรี"), ("Jomtien Beach", "ชลบุรี"),
        ("Hat Yai", "สงขลา"), ("หาดใหญ่", "สงขลา"), ("Koh Chang", "ตราด"), ("koh phangan", "สุราษฎร์ธานี"),
        ("Паттайя", "ชลบุรี"), ("华欣", "ประจวบคีรีขันธ์"), ("Самуи", "สุราษฎร์ธานี"),
    ],
)  # fmt: skip
def test_a_well_known_town_tells_its_province_and_thailand(town: str, province: str) -> None:
    said = build(street="12 Main Road", city=town)
    assert (said.state, said.country, said.city, said.unsaved) == (province, "Thailand", town, "")


def test_beside_another_country_or_postcode_a_town_tells_nothing() -> None:
    assert build(street="1", city="Kata", country="India").country == "India"
    elsewhere = build(street="1", city="เกาะเต่า", postal_code="93170")
    assert (elsewhere.state, elsewhere.zip) == ("พัทลุง", "93170")
    assert build(street="1", city="Kata", postal_code="560001").state == ""


def test_every_town_lies_in_its_province_by_the_table_of_places() -> None:
    wrong = []
    for line in towns.TABLE.strip().split("\n"):
        name, _, entries = line.partition(": ")
        for entry in entries.split("; "):
            place = re.search(rf"\(({THAI})\)", entry) or re.search(f"({THAI})", entry)
            assert place is not None
            homes = thai_places.provinces_of_subdistrict(place[1]) | thai_places.provinces_of_district(place[1])
            if find(name) not in homes:
                wrong.append(entry)
    assert wrong == []
