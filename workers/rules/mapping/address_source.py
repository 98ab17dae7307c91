"""One source of an address, read into its parts."""

import re
from collections.abc import Iterable
from functools import lru_cache

from msgspec.structs import replace

from leadcore.event import Address
from leadcore.text import DIGITS
from workers.rules.mapping import address_line, country, country_signs, neighbours, phone, postcodes, thai_places, towns
from workers.rules.mapping.address_extras import (
    THAI,
    cut_colons,
    cut_extras,
    cut_label,
    cut_labelled,
    join_lines,
    part_links,
)
from workers.rules.mapping.address_parts import SourceAddress, settle, strip_title
from workers.rules.mapping.place_names import Named, read_titled, read_trailing
from workers.rules.mapping.provinces import BANGKOK, Province, find, find_foreign, is_postcode, sound
from workers.rules.mapping.short_titles import spell_part, spell_titles
from workers.rules.mapping.thai_places import CAPITAL, Place

_TITLE = re.compile(r"(?:ตำบล|แขวง|อำเภอ|เขต|จังหวัด|[ตอจ]\.)(?=\s?[ก-๛])")
# A name that stands before the title of the next level needs none of its own.
_UNTITLED = re.compile(
    r"(?!ตำบล|แขวง|อำเภอ|เขต|จังหวัด|กิ่ง\s)[ก-๛]{2,}\s+(?:(?:อำเภอ|เขต|อ\.)|(?P<province>จังหวัด|จ\.))\s?[ก-๛]"
)
# Who comes for it says no address.
_PICKS_UP = re.compile(
    r"(?:จะ|ขอ|เดี๋ยว|นัด|มา|ไป|เข้า)*รับ(?:ของ|สินค้า|พัสดุ)?"
    r"(?:(?:เอง|ด้วยตัวเอง)(?:\s?(?:ที่|หน้า)\s?(?:ร้าน|สาขา|โกดัง)\S*?)?|\s?(?:ที่|หน้า)\s?ร้าน)"
    r"(?:\s?(?:วันนี้|พรุ่งนี้|มะรืน(?:นี้)?|เช้านี้|เย็นนี้|(?:ตอน|ช่วง)(?:เช้า|เที่ยง|บ่าย|เย็น|ค่ำ)|วัน(?:จันทร์|อังคาร|พุธ|พฤหัส(?:บดี)?|ศุกร์|เสาร์|อาทิตย์)))*"
    r"(?:\s?(?:นะ|คะ|ค่ะ|ค่า|ครับ|คับ|จ้า))*"
    r"|(?:self[- ]?)?(?:pick(?:ing)?[- ]?(?:it )?up|collect(?:ion)?)"
    r"(?: (?:at|in|from)(?: (?:the|your))? (?:store|shop|branch))?",
    re.IGNORECASE,
)
# That it is the one before says none either, whatever else is said with it in words.
_AS_BEFORE = re.compile(
    r"(?:จัดส่ง|ส่ง|ใช้|เอา)?(?:ไป|มา|ตาม)?(?:ที่อยู่|ที่)(?:เดิม|ตามบัตร(?:ประชาชน)?)(?:นะ|คะ|ค่ะ|ค่า|ครับ|คับ|จ้า|เลย)*(?:[\s,]\D*)?"
)
# "ส่งเลย" is "send it at once".
_ONLY_WHERE = re.compile(
    r"(?:(?:บ้าน|พัก)?อยู่|(?:จัด)?ส่ง(?:ของ)?)(?:ที่|ใน|ไป|แถว)*\s?(?!เลย)(?P<place>[ก-๛. ]+?)"
    r"(?:\s?(?:นะ|คะ|ค่ะ|ค่า|ครับ|คับ|จ้า))*"
)
_LONGEST_WHERE = 40
# A line with what lies within a house, behind one that ends with its place.
_INSIDE = re.compile(
    r"(?:ห้อง|ชั้น|ตึก|อาคาร|คอนโด|หอพัก|แมนชั่น|อพาร์|ยูนิต|#\s?\d|(?:room|rm|floor|fl|unit|suite|apt|apartment|building|bldg"
    r"|tower|flat|condo)\b)",
    re.IGNORECASE,
)
_TYPED_ZIP = re.compile(r"[1-9][\dOo]{4}")
# Letters that neither Thai nor the English of Thai places uses.
_FOREIGN = re.compile(r"[^\x00-\x7fก-๛‐-‟\s]")
# Cities that are their own countries.
_CITY_STATES = frozenset({"SG", "HK", "MO", "MC"})
_OR_THAILAND = ("", country.THAILAND)
_TITLED_PARTS = (
    ("subdistrict", re.compile(r"(?:ตำบล|แขวง|ต\.)\s?[ก-๛]+")),
    ("district", re.compile(r"(?:อำเภอ|เขต|อ\.)\s?[ก-๛]+")),
)
_PLACES = ("state", "city", "district", "subdistrict")
# What a form calls its fields, where one left them as they were; but ถนน is a subdistrict.
_FIELD_NAMES = frozenset((
    "จังหวัด", "จ.", "อำเภอ", "อ.", "เขต", "ตำบล", "ต.", "แขวง", "หมู่บ้าน", "บ้านเลขที่", "ที่อยู่", "รหัสไปรษณีย์", "ประเทศ",
    "street", "address", "village", "subdistrict", "district", "city", "state", "province", "zip", "country",
    "zip code", "zipcode", "postal code", "postcode",
))  # fmt: skip
_IN_TWO_SCRIPTS = (
    re.compile(r"(?P<thai>[ก-๛][ก-๛.\s]*?)\s*(?:[/|]\s*[A-Za-z][A-Za-z .'-]*|\(\s*[A-Za-z][A-Za-z .'-]*\))"),
    re.compile(r"[A-Za-z][A-Za-z .'-]*?\s*(?:[/|]\s*(?P<thai>[ก-๛][ก-๛.\s]*)|\(\s*(?P<aside>[ก-๛][ก-๛.\s]*)\))"),
)


def read_source(source: Address, region: str, phone_text: str = "") -> SourceAddress:
    """The parts of `source`. `region` is the shop's ISO country: only for "TH" is a bare five-digit postcode taken for
    a Thai one, and not beside a foreign city, foreign letters or `phone_text`, the customer's phone, if foreign."""
    given = _unless_field(join_lines(source.country))
    named = country.name(given) if given else ""
    address = SourceAddress(
        street=spell_titles(_unless_field(cut_label(join_lines(_order_lines(source.street)))), _beside(source)),
        # Behind its name stands which tower or where it is: "The Valley (รามอินทรา)".
        village=_unless_field(cut_colons(join_lines(source.village))),
        subdistrict=spell_part(_place_name(source.subdistrict), "subdistrict"),
        district=spell_part(_place_name(source.district), "district"),
        city=spell_part(_place_name(source.city), "district"),
        state=spell_part(_place_name(source.state), "state"),
        zip=_unless_field(join_lines(source.postal_code))
        .translate(DIGITS)
        .removesuffix(".0")
        .removeprefix("〒")
        .strip(),
        country=named,
        unknown_country="" if named else given,
    )
    if address.zip and not address.zip.isdigit():
        address = _mend_zip(address)
    if not address.zip and is_postcode(alone := address.street.translate(DIGITS)):
        address = replace(address, street="", zip=alone)
    elif not given and (found := country_signs.cut_singapore(address.street)) and address.zip in ("", found[1]):
        address = replace(address, street=found[0], zip=found[1], country="Singapore")
    # Most begin with the house's number.
    if address.street and not address.street[0].isdigit():
        address = _read_words(address)
    if address.unknown_country and any(map(str.isdigit, given)):
        address = _untangle_country(address)
    if is_postcode(address.state) and not is_postcode(address.zip) and (province := find(address.zip)):
        address = replace(address, state=province.th, zip=address.state)
    for part in _PLACES:
        if (text := getattr(address, part)) and _is_tangled(text, part):
            address = _untangle(address, part)
    if address.zip and not address.zip.isdigit():
        address = _untangle_zip(address)
    address = _move_misplaced(address, given)
    if _may_be_thai(address):
        address = _tell_by_name(address)
    if not (address.country or address.unknown_country or address.province) and (address.state or address.city):
        address = replace(address, country=_neighbour(address))
    if address.street:
        address = _read_street(address, region)
    if not (address.province or address.zip or address.state) and _may_be_thai(address):
        titled = " ".join((address.street, address.district, address.city))
        province = BANGKOK if thai_places.names_khet(titled) else _tell_by_district(address)
        address = replace(address, province=province)
    said = address.country or address.unknown_country
    if not said and (address.province or _has_thai_postcode(address, region, phone_text)):
        address = replace(address, country=country.THAILAND)
    return settle(address)


def _order_lines(text: str) -> str:
    """`text` with its last line, if that is of what lies within a house, before the place with which the others end."""
    above, _, last = text.rpartition("\n")
    if not above or not _INSIDE.match(last) or _ends_with_place(last) or address_line.FIVE.search(last):
        return text
    return f"{last}\n{above}" if _ends_with_place(above.rpartition("\n")[2]) else text


def _ends_with_place(line: str) -> bool:
    line = line.strip(" ,")
    found = address_line.find_province(line) or address_line.find_town(line)
    return found is not None or address_line.ends_in_thailand(line)


def _read_words(address: SourceAddress) -> SourceAddress:
    """`address` without a street that says something else in words."""
    if _PICKS_UP.fullmatch(address.street) or _AS_BEFORE.fullmatch(address.street):
        return replace(address, street="", lost=(address.street,))
    if len(address.street) > _LONGEST_WHERE:
        return address
    where = _ONLY_WHERE.fullmatch(address.street)
    return _take_where(address, where["place"] if where else address.street)


def _take_where(address: SourceAddress, place: str) -> SourceAddress:
    """`address` with the province or the well-known town that is all its street says."""
    province = find(place) if place != address.street else None
    if not (province or towns.find_province(place)):
        return address
    taken = replace(address, street="", state=province.th) if province else replace(address, street="", city=place)
    if not (address.state or address.city or address.zip):
        return taken
    is_said = find(address.state or address.city) is province if province else place == address.city
    return replace(address, street="") if is_said else address


def _mend_zip(address: SourceAddress) -> SourceAddress:
    """The postcode without the comma that a spreadsheet puts in a number, and in Thailand with zeros for the letter."""
    if re.fullmatch(r"\d\d,\d{3}", address.zip):
        return replace(address, zip=address.zip.replace(",", ""))
    zeros = address.zip.upper().replace("O", "0")
    if _TYPED_ZIP.fullmatch(address.zip) and address.country in _OR_THAILAND and thai_places.find_places(zeros):
        return replace(address, zip=zeros)
    return address


def _beside(source: Address) -> str:
    """What is said of where the street is."""
    return " ".join((source.district, source.city, source.state, source.postal_code))


def _unless_field(text: str) -> str:
    return "" if text.strip(" :").casefold() in _FIELD_NAMES else text


def _place_name(text: str) -> str:
    """The name of a place in one script, "" if it is that of its field."""
    name = _unless_field(cut_colons(join_lines(text)))
    if name.isascii() or not any(mark in name for mark in "(/|"):
        return name
    found = next(filter(None, (form.fullmatch(name) for form in _IN_TWO_SCRIPTS)), None)
    return next(filter(None, found.groups())).strip() if found else name


def _may_be_thai(address: SourceAddress) -> bool:
    if address.unknown_country:
        return address.thai
    return address.country in ("", country.THAILAND)


def _tell_by_name(address: SourceAddress) -> SourceAddress:
    """`address` with the province that its state or city is, or that a well-known town tells. A town is no state."""
    if province := find(address.state) or find(address.city):
        return replace(address, province=province)
    town = replace(address, city=address.city or address.state, state=address.state if address.city else "")
    return replace(town, province=province) if (province := _tell_by_town(town)) else address


def _tell_by_town(address: SourceAddress) -> Province | None:
    """The province of a well-known town, unless the postcode is another's: other places share the names of some."""
    province = towns.find_province(strip_title(address.city)) if address.city else None
    elsewhere = thai_places.find_places(address.zip) and province and not thai_places.serves(province, address.zip)
    return None if elsewhere or postcodes.FOREIGN.fullmatch(address.zip) else province


def _tell_by_district(address: SourceAddress) -> Province | None:
    """The one province that has both the district and, in it, the subdistrict, where both are written in Thai. เมือง
    is the name of no district."""
    district, subdistrict = strip_title(address.district or address.city), strip_title(address.subdistrict)
    if not (THAI.search(district) and THAI.search(subdistrict)) or sound(district) in CAPITAL:
        return None
    homes = [
        province
        for province in thai_places.provinces_of_subdistrict(subdistrict)
        if any(
            place.names_district(district) and place.has(subdistrict) for place in thai_places.find_districts(province)
        )
    ]
    return homes[0] if len(homes) == 1 else None


def _neighbour(address: SourceAddress) -> str:
    """The country of a state or city that lies in one of Thailand's neighbours or is a country itself."""
    if nation := country_signs.find_form(_one_text(address)):
        return nation
    for text in (address.state, address.city):
        if text and (alpha_2 := neighbours.country(text)) and not thai_places.provinces_of_district(strip_title(text)):
            return country.name(alpha_2)
        if text and (nation := country.common(text)) and country.code(nation) in _CITY_STATES:
            return nation
    return ""


def _one_text(address: SourceAddress) -> str:
    """The parts of `address` as people of its country write them."""
    if not (address.state + address.city).isascii():
        return address.state + address.city + address.district
    return ", ".join(filter(None, (address.city, f"{address.state} {address.zip}".strip())))


@lru_cache(maxsize=1024)
def _is_tangled(text: str, part: str) -> bool:
    """Whether a part may hold more than the name of one place."""
    if address_line.find_glued(text):
        return True
    if text.isalpha() or find(text):
        return False
    if "," in text or len(_TITLE.findall(text)) > 1 or any(map(str.isdigit, text)):
        return True
    # Names of several words are usual in English: of subdistricts, some end like a province.
    return " " in text and (part != "subdistrict" or THAI.search(text) is not None)


def _move_misplaced(address: SourceAddress, given: str) -> SourceAddress:
    """`address` with a district or subdistrict that its title shows to stand in another part, a province that was
    `given` as the country, and the country said as the state, moved to their own."""
    for part in ("state", "district", "subdistrict"):
        text = getattr(address, part)
        for own, titled in _TITLED_PARTS if text else ():
            if own != part and not getattr(address, own) and titled.fullmatch(text):
                address = replace(address, **{part: "", own: text})
    is_open = address.country in _OR_THAILAND
    if is_open and given and (province := find(given)) and find(address.state) is province:
        address = replace(address, unknown_country="")
    if is_open and address.state and not find(address.state) and country.common(address.state) == country.THAILAND:
        address = replace(address, state="", country=address.country or country.THAILAND)
    if is_open and given and not address.state:
        province = next(filter(None, map(find, re.split(r"[,/]", given))), None)
        near = {find(address.city), towns.find_province(strip_title(address.city)), None if address.city else province}
        if province and province in near:
            unknown = address.unknown_country if find(address.unknown_country) is None else ""
            address = replace(address, state=province.th, unknown_country=unknown)
    return address


def _untangle_country(address: SourceAddress) -> SourceAddress:
    text = address.unknown_country.translate(DIGITS)
    digits = address_line.FIVE.search(text)
    rest = address_line.trim(text.replace(digits[0], " ").strip()) if digits else ""
    named = country.name(rest) if rest else ""
    if not digits or not (named or (not rest and is_postcode(digits[0]))) or address.zip not in ("", digits[0]):
        return address
    return replace(address, country=named, unknown_country="", zip=digits[0])


def _untangle_zip(address: SourceAddress) -> SourceAddress:
    """The label, the province and Thailand that stand beside a postcode in its field."""
    found = postcodes.match_five(address.zip)
    if not found or address.country not in _OR_THAILAND or address.unknown_country:
        return address
    rest, nation = country_signs.cut_country(address_line.trim(re.sub(r"[\d\s-]*\d", " ", address.zip).strip(" ,-")))
    if rest.upper() == "TH":
        rest, nation = "", country.THAILAND
    province = find(rest) if rest else None
    if nation not in _OR_THAILAND or (rest and not province) or (province and address.state):
        return address
    state = province.th if province else address.state
    return replace(address, zip=found[1], state=state, country=address.country or nation)


def _untangle(address: SourceAddress, part: str) -> SourceAddress:
    """`address` with the postcode, country, province and other places that stand in its `part` moved to their own."""
    if address.country not in ("", country.THAILAND):
        return address
    text = getattr(address, part)
    rest, nation = country_signs.cut_country(text)
    if nation and (address.country or address.unknown_country or nation != country.THAILAND):
        rest, nation = text, ""
    zip_ = ""
    match = address_line.FIVE.search(rest.translate(DIGITS))
    if match and is_postcode(match[0]) and address.zip in ("", match[0]):
        zip_ = match[0]
        rest = f"{address_line.trim(rest[: match.start()])} {address_line.strip(rest[match.end() :])}".strip()
    changes: dict[str, object] = {}
    province = find(rest)
    if untitled := _UNTITLED.match(rest):
        rest = ("อ." if untitled["province"] else "ต.") + rest
    named, is_titled = Named(), len(_TITLE.findall(rest)) > 1
    if is_titled:
        named = read_titled(rest, _places(address))
        province = named.province or address_line.find_province(rest)
    elif not province and not thai_places.provinces_of_district(strip_title(rest)):
        province = address_line.find_province(rest)
        rest = address_line.cut_province(rest, province)
        if province and "," in rest:
            named = read_trailing(rest, thai_places.find_districts(province), province)
            named = named if named.subdistrict and named.district else Named()
    own = {name: value for name in ("district", "subdistrict") if (value := getattr(named, name))}
    changes |= {name: value for name, value in own.items() if name == part or not getattr(address, name)}
    if changes or (province and is_titled):
        said = [value for name, value in own.items() if name in changes or strip_title(getattr(address, name)) == value]
        if _says_more(rest, said, province):
            changes["lost"] = (*address.lost, text)
        rest = own.get(part, "")
    if province and (not address.state or part == "state"):
        changes["state"] = province.th
        if part == "state" and rest and find(rest) is None:
            changes["city" if not address.city else "lost"] = rest if not address.city else (*address.lost, rest)
        rest = "" if part == "state" or find(rest) else rest
    elif province and find(address.state) is not province:
        return address
    elif part == "state":
        changes["state"] = rest
    if part != "state" and part not in changes:
        changes[part] = rest
    if zip_:
        changes["zip"] = zip_
    if nation:
        changes["country"] = nation
    return replace(address, **changes)


def _says_more(text: str, names: Iterable[str], province: Province | None) -> bool:
    """Whether `text` says more than these names with their titles and `province` at its end."""
    text = address_line.cut_province(text, province)
    for name in filter(None, names):
        text = text.replace(name, " ", 1)
    return any(map(str.isalnum, re.sub(r"กิ่งอำเภอ|ตำบล|แขวง|อำเภอ|เขต|จังหวัด|[ตอจ]\.", " ", text)))


def _places(address: SourceAddress) -> tuple[Place, ...]:
    """Where `address` may lie, by its postcode or its province."""
    province = address.province or find(address.state)
    return thai_places.find_near(address.zip) or (thai_places.find_districts(province) if province else ())


def _has_thai_postcode(address: SourceAddress, region: str, phone_text: str) -> bool:
    """Whether the postcode alone is proof enough of Thailand."""
    names = [strip_title(name) for name in (address.city, address.district, address.subdistrict) if name]
    if address.state or not is_postcode(address.zip):
        return False
    if any(
        place.names_district(name) or place.has(name) for place in thai_places.find_near(address.zip) for name in names
    ):
        return True
    if not thai_places.find_places(address.zip):
        return False
    if address.thai:
        return not any(_FOREIGN.search(name) for name in names)
    if region != "TH" or names or _FOREIGN.search(address.street + address.village):
        return False
    return phone.parse(phone_text, region).phone[:3] in ("", "+66") if phone_text else True


def _is_said_in_thailand(address: SourceAddress) -> bool:
    """Whether its city or state is one of Thailand's by a name that no other country has. Some in Latin letters are
    places elsewhere too."""
    if address.province is None:
        return False
    return address.province is BANGKOK or THAI.search(address.state + address.city) is not None


def _read_street(address: SourceAddress, region: str) -> SourceAddress:
    """`address` with what stands in its street and is of another part moved there: phones, tax ids, the country, the
    postcode, the province at its end. Districts and subdistricts are read but stay in the text, as on a label; links
    stay unread."""
    unlinked, links = part_links(address.street)
    if links:
        if not address.zip and is_postcode(alone := unlinked.translate(DIGITS)):
            unlinked, address = "", replace(address, zip=alone)
        read = replace(address, street=unlinked)
        read = _read_street(read, region) if unlinked else read
        return replace(read, street=f"{read.street} {links}".lstrip())
    extras = cut_extras(address.street, country.code(address.country) or region)
    street, nation = country_signs.cut_country(extras.text)
    if not nation and not address.country and (head := cut_labelled(extras.text)) != extras.text:
        _, nation = country_signs.cut_country(head)
    denied = nation not in _OR_THAILAND and not address.country and _is_said_in_thailand(address)
    if nation not in _OR_THAILAND and not address.country and address_line.ends_in_thailand(street):
        address = replace(address, country=country.THAILAND, lost=(*address.lost, nation), contradictory=True)
    elif denied and not country_signs.is_sure(extras.text, nation):
        address = replace(address, country=country.THAILAND, lost=(*address.lost, nation), contradictory=True)
        street = extras.text
    elif nation and address.country in ("", nation) and not address.unknown_country:
        address = replace(address, country=nation)
        if not extras.phones:
            extras = cut_extras(address.street, country.code(nation))
            street, _ = country_signs.cut_country(extras.text)
    else:
        street = extras.text
    is_open = not (address.country or address.unknown_country or address.province or address.state or address.city)
    if is_open and not street.isascii() and (province := find_foreign(street)):
        address, is_open = replace(address, country=country.THAILAND, province=province), False
    if is_open and (nation := country_signs.find_country(street)) and not address_line.find_province(street):
        address = replace(address, country=nation)
    elif is_open and region == "TH" and not address.zip and country_signs.is_thai_in_latin(street):
        address = replace(address, country=country.THAILAND)
    if street != address.street:
        address = replace(address, street=street, phones=extras.phones, lost=(*address.lost, *extras.others))
    if not _may_be_thai(address) or not street:
        return address
    street = address_line.join_postcode(street)
    zip_ = address.zip if is_postcode(address.zip) else ""
    placed = bool(address.subdistrict or address.district or address.city)
    line = address_line.read_line(street, address.province, zip_, address.thai, placed)
    if is_open and not (line.province or address.zip) and (town := address_line.find_town(street)):
        address = replace(address, city=town[0])
        line = address_line.read_line(street, town[1], zip_, address.thai)
    if line == address_line.Line(address.street):
        return address
    return replace(
        address,
        street=line.street,
        mentioned=tuple(
            part
            for part in ("subdistrict", "district")
            if (name := getattr(line, part)) and name in line.street and getattr(address, part) in ("", name)
        ),
        subdistrict=address.subdistrict or line.subdistrict,
        district=address.district or line.district,
        province=address.province or line.province,
        zip=address.zip or line.zip,
        lost=(*address.lost, *line.lost) if line.lost else address.lost,
        contradictory=address.contradictory or line.contradictory,
    )
