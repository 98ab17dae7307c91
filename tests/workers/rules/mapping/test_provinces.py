"""The 77 provinces under every spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.rules.mapping.provinces import BANGKOK, PROVINCES, Province, find, is_postcode, key


def test_there_are_seventy_seven_with_distinct_names() -> None:
    assert len(PROVINCES) == len({p.th for p in PROVINCES}) == len({p.en for p in PROVINCES}) == 77


def test_no_spelling_stands_for_two_provinces() -> None:
    seen: dict[str, Province] = {}
    for province in PROVINCES:
        for spelling in province.spellings:
            assert seen.setdefault(key(spelling), province) is province, spelling


@pytest.mark.parametrize("province", PROVINCES, ids=lambda province: province.en)
def test_a_province_is_found_by_every_spelling_however_it_is_written(province: Province) -> None:
    assert province.spellings[:2] == (province.th, province.en)
    for spelling in province.spellings:
        for text in (
            spelling,
            spelling.upper(),
            spelling.replace(" ", ""),
            spelling.replace(" ", "-"),
            f" {spelling}. ",
        ):
            assert find(text) is province, text
    for text in (f"จ.{province.th}", f"จ. {province.th}", f"จังหวัด{province.th}", f"จังหวัด {province.th}"):
        assert find(text) is province, text
    for text in (f"{province.en} Province", f"Changwat {province.en}", f"{province.en}, Province"):
        assert find(text) is province, text


@pytest.mark.parametrize(
    ("text", "en"),
    [
        ("กทม.", "Bangkok"),
        ("กทม", "Bangkok"),
        ("ก.ท.ม.", "Bangkok"),
        ("กรุงเทพฯ", "Bangkok"),
        ("กรุงเทพ", "Bangkok"),
        ("กรุงเทพ ฯ", "Bangkok"),
        ("กรุงเทพมหานคร", "Bangkok"),
        ("bangkok", "Bangkok"),
        ("BKK", "Bangkok"),
        ("Krung Thep Maha Nakhon", "Bangkok"),
        ("อยุธยา", "Phra Nakhon Si Ayutthaya"),
        ("Ayutthaya", "Phra Nakhon Si Ayutthaya"),
        ("Phra Nakhon Si Ayutthaya", "Phra Nakhon Si Ayutthaya"),
        ("โคราช", "Nakhon Ratchasima"),
        ("Korat", "Nakhon Ratchasima"),
        ("Nakhon Ratchasima", "Nakhon Ratchasima"),
        ("Chiangmai", "Chiang Mai"),
        ("CHIANG-MAI", "Chiang Mai"),
        ("清迈", "Chiang Mai"),
        ("Chon Buri", "Chonburi"),
        ("Chonburi", "Chonburi"),
        ("เเพร่", "Phrae"),
        ("ลําพูน", "Lamphun"),
        ("นครศรีฯ", "Nakhon Si Thammarat"),
        ("ประจวบฯ", "Prachuap Khiri Khan"),
        ("สุราษฎร์ฯ", "Surat Thani"),
        ("พระนครศรีฯ", "Phra Nakhon Si Ayutthaya"),
        ("ฉะเชิงเทราฯ", "Chachoengsao"),
        ("จ.ชม.", "Chiang Mai"),
        ("ภก.", "Phuket"),
        ("จ.นม", "Nakhon Ratchasima"),
        ("Chang Wat Nan", "Nan"),
    ],
)
def test_the_spellings_that_customers_use(text: str, en: str) -> None:
    province = find(text)
    assert province is not None
    assert province.en == en


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ".",
        "จ.",
        "จังหวัด",
        "Province",
        "Pattaya",
        "หาดใหญ่",
        "广东省",
        "London",
        "เมือง",
        "นครฯ",
        "สมุทรฯ",
        "ชม",
        "ฯ",
    ],
)
def test_what_is_no_province_is_not_found(text: str) -> None:
    assert find(text) is None


@pytest.mark.parametrize(
    ("postcode", "en"),
    [
        ("10110", "Bangkok"),
        ("10540", "Samut Prakan"),
        ("11000", "Nonthaburi"),
        ("12120", "Pathum Thani"),
        ("20150", "Chonburi"),
        ("30000", "Nakhon Ratchasima"),
        ("38000", "Bueng Kan"),
        ("50200", "Chiang Mai"),
        ("57000", "Chiang Rai"),
        ("81120", "Krabi"),
        ("83000", "Phuket"),
        ("90110", "Songkhla"),
        ("96000", "Narathiwat"),
    ],
)
def test_a_province_serves_the_postcodes_that_begin_like_its_own(postcode: str, en: str) -> None:
    province = find(en)
    assert province is not None
    assert province.serves(postcode)


def test_a_province_does_not_serve_anothers_postcodes() -> None:
    assert [p.en for p in PROVINCES if p.serves("50200")] == ["Chiang Mai"]
    assert [p.en for p in PROVINCES if p.serves("10110")] == ["Bangkok", "Samut Prakan"]
    assert not BANGKOK.serves("50200")
    assert not BANGKOK.serves("")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("10110", True), ("96220", True)]
    + [(text, False) for text in ("", "00000", "99999", "1011", "101100", "๑๐๑๑๐", "10l10", "NW1 6")],
)
def test_a_thai_postcode_has_five_ascii_digits_of_a_province(text: str, expected: bool) -> None:
    assert is_postcode(text) is expected


@given(st.text())
def test_any_text_is_a_province_or_none(text: str) -> None:
    assert find(text) is None or find(text) in PROVINCES
    assert is_postcode(text) in (True, False)
