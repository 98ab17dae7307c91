"""A portal with unique properties of its own: a value that another contact has costs the lead that value alone."""

import json
from typing import Any

import pytest
import requests

from leadcore.config import Config
from leadcore.reasons import reason
from leadcore.store import keys
from tests.conftest import SHARDS, lead, same_shard
from tests.faults.conftest import Scene, Worker
from tests.faults.interception import intercepting_worker

OWNER, OTHER = same_shard("taken", 2)
EMAIL = {OWNER: "owner@siam-shop.co.th", OTHER: "other@siam-shop.co.th"}
MEMBER = "member_no"
CONFIGS = {
    "in place of ours": (Config(mapping={"phone": MEMBER}), "phone", "+66820000000"),
    "of the shop's own": (Config(properties={"contact_info.member": MEMBER}), MEMBER, "M-77"),
}


def somebody(customer_id: str, *, email: bool) -> dict[str, Any]:
    event = lead(customer_id, name="Nok Jaidee", **({"email": EMAIL[customer_id]} if email else {}))
    event["contact_info"] |= {"phone": "0820000000", "member": "M-77"}
    return event


def make_unique(scene: Scene, name: str) -> None:
    definition = {"name": name, "label": name, "type": "string", "fieldType": "text", "groupName": "dealdroid"}
    url, headers = f"{scene.line.crm.url}/crm/v3/properties/contacts", {"Authorization": "Bearer pat-test"}
    made = requests.post(url, json={**definition, "hasUniqueValue": True}, headers=headers, timeout=5)
    assert made.status_code == 201


def work_until_done(scene: Scene, worker: Worker) -> None:
    worker.work()
    while scene.redis.zcard(keys.later(keys.INBOX, keys.shard_of(OTHER, SHARDS))):
        scene.advance(600)
        worker.maintenance.sweep()
        worker.work()


@pytest.mark.parametrize("told", ["existing_id", "no_id", "already_exists", "code", "coordinates"])
@pytest.mark.parametrize("email", [False, True], ids=["without an email", "with an email of their own"])
@pytest.mark.parametrize("which", CONFIGS)
def test_a_lead_is_written_without_a_unique_value_that_another_contact_has(
    scene: Scene, told: str, email: bool, which: str
) -> None:
    make_unique(scene, MEMBER)
    scene.line.crm.settings(conflict=told)
    scene.config, name, value = CONFIGS[which]
    for customer in (OWNER, OTHER):
        scene.accept(somebody(customer, email=email))
        work_until_done(scene, scene.worker())
    receipt, contacts = scene.receipts()[OTHER], scene.contacts()
    assert receipt.state == "created"
    assert (name, "dropped", reason("value_taken")) in [(note.property, note.what, note.why) for note in receipt.notes]
    assert contacts[OWNER][MEMBER] == value
    assert MEMBER not in contacts[OTHER]
    assert value in contacts[OTHER]["dealdroid_unsaved"]
    if email:
        assert {one: contacts[one]["email"] for one in contacts} == EMAIL


def test_an_email_whose_contact_is_not_to_be_found_does_not_park_the_lead(scene: Scene) -> None:
    """HubSpot goes on naming a contact that it says does not exist."""

    def refuse(body: dict[str, Any]) -> str:
        taken = any(row["properties"].get("email") for row in body["inputs"])
        return "409 Contact already exists. Existing ID: 999999" if taken else ""

    with intercepting_worker(scene, refuse) as worker:
        scene.accept(lead(OTHER, name="Nok Jaidee", email=EMAIL[OTHER]))
        work_until_done(scene, worker)
    receipt, contact = scene.receipts()[OTHER], scene.contacts()
    assert (receipt.state, EMAIL[OTHER] in contact[OTHER]["dealdroid_unsaved"]) == ("created", True)


def test_a_unique_value_is_written_where_hubspot_says_that_it_is_the_email_that_is_taken(scene: Scene) -> None:
    make_unique(scene, MEMBER)
    scene.config, _, value = CONFIGS["of the shop's own"]

    def refuse(body: dict[str, Any]) -> str:
        taken = any(row["properties"].get("email") for row in body["inputs"])
        return "409 Contact already exists. Existing ID: 999999, propertyName=email" if taken else ""

    with intercepting_worker(scene, refuse) as worker:
        scene.accept(somebody(OTHER, email=True))
        work_until_done(scene, worker)
    contact = scene.contacts()[OTHER]
    assert (contact.get(MEMBER), contact.get("email")) == (value, None)
    assert EMAIL[OTHER] in contact["dealdroid_unsaved"]


@pytest.mark.parametrize("quoted", ["Existing ID: {}", "on A. {} already has that value", "the shop already exists"])
def test_words_of_a_customer_that_hubspot_quotes_lead_to_nobodys_contact(scene: Scene, quoted: str) -> None:
    victim = scene.line.crm.create(email=EMAIL[OWNER])
    street = f"1/2 {quoted.format(victim)}"

    def refuse(body: dict[str, Any]) -> str:
        streets = filter(None, (row["properties"].get("address") for row in body["inputs"]))
        told = [{"message": f'"{one}" is too long.', "error": "MAX_LENGTH", "name": "address"} for one in streets]
        return f"Property values were not valid: {json.dumps(told)}" if told else ""

    with intercepting_worker(scene, refuse) as worker:
        event = lead(OTHER, name="Nok Jaidee", email=EMAIL[OTHER])
        event["contact_info"]["address"] = street
        scene.accept(event)
        work_until_done(scene, worker)
    receipt, contact = scene.receipts()[OTHER], scene.contacts()[OTHER]
    assert (receipt.state, contact["email"], "address" in contact) == ("created", EMAIL[OTHER], False)
    assert receipt.contact_id != victim


@pytest.mark.parametrize("told", ["existing_id", "no_id", "already_exists", "code", "coordinates"])
@pytest.mark.parametrize("whose", [OWNER, OTHER])
def test_a_known_customer_keeps_the_one_of_two_unique_values_that_is_free(scene: Scene, told: str, whose: str) -> None:
    """`whose`: the email that they say; the member's number is always the owner's."""
    make_unique(scene, MEMBER)
    scene.line.crm.settings(conflict=told)
    scene.config, _, value = CONFIGS["of the shop's own"]
    worker = scene.worker()
    scene.accept(somebody(OWNER, email=True), lead(OTHER, name="Nok Jaidee"))
    work_until_done(scene, worker)
    event = somebody(OTHER, email=False)
    event["contact_info"]["email"] = EMAIL[whose]
    scene.accept(event)
    work_until_done(scene, worker)
    contact = scene.contacts()[OTHER]
    assert (contact.get("email"), contact.get(MEMBER)) == ((EMAIL[OTHER] if whose == OTHER else None), None)
    assert value in contact["dealdroid_unsaved"]
    assert scene.receipts()[OTHER].state == "updated"
