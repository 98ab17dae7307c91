"""What one source says about an address, and whether two sources can mean the same home."""

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


class Home(Struct, frozen=True):
    """One source's address, "" where nothing was said. `country` and `province` may have been read out of the other
    parts; `unknown_country` and `lost` have no place."""

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
        """Whether it has no gap that another source could fill."""
        return bool(self.street and self.city and self.zip and self.country and (self.province or self.state))

    @property
    def thai(self) -> bool:
        """Whether it lies in Thailand; without a country, whether it is written in Thai."""
        if self.country:
            return self.country == country.THAILAND
        return THAI.search(self.street + self.village + self.subdistrict + self.district + self.city) is not None


def read(source: Address, region: str) -> Home:
    """The home that `source` describes. `region` is the shop's ISO country: only for "TH" a bare five-digit postcode
    speaks for Thailand."""
    said = _said(source.country)
    named = country.name(said) if said else ""
    home = Home(
        street=_said(source.street),
        village=_said(source.village),
        subdistrict=_said(source.subdistrict),
        district=_said(source.district),
        city=_said(source.city),
        state=_said(source.state),
        zip=_said(source.postal_code).translate(address_line.DIGITS),
        country=named,
        unknown_country="" if named else said,
    )
    if home.country in ("", country.THAILAND):
        home = replace(home, province=find(home.state) or find(home.city))
    if home.street:
        home = _read_street(home)
    if not home.country and (home.province or _speaks_thai_postcode(home, region)):
        home = replace(home, country=country.THAILAND)
    return _check_zip(home)


def contradict(one: Home, other: Home) -> bool:
    """Whether the two cannot be the same home, as far as country, postcode, province, city and house number tell."""
    if _differ(_nation(one), _nation(other)) or _differ(one.zip, other.zip) or _differ(_state(one), _state(other)):
        return True
    if not (one.zip and other.zip) and _differ(_city(one), _city(other)):
        return True
    return _misplaced(one, other) or _misplaced(other, one) or _other_house(one, other)


def fill(home: Home, free: Home) -> Home:
    """`home` with its gaps filled from `free`, which must not contradict it."""
    return _check_zip(
        replace(
            home,
            street=home.street or free.street,
            city=home.city or free.city,
            zip=home.zip or free.zip,
            country=home.country or free.country,
            province=home.province or free.province,
            lost=home.lost if home.zip else home.lost + free.lost,
        )
    )


def bare(text: str) -> str:
    """The name of a Thai district, subdistrict or city without what says that it is one (อ., เขต, Amphoe, District)."""
    return _SUFFIX.sub("", text[prefix.end() :] if (prefix := _PREFIX.match(text)) else text)


def _said(text: str) -> str:
    if not text or text.casefold() in _UNSAID or not any(map(str.isalnum, text)):
        return ""
    return _NEWLINE.sub(" " if THAI.search(text) else ", ", text).strip() if "\n" in text else text


def _speaks_thai_postcode(home: Home, region: str) -> bool:
    # Every postcode of Thailand's delivery areas ends in 0; 75001 is Paris, and Beverly Hills 90210 has a state.
    if home.state or not (is_postcode(home.zip) and home.zip.endswith("0")):
        return False
    return region == "TH" or home.thai


def _check_zip(home: Home) -> Home:
    if not home.zip:
        return home
    if not home.thai or (not home.country and len(key(home.zip)) > 5):
        return home if any(map(str.isdigit, home.zip)) else replace(home, zip="", lost=(*home.lost, home.zip))
    found = _POSTCODE.fullmatch(re.sub(r"[\s-]", "", home.zip))
    if found and is_postcode(found[1]):
        return replace(home, zip=found[1]) if found[1] != home.zip else home
    return replace(home, zip="", lost=(*home.lost, home.zip))


def _read_street(home: Home) -> Home:
    """`home` with country, postcode and province that end its street moved to where they belong. Further up they are
    read, but left in the text; what contradicts the home's own parts is not read."""
    street, nation = address_line.cut_country(home.street)
    if nation and home.country in ("", nation):
        home = replace(home, street=street, country=nation)
    if home.country not in ("", country.THAILAND):
        return home
    street = home.street.translate(address_line.DIGITS)
    start, end, postcode = address_line.last_postcode(street)
    province, cut = address_line.last_province(street[:start], postcode)
    rest = address_line.trim(street[end:])
    if rest and not province:
        province, length = address_line.last_province(rest, postcode)
        rest = rest[:length].strip(" ,") if province else rest
    if province and home.province not in (None, province):
        return home
    known = home.province or province
    if postcode and not (known.serves(postcode) if known else home.thai and not rest):
        postcode = ""
    if not rest and postcode in ("", home.zip or postcode) and (postcode or start == len(street)):
        home = replace(home, street=address_line.trim(home.street[:cut]))
    return replace(home, province=known, zip=home.zip or postcode)


def _differ(one: str, other: str) -> bool:
    return one != other and one != "" != other and key(one) != key(other)


def _nation(home: Home) -> str:
    return home.country or home.unknown_country or (country.THAILAND if home.thai else "")


def _state(home: Home) -> str:
    return home.province.th if home.province else home.state


def _city(home: Home) -> str:
    return "" if find(home.city) else bare(home.city)


def _misplaced(one: Home, other: Home) -> bool:
    """Whether `other` lies in Thailand and the postcode or state of `one` does not."""
    if not other.thai:
        return False
    if is_postcode(one.zip):
        return other.province is not None and not other.province.serves(one.zip)
    return len(key(one.zip)) > 5 or (one.state != "" and one.country != country.THAILAND)


def _other_house(one: Home, other: Home) -> bool:
    # The first number of a street is its house; the same home written twice has it in both, wherever.
    if not one.street or not other.street or one.street == other.street:
        return False
    mine, theirs = (_NUMBER.findall(home.street.translate(address_line.DIGITS)) for home in (one, other))
    return bool(mine and theirs) and mine[0] not in theirs and theirs[0] not in mine
