import pytest

from workers.rules.mapping import name
from workers.rules.mapping.name import Name

# The most common surnames of Japan by their length, and given names of each length.
SURNAMES = """
林 森 原 東 佐藤 鈴木 高橋 田中 伊藤 渡辺 渡邉 山本 中村 小林 髙橋 林田 森山 原田 佐々木 長谷川 五十嵐
大久保 小野寺 一ノ瀬 勅使河原
"""
GIVEN = """
翔 実 学 太郎 健太 直子 結衣 一郎 健太郎 聡太郎 美加子 くみ子 さくら あすか
"""


@pytest.mark.parametrize("surname", SURNAMES.split())
def test_a_japanese_name_without_a_space_is_split_behind_its_surname(surname: str) -> None:
    for given in GIVEN.split():
        assert name.parse(surname + given, "ja") == Name(given, surname)
        assert name.parse(surname + given, "", "JP") == Name(given, surname)
        assert name.parse(f"{surname}{given}様") == Name(given, surname)
        assert name.parse(f"{surname} {given}") == Name(given, surname)


@pytest.mark.parametrize(
    ("text", "language", "parsed"),
    [
        ("田中", "ja", Name(last="田中")),
        ("佐々木", "ja", Name(last="佐々木")),
        ("太郎", "ja", Name("太郎")),
        ("健太郎", "ja", Name("健太郎")),
        ("山田太郎", "", Name("太郎", "山田")),
        ("長谷川潤", "", Name("潤", "長谷川")),
        ("山田 花子", "th", Name("花子", "山田")),
        ("ヤマダ ハナコ", "", Name("ハナコ", "ヤマダ")),
        ("ヤマダハナコ", "", Name("ハナコ", "ヤマダ")),
        ("さとうたろう", "ja", Name("たろう", "さとう")),
        ("さくら", "ja", Name("さくら")),
        ("佐藤健", "", Name("健", "佐藤")),
        ("佐藤健", "zh", Name("藤健", "佐")),
        ("高木聡", "", Name("木聡", "高")),
        ("さとう健", "", Name("健", "さとう")),
        ("ジョン・スミス", "", Name("ジョン", "スミス")),
        ("約翰·史密斯", "zh", Name("約翰", "史密斯")),
        ("王小明", "zh", Name("小明", "王")),
        ("王 小 明", "", Name("小明", "王")),
        ("王总", "", Name(last="王")),
        ("林健太", "zh", Name("健太", "林")),
        ("張簡惠美", "zh", Name("惠美", "張簡")),
        ("张简惠美", "", Name("惠美", "张简")),
        ("歐陽修", "", Name("修", "歐陽")),
        ("欧阳", "", Name(last="欧阳")),
        ("司徒美堂", "zh", Name("美堂", "司徒")),
        ("林鄭月娥", "zh", Name("月娥", "林鄭")),
        ("김 민준", "", Name("민준", "김")),
        ("민준 김", "", Name("민준", "김")),
        ("남궁 민", "", Name("민", "남궁")),
        ("선우은숙", "", Name("은숙", "선우")),
        ("황보람", "", Name("보람", "황")),
    ],
)
def test_han_kana_and_hangul_names_begin_with_the_surname(text: str, language: str, parsed: Name) -> None:
    assert name.parse(text, language) == parsed


@pytest.mark.parametrize(
    ("text", "language", "country", "parsed"),
    [
        ("Nguyễn Thị Lan", "", "", Name("Thị Lan", "Nguyễn")),
        ("NGUYỄN THỊ LAN", "", "", Name("THỊ LAN", "NGUYỄN")),
        ("Lê Minh", "", "", Name("Minh", "Lê")),
        ("Đỗ Mỹ Linh", "", "", Name("Mỹ Linh", "Đỗ")),
        ("Mai Văn Dương", "", "", Name("Văn Dương", "Mai")),
        ("Tôn Nữ Thị Ninh", "", "", Name("Thị Ninh", "Tôn Nữ")),
        ("Nguyen Thi Lan", "", "", Name("Thi Lan", "Nguyen")),
        ("Nguyen Lan", "vi", "", Name("Lan", "Nguyen")),
        ("Tran Quoc Bao", "", "VN", Name("Quoc Bao", "Tran")),
        ("Lan Nguyễn", "", "", Name("Lan", "Nguyễn")),
        ("Lan Anh Nguyen", "vi", "", Name("Lan Anh", "Nguyen")),
        ("Lan Anh", "vi", "", Name("Lan", "Anh")),
        ("John Smith", "vi", "VN", Name("John", "Smith")),
        ("สมชาย ใจดี", "vi", "VN", Name("สมชาย", "ใจดี")),
        ("Le Bon", "fr", "", Name("Le", "Bon")),
        ("José Andrés", "", "", Name("José", "Andrés")),
    ],
)
def test_vietnamese_names_begin_with_the_surname(text: str, language: str, country: str, parsed: Name) -> None:
    assert name.parse(text, language, country) == parsed
