"""What the token and the account say, against the served stand-in."""

import pytest

from leadcore.machine import Machine
from sandbox.http_server import running
from sandbox.hubspot import Portal, create_app
from workers.hubspot import access
from workers.hubspot.budget import NoBudget
from workers.hubspot.client import HubSpot


def test_the_portals_id_and_the_domain_of_its_pages_are_learnt() -> None:
    with running(create_app(Portal())) as server:
        hubspot = HubSpot("pat-test", server.url, NoBudget(Machine()))
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
