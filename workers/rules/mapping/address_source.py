"""One source of an address, read into its parts, and whether two sources can mean the same address."""

import re

from msgspec import Struct
from msgspec.structs import replace

from leadcore.event import Address
from workers.rules.mapping import address_line, country
from workers.rules.mapping.provinces import Province, find, is_postcode, key

THAI = re.compile(r"[ก-๛]")
_UNSAID = frozenset({"n/a", "none", "null", "nil", "unknown", "undefined", "not specified", "ไม่ระบุ", "ไม่มี", "ไม่ทราบ"})
_NEWLINE = re.compile(r"[\s,]*\n\s*")
_POSTCODE = re.compile(r"\D*(\d{5})\D*")
_NUMBER = re.compile(r"\d+(?:/\d+)?")
_PREFIX = re.compile(
    r"(?:จังหวัด|อำเภอ|เขต|ตำบล|แขวง|[จอตat]\.|(?:changwat|amphoe|amphur|khet|tambo[nl]|kh?waeng)\s)\s*(?=\S)",
    re.IGNORECASE,
)
_SUFFIX = re.compile(r"(?<=[^\s,])[\s,]+(?:sub-?\s?)?district\.?$", re.IGNORECASE)


class SourceAddress(Struct, frozen=True):
    """The parts of one source's address, "" if not given. `country` and `province` may come from other parts;
    `unknown_country` and `lost` are texts that fit no part."""

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


def read_source(source: Address, region: str) -> SourceAddress:
    """The parts of `source`. `region` is the shop's ISO country: only for "TH" is a bare five-digit postcode taken for
    a Thai one."""
    given = _text(source.country)
    named = country.name(given) if given else ""
    address = SourceAddress(
        street=_text(source.street),
        village=_text(source.village),
        subdistrict=_text(source.subdistrict),
        district=_text(source.district),
        city=_text(source.city),
        state=_text(source.state),
        zip=_text(source.postal_code).translate(address_line.DIGITS),
        country=named,
        unknown_country="" if named else given,
    )
    if address.country in ("", country.THAILAND):
        address = replace(address, province=find(address.state) or find(address.city))
    if address.street:
        address = _read_street(address)
    if not address.country and (address.province or _has_thai_postcode(address, region)):
        address = replace(address, country=country.THAILAND)
    return _check_zip(address)


def contradicts(one: SourceAddress, other: SourceAddress) -> bool:
    """Whether the two cannot be the same address, judged by country, postcode, province, city and house number."""
    if _differ(_nation(one), _nation(other)) or _differ(one.zip, other.zip) or _differ(_state(one), _state(other)):
        return True
    if not (one.zip and other.zip) and _differ(_city(one), _city(other)):
        return True
    return _is_foreign_to(one, other) or _is_foreign_to(other, one) or _has_other_house(one, other)


def fill_gaps(address: SourceAddress, other: SourceAddress) -> SourceAddress:
    """`address` with its gaps filled from `other`, which must not contradict it."""
    return _check_zip(
        replace(
            address,
            street=address.street or other.street,
            city=address.city or other.city,
            zip=address.zip or other.zip,
            country=address.country or other.country,
            province=address.province or other.province,
            lost=address.lost if address.zip else address.lost + other.lost,
        )
    )


def strip_title(text: str) -> str:
    """The name of a Thai district, subdistrict or city without its title (อ., เขต, Amphoe, District)."""
    return _SUFFIX.sub("", text[prefix.end() :] if (prefix := _PREFIX.match(text)) else text)


def _text(text: str) -> str:
    if not text or text.casefold() in _UNSAID or not any(map(str.isalnum, text)):
        return ""
    return _NEWLINE.sub(" " if THAI.search(text) else ", ", text).strip() if "\n" in text else text


def _has_thai_postcode(address: SourceAddress, region: str) -> bool:
    # Every postcode of Thailand's delivery areas ends in 0; 75001 is Paris, and Beverly Hills 90210 has a state.
    if address.state or not (is_postcode(address.zip) and address.zip.endswith("0")):
        return False
    return region == "TH" or address.thai


def _check_zip(address: SourceAddress) -> SourceAddress:
    if not address.zip:
        return address
    if not address.thai or (not address.country and len(key(address.zip)) > 5):
        return (
            address
            if any(map(str.isdigit, address.zip))
            else replace(address, zip="", lost=(*address.lost, address.zip))
        )
    found = _POSTCODE.fullmatch(re.sub(r"[\s-]", "", address.zip))
    if found and is_postcode(found[1]):
        return replace(address, zip=found[1]) if found[1] != address.zip else address
    return replace(address, zip="", lost=(*address.lost, address.zip))


def _read_street(address: SourceAddress) -> SourceAddress:
    """`address` with the country, postcode and province at the end of its street moved to their own parts. Elsewhere in
    the street they are read but stay in the text; what contradicts the own parts is ignored."""
    street, nation = address_line.cut_country(address.street)
    if nation and address.country in ("", nation):
        address = replace(address, street=street, country=nation)
    if address.country not in ("", country.THAILAND):
        return address
    street = address.street.translate(address_line.DIGITS)
    start, end, postcode = address_line.last_postcode(street)
    province, cut = address_line.last_province(street[:start], postcode)
    rest = address_line.trim(street[end:])
    if rest and not province:
        province, length = address_line.last_province(rest, postcode)
        rest = rest[:length].strip(" ,") if province else rest
    if province and address.province not in (None, province):
        return address
    known = address.province or province
    if postcode and not (known.serves(postcode) if known else address.thai and not rest):
        postcode = ""
    if not rest and postcode in ("", address.zip or postcode) and (postcode or start == len(street)):
        address = replace(address, street=address_line.trim(address.street[:cut]))
    return replace(address, province=known, zip=address.zip or postcode)


def _differ(one: str, other: str) -> bool:
    return one != other and one != "" != other and key(one) != key(other)


def _nation(address: SourceAddress) -> str:
    return address.country or address.unknown_country or (country.THAILAND if address.thai else "")


def _state(address: SourceAddress) -> str:
    return address.province.th if address.province else address.state


def _city(address: SourceAddress) -> str:
    return "" if find(address.city) else strip_title(address.city)


def _is_foreign_to(one: SourceAddress, other: SourceAddress) -> bool:
    """Whether `other` is in Thailand and the postcode or state of `one` is not."""
    if not other.thai:
        return False
    if is_postcode(one.zip):
        return other.province is not None and not other.province.serves(one.zip)
    return len(key(one.zip)) > 5 or (one.state != "" and one.country != country.THAILAND)


def _has_other_house(one: SourceAddress, other: SourceAddress) -> bool:
    # The first number of a street is its house number; the same address written twice has it in both, somewhere.
    if not one.street or not other.street or one.street == other.street:
        return False
    mine, theirs = (_NUMBER.findall(address.street.translate(address_line.DIGITS)) for address in (one, other))
    return bool(mine and theirs) and mine[0] not in theirs and theirs[0] not in mine
