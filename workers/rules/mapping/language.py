"""The customer's language: as an option of HubSpot's `hs_language`, and as a code for choosing texts."""

import re
from functools import cache, lru_cache

# ISO 639-1 code -> what people call the language in English, in itself and in Thai.
_NAMES = {
    "ar": "arabic العربية อาหรับ อารบิก",
    "bg": "bulgarian български",
    "bn": "bengali bangla বাংলা เบงกาลี",
    "cs": "czech čeština เช็ก",
    "da": "danish dansk เดนมาร์ก",
    "de": "german deutsch เยอรมัน",
    "el": "greek ελληνικά กรีก",
    "en": "english eng อังกฤษ 英语 英語",
    "es": "spanish español espanol สเปน",
    "et": "estonian eesti",
    "fa": "persian farsi فارسی เปอร์เซีย",
    "fi": "finnish suomi ฟินแลนด์",
    "fr": "french français francais ฝรั่งเศส",
    "he": "hebrew עברית ฮีบรู",
    "hi": "hindi हिन्दी हिंदी ฮินดี",
    "hr": "croatian hrvatski",
    "hu": "hungarian magyar ฮังการี",
    "id": "indonesian indonesia อินโดนีเซีย",
    "it": "italian italiano อิตาลี อิตาเลียน",
    "ja": "japanese 日本語 ญี่ปุ่น",
    "km": "khmer cambodian ខ្មែរ ភាសាខ្មែរ เขมร กัมพูชา",
    "ko": "korean 한국어 เกาหลี",
    "lo": "lao laotian ລາວ ພາສາລາວ ลาว",
    "lt": "lithuanian lietuvių",
    "lv": "latvian latviešu",
    "ms": "malay melayu malaysian มาเลย์ มลายู มาเลเซีย",
    "my": "burmese myanmar မြန်မာ မြန်မာဘာသာ พม่า เมียนมา",
    "nl": "dutch nederlands ดัตช์",
    "no": "norwegian norsk นอร์เวย์",
    "pl": "polish polski โปแลนด์",
    "pt": "portuguese português portugues โปรตุเกส",
    "ro": "romanian română โรมาเนีย",
    "ru": "russian русский รัสเซีย",
    "sk": "slovak slovenčina",
    "sl": "slovenian slovenščina",
    "sv": "swedish svenska สวีเดน",
    "ta": "tamil தமிழ் ทมิฬ",
    "th": "thai tha ไทย 泰语 泰語",
    "tl": "tagalog filipino pilipino ตากาล็อก ฟิลิปปินส์",
    "tr": "turkish türkçe turkce ตุรกี",
    "uk": "ukrainian українська ยูเครน",
    "ur": "urdu اردو อูรดู",
    "vi": "vietnamese tiếngviệt việt เวียดนาม",
    "zh": "chinese mandarin zho chi 中文 汉语 漢語 普通话 จีน จีนกลาง",
    "zh-cn": "simplifiedchinese chinesesimplified 简体中文 จีนตัวย่อ",
    "zh-tw": "traditionalchinese chinesetraditional 繁體中文 繁体中文 จีนตัวเต็ม",
}
# Used while the portal's own options are unknown. HubSpot publishes no list that could be found: these are common
# languages and the regional forms of its forms API, without Lao, Khmer and Tagalog, which portals were found to lack.
_REGIONAL = {"en-gb", "en-us", "es-mx", "fr-ca", "pt-br", "zh-hk", "zh-mo", "zh-sg"}
_USUAL = frozenset(_NAMES) - {"km", "lo", "tl"} | _REGIONAL
_CODE = re.compile(r"[a-z]{2,3}(?:[-_][a-z0-9]{2,8})*", re.IGNORECASE)
_FILLER = re.compile(r"[\W_]+|ภาษา|\b(?:language|bahasa)\b")
_BETWEEN = re.compile(r"[\s()/,;:-]+")


def choose(language: str, language_name: str, options: frozenset[str] | None) -> str:
    """The value among HubSpot's `options` for `language` (`th`, `zh-CN`, `en_US`), else for its base language, else "".

    `language_name` ("Thai", "ภาษาไทย") is used only if `language` is blank. `options=None` stands for the usual ones.
    """
    tag = _tag(language, language_name)
    values = _by_tag(_USUAL if options is None else options)
    parts = tag.split("-")
    # Language and region of a longer tag: zh-Hant-TW is zh-tw.
    candidates = (tag, f"{parts[0]}-{parts[-1]}", parts[0]) if tag else ()
    return next((values[candidate] for candidate in candidates if candidate in values), "")


def base_language(language: str, language_name: str) -> str:
    """The base code of the customer's language ("th", "en"), "" if it is not given."""
    return _tag(language, language_name).partition("-")[0]


@lru_cache(maxsize=256)
def _tag(language: str, language_name: str) -> str:
    given = (language.strip() or language_name.strip())[:64].lower()
    if known := _codes().get(_normalize(given)):
        return known
    if _CODE.fullmatch(given):
        return given.replace("_", "-")
    return next((_codes()[word] for word in map(_normalize, _BETWEEN.split(given)) if word in _codes()), "")


def _normalize(name: str) -> str:
    return _FILLER.sub("", name)


@cache
def _codes() -> dict[str, str]:
    return {_normalize(name): code for code, names in _NAMES.items() for name in names.split()}


@lru_cache(maxsize=8)
def _by_tag(options: frozenset[str]) -> dict[str, str]:
    return {option.lower().replace("_", "-"): option for option in sorted(options)}
