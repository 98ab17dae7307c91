import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadcore.config import Config, Intent
from workers.rules.batch import Unreadable, read_batch
from workers.rules.portal import Portal

BEGAN = 1_772_000_000_000
PORTAL = Portal()


def entry(milliseconds: int = 0, sequence: int = 0) -> bytes:
    return b"%d-%d" % (BEGAN + milliseconds, sequence)


def fields(customer: Any = "c-1", mid: str = "m-1", **more: Any) -> dict[bytes, bytes]:
    """An entry of the inbox. Names of one letter are the entry's own fields, all others the event's."""
    own = {name.encode(): value for name, value in more.items() if len(name) == 1}
    said = {name: value for name, value in more.items() if len(name) > 1}
    body = {"mid": mid, "customer_id": customer, "intent": "Purchase", **said}
    return {b"e": b"lead" + mid.encode(), b"b": json.dumps(body).encode(), **own}


def test_each_customer_is_one_group_in_the_order_of_the_events() -> None:
    rows = [
        (entry(0), fields("a", "m-1")),
        (entry(1), fields("b", "m-2")),
        (entry(2), fields("a", "m-3")),
        (entry(2, 1), fields("a", "m-4")),
    ]
    batch = read_batch(rows, Config(), PORTAL)
    assert [(group.customer_id, [lead.id for lead in group.leads]) for group in batch.groups] == [
        ("a", ["leadm-1", "leadm-3", "leadm-4"]),
        ("b", ["leadm-2"]),
    ]
    assert batch.unreadable == []


def test_leads_are_ordered_by_version_and_not_by_arrival() -> None:
    late = fields(mid="m-1", v=b"%d" % BEGAN)
    (group,) = read_batch([(entry(10), fields(mid="m-2")), (entry(20), late)], Config(), PORTAL).groups
    assert [lead.id for lead in group.leads] == ["leadm-1", "leadm-2"]
    assert group.trace_id == "leadm-2"
    assert group.leads[0].said_ms == BEGAN


@pytest.mark.parametrize(("one", "other", "groups"), [(5, "5", 1), ("a", "A", 2), ("a", "a ", 2), (1.5, "1.5", 1)])
def test_customer_ids_are_compared_exactly_as_they_came(one: Any, other: Any, groups: int) -> None:
    rows = [(entry(0), fields(one)), (entry(1), fields(other))]
    assert len(read_batch(rows, Config(), PORTAL).groups) == groups


def test_a_lead_brings_its_kind_its_tries_and_its_entry() -> None:
    row = fields(k=b"retry", n=b"3")
    ((lead,),) = (group.leads for group in read_batch([(entry(), row)], Config(), PORTAL).groups)
    assert (lead.entry, lead.id, lead.kind, lead.tries) == (entry(), "leadm-1", "retry", 3)
    assert lead.fields == row


VALID = fields()


@pytest.mark.parametrize(
    "row",
    [
        {},
        {b"e": b"x"},
        {b"e": b"x", b"b": b""},
        {b"e": b"x", b"b": b"{"},
        {b"e": b"x", b"b": b"\xff\xfe"},
        {b"e": b"x", b"b": b"[1]"},
        {b"e": b"x", b"b": b"{}"},
        {b"e": b"x", b"b": b'{"mid": "m", "customer_id": null, "intent": "i"}'},
        {b"e": b"x", b"b": b'{"mid": "m", "customer_id": "  ", "intent": "i"}'},
        {b"e": b"x", b"b": b"[" * 100_000},
        {**VALID, b"v": b""},
        {**VALID, b"v": b"soon"},
        {**VALID, b"v": b"-5"},
        {**VALID, b"v": b"5-x"},
        {**VALID, b"v": b"9" * 15},
        {**VALID, b"v": b"9" * 30},
        {**VALID, b"n": b""},
        {**VALID, b"n": b"many"},
        {**VALID, b"e": b"\xff"},
        {**VALID, b"k": b"\xff"},
    ],
)
def test_an_entry_that_is_no_event_of_ours_hurts_nobody_else(row: dict[bytes, bytes]) -> None:
    batch = read_batch([(entry(0), row), (entry(1), fields("other"))], Config(), PORTAL)
    assert batch.unreadable == [Unreadable(entry(0), row)]
    assert [group.customer_id for group in batch.groups] == ["other"]


def test_values_that_the_portal_has_no_property_for_are_left_out() -> None:
    row = fields(contact_info={"name": "Ann (Nan)", "phone": "0812345678"})
    (group,) = read_batch([(entry(), row)], Config(), Portal(frozenset({"firstname", "phone"}))).groups
    assert group.leads[0].mapped.details == {"firstname": "Ann", "phone": "+66812345678"}


def test_an_intent_that_is_no_lead_sets_no_lead_status() -> None:
    config = Config(intents={"Purchase": Intent(lead=False)})
    (group,) = read_batch([(entry(), fields())], config, PORTAL).groups
    assert "hs_lead_status" not in group.leads[0].mapped.creation
    (group,) = read_batch([(entry(), fields())], Config(), PORTAL).groups
    assert group.leads[0].mapped.creation["hs_lead_status"] == "NEW"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("line_id", "@somchai"),
        ("deep.er.than", "7"),
        ("vip", "true"),
        ("deep", None),
        ("deep.er.than.that", None),
        ("absent", None),
        ("", None),
    ],
)
def test_the_shops_own_fields_are_read_by_their_path(path: str, value: str | None) -> None:
    row = fields(line_id=" @somchai ", deep={"er": {"than": 7}}, vip=True)
    (group,) = read_batch([(entry(), row)], Config(properties={path: "shop_x"}), PORTAL).groups
    assert group.leads[0].mapped.details.get("shop_x") == value


ENTRIES = st.dictionaries(
    st.sampled_from([b"e", b"b", b"v", b"k", b"n", b"x"]),
    st.one_of(
        st.binary(max_size=12),
        st.sampled_from([VALID[b"b"], b"1772000000000-1", b"3", b"retry", b"{}"]),
    ),
)


@given(st.lists(ENTRIES, max_size=6))
def test_every_row_ends_in_a_group_or_among_the_unreadable(rows: list[dict[bytes, bytes]]) -> None:
    numbered = [(entry(number), row) for number, row in enumerate(rows)]
    batch = read_batch(numbered, Config(), PORTAL)
    found = [lead.entry for group in batch.groups for lead in group.leads] + [one.entry for one in batch.unreadable]
    assert sorted(found) == [name for name, _ in numbered]
