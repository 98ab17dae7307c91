"""Countries under every spelling, written as people write them."""

import pycountry
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.rules.mapping import country


@pytest.mark.parametrize(
    ("text", "name", "code"),
    [
        ("Thailand", "Thailand", "TH"),
        ("thailand", "Thailand", "TH"),
        ("TH", "Thailand", "TH"),
        ("THA", "Thailand", "TH"),
        ("ไทย", "Thailand", "TH"),
        ("ประเทศไทย", "Thailand", "TH"),
        ("ประเทศ ไทย", "Thailand", "TH"),
        ("Kingdom of Thailand", "Thailand", "TH"),
        ("UK", "United Kingdom", "GB"),
        ("U.K.", "United Kingdom", "GB"),
        ("The United Kingdom", "United Kingdom", "GB"),
        ("England", "United Kingdom", "GB"),
        ("อังกฤษ", "United Kingdom", "GB"),
        ("USA", "United States", "US"),
        ("U.S.A.", "United States", "US"),
        ("us", "United States", "US"),
        ("Korea", "South Korea", "KR"),
        ("Republic of Korea", "South Korea", "KR"),
        ("เกาหลีใต้", "South Korea", "KR"),
        ("เกาหลีเหนือ", "North Korea", "KP"),
        ("中国", "China", "CN"),
        ("จีน", "China", "CN"),
        ("ประเทศจีน", "China", "CN"),
        ("Viet Nam", "Vietnam", "VN"),
        ("VN", "Vietnam", "VN"),
        ("Lao PDR", "Laos", "LA"),
        ("LA", "Laos", "LA"),
        ("สปป.ลาว", "Laos", "LA"),
        ("Taiwan, Province of China", "Taiwan", "TW"),
        ("台灣", "Taiwan", "TW"),
        ("Hong Kong", "Hong Kong", "HK"),
        ("Russian Federation", "Russia", "RU"),
        ("พม่า", "Myanmar", "MM"),
        ("Burma", "Myanmar", "MM"),
        ("Niger", "Niger", "NE"),
        ("Nigeria", "Nigeria", "NG"),
        ("Iran, Islamic Republic of", "Iran", "IR"),
        ("Türkiye", "Turkey", "TR"),
        ("Sri Lanka", "Sri Lanka", "LK"),
    ],
)
def test_a_country_is_written_by_its_common_name(text: str, name: str, code: str) -> None:
    assert (country.name(text), country.code(text)) == (name, code)


@pytest.mark.parametrize("text", ["", " ", "-", ".", "Narnia", "Bangkok", "Thailandd", "99999"])
def test_what_is_no_country_has_no_name_no_code_and_no_spelling(text: str) -> None:
    assert (country.name(text), country.code(text), country.spellings(text)) == ("", "", ())


@pytest.mark.parametrize("entry", list(pycountry.countries), ids=lambda entry: entry.alpha_2)
def test_our_own_table_agrees_with_iso_and_writes_no_inverted_name(entry: object) -> None:
    for attribute in ("alpha_2", "alpha_3", "name", "official_name", "common_name"):
        if spelling := getattr(entry, attribute, ""):
            assert country.code(spelling) == entry.alpha_2  # type: ignore[attr-defined]
    assert ", " not in country.name(entry.alpha_2).replace("Bonaire, ", "").replace("Saint Helena, ", "")  # type: ignore[attr-defined]


def test_no_spelling_of_our_own_table_stands_for_two_countries() -> None:
    seen: dict[str, str] = {}
    for alpha_2, names in country._NAMES.items():
        for name in names:
            assert seen.setdefault(country._key(name), alpha_2) == alpha_2, name


@pytest.mark.parametrize("text", ["Thailand", "ไทย", "TH"])
def test_spellings_hold_what_a_dropdown_may_hold_the_common_name_first(text: str) -> None:
    spellings = country.spellings(text)
    assert spellings[0] == "Thailand"
    assert {"TH", "THA", "ไทย", "Kingdom of Thailand"} <= set(spellings)


def test_spellings_of_a_country_outside_our_table_come_from_iso() -> None:
    assert country.spellings("Niger")[:2] == ("Niger", "NE")


@pytest.mark.parametrize(
    ("text", "name"), [("CA", ""), ("us", ""), ("Georgia", ""), ("UK", "United Kingdom"), ("Japan", "Japan")]
)
def test_words_out_of_running_text_are_taken_for_a_country_only_when_that_is_sure(text: str, name: str) -> None:
    assert country.common(text) == name


@given(st.text())
def test_any_text_has_a_name_exactly_when_it_has_a_code(text: str) -> None:
    assert bool(country.name(text)) == bool(country.code(text)) == bool(country.spellings(text))
