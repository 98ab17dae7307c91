"""Two sources of one address -> one block for a postal label, which never mixes two addresses."""

import re

from msgspec import Struct
from msgspec.structs import replace

from leadcore.event import Address, ContactInfo
from workers.rules.mapping import country, neighbours
from workers.rules.mapping.address_extras import THAI, cut_extras, join_lines
from workers.rules.mapping.address_parts import SourceAddress, fill_gaps, strip_title
from workers.rules.mapping.address_source import read_source
from workers.rules.mapping.contradiction import contradicts
from workers.rules.mapping.place_names import is_road
from workers.rules.mapping.provinces import BANGKOK, find, key

_SUBDISTRICT = ("แขวง", "ตำบล", "ต.", "khwaeng", "kwaeng", "tambon", "tambol", " t.")
_DISTRICT = ("เขต", "อำเภอ", "อ.", "khet", "amphoe", "amphur", " a.")
_VILLAGE = ("หมู่บ้าน", "ม.บ.", "มบ.", "โครงการ")
_MOO = ("หมู่", "หมู่ที่", "ม.", "moo", "village no.", *_VILLAGE)
_THAI_NAME_ENDS = re.compile(r"$|[^\wก-๛]|แขวง|เขต|ตำบล|อำเภอ|จังหวัด|กรุงเทพ|กทม|[ตอจ]\.")
_LATIN_NAME_ENDS = re.compile(r"\s*(?:$|[,)]|(?:sub-?\s?)?district)")
_BEFORE_NUMBER = re.compile(r"\s?\d")


class PostalAddress(Struct, frozen=True):
    """One address, "" where a part was not given. `address` is the part of a postal label before city and postcode;
    `subdistrict`, `district` and `village` are names without their title; `unsaved` is what fits no part, such as an
    invalid postcode; `phones` are numbers that stood in it. `contradictory`: the customer named two places."""

    address: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    country: str = ""
    subdistrict: str = ""
    district: str = ""
    village: str = ""
    unsaved: str = ""
    phones: tuple[str, ...] = ()
    contradictory: bool = False


def build_address(
    parts: Address, info: ContactInfo, province_language: str = "th", region: str = "TH"
) -> PostalAddress:
    """The address that `parts` describe, its gaps filled from the free text of `info` where the two do not contradict;
    where they do, the free text is unsaved.

    `province_language` ("th" or "en") is the language of `state` and of Bangkok as a city. `region` is the shop's ISO
    country: only for "TH" is a bare five-digit postcode taken for a Thai one."""
    address = read_source(parts, region, info.phone)
    # What only repeats the parts fills no gap and contradicts nothing: Thai letters may spell London.
    is_news = any(
        said and join_lines(said) != join_lines(part)
        for said, part in ((info.address, parts.street), (info.city, parts.city), (info.zipcode, parts.postal_code))
    )
    if not address.complete and is_news:
        free_text = Address(street=info.address, city=info.city, postal_code=info.zipcode)
        other = read_source(free_text, region, info.phone)
        if address.thai and other.zip.isdigit() and len(other.zip) < 5:
            # Too short for a postcode: no other address, but a mistyped one.
            other = replace(other, zip="", lost=(*other.lost, other.zip))
        if contradicts(address, other):
            said = ", ".join(filter(None, (info.address, info.city, info.zipcode))).replace("\n", " ")
            address = replace(
                address, lost=(*address.lost, said), phones=(*address.phones, *other.phones), contradictory=True
            )
        else:
            address = fill_gaps(address, other)
    elif info.address and not info.phone:
        address = replace(address, phones=(*address.phones, *cut_extras(info.address, region).phones))
    return _thai_address(address, province_language) if address.thai else _foreign_address(address)


def list_spellings(name: str, value: str, nation: str) -> tuple[str, ...]:
    """What else than `value` a contact or a dropdown may have as the same `country` or `state` (`name`); of a state in
    the country `nation`, "" if none was said."""
    if name == "country":
        return country.spellings(value)
    if name != "state" or not value:
        return ()
    if nation in ("", country.THAILAND) and (province := find(value)):
        return province.spellings
    return neighbours.spellings(value, country.code(nation))


def name_place(name: str, value: str) -> str:
    """One of `list_spellings` for what a person may have typed as the `country` or `state` (`name`) of a contact."""
    if name == "country":
        return country.name(value) or value
    return province.th if name == "state" and (province := find(value)) else value


def _thai_address(address: SourceAddress, language: str) -> PostalAddress:
    subdistrict, village = strip_title(address.subdistrict), _strip_village_title(address.village)
    state = address.state
    if address.province:
        state = address.province.en if language == "en" else address.province.th
    city, district, lost = _place(address, state)
    if address.state and address.province and find(address.state) is None:
        lost = (*lost, address.state)
    pieces = [address.street]
    if village and not _is_mentioned(address.street, village, _MOO, strict=False):
        pieces.append(address.village)
    for part, name, given, titles in (
        ("subdistrict", subdistrict, address.subdistrict, _SUBDISTRICT),
        ("district", district, address.district, _DISTRICT),
    ):
        label = _label(address, name, given, titles)
        if (
            name
            and part not in address.mentioned
            and label not in pieces
            and not _is_named(address.street, name, titles)
        ):
            pieces.append(label)
    return PostalAddress(
        address=_join(pieces),
        city=city,
        state=state,
        zip=address.zip,
        country=address.country,
        subdistrict=subdistrict,
        district=district,
        village=village,
        unsaved=_unsaved(address.unknown_country, *lost),
        phones=address.phones,
        contradictory=address.contradictory,
    )


def _place(address: SourceAddress, state: str) -> tuple[str, str, tuple[str, ...]]:
    """City, district and what fits neither. Bangkok is a city of districts: a district that was given as the city
    becomes the district."""
    city, district, lost = strip_title(address.city), strip_title(address.district), address.lost
    if address.province is BANGKOK:
        district = "" if find(district) is BANGKOK else district
        if city and find(city) is not BANGKOK:
            if not district and find(city) is None:
                district = city
            elif key(city) not in (key(district), key(strip_title(address.subdistrict))):
                lost = (*lost, address.city)
        return state, district, lost
    if not city or (address.province and find(city) is address.province):
        return district or (city and state), district, lost
    return city, district, lost


def _label(address: SourceAddress, name: str, given: str, titles: tuple[str, ...]) -> str:
    """`name` as written on a label: in Thai with its title, which is another one in Bangkok."""
    if address.province and THAI.search(name):
        return (titles[0] if address.province is BANGKOK else titles[2]) + name
    return name if address.province else given or name


def _is_named(street: str, name: str, titles: tuple[str, ...]) -> bool:
    """Whether `street` has the district or subdistrict `name`, or what people write for the district of a capital."""
    if _is_mentioned(street, name, titles):
        return True
    short = (
        ("เมือง",) if name.startswith("เมือง") else ("mueang", "muang") if name.startswith(("Mueang", "Muang")) else ()
    )
    return any(_is_mentioned(street, each, titles, strict=False) for each in short)


def _foreign_address(address: SourceAddress) -> PostalAddress:
    pieces, used = [address.street], {key(address.city), key(address.state)}
    for name in (address.village, address.subdistrict, address.district):
        if name and key(name) not in used and not _is_mentioned(address.street, name, ()):
            pieces.append(name)
            used.add(key(name))
    return PostalAddress(
        address=_join(pieces),
        city=address.city,
        state=address.state,
        zip=address.zip,
        country=address.country,
        subdistrict=address.subdistrict,
        district=address.district,
        village=address.village,
        unsaved=_unsaved(address.unknown_country, *address.lost),
        phones=address.phones,
        contradictory=address.contradictory,
    )


def _join(pieces: list[str]) -> str:
    given = [piece for piece in pieces if piece]
    return (" " if any(map(THAI.search, given)) else ", ").join(given)


def _unsaved(*texts: str) -> str:
    return "; ".join(dict.fromkeys(filter(None, texts)))


def _strip_village_title(text: str) -> str:
    title = next((title for title in _VILLAGE if text.startswith(title)), "")
    return text[len(title) :].lstrip() or text


def _is_mentioned(street: str, name: str, titles: tuple[str, ...], strict: bool = True) -> bool:
    """Whether `street` already has `name`, after one of `titles` or on its own, and not as the name of a road. Not
    `strict`: any whole word counts."""
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
        road = strict and (is_road(before) or _BEFORE_NUMBER.match(street, end))
        return titled or (apart and not road)
    if titled:
        return not street[end : end + 1].isalnum()
    return (not before or before[-1] in ",(") and _LATIN_NAME_ENDS.match(street, end) is not None
