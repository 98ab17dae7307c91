"""The customer's language: as an option of HubSpot's `hs_language`, and as a code for choosing texts."""

import re
from collections.abc import Collection, Iterable
from functools import cache, lru_cache

from leadcore.config import Language

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
# ISO 639-2 (both forms) and three of 639-3 -> ISO 639-1.
_THREE_LETTERS = (
    "aar:aa abk:ab ave:ae afr:af aka:ak amh:am arg:an ara:ar asm:as ava:av aym:ay aze:az bak:ba bel:be bul:bg bis:bi "
    "bam:bm ben:bn bod:bo tib:bo bre:br bos:bs cat:ca che:ce cha:ch cos:co cre:cr ces:cs cze:cs chu:cu chv:cv cym:cy "
    "wel:cy dan:da deu:de ger:de div:dv dzo:dz ewe:ee ell:el gre:el eng:en epo:eo spa:es est:et eus:eu baq:eu fas:fa "
    "per:fa ful:ff fin:fi fij:fj fao:fo fra:fr fre:fr fry:fy gle:ga gla:gd glg:gl grn:gn guj:gu glv:gv hau:ha heb:he "
    "hin:hi hmo:ho hrv:hr hat:ht hun:hu hye:hy arm:hy her:hz ina:ia ind:id ile:ie ibo:ig iii:ii ipk:ik ido:io isl:is "
    "ice:is ita:it iku:iu jpn:ja jav:jv kat:ka geo:ka kon:kg kik:ki kua:kj kaz:kk kal:kl khm:km kan:kn kor:ko kau:kr "
    "kas:ks kur:ku kom:kv cor:kw kir:ky lat:la ltz:lb lug:lg lim:li lin:ln lao:lo lit:lt lub:lu lav:lv mlg:mg mah:mh "
    "mri:mi mao:mi mkd:mk mac:mk mal:ml mon:mn mar:mr msa:ms may:ms mlt:mt mya:my bur:my nau:na nob:nb nde:nd nep:ne "
    "ndo:ng nld:nl dut:nl nno:nn nor:no nbl:nr nav:nv nya:ny oci:oc oji:oj orm:om ori:or oss:os pan:pa pli:pi pol:pl "
    "pus:ps por:pt que:qu roh:rm run:rn ron:ro rum:ro rus:ru kin:rw san:sa srd:sc snd:sd sme:se sag:sg sin:si slk:sk "
    "slo:sk slv:sl smo:sm sna:sn som:so sqi:sq alb:sq srp:sr ssw:ss sot:st sun:su swe:sv swa:sw tam:ta tel:te tgk:tg "
    "tha:th tir:ti tuk:tk tgl:tl tsn:tn ton:to tur:tr tso:ts tat:tt twi:tw tah:ty uig:ug ukr:uk urd:ur uzb:uz ven:ve "
    "vie:vi vol:vo wln:wa wol:wo xho:xh yid:yi yor:yo zha:za zho:zh chi:zh zul:zu cmn:zh fil:tl zsm:ms hbs:sh "
    # An old code, and countries that people take for their languages; no language has these codes.
    "iw:he jp:ja cn:zh vn:vi mm:my"
)
_TWO_LETTERS = dict(pair.split(":") for pair in _THREE_LETTERS.split())
_NO_LANGUAGE = frozenset({"und", "mis", "mul", "zxx"})
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


def choose_language(code: str, default: Language) -> Language:
    """The language in which a customer of language `code` ("th", "en_GB") is written to; `default` if it is ""."""
    base = code.lower().replace("_", "-").partition("-")[0]
    if not base:
        return default
    return "th" if base == "th" else "en"


def choose_offered(wanted: Iterable[str], offered: Collection[str], default: str) -> str:
    """The first language of `wanted` (tags such as "th-TH", the most wanted first) whose primary tag is in `offered`.
    Werkzeug's `best_match` would take a less wanted "en" before "th-TH"."""
    return next((primary for tag in wanted if (primary := tag.lower().partition("-")[0]) in offered), default)


@lru_cache(maxsize=256)
def _tag(language: str, language_name: str) -> str:
    given = (language.strip() or language_name.strip())[:64].lower()
    if given in _NO_LANGUAGE:
        given = language_name.strip()[:64].lower()
    if known := _codes().get(_normalize(given)):
        return known
    # What browsers send: the first is wanted most.
    first = re.split("[,;]", given, maxsplit=1)[0]
    if _CODE.fullmatch(first) and (first == given or len(first.replace("_", "-").partition("-")[0]) == 2):
        given = first
        base, *rest = given.replace("_", "-").split("-")
        return "-".join((_TWO_LETTERS.get(base, base), *rest))
    return next((_codes()[word] for word in map(_normalize, _BETWEEN.split(given)) if word in _codes()), "")


def _normalize(name: str) -> str:
    return _FILLER.sub("", name)


@cache
def _codes() -> dict[str, str]:
    return {_normalize(name): code for code, names in _NAMES.items() for name in names.split()}


@lru_cache(maxsize=8)
def _by_tag(options: frozenset[str]) -> dict[str, str]:
    return {option.lower().replace("_", "-"): option for option in sorted(options)}
