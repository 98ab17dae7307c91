"""What is sent in place of what HubSpot refuses, or asks for, and what of it a person can still see."""

import pytest
from msgspec.structs import replace

from leadcore.reasons import Reason, reason
from leadcore.receipts import PARKED, UNCHANGED, Note
from leadcore.required import Requirement, Scope
from tests.workers.rules.planning import BY_EMAIL, BY_NAME, DIGEST, PHONE, decided, go_on, group, known, plan
from workers.rules.lead import Result
from workers.rules.mapping.mapped_event import MappedEvent
from workers.rules.mapping.property_names import UNSAVED
from workers.rules.plan import UNNAMED, WritePlanner
from workers.rules.portal import Portal
from workers.rules.required import RequiredProperties

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
