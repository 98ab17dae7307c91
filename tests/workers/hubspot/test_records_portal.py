"""Records of any kind in the stand-in for HubSpot, in all versions of the API."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from leadcore.config import Orders
from leadcore.machine import Machine
from leadcore.settings import HUBSPOT_VERSIONS
from leadcore.store import keys
from sandbox.http_server import running
from sandbox.hubspot import Portal, create_app
from sandbox.hubspot.object_types import NOTES, ORDERS
from sandbox.hubspot.settings import SALES_SCOPES, SCOPES
from tests.conftest import eventually
from tests.stand_ins import Crm
from workers.flow.breaker import Breaker
from workers.flow.errors import LineDown, Stopping
from workers.flow.request_context import checked
from workers.hubspot.budget import NoBudget
from workers.hubspot.client import HubSpot
from workers.hubspot.order_portal import OrderPortalCache
from workers.hubspot.order_setup import setup_orders
from workers.hubspot.records import Records
from workers.hubspot.search_quota import SearchQuota
from workers.rules.breaker import Flight
from workers.rules.orders.portal import OrderPortal
from workers.rules.outcomes import ContactMissing, ContactWrite, Refused, WriteOutcome, Written

ORDER, LINE = "dealdroid_order_id", "dealdroid_line_id"


@pytest.fixture(params=HUBSPOT_VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def crm() -> Iterator[Crm]:
    portal = Portal()
    with running(create_app(portal)) as served:
        yield Crm(served.url, portal)


@pytest.fixture
def hubspot(crm: Crm, version: str) -> Iterator[HubSpot]:
    hubspot = HubSpot("pat-test", crm.url, NoBudget(Machine()), version=version)
    setup_orders(hubspot, Orders(), prove=False)
    yield hubspot
    hubspot._pool.clear()


@pytest.fixture
def portal(hubspot: HubSpot) -> OrderPortal:
    return OrderPortalCache(hubspot, Orders()).current()


@pytest.fixture
def records(hubspot: HubSpot) -> Records:
    return Records(hubspot)


def order(number: int, portal: OrderPortal, **properties: str) -> ContactWrite:
    where = {"hs_pipeline": portal.pipeline, "hs_pipeline_stage": portal.first_stage}
    price = {"hs_currency_code": "THB", "hs_total_price": "1230"}
    return ContactWrite(f"t{number}", f"R{number}", {"hs_order_name": f"n{number}", **where, **price, **properties})


def upsert(records: Records, kind: str, key: str, *rows: ContactWrite) -> dict[str, Any]:
    found: dict[str, WriteOutcome] = {}
    records.upsert(kind, key, rows, found)
    return found


def test_an_order_with_lines_is_made_linked_read_and_archived(crm: Crm, records: Records, portal: OrderPortal) -> None:
    contact = crm.create(email="a@example.com")
    made = upsert(records, "orders", ORDER, order(1, portal), order(2, portal))
    first, second = made["t1"].contact_id, made["t2"].contact_id
    assert [one.new for one in made.values()] == [True, True]
    assert upsert(records, "orders", ORDER, order(1, portal))["t1"] == Written(first, False)
    rows = [ContactWrite(f"l{n}", f"R1/x/{n}", {"name": "x", "price": "5"}) for n in range(3)]
    lines = upsert(records, "line_items", LINE, *rows)
    ids = [one.contact_id for one in lines.values()]
    assert records.link("orders", "contacts", [(first, contact), (second, contact), (first, "999")]) == {
        (first, contact): Written(first),
        (second, contact): Written(second),
        (first, "999"): ContactMissing(),
    }
    assert set(records.link("orders", "line_items", [(first, one) for one in ids]).values()) == {Written(first)}
    linked = records.linked("orders", "line_items", [first, second])
    assert {one: sorted(others) for one, others in linked.items()} == {first: sorted(ids), second: []}
    assert records.linked("orders", "contacts", [first, second]) == {first: [contact], second: [contact]}
    by_key = records.read("orders", ["R1", "R9"], ["hs_total_price"], ORDER)
    assert by_key["R1"] == {**by_key["R1"], "id": first, "hs_total_price": "1230", ORDER: "R1"}  # type: ignore[dict-item]
    assert by_key["R9"] == ContactMissing()
    records.archive("line_items", [ids[0], "999", ids[1]])
    assert records.linked("orders", "line_items", [first]) == {first: [ids[2]]}
    assert records.read("line_items", ids, ["name"])[ids[0]] == ContactMissing()


def test_a_hundred_orders_of_five_lines_take_few_calls(crm: Crm, records: Records, portal: OrderPortal) -> None:
    def total() -> int:
        return sum(sum(by.values()) for by in crm.control("GET", "state")["calls"].values())

    before = total()
    made = upsert(records, "orders", ORDER, *(order(n, portal) for n in range(100)))
    lines = upsert(records, "line_items", LINE, *(ContactWrite(f"l{n}", f"L{n}", {"name": "x"}) for n in range(500)))
    pairs = [(made[f"t{n // 5}"].contact_id, lines[f"l{n}"].contact_id) for n in range(500)]
    assert len(records.link("orders", "line_items", pairs)) == 500
    assert total() - before == 1 + 5 + 1


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"hs_currency_code": "USD"}, "order_currency"),
        ({"hs_pipeline": "nope"}, "order_pipeline"),
        ({"hs_pipeline_stage": "nope"}, "order_stage"),
        ({"hs_total_price": "much"}, "order_amount"),
    ],
)
def test_what_an_order_may_not_be_without_stops_the_line(
    records: Records, portal: OrderPortal, properties: dict[str, str], code: str
) -> None:
    found: dict[str, WriteOutcome] = {}
    with pytest.raises(LineDown) as caught:
        records.upsert("orders", ORDER, [order(1, portal), order(2, portal, **properties)], found)
    assert caught.value.code == code
    assert "t2" not in found
    assert records.read("orders", ["R2"], [], ORDER)["R2"] == ContactMissing()


def test_another_value_is_refused_by_itself(records: Records, portal: OrderPortal) -> None:
    found = upsert(records, "orders", ORDER, order(1, portal), order(2, portal, hs_external_created_date="soon"))
    assert isinstance(found["t1"], Written)
    assert isinstance(found["t2"], Refused)
    assert set(found["t2"].fields) == {"hs_external_created_date"}


@pytest.mark.parametrize("scope", ["crm.objects.orders.write", "crm.objects.line_items.write"])
def test_a_missing_scope_is_named(crm: Crm, records: Records, portal: OrderPortal, scope: str) -> None:
    crm.settings(scopes=[one for one in (*SCOPES, *SALES_SCOPES) if one != scope])
    rows = {"orders": (ORDER, order(1, portal)), "line_items": (LINE, ContactWrite("l", "L", {"name": "x"}))}
    kind = scope.split(".")[2]
    with pytest.raises(LineDown, match=scope) as caught:
        upsert(records, kind, *rows[kind])
    assert caught.value.code == "forbidden"


def test_who_set_a_stage_and_when_is_read(records: Records, portal: OrderPortal) -> None:
    made = upsert(records, "orders", ORDER, order(1, portal))["t1"].contact_id
    shipped = portal.find_stage("shipped")
    assert shipped
    found: dict[str, WriteOutcome] = {}
    records.update("orders", [ContactWrite("t", made, {"hs_pipeline_stage": shipped.id})], found)
    one = records.read("orders", [made], ["hs_pipeline_stage"], history=["hs_pipeline_stage"])[made]
    assert isinstance(one, dict)
    versions = one["history"]["hs_pipeline_stage"]
    assert [value for value, _, _ in versions] == [shipped.id, portal.first_stage]
    assert versions[0][1] >= versions[1][1] > 1_700_000_000_000
    assert versions[0][2]


def test_orders_are_found_by_their_stage_and_time_page_by_page(
    crm: Crm, hubspot: HubSpot, portal: OrderPortal, client: Any
) -> None:
    crm.settings(search_lag=0.0)
    records = Records(hubspot, searches=SearchQuota(client, threading.Event()))
    upsert(records, "orders", ORDER, *(order(n, portal) for n in range(5)))
    filters = [
        {"propertyName": "hs_pipeline_stage", "operator": "IN", "values": [portal.first_stage]},
        {"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": "1000"},
    ]
    seen: list[str] = []
    after = ""
    while True:
        page = records.search("orders", filters, [ORDER], ["hs_lastmodifieddate"], 2, after)
        assert page["total"] == 5
        seen += [one[ORDER] for one in page["results"]]
        after = page["after"]
        if not after:
            break
    assert sorted(seen) == [f"R{n}" for n in range(5)]
    assert client.pttl(keys.SEARCHED) > 0


def test_a_search_waits_for_its_turn_unless_the_worker_stops(hubspot: HubSpot, client: Any) -> None:
    stop = threading.Event()
    stop.set()
    client.set(keys.SEARCHED, "1", px=60_000)
    with pytest.raises(Stopping):
        Records(hubspot, searches=SearchQuota(client, stop)).search("orders", [], [], [], 1)


def test_a_search_refused_for_its_rate_is_repeated(crm: Crm, hubspot: HubSpot, client: Any) -> None:
    crm.fault("429_burst", path="/search", count=1, retry_after=0.1)
    records = Records(hubspot, searches=SearchQuota(client, threading.Event()))
    assert records.search("orders", [], [], [], 1)["total"] == 0


def test_a_note_is_made_on_its_contact_and_its_order(crm: Crm, records: Records, portal: OrderPortal) -> None:
    contact = crm.create(email="a@example.com")
    made = upsert(records, "orders", ORDER, order(1, portal))["t1"].contact_id
    found: dict[str, WriteOutcome] = {}
    note = ContactWrite("n", "", {"hs_timestamp": "1793527200000", "hs_note_body": "Purchase"})
    records.create("notes", [note], found, {"n": [("contacts", contact), ("orders", made)]})
    written = found["n"]
    assert isinstance(written, Written)
    assert records.linked("notes", "contacts", [written.contact_id]) == {written.contact_id: [contact]}
    assert records.linked("notes", "orders", [written.contact_id]) == {written.contact_id: [made]}


def test_a_write_whose_answer_is_lost_stops_it_and_its_repeat_makes_no_second_order(
    crm: Crm, records: Records, portal: OrderPortal
) -> None:
    crm.fault("lost_answer", path="/upsert", count=1)
    with pytest.raises(LineDown) as caught:
        upsert(records, "orders", ORDER, order(1, portal))
    assert caught.value.code == "disconnected"
    assert upsert(records, "orders", ORDER, order(1, portal))["t1"].new is False
    assert len(crm.portal.table(ORDERS).records) == 1


def test_in_a_flight_a_write_that_certainly_failed_is_repeated_but_never_a_note(
    crm: Crm, hubspot: HubSpot, portal: OrderPortal, client: Any
) -> None:
    breaker = Breaker(client, Machine(), threading.Event(), "orders")
    records = Records(hubspot, breaker)
    crm.fault("503", path="/upsert", count=1)
    with checked(lambda: None, flight=Flight()):
        # Nobody knows which of the two made it.
        assert upsert(records, "orders", ORDER, order(1, portal))["t1"].new in (True, None)
    crm.control("DELETE", "faults")
    crm.fault("503", path="/create", count=1)
    note = ContactWrite("n", "", {"hs_timestamp": "1793527200000", "hs_note_body": "Purchase"})
    with checked(lambda: None, flight=Flight()), pytest.raises(LineDown, match="503"):
        records.create("notes", [note], {})
    assert not crm.portal.table(NOTES).records
    assert client.zcard(keys.calls("orders")) >= 3
    assert not client.exists(keys.calls(keys.INBOX))


def test_one_worker_reads_the_portal_for_all(crm: Crm, hubspot: HubSpot, portal: OrderPortal, client: Any) -> None:
    crm.settings(owners=["mali@example.com", "niran@example.com"])
    orders = Orders(owners=("Niran@example.com", "nobody@example.com", "mali@example.com"))
    first, second = (OrderPortalCache(hubspot, orders, client) for _ in range(2))

    def asked() -> int:
        return sum(sum(by.values()) for by in crm.control("GET", "state")["calls"].values())

    read = first.current()
    before = asked()
    assert second.current() == read
    assert first.current() == read
    assert asked() == before
    assert (read.pipeline, read.first_stage) == (portal.pipeline, portal.first_stage)
    assert [stage.label for stage in read.stages] == ["Open", "Processed", "Shipped", "Delivered", "Cancelled"]
    assert [crm.portal.settings.owner_ids()[at][0] for at in (1, 0)] == [int(one) for one in read.owners]
    assert read.currencies == {"THB"}
    assert read.has("hs_total_price")
    assert not read.has("hs_object_id")
    assert LINE in read.line_properties


def test_a_currency_that_cannot_be_written_is_implied_where_it_is_the_portals_own(crm: Crm, hubspot: HubSpot) -> None:
    crm.settings(read_only={"orders": ["hs_currency_code"]})
    assert OrderPortalCache(hubspot, Orders()).current().implied == {"hs_currency_code"}
    with pytest.raises(LineDown, match="hs_currency_code") as caught:
        OrderPortalCache(hubspot, Orders(currency="USD")).current()
    assert caught.value.code == "order_currency"


def test_a_portal_that_no_longer_fits_is_read_anew_at_once(crm: Crm, hubspot: HubSpot, client: Any) -> None:
    orders = Orders(stage="Packed")
    cache = OrderPortalCache(hubspot, orders, client)
    with pytest.raises(LineDown, match="no stage Packed"):
        cache.current()
    crm.settings(pipelines={"orders": {"Shop": ["New", "Packed"]}})
    assert cache.current().first_stage == eventually(lambda: cache.current().find_stage("packed")).id  # type: ignore[union-attr]
    crm.settings(pipelines={"orders": {"Shop": ["Packed"]}})
    cache.invalidate()
    assert [stage.label for stage in cache.current().stages] == ["Packed"]
