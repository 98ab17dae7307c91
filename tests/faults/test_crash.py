"""A process dies before or after any single command to Redis: nothing acknowledged is lost, nothing happens twice."""

import itertools
from contextlib import suppress
from typing import Any

import pytest

from leadcore.store import keys
from tests.conftest import lead, same_shard
from tests.faults.conftest import Scene
from tests.faults.wires import Killed, Wire

NEW, KNOWN, LINKED = same_shard("crash", 3)
OWNED = "owner@somebody-elses.co.th"
ADDRESS = {"street_address": "1 Silom Road", "city": "Bangkok", "postal_code": "10500", "country": "Thailand"}
WHEN = ("before", "after")


def set_up(scene: Scene) -> None:
    """Events of a new customer, of a known one (two of them) and of one whose email is another contact's."""
    scene.clear()
    scene.line.crm.create(email=OWNED, firstname="Owner")
    scene.sync(lead(KNOWN, name="Somchai Jaidee", phone="0810000000"))
    scene.accept(
        lead(KNOWN, phone="0810000001"),
        lead(NEW, name="Nok Jaidee", phone="0820000000"),
        lead(KNOWN, phone="0810000002", address=ADDRESS),
        lead(LINKED, name="Guest Person", phone="0830000000", email=OWNED),
    )


@pytest.fixture(scope="module")
def undisturbed(stage: Scene) -> dict[str, Any]:
    """The outcome if no process dies."""
    set_up(stage)
    stage.worker().work()
    return outcome(stage)


def outcome(scene: Scene) -> dict[str, Any]:
    scene.assert_done()
    receipts = scene.receipts()
    return {
        "contacts": scene.contacts(),
        "messages": {customer: set(texts) for customer, texts in scene.messages().items()},
        "states": {customer: receipt.state for customer, receipt in receipts.items()},
    }


def assert_same_outcome(scene: Scene, undisturbed: dict[str, Any], in_flight: int) -> None:
    """Only messages that were in flight may be missing, and their receipts say so."""
    found = outcome(scene)
    cut = [one.customer_id for one in scene.line.receipts() if one.message.startswith("interrupted")]
    assert len(cut) <= in_flight
    missed = {
        customer
        for customer, texts in undisturbed["messages"].items()
        if texts - found["messages"].get(customer, set())
    }
    assert missed <= set(cut)
    assert all(texts <= undisturbed["messages"][customer] for customer, texts in found["messages"].items())
    assert found["contacts"] == undisturbed["contacts"]
    assert found["states"] == undisturbed["states"]


def test_a_put_may_die_at_any_moment(scene: Scene, subtests: pytest.Subtests) -> None:
    for wire in scene.moments():
        scene.clear()
        answered = False
        try:
            scene.web(wire).accept(lead(NEW, name="Nok Jaidee"))
            answered = True
        except Killed:
            pass
        with subtests.test(moment=wire.index):
            written = bool(scene.redis.exists(keys.LEADS))
            scene.recover()
            scene.assert_done()
            assert list(scene.contacts()) == [NEW] * written
            assert written or not answered


def test_a_worker_may_die_at_any_moment(scene: Scene, subtests: pytest.Subtests, undisturbed: dict[str, Any]) -> None:
    for wire in scene.moments():
        set_up(scene)
        scene.worker(wire).die()
        in_flight = scene.sending()
        with subtests.test(moment=wire.index):
            scene.recover()
            assert_same_outcome(scene, undisturbed, in_flight)
    assert wire.count > 20


@pytest.mark.parametrize("when", [*itertools.product(WHEN, WHEN)], ids="-".join)
@pytest.mark.parametrize("second", range(2, 40, 14))
@pytest.mark.parametrize("first", range(6, 40, 11))
def test_a_recovering_worker_may_die_too(
    scene: Scene, undisturbed: dict[str, Any], first: int, second: int, when: tuple[str, str]
) -> None:
    set_up(scene)
    in_flight = 0
    for wire in map(Wire, (first, second), when):
        worker = scene.worker(wire)
        scene.advance(10)
        with suppress(Killed):
            worker.maintenance.sweep()
            worker.work()
        in_flight += scene.sending()
    scene.recover()
    assert_same_outcome(scene, undisturbed, in_flight)
