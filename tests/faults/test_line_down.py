"""HubSpot takes no leads at all: the line is paused, says why and until when, and no lead uses up a try."""

from collections.abc import Mapping
from typing import Any

import pytest

from leadcore.config import Config, Inbox
from leadcore.store import keys
from sandbox.http_server import running
from sandbox.hubspot import create_app
from tests.conftest import CONTACTS_PATH, eventually, lead, own_port, same_shard
from tests.faults.conftest import Scene, Worker, patched, plenty
from workers.hubspot import transport

pytestmark = pytest.mark.usefixtures("hurry")
WARM, FIRST, SECOND, THIRD = same_shard("line", 4)
PING = f"POST {CONTACTS_PATH}/batch/read"
# Kind of fault, its options, a part of the pause's reason.
FAULTS: list[tuple[str, Mapping[str, Any], str]] = [
    ("401", {}, "HUBSPOT_ACCESS_TOKEN"),
    ("403", {}, "scope"),
    ("429_burst", {}, "slow down"),
    ("429_burst", {"retry_after": 7}, "slow down"),
    ("429_daily", {}, "daily"),
    ("429_daily", {"retry_after": 7}, "daily"),
    ("477", {"retry_after": 7}, "moving"),
    ("500", {}, "500"),
    ("502", {"retry_after": 7}, "502"),
    ("503", {}, "503"),
    ("504", {}, "504"),
    ("521", {}, "521"),
    ("523", {}, "523"),
    ("524", {}, "524"),
    ("423", {}, "locked"),
    ("html", {}, "502"),
    ("garbled", {}, "500"),
    ("reset", {}, "closed the connection"),
    ("hang", {"seconds": 0.2}, "in time"),
]


def warm(scene: Scene) -> Worker:
    """A worker that has read the portal's properties."""
    worker = scene.worker()
    scene.accept(lead(WARM, name="Warm Up"))
    worker.work()
    scene.assert_done()
    return worker


def calls(scene: Scene) -> dict[str, int]:
    """How often each route was called; a hanging call is counted at its end."""

    def ended() -> dict[str, int]:
        state = scene.line.crm.control("GET", "state")
        found = {route: sum(counts.values()) for route, counts in state["calls"].items()}
        return found if sum(found.values()) == state["requests_today"] else {}

    return eventually(ended)


def pause_seconds_left(scene: Scene) -> float:
    """Seconds until the pause ends."""
    status = scene.status()
    return float((status.pause["until_ms"] - status.now_ms) / 1000)


def work_after(scene: Scene, worker: Worker, seconds: float) -> None:
    """Advance the time by `seconds`, then sweep and run the jobs."""
    scene.advance(seconds)
    worker.maintenance.sweep()
    worker.work()


def assert_waits(scene: Scene, text: str) -> None:
    status = scene.status()
    assert text in status.pause["reason"]
    assert status.pause["since_ms"] <= status.now_ms
    assert status.pause["since_ms"] < status.pause["until_ms"]
    waiting = [one for one in scene.line.receipts() if one.customer_id != WARM]
    assert {(one.state, one.tries, one.reason) for one in waiting} == {("waiting", 0, "")}
    assert status.waiting == len(waiting)


def assert_written(scene: Scene) -> None:
    scene.assert_done()
    assert scene.status().pause == {}
    assert scene.contacts().keys() == {WARM, FIRST, SECOND, THIRD}
    receipts = scene.line.receipts()
    assert {(one.state, one.tries, one.message) for one in receipts} == {("created", 0, "sent")}


@pytest.mark.parametrize(("kind", "more", "text"), FAULTS, ids=[f"{kind}{'+' * len(more)}" for kind, more, _ in FAULTS])
def test_the_line_is_paused_and_then_probed_with_one_small_call(
    scene: Scene, kind: str, more: Mapping[str, Any], text: str
) -> None:
    worker = warm(scene)
    scene.line.crm.fault(kind, **more)
    with patched(transport, "READ_SECONDS", 0.1 if kind == "hang" else transport.READ_SECONDS):
        scene.accept(lead(FIRST, name="First"), lead(SECOND, name="Second"))
        worker.work()
        assert_waits(scene, text)
        pause = scene.status().pause
        first_wait = (pause["until_ms"] - pause["since_ms"]) / 1000
        asked = more.get("retry_after", 0)
        assert asked <= first_wait + 0.2 <= max(asked, 10) * 1.25 + 0.2
        before = calls(scene)
        scene.accept(lead(THIRD, name="Third"))
        # However long a busy machine takes for the rest of it.
        scene.redis.hincrby(keys.PAUSE, "until", 60_000)
        work_after(scene, worker, first_wait - 0.5)
        assert calls(scene) == before, "nothing is asked before the pause is over"
        scene.redis.hincrby(keys.PAUSE, "until", -60_000)
        second_ms = scene.status().now_ms
        work_after(scene, worker, 3)
        assert calls(scene) == {**before, PING: before.get(PING, 0) + 1}
        assert_waits(scene, text)
        second_wait = (scene.status().pause["until_ms"] - second_ms) / 1000
        assert asked or kind == "429_burst" or second_wait > 1.5, "the second wait is longer"
    scene.line.crm.control("DELETE", "faults")
    work_after(scene, worker, pause_seconds_left(scene) + 3)
    work_after(scene, worker, 3)
    assert_written(scene)


def test_a_refused_connection_pauses_the_line(scene: Scene) -> None:
    port = own_port()
    worker = scene.worker(HUBSPOT_BASE_URL=f"http://127.0.0.1:{port}")
    scene.accept(lead(WARM, name="Warm Up"), lead(FIRST, name="First"), lead(SECOND, name="Second"))
    worker.work()
    status = scene.status()
    assert "cannot be reached" in status.pause["reason"]
    assert status.pause["until_ms"] > status.pause["since_ms"]
    scene.accept(lead(THIRD, name="Third"))
    with running(create_app(scene.line.crm.portal), port):
        work_after(scene, worker, pause_seconds_left(scene) + 3)
        work_after(scene, worker, 3)
        assert_written(scene)
        worker.close()


def test_an_answer_without_results_pauses_the_line(scene: Scene) -> None:
    worker = warm(scene)
    scene.line.crm.fault("empty_results", path="/upsert")
    scene.accept(lead(FIRST, name="First"), lead(SECOND, name="Second"))
    worker.work()
    assert_waits(scene, "without a result")
    scene.line.crm.control("DELETE", "faults")
    scene.accept(lead(THIRD, name="Third"))
    work_after(scene, worker, pause_seconds_left(scene) + 3)
    work_after(scene, worker, 3)
    assert_written(scene)


def test_an_answer_without_results_uses_up_no_try_of_a_single_lead(scene: Scene) -> None:
    worker = warm(scene)
    scene.line.crm.fault("empty_results", path="/upsert")
    scene.accept(lead(FIRST, name="First"))
    worker.work()
    assert_waits(scene, "without a result")


def test_an_outage_of_writes_alone_parks_nobody(scene: Scene) -> None:
    """The ping is answered, but no lead is taken: the leads did not cause that."""
    scene.config = Config(inbox=Inbox(tries=3))
    worker = plenty(scene)
    scene.line.crm.fault("503", path="/batch/upsert")
    scene.accept(*(lead(one, name="First") for one in (FIRST, SECOND, THIRD)))
    worker.work()
    for _ in range(20):
        work_after(scene, worker, 80)
    assert {one.state for one in scene.line.receipts()} == {"waiting"}
    scene.line.crm.control("DELETE", "faults")
    for _ in range(3):
        work_after(scene, worker, 80)
    scene.assert_done()
    assert {one.state for one in scene.line.receipts()} == {"created"}


def test_rows_that_an_answer_leaves_out_are_retried_and_the_others_are_done(scene: Scene) -> None:
    worker = warm(scene)
    scene.line.crm.fault("missing_rows", path="/upsert", count=1)
    scene.accept(lead(FIRST, name="First"), lead(SECOND, name="Second"), lead(THIRD, name="Third"))
    worker.work()
    assert sorted(one.state for one in scene.line.receipts()) == ["created"] * 3 + ["waiting"]
    scene.recover()
    scene.assert_done()
    assert scene.contacts().keys() == {WARM, FIRST, SECOND, THIRD}
    assert {one.state for one in scene.line.receipts()} == {"created"}


def test_a_probing_worker_may_die_at_any_moment(scene: Scene, subtests: pytest.Subtests) -> None:
    for wire in scene.moments():
        scene.clear()
        scene.line.crm.fault("503", count=1, retry_after=1)
        scene.accept(lead(FIRST, name="First"))
        scene.worker().work()
        assert scene.status().pause
        scene.advance(pause_seconds_left(scene) + 3)
        scene.steady.maintenance.sweep()
        scene.worker(wire).die()
        with subtests.test(moment=wire.index):
            scene.recover()
            scene.assert_done()
            scene.accept(lead(SECOND, name="Second"))
            scene.recover()
            scene.assert_done()
            assert scene.contacts().keys() == {FIRST, SECOND}
            assert scene.status().pause == {}
    assert wire.count > 20
