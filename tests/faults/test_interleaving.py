"""Two processes at one shard: at every single command of the first, the second does all of its work."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from leadcore.store import keys
from leadcore.store.bell import Bell
from tests.conftest import lead, same_shard
from tests.faults.conftest import Scene
from tests.faults.wires import Killed, Wire, interruption

FIRST, SECOND = same_shard("interleave", 2)
WHEN = ("before", "after")
Act = Callable[[Scene], None]


def put(scene: Scene) -> None:
    """A second customer's event arrives and is acknowledged."""
    scene.accept(lead(SECOND, name="Nok Jaidee", phone="0820000000"))


def put_without_ring(scene: Scene) -> None:
    """As `put`, but the web process dies before it rings: its trips are the digest key, the put, the ring."""
    with suppress(Killed):
        scene.web(Wire(3)).accept(lead(SECOND, name="Nok Jaidee", phone="0820000000"))


def put_same_customer(scene: Scene) -> None:
    scene.accept(lead(FIRST, phone="0810000009"))


def sweep_and_work(scene: Scene) -> None:
    """Another worker's maintenance sweeps, and that worker runs the jobs."""
    scene.steady.maintenance.sweep()
    scene.steady.work()


def overtake(scene: Scene) -> None:
    """The worker was frozen until its locks expired; another one does all of its work."""
    for line in (keys.INBOX, keys.OUTBOX):
        scene.redis.delete(keys.lock(line, 0))
        Bell(scene.redis).ring(line, 0)
    scene.steady.work()


def interleave(scene: Scene, act: Act) -> Iterator[Wire]:
    """One worker drains a new customer's event; at one of its moments after the other `act` is called, once."""
    for wire in scene.moments(interruption, lambda: act(scene)):
        scene.clear()
        scene.accept(lead(FIRST, name="Somchai Jaidee", phone="0810000000"))
        scene.worker(wire).work()
        yield wire


@pytest.mark.parametrize("act", [put, put_same_customer, sweep_and_work, overtake])
def test_no_wake_up_is_lost_and_nothing_happens_twice(scene: Scene, subtests: pytest.Subtests, act: Act) -> None:
    """Whatever happens at any moment: the jobs that were rung for do everything, without a sweep."""
    for wire in interleave(scene, act):
        with subtests.test(moment=wire.index):
            scene.assert_done()
            contacts = scene.contacts()
            news = act is put_same_customer and wire.reached
            assert contacts[FIRST]["phone"] == ("+66810000009" if news else "+66810000000")
            assert len(contacts) == 1 + (act is put and wire.reached)
            assert set(scene.messages()) == set(contacts)


def test_a_lead_whose_bell_was_never_rung_waits_for_a_sweep_and_is_not_lost(
    scene: Scene, subtests: pytest.Subtests
) -> None:
    for wire in interleave(scene, put_without_ring):
        with subtests.test(moment=wire.index):
            scene.recover()
            scene.assert_done()
            assert not wire.reached or {FIRST, SECOND} <= scene.contacts().keys()


def test_a_lead_behind_a_bell_without_a_job_waits_for_a_sweep_and_is_not_lost(scene: Scene) -> None:
    scene.redis.set(keys.bell(keys.INBOX, 0), 1, ex=10)
    scene.accept(lead(FIRST, name="Somchai Jaidee"))
    assert scene.worker().work() == 0
    scene.recover(seconds=3)
    scene.assert_done()
    assert list(scene.contacts()) == [FIRST]


def test_a_whole_drain_may_run_at_any_moment_of_a_put(scene: Scene, subtests: pytest.Subtests) -> None:
    for wire in scene.moments(interruption, lambda: sweep_and_work(scene)):
        scene.clear()
        scene.accept(lead(FIRST, name="Somchai Jaidee"))
        scene.web(wire).accept(lead(SECOND, name="Nok Jaidee"))
        scene.worker().work()
        with subtests.test(moment=wire.index):
            scene.assert_done()
            assert scene.contacts().keys() == {FIRST, SECOND}


def test_a_sweep_may_die_at_any_moment(scene: Scene, subtests: pytest.Subtests) -> None:
    """Also between noting that it has swept and the ring."""
    for wire in scene.moments():
        scene.clear()
        scene.accept(lead(FIRST, name="Somchai Jaidee"))
        scene.redis.delete(f"rq:queue:{keys.QUEUE}")
        with suppress(Killed):
            scene.worker(wire).maintenance.sweep()
        with subtests.test(moment=wire.index):
            scene.redis.delete(f"rq:queue:{keys.QUEUE}")
            scene.recover()
            scene.assert_done()
            assert list(scene.contacts()) == [FIRST]
