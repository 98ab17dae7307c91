"""Nothing leads to HubSpot's pages where what runs is a stand-in, also one whose data an older version kept."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from leadcore.store import keys
from leadcore.store.portal_links import read_portal_links
from sandbox.hubspot import Portal, snapshot
from tests.conftest import ROOT, Line, answers, eventually, own_port

OWN = {"Authorization": "Bearer t"}


@pytest.fixture
def served(tmp_path: Path, processes: None) -> Iterator[str]:
    state = tmp_path / "hubspot.json"
    saved = json.loads(snapshot.save(Portal()))
    del saved["settings"]["ui_domain"]
    state.write_text(json.dumps(saved), encoding="utf-8")
    port = own_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox.hubspot", f"--port={port}", f"--state={state}"], cwd=ROOT
    )
    try:
        url = f"http://127.0.0.1:{port}"
        eventually(lambda: answers(url + "/_sandbox/state"))
        yield url
    finally:
        process.terminate()
        process.wait(10)


def test_the_stand_in_of_a_run_has_no_pages(served: str, idle_redis: Line) -> None:
    details = requests.get(f"{served}/account-info/2026-09/details", headers=OWN, timeout=5).json()
    idle_redis.redis.hset(keys.PORTAL, mapping={"id": details["portalId"], "domain": details["uiDomain"]})
    links = read_portal_links(idle_redis.redis)
    assert (links.contact("701"), links.order("9", "orders")) == ("", "")


@pytest.fixture
def idle_redis(spare_line: Callable[..., Line]) -> Line:
    return spare_line()
