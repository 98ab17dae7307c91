import pytest

from leadcore.filler import drop_words, names_nobody, says_nothing

ANYWHERE = [
    "", "-", "--", ".", "...", "?", "N/A", "n/a", "N/A.", "#N/A", "(n/a)", "n.a.", "N.A.", "n / a",
    "NA", "none", "None",
    "NONE", "'None'", "null", "NULL", "(null)", "<null>", '"null"', "[null]", "Null", "undefined", "Undefined", "NaN",
    "nil", "<nil>", "unknown", "Unknown!", "unspecified", "TBD", "tba", "x", "XX", "xxx-xxx-xxxx",
    "X.", "[]", "{}", '""',
    "undefined undefined", "null, null", "null_null", "None None None", "N/A N/A", "undefined/undefined",
    "{{first_name}}", "{{ contact.phone | default: '' }}", "{name}", "{first_name}",
    "{customer.email}", "{firstName}",
    "[First Name]", "[your email]", "<name>", "<%= name %>", "${name}", "#{user.name}", "%NAME%", "%first_name%",
    "*|FNAME|*", "[object Object]", "[object Undefined]", "{% name %}", "{{first_name}} {{last_name}}",
    "not specified", "Not provided", "not available", "not applicable", "not given", "No data", "no information",
    "no name", "No email", "no e-mail", "no phone number", "no address given", "without email", "unknown user",
    "unknown address", "I don't have email", "don't have one", "dont have an email address", "do not know",
    "ไม่มี", "ไม่มี.", "- ไม่มี -", "(ไม่มี)", "ไม่ระบุ", "ไม่ทราบ", "ไม่สะดวก", "ไม่มีค่ะ",
    "ไม่มีครับ", "ไม่มีนะคะ", "ไม่มีอีเมล",
    "ไม่มีอีเมลค่ะ", "ไม่มี email", "ไม่มี mail", "ไม่มีเบอร์โทร", "ไม่มีเมล์ครับ", "ยังไม่มี", "ยังไม่ระบุ",
    "ไม่ได้ระบุ", "ไม่ได้แจ้ง", "ไม่สะดวกให้ค่ะ",
    "ไม่ประสงค์ออกนาม", "ไม่ต้องการระบุ", "ไม่พบข้อมูล", "ไม่มีข้อมูล", "ไม่มีชื่อ",
    "ไม่มีครับผม", "ไม่ใช้ค่ะ", "ขอไม่ระบุ", "ข้าม", "ຍັງບໍ່ມີ", "မသိပါ", "មិនដឹង", "不方便", "わかりません",
    "keine Angabe", "k.A.", "non renseigné", "sin datos", "Nessuno", "geen", "нет данных", "не указано",
    "prefer not to say", "I prefer not to answer", "Decline to answer",
    "ไม่มีชื่อเล่น", "ไม่รู้ค่ะ", "ไม่แน่ใจ", "จำไม่ได้", "ไม่ขอระบุ",
    "无", "無", "没有", "沒有", "未知", "不详", "未填写", "なし", "無し", "없음", "해당 없음",
    "không có", "Không có", "khong co", "chưa có", "không biết", "tiada", "Tiada", "tidak ada",
    "tak ada", "Tidak diketahui",
    "undefined@undefined", "none@none.com", "noemail@noemail.com", "na@na.com", "x@x.com",
    "+", "- / -", "-@-", "n/a@n/a.com", "#REF!", "#N/A", "#NAME?", "#DIV/0!",
    "nan nan", "कोई नहीं",
    "ที่อยู่เดิม", "ที่อยู่เดิมค่ะ", "ตามเดิมครับ", "เหมือนเดิม", "ส่งที่เดิมเลยค่ะ", "ใช้ที่อยู่เดิมนะคะ", "เบอร์เดิม", "เบอร์โทรเดิม",
    "อีเมลเดิม", "ชื่อเดิม ที่อยู่เดิม", "ที่อยู่เก่า", "เหมือนครั้งที่แล้ว", "ที่เดียวกับครั้งก่อน", "ตามที่เคยส่ง", "same as before",
    "Same address.",
    "same as last time", "use my old address", "ditto", "same as above", "同上", "như cũ", "지난번과 동일",
    "เดี๋ยวแจ้งค่ะ", "เดี๋ยวแจ้งอีกที", "รอแจ้ง", "ขอแจ้งทีหลัง", "จะส่งให้ทีหลัง", "later", "I'll tell you later", "will send later",
]  # fmt: skip
IN_A_PHONE_OR_EMAIL = ["na", "Na", "nan", "Nil", "no", "No.", "không", "ไม่", "skip", "Yok"]
SAID = [
    "สมชาย ใจดี", "Nonthaburi", "Nana", "Nullarbor", "Noneville", "Nanthawat", "Unknown Pleasures Records", "Test",
    "test", "Alex", "{Alex}", "[VIP] สมชาย", "<3", "Malcolm X", "Xavier", "Xi", "0812345678", "0", "a@example.com",
    "no1@example.com", "none.such@example.com", "99/1", "99", "N/A ถ.สีลม", "ไม้เรียง", "ไม้งาม",
    "ไมเคิล", "ไม่มีเลขที่ ถ.สีลม", "ไม่มี 081",
    "ไม่เอาค่ะ", "ณ อยุธยา", "Noah", "Nonny", "Nilsson", "NAVY", "Tiada Street", "无锡", "無錫市",
    "没有人", "空", "Hong Kong",
    "Không Minh", "Adam", "No. 12 Main Street", "Notting Hill", "Unna", "None Such Ltd", "50%", "100% juice",
    "TBD Bank", "Nan Province", "True", "ว่างดี",
    "เดิม", "บ้านเก่า", "เดิมบางนางบวช", "99/1 ที่เดิม", "ส่งศรี", "เหมือนฝัน", "ที่อยู่ 99/1", "Old Street", "Sam", "Nan Nan",
    "Same Same Guesthouse", "ชื่อ สมชาย", "เบอร์ 0812345678", "ตลาดเก่า", "จะเด็ด", "รอง", "แล้ว",
]  # fmt: skip


@pytest.mark.parametrize("text", ANYWHERE)
def test_it_says_nothing_in_any_field(text: str) -> None:
    assert says_nothing(text)
    assert says_nothing(text, is_name=True)
    assert drop_words(text) == ""


@pytest.mark.parametrize("text", IN_A_PHONE_OR_EMAIL)
def test_a_word_that_is_a_name_too_says_nothing_only_where_no_name_stands(text: str) -> None:
    assert says_nothing(text)
    assert not says_nothing(text, is_name=True)


@pytest.mark.parametrize("text", SAID)
def test_a_name_place_or_number_that_only_resembles_such_a_word_is_said(text: str) -> None:
    assert not says_nothing(text)
    assert not says_nothing(text, is_name=True)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("สมชาย undefined", "สมชาย"),
        ("undefined ใจดี", "ใจดี"),
        ("Somchai null", "Somchai"),
        ("Facebook User", ""),
        ("+ N/A", ""),
        ("Guest", ""),
        ("LINE user.", ""),
        ("คุณลูกค้า", ""),
        ("ลูกค้าใหม่", ""),
        ("ลูกค้า LINE", ""),
        ("ลูกค้าทั่วไป", ""),
        ("your name", ""),
        ("匿名", ""),
        ("Guest Jaidee", "Guest Jaidee"),
        ("ลูกค้าประจำ ใจดี", "ลูกค้าประจำ ใจดี"),
        ("미정", ""),
        ("미정 김", "미정 김"),
        ("Jennifer Null", "Jennifer"),
        ("N/A Smith", "Smith"),
        ("Somchai N/A.", "Somchai"),
        ("คุณ {{first_name}} ใจดี", "คุณ ใจดี"),
        ("Somchai {last_name}", "Somchai"),
        ("Somchai [object Object]", "Somchai"),
        ("สมชาย ไม่ระบุ", "สมชาย"),
        ("สมชาย ไม่มีนามสกุล", "สมชาย"),
        ("สมชาย (ไม่มีชื่อเล่น)", "สมชาย"),
        ("Somchai NaN", "Somchai"),
        ("Lan (null)", "Lan"),
        ("王 无", "王"),
        ("สมชาย ใจดี", "สมชาย ใจดี"),
        ("Kim NA", "Kim NA"),
        ("Nil Jaidee", "Nil Jaidee"),
        ("Malcolm X", "Malcolm X"),
        ("Nan Jaidee", "Nan Jaidee"),
        ("Somchai - Jaidee", "Somchai - Jaidee"),
        ("สมชาย  (ชาย)", "สมชาย  (ชาย)"),
    ],
)
def test_each_word_of_a_name_that_says_nothing_is_dropped(name: str, kept: str) -> None:
    assert drop_words(name) == kept


@pytest.mark.parametrize("name", ["Let Soon", "The Old Place", "OLD PLACE", "The Usual Place", "My Old Place"])
def test_with_capitals_it_is_what_somebody_is_called(name: str) -> None:
    assert not names_nobody(name)
    assert drop_words(name) == name


@pytest.mark.parametrize(
    "name", ["Ditto", "the old place", "same place", "Old place", "Same name", "let you know soon"]
)
def test_what_points_to_something_else_names_nobody(name: str) -> None:
    assert names_nobody(name)
    assert drop_words(name) == ""


@pytest.mark.parametrize("part", ["Ditto", "same", "Later", "Pending", "Nan"])
def test_a_part_of_a_name_points_to_nothing(part: str) -> None:
    assert not names_nobody(part, is_part=True)


@pytest.mark.parametrize("part", ["", "-", "N/A", "undefined", "ไม่มี", "không có", "the same place"])
def test_a_part_of_a_name_may_say_nothing(part: str) -> None:
    assert names_nobody(part, is_part=True)


@pytest.mark.parametrize(
    "text",
    [
        *("not_specified", "Not mentioned", "not_provided", "notprovided", "missing", "none provided", "None given"),
        *("Phone not given", "Email address not available", "address is not known", "private", "ความลับ"),
        *("ลูกค้ายังไม่ได้ให้", "ลูกค้าไม่ระบุชื่อ", "รอลูกค้าแจ้ง", "same as billing", "Same as billing address"),
        *("ตามที่อยู่ในแชท", "ตามที่แจ้งไว้ค่ะ"),
    ],
)
def test_what_programs_and_shops_write_for_nothing_says_nothing(text: str) -> None:
    assert says_nothing(text)


@pytest.mark.parametrize("text", ["ลูกค้าประจำร้าน", "Phone shop", "Nam", "emailed", "Address Hotel", "ตามใจ"])
def test_what_only_begins_like_it_says_something(text: str) -> None:
    assert not says_nothing(text)
