import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from msgspec import structs

from leadcore import receipts
from leadcore.config import Config, Notes, parse
from leadcore.config import Inbox as InboxConfig
from leadcore.reasons import reason
from leadcore.receipts import (
    CREATED,
    HELD,
    HELD_SECONDS,
    PARKED,
    SKIPPED,
    UNCHANGED,
    UPDATED,
    WAITING,
    Note,
    Receipt,
)
from leadcore.store import keys
from leadcore.store.streams import unpack_fields
from workers.rules import settlement
from workers.rules.confirmation import Confirmation
from workers.rules.customer import UNKNOWN, Customer, guard, pack, unpack
from workers.rules.field_clock import SEEN, digester
from workers.rules.lead import CustomerBatch, Decision, Lead, Loaded, Result, version_text
from workers.rules.mapping.mapped_event import MappedEvent
from workers.rules.mapping.property_names import PLACEHOLDER
from workers.rules.news import find_news
from workers.rules.plan import WritePlanner
from workers.rules.portal import Portal
from workers.rules.settlement import DRY_RUN, SettlementContext

DIGEST = digester(b"key of the tests")
NOW = 1_772_000_000_000
WHERE = SettlementContext("leadsync:inbox:2", 2, NOW)
DRY = SettlementContext("leadsync:inbox:2", 2, NOW, dry_run=True)


@dataclass
class Recorded:
    """Stands in for the settlement that Redis is to carry out."""

    guards: Sequence[tuple[str, bytes]] = ()
    entries: Sequence[tuple[str, bytes, Sequence[Sequence[Any]]]] = ()
    commands: Sequence[Sequence[Any]] = field(default=())

    def add(self, guards: Any, entries: Any, commands: Any = ()) -> None:
        self.guards, self.entries, self.commands = guards, entries, commands

    def effects(self, index: int = 0) -> list[Sequence[Any]]:
        return list(self.entries[index][2])

    def find(self, name: str, index: int = 0) -> list[Sequence[Any]]:
        return [command for command in self.effects(index) if command[0] == name]

    def receipt(self, index: int = 0) -> Receipt:
        ((_, key, *flat),) = self.find("HSET", index)
        stored = {name.encode(): value for name, value in zip(flat[::2], flat[1::2], strict=True)}
        return receipts.unpack(key.removeprefix(keys.receipt("")), stored)

    def matches(self) -> list[Sequence[Any]]:
        return [command for command in self.commands if command[1] == keys.MATCHES]

    @property
    def records(self) -> dict[str, Customer]:
        return {command[1]: unpack(command[2]) for command in self.commands if command[0] == "SET"}


def lead(number: int = 1, mapped: MappedEvent | None = None, **more: Any) -> Lead:
    plain: dict[str, Any] = {
        "entry": b"%d-0" % number,
        "id": f"lead{number}",
        "version": (NOW - 1000 + number) << 16,
        "kind": "",
        "tries": 0,
        "customer": "c-1",
        "intent": "Purchase",
        "mapped": mapped or MappedEvent({"email": f"{number}@x.th"}),
        "fields": {b"e": b"lead%d" % number, b"b": b'{"a": 1}'},
    }
    return Lead(**{**plain, **more})


def group(*leads: Lead, customer: Customer = UNKNOWN) -> CustomerBatch:
    record = pack(customer) if customer.revision else None
    stored = unpack(record) if record else customer
    loaded = Loaded("c-1", list(leads) or [lead()], "record", record, stored)
    return CustomerBatch(loaded, WritePlanner(Portal(), DIGEST).decide(loaded, Decision(stored)))


def settle(
    given: CustomerBatch,
    result: Result,
    told: Confirmation | None = None,
    tries: int = 8,
    where: SettlementContext = WHERE,
) -> Recorded:
    recorded = Recorded()
    settlement.add_batch(recorded, given, result, where, InboxConfig(tries=tries), DIGEST, told)  # type: ignore[arg-type]
    return recorded


def counted(recorded: Recorded) -> list[str]:
    return [command[2] for _, _, effects in recorded.entries for command in effects if command[1] == keys.COUNTS]


def figures(recorded: Recorded, index: int = 0) -> list[Any]:
    return [command[2:] for command in recorded.effects(index) if command[1] == keys.FIGURES]


# Orders


ORDERS = SettlementContext("leadsync:inbox:2", 2, NOW, orders=True)
TO_ORDERS = "leadsync:orders:2"


def added(recorded: Recorded) -> list[Any]:
    return [effect for _, _, effects in recorded.entries for effect in effects if effect[1] == TO_ORDERS]


@pytest.mark.parametrize("state", [CREATED, UPDATED, UNCHANGED])
def test_each_written_event_goes_to_the_orders_line_with_its_body_and_version(state: str) -> None:
    given = group(lead(1), lead(2))
    assert added(settle(given, Result(state, "501"), where=ORDERS)) == [
        ("XADD", TO_ORDERS, "*", b"e", one.id, b"b", b'{"a": 1}', b"v", version_text(one.version))
        for one in given.leads
    ]


@pytest.mark.parametrize("state", [CREATED, UPDATED, UNCHANGED])
def test_without_orders_nothing_is_added_to_what_a_written_event_does(state: str) -> None:
    given = group(lead(1))
    without, with_orders = (settle(given, Result(state, "501"), where=where) for where in (WHERE, ORDERS))
    assert without.effects(0) == [effect for effect in with_orders.effects(0) if effect[1] != TO_ORDERS]
    assert not added(without)


@pytest.mark.parametrize(
    "result", [Result(PARKED, code="refused"), Result(WAITING, code="row"), Result(SKIPPED)], ids=lambda one: one.state
)
def test_an_event_whose_contact_is_not_written_makes_no_order_yet(result: Result) -> None:
    assert not added(settle(group(lead(1)), result, where=ORDERS))


@pytest.mark.parametrize(
    ("intents", "buying", "wants"),
    [('["Purchase"]', True, [b"l", "1"]), ('["Purchase"]', False, []), ('["Ask"]', True, []), ("[]", True, [])],
)
def test_an_event_that_is_to_leave_a_note_once_its_order_is_settled_says_so(
    intents: str, buying: bool, wants: list[Any]
) -> None:
    """So that an order which is parked without its cart leaves its note too."""
    config = parse(f'[orders]\nintents = ["Purchase"]\n[notes]\nintents = {intents}')
    mapped = MappedEvent({"email": "1@x.th"}, buying=buying)
    done = settle(group(lead(1, mapped)), Result(CREATED, "501"), where=replace(ORDERS, notes=config))
    assert [[*command[9:]] for command in added(done)] == [wants]


def test_an_imported_event_makes_no_order() -> None:
    assert not added(settle(group(lead(1, kind="import")), Result(CREATED, "501"), where=ORDERS))


# Written


def test_the_time_from_received_to_written_is_counted_once_per_lead() -> None:
    done = settle(group(lead(1), lead(2)), Result(CREATED, "501"))
    assert [figures(done, index) for index in (0, 1)] == [
        [("took:1.0", 1), ("took_ms", 999)],
        [("took:1.0", 1), ("took_ms", 998)],
    ]


def test_the_time_that_a_lead_waited_for_a_person_is_not_the_lines() -> None:
    assert figures(settle(group(lead(kind="retry")), Result(UPDATED, "501"))) == []


@pytest.mark.parametrize("state", [SKIPPED, WAITING])
def test_only_what_is_written_has_a_time(state: str) -> None:
    assert figures(settle(group(), Result(state))) == []


def test_a_written_lead_leaves_a_receipt_a_record_and_a_count() -> None:
    done = settle(group(), Result(CREATED, "501"))
    assert [(stream, entry) for stream, entry, _ in done.entries] == [(WHERE.stream, b"1-0")]
    receipt = done.receipt()
    assert (receipt.lead, receipt.state, receipt.contact_id, receipt.written_ms) == ("lead1", CREATED, "501", NOW)
    assert receipt.fields == ("email",)
    assert counted(done) == [CREATED]
    assert done.guards == [("record", b"")]
    record = done.records["record"]
    assert (record.contact_id, record.revision) == ("501", 1)
    assert record.clock == {"email": (lead().version, DIGEST("email", "1@x.th"))}


@pytest.mark.parametrize("state", [CREATED, UPDATED, UNCHANGED])
@pytest.mark.parametrize("tries", [b"0", b"2"])
def test_a_lead_that_succeeds_in_the_end_keeps_no_reason_of_an_earlier_try(state: str, tries: bytes) -> None:
    waited = lead(tries=int(tries), fields={**lead().fields, b"n": tries})
    [(_, _, *flat)] = settle(group(waited), Result(state, "501")).find("HSET")
    assert dict(zip(flat[::2], flat[1::2], strict=True))["y"] == b""


def test_a_lead_that_never_waited_stores_no_empty_reason() -> None:
    [(_, _, *flat)] = settle(group(), Result(CREATED, "501")).find("HSET")
    assert "y" not in flat[::2]


def test_a_record_is_written_only_over_the_one_that_was_read() -> None:
    given = group(customer=Customer(revision=6, contact_id="501"))
    done = settle(given, Result(UPDATED, "501"))
    assert given.loaded.record is not None
    assert done.guards == [("record", guard(given.loaded.record))]
    assert done.records["record"].revision == given.loaded.stored.revision + 1


def test_every_event_of_a_merged_write_has_a_receipt_of_its_own_and_only_the_first_counts_as_a_new_contact() -> None:
    older = lead(1, MappedEvent({"email": "1@x.th", "phone": "+66812345678"}, creation={"hs_lead_status": "NEW"}))
    done = settle(group(older, lead(2), lead(3)), Result(CREATED, "501"))
    said = [(done.receipt(index).state, done.receipt(index).fields) for index in range(3)]
    assert said == [(CREATED, ("phone",)), (UNCHANGED, ()), (UPDATED, ("email", "hs_lead_status"))]
    assert counted(done) == [CREATED, UNCHANGED, UPDATED]
    assert len(done.records) == 1


def test_a_repeated_value_is_recorded_as_the_newest_although_nothing_was_written() -> None:
    customer = Customer(revision=1, contact_id="501", clock={"email": (5 << 16, DIGEST("email", "1@x.th"))})
    done = settle(group(customer=customer), Result(UNCHANGED, "501"))
    assert done.receipt().fields == ()
    assert done.records["record"].clock["email"][0] == lead().version


def test_notes_say_what_was_kept_and_dropped_and_each_once() -> None:
    note = Note("email", "dropped", reason("email_invalid"))
    given = group(lead(1, MappedEvent({"phone": "+66812345678"}, notes=(note, note))), lead(2))
    given.decide(structs.replace(given.decision, notes=(Note("zip", "dropped", "no such option"),)))
    done = settle(given, Result(UPDATED, "501"))
    assert done.receipt(0).notes == (note,)
    assert done.receipt(1).notes == (Note("zip", "dropped", "no such option"),)


@pytest.mark.parametrize(
    "result",
    [Result(CREATED), Result(UPDATED), Result(UNCHANGED, "501"), Result(SKIPPED, code="no_details", why="no details")],
    ids=["created", "updated", "unchanged", "skipped"],
)
def test_a_dry_run_remembers_nothing_and_holds_the_lead_back_whatever_would_have_become_of_it(result: Result) -> None:
    done = settle(group(customer=Customer(revision=6, contact_id="501")), result, where=DRY)
    assert (done.guards, list(done.commands)) == ([], [])
    one = done.receipt()
    assert (one.state, one.reason, one.contact_id, one.written_ms, one.message) == (HELD, DRY_RUN, "", None, "")
    assert one.fields == (("email",) if result.state in (CREATED, UPDATED) else ())
    assert counted(done) == [HELD]
    assert figures(done) == []


def test_a_held_lead_keeps_its_payload_with_its_version_for_a_month() -> None:
    held = lead(fields={b"e": b"lead1", b"b": b'{"a": 1}'})
    done = settle(group(held), Result(CREATED), where=DRY)
    [(_, key, packed, *expiry)] = done.find("SET")
    assert (key, expiry) == (keys.held("lead1"), ["EX", HELD_SECONDS])
    assert unpack_fields(packed) == {**held.fields, b"v": version_text(held.version)}
    assert done.find("ZADD") == [("ZADD", keys.HELD, NOW, "lead1")]


def test_in_a_dry_run_every_event_of_a_merged_write_is_held_back() -> None:
    done = settle(group(lead(1), lead(2)), Result(CREATED), where=DRY)
    assert [(done.receipt(index).state, done.receipt(index).fields) for index in (0, 1)] == [
        (HELD, ()),
        (HELD, ("email",)),
    ]


def test_in_a_dry_run_a_lead_that_needs_a_person_or_another_try_is_what_it_is_otherwise() -> None:
    parked = settle(group(), Result(PARKED, code="row", why="HubSpot gave no answer"), where=DRY)
    assert parked.receipt().state == PARKED
    waiting = settle(group(), Result(WAITING, code="row", why="HubSpot gave no answer"), where=DRY)
    assert waiting.receipt().state == WAITING


def test_the_placeholder_is_remembered() -> None:
    mapped = MappedEvent({"phone": "+66891234567"}, placeholder="089 123 4567")
    done = settle(group(lead(1, mapped)), Result(CREATED, "501"))
    assert done.records["record"].clock[PLACEHOLDER][1] == DIGEST("lastname", "089 123 4567")


def test_no_value_reaches_a_receipt_or_a_record() -> None:
    mapped = MappedEvent({"email": "somchai@secret", "firstname": "Somchai"}, unsaved={"phone": "call-secret"})
    done = settle(group(lead(1, mapped)), Result(CREATED, "501"))
    everything = repr([done.entries, done.commands])
    assert not any(value in everything for value in ("secret", "Somchai"))


# A contact that several customers share


def shared(*, fill_only: bool = True, **more: Any) -> CustomerBatch:
    """`more`: what else was loaded."""
    given = group()
    given.relink(Customer(contact_id="501", shared=True, fill_only=fill_only, email_match_only=True))
    given.loaded = structs.replace(given.loaded, **more)
    return given


@pytest.mark.parametrize("fill_only", [False, True])
@pytest.mark.parametrize("revision", [None, 7])
def test_a_shared_clock_is_stored_with_the_contact_and_a_linked_customer_has_its_own(
    revision: int | None, fill_only: bool
) -> None:
    before = None if revision is None else pack(Customer(revision=revision - 1))
    given = shared(contact_record=before, fill_only=fill_only)
    done = settle(given, Result(UPDATED, "501"))
    assert done.guards == [("record", b""), (keys.contact("501"), guard(before))]
    assert done.records["record"].clock == {} if not fill_only else {"email"} == done.records["record"].clock.keys()
    assert done.records["record"].shared
    assert done.records[keys.contact("501")].clock.keys() == {"email"}
    assert done.records[keys.contact("501")].revision == (revision or 0) + 1


def test_the_customer_who_made_a_contact_comes_to_share_it_in_the_same_step() -> None:
    owned = pack(Customer(revision=3, contact_id="501"))
    adopted = ("owner", owned, structs.replace(unpack(owned), shared=True))
    done = settle(shared(adopted=(adopted,)), Result(UPDATED, "501"))
    assert ("owner", guard(owned)) in done.guards
    assert done.records["owner"].shared
    assert done.records["owner"].revision == 5


def untrusted(contact: Customer = UNKNOWN, **more: Any) -> CustomerBatch:
    stored = Customer(revision=3, contact_id="501", shared=True, fill_only=True, email_match_only=True, untrusted=True)
    given = group(lead(mapped=MappedEvent({"phone": "1", "company": "2"})), customer=structs.replace(stored, **more))
    record = pack(contact) if contact.revision else None
    given.loaded = structs.replace(given.loaded, contact=contact, contact_record=record)
    return given


def test_an_untrusted_customer_changes_neither_clock_nor_activity_of_the_contact() -> None:
    """What it filled in stands there as something read, so that anything the contact's customer says is newer."""
    contact = Customer(revision=7, contact_id="501", active_ms=5, intent=b"abcd", clock={"phone": (9, b"12345")})
    given = untrusted(contact, active_ms=4, intent=b"efgh")
    done = settle(given, Result(UPDATED, "501"))
    after = done.records[keys.contact("501")]
    assert (after.active_ms, after.intent, after.clock["phone"]) == (5, b"abcd", (9, b"12345"))
    assert after.clock["company"] == (SEEN, DIGEST("company", "2"))
    assert done.records["record"].clock["company"][0] == given.leads[0].version
    assert done.records["record"].active_ms == given.decision.news.active_ms


def test_a_match_by_email_only_is_listed_until_it_is_none() -> None:
    given = untrusted()
    [(command, _, digest, stored)] = settle(given, Result(UPDATED, "501")).matches()
    assert (command, digest, json.loads(stored)) == ("HSET", "record", ["c-1", "501", given.leads[-1].said_ms])
    given.relink(Customer(contact_id="502"))
    assert settle(given, Result(CREATED, "502")).matches() == [("HDEL", keys.MATCHES, "record")]
    assert settle(group(), Result(CREATED, "501")).matches() == []


@pytest.mark.parametrize("state", [UPDATED, UNCHANGED])
@pytest.mark.parametrize("fill_only", [False, True])
def test_a_receipt_says_that_the_customer_was_matched_by_email_only(state: str, fill_only: bool) -> None:
    done = settle(untrusted(fill_only=fill_only, untrusted=False), Result(state, "501"))
    assert done.receipt(0).reason == (reason("matched_by_email_only") if fill_only else "")


# Confirmations


def told(text: str, silent: str = "", *, of: Lead) -> Confirmation:
    return Confirmation(of, text, silent, frozenset({b"abcd"}), 20_500)


@pytest.mark.parametrize("customer", ["c-1", 7, 1.5])
def test_a_confirmation_goes_to_the_outbox_with_the_id_as_dealdroid_gave_it(customer: Any) -> None:
    last = lead(2, customer=customer)
    done = settle(group(lead(1), last), Result(CREATED, "501"), told("ขอบคุณค่ะ", of=last))
    assert done.find("XADD", 0) == []
    ((_, stream, star, *flat),) = done.find("XADD", 1)
    sent = dict(zip(flat[::2], flat[1::2], strict=True))
    assert (stream, star, sent[b"e"]) == (keys.entries(keys.OUTBOX, 2), "*", "lead2")
    assert (json.loads(sent[b"c"]), json.loads(sent[b"t"])) == ({"id": customer}, "ขอบคุณค่ะ")
    assert sent[b"v"] == version_text(last.version)
    assert [done.receipt(index).message for index in (0, 1)] == [f"silent: {reason('newer_answered')}", "queued"]
    assert (done.records["record"].day, done.records["record"].sent_texts) == (20_500, frozenset({b"abcd"}))


@pytest.mark.parametrize(("about", "noted"), [("details_saved", None), ("email_refused", b"a")])
def test_a_message_that_confirms_nothing_says_so_on_its_way(about: Any, noted: bytes | None) -> None:
    only = lead()
    asked = structs.replace(told("Could you check it?", of=only), about=about)
    ((_, _, _, *flat),) = settle(group(only), Result(CREATED, "501"), asked).find("XADD")
    assert (b"a" in flat[::2]) is (noted is not None)


def test_a_silence_has_its_reason_on_the_receipt() -> None:
    only = lead()
    done = settle(group(only), Result(CREATED, "501"), told("", reason("quiet_hours"), of=only))
    assert done.receipt().message == f"silent: {reason('quiet_hours')}"
    assert done.find("XADD") == []


# Not written


def test_a_skipped_lead_keeps_a_receipt_only() -> None:
    done = settle(group(), Result(SKIPPED, code="no_details", why=reason("no_contact_details")))
    assert [command[0] for command in done.effects()] == ["HSET", "HINCRBY"]
    assert (done.receipt().state, done.receipt().reason) == (SKIPPED, reason("no_contact_details"))
    assert list(done.commands) == []


def test_news_is_what_the_receipts_are_made_from() -> None:
    """The order of `by_event` is that of the leads, or the receipts would tell of each other's values."""
    leads = [lead(1), lead(2, MappedEvent({"phone": "+66812345678"}))]
    news = find_news(UNKNOWN, [(one.version, one.mapped) for one in leads], DIGEST)
    assert news.by_event == [frozenset({"email"}), frozenset({"phone"})]


# Notes


def noted(recorded: Recorded) -> list[Any]:
    return [effect for _, _, effects in recorded.entries for effect in effects if effect[1] == "leadsync:notes:2"]


def test_a_wanted_intent_goes_to_the_notes_line_once_its_contact_is_written() -> None:
    given = group(lead(1))
    [one] = given.leads
    config = Config(notes=Notes(intents=("*",)))
    where = dataclasses.replace(WHERE, notes=config)
    assert noted(settle(given, Result(CREATED, "501"), where=where)) == [
        ("XADD", "leadsync:notes:2", "*", b"e", one.id, b"b", b'{"a": 1}', b"v", version_text(one.version))
    ]
    assert not noted(settle(group(lead(1)), Result(CREATED, "501"), where=WHERE))
    assert not noted(settle(group(lead(1)), Result(PARKED, code="refused"), where=where))
    other = dataclasses.replace(WHERE, notes=Config(notes=Notes(intents=("Nothing",))))
    assert not noted(settle(group(lead(1)), Result(CREATED, "501"), where=other))


@pytest.mark.parametrize(("customer", "numeric"), [("123", False), (123, True), (1.5, True)])
def test_a_record_knows_whether_the_id_came_as_a_number(customer: str | float, numeric: bool) -> None:
    recorded = settle(group(lead(customer="x"), lead(2, customer=customer)), Result(CREATED, "7"))
    assert recorded.records["record"].numeric is numeric
