from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from leadcore.reasons import reason
from leadcore.receipts import CREATED, SKIPPED, UNCHANGED, UPDATED, WAITING, Note
from tests.workers.rules.planning import (
    BY_EMAIL,
    BY_NAME,
    BY_PHONE,
    DIGEST,
    PHONE,
    VERSION,
    clock_of,
    decided,
    go_on,
    group,
    known,
    plan,
)
from workers.rules.customer import UNKNOWN, Customer
from workers.rules.lead import Result
from workers.rules.mapping.mapped_event import MappedEvent
from workers.rules.mapping.property_names import CUSTOMER_ID, OTHER_IDS, PLACEHOLDER, UNSAVED
from workers.rules.plan import WritePlanner, merge_unsaved, remove_chat
from workers.rules.portal import Portal

# Beginning


def test_a_new_customer_gets_everything_and_what_is_for_creation_only() -> None:
    started = decided(BY_NAME)
    assert started.open
    assert not started.decision.needs_read
    assert started.decision.properties == {
        "firstname": "Ann",
        "email": "a@x.th",
        "zip": "10110",
        "hs_lead_status": "NEW",
    }


def test_a_new_customer_with_nothing_but_a_phone_gets_a_placeholder() -> None:
    started = decided(BY_PHONE)
    assert started.decision.properties == {"phone": PHONE, "lastname": "089 123 4567", "hs_lead_status": "NEW"}
    assert started.decision.placeholder == "089 123 4567"


def test_an_unknown_customer_without_contact_details_gets_no_contact() -> None:
    started = decided(MappedEvent(activity={"dealdroid_last_intent": "Ask"}, creation={"hs_lead_status": "NEW"}))
    assert started.result == Result(SKIPPED, code="no_details", why=reason("no_contact_details"))


def test_one_event_with_details_makes_a_contact_of_the_whole_batch() -> None:
    assert decided(MappedEvent(activity={"dealdroid_last_intent": "Ask"}), BY_PHONE, MappedEvent()).open


def test_the_first_intent_of_a_new_customer_is_that_of_the_oldest_event() -> None:
    first = replace(BY_PHONE, creation={"dealdroid_first_intent": "Ask"})
    later = replace(BY_PHONE, creation={"dealdroid_first_intent": "Buy", "hs_lead_status": "NEW"})
    properties = decided(first, later).decision.properties
    assert (properties["dealdroid_first_intent"], properties["hs_lead_status"]) == ("Ask", "NEW")


def test_a_known_customer_gets_only_news_and_nothing_for_creation() -> None:
    assert decided(BY_NAME, customer=known({"firstname": "Ann", "zip": "10110"})).decision.properties == {
        "email": "a@x.th"
    }


def test_a_known_customer_without_news_costs_no_call() -> None:
    said = {"firstname": "Ann", "email": "a@x.th", "zip": "10110"}
    assert decided(BY_NAME, customer=known(said)).result == Result(UNCHANGED, "501")


def test_a_known_customer_without_contact_details_gets_the_activity() -> None:
    started = decided(MappedEvent(activity={"dealdroid_last_intent": "Ask"}), customer=known())
    assert started.decision.properties == {"dealdroid_last_intent": "Ask"}


@pytest.mark.parametrize(
    ("customer", "needs_read"),
    [(known(), False), (known(shared=True), True), (known({PLACEHOLDER: "x"}), True)],
)
def test_a_contact_is_read_before_a_write_that_depends_on_its_values(customer: Customer, needs_read: bool) -> None:
    assert decided(MappedEvent({"firstname": "Ann"}), customer=customer).decision.needs_read is needs_read


# HubSpot took it


@pytest.mark.parametrize(
    ("customer", "new", "state"),
    [
        (UNKNOWN, True, CREATED),
        (UNKNOWN, False, UPDATED),
        (UNKNOWN, None, CREATED),
        (known(), False, UPDATED),
        (known(), None, UPDATED),
    ],
)
def test_the_receipt_says_what_hubspot_says(customer: Customer, new: bool | None, state: str) -> None:
    started = decided(BY_NAME, customer=customer)
    started.record_written("501", new)
    assert started.result == Result(state, "501")
    assert started.customer.contact_id == "501"


def test_a_warning_goes_to_the_receipt_by_our_name() -> None:
    told = decided(BY_PHONE)
    own = WritePlanner(Portal(targets={"phone": "own_phone"}), DIGEST)
    notes = own.note_written(told.decision, True, [("own_phone", "CODE"), ("", "OTHER")]).notes
    assert [(note.property, note.what) for note in notes] == [("phone", "warned"), ("contact", "warned")]
    assert notes[0].why == reason("written_with_warning", code="CODE")


def test_a_contact_that_was_deleted_gets_all_that_the_event_holds() -> None:
    said = {"firstname": "Ann", "zip": "10110"}
    started = decided(
        BY_NAME, customer=known(said, fill_only=True, shared=True, day=7, sent_texts=frozenset({b"abcd"}))
    )
    go_on(started, plan().restart_as_new)
    assert started.open
    assert started.decision.properties == {
        "firstname": "Ann",
        "email": "a@x.th",
        "zip": "10110",
        "hs_lead_status": "NEW",
    }
    assert started.customer == Customer(revision=4, day=7, sent_texts=frozenset({b"abcd"}))
    started.record_written("777", True)
    assert started.result == Result(CREATED, "777")


@pytest.mark.parametrize(
    ("shared", "contact_id"),
    [(True, "777"), (False, "777"), (False, "")],
    ids=["merged and shared", "merged", "dry run"],
)
def test_another_id_of_a_known_contact_or_none_makes_no_new_one(shared: bool, contact_id: str) -> None:
    started = decided(BY_NAME, customer=known({"firstname": "Ann"}, shared=shared))
    started.record_written(contact_id, None)
    assert started.result == Result(UPDATED, contact_id)


def test_a_contact_that_vanishes_again_and_again_is_waited_for() -> None:
    started = decided(BY_NAME, customer=known())
    go_on(started, plan().restart_as_new)
    assert started.open
    go_on(started, plan().restart_as_new)
    assert started.result is not None
    assert (started.result.state, started.result.code) == (WAITING, "vanishing")


@pytest.mark.parametrize("state", ["Krabi", "จ.กระบี่", "krabi province"])
def test_the_postcode_of_the_province_that_a_salesperson_wrote_clears_no_street(state: str) -> None:
    bare = MappedEvent(address={"zip": "81000", "state": "กระบี่", "country": "Thailand"})
    started = group(bare, customer=known())
    current = {"address": "12 Main Rd", "state": state, "country": "ไทย"}
    started.relink(plan().add_unrecorded_address(started.customer, current))
    go_on(started, plan().decide)
    assert started.decision.properties == bare.address


# A value that belongs to another contact


def test_without_a_value_of_another_contact_the_rest_is_written() -> None:
    started = decided(BY_EMAIL)
    go_on(started, plan().drop_value, "email", reason("email_taken"))
    assert started.open
    assert started.decision.properties == {
        "phone": PHONE,
        "lastname": "089 123 4567",
        "hs_lead_status": "NEW",
        UNSAVED: "email: a@x.th",
    }
    assert started.decision.notes == (Note("email", "dropped", reason("email_taken")),)
    assert not started.decision.email_refused


# Somebody else's contact


def test_somebody_elses_contact_keeps_its_values_and_gains_what_was_blank() -> None:
    started = decided(BY_EMAIL, customer=known(fill_only=True, shared=True))
    started.decide(plan().add_values(started.decision, {CUSTOMER_ID: "c-1", OTHER_IDS: "c-1"}))
    go_on(started, plan().protect_existing, {"phone": "02 123 4567"})
    assert started.decision.properties == {
        "email": "a@x.th",
        CUSTOMER_ID: "c-1",
        OTHER_IDS: "c-1",
        UNSAVED: f"phone: {PHONE}",
    }
    assert [note.property for note in started.decision.notes] == ["phone"]


def test_our_own_contact_is_overwritten() -> None:
    started = decided(BY_EMAIL, customer=known(shared=True))
    go_on(started, plan().protect_existing, {"phone": "02 123 4567"})
    assert started.decision.properties == {"email": "a@x.th", "phone": PHONE}


def test_nothing_left_for_somebody_elses_contact_is_unchanged() -> None:
    started = decided(MappedEvent({"phone": PHONE}), customer=known(fill_only=True, shared=True))
    go_on(started, plan().protect_existing, {"phone": PHONE})
    assert started.result == Result(UNCHANGED, "501")


def test_another_customers_contact_gains_what_was_blank_and_a_line_with_id_and_date() -> None:
    started = decided(
        MappedEvent({"phone": PHONE, "company": "Ltd"}, unsaved={"email": "no email"}),
        customer=known(fill_only=True, shared=True, untrusted=True),
    )
    before = "phone: call me\nphone (chat c-1, 2026-01-05): +66811111111\nphone (chat c-2, 2026-01-05): 7"
    go_on(started, plan().protect_existing, {"phone": "02 123 4567", UNSAVED: before})
    assert started.decision.properties == {
        "company": "Ltd",
        UNSAVED: f"phone: call me\nphone (chat c-1, 2026-02-25): {PHONE}\nphone (chat c-2, 2026-01-05): 7\n"
        "email (chat c-1, 2026-02-25): no email",
    }


def test_the_date_is_that_of_the_event_in_the_shops_time_zone() -> None:
    evening, next_day = 1_772_044_200_000 << 16, 1_772_130_600_000 << 16
    started = decided(MappedEvent({"phone": PHONE}), MappedEvent({"company": "Ltd"}))
    leads = [replace(started.leads[0], version=evening), replace(started.leads[1], version=next_day)]
    started.loaded = replace(started.loaded, leads=leads)
    started.relink(known(fill_only=True, shared=True, untrusted=True))
    for timezone, days in (("UTC", ("2026-02-25", "2026-02-26")), ("Asia/Bangkok", ("2026-02-26", "2026-02-27"))):
        own = WritePlanner(Portal(), DIGEST, ZoneInfo(timezone))
        go_on(started, own.decide)
        go_on(started, own.protect_existing, {"phone": "1", "company": "2"})
        assert [f"(chat c-1, {day})" in started.decision.properties[UNSAVED] for day in days] == [True, True]


def test_what_stands_there_already_is_not_written_again() -> None:
    started = decided(MappedEvent({"phone": PHONE}), customer=known(fill_only=True, shared=True, untrusted=True))
    go_on(started, plan().protect_existing, {"phone": "1", UNSAVED: f"phone (chat c-1, 2026-02-25): {PHONE}"})
    assert started.result == Result(UNCHANGED, "501")


@pytest.mark.parametrize(("current", "cleared"), [("089 123 4567", True), ("Lee", False), ("", False)])
def test_the_placeholder_is_cleared_only_while_it_stands(current: str, cleared: bool) -> None:
    customer = known()
    customer = replace(customer, clock={PLACEHOLDER: (VERSION - 9, DIGEST("lastname", "089 123 4567"))})
    started = decided(MappedEvent({"firstname": "Ann"}), customer=customer)
    go_on(started, plan().protect_existing, {"lastname": current})
    assert started.decision.properties == {"firstname": "Ann", **({"lastname": ""} if cleared else {})}


# What the clock says afterwards


def test_a_refused_value_is_recorded_in_the_clock() -> None:
    started = decided(BY_NAME)
    go_on(started, plan().drop_refused, {"zip": "no"}, "refused")
    started.record_written("501", True)
    again = group(BY_NAME, customer=known())
    again.relink(replace(again.customer, clock=clock_of(started)))
    go_on(again, plan().decide)
    assert again.result == Result(UNCHANGED, "501")


def test_the_placeholder_is_remembered_to_make_way_later() -> None:
    started = decided(BY_PHONE)
    assert clock_of(started)[PLACEHOLDER] == (VERSION, DIGEST("lastname", "089 123 4567"))
    assert PLACEHOLDER not in clock_of(decided(BY_NAME))


def test_a_last_name_that_is_our_placeholder_is_not_remembered_as_the_customers() -> None:
    assert "lastname" not in clock_of(decided(BY_PHONE))


@pytest.mark.parametrize(
    ("before", "values", "after"),
    [
        ("", {"email": "a(at)x"}, "email: a(at)x"),
        ("email: a(at)x", {"payment_method": "wallet"}, "email: a(at)x\npayment_method: wallet"),
        ("email: a(at)x\nphone: 12", {"email": "b(at)y"}, "email: b(at)y\nphone: 12"),
        ("address: line 1\nline 2", {"email": "a(at)x"}, "address: line 1\nline 2\nemail: a(at)x"),
        ("a note of the salesperson", {"email": "a(at)x"}, "a note of the salesperson\nemail: a(at)x"),
    ],
)
def test_what_was_not_saved_before_stays_beside_what_is_not_saved_now(
    before: str, values: dict[str, str], after: str
) -> None:
    assert merge_unsaved(before, values) == after


@pytest.mark.parametrize("chat", ["c-2", "a b", "a\nb", "(c)", "ลูกค้า, 1", " "])
def test_a_chats_lines_are_its_own_and_go_alone(chat: str) -> None:
    """A text of several lines, whatever it says, is no line of anybody else."""
    own = "a note\nphone: 12\nphone (chat c-1, 2026-01-05): 13"
    forged = "x\nphone: 99\u2028phone (chat c-1, 2026-01-05): 99"
    both = merge_unsaved(
        own, {"phone": "14", "address": forged}, chat, {"phone": "2026-01-06", "address": "2026-01-06"}
    )
    assert both.startswith(own + "\nphone (chat ")
    again = merge_unsaved(both, {"phone": "15"}, chat, {"phone": "2026-01-07"})
    assert ("14" in again, again.count("phone (chat")) == (False, 3)
    assert remove_chat(again, chat) == own
