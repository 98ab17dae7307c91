"""Phone numbers in typed text, as E.164 for HubSpot; text beside them is returned, not lost."""

import re

import phonenumbers
from msgspec import Struct
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

_ASCII: dict[int, int | str] = {
    **{0x0E50 + digit: str(digit) for digit in range(10)},
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)},
    **dict.fromkeys(map(ord, "‐‑‒–—―−ー_"), "-"),
    **dict.fromkeys(map(ord, "\u3000\u00a0"), " "),
}
_GAP = r"[ .-]?"
# By the library's numbering plan, all of 08 and 09 and most of 06 are mobile; the rest of 06 is left to the library.
_MOBILE = rf"(?:[89]{_GAP}\d|6{_GAP}[1-6])(?:{_GAP}\d){{7}}"
_THAI = re.compile(rf"(?:\+66{_GAP}|0066{_GAP}|0)({_MOBILE})", re.ASCII)
_THAI_WITHOUT_ZERO = re.compile(r"(?:66)?((?:[89]\d|6[1-6])\d{7})", re.ASCII)
_NOT_DIGIT = re.compile(r"\D", re.ASCII)

_EXTENSION = re.compile(r"\s*(?:เบอร์)?ต่อ\s*[.:]?\s*(?=\d)")
_DOUBLE_ZERO = re.compile(r"(^|[^\d\s().+-]\s*|\n)00(?=[1-9])")
_ZERO_689 = re.compile(
    rf"(?P<country>\+\d{{1,3}}[\s().-]*)?(?<![0-9A-Za-z])(?P<number>0[689](?:{_GAP}\d){{8}})(?!\d)", re.ASCII
)
_SAYS_PHONE = re.compile(
    r"เบอร์โทรศัพท์|เบอร์โทร|เบอร์มือถือ|เบอร์|โทรศัพท์|โทร|มือถือ|นะคะ|นะครับ|ครับ|ค่ะ|คะ|หรือ|และ|"
    r"(?<![^\W\d_])(?:telephone|tel|phone|mobile|mob|cell|call|no|or|and)(?![^\W\d_])[.:]?",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w")


class Phones(Struct, frozen=True):
    """`phone` and `mobile` are E.164 or ""; `others` are E.164, followed by " ext. 12" if there is an extension;
    `unparsed` is the whole text if it holds more than these numbers, else ""."""

    phone: str = ""
    mobile: str = ""
    others: tuple[str, ...] = ()
    unparsed: str = ""


def parse(text: str, region: str = "TH") -> Phones:
    """The numbers in `text`; `region` (ISO 3166 alpha-2) applies to numbers without a country code.

    `phone` is the first mobile, else the first valid number. `0[689]` and 8 more digits are Thai in any region, if
    Thailand has such a number.
    """
    plain = text.translate(_ASCII).strip()
    mobile = _THAI.fullmatch(plain) or (_THAI_WITHOUT_ZERO.fullmatch(plain) if region == "TH" else None)
    if mobile:
        e164 = "+66" + _NOT_DIGIT.sub("", mobile[1])
        return Phones(phone=e164, mobile=e164)
    return _search(text, plain, region) if _WORD.search(plain) else Phones()


def national(e164: str) -> str:
    """`+66891234567` -> `089 123 4567`; a text that is no number is returned unchanged."""
    if re.fullmatch(r"\+66[689]\d{8}", e164, re.ASCII):
        return f"0{e164[3:5]} {e164[5:8]} {e164[8:]}"
    try:
        return phonenumbers.format_number(phonenumbers.parse(e164), PhoneNumberFormat.NATIONAL)
    except phonenumbers.NumberParseException:
        return e164


def _search(text: str, plain: str, region: str) -> Phones:
    cleaned = _SAYS_PHONE.sub(" ", _EXTENSION.sub(" ext. ", plain))
    cleaned = _ZERO_689.sub(_as_thai, _DOUBLE_ZERO.sub(r"\1+", cleaned))
    numbers, rest = [], cleaned
    for match in phonenumbers.PhoneNumberMatcher(cleaned, region):
        numbers.append(match.number)
        rest = rest.replace(match.raw_string, " ", 1)
    if not numbers and cleaned.isdigit() and (whole := _whole(cleaned, region)):
        numbers, rest = [whole], ""
    return Phones(*_arrange(numbers), unparsed=text if _WORD.search(rest) else "")


def _whole(digits: str, region: str) -> PhoneNumber | None:
    """For a text of digits only: it may come from a JSON number, which loses a leading zero or plus."""
    return _valid(digits, region) or _valid("+" + digits, region)


def _valid(text: str, region: str) -> PhoneNumber | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None


def _as_thai(match: re.Match[str]) -> str:
    e164 = "+66" + _NOT_DIGIT.sub("", match["number"])[1:]
    return match[0] if match["country"] or not _valid(e164, "TH") else e164


def _arrange(numbers: list[PhoneNumber]) -> tuple[str, str, tuple[str, ...]]:
    mobiles = [n for n in numbers if phonenumbers.number_type(n) == PhoneNumberType.MOBILE]
    first = next(iter(mobiles or numbers), None)
    if first is None:
        return "", "", ()
    phone = _e164(first)
    readable = (f"{_e164(n)} ext. {n.extension}" if n.extension else _e164(n) for n in numbers)
    others = tuple(other for other in dict.fromkeys(readable) if other != phone)
    return phone, phone if mobiles else "", others


def _e164(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)
