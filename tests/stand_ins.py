"""The stand-ins for HubSpot and DealDroid, served over real HTTP, and what tests do with them."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from wsgiref.types import WSGIApplication

import requests
from msgspec import structs

from leadcore.machine import Machine
from sandbox.dealdroid import Chats
from sandbox.hubspot import Portal
from sandbox.hubspot.control import inside
from workers.hubspot.budget import NoBudget
from workers.hubspot.client import HubSpot
from workers.hubspot.setup import setup

# Of which partial calls keep a gap of about a millisecond: the pace itself is what tests of quotas set their own for.
PLENTY_PER_DAY = 100_000_000


@dataclass
class Requests:
    """How many requests reached a stand-in, and how many it has handled."""

    begun: int = 0
    ended: int = 0

    def count(self, app: WSGIApplication) -> WSGIApplication:
        def counted(environ: Any, start: Any) -> Any:
            with self._lock:
                self.begun += 1
            try:
                return app(environ, start)
            finally:
                with self._lock:
                    self.ended += 1

        return counted

    def __post_init__(self) -> None:
        self._lock = threading.Lock()


def control(method: str, url: str, body: Any = None) -> Any:
    """Ask a stand-in for something that no client of it could."""
    with requests.Session() as session:
        session.trust_env = False  # looking for a proxy takes longer than the answer
        answer = session.request(method, url, json=body, timeout=60)
    answer.raise_for_status()
    return answer.json() if answer.content else None


@dataclass
class Crm:
    """The stand-in for HubSpot, served."""

    url: str
    portal: Portal
    requests: "Requests" = field(default_factory=lambda: Requests())
    properties: dict[str, dict[str, Any]] = field(default_factory=dict)
    groups: dict[str, dict[str, str]] = field(default_factory=dict)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        return control(method, f"{self.url}/_sandbox/{path}", body)

    def make_ready(self) -> None:
        """Do what `leadsync setup` does."""
        client = HubSpot("pat-test", self.url, NoBudget(Machine()))
        setup(client)
        client._batch.api_client.rest_client.pool_manager.clear()
        self.properties = {name: dict(table.properties) for name, table in self.portal.tables.items()}
        self.groups = {name: dict(table.groups) for name, table in self.portal.tables.items()}
        self.reset()

    def reset(self) -> None:
        """Be a portal without contacts in which setup was run."""
        self.control("POST", "reset")
        with self.portal.lock:
            for name, table in self.portal.tables.items():
                table.groups, table.properties = dict(self.groups[name]), dict(self.properties[name])
            self.portal.settings = structs.replace(self.portal.settings, requests_per_day=PLENTY_PER_DAY)
            self.portal.derive_rules()

    def settings(self, **wanted: Any) -> None:
        self.control("POST", "settings", wanted)

    def fault(self, kind: str, **more: Any) -> None:
        self.control("POST", "faults", {"kind": kind, **more})

    def create(self, **properties: str) -> str:
        """A contact made by somebody else; its id."""
        return str(self.control("POST", "contacts", {"properties": properties})["id"])

    def merge(self, primary: str, other: str) -> None:
        """What a salesperson does in HubSpot."""
        requests.post(
            f"{self.url}/crm/v3/objects/contacts/merge",
            json={"primaryObjectId": primary, "objectIdToMerge": other},
            headers={"Authorization": "Bearer pat-test"},
            timeout=5,
        ).raise_for_status()

    def contacts(self) -> list[dict[str, Any]]:
        """Every contact with what was written to it, see `sandbox.hubspot.control.inside`."""
        with self.portal.lock:
            return [inside(contact) for contact in self.portal.contacts.records.values()]

    def contact(self, customer_id: str) -> dict[str, str]:
        """The properties of the one contact whose upsert key is `customer_id`."""
        found: list[dict[str, str]] = [each["properties"] for each in self.contacts() if customer_id == key_of(each)]
        assert len(found) == 1, f"{len(found)} contacts"
        return found[0]

    def said(self, customer_id: str, property: str) -> list[str]:
        """The values that the property has had, oldest first."""
        with self.portal.lock:
            [contact] = [
                c
                for c in self.portal.contacts.records.values()
                if c.properties.get("dealdroid_customer_id") == customer_id
            ]
            return [value for _, value in contact.history().get(property, [])]

    def calls(self, route: str) -> int:
        """How often routes that end in `route` were asked and answered, or given no answer on purpose."""
        found = self.control("GET", "state")["calls"]
        return sum(sum(counts.values()) for name, counts in found.items() if name.endswith(route))


def key_of(contact: Mapping[str, Any]) -> str:
    return str(contact["properties"].get("dealdroid_customer_id", ""))


@dataclass
class Chat:
    """The stand-in for DealDroid, served."""

    url: str
    chats: Chats
    requests: "Requests" = field(default_factory=lambda: Requests())

    def control(self, method: str, path: str, body: Any = None) -> Any:
        return control(method, f"{self.url}/_sandbox/{path}", body)

    def fault(self, kind: str, **more: Any) -> None:
        self.control("POST", "faults", {"kind": kind, **more})

    def struck(self) -> dict[str, int]:
        return dict(self.control("GET", "state")["faults_struck"])

    def told(self, customer_id: Any = None) -> list[str]:
        """What the customer was told, or everybody."""
        with self.chats.lock:
            return [m["text"] for m in self.chats.messages if customer_id in (None, m["customer_id"])]
