"""A lead parked last week and retried today fills only properties that no newer event has set."""

import json
from typing import Any

import pytest

from leadcore.config import Config, Inbox
from leadcore.store import keys
from leadcore.store.parked import Parked
from leadcore.store.streams import pack_fields
from tests.conftest import SHARDS, lead, same_shard
from tests.faults.conftest import Scene

CUSTOMER = same_shard("retry", 1)[0]
WEEK_MS = 7 * 86_400_000
OLD_ADDRESS = {"street_address": "1 Silom Road", "city": "Bangkok", "postal_code": "10500", "country": "Thailand"}
NEW_ADDRESS = {"street_address": "22 Beach Road", "district": "Kathu", "city": "Phuket", "postal_code": "83120"}
OLD: dict[str, Any] = {
    "name": "Somchai Jaidee",
    "phone": "0810000000",
    "email": "somchai@jaidee.co.th",
    "address": OLD_ADDRESS,
    "language": "th",
}


def park(scene: Scene, **said: Any) -> str:
    """Park an event of last week; returns its lead."""
    scene.config = Config(inbox=Inbox(tries=1))
    scene.line.crm.fault("row_locked", ids=[CUSTOMER])
    scene.accept(lead(CUSTOMER, "Last week", **said))
    scene.worker().work()
    scene.line.crm.control("DELETE", "faults")
    scene.config = Config()
    [receipt] = scene.line.receipts(CUSTOMER)
    assert receipt.state == "parked"
    fields = read_parked(scene, receipt.lead)
    said_at, _, sequence = fields[b"v"].partition(b"-")
    fields[b"v"] = b"%d-%d" % (int(said_at) - WEEK_MS, int(sequence))
    scene.redis.set(keys.parked(receipt.lead), pack_fields(fields), keepttl=True)
    return receipt.lead


def read_parked(scene: Scene, parked: str) -> dict[bytes, bytes]:
    parts = scene.redis.get(keys.parked(parked)).split(b"\x1f")[:-1]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def retry(scene: Scene, parked: str) -> None:
    assert Parked(scene.redis, scene.config.inbox).retry(parked, "test") == ""


def contact_of(scene: Scene) -> dict[str, str]:
    return scene.contacts()[CUSTOMER]


@pytest.mark.parametrize("fresh", [False, True], ids=["the same worker", "a fresh one"])
@pytest.mark.parametrize(
    ("since", "filled"),
    [
        ({"name": "Somsak Newname"}, {"phone": "+66810000000", "email": "somchai@jaidee.co.th", "zip": "10500"}),
        ({"phone": "0820000000"}, {"firstname": "Somchai", "lastname": "Jaidee", "zip": "10500"}),
        ({"email": "new@jaidee.co.th"}, {"firstname": "Somchai", "phone": "+66810000000", "zip": "10500"}),
        (
            {"name": "Somsak Newname", "address": NEW_ADDRESS},
            {"phone": "+66810000000", "email": "somchai@jaidee.co.th"},
        ),
        ({**OLD, "name": "Somsak Newname", "phone": "0820000000", "address": NEW_ADDRESS, "language": "en"}, {}),
    ],
    ids=["a name", "a phone", "an email", "another address", "everything"],
)
def test_a_retry_fills_only_what_no_newer_event_has_said(
    scene: Scene, since: dict[str, Any], filled: dict[str, str], fresh: bool
) -> None:
    parked = park(scene, **OLD)
    scene.accept(lead(CUSTOMER, "Today", **since))
    worker = scene.worker()
    worker.work()
    before, messages = contact_of(scene), scene.messages()
    retry(scene, parked)
    (scene.worker() if fresh else worker).sync.drain(keys.shard_of(CUSTOMER, SHARDS))
    after = contact_of(scene)
    # A placeholder last name was not said by the customer, so it may be replaced.
    kept = {name: value for name, value in before.items() if name not in filled}
    assert {name: after[name] for name in kept} == kept, "no newer value was touched"
    assert {name: after[name] for name in filled} == filled
    assert after["dealdroid_last_intent"] == "Today"
    assert scene.messages() == messages, "no message is sent for it"
    receipt = next(one for one in scene.line.receipts() if one.lead == parked)
    assert receipt.state == ("updated" if set(after) - set(kept) else "unchanged")
    assert set(receipt.fields) == set(after) - set(kept)
    assert receipt.message.startswith("silent")
    scene.assert_done()


def test_what_a_salesperson_took_over_from_a_parked_lead_stays_when_it_is_retried(scene: Scene) -> None:
    parked = park(scene, **OLD)
    scene.sync(lead(CUSTOMER, "Today", **{**OLD, "phone": "0820000000"}))
    [contact] = scene.line.crm.contacts()
    scene.line.crm.control("PATCH", f"contacts/{contact['id']}", {"properties": {"phone": "+66810000000"}})
    retry(scene, parked)
    scene.recover()
    assert contact_of(scene)["phone"] == "+66810000000"


def test_what_a_salesperson_took_over_from_a_lead_that_was_put_off_stays(scene: Scene) -> None:
    scene.line.crm.fault("row_locked", ids=[CUSTOMER])
    scene.accept(lead(CUSTOMER, "First", **OLD))
    scene.worker().work()
    scene.line.crm.control("DELETE", "faults")
    scene.accept(lead(CUSTOMER, "Then", **{**OLD, "phone": "0820000000"}))
    scene.worker().work()
    assert [receipt.state for receipt in scene.line.receipts(CUSTOMER)] == ["waiting", "created"]
    [contact] = scene.line.crm.contacts()
    scene.line.crm.control("PATCH", f"contacts/{contact['id']}", {"properties": {"phone": "+66810000000"}})
    scene.recover()
    scene.assert_done()
    assert contact_of(scene)["phone"] == "+66810000000"


def test_an_address_is_not_mixed_from_two(scene: Scene) -> None:
    parked = park(scene, **{**OLD, "address": {**OLD_ADDRESS, "village_or_project": "Silom Suites"}})
    scene.sync(lead(CUSTOMER, name="Somsak Newname", address=NEW_ADDRESS))
    retry(scene, parked)
    scene.recover()
    found = contact_of(scene)
    assert (found["zip"], found.get("dealdroid_village")) == ("83120", None)
    assert "Silom" not in json.dumps(found)


def test_a_salespersons_later_edit_is_not_overwritten(scene: Scene) -> None:
    """The retried event is older than the salesperson's edit, and today's event does not repeat its phone."""
    scene.sync(lead(CUSTOMER, **OLD))
    scene.accept(lead(CUSTOMER, phone="0820000000"))
    scene.worker().work()
    scene.line.crm.control(
        "PATCH", f"contacts/{scene.line.crm.contacts()[0]['id']}", {"properties": {"phone": "02 111"}}
    )
    [first, _] = scene.line.receipts(CUSTOMER)
    body = json.dumps(lead(CUSTOMER, **OLD)).encode()
    scene.redis.xadd(
        keys.entries(keys.INBOX, keys.shard_of(CUSTOMER, SHARDS)),
        {"e": first.lead, "b": body, "v": str((first.received_ms or 0) - WEEK_MS), "k": "retry"},
    )
    scene.recover()
    assert contact_of(scene)["phone"] == "02 111"
    scene.assert_done()


def test_a_retry_for_an_unknown_customer_creates_the_contact(scene: Scene) -> None:
    parked = park(scene, **OLD)
    retry(scene, parked)
    scene.recover()
    scene.assert_done()
    assert contact_of(scene)["phone"] == "+66810000000"
    assert scene.messages() == {}
    assert scene.line.receipts(CUSTOMER)[0].state == "created"
