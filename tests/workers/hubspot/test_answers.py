"""Answers about the whole portal, and bodies that are not HubSpot's."""

from typing import Any

import pytest

from tests.workers.hubspot.conftest import answer, load_answer
from workers.flow.errors import LineDown
from workers.hubspot.answers import FAULT, Answer, raise_line_down, raise_without_key, retry_after


@pytest.mark.parametrize(
    ("name", "retry_after", "code", "seconds"),
    [
        ("unauthorized_401", "", "unauthorized", None),
        ("missing_scopes_403", "", "forbidden", None),
        ("burst_limit_429", "", "rate_limit", 10.0),
        ("search_limit_429", "", "rate_limit", 1.0),
        ("search_limit_429", "7", "rate_limit", 7.0),
        ("daily_limit_429", "", "daily_quota", None),
        ("migrating_477", "3600", "migrating", 3600.0),
        ("locked_423", "", "locked", 2.0),
        ("locked_423", "1", "locked", 2.0),
        ("locked_423", "5", "locked", 5.0),
        ("internal_error_503", "4", "unavailable", 4.0),
        ("web_server_down_521", "", "unavailable", None),
    ],
)
def test_an_answer_about_the_whole_portal_pauses_the_line_for_the_time_it_states(
    name: str, retry_after: str, code: str, seconds: float | None
) -> None:
    with pytest.raises(LineDown) as down:
        raise_line_down(load_answer(name, {"Retry-After": retry_after}))
    assert (down.value.code, down.value.seconds) == (code, seconds)
    assert down.value.why


@pytest.mark.parametrize(
    ("status", "body", "headers", "code", "seconds"),
    [
        (401, {"category": "INVALID_AUTHENTICATION"}, {}, "unauthorized", None),
        (403, {"category": "MISSING_SCOPES"}, {}, "forbidden", None),
        (429, {"category": "RATE_LIMITS"}, {"retry_after": "3"}, "rate_limit", 3.0),
        (429, b"slow down", {}, "rate_limit", 10.0),
        (429, {"errorType": "RATE_LIMIT", "policyName": "DAILY"}, {}, "daily_quota", None),
        (429, {"message": "You have reached your daily limit."}, {}, "daily_quota", None),
        (477, {}, {"retry_after": "3600"}, "migrating", 3600.0),
        (477, b"", {}, "migrating", None),
        (423, {}, {}, "locked", 2.0),
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
        (405, {"category": "METHOD_NOT_ALLOWED"}, {}, "unexpected", None),
        (410, {"message": "This version is gone."}, {}, "unexpected", None),
        (426, {"status": "error"}, {}, "unexpected", None),
        (400, b"<html>Bad Request</html>", {}, "unexpected", None),
        (400, b"\xe9\xff", {}, "unexpected", None),
    ],
)
def test_an_answer_with_fields_missing_pauses_the_line_all_the_same(
    status: int, body: Any, headers: dict[str, str], code: str, seconds: float | None
) -> None:
    with pytest.raises(LineDown) as down:
        raise_line_down(answer(status, body, **headers))
    assert (down.value.code, down.value.seconds) == (code, seconds)
    assert down.value.why


@pytest.mark.parametrize("status", [200, 201, 207, 400, 409, 422])
def test_an_answer_about_a_lead_does_not_pause_the_line(status: int) -> None:
    raise_line_down(answer(status, {"status": "x"}))


def test_a_contact_that_is_not_found_does_not_pause_the_line() -> None:
    raise_line_down(load_answer("contact_not_found_404"))
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
def test_retry_after_is_a_number_of_seconds_or_a_date(header: str, seconds: float | None) -> None:
    unavailable = load_answer("internal_error_503", {"Retry-After": header, "Date": "Mon, 23 Nov 2026 12:00:00 GMT"})
    assert retry_after(unavailable, FAULT) == seconds


@pytest.mark.parametrize("name", ["internal_error_503", "migrating_477", "daily_limit_429"])
@pytest.mark.parametrize("header", ["0", "Mon, 23 Nov 2026 12:00:00 GMT"])
def test_no_wait_that_is_asked_for_is_none(name: str, header: str) -> None:
    """Else a used up day is probed each second until midnight, and one 503 pauses the line."""
    with pytest.raises(LineDown) as down:
        raise_line_down(load_answer(name, {"Retry-After": header, "Date": "Mon, 23 Nov 2026 12:00:00 GMT"}))
    assert down.value.seconds is None


def test_a_retry_after_date_is_ignored_if_the_answer_has_no_date() -> None:
    unavailable = load_answer("internal_error_503", {"Retry-After": "Mon, 23 Nov 2026 12:00:09 GMT"})
    assert retry_after(unavailable, FAULT) is None


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("internal_error_503", 300.0),
        ("locked_423", 300.0),
        ("burst_limit_429", 60.0),
        ("daily_limit_429", 86_400.0),
        ("migrating_477", 86_400.0),
    ],
)
def test_only_a_daily_quota_or_a_move_may_pause_the_line_for_a_day(name: str, seconds: float) -> None:
    with pytest.raises(LineDown) as down:
        raise_line_down(load_answer(name, {"Retry-After": "999999"}))
    assert down.value.seconds == seconds


@pytest.mark.parametrize(
    "refused",
    [
        load_answer("customer_id_unknown_400"),
        answer(400, {"message": "Property dealdroid_customer_id does not exist"}),
        answer(207, {"errors": [{"status": "400", "message": "Property dealdroid_customer_id does not exist"}]}),
    ],
)
def test_without_the_customer_id_property_the_line_waits(refused: Answer) -> None:
    with pytest.raises(LineDown) as down:
        raise_without_key(refused)
    assert down.value.code == "no_key"


@pytest.mark.parametrize("body", [b"", b"null", b"7", b"[1]", b'"x"', b"{", b"\xff", b"9" * 5000, b"[" * 100_000])
def test_a_body_that_is_no_json_object_reads_as_empty(body: bytes) -> None:
    assert Answer(200, {}, body).json() == {}
