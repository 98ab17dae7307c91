import re
import sys
import unicodedata

import pytest

from leadcore.text import NUMERALS
from workers.rules.mapping.characters import FULL_WIDTH, WORD, strip_accents

SCRIPTS = ("THAI", "LAO", "MYANMAR", "KHMER")


def test_every_sign_of_the_scripts_around_thailand_is_of_a_word() -> None:
    signs = [
        each
        for each in map(chr, range(0xE00, sys.maxunicode))
        if unicodedata.name(each, "").startswith(SCRIPTS)
        and each < "\u1800"
        and unicodedata.category(each)[0] in "LM"
        and not re.fullmatch(f"[{WORD}]", each)
    ]
    assert [unicodedata.name(each) for each in signs] == []
    assert not re.search(f"[{WORD}]", "฿ .-,")


def test_digits_and_wide_forms_are_those_of_unicode() -> None:
    assert all(str(unicodedata.digit(chr(code))) == digit for code, digit in NUMERALS.items())
    assert all(unicodedata.normalize("NFKC", chr(wide)) == chr(plain) for wide, plain in FULL_WIDTH.items())


@pytest.mark.parametrize(
    ("text", "plain"),
    [("Đà Nẵng", "Da Nang"), ("Côte", "Cote"),
     ("ที่น้ำ", "ที่น้ำ"), ("ຈຳປາ", "ຈຳປາ"), ("パリ", "パリ"), ("서울", "서울")],
)  # fmt: skip
def test_only_latin_letters_lose_their_accents(text: str, plain: str) -> None:
    assert strip_accents(text) == plain
