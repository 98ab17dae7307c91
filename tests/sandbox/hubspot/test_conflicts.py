"""One conflicting record that refuses its whole batch, as reported of upserts."""

import json
from typing import Any

import pytest

from sandbox.hubspot.versions import VERSIONS

KEY = "dealdroid_customer_id"
ROOTS = ["/crm/v3/objects", *(f"/crm/objects/{version.name}" for version in VERSIONS[1:])]


@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize(("form", "names_owner"), [("existing_id", True), ("no_id", False)])
def test_one_conflict_refuses_the_whole_batch_with_409(
    stand: Any, row: Any, root: str, form: str, names_owner: bool
) -> None:
    owner = stand.control("POST", "contacts", {"properties": {"email": "taken@example.com"}})["id"]
    stand.upsert(row("known", firstname="K"))
    stand.settings(batch_conflict=form)
    for conflicting in (row("new", email="taken@example.com"), row("known", email="taken@example.com")):
        rows = [row("good", firstname="A"), conflicting, row("fine", firstname="B")]
        answer = stand.raw(f"{root}/contacts/batch/upsert", json.dumps({"inputs": rows}))
        told = answer.json()
        assert (answer.status_code, told["category"], "results" in told) == (409, "CONFLICT", False)
        assert told.get("context") == ({"existingId": [owner]} if names_owner else None)
        assert told["message"].endswith(f"Existing ID: {owner}") is names_owner
    assert set(stand.contacts()) == {owner, "known"}


def test_the_rest_of_the_batch_is_written_without_the_conflicting_row(stand: Any, row: Any) -> None:
    stand.control("POST", "contacts", {"properties": {"email": "taken@example.com"}})
    stand.settings(batch_conflict="no_id")
    answer = stand.upsert(row("good", firstname="A"), row("fine", firstname="B"), row("bad", email="not an email"))
    assert {each.properties[KEY] for each in answer.results} == {"good", "fine"}
    assert answer.num_errors == 1


def test_a_conflict_of_two_rows_of_one_refused_batch_names_nobody(stand: Any, row: Any) -> None:
    stand.settings(batch_conflict="existing_id")
    rows = [row("c1", email="a@example.com"), row("c2", email="a@example.com")]
    answer = stand.raw("/crm/v3/objects/contacts/batch/upsert", json.dumps({"inputs": rows}))
    assert (answer.status_code, answer.json()["message"]) == (409, "Contact already exists.")
    assert stand.contacts() == {}


def test_without_the_switch_a_conflict_refuses_its_row_alone(stand: Any, row: Any) -> None:
    stand.control("POST", "contacts", {"properties": {"email": "taken@example.com"}})
    answer = stand.upsert(row("good", firstname="A"), row("new", email="taken@example.com"))
    assert (len(answer.results), answer.num_errors) == (1, 1)
