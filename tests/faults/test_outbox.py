"""A customer is told once: whatever dies, hangs or fails between the outbox and DealDroid."""

import itertools
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import redis

from leadcore.config import Config, Messages
from leadcore.store import keys
from leadcore.store.streams import pack_fields
from sandbox.dealdroid import WEBHOOK
from sandbox.dealdroid import create_app as create_chat
from sandbox.http_server import running
from sandbox.redis import free_port
from tests.conftest import eventually, lead, same_shard
from tests.faults.conftest import Killed, Scene, Wire, Worker, patched
from workers.flow.errors import LineDown
from workers.outbox import dealdroid, time_slice
from workers.outbox.sender import IN_FLIGHT, REDIS_RESTARTED
from workers.outbox.sent_log import message_key

CUSTOMERS = same_shard("told", 3)
CROWD = same_shard("crowd", 40)
RESENDING = Config(messages=Messages(resend_interrupted=True))


def fill(scene: Scene, customers: list[str] = CUSTOMERS) -> None:
    """Leads are written; their messages wait in the outbox, and nobody has been rung for."""
    scene.accept(*(lead(one, name="Nok Jaidee") for one in customers))
    scene.steady.sync.drain(0)
    scene.redis.delete(f"rq:queue:{keys.QUEUE}", keys.bell(keys.OUTBOX, 0))
    assert scene.redis.xlen(keys.entries(keys.OUTBOX, 0)) == len(customers)


def times_told(scene: Scene) -> dict[str, int]:
    with scene.line.chat.chats.lock:
        said = [str(message["customer_id"]) for message in scene.line.chat.chats.messages]
    return {one: said.count(one) for one in {*said}}


def words(scene: Scene) -> dict[str, str]:
    """What became of each customer's message."""
    return {customer: receipt.message.partition(":")[0] for customer, receipt in scene.receipts().items()}


def due_in(scene: Scene) -> list[float]:
    seconds, micros = scene.redis.time()
    later = scene.redis.zrange(keys.later(keys.OUTBOX, 0), 0, -1, withscores=True)
    return [due / 1000 - seconds - micros / 1e6 for _, due in later]


@pytest.mark.parametrize("resend", [False, True], ids=["say nothing", "say it again"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_whoever_sends_may_die_at_any_command(scene: Scene, subtests: pytest.Subtests, when: str, resend: bool) -> None:
    for step in itertools.count(1):
        scene.clear()
        scene.config = RESENDING if resend else Config()
        fill(scene)
        worker = scene.worker(Wire(step, when))
        with suppress(Killed):
            worker.outbox.drain(0)
        cut = scene.sending()
        with subtests.test(step=step):
            scene.recover()
            scene.assert_left_nothing()
            found = words(scene)
            told = times_told(scene)
            if resend:
                assert set(found.values()) == {"sent"}
                assert sum(times - 1 for times in told.values()) <= cut
                assert told.keys() == set(CUSTOMERS)
            else:
                assert list(found.values()).count("interrupted") == cut
                assert set(told.values()) <= {1}
                assert {one for one, word in found.items() if word == "sent"} <= told.keys()
                assert len(told) >= len(CUSTOMERS) - cut
        if not worker.wire.reached:
            return


def test_sending_is_noted_before_the_request(scene: Scene) -> None:
    fill(scene)
    worker = scene.worker()
    seen: list[Any] = []
    send = worker.outbox.dealdroid.send

    def watched(*what: Any) -> Any:
        seen.append((scene.sending(), scene.redis.xlen(keys.entries(keys.OUTBOX, 0)), set(words(scene).values())))
        return send(*what)

    with patched(worker.outbox.dealdroid, "send", watched):
        worker.outbox.drain(0)
    assert seen == [(3, 0, {"sending"})] * 3
    assert set(words(scene).values()) == {"sent"}


def test_what_redis_was_told_of_when_it_had_restarted_is_not_said_again(scene: Scene) -> None:
    """Its outbox came back as it was before they were sent."""
    fill(scene)
    sent, begun, waiting = scene.redis.xrange(keys.entries(keys.OUTBOX, 0))
    scene.redis.set(message_key(sent[1]), "sent")
    scene.redis.set(message_key(begun[1]), "sending")
    scene.worker().outbox.drain(0)
    scene.assert_left_nothing()
    assert sorted(words(scene).values()) == ["interrupted", "sent", "sent"]
    assert [receipt.customer_id for receipt in scene.receipts().values() if receipt.message == REDIS_RESTARTED] == [
        json.loads(begun[1][b"c"])["id"]
    ]
    assert times_told(scene) == {json.loads(waiting[1][b"c"])["id"]: 1}
    assert scene.redis.zcard(keys.UNSENT) == 1, "a person may know better"


def test_whoever_would_rather_repeat_says_again_what_redis_forgot(scene: Scene) -> None:
    scene.config = RESENDING
    fill(scene)
    sent, begun, _ = scene.redis.xrange(keys.entries(keys.OUTBOX, 0))
    scene.redis.set(message_key(sent[1]), "sent")
    scene.redis.set(message_key(begun[1]), "sending")
    scene.worker().outbox.drain(0)
    scene.assert_left_nothing()
    assert times_told(scene) == dict.fromkeys({*CUSTOMERS} - {json.loads(sent[1][b"c"])["id"]}, 1)


def test_a_fault_while_the_told_are_ended_cuts_off_nobody_else(scene: Scene, subtests: pytest.Subtests) -> None:
    for step in itertools.count(1):
        scene.clear()
        fill(scene)
        told, *_ = scene.redis.xrange(keys.entries(keys.OUTBOX, 0))
        scene.redis.set(message_key(told[1]), "sent")

        def fail() -> None:
            raise redis.TimeoutError

        worker = scene.worker(Wire(step, "before", fail))
        with suppress(redis.TimeoutError):
            worker.outbox.drain(0)
        with subtests.test(step=step):
            assert times_told(scene) or not scene.sending()
        if not worker.wire.reached:
            return


def test_a_message_that_is_gone_when_its_turn_comes_is_not_sent(scene: Scene) -> None:
    """Redis has restarted without it while those before it were sent; its lead will come again."""
    fill(scene, CROWD)
    worker = scene.worker()
    send = worker.outbox.dealdroid.send
    rows = scene.redis.xrange(keys.entries(keys.OUTBOX, 0))
    gone = {json.loads(fields[b"c"])["id"] for _, fields in rows[IN_FLIGHT:]}

    def forget(*what: Any) -> Any:
        scene.redis.xdel(keys.entries(keys.OUTBOX, 0), *(entry for entry, _ in rows[IN_FLIGHT:]))
        return send(*what)

    with patched(worker.outbox.dealdroid, "send", forget):
        worker.outbox.drain(0)
    assert times_told(scene) == dict.fromkeys({*CROWD} - gone, 1)


def test_what_was_sent_is_remembered_though_redis_has_gone(scene: Scene) -> None:
    fill(scene)
    worker = scene.worker()
    send = worker.outbox.dealdroid.send

    def lose_redis(*what: Any) -> Any:
        scene.stack.enter_context(patched(worker.outbox.clock, "now_ms", away))
        return send(*what)

    def away() -> int:
        raise redis.ConnectionError

    with patched(worker.outbox.dealdroid, "send", lose_redis), suppress(redis.ConnectionError):
        worker.outbox.drain(0)
    assert {one.result for one in worker.outbox.sent_log._entries.values()} == {"sent"}


def await_leads(scene: Scene) -> None:
    """A crowd of messages waits, then a lead for which a job was rung."""
    fill(scene, CROWD)
    scene.accept(lead(CUSTOMERS[0], name="Nok Jaidee"))


def late(scene: Scene, ms: int) -> None:
    """The messages have waited for `ms`."""
    stream = keys.entries(keys.OUTBOX, 0)
    rows = scene.redis.xrange(stream)
    scene.redis.delete(stream)
    for entry, fields in rows:
        began, _, number = entry.decode().partition("-")
        scene.redis.xadd(stream, fields, id=f"{int(began) - ms}-{number}")


@pytest.mark.parametrize(("ms", "is_over"), [(0, True), (time_slice.LATE_MS + 1, False)])
@pytest.mark.usefixtures("watchful")
def test_late_messages_have_as_long_a_turn_as_leads(scene: Scene, ms: int, is_over: bool) -> None:
    """Else leads without end would leave them a second in ten."""
    await_leads(scene)
    late(scene, ms)
    with patched(time_slice, "SLICE_SECONDS", 0.0):
        scene.worker().outbox.drain(0)
    assert (len(times_told(scene)) < len(CROWD)) is is_over


@pytest.fixture
def watchful() -> Iterator[None]:
    with patched(time_slice, "CHECK_SECONDS", 0.0):
        yield


@pytest.mark.usefixtures("watchful")
def test_messages_make_way_for_leads_that_can_be_written(scene: Scene) -> None:
    await_leads(scene)
    worker = scene.worker()
    worker.outbox.drain(0)
    assert len(times_told(scene)) == IN_FLIGHT
    worker.work()
    scene.assert_done()
    assert times_told(scene) == dict.fromkeys([*CROWD, CUSTOMERS[0]], 1)


@pytest.mark.usefixtures("watchful")
@pytest.mark.parametrize("why", ["no quota", "HubSpot is down", "no lead", "somebody is at it", "late", "no job waits"])
def test_messages_make_no_way_where_no_lead_could_use_it(scene: Scene, why: str) -> None:
    await_leads(scene)
    worker = scene.worker()
    match why:
        case "no quota":
            worker.sync.hubspot.budget.limit = 1
            worker.sync.hubspot.budget.reserve()
        case "HubSpot is down":
            worker.sync.pause.start(LineDown("daily_quota", "no calls today", 600.0))
        case "late":
            late(scene, time_slice.FRESH_MS + 1)
        case "no lead":
            scene.redis.delete(keys.entries(keys.INBOX, 0))
        case "somebody is at it":
            scene.redis.set(keys.lock(keys.INBOX, 0), "somebody")
        case "no job waits":
            scene.redis.delete(f"rq:queue:{keys.QUEUE}")
    worker.outbox.drain(0)
    assert times_told(scene) == dict.fromkeys(CROWD, 1)


@pytest.fixture
def impatient() -> Iterator[None]:
    with patched(dealdroid, "READ_SECONDS", 0.1):
        yield


UNCLEAR = pytest.mark.parametrize("kind", ["hang", "reset", "lost_answer"])


@UNCLEAR
@pytest.mark.usefixtures("impatient")
def test_what_may_have_arrived_is_not_repeated(scene: Scene, kind: str) -> None:
    scene.line.chat.fault(kind, count=1, seconds=0.2)
    fill(scene, CUSTOMERS[:1])
    worker = scene.worker()
    worker.outbox.drain(0)
    scene.recover()
    scene.assert_left_nothing()
    assert words(scene) == {CUSTOMERS[0]: "interrupted"}
    eventually(lambda: scene.line.chat.struck() == {kind: 1})
    assert times_told(scene) == ({CUSTOMERS[0]: 1} if kind == "lost_answer" else {})


@UNCLEAR
@pytest.mark.usefixtures("impatient")
def test_what_may_have_arrived_is_repeated_where_the_shop_wants_it(scene: Scene, kind: str) -> None:
    scene.config = RESENDING
    scene.line.chat.fault(kind, count=1, seconds=0.2)
    fill(scene, CUSTOMERS[:1])
    scene.worker().outbox.drain(0)
    scene.recover()
    scene.assert_left_nothing()
    assert words(scene) == {CUSTOMERS[0]: "sent"}
    assert times_told(scene) == {CUSTOMERS[0]: 2 if kind == "lost_answer" else 1}


def fail(scene: Scene, kind: str) -> Worker:
    """A worker for whom DealDroid fails clearly."""
    if kind == "refused":
        return scene.worker(DEALDROID_WEBHOOK_URL=f"http://127.0.0.1:{free_port()}{WEBHOOK}")
    scene.line.chat.fault(kind)
    return scene.worker()


def look(scene: Scene, worker: Worker) -> None:
    """A sweep, once the pause and what is put off are due."""
    pause = scene.redis.hget(keys.PAUSES[keys.OUTBOX], "until")
    seconds, _ = scene.redis.time()
    scene.wait(max([*due_in(scene), int(pause or 0) / 1000 - seconds, 0]) + 3)
    worker.keeper.sweep()
    worker.work()


def age(scene: Scene, minutes: int) -> None:
    """Let the events whose messages are put off be so many minutes older."""
    later = keys.later(keys.OUTBOX, 0)
    for member, due in scene.redis.zrange(later, 0, -1, withscores=True):
        parts = member.split(b"\x1f")[:-1]
        fields = dict(zip(parts[::2], parts[1::2], strict=True))
        said, _, sequence = fields[b"v"].partition(b"-")
        fields[b"v"] = b"%d-%d" % (int(said) - minutes * 60_000, int(sequence))
        scene.redis.zrem(later, member)
        scene.redis.zadd(later, {pack_fields(fields): due})


CLEAR = pytest.mark.parametrize("kind", ["429", "500", "502", "refused"])


@CLEAR
def test_a_clear_failure_is_tried_again_and_said_once(scene: Scene, kind: str) -> None:
    fill(scene)
    worker = fail(scene, kind)
    worker.outbox.drain(0)
    waits = [min(due_in(scene))]
    assert set(words(scene).values()) == {"waiting"}
    look(scene, worker)
    waits.append(max(due_in(scene)))
    assert waits[0] < waits[1]
    assert times_told(scene) == {}
    scene.line.chat.control("DELETE", "faults")
    for _ in range(3):
        look(scene, scene.worker())
    scene.assert_done()
    assert times_told(scene) == dict.fromkeys(CUSTOMERS, 1)


@CLEAR
def test_a_clear_failure_is_given_up_when_the_event_is_too_old_and_the_receipt_says_so(scene: Scene, kind: str) -> None:
    scene.config = Config(messages=Messages(confirm_max_age=30))
    fill(scene, CUSTOMERS[:1])
    worker = fail(scene, kind)
    worker.outbox.drain(0)
    age(scene, 29)
    look(scene, worker)
    assert set(words(scene).values()) == {"waiting"}, "it is still tried"
    age(scene, 2)
    scene.line.chat.control("DELETE", "faults")
    for _ in range(3):
        look(scene, scene.worker())
    scene.assert_left_nothing()
    assert {receipt.message for receipt in scene.receipts().values()} == {"failed: older than 30 minutes"}
    assert times_told(scene) == {}


def test_dealdroids_retry_after_is_honoured(scene: Scene) -> None:
    scene.line.chat.fault("429", retry_after=40)
    fill(scene)
    scene.worker().outbox.drain(0)
    assert all(39 < wait <= 40 for wait in due_in(scene))


def test_a_refused_message_ends_on_the_receipt(scene: Scene) -> None:
    scene.line.chat.fault("redirect")
    fill(scene)
    scene.worker().outbox.drain(0)
    scene.assert_left_nothing()
    assert set(words(scene).values()) == {"failed"}


def test_while_dealdroid_is_away_the_outbox_waits_and_nobody_runs_in_circles(scene: Scene) -> None:
    """More messages wait than are sent at once; a worker that finds the line paused leaves it alone."""
    scene.line.chat.fault("500")
    scene.accept(*(lead(one, name="Nok Jaidee") for one in CROWD))
    worker = scene.worker()
    assert worker.work() <= 5
    assert scene.redis.hget(keys.PAUSES[keys.OUTBOX], "reason")
    scene.line.chat.control("DELETE", "faults")
    for _ in range(8):
        look(scene, worker)
    scene.assert_done()
    assert times_told(scene) == dict.fromkeys(CROWD, 1)


def test_a_dealdroid_that_comes_back_on_its_port_is_told_what_waited(scene: Scene) -> None:
    port = free_port()
    worker = scene.worker(DEALDROID_WEBHOOK_URL=f"http://127.0.0.1:{port}{WEBHOOK}")
    fill(scene)
    worker.outbox.drain(0)
    with running(create_chat(scene.line.chat.chats), port):
        for _ in range(3):
            look(scene, worker)
        scene.assert_done()
        assert times_told(scene) == dict.fromkeys(CUSTOMERS, 1)
        worker.close()


@pytest.mark.parametrize("when", ["before", "after"])
def test_whoever_probes_dealdroid_may_die_at_any_command(scene: Scene, subtests: pytest.Subtests, when: str) -> None:
    for step in itertools.count(1):
        scene.clear()
        scene.line.chat.fault("500", count=3)
        fill(scene)
        scene.worker().outbox.drain(0)
        scene.wait(max(due_in(scene)) + 8)
        probing = scene.worker()
        probing.keeper.sweep()
        probing.wire.step, probing.wire.when, probing.wire.count = step, when, 0
        died = probing.die()
        cut = scene.sending()
        with subtests.test(step=step):
            scene.recover()
            scene.assert_done()
            assert list(words(scene).values()).count("interrupted") <= cut
        if not died:
            return
