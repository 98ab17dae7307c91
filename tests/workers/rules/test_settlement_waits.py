"""What becomes of leads that have to wait, or for a person."""

from collections.abc import Mapping

import pytest

from leadcore.reasons import reason
from leadcore.receipts import (
    PARKED,
    PARKED_SECONDS,
    WAITING,
)
from leadcore.store import keys
from tests.workers.rules.test_settlement import NOW, WHERE, counted, figures, group, lead, settle
from workers.rules.batch import Unreadable
from workers.rules.lead import Result, version_text
from workers.rules.settlement import park_unreadable


@pytest.mark.parametrize(("tries", "seconds"), [(0, 2), (1, 4), (2, 8), (6, 128), (8, 512), (9, 600), (40, 600)])
def test_a_lead_that_has_to_wait_is_put_off_for_longer_and_longer(tries: int, seconds: int) -> None:
    waiting = lead(tries=tries, fields={b"e": b"lead1", b"b": b"{}", b"n": b"%d" % tries, b"k": b"retry"})
    done = settle(group(waiting), Result(WAITING, code="row", why="locked"), tries=50)
    ((_, key, due, packed),) = done.find("ZADD")
    assert (key, due - NOW) == (keys.later(keys.INBOX, 2), seconds * 1000)
    assert fields_of(packed) == {
        b"e": b"lead1",
        b"b": b"{}",
        b"k": b"retry",
        b"n": b"%d" % (tries + 1),
        b"v": version_text(waiting.version),
    }
    receipt = done.receipt()
    assert (receipt.state, receipt.tries, receipt.reason) == (WAITING, tries + 1, "locked")
    assert counted(done) == ["retried"]
    assert (list(done.commands), done.guards) == ([], [])


def fields_of(packed: bytes) -> Mapping[bytes, bytes]:
    parts = packed.split(b"\x1f")[:-1]
    return dict(zip(parts[::2], parts[1::2], strict=True))


@pytest.mark.parametrize(
    ("tries", "allowed", "state"), [(6, 8, WAITING), (7, 8, PARKED), (0, 1, PARKED), (9, 8, PARKED)]
)
def test_a_lead_that_waited_often_enough_is_parked(tries: int, allowed: int, state: str) -> None:
    done = settle(group(lead(tries=tries)), Result(WAITING, code="row", why=reason("contact_locked")), tries=allowed)
    assert done.receipt().state == state
    if state == PARKED:
        assert done.receipt().reason == f"row: {reason('given_up', why='contact_locked', tries=allowed)}"
        assert done.receipt().tries == tries + 1


def test_each_lead_of_a_group_has_its_own_tries() -> None:
    done = settle(group(lead(1, tries=7), lead(2, tries=0)), Result(WAITING, code="row", why="locked"))
    assert [done.receipt(index).state for index in (0, 1)] == [PARKED, WAITING]


def test_a_parked_lead_keeps_its_payload_for_a_month_and_records_no_value() -> None:
    done = settle(group(), Result(PARKED, code="refused", why=reason("contact_refused")))
    ((_, key, packed, expiry, seconds),) = done.find("SET")
    assert (key, expiry, seconds) == (keys.parked("lead1"), "EX", PARKED_SECONDS)
    assert PARKED_SECONDS == 30 * 86_400
    assert fields_of(packed) == {b"e": b"lead1", b"b": b'{"a": 1}', b"v": version_text(lead().version)}
    assert done.find("ZADD") == [("ZADD", keys.PARKED, NOW, "lead1")]
    assert (done.receipt().state, done.receipt().reason) == (PARKED, f"refused: {reason('contact_refused')}")
    assert (figures(done), counted(done)) == ([("parked:refused", 1)], [PARKED])
    assert (list(done.commands), done.guards) == ([], [])


@pytest.mark.parametrize(
    ("fields", "name"),
    [({b"e": b"lead1", b"b": b"{"}, "lead1"), ({b"b": b"{"}, "1-0"), ({}, "1-0"), ({b"e": b"\xff"}, "\ufffd")],
)
def test_an_unreadable_entry_is_parked_under_its_lead_or_its_own_id(fields: dict[bytes, bytes], name: str) -> None:
    parked, index, receipt, count, figure = park_unreadable(Unreadable(b"1-0", fields), WHERE)
    assert (parked[1], fields_of(parked[2]), parked[3:]) == (keys.parked(name), fields, ("EX", PARKED_SECONDS))
    assert index == ("ZADD", keys.PARKED, NOW, name)
    assert receipt[1] == keys.receipt(name)
    assert count == ("HINCRBY", keys.COUNTS, PARKED, 1)
    assert figure == ("HINCRBY", keys.FIGURES, "parked:unreadable", 1)
