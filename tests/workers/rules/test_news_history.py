"""Every history: an independent model, and any order, batching and duplication of what is delivered."""

from collections.abc import Iterable, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workers.rules.crm import BANGKOK, CHIANG_MAI, Crm, Event, at, visit
from workers.rules.mapping.mapped_event import MappedEvent
from workers.rules.mapping.property_names import ADDRESS

PLAIN = {
    "email": ["a@x.th", "b@x.th", "c@x.th"],
    "phone": ["+66811111111", "+66822222222"],
    "company": ["A Co.", "B Co."],
    "hs_language": ["th", "en"],
}
DETAILS = st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in PLAIN.items()})
NAMES: st.SearchStrategy[dict[str, str]] = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"firstname": st.sampled_from("AB")}),
    st.fixed_dictionaries({"firstname": st.sampled_from("AB"), "lastname": st.sampled_from("XY")}),
)
HOMES = st.one_of(
    st.just({}),
    st.builds(
        lambda place, parts: {**place, **parts},
        st.sampled_from([BANGKOK, CHIANG_MAI]),
        st.fixed_dictionaries(
            {},
            optional={
                "address": st.sampled_from(["1", "2"]),
                "dealdroid_village": st.sampled_from(["V", "W"]),
                "dealdroid_district": st.sampled_from(["D", "E"]),
            },
        ),
    ),
)
FACTS = st.builds(lambda plain, name, address: MappedEvent({**plain, **name}, address), DETAILS, NAMES, HOMES)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[Event], list[list[Event]]]:
    """Events in the order in which they were said, and batches in which each is delivered at least once."""
    mapped = draw(st.lists(FACTS, min_size=1, max_size=7))
    events = [(at(number), one) for number, one in enumerate(mapped)]
    again = draw(st.lists(st.sampled_from(range(len(events))), max_size=4))
    order = draw(st.permutations([*range(len(events)), *again]))
    ends = [*sorted(draw(st.sets(st.integers(1, len(order)), max_size=6))), len(order)]
    batches = [[events[index] for index in dict.fromkeys(order[a:b])] for a, b in zip([0, *ends], ends, strict=False)]
    return events, [batch for batch in batches if batch]


def newest_words(events: Iterable[Event]) -> dict[str, str]:
    """What a person who heard everything would say of everything but the address."""
    words: dict[str, str] = {}
    for _, mapped in events:
        words |= {name: value for name, value in mapped.details.items() if name in PLAIN}
    whole = [mapped.details for _, mapped in events if "lastname" in mapped.details]
    first = [mapped.details for _, mapped in events if "firstname" in mapped.details]
    name = (whole or first or [{}])[-1]
    return words | {key: name[key] for key in ("firstname", "lastname") if key in name}


def newest_home(events: Sequence[Event]) -> tuple[dict[str, str], dict[str, set[str]]]:
    """What must be true of the address, and which further parts may be: those said of the same place."""
    homes = [dict(mapped.address) for _, mapped in events if mapped.address]
    if not homes:
        return {}, {}
    newest = homes[-1]
    same = [one for one in homes if one["zip"] == newest["zip"]]
    return newest, {name: {one[name] for one in same if name in one} for name in ADDRESS}


@settings(max_examples=300, deadline=None)
@given(deliveries())
def test_the_newest_value_wins_in_any_order_batching_and_replay(
    given_: tuple[list[Event], list[list[Event]]],
) -> None:
    events, batches = given_
    crm = Crm()
    for batch in batches:
        crm.deliver(*batch)
    said = crm.present
    address = {name: said.pop(name) for name in ADDRESS if name in said}
    must, may = newest_home(events)
    assert said == newest_words(events)
    assert {name: address.get(name) for name in must} == must
    assert all(value in may[name] for name, value in address.items())


@settings(max_examples=150, deadline=None)
@given(deliveries(), st.data())
def test_a_replay_changes_nothing(given_: tuple[list[Event], list[list[Event]]], data: st.DataObject) -> None:
    events, batches = given_
    crm = Crm()
    for batch in batches:
        crm.deliver(*batch)
    values, clock = dict(crm.values), dict(crm.customer.clock)
    replayed = data.draw(st.lists(st.sampled_from(range(len(events))), min_size=1, unique=True))
    news = crm.deliver(*(events[index] for index in replayed))
    assert not news
    assert (crm.values, crm.customer.clock) == (values, clock)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.booleans(), DETAILS), max_size=12))
def test_an_edit_stands_until_the_customer_says_another_thing_than_before(
    steps: list[tuple[bool, dict[str, str]]],
) -> None:
    crm, expected, last = Crm(), dict[str, str](), dict[str, str]()
    for number, (edited, values) in enumerate(steps):
        if edited:
            edits = {name: value + " (edited)" for name, value in values.items()}
            crm.values |= edits
            expected |= edits
        else:
            crm.deliver((at(number), MappedEvent(details=values)))
            expected |= {name: value for name, value in values.items() if last.get(name) != value}
            last |= values
    assert crm.values == expected


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), st.sampled_from(["Ask", "Buy", "Track"])), min_size=1, max_size=6))
def test_the_newest_intent_wins_in_order_whatever_the_batching(said: list[tuple[int, str]]) -> None:
    events = [visit(minutes, intent) for minutes, intent in sorted(dict(said).items())]
    alone, together = Crm(), Crm()
    for event in events:
        alone.deliver(event)
    together.deliver(*events)
    newest = events[-1][1].activity["dealdroid_last_intent"]
    assert alone.values["dealdroid_last_intent"] == together.values["dealdroid_last_intent"] == newest
