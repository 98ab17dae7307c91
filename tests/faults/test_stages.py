"""The worker that tells customers of their orders' stages dies, is overtaken, or loses an answer at any moment: nobody
is told twice, and nobody is forgotten."""

import itertools
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import pytest
import redis

from leadcore.store import keys
from sandbox.http_server import running
from sandbox.hubspot import Portal as StandIn
from sandbox.hubspot import create_app
from tests.conftest import eventually
from tests.faults.wires import NO_RETRY, Killed, Pool, Wire, moments, watch
from tests.stand_ins import Crm, Requests
from tests.workers.orders.shop import FixedPortal, Shop, add_properties
from workers.flow.errors import Stopping
from workers.hubspot import search_quota
from workers.orders import stages as poller_module

SEARCH, READ, UPDATE = "orders/search", "orders/batch/read", "orders/batch/update"


@pytest.fixture(scope="module")
def served() -> Iterator[Crm]:
    portal, asked = StandIn(), Requests()
    with running(asked.count(create_app(portal))) as server:
        crm = Crm(server.url, portal, asked)
        crm.make_ready()
        add_properties(crm)
        yield crm


@pytest.fixture(scope="module")
def portal(served: Crm, database: Any) -> FixedPortal:
    """What every worker knows already, so that no step of a test is spent on reading it."""
    with closing(Shop(served, database)) as shop:
        return FixedPortal(shop.poller().portal.current())


@pytest.fixture(scope="module")
def database(databases: Iterator[str]) -> Iterator[Any]:
    with closing(redis.Redis.from_url(next(databases))) as connection:
        yield connection


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poller_module, "PAGE_SECONDS", 0.0)
    monkeypatch.setattr(search_quota, "SEARCH_INTERVAL_SECONDS", 0.001)


class Scene:
    """A shop in which a stage is to be told, one waits for its tracking number, and a person has decided on two more;
    `poller` is the worker that lives."""

    def __init__(self, crm: Crm, database: Any, portal: FixedPortal) -> None:
        crm.reset()
        crm.settings(search_lag=0, searches_per_second=1000, requests_per_10s=10_000)
        database.flushdb()
        self.shop = shop = Shop(crm, database, portal=portal)
        shop.poller()
        shop.step()
        self.plain, self.waits, self.released, self.dropped = orders = [shop.order(f"c-{n}") for n in range(4)]
        for number in (2, 3):
            shop.know(f"c-{number}", heard_ms=0)
            shop.move(orders[number], "Processed")
        shop.step(later=31)
        eventually(self._holds)
        for number in (0, 1):
            shop.know(f"c-{number}")
        shop.move(self.plain, "Delivered")
        shop.move(self.waits, "Shipped")
        shop.held.release(self.released, "somebody")
        shop.held.drop(self.dropped, "somebody")
        database.delete(keys.STAGES_LOCK)

    def _holds(self) -> bool:
        """Whether those two are held. Where the machine's clock was set back, a search finds some ms later what was
        moved, and it is due later than it was found."""
        if {one.order for one in self.shop.held.read(9)} == {self.released, self.dropped}:
            return True
        self.shop.step()
        return False

    def die(self, wire: Wire) -> bool:
        """A worker does what is due until the wire kills it; False if it lived."""
        shop = self.shop
        pool = Pool(wire, **{**shop.redis.connection_pool.connection_kwargs, "retry": NO_RETRY})
        poller = shop.poller(redis.Redis(connection_pool=pool))
        with suppress(Killed):
            shop.step(poller, later=31)
        pool.disconnect()
        return wire.dead

    def recover(self) -> None:
        """What a living worker does within the next minute."""
        self.shop.redis.delete(keys.STAGES_LOCK)
        for seconds in (0, 11, 61):
            self.shop.step(later=seconds, search=False)

    def outcome(self) -> Any:
        """Who was told what, what the orders say, and what still waits; asserts that nobody was told twice."""
        shop = self.shop
        said = shop.said()
        assert len(set(said)) == len(said)
        orders = (self.plain, self.waits, self.released, self.dropped)
        held = [orders.index(one.order) for one in shop.held.read(9)]
        return said, [shop.told(one) for one in orders], [orders.index(one) for one in shop.waiting()], held

    def close(self) -> None:
        self.shop.close()


EXPECTED = (
    [("c-0", "ถึงแล้วค่ะ REF00001"), ("c-2", "กำลังเตรียมของค่ะ")],
    [["Delivered"], [], ["Processed"], ["Processed"]],
    [1],
    [],
)


def test_what_happens_if_nobody_dies(served: Crm, database: Any, portal: FixedPortal) -> None:
    with closing(Scene(served, database, portal)) as scene:
        assert not scene.die(Wire())
        assert scene.outcome() == EXPECTED
        scene.recover()
        assert scene.outcome() == EXPECTED


def test_a_worker_may_die_at_any_moment(
    served: Crm, database: Any, portal: FixedPortal, subtests: pytest.Subtests
) -> None:
    for wire in moments(watch(database, served)):
        with closing(Scene(served, database, portal)) as scene, subtests.test(moment=wire.index):
            scene.die(wire)
            scene.recover()
            assert scene.outcome() == EXPECTED
    assert wire.count > 20


def test_a_worker_may_be_overtaken_at_any_command(
    served: Crm, database: Any, portal: FixedPortal, subtests: pytest.Subtests
) -> None:
    """It freezes for so long that its lock is lost, another worker does the work, and then it goes on."""
    for step in itertools.count(1):
        with closing(Scene(served, database, portal)) as scene, subtests.test(step=step):
            wire = Wire(step, "before", act=scene.recover)
            pool = Pool(wire, **{**database.connection_pool.connection_kwargs, "retry": NO_RETRY})
            poller = scene.shop.poller(redis.Redis(connection_pool=pool))
            with suppress(Stopping):
                scene.shop.step(poller, later=31)
            pool.disconnect()
            if not wire.reached:
                return
            scene.recover()
            assert scene.outcome() == EXPECTED


@pytest.mark.parametrize("kind", ["lost_answer", "reset", "500", "html"])
@pytest.mark.parametrize("route", [SEARCH, READ, UPDATE])
def test_a_call_may_fail_or_lose_its_answer(
    served: Crm, database: Any, portal: FixedPortal, kind: str, route: str
) -> None:
    with closing(Scene(served, database, portal)) as scene:
        served.fault(kind, path=route, count=1)
        scene.shop.step(scene.shop.poller(), later=31)
        scene.recover()
        scene.recover()
        assert scene.outcome() == EXPECTED


def test_what_was_noted_as_told_when_redis_lost_its_data_is_not_said(
    served: Crm, database: Any, portal: FixedPortal
) -> None:
    """Whether it had left, nobody knows any more."""
    with closing(Scene(served, database, portal)) as scene:
        shop = scene.shop
        served.fault("lost_answer", path=UPDATE, count=1)
        shop.step(shop.poller(), later=31)
        assert not shop.said()
        database.flushdb()
        shop.know("c-0")
        for _ in range(2):
            shop.edit(scene.plain, hs_order_name="edited")
            shop.step(shop.pollers[-1], later=31)
        assert not shop.said()
