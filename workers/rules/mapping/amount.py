"""A sum of money as it is typed -> a plain number, or nothing where it could be another one."""

import re
from decimal import Decimal

from workers.rules.mapping.address_line import DIGITS

# What a number word adds to the exponent.
_POWERS = {
    word: power
    for power, words in {
        2: "ร้อย ຮ້ອຍ hundred ratus 百 백",
        3: "พัน ພັນ k thousand rb ribu nghìn nghin ngàn ngan 千 천",
        4: "หมื่น ໝື່ນ 万 萬 만",
        5: "แสน ແສນ lakh",
        6: "ล้าน ລ້ານ million jt juta triệu trieu tr",
        7: "crore",
        8: "億 亿 억",
        9: "billion miliar tỷ tỉ",
    }.items()
    for word in words.split()
}
# Currencies of which people write 50.000 and 50.000,50; of others they write 50,000 and 50,000.50.
_DOTTED = frozenset((
    "₫", "đ", "d", "vnd", "vnđ", "đồng", "dong", "rp", "idr", "rupiah", "€", "eur", "euro", "euros", "kr", "dkk",
    "₺", "try", "r$", "brl",
))  # fmt: skip
# Those of which they write 1,00,000.
_IN_LAKHS = frozenset((
    "₹", "inr", "rs", "rupee", "rupees", "npr", "pkr", "৳", "bdt", "lakh", "crore",
))  # fmt: skip
_OTHERS = frozenset((
    "฿", "b", "thb", "บ", "บาท", "baht", "$", "usd", "us$", "dollar", "dollars", "s$", "sgd", "rm", "myr",
    "ringgit", "₱", "php", "peso", "pesos", "¥", "jpy", "yen", "cny", "rmb", "yuan", "元", "块", "塊", "円", "日元",
    "人民币", "₩", "krw", "won", "원", "£", "gbp", "hk$", "hkd", "nt$", "twd", "ntd", "aud", "cad", "nzd", "chf",
    "₭", "lak", "kip", "กีบ", "ກີບ", "៛", "khr", "riel", "mmk", "ks", "kyat", "kyats", "ดอลลาร์",
))  # fmt: skip
_BESIDE = frozenset((
    "total", "subtotal", "sum", "amount", "grand", "net", "price", "only", "all", "in", "incl", "including", "vat",
    "รวมเป็นเงิน", "รวมทั้งหมด", "รวมทั้งสิ้น", "รวม", "ทั้งหมด", "ทั้งสิ้น", "ยอดสุทธิ", "ยอดรวม", "ยอด", "สุทธิ",
    "เป็นเงิน", "ราคา", "จำนวน", "เงิน", "ถ้วน", "เท่านั้น", "ค่ะ", "คะ", "ครับ", "คับ", "นะคะ", "นะครับ", "合计",
    "总计", "總計", "合計", "总共", "共", "tổng", "cộng", "jumlah",
))  # fmt: skip
_KNOWN = frozenset((*_POWERS, *_DOTTED, *_IN_LAKHS, *_OTHERS, *_BESIDE))
_EDGES = " .,:;=/()[]*!\"'-"
_MARKS = r"[\s.,:;=/()\[\]*!\"'-]"
_NUMBER = re.compile(r"-?\d(?:[\d., '’]*\d)?", re.ASCII)
_POINT = re.compile(r"-?(?:\d+|[1-9]\d{0,2}(?:[, '’]\d{3})+)(?:\.\d+)?", re.ASCII)
# No currency amount has three decimals.
_COMMA = re.compile(r"-?(?:\d+|[1-9]\d{0,2}(?:[. '’]\d{3})+)(?:,\d{1,2})?", re.ASCII)
_LAKHS = re.compile(r"-?[1-9]\d?(?:,\d{2})+,\d{3}(?:\.\d+)?", re.ASCII)


def _is_spaced(word: str) -> bool:
    return word < "\u0e00" or "\u1e00" <= word < "\u1f00"


_WORD = re.compile(
    "|".join(
        rf"(?<![^\W\d_]){re.escape(word)}(?![^\W\d_])" if _is_spaced(word) else re.escape(word)
        for word in sorted(_KNOWN, key=len, reverse=True)
    )
)
_WORDS = re.compile(f"(?:{_WORD.pattern}|{_MARKS})*+")


def parse(text: str) -> str:
    """The one sum in `text`, like 1,250.50, 1.250,50 ₫ or 5 หมื่น; "" if there are several, if it could be another one,
    like 1.250, or if other words stand beside it, like 5 boxes."""
    if text.isascii() and text.isdigit():
        return text
    text = text.translate(DIGITS).casefold()
    numbers = list(_NUMBER.finditer(text))
    if len(numbers) != 1:
        return ""
    [number] = numbers
    before, after = _words(text[: number.start()]), _words(text[number.end() :])
    # พัน 5 is 1,500.
    if before is None or after is None or not _POWERS.keys().isdisjoint(before):
        return ""
    said = {*before, *after}
    power = sum(_POWERS.get(word, 0) for word in after)
    readings = _readings(number[0], dotted=bool(said & _DOTTED) and not power, in_lakhs=bool(said & _IN_LAKHS))
    if len(readings) != 1:
        return ""
    [reading] = readings
    return f"{(Decimal(reading).scaleb(power)).normalize():f}" if power else reading


def _words(beside: str) -> list[str] | None:
    """The words that stand beside a number, None if one is unknown."""
    word = beside.strip(_EDGES)
    if not word or word in _KNOWN:
        return [word]
    return _WORD.findall(beside) if _WORDS.fullmatch(beside) else None


def _readings(number: str, *, dotted: bool, in_lakhs: bool) -> set[str]:
    found = set()
    if (_POINT.fullmatch(number) and not (dotted and "." in number and "," not in number)) or (
        in_lakhs and _LAKHS.fullmatch(number)
    ):
        found.add(re.sub("[, '’]", "", number))
    if _COMMA.fullmatch(number):
        found.add(re.sub("[. '’]", "", number).replace(",", "."))
    return found
