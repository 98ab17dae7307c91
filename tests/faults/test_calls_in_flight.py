"""Batches of one drain that are prepared, in flight and settled at the same time."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from contextlib import contextmanager
from typing import Any

import pytest

from leadcore.store import keys
from tests.conftest import SHARDS, lead, one_per_shard, same_shard
from tests.faults.conftest import Scene, Worker, patched
from workers.flow.errors import LineDown
from workers.sync import batch_loader, drain
from workers.sync.drain_state import BATCH

QUOTA = 100
SOON_MS = 500
NAME = "Nok Jaidee"


def accept(scene: Scene, count: int) -> None:
    """As many whole batches, all of them in shard 0."""
    scene.accept(*(lead(one, name=NAME) for one in same_shard("many", count * BATCH, 0)))


def use_quota(scene: Scene, *, left: int = 0, soon: int = 0) -> None:
    """Let `left` calls be possible now, and so many more `SOON_MS` later."""
    now = time.time() * 1000
    others = {f"other {number}": now + 60_000 for number in range(QUOTA - left - soon)}
    later = {f"soon {number}": now + SOON_MS for number in range(soon)}
    scene.redis.delete(keys.BUDGET)
    scene.redis.zadd(keys.BUDGET, {**others, **later})


def tell(scene: Scene, customers: int) -> None:
    """Messages wait in the outbox."""
    scene.accept(*(lead(one, name=NAME) for one in same_shard("told", customers, 1)))
    scene.steady.sync.drain(1)


@contextmanager
def at_each_call(worker: Worker, act: Callable[[], None]) -> Iterator[list[int]]:
    """`act` before each write; how many rows each has."""
    hubspot, seen = worker.sync.hubspot, list[int]()
    write = hubspot._write

    def called(rows: Any, *arguments: Any) -> None:
        if rows:
            seen.append(len(rows))
            act()
        write(rows, *arguments)

    with patched(hubspot, "_write", called):
        yield seen


def assert_all_written(scene: Scene, leads: int) -> None:
    scene.redis.delete(keys.BUDGET)
    scene.recover(10)
    scene.assert_done()
    assert len(scene.contacts()) == leads


def test_after_a_pause_one_lead_goes_first_and_then_more_and_more(scene: Scene) -> None:
    accept(scene, 1)
    scene.steady.sync.pause.start(LineDown("unavailable", "HubSpot is away", 1.0))
    scene.wait(3)
    with at_each_call(scene.steady, lambda: None) as seen:
        scene.steady.work()
    assert seen == [1, 2, 4, 8, 16, 32, BATCH - 63]
    assert_all_written(scene, BATCH)


def test_a_probe_takes_no_other_shards_on(scene: Scene) -> None:
    scene.accept(*(lead(one, name=NAME) for one in one_per_shard("each")))
    use_quota(scene, left=QUOTA // 3)
    scene.steady.sync.pause.start(LineDown("unavailable", "HubSpot is away", 1.0))
    scene.wait(3)
    held = []

    def look() -> None:
        held.append(sum(scene.redis.exists(keys.lock(keys.INBOX, shard)) for shard in range(SHARDS)))

    with at_each_call(scene.steady, look):
        scene.steady.sync.drain(0)
    assert held == [1]
    assert [scene.redis.exists(keys.lock(keys.INBOX, shard)) for shard in range(SHARDS)] == [0] * SHARDS
    assert scene.redis.xlen(keys.entries(keys.INBOX, 1)) == 1
    assert_all_written(scene, SHARDS)


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
    way, in_hand, most = scene.steady.sync.drain_loop, [0], []
    prepare, settle = way.loader.prepare, way.settler.settle

    def preparing(*arguments: Any) -> Any:
        in_hand[0] += 1
        most.append(in_hand[0])
        return prepare(*arguments)

    def settling(*arguments: Any) -> bool:
        in_hand[0] -= 1
        return settle(*arguments)

    with (
        patched(drain, "MAX_IN_HAND", 2),
        patched(way.loader, "prepare", preparing),
        patched(way.settler, "settle", settling),
    ):
        scene.steady.sync.drain(0)
    assert max(most) == 2
    assert_all_written(scene, 4 * BATCH)


def test_while_leads_wait_for_the_quota_messages_are_sent_and_the_leads_stay_in_hand(scene: Scene) -> None:
    tell(scene, 40)
    accept(scene, 2)
    use_quota(scene)
    way, chats, holders = scene.steady.sync.drain_loop, [], []
    send, prepare, prepared = way.send_messages, way.loader.prepare, []

    def look() -> None:
        chats.append(len(scene.told()))
        holders.append(scene.redis.get(keys.lock(keys.INBOX, 0)))

    def preparing(*arguments: Any) -> Any:
        prepared.append((len(scene.told()), scene.redis.get(keys.lock(keys.INBOX, 0))))
        return prepare(*arguments)

    def sending(seconds: float) -> None:
        send(seconds)
        scene.redis.delete(keys.BUDGET)

    with (
        patched(way.loader, "prepare", preparing),
        patched(way, "send_messages", sending),
        at_each_call(scene.steady, look) as seen,
    ):
        scene.steady.sync.drain(0)
    assert seen == [BATCH, BATCH]
    assert [told for told, _ in prepared] == [0, 0], "both were ready before the first message"
    assert chats == [40, 40], "and left after the last"
    assert {*holders, *(holder for _, holder in prepared)} == {holders[0]}, "under one and the same lock"
    scene.steady.work()
    assert_all_written(scene, 2 * BATCH + 40)


def test_leads_wait_for_no_chat_that_was_slow(scene: Scene) -> None:
    tell(scene, 5)
    accept(scene, 1)
    use_quota(scene, soon=1)
    chats = []
    with (
        patched(scene.steady.outbox, "round_seconds", 2 * SOON_MS / 1000),
        at_each_call(scene.steady, lambda: chats.append(scene.told())),
    ):
        scene.steady.sync.drain(0)
    assert chats == [{}]
    assert_all_written(scene, BATCH + 5)


def test_nobody_asks_time_and_again_whether_a_paused_chat_works(scene: Scene) -> None:
    tell(scene, 5)
    scene.steady.outbox.pause.start(LineDown("dealdroid", "it is away", 60.0))
    accept(scene, 1)
    use_quota(scene, soon=1)
    before = scene.steady.wire.count
    scene.steady.sync.drain(0)
    assert scene.steady.wire.count - before < 100
    scene.steady.outbox.pause.clear()
    assert_all_written(scene, BATCH + 5)


def test_a_fault_in_a_message_holds_up_no_lead(scene: Scene) -> None:
    tell(scene, 5)
    accept(scene, 1)
    use_quota(scene, soon=1)

    def fail(*_: Any) -> Any:
        raise ValueError

    with patched(scene.steady.outbox, "_parse", fail), at_each_call(scene.steady, lambda: None) as seen:
        scene.steady.sync.drain(0)
    assert seen == [BATCH]
    assert_all_written(scene, BATCH + 5)


def test_a_batch_is_filled_up_beside_customers_in_hand(scene: Scene) -> None:
    """Else one who wrote several times would make calls of a few leads, each of which takes a slot of the quota."""
    first, second = same_shard("many", 2 * BATCH, 0)[:BATCH], same_shard("many", 2 * BATCH, 0)[BATCH:]
    again = first[: BATCH // 2]
    scene.accept(*(lead(one, name=NAME) for one in first))
    scene.accept(*(lead(one, phone=f"08123456{number:02}") for number, one in enumerate(again)))
    scene.accept(*(lead(one, name=NAME) for one in second))
    use_quota(scene, soon=3)
    with at_each_call(scene.steady, lambda: None) as seen:
        scene.steady.sync.drain(0)
    assert seen == [BATCH, BATCH, BATCH // 2]
    assert_all_written(scene, 2 * BATCH)


def test_what_was_ready_is_decided_anew_where_another_shard_has_written_a_newer_word(scene: Scene) -> None:
    """Two customers are one contact: the older word of the one waits for the quota, while the newer one of the other is
    written."""
    phone, email = "0812345678", "nok@example.com"
    (owner,), (alias,) = same_shard("owner", 1, 0), same_shard("alias", 1, 1)
    scene.sync(lead(owner, name="Nok Jaidee", phone=phone, email=email))
    scene.accept(lead(owner, name="Mid Srisuk", phone=phone, email=email))
    scene.accept(*(lead(one, name=NAME) for one in same_shard("many", BATCH - 1, 0)))
    scene.accept(lead(alias, name="New Wongsa", phone=phone, email=email))
    use_quota(scene)
    other = scene.worker()

    def meanwhile(_: float) -> None:
        scene.redis.delete(keys.BUDGET)
        other.sync.drain(1)

    with patched(batch_loader, "FRESH_SECONDS", 0.0), patched(scene.steady.sync.drain_loop, "send_messages", meanwhile):
        scene.steady.sync.drain(0)
    scene.redis.delete(keys.BUDGET)
    scene.recover(30)
    assert scene.line.crm.said(owner, "firstname") == ["Nok", "New"]
    scene.assert_done()


def test_calls_are_settled_in_the_order_in_which_they_began(scene: Scene) -> None:
    accept(scene, 6)
    way, begun, settled = scene.steady.sync.drain_loop, [], []
    prepare, settle, all_six = way.loader.prepare, way.settler.settle, threading.Barrier(6)

    def preparing(*arguments: Any) -> Any:
        flight = prepare(*arguments)
        begun.append(flight.groups[0].trace_id)
        return flight

    def settling(batch: Any, *arguments: Any) -> bool:
        settled.append(batch.groups[0].trace_id)
        return settle(batch, *arguments)

    with (
        patched(way.loader, "prepare", preparing),
        patched(way.settler, "settle", settling),
        at_each_call(scene.steady, lambda: all_six.wait(10) and None),
        patched(way, "_settle_next", lambda lease, run: land_all(way, lease, run)),
    ):
        scene.steady.sync.drain(0)
    assert settled == begun
    assert_all_written(scene, 6 * BATCH)


def land_all(way: Any, lease: Any, run: Any) -> None:
    """Settle when every call is back."""
    wait(run.in_flight)
    type(way)._settle_next(way, lease, run)


def test_no_call_begins_once_somebody_has_paused_the_line(scene: Scene) -> None:
    accept(scene, 6)
    pause, both = scene.steady.sync.pause, threading.Barrier(2)

    def pausing() -> None:
        both.wait(10)
        pause.start(LineDown("unavailable", "HubSpot is away", 5.0))

    with patched(drain, "MAX_IN_HAND", 2), at_each_call(scene.steady, pausing) as seen:
        scene.steady.sync.drain(0)
    assert seen == [BATCH, BATCH]
    assert_all_written(scene, 6 * BATCH)


def test_what_is_ready_stays_where_the_line_was_paused_meanwhile(scene: Scene) -> None:
    accept(scene, 1)
    use_quota(scene)
    way = scene.steady.sync.drain_loop

    def meanwhile(_: float) -> None:
        way.pause.start(LineDown("unauthorized", "the token is bad", 5.0))

    with patched(way, "send_messages", meanwhile), at_each_call(scene.steady, lambda: None) as seen:
        scene.steady.work()
    assert seen == []
    assert scene.redis.xlen(keys.entries(keys.INBOX, 0)) == BATCH
    assert_all_written(scene, BATCH)


@pytest.mark.parametrize(
    ("waits", "ends"),
    [
        ("an older lead", True),
        ("a younger lead", False),
        ("a job", True),
        ("a job while the quota is scarce", False),
        ("nobody", False),
    ],
)
def test_a_long_drain_ends_only_for_what_nobody_else_does_meanwhile(scene: Scene, waits: str, ends: bool) -> None:
    """A younger tail that is left to this drain must not end it: its batches in hand would be read anew."""
    other = lead(one_per_shard("other")[1], name=NAME)
    if waits == "an older lead":
        scene.accept(other)
    accept(scene, 1)
    if waits == "a younger lead":
        scene.accept(other)
    if "job" not in waits:
        scene.redis.delete(f"rq:queue:{keys.QUEUE}")
    budget = scene.steady.sync.hubspot.budget
    with (
        patched(drain, "WORK_SECONDS", 0.0),
        patched(budget, "scarce", waits == "a job while the quota is scarce"),
        at_each_call(scene.steady, lambda: None) as seen,
    ):
        scene.steady.sync.drain(0)
    assert seen == ([] if ends else [BATCH])
    assert_all_written(scene, BATCH + waits.endswith("lead"))


def test_a_backlog_without_end_makes_way_for_an_older_lead_of_another_shard(scene: Scene) -> None:
    """Also where a customer speaks twice: the second event stays at the head of the backlog, since it is passed over
    while the first one is in hand, and is no sign that the backlog is older."""
    batches_ = [same_shard("many", 12 * BATCH, 0)[start : start + BATCH] for start in range(0, 12 * BATCH, BATCH)]
    first, waiting = batches_[0][0], iter(batches_)
    other, came = one_per_shard("other")[1], []

    def come() -> None:
        for one in next(waiting, []):
            scene.accept(lead(one, name=NAME))
            came.append(one)

    def act() -> None:
        if len(seen) == 1:
            scene.accept(lead(first, name=NAME, phone="0812345678"), lead(other, name=NAME))
        come()

    come()
    come()
    use_quota(scene, left=40)
    scene.redis.delete(f"rq:queue:{keys.QUEUE}")
    with (
        patched(drain, "WORK_SECONDS", 0.0),
        patched(drain, "MAX_IN_HAND", 2),
        at_each_call(scene.steady, act) as seen,
    ):
        scene.steady.sync.drain(0)
    assert 0 < len(seen) < 6
    assert scene.redis.xlen(keys.entries(keys.INBOX, 0)) > 0
    assert_all_written(scene, len(came) + 1)


def test_no_drain_lasts_for_ever(scene: Scene) -> None:
    accept(scene, 1)
    with patched(drain, "WORK_SECONDS", 0.0), patched(drain, "MAX_SECONDS", 0.0):
        scene.steady.sync.drain(0)
    assert scene.redis.xlen(keys.entries(keys.INBOX, 0)) == BATCH
    assert_all_written(scene, BATCH)
