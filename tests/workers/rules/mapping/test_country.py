"""Countries under every spelling, written as people write them."""

from pathlib import Path

import pycountry
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workers.rules.mapping import cldr_names
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
        ("ศรีลังกา", "Sri Lanka", "LK"),
        ("เนปาล", "Nepal", "NP"),
        ("Nga", "Russia", "RU"),
        ("アメリカ", "United States", "US"),
        ("United States of America", "United States", "US"),
        ("السعودية", "Saudi Arabia", "SA"),
        ("ซาอุดิอาระเบีย", "Saudi Arabia", "SA"),
        ("Inggris", "United Kingdom", "GB"),
        ("สกอตแลนด์", "United Kingdom", "GB"),
        ("南韩", "South Korea", "KR"),
        ("NGA", "Nigeria", "NG"),
        ("Mỹ", "United States", "US"),
        ("my", "Malaysia", "MY"),
        ("Allemagne", "Germany", "DE"),
        ("ປະເທດລາວ", "Laos", "LA"),
        ("Thailandd", "Thailand", "TH"),
    ],
)
def test_a_country_is_written_by_its_common_name(text: str, name: str, code: str) -> None:
    assert (country.name(text), country.code(text)) == (name, code)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Hong Kong SAR China", "Hong Kong"),
        ("Hong Kong, China", "Hong Kong"),
        ("香港特別行政區", "Hong Kong"),
        ("中国台湾", "Taiwan"),
        ("เขตปกครองพิเศษมาเก๊า", "Macau"),
        ("Guam, USA", "Guam"),
        ("United Kingdom (UK)", "United Kingdom"),
        ("Vietnam VN", "Vietnam"),
        ("VN - Vietnam", "Vietnam"),
        ("ไทย (Thailand)", "Thailand"),
        ("Japan / ญี่ปุ่น", "Japan"),
        ("Burma (Myanmar)", "Myanmar"),
        ("🇹🇭", "Thailand"),
        ("Malaysia 🇲🇾", "Malaysia"),
        ("🇲🇾 มาเลเซีย", "Malaysia"),
        ("Republic of Kenya", "Kenya"),
        ("Republic of the Union of Myanmar", "Myanmar"),
        ("สาธารณรัฐสิงคโปร์", "Singapore"),
        ("ประเทศสาธารณรัฐประชาธิปไตยประชาชนลาว", "Laos"),
        ("Republic of China", "Taiwan"),
        ("People's Republic of China", "China"),
        ("Republic of Ireland", "Ireland"),
        ("Congo (DRC)", "DR Congo"),
        ("Korea (North)", "North Korea"),
        ("Paris, France", "France"),
    ],
)
def test_a_qualifier_does_not_hide_a_country(text: str, name: str) -> None:
    assert country.name(text) == name


@pytest.mark.parametrize("text", ["Georgia, USA", "Congo (somewhere)", "🇹🇭🇯🇵", "🇽🇽", "Narnia 🇽🇽"])
def test_parts_that_name_no_country_or_two_name_none(text: str) -> None:
    assert country.name(text) == ""


@pytest.mark.parametrize("language", cldr_names.LANGUAGES)
def test_every_name_of_cldr_is_found_and_none_is_another_country(language: str) -> None:
    """But Norwegian's "Kongo", which CLDR gives to one of the two and pycountry to the other."""
    wrong = {name for code, name in cldr_names.names(language).items() if country.code(name) != code}
    assert wrong == ({"Kongo"} if language == "nb" else set())


def test_the_table_of_names_is_cldrs_and_no_line_of_it_is_idle(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "empty.tsv").write_text("#\n")
    with monkeypatch.context() as patched:
        patched.setattr(country, "CLDR_NAMES", tmp_path / "empty.tsv")
        _forget()
        assert cldr_names.PATH.read_text(encoding="utf-8") == cldr_names.render()
    _forget()


def _forget() -> None:
    country.code.cache_clear()
    country._translations.cache_clear()


@pytest.mark.parametrize("text", ["", " ", "-", ".", "Narnia", "Bangkok", "ปทท", "tha", "99999"])
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


@pytest.mark.parametrize(
    ("text", "code"), [("Ý", "IT"), ("Y", ""), ("+66", "TH"), ("66", "TH"), ("(+856)", "LA"), ("+1", ""), ("+7", "")]
)
def test_a_letter_is_a_country_with_its_mark_only_and_a_calling_code_where_it_is_ones_own(text: str, code: str) -> None:
    assert country.code(text) == code
