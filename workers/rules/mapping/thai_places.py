"""Postcodes, districts and subdistricts of Thailand: which province a postcode means, and which places lie there.

The table beside this module is made from GeoThai (https://github.com/GeoThai/data, CC BY 4.0) and read when a first
address needs it. It stays one text, for a tenth of the memory that its 7,436 subdistricts would take as objects.
"""

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path

from msgspec import Struct

from workers.rules.mapping import provinces
from workers.rules.mapping.provinces import Province, key, sound

TABLE = "thailand.tsv"
# What people call the district of a province's capital.
CAPITAL = frozenset({"เมือง", "muang"})
_KHET = re.compile(r"(?:เขต\s?|\bkhet )([ก-๛]+|[a-z]+(?: [a-z]+)?)", re.IGNORECASE)


class Place(Struct, frozen=True):
    """A district, as far as one postcode reaches: its names and those of its subdistricts, each in Thai and English,
    without titles."""

    province: Province
    district: tuple[str, str]
    subdistricts: tuple[tuple[str, str], ...]

    @property
    def is_capital(self) -> bool:
        """Whether it is the district that people call Mueang alone."""
        return self.district[0].startswith("เมือง") or self.district[0] == self.province.th

    def names_district(self, name: str) -> bool:
        """Whether `name` (Thai or English, without title) is this district's."""
        folded = sound(name)
        return _is_one(folded, (self.district,)) or (folded in CAPITAL and self.is_capital)

    def has(self, name: str) -> bool:
        """Whether `name` (Thai or English, without title) is one of its subdistricts'."""
        return _is_one(sound(name), self.subdistricts)


@lru_cache(maxsize=128)
def find_places(postcode: str) -> tuple[Place, ...]:
    """The districts that `postcode` serves; () if the table lacks it."""
    if len(postcode) != 5:
        return ()
    table, found = _table(), []
    start = table.find(f"\n{postcode}\t")
    while start >= 0 and table.startswith(postcode, start + 1):
        end = table.index("\n", start + 1)
        found.append(_place(table[start + 1 : end]))
        start = end if end + 1 < len(table) else -1
    return tuple(found)


@lru_cache(maxsize=8)
def find_districts(province: Province) -> tuple[Place, ...]:
    """The districts of `province`, one for each of their postcodes."""
    return tuple(_place(line) for line in _table().split("\n") if line.startswith(f"{province.th}\t", 6))


def find_near(postcode: str) -> tuple[Place, ...]:
    """As `find_places`; for a postcode that the table lacks, all districts of the provinces whose own begin like it."""
    if places := find_places(postcode):
        return places
    near = (find_districts(province) for province in provinces.PROVINCES if province.serves(postcode))
    return tuple(place for districts in near for place in districts)


def _find_provinces(postcode: str) -> tuple[Province, ...]:
    """The provinces that `postcode` serves: one, or two for a few on a border; () if the table lacks it."""
    return tuple(dict.fromkeys(place.province for place in find_places(postcode)))


def serves(province: Province, postcode: str) -> bool:
    """Whether `postcode` can lie in `province`: it begins like the province's own, or the table says so."""
    return province.serves(postcode) or province in _find_provinces(postcode)


def names_khet(text: str) -> bool:
    """Whether `text` names a district of Bangkok with the title that the districts of no other province have."""
    names = [name for name in _KHET.findall(text) if sound(name) not in CAPITAL]
    return any(place.names_district(name) for name in names for place in find_districts(provinces.BANGKOK))


def provinces_of_district(name: str) -> frozenset[Province]:
    """The provinces that have a district `name` (Thai or English, without its title)."""
    return _districts().get(sound(name), frozenset())


@lru_cache(maxsize=1024)
def provinces_of_subdistrict(name: str) -> frozenset[Province]:
    """The provinces that have a subdistrict `name` (in Thai, without its title)."""
    table, found = _table(), set()
    for opening in ("\t", ","):
        start = table.find(f"{opening}{name}|")
        while start >= 0:
            line = table.rindex("\n", 0, start) + 1
            if start > table.index("|", line):
                found.add(_place(table[line : table.index("\n", line)]).province)
            start = table.find(f"{opening}{name}|", start + 1)
    return frozenset(found)


def _is_one(folded: str, names: Iterable[tuple[str, str]]) -> bool:
    if folded.isascii():
        return folded != "" and any(folded == sound(en) for _, en in names)
    return any(th[0] == folded[:1] and folded in (th, key(th)) for th, _ in names)


@cache
def _table() -> str:
    text = (Path(__file__).parent / TABLE).read_text(encoding="utf-8")
    return text[text.index("\n") :]


@cache
def _districts() -> dict[str, frozenset[Province]]:
    found: dict[str, frozenset[Province]] = {}
    alone = {province.th: frozenset({province}) for province in provinces.PROVINCES}
    for line in filter(None, _table().split("\n")):
        _, province, district, _ = line.split("\t")
        for name in map(sound, district.split("|")):
            known = found.get(name, alone[province])
            found[name] = known if known >= alone[province] else known | alone[province]
    return found


def _place(line: str) -> Place:
    _, name, district, subdistricts = line.split("\t")
    province = provinces.find(name)
    if province is None:
        raise ValueError(f"{TABLE} names a province that there is not")
    th, _, en = district.partition("|")
    return Place(province, (th, en), tuple((a, b) for a, _, b in (s.partition("|") for s in subdistricts.split(","))))
