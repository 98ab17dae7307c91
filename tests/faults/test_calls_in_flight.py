"""Batches of one drain that are prepared, in flight and settled at the same time."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from contextlib import contextmanager
from typing import Any

import pytest

from leadcore.reasons import reason
from leadcore.store import keys
from tests.conftest import SHARDS, eventually, lead, one_per_shard, same_shard
from tests.faults.conftest import Scene, Worker, patched
from workers.flow.errors import LineDown
from workers.rules import drain
from workers.rules.batch import BATCH
from workers.sync import batch_loader

QUOTA = 100
SOON_MS = 500
NAME = "Nok Jaidee"


def accept(scene: Scene, count: int) -> None:
    """Acknowledge `count` full batches of leads, all in shard 0."""
    scene.accept(*(lead(one, name=NAME) for one in same_shard("many", count * BATCH, 0)))


def use_quota(scene: Scene, *, left: int = 0, soon: int = 0) -> None:
    """Allow `left` calls now, and `soon` more after `SOON_MS`."""
    now = time.time() * 1000
    others = {f"other {number}": now + 60_000 for number in range(QUOTA - left - soon)}
    later = {f"soon {number}": now + SOON_MS for number in range(soon)}
    scene.redis.delete(keys.BUDGET)
    scene.redis.zadd(keys.BUDGET, {**others, **later})


def queue_messages(scene: Scene, customers: int) -> None:
    """Put a message for each of so many customers into the outbox."""
    scene.accept(*(lead(one, name=NAME) for one in same_shard("chat", customers, 1)))
    scene.steady.sync.drain(1)


@contextmanager
def at_each_call(worker: Worker, act: Callable[[], None]) -> Iterator[list[int]]:
    """Call `act` before each write; yields the number of rows of each."""
    hubspot, seen = worker.sync.hubspot, list[int]()
    write = hubspot._write

    def called(rows: Any, *arguments: Any, **options: Any) -> None:
        if rows:
            seen.append(len(rows))
            act()
        write(rows, *arguments, **options)

    with patched(hubspot, "_write", called):
        yield seen


def assert_all_written(scene: Scene, leads: int) -> None:
    scene.redis.delete(keys.BUDGET)
    scene.recover(10)
    scene.assert_done()
    assert len(scene.contacts()) == leads


def test_after_a_pause_one_lead_is_written_first_and_then_twice_as_many_each_time(scene: Scene) -> None:
    accept(scene, 1)
    scene.steady.sync.pause.start(LineDown("unavailable", "HubSpot is away", 1.0))
    scene.advance(3)
    with at_each_call(scene.steady, lambda: None) as seen:
        scene.steady.work()
    assert seen == [1, 2, 4, 8, 16, 32, BATCH - 63]
    assert_all_written(scene, BATCH)


def test_a_probe_adopts_no_other_shards(scene: Scene) -> None:
    scene.accept(*(lead(one, name=NAME) for one in one_per_shard("each")))
    use_quota(scene, left=QUOTA // 3)
    scene.steady.sync.pause.start(LineDown("unavailable", "HubSpot is away", 1.0))
    scene.advance(3)
    held = []

    def observe() -> None:
        held.append(sum(scene.redis.exists(keys.lock(keys.INBOX, shard)) for shard in range(SHARDS)))

    with at_each_call(scene.steady, observe):
        scene.steady.sync.drain(0)
    assert held == [1]
    assert [scene.redis.exists(keys.lock(keys.INBOX, shard)) for shard in range(SHARDS)] == [0] * SHARDS
    assert scene.redis.xlen(keys.entries(keys.INBOX, 1)) == 1
    assert_all_written(scene, SHARDS)


def test_a_call_starts_as_soon_as_the_quota_allows_it_though_another_is_in_flight(scene: Scene) -> None:
    """The first call returns only once the second has started, for which there is quota a moment later."""
    accept(scene, 2)
    # More than the one it needs: a survey of the portal may take some.
    use_quota(scene, left=1, soon=3)
    both = threading.Barrier(2)
    with at_each_call(scene.steady, lambda: both.wait(10) and None) as seen:
        scene.steady.work()
    assert seen == [BATCH, BATCH]
    assert_all_written(scene, 2 * BATCH)


def test_calls_that_are_possible_start_before_others_are_settled(scene: Scene) -> None:
    accept(scene, 3)
    left, all_three = [], threading.Barrier(3)

    def observe() -> None:
        all_three.wait(10)
        left.append(scene.redis.xlen(keys.entries(keys.INBOX, 0)))
        all_three.wait(10)

    with at_each_call(scene.steady, observe):
        scene.steady.sync.drain(0)
    assert left == [3 * BATCH] * 3
    assert_all_written(scene, 3 * BATCH)


def test_no_word_overtakes_an_older_one_that_was_passed_over_while_its_customer_was_in_flight(scene: Scene) -> None:
    """A drain that died may have written the older one: a newer one that shares a part with what was recorded before
    would leave the other parts as they are."""
    scene.sync(lead("before", name=NAME))
    chatty, *others = same_shard("many", 3 * BATCH, 0)
    parts = others[: BATCH - 1], others[BATCH - 1 : 2 * BATCH - 1], others[2 * BATCH - 1 :]
    first, second, third = (
        [lead(chatty, name=NAME, phone=f"081000000{number}"), *(lead(one, name=NAME) for one in part)]
        for number, part in enumerate(parts)
    )
    scene.accept(*first, *second)
    calls = []

    def await_first() -> None:
        calls.append(1)
        if len(calls) == 2:
            eventually(lambda: any(one.customer_id == chatty and one.written_ms for one in scene.line.receipts()))
            scene.accept(*third)

    with at_each_call(scene.steady, await_first):
        scene.steady.work()
    scene.assert_done()
    assert not [note for one in scene.line.receipts() for note in one.notes if note.why == reason("said_newer")]
    assert scene.contacts()[chatty]["phone"] == "+66810000002"


def test_no_word_overtakes_an_older_one_that_was_written_and_could_not_be_settled(scene: Scene) -> None:
    """Another customer came to share the contact meanwhile: the older word is not recorded yet, so that a newer one
    which shares a part with what was recorded before would leave the other parts as they are."""
    owner, *others = same_shard("many", 3 * BATCH - 1, 0)
    [alias] = same_shard("alias", 1, 1)
    email, there = "somchai@example.com", {"country": "United Kingdom", "city": "London", "postal_code": "W1A 1AA"}
    here = {"country": "Thailand", "city": "Chiang Mai", "postal_code": "50200"}
    scene.sync(lead(owner, name=NAME, email=email, address={"street_address": "1 High Street", **there}))
    parts = others[: BATCH - 1], others[BATCH - 1 : 2 * BATCH - 1], others[2 * BATCH - 1 :]
    first, second, third = ([lead(one, name=NAME) for one in part] for part in parts)
    scene.accept(lead(owner, name=NAME, email=email, address={"street_address": "2 Moon Road", **here}), *first)
    scene.accept(*second)
    calls = []

    def await_first() -> None:
        calls.append(1)
        if len(calls) == 1:
            scene.accept(lead(alias, email=email, name="Guest"))
            scene.worker().sync.drain(1)
        elif len(calls) == 2:
            eventually(lambda: any(one.customer_id == parts[0][0] and one.written_ms for one in scene.line.receipts()))
            scene.accept(lead(owner, name=NAME, email=email, address={"street_address": "3 Low Street", **there}))
            scene.accept(*third[: BATCH - 1])

    with at_each_call(scene.steady, await_first):
        scene.steady.work()
    scene.recover(10)
    scene.assert_done()
    found = scene.contacts()[owner]
    assert (found["city"], found["zip"]) == ("London", "W1A 1AA")
    assert not [note for one in scene.line.receipts() for note in one.notes if note.why == reason("said_newer")]


def test_no_more_batches_are_in_hand_than_the_limit(scene: Scene) -> None:
    accept(scene, 4)
    use_quota(scene, left=1, soon=3)
    loop, in_hand, most = scene.steady.sync.drain_loop, [0], []
    prepare, settle = loop.loader.prepare, loop.settler.settle

    def preparing(*arguments: Any) -> Any:
        in_hand[0] += 1
        most.append(in_hand[0])
        return prepare(*arguments)

    def settling(*arguments: Any) -> bool:
        in_hand[0] -= 1
        return settle(*arguments)

    with (
        patched(drain, "MAX_IN_HAND", 2),
        patched(loop.loader, "prepare", preparing),
        patched(loop.settler, "settle", settling),
    ):
        scene.steady.sync.drain(0)
    assert max(most) == 2
    assert_all_written(scene, 4 * BATCH)


def test_while_leads_wait_for_the_quota_messages_are_sent_and_the_leads_stay_in_hand(scene: Scene) -> None:
    queue_messages(scene, 40)
    accept(scene, 2)
    use_quota(scene)
    loop, chats, holders = scene.steady.sync.drain_loop, [], []
    send, prepare, prepared = loop.send_messages, loop.loader.prepare, []

    def observe() -> None:
        chats.append(len(scene.messages()))
        holders.append(scene.redis.get(keys.lock(keys.INBOX, 0)))

    def preparing(*arguments: Any) -> Any:
        prepared.append((len(scene.messages()), scene.redis.get(keys.lock(keys.INBOX, 0))))
        return prepare(*arguments)

    def sending(seconds: float) -> None:
        send(seconds)
        scene.redis.delete(keys.BUDGET)

    with (
        patched(loop.loader, "prepare", preparing),
        patched(loop, "send_messages", sending),
        at_each_call(scene.steady, observe) as seen,
    ):
        scene.steady.sync.drain(0)
    assert seen == [BATCH, BATCH]
    assert [sent for sent, _ in prepared] == [0, 0], "both were ready before the first message"
    assert chats == [40, 40], "and left after the last"
    assert {*holders, *(holder for _, holder in prepared)} == {holders[0]}, "under one and the same lock"
    scene.steady.work()
    assert_all_written(scene, 2 * BATCH + 40)


def test_leads_do_not_wait_for_a_slow_chat(scene: Scene) -> None:
    queue_messages(scene, 5)
    accept(scene, 1)
    use_quota(scene, soon=1)
    chats = []
    with (
        patched(scene.steady.outbox, "round_seconds", 2 * SOON_MS / 1000),
        at_each_call(scene.steady, lambda: chats.append(scene.messages())),
    ):
        scene.steady.sync.drain(0)
    assert chats == [{}]
    assert_all_written(scene, BATCH + 5)


def test_a_paused_outbox_is_not_polled_while_leads_wait_for_the_quota(scene: Scene) -> None:
    queue_messages(scene, 5)
    scene.steady.outbox.pause.start(LineDown("dealdroid", "it is away", 60.0))
    accept(scene, 1)
    use_quota(scene, soon=1)
    before = scene.steady.wire.count
    scene.steady.sync.drain(0)
    assert scene.steady.wire.count - before < 100
    scene.steady.outbox.redis.delete(keys.MESSAGES_PAUSE)
    assert_all_written(scene, BATCH + 5)


def test_a_bug_while_sending_messages_delays_no_lead(scene: Scene) -> None:
    queue_messages(scene, 5)
    accept(scene, 1)
    use_quota(scene, soon=1)

    def fail(*_: Any) -> Any:
        raise ValueError

    with patched(scene.steady.outbox, "_claim", fail), at_each_call(scene.steady, lambda: None) as seen:
        scene.steady.sync.drain(0)
    assert seen == [BATCH]
    assert_all_written(scene, BATCH + 5)


def test_rows_of_customers_in_hand_are_skipped_and_the_batch_is_filled_with_others(scene: Scene) -> None:
    """Else a customer with several events would cause calls of a few leads, each of which takes a slot."""
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


def test_a_prepared_batch_is_decided_again_if_another_shard_has_written_a_newer_value(scene: Scene) -> None:
    """Two customers share a contact: the older event of one waits for quota while the newer event of the other is
    written."""
    phone, email = "0812345678", "nok@example.com"
    (owner,), (alias,) = same_shard("owner", 1, 0), same_shard("alias", 1, 1)
    scene.sync(lead(owner, name="Nok Jaidee", phone=phone, email=email))
    scene.accept(lead(owner, name="Mid Srisuk", phone=phone, email=email))
    scene.accept(*(lead(one, name=NAME) for one in same_shard("many", BATCH - 1, 0)))
    scene.accept(lead(alias, name="New Wongsa", phone=phone, email=email))
    use_quota(scene)
    other = scene.worker()

    def while_waiting(_: float) -> None:
        scene.redis.delete(keys.BUDGET)
        other.sync.drain(1)

    with (
        patched(batch_loader, "FRESH_SECONDS", 0.0),
        patched(scene.steady.sync.drain_loop, "send_messages", while_waiting),
    ):
        scene.steady.sync.drain(0)
    scene.redis.delete(keys.BUDGET)
    scene.recover(30)
    assert scene.line.crm.said(owner, "firstname") == ["Nok", "New"]
    scene.assert_done()


def test_calls_are_settled_in_the_order_in_which_they_started(scene: Scene) -> None:
    accept(scene, 6)
    loop, started, settled = scene.steady.sync.drain_loop, [], []
    prepare, settle, all_six = loop.loader.prepare, loop.settler.settle, threading.Barrier(6)
    loop.breaker.note_success()  # else no six would be in flight at once

    def preparing(*arguments: Any) -> Any:
        call = prepare(*arguments)
        started.append(call.groups[0].trace_id)
        return call

    def settling(batch: Any, *arguments: Any) -> bool:
        settled.append(batch.groups[0].trace_id)
        return settle(batch, *arguments)

    with (
        patched(loop.loader, "prepare", preparing),
        patched(loop.settler, "settle", settling),
        at_each_call(scene.steady, lambda: all_six.wait(10) and None),
        patched(loop, "_await_call", lambda in_hand, until: return_when_all_are_back(loop, in_hand, until)),
    ):
        scene.steady.sync.drain(0)
    assert settled == started
    assert_all_written(scene, 6 * BATCH)


def return_when_all_are_back(loop: Any, in_hand: Any, until: float | None) -> Any:
    """A call counts as back only when every call is."""
    wait(in_hand.in_flight)
    return type(loop)._await_call(loop, in_hand, until)


def test_no_call_starts_once_the_line_is_paused(scene: Scene) -> None:
    accept(scene, 6)
    pause, both = scene.steady.sync.pause, threading.Barrier(2)

    def pausing() -> None:
        both.wait(10)
        pause.start(LineDown("unavailable", "HubSpot is away", 5.0))

    with patched(drain, "MAX_IN_HAND", 2), at_each_call(scene.steady, pausing) as seen:
        scene.steady.sync.drain(0)
    assert seen == [BATCH, BATCH]
    assert_all_written(scene, 6 * BATCH)


def test_a_prepared_batch_stays_in_the_inbox_if_the_line_was_paused_in_the_meantime(scene: Scene) -> None:
    accept(scene, 1)
    use_quota(scene)
    loop = scene.steady.sync.drain_loop

    def while_waiting(_: float) -> None:
        loop.pause.start(LineDown("unauthorized", "the token is bad", 5.0))

    with patched(loop, "send_messages", while_waiting), at_each_call(scene.steady, lambda: None) as seen:
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
def test_a_long_drain_ends_only_for_work_that_nobody_else_does(scene: Scene, waits: str, ends: bool) -> None:
    """A younger partial batch handed to this drain must not end it: its batches in hand would be read again."""
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


def test_an_endless_backlog_yields_to_an_older_lead_of_another_shard(scene: Scene) -> None:
    """Also if a customer sends two events: the second is skipped while the first is in hand, so it stays at the head of
    the backlog, and must not make the backlog look older."""
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


def test_no_drain_lasts_longer_than_the_limit(scene: Scene) -> None:
    accept(scene, 1)
    with patched(drain, "WORK_SECONDS", 0.0), patched(drain, "MAX_SECONDS", 0.0):
        scene.steady.sync.drain(0)
    assert scene.redis.xlen(keys.entries(keys.INBOX, 0)) == BATCH
    assert_all_written(scene, BATCH)
