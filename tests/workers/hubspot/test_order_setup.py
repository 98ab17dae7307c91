"""Whether a key of ours is unique, tried out on portals that do not keep it."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest

from leadcore.machine import Machine
from tests.workers.hubspot.conftest import serving
from workers.flow.errors import LineDown, SetupError
from workers.hubspot.budget import NoBudget
from workers.hubspot.client import HubSpot
from workers.hubspot.order_setup import prove_key
from workers.hubspot.records import Records

KEY = "dealdroid_order_id"


@contextmanager
def portal(fault: str) -> Iterator[tuple[Records, list[str], list[str]]]:
    """Records, the requests, and the ids that were archived."""
    ids, archived = count(1), []
    kept: dict[str, Any] = {}

    def reply(line: str, body: dict[str, Any]) -> tuple[int, Any]:
        if line.endswith("archive"):
            archived.extend(one["id"] for one in body["inputs"])
            return 204, b""
        if line.endswith("upsert"):
            [row] = body["inputs"]
            if fault == "refused" or (fault == "refused again" and kept):
                return 400, {"status": "error", "category": "VALIDATION_ERROR", "message": "no"}
            number = str(next(ids)) if fault == "not unique" or not kept else kept["id"]
            kept.update(id=number, properties=row["properties"])
            return 200, {"results": [{**kept, "objectWriteTraceId": row["objectWriteTraceId"]}]}
        if fault == "not readable":
            return 404, {"status": "error", "category": "OBJECT_NOT_FOUND", "message": "none"}
        value = "null" if fault == "not kept" else kept["properties"][KEY]
        return 200, {"results": [{**kept, "properties": {KEY: value}}]}

    with serving(reply) as (url, asked):
        hubspot = HubSpot("token", url, NoBudget(Machine()))
        yield Records(hubspot), asked, archived
        hubspot._pool.clear()


@pytest.mark.parametrize(
    ("fault", "words", "archived"),
    [
        ("not unique", "does not keep dealdroid_order_id unique", ["1", "2"]),
        ("not readable", "does not keep dealdroid_order_id unique", ["1"]),
        ("not kept", "does not keep dealdroid_order_id unique", ["1"]),
        ("refused", "refused a record (orders)", []),
        ("refused again", "refused a record (orders)", ["1"]),
    ],
)
def test_a_key_that_does_not_hold_is_an_error_and_what_was_written_is_archived(
    fault: str, words: str, archived: list[str]
) -> None:
    with portal(fault) as (records, _, gone):
        with pytest.raises((SetupError, LineDown)) as caught:
            prove_key(records, "orders", KEY, {"hs_order_name": "x"})
        assert words in str(caught.value)
        assert sorted(gone) == archived


def test_a_key_that_holds_takes_two_writes_a_read_and_an_archive() -> None:
    with portal("") as (records, asked, gone):
        prove_key(records, "orders", KEY, {"hs_order_name": "x"})
    assert [line.rpartition("/")[2] for line in asked] == ["upsert", "upsert", "read", "archive"]
    assert gone == ["1"]
