"""A message is sent once, whatever dies, hangs or fails between the outbox and DealDroid."""

import itertools
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import redis
from structlog.testing import capture_logs

from leadcore.config import Config
from leadcore.store import keys
from leadcore.store.streams import unpack_fields
from leadcore.store.unsent import Unsent
from tests.conftest import SHARDS, lead
from tests.faults.conftest import Scene, Worker, patched
from tests.faults.outbox import CROWD, CUSTOMERS, RESENDING, fill, message_states, times_sent
from tests.faults.wires import Killed, Wire
from workers.flow.errors import LineDown
from workers.outbox import sender, sent_log, time_slice
from workers.outbox.sender import IN_FLIGHT, REDIS_RESTARTED
from workers.outbox.sent_log import message_key
from workers.rules.breaker import UNPROVEN_IN_FLIGHT
from workers.rules.outcomes import DeliveryOutcome, MessageFailed


@pytest.mark.parametrize("resend", [False, True], ids=["no resend", "resend"])
def test_a_sender_may_die_at_any_moment(scene: Scene, subtests: pytest.Subtests, resend: bool) -> None:
    for wire in scene.moments():
        scene.clear()
        scene.config = RESENDING if resend else Config()
        fill(scene)
        with suppress(Killed):
            scene.worker(wire).outbox.drain(0)
        cut = scene.sending()
        with subtests.test(moment=wire.index):
            scene.recover()
            scene.assert_left_nothing()
            found = message_states(scene)
            sent = times_sent(scene)
            if resend:
                assert set(found.values()) == {"sent"}
                assert sum(times - 1 for times in sent.values()) <= cut
                assert sent.keys() == set(CUSTOMERS)
            else:
                assert list(found.values()).count("interrupted") == cut
                assert set(sent.values()) <= {1}
                assert {one for one, state in found.items() if state == "sent"} <= sent.keys()
                assert len(sent) >= len(CUSTOMERS) - cut


def test_sending_is_noted_before_the_request(scene: Scene) -> None:
    fill(scene)
    worker = scene.worker()
    seen: list[Any] = []
    send = worker.outbox.dealdroid.send

    def watched(*what: Any) -> Any:
        seen.append(
            (scene.sending(), scene.redis.xlen(keys.entries(keys.OUTBOX, 0)), set(message_states(scene).values()))
        )
        return send(*what)

    with patched(worker.outbox.dealdroid, "send", watched):
        worker.outbox.drain(0)
    assert seen == [(3, 0, {"sending"})] * 3
    assert set(message_states(scene).values()) == {"sent"}


def drain_after_restart(scene: Scene) -> list[str]:
    """Drain an outbox that Redis restored as it was before the first message was sent and the second was being sent.
    Returns the customers of the first, the second and a third message."""
    fill(scene)
    rows = scene.redis.xrange(keys.entries(keys.OUTBOX, 0))
    scene.redis.set(message_key(rows[0][1]), "sent")
    scene.redis.set(message_key(rows[1][1]), "sending")
    scene.worker().outbox.drain(0)
    scene.assert_left_nothing()
    return [json.loads(fields[b"c"])["id"] for _, fields in rows]


def test_a_message_whose_key_exists_after_a_restart_is_not_sent_again(scene: Scene) -> None:
    _, sending, waiting = drain_after_restart(scene)
    assert sorted(message_states(scene).values()) == ["interrupted", "sent", "sent"]
    receipts = scene.receipts().values()
    assert [receipt.customer_id for receipt in receipts if receipt.message == REDIS_RESTARTED] == [sending]
    assert times_sent(scene) == {waiting: 1}
    assert scene.redis.zcard(keys.UNSENT) == 1, "a person may know better"


def test_with_resend_interrupted_a_message_that_a_restart_may_have_cut_off_is_sent_again(scene: Scene) -> None:
    scene.config = RESENDING
    sent, *_ = drain_after_restart(scene)
    assert times_sent(scene) == dict.fromkeys({*CUSTOMERS} - {sent}, 1)


def test_a_timeout_while_sent_messages_are_settled_interrupts_no_other_message(
    scene: Scene, subtests: pytest.Subtests
) -> None:
    for step in itertools.count(1):
        scene.clear()
        fill(scene)
        sent, *_ = scene.redis.xrange(keys.entries(keys.OUTBOX, 0))
        scene.redis.set(message_key(sent[1]), "sent")

        def fail() -> None:
            raise redis.TimeoutError

        worker = scene.worker(Wire(step, "before", fail))
        with suppress(redis.TimeoutError):
            worker.outbox.drain(0)
        with subtests.test(step=step):
            assert times_sent(scene) or not scene.sending()
        if not worker.wire.reached:
            return


def test_a_message_that_has_left_the_stream_is_not_sent(scene: Scene) -> None:
    """Redis restarted without it while earlier ones were sent; its lead will come again."""
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
    assert times_sent(scene) == dict.fromkeys({*CROWD} - gone, 1)


def test_what_was_sent_is_remembered_though_redis_has_gone(scene: Scene) -> None:
    fill(scene)
    worker = scene.worker()
    send = worker.outbox.dealdroid.send

    def lose_redis(*what: Any) -> Any:
        scene.stack.enter_context(patched(worker.outbox.clock, "now_ms", away))
        return send(*what)

    def away() -> int:
        raise redis.ConnectionError

    with (
        patched(sender, "RECORD_SECONDS", 0.0),
        patched(worker.outbox.dealdroid, "send", lose_redis),
        suppress(redis.ConnectionError),
    ):
        worker.outbox.drain(0)
    assert {one.result for one in worker.outbox.sent_log._entries.values()} == {"sent"}


@pytest.mark.parametrize("resend", [False, True], ids=["no resend", "resend"])
def test_what_was_sent_counts_as_sent_once_redis_is_back(scene: Scene, resend: bool) -> None:
    """However long it was away: who sent it still knows."""
    scene.config = RESENDING if resend else Config()
    fill(scene)
    worker = scene.worker()

    def away(*_: Any) -> None:
        raise redis.ConnectionError

    with (
        patched(sender, "RECORD_SECONDS", 0.0),
        patched(worker.outbox.outbox, "end_sending", away),
        suppress(redis.ConnectionError),
    ):
        worker.outbox.drain(0)
    cut = scene.sending()
    assert cut
    worker.outbox.drain(0)
    assert set(message_states(scene).values()) == {"sent"}
    assert set(times_sent(scene).values()) == {1}
    assert scene.sending() == 0
    assert scene.redis.zcard(keys.UNSENT) == 0


def test_a_message_that_redis_refuses_to_record_spoils_no_other_and_no_time(scene: Scene) -> None:
    """What stands in Redis has another type: that does not pass. The log says so."""
    fill(scene)
    worker, slept = scene.worker(), []
    record, spoilt = worker.outbox.outbox.end_sending, list[str]()

    def spoil(*what: Any) -> None:
        if not spoilt:
            sending = [key.decode() for key in scene.redis.keys(keys.receipt("*"))]
            spoilt.append(next(key for key in sending if scene.redis.hget(key, "n") == b"sending"))
            scene.redis.set(spoilt[0], "of another type")
        record(*what)

    with (
        patched(worker.outbox.outbox, "end_sending", spoil),
        patched(worker.outbox.machine, "sleep", slept.append),
        capture_logs() as logs,
    ):
        worker.outbox.drain(0)
    assert slept == []
    assert [line["error"] for line in logs if line["event"] == "message.unrecorded"] == ["ResponseError"]
    assert set(times_sent(scene).values()) == {1}
    scene.redis.delete(spoilt[0])
    states = [*message_states(scene).values()]
    assert (states.count("sent"), states.count("")) == (len(states) - 1, 1)
    assert scene.redis.hlen(keys.sending(keys.OUTBOX, 0)) == 0


@pytest.mark.parametrize(
    "refusal",
    [
        redis.OutOfMemoryError("command not allowed"),
        redis.ReadOnlyError("You can't write against a read only replica."),
        redis.ResponseError("MISCONF Redis is configured to save RDB snapshots"),
        redis.ResponseError("NOREPLICAS Not enough good replicas to write."),
        redis.ResponseError("BUSY Redis is busy running a script."),
        redis.ResponseError("Error running script: @user_script:3: -OOM command not allowed"),
        redis.exceptions.NoScriptError("No matching script."),
    ],
    ids=lambda one: str(one)[:12],
)
def test_what_was_sent_is_recorded_once_redis_takes_writes_again(scene: Scene, refusal: Exception) -> None:
    fill(scene, CUSTOMERS[:1])
    worker, refused = scene.worker(), []
    record = worker.outbox.outbox.end_sending

    def refuse(*what: Any) -> None:
        refused.append(what)
        if len(refused) < 4:
            raise refusal
        record(*what)

    with (
        patched(worker.outbox.outbox, "end_sending", refuse),
        patched(worker.outbox.machine, "sleep", lambda _: None),
    ):
        worker.outbox.drain(0)
    assert len(refused) == 4
    assert set(message_states(scene).values()) == {"sent"}


def test_a_refusal_that_does_not_pass_is_raised_at_once(scene: Scene) -> None:
    fill(scene, CUSTOMERS[:1])
    worker, slept = scene.worker(), []

    def refuse(*_: Any) -> None:
        raise redis.exceptions.NoPermissionError("this user has no permissions")

    with (
        patched(worker.outbox.outbox, "end_sending", refuse),
        patched(worker.outbox.machine, "sleep", slept.append),
        pytest.raises(redis.exceptions.NoPermissionError),
    ):
        worker.outbox.drain(0)
    assert slept == []
    assert {one.result for one in worker.outbox.sent_log._entries.values()} == {"sent"}


def test_a_failed_message_whose_claim_redis_lost_waits_once(scene: Scene) -> None:
    """A replica that took over still has it in the stream."""
    fill(scene, CUSTOMERS[:1])
    worker, stream = scene.worker(), keys.entries(keys.OUTBOX, 0)
    [claimed] = scene.redis.xrange(stream)

    def fail(*_: Any) -> DeliveryOutcome:
        scene.redis.delete(stream)
        scene.redis.xadd(stream, claimed[1], id=claimed[0])
        return MessageFailed("away", retry=True)

    with patched(worker.outbox.dealdroid, "send", fail):
        worker.outbox.drain(0)
    assert scene.redis.xlen(stream) + scene.redis.zcard(keys.later(keys.OUTBOX, 0)) == 1


def queue_messages_and_a_lead(scene: Scene) -> None:
    """Queue many messages, then a lead with its job."""
    fill(scene, CROWD)
    scene.accept(lead(CUSTOMERS[0], name="Nok Jaidee"))


def make_late(scene: Scene, ms: int) -> None:
    """Let the messages have waited for `ms`."""
    stream = keys.entries(keys.OUTBOX, 0)
    rows = scene.redis.xrange(stream)
    scene.redis.delete(stream)
    for entry, fields in rows:
        milliseconds, _, number = entry.decode().partition("-")
        scene.redis.xadd(stream, fields, id=f"{int(milliseconds) - ms}-{number}")


@pytest.mark.parametrize(("ms", "is_over"), [(0, True), (time_slice.LATE_MS + 1, False)])
@pytest.mark.usefixtures("checks_always")
def test_late_messages_get_the_whole_time_slice(scene: Scene, ms: int, is_over: bool) -> None:
    """Else an endless stream of leads would leave them one second in ten."""
    queue_messages_and_a_lead(scene)
    make_late(scene, ms)
    with patched(time_slice, "SLICE_SECONDS", 0.0):
        scene.worker().outbox.drain(0)
    assert (len(times_sent(scene)) < len(CROWD)) is is_over


@pytest.fixture
def checks_always() -> Iterator[None]:
    """A busy machine does not end the slice: only leads do."""
    with patched(time_slice, "CHECK_SECONDS", 0.0), patched(time_slice, "SLICE_SECONDS", 60.0):
        yield


@pytest.mark.usefixtures("checks_always")
def test_messages_yield_to_leads_that_can_be_written(scene: Scene) -> None:
    queue_messages_and_a_lead(scene)
    worker = scene.worker()
    worker.outbox.drain(0)
    assert len(times_sent(scene)) == UNPROVEN_IN_FLIGHT
    worker.work()
    scene.assert_done()
    assert times_sent(scene) == dict.fromkeys([*CROWD, CUSTOMERS[0]], 1)


@pytest.mark.usefixtures("checks_always")
@pytest.mark.parametrize(
    "why", ["no quota", "HubSpot is down", "no lead", "another drain holds the shard", "late", "no job waits"]
)
def test_messages_do_not_yield_where_no_lead_could_be_written(scene: Scene, why: str) -> None:
    queue_messages_and_a_lead(scene)
    worker = scene.worker()
    match why:
        case "no quota":
            worker.sync.hubspot.budget.limit = 1
            worker.sync.hubspot.budget.reserve()
        case "HubSpot is down":
            worker.sync.pause.start(LineDown("daily_quota", "no calls today", 600.0))
        case "late":
            make_late(scene, time_slice.FRESH_MS + 1)
        case "no lead":
            scene.redis.delete(keys.entries(keys.INBOX, 0))
        case "another drain holds the shard":
            scene.redis.set(keys.lock(keys.INBOX, 0), "somebody")
        case "no job waits":
            scene.redis.delete(f"rq:queue:{keys.QUEUE}")
    worker.outbox.drain(0)
    assert times_sent(scene) == dict.fromkeys(CROWD, 1)


@pytest.mark.parametrize("resend", [False, True], ids=["no resend", "resend"])
def test_a_worker_that_stood_still_leaves_interrupted_messages_to_who_has_the_shard_now(
    scene: Scene, resend: bool
) -> None:
    """Else it would say of one that was sent since that it was cut off, or send it again."""
    scene.config = RESENDING if resend else Config()
    fill(scene, CUSTOMERS[:1])
    dead, still = scene.worker(), scene.worker()

    def die(*_: Any) -> DeliveryOutcome:
        raise Killed

    with patched(dead.outbox.dealdroid, "send", die), suppress(Killed):
        dead.outbox.drain(0)
    assert scene.sending() == 1

    def stand_still() -> int:
        scene.redis.delete(keys.lock(keys.OUTBOX, 0))
        scene.steady.outbox.drain(0)
        for one in scene.redis.zrange(keys.UNSENT, 0, -1):
            Unsent(scene.redis, SHARDS, 10).retry(one.decode(), "ann")
        scene.steady.outbox.drain(0)
        return scene.steady.outbox.clock.now_ms()

    with patched(still.outbox.clock, "now_ms", stand_still):
        still.outbox.drain(0)
    scene.steady.outbox.drain(0)
    assert set(message_states(scene).values()) == {"sent"}
    assert times_sent(scene) == {CUSTOMERS[0]: 1}
    assert scene.redis.zcard(keys.UNSENT) == 0


def send_all(worker: Worker, scene: Scene) -> dict[bytes, bytes]:
    """Let the worker send all; what was noted as being sent meanwhile."""
    claimed: dict[bytes, bytes] = {}
    send = worker.outbox.dealdroid.send

    def watched(*what: Any) -> DeliveryOutcome:
        claimed.update(scene.redis.hgetall(keys.sending(keys.OUTBOX, 0)))
        return send(*what)

    with patched(worker.outbox.dealdroid, "send", watched):
        worker.outbox.drain(0)
    return claimed


@pytest.mark.parametrize("resend", [False, True], ids=["no resend", "resend"])
def test_what_was_sent_and_forgotten_as_being_sent_is_no_interrupted_message(scene: Scene, resend: bool) -> None:
    """A replica takes over that has the claim and not the end; the sender has told again that it was sent."""
    scene.config = RESENDING if resend else Config()
    fill(scene)
    claimed = send_all(scene.worker(), scene)
    scene.redis.hset(keys.sending(keys.OUTBOX, 0), mapping=claimed)
    for packed in claimed.values():
        scene.redis.set(message_key(unpack_fields(packed)), "sent")
    scene.worker().outbox.drain(0)
    scene.assert_left_nothing()
    assert set(message_states(scene).values()) == {"sent"}
    assert times_sent(scene) == dict.fromkeys(CUSTOMERS, 1)
    assert scene.redis.zcard(keys.UNSENT) == 0


def test_what_may_have_been_sent_is_interrupted_only_once_those_who_could_tell_have_spoken(scene: Scene) -> None:
    """A replica takes over that has the claim and not the end, and the sender is not the first to find it."""
    fill(scene)
    first, other = scene.worker(), scene.worker()
    now_ms = other.outbox.clock.now_ms()
    scene.redis.zadd(keys.WORKERS, {"first": now_ms, "other": now_ms})
    other.outbox.drain(1)
    claimed = send_all(first, scene)
    scene.redis.hset(keys.sending(keys.OUTBOX, 0), mapping=claimed)
    with patched(sent_log, "read_epoch", lambda _: "another:epoch"):
        other.outbox.drain(0)
        assert scene.redis.zcard(keys.UNSENT) == 0, "a person would send it again"
        for name, worker in (("first", first), ("other", other)):
            worker.sent_log.reassert(worker.outbox.redis, name)
        scene.redis.delete(other.outbox.pause.key)
        other.outbox.drain(0)
    scene.assert_left_nothing()
    assert set(message_states(scene).values()) == {"sent"}
    assert times_sent(scene) == dict.fromkeys(CUSTOMERS, 1)


def test_what_a_worker_that_stood_still_did_not_send_goes_back_while_nobody_has_the_shard(scene: Scene) -> None:
    """It stood for longer than its lock lives, between the claim and the request: a machine that slept."""
    fill(scene)
    worker = scene.worker()
    record = worker.outbox.sent_log.record

    def stand_still(results: Any) -> None:
        record(results)
        for lease in worker.outbox.leases.held():
            scene.redis.delete(*lease.locks)
            lease.renewed_at = float("-inf")

    with patched(worker.outbox.sent_log, "record", stand_still):
        worker.outbox.drain(0)
    assert times_sent(scene) == {}
    scene.steady.outbox.drain(0)
    assert times_sent(scene) == dict.fromkeys(CUSTOMERS, 1)
    assert set(message_states(scene).values()) == {"sent"}
