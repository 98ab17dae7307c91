"""Whether two sources of an address can mean the same one."""

import re
from collections.abc import Iterator

from leadcore.text import DIGITS
from workers.rules.mapping import country, postcodes, thai_places
from workers.rules.mapping.address_parts import SourceAddress, strip_title
from workers.rules.mapping.provinces import find, is_postcode, key, sound
from workers.rules.mapping.thai_places import Place

_NUMBER = re.compile(r"\d+(?:/\d+)?")


def contradicts(one: SourceAddress, other: SourceAddress) -> bool:
    """Whether the two cannot be the same address, judged by country, postcode, province, city and house number."""
    if _differ(_nation(one), _nation(other)) or _differ(_state(one), _state(other)):
        return True
    mine, yours = _five_digits(one.zip), _five_digits(other.zip)
    if _differ(mine, yours) and not _share_district(mine, yours):
        return True
    if not (mine and yours) and _differ(_city(one), _city(other)) and not _names_meet(one, other):
        return True
    return _is_foreign_to(one, other) or _is_foreign_to(other, one) or _has_other_house(one, other)


def _differ(one: str, other: str) -> bool:
    return one != other and one != "" != other and key(one) != key(other)


def _nation(address: SourceAddress) -> str:
    return address.country or address.unknown_country or (country.THAILAND if address.thai else "")


def _state(address: SourceAddress) -> str:
    return address.province.th if address.province else address.state


def _city(address: SourceAddress) -> str:
    return "" if find(address.city) else strip_title(address.city)


def _five_digits(zip_: str) -> str:
    found = postcodes.match_five(zip_) if zip_ and not zip_.isdigit() else None
    return found[1] if found and is_postcode(found[1]) else zip_


def _share_district(one: str, other: str) -> bool:
    """Whether two postcodes serve one district: some subdistricts have several."""
    districts = {place.district for place in thai_places.find_places(one)}
    return any(place.district in districts for place in thai_places.find_places(other))


def _names_meet(one: SourceAddress, other: SourceAddress) -> bool:
    """Whether the places that the two name are one place, spelt in two ways or on two levels."""
    province = one.province or other.province
    places = thai_places.find_places(one.zip or other.zip) or (thai_places.find_districts(province) if province else ())
    mine, yours = (set(_spellings(address, places)) for address in (one, other))
    return bool(mine & yours)


def _spellings(address: SourceAddress, places: tuple[Place, ...]) -> Iterator[str]:
    for text in (address.city, address.district, address.subdistrict):
        name = strip_title(text)
        if not name or find(name):
            continue
        yield sound(name)
        for place in places:
            if place.names_district(name) or place.has(name):
                yield from map(sound, place.district)


def _is_foreign_to(one: SourceAddress, other: SourceAddress) -> bool:
    """Whether `other` is in Thailand and the postcode or state of `one` is not."""
    if not other.thai:
        return False
    if any(map(postcodes.FOREIGN.fullmatch, one.lost)):
        return True
    if is_postcode(zip_ := _five_digits(one.zip)):
        return other.province is not None and not thai_places.serves(other.province, zip_)
    return len(key(zip_)) > 5 or (one.state != "" and one.country != country.THAILAND)


def _has_other_house(one: SourceAddress, other: SourceAddress) -> bool:
    # The first number of a street is its house number; the same address written twice has it in both, somewhere.
    if not one.street or not other.street or one.street == other.street:
        return False
    mine, theirs = (_NUMBER.findall(address.street.translate(DIGITS)) for address in (one, other))
    return bool(mine and theirs) and mine[0] not in theirs and theirs[0] not in mine
