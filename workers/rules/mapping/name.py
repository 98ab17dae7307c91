"""A customer's name, typed as one line of chat -> the parts of a CRM contact."""

import re
from itertools import product
from typing import NamedTuple

from leadcore import filler
from workers.rules.mapping import companies, country, honorifics, id_numbers, labels, provinces, surnames
from workers.rules.mapping.characters import NOT_BEHIND_LATIN, WORD


class Name(NamedTuple):
    """The parts of a name, "" if not given."""

    first: str = ""
    last: str = ""
    company: str = ""
    nickname: str = ""


_SYMBOLS = re.compile(
    r"[\u0e4f\u0e5a\u0e5b\u0f00-\u0f1f\u0f3a-\u0f3d\u0fd0-\u0fda\u1b5a-\u1b60\ua9c1-\ua9cd\u20d0-\u20ff\u2100-\u214f\u2190-\u2bff\u3030\u303d\u3297\u3299\ufe00-\ufe0f\U0001f000-\U0001fbff"
    r"\U000e0000-\U000e01ef][\u200d\ufe0f]*"
)
_NICKNAME_SAYS = re.compile(r"^(?:ชื่อเล่น|nickname|aka|a\.k\.a\.)\s*:?\s*", re.IGNORECASE)
# Who somebody is at work or to another person.
_NO_NICKNAME = re.compile(
    r"(?:เจ้าของ|ผู้จัดการ|ผจก\.?|ฝ่าย|แผนก|พนักงาน|เลขา|ผู้รับ|ผู้สั่ง|ผู้ซื้อ|แอดมิน)[\u0e00-\u0e7f\s.:：]*"
    r"|(?:n[ée]e|born|geb\.?|formerly)\s.*|(?:นาม)?สกุลเดิม.*|เดิมชื่อ.*"
    r"|(?:ด่วน|(?:จัด)?ส่ง(?:ด่วน|ที่|วัน|ก่อน|หลัง|ตาม|ของ)|โทร|ฝาก(?:ไว้|ส่ง)|รับ(?:สินค้า|ของ|พัสดุ)?(?:เอง|แทน)|คอนโด|หมู่บ้าน|หอพัก|อพาร์ทเม|เก็บเงิน)[\u0e00-\u0e7f\s.]*"
    r"|(?:คุณ)?(?:แม่|พ่อ|สามี|ภรรยา|ลูก(?:สาว|ชาย)?|พี่(?:สาว|ชาย)|น้อง(?:สาว|ชาย)|แฟน|เพื่อน|หัวหน้า|ลูกค้า(?:เก่า|ใหม่|ประจำ)?)"
    r"|(?:(?:my|the|his|her) )?(?:mother|father|mom|mum|dad|husband|wife|son|daughter|brother|sister|friend|boss|owner"
    r"|manager|secretary|cod|vip|urgent|recipient|receiver|buyer|sender|admin|staff|sales|hr)|妈妈|爸爸|老公|老婆|朋友|本人",
    re.IGNORECASE,
)
_NAME_SAYS = re.compile(
    r"^(?:ชื่อ(?:\s?[-–/]?\s?(?:นาม)?สกุล)?|ผู้รับ(?:สินค้า|พัสดุ|ของ)?|ผู้สั่ง(?:ซื้อ)?|(?:คุณ)?ลูกค้า"
    r"|(?:full |first |customer |recipient |your )?name"
    r"|recipient|receiver|contact(?: person)?|họ (?:và )?tên|tên|người nhận|nama(?: lengkap| penuh| penerima)?"
    r"|penerima|姓名|名字|收件人|收货人|收貨人|联系人|聯絡人|お?名前|氏名|이름|성함|성명"
    r"|받는 ?사람|ຊື່|ឈ្មោះ|အမည်|နာမည်|имя|фио|nom|nombre)"
    r"(?:\s*[:：]|\s+[-–—=]\s)\s*",
    re.IGNORECASE,
)
_HAS_LABEL = re.compile("ชื่อ|สกุล|ผู้รับ|ลูกค้า")
_THAI_NAME_SAYS = re.compile(
    r"^(?:(?:ผม|ฉัน|ดิฉัน|หนู|เรา|พี่)?\s?ชื่อ(?:\s?[-–/]?\s?(?:นาม)?สกุล|จริง|เต็ม|ผู้รับ|คนรับ|ลูกค้า|(?:ใน)?(?:ไลน์|เฟส(?:บุ๊?[คก])?)|(?:ภาษา)?ไทย)?(?:\s*[:：]\s*|\s+)"
    r"|(?:ผม|ฉัน|ดิฉัน|หนู|เรา)\s?ชื่อ(?:ว่า)?\s*|ผู้รับ(?:สินค้า|พัสดุ|ของ)?(?:คือ)?\s+|(?:คุณ)?ลูกค้า(?:ชื่อ\s*|\s+))(?=[ก-๛])"
)
# No name in a corpus of them begins with the word for one.
_GLUED_NAME_SAYS = re.compile(
    r"^ชื่อ(?:ผู้รับ(?:สินค้า|พัสดุ|ของ)?|ลูกค้า|จริง|ว่า|คือ)?(?!เสียง|ตรง|เดิม|เล่น|ย่อ|เต็ม|จีน|อังกฤษ|ไทย|ไลน์|เฟส|ใน|ภาษา|อะไร|สกุล|นามสกุล|ร้าน|บริษัท|บัญชี)(?=[ก-ฮเ-ไ]\S)"
)
_I_AM = re.compile(
    r"^(?:(?:hello|hi)[\s,.!]+)?(?:my (?:full )?name is|my name['’]s|this is|i am|i['’]m"
    r"|attn\.?\s?[:：]?|c/o\s?[:：]?|to\s?[:：]"
    r"|tên (?:tôi|em|mình) là|tôi tên là|nama saya|我叫|我是|私は)(?:\s+|(?<=[叫是は]))(?=\w)",
    re.IGNORECASE,
)
_BEGINS_SENTENCE = (
    "at",
    "c/",
    "to",
    "my",
    "th",
    "i ",
    "i'",
    "i’",
    "im",
    "he",
    "hi",
    "tê",
    "tô",
    "na",
    "我叫",
    "我是",
    "私は",
)
# Who says so is no part of the name, if the sentence ends as those of such people do.
_SPEAKS = re.compile(r"^(?:ผม(?=.*(?:ครับ|คับ|ครับผม)$)|ดิฉัน(?=.*(?:ค่ะ|คะ)$))\s?(?:คือ\s?)?(?!ชื่อ)(?=[ก-ฮเ-ไ]\S)")
# As on an envelope, before a title; and a sentence that ends politely.
_ADDRESSED = re.compile(
    r"^(?:ถึง|เรียน|ส่ง(?:ถึง|ให้)?|ฝาก(?:ถึง|ให้)?)\s?(?=(?:คุณ|นาย|นาง|น\.ส\.)\s?[ก-ฮเ-ไ])"
    r"|^ชื่อ(?=[ก-ฮเ-ไ]\S*\s?(?:ครับ|ค่ะ|คะ|ค่า|จ้า)$)"
)
# Without a blank or colon behind it, "สกุล" is how many surnames begin.
_BOTH_SAY = re.compile(
    r"^ชื่อ(?:จริง)?\s?[:：]?\s?(?=[ก-๛])(.{1,80}?)[\s,]+(?:นามสกุล\s?[:：]?\s?|สกุล(?:\s?[:：]\s?|\s))(?=[ก-๛])"
)
_SURNAME_SAYS = re.compile(r"(?:^|\s)(?:นามสกุล(?:\s*[:：]\s*|\s+)|สกุล\s*[:：]\s*)(?=[ก-๛])")
_FROM = re.compile(
    r"\s+(?:from\s+(?:the\s+)?|จาก\s?|[-–—|]\s+(?=\S{5})|(?=จ\.|จังหวัด))(?P<place>[^\s,].*)$", re.IGNORECASE
)
_PLACE_TITLES = ("จังหวัด", "อำเภอ", "เขต", "ตำบล", "แขวง")
# At the beginning "อ." is a teacher's title and "ต." an initial; แขวงอุบล is a surname.
_PLACE_BEHIND = re.compile(
    r"(?:^(?=จ\.)|\s+)(?:(?P<district>อ\.)|(?P<province>จ\.)|ต\.)\s?(?P<name>[ก-๛]{2,})(?:\s.*)?$"
    r"|(?:^|(?<=\S)\s+\S+(?P<behind>\s+))(?:(?P<whole_district>อำเภอ|เขต)|จังหวัด|ตำบล|แขวง)\s?(?P<whole>[ก-๛]{2,})(?:\s.*)?$"
)
# A part of the company, or how the order is meant.
_REMARK = re.compile(
    rf"(?<=\S)\s+(?:(?:ฝ่าย|แผนก)\s?{labels.DEPARTMENT}.*|[*!#(]*(?:(?:ขอ)?(?:จัด)?(?:ส่ง)?ด่วน(?:มาก|ที่สุด)?|เก็บ(?:เงิน)?ปลายทาง|COD)[*!)]*)$"
)
_DEPARTMENT = re.compile(rf"(?:ถึง|เรียน|ส่ง)?\s?(?:ฝ่าย|แผนก)\s?{labels.DEPARTMENT}[ก-๎]*")
_THAI_PARTS = re.compile(r"(?<=[ก-๛]{3})[._](?=[ก-๛]{3})")
_PARTICLES = frozenset(("van", "von", "de", "del", "della", "der", "den", "bin", "binti"))
_LATIN_WORD = re.compile(r"[A-Za-z][A-Za-z.'’-]*")
_THAI_WORD = re.compile("[\u0e00-\u0e7f.]+")
_BEHIND_DASH = re.compile("(?P<name>[\u0e00-\u0e7f.]+(?: [\u0e00-\u0e7f.]+)+)\\s+[-–—]+\\s*(?P<behind>[^\\s()-]+)")
# One syllable, seldom two; a second surname is longer. No remark, and no word that says who somebody is.
_NICKNAME = re.compile(
    "(?!(?:บริษัท|กลุ่ม|ถึง|เรียน|ผู้|ส่ง|ปลีก|ช่าง|ครู|หมอ|บ้าน|ไลน์|เฟส|เก่า|ใหม่|โอน|จ่าย|มัดจำ|วัด|ร้าน|หอ|คอนโด|ตึก|ห้อง|ชั้น|ลูก|เมีย|ผัว|แม่|พ่อ|หลาน"
    "|เพื่อน|ตลาด|รับ|ขาย|ซื้อ|จอง|คืน|แจ้ง|ผอ|นัด|ลด|แถม|เบอร์|โทร|วัน|เช้า|บ่าย|เย็น|ค่ำ|ออก|รอ|จบ"
    "|เคอ[รล]?รี่|แฟลช|ปณ|ไปรษ|บิ๊กซี|โลตัส|เซเว่น|แม็คโคร|แกร็บ|ธนา|กสิกร)[ก-๎]*$)"
    "(?:น้อง|พี่|ป้า|ลุง|เจ๊|เฮีย|น้า|อา)?[เ-ไ]?[ก-ฮ](?:[ก-ฮ]?[ะ-์]*){0,3}|(?!Line|Flash|Kerry|Dhl|Ems|Food|Lotus|Bigc|Makro|Grab|Home|Work|Shop|Sale|New|Old|Order|Paid)[A-Z][a-z]{1,4}"
)
_DASHES = "-–—"
_BEFORE_DASH = re.compile("(?P<nickname>[^\\s()-]+)\\s+[-–—]+\\s*(?P<name>[\u0e00-\u0e7f.]+(?: [\u0e00-\u0e7f.]+)+)")
# What a younger or older one is called by is no surname.
_THIRD_WORD = re.compile("(?P<name>[ก-๎]+ [ก-๎]+) (?P<nickname>(?:น้อง|พี่|ป้า|ลุง)[ก-๎]{2,})")
_HASHTAG = re.compile(r"(?:(?<=\S)\s+|(?<=[ก-๛)\]]))#[^\s#]+")
# What is said in a chat, where it was taken for a name; without its end some of it is one.
_SAID = re.compile(
    r"(?:สวัสดี|ขอบคุณ(?:มาก(?:ๆ)?)?|สนใจ|โอน(?:เงิน)?แล้ว|โอเค|ตกลง|รับทราบ|ได้)(?:นะ)?\s?(?:ครับ(?:ผม)?|คับ|ค่ะ|คะ|ค่า|จ้า)"
)
_NICKNAME_BEHIND = re.compile(r"(?<=\S)\s+ชื่อเล่น(?:ว่า|คือ)?(?:\s*[:：])?\s*([^\s()]+)$")
_NICKNAME_BEFORE = re.compile(
    r"^ชื่อเล่น(?:ว่า|คือ)?\s*[:：]?\s*([^\s()]+)(?:\s+ชื่อ(?:จริง|เต็ม|\s?[-–/]?\s?(?:นาม)?สกุล)?(?:ว่า|คือ)?\s*[:：]?\s*(.+))?$"
)
# Other ways to reach the customer, with what stands before them.
_CONTACT = re.compile(
    r"<?(?:(?:e-?\s?mail|อีเมล)\s*[:：]?\s*)?(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+>?"
    r"|(?<![A-Za-z])[A-Za-z]{2,10}://\S+|(?<!\S)www\.\S+"
    rf"|(?:{NOT_BEHIND_LATIN}(?:(?:id\s?)?line(?:\s?id)?|ig|whats\s?app|wechat|tik\s?tok|telegram|instagram|twitter|id)|ไอดีไลน์|ไลน์(?:ไอดี)?|ไอดี)\s*[:：@]\s*@?[{WORD}.-]+"
    rf"|(?:{NOT_BEHIND_LATIN}line\s?id|ไอดีไลน์|ไลน์ไอดี)\s+@?[{WORD}.-]+"
    # Where people are called by their names, and other words may follow, only what no name has is an id.
    rf"|(?:{NOT_BEHIND_LATIN}(?:facebook|fb)\s*[:：@]\s*|(?:{NOT_BEHIND_LATIN}(?:line|ig|facebook|fb|tik\s?tok)|ไลน์|ไอจี|เฟส)\s+)"
    r"@?(?=[A-Za-z.-]*[\d_.])[A-Za-z\d_.-]{3,}"
    rf"|(?:(?:{labels.TAX_ID}|{labels.PHONE})\s*[.:：]*\s*)?(?<!\d)\+?\(?\d(?:[\s().-]{{0,2}}\d){{6,}}"
    r"(?:\s*(?:ต่อ|กด|ext\.?|#)\s*\d{1,5}(?!\d))?"
    # The room of a hotel, and the age.
    r"|[,(]?\s*(?<![A-Za-zก-๛])(?:room|rm\.?|ห้อง(?:พัก)?(?:ที่|เลขที่)?|房[间間号號]?)\s*[:：#.]?\s*[A-Za-z]?-?\d+[A-Za-z]?(?![A-Za-z\d])\)?"
    r"|\s(?:อายุ|aged?)\s*[:：]?\s*\d{1,3}(?:\s*(?:ปี|years?(?: old)?))?(?![A-Za-z\d])",
    re.IGNORECASE,
)
# No text without these has any.
_MAY_BE_CONTACT = re.compile(r"[\d@:：_]|www|[iI][dD]|ไอดี|\s[-–—=]\s")
_EDGES = " ,;:/|\\*~_-–—=+<>[]{}()\"'“”‘’!?#&•·…"
_BRACKETS = str.maketrans("[【〔［]】〕］", "(((())))")
# Shorter words with a dot are abbreviations.
_FULL_STOP = re.compile(rf"(?<=[{WORD}]{{4}})\.+$")
_AT_SHOP = re.compile("(?<=[ก-๛])\\s?@\\s?(?=[ก-๛])")
_WESTERN_DOT = re.compile(r"(?<=\w)[・·‧](?=\w)")
_LAST_FIRST = re.compile(r"([^\W\d_][^,]*),\s*([^\W\d_][^,]*?)(?:,\s*((?:jr|sr|i{2,3}|iv)\.?))?", re.IGNORECASE)
_THAI = re.compile("[\u0e00-\u0e7f]")
_SUFFIX = re.compile(r"(?:jr|sr|i{2,3}|iv)\.?", re.IGNORECASE)
_JAPANESE = re.compile("[\u3005\u3040-\u30fa\u30fc-\u30ff様殿]")
# The languages whose customs names follow, by country.
_CUSTOMS = {"VN": "vi", "JP": "ja", "CN": "zh", "TW": "zh", "HK": "zh", "MO": "zh", "KR": "ko", "MY": "ms", "BN": "ms",
            "ID": "id", "MM": "my", "LA": "lo", "KH": "km"}  # fmt: skip
_LANGUAGES = frozenset(_CUSTOMS.values())


# Signs that East Asian writing lends to chat names, where no other letter of it touches them.
_ORNAMENT = re.compile(
    rf"(?<![{surnames.HAN}{surnames.KANA}])[彡乂亗么气ツッシヅ〆]+(?![{surnames.HAN}{surnames.KANA}])"
)
_OTHER_LETTER = re.compile("[A-Za-zก-ฮ]")
_SPACED = re.compile(r"[^\W\d_][\u0e31-\u0e3a\u0e47-\u0e4e]*(?: [^\W\d_][\u0e31-\u0e3a\u0e47-\u0e4e]*){2,}")
_GLUED_TITLE = re.compile(r"^(?:Mrs?|Ms|Miss|Khun|Dr)(?=[A-Z][a-z])")
_ON_PLATFORM = re.compile(
    r"^(?:(?:FB|Facebook|IG)(?:\s+|$)|(?:FB|Facebook|(?:ชื่อ)?(?:เฟส|เฟซ)(?:บุ๊?[คก])?)\s*[:：]\s*)"
    r"|(?<=\S)\s+(?:FB|Facebook|(?:เฟส|เฟซ)(?:บุ๊?[คก])?)\s*[:：].*$",
    re.IGNORECASE,
)
# In Latin letters, behind a name; "Ka" is one.
_POLITE = re.compile(r"(?<=\S)\s+(?:na\s?)?(?:kh?r[au]b|kh?r[au]p|k[au]b|kha|(?<=[A-Za-z] )ka)$")
_TWO_PEOPLE = re.compile(
    r"\s+(?P<and>และ|กับ|and|&|\+|und|หรือ|or|(?P<instead>(?:ผู้)?รับแทน(?:โดย|คือ)?\s?:?))(?:\s+|(?<=[ก-ฮะอบ])(?=คุณ|นาย|นาง))"
    r"(?=[^\W\d_])",
    re.IGNORECASE,
)


def parse(text: str, language: str = "", region: str = "") -> Name:
    """The first word is the first name, the rest the last name. "Last, First" is turned, and so is a name that begins
    with the surname: by its script, or by the `language` (a base code) or `region` (ISO 3166 alpha-2) of its event.
    Titles are dropped, text in parentheses or quotes is the nickname, a company stays whole. No letters, no name."""
    if "\n" in text and (lines := companies.split_lines(text))[1]:
        return parse(lines[0], language, region)._replace(company=lines[1])
    plain = " ".join((text if text.isascii() else _SYMBOLS.sub(" ", text)).split())
    if filler.is_number(plain) or (plain.endswith(("บ", "ม", "ะ", "า")) and _SAID.fullmatch(plain)):
        return Name()
    if _OTHER_LETTER.search(plain):
        plain = " ".join(_ORNAMENT.sub(" ", plain).split()) if not plain.isascii() else plain
    if len(plain) > 3 and plain[1] != plain[2] and _SPACED.fullmatch(plain) and not surnames.EAST_ASIAN.search(plain):
        plain = plain.replace(" ", "")
    if "@" in plain:
        plain = _AT_SHOP.sub(" ", plain)
    if plain.startswith(("ถึง", "เรียน", "ส่ง", "ฝาก", "ชื่อ")):
        plain = _ADDRESSED.sub("", plain)
    if plain.startswith(("ผม", "ดิฉัน")):
        plain = _SPEAKS.sub("", plain)
    if _HAS_LABEL.search(plain):
        plain = _NICKNAME_BEFORE.sub(lambda said: f"{said[2]} ({said[1]})" if said[2] else said[1], plain)
        plain = _GLUED_NAME_SAYS.sub("", _THAI_NAME_SAYS.sub("", _BOTH_SAY.sub(r"\1 ", plain)))
        plain = _NICKNAME_BEHIND.sub(r" (\1)", honorifics.strip_behind(_SURNAME_SAYS.sub(" ", plain)))
    if _MAY_BE_CONTACT.search(plain):
        plain = id_numbers.TAX_ID.sub(" ", plain)
        plain = _GLUED_NAME_SAYS.sub("", _NAME_SAYS.sub("", " ".join(_CONTACT.sub(" ", plain).split())))
    if plain[:2].lower() in _BEGINS_SENTENCE:
        plain = _I_AM.sub("", plain)
    if (origin := _FROM.search(plain)) and _is_place(origin["place"].strip(_EDGES)):
        plain = plain[: origin.start()]
    customs = _customs(plain, language, region)
    person, company = companies.split(plain)
    if company and _DEPARTMENT.fullmatch(person):
        person = ""
    person = _GLUED_TITLE.sub(r"\g<0> ", _ON_PLATFORM.sub("", _REMARK.sub("", person)))
    person = honorifics.strip_before(filler.drop_words(_HASHTAG.sub("", person) if "#" in person else person), customs)
    may_name_place = "." in person or person.count(" ") > 1 or person.startswith(_PLACE_TITLES)
    if may_name_place and (place := _PLACE_BEHIND.search(person)) and _is_titled_place(place):
        person = person[: place.start("behind") if place["behind"] else place.start()]
    if person.endswith(("b", "p", "a")) and not (person.isascii() and person.islower()):
        person = _POLITE.sub("", person)
    person = _FULL_STOP.sub("", person.translate(_BRACKETS))
    nickname = ""
    asides = list(companies.ASIDE.finditer(person)) if companies.OPENS.search(person) else []
    for aside in asides:
        rest, aside_company = companies.split(next(filter(None, aside.groups()), "").strip())
        company = company or aside_company
        candidate = "" if aside_company or companies.is_branch(rest) else _trim(_NICKNAME_SAYS.sub("", rest))
        if (
            not _has_letter(candidate)
            or _NO_NICKNAME.fullmatch(candidate)
            or filler.names_nobody(candidate, is_part=True)
        ):
            candidate = ""
        nickname = nickname or candidate
    if asides:
        begins = asides[0].start() == 0
        person = " ".join(companies.ASIDE.sub(" ", person).split())
        person = honorifics.strip_before(person, customs) if begins else person
    person, other = _part_other(_join_nickname(honorifics.strip_behind(person)))
    person, couple = _part_people(person, customs)
    first, last = _split(person, customs)
    company = company if _has_letter(company) else ""
    return Name(f"{first} {couple}" if couple else first, last, company, nickname or other)


def _part_people(person: str, customs: str) -> tuple[str, str]:
    """The first of two people; for two who share a surname, it behind the first given name, and what joins the other
    given name to that."""
    found = _TWO_PEOPLE.search(person)
    if not found:
        return person, ""
    before, behind = person[: found.start()], person[found.end() :]
    if found["instead"] or found["and"].lower() in ("หรือ", "or") or " " in before:
        return before, ""
    other, _, surname = honorifics.strip_before(behind, customs).partition(" ")
    return f"{before} {surname}".rstrip(), f"{found['and']} {_trim(other)}"


def _join_nickname(person: str) -> str:
    """`person` with a stroke before the nickname that stands before or behind a dash or as a third word, without
    another short word behind a dash."""
    if third := _THIRD_WORD.fullmatch(person) if person.count(" ") == 2 else None:
        is_role = says_role(third["nickname"])
        return third["name"] if is_role else f"{third['name']}/{third['nickname']}"
    if not any(dash in person for dash in _DASHES):
        return person
    before = _BEFORE_DASH.fullmatch(person)
    if before and _NICKNAME.fullmatch(before["nickname"]) and not companies.is_place(before["nickname"]):
        return f"{before['name']}/{before['nickname']}"
    found = _BEHIND_DASH.fullmatch(person)
    if not found or companies.is_place(found["behind"]):
        return person
    behind = found["behind"]
    if _NO_NICKNAME.fullmatch(behind) or _REMARK.fullmatch(f"x {behind}"):
        return found["name"]
    return f"{found['name']}/{behind}" if _NICKNAME.fullmatch(behind) else person


def _part_other(person: str) -> tuple[str, str]:
    """`person` without another name of theirs, and that as a nickname: a word behind a slash, or words in Latin letters
    around a name in other letters. The whole name again, in Latin letters, is no nickname."""
    head, slash, behind = map(str.strip, person.partition("/"))
    if slash and len(head.split()) > 1 and _THAI.search(head) and " " in behind and behind.isascii():
        return head, ""
    if slash and len(head.split()) > 1 and " " not in behind and _has_letter(behind):
        return head, _trim(behind)
    if person.isascii() or " " not in person:
        return person, ""
    latin = [word for word in person.split() if _LATIN_WORD.fullmatch(word) and not _SUFFIX.fullmatch(word)]
    own = [word for word in person.split() if word not in latin]
    if not latin or not own:
        return person, ""
    if all(map(surnames.EAST_ASIAN.fullmatch, own)):
        return " ".join(own), " ".join(latin)
    # Two words are a whole name in Thai; more than one beside it are the same name again.
    if len(own) > 1 and all(map(_THAI_WORD.fullmatch, own)):
        return " ".join(own), latin[0] if len(latin) == 1 else ""
    return person, ""


def says_role(text: str) -> bool:
    """Whether `text` is who somebody is to another person or at work."""
    return _NO_NICKNAME.fullmatch(text) is not None


def prefixes(name: Name) -> tuple[Name, ...]:
    """The shorter forms of `name`, which add nothing to it: parts or words are left out from the end, but not all."""
    people = [("", ""), (name.first, "")]
    if " " in name.first:
        people += [(form, last) for form in _shorter_firsts(name) for last in (name.last, "")]
    else:
        words = name.last.split(" ")
        people += [(name.first, " ".join(words[:n])) for n in range(1, min(len(words), 8))]
    if surnames.EAST_ASIAN.fullmatch(name.last):
        people.append(("", name.last))
    people.append((name.first, name.last))
    companies, nicknames = dict.fromkeys(("", name.company)), dict.fromkeys(("", name.nickname))
    shorter = (
        Name(first, last, company, nickname)
        for (first, last), company, nickname in product(dict.fromkeys(people), companies, nicknames)
    )
    return tuple(each for each in shorter if each not in (name, Name()))


def _shorter_firsts(name: Name) -> list[str]:
    """Shorter forms of a first name of several words: the last of them in Vietnam, where the first is a middle name."""
    words = name.first.split(" ")
    if surnames.is_vietnamese(name.last):
        return [" ".join(words[n:]) for n in range(len(words) - 1, max(0, len(words) - 4), -1)]
    return [" ".join(words[:n]) for n in range(1, min(len(words), 4))]


def _customs(text: str, language: str, region: str) -> str:
    """The code of the language whose customs the name follows, "" if nothing says it."""
    if "\u0e00" <= text[:1] <= "\u0e7f":
        return ""
    if not text.isascii() and _JAPANESE.search(text):
        return "ja"
    if surnames.looks_vietnamese(text):
        return "vi"
    return language if language in _LANGUAGES else _CUSTOMS.get(region, "")


def _split(person: str, customs: str) -> tuple[str, str]:
    if "," in person:
        if turned := _turn(person, customs):
            return turned
        name, _, place = person.rpartition(",")
        person = (name if _is_place(place) else person).replace(",", " ")
    words = _words(_THAI_PARTS.sub(" ", person))
    if not words:
        return "", ""
    if words[0] in _PARTICLES and len(words) > 1 and customs != "vi":
        return "", " ".join(words)
    if not person.isascii():
        if _WESTERN_DOT.search(person):
            words = _words(_WESTERN_DOT.sub(" ", person))
        elif found := surnames.split(words, customs):
            return found
    elif customs == "vi" and (found := surnames.split(words, customs)):
        return found
    return words[0], " ".join(words[1:])


def _turn(person: str, customs: str) -> tuple[str, str] | None:
    """The parts of "Last, First", None if the comma is another."""
    found = _LAST_FIRST.fullmatch(person)
    if not found or _THAI.search(person) or surnames.EAST_ASIAN.search(person):
        return None
    first, last = (" ".join(_words(part)) for part in (honorifics.strip_before(found[2], customs), found[1]))
    if not first or not last or _SUFFIX.fullmatch(first) or _is_place(first):
        return None
    return first, f"{last} {found[3]}" if found[3] else last


def _is_place(text: str) -> bool:
    return bool(country.common(text) or provinces.find(text))


def _is_titled_place(found: re.Match[str]) -> bool:
    name = found["name"] or found["whole"]
    if found["province"]:
        return provinces.find(name) is not None
    return companies.is_district(name) if found["district"] or found["whole_district"] else companies.is_place(name)


def _words(person: str) -> list[str]:
    words = (_trim(word.rstrip("@")) for word in person.split())
    return [word for word in words if _has_letter(word) and "@" not in word]


def _trim(word: str) -> str:
    return word.strip(_EDGES)


def _has_letter(text: str) -> bool:
    return text.isalpha() or any(map(str.isalpha, text))
