"""Batches of one drain that are prepared, in flight and settled at the same time."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from receiver import keys
from tests.conftest import lead, one_per_shard, same_shard
from tests.faults.conftest import Scene, Worker, patched
from workers import drain
from workers.drain import BATCH
from workers.hubspot.outcomes import LineDown

QUOTA = 100
SOON_MS = 500
NAME = "Nok Jaidee"


def accept(scene: Scene, batches: int) -> None:
    """As many whole batches, all of them in shard 0."""
    scene.accept(*(lead(one, name=NAME) for one in same_shard("many", batches * BATCH, 0)))


def use_quota(scene: Scene, *, left: int = 0, soon: int = 0) -> None:
    """Let `left` calls be possible now, and so many more `SOON_MS` later."""
    now = time.time() * 1000
    others = {f"other {number}": now + 60_000 for number in range(QUOTA - left - soon)}
    later = {f"soon {number}": now + SOON_MS for number in range(soon)}
    scene.redis.delete(keys.BUDGET)
    scene.redis.zadd(keys.BUDGET, {**others, **later})


@contextmanager
def at_each_call(worker: Worker, act: Callable[[], None]) -> Iterator[list[int]]:
    """`act` before each upsert; how many rows each has."""
    upsert, seen = worker.sync.hubspot.upsert, list[int]()

    def called(rows: Any, found: Any) -> None:
        seen.append(len(rows))
        act()
        upsert(rows, found)

    with patched(worker.sync.hubspot, "upsert", called):
        yield seen


def assert_all_written(scene: Scene, leads: int) -> None:
    scene.redis.delete(keys.BUDGET)
    scene.recover(10)
    scene.assert_done()
    assert len(scene.contacts()) == leads


def test_after_a_pause_one_lead_goes_first_and_then_whole_batches(scene: Scene) -> None:
    accept(scene, 1)
    scene.steady.sync.pause.begin(LineDown("unavailable", "HubSpot is away", 1.0))
    scene.wait(3)
    with at_each_call(scene.steady, lambda: None) as seen:
        scene.steady.work()
    assert seen == [1, BATCH - 1]
    assert_all_written(scene, BATCH)


def test_a_call_begins_as_soon_as_the_quota_allows_it_though_another_is_in_flight(scene: Scene) -> None:
    """The first call comes back only once the second is on its way, for which the quota has room a moment later."""
    accept(scene, 2)
    use_quota(scene, left=1, soon=1)
    both = threading.Barrier(2)
    with at_each_call(scene.steady, lambda: both.wait(10) and None) as seen:
        scene.steady.work()
    assert seen == [BATCH, BATCH]
    assert_all_written(scene, 2 * BATCH)


def test_calls_that_are_possible_begin_before_others_are_settled(scene: Scene) -> None:
    accept(scene, 3)
    left, all_three = [], threading.Barrier(3)

    def look() -> None:
        all_three.wait(10)
        left.append(scene.redis.xlen(keys.entries(keys.INBOX, 0)))
        all_three.wait(10)

    with at_each_call(scene.steady, look):
        scene.steady.sync.drain(0)
    assert left == [3 * BATCH] * 3
    assert_all_written(scene, 3 * BATCH)


def test_no_more_batches_are_in_hand_than_memory_is_meant_for(scene: Scene) -> None:
    accept(scene, 4)
    use_quota(scene, left=1, soon=3)
    way, in_hand, most = scene.steady.sync.way, [0], []
    prepare, settle = way._prepare, way.ledger.settle

    def preparing(*arguments: Any) -> Any:
        in_hand[0] += 1
        most.append(in_hand[0])
        return prepare(*arguments)

    def settling(*arguments: Any) -> bool:
        in_hand[0] -= 1
        return settle(*arguments)

    with (
        patched(drain, "IN_HAND", 2),
        patched(way, "_prepare", preparing),
        patched(way.ledger, "settle", settling),
    ):
        scene.steady.sync.drain(0)
    assert max(most) == 2
    assert_all_written(scene, 4 * BATCH)


def test_while_leads_wait_for_the_quota_messages_are_sent_and_the_leads_stay_in_hand(scene: Scene) -> None:
    scene.accept(*(lead(one, name=NAME) for one in same_shard("told", 40, 1)))
    scene.steady.sync.drain(1)
    accept(scene, 2)
    use_quota(scene, soon=2)
    chats, holders = [], []

    def look() -> None:
        chats.append(len(scene.told()))
        holders.append(scene.redis.get(keys.lock(keys.INBOX, 0)))

    prepare, prepared = scene.steady.sync.way._prepare, []

    def preparing(*arguments: Any) -> Any:
        prepared.append((len(scene.told()), scene.redis.get(keys.lock(keys.INBOX, 0))))
        return prepare(*arguments)

    with patched(scene.steady.sync.way, "_prepare", preparing), at_each_call(scene.steady, look) as seen:
        scene.steady.sync.drain(0)
    assert seen == [BATCH, BATCH]
    assert [told for told, _ in prepared] == [0, 0], "both were ready before the first message"
    assert chats == [40, 40], "and left after the last"
    assert {*holders, *(holder for _, holder in prepared)} == {holders[0]}, "under one and the same lock"
    scene.steady.work()
    assert_all_written(scene, 2 * BATCH + 40)


def test_what_is_ready_stays_where_the_line_was_paused_meanwhile(scene: Scene) -> None:
    accept(scene, 1)
    use_quota(scene, soon=1)
    way = scene.steady.sync.way

    def meanwhile(_: float) -> bool:
        way.pause.begin(LineDown("unauthorized", "the token is bad", 5.0))
        return False

    with patched(way, "meanwhile", meanwhile), at_each_call(scene.steady, lambda: None) as seen:
        scene.steady.work()
    assert seen == []
    assert scene.redis.xlen(keys.entries(keys.INBOX, 0)) == BATCH
    assert_all_written(scene, BATCH)


@pytest.mark.parametrize("others_wait", [True, False])
def test_a_long_drain_ends_only_for_shards_that_nobody_drains(scene: Scene, *, others_wait: bool) -> None:
    accept(scene, 1)
    if others_wait:
        scene.accept(lead(one_per_shard("other")[1], name=NAME))
    with patched(drain, "WORK_SECONDS", 0.0), at_each_call(scene.steady, lambda: None) as seen:
        scene.steady.sync.drain(0)
    assert seen == ([] if others_wait else [BATCH])
    assert_all_written(scene, BATCH + others_wait)


def test_no_drain_lasts_for_ever(scene: Scene) -> None:
    accept(scene, 1)
    with patched(drain, "WORK_SECONDS", 0.0), patched(drain, "LONGEST_SECONDS", 0.0):
        scene.steady.sync.drain(0)
    assert scene.redis.xlen(keys.entries(keys.INBOX, 0)) == BATCH
    assert_all_written(scene, BATCH)
