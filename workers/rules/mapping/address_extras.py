"""What people write beside an address that is no part of it: phone numbers, tax ids, a company's branch, links."""

import re

from msgspec import Struct

from leadcore.text import DIGITS
from workers.rules.mapping import country, id_numbers, labels, phone, provinces, towns

THAI = re.compile(r"[ก-๛]")
_NEWLINE = re.compile(r"[\s,]*\n\s*")
_SAYS_ADDRESS = re.compile(
    r"^(?:ที่อยู่(?:จัดส่ง|ในการจัดส่ง|สำหรับจัดส่ง)?|(?:shipping |delivery |street )?address|street)\s*[:：]\s*"
    rf"|^(?:ที่อยู่(?:จัดส่ง|ใหม่)?|{labels.SEND_TO}(?<=ที่)\s?[:：]?)\s*(?=(?:บ้าน)?เลขที่|\d)",
    re.I,
)
# A comma may be a part of it, as in coordinates; behind one that is not, a postcode or a Thai word goes on at once.
_LINK = re.compile(
    r"(?:https?://|(?<![a-z\d./@-])(?:www\.|(?:maps\.app\.)?goo\.gl/))"
    r"(?:(?![,;|()]+(?:[1-9]\d{4}(?![\d.])|[ก-๛]|\s|$))\S)+",
    re.IGNORECASE,
)
_GAP = r"[\s.-]?"
# Nothing of all this without nine digits or one of these words.
_MANY_DIGITS = re.compile(rf"(?:\d{_GAP}){{9}}|\(\d")
_WORDS = ("สำนักงาน", "สนง", "สนญ", "สาขา", "office", "branch")
_ENDS_WITH_DIGITS = re.compile(r"\d(?:[\s().-]{0,2}\d){7}[\s)]*$")
_BRANCH = re.compile(rf"\(?\s*(?:{labels.HEAD_OFFICE}|{labels.BRANCH}\d{{1,5}}(?![\d/]))\s*\)?", re.IGNORECASE)
_EXTENSION = r"(?:\s*(?:ต่อ|ext\.?|#)\s*\d{1,5}(?!\d))?"
_BARE = rf"(?<![\d/.-])(?:\+\d(?:[\s().-]{{0,2}}\d){{7,13}}|(?:0|66{_GAP}|\(0)(?:[)\s.-]{{0,2}}\d){{8,9}})(?!\d|-\d)"
_LABELLED = rf"{labels.PHONE}[\s.:：]*(?:[+(]?\d(?:[\s().-]{{0,2}}\d){{7,13}})(?!\d|-\d)"
_NUMBER = rf"(?:(?:{labels.PHONE}[\s.:：]*)?{_BARE}|{_LABELLED}){_EXTENSION}"
_LABELLED_AT_END = re.compile(rf"(?<![\s,(])[\s,(]*{_LABELLED}{_EXTENSION}[\s)]*$", re.IGNORECASE)
_PHONE = re.compile(rf"\(\s*{_NUMBER}\s*\)|{_NUMBER}", re.IGNORECASE)
_LABEL = re.compile(rf"^\(?\s*{labels.PHONE}[\s.:：]*", re.IGNORECASE)
_JOINT = re.compile(r"(?<![\s,/;|])(?:[\s,/;|]|(?<=\s)(?:หรือ|และ|or|and)(?=\s|$))+$")
_LEFT_OVER = re.compile(r"\s*\(\s*\)|\s+(?=[,)])|(?<=[\s(])\s+")
_POLITE = re.compile(
    r"(?<![\s,.])(?:[\s,.]*(?:นะ)?(?:ครับผม|ครับ|คร้าบ|ค่ะ|คะ)|\s(?:ค่า|จ้า|ขอบคุณ(?=\s?(?:ครับ|ค่ะ|คะ|ค่า|มาก|$))))+$"
)


# As forms write them: "ตำบล: บางพลีใหญ่", "District: Bang Phli".
_TITLE_COLON = re.compile(
    r"(ตำบล(?:/แขวง)?|แขวง(?:/ตำบล)?|อำเภอ(?:/เขต)?|เขต(?:/อำเภอ)?|จังหวัด|หมู่บ้าน|[ตอจ]\.)\s*[:：]\s*(?=\S)"
)
# The last of them, which is the larger place, unless both are one kind.
_TWO_TITLES = re.compile(r"(แขวง|ตำบล)\s*/\s*(?:ตำบล|แขวง)|(?:แขวง|ตำบล|เขต|อำเภอ)\s*/\s*(เขต|อำเภอ)")
_TITLE_DASH = re.compile(r"(?<![ก-๛])(ตำบล|แขวง|อำเภอ|เขต|จังหวัด)\s?[–-]\s?(?=[ก-๛])")
_ENGLISH_COLON = (
    (re.compile(r"\b(?:sub-?\s?district|tambon|khwaeng)\s*[:：]\s*", re.IGNORECASE), "Tambon "),
    (re.compile(r"\b(?<!sub-)(?<!sub )(?:district|amphoe|amphur|khet)\s*[:：]\s*", re.IGNORECASE), "Amphoe "),
    (re.compile(r"\b(?:province|changwat|city|country)\s*[:：]\s*", re.IGNORECASE), ""),
)
# Between spaces behind a word such a label may be a part of a name: "The City: Rama 9", "Riverside District: Tower A".
_IN_NAME = re.compile(r"[A-Za-z]\s$")
_WORDS_OF_PLACE = re.compile(r"[^,\d(|/]*[^,\d(|/\s]")
# A field of a form that has none, between others.
_BLANK_FIELD = re.compile(
    r"(?<![ก-๛])(?:หมู่(?:ที่|บ้าน)?|ซอย|ตรอก|ถนน|อาคาร|ชั้น|ห้อง|ตรอก/ซอย)\s*[:：]?\s*[-–—]+"
    r"(?=\s+(?:หมู่|ซอย|ตรอก|ถนน|อาคาร|ชั้น|ห้อง|ตำบล|แขวง|อำเภอ|เขต|จังหวัด|[มซถตอจ]\.)|\s*$)\s*"
)
_STROKE = re.compile(
    r"\s*;\s+|(?<!\d)\s*[|]\s*|\s*[|]\s*(?!\d)|(?<!\d)\s+/\s+|\s+/\s+(?!\d)"
    r"|\s*[/–-]\s*(?=(?:[ตอจ]\.|ตำบล|แขวง|อำเภอ|เขต|จังหวัด)\s?[ก-๛])|(?<=[ก-๛])\s*[/–-]\s*(?=[1-9]\d{4}$)"
)


class Extras(Struct, frozen=True):
    """`text` is the address without them; `phones` as typed; `others` are tax ids and branches as typed."""

    text: str
    phones: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


def join_lines(text: str) -> str:
    """`text` as one line."""
    return _NEWLINE.sub(" " if THAI.search(text) else ", ", text).strip() if "\n" in text else text


def cut_label(text: str) -> str:
    """`text` without the word for an address before it, and with spaces for strokes between its parts."""
    if "|" in text or ";" in text or "/" in text or "-" in text or "–" in text:
        text = _BLANK_FIELD.sub("", text)
        # A line of a table; one alone may be a part of the house's number.
        text = text.replace(";", "; ") if text.count(";") > 2 else text
        text = _TITLE_DASH.sub(r"\1", _TWO_TITLES.sub(lambda found: found[found.lastindex or 0], text))
        text = _STROKE.sub(" " if THAI.search(text) else ", ", text).strip(" ,")
    return cut_colons(_SAYS_ADDRESS.sub("", text))


def cut_colons(text: str) -> str:
    """`text` without the colons behind the titles of its places."""
    if ":" not in text and "：" not in text:
        return text
    text = _TITLE_COLON.sub(lambda title: title[1].partition("/")[0], text)
    labels_found = [(plain, found) for label, plain in _ENGLISH_COLON for found in label.finditer(text)]
    for plain, found in sorted(labels_found, key=lambda pair: -pair[1].start()):
        if len(labels_found) > 1 or not _IN_NAME.search(text[: found.start()]) or _names_place(text[found.end() :]):
            text = text[: found.start()] + plain + text[found.end() :]
    return text


def _names_place(text: str) -> bool:
    """Whether `text` begins with a country or a province or town of Thailand."""
    name = _WORDS_OF_PLACE.match(text)
    return name is not None and bool(country.common(name[0]) or provinces.find(name[0]) or towns.find_province(name[0]))


def part_links(text: str) -> tuple[str, str]:
    """`text` without its links, such as a map's, and these: their digits are no postcode and no phone."""
    if "://" not in text and "www." not in text and "goo.gl" not in text:
        return text, ""
    rest = _LEFT_OVER.sub("", " ".join(_LINK.sub(" ", text).split()))
    return rest.strip(" ,"), " ".join(_LINK.findall(text))


def cut_labelled(text: str) -> str:
    """`text` without a number at its end that is called a phone, valid or not in any one country."""
    return _LABELLED_AT_END.sub("", text) if _ENDS_WITH_DIGITS.search(text) else text


def cut_extras(text: str, region: str) -> Extras:
    """`text` without phone numbers, tax ids and a company's branch. `region` (ISO 3166 alpha-2) applies to phones
    without a country code; what is no valid number stays."""
    plain = text.translate(DIGITS)
    if plain != text and (extras := cut_extras(plain, region)).text != plain:
        return extras
    lower = text.lower()
    if not _MANY_DIGITS.search(text) and not any(word in lower for word in _WORDS):
        return Extras(_POLITE.sub("", text) if text.endswith(("บ", "ะ", "า")) else text)
    others: list[str] = []
    phones: list[str] = []

    def cut_other(match: re.Match[str]) -> str:
        others.append(match[0].strip(" ()"))
        return " "

    def cut_phone(match: re.Match[str]) -> str:
        number = _LABEL.sub("", match[0]).strip()
        if not phone.parse(number, region).phone:
            return match[0]
        phones.append(number)
        return " "

    kept = _PHONE.sub(cut_phone, _BRANCH.sub(cut_other, id_numbers.TAX_ID.sub(cut_other, text)))
    if not others and not phones:
        return Extras(text)
    kept = _LEFT_OVER.sub("", kept)
    return Extras(_POLITE.sub("", _JOINT.sub("", kept)).strip(" ,/;|"), tuple(phones), tuple(others))
