import pytest

from workers.rules.mapping import name
from workers.rules.mapping.honorifics import strip_before
from workers.rules.mapping.name import Name

THAI = """
พล.อ. พล.ท.หญิง พล.อ.อ. พล.ร.อ. พล.ร.ต.หญิง พล.ต.อ. พล.ต.ต. พ.อ. พ.อ.(พิเศษ) พ.อ.พิเศษ พ.ท. พ.ต. ร.อ. ร.ท.
ร.ต. จ.ส.อ. ส.อ. ส.ต. น.อ. น.อ.(พิเศษ) น.ต.หญิง พ.จ.อ. พ.อ.อ. จ.อ. พ.ต.อ. พ.ต.ท. พ.ต.ท.หญิง พ.ต.ต. ร.ต.อ.
ร.ต.อ.หญิง ร.ต.ต. ด.ต. ดต. ด.ต.หญิง ส.ต.อ. ส.ต.ต. จสอ. รตอ. พตท. พลฯ ว่าที่ร.ต. ว่าที่_ร.ต. ว่าที่_ร.ต.หญิง
ว่าที่ร้อยตรี ว่าที่ร้อยตรีหญิง ว่าที่_พ.ต. ว่าที่_ร.ต.(สำรอง) พลเอก พลโท พลตรี พลเรือเอก พลเรือตรี
พลอากาศเอก พลตำรวจเอก พลตำรวจตรี พันเอก พันโท พันตรี พันตำรวจเอก พันตำรวจโทหญิง ร้อยเอก ร้อยตรี ร้อยตำรวจเอก
ร้อยตำรวจตรีหญิง นาวาเอก นาวาอากาศเอก เรือเอก เรืออากาศโท จ่าสิบเอก จ่าสิบตำรวจ จ่าเอก จ่าอากาศเอก พันจ่าเอก
พันจ่าอากาศตรี สิบเอก สิบตำรวจโท ดาบตำรวจ นายดาบตำรวจ จอมพล พลทหาร พลตำรวจ ผู้กอง ผู้หมวด สารวัตร อาจารย์ อ.
ศ. ศ.ดร. ศ.(เกียรติคุณ) ศ.เกียรติคุณ_ดร. ศ.คลินิก_นพ. รศ. รศ.ดร. รศ.พญ. ผศ. ผศ.ดร. ดร. ดอกเตอร์ ด็อกเตอร์
ศาสตราจารย์ รองศาสตราจารย์ ผู้ช่วยศาสตราจารย์ ผู้ช่วยศาสตราจารย์ดอกเตอร์ รองศาสตราจารย์_ดร.
ศาสตราจารย์นายแพทย์ ศาสตราจารย์เกียรติคุณ ครู คุณครู ผอ. นพ. น.พ. พญ. พ.ญ. ทพ. ท.พ. ทพญ. ทพ.ญ. ภก. ภก.หญิง ภ.ก. ภญ.
สพ.ญ. สพญ. น.สพ. ทนพ. กภ. พว. นายแพทย์ แพทย์หญิง ทันตแพทย์ ทันตแพทย์หญิง เภสัชกร เภสัชกรหญิง สัตวแพทย์
สัตวแพทย์หญิง นายสัตวแพทย์ พยาบาล หมอ คุณหมอ พ.ต.อ.นพ. พันเอกนายแพทย์ พ.อ.หญิง_พญ. ม.ร.ว. ม.ล. ม.จ.
หม่อมราชวงศ์ หม่อมหลวง หม่อมเจ้า หม่อม ท่านผู้หญิง คุณหญิง พล.ต._ม.ล. ท่าน ฯพณฯ พระ พระครู พระครูปลัด พระมหา
พระอาจารย์ พระปลัด พระสมุห์ พระใบฎีกา พระอธิการ หลวงพ่อ หลวงปู่ หลวงตา หลวงพี่ สามเณร เณร แม่ชี บาทหลวง
ซิสเตอร์ อุสตาซ คุณ นาย นาง นางสาว น.ส. นส. ด.ช. ด.ญ. เด็กชาย เด็กหญิง มิสเตอร์ กำนัน ผู้ใหญ่บ้าน ทนาย ส.ส.
ส.ว. Mr. Dr. Mrs. K.
"""
SPACED = """
รตอ พตท ดร นส ร.ต.อ ร.ต.อ.หญิง พ.ต.อ.(พิเศษ) ครูบา ฮัจยี คุณ_ดร. นาย_แพทย์ Khun Capt. Pol._Capt. Lt._Col.
"""
LATIN = """
Mr. Mrs Ms. Miss Dr. Doctor Prof. Asst.Prof. Asst._Prof. Asst.Prof.Dr. Assoc._Prof._Dr. Professor
Prof._Emeritus Ajarn Khun Sir Madam Gen. Gen General Lt._Gen. Maj._Gen. Maj-Gen. Major_General Col. Colonel
Lt._Col. Lt.Col. Maj. Major Capt. Capt Captain Lt. 1st_Lt. 2nd_Lt. Sub_Lt. Acting_Sub_Lt. Act._2Lt. Sgt.
Sgt._Maj. Sergeant Cpl. Pvt. Adm. Admiral Rear_Admiral V._Adm. Cdr. Lt._Cdr. Commander ACM Air_Chief_Marshal
AVM Gp._Capt. Group_Captain Wg_Cdr Wing_Commander Sqn_Ldr Sqn._Ldr. Flt_Lt Flt._Lt. Flt.Lt. Flg_Off Plt_Off
Pol._Capt. Pol.Capt. Pol._Col. Pol._Lt._Col. Pol._Maj._Gen. Pol._Sub-Lt. Pol._Sen._Sgt._Maj. M.L. M.R.
Mom_Luang Khunying Thanpuying Eng. Engr. Ir. Atty. Rev. Rev Fr. Father Sr. Sister Br. Ven. Phra_Ajahn Encik
En. Puan Pn. Cik Tuan Tuan_Haji Dato' Dato Dato’ Dato'_Sri Datuk Datuk_Seri Tan_Sri Tan_Sri_Dato' Puan_Sri
Datin Datin_Seri YB YBhg. Y.Bhg._Dato' Haji Hj. Hajah Ustaz Ustazah Prof._Madya_Dr. Kapt. Mejar Lt_Kol Cikgu
Bapak Bpk. Ibu Sdr. Prof._Dr._Ir. Herr Frau Mme
"""
NAMES = """
พลอย พลอยไพลิน พลกฤต พล คุณากร คุณภาพ นายิกา พระพาย พระเพลิง อาจารีย์ จอมพล พันวา ร้อยดาว
สิบทิศ เรืองชัย หมอก หมอกฟ้า เณร นพ ดรุณี ศศิ อมร นาวา จ่าง ธนาคาร Major Captain Gen Lady Princess Missy
Drew Khunthong Datuna Cikita Revathi Eng Hon Imam
"""


@pytest.mark.parametrize("title", [title.replace("_", " ") for title in THAI.split()])
def test_a_thai_title_is_dropped_glued_and_with_a_space(title: str) -> None:
    assert name.parse(f"{title}สมชาย ใจดี") == Name("สมชาย", "ใจดี")
    assert name.parse(f"{title} สมชาย ใจดี") == Name("สมชาย", "ใจดี")


@pytest.mark.parametrize("title", [title.replace("_", " ") for title in SPACED.split()])
def test_other_thai_titles_are_dropped_with_a_space(title: str) -> None:
    assert name.parse(f"{title} สมชาย ใจดี") == Name("สมชาย", "ใจดี")


@pytest.mark.parametrize("title", [title.replace("_", " ") for title in LATIN.split()])
def test_a_latin_title_is_dropped_in_any_case(title: str) -> None:
    for spelled in (title, title.upper(), title.lower()):
        assert name.parse(f"{spelled} Ahmad Zaki") == Name("Ahmad", "Zaki")
        assert not title.endswith(".") or name.parse(f"{spelled}Ahmad Zaki") == Name("Ahmad", "Zaki")


@pytest.mark.parametrize("first", NAMES.split())
def test_a_name_that_is_or_only_begins_like_a_title_stays_whole(first: str) -> None:
    assert name.parse(f"{first} ใจดี") == Name(first, "ใจดี")
    assert name.parse(first) == Name(first)


@pytest.mark.parametrize("first", ["คุณภัทร", "คุณกร", "พลเอก", "พระจันทร์", "ครูเอี๊ยด", "หมอก"])
def test_no_title_is_glued_behind_that_of_a_man_or_a_woman(first: str) -> None:
    for title in ("นาย", "นาย ", "น.ส.", "นางสาว", "Mr. "):
        assert name.parse(f"{title}{first} ใจดี") == Name(first, "ใจดี")


def test_khun_glued_behind_the_title_of_a_man_or_a_woman_is_the_name() -> None:
    assert name.parse("นายคุณ ใจดี") == Name("คุณ", "ใจดี")
    assert name.parse("นาย คุณ สมชาย ใจดี") == Name("สมชาย", "ใจดี")


@pytest.mark.parametrize("rank", ["พันตรี", "พลเอก", "ร้อยเอก", "ร้อยตรี", "สิบเอก", "นาวาเอก", "เรือเอก", "พันเอก"])
def test_a_rank_before_one_name_is_no_first_name(rank: str) -> None:
    assert name.parse(f"{rank} สมชาย") == Name("สมชาย")
    assert name.parse(f"คุณ{rank} สมชาย") == Name("สมชาย")
    assert name.parse(rank) == Name(rank)
    assert name.parse(f"นาย{rank} ใจดี") == Name(rank, "ใจดี")


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("Ko Ko Aung", Name("Ko", "Ko Aung")),
        ("U Ko Ko", Name("Ko", "Ko")),
        ("Ma Ma Lay", Name("Ma", "Ma Lay")),
        ("Daw Ma Ma Lay", Name("Ma", "Ma Lay")),
        ("Maung Maung Kha", Name("Maung", "Maung Kha")),
        ("Ko Aung Ko", Name("Aung", "Ko")),
        ("ကို ကို အောင်", Name("ကို", "ကို အောင်")),
        ("ကို အောင်", Name("အောင်")),
    ],
)
def test_a_burmese_title_that_is_said_twice_is_a_name(text: str, parsed: Name) -> None:
    assert name.parse(text, "my") == parsed


@pytest.mark.parametrize("last", ["Major", "Captain", "Sir", "Doctor", "Khun", "Haji", "Co"])
def test_a_title_behind_the_name_is_the_surname(last: str) -> None:
    assert name.parse(f"John {last}") == Name("John", last)


@pytest.mark.parametrize("title", ["อาจารย์", "พลเอก", "ร.ต.อ.", "หมอ", "แม่ชี", "Captain", "Major", "Haji", "ม.ล."])
def test_a_title_alone_is_kept(title: str) -> None:
    assert name.parse(title) == Name(title)


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("จอมพล ณ อยุธยา", Name("จอมพล", "ณ อยุธยา")),
        ("คุณหญิง ใจดี", Name("หญิง", "ใจดี")),
        ("อ.หญิง ใจดี", Name("หญิง", "ใจดี")),
        ("M.L. Smith", Name("M.L.", "Smith")),
        ("Captain Jack", Name("Captain", "Jack")),
        ("U Aung", Name("U", "Aung")),
        ("Tuan Anh Nguyen", Name("Tuan Anh", "Nguyen")),
        ("Bu Siti", Name("Bu", "Siti")),
        ("พ.อ.(พิเศษ) สมชาย ใจดี (เอ)", Name("สมชาย", "ใจดี", nickname="เอ")),
        ("(เอ) ร.ต.อ. สมชาย ใจดี", Name("สมชาย", "ใจดี", nickname="เอ")),
    ],
)
def test_what_is_as_well_a_name_is_a_title_only_where_a_whole_name_follows(text: str, parsed: Name) -> None:
    assert name.parse(text) == parsed


@pytest.mark.parametrize(
    ("text", "language", "country", "parsed"),
    [
        ("U Aung Kyaw", "my", "", Name("Aung", "Kyaw")),
        ("Daw Khin Myint", "", "MM", Name("Khin", "Myint")),
        ("Pak Budi Santoso", "id", "", Name("Budi", "Santoso")),
        ("Bu Siti", "", "ID", Name("Siti")),
        ("H. Ahmad Zaki", "id", "", Name("Ahmad", "Zaki")),
        ("Tuan Ahmad", "ms", "", Name("Ahmad")),
        ("Thao Somchai Jaidee", "lo", "", Name("Somchai", "Jaidee")),
        ("ทศพล ใจดี", "my", "MM", Name("ทศพล", "ใจดี")),
    ],
)
def test_some_titles_are_ones_in_their_language_or_country_only(
    text: str, language: str, country: str, parsed: Name
) -> None:
    assert name.parse(text, language, country) == parsed


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("น.อ. สมชาย ใจดี ร.น.", Name("สมชาย", "ใจดี")),
        ("พล.ร.อ.สมชาย ใจดี ร.น.", Name("สมชาย", "ใจดี")),
        ("สมชาย ใจดี ครับ", Name("สมชาย", "ใจดี")),
        ("John Smith, Ph.D.", Name("John", "Smith")),
        ("John Smith PhD", Name("John", "Smith")),
        ("John Smith, M.D.", Name("John", "Smith")),
        ("Budi Santoso, S.Pd., M.M.", Name("Budi", "Santoso")),
        ("Tanaka-san", Name("Tanaka")),
        ("ທ້າວ ສົມຊາຍ ໃຈດີ", Name("ສົມຊາຍ", "ໃຈດີ")),
        ("ທ້າວສົມຊາຍ", Name("ສົມຊາຍ")),
        ("ນາງ ສີດາ", Name("ສີດາ")),
        ("លោក សុខ វិបុល", Name("សុខ", "វិបុល")),
        ("អ្នកស្រី សុខ", Name("សុខ")),
        ("ဦးအောင်", Name("အောင်")),
        ("السيد أحمد علي", Name("أحمد", "علي")),
        ("د. أحمد علي", Name("أحمد", "علي")),
        ("श्रीमती लता शर्मा", Name("लता", "शर्मा")),
        ("श्रीकांत शर्मा", Name("श्रीकांत", "शर्मा")),
        ("ဒေါ် စု", Name("စု")),
        ("王小明先生", Name("小明", "王")),
        ("陳大文 醫生", Name("大文", "陳")),
        ("김민준 씨", Name("민준", "김")),
        ("김민준씨", Name("민준", "김")),
        ("김민준님", Name("민준", "김")),
        ("이영희 선생님", Name("영희", "이")),
        ("박지훈 사장님", Name("지훈", "박")),
        ("田中 太郎 様", Name("太郎", "田中")),
        ("田中太郎様", Name("太郎", "田中")),
        ("田中様", Name(last="田中")),
        ("佐々木さん", Name(last="佐々木")),
        ("鈴木 一郎 殿", Name("一郎", "鈴木")),
        ("山田 太郎 様 (タロ)", Name("太郎", "山田", nickname="タロ")),
        ("Ông Lê Văn Tám", Name("Văn Tám", "Lê")),
        ("Anh Nguyễn Văn Nam", Name("Văn Nam", "Nguyễn")),
        ("Chị Lan", Name("Lan")),
        ("Anh Thư", Name("Anh", "Thư")),
    ],
)
def test_honorifics_of_other_scripts_and_behind_the_name_are_dropped(text: str, parsed: Name) -> None:
    assert name.parse(text) == parsed


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("Mr. & Mrs. John Smith", "John Smith"),
        ("Mr. and Mrs. Smith", "Smith"),
        ("Herr und Frau Schmidt", "Schmidt"),
        ("Mr/Mrs/Ms Anna Lee", "Anna Lee"),
        ("นาย/นาง/นางสาว สมชาย ใจดี", "สมชาย ใจดี"),
        ("นาย และ นาง ใจดี", "ใจดี"),
        ("Mr. / Ms.", ""),
        ("Mr. Andrew", "Andrew"),
        ("K'Nok", "Nok"),
        ("K’นก", "นก"),
        ("K'naan", "K'naan"),
    ],
)
def test_the_titles_of_a_couple_or_a_form_go_together(text: str, rest: str) -> None:
    assert strip_before(text) == rest
