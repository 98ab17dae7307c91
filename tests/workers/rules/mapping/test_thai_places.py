"""Every subdistrict of Thailand, written in the ways in which people write an address."""

from collections.abc import Callable, Iterator
from functools import cache

import pytest

from leadcore.event import Address, ContactInfo
from tests.workers.rules.mapping import thai_table
from tests.workers.rules.mapping.thai_table import Subdistrict
from workers.rules.mapping import thai_places
from workers.rules.mapping.address import PostalAddress, build_address
from workers.rules.mapping.provinces import BANGKOK, PROVINCES, Province, find

Said = tuple[Address, ContactInfo]
Form = Callable[["_Place"], Said]
IN_FULL = 12
HOUSE, ENGLISH_HOUSE = "99/1 หมู่ 2", "99/1 Moo 2"
NOBODY = ContactInfo()


class _Place:
    """A subdistrict with one of its postcodes and the titles that fit."""

    def __init__(self, names: Subdistrict, postcode: str) -> None:
        found = find(names.province_th)
        assert found
        self.province: Province = found
        self.sub, self.dist, self.prov = names.th, names.district_th, found.th
        self.sub_en, self.dist_en, self.prov_en = names.en, names.district_en, found.en
        self.postcode = postcode
        city = found is BANGKOK
        self.short = f"แขวง{self.sub} เขต{self.dist} กรุงเทพฯ" if city else f"ต.{self.sub} อ.{self.dist} จ.{self.prov}"
        self.long = (
            f"แขวง{self.sub} เขต{self.dist} กรุงเทพมหานคร"
            if city
            else f"ตำบล{self.sub} อำเภอ{self.dist} จังหวัด{self.prov}"
        )
        self.spaced = (
            self.long.replace("แขวง", "แขวง ", 1).replace(" เขต", " เขต ", 1)
            if city
            else (f"ตำบล {self.sub} อำเภอ {self.dist} จังหวัด {self.prov}")
        )
        self.without_province = self.short.rpartition(" ")[0]


@cache
def _places() -> tuple[_Place, ...]:
    return tuple(_Place(names, postcode) for names in thai_table.subdistricts() for postcode in names.postcodes)


def _parts(p: _Place, **parts: str) -> Said:
    return Address(**{"street": HOUSE, "subdistrict": p.sub, "district": p.dist, **parts}), NOBODY


def _text(text: str) -> Said:
    return Address(), ContactInfo(address=text)


def _thai_digits(text: str) -> str:
    return text.translate({ord("0") + n: "๐๑๒๓๔๕๖๗๘๙"[n] for n in range(10)})


# Form -> how to write it, and in how many places a part is not read: of all 7,600 (subdistrict, postcode) in the first
# twelve forms, in the others of one place for each postcode. What is lost: the one subdistrict จ.ป.ร., one called ถนน
# (road), and English without commas where a name ends in Soi or Thanon.
FORMS: dict[str, tuple[Form, int]] = {
    "parts": (lambda p: _parts(p, city=p.prov, state=p.prov, postal_code=p.postcode), 1),
    "parts without city": (lambda p: _parts(p, state=f"จ.{p.prov}", postal_code=p.postcode), 1),
    "parts without province": (lambda p: _parts(p, postal_code=p.postcode), 1),
    "parts in English": (
        lambda p: (Address(ENGLISH_HOUSE, "", p.sub_en, p.dist_en, "", p.prov_en, p.postcode, "Thailand"), NOBODY),
        0,
    ),
    "parts in English without province": (
        lambda p: (Address(ENGLISH_HOUSE, "", p.sub_en, p.dist_en, "", "", p.postcode), NOBODY),
        0,
    ),
    "short titles": (lambda p: _text(f"{HOUSE} {p.short} {p.postcode}"), 1),
    "titles with a space": (lambda p: _text(f"{HOUSE} {p.spaced} {p.postcode}"), 1),
    "all glued": (lambda p: _text(f"{HOUSE}{p.short.replace(' ', '')}{p.postcode}"), 2),
    "postcode first": (lambda p: _text(f"{p.postcode} {HOUSE} {p.short}"), 1),
    "postcode in the middle": (lambda p: _text(f"{HOUSE} {p.postcode} {p.short}"), 1),
    "province and postcode in one field": (lambda p: _parts(p, state=f"{p.prov} {p.postcode}"), 1),
    "three fields": (
        lambda p: (Address(), ContactInfo(address=f"{HOUSE} {p.without_province}", city=p.prov, zipcode=p.postcode)),
        1,
    ),
    "long titles": (lambda p: _text(f"{HOUSE} {p.long} {p.postcode}"), 1),
    "titles without province": (lambda p: _text(f"{HOUSE} {p.without_province} {p.postcode}"), 1),
    "titles without postcode": (lambda p: _text(f"{HOUSE} {p.short}"), 1),
    "no titles": (lambda p: _text(f"{HOUSE} {p.sub} {p.dist} {p.prov} {p.postcode}"), 2),
    "English": (lambda p: _text(f"{ENGLISH_HOUSE}, {p.sub_en}, {p.dist_en}, {p.prov_en} {p.postcode}"), 0),
    "English with titles": (
        lambda p: _text(
            f"99/1 Moo 2, {p.sub_en} Subdistrict, {p.dist_en} District, {p.prov_en} Province {p.postcode}, Thailand"
        ),
        1,
    ),
    "English without commas": (
        lambda p: _text(f"{ENGLISH_HOUSE} {p.sub_en} {p.dist_en} {p.prov_en} {p.postcode}"),
        30,
    ),
    "postcode behind a dot": (lambda p: _text(f"{HOUSE} {p.short}.{p.postcode}"), 1),
    "abbreviated province": (
        lambda p: _text(f"{HOUSE} {p.without_province} {'กรุงเทพ' if p.province is BANGKOK else p.prov}ฯ {p.postcode}"),
        1,
    ),
    "Thai digits": (lambda p: _text(_thai_digits(f"{HOUSE} {p.short} {p.postcode}")), 1),
    "a phone behind": (lambda p: _text(f"{HOUSE} {p.short} {p.postcode} โทร. 081-234-5678"), 1),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_subdistrict_is_read_in_twelve_forms_and_every_postcode_in_all(form: str) -> None:
    """Province, postcode, district, subdistrict and city; no word is lost or called contradictory. The province is told
    whatever else is not read."""
    write, bound = FORMS[form]
    position = list(FORMS).index(form)
    places = _places() if position < IN_FULL else _one_of_each_postcode(position)
    wrong = []
    for p in places:
        block = build_address(*write(p))
        assert (block.state, block.country) == (p.prov, "Thailand")
        if not _is_right(block, p, form):
            wrong.append(block)
    assert len(wrong) <= bound, wrong[:3]


def _one_of_each_postcode(position: int) -> list[_Place]:
    """Another one in each position."""
    by_postcode: dict[str, list[_Place]] = {}
    for p in _places():
        by_postcode.setdefault(p.postcode, []).append(p)
    return [places[position % len(places)] for places in by_postcode.values()]


@pytest.mark.parametrize(
    "spelling", ["อ.เมือง", "เมือง", "อำเภอเมือง", "อำเภอ เมือง", "Mueang", "Amphoe Muang", "Muang District"]
)
def test_the_district_of_every_capital_is_mueang_and_the_province(spelling: str) -> None:
    for p in {p.prov: p for p in _capitals()}.values():
        alone = build_address(Address(district=spelling, state=p.prov), NOBODY)
        free = build_address(*_text(f"99 {spelling} {p.prov_en if spelling.isascii() else p.prov} {p.postcode}"))
        name = thai_places.sound(p.dist_en if spelling.isascii() else p.dist)
        assert thai_places.sound(alone.city) == thai_places.sound(alone.district) == name
        assert (thai_places.sound(free.city), free.state, free.zip) == (name, p.prov, p.postcode)
        assert free.address.count("เมือง") + free.address.lower().count("muang") + free.address.count("Mueang") == 1


def _capitals() -> Iterator[_Place]:
    return (p for p in _places() if p.dist == f"เมือง{p.prov}")


def _is_right(block: PostalAddress, p: _Place, form: str) -> bool:
    english = "English" in form
    district, subdistrict = (p.dist_en, p.sub_en) if english else (p.dist, p.sub)
    city = p.prov if p.province is BANGKOK else district
    postcode = "" if form == "titles without postcode" else p.postcode
    phones = ("081-234-5678",) if form == "a phone behind" else ()
    said = (block.city, block.state, block.zip, block.country, block.subdistrict, block.district)
    right = said == (city, p.prov, postcode, "Thailand", subdistrict, district)
    return right and (block.unsaved, block.phones, block.contradictory) == ("", phones, False)


# The table


def test_the_table_is_made_of_geothai() -> None:
    assert thai_table.PATH.read_text(encoding="utf-8") == thai_table.render()


def test_of_976_postcodes_962_name_one_province_and_14_two() -> None:
    codes = {p.postcode for p in _places()}
    counts = [len({place.province for place in thai_places.find_places(code)}) for code in codes]
    assert (len(codes), counts.count(1), counts.count(2)) == (976, 962, 14)


def test_a_postcode_lies_in_its_provinces_and_in_those_whose_own_begin_like_it() -> None:
    for p in _places():
        assert thai_places.serves(p.province, p.postcode)
    assert [p.en for p in PROVINCES if thai_places.serves(p, "13240")] == ["Phra Nakhon Si Ayutthaya", "Lopburi"]
    assert [p.en for p in PROVINCES if thai_places.serves(p, "50999")] == ["Chiang Mai"], "the table lacks it"
    assert [p.en for p in PROVINCES if thai_places.serves(p, "99999")] == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Mueang Chiang Mai", "Muang Chiangmai"),
        ("Khlong Tan Nuea", "Klong Tan Nua"),
        ("Watthana", "Wattana"),
        ("Ko Samui", "Koh Samui"),
        ("Phra Khanong", "Prakanong"),
        ("Chatuchak", "Jatujak"),
        ("Khlong Toei", "Klongtoey"),
        ("Huai Khwang", "Huay Kwang"),
        ("Lat Phrao", "Ladprao"),
        ("Talat", "Talad"),
        ("Ratchathewi", "Rajathevi"),
        ("Si Racha", "Sriracha"),
    ],
)
def test_two_spellings_in_latin_letters_sound_alike(one: str, other: str) -> None:
    assert thai_places.sound(one) == thai_places.sound(other)
