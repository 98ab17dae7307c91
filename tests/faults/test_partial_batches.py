"""Partial batches of several shards in one call are as safe as those of one shard."""

import time
from collections.abc import Sequence
from typing import Any

import pytest

from leadcore.store import keys
from tests.conftest import SHARDS, lead, one_per_shard, same_shard
from tests.faults.conftest import Scene, patched
from tests.faults.wires import interruption
from workers.rules import drain
from workers.rules.batch import BATCH

CUSTOMERS = one_per_shard("partial")
# Of as many shards each moment is gone through: one that adopts, and more than one that it adopts.
THREE = CUSTOMERS[:3]
UPSERT = "/batch/upsert"
OTHERS = 60
# How often a drain looks for leads that share its call where each time is gone through: all are alike.
SOME_WAITS = 3


def set_up(scene: Scene, customers: Sequence[str] = CUSTOMERS) -> None:
    """Put a lead of each customer into their shard, while other apps use over half of the quota."""
    scene.clear()
    until = time.time() * 1000 + 60_000
    scene.redis.zadd(keys.BUDGET, {f"other {number}": until for number in range(OTHERS)})
    scene.accept(*(lead(customer, name="Somchai Jaidee", phone="0810000000") for customer in customers))


def assert_written(scene: Scene, customers: Sequence[str] = CUSTOMERS) -> None:
    scene.assert_done()
    assert set(scene.contacts()) == set(customers)


def test_while_the_quota_is_scarce_partial_batches_share_one_call(scene: Scene) -> None:
    set_up(scene)
    before = scene.line.crm.calls(UPSERT)
    scene.steady.work()
    assert scene.line.crm.calls(UPSERT) == before + 1
    assert_written(scene)


def test_while_the_quota_is_plentiful_no_lead_waits_for_another_shard(scene: Scene) -> None:
    set_up(scene)
    scene.redis.delete(keys.BUDGET)
    before = scene.line.crm.calls(UPSERT)
    scene.steady.work()
    assert scene.line.crm.calls(UPSERT) == before + len(CUSTOMERS)
    assert_written(scene)


def test_whenever_a_second_drain_starts_each_lead_is_written_once(scene: Scene, subtests: pytest.Subtests) -> None:
    for wire in scene.moments(interruption, lambda: scene.steady.work() and None):
        set_up(scene, THREE)
        with patched(drain, "MAX_PARTIAL_WAITS", SOME_WAITS):
            scene.worker(wire).work()
        with subtests.test(moment=wire.index):
            scene.recover(30)
            assert_written(scene, THREE)
            assert all(len(texts) == 1 for texts in scene.messages().values())


def test_a_drain_of_many_partial_batches_may_die_at_any_moment(scene: Scene, subtests: pytest.Subtests) -> None:
    for wire in scene.moments():
        set_up(scene, THREE)
        with patched(drain, "MAX_PARTIAL_WAITS", SOME_WAITS):
            scene.worker(wire).die()
        with subtests.test(moment=wire.index):
            scene.recover(60)
            scene.assert_left_nothing()
            assert set(scene.contacts()) == set(THREE)
            assert all(len(texts) == 1 for texts in scene.messages().values())


def test_a_few_leads_yield_to_shards_that_wait_for_a_worker(scene: Scene) -> None:
    """Under a steady load each call finds a few new leads; without this a drain would hold its shard until its time is
    up."""
    first, second, other = *same_shard("few", 2), one_per_shard("few")[1]
    scene.accept(lead(first, name="Nok Jaidee"))
    worker = scene.worker()
    upsert, seen = worker.sync.hubspot.upsert, []

    def upserting(rows: Any, found: Any, **how: Any) -> None:
        upsert(rows, found, **how)
        if not seen:
            scene.accept(lead(second, name="Nok Jaidee"), lead(other, name="Nok Jaidee"))
        seen.extend(row.id for row in rows)

    with patched(worker.sync.hubspot, "upsert", upserting):
        worker.work()
    assert seen == [first, other, second]
    scene.assert_done()


def test_adopted_shards_that_fill_up_are_released(scene: Scene) -> None:
    set_up(scene)
    busy = same_shard("busy", BATCH, 0)
    worker = scene.worker()
    upsert, held = worker.sync.hubspot.upsert, []

    def upserting(rows: Any, found: Any, **how: Any) -> None:
        upsert(rows, found, **how)
        held.append(sum(scene.redis.exists(keys.lock(keys.INBOX, shard)) for shard in range(SHARDS)))
        if len(held) == 1:
            scene.accept(*(lead(one, name="Nok Jaidee") for one in busy))

    with patched(worker.sync.hubspot, "upsert", upserting):
        worker.work()
    assert held == [SHARDS, 1]
    scene.assert_done()
