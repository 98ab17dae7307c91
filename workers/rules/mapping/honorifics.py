"""Honorifics, ranks and titles around the name of a person, in the languages of Thailand and its neighbours.

A title goes only where a name remains. A word that is also a name ("จอมพล", "Major") is a title only where a whole name
follows, or where a dot shows that it is an abbreviation. A title that is said twice ("Ko Ko") is a Burmese name."""

import re
from typing import NamedTuple

from workers.rules.mapping import surnames

# A name that is glued to a Thai title begins a word, so คุณากร and นายิกา stay whole.
_BEGINS = r"[ก-ฮเ-ไ]\S"
_RANK = (
    r"(?:พล(?:ตำรวจ|เรือ|อากาศ)?|พัน(?:ตำรวจ|จ่าอากาศ|จ่า)?|ร้อย(?:ตำรวจ)?|เรือ(?:อากาศ)?|นาวา(?:อากาศ)?"
    r"|จ่า(?:สิบ|อากาศ)?|สิบ(?:ตำรวจ)?)(?:เอก|โท|ตรี|จัตวา)"
    r"|จอมพล(?:เรือ|อากาศ)?|จ่าสิบตำรวจ|(?:นาย)?ดาบตำรวจ|พลทหาร|พลตำรวจ|พลฯ"
)
_TITLE = (
    r"ว่าที่|(?:ผู้ช่วย|รอง)?ศาสตราจารย์|อาจารย์(?:ใหญ่)?|ด[็๊]?อกเตอร์|นายแพทย์|แพทย์(?:หญิง|จีน)|(?:นาย)?สัตวแพทย์(?:หญิง)?"
    r"|ทันตแพทย์(?:หญิง)?|เภสัชกร(?:หญิง)?|พยาบาล(?:วิชาชีพ)?|นักกายภาพบำบัด|นักเทคนิคการแพทย์"
    rf"|คุณ(?:หมอ|ครู|หญิง(?=\s+\S+\s+\S|{_BEGINS}))"
    r"|ท่าน(?:ผู้หญิง|หญิง|ชาย)|หม่อม(?:ราชวงศ์|หลวง|เจ้า)?|พระองค์เจ้า"
    r"|พระครู(?:ปลัด|สมุห์|ใบฎีกา|ธรรมธร|วินัยธร|สังฆรักษ์)?|พระ(?:มหา|อาจารย์|ปลัด|สมุห์|ใบฎีกา|อธิการ|ภิกษุ)|ภิกษุณี"
    r"|หลวง(?:พ่อ|ปู่|ตา|พี่|น้า|ลุง)|ครูบา(?=\s)|สามเณรี?|แม่ชี|บาทหลวง|ศาสนาจารย์|ศิษยาภิบาล|ซิสเตอร์|บราเดอร์|มาเซอร์|(?:โต๊ะ)?อิหม่าม"
    r"|โต๊ะครู|ฮัจยี|อุสตาซ(?:ะห์)?|ฯพณฯ|พณฯ|มิสเตอร์|มาดาม|ผู้(?:กอง|หมวด|กำกับ|การ)|สารวัตร|กำนัน|ผู้ใหญ่(?:บ้าน)?|นายกฯ|นายอำเภอ|นายกเทศมนตรี|ทนาย(?:ความ)?"
)
# Behind another title, only a space makes them one.
_SHORT = r"นางสาว|นาง|นาย|คุณ|เด็กชาย|เด็กหญิง|พระ|ครู|หมอ|จ่า|เณร|ท่าน"
_THAI = re.compile(
    rf"(?P<word>(?P<rank>{_RANK})|{_TITLE}|(?P<short>{_SHORT}))"
    rf"(?:\s*\.\s*|\s+|$|(?={_BEGINS}|[^\u0e00-\u0e7f\s]))"
    rf"|(?P<spaced>นายก|ปลัด|ดาบ|หมวด|หมู่|แพทย์|หะยี|มิส)\s+"
)
# The most common ones alone, because the search for all is slow.
_COMMON = re.compile(
    r"(คุณ(?!หมอ|ครู|หญิง)|นาย(?!แพทย์|สัตวแพทย์|ดาบตำรวจ|อำเภอ|ก)|นางสาว|นาง)"
    rf"(?:\s*\.\s*|\s+|$|(?={_BEGINS}|[^\u0e00-\u0e7f\s]))"
)
_THAI_ABBREVIATED_RANKS = frozenset((
    "พลอ", "พลท", "พลต", "พลจ", "พอ", "พท", "พต", "รอ", "รท", "รต", "จสอ", "จสท", "จสต", "สอ", "สท", "สต", "พล",
    "พลรอ", "พลรท", "พลรต", "พลรจ", "นอ", "นท", "นต", "พจอ", "พจท", "พจต", "จอ", "จท", "จต",
    "พลออ", "พลอท", "พลอต", "พลอจ", "พออ", "พอท", "พอต",
    "พลตอ", "พลตท", "พลตต", "พลตจ", "พตอ", "พตท", "พตต", "รตอ", "รตท", "รตต", "ดต", "สตอ", "สตท", "สตต",
    "นรต", "นนร", "นนอ", "อส", "อสทพ",
))  # fmt: skip
# Without their dots and spaces: ร.ต.อ., ร.ต.อ and รตอ are one.
_THAI_ABBREVIATIONS = _THAI_ABBREVIATED_RANKS | {
    "นส", "ดช", "ดญ", "ดร", "ผศ", "รศ", "ศ", "อ", "อจ", "ศจ", "ผอ", "นพ", "พญ", "ทพ", "ทพญ", "ภก", "ภญ", "นสพ",
    "นศพ", "มร", "สพ",
    "สพญ", "ทนพ", "ทนพญ", "กภ", "กภญ", "พว", "พจ", "พทป", "พทว", "วศ", "มรว", "มล", "มจ", "สส", "สว", "สจ", "สก",
    "สข", "ผญบ", "อสม",
}  # fmt: skip
# Behind these หญิง is a part of the title, behind others a name.
_OF_BOTH_SEXES = _THAI_ABBREVIATED_RANKS | {"ภก", "ทพ", "นพ", "นสพ", "สพ", "ทนพ", "กภ"}
# With fewer letters than three, others need a dot: นพ is a name.
_UNDOTTED = frozenset(("ดร", "ผศ", "รศ", "นส", "ดช", "ดญ"))
_PIECE = re.compile(r"([ก-ฮ]{1,5})(?:(\s?\.\s*)|\s+|(?=\()|$)")
_OF_RANK = re.compile(
    rf"(?:\s*(?:\((?:หญิง|ญ|พิเศษ|สำรอง|นอกราชการ|นอกประจำการ)\)|(?:หญิง|พิเศษ)(?=\s|\.|$|{_BEGINS}))\.?\s*)+"
)
_OF_PROFESSOR = re.compile(rf"\s*\(?(?:เกียรติคุณ|กิตติคุณ|คลินิก|พิเศษ)\)?(?=[\s.(]|$|{_BEGINS})\.?\s*")
_PROFESSORS = ("ผศ", "รศ", "ศ")

# Names that only look like a glued title and another name.
_WHOLE_NAMES = frozenset((
    "คุณดร", "คุณภาพ", "คุณธรรม", "หมอก", "หมอกฟ้า", "หมอนชัย", "พระพาย", "พระพิรุณ", "พระเพลิง", "พระแพง", "พระจันทร์",
    "พระอาทิตย์", "พระนาย", "พระนาง", "พระราม", "พระลักษมณ์", "พระลอ", "พระเพื่อน", "พระเอก", "พระอินทร์",
    "พระศิวะ", "พระพร", "พระขวัญ", "พระคุณ", "ครูเอี๊ยด",
))  # fmt: skip
_TITLE_OR_NAME = frozenset(("จอมพล", "เณร", "ดาบ", "ปลัด", "หมู่", "หมวด", "แพทย์"))
# Behind the title of a man they are his name.
_RANK_OR_NAME = frozenset(("พลเอก", "พันเอก", "พันตรี", "ร้อยเอก", "ร้อยตรี", "สิบเอก", "เรือเอก", "นาวาเอก"))
# Nothing but a title with a space or a dot follows them: นายคุณภัทร is คุณภัทร.
_CIVIL = frozenset(("นาย", "นาง", "นางสาว", "นส", "เด็กชาย", "เด็กหญิง", "ดช", "ดญ", "mr", "mrs", "ms", "miss", "มิส"))
# Alone they name nobody.
_COURTESY = _CIVIL | {"คุณ", "ท่าน", "mx", "mdm", "madam", "sir", "khun", "k", "มิสเตอร์", "มาดาม"}

# How a Latin title is told from a name: it is always one, with a dot, where a whole name follows, by either of these,
# or only before another title (which shows each of them).
_ALWAYS, _DOTTED, _WHOLE, _EITHER, _LEADING = range(5)
_LATIN = {
    phrase: kind
    for kind, phrases in (
        (
            _ALWAYS,
            """mr|mrs|ms|miss|mx|mdm|madam|mister|sir|khun|mme|mlle|monsieur|herr|frau|signor|signora|señor|señora|señorita|sra|srta
            shri|smt|dr|doctor|drs|dra|drg|prof|professor|asst prof|assist prof|assoc prof|assistant prof
            associate prof|assistant professor|associate professor|adjunct professor|emeritus professor
            professor emeritus|prof emeritus|prof madya|ajarn|ajahn|engr|atty|advocate|rev|reverend|rt rev|most rev
            fr|ven|venerable|rabbi|phra|phra khru|phra maha|phra ajahn|luang por|luang pho|luang pu|luang phi
            luang ta|mae chi|capt|lt|lieut|lieutenant|sgt|cpl|corporal|pvt|pfc|cdr|cmdr|lt col|lt gen|lt cdr|lt cmdr
            lt jg|maj gen|brig|brig gen|lieutenant colonel|lieutenant general|lieutenant commander|major general
            brigadier general|sub lt|sub lieutenant|1st lt|2nd lt|1lt|2lt|first lieutenant|second lieutenant
            first lt|second lt|sgt maj|sergeant major|master sergeant|staff sergeant|s sgt|m sgt|sen sgt maj|sen sgt
            snr sgt|flt sgt|flight sergeant|adm|admiral|r adm|v adm|radm|vadm|rear adm|vice adm|rear admiral
            vice admiral|commodore|cpo|acm|avm|air cdre|air commodore|air marshal|air chief marshal|air vice marshal
            field marshal|gp capt|group captain|wg cdr|wing commander|sqn ldr|squadron leader|flt lt
            flight lieutenant|fg off|flg off|flying officer|plt off|pilot officer|encik|puan|cik|cikgu|dato|datuk
            datin|dato sri|dato seri|dato paduka|dato wira|dato setia|datuk seri|datuk sri|datuk seri panglima
            datuk wira|datuk patinggi|datuk amar|datin sri|datin seri|datin paduka|datin paduka seri|tan sri
            puan sri|toh puan|tuan haji|tuan syed|puan hajah|puan hajjah|yb|yab|pehin|y b|ybhg|y bhg|yang berhormat
            yang berbahagia|haji|hajah|hajjah|hj|hjh|ustaz|ustazah|ustadz|ustadzah|ustad|kyai|kapt|mejar|leftenan
            lt kol|inspektor|koperal|sarjan|letjen|brigjen|mayjen|kolonel|letkol|kapten|lettu|letda|sersan|kompol
            kombes|kombes pol|akbp|akp|iptu|ipda|aipda|bripka|bapak|bpk|ibu|sdr|sdri|saudara|saudari|nyonya|mbak
            mom rajawongse|mom luang|mom chao|thanpuying|khunying""",
        ),
        (_DOTTED, "k|eng|ing|mag|sig|ir|ar|adv|gng|bb|en|pn|tn|ny|nn|kh|pol|ts|bs|ths|gs|pgs"),
        (_WHOLE, "m l|m r|m c"),
        (
            _EITHER,
            """general|major|captain|colonel|commander|sergeant|brigadier|gen|maj|col|hon|honourable|honorable|sister
            brother|father|mother|pastor|bishop|judge|justice|master|lord|lady|dame|sr|br|sheikh|shaikh|imam|tun|nona
            tuan""",
        ),
        (_LEADING, "police|acting|act|actg|special|retired|ret|asst|assoc|assistant|associate"),
    )
    for phrase in re.split(r"[|\n]\s*", phrases)
}
# Names elsewhere.
_LOCAL = {
    "ms": ("tuan", "en", "pn", "tun", "pak", "h"),
    "id": ("tuan", "pak", "bu", "mas", "bang", "kak", "h", "hj", "tn", "ny", "nn", "ir"),
    "my": ("u", "daw", "ko", "ma", "maung", "mg"),
    "lo": ("thao", "nang"),
    "km": ("lok", "lok srey"),
}
_LETTER = "A-Za-z\u00c0-\u024f\u1e00-\u1eff"
_TOKEN = re.compile(
    rf"([12](?:st|nd|lt)|(?:sub|lt|maj|brig)-[{_LETTER}]+|[{_LETTER}]+)"
    rf"(?:['’‘`´](?![{_LETTER}]))?(?:\s?(\.)\s*|\s+|$|(?![{_LETTER}\d'’_@-]))",
    re.IGNORECASE,
)
_LONGEST_PHRASE = max(len(phrase.split()) for phrase in _LATIN)
_FIRST_WORDS = frozenset(
    phrase.split()[0] for phrase in (*_LATIN, *(title for titles in _LOCAL.values() for title in titles))
)

# Lao, Khmer, Burmese, Cyrillic, Arabic and Hindi.
_OTHER = re.compile(
    r"(?:ທ້າວ|ນາງສາວ|ນາງ|ທ່ານ|ອາຈານ|ດຣ\.|[ທນ]\.)\s*(?=[ກ-ຮເ-ໄ])"
    r"|(?:ឯកឧត្តម|ឯកឧត្ដម|លោកជំទាវ|លោកស្រី|លោក|អ្នកស្រី|កញ្ញា)\s*(?=[ក-ឳ])"
    r"|(?:ဦး|ဒေါ်)\s*(?=[က-အ])|(?P<burmese>ကို|မောင်|မ)\s+(?!(?P=burmese)\s)(?=[က-အ])"
    # Thais who chat in Latin letters write K'Nok for Khun Nok.
    r"|K['’‘`]\s?(?=[A-Zก-ฮเ-ไ])"
    r"|(?:Г-н|Г-жа|Господин|Госпожа)\s+(?=\w)"
    r"|(?:السيدة?|الآنسة|الأستاذة?|الدكتورة?|[دأ]\.)\s*(?<=[\s.])(?=\w)"
    r"|(?:श्रीमती|श्री|सुश्री|कुमारी|डॉ\.?|डॉक्टर)\s+(?=\w)"
)
_VIETNAMESE = re.compile(
    r"(?:(?P<sure>ông|bà|cô|chị|thầy|quý (?:ông|bà|cô)|bác sĩ|(?:thiếu|trung|thượng|đại) (?:tá|úy|tướng))"
    r"|anh|chi|ong|ba|co|chú|chu|bác|bac)\s+"
    r"(?=(?P<next>[^\W\d_]+))",
    re.IGNORECASE,
)
_EAST_ASIAN = f"[{surnames.HAN}{surnames.KANA}{surnames.HANGUL}]"
_DEGREE = (
    r",?\s+(?:Ph\.?\s?D|M\.D|MBA|M\.B\.A|CPA|CFA|Esq|D\.?D\.?S|DVM|\(?Ret(?:\.?d|ired)?\.?\)?|RTA|RTN|RTAF)"
    r"|,\s*(?:Sp\.?\s?[A-Z][A-Za-z]{0,4}|M\.?D|R\.?N|J\.?D|LL\.?[BM]"
    r"|[BMS]\.?\s?(?:A|Ag|B\.?A|Com|E|Ed|Eng|Farm|H|Hum|IP|Ked|Kes|Kom|M|Pd|Pharm|Psi|Sc|Si|Sos|T|Tech))"
)
_BEHIND = re.compile(
    r"\s+(?:ร\s?\.\s?น\s?\.?|(?:นะ)?(?:ครับผม|ครั+บ+|คร้า+บ+|ค้า+บ+|คั+บ+|ค่?ะ+|ค่า+|จ้า+|จ[้๊]ะ+|ฮะ|ฮับ))$|(?:นะคะ|นะครับ|ครับผม|(?<=\S)(?:ครับ|คร้าบ|ค้าบ|ค่ะ))$"
    r"|(?:\s?(?:ครับ|ค่ะ|คะ))?\s+ขอบคุณ(?:มาก(?:ๆ)?)?(?:นะ)?(?:ครับ|คับ|ค่ะ|คะ|ค่า)$"
    rf"|(?:(?:{_DEGREE})\.?)+$"
    r"|(?<=\w)-(?:san|sama|kun|chan|sensei)$"
    rf"|(?<={_EAST_ASIAN})(?:\s*(?:先生|女士|小姐|太太|夫人|老[师師]|同[学學]|教授|博士|[医醫][生师師]|[总總]?[经經]理|律[师師]|师傅|師傅|阿姨|叔叔|大哥|大姐"
    r"|老[板闆]|主任|(?:社|部|課|係|店|会)長|様|さま|さん|サン|氏|殿|どの|くん|ちゃん"
    r"|(?:선생|사장|대표|교수|박사|고객|회장|부장|과장|차장|대리|팀장|실장|이사|원장|목사|신부|수녀|여사|회원|변호사|기사)?님|씨|여사|귀하)"
    r"|\s+(?:군|양|선생|교수|박사|대표|사장|부장|과장|대리|팀장|의사|변호사|목사|君)|(?<=^.)[总總])$"
)
# Else nothing needs to be searched at the end.
_LAST_THAI = ("น", "น.", "บ", "ผม", "ะ", "า")
_DEGREES = frozenset(
    ("phd", "d", "md", "mba", "cpa", "cfa", "esq", "dds", "dvm", "ret", "retd", "retired", "rta", "rtn", "rtaf")
)
_WORD = re.compile(r"[^\W\d_]\S*")


# Between the titles of a couple, or of a form that offers several.
_AND = re.compile(r"(?:&|/|\+|and\b|und\b|และ)\s*", re.IGNORECASE)
# So many titles has nobody; texts of nothing else would take long.
_MOST = 10


class _Title(NamedTuple):
    """`end` is where the name goes on; `glued`: without a space or a dot; `short`: no title where it is glued to
    another."""

    word: str
    end: int
    glued: bool = False
    short: bool = False


def strip_before(person: str, language: str = "") -> str:
    """`person` without the titles at its beginning, of which there may be several; `language` is the code of the
    language whose customs the name follows, "" if nothing says it. Nothing but a courtesy ("คุณ", "Mr.") is ""; another
    title alone is kept, for it may be what somebody is called."""
    taken = ""
    glued = False
    for _ in range(_MOST):
        title = _find(person, language)
        if not title or not _fits(title, person, taken) or (glued and taken in _CIVIL and title.word == "คุณ"):
            break
        behind = person[title.end :]
        if (another := _AND.match(behind)) and _find(behind[another.end() :], language):
            behind = behind[another.end() :]
        if not _WORD.search(behind):
            return "" if title.word in _COURTESY else person
        person, taken, glued = behind, title.word, title.glued
    return person


def strip_behind(person: str) -> str:
    """`person` without the honorific, the degrees and the like at its end."""
    if "\u0e00" <= person[-1:] <= "\u0e7f":
        may_end = person.endswith(_LAST_THAI)
    else:
        may_end = not person.isascii() or "," in person or "-" in person or _last_word(person) in _DEGREES
    found = _BEHIND.search(person) if may_end else None
    return person[: found.start()] if found else person


def _last_word(text: str) -> str:
    return text[text.rfind(" ") + 1 :].replace(".", "").strip("()").lower()


def _find(text: str, language: str, ahead: int = 3) -> _Title | None:
    """The title with which `text` begins. `ahead`: how many more may be looked at to tell."""
    if "\u0e00" <= text[:1] <= "\u0e7f":
        return _find_thai_word(text) or _find_thai_abbreviation(text)
    return _find_latin(text, language, ahead) or _find_other(text, language)


def _fits(title: _Title, text: str, taken: str) -> bool:
    """Whether `title`, at the beginning of `text` and behind the title `taken`, is one."""
    if text.startswith("ณ ", title.end):
        return False
    if taken in _CIVIL and title.word in _RANK_OR_NAME and not _is_whole_name(text[title.end :]):
        return False
    if not title.glued:
        return True
    if taken in _CIVIL or text.split(maxsplit=1)[0] in _WHOLE_NAMES:
        return False
    return not title.short or not taken or (taken == "คุณ" and title.word != "คุณ")


def _find_thai_word(text: str) -> _Title | None:
    if common := _COMMON.match(text):
        return _Title(common[1], common.end(), _is_glued(text, common.end()), short=True)
    found = _THAI.match(text)
    if not found:
        return None
    word, end = found["word"] or found["spaced"], found.end()
    if found["rank"] or word.endswith("ศาสตราจารย์"):
        end = _skip(_OF_RANK if found["rank"] else _OF_PROFESSOR, text, end)
    glued = _is_glued(text, end)
    if not glued and word in _TITLE_OR_NAME and not _is_whole_name(text[end:]):
        return None
    return _Title(word, end, glued, found["short"] is not None)


def _is_glued(text: str, end: int) -> bool:
    return end < len(text) and text[end - 1] not in " .)" and text[end] not in "/&+"


def _find_thai_abbreviation(text: str) -> _Title | None:
    letters, end, dotted, title = "", 0, False, None
    while piece := _PIECE.match(text, end):
        letters, end, dotted = letters + piece[1], piece.end(), dotted or piece[2] is not None
        if letters in _THAI_ABBREVIATIONS and (dotted or len(letters) > 2 or letters in _UNDOTTED):
            title = _Title(letters, end)
        if piece[2] is None or len(letters) > 5:
            break
    if title and title.word in _OF_BOTH_SEXES:
        return _Title(title.word, _skip(_OF_RANK, text, title.end))
    if title and title.word in _PROFESSORS:
        return _Title(title.word, _skip(_OF_PROFESSOR, text, title.end))
    return title


def _skip(pattern: re.Pattern[str], text: str, start: int) -> int:
    found = pattern.match(text, start)
    return found.end() if found else start


def _find_latin(text: str, language: str, ahead: int) -> _Title | None:
    token = _TOKEN.match(text)
    if not token or token[1].lower().partition("-")[0] not in _FIRST_WORDS:
        return None
    tokens = [token]
    while len(tokens) < _LONGEST_PHRASE and (token := _TOKEN.match(text, token.end())):
        tokens.append(token)
    words = [token[1].lower().replace("-", " ") for token in tokens]
    for count in range(len(tokens), 0, -1):
        phrase = " ".join(words[:count])
        if phrase == "tuan" and language == "vi":
            continue
        local = phrase in _LOCAL.get(language, ())
        kind = _ALWAYS if local else _LATIN.get(phrase)
        end = tokens[count - 1].end()
        if kind is None or (local and words[count : count + 1] == [phrase]):
            continue
        dotted, behind = tokens[count - 1][2] is not None, text[end:]
        if _is_latin_title(kind, dotted, behind) or (ahead and _find(behind, language, ahead - 1)):
            return _Title(phrase, end)
    return None


def _is_latin_title(kind: int, dotted: bool, behind: str) -> bool:
    if kind == _ALWAYS or (dotted and kind in (_DOTTED, _EITHER)):
        return True
    return kind in (_WHOLE, _EITHER) and _is_whole_name(behind)


def _find_other(text: str, language: str) -> _Title | None:
    if found := _OTHER.match(text):
        return _Title(found[0], found.end())
    found = _VIETNAMESE.match(text) if language == "vi" else None
    # Without their marks, and "Anh" anyway, these are given names too: only a whole name shows the title.
    if found and (
        found["sure"]
        or _is_written_small(found)
        or (surnames.is_vietnamese(found["next"]) and _is_whole_name(text[found.end() :]))
    ):
        return _Title(found[0], found.end())
    return None


def _is_written_small(found: re.Match[str]) -> bool:
    return found[0].islower() and found["next"][0].isupper()


def _is_whole_name(text: str) -> bool:
    """Whether at least a first and a last name stand in `text`. The last name may have two words: "ณ อยุธยา"."""
    return len(_WORD.findall(text)) > 1 and not text.startswith("ณ ")
