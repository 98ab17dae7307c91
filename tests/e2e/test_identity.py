"""An email that belongs to somebody else's contact; aliases, in Redis and in HubSpot."""

from typing import Any

import pytest

from leadcore.store import keys
from tests.conftest import Line, eventually, lead, same_shard
from tests.stand_ins import key_of
from workers.rules.customer import unpack

EMAIL = "shared@somebody-elses.co.th"
OWN = {"email": EMAIL, "firstname": "Owner", "lastname": "Original", "phone": "+6621112222", "city": "Pak Kret"}
HOME = {"street_address": "1 Silom Road", "city": "Bangkok", "postal_code": "10500", "country": "Thailand"}


def somebody(customer_id: str, **said: Any) -> dict[str, Any]:
    return lead(customer_id, **{"name": "Chatty Customer", "phone": "0812345678", "email": EMAIL, **said})


def record(line: Line, customer_id: str) -> Any:
    return unpack(line.redis.get(keys.customer(keys.digest(line.redis.get(keys.SECRET), customer_id))))


@pytest.mark.parametrize("bare", [False, True], ids=["full", "bare"])
@pytest.mark.parametrize("form", ["existing_id", "no_id", "already_exists", "code", "coordinates"])
def test_somebody_elses_contact_keeps_its_values_gains_its_blanks_and_is_not_doubled(
    line: Line, form: str, bare: bool
) -> None:
    existing = line.crm.create(email=EMAIL, firstname="Owner", lastname="Original", phone="+6621112222")
    line.crm.settings(conflict=form, bare_errors=bare)
    with line.hold():
        line.send(*(lead(one, name="Neighbour") for one in same_shard("neighbour", 3)))
        line.send(somebody(same_shard("chatty", 1)[0], address=HOME, language="en"))
    line.settle()
    [contact] = [each for each in line.crm.contacts() if each["id"] == existing]
    properties = contact["properties"]
    assert {name: properties[name] for name in ("firstname", "lastname", "phone", "email")} == {
        "firstname": "Owner",
        "lastname": "Original",
        "phone": "+6621112222",
        "email": EMAIL,
    }
    assert (properties["zip"], properties["country"], properties["mobilephone"]) == (
        "10500",
        "Thailand",
        "+66812345678",
    )
    assert key_of(contact) == same_shard("chatty", 1)[0]
    assert "Chatty" in properties["dealdroid_unsaved"]
    assert "+66812345678" in properties["dealdroid_unsaved"]
    assert not {"hs_lead_status", "dealdroid_first_intent"} & properties.keys()
    assert len(line.crm.contacts()) == 4
    assert line.receipt(key_of(contact)).contact_id == existing


def test_the_protection_of_somebody_elses_contact_lasts(line: Line) -> None:
    existing = line.crm.create(**OWN)
    line.sync(somebody("chatty"), somebody("chatty", phone="0899999999", address=HOME))
    [contact] = line.crm.contacts()
    assert contact["id"] == existing
    assert {name: contact["properties"][name] for name in OWN} == OWN
    assert "zip" not in contact["properties"]
    assert line.redis.get(keys.contact(existing))


def test_a_customer_known_by_email_alone_is_told_nothing(line: Line) -> None:
    line.crm.create(**OWN)
    line.sync(somebody("chatty", address=HOME), somebody("chatty", phone="0899999999"))
    assert line.chat.told() == []
    assert line.receipt("chatty").message == "silent: found_by_email_alone"


def test_the_phone_of_the_contact_proves_who_it_is(line: Line) -> None:
    line.crm.create(**{**OWN, "phone": "081 234 5678"})
    line.sync(somebody("chatty"))
    contact = line.crm.contact("chatty")
    assert (contact["firstname"], contact["lastname"]) == ("Chatty", "Customer")
    assert len(line.chat.told("chatty")) == 1


@pytest.mark.parametrize("form", ["existing_id", "no_id", "already_exists", "code", "coordinates"])
def test_a_known_customer_who_says_somebody_elses_email_keeps_the_own_contact(line: Line, form: str) -> None:
    line.crm.create(**OWN)
    line.crm.settings(conflict=form)
    line.sync(lead("known", name="Somchai Jaidee", phone="0812345678"), lead("known", email=EMAIL, phone="0898887777"))
    contact = line.crm.contact("known")
    assert (contact["phone"], contact.get("email")) == ("+66898887777", None)
    assert EMAIL in contact["dealdroid_unsaved"]
    assert len(line.crm.contacts()) == 2


def test_a_second_customer_of_our_contact_is_its_alias_in_redis_and_in_hubspot(line: Line) -> None:
    line.sync(somebody("first"), somebody("second", name="Other Person", phone="0899999999"))
    [contact] = line.crm.contacts()
    assert key_of(contact) == "first"
    assert contact["properties"]["dealdroid_other_customer_ids"] == "second"
    assert contact["properties"]["firstname"] == "Chatty"
    alias = record(line, "second")
    assert (alias.contact_id, alias.shared, alias.fill_only) == (contact["id"], True, True)


def test_two_new_customers_with_one_email_in_one_batch_are_one_contact(line: Line) -> None:
    one, two = same_shard("pair", 2)
    with line.hold():
        line.send(somebody(one), somebody(two))
    line.settle()
    [contact] = line.crm.contacts()
    assert {key_of(contact), contact["properties"]["dealdroid_other_customer_ids"]} == {one, two}


def test_an_alias_shares_the_contacts_clock(line: Line) -> None:
    """What the one has said is no news from the other, and what one says anew is written whoever says it."""
    line.sync(somebody("first"), somebody("second"))
    before = line.crm.calls("/batch/update")
    line.sync(somebody("second"))
    assert line.crm.calls("/batch/update") == before
    line.sync(lead("first", phone="0899999999"), lead("second", phone="0877777777"), lead("first", phone="0866666666"))
    assert line.crm.said("first", "phone") == ["+66812345678", "+66899999999", "+66877777777", "+66866666666"]


def test_aliases_survive_the_loss_of_redis(line: Line) -> None:
    line.crm.settings(search_lag=0)
    line.sync(somebody("first"), somebody("second"))
    line.redis.flushdb()
    line.sync(lead("second", "Asks again", city="Nonthaburi"), lead("first", phone="0899999999"))
    [contact] = line.crm.contacts()
    assert contact["properties"]["phone"] == "+66899999999"
    assert record(line, "second").contact_id == contact["id"]


@pytest.mark.parametrize("lag", [0, 30])
def test_after_the_loss_of_redis_a_known_contact_is_not_a_new_lead(line: Line, lag: int) -> None:
    """Also where search does not know it yet."""
    line.crm.settings(search_lag=lag)
    line.sync(lead("worked-on", name="Somchai Jaidee", phone="0812345678"))
    [contact] = line.crm.contacts()
    line.crm.control("PATCH", f"contacts/{contact['id']}", {"properties": {"hs_lead_status": "CONNECTED"}})
    line.redis.flushdb()
    line.sync(lead("worked-on", phone="0899999999"), lead("fresh", name="Fresh"))
    assert line.crm.contact("worked-on")["hs_lead_status"] == "CONNECTED"
    assert line.crm.contact("fresh")["hs_lead_status"] == "NEW"


def test_an_email_used_by_three_customers_identifies_nobody(line: Line) -> None:
    line.crm.create(**OWN)
    line.sync(somebody("one"), somebody("two"), somebody("three"), somebody("four"))
    assert {key_of(contact) for contact in line.crm.contacts()} == {"one", "three", "four"}
    for customer_id in ("three", "four"):
        contact = line.crm.contact(customer_id)
        assert (contact["firstname"], contact.get("email")) == ("Chatty", None)
        assert EMAIL in contact["dealdroid_unsaved"]


def test_an_ignored_email_is_no_email(line: Line) -> None:
    line.sync(somebody("one", email="test@test.com"), somebody("two", email="test@test.com"))
    assert [contact["properties"].get("email") for contact in line.crm.contacts()] == [None, None]


def test_ten_customers_who_share_a_contact_at_once_lose_nothing(line: Line) -> None:
    """Two may share an email; here every pair does, over all shards at the same time."""
    pairs = [(f"a-{n}", f"b-{n}") for n in range(10)]
    bodies = [
        somebody(one, email=f"pair{number}@somebody-elses.co.th") for number, pair in enumerate(pairs) for one in pair
    ]
    assert set(line.storm(bodies, at_once=20)) == {200}
    line.settle()
    contacts = line.crm.contacts()
    assert len(contacts) == 10
    for contact in contacts:
        owner, alias = key_of(contact), contact["properties"]["dealdroid_other_customer_ids"]
        assert {owner[2:], alias[2:]} == {owner[2:]}
    eventually(lambda: {one.state for one in line.receipts()} <= {"created", "updated", "unchanged"})
