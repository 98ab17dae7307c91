"""The provinces of Thailand's neighbours."""

import pycountry
import pytest

from workers.rules.mapping import neighbours, provinces


def test_the_codes_are_isos_and_none_is_left_out() -> None:
    islands = {"ID-MA", "ID-JW", "ID-KA", "ID-ML", "ID-NU", "ID-PP", "ID-SL", "ID-SM"}
    for country, count in (("KH", 25), ("LA", 18), ("MM", 15), ("MY", 16), ("VN", 63), ("ID", 38)):
        ours = {code for code in neighbours._NAMES if code.startswith(country)}
        assert len(ours) == count
        assert ours ^ {entry.code for entry in pycountry.subdivisions.get(country_code=country)} <= islands


def test_no_name_stands_for_two_provinces_or_for_one_of_thailand() -> None:
    seen: dict[str, str] = {}
    for code, names in neighbours._NAMES.items():
        for name in names:
            assert seen.setdefault(neighbours._squeezed(neighbours._key(name)), code) == code, name
            assert provinces.find(name) is None


def test_vietnam_has_34_provinces_since_what_was_merged() -> None:
    assert len({neighbours._MERGED.get(code[3:], code[3:]) for code in neighbours._NAMES if code[:2] == "VN"}) == 34


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Siem Reap", "KH-17"),
        ("siemreap province", "KH-17"),
        ("เสียมราฐ", "KH-17"),
        ("Vientiane Capital", "LA-VT"),
        ("ย่างกุ้ง", "MM-06"),
        ("Pulau Pinang", "MY-07"),
        ("TP. Hồ Chí Minh", "VN-SG"),
        ("Ho Chi Minh", "VN-SG"),
        ("Huế", "VN-26"),
        ("Papua Barat Daya", "ID-PD"),
        ("Bangkok", ""),
        ("NCR", ""),
        ("", ""),
    ],
)
def test_a_province_is_found_by_what_people_call_it(text: str, code: str) -> None:
    assert neighbours.find(text) == code


@pytest.mark.parametrize(
    ("text", "country", "spellings"),
    [
        ("Siem Reap", "KH", {"Siem Reap", "KH-17"}),
        ("Bình Dương", "VN", {"Bình Dương", "Binh Duong", "VN-57", "Hồ Chí Minh", "VN-SG"}),
        ("Binh Duong", "VN", {"Bình Dương"}),
    ],
)
def test_a_dropdown_may_hold_any_spelling_and_what_a_province_became_part_of(
    text: str, country: str, spellings: set[str]
) -> None:
    assert spellings <= set(neighbours.spellings(text, country))


@pytest.mark.parametrize(("text", "country"), [("Siem Reap", "VN"), ("Texas", "US"), ("", "")])
def test_elsewhere_there_are_no_spellings(text: str, country: str) -> None:
    assert neighbours.spellings(text, country) == ()
