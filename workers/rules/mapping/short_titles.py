"""Titles of Thai places that are written shorter than usual, spelled as everybody writes them: ข. and ขว. of Bangkok,
and ต, อ and จ glued to their name without a dot. Only where the tables of places say that nothing else is meant.
"""

import re

from workers.rules.mapping import provinces, thai_places
from workers.rules.mapping.provinces import Province
from workers.rules.mapping.thai_places import CAPITAL, Place

_KHO = re.compile(r"(?<![ก-๛.])(?P<title>ขว?)\.\s?(?P<name>[ก-๛]{2,}?)(?=$|[^ก-๛.]|ขว?\.|แขวง|เขต|กทม|กรุงเทพ)")
# ข is a letter by which they are told apart.
_BUILDING_ENDS = re.compile(r"(?:อาคาร|ตึก|ห้อง|โซน|บล็อ[คก]|ล็อ[คก]|ชั้น|แถว|ประตู|หอ|แผง|โรง)\s?$")
_TOLD_BANGKOK = re.compile(r"กทม|กรุงเทพ|bangkok|(?<!\d)10[1-9]\d\d(?!\d)", re.IGNORECASE)
_GLUED = re.compile(r"(?<![^\s,])(?:ต(?P<subdistrict>[ก-๛]{3,})[\s,]+)?อ(?P<district>[ก-๛]{3,})(?![^\s,])")
_GLUED_PROVINCE = re.compile(r"(?<![^\s,])จ(?P<name>[ก-๛]{3,})(?![^\s,])")
# So long that no word but a name is left without its first letter.
_WORD = re.compile(r"[ก-ฮเ-ไ][ก-๛]{3,}")


def spell_titles(text: str, beside: str = "") -> str:
    """`text`, an address or a part of one, with its titles as everybody writes them. `beside`: what else was said of
    where it is."""
    if "ข" in text and "." in text:
        text = _spell_kho(text, beside)
    if "อ" in text or "จ" in text:
        text = _spell_glued(text, beside)
    return text


def spell_part(text: str, part: str) -> str:
    """The same for the name of a `part`, a "subdistrict", "district" or "state", which is told by its field."""
    if part == "state":
        return f"จ.{text[1:]}" if text[:1] == "จ" and _is_province(text[1:]) else text
    if text.startswith(("ข.", "ขว.")):
        return ("แขวง" if part == "subdistrict" else "เขต") + text.partition(".")[2].lstrip()
    homes = thai_places.provinces_of_subdistrict if part == "subdistrict" else thai_places.provinces_of_district
    letter = "ต" if part == "subdistrict" else "อ"
    name = text[1:]
    if text[:1] != letter or not _WORD.fullmatch(name) or homes(text):
        return text
    return f"{letter}.{name}" if homes(name) or (part == "district" and name in CAPITAL) else text


def _spell_kho(text: str, beside: str) -> str:
    found = [match for match in _KHO.finditer(text) if not _BUILDING_ENDS.search(text[: match.start()][-20:])]
    if not found or not _TOLD_BANGKOK.search(f"{text} {beside}"):
        return text
    districts = thai_places.find_districts(provinces.BANGKOK)
    spelled: list[str] = []
    for match in found:
        name = match["name"]
        is_khwaeng = any(name == own[0] for place in districts for own in place.subdistricts)
        is_khet = any(name == place.district[0] for place in districts) and match["title"] == "ข"
        if is_khwaeng and is_khet:
            # The smaller place is said first.
            is_first = len(found) > 1 and match is found[0]
            is_khwaeng = is_first or "เขต" in text
            is_khet = (len(found) > 1 and not is_first) or "แขวง" in text
        spelled.append("แขวง" if is_khwaeng and not is_khet else "เขต" if is_khet and not is_khwaeng else "")
    for match, title in reversed(list(zip(found, spelled, strict=True))):
        if title:
            text = f"{text[: match.start()]}{title}{text[match.start('name') :]}"
    return text


def _spell_glued(text: str, beside: str) -> str:
    text = _GLUED_PROVINCE.sub(lambda found: f"จ.{found['name']}" if _is_province(found["name"]) else found[0], text)
    all_found = list(_GLUED.finditer(text))
    if not all_found:
        return text
    # The last is rather the place; one before it may be a road's or shop's name.
    found = all_found[-1]
    name, subdistrict = found["district"], found["subdistrict"] or ""
    places = [] if thai_places.provinces_of_district(f"อ{name}") else _places_told(name, f"{text} {beside}")
    if not places:
        return text
    start = found.start("district") - 1
    text = f"{text[:start]}อ.{text[start + 1 :]}"
    if subdistrict and any(subdistrict == own[0] for place in places for own in place.subdistricts):
        text = f"{text[: found.start()]}ต.{text[found.start() + 1 :]}"
    return text


def _places_told(district: str, text: str) -> list[Place]:
    """The districts called so in the provinces that `text` names or has a postcode of."""
    homes = (
        [province for province in provinces.PROVINCES if _names(province, text)]
        if district in CAPITAL
        else thai_places.provinces_of_district(district)
    )
    zips = re.findall(r"(?<!\d)[1-9]\d{4}(?!\d)", text)
    told = [each for each in homes if _names(each, text) or any(thai_places.serves(each, zip_) for zip_ in zips)]
    return [place for each in told for place in thai_places.find_districts(each) if place.names_district(district)]


def _names(province: Province, text: str) -> bool:
    return re.search(rf"(?:(?<![ก-๛])|จังหวัด){province.th}(?![ก-๛])", text) is not None


def _is_province(name: str) -> bool:
    found = provinces.find(name)
    return found is not None and found.th == name
