"""Pure: what follows from a merge of two contacts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from msgspec.structs import replace

from workers.rules.customer import DOUBT, UNKNOWN, UNRECORDED, UNRECORDED_ADDRESS, Customer
from workers.rules.field_clock import SEEN, digest_entries, digester
from workers.rules.lead import Decision, Lead, Loaded
from workers.rules.mapping.mapped_event import MappedEvent
from workers.rules.mapping.property_names import ACTIVITY, ADDRESS, CUSTOMER_ID, MERGED, NAME, NAME_GIVEN, OTHER_IDS
from workers.rules.merge import (
    FORMS,
    choose_former,
    choose_put_back,
    doubt_blocks,
    find_overwritten,
    forget_taken,
    leave_edited,
    leave_foreign,
    list_ids,
    merge_clocks,
    merge_records,
    move,
    read_merged,
)
from workers.rules.news import find_news

NAMES = ("phone", "email", "firstname", "lastname", "city", "zip", "dealdroid_placeholder", *FORMS)
DIGEST = digester(b"key")
stamps = st.tuples(st.integers(0, 3), st.sampled_from([b"aaaaa", b"bbbbb", b"ccccc"]))
clocks = st.dictionaries(st.sampled_from(NAMES), stamps)


@given(clocks, clocks)
def test_whose_clock_comes_first_makes_no_difference(one: Any, other: Any) -> None:
    assert merge_clocks(one, other, DIGEST) == merge_clocks(other, one, DIGEST)


@given(clocks, clocks)
def test_to_merge_clocks_again_changes_nothing(one: Any, other: Any) -> None:
    merged = merge_clocks(one, other, DIGEST)
    assert merge_clocks(one, one, DIGEST) == one
    assert (
        merge_clocks(merged, other, DIGEST)
        == merge_clocks(merged, one, DIGEST)
        == merge_clocks(merged, merged, DIGEST)
        == merged
    )


@given(clocks, clocks)
def test_of_each_property_the_newest_word_counts(one: Any, other: Any) -> None:
    merged = merge_clocks(one, other, DIGEST)
    for name in {*one, *other} - {*NAME, *FORMS, *ADDRESS}:
        assert merged[name] == max(clock[name] for clock in (one, other) if name in clock)


@given(clocks, clocks)
def test_the_other_forms_of_a_name_are_those_of_the_name_that_counts(one: Any, other: Any) -> None:
    merged = merge_clocks(one, other, DIGEST)
    for name in merged.keys() & {*FORMS}:
        owners = [clock for clock in (one, other) if clock.get(name) == merged[name]]
        assert any(all(clock.get(each) == merged.get(each) for each in ("firstname", "lastname")) for clock in owners)


LEEDS = {"address": (2, DIGEST("address", "1 High Street")), "city": (2, DIGEST("city", "Leeds"))}
BANGKOK = {
    "address": (1, DIGEST("address", "2/7 Sukhumvit Road")),
    "state": (1, DIGEST("state", "Bangkok")),
    "zip": (1, UNRECORDED),
}


def test_of_two_addresses_no_part_of_the_older_one_counts() -> None:
    """Of the newer one a part may have been said before: only the others were said again."""
    state = (0, DIGEST("state", ""))
    merged = merge_clocks({**LEEDS, "state": state}, BANGKOK, DIGEST)
    assert merged == LEEDS | {"state": (2, state[1]), "zip": (2, DIGEST("zip", ""))}


@pytest.mark.parametrize(
    "address",
    [None, (1, UNRECORDED), LEEDS["address"], (1, LEEDS["address"][1] + DOUBT)],
    ids=["none", "unrecorded", "the same", "the same in doubt"],
)
def test_two_addresses_that_may_be_one_keep_all_their_parts(address: Any) -> None:
    other = {name: stamp for name, stamp in {**BANGKOK, "address": address}.items() if stamp}
    assert merge_clocks(LEEDS, other, DIGEST) == other | LEEDS


def test_of_two_addresses_said_in_the_same_millisecond_one_counts_whole() -> None:
    other = {name: (2, content) for name, (_, content) in BANGKOK.items()} | {"city": (2, DIGEST("city", "Bangkok"))}
    merged = merge_clocks(LEEDS, other, DIGEST)
    blank = {name: (2, DIGEST(name, "")) for name in (*LEEDS, *other)}
    assert merged in (blank | LEEDS, other)


def test_the_last_activity_of_all_counts() -> None:
    given = [Customer(active_ms=5, intent=b"late"), Customer(active_ms=3, intent=b"soon"), Customer()]
    merged = merge_records(given, DIGEST)
    assert (merged.active_ms, merged.intent) == (5, b"late")
    assert merge_records(reversed(given), DIGEST) == merged


def contact(key: str = "", listed: str = "", merged: str = "1;2", id: str = "3") -> dict[str, str]:
    return {"id": id, CUSTOMER_ID: key, OTHER_IDS: listed, MERGED: merged}


@pytest.mark.parametrize(
    ("found", "past", "own"),
    [
        (contact("a"), ["a", "b"], {"a", "b"}),
        (contact("a", "b"), ["a", "b"], {"a", "b"}),
        (contact("a", "g"), ["a", "b"], {"a", "b"}),
        (contact("", ""), ["", "b"], {"b"}),
        (contact("a", "a"), ["a"], set()),
    ],
    ids=["not listed yet", "listed", "a guest", "no key left", "matched by email"],
)
def test_who_ever_bore_the_contact_is_no_guest_of_it(found: dict[str, str], past: list[str], own: set[str]) -> None:
    merged = read_merged(found, past)
    assert {one for one in ("a", "b", "g") if merged.has_merged(one)} == own


@pytest.mark.parametrize(
    ("found", "who", "others", "guest", "ids"),
    [
        (contact("a"), "b", ["a"], False, {OTHER_IDS: "b"}),
        (contact("a"), "a", ["b"], False, {OTHER_IDS: "b"}),
        (contact("a", "b"), "a", ["b"], False, {}),
        (contact("a", "b"), "b", ["a"], False, {}),
        (contact("a", "g"), "b", ["a"], False, {OTHER_IDS: "g\nb"}),
        (contact(""), "b", [], False, {CUSTOMER_ID: "b"}),
        (contact("", "b"), "b", ["c"], False, {CUSTOMER_ID: "b", OTHER_IDS: "c"}),
        (contact("a"), "g", ["b"], True, {OTHER_IDS: "b\ng"}),
        (contact("a", "a"), "a", [], True, {}),
        (contact("a"), "a", [], False, {}),
    ],
)
def test_the_contact_lists_all_its_customers(
    found: dict[str, str], who: str, others: list[str], guest: bool, ids: dict[str, str]
) -> None:
    assert list_ids(read_merged(found, ["a", "b"]), who, others, guest=guest) == ids


def said(version: int, **values: str) -> Customer:
    return Customer(clock={name: (version, DIGEST(name, value)) for name, value in values.items()})


CARLA = {"firstname": "Carla", "lastname": "Depaz"}


@given(clocks, clocks)
def test_of_whole_names_one_counts_whole(one: Any, other: Any) -> None:
    merged = merge_clocks(one, other, DIGEST)
    names = [{name: clock.get(name, (0, b"")) for name in NAME} for clock in (one, other)]
    whole = [name for name in names if all(version for version, _ in name.values())]
    assert not whole or {name: merged[name] for name in NAME} in whole


@pytest.mark.parametrize("first", ["Nok", "Lek"])
def test_a_part_of_a_name_replaces_no_whole_one_of_another_customer(first: str) -> None:
    """Nor the forms of that, whether it is a part of the same name or of another."""
    whole = {"firstname": "Nok", "lastname": "Jaidee", "dealdroid_name_given": "K. Nok Jaidee", FORMS[1]: "Nok J"}
    clock = said(5, **whole).clock
    for part in ({"firstname": first}, {"firstname": first, "lastname": ""}):
        assert merge_clocks(clock, said(7, **part, dealdroid_name_given=first).clock, DIGEST) == clock


def test_of_a_name_that_was_said_in_two_parts_none_is_mixed_into_a_newer_one() -> None:
    parts, newer = {**said(3, firstname="Nok").clock, **said(6, lastname="Jaidee").clock}, said(5, **CARLA).clock
    assert merge_clocks(parts, newer, DIGEST) == newer


@pytest.mark.parametrize(
    ("at", "words", "left"),
    [(6, {}, 5), (4, {}, 7), (8, {}, 7), (6, {"phone": "1"}, 7)],
    ids=["said since", "said before", "the newest", "set by this call"],
)
def test_what_a_merge_took_away_counts_no_more_than_what_it_chose_for_who_spoke_between(
    at: int, words: dict[str, str], left: int
) -> None:
    """The merge chose the phone 1 of version 5, and took away 2 of version 7."""
    chosen, taken = said(5, phone="1"), said(7, phone="2")
    set_by = [(6, MappedEvent(details=words))]
    kept = forget_taken([chosen, taken], {"phone": "1"}, [(at, MappedEvent(details={"phone": "3"}))], set_by, DIGEST)
    assert kept.clock["phone"][0] == left


def test_a_word_that_the_contact_still_holds_was_not_taken_away() -> None:
    """Both customers said it, as one person in two chats does, and the older word of a third lead comes late."""
    both, late = [said(5, phone="1"), said(7, phone="1")], [(6, MappedEvent(details={"phone": "3"}))]
    assert forget_taken(both, {"phone": "1"}, late, late, DIGEST).clock["phone"][0] == 7
    taken = [*both, said(8, phone="2")]
    assert forget_taken(taken, {"phone": "1"}, late, late, DIGEST).clock["phone"][0] == 8


def test_a_word_that_was_written_without_what_hubspot_refuses_has_set_what_is_there() -> None:
    """Of the customer's former word there is only a part that both have in common."""
    former, taken = said(5, country="Thailand"), said(7, city="Leeds", country="United Kingdom")
    late = [(6, MappedEvent(address={"city": "Hull", "state": "Nowhere", "country": "Thailand"}))]
    current = {"city": "Hull", "country": "Thailand"}
    assert forget_taken([former, taken], current, late, late, DIGEST).clock == taken.clock


def test_a_merge_takes_a_name_away_whole_and_with_its_shorter_forms() -> None:
    chosen = said(5, firstname="Carla", lastname="Depaz", dealdroid_shorter_1="Carla D")
    taken = said(7, firstname="Carla", lastname="Krueger", dealdroid_shorter_2="Carla K")
    news = [(6, MappedEvent(details={"lastname": "Abel"}))]
    assert forget_taken([taken, chosen], {"firstname": "Carla", "lastname": "Depaz"}, news, [], DIGEST) == chosen
    assert (
        forget_taken([taken, chosen], {"firstname": "Carla", "lastname": "Else"}, news, [], DIGEST).clock["lastname"][0]
        == 7
    )


def test_what_a_word_has_in_common_with_what_the_merge_chose_was_not_set_by_it() -> None:
    """The way to pay is mostly the same."""
    how = {"dealdroid_payment_method": "cash"}
    chosen = replace(said(5, dealdroid_last_intent="Ask price", **how), active_ms=5)
    taken = replace(said(7, dealdroid_last_intent="Share contact", **how), active_ms=7)
    news = [(6, MappedEvent(activity={"dealdroid_last_intent": "Purchase", **how}))]
    current = {"dealdroid_last_intent": "Ask price", **how}
    assert forget_taken([chosen, taken], current, news, news, DIGEST) == chosen


def test_a_merge_that_chose_no_address_takes_the_others_away() -> None:
    taken, news = said(7, city="Leeds", zip="LS1"), [(6, MappedEvent(address={"city": "York"}))]
    assert forget_taken([Customer(), taken], {}, news, [], DIGEST).clock == {}
    assert forget_taken([Customer(), taken], {"city": "Hull"}, news, [], DIGEST).clock == taken.clock


def test_an_address_that_is_not_the_one_last_said_is_in_doubt_as_a_whole() -> None:
    said = {"zip": "10500", "city": "Bangkok", "state": "", "phone": "1"}
    clock = {name: (7, DIGEST(name, value)) for name, value in said.items()}
    assert doubt_blocks(clock, {"zip": "10500", "city": "Bangkok", "phone": "2"}, DIGEST) == clock
    doubted = doubt_blocks(clock, {"zip": "81000", "city": "Bangkok", "address": "1 Road"}, DIGEST)
    unsure = {name: (7, clock[name][1] + DOUBT) for name in ("zip", "city", "state")}
    assert doubted == {**unsure, "phone": clock["phone"], "address": (SEEN, DIGEST("address", "1 Road"))}
    assert doubt_blocks({**doubted, "city": (5, UNRECORDED)}, {"city": "Hull"}, DIGEST)["city"] == (5, UNRECORDED)
    assert doubt_blocks(unsure, {"zip": "81000"}, DIGEST) == unsure


def test_a_street_that_nobody_had_looked_up_is_put_back_with_what_was_said_beside_it() -> None:
    now = {"address": "1 Road", "zip": "LS1"}
    clock = doubt_blocks({**UNRECORDED_ADDRESS, "zip": (9, DIGEST("zip", "LS1"))}, now, DIGEST)
    history = {"address": ["1 Road"], "zip": ["NW1", "LS1"]}
    assert choose_put_back({"zip": {"NW1"}}, clock, history, DIGEST) == now


@pytest.mark.parametrize("state", ["Krabi", "จ.กระบี่", "krabi province"])
def test_a_province_that_a_salesperson_wrote_is_known_in_any_spelling(state: str) -> None:
    """Its postcode clears no street of the contact that was merged into a customer's, and both can be put back."""
    now = {"address": "12 Main Rd", "state": state, "country": "ไทย"}
    clock = doubt_blocks({}, now, DIGEST)
    assert doubt_blocks(clock, now, DIGEST) == clock
    bare = MappedEvent(address={"zip": "81000", "state": "กระบี่", "country": "Thailand"})
    assert find_news(Customer(contact_id="3", clock=clock), [(9, bare)], DIGEST).writes == bare.address
    history = {name: [value] for name, value in now.items()} | {"zip": ["10500", "81000"]}
    clock["zip"] = (9, DIGEST("zip", "81000"))
    assert choose_put_back({"zip": {"10500"}}, clock, history, DIGEST) == {**now, "zip": "81000"}


def test_a_name_that_is_not_the_one_last_said_is_in_doubt_as_a_whole() -> None:
    clock = {name: (7, DIGEST(name, value)) for name, value in (("firstname", "Carla"), ("lastname", "Depaz"))}
    assert doubt_blocks(clock, {"firstname": "Carla", "lastname": "Depaz"}, DIGEST) == clock
    doubted = doubt_blocks(clock, {"firstname": "Carla", "lastname": "Krueger"}, DIGEST)
    assert doubted == {name: (7, content + DOUBT) for name, (_, content) in clock.items()}


def test_a_shorter_form_of_a_name_in_doubt_is_news() -> None:
    """It is no form of what the contact has; of a name that it has, it is nothing new."""
    said = MappedEvent(details={"firstname": "Carla Maria", "lastname": "Depaz", NAME_GIVEN: "Carla M. Depaz"})
    shorter = MappedEvent(details={"firstname": "Carla", "lastname": "Depaz"})
    clock = digest_entries(find_news(UNKNOWN, [(1, said)], DIGEST).entries, DIGEST)
    for current, written in (
        ({"firstname": "Emil", "lastname": "Krueger"}, shorter.details),
        ({"firstname": "Carla Maria", "lastname": "Depaz"}, {}),
    ):
        doubted = doubt_blocks(clock, current, DIGEST)
        assert find_news(Customer(contact_id="3", clock=doubted), [(2, shorter)], DIGEST).writes == written


def test_an_activity_in_doubt_is_followed_by_a_whole_one_at_once() -> None:
    """Else an intent that is said again would stand beside another customer's cart until it changes."""
    said = dict.fromkeys(ACTIVITY, "said")
    before = find_news(UNKNOWN, [(1, MappedEvent(activity=said))], DIGEST)
    doubted = doubt_blocks(digest_entries(before.entries, DIGEST), dict.fromkeys(ACTIVITY, "another's"), DIGEST)
    customer = Customer(contact_id="3", clock=doubted, active_ms=before.active_ms, intent=before.intent)
    assert find_news(customer, [(2, MappedEvent(activity=said))], DIGEST).writes == said


def test_an_own_customer_shares_the_clock_and_a_guest_keeps_theirs() -> None:
    merged, clock = read_merged(contact("a"), []), {"phone": (1, b"aaaaa")}
    own = move(Customer(revision=4, contact_id="1", clock=clock), merged)
    assert own == Customer(revision=4, contact_id="3", shared=True)
    guest = Customer(contact_id="1", shared=True, fill_only=True, email_match_only=True, clock=clock)
    assert move(guest, merged) == structs.replace(guest, contact_id="3")


def loaded(clock: dict[str, tuple[int, bytes]], *events: tuple[int, MappedEvent]) -> Loaded:
    leads = [Lead(b"1-0", "l", version, "", 0, "b", "i", mapped, {}) for version, mapped in events]
    return Loaded("b", leads, contact=Customer(contact_id="3", clock=clock))


def test_an_older_word_in_the_contact_is_found() -> None:
    older = MappedEvent(details={"phone": "1", "email": "x"}, address={"zip": "10500"})
    clock = {name: (9, DIGEST(name, value)) for name, value in (("phone", "2"), ("zip", "81000"), ("city", "Krabi"))}
    given = loaded(clock, (5, older))
    now = {"phone": "1", "email": "x", "zip": "10500"}
    assert find_overwritten(given, Decision(), clock, now, DIGEST) == {"phone": {"1"}, "zip": {"10500"}, "city": {""}}
    assert find_overwritten(given, Decision(properties={"phone": "1"}), clock, {**now, "zip": "81000"}, DIGEST) == {}
    assert find_overwritten(given, Decision(), clock, {"phone": "2", "zip": "30000"}, DIGEST) == {}
    assert find_overwritten(loaded(clock, (10, older)), Decision(), clock, now, DIGEST) == {}


def test_what_is_put_back_is_the_newest_of_somebody_elses() -> None:
    assert choose_former(["1", "2", "1", "3"], {"1"}) == "2"
    assert choose_former(["1", "", "3"], {"1"}) == ""
    assert choose_former(["1"], {"1"}) is None


def test_parts_of_an_address_are_put_back_with_the_rest_of_it() -> None:
    """Also if the contact has the city of an older word only because a merge gave it another address there."""
    said = {"address": "7 Sukhumvit", "city": "Bangkok", "country": "Thailand"}
    clock = {name: (9, DIGEST(name, value)) for name, value in said.items()}
    history = {
        "address": ["14 Baker Street", "7 Sukhumvit", "14 Baker Street"],
        "city": ["London", "Bangkok", "London"],
        "country": ["United Kingdom", "Thailand"],
        "phone": ["1", "2"],
    }
    found = {"phone": {"1"}, "city": {"London"}}
    assert choose_put_back(found, clock, history, DIGEST) == {**said, "phone": "2"}
    # Nor is one part left out because an older word had it too.
    found = {"city": {"London"}, "country": {"United Kingdom", "Thailand"}}
    assert choose_put_back(found, clock, history, DIGEST) == said


@pytest.mark.parametrize("seen", [{}, {"state": (SEEN, DIGEST("state", "Bangkok"))}], ids=["unseen", "seen"])
def test_a_part_that_the_last_address_never_had_is_blank_again(seen: dict[str, tuple[int, bytes]]) -> None:
    """Also if whoever said the last address read the older one's part in the contact."""
    said = {"address": "1 Baker Street", "city": "London"}
    clock = {name: (9, DIGEST(name, value)) for name, value in said.items()} | seen
    older = {"address": "7 Sukhumvit", "city": "Bangkok", "state": "Bangkok"}
    given = loaded(clock, (5, MappedEvent(address=older)))
    found = find_overwritten(given, Decision(), clock, older, DIGEST)
    assert found == {name: {value} for name, value in older.items()}
    history = {name: [value] for name, value in older.items()}
    for merged in (True, False):
        assert choose_put_back(found, clock, history, DIGEST, merged=merged) == {}, "not known whole"
    history |= {name: [older[name], value] for name, value in said.items()}
    assert choose_put_back(found, clock, history, DIGEST) == {**said, "state": ""}
    assert choose_put_back(found, clock, history, DIGEST, merged=False) == {**said, "state": ""}


@pytest.mark.parametrize("merged", [True, False])
def test_nothing_of_a_name_is_put_back_that_is_not_known_whole(merged: bool) -> None:
    clock = {"firstname": (9, DIGEST("firstname", "Carla")), "lastname": (9, UNRECORDED)}
    history = {"firstname": ["Emil", "Carla"], "lastname": ["Krueger", "Depaz"]}
    assert choose_put_back({"firstname": {"Emil"}}, clock, history, DIGEST, merged=merged) == {}


@pytest.mark.parametrize("doubt", [b"", DOUBT], ids=["sure", "in doubt"])
def test_the_last_address_is_put_back_whole_whatever_the_merges_chose_in_between(doubt: bytes) -> None:
    """Two merged contacts had different places: their histories are one now, and a part of each may be the newest."""
    said = {"address": "14 Hill Road", "city": "Leeds", "zip": "LS1"}
    clock = {name: (9, DIGEST(name, value) + doubt) for name, value in said.items()}
    given = loaded(clock, (5, MappedEvent(address={"address": "16 Hill Road", "city": "Leeds", "zip": "LS1"})))
    now = {"address": "16 Hill Road", "city": "London", "zip": "NW1"}
    history = {
        "address": ["16 Hill Road", "14 Hill Road", "16 Hill Road", "11 Baker Street", "5 Hill Road"],
        "city": ["London", "Leeds", "London"],
        "zip": ["NW1", "LS1", "NW1"],
    }
    found = find_overwritten(given, Decision(), clock, now, DIGEST)
    assert found == {"address": {"16 Hill Road"}}
    assert choose_put_back(found, clock, history, DIGEST) == said


def test_the_last_word_itself_is_no_older_one_though_it_was_in_doubt() -> None:
    clock = {"zip": (9, DIGEST("zip", "LS1") + DOUBT)}
    given = loaded(clock, (5, MappedEvent(address={"zip": "LS1"})))
    assert find_overwritten(given, Decision(), clock, {"zip": "LS1"}, DIGEST) == {}


def test_without_a_merge_nothing_but_the_last_word_is_put_back() -> None:
    """HubSpot may have refused that, and what the contact had before is older still."""
    clock = {name: (9, DIGEST(name, value)) for name, value in (("phone", "3"), ("email", "x"))}
    history = {"phone": ["1", "2"], "email": ["z", "y", "x"]}
    found = {"phone": {"1"}, "email": {"z"}}
    assert choose_put_back(found, clock, history, DIGEST, merged=False) == {"email": "x"}


def test_of_a_merged_contact_the_last_word_is_put_back_and_not_what_the_merge_set() -> None:
    """HubSpot gave it the primary one's values, of which one may be older than both."""
    history = {"phone": ["older", "of the merge", "last"], "company": ["older", "of the merge"], "email": ["older", ""]}
    clock = {name: (9, DIGEST(name, value)) for name, value in (("phone", "last"), ("company", "none"), ("email", ""))}
    found = {name: {"older"} for name in history}
    put_back = {"phone": "last", "company": "of the merge", "email": ""}
    assert choose_put_back(found, clock, history, DIGEST) == put_back


def test_what_somebody_else_has_set_stays_with_the_rest_of_its_block() -> None:
    found = {"phone": {"1"}, "email": {"x"}, "city": {"Leeds"}, "zip": {"LS1"}, "firstname": {"Ann"}}
    sources = {"phone": "CRM_UI userId:1", "email": "INTEGRATION 2", "address": "MOBILE_IOS", "firstname": ""}
    assert leave_edited(found, sources, "INTEGRATION 1") == {"email": {"x"}, "firstname": {"Ann"}}
    assert leave_edited(found, sources, "") == found


def test_a_part_that_no_lead_said_is_taken_away_only_where_leadsync_itself_set_it() -> None:
    found = {"phone": {"1"}, "state": {"Krabi"}, "country": {"Thailand"}, "zip": {"81000"}, "city": {"Krabi"}}
    clock = {"phone": (9, b"11111"), "zip": (9, b"22222"), "city": (SEEN, b"33333")}
    sources = {**dict.fromkeys(found, "INTEGRATION 2"), "state": "INTEGRATION 1", "city": "CRM_UI userId:1"}
    assert leave_foreign(found, clock, sources, {"INTEGRATION 1"}).keys() == {"phone", "state", "zip"}
