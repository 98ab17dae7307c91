"""Merges as HubSpot does them since 2025: of two records comes a new one."""

from typing import Any

import pytest
import requests
from hubspot.crm.contacts.exceptions import ApiException, NotFoundException

KEY = "dealdroid_customer_id"
WANTED = {"properties": [KEY, "city", "hs_merged_object_ids"], "propertiesWithHistory": [KEY]}


@pytest.fixture
def pair(stand: Any, row: Any) -> Any:
    """The ids of two customers' contacts: c1, c2."""
    stand.upsert(row("c1", firstname="A", email="a@example.com"))
    stand.upsert(row("c2", firstname="B", email="b@example.com", city="X"))
    return [stand.contacts()[key]["id"] for key in ("c1", "c2")]


def merge(stand: Any, primary: str, other: str, by: str | None = KEY) -> str:
    found = stand.control("POST", "merges", {"primary": primary, "other": other, "by": by})
    return str(found["id"])


def read(stand: Any, *ids: str, by: str | None = None) -> list[Any]:
    wanted = {**WANTED, "inputs": [{"id": each} for each in ids]}
    return list(stand.batch.read({**wanted, "idProperty": by} if by else wanted).results)


def test_a_merge_makes_a_new_record_that_both_old_ids_answer_with(stand: Any, pair: Any) -> None:
    new = merge(stand, "c1", "c2")
    assert new not in pair
    assert [each["id"] for each in stand.control("GET", "state")["contacts"]] == [new]
    for old in (*pair, new):
        [found] = read(stand, old)
        assert (found.id, stand.basic.get_by_id(old).id) == (new, new)
        assert set(found.properties["hs_merged_object_ids"].split(";")) == set(pair)


@pytest.mark.parametrize(("primary", "other"), [("c1", "c2"), ("c2", "c1")])
def test_the_values_are_the_primary_ones(stand: Any, pair: Any, primary: str, other: str) -> None:
    new = merge(stand, primary, other)
    [found] = read(stand, new)
    assert found.properties[KEY] == primary
    assert found.properties["firstname"] == {"c1": "A", "c2": "B"}[primary]
    assert found.properties["city"] == {"c1": None, "c2": "X"}[primary]


@pytest.mark.parametrize(
    ("values", "city", "key"), [("primary", None, None), ("filled", "X", None), ("filled_unique", "X", "c2")]
)
def test_what_fills_the_blanks_can_be_chosen(
    stand: Any, pair: Any, values: str, city: str | None, key: str | None
) -> None:
    stand.settings(merged_values=values)
    mine = stand.control("POST", "contacts", {"properties": {"firstname": "Salesperson's"}})["id"]
    [found] = read(stand, merge(stand, mine, pair[1], by=None))
    assert (found.properties["city"], found.properties[KEY]) == (city, key)
    assert (found.properties["firstname"], found.properties["email"]) == ("Salesperson's", "b@example.com")


def test_the_other_ones_key_is_in_the_history_alone(stand: Any, row: Any, pair: Any) -> None:
    new = merge(stand, "c1", "c2")
    [found] = read(stand, new)
    values = [each.value for each in found.properties_with_history[KEY]]
    assert (values[0], set(values)) == ("c1", {"c1", "c2"})
    assert read(stand, "c2", by=KEY) == []
    second = stand.upsert(row("c2", firstname="B")).results[0]
    assert (second.new, second.id != new, len(stand.contacts())) == (True, True, 2)


def test_a_key_that_nobody_has_now_ends_its_history_with_nothing(stand: Any, pair: Any) -> None:
    mine = stand.control("POST", "contacts", {"properties": {"firstname": "Salesperson's"}})["id"]
    [found] = read(stand, merge(stand, mine, pair[1], by=None))
    assert [each.value for each in found.properties_with_history[KEY]] == ["", "c2"]


def test_the_emails_of_both_belong_to_the_merged_record(stand: Any, row: Any, pair: Any) -> None:
    new = merge(stand, "c1", "c2")
    assert {each.id for each in read(stand, "a@example.com", "b@example.com", by="email")} == {new}
    [error] = stand.upsert(row("c3", email="b@example.com")).errors
    assert error.context["existingId"] == [new]


def test_a_write_to_an_old_id_is_routed(stand: Any, pair: Any) -> None:
    new = merge(stand, "c1", "c2")
    results = stand.batch.update({"inputs": [{"id": each, "properties": {"city": f"of {each}"}} for each in pair]})
    assert [each.id for each in results.results] == [new, new]
    assert stand.basic.update(pair[1], {"properties": {"state": "S"}}).id == new
    assert stand.contacts()["c1"]["properties"]["state"] == "S"


def test_a_write_to_an_old_id_can_answer_404_while_reads_are_routed(stand: Any, pair: Any) -> None:
    stand.settings(merged_writes="refused")
    new = merge(stand, "c1", "c2")
    answer = stand.batch.update({"inputs": [{"id": each, "properties": {"city": "Y"}} for each in (*pair, new)]})
    assert [each.id for each in answer.results] == [new]
    assert {each.context["ids"][0] for each in answer.errors} == set(pair)
    assert {each.category for each in answer.errors} == {"OBJECT_NOT_FOUND"}
    for write in (
        lambda: stand.basic.update(pair[0], {"properties": {"city": "Z"}}),
        lambda: stand.basic.purge({"objectId": pair[0]}),
    ):
        with pytest.raises(NotFoundException):
            write()
    stand.basic.archive(pair[0])
    assert [each.id for each in read(stand, pair[0])] == [new]


def test_a_chain_of_merges_leads_to_the_last_record(stand: Any, row: Any, pair: Any) -> None:
    stand.upsert(row("c3", firstname="C", email="c@example.com"))
    third = stand.contacts()["c3"]["id"]
    first = merge(stand, "c1", "c2")
    last = merge(stand, "c3", "c1")
    [found] = read(stand, last)
    old = {*pair, third, first}
    assert set(found.properties["hs_merged_object_ids"].split(";")) == old
    assert {each.id for one in old for each in read(stand, one)} == {last}
    assert {each.value for each in found.properties_with_history[KEY]} == {"c1", "c2", "c3"}
    assert {each.id for each in read(stand, "b@example.com", by="email")} == {last}


@pytest.mark.parametrize(("reads", "count"), [("each", 2), ("once", 1)])
def test_a_batch_read_of_both_old_ids_holds_the_record_for_each_or_once(
    stand: Any, pair: Any, reads: str, count: int
) -> None:
    stand.settings(merged_reads=reads)
    new = merge(stand, "c1", "c2")
    assert [each.id for each in read(stand, *pair)] == [new] * count


def test_after_its_deletion_a_merged_record_is_gone_under_every_id(stand: Any, pair: Any) -> None:
    new = merge(stand, "c1", "c2")
    stand.batch.archive({"inputs": [{"id": each} for each in pair]})
    assert read(stand, *pair, new) == []
    with pytest.raises(ApiException):
        stand.basic.update(pair[0], {"properties": {"city": "Y"}})


@pytest.mark.parametrize(("version", "anew"), [("v3/objects", False), ("objects/2026-03", True)])
def test_hubspots_own_merge_keeps_the_id_in_v3_alone(stand: Any, pair: Any, version: str, anew: bool) -> None:
    """v3 stays as it was here; in truth it makes new records too."""
    body = {"primaryObjectId": pair[0], "objectIdToMerge": pair[1]}
    own = {"Authorization": "Bearer t"}
    answer = requests.post(f"{stand.url}/crm/{version}/contacts/merge", json=body, headers=own, timeout=5)
    assert (answer.json()["id"] not in pair) is anew


def test_the_merged_ids_are_hubspots_own(stand: Any, row: Any, pair: Any) -> None:
    [error] = stand.upsert(row("c1", hs_merged_object_ids="1")).errors
    assert error.errors[0].code == "READ_ONLY_VALUE"
    assert "hs_merged_object_ids" in [each.name for each in stand.properties.core_api.get_all("contacts").results]


def test_nobody_is_merged_with_itself_or_with_nobody(stand: Any, pair: Any) -> None:
    new = merge(stand, "c1", "c2")
    for other, status in ((pair[0], 400), ("404", 404)):
        answer = stand.raw("/_sandbox/merges", f'{{"primary": "{new}", "other": "{other}"}}')
        assert answer.status_code == status


def test_the_search_sees_the_merged_record_after_its_lag(stand: Any, pair: Any) -> None:
    stand.settings(search_lag=60)
    new = merge(stand, "c1", "c2")
    wanted = {"filterGroups": [{"filters": [{"propertyName": "hs_merged_object_ids", "operator": "HAS_PROPERTY"}]}]}
    assert stand.search.do_search(wanted).results == []
    stand.settings(search_lag=0)
    assert [each.id for each in stand.search.do_search(wanted).results] == [new]


def test_associations_go_over_to_the_merged_record(stand: Any, pair: Any) -> None:
    own = {"Authorization": "Bearer t"}
    url = f"{stand.url}/crm/associations/2026-09"
    note = stand.create("notes", hs_timestamp="2026-01-01T00:00:00Z")
    link = {"inputs": [{"from": {"id": note}, "to": {"id": pair[1]}}]}
    requests.post(f"{url}/notes/contacts/batch/associate/default", json=link, headers=own, timeout=5)
    new = merge(stand, "c1", "c2")
    told = requests.post(f"{url}/notes/contacts/batch/read", json={"inputs": [{"id": note}]}, headers=own, timeout=5)
    assert [each["toObjectId"] for each in told.json()["results"][0]["to"]] == [new]


def test_the_merged_record_is_as_old_as_the_older_one(stand: Any, row: Any) -> None:
    stand.upsert(row("c1", firstname="A"))
    first = stand.contacts()["c1"]
    stand.upsert(row("c2", firstname="B"))
    merge(stand, "c2", "c1")
    merged = stand.contacts()["c2"]
    assert merged["created"] == first["created"]
