"""Tails of several shards in one call: as safe as one shard's."""

import itertools
import time

import pytest

from receiver import keys
from tests.conftest import lead, one_per_shard
from tests.faults.conftest import Scene, Wire

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
