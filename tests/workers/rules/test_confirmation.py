"""Each reason for silence, and the text if none applies."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec import structs

from leadcore import trial_lead
from leadcore.config import Config, Intent, Messages
from leadcore.reasons import reason
from leadcore.receipts import CREATED, PARKED, UNCHANGED, UPDATED, WARNED, Note
from workers.rules.confirmation import Confirmation, ConfirmationWriter
from workers.rules.customer import TEXT_BYTES, UNKNOWN, Customer
from workers.rules.lead import SILENT_KINDS, CustomerBatch, Decision, Lead, Loaded, Result
from workers.rules.mapping.mapped_event import MappedEvent
from workers.rules.mapping.property_names import UNSAVED
from workers.rules.news import NO_NEWS
from workers.rules.texts import BUILT_IN, MessageTemplates

BANGKOK = ZoneInfo("Asia/Bangkok")
NOON = int(datetime.fromisoformat("2026-03-01T12:00:00+07:00").timestamp() * 1000)
MINUTE = 60_000
SAVED, ADDRESS, MISSING, REFUSED = (
    BUILT_IN["en"][case] for case in ("details_saved", "address_saved", "something_missing", "email_refused")
)
ENGLISH = MappedEvent(details={"email": "a@x.th"}, language="en")


def lead(mapped: MappedEvent = ENGLISH, minutes_ago: float = 0, kind: str = "") -> Lead:
    version = (NOON - int(minutes_ago * MINUTE)) << 16
    return Lead(b"1-1", "lead1", version, kind, 0, "c-1", "Purchase", mapped, {})


def group(
    *leads: Lead,
    sent: Mapping[str, str] | None = None,
    state: str = UPDATED,
    stored: Customer = UNKNOWN,
    **more: Any,
) -> CustomerBatch:
    """`more`: what else was decided."""
    return CustomerBatch(
        Loaded("c-1", list(leads) or [lead()], stored=stored),
        Decision(properties={"email": "a@x.th"} if sent is None else sent, **more),
        result=Result(state, "501"),
    )


def write(given: CustomerBatch, now_ms: int = NOON, **messages: Any) -> Confirmation:
    intents = messages.pop("intents", {})
    config = Config(messages=Messages(default_language="en", **messages), intents=intents)
    return ConfirmationWriter(config, MessageTemplates.compile(config), BANGKOK).decide(given, now_ms)


def test_nobody_is_told_of_a_test_lead() -> None:
    given = write(group(structs.replace(lead(), customer=trial_lead.CUSTOMER)))
    assert (given.text, given.silence_reason) == ("", reason("test_lead"))


# What is said


@pytest.mark.parametrize("state", [CREATED, UPDATED])
def test_what_was_saved_is_confirmed(state: str) -> None:
    told = write(group(state=state))
    assert (told.text, told.silence_reason) == (SAVED, "")
    assert told.lead.id == "lead1"


def test_an_address_is_confirmed_as_an_address() -> None:
    assert write(group(sent={"zip": "10110"})).text == ADDRESS


def test_a_thai_customer_is_answered_in_thai() -> None:
    assert write(group(lead(structs.replace(ENGLISH, language="th")))).text == BUILT_IN["th"]["details_saved"]


def test_several_events_that_were_written_as_one_have_one_answer_to_the_newest() -> None:
    newest = structs.replace(lead(), id="newest")
    assert write(group(lead(minutes_ago=5), lead(minutes_ago=3), newest)).lead is newest


def test_only_values_of_this_very_event_appear() -> None:
    texts = {"en": {"details_saved": "[{{firstname}}{{phone}}{{email}}]"}}
    before = lead(MappedEvent({"phone": "+66812345678", "firstname": "Ann"}, language="en"), minutes_ago=1)
    told = write(group(before, lead(), sent={"email": "a@x.th", "phone": "+66812345678"}), texts=texts)
    assert told.text == "[a@x.th]"


def test_a_value_that_was_not_written_is_not_confirmed() -> None:
    """A late event is answered for what it brought, not for what a newer one had already said."""
    mapped = MappedEvent(details={"phone": "+66811111111", "email": "a@x.th"}, language="en")
    late = structs.replace(NO_NEWS, notes=[(Note("phone", "kept", "newer"),)])
    told = write(group(lead(mapped), news=late), texts={"en": {"details_saved": "{{phone}} {{email}}"}})
    assert told.text == "a@x.th"


def test_the_placeholder_never_gets_into_a_greeting() -> None:
    texts = {"en": {"details_saved": "Dear {{firstname}}{{lastname}}!"}}
    said = MappedEvent({"phone": "+66891234567"}, placeholder="089 123 4567", language="en")
    sent = {"phone": "+66891234567", "lastname": "089 123 4567"}
    assert write(group(lead(said), sent=sent, placeholder="089 123 4567"), texts=texts).text == "Dear !"


def test_the_shops_own_value_of_a_required_property_is_not_called_saved() -> None:
    given = group(sent={"company": "Walk-in", "zip": "10110"}, supplied=frozenset({"company", "zip"}))
    assert write(given).silence_reason == reason("nothing_new")
    own = group(sent={"company": "Walk-in", "zip": "10110"}, supplied=frozenset({"company"}))
    assert write(own).text == ADDRESS


def test_a_value_that_hubspot_only_warned_of_is_confirmed() -> None:
    texts = {"en": {"details_saved": "[{{email}}]"}}
    warned = Note("email", WARNED, reason("written_with_warning", code="X"))
    assert write(group(notes=(warned,)), texts=texts).text == "[a@x.th]"


@pytest.mark.parametrize(
    ("item", "asked"), [("phone", "phone number"), ("address", "delivery address"), ("name", "name")]
)
def test_what_nobody_can_read_for_sure_is_asked_for_and_nothing_is_called_saved(item: str, asked: str) -> None:
    unclear = lead(structs.replace(ENGLISH, unclear=frozenset({item})))
    told = write(group(unclear))
    assert told.text == MISSING.replace("{{missing}}", asked)
    again = write(group(unclear, stored=Customer(revision=1, day=told.day, sent_texts=told.sent_texts)))
    assert (again.text, again.silence_reason) == ("", reason("said_today"))


def test_a_refused_email_is_spoken_of_before_what_nobody_can_read() -> None:
    unclear = lead(structs.replace(ENGLISH, unclear=frozenset({"address"}), email_refused=True))
    assert write(group(unclear, sent={UNSAVED: "x"})).text == REFUSED


@pytest.mark.parametrize(
    ("said", "missing"),
    [
        ((), "phone number"),
        (("phone",), "delivery address"),
        (("phone", "zip"), "name"),
        (("phone", "address", "company"), ""),
        (("phone", "address", "firstname"), ""),
    ],
)
def test_a_buyer_is_asked_for_the_first_missing_detail(said: tuple[str, ...], missing: str) -> None:
    news = structs.replace(NO_NEWS, entries=dict.fromkeys(said, (1, b"12345")))
    buyer = lead(structs.replace(ENGLISH, buying=True))
    expected = MISSING.replace("{{missing}}", missing) if missing else SAVED
    assert write(group(buyer, news=news)).text == expected
    assert write(group(lead(), news=news)).text == SAVED, "who buys nothing is asked for nothing"


@pytest.mark.parametrize("by", ["the rules", "HubSpot"])
def test_a_refused_email_is_mentioned(by: str) -> None:
    refused = by == "HubSpot"
    said = lead(structs.replace(ENGLISH, email_refused=not refused))
    told = write(group(said, sent={UNSAVED: "email: x"}, email_refused=refused))
    assert (told.text, told.about) == (REFUSED, "email_refused")


@pytest.mark.parametrize("sent", [{"state": "เชียงใหม่", UNSAVED: "address: 10110"}, {UNSAVED: "address: 10110"}])
def test_an_address_that_contradicts_itself_is_asked_for_and_not_called_saved(sent: Mapping[str, str]) -> None:
    said = lead(structs.replace(ENGLISH, address={"state": "เชียงใหม่"}, unclear=frozenset({"address"})))
    told = write(group(said, sent={"email": "a@x.th", **sent}))
    assert (told.text, told.about) == (BUILT_IN["en"]["address_unclear"], "address_unclear")
    assert "saved" not in told.text


def test_an_unclear_address_is_not_asked_for_once_a_clear_one_came() -> None:
    unclear = lead(
        structs.replace(ENGLISH, address={"state": "เชียงใหม่"}, unclear=frozenset({"address"})), minutes_ago=1
    )
    clear = lead(structs.replace(ENGLISH, address={"state": "กรุงเทพมหานคร", "zip": "10110"}))
    assert write(group(unclear, clear, sent={"zip": "10110", UNSAVED: "address: x"})).text == ADDRESS
    assert write(group(unclear, lead(), sent={"zip": "10110"})).about == "address_unclear"


def test_silent_about_an_unclear_address_that_was_asked_for_before() -> None:
    """A repetition is not written again, so there is nothing in the write about it."""
    said = lead(structs.replace(ENGLISH, address={"state": "เชียงใหม่"}, unclear=frozenset({"address"})))
    assert write(group(said, sent={})).text == ""


def test_a_confirmation_says_which_case_it_is_about() -> None:
    assert write(group()).about == "details_saved"
    assert write(group(sent={"zip": "10110"})).about == "address_saved"
    assert write(group(lead(kind="retry"))).about == ""


# Silences


def test_silent_without_contact_or_address_news() -> None:
    for sent in ({}, {"dealdroid_last_intent": "Ask"}, {"hs_language": "th"}, {"dealdroid_cart": "1 x A"}):
        assert write(group(sent=sent)).silence_reason == reason("nothing_new")


def test_silent_where_values_were_only_cleared() -> None:
    assert write(group(sent={"address": "", "lastname": ""})).silence_reason == reason("nothing_new")


def test_silent_about_our_own_placeholder() -> None:
    sent = {"lastname": "Chat b9d35283", "dealdroid_last_intent": "Ask"}
    assert write(group(sent=sent, placeholder="Chat b9d35283")).silence_reason == reason("nothing_new")


@pytest.mark.parametrize("state", [UNCHANGED, PARKED])
def test_silent_where_nothing_was_written(state: str) -> None:
    assert write(group(state=state)).silence_reason == reason("nothing_new")


def test_silent_about_a_refused_email_that_was_mentioned_before() -> None:
    """A repetition is not written again, so there is nothing in the write about it."""
    assert write(group(lead(structs.replace(ENGLISH, email_refused=True)), sent={})).text == ""


@pytest.mark.parametrize("kind", sorted(SILENT_KINDS))
def test_silent_about_a_retry_a_replay_and_an_import(kind: str) -> None:
    assert write(group(lead(kind=kind))).silence_reason == f"is_{kind}"
    assert {"retry", "replay", "import"} == SILENT_KINDS.keys()


def test_silent_where_the_contact_was_found_by_its_email_only() -> None:
    assert write(group(customer=Customer(contact_id="501", email_match_only=True))).text == ""


@pytest.mark.parametrize(
    ("minutes_ago", "max_age", "spoken"),
    [(59, 60, True), (61, 60, False), (6, 5, False), (22 * 60, 1380, True), (23 * 60 + 1, 1380, False)],
)
def test_silent_when_it_is_too_late(minutes_ago: int, max_age: int, spoken: bool) -> None:
    assert bool(write(group(lead(minutes_ago=minutes_ago)), confirm_max_age=max_age).text) is spoken


@pytest.mark.parametrize(("quiet", "spoken"), [(("11:00", "13:00"), False), (("21:00", "08:00"), True), (None, True)])
def test_silent_in_quiet_hours(quiet: tuple[str, str] | None, spoken: bool) -> None:
    assert bool(write(group(), quiet_hours=quiet).text) is spoken


def test_silent_where_messages_are_switched_off() -> None:
    assert write(group(), enabled=False).text == ""
    assert write(group(), intents={"Purchase": Intent(confirm=False)}).text == ""
    assert write(group(), intents={"Other": Intent(confirm=False)}).text == SAVED


def test_silent_where_the_text_is_empty() -> None:
    assert write(group(), texts={"en": {"details_saved": " "}}).silence_reason == reason("text_empty")


def after(told: Confirmation, *leads: Lead, **more: Any) -> CustomerBatch:
    return group(*leads, stored=Customer(day=told.day, sent_texts=told.sent_texts), **more)


def test_the_same_text_is_sent_once_a_day() -> None:
    first = write(group())
    again = write(after(first), NOON + 5 * MINUTE)
    assert (again.text, again.silence_reason) == ("", reason("said_today"))
    assert again.sent_texts == first.sent_texts
    assert write(after(first), NOON + 24 * 60 * MINUTE, confirm_max_age=1380).text == ""
    tomorrow = after(first, lead(minutes_ago=-24 * 60))
    assert write(tomorrow, NOON + 24 * 60 * MINUTE).text == SAVED


def test_a_day_ends_at_midnight_in_the_shops_time_zone() -> None:
    late = int(datetime.fromisoformat("2026-03-01T23:59:00+07:00").timestamp() * 1000)
    today, tomorrow = (write(group(lead(minutes_ago=(NOON - at) / MINUTE)), at).day for at in (late, late + 2 * MINUTE))
    assert tomorrow == today + 1


def test_another_text_on_the_same_day_is_sent_and_both_are_stored() -> None:
    first = write(group())
    second = write(after(first, sent={"zip": "10110"}))
    assert second.text == ADDRESS
    assert first.sent_texts < second.sent_texts
    assert all(len(digest) == TEXT_BYTES for digest in second.sent_texts)


def test_what_is_missing_is_asked_for_once_a_day_and_then_the_customer_still_hears_what_was_saved() -> None:
    buyer = lead(structs.replace(ENGLISH, buying=True))
    first = write(group(buyer))
    assert first.text == MISSING.replace("{{missing}}", "phone number")
    second = after(first, buyer, sent={"zip": "10110"})
    assert write(second).text == ADDRESS


@pytest.mark.parametrize("first", ["email", "address"])
def test_what_was_not_asked_for_yet_is_asked_for_once_what_was_spoken_of_first_is_put_right(first: str) -> None:
    right = structs.replace(ENGLISH, unclear=frozenset({"phone"}))
    wrong = structs.replace(right, email_refused=True)
    if first == "address":
        wrong = structs.replace(right, address={"state": "เชียงใหม่"}, unclear=frozenset({"phone", "address"}))
    told = write(group(lead(wrong), sent={UNSAVED: "x"}))
    assert told.about == f"{first}_{'refused' if first == 'email' else 'unclear'}"
    assert write(after(told, lead(right))).text == MISSING.replace("{{missing}}", "phone number")
