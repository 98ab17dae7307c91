"""Every fault is what it says, seen from HubSpot's own client."""

import json
import time
from typing import Any, get_args, get_type_hints

import pytest
import requests
from hubspot.crm.contacts.exceptions import ApiException
from urllib3.exceptions import HTTPError, ProtocolError

from sandbox.faults import Faults
from sandbox.hubspot.faults import HubSpotFault

KINDS = get_args(get_type_hints(HubSpotFault)["kind"])
UPSERT = "/crm/objects/2026-09/contacts/batch/upsert"
STATUSES = [kind for kind in KINDS if kind.isdecimal()]


@pytest.mark.parametrize("kind", STATUSES)
def test_a_status_fault_answers_that_status_and_writes_nothing(stand: Any, row: Any, kind: str) -> None:
    stand.fault(kind, count=1)
    with pytest.raises(ApiException) as caught:
        stand.upsert(row("c1", firstname="A"))
    assert caught.value.status == int(kind)
    assert stand.contacts() == {}
    assert stand.upsert(row("c1", firstname="A")).results[0].new


@pytest.mark.parametrize(("kind", "policy"), [("429_burst", "TEN_SECONDLY_ROLLING"), ("429_daily", "DAILY")])
@pytest.mark.parametrize("wait", [None, 7])
def test_a_429_names_its_policy(stand: Any, row: Any, kind: str, policy: str, wait: int | None) -> None:
    stand.fault(kind, retry_after=wait)
    with pytest.raises(ApiException) as caught:
        stand.upsert(row("c1", firstname="A"))
    assert (caught.value.status, json.loads(caught.value.body)["policyName"]) == (429, policy)
    assert caught.value.headers.get("Retry-After") == (None if wait is None else "7")


def test_a_lost_answer_leaves_the_write(stand: Any, row: Any) -> None:
    stand.fault("lost_answer", count=1)
    with pytest.raises(ProtocolError):
        stand.batch.upsert({"inputs": [row("c1", firstname="A")]}, _request_timeout=(1, 5))
    assert list(stand.contacts()) == ["c1"]


def test_a_reset_connection_leaves_nothing(stand: Any) -> None:
    stand.fault("reset", count=1)
    with pytest.raises(requests.ConnectionError, match="reset"):
        stand.raw("/crm/v3/objects/contacts/batch/create", '{"inputs": [{"properties": {"firstname": "A"}}]}')
    assert stand.contacts() == {}


def test_a_hang_outlasts_the_client_and_ends_when_it_is_cleared(stand: Any, row: Any) -> None:
    stand.fault("hang", seconds=60)
    began = time.monotonic()
    with pytest.raises(HTTPError):
        stand.batch.upsert({"inputs": [row("c1", firstname="A")]}, _request_timeout=(1, 0.2))
    assert time.monotonic() - began < 5
    stand.control("DELETE", "faults")
    assert stand.upsert(row("c1", firstname="A")).results[0].new


def test_a_garbled_body_is_not_utf_8(stand: Any, row: Any) -> None:
    stand.fault("garbled")
    with pytest.raises(UnicodeDecodeError):
        stand.upsert(row("c1", firstname="A"))


def test_an_html_page_comes_instead_of_json(stand: Any, row: Any) -> None:
    stand.fault("html")
    with pytest.raises(ApiException) as caught:
        stand.upsert(row("c1", firstname="A"))
    assert caught.value.body.startswith("<!DOCTYPE html>")


def test_empty_results_mean_that_nothing_was_written(stand: Any, row: Any) -> None:
    stand.fault("empty_results")
    assert stand.upsert(row("c1", firstname="A")).results == []
    assert stand.contacts() == {}


def test_missing_rows_were_written_all_the_same(stand: Any, row: Any) -> None:
    stand.fault("missing_rows", rows=2)
    assert len(stand.upsert(*(row(f"c{n}", firstname="A") for n in range(3))).results) == 1
    assert len(stand.contacts()) == 3


def test_a_row_can_be_locked(stand: Any, row: Any) -> None:
    stand.fault("row_locked", ids=["c2"])
    answer = stand.upsert(row("c1", firstname="A"), row("c2", firstname="B"))
    assert [each.context for each in answer.errors] == [{"objectWriteTraceId": ["trace-c2"]}]
    assert answer.errors[0].category == "LOCKED"
    assert list(stand.contacts()) == ["c1"]


def test_a_row_can_be_refused_without_a_word(stand: Any, row: Any) -> None:
    stand.fault("row_unexplained")
    answer = stand.upsert(row("c1", firstname="A"), row("c2", firstname="B"))
    [error] = answer.errors
    assert (error.message, error.context, error.errors) == ("", {}, [])
    assert len(answer.results) == 1


def test_a_dripping_answer_is_whole_in_the_end(stand: Any, row: Any) -> None:
    stand.fault("drip", seconds=0.2)
    began = time.monotonic()
    assert stand.upsert(row("c1", firstname="A")).results[0].new
    assert time.monotonic() - began >= 0.2


def test_a_fault_keeps_to_its_path_count_and_chance() -> None:
    faults = Faults(HubSpotFault)
    faults.put(b'[{"kind": "500", "path": "/upsert", "count": 2}, {"kind": "503", "probability": 0.25}]')
    struck = [faults.draw("POST", "/batch/upsert").kind for _ in range(2)]
    assert struck == ["500", "500"]
    kinds = [faults.draw("POST", "/batch/upsert") for _ in range(1000)]
    assert 200 < sum(each is not None for each in kinds) < 300
    assert {each.kind for each in kinds if each is not None} == {"503"}


def test_every_call_is_counted(stand: Any, row: Any) -> None:
    stand.fault("lost_answer", count=1)
    with pytest.raises(ProtocolError):
        stand.upsert(row("c1", firstname="A"))
    stand.upsert(row("c1", firstname="A"))
    state = stand.control("GET", "state")
    assert state["calls"]["POST /crm/v3/objects/contacts/batch/upsert"] == {"none": 1, "200": 1}
    assert state["faults_struck"] == {"lost_answer": 1}
    assert state["peak_requests_per_10s"] == 3
    assert [call["rows"] for call in stand.control("GET", "calls")][-1] == 1


@pytest.mark.parametrize("keep", [True, False])
def test_a_reset_forgets_contacts_and_keeps_the_portal_only_if_asked(stand: Any, row: Any, keep: bool) -> None:
    stand.upsert(row("c1", firstname="A"))
    stand.fault("500")
    stand.control("POST", "reset", {"keep": keep})
    state = stand.control("GET", "state")
    assert (state["contacts"], state["faults"], state["calls"]) == ([], [], {})
    assert state["properties"] == (["dealdroid_customer_id"] if keep else [])


def play_brownout(stand: Any, row: Any, calls: int, **more: Any) -> list[str]:
    """What each of `calls` upserts met, one contact each."""
    stand.control("DELETE", "faults")
    stand.fault("brownout", **more)
    met = []
    for number in range(calls):
        try:
            answer = stand.raw(UPSERT, json.dumps({"inputs": [row(f"c{number}", firstname="A")]}))
        except requests.ConnectionError as error:
            met.append("reset" if "reset" in str(error).lower() else "closed")
        else:
            met.append(f"{answer.status_code} {answer.headers['Content-Type'].partition(';')[0]}")
    return met


def test_a_brownout_fails_its_share_of_calls_in_mixed_ways_and_the_same_each_time(stand: Any, row: Any) -> None:
    stand.settings(requests_per_10s=1000)
    met = play_brownout(stand, row, 100, probability=0.3, seed=7)
    failed = [each for each in met if each != "200 application/json"]
    assert 15 <= len(failed) <= 45
    assert set(failed) == {"500 application/json", "502 text/html", "reset", "closed"}
    written = {f"c{number}" for number, each in enumerate(met) if each in ("200 application/json", "closed")}
    assert set(stand.contacts()) == written
    assert stand.control("GET", "state")["faults_struck"] == {"brownout": len(failed)}
    assert play_brownout(stand, row, 100, probability=0.3, seed=7) == met
    assert play_brownout(stand, row, 100, probability=0.3, seed=8) != met


def test_the_ways_of_a_brownout_can_be_chosen(stand: Any, row: Any) -> None:
    assert set(play_brownout(stand, row, 10, kinds=["503"])) == {"503 application/json"}
    refused = stand.raw("/_sandbox/faults", '{"kind": "brownout", "kinds": []}')
    assert refused.status_code == 400


def test_a_fault_with_ids_strikes_the_batches_that_hold_one_of_them(stand: Any, row: Any) -> None:
    """A poison lead: its batch always fails, others do not."""
    stand.fault("500", ids=["poison"])
    stand.fault("brownout", probability=1, kinds=["503"], path="/search")
    assert stand.upsert(row("c1", firstname="A")).results[0].new
    for rows in ([row("c2", firstname="B"), row("poison", firstname="P")], [row("poison", firstname="P")]):
        with pytest.raises(ApiException) as caught:
            stand.upsert(*rows)
        assert caught.value.status == 500
    assert stand.raw("/crm/v3/objects/contacts/batch/read", "not json").status_code == 400
    assert list(stand.contacts()) == ["c1"]


def test_faults_strike_the_calls_of_one_object_type(stand: Any) -> None:
    stand.fault("503", path="/orders/")
    order = {"inputs": [{"properties": {}}]}
    assert stand.call("POST", "2026-09", "objects", "/orders/batch/create", order).status_code == 503
    assert stand.call("POST", "2026-09", "objects", "/carts/batch/create", order).status_code == 201


def test_an_order_whose_answer_is_lost_is_written(stand: Any) -> None:
    stand.fault("lost_answer", path="/orders/", count=1)
    with pytest.raises(requests.ConnectionError):
        stand.call("POST", "2026-09", "objects", "/orders/batch/create", {"inputs": [{"properties": {}}]})
    assert len(stand.control("GET", "state")["orders"]) == 1


def test_an_order_that_is_locked_spoils_no_other(stand: Any) -> None:
    orders = [stand.create("orders") for _ in range(2)]
    stand.fault("row_locked", ids=[orders[0]])
    rows = [{"id": each, "properties": {"hs_tags": "A"}, "objectWriteTraceId": each} for each in orders]
    told = stand.call("POST", "2026-09", "objects", "/orders/batch/update", {"inputs": rows}).json()
    assert [each["id"] for each in told["results"]] == [orders[1]]
    assert (told["errors"][0]["status"], told["errors"][0]["category"]) == ("error", "LOCKED")


@pytest.mark.parametrize("keep", [True, False])
def test_a_reset_forgets_all_records(stand: Any, keep: bool) -> None:
    stand.add_property("orders", "one", unique=True)
    stand.create("orders", one="A")
    stand.control("POST", "reset", {"keep": keep})
    state = stand.control("GET", "state")
    assert all(state[kind] == [] for kind in ("orders", "carts", "deals", "line_items", "notes", "contacts"))
    assert stand.call("GET", "2026-09", "properties", "/orders/one").status_code == (200 if keep else 404)
    if keep:
        assert stand.create("orders", one="A")
