"""Phone numbers in typed text, as E.164 for HubSpot; text beside them is returned, not lost."""

import re

import phonenumbers
from msgspec import Struct
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

from leadcore.text import NUMERALS
from workers.rules.mapping import characters, id_numbers, labels

# Soft hyphens, joiners, directions, variation selectors and the keycap, which are seen on a character or not at all.
INVISIBLE: dict[int, None] = dict.fromkeys(
    [0xAD, 0x34F, 0x20E3, 0xFEFF, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070)]
)
INVISIBLE |= dict.fromkeys(range(0xFE00, 0xFE10))
_ASCII: dict[int, int | str | None] = {
    **NUMERALS,
    **characters.FULL_WIDTH,
    **dict.fromkeys(map(ord, "‐‑‒–—―−ー・_"), "-"),
    0xA0: " ",
    0x301C: "~",
    **INVISIBLE,
}
_GAP = r"[ .-]?"
# By the library's numbering plan, all of 08 and 09 and most of 06 are mobile; the rest of 06 is left to the library.
_MOBILE = rf"(?:[89]{_GAP}\d|6{_GAP}[1-6])(?:{_GAP}\d){{7}}"
_WITH_CODE = re.compile(rf"(?:\+66|0066){_GAP}({_MOBILE})", re.ASCII)
# 3-1-5-1 is how a bank account is written.
_THAI = re.compile(
    rf"(?!\d{{3}}[ -]\d[ -]\d{{5}}[ -])(?:\+66{_GAP}|0066{_GAP}|0)({_MOBILE})|(?:66)?((?:[89]\d|6[1-6])\d{{7}})",
    re.ASCII,
)
_INTERNATIONAL = re.compile(r"\+\d[\d .()-]*", re.ASCII)
# A table of numbers read as floating point, or shown with an exponent.
_FLOAT = re.compile(r"(?<!\S)(\d{7,15})\.0(?!\S)", re.ASCII)
_EXPONENT = re.compile(r"(?<!\S)(\d)[.,](\d{6,14})e\+?0?(\d{1,2})(?!\S)", re.IGNORECASE | re.ASCII)
_NOT_DIGIT = re.compile(r"\D", re.ASCII)
_GROUP = re.compile(r"\d+", re.ASCII)
# With the 8 that Russians dial before a number at home; no country's code is 8, and none begins with 89.
_RUSSIAN = re.compile(r"8\D+\d{3}\D*\d{3}\D*\d\d\D*\d\d|89\d{9}", re.ASCII)
_ZERO_689 = re.compile(r"0[689]\d{8}", re.ASCII)

# An id of WhatsApp and a link to it hold the number with its country code.
_WHATSAPP = re.compile(
    r"(?<!\w)\+?(\d{7,15})(?::\d+)?@(?:c\.us|s\.whatsapp\.net)|"
    r"(?:https?://)?(?:wa\.me/|api\.whatsapp\.com/send/?\?phone=)\+?(\d{7,15})(?!\d)",
    re.IGNORECASE | re.ASCII,
)
# WhatsApp knows people by their number's old form: Mexico's with the 1 that fell away in 2019, Brazil's mobiles without
# the 9 that they got until 2016 (help pages of Zoho and Gupshup).
_OLD_FORMS = (
    (re.compile(r"\+521(\d{10})", re.ASCII), r"+52\1"),
    (re.compile(r"\+55(\d\d)([6-9]\d{7})", re.ASCII), r"+55\g<1>9\2"),
)
_LINE_ID = re.compile(
    r"(?:ไลน์?|(?<![a-z])line)\s*(?:id|ไอดี)?\s*[:=.]?\s*@?[\w.-]*\d[\w.-]*(?:[ -]\d+)*", re.IGNORECASE | re.ASCII
)
# Nobody answers there, unless it is "Tel/Fax".
_FAX = re.compile(
    rf"(?P<both>{labels.PHONE}[\s.]*(?:[/&+,]|and|และ)\s*)?"
    r"(?:แฟกซ์|โทรสาร|(?<![a-z])fax)(?:\s?(?:no|number|เบอร์|หมายเลข))?[\s.:：]*"
    r"[(+]?\d(?:[ ().-]{0,2}\d){6,13}(?:\s?(?:ต่อ|ext\.?|#)\s?\d{1,5})?",
    re.IGNORECASE | re.ASCII,
)
_EXTENSION = re.compile(r"\s*(?:เบอร์)?(?:(?<!ติด)ต่อ|กด)\s*[.:]?\s*(?=\d)")
_DOUBLE_ZERO = re.compile(r"(^|[^\d\s().+-]\s*|\n)\(?00(?=\)?[ -]?[1-9])")
_LETTER_O = re.compile(r"(?<![a-z])o+(?=-?\d)|(?<=\d)o+(?![a-z])", re.IGNORECASE)
_UNTIL = re.compile(r"(?<=\d)\s*(?:ถึง|~|to|until)\s*(?=[\d+(])", re.IGNORECASE)
_OR = re.compile(r"(?<=[\d\s])(?:หรือ|และ|or\b|and\b|&)", re.IGNORECASE)
# Thai numbers whose groups are parted by commas; two numbers with nothing but a plus between them.
_COMMAS = re.compile(r"(?<![\d,])(0\d{1,2}),(\d{3}),(\d{3,4})(?!\d|,\d{1,2}(?!\d))", re.ASCII)
_GLUED = re.compile(r"(?<=\d)(?=\+\d{8})", re.ASCII)
_LIST_NUMBER = re.compile(r"(?<!\S)\d[.)]\s+(?=[+(]?\d)", re.ASCII)
# The library takes no number for one with nothing but spaces between it and a date like 12/05/2026.
_YEAR = r"(?:19|20|25)\d\d"
_DAY_AND_MONTH = r"(?:[0-3]?\d/[01]?\d|[01]?\d/[0-3]?\d)"
_DATE = re.compile(
    rf"(?<![\d/-])(?:{_DAY_AND_MONTH}/(?:{_YEAR}|\d\d)|{_YEAR}/[01]\d/[0-3]\d)(?![\d/])|"
    rf"(?<!\S)(?:{_DAY_AND_MONTH.replace('/', '-')}-{_YEAR}|{_YEAR}-[01]\d-[0-3]\d)(?!\S)",
    re.ASCII,
)
_SAYS_PHONE = re.compile(
    rf"(?:โทรหา|ติดต่อ(?:ได้)?(?:ที่)?|{labels.PHONE}|(?:เบอร์)?(?:หลัก|แรก|รอง|สอง|ที่สอง|สำรอง|(?:ที่)?บ้าน|ที่ทำงาน|ออฟฟิศ|สำนักงาน)"
    rf"|{characters.NOT_BEHIND_LATIN}(?:no|home|work|office|main|ais|dtac|null|none|n/a|undefined){characters.NOT_BEFORE_LATIN})[.:]?"
    "|ໂທ(?:ລະສັບ)?|ເບີ(?:ໂທ)?|លេខ(?:ទូរស័ព្ទ)?|ទូរស័ព្ទ|ဖုန်း(?:နံပါတ်)?|ดีแทค|เอไอเอส|นะคะ|นะครับ|ครับผม|ครับ|คับ|ค่ะ|คะ|ค่า|จ้า",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w")
_LATIN = "A-Za-zÀ-ɏḀ-ỿ"
_PIECE = re.compile(rf"(?<![{_LATIN}\d])[+(]*\d(?:[ ().-]{{0,3}}\d)*(?![{_LATIN}\d])", re.ASCII)
_LINES_BEHIND = re.compile(r"(.*\d)\s?-\s?(\d{1,4})", re.ASCII)
_NEXT_LINE = re.compile(r"\s*([~/,])\s*([0-9]{1,4})(?![ .()-]{0,3}[0-9])(?!\s*(?!ext)[^\W\d])")
_LAST_LINE = re.compile(rf"~({_PIECE.pattern})", re.ASCII)
_BETWEEN = re.compile(r"[ ).-]+", re.ASCII)
_BEHIND = re.compile(r"\s*(?:\bext|x|#)[.: ]*(\d{1,7})(?!\d)", re.IGNORECASE | re.ASCII)
# In the United States and others no number tells which it is.
_MOBILES = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
# More lines than these are rather another number, or a mistake.
MAX_LINES = 20
# A text of digits only that is longer is no list of numbers; to look for their borders takes long.
MAX_NUMBERS = 100


class Phones(Struct, frozen=True):
    """`phone` and `mobile` are E.164 or ""; `others` are E.164, followed by " ext. 12" if there is an extension;
    `unparsed` is the whole text if it holds more than these numbers, else ""."""

    phone: str = ""
    mobile: str = ""
    others: tuple[str, ...] = ()
    unparsed: str = ""


def parse(text: str, region: str = "TH") -> Phones:
    """The numbers in `text`; `region` (ISO 3166 alpha-2) applies to numbers without a country code.

    `phone` is the first mobile, else the first valid number. `0[689]` and 8 more digits are Thai in any region in which
    they are no mobile, if Thailand has such a number. A country code may lack its plus. Consecutive lines like
    02-123-4567-9 are single numbers. Tax ids, bank accounts and the like are no phone (`id_numbers`).
    """
    plain = text.translate(_ASCII).strip()
    if plain.endswith(".0"):
        plain = _FLOAT.sub(r"\1", plain)
    elif "e" in plain or "E" in plain:
        plain = _EXPONENT.sub(_whole, plain)
    mobile = (_THAI if region == "TH" else _WITH_CODE).fullmatch(plain)
    if mobile:
        e164 = "+66" + _NOT_DIGIT.sub("", mobile[mobile.lastindex or 1])
        return Phones(phone=e164, mobile=e164)
    if _INTERNATIONAL.fullmatch(plain) and (number := _with_plus(plain, region)):
        return Phones(*_arrange([number]))
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
    plain = _GLUED.sub("|", _COMMAS.sub(r"\1-\2-\3", _WHATSAPP.sub(r" +\1\2 ", plain)))
    voice = _FAX.sub(lambda fax: fax[0] if fax["both"] else "|", plain)
    cleaned, other = id_numbers.remove(_DATE.sub(r"|\g<0>|", voice))
    cleaned = _UNTIL.sub("~", _OR.sub("/", _LIST_NUMBER.sub("|", _LETTER_O.sub(_zeros, cleaned))))
    cleaned = _SAYS_PHONE.sub(" ", _EXTENSION.sub(" ext. ", cleaned))
    cleaned = _DOUBLE_ZERO.sub(r"\1+", cleaned.replace("+0", "0")).strip()
    numbers, rest = _numbers(without := _LINE_ID.sub("|", cleaned), region)
    if not numbers and without != cleaned:
        # Who says no number but this one has it as Line id.
        numbers, rest = _numbers(cleaned, region)
        numbers = [number for number in numbers if _is_mobile(number)]
    kept = other or voice != plain or without != cleaned or _WORD.search(rest)
    return Phones(*_arrange(numbers), unparsed=text if kept else "")


def _whole(match: re.Match[str]) -> str:
    """The number that a spreadsheet wrote with an exponent; as it stands where it lacks digits."""
    return match[1] + match[2] if len(match[2]) == int(match[3]) else match[0]


def _zeros(match: re.Match[str]) -> str:
    return "0" * len(match[0])


def _numbers(cleaned: str, region: str) -> tuple[list[PhoneNumber], str]:
    """The numbers of `cleaned` in their order, and what is left of it."""
    found: list[tuple[int, PhoneNumber]] = []
    rest, end = cleaned, 0
    while match := _PIECE.search(cleaned, end):
        numbers, end = _lines(cleaned, match, region)
        if numbers:
            found += ((match.start(), number) for number in numbers)
            rest = rest[: match.start()] + "|" * (end - match.start()) + rest[end:]
    if len(_NOT_DIGIT.sub("", rest)) > 6:
        for left in phonenumbers.PhoneNumberMatcher(rest, region):
            number = None if left.number.extension else _number(left.raw_string, region, alone=False)
            found.append((left.start, number or left.number))
            rest = rest[: left.start] + "|" * (left.end - left.start) + rest[left.end :]
    return [number for _, number in sorted(found, key=lambda pair: pair[0])], rest


def _lines(cleaned: str, piece: re.Match[str], region: str) -> tuple[list[PhoneNumber], int]:
    """The numbers that `piece` and the ends of further lines behind it say, and where these end."""
    numbers, end = _first(piece[0], region, alone=piece[0] == cleaned)
    end += piece.start()
    if not numbers:
        return [], piece.end()
    while (line := _NEXT_LINE.match(cleaned, end)) and (further := _further(numbers[0], line[1], line[2])):
        numbers, end = numbers + further, line.end()
    if (last := _LAST_LINE.match(cleaned, end)) and (number := _number(last[1], region, alone=False)):
        further = _further(numbers[0], "~", str(number.national_number))
        numbers, end = numbers + further, last.end() if further else end
    if extension := _BEHIND.match(cleaned, end):
        end = extension.end()
        for number in numbers:
            number.extension = extension[1]
    return numbers, end


def _first(piece: str, region: str, *, alone: bool) -> tuple[list[PhoneNumber], int]:
    """The number that `piece` begins with, with its further lines, and where it ends. None if `piece` does not wholly
    consist of numbers."""
    if number := _number(piece, region, alone=alone):
        return [number], len(piece)
    # Only a JSON number lost the zero of a Thai mobile, and it is no range.
    is_range = region != "TH" or piece[0] not in "89"
    if is_range and (lines := _LINES_BEHIND.fullmatch(piece)) and (number := _number(lines[1], region)):
        if further := _further(number, "-", lines[2]):
            return [number, *further], len(piece)
        if len(lines[2]) == 2 and _steps(number, lines[2]) > 0:
            return [number], lines.end(1)
    head = _head(piece, region) if len(piece) < MAX_NUMBERS else None
    return ([head[0]], head[1]) if head else ([], 0)


def _head(text: str, region: str) -> tuple[PhoneNumber, int] | None:
    """The first of several numbers that `text` wholly consists of, and where it ends."""
    for gap in _BETWEEN.finditer(text):
        number = _number(text[: gap.start()], region, alone=False)
        tail = text[gap.end() :]
        if number and (_number(tail, region, alone=False) or _head(tail, region)):
            return number, gap.start()
    return None


def _further(first: PhoneNumber, sign: str, ending: str) -> list[PhoneNumber]:
    """The lines from `first` to the one that ends in `ending`; after "/" and "," that one only. None if it is not
    a higher one or too far away."""
    steps = _steps(first, ending)
    if not 0 < steps < MAX_LINES:
        return []
    lines = [
        PhoneNumber(
            country_code=first.country_code,
            national_number=(first.national_number or 0) + step,
            italian_leading_zero=first.italian_leading_zero,
            number_of_leading_zeros=first.number_of_leading_zeros,
        )
        for step in (range(1, steps + 1) if sign in "-~" else [steps])
    ]
    return lines if all(map(phonenumbers.is_valid_number, lines)) else []


def _steps(first: PhoneNumber, ending: str) -> int:
    """How far the line that ends in `ending` is from `first`."""
    same = str(first.national_number)[: -len(ending)]
    return int(same + ending) - int(first.national_number or 0)


def _number(piece: str, region: str, *, alone: bool = True) -> PhoneNumber | None:
    """The number that `piece` is as a whole. `alone`: the text says nothing else; then a plain row of digits may be a
    JSON number, which lost its zero or plus."""
    if region == "TH" and (thai := _THAI.fullmatch(piece)) and thai[1]:
        return PhoneNumber(country_code=66, national_number=int(_NOT_DIGIT.sub("", thai[1])))
    digits = _NOT_DIGIT.sub("", piece)
    if "+" in piece or not digits:
        return _with_plus("+" + digits, region)
    here, groups = _valid(digits, region), _GROUP.findall(piece)
    here_groups = _groups(here, PhoneNumberFormat.NATIONAL)
    abroad = None if digits[0] == "0" or id_numbers.is_thai_id(digits) else _abroad(digits, groups, region)
    if not here and not abroad and _RUSSIAN.fullmatch(piece):
        return _valid("+7" + digits[1:], region)
    if abroad and here_groups != groups == _groups(abroad, PhoneNumberFormat.INTERNATIONAL):
        return abroad
    written = digits == "".join(here_groups)
    if written and _is_mobile(here):
        return here
    if _ZERO_689.fullmatch(digits) and (number := _valid(digits, "TH")):
        return number
    if written:
        return here
    bare = piece.isdigit()
    for found, likely in (
        (here, _is_mobile(here)),
        (abroad, _is_mobile(abroad)),
        (here, bare and alone),
        (abroad, alone or not bare),
    ):
        if found and likely:
            return found
    return None


def _abroad(digits: str, groups: list[str], region: str) -> PhoneNumber | None:
    """The number whose country code lacks its plus; none if a number that needs no country code follows a number that
    is no country code."""
    number = _valid("+" + digits, region)
    first, *others = groups
    if number and len(first) < len(str(number.country_code)):
        return None
    if number and others and others[0][0] == "0" and first != str(number.country_code):
        return None if _valid("".join(others), region) else number
    return number


def _with_plus(text: str, region: str) -> PhoneNumber | None:
    if number := _valid(text, region):
        return number
    digits = "+" + _NOT_DIGIT.sub("", text)
    today = (form.sub(renewed, digits) for form, renewed in _OLD_FORMS if form.fullmatch(digits))
    return next((number for each in today if (number := _valid(each, region))), None)


def _is_mobile(number: PhoneNumber | None) -> bool:
    return number is not None and phonenumbers.number_type(number) in _MOBILES


def _valid(text: str, region: str) -> PhoneNumber | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None


def _groups(number: PhoneNumber | None, form: int) -> list[str]:
    return _GROUP.findall(phonenumbers.format_number(number, form)) if number else []


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
