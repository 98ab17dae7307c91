"""A message is sent once, however DealDroid fails: what may have arrived is not repeated, what certainly has not is."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from leadcore.config import Config, Messages
from leadcore.reasons import english, reason
from leadcore.store import keys, lines
from leadcore.store.streams import pack_fields
from sandbox.dealdroid import WEBHOOK
from sandbox.dealdroid import create_app as create_chat
from sandbox.http_server import running
from tests.conftest import eventually, lead, own_port
from tests.faults.conftest import Scene, Worker, patched
from tests.faults.outbox import CROWD, CUSTOMERS, RESENDING, due_in, fill, message_states, times_sent, work_when_due
from tests.faults.wires import Killed
from workers.flow.errors import LineDown
from workers.outbox import dealdroid


@contextmanager
def short_timeout() -> Iterator[None]:
    """Only what is meant to be late is given up so soon: on a busy machine any other answer may be late, too."""
    with patched(dealdroid, "READ_SECONDS", 0.1):
        yield


UNCLEAR = pytest.mark.parametrize("kind", ["hang", "reset", "lost_answer"])


@UNCLEAR
def test_what_may_have_arrived_is_not_repeated(scene: Scene, kind: str) -> None:
    scene.line.chat.fault(kind, count=1, seconds=0.2)
    fill(scene, CUSTOMERS[:1])
    with short_timeout():
        scene.worker().outbox.drain(0)
    scene.recover()
    scene.assert_left_nothing()
    assert message_states(scene) == {CUSTOMERS[0]: "interrupted"}
    eventually(lambda: scene.line.chat.struck() == {kind: 1})
    assert times_sent(scene) == ({CUSTOMERS[0]: 1} if kind == "lost_answer" else {})


@UNCLEAR
def test_with_resend_interrupted_what_may_have_arrived_is_repeated(scene: Scene, kind: str) -> None:
    scene.config = RESENDING
    scene.line.chat.fault(kind, count=1, seconds=0.2)
    fill(scene, CUSTOMERS[:1])
    with short_timeout():
        scene.worker().outbox.drain(0)
    scene.recover()
    scene.assert_left_nothing()
    assert message_states(scene) == {CUSTOMERS[0]: "sent"}
    assert times_sent(scene) == {CUSTOMERS[0]: 2 if kind == "lost_answer" else 1}


def failing_worker(scene: Scene, kind: str) -> Worker:
    """A worker whose messages DealDroid certainly does not accept."""
    if kind == "refused":
        return scene.worker(DEALDROID_WEBHOOK_URL=f"http://127.0.0.1:{own_port()}{WEBHOOK}")
    scene.line.chat.fault(kind)
    return scene.worker()


def age(scene: Scene, minutes: int) -> None:
    """Make the events of delayed messages so many minutes older."""
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
def test_a_clear_failure_is_retried_and_the_message_sent_once(scene: Scene, kind: str) -> None:
    fill(scene)
    worker = failing_worker(scene, kind)
    worker.outbox.drain(0)
    waits = [min(due_in(scene))]
    assert set(message_states(scene).values()) == {"waiting"}
    work_when_due(scene, worker)
    waits.append(max(due_in(scene)))
    assert waits[0] < waits[1]
    assert times_sent(scene) == {}
    scene.line.chat.control("DELETE", "faults")
    for _ in range(3):
        work_when_due(scene, scene.worker())
    scene.assert_done()
    assert times_sent(scene) == dict.fromkeys(CUSTOMERS, 1)


@CLEAR
def test_a_clear_failure_is_given_up_when_the_event_is_too_old_and_the_receipt_says_so(scene: Scene, kind: str) -> None:
    scene.config = Config(messages=Messages(confirm_max_age=30))
    fill(scene, CUSTOMERS[:1])
    worker = failing_worker(scene, kind)
    worker.outbox.drain(0)
    age(scene, 29)
    work_when_due(scene, worker)
    assert set(message_states(scene).values()) == {"waiting"}, "it is still tried"
    age(scene, 2)
    scene.line.chat.control("DELETE", "faults")
    for _ in range(3):
        work_when_due(scene, scene.worker())
    scene.assert_left_nothing()
    assert {english(receipt.message) for receipt in scene.receipts().values()} == {"failed: older than 30 minutes"}
    assert times_sent(scene) == {}


def test_dealdroids_retry_after_is_honoured(scene: Scene) -> None:
    scene.line.chat.fault("429", retry_after=40)
    fill(scene)
    scene.worker().outbox.drain(0)
    assert all(39 < wait <= 45 for wait in due_in(scene)), "as long as asked, and at most 5 s of jitter"


def test_a_refused_message_ends_on_the_receipt(scene: Scene) -> None:
    scene.line.chat.fault("redirect")
    fill(scene)
    scene.worker().outbox.drain(0)
    scene.assert_left_nothing()
    assert set(message_states(scene).values()) == {"failed"}


def test_while_dealdroid_is_down_the_outbox_is_paused_and_no_job_repeats(scene: Scene) -> None:
    """More messages wait than one round sends; a worker that finds the line paused does nothing."""
    scene.line.chat.fault("500")
    scene.accept(*(lead(one, name="Nok Jaidee") for one in CROWD))
    worker = scene.worker()
    assert worker.work() <= 5
    assert scene.redis.hget(lines.OUTBOX.pause, "reason")
    scene.line.chat.control("DELETE", "faults")
    for _ in range(8):
        work_when_due(scene, worker)
    scene.assert_done()
    assert times_sent(scene) == dict.fromkeys(CROWD, 1)


def test_messages_are_sent_when_dealdroid_comes_back_on_its_port(scene: Scene) -> None:
    port = own_port()
    worker = scene.worker(DEALDROID_WEBHOOK_URL=f"http://127.0.0.1:{port}{WEBHOOK}")
    fill(scene)
    worker.outbox.drain(0)
    with running(create_chat(scene.line.chat.chats), port):
        for _ in range(3):
            work_when_due(scene, worker)
        scene.assert_done()
        assert times_sent(scene) == dict.fromkeys(CUSTOMERS, 1)
        worker.close()


def test_a_worker_that_probes_dealdroid_may_die_at_any_moment(scene: Scene, subtests: pytest.Subtests) -> None:
    for wire in scene.moments():
        scene.clear()
        scene.line.chat.fault("429")
        fill(scene)
        failing = scene.worker()
        failing.outbox.drain(0)
        failing.outbox.pause.start(LineDown("dealdroid", reason("dealdroid_takes_nothing")))
        scene.line.chat.control("DELETE", "faults")
        scene.advance(max(due_in(scene)) + 8)
        probing = scene.worker(wire)
        with suppress(Killed):
            probing.maintenance.sweep()
            probing.work()
        cut = scene.sending()
        with subtests.test(moment=wire.index):
            scene.recover()
            scene.assert_done()
            assert list(message_states(scene).values()).count("interrupted") <= cut
