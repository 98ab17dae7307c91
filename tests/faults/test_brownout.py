"""A share of HubSpot's calls fails: the line goes on, and what a failing lead delays is itself."""

from typing import Any

import pytest

from leadcore.store import keys
from tests.conftest import lead, same_shard
from tests.faults.conftest import Scene, Worker

POISON, *MANY = same_shard("many", 401)
NAME = "Nok Jaidee"
# By these a poison lead is not told from a brownout: it fails like any other call.
STATUS = "500"


def accept(scene: Scene, customers: list[str]) -> None:
    scene.accept(*(lead(one, name=NAME) for one in customers))


def calls(scene: Scene) -> int:
    return sum(sum(counts.values()) for counts in scene.line.crm.control("GET", "state")["calls"].values())


def refused(scene: Scene) -> int:
    return sum(counts.get("429", 0) for counts in scene.line.crm.control("GET", "state")["calls"].values())


def work(scene: Scene, worker: Worker, rounds: int = 10) -> None:
    """Drain, with all pauses and waits cut short, until nothing is left."""
    for _ in range(rounds):
        worker.work()
        if not scene.line.left():
            return
        scene.advance(12)
        worker.maintenance.sweep()


def warm(scene: Scene) -> Worker:
    worker = scene.worker()
    scene.accept(lead("warm", name="Warm Up"))
    worker.work()
    return worker


@pytest.mark.parametrize("share", [0.3, 0.5])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_brownout_stops_nothing(scene: Scene, share: float, seed: int) -> None:
    worker = warm(scene)
    scene.line.crm.fault("brownout", probability=share, seed=seed)
    accept(scene, MANY)
    worker.work()
    assert not scene.status().pause
    scene.assert_done()
    assert len(scene.contacts()) == len(MANY) + 1
    assert {(one.state, one.tries, one.message) for one in scene.line.receipts()} == {("created", 0, "sent")}
    assert refused(scene) == 0


@pytest.mark.parametrize("leads", [1, 2, 150, 400])
def test_where_every_call_fails_the_line_is_paused_after_a_few(scene: Scene, leads: int) -> None:
    worker = warm(scene)
    before = calls(scene)
    scene.line.crm.fault("brownout", probability=1)
    accept(scene, MANY[:leads])
    worker.work()
    assert scene.status().pause
    assert calls(scene) - before <= 20
    for _ in range(3):
        before = calls(scene)
        scene.advance(12)
        worker.maintenance.sweep()
        worker.work()
        assert calls(scene) - before == 1, "one small call probes the line"
    assert {one.tries for one in scene.line.receipts()} == {0}
    scene.line.crm.control("DELETE", "faults")
    work(scene, worker)
    scene.assert_done()
    assert len(scene.contacts()) == leads + 1


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5])
def test_a_lead_whose_batch_always_fails_waits_alone(scene: Scene, share: float) -> None:
    worker = warm(scene)
    scene.line.crm.fault(STATUS, name="poison", ids=[POISON])
    if share:
        scene.line.crm.fault("brownout", probability=share, seed=5)
    accept(scene, [*MANY[:150], POISON, *MANY[150:]])
    paused: list[Any] = []
    worker.sync.pause.start = paused.append  # type: ignore[method-assign]
    worker.work()
    receipts = scene.receipts()
    assert {receipts[one].state for one in MANY} == {"created"}
    assert {receipts[one].tries for one in MANY} == {0}
    assert receipts[POISON].state == "waiting"
    assert paused == []
    assert scene.redis.zcard(keys.later(keys.INBOX, 0)) == 1
    scene.line.crm.control("DELETE", "faults")
    work(scene, worker)
    scene.assert_done()
    assert len(scene.contacts()) == len(MANY) + 2


def chat_calls(scene: Scene) -> int:
    """What DealDroid was asked to send; a message that went through was one call more than those that failed."""
    return sum(scene.line.chat.struck().values()) + len(scene.line.chat.told())


@pytest.mark.parametrize("share", [0.3, 0.5])
def test_a_brownout_of_dealdroid_stops_no_messages(scene: Scene, share: float) -> None:
    """A message whose answer was lost is said once and not repeated."""
    worker = scene.worker()
    scene.line.chat.fault("brownout", probability=share, seed=3)
    accept(scene, MANY[:100])
    worker.work()
    assert not scene.status().messages_pause
    work(scene, worker)
    states = {one.message.partition(":")[0] for one in scene.line.receipts()}
    assert states <= {"sent", "interrupted"}
    assert scene.messages().keys() >= {one.customer_id for one in scene.line.receipts() if one.message == "sent"}


def test_where_dealdroid_takes_nothing_the_messages_are_paused_after_a_few(scene: Scene) -> None:
    worker = scene.worker()
    scene.line.chat.fault("500")
    accept(scene, MANY[:100])
    worker.work()
    assert scene.status().messages_pause
    assert chat_calls(scene) <= 20
    for _ in range(3):
        before = chat_calls(scene)
        scene.advance(12)
        worker.maintenance.sweep()
        worker.work()
        assert chat_calls(scene) - before == 1, "one message probes the line"
    scene.line.chat.control("DELETE", "faults")
    work(scene, worker)
    scene.assert_done()
    assert len(scene.messages()) == 100
