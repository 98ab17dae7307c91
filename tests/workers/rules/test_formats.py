"""Rules for the form of values: which ours break, and which they may."""

from typing import Any

import pytest

from sandbox.hubspot.rules import FormatRule as Enforced
from workers.rules.formats import FormatRule, may_be_broken, read_formats

VALUES = ("+66812345678", "10500", "Ann Lee", "ANN", "ann", "a@b.co", "a-b", " x ", "12.345", "นก", "a@blocked.example")
RULES = [
    ("ALPHANUMERIC", "NUMERIC_ONLY"), ("ALPHANUMERIC", "ALPHA_ONLY"), ("ALPHANUMERIC", "ALPHANUMERIC"),
    ("MAX_LENGTH", "5"), ("MIN_LENGTH", "4"), ("MAX_NUMBER", "20"), ("MIN_NUMBER", "20"), ("DECIMAL", "2"),
    ("FORMAT", "UPPER"), ("FORMAT", "LOWER"), ("FORMAT", "CAPITALIZATION"), ("SPECIAL_CHARACTERS", "NOT_ALLOWED"),
    ("WHITESPACE",), ("WHITESPACE", "TRIM"), ("EMAIL",), ("EMAIL_ALLOWED_DOMAINS", "b.co"),
    ("EMAIL_BLOCKED_DOMAINS", "blocked.example"), ("PHONE_NUMBER_WITH_EXPLICIT_COUNTRY_CODE",),
    ("PHONE_NUMBER_WITH_EXPLICIT_COUNTRY_CODE", "th"), ("PHONE_NUMBER_WITH_EXPLICIT_COUNTRY_CODE", "us"),
    ("REGEX", "^[A-Z]+$", "Must be uppercase"), ("URL",), ("DOMAIN",), ("URL_ALLOWED_DOMAINS", "b.co"),
]  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=" ".join)
@pytest.mark.parametrize("value", VALUES)
def test_no_value_is_called_fine_or_broken_that_the_stand_in_judges_otherwise(
    value: str, rule: tuple[str, ...]
) -> None:
    broken = FormatRule(rule[0], rule[1:]).is_broken_by(value)
    assert broken is None or broken is not Enforced(rule[0], rule[1:]).allows(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "rule", "may"),
    [
        ("phone", FormatRule("PHONE_NUMBER_WITH_EXPLICIT_COUNTRY_CODE"), False),
        ("phone", FormatRule("PHONE_NUMBER_WITH_EXPLICIT_COUNTRY_CODE", ("us",)), True),
        ("phone", FormatRule("ALPHANUMERIC", ("NUMERIC_ONLY",)), True),
        ("phone", FormatRule("MAX_LENGTH", ("20",)), False),
        ("phone", FormatRule("MAX_LENGTH", ("10",)), True),
        ("zip", FormatRule("ALPHANUMERIC", ("NUMERIC_ONLY",)), True),
        ("firstname", FormatRule("MIN_LENGTH", ("2",)), True),
        ("firstname", FormatRule("FORMAT", ("CAPITALIZATION",)), True),
        ("firstname", FormatRule("FORMAT", ("CAPITALIZATION",), normalized=True), False),
        ("dealdroid_cart_total", FormatRule("MIN_NUMBER", ("0",)), False),
        ("dealdroid_cart_total", FormatRule("DECIMAL", ("2",)), False),
        ("email", FormatRule("EMAIL_BLOCKED_DOMAINS", ("rival.example",)), False),
        ("anything", FormatRule("A_NEW_KIND"), True),
        ("anything", FormatRule("MAX_LENGTH", ("many",)), True),
        ("anything", FormatRule("MAX_LENGTH"), True),
    ],
)
def test_a_rule_that_no_value_of_ours_can_break_is_no_concern(name: str, rule: FormatRule, *, may: bool) -> None:
    assert may_be_broken(name, rule) is may


def test_whether_thai_signs_are_special_characters_is_not_known() -> None:
    rule = FormatRule("SPECIAL_CHARACTERS", ("NOT_ALLOWED",))
    assert rule.is_broken_by("ที่น้ำ") is None
    assert (rule.is_broken_by("ที่-น้ำ"), rule.is_broken_by("นก")) == (True, False)


def test_the_rules_are_read_whatever_is_missing() -> None:
    results: list[dict[str, Any]] = [
        {"propertyName": "zip", "propertyValidationRules": [{"ruleType": "MAX_LENGTH", "ruleArguments": ["5"]}, {}, 7]},
        {"propertyName": "city", "propertyValidationRules": [{"ruleType": "URL", "shouldApplyNormalization": True}]},
        {"propertyName": "state", "propertyValidationRules": None},
        {},
    ]
    assert read_formats(results) == {
        "zip": [FormatRule("MAX_LENGTH", ("5",))],
        "city": [FormatRule("URL", (), normalized=True)],
    }


@pytest.mark.parametrize("rule", [*RULES, ("A_NEW_KIND", "x"), ("ALPHANUMERIC", "A_NEW_SET")], ids=" ".join)
def test_every_rule_can_be_told_to_people(rule: tuple[str, ...]) -> None:
    assert str(FormatRule(rule[0], rule[1:]))
