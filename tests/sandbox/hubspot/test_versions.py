"""The versions of the API beside each other: one portal, and what each of them does in its own way."""

from typing import Any

import pytest
import requests
from hubspot import HubSpot

KEY = "dealdroid_customer_id"
NAMES = ["v3", "2026-03", "2026-09"]
DATED = NAMES[1:]
PLAIN = {"label": "X", "type": "string", "fieldType": "text", "groupName": "contactinformation"}
TIMEOUT = (1, 5)


@pytest.fixture
def call(stand: Any) -> Any:
    return stand.call


@pytest.mark.parametrize("version", NAMES)
def test_every_version_speaks_about_the_same_contacts(stand: Any, row: Any, call: Any, version: str) -> None:
    written = call("POST", version, "objects", "/contacts/batch/upsert", {"inputs": [row("c1", firstname="A")]})
    [result] = written.json()["results"]
    assert (written.status_code, result["new"], result["objectWriteTraceId"]) == (200, True, "trace-c1")
    assert stand.upsert(row("c1", firstname="A")).results[0].id == result["id"]
    wanted = {"inputs": [{"id": "c1"}], "idProperty": KEY, "properties": [KEY], "propertiesWithHistory": []}
    read = call("POST", version, "objects", "/contacts/batch/read", wanted).json()
    assert [each["properties"][KEY] for each in read["results"]] == ["c1"]
    update = {"inputs": [{"id": result["id"], "properties": {"city": "X"}}]}
    assert call("POST", version, "objects", "/contacts/batch/update", update).json()["results"][0]["id"] == result["id"]
    assert (
        call("GET", version, "objects", f"/contacts/{result['id']}?properties=city").json()["properties"]["city"] == "X"
    )
    assert call("POST", version, "objects", "/contacts/search", {}).status_code == 200


@pytest.mark.parametrize("version", DATED)
def test_a_dated_path_is_no_path_of_v3_with_another_word(stand: Any, version: str) -> None:
    for wrong in (f"/crm/{version}/objects/contacts", "/crm/objects/v3/contacts", "/crm/objects/2025-09/contacts"):
        assert (
            requests.get(stand.url + wrong, headers={"Authorization": "Bearer t"}, timeout=TIMEOUT).status_code == 404
        )


@pytest.mark.parametrize(("version", "status"), [("v3", 207), ("2026-03", 207), ("2026-09", 200)])
def test_refused_rows_stand_in_a_207_or_in_an_ordinary_answer(
    stand: Any, row: Any, call: Any, version: str, status: int
) -> None:
    body = {"inputs": [row("good", firstname="A"), row("bad", email="not an email")]}
    answer = call("POST", version, "objects", "/contacts/batch/upsert", body)
    told = answer.json()
    assert (answer.status_code, told["numErrors"], len(told["results"])) == (status, 1, 1)
    assert told["errors"][0]["context"] == {"objectWriteTraceId": ["trace-bad"]}
    lost = {"inputs": [{"id": "404"}], "properties": [], "propertiesWithHistory": []}
    read = call("POST", version, "objects", "/contacts/batch/read", lost)
    assert (read.status_code, read.json()["errors"][0]["category"]) == (status, "OBJECT_NOT_FOUND")


def test_errors_can_be_held_to_either_status_in_every_version(stand: Any, row: Any, call: Any) -> None:
    """The description of 2026-09 is from before its release: it may answer 207 all the same."""
    for multi_status, status in ((True, 207), (False, 200)):
        stand.settings(multi_status=multi_status)
        for version in NAMES:
            body = {"inputs": [row("good", firstname="A"), row("bad", email="not an email")]}
            answer = call("POST", version, "objects", "/contacts/batch/upsert", body)
            assert (answer.status_code, answer.json()["numErrors"]) == (status, 1)


def test_a_creation_with_refused_rows_keeps_its_ordinary_status_in_2026_09(call: Any) -> None:
    inputs = [{"properties": {"firstname": "A"}, "objectWriteTraceId": "1"}, {"properties": {"nope": "B"}}]
    inputs[1]["objectWriteTraceId"] = "2"
    found = {each: call("POST", each, "objects", "/contacts/batch/create", {"inputs": inputs}) for each in NAMES}
    assert {each: answer.status_code for each, answer in found.items()} == {"v3": 207, "2026-03": 207, "2026-09": 201}
    assert all(answer.json()["numErrors"] == 1 for answer in found.values())


@pytest.mark.parametrize(("version", "warns"), [("v3", True), ("2026-03", True), ("2026-09", False)])
def test_written_rows_may_carry_warnings_until_2026_09(
    stand: Any, row: Any, call: Any, version: str, warns: bool
) -> None:
    stand.fault("row_warned", ids=["c2"])
    body = {"inputs": [row("c1", firstname="A"), row("c2", firstname="B")]}
    answer = call("POST", version, "objects", "/contacts/batch/upsert", body)
    warned = {each["objectWriteTraceId"]: each.get("warnings") for each in answer.json()["results"]}
    assert answer.status_code == 200
    assert warned.pop("trace-c1") is None
    [found] = warned["trace-c2"] if warns else [None]
    assert (set(found) == {"category", "message", "context"}) if found else warned["trace-c2"] is None
    assert set(stand.contacts()) == {"c1", "c2"}


@pytest.mark.parametrize("body", [{}, {"inputs": []}])
@pytest.mark.parametrize("way", ["upsert", "update", "create", "read"])
def test_a_batch_without_inputs_is_complete_at_once_in_the_dated_versions(call: Any, way: str, body: Any) -> None:
    for version in DATED:
        answer = call("POST", version, "objects", f"/contacts/batch/{way}", body)
        assert (answer.status_code, answer.json()["status"], answer.json()["results"]) == (200, "COMPLETE", [])
        assert "errors" not in answer.json()
    assert call("POST", "v3", "objects", f"/contacts/batch/{way}", body).status_code == 400


@pytest.mark.parametrize("version", NAMES)
def test_properties_and_groups_are_made_and_read_in_every_version(call: Any, version: str) -> None:
    group = call("POST", version, "properties", "/contacts/groups", {"name": "mine", "label": "Mine"})
    made = call("POST", version, "properties", "/contacts", {**PLAIN, "name": "one", "groupName": "mine"})
    many = call("POST", version, "properties", "/contacts/batch/create", {"inputs": [{**PLAIN, "name": "two"}]})
    again = call("POST", version, "properties", "/contacts/batch/create", {"inputs": [{**PLAIN, "name": "two"}]})
    assert [each.status_code for each in (group, made, many)] == [201] * 3
    assert again.json()["errors"][0]["category"] == "OBJECT_ALREADY_EXISTS"
    assert again.status_code == (201 if version == "2026-09" else 207)
    names = [each["name"] for each in call("GET", version, "properties", "/contacts").json()["results"]]
    assert {"one", "two", "email"} <= set(names)


@pytest.mark.parametrize(
    "hint",
    [
        {"numberDisplayHint": "formatted"},
        {"textDisplayHint": "multi_line"},
        {"currencyPropertyName": "money"},
        {"showCurrencySymbol": True},
    ],
)
def test_display_hints_of_a_property_are_gone_in_2026_09(call: Any, hint: dict[str, Any]) -> None:
    for at, version in enumerate(NAMES):
        single = call("POST", version, "properties", "/contacts", {**PLAIN, **hint, "name": f"a{at}"})
        batch = {"inputs": [{**PLAIN, **hint, "name": f"b{at}"}]}
        expected = 400 if version == "2026-09" else 201
        assert single.status_code == expected
        assert call("POST", version, "properties", "/contacts/batch/create", batch).status_code == expected


def test_an_option_needs_its_place_in_2026_09(call: Any) -> None:
    kind = {"type": "enumeration", "fieldType": "select"}
    choice = {**PLAIN, **kind}
    bare = [{"label": "A", "value": "a", "hidden": False}]
    placed = [{**bare[0], "displayOrder": 0}]
    for at, version in enumerate(NAMES):
        expected = (400, 400) if version == "2026-09" else (201, 200)
        made = call("POST", version, "properties", "/contacts", {**choice, "name": f"a{at}", "options": bare})
        call("POST", version, "properties", "/contacts", {**choice, "name": f"b{at}", "options": placed})
        changed = call("PATCH", version, "properties", f"/contacts/b{at}", {**kind, "options": bare})
        assert (made.status_code, changed.status_code) == expected
        assert call("PATCH", version, "properties", f"/contacts/b{at}", {**kind, "options": placed}).status_code == 200


@pytest.mark.parametrize(("version", "status"), [("v3", 204), ("2026-03", 204), ("2026-09", 200)])
def test_associations_are_made_read_and_archived(stand: Any, row: Any, call: Any, version: str, status: int) -> None:
    contact, order = stand.upsert(row("c1", firstname="A")).results[0].id, stand.create("orders")
    pair = {"from": {"id": order}, "to": {"id": contact}}
    [made] = call(
        "POST", version, "associations", "/orders/contacts/batch/associate/default", {"inputs": [pair]}
    ).json()["results"]
    assert made["associationSpec"] == {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 507}
    typed = {**pair, "types": [made["associationSpec"]]}
    again = call("POST", version, "associations", "/orders/contacts/batch/create", {"inputs": [typed]})
    assert again.status_code == 201
    read = {"inputs": [{"id": contact}]}
    [found] = call("POST", version, "associations", "/contacts/orders/batch/read", read).json()["results"]
    assert [(each["toObjectId"], each["associationTypes"][0]["typeId"]) for each in found["to"]] == [(order, 508)]
    gone = {"inputs": [{"from": {"id": order}, "to": [{"id": contact}]}]}
    assert call("POST", version, "associations", "/orders/contacts/batch/archive", gone).status_code == status
    left = call("POST", version, "associations", "/contacts/orders/batch/read", read).json()
    assert (left["results"], left["errors"][0]["context"]) == ([], {"fromObjectId": [contact]})


def test_an_association_with_nobody_or_of_no_known_pair_is_refused(stand: Any, call: Any) -> None:
    pair = {"inputs": [{"from": {"id": stand.create("orders")}, "to": {"id": "404"}}]}
    for version in NAMES:
        answer = call("POST", version, "associations", "/orders/contacts/batch/associate/default", pair)
        assert (answer.status_code, answer.json()["results"]) == (200, [])
        assert answer.json()["errors"][0]["context"] == {"ids": ["404"]}
    unknown = call("POST", "2026-09", "associations", "/notes/line_items/batch/associate/default", pair)
    assert unknown.status_code == 400


@pytest.mark.parametrize("version", NAMES)
def test_owners_pipelines_and_room_can_be_read(stand: Any, call: Any, version: str) -> None:
    stand.settings(owners=["a@example.com", "b@example.com"], max_properties=4, enabled=["0-1"])
    owners = call("GET", version, "owners").json()["results"]
    assert [each["email"] for each in owners] == ["a@example.com", "b@example.com"]
    assert call("GET", version, "owners", "?email=b@example.com").json()["results"] == owners[1:]
    [pipeline] = call("GET", version, "pipelines", "/orders").json()["results"]
    stages = [each["label"] for each in pipeline["stages"]]
    assert stages == ["Open", "Processed", "Shipped", "Delivered", "Cancelled"]
    assert call("GET", version, "pipelines", f"/orders/{pipeline['id']}").json() == pipeline
    room = call("GET", version, "limits", "/custom-properties").json()
    [contacts] = [each for each in room["byObjectType"] if each["objectTypeId"] == "0-1"]
    assert (contacts["limit"], contacts["usage"], contacts["percentage"]) == (4, 1, 25.0)
    found = [call("GET", version, "object-library", f"/enablement/{each}").json() for each in ("0-1", "0-123")]
    assert found == [{"enablement": True}, {"enablement": False}]


@pytest.fixture
def client(stand: Any) -> Any:
    """HubSpot's own client, whose models refuse an answer that lacks a required field."""
    return HubSpot(access_token="t", host=stand.url)


def test_hubspots_own_client_reads_owners_and_pipelines(client: Any) -> None:
    assert [each.email for each in client.crm.owners.owners_api.get_page().results]
    [pipeline] = client.crm.pipelines.pipelines_api.get_all("orders").results
    assert client.crm.pipelines.pipelines_api.get_by_id("orders", pipeline.id).stages[0].label == "Open"


def test_hubspots_own_client_makes_and_reads_associations(stand: Any, row: Any, client: Any) -> None:
    contact, order = stand.upsert(row("c1", firstname="A")).results[0].id, stand.create("orders")
    api = client.crm.associations.v4.batch_api
    pair = {"from": {"id": order}, "to": {"id": contact}}
    [made] = api.create_default("orders", "contacts", {"inputs": [pair]}).results
    spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": made.association_spec.association_type_id}
    assert api.create("orders", "contacts", {"inputs": [{**pair, "types": [spec]}]}).results[0].to_object_id == contact
    [found] = api.get_page("orders", "contacts", {"inputs": [{"id": order}]}).results
    assert [each.association_types[0].type_id for each in found.to] == [507]
    api.archive("orders", "contacts", {"inputs": [{"from": {"id": order}, "to": [{"id": contact}]}]})
    assert api.get_page("orders", "contacts", {"inputs": [{"id": order}]}).results == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"from": {"id": "77"}, "to": {"id": "1"}},
        {"from": {"id": "77"}, "to": {"id": "1"}, "types": [{"associationTypeId": 3}]},
        {"from": {"id": "77"}, "to": {"id": "1"}, "types": [], "more": 1},
        {"from": {"id": "77"}, "to": {"id": "1"}, "type": "deal_to_contact"},
    ],
)
def test_an_association_of_another_shape_is_refused(call: Any, wrong: dict[str, Any]) -> None:
    for version in NAMES:
        answer = call("POST", version, "associations", "/deals/contacts/batch/create", {"inputs": [wrong]})
        assert answer.status_code == 400


def test_an_association_type_of_another_pair_is_refused(call: Any) -> None:
    spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 507}
    pair = {"from": {"id": "77"}, "to": {"id": "1"}, "types": [spec]}
    answer = call("POST", "2026-09", "associations", "/deals/contacts/batch/create", {"inputs": [pair]})
    assert answer.status_code == 400


def test_carts_have_no_pipelines(stand: Any, call: Any) -> None:
    stand.settings(scopes=["crm.objects.carts.read"])
    assert call("GET", "2026-09", "pipelines", "/carts").status_code == 400


@pytest.mark.parametrize(
    ("method", "area", "rest", "scope"),
    [
        ("GET", "owners", "", "crm.objects.owners.read"),
        ("GET", "pipelines", "/orders", "crm.objects.orders.read"),
        ("GET", "objects", "/contacts", "crm.objects.contacts.read"),
        ("POST", "objects", "/contacts/batch/read", "crm.objects.contacts.read"),
        ("POST", "objects", "/contacts/batch/upsert", "crm.objects.contacts.write"),
        ("GET", "properties", "/contacts", "crm.schemas.contacts.read"),
        ("POST", "properties", "/contacts", "crm.schemas.contacts.write"),
    ],
)
def test_a_dated_path_needs_the_same_scope(
    stand: Any, call: Any, method: str, area: str, rest: str, scope: str
) -> None:
    stand.settings(scopes=["nothing"])
    for version in NAMES:
        answer = call(method, version, area, rest, {} if method == "POST" else None)
        assert answer.json()["errors"][0]["context"]["requiredGranularScopes"] == [scope]


@pytest.mark.parametrize("version", NAMES)
def test_the_account_is_told_in_every_version(stand: Any, version: str) -> None:
    own = {"Authorization": "Bearer t"}
    details = requests.get(f"{stand.url}/account-info/{version}/details", headers=own, timeout=TIMEOUT)
    assert details.json()["portalId"] == 44_000_001


def test_calls_are_counted_by_version(stand: Any, call: Any) -> None:
    call("POST", "2026-09", "objects", "/contacts/batch/upsert", {"inputs": []})
    assert stand.control("GET", "state")["calls"]["POST /crm/objects/2026-09/contacts/batch/upsert"] == {"200": 1}
