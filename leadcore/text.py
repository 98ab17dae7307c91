"""The normal form of all text, made once, at the door: one spelling for what looks or means the same.

NFC; spaces and line breaks collapsed; HTML and doubly escaped JSON undone; invisible characters dropped where they
mean nothing; styled letters (full-width, mathematical, enclosed, small capitals) as plain ones; Thai and Lao vowels and
marks in the order in which they are spelled. NFKC is not applied to whole texts: it breaks the Thai sara am.
"""

import html
import math
import re
import unicodedata
from html.entities import html5
from typing import Any

MAX_TEXT = 4096
NOISE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufffe\uffff]"
)
"""C0/C1 controls, surrogates, zero-width marks and bidi controls: they have no meaning in a CRM field."""
NUMERALS = {ord(zero) + n: str(n) for zero in "๐０໐០၀٠۰०" for n in range(10)}
"""For `str.translate`: the wide digits and those of Thai, Lao, Khmer, Burmese, Arabic, Persian and Hindi."""
DIGITS = NUMERALS | {ord("－"): "-", ord("−"): "-", ord("\u3000"): " "}
"""For `str.translate`: digits of other scripts, and what stands among them, as plain ones."""
# A text that is escaped again and again is not unwrapped further.
_MAX_LAYERS = 8
_HALF = re.compile("[\ud800-\udfff]")
_LINE_BREAK = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SPACE = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\s*\n\s*")

# PHP's stripslashes makes u0e2a of \u0e2a.
_ESCAPED = re.compile(r"(?:\\+u[0-9a-fA-F]{4})+|(?:u0e[0-7][0-9a-f]){2,}")
_ESCAPED_BREAK = re.compile(r"(?:\\+r)?\\+n(?![a-z])")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_ATTRIBUTES = r"(?:\s+[\w:-]+\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'<>]+))*\s*/?>"
_BREAK_TAG = re.compile(rf"<(?:br|hr|/(?:p|div|li|tr|td|th|h[1-6])){_ATTRIBUTES}", re.IGNORECASE)
# Not every <...> is a tag: "Ann <ann@example.com>" and "<3" stay.
_TAG = re.compile(
    r"<!--.{0,999}?-->|<(script|style)\b.{0,999}?</\1>"
    r"|</?(?:a|abbr|b|big|blockquote|body|center|code|div|em|font|h[1-6]|head|html|i|img|input|label|li|mark|ol|p|pre|q|s|"
    rf"script|section|small|span|strike|strong|style|sub|sup|table|tbody|td|th|thead|title|tr|u|ul){_ATTRIBUTES}",
    re.IGNORECASE | re.DOTALL,
)

_SMALL_CAPITALS = "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz"
# Those that NFKC leaves alone or puts into parentheses.
_LETTERS = {
    **{ord(styled): plain for styled, plain in zip(*_SMALL_CAPITALS, strict=True)},
    **{first + n: chr(ord("A") + n) for first in (0x1F110, 0x1F130, 0x1F150, 0x1F170) for n in range(26)},
    **{0x249C + n: chr(ord("a") + n) for n in range(26)},
    **{first + n: str(n + 1) for first in (0x24F5, 0x2776, 0x2780, 0x278A) for n in range(9)},
    0x24FF: "0",
}
# Of the letterlike symbols only those that are one letter: № and ™ stay.
_LETTERLIKE = "".join(
    symbol
    for symbol in map(chr, range(0x2100, 0x2150))
    if re.fullmatch("[a-zA-Z]", unicodedata.normalize("NFKC", symbol))
)
_STYLED = re.compile(
    "["
    "\u02b0-\u02b8\u02e0-\u02e4\u1d2c-\u1d6a\u1d9b-\u1dbf\u2071\u207f\u2090-\u209c\u2160-\u217f\u2460-\u249b\u24b6-\u24ea\u2f00-\u2fd5"
    "\u321c\u3231\u3232\u337f\ufb00-\ufb06\ufb50-\ufbff\ufe70-\ufefc\uff01-\uffdc\U0001d400-\U0001d7ff"
    f"{_LETTERLIKE}{''.join(map(chr, _LETTERS))}]+"
)

# Persian, Indic scripts, Khmer, Burmese and Mongolian spell with joiners, emoji are joined by them.
_JOINING = "\u0600-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u18af"
_EMOJI = "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001fbff"
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u2065-\u206f\u3164\uffa0\ufff0-\ufffc\U000e0100-\U000e01ef"
    # Lines through and around letters, the frame of a keycap.
    "\u0305\u0332\u0333\u0335-\u0338\u20d0-\u20f0]"
    f"|(?<![{_EMOJI}])[\ufe00-\ufe0f]"
    f"|(?<![{_JOINING}])\u200c|\u200c(?![{_JOINING}])"
    f"|(?<![{_JOINING}{_EMOJI}\ufe0f])\u200d|\u200d(?![{_JOINING}{_EMOJI}])"
    "|(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0020-\U000e007f]"
)

_THAI = (
    (re.compile("เเ"), "แ"),
    (re.compile("ເເ"), "ແ"),
    (re.compile("\u0e4d([่-๋]*)า|([่-๋]+)\u0e4dา"), "\\1\\2ำ"),
    (re.compile("\u0ecd([່-໋]*)າ|([່-໋]+)\u0ecdາ"), "\\1\\2ຳ"),
    (re.compile("[ำ่-๋]{2,}"), lambda run: "".join(sorted(run[0], key="ำ".__eq__))),
    (re.compile("[ຳ່-໋]{2,}"), lambda run: "".join(sorted(run[0], key="ຳ".__eq__))),
    (re.compile("[ัิ-ู่-์]{2,}"), lambda run: "".join(sorted(run[0], key="่้๊๋์".__contains__))),
    (re.compile("[ັິ-ູ່-໌]{2,}"), lambda run: "".join(sorted(run[0], key="່້໊໋໌".__contains__))),
    (re.compile("([ัิ-ฺ็-๎])\\1+"), "\\1"),
)
# What most texts are made of: printable, in NFC as it stands, and left as it is unless it is misspelled.
_ORDINARY = re.compile(
    "[ -%'-;=-\\[\\]-~\u00c0-\u024f\u0e01-\u0e3a\u0e3f-\u0e4c\u0e4e-\u0e5b\u1e00-\u1eff\u2010-\u2026\u3001-\u3011"
    "\u3041-\u3096\u30a1-\u30fe\u4e00-\u9fff\uac00-\ud7a3]*"
).fullmatch
_MISSPELLED = re.compile("[ัำิ-ฺ่-๎](?:(?<=[ัิ-ฺ])[ัิ-ฺ]|(?<=[ำ่-๎])[ัิ-ฺ่-๎])").search


def clean(value: Any) -> str:
    """The normal form of any JSON value: a number's digits, a string of at most `MAX_TEXT` characters; "" for null,
    true, false, lists, objects, NaN and infinities."""
    if isinstance(value, str):
        if is_plain(value):
            return value.strip()[:MAX_TEXT].rstrip()
        text = unicodedata.normalize("NFC", _mend(value[: 4 * MAX_TEXT]))
        text = _LINE_BREAK.sub("\n", text)
        return _LINES.sub("\n", _SPACE.sub(" ", NOISE.sub("", text))).strip()[:MAX_TEXT].rstrip()
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int):
        return str(value) if abs(value) < 10**300 else ""
    if isinstance(value, float) and math.isfinite(value):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return ""


def is_whole(text: str) -> bool:
    """Whether `text` can be written in UTF-8. JSON can say half of a pair of UTF-16, which is no letter."""
    return not _HALF.search(text)


def is_plain(text: str) -> bool:
    """Whether `text` is in the normal form but for its ends and length. Some that are look as if they were not."""
    if not _ORDINARY(text) or "  " in text:
        return False
    return "u0e" not in text if text.isascii() else not ("เเ" in text or _MISSPELLED(text))


def _mend(text: str) -> str:
    for _ in range(_MAX_LAYERS):
        before = text
        text = _INVISIBLE.sub("", _STYLED.sub(_unstyle, text))
        text = _ESCAPED_BREAK.sub("\n", _ESCAPED.sub(_unescape, text))
        text = _ENTITY.sub(_read_entity, text)
        text = _TAG.sub("", _BREAK_TAG.sub("\n", text))
        if text == before:
            break
    text = unicodedata.normalize("NFC", text)
    for misspelled, spelled in _THAI:
        text = misspelled.sub(spelled, text)
    return text


def _unstyle(styled: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", styled[0].translate(_LETTERS))


def _unescape(escaped: re.Match[str]) -> str:
    units = bytes.fromhex(re.sub(r"\\*u", "", escaped[0]))
    return units.decode("utf-16-be", "surrogatepass")


def _read_entity(entity: re.Match[str]) -> str:
    # `unescape` alone also reads what only begins like an entity: &copyright; as ©right;.
    return html.unescape(entity[0]) if entity[0][1] == "#" else html5.get(entity[0][1:], entity[0])
