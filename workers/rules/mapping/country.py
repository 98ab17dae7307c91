"""Countries: any common spelling -> the common English name, which is not always ISO's."""

import re
from functools import lru_cache
from typing import Any

THAILAND = "Thailand"
_NOISE = re.compile(r"[\s.,'’()-]+|^(?:ประเทศ|the\s)", re.IGNORECASE)

# ISO 3166 alpha-2 -> the name that is written, then spellings that customers use and pycountry does not know.
_NAMES: dict[str, tuple[str, ...]] = {
    "TH": (THAILAND, "ไทย", "เมืองไทย", "Thai", "Siam", "泰国", "泰國", "タイ", "태국", "Таиланд"),
    "AE": ("United Arab Emirates", "UAE", "สหรัฐอาหรับเอมิเรตส์"),
    "AT": ("Austria", "ออสเตรีย", "Österreich"),
    "AU": ("Australia", "ออสเตรเลีย", "澳大利亚", "澳洲"),
    "BE": ("Belgium", "เบลเยียม", "België", "Belgique"),
    "BN": ("Brunei", "บรูไน"),
    "BR": ("Brazil", "บราซิล", "Brasil"),
    "BO": ("Bolivia",),
    "CA": ("Canada", "แคนาดา", "加拿大"),
    "CD": ("DR Congo", "Democratic Republic of the Congo"),
    "CG": ("Congo", "Republic of the Congo"),
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
        "สหราชอาณาจักร", "อังกฤษ", "英国", "英國", "イギリス", "영국",
    ),
    "HK": ("Hong Kong", "ฮ่องกง", "香港", "HongKong", "Hong Kong SAR"),
    "ID": ("Indonesia", "อินโดนีเซีย", "印度尼西亚"),
    "IE": ("Ireland", "ไอร์แลนด์", "Éire"),
    "IL": ("Israel", "อิสราเอล"),
    "IN": ("India", "อินเดีย", "Bharat", "印度"),
    "IR": ("Iran", "อิหร่าน"),
    "IT": ("Italy", "อิตาลี", "Italia"),
    "JP": ("Japan", "ญี่ปุ่น", "日本", "日本国", "Nippon", "Nihon", "일본"),
    "KH": ("Cambodia", "กัมพูชา", "เขมร", "កម្ពុជា", "Kampuchea", "柬埔寨"),
    "KP": ("North Korea", "เกาหลีเหนือ", "朝鲜"),
    "KR": (
        "South Korea", "Korea", "Republic of Korea", "เกาหลี", "เกาหลีใต้", "대한민국", "한국", "韩国", "韓国", "韓國",
    ),
    "KW": ("Kuwait", "คูเวต"),
    "LA": ("Laos", "ลาว", "สปป.ลาว", "ສປປ ລາວ", "ລາວ", "Lao", "Lao PDR", "老挝"),
    "MD": ("Moldova",),
    "MK": ("North Macedonia", "Macedonia"),
    "MM": ("Myanmar", "Burma", "Myanmar (Burma)", "เมียนมา", "เมียนมาร์", "พม่า", "မြန်မာ", "缅甸"),
    "MO": ("Macau", "Macao", "มาเก๊า", "澳门", "澳門"),
    "MY": ("Malaysia", "มาเลเซีย", "马来西亚"),
    "NL": ("Netherlands", "Holland", "เนเธอร์แลนด์", "ฮอลแลนด์", "Nederland"),
    "NO": ("Norway", "นอร์เวย์", "Norge"),
    "NZ": ("New Zealand", "นิวซีแลนด์", "Aotearoa"),
    "PH": ("Philippines", "ฟิลิปปินส์", "Pilipinas", "菲律宾"),
    "PL": ("Poland", "โปแลนด์", "Polska"),
    "PS": ("Palestine",),
    "PT": ("Portugal", "โปรตุเกส"),
    "QA": ("Qatar", "กาตาร์"),
    "RU": ("Russia", "รัสเซีย", "Россия", "俄罗斯"),
    "SA": ("Saudi Arabia", "ซาอุดีอาระเบีย", "ซาอุ", "KSA"),
    "SE": ("Sweden", "สวีเดน", "Sverige"),
    "SG": ("Singapore", "สิงคโปร์", "新加坡", "Singapura"),
    "SY": ("Syria",),
    "SZ": ("Eswatini", "Swaziland"),
    "TL": ("Timor-Leste", "East Timor", "ติมอร์"),
    "TR": ("Turkey", "Türkiye", "ตุรกี"),
    "TW": ("Taiwan", "ไต้หวัน", "台湾", "台灣", "臺灣", "ROC", "대만"),
    "TZ": ("Tanzania",),
    "UA": ("Ukraine", "ยูเครน", "Україна"),
    "US": ("United States", "USA", "America", "สหรัฐ", "สหรัฐอเมริกา", "อเมริกา", "美国", "美國"),
    "VA": ("Vatican City", "Vatican"),
    "VE": ("Venezuela",),
    "VG": ("British Virgin Islands",),
    "VI": ("U.S. Virgin Islands",),
    "VN": ("Vietnam", "Viet Nam", "เวียดนาม", "Việt Nam", "越南", "ベトナム"),
    "ZA": ("South Africa", "แอฟริกาใต้"),
}  # fmt: skip


def _key(text: str) -> str:
    return _NOISE.sub("", text.strip()).casefold()


_CODES = {_key(spelling): alpha_2 for alpha_2, names in _NAMES.items() for spelling in (alpha_2, *names)}


@lru_cache(maxsize=1024)
def code(text: str) -> str:
    """The ISO 3166 alpha-2 code of the country that `text` names, "" if it names none.

    Looked up in our own table, then exactly in pycountry; not with its fuzzy search, which returns Nigeria first for
    Niger (measured)."""
    if known := _CODES.get(_key(text)):
        return known
    entry = _entry(text.strip()) if text else None
    return str(entry.alpha_2) if entry else ""


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
    entry = _entry(alpha_2) if alpha_2 else None
    if entry is None:
        return ()
    iso = (entry.name, entry.alpha_3, getattr(entry, "official_name", ""))
    return tuple(dict.fromkeys(filter(None, (_name(alpha_2), alpha_2, *_NAMES.get(alpha_2, ()), *iso))))


@lru_cache(maxsize=256)
def _name(alpha_2: str) -> str:
    if alpha_2 in _NAMES:
        return _NAMES[alpha_2][0]
    entry = _entry(alpha_2) if alpha_2 else None
    return str(getattr(entry, "common_name", entry.name)) if entry else ""


def _entry(text: str) -> Any:
    # Imported here because loading its database takes milliseconds, and most leads do not need it.
    import pycountry

    try:
        return pycountry.countries.lookup(text)
    except LookupError:
        return None
