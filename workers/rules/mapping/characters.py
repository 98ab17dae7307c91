"""Characters that are written in several ways, and which of them belong to words."""

import re
import unicodedata

_MARKS = (
    "\u0300-\u036f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece"
    "\u102b-\u103e\u1056-\u1059\u105e-\u1060\u1062-\u1064\u1067-\u106d\u1071-\u1074\u1082-\u108d\u108f\u109a-\u109d\u17b4-\u17d3\u17dd"
)
WORD = rf"\w{_MARKS}"
r"""For character classes of regular expressions: `\w` with accents and the vowel signs and tones of Thai, Lao, Burmese
and Khmer, which are no word characters to Python."""
SPACELESS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
"""For character classes: the scripts that put no spaces between words: Thai, Lao, Burmese, Khmer, Chinese, Japanese."""
SYLLABLE_START = r"(?<![\u0e40-\u0e44\u0ec0-\u0ec4\u17d2])"
SYLLABLE_END = rf"(?![{_MARKS}\u0e30\u0e32\u0e33\u0e45\u0eb0\u0eb2\u0eb3])"
"""Around what must not begin behind a vowel that is written first, nor end before a vowel or tone."""
NOT_BEHIND_LATIN, NOT_BEFORE_LATIN = r"(?<![A-Za-zÀ-ɏḀ-ỿ])", r"(?![A-Za-zÀ-ɏḀ-ỿ])"
"""Around a Latin word that may be glued to one of another script."""
FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
"""For `str.translate`: the wide forms of ASCII in Chinese and Japanese text."""
_ACCENTS = re.compile(r"[\u0300-\u036f]")


def strip_accents(text: str) -> str:
    """`text` without the accents of its Latin letters, also đ as d; what other scripts spell with marks stays."""
    if text.isascii():
        return text
    plain = _ACCENTS.sub("", unicodedata.normalize("NFD", text)).replace("đ", "d").replace("Đ", "D")
    return unicodedata.normalize("NFC", plain)
