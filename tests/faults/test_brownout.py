"""A share of HubSpot's calls fails: the line goes on, and what a failing lead delays is itself."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from leadcore.store import keys
from tests.conftest import lead, same_shard
from tests.faults.conftest import Scene, Worker, patched, plenty
from workers.flow import breaker, lease
from workers.hubspot import transport
from workers.rules.drain import DrainState

pytestmark = pytest.mark.usefixtures("hurry")
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


def warm(scene: Scene, worker: Worker | None = None) -> Worker:
    worker = worker or scene.worker()
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


def test_a_paused_line_comes_back_though_calls_of_its_probe_fail(scene: Scene) -> None:
    """HubSpot answers again, and half of the calls fail."""
    worker = warm(scene)
    scene.line.crm.fault("brownout", probability=1)
    accept(scene, MANY[:150])
    worker.work()
    assert scene.status().pause
    scene.line.crm.control("DELETE", "faults")
    scene.line.crm.fault("500", count=2, path="/batch/upsert")
    scene.advance(12)
    worker.maintenance.sweep()
    worker.work()
    assert not scene.status().pause
    scene.assert_done()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5])
def test_a_lead_whose_batch_always_fails_waits_alone(scene: Scene, share: float) -> None:
    worker = warm(scene, plenty(scene))
    scene.line.crm.fault(STATUS, name="poison", ids=[POISON])
    if share:
        scene.line.crm.fault("brownout", probability=share, seed=5)
    accept(scene, [*MANY[:150], POISON, *MANY[150:]])
    paused: list[Any] = []
    worker.sync.pause.start = paused.append  # type: ignore[method-assign]
    worker.work()
    receipts = scene.receipts()
    waiting = {one for one in [*MANY, POISON] if receipts[one].state != "created"}
    assert POISON in waiting
    # The last that were in a batch with it may be alone with it, and a brownout may hit each of their calls.
    assert len(waiting) <= (4 if share else 1)
    assert {receipts[one].tries for one in MANY} == {0}
    assert paused == []
    assert scene.redis.zcard(keys.later(keys.INBOX, 0)) == len(waiting)
    scene.line.crm.control("DELETE", "faults")
    work(scene, worker)
    scene.assert_done()
    assert len(scene.contacts()) == len(MANY) + 2


@contextmanager
def while_it_waits(act: Callable[[], object]) -> Iterator[None]:
    """`act` is called between a call that failed and its repeat."""

    def wait(*_: object) -> float:
        act()
        return 0.0

    with patched(breaker, "between", wait):
        yield


@pytest.mark.parametrize("kind", ["500", "502", "html", "reset", "521"])
def test_a_call_that_certainly_failed_is_repeated_within_its_flight(scene: Scene, kind: str) -> None:
    worker = warm(scene)
    before, written = calls(scene), []
    scene.line.crm.fault(kind, count=2, path="/batch/upsert")
    accept(scene, MANY[:1])
    with while_it_waits(lambda: written.append(scene.redis.xlen(keys.entries(keys.INBOX, 0)))):
        worker.work()
    scene.assert_done()
    assert calls(scene) - before == 3
    assert written == [1, 1], "the lead stays in the stream meanwhile"


@pytest.mark.parametrize("kind", ["504", "524", "hang"])
def test_a_call_that_may_still_land_is_not_repeated_within_its_flight(scene: Scene, kind: str) -> None:
    worker = warm(scene)
    repeated: list[int] = []
    scene.line.crm.fault(kind, count=1, seconds=0.2, path="/batch/upsert")
    accept(scene, MANY[:1])
    with while_it_waits(lambda: repeated.append(1)), patched(transport, "READ_SECONDS", 0.1):
        worker.work()
    scene.assert_done()
    assert repeated == []


@pytest.mark.parametrize("kind", ["429_burst", "429_daily", "401", "403", "423", "477", "503"])
def test_what_says_that_the_line_has_to_wait_pauses_it_at_once(scene: Scene, kind: str) -> None:
    worker = warm(scene)
    before = calls(scene)
    scene.line.crm.fault(kind, retry_after=7)
    accept(scene, MANY[:1])
    worker.work()
    assert scene.status().pause
    assert calls(scene) - before == 1


@pytest.mark.parametrize(("asked", "seconds"), [(None, 2), (30, 30)])
def test_a_lead_that_is_locked_alone_waits_as_long_as_hubspot_asks(
    scene: Scene, asked: int | None, seconds: int
) -> None:
    """A locked record is free again after 2 s, unless HubSpot says how long it takes."""
    worker = warm(scene)
    scene.line.crm.fault("423", count=2, path="/batch/upsert", retry_after=asked)
    accept(scene, MANY[:1])
    worker.work()
    scene.advance(seconds + 8)
    worker.maintenance.sweep()
    worker.work()
    [(_, due)] = scene.redis.zrange(keys.later(keys.INBOX, 0), 0, -1, withscores=True)
    now, _ = scene.redis.time()
    assert seconds - 2 < due / 1000 - now <= seconds + 1
    scene.advance(seconds + 8)
    worker.maintenance.sweep()
    worker.work()
    scene.assert_done()
    assert {one.tries for one in scene.line.receipts()} == {0}


def test_a_worker_that_lost_its_shard_repeats_no_call(scene: Scene) -> None:
    worker = warm(scene)
    before = calls(scene)
    scene.line.crm.fault("500", count=1)
    accept(scene, MANY[:1])
    with (
        patched(lease, "FRESH_SECONDS", -1.0),
        while_it_waits(lambda: scene.redis.set(keys.lock(keys.INBOX, 0), "another")),
    ):
        worker.work()
    assert calls(scene) - before == 1
    scene.redis.delete(keys.lock(keys.INBOX, 0))
    scene.recover()
    scene.assert_done()


def test_a_worker_that_shall_end_repeats_no_call(scene: Scene) -> None:
    worker = warm(scene)
    before = calls(scene)
    scene.line.crm.fault("500", count=1)
    accept(scene, MANY[:1])
    with while_it_waits(worker.sync.stop.set):
        worker.work()
    assert calls(scene) - before == 1
    assert scene.redis.xlen(keys.entries(keys.INBOX, 0)) == 1
    scene.recover()
    scene.assert_done()


def test_while_a_call_waits_to_be_repeated_no_newer_news_overtake_it(scene: Scene) -> None:
    worker = warm(scene)
    scene.line.crm.fault("500", count=4, path="/batch/up")
    accept(scene, MANY[:1])

    def say_more() -> None:
        if not said:
            said.append(1)
            scene.accept(lead(MANY[0], name="Nok Rakdee"))

    said: list[int] = []
    with while_it_waits(say_more):
        worker.work()
    scene.assert_done()
    assert scene.contacts()[MANY[0]]["lastname"] == "Rakdee"
    assert scene.line.crm.said(MANY[0], "lastname") == ["Jaidee", "Rakdee"]


def test_the_next_drain_knows_which_leads_are_suspected(scene: Scene) -> None:
    """A batch that failed is not begun anew by the next worker, together with new leads."""
    worker = warm(scene)
    scene.line.crm.fault(STATUS, name="poison", ids=[POISON])
    accept(scene, [POISON, *MANY[:150]])
    suspected = keys.suspects(0)
    with patched(DrainState, "may_start", property(lambda state: not scene.redis.exists(suspected))):
        worker.sync.drain(0)
    assert scene.redis.hlen(suspected) == 100
    rows: list[int] = []
    fresh = scene.worker()
    write = fresh.sync.hubspot._write
    fresh.sync.hubspot._write = lambda group, *more, **options: (
        rows.append(len(group)),
        write(group, *more, **options),
    )[1]  # type: ignore[method-assign]
    fresh.sync.drain(0)
    assert max(rows, default=0) <= 50
    scene.line.crm.control("DELETE", "faults")
    work(scene, fresh)
    scene.assert_done()


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
