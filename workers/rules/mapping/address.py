"""Two sources of one address -> one block that makes a postal label, never half of two homes."""

import re

from msgspec import Struct

from leadcore.event import Address, ContactInfo
from workers.rules.mapping.address_line import NOT_A_PROVINCE
from workers.rules.mapping.address_source import THAI, Home, bare, contradict, fill, read
from workers.rules.mapping.provinces import BANGKOK, find, key

_SUBDISTRICT = ("แขวง", "ตำบล", "ต.", "khwaeng", "kwaeng", "tambon", "tambol", " t.")
_DISTRICT = ("เขต", "อำเภอ", "อ.", "khet", "amphoe", "amphur", " a.")
_VILLAGE = ("หมู่บ้าน", "ม.บ.", "มบ.", "โครงการ")
_MOO = ("หมู่", "หมู่ที่", "ม.", "moo", "village no.", *_VILLAGE)
_THAI_NAME_ENDS = re.compile(r"$|[^\wก-๛]|แขวง|เขต|ตำบล|อำเภอ|จังหวัด|กรุงเทพ|กทม|[ตอจ]\.")
_LATIN_NAME_ENDS = re.compile(r"\s*(?:$|[,)]|(?:sub-?\s?)?district)")
_BEFORE_NUMBER = re.compile(r"\s?\d")


class Block(Struct, frozen=True):
    """One address, "" where nothing was said. `address` is the part of a postal label before city and postcode;
    `subdistrict`, `district` and `village` are names without their title; `unsaved` is what was said but has no
    place, such as a postcode that is none."""

    address: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    country: str = ""
    subdistrict: str = ""
    district: str = ""
    village: str = ""
    unsaved: str = ""


def build(parts: Address, info: ContactInfo, province_language: str = "th", region: str = "TH") -> Block:
    """The block that `parts` and, where they do not contradict, the free text of `info` describe.

    `province_language` ("th" or "en") is the language of `state` and of Bangkok as a city. `region` is the shop's ISO
    country: only for "TH" a bare five-digit postcode speaks for Thailand."""
    home = read(parts, region)
    if not home.complete and (info.address or info.city or info.zipcode):
        free = read(Address(street=info.address, city=info.city, postal_code=info.zipcode), region)
        if not contradict(home, free):
            home = fill(home, free)
    return _thai_block(home, province_language) if home.thai else _foreign_block(home)


def _thai_block(home: Home, language: str) -> Block:
    subdistrict, village = bare(home.subdistrict), _bare_village(home.village)
    state = home.state
    if home.province:
        state = home.province.en if language == "en" else home.province.th
    city, district, lost = _place(home, state)
    if home.state and home.province and find(home.state) is None:
        lost = (*lost, home.state)
    pieces = [home.street]
    if village and not _mentions(home.street, village, _MOO, strict=False):
        pieces.append(home.village)
    for name, said, titles in ((subdistrict, home.subdistrict, _SUBDISTRICT), (district, home.district, _DISTRICT)):
        label = _label(home, name, said, titles)
        if name and label not in pieces and not _mentions(home.street, name, titles):
            pieces.append(label)
    return Block(
        address=_join(pieces),
        city=city,
        state=state,
        zip=home.zip,
        country=home.country,
        subdistrict=subdistrict,
        district=district,
        village=village,
        unsaved=_unsaved(home.unknown_country, *lost),
    )


def _place(home: Home, state: str) -> tuple[str, str, tuple[str, ...]]:
    """City, district and what finds no place. Bangkok is a city of districts: one that was given as the city is moved
    to where it belongs."""
    city, district, lost = bare(home.city), bare(home.district), home.lost
    if home.province is BANGKOK:
        district = "" if find(district) is BANGKOK else district
        if city and find(city) is not BANGKOK:
            if not district and find(city) is None:
                district = city
            elif key(city) not in (key(district), key(bare(home.subdistrict))):
                lost = (*lost, home.city)
        return state, district, lost
    if not city or (home.province and find(city) is home.province):
        return district or (city and state), district, lost
    return city, district, lost


def _label(home: Home, name: str, said: str, titles: tuple[str, ...]) -> str:
    """`name` as a line of a label has it: in Thai with its title, which depends on whether it is in Bangkok."""
    if home.province and THAI.search(name):
        return (titles[0] if home.province is BANGKOK else titles[2]) + name
    return name if home.province else said or name


def _foreign_block(home: Home) -> Block:
    pieces, taken = [home.street], {key(home.city), key(home.state)}
    for name in (home.village, home.subdistrict, home.district):
        if name and key(name) not in taken and not _mentions(home.street, name, ()):
            pieces.append(name)
            taken.add(key(name))
    return Block(
        address=_join(pieces),
        city=home.city,
        state=home.state,
        zip=home.zip,
        country=home.country,
        subdistrict=home.subdistrict,
        district=home.district,
        village=home.village,
        unsaved=_unsaved(home.unknown_country, *home.lost),
    )


def _join(pieces: list[str]) -> str:
    said = [piece for piece in pieces if piece]
    return (" " if any(map(THAI.search, said)) else ", ").join(said)


def _unsaved(*texts: str) -> str:
    return "; ".join(dict.fromkeys(filter(None, texts)))


def _bare_village(text: str) -> str:
    title = next((title for title in _VILLAGE if text.startswith(title)), "")
    return text[len(title) :].lstrip() or text


def _mentions(street: str, name: str, titles: tuple[str, ...], strict: bool = True) -> bool:
    """Whether `street` already holds `name` after one of `titles` or standing alone, and not as the name of a road.
    Not `strict`: any whole word will do."""
    street, name = street.casefold(), name.casefold()
    start = street.find(name)
    while start >= 0:
        if _is_mention(street, start, start + len(name), titles, strict):
            return True
        start = street.find(name, start + 1)
    return False


def _is_mention(street: str, start: int, end: int, titles: tuple[str, ...], strict: bool) -> bool:
    name, before = street[start:end], street[:start].rstrip()
    titled = before.endswith(titles)
    if not any(map(str.isalpha, name)):
        return titled and not street[end : end + 1].isdigit()
    if not name.isascii() and not THAI.search(name):
        return True
    apart = not before or street[start - 1] in " ,("
    if THAI.search(name) or not strict:
        if not _THAI_NAME_ENDS.match(street, end):
            return False
        road = strict and (before.endswith(NOT_A_PROVINCE) or _BEFORE_NUMBER.match(street, end))
        return titled or (apart and not road)
    if titled:
        return not street[end : end + 1].isalnum()
    return (not before or before[-1] in ",(") and _LATIN_NAME_ENDS.match(street, end) is not None
