"""Which subdistrict, district and province of Thailand a text names, with titles or without, in Thai or English."""

import re
from collections.abc import Sequence
from itertools import islice

from msgspec import Struct

from workers.rules.mapping.provinces import Province, find, sound
from workers.rules.mapping.thai_places import Place

_THAI_TITLE = r"(?:(?P<subdistrict>ตำบล|แขวง|ต\.)|(?P<district>กิ่งอำเภอ|กิ่งอ\.|อำเภอ|เขต|อ\.)|(?P<province>จังหวัด|จ\.))"
# A title glued to the word before it is one only if its name follows at once: สนามชัยเขต is a name. Before the dots of
# พ.ต.ท. and behind บ. (a company) stands no place.
_TITLED = re.compile(
    rf"(?:(?<![ก-๛.]){_THAI_TITLE}\s*|(?<!\.)(?<!\sบ)(?<!^บ){_THAI_TITLE.replace('P<', 'P<glued_')}(?=[ก-๛]))"
)
_NAME = re.compile(
    r"[ก-๛]{2,}?(?:-[ก-๛]+?)?"
    r"(?=$|[^ก-๛]|(?:ตำบล|แขวง|อำเภอ|เขต|จังหวัด)(?=[ก-๛])|[ตอจ]\.|กรุงเทพ|กทม)(?!\.)"
)
_LATIN_TITLED = re.compile(
    r"(?:^|(?<=[\s,]))(?:(?P<subdistrict>tambon|tambol|khwaeng|kwaeng|t\.)|(?P<district>amphoe|amphur|khet|a\.)"
    r"|(?P<province>chang\s?wat|[cj]\.))\s*(?=[a-z])(?!(?:sub-?\s?)?district)",
    re.IGNORECASE,
)
_LATIN_ENDING = re.compile(r"(?<![\s,])[\s,]*\b(sub-?\s?)?district\.?$", re.IGNORECASE)
_WORD = re.compile(r"[^\s,()]+")
_THAI_LETTER = re.compile(r"[ก-๛]")
_LATIN_LETTER = re.compile(r"[a-z]", re.IGNORECASE)
# A name after one of these is a road's or a village's, even if a place has the same name.
_BEFORE_ROAD = re.compile(
    r"(?:(?<![ก-๛])(?:ถนน|ซอย|หมู่บ้าน|บ้าน|โครงการ)|(?<![ก-๛.])[ถซ]\.|(?<![a-z])(?:soi|thanon))\s*$", re.IGNORECASE
)
_ROAD = re.compile(r"^\s*(?:road|rd|street|st|soi|alley|tower|plaza|hotel|condo)\b", re.IGNORECASE)
_STOPS_NAME = re.compile(r",|\s[tacj]\.", re.IGNORECASE)
_ENDS_NAME = re.compile(r"[,\d(]|\s(?:[tacj]\.|tambo|khw?a?e|amph|chang\s?wat|province)", re.IGNORECASE)
MOST_WORDS = 6


class Named(Struct, frozen=True):
    """Names as they are written, without titles, "" where none is named."""

    subdistrict: str = ""
    district: str = ""
    province: Province | None = None


def is_road(before: str) -> bool:
    """Whether the name that follows `before` is a road's or a village's."""
    return _BEFORE_ROAD.search(before) is not None


def read_titled(text: str, places: Sequence[Place]) -> Named:
    """What `text` names with a title. A name ends where one of `places` does, else at the next title or space."""
    found: dict[str, str] = {}
    province, position = None, 0
    while match := _TITLED.search(text, position):
        kind, position = (match.lastgroup or "").removeprefix("glued_"), match.end()
        name = _longest(text, position, _candidates(kind, places)) or (
            fallback[0] if (fallback := _NAME.match(text, position)) else ""
        )
        position += len(name)
        if kind == "province":
            province = province or find(name) or _words_of_province(text, match.end())
        elif name:
            found.setdefault(kind, name)
    if _LATIN_LETTER.search(text):
        for match in _LATIN_TITLED.finditer(text):
            kind = match.lastgroup or ""
            if kind == "province":
                province = province or _words_of_province(text, match.end())
            elif name := _latin_name(text, match.end(), kind, places):
                found.setdefault(kind, name)
    return Named(found.get("subdistrict", ""), found.get("district", ""), province)


def read_trailing(text: str, places: Sequence[Place], known: Province | None) -> Named:
    """What the last words of `text` name: first the province, before it the district, before it the subdistrict; the
    last two out of `places`."""
    words = [match.span() for match in _WORD.finditer(text)]
    province, district, subdistrict = None, "", ""
    within: Sequence[Place] = places
    last = len(words)
    while last:
        for first in range(max(0, last - MOST_WORDS), last):
            start, end = words[first][0], words[last - 1][1]
            phrase = text[start:end]
            if "," in phrase:
                continue
            named = find(phrase) if not (province or district or subdistrict) else None
            if is_road(text[:start]) and named not in [place.province for place in places]:
                continue
            if named and (known is None or named is known):
                province = named
                break
            kind, name = _strip_title(phrase)
            if (
                not district
                and kind != "subdistrict"
                and (inside := [place for place in within if place.names_district(name)])
            ):
                # เมือง เชียงใหม่ is one name.
                district, within = name.replace(" ", "") if _THAI_LETTER.match(name) else name, inside
                break
            if not subdistrict and kind != "district" and any(place.has(name) for place in within):
                subdistrict = name
                break
        else:
            break
        last = first
        if subdistrict:
            break
    return Named(subdistrict, district, province)


def read_leading(text: str, places: Sequence[Place]) -> Named:
    """The district and subdistrict, out of `places`, that follow their province where `text` begins with it."""
    provinces = {place.province for place in places}
    words = [match.span() for match in _WORD.finditer(text)]
    names: list[str] = []
    first = 0
    for kind in ("province", "district", "subdistrict"):
        for last in range(min(len(words), first + MOST_WORDS), first, -1):
            phrase = text[words[first][0] : words[last - 1][1]]
            name = _strip_title(phrase)[1]
            if (
                find(phrase) in provinces
                if kind == "province"
                else any(place.names_district(name) if kind == "district" else place.has(name) for place in places)
            ):
                names.append(name)
                first = last
                break
        else:
            break
    _, district, subdistrict = (*names, "", "", "")[:3]
    return Named(subdistrict, district)


def _strip_title(phrase: str) -> tuple[str, str]:
    """What a title says that `phrase` is, "" without one, and its name."""
    if match := _TITLED.match(phrase) or _LATIN_TITLED.match(phrase):
        return match.lastgroup or "", phrase[match.end() :]
    if match := _LATIN_ENDING.search(phrase):
        return "subdistrict" if match[1] else "district", phrase[: match.start()]
    return "", phrase


def _candidates(kind: str, places: Sequence[Place]) -> list[str]:
    if kind == "district":
        return [place.district[0] for place in places]
    return [names[0] for place in places for names in place.subdistricts] if kind == "subdistrict" else []


def _longest(text: str, start: int, names: Sequence[str]) -> str:
    found = [name for name in names if text.startswith(name, start)]
    name = max(found, key=len, default="")
    # A longer name that the places lack must not be cut: บ้านใหม่หนองไทร begins with บ้านใหม่.
    follows = _NAME.match(text, start)
    ends_here = not name or not _THAI_LETTER.match(text, start + len(name)) or _TITLED.match(text, start + len(name))
    return name if ends_here or not follows or find(text[start + len(name) : follows.end()]) else ""


def _words_of_province(text: str, start: int) -> Province | None:
    words = [match.span() for match in islice(_WORD.finditer(text, start), MOST_WORDS)]
    return next((found for _, end in reversed(words) if (found := find(text[start:end]))), None)


def _latin_name(text: str, start: int, kind: str, places: Sequence[Place]) -> str:
    """The words from `start` that name one of `places`, else those up to the next comma, title or number."""
    words = [match.span() for match in islice(_WORD.finditer(text, start), MOST_WORDS)]
    names = {sound(name) for place in places for name in _latin(kind, place)}
    for _, end in reversed(words):
        if not _STOPS_NAME.search(text[start:end]) and sound(text[start:end]) in names and not _ROAD.match(text, end):
            return text[start:end]
    stop = _ENDS_NAME.search(text, start)
    return text[start : stop.start() if stop else len(text)].strip()


def _latin(kind: str, place: Place) -> list[str]:
    return [place.district[1]] if kind == "district" else [names[1] for names in place.subdistricts]
