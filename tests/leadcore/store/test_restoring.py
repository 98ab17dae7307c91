"""What `status` says while customers are brought back."""

from typing import Any

import pytest

from leadcore.store import keys
from leadcore.store.restoring import INTACT, RESTORED
from leadcore.store.status import read_status
from leadsync.terminal import print_status
from tests.conftest import BANGKOK, SHARDS

DONE = {"done": 400, "total": 1000}


def show(redis: Any, capsys: pytest.CaptureFixture[str]) -> str:
    print_status(read_status(redis, SHARDS, BANGKOK), [], BANGKOK, as_json=False)
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        ({}, "0 contacts"),
        (DONE, "400 of 1000 contacts"),
        ({**DONE, "waits": "memory"}, "400 of 1000 contacts (waits: Redis is too full)"),
        ({**DONE, "waits": "forbidden"}, "400 of 1000 contacts (HubSpot: forbidden)"),
        ({"done": 1200, "total": 1000}, "1200 of 1200 contacts"),
    ],
)
def test_the_progress_is_told_until_the_store_is_whole(
    client: Any, capsys: pytest.CaptureFixture[str], stored: dict[str, Any], told: str
) -> None:
    client.set(keys.STORE, RESTORED)
    if stored:
        client.hset(keys.RESTORE, mapping=stored)
    assert f"Brought back {told}" in " ".join(show(client, capsys).split())
    client.set(keys.STORE, INTACT)
    assert "Brought back" not in show(client, capsys)
