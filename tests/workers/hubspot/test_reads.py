"""Contacts from answers to reads: an id that an answer leaves out proves nothing."""

from typing import Any

import pytest

from leadcore.reasons import reason
from tests.workers.hubspot.conftest import answer, load_answer, load_error
from workers.flow.errors import LineDown
from workers.hubspot.reads import parse_contact, parse_contacts
from workers.hubspot.transport import find_fault
from workers.rules.outcomes import ContactMissing, ReadOutcome, RetryLater

KEY = "dealdroid_customer_id"
NOT_FOUND = load_error("contact_not_found_404", only=["status", "category", "message"])
IDS = ["1", "2", "3"]


def found(id: str, **values: str | None) -> dict[str, Any]:
    return {"id": id, "properties": values}


def test_a_whole_answer_names_the_contacts_and_those_that_are_missing() -> None:
    contacts = parse_contacts(load_answer("contacts_not_found_207"), ["501", "502", "503", "504"], "")
    assert contacts["502"] == contacts["503"] == ContactMissing()
    assert isinstance(contacts["501"], dict)
    assert contacts["501"]["id"] == "501"
    assert "504" not in contacts


@pytest.mark.parametrize("status", [207, 200])
def test_contacts_are_found_and_those_that_hubspot_calls_not_found_are_missing(status: int) -> None:
    body = {"results": [found("1", city="x", zip=None)], "errors": [{**NOT_FOUND, "context": {"ids": ["2", "9"]}}]}
    assert parse_contacts(answer(status, body), IDS, "") == {"1": {"city": "x", "id": "1"}, "2": ContactMissing()}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"results": []},
        {"results": [{}, None, {"id": ""}]},
        {"errors": [NOT_FOUND]},
        {"errors": [{"category": "VALIDATION_ERROR", "context": {"ids": IDS}}]},
    ],
)
def test_an_id_that_is_left_out_is_neither_found_nor_gone(body: Any) -> None:
    assert parse_contacts(answer(200, body), IDS, "") == {}


def test_by_their_key_contacts_are_found_as_the_key_says() -> None:
    body = {"results": [found("1", **{KEY: "a"}), found("2", **{KEY: "c"})]}
    assert parse_contacts(answer(200, body), ["a", "b"], KEY) == {"a": {KEY: "a", "id": "1"}}


def test_a_merged_contact_is_found_by_its_old_ids() -> None:
    left = {"hs_merged_object_ids": "2;3", "id": "1"}
    body = {"results": [found("1", hs_merged_object_ids="2;3")]}
    assert parse_contacts(answer(200, body), ["3", "4"], "") == {"3": left}


def test_one_id_and_one_contact_are_each_others() -> None:
    """An email may be a secondary one of the contact."""
    said: ReadOutcome = {"email": "first@x.th", "id": "1"}
    assert parse_contacts(answer(200, {"results": [found("1", email="first@x.th")]}), ["other@x.th"], "email") == {
        "other@x.th": said
    }


@pytest.mark.parametrize(
    ("context", "gone"), [({}, []), ({"context": {"ids": ["2"]}}, ["2"]), ({"context": {"ids": []}}, [])]
)
def test_a_whole_read_that_is_not_found_is_about_those_whom_it_names(context: Any, gone: list[str]) -> None:
    assert parse_contacts(answer(404, {**NOT_FOUND, **context}), IDS, "") == dict.fromkeys(gone, ContactMissing())


def test_a_whole_read_of_one_contact_that_is_not_found_is_about_it() -> None:
    assert parse_contacts(answer(404, NOT_FOUND), ["1"], "") == {"1": ContactMissing()}


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, found("1", city="x"), {"city": "x", "id": "1"}),
        (200, found("7", city="left of a merge"), {"city": "left of a merge", "id": "7"}),
        (404, NOT_FOUND, ContactMissing()),
        (404, {"status": "error", "message": "resource not found"}, ContactMissing()),
        (200, {}, RetryLater(reason("contact_unsaid"))),
        (400, {"id": "1"}, RetryLater(reason("contact_unsaid"))),
    ],
)
def test_of_a_single_contact_hubspots_own_404_is_proof(status: int, body: Any, said: ReadOutcome) -> None:
    assert parse_contact(answer(status, body)) == said


@pytest.mark.parametrize(
    "body", [{"message": "no Route matched"}, {"status": "error", "category": "NOT_FOUND"}, b"<html>"]
)
def test_a_404_of_somebody_elses_pauses_the_line(body: Any) -> None:
    for read in (parse_contact, lambda said: parse_contacts(said, IDS, "")):
        with pytest.raises(LineDown) as down:
            read(answer(404, body))
        assert down.value.code == "unexpected"


def test_a_read_that_shows_the_key_to_be_lost_pauses_the_line() -> None:
    with pytest.raises(LineDown) as down:
        parse_contacts(load_answer("customer_id_unknown_400"), IDS, KEY)
    assert down.value.code == "no_key"


def test_a_single_contact_that_is_missing_is_no_failed_call() -> None:
    """Else ten of them would look like an outage."""
    gone = answer(404, {"status": "error", "message": "resource not found"})
    assert find_fault("other", gone) is None
    assert find_fault("read", gone) is not None, "of a batch it may be any server's 404"
