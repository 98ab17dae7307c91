"""Pure: the portal's rules for the form of values, and whether ours may break them. HubSpot tells these beforehand,
unlike which properties are required. Kinds and arguments: HubSpot's guide to its property validations API."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import phonenumbers


@dataclass(frozen=True, slots=True)
class FormatRule:
    """`normalized`: HubSpot first changes a value to the form that the rule wants, where it can."""

    kind: str
    arguments: tuple[str, ...] = ()
    normalized: bool = False

    def __str__(self) -> str:
        text = _TEXTS.get(self.kind) or _CHARACTERS.get("".join(self.arguments), ("", ""))[0]
        return text.format(", ".join(self.arguments)) if text else f"{self.kind} {' '.join(self.arguments)}".strip()

    def is_broken_by(self, value: str) -> bool | None:
        """Whether HubSpot would refuse `value`, None if that cannot be told here."""
        if self.normalized and self.kind in ("FORMAT", "WHITESPACE"):
            return False
        judge = _JUDGES.get(self.kind)
        try:
            return judge(self.arguments, value) if judge else None
        except (IndexError, ValueError):
            return None


def read_formats(results: Iterable[Mapping[str, Any]]) -> dict[str, list[FormatRule]]:
    """HubSpot's name of a property -> its rules, from the answer of the property validations API."""
    found: dict[str, list[FormatRule]] = {}
    for one in results:
        rules = one.get("propertyValidationRules")
        for rule in rules if isinstance(rules, list) else ():
            if isinstance(rule, dict) and rule.get("ruleType"):
                arguments = rule.get("ruleArguments")
                given = tuple(map(str, arguments)) if isinstance(arguments, list) else ()
                normalized = rule.get("shouldApplyNormalization") is True
                found.setdefault(str(one.get("propertyName")), []).append(
                    FormatRule(str(rule["ruleType"]), given, normalized)
                )
    return found


def may_be_broken(name: str, rule: FormatRule) -> bool:
    """Whether what this system writes to our property `name` may break the rule."""
    return any(rule.is_broken_by(value) is not False for value in _SAMPLES.get(name, _ANYTHING))


# Examples of what is written: the extremes of each property's form.
_PHONES = ("+66812345678", "+4930123456", "+14155550123")
_ANYTHING = ("ก", "Some words, 1/2 (a-b)", "x" * 1000)
_SAMPLES: Mapping[str, tuple[str, ...]] = {
    "phone": _PHONES,
    "mobilephone": _PHONES,
    "email": ("a@b.co", f"first.last+{'x' * 50}@{'y' * 60}.example.com"),
    "zip": ("10500", "SW1A 1AA"),
    "country": ("Thailand", "United Kingdom"),
    "dealdroid_cart_total": ("0", "1234567.89"),
}

_TEXTS: Mapping[str, str] = {
    "MAX_LENGTH": "at most {} characters",
    "MIN_LENGTH": "at least {} characters",
    "MAX_NUMBER": "at most {}",
    "MIN_NUMBER": "at least {}",
    "DECIMAL": "at most {} decimal places",
    "FORMAT": "case: {}",
    "SPECIAL_CHARACTERS": "no special characters",
    "WHITESPACE": "no surplus whitespace",
    "PHONE_NUMBER_WITH_EXPLICIT_COUNTRY_CODE": "an international phone number {}",
    "EMAIL": "an email address",
    "EMAIL_ALLOWED_DOMAINS": "only addresses at {}",
    "EMAIL_BLOCKED_DOMAINS": "no addresses at {}",
    "URL": "a web address",
    "DOMAIN": "a domain",
    "REGEX": "a pattern: {}",
}
_CHARACTERS: Mapping[str, tuple[str, Callable[[str], bool]]] = {
    "NUMERIC_ONLY": ("only digits", str.isdigit),
    "ALPHA_ONLY": ("only letters", str.isalpha),
    "ALPHANUMERIC": ("only letters and digits", str.isalnum),
}


def _has_other_characters(arguments: tuple[str, ...], value: str) -> bool | None:
    _, is_fine = _CHARACTERS.get("".join(arguments), ("", None))
    if is_fine is None or (is_fine(value) and not value.isascii()):
        # Whether HubSpot takes letters that are not ASCII is not known.
        return None
    return not is_fine(value)


def _has_special_characters(_arguments: tuple[str, ...], value: str) -> bool | None:
    if any(each.isascii() and not (each.isalnum() or each.isspace()) for each in value):
        return True
    # Nor is that of other signs: those of vowels and tones are no letters to Python.
    return None if not all(each.isalnum() or each.isspace() for each in value) else False


def _has_other_case(arguments: tuple[str, ...], value: str) -> bool | None:
    forms = {"UPPER": value.upper(), "LOWER": value.lower()}
    if arguments[0] == "CAPITALIZATION":
        return any(word[0].islower() for word in value.split())
    return value != forms[arguments[0]] if arguments[0] in forms else None


def _is_no_phone(arguments: tuple[str, ...], value: str) -> bool:
    try:
        number = phonenumbers.parse(value, None)
    except phonenumbers.NumberParseException:
        return True
    region = (phonenumbers.region_code_for_number(number) or "").lower()
    return bool(arguments) and region not in map(str.lower, arguments)


def _is_beyond(value: str, limit: str, *, above: bool) -> bool:
    number, bound = float(value), float(limit)
    return not math.isfinite(number) or (number > bound if above else number < bound)


def _host(address: str) -> str:
    return address.rpartition("@")[2].lower()


_JUDGES: Mapping[str, Callable[[tuple[str, ...], str], bool | None]] = {
    "ALPHANUMERIC": _has_other_characters,
    "DECIMAL": lambda given, value: len(value.partition(".")[2]) > int(given[0]),
    "EMAIL": lambda given, value: None if "@" in value else True,
    "EMAIL_ALLOWED_DOMAINS": lambda given, value: _host(value) not in map(str.lower, given),
    "EMAIL_BLOCKED_DOMAINS": lambda given, value: _host(value) in map(str.lower, given),
    "FORMAT": _has_other_case,
    "MAX_LENGTH": lambda given, value: len(value) > int(given[0]),
    "MAX_NUMBER": lambda given, value: _is_beyond(value, given[0], above=True),
    "MIN_LENGTH": lambda given, value: len(value) < int(given[0]),
    "MIN_NUMBER": lambda given, value: _is_beyond(value, given[0], above=False),
    "PHONE_NUMBER_WITH_EXPLICIT_COUNTRY_CODE": _is_no_phone,
    "SPECIAL_CHARACTERS": _has_special_characters,
    "WHITESPACE": lambda given, value: value != (value.strip() if given == ("TRIM",) else "".join(value.split())),
}
