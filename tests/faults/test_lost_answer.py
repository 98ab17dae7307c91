"""HubSpot wrote a lead but the answer was lost: the retry recognises what was written."""

from collections.abc import Callable
from typing import Any

import pytest

from leadcore.store import keys
from tests.conftest import SHARDS, lead, same_shard
from tests.faults.conftest import Scene
from tests.faults.wires import Killed, Wire

pytestmark = pytest.mark.usefixtures("hurry")
NEW, KNOWN, LINKED = same_shard("lost", 3)
OWNED = "owner@somebody-elses.co.th"
ADDRESS = {"street_address": "1 Silom Road", "city": "Bangkok", "postal_code": "10500", "country": "Thailand"}
STATES = {NEW: "created", KNOWN: "updated", LINKED: "updated"}
# KNOWN got a message before; LINKED was found by its email alone, so it gets none.
MESSAGES = {NEW: 1, KNOWN: 2, LINKED: 0}
EVENTS: dict[str, dict[str, Any]] = {
    NEW: {"name": "Nok Jaidee", "phone": "0820000000"},
    KNOWN: {"address": ADDRESS},
    LINKED: {"name": "Guest Person", "phone": "0830000000", "email": OWNED},
}


def set_up(scene: Scene) -> None:
    scene.line.crm.create(email=OWNED, firstname="Owner")
    scene.sync(lead(KNOWN, name="Somchai Jaidee"))


def assert_recognised(scene: Scene, *customers: str) -> None:
    scene.assert_done()
    receipts, contacts, messages = scene.receipts(), scene.contacts(), scene.messages()
    assert len(scene.line.crm.contacts()) == 2 + (NEW in customers)
    for one in customers:
        assert receipts[one].state == STATES[one]
        assert len(messages.get(one, [])) == MESSAGES[one]
    if NEW in customers:
        assert contacts[NEW]["phone"] == "+66820000000"
    if KNOWN in customers:
        assert contacts[KNOWN]["zip"] == "10500"
    if LINKED in customers:
        assert (contacts[LINKED]["firstname"], contacts[LINKED]["phone"]) == ("Owner", "+66830000000")


def answer_again(scene: Scene) -> None:
    scene.line.crm.control("DELETE", "faults")


# A contact is created by an upsert and changed by an update.
WRITE = "/batch/up"
CUSTOMERS = pytest.mark.parametrize(
    ("customer", "path"),
    [(NEW, WRITE), (KNOWN, WRITE), (LINKED, "/batch/update")],
    ids=["new", "known", "alias"],
)


@CUSTOMERS
@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("fresh", [False, True], ids=["the same worker", "another worker"])
def test_a_write_whose_answer_was_lost_is_recognised(
    scene: Scene, customer: str, path: str, times: int, fresh: bool
) -> None:
    set_up(scene)
    scene.line.crm.fault("lost_answer", path=path)
    worker = scene.worker()
    scene.accept(lead(customer, **EVENTS[customer]))
    worker.work()
    for left in reversed(range(times)):
        assert scene.status().pause
        if not left:
            answer_again(scene)
        retry(scene, scene.worker if fresh else lambda: worker)
    scene.recover()
    assert_recognised(scene, customer)


@CUSTOMERS
def test_a_write_whose_answer_was_lost_is_repeated_at_once_and_recognised(
    scene: Scene, customer: str, path: str
) -> None:
    set_up(scene)
    scene.line.crm.fault("lost_answer", path=path, count=2)
    scene.accept(lead(customer, **EVENTS[customer]))
    scene.worker().work()
    assert_recognised(scene, customer)
    assert scene.line.crm.control("GET", "state")["faults_struck"] == {"lost_answer": 2}


def test_of_a_contact_that_was_there_a_repeat_says_that_it_is_old(scene: Scene) -> None:
    """`new` is unknown after a write that failed, and only then."""
    set_up(scene)
    scene.line.crm.fault("500", path="/batch/read", count=2)
    scene.line.crm.create(dealdroid_customer_id=NEW, lastname="Known Elsewhere")
    scene.accept(lead(NEW, **EVENTS[NEW]))
    scene.worker().work()
    scene.assert_done()
    assert scene.receipts()[NEW].state == "updated"


def retry(scene: Scene, make: Callable[[], Any]) -> None:
    status = scene.status()
    scene.advance((status.pause["until_ms"] - status.now_ms) / 1000 + 3)
    worker = make()
    worker.maintenance.sweep()
    worker.work()


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("fresh", [False, True], ids=["the same worker", "another worker"])
def test_a_deleted_contact_is_written_in_full_again_though_an_answer_was_lost(
    scene: Scene, times: int, fresh: bool
) -> None:
    """The retry decides by what was news to the deleted contact, and must send the new one all the rest too."""
    scene.sync(lead(KNOWN, name="Somchai Jaidee", email="somchai@example.com", address=ADDRESS))
    scene.line.crm.control("DELETE", f"contacts/{scene.line.crm.contacts()[0]['id']}")
    scene.line.crm.fault("lost_answer", path=WRITE)
    worker = scene.worker()
    scene.accept(lead(KNOWN, name="Somchai Rakdee", phone="0820000000", email="somchai@example.com", address=ADDRESS))
    worker.work()
    for left in reversed(range(times)):
        if not left:
            answer_again(scene)
        retry(scene, scene.worker if fresh else lambda: worker)
    scene.recover()
    scene.assert_done()
    [contact] = scene.line.crm.contacts()
    found = contact["properties"]
    assert (found["lastname"], found["phone"]) == ("Rakdee", "+66820000000")
    assert (found["email"], found["zip"], found["firstname"]) == ("somchai@example.com", "10500", "Somchai")


@CUSTOMERS
def test_a_write_whose_row_the_answer_left_out_is_recognised(scene: Scene, customer: str, path: str) -> None:
    set_up(scene)
    scene.line.crm.fault("missing_rows", count=1, path=path)
    scene.accept(lead(customer, **EVENTS[customer]))
    scene.worker().work()
    scene.recover()
    scene.assert_done()
    assert scene.receipts()[customer].state == STATES[customer]
    assert len(scene.line.crm.contacts()) == 2 + (customer == NEW)
    assert len(scene.messages().get(customer, [])) == MESSAGES[customer]


def test_all_rows_of_a_lost_answer_are_recognised(scene: Scene) -> None:
    set_up(scene)
    scene.line.crm.fault("lost_answer", path=WRITE)
    worker = scene.worker()
    scene.accept(*(lead(one, **said) for one, said in EVENTS.items()))
    worker.work()
    answer_again(scene)
    retry(scene, lambda: worker)
    scene.recover()
    assert_recognised(scene, *EVENTS)


@pytest.mark.parametrize("step", range(1, 25, 3))
def test_a_worker_that_dies_while_it_recognises_changes_nothing(scene: Scene, step: int) -> None:
    set_up(scene)
    scene.line.crm.fault("lost_answer", path=WRITE)
    scene.accept(lead(NEW, **EVENTS[NEW]))
    scene.worker().work()
    answer_again(scene)
    dying = Wire()

    def make() -> Any:
        worker = scene.worker(dying)
        dying.step = step
        return worker

    try:
        retry(scene, make)
    except Killed:
        assert dying.reached
    scene.recover()
    scene.assert_done()
    assert scene.receipts()[NEW].state == "created"
    assert len(scene.line.crm.contacts()) == 3


def test_news_since_a_lost_creation_is_written_as_an_update(scene: Scene) -> None:
    """The lost write created the contact, without the customer's next event."""
    scene.line.crm.fault("lost_answer", path=WRITE)
    worker = scene.worker()
    scene.accept(lead(NEW, name="Nok Jaidee", phone="0820000000"))
    worker.work()
    answer_again(scene)
    scene.accept(lead(NEW, phone="0820000001"))
    retry(scene, lambda: worker)
    scene.recover(3)
    scene.assert_done()
    assert scene.contacts()[NEW]["phone"] == "+66820000001"
    assert len(scene.line.crm.contacts()) == len(scene.messages()[NEW]) == 1


@pytest.mark.parametrize("customer", [NEW, KNOWN])
@pytest.mark.parametrize("kind", ["missing_rows", "lost_answer"])
def test_an_address_that_overtakes_one_whose_answer_was_lost_leaves_no_part_of_it_behind(
    scene: Scene, customer: str, kind: str
) -> None:
    """The first is delayed, as if HubSpot did not take it, and comes back when the second is written."""
    set_up(scene)
    scene.accept(lead(customer, name="Nok Jaidee", address={**ADDRESS, "state": "Bangkok", "subdistrict": "Silom"}))
    scene.line.crm.fault(kind, path=WRITE)
    worker = scene.worker()
    worker.work()
    retry(scene, lambda: worker)
    answer_again(scene)
    assert sum(scene.redis.zcard(keys.later(keys.INBOX, shard)) for shard in range(SHARDS)) == 1
    assert scene.contacts()[customer]["state"]
    elsewhere = {"street_address": "221 Baker Street", "city": "London", "postal_code": "NW1 6XE", "country": "UK"}
    scene.accept(lead(customer, address=elsewhere))
    worker.work()
    scene.recover()
    scene.assert_done()
    found = scene.contacts()[customer]
    assert (found["city"], found["zip"]) == ("London", "NW1 6XE")
    assert not found.get("state")
    assert not found.get("dealdroid_subdistrict")
