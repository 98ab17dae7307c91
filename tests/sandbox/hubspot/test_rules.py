"""What the portal's admin demands: properties with a value, and values of a form."""

import json
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from sandbox.hubspot.rules import FormatRule
from sandbox.hubspot.versions import V3, VERSIONS

KEY = "dealdroid_customer_id"
ZIP = [{"property": "zip"}]
DEMANDING = [version.name for version in VERSIONS if version.enforces_required]


@pytest.fixture
def write(stand: Any) -> Any:
    """Batch way, rows, version -> the answer."""

    def ask(way: str, *rows: dict[str, Any], version: str = "2026-09") -> requests.Response:
        root = "/crm/v3/objects" if version == "v3" else f"/crm/objects/{version}"
        answer: requests.Response = stand.raw(f"{root}/contacts/batch/{way}", json.dumps({"inputs": rows}))
        return answer

    return ask


def test_required_properties_hold_since_2026_09_alone(stand: Any, row: Any, write: Any) -> None:
    assert DEMANDING == ["2026-09"]
    stand.settings(required=ZIP)
    for version in ("v3", "2026-03"):
        assert write("upsert", row(version, firstname="A"), version=version).json()["results"][0]["new"]
    told = write("upsert", row("c1", firstname="A"), row("c2", firstname="B", zip="10110")).json()
    assert [each["objectWriteTraceId"] for each in told["results"]] == ["trace-c2"]
    [error] = told["errors"]
    assert (error["category"], error["context"]["objectWriteTraceId"]) == ("VALIDATION_ERROR", ["trace-c1"])


def test_without_traces_one_row_that_lacks_a_value_refuses_the_whole_batch(stand: Any, row: Any, write: Any) -> None:
    stand.settings(required=ZIP)
    answer = write("upsert", row("c1", firstname="A", traced=False), row("c2", firstname="B", zip="1", traced=False))
    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")
    assert stand.contacts() == {}


def test_a_value_that_the_record_has_already_need_not_be_sent_again(stand: Any, row: Any, write: Any) -> None:
    stand.settings(required=ZIP)
    made = write("upsert", row("c1", firstname="A", zip="10110")).json()["results"][0]["id"]
    update = {"id": made, "objectWriteTraceId": "1", "properties": {"city": "X"}}
    assert "errors" not in write("update", update).json()
    cleared = write("update", {**update, "properties": {"zip": ""}})
    assert cleared.json()["numErrors"] == 1
    assert stand.contacts()["c1"]["properties"]["zip"] == "10110"


def test_an_update_of_a_record_that_lacks_a_value_is_refused_unless_it_brings_one(
    stand: Any, row: Any, write: Any
) -> None:
    made = write("upsert", row("c1", firstname="A")).json()["results"][0]["id"]
    stand.settings(required=ZIP)
    own = {"Authorization": "Bearer t"}
    url = f"{stand.url}/crm/objects/2026-09/contacts/{made}"
    for properties, status in (({"city": "X"}, 400), ({"city": "X", "zip": "10110"}, 200)):
        answer = requests.patch(url, json={"properties": properties}, headers=own, timeout=5)
        assert answer.status_code == status


def test_the_create_record_form_asks_at_creation_alone(stand: Any, row: Any, write: Any) -> None:
    old = write("upsert", row("old", firstname="A")).json()["results"][0]["id"]
    stand.settings(required=[{"property": "zip", "on": "create"}])
    assert write("upsert", row("old", city="X")).json()["results"][0]["id"] == old
    assert write("update", {"id": old, "properties": {"city": "Y"}}).status_code == 200
    for way, refused in (
        ("upsert", row("new", firstname="B")),
        ("create", {"objectWriteTraceId": "1", "properties": {"firstname": "B"}}),
    ):
        assert (write(way, refused).json()["results"], len(stand.contacts())) == ([], 1)


def test_a_conditional_property_is_asked_where_the_condition_holds(stand: Any, row: Any, write: Any) -> None:
    stand.settings(required=[{"property": "company", "when": {"lifecyclestage": ["opportunity", "customer"]}}])
    assert write("upsert", row("c1", firstname="A")).json()["results"][0]["new"]
    assert write("upsert", row("c1", lifecyclestage="customer")).json()["numErrors"] == 1
    assert write("upsert", row("c1", city="X")).json()["results"][0]["properties"]["city"] == "X"
    assert "errors" not in write("upsert", row("c1", lifecyclestage="customer", company="C")).json()
    stand.settings(required=[{"property": "zip", "when": {"lifecyclestage": ["customer"], "city": ["X"]}}])
    assert write("upsert", row("c1", state="S")).json()["numErrors"] == 1
    assert "errors" not in write("upsert", row("c1", city="Y")).json()


def test_a_condition_sees_the_stage_that_a_new_contact_is_given(stand: Any, row: Any, write: Any) -> None:
    stand.settings(required=[{"property": "zip", "when": {"lifecyclestage": ["lead"]}}])
    assert write("upsert", row("c1", firstname="A")).json()["numErrors"] == 1


def test_a_refused_row_holds_no_email_against_the_others(stand: Any, row: Any, write: Any) -> None:
    stand.settings(required=ZIP)
    told = write("upsert", row("c1", email="a@example.com"), row("c2", email="a@example.com", zip="1")).json()
    assert [each["objectWriteTraceId"] for each in told["results"]] == ["trace-c2"]


@pytest.mark.parametrize(
    ("form", "words", "named"),
    [
        ("context", "required properties were not set", "context"),
        ("codes", "required properties are missing", "errors"),
        ("values", '"name":"zip"', "message"),
        ("names", "missing: zip", "message"),
        ("labels", "missing: Postal Code", ""),
        ("silent", "requirements of this account", ""),
    ],
)
@pytest.mark.parametrize("traced", [True, False])
def test_what_a_refusal_says_can_be_chosen(
    stand: Any, row: Any, write: Any, form: str, words: str, named: str, traced: bool
) -> None:
    stand.settings(required=ZIP, required_body=form)
    answer = write("upsert", row("c1", firstname="A", traced=traced))
    told = answer.json()["errors"][0] if traced else answer.json()
    assert (answer.status_code, told["category"]) == (200 if traced else 400, "VALIDATION_ERROR")
    assert words in told["message"]
    assert {name for name in ("context", "errors", "message") if "zip" in json.dumps(told.get(name))} >= (
        {named} if named else set()
    )
    if not named:
        assert "zip" not in json.dumps(told)


def test_a_salesperson_is_not_asked(stand: Any) -> None:
    """The control API plays people; what the API demands is no business of theirs."""
    stand.settings(required=ZIP)
    assert stand.control("POST", "contacts", {"properties": {"firstname": "A"}})["id"]


RULES = {
    "zip": [{"ruleType": "ALPHANUMERIC", "ruleArguments": ["NUMERIC_ONLY"]}],
    "firstname": [{"ruleType": "MAX_LENGTH", "ruleArguments": ["5"]}, {"ruleType": "WHITESPACE"}],
}


@pytest.mark.parametrize("version", [version.name for version in VERSIONS])
def test_format_rules_can_be_read(stand: Any, version: str) -> None:
    stand.settings(formats=RULES, scopes=["crm.objects.contacts.read"])
    root = "/crm/v3/property-validations" if version == V3.name else f"/crm/property-validations/{version}"
    own = {"Authorization": "Bearer t"}

    def read(path: str) -> Any:
        return requests.get(f"{stand.url}{root}/{path}", headers=own, timeout=5).json()["results"]

    found = {each["propertyName"]: each["propertyValidationRules"] for each in read("0-1")}
    assert [rule["ruleType"] for rule in found["firstname"]] == ["MAX_LENGTH", "WHITESPACE"]
    assert found["zip"] == read("0-1/zip")
    assert found["zip"][0]["ruleArguments"] == ["NUMERIC_ONLY"]
    assert (read("0-1/city"), read("0-123")) == ([], [])


@pytest.mark.parametrize("version", [version.name for version in VERSIONS])
def test_format_rules_are_enforced_on_every_write(stand: Any, row: Any, write: Any, version: str) -> None:
    stand.settings(formats=RULES)
    told = write("upsert", row("c1", firstname="A", zip="SW1A"), row("c2", firstname="B"), version=version).json()
    assert [each["objectWriteTraceId"] for each in told["results"]] == ["trace-c2"]
    listed = json.loads(told["errors"][0]["message"].removeprefix("Property values were not valid: "))
    assert [(each["name"], each["error"], each["isValid"]) for each in listed] == [
        ("zip", "INVALID_ALPHANUMERIC", False)
    ]
    made = stand.contacts()["c2"]["id"]
    long = {"id": made, "objectWriteTraceId": "1", "properties": {"firstname": "longer"}}
    assert write("update", long, version=version).json()["numErrors"] == 1
    assert "errors" not in write("update", {**long, "properties": {"firstname": ""}}, version=version).json()


def test_rules_for_properties_do_not_tell_which_are_required(stand: Any) -> None:
    stand.settings(required=ZIP)
    own = {"Authorization": "Bearer t"}
    answer = requests.get(f"{stand.url}/crm/property-validations/2026-09/0-1", headers=own, timeout=5)
    assert answer.json() == {"results": []}


@pytest.mark.parametrize(
    ("kind", "arguments", "good", "bad"),
    [
        ("ALPHANUMERIC", ["ALPHANUMERIC"], ["a1"], ["a-1", "a 1", "ก"]),
        ("ALPHANUMERIC", ["ALPHA_ONLY"], ["Ann"], ["Ann1", "อ"]),
        ("ALPHANUMERIC", ["NUMERIC_ONLY"], ["0812"], ["+66", "1 2"]),
        ("DECIMAL", ["2"], ["1", "1.25"], ["1.125"]),
        ("DOMAIN", [], ["example.com"], ["example", "http://example.com"]),
        ("EMAIL", [], ["a@example.com"], ["a"]),
        ("EMAIL_ALLOWED_DOMAINS", ["example.com"], ["a@Example.com"], ["a@example.org"]),
        ("EMAIL_BLOCKED_DOMAINS", ["example.com"], ["a@example.org"], ["a@example.com"]),
        ("FORMAT", ["UPPER"], ["A1"], ["a"]),
        ("FORMAT", ["LOWER"], ["a1"], ["A"]),
        ("FORMAT", ["CAPITALIZATION"], ["Ann Lee", "สมชาย"], ["ann Lee"]),
        ("MAX_LENGTH", ["3"], ["abc"], ["abcd"]),
        ("MIN_LENGTH", ["3"], ["abc"], ["ab"]),
        ("MAX_NUMBER", ["10"], ["10"], ["10.5", "x"]),
        ("MIN_NUMBER", ["10"], ["10"], ["9", "x"]),
        ("PHONE_NUMBER_WITH_EXPLICIT_COUNTRY_CODE", [], ["+66812345678"], ["0812345678", "+6681"]),
        ("PHONE_NUMBER_WITH_EXPLICIT_COUNTRY_CODE", ["th"], ["+66812345678"], ["+14155552671"]),
        ("REGEX", ["[A-Z]+", "capitals"], ["AB"], ["Ab", "ABc"]),
        ("SPECIAL_CHARACTERS", ["NOT_ALLOWED"], ["Ann Lee", "สมชาย"], ["Ann!", "a+b"]),
        ("URL", [], ["https://example.com/a"], ["example.com"]),
        ("URL_ALLOWED_DOMAINS", ["example.com"], ["https://example.com"], ["https://example.org"]),
        ("URL_BLOCKED_DOMAINS", ["example.com"], ["https://example.org"], ["https://example.com"]),
        ("WHITESPACE", [], ["ab"], ["a b", " ab"]),
        ("WHITESPACE", ["TRIM"], ["a b"], [" ab", "ab "]),
    ],
)
def test_each_rule_takes_and_refuses(kind: Any, arguments: list[str], good: list[str], bad: list[str]) -> None:
    rule = FormatRule(kind, tuple(arguments))
    assert all(rule.allows(value) for value in good)
    assert not any(rule.allows(value) for value in bad)


@given(st.sampled_from(["DECIMAL", "DOMAIN", "EMAIL", "URL", "MAX_NUMBER", "WHITESPACE"]), st.text())
def test_any_text_is_allowed_or_not(kind: Any, text: str) -> None:
    arguments = ("2",) if kind in ("DECIMAL", "MAX_NUMBER") else ()
    assert FormatRule(kind, arguments).allows(text) in (True, False)


@pytest.mark.parametrize(
    "rule",
    [
        {"ruleType": "NOPE"},
        {"ruleType": "MIN_LENGTH"},
        {"ruleType": "MIN_LENGTH", "ruleArguments": ["x"]},
        {"ruleType": "FORMAT", "ruleArguments": ["x"]},
        {"ruleType": "ALPHANUMERIC", "ruleArguments": ["x"]},
        {"ruleType": "REGEX", "ruleArguments": ["("]},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(stand: Any, rule: dict[str, Any]) -> None:
    answer = stand.raw("/_sandbox/settings", json.dumps({"formats": {"zip": [rule]}}))
    assert answer.status_code == 400
    assert stand.control("GET", "state")["settings"]["formats"] == {}
