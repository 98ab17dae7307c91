"""Which records are associated with which, by which types, and what a merge and a deletion mean for it."""

from typing import Any

import pytest

NAMES = ["v3", "2026-03", "2026-09"]
NOTE = {"hs_timestamp": "2026-11-28T10:00:00Z"}
# Source: HubSpot's Python client, and its list of association types.
TYPES = {
    ("orders", "contacts"): 507,
    ("contacts", "orders"): 508,
    ("orders", "line_items"): 513,
    ("line_items", "orders"): 514,
    ("orders", "deals"): 512,
    ("carts", "contacts"): 586,
    ("carts", "line_items"): 590,
    ("deals", "contacts"): 3,
    ("deals", "line_items"): 19,
    ("line_items", "deals"): 20,
    ("notes", "contacts"): 202,
    ("notes", "deals"): 214,
}


def make(stand: Any, kind: str) -> str:
    """The id of a new record."""
    more: dict[str, str] = {"contacts": {"firstname": "A"}, "notes": NOTE}.get(kind, {})
    if kind == "deals":
        [pipeline] = stand.call("GET", "v3", "pipelines", "/deals").json()["results"]
        more = {"dealname": "A", "pipeline": pipeline["id"], "dealstage": pipeline["stages"][0]["id"]}
    return str(stand.create(kind, **more))


def link(stand: Any, origin: str, target: str, *pairs: tuple[str, str], version: str = "2026-09") -> Any:
    body = {"inputs": [{"from": {"id": start}, "to": {"id": end}} for start, end in pairs]}
    return stand.call("POST", version, "associations", f"/{origin}/{target}/batch/associate/default", body)


def linked(stand: Any, origin: str, record: str, target: str) -> list[str]:
    """The ids of the records that this one is associated with."""
    body = {"inputs": [{"id": record}]}
    told = stand.call("POST", "2026-09", "associations", f"/{origin}/{target}/batch/read", body).json()
    return [each["toObjectId"] for result in told["results"] for each in result["to"]]


@pytest.mark.parametrize(("pair", "expected"), list(TYPES.items()), ids=lambda value: str(value))
def test_every_pair_has_hubspots_own_type(stand: Any, pair: tuple[str, str], expected: int) -> None:
    origin, target = pair
    [told] = link(stand, origin, target, (make(stand, origin), make(stand, target))).json()["results"]
    assert told["associationSpec"] == {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": expected}
    for version in NAMES:
        [known] = stand.call("GET", version, "associations", f"/{origin}/{target}/labels").json()["results"]
        assert known == {"category": "HUBSPOT_DEFINED", "typeId": expected, "label": None}


def test_the_type_of_a_note_and_an_order_is_read_from_the_portal(stand: Any) -> None:
    note, order = make(stand, "notes"), make(stand, "orders")
    [known] = stand.call("GET", "2026-09", "associations", "/notes/orders/labels").json()["results"]
    spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": known["typeId"]}
    typed = {"inputs": [{"from": {"id": note}, "to": {"id": order}, "types": [spec]}]}
    assert stand.call("POST", "2026-09", "associations", "/notes/orders/batch/create", typed).status_code == 201
    assert linked(stand, "orders", order, "notes") == [note]


@pytest.mark.parametrize("version", NAMES)
def test_a_creation_may_bring_its_associations(stand: Any, version: str) -> None:
    contact = make(stand, "contacts")
    spec = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 507}]
    row = {"properties": {}, "associations": [{"to": {"id": contact}, "types": spec}]}
    [order] = stand.call("POST", version, "objects", "/orders/batch/create", {"inputs": [row]}).json()["results"]
    assert linked(stand, "contacts", contact, "orders") == [order["id"]]
    single = stand.call("POST", version, "objects", "/orders", row).json()
    assert linked(stand, "orders", single["id"], "contacts") == [contact]


@pytest.mark.parametrize(
    "wrong",
    [
        {"to": {"id": "404"}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 507}]},
        {"to": {"id": "{contact}"}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}]},
        {"to": {"id": "{contact}"}, "types": []},
        {"to": {"id": "{contact}"}, "types": [{"associationTypeId": 507}]},
        {"to": "{contact}", "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 507}]},
    ],
)
def test_a_creation_with_a_wrong_association_creates_nothing(stand: Any, wrong: dict[str, Any]) -> None:
    contact = make(stand, "contacts")
    given = {**wrong, "to": {"id": contact}} if wrong["to"] == {"id": "{contact}"} else wrong
    answer = stand.call("POST", "2026-09", "objects", "/orders", {"properties": {}, "associations": [given]})
    assert answer.status_code == 400
    assert stand.control("GET", "state")["orders"] == []


def test_a_line_item_has_one_parent(stand: Any) -> None:
    orders, line = [make(stand, "orders") for _ in range(2)], make(stand, "line_items")
    assert link(stand, "orders", "line_items", (orders[0], line), (orders[0], line)).json()["results"]
    for origin, other in (("orders", orders[1]), ("carts", make(stand, "carts")), ("deals", make(stand, "deals"))):
        told = link(stand, origin, "line_items", (other, line)).json()
        assert (told["results"], told["numErrors"]) == ([], 1)
        assert told["errors"][0]["context"] == {"ids": [line]}
    assert linked(stand, "line_items", line, "orders") == [orders[0]]
    ends = {"inputs": [{"from": {"id": line}, "to": [{"id": orders[0]}]}]}
    stand.call("POST", "2026-09", "associations", "/line_items/orders/batch/archive", ends)
    assert link(stand, "line_items", "orders", (line, orders[1])).json()["results"]


def test_two_new_orders_do_not_share_a_line_item(stand: Any) -> None:
    line = make(stand, "line_items")
    spec = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 513}]
    ends = [{"to": {"id": line}, "types": spec}]
    rows = [{"properties": {}, "associations": ends, "objectWriteTraceId": str(at)} for at in range(2)]
    told = stand.call("POST", "2026-09", "objects", "/orders/batch/create", {"inputs": rows}).json()
    assert (len(told["results"]), told["errors"][0]["context"]["objectWriteTraceId"]) == (1, ["1"])


def test_orders_follow_a_merge_and_old_ids_lead_to_the_new_contact(stand: Any) -> None:
    contacts, order = [make(stand, "contacts") for _ in range(2)], make(stand, "orders")
    link(stand, "orders", "contacts", (order, contacts[1]))
    new = stand.control("POST", "merges", {"primary": contacts[0], "other": contacts[1]})["id"]
    assert linked(stand, "orders", order, "contacts") == [new]
    assert linked(stand, "contacts", contacts[1], "orders") == [order]
    other = make(stand, "orders")
    assert link(stand, "orders", "contacts", (other, contacts[0])).json()["results"]
    assert linked(stand, "orders", other, "contacts") == [new]
    stand.settings(merged_writes="refused")
    assert link(stand, "orders", "contacts", (other, contacts[0])).json()["errors"][0]["context"]["ids"] == [
        contacts[0]
    ]


def test_orders_follow_a_merge_of_former_years(stand: Any) -> None:
    contacts, order = [make(stand, "contacts") for _ in range(2)], make(stand, "orders")
    link(stand, "orders", "contacts", (order, contacts[1]))
    body = {"primaryObjectId": contacts[0], "objectIdToMerge": contacts[1]}
    stand.call("POST", "v3", "objects", "/contacts/merge", body)
    assert linked(stand, "orders", order, "contacts") == [contacts[0]]


@pytest.mark.parametrize("way", ["archive", "erase"])
def test_a_deleted_contact_leaves_its_orders(stand: Any, way: str) -> None:
    contact, order, line = make(stand, "contacts"), make(stand, "orders"), make(stand, "line_items")
    link(stand, "orders", "contacts", (order, contact))
    link(stand, "orders", "line_items", (order, line))
    if way == "erase":
        stand.call("POST", "2026-09", "objects", "/contacts/gdpr-delete", {"objectId": contact})
    else:
        stand.call("DELETE", "2026-09", "objects", f"/contacts/{contact}")
    assert stand.inside("orders", order)["associations"] == {"line_items": [line]}
    assert link(stand, "orders", "contacts", (order, contact)).json()["errors"][0]["context"] == {"ids": [contact]}
    archived = stand.call("GET", "2026-09", "objects", f"/contacts/{contact}?archived=true")
    assert archived.status_code == (404 if way == "erase" else 200)


def test_a_deleted_order_leaves_its_lines_without_a_parent(stand: Any) -> None:
    orders, line = [make(stand, "orders") for _ in range(2)], make(stand, "line_items")
    link(stand, "orders", "line_items", (orders[0], line))
    stand.call("DELETE", "2026-09", "objects", f"/orders/{orders[0]}")
    assert link(stand, "orders", "line_items", (orders[1], line)).json()["results"]


def test_many_associations_are_read_in_pages(stand: Any) -> None:
    contact, orders = make(stand, "contacts"), [make(stand, "orders") for _ in range(501)]
    for at in range(0, 501, 100):
        link(stand, "orders", "contacts", *((order, contact) for order in orders[at : at + 100]))
    first = {"inputs": [{"id": contact}]}
    path = "/contacts/orders/batch/read"
    [page] = stand.call("POST", "2026-09", "associations", path, first).json()["results"]
    after = page["paging"]["next"]["after"]
    second = {"inputs": [{"id": contact, "after": after}]}
    [rest] = stand.call("POST", "2026-09", "associations", path, second).json()["results"]
    assert [each["toObjectId"] for each in (*page["to"], *rest["to"])] == orders
    assert "paging" not in rest


def test_a_thousand_records_can_be_asked_and_two_thousand_linked(stand: Any) -> None:
    for count, status in ((1000, 200), (1001, 400)):
        body = {"inputs": [{"id": str(each)} for each in range(count)]}
        assert stand.call("POST", "2026-09", "associations", "/orders/contacts/batch/read", body).status_code == status
    for count, status in ((2000, 200), (2001, 400)):
        assert link(stand, "orders", "contacts", *[("1", "2")] * count).status_code == status


@pytest.mark.parametrize("rest", ["/robots/contacts/labels", "/orders/robots/labels"])
def test_an_unknown_object_type_has_no_associations(stand: Any, rest: str) -> None:
    assert stand.call("GET", "2026-09", "associations", rest).status_code == 404


def test_an_unknown_parameter_is_refused(stand: Any) -> None:
    assert stand.call("GET", "2026-09", "associations", "/orders/contacts/labels?limit=1").status_code == 400


@pytest.mark.parametrize(("kind", "category"), [("row_locked", "LOCKED"), ("row_limited", "RATE_LIMITS")])
def test_a_fault_strikes_one_association_of_a_batch(stand: Any, kind: str, category: str) -> None:
    orders, contact = [make(stand, "orders") for _ in range(2)], make(stand, "contacts")
    stand.fault(kind, ids=[orders[1]])
    told = link(stand, "orders", "contacts", *((order, contact) for order in orders)).json()
    assert [each["from"]["id"] for each in told["results"]] == [orders[0]]
    assert told["errors"][0]["category"] == category
    assert linked(stand, "contacts", contact, "orders") == [orders[0]]


@pytest.mark.parametrize("kind", ["lost_answer", "missing_rows", "untraced"])
def test_a_fault_of_the_answer_leaves_the_associations_made(stand: Any, kind: str) -> None:
    order, contact = make(stand, "orders"), make(stand, "contacts")
    stand.fault(kind, path="/associate/default", count=1)
    try:
        told = link(stand, "orders", "contacts", (order, contact)).json()["results"]
    except OSError:
        told = []
    assert len(told) == (1 if kind == "untraced" else 0)
    assert linked(stand, "orders", order, "contacts") == [contact]


@pytest.mark.parametrize("end", [0, 1])
def test_a_fault_strikes_only_the_batch_that_names_a_record(stand: Any, end: int) -> None:
    pairs = [(make(stand, "orders"), make(stand, "contacts")) for _ in range(2)]
    stand.fault("503", ids=[pairs[1][end]])
    found = [link(stand, "orders", "contacts", pair).status_code for pair in pairs]
    assert found == [200, 503]
    ends = {"inputs": [{"from": {"id": pairs[1][0]}, "to": [{"id": pairs[1][1]}]}]}
    archived = stand.call("POST", "2026-09", "associations", "/orders/contacts/batch/archive", ends)
    assert archived.status_code == 503
