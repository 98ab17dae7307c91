"""The end of an address line: its country, its Thai postcode, its province."""

import re

from workers.rules.mapping import country
from workers.rules.mapping.provinces import PROVINCES, Province, find, is_postcode

DIGITS = {ord(zero) + n: str(n) for zero in "๐０໐០၀٠۰०" for n in range(10)}
DIGITS |= {ord("－"): "-", ord("−"): "-", ord("\u3000"): " "}
_FIVE = re.compile(r"(?<![\d/.-])[1-9]\d{4}(?![\d/-])")
_CHANGWAT = re.compile(r"(?:จังหวัด|จ\.)\s*([^\s,]+)")
# A name after one of these is a road's or a district's, even if a province has the same name.
NOT_A_PROVINCE = ("ถนน", "ถ.", "ซอย", "ซ.", "ตำบล", "ต.", "อำเภอ", "อ.", "แขวง", "เขต", " soi", " thanon")


def cut_country(street: str) -> tuple[str, str]:
    """`street` without a country at its end, and that country's name, "" if there is none."""
    head, comma, tail = street.rpartition(",")
    if comma and (nation := country.common(tail.strip(" ."))):
        return trim(head), nation
    head, _, tail = trim(street).rpartition(" ")
    if tail.casefold() in ("thailand", "ประเทศไทย", "ไทย"):
        return trim(head), country.THAILAND
    return street, ""


def last_postcode(street: str) -> tuple[int, int, str]:
    """Start, end and text of the last possible Thai postcode. A number at the very start is a house number."""
    found = [match for match in _FIVE.finditer(street) if match.start() and is_postcode(match[0])]
    return (*found[-1].span(), found[-1][0]) if found else (len(street), len(street), "")


def last_province(text: str, postcode: str) -> tuple[Province | None, int]:
    """The province at the end of `text`, None if `postcode` is outside it, and where its name starts: the end of `text`
    if the name is joined to other words."""
    end = start = len(trim(text))
    province, cut = None, end
    for _ in range(4):
        start = max(text.rfind(" ", 0, start), text.rfind(",", 0, start))
        found = find(text[start + 1 : end])
        if found and not (start > 0 and text[:start].rstrip().casefold().endswith(NOT_A_PROVINCE)):
            province, cut = found, start + 1
        if start <= 0:
            break
    if province is None and (named := _CHANGWAT.search(text)):
        province = find(named[1])
    if province is None and postcode:
        near = (p for p in PROVINCES if p.serves(postcode))
        province = next((p for p in near if text[:end].endswith((p.th, *p.aliases))), None)
    return (None, end) if province and postcode and not province.serves(postcode) else (province, cut)


def trim(text: str) -> str:
    """`text` without the separators and labels that remain after a postcode or province is cut from its end."""
    return text.rstrip(" ,").removesuffix("รหัสไปรษณีย์").rstrip(" ,")
