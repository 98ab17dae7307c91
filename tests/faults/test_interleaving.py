"""Two processes at one shard, step by step: at every command of the one, the other does all that it has to do."""

import itertools
from collections.abc import Callable
from contextlib import suppress

import pytest

from leadcore.store import keys
from leadcore.store.bell import Bell
from tests.conftest import lead, same_shard
from tests.faults.conftest import Killed, Scene, Wire

FIRST, SECOND = same_shard("meet", 2)
WHEN = ("before", "after")
Act = Callable[[Scene], None]


def put(scene: Scene) -> None:
    """A second customer's event arrives and is acknowledged."""
    scene.accept(lead(SECOND, name="Nok Jaidee", phone="0820000000"))


def put_without_ring(scene: Scene) -> None:
    """As `put`, but the web process dies before it rings: it learns the key of the digests, it puts, it would ring."""
    with suppress(Killed):
        scene.web(Wire(3)).accept(lead(SECOND, name="Nok Jaidee", phone="0820000000"))


def put_same_customer(scene: Scene) -> None:
    scene.accept(lead(FIRST, phone="0810000009"))


def look(scene: Scene) -> None:
    """Another worker's keeper sweeps, and that worker takes what was rung for."""
    scene.steady.keeper.sweep()
    scene.steady.work()


def overtake(scene: Scene) -> None:
    """The worker was frozen until its locks were gone; another one does all of its work."""
    for line in (keys.INBOX, keys.OUTBOX):
        scene.redis.delete(keys.lock(line, 0))
        Bell(scene.redis).ring(line, 0)
    scene.steady.work()


def meet(scene: Scene, act: Act, step: int, when: str) -> Wire:
    """One worker drains a new customer's event, and at its `step`-th command `act` happens, once."""
    scene.clear()
    scene.accept(lead(FIRST, name="Somchai Jaidee", phone="0810000000"))
    wire = Wire(step, when, lambda: act(scene))
    scene.worker(wire).work()
    return wire


@pytest.mark.parametrize("when", WHEN)
@pytest.mark.parametrize("act", [put, put_same_customer, look, overtake])
def test_no_wake_up_is_lost_and_nothing_happens_twice(
    scene: Scene, subtests: pytest.Subtests, act: Act, when: str
) -> None:
    """Whatever happens at whichever command: all is done by those who were rung for, no sweep is needed."""
    for step in itertools.count(1):
        wire = meet(scene, act, step, when)
        with subtests.test(step=step):
            scene.assert_done()
            contacts = scene.contacts()
            news = act is put_same_customer and wire.reached
            assert contacts[FIRST]["phone"] == ("+66810000009" if news else "+66810000000")
            assert len(contacts) == 1 + (act is put and wire.reached)
            assert set(scene.told()) == set(contacts)
        if not wire.reached:
            return


@pytest.mark.parametrize("when", WHEN)
def test_a_bell_that_nobody_rang_costs_a_sweep_and_no_lead(scene: Scene, subtests: pytest.Subtests, when: str) -> None:
    for step in itertools.count(1):
        wire = meet(scene, put_without_ring, step, when)
        with subtests.test(step=step):
            scene.recover()
            scene.assert_done()
            assert not wire.reached or {FIRST, SECOND} <= scene.contacts().keys()
        if not wire.reached:
            return


def test_a_bell_that_stands_without_a_job_costs_a_sweep_and_no_lead(scene: Scene) -> None:
    scene.redis.set(keys.bell(keys.INBOX, 0), 1, ex=10)
    scene.accept(lead(FIRST, name="Somchai Jaidee"))
    assert scene.worker().work() == 0
    scene.recover(seconds=3)
    scene.assert_done()
    assert list(scene.contacts()) == [FIRST]


@pytest.mark.parametrize("when", WHEN)
def test_a_put_may_meet_a_whole_drain_at_any_of_its_commands(
    scene: Scene, subtests: pytest.Subtests, when: str
) -> None:
    for step in itertools.count(1):
        scene.clear()
        scene.accept(lead(FIRST, name="Somchai Jaidee"))
        wire = Wire(step, when, lambda: look(scene))
        scene.web(wire).accept(lead(SECOND, name="Nok Jaidee"))
        scene.worker().work()
        with subtests.test(step=step):
            scene.assert_done()
            assert scene.contacts().keys() == {FIRST, SECOND}
        if not wire.reached:
            return


@pytest.mark.parametrize("when", WHEN)
def test_a_sweep_may_die_at_any_command(scene: Scene, subtests: pytest.Subtests, when: str) -> None:
    """Also between the mark that it has swept and the ring."""
    for step in itertools.count(1):
        scene.clear()
        scene.accept(lead(FIRST, name="Somchai Jaidee"))
        scene.redis.delete(f"rq:queue:{keys.QUEUE}")
        wire = Wire(step, when)
        with suppress(Killed):
            scene.worker(wire).keeper.sweep()
        with subtests.test(step=step):
            scene.redis.delete(f"rq:queue:{keys.QUEUE}")
            scene.recover()
            scene.assert_done()
            assert list(scene.contacts()) == [FIRST]
        if not wire.reached:
            return
