import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.rules.mapping import name
from workers.rules.mapping.name import Name


@pytest.mark.parametrize(
    "text",
    [
        "สมชาย ใจดี",
        "คุณสมชาย ใจดี",
        "คุณ สมชาย ใจดี",
        "คุณ  สมชาย\nใจดี",
        "นายสมชาย ใจดี",
        "นาย สมชาย ใจดี",
        "นางสมชาย ใจดี",
        "นางสาวสมชาย ใจดี",
        "นางสาว สมชาย ใจดี",
        "น.ส.สมชาย ใจดี",
        "น.ส. สมชาย ใจดี",
        "น.ส สมชาย ใจดี",
        "นส.สมชาย ใจดี",
        "ด.ช.สมชาย ใจดี",
        "ด.ญ. สมชาย ใจดี",
        "เด็กชายสมชาย ใจดี",
        "ดร.สมชาย ใจดี",
        "ดร. สมชาย ใจดี",
        "ดร สมชาย ใจดี",
        "ผศ.ดร.สมชาย ใจดี",
        "คุณนายสมชาย ใจดี",
        "คุณ ดร. สมชาย ใจดี",
        "K.สมชาย ใจดี",
        "K. สมชาย ใจดี",
        "Khun สมชาย ใจดี",
        "Mr. สมชาย ใจดี",
        "สมชาย, ใจดี",
        "สมชาย,ใจดี",
        "สมชาย ใจดี 😀",
        "❤️สมชาย ใจดี👨‍👩‍👧",
        "สมชาย ใจดี 081-234-5678",
        "สมชาย ใจดี somchai@example.com",
        "สมชาย ใจดี0812345678",
        "0812345678สมชาย ใจดี",
        "สมชาย ใจดีโทร0812345678",
        "สมชาย ใจดี โทร. 081-234-5678",
        "สมชาย ใจดี ๐๘๑๒๓๔๕๖๗๘",
        "สมชาย ใจดี (081-234-5678)",
        "สมชาย ใจดีsomchai@example.com",
        "สมชาย ใจดี (email: somchai@example.com)",
        "สมชาย ใจดี Line: somchai99",
        "สมชาย ใจดี Line ID : somchai99",
        "สมชาย ใจดี line id somchai",
        "สมชาย ใจดี ไอดีไลน์ somchai",
        "สมชาย ใจดี (line: somchai)",
        "สมชาย ใจดี @somchai",
        "ชื่อ: สมชาย ใจดี",
        "ผู้รับ สมชาย ใจดี",
        "ผู้รับคือ คุณสมชาย ใจดี",
        "ผู้รับสินค้า: สมชาย ใจดี",
        "คุณลูกค้าชื่อ สมชาย ใจดี",
        "ผมชื่อสมชาย ใจดีครับ",
        "ดิฉันชื่อ สมชาย ใจดี ค่ะ",
        "สมชาย ใจดีนะคะ",
        "Name: สมชาย ใจดี",
        "Recipient: สมชาย ใจดี",
        "My name is สมชาย ใจดี",
        "姓名：สมชาย ใจดี",
        "Họ tên: สมชาย ใจดี",
        "ชื่อ-นามสกุล: นายสมชาย ใจดี โทร 0812345678",
        "สมชาย undefined ใจดี",
        "null สมชาย ใจดี N/A",
        "สมชาย ใจดี (ไม่มี)",
    ],
)
def test_honorifics_and_trimmings_are_dropped(text: str) -> None:
    assert name.parse(text) == Name("สมชาย", "ใจดี")


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("คุณากร ใจดี", "คุณากร", "ใจดี"),
        ("นายิกา", "นายิกา", ""),
        ("นางิ", "นางิ", ""),
        ("คุณคุณากร", "คุณากร", ""),
        ("คุณเอ", "เอ", ""),
        ("คุณJohn", "John", ""),
        ("สมชาย ณ อยุธยา", "สมชาย", "ณ อยุธยา"),
        ("คุณทำดี นำโชค", "ทำดี", "นำโชค"),
        ("Khun Somchai Jaidee", "Somchai", "Jaidee"),
        ("Khunthong Jaidee", "Khunthong", "Jaidee"),
        ("K. Somchai", "Somchai", ""),
        ("K.Somchai", "Somchai", ""),
        ("Mr. John Smith", "John", "Smith"),
        ("MR.JOHN SMITH", "JOHN", "SMITH"),
        ("Mrs Ann Lee", "Ann", "Lee"),
        ("Miss Ann", "Ann", ""),
        ("Missy Elliott", "Missy", "Elliott"),
        ("Drew Barry", "Drew", "Barry"),
        ("Prof. Dr. John", "John", ""),
        ("Dr. Mary-Jane O'Connor Smith", "Mary-Jane", "O'Connor Smith"),
        ("J. R. R. Tolkien", "J.", "R. R. Tolkien"),
        ("Maria Co", "Maria", "Co"),
        ("Vincent Limón", "Vincent", "Limón"),
        ("王小明", "小明", "王"),
        ("王 小明", "小明", "王"),
        ("欧阳修文", "修文", "欧阳"),
        ("王先生", "", "王"),
        ("김민수", "민수", "김"),
        ("남궁민수", "민수", "남궁"),
        ("山田 はなこ", "はなこ", "山田"),
        ("Doe, John", "John", "Doe"),
        ("DOE,JOHN", "JOHN", "DOE"),
        ("Doe, Mr. John", "John", "Doe"),
        ("Mr. Doe, John", "John", "Doe"),
        ("O'Brien, Pat", "Pat", "O'Brien"),
        ("Van der Berg, Jan", "Jan", "Van der Berg"),
        ("Smith, Mary Jane", "Mary Jane", "Smith"),
        ("John Smith, Jr.", "John", "Smith Jr."),
        ("John Smith+66812345678", "John", "Smith"),
        ("John Smith <john@example.com>", "John", "Smith"),
        ("John Doe, Thailand", "John", "Doe"),
        ("John Doe, Bangkok", "John", "Doe"),
        ("สมชาย ใจดี, เชียงใหม่", "สมชาย", "ใจดี"),
        ("undefined Smith", "Smith", ""),
        ("Nan Jaidee", "Nan", "Jaidee"),
        ("สมชาย2 ใจดี", "สมชาย2", "ใจดี"),
        ("Smith, 0812345678", "Smith", ""),
        ("ชื่อ สมชาย นามสกุล ใจดี", "สมชาย", "ใจดี"),
        ("ชื่อจริง: สมชาย สกุล: ใจดี", "สมชาย", "ใจดี"),
        ("สกุล ใจดี", "สกุล", "ใจดี"),
        ("ชื่นชม ใจดี", "ชื่นชม", "ใจดี"),
    ],
)
def test_first_and_last_name(text: str, first: str, last: str) -> None:
    assert name.parse(text) == Name(first, last)


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("คุณสมชาย ใจดี (น้องเอ)", Name("สมชาย", "ใจดี", nickname="น้องเอ")),
        ("สมชาย (เอ) ใจดี", Name("สมชาย", "ใจดี", nickname="เอ")),
        ("สมชาย (ชื่อเล่น: เอ)", Name("สมชาย", nickname="เอ")),
        ('Robert "Bob" Smith', Name("Robert", "Smith", nickname="Bob")),
        ("(น้องเอ)", Name(nickname="น้องเอ")),
        ("สมชาย (0812345678)", Name("สมชาย")),
        ("สมชาย (😀)", Name("สมชาย")),
        ("สมชาย (เอ", Name("สมชาย", "เอ")),
        ("王小明 (David)", Name("小明", "王", nickname="David")),
        ("สมชาย ใจดี (Nan)", Name("สมชาย", "ใจดี", nickname="Nan")),
        ("Anna (Same)", Name("Anna", nickname="Same")),
        ("สมชาย ใจดี [เอ]", Name("สมชาย", "ใจดี", nickname="เอ")),
        ("John 'Jack' Smith", Name("John", "Smith", nickname="Jack")),
        ("สมชาย ใจดี ‘โจ้’", Name("สมชาย", "ใจดี", nickname="โจ้")),
        ("'Somchai'", Name("Somchai")),
        ("Sean O' Brien", Name("Sean", "O Brien")),
        ("สมชาย ใจดี ชื่อเล่น โจ้ ค่ะ", Name("สมชาย", "ใจดี", nickname="โจ้")),
        ("สมชาย ใจดี ชื่อเล่นว่าโจ้", Name("สมชาย", "ใจดี", nickname="โจ้")),
        ("ชื่อเล่น โจ้ ชื่อจริง สมชาย ใจดี", Name("สมชาย", "ใจดี", nickname="โจ้")),
        ("ชื่อเล่น: โจ้ ชื่อ-สกุล: สมชาย ใจดี", Name("สมชาย", "ใจดี", nickname="โจ้")),
        ("ชื่อเล่น โจ้", Name("โจ้")),
        ("สมชาย ใจดี 【เอ】", Name("สมชาย", "ใจดี", nickname="เอ")),
    ],
)
def test_the_nickname_stands_in_parentheses(text: str, parsed: Name) -> None:
    assert name.parse(text) == parsed


@pytest.mark.parametrize(
    "text",
    [
        "บริษัท เอบีซี จำกัด",
        "บริษัทเอบีซี จำกัด (มหาชน)",
        "เอบีซี จำกัด (มหาชน)",
        "หจก.แดงการช่าง",
        "หจก. แดงการช่าง",
        "ห้างหุ้นส่วนจำกัด แดงการช่าง",
        "ร้านป้าแดง",
        "ร้าน ป้าแดง",
        "Acme Co., Ltd.",
        "ACME CO.,LTD",
        "Acme (Thailand) Co., Ltd.",
        "Acme Public Company Limited (Head Office)",
        "Acme Inc.",
        "Acme, Inc",
        "Acme LLC",
        "Acme PLC",
        "Siam & Co.",
        "阿里巴巴有限公司",
    ],
)
def test_a_company_stays_in_one_piece(text: str) -> None:
    assert name.parse(text) == Name(company=text)


@pytest.mark.parametrize(
    ("text", "company"),
    [
        ("คุณแดง ร้านกาแฟ", "ร้านกาแฟ"),
        ("Acme Co Ltd คุณแดง", "Acme Co Ltd"),
        ("คุณแดง Acme Co.,Ltd.", "Acme Co.,Ltd."),
        ("คุณแดง (ร้านกาแฟ)", "ร้านกาแฟ"),
        ("คุณแดง (บริษัท เอ จำกัด (มหาชน))", "บริษัท เอ จำกัด (มหาชน)"),
        ("แดง (เจ้าของ ร้านกาแฟ)", "ร้านกาแฟ"),
        ("แดง (Acme Co., Ltd.)", "Acme Co., Ltd."),
    ],
)
def test_a_person_of_a_company_is_both(text: str, company: str) -> None:
    assert name.parse(text) == Name("แดง", company=company)


@pytest.mark.parametrize(
    ("text", "company"),
    [
        ("Mrs Anna Schmidt c/o Acme Co., Ltd.", "Acme Co., Ltd."),
        ("Anna Schmidt c/o Acme Co., Ltd.", "Acme Co., Ltd."),
        ("Acme Co., Ltd. (Head Office) Attn: Mrs Anna Schmidt", "Acme Co., Ltd."),
        ("Acme Hospital attn Anna Schmidt", "Acme Hospital"),
        ("บ.เอ จก. คุณ Anna Schmidt", "บ.เอ จก."),
        ("คุณ Anna Schmidt (ร้านกาแฟ)", "ร้านกาแฟ"),
    ],
)
def test_whom_a_company_is_to_hand_it_to_is_the_person(text: str, company: str) -> None:
    assert name.parse(text) == Name("Anna", "Schmidt", company=company)


def test_a_shop_behind_an_at_sign_is_the_company() -> None:
    assert name.parse("คุณแดง@ร้านกาแฟ") == Name("แดง", company="ร้านกาแฟ")
    assert name.parse("แดง@") == Name("แดง")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "😀😀",
        "👨‍👩‍👧",
        "0812345678",
        "๐๘๑ ๒๓๔ ๕๖๗๘",
        "+66 81-234-5678",
        "...",
        "-",
        "()",
        "คุณ",
        "Mr.",
        "a@example.com",
        "คุณ 0812345678",
        "undefined undefined",
    ],
)
def test_what_has_no_name_in_it_is_no_name(text: str) -> None:
    assert name.parse(text) == Name()


@pytest.mark.parametrize(
    ("full", "shorter"),
    [
        (Name("สมชาย", "ใจดี"), {Name("สมชาย")}),
        (Name("สมชาย"), set()),
        (Name(), set()),
        (Name(company="ร้านแดง"), set()),
        (Name("Mary-Jane", "O'Connor Smith"), {Name("Mary-Jane"), Name("Mary-Jane", "O'Connor")}),
        (Name("สมชาย", "ณ อยุธยา"), {Name("สมชาย"), Name("สมชาย", "ณ")}),
        (Name("小明", "王"), {Name("小明"), Name(last="王")}),
        (Name("แดง", company="ร้านแดง"), {Name("แดง"), Name(company="ร้านแดง")}),
        (Name("แดง", nickname="เอ"), {Name("แดง"), Name(nickname="เอ")}),
        (Name("Lan", "Nguyễn"), {Name("Lan")}),
        (
            Name("Thị Lan", "Nguyễn"),
            {Name("Thị Lan"), Name("Lan"), Name("Lan", "Nguyễn")},
        ),
        (
            Name("Mary Jane", "Smith"),
            {Name("Mary Jane"), Name("Mary"), Name("Mary", "Smith")},
        ),
    ],
)
def test_the_shorter_names_that_are_no_news(full: Name, shorter: set[Name]) -> None:
    assert set(name.prefixes(full)) == shorter


WORDS = st.lists(
    st.sampled_from(
        [
            "คุณ",
            "นางสาว",
            "สมชาย",
            "ร.ต.",
            "หญิง",
            "K.",
            "Mr",
            "Dato'",
            "Anh",
            "Nguyễn",
            "Lan",
            "(",
            ")",
            '"',
            ",",
            "บริษัท",
            "จำกัด",
            "Ltd.",
            "王",
            "佐藤",
            "さ",
            "様",
            "김",
            "씨",
            "😀",
            "ณ",
            "null",
            "081234567",
            "@",
            " ",
        ]
    )
    | st.text(max_size=5),
    max_size=12,
).map("".join)


@pytest.mark.parametrize(
    "part",
    [
        "ร.ต.",
        "คุณ ",
        "คุณ",
        "Mr. ",
        "pol ",
        "acting ",
        "hon ",
        "asst ",
        "lt col ",
        "a1",
        "1 ",
        ", ",
        "(",
        "A, ",
        "สาขา ",
        "a@",
        "王",
        "さ",
    ],
)
def test_a_long_text_without_a_name_is_read_all_the_same(part: str) -> None:
    for end in ("", "x", "A1: co.", " ltd"):
        assert isinstance(name.parse(part * (4000 // len(part)) + end, "vi"), Name)


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("Attn: John Smith", Name("John", "Smith")),
        ("C/O John Smith", Name("John", "Smith")),
        ("To: John Smith", Name("John", "Smith")),
        ("Toby Smith", Name("Toby", "Smith")),
        ("To Smith", Name("To", "Smith")),
        ("ถึง คุณกัญญา ศรีสุข", Name("กัญญา", "ศรีสุข")),
        ("ฝากให้คุณกัญญา ศรีสุข", Name("กัญญา", "ศรีสุข")),
        ("ส่งศรี นางงาม", Name("ส่งศรี", "นางงาม")),
        ("ชื่อก้อยค่ะ", Name("ก้อย")),
        ("ชื่อตรง ใจดี", Name("ชื่อตรง", "ใจดี")),
        ("คุณกัญญา ศรีสุข เลขบัตร 1103700123456", Name("กัญญา", "ศรีสุข")),
        ("I'm John Smith", Name("John", "Smith")),
        ("Hello, this is John Smith", Name("John", "Smith")),
        ("我叫王小明", Name("小明", "王")),
        ("이름: 김민준", Name("민준", "김")),
        ("Tên tôi là Nguyễn Văn Hùng", Name("Văn Hùng", "Nguyễn")),
        ("Myname Isra", Name("Myname", "Isra")),
        ("ชื่อสมชาย นามสกุลใจดี", Name("สมชาย", "ใจดี")),
        ("ชื่อ: สมชาย, นามสกุล: ใจดี", Name("สมชาย", "ใจดี")),
        ("สมชาย สกุลทิพย์", Name("สมชาย", "สกุลทิพย์")),
        ("ชื่นใจ สกุลดี", Name("ชื่นใจ", "สกุลดี")),
        ("ชื่อ สมชาย สกุลพาณิชย์", Name("สมชาย", "สกุลพาณิชย์")),
        ("ชื่อ สมชาย สกุล ใจดี", Name("สมชาย", "ใจดี")),
        ("Somchai Jaidee.", Name("Somchai", "Jaidee")),
        ("สมชาย ส.", Name("สมชาย", "ส.")),
        ("King, Martin Luther, Jr.", Name("Martin Luther", "King Jr.")),
        ("Thisbe Amis", Name("Thisbe", "Amis")),
        ("ครองขวัญ ครับทอง", Name("ครองขวัญ", "ครับทอง")),
    ],
)
def test_a_sentence_or_a_label_around_a_name_is_no_part_of_it(text: str, parsed: Name) -> None:
    assert name.parse(text) == parsed


@given(WORDS)
def test_any_text_gives_clean_parts_with_letters(text: str) -> None:
    found = name.parse(text)
    for part in (found.first, found.last, found.nickname, found.company):
        assert part == part.strip()
        assert not part or any(map(str.isalpha, part))


@given(WORDS)
def test_no_shorter_name_is_empty_or_the_name_itself_or_says_more(text: str) -> None:
    full = name.parse(text)
    shorter = name.prefixes(full)
    assert len(shorter) == len(set(shorter)) <= 40
    assert not {full, Name()} & set(shorter)
    for each in shorter:
        assert full.first.startswith(each.first) or full.first.endswith(each.first)
        assert full.last.startswith(each.last)


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("สมชาย ใจดี Somchai Jaidee", Name("สมชาย", "ใจดี")),
        ("Somchai Jaidee สมชาย ใจดี", Name("สมชาย", "ใจดี")),
        ("สมชาย ใจดี May", Name("สมชาย", "ใจดี", nickname="May")),
        ("Li Xiaolong 李小龙", Name("小龙", "李", nickname="Li Xiaolong")),
        ("David 王小明", Name("小明", "王", nickname="David")),
        ("김민수 Minsu Kim", Name("민수", "김", nickname="Minsu Kim")),
        ("สมชาย ณ อยุธยา Jr.", Name("สมชาย", "ณ อยุธยา Jr.")),
        ("Somchai ใจดี", Name("Somchai", "ใจดี")),
        ("สมชาย ใจดี/Somchai Jaidee", Name("สมชาย", "ใจดี")),
        ("สมชาย ใจดี / เอ", Name("สมชาย", "ใจดี", nickname="เอ")),
        ("John Smith / Mary", Name("John", "Smith", nickname="Mary")),
        ("John / Mary", Name("John", "Mary")),
    ],
)
def test_a_name_in_latin_letters_or_behind_a_slash_is_another_name_of_theirs(text: str, parsed: Name) -> None:
    assert name.parse(text) == parsed


@pytest.mark.parametrize(
    "text",
    [
        "Anna Schmidt, Room 305",
        "Anna Schmidt (room 1204)",
        "Anna Schmidt Rm. A12",
        "Anna Schmidt ห้อง 512",
        "Anna Schmidt from Germany",
        "Anna Schmidt from Chiang Mai",
        "Anna Schmidt จากเชียงใหม่",
        "Anna Schmidt อายุ 35 ปี",
        "Anna Schmidt age 35",
        "Anna Schmidt 081-234-5678 ต่อ 12",
        "Anna Schmidt (my wife)",
        "Anna Schmidt (ส่งด่วน)",
        "Anna Schmidt (COD)",
        "Anna Schmidt (HR)",
        "Anna Schmidt (แม่)",
        "Anna Schmidt (เจ้าของร้านกาแฟ)",
        "Anna Schmidt ค่า",
        "Anna Schmidt ครับบ",
        "Anna Schmidt นะคร้าบ",
        "Anna Schmidt จ้า",
        "Name - Anna Schmidt",
        "ชื่อ - Anna Schmidt",
    ],
)
def test_what_somebody_says_beside_a_name_is_no_part_of_it(text: str) -> None:
    assert name.parse(text) == Name("Anna", "Schmidt")


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("สมชาย จากใจดี", Name("สมชาย", "จากใจดี")),
        ("สมชาย จา", Name("สมชาย", "จา")),
        ("สมศรี (แม่ก้อย)", Name("สมศรี", nickname="แม่ก้อย")),
        ("Ann Room", Name("Ann", "Room")),
        ("Age Bowman", Name("Age", "Bowman")),
        ("Anna - Lena", Name("Anna", "Lena")),
    ],
)
def test_a_name_that_looks_like_such_words_stays(text: str, parsed: Name) -> None:
    assert name.parse(text) == parsed
