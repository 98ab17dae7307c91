"""PartialBatches of several shards in one call: as safe as one shard's."""

import itertools
import time
from typing import Any

import pytest

from leadcore.store import keys
from tests.conftest import SHARDS, lead, one_per_shard, same_shard
from tests.faults.conftest import Scene, Wire, patched
from workers.sync.drain_state import BATCH

CUSTOMERS = one_per_shard("tail")
UPSERT = "/batch/upsert"
OTHERS = 60


def begin(scene: Scene) -> None:
    """A lead waits in each shard, and others use over half of the quota."""
    scene.clear()
    until = time.time() * 1000 + 60_000
    scene.redis.zadd(keys.BUDGET, {f"other {number}": until for number in range(OTHERS)})
    scene.accept(*(lead(customer, name="Somchai Jaidee", phone="0810000000") for customer in CUSTOMERS))


def assert_written(scene: Scene) -> None:
    scene.assert_done()
    assert set(scene.contacts()) == set(CUSTOMERS)


def test_while_the_quota_is_scarce_the_shards_tails_take_one_call(scene: Scene) -> None:
    begin(scene)
    before = scene.line.crm.calls(UPSERT)
    scene.steady.work()
    assert scene.line.crm.calls(UPSERT) == before + 1
    assert_written(scene)


def test_while_there_is_plenty_no_lead_waits_for_another_shards(scene: Scene) -> None:
    begin(scene)
    scene.redis.delete(keys.BUDGET)
    before = scene.line.crm.calls(UPSERT)
    scene.steady.work()
    assert scene.line.crm.calls(UPSERT) == before + len(CUSTOMERS)
    assert_written(scene)


def test_whenever_a_second_drain_looks_each_lead_is_written_once(scene: Scene, subtests: pytest.Subtests) -> None:
    for step in itertools.count(1):
        begin(scene)
        wire = Wire(step, "after", lambda: scene.steady.work() and None)
        scene.worker(wire).work()
        if not wire.reached:
            break
        with subtests.test(step=step):
            scene.recover(30)
            assert_written(scene)
            assert all(len(texts) == 1 for texts in scene.told().values())


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_drain_of_many_tails_may_die_at_any_command(scene: Scene, subtests: pytest.Subtests, when: str) -> None:
    for step in itertools.count(1):
        begin(scene)
        wire = Wire(step, when)
        died = scene.worker(wire).die()
        with subtests.test(step=step):
            scene.recover(60)
            scene.assert_left_nothing()
            assert set(scene.contacts()) == set(CUSTOMERS)
            assert all(len(texts) == 1 for texts in scene.told().values())
        if not died:
            break


def test_a_few_leads_make_way_for_shards_that_wait_for_a_worker(scene: Scene) -> None:
    """Under a steady load each call finds a few new leads, and a drain would sit on its shard until its time is up."""
    first, second, other = *same_shard("few", 2), one_per_shard("few")[1]
    scene.accept(lead(first, name="Nok Jaidee"))
    worker = scene.worker()
    upsert, seen = worker.sync.hubspot.upsert, []

    def meanwhile(rows: Any, found: Any) -> None:
        upsert(rows, found)
        if not seen:
            scene.accept(lead(second, name="Nok Jaidee"), lead(other, name="Nok Jaidee"))
        seen.extend(row.id for row in rows)

    with patched(worker.sync.hubspot, "upsert", meanwhile):
        worker.work()
    assert seen == [first, other, second]
    scene.assert_done()


def test_shards_that_were_taken_on_and_fill_up_go_back_to_everybody(scene: Scene) -> None:
    begin(scene)
    busy = same_shard("busy", BATCH, 0)
    worker = scene.worker()
    upsert, held = worker.sync.hubspot.upsert, []

    def meanwhile(rows: Any, found: Any) -> None:
        upsert(rows, found)
        held.append(sum(scene.redis.exists(keys.lock(keys.INBOX, shard)) for shard in range(SHARDS)))
        if len(held) == 1:
            scene.accept(*(lead(one, name="Nok Jaidee") for one in busy))

    with patched(worker.sync.hubspot, "upsert", meanwhile):
        worker.work()
    assert held == [SHARDS, 1]
    scene.assert_done()
