"""Contact details that stand in the field of another one."""

import re

from msgspec.structs import replace

from leadcore.event import Address, ContactInfo
from workers.rules.mapping import companies, email, honorifics, labels, phone, thai_places
from workers.rules.mapping.name import says_role
from workers.rules.mapping.provinces import find

_LABELLED_NAME = re.compile(
    r"(?:(?:ชื่อ(?:\s?[-–/]?\s?(?:นาม)?สกุล|ผู้รับ)?|ผู้รับ)\s*[:：]?\s*|(?:full )?name\s*[:：]\s*)"
    r"(?P<name>[^\d:：]{2,60}?)[\s,]+(?:ที่อยู่(?:ในการจัดส่ง|สำหรับจัดส่ง|จัดส่ง)?\s*[:：]?|(?:shipping )?address\s*[:：])"
    r"\s*(?P<address>\S.*)",
    re.IGNORECASE | re.DOTALL,
)
# A house's number, and what only follows one.
_ADDRESS_BEHIND = re.compile(
    r"(?<=[^\s,|])[\s,|]+(?P<address>(?:(?:ที่อยู่|บ้านเลขที่|เลขที่)\s*(?:[:：]\s*)?){0,2}(?P<house>\d{1,5}(?:/\d{1,5})?(?:\s*-\s*\d{1,5})?)[\s,]*"
    r"(?:[มซถตอจ]\.|หมู่|ซอย|ถนน|แขวง|ตำบล|เขต|อำเภอ|จังหวัด|(?:moo|soi|tambon|amphoe)\b).*)",
    re.IGNORECASE | re.DOTALL,
)
_BEFORE_OWN_NAME = re.compile(
    rf"(?:(?:ชื่อ|ผู้รับ|{labels.SEND_TO}|ถึง|to|name)\s?[:：]?\s?)?(?:คุณ|khun|k\.)?\s?", re.IGNORECASE
)
# Behind the person's name; other words there are rather of one name with it: "สมชาย ใจดี คลินิก", "Somchai Jaidee Road".
_HOUSE = re.compile(r"(?:(?:ที่อยู่|บ้านเลขที่|เลขที่|address)\s*(?:[:：]\s*)?){0,2}\d", re.IGNORECASE)
# A name that is a building's or street's too, with a number behind it. Those in Latin letters often show no such word.
_IS_PLACE = re.compile(
    r"(?:หมู่บ้าน|หมู่|บ้าน|คอนโด|อาคาร|ตึก|หอ|อพาร์|แมนชั่น|โครงการ|ซอย|ซ\.|ถนน|ถ\.|ตลาด|วัด|โรง|ศูนย์|ห้าง|สวน|เดอะ|ตำบล|แขวง|อำเภอ|เขต|[ตอ]\.)"
    r"|.*\s(?:คอนโด|แมนชั่น|ทาวเวอร์|เพลส|เรสซิเดนซ์|วิลล์|วิลล่า|พลาซ่า|อพาร์)|.*[A-Za-z\d]"
)
# Behind นาย and นาง go on the names of places: นางรอง, นางลิ้นจี่.
_TITLE = (
    r"(?:คุณ|นางสาว|น\.\s?ส\.|(?:นาย|นาง)(?=\s*[ก-๎]+\s+[ก-๎])"
    r"|ดร\.|K\.(?=\s?[A-Z][a-z])|(?:[Kk]hun|KHUN|Mrs?|MRS?|Ms|MS|Miss|MISS)(?:\.\s*|\s+)(?=[A-Z]))\s*"
)
_NO_SURNAME = (
    "โทร|เบอร์|ที่อยู่|เลขที่|บ้าน|ตึก|อาคาร|ชั้น|ห้อง|คอนโด|หมู่|ซอย|ถนน|หอพัก|แมนชั่น|อพาร์|โครงการ|ตลาด|วัด|โรง|ร้าน|บริษัท|แผนก|ฝ่าย|"
    "(?i:tel|building|room|floor|moo|soi|condo|tower|road|village|shop|house|company|hotel|hostel|resort|street|mansion)"
)
_NAMES = (
    rf"(?:[ก-๎]+(?: (?!{_NO_SURNAME})[ก-๎]+){{0,2}}"
    rf"|(?!{_NO_SURNAME})[A-Z][A-Za-z.'-]*(?: (?!{_NO_SURNAME})[A-Z][A-Za-z.'-]*){{0,2}})"
)
_PERSON = rf"{_TITLE}{_NAMES}"
_NUMBER = r"(?:(?:โทร|เบอร์|[Tt]el)[\s.:]*)?(?:\+66 ?|0)\d{1,2}[ -]?\d{3}[ -]?\d{3,4}(?!\d)"
# Without a title, the word for it or a phone between both shows a person: a building may stand before its number.
_NAME_BEFORE = re.compile(
    rf"(?:(?P<label>(?:ชื่อผู้รับ|ผู้รับ|ชื่อ)\s?[:：]?\s?|Name\s?[:：]\s?)"
    rf"|(?:{labels.SEND_TO}|ถึง|ที่อยู่(?:จัดส่ง|ใหม่)?|To)\s?[:：]?\s?)?"
    rf"(?P<name>{_PERSON}|(?P<plain>(?<!ที่)(?!ที่){_NAMES}))[\s,]+"
    rf"(?P<phone>{_NUMBER})?[\s,]*(?:ที่อยู่(?:จัดส่ง)?\s*[:：]?\s*)?(?P<address>(?i:{_HOUSE.pattern}).*)",
    re.DOTALL,
)
_NAME_BEHIND = re.compile(
    rf"(?P<address>.*[1-9]\d{{4}})[\s,(]+(?:(?:ชื่อผู้รับ|ผู้รับ|ชื่อ|ส่ง|ถึง)\s?[:：]?\s?)?(?P<name>{_PERSON})"
    rf"[\s,)]*(?P<phone>{_NUMBER})?[\s)]*",
    re.DOTALL,
)
_NAME_BESIDE_PHONE = re.compile(
    rf"(?<![^\W\d_])(?:(?:โทรหา|ติดต่อ|ชื่อ|ของ|เบอร์)\s?)?(?P<name>(?!\S*(?:ได้|เลย)){_PERSON})(?=\s*(?:$|[\d(),+/:]))"
)
_NOTHING = Address()
_LETTER = re.compile(r"[^\W\d_]")
_MANY_DIGITS = re.compile(r"(?:\d\W?){8}")


def put_right(contact: ContactInfo, address: Address) -> ContactInfo:
    """`contact` with a name that stands in the address, an address behind the name or phone, and name, phone and email
    that were taken for each other in their own fields, where nothing else was said there; an address that was said
    twice only leaves the name. `address`: the other one that was said."""
    contact = _swap(contact)
    if found := _LABELLED_NAME.match(contact.address):
        name = found["name"].strip()
        if contact.name in ("", name) or name.startswith(f"{contact.name} "):
            contact = replace(contact, name=name, address=found["address"])
    if "@" in contact.address and not contact.email and (mailbox := email.parse(contact.address)[0]):
        contact = replace(contact, email=mailbox, address=_cut_email(contact.address, mailbox))
    contact = _cut_own_name(contact) if contact.name else _find_name(contact)
    is_said = bool(contact.address) or address != _NOTHING
    for part in ("name", "phone"):
        text = getattr(contact, part)
        if not any(map(str.isdigit, text)) or not (found := _ADDRESS_BEHIND.search(text)):
            continue
        # In "081 234 5678 อ.วิภา" they are the last digits of a phone, and อ. is a title.
        spoken = phone.parse(text[: found.end("house")]).phone
        if spoken and spoken != phone.parse(text[: found.start()]).phone:
            continue
        if not is_said:
            return replace(contact, **{part: text[: found.start()], "address": found["address"]})
        if part == "name":
            contact = replace(contact, name=text[: found.start()])
    return contact


def put_right_street(contact: ContactInfo, address: Address) -> tuple[ContactInfo, Address]:
    """Both with the person who stands before the street in `address`, as in `put_right`."""
    # Most begin with the house's number.
    if not address.street or address.street[0].isdigit() or (contact.name and contact.name not in address.street):
        return contact, address
    said = ContactInfo(name=contact.name, address=address.street)
    right = _cut_own_name(said) if contact.name else _find_name(said)
    if right == said:
        return contact, address
    return replace(contact, name=right.name), replace(address, street=right.address)


def _find_name(contact: ContactInfo) -> ContactInfo:
    """`contact` with the person that stands before the address or, with a title, beside the phone."""
    if (found := _NAME_BEFORE.match(contact.address)) and (
        _may_be_person(found["plain"], found) if found["plain"] else _is_person(found["name"])
    ):
        address = " ".join(filter(None, (found["address"], found["phone"])))
        return replace(contact, name=found["name"], address=address)
    if (found := _NAME_BEHIND.fullmatch(contact.address)) and _is_person(found["name"]):
        address = " ".join(filter(None, (found["address"], found["phone"])))
        return replace(contact, name=found["name"], address=address)
    if not _LETTER.search(contact.phone) or not (found := _NAME_BESIDE_PHONE.search(contact.phone)):
        return contact
    rest = " ".join((contact.phone[: found.start()] + " " + contact.phone[found.end() :]).split())
    if not _is_person(found["name"]) or not phone.parse(rest).phone:
        return contact
    return replace(contact, name=found["name"], phone=rest)


def _may_be_person(name: str, found: re.Match[str]) -> bool:
    if not (found["label"] or (found["phone"] and " " in name)) or (_IS_PLACE.match(name) and not name.isascii()):
        return False
    # ใจดี is a subdistrict too.
    is_place = any(find(word) or thai_places.provinces_of_district(word) for word in (name, *name.split()))
    return not (is_place or companies.split(name)[1] or says_role(name))


def _is_person(name: str) -> bool:
    person = honorifics.strip_before(name)
    return person not in ("", name) and not says_role(person) and not companies.split(name)[1]


def _cut_own_name(contact: ContactInfo) -> ContactInfo:
    """`contact` without the person's whole name before the address, as on a parcel; a shop's is a part of it."""
    name, text = contact.name, contact.address
    start = text.find(name, 0, len(name) + 24) if " " in name else -1
    if start < 0 or not _BEFORE_OWN_NAME.fullmatch(text[:start]) or (not start and _IS_PLACE.match(name)):
        return contact
    behind = text[start + len(name) :]
    rest = behind.lstrip(" \n,:：")
    if rest == behind or not _HOUSE.match(rest) or companies.split(name)[1]:
        return contact
    return replace(contact, address=rest)


def _swap(contact: ContactInfo) -> ContactInfo:
    is_name = _LETTER.search(contact.phone) and "@" not in contact.phone and not any(map(str.isdigit, contact.phone))
    if is_name and not _LETTER.search(contact.name) and phone.parse(contact.name).phone:
        contact = replace(contact, name=contact.phone, phone=contact.name)
    if "@" in contact.phone and "@" not in contact.email and (address := email.parse(contact.phone)[0]):
        if number := _beside(contact.phone, address):
            return replace(contact, email=address, phone=number)
        return replace(contact, email=contact.phone, phone=contact.email)
    if "@" in contact.email and not contact.phone and _MANY_DIGITS.search(contact.email):
        address = email.parse(contact.email)[0]
        if number := _beside(contact.email, address):
            return replace(contact, email=address, phone=number)
    if contact.email and "@" not in contact.email and not contact.phone and phone.parse(contact.email).phone:
        return replace(contact, email="", phone=contact.email)
    return contact


def _beside(text: str, address: str) -> str:
    """The phone that `text` holds beside the email `address`, "" if none."""
    rest = _cut_email(text, address) if address else ""
    return rest if rest != text and phone.parse(rest).phone else ""


def _cut_email(text: str, address: str) -> str:
    """`text` without the email `address` and the word for it."""
    label = r"(?:(?:e-?mail|อีเมล์?|เมล์?)\s*[:：]?\s*)?"
    rest = re.sub(label + re.escape(address), " ", text, flags=re.IGNORECASE)
    return re.sub(" {2,}", " ", rest).strip(" \n,;/|()<>-")
