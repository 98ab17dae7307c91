"""What a customer's events do to their orders."""

import json
from collections.abc import Mapping
from dataclasses import replace as with_values
from typing import Any

import pytest
from msgspec.structs import replace

from tests.workers.rules.orders.events import DIGEST, HOUR, NOW, facts, product, said
from workers.rules.orders.lines import SeenLine, read_line
from workers.rules.orders.plan import Gone, Plan, SeenOrder, adopt, plan, take_prefix
from workers.rules.orders.property_names import LINE_NAMES, NAMES
from workers.rules.orders.record import NO_ORDERS, CustomerOrders, Line, Order, pack, unpack
from workers.rules.orders.said import Said


def decide(
    *events: Said, known: CustomerOrders = NO_ORDERS, seen: SeenOrder | Gone | None = None, at: int = NOW, **more: Any
) -> Plan:
    return plan(events, known, seen, facts(at, **more), "An order", DIGEST)


def done(made: Plan) -> CustomerOrders:
    """What is known once the plan is carried out."""
    order = made.after.newest
    assert order
    lines = {key: Line(line.id or f"l-{key}", line.sent) for key, line in order.lines.items()}
    return unpack(pack(made.after.with_order(replace(order, id=order.id or "77", attempted=False, lines=lines))))


def by_hubspots_names(values: Mapping[str, str]) -> dict[str, str]:
    return {NAMES["orders"][name]: value for name, value in values.items()}


def in_hubspot(made: Plan, lines: bool = True, **changed: str) -> SeenOrder:
    """The order as HubSpot has it after the plan, with what a person changed since."""
    properties = {
        **by_hubspots_names(made.values),
        **by_hubspots_names(changed),
    }
    written = made.lines.writes if made.lines else ()
    seen = tuple(
        read_line(f"l-{one.key}", {LINE_NAMES[name]: value for name, value in one.values.items()}) for one in written
    )
    return SeenOrder("77", properties, seen if lines else None)


MADE = decide(said(product("A"), product("B", 1, 100)))
KNOWN = done(MADE)


def test_a_first_cart_makes_an_order_in_the_first_stage() -> None:
    assert MADE.makes
    assert MADE.values["stage"] == "s-open"
    assert MADE.values["pipeline"] == "p1"
    assert MADE.values["currency"] == "THB"
    assert MADE.values["total"] == "1000"
    assert MADE.values["order_id"] == MADE.values["reference"] == MADE.reference
    assert MADE.lines
    assert [(one.values["code"], one.values["count"], one.values["price"]) for one in MADE.lines.writes] == [
        ("A", "2", "450"),
        ("B", "1", "100"),
    ]


@pytest.mark.parametrize("customer", ["123", 123])
def test_the_order_bears_the_customers_id_as_json(customer: str | int) -> None:
    assert decide(said(product(), customer=customer)).values["customer"] == json.dumps(customer)


def test_an_event_without_a_cart_makes_no_order() -> None:
    found = decide(said(intent="Share address", contact_info={"phone": "0812345678"}))
    assert (found.writes, found.reference) == (False, "")


def test_the_same_cart_again_writes_nothing_and_reads_nothing() -> None:
    again = decide(said(product("B", 1, 100), product("A"), at=NOW + HOUR), known=KNOWN, at=NOW + HOUR)
    assert (again.writes, again.needs_order, again.needs_lines) == (False, "", "")
    assert again.reference == MADE.reference


def test_the_reference_of_the_same_cart_is_kept_with_the_order() -> None:
    event = said(product("A"), product("B", 1, 100), at=NOW + HOUR)
    again = decide(event, known=KNOWN, at=NOW + HOUR)
    found = again.after.find(event.reference)
    assert found
    assert found.reference == MADE.reference


@pytest.mark.parametrize(
    "moved", [{"stage": "s-shipped"}, {"stage": "s-cancelled"}, {"payment_status": "paid"}], ids=str
)
def test_the_same_cart_after_the_order_moved_on_makes_no_other(moved: dict[str, str]) -> None:
    event = said(product("A"), product("B", 1, 100), at=NOW + HOUR, contact_info={"phone": "0812345678"})
    again = decide(event, known=KNOWN, seen=in_hubspot(MADE, **moved), at=NOW + HOUR)
    assert (again.writes, again.makes, again.reference) == (False, False, MADE.reference)


def test_the_same_cart_after_the_order_was_deleted_makes_no_other_and_says_so() -> None:
    event = said(product("A"), product("B", 1, 100), at=NOW + HOUR, contact_info={"phone": "0812345678"})
    again = decide(event, known=KNOWN, seen=Gone(), at=NOW + HOUR)
    assert (again.writes, again.makes) == (False, False)
    assert again.why == "order_deleted"


def test_the_same_cart_after_a_day_makes_another_order_if_the_first_moved_on() -> None:
    later = NOW + 25 * HOUR
    event = said(product("A"), product("B", 1, 100), at=later)
    assert decide(event, known=KNOWN, at=later).needs_order == MADE.reference
    again = decide(event, known=KNOWN, seen=in_hubspot(MADE, stage="s-shipped"), at=later)
    assert again.makes
    assert again.reference == event.reference


def test_the_same_cart_after_a_day_is_the_same_order_while_that_is_open() -> None:
    later = NOW + 25 * HOUR
    again = decide(said(product("A"), product("B", 1, 100), at=later), known=KNOWN, seen=in_hubspot(MADE), at=later)
    assert (again.makes, again.reference) == (False, MADE.reference)


def test_another_cart_changes_the_open_order_and_only_what_is_new() -> None:
    event = said(product("A", 3), product("C", 1, 50), at=NOW + HOUR)
    first = decide(event, known=KNOWN, at=NOW + HOUR)
    assert first.needs_order == MADE.reference
    second = decide(event, known=KNOWN, seen=in_hubspot(MADE, lines=False), at=NOW + HOUR)
    assert second.needs_lines == MADE.reference
    found = decide(event, known=KNOWN, seen=in_hubspot(MADE), at=NOW + HOUR)
    assert not found.makes
    assert found.values.keys() == {"total", "subtotal", "reference", "references"}
    assert found.lines
    reference = MADE.reference
    assert {one.key: dict(one.values) for one in found.lines.writes} == {
        f"{reference}/A/1": {"count": "3"},
        f"{reference}/C/1": {
            "line_id": f"{reference}/C/1",
            "currency": "THB",
            "name": "Product C",
            "code": "C",
            "price": "50",
            "count": "1",
        },
    }
    assert found.lines.gone == (f"l-{reference}/B/1",)


@pytest.mark.parametrize(
    "moved", [{"stage": "s-shipped"}, {"payment_status": "paid"}, {"payment_status": "partially_paid"}], ids=str
)
def test_another_cart_after_the_order_moved_on_makes_another_order(moved: dict[str, str]) -> None:
    event = said(product("C"), at=NOW + HOUR)
    found = decide(event, known=KNOWN, seen=in_hubspot(MADE, **moved), at=NOW + HOUR)
    assert found.makes
    assert found.reference == event.reference
    assert len(found.after.orders) == 2


def test_another_cart_while_the_order_is_being_paid_makes_another_order() -> None:
    event = said(product("C"), at=NOW + HOUR)
    found = decide(event, known=KNOWN, seen=in_hubspot(MADE), at=NOW + HOUR, under_way={MADE.reference})
    assert found.makes


def test_an_older_cart_never_replaces_a_newer_one() -> None:
    found = decide(said(product("C"), at=NOW - HOUR), known=KNOWN)
    assert (found.writes, found.makes, found.why) == (False, False, "order_superseded")


def test_what_an_order_that_moved_on_cannot_take_is_not_looked_at_again() -> None:
    event = said(intent="Share contact", at=NOW + HOUR, contact_info={"phone": "0812345678"})
    found = decide(event, known=KNOWN, seen=in_hubspot(MADE, stage="s-shipped"))
    again = replace(event, version=event.version + 1)
    assert decide(again, known=found.after).needs_order == ""


def test_an_older_cart_still_says_where_the_order_goes() -> None:
    event = said(product("C"), at=NOW - HOUR, contact_info={"phone": "0812345678"})
    found = decide(event, known=KNOWN, seen=in_hubspot(MADE))
    assert found.values == {"phone": "+66812345678", "references": f"{MADE.reference} {event.reference}"}
    assert not found.lines
    assert found.why == "order_superseded"


def test_the_same_event_again_does_nothing() -> None:
    found = decide(said(product("A"), product("B", 1, 100)), known=KNOWN, at=NOW + 40 * HOUR)
    assert (found.writes, found.makes, found.needs_order) == (False, False, "")


def test_of_several_carts_the_newest_makes_the_order_and_all_name_it() -> None:
    events = [said(product("A"), at=NOW), said(product("B"), at=NOW + 1), said(product("C"), at=NOW + 2)]
    found = decide(*events)
    assert found.lines
    assert [one.values["code"] for one in found.lines.writes] == ["C"]
    assert found.after.newest
    assert set(found.after.newest.references) == {event.reference for event in events}


def test_an_address_that_is_said_later_reaches_the_open_order() -> None:
    event = said(
        intent="Share address",
        at=NOW + HOUR,
        contact_info={"phone": "0812345678"},
        address_parsing={"street_address": "1 Silom Rd", "state": "กรุงเทพมหานคร", "postal_code": "10500"},
    )
    assert decide(event, known=KNOWN).needs_order == MADE.reference
    found = decide(event, known=KNOWN, seen=in_hubspot(MADE))
    assert found.values["phone"] == "+66812345678"
    assert found.values["postal_code"] == "10500"
    assert "total" not in found.values
    assert "stage" not in found.values


def test_an_address_that_is_said_later_leaves_an_order_that_moved_on_alone() -> None:
    event = said(intent="Share address", at=NOW + HOUR, contact_info={"phone": "0812345678"})
    assert not decide(event, known=KNOWN, seen=in_hubspot(MADE, stage="s-shipped")).writes


def test_a_value_that_a_person_changed_stays_until_the_customer_says_another() -> None:
    first = decide(said(product("A"), contact_info={"phone": "0812345678"}))
    known, seen = done(first), in_hubspot(first, phone="+66899999999")
    again = said(intent="Share contact", at=NOW + HOUR, contact_info={"phone": "081-234-5678"})
    assert not decide(again, known=known, seen=seen).writes
    other = said(intent="Share contact", at=NOW + HOUR, contact_info={"phone": "0823456789"})
    assert decide(other, known=known, seen=seen).values["phone"] == "+66823456789"


def test_another_address_replaces_the_one_before_whole() -> None:
    first = decide(
        said(product("A"), address_parsing={"street_address": "1 Silom Rd", "state": "Bangkok", "postal_code": "10500"})
    )
    event = said(intent="Share address", at=NOW + HOUR, address_parsing={"state": "เชียงใหม่", "postal_code": "50000"})
    found = decide(event, known=done(first), seen=in_hubspot(first))
    assert found.values["postal_code"] == "50000"
    assert found.values["street"] == ""


def test_a_cancelling_intent_cancels_the_open_order() -> None:
    found = decide(said(intent="Cancel order", at=NOW + HOUR), known=KNOWN, seen=in_hubspot(MADE))
    assert found.values == {"stage": "s-cancelled"}


AGAIN = said(product("A"), product("B", 1, 100), at=NOW + HOUR)
CANCELLED = {MADE.reference: AGAIN.version - 1}


def test_the_same_cart_after_its_customer_cancelled_it_makes_another_order() -> None:
    assert decide(AGAIN, known=KNOWN, at=NOW + HOUR, cancelled=CANCELLED).needs_order == MADE.reference
    for seen in (in_hubspot(MADE, stage="s-cancelled"), Gone()):
        again = decide(AGAIN, known=KNOWN, seen=seen, at=NOW + HOUR, cancelled=CANCELLED)
        assert (again.makes, again.reference) == (True, AGAIN.reference)


@pytest.mark.parametrize("stage", ["s-open", "s-shipped"])
def test_the_same_cart_after_a_person_undid_the_cancel_makes_no_other(stage: str) -> None:
    again = decide(AGAIN, known=KNOWN, seen=in_hubspot(MADE, stage=stage), at=NOW + HOUR, cancelled=CANCELLED)
    assert (again.makes, again.reference) == (False, MADE.reference)


def test_the_same_cart_from_before_the_cancel_makes_no_other() -> None:
    later = {MADE.reference: AGAIN.version + 1}
    again = decide(AGAIN, known=KNOWN, at=NOW + HOUR, cancelled=later)
    assert (again.makes, again.needs_order, again.reference) == (False, "", MADE.reference)


def test_a_cancelling_intent_leaves_an_order_that_moved_on_and_says_so() -> None:
    found = decide(said(intent="Cancel order", at=NOW + HOUR), known=KNOWN, seen=in_hubspot(MADE, stage="s-shipped"))
    assert not found.writes
    assert found.why.startswith("order_moved_on")


def test_a_cart_and_its_cancellation_are_dealt_with_one_after_the_other() -> None:
    events = [said(product()), said(intent="Share address", at=NOW + 1), said(intent="Cancel", at=NOW + 2)]
    assert take_prefix(events) == events[:2]
    assert take_prefix(events[2:]) == events[2:]


def test_lines_prices_and_the_total_of_a_person_stay() -> None:
    seen = in_hubspot(MADE)
    assert seen.lines
    priced = [
        replace(line, properties={**line.properties, "price": "400"}) if line.key.endswith("A/1") else line
        for line in seen.lines
    ]
    theirs = SeenLine("l-person", "", {"name": "Gift wrap", "price": "20", "quantity": "1"})
    event = said(product("A", 3), product("B", 1, 100), at=NOW + HOUR)
    found = decide(event, known=KNOWN, seen=replace(seen, lines=(*priced, theirs)), at=NOW + HOUR)
    assert found.lines
    assert [dict(one.values) for one in found.lines.writes] == [{"count": "3"}]
    assert found.lines.gone == ()
    assert "total" not in found.values


def test_numbers_that_hubspot_writes_with_decimals_are_no_edits() -> None:
    seen = in_hubspot(MADE)
    assert seen.lines
    lines = tuple(
        replace(line, properties={**line.properties, "price": line.properties["price"] + ".0"}) for line in seen.lines
    )
    event = said(product("A", 3), product("B", 1, 100), at=NOW + HOUR)
    found = decide(event, known=KNOWN, seen=replace(seen, lines=lines), at=NOW + HOUR)
    assert "total" in found.values


def test_an_order_whose_creation_was_cut_off_is_looked_up_before_it_is_made_again() -> None:
    attempted = unpack(pack(MADE.attempt or NO_ORDERS))
    event = said(product("A"), product("B", 1, 100))
    assert decide(event, known=attempted).needs_order == MADE.reference
    again = decide(event, known=attempted, seen=Gone())
    assert (again.makes, again.reference) == (True, MADE.reference)
    there = decide(event, known=attempted, seen=in_hubspot(MADE, stage="s-processed"))
    assert (there.makes, there.links) == (False, True)


def test_an_order_that_was_begun_is_finished_wherever_it_was_moved_meanwhile() -> None:
    attempted = unpack(pack(MADE.attempt or NO_ORDERS))
    seen = replace(in_hubspot(MADE, stage="s-processed"), lines=())
    found = decide(said(product("A"), product("B", 1, 100)), known=attempted, seen=seen)
    assert (found.makes, found.links) == (False, True)
    assert "stage" not in found.values
    assert found.lines
    assert len(found.lines.writes) == 2


def test_an_order_that_was_begun_stays_so_until_its_own_event_comes_back() -> None:
    attempted = unpack(pack(MADE.attempt or NO_ORDERS))
    told = said(intent="Share contact", at=NOW + 1, contact_info={"phone": "0812345678"})
    found = decide(told, known=attempted, seen=in_hubspot(MADE, lines=False))
    assert not found.links
    assert found.after.newest
    assert found.after.newest.attempted
    assert decide(said(intent="Ask", at=NOW + 2), known=attempted).after == attempted


def test_an_order_whose_lines_were_cut_off_gets_them() -> None:
    attempted = unpack(pack(MADE.attempt or NO_ORDERS))
    seen = replace(in_hubspot(MADE), lines=())
    found = decide(said(product("A"), product("B", 1, 100)), known=attempted, seen=seen)
    assert not found.makes
    assert "stage" not in found.values
    assert found.lines
    assert len(found.lines.writes) == 2


def test_an_order_that_redis_forgot_is_adopted_and_the_same_cart_is_no_news() -> None:
    seen = in_hubspot(MADE)
    order = adopt(seen.properties, "77", DIGEST, "orders")
    assert order
    known = NO_ORDERS.with_order(order)
    event = said(product("A"), product("B", 1, 100), at=NOW + HOUR)
    assert decide(event, known=known).needs_lines == MADE.reference
    found = decide(event, known=known, seen=seen)
    assert (found.makes, bool(found.lines), found.values) == (False, False, {})
    other = decide(said(product("A", 5), at=NOW + HOUR), known=known, seen=seen)
    assert not other.makes
    assert other.lines


def test_a_deal_and_a_cart_hold_what_they_have_properties_for() -> None:
    for kind in ("deals", "carts"):
        portal = replace_portal(kind)
        values = plan([said(product())], NO_ORDERS, None, facts(portal=portal), "An order", DIGEST).values
        assert values["total"] == "900"
        assert values.keys() <= NAMES[kind].keys()


def replace_portal(kind: str) -> Any:
    stage = {} if kind == "deals" else {"pipeline": "", "first_stage": "", "stages": ()}
    return with_values(facts().portal, kind=kind, properties=frozenset(NAMES[kind].values()), **stage)


def test_what_the_portal_cannot_hold_is_left_out_but_for_what_is_essential() -> None:
    portal = with_values(facts().portal, properties=frozenset({"hs_order_name"}))
    values = plan([said(product())], NO_ORDERS, None, facts(portal=portal), "An order", DIGEST).values
    assert values.keys() == {"name", "currency", "pipeline", "stage", "total"}


def test_what_the_portal_calculates_itself_is_not_sent_though_it_is_essential() -> None:
    portal = with_values(facts().portal, properties=frozenset({"hs_order_name"}), implied=frozenset({"hs_total_price"}))
    values = plan([said(product())], NO_ORDERS, None, facts(portal=portal), "An order", DIGEST).values
    assert values.keys() == {"name", "currency", "pipeline", "stage"}


def test_only_five_orders_of_a_customer_are_kept() -> None:
    known = NO_ORDERS
    for number in range(8):
        known = known.with_order(Order(f"R{number}", (f"R{number}",)))
    assert [order.reference for order in known.orders] == ["R3", "R4", "R5", "R6", "R7"]


def test_a_cancellation_that_is_tried_later_leaves_a_newer_cart_alone() -> None:
    newer = decide(said(product("A"), at=NOW + 10))
    found = decide(said(intent="Cancel order", at=NOW), known=done(newer), seen=in_hubspot(newer))
    assert not found.writes
    assert found.why.startswith("order_superseded")


@pytest.mark.parametrize("more", [{}, {"contact_info": {"phone": "0812345678"}}], ids=["repeated", "with a phone"])
@pytest.mark.parametrize("late", [said(product("C"), at=NOW + 10), said(intent="Cancel order", at=NOW + 10)], ids=str)
def test_what_is_tried_later_leaves_a_cart_alone_that_was_said_again_since(late: Said, more: Any) -> None:
    again = said(product("A"), product("B", 1, 100), at=NOW + 20, **more)
    repeated = decide(again, known=KNOWN, seen=in_hubspot(MADE) if more else None)
    assert repeated.reference == MADE.reference
    found = decide(late, known=repeated.after, seen=in_hubspot(MADE))
    assert not found.writes
    assert found.why == "order_superseded"


def test_another_cart_never_touches_an_order_that_was_begun_and_then_moved_on() -> None:
    attempted = unpack(pack(MADE.attempt or NO_ORDERS))
    other = said(product("C"), at=NOW + HOUR)
    for changed in ({"stage": "s-processed"}, {"payment_status": "paid"}):
        found = decide(other, known=attempted, seen=in_hubspot(MADE, **changed))
        assert found.makes
        assert found.reference == other.reference


def test_details_never_touch_an_order_that_was_begun_and_then_moved_on() -> None:
    attempted = unpack(pack(MADE.attempt or NO_ORDERS))
    told = said(intent="Share", payment_method="card", at=NOW + 2)
    assert not decide(told, known=attempted, seen=in_hubspot(MADE, stage="s-shipped")).writes


def test_after_a_loss_of_redis_the_event_of_an_older_order_that_comes_again_leaves_the_newer_one_alone() -> None:
    newer = decide(said(product("B"), at=NOW + HOUR))
    known = NO_ORDERS
    for made, id in ((MADE, "77"), (newer, "78")):
        order = adopt(by_hubspots_names(made.values), id, DIGEST, "orders")
        assert order
        known = known.with_order(order)
    assert not decide(said(product("A"), product("B", 1, 100)), known=known, seen=in_hubspot(newer)).writes
