"""A customer's name, typed as one line of chat -> the parts of a CRM contact."""

import re
import unicodedata
from itertools import product
from typing import NamedTuple


class Name(NamedTuple):
    """The parts of a name, "" if not given."""

    first: str = ""
    last: str = ""
    company: str = ""
    nickname: str = ""


# Styled letters of chat profiles and full-width ones. NFKC is not applied to the whole text: it breaks Thai sara am.
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

# A Thai honorific without a space needs the start of a word after it: คุณากร and นายิกา continue with a vowel and are
# names.
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
    """The first word is the first name, the rest the last name. Honorifics are dropped, text in parentheses or quotes
    is the nickname, a company stays whole. Han and Hangul names start with the surname. No letters, no name."""
    plain = " ".join(_SYMBOLS.sub(" ", _STYLED.sub(_unstyle, text)).split())
    person, company = _split_company(plain)
    nickname = ""
    for aside in (round_ or quoted for round_, quoted in _ASIDE.findall(person)):
        rest, aside_company = _split_company(aside.strip())
        company = company or aside_company
        candidate = _trim(_NICKNAME_SAYS.sub("", rest))
        nickname = nickname or (candidate if _has_letter(candidate) and not aside_company else "")
    first, last = _split(_strip_honorifics(_ASIDE.sub(" ", person).strip()))
    return Name(first, last, company, nickname)


def prefixes(name: Name) -> tuple[Name, ...]:
    """The shorter forms of `name`, which add nothing to it: parts or words are left out from the end, but not all."""
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


def _split_company(text: str) -> tuple[str, str]:
    """The person and the company in `text`: "คุณแดง ร้านกาแฟ" has both; a text with the ending of a company is one as a
    whole."""
    outside = _ASIDE.sub(_blank, text).rstrip()
    if start := _COMPANY_BEGINS.search(outside):
        return text[: start.start()].strip(), text[start.start() :]
    return ("", text) if _COMPANY_ENDS.search(outside) else (text, "")


def _blank(aside: re.Match[str]) -> str:
    return " " * len(aside[0])


def _strip_honorifics(person: str) -> str:
    """`person` without honorifics, of which there may be several."""
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
