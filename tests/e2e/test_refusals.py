"""HubSpot refuses values, rows and whole calls; nothing is lost and nobody else suffers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from leadcore.reasons import english
from leadcore.store import keys
from sandbox.hubspot.properties import Metadata
from tests.conftest import PATIENT, Line, eventually, lead, same_shard
from tests.stand_ins import key_of

HOME = {"street_address": "1 Silom Road", "city": "Bangkok", "postal_code": "10500", "country": "Thailand"}


def somchai(customer_id: str, **said: Any) -> dict[str, Any]:
    return lead(customer_id, **{"name": "Somchai Jaidee", "phone": "0812345678", **said})


def assert_whole(properties: dict[str, str]) -> None:
    assert (properties["firstname"], properties["phone"]) == ("Somchai", "+66812345678")


@pytest.mark.parametrize(("message", "errors"), [(None, None), (0, None), (None, 0)])
@pytest.mark.parametrize("property", ["hs_language", "hs_lead_status", "dealdroid_payment_method"])
def test_an_option_that_the_portal_no_longer_has_is_dropped_alone(
    line: Line, property: str, message: int | None, errors: int | None
) -> None:
    line.crm.settings(options={property: ["something"]}, listed_in_message=message, listed_in_errors=errors)
    line.sync(somchai("c", language="th", payment_method="credit_card"))
    contact = line.crm.contact("c")
    assert_whole(contact)
    assert property not in contact
    values = {"hs_language": "th", "hs_lead_status": "NEW", "dealdroid_payment_method": "credit_card"}
    assert f"{property}: {values[property]}" in contact["dealdroid_unsaved"]
    assert [(note.property, note.what) for note in line.receipt("c").notes] == [(property, "dropped")]
    assert len(line.chat.told("c")) == 1


def test_what_was_refused_for_one_lead_is_not_sent_with_the_next(spare_line: Callable[..., Line]) -> None:
    """Whichever worker has it: the list of the portal's options is read anew at once, for all."""
    line = spare_line(WEB_CONCURRENCY="1")
    line.start("worker", "--count", "2")
    line.start("web", **PATIENT)
    line.await_web()
    line.await_workers(2)
    line.sync(somchai("c-0", language="th"))
    [listed] = line.redis.scan_iter(keys.properties("*"))
    read_ms = line.redis.hget(listed, "read_ms")
    line.crm.settings(options={"hs_language": ["something"]})
    line.sync(somchai("c-1", language="th"))
    eventually(lambda: line.redis.hget(listed, "read_ms") != read_ms)
    before = line.crm.calls("/batch/upsert")
    for number in range(2, 6):
        line.sync(somchai(f"c-{number}", language="th"))
    assert line.crm.calls("/batch/upsert") - before == 4


def test_several_refused_values_are_all_kept_for_a_person(line: Line) -> None:
    options = {name: ["something"] for name in ("hs_language", "hs_lead_status", "dealdroid_payment_method")}
    line.crm.settings(options=options, listed_in_message=1, listed_in_errors=1)
    line.sync(somchai("c", language="th", payment_method="credit_card"))
    contact = line.crm.contact("c")
    assert_whole(contact)
    assert set(contact["dealdroid_unsaved"].splitlines()) == {
        "hs_language: th",
        "hs_lead_status: NEW",
        "dealdroid_payment_method: credit_card",
    }


def test_a_property_that_became_read_only_is_dropped_alone(line: Line) -> None:
    with line.crm.portal.lock:
        city = line.crm.portal.contacts.properties["city"]
        line.crm.portal.contacts.properties["city"] = msgspec.structs.replace(
            city, modification_metadata=Metadata(read_only_value=True)
        )
        line.crm.portal.derive_rules()
    line.sync(somchai("c", address=HOME))
    contact = line.crm.contact("c")
    assert_whole(contact)
    assert (contact["zip"], contact.get("city")) == ("10500", None)
    assert "city: กรุงเทพมหานคร" in contact["dealdroid_unsaved"]


def test_a_property_that_somebody_deleted_is_dropped_alone(line: Line) -> None:
    with line.crm.portal.lock:
        del line.crm.portal.contacts.properties["dealdroid_cart_total"]
        line.crm.portal.derive_rules()
    cart = {"products": [{"name": "Dog food", "count": 1, "total": 590}], "grandTotal": "590"}
    line.sync(somchai("c", shopping_cart=cart))
    contact = line.crm.contact("c")
    assert_whole(contact)
    assert "Dog food" in contact["dealdroid_cart"]
    assert "dealdroid_cart_total: 590" in contact["dealdroid_unsaved"]


def test_a_cart_of_endless_names_is_cut_and_written(line: Line) -> None:
    products = [{"name": f"{number:02}" + "x" * 4000, "count": 1, "total": 1} for number in range(20)]
    line.sync(somchai("c", shopping_cart={"products": products, "grandTotal": "20"}))
    contact = line.crm.contact("c")
    assert_whole(contact)
    assert len(contact["dealdroid_cart"].splitlines()) == 21
    assert contact["dealdroid_cart_total"] == "20"


def test_a_refused_value_counts_as_said(line: Line) -> None:
    line.crm.settings(options={"dealdroid_payment_method": ["something"]})
    line.sync(somchai("c", payment_method="credit_card"), somchai("c", payment_method="credit_card"))
    assert line.receipt("c").state == "unchanged"


def test_a_phone_that_the_portal_does_not_take_is_kept_where_a_person_sees_it(line: Line) -> None:
    line.sync(somchai("c", phone="call me maybe"))
    contact = line.crm.contact("c")
    assert contact.get("phone") is None
    assert "call me maybe" in contact["dealdroid_unsaved"]


def test_the_bad_row_of_a_batch_hurts_nobody_else(line: Line) -> None:
    bad, *good = same_shard("row", 20)
    line.crm.fault("row_locked", ids=[bad], count=1)
    with line.hold():
        line.send(*(somchai(one) for one in (*good[:9], bad, *good[9:])))
    eventually(lambda: {key_of(contact) for contact in line.crm.contacts()} == set(good))
    assert line.receipt(bad).state == "waiting"
    line.settle()
    assert_whole(line.crm.contact(bad))
    assert {one.tries for one in line.receipts() if one.customer_id != bad} == {0}


def test_what_cannot_be_written_is_parked_with_a_reason_and_stays_whole(
    spare_line: Callable[..., Line], tmp_path: Path
) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[inbox]\ntries = 1\n")
    line = spare_line(LEADSYNC_CONFIG=str(config), WEB_CONCURRENCY="1")
    line.start("worker")
    line.start("web", **PATIENT)
    line.await_web()
    bad, *good = same_shard("row", 6)
    line.crm.fault("row_unexplained", ids=[bad])
    with line.hold():
        line.send(*(somchai(one) for one in (*good, bad)))
    line.settle()
    assert {key_of(contact) for contact in line.crm.contacts()} == set(good)
    receipt = line.receipt(bad)
    assert (receipt.state, receipt.message) == ("parked", "")
    assert "given up after 1 tries" in english(receipt.reason)
    assert line.redis.zrange(keys.PARKED, 0, -1) == [receipt.lead.encode()]
    assert b"Somchai Jaidee" in line.redis.get(keys.parked(receipt.lead))


@pytest.mark.parametrize("echo", [True, False], ids=["echoed", "no trace ids"])
def test_each_result_finds_its_row_in_whatever_order_they_come(line: Line, echo: bool) -> None:
    line.crm.settings(echo_trace_id=echo)
    customers = same_shard("shuffled", 50)
    with line.hold():
        line.storm([lead(one, name=f"Person {one}") for one in customers], at_once=5)
    line.settle()
    ids = {key_of(contact): contact["id"] for contact in line.crm.contacts()}
    assert {one.customer_id: one.contact_id for one in line.receipts()} == ids
    assert len(ids) == 50


@pytest.mark.parametrize("kind", ["missing_rows", "empty_results"])
def test_an_input_without_an_answer_is_not_a_success(line: Line, kind: str) -> None:
    customers = same_shard("unanswered", 5)
    line.crm.fault(kind, count=1, path="/upsert")
    with line.hold():
        line.send(*(somchai(one) for one in customers))
    line.settle(hasten=True)
    assert {key_of(contact) for contact in line.crm.contacts()} == set(customers)
    assert {one.state for one in line.receipts()} <= {"created", "updated"}
    assert all(len(line.chat.told(one)) == 1 for one in customers)


@pytest.mark.parametrize("kind", ["502", "reset", "lost_answer", "garbled", "423"])
def test_when_hubspot_fails_for_a_moment_the_line_waits_and_nothing_is_lost(line: Line, kind: str) -> None:
    customers = same_shard("c", 5)
    line.crm.fault(kind, count=1, path="/upsert")
    with line.hold():
        line.send(*(somchai(one) for one in customers))
    line.settle(hasten=True)
    assert {key_of(contact) for contact in line.crm.contacts()} == set(customers)
    assert {(one.tries, one.message) for one in line.receipts()} == {(0, "sent")}


def test_a_token_that_is_replaced_resumes_the_line(line: Line) -> None:
    line.crm.settings(tokens=["another"])
    line.send(somchai("c"))
    eventually(lambda: line.redis.hget(keys.PAUSE, "code") == b"unauthorized")
    line.crm.settings(tokens=["pat-test"])
    line.settle()
    assert_whole(line.crm.contact("c"))
    assert line.receipt("c").tries == 0


def test_a_deleted_contact_is_written_whole_again(line: Line) -> None:
    """With all that the customer's newest event holds, though most of it was no news."""
    line.sync(somchai("c", address=HOME, language="th"))
    [contact] = line.crm.contacts()
    line.crm.control("DELETE", f"contacts/{contact['id']}")
    line.sync(somchai("c", phone="0899999999", address=HOME, language="th"))
    [again] = line.crm.contacts()
    properties = again["properties"]
    assert again["id"] != contact["id"]
    assert (properties["firstname"], properties["lastname"], properties["phone"]) == (
        "Somchai",
        "Jaidee",
        "+66899999999",
    )
    assert (properties["zip"], properties["hs_language"]) == ("10500", "th")
    assert line.receipt("c").contact_id == again["id"]


def test_a_deleted_contact_of_whom_only_a_name_is_news_is_written_whole_again(line: Line) -> None:
    """An upsert of the name alone would make a contact of the name alone."""
    line.sync(somchai("c", address=HOME))
    line.crm.control("DELETE", f"contacts/{line.crm.contacts()[0]['id']}")
    line.sync(lead("c", name="Somchai Rakdee", phone="0812345678", address=HOME))
    contact = line.crm.contact("c")
    assert_whole(contact)
    assert (contact["lastname"], contact["zip"]) == ("Rakdee", "10500")


def test_a_deleted_contact_whose_email_a_salesperson_moved_to_their_own_leaves_no_second_one(line: Line) -> None:
    email = "moved@somebody-elses.co.th"
    line.sync(somchai("c", email=email, address=HOME))
    line.crm.control("DELETE", f"contacts/{line.crm.contacts()[0]['id']}")
    own = line.crm.create(email=email, firstname="Somchai", lastname="Typed")
    line.sync(lead("c", name="Somchai Rakdee", phone="0899999999", email=email, address=HOME))
    [contact] = line.crm.contacts()
    assert contact["id"] == own
    assert contact["properties"]["lastname"] == "Typed"
    assert line.receipt("c").contact_id == own


def test_a_customer_whose_contact_was_merged_into_another_gets_no_second_one(line: Line) -> None:
    line.sync(somchai("ann", phone="0811111111"), somchai("bob", phone="0822222222"))
    first, second = (line.receipt(one).contact_id for one in ("ann", "bob"))
    line.crm.merge(first, second)
    line.sync(somchai("bob", phone="0833333333"))
    [contact] = line.crm.contacts()
    assert contact["properties"]["phone"] == "+66833333333"


def test_a_deleted_contact_that_several_customers_shared_is_written_again(line: Line) -> None:
    shared = "shared@somebody-elses.co.th"
    line.sync(somchai("one", email=shared), lead("two", name="Other Name", email=shared))
    line.crm.control("DELETE", f"contacts/{line.crm.contacts()[0]['id']}")
    line.sync(lead("two", name="Other Name", phone="0877777777", email=shared))
    assert [contact["properties"]["phone"] for contact in line.crm.contacts()] == ["+66877777777"]
    line.sync(somchai("one", phone="0866666666", email=shared))
    assert "+66866666666" in json.dumps([contact["properties"] for contact in line.crm.contacts()])
    assert len(line.crm.contacts()) == 1
