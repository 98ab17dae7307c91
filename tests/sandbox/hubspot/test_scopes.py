"""Which scopes a call needs: those of every object type that it is about."""

from typing import Any

import pytest

NAMES = ["v3", "2026-03", "2026-09"]
CALLS = [
    ("POST", "objects", "/orders/batch/read", ["crm.objects.orders.read"]),
    ("POST", "objects", "/orders/search", ["crm.objects.orders.read"]),
    ("POST", "objects", "/orders/batch/upsert", ["crm.objects.orders.write"]),
    ("DELETE", "objects", "/orders/1", ["crm.objects.orders.write"]),
    ("GET", "objects", "/0-123/1", ["crm.objects.orders.read"]),
    ("POST", "objects", "/carts/batch/create", ["crm.objects.carts.write"]),
    ("POST", "objects", "/deals/batch/create", ["crm.objects.deals.write"]),
    ("POST", "objects", "/notes/batch/create", ["crm.objects.contacts.write"]),
    ("GET", "properties", "/orders", ["crm.schemas.orders.read"]),
    ("POST", "properties", "/orders/batch/create", ["crm.schemas.orders.write"]),
    ("GET", "pipelines", "/orders", ["crm.objects.orders.read"]),
    ("GET", "pipelines", "/deals", ["crm.objects.deals.read"]),
    (
        "POST",
        "associations",
        "/orders/contacts/batch/associate/default",
        ["crm.objects.orders.write", "crm.objects.contacts.write"],
    ),
    ("GET", "associations", "/notes/contacts/labels", ["crm.objects.contacts.read"]),
    ("GET", "owners", "", ["crm.objects.owners.read"]),
]


def named(answer: Any) -> list[str]:
    """The scopes that a refused call names."""
    assert (answer.status_code, answer.json()["category"]) == (403, "MISSING_SCOPES")
    found: list[str] = answer.json()["errors"][0]["context"]["requiredGranularScopes"]
    return found


@pytest.mark.parametrize("version", NAMES)
@pytest.mark.parametrize(("method", "area", "rest", "scopes"), CALLS)
def test_missing_scopes_are_named(
    stand: Any, version: str, method: str, area: str, rest: str, scopes: list[str]
) -> None:
    body = {"inputs": []} if method == "POST" else None
    stand.settings(scopes=[])
    assert named(stand.call(method, version, area, rest, body)) == scopes
    stand.settings(scopes=scopes[:-1])
    assert named(stand.call(method, version, area, rest, body)) == scopes[-1:]
    stand.settings(scopes=scopes)
    assert stand.call(method, version, area, rest, body).status_code != 403


def test_e_commerce_is_as_good_for_line_items_in_2026_09(stand: Any) -> None:
    body = {"inputs": [{"properties": {}}]}
    stand.settings(scopes=["e-commerce"])
    found = {each: stand.call("POST", each, "objects", "/line_items/batch/create", body) for each in NAMES}
    assert {each: answer.status_code for each, answer in found.items()} == {"v3": 403, "2026-03": 403, "2026-09": 201}
    stand.settings(scopes=["crm.objects.orders.write"])
    told = stand.call("POST", "2026-09", "objects", "/line_items/batch/create", body)
    assert named(told) == ["crm.objects.line_items.write", "e-commerce"]


def test_an_app_without_scopes_of_orders_still_writes_contacts(stand: Any, row: Any) -> None:
    stand.settings(scopes=["crm.objects.contacts.write"])
    assert stand.upsert(row("c1", firstname="A")).results
    assert stand.call("POST", "2026-09", "objects", "/orders", {"properties": {}}).status_code == 403
