"""Carts become orders in the served portal: one each, with the right lines, whatever happens on the way."""

import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest
import redis

from leadcore.config import Orders
from leadcore.event import encode
from leadcore.store import keys
from leadcore.store.orders import read_order
from leadcore.store.parked import Parked
from leadcore.store.status import read_status
from leadcore.store.streams import pack_fields
from tests.conftest import BANGKOK, SHARDS, same_shard
from tests.faults.wires import Killed, Pool, moments, watch
from tests.stand_ins import Crm
from tests.workers.orders.conftest import NOW, OrderLine, open_line
from tests.workers.rules.orders.events import CONFIG, HOUR, KEY, payload, product
from workers.orders.order_store import SEARCH_LAG_MS, SOME_FORGOTTEN
from workers.rules.customer import Customer, pack
from workers.rules.orders import portal as order_portal

CALLS = ("/contacts/batch/read", "/orders/batch/upsert", "/line_items/batch/upsert", "/associate/default")
CHANGES = (
    "/orders/batch/read",
    "/line_items/batch/read",
    "/line_items/batch/upsert",
    "/line_items/batch/update",
    "/orders/batch/update",
    "/line_items/batch/archive",
    "/associate/default",
)


def shown(line: OrderLine) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """The total and the lines of each order of the customer."""
    return [
        (
            order["properties"].get("hs_total_price", ""),
            [(one.get("hs_sku", ""), one["quantity"], one["price"]) for one in line.lines(order)],
        )
        for order in line.orders()
    ]


def recover(line: OrderLine) -> None:
    """Let pauses end, locks expire and what was put off come back, and work until nothing is left."""
    line.crm.control("DELETE", "faults")
    for _ in range(12):
        line.redis.delete(*(keys.lock(keys.ORDERS, shard) for shard in range(SHARDS)))
        if line.redis.exists(keys.ORDERS_PAUSE):
            line.redis.hset(keys.ORDERS_PAUSE, "until", 1)
        for shard in range(SHARDS):
            for packed in line.redis.zrange(keys.later(keys.ORDERS, shard), 0, -1):
                line.redis.zadd(keys.later(keys.ORDERS, shard), {packed: 1})
            line.redis.delete(keys.swept(keys.ORDERS, shard))
            line.drain.stream.sweep(shard)
        line.run()
        if not line.left():
            return
    raise AssertionError(f"{line.left()} left")


def test_a_cart_becomes_an_order_with_its_lines_and_its_contact(line: OrderLine) -> None:
    contact = line.know("c-1")
    lead = line.add(product("A", 2, 450), product("B", 1, 100), contact_info={"phone": "0812345678"})
    line.run()
    [order] = line.orders()
    assert order["properties"]["hs_total_price"] == "1000"
    assert order["properties"]["hs_currency_code"] == "THB"
    assert order["properties"]["hs_shipping_address_phone"] == "+66812345678"
    assert order["associations"]["contacts"] == [contact]
    assert shown(line) == [("1000", [("A", "2", "450"), ("B", "1", "100")])]
    assert line.left() == 0
    receipt = line.receipt(lead)
    assert (receipt.order, receipt.order_id) == ("created", order["id"])
    assert receipt.order_ref == order["properties"]["dealdroid_order_id"]


@pytest.mark.parametrize("customer", ["123", 123])
def test_the_order_bears_the_customers_id_as_dealdroid_writes_it(line: OrderLine, customer: str | int) -> None:
    line.know(customer)
    line.add(product(), customer=customer)
    line.run()
    [order] = line.orders(customer)
    assert json.loads(order["properties"]["dealdroid_customer_id"]) == customer


def test_another_cart_changes_the_order_and_its_lines(line: OrderLine) -> None:
    line.know("c-1")
    line.add(product("A", 2, 450), product("B", 1, 100))
    line.run()
    line.add(product("A", 3, 450), product("C", 1, 50), at=NOW + HOUR)
    line.run()
    assert shown(line) == [("1400", [("A", "3", "450"), ("C", "1", "50")])]


def test_the_same_cart_again_makes_no_call(line: OrderLine) -> None:
    line.know("c-1")
    line.add(product("A"))
    line.run()
    before = len(line.crm.control("GET", "calls"))
    line.add(product("A"), at=NOW + HOUR)
    line.run()
    assert len(line.crm.control("GET", "calls")) == before
    assert len(line.orders()) == 1


def test_an_address_that_is_said_later_reaches_the_order(line: OrderLine) -> None:
    line.know("c-1")
    line.add(product("A"))
    line.run()
    line.add(
        intent="Share address", at=NOW + 1, address_parsing={"street_address": "1 Silom Rd", "postal_code": "10500"}
    )
    line.run()
    [order] = line.orders()
    assert order["properties"]["hs_shipping_address_postal_code"] == "10500"


def test_stage_and_owner_are_set_once_and_a_person_who_moves_the_order_is_left_alone(line: OrderLine) -> None:
    line.know("c-1")
    line.add(product("A"))
    line.run()
    [order] = line.orders()
    shipped = line.drain.portal_cache.current().find_stage("Shipped")
    assert shipped
    line.crm.control("PATCH", f"orders/{order['id']}", {"properties": {"hs_pipeline_stage": shipped.id}})
    line.add(product("B"), at=NOW + HOUR)
    line.run()
    first, second = sorted(line.orders(), key=lambda one: int(one["id"]))
    assert first["properties"]["hs_pipeline_stage"] == shipped.id
    assert second["properties"]["hs_pipeline_stage"] != shipped.id
    assert len(line.lines(first)) == 1


def test_an_order_takes_its_contacts_owner(line: OrderLine) -> None:
    owner = line.crm.control("GET", "state")["settings"]["owners"]
    assert owner
    ids = [one["id"] for one in line.hubspot.request("GET", "/crm/v3/owners").json()["results"]]
    line.know("c-1", hubspot_owner_id=ids[0])
    line.add(product("A"))
    line.run()
    [order] = line.orders()
    assert order["properties"]["hubspot_owner_id"] == ids[0]


def test_orders_of_contacts_without_an_owner_go_to_the_owners_in_turn(line: OrderLine, served: Crm) -> None:
    owners = line.hubspot.request("GET", "/crm/v3/owners").json()["results"][:2]
    given = Orders(owners=tuple(one["email"] for one in owners))
    with open_line(served, line.redis, msgspec.structs.replace(CONFIG, orders=given)) as shop:
        for number in range(4):
            shop.know(f"turn-{number}")
            shop.add(product("A"), customer=f"turn-{number}")
            shop.run()
        theirs = [shop.orders(f"turn-{number}")[0]["properties"]["hubspot_owner_id"] for number in range(4)]
    assert theirs[0] != theirs[1]
    assert theirs == [theirs[0], theirs[1]] * 2
    assert set(theirs) == {one["id"] for one in owners}


def test_orders_that_owners_get_in_turn_are_written_in_a_full_redis_too(line: OrderLine, served: Crm) -> None:
    owners = line.hubspot.request("GET", "/crm/v3/owners").json()["results"][:2]
    given = Orders(owners=tuple(one["email"] for one in owners))
    with open_line(served, line.redis, msgspec.structs.replace(CONFIG, orders=given)) as shop:
        shop.know("c-1")
        shop.drain.portal_cache.current()
        shop.add(product("A"))
        shop.redis.config_set("maxmemory", 1)
        try:
            shop.run()
        finally:
            shop.redis.config_set("maxmemory", 0)
        [order] = shop.orders()
    assert order["properties"]["hubspot_owner_id"] in {one["id"] for one in owners}


def test_a_hundred_orders_of_one_line_take_at_most_six_calls(line: OrderLine) -> None:
    line.drain.portal_cache.current()
    customers = same_shard("many", 100)
    for customer in customers:
        line.know(customer)
    before = len(line.crm.control("GET", "calls"))
    for customer in customers:
        line.add(product("A"), customer=customer)
    line.run()
    assert len(line.state()["orders"]) == 100
    assert len(line.crm.control("GET", "calls")) - before <= 6
    changed = len(line.crm.control("GET", "calls"))
    for customer in customers:
        line.add(product("A", 5), product("B"), customer=customer, at=NOW + HOUR)
    line.run()
    assert len(line.crm.control("GET", "calls")) - changed <= 12
    assert len(line.state()["orders"]) == 100


@pytest.mark.parametrize("fault", ["lost_answer", "500", "reset", "hang", "missing_rows"])
@pytest.mark.parametrize("path", CALLS)
def test_an_order_is_made_once_whatever_becomes_of_a_call(line: OrderLine, path: str, fault: str) -> None:
    line.know("c-1")
    line.add(product("A", 2, 450), product("B", 1, 100))
    line.crm.fault(fault, path=path, count=4, seconds=0.2)
    line.run()
    recover(line)
    assert shown(line) == [("1000", [("A", "2", "450"), ("B", "1", "100")])]
    assert len(line.state()["line_items"]) == 2
    assert "contacts" in line.orders()[0]["associations"]


@pytest.mark.parametrize("fault", ["lost_answer", "500"])
@pytest.mark.parametrize("path", CHANGES)
def test_an_order_is_changed_whatever_becomes_of_a_call(line: OrderLine, path: str, fault: str) -> None:
    line.know("c-1")
    line.add(product("A", 2, 450), product("B", 1, 100))
    line.run()
    line.add(product("A", 3, 450), product("C", 1, 50), at=NOW + HOUR)
    line.crm.fault(fault, path=path, count=4)
    line.run()
    recover(line)
    assert shown(line) == [("1400", [("A", "3", "450"), ("C", "1", "50")])]


def test_a_worker_may_die_at_any_moment(line: OrderLine, database: Any, served: Crm) -> None:
    options = dict(database.connection_pool.connection_kwargs)
    for wire in moments(watch(database, served)):
        database.flushdb()
        served.reset()
        served.settings(search_lag=0)
        database.set(keys.ORDERS_STORE, "intact")
        line.leads = 0
        line.know("c-1")
        line.add(product("A", 2, 450), product("B", 1, 100))
        dying = redis.Redis(connection_pool=Pool(wire, **options))
        with open_line(served, dying) as other, suppress(Killed):
            other.drain.drain(keys.shard_of("c-1", SHARDS))
        recover(line)
        assert shown(line) == [("1000", [("A", "2", "450"), ("B", "1", "100")])], wire.index
        assert len(line.state()["line_items"]) == 2
    assert wire.count > 8


def test_after_a_loss_of_redis_the_open_order_is_found(line: OrderLine, database: Any) -> None:
    line.know("c-1")
    line.add(product("A", 2, 450))
    line.run()
    database.flushdb()
    line.drain.customers.key = KEY
    [contact] = line.crm.contacts()
    line.redis.set(keys.customer(keys.digest(KEY, "c-1")), pack(Customer(contact_id=contact["id"])))
    line.add(product("A", 2, 450), at=NOW + HOUR)
    line.run()
    assert line.left() == 1, "search cannot tell yet"
    line.redis.set(keys.ORDERS_STORE, line.drain.store.now_ms() - SEARCH_LAG_MS - 1)
    line.run()
    assert line.redis.get(keys.ORDERS_STORE) == SOME_FORGOTTEN.encode()
    assert line.left() == 0
    assert len(line.orders()) == 1
    line.add(product("A", 5, 450), at=NOW + 2 * HOUR)
    line.run()
    assert shown(line) == [("2250", [("A", "5", "450")])]


def test_a_portal_without_orders_is_known_at_once(line: OrderLine) -> None:
    line.redis.delete(keys.ORDERS_STORE)
    line.know("c-1")
    line.add(product("A"))
    line.run()
    assert len(line.orders()) == 1


def test_a_currency_that_the_portal_lacks_stops_the_orders_and_no_value_is_left_out(line: OrderLine) -> None:
    line.crm.settings(company_currency="USD", additional_currencies=())
    line.know("c-1")
    line.add(product("A"))
    line.run()
    status = read_status(line.redis, SHARDS, BANGKOK)
    assert line.orders() == []
    assert line.left() == 1
    assert line.redis.hget(keys.ORDERS_PAUSE, "code") == b"order_currency"
    assert not status.pause
    line.crm.settings(company_currency="THB")
    recover(line)
    assert len(line.orders()) == 1


def test_a_missing_scope_stops_orders_only_and_names_it(line: OrderLine) -> None:
    scopes = [one for one in line.state()["settings"]["scopes"] if one != "crm.objects.line_items.write"]
    line.crm.settings(scopes=scopes)
    line.know("c-1")
    line.add(product("A"))
    line.run()
    assert line.redis.hget(keys.ORDERS_PAUSE, "code") == b"forbidden"
    assert b"line_items" in line.redis.hget(keys.ORDERS_PAUSE, "reason")
    assert not line.redis.exists(keys.PAUSE)
    line.crm.settings(scopes=[*scopes, "crm.objects.line_items.write"])
    recover(line)
    assert shown(line) == [("900", [("A", "2", "450")])]


def test_an_order_whose_contact_is_gone_waits_and_is_then_parked_with_the_cause(line: OrderLine) -> None:
    contact = line.know("c-1")
    line.crm.control("DELETE", f"contacts/{contact}")
    lead = line.add(product("A"))
    for _ in range(CONFIG.inbox.tries + 1):
        if line.left():
            recover_once(line)
    assert line.receipt(lead).order.startswith("parked: no_contact")
    parked_ms = line.redis.zscore(keys.PARKED_ORDERS, lead)
    assert parked_ms
    assert line.receipt(lead).order_ms == parked_ms
    assert line.left() == 0


@pytest.mark.parametrize("command", ["retry", "discard"])
def test_a_receipt_says_since_when_its_order_is_as_it_is(line: OrderLine, command: str) -> None:
    line.know("c-1")
    before = line.redis.time()[0] * 1000
    lead = line.add(product("A"))
    line.run()
    made_ms = line.receipt(lead).order_ms
    assert made_ms
    assert before <= made_ms < before + 60_000
    line.redis.set(keys.parked_order(lead), pack_fields({b"e": lead.encode(), b"b": encode(payload(product("A")))}))
    assert not getattr(Parked(line.redis, CONFIG.inbox), command)(lead, "ann")
    assert (line.receipt(lead).order_ms or 0) >= made_ms
    assert line.receipt(lead).order.startswith({"retry": "waiting", "discard": "discarded"}[command])


def recover_once(line: OrderLine) -> None:
    for shard in range(SHARDS):
        for packed in line.redis.zrange(keys.later(keys.ORDERS, shard), 0, -1):
            line.redis.zadd(keys.later(keys.ORDERS, shard), {packed: 1})
        line.drain.stream.sweep(shard)
    line.run()


def test_a_cancelling_intent_moves_the_order_to_the_stage_for_that(line: OrderLine) -> None:
    line.know("c-1")
    line.add(product("A"))
    line.add(intent="Cancel order", at=NOW + 1)
    line.run()
    [order] = line.orders()
    cancelled = line.drain.portal_cache.current().find_cancelled()
    assert cancelled
    assert order["properties"]["hs_pipeline_stage"] == cancelled.id


def test_who_cancels_and_then_wants_the_same_cart_gets_another_order(line: OrderLine) -> None:
    line.know("c-1")
    line.add(product("A"))
    line.run()
    line.add(intent="Cancel order", at=NOW + 1)
    again = line.add(product("A"), at=NOW + 60_000)
    for _ in range(2):
        line.run()
    assert line.left() == 0
    assert (line.receipt(again).order, len(line.orders())) == ("created", 2)
    state = read_order(line.redis, line.receipt(again).order_ref)
    assert (state.cancelled, state.units) == (0, 90000)
    assert read_order(line.redis, line.receipt("lead-1").order_ref).cancelled


@pytest.mark.parametrize("code", ["A", "B"])
def test_where_no_stage_is_for_cancelled_orders_a_cart_after_the_cancel_gets_another_order_too(
    line: OrderLine, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setattr(order_portal, "CANCELLED", frozenset())
    line.know("c-1")
    line.add(product("A"))
    line.run()
    line.add(intent="Cancel order", at=NOW + 1)
    again = line.add(product(code), at=NOW + 60_000)
    for _ in range(2):
        line.run()
    assert (line.receipt(again).order, len(line.orders())) == ("created", 2)
    assert not read_order(line.redis, line.receipt(again).order_ref).cancelled


def test_what_is_no_event_is_parked_and_holds_nobody_up(line: OrderLine) -> None:
    line.know("c-1")
    line.redis.xadd(keys.entries(keys.ORDERS, keys.shard_of("c-1", SHARDS)), {"e": "odd", "b": "{", "v": "1-0"})
    line.add(product("A"))
    line.run()
    assert len(line.orders()) == 1
    assert line.redis.zscore(keys.PARKED_ORDERS, "odd")


def test_forgotten_customers_get_no_order(line: OrderLine) -> None:
    line.know("c-1")
    line.redis.set(keys.forgotten(keys.digest(KEY, "c-1")), NOW + 1)
    line.add(product("A"))
    line.run()
    assert line.orders() == []
    assert line.left() == 0


def test_an_order_that_was_begun_is_linked_though_another_event_came_between(line: OrderLine) -> None:
    contact = line.know("c-1")
    line.add(product("A"))
    line.crm.fault("row_locked", path="/associate/default")
    line.crm.fault("lost_answer", path="/orders/contacts/batch/associate/default", count=8)
    line.run()
    line.add(intent="Ask price", at=NOW + 1)
    line.run()
    recover(line)
    [order] = line.orders()
    assert order["associations"]["contacts"] == [contact]


@pytest.mark.parametrize("path", ["/orders/search", "/orders/batch/read", "/contacts/batch/read"])
def test_a_line_that_stops_while_it_reads_loses_no_order(line: OrderLine, path: str) -> None:
    line.redis.set(keys.ORDERS_STORE, SOME_FORGOTTEN)
    line.know("c-1")
    line.add(product("A"))
    line.crm.fault("401", path=path)
    line.run()
    assert line.left() == (0 if path == "/orders/batch/read" else 1)
    recover(line)
    assert shown(line) == [("900", [("A", "2", "450")])]


def test_after_a_loss_of_redis_a_customer_whose_id_has_capitals_is_found(line: OrderLine) -> None:
    line.know("Chat-ABC")
    line.add(product("A"), customer="Chat-ABC")
    line.run()
    line.redis.delete(keys.ordered(keys.digest(KEY, "Chat-ABC")))
    line.redis.set(keys.ORDERS_STORE, SOME_FORGOTTEN)
    line.add(product("A"), customer="Chat-ABC", at=NOW + HOUR)
    line.run()
    assert len(line.orders("Chat-ABC")) == 1


def test_of_an_id_that_came_as_text_and_as_number_the_orders_are_found(line: OrderLine) -> None:
    line.know("123")
    line.add(product("A"), customer=123)
    line.run()
    line.redis.delete(keys.ordered(keys.digest(KEY, "123")))
    line.redis.set(keys.ORDERS_STORE, SOME_FORGOTTEN)
    line.add(intent="Share contact", customer="123", at=NOW + 1)
    line.add(product("A"), customer=123, at=NOW + HOUR)
    line.run()
    assert len(line.orders(123)) == 1


def test_after_a_loss_of_redis_a_probe_waits_until_search_can_tell_too(line: OrderLine) -> None:
    line.crm.settings(search_lag=60)
    line.know("c-1")
    line.add(product("A"))
    line.run()
    line.redis.delete(keys.ordered(keys.digest(KEY, "c-1")), keys.ORDERS_STORE)
    line.crm.fault("401", path="/orders", method="GET")
    line.add(product("A"), at=NOW + HOUR)
    line.run()
    assert line.redis.exists(keys.ORDERS_PAUSE)
    line.crm.control("DELETE", "faults")
    line.redis.hset(keys.ORDERS_PAUSE, "until", 1)
    line.drain.drain(keys.shard_of("c-1", SHARDS))
    assert line.left() == 1
    assert len(line.orders()) == 1


@pytest.mark.parametrize("path", ["/line_items/batch/upsert", "/orders/line_items/batch", "/orders/contacts/batch"])
def test_an_order_that_was_begun_and_moved_on_is_finished_before_another_cart_makes_one(
    line: OrderLine, path: str
) -> None:
    contact = line.know("c-1")
    shipped = line.drain.portal_cache.current().find_stage("Shipped")
    assert shipped
    line.add(product("A", 2, 450))
    line.crm.fault("500", path=path)
    line.run()
    [half] = line.orders()
    line.crm.control("PATCH", f"orders/{half['id']}", {"properties": {"hs_pipeline_stage": shipped.id}})
    line.add(product("B", 1, 100), at=NOW + 1)
    recover(line)
    first, second = sorted(line.orders(), key=lambda one: int(one["id"]))
    assert [one["hs_sku"] for one in line.lines(first)] == ["A"]
    assert [one["hs_sku"] for one in line.lines(second)] == ["B"]
    assert first["properties"]["hs_pipeline_stage"] == shipped.id
    assert [one["associations"].get("contacts") for one in (first, second)] == [[contact], [contact]]
