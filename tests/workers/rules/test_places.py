"""Whose turn it is: a customer's messages go one at a time and in the order in which they came."""

import json
from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from workers.rules import places
from workers.rules.places import Head, choose, customer_of, place_of

NOW = 1_772_000_000_000
Row = tuple[bytes, Mapping[bytes, bytes]]


def row(customer: str | int, entry: bytes, place: bytes | None = None) -> Row:
    fields = {b"c": json.dumps({"id": customer}).encode(), b"t": b'"hello"'}
    return entry, fields if place is None else {**fields, b"o": place}


def chosen(rows: Sequence[Row], heads: Mapping[str, Head] | None = None, size: int = 16) -> tuple[list[bytes], ...]:
    found = choose(rows, heads or {}, size, NOW)
    return (
        [entry for entry, _ in found.send],
        [entry for (entry, _), _ in found.hold],
        [entry for entry, _ in found.rest],
    )


def head(one: Row, due_ms: int = NOW + 60_000) -> dict[str, Head]:
    return {customer_of(one[1]): Head(place_of(*one), due_ms)}


def test_one_message_of_a_customer_goes_at_a_time() -> None:
    rows = [row("a", b"1-0"), row("a", b"1-1"), row("b", b"2-0"), row("a", b"3-0")]
    assert chosen(rows) == ([b"1-0", b"2-0"], [], [b"1-1", b"3-0"])


def test_a_number_and_its_text_are_one_customer() -> None:
    assert chosen([row(7, b"1-0"), row("7", b"2-0")]) == ([b"1-0"], [], [b"2-0"])


def test_one_that_came_back_goes_before_what_came_meanwhile() -> None:
    assert chosen([row("a", b"9-0"), row("a", b"10-0", b"2-0")]) == ([b"10-0"], [], [b"9-0"])


def test_what_is_behind_one_that_waits_is_held_until_that_one_comes_back() -> None:
    rows = [row("a", b"9-0"), row("b", b"9-1"), row("a", b"10-0")]
    waits = head(row("a", b"2-0"))
    assert chosen(rows, waits) == ([b"9-1"], [b"9-0", b"10-0"], [])
    assert [until for _, until in choose(rows, waits, 16, NOW).hold] == [NOW + 60_000] * 2


def test_one_that_waits_holds_back_nothing_that_came_before_it() -> None:
    assert chosen([row("a", b"2-0")], head(row("a", b"9-0"))) == ([b"2-0"], [], [])
    assert chosen([row("a", b"10-0", b"2-0")], head(row("a", b"2-0"))) == ([b"10-0"], [], [])


def test_one_that_should_be_back_for_long_is_missed() -> None:
    for due_ms, missed in ((NOW - 20_000, True), (NOW - 1, False), (NOW + 1, False)):
        found = choose([row("a", b"9-0")], head(row("a", b"2-0"), due_ms), 16, NOW)
        assert (found.missed, len(found.hold)) == (missed, 1)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.one_of(st.none(), st.integers(1, 30)))),
    st.dictionaries(st.sampled_from("abc"), st.integers(1, 60)),
    st.integers(1, 5),
)
def test_no_row_is_lost_and_no_message_overtakes(
    given_rows: list[tuple[str, int | None]], waiting: dict[str, int], size: int
) -> None:
    rows = [
        row(who, b"%d-0" % (index + 31), place and b"%d-0" % place) for index, (who, place) in enumerate(given_rows)
    ]
    heads = {name: one for who, place in waiting.items() for name, one in head(row(who, b"%d-0" % place)).items()}
    found = choose(rows, heads, size, NOW)
    held = [one for one, _ in found.hold]
    assert sorted(entry for entry, _ in [*found.send, *held, *found.rest]) == sorted(entry for entry, _ in rows)
    customers = [customer_of(fields) for _, fields in found.send]
    assert len(set(customers)) == len(customers) <= size
    for one in found.send:
        behind = [place_of(*other) for other in rows if customer_of(other[1]) == customer_of(one[1])]
        assert place_of(*one) == min(behind)
        assert customer_of(one[1]) not in heads or heads[customer_of(one[1])].place >= place_of(*one)
    assert not rows or found.send or found.hold


def test_a_place_is_given_up_only_by_who_has_one() -> None:
    assert places.give_up(0, *row("a", b"1-0")) == []
    [(command, *_)] = places.give_up(0, *row("a", b"9-0", b"1-0"))
    assert command == "ZREMRANGEBYLEX"
    taken = places.take(0, *row("a", b"1-0"), NOW)[-1][-1].encode()
    assert places.stale([taken], [row("a", b"9-0", b"1-0")]) == []
    assert places.stale([taken], [row("b", b"9-0", b"1-0")]) == [taken]
