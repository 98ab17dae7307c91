"""A portal that is saved and restored is the same portal."""

from typing import Any

import pytest

from sandbox.hubspot import Portal, snapshot
from tests.sandbox.conftest import KEY, Stand, row


def test_a_restored_portal_shows_and_does_all_that_the_saved_one_did(stand: Stand) -> None:
    stand.upsert(row("c-1", email="ann@example.com", firstname="Ann"), row("c-2", firstname="Bob"))
    stand.upsert(row("c-1", firstname="Anna"))
    other = stand.create("contacts", email="old@example.com", firstname="Ann")
    gone = stand.create("contacts", firstname="Gone")
    stand.control("DELETE", f"contacts/{gone}")
    kept = stand.contacts()["c-1"]["id"]
    stand.control("POST", "merges", {"primary": kept, "other": other})
    order = {"properties": {"hs_order_name": "Order"}, "associations": {"contacts": [stand.contacts()["c-2"]["id"]]}}
    stand.control("POST", "orders", order)
    stand.settings(merged_writes="refused")
    before, inside = _look(stand), stand.inside("contacts", stand.contacts()["c-1"]["id"])
    raw = snapshot.save(stand.portal)
    assert snapshot.is_readable(raw)
    stand.control("POST", "reset")
    assert stand.contacts() == {}
    snapshot.restore(stand.portal, raw)
    assert (_look(stand), snapshot.save(stand.portal)) == (before, raw)
    assert stand.inside("contacts", stand.contacts()["c-1"]["id"]) == inside
    # Unique values, old ids and old emails still lead to their contacts, and new ones get ids of their own.
    stand.upsert(row("c-1", lastname="Lee"))
    assert stand.control("GET", "contacts/old@example.com?idProperty=email")["id"] == stand.contacts()["c-1"]["id"]
    new = stand.create("contacts", firstname="New")
    assert int(new) > max(int(each["id"]) for each in before["contacts"])
    assert stand.contacts()["c-1"]["properties"]["lastname"] == "Lee"
    assert KEY in before["properties"]


def _look(stand: Stand) -> dict[str, Any]:
    state = stand.control("GET", "state")
    of_this_process = ("calls", "connections", "peak_requests_per_10s", "requests_today", "faults", "faults_struck")
    return {name: value for name, value in state.items() if name not in of_this_process}


@pytest.mark.parametrize(
    "raw", [b"", b"{}", b"x", b'{"form": 0, "settings": {}, "last_id": 1, "tables": {}, "links": []}']
)
def test_what_is_no_portal_is_not_readable(raw: bytes) -> None:
    assert not snapshot.is_readable(raw)
    assert snapshot.is_readable(snapshot.save(Portal()))
