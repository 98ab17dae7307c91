"""A shop whose orders come to stages: one worker's poller over a real Redis, against the served stand-in."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
import redis
import requests

from leadcore.config import Config, parse
from leadcore.event import identity
from leadcore.events import NOBODY, Events
from leadcore.fields import CUSTOMER, KIND, LEAD, TEXT
from leadcore.machine import Machine
from leadcore.store import keys, stages
from leadcore.store.clock import Clock
from leadcore.store.stages import HeldStages, StageRecord
from sandbox.hubspot.object_types import find_object_type
from sandbox.hubspot.pipelines import pipelines_of
from tests.conftest import BANGKOK, SHARDS
from tests.faults.wires import NO_RETRY, Killed, Pool, Wire
from tests.stand_ins import PLENTY_PER_DAY, Crm
from workers.hubspot import search_quota
from workers.hubspot.budget import Budget
from workers.hubspot.client import HubSpot
from workers.hubspot.order_portal import OrderPortalCache
from workers.hubspot.records import Records
from workers.hubspot.search_quota import SearchQuota
from workers.orders import stages as poller_module
from workers.orders.stages import StagePoller
from workers.rules.customer import Customer, pack
from workers.rules.orders.portal import OrderPortal
from workers.rules.orders.texts import OrderTexts
from workers.sync.customer_store import CustomerStore

KEY = b"k"
CONFIG = """
[orders.messages.th]
Processed = "กำลังเตรียมของค่ะ"
Shipped = "ส่งแล้วค่ะ {{ tracking }}"
Delivered = "ถึงแล้วค่ะ {{ dealdroid_order_id }}"
[orders.messages.en]
Shipped = "On its way: {{ tracking }}"
"""
OWN = (
    ("orders", "dealdroid_order_id", True),
    ("orders", "dealdroid_order_refs", False),
    ("orders", "dealdroid_customer_id", False),
    ("orders", "dealdroid_told", False),
    ("line_items", "dealdroid_line_id", True),
)
GROUPS = {"orders": "order_information", "line_items": "lineiteminformation"}
HEADERS = {"Authorization": "Bearer pat-test"}


def add_properties(crm: Crm) -> None:
    """Those that orders need, as `leadsync setup` makes them."""
    for kind, name, unique in OWN:
        body = {
            "name": name, "label": name, "type": "string", "fieldType": "text", "groupName": GROUPS[kind],
            "hasUniqueValue": unique,
        }  # fmt: skip
        url = f"{crm.url}/crm/v3/properties/{kind}"
        requests.post(url, json=body, headers=HEADERS, timeout=5).raise_for_status()
    crm.properties = {name: dict(table.properties) for name, table in crm.portal.tables.items()}


def lose_told(shop: "Shop") -> dict[str, Any]:
    """Let the portal, which the pollers then read anew, lack the property that says who was told."""
    with shop.crm.portal.lock:
        found: dict[str, Any] = shop.crm.portal.tables["orders"].properties.pop("dealdroid_told")
    _forget_portal(shop)
    return found


def restore_told(shop: "Shop", told: dict[str, Any]) -> None:
    """Undo `lose_told`."""
    with shop.crm.portal.lock:
        shop.crm.portal.tables["orders"].properties["dealdroid_told"] = told
    _forget_portal(shop)


def _forget_portal(shop: "Shop") -> None:
    shop.redis.delete(keys.STAGES_LOCK, *shop.redis.scan_iter(keys.properties("*")))


class LaterClock(Clock):
    """Redis' clock, `ahead_ms` ahead."""

    ahead_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() + self.ahead_ms


@dataclass
class FixedPortal:
    """The portal as it was read once."""

    value: OrderPortal

    def current(self) -> OrderPortal:
        return self.value


@dataclass
class Shop:
    """`redis`: seen from outside. `ahead_ms`: how much later it is for the pollers than for HubSpot. `portal`: what
    they know of it; None: they ask."""

    crm: Crm
    redis: Any
    config: Config = field(default_factory=lambda: parse(CONFIG))
    ahead_ms: int = 0
    portal: "FixedPortal | None" = None
    events: Events = NOBODY
    pollers: list[StagePoller] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    count: int = 0

    def __post_init__(self) -> None:
        with self.crm.portal.lock:
            [pipeline] = pipelines_of(self.crm.portal.settings, find_object_type("orders"))
        self.names = {label: id for id, label in pipeline.stages.items()}
        self.pipeline = pipeline.id

    def poller(self, connection: Any = None, config: Config | None = None) -> StagePoller:
        connection, config, stop = connection or self.redis, config or self.config, threading.Event()
        machine = Machine()
        hubspot = HubSpot("pat-test", self.crm.url, Budget(connection, 1000, stop, machine, PLENTY_PER_DAY))
        texts = OrderTexts.compile(config)
        assert texts
        assert config.orders
        poller = StagePoller(
            connection,
            Records(hubspot, searches=SearchQuota(connection, stop)),
            self.portal or OrderPortalCache(hubspot, config.orders, connection, stop),
            "orders",
            config,
            texts,
            CustomerStore(connection, KEY),
            BANGKOK,
            stop,
            machine,
            self.events,
        )
        poller.clock = poller.messages.clock = LaterClock(connection, machine)
        poller.clock.ahead_ms = self.ahead_ms
        self.pollers.append(poller)
        return poller

    def step_and_die(self, wire: Wire, later: int) -> None:
        """Look once, as a process that the wire kills."""
        self.redis.delete(keys.STAGES_LOCK)
        pool = Pool(wire, **{**self.redis.connection_pool.connection_kwargs, "retry": NO_RETRY})
        with suppress(Killed):
            self.step(self.poller(redis.Redis(connection_pool=pool)), later=later)
        pool.disconnect()

    def stand_still(self, after: str, meanwhile: Callable[[], None]) -> StagePoller:
        """A poller that stands still once, behind its next call `after`, until its lock has ended and `meanwhile` is
        over."""
        self.redis.delete(keys.STAGES_LOCK)
        poller = self.poller()
        call = getattr(poller.records, after)

        def stand(*given: Any, **more: Any) -> Any:
            setattr(poller.records, after, call)
            answer = call(*given, **more)
            self.redis.delete(keys.STAGES_LOCK)
            meanwhile()
            return answer

        setattr(poller.records, after, stand)
        return poller

    def close(self) -> None:
        for poller in self.pollers:
            poller.records.hubspot._batch.api_client.rest_client.pool_manager.clear()

    def know(self, customer: str | int, *, heard_ms: int | None = None, **contact: str) -> None:
        """Let the customer be heard just now, with a contact of their own."""
        if contact:
            self.crm.create(dealdroid_customer_id=identity(customer), lastname="x", **contact)
        digest = keys.digest(KEY, identity(customer))
        heard = int(time.time() * 1000) if heard_ms is None else heard_ms
        self.redis.set(keys.customer(digest), pack(Customer(active_ms=heard)))

    def order(self, customer: str | int | None = "c-1", stage: str = "Open", **properties: str) -> str:
        """An order that leadsync made; its id."""
        self.count += 1
        own = {} if customer is None else {"dealdroid_customer_id": json.dumps(customer)}
        body = {
            "properties": {
                "hs_order_name": f"order {self.count}", "dealdroid_order_id": f"REF{self.count:05}",
                "hs_pipeline": self.pipeline, "hs_pipeline_stage": self.names[stage], **own, **properties,
            },
        }  # fmt: skip
        url = f"{self.crm.url}/crm/v3/objects/orders"
        answer = requests.post(url, json=body, headers=HEADERS, timeout=5)
        answer.raise_for_status()
        return str(answer.json()["id"])

    def edit(self, order: str, **properties: str) -> None:
        """What a salesperson does."""
        self.crm.control("PATCH", f"orders/{order}", {"properties": properties})

    def move(self, order: str, stage: str, **properties: str) -> None:
        """A salesperson moves the order."""
        self.edit(order, hs_pipeline_stage=self.names[stage], **properties)

    def write(self, order: str, **properties: str) -> None:
        """What leadsync itself does."""
        url = f"{self.crm.url}/crm/v3/objects/orders/{order}"
        requests.patch(url, json={"properties": properties}, headers=HEADERS, timeout=5).raise_for_status()

    def step(self, poller: StagePoller | None = None, *, later: float = 0.0, search: bool = True) -> float:
        """The next step, `later` seconds later; with a search, as if its time had come."""
        poller = poller or self.pollers[0]
        self.ahead_ms += int(later * 1000)
        poller.clock.ahead_ms = self.ahead_ms  # type: ignore[attr-defined]  # see `poller`
        if search:
            poller.redis.hdel(keys.STAGES, stages.NEXT)
        return poller.step()

    def said(self) -> list[tuple[Any, Any]]:
        """Customer and text of each message in the outbox, whatever their order."""
        return sorted(((json.loads(one[CUSTOMER])["id"], json.loads(one[TEXT])) for one in self.entries()), key=str)

    def entries(self) -> list[dict[bytes, bytes]]:
        rows = [self.redis.xrange(keys.entries(keys.OUTBOX, shard)) for shard in range(SHARDS)]
        return [fields for row in rows for _, fields in row]

    def by_person(self) -> list[str]:
        return [one[LEAD].decode() for one in self.entries() if KIND in one]

    def told(self, order: str) -> list[str]:
        """The labels of the stages in the order's `dealdroid_told`."""
        found = self.crm.control("GET", f"orders/{order}")["properties"].get("dealdroid_told") or ""
        labels = {id: label for label, id in self.names.items()}
        return [labels[line.split()[0]] for line in found.splitlines()]

    def waiting(self) -> dict[str, StageRecord]:
        return {id.decode(): stages.unpack(one) for id, one in self.redis.hgetall(keys.STAGES_ORDERS).items()}

    @property
    def held(self) -> HeldStages:
        return HeldStages(self.redis, 100)


@contextmanager
def open_shop(served: Crm, database: Any, **given: Any) -> Iterator[Shop]:
    """A shop that has looked at its orders for a while, with one customer; `given`: as for `Shop`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(poller_module, "PAGE_SECONDS", 0.0)
        patch.setattr(search_quota, "SEARCH_INTERVAL_SECONDS", 0.001)
        served.reset()
        served.settings(search_lag=0, searches_per_second=1000, requests_per_10s=10_000)
        database.flushdb()
        shop = Shop(served, database, **given)
        shop.know("c-1", hs_language="th")
        shop.poller()
        shop.step()
        yield shop
        shop.close()
