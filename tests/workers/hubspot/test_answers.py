"""Answers that concern everybody, and bodies beyond recognition."""

from typing import Any

import pytest

from tests.workers.hubspot.conftest import answer
from workers.flow.errors import LineDown
from workers.hubspot.answers import FAULT, Answer, raise_line_down, raise_without_key, retry_after


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
        (404, b"OBJECT_NOT_FOUND", {}, "unexpected", None),
        (403, b"<html>Blocked</html>", {}, "unexpected", None),
        (400, b"<html>Bad Request</html>", {}, "unexpected", None),
        (400, b"\xe9\xff", {}, "unexpected", None),
    ],
)
def test_what_concerns_everybody_pauses_the_line_for_as_long_as_hubspot_says(
    status: int, body: Any, headers: dict[str, str], code: str, seconds: float | None
) -> None:
    with pytest.raises(LineDown) as down:
        raise_line_down(answer(status, body, **headers))
    assert (down.value.code, down.value.seconds) == (code, seconds)
    assert down.value.why


@pytest.mark.parametrize("status", [200, 201, 207, 400, 409, 422])
def test_what_concerns_a_lead_does_not_pause_the_line(status: int) -> None:
    raise_line_down(answer(status, {"status": "x"}))


def test_a_contact_that_is_not_found_does_not_pause_the_line() -> None:
    raise_line_down(answer(404, {"category": "OBJECT_NOT_FOUND"}))


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", None),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0.5", 0.5),
        ("999999", 300.0),
        ("Mon, 23 Nov 2026 12:00:09 GMT", 9.0),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0.0),
        ("Wed, 25 Nov 2026 12:00:00 GMT", 300.0),
        ("-3", None),
        ("1e9", None),
        ("inf", None),
        ("nan", None),
        ("٣", None),
        ("soon", None),
    ],
)
def test_the_wait_that_is_asked_for_is_a_number_or_a_moment(header: str, seconds: float | None) -> None:
    said = answer(503, {}, retry_after=header, date="Mon, 23 Nov 2026 12:00:00 GMT")
    assert retry_after(said, FAULT) == seconds


def test_a_moment_without_the_answers_own_date_says_nothing() -> None:
    assert retry_after(answer(503, {}, retry_after="Mon, 23 Nov 2026 12:00:09 GMT"), FAULT) is None


@pytest.mark.parametrize(
    ("status", "body", "seconds"),
    [
        (503, {}, 300.0),
        (423, {}, 300.0),
        (429, {"policyName": "TEN_SECONDLY_ROLLING"}, 60.0),
        (429, {"policyName": "DAILY"}, 86_400.0),
        (477, {}, 86_400.0),
    ],
)
def test_only_what_lasts_a_day_may_hold_the_line_for_a_day(status: int, body: Any, seconds: float) -> None:
    with pytest.raises(LineDown) as down:
        raise_line_down(answer(status, body, retry_after="999999"))
    assert down.value.seconds == seconds


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"message": "Property dealdroid_customer_id does not exist"}),
        (207, {"errors": [{"status": "400", "message": "Property dealdroid_customer_id does not exist"}]}),
    ],
)
def test_without_the_customer_id_the_line_waits(status: int, body: Any) -> None:
    with pytest.raises(LineDown) as down:
        raise_without_key(answer(status, body))
    assert down.value.code == "no_key"


@pytest.mark.parametrize("body", [b"", b"null", b"7", b"[1]", b'"x"', b"{", b"\xff", b"9" * 5000, b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_none(body: bytes) -> None:
    assert Answer(200, {}, body).json() == {}
