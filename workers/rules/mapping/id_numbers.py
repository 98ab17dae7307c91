"""Numbers in typed text that are no phone: tax and national ids, bank accounts, ids of chats and mailboxes."""

import re

from workers.rules.mapping import labels
from workers.rules.mapping.characters import NOT_BEHIND_LATIN

_SEPARATOR = r"[\s.:=#()-]{0,5}"
TAX_ID = re.compile(
    rf"\(?(?:(?:{labels.TAX_ID}|{NOT_BEHIND_LATIN}tin)[\s.:：#]*\d(?:[\s-]?\d){{12}}|(?<![\d-])(?:\d{{13}}|\d-\d{{4}}-\d{{5}}-\d{{2}}-\d))(?![\d-])\)?",
    re.IGNORECASE,
)
"""The tax id of a person or company in Thailand, with what it is called and the parentheses around both."""
# A label takes the number behind it, whatever it looks like; the name of a bank only a row of digits, because people
# work there too. Without a label only what has the form of an id is one.
_LABELLED = re.compile(
    rf"(?:{labels.TAX_ID}|ประชาชน|ปชช\.?|13\s?หลัก|เลขประจำตัว|พาสปอร์ต|หนังสือเดินทาง|บัญชี(?:ธนาคาร)?|"
    r"(?<![A-Za-z])(?:passport|(?:citizen|national)\s?id|id\s?card|(?:bank\s)?acc(?:oun)?t?|a/c|iban)"
    r"(?:\s?(?:id|i\.d|number|num|no))*(?![A-Za-z]))"
    rf"{_SEPARATOR}(?:เลขที่|เลข)?{_SEPARATOR}(?:\d(?:[ -]?\d){{12}}(?!\d)|\d(?:-?\d){{5,18}}(?!\d))|"
    r"(?:(?:ธนาคาร|ธ\.)\s?[ก-๛]+|กสิกร(?:ไทย)?|ไทยพาณิชย์|กรุงไทย|กรุงศรี|(?<![A-Za-z])(?:kbank|scb|bbl|ktb|ttb|gsb)(?![A-Za-z]))"
    rf"{_SEPARATOR}\d{{10,15}}(?!\d)",
    re.IGNORECASE | re.ASCII,
)
# 1-4-5-2-1 is how Thai ids are written, 3-1-5-1 and 3-6-1 how Thai bank accounts are.
_WRITTEN = re.compile(
    r"(?<![\d+])(?:\d([ -])\d{4}\1\d{5}\1\d\d\1\d|\d{3}([ -])\d\2\d{5}\2\d|[1-9]\d\d-\d{6}-\d)(?!\d)", re.ASCII
)
# The kind of person, the province as in ISO 3166-2:TH, the district (from 95 on: municipalities). Kinds 6 to 8
# are foreigners, whose ids look like the mobiles of China, Laos and Bangladesh.
_THAI_ID = re.compile(
    r"0\d{12}|[1-5](?:10[0-5]\d|(?:1[1-9]|2[0-7]|[34]\d|5[0-8]|6[0-7]|7[0-7]|8[0-6]|9[0-6])(?:[0-2]\d|3[0-2]|9[5-9]))\d{8}",
    re.ASCII,
)
# The number in front of these is no phone: a group, a hidden sender; or a mailbox whose name is more than digits.
_MAILBOX = re.compile(
    r"(?<![\w.+-])(?:[\d-]+(?::\d+)?@(?:g\.us|lid|broadcast|newsletter)\b|"
    r"(?=[\w.+-]*[A-Za-z_])[\w.+-]+@(?:[\w-]+\.)+\w+)",
    re.ASCII,
)


def remove(text: str) -> tuple[str, bool]:
    """`text` (ASCII digits) with a "|" in place of each number that is no phone, and whether there was one."""
    rest = _MAILBOX.sub("|", _WRITTEN.sub("|", _LABELLED.sub("|", text)))
    return rest, rest != text


def is_thai_id(digits: str) -> bool:
    """Whether `digits` are the tax or national id of somebody in Thailand, by their parts and their check digit."""
    if not _THAI_ID.fullmatch(digits):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(digits, range(13, 1, -1), strict=False))
    return (11 - total % 11) % 10 == int(digits[12])
