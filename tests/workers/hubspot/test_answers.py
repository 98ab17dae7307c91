"""HubSpot's answers as its page and captured ones show them, whole, cut short and beyond recognition."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.hubspot.answers import Answer, raise_line_down, retry_after
from workers.hubspot.errors import classify, invalid_fields
from workers.hubspot.outcomes import (
    Again,
    Conflict,
    Gone,
    LineDown,
    Outcome,
    Refused,
    Row,
    Wait,
    Written,
)
from workers.hubspot.writes import outcomes

KEY = "dealdroid_customer_id"
A, B, C = (
    Row("trace-a", "cust-A", {"email": "a@example.com", "city": "Bangkok"}),
    Row("trace-b", "cust-B", {"email": "b@example.com"}),
    Row("trace-c", "cust-C", {"phone": "+66812345678"}),
)
NO_ANSWER = Wait("HubSpot gave no answer for this lead")


def answer(status: int, body: Any, **headers: str) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw)


def result(contact: str, row: Row, **more: Any) -> dict[str, Any]:
    return {"id": contact, "properties": {KEY: row.id}, "objectWriteTraceId": row.trace, "new": False, **more}


def one(status: int, body: Any, row: Row = A) -> Outcome:
    return outcomes(answer(status, body), [row], KEY)[row.trace]


# 200


def test_shuffled_results_find_their_rows_by_trace() -> None:
    body = {"status": "COMPLETE", "results": [result("3", C, new=True), result("1", A), result("2", B)]}
    assert outcomes(answer(200, body), [A, B, C], KEY) == {
        "trace-a": Written("1", False),
        "trace-b": Written("2", False),
        "trace-c": Written("3", True),
    }


@pytest.mark.parametrize("trace", [{}, {"objectWriteTraceId": None}, {"objectWriteTraceId": "somebody else's"}])
def test_results_without_our_trace_are_found_by_the_unique_property(trace: dict[str, Any]) -> None:
    body = {"results": [{"id": "2", "properties": {KEY: "cust-B"}, **trace}, {"id": 1, "properties": {KEY: "cust-A"}}]}
    assert outcomes(answer(200, body), [A, B], KEY) == {"trace-a": Written("1"), "trace-b": Written("2")}


def test_results_of_an_update_are_found_by_contact_id() -> None:
    rows = [Row("t1", "501", {"city": "x"}), Row("t2", "502", {"city": "y"})]
    body = {"results": [{"id": "502", "properties": {}}, {"id": "501"}]}
    assert outcomes(answer(200, body), rows, "") == {"t1": Written("501"), "t2": Written("502")}


@pytest.mark.parametrize("new", [None, "true", 1, "missing"])
def test_whether_a_contact_is_new_is_not_guessed(new: Any) -> None:
    said = {} if new == "missing" else {"new": new}
    body = {"results": [{"id": "1", "objectWriteTraceId": "trace-a", **said}]}
    assert one(200, body) == Written("1", None)


def test_an_input_without_an_answer_is_not_a_success() -> None:
    assert outcomes(answer(200, {"results": [result("1", A)]}), [A, B], KEY)["trace-b"] == NO_ANSWER


@pytest.mark.parametrize("bad", [{}, {"id": ""}, {"id": None}, {"id": "9", "properties": None}, None, "9", []])
def test_a_result_that_names_nobody_is_nobodys_success(bad: Any) -> None:
    body = {"results": [bad, result("1", A)]}
    assert outcomes(answer(200, body), [A, B], KEY) == {"trace-a": Written("1", False), "trace-b": NO_ANSWER}


@pytest.mark.parametrize("trace", [["trace-a"], {"x": 1}])
def test_a_trace_of_another_type_is_no_trace(trace: Any) -> None:
    assert one(200, {"results": [result("1", A, objectWriteTraceId=trace)]}) == Written("1", False)


@pytest.mark.parametrize("body", [{"status": "COMPLETE", "results": []}, {"status": "COMPLETE"}, {"results": None}])
def test_a_batch_without_any_answer_is_no_success(body: Any) -> None:
    with pytest.raises(LineDown) as down:
        outcomes(answer(200, body), [A, B], KEY)
    assert down.value.code == "empty_answer"


def test_a_lead_alone_without_an_answer_stops_the_line_too() -> None:
    """Whether it is HubSpot or this lead is for the probe to find out."""
    with pytest.raises(LineDown, match="without a result"):
        one(200, {"status": "COMPLETE", "results": [], "errors": []})


# 207


def test_good_rows_are_written_and_bad_ones_have_their_reason() -> None:
    invalid = json.dumps([{"isValid": False, "message": "b@@ is invalid", "error": "INVALID_EMAIL", "name": "email"}])
    body = {
        "numErrors": 2,
        "results": [result("1", A, new=True)],
        "errors": [
            {
                "status": "error",
                "category": "VALIDATION_ERROR",
                "message": f"Property values were not valid: {invalid}",
                "context": {"objectWriteTraceId": ["trace-b"]},
            },
            {
                "status": "error",
                "category": "CONFLICT",
                "message": "Contact already exists. Existing ID: 123",
                "context": {"objectWriteTraceId": ["trace-c"], "existingId": ["123"]},
            },
        ],
    }
    assert outcomes(answer(207, body), [A, B, C], KEY) == {
        "trace-a": Written("1", True),
        "trace-b": Refused({"email": "HubSpot does not accept this email address"}, "HubSpot refused some values"),
        "trace-c": Conflict("", "123"),
    }


def test_an_error_may_name_several_rows() -> None:
    error = {"category": "VALIDATION_ERROR", "context": {"objectWriteTraceId": ["trace-a", "trace-b"]}}
    found = outcomes(answer(207, {"results": [result("3", C)], "errors": [error]}), [A, B, C], KEY)
    assert found["trace-a"] == found["trace-b"] == Refused({}, "HubSpot refused this contact")
    assert found["trace-c"] == Written("3", False)


@pytest.mark.parametrize(
    "context", [None, {}, [], "x", {"objectWriteTraceId": None}, {"objectWriteTraceId": ["other"]}]
)
def test_an_error_that_names_no_row_of_ours_is_blamed_on_nobody(context: Any) -> None:
    body = {"results": [result("1", A)], "errors": [{"category": "VALIDATION_ERROR", "context": context}]}
    assert outcomes(answer(207, body), [A, B, C], KEY) == {
        "trace-a": Written("1", False),
        "trace-b": NO_ANSWER,
        "trace-c": NO_ANSWER,
    }


def test_an_error_without_a_row_belongs_to_the_only_row() -> None:
    assert one(207, {"errors": [{"category": "CONFLICT", "message": "Contact already exists."}]}) == Conflict("", "")


def test_a_row_that_was_written_is_written_whatever_an_error_says_of_it() -> None:
    error = {"category": "VALIDATION_ERROR", "context": {"objectWriteTraceId": ["trace-a"]}}
    assert one(207, {"results": [result("1", A)], "errors": [error]}) == Written("1", False)


# One error, as a row of a 207 or as a whole answer


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        ({"category": "CONFLICT", "message": "Contact already exists. Existing ID: 123"}, Conflict("", "123")),
        ({"status": "409", "message": "Contact already exists"}, Conflict("", "")),
        ({"status": "409"}, Conflict("", "")),
        ({"category": "CONFLICT"}, Conflict("", "")),
        ({"category": "CONFLICT", "context": {"existingId": ["77"]}}, Conflict("", "77")),
        ({"context": {"existingId": [77]}}, Conflict("", "77")),
        ({"context": {"existingId": "77"}}, Conflict("", "77")),
        (
            {
                "category": "VALIDATION_ERROR",
                "message": "Cannot set PropertyValueCoordinates{portalId=1, objectTypeId=ObjectTypeId{legacyObjectType="
                "CONTACT}, propertyName=email, value=a@example.com} on 101. 202 already has that value.",
            },
            Conflict("email", "202"),
        ),
        (
            {
                "message": "Cannot set PropertyValueCoordinates{propertyName=shop_member_no, value=7} on 101. "
                "202 already has that value."
            },
            Conflict("shop_member_no", "202"),
        ),
        ({"message": "Somebody already has that value."}, Conflict("", "")),
        ({"category": "OBJECT_NOT_FOUND", "message": "Object not found."}, Gone()),
        ({"status": "404"}, Gone()),
        ({"status": "423"}, Wait("HubSpot has locked this contact for a moment")),
        ({"status": "429"}, Wait("HubSpot has locked this contact for a moment")),
        ({"category": "RATE_LIMITS"}, Wait("HubSpot has locked this contact for a moment")),
        ({"status": "503"}, Wait("HubSpot has locked this contact for a moment")),
        ({"category": "VALIDATION_ERROR"}, Refused({}, "HubSpot refused this contact")),
        ({"status": "400"}, Refused({}, "HubSpot refused this contact")),
        ({}, Wait("HubSpot gave an error without an explanation")),
        (
            {"message": None, "context": None, "errors": None, "category": None, "status": None},
            Wait("HubSpot gave an error without an explanation"),
        ),
    ],
)
def test_each_error_has_its_meaning(error: dict[str, Any], outcome: Outcome) -> None:
    assert classify(error) == outcome


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (409, {"status": "error", "message": "Contact already exists. Existing ID: 123"}, Conflict("", "123")),
        (409, {"message": "Contact already exists"}, Conflict("", "")),
        (409, {"status": "error", "category": None}, Conflict("", "")),
        (409, {}, Conflict("", "")),
        (400, {}, Refused({}, "HubSpot refused this contact")),
        (400, {"status": "error"}, Refused({}, "HubSpot refused this contact")),
        (400, {"correlationId": "x"}, Refused({}, "HubSpot refused this contact")),
        (422, {"message": "no"}, Refused({}, "HubSpot refused this contact")),
    ],
)
def test_a_whole_answer_to_a_single_row_is_that_rows(status: int, body: Any, outcome: Outcome) -> None:
    """Every field of an error body is optional, so that even {} is the lead's and never stops the line."""
    assert one(status, body) == outcome


INVALID = "Property values were not valid: "


@pytest.mark.parametrize(
    ("error", "fields"),
    [
        (
            {"message": INVALID + '[{"isValid":false,"message":"m","error":"INVALID_EMAIL","name":"email"}]'},
            {"email": "INVALID_EMAIL"},
        ),
        (
            {
                "message": INVALID
                + '[{"error":"INVALID_EMAIL","name":"email"},{"error":"INVALID_DATE","name":"born"}]',
                "errors": [{"message": "m", "code": "INVALID_EMAIL", "context": {"propertyName": ["email"]}}],
            },
            {"email": "INVALID_EMAIL", "born": "INVALID_DATE"},
        ),
        (
            {
                "message": INVALID + '[{"error":"INVALID_EMAIL","name":"email"}]',
                "errors": [
                    {"code": "INVALID_EMAIL", "context": {"propertyName": ["email"]}},
                    {"code": "PROPERTY_DOESNT_EXIST", "context": {"propertyName": ["x", "y"]}},
                ],
            },
            {"email": "INVALID_EMAIL", "x": "PROPERTY_DOESNT_EXIST", "y": "PROPERTY_DOESNT_EXIST"},
        ),
        ({"message": INVALID + '[{"name":"zip"}] (and more'}, {"zip": "INVALID"}),
        ({"message": INVALID + '[{"name":"zip", '}, {}),
        ({"message": INVALID + "7"}, {}),
        ({"message": INVALID + '[1, null, {"name": null}, {"name": ["x"]}]'}, {}),
        ({"message": 'invalid list [{"name":"zip"}]'}, {}),
        (
            {"errors": [{"code": "PROPERTY_DOESNT_EXIST", "message": 'Property "shop_x" does not exist'}]},
            {"shop_x": "PROPERTY_DOESNT_EXIST"},
        ),
        ({"errors": [{"context": {"propertyName": "zip"}}]}, {"zip": "INVALID"}),
        ({"errors": ["x", None, {"context": []}, {"context": {"propertyName": {}}}]}, {}),
        ({"context": {"propertyName": ["zip"]}, "subCategory": "INVALID_OPTION"}, {"zip": "INVALID_OPTION"}),
    ],
)
def test_both_lists_of_invalid_values_are_read(error: dict[str, Any], fields: dict[str, str]) -> None:
    assert invalid_fields(error) == fields


def test_an_unknown_code_still_makes_a_reason() -> None:
    outcome = classify({"errors": [{"code": "INVALID_TASTE", "context": {"propertyName": ["zip"]}}]})
    assert outcome == Refused(
        {"zip": "HubSpot does not accept the value (INVALID_TASTE)"}, "HubSpot refused some values"
    )


@pytest.mark.parametrize(
    "error",
    [
        {"message": INVALID + '[{"message":"jane@secret was not valid","error":"INVALID_EMAIL","name":"email"}]'},
        {"category": "CONFLICT", "message": "Contact jane@secret already exists. Existing ID: 5"},
        {"message": "Cannot set X{propertyName=email, value=jane@secret} on 1. 2 already has that value."},
        {"category": "VALIDATION_ERROR", "message": "jane@secret is bad"},
        {"message": "jane@secret"},
    ],
)
def test_what_the_customer_typed_reaches_no_outcome(error: dict[str, Any]) -> None:
    assert "jane@secret" not in repr(classify(error))


# A whole answer to several rows


def test_a_batch_that_is_refused_for_nobody_in_particular_has_to_be_split() -> None:
    for body in (
        {"status": "error", "message": "Duplicate IDs found in batch input", "category": "VALIDATION_ERROR"},
        {"message": INVALID + '[{"error":"INVALID_EMAIL","name":"email"}]'},
        {"message": "Contact already exists. Existing ID: 123", "category": "CONFLICT"},
        {"status": "error"},
        {},
    ):
        with pytest.raises(BatchRefused):
            outcomes(answer(400, body), [A, B], KEY)


@pytest.mark.parametrize("code", ["PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE"])
def test_a_property_that_no_row_can_have_is_dropped_from_every_row_that_has_it(code: str) -> None:
    body = {"message": INVALID + json.dumps([{"name": "email", "error": code}, {"name": "city", "error": "INVALID"}])}
    found = outcomes(answer(400, body), [A, B, C], KEY)
    assert isinstance(found["trace-a"], Refused)
    assert isinstance(found["trace-b"], Refused)
    assert found["trace-a"].fields.keys() == found["trace-b"].fields.keys() == {"email"}
    assert found["trace-c"] == Again()


# The line


@pytest.mark.parametrize(
    ("status", "body", "headers", "code", "seconds"),
    [
        (401, {"category": "INVALID_AUTHENTICATION"}, {}, "unauthorized", None),
        (403, {"category": "MISSING_SCOPES"}, {}, "forbidden", None),
        (429, {"errorType": "RATE_LIMIT", "policyName": "TEN_SECONDLY_ROLLING"}, {}, "rate_limit", 10.0),
        (429, {"errorType": "RATE_LIMIT", "policyName": "SECONDLY"}, {}, "rate_limit", 1.0),
        (429, {"errorType": "RATE_LIMIT", "policyName": "SECONDLY"}, {"retry_after": "7"}, "rate_limit", 7.0),
        (429, {"category": "RATE_LIMITS"}, {"retry_after": "3"}, "rate_limit", 3.0),
        (429, b"slow down", {}, "rate_limit", 10.0),
        (429, {"errorType": "RATE_LIMIT", "policyName": "DAILY"}, {}, "daily_quota", None),
        (429, {"message": "You have reached your daily limit."}, {}, "daily_quota", None),
        (477, {}, {"retry_after": "3600"}, "migrating", 3600.0),
        (477, b"", {}, "migrating", None),
        (423, {}, {}, "locked", 2.0),
        (423, {}, {"retry_after": "1"}, "locked", 2.0),
        (423, {}, {"retry_after": "5"}, "locked", 5.0),
        (500, b"<html>\xff</html>", {}, "unavailable", None),
        (502, b"", {}, "unavailable", None),
        (503, {}, {"retry_after": "4"}, "unavailable", 4.0),
        (504, b"", {}, "unavailable", None),
        (521, b"", {}, "unavailable", None),
        (523, b"", {}, "unavailable", None),
        (524, b"", {}, "unavailable", None),
        (408, b"", {}, "unavailable", None),
        (200, b"<html>Sign in to the hotel's wifi</html>", {}, "unexpected", None),
        (200, b"\xff\xfe\xfa", {}, "unexpected", None),
        (200, b"", {}, "unexpected", None),
        (200, b"[]", {}, "unexpected", None),
        (204, b"", {}, "unexpected", None),
        (302, b"", {}, "unexpected", None),
        (404, {"message": "x"}, {}, "unexpected", None),
        (400, b"<html>Bad Request</html>", {}, "unexpected", None),
        (400, b"\xe9\xff", {}, "unexpected", None),
    ],
)
def test_what_concerns_everybody_pauses_the_line_for_as_long_as_hubspot_says(
    status: int, body: Any, headers: dict[str, str], code: str, seconds: float | None
) -> None:
    with pytest.raises(LineDown) as down:
        outcomes(answer(status, body, **headers), [A, B], KEY)
    assert (down.value.code, down.value.seconds) == (code, seconds)
    assert down.value.why


@pytest.mark.parametrize("status", [200, 201, 207, 400, 409, 422])
def test_what_concerns_a_lead_does_not_pause_the_line(status: int) -> None:
    raise_line_down(answer(status, {"status": "x"}))


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", None),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("999999", 86_400.0),
        ("inf", 86_400.0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("nan", None),
    ],
)
def test_the_wait_that_is_asked_for_is_between_nothing_and_a_day(header: str, seconds: float | None) -> None:
    assert retry_after(answer(503, {}, retry_after=header)) == seconds


@pytest.mark.parametrize(
    ("status", "message", "lacks"),
    [
        (400, "idProperty dealdroid_customer_id is not a unique property", True),
        (400, "Property 'dealdroid_customer_id' must be unique", True),
        (400, "Property 'dealdroid_customer_id' was refused", False),
        (400, "idProperty email", False),
        (409, "idProperty dealdroid_customer_id is not a unique property", False),
        (400, None, False),
    ],
)
def test_a_portal_without_the_unique_key_is_recognised(status: int, message: Any, lacks: bool) -> None:
    assert lacks_key(answer(status, {"message": message})) is lacks


# Beyond recognition


@pytest.mark.parametrize("body", [b"", b"null", b"7", b"[1]", b'"x"', b"{", b"\xff", b"9" * 5000, b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_none(body: bytes) -> None:
    assert Answer(200, {}, body).json() == {}


LEAF = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
TEXTS = st.sampled_from(
    ["trace-a", "trace-b", "cust-A", "CONFLICT", "409", "error", "VALIDATION_ERROR",
     INVALID + '[{"name":"email"}]', "501", "Existing ID: 5", "on 1. 2 already has that value"]
)  # fmt: skip
THING = st.recursive(
    LEAF | TEXTS,
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["id", "new", "properties", KEY, "objectWriteTraceId", "status", "category", "message",
                         "context", "errors", "existingId", "propertyName", "code", "name", "subCategory"]),
        inner,
        max_size=5,
    ),
    max_leaves=10,
)  # fmt: skip
ITEM = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("id", "new", "properties", "objectWriteTraceId", "context", "message", "category"), THING),
)
BODY = st.fixed_dictionaries(
    {},
    optional={
        name: THING | st.lists(THING | ITEM, max_size=3)
        for name in ("results", "errors", "status", "category", "message", "context", "policyName")
    },
)


@settings(max_examples=500, deadline=None)
@given(
    st.sampled_from([200, 201, 207, 400, 401, 404, 409, 423, 429, 477, 503]),
    BODY | THING | st.binary(max_size=20),
    st.dictionaries(st.just("retry-after"), st.text(max_size=5)),
    st.sampled_from([[A], [A, B], [A, B, C]]),
    st.sampled_from([KEY, ""]),
)
def test_whatever_hubspot_answers_every_row_has_an_outcome_or_the_line_waits(
    status: int, body: Any, headers: dict[str, str], rows: list[Row], key: str
) -> None:
    try:
        found = outcomes(Answer(status, headers, answer(status, body).body), rows, key)
    except LineDown as down:
        assert down.why
    except BatchRefused:
        assert len(rows) > 1
    else:
        assert found.keys() == {row.trace for row in rows}
