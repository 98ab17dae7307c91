"""Names that begin with the surname: Chinese, Japanese, Korean and Vietnamese ones."""

import re
from functools import cache

from workers.rules.mapping import japanese_surnames
from workers.rules.mapping.characters import strip_accents

# For character classes of regular expressions.
HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
KANA = "\u3040-\u30fa\u30fc-\u30ff"
HANGUL = "가-힣"

EAST_ASIAN = re.compile(f"[{HAN}{KANA}{HANGUL}]+")
_HAN = re.compile(f"[{HAN}]+")
_HANGUL = re.compile(f"[{HANGUL}]+")
# A kana between kanji belongs to a surname: 一ノ瀬, 三ヶ島.
_KANJI = re.compile(f"[{HAN}]+(?:[ノヶケツの之][{HAN}]+)?")
_KANA = re.compile(f"[{KANA}]+")
_KANJI_KANA = re.compile(f"({_KANJI.pattern})([{KANA}][{KANA}{HAN}]*)")
_KANA_KANJI = re.compile(f"([{KANA}]+)([{HAN}]+)")

_CHINESE = frozenset(re.split(
    " ",
        "欧阳 歐陽 太史 端木 上官 司马 司馬 东方 東方 独孤 獨孤 南宫 南宮 万俟 闻人 聞人 夏侯 诸葛 諸葛 尉迟 "
        "尉遲 公羊 赫连 赫連 澹台 澹臺 皇甫 宗政 濮阳 濮陽 公冶 太叔 申屠 公孙 公孫 慕容 仲孙 仲孫 钟离 鍾離 "
        "长孙 長孫 宇文 司徒 鲜于 鮮于 司空 闾丘 閭丘 亓官 司寇 巫马 巫馬 公西 颛孙 顓孫 壤驷 壤駟 公良 漆雕 "
        "乐正 樂正 宰父 谷梁 穀梁 拓跋 夹谷 夾谷 轩辕 軒轅 令狐 段干 百里 呼延 东郭 東郭 南门 南門 羊舌 微生 "
        "公户 公戶 梁丘 左丘 西门 西門 第五 南荣 南榮 东里 東里 达奚 達奚 褚师 褚師 纳兰 納蘭 单于 單于 淳于 "
        "哥舒 耶律 完颜 完顏 张简 張簡 范姜 范薑 张廖 張廖 吴锡 刘付 叶赫",
))  # fmt: skip
# The common ones of one character, in both kinds of script; after the lists of the package Faker (MIT).
_CHINESE_SINGLE = (
    "丁万丘丛严丰乌乐乔于云亓井亢仇仝仲任伊伍伏但位何佘余佟侯俞信修倪傅储元党全公兰关冀冉农冯况冶冷冼凃凌刁刘初利劉劳勾"
    "包匡区华卓单南卜卞卢卫印危卿厉原古史叶司吉向吕吳吴呂周呼和哈唐商喬單喻嚴国塗夏奉奚姚姜姬娄孔孙孟季孫宁安宋宗官宣宫"
    "容宾宿寇富封尉尚尤尧尹居屈展屠岑岳崔嵇左巩巫巴帅师席常干平幸庄应庞康廉廖张張强彭徐惠慕應戈戎成战戚戴房扈揭支敖敬文"
    "斯方施时明易昝晁晋晏普景智曲曹曾朱朴权李杜束来杨杭林柏查柯柳柴栗栾桂桑梁梅植楊楚楼樊檀欧歐武段殷母毕毛江池汤汪沈沙"
    "洪浦海涂温游湛湯溫滕满漆潘焦熊燕牛牟狄玉王班甄甘田由申留畢白皮盖盘盛盧相瞿石祁祖祝禹秦程穆窦章童符简管簡籃米粘粟紀"
    "索練繆纪练缪罗羅羊翁翟耿聂聶胡胥臧舒艾芦芮花苏苑苗苟范茅茹荆荣莊莫華萧萬葉葛董蒋蒙蒲蓝蔡蔣蔺蕭薄薛藍蘇虞衡衣袁裘裴"
    "褚覃解許詹謝譚计许诸谈谌谢谭谷豆賀賈賴费贺贾赖赫赵趙路车辛辜边连迟連逯邓邝邢那邬邰邱邵邸邹郁郎郑郜郝郭都鄒鄔鄞鄢鄧"
    "鄭金錢鍾鐘钟钱银閻闕關门闭闵闻阎阙阚阮阳阴阿陆陈陳陶陸陽隆隋雍雷霍靳鞠韋韓韦韩顏顧项顾颜饒饶馬馮駱马骆高魏魯鮑鲁鲍"
    "鲜鹿麥麦麻黃黄黎齊齐龍龎龔龙龚"
)
_CHINESE_LONG = ("爱新觉罗", "愛新覺羅", "叶赫那拉", "葉赫那拉")
# Before a name or a surname, among friends: 小王, 阿明, 老李.
_FAMILIAR = "小阿老"
_KOREAN = frozenset(("남궁", "황보", "제갈", "선우", "독고", "사공", "서문", "동방", "망절", "어금"))

# Forms of characters that the list of surnames has in their common form.
_COMMON_FORMS = str.maketrans("髙﨑碕邊邉齋齊德眞淸槇來廣惠氣", "高崎崎辺辺斎斉徳真清槙来広恵気")
_KATAKANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}
# Where given names of three characters end, and no surname does.
_GIVEN_ENDS = "郎子美介夫男衛助代乃恵香"

# Without marks. The second kind are given names too, and show a surname only before two more words.
_VIETNAMESE = frozenset(re.split(
    " ",
    "nguyen tran le pham hoang huynh phan vu vo dang bui do ho ngo duong ly dinh doan trinh truong lam dao cao luong "
    "vuong phung to ta quach tang luu tong trieu thach chu nghiem cu khong khuong luc mac nong tieu ton dam hua "
    "nham ninh phi tao tat thieu tiet uong vuu diep doan au",
))  # fmt: skip
_VIETNAMESE_TOO = frozenset(re.split(
    " ",
    "mai ha thai chau giang kieu kim hoa phuong trang son lai quan tu ung vi than bach bien cung dong hinh lo luyen "
    "mach nguy nhan thi vien van an la",
))  # fmt: skip
_HARDLY_GIVEN = frozenset(("nguyen", "tran", "pham", "le", "huynh"))
_VIETNAMESE_DOUBLE = frozenset(("ton nu", "ton that", "au duong"))
_VIETNAMESE_LETTERS = re.compile("[ĂăĐđƠơƯưẠ-ỹ]")


def split(words: list[str], language: str) -> tuple[str, str] | None:
    """The first and the last name of `words`, None if the surname does not stand first. `language` is the code of the
    language whose customs the name follows."""
    if language == "vi" and len(words) > 1:
        return _split_vietnamese(words)
    if not all(map(EAST_ASIAN.fullmatch, words)):
        return None
    if len(words) == 1 or (len(words) > 2 and all(len(word) == 1 for word in words)):
        return _split_unspaced("".join(words), language)
    first, last = " ".join(words[1:]), words[0]
    if len(words) == 2 and len(first) == 1 < len(last) and _HANGUL.fullmatch(last) and last not in _KOREAN:
        return last, first
    return first, last


def is_vietnamese(word: str) -> bool:
    """Whether `word`, with or without its marks, is a Vietnamese surname and hardly ever a given name."""
    return _without_marks(word) in _VIETNAMESE


def looks_vietnamese(text: str) -> bool:
    """Whether `text` has letters that only Vietnamese has, or its most common surname, or begins like a whole name."""
    if not text.isascii() and _VIETNAMESE_LETTERS.search(text):
        return True
    words = text.split()
    if len(words) < 2:
        return False
    if words[-1].lower() in ("nguyen", "nguyễn"):
        return True
    if not is_vietnamese(words[0]):
        return False
    return not words[0].isascii() or (len(words) > 2 and words[1].lower() in ("thi", "van"))


def _split_vietnamese(words: list[str]) -> tuple[str, str] | None:
    plain = [_without_marks(word) for word in words]
    if len(words) > 2 and " ".join(plain[:2]) in _VIETNAMESE_DOUBLE:
        return " ".join(words[2:]), " ".join(words[:2])
    if plain[0] in _VIETNAMESE:
        return " ".join(words[1:]), words[0]
    if len(words) > 2 and plain[0] in _VIETNAMESE_TOO and plain[-1] not in _HARDLY_GIVEN:
        return " ".join(words[1:]), words[0]
    return (" ".join(words[:-1]), words[-1]) if plain[-1] in _VIETNAMESE else None


def _without_marks(word: str) -> str:
    return strip_accents(word.lower())


def _split_unspaced(word: str, language: str) -> tuple[str, str] | None:
    if language != "ja" and len(word) == 2 and word[0] in _FAMILIAR and not _is_surname(word):
        return word, ""
    if _HANGUL.fullmatch(word):
        # 황보람 is rather 황 보람.
        length = 2 if word[:2] in _KOREAN and (len(word) != 3 or word[:2] != "황보") else 1
    elif _HAN.fullmatch(word) and language != "ja" and "々" not in word:
        length = _chinese_length(word, language)
    elif _KANJI.fullmatch(word):
        length = _japanese_length(word)
    elif found := _KANJI_KANA.fullmatch(word):
        kanji = found[1]
        length = len(kanji) if len(kanji) < 3 or _is_surname(kanji) else _japanese_length(kanji)
    elif found := _KANA_KANJI.fullmatch(word):
        length = len(found[1])
    elif _KANA.fullmatch(word) and (surname := _read_surname(word)):
        length = len(surname)
    else:
        return None
    return word[length:], word[:length]


def _chinese_length(word: str, language: str) -> int:
    if word.startswith(_CHINESE_LONG):
        return 4
    if word[:2] in _CHINESE:
        return 2
    if language != "zh" and word[0] not in _CHINESE_SINGLE and 2 <= len(word) <= 3 and _is_surname(word[:2]):
        return _japanese_length(word)
    if len(word) < 4 or (len(word) > 4 and language == "zh"):
        return 1
    # Of four characters, two are the surname: 山田太郎, and the double ones of spouses and parents, 林鄭月娥.
    return _japanese_length(word) if language != "zh" else 2


def _japanese_length(name: str) -> int:
    """How many of the characters of `name` are the surname: all of them if it stands alone, none if the given name
    does."""
    count = len(name)
    longest = next((length for length in (4, 3, 2) if length <= count and _is_surname(name[:length])), 0)
    if longest == 2 and count == 3 and name[2] == "郎" and name[0] in japanese_surnames.ONE:
        return 1
    if longest:
        return longest
    if count == 1 or (count <= 4 and name[0] in japanese_surnames.ONE and (count < 4 or name[-1] in _GIVEN_ENDS)):
        return 1
    return 0 if count == 2 or (count == 3 and name[-1] in _GIVEN_ENDS) else 2


def _read_surname(kana: str) -> str:
    """The common surname with which a name in kana begins, "" if there is none with a given name behind it."""
    katakana = kana.translate(_KATAKANA)
    return max(
        (r for r in japanese_surnames.READINGS.split() if katakana.startswith(r) and len(r) < len(kana) - 1),
        key=len,
        default="",
    )


def _is_surname(word: str) -> bool:
    word = word.translate(_COMMON_FORMS)
    return word[1] in _second_characters().get(word[0], "") if len(word) == 2 else word in _long_surnames()


@cache
def _second_characters() -> dict[str, str]:
    found: dict[str, str] = {}
    for group in japanese_surnames.TWO.split():
        found[group[0]] = found.get(group[0], "") + group[1:]
    return found


@cache
def _long_surnames() -> frozenset[str]:
    return frozenset(japanese_surnames.THREE.split() + japanese_surnames.FOUR.split())
