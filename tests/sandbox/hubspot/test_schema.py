"""The properties API and what an app can ask about itself, through HubSpot's own client where it speaks it."""

from typing import Any

import pytest
import requests
from hubspot.crm.properties.exceptions import ApiException

PLAIN = {"label": "X", "type": "string", "fieldType": "text", "groupName": "contactinformation"}


def create(stand: Any, **changes: Any) -> Any:
    return stand.properties.core_api.create("contacts", {**PLAIN, "name": "mine", **changes})


def test_a_new_portal_has_the_properties_a_lead_needs(stand: Any) -> None:
    known = {each.name: each for each in stand.properties.core_api.get_all("contacts").results}
    assert {"firstname", "lastname", "email", "phone", "mobilephone", "address", "city", "state", "zip"} <= set(known)
    languages = {option.value for option in known["hs_language"].options}
    assert {"en", "th", "zh-cn", "ms", "id", "vi"} <= languages
    assert languages.isdisjoint({"lo", "km", "tl"})
    assert known["hs_marketable_status"].modification_metadata.read_only_value


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Mine"},
        {"name": "hs_mine"},
        {"type": "text"},
        {"fieldType": "datetime"},
        {"type": "number", "fieldType": "select"},
        {"type": "bool", "fieldType": "booleancheckbox"},
        {"groupName": "nope"},
        {"options": [{"label": "A", "value": "a", "hidden": False}]},
        {"unknown": 1},
    ],
)
def test_a_definition_that_makes_no_sense_is_refused(stand: Any, changes: Any) -> None:
    with pytest.raises(ApiException) as caught:
        create(stand, **changes)
    assert caught.value.status == 400


def test_an_existing_property_answers_409(stand: Any) -> None:
    create(stand)
    with pytest.raises(ApiException) as caught:
        create(stand)
    assert caught.value.status == 409
    assert "OBJECT_ALREADY_EXISTS" in caught.value.body


def test_a_batch_creates_what_is_new_and_names_what_is_not(stand: Any) -> None:
    api = stand.properties.batch_api
    first = api.create("contacts", {"inputs": [{**PLAIN, "name": "a"}]})
    again = api.create("contacts", {"inputs": [{**PLAIN, "name": "a"}, {**PLAIN, "name": "b"}]})
    assert [each.name for each in first.results] == ["a"]
    assert [each.name for each in again.results] == ["b"]
    assert (again.num_errors, again.errors[0].category) == (1, "OBJECT_ALREADY_EXISTS")


def test_a_full_portal_takes_no_more(stand: Any) -> None:
    stand.settings(max_properties=1)
    with pytest.raises(ApiException) as caught:
        create(stand)
    assert caught.value.status == 400


def test_ten_unique_properties_are_the_most(stand: Any) -> None:
    for number in range(9):
        create(stand, name=f"u{number}", hasUniqueValue=True)
    with pytest.raises(ApiException):
        create(stand, name="u9", hasUniqueValue=True)


def test_a_group_is_made_once(stand: Any) -> None:
    api = stand.properties.groups_api
    assert api.create("contacts", {"name": "dealdroid", "label": "DealDroid"}).name == "dealdroid"
    assert "dealdroid" in [each.name for each in api.get_all("contacts").results]
    with pytest.raises(ApiException) as caught:
        api.create("contacts", {"name": "dealdroid", "label": "DealDroid"})
    assert caught.value.status == 409


def test_options_added_to_a_text_make_it_a_dropdown(stand: Any, row: Any) -> None:
    stand.settings(options={"country": ["Thailand", "Laos"]})
    assert stand.upsert(row("c1", firstname="A", country="ไทย")).errors[0].errors[0].code == "INVALID_OPTION"
    assert stand.upsert(row("c1", firstname="A", country="Laos")).results[0].new


def test_an_app_can_ask_about_its_account_and_token(stand: Any) -> None:
    own = {"Authorization": "Bearer t"}
    details = requests.get(stand.url + "/account-info/v3/details", headers=own, timeout=5).json()
    usage = requests.get(stand.url + "/account-info/v3/api-usage/daily/private-apps", headers=own, timeout=5).json()
    token = stand.raw("/oauth/v2/private-apps/get/access-token-info", '{"tokenKey": "t"}').json()
    assert (details["timeZone"], details["utcOffset"]) == ("Asia/Bangkok", "+07:00")
    assert usage["results"][0]["usageLimit"] == 250_000
    assert (token["hubId"], "crm.objects.contacts.write" in token["scopes"]) == (details["portalId"], True)
