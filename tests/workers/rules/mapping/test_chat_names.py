"""Names as people call themselves in a chat: decorated, spelled out, of two people."""

import pytest

from workers.rules.mapping.name import Name, parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("★彡 Ploy 彡★", Name("Ploy")),
        ("Ploy ツ", Name("Ploy")),
        ("亗 พลอย 亗", Name("พลอย")),
        ("P l o y", Name("Ploy")),
        ("เ ม ย์", Name("เมย์")),
        ("A B", Name("A", "B")),
        ("A B Smith", Name("A", "B Smith")),
        ("金 大 中", Name("大中", "金")),
    ],
)
def test_ornaments_and_blanks_between_letters_are_no_part_of_a_name(text: str, expected: Name) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("สมชาย & วิภา", Name("สมชาย & วิภา")),
        ("สมชาย และ วิภา ใจดี", Name("สมชาย และ วิภา", "ใจดี")),
        ("นายสมชาย และนางวิภา ใจดี", Name("สมชาย และ วิภา", "ใจดี")),
        ("Mr. John & Mrs. Mary Smith", Name("John & Mary", "Smith")),
        ("คุณสมชาย ใจดี และ คุณวิภา ทองดี", Name("สมชาย", "ใจดี")),
        ("คุณสมชาย ใจดี หรือ คุณวิภา", Name("สมชาย", "ใจดี")),
        ("สมชาย ใจดี ผู้รับแทน: วิภา ทองดี", Name("สมชาย", "ใจดี")),
        ("Andy Anderson", Name("Andy", "Anderson")),
        ("และ ใจดี", Name("และ", "ใจดี")),
    ],
)
def test_of_two_people_the_first_is_the_contact_unless_they_share_a_surname(text: str, expected: Name) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MrSomchai Jaidee", Name("Somchai", "Jaidee")),
        ("KhunNok", Name("Nok")),
        ("Missy Elliot", Name("Missy", "Elliot")),
        ("Mrinal Sen", Name("Mrinal", "Sen")),
        ("FB Somchai Jaidee", Name("Somchai", "Jaidee")),
        ("FB ร้านสวย", Name(company="ร้านสวย")),
        ("FB Group", Name(company="FB Group")),
        ("KhunMae Bakery", Name(company="KhunMae Bakery")),
        ("Somchai MrBeast", Name("Somchai", "MrBeast")),
        ("anh Tuấn", Name("Tuấn")),
        ("Anh Tuấn", Name("Anh", "Tuấn")),
    ],
)
def test_a_title_or_a_platform_before_the_name_is_dropped(text: str, expected: Name) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("小王", Name("小王")), ("阿明", Name("阿明")), ("小林", Name("", "小林")), ("小林太郎", Name("太郎", "小林"))],
)
def test_a_chinese_pet_name_is_no_surname(text: str, expected: Name) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize("text", ["ชื่อ", "ชื่อ-นามสกุล", "Name", "ลูกค้าไม่ให้ชื่อ", "ลูกค้า ไม่ระบุชื่อ"])
def test_what_the_field_is_called_names_nobody(text: str) -> None:
    assert parse(text) == Name()


@pytest.mark.parametrize("text", ["Cong ty TNHH Minh Anh", "CONG TY CP Hoa Sen", "สนง.เขตบางรัก"])
def test_a_company_without_accents_or_in_short_is_one(text: str) -> None:
    assert parse(text) == Name(company=text)


@pytest.mark.parametrize("text", ["user_12345", "ลูกค้า 123", "Guest 7", "U4af4980629a1b2c3d4e5f60718293a4b"])
def test_a_number_in_the_chat_names_nobody(text: str) -> None:
    assert parse(text) == Name()


def test_the_word_customer_before_a_name_is_dropped() -> None:
    assert parse("คุณลูกค้า สมชาย ใจดี") == parse("ลูกค้า สมชาย ใจดี") == Name("สมชาย", "ใจดี")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("สมชาย ใจดี - กรุงเทพ", Name("สมชาย", "ใจดี")),
        ("สมชาย ใจดี จ.เชียงใหม่", Name("สมชาย", "ใจดี")),
        ("Somchai Jaidee - Nan", Name("Somchai", "Jaidee Nan")),
        ("สมชาย ใจดี *ด่วน*", Name("สมชาย", "ใจดี")),
        ("สมชาย ใจดี COD", Name("สมชาย", "ใจดี")),
        ("คุณสมชาย แผนกบัญชี", Name("สมชาย")),
        ("คุณสมชาย ฝ่ายจัดซื้อ บจก.เอบีซี", Name("สมชาย", company="บจก.เอบีซี")),
        ("บจก.เอบีซี ฝ่ายจัดซื้อ คุณสมชาย ใจดี", Name("สมชาย", "ใจดี", "บจก.เอบีซี")),
        ("ด่วน", Name("ด่วน")),
    ],
)
def test_a_place_a_department_and_a_remark_behind_the_name_are_no_surname(text: str, expected: Name) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("van der Berg", Name("", "van der Berg")),
        ("bin Ismail", Name("", "bin Ismail")),
        ("Van Thi Lan", Name("Van", "Thi Lan")),
        ("สมชาย.ใจดี", Name("สมชาย", "ใจดี")),
        ("dr. Budi Santoso, Sp.PD", Name("Budi", "Santoso")),
        ("Prof. Dr. Ing. Hans Müller", Name("Hans", "Müller")),
        ("林阿姨", Name("", "林")),
    ],
)
def test_particles_dots_and_degrees_are_read(text: str, expected: Name) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize("text", ["นิติบุคคลอาคารชุด ลุมพินี", "การไฟฟ้านครหลวง", "สภ.เมือง", "สถานีตำรวจบางรัก"])
def test_what_is_no_person_is_a_company(text: str) -> None:
    assert parse(text) == Name(company=text)


@pytest.mark.parametrize("aside", ["รับสินค้าแทน", "คอนโดเอ", "หมู่บ้านพฤกษา"])
def test_where_and_for_whom_it_is_is_no_nickname(aside: str) -> None:
    assert parse(f"สมชาย ใจดี ({aside})") == Name("สมชาย", "ใจดี")


# A name and a company on two lines


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("บริษัท เอบีซี จำกัด\nสมชาย ใจดี", Name("สมชาย", "ใจดี", "บริษัท เอบีซี จำกัด")),
        ("สมชาย ใจดี\nบริษัท เอบีซี จำกัด", Name("สมชาย", "ใจดี", "บริษัท เอบีซี จำกัด")),
        ("บริษัท เอบีซี จำกัด (มหาชน)\nคุณสมชาย (หนุ่ย)", Name("สมชาย", "", "บริษัท เอบีซี จำกัด (มหาชน)", "หนุ่ย")),
        ("ABC Co., Ltd.\nJohn Smith", Name("John", "Smith", "ABC Co., Ltd.")),
        ("John Smith\nABC Co., Ltd.\n0812345678", Name("John", "Smith", "ABC Co., Ltd.")),
        ("Wipa Thongdee\nDog Lovers Shop", Name("Wipa", "Thongdee", "Dog Lovers Shop")),
        ("หจก. รุ่งเรือง\nวิภา ทองดี", Name("วิภา", "ทองดี", "หจก. รุ่งเรือง")),
        ("หจก. รุ่งเรือง\nส่งศรี ใจดี", Name("ส่งศรี", "ใจดี", "หจก. รุ่งเรือง")),
        ("หจก. รุ่งเรือง\nขอขวัญ ใจดี", Name("ขอขวัญ", "ใจดี", "หจก. รุ่งเรือง")),
    ],
)
def test_a_person_and_a_company_may_have_a_line_each(text: str, expected: Name) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "บริษัท เอบีซี\nจำกัด",
        "ABC Trading\nCo., Ltd.",
        "บริษัท เอบีซี\n(ประเทศไทย) จำกัด",
        "บริษัท เอบีซี จำกัด\nฝ่าย บัญชี",
        "บริษัท เอบีซี จำกัด\nสำนักงาน ใหญ่",
        "โรงพยาบาลกรุงเทพ\nตึก เอ",
        "ร้านป้าแดง\nตลาด ไท",
        "ร้านกาแฟ\nเชียงใหม่",
        *(f"ABC Co., Ltd.\n{below}" for below in ("Accounting Department", "Bang Rak", "Silom Road", "Hong Kong")),
        *(f"ABC Co., Ltd.\n{below}" for below in ("Sales Team", "Head Office", "ฝ่ายบัญชี")),
        *(f"ABC Co., Ltd.\n{below}" for below in ("Tax Invoice", "Thank You", "Urgent Please", "Cash On Delivery")),
        "Blue Shop\nBlack Coffee",
        "บริษัท เอบีซี จำกัด\nใบกำกับ ภาษี",
        "บริษัท เอบีซี จำกัด\nออก ใบกำกับภาษี",
        "มหาวิทยาลัยขอนแก่น\nคณะ แพทยศาสตร์",
        "มหาวิทยาลัยขอนแก่น\nภาควิชา เคมี",
        "โรงพยาบาลกรุงเทพ\nหอผู้ป่วย ชาย",
        "ร้านป้าแดง\nตรงข้าม เซเว่น",
        "ร้านป้าแดง\nใกล้ วัดไผ่",
        "ร้านป้าแดง\nปากซอย วัดไผ่",
    ],
)
def test_two_lines_may_be_one_company(text: str) -> None:
    found = parse(text)
    assert (found.first, found.last, found.company) == ("", "", text.replace("\n", " "))


# A nickname behind a dash


@pytest.mark.parametrize(
    "nickname",
    ["หนุ่ย", "นุ่น", "ไอซ์", "แบงค์", "เบียร์", "ต้น", "เล็ก", "น้องปลา", "พี่นก", "Nui", "Ploy"],
)
@pytest.mark.parametrize("dash", [" - ", " -", " – "])
def test_a_nickname_may_stand_behind_a_dash(nickname: str, dash: str) -> None:
    assert parse(f"นายสมชาย ใจดี{dash}{nickname}") == Name("สมชาย", "ใจดี", nickname=nickname)


@pytest.mark.parametrize("remark", ["ด่วน", "COD", "แอดมิน", "VIP", "ลูกค้าเก่า", "รับเอง"])
def test_a_remark_behind_a_dash_is_no_part_of_a_name(remark: str) -> None:
    assert parse(f"สมชาย ใจดี - {remark}") == Name("สมชาย", "ใจดี")


_SHOPS_AND_CARRIERS = ["เคอรี่", "แฟลช", "ปณ", "ไปรษณีย์", "บิ๊กซี", "โลตัส", "เซเว่น", "Dhl", "Ems", "Food", "Lotus", "Bigc"]


@pytest.mark.parametrize(
    "word", ["รักไทย", "ช่าง", "โอนแล้ว", "บางรัก", "Shopee", "สมหญิง", "Flash", "ปาย", "เก่า", *_SHOPS_AND_CARRIERS]
)
def test_what_may_be_no_nickname_behind_a_dash_is_none(word: str) -> None:
    assert parse(f"สมชาย ใจดี - {word}").nickname == ""


@pytest.mark.parametrize("text", ["สมศรี ใจดี-รักไทย", "สมชาย - หนุ่ย", "John Smith - Johnny", "Anna Lee - Mai"])
def test_a_dash_elsewhere_tells_of_no_nickname(text: str) -> None:
    assert parse(text).nickname == ""


# Words around a name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ผมสมชายครับ", Name("สมชาย")),
        ("ผม สมชาย ใจดี ครับ", Name("สมชาย", "ใจดี")),
        ("ดิฉันวิภาค่ะ", Name("วิภา")),
        ("ผมคือสมชายครับ", Name("สมชาย")),
        ("พี่หมู ส่งด่วน", Name("พี่หมู")),
        ("วิภา ทองดี จัดส่งด่วนมาก", Name("วิภา", "ทองดี")),
        ("TikTok: @somchai", Name()),
        ("Somchai Telegram: @som", Name("Somchai")),
        ("Anna Müller (née Schmidt)", Name("Anna", "Müller")),
        ("วิภา ทองดี (สกุลเดิม ใจดี)", Name("วิภา", "ทองดี")),
        ("สมชาย ใจดี (ผู้รับแทน: วิภา)", Name("สมชาย", "ใจดี")),
    ],
)
def test_what_is_said_around_a_name_is_no_part_of_it(text: str, expected: Name) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ผมหอม", Name("ผมหอม")),
        ("ผมทอง ใจดี", Name("ผมทอง", "ใจดี")),
        ("ดิฉันท์ ใจดี", Name("ดิฉันท์", "ใจดี")),
        ("TikTok", Name("TikTok")),
        ("Telegram Smith", Name("Telegram", "Smith")),
        ("วิภา ส่งเสริม", Name("วิภา", "ส่งเสริม")),
        ("Anna (Renée)", Name("Anna", nickname="Renée")),
        ("Somchai (Born)", Name("Somchai", nickname="Born")),
        ("วิภา (เดิม)", Name("วิภา", nickname="เดิม")),
    ],
)
def test_a_name_that_only_looks_like_such_words_stays(text: str, expected: Name) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ชื่อสมชาย ใจดี", Name("สมชาย", "ใจดี")),
        ("ชื่อสมชาย ใจดีครับ", Name("สมชาย", "ใจดี")),
        ("ชื่อผู้รับสมชาย ใจดี", Name("สมชาย", "ใจดี")),
        ("ชื่อเต็ม สมชาย ใจดี", Name("สมชาย", "ใจดี")),
        ("ชื่อในไลน์ นก", Name("นก")),
        ("ชื่อเสียง กาแฟ", Name("ชื่อเสียง", "กาแฟ")),
        ("ไลน์ somchai99 ชื่อสมชาย", Name("สมชาย")),
        ("id line: @shop123 สมชาย", Name("สมชาย")),
        ("ID LINE : somchai99", Name()),
        ("สมชาย ใจดี ig somchai_j", Name("สมชาย", "ใจดี")),
        ("FB: Somchai Jaidee", Name("Somchai", "Jaidee")),
        ("FB: somchai.jaidee.9 สมชาย", Name("สมชาย")),
        ("สมชาย ใจดี FB: Somchai JD", Name("สมชาย", "ใจดี")),
        ("เฟส: สมชาย ใจดี", Name("สมชาย", "ใจดี")),
        ("ไลน์ ใจดี", Name("ไลน์", "ใจดี")),
    ],
)
def test_the_word_for_a_name_and_ids_of_chats_are_no_part_of_it(text: str, expected: Name) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Khun Somchai ka", Name("Somchai")),
        ("Somchai Jaidee na krub", Name("Somchai", "Jaidee")),
        ("พลอย kha", Name("พลอย")),
        ("Moussa Ka", Name("Moussa", "Ka")),
        ("moussa ka", Name("moussa", "ka")),
        ("Andy Kab", Name("Andy", "Kab")),
    ],
)
def test_polite_words_in_latin_letters_end_no_name(text: str, expected: Name) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize("text", ["๛พลอย๛", "꧁พลอย꧂", "༺พลอย༻", "༄พลอย࿐"])
def test_marks_of_old_scripts_around_a_name_are_ornaments(text: str) -> None:
    assert parse(text) == Name("พลอย")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7-11 สาขา 01234", Name(company="7-11 สาขา 01234")),
        ("สมชาย 7-Eleven สาขาบางนา", Name("สมชาย", company="7-Eleven สาขาบางนา")),
        ("เซเว่น อีเลฟเว่น สาขาบางนา", Name(company="เซเว่น อีเลฟเว่น สาขาบางนา")),
        ("เซเว่น ใจดี", Name("เซเว่น", "ใจดี")),
        ("Lotus Flower", Name("Lotus", "Flower")),
        ("อู่ช่างแดง", Name(company="อู่ช่างแดง")),
        ("อู่วิเชียร ใจดี", Name("อู่วิเชียร", "ใจดี")),
        ("กองพันทหารราบที่ 1", Name(company="กองพันทหารราบที่ 1")),
        ("กองพัน ใจดี", Name("กองพัน", "ใจดี")),
        ("กองทัพ ใจดี", Name("กองทัพ", "ใจดี")),
        ("ร้านทอง\nเยาวราช กรุงเทพ", Name(company="ร้านทอง เยาวราช กรุงเทพ")),
        ("ร้านทอง\nคุณสมชาย เชียงใหม่", Name("สมชาย", "เชียงใหม่", "ร้านทอง")),
    ],
)
def test_a_chains_branch_a_garage_and_a_regiment_are_no_persons(text: str, expected: Name) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("สมชาย ใจดี ต.บางเมือง", Name("สมชาย", "ใจดี")),
        ("สมชาย ใจดี อ.เมือง จ.ชลบุรี", Name("สมชาย", "ใจดี")),
        ("สมชาย ใจดี เขตบางรัก", Name("สมชาย", "ใจดี")),
        ("จ.เชียงใหม่", Name()),
        # A teacher's title, a name, a part of the company's name.
        ("อ.ใจดี", Name("ใจดี")),
        ("เขต ใจดี", Name("เขต", "ใจดี")),
        ("ต.ศรีสุข", Name("ต.ศรีสุข")),
        ("เทศบาล ต.บางเมือง", Name(company="เทศบาล ต.บางเมือง")),
    ],
)
def test_a_place_with_its_title_is_no_part_of_a_persons_name(text: str, expected: Name) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("น้ำ - กนก แก้วใส", Name("กนก", "แก้วใส", nickname="น้ำ")),
        ("กนก แก้วใส น้องน้ำ", Name("กนก", "แก้วใส", nickname="น้องน้ำ")),
        ("กนก แก้วใส พี่สาว", Name("กนก", "แก้วใส")),
        ("ส่ง - กนก แก้วใส", Name("ส่ง", "กนก แก้วใส")),
        ("กนก แก้วใส #VIP", Name("กนก", "แก้วใส")),
        ("กนก แก้วใส#ลูกค้าเก่า", Name("กนก", "แก้วใส")),
        ("#Ploy", Name("Ploy")),
        ("กนก แก้วใส ค่ะ ขอบคุณค่ะ", Name("กนก", "แก้วใส")),
        ("กนก แก้วใสค้าบ", Name("กนก", "แก้วใส")),
        ("ผู้รับของ กนก", Name("กนก")),
        ("ชื่อคนรับ กนก แก้วใส", Name("กนก", "แก้วใส")),
        ("มร.จอห์น สมิธ", Name("จอห์น", "สมิธ")),
        ("มรกต แก้วใส", Name("มรกต", "แก้วใส")),
    ],
)
def test_what_stands_around_a_thai_name_is_told_from_it(text: str, expected: Name) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize("text", ["สวัสดีค่ะ", "ขอบคุณมากๆครับ", "สนใจค่ะ", "โอนแล้วค่ะ"])
def test_what_is_said_politely_is_nobody(text: str) -> None:
    assert parse(text) == Name()


@pytest.mark.parametrize("text", ["สวัสดี", "คุณสวัสดี", "สวัสดี ใจดีค่ะ"])
def test_some_of_it_is_a_name(text: str) -> None:
    assert parse(text).first == "สวัสดี"
