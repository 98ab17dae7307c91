"""Search among orders as a poller of stages uses it: by time, by stage, page after page, behind the writes."""

from typing import Any

import pytest


def search(stand: Any, version: str = "2026-09", **wanted: Any) -> Any:
    return stand.call("POST", version, "objects", "/orders/search", wanted)


def where(*filters: tuple[str, str, Any]) -> list[dict[str, Any]]:
    """One group of filters: property, operator, value or values."""
    found = []
    for name, operator, value in filters:
        each = {"propertyName": name, "operator": operator}
        if isinstance(value, tuple):
            each |= {"value": value[0], "highValue": value[1]}
        elif value is not None:
            each["values" if isinstance(value, list) else "value"] = value
        found.append(each)
    return [{"filters": found}]


@pytest.fixture
def orders(stand: Any) -> list[str]:
    """The ids of three orders, made one after the other with totals 10, 20, 30; the second one is shipped."""
    stand.settings(search_lag=0)
    [pipeline] = stand.call("GET", "v3", "pipelines", "/orders").json()["results"]
    stages = {each["label"]: each["id"] for each in pipeline["stages"]}
    made = [stand.create("orders", hs_order_name=f"N{at}", hs_total_price=f"{at}0") for at in (1, 2, 3)]
    stand.control("PATCH", f"orders/{made[1]}", {"properties": {"hs_pipeline_stage": stages["Shipped"]}})
    stand.stages = stages
    return made


@pytest.mark.parametrize("version", ["v3", "2026-03", "2026-09"])
@pytest.mark.parametrize(
    ("operator", "value", "found"),
    [
        ("EQ", "20", [1]),
        ("IN", ["10", "30"], [0, 2]),
        ("GT", "10", [1, 2]),
        ("GTE", "20", [1, 2]),
        ("LTE", "20", [0, 1]),
        ("BETWEEN", ("10", "20"), [0, 1]),
        ("HAS_PROPERTY", None, [0, 1, 2]),
        ("NOT_HAS_PROPERTY", None, []),
    ],
)
def test_orders_are_found_by_a_value(
    stand: Any, orders: list[str], version: str, operator: str, value: Any, found: list[int]
) -> None:
    told = search(stand, version, filterGroups=where(("hs_total_price", operator, value)), properties=["hs_order_name"])
    assert [each["id"] for each in told.json()["results"]] == [orders[at] for at in found]
    assert all(each["properties"]["hs_order_name"] for each in told.json()["results"])


def test_orders_are_found_by_their_stage_and_last_change(stand: Any, orders: list[str]) -> None:
    moved = stand.inside("orders", orders[1])
    filters = where(
        ("hs_pipeline_stage", "IN", [stand.stages["Shipped"]]), ("hs_lastmodifieddate", "GTE", moved["updated"])
    )
    [found] = search(stand, filterGroups=filters, properties=["hs_pipeline_stage"]).json()["results"]
    assert (found["id"], found["properties"]["hs_lastmodifieddate"]) == (orders[1], moved["updated"])
    later = where(("hs_lastmodifieddate", "GT", moved["updated"]))
    assert search(stand, filterGroups=later).json()["total"] == 0


@pytest.mark.parametrize(("sort", "order"), [("hs_total_price", [0, 1, 2]), ("-hs_total_price", [2, 1, 0])])
def test_orders_are_sorted_and_read_in_pages(stand: Any, orders: list[str], sort: str, order: list[int]) -> None:
    found, after = [], None
    while True:
        told = search(stand, sorts=[sort], limit=1, **({"after": after} if after else {})).json()
        assert told["total"] == 3
        found += [each["id"] for each in told["results"]]
        after = told.get("paging", {}).get("next", {}).get("after")
        if after is None:
            break
    assert found == [orders[at] for at in order]


def test_the_order_of_changes_is_kept_by_time_and_id(stand: Any, orders: list[str]) -> None:
    told = search(stand, sorts=["hs_lastmodifieddate", "hs_object_id"]).json()["results"]
    assert [each["id"] for each in told] == [orders[0], orders[2], orders[1]]


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        ({"limit": 200}, 200),
        ({"limit": 201}, 400),
        ({"limit": 200, "after": "9800"}, 200),
        ({"limit": 200, "after": "9801"}, 400),
        ({"limit": 100, "after": "10000"}, 400),
        ({"after": "x"}, 400),
        ({"sorts": ["nope"]}, 400),
        ({"properties": ["hs_order_name"], "limt": 1}, 400),
        ({"filterGroups": where(("nope", "EQ", "1"))}, 400),
        ({"filterGroups": where(("hs_total_price", "NEAR", "1"))}, 400),
        ({"filterGroups": where(("hs_total_price", "EQ", None))}, 400),
        ({"filterGroups": where(("hs_total_price", "BETWEEN", "1"))}, 400),
        ({"filterGroups": where(("hs_total_price", "IN", "1"))}, 400),
    ],
)
def test_search_has_its_bounds(stand: Any, wanted: dict[str, Any], status: int) -> None:
    assert search(stand, **wanted).status_code == status


def test_the_index_lags_behind_writes(stand: Any, orders: list[str]) -> None:
    stand.settings(search_lag=600)
    assert search(stand).json()["total"] == 0
    stand.settings(search_lag=0)
    assert search(stand).json()["total"] == 3
    stand.call("DELETE", "2026-09", "objects", f"/orders/{orders[0]}")
    assert search(stand).json()["total"] == 2


def test_the_index_knows_a_record_as_it_was(stand: Any, orders: list[str]) -> None:
    """A move that the index has not seen yet leaves the order in its former stage, changed when it was made."""
    portal = stand.portal
    with portal.lock:
        record = portal.tables["orders"].records[int(orders[1])]
        record.created -= 60
        record.log[0] = record.log[0]._replace(at=record.created)
    stand.settings(search_lag=30)
    told = search(stand, filterGroups=where(("hs_total_price", "EQ", "20")), properties=["hs_pipeline_stage"]).json()
    [found] = told["results"]
    assert found["properties"]["hs_pipeline_stage"] == stand.stages["Open"]
    assert found["properties"]["hs_lastmodifieddate"] == found["properties"]["hs_createdate"] == found["updatedAt"]


def test_search_has_a_quota_of_its_own_and_no_headers(stand: Any) -> None:
    stand.settings(searches_per_second=2, requests_per_10s=1000)
    answers = [search(stand) for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 429]
    assert answers[-1].json()["policyName"] == "SECONDLY"
    assert not any("RateLimit" in name for each in answers for name in each.headers)
    assert stand.call("GET", "2026-09", "objects", "/orders").status_code == 200
