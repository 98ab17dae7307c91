"""Companies in what was typed as a name: told by their legal forms, in the languages of Thailand and its neighbours."""

import re

from workers.rules.mapping import country, honorifics, labels, provinces, surnames, thai_places, towns
from workers.rules.mapping.characters import WORD

# Behind a name these are surnames, or words of a shop's name that begins with it.
_ONLY_FIRST = (
    r"(?<!\s)(?:(?:วัด(?=[ก-ฮเ-ไ]\S)|เทศบาล|องค์การบริหาร|สำนักงาน(?!\s?ใหญ่)|สำนักพิมพ์|โรงงาน|โรงพิมพ์|โรงสี"
    r"|ธนาคาร(?=[ก-ฮเ-ไ])|นิติบุคคล|การไฟฟ้า|การประปา|สถานี|กระทรวง|สถาบัน|ชมรม|กลุ่ม|ศูนย์|เพจ"
    r"|อู่(?:ช่าง|ซ่อม|รถ)|กอง(?:พันทหาร|ร้อย(?=\S)|ทัพ(?=บก|เรือ|อากาศ|ภาค)|บังคับการ)|มณฑลทหาร|ค่ายทหาร"
    r"|อบ[ตจ]\.|สนง\.|สภ\.|รพ\.|รร\.|ร\.\s?ร\.)\s*[ก-๙\w]"
    r"|(?i:Shop|Toko|Restoran|Quán|Nhà hàng|Tiệm|Khách sạn|Tạp hóa|Bệnh viện)\s+\w)"
)
_BEGINS = re.compile(
    r"(?:^|(?<=\s))(?:"
    r"(?:บริษัท|ห้างหุ้นส่วน|ห้าง|ร้าน|โรงเรียน|โรงพยาบาล|โรงแรม|มูลนิธิ|สมาคม|สหกรณ์|มหาวิทยาลัย|วิสาหกิจชุมชน|คลินิก"
    r"|บจก|บจ\.|บมจ|หจก|หสน|หสม"
    r"|บ\s?\.\s?(?:จ\s?\.\s?ก|ม\s?\.\s?จ|จ)|ห\s?\.\s?(?:จ\s?\.\s?ก|ส\s?\.\s?[นม]))[\s.]*\w"
    r"|บ\.\s*\w(?=.*(?:จก|จำกัด))"
    # A chain's branch, where parcels are fetched.
    r"|(?i:7\s?-\s?(?:11|eleven)|เซเว่น(?:\s?-?\s?อีเลฟเว่น)?|โลตัส|บิ๊กซี|แม[็]?คโคร|Lotus(?:'s)?|Big\s?C|Makro)\s?สาขา\s?[\wก-๛]"
    r"|(?i:Cong ty (?:TNHH|CP|Co phan|Trach nhiem|XNK)\b)\s*\w"
    r"|(?:PT|CV|UD)\b\.?\s*\w"
    r"|(?i:Công ty|Cty|Tập đoàn|DNTN|Doanh nghiệp|Hợp tác xã|HTX|Cửa hàng|Hộ kinh doanh|Kedai|Warung"
    r"|Syarikat|Perniagaan|Perusahaan|Koperasi|Yayasan)\b\.?\s*\w"
    r"|(?:ООО|ОАО|ЗАО|ПАО|АО|ИП)\s+\S"
    r"|(?:ບໍລິສັດ|ຮ້ານ|ក្រុមហ៊ុន|ហាង|ကုမ္ပဏီ)\s*\S"
    rf"|{_ONLY_FIRST}"
    r"|(?:[㈱㈲㈜㍿]|株式会社|有限会社|合同会社|合資会社|一般社団法人|医療法人|学校法人|주식회사|유한회사|재단법인|사단법인)\s*\S"
    r")"
)
_MARK = re.compile(r"\(\s*(?:株|有|合|同|資|名|財|社|株式会社|有限会社|주|유|재|사|합|주식회사|มหาชน)\s*\)")
# What shops, their pages and institutions call themselves.
_KINDS = (
    "Shop|Store|Stores|Clinic|Restaurant|Cafe|Café|Bistro|Bakery|Boutique|Pharmacy|Supermarket|Studio|Hotel|Hostel|Resort"
    "|Hospital|School|University|Foundation|Association|Trading|Group|Official"
)
_ENDS = re.compile(
    r"\S\s*จำกัด\.?$|\S[\s.]+ม?จก\.?$|[㈱㈲㈜㍿]$"
    r"|(?:公司|集[团團]|会社|商[会會行]|店|企[业業]社?|工作室|事[务務]所|超市|餐[厅廳]|[医醫病]院|[学學]校|大[学學]|[银銀]行|工[厂廠]"
    r"|주식회사|유한회사|식당|카페|마트|병원|학교|약국)$"
    r"|\w[\s&,]+Co\.$"
    r"|\w\W+(?i:(?:Co\b\.?\s*,?\s*)?(?:Ltd|Limited)(?:\.?,?\s?Part(?:nership)?)?|Part\.?,?\s?Ltd|Inc"
    r"|Incorporated|Corp|Corporation|Company|LLC|L\.L\.C|LLP|L\.L\.P|PLC"
    r"|P\.L\.C|PCL|(?:Sdn\.?\s*)?Bhd|Berhad|PLT|Pte|Pty|GmbH|mbH|GmbH\s?&\s?Co\.?\s?KG"
    r"|e\.\s?K|e\.\s?V|S\.\s?A|S\.\s?A\.\s?S"
    r"|S\.?A\.?R\.?L|S\.?\s?à\s?r\.?\s?l|S\.?R\.?L|S\.p\.A|S\.A\. de C\.V|B\.V|N\.V|A/S|A\.Ş|Ltd\.?\s?Şti"
    r"|s\.r\.o|d\.o\.o|sp\.?\s?z\s?o\.?\s?o|Kft|Zrt|OÜ|Oyj|Tbk|OPC|FZE|FZCO|FZ-LLC|W\.?L\.?L|Enterprises?|Holdings?|Industries|TNHH)\b\.?$"
    rf"|[A-Za-zÀ-ɏḀ-ỿ0-9]\W+(?i:{_KINDS})$"
    r"|[ก-๎]\s+(?i:Shop|Store|Official|Clinic|Cafe|Studio)$|\S\s?(?:คาเฟ่|ช[็้]?อป|สโตร์|รีสอร์[ทต]|คลินิก|เบเกอรี่|โฮสเทล|สตูดิโอ)$"
    r"|\w\W+(?:AG|KG|OHG|SAS|BV|NV|UAB|ApS|ASA|SpA|Ltda|Lda)$|\w{3,}\W+(?:SE|SA|AB)$"
)
# What a text ends with if `_ENDS` matches it; without the dots.
_LAST_WORDS = frozenset(
    re.split(
        r"\s+",
        "co ltd part partnership limited inc incorporated corp corporation company llc llp plc pcl bhd berhad "
        "plt pte pty gmbh mbh kg ek k ev v sa a sas s sarl sàrl rl srl l spa cv bv nv a/s aş şti sro o doo "
        "zoo oo kft zrt oü oyj tbk opc fze fzco fz-llc wll enterprise enterprises holding holdings industries "
        "tnhh ag ohg se ab uab aps asa ltda lda จก มจก",
    )
) | frozenset(_KINDS.lower().split("|"))
_LAST_LETTERS = (
    "จำกัด", "จก", "คาเฟ่", "อป", "สโตร์", "รีสอร์ท", "รีสอร์ต", "คลินิก", "เบเกอรี่", "โฮสเทล", "สตูดิโอ",
    "司", "团", "團", "社", "店", "会", "會", "行", "业", "業", "室", "所", "㈱", "㈲", "㈜", "㍿",
    "市", "厅", "廳", "院", "校", "学", "學", "厂", "廠",
    "주식회사", "유한회사", "식당", "카페", "마트", "병원", "학교", "약국", "ltd", "Ltd", "LTD", "Co", "CO",
)  # fmt: skip
# How the names of temples go on, and how the second word of one does. Of two words, others are a person's.
_TEMPLE = re.compile(
    r"วัด(?:พระ|ป่า|บ้าน|โพธ|ใหม่|ใหญ่|ศรี|ราช|มหา|หลวง|หนอง|ดอน|ดอย|เขา|ภู|ถ้ำ|ท่า|ทุ่ง|นา|บาง|คลอง|ปาก|ห้วย|โคก|เกาะ|สระ|สวน|สาม|ทอง|ไผ่|"
    r"เจดีย์|ธาตุ|ธรรม|อรุณ|กลาง|เหนือ|ใต้|นอก|ใน|จีน|ไทย|เทพ|เวฬุ|ญาณ)|"
    r".*\s(?:วัด|พระ|สาขา|\S*(?:ราม|วิหาร|าวาส|เจดีย์|ธาตุ|สงฆ์)$)"
)
_TWO_WORDS = re.compile(r"[ก-๎]+\s([ก-๎]+)")
# "The Anh" and "The Vinh" are Vietnamese names.
_THE = re.compile(r"(?:The|THE)(?:\s[A-Z0-9][\w'’&.-]*){2,}")

OPENS = re.compile("[(\"“'‘]")
# Behind a company in Thailand's tax invoices.
_OFFICE = rf"{labels.HEAD_OFFICE}|h\.?q\.?|{labels.BRANCH}\d*"
_BRANCH = rf"(?:{_OFFICE}|สาขา[{WORD}\s./-]*)"
_BRANCH_ENDS = re.compile(rf"(?<![\s,])[\s,]*(?:\(\s*{_BRANCH}\s*\)|(?<=[\s,]){_BRANCH})$", re.IGNORECASE)
# สาขามุละ is a surname.
_BRANCH_OF_PERSON_ENDS = re.compile(
    rf"(?<![\s,])[\s,]*(?:\(\s*{_BRANCH}\s*\)|(?<=[\s,])(?:{_OFFICE}|สาขา\s[{WORD}\s./-]*))$", re.IGNORECASE
)
_BRANCH_ONLY = re.compile(_BRANCH, re.IGNORECASE)
_LEGAL_END = re.compile(r"จำกัด\.?\s*(?:\(\s*มหาชน\s*\))?\s+|[\s.]ม?จก\.?\s+|(?:Co\.?\s*,?\s*)?Ltd\.?\s+")
_IN_PERSON = re.compile(
    r"(?:(?:ฝ่าย|แผนก)[ก-๛]+\s(?=คุณ|นาย|นาง|น\.ส)|โดย|ผู้?ติดต่อ|ติดต่อ|attn\.?|c/o)\s*[:：]?\s*(?=[^\W\d])", re.IGNORECASE
)
_PERSON_WITHIN = re.compile(rf"(?<=\S)\s+(?={_IN_PERSON.pattern})", re.IGNORECASE)
# Behind a Chinese company's form, with a space.
_HAN_COMPANY = re.compile(r"(\S*(?:公司|集[团團]|商行|[银銀]行|[医醫]院|[学學]校|工[厂廠]|店))\s+(\S{2,8})")
# Characters; in a longer text it takes long to look for a person beside a company.
_LONGEST = 300
_STROKE = re.compile(r"\s[-–—]\s|[/|]|,\s")
_PERSON_BEHIND = re.compile(
    r"(?P<company>.*[^\s,])[\s,]*(?:\((?P<aside>[^()]+)\)|(?:\s[-–—]\s|[/|]|,\s)\s*(?P<person>[^()/|]+))"
)
_PERSON_BEFORE = re.compile(
    r"(?P<person>[^()/|]+?)(?P<aside>)(?:(?P<care_of>\s+[cC]/[oO]\.?\s)|\s[-–—]\s|[/|@]|,\s)\s*(?P<company>.+)"
)

# Where in a company, how to reach it, or what is said of the order.
_WITHIN = re.compile(
    r"(?:ฝ่าย|แผนก|ชั้น|ตึก|อาคาร|ห้อง|สาขา|ตลาด|สำนักงาน|โซน|ล็อ[คก]|โกดัง|คลัง|หน้า|ข้าง|หลัง|ถนน|ถ\.|ซอย|ซ\.|หมู่|ม\.|ตำบล|ต\.|แขวง|อำเภอ|อ\.|เขต"
    r"|จังหวัด|จ\.|โครงการ|ห้าง|ศูนย์|เคาน์เตอร์|แอดมิน|ประเทศ|โรงงาน|ส่วน|กอง|งาน|กลุ่ม|หน่วย|โทร"
    r"|คณะ|ภาควิชา|หอผู้ป่วย|หอพัก|ปากซอย|ปากทาง|ตรงข้าม|ใกล้|ติด(?:กับ)?\s|ใบ(?:กำกับ|เสร็จ)|เลข(?:ที่|ผู้|ประจำ)|เก็บเงิน|ขอ(?:บคุณ|ใบ|ให้|\s)"
    r"|ออก(?:ใบ|\s)|ส่ง(?:ด่วน|ของ|ที่|\s)|จัดส่ง|รับ(?:เอง|ของ|ที่|สินค้า)|.*\s(?:นะ)?(?:ครับ|ค่ะ|คะ)$)"
    r"|.*\b(?:department|dept|division|section|team|office|desk|floor|building|tower|warehouse|reception|counter|account\w*"
    r"|sales|purchasing|admin|manager|hr|services?|center|centre|plaza|mall|road|rd|soi|district|province|zone|unit|customer"
    r"|thanks?|tax|invoice|receipt|urgent|please|cash|cod|delivery|order|food|coffee|tea"
    r"|[Tt]hailand|bangkok|international)\b",
    re.IGNORECASE,
)
_TWO_NAMES = re.compile(rf"[^\W\d_][{WORD}.'’-]+(?: [^\W\d_][{WORD}.'’-]*){{1,2}}")
# Beside a company in Latin letters.
_PERSON_IN_THAI = (
    re.compile(r"(?P<company>[\x20-\x7e]*[\x21-\x7e])\s+(?P<person>[ก-๛][ก-๛\s.]*)"),
    re.compile(r"(?P<person>[ก-๛][ก-๛\s.]*?)\s+(?P<company>[\x21-\x7e][\x20-\x7e]*)"),
)

ASIDE = re.compile(r"""\(((?:[^()]|\([^()]*\))*)\)|["“]([^"“”]*)["”]|(?<=\S\s)['‘]([^'‘’]{1,40})['’](?!\S)""")


def split(text: str) -> tuple[str, str]:
    """The person and the company in `text`, "" if it has none: "คุณแดง ร้านกาแฟ" has both, a text that ends like a
    company is one as a whole, but for a person with a title beside it."""
    person, company = _split(text)
    if len(text) > _LONGEST:
        return person, company
    if not person or not company:
        for pattern in _PERSON_IN_THAI if not text.isascii() else ():
            found = pattern.fullmatch(text)
            is_person = found and honorifics.strip_before(found["person"]) not in ("", found["person"])
            if found and is_person and _split(found["company"]) == ("", found["company"]):
                return found["person"], found["company"]
    if company and not person:
        return _split_beside(company)
    if not company and _STROKE.search(person):
        beside, company = _split_beside(person)
        return (beside, company) if beside and _split(company)[1] == company else (person, "")
    return person, company


def split_lines(text: str) -> tuple[str, str]:
    """The person and the company in `text` where they stand on a line of their own each; only the company where it
    fills both lines, or where its place or a department stands below it; else ""."""
    lines = [line.strip(" ,") for line in text.split("\n") if any(map(str.isalpha, line))]
    if len(lines) != 2 or len(text) > _LONGEST:
        return "", ""
    for person, company in (lines, lines[::-1]):
        if _split(company) == ("", company) and _is_person_alone(person):
            return person, company
    first, below = lines
    is_company = _split(first) == ("", first) and not any(sign in ":：@" or sign.isdigit() for sign in below)
    return "", f"{first} {below}" if is_company else ""


def _is_person_alone(line: str) -> bool:
    # Behind any word the end of a company makes it one.
    line = " ".join(ASIDE.sub(" ", line).split())
    if _WITHIN.match(line) or _split(line)[1] or _split(f"x {line}")[1] or is_branch(line):
        return False
    if is_place(line) or country.common(line):
        return False
    if honorifics.strip_before(line) not in ("", line):
        return True
    # "เยาวราช กรุงเทพ" is where the company is.
    return _TWO_NAMES.fullmatch(line) is not None and not provinces.find(line[line.rfind(" ") + 1 :])


def _split(text: str) -> tuple[str, str]:
    text = text.removesuffix("御中").rstrip()
    asides = list(ASIDE.finditer(text)) if OPENS.search(text) else []
    main = ASIDE.sub(_blank, text) if asides else text
    if _THE.fullmatch(main) and not any(map(surnames.is_vietnamese, main.split())):
        return "", text
    if (start := _BEGINS.search(main)) and not _is_person(main):
        person, company = text[: start.start()].strip(), text[start.start() :]
        return (person, company) if person else _split_behind(company)
    if asides and any(_MARK.fullmatch(aside[0]) for aside in asides):
        return "", text
    may_name_person = any(word in main.lower() for word in ("ติดต่อ", "โดย", "attn", "c/o", "ฝ่าย", "แผนก"))
    if may_name_person and (within := _PERSON_WITHIN.search(main)) and within.start() < _LONGEST:
        before, company = _split(text[: within.start()])
        if company and not before:
            return _IN_PERSON.sub("", text[within.end() :], count=1), company
    han = _HAN_COMPANY.fullmatch(text) if len(text) <= _LONGEST else None
    if han and honorifics.strip_behind(han[2]) != han[2]:
        return han[2], han[1]
    main = _drop_branch(main, _BRANCH_ENDS).rstrip()
    last = main[main.rfind(" ") + 1 :].replace(".", "")
    may_end = last.lower() in _LAST_WORDS or last.endswith(_LAST_LETTERS)
    if may_end and _ENDS.search(main):
        return "", text
    return _drop_branch(text, _BRANCH_OF_PERSON_ENDS), ""


def _is_person(text: str) -> bool:
    """Whether `text`, which begins like a temple, is the name of somebody: วัดใจ สุขดี."""
    found = _TWO_WORDS.fullmatch(text) if text.startswith("วัด") else None
    return found is not None and not _TEMPLE.match(text) and not is_place(found[1])


def is_place(word: str) -> bool:
    """Whether `word` is a province, town, district or subdistrict of Thailand."""
    return bool(
        provinces.find(word)
        or towns.find_province(word)
        or thai_places.provinces_of_district(word)
        or thai_places.provinces_of_subdistrict(word)
    )


def is_district(word: str) -> bool:
    """Whether `word` is a district of Thailand, also as "เมือง" for a capital's."""
    return bool(thai_places.provinces_of_district(word)) or provinces.sound(word) in thai_places.CAPITAL


def _drop_branch(text: str, ends: re.Pattern[str]) -> str:
    lower = text.lower()
    if "สาขา" in lower or "สน" in lower or "สำนักงาน" in lower or "office" in lower or "branch" in lower or "q" in lower:
        return ends.sub("", text)
    return text


def is_branch(aside: str) -> bool:
    """Whether `aside` tells which office of a company is meant."""
    return _BRANCH_ONLY.fullmatch(aside) is not None


def _split_behind(company: str) -> tuple[str, str]:
    """The person behind the legal form, if a title or "โดย" shows that there is one."""
    end = _LEGAL_END.search(company)
    behind = company[end.end() :] if end else ""
    person = _IN_PERSON.sub("", behind, count=1) if _IN_PERSON.match(behind) else behind
    if end and (person != behind or honorifics.strip_before(behind) not in ("", behind)):
        return person, company[: end.end()].strip()
    if (within := _PERSON_WITHIN.search(company)) and within.start() < _LONGEST:
        person = _IN_PERSON.sub("", company[within.end() :], count=1)
        if honorifics.strip_before(person) not in ("", person):
            return person, company[: within.start()]
    return "", company


def _split_beside(company: str) -> tuple[str, str]:
    """The person in parentheses or behind a stroke, or before one, if a title or "โดย" shows that it is one."""
    for pattern in (_PERSON_BEHIND, _PERSON_BEFORE):
        if found := pattern.fullmatch(company):
            text = (found["person"] or found["aside"]).strip()
            person = _IN_PERSON.sub("", text, count=1) if _IN_PERSON.match(text) else text
            is_care_of = found.groupdict().get("care_of") is not None
            if person != text or is_care_of or honorifics.strip_before(text) not in ("", text):
                return person, found["company"]
    return "", company


def _blank(aside: re.Match[str]) -> str:
    return " " * len(aside[0])
