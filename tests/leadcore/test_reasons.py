"""Reasons are codes with values: each has its texts in every language, and what older versions stored is still said."""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadcore import reasons
from leadcore.reasons import english, modernize, parse, reason, render, split_topic
from leadcore.store.parked import ENDS_DISCARDED
from leadcore.texts import en, th
from tests.conftest import ROOT

THAI = re.compile(r"[\u0e00-\u0e7f]")
PRODUCTION = ("leadcore", "receiver", "workers", "leadsync")
TABLES = ("REASONS", "FIXES", "HINTS", "PAUSES", "KEPT", "PROBLEMS")
# Sentences of receipts of version 0.1.0, and what the console said of each in English and in Thai.
OLD: Mapping[str, list[str]] = json.loads((Path(__file__).parent / "old_reasons.json").read_text())


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def calls() -> Iterator[tuple[str, str, set[str | None]]]:
    """Every call of `reason` in the product: its place, the code and the names of the values."""
    for package in PRODUCTION:
        for file in sorted((ROOT / package).rglob("*.py")):
            text = file.read_text()
            for node in ast.walk(ast.parse(text)) if "reason(" in text else ():
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Name)
                    and node.func.id in ("reason", "make_reason")
                    and node.args
                    and file.name != "reasons.py"
                ):
                    code = node.args[0].value if isinstance(node.args[0], ast.Constant) else ast.unparse(node.args[0])
                    yield f"{file.relative_to(ROOT)}:{node.lineno}", code, {one.arg for one in node.keywords}


CALLS = list(calls())


@pytest.mark.parametrize("table", TABLES)
def test_both_languages_say_the_same_things(table: str) -> None:
    english, thai = getattr(en, table), getattr(th, table)
    assert english.keys() == thai.keys()
    for code, text in english.items():
        assert next(placeholders(form) for form in text.split("|")) == placeholders(thai[code])
        assert THAI.search(thai[code]) or text == en.ANY, code


@pytest.mark.parametrize(("place", "code", "values"), CALLS)
def test_every_reason_has_its_texts_and_a_value_for_each_of_their_placeholders(
    place: str, code: str, values: set[str | None]
) -> None:
    """A code stands where it is used, so that it can be found."""
    assert code in en.REASONS, place
    assert values == placeholders(en.REASONS[code])


@pytest.mark.parametrize("code", en.FIXES)
def test_a_retry_is_advised_unless_what_waits_ends_discarded(code: str) -> None:
    assert bool(re.search(r"\bretry\b", en.FIXES[code], re.IGNORECASE)) is (code not in ENDS_DISCARDED)


def test_no_code_is_unused() -> None:
    assert {code for _, code, _ in CALLS} == {*en.REASONS}


def test_the_other_tables_know_only_codes_that_exist() -> None:
    assert {*en.HINTS} - {""} <= {*en.REASONS}
    assert {*en.CONSOLE_REASONS} <= {*en.REASONS}
    assert all(placeholders(text) == placeholders(en.REASONS[code]) for code, text in en.CONSOLE_REASONS.items())
    assert {*en.REMEDIES} == {*en.PROBLEMS}


@pytest.mark.parametrize("sentence", OLD)
def test_what_older_versions_stored_is_still_said_in_both_languages(sentence: str) -> None:
    assert english(sentence) == sentence
    _, alone = split_topic(sentence)
    said = th.FORMER_REASONS.get(sentence) or render(alone, th.REASONS)
    translated = OLD[sentence][1]
    assert said == translated if THAI.search(translated) else THAI.search(said)


@pytest.mark.parametrize("sentence", OLD)
def test_what_older_versions_stored_counts_as_the_present_code(sentence: str) -> None:
    topic, alone = split_topic(modernize(f"row: {sentence}"))
    if sentence not in en.FORMER_REASONS and not sentence.startswith("dry run"):
        assert (topic, parse(alone).code in en.REASONS, " " in alone) == ("row", True, "{" in alone)
    assert english(f"row: {sentence}") == f"row: {sentence}"


@pytest.mark.parametrize("code", sorted(reasons.NEED_RESTART))
def test_what_ends_only_with_a_restart_of_the_workers_says_so(code: str) -> None:
    assert "restart the workers" in en.PAUSES[code]
    assert "รีสตาร์ต worker" in th.PAUSES[code]


@pytest.mark.parametrize("table", [*TABLES, "REMEDIES"])
def test_whoever_is_sent_to_the_configuration_is_told_to_restart_the_workers(table: str) -> None:
    """They read it once, at their start."""
    for code, text in getattr(en, table).items():
        if "leadsync.toml" in text and "Nothing to do" not in text:
            assert "restart the workers" in text, code
            assert "รีสตาร์ต worker" in getattr(th, table, {}).get(code, "รีสตาร์ต worker"), code


def test_a_reason_is_stored_as_its_code_and_its_values() -> None:
    locked = reason("contact_locked")
    given_up = reason("given_up", why=reason("hubspot_answered", status=503), tries=12)
    assert locked == "contact_locked"
    assert parse(given_up) == ("given_up", {"why": 'hubspot_answered {"status":503}', "tries": 12})
    assert english(f"row: {given_up}") == "row: HubSpot is not available (status 503).; given up after 12 tries"
    assert modernize(f"row: {english(given_up)}") == f"row: {given_up}"


@pytest.mark.parametrize("code", en.REASONS)
def test_an_older_process_finds_what_the_reason_is_about(code: str) -> None:
    """It takes what stands before the first colon and blank, and shows the rest as it is."""
    values: dict[str, Any] = dict.fromkeys(placeholders(en.REASONS[code]), 7)
    for topic in ("row", "dry run", "interrupted"):
        stored = f"{topic}: {reason(code, **values)}"
        assert stored.partition(": ") == (topic, ": ", reason(code, **values))
        assert split_topic(stored) == (topic, reason(code, **values))
    assert ": " not in reason(code, **values)


@pytest.mark.parametrize(
    "stored",
    ["a_code_to_come", 'given_up {"new":1}', "given_up {", "given_up [1]", 'contact_locked {"x":[]}', "", "x y"],
)
def test_what_is_unknown_is_shown_as_it_stands(stored: str) -> None:
    assert english(stored) == modernize(stored) == stored
    assert render(stored, th.REASONS) == stored


def test_a_value_of_any_kind_can_be_stored_and_shown() -> None:
    """HubSpot may give any text for the code of an error."""
    for code in ("\ud800", "ก", "a: b", '"', "}", "{0}"):
        stored = f"row: {reason('value_refused', code=code)}"
        assert stored.isascii()
        assert english(stored).startswith("row: ")
        assert split_topic(stored)[0] == "row"


@given(st.text(max_size=40) | st.from_regex(r"[a-z_]{1,9}(: [a-z_]{1,9})?( \{.{0,20})?", fullmatch=True))
def test_any_text_can_be_shown(stored: str) -> None:
    assert english(stored) is not None
    assert modernize(modernize(stored)) == modernize(stored)


def test_values_are_names_counts_ids_and_codes() -> None:
    """Never what a customer said: whoever adds a kind of value thinks of it here."""
    known = {
        "code", "currency", "days", "error", "fields", "high", "kind", "lines", "low", "minutes", "most", "name",
        "names", "others", "pipeline", "properties", "property", "rule", "scope", "scopes", "stage", "status", "tries",
        "why",
    }  # fmt: skip
    assert {name for text in en.REASONS.values() for name in placeholders(text)} == known
    assert reasons.NO_REASON == ""


@pytest.mark.parametrize("texts", [en, th])
def test_status_alert_and_console_say_the_same_of_a_refused_token(texts: Any) -> None:
    """A worker reads its token once, so what leaves out the restart lets an operator wait in vain."""
    assert texts.REASONS["token_refused"] == texts.PAUSES["unauthorized"]
    assert re.search(r"restart the workers|รีสตาร์ต worker", texts.PAUSES["unauthorized"])
