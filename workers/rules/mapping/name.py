"""A customer's name as one line of chat says it, into the parts of a CRM contact."""

import re
import unicodedata
from itertools import product
from typing import NamedTuple


class Name(NamedTuple):
    """What was said; "" where nothing was."""

    first: str = ""
    last: str = ""
    company: str = ""
    nickname: str = ""


# Fancy letters of chat profiles and full-width ones. Not NFKC for all of it: that breaks the Thai sara am.
_STYLED = re.compile(r"[\U0001d400-\U0001d7ff\uff01-\uff5e]+")
_SYMBOLS = re.compile(
    r"[\u20d0-\u20ff\u2100-\u214f\u2190-\u2bff\u3030\u303d\u3297\u3299\ufe00-\ufe0f\U0001f000-\U0001fbff"
    r"\U000e0000-\U000e01ef][\u200d\ufe0f]*"
)
_ASIDE = re.compile(r"""\(((?:[^()]|\([^()]*\))*)\)|["“]([^"“”]*)["”]""")
_NICKNAME_SAYS = re.compile(r"^(?:ชื่อเล่น|nickname|aka|a\.k\.a\.)\s*:?\s*", re.IGNORECASE)

_COMPANY_BEGINS = re.compile(r"(?:^|(?<=\s))(?:บริษัท|บจก|บมจ|หจก|ห้างหุ้นส่วน|ร้าน)\.?\s*\w")
_COMPANY_ENDS = re.compile(
    r"\S\s*จำกัด\.?$|公司$|株式会社|\w[\s&,]+Co\.$"
    r"|\w\W+(?:Co\b\.?\s*,?\s*Ltd|Ltd|Limited|Inc|LLC|L\.L\.C|LLP|PLC|P\.L\.C|PCL|Corp|GmbH)\b\.?$",
    re.IGNORECASE,
)

# A glued Thai honorific needs the beginning of a word behind it: คุณากร and นายิกา go on with a vowel and stay whole.
_HONORIFIC = re.compile(
    r"(?:นางสาว|นาง|นาย|คุณ|เด็กชาย|เด็กหญิง)\.?(?:\s+|(?=[ก-ฮเ-ไ])|(?=[^\u0e00-\u0e7f])|$)"
    r"|(?:น\s?\.\s?ส|ด\s?\.\s?[ชญ]|นส|ดช|ดญ|ดร|ผศ|รศ|ศ|นพ|พญ|ทพญ?|ภก|ภญ)\.\s*"
    r"|(?:น\.ส|ด\.[ชญ]|ดร)(?:\s+|$)"
    r"|(?:Khun|Mr|Mrs|Ms|Miss|Mx|Mdm|Madam|Sir|Dr|Prof|Professor)(?:\s*\.\s*|\s+|$)"
    r"|K\s?\.\s*",
    re.IGNORECASE,
)
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_HAN_HONORIFIC = re.compile(rf"(?<=[{_HAN}])\s*(?:先生|女士|小姐|太太)$")
_EAST_ASIAN = re.compile(rf"[{_HAN}\u3005\u3040-\u30ff가-힣]+")
_UNSPACED = re.compile(rf"[{_HAN}]+|[가-힣]+")
_TWO_SYLLABLES = re.compile(
    "(?:欧阳|歐陽|司马|司馬|上官|诸葛|諸葛|东方|東方|皇甫|尉迟|尉遲|公孙|公孫|令狐|慕容|司徒|端木|夏侯"
    "|남궁|황보|제갈|선우|독고|사공|서문)(?=.)"
)
_EDGES = " ,;:/|\\*~_-–—=+<>[]{}()\"'“”‘’!?#&•·…"


def parse(text: str) -> Name:
    """The first word is the first name, the rest the last name; honorifics are dropped, what stands in parentheses is
    the nickname, a company stays in one piece. Han and Hangul names begin with the surname. Without a letter: no name.
    """
    plain = " ".join(_SYMBOLS.sub(" ", _STYLED.sub(_unstyle, text)).split())
    person, company = _part(plain)
    nickname = ""
    for aside in (round_ or quoted for round_, quoted in _ASIDE.findall(person)):
        rest, house = _part(aside.strip())
        company = company or house
        called = _trim(_NICKNAME_SAYS.sub("", rest))
        nickname = nickname or (called if _has_letter(called) and not house else "")
    first, last = _split(_bare(_ASIDE.sub(" ", person).strip()))
    return Name(first, last, company, nickname)


def prefixes(name: Name) -> tuple[Name, ...]:
    """The shorter names that say nothing new after `name`: any part of it left out from its end, but not nothing."""
    words = name.last.split(" ")
    people = [("", ""), (name.first, ""), *((name.first, " ".join(words[:n])) for n in range(1, min(len(words), 8)))]
    if _EAST_ASIAN.fullmatch(name.last):
        people.append(("", name.last))
    people.append((name.first, name.last))
    companies, nicknames = dict.fromkeys(("", name.company)), dict.fromkeys(("", name.nickname))
    shorter = (
        Name(first, last, company, nickname)
        for (first, last), company, nickname in product(dict.fromkeys(people), companies, nicknames)
    )
    return tuple(each for each in shorter if each not in (name, Name()))


def _unstyle(match: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", match[0])


def _part(text: str) -> tuple[str, str]:
    """A person and a company: "คุณแดง ร้านกาแฟ" is both, and whatever ends as companies do is a company altogether."""
    outside = _ASIDE.sub(_blank, text).rstrip()
    if begins := _COMPANY_BEGINS.search(outside):
        return text[: begins.start()].strip(), text[begins.start() :]
    return ("", text) if _COMPANY_ENDS.search(outside) else (text, "")


def _blank(aside: re.Match[str]) -> str:
    return " " * len(aside[0])


def _bare(person: str) -> str:
    """`person` without honorifics, however many stand in a row."""
    while found := _HONORIFIC.match(person):
        person = person[found.end() :]
    return _HAN_HONORIFIC.sub("", person)


def _split(person: str) -> tuple[str, str]:
    words = [
        word
        for word in map(_trim, person.replace(",", " ").split())
        if _has_letter(word) and "@" not in word and "://" not in word
    ]
    if len(words) == 2 and all(map(_EAST_ASIAN.fullmatch, words)):
        return words[1], words[0]
    if len(words) == 1 and _UNSPACED.fullmatch(words[0]):
        surname = 2 if _TWO_SYLLABLES.match(words[0]) else 1
        return words[0][surname:], words[0][:surname]
    return (words[0], " ".join(words[1:])) if words else ("", "")


def _trim(word: str) -> str:
    return word.strip(_EDGES)


def _has_letter(text: str) -> bool:
    return any(map(str.isalpha, text))
