"""What in the text of an address tells its country, other than a province of Thailand."""

import re

from workers.rules.mapping import country, neighbours
from workers.rules.mapping.address_line import FIVE, trim
from workers.rules.mapping.provinces import find
from workers.rules.mapping.thai_places import find_places, provinces_of_district

_SINGAPORE = re.compile(
    r"((?:.*[\s,#)\d])?)(?:\(?singapore\)?[\s,]+|s\s?(?=\(?\d))\(?(\d{6})\)?\.?", re.IGNORECASE | re.ASCII
)
_EAST_ASIAN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
_THAI = re.compile("[ก-๛.]+")
# In one text, some write a country behind its postcode without a comma.
_POSTCODE_LIKE = re.compile(r"(?<![\d/-])(?:\d{4,6}|\d{3}-\d{4})(?![\d/-])|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}(?![A-Z])")
# Others write it before the postcode.
_BEHIND_COUNTRY = re.compile(r"(?<![\s,])[\s,]+(?P<postcode>\d{4,6}|\d{3}-\d{4})\.?$")
# Before the first part of an address in Han characters, and not as the name of a road: 香港路.
_HAN_COUNTRY = re.compile(
    r"(中[国國]|泰[国國]|[台臺][湾灣]|香港|澳[门門]|日本|[韩韓][国國]|新加坡|[马馬][来來]西[亚亞]|越南|老[挝撾]|[缅緬]甸|柬埔寨)"
    r"(?:[\s,，]+(?=[\u3400-\u9fff])|(?![路街道村城大])(?=[\u3400-\u9fff]{0,6}?(?:[省市县縣區区府州都島岛]|九[龍龙]|新界|曼谷)))"
)
# How addresses begin or end in the countries whose post asks for it.
_FORMS = (
    (
        re.compile(
            r"〒\s?\d{3}-?\d{4}|(?:東京都|北海道|大阪府|京都府|[\u3400-\u9fff]{2,3}県)(?=[\u3040-\u30ff\u3400-\u9fff])"
        ),
        "JP",
    ),
    (
        re.compile(
            r"(?:서울|부산|대구|인천|광주|대전|울산|세종)(?:특별자치시|특별시|광역시|시)?\s"
            r"|(?:경기도?|강원(?:특별자치)?도?|충청?[남북]도?|전라?[남북]도?|전북특별자치도|경상?[남북]도?|제주(?:특별자치)?도?)\s"
        ),
        "KR",
    ),
    (
        re.compile(
            r"(?:北京|上海|天津|重[庆慶])市|(?:广东|廣東|福建|浙江|江[苏蘇西]|山[东東西]|河[北南]|湖[北南]|四川|云南|雲南|[贵貴]州|安徽|[陕陝]西|甘[肃肅]"
            r"|青海|[辽遼][宁寧]|吉林|黑[龙龍]江|海南)省|(?:[广廣]西|[内內]蒙古|西藏|新疆|[宁寧]夏)[\u3400-\u9fff]{0,4}自治[区區]"
        ),
        "CN",
    ),
    (
        re.compile(
            r"(?:[台臺][北中南]|新北|桃[园園]|高雄|基隆|新竹|嘉[义義])市|(?:新竹|苗栗|彰化|南投|[云雲]林|嘉[义義]|屏[东東]|宜[兰蘭]|花[莲蓮]"
            r"|[台臺][东東]|澎湖)[县縣]"
        ),
        "TW",
    ),
    (re.compile(r"香港(?![路街道村城])|九[龍龙](?!坡)|新界"), "HK"),
    (re.compile(r"澳[门門](?![路街道村城])"), "MO"),
)
_BEFORE_FORM = re.compile(r"[\s,，]*(?:[(（]?\d{3,6}(?:-\d{4})?[)）]?[\s,，]+)?|")
_ENDINGS = (
    (
        re.compile(
            r"(?<=[A-Za-z,]) "
            r"(?:[BEGLMNSW]|A[BL]|B[ABDHLNRST]|C[ABFHMORTVW]|D[ADEGHLNTY]|E[CHNX]|F[KY]|G[LU]|H[ADGPRSUX]"
            r"|I[GPV]|K[ATWY]|L[ADELNSU]|M[EKL]|N[EGNPRW]|O[LX]|P[AEHLOR]|R[GHM]|S[AEGKLMNOPRSTWY]|T[ADFNQRSW]|UB"
            r"|W[ACDFNRSV]|YO|ZE)\d[A-Z\d]? \d[ABD-HJLNP-UW-Z]{2}$"
        ),
        "GB",
    ),
    (
        re.compile(
            r", (?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT"
            r"|V[AT]|W[AIVY]),? \d{5}(?:-\d{4})?$"
        ),
        "US",
    ),
    (re.compile(r" (?:NSW|VIC|QLD|ACT|TAS),? \d{4}$"), "AU"),
)
_ELSEWHERE_TOO = frozenset({"Georgetown", "George Town"})
_THAI_WORD = re.compile(r"\b(?:moo|mu|soi|tambon|amphoe|amphur|khet|khwaeng)\b", re.IGNORECASE)
# Only in Thailand these are numbered, or said before the name of a place.
_THAI_SIGN = re.compile(r"\b(?:(?:moo|mu|soi)\.?\s?\d|(?:tambon|amphoe|amphur|khwaeng)\s[a-z])", re.IGNORECASE)
# In a text with one of these, the name of a country is that of a dish, a shop or a road.
_NO_COUNTRY = re.compile(
    r"[ตอจถซม]\.|ตำบล|แขวง|อำเภอ|เขต|จังหวัด|ถนน|ซอย|หมู่|โรงแรม|สถานทูต|สมาคม|ร้าน|อาหาร|ตลาด|ครัว|ก๋วย|วัด|บ้าน|หอพัก|คอนโด"
)
_SHORT_NAMES = frozenset({"USA", "U.S.A", "UK", "U.K", "United States of America"})


def cut_country(street: str) -> tuple[str, str]:
    """`street` without a country at its end or before the postcode there, and that country's name, "" if there is
    none. Thailand may stand there in two languages."""
    head, nation = _cut_country(street)
    if nation == country.THAILAND and (again := _cut_country(head))[1] == nation:
        return again
    return head, nation


def _cut_country(street: str) -> tuple[str, str]:
    if behind := _BEHIND_COUNTRY.search(street):
        head, nation = _cut_last(street[: behind.start()])
        if nation and (nation != country.THAILAND or FIVE.fullmatch(behind["postcode"])):
            return f"{head} {behind['postcode']}".lstrip(), nation
    return _cut_last(street)


def is_sure(street: str, nation: str) -> bool:
    """Whether `street`, which ends with the name of `nation`, tells of it by more: by a town, its form or a postcode
    that is none of Thailand's."""
    codes = (found[0] for found in _POSTCODE_LIKE.finditer(street))
    # Four digits are rather a house's number.
    foreign = any(not find_places(code) and not (code.isdigit() and len(code) == 4) for code in codes)
    return foreign or find_country(cut_country(street)[0]) == nation


def _cut_last(street: str) -> tuple[str, str]:
    head, comma, tail = street.rpartition(",")
    if comma and (nation := _common(tail.strip(" ."))):
        return trim(head), nation
    if comma and tail.strip(" .") in ("TH", "THA"):
        return trim(head), country.THAILAND
    if street.startswith("ประเทศ"):
        first, _, rest = street.removeprefix("ประเทศ").strip().partition(" ")
        if rest and (nation := country.common(first.strip(" ,"))):
            return rest.strip(), nation
    head, _, tail = trim(street).rpartition(" ")
    if tail in ("TH", "THA") and FIVE.search(head[-5:]):
        return trim(head), country.THAILAND
    if tail.strip(".").casefold() in ("thailand", "ประเทศไทย", "ไทย"):
        return trim(head), country.THAILAND
    if tail.startswith(("ประเทศ", "สปป")) and (nation := country.name(tail)):
        return trim(head), nation
    if head and _EAST_ASIAN.fullmatch(tail) and (nation := country.name(tail)):
        return trim(head), nation
    if head and _THAI.fullmatch(tail) and (nation := country.common(tail)):
        before = neighbours.country(trim(head).rpartition(" ")[2])
        if not _NO_COUNTRY.search(head) or country.name(before) == nation:
            return trim(head), nation
    segment = street[street.rfind(",") + 1 :]
    if tail[-1:].isalpha() and tail.isascii() and _POSTCODE_LIKE.search(segment):
        words = segment.strip(" .").split()
        for count in range(min(4, len(words) - 1), 0, -1):
            name = " ".join(words[-count:])
            nation = country.common(name)
            if nation and (nation.casefold() == name.casefold() or name in _SHORT_NAMES):
                return trim(street.rstrip(" .")[: -len(name)]), nation
    return street, ""


def _common(text: str) -> str:
    """The country that the words behind a comma name; not Georgia, which is a state as well, and no code."""
    if nation := country.common(text):
        return nation
    nation = country.name(text) if len(text) > 4 and text.isascii() else ""
    return nation if nation.casefold() == text.casefold() and nation != "Georgia" else ""


def find_country(text: str) -> str:
    """The country in whose form an address begins or ends, or that has the town behind the last comma; "" if none."""
    if found := _HAN_COUNTRY.match(text):
        return country.name(found[1])
    if nation := find_form(text):
        return nation
    if not text.isascii() and (alpha_2 := neighbours.find_written(text)):
        return country.name(alpha_2)
    head, _, tail = text.rpartition(",")
    town = _POSTCODE_LIKE.sub("", tail).strip(" .")
    if not head or (town.isascii() and len(town) < 4) or _THAI_WORD.search(head) or town in _ELSEWHERE_TOO:
        return ""
    if find(town) or provinces_of_district(town):
        return ""
    return country.name(alpha_2) if (alpha_2 := neighbours.country(town)) else ""


def is_thai_in_latin(text: str) -> bool:
    """Whether `text` is an address in Thailand in Latin letters, by its words and the postcode at its end."""
    if not text.isascii() or not find_places(text[-5:]) or not FIVE.fullmatch(text, len(text) - 5):
        return False
    town = text[:-5].rstrip(" ,").rpartition(",")[2].strip()
    return _THAI_SIGN.search(text) is not None and not neighbours.country(town)


def find_form(text: str) -> str:
    """The country in whose form an address begins or ends, "" if it has none that others lack."""
    if text.isascii():
        found = next((code for form, code in _ENDINGS if form.search(text)), "")
        return country.name(found) if found and not _THAI_WORD.search(text) else ""
    starts = {0, _BEFORE_FORM.match(text).end()}  # type: ignore[union-attr]
    found = next((code for form, code in _FORMS for start in starts if form.match(text, start)), "")
    return country.name(found) if found else ""


def cut_singapore(text: str) -> tuple[str, str] | None:
    """The address in Singapore without its postcode at the end, and that; None if it is none."""
    found = _SINGAPORE.fullmatch(text) if text[-1:] in tuple("0123456789).") else None
    return (trim(found[1]), found[2]) if found else None
