"""The bookkeeping of `make chaos`: what it demands, what it allows, and that it notices each broken promise."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from bench.chaos.expected import LATE_SECONDS, SKEW_SECONDS, Answer, Merge, Post, allowed, wrong
from bench.chaos.found import Contact, Found, Message
from bench.chaos.report import judge
from bench.chaos.script import CART, Lead, make_lags, make_leads, make_strikes
from bench.chaos.storm import HUBSPOT_FAULTS, faults
from leadcore.config import Crm
from leadcore.event import encode, read
from leadcore.receipts import Receipt
from workers.rules.mapping.contact import PortalOptions, map_event
from workers.rules.orders.said import read_cart

GAP = 10 * SKEW_SECONDS


def post(number: int, answer: Answer = "acknowledged", began: float = 0.0, customer: str = "c-1", **phone: str) -> Post:
    said = phone or {"phone": f"+{number}"}
    lead = Lead(number, 0.0, customer, {"phone": said}, f"||+{number}||", {"mid": f"m-{number}"})
    return Post(lead, answer, began, began + 0.01, 200 if answer == "acknowledged" else 0)


@pytest.mark.parametrize(
    ("posts", "values"),
    [
        ([post(1), post(2, began=GAP)], ["+2"]),
        ([post(1), post(2, began=SKEW_SECONDS / 2)], ["+1", "+2"]),
        ([post(1), post(2, "refused", GAP)], ["+1"]),
        ([post(1), post(2, "unanswered", GAP)], ["+1", "+2"]),
        ([post(1, "unanswered"), post(2, began=GAP)], ["+1", "+2"]),
        ([post(1, "unanswered"), post(2, began=LATE_SECONDS + GAP)], ["+2"]),
        ([post(1, "unanswered")], ["+1", None]),
        ([post(1, "refused")], [None]),
    ],
    ids=["newest", "within-skew", "not-taken", "maybe-newest", "maybe-late", "too-late", "maybe", "nothing"],
)
def test_the_newest_acknowledged_word_is_demanded_and_an_unanswered_one_allowed(
    posts: list[Post], values: list[str | None]
) -> None:
    assert [block["phone"] if block else None for block in allowed(posts, "phone")] == values


def test_a_body_that_comes_twice_is_as_old_as_its_first_time() -> None:
    first, second = post(1), post(2, began=GAP)
    again = Post(first.lead, "acknowledged", 2 * GAP, 2 * GAP)
    assert {"phone": "+2"} in allowed([first, second, again], "phone")


@pytest.mark.parametrize(
    ("properties", "blocks"),
    [
        ({"zip": "2", "city": "B"}, []),
        ({"zip": "1", "city": "A"}, ["phone"]),
        ({"zip": "2", "city": "A"}, ["phone"]),
        ({"zip": "2"}, ["phone"]),
    ],
)
def test_a_block_is_held_whole_or_it_is_wrong(properties: Mapping[str, str], blocks: list[str]) -> None:
    posts = [post(1, zip="1", city="A"), post(2, began=GAP, zip="2", city="B")]
    assert wrong(posts, properties) == blocks


def test_a_part_that_the_newest_block_leaves_blank_must_be_blank() -> None:
    posts = [post(1, zip="1", state="S"), post(2, began=GAP, zip="2", state="")]
    assert wrong(posts, {"zip": "2"}) == []
    assert wrong(posts, {"zip": "2", "state": "S"}) == ["phone"]


CLEAN = Found(
    posts=[post(1)],
    receipts={1: Receipt("lead", "c-1", state="created", message="sent")},
    contacts=[Contact("7", {"dealdroid_customer_id": "c-1", "phone": "+1"}, {"phone": [(1.0, "+1")]})],
    messages=[Message(2.0, "c-1", "||+1||")],
    cut_off=0,
    left=0,
    recovery=1.0,
    calls=10,
    faulty=3,
    real_429s=0,
)
STRANGER = Contact("8", {"phone": "+9"}, {})


def broken(**changes: Any) -> set[str]:
    return {row.name for row in judge(replace(CLEAN, **changes)) if row.broken}


def test_a_clean_storm_breaks_nothing() -> None:
    assert broken() == set()


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("lost", {"receipts": {}}),
        ("not written", {"receipts": {1: Receipt("lead", state="parked", message="sent")}}),
        ("contacts", {"contacts": [*CLEAN.contacts, STRANGER]}),
        ("contacts", {"contacts": [*CLEAN.contacts, replace(CLEAN.contacts[0], id="8")]}),
        ("wrong final values", {"contacts": [replace(CLEAN.contacts[0], properties={"dealdroid_customer_id": "c-1"})]}),
        ("messages repeated", {"messages": [*CLEAN.messages, *CLEAN.messages]}),
        ("messages untrue", {"messages": [*CLEAN.messages, Message(2.0, "c-1", "||+2||")]}),
        ("messages untrue", {"messages": [replace(CLEAN.messages[0], at=0.5)]}),
        ("messages untrue", {"messages": [*CLEAN.messages, Message(2.0, "c-1", "Anna||+1||")]}),
        ("messages without an end", {"receipts": {1: Receipt("lead", state="created", message="sending")}}),
        ("left in inbox and outbox", {"left": 1}),
        ("real 429s", {"real_429s": 1}),
        ("answers other than 2xx", {"posts": [*CLEAN.posts, replace(post(2, "unanswered"), status=503)]}),
    ],
)
def test_each_broken_promise_is_noticed_and_nothing_else(name: str, changes: dict[str, Any]) -> None:
    assert broken(**changes) == {name}


ONE, TWO = "c-1", "c-2"
MERGED_AT = 5.0
MERGES = [Merge(MERGED_AT, ONE, TWO)]


@pytest.mark.parametrize(
    ("posts", "values"),
    [
        ([post(1, customer=ONE), post(2, began=9, customer=TWO)], ["+2"]),
        ([post(1, customer=TWO), post(2, began=9, customer=ONE)], ["+2"]),
        ([post(1, customer=ONE), post(2, began=1, customer=TWO)], ["+1", "+2", ""]),
        ([post(1, customer=TWO), post(2, began=1, customer=ONE)], ["+2"]),
        ([post(1, customer=TWO)], ["+1", ""]),
        ([post(1, "unanswered", customer=TWO)], ["+1", None]),
        ([post(1, customer=TWO), post(2, began=9, customer=TWO, phone="+1")], ["+1", "+1", ""]),
        ([post(1, began=1, customer=ONE), post(2, began=2, customer=TWO), post(3, began=1.5, customer=ONE)],
         ["+1", "+2", "+3", ""]),
    ],
    ids=[
        "the other's news", "the primary's news", "the other's may be lost", "the primary's is kept", "may be lost",
        "may be untaken", "a repetition is no news", "older than what is lost",
    ],
)  # fmt: skip
def test_of_merged_customers_the_newest_word_since_the_merge_is_demanded(
    posts: list[Post], values: list[str | None]
) -> None:
    assert [block["phone"] if block else None for block in allowed(posts, "phone", MERGES)] == values


def test_a_body_that_comes_again_after_a_merge_may_still_be_older_than_what_is_lost() -> None:
    kept, first, lost = post(1, customer=ONE), post(2, began=1, customer=ONE), post(3, began=2, customer=TWO)
    again = replace(first, began=9, ended=9)
    assert {"phone": "+1"} in allowed([kept, first, lost, again], "phone", MERGES)
    untaken = replace(first, answer="refused")
    assert allowed([kept, untaken, lost, again], "phone", MERGES) == [{"phone": "+2"}]


@pytest.mark.parametrize(("firstname", "blocks"), [("", []), ("Anna", ["name"])])
def test_where_a_merge_took_all_names_the_last_one_is_what_stands_for_one(firstname: str, blocks: list[str]) -> None:
    lead = replace(post(1, customer=TWO).lead, says={"name": {"firstname": "Hugo", "lastname": "Lee"}})
    posts = [replace(post(1, customer=TWO), lead=lead)]
    assert wrong(posts, {"firstname": firstname, "lastname": "081 000 0001"}, MERGES) == blocks


def test_merged_customers_with_a_contact_each_or_an_unlisted_one_are_noticed() -> None:
    posts = [post(1, customer=ONE), post(2, began=9, customer=TWO)]
    receipts = {**CLEAN.receipts, 2: Receipt("lead-2", TWO, state="updated", message="sent")}
    history = {"phone": [(1.0, "+1"), (9.5, "+2")]}
    bears = {"dealdroid_customer_id": ONE, "dealdroid_other_customer_ids": TWO, "phone": "+2"}
    whole = Contact("9", bears, history)
    messages = [*CLEAN.messages, Message(10.0, TWO, "||+2||")]
    found: dict[str, Any] = {"posts": posts, "receipts": receipts, "messages": messages, "merges": MERGES}
    assert broken(**found, contacts=[whole]) == set()
    second = Contact("10", {"dealdroid_customer_id": TWO, "phone": "+2"}, history)
    assert "contacts" in broken(**found, contacts=[whole, second])
    unlisted = replace(whole, properties={**bears, "dealdroid_other_customer_ids": ""})
    assert broken(**found, contacts=[unlisted]) == {"merges"}
    assert broken(**found, contacts=[replace(whole, properties={**bears, "phone": "+1"})]) == {"wrong final values"}


@pytest.mark.parametrize(("answer", "rows"), [("acknowledged", set()), ("refused", {"merges"})])
def test_who_only_repeats_a_body_since_the_merge_need_not_be_listed(answer: Answer, rows: set[str]) -> None:
    first = post(2, answer, began=1, customer=TWO)
    again = replace(first, answer="acknowledged", began=9, ended=9)
    whole = Contact("9", {"dealdroid_customer_id": ONE, "phone": "+2"}, {"phone": [(1.0, "+1"), (9.5, "+2")]})
    receipts = {**CLEAN.receipts, 2: Receipt("lead-2", TWO, state="updated", message="sent")}
    messages = [*CLEAN.messages, Message(10.0, TWO, "||+2||")]
    posts = [post(1, customer=ONE), first, again]
    assert broken(posts=posts, receipts=receipts, messages=messages, merges=MERGES, contacts=[whole]) == rows


@pytest.mark.parametrize(("again", "rows"), [("+2", set()), ("+3", {"merges"})])
def test_who_only_repeats_their_words_after_a_merge_need_not_be_listed(again: str, rows: set[str]) -> None:
    posts = [post(1, customer=ONE), post(2, began=1, customer=TWO), post(3, began=9, customer=TWO, phone=again)]
    receipts = {**CLEAN.receipts, **{each: Receipt(f"lead-{each}", TWO, state="unchanged") for each in (2, 3)}}
    contact = Contact("9", {"dealdroid_customer_id": ONE, "phone": again}, {"phone": [(1.0, "+1"), (1.5, again)]})
    told = [*CLEAN.messages, Message(2.0, TWO, "||+2||")]
    found: dict[str, Any] = {"posts": posts, "receipts": receipts, "contacts": [contact], "messages": told}
    assert broken(**found, merges=MERGES) & {"merges"} == rows


def test_a_missing_contact_is_noticed() -> None:
    assert "contacts" in broken(contacts=[])


def test_a_receipt_that_claims_a_message_is_checked() -> None:
    assert broken(messages=[Message(2.0, "c-1", "||+2||")]) == {"messages untrue", "said to be sent, but not"}


@pytest.mark.parametrize(("cut_off", "rows"), [(0, {"customers untold"}), (1, set())])
def test_as_many_customers_may_stay_untold_as_messages_were_cut_off(cut_off: int, rows: set[str]) -> None:
    two = [*CLEAN.posts, post(2, customer="c-2")]
    contacts = [*CLEAN.contacts, Contact("8", {"dealdroid_customer_id": "c-2", "phone": "+2"}, {})]
    receipts = {**CLEAN.receipts, 2: Receipt("lead-2", "c-2", state="created", message="interrupted: cut off")}
    assert broken(posts=two, contacts=contacts, receipts=receipts, cut_off=cut_off) == rows


def test_every_broken_promise_has_evidence() -> None:
    rows = judge(replace(CLEAN, receipts={}, contacts=[], messages=[*CLEAN.messages, *CLEAN.messages]))
    assert [row.name for row in rows if row.broken and not row.evidence] == []


def test_a_seed_decides_all() -> None:
    assert make_leads(3, 200, 10) == make_leads(3, 200, 10) != make_leads(4, 200, 10)
    assert make_strikes(3, 60) == make_strikes(3, 60)


def test_the_script_expects_what_the_rules_say() -> None:
    """The script's values are written down by hand: where they differ from the mapping, one of the two is wrong."""
    for lead in make_leads(5, 500, 10):
        parsed = read(encode(dict(lead.body)))
        said = map_event(parsed, 0, Crm(), PortalOptions())
        known = {**said.details, **said.address, **said.activity}
        for name, block in lead.says.items():
            if name == CART:
                items = read_cart(parsed, "THB").items
                assert {item.code: f"{item.count} x {item.price}" for item in items} == block
            else:
                assert {property: known.get(property, "") for property in block} == block


@pytest.mark.parametrize("seconds", [30, 120])
def test_redis_dies_at_least_three_times_and_always_comes_back(seconds: float) -> None:
    strikes = make_strikes(3, seconds)
    kinds = [strike.kind for strike in strikes if strike.kind in ("redis", "redis back")]
    assert len(kinds) >= 6
    assert kinds == ["redis", "redis back"] * (len(kinds) // 2)


def test_faults_strike_their_share_together() -> None:
    passed = 1.0
    for fault in faults(HUBSPOT_FAULTS, 0.3):
        passed *= 1 - fault["probability"]
    assert passed == pytest.approx(0.7)


def test_before_each_failover_the_replica_falls_behind() -> None:
    strikes = make_strikes(3, 60)
    deaths = [one.at for one in strikes if one.kind == "redis"]
    lags = [one.at for one in make_lags(3, strikes)]
    assert len(deaths) == len(lags) > 0
    assert all(0 < death - lag <= 5 for death, lag in zip(deaths, lags, strict=True))
