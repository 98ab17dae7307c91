"""`leadsync retry` and `discard` of a lead of which several things wait for a person, each for a reason of its own."""

import json

import pytest

from leadcore.event import encode
from leadcore.receipts import pack
from leadcore.store import keys
from leadcore.store.streams import Stream, pack_fields
from tests.conftest import SHARDS, Line, lead
from tests.leadsync.conftest import call
from workers.rules.delivery import store_unsent

CUSTOMER = "c-1"


@pytest.fixture
def line(idle_line: Line) -> Line:
    """A written lead whose message was cut off, and whose order and note HubSpot refused."""
    body = encode({name: said for name, said in lead(CUSTOMER).items() if name != "secret"})
    entry = pack_fields({b"e": b"one", b"b": body})
    receipt = pack(
        customer_id=CUSTOMER,
        state="created",
        message="interrupted: a fault",
        order="parked: refused: a rule",
        note="parked: refused: a rule",
    )
    message = {b"e": b"one", b"c": encode({"id": CUSTOMER}), b"t": b'"Saved"'}
    Stream(idle_line.redis).apply(
        [
            ("HSET", keys.receipt("one"), *receipt),
            ("SET", keys.parked_order("one"), entry),
            ("ZADD", keys.PARKED_ORDERS, 1, "one"),
            ("SET", keys.parked_note("one"), entry),
            ("ZADD", keys.PARKED_NOTES, 1, "one"),
            *store_unsent(message, 1),
        ]
    )
    return idle_line


def waiting(line: Line) -> list[int]:
    """How many messages, orders and notes are in their lines."""
    return [
        sum(line.redis.xlen(keys.entries(name, shard)) for shard in range(SHARDS))
        for name in (keys.OUTBOX, keys.ORDERS, keys.NOTES)
    ]


def test_a_retry_of_all_sends_no_message_that_was_cut_off_though_the_order_is_tried_again(line: Line) -> None:
    done = call(line, "retry", "--all", "--json")
    assert (done.exit_code, json.loads(done.stdout)) == (0, {"retried": ["one"], "refused": {}})
    assert (waiting(line), line.redis.exists(keys.unsent("one"))) == ([0, 1, 1], 1)


def test_a_retry_by_reason_is_of_what_waits_for_that_reason(line: Line) -> None:
    assert call(line, "retry", "--reason", "its order").exit_code == 0
    assert waiting(line) == [0, 1, 0]


def test_a_discard_by_reason_keeps_what_waits_for_another(line: Line) -> None:
    assert call(line, "discard", "--reason", "its message", "--yes").exit_code == 0
    assert [line.redis.exists(of("one")) for of in (keys.unsent, keys.parked_order, keys.parked_note)] == [0, 1, 1]


def test_a_discard_counts_a_lead_once_however_much_of_it_waits(line: Line) -> None:
    done = call(line, "discard", "--all", answer="y\n")
    assert (done.exit_code, done.stdout) == (0, "1 lead discarded.\n")
    assert "Delete the data of 1 lead for good?" in done.stderr
    assert [line.redis.exists(of("one")) for of in (keys.unsent, keys.parked_order, keys.parked_note)] == [0, 0, 0]


def test_a_lead_that_is_named_is_tried_again_with_all_that_waits_of_it(line: Line) -> None:
    assert call(line, "retry", "one").exit_code == 0
    assert waiting(line) == [1, 1, 1]
