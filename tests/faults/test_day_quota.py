"""HubSpot's daily quota, with real workers: calls that are not full keep a gap, so that the day's calls last."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import eventually, lead, one_per_shard, same_shard
from tests.faults.conftest import Scene, Worker, patched
from workers.rules import drain
from workers.rules.batch import BATCH
from workers.rules.pacer import BURST

UPSERT = "/batch/upsert"
NAME = "Nok Jaidee"
PLENTY = 100_000_000


@pytest.fixture(autouse=True)
def short_drains(scene: Scene) -> Iterator[None]:
    """A drain that can only wait ends soon."""
    with patched(drain, "MAX_SECONDS", 0.5):
        yield
    scene.line.crm.settings(requests_per_day=250_000, quota_headers=True)


def spend_burst(worker: Worker) -> None:
    """Take all turns of partial calls that wait for nothing."""
    for _ in range(BURST):
        worker.sync.hubspot.budget.reserve("partial")


def write_one_by_one(scene: Scene, worker: Worker, leads: int) -> int:
    """Accept leads of one shard and drain it after each, until one has to wait; how many were written."""
    for number, customer in enumerate(same_shard("one", leads, 0)):
        scene.accept(lead(customer, name=NAME))
        # A drain may end early because this machine is busy.
        for _ in range(3):
            worker.sync.drain(0)
        if len(scene.contacts()) == number:
            return number
    return len(scene.contacts())


def test_partial_batches_of_all_shards_share_the_next_call(scene: Scene) -> None:
    # A gap of a second: the burst counts as just spent for longer than a busy machine may stand still.
    scene.line.crm.settings(requests_per_day=100_000)
    customers = one_per_shard("shared")
    scene.steady.sync.hubspot.ping()
    spend_burst(scene.steady)
    scene.accept(*(lead(one, name=NAME) for one in customers))
    before = scene.line.crm.calls(UPSERT)
    with patched(drain, "MAX_SECONDS", 10.0):
        scene.steady.work()
    assert scene.line.crm.calls(UPSERT) == before + 1
    assert set(scene.contacts()) == set(customers)
    scene.assert_done()


def test_a_few_leads_are_written_at_once_each(scene: Scene) -> None:
    assert write_one_by_one(scene, scene.worker(), BURST) == BURST


@pytest.mark.parametrize(("told", "written"), [(1000, BURST), (PLENTY, 2 * BURST)])
def test_the_limit_is_the_one_that_hubspot_tells(scene: Scene, told: int, written: int) -> None:
    scene.line.crm.settings(requests_per_day=told)
    worker = scene.worker(HUBSPOT_REQUESTS_PER_DAY="250000")
    worker.sync.hubspot.ping()
    worker.sync.hubspot.budget.reserve()
    assert write_one_by_one(scene, worker, 2 * BURST) == written


@pytest.mark.parametrize(("set_to", "written"), [(1000, BURST), (PLENTY, 2 * BURST)])
def test_where_hubspot_tells_none_it_is_that_of_the_settings(scene: Scene, set_to: int, written: int) -> None:
    scene.line.crm.settings(quota_headers=False)
    worker = scene.worker(HUBSPOT_REQUESTS_PER_DAY=str(set_to))
    assert write_one_by_one(scene, worker, 2 * BURST) == written


def leave_a_tenth(scene: Scene) -> None:
    """Let a little less than a tenth of the portal's day be left."""
    spent = scene.line.crm.control("GET", "state")["requests_today"]
    scene.line.crm.settings(requests_per_day=max(int((spent + 20) / 0.9), spent + 30))
    scene.steady.sync.hubspot.ping()
    scene.steady.sync.hubspot.budget.release([scene.steady.sync.hubspot.budget.reserve()[0]])


def test_the_last_tenth_of_the_day_is_kept_for_what_cannot_be_put_off(scene: Scene) -> None:
    hubspot = scene.steady.sync.hubspot
    leave_a_tenth(scene)
    day = hubspot.budget.day
    while day.left > day.limit * 0.1:
        hubspot.ping()
        hubspot.budget.release([hubspot.budget.reserve()[0]])
        day = hubspot.budget.day
    # The last batch is not full: it has to keep a gap even when calls are plenty again.
    customers = same_shard("many", 3 * BATCH - 10, 0)
    scene.accept(*(lead(one, name=NAME) for one in customers))
    scene.steady.sync.drain(0)
    # One batch, which is larger where a part of its leads is expected to be of known customers.
    assert BATCH <= len(scene.contacts()) < 2 * BATCH
    hubspot.ping()
    assert not scene.steady.sync.pause.is_active()
    scene.line.crm.settings(requests_per_day=PLENTY)
    hubspot.ping()
    # The gap that a call has to keep is of this machine's time too.
    eventually(lambda: scene.recover() or set(scene.contacts()) == set(customers))
    scene.assert_done()


def test_a_full_batch_waits_for_no_gap(scene: Scene) -> None:
    scene.line.crm.settings(requests_per_day=1000)
    spend_burst(scene.steady)
    spend_burst(scene.steady)
    scene.accept(*(lead(one, name=NAME) for one in same_shard("many", BATCH, 0)))
    scene.steady.sync.drain(0)
    assert len(scene.contacts()) == BATCH


def test_new_and_known_customers_fill_two_calls(scene: Scene) -> None:
    """In place of two half empty ones for each hundred leads."""
    known = same_shard("known", 2 * BATCH, 0)
    new = same_shard("new", 2 * BATCH, 0)
    scene.accept(*(lead(one, name=NAME) for one in known))
    scene.steady.work()
    worker = scene.worker()

    def accept_both(part: slice) -> None:
        for one, other in zip(known[part], new[part], strict=True):
            scene.accept(lead(one, name=NAME, phone="0812345678"), lead(other, name=NAME))

    accept_both(slice(0, BATCH))
    worker.work()
    seen: list[int] = []
    write = worker.sync.hubspot._write

    def called(rows: Any, *arguments: Any, **options: Any) -> None:
        seen.append(len(rows))
        write(rows, *arguments, **options)

    accept_both(slice(BATCH, 2 * BATCH))
    with patched(worker.sync.hubspot, "_write", called):
        worker.work()
    assert max(seen) <= BATCH
    assert sum(seen) == 2 * BATCH
    assert sorted(seen)[-2] > 0.6 * BATCH
    scene.assert_done()
