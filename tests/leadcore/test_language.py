import pycountry
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadcore import language

PORTAL = frozenset({"en", "th", "zh-cn", "ZH_TW", "pt-br", "vi"})


@pytest.mark.parametrize(
    ("said", "name", "options", "value"),
    [
        ("th", "Thai", PORTAL, "th"),
        ("TH", "", PORTAL, "th"),
        ("th-TH", "", PORTAL, "th"),
        ("zh-CN", "Chinese", PORTAL, "zh-cn"),
        ("zh_cn", "", PORTAL, "zh-cn"),
        ("zh-tw", "", PORTAL, "ZH_TW"),
        ("zh-Hant-TW", "", PORTAL, "ZH_TW"),
        ("zh", "", PORTAL, ""),
        ("en_US", "", PORTAL, "en"),
        ("pt", "", PORTAL, ""),
        ("lo", "", PORTAL, ""),
        ("ja", "", PORTAL, ""),
        ("th", "", frozenset({"TH"}), "TH"),
        ("th", "", frozenset(), ""),
        ("th", "", None, "th"),
        ("th-TH", "", None, "th"),
        ("zh-CN", "", None, "zh-cn"),
        ("en_US", "", None, "en-us"),
        ("en-SG", "", None, "en"),
        ("ms", "", None, "ms"),
        ("lo", "", None, ""),
        ("km", "", None, ""),
        ("tl", "", None, ""),
        ("", "Lao", frozenset({"lo"}), "lo"),
        ("", "Thai", PORTAL, "th"),
        ("", "ภาษาไทย", PORTAL, "th"),
        ("", "ไทย", PORTAL, "th"),
        (" ", "english", PORTAL, "en"),
        ("", "English (US)", PORTAL, "en"),
        ("", "Chinese (Simplified)", PORTAL, "zh-cn"),
        ("", "简体中文", PORTAL, "zh-cn"),
        ("", "Tiếng Việt", PORTAL, "vi"),
        ("", "Bahasa Indonesia", None, "id"),
        ("", "Klingon", PORTAL, ""),
        ("jpn", "", None, "ja"),
        ("jp", "", None, "ja"),
        ("iw", "", None, "he"),
        ("th-TH,th;q=0.9,en;q=0.8", "", None, "th"),
        ("en-US,en;q=0.9", "", None, "en-us"),
        ("Chinese, Simplified", "", PORTAL, "zh-cn"),
        ("JPN", "", None, "ja"),
        ("vie", "", PORTAL, "vi"),
        ("zho-TW", "", PORTAL, "ZH_TW"),
        ("chi_CN", "", PORTAL, "zh-cn"),
        ("may", "", None, "ms"),
        ("msa", "", None, "ms"),
        ("bur", "", None, "my"),
        ("fil", "", frozenset({"tl"}), "tl"),
        ("cat", "", frozenset({"ca"}), "ca"),
        ("und", "Thai", PORTAL, "th"),
        ("", "vie", PORTAL, "vi"),
        ("", "", PORTAL, ""),
        ("", "", None, ""),
        ("ja", "Thai", PORTAL, ""),
        ("unknown", "Thai", PORTAL, ""),
    ],
)
def test_the_option_for_a_language(said: str, name: str, options: frozenset[str] | None, value: str) -> None:
    assert language.choose(said, name, options) == value


@pytest.mark.parametrize(
    ("said", "name", "code"),
    [
        ("th", "", "th"),
        ("TH", "English", "th"),
        ("zh-CN", "", "zh"),
        ("en_US", "", "en"),
        ("tha", "", "th"),
        ("Thai", "", "th"),
        ("lo", "", "lo"),
        ("", "ภาษาอังกฤษ", "en"),
        ("", "Chinese", "zh"),
        ("ger", "", "de"),
        ("deu-DE", "", "de"),
        ("kor", "", "ko"),
        ("mul", "", ""),
        ("", "traditional chinese", "zh"),
        ("", "ญี่ปุ่น", "ja"),
        ("", "日本語", "ja"),
        ("", "พม่า", "my"),
        ("", "", ""),
        ("?", "Thai", ""),
        ("😀", "", ""),
    ],
)
def test_the_language_to_speak(said: str, name: str, code: str) -> None:
    assert language.base_language(said, name) == code


@given(
    st.text() | st.sampled_from(["", "th", "zh_CN", "en-"]), st.text(), st.none() | st.frozensets(st.text(max_size=5))
)
def test_any_text_gives_one_of_the_options_or_nothing(said: str, name: str, options: frozenset[str] | None) -> None:
    value = language.choose(said, name, options)
    assert not value or options is None or value in options
    code = language.base_language(said, name)
    assert not code or (code.isascii() and code.islower() and 2 <= len(code) <= 3)
    assert code or not value


def test_every_language_with_two_letters_is_known_by_its_three() -> None:
    for each in pycountry.languages:
        if code := getattr(each, "alpha_2", ""):
            for three in filter(None, (each.alpha_3, getattr(each, "bibliographic", ""))):
                assert language.base_language(three, "") == code
