"""Notes that cannot be written wait for a person."""

import json
from contextlib import suppress
from typing import Any

from msgspec.structs import replace

from leadcore.config import Hooks
from leadcore.events import Events
from leadcore.fields import BODY, DATA, EVENT, LEAD, VERSION
from leadcore.reasons import Reason, english
from leadcore.store import keys
from leadcore.store.parked import Parked, causes
from tests.conftest import SHARDS
from tests.workers.notes.conftest import NOTED, add, drain_of, due, left, notes, ordered, recover, run
from tests.workers.orders.conftest import NOW, OrderLine, open_line
from tests.workers.rules.orders.events import product
from workers.retention import Retention


def parked(line: OrderLine) -> list[str]:
    return [lead.decode() for lead in line.redis.zrange(keys.PARKED_NOTES, 0, -1)]


def retry(line: OrderLine, lead: str) -> Reason:
    return Parked(line.redis, NOTED.inbox).retry(lead, "ann")


def test_a_note_whose_contact_is_gone_waits_and_is_parked_with_a_reason_until_a_retry(line: OrderLine) -> None:
    lead = add(line, customer="unknown")
    run(line)
    assert left(line) == 1
    assert line.receipt(lead).note == "waiting: note_without_contact"
    for _ in range(NOTED.inbox.tries):
        with suppress(AssertionError):
            recover(line)
    assert left(line) == 0
    assert parked(line) == [lead]
    [cause] = causes(Parked(line.redis, NOTED.inbox).receipts())
    assert (cause.code, english(cause.reason)) == (
        "no_contact",
        "its note was not written, the contact of the note is not in HubSpot; given up after 12 tries",
    )
    line.know("unknown")
    assert not retry(line, lead)
    assert line.receipt(lead).note == "waiting"
    run(line)
    assert (len(notes(line)), parked(line)) == (1, [])
    assert line.receipt(lead).note == "written"


def test_a_note_that_hubspot_refuses_is_parked_at_once_and_the_others_are_written(line: OrderLine) -> None:
    line.know("c-1")
    order = ordered(line)
    line.crm.fault("row_refused", path="/notes/batch/create", rows=1)
    first, second = add(line, product(), order=order), add(line, product(), order=order, at=NOW + 1)
    run(line)
    assert left(line) == 0
    assert len(notes(line)) == 1
    said = sorted(line.receipt(lead).note for lead in (first, second))
    assert said[0].startswith("parked: refused: ")
    assert said[1] == "written"
    line.crm.control("DELETE", "faults")
    assert [retry(line, lead) for lead in parked(line)] == [""]
    run(line)
    assert len(notes(line)) == 2
    assert [str(id) for note in notes(line) for id in note["associations"]["orders"]] == [order, order]
    assert not parked(line)


def test_a_note_that_was_parked_after_a_lost_answer_is_not_made_again_by_a_retry(line: OrderLine) -> None:
    line.know("c-1")
    line.crm.fault("missing_rows", path="/notes/batch/create", count=1)
    lead = add(line)
    run(line)
    assert len(notes(line)) == 1
    line.crm.fault("500", path="/notes/batch/read", count=1000)
    for _ in range(3 * NOTED.inbox.tries):
        # So whoever tries it next, in whatever version, looks for it.
        assert parked(line) or line.receipt(lead).note == "sending"
        due(line)
        drain_of(line).drain(keys.shard_of("c-1", SHARDS))
    assert parked(line) == [lead]
    assert line.receipt(lead).note.startswith("parked: row: ")
    line.crm.control("DELETE", "faults")
    assert not retry(line, lead)
    run(line)
    assert (len(notes(line)), line.receipt(lead).note) == (1, "written")
    assert line.receipt(lead).note_id == str(notes(line)[0]["id"])


def test_an_entry_that_is_no_event_is_parked_and_the_others_are_written(line: OrderLine) -> None:
    line.know("c-1")
    shard = keys.shard_of("c-1", SHARDS)
    line.redis.xadd(keys.entries(keys.NOTES, shard), {LEAD: "odd", BODY: b"{", VERSION: f"{NOW}-1"})
    add(line)
    run(line)
    assert (len(notes(line)), left(line), parked(line)) == (1, 0, ["odd"])
    assert line.receipt("odd").note == "parked: unreadable: event_unreadable"
    assert retry(line, "odd") == "no_event"
    assert not Parked(line.redis, NOTED.inbox).discard("odd", "ann")
    assert line.receipt("odd").note == "discarded: unreadable: event_unreadable"
    assert not line.redis.exists(keys.parked_note("odd"))


def test_each_note_that_is_parked_is_told_once(line: OrderLine) -> None:
    line.know("c-1")
    line.crm.fault("row_refused", path="/notes/batch/create", rows=1)
    lead, shard = add(line), keys.shard_of("c-1", SHARDS)
    line.redis.xadd(keys.entries(keys.NOTES, shard), {LEAD: "odd", BODY: b"{", VERSION: f"{NOW}-1"})
    config = replace(NOTED, hooks=Hooks(on=("lead.parked",)))
    drain = drain_of(line, events=Events(config, hooks=True))
    for _ in range(2):
        drain.drain(shard)
    rows = line.redis.xrange(keys.entries(keys.HOOKS, shard))
    told = sorted((fields[EVENT], fields[LEAD].decode(), json.loads(fields[DATA])["reason"]) for _, fields in rows)
    assert told == [(b"lead.parked", lead, "refused"), (b"lead.parked", "odd", "unreadable")]


def test_a_parked_note_ends_after_thirty_days(line: OrderLine) -> None:
    shard = keys.shard_of("c-1", SHARDS)
    line.redis.xadd(keys.entries(keys.NOTES, shard), {LEAD: "odd", BODY: b"{", VERSION: f"{NOW}-1"})
    run(line)
    assert 0 < line.redis.ttl(keys.parked_note("odd")) <= 30 * 86_400
    line.redis.zadd(keys.PARKED_NOTES, {"odd": NOW - 30 * 86_400_000 - 1})
    Retention(line.redis, NOTED.inbox).apply()
    assert not parked(line)


def test_a_cart_whose_order_is_parked_leaves_its_note_at_once_and_a_retry_links_it(
    line: OrderLine, served: Any
) -> None:
    with open_line(served, line.redis, NOTED) as noted:
        noted.know("c-1")
        noted.crm.fault("row_refused", path="/orders/batch/", rows=100)
        lead = noted.add(product())
        noted.run()
        assert noted.receipt(lead).order.startswith("parked: refused: ")
        run(noted)
        [note] = notes(noted)
        assert "Order:" in note["properties"]["hs_note_body"]
        assert "Product DOG-1" in note["properties"]["hs_note_body"]
        noted.crm.control("DELETE", "faults")
        assert not retry(noted, lead)
        noted.run()
        run(noted)
        [order], [note] = noted.orders(), notes(noted)
        assert [str(one) for one in note["associations"]["orders"]] == [str(order["id"])]
        assert (noted.receipt(lead).note, left(noted)) == ("written", 0)
