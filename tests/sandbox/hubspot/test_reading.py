"""Read, search, update, single contacts and erasure, through HubSpot's own client."""

import json
from typing import Any

import pytest
from hubspot.crm.contacts.exceptions import ApiException, NotFoundException

KEY = "dealdroid_customer_id"


def read(stand: Any, ids: list[str], by: str | None = KEY) -> Any:
    wanted = {"inputs": [{"id": each} for each in ids], "properties": [KEY], "propertiesWithHistory": ["city"]}
    return stand.batch.read({**wanted, "idProperty": by} if by else wanted)


def find(stand: Any, name: str, operator: str, **more: Any) -> list[str]:
    filters = [{"propertyName": name, "operator": operator, **more}]
    found = stand.search.do_search({"filterGroups": [{"filters": filters}], "properties": [KEY]})
    assert found.total == len(found.results)
    return sorted(each.properties[KEY] for each in found.results)


def test_reading_finds_by_any_unique_property_and_names_the_unknown(stand: Any, row: Any) -> None:
    written = stand.upsert(row("c1", email="a@example.com", city="Bangkok"))
    for by, key in ((KEY, "c1"), ("email", "A@example.com"), (None, written.results[0].id)):
        answer = read(stand, [key, "404"], by)
        assert [each.properties[KEY] for each in answer.results] == ["c1"]
        assert (answer.errors[0].category, answer.errors[0].context) == ("OBJECT_NOT_FOUND", {"ids": ["404"]})


def test_history_comes_newest_first(stand: Any, row: Any) -> None:
    for city in ("Bangkok", "Bangkok", "Chiang Mai"):
        stand.upsert(row("c1", firstname="A", city=city))
    history = read(stand, ["c1"]).results[0].properties_with_history["city"]
    assert [each.value for each in history] == ["Chiang Mai", "Bangkok"]


def test_search_does_not_see_a_write_before_its_time(stand: Any, row: Any) -> None:
    stand.upsert(row("c1", firstname="A", city="Bangkok"))
    stand.settings(search_lag=60)
    assert find(stand, "city", "EQ", value="bangkok") == []
    stand.settings(search_lag=0)
    assert find(stand, "city", "EQ", value="bangkok") == ["c1"]


@pytest.mark.parametrize(
    ("name", "operator", "more", "found"),
    [
        ("email", "EQ", {"value": "A@EXAMPLE.com"}, ["c1"]),
        ("email", "IN", {"values": ["a@example.com", "b@example.com"]}, ["c1", "c2"]),
        ("city", "HAS_PROPERTY", {}, ["c1"]),
        ("city", "NOT_HAS_PROPERTY", {}, ["c2"]),
        ("firstname", "CONTAINS_TOKEN", {"value": "som*"}, ["c1"]),
        ("hs_searchable_calculated_phone_number", "EQ", {"value": "812345678"}, ["c1"]),
        ("lastmodifieddate", "GTE", {"value": "2020-01-01T00:00:00Z"}, ["c1", "c2"]),
    ],
)
def test_search_filters(stand: Any, row: Any, name: str, operator: str, more: Any, found: list[str]) -> None:
    stand.settings(search_lag=0)
    stand.upsert(
        row("c1", firstname="Somchai J", email="a@example.com", city="Bangkok", phone="+66812345678"),
        row("c2", firstname="Anan", email="b@example.com"),
    )
    assert find(stand, name, operator, **more) == found


def test_search_pages(stand: Any, row: Any) -> None:
    stand.settings(search_lag=0)
    stand.upsert(*(row(f"c{n}", firstname="A") for n in range(5)))
    seen, after = [], None
    while True:
        page = stand.search.do_search({"limit": 2, "properties": [KEY], **({"after": after} if after else {})})
        seen += [each.properties[KEY] for each in page.results]
        if page.paging is None:
            break
        after = page.paging.next.after
    assert (page.total, sorted(seen)) == (5, [f"c{n}" for n in range(5)])


def test_search_answers_carry_no_rate_limit_headers(stand: Any) -> None:
    assert "X-HubSpot-RateLimit-Max" not in stand.raw("/crm/v3/objects/contacts/search", "{}").headers
    assert stand.raw("/crm/v3/objects/contacts/batch/read", "{}").headers["X-HubSpot-RateLimit-Max"] == "100"


def test_an_update_of_nobody_spoils_no_other_row(stand: Any, row: Any) -> None:
    known = stand.upsert(row("c1", firstname="A")).results[0].id
    inputs = [{"id": known, "properties": {"city": "Bangkok"}}, {"id": "99", "properties": {"city": "Bangkok"}}]
    answer = stand.batch.update({"inputs": inputs})
    assert ([each.id for each in answer.results], answer.errors[0].context) == ([known], {"ids": ["99"]})
    assert stand.contacts()["c1"]["properties"]["city"] == "Bangkok"


def test_single_contacts_are_read_changed_and_erased(stand: Any, row: Any) -> None:
    known = stand.upsert(row("c1", firstname="A", email="a@example.com")).results[0].id
    changed = stand.basic.update("a@example.com", {"properties": {"city": "Bangkok"}}, id_property="email")
    assert (changed.id, stand.basic.get_by_id(known, properties=["city"]).properties["city"]) == (known, "Bangkok")
    stand.basic.purge({"objectId": known})
    with pytest.raises(NotFoundException):
        stand.basic.get_by_id(known)


def test_creating_refuses_a_taken_email(stand: Any) -> None:
    made = stand.batch.create({"inputs": [{"properties": {"email": "a@example.com"}}]})
    assert len(made.results) == 1
    with pytest.raises(ApiException) as caught:
        stand.batch.create({"inputs": [{"properties": {"email": "a@example.com"}}]})
    assert caught.value.status == 409


def test_an_erasure_by_an_email_that_nobody_has_succeeds_and_by_an_unknown_id_fails(stand: Any, row: Any) -> None:
    """HubSpot's page: such an email is put on a blocklist."""
    stand.upsert(row("c1", email="a@example.com"))
    stand.basic.purge({"objectId": "nobody@example.com", "idProperty": "email"})
    assert len(stand.contacts()) == 1
    stand.basic.purge({"objectId": "A@example.com", "idProperty": "email"})
    assert stand.contacts() == {}
    for unknown in ({"objectId": "404"}, {"objectId": "c1", "idProperty": KEY}):
        with pytest.raises(NotFoundException):
            stand.basic.purge(unknown)


@pytest.mark.parametrize("body", [{}, {"objectId": " "}, {"objectId": 501}, {"objectId": "1", "hardDelete": True}])
def test_an_erasure_that_names_nobody_is_refused(stand: Any, body: dict[str, Any]) -> None:
    assert stand.raw("/crm/v3/objects/contacts/gdpr-delete", json.dumps(body)).status_code == 400


def test_erasing_needs_the_scope_to_write(stand: Any, row: Any) -> None:
    written = stand.upsert(row("c1", firstname="A"))
    stand.settings(scopes=["crm.objects.contacts.read"])
    with pytest.raises(ApiException) as caught:
        stand.basic.purge({"objectId": written.results[0].id})
    assert caught.value.status == 403


def test_a_merged_contact_is_read_under_its_old_id_and_its_own_key_is_free(stand: Any, row: Any) -> None:
    """The primary one's values win, its blanks are filled, both emails stay taken."""
    stand.upsert(
        row("c1", firstname="A", email="a@example.com"), row("c2", firstname="B", email="b@example.com", city="X")
    )
    ids = {key: each["id"] for key, each in stand.contacts().items()}
    stand.basic.merge({"primaryObjectId": ids["c1"], "objectIdToMerge": ids["c2"]})
    wanted = {"inputs": [{"id": ids["c2"]}], "properties": [KEY, "city", "hs_merged_object_ids"]}
    [found] = stand.batch.read({**wanted, "propertiesWithHistory": []}).results
    assert found.id == ids["c1"]
    shown = [found.properties[name] for name in (KEY, "city", "firstname", "hs_merged_object_ids")]
    assert shown == ["c1", "X", "A", ids["c2"]]
    assert read(stand, ["c2"]).results == []
    assert [each.id for each in read(stand, ["b@example.com"], "email").results] == [ids["c1"]]
    with pytest.raises(ApiException):
        stand.basic.merge({"primaryObjectId": ids["c1"], "objectIdToMerge": ids["c2"]})
