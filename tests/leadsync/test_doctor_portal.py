"""What `leadsync doctor` says of HubSpot's portal, by what HubSpot tells of it."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from leadcore.config import Config
from leadsync.doctor.portal import (
    judge_date,
    judge_defaults,
    judge_formats,
    judge_properties,
    judge_quota,
    judge_token,
    judge_version,
)
from workers.hubspot.properties import DEFINITIONS
from workers.rules.formats import FormatRule


@pytest.mark.parametrize(
    ("quota", "state"),
    [(None, "fine"), ((90_000, 100_000), "fine"), ((10_000, 100_000), "warning"), ((0, 0), "warning")],
)
def test_the_quota_is_judged(quota: tuple[int, int] | None, state: str) -> None:
    assert judge_quota(quota, 250_000).state == state


def test_where_hubspot_tells_no_quota_that_of_the_settings_is_named() -> None:
    assert "HUBSPOT_REQUESTS_PER_DAY counts: 5,000" in judge_quota(None, 5000).text


@pytest.mark.parametrize(
    ("date", "states"),
    [
        ("Mon, 23 Nov 2026 20:00:00 GMT", ["fine"]),
        ("Mon, 23 Nov 2026 20:00:30 GMT", ["warning"]),
        ("Mon, 23 Nov 2026 19:00:00 GMT", ["wrong"]),
        ("", []),
        ("tomorrow", []),
    ],
)
def test_hubspots_clock_is_judged_by_its_date_header(date: str, states: list[str]) -> None:
    assert [one.state for one in judge_date(date, 1_795_464_000.0)] == states


@pytest.mark.parametrize(
    ("kind", "today", "state", "words"),
    [
        ("service key", date(2027, 9, 1), "fine", "service key"),
        ("legacy private app", date(2026, 11, 28), "fine", "2027-09-01"),
        ("legacy private app", date(2027, 3, 2), "warning", "2027-09-01"),
        ("", date(2027, 9, 1), "fine", "does not say"),
    ],
)
def test_the_kind_of_the_token_is_told_and_when_it_ends(kind: str, today: date, state: str, words: str) -> None:
    finding = judge_token(kind, today)
    assert (finding.state, words in finding.text) == (state, True)


@pytest.mark.parametrize(
    ("version", "today", "states"),
    [
        ("v3", date(2026, 9, 1), ["fine"]),
        ("v3", date(2026, 11, 28), ["warning"]),
        ("v3", date(2027, 3, 29), ["warning", "warning"]),
        ("v3", date(2027, 4, 1), ["wrong", "warning"]),
        ("v3", date(2027, 9, 1), ["wrong", "wrong"]),
        ("2026-03", date(2026, 11, 28), ["fine"]),
        ("2026-03", date(2027, 4, 1), ["warning"]),
        ("2026-09", date(2027, 8, 1), ["fine"]),
        ("2026-09", date(2028, 1, 1), ["warning"]),
    ],
)
def test_half_a_year_before_hubspot_ends_what_is_used_there_is_a_warning(
    version: str, today: date, states: list[str]
) -> None:
    assert [one.state for one in judge_version(version, today)] == states


def definitions(change: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    return [body for body in (one.body() for one in DEFINITIONS) if change(body)]


def test_a_key_that_is_not_unique_is_named() -> None:
    every = definitions(lambda _: True)
    every[0]["hasUniqueValue"] = False
    [finding] = judge_properties(every, Config())
    assert (finding.state, "unique" in finding.text) == ("wrong", True)


def test_a_property_for_which_there_was_no_room_is_a_warning() -> None:
    [finding] = judge_properties(definitions(lambda body: body["name"] != "dealdroid_village"), Config())
    assert (finding.state, "dealdroid_village" in finding.text) == ("warning", True)


def test_what_the_configuration_names_must_exist() -> None:
    config = Config(mapping={"dealdroid_cart": "own_cart", "company": False}, properties={"a.b": "own_field"})
    [finding] = judge_properties(definitions(lambda body: body["name"] != "dealdroid_cart"), config)
    assert (finding.state, "own_cart, own_field" in finding.text) == ("warning", True)


def test_a_property_named_in_the_configuration_that_takes_no_values_is_a_warning() -> None:
    listed = definitions(lambda _: True)
    listed.append({"name": "own_score", "modificationMetadata": {"readOnlyValue": True}})
    [finding] = judge_properties(listed, Config(properties={"a.b": "own_score"}))
    assert (finding.state, "own_score" in finding.text, "read-only" in finding.text) == ("warning", True, True)


@pytest.mark.parametrize(
    ("config", "named"),
    [
        (Config(), ["zip (only digits)"]),
        (Config(mapping={"zip": False}), []),
        (Config(mapping={"zip": "own_zip"}), ["own_zip (at most 4 characters)"]),
        (Config(properties={"a.b": "unused"}), ["zip (only digits)", "unused (a web address)"]),
    ],
)
def test_the_rules_that_what_is_written_may_break_are_named_beforehand(config: Config, named: list[str]) -> None:
    formats = {
        "zip": [FormatRule("ALPHANUMERIC", ("NUMERIC_ONLY",))],
        "own_zip": [FormatRule("MAX_LENGTH", ("4",))],
        "phone": [FormatRule("PHONE_NUMBER_WITH_EXPLICIT_COUNTRY_CODE")],
        "unused": [FormatRule("URL")],
    }
    [finding] = judge_formats(formats, config)
    assert finding.state == ("warning" if named else "fine")
    assert all(one in finding.text for one in named)


@pytest.mark.parametrize(
    ("required", "word"),
    [
        ({"company": "-"}, ""),
        ({"shop": "a"}, ""),
        ({"shop": "c"}, "options: a, b"),
        ({"tax_id": "-"}, "unique"),
        ({"nothing": "-"}, "no such property"),
        ({"score": "1"}, "read-only"),
        ({"wants": "a;b"}, ""),
        ({"wants": "a;c"}, "options: a, b"),
    ],
)
def test_a_value_for_a_required_property_that_cannot_be_sent_is_named(required: dict[str, str], word: str) -> None:
    portal: list[dict[str, Any]] = [
        {"name": "company"},
        {"name": "shop", "options": [{"value": "a"}, {"value": "b"}]},
        {"name": "tax_id", "hasUniqueValue": True},
        {"name": "score", "modificationMetadata": {"readOnlyValue": True}},
        {"name": "wants", "fieldType": "checkbox", "options": [{"value": "a"}, {"value": "b"}]},
    ]
    found = judge_defaults(portal, Config(required=required))
    assert [word in one.text for one in found] == ([True] if word else [])
