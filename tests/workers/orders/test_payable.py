"""What payment links know of an order is what HubSpot has, or is about to have; and nobody is asked for two amounts."""

from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
import redis
from msgspec.structs import replace

from leadcore.config import Intent
from leadcore.machine import Machine
from leadcore.orders.reference import order_ref
from leadcore.receipts import pack as pack_receipt
from leadcore.store import keys
from leadcore.store.orders import CartNote, OrderState, Session, find_wait, open_session, read_order
from leadcore.store.parked import Parked
from leadcore.store.streams import Stream
from leadsync.privacy.customer_data import CustomerData
from leadsync.privacy.forget import Forgetting
from receiver.intake.spool import Spool
from tests.conftest import SHARDS
from tests.faults.wires import Killed, Pool, moments, watch
from tests.stand_ins import Crm
from tests.workers.orders.conftest import NOW, OrderLine, open_line
from tests.workers.orders.test_drain import recover, recover_once, shown
from tests.workers.rules.orders.events import CONFIG, HOUR, KEY, product

SHOWN = replace(CONFIG, intents={"Purchase": Intent(reply={"en": ["Your order is {{ order_ref }}."]})})
UPDATE = "/orders/batch/update"


def ref(lead: str) -> str:
    return order_ref(KEY, "c-1", lead)


def state(line: OrderLine, lead: str) -> OrderState:
    return read_order(line.redis, ref(lead))


def buy(line: OrderLine, count: int, at: int = NOW) -> str:
    lead = line.add(product("A", count, 450), at=at)
    line.run()
    return lead


@pytest.fixture
def shown_line(line: OrderLine, served: Crm, database: Any) -> Iterator[OrderLine]:
    """A shop whose replies show references."""
    with open_line(served, database, SHOWN) as found:
        yield found


def test_an_order_says_what_is_to_be_paid_under_its_reference(line: OrderLine) -> None:
    line.know("c-1")
    lead = buy(line, 2)
    assert state(line, lead) == OrderState(90000, "THB", revision=1, customer="c-1", lead=lead)
    assert line.redis.ttl(keys.order(ref(lead))) > 0


def test_all_references_of_an_order_share_one_amount_and_one_session(line: OrderLine) -> None:
    line.know("c-1")
    first = buy(line, 2)
    second = buy(line, 3, NOW + 1)
    third = buy(line, 3, NOW + 2)
    found = state(line, first)
    assert (found.units, found.reference) == (135000, ref(first))
    assert state(line, second) == state(line, third) == found
    assert open_session(line.redis, found.reference, found.revision, Session(1, 135000, "cs_1"))
    assert state(line, third).session == Session(1, 135000, "cs_1")


def test_links_ask_for_the_new_amount_before_hubspot_has_the_cart(line: OrderLine) -> None:
    line.know("c-1")
    first = buy(line, 2)
    line.crm.fault("500", path=UPDATE, count=9)
    second = buy(line, 3, NOW + 1)
    assert shown(line)[0][0] == "900"
    assert (state(line, first).units, state(line, first).pending) == (135000, ref(second))
    recover(line)
    assert shown(line) == [("1350", [("A", "3", "450")])]
    assert (state(line, first).units, state(line, first).pending) == (135000, "")


def test_a_change_that_was_begun_is_finished_though_somebody_pays_meanwhile(line: OrderLine) -> None:
    line.know("c-1")
    first = buy(line, 2)
    line.crm.fault("500", path=UPDATE, count=9)
    buy(line, 3, NOW + 1)
    now = state(line, first)
    assert open_session(line.redis, now.reference, now.revision, Session(1, 135000, "cs_1"))
    recover(line)
    assert shown(line) == [("1350", [("A", "3", "450")])]


def test_a_cart_that_is_said_while_the_order_is_being_paid_is_another_order(line: OrderLine) -> None:
    line.know("c-1")
    first = buy(line, 2)
    assert open_session(line.redis, ref(first), 1, Session(1, 90000, "cs_1"))
    second = buy(line, 3, NOW + 1)
    assert [total for total, _ in shown(line)] == ["900", "1350"]
    assert (state(line, first).units, state(line, second).units) == (90000, 135000)


def test_a_session_that_nobody_can_pay_any_more_does_not_keep_the_order_from_changing(line: OrderLine) -> None:
    line.know("c-1")
    first = buy(line, 2)
    assert open_session(line.redis, ref(first), 1, Session(1, 90000, "cs_1"))
    line.redis.hset(keys.order(ref(first)), "opened", line.drain.store.now_ms() - 26 * HOUR)
    buy(line, 3, NOW + 1)
    assert [total for total, _ in shown(line)] == ["1350"]


def test_a_cart_whose_own_link_was_opened_already_is_another_order(line: OrderLine) -> None:
    line.know("c-1")
    buy(line, 2)
    second = line.add(product("A", 3, 450), at=NOW + 1)
    assert open_session(line.redis, ref(second), 0, Session(1, 135000, "cs_2"))
    line.run()
    assert [total for total, _ in shown(line)] == ["900", "1350"]
    assert state(line, second).session == Session(1, 135000, "cs_2")


def test_an_order_that_somebody_begins_to_pay_while_it_is_planned_is_planned_anew(
    line: OrderLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    line.know("c-1")
    first = buy(line, 2)
    change = line.drain.store.change

    def click_first(changes: Any) -> set[str]:
        if read_order(line.redis, ref(first)).session is None:
            assert open_session(line.redis, ref(first), 1, Session(1, 90000, "cs_1"))
        return change(changes)

    monkeypatch.setattr(line.drain.store, "change", click_first)
    line.add(product("A", 3, 450), at=NOW + 1)
    line.run()
    assert [total for total, _ in shown(line)] == ["900"]
    recover(line)
    assert [total for total, _ in shown(line)] == ["900", "1350"]
    assert state(line, first).units == 90000


def test_a_paid_order_takes_no_other_cart_and_no_address_but_the_same_cart_is_still_it(line: OrderLine) -> None:
    line.know("c-1")
    first = buy(line, 2)
    line.redis.hset(keys.order(ref(first)), "paid", "1")
    same = buy(line, 2, NOW + 1)
    assert state(line, same).paid
    assert len(line.orders()) == 1
    buy(line, 3, NOW + 2)
    assert [total for total, _ in shown(line)] == ["900", "1350"]


def test_an_address_reaches_the_order_while_its_page_is_open(line: OrderLine) -> None:
    line.know("c-1")
    first = buy(line, 2)
    assert open_session(line.redis, ref(first), 1, Session(1, 90000, "cs_1"))
    line.add(intent="Share address", at=NOW + 1, address_parsing={"street_address": "1 Rd", "postal_code": "10500"})
    line.run()
    assert line.orders()[0]["properties"]["hs_shipping_address_postal_code"] == "10500"


@pytest.mark.parametrize("is_open", [False, True])
def test_a_cancelled_order_is_not_to_be_paid(line: OrderLine, is_open: bool) -> None:
    line.know("c-1")
    first = buy(line, 2)
    if is_open:
        assert open_session(line.redis, ref(first), 1, Session(1, 90000, "cs_1"))
    line.add(intent="Cancel order", at=NOW + 1)
    line.run()
    assert state(line, first).cancelled


def test_a_total_that_nobody_can_read_leaves_no_old_amount_to_pay(line: OrderLine) -> None:
    line.know("c-1")
    first = buy(line, 2)
    line.add(product("A", 3, "ask"), at=NOW + 1, cart={"grand_total": "ask"})
    line.run()
    assert state(line, first).units == 0


def test_the_references_of_the_same_cart_are_in_hubspot_where_customers_see_them(shown_line: OrderLine) -> None:
    line = shown_line
    line.know("c-1")
    first = buy(line, 2)
    second = buy(line, 2, NOW + 1)
    [order] = line.orders()
    assert order["properties"]["dealdroid_order_refs"].split() == [ref(first), ref(second)]
    assert order["properties"]["hs_external_order_id"] == ref(second)
    assert line.receipt(second).order == "unchanged"


def test_a_paid_order_gets_the_reference_of_the_same_cart_too(shown_line: OrderLine) -> None:
    line = shown_line
    line.know("c-1")
    first = buy(line, 2)
    [order] = line.orders()
    line.crm.control("PATCH", f"orders/{order['id']}", {"properties": {"hs_payment_status": "paid"}})
    second = buy(line, 2, NOW + 1)
    [order] = line.orders()
    assert order["properties"]["dealdroid_order_refs"].split() == [ref(first), ref(second)]


def test_an_amount_changes_whole_though_the_worker_dies_at_any_moment(
    line: OrderLine, database: Any, served: Crm
) -> None:
    options = dict(database.connection_pool.connection_kwargs)
    for wire in moments(watch(database, served)):
        database.flushdb()
        served.reset()
        served.settings(search_lag=0)
        database.set(keys.ORDERS_STORE, "intact")
        line.leads = 0
        line.know("c-1")
        first = buy(line, 2)
        line.add(product("A", 3, 450), at=NOW + 1)
        dying = redis.Redis(connection_pool=Pool(wire, **options))
        with open_line(served, dying) as other, suppress(Killed):
            other.drain.drain(keys.shard_of("c-1", SHARDS))
        recover(line)
        assert shown(line) == [("1350", [("A", "3", "450")])], wire.index
        assert (state(line, first).units, state(line, first).pending) == (135000, "")
    assert wire.count > 8


def test_nothing_of_the_orders_of_a_forgotten_customer_is_left(line: OrderLine, tmp_path: Path) -> None:
    line.know("c-1")
    buy(line, 2)
    buy(line, 2, NOW + 1)
    with closing(Spool(tmp_path, Machine())) as spool:
        data = CustomerData(line.redis, CONFIG.inbox, KEY, "c-1")
        Forgetting(data, line.redis, CONFIG.inbox, spool, "somebody").run(None)
    assert not [*line.redis.keys(keys.order("*")), *line.redis.keys(keys.ordered("*"))]


def test_nothing_of_a_cart_that_no_worker_has_seen_is_left_of_a_forgotten_customer(
    line: OrderLine, tmp_path: Path
) -> None:
    digest = keys.digest(KEY, "c-1")
    for lead, reference in (("lead-1", "K73FX219"), ("lead-2", "K73FX220")):
        note = CartNote(reference, 90000, digest)
        Stream(line.redis).put(0, lead, b"{}", pack_receipt(customer_id="c-1"), cart=note)
    with closing(Spool(tmp_path, Machine())) as spool:
        data = CustomerData(line.redis, CONFIG.inbox, KEY, "c-1")
        assert data.as_dict(spool)["newest_cart"]["reference"] == "K73FX220"
        Forgetting(data, line.redis, CONFIG.inbox, spool, "somebody").run(None)
    assert not [*line.redis.keys(keys.order("*")), *line.redis.keys(keys.newest_cart("*"))]


def test_a_link_waits_while_its_cart_is_parked_and_works_once_a_retry_has_made_the_order(line: OrderLine) -> None:
    contact = line.know("c-1")
    line.crm.control("DELETE", f"contacts/{contact}")
    lead = line.add(product("A", 2, 450))
    line.redis.hset(keys.order(ref(lead)), mapping={"cart_of": "digest", "lead": lead})
    line.redis.set(keys.newest_cart("digest"), f"{NOW} {ref(lead)} 90000 0THERREF")
    assert find_wait(line.redis, ref(lead), NOW, NOW) == "checking"
    for _ in range(CONFIG.inbox.tries + 1):
        if line.left():
            recover_once(line)
    assert find_wait(line.redis, ref(lead), NOW, NOW) == "delayed"
    line.know("c-1")
    assert Parked(line.redis, CONFIG.inbox).retry(lead, "ann") == ""
    line.run()
    assert find_wait(line.redis, ref(lead), NOW, NOW) == ""
    assert (state(line, lead).units, state(line, lead).customer) == (90000, "c-1")


def test_nothing_is_paid_for_a_cart_whose_order_was_discarded(line: OrderLine) -> None:
    contact = line.know("c-1")
    line.crm.control("DELETE", f"contacts/{contact}")
    lead = line.add(product("A", 2, 450))
    line.redis.hset(keys.order(ref(lead)), mapping={"cart_of": "digest", "lead": lead})
    for _ in range(CONFIG.inbox.tries + 1):
        if line.left():
            recover_once(line)
    assert find_wait(line.redis, ref(lead), NOW, NOW) == ""
    assert Parked(line.redis, CONFIG.inbox).discard(lead, "ann") == ""
    assert find_wait(line.redis, ref(lead), NOW, NOW) == "dropped"
