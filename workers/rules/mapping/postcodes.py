"""The forms of postcodes, of Thailand and of other countries: those that lost their zeros as a number, and those that
say nothing."""

import re

# ISO 3166 alpha-2 -> how many digits a postcode has, where some of them begin with 0 (Universal Postal Union).
_DIGITS = {
    **dict.fromkeys(
        ("DE", "DZ", "ES", "FI", "FR", "GT", "IT", "KR", "LA", "LK", "LT", "MM", "MV", "MX", "MY", "PE", "PR",
         "SK", "SM", "TR", "UA", "US", "VA", "VI"),
        5,
    ),
    **dict.fromkeys(("CN", "EC", "KZ", "RO", "SG"), 6),
    **dict.fromkeys(("AM", "AU", "DK", "GE", "NO", "NZ", "PA", "ZA"), 4),
    "JP": 7,
}  # fmt: skip
FOREIGN = re.compile(r"(?=.*[a-z])(?=.*\d)[a-z\d -]{4,9}|\d{6,8}", re.IGNORECASE)
_FIVE = re.compile(r"\D*(\d{5})\D*")
_ZEROS = re.compile(r"[0\s-]+")


def match_five(text: str) -> re.Match[str] | None:
    """The five digits (group 1) that are all digits of `text`, spaces and hyphens between them left out."""
    return _FIVE.fullmatch(re.sub(r"[\s-]", "", text))


def is_only_zeros(text: str) -> bool:
    """Whether `text` is only zeros, which people type where a form wants a postcode and there is none."""
    return _ZEROS.fullmatch(text) is not None


def restore_zeros(text: str, country: str) -> str:
    """`text` with the zeros that a number does not keep: 79903 is 079903 in Singapore. `country`: ISO alpha-2."""
    digits = _DIGITS.get(country, 0)
    if text.isascii() and text.isdigit() and digits - (2 if digits > 4 else 1) <= len(text) < digits:
        return text.zfill(digits)
    return text
