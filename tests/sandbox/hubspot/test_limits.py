"""The portal's daily quota and its room for records."""

import json
from typing import Any

import pytest
import requests
from hubspot.crm.contacts.exceptions import ApiException

from sandbox.hubspot.versions import VERSIONS

OWN = {"Authorization": "Bearer t"}


def read_records(stand: Any, root: str) -> dict[str, Any]:
    told = requests.get(f"{stand.url}{root}/records", headers=OWN, timeout=5).json()
    return {each["objectTypeId"]: each for each in told["hubspotDefinedObjectTypes"]}


@pytest.mark.parametrize("root", ["/crm/v3/limits", *(f"/crm/limits/{version.name}" for version in VERSIONS[1:])])
def test_the_room_for_records_can_be_read(stand: Any, row: Any, root: str) -> None:
    stand.upsert(row("c1", firstname="A"))
    assert read_records(stand, root)["0-1"]["usage"] == 1
    stand.settings(max_records=4)
    contacts = read_records(stand, root)["0-1"]
    assert (contacts["limit"], contacts["usage"], contacts["percentage"]) == (4, 1, 25.0)


@pytest.mark.parametrize("status", [400, 402, 403])
def test_a_full_portal_takes_no_new_contact_but_changes_of_known_ones(stand: Any, row: Any, status: int) -> None:
    stand.settings(max_records=2, limit_status=status)
    told = stand.upsert(*(row(f"c{n}", firstname="A") for n in range(3)))
    assert (len(told.results), told.num_errors) == (2, 1)
    assert "limit of 2" in told.errors[0].message
    assert len(stand.contacts()) == 2
    rows = [{"properties": {"firstname": "B"}}]
    answer = stand.raw("/crm/objects/2026-09/contacts/batch/create", json.dumps({"inputs": rows}))
    assert answer.status_code == status
    with pytest.raises(ApiException) as caught:
        stand.basic.create({"properties": {"firstname": "B"}})
    assert caught.value.status == status
    known = next(iter(stand.contacts()))
    assert stand.upsert(row(known, city="X")).results[0].new is False


def test_a_deletion_makes_room(stand: Any, row: Any) -> None:
    stand.settings(max_records=1)
    first = stand.upsert(row("c1", firstname="A")).results[0].id
    stand.basic.archive(first)
    assert stand.upsert(row("c2", firstname="B")).results[0].new


def test_answers_tell_the_daily_quota_and_what_is_left_of_it(stand: Any, row: Any) -> None:
    spent = stand.control("GET", "state")["requests_today"]
    stand.settings(requests_per_day=spent + 2)
    left = []
    for status in (200, 200, 429, 429):
        body = json.dumps({"inputs": [row("c1", firstname="A")]})
        answer = stand.raw("/crm/objects/2026-09/contacts/batch/upsert", body)
        assert answer.status_code == status
        assert answer.headers["X-HubSpot-RateLimit-Daily"] == str(spent + 2)
        left.append(answer.headers["X-HubSpot-RateLimit-Daily-Remaining"])
    assert left == ["1", "0", "0", "0"]
    assert answer.json()["policyName"] == "DAILY"


@pytest.mark.parametrize("told", [True, False])
def test_answers_may_tell_no_quota(stand: Any, row: Any, told: bool) -> None:
    stand.settings(quota_headers=told)
    body = json.dumps({"inputs": [row("c1", firstname="A")]})
    answer = stand.raw("/crm/objects/2026-09/contacts/batch/upsert", body)
    assert any("RateLimit" in name for name in answer.headers) == told


def test_every_object_type_has_room_of_its_own(stand: Any, row: Any) -> None:
    stand.settings(room={"orders": 1}, max_records=1, max_properties=2)
    stand.add_property("orders", "one")
    orders = [stand.call("POST", "2026-09", "objects", "/orders", {"properties": {}}) for _ in range(2)]
    assert [each.status_code for each in orders] == [201, 400]
    assert "limit of 1 ORDER records" in orders[1].json()["message"]
    assert stand.create("carts")
    assert stand.upsert(row("c1", firstname="A")).results
    for version in VERSIONS:
        told = stand.call("GET", version.name, "limits", "/records").json()["hubspotDefinedObjectTypes"]
        records = {each["objectTypeId"]: (each["usage"], each["limit"]) for each in told}
        assert (records["0-123"], records["0-1"], records["0-142"][0]) == ((1, 1), (1, 1), 1)
        told = stand.call("GET", version.name, "limits", "/custom-properties").json()["byObjectType"]
        properties = {each["objectTypeId"]: (each["usage"], each["limit"]) for each in told}
        assert (properties["0-123"], properties["0-1"], properties["0-8"]) == ((1, 2), (1, 2), (0, 2))


def test_an_object_type_holds_ten_unique_properties(stand: Any) -> None:
    for at in range(10):
        stand.add_property("orders", f"one{at}", unique=True)
    with pytest.raises(requests.HTTPError):
        stand.add_property("orders", "more", unique=True)
    stand.add_property("line_items", "one", unique=True)
