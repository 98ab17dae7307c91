"""A process dies before or after any single command to Redis: nothing acknowledged is lost, nothing happens twice."""

import itertools
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from leadcore.store import keys
from tests.conftest import lead, same_shard
from tests.faults.conftest import Killed, Scene, Wire

NEW, KNOWN, GUEST = same_shard("crash", 3)
OWNED = "owner@somebody-elses.co.th"
HOME = {"street_address": "1 Silom Road", "city": "Bangkok", "postal_code": "10500", "country": "Thailand"}
WHEN = ("before", "after")


def begin(scene: Scene) -> None:
    """Events of a new customer, of a known one (two of them) and of one whose email is another contact's."""
    scene.clear()
    scene.line.crm.create(email=OWNED, firstname="Owner")
    scene.sync(lead(KNOWN, name="Somchai Jaidee", phone="0810000000"))
    scene.accept(
        lead(KNOWN, phone="0810000001"),
        lead(NEW, name="Nok Jaidee", phone="0820000000"),
        lead(KNOWN, phone="0810000002", address=HOME),
        lead(GUEST, name="Guest Person", phone="0830000000", email=OWNED),
    )


@pytest.fixture(scope="module")
def harmless(stage: Scene) -> dict[str, Any]:
    """What it comes to if nobody dies."""
    begin(stage)
    stage.worker().work()
    return outcome(stage)


def outcome(scene: Scene) -> dict[str, Any]:
    scene.assert_done()
    receipts = scene.receipts()
    return {
        "contacts": scene.contacts(),
        "told": {customer: set(texts) for customer, texts in scene.told().items()},
        "states": {customer: receipt.state for customer, receipt in receipts.items()},
    }


def assert_same(scene: Scene, harmless: dict[str, Any], in_flight: int) -> None:
    """Untold are at most those whose message was in flight, and their receipts say so."""
    found = outcome(scene)
    cut = [one.customer_id for one in scene.line.receipts() if one.message.startswith("interrupted")]
    assert len(cut) <= in_flight
    untold = {customer for customer, texts in harmless["told"].items() if texts - found["told"].get(customer, set())}
    assert untold <= set(cut)
    assert all(texts <= harmless["told"][customer] for customer, texts in found["told"].items())
    assert found["contacts"] == harmless["contacts"]
    assert found["states"] == harmless["states"]


def steps() -> Iterator[int]:
    return itertools.count(1)


@pytest.mark.parametrize("when", WHEN)
def test_the_put_may_die_at_any_command(scene: Scene, subtests: pytest.Subtests, when: str) -> None:
    for step in steps():
        scene.clear()
        wire = Wire(step, when)
        answered = False
        try:
            scene.web(wire).accept(lead(NEW, name="Nok Jaidee"))
            answered = True
        except Killed:
            pass
        with subtests.test(step=step):
            written = bool(scene.redis.exists(keys.LEADS))
            scene.recover()
            scene.assert_done()
            assert list(scene.contacts()) == [NEW] * written
            assert written or not answered
        if not wire.reached:
            return


@pytest.mark.parametrize("when", WHEN)
def test_the_worker_may_die_at_any_command(
    scene: Scene, subtests: pytest.Subtests, harmless: dict[str, Any], when: str
) -> None:
    for step in steps():
        begin(scene)
        worker = scene.worker(Wire(step, when))
        died = worker.die()
        in_flight = scene.sending()
        with subtests.test(step=step):
            scene.recover()
            assert_same(scene, harmless, in_flight)
        if not died:
            assert worker.wire.count > 20
            return


@pytest.mark.parametrize("when", [*itertools.product(WHEN, WHEN)], ids="-".join)
@pytest.mark.parametrize("second", range(2, 40, 14))
@pytest.mark.parametrize("first", range(6, 40, 11))
def test_the_worker_that_recovers_may_die_too(
    scene: Scene, harmless: dict[str, Any], first: int, second: int, when: tuple[str, str]
) -> None:
    begin(scene)
    in_flight = 0
    for wire in map(Wire, (first, second), when):
        worker = scene.worker(wire)
        scene.wait(10)
        with suppress(Killed):
            worker.keeper.sweep()
            worker.work()
        in_flight += scene.sending()
    scene.recover()
    assert_same(scene, harmless, in_flight)
