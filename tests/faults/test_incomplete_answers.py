"""What HubSpot leaves unsaid is no proof: a contact counts as gone only where HubSpot says so, and else it is asked."""

from typing import Any

import pytest

from tests.conftest import lead, same_shard
from tests.faults.conftest import Scene

GUEST, OTHER = same_shard("unsaid", 2)
OWN = {"email": "owner@somebody-elses.co.th", "firstname": "Owner", "phone": "+66899999999"}
SILENT: list[dict[str, Any]] = [
    {"kind": "empty_results", "path": "/batch/read"},
    {"kind": "missing_rows", "path": "/batch/read"},
    {"kind": "404", "path": "/batch/update"},
]


def become_guest(scene: Scene) -> None:
    scene.line.crm.create(**OWN)
    scene.sync(lead(GUEST, name="Chatty Guest", email=OWN["email"]))
    assert_untouched(scene)


def assert_untouched(scene: Scene) -> None:
    [contact] = scene.line.crm.contacts()
    assert {name: contact["properties"][name] for name in OWN} == OWN
    assert "hs_lead_status" not in contact["properties"]


@pytest.mark.parametrize("silent", SILENT, ids=lambda silent: "+".join(silent.values()))
def test_somebody_elses_contact_of_which_an_answer_is_silent_is_not_overwritten(
    scene: Scene, silent: dict[str, Any]
) -> None:
    become_guest(scene)
    scene.line.crm.fault(**silent)
    scene.accept(lead(GUEST, name="Somchai Other", phone="0831111111"), lead(OTHER, name="Somebody Else"))
    scene.worker().work()
    assert scene.contacts()[OTHER]["firstname"] == "Somebody"
    scene.line.crm.control("DELETE", "faults")
    scene.recover()
    scene.assert_done()
    assert {one["properties"].get("firstname") for one in scene.line.crm.contacts()} == {"Owner", "Somebody"}
    contact = scene.contacts()[GUEST]
    assert {name: contact[name] for name in OWN} == OWN
    assert (contact["mobilephone"], "hs_lead_status" in contact) == ("+66831111111", False)


def test_silence_about_contacts_that_are_gone_holds_nobody_up(scene: Scene) -> None:
    become_guest(scene)
    [contact] = scene.line.crm.contacts()
    scene.line.crm.control("DELETE", f"contacts/{contact['id']}")
    scene.line.crm.fault("empty_results", path="/batch/read")
    scene.sync(lead(GUEST, name="Somchai Other", phone="0831111111"))
    scene.assert_done()
    contact = scene.contacts()[GUEST]
    assert (contact["firstname"], contact["phone"]) == ("Somchai", "+66831111111")
    assert scene.receipts()[GUEST].state == "created"


def test_a_read_that_finds_none_of_its_contacts_holds_nobody_up(scene: Scene) -> None:
    """After a loss of Redis nobody is known, and HubSpot may answer a read of unknown ids with 404."""
    scene.line.crm.create(firstname="Somebody", dealdroid_customer_id="from before")
    scene.line.crm.settings(search_lag=0)
    scene.redis.flushdb()
    scene.line.crm.fault("404", path="/batch/read")
    scene.sync(lead(GUEST, name="Nok Jaidee"), lead(OTHER, name="Somebody Else"))
    assert {one.state for one in scene.receipts().values()} == {"created"}
    assert scene.status().pause == {}


def test_a_first_write_whose_answer_was_lost_is_recognised_though_a_read_is_silent(scene: Scene) -> None:
    scene.line.crm.fault("lost_answer", path="/batch/upsert", count=1)
    scene.accept(lead(GUEST, phone="0831111111"))
    scene.worker().work()
    [contact] = scene.line.crm.contacts()
    edited = {"lastname": "Salesedit", "hs_lead_status": "CONNECTED"}
    scene.line.crm.control("PATCH", f"contacts/{contact['id']}", {"properties": edited})
    scene.line.crm.fault("empty_results", path="/batch/read")
    scene.recover(30)
    scene.assert_done()
    assert edited.items() <= scene.contacts()[GUEST].items()


def test_a_contact_of_which_hubspot_says_nothing_at_all_is_waited_for(scene: Scene) -> None:
    become_guest(scene)
    scene.line.crm.fault("empty_results", path="/batch/read")
    scene.line.crm.fault("garbled", method="GET", path="/objects/contacts/")
    scene.accept(lead(GUEST, name="Somchai Other", phone="0831111111"))
    scene.worker().work()
    assert_untouched(scene)
    assert (scene.receipts()[GUEST].state, scene.receipts()[GUEST].tries) == ("waiting", 0)


def test_no_email_stands_in_a_url(scene: Scene) -> None:
    """Where logs, ours and others', would have it."""
    scene.line.crm.create(**OWN)
    scene.line.crm.settings(conflict="no_id")
    scene.line.crm.fault("empty_results", path="/batch/read", count=1)
    scene.accept(lead(GUEST, name="Chatty Guest", email=OWN["email"]))
    scene.worker().work()
    assert scene.receipts()[GUEST].state == "waiting"
    assert scene.line.crm.calls("GET /crm/v3/objects/contacts/<value>") == 0
