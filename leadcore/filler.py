"""Words that say nothing: what forms, exports, templates and people put where there is no value ("N/A", "undefined",
"{{first_name}}", "ไม่มีค่ะ"), or in place of one that was said before or will be said later ("ที่อยู่เดิม", "same as last
time", "เดี๋ยวแจ้งค่ะ").

The texts given are clean (`leadcore.text`). Words that are names too count only where no name stands: Nan is a province
and a nickname, Nil and Na are names; "NaN", "nil" and "NA" are what programs write, and count everywhere. So do "Null"
and "None": far more programs write them than people are called so, and `dealdroid_name_given` keeps the whole of such a
name. "Test" says something: somebody tries the line, and looks for it in HubSpot.
"""

import re
from collections.abc import Sequence
from itertools import product

LONGEST = 60
"""Characters; nothing longer is recognized."""

# Also recognized as one word of a name.
_WORDS = frozenset((
    "none", "null", "nul", "undefined", "undef", "unknown", "unspecified", "unavailable", "unset", "noname", "noemail",
    "nomail", "nophone", "n/a", "n.a", "n\\a", "tbd",
    "notprovided", "notspecified", "notmentioned", "notgiven", "missing", "confidential", "undisclosed",
    "tbc", "tba", "tiada", "无", "無", "没有", "沒有", "未知", "不详", "不詳", "不明", "暂无", "暫無", "未填",
    "未填写", "未填寫", "未提供", "不知道", "なし", "無し", "未定", "未設定", "없음", "모름", "미상",
    "미입력", "不提供", "不方便", "不想说", "不想說", "保密",
))  # fmt: skip
_PHRASES = _WORDS | {
    "n / a", "n. a", "nothing", "empty", "blank", "false", "to be determined", "to be confirmed", "to be advised",
    "không có", "khong co", "chưa có", "chua co", "không biết", "khong biet", "không rõ", "không xác định", "ko có",
    "tidak ada", "tak ada", "tdk ada", "gak ada", "belum ada", "tidak tahu", "tidak diketahui", "tidak dinyatakan",
    "tidak berkenaan", "kosong", "无数据", "没有填", "特になし", "해당 없음", "해당없음", "គ្មាន", "មិនមាន", "ບໍ່ມີ",
    "မရှိ", "မရှိပါ",
    "ຍັງບໍ່ມີ", "ບໍ່ຮູ້", "ບໍ່ລະບຸ", "មិនទាន់មាន", "មិនដឹង", "មិនបញ្ជាក់", "မသိ", "မသိပါ", "မရှိသေးပါ",
    "нет", "неизвестно", "нет данных", "не указано", "не указан", "не знаю", "отсутствует",
    "keine", "keiner", "keins", "keine angabe", "keine angaben", "k. a", "k.a", "unbekannt", "nicht vorhanden",
    "nicht angegeben", "aucun", "aucune", "inconnu", "inconnue", "non renseigné", "non renseignée", "non précisé",
    "néant", "ninguno", "ninguna", "desconocido", "no tengo", "no tiene", "no sé", "sin datos", "no especificado",
    "nessuno", "nessuna", "non disponibile", "nenhum", "nenhuma", "não tenho", "não informado",
    "geen", "onbekend", "ingen", "okänd", "bilinmiyor", "لا يوجد", "غير معروف", "غير متوفر",
    "नहीं", "नहीं है", "कोई नहीं",
    "ditto", "as above", "see above", "same", "the same", "like before", "as usual",
    "như cũ", "như lần trước", "địa chỉ cũ",
    "sama seperti sebelumnya", "sama seperti dulu", "alamat lama", "alamat sama", "同上", "同前", "老地址", "原地址",
    "和之前一样", "和上次一样", "跟之前一样", "跟上次一样", "地址不变", "前回と同じ", "前と同じ",
    "上記と同じ", "동일", "이전과 동일",
    "전과 동일", "지난번과 동일",
    "private", "hidden", "ความลับ", "ส่วนตัว",
    "later", "to follow", "pending", "稍后", "稍後", "以后再说", "để sau", "gửi sau",
    "ว่าง", "จำไม่ได้", "ข้าม", "미정", "모르겠어요", "わかりません", "分かりません", "ありません", "ないです",
}  # fmt: skip
# What chats and shops call a person whose name they do not know.
_NOBODY = frozenset((
    "anonymous", "anonymous user", "guest", "guest user", "user", "visitor", "website visitor", "customer",
    "deleted account", "deleted user", "facebook user", "instagram user", "messenger user", "line user",
    "telegram user", "tiktok user", "viber user", "wechat user", "whatsapp user", "ลูกค้า", "คุณลูกค้า", "ผู้ใช้",
    "ผู้ใช้ facebook", "ผู้ใช้ line", "ผู้ใช้ไลน์", "ผู้ใช้งาน", "ลูกค้าใหม่", "ลูกค้าเก่า", "ลูกค้าทั่วไป", "ลูกค้าประจำ",
    "ลูกค้าออนไลน์", "ลูกค้า line", "ลูกค้า facebook", "ลูกค้าไลน์", "ลูกค้าเฟส", "new customer", "line customer",
    "facebook customer", "your name", "full name", "first name", "last name", "first name last name", "string",
    "name", "customer name", "ชื่อ", "ชื่อลูกค้า", "ชื่อ-นามสกุล", "ชื่อ นามสกุล", "ชื่อ-สกุล", "nama",
    "họ tên", "姓名", "名前", "이름",
    "khách hàng", "khách", "pelanggan", "客户", "客戶", "顾客",
    "顧客", "微信用户", "匿名", "匿名用户", "名無し", "ゲスト", "익명", "고객",
))  # fmt: skip
# What a chat calls people by their number there.
_NUMBERED = re.compile(r"(?:user|guest|customer|visitor|ลูกค้า|คุณลูกค้า)[\s_#-]*\d+|U[0-9a-f]{16,32}", re.IGNORECASE)
_NAMES_TOO = frozenset({"na", "nan", "nil", "no", "không", "khong", "ko", "ไม่", "skip", "brak", "yok", "wala"})
_AS_PROGRAMS_WRITE = frozenset({"NaN", "nil", "NIL", "NA", "nan nan"})
_ONLY_X = re.compile(r"x[x\W_]*")
_THAI = re.compile(
    r"(?:ลูกค้า)?\s?(?:ยัง|ขอ)?ไม่(?:ได้|ขอ|อยาก|ต้องการ|ประสงค์|สะดวก)?(?:จะ)?"
    r"(?:มี|ใช้|ระบุ|ทราบ|สะดวก|รู้|แจ้ง|บอก|ให้|ใส่|กรอก|ปรากฏ|พบ|แน่ใจ|ออกนาม|เปิดเผย)(?:แจ้ง|ให้|บอก|ระบุ)?\s?"
    r"(?:ข้อมูล|ชื่อ(?:เล่น)?|นามสกุล|อีเมล์?|เมล์?|e-?mail|mail|line|ไลน์|เบอร์|โทรศัพท์|โทร|มือถือ|ที่อยู่|รหัสไปรษณีย์|จังหวัด|อำเภอ|ตำบล|บริษัท)*\s?"
    r"(?:เลย|หรอก|น่ะ|นะ|คะ|ค่ะ|ค่า|ครับผม|ครับ|คับ|ฮะ|จ้า|จ้ะ|จ๊ะ|ๆ|\s)*"
)
_THAI_ENDS = r"(?:\s?(?:เลย|ก็ได้|แล้วกัน|นะ|คะ|ค่ะ|ค่า|ครับผม|ครับ|คับ|ฮะ|จ้า|จ้ะ|จ๊ะ|ขอบคุณ|ๆ))*"
_THAI_FIELD = r"ชื่อ|ที่อยู่(?:จัดส่ง)?|เบอร์(?:โทร(?:ศัพท์)?)?|โทรศัพท์|อีเมล์?|เมล์?|ข้อมูล|รหัสไปรษณีย์"
_AS_BEFORE = re.compile(
    r"(?:(?:ขอ|ให้)?\s?(?:ใช้|จัดส่ง|ส่ง(?:ไป|มา)?|เอา)(?:ไป)?(?:ให้)?)?\s?(?:ตาม)?"
    rf"(?:(?:{_THAI_FIELD}|ที่|ตาม|เหมือน|อัน|แบบ)(?:ตาม|เหมือน|อัน)?เดิม|(?:{_THAI_FIELD}|ที่)เก่า"
    rf"|(?:{_THAI_FIELD}|ที่)?(?:ตาม|เหมือน)?(?:ที่อยู่)?(?:ใน|ตาม)(?:แชท|ไลน์|ข้อความ)(?:ก่อนหน้า(?:นี้)?|(?:ข้าง|ด้าน)บน)?"
    rf"|ตามที่(?:แจ้ง|บอก|ส่ง)(?:ไว้|ไป)*"
    rf"|(?:{_THAI_FIELD}|ที่)?(?:ตาม|เหมือน|เดียว)(?:กับ|กัน)*(?:ที่เคย(?:ส่ง|สั่ง|ให้)|(?:ข้าง|ด้าน)บน"
    rf"|(?:ครั้ง|คราว|รอบ)(?:ก่อน|ที่แล้ว|ที่ผ่านมา))){_THAI_ENDS}"
)
_LATER = re.compile(
    r"(?:ขอ|ไว้|รอ|เดี๋ยว|แล้ว|จะ)+\s?(?:ลูกค้า)?\s?(?:แจ้ง|บอก|ส่ง)(?:ให้|ไป)?\s?(?:อีกที|อีกครั้ง|ทีหลัง|ภายหลัง|วันหลัง|พรุ่งนี้)?"
    + _THAI_ENDS
)
_FIELD = (
    r"(?:(?:first|last|full|given|family|sur|nick|middle)[ _-]?)?name|e-?mail|mail|(?:tele|mobile )?phone|tel|mobile|"
    r"number|line|address|street|city|province|state|(?:sub)?district|zip|(?:zip|post|postal)[ _]?code|country|company|"
    r"language"
)
_NOT_SAID = "given|specified|provided|available|mentioned|shared|disclosed|stated|supplied|indicated|received"
_ENGLISH = re.compile(
    rf"(?:no|not|none|without)[ -](?:{_NOT_SAID}|applicable|set|known|defined|entered|"
    rf"found|sure|yet|data|info(?:rmation)?|details?|answer|response|value|{_FIELD})"
    r"(?: (?:address|number|given|specified|provided|available|found|known|yet))?"
    rf"|(?:{_FIELD})(?: address| number)? (?:(?:was|is) )?(?:not (?:{_NOT_SAID}|known)|unknown|missing)"
    rf"|unknown (?:user|customer|person|{_FIELD})"
    rf"|(?:i )?(?:do not|don['’]?t) (?:have|know|use)(?: (?:an?|any|one|it|my|yet|address|number|{_FIELD}))*"
    r"|(?:i )?(?:prefer not(?: to)? (?:say|answer|share|tell|disclose|give)(?: (?:it|that|this|you))?"
    r"|decline to (?:answer|say|state))"
    r"|(?:(?:please )?(?:use|send (?:it )?to) )?(?:my |the )?"
    r"(?:same as (?:before|above|usual|always|billing(?: address)?"
    r"|(?:the )?(?:last|previous)(?: (?:time|order))?)|(?:same|old|usual|previous) (?:one|place|name|details|info"
    r"|(?:(?:e-?mail|home|shipping|delivery|billing) )?address|billing|e-?mail|(?:phone |mobile )?number|phone)"
    r"(?: as (?:before|last time|always))?)(?: please)?"
    r"|(?:(?:i(?:['’]ll| will)|will) )?(?:(?:tell|give|send)(?: you| it)*|let (?:you|u) know) (?:later|tomorrow|soon)"
)
# In a part of a name, beside another, they point to nothing: they are what somebody is called.
_POINTERS = frozenset({"ditto", "same", "later", "pending"})
# What goods, editions and scents are called; programs write the English ones small.
_GOODS = frozenset({"Private", "Hidden", "Missing", "Confidential", "Blank", "Empty", "ความลับ", "ส่วนตัว"})
_GOODS |= {name.upper() for name in _GOODS}
# With capitals it is what a café or bar is called.
_PLACE = re.compile(r"(?:(?:my|the) )?(?:same|old|usual|previous) (?:one|place)", re.IGNORECASE)
# What a program should have replaced. In single brackets, as people put around names, only what a field is called.
_TEMPLATE = re.compile(
    r"\{\{.{0,60}?\}\}|\{%.{0,60}?%\}|[$#]\{[^{}]*\}|<%.{0,60}?%>|\*\|\w+\|\*|%\w{2,40}%(?!\w)"
    r"|\[[oO]bject [A-Z]\w*\]|<(?:nil|null)>|#(?:REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|ERROR!)"
    r"|[{\[<]\s*(?:(?i:(?:(?:your|customer|user|contact|client|buyer|shipping|billing)[ _.-]?)?"
    rf"(?:{_FIELD}))|[a-z]+(?:[_.][a-z]+)+|[a-z]+(?:[A-Z][a-z]+)+)\s*[}}\]>]"
)
_MAY_BE_TEMPLATE = re.compile(r"[{\[<%$#*]").search
_LEFTOVER = re.compile(r"(?<![^\s,(])(?:undefined|null|\[object \w+\]|\{\{.{0,60}?\}\})(?![^\s,.)])[\s,]*")
_EDGES = " \n@+.,;:!?'\"`´‘’“”()[]{}<>«»「」『』#*_~-–—=/|\\•·…"
_BETWEEN = re.compile(r"[\s,;/|_.+-]+")
_EMAIL = re.compile(r"([\w./-]+)@([\w/-]+)(?:\.[\w.-]+)?")
_IN_EMAILS = _WORDS | {"na", "no", "nil", "nan", "x", "xx", "xxx", "no-email"}
_OPENERS = (
    "no ",
    "no-",
    "not",
    "wit",
    "i d",
    "don",
    "do ",
    "pre",
    "dec",
    "i p",
    "ไม่",
    "ยัง",
    "ขอไ",
    # How _AS_BEFORE and _LATER begin.
    *("ขอใ", "ขอส", "ให้ส", "ใช้", "จัด", "ส่ง", "เอา", "ตาม", "ชื่", "ที่", "เบอ", "โทร", "อีเ", "เมล", "ข้อ", "รหั"),
    *("เหม", "เดี", "อัน", "แบบ", "ไว้", "รอแ", "รอส", "รอบ", "แล้", "จะแ", "จะส", "จะบ", "ขอแ", "ขอบ"),
    *("use", "ple", "sen", "my ", "the", "sam", "old", "usu", "pre", "i w", "i'l", "i’l", "wil", "tel", "giv", "let"),
    *("ลูก", "รอล", "nam", "pho", "ema", "add", "zip"),
    "x",
    "xx",
    "xxx",
    "x@x",
    "x-x",
    "x x",
    "x.x",
)
# How all of these begin, in any case: by this any other text is told apart in no time.
_BEGINNINGS = frozenset(
    "".join(letters)
    for word in (*_PHRASES, *_NAMES_TOO, *_OPENERS)
    for beginning in (word[:3], *(word + mark for mark in " .,;:!?-/@)]}'\"" if len(word) < 3))
    for letters in product(*((letter, letter.upper()) for letter in beginning[:3]))
)
_BEGINS_WITH_MARK = re.compile(r"\|(?:_|[^\w|+])").search


def says_nothing(text: str, *, is_name: bool = False) -> bool:
    """Whether `text`, the whole of a field, says nothing. `is_name`: the field holds the name of a person or place."""
    if not text or (text[:3] not in _BEGINNINGS and text[0].isalnum()) or len(text) > LONGEST:
        return not text
    core = text.strip(_EDGES)
    if not core or _TEMPLATE.fullmatch(text):
        return True
    key = core.casefold().replace("_", " ")
    if key in _PHRASES or core in _AS_PROGRAMS_WRITE or (key in _NAMES_TOO and not is_name):
        return True
    if any(pattern.fullmatch(key) for pattern in (_ONLY_X, _ENGLISH, _THAI, _AS_BEFORE, _LATER)):
        return True
    if "@" in key:
        email = _EMAIL.fullmatch(key)
        return email is not None and email[1] in _IN_EMAILS and email[2] in _IN_EMAILS
    parts = core.split()
    if len(parts) > 1 and all(map(_AS_BEFORE.fullmatch, parts)):
        return True
    return any(len(words) > 1 and all(map(_is_word, words)) for words in (parts, _BETWEEN.split(core)))


def names_nobody(name: str, *, is_part: bool = False) -> bool:
    """The same of what a person or company is called; `is_part`: of a part of it, beside which others may stand."""
    if not says_nothing(name, is_name=True):
        return False
    core = name.strip(_EDGES)
    if is_part and core.casefold() in _POINTERS:
        return False
    return not _PLACE.fullmatch(core) or any(word[0].islower() for word in core.split())


def names_nothing(name: str) -> bool:
    """The same of what a product is called: goods are called what of a customer means that nothing is told."""
    return says_nothing(name, is_name=True) and name.strip(_EDGES) not in _GOODS


def all_say_something(texts: Sequence[str], joined: str) -> bool:
    """Whether none of these fields, not even a part of one, can be what says nothing; a quick look at how they begin.
    `joined`: the same with a bar before each. Empty ones are passed over."""
    return (
        _BEGINNINGS.isdisjoint([text[:3] for text in texts])
        and not _BEGINS_WITH_MARK(joined)
        and not _has_leftover(joined)
    )


def is_number(name: str) -> bool:
    """Whether `name` is what a chat calls somebody by their number there."""
    return _NUMBERED.fullmatch(name) is not None


def drop_words(name: str) -> str:
    """The name of a person without the words that say nothing, "" if it has no others."""
    if names_nobody(name) or name.strip(_EDGES).casefold() in _NOBODY:
        return ""
    words = (_TEMPLATE.sub(" ", name) if _MAY_BE_TEMPLATE(name) else name).split()
    kept = [word for word in words if not _is_word(word)]
    return name if len(kept) == len(name.split()) else " ".join(kept)


def drop_leftovers(text: str) -> str:
    """A text of several parts, such as an address, without what a program put where it had no part."""
    return _LEFTOVER.sub("", text).strip(" ,\n") if _has_leftover(text) else text


def _has_leftover(text: str) -> bool:
    return "undefined" in text or "null" in text or "[object" in text or "{{" in text


def _is_word(word: str) -> bool:
    """Whether one word among others says nothing."""
    if word[:1].isalnum() and word[:3] not in _BEGINNINGS:
        return False
    core = word.strip(_EDGES)
    if core[:3] not in _BEGINNINGS:
        return _TEMPLATE.fullmatch(word) is not None
    return core.casefold() in _WORDS or core in ("NaN", "nil") or _THAI.fullmatch(core) is not None
