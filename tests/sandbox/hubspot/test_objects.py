"""Orders, carts, deals, line items and notes: written and read in every version of the API as contacts are."""

from collections.abc import Iterator
from typing import Any

import pytest
from hubspot import HubSpot
from hubspot.crm.objects.exceptions import ApiException

NAMES = ["v3", "2026-03", "2026-09"]
KINDS = ["orders", "carts", "deals", "line_items", "notes"]
LABELS = {
    "orders": "hs_order_name",
    "carts": "hs_cart_name",
    "deals": "dealname",
    "line_items": "name",
    "notes": "hs_note_body",
}
KEY = "our_key"
READ: dict[str, list[str]] = {"properties": [], "propertiesWithHistory": []}


def stages(stand: Any, kind: str = "orders") -> tuple[str, dict[str, str]]:
    """Id of the first pipeline, and label -> id of its stages."""
    pipeline = stand.call("GET", "v3", "pipelines", f"/{kind}").json()["results"][0]
    return pipeline["id"], {each["label"]: each["id"] for each in pipeline["stages"]}


def least(stand: Any, kind: str) -> dict[str, str]:
    """What a record of that type has to have."""
    if kind == "deals":
        pipeline, known = stages(stand, "deals")
        return {"dealname": "A", "pipeline": pipeline, "dealstage": known["Closed Won"]}
    return {"notes": {"hs_timestamp": "2026-11-28T10:00:00Z"}}.get(kind, {})


@pytest.fixture(params=KINDS)
def kind(stand: Any, request: pytest.FixtureRequest) -> str:
    stand.add_property(request.param, KEY, unique=True)
    return str(request.param)


@pytest.mark.parametrize("version", NAMES)
def test_a_record_lives_as_a_contact_does(stand: Any, kind: str, version: str) -> None:
    label, call = LABELS[kind], stand.call
    row = {"id": "k1", "idProperty": KEY, "properties": {**least(stand, kind), label: "A"}, "objectWriteTraceId": "t1"}
    [made] = call("POST", version, "objects", f"/{kind}/batch/upsert", {"inputs": [row]}).json()["results"]
    assert (made["new"], made["objectWriteTraceId"], made["properties"][label]) == (True, "t1", "A")
    again = {**row, "properties": {label: "B"}}
    [written] = call("POST", version, "objects", f"/{kind}/batch/upsert", {"inputs": [again]}).json()["results"]
    assert (written["new"], written["id"]) == (False, made["id"])
    change = {"inputs": [{"id": made["id"], "properties": {label: "C"}}]}
    assert call("POST", version, "objects", f"/{kind}/batch/update", change).status_code == 200
    wanted = {**READ, "properties": [KEY, label], "idProperty": KEY, "inputs": [{"id": "k1"}]}
    [read] = call("POST", version, "objects", f"/{kind}/batch/read", wanted).json()["results"]
    assert (read["id"], read["properties"][KEY], read["properties"][label]) == (made["id"], "k1", "C")
    assert (read["archived"], read["createdAt"] < read["updatedAt"]) == (False, True)
    assert read["properties"]["hs_object_id"] == made["id"]
    single = call("GET", version, "objects", f"/{kind}/k1?idProperty={KEY}&properties={label}").json()
    assert (single["id"], single["properties"][label]) == (made["id"], "C")
    gone = call("POST", version, "objects", f"/{kind}/batch/archive", {"inputs": [{"id": made["id"]}]})
    assert gone.status_code == 204
    assert call("GET", version, "objects", f"/{kind}/{made['id']}").status_code == 404


@pytest.mark.parametrize("version", NAMES)
def test_an_archived_record_is_read_as_such_alone(stand: Any, version: str) -> None:
    order = stand.create("orders", hs_order_name="A")
    assert stand.call("GET", version, "objects", f"/orders/{order}?archived=true").status_code == 404
    assert stand.call("DELETE", version, "objects", f"/orders/{order}").status_code == 204
    assert stand.call("DELETE", version, "objects", f"/orders/{order}").status_code == 204
    assert stand.call("GET", version, "objects", f"/orders/{order}").status_code == 404
    found = stand.call("GET", version, "objects", f"/orders/{order}?archived=true&properties=hs_order_name").json()
    assert (found["archived"], found["properties"]["hs_order_name"]) == (True, "A")
    assert found["archivedAt"] >= found["updatedAt"]
    wanted = {**READ, "inputs": [{"id": order}]}
    read = stand.call("POST", version, "objects", "/orders/batch/read?archived=true", wanted).json()
    assert [each["id"] for each in read["results"]] == [order]
    assert stand.call("POST", version, "objects", "/orders/batch/read", wanted).json()["results"] == []


def test_a_unique_value_is_free_again_once_its_record_is_archived(stand: Any) -> None:
    stand.add_property("orders", KEY, unique=True)
    first = stand.create("orders", **{KEY: "k1"})
    stand.call("DELETE", "2026-09", "objects", f"/orders/{first}")
    row = {"id": "k1", "idProperty": KEY, "properties": {"hs_order_name": "B"}}
    [made] = stand.call("POST", "2026-09", "objects", "/orders/batch/upsert", {"inputs": [row]}).json()["results"]
    assert made["new"]
    assert made["id"] != first


@pytest.mark.parametrize("word", ["orders", "order", "0-123", "ORDER"])
def test_an_object_type_has_several_names(stand: Any, word: str) -> None:
    order = stand.create("orders")
    assert stand.call("GET", "2026-09", "objects", f"/{word}/{order}").json()["id"] == order
    assert "GET /crm/objects/2026-09/orders/<value>" in stand.control("GET", "state")["calls"]
    assert stand.call("GET", "2026-09", "objects", f"/robots/{order}").status_code == 404


@pytest.mark.parametrize(
    ("method", "rest"),
    [
        ("GET", "/orders/{id}?propertys=hs_order_name"),
        ("GET", "/orders?after=0&offset=1"),
        ("GET", "/orders/{id}?associations=robots"),
        ("GET", "/orders/{id}?archived=yes"),
        ("DELETE", "/orders/{id}?archived=true"),
        ("POST", "/orders/batch/read?associations=contacts"),
        ("POST", "/orders/batch/update?dryRun=true"),
        ("POST", "/orders/search?properties=hs_order_name"),
    ],
)
def test_an_unknown_parameter_is_refused(stand: Any, method: str, rest: str) -> None:
    order = stand.create("orders")
    body = {"inputs": [{"id": order, "properties": {}}]} if method == "POST" else None
    answer = stand.call(method, "2026-09", "objects", rest.format(id=order), body)
    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")
    assert stand.inside("orders", order)


@pytest.mark.parametrize("version", NAMES)
@pytest.mark.parametrize(
    ("way", "row"),
    [
        ("upsert", {"id": "k", "idProperty": KEY, "properties": {}, "associations": []}),
        ("upsert", {"id": "k", "properties": {}}),
        ("upsert", {"id": "k", "idProperty": "hs_order_name", "properties": {}}),
        ("update", {"id": "404", "properties": {}, "associations": []}),
        ("create", {"properties": {}, "id": "1"}),
        ("create", {"properties": {"hs_total_price": 5}}),
        ("create", {"properties": {"hs_total_price": None}}),
        ("read", {"id": "1", "properties": {}}),
    ],
)
def test_a_row_of_another_shape_is_refused(stand: Any, version: str, way: str, row: dict[str, Any]) -> None:
    stand.add_property("orders", KEY, unique=True)
    body = {"inputs": [row], **(READ if way == "read" else {})}
    answer = stand.call("POST", version, "objects", f"/orders/batch/{way}", body)
    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")
    assert stand.control("GET", "state")["orders"] == []


@pytest.mark.parametrize(("version", "status"), [("v3", 207), ("2026-03", 207), ("2026-09", 201)])
def test_of_traced_rows_the_good_ones_are_written(stand: Any, version: str, status: int) -> None:
    rows = [
        {"properties": {"hs_order_name": "A"}, "objectWriteTraceId": "good"},
        {"properties": {"hs_total_price": "dear"}, "objectWriteTraceId": "bad"},
    ]
    answer = stand.call("POST", version, "objects", "/orders/batch/create", {"inputs": rows})
    told = answer.json()
    assert (answer.status_code, told["numErrors"], len(told["results"])) == (status, 1, 1)
    assert told["errors"][0]["context"] == {"objectWriteTraceId": ["bad"]}
    assert "INVALID_INTEGER" in told["errors"][0]["message"]
    untraced = [{"properties": each["properties"]} for each in rows]
    assert stand.call("POST", version, "objects", "/orders/batch/create", {"inputs": untraced}).status_code == 400
    assert len(stand.control("GET", "state")["orders"]) == 1


def test_a_batch_holds_a_hundred_rows(stand: Any) -> None:
    for count, status in ((100, 201), (101, 400)):
        rows = [{"properties": {"name": "A"}} for _ in range(count)]
        assert (
            stand.call("POST", "2026-09", "objects", "/line_items/batch/create", {"inputs": rows}).status_code == status
        )
    assert len(stand.control("GET", "state")["line_items"]) == 100


@pytest.mark.parametrize("lacking", ["dealname", "dealstage", "pipeline"])
def test_a_deal_needs_a_name_a_stage_and_a_pipeline(stand: Any, lacking: str) -> None:
    given = {name: value for name, value in least(stand, "deals").items() if name != lacking}
    answer = stand.call("POST", "2026-09", "objects", "/deals", {"properties": given})
    assert (answer.status_code, answer.json()["context"]) == (400, {"properties": [lacking]})
    assert "DEAL" in answer.json()["message"]


def test_a_note_needs_a_time_and_holds_65536_characters(stand: Any) -> None:
    def make(**properties: str) -> Any:
        return stand.call("POST", "2026-09", "objects", "/notes", {"properties": properties})

    assert make(hs_note_body="A").json()["context"] == {"properties": ["hs_timestamp"]}
    moment = "2026-11-28T17:00:00+07:00"
    assert make(hs_timestamp=moment, hs_note_body="ก" * 65_536).status_code == 201
    refused = make(hs_timestamp=moment, hs_note_body="ก" * 65_537)
    assert (refused.status_code, "VALUE_TOO_LONG" in refused.json()["message"]) == (400, True)


def test_an_order_needs_nothing_and_begins_in_the_first_stage(stand: Any) -> None:
    pipeline, known = stages(stand)
    properties = stand.inside("orders", stand.create("orders"))["properties"]
    assert (properties["hs_pipeline"], properties["hs_pipeline_stage"]) == (pipeline, known["Open"])


@pytest.mark.parametrize("kind", ["orders", "carts", "line_items"])
def test_a_record_without_a_currency_has_the_companys(stand: Any, kind: str) -> None:
    name = "hs_line_item_currency_code" if kind == "line_items" else "hs_currency_code"
    assert stand.inside(kind, stand.create(kind))["properties"][name] == "THB"
    stand.settings(company_currency="USD")
    assert stand.inside(kind, stand.create(kind))["properties"][name] == "USD"


def refusal(answer: Any) -> tuple[str, str]:
    """Property and code of the one value that was refused."""
    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")
    [error] = answer.json()["errors"]
    [name] = error["context"]["propertyName"]
    return name, error["code"]


@pytest.mark.parametrize(
    ("settings", "code", "good"),
    [
        ({}, "THB", True),
        ({}, "USD", False),
        ({"company_currency": "USD"}, "THB", False),
        ({"company_currency": "USD", "additional_currencies": ["THB"]}, "THB", True),
        ({}, "thb", False),
    ],
)
def test_a_currency_that_the_portal_has_not_is_refused(
    stand: Any, settings: dict[str, Any], code: str, good: bool
) -> None:
    stand.settings(**settings)
    answer = stand.call("POST", "2026-09", "objects", "/orders", {"properties": {"hs_currency_code": code}})
    assert answer.status_code == 201 if good else refusal(answer) == ("hs_currency_code", "INVALID_OPTION")
    listed = stand.call("GET", "2026-09", "properties", "/orders/hs_currency_code").json()["options"]
    assert (code in [each["value"] for each in listed]) == good


@pytest.mark.parametrize("name", ["hs_pipeline", "hs_pipeline_stage", "hubspot_owner_id"])
def test_a_pipeline_stage_or_owner_of_nobodys_is_refused(stand: Any, name: str) -> None:
    answer = stand.call("POST", "2026-09", "objects", "/orders", {"properties": {name: "Open"}})
    assert refusal(answer) == (name, "INVALID_OPTION")


def test_an_owner_owns_contacts_and_orders(stand: Any) -> None:
    [owner, _] = stand.call("GET", "2026-09", "owners").json()["results"]
    assert stand.call("GET", "2026-09", "owners", f"/{owner['id']}").json() == owner
    assert stand.call("GET", "2026-09", "owners", "/1").status_code == 404
    for kind in ("orders", "contacts"):
        record = stand.create(
            kind, hubspot_owner_id=owner["id"], **({"email": "a@example.com"} if kind[0] == "c" else {})
        )
        assert stand.inside(kind, record)["properties"]["hubspot_owner_id"] == owner["id"]


def test_a_stage_belongs_to_its_pipeline(stand: Any) -> None:
    stand.settings(pipelines={"orders": {"Shop": ["New", "Sent"], "Market": ["New", "Collected"]}})
    shop, market = stand.call("GET", "2026-09", "pipelines", "/orders").json()["results"]
    made = stand.inside("orders", stand.create("orders", hs_pipeline_stage=market["stages"][1]["id"]))["properties"]
    assert made["hs_pipeline"] == market["id"]
    named = stand.inside("orders", stand.create("orders", hs_pipeline=market["id"]))["properties"]
    assert named["hs_pipeline_stage"] == market["stages"][0]["id"]
    both = {"hs_pipeline": shop["id"], "hs_pipeline_stage": market["stages"][1]["id"]}
    assert refusal(stand.call("POST", "2026-09", "objects", "/orders", {"properties": both}))[0] == "hs_pipeline_stage"
    order = stand.create("orders")
    stray = {"properties": {"hs_pipeline_stage": market["stages"][0]["id"]}}
    assert refusal(stand.call("PATCH", "2026-09", "objects", f"/orders/{order}", stray))[0] == "hs_pipeline_stage"


def test_ids_of_pipelines_and_stages_are_the_portals_own(stand: Any) -> None:
    first = stages(stand)
    stand.settings(portal_id=7)
    second = stages(stand)
    assert first[0] != second[0]
    assert set(first[1].values()).isdisjoint(second[1].values())


def test_an_external_id_of_a_line_item_is_echoed_and_gone(stand: Any) -> None:
    given = {"name": "A", "hs_external_id": "42"}
    single = stand.call("POST", "2026-09", "objects", "/line_items", {"properties": given}).json()
    assert single["properties"]["hs_external_id"] == "42"
    rows = {"inputs": [{"id": single["id"], "properties": {"hs_external_id": "43"}}]}
    [written] = stand.call("POST", "2026-09", "objects", "/line_items/batch/update", rows).json()["results"]
    assert written["properties"]["hs_external_id"] == "43"
    wanted = {**READ, "properties": ["name", "hs_external_id"], "inputs": [{"id": single["id"]}]}
    [read] = stand.call("POST", "2026-09", "objects", "/line_items/batch/read", wanted).json()["results"]
    assert (read["properties"]["name"], read["properties"]["hs_external_id"]) == ("A", None)


@pytest.mark.parametrize(
    ("given", "amount"),
    [
        ({"price": "100", "quantity": "3"}, "300"),
        ({"price": "19.99", "quantity": "2"}, "39.98"),
        ({"price": "100"}, "100"),
        ({"price": "100", "quantity": "3", "discount": "10"}, "270"),
        ({"price": "100", "quantity": "2", "hs_discount_percentage": "25"}, "150"),
        ({"quantity": "3"}, None),
    ],
)
def test_the_amount_of_a_line_item_is_calculated(stand: Any, given: dict[str, str], amount: str | None) -> None:
    found = stand.inside("line_items", stand.create("line_items", **given))["properties"]
    assert (None if amount is None else float(found["amount"])) == (None if amount is None else float(amount))
    answer = stand.call("POST", "2026-09", "objects", "/line_items", {"properties": {"amount": "1"}})
    assert refusal(answer) == ("amount", "READ_ONLY_VALUE")


@pytest.mark.parametrize("name", ["hs_object_id", "hs_createdate", "hs_lastmodifieddate"])
def test_what_hubspot_writes_itself_is_read_only(stand: Any, name: str) -> None:
    assert (
        refusal(stand.call("POST", "2026-09", "objects", "/orders", {"properties": {name: "1"}}))[1]
        == "READ_ONLY_VALUE"
    )


def test_a_portal_may_lock_properties_and_make_them_unique(stand: Any) -> None:
    stand.settings(read_only={"orders": ["hs_total_price"]}, unique={"orders": ["hs_external_order_id"]})
    known = {each["name"]: each for each in stand.call("GET", "2026-09", "properties", "/orders").json()["results"]}
    assert known["hs_total_price"]["modificationMetadata"]["readOnlyValue"]
    assert known["hs_external_order_id"]["hasUniqueValue"]
    locked = stand.call("POST", "2026-09", "objects", "/orders", {"properties": {"hs_total_price": "1"}})
    assert refusal(locked) == ("hs_total_price", "READ_ONLY_VALUE")
    order = stand.create("orders", hs_external_order_id="R1")
    path = "/orders/R1?idProperty=hs_external_order_id"
    assert stand.call("GET", "2026-09", "objects", path).json()["id"] == order
    stand.settings(read_only={}, unique={})
    assert stand.create("orders", hs_total_price="1", hs_external_order_id="R1")
    assert stand.call("GET", "2026-09", "objects", path).status_code == 400


@pytest.mark.parametrize(
    ("conflict", "status", "told"),
    [
        ("default", 409, "Order already exists. Existing ID: {id}"),
        ("no_id", 409, "Order already exists."),
        ("coordinates", 400, "propertyName=our_key, value=k1"),
    ],
)
def test_a_taken_unique_value_is_told_as_with_contacts(stand: Any, conflict: str, status: int, told: str) -> None:
    stand.add_property("orders", KEY, unique=True)
    order = stand.create("orders", **{KEY: "k1"})
    stand.settings(conflict=conflict)
    answer = stand.call("POST", "2026-09", "objects", "/orders", {"properties": {KEY: "k1"}})
    assert (answer.status_code, told.format(id=order) in answer.json()["message"]) == (status, True)


def test_history_tells_when_a_value_came_and_who_wrote_it(stand: Any) -> None:
    _, known = stages(stand)
    made = stand.call("POST", "2026-09", "objects", "/orders", {"properties": {"hs_order_name": "A"}}).json()
    stand.control("PATCH", f"orders/{made['id']}", {"properties": {"hs_pipeline_stage": known["Shipped"]}})
    wanted = {"properties": [], "propertiesWithHistory": ["hs_pipeline_stage", "hs_order_name"]}
    body = {**wanted, "inputs": [{"id": made["id"]}]}
    [read] = stand.call("POST", "2026-09", "objects", "/orders/batch/read", body).json()["results"]
    newest, oldest = read["propertiesWithHistory"]["hs_pipeline_stage"]
    assert (newest["value"], newest["sourceType"], newest["sourceId"]) == (known["Shipped"], "CRM_UI", "userId:1001")
    assert (oldest["value"], oldest["sourceType"], oldest["sourceId"]) == (known["Open"], "INTEGRATION", "2002")
    assert (newest["updatedByUserId"], "updatedByUserId" in oldest) == (1001, False)
    assert oldest["timestamp"] < newest["timestamp"] == read["updatedAt"]
    assert read["properties"]["hs_pipeline_stage"] == known["Shipped"]
    assert read["properties"]["hs_lastmodifieddate"] == read["updatedAt"]
    path = f"/orders/{made['id']}?propertiesWithHistory=hs_order_name"
    single = stand.call("GET", "2026-09", "objects", path).json()
    assert [each["value"] for each in single["propertiesWithHistory"]["hs_order_name"]] == ["A"]


def test_a_write_that_changes_nothing_is_no_history_and_no_change(stand: Any) -> None:
    order = stand.create("orders", hs_order_name="A")
    before = stand.inside("orders", order)
    stand.call("PATCH", "2026-09", "objects", f"/orders/{order}", {"properties": {"hs_order_name": "A"}})
    after = stand.inside("orders", order)
    assert (after["updated"], after["history"]) == (before["updated"], before["history"])


@pytest.mark.parametrize("version", NAMES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_object_type_has_properties_of_its_own(stand: Any, kind: str, version: str) -> None:
    before = {each["name"] for each in stand.call("GET", version, "properties", "/contacts").json()["results"]}
    made = stand.call("POST", version, "properties", f"/{kind}/groups", {"name": "ours", "label": "Ours"})
    plain = {"label": "One", "type": "string", "fieldType": "text", "groupName": "ours", "hasUniqueValue": True}
    given = {"inputs": [{**plain, "name": "ours"}]}
    batch = stand.call("POST", version, "properties", f"/{kind}/batch/create", given)
    assert (made.status_code, batch.status_code) == (201, 201)
    again = stand.call("POST", version, "properties", f"/{kind}", given["inputs"][0])
    assert (again.status_code, again.json()["category"]) == (409, "OBJECT_ALREADY_EXISTS")
    assert stand.call("GET", version, "properties", f"/{kind}/ours").json()["hasUniqueValue"]
    after = {each["name"] for each in stand.call("GET", version, "properties", "/contacts").json()["results"]}
    assert after == before


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (
            "orders",
            "hs_order_name hs_currency_code hs_total_price hs_subtotal_price hs_shipping_cost hs_external_order_id "
            "hs_external_order_status hs_external_created_date hs_source_store hs_fulfillment_status hs_payment_status "
            "hs_payment_processing_method hs_shipping_address_name hs_shipping_address_street hs_shipping_address_city "
            "hs_shipping_address_state hs_shipping_address_postal_code hs_shipping_address_country hs_pipeline "
            "hs_shipping_address_phone hs_pipeline_stage hs_shipping_tracking_number hs_shipping_status_url",
        ),
        ("carts", "hs_cart_name hs_currency_code hs_total_price hs_shipping_cost hs_external_cart_id hs_source_store"),
        ("deals", "dealname amount deal_currency_code dealstage pipeline closedate description"),
        ("line_items", "name price quantity hs_sku discount hs_external_id hs_line_item_currency_code"),
        ("notes", "hs_timestamp hs_note_body"),
    ],
)
def test_an_object_type_has_hubspots_own_properties(stand: Any, kind: str, names: str) -> None:
    listed = stand.call("GET", "2026-09", "properties", f"/{kind}").json()["results"]
    known = {each["name"]: each for each in listed}
    assert not set(names.split()) - known.keys()
    for name in (*names.split(), "hubspot_owner_id"):
        assert known[name]["hubspotDefined"]
        assert not known[name]["modificationMetadata"]["readOnlyValue"]


@pytest.mark.parametrize("status", [400, 403, 404])
def test_records_of_a_type_that_is_not_activated_are_refused(stand: Any, status: int) -> None:
    stand.settings(enabled=["0-1", "0-3"], disabled_status=status)
    for rest in ("/orders/batch/create", "/orders/search"):
        body = {"inputs": [{"properties": {}}]} if rest.endswith("create") else {}
        answer = stand.call("POST", "2026-09", "objects", rest, body)
        assert (answer.status_code, "0-123" in answer.json()["message"]) == (status, True)
    pair = {"inputs": [{"from": {"id": "1"}, "to": {"id": "2"}}]}
    linked = stand.call("POST", "2026-09", "associations", "/orders/contacts/batch/associate/default", pair)
    assert linked.status_code == status
    assert stand.call("GET", "2026-09", "objects", "/deals").status_code == 200
    for type_id, enabled in (("0-123", False), ("0-3", True)):
        told = stand.call("GET", "2026-09", "object-library", f"/enablement/{type_id}").json()
        assert told == {"enablement": enabled}


def test_the_admins_required_properties_hold_for_orders_in_2026_09(stand: Any) -> None:
    stand.settings(required=[{"object": "orders", "property": "hs_source_store"}])
    found = {
        version: stand.call("POST", version, "objects", "/orders", {"properties": {}}).status_code for version in NAMES
    }
    assert found == {"v3": 201, "2026-03": 201, "2026-09": 400}
    assert stand.call("POST", "2026-09", "objects", "/carts", {"properties": {}}).status_code == 201


@pytest.fixture
def client(stand: Any) -> Iterator[Any]:
    """HubSpot's own client, whose models refuse an answer that lacks a required field."""
    client = HubSpot(access_token="t", host=stand.url)
    yield client
    client.crm.objects.batch_api.api_client.rest_client.pool_manager.clear()


def test_hubspots_own_client_writes_and_reads_records(stand: Any, client: Any) -> None:
    stand.add_property("orders", KEY, unique=True)
    api, basic = client.crm.objects.batch_api, client.crm.objects.basic_api
    row = {"id": "k1", "idProperty": KEY, "properties": {"hs_order_name": "A"}}
    [made] = api.upsert("orders", {"inputs": [row]}).results
    body = {"inputs": [{"id": "k1"}], "idProperty": KEY, "properties": [], "propertiesWithHistory": ["hs_order_name"]}
    [read] = api.read("orders", body).results
    assert (made.new, read.id) == (True, made.id)
    assert read.properties_with_history["hs_order_name"][0].source_type == "INTEGRATION"
    spec = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 514}]
    line = {"properties": {"name": "B"}, "associations": [{"to": {"id": made.id}, "types": spec}]}
    [item] = api.create("line_items", {"inputs": [line]}).results
    found = basic.get_by_id("orders", made.id, associations=["line_items", "contacts"])
    assert [each.id for each in found.associations["line items"].results] == [item.id]
    basic.archive("orders", made.id)
    assert basic.get_by_id("orders", made.id, archived=True).archived_at
    with pytest.raises(ApiException):
        basic.get_by_id("orders", made.id)
