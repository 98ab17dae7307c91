"""The HubSpot stand-in, served, and HubSpot's own client for it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from hubspot import HubSpot

from sandbox.http_server import running
from sandbox.hubspot import Portal, create_app

KEY = "dealdroid_customer_id"
TIMEOUT = (1, 5)


@dataclass
class Stand:
    """A running stand-in: `batch`, `search` and `properties` are the real client's, `control` the sandbox's own API."""

    url: str
    portal: Portal
    batch: Any
    basic: Any
    search: Any
    properties: Any

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, f"{self.url}/_sandbox/{path}", json=body, timeout=TIMEOUT)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def settings(self, **wanted: Any) -> None:
        self.control("POST", "settings", wanted)

    def fault(self, kind: str, **more: Any) -> None:
        self.control("POST", "faults", {"kind": kind, **more})

    def create(self, kind: str, **properties: str) -> str:
        """A record made by a person; its id."""
        return str(self.control("POST", kind, {"properties": properties})["id"])

    def upsert(self, *rows: dict[str, Any]) -> Any:
        return self.batch.upsert({"inputs": list(rows)}, _request_timeout=TIMEOUT)

    def raw(self, path: str, data: Any, **headers: str) -> requests.Response:
        own = {"Authorization": "Bearer t", "Content-Type": "application/json", **headers}
        return requests.post(self.url + path, data=data, headers=own, timeout=TIMEOUT)

    def call(self, method: str, version: str, area: str, rest: str = "", body: Any = None) -> requests.Response:
        """A call of the API as an app; `version` and `area` as in `sandbox.hubspot.versions`."""
        root = (
            f"/crm/{'v4' if area == 'associations' else 'v3'}/{area}" if version == "v3" else f"/crm/{area}/{version}"
        )
        own = {"Authorization": "Bearer t"}
        return requests.request(method, self.url + root + rest, json=body, headers=own, timeout=TIMEOUT)

    def add_property(self, kind: str, name: str, *, unique: bool = False) -> None:
        """A text property of that object type."""
        [group] = self.call("GET", "v3", "properties", f"/{kind}/groups").json()["results"][:1]
        plain = {"name": name, "label": name, "type": "string", "fieldType": "text", "groupName": group["name"]}
        made = self.call("POST", "v3", "properties", f"/{kind}", {**plain, "hasUniqueValue": unique})
        made.raise_for_status()

    def inside(self, kind: str, record_id: str) -> dict[str, Any]:
        """A record as the control API shows it."""
        found: dict[str, Any] = self.control("GET", f"{kind}/{record_id}")
        return found

    def contacts(self) -> dict[str, Any]:
        """Customer id -> contact as the control API shows it."""
        return {each["properties"].get(KEY, each["id"]): each for each in self.control("GET", "state")["contacts"]}


def row(key: str, *, traced: bool = True, **properties: str) -> dict[str, Any]:
    plain: dict[str, Any] = {"id": key, "idProperty": KEY, "properties": properties}
    return {**plain, "objectWriteTraceId": f"trace-{key}"} if traced else plain


@pytest.fixture(name="row")
def row_fixture() -> Callable[..., dict[str, Any]]:
    return row


@pytest.fixture
def stand() -> Iterator[Stand]:
    portal = Portal()
    with running(create_app(portal)) as server:
        client = HubSpot(access_token="pat-test", host=server.url)
        contacts, properties = client.crm.contacts, client.crm.properties
        apis = (contacts.batch_api, contacts.basic_api, contacts.search_api, properties)
        stand = Stand(server.url, portal, *apis)
        definition = {"name": KEY, "label": "Customer", "type": "string", "fieldType": "text", "hasUniqueValue": True}
        stand.properties.core_api.create("contacts", {**definition, "groupName": "contactinformation"})
        yield stand
        for api in (*apis[:3], properties.core_api):
            api.api_client.rest_client.pool_manager.clear()
