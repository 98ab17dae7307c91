"""Intents leave notes in the served portal: one each, on the contact and its order, whatever happens on the way."""

import json
import re
from contextlib import suppress
from typing import Any

import pytest
from msgspec.structs import replace

from leadcore.config import Notify
from leadcore.events import Events
from leadcore.fields import DATA, EVENT, KIND, LEAD, ORDER
from leadcore.reasons import reason
from leadcore.receipts import Note
from leadcore.store import keys
from tests.conftest import SHARDS
from tests.faults.wires import Killed, Pool, Wire
from tests.workers.notes.conftest import NOTED, add, drain_of, left, notes, ordered, recover, run
from tests.workers.orders.conftest import NOW, OrderLine, open_line
from tests.workers.rules.orders.events import KEY, product
from workers.hubspot.records import Records
from workers.rules.outcomes import ContactWrite


def test_a_note_says_what_was_wanted_on_the_contact_and_its_order(line: OrderLine) -> None:
    contact = line.know("c-1")
    order = ordered(line)
    lead = add(
        line, product("DOG-1", 2, 450), order=order, payment_method="COD",
        address_parsing={"street_address": "1 Moon Rd", "city": "Chiang Mai"},
    )  # fmt: skip
    run(line)
    [note] = notes(line)
    body = note["properties"]["hs_note_body"]
    for word in ("Purchase", "Product DOG-1", "2 x", "450", "1 Moon Rd", "Chiang Mai"):
        assert word in body
    assert [str(one) for one in note["associations"]["contacts"]] == [contact]
    assert [str(one) for one in note["associations"]["orders"]] == [order]
    assert (line.receipt(lead).note, line.receipt(lead).note_id) == ("written", str(note["id"]))
    assert left(line) == 0


def test_a_hundred_notes_are_one_call(line: OrderLine) -> None:
    customers = [f"k-{number}" for number in range(400)]
    mine = [one for one in customers if keys.shard_of(one, SHARDS) == 0][:60]
    for customer in mine:
        line.know(customer)
        add(line, customer=customer)
    before = line.crm.calls("/notes/batch/create")
    run(line)
    assert (line.crm.calls("/notes/batch/create") - before, len(notes(line))) == (1, 60)


def test_html_of_the_customer_is_only_text(line: OrderLine) -> None:
    line.know("c-1")
    add(line, product("<img src=x>"), payment_method="cash <3 & <b>bold</b>")
    run(line)
    body = notes(line)[0]["properties"]["hs_note_body"]
    assert "&lt;3 &amp;" in body
    assert not set(re.findall("<[^<>]*>", body)) - {"<p>", "</p>", "<strong>", "</strong>", "<small>", "</small>"}


def test_what_hubspot_refused_is_in_it_in_full(line: OrderLine) -> None:
    line.know("c-1")
    add(
        line, contact_info={"name": "Ann Lee", "email": "ann@example.com"},
        notes=[Note("email", "dropped", reason("values_refused"))],
    )  # fmt: skip
    run(line)
    assert "email: ann@example.com (" in notes(line)[0]["properties"]["hs_note_body"]


@pytest.mark.parametrize("fault", ["lost_answer", "500", "reset", "missing_rows"])
@pytest.mark.parametrize("path", ["/notes/batch/create", "/associate/default", "/contacts/batch/read"])
def test_a_note_is_made_once_whatever_becomes_of_a_call(line: OrderLine, path: str, fault: str) -> None:
    line.know("c-1")
    order = ordered(line)
    lead = add(line, product(), order=order)
    line.crm.fault(fault, path=path, count=4, seconds=0.2)
    run(line)
    recover(line)
    [note] = notes(line)
    assert [str(one) for one in note["associations"]["orders"]] == [order]
    assert line.receipt(lead).note == "written"


def test_a_note_that_the_answer_left_out_is_made_once(line: OrderLine) -> None:
    """HubSpot made both and told of one. A note has no key by which HubSpot would refuse a second one."""
    line.know("c-1")
    leads = [add(line, at=NOW + number) for number in range(2)]
    line.crm.fault("missing_rows", path="/notes/batch/create")
    run(line)
    assert sorted(line.receipt(lead).note.partition(":")[0] for lead in leads) == ["sending", "written"]
    recover(line)
    assert (len(notes(line)), left(line)) == (2, 0)
    assert [line.receipt(lead).note for lead in leads] == ["written", "written"]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", range(1, 14))
def test_a_note_is_made_once_wherever_the_process_dies(line: OrderLine, step: int, when: str) -> None:
    line.know("c-1")
    add(line, order=ordered(line))
    pool = Pool(Wire(step, when), **line.redis.connection_pool.connection_kwargs)
    with suppress(Killed):
        run(line, type(line.redis)(connection_pool=pool))
    recover(line)
    assert len(notes(line)) == 1


def test_a_second_entry_of_a_noted_lead_makes_no_second_note(line: OrderLine) -> None:
    line.know("c-1")
    add(line)
    shard = keys.shard_of("c-1", SHARDS)
    [(_, fields)] = line.redis.xrange(keys.entries(keys.NOTES, shard))
    line.redis.xadd(keys.entries(keys.NOTES, shard), fields)
    run(line)
    line.redis.xadd(keys.entries(keys.NOTES, shard), fields)
    run(line)
    assert (len(notes(line)), left(line)) == (1, 0)


def test_a_note_that_still_waits_when_its_order_is_made_after_all_is_linked_with_it(line: OrderLine) -> None:
    """The first entry is of the time when the order was parked; both are read at once after a pause of the line."""
    contact, order = line.know("c-1"), ordered(line)
    lead, stream = add(line), keys.entries(keys.NOTES, keys.shard_of("c-1", SHARDS))
    [(_, fields)] = line.redis.xrange(stream)
    line.redis.xadd(stream, {**fields, KIND: "retry", ORDER: order})
    run(line)
    [note] = notes(line)
    assert [str(one) for one in note["associations"]["contacts"]] == [contact]
    assert [str(one) for one in note["associations"].get("orders", ())] == [order]
    assert (line.receipt(lead).note, left(line)) == ("written", 0)


def test_an_event_that_comes_again_after_redis_lost_it_makes_no_second_note(line: OrderLine) -> None:
    line.know("c-1")
    lead, stream = add(line), keys.entries(keys.NOTES, keys.shard_of("c-1", SHARDS))
    [(_, fields)] = line.redis.xrange(stream)
    run(line)
    line.redis.delete(keys.receipt(lead))
    line.redis.xadd(stream, {**fields, KIND: "replay"})
    run(line)
    assert (len(notes(line)), left(line)) == (1, 0)


def test_a_missing_scope_stops_notes_only(line: OrderLine) -> None:
    line.know("c-1")
    add(line)
    line.crm.fault("403", path="/notes/batch/create", count=50)
    run(line)
    assert line.redis.exists(keys.NOTES_PAUSE)
    assert not line.redis.exists(keys.PAUSE, keys.ORDERS_PAUSE)
    recover(line)
    assert len(notes(line)) == 1


def test_a_forgotten_customer_gets_no_note(line: OrderLine) -> None:
    line.know("c-1")
    add(line)
    line.redis.set(keys.forgotten(keys.digest(KEY, "c-1")), str(NOW + 1))
    run(line)
    assert (notes(line), left(line)) == ([], 0)


@pytest.mark.parametrize("writes", ["routed", "refused"])
@pytest.mark.parametrize("faults", [0, 1], ids=["", "no answer where it is now"])
def test_a_note_whose_contact_is_merged_while_it_is_written_is_made_on_what_is_left(
    line: OrderLine, monkeypatch: pytest.MonkeyPatch, faults: int, writes: str
) -> None:
    line.crm.settings(merged_writes=writes)
    contact, other = line.know("c-1"), line.crm.create(email="another@example.com")
    create = Records.create

    def create_after_a_merge(records: Records, *given: Any) -> None:
        monkeypatch.setattr(Records, "create", create)
        line.crm.merge(other, contact)
        if faults:
            line.crm.fault("500", path="/contacts/batch/read", count=faults)
        create(records, *given)

    monkeypatch.setattr(Records, "create", create_after_a_merge)
    lead = add(line)
    run(line)
    recover(line)
    assert len(notes(line)) == 1
    assert line.receipt(lead).note == "written"


def test_an_order_event_is_noted_behind_its_order(line: OrderLine, served: Any) -> None:
    with open_line(served, line.redis, NOTED) as noted:
        noted.know("c-1")
        noted.add(product())
        noted.add(intent="Share address", address_parsing={"city": "Chiang Mai"})
        noted.run()
        assert [noted.receipt(lead).note for lead in ("lead-1", "lead-2")] == ["waiting", ""]
        run(noted)
        [order] = noted.orders()
        [note] = notes(noted)
        assert [str(one) for one in note["associations"]["orders"]] == [str(order["id"])]


def test_the_note_of_a_cart_whose_order_somebody_deleted_says_so(line: OrderLine, served: Any) -> None:
    with open_line(served, line.redis, NOTED) as noted:
        noted.know("c-1")
        noted.add(product())
        noted.run()
        run(noted)
        assert "deleted" not in notes(noted)[0]["properties"]["hs_note_body"]
        [order] = noted.orders()
        noted.drain.records.archive("orders", [str(order["id"])])
        lead = noted.add(product(), at=NOW + 1)
        noted.run()
        run(noted)
        assert not noted.orders()
        assert noted.receipt(lead).note == "written"
        bodies = [one["properties"]["hs_note_body"] for one in notes(noted)]
        assert ["the order was deleted in HubSpot" in body for body in bodies] == [False, True]


def test_who_cancels_an_order_that_moved_on_leaves_a_note_on_it_that_says_so_and_the_team_is_told(
    line: OrderLine, served: Any
) -> None:
    config = replace(NOTED, notify=Notify(on=("lead.parked",)))
    with open_line(served, line.redis, config, Events(config, notices=True)) as noted:
        noted.know("c-1")
        noted.add(product())
        noted.run()
        [order] = noted.orders()
        shipped = next(one for one in noted.drain.portal_cache.current().stages if one.label == "Shipped")
        change = ContactWrite("move", str(order["id"]), {"hs_pipeline_stage": shipped.id})
        noted.drain.records.update("orders", [change], {})
        lead = noted.add(intent="Cancel order", at=NOW + 1)
        noted.run()
        run(noted)
        [note] = [one for one in notes(noted) if "Cancel order" in one["properties"]["hs_note_body"]]
        assert "the order is in the stage Shipped or paid" in note["properties"]["hs_note_body"]
        assert [str(one) for one in note["associations"]["orders"]] == [str(order["id"])]
        assert noted.orders()[0]["properties"]["hs_pipeline_stage"] == shipped.id
        rows = [row for shard in range(SHARDS) for row in noted.redis.xrange(keys.entries(keys.NOTICES, shard))]
        assert [(fields[EVENT], fields[LEAD]) for _, fields in rows] == [(b"lead.parked", lead.encode())]
        assert json.loads(rows[0][1][DATA])["reason"] == "order_moved_on"


def test_a_worker_that_lost_its_lock_writes_neither_receipt_nor_note(
    line: OrderLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    line.know("c-1")
    lead = add(line, product())
    drain = drain_of(line)
    read = drain.records.read

    def lose(*asked: Any, **more: Any) -> Any:
        found = read(*asked, **more)
        for shard in range(SHARDS):
            line.redis.set(keys.lock(keys.NOTES, shard), "another worker's")
        return found

    monkeypatch.setattr(drain.records, "read", lose)
    drain.drain(keys.shard_of("c-1", SHARDS))
    assert not line.receipt(lead).note
    assert not line.state()["notes"]


def test_a_failover_that_brings_its_entry_back_makes_no_second_note(
    line: OrderLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The replica has the entry, and a receipt that knows of no note."""
    line.know("c-1")
    epoch = "run:data"
    monkeypatch.setattr("workers.flow.recent_epoch.read_epoch", lambda _: epoch)
    add(line, product("DOG-1", 1, 100))
    replica = {name: line.redis.dump(name) for name in line.redis.scan_iter()}
    run(line)
    assert len(notes(line)) == 1
    line.redis.flushdb()
    for name, value in replica.items():
        line.redis.restore(name, 0, value)
    epoch = "promoted:data"
    recover(line)
    assert len(notes(line)) == 1
