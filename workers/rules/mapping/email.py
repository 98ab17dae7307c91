"""The customer's email address, taken out of the text it stands in: the syntax checked, the domain not looked up."""

import re
from functools import cache

from leadcore.text import NUMERALS
from workers.rules.mapping.characters import FULL_WIDTH
from workers.rules.mapping.phone import INVISIBLE

LONGEST = 254  # RFC 5321, as read by erratum 1690
_USUAL_TLD = r"(?:com|net|org|th|cn|jp|kr|uk|sg|my|vn)"
_PLAIN = re.compile(
    r"(?=[^@]{1,64}@)[a-z0-9]+(?:[._+-][a-z0-9]+)*"
    rf"@(?:[a-z0-9]{{1,31}}(?:-[a-z0-9]{{1,31}})?\.){{1,3}}{_USUAL_TLD}"
)
_ASCII: dict[int, int | str | None] = {
    **NUMERALS,
    **FULL_WIDTH,
    0x3002: ".",
    **INVISIBLE,
}

_ATOM = r"a-z0-9!#$%&'*+/=?^_`{|}~.-"
_CANDIDATE = re.compile(
    rf"(?<![{_ATOM}])(?P<mailbox>[{_ATOM}]+)@(?P<domain>[^\s@<>()\[\]{{}}\"'“”‘’«»,;:!?/\\|*#&=…]+)", re.ASCII
)
# What may stand before a mailbox without a space: quotes and the like, another word, a link.
_BEFORE_MAILBOX = re.compile(r"(?:.*(?:[/|]|mail=))?[!#$%&'*/=?^`{|}~]*")
# "а" is Cyrillic here: one such letter beside Latin ones may be a mistyped address, a word of them is another word.
_WORD_OF_CASED = re.compile(r"[\u0370-\u052f]{3}")
_GLUED_DIGITS = re.compile(r"([a-z]{2,})-?\d{7}", re.ASCII)
_TLD_LETTERS = re.compile(r"xn--[a-z0-9]+|[a-z]{2,}", re.ASCII)
# IANA's top level domains of 2024-11-08 that are not ASCII, in Punycode. Any other end is a word glued to it.
_PUNYCODE_TLDS = """
11b4c3d 1ck2e1b 1qqw23a 2scrj9c 30rr7y 3bst00m 3ds443g 3e0b707e 3hcrj9c 3pxu8k 42c2d9a 45br5cyl 45brj9c 45q11c
4dbrk0ce 4gbrim 54b7fta0cc 55qw42g 55qx5d 5su34j936bgsg 5tzm5g 6frz82g 6qq986b3xl 80adxhks 80ao21a 80aqecdr1a
80asehdb 80aswg 8y0a063a 90a3ac 90ae 90ais 9dbq2a 9et52u 9krt00a b4w605ferd bck1b9a5dre4c c1avg c2br7g cck2b3b
cckwcxetd cg4bki clchc0ea0b2g2a9gcd czr694b czrs0t czru2d d1acj3b d1alf e1a4c eckvdtc9d efvy88h fct429k fhbei
fiq228c5hs fiq64b fiqs8s fiqz9s fjq720a flw351e fpcrj9c3d fzc2c9e2c fzys8d69uvgm g2xx48c gckr3f0f gecrj9c
gk3at1e h2breg3eve h2brj9c h2brj9c8c hxt814e i1b6b1a6a2e imr513n io0a7i j1aef j1amh j6w193g jlq480n2rg jvr189m
kcrx77d1x4a kprw13d kpry57d kput3i l1acc lgbbat1ad8j mgb9awbf mgba3a3ejt mgba3a4f16a mgba7c0bbn0a mgbaam7a8h
mgbab2bd mgbah1a3hjkrd mgbai9azgqp6j mgbayh7gpa mgbbh1a mgbbh1a71e mgbc0a9azcg mgbca7dzdo mgbcpq6gpa1a
mgberp4a5d4ar mgbgu82a mgbi4ecexp mgbpl2fh mgbt3dhd mgbtx2b mgbx4cd0ab mix891f mk1bu44c mxtq1m ngbc5azd ngbe9e0a
ngbrx node nqv7f nqv7fs00ema nyqy26a o3cw4h ogbpf8fl otu796d p1acf p1ai pgbs0dh pssy2u q7ce6a q9jyb4c qcka1pmc
qxa6a qxam rhqv96g rovu88b rvc1e0am3e s9brj9c ses554g t60b56a tckwe tiq49xqyj unup4y vermgensberater-ctb
vermgensberatung-pwb vhquv vuq861b w4r85el8fhu5dnra w4rs40l wgbh1c wgbl6a xhq521b xkc2al3hye2a xkc2dl3a5ee0h
y9a3aq yfro4i67o ygbi2ammx zfr164b
"""

# Mistyped ends that are no top level domain; what is one, like .co and .cm, may be meant.
_MISTYPED_TLD = re.compile(r"\.(?:con|conn|comm|coom|ccom|comn|coml|cmo|ocm|vom|xom|cim|clm|cpm|cok|nett|ner|ney|ogr)$")
_AT = re.compile(r"\s*[\[({<]\s*(?:at|a|แอท|แอด)\s*[\])}>]\s*")
_DOT = re.compile(r"\s*[\[({<]\s*dot\s*[\])}>]\s*")
# Said aloud; without "dot" a website may be meant.
_SPOKEN = re.compile(
    r"(?P<mailbox>[a-z0-9_+-]+(?:(?:\.| dot )[a-z0-9_+-]+)*) (?:at|แอท|แอ็ท|แอด|แอ็ด) "
    r"(?P<domain>[a-z0-9-]+(?: (?:dot|จุด|ดอท) [a-z0-9-]+)+)",
    re.ASCII,
)
_SPOKEN_DOT = re.compile(r" (?:dot|จุด|ดอท) ")
_SPACED = re.compile(r"[a-z0-9._+-]+\s*@\s*[a-z0-9-]+(?:\s*\.\s*[a-z0-9-]+)+", re.ASCII)
_SAYS_EMAIL = re.compile(
    r"อีเมล์?|เมล์?|邮箱|邮件|電子郵件|電郵|メール|이메일|메일|นะคะ|นะครับ|ครับผม|ครับ|ค่ะ|คะ|คือ|"
    r"(?<![^\W\d_])(?:e-?mail|mailto|mail|e(?=\s?[:：]))(?:\s?(?:address|id))?(?![^\W\d_])"
    # A provider's name, unless it is a part of an address that has blanks in it.
    r"|(?<![^\W\d_])(?<!@)(?<!@\s)(?:g-?mail|hotmail|outlook|yahoo|icloud)(?![^\W\d_])(?!\s*[.@])"
)
_SIGN = re.compile(r"[A-Za-zＡ-Ｚａ-ｚ@＠]|แอ็?[ทด]|ดอท")
# A slash may be in a mailbox name, but not behind another address.
_BEHIND_ADDRESS = re.compile(r"(@[^@\s/|]+)[/|](?=[^@\s]+@)")
_DISPLAY_NAME = re.compile(r"[^@<>\d]*<[^<>]*>")
_HALVED = re.compile(r"^\s*([A-Za-z0-9._+-]+(?: +[A-Za-z0-9._+-]+)*) +[A-Za-z0-9._+-]+@")
# Before an address; nobody's mailbox begins with one of them and a blank, as with "my shop" or "the boss".
_IN_SENTENCE = frozenset({"is", "it's", "to", "at", "via", "send", "please", "contact"})
# ฯ and ๆ are signs, as a full stop is.
_WORD = re.compile(r"[^\Wฯๆ]")
_LATIN = re.compile("[a-z\u00c0-\u024f\u1e00-\u1eff]")


def parse(text: str) -> tuple[str, str]:
    """`(email, rest)`: the one address in `text` in lower case, "" if there is none or are several, and `text` if it
    says more than that address, else "".

    Labels, quotes, a display name and a word of another script around or glued to the address are no part of it; a
    mailbox name is ASCII, so letters of another script before it are such a word. Full-width characters are corrected;
    spaces round "@" and dots only where nothing else stands in the text. Nothing else is: not the spelling of a domain,
    not a comma in it. Where the mailbox name may have a blank in it, the address may be somebody else's, so there is
    none: "som chai@example.com". A non-ASCII domain is returned in its `xn--` form.
    """
    cleaned = text.translate(_ASCII).strip().rstrip("., ;").lower()
    if not cleaned:
        return "", text.strip()
    if _PLAIN.fullmatch(cleaned) and len(cleaned) <= LONGEST:
        return cleaned, ""
    if "@" not in cleaned:
        cleaned = _DOT.sub(".", _AT.sub("@", cleaned))
    if spoken := _SPOKEN.fullmatch(cleaned):
        cleaned = _SPOKEN_DOT.sub(".", f"{spoken['mailbox']}@{spoken['domain']}")
    if "@" not in cleaned:
        return "", text
    cleaned = _BEHIND_ADDRESS.sub(r"\1 ", cleaned)
    found = _find(cleaned)
    addresses = {address for address, _, _ in found}
    if joined := _join(cleaned, min(addresses, default="")):
        return joined, ""
    if len(addresses) != 1 or _may_be_halved(text, *addresses):
        return "", text
    rest = cleaned
    for _, start, end in reversed(found):
        rest = rest[:start] + rest[end:]
    said_more = _WORD.search(_SAYS_EMAIL.sub("", rest)) and not _DISPLAY_NAME.fullmatch(cleaned)
    return addresses.pop(), text if said_more else ""


def may_be_meant(text: str) -> bool:
    """Whether `text` may be meant as an address: it has a letter of one, says its signs aloud, or has no words."""
    return _SIGN.search(text) is not None or not any(map(str.isalpha, text))


def ignored(email: str, patterns: tuple[str, ...]) -> bool:
    """Whether `email` matches one of `patterns`: whole addresses, or `@domain` for all of it (not its subdomains)."""
    address = email.lower()
    known = {pattern.strip().lower() for pattern in patterns}
    return bool(address) and (address in known or "@" + address.rpartition("@")[2] in known)


def _find(text: str) -> list[tuple[str, int, int]]:
    """The valid addresses in `text`, each with its start and end there."""
    found, end = [], 0
    while match := _CANDIDATE.search(text, end):
        start, end = match.start(), match.end()
        if start and _may_belong(text[max(start - 3, 0) : start], -1):
            continue
        if before := _BEFORE_MAILBOX.match(match["mailbox"]):
            start += before.end()
        domain = _cut(match["domain"].rstrip(".`~"))
        if any(map(_is_mixed, domain.split("."))):
            continue
        candidate = text[start : match.end("mailbox") + 1] + domain
        # What the library refuses anyway, after a long look.
        if "." not in domain or ".." in candidate:
            continue
        if (address := _check(candidate)) and not _MISTYPED_TLD.search(address):
            end = match.start("domain") + len(domain)
            found.append((address, start, end))
    return found


def _cut(domain: str) -> str:
    """`domain` without the word or phone that is glued to its end; "" if no domain is left."""
    labels = domain.split(".")
    if digits := _GLUED_DIGITS.match(labels[-1]):
        return domain[: len(domain) - len(labels[-1]) + digits.end(1)]
    if labels[-1].isascii() or labels[-1] in _tlds():
        return domain
    length = len(labels[0])
    for position, label in enumerate(labels[1:], start=1):
        if not label.isascii():
            letters = _TLD_LETTERS.match(label)
            known = max((tld for tld in _tlds() if label.startswith(tld)), key=len, default="")
            whole = letters.end() if letters else len(known)
            glued = label[whole : whole + 3]
            if glued and _may_belong(glued, 0):
                return ""
            if whole:
                return domain[: length + 1 + whole]
            return domain[:length] if position > 1 else ""
        length += 1 + len(label)
    return domain


@cache
def _tlds() -> frozenset[str]:
    return frozenset(tld.encode().decode("punycode") for tld in _PUNYCODE_TLDS.split())


def _may_belong(text: str, at: int) -> bool:
    """Whether the first (0) or last (-1) character of `text`, which touches an address, may be a part of it: a letter
    of a script that has capitals, like the Latin one."""
    letter = text[at]
    if letter.isascii() or _WORD_OF_CASED.fullmatch(text):
        return False
    return letter.lower() != letter.upper() or "\u0300" <= letter <= "\u036f"


def _is_mixed(label: str) -> bool:
    """Whether `label` has letters of the Latin script beside some that look like them, such as the Cyrillic "с"."""
    if label.isascii() or not _LATIN.search(label):
        return False
    return any(letter.lower() != letter.upper() and not _LATIN.match(letter) for letter in label)


def _join(text: str, found: str) -> str:
    """The address that `text` is if the spaces round its "@" and dots are left out. A dot and a space after the address
    `found` end a sentence."""
    alone = _SAYS_EMAIL.sub("", text).strip(" :=")
    if not _SPACED.fullmatch(alone) or (found and alone.startswith(found + ". ")):
        return ""
    joined = re.sub(r"\s", "", alone)
    return joined if joined != found and len(joined) <= LONGEST and _PLAIN.fullmatch(joined) else ""


def _may_be_halved(text: str, found: str) -> bool:
    """Whether the mailbox name of the address `found` may begin before it in `text`, with a blank in it. Words that
    stand in the mailbox name, and several with capitals, are a name."""
    halved = _HALVED.search(text)
    if not halved or _SAYS_EMAIL.search(halved[1].lower()):
        return False
    words, mailbox = halved[1].split(), found.partition("@")[0]
    is_name = all(word.lower() in mailbox for word in words) or (len(words) > 1 and all(map(str.istitle, words)))
    return not is_name and words[-1].lower() not in _IN_SENTENCE and any(map(str.isalpha, halved[1]))


def _check(text: str) -> str:
    # Imported here because nearly every address matches `_PLAIN`.
    from email_validator import EmailNotValidError, validate_email

    # `ascii_email` is None for a non-ASCII mailbox name.
    try:
        return validate_email(text, check_deliverability=False, strict=True).ascii_email or ""
    except EmailNotValidError:
        return ""
