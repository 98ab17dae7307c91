"""The parts of one source's address, and what they tell of each other."""

import re
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from workers.rules.mapping import address_line, country, postcodes, thai_places, towns
from workers.rules.mapping.address_extras import THAI
from workers.rules.mapping.place_names import Named
from workers.rules.mapping.provinces import BANGKOK, Province, find, is_postcode, sound
from workers.rules.mapping.thai_places import CAPITAL

_PREFIX = re.compile(
    r"(?:จังหวัด|กิ่ง\s?(?:อำเภอ|อ\.)|อำเภอ|เขต|ตำบล|แขวง|[จอตat]\.|(?:changwat|amphoe|amphur|khet|tambo[nl]|kh?waeng)\s)\s*(?=\S)",
    re.IGNORECASE,
)
_SUFFIX = re.compile(r"(?<=[^\s,])[\s,]+(?:sub-?\s?)?district\.?$", re.IGNORECASE)


class SourceAddress(Struct, frozen=True):
    """The parts of one source's address, "" if not given. `country` and `province` may come from other parts;
    `unknown_country` and `lost` are texts that fit no part, `phones` numbers that stood in it. `contradictory`: some of
    `lost` contradicts the rest. `mentioned`: which parts were read in the street."""

    street: str = ""
    village: str = ""
    subdistrict: str = ""
    district: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    country: str = ""
    province: Province | None = None
    unknown_country: str = ""
    lost: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    contradictory: bool = False
    mentioned: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether no part is missing that another source could fill."""
        return bool(self.street and self.city and self.zip and self.country and (self.province or self.state))

    @property
    def thai(self) -> bool:
        """Whether it is in Thailand; without a country, whether it is written in Thai."""
        if self.country:
            return self.country == country.THAILAND
        return THAI.search(self.street + self.village + self.subdistrict + self.district + self.city) is not None


def settle(address: SourceAddress) -> SourceAddress:
    """`address` with what its parts tell of each other: in Thailand the province that the postcode means and the full
    name of a capital's district. What contradicts the province, or without one the district, is lost."""
    if address.country and address.country != country.THAILAND:
        return _check_zip(_drop_thai_places(address))
    address = _check_zip(address)
    if not address.country:
        return address
    if address.zip and not address.province:
        address = _tell_province(address)
    if not (province := address.province):
        return address
    if address.zip and not thai_places.serves(province, address.zip):
        address = _lose(address, "zip")
    for part in ("district", "city"):
        name = strip_title(getattr(address, part))
        if not name:
            continue
        if sound(name) in CAPITAL and province is not BANGKOK:
            address = replace(address, **{part: _capital(province, name)})
        elif _lies_elsewhere(name, province):
            address = _lose(address, part)
    if address.district and address.city and not address.subdistrict:
        address = _tell_subdistrict(address, province)
    if address.subdistrict and not address.district:
        address = _tell_district(address, province)
    return address


def fill_gaps(address: SourceAddress, other: SourceAddress) -> SourceAddress:
    """`address` with its gaps filled from `other`, which must not contradict it."""
    return settle(
        replace(
            address,
            street=address.street or other.street,
            mentioned=address.mentioned if address.street else other.mentioned,
            subdistrict=address.subdistrict or other.subdistrict,
            district=address.district or other.district,
            city=address.city or other.city,
            zip=address.zip or other.zip,
            country=address.country or other.country,
            province=address.province or other.province,
            lost=address.lost if address.zip else address.lost + other.lost,
            phones=(*address.phones, *other.phones),
            contradictory=address.contradictory or other.contradictory,
        )
    )


@lru_cache(maxsize=1024)
def strip_title(text: str) -> str:
    """The name of a Thai district, subdistrict or city without its title (อ., เขต, Amphoe, District)."""
    return _SUFFIX.sub("", text[prefix.end() :] if (prefix := _PREFIX.match(text)) else text)


def _check_zip(address: SourceAddress) -> SourceAddress:
    if not address.zip or (address.country == country.THAILAND and is_postcode(address.zip)):
        return address
    if postcodes.is_only_zeros(address.zip):
        return replace(address, zip="")
    if address.country == "Singapore" and (digits := re.search(r"(?<!\d)\d{6}(?!\d)", address.zip)):
        return replace(address, zip=digits[0])
    if address.country != country.THAILAND and (address.country or address.unknown_country or not address.thai):
        if not any(map(str.isdigit, address.zip)):
            return replace(address, zip="", lost=(*address.lost, address.zip))
        restored = (
            postcodes.restore_zeros(address.zip, country.code(address.country)) if address.country else address.zip
        )
        return replace(address, zip=restored) if restored != address.zip else address
    found = postcodes.match_five(address.zip)
    if found and is_postcode(found[1]):
        return replace(address, zip=found[1]) if found[1] != address.zip else address
    return replace(address, zip="", lost=(*address.lost, address.zip))


def _tell_province(address: SourceAddress) -> SourceAddress:
    """`address` with the province of its postcode, unless its district lies elsewhere."""
    places = thai_places.find_near(address.zip)
    names = [strip_title(name) for name in (address.district, address.city) if name]
    named = Named(strip_title(address.subdistrict), next(iter(names), ""))
    province = address_line.province_of(places, named)
    if province and any(_lies_elsewhere(name, province) for name in names):
        return _lose(address, "zip")
    return replace(address, province=province) if province else address


def _tell_district(address: SourceAddress, province: Province) -> SourceAddress:
    """`address` with the district in which its subdistrict lies, by its postcode."""
    name = strip_title(address.subdistrict)
    if _lies_elsewhere(name, province):
        return _lose(address, "subdistrict")
    found = {place.district for place in thai_places.find_places(address.zip) if place.has(name)}
    if len(found) != 1:
        return address
    th, en = found.pop()
    return replace(address, district=th if THAI.search(name) else en)


def _tell_subdistrict(address: SourceAddress, province: Province) -> SourceAddress:
    """`address` with the subdistrict that was said as its city."""
    district, name = strip_title(address.district), strip_title(address.city)
    places = [place for place in thai_places.find_districts(province) if place.names_district(district)]
    if any(place.has(name) and not place.names_district(name) for place in places) and find(name) is None:
        return replace(address, subdistrict=name, city="")
    return address


def _lies_elsewhere(name: str, province: Province) -> bool:
    """Whether `name` is a province, district or subdistrict of Thailand, and none in `province`."""
    whole = find(name)
    if sound(name) in CAPITAL:
        return False
    if whole is province or (whole is None and towns.find_province(name) is province):
        return False
    homes = thai_places.provinces_of_district(name) | ({whole} if whole else set())
    homes = homes or thai_places.provinces_of_subdistrict(name)
    if not homes or province in homes:
        return False
    return not any(place.has(name) for place in thai_places.find_districts(province))


def _capital(province: Province, typed: str) -> str:
    place = next(place for place in thai_places.find_districts(province) if place.is_capital)
    return place.district[0 if THAI.search(typed) else 1]


def _drop_thai_places(address: SourceAddress) -> SourceAddress:
    """`address`, in another country, without a province of Thailand and its postcode; some in Latin letters are places
    there too."""
    for part in ("state", "city"):
        text = getattr(address, part)
        if text and (province := find(text)) and (province is BANGKOK or THAI.search(text)):
            address = _lose(address, part)
            if is_postcode(address.zip) and thai_places.serves(province, address.zip):
                address = _lose(address, "zip")
    return address


def _lose(address: SourceAddress, part: str) -> SourceAddress:
    return replace(address, lost=(*address.lost, getattr(address, part)), contradictory=True, **{part: ""})
