"""Intents leave notes in the served portal: one each, on the contact and its order, whatever happens on the way."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from msgspec.structs import replace

from leadcore.config import Hooks, Notes, Notify
from leadcore.event import encode, identity
from leadcore.events import NOBODY, Events
from leadcore.fields import BODY, DATA, EVENT, KIND, LEAD, ORDER, VERSION
from leadcore.machine import Machine
from leadcore.reasons import Reason, english, reason
from leadcore.receipts import Note
from leadcore.receipts import pack as pack_receipt
from leadcore.store import keys
from leadcore.store.parked import Parked, causes
from tests.conftest import BANGKOK, SHARDS
from tests.faults.conftest import Killed, Pool, Wire
from tests.workers.orders.conftest import NOW, OrderLine, database, line, open_line, served
from tests.workers.rules.orders.events import CONFIG, KEY, payload, product
from workers.flow.breaker import Breaker
from workers.flow.lease import LeaseRegistry
from workers.hubspot.records import Records
from workers.notes.drain import NoteDrain
from workers.retention import Retention
from workers.rules.outcomes import ContactWrite
from workers.sync.customer_store import CustomerStore

__all__ = ["database", "line", "served"]
NOTED = replace(CONFIG, notes=Notes(intents=("*",)))


def drain_of(line: OrderLine, connection: Any = None, events: Events = NOBODY) -> NoteDrain:
    machine, stop = Machine(), threading.Event()
    redis = connection or line.redis
    records = Records(line.hubspot, Breaker(redis, machine, stop, keys.NOTES))
    customers = CustomerStore(redis, KEY)
    leases = LeaseRegistry(machine)
    rest = (NOTED, customers, leases, stop, line.hubspot.budget, machine)
    return NoteDrain(redis, records, *rest, timezone=BANGKOK, hidden=lambda: "", events=events)


def run(line: OrderLine, connection: Any = None) -> None:
    drain = drain_of(line, connection)
    for shard in range(SHARDS):
        drain.drain(shard)


def add(
    line: OrderLine, *products: Any, customer: str | int = "c-1", at: int = NOW, order: str = "", **more: Any
) -> str:
    """A lead whose note is due; its id."""
    line.leads += 1
    lead = f"lead-{line.leads}"
    receipt = pack_receipt(customer_id=identity(customer), state="created", received_ms=at, notes=more.pop("notes", ()))
    line.redis.hset(keys.receipt(lead), mapping=dict(zip(receipt[::2], receipt[1::2], strict=True)))
    fields: dict[Any, Any] = {
        LEAD: lead,
        BODY: encode(payload(*products, customer=customer, **more)),
        VERSION: f"{at}-1",
    }
    if order:
        fields[ORDER] = order
    line.redis.xadd(keys.entries(keys.NOTES, keys.shard_of(identity(customer), SHARDS)), fields)
    return lead


def notes(line: OrderLine) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = line.state()["notes"]
    return found


def left(line: OrderLine) -> int:
    return sum(
        line.redis.xlen(keys.entries(keys.NOTES, shard)) + line.redis.zcard(keys.later(keys.NOTES, shard))
        for shard in range(SHARDS)
    )


def due(line: OrderLine) -> None:
    """Let pauses end, locks expire and what was put off come back."""
    line.redis.delete(*(keys.lock(keys.NOTES, shard) for shard in range(SHARDS)))
    if line.redis.exists(keys.NOTES_PAUSE):
        line.redis.hset(keys.NOTES_PAUSE, "until", 1)
    for shard in range(SHARDS):
        for packed in line.redis.zrange(keys.later(keys.NOTES, shard), 0, -1):
            line.redis.zadd(keys.later(keys.NOTES, shard), {packed: 1})
        line.redis.delete(keys.swept(keys.NOTES, shard))
        drain_of(line).stream.sweep(shard)


def recover(line: OrderLine) -> None:
    """Let pauses end, locks expire and what was put off come back, and work until nothing is left."""
    line.crm.control("DELETE", "faults")
    for _ in range(12):
        due(line)
        run(line)
        if not left(line):
            return
    raise AssertionError(f"{left(line)} left")


def ordered(line: OrderLine) -> str:
    line.add(product())
    line.run()
    [order] = line.orders()
    return str(order["id"])


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


@pytest.fixture(autouse=True)
def clean(line: OrderLine) -> Iterator[None]:
    yield
    line.crm.control("DELETE", "faults")


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
