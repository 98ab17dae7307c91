"""What the token and the account say, against the served stand-in."""

from typing import Any

import pytest

from leadcore.machine import Machine
from leadcore.settings import HUBSPOT_VERSIONS
from sandbox.http_server import running
from sandbox.hubspot import Portal, Settings, create_app
from tests.workers.hubspot.conftest import serving
from workers.flow.errors import LineDown
from workers.hubspot import access
from workers.hubspot.budget import NoBudget
from workers.hubspot.client import HubSpot
from workers.hubspot.scopes import PURPOSES


@pytest.mark.parametrize("version", HUBSPOT_VERSIONS)
def test_the_portals_id_and_the_domain_of_its_pages_are_learnt(version: str) -> None:
    with running(create_app(Portal())) as server:
        hubspot = HubSpot("pat-test", server.url, NoBudget(Machine()), version=version)
        assert access.read_account(hubspot) == {
            "id": "44000001",
            "domain": "app.hubspot.com",
            "time_zone": "Asia/Bangkok",
        }
        hubspot._batch.api_client.rest_client.pool_manager.clear()


@pytest.mark.parametrize("kind", ["401", "503", "html", "garbled"])
def test_an_account_that_does_not_say_is_unknown(kind: str) -> None:
    portal = Portal()
    app = create_app(portal)
    app.test_client().post("/_sandbox/faults", json={"kind": kind, "path": "/account-info/"})
    with running(app) as server:
        hubspot = HubSpot("pat-test", server.url, NoBudget(Machine()))
        assert access.read_account(hubspot) == {}
        hubspot._batch.api_client.rest_client.pool_manager.clear()


@pytest.mark.parametrize("version", HUBSPOT_VERSIONS)
@pytest.mark.parametrize("missing", ["", *PURPOSES])
def test_a_scope_that_a_service_key_lacks_is_found_by_trying(missing: str, version: str) -> None:
    scopes = tuple(one for one in PURPOSES if one != missing)
    app = create_app(Portal(Settings(scopes=scopes)))
    app.test_client().post("/_sandbox/faults", json={"kind": "403", "path": "/oauth"})
    with running(app) as server:
        hubspot = HubSpot("pat-test", server.url, NoBudget(Machine()), version=version)
        assert access.inspect_token(hubspot, "pat-test").missing == ([missing] if missing else [])
        hubspot._batch.api_client.rest_client.pool_manager.clear()


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, {"userId": 1, "hubId": 2, "appId": 3, "scopes": list(PURPOSES)}, "legacy private app"),
        (404, {"status": "error", "category": "OBJECT_NOT_FOUND"}, "service key"),
        (401, {"status": "error"}, "service key"),
        (403, b"<html>Blocked</html>", ""),
        (503, {}, ""),
        (200, {"hubId": 2}, ""),
    ],
)
def test_the_kind_of_the_token_is_known_where_hubspot_says_so(status: int, body: Any, kind: str) -> None:
    """HubSpot's call about private apps' tokens need not know a service key (unconfirmed)."""
    with serving(lambda line, _: (status, body) if "/oauth/" in line else (400, {})) as (url, _):
        hubspot = HubSpot("pat-test", url, NoBudget(Machine()))
        assert access.inspect_token(hubspot, "pat-test") == access.Token(kind, [])
        hubspot._batch.api_client.rest_client.pool_manager.clear()


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (503, {}, "unavailable"),
        (429, {"policyName": "DAILY"}, "daily_quota"),
        (403, b"<html>Blocked</html>", "unexpected"),
    ],
)
def test_a_scope_that_hubspot_says_nothing_of_is_neither_there_nor_missing(status: int, body: Any, code: str) -> None:
    with serving(lambda line, _: (404, {}) if "/oauth/" in line else (status, body)) as (url, _):
        hubspot = HubSpot("pat-test", url, NoBudget(Machine()))
        with pytest.raises(LineDown) as down:
            access.inspect_token(hubspot, "pat-test")
        assert down.value.code == code
        hubspot._batch.api_client.rest_client.pool_manager.clear()
