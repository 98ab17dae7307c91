import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from leadcore import event
from leadcore.config import Crm
from leadcore.receipts import PROPERTIES
from workers.rules.customer import (
    DOUBT,
    FORMAT,
    TEXT_BYTES,
    UNKNOWN,
    UNRECORDED,
    VALUE_BYTES,
    Customer,
    guard,
    pack,
    unpack,
)
from workers.rules.field_clock import digest_entries, digester
from workers.rules.mapping.contact import PortalOptions, map_event
from workers.rules.news import find_news

NAMES = st.one_of(st.sampled_from(PROPERTIES), st.from_regex(r"[a-z][a-z0-9_]{0,99}", fullmatch=True))
DIGESTS = st.binary(min_size=VALUE_BYTES, max_size=VALUE_BYTES)
STAMPS = st.tuples(st.integers(0, 2**64 - 1), DIGESTS | DIGESTS.map(lambda digest: digest + DOUBT))
MARKS = st.binary(min_size=TEXT_BYTES, max_size=TEXT_BYTES)
CUSTOMERS = st.builds(
    Customer,
    revision=st.integers(0, 2**32 - 2),
    contact_id=st.from_regex(r"\d{0,20}", fullmatch=True),
    fill_only=st.booleans(),
    shared=st.booleans(),
    email_match_only=st.booleans(),
    untrusted=st.booleans(),
    trusted=st.booleans(),
    numeric=st.booleans(),
    attempted=st.booleans(),
    active_ms=st.integers(0, 2**48 - 1),
    intent=MARKS,
    day=st.integers(0, 65_535),
    sent_texts=st.frozensets(MARKS, max_size=12),
    clock=st.dictionaries(NAMES, STAMPS, max_size=40),
)


def purchase() -> event.Event:
    file = Path(__file__).parents[2] / "payloads/purchase_th.json"
    body: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return event.read(event.encode(body))


@given(CUSTOMERS)
def test_a_packed_record_unpacks_with_the_next_revision(customer: Customer) -> None:
    back = unpack(pack(customer))
    assert back.revision == customer.revision + 1
    assert pack(back)[4:] == pack(customer)[4:]
    for name in (
        "contact_id",
        "fill_only",
        "shared",
        "email_match_only",
        "untrusted",
        "trusted",
        "numeric",
        "attempted",
        "active_ms",
        "intent",
        "day",
        "sent_texts",
        "clock",
    ):
        assert getattr(back, name) == getattr(customer, name), name


@given(CUSTOMERS)
def test_the_guard_changes_with_every_write(customer: Customer) -> None:
    first = pack(customer)
    assert guard(pack(unpack(first))) != guard(first)


def test_the_revision_begins_again_after_its_last() -> None:
    last = unpack(pack(Customer(revision=2**32 - 2)))
    assert last.revision == 2**32 - 1
    assert unpack(pack(last)).revision == 0


def test_the_clock_may_hold_more_properties_of_one_event_than_one_count_can() -> None:
    clock = {f"shop_{number}": (7, b"12345") for number in range(600)}
    assert unpack(pack(Customer(clock=clock))).clock == clock


def test_at_most_255_texts_of_a_day_are_remembered() -> None:
    said = frozenset(number.to_bytes(TEXT_BYTES, "big") for number in range(300))
    back = unpack(pack(Customer(sent_texts=said, clock={"email": (1, b"12345")})))
    assert len(back.sent_texts) == 255
    assert back.sent_texts < said
    assert back.clock == {"email": (1, b"12345")}


def test_without_a_record_the_customer_is_unknown() -> None:
    assert unpack(None) is UNKNOWN
    assert unpack(b"") is UNKNOWN
    assert guard(None) == b""
    assert not UNKNOWN.known


def test_a_record_of_another_format_is_unknown_but_its_guard_still_holds() -> None:
    record = bytearray(pack(Customer(revision=8, contact_id="501")))
    record[4] = FORMAT + 1
    back = unpack(bytes(record))
    assert back == Customer(revision=9)
    assert guard(pack(back)) == (10).to_bytes(4, "big")


def test_a_program_of_before_the_doubts_reads_a_value_in_doubt_as_unrecorded() -> None:
    """And what it keeps beside that is forgotten once it has recorded another value."""
    sure: dict[str, tuple[int, bytes]] = {"phone": (6, b"67890"), "~zip": (5, b"abcde")}
    stored = pack(Customer(clock={**sure, "zip": (7, b"12345" + DOUBT), "city": (8, UNRECORDED)}))
    older = {**sure, "zip": (7, UNRECORDED), "?zip": (7, b"12345"), "city": (8, UNRECORDED)}
    assert stored == pack(Customer(clock=older))
    written = {"zip": (9, b"23456"), "city": (8, UNRECORDED)}
    assert unpack(pack(Customer(clock={**older, **written}))).clock == {**sure, **written}


def test_a_record_that_was_cut_short_in_its_head_is_unknown() -> None:
    assert unpack(b"\0\0\0\7\1") == Customer(revision=7)


def test_a_typical_customer_takes_less_than_200_bytes() -> None:
    """Three visits with one address and all contact details."""
    digest = digester(b"key")
    customer, began = UNKNOWN, 1_772_000_000_000
    for visit in range(3):
        said_ms = began + visit * 86_400_000
        said = map_event(purchase(), said_ms, Crm(), PortalOptions())
        news = find_news(customer, [(said_ms << 16, said)], digest)
        customer = unpack(
            pack(
                Customer(
                    contact_id="123456789012",
                    active_ms=news.active_ms,
                    intent=news.intent,
                    day=20_500,
                    sent_texts=frozenset({b"abcd"}),
                    clock=digest_entries(news.entries, digest),
                )
            )
        )
    assert {"firstname", "email", "phone", "address", "zip", "dealdroid_cart"} <= customer.clock.keys()
    assert len(pack(customer)) < 200


def test_a_record_holds_no_value() -> None:
    said = map_event(purchase(), 1_772_000_000_000, Crm(), PortalOptions())
    digest = digester(b"key")
    news = find_news(UNKNOWN, [(1_772_000_000_000 << 16, said)], digest)
    record = pack(Customer(contact_id="501", clock=digest_entries(news.entries, digest), intent=news.intent))
    for value in (*said.details.values(), *said.address.values()):
        assert len(value) < 4 or value.encode() not in record
