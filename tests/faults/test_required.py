"""A portal whose admin requires properties: no lead is lost, and none is sent in vain again and again."""

import json
from dataclasses import replace
from math import ceil, log2
from typing import Any

import pytest
import requests

from leadcore.config import Config, Crm
from leadcore.reasons import reason
from leadcore.receipts import Receipt
from leadcore.required import KEPT_MS, PROVEN_MS
from leadcore.store import keys
from leadcore.store.parked import Parked
from leadcore.store.required import read_required
from tests.conftest import lead, same_shard
from tests.faults.conftest import Scene
from tests.faults.interception import Interceptor, intercepting_worker
from tests.stand_ins import key_of

CUSTOMERS = same_shard("required", 12)
BODIES = ["context", "codes", "values", "names", "labels", "silent"]
TOLD = [one for one in BODIES if one != "silent"]
UPSERT, UPDATE = "/batch/upsert", "/batch/update"
FORM = {"property": "company", "on": "create"}
ON_ANY_WRITE = {"property": "company"}
IF_NEW = {"property": "company", "when": {"hs_lead_status": ["NEW"]}}


def somebody(customer_id: str, **said: Any) -> dict[str, Any]:
    return lead(customer_id, **{"name": "Nok Jaidee", "phone": "0820000000", **said})


def demand(scene: Scene, *rules: dict[str, Any], body: str = "context", **more: Any) -> None:
    scene.line.crm.settings(required=list(rules), required_body=body, **more)


def work(scene: Scene, *bodies: dict[str, Any]) -> dict[str, Receipt]:
    scene.accept(*bodies)
    scene.worker().work()
    return scene.receipts()


def properties_of(scene: Scene, customer_id: str) -> dict[str, str]:
    found: dict[str, str] = scene.contacts()[customer_id]
    return found


@pytest.mark.parametrize("body", BODIES)
def test_a_lead_without_what_the_form_requires_is_parked_and_says_what_is_missing(scene: Scene, body: str) -> None:
    demand(scene, FORM, body=body)
    receipts = work(scene, *map(somebody, CUSTOMERS[:3]))
    assert {receipts[one].state for one in CUSTOMERS[:3]} == {"parked"}
    if body != "silent":
        assert {receipts[one].reason for one in CUSTOMERS[:3]} == {
            f"required: {reason('property_required', properties='Company Name (company)')}"
        }
    assert scene.redis.zcard(keys.PARKED) == 3
    assert scene.contacts() == {}


@pytest.mark.parametrize("body", TOLD)
@pytest.mark.parametrize("batch", ["each row is told", "all are refused"])
def test_what_the_form_requires_is_not_sent_for_in_vain_for_each_lead(scene: Scene, body: str, batch: str) -> None:
    refused_whole = batch == "all are refused"
    demand(scene, FORM, body=body)
    if refused_whole:
        scene.line.crm.fault("untraced", path=UPSERT)
    work(scene, *map(somebody, CUSTOMERS[:4]))
    [known] = read_required(scene.redis)
    assert (known.name, known.label, known.scope) == ("company", "Company Name", "create")
    before = scene.line.crm.calls(UPSERT)
    receipts = work(scene, *map(somebody, CUSTOMERS[4:10]))
    assert {receipts[one].state for one in CUSTOMERS[4:10]} == {"parked"}
    assert scene.line.crm.calls(UPSERT) == before


def test_a_lead_that_has_what_is_required_is_written_meanwhile(scene: Scene) -> None:
    demand(scene, FORM)
    work(scene, somebody(CUSTOMERS[0]))
    scene.config = Config(properties={"contact_info.shop": "company"})
    said = somebody(CUSTOMERS[1])
    said["contact_info"]["shop"] = "Nok Shop"
    receipts = work(scene, somebody(CUSTOMERS[2]), said)
    assert (receipts[CUSTOMERS[1]].state, receipts[CUSTOMERS[2]].state) == ("created", "parked")


def test_a_person_who_retries_after_the_rule_is_gone_is_heard_at_once_and_so_are_the_next(scene: Scene) -> None:
    demand(scene, FORM)
    receipts = work(scene, somebody(CUSTOMERS[0]))
    demand(scene)
    Parked(scene.redis, Config().inbox).retry(receipts[CUSTOMERS[0]].lead, "test")
    scene.worker().work()
    assert scene.receipts()[CUSTOMERS[0]].state == "created"
    assert read_required(scene.redis) == []
    assert work(scene, somebody(CUSTOMERS[1]))[CUSTOMERS[1]].state == "created"


def test_after_an_hour_it_is_found_out_anew(scene: Scene) -> None:
    demand(scene, FORM)
    work(scene, somebody(CUSTOMERS[0]))
    scene.advance(KEPT_MS / 1000 + 1)
    demand(scene)
    assert work(scene, somebody(CUSTOMERS[1]))[CUSTOMERS[1]].state == "created"


@pytest.mark.parametrize("body", TOLD)
def test_the_shops_own_value_is_sent_where_the_customer_gave_none(scene: Scene, body: str) -> None:
    demand(scene, FORM, body=body)
    scene.config = Config(required={"company": "Walk-in"})
    receipts = work(scene, *map(somebody, CUSTOMERS))
    assert {receipts[one].state for one in CUSTOMERS} == {"created"}
    assert {each["company"] for each in scene.contacts().values()} == {"Walk-in"}
    assert scene.line.crm.calls(UPSERT) == 1
    assert read_required(scene.redis) == []


@pytest.mark.parametrize("target", [False, "dealdroid_product_type"])
def test_the_shops_own_value_is_sent_for_a_property_that_no_word_of_the_customers_goes_to(
    scene: Scene, target: Any
) -> None:
    demand(scene, {"property": "country", "on": "create"})
    scene.config = Config(required={"country": "Thailand"}, mapping={"country": target})
    receipts = work(scene, *map(somebody, CUSTOMERS[:3]))
    assert {receipts[one].state for one in CUSTOMERS[:3]} == {"created"}
    assert {each["country"] for each in scene.contacts().values()} == {"Thailand"}
    assert not any("dealdroid_product_type" in each for each in scene.contacts().values())


def test_without_a_value_of_the_shops_none_is_sent(scene: Scene) -> None:
    work(scene, somebody(CUSTOMERS[0]))
    assert "company" not in properties_of(scene, CUSTOMERS[0])


@pytest.mark.parametrize("body", TOLD)
def test_what_can_be_written_without_it_is_written(scene: Scene, body: str) -> None:
    """A lead status that requires a company."""
    demand(scene, IF_NEW, body=body)
    receipts = work(scene, *map(somebody, CUSTOMERS))
    assert {receipts[one].state for one in CUSTOMERS} == {"created"}
    for one in CUSTOMERS:
        assert "hs_lead_status" not in properties_of(scene, one)
        why = reason("partner_required", properties="Company Name (company)")
        assert ("hs_lead_status", "dropped", why) in [
            (note.property, note.what, note.why) for note in receipts[one].notes
        ]
    [known] = read_required(scene.redis)
    assert (known.scope, "hs_lead_status" in known.partners) == ("with", True)


def test_what_is_required_with_another_value_is_not_tried_for_each_lead(scene: Scene) -> None:
    demand(scene, IF_NEW)
    work(scene, somebody(CUSTOMERS[0]))
    before = scene.line.crm.calls(UPSERT)
    receipts = work(scene, *map(somebody, CUSTOMERS[1:]))
    assert {receipts[one].state for one in CUSTOMERS[1:]} == {"created"}
    assert scene.line.crm.calls(UPSERT) == before + 1


def test_what_is_heeded_is_not_taken_for_a_new_refusal(scene: Scene) -> None:
    demand(scene, IF_NEW)
    work(scene, somebody(CUSTOMERS[0]))
    [known] = read_required(scene.redis)
    work(scene, somebody(CUSTOMERS[1]))
    assert read_required(scene.redis) == [known], "it is forgotten an hour after the last refusal"


def test_a_condition_on_a_text_is_met_too(scene: Scene) -> None:
    demand(scene, {"property": "company", "when": {"country": ["Thailand"]}})
    address = {"street_address": "1 Silom Road", "city": "Bangkok", "postal_code": "10500", "country": "Thailand"}
    receipts = work(scene, somebody(CUSTOMERS[0], address=address), somebody(CUSTOMERS[1]))
    assert {receipts[one].state for one in CUSTOMERS[:2]} == {"created"}
    assert "country: Thailand" in properties_of(scene, CUSTOMERS[0])["dealdroid_unsaved"]


def test_a_known_contact_that_has_what_is_required_gets_all(scene: Scene) -> None:
    """What was learned of other contacts does not keep a value from one that HubSpot would take."""
    payment = {"property": "company", "when": {"dealdroid_payment_method": ["bank_transfer"]}}
    first, second, third = CUSTOMERS[:3]
    work(scene, *map(somebody, (first, second, third)))
    ids = {
        key: each["id"]
        for each in scene.line.crm.contacts()
        for key in [each["properties"].get("dealdroid_customer_id")]
    }
    scene.line.crm.control("PATCH", f"contacts/{ids[second]}", {"properties": {"company": "Nok Shop"}})
    demand(scene, payment)
    work(scene, somebody(first, intent="Purchase", payment_method="bank_transfer"))
    assert "dealdroid_payment_method" not in properties_of(scene, first)
    assert "bank" in properties_of(scene, first)["dealdroid_unsaved"].lower()
    before = scene.line.crm.calls(UPDATE)
    work(
        scene,
        somebody(second, intent="Purchase", payment_method="bank_transfer"),
        somebody(third, intent="Purchase", payment_method="bank_transfer"),
    )
    assert properties_of(scene, second)["dealdroid_payment_method"] == "bank_transfer"
    assert "dealdroid_payment_method" not in properties_of(scene, third)
    assert scene.line.crm.calls(UPDATE) == before + 1


@pytest.mark.parametrize("default", ["", "Walk-in"])
def test_a_known_contact_that_lacks_what_every_write_requires_gets_the_shops_value_or_a_person(
    scene: Scene, default: str
) -> None:
    one, other = CUSTOMERS[:2]
    work(scene, somebody(one), somebody(other))
    scene.config = Config(required={"company": default} if default else {})
    demand(scene, ON_ANY_WRITE)
    receipts = work(scene, somebody(one, phone="0831111111"))
    if default:
        assert properties_of(scene, one)["company"] == default
        assert receipts[one].state == "updated"
    else:
        assert (receipts[one].state, "Company Name (company)" in receipts[one].reason) == ("parked", True)
        assert properties_of(scene, one)["phone"] == "+66820000000"
    # A salesperson's own company is not overwritten.
    ids = {each["properties"].get("dealdroid_customer_id"): each["id"] for each in scene.line.crm.contacts()}
    scene.line.crm.control("PATCH", f"contacts/{ids[other]}", {"properties": {"company": "Own"}})
    assert work(scene, somebody(other, phone="0832222222"))[other].state == "updated"
    assert properties_of(scene, other)["company"] == "Own"


def test_a_contact_that_lacks_what_every_write_requires_is_not_tried_for_each_lead(scene: Scene) -> None:
    """Until somebody fills it in, or a person retries."""
    one, other = CUSTOMERS[:2]
    work(scene, somebody(one), somebody(other))
    demand(scene, ON_ANY_WRITE)
    work(scene, somebody(one, phone="0831111111"))
    before = scene.line.crm.calls(UPDATE)
    again = work(scene, somebody(one, phone="0832222222"))[one]
    assert (again.state, scene.line.crm.calls(UPDATE)) == ("parked", before)
    ids = {each["properties"].get("dealdroid_customer_id"): each["id"] for each in scene.line.crm.contacts()}
    scene.line.crm.control("PATCH", f"contacts/{ids[one]}", {"properties": {"company": "Own"}})
    assert work(scene, somebody(one, phone="0833333333"))[one].state == "updated"
    # What one contact lacks keeps no other from being tried.
    demand(scene)
    assert work(scene, somebody(other, phone="0834444444"))[other].state == "updated"


def test_a_value_of_the_shops_for_a_unique_property_is_never_sent(scene: Scene) -> None:
    scene.config = Config(required={"tax_id": "none"}, crm=Crm())
    definition = {"name": "tax_id", "label": "Tax ID", "type": "string", "fieldType": "text", "groupName": "dealdroid"}
    url, headers = f"{scene.line.crm.url}/crm/v3/properties/contacts", {"Authorization": "Bearer pat-test"}
    made = requests.post(url, json={**definition, "hasUniqueValue": True}, headers=headers, timeout=5)
    assert made.status_code == 201
    receipts = work(scene, *map(somebody, CUSTOMERS[:2]))
    assert {receipts[one].state for one in CUSTOMERS[:2]} == {"created"}
    assert not any("tax_id" in each for each in scene.contacts().values())


def test_a_value_of_the_shops_that_hubspot_refuses_is_no_word_of_the_customers(scene: Scene) -> None:
    demand(scene, {"property": "hs_lead_status", "on": "create"})
    scene.config = Config(required={"hs_lead_status": "NO_SUCH_OPTION"}, crm=Crm(lead_status=""))
    receipts = work(scene, somebody(CUSTOMERS[0]))
    assert receipts[CUSTOMERS[0]].state == "parked"
    assert "Lead Status" in receipts[CUSTOMERS[0]].reason or "hs_lead_status" in receipts[CUSTOMERS[0]].reason


@pytest.mark.parametrize("version", ["2026-03", "v3"])
def test_versions_before_2026_09_require_nothing(scene: Scene, version: str) -> None:
    scene.version = version
    demand(scene, FORM)
    assert work(scene, somebody(CUSTOMERS[0]))[CUSTOMERS[0]].state == "created"


def test_what_is_required_and_not_named_costs_no_phone(scene: Scene) -> None:
    demand(scene, IF_NEW, body="silent")
    receipts = work(scene, *map(somebody, CUSTOMERS))
    assert {receipts[one].state for one in CUSTOMERS} == {"created"}
    assert {each["phone"] for each in scene.contacts().values()} == {"+66820000000"}
    assert not any("hs_lead_status" in each for each in scene.contacts().values())


WORDS = [
    "Required properties were not set: company",
    "Company Name is mandatory.",
    "กรุณากรอกข้อมูลที่จำเป็น: Company Name",
]


@pytest.mark.parametrize("words", WORDS)
def test_a_refusal_of_all_rows_is_understood_with_few_calls(scene: Scene, words: str) -> None:
    calls = []

    def refuse(body: dict[str, Any]) -> str:
        calls.append(len(body["inputs"]))
        return "" if all(row["properties"].get("company") for row in body["inputs"]) else words

    with intercepting_worker(scene, refuse) as worker:
        scene.accept(*map(somebody, CUSTOMERS))
        worker.work()
        assert {receipt.state for receipt in scene.receipts().values()} == {"parked"}
        # One lead is found by halving, each time that it is sent with less.
        assert len(calls) <= 3 * (ceil(log2(len(CUSTOMERS))) + 1)
        scene.accept(somebody("another"))
        before = len(calls)
        worker.work()
        assert len(calls) == before


@pytest.mark.parametrize("cut", [None, -3], ids=["whole", "cut off"])
def test_no_word_of_hubspots_list_is_taken_for_a_property(scene: Scene, cut: int | None) -> None:
    """Each portal has a property called Message, as is a part of each entry of the list."""
    entry = {"isValid": False, "message": "Company Name is required.", "error": "REQUIRED", "name": "hs_lead_status"}
    words = f"Property values were not valid: {json.dumps([entry, entry])}"[:cut]

    def refuse(body: dict[str, Any]) -> str:
        return words if any(row["properties"].get("hs_lead_status") for row in body["inputs"]) else ""

    with intercepting_worker(scene, refuse) as worker:
        scene.accept(somebody(CUSTOMERS[0]))
        worker.work()
    receipt = scene.receipts()[CUSTOMERS[0]]
    assert receipt.state == "created"
    assert [note.why for note in receipt.notes if note.property == "hs_lead_status"] == [
        reason("partner_required", properties="Company Name (company)")
    ]
    assert [one.name for one in read_required(scene.redis)] == ["company"]


def test_a_lead_that_others_kept_from_being_tried_loses_no_try(scene: Scene) -> None:
    """HubSpot refuses whole batches and does not say what is missing, so one lead after the other is found out."""

    def refuse(body: dict[str, Any]) -> str:
        lacking = any(row["properties"].get("hs_lead_status") for row in body["inputs"])
        return "Some required properties are missing" if lacking else ""

    customers = same_shard("unnamed", 24)
    with intercepting_worker(scene, refuse) as worker:
        scene.accept(*map(somebody, customers))
        for _ in range(len(customers)):
            worker.work()
            if not scene.line.left():
                break
            scene.advance(12)
            worker.maintenance.sweep()
    assert {(receipt.state, receipt.tries) for receipt in scene.receipts().values()} == {("created", 0)}


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.usefixtures("each_version")
def test_known_contacts_that_lack_what_is_required_are_not_found_out_one_by_one(scene: Scene, words: str) -> None:
    """HubSpot refuses whole batches: two show what the others lack, and those that have it are written."""
    customers = same_shard("known", 120)
    asked, later = customers[:100], customers[100:]
    work(scene, *map(somebody, customers))
    ids = {key_of(each): each["id"] for each in scene.line.crm.contacts()}
    having = set(customers[::2])
    for one in having:
        scene.line.crm.control("PATCH", f"contacts/{ids[one]}", {"properties": {"company": "Own"}})
    calls = []

    def refuse(body: dict[str, Any]) -> str:
        calls.append(len(body["inputs"]))
        lacking = {ids[one] for one in customers} - {ids[one] for one in having}
        return words if any(row["id"] in lacking for row in body["inputs"]) else ""

    with intercepting_worker(scene, refuse, UPDATE) as worker:
        for number, some, most in ((1, asked, 2 * ceil(log2(100)) + 3), (2, later, 1)):
            calls.clear()
            scene.accept(*(somebody(one, phone=f"083{number}000000") for one in some))
            worker.work()
            assert len(calls) <= most
            receipts = scene.receipts()
            assert {receipts[one].state for one in some if one in having} == {"updated"}
            assert {receipts[one].state for one in some if one not in having} == {"parked"}


def misread(*phones: str) -> Interceptor:
    """Refuses leads with these phones, whatever they hold, in words that name a property."""

    def refuse(body: dict[str, Any]) -> str:
        wrong = any(row["properties"].get("lastname") in phones for row in body["inputs"])
        return "City is missing in the list of this value" if wrong else ""

    return refuse


@pytest.mark.usefixtures("each_version")
def test_one_refusal_that_is_misread_parks_no_other_lead(scene: Scene) -> None:
    wrong, *others = CUSTOMERS
    with intercepting_worker(scene, misread("Odd")) as worker:
        for some in ([wrong, *others[:6]], others[6:]):
            scene.accept(*(somebody(one, name=f"Nok {'Odd' if one == wrong else 'Jaidee'}") for one in some))
            worker.work()
    receipts = scene.receipts()
    assert receipts[wrong].state == "parked"
    assert {receipts[one].state for one in others} == {"created"}


@pytest.mark.usefixtures("each_version")
def test_two_refusals_that_are_misread_park_others_for_minutes_only(scene: Scene) -> None:
    first, second, third, *others = CUSTOMERS
    with intercepting_worker(scene, misread("Odd")) as worker:
        for one in (first, second):
            scene.accept(somebody(one, name="Nok Odd"))
            worker.work()
        scene.accept(somebody(third))
        worker.work()
        assert scene.receipts()[third].state == "parked"
        [known] = read_required(scene.redis)
        seen_before = replace(known, seen_ms=known.seen_ms - PROVEN_MS)
        scene.redis.hset(keys.REQUIRED, known.field, seen_before.pack())
    with intercepting_worker(scene, misread("Odd")) as worker:
        scene.accept(*map(somebody, others))
        worker.work()
        assert {scene.receipts()[one].state for one in others} == {"created"}
        assert read_required(scene.redis) == []


@pytest.mark.usefixtures("each_version")
def test_known_contacts_that_were_refused_are_tried_again_after_minutes(scene: Scene) -> None:
    """The rule is gone: what proved it before parks them no longer."""
    work(scene, *map(somebody, CUSTOMERS[:2]))
    with intercepting_worker(scene, lambda _: WORDS[0], UPDATE) as worker:
        scene.accept(*(somebody(one, phone="0831000000") for one in CUSTOMERS[:2]))
        worker.work()
    assert {receipt.state for receipt in scene.receipts().values()} == {"parked"}
    [known] = read_required(scene.redis)
    scene.redis.hset(keys.REQUIRED, known.field, replace(known, seen_ms=known.seen_ms - PROVEN_MS).pack())
    scene.accept(somebody(CUSTOMERS[0], phone="0832000000"))
    scene.worker().work()
    assert scene.receipts()[CUSTOMERS[0]].state == "updated"
    assert read_required(scene.redis) == []
