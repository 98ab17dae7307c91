"""What a worker is made of, by its settings."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from leadcore.config import parse
from leadcore.event import identity
from leadcore.machine import Machine
from leadcore.store import keys
from leadcore.store.stages import CURSOR, NEXT, SEARCHED, SINCE
from leadcore.store.status import read_status
from leadcore.verdict import assess
from tests.conftest import BANGKOK, SHARDS, Line, eventually, open_line
from tests.workers.orders.shop import KEY, LaterClock, Shop, add_properties
from workers.bootstrap import Runtime, build
from workers.rules.customer import Customer, pack
from workers.settings import read_worker

TEXTS = """
[orders.messages.th]
Shipped = "ส่งแล้วค่ะ {{ tracking }}"
"""


@pytest.fixture(scope="module")
def open_shop(tmp_path_factory: pytest.TempPathFactory, databases: Iterator[str]) -> Iterator[Line]:
    with open_line(tmp_path_factory.mktemp("shop"), next(databases), LEADSYNC_KEY=KEY.decode()) as line:
        add_properties(line.crm)
        yield line


@pytest.fixture
def line(open_shop: Line) -> Line:
    open_shop.reset()
    return open_shop


def worker(line: Line, source: str, **environ: str) -> Runtime:
    settings = read_worker({**line.environ, **environ})
    return build(replace(settings, shared=replace(settings.shared, config=parse(source))), Machine())


@pytest.mark.parametrize("source", ["", "[orders]", "[orders]\n[orders.messages.th]"])
def test_without_texts_for_stages_there_is_no_thread_for_them(line: Line, source: str) -> None:
    assert worker(line, source).stages is None
    assert line.redis.exists(keys.STAGES) == 0


def test_no_cart_is_moved_to_a_stage_that_says_it_is_paid(line: Line) -> None:
    """HubSpot's carts have no stages."""
    assert worker(line, "[orders]\n[payment]").stages
    assert worker(line, '[orders]\nobject = "cart"\n[payment]').stages is None


def test_with_a_text_there_is_one_but_not_in_a_dry_run(line: Line) -> None:
    assert worker(line, TEXTS).stages
    assert worker(line, TEXTS, DRY_RUN="1").stages is None


def test_a_salesperson_moves_an_order_and_its_customer_reads_it_in_the_chat(line: Line) -> None:
    runtime, shop = worker(line, TEXTS), Shop(line.crm, line.redis)
    stages: Any = runtime.stages
    stages.step()
    shop.know("c-1")
    order = shop.order("c-1")
    shop.move(order, "Shipped", hs_shipping_tracking_number="TH1")
    line.crm.settings(search_lag=0)
    clock = LaterClock(line.redis, Machine())
    clock.ahead_ms = 31_000
    stages.clock = stages.messages.clock = clock
    line.redis.hdel(keys.STAGES, NEXT)
    stages.step()
    for shard in range(SHARDS):
        runtime.outbox.drain(shard)
    assert line.chat.told("c-1") == ["ส่งแล้วค่ะ TH1"]
    assert shop.told(order) == ["Shipped"]


def test_what_is_released_is_sent_though_the_customer_was_last_heard_long_ago(line: Line) -> None:
    runtime, shop = worker(line, TEXTS), Shop(line.crm, line.redis)
    stages: Any = runtime.stages
    stages.step()
    line.redis.set(keys.customer(keys.digest(KEY, identity("c-1"))), pack(Customer(active_ms=1)))
    order = shop.order("c-1")
    shop.move(order, "Shipped", hs_shipping_tracking_number="TH1")
    line.crm.settings(search_lag=0)
    clock = LaterClock(line.redis, Machine())
    clock.ahead_ms = 31_000
    stages.clock = stages.messages.clock = clock
    line.redis.hdel(keys.STAGES, NEXT)
    stages.step()
    assert not line.chat.told("c-1")
    assert shop.held.release(order, "somebody") == ""
    stages.step()
    for shard in range(SHARDS):
        runtime.outbox.drain(shard)
    assert line.chat.told("c-1") == ["ส่งแล้วค่ะ TH1"]


@pytest.mark.processes
def test_a_worker_process_searches_by_itself(line: Line) -> None:
    (line.folder / "stages.toml").write_text(TEXTS)
    process = line.start("worker", LEADSYNC_CONFIG=str(line.folder / "stages.toml"))
    searched = eventually(lambda: line.redis.hget(keys.STAGES, SEARCHED), 60)
    assert int(searched) > 0
    assert line.redis.get(keys.STAGES_LOCK)
    process.stop()


@pytest.mark.processes
def test_while_no_stage_has_a_text_nothing_is_remembered_for_later(line: Line) -> None:
    """Else, once one has again, customers would be told of all that came in between."""
    line.redis.hset(keys.STAGES, mapping={SEARCHED: 1, CURSOR: 1, SINCE + "b2": 1})
    line.redis.zadd(keys.STAGES_HELD, {"501": 1})
    process = line.start("worker")
    eventually(lambda: not line.redis.exists(keys.STAGES, keys.STAGES_HELD), 60)
    process.stop()


SWITCHED = [(keys.ORDERS, "orders"), (keys.PAYMENTS, "payments"), (keys.NOTES, "notes")]


@pytest.mark.parametrize(("name", "noun"), SWITCHED)
def test_what_waits_in_a_line_that_is_switched_off_stays_and_status_says_so(line: Line, name: str, noun: str) -> None:
    line.redis.xadd(keys.entries(name, 0), {"e": "lead", "b": "{}"})
    worker(line, "").drains[name](0)
    status = read_status(line.redis, SHARDS, BANGKOK)
    assert sum(status.depths[name]) == 1
    assert status.pauses[name]["code"] == "switched_off"
    [problem] = [one for one in assess(status) if one.code == f"{noun}_paused"]
    assert "30 days" in problem.fix
    assert "switched it off" in problem.fix


@pytest.mark.parametrize(("name", "noun"), SWITCHED)
def test_a_line_that_is_switched_off_and_empty_is_no_problem(line: Line, name: str, noun: str) -> None:
    worker(line, "").drains[name](0)
    assert read_status(line.redis, SHARDS, BANGKOK).pauses[name] == {}


def test_a_worker_of_the_old_configuration_holds_up_a_line_for_some_seconds_only(line: Line) -> None:
    """While a deploy goes on, another worker has the line switched on already."""
    line.redis.xadd(keys.entries(keys.ORDERS, 0), {"e": "lead", "b": "{}"})
    old = worker(line, "")
    for _ in range(12):
        line.redis.hset(keys.ORDERS_PAUSE, "until", 0)
        old.drains[keys.ORDERS](0)
    seconds, _ = line.redis.time()
    assert 0 < int(line.redis.hget(keys.ORDERS_PAUSE, "until")) - seconds * 1000 <= 12_000


def test_a_line_that_is_switched_on_again_goes_on_where_it_was(line: Line) -> None:
    shop = Shop(line.crm, line.redis)
    shop.know("c-1")
    shard = keys.shard_of("c-1", SHARDS)
    body = b'{"mid": "m", "customer_id": "c-1", "intent": "Ask"}'
    line.redis.xadd(keys.entries(keys.NOTES, shard), {"e": "lead-1", "b": body, "v": "1-0"})
    worker(line, "").drains[keys.NOTES](shard)
    line.redis.hset(keys.NOTES_PAUSE, "until", 0)
    worker(line, '[notes]\nintents = ["Ask"]').drains[keys.NOTES](shard)
    assert line.redis.xlen(keys.entries(keys.NOTES, shard)) == 0
    # It is worked on: the customer has no contact.
    assert line.redis.hget(keys.receipt("lead-1"), "p") == b"waiting: note_without_contact"
    assert not line.redis.exists(keys.NOTES_PAUSE)
