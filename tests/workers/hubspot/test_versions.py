"""One value decides the API version of every call."""

from datetime import date

import pytest

from leadcore.machine import Machine
from leadcore.settings import HUBSPOT_VERSIONS
from tests.workers.hubspot.conftest import serving
from workers.flow.errors import LineDown
from workers.hubspot import access
from workers.hubspot.budget import NoBudget
from workers.hubspot.client import HubSpot
from workers.hubspot.properties import DEFINITIONS
from workers.hubspot.versions import SUPPORT_ENDS, is_near, list_ends, with_version
from workers.rules.outcomes import ContactWrite


def call_everything(hubspot: HubSpot) -> None:
    row = ContactWrite("t", "1", {"city": "Bangkok"})
    hubspot.upsert([row], {})
    hubspot.update([row], {})
    hubspot.read_each(["1"], ["city"])
    hubspot.create_group("dealdroid", "DealDroid")
    hubspot.create_property(DEFINITIONS[0].body())
    access.inspect_token(hubspot, "token")
    hubspot.ping()
    for refused in (
        hubspot.properties,
        lambda: hubspot.search(["email"], [], limit=1),
        lambda: hubspot.erase("1"),
    ):
        with pytest.raises(LineDown):
            refused()


@pytest.mark.parametrize("version", HUBSPOT_VERSIONS)
def test_every_call_to_the_crm_is_made_in_the_version_that_is_set(version: str) -> None:
    with serving(lambda line, body: (400, {})) as (url, asked):
        hubspot = HubSpot("token", url, NoBudget(Machine()), version=version)
        call_everything(hubspot)
        hubspot._batch.api_client.rest_client.pool_manager.clear()
    crm = {one for one in asked if "/crm/" in one}
    if version == "v3":
        assert {one.split("/")[3] for one in crm} == {"v3"}
    else:
        assert {one.split("/")[4] for one in crm} == {version}
        assert not [one for one in crm if "/v3/" in one or "/v4/" in one]
    begins = "/proxy/crm/v3/objects" if version == "v3" else f"/proxy/crm/objects/{version}"
    assert f"POST {begins}/contacts/batch/upsert" in crm
    assert f"GET {begins}/contacts/1" in crm


@pytest.mark.parametrize(
    ("path", "dated"),
    [
        ("/crm/v3/objects/contacts/batch/upsert", "/crm/objects/2026-09/contacts/batch/upsert"),
        ("/crm/v3/objects/contacts/v3?idProperty=v4", "/crm/objects/2026-09/contacts/v3?idProperty=v4"),
        ("/crm/v4/associations/0-3/0-1/batch/read", "/crm/associations/2026-09/0-3/0-1/batch/read"),
        ("/crm/v3/associations/orders/contacts/batch/read", "/crm/associations/2026-09/orders/contacts/batch/read"),
        ("/crm/v3/properties/contacts", "/crm/properties/2026-09/contacts"),
        ("/crm/v3/pipelines/orders", "/crm/pipelines/2026-09/orders"),
        ("/crm/v3/owners/", "/crm/owners/2026-09/"),
        ("/crm/v3/owners", "/crm/owners/2026-09"),
        ("/crm/v3/property-validations/0-1", "/crm/property-validations/2026-09/0-1"),
        ("/account-info/v3/details", "/account-info/2026-09/details"),
        ("/oauth/v2/private-apps/get/access-token-info", "/oauth/v2/private-apps/get/access-token-info"),
        ("/crm/v3/objectsx/1", "/crm/v3/objectsx/1"),
        ("/x/crm/v3/objects/contacts", "/x/crm/v3/objects/contacts"),
    ],
)
def test_a_numbered_path_has_its_dated_one(path: str, dated: str) -> None:
    assert with_version(path, "2026-09") == dated
    assert with_version(path, "v3") == path


def test_every_version_that_can_be_set_has_an_end() -> None:
    assert SUPPORT_ENDS.keys() == set(HUBSPOT_VERSIONS)
    assert [name for name, _ in list_ends("v3")] == ["v4 (associations)", "v3"]


@pytest.mark.parametrize(
    ("today", "near"),
    [(date(2026, 9, 1), False), (date(2026, 9, 30), True), (date(2027, 3, 30), True), (date(2028, 1, 1), True)],
)
def test_an_end_is_near_from_half_a_year_before(today: date, near: bool) -> None:
    assert is_near(date(2027, 3, 30), today) is near
