"""The orders' line of one worker, over a real Redis, against the served portal."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import redis

from leadcore.config import Config, Hooks
from leadcore.event import encode, identity
from leadcore.events import NOBODY, Events
from leadcore.fields import BODY, LEAD, VERSION
from leadcore.machine import Machine
from leadcore.receipts import Receipt
from leadcore.receipts import pack as pack_receipt
from leadcore.receipts import unpack as unpack_receipt
from leadcore.store import keys
from leadcore.store.epoch import read_epoch
from sandbox.http_server import running
from sandbox.hubspot import Portal as StandIn
from sandbox.hubspot import create_app
from tests.conftest import SHARDS
from tests.stand_ins import PLENTY_PER_DAY, Crm, Requests
from tests.workers.orders.shop import add_properties
from tests.workers.rules.orders.events import CONFIG, KEY, payload, product
from workers.flow.breaker import Breaker
from workers.flow.lease import LeaseRegistry
from workers.hubspot.budget import Budget
from workers.hubspot.client import HubSpot
from workers.hubspot.order_portal import OrderPortalCache
from workers.hubspot.records import Records
from workers.hubspot.search_quota import SearchQuota
from workers.orders.drain import OrderDrain
from workers.orders.order_store import ALL_KNOWN
from workers.orders.payments import PaymentDrain
from workers.rules.customer import Customer, pack
from workers.sync.customer_store import CustomerStore

NOW = int(time.time() * 1000)
TOLD = Events(Config(hooks=Hooks(on=("order.*",))), hooks=True)


@dataclass
class OrderLine:
    """One worker's orders. `hubspot`: its client."""

    crm: Crm
    redis: Any
    drain: OrderDrain
    hubspot: HubSpot
    payments: PaymentDrain
    leads: int = 0

    def know(self, customer: str | int, **contact: str) -> str:
        """Let the contact of the customer be there and known; its id."""
        id = self.crm.create(dealdroid_customer_id=identity(customer), lastname="x", **contact)
        digest = keys.digest(KEY, identity(customer))
        self.redis.set(keys.customer(digest), pack(Customer(contact_id=id)))
        return id

    def add(self, *products: dict[str, Any], at: int = NOW, customer: str | int = "c-1", **more: Any) -> str:
        """An event of the customer whose contact was settled; the lead's id."""
        self.leads += 1
        lead = f"lead-{self.leads}"
        body = encode(payload(*products, customer=customer, **more))
        shard = keys.shard_of(identity(customer), SHARDS)
        fields = {LEAD: lead, BODY: body, VERSION: f"{at}-{self.leads}"}
        receipt = pack_receipt(
            customer_id=identity(customer), intent=more.get("intent", "Purchase"), state="created", received_ms=at
        )
        self.redis.hset(keys.receipt(lead), mapping=dict(zip(receipt[::2], receipt[1::2], strict=True)))
        self.redis.xadd(keys.entries(keys.ORDERS, shard), fields)
        return lead

    def run(self) -> None:
        """Drain every shard once."""
        for shard in range(SHARDS):
            self.drain.drain(shard)

    def pay(self) -> None:
        """Drain every shard of the payments once."""
        for shard in range(SHARDS):
            self.payments.drain(shard)

    def left(self) -> int:
        return sum(
            self.redis.xlen(keys.entries(keys.ORDERS, shard)) + self.redis.zcard(keys.later(keys.ORDERS, shard))
            for shard in range(SHARDS)
        )

    def receipt(self, lead: str) -> Receipt:
        return unpack_receipt(lead, self.redis.hgetall(keys.receipt(lead)))

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self.crm.control("GET", "state")
        return found

    def orders(self, customer: str | int = "c-1") -> list[dict[str, Any]]:
        """The customer's orders, as they are."""
        wanted = json.dumps(customer)
        return [one for one in self.state()["orders"] if one["properties"].get("dealdroid_customer_id") == wanted]

    def lines(self, order: dict[str, Any]) -> list[dict[str, Any]]:
        """The line items of an order, by their code."""
        ids = set(order["associations"].get("line_items", ()))
        return sorted(
            (one["properties"] for one in self.state()["line_items"] if one["id"] in ids),
            key=lambda line: line.get("hs_sku") or "",
        )


@pytest.fixture(scope="module")
def served() -> Iterator[Crm]:
    portal, asked = StandIn(), Requests()
    with running(asked.count(create_app(portal))) as server:
        crm = Crm(server.url, portal, asked)
        crm.make_ready()
        add_properties(crm)
        yield crm


@pytest.fixture(scope="module")
def database(databases: Iterator[str]) -> Iterator[Any]:
    with closing(redis.Redis.from_url(next(databases))) as connection:
        yield connection


@contextmanager
def open_line(crm: Crm, database: Any, config: Config = CONFIG, events: Events = NOBODY) -> Iterator[OrderLine]:
    machine, stop = Machine(), threading.Event()
    budget = Budget(database, 100, stop, machine, PLENTY_PER_DAY)
    hubspot = HubSpot("pat-test", crm.url, budget)
    records = Records(hubspot, Breaker(database, machine, stop, keys.ORDERS), SearchQuota(database, stop))
    customers = CustomerStore(database, KEY)
    portal_cache = OrderPortalCache(hubspot, config.orders, database, stop)
    rest = (portal_cache, config, customers, LeaseRegistry(machine), stop, budget, machine)
    drain = OrderDrain(database, records, *rest, events=events)
    payments = PaymentDrain(
        database,
        Records(hubspot, Breaker(database, machine, stop, keys.PAYMENTS), SearchQuota(database, stop)),
        *rest,
        events=events,
    )
    yield OrderLine(crm, database, drain, hubspot, payments)
    hubspot._batch.api_client.rest_client.pool_manager.clear()


@pytest.fixture
def line(served: Crm, database: Any) -> Iterator[OrderLine]:
    served.reset()
    served.settings(search_lag=0)
    database.flushdb()
    database.set(keys.ORDERS_STORE, ALL_KNOWN)
    database.set(keys.ORDERS_EPOCH, f"{read_epoch(database)} 0")
    with open_line(served, database) as found:
        yield found


@pytest.fixture
def bought(line: OrderLine, served: Crm, database: Any) -> Iterator[OrderLine]:
    """A customer's order of 900 THB, and hooks that want to know of orders."""
    with open_line(served, database, events=TOLD) as found:
        found.know("c-1")
        found.add(product("A", 2, 450))
        found.run()
        yield found
