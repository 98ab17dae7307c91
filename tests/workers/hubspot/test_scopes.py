"""What HubSpot says of a missing scope."""

from typing import Any

import pytest

from leadcore.reasons import reason
from tests.workers.hubspot.conftest import answer, load_answer
from workers.flow.errors import LineDown
from workers.hubspot.answers import raise_line_down
from workers.hubspot.scopes import PURPOSES, read_missing

READ, WRITE = "crm.objects.contacts.read", "crm.objects.contacts.write"


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({"errors": [{"context": {"requiredGranularScopes": [WRITE]}}]}, [WRITE]),
        (
            {"errors": [{"context": {"requiredScopes": [WRITE, READ]}}, {"context": {"requiredScopes": [WRITE]}}]},
            [WRITE, READ],
        ),
        ({"context": {"requiredGranularScopes": [READ]}}, [READ]),
        ({"errors": "x", "context": {"scopes": ["<b>", 7, "A B"]}}, []),
        ({"errors": [{"context": {"propertyName": [WRITE]}}, None]}, []),
        ({}, []),
    ],
)
def test_the_missing_scopes_are_read_from_a_refusal(body: dict[str, Any], names: list[str]) -> None:
    assert read_missing(body) == names


def test_the_line_that_waits_for_a_scope_says_which_and_where_to_add_it() -> None:
    with pytest.raises(LineDown) as down:
        raise_line_down(answer(403, {"errors": [{"context": {"requiredGranularScopes": [WRITE]}}]}))
    assert down.value.why == reason("scope_missing", scope=WRITE)
    assert "Service Keys" in str(down.value)


def test_where_hubspot_does_not_say_which_scope_is_missing_all_are_named() -> None:
    with pytest.raises(LineDown) as down:
        raise_line_down(load_answer("missing_scopes_403", errors=[]))
    assert down.value.why == reason("any_scope_missing", scopes=", ".join(PURPOSES))
    assert {READ, WRITE} <= PURPOSES.keys()
