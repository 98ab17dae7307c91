"""Whole batches, in front of a server that refuses all rows because of some."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil, log2
from typing import Any

import pytest

from leadcore.machine import Machine
from leadcore.settings import HUBSPOT_VERSIONS
from tests.workers.hubspot.conftest import serving
from workers.flow.errors import LineDown
from workers.hubspot.batches import BATCH
from workers.hubspot.budget import NoBudget
from workers.hubspot.client import HubSpot
from workers.rules.outcomes import Conflict, ContactWrite, WriteOutcome, Written

ROWS = [ContactWrite(f"t{n}", f"c{n}", {"email": f"{n}@example.com"}) for n in range(BATCH)]
REFUSAL = {"status": "error", "category": "CONFLICT", "message": "Contact already exists."}


@contextmanager
def portal(
    taken: set[str], refusal: dict[str, Any], *, named: bool, version: str
) -> Iterator[tuple[HubSpot, list[str]]]:
    """Refuses every batch in which one of the `taken` ids is, as reported of HubSpot (airbyte#76340); `named`: the
    refusal says which row it is."""

    def reply(line: str, body: dict[str, Any]) -> tuple[int, Any]:
        bad = [one for one in body["inputs"] if one["id"] in taken]
        if bad:
            trace = {"context": {"objectWriteTraceId": [bad[0]["objectWriteTraceId"]]}}
            return 409, {**refusal, **(trace if named else {})}
        results = [
            {"id": f"9{one['id'][1:]}", "objectWriteTraceId": one["objectWriteTraceId"]} for one in body["inputs"]
        ]
        return 200, {"status": "COMPLETE", "results": results}

    with serving(reply) as (url, asked):
        hubspot = HubSpot("token", url, NoBudget(Machine()), version=version)
        yield hubspot, asked
        hubspot._batch.api_client.rest_client.pool_manager.clear()


@pytest.mark.parametrize("version", HUBSPOT_VERSIONS)
@pytest.mark.parametrize("existing", ["", "123"])
@pytest.mark.parametrize("position", [0, 42, 99])
def test_one_conflict_that_refuses_all_rows_keeps_no_other_from_being_written(
    position: int, existing: str, version: str
) -> None:
    refusal = {**REFUSAL, "message": REFUSAL["message"] + (f" Existing ID: {existing}" if existing else "")}
    found: dict[str, WriteOutcome] = {}
    with portal({f"c{position}"}, refusal, named=False, version=version) as (hubspot, asked):
        hubspot.upsert(ROWS, found)
    assert found.pop(f"t{position}") == Conflict("", existing)
    assert found == {f"t{n}": Written(f"9{n}") for n in range(BATCH) if n != position}
    assert len(asked) - 1 <= 2 * ceil(log2(BATCH))


def test_a_refusal_that_names_its_row_costs_one_further_call() -> None:
    found: dict[str, WriteOutcome] = {}
    with portal({"c7", "c8"}, REFUSAL, named=True, version=HUBSPOT_VERSIONS[0]) as (hubspot, asked):
        hubspot.update(ROWS, found)
    assert found.pop("t7") == found.pop("t8") == Conflict("", "")
    assert len(found) == BATCH - 2
    assert len(asked) == 3


@pytest.mark.parametrize("status", [400, 404])
def test_rules_that_hubspot_does_not_tell_are_not_taken_for_none(status: int) -> None:
    with serving(lambda _line, _body: (status, {"status": "error", "category": "OBJECT_NOT_FOUND"})) as (url, _):
        hubspot = HubSpot("token", url, NoBudget(Machine()))
        with pytest.raises(LineDown) as down:
            hubspot.formats()
        assert down.value.code == "unexpected"
        hubspot._batch.api_client.rest_client.pool_manager.clear()
