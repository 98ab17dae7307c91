"""The same event again is the same event; several events of one customer keep their order."""

import json
from concurrent.futures import ThreadPoolExecutor

from tests.conftest import ROOT, SECRET, Line, lead, same_shard
from tests.stand_ins import key_of

HOME = {"street_address": "1 ถนนสีลม", "city": "กรุงเทพ", "postal_code": "10500", "country": "Thailand"}
SHOP = {"street_address": "22 Beach Road", "district": "Kathu", "city": "Phuket", "postal_code": "83120"}


def test_the_same_event_twenty_times_at_once_is_one_contact_one_write_one_confirmation(line: Line) -> None:
    event = lead("twenty", name="Somchai Jaidee", phone="0812345678")
    assert line.storm([event] * 20, at_once=20) == [200] * 20
    line.settle()
    [contact] = line.crm.contacts()
    assert (key_of(contact), set(contact["writes"].values())) == ("twenty", {1})
    assert line.crm.calls("/batch/upsert") == 1
    assert len(line.chat.told("twenty")) == len(line.chat.told()) == 1
    assert len(line.receipts()) == 1


def test_the_same_event_days_of_retries_later_still_changes_nothing(line: Line) -> None:
    event = lead("again", name="Somchai", phone="0812345678")
    line.sync(event, event, dict(reversed(event.items())))
    assert line.crm.calls("/batch/upsert") == 1
    assert len(line.receipts()) == len(line.chat.told()) == 1


def test_five_events_of_one_customer_keep_their_order_while_others_run(line: Line) -> None:
    line.crm.settings(latency=0.05)
    phones = [f"081000000{number}" for number in range(5)]
    others = [lead(f"other-{number}", name="Other", phone="0899999999") for number in range(200)]
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(line.storm, others, 10)
        for number, phone in enumerate(phones):
            line.send(lead("five", name=f"Somchai Number{'abcde'[number]}", phone=phone))
        assert set(running.result()) == {200}
    line.settle()
    contact = line.crm.contact("five")
    assert (contact["phone"], contact["lastname"]) == ("+66810000004", "Numbere")
    # HubSpot never saw an older value after a newer one.
    said = line.crm.said("five", "phone")
    assert said == sorted(said)
    assert len(line.crm.contacts()) == 201


def test_events_merged_into_one_write_make_one_call_and_one_confirmation(line: Line) -> None:
    with line.hold():
        for phone in ("0810000001", "0810000002", "0810000003"):
            line.send(lead("merged", name="Somchai Jaidee", phone=phone))
    line.settle()
    assert line.crm.contact("merged")["phone"] == "+66810000003"
    assert line.crm.calls("/batch/upsert") == 1
    assert line.chat.told() == line.chat.told("merged")
    assert len(line.chat.told()) == 1
    assert [one.message for one in line.receipts()] == ["silent: newer_answered"] * 2 + ["sent"]


def test_a_hundred_customers_of_a_shard_are_one_call(line: Line) -> None:
    with line.hold():
        line.storm([lead(one, name="Somchai") for one in same_shard("hundred", 100)], at_once=10)
    line.settle()
    assert len(line.crm.contacts()) == 100
    assert line.crm.calls("/batch/upsert") == 1


def test_an_edit_by_a_salesperson_stands_until_the_customer_says_something_new(line: Line) -> None:
    line.sync(lead("edited", name="Somchai Jaidee", phone="0812345678"))
    [contact] = line.crm.contacts()
    line.crm.control("PATCH", f"contacts/{contact['id']}", {"properties": {"phone": "02 111 2222"}})
    line.sync(lead("edited", name="Somchai Jaidee", phone="081-234-5678"))
    assert line.crm.contact("edited")["phone"] == "02 111 2222"
    line.sync(lead("edited", phone="0899999999"))
    assert line.crm.contact("edited")["phone"] == "+66899999999"


def test_an_event_without_news_costs_no_call_and_says_nothing(line: Line) -> None:
    line.sync(*(lead("same", name="Somchai Jaidee", phone="0812345678") for _ in range(3)))
    assert line.crm.calls("/batch/upsert") == 1
    assert len(line.chat.told()) == 1
    assert [one.state for one in line.receipts()] == ["created", "unchanged", "unchanged"]


def test_an_address_is_never_half_of_two_homes(line: Line) -> None:
    line.sync(lead("mover", name="Somchai", address={**HOME, "village_or_project": "Silom Suites"}))
    line.sync(lead("mover", address=SHOP))
    contact = line.crm.contact("mover")
    assert (contact["zip"], contact["state"], contact["dealdroid_district"]) == ("83120", "ภูเก็ต", "Kathu")
    assert not {"dealdroid_village", "dealdroid_subdistrict"} & contact.keys()
    assert "สีลม" not in json.dumps(contact, ensure_ascii=False)


def test_a_number_stays_a_number_all_the_way_to_the_chat(line: Line) -> None:
    line.sync(lead(9007199254740993, name="Somchai", phone="0812345678"))
    assert line.crm.contact("9007199254740993")["firstname"] == "Somchai"
    [message] = line.chat.chats.messages
    assert message["customer_id"] == 9007199254740993


def test_a_customer_without_contact_details_gets_no_contact(line: Line) -> None:
    line.sync(lead("asker", "Just asking", language="th"))
    assert line.crm.contacts() == []
    assert (line.receipt("asker").state, line.chat.told()) == ("skipped", [])


def test_a_phone_alone_makes_a_contact_that_a_later_name_completes(line: Line) -> None:
    line.sync(lead("phone-only", phone="๐๘๙ ๑๒๓ ๔๕๖๗"))
    assert line.crm.contact("phone-only")["lastname"] == "089 123 4567"
    line.sync(lead("phone-only", name="Somchai"))
    contact = line.crm.contact("phone-only")
    assert (contact["firstname"], contact.get("lastname")) == ("Somchai", None)


def test_each_example_payload_becomes_what_it_should(line: Line) -> None:
    """One real payload per case; the mapping itself has its own tests."""
    files = sorted((ROOT / "tests/payloads").glob("*.json"))
    line.sync(*({**json.loads(file.read_bytes()), "secret": SECRET} for file in files))
    assert {one.state for one in line.receipts()} <= {"created", "updated", "unchanged", "skipped"}
    baker = line.crm.contact("c-en-1")
    assert (baker["firstname"], baker["zip"], baker["country"]) == ("Mary-Jane", "NW1 6XE", "United Kingdom")


def test_whatever_the_receiver_takes_the_worker_can_read(line: Line) -> None:
    """However deeply a field that nobody reads is nested."""
    taken = []
    for depth in range(80, 120, 2):
        deep = json.dumps(lead(f"deep-{depth}", name="Somchai"))[:-1] + ', "deep": ' + "[" * depth + "]" * depth + "}"
        if line.post(deep.encode()).status_code == 200:
            taken.append(f"deep-{depth}")
    line.settle()
    assert taken
    assert sorted(key_of(contact) for contact in line.crm.contacts()) == taken
