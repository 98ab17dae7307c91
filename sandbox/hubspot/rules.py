"""The admin's rules: which properties must have a value, and which form values must have."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Literal

from msgspec import Struct

from sandbox.hubspot import values
from sandbox.hubspot.values import Check, Invalid

_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,24}", re.IGNORECASE)
_URL = re.compile(r"https?://([^\s/:?#]+)([/:?#]\S*)?", re.IGNORECASE)
_CHARACTERS = {"ALPHANUMERIC": r"[A-Za-z0-9]+", "ALPHA_ONLY": r"[A-Za-z]+", "NUMERIC_ONLY": r"[0-9]+"}
RuleType = Literal[
    "ALPHANUMERIC",
    "DECIMAL",
    "DOMAIN",
    "EMAIL",
    "EMAIL_ALLOWED_DOMAINS",
    "EMAIL_BLOCKED_DOMAINS",
    "FORMAT",
    "MAX_LENGTH",
    "MAX_NUMBER",
    "MIN_LENGTH",
    "MIN_NUMBER",
    "PHONE_NUMBER_WITH_EXPLICIT_COUNTRY_CODE",
    "REGEX",
    "SPECIAL_CHARACTERS",
    "URL",
    "URL_ALLOWED_DOMAINS",
    "URL_BLOCKED_DOMAINS",
    "WHITESPACE",
]


class Required(Struct, frozen=True, forbid_unknown_fields=True):
    """`property` must have a value after a write of an `object`. `on`: `create` for what the Create Record form asks,
    else any write. `when`: property -> values; it holds for records alone that have one of these values in each."""

    property: str
    on: Literal["write", "create"] = "write"
    when: dict[str, tuple[str, ...]] = {}
    object: str = "contacts"


class FormatRule(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A rule as `/crm/property-validations` tells it. HubSpot has some for dates beside these."""

    rule_type: RuleType
    rule_arguments: tuple[str, ...] = ()
    should_apply_normalization: bool = False

    def __post_init__(self) -> None:
        """Raises ValueError where the arguments do not go with the type."""
        try:
            self.allows("0")
        except (LookupError, ValueError, re.error) as error:
            raise ValueError(f"{self.rule_type} does not go with {list(self.rule_arguments)} ({error})") from None

    def allows(self, value: str) -> bool:
        return _ALLOWS[self.rule_type](self.rule_arguments, value)


def find_missing(rules: Iterable[Required], record: Mapping[str, str], *, new: bool) -> list[str]:
    """The properties that a record with these values lacks, in the order of the rules."""
    lacking = [
        rule.property
        for rule in rules
        if (new or rule.on == "write")
        and not record.get(rule.property)
        and all(record.get(name, "") in wanted for name, wanted in rule.when.items())
    ]
    return list(dict.fromkeys(lacking))


def check_format(rules: Iterable[FormatRule], check: Check | None) -> Check:
    """`check`, and then these rules."""

    def keep(value: str) -> str:
        kept = check(value) if check is not None else value
        for rule in rules:
            if not rule.allows(kept):
                # The one code that HubSpot has published is INVALID_ALPHA, of ALPHA_ONLY.
                code = "INVALID_ALPHA" if "ALPHA_ONLY" in rule.rule_arguments else f"INVALID_{rule.rule_type}"
                raise Invalid(code, f"The value does not follow the rule {rule.rule_type} of this property.")
        return kept

    return keep


def _is_cased(arguments: tuple[str, ...], value: str) -> bool:
    [case] = arguments
    if case == "CAPITALIZATION":
        return all(not word[0].islower() for word in value.split())
    return value == {"UPPER": value.upper(), "LOWER": value.lower()}[case]


def _is_number(value: str, allows: Callable[[float], bool]) -> bool:
    try:
        return allows(float(value))
    except ValueError:
        return False


def _is_phone(arguments: tuple[str, ...], value: str) -> bool:
    import phonenumbers

    try:
        number = phonenumbers.parse(value, None)
    except phonenumbers.NumberParseException:
        return False
    region = (phonenumbers.region_code_for_number(number) or "").lower()
    return phonenumbers.is_valid_number(number) and arguments in ((), (region,))


def _is_email(value: str) -> bool:
    try:
        return bool(values.email(value))
    except Invalid:
        return False


def _host(url: str) -> str:
    found = _URL.fullmatch(url)
    return found[1].lower() if found else ""


def _mail_host(address: str) -> str:
    return address.rpartition("@")[2].lower()


_ALLOWS: dict[str, Callable[[tuple[str, ...], str], bool]] = {
    "ALPHANUMERIC": lambda given, value: bool(re.fullmatch(_CHARACTERS[given[0]], value)),
    "DECIMAL": lambda given, value: len(value.partition(".")[2]) <= int(given[0]),
    "DOMAIN": lambda given, value: bool(_DOMAIN.fullmatch(value)),
    "EMAIL": lambda given, value: _is_email(value),
    "EMAIL_ALLOWED_DOMAINS": lambda given, value: _mail_host(value) in given,
    "EMAIL_BLOCKED_DOMAINS": lambda given, value: _mail_host(value) not in given,
    "FORMAT": _is_cased,
    "MAX_LENGTH": lambda given, value: len(value) <= int(given[0]),
    "MAX_NUMBER": lambda given, value: _is_number(value, float(given[0]).__ge__),
    "MIN_LENGTH": lambda given, value: len(value) >= int(given[0]),
    "MIN_NUMBER": lambda given, value: _is_number(value, float(given[0]).__le__),
    "PHONE_NUMBER_WITH_EXPLICIT_COUNTRY_CODE": _is_phone,
    "REGEX": lambda given, value: bool(re.fullmatch(given[0], value)),
    "SPECIAL_CHARACTERS": lambda given, value: all(unicodedata.category(each)[0] not in "PS" for each in value),
    "URL": lambda given, value: bool(_host(value)),
    "URL_ALLOWED_DOMAINS": lambda given, value: _host(value) in given,
    "URL_BLOCKED_DOMAINS": lambda given, value: _host(value) not in given,
    "WHITESPACE": lambda given, value: value == ("".join(value.split()) if given != ("TRIM",) else value.strip()),
}
