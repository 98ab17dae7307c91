"""Countries: any common spelling -> the common English name, which is not always ISO's."""

import re
import unicodedata
from collections import Counter
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from workers.rules.mapping.characters import strip_accents

THAILAND = "Thailand"
# Characters; no name of a country is longer, with its code and what else stands beside it.
_LONGEST = 200
CLDR_NAMES = "countries.tsv"
_NOISE = re.compile(r"[\s.,'’ʼ`\u200b\u200c\u200d()\[\]–—/_-]+|^(?:ประเทศ|ປະເທດ|ប្រទេស|the\s)", re.IGNORECASE)
_SAINT = re.compile(r"\bst\b\.?(?=\s*\w)", re.IGNORECASE)
_PARTS = re.compile(r"\s*[()\[\]/|,;:=]\s*|\s+[-–—]\s+")
_CODE_BESIDE = re.compile(r"(?P<before>[A-Z]{2,3})\s+(?P<name>.+)|(?P<name2>.+?)\s+(?P<behind>[A-Z]{2,3})")
# These share a name with another, and only what stands beside it tells which is meant.
_NAMESAKES = frozenset({"CD", "CG", "KP", "KR", "MF", "SX", "VG", "VI"})
_CALLING_CODE = re.compile(r"\(?\+(\d{1,3})\)?|(66)", re.ASCII)
_FLAG = re.compile(r"[\U0001F1E6-\U0001F1FF]{2}")
_FLAG_A = 0x1F1E6
# What stands before or behind a name and changes nothing about which country it is; only where the whole names none.
_QUALIFIER = re.compile(
    r"^(?:(?:the|people'?s|democratic|federal|federative|islamic|arab|socialist|co-?operative|plurinational|bolivarian|"
    r"united|independent|oriental|grand)\s+)*"
    r"(?:republic|kingdom|state|states|sultanate|commonwealth|union|principality|federation|duchy|emirate|territory|"
    r"country|nation)\s+of\s+(?:the\s+)?"
    r"|\s+(?:\(?s\.?a\.?r\.?\)?)?\s*,?\s*(?:of\s+)?(?:the\s+)?(?:p\.?r\.?\s*|people'?s republic of )?china$"
    r"|\s+(?:s\.?a\.?r\.?|republic|federation|kingdom|islands?)$"
    r"|^(?:สาธารณรัฐ(?:ประชาธิปไตยประชาชน|ประชาธิปไตย|ประชาชน|สังคมนิยม|อิสลาม)?|สหพันธ์?สาธารณรัฐ(?:ประชาธิปไตย)?|สหพันธรัฐ|"
    r"ราชอาณาจักร|ราชรัฐ|รัฐสุลต่าน|เครือรัฐ|(?:แห่ง)?สหภาพ|รัฐ|เขต(?:บริหาร|ปกครอง)พิเศษ|ดินแดน)\s*"
    r"|\s*(?:เขต(?:บริหาร|ปกครอง)พิเศษ.*|\(?ประเทศ\)?)$"
    r"|^(?:中国|中國)(?=.)|(?:特别行政区|特別行政區|共和国|共和國|王国|王國|공화국)$",
    re.IGNORECASE,
)
# Behind a comma or a slash the sovereign state qualifies its territory.
_TERRITORIES = {"CN": {"HK", "MO", "TW"}, "US": {"PR", "GU", "VI", "AS", "MP"}}
# pycountry's languages by the script they are written in, which the first letter of a name tells.
_LATIN = (
    "vi", "ms", "id", "fil", "tl", "de", "fr", "es", "it", "pt", "pt_BR", "nl", "sv", "da", "nb_NO", "fi", "pl", "cs",
    "sk", "hu", "ro", "tr", "sl", "hr", "lt", "lv", "et", "is", "ca", "eu", "gl", "ga", "af", "sw", "az", "uz", "sq",
)  # fmt: skip
_SCRIPTS = {
    "LATIN": _LATIN,
    "THAI": ("th",),
    "CJK": ("zh_CN", "zh_TW", "zh_HK", "ja"),
    "KATAKANA": ("ja",),
    "HIRAGANA": ("ja",),
    "HANGUL": ("ko",),
    "CYRILLIC": ("ru", "uk", "be", "bg", "sr", "mk", "kk", "ky", "mn"),
    "ARABIC": ("ar", "fa", "ur"),
    "DEVANAGARI": ("hi", "mr", "ne"),
    "KHMER": ("km",),
    "LAO": ("lo",),
    "MYANMAR": ("my",),
    "HEBREW": ("he",),
    "GREEK": ("el",),
    "GEORGIAN": ("ka",),
    "ARMENIAN": ("hy",),
    "BENGALI": ("bn",),
    "TAMIL": ("ta",),
    "TELUGU": ("te",),
    "KANNADA": ("kn",),
    "MALAYALAM": ("ml",),
    "GUJARATI": ("gu",),
    "GURMUKHI": ("pa",),
    "SINHALA": ("si",),
}

# ISO 3166 alpha-2 -> the name that is written, then other spellings that customers use.
_NAMES: dict[str, tuple[str, ...]] = {
    "TH": (THAILAND, "ไทย", "เมืองไทย", "Thai", "Siam", "泰国", "泰國", "タイ", "태국", "Таиланд"),
    "AE": ("United Arab Emirates", "UAE", "สหรัฐอาหรับเอมิเรตส์", "ยูเออี", "สหรัฐอาหรับ", "الإمارات"),
    "AT": ("Austria", "ออสเตรีย", "Österreich"),
    "AU": ("Australia", "ออสเตรเลีย", "ออสเตเรีย", "澳大利亚", "澳洲", "호주"),
    "BE": ("Belgium", "เบลเยียม", "België", "Belgique"),
    "BN": ("Brunei", "บรูไน"),
    "BR": ("Brazil", "บราซิล", "Brasil"),
    "AG": ("Antigua and Barbuda", "Antigua"),
    "BA": ("Bosnia and Herzegovina", "Bosnia"),
    "BO": ("Bolivia",),
    "CA": ("Canada", "แคนาดา", "加拿大"),
    "CD": (
        "DR Congo", "Democratic Republic of the Congo",
        "DRC", "Congo DRC", "Congo Kinshasa", "Democratic Republic of Congo", "สาธารณรัฐประชาธิปไตยคองโก",
    ),
    "CG": ("Congo", "Republic of the Congo", "Congo Brazzaville", "Congo Republic"),
    "CH": ("Switzerland", "สวิตเซอร์แลนด์", "สวิส", "Schweiz", "Suisse", "Svizzera"),
    "CI": ("Ivory Coast", "Côte d'Ivoire", "Cote d'Ivoire"),
    "CN": ("China", "จีน", "中国", "中國", "中华人民共和国", "PRC", "PR China", "Mainland China", "Zhongguo", "중국"),
    "CV": ("Cape Verde",),
    "CZ": ("Czech Republic", "Czechia", "เช็ก", "สาธารณรัฐเช็ก", "Česko"),
    "DE": ("Germany", "เยอรมนี", "เยอรมัน", "เยอรมันนี", "Deutschland", "德国"),
    "DK": ("Denmark", "เดนมาร์ก", "Danmark"),
    "ES": ("Spain", "สเปน", "España"),
    "FI": ("Finland", "ฟินแลนด์", "Suomi"),
    "FK": ("Falkland Islands",),
    "FM": ("Micronesia",),
    "FR": ("France", "ฝรั่งเศส", "法国"),
    "GB": (
        "United Kingdom", "UK", "Great Britain", "Britain", "England", "Scotland", "Wales", "Northern Ireland",
        "สหราชอาณาจักร", "อังกฤษ", "英国", "英國", "イギリス",
        "영국", "ยูเค", "สกอตแลนด์", "สก็อตแลนด์", "เวลส์", "ไอร์แลนด์เหนือ",
        "Англия", "بريطانيا", "Inggris", "Inggeris", "Angleterre", "Großbritannien", "Inglaterra",
        "Anh", "Ecosse",
    ),
    "HK": ("Hong Kong", "ฮ่องกง", "香港", "HongKong", "Hong Kong SAR"),
    "ID": ("Indonesia", "อินโดนีเซีย", "印度尼西亚"),
    "IE": ("Ireland", "ไอร์แลนด์", "Éire"),
    "IL": ("Israel", "อิสราเอล"),
    "IN": ("India", "อินเดีย", "Bharat", "印度"),
    "IR": ("Iran", "อิหร่าน"),
    "IT": ("Italy", "อิตาลี", "Italia"),
    "JP": ("Japan", "ญี่ปุ่น", "日本", "日本国", "Nippon", "Nihon", "일본", "Nhật"),
    "KH": ("Cambodia", "กัมพูชา", "เขมร", "កម្ពុជា", "Kampuchea", "柬埔寨"),
    "KP": ("North Korea", "เกาหลีเหนือ", "朝鲜", "Korea North", "DPRK", "DPR Korea", "Korea DPR"),
    "KR": (
        "South Korea", "Korea", "Republic of Korea", "เกาหลี", "เกาหลีใต้",
        "เกาหลีไต้", "สาธารณรัฐเกาหลี", "大韓民国", "南韩", "南韓", "Корея",
        "대한민국", "한국", "韩国", "韓国", "韓國",
        "Korea South", "ROK", "S. Korea", "Hàn",
    ),
    "KW": ("Kuwait", "คูเวต"),
    "LA": ("Laos", "ลาว", "สปป.ลาว", "ສປປ ລາວ", "ລາວ", "Lao", "Lao PDR", "Laos PDR", "老挝"),
    "MD": ("Moldova",),
    "MK": ("North Macedonia", "Macedonia"),
    "MM": ("Myanmar", "Burma", "Myanmar (Burma)", "เมียนมา", "เมียนมาร์", "พม่า", "မြန်မာ", "缅甸"),
    "MO": ("Macau", "Macao", "มาเก๊า", "澳门", "澳門"),
    "MY": ("Malaysia", "มาเลเซีย", "มาเลย์", "马来西亚", "马来"),
    "NL": ("Netherlands", "Holland", "เนเธอร์แลนด์", "ฮอลแลนด์", "Nederland"),
    "NO": ("Norway", "นอร์เวย์", "Norge"),
    "NZ": ("New Zealand", "นิวซีแลนด์", "Aotearoa"),
    "PH": ("Philippines", "ฟิลิปปินส์", "ฟิลิปปิน", "Pilipinas", "菲律宾"),
    "PL": ("Poland", "โปแลนด์", "Polska"),
    "PS": ("Palestine",),
    "PT": ("Portugal", "โปรตุเกส"),
    "QA": ("Qatar", "กาตาร์", "กาต้าร์"),
    "RU": ("Russia", "รัสเซีย", "Россия", "俄罗斯"),
    "SA": ("Saudi Arabia", "ซาอุดีอาระเบีย", "ซาอุดิอาระเบีย", "ซาอุ", "ซาอุดิ", "KSA", "السعودية", "沙特", "沙烏地"),
    "SE": ("Sweden", "สวีเดน", "Sverige"),
    "SG": ("Singapore", "สิงคโปร์", "สิงค์โปร์", "新加坡", "Singapura", "စင်ကာပူ"),
    "SY": ("Syria",),
    "SZ": ("Eswatini", "Swaziland"),
    "TL": ("Timor-Leste", "East Timor", "ติมอร์"),
    "TR": ("Turkey", "Türkiye", "ตุรกี", "ตุรเคีย", "ทูร์เคีย"),
    "TT": ("Trinidad and Tobago", "Trinidad"),
    "TW": (
        "Taiwan", "ไต้หวัน", "ใต้หวัน", "台湾", "台灣", "臺灣",
        "ROC", "대만", "Republic of China", "สาธารณรัฐจีน", "Chinese Taipei",
    ),
    "TZ": ("Tanzania",),
    "UA": ("Ukraine", "ยูเครน", "Україна"),
    "US": (
        "United States", "USA", "United States of America", "America", "ยูเอสเอ", "アメリカ", "أمريكا", "Amerika",
        "EEUU", "ອາເມລິກາ", "สหรัฐ", "สหรัฐฯ", "สหรัฐอเมริกา", "อเมริกา", "美国", "美國", "Mỹ", "The States",
    ),
    "VA": ("Vatican City", "Vatican"),
    "VE": ("Venezuela",),
    "VG": ("British Virgin Islands",),
    "VI": ("U.S. Virgin Islands",),
    "VN": ("Vietnam", "Viet Nam", "เวียดนาม", "Việt Nam", "越南", "ベトナム"),
    "ZA": ("South Africa", "แอฟริกาใต้"),
}  # fmt: skip


def _key(text: str) -> str:
    text = text.strip()
    if not text.isascii():
        # NFKC takes the Thai am apart.
        text = strip_accents(unicodedata.normalize("NFKC", text)).replace("\u0e4d\u0e32", "\u0e33")
    return _NOISE.sub("", _SAINT.sub("saint", text).replace("&", " and ")).casefold()


_CODES = {_key(spelling): alpha_2 for alpha_2, names in _NAMES.items() for spelling in names}


@lru_cache(maxsize=1024)
def code(text: str) -> str:
    """The ISO 3166 alpha-2 code of the country that `text` names, "" if it names none.

    Looked up in our own table, then exactly in pycountry and its translations; not with its fuzzy search, which returns
    Nigeria first for Niger (measured). Then without what qualifies the name: a code or flag beside it, "Republic of",
    the state to which a territory belongs."""
    if calling_code := _CALLING_CODE.fullmatch(text):
        return _find_by_calling_code(int(calling_code[1] or calling_code[2]))
    # Ý is Italy in Vietnamese, Y is nothing.
    if not text or len(text) > _LONGEST or text.isdigit() or (len(text) == 1 and text.isascii()):
        return ""
    if known := _exact(text):
        return known
    flags = {_flag(flag) for flag in _FLAG.findall(text)}
    plain = _FLAG.sub(" ", text).strip()
    if not plain:
        return flags.pop() if len(flags) == 1 else ""
    if plain != text and (known := _exact(plain)):
        return known
    if known := _agreed(plain):
        return known
    return _unqualified(plain) or _misspelt(plain)


def _find_by_calling_code(calling_code: int) -> str:
    """The country that calls itself so alone: +66; not +1, +7 or +44."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    regions = COUNTRY_CODE_TO_REGION_CODE.get(calling_code, ())
    return regions[0] if len(regions) == 1 and regions[0].isalpha() else ""


def name(text: str) -> str:
    """The common English name of the country that `text` names ("Vietnam", "Laos", "South Korea"), "" if it names
    none."""
    return _name(code(text))


def common(text: str) -> str:
    """As `name`, but only by our own table: for words from running text, where pycountry would take the "CA" of Los
    Angeles for Canada."""
    return _name(_CODES.get(_key(text), "")) if len(text.strip()) > 2 or text == "UK" else ""


@lru_cache(maxsize=256)
def spellings(text: str) -> tuple[str, ...]:
    """Every spelling under which a dropdown may hold the country that `text` names, the common name first; () if it
    names none."""
    alpha_2 = code(text)
    entry = _lookup(alpha_2) if alpha_2 else None
    if entry is None:
        return ()
    iso = (entry.name, entry.alpha_3, getattr(entry, "official_name", ""))
    return tuple(dict.fromkeys(filter(None, (_name(alpha_2), alpha_2, *_NAMES.get(alpha_2, ()), *iso))))


@lru_cache(maxsize=256)
def _name(alpha_2: str) -> str:
    if alpha_2 in _NAMES:
        return _NAMES[alpha_2][0]
    entry = _lookup(alpha_2) if alpha_2 else None
    return str(getattr(entry, "common_name", entry.name)) if entry else ""


def _exact(text: str) -> str:
    """The code of the country whose code or name `text` is; of three letters, a code only in capitals: in Vietnamese,
    Nga is Russia."""
    folded = _key(text)
    if text.isascii() and len(folded) == 2:
        if folded.upper() in _NAMES:
            return folded.upper()
        if entry := _lookup(folded):
            return str(entry.alpha_2)
    if known := _CODES.get(folded):
        return known
    entry = _lookup(folded) if text.isascii() and len(folded) == 3 and text.isupper() else None
    return str(entry.alpha_2) if entry else _iso_names().get(folded) or _translated(folded)


def _lookup(alpha: str) -> Any:
    # Imported here because loading its database takes milliseconds, and most leads do not need it.
    import pycountry

    code, countries = alpha.upper(), pycountry.countries
    return countries.get(alpha_2=code) if len(code) == 2 else countries.get(alpha_3=code)


@cache
def _iso_names() -> dict[str, str]:
    import pycountry

    attributes = ("name", "official_name", "common_name")
    return {_key(n): c.alpha_2 for c in pycountry.countries for a in attributes if (n := getattr(c, a, ""))}


def _translated(folded: str) -> str:
    """The code that most of the languages of this script give the name, "" if there is none or they are divided."""
    script = unicodedata.name(folded[0], "").partition(" ")[0] if folded else ""
    if script not in _SCRIPTS:
        return ""
    index, found = _translations(script), Counter[str]()
    start = index.find(f"\n{folded}\t")
    while start >= 0:
        end = index.index("\n", start + 1)
        found[index[end - 2 : end]] += 1
        start = index.find(f"\n{folded}\t", end)
    (first, times), (_, second), *_ = [*found.most_common(2), ("", 0), ("", 0)]
    return first if times > second else ""


@cache
def _translations(script: str) -> str:
    """Lines of a name's key, a tab and its code, from pycountry's translations and CLDR's names where they lack one."""
    import gettext

    import pycountry

    own = (Path(__file__).parent / CLDR_NAMES).read_text(encoding="utf-8")
    lines = [line for line in own.split("\n")[1:] if unicodedata.name(line[:1] or " ", "").startswith(script)]
    for language in _SCRIPTS[script]:
        catalog = gettext.translation("iso3166-1", Path(pycountry.__file__).parent / "locales", [language])
        for entry in pycountry.countries:
            for original in {entry.name, getattr(entry, "official_name", ""), getattr(entry, "common_name", "")} - {""}:
                if (translated := catalog.gettext(original)) != original:
                    lines.append(f"{_key(translated)}\t{entry.alpha_2}")
    return "\n" + "\n".join(lines) + "\n"


def _flag(flag: str) -> str:
    alpha_2 = "".join(chr(ord(letter) - _FLAG_A + ord("A")) for letter in flag)
    return alpha_2 if _lookup(alpha_2) else ""


def _unqualified(text: str) -> str:
    """The country that `text` names once the words that qualify it are gone."""
    if known := _exact(text):
        return known
    for _ in range(2):
        stripped = _QUALIFIER.sub("", text).strip(" ,.")
        if not stripped or stripped == text:
            break
        if known := _exact(stripped):
            return known
        text = stripped
    return ""


def _agreed(text: str) -> str:
    """The one country that the parts of `text` name, which stand beside each other; a territory and its sovereign are
    the territory."""
    parts = [part for part in _PARTS.split(text) if part]
    if len(parts) == 1 and (beside := _CODE_BESIDE.fullmatch(text)):
        parts = [part for part in beside.groups() if part]
        if not all(map(_unqualified, parts)):
            return ""
    codes = [_unqualified(part) for part in parts]
    said = set(codes) - {""}
    for sovereign, territories in _TERRITORIES.items():
        if said & territories:
            said.discard(sovereign)
    if len(said) != 1 or ("" in codes and said & _NAMESAKES):
        return ""
    return said.pop()


def _misspelt(text: str) -> str:
    """Thailand, if `text` is almost its name: the country of most customers."""
    import difflib

    folded = _key(text)
    close = any(difflib.SequenceMatcher(None, folded, one).ratio() > 0.85 for one in ("thailand", "ไทยแลนด์"))
    return "TH" if close else ""
