"""`leadsync forget` and `export` of customers who have ordered, against the served portal."""

from pathlib import Path
from typing import Any

import pytest

from leadcore.config import Inbox
from leadcore.event import encode
from leadcore.fields import BODY, LEAD, VERSION
from leadcore.machine import Machine
from leadcore.store import keys
from leadcore.store.streams import pack_fields
from leadsync.privacy.customer_data import CustomerData
from leadsync.privacy.forget import Forgetting, Forgotten
from leadsync.privacy.hubspot_erasure import HubSpotErasure
from leadsync.privacy.order_erasure import OrderErasure
from receiver.intake.spool import Spool
from tests.workers.orders.conftest import NOW, OrderLine
from tests.workers.rules.orders.events import KEY, payload, product
from workers.hubspot.portal_cache import PortalCache
from workers.rules.customer import Customer, pack
from workers.rules.note_marker import write_marker
from workers.rules.orders.record import KEPT
from workers.rules.outcomes import ContactWrite, WriteOutcome, Written

PERSON = {"contact_info": {"name": "Ann Lee", "phone": "0812345678", "city": "Chiang Mai"}}
PERSONAL = ("Ann", "Lee", "812345678", "Chiang Mai")


def digest(customer: str) -> str:
    return keys.digest(KEY, customer)


def forget(
    line: OrderLine, folder: Path, customer: str = "c-1", *, hubspot: bool = True, paid: bool = False
) -> Forgotten:
    data = CustomerData(line.redis, Inbox(), KEY, customer)
    erasure = HubSpotErasure(line.hubspot, PortalCache(line.hubspot, {}))
    erasures = (erasure, OrderErasure(line.hubspot, "orders", paid_too=paid)) if hubspot else (None, None)
    spool = Spool(folder, Machine())
    try:
        return Forgetting(data, line.redis, Inbox(), spool, "test").run(*erasures)
    finally:
        spool.close()


def change(line: OrderLine, kind: str, id: str, **properties: str) -> None:
    found: dict[str, WriteOutcome] = {}
    line.drain.records.update(kind, [ContactWrite("change", str(id), properties)], found)
    assert isinstance(found["change"], Written)


def note(line: OrderLine, body: str, **ends: str) -> str:
    """A note on records, by kind; its id."""
    found: dict[str, WriteOutcome] = {}
    values = {"hs_note_body": body, "hs_timestamp": "2026-01-01T00:00:00Z"}
    links = {"note": [(kind, str(end)) for kind, end in ends.items()]}
    line.drain.records.create("notes", [ContactWrite("note", "", values)], found, links)
    made = found["note"]
    assert isinstance(made, Written)
    return made.contact_id


def ordered(line: OrderLine, customer: str = "c-1") -> dict[str, Any]:
    """The customer's new order."""
    line.know(customer)
    line.add(product(), product("CAT-1"), customer=customer, **PERSON)
    line.run()
    [order] = line.orders(customer)
    return order


def ids(line: OrderLine, kind: str) -> list[str]:
    return [str(one["id"]) for one in line.state()[kind]]


@pytest.mark.parametrize("knows", [True, False], ids=["by Redis", "by a search"])
def test_unpaid_orders_are_deleted_with_their_lines_and_notes_and_nobody_elses(
    line: OrderLine, tmp_path: Path, knows: bool
) -> None:
    order, other = ordered(line), ordered(line, "c-2")
    left = [str(one) for one in other["associations"]["line_items"]]
    note(line, "call her at noon", orders=order["id"])
    kept = note(line, "another's", orders=other["id"])
    if knows:
        line.crm.settings(search_lag=600)
    else:
        line.redis.delete(keys.ordered(digest("c-1")))
    done = forget(line, tmp_path)
    assert [(one.order_id, one.erased, one.lines, one.notes) for one in done.orders] == [(str(order["id"]), True, 2, 1)]
    assert not done.remains
    assert ids(line, "orders") == [str(other["id"])]
    assert (ids(line, "line_items"), ids(line, "notes")) == (sorted(left), [kept])
    assert not line.redis.exists(keys.ordered(digest("c-1")))
    assert line.redis.exists(keys.ordered(digest("c-2")))
    assert not forget(line, tmp_path).orders


@pytest.mark.parametrize("how", [{"hs_payment_status": "PAID"}, {"stage": "Delivered"}])
def test_a_paid_order_stays_without_the_person_and_a_flag_deletes_it(
    line: OrderLine, tmp_path: Path, how: dict[str, str]
) -> None:
    order = ordered(line)
    stage = line.drain.portal_cache.current().find_stage(how.get("stage", ""))
    change(line, "orders", order["id"], **({"hs_pipeline_stage": stage.id} if stage else how))
    note(line, f"Ann Lee wants it<br>{write_marker('lead-1', digest('c-1'))}", orders=order["id"])
    kept = note(line, "call Ann", orders=order["id"])
    done = forget(line, tmp_path)
    [one] = done.orders
    assert (one.erased, one.lines, one.notes, one.others) == (False, 0, 1, 1)
    [after] = line.state()["orders"]
    assert not [value for value in after["properties"].values() if any(part in str(value) for part in PERSONAL)]
    assert not after["properties"].get("dealdroid_customer_id")
    assert after["properties"]["hs_total_price"] == order["properties"]["hs_total_price"]
    assert len(after["associations"]["line_items"]) == 2
    assert ids(line, "notes") == [kept]
    assert not forget(line, tmp_path).orders


def test_the_flag_deletes_paid_orders_too(line: OrderLine, tmp_path: Path) -> None:
    order = ordered(line)
    change(line, "orders", order["id"], hs_payment_status="PAID")
    assert [one.erased for one in forget(line, tmp_path, paid=True).orders] == [True]
    assert not line.state()["orders"]
    assert not line.state()["line_items"]


def test_our_notes_on_the_contact_are_deleted_and_other_peoples_left(line: OrderLine, tmp_path: Path) -> None:
    contact = line.crm.create(dealdroid_customer_id="c-2", lastname="x")
    linked = Customer(contact_id=contact, shared=True, fill_only=True)
    line.redis.set(keys.customer(digest("c-1")), pack(linked))
    note(line, f"<p>wants it</p><p>{write_marker('lead-1', digest('c-1'))}</p>", contacts=contact)
    kept = [
        note(line, f"wants it<br>{write_marker('lead-2', digest('c-2'))}", contacts=contact),
        note(line, f"he wrote {write_marker('lead-1', digest('c-1'))} and more", contacts=contact),
    ]
    done = forget(line, tmp_path)
    assert (done.notes, ids(line, "notes")) == (1, kept)


@pytest.mark.parametrize("customer", [7, "7", 7.5])
def test_orders_are_found_whether_the_id_is_a_number_or_a_text(line: OrderLine, tmp_path: Path, customer: Any) -> None:
    line.know(customer)
    line.add(product(), customer=customer)
    line.run()
    line.redis.delete(keys.ordered(digest(str(customer))))
    assert [one.erased for one in forget(line, tmp_path, str(customer)).orders] == [True]


def test_without_the_flag_only_what_redis_knows_is_deleted(line: OrderLine, tmp_path: Path) -> None:
    order = ordered(line)
    done = forget(line, tmp_path, hubspot=False)
    assert done.removed["order records"] == 1
    assert not line.redis.exists(keys.ordered(digest("c-1")))
    assert ids(line, "orders") == [str(order["id"])]


def test_waiting_and_parked_orders_are_exported_and_forgotten(line: OrderLine, tmp_path: Path) -> None:
    order = ordered(line)
    line.add(product("DOG-2"), **PERSON)
    shown = CustomerData(line.redis, Inbox(), KEY, "c-1").as_dict(Spool(tmp_path, Machine()))
    assert [one["order_id"] for one in shown["orders"]] == [str(order["id"])]
    assert shown["orders"][0]["references"] == [order["properties"]["dealdroid_order_id"]]
    assert len(shown["waiting_orders"]) == 1
    done = forget(line, tmp_path, hubspot=False)
    assert done.removed["waiting orders"] == 1
    assert line.left() == 0


def test_parked_notes_are_exported_and_forgotten_also_without_their_text(line: OrderLine, tmp_path: Path) -> None:
    line.know("c-1")
    leads = [line.add(product("DOG-2"), **PERSON) for _ in range(2)]
    body = encode(payload(product("DOG-2"), customer="c-1"))
    for lead, text in zip(leads, ({BODY: body}, {}), strict=True):
        fields = {LEAD: lead.encode(), VERSION: b"%d-1" % NOW, **text}
        line.redis.set(keys.parked_note(lead), pack_fields(fields))
        line.redis.zadd(keys.PARKED_NOTES, {lead: NOW})
    shown = CustomerData(line.redis, Inbox(), KEY, "c-1").as_dict(Spool(tmp_path, Machine()))
    assert [(one["lead"], one["held"]) for one in shown["waiting_notes"]] == [(leads[0], "parked_notes")]
    assert shown["waiting_notes"][0]["body"]["customer_id"] == "c-1"
    done = forget(line, tmp_path, hubspot=False)
    assert done.removed["waiting notes"] == 1
    assert not line.redis.exists(keys.PARKED_NOTES, *map(keys.parked_note, leads))


@pytest.mark.parametrize(
    "path", ["/orders/search", "/notes/batch/archive", "/line_items/batch/archive", "/orders/batch/archive"]
)
def test_when_hubspot_is_down_the_ids_stay_for_the_next_time(line: OrderLine, tmp_path: Path, path: str) -> None:
    order = ordered(line)
    note(line, "call her", orders=order["id"])
    line.crm.settings(search_lag=600)
    line.crm.fault("500", path=path, count=50)
    done = forget(line, tmp_path)
    assert any("the orders and notes in HubSpot" in one for one in done.remains)
    assert line.redis.exists(keys.ordered(digest("c-1")))
    line.crm.control("DELETE", "faults")
    assert [one.erased for one in forget(line, tmp_path).orders] == [True]
    assert not [kind for kind in ("orders", "line_items", "notes") if line.state()[kind]]


def test_orders_that_the_configuration_no_longer_knows_are_named(line: OrderLine, tmp_path: Path) -> None:
    ordered(line)
    data = CustomerData(line.redis, Inbox(), KEY, "c-1")
    erasure = HubSpotErasure(line.hubspot, PortalCache(line.hubspot, {}))
    done = Forgetting(data, line.redis, Inbox(), Spool(tmp_path, Machine()), "test").run(
        erasure, OrderErasure(line.hubspot, "", paid_too=False)
    )
    assert any("[orders]" in one for one in done.remains)
    assert line.redis.exists(keys.ordered(digest("c-1")))


def test_orders_older_than_those_on_record_are_forgotten_too(line: OrderLine, tmp_path: Path) -> None:
    ordered(line, "c-2")
    others = line.redis.keys(keys.order("*"))
    line.know("c-1")
    for number in range(KEPT + 2):
        line.add(product(f"CAT-{number}"), **PERSON)
        line.run()
        newest = line.orders()[-1]
        change(line, "orders", newest["id"], hs_external_order_status="Fulfilled", hs_payment_status="paid")
    assert len(line.redis.keys(keys.order("*"))) == len(others) + KEPT + 2
    forget(line, tmp_path, hubspot=False)
    assert line.redis.keys(keys.order("*")) == others
