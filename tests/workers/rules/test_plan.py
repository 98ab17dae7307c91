from collections.abc import Callable, Mapping
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from leadcore.reasons import Reason, reason
from leadcore.receipts import CREATED, PARKED, SKIPPED, UNCHANGED, UPDATED, WAITING, Note
from leadcore.required import Requirement, Scope
from workers.rules.customer import UNKNOWN, Customer
from workers.rules.field_clock import digester
from workers.rules.lead import CustomerBatch, Decision, Lead, Loaded, Result
from workers.rules.mapping.mapped_event import MappedEvent
from workers.rules.mapping.property_names import CUSTOMER_ID, OTHER_IDS, PLACEHOLDER, UNSAVED
from workers.rules.plan import UNNAMED, WritePlanner, clock_after, merge_unsaved, remove_chat
from workers.rules.portal import Portal
from workers.rules.required import RequiredProperties

DIGEST = digester(b"key of the tests")
VERSION = 1_772_000_000_000 << 16
PHONE = "+66891234567"
BY_PHONE = MappedEvent({"phone": PHONE}, creation={"hs_lead_status": "NEW"}, placeholder="089 123 4567")
BY_EMAIL = MappedEvent(
    {"email": "a@x.th", "phone": PHONE}, creation={"hs_lead_status": "NEW"}, placeholder="089 123 4567"
)
BY_NAME = MappedEvent({"firstname": "Ann", "email": "a@x.th"}, {"zip": "10110"}, creation={"hs_lead_status": "NEW"})


def plan(*names: str) -> WritePlanner:
    return WritePlanner(Portal(frozenset(names) if names else None), DIGEST)


def group(*told: MappedEvent, customer: Customer = UNKNOWN) -> CustomerBatch:
    leads = [
        Lead(b"1-1", f"lead{n}", VERSION + n, "", 0, "c-1", "Purchase", mapped, {}) for n, mapped in enumerate(told)
    ]
    return CustomerBatch(Loaded("c-1", leads, "record", stored=customer), Decision(customer))


def known(clock: Mapping[str, str] | None = None, **more: object) -> Customer:
    """A customer with contact 501 who said the values of `clock` before."""
    stamps = {name: (VERSION - 9, DIGEST(name, value)) for name, value in (clock or {}).items()}
    return Customer(**{"contact_id": "501", "clock": stamps, "revision": 4, **more})  # type: ignore[arg-type]


def clock_of(started: CustomerBatch) -> Mapping[str, tuple[int, bytes]]:
    return clock_after(started.loaded, started.decision, DIGEST)


def go_on(started: CustomerBatch, rule: Callable[..., Decision], *more: object) -> None:
    started.decide(rule(started.loaded, started.decision, *more))


def decided(*told: MappedEvent, customer: Customer = UNKNOWN) -> CustomerBatch:
    started = group(*told, customer=customer)
    go_on(started, plan().decide)
    return started


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


# HubSpot refuses values


def test_a_refused_value_is_dropped_and_kept_where_a_person_sees_it() -> None:
    started = decided(BY_NAME)
    go_on(started, plan().drop_refused, {"zip": reason("option_missing")}, "refused")
    assert started.open
    assert started.decision.properties == {
        "firstname": "Ann",
        "email": "a@x.th",
        "hs_lead_status": "NEW",
        UNSAVED: "zip: 10110",
    }
    assert started.decision.notes == (Note("zip", "dropped", reason("option_missing")),)
    assert not started.decision.email_refused


def test_what_the_rules_refused_and_what_hubspot_refused_stand_together() -> None:
    started = decided(replace(BY_NAME, unsaved={"phone": "call me"}))
    go_on(started, plan().drop_refused, {"zip": "no"}, "refused")
    go_on(started, plan().drop_refused, {"email": "no"}, "refused")
    assert started.decision.properties[UNSAVED] == "phone: call me\nzip: 10110\nemail: a@x.th"
    assert started.decision.email_refused


def test_refused_values_go_by_our_names_whatever_the_shop_calls_them() -> None:
    started = group(BY_NAME)
    mapped = WritePlanner(Portal(targets={"zip": "shop_zip"}), DIGEST)
    go_on(started, mapped.decide)
    go_on(started, mapped.drop_refused, {"shop_zip": "no"}, "refused")
    assert started.decision.properties[UNSAVED] == "zip: 10110"


def test_a_new_customer_whose_email_is_refused_still_gets_a_name() -> None:
    started = decided(BY_EMAIL)
    assert "lastname" not in started.decision.properties
    go_on(started, plan().drop_refused, {"email": "no"}, "refused")
    assert started.decision.properties["lastname"] == started.decision.placeholder == "089 123 4567"


def test_where_unsaved_values_are_refused_too_the_rest_is_written() -> None:
    started = decided(replace(BY_NAME, unsaved={"phone": "call me"}))
    go_on(started, plan().drop_refused, {UNSAVED: "no such property"}, "refused")
    assert started.open
    assert UNSAVED not in started.decision.properties


def test_a_portal_without_a_place_for_unsaved_values_is_sent_none() -> None:
    started = group(BY_NAME)
    small = plan("firstname", "email", "zip")
    go_on(started, small.decide)
    go_on(started, small.drop_refused, {"zip": "no"}, "refused")
    assert UNSAVED not in started.decision.properties


def test_a_known_customer_of_whom_nothing_is_left_is_unchanged() -> None:
    started = group(MappedEvent({"phone": PHONE}), customer=known())
    small = plan("phone")
    go_on(started, small.decide)
    go_on(started, small.drop_refused, {"phone": "no"}, "refused")
    assert started.result == Result(UNCHANGED, "501")


def test_of_a_known_customer_too_the_email_goes_first_where_no_field_is_named() -> None:
    started = decided(BY_NAME, customer=known({"firstname": "Ann"}))
    go_on(started, plan().drop_refused, {}, "refused")
    assert started.open
    assert started.customer.known
    assert "email" not in started.decision.properties
    assert started.decision.properties["zip"] == "10110"


@pytest.mark.parametrize("fields", [{}, {"something_else": "no"}])
def test_without_a_field_the_email_goes_first_then_all_but_name_and_activity_then_the_lead_is_parked(
    fields: dict[str, str],
) -> None:
    started = decided(replace(BY_NAME, activity={"dealdroid_last_intent": "Buy"}))
    go_on(started, plan().drop_refused, fields, reason("contact_refused"))
    assert started.open
    assert started.decision.properties == {
        "firstname": "Ann", "zip": "10110", "dealdroid_last_intent": "Buy", "hs_lead_status": "NEW",
        UNSAVED: "email: a@x.th",
    }  # fmt: skip
    go_on(started, plan().drop_refused, fields, reason("contact_refused"))
    assert started.open
    unsaved = "email: a@x.th\nzip: 10110\nhs_lead_status: NEW"
    assert started.decision.properties == {"firstname": "Ann", "dealdroid_last_intent": "Buy", UNSAVED: unsaved}
    assert [*started.decision.notes] == [Note(name, "dropped", UNNAMED) for name in ("email", "zip", "hs_lead_status")]
    go_on(started, plan().drop_refused, fields, reason("contact_refused"))
    assert started.result == Result(PARKED, code="refused", why=reason("contact_refused"))


def test_a_new_customer_gets_a_last_name_if_a_refusal_that_names_no_value_drops_the_email() -> None:
    started = decided(MappedEvent({"email": "a@x.th"}, placeholder="a"))
    go_on(started, plan().drop_refused, {}, "refused")
    assert started.decision.properties == {"lastname": "a", UNSAVED: "email: a@x.th"}


# What HubSpot requires


def company(scope: Scope, *partners: str) -> Requirement:
    return Requirement("company", "Company Name", scope, partners)


REQUIRED = {"company": "Company Name", "vat": "VAT"}


def strict(*known: Requirement, **defaults: str) -> WritePlanner:
    """The rules for a portal where the address's country is a closed choice; `known`: what it is known to require."""
    portal = Portal(labels=dict(REQUIRED), choices=frozenset({"country"}))
    return WritePlanner(portal, DIGEST, required=RequiredProperties(defaults, {one.field: one for one in known}))


def test_what_an_answer_shows_of_the_portal_stands_in_the_decision_alone() -> None:
    rules = strict()
    started = decided(MappedEvent({"firstname": "Ann"}, {"country": "Thailand"}))
    go_on(started, rules.drop_refused, {"company": "required"}, "refused")
    assert started.decision.properties == {"firstname": "Ann", UNSAVED: "country: Thailand"}
    written = rules.note_written(started.decision, True)
    assert (written.learned, written.disproved) == ((company("with", "country"),), ())
    go_on(started, rules.drop_refused, {"company": "required"}, "refused")
    assert started.result == Result(
        PARKED, code="required", why=reason("property_required", properties="Company Name (company)")
    )
    assert started.decision.learned == (company("create", DIGEST("dealdroid_customer_id", started.customer_id).hex()),)
    assert rules.required == RequiredProperties()


def test_a_new_contact_without_it_disproves_that_it_is_required() -> None:
    rules, started = strict(company("create")), decided(BY_NAME)
    assert rules.note_written(started.decision, True).disproved == ("company",)
    assert rules.note_written(started.decision, False).disproved == ()
    assert rules.required.known.keys() == {"company"}


def test_a_lead_that_lacks_several_required_properties_is_parked_with_all_of_them() -> None:
    started = group(BY_NAME)
    known_required = (Requirement(name, label, "create", refused=2) for name, label in REQUIRED.items())
    go_on(started, strict(*known_required).decide)
    why = reason("property_required", properties="Company Name (company), VAT (vat)")
    assert started.result == Result(PARKED, code="required", why=why)


def test_the_shops_own_value_is_sent_of_what_a_known_contact_lacks_once_it_is_read() -> None:
    rules, started = strict(company("write", "501"), company="Walk-in"), group(BY_NAME, customer=known())
    go_on(started, rules.decide)
    assert started.decision.waits_for_read
    go_on(started, rules.protect_existing, {}, rules.read_targets())
    assert not started.decision.waits_for_read
    assert (started.decision.properties["company"], started.decision.supplied) == ("Walk-in", {"company"})


UNTOLD = reason("value_refused", code="INVALID")
TOO_LONG = reason("value_refused", code="VALUE_TOO_LONG")


@pytest.mark.parametrize("why", [UNTOLD, reason("value_refused", code="REQUIRED_PROPERTIES")])
def test_a_value_that_hubspot_names_beside_what_is_missing_is_what_requires_it(why: Reason) -> None:
    """Some bodies name the property whose value brings the condition too."""
    rules = strict()
    started = decided(MappedEvent({"firstname": "Ann"}, {"country": "Thailand", "zip": "10110"}))
    go_on(started, rules.drop_refused, {"zip": why, "company": why}, "refused")
    assert started.decision.properties == {"firstname": "Ann", "country": "Thailand", UNSAVED: "zip: 10110"}
    assert started.decision.notes[0].why == reason("partner_required", properties="Company Name (company)")
    assert rules.note_written(started.decision, True).learned == (company("with", "zip"),)


@pytest.mark.parametrize("why", [TOO_LONG, reason("option_missing")])
def test_a_value_that_is_wrong_in_itself_requires_nothing(why: Reason) -> None:
    rules = strict()
    started = decided(MappedEvent({"firstname": "Ann"}, {"country": "Thailand", "zip": "10110"}))
    go_on(started, rules.drop_refused, {"zip": why, "company": UNTOLD}, "refused")
    assert started.decision.notes == (Note("zip", "dropped", why),)
    assert rules.note_written(started.decision, True).learned == ()


def test_a_value_that_would_be_cleared_but_is_required_stays() -> None:
    rules = strict()
    started = decided(BY_NAME)
    started.decide(replace(started.decision, properties={"firstname": "Ann", "zip": ""}))
    rules.portal.labels["zip"] = "Postal Code"  # type: ignore[index]
    go_on(started, rules.drop_refused, {"zip": UNTOLD}, "refused")
    assert started.decision.properties == {"firstname": "Ann"}
    assert rules.note_written(started.decision, True).learned == ()


def test_what_is_kept_back_for_want_of_another_is_not_called_missing() -> None:
    """HubSpot's words name both, each time."""
    rules = strict()
    started = decided(MappedEvent({"firstname": "Ann"}, {"country": "Thailand"}))
    text = "Company Name (company) is required with Country (country)"
    rules.portal.labels["country"] = "Country"  # type: ignore[index]
    go_on(started, rules.drop_refused, {}, "refused", text)
    go_on(started, rules.drop_refused, {}, "refused", text)
    why = reason("property_required", properties="Company Name (company)")
    assert started.result == Result(PARKED, code="required", why=why)
    assert started.decision.learned == (company("create", DIGEST("dealdroid_customer_id", started.customer_id).hex()),)


def test_something_required_that_hubspot_does_not_name_costs_the_choices_first_and_the_phone_last() -> None:
    rules, text = strict(), "Some required properties are missing"
    started = decided(
        MappedEvent({"firstname": "Ann", "email": "a@x.th", "phone": PHONE}, {"country": "Thailand", "zip": "10110"})
    )
    kept = [{"firstname", "email", "phone", "zip"}, {"firstname", "email", "phone"}, {"firstname", "phone"}]
    for names in [*kept, {"firstname"}]:
        go_on(started, rules.drop_refused, {}, "refused", text)
        assert started.decision.properties.keys() == {*names, UNSAVED}
        assert rules.note_written(started.decision, True).learned == ()
    go_on(started, rules.drop_refused, {}, "refused", text)
    assert started.result == Result(PARKED, code="refused", why="refused")


@pytest.mark.parametrize("fill_only", [True, False])
def test_a_value_that_is_written_after_all_is_not_called_unsaved(fill_only: bool) -> None:
    rules = strict()
    started = decided(MappedEvent({"firstname": "Ann", "phone": "1"}, {"country": "Thailand"}))
    go_on(started, rules.drop_refused, {"phone": "no"}, "refused")
    go_on(started, rules.drop_refused, {"company": "required"}, "refused")
    assert started.decision.properties[UNSAVED] == "phone: 1\ncountry: Thailand"
    started.decide(replace(started.decision, customer=known(fill_only=fill_only, shared=True)))
    go_on(started, rules.decide)
    go_on(started, rules.protect_existing, {"company": "Siam"}, ["company"])
    go_on(started, rules.drop_refused, {"phone": "no"}, "refused")
    assert started.decision.properties == {"firstname": "Ann", "country": "Thailand", UNSAVED: "phone: 1"}
    assert started.decision.notes == (Note("phone", "dropped", "no"),)


def test_a_refused_last_name_stays_noted_beside_the_placeholder_and_a_refused_value_beside_the_shops_own() -> None:
    started = decided(MappedEvent({"lastname": "Q!", "company": "?"}, placeholder="Chat c-1"))
    go_on(started, strict().drop_refused, {"lastname": "no", "company": "no"}, "refused")
    go_on(started, strict(company="Walk-in").drop_refused, {"company": "required"}, "refused")
    assert started.decision.properties == {
        "lastname": "Chat c-1",
        "company": "Walk-in",
        UNSAVED: "lastname: Q!\ncompany: ?",
    }
    assert [note.property for note in started.decision.notes] == ["lastname", "company"]


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
