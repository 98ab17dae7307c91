"""The outcome of each row of a batch write, from answers that are complete, cut short or malformed."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadcore.reasons import reason
from tests.workers.hubspot.conftest import answer, load_answer
from workers.flow.errors import LineDown
from workers.hubspot.answers import Answer
from workers.hubspot.writes import parse_outcomes
from workers.rules.outcomes import (
    Conflict,
    ContactMissing,
    ContactWrite,
    Refused,
    Resend,
    RetryLater,
    WriteOutcome,
    Written,
)

KEY = "dealdroid_customer_id"
A, B, C = (
    ContactWrite("trace-a", "cust-A", {"email": "a@example.com", "city": "Bangkok"}),
    ContactWrite("trace-b", "cust-B", {"email": "b@example.com"}),
    ContactWrite("trace-c", "cust-C", {"phone": "+66812345678"}),
)
NO_ANSWER = RetryLater(reason("lead_unanswered"))
INVALID = "Property values were not valid: "


def result(contact: str, row: ContactWrite, **more: Any) -> dict[str, Any]:
    return {"id": contact, "properties": {KEY: row.id}, "objectWriteTraceId": row.trace_id, "new": False, **more}


def one(status: int, body: Any, row: ContactWrite = A) -> WriteOutcome:
    return parse_outcomes(answer(status, body), [row], KEY)[row.trace_id]


# 200


def test_shuffled_results_find_their_rows_by_trace() -> None:
    assert parse_outcomes(load_answer("upserted_200"), [A, B, C], KEY) == {
        "trace-a": Written("1", False),
        "trace-b": Written("2", False),
        "trace-c": Written("3", True),
    }


@pytest.mark.parametrize("trace", [{}, {"objectWriteTraceId": None}, {"objectWriteTraceId": "somebody else's"}])
def test_results_without_our_trace_are_found_by_the_unique_property(trace: dict[str, Any]) -> None:
    body = {"results": [{"id": "2", "properties": {KEY: "cust-B"}, **trace}, {"id": 1, "properties": {KEY: "cust-A"}}]}
    assert parse_outcomes(answer(200, body), [A, B], KEY) == {"trace-a": Written("1"), "trace-b": Written("2")}


def test_results_of_an_update_are_found_by_contact_id() -> None:
    rows = [ContactWrite("t1", "501", {"city": "x"}), ContactWrite("t2", "502", {"city": "y"})]
    body = {"results": [{"id": "502", "properties": {}}, {"id": "501"}]}
    assert parse_outcomes(answer(200, body), rows, "") == {"t1": Written("501"), "t2": Written("502")}


def test_contacts_that_are_gone_are_found_by_the_ids_that_one_error_names_for_all_of_them() -> None:
    rows = [
        ContactWrite("t1", "501", {"city": "x"}),
        ContactWrite("t2", "502", {"city": "y"}),
        ContactWrite("t3", "503", {"city": "z"}),
    ]
    error = {"status": "error", "category": "OBJECT_NOT_FOUND", "message": "gone", "context": {"ids": ["503", "501"]}}
    body = {"results": [{"id": "502", "objectWriteTraceId": "t2"}], "errors": [error]}
    assert parse_outcomes(answer(207, body), rows, "") == {
        "t1": ContactMissing(),
        "t2": Written("502"),
        "t3": ContactMissing(),
    }


def test_any_other_error_that_names_ids_blames_nobody_before_the_rows_are_sent_with_fewer() -> None:
    error = {"category": "VALIDATION_ERROR", "message": "no", "context": {"ids": ["cust-A", "cust-B"]}}
    assert parse_outcomes(answer(207, {"results": [result("3", C)], "errors": [error]}), [A, B, C], KEY) == {
        "trace-c": Written("3", False)
    }


@pytest.mark.parametrize("new", [None, "true", 1, "missing"])
def test_whether_a_contact_is_new_is_not_guessed(new: Any) -> None:
    said = {} if new == "missing" else {"new": new}
    body = {"results": [{"id": "1", "objectWriteTraceId": "trace-a", **said}]}
    assert one(200, body) == Written("1", None)


def test_an_input_without_an_answer_is_not_a_success() -> None:
    assert parse_outcomes(answer(200, {"results": [result("1", A)]}), [A, B], KEY)["trace-b"] == NO_ANSWER


@pytest.mark.parametrize("bad", [{}, {"id": ""}, {"id": None}, None, "9", []])
def test_a_result_that_names_nobody_is_nobodys_success(bad: Any) -> None:
    body = {"results": [bad, result("1", A)]}
    assert parse_outcomes(answer(200, body), [A, B], KEY) == {"trace-a": Written("1", False), "trace-b": NO_ANSWER}


@pytest.mark.parametrize("bad", [{"id": "9", "properties": None}, {"id": "9", "objectWriteTraceId": "other"}])
def test_rows_that_may_be_a_nameless_results_are_sent_again_with_fewer(bad: Any) -> None:
    body = {"results": [bad, result("1", A)]}
    assert parse_outcomes(answer(200, body), [A, B, C], KEY) == {"trace-a": Written("1", False)}


def test_a_result_that_names_nobody_is_not_that_of_a_customer_called_none() -> None:
    none = ContactWrite("trace-n", "None", {"city": "x"})
    body = {"results": [{"id": "9", "properties": {}}, result("1", A)]}
    assert parse_outcomes(answer(200, body), [A, none], KEY) == {"trace-a": Written("1", False)}


@pytest.mark.parametrize("bare", [{}, {"properties": {}}, {"properties": {KEY: "another form"}}])
def test_one_row_and_one_result_are_each_others(bare: dict[str, Any]) -> None:
    assert one(200, {"results": [{"id": "9", **bare}]}) == Written("9")


def test_an_update_of_a_merged_contact_is_answered_with_the_contact_that_is_left() -> None:
    body = {"results": [{"id": "502", "properties": {}}]}
    assert parse_outcomes(answer(200, body), [ContactWrite("t1", "501", {"city": "x"})], "") == {"t1": Written("502")}


@pytest.mark.parametrize("kept", ["cust-a", " cust-A ", "CUST-A"])
def test_an_id_that_hubspot_keeps_trimmed_or_in_lower_case_names_its_row(kept: str) -> None:
    body = {"results": [{"id": "1", "properties": {KEY: kept}}, result("2", B)]}
    assert parse_outcomes(answer(200, body), [A, B], KEY)["trace-a"] == Written("1")


def test_an_id_that_could_be_two_rows_names_neither() -> None:
    twins = [ContactWrite("t1", "twin", {}), ContactWrite("t2", "TWIN", {})]
    assert parse_outcomes(answer(200, {"results": [{"id": "1", "properties": {KEY: "Twin"}}]}), twins, KEY) == {}
    found = parse_outcomes(answer(200, {"results": [{"id": "1", "properties": {KEY: "TWIN"}}]}), twins, KEY)
    assert found["t2"] == Written("1")


@pytest.mark.parametrize("trace", [["trace-a"], {"x": 1}])
def test_a_trace_of_another_type_is_no_trace(trace: Any) -> None:
    assert one(200, {"results": [result("1", A, objectWriteTraceId=trace)]}) == Written("1", False)


@pytest.mark.parametrize("body", [{"status": "COMPLETE", "results": []}, {"status": "COMPLETE"}, {"results": None}])
def test_a_batch_without_any_answer_is_no_success(body: Any) -> None:
    with pytest.raises(LineDown) as down:
        parse_outcomes(answer(200, body), [A, B], KEY)
    assert down.value.code == "empty_answer"


def test_a_lead_alone_without_an_answer_stops_the_line_too() -> None:
    """Whether it is HubSpot or this lead is for the probe to find out."""
    with pytest.raises(LineDown, match="without a result"):
        parse_outcomes(load_answer("no_results_200"), [A], KEY)


# 207, or 200 as HubSpot describes it since 2026-09


@pytest.fixture(params=[207, 200])
def status(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def test_good_rows_are_written_and_bad_ones_have_their_reason(status: int) -> None:
    assert parse_outcomes(replace(load_answer("conflict_email_207"), status=status), [A, B, C], KEY) == {
        "trace-a": Written("1", True),
        "trace-b": Refused({"email": reason("email_refused")}, reason("values_refused")),
        "trace-c": Conflict("", "123"),
    }


def test_an_error_may_name_several_rows(status: int) -> None:
    error = {"category": "VALIDATION_ERROR", "context": {"objectWriteTraceId": ["trace-a", "trace-b"]}}
    found = parse_outcomes(answer(status, {"results": [result("3", C)], "errors": [error]}), [A, B, C], KEY)
    assert found["trace-a"] == found["trace-b"] == Refused({}, reason("contact_refused"))
    assert found["trace-c"] == Written("3", False)


@pytest.mark.parametrize(
    "context", [None, {}, [], "x", {"objectWriteTraceId": None}, {"objectWriteTraceId": ["other"]}]
)
def test_rows_that_may_be_an_errors_that_names_none_are_sent_again_with_fewer(context: Any, status: int) -> None:
    body = {"results": [result("1", A)], "errors": [{"category": "VALIDATION_ERROR", "context": context}]}
    assert parse_outcomes(answer(status, body), [A, B, C], KEY) == {"trace-a": Written("1", False)}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"category": "RATE_LIMITS"}, "rate_limit"),
        ({"status": "429"}, "rate_limit"),
        ({"status": "503"}, "unavailable"),
    ],
)
def test_errors_about_hubspots_load_alone_pause_the_line(error: dict[str, Any], code: str, status: int) -> None:
    errors = [{**error, "context": {"objectWriteTraceId": [row.trace_id]}} for row in (A, B)]
    with pytest.raises(LineDown) as down:
        parse_outcomes(answer(status, {"results": [], "errors": errors}), [A, B], KEY)
    assert down.value.code == code
    found = parse_outcomes(answer(status, {"results": [result("3", C)], "errors": errors}), [A, B, C], KEY)
    assert found["trace-a"] == found["trace-b"] == RetryLater(reason("contact_busy"))


def test_a_row_that_shows_that_the_key_is_missing_pauses_the_line(status: int) -> None:
    error = {"category": "VALIDATION_ERROR", "message": f"Property {KEY} does not exist"}
    with pytest.raises(LineDown) as down:
        one(status, {"errors": [error]})
    assert down.value.code == "no_key"


def test_an_error_without_a_row_belongs_to_the_only_row(status: int) -> None:
    assert one(status, {"errors": [{"category": "CONFLICT", "message": "Contact already exists."}]}) == Conflict("", "")


@pytest.mark.parametrize(
    ("warnings", "read"),
    [
        (
            [{"category": "TRUNCATED", "message": "secret", "context": {"propertyName": ["city"]}}],
            (("city", "TRUNCATED"),),
        ),
        ([{"message": "secret"}], (("", "WARNING"),)),
        ([{"category": "secret words", "context": {"propertyName": "city"}}], (("city", "WARNING"),)),
        ([{"category": "A"}, {"category": "B"}, {"category": "A"}], (("", "A"), ("", "B"))),
        ([{"category": f"W{n}"} for n in range(50)], tuple(("", f"W{n}") for n in range(10))),
        ([None, 7, "x"], ()),
        ("x", ()),
        (None, ()),
    ],
)
def test_the_warnings_of_a_row_are_read_and_not_what_they_quote(
    warnings: Any, read: tuple[tuple[str, str], ...], status: int
) -> None:
    body = {"results": [result("1", A, warnings=warnings), result("2", B)]}
    found = parse_outcomes(answer(status, body), [A, B], KEY)
    assert found == {"trace-a": Written("1", False, read), "trace-b": Written("2", False)}


def test_a_warning_of_the_answer_belongs_to_the_row_that_it_names() -> None:
    about = {"category": "TRUNCATED", "context": {"objectWriteTraceId": ["trace-b"], "propertyName": ["email"]}}
    found = parse_outcomes(answer(200, {"results": [result("1", A), result("2", B)], "warnings": [about]}), [A, B], KEY)
    assert found == {"trace-a": Written("1", False), "trace-b": Written("2", False, (("email", "TRUNCATED"),))}


def test_a_row_that_was_written_is_written_whatever_an_error_says_of_it() -> None:
    error = {"category": "VALIDATION_ERROR", "context": {"objectWriteTraceId": ["trace-a"]}}
    assert one(207, {"results": [result("1", A)], "errors": [error]}) == Written("1", False)


LIMIT = "The maximum number of additional emails of this contact is reached."


@pytest.mark.parametrize("whole", [False, True])
def test_an_update_needs_no_room_whatever_limit_it_meets(whole: bool) -> None:
    """One lead that is always refused like this would stop all others."""
    row, error = ContactWrite("t", "501", {"email": "a@example.com"}), {"status": "400", "message": LIMIT}
    said = answer(400, error) if whole else answer(207, {"results": [], "errors": [error]})
    outcome = parse_outcomes(said, [row], "")["t"]
    assert outcome == Refused({}, reason("contact_refused"))
    assert isinstance(outcome, Refused)
    assert outcome.origin.status == "400"


@pytest.mark.parametrize("status", [402, 403])
def test_a_portal_that_takes_no_updates_either_for_want_of_room_pauses_the_line(status: int) -> None:
    with pytest.raises(LineDown) as down:
        parse_outcomes(answer(status, {"message": LIMIT}), [ContactWrite("t", "501", {"city": "x"})], "")
    assert down.value.code == "no_room"


# A whole answer


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (409, {"status": "error", "message": "Contact already exists. Existing ID: 123"}, Conflict("", "123")),
        (409, {"message": "Contact already exists"}, Conflict("", "")),
        (409, {"status": "error", "category": None}, Conflict("", "")),
        (409, {}, Conflict("", "")),
        (400, {}, Refused({}, reason("contact_refused"))),
        (400, {"status": "error"}, Refused({}, reason("contact_refused"))),
        (400, {"correlationId": "x"}, Refused({}, reason("contact_refused"))),
        (404, {"category": "OBJECT_NOT_FOUND"}, ContactMissing()),
        (422, {"message": "no"}, Refused({}, reason("contact_refused"))),
    ],
)
def test_a_whole_answer_to_a_single_row_is_that_rows(status: int, body: Any, outcome: WriteOutcome) -> None:
    """Every field of an error body is optional, so that even {} is the lead's and never stops the line."""
    assert one(status, body) == outcome


def test_a_batch_that_is_refused_for_nobody_in_particular_has_to_be_split() -> None:
    for name in ("duplicate_ids_400", "invalid_email_400", "conflict_email_409", "contact_not_found_404"):
        assert parse_outcomes(load_answer(name), [A, B], KEY) == {}
    for body in (
        {"message": INVALID + '[{"error":"INVALID_EMAIL","name":"email"}]'},
        {"message": "Contact already exists. Existing ID: 123", "category": "CONFLICT"},
        {"status": "error"},
        {},
    ):
        assert parse_outcomes(answer(400, body), [A, B], KEY) == {}
    assert parse_outcomes(answer(404, {"category": "OBJECT_NOT_FOUND"}), [A, B], KEY) == {}


@pytest.mark.parametrize("where", ["errors", "context"])
def test_only_the_rows_that_a_refusal_of_all_names_have_an_outcome(where: str) -> None:
    about = {"message": "Contact already exists. Existing ID: 7", "context": {"objectWriteTraceId": ["trace-b"]}}
    body = {"status": "error", "category": "CONFLICT", **({"errors": [about]} if where == "errors" else about)}
    assert parse_outcomes(answer(409, body), [A, B, C], KEY) == {"trace-b": Conflict("", "7")}


@pytest.mark.parametrize("name", ["unknown_property_400", "read_only_property_400"])
def test_a_property_that_the_portal_cannot_write_is_refused_only_where_it_is_sent(name: str) -> None:
    found = parse_outcomes(load_answer(name), [A, C], KEY)
    assert isinstance(found["trace-a"], Refused)
    assert found["trace-a"].fields.keys() == {"email"}
    assert found["trace-c"] == Resend()


@pytest.mark.parametrize("code", ["PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE"])
def test_a_property_that_no_row_can_have_is_dropped_from_every_row_that_has_it(code: str) -> None:
    body = {"message": INVALID + json.dumps([{"name": "email", "error": code}, {"name": "city", "error": "INVALID"}])}
    found = parse_outcomes(answer(400, body), [A, B, C], KEY)
    assert isinstance(found["trace-a"], Refused)
    assert isinstance(found["trace-b"], Refused)
    assert found["trace-a"].fields.keys() == found["trace-b"].fields.keys() == {"email"}
    assert found["trace-c"] == Resend()


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
def test_whatever_hubspot_answers_every_row_has_an_outcome_or_is_sent_again_with_fewer_or_the_line_waits(
    status: int, body: Any, headers: dict[str, str], rows: list[ContactWrite], key: str
) -> None:
    try:
        found = parse_outcomes(Answer(status, headers, answer(status, body).body), rows, key)
    except LineDown as down:
        assert down.why
    else:
        traces = {row.trace_id for row in rows}
        assert found.keys() == traces or (len(rows) > 1 and found.keys() < traces)
