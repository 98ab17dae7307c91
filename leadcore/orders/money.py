"""Sums of money: as they are typed, as plain numbers, in the smallest unit of their currency."""

import re
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from leadcore.text import DIGITS

# How many decimals a currency has, by ISO 4217 (list one, "minor unit": https://www.iso.org/iso-4217-currency-codes.html).
_DECIMALS = {
    code: decimals
    for decimals, codes in {
        0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
        2: "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF "
        "CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR "
        "ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN "
        "MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS "
        "SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST YER ZAR ZMW",
        3: "BHD IQD JOD KWD LYD OMR TND",
    }.items()
    for code in codes.split()
}
_PLACES = {code: Decimal(1).scaleb(-places) for code, places in _DECIMALS.items()}
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
# What people write for a currency, and the currencies that it can stand for.
_SIGNS = {
    sign: frozenset(codes.split())
    for codes, signs in {
        "THB": "฿ b thb บ บาท baht bath",
        "VND": "₫ đ d vnd vnđ đồng dong",
        "IDR": "rp idr rupiah",
        "EUR": "€ eur euro euros",
        "DKK": "dkk",
        "DKK NOK SEK ISK": "kr",
        "TRY": "₺ try",
        "BRL": "r$ brl",
        "INR": "₹ inr",
        "INR NPR PKR": "rs rupee rupees",
        "NPR": "npr",
        "PKR": "pkr",
        "BDT": "৳ bdt",
        "USD": "usd us$",
        "USD SGD HKD TWD AUD CAD NZD": "$ dollar dollars ดอลลาร์",
        "SGD": "s$ sgd",
        "HKD": "hk$ hkd",
        "TWD": "nt$ twd ntd",
        "AUD": "a$ au$ aud",
        "CAD": "ca$ cad",
        "NZD": "nz$ nzd",
        "MYR": "rm myr ringgit",
        "PHP": "₱ php",
        "PHP MXN": "peso pesos",
        "JPY CNY": "¥",
        "JPY": "jpy yen 円 日元",
        "CNY": "cny rmb 块 塊 人民币",
        "CNY TWD HKD JPY": "yuan 元",
        "KRW": "₩ krw won 원",
        "GBP": "£ gbp",
        "CHF": "chf",
        "LAK": "₭ lak kip กีบ ກີບ",
        "KHR": "៛ khr riel",
        "MMK": "mmk ks kyat kyats",
        "RUB": "₽ rub руб рублей рубля",
        "AED": "aed dirham dirhams",
        "PLN": "zł pln",
        "UAH": "₴ uah грн",
        "ILS": "₪ ils",
        "SAR": "sar riyal",
    }.items()
    for sign in signs.split()
}
# Of these people write 50.000 and 50.000,50; of others they write 50,000 and 50,000.50.
_DOTTED_CURRENCIES = frozenset({"VND", "IDR", "EUR", "DKK", "TRY", "BRL"})
_DOTTED = frozenset(sign for sign, codes in _SIGNS.items() if codes & _DOTTED_CURRENCIES)
# Of these nobody pays a fraction, so that 50.000 is fifty thousand.
_WHOLE_CURRENCIES = frozenset({"LAK", "KHR", "MMK", "KRW", "JPY"})
_WHOLE = frozenset(sign for sign, codes in _SIGNS.items() if codes <= _WHOLE_CURRENCIES)
_THREES = re.compile(r"-?[1-9]\d{0,2}(?:\.\d{3})+", re.ASCII)
# Nobody asks for 50 of these and adds three decimals.
_THOUSANDS = frozenset({"VND", "IDR"})
# Those of which they write 1,00,000.
_LAKH_CURRENCIES = frozenset({"INR", "NPR", "PKR", "BDT"})
_IN_LAKHS = frozenset(("lakh", "crore", *(sign for sign, codes in _SIGNS.items() if codes & _LAKH_CURRENCIES)))
_BESIDE = frozenset((
    "total", "subtotal", "sum", "amount", "grand", "net", "price", "only", "all", "in", "incl", "including", "vat",
    "รวมเป็นเงิน", "รวมทั้งหมด", "รวมทั้งสิ้น", "รวม", "ทั้งหมด", "ทั้งสิ้น", "ยอดสุทธิ", "ยอดรวม", "ยอด", "สุทธิ",
    "เป็นเงิน", "ราคา", "จำนวน", "เงิน", "ถ้วน", "เท่านั้น", "ค่ะ", "คะ", "ครับ", "คับ", "นะคะ", "นะครับ", "合计",
    "ค่าส่ง", "ค่าจัดส่ง", "shipping", "delivery", "รวมค่าส่งแล้ว", "รวมค่าส่ง", "รวมส่งแล้ว", "รวมส่ง", "ส่งฟรี",
    "总计", "總計", "合計", "总共", "共", "tổng", "cộng", "jumlah",
))  # fmt: skip
_KNOWN = frozenset((*_POWERS, *_SIGNS, *_BESIDE))
# Digits and marks of a sum that anybody pays, and of a text that says one.
_LONGEST, _LONGEST_TEXT = 24, 100
_EDGES = " .,:;=/()[]*!\"'-"
_MARKS = r"[\s.,:;=/()\[\]*!\"'-]"
_NUMBER = re.compile(r"-?\d(?:[\d., '’]*\d)?", re.ASCII)
_PLAIN = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
_POINT = re.compile(r"-?(?:\d+|[1-9]\d{0,2}(?:[, '’]\d{3})+)(?:\.\d+)?", re.ASCII)
# No currency amount has three decimals.
_COMMA = re.compile(r"-?(?:\d+|[1-9]\d{0,2}(?:[. '’]\d{3})+)(?:,\d{1,2})?", re.ASCII)
_LAKHS = re.compile(r"-?[1-9]\d?(?:,\d{2})+,\d{3}(?:\.\d+)?", re.ASCII)


def _is_spaced(word: str) -> bool:
    return word < "\u0e00" or "\u1e00" <= word < "\u1f00"


_WORD = "|".join(
    rf"(?<![^\W\d_]){re.escape(word)}(?![^\W\d_])" if _is_spaced(word) else re.escape(word)
    for word in sorted(_KNOWN, key=len, reverse=True)
)
_PART = re.compile(f"({_WORD})|{_MARKS}")


def is_currency(code: str) -> bool:
    """Whether this is a code of ISO 4217 for money that people pay with."""
    return code in _DECIMALS


def decimals(currency: str) -> int:
    """How many decimals the currency has; raises `KeyError` for what is no code of ISO 4217."""
    return _DECIMALS[currency]


def to_units(amount: Decimal, currency: str) -> int:
    """`amount` in the smallest unit of the currency (satang for THB); raises `ValueError` if it is no whole number of
    them."""
    units = amount.scaleb(_DECIMALS[currency])
    if units != int(units):
        raise ValueError(f"{currency} has {_DECIMALS[currency]} decimals")
    return int(units)


def from_units(units: int, currency: str) -> Decimal:
    """The amount of so many of the currency's smallest units, with all of its decimals: 125050 of THB is 1250.50."""
    return Decimal(units).scaleb(-_DECIMALS[currency])


def read_number(text: str) -> Decimal | None:
    """The number that a program wrote, as digits with at most one point; None for any other spelling. `Decimal` alone
    takes 1_250, 1e5, +5 and NaN too."""
    return Decimal(text) if len(text) <= _LONGEST and _PLAIN.fullmatch(text) else None


def read_amount(text: str, currency: str) -> Decimal | None:
    """The plain amount of `currency` in `text`, such as 1,250.50 or ฿1,250; None where it is negative, in words (5k),
    finer than the currency, of another currency, or could be another number."""
    if text.isdigit() and text.isascii() and len(text) <= _LONGEST:
        return Decimal(text).quantize(_PLACES[currency])
    return _read_amount(text, currency) if len(text) <= _LONGEST_TEXT else None


# A shop has its prices again and again.
@lru_cache(4096)
def _read_amount(text: str, currency: str) -> Decimal | None:
    found = _read(text)
    if found is None or found.power or any(currency not in _SIGNS.get(word, {currency}) for word in found.words):
        return None
    readings = found.readings
    if currency in _THOUSANDS and len(readings) > 1:
        readings = {max(readings, key=Decimal)}
    if len(readings) != 1:
        return None
    [reading] = readings
    if reading.startswith("-") or len(reading) > _LONGEST:
        return None
    amount = Decimal(reading)
    rounded = amount.quantize(_PLACES[currency])
    return rounded if amount == rounded else None


def parse(text: str) -> str:
    """The one sum in `text`, like 1,250.50, 1.250,50 ₫ or 5 หมื่น; "" if there are several, if it could be another one,
    like 1.250, or if other words stand beside it, like 5 boxes."""
    if text.isascii() and text.isdigit():
        return text
    found = _read(text)
    if found is None or len(found.readings) != 1:
        return ""
    [reading] = found.readings
    return f"{(Decimal(reading).scaleb(found.power)).normalize():f}" if found.power else reading


class _Found(NamedTuple):
    """One number: its possible readings, the power of ten that the words behind it add, and the words beside it."""

    readings: set[str]
    power: int
    words: set[str]


def _read(text: str) -> _Found | None:
    """The number in `text`, None if there is not one, or if unknown words stand beside it."""
    text = text.translate(DIGITS).casefold()
    numbers = list(_NUMBER.finditer(text))
    if len(numbers) != 1:
        return None
    [number] = numbers
    before, after = _words(text[: number.start()]), _words(text[number.end() :])
    # พัน 5 is 1,500.
    if before is None or after is None or not _POWERS.keys().isdisjoint(before):
        return None
    said = {*before, *after}
    powers = [_POWERS[word] for word in after if word in _POWERS]
    dotted = bool(said & _DOTTED) or (bool(said & _WHOLE) and _THREES.fullmatch(number[0]) is not None)
    readings = _readings(number[0], dotted=dotted and not sum(powers), in_lakhs=bool(said & _IN_LAKHS))
    return _Found(readings, sum(powers), said)


def _words(beside: str) -> list[str] | None:
    """The words that stand beside a number, None if one is unknown."""
    word = beside.strip(_EDGES)
    if not word or word in _KNOWN:
        return [word]
    # One part after the other: repetitions without backtracking (*+) miss some matches in Python 3.11.2.
    words, at = list[str](), 0
    while at < len(beside):
        part = _PART.match(beside, at)
        if part is None:
            return None
        words += filter(None, part.groups())
        at = part.end()
    return words


def _readings(number: str, *, dotted: bool, in_lakhs: bool) -> set[str]:
    found = set()
    if (_POINT.fullmatch(number) and not (dotted and "." in number and "," not in number)) or (
        in_lakhs and _LAKHS.fullmatch(number)
    ):
        found.add(re.sub("[, '’]", "", number))
    if _COMMA.fullmatch(number):
        found.add(re.sub("[. '’]", "", number).replace(",", "."))
    return found
