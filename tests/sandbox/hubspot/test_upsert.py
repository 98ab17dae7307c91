"""Batch upsert, through HubSpot's own client."""

import json
from typing import Any

import pytest
from hubspot.crm.contacts.exceptions import ApiException
from hubspot.crm.contacts.models import BatchResponseSimplePublicUpsertObject as Complete
from hubspot.crm.contacts.models import BatchResponseSimplePublicUpsertObjectWithErrors as Partial

KEY = "dealdroid_customer_id"


def refused(stand: Any, *rows: Any) -> tuple[int, dict[str, Any]]:
    with pytest.raises(ApiException) as caught:
        stand.upsert(*rows)
    return caught.value.status, json.loads(caught.value.body)


def test_creates_then_updates_one_contact(stand: Any, row: Any) -> None:
    first = stand.upsert(row("c1", firstname="สมชาย"))
    again = stand.upsert(row("c1", firstname="สมชาย", phone="+66812345678"))
    assert isinstance(first, Complete)
    assert (first.results[0].new, again.results[0].new) == (True, False)
    assert first.results[0].id == again.results[0].id
    contact = stand.contacts()["c1"]
    assert contact["properties"]["lifecyclestage"] == "lead"
    assert contact["writes"]["firstname"] == 2
    assert contact["changes"]["firstname"] == 1


def test_results_are_not_in_input_order_but_name_their_row(stand: Any, row: Any) -> None:
    results = stand.upsert(*(row(f"c{n}", firstname="A") for n in range(100))).results
    keys = [each.properties[KEY] for each in results]
    assert sorted(keys) != keys != [f"c{n}" for n in range(100)]
    assert {each.object_write_trace_id for each in results} == {f"trace-{key}" for key in keys}


def test_the_trace_id_need_not_come_back(stand: Any, row: Any) -> None:
    stand.settings(echo_trace_id=False)
    assert stand.upsert(row("c1", firstname="A")).results[0].object_write_trace_id is None


def test_with_trace_ids_the_good_rows_are_written_and_the_bad_ones_named(stand: Any, row: Any) -> None:
    answer = stand.upsert(row("good", firstname="A"), row("bad", email="not an email"))
    assert isinstance(answer, Partial)
    assert answer.num_errors == 1
    assert answer.errors[0].context == {"objectWriteTraceId": ["trace-bad"]}
    assert answer.errors[0].errors[0].code == "INVALID_EMAIL"
    assert list(stand.contacts()) == ["good"]


@pytest.mark.parametrize("spoil", ["missing", "repeated"])
def test_without_a_trace_id_of_its_own_for_every_row_one_bad_row_rejects_all(stand: Any, row: Any, spoil: str) -> None:
    rows = [row("good", firstname="A"), row("bad", email="x"), row("fine", firstname="B", traced=spoil != "missing")]
    if spoil == "repeated":
        rows[2]["objectWriteTraceId"] = rows[0]["objectWriteTraceId"]
    status, body = refused(stand, *rows)
    assert (status, body["category"]) == (400, "VALIDATION_ERROR")
    assert stand.contacts() == {}


def test_partial_upserts_are_not_supported_by_email(stand: Any) -> None:
    rows = [
        {"id": "a@example.com", "idProperty": "email", "objectWriteTraceId": "1", "properties": {"firstname": "A"}},
        {"id": "b@example.com", "idProperty": "email", "objectWriteTraceId": "2", "properties": {"nope": "B"}},
    ]
    assert refused(stand, *rows)[0] == 400
    assert stand.contacts() == {}


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"nope": "x"}, "PROPERTY_DOESNT_EXIST"),
        ({"hs_object_id": "1"}, "READ_ONLY_VALUE"),
        ({"createdate": "2024-01-01"}, "READ_ONLY_VALUE"),
        ({"hs_marketable_status": "true"}, "READ_ONLY_VALUE"),
        ({"hs_language": "lo"}, "INVALID_OPTION"),
        ({"hs_language": "TH"}, "INVALID_OPTION"),
        ({"hs_lead_status": "New"}, "INVALID_OPTION"),
        ({"email": "a..b@example.com"}, "INVALID_EMAIL"),
        ({"email": "สมชาย@example.com"}, "INVALID_EMAIL"),
        ({"score": "12 baht"}, "INVALID_INTEGER"),
        ({"day": "31/12/2024"}, "INVALID_DATE"),
        ({"moment": "2024-01-01T10:00:00"}, "INVALID_DATE"),
        ({"address": "x" * 65_537}, "VALUE_TOO_LONG"),
    ],
)
def test_a_bad_value_is_refused_by_property_and_code(
    stand: Any, row: Any, properties: dict[str, str], code: str
) -> None:
    for name, kind, field in (("score", "number", "number"), ("day", "date", "date"), ("moment", "datetime", "date")):
        made = {"name": name, "label": name, "type": kind, "fieldType": field, "groupName": "contactinformation"}
        stand.properties.core_api.create("contacts", made)
    [error] = stand.upsert(row("c1", firstname="A", **properties)).errors
    [name] = properties
    assert (error.errors[0].code, error.errors[0].context) == (code, {"propertyName": [name]})
    listed = json.loads(error.message.removeprefix("Property values were not valid: "))
    assert [(each["name"], each["error"], each["isValid"]) for each in listed] == [(name, code, False)]


@pytest.mark.parametrize(("message", "errors"), [(1, None), (None, 1), (0, None), (None, 0)])
def test_either_list_of_refusals_can_be_the_shorter_one(
    stand: Any, row: Any, message: int | None, errors: int | None
) -> None:
    stand.settings(listed_in_message=message, listed_in_errors=errors)
    [error] = stand.upsert(row("c1", firstname="A", nope="x", email="y")).errors
    listed = json.loads(error.message.removeprefix("Property values were not valid: "))
    assert (len(listed), len(error.errors)) == (2 if message is None else message, 2 if errors is None else errors)


@pytest.mark.parametrize("properties", [{}, {"phone": "+66812345678"}, {"firstname": ""}])
def test_a_contact_needs_an_email_or_a_name(stand: Any, row: Any, properties: dict[str, str]) -> None:
    assert stand.upsert(row("c1", **properties)).num_errors == 1
    assert stand.contacts() == {}


def test_an_empty_string_clears_a_value(stand: Any, row: Any) -> None:
    stand.upsert(row("c1", firstname="A", city="Bangkok"))
    stand.upsert(row("c1", city=""))
    assert "city" not in stand.contacts()["c1"]["properties"]


def test_the_lifecycle_stage_only_moves_forward(stand: Any, row: Any) -> None:
    stand.upsert(row("c1", firstname="A", lifecyclestage="customer"))
    stand.upsert(row("c1", lifecyclestage="lead"))
    assert stand.contacts()["c1"]["properties"]["lifecyclestage"] == "customer"


def test_a_creating_row_learns_the_owner_of_a_taken_email(stand: Any, row: Any) -> None:
    owner = stand.control("POST", "contacts", {"properties": {"email": "Somchai@Example.com"}})["id"]
    [error] = stand.upsert(row("c1", email="somchai@example.COM")).errors
    assert error.category == "CONFLICT"
    assert error.message == f"Contact already exists. Existing ID: {owner}"
    assert error.context == {"objectWriteTraceId": ["trace-c1"], "existingId": [owner]}


def test_an_updating_row_learns_of_a_taken_email_by_coordinates(stand: Any, row: Any) -> None:
    owner = stand.control("POST", "contacts", {"properties": {"email": "a@example.com"}})["id"]
    own = stand.upsert(row("c1", firstname="A")).results[0].id
    [error] = stand.upsert(row("c1", email="a@example.com")).errors
    assert error.category == "VALIDATION_ERROR"
    assert error.message.startswith("Cannot set PropertyValueCoordinates{portalId=")
    assert error.message.endswith(
        f"propertyName=email, value=a@example.com}} on {own}. {owner} already has that value."
    )


@pytest.mark.parametrize(
    ("form", "status", "names_owner"),
    [
        ("existing_id", 409, True),
        ("no_id", 409, False),
        ("already_exists", 400, False),
        ("code", 400, False),
        ("coordinates", 400, True),
    ],
)
def test_the_form_of_a_conflict_can_be_chosen(stand: Any, row: Any, form: str, status: int, names_owner: bool) -> None:
    owner = stand.control("POST", "contacts", {"properties": {"email": "a@example.com"}})["id"]
    stand.settings(conflict=form)
    answered, body = refused(stand, row("c1", email="a@example.com", traced=False))
    assert answered == status
    # Which is random, and may hold the same digits.
    del body["correlationId"]
    assert (owner in json.dumps(body)) is names_owner


def test_two_rows_of_one_batch_cannot_both_take_an_email(stand: Any, row: Any) -> None:
    answer = stand.upsert(row("c1", email="a@example.com"), row("c2", email="A@example.com"))
    assert (len(answer.results), answer.num_errors) == (1, 1)
    assert answer.errors[0].context["existingId"] == [answer.results[0].id]


def test_a_freed_email_can_be_taken_again(stand: Any, row: Any) -> None:
    stand.upsert(row("c1", email="a@example.com"))
    stand.upsert(row("c1", email="b@example.com"))
    assert isinstance(stand.upsert(row("c2", email="a@example.com")), Complete)


def test_an_archived_contact_is_created_anew(stand: Any, row: Any) -> None:
    first = stand.upsert(row("c1", firstname="A", email="a@example.com")).results[0]
    stand.basic.archive(first.id)
    again = stand.upsert(row("c1", firstname="A", email="a@example.com")).results[0]
    assert again.new
    assert again.id != first.id


def test_phones_are_free_text_unless_the_portal_validates_them(stand: Any, row: Any) -> None:
    assert isinstance(stand.upsert(row("c1", firstname="A", phone="081 234")), Complete)
    stand.settings(validate_phones=True)
    assert isinstance(stand.upsert(row("c1", phone="081 234")), Partial)
    assert isinstance(stand.upsert(row("c1", phone="+66812345678")), Complete)
