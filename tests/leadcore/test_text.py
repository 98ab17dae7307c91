import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leadcore.text import MAX_TEXT, clean
from tests.leadcore.test_event import VALUES


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("  สมชาย \t  ใจดี ", "สมชาย ใจดี"),
        ("a\r\n  b \n\n c", "a\nb\nc"),
        ("a\u200b\ufeffb\x00\x07", "ab"),
        ("\u202ea\ud800", "a"),
        ("e\u0301", "é"),
        ("x" * (MAX_TEXT + 10), "x" * MAX_TEXT),
        (12, "12"),
        (12.0, "12"),
        (0.1, "0.1"),
        (1e20, "1e+20"),
        (-5, "-5"),
        (10**301, ""),
        (math.nan, ""),
        (math.inf, ""),
        (None, ""),
        (True, ""),
        (["a"], ""),
        ({"a": 1}, ""),
    ],
)
def test_any_value_has_a_clean_text(value: Any, text: str) -> None:
    assert clean(value) == text


@given(VALUES)
def test_cleaning_twice_changes_nothing_and_the_result_is_short_valid_unicode(value: Any) -> None:
    once = clean(value)
    assert clean(once) == once
    assert len(once) <= MAX_TEXT
    once.encode()


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        # Thai and Lao
        ("คุณอําพร เเก้วใส", "คุณอำพร แก้วใส"),
        ("นํ้า น้ํา นำ้", "น้ำ น้ำ น้ำ"),
        ("ก่ิง สิทธ์ิ ค่่ะ", "กิ่ง สิทธิ์ ค่ะ"),
        ("เเม่", "แม่"),
        ("ນໍ້າ ເເມ່", "ນ້ຳ ແມ່"),
        # Invisible characters
        ("Som\u00adchai", "Somchai"),
        ("081\ufe0f2345678", "0812345678"),
        ("0️⃣8️⃣1️⃣", "081"),
        ("a\u200db\u200cc\u2066d\u061ce", "abcde"),
        ("葛\U000e0100城", "葛城"),
        ("S\u0336o\u0336m\u0336", "Som"),
        # Styled letters
        ("ℳ𝒶𝓇𝓎 𝒥𝒶𝓃𝑒", "Mary Jane"),
        ("Ⓢⓞⓜ 🅂🅞🅼 ⒮⒪⒨ 🄢🄞🄜", "Som SOM som SOM"),
        ("ꜱᴏᴍ ˢᵒᵐ", "som som"),
        ("Ｓｏｍ　ｃｈａｉ　０８１", "Som chai 081"),
        ("①② 𝟎𝟖𝟏", "12 081"),
        ("㈱山田 ﾔﾏﾀﾞ ⼭⽥ ﬁt", "(株)山田 ヤマダ 山田 fit"),
        # HTML
        ("Sean O&#039;Brien", "Sean O'Brien"),
        ("King&#x27;s &amp; Soi&nbsp;3<br>Rawai<BR />A", "King's & Soi 3\nRawai\nA"),
        ("&amp;amp; &amp;#039; &lt;b&gt;x&lt;/b&gt;", "& ' x"),
        ('<p class="a">A</p><div>B</div><script>x()</script><!-- c -->', "A\nB"),
        ("<td>A</td><td>B</td>", "A\nB"),
        # Escaped twice
        (r"\u0e2a\u0e21\u0e0a\u0e32\u0e22", "สมชาย"),
        (r"\\u0e2a\\u0e21", "สม"),
        (r"\ud83d\ude00", "😀"),
        ("u0e2au0e21u0e0au0e32u0e22", "สมชาย"),
        (r"99/1\nBangkok", "99/1\nBangkok"),
        # Line breaks
        ("a\rb\x0bc\u2028d", "a\nb\nc\nd"),
    ],
)
def test_what_looks_or_means_the_same_has_one_form(written: str, normal: str) -> None:
    assert clean(written) == normal
    assert clean(normal) == normal


@pytest.mark.parametrize(
    "text",
    [
        "ที่ ซื้อ กิ่งแก้ว น้ำ ไม้ ศิริพงษ์ สิทธิ์ ภู่ ฤๅ เปี๊ยก ผู้ใหญ่",
        "AT&T R&D; Tom & Jerry &copyright;",
        "Ann <ann@example.com> <3 a < b > c",
        "می\u200cخواهم क्\u200dष",
        "👨\u200d👩\u200d👧 ❤️ 🏳️\u200d🌈 🇹🇭",
        "№ 5 m² ™ 20℃ ½ 1º",
        "Nguyễn Thị Lan",
        "王小明 山田太郎 김민준",
        r"C:\new \d",
        "50% (ค่ะ) “a” — b…",
    ],
)
def test_what_is_meant_as_it_stands_stays(text: str) -> None:
    assert clean(text) == text


@example("กำ่่")
@example("กํ่่า")
@example("ก่ิ่ิ")
@given(st.text(st.sampled_from("กเาิ่้ํำแ์a&amp;<br>\\u0e2a\u200d️𝓐Ａ①"), max_size=30))
def test_the_normal_form_of_a_normal_form_is_itself(text: str) -> None:
    once = clean(text)
    assert clean(once) == once


def test_a_text_that_is_nested_without_end_takes_no_time() -> None:
    for text in ("&" + "amp;" * 4000, "<!--" * 4000, "<br " * 4000, "\\u005c" + "u005c" * 3000, "{{" * 8000):
        clean(text)
