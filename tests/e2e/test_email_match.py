"""Customers who are matched with a contact by their email only: what they may change there, and `leadsync trust`."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from leadcore.reasons import reason
from leadcore.settings import read
from leadcore.store import keys
from leadsync.cli import cli
from tests.conftest import PATIENT, Line, eventually, lead, same_shard
from tests.stand_ins import key_of
from workers.rules.customer import Customer, pack, unpack

EMAIL = "known@somebody-elses.co.th"
IMPORTED = {"email": EMAIL, "firstname": "Owner", "lastname": "Original", "phone": "+6621112222"}
HOME = {"street_address": "1 Silom Road", "city": "Bangkok", "postal_code": "10500", "country": "Thailand"}
CHATS = (
    "dealdroid_last_intent",
    "dealdroid_last_intent_at",
    "dealdroid_payment_method",
    "dealdroid_cart",
    "dealdroid_cart_total",
    "dealdroid_product_type",
    "dealdroid_name_given",
    "dealdroid_nickname",
    "dealdroid_other_phones",
)
BY_EMAIL = reason("matched_by_email_only")


def cart(name: str, total: str) -> dict[str, Any]:
    return {
        "shopping_cart": {"products": [{"name": name, "count": 1, "total": total}], "grandTotal": total},
        "payment_method": "cash_on_delivery",
        "product_type": f"{name}s",
    }


def owner(customer_id: str = "owner", intent: str = "Purchase", **said: Any) -> dict[str, Any]:
    """Whose contact it is: it was made by this customer."""
    own = {"name": "Owner Original", "phone": "0811111111", "email": EMAIL, **cart("Shirt", "500"), **said}
    return lead(customer_id, intent, **own)


def stranger(customer_id: str = "stranger", intent: str = "Complain", **said: Any) -> dict[str, Any]:
    """Who types the email, and nothing else that is true of the contact."""
    own = {"name": "Chatty (Chat) Customer", "phone": "0822222222, 0833333333", "email": EMAIL}
    return lead(customer_id, intent, **{**own, **cart("Hat", "999"), "payment_method": "credit_card", **said})


def record(line: Line, customer_id: str) -> Customer:
    return unpack(line.redis.get(record_key(line, customer_id)))


def record_key(line: Line, customer_id: str) -> str:
    return keys.customer(keys.digest(line.redis.get(keys.SECRET), customer_id))


def call(line: Line, *words: str, code: int = 0) -> Any:
    done = CliRunner().invoke(cli, [*words, "--json"], env=line.environ)
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


def unsaved(line: Line, customer_id: str = "owner") -> str:
    return line.crm.contact(customer_id).get("dealdroid_unsaved", "")


def listed(line: Line) -> list[str]:
    return [json.loads(entry)[0] for entry in line.redis.hvals(keys.MATCHES)]


# Where the contact bears another customer's id


def test_a_stranger_who_types_a_known_email_changes_nothing_of_the_contact(line: Line) -> None:
    line.sync(owner())
    before = line.crm.contact("owner")
    line.sync(stranger(), stranger(intent="Return", **cart("Shoe", "1200")))
    after = line.crm.contact("owner")
    allowed = {"dealdroid_unsaved", "dealdroid_other_customer_ids", "dealdroid_nickname", "dealdroid_other_phones"}
    assert {name: value for name, value in after.items() if before.get(name) != value}.keys() <= allowed
    assert len(line.crm.contacts()) == 1


def test_a_cart_of_a_stranger_does_not_come_beside_the_intent_of_the_contacts_customer(line: Line) -> None:
    line.sync(lead("owner", "Share contact", name="Owner Original", email=EMAIL), stranger())
    contact = line.crm.contact("owner")
    assert contact["dealdroid_last_intent"] == "Share contact"
    assert not {"dealdroid_cart", "dealdroid_cart_total", "dealdroid_payment_method"} & contact.keys()
    assert not {"dealdroid_nickname"} & contact.keys()
    assert contact["phone"] == "+66822222222"


def test_what_a_stranger_said_stands_on_the_contact_with_the_chats_id_and_the_date(line: Line) -> None:
    line.sync(owner(), stranger(address=HOME))
    text = unsaved(line)
    today = datetime.now(read(line.environ).timezone).date().isoformat()
    for value in ("Chatty", "+66822222222", "1 x Hat", "999", "Complain", "credit_card", "Hats"):
        row = next(row for row in text.splitlines() if value in row)
        assert f"(chat stranger, {today}): " in row
    line.sync(stranger(intent="Return", phone="0844444444"))
    assert "+66844444444" in unsaved(line)
    assert "+66822222222" not in unsaved(line)
    assert "1 x Hat" in unsaved(line)


def test_what_two_chats_could_not_save_stands_side_by_side(line: Line) -> None:
    """The line of the contact's own customer stays."""
    line.sync(owner(phone="call me"), stranger(phone="call him", name="Chatty Customer"))
    rows = unsaved(line).splitlines()
    assert "phone: call me" in rows
    assert [row for row in rows if row.startswith("phone (chat stranger, ") and row.endswith("): call him")]


def test_the_receipt_says_that_the_customer_was_matched_by_email_only(line: Line) -> None:
    line.sync(owner(), stranger())
    receipt = line.receipt("stranger")
    assert receipt.reason == BY_EMAIL
    assert {note.property for note in receipt.notes} >= {"dealdroid_cart", "dealdroid_last_intent", "firstname"}
    assert {note.why for note in receipt.notes} == {reason("contact_of_other_customer")}
    assert not {"dealdroid_cart", "dealdroid_last_intent"} & set(receipt.fields)
    assert line.receipt("owner").reason == ""
    assert line.chat.told("stranger") == []


def test_a_stranger_who_repeats_it_costs_no_write(line: Line) -> None:
    line.sync(owner(), stranger())
    before = line.crm.calls("/batch/update")
    line.sync(stranger(), stranger())
    assert line.crm.calls("/batch/update") == before


def test_the_contacts_customer_is_not_hindered_by_what_a_stranger_said(line: Line) -> None:
    """Neither the clock nor the last activity of the contact is the stranger's."""
    line.sync(lead("owner", "Ask", email=EMAIL), stranger(address=HOME))
    assert line.crm.contact("owner")["zip"] == "10500"
    line.sync(
        owner(
            name="Somchai",
            phone="0822222222",
            intent="Complain",
            address={"city": "Chiang Mai", "postal_code": "50200"},
        )
    )
    contact = line.crm.contact("owner")
    assert (contact["firstname"], contact.get("lastname", "")) == ("Somchai", "")
    assert (contact["zip"], contact.get("address", "")) == ("50200", "")
    assert (contact["dealdroid_last_intent"], contact["dealdroid_cart_total"]) == ("Complain", "500")


def test_an_event_of_the_contacts_customer_that_comes_late_is_newer_than_nothing_a_stranger_said(line: Line) -> None:
    line.sync(lead("owner", "Ask", email=EMAIL))
    with line.hold():
        line.send(owner(phone="0811111111"))
        [(shard, at, fields)] = [
            (shard, at, fields)
            for shard in range(4)
            for at, fields in line.redis.xrange(keys.entries(keys.INBOX, shard))
        ]
        line.redis.xdel(keys.entries(keys.INBOX, shard), at)
    line.sync(stranger(intent="Ask"))
    assert line.crm.contact("owner")["phone"] == "+66822222222"
    line.redis.xadd(keys.entries(keys.INBOX, shard), {**fields, b"v": at})
    line.ring()
    line.settle()
    assert line.crm.contact("owner")["phone"] == "+66811111111"


@pytest.mark.parametrize("form", ["existing_id", "no_id", "already_exists", "coordinates"])
def test_an_id_of_another_customer_that_a_person_typed_counts_too(line: Line, form: str) -> None:
    line.crm.create(**IMPORTED, dealdroid_customer_id="typed", dealdroid_cart="1 x Shirt = 500")
    line.crm.settings(conflict=form)
    line.sync(stranger())
    contact = line.crm.contact("typed")
    assert (contact["dealdroid_cart"], contact["firstname"]) == ("1 x Shirt = 500", "Owner")
    assert "1 x Hat" in contact["dealdroid_unsaved"]


# Where it bears none


def test_the_chat_makes_an_imported_contact_its_own(line: Line) -> None:
    line.crm.create(**IMPORTED)
    line.sync(stranger("chat"))
    contact = line.crm.contact("chat")
    assert {name: contact[name] for name in IMPORTED} == IMPORTED
    assert {name for name in CHATS if name not in contact} == set()
    assert line.receipt("chat").reason == BY_EMAIL
    line.sync(stranger("chat", "Return", name="Chatty (Talk) Customer", **cart("Shoe", "1200")))
    contact = line.crm.contact("chat")
    assert {name: contact[name] for name in IMPORTED} == IMPORTED
    assert (contact["dealdroid_last_intent"], contact["dealdroid_cart_total"]) == ("Return", "1200")
    assert contact["dealdroid_cart"].startswith("1 x Shoe")
    assert contact["dealdroid_nickname"] == "Talk"
    assert listed(line) == []


def test_a_contact_that_lost_the_other_customers_id_becomes_the_chats_own(line: Line) -> None:
    contact_id = line.crm.create(**IMPORTED, dealdroid_customer_id="typed")
    line.sync(stranger())
    line.crm.control("PATCH", f"contacts/{contact_id}", {"properties": {"dealdroid_customer_id": ""}})
    assert listed(line) == ["stranger"]
    line.sync(stranger(intent="Return", **cart("Shoe", "1200")))
    assert line.crm.contact("stranger")["dealdroid_cart"].startswith("1 x Shoe")
    assert listed(line) == []


# A phone that such a match filled in


@pytest.mark.parametrize("together", [False, True], ids=["one after the other", "in one batch"])
def test_a_second_chat_with_the_same_words_does_not_take_the_contact_over(line: Line, together: bool) -> None:
    line.crm.create(email=EMAIL, firstname="Owner", lastname="Original")
    one, two = same_shard("chat", 2)
    if together:
        with line.hold():
            line.send(stranger(one), stranger(two))
        line.settle(hasten=True)
    else:
        line.sync(stranger(one), stranger(two))
    first, second = (one, two) if any(key_of(each) == one for each in line.crm.contacts()) else (two, one)
    [contact] = line.crm.contacts()
    assert (contact["properties"]["firstname"], contact["properties"]["phone"]) == ("Owner", "+66822222222")
    assert (record(line, first).untrusted, record(line, second).untrusted) == (False, True)
    assert line.receipt(second).reason == BY_EMAIL
    assert line.chat.told() == []


def test_nor_in_another_shard_at_the_same_time(line: Line) -> None:
    pairs = [(f"a-{n}", f"b-{n}") for n in range(8)]
    for n, _ in enumerate(pairs):
        line.crm.create(email=f"{n}-{EMAIL}", firstname="Owner", lastname="Original")
    bodies = [stranger(one, email=f"{n}-{EMAIL}") for n, pair in enumerate(pairs) for one in pair]
    assert set(line.storm(bodies, at_once=16)) == {200}
    line.settle(hasten=True)
    assert {contact["properties"]["firstname"] for contact in line.crm.contacts()} == {"Owner"}
    assert len(line.crm.contacts()) == len(pairs)
    assert sorted(name[2:] for name in listed(line)) == [str(n) for n in range(len(pairs))]


@pytest.mark.parametrize("lag", [0, 30], ids=["restored", "searched for"])
@pytest.mark.parametrize("again", [False, True], ids=["second", "first, second"])
def test_nor_after_the_loss_of_redis(line: Line, again: bool, lag: int) -> None:
    line.crm.settings(search_lag=lag)
    line.crm.create(email=EMAIL, firstname="Owner", lastname="Original")
    line.sync(stranger("first"))
    line.redis.flushdb()
    if again:
        line.sync(lead("first", "Return", name="Chatty"))
    line.sync(stranger("second"))
    assert line.crm.contact("first")["firstname"] == "Owner"
    assert record(line, "second").untrusted


def test_nor_the_same_chat_whose_first_answer_was_lost(line: Line) -> None:
    line.sync(lead("owner", "Ask", email=EMAIL, name="Owner Original"))
    line.crm.fault("lost_answer", path="/batch/update", count=1)
    line.sync(stranger())
    eventually(lambda: line.receipt("stranger").written_ms)
    assert record(line, "stranger").untrusted
    assert line.crm.contact("owner")["dealdroid_last_intent"] == "Ask"


def test_the_phone_that_the_shop_had_still_proves_who_it_is(line: Line) -> None:
    line.crm.create(**{**IMPORTED, "phone": "082 222 2222"})
    line.sync(lead("first", email=EMAIL, phone="0899999999"), stranger("second"))
    assert not record(line, "second").email_match_only
    assert line.crm.contact("first")["dealdroid_cart"].startswith("1 x Hat")


# What the versions before have stored


@pytest.mark.parametrize("proven", [False, True])
def test_a_link_of_an_older_version_counts_as_its_record_says(line: Line, proven: bool) -> None:
    """Those proven by phone stay trusted; of the others, the contact says whose it is."""
    line.sync(owner())
    [contact] = line.crm.contacts()
    line.crm.control("PATCH", f"contacts/{contact['id']}", {"properties": {"dealdroid_other_customer_ids": "stranger"}})
    old = Customer(contact_id=contact["id"], shared=True, fill_only=not proven, email_match_only=not proven)
    line.redis.set(record_key(line, "stranger"), pack(old))
    line.sync(stranger(intent="Return"))
    contact = line.crm.contact("owner")
    assert contact["dealdroid_cart"].startswith("1 x Hat" if proven else "1 x Shirt")
    assert contact["dealdroid_last_intent"] == ("Return" if proven else "Purchase")
    assert ("stranger" in unsaved(line), listed(line)) == ((False, []) if proven else (True, ["stranger"]))


def test_a_merged_contact_is_the_other_customers_still(line: Line) -> None:
    line.sync(owner(), stranger())
    other = line.crm.create(firstname="Salesperson's", email="another@somebody-elses.co.th")
    [mine] = [each["id"] for each in line.crm.contacts() if key_of(each) == "owner"]
    line.crm.merge(other, mine)
    line.sync(stranger(intent="Return", **cart("Shoe", "1200")))
    assert line.crm.contact("owner")["dealdroid_cart"].startswith("1 x Shirt")
    assert "1 x Shoe" in unsaved(line)


def test_a_deleted_contact_leaves_each_chat_with_one_of_its_own(line: Line) -> None:
    line.sync(owner(), stranger())
    [contact] = line.crm.contacts()
    line.crm.control("DELETE", f"contacts/{contact['id']}")
    line.sync(stranger(intent="Return"))
    assert line.crm.contact("stranger")["dealdroid_cart"].startswith("1 x Hat")
    assert listed(line) == []


# Where the shop wants it overwritten


def test_where_the_shop_says_overwrite_the_contact_is_overwritten(
    spare_line: Callable[..., Line], tmp_path: Path
) -> None:
    """Another customer's too. Switched back to "fill", the link is one by email only."""
    config = tmp_path / "leadsync.toml"
    config.write_text('[crm]\nemail_match = "overwrite"\n')
    line = spare_line(LEADSYNC_CONFIG=str(config), WEB_CONCURRENCY="1")
    line.start("web", **PATIENT)
    worker = line.start("worker", "--one")
    line.await_web()
    line.sync(owner(), stranger())
    contact = line.crm.contact("owner")
    assert (contact["firstname"], contact["phone"], contact["dealdroid_last_intent"]) == (
        "Chatty",
        "+66822222222",
        "Complain",
    )
    assert contact["dealdroid_cart"].startswith("1 x Hat")
    assert "dealdroid_unsaved" not in contact
    assert (line.receipt("stranger").reason, listed(line), line.chat.told("stranger")) == ("", [], [])
    worker.stop()
    config.write_text('[crm]\nemail_match = "fill"\n')
    line.start("worker", "--one")
    line.sync(stranger(intent="Return", **cart("Shoe", "1200")))
    assert line.crm.contact("owner")["dealdroid_cart"].startswith("1 x Hat")
    assert listed(line) == ["stranger"]


# Trust


def test_trusting_a_customer_joins_the_two_chats(line: Line) -> None:
    line.sync(owner(), stranger())
    assert listed(line) == ["stranger"]
    [contact] = line.crm.contacts()
    assert call(line, "trust", "stranger") == {
        "customer_id": "stranger",
        "contact_id": contact["id"],
        "trusted": True,
        "changed": True,
    }
    assert listed(line) == []
    assert call(line, "trust", "stranger")["changed"] is False
    line.sync(stranger())
    mine = line.crm.contact("owner")
    assert mine["dealdroid_cart"].startswith("1 x Hat")
    assert (mine["firstname"], mine["phone"], mine["dealdroid_last_intent"]) == ("Chatty", "+66822222222", "Complain")
    assert line.receipt("stranger").reason in ("", BY_EMAIL)
    assert [one.reason for one in line.receipts("stranger")] == [BY_EMAIL, ""]
    assert len(line.chat.told("stranger")) == 1
    line.sync(owner(phone="0877777777"))
    assert line.crm.contact("owner")["phone"] == "+66877777777"


def test_trust_can_be_undone(line: Line) -> None:
    line.sync(owner(), stranger())
    call(line, "trust", "stranger")
    line.sync(stranger())
    assert call(line, "trust", "stranger", "--undo")["trusted"] is False
    line.sync(owner(intent="Ask"), stranger(intent="Return", **cart("Shoe", "1200")))
    assert line.crm.contact("owner")["dealdroid_cart"].startswith("1 x Shirt")
    assert "1 x Shoe" in unsaved(line)
    assert listed(line) == ["stranger"]


def test_trusting_the_chat_of_an_imported_contact_lets_it_write_all(line: Line) -> None:
    line.crm.create(**IMPORTED)
    line.sync(stranger("chat"))
    call(line, "trust", "chat")
    line.sync(stranger("chat"))
    assert line.crm.contact("chat")["firstname"] == "Chatty"


def test_a_trusted_link_is_what_a_drain_in_between_finds(line: Line) -> None:
    """A lead that is being written while the person decides is decided anew."""
    line.sync(owner(), stranger())
    with line.hold():
        line.send(stranger(intent="Return", **cart("Shoe", "1200")))
        call(line, "trust", "stranger")
    line.settle()
    assert line.crm.contact("owner")["dealdroid_cart"].startswith("1 x Shoe")


@pytest.mark.parametrize("customer", ["nobody", "owner"])
def test_only_a_match_can_be_trusted(line: Line, customer: str) -> None:
    line.sync(owner())
    for words in ((), ("--undo",)):
        done = CliRunner().invoke(cli, ["trust", customer, *words], env=line.environ)
        assert (done.exit_code, "by email" in done.output) == (1, True)


def test_nobody_is_forgotten_or_exported_without_the_match(line: Line) -> None:
    line.sync(owner(), stranger())
    shown = call(line, "export", "stranger")
    assert shown["record"]["untrusted"] is True
    assert shown["email_match"]["contact_id"] == record(line, "owner").contact_id
    assert call(line, "export", "owner")["email_match"] is None
    done = CliRunner().invoke(cli, ["forget", "stranger", "--yes", "--hubspot"], env=line.environ)
    assert done.exit_code == 0, done.output
    assert listed(line) == []
    assert "stranger" not in json.dumps(line.crm.contact("owner"))
    assert "Hat" not in unsaved(line)


def test_the_actions_say_who_was_trusted(line: Line) -> None:
    line.sync(owner(), stranger())
    call(line, "trust", "stranger")
    call(line, "trust", "stranger", "--undo")
    assert [one["c"] for one in call(line, "export", "stranger")["actions"]] == ["trust", "untrust"]


@pytest.mark.parametrize("merged", [False, True])
def test_a_stranger_who_was_forgotten_proves_nothing_by_the_phone_that_they_left_behind(
    line: Line, merged: bool
) -> None:
    line.sync(owner(phone=""), stranger(phone="0822222222"))
    assert line.crm.contact("owner")["phone"] == "+66822222222"
    done = CliRunner().invoke(cli, ["forget", "stranger", "--yes", "--hubspot"], env=line.environ)
    assert done.exit_code == 0, done.output
    if merged:
        other = line.crm.create(firstname="Salesperson's", email="another@somebody-elses.co.th")
        [mine] = [each["id"] for each in line.crm.contacts() if key_of(each) == "owner"]
        # The contact that remains has another id, which no record here names.
        line.crm.merge(other, mine)
    before = line.crm.contact("owner")
    line.sync(stranger("stranger-again", phone="0822222222"))
    contact = line.crm.contact("owner")
    assert [contact[name] for name in ("dealdroid_cart_total", "firstname")] == ["500", before["firstname"]]
    assert listed(line) == ["stranger-again"]
