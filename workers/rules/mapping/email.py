"""The customer's email address: obvious typing errors corrected, the syntax checked, the domain not looked up."""

import re

LONGEST = 254  # RFC 5321, as read by erratum 1690
_PLAIN = re.compile(
    r"(?=[^@]{1,64}@)[a-z0-9]+(?:[._+-][a-z0-9]+)*"
    r"@(?:[a-z0-9]{1,31}(?:-[a-z0-9]{1,31})?\.){1,3}(?:com|net|org|th|cn|jp|kr|uk|sg|my|vn)"
)
_FULL_WIDTH: dict[int, int | str] = {
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)},
    0x3000: " ",
    0x3002: ".",
}


def parse(text: str) -> tuple[str, str]:
    """`(email, "")` in lower case, or `("", text)` when `text` is not one address.

    Full-width characters and dots or commas at the end are corrected, nothing else. A non-ASCII mailbox name is
    refused: mostly it is a Thai word that was typed without a space before the address. A non-ASCII domain is returned
    in its `xn--` form.
    """
    cleaned = text.translate(_FULL_WIDTH).strip().rstrip("., ").lower()
    if not cleaned:
        return "", text.strip()
    if len(cleaned) > LONGEST:
        return "", text
    if _PLAIN.fullmatch(cleaned):
        return cleaned, ""
    email = _check(cleaned)
    return (email, "") if email else ("", text)


def ignored(email: str, patterns: tuple[str, ...]) -> bool:
    """Whether `email` matches one of `patterns`: whole addresses, or `@domain` for all of it (not its subdomains)."""
    address = email.lower()
    known = {pattern.strip().lower() for pattern in patterns}
    return bool(address) and (address in known or "@" + address.rpartition("@")[2] in known)


def _check(text: str) -> str:
    # Imported here because nearly every address matches `_PLAIN`.
    from email_validator import EmailNotValidError, validate_email

    # `ascii_email` is None for a non-ASCII mailbox name.
    try:
        return validate_email(text, check_deliverability=False, strict=True).ascii_email or ""
    except EmailNotValidError:
        return ""
