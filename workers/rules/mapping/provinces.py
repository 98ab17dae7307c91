"""The 77 provinces of Thailand, under the spellings that customers use.

The English names are the common ones, unlike pycountry's "Krung Thep Maha Nakhon". The postcode prefixes are Thailand
Post's: a province has one, Bangkok shares its own with Samut Prakan; `thai_places` knows the border districts that are
served from the neighbouring province.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any


@dataclass(frozen=True, slots=True)
class Province:
    """`prefix`: the first two digits of its own postcodes; `aliases`: other spellings than `th` and `en`."""

    th: str
    en: str
    prefix: str
    aliases: tuple[str, ...] = ()

    @property
    def spellings(self) -> tuple[str, ...]:
        """Every spelling under which a dropdown may hold this province, the Thai and English names first."""
        return (self.th, self.en, *self.aliases)

    def serves(self, postcode: str) -> bool:
        """Whether the five-digit `postcode` begins like this province's own."""
        return postcode[:2] == self.prefix


BANGKOK = Province(
    "กรุงเทพมหานคร",
    "Bangkok",
    "10",
    (
        "กรุงเทพฯ", "กรุงเทพ", "กทม.", "กรุงเทพมหานครอมรรัตนโกสินทร์", "บางกอก", "BKK",
        "Krung Thep Maha Nakhon", "Krung Thep", "Krungthep Mahanakorn", "Bangkok Metropolis", "Bangkok City",
        "Bangkok Metropolitan", "曼谷", "曼谷市", "バンコク", "방콕", "Бангкок", "Băng Cốc", "ບາງກອກ",
    ),
)  # fmt: skip

PROVINCES: tuple[Province, ...] = (
    BANGKOK,
    Province("กระบี่", "Krabi", "81", ("甲米",)),
    Province("กาญจนบุรี", "Kanchanaburi", "71", ("กาญจน์", "Karnchanaburi")),
    Province("กาฬสินธุ์", "Kalasin", "46"),
    Province("กำแพงเพชร", "Kamphaeng Phet", "62", ("Kampaeng Phet", "Kamphaengphet")),
    Province("ขอนแก่น", "Khon Kaen", "40", ("Khonkaen", "Kon Kaen")),
    Province("จันทบุรี", "Chanthaburi", "22", ("จันทร์บุรี", "Chantaburi")),
    Province("ฉะเชิงเทรา", "Chachoengsao", "24", ("แปดริ้ว", "Chacherngsao", "Paet Rio")),
    Province("ชลบุรี", "Chonburi", "20", ("Chon Buri", "Cholburi", "春武里")),
    Province("ชัยนาท", "Chai Nat", "17", ("Chainat",)),
    Province("ชัยภูมิ", "Chaiyaphum", "36", ("Chaiyapoom",)),
    Province("ชุมพร", "Chumphon", "86", ("Chumporn",)),
    Province("เชียงราย", "Chiang Rai", "57", ("Chiangrai", "清莱", "清萊")),
    Province(
        "เชียงใหม่", "Chiang Mai", "50", ("Chiangmai", "Chieng Mai", "清迈", "清邁", "チェンマイ", "치앙마이", "Чиангмай")
    ),
    Province("ตรัง", "Trang", "92"),
    Province("ตราด", "Trat", "23", ("Trad",)),
    Province("ตาก", "Tak", "63"),
    Province("นครนายก", "Nakhon Nayok", "26", ("Nakorn Nayok",)),
    Province("นครปฐม", "Nakhon Pathom", "73", ("Nakorn Pathom",)),
    Province("นครพนม", "Nakhon Phanom", "48", ("Nakorn Phanom",)),
    Province("นครราชสีมา", "Nakhon Ratchasima", "30", ("โคราช", "Korat", "Khorat", "Nakorn Ratchasima")),
    Province(
        "นครศรีธรรมราช",
        "Nakhon Si Thammarat",
        "80",
        ("นครศรีฯ", "เมืองคอน", "Nakhon Sri Thammarat", "Nakorn Sri Thammarat"),
    ),
    Province("นครสวรรค์", "Nakhon Sawan", "60", ("Nakorn Sawan",)),
    Province("นนทบุรี", "Nonthaburi", "11", ("นนท์", "Nontaburi")),
    Province("นราธิวาส", "Narathiwat", "96"),
    Province("น่าน", "Nan", "55"),
    Province("บึงกาฬ", "Bueng Kan", "38", ("Bung Kan", "Buengkan")),
    Province("บุรีรัมย์", "Buriram", "31", ("Buri Ram",)),
    Province("ปทุมธานี", "Pathum Thani", "12", ("ปทุม", "Patum Thani", "Pathumthani")),
    Province("ประจวบคีรีขันธ์", "Prachuap Khiri Khan", "77", ("ประจวบ", "Prachuap", "Prachuab Khiri Khan")),
    Province("ปราจีนบุรี", "Prachinburi", "25", ("ปราจีน", "Prachin Buri")),
    Province("ปัตตานี", "Pattani", "94"),
    Province("พระนครศรีอยุธยา", "Phra Nakhon Si Ayutthaya", "13", ("อยุธยา", "Ayutthaya", "Ayuthaya", "Ayudhya")),
    Province("พะเยา", "Phayao", "56", ("Payao",)),
    Province("พังงา", "Phang Nga", "82", ("Phangnga", "Pang Nga")),
    Province("พัทลุง", "Phatthalung", "93", ("Phattalung", "Pattalung")),
    Province("พิจิตร", "Phichit", "66", ("Pichit",)),
    Province("พิษณุโลก", "Phitsanulok", "65", ("Pitsanulok", "Phisanulok")),
    Province("เพชรบุรี", "Phetchaburi", "76", ("Petchaburi", "Petchburi", "Phetburi")),
    Province("เพชรบูรณ์", "Phetchabun", "67", ("Petchabun", "Phetchaboon")),
    Province("แพร่", "Phrae", "54"),
    Province("ภูเก็ต", "Phuket", "83", ("ภูเก็ท", "普吉", "普吉岛", "プーケット", "푸켓", "Пхукет")),
    Province("มหาสารคาม", "Maha Sarakham", "44", ("สารคาม", "Mahasarakam")),
    Province("มุกดาหาร", "Mukdahan", "49", ("Mukdaharn",)),
    Province("แม่ฮ่องสอน", "Mae Hong Son", "58", ("Maehongson",)),
    Province("ยโสธร", "Yasothon", "35", ("Yasothorn",)),
    Province("ยะลา", "Yala", "95"),
    Province("ร้อยเอ็ด", "Roi Et", "45"),
    Province("ระนอง", "Ranong", "85"),
    Province("ระยอง", "Rayong", "21", ("罗勇",)),
    Province("ราชบุรี", "Ratchaburi", "70", ("Rajburi", "Ratburi")),
    Province("ลพบุรี", "Lopburi", "15", ("Lop Buri",)),
    Province("ลำปาง", "Lampang", "52"),
    Province("ลำพูน", "Lamphun", "51", ("Lampoon", "Lamphoon")),
    Province("เลย", "Loei", "42"),
    Province("ศรีสะเกษ", "Sisaket", "33", ("ศรีษะเกษ", "ศรีสะเกศ", "Si Sa Ket", "Srisaket")),
    Province("สกลนคร", "Sakon Nakhon", "47", ("สกล", "Sakol Nakhon", "Sakonnakorn")),
    Province("สงขลา", "Songkhla", "90", ("Songkla",)),
    Province("สตูล", "Satun", "91", ("Satul", "Satoon")),
    Province("สมุทรปราการ", "Samut Prakan", "10", ("Samutprakarn",)),
    Province("สมุทรสงคราม", "Samut Songkhram", "75", ("Samut Songkram",)),
    Province("สมุทรสาคร", "Samut Sakhon", "74", ("Samut Sakorn", "Samut Sakhorn")),
    Province("สระแก้ว", "Sa Kaeo", "27", ("Sa Kaew",)),
    Province("สระบุรี", "Saraburi", "18"),
    Province("สิงห์บุรี", "Sing Buri", "16", ("Singburi",)),
    Province("สุโขทัย", "Sukhothai", "64", ("Sukothai",)),
    Province("สุพรรณบุรี", "Suphan Buri", "72", ("สุพรรณ", "Suphanburi", "Supanburi")),
    Province(
        "สุราษฎร์ธานี", "Surat Thani", "84", ("สุราษฎร์", "สุราษฏร์", "สุราษฎ์", "สุราษ", "สุราษฏร์ธานี", "สุราษธานี", "Suratthani")
    ),
    Province("สุรินทร์", "Surin", "32"),
    Province("หนองคาย", "Nong Khai", "43", ("Nongkhai", "Nong Kai")),
    Province("หนองบัวลำภู", "Nong Bua Lamphu", "39", ("Nongbua Lampoo", "Nong Bua Lam Phu")),
    Province("อ่างทอง", "Ang Thong", "14", ("Angthong",)),
    Province("อำนาจเจริญ", "Amnat Charoen", "37", ("Amnatcharoen",)),
    Province("อุดรธานี", "Udon Thani", "41", ("อุดร", "Udonthani", "Udorn Thani", "Udon")),
    Province("อุตรดิตถ์", "Uttaradit", "53", ("Uttradit",)),
    Province("อุทัยธานี", "Uthai Thani", "61", ("Uthaithani",)),
    Province("อุบลราชธานี", "Ubon Ratchathani", "34", ("อุบล", "Ubon", "Ubonratchathani", "Ubol Ratchathani")),
)

# The official abbreviations in two letters, each before its province; Bangkok's is among its aliases.
_ABBREVIATIONS = re.findall(
    r"(\S+) (\S+)",
    "กบ กระบี่ กจ กาญจนบุรี กส กาฬสินธุ์ กพ กำแพงเพชร ขก ขอนแก่น จบ จันทบุรี ฉช ฉะเชิงเทรา ชบ ชลบุรี ชน "
    "ชัยนาท ชย ชัยภูมิ ชพ ชุมพร ชร เชียงราย ชม เชียงใหม่ ตง ตรัง ตร ตราด ตก ตาก นย นครนายก นฐ นครปฐม นพ "
    "นครพนม นม นครราชสีมา นศ นครศรีธรรมราช นว นครสวรรค์ นบ นนทบุรี นธ นราธิวาส นน น่าน บก บึงกาฬ บร "
    "บุรีรัมย์ ปท ปทุมธานี ปข ประจวบคีรีขันธ์ ปจ ปราจีนบุรี ปน ปัตตานี อย พระนครศรีอยุธยา พย พะเยา พง "
    "พังงา พท พัทลุง พจ พิจิตร พล พิษณุโลก พบ เพชรบุรี พช เพชรบูรณ์ พร แพร่ ภก ภูเก็ต มค มหาสารคาม มห "
    "มุกดาหาร มส แม่ฮ่องสอน ยส ยโสธร ยล ยะลา รอ ร้อยเอ็ด รน ระนอง รย ระยอง รบ ราชบุรี ลบ ลพบุรี ลป ลำปาง "
    "ลพ ลำพูน ลย เลย ศก ศรีสะเกษ สน สกลนคร สข สงขลา สต สตูล สป สมุทรปราการ สส สมุทรสงคราม สค สมุทรสาคร สก "
    "สระแก้ว สบ สระบุรี สห สิงห์บุรี สท สุโขทัย สพ สุพรรณบุรี สฎ สุราษฎร์ธานี สร สุรินทร์ นค หนองคาย นภ "
    "หนองบัวลำภู อท อ่างทอง อจ อำนาจเจริญ อด อุดรธานี อต อุตรดิตถ์ อน อุทัยธานี อบ อุบลราชธานี ",
)
_PREFIXES = frozenset(province.prefix for province in PROVINCES)
_TITLE = re.compile(
    r"^(?:จังหวัด|จว?\.|จ\s|chang\s?wat\.?\s|[cj]\.|prov(?:ince of|\.)\s)|[\s,]province\.?$", re.IGNORECASE
)
_ISO = re.compile(r"th-\d\d", re.IGNORECASE | re.ASCII)
# Spellings of one Thai sound in Latin letters.
_SOUNDS = (
    (re.compile(r"^koh"), "ko"),
    (re.compile(r"m(?:ue|eu|u)[ae]?ng"), "muang"),
    (re.compile(r"([ptkc])h"), r"\1"),
    (re.compile(r"dh"), "t"),
    (re.compile(r"j"), "c"),
    (re.compile(r"v"), "w"),
    (re.compile(r"ue|eu"), "u"),
    (re.compile(r"oe|er(?=[^aeiou]|$)|oo"), "o"),
    (re.compile(r"ae"), "e"),
    (re.compile(r"ee"), "i"),
    (re.compile(r"(?<=[aeo])r(?=[^aeiouy]|$)"), ""),
    (re.compile(r"(?<=[aeou])y(?![aeiou])"), "i"),
    (re.compile(r"d(?![aeiou])"), "t"),
    (re.compile(r"tc"), "c"),
    (re.compile(r"sr"), "s"),
    (re.compile(r"(.)\1+"), r"\1"),
)
# Shorter names of foreign places sound like them.
_SHORTEST_SOUND = 6
_SEPARATORS = " \n,()-"
_NOISE = re.compile(r"[\s.,'’ฯ-]+")


def key(text: str) -> str:
    """`text` for comparison: without case, spaces, dots, hyphens and ฯ, and with two common typing errors corrected."""
    folded = text.casefold()
    # ฯ is a letter to Python.
    if not folded.isalnum() or "ฯ" in folded:
        folded = _NOISE.sub("", folded)
    # Two characters typed for the one that looks the same: เ+เ for แ, nikhahit+aa for am.
    return folded.replace("เเ", "แ").replace("ํา", "ำ")


@lru_cache(maxsize=1024)
def sound(text: str) -> str:
    """`text` for comparison with a place's name: `key`, and one spelling for what Latin letters write in several."""
    folded = key(text)
    if folded.isascii():
        for spellings, one in _SOUNDS:
            folded = spellings.sub(one, folded)
    return folded


_INDEX = {key(spelling): province for province in PROVINCES for spelling in province.spellings}
_LAST_WORDS = {key(spelling.rpartition(" ")[2]) for province in PROVINCES for spelling in province.spellings}
_BY_SOUND = {
    folded: province
    for province in PROVINCES
    for spelling in province.spellings
    if spelling.isascii() and len(folded := sound(spelling)) >= _SHORTEST_SOUND
}
_LAST_SOUNDS = {sound(spelling.rpartition(" ")[2]) for province in PROVINCES for spelling in province.spellings} | {
    *_BY_SOUND
}
_THAI_NAMES = [(key(province.th), province) for province in PROVINCES]
_THAI_SPELLINGS = tuple(
    sorted(
        ("กทม", *(one for province in PROVINCES for one in province.spellings if "ก" <= one[0] <= "๛")),
        key=len,
        reverse=True,
    )
)
_IN_OTHER_LETTERS = [
    (one, province)
    for province in PROVINCES
    for one in province.spellings
    if not one.isascii() and not "ก" <= one[0] <= "๛" and not one[0].isascii()
]
_BY_ABBREVIATION = {letters: _INDEX[name] for letters, name in _ABBREVIATIONS}


@lru_cache(maxsize=4096)
def find(text: str) -> Province | None:
    """The province that `text` names, with or without จ., จังหวัด, Changwat or Province, or abbreviates with ฯ or by its
    official two letters and a title or dot, or by its
    code in ISO 3166-2, which checkouts send ("TH-50"); None if it names none."""
    name = _TITLE.sub("", text.strip())
    if _ISO.fullmatch(name):
        return _find_by_iso(name)
    return _INDEX.get(key(text)) or _INDEX.get(key(name)) or _find_abbreviated(text, name) or _BY_SOUND.get(sound(name))


def _find_by_iso(code: str) -> Province | None:
    import pycountry

    subdivisions: Any = pycountry.subdivisions
    entry = subdivisions.get(code=code.upper())
    return _INDEX.get(key(entry.name)) if entry else None


def _find_abbreviated(text: str, name: str) -> Province | None:
    letters = key(name)
    if len(letters) == 2:
        return _BY_ABBREVIATION.get(letters) if text != letters else None
    if len(letters) < 3 or not name.rstrip(" .").endswith("ฯ"):
        return None
    begun = [province for folded, province in _THAI_NAMES if folded.startswith(letters)]
    return begun[0] if len(begun) == 1 else None


def may_end(text: str) -> bool:
    """Whether the last word of `text` is that of a province's name or title, a cheap test before `find`."""
    word = text[max(map(text.rfind, _SEPARATORS)) + 1 :]
    if not word or word[-1] in "ฯ.":
        return True
    name = word.removeprefix("จังหวัด").removeprefix("จ.")
    if name != word and key(name) in _BY_ABBREVIATION:
        return True
    return not name or key(name) in _LAST_WORDS or name.casefold() == "province" or sound(name) in _LAST_SOUNDS


def find_ending(text: str) -> tuple[int, Province] | None:
    """Where the longest Thai name of a province begins with which `text` ends, and which it is."""
    if not text.endswith(_THAI_SPELLINGS):
        return None
    name = next(one for one in _THAI_SPELLINGS if text.endswith(one))
    return len(text) - len(name), _INDEX[key(name)]


def find_foreign(text: str) -> Province | None:
    """The province with whose name in neither Thai nor Latin letters `text` begins, as in 曼谷 or Пхукет."""
    return next((province for name, province in _IN_OTHER_LETTERS if text.startswith(name)), None)


def is_postcode(text: str) -> bool:
    """Whether `text` is a Thai postcode: five ASCII digits, the first two those of a province."""
    return len(text) == 5 and text.isascii() and text.isdigit() and text[:2] in _PREFIXES
