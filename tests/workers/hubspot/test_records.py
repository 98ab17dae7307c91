"""Records of any kind, in front of a server that checks each body against the models of HubSpot's own client."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import pytest

from leadcore.machine import Machine
from leadcore.settings import HUBSPOT_VERSIONS
from sandbox.hubspot.shapes import decode
from tests.workers.hubspot.conftest import serving
from workers.flow.errors import LineDown
from workers.hubspot.budget import NoBudget
from workers.hubspot.client import HubSpot
from workers.hubspot.records import Records
from workers.hubspot.versions import with_version
from workers.rules.outcomes import ContactMissing, ContactWrite, Refused, RetryLater, WriteOutcome, Written

Reply: TypeAlias = Callable[[str, dict[str, Any]], tuple[int, Any]]
MODELS = {
    "upsert": ("objects", "BatchInputSimplePublicObjectBatchInputUpsert"),
    "update": ("objects", "BatchInputSimplePublicObjectBatchInput"),
    "create": ("objects", "BatchInputSimplePublicObjectBatchInputForCreate"),
    "read": ("objects", "BatchReadInputSimplePublicObjectId"),
    "archive": ("objects", "BatchInputSimplePublicObjectId"),
    "search": ("objects", "PublicObjectSearchRequest"),
    "linked": ("associations.v4", "BatchInputPublicFetchAssociationsBatchRequest"),
    "default": ("associations.v4", "BatchInputPublicDefaultAssociationMultiPost"),
}
MISSING = {"status": "error", "category": "OBJECT_NOT_FOUND", "message": "resource not found"}
EMPTY = {"status": "COMPLETE", "results": []}


@contextmanager
def portal(reply: Reply, *, version: str = HUBSPOT_VERSIONS[0], dry_run: bool = False) -> Iterator[tuple[Records, Any]]:
    bodies: list[dict[str, Any]] = []

    def checked(line: str, body: dict[str, Any]) -> tuple[int, Any]:
        bodies.append(body)
        last = line.rpartition("/")[2]
        if line.startswith("POST"):
            package, model = MODELS["linked" if "associations" in line and last == "read" else last]
            decode(model, json.dumps(body).encode(), package)
        return reply(line.removeprefix("POST /proxy"), body)

    with serving(checked) as (url, asked):
        hubspot = HubSpot("token", url, NoBudget(Machine()), version=version, dry_run=dry_run)
        yield Records(hubspot), (asked, bodies)
        hubspot._pool.clear()


def rows(count: int, **properties: str) -> list[ContactWrite]:
    return [ContactWrite(f"t{n}", f"k{n}", {"hs_order_name": f"n{n}", **properties}) for n in range(count)]


def written(body: dict[str, Any]) -> tuple[int, Any]:
    results = [{"id": f"9{one['id'][1:]}", "objectWriteTraceId": one["objectWriteTraceId"]} for one in body["inputs"]]
    return 200, {"status": "COMPLETE", "results": [{**one, "new": True} for one in results]}


def invalid(name: str, code: str = "INVALID_OPTION", *, trace: str = "") -> dict[str, Any]:
    about = f'Property values were not valid: [{{"isValid":false,"message":"no","error":"{code}","name":"{name}"}}]'
    context = {"context": {"objectWriteTraceId": [trace]}} if trace else {}
    return {"status": "error", "category": "VALIDATION_ERROR", "message": about, **context}


@pytest.mark.parametrize("version", HUBSPOT_VERSIONS)
@pytest.mark.parametrize("kind", ["orders", "carts", "deals", "line_items"])
def test_any_number_of_rows_is_written_by_the_key_a_hundred_a_call(kind: str, version: str) -> None:
    found: dict[str, WriteOutcome] = {}
    with portal(lambda line, body: written(body), version=version) as (records, (asked, bodies)):
        records.upsert(kind, "dealdroid_order_id", rows(201), found)
    path = with_version(f"/crm/v3/objects/{kind}/batch/upsert", version)
    assert asked == [f"POST /proxy{path}"] * 3
    assert [len(body["inputs"]) for body in bodies] == [100, 100, 1]
    assert bodies[2]["inputs"] == [
        {
            "id": "k200",
            "idProperty": "dealdroid_order_id",
            "objectWriteTraceId": "t200",
            "properties": {"hs_order_name": "n200", "dealdroid_order_id": "k200"},
        }
    ]
    assert found == {f"t{n}": Written(f"9{n}", True) for n in range(201)}


def test_an_update_goes_by_record_id() -> None:
    found: dict[str, WriteOutcome] = {}
    with portal(lambda line, body: written(body)) as (records, (asked, bodies)):
        records.update("orders", rows(1), found)
    assert asked == ["POST /proxy/crm/objects/2026-09/orders/batch/update"]
    assert "idProperty" not in bodies[0]["inputs"][0]
    assert found == {"t0": Written("90", True)}


def test_what_is_known_of_a_batch_is_kept_when_the_next_call_fails() -> None:
    found: dict[str, WriteOutcome] = {}

    def reply(line: str, body: dict[str, Any]) -> tuple[int, Any]:
        return written(body) if len(body["inputs"]) == 100 else (503, {"status": "error"})

    with portal(reply) as (records, _), pytest.raises(LineDown, match="503"):
        records.upsert("orders", "dealdroid_order_id", rows(101), found)
    assert len(found) == 100


@pytest.mark.parametrize("traced", [True, False])
def test_a_value_that_may_be_left_out_is_refused_with_its_row_and_the_others_are_written(*, traced: bool) -> None:
    def reply(line: str, body: dict[str, Any]) -> tuple[int, Any]:
        if any(one["id"] == "k7" for one in body["inputs"]):
            return 400, invalid("hs_shipping_address_phone", "INVALID_PHONE_NUMBER", trace="t7" if traced else "")
        return written(body)

    found: dict[str, WriteOutcome] = {}
    with portal(reply) as (records, _):
        records.upsert("orders", "dealdroid_order_id", rows(20, hs_shipping_address_phone="1"), found)
    refused = found.pop("t7")
    assert isinstance(refused, Refused)
    assert set(refused.fields) == {"hs_shipping_address_phone"}
    assert len(found) == 19
    assert all(isinstance(one, Written) for one in found.values())


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("hs_currency_code", "order_currency"),
        ("deal_currency_code", "order_currency"),
        ("hs_line_item_currency_code", "order_currency"),
        ("hs_pipeline", "order_pipeline"),
        ("pipeline", "order_pipeline"),
        ("hs_pipeline_stage", "order_stage"),
        ("dealstage", "order_stage"),
        ("hs_total_price", "order_amount"),
        ("amount", "order_amount"),
        ("price", "order_amount"),
    ],
)
@pytest.mark.parametrize("problem", ["INVALID_OPTION", "PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE"])
@pytest.mark.parametrize("partly", [True, False])
def test_currency_pipeline_stage_and_amount_stop_the_line_and_no_outcome_lets_them_be_left_out(
    name: str, code: str, problem: str, *, partly: bool
) -> None:
    def reply(line: str, body: dict[str, Any]) -> tuple[int, Any]:
        if not partly:
            return 400, invalid(name, problem)
        good = written({"inputs": body["inputs"][1:]})[1]
        return 207, {**good, "errors": [invalid(name, problem, trace="t0")], "numErrors": 1}

    found: dict[str, WriteOutcome] = {}
    with portal(reply) as (records, (asked, _)), pytest.raises(LineDown) as caught:
        records.upsert("orders", "dealdroid_order_id", rows(3, **{name: "x"}), found)
    assert caught.value.code == code
    assert found == ({"t1": Written("91", True), "t2": Written("92", True)} if partly else {})
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("The currency THB is not enabled in this account.", "order_currency"),
        ("Stage 12 is not part of the pipeline 7.", "order_stage"),
        ("There is no pipeline with the id 7.", "order_pipeline"),
        ('The name "second stage currency" is too long.', None),
        ("The name is too long.", None),
    ],
)
def test_a_refusal_that_names_no_property_is_read_by_its_words_but_for_what_it_quotes(
    message: str, code: str | None
) -> None:
    found: dict[str, WriteOutcome] = {}
    refusal = {"status": "error", "category": "VALIDATION_ERROR", "message": message}
    with portal(lambda line, body: (400, refusal)) as (records, _):
        try:
            records.upsert("orders", "dealdroid_order_id", rows(1), found)
        except LineDown as down:
            assert down.code == code
        else:
            assert code is None
            assert isinstance(found["t0"], Refused)


@pytest.mark.parametrize("kind", ["orders", "line_items", "notes"])
def test_a_missing_scope_stops_the_line_by_its_name_or_by_those_that_it_may_be(kind: str) -> None:
    named = {"errors": [{"message": "x", "context": {"requiredGranularScopes": ["crm.objects.orders.write"]}}]}
    for body, words in (
        ({"status": "error", "category": "MISSING_SCOPES", **named}, "lacks a scope: crm.objects.orders.write"),
        (
            {"status": "error", "category": "MISSING_SCOPES"},
            f"one of crm.objects.{'contacts' if kind == 'notes' else kind}.read",
        ),
    ):
        reply = body
        with portal(lambda line, _body, reply=reply: (403, reply)) as (records, _), pytest.raises(LineDown) as caught:
            records.upsert(kind, "dealdroid_order_id", rows(1), {})
        assert caught.value.code == "forbidden"
        assert words in str(caught.value)


def test_a_key_that_the_portal_lacks_stops_the_line_and_is_named() -> None:
    refusal = {
        "status": "error",
        "category": "VALIDATION_ERROR",
        "message": "Unable to perform upsert by non-unique id property dealdroid_line_id",
    }
    with portal(lambda line, body: (400, refusal)) as (records, _), pytest.raises(LineDown) as caught:
        records.upsert("line_items", "dealdroid_line_id", rows(2), {})
    assert caught.value.code == "order_key"
    assert "dealdroid_line_id" in str(caught.value)


def test_a_full_portal_stops_the_line_and_says_of_what() -> None:
    refusal = {"status": "error", "category": "VALIDATION_ERROR", "message": "You reached the limit of 500 records."}
    with portal(lambda line, body: (400, refusal)) as (records, _), pytest.raises(LineDown) as caught:
        records.upsert("orders", "dealdroid_order_id", rows(2), {})
    assert caught.value.code == "order_room"
    assert "orders" in str(caught.value)


def test_an_update_of_records_needs_no_room_whatever_limit_it_meets() -> None:
    """One order that is always refused like this would stop all others."""
    refusal = {"status": "error", "category": "VALIDATION_ERROR", "message": "This record is at its limit of versions."}
    found: dict[str, WriteOutcome] = {}
    with portal(lambda line, body: (400, refusal)) as (records, _):
        records.update("orders", [ContactWrite("t", "7", {"hs_order_name": "x"})], found)
    assert isinstance(found["t"], Refused)


def note(trace: str) -> ContactWrite:
    return ContactWrite(trace, "", {"hs_note_body": trace, "hs_timestamp": "1"})


def test_notes_are_made_with_their_contacts_and_linked_to_orders_afterwards() -> None:
    def reply(line: str, body: dict[str, Any]) -> tuple[int, Any]:
        if "associations" in line:
            pair = body["inputs"][0]
            return 200, {"status": "COMPLETE", "results": [pair]}
        made = [{"id": f"9{one['objectWriteTraceId']}", **one} for one in body["inputs"]]
        return 201, {"status": "COMPLETE", "results": [{"id": one["id"], **one} for one in made]}

    found: dict[str, WriteOutcome] = {}
    links = {"a": [("contacts", "5"), ("orders", "7")], "b": [("contacts", "6")]}
    with portal(reply) as (records, (asked, bodies)):
        records.create("notes", [note("a"), note("b")], found, links)
    assert found == {"a": Written("9a", True), "b": Written("9b", True)}
    assert asked == [
        "POST /proxy/crm/objects/2026-09/notes/batch/create",
        "POST /proxy/crm/associations/2026-09/notes/orders/batch/associate/default",
    ]
    assert bodies[0]["inputs"][0]["associations"] == [
        {"to": {"id": "5"}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 202}]}
    ]
    assert bodies[1]["inputs"] == [{"from": {"id": "9a"}, "to": {"id": "7"}}]


@pytest.mark.parametrize("traced", [True, False])
def test_a_note_that_was_answered_is_never_sent_again(*, traced: bool) -> None:
    def reply(line: str, body: dict[str, Any]) -> tuple[int, Any]:
        trace = {"objectWriteTraceId": "a"} if traced else {}
        return 201, {"status": "COMPLETE", "results": [{"id": "1", **trace}]}

    found: dict[str, WriteOutcome] = {}
    with portal(reply) as (records, (asked, _)):
        records.create("notes", [note("a"), note("b")], found)
    assert len(asked) == 1
    assert isinstance(found["b"], RetryLater)
    assert found["a"] == Written("1", True) if traced else isinstance(found["a"], RetryLater)


def test_records_are_read_by_key_or_id_and_what_is_left_out_is_asked_for_alone() -> None:
    def reply(line: str, body: dict[str, Any]) -> tuple[int, Any]:
        if line.startswith("GET"):
            return 404, MISSING
        some = [one for one in body["inputs"] if one["id"] != "k1"]
        made = [{"id": f"9{one['id'][1:]}", "properties": {"dealdroid_order_id": one["id"]}} for one in some]
        return 200, {"status": "COMPLETE", "results": made}

    with portal(reply) as (records, (asked, bodies)):
        found = records.read("orders", ["k0", "k1", "k2"], ["hs_order_name"], "dealdroid_order_id")
    assert found == {
        "k0": {"id": "90", "dealdroid_order_id": "k0"},
        "k1": ContactMissing(),
        "k2": {"id": "92", "dealdroid_order_id": "k2"},
    }
    assert bodies[0]["idProperty"] == "dealdroid_order_id"
    assert asked[1] == "GET /proxy/crm/objects/2026-09/orders/k1"


def test_a_history_is_read_newest_first_fifty_records_a_call() -> None:
    versions = [
        {"value": "open", "timestamp": "2026-11-01T10:00:00.123Z", "sourceType": "INTEGRATION"},
        {"value": "shipped", "timestamp": "2026-11-02T10:00:00Z", "sourceType": "CRM_UI", "sourceId": "userId:1"},
        {"value": None, "timestamp": "1", "sourceType": None},
    ]

    def reply(line: str, body: dict[str, Any]) -> tuple[int, Any]:
        assert body["propertiesWithHistory"] == ["hs_pipeline_stage"]
        made = [{"id": one["id"], "properties": {"hs_pipeline_stage": "shipped"}} for one in body["inputs"]]
        return 200, {"results": [{**one, "propertiesWithHistory": {"hs_pipeline_stage": versions}} for one in made]}

    with portal(reply) as (records, (asked, _)):
        found = records.read(
            "orders", [str(n) for n in range(120)], ["hs_pipeline_stage"], history=["hs_pipeline_stage"]
        )
    assert len(asked) == 3
    one = found["7"]
    assert isinstance(one, dict)
    assert one["history"]["hs_pipeline_stage"] == [
        ("shipped", 1793613600000, "CRM_UI userId:1"),
        ("open", 1793527200123, "INTEGRATION"),
        ("", 1, ""),
    ]


def linked_to(body: dict[str, Any]) -> tuple[int, Any]:
    """Record n has the lines n1 and n2, on a page each; 5 has none, and 6 is passed over in silence."""
    results: list[Any] = []
    for one in body["inputs"]:
        if one["id"] not in ("5", "6"):
            page = 2 if "after" in one else 1
            paging = {} if page == 2 else {"paging": {"next": {"after": "x"}}}
            results.append({"from": {"id": one["id"]}, "to": [{"toObjectId": int(f"{one['id']}{page}")}], **paging})
    lost = {"status": "error", "category": "OBJECT_NOT_FOUND", "message": "none", "context": {"fromObjectId": ["5"]}}
    errors = [lost] if any(one["id"] == "5" for one in body["inputs"]) else []
    return 207, {"status": "COMPLETE", "results": results, "errors": errors, "numErrors": len(errors)}


@pytest.mark.parametrize("version", HUBSPOT_VERSIONS)
def test_every_page_of_what_records_are_linked_to_is_read(version: str) -> None:
    with portal(lambda line, body: linked_to(body), version=version) as (records, (asked, _)):
        found = records.linked("orders", "line_items", ["3", "4", "5", "6"])
    assert found == {"3": ["31", "32"], "4": ["41", "42"], "5": [], "6": []}
    area = "v4/associations" if version == "v3" else f"associations/{version}"
    assert set(asked) == {f"POST /proxy/crm/{area}/orders/line_items/batch/read"}
    assert len(asked) == 3


def test_an_error_that_does_not_say_that_nothing_is_linked_is_not_taken_for_it() -> None:
    error = {"status": "error", "category": "INTERNAL_ERROR", "message": "x", "context": {"fromObjectId": ["3"]}}
    with portal(lambda line, body: (207, {**EMPTY, "errors": [error]})) as (records, _), pytest.raises(LineDown):
        records.linked("orders", "line_items", ["3"])


@pytest.mark.parametrize("version", HUBSPOT_VERSIONS)
def test_pairs_are_linked_two_thousand_a_call(version: str) -> None:
    pairs = [(str(n), f"9{n}") for n in range(2001)]
    with portal(lambda line, body: (200, {"results": body["inputs"]}), version=version) as (records, (asked, bodies)):
        assert records.link("orders", "line_items", [*pairs, pairs[0]]) == {pair: Written(pair[0]) for pair in pairs}
    assert [len(body["inputs"]) for body in bodies] == [2000, 1]
    area = "v4/associations" if version == "v3" else f"associations/{version}"
    assert asked[0] == f"POST /proxy/crm/{area}/orders/line_items/batch/associate/default"


def test_a_portal_that_takes_fewer_pairs_is_asked_for_so_many_from_then_on() -> None:
    def reply(line: str, body: dict[str, Any]) -> tuple[int, Any]:
        if len(body["inputs"]) > 100:
            message = "The maximum number of inputs supported in a batch request is 100."
            return 400, {"status": "error", "category": "VALIDATION_ERROR", "message": message}
        return 200, {"results": body["inputs"]}

    pairs = [(str(n), f"9{n}") for n in range(250)]
    with portal(reply) as (records, (_, bodies)):
        for _ in range(2):
            assert records.link("orders", "line_items", pairs) == {pair: Written(pair[0]) for pair in pairs}
    assert [len(body["inputs"]) for body in bodies] == [250, 100, 100, 50, 100, 100, 50]


@pytest.mark.parametrize("answer", ["partial", "all", "unnamed"])
def test_a_link_to_what_is_gone_keeps_no_other_from_being_made(answer: str) -> None:
    def reply(line: str, body: dict[str, Any]) -> tuple[int, Any]:
        good = [one for one in body["inputs"] if one["to"]["id"] != "gone"]
        lost = {**MISSING, "context": {} if answer == "unnamed" else {"ids": ["gone"]}}
        if len(good) == len(body["inputs"]):
            return 200, {"results": [{"from": one["to"], "to": one["from"]} for one in good]}
        return (207, {"results": good, "errors": [lost]}) if answer == "partial" else (404, lost)

    pairs = [("1", "a"), ("2", "b"), ("3", "gone"), ("4", "c"), ("5", "gone")]
    with portal(reply) as (records, _):
        found = records.link("orders", "contacts", pairs)
    assert found == {pair: ContactMissing() if pair[1] == "gone" else Written(pair[0]) for pair in pairs}


def test_a_link_of_which_only_an_error_about_others_comes_waits() -> None:
    lost = {**MISSING, "context": {"ids": ["elsewhere"]}}
    with portal(lambda line, body: (200, {"results": [], "errors": [lost]})) as (records, _):
        found = records.link("orders", "contacts", [("1", "a"), ("2", "b")])
    assert all(isinstance(one, RetryLater) for one in found.values())
    assert len(found) == 2


def test_a_link_of_which_nothing_is_said_waits() -> None:
    with portal(lambda line, body: (200, {"results": body["inputs"][:1]})) as (records, _):
        found = records.link("orders", "contacts", [("1", "a"), ("2", "b")])
    assert found[("1", "a")] == Written("1")
    assert isinstance(found[("2", "b")], RetryLater)


def test_an_archived_record_that_is_missing_is_no_error() -> None:
    gone: list[str] = []

    def reply(line: str, body: dict[str, Any]) -> tuple[int, Any]:
        ids = [one["id"] for one in body["inputs"]]
        if "missing" in ids:
            return 404, MISSING
        gone.extend(ids)
        return 204, b""

    with portal(reply) as (records, (asked, _)):
        records.archive("line_items", ["1", "2", "missing", "3"])
    assert sorted(gone) == ["1", "2", "3"]
    assert asked[0] == "POST /proxy/crm/objects/2026-09/line_items/batch/archive"


def test_an_archive_that_hubspot_refuses_stops_the_line() -> None:
    refusal = {"status": "error", "category": "VALIDATION_ERROR", "message": "no"}
    with portal(lambda line, body: (400, refusal)) as (records, _), pytest.raises(LineDown, match="refused to delete"):
        records.archive("line_items", ["1"])


def test_a_search_gives_a_page_and_where_the_next_begins() -> None:
    def reply(line: str, body: dict[str, Any]) -> tuple[int, Any]:
        assert body["filterGroups"] == [{"filters": [{"propertyName": "a", "operator": "IN", "values": ["x", "y"]}]}]
        paging = {"paging": {"next": {"after": "200"}}} if body["after"] == "0" else {}
        return 200, {"total": 3, "results": [{"id": "1", "properties": {"a": "x", "b": None}}], **paging}

    asked_for: Any = ("orders", [{"propertyName": "a", "operator": "IN", "values": ["x", "y"]}], ["a"], ["a"], 200)
    with portal(reply) as (records, (asked, _)):
        assert records.search(*asked_for) == {"total": 3, "results": [{"a": "x", "id": "1"}], "after": "200"}
        assert records.search(*asked_for, "200")["after"] == ""
    assert asked[0] == "POST /proxy/crm/objects/2026-09/orders/search"


def test_a_dry_run_writes_links_and_archives_nothing() -> None:
    found: dict[str, WriteOutcome] = {}
    with portal(lambda line, body: (500, {}), dry_run=True) as (records, (asked, _)):
        records.upsert("orders", "dealdroid_order_id", rows(1), found)
        records.update("orders", rows(1), found)
        records.create("notes", [note("a")], found, {"a": [("contacts", "1"), ("orders", "2")]})
        assert records.link("orders", "contacts", [("1", "2")]) == {("1", "2"): Written("1")}
        records.archive("orders", ["1"])
    assert found == {"t0": Written(""), "a": Written("")}
    assert asked == []
