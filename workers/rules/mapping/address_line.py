"""One line of a Thai address: its postcode, province, district and subdistrict, wherever they stand in it."""

import re
from collections.abc import Callable, Sequence

from msgspec import Struct

from leadcore.text import DIGITS
from workers.rules.mapping import towns
from workers.rules.mapping.address_extras import THAI
from workers.rules.mapping.place_names import MOST_WORDS, Named, is_road, read_leading, read_titled, read_trailing
from workers.rules.mapping.provinces import BANGKOK, Province, find, find_ending, is_postcode, may_end, sound
from workers.rules.mapping.thai_places import (
    CAPITAL,
    Place,
    find_districts,
    find_near,
    find_places,
    provinces_of_district,
    provinces_of_subdistrict,
    serves,
)

# Not a part of a number (12/10110, 081-23450, 10.500), and no price.
FIVE = re.compile(r"(?<![\d/])(?<!\d[.,-])[1-9]\d{4}(?![\d/-]|[.,]\d|\s*(?:บาท|฿|thb\b|baht\b))", re.IGNORECASE)
_TYPED = re.compile(r"(?<![\w/-])(?!\d{5})[1-9๑-๙](?:[ -]?[\dOo]){4}$")
_TYPED_ENDS = tuple("0123456789Oo๐๑๒๓๔๕๖๗๘๙")
_TITLE = re.compile(r"[ตอจ]\.|ตำบล|แขวง|อำเภอ|เขต|จังหวัด")
# One of them alone may be the name of a building or a room.
_UNDOTTED = re.compile(r"(?<!\S)([ตอจ])\s(?=[ก-๛]{2})")
_ADDRESS_WORD = re.compile(
    r"\d|[ตอจถซม]\.|ตำบล|อำเภอ|จังหวัด|แขวง|เขต|ซอย|ถนน|หมู่|บ้าน|อาคาร|ตึก|ชั้น|ห้อง|คอนโด|โครงการ|กรุงเทพ|กทม|ไทย|"
    r"\b(?:soi|road|rd|street|moo|tower|building|floor|room|village|condo|district|province|tambon|amphoe|khet|khwaeng)\b",
    re.IGNORECASE,
)
_ZIP_LABEL = re.compile(
    r"(?:(?:รหัส\s?)?(?:ไปรษณี(?:ย์?)?|ป\.?ณ\.?)|(?<![ก-๛])รหัส"
    r"|(?<![^\W\d_])(?:post(?:al)?\s?code|zip(?:\s?code)?))[\s.:]*$",
    re.IGNORECASE,
)
_ZIP_LABEL_ENDS = tuple("์ียณส.:epEP")
# Of five digits behind one of these none is a postcode.
_BEFORE_NUMBER = re.compile(
    r"(?:(?<![ก-๛])(?:เลขที่|บ้านเลขที่|ห้อง|ห้องเลขที่|ยูนิต|อาคาร|ตึก|ซอย|ซ\.)|#|(?<![a-z])(?:room|rm|unit|no|house|building|soi)\.?)\s*$",
    re.IGNORECASE,
)
# A province that is glued to what stands before it: with its title anywhere, Bangkok behind a name with a title.
_GLUED_PROVINCE = re.compile(
    r"(?<=[ก-๛\d])(?<!\sบ)(?<!^บ)(?=(?:จ\.|จังหวัด)\s?[ก-๛])|(?:แขวง|เขต|[ตอ]\.|ตำบล|อำเภอ)\s?[ก-๛]{1,60}?(?=กรุงเทพ|กทม)"
)
_PLACE_BEFORE = re.compile(r"(?:.*(?P<title>แขวง|เขต|[ตอ]\.|ตำบล|อำเภอ)\s?|(?:.*[^ก-๛.])?)(?P<name>[ก-๛]{2,})")
_WORD = re.compile(r"[^\s,()]+")
_CHAT_ID = re.compile(r"(?:line(?:\s?id)?|ไลน์(?:ไอดี)?|ไอดี(?:ไลน์)?|ig|fb|facebook)\s*[:：]\s*@?\S+", re.IGNORECASE)
_PRICE = re.compile(r"(?<![\d/])\d[\d,]*(?:\.\d\d)?\s*(?:บาท|฿|\.-|thb\b|baht\b)", re.IGNORECASE)
_CLOCK = re.compile(
    r"(?<!\d)(?:\d{1,2}(?:[.:]\d\d)?\s*(?:-|–|ถึง)\s*)?"
    r"\d{1,2}(?:[.:]\d\d\s*(?:น\b\.?)?|\s*(?:น\.|โมง|ทุ่ม|นาที|นาฬิกา|[ap]\.?m\b\.?))",
    re.IGNORECASE,
)


class Line(Struct, frozen=True):
    """`street` is the line without its postcode and without the province at its end. The other parts are "" or None if
    the line does not name them; `lost` is what fits no part, and `contradictory` whether some of it contradicts the
    rest."""

    street: str
    subdistrict: str = ""
    district: str = ""
    province: Province | None = None
    zip: str = ""
    lost: tuple[str, ...] = ()
    contradictory: bool = False


_SEPARATORS = " ,-(["
MOST_POSTCODES = 8
"""No address has as many; each that is tried reads the whole line."""


def read_line(text: str, known: Province | None, zip_: str, thai: bool, placed: bool = False) -> Line:
    """The parts of `text`, an address in Thailand or, unless `thai` or something in it says so, elsewhere. `known` and
    `zip_` are the province and postcode that were said beside it; `placed`: so was a city, district or subdistrict."""
    text = _part_glued(text)
    plain = text.translate(DIGITS)
    if len(_UNDOTTED.findall(plain)) > 1:
        plain = _UNDOTTED.sub(r"\1.", plain)
    spans = [
        match.span()
        for match in FIVE.finditer(plain)
        if is_postcode(match[0]) and not _BEFORE_NUMBER.search(plain, max(0, match.start() - 12), match.start())
    ]
    if not spans and known and zip_ and placed and not _TITLE.search(plain):
        return Line(cut_province(text, known))
    for start, end in spans[: -MOST_POSTCODES - 1 : -1]:
        if line := _with_postcode(text, plain, start, end, known, zip_, thai):
            return line
    titled = read_titled(plain, ())
    province = titled.province or read_trailing(plain, (), known).province
    if not province and (glued := find_glued(plain)):
        province = glued[1]
    if province and known not in (None, province):
        return Line(text, contradictory=titled.province is not None)
    province = known or province
    places = find_near(zip_) if zip_ else find_districts(province) if province else ()
    named = _read_names(plain, places, province)
    return Line(cut_province(text, province), named.subdistrict, named.district, province)


def join_postcode(text: str) -> str:
    """`text` with the postcode at its end as five digits where it is typed with gaps or the letter O, if the province
    before it has that postcode."""
    found = _TYPED.search(text) if text[-1:] in _TYPED_ENDS and not text[-5:].isdecimal() else None
    if found is None:
        return text
    head, postcode = text[: found.start()], re.sub(r"[ -]", "", found[0].translate(DIGITS)).upper().replace("O", "0")
    province = find_province(trim(head)) if is_postcode(postcode) else None
    return head + postcode if province and serves(province, postcode) else text


def ends_in_thailand(text: str) -> bool:
    """Whether `text` ends with a province and a postcode that it has."""
    head, postcode = text[:-5], text[-5:]
    province = find_province(trim(head)) if FIVE.fullmatch(postcode) and is_postcode(postcode) else None
    return province is not None and serves(province, postcode)


def find_province(text: str) -> Province | None:
    """The province at the end of `text`."""
    if province := read_trailing(text, (), None).province:
        return province
    return glued[1] if (glued := find_glued(text)) else None


def find_town(text: str) -> tuple[str, Province] | None:
    """The well-known town of Thailand behind the last comma, in Thai the last word, and its province."""
    head, comma, tail = text.rpartition(",")
    # "ไก่ทอด หาดใหญ่" is a shop anywhere.
    if not comma and THAI.search(text) and any(map(str.isdigit, text)):
        head, _, tail = text.rpartition(" ")
    town = tail.strip(" .")
    province = towns.find_province(town) if head and not is_road(f"{head} ") else None
    return (town, province) if province else None


def cut_province(text: str, province: Province | None) -> str:
    """`text` without `province` at its end."""
    text = trim(text)
    while province and may_end(text):
        words = [match.start() for match in _WORD.finditer(text)][-MOST_WORDS:]
        starts = (start for start in words if find(text[start:]) is province)
        start = next((start for start in starts if not is_road(text[:start])), None)
        if start is None:
            break
        text = trim(text[:start])
    if (glued := find_glued(text)) and glued[1] is province:
        return trim(text[: glued[0]])
    # Behind anything but its own district it may be a part of a name: โรงพยาบาลกรุงเทพ.
    if province is BANGKOK and (found := find_ending(text)) and found[1] is BANGKOK:
        head = trim(text[: found[0]])
        return head if head.endswith(tuple(place.district[0] for place in find_districts(BANGKOK))) else text
    return text


def find_glued(text: str) -> tuple[int, Province] | None:
    """Where the province begins with which `text` ends, if it is glued to what stands before it, and which it is."""
    for before in _GLUED_PROVINCE.finditer(text):
        if province := find(text[before.end() :]):
            return before.end(), province
    return _find_behind_place(text)


def _part_glued(text: str) -> str:
    """`text` with a space before a province that is glued to its district, at the end or before the postcode."""
    end = max((match.start() for match in FIVE.finditer(text.translate(DIGITS))), default=len(text))
    glued = _find_behind_place(text[:end].rstrip(_SEPARATORS))
    return f"{text[: glued[0]]} {text[glued[0] :]}" if glued else text


def _find_behind_place(text: str) -> tuple[int, Province] | None:
    """The same where the province is glued to one of its own districts, or to a subdistrict with its title."""
    found = find_ending(text)
    word = _PLACE_BEFORE.fullmatch(text[: found[0]]) if found else None
    if found is None or word is None or sound(name := word["name"]) in CAPITAL:
        return None
    whole = name + text[found[0] :]
    if find(whole) or provinces_of_district(whole) or provinces_of_subdistrict(whole):
        return None
    is_subdistrict = word["title"] in ("แขวง", "ตำบล", "ต.")
    places = find_districts(found[1])
    if any(place.has(name) if is_subdistrict else place.names_district(name) for place in places):
        return found
    return None


def trim(text: str) -> str:
    """`text` without the separators and labels that remain after a postcode or province is cut from its end."""
    text = text.rstrip(_SEPARATORS)
    return _ZIP_LABEL.sub("", text).rstrip(_SEPARATORS) if text.endswith(_ZIP_LABEL_ENDS) else text


def _with_postcode(
    text: str, plain: str, start: int, end: int, known: Province | None, zip_: str, thai: bool
) -> Line | None:
    """The parts of `text` if the five digits from `start` to `end` are its postcode."""
    postcode, after = plain[start:end], strip(plain[end:])
    rest = f"{trim(plain[:start])} {after}".strip()
    places = find_near(postcode)
    titled = read_titled(rest, places)
    said = titled.province or read_trailing(rest, places, known).province
    before = trim(plain[:start])
    if not said:
        said = (find_province(before) if after else None) or _tell_by_town(before, postcode)
    if not said and not before:
        said = _find_beginning(after, postcode)
    if known and said not in (None, known):
        return None
    province = known or said
    here = [place for place in places if province in (None, place.province)]
    named = _read_names(rest, here or (find_districts(province) if province else ()), province)
    if after and not named.district:
        named = Named(named.subdistrict, read_trailing(before, here, province).district)
    is_named = any(place.names_district(named.district) or place.has(named.subdistrict) for place in here)
    # A number with which the line begins is rather a house's, unless nothing but the province follows.
    if not start and not is_named and not (said and said in (find(after), _find_beginning(after, postcode))):
        return None
    if province is None:
        ends = not after or _is_note(after)
        if not is_named and not (thai and ends):
            return None
        province = province_of(here, named)
    elif not serves(province, postcode):
        if after and not find(after):
            return None
        street = cut_province(_joined(text, start, end, ""), province)
        return Line(street, named.subdistrict, named.district, province, "", (postcode,), bool(find_places(postcode)))
    behind = trim(plain[:start]) and _is_note(after) and read_trailing(after, here, None) == Named()
    note = strip(text[end:]) if behind else ""
    if zip_ and zip_ != postcode:
        return None
    street = cut_province(_joined(text, start, end, note), province)
    return Line(street, named.subdistrict, named.district, province, postcode, (note,) if note else ())


def _find_beginning(text: str, postcode: str) -> Province | None:
    """The province that `text` begins with, if it has the postcode."""
    words = [match.end() for match in _WORD.finditer(text)][:MOST_WORDS]
    return next((found for end in words if (found := find(text[:end])) and serves(found, postcode)), None)


def _joined(text: str, start: int, end: int, note: str) -> str:
    after = "" if note else strip(text[end:])
    before = trim(text[:start])
    return f"{before} {after}".strip() if before and after else before or after


def strip(behind: str) -> str:
    """What stands `behind` a postcode, without what parts it from that."""
    return behind.lstrip(" ,.)]").rstrip(" ,.")


def _read_names(text: str, places: tuple[Place, ...] | list[Place], province: Province | None) -> Named:
    titled = read_titled(text, places)
    if titled.subdistrict and titled.district:
        return titled
    other = read_trailing(text, places, province)
    if not (titled.district or other.district or other.subdistrict):
        other = read_leading(text, places)
    return Named(titled.subdistrict or other.subdistrict, titled.district or other.district)


def province_of(places: Sequence[Place], named: Named) -> Province | None:
    """The one province of `places`, or that of the named district or subdistrict."""
    tests: tuple[Callable[[Place], bool], ...] = (
        lambda place: True,
        lambda place: place.names_district(named.district),
        lambda place: place.has(named.subdistrict),
    )
    for fits in tests:
        found = {place.province for place in places if fits(place)}
        if len(found) == 1:
            return found.pop()
    return None


def _is_note(text: str) -> bool:
    return not _ADDRESS_WORD.search(_CLOCK.sub(" ", _PRICE.sub(" ", _CHAT_ID.sub(" ", text))))


def _tell_by_town(text: str, postcode: str) -> Province | None:
    """The province of a well-known town at the end of `text`, if it has the postcode."""
    words = text.replace(",", " ").split()
    for count in (1, 2):
        province = towns.find_province(" ".join(words[-count:])) if len(words) > count else None
        if province and serves(province, postcode):
            return province
    return None
