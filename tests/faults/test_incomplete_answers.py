"""A contact that an answer leaves out is not gone: it counts as gone only if HubSpot says so; else we ask again."""

from typing import Any

import pytest

from tests.conftest import lead, same_shard
from tests.faults.conftest import Scene
from tests.faults.interception import intercepting_worker

pytestmark = pytest.mark.usefixtures("each_version", "hurry")
LINKED, OTHER = same_shard("unsaid", 2)
OWN = {"email": "owner@somebody-elses.co.th", "firstname": "Owner", "phone": "+66899999999"}
INCOMPLETE: list[dict[str, Any]] = [
    {"kind": "empty_results", "path": "/batch/read"},
    {"kind": "missing_rows", "path": "/batch/read"},
    {"kind": "404", "path": "/batch/update"},
]


def link_customer(scene: Scene) -> None:
    scene.line.crm.create(**OWN)
    scene.sync(lead(LINKED, name="Chatty Guest", email=OWN["email"]))
    assert_untouched(scene)


def assert_untouched(scene: Scene) -> None:
    [contact] = scene.line.crm.contacts()
    assert {name: contact["properties"][name] for name in OWN} == OWN
    assert "hs_lead_status" not in contact["properties"]


@pytest.mark.parametrize("fault", INCOMPLETE, ids=lambda fault: "+".join(fault.values()))
def test_somebody_elses_contact_is_not_overwritten_if_an_answer_leaves_it_out(
    scene: Scene, fault: dict[str, Any]
) -> None:
    link_customer(scene)
    scene.line.crm.fault(**fault)
    scene.accept(lead(LINKED, name="Somchai Other", phone="0831111111"), lead(OTHER, name="Somebody Else"))
    scene.worker().work()
    assert scene.contacts()[OTHER]["firstname"] == "Somebody"
    scene.line.crm.control("DELETE", "faults")
    scene.recover()
    scene.assert_done()
    assert {one["properties"].get("firstname") for one in scene.line.crm.contacts()} == {"Owner", "Somebody"}
    contact = scene.contacts()[LINKED]
    assert {name: contact[name] for name in OWN} == OWN
    assert (contact["mobilephone"], "hs_lead_status" in contact) == ("+66831111111", False)


def test_an_empty_answer_about_deleted_contacts_delays_no_lead(scene: Scene) -> None:
    link_customer(scene)
    [contact] = scene.line.crm.contacts()
    scene.line.crm.control("DELETE", f"contacts/{contact['id']}")
    scene.line.crm.fault("empty_results", path="/batch/read")
    scene.sync(lead(LINKED, name="Somchai Other", phone="0831111111"))
    scene.assert_done()
    contact = scene.contacts()[LINKED]
    assert (contact["firstname"], contact["phone"]) == ("Somchai", "+66831111111")
    assert scene.receipts()[LINKED].state == "created"


def test_a_404_for_a_read_of_unknown_ids_delays_no_lead(scene: Scene) -> None:
    """After Redis was emptied no customer is known, and HubSpot may answer a read of unknown ids with 404."""
    scene.line.crm.create(firstname="Somebody", dealdroid_customer_id="from before")
    scene.line.crm.settings(search_lag=0)
    scene.redis.flushdb()
    scene.line.crm.fault("404", path="/batch/read")
    scene.sync(lead(LINKED, name="Nok Jaidee"), lead(OTHER, name="Somebody Else"))
    assert {one.state for one in scene.receipts().values()} == {"created"}
    assert scene.status().pause == {}


def test_a_404_that_does_not_name_the_deleted_contact_is_not_about_all_that_were_read(scene: Scene) -> None:
    """Every field of an error is optional, also the ids of "Could not get some CONTACT objects"."""
    emails = {LINKED: OWN["email"], OTHER: "other@somebody-elses.co.th"}
    ids = {one: scene.line.crm.create(email=emails[one], dealdroid_customer_id=f"owner of {one}") for one in emails}
    scene.accept(*(lead(guest, name="Chatty Guest", email=email) for guest, email in emails.items()))
    scene.recover()
    scene.line.crm.control("DELETE", f"contacts/{ids[OTHER]}")

    def refuse(body: dict[str, Any]) -> str:
        several = len(body["inputs"]) > 1 and {"id": ids[OTHER]} in body["inputs"]
        return "404 Could not get some CONTACT objects" if several else ""

    with intercepting_worker(scene, refuse, "/batch/read") as worker:
        scene.accept(lead(LINKED, phone="0831111111"), lead(OTHER, phone="0832222222"))
        worker.work()
    scene.recover()
    scene.assert_done()
    receipts = scene.receipts()
    assert (receipts[LINKED].contact_id, receipts[LINKED].state) == (ids[LINKED], "updated")
    assert receipts[OTHER].state == "created"
    assert len(scene.line.crm.contacts()) == 2


def test_a_first_write_whose_answer_was_lost_is_recognised_though_a_read_is_empty(scene: Scene) -> None:
    scene.line.crm.fault("lost_answer", path="/batch/upsert", count=1)
    scene.accept(lead(LINKED, phone="0831111111"))
    scene.worker().work()
    [contact] = scene.line.crm.contacts()
    edited = {"lastname": "Salesedit", "hs_lead_status": "CONNECTED"}
    scene.line.crm.control("PATCH", f"contacts/{contact['id']}", {"properties": edited})
    scene.line.crm.fault("empty_results", path="/batch/read")
    scene.recover(30)
    scene.assert_done()
    assert edited.items() <= scene.contacts()[LINKED].items()


def test_a_lead_waits_while_hubspot_says_nothing_about_its_contact(scene: Scene) -> None:
    link_customer(scene)
    scene.line.crm.fault("empty_results", path="/batch/read")
    scene.line.crm.fault("garbled", method="GET", path="/contacts/")
    scene.accept(lead(LINKED, name="Somchai Other", phone="0831111111"))
    scene.worker().work()
    assert_untouched(scene)
    assert (scene.receipts()[LINKED].state, scene.receipts()[LINKED].tries) == ("waiting", 0)


def test_no_url_contains_an_email(scene: Scene) -> None:
    """Logs, ours and others', contain URLs."""
    scene.line.crm.create(**OWN)
    scene.line.crm.settings(conflict="no_id")
    scene.line.crm.fault("empty_results", path="/batch/read", count=1)
    scene.accept(lead(LINKED, name="Chatty Guest", email=OWN["email"]))
    scene.worker().work()
    assert scene.receipts()[LINKED].state == "waiting"
    assert scene.line.crm.calls("/contacts/<value>") == 0
