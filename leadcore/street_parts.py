"""The parts of a street that a form asks for one by one, a house's number, moo, soi, road, room and so on, as one text:
DealDroid has one field for all of them."""

import re
from collections.abc import Mapping

NAMES: Mapping[str, str] = {
    "room": "room, room number, room no, ห้อง, ห้องเลขที่, เลขที่ห้อง",
    "unit": "unit, unit number, unit no, ยูนิต",
    "floor": "floor, floor number, ชั้น, ชั้นที่",
    "building": "building, building name, tower, condo, อาคาร, ตึก, ชื่ออาคาร, คอนโด",
    "house": "house number, house no, house, home number, street number, street no, building number, บ้านเลขที่, "
    "เลขที่บ้าน, เลขที่",
    "moo": "moo, mu, moo number, moo no, village number, village no, หมู่, หมู่ที่",
    "soi": "soi, ซอย, ตรอก, ตรอก/ซอย, ซอย/ตรอก",
    "road": "road, road name, street name, thanon, ถนน",
}
"""The keys of each kind of part, compared without case and style."""
# In Thai and in other languages, and the words that say the same.
_TITLES = {
    "room": ("ห้อง ", "Room ", r"ห้อง|room|rm\.?"),
    "unit": ("ยูนิต ", "Unit ", "ยูนิต|unit"),
    "floor": ("ชั้น ", "Floor ", r"ชั้น|floor|fl\.?"),
    "building": ("อาคาร ", "Building ", "อาคาร|ตึก|building|tower"),
    "moo": ("หมู่ ", "Moo ", r"หมู่(?:ที่)?|ม\.|moo|mu"),
    "soi": ("ซ.", "Soi ", r"ซอย|ซ\.|ตรอก|soi\b|lane\b|alley\b"),
    "road": ("ถ.", "", r"ถนน|ถ\.|ซอย|ซ\.|สาย"),
}
_INSIDE, _OUTSIDE = ("room", "unit", "floor", "building"), ("moo", "soi", "road")
_NUMBER = re.compile(r"[A-Za-zก-ฮ]?[\d๐-๙][\w๐-๙/.-]*|[A-Za-z]")
_THAI = re.compile("[ก-๛]")


def join(parts: Mapping[str, str], street: str, *, thai: bool) -> str:
    """`parts`, by their kind, and `street`, which was said beside them, as one text; what `street` says already is not
    said again. `thai`: the address is written in Thai."""
    texts = {kind: _entitle(kind, text, thai=thai) for kind, text in parts.items() if not _says(street, kind, text)}
    inside = [texts[kind] for kind in _INSIDE if kind in texts]
    outside = [texts[kind] for kind in _OUTSIDE if kind in texts]
    house = texts.get("house", "")
    # A street that begins with a number has the house's.
    if not house and street[:1].isdigit():
        house = street
    elif street:
        outside.append(street)
    if thai:
        return " ".join(filter(None, (*inside, house, *outside)))
    return ", ".join(filter(None, (*inside, f"{house} {''.join(outside[:1])}".strip(), *outside[1:])))


def is_thai(text: str) -> bool:
    return _THAI.search(text) is not None


def _entitle(kind: str, text: str, *, thai: bool) -> str:
    """`text` with the word for what it is, where a number, or a road in Thai, lacks one."""
    if kind == "house" or re.match(_TITLES[kind][2], text, re.IGNORECASE):
        return text
    if kind == "soi" or _NUMBER.fullmatch(text):
        return _TITLES[kind][0 if thai else 1] + text
    return _TITLES[kind][0] + text if kind == "road" and is_thai(text) else text


def _says(street: str, kind: str, text: str) -> bool:
    title = rf"(?:{_TITLES[kind][2]})\s*" if kind != "house" and _NUMBER.fullmatch(text) else r"(?<![\w/])"
    if kind == "road":
        title = ""
    return re.search(rf"{title}{re.escape(text)}(?![\d/])", street, re.IGNORECASE) is not None
