"""Contact details that stand in the field of another one."""

import re

from msgspec.structs import replace

from leadcore.event import Address, ContactInfo
from workers.rules.mapping import companies, email, phone

_LABELLED_NAME = re.compile(
    r"(?:(?:ชื่อ(?:\s?[-–/]?\s?(?:นาม)?สกุล|ผู้รับ)?|ผู้รับ)\s*[:：]?\s*|(?:full )?name\s*[:：]\s*)"
    r"(?P<name>[^\d:：]{2,60}?)[\s,]+(?:ที่อยู่(?:ในการจัดส่ง|สำหรับจัดส่ง|จัดส่ง)?\s*[:：]?|(?:shipping )?address\s*[:：])"
    r"\s*(?P<address>\S.*)",
    re.IGNORECASE | re.DOTALL,
)
# A house's number, and what only follows one.
_ADDRESS_BEHIND = re.compile(
    r"(?<=[^\s,])[\s,]+(?P<address>(?:(?:ที่อยู่|บ้านเลขที่|เลขที่)\s*(?:[:：]\s*)?){0,2}(?P<house>\d{1,5}(?:/\d{1,5})?(?:\s*-\s*\d{1,5})?)[\s,]*"
    r"(?:[มซถตอจ]\.|หมู่|ซอย|ถนน|แขวง|ตำบล|เขต|อำเภอ|จังหวัด|(?:moo|soi|tambon|amphoe)\b).*)",
    re.IGNORECASE | re.DOTALL,
)
_BEFORE_OWN_NAME = re.compile(r"(?:(?:ชื่อ|ผู้รับ|ส่ง|ถึง|to|name)\s?[:：]?\s?)?(?:คุณ|khun|k\.)?\s?", re.IGNORECASE)
# Behind the person's name; other words there are rather of one name with it: "สมชาย ใจดี คลินิก", "Somchai Jaidee Road".
_HOUSE = re.compile(r"(?:(?:ที่อยู่|บ้านเลขที่|เลขที่|address)\s*(?:[:：]\s*)?){0,2}\d", re.IGNORECASE)
# A name that is a building's or street's too, with a number behind it. Those in Latin letters often show no such word.
_IS_PLACE = re.compile(
    r"(?:หมู่บ้าน|หมู่|บ้าน|คอนโด|อาคาร|ตึก|หอ|อพาร์|แมนชั่น|โครงการ|ซอย|ซ\.|ถนน|ถ\.|ตลาด|วัด|โรง|ศูนย์|ห้าง|สวน|เดอะ|ตำบล|แขวง|อำเภอ|เขต|[ตอ]\.)"
    r"|.*\s(?:คอนโด|แมนชั่น|ทาวเวอร์|เพลส|เรสซิเดนซ์|วิลล์|วิลล่า|พลาซ่า|อพาร์)|.*[A-Za-z\d]"
)
_NOTHING = Address()
_LETTER = re.compile(r"[^\W\d_]")


def put_right(contact: ContactInfo, address: Address) -> ContactInfo:
    """`contact` with a name that stands in the address, an address behind the name or phone, and name, phone and email
    that were taken for each other in their own fields, where nothing else was said there; an address that was said
    twice only leaves the name. `address`: the other one that was said."""
    contact = _swap(contact)
    if found := _LABELLED_NAME.match(contact.address):
        name = found["name"].strip()
        if contact.name in ("", name) or name.startswith(f"{contact.name} "):
            contact = replace(contact, name=name, address=found["address"])
    contact = _cut_own_name(contact)
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


def _cut_own_name(contact: ContactInfo) -> ContactInfo:
    """`contact` without the person's whole name before the address, as on a parcel; a shop's is a part of it."""
    name, text = contact.name, contact.address
    start = text.find(name, 0, len(name) + 12) if " " in name else -1
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
    if "@" in contact.phone and "@" not in contact.email and email.parse(contact.phone)[0]:
        return replace(contact, email=contact.phone, phone=contact.email)
    if contact.email and "@" not in contact.email and not contact.phone and phone.parse(contact.email).phone:
        return replace(contact, email="", phone=contact.email)
    return contact
