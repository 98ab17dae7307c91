"""A connection to Redis that is cut while messages leave: what certainly was not sent is sent later, and what may have
been is not said again."""

from contextlib import suppress
from typing import Any

import pytest
import redis

from leadcore.config import Config
from leadcore.reasons import reason
from leadcore.store import keys
from leadcore.store.streams import Stream
from tests.faults.conftest import Scene, Worker, patched
from tests.faults.outbox import CUSTOMERS, RESENDING, fill, message_states, times_sent, work_when_due
from tests.faults.wires import lost_answer
from workers.outbox import sender
from workers.rules.outcomes import DeliveryOutcome, MessageFailed, MessageSent, MessageUnclear

ONE = CUSTOMERS[:1]
AWAY = reason("dealdroid_unreachable")


def cut() -> None:
    raise redis.ConnectionError("cut")


def finish(scene: Scene) -> None:
    """Let another worker do what is left."""
    scene.advance(11)
    for _ in range(6):
        if not scene.line.left():
            return
        work_when_due(scene, scene.steady)


@pytest.mark.usefixtures("hurry")
@pytest.mark.parametrize("fault", ["", "500"], ids=["taken", "failed"])
def test_a_connection_cut_at_any_command_leaves_no_customer_untold(
    scene: Scene, subtests: pytest.Subtests, fault: str
) -> None:
    """A command may be lost, or done and its answer lost."""
    for wire in scene.moments(lost_answer, cut):
        scene.clear()
        fill(scene)
        if fault:
            scene.line.chat.fault(fault, count=3)
        with suppress(redis.ConnectionError):
            scene.worker(wire).outbox.drain(0)
        with subtests.test(moment=wire.index):
            finish(scene)
            scene.assert_left_nothing()
            assert times_sent(scene) == dict.fromkeys(CUSTOMERS, 1)
            assert set(message_states(scene).values()) == {"sent"}


def stand_still(worker: Worker, scene: Scene) -> None:
    """Let this process lose its lock as if it had not run for a while, and another worker find what it left."""
    [lease] = worker.outbox.leases.held()
    lease.renewed_at = float("-inf")
    scene.redis.delete(*lease.locks)
    scene.worker().outbox.drain(0)


def claim_of(worker: Worker, act: Any) -> Any:
    """In the place of the sender's claim: `act` happens between it and the first request."""
    claim = worker.outbox._claim

    def claimed(*arguments: Any) -> Any:
        found = claim(*arguments)
        act()
        return found

    return patched(worker.outbox, "_claim", claimed)


@pytest.mark.parametrize("config", [Config(), RESENDING], ids=["no resend", "resend"])
def test_a_sender_that_stood_still_after_its_claim_sends_nothing(scene: Scene, config: Config) -> None:
    """Another worker has ended its messages, or sent them."""
    scene.config = config
    fill(scene)
    worker = scene.worker()
    with claim_of(worker, lambda: stand_still(worker, scene)):
        worker.outbox.drain(0)
    finish(scene)
    scene.assert_left_nothing()
    is_sent = config == RESENDING
    assert times_sent(scene) == (dict.fromkeys(CUSTOMERS, 1) if is_sent else {})
    assert set(message_states(scene).values()) == {"sent" if is_sent else "interrupted"}


def test_a_sender_whose_lock_cannot_be_proven_gives_its_messages_back(scene: Scene) -> None:
    """The lock is still there, but Redis does not answer when it is asked for it."""
    fill(scene)
    worker = scene.worker()

    def lose() -> None:
        [lease] = worker.outbox.leases.held()
        lease.renewed_at = float("-inf")
        scene.stack.enter_context(patched(lease, "_renew", lambda _: cut()))

    with claim_of(worker, lose):
        worker.outbox.drain(0)
    assert times_sent(scene) == {}
    assert set(message_states(scene).values()) == {"queued"}
    finish(scene)
    assert times_sent(scene) == dict.fromkeys(CUSTOMERS, 1)
    assert set(message_states(scene).values()) == {"sent"}


def test_a_claim_that_arrives_late_finds_its_messages_put_back(scene: Scene) -> None:
    """The connection was cut while the command was on its way; the lock is still held."""
    fill(scene)
    worker, late = scene.worker(), []
    settle, give_back = worker.outbox.outbox.settle, worker.outbox._give_back

    def delay(*arguments: Any) -> Any:
        late.append(arguments)
        cut()

    def overtake(*arguments: Any) -> None:
        give_back(*arguments)
        assert settle(*late[0]) is not None, "the lock is held"

    with (
        patched(worker.outbox.outbox, "settle", delay),
        patched(worker.outbox, "_give_back", overtake),
        suppress(redis.ConnectionError),
    ):
        worker.outbox.drain(0)
    assert not scene.sending()
    finish(scene)
    assert times_sent(scene) == dict.fromkeys(CUSTOMERS, 1)


@pytest.mark.parametrize("lives", [True, False], ids=["its lock lives", "its lock is gone"])
def test_a_message_that_another_worker_claimed_is_not_put_back(scene: Scene, lives: bool) -> None:
    """A claim was lost, and before it is looked for the lock was lost too."""
    fill(scene, ONE)
    worker, other, sent = scene.worker(), scene.worker(), []
    messages = [sender._parse(*row) for row in scene.redis.xrange(keys.entries(keys.OUTBOX, 0))]
    with worker.outbox.leases.hold(worker.outbox.outbox, 0) as lease:
        assert lease
        scene.redis.delete(*lease.locks)

        def give_back(*what: Any) -> DeliveryOutcome:
            sent.append(what)
            if not lives:
                scene.redis.delete(*lease.locks)
            worker.outbox._give_back(messages, lease)
            return MessageSent()

        with patched(other.outbox.dealdroid, "send", give_back):
            other.outbox.drain(0)
    finish(scene)
    assert len(sent) == 1
    assert times_sent(scene) == {}
    assert set(message_states(scene).values()) == {"sent"}


@pytest.mark.parametrize(
    "outcome",
    [
        MessageSent(),
        MessageUnclear(reason("dealdroid_too_late")),
        MessageFailed(AWAY, retry=True),
        MessageFailed(reason("message_refused", status=400), retry=False),
    ],
    ids=["sent", "unclear", "failed", "refused"],
)
def test_a_record_that_arrives_twice_counts_once(scene: Scene, outcome: DeliveryOutcome) -> None:
    """The first time its answer is lost. When it comes again the message may be under way again."""
    fill(scene, ONE)
    worker = scene.worker()
    record = Stream.end_sending
    recorded: list[Any] = []

    def lose(self: Stream, shard: int, token: str, ended: Any) -> None:
        recorded.append((shard, token, [*ended]))
        record(self, *recorded[-1])
        if len(recorded) == 1:
            cut()

    def state() -> Any:
        names = (keys.later(keys.OUTBOX, 0), keys.UNSENT, keys.COUNTS, keys.places(0))
        found = [scene.redis.dump(name) for name in names]
        return [*found, scene.redis.xlen(keys.entries(keys.OUTBOX, 0))]

    before: list[Any] = []
    with (
        patched(worker.outbox.dealdroid, "send", lambda *_: outcome),
        patched(Stream, "end_sending", lose),
        patched(worker.outbox.machine, "sleep", lambda _: before.append(state())),
    ):
        worker.outbox.drain(0)
    assert len(recorded) == 2
    assert before == [state()]


def test_what_failed_is_not_put_off_while_another_worker_has_the_lock(scene: Scene) -> None:
    """That worker has ended the message, and a person may have sent it since."""
    fill(scene, ONE)
    worker = scene.worker()

    def fail(*_: Any) -> DeliveryOutcome:
        stand_still(worker, scene)
        return MessageFailed(AWAY, retry=True)

    with patched(worker.outbox.dealdroid, "send", fail):
        worker.outbox.drain(0)
    assert not scene.redis.zcard(keys.later(keys.OUTBOX, 0))
    assert set(message_states(scene).values()) == {"interrupted"}


def test_a_record_is_given_up_when_the_lock_must_be_gone(scene: Scene) -> None:
    fill(scene, ONE)
    worker, tries = scene.worker(), []

    def away(*_: Any) -> None:
        tries.append(1)
        cut()

    with (
        patched(sender, "RECORD_SECONDS", 3.0),
        patched(worker.outbox.outbox, "end_sending", away),
        pytest.raises(redis.ConnectionError),
    ):
        worker.outbox.drain(0)
    assert len(tries) > 1
    finish(scene)
    assert times_sent(scene) == dict.fromkeys(ONE, 1)
    assert set(message_states(scene).values()) == {"interrupted"}
