"""What a worker finds out for the setup page, against the served stand-in."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from leadcore.config import parse
from leadcore.machine import Machine
from sandbox.http_server import running
from sandbox.hubspot import Portal, Settings, create_app
from workers.hubspot.budget import NoBudget
from workers.hubspot.client import HubSpot
from workers.hubspot.properties import DEFINITIONS
from workers.hubspot.scopes import PURPOSES
from workers.hubspot.setup import setup
from workers.hubspot.survey import survey

CONFIG = parse("")
ALL = [one.name for one in DEFINITIONS]


@contextmanager
def open_portal(*faults: dict[str, object], scopes: tuple[str, ...] = tuple(PURPOSES)) -> Iterator[HubSpot]:
    app = create_app(Portal(Settings(scopes=scopes)))
    for fault in faults:
        app.test_client().post("/_sandbox/faults", json=fault)
    with running(app) as server:
        hubspot = HubSpot("pat-test", server.url, NoBudget(Machine()))
        yield hubspot
        hubspot._batch.api_client.rest_client.pool_manager.clear()


def test_missing_properties_are_named_until_they_are_made() -> None:
    with open_portal() as hubspot:
        found = survey(hubspot, "pat-test", CONFIG, 7)
        assert (found.at_ms, found.scopes, found.properties, found.is_fine) == (7, [], ALL, False)
        setup(hubspot)
        found = survey(hubspot, "pat-test", CONFIG, 8)
        assert (found.properties, found.is_fine) == ([], True)


def test_a_missing_scope_is_named_and_properties_are_not_guessed() -> None:
    lacking = "crm.schemas.contacts.read"
    with open_portal(scopes=tuple(one for one in PURPOSES if one != lacking)) as hubspot:
        found = survey(hubspot, "pat-test", CONFIG, 7)
    assert (found.scopes, found.properties) == ([lacking], [])


@pytest.mark.parametrize("kind", ["401", "503"])
def test_an_outage_is_said_with_its_reason(kind: str) -> None:
    with open_portal({"kind": kind}) as hubspot:
        found = survey(hubspot, "pat-test", CONFIG, 7)
    assert found.code
    assert found.reason
    assert not found.is_fine
