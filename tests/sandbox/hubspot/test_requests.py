"""A request that HubSpot would not take is not taken."""

from typing import Any

import pytest

UPSERT = "/crm/v3/objects/contacts/batch/upsert"
KEY = "dealdroid_customer_id"


def body(**changes: Any) -> dict[str, Any]:
    return {"id": "c1", "idProperty": KEY, "properties": {"firstname": "A"}, **changes}


@pytest.mark.parametrize(
    "sent",
    [
        {"inputs": []},
        {"inputs": [body() for _ in range(2)]},
        {"inputs": [body(id=str(n)) for n in range(101)]},
        {"inputs": [body(extra=1)]},
        {"inputs": [body()], "extra": 1},
        {"inputs": [body(properties={"firstname": None})]},
        {"inputs": [body(properties={"firstname": 5})]},
        {"inputs": [body(properties=None)]},
        {"inputs": [body(id=None)]},
        {"inputs": [body(id=" ")]},
        {"inputs": [body(id=7)]},
        {"inputs": [body(idProperty="phone")]},
        {"inputs": [body(idProperty="nope")]},
        {"inputs": [{"id": "c1", "properties": {"firstname": "A"}}]},
        {"inputs": [{"idProperty": KEY, "properties": {"firstname": "A"}}]},
        {"inputs": [body(id=email, idProperty="email") for email in ("A@example.com", "a@example.com")]},
        {},
        [],
        "not json",
        None,
    ],
)
def test_a_malformed_batch_answers_400_in_hubspots_words(stand: Any, sent: Any) -> None:
    import json

    answer = stand.raw(UPSERT, sent if isinstance(sent, str) else json.dumps(sent))
    assert answer.status_code == 400
    told = answer.json()
    assert (told["status"], told["category"]) == ("error", "VALIDATION_ERROR")
    assert told["message"]
    assert told["correlationId"]
    assert stand.contacts() == {}


def test_a_hundred_rows_fit(stand: Any) -> None:
    assert len(stand.upsert(*(body(id=str(n)) for n in range(100))).results) == 100


@pytest.mark.parametrize("header", ["", "Bearer ", "Basic x", "bearer"])
def test_a_token_is_needed(stand: Any, header: str) -> None:
    assert stand.raw(UPSERT, "{}", Authorization=header).status_code == 401


def test_only_configured_tokens_are_good_once_there_are_some(stand: Any) -> None:
    stand.settings(tokens=["pat-other"])
    assert stand.raw(UPSERT, "{}").status_code == 401
    assert stand.raw(UPSERT, "{}", Authorization="Bearer pat-other").status_code == 400


def test_a_missing_scope_is_named(stand: Any) -> None:
    stand.settings(scopes=["crm.objects.contacts.read"])
    answer = stand.raw(UPSERT, "{}")
    assert (answer.status_code, answer.json()["category"]) == (403, "MISSING_SCOPES")
    assert answer.json()["errors"][0]["context"]["requiredGranularScopes"] == ["crm.objects.contacts.write"]
    assert stand.raw("/crm/v3/objects/contacts/search", "{}").status_code == 200


def test_another_content_type_or_path_is_refused_in_json(stand: Any) -> None:
    assert stand.raw(UPSERT, "{}", **{"Content-Type": "text/plain"}).json()["status"] == "error"
    assert stand.raw("/crm/v3/nope", "{}").json()["status"] == "error"


def test_error_bodies_can_be_bare(stand: Any) -> None:
    stand.settings(bare_errors=True)
    assert set(stand.raw(UPSERT, "{}").json()) == {"status", "message"}


def test_an_unknown_setting_is_refused(stand: Any) -> None:
    answer = stand.raw("/_sandbox/settings", '{"quotta": 1}')
    assert answer.status_code == 400
    assert "quotta" in answer.json()["message"]
