"""The sandbox page's own calls, against running stand-ins and a receiver that notes what it is sent."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from flask import Flask, Response, request

from leadcore.event import encode, read, unusable
from sandbox import dealdroid, hubspot, page
from sandbox.http_server import running


@pytest.fixture
def play() -> Iterator[Any]:
    received: list[bytes] = []
    receiver = Flask("receiver")

    ready: dict[str, Any] = {"status": "ok", "dry_run": False}

    @receiver.get(page.READY_PATH)
    def readyz() -> dict[str, Any]:
        return ready

    @receiver.post(page.INTENT_PATH)
    def intent() -> Response:
        received.append(request.get_data())
        return Response('["สักครู่"]', content_type="application/json")

    with (
        running(receiver) as web,
        running(hubspot.create_app(hubspot.Portal())) as portal,
        running(dealdroid.create_app(dealdroid.Chats())) as bot,
    ):
        app = page.create_app(web.url, "the secret", portal.url, bot.url)
        yield SimpleNamespace(client=app.test_client(), received=received, ready=ready, portal=portal.url)


def test_the_page_is_one_file_that_calls_no_other_host(play: Any) -> None:
    text = play.client.get("/").text
    assert "Leadsync sandbox" in text
    assert "http" not in text.split("</head>")[1]


def test_every_example_is_a_usable_event(play: Any) -> None:
    payloads = play.client.get("/examples").json["payloads"]
    assert len(payloads) >= 6
    for each in payloads:
        body = json.loads(each["body"])
        assert unusable(body) == []
        assert read(encode(body)).intent


def test_every_fault_has_words(play: Any) -> None:
    faults = play.client.get("/examples").json["faults"]
    assert all(each["label"] for system in ("hubspot", "dealdroid") for each in faults[system])


def test_the_page_knows_where_the_lead_console_is(play: Any) -> None:
    assert play.client.get("/examples").json["console"].endswith("/console/")


def test_the_page_knows_of_a_dry_run(play: Any) -> None:
    assert play.client.get("/state").json["dry_run"] is False
    play.ready["dry_run"] = True
    assert play.client.get("/state").json["dry_run"] is True


def test_sending_fills_in_the_secret_and_shows_the_instant_answer(play: Any) -> None:
    body = json.dumps({"customer_id": "ก", "secret": page.PLACEHOLDER})
    told = play.client.post("/send", data=body).json
    assert (told["status"], told["body"]) == (200, '["สักครู่"]')
    assert json.loads(play.received[0]) == {"customer_id": "ก", "secret": "the secret"}


@pytest.mark.parametrize("raw", [b"{", b"[]", b'{"secret": "a wrong one"}', b'{"secret": ""}'])
def test_a_wrong_secret_and_broken_json_can_be_tried(raw: bytes) -> None:
    assert page.fill_secret(raw, "the secret") == raw


@pytest.mark.parametrize(("system", "kind"), [("hubspot", "503"), ("dealdroid", "lost_answer")])
def test_faults_are_switched_on_and_off(play: Any, system: str, kind: str) -> None:
    assert play.client.put(f"/faults/{system}/{kind}").status_code == 204
    assert play.client.get("/state").json["faults"][system] == [kind]
    assert play.client.delete(f"/faults/{system}/{kind}").status_code == 204
    assert play.client.get("/state").json["faults"][system] == []


def test_a_brownout_fails_a_share_of_the_calls(play: Any) -> None:
    assert play.client.put("/faults/hubspot/brownout").status_code == 204
    [fault] = requests.get(f"{play.portal}/_sandbox/faults", timeout=5).json()
    assert (fault["kind"], fault["probability"]) == ("brownout", 0.3)


@pytest.mark.parametrize("name", list(page.SWITCHES))
def test_the_portals_switches_go_on_and_off(play: Any, name: str) -> None:
    def settings() -> dict[str, Any]:
        found: dict[str, Any] = requests.get(f"{play.portal}/_sandbox/state", timeout=5).json()["settings"]
        return found

    before = settings()
    assert name in [each["kind"] for each in play.client.get("/examples").json["switches"]]
    assert play.client.put(f"/switches/{name}").status_code == 204
    assert play.client.get("/state").json["switches"] == [name]
    assert settings() != before
    assert play.client.delete(f"/switches/{name}").status_code == 204
    assert (play.client.get("/state").json["switches"], settings()) == ([], before)
    play.client.put(f"/switches/{name}")
    play.client.post("/reset")
    assert (play.client.get("/state").json["switches"], settings()) == ([], before)
    assert play.client.put("/switches/nope").status_code == 404


def test_two_contacts_are_merged(play: Any) -> None:
    made = [
        requests.post(f"{play.portal}/_sandbox/contacts", json={"properties": {"firstname": name}}, timeout=5).json()[
            "id"
        ]
        for name in ("A", "B")
    ]
    body = json.dumps({"primary": made[0], "other": made[1]})
    assert play.client.post("/merge", data=body).status_code == 204
    [contact] = play.client.get("/state").json["contacts"]
    assert (contact["properties"]["firstname"], contact["id"] in made) == ("A", False)
    assert play.client.post("/merge", data=body).status_code == 400


def test_the_page_tells_the_version_that_is_called(play: Any) -> None:
    own = {"Authorization": "Bearer t"}
    assert play.client.get("/state").json["versions"] == []
    requests.get(f"{play.portal}/crm/objects/2026-09/contacts", headers=own, timeout=5)
    requests.get(f"{play.portal}/crm/properties/2026-03/contacts", headers=own, timeout=5)
    requests.get(f"{play.portal}/crm/v3/objects/contacts", headers=own, timeout=5)
    assert play.client.get("/state").json["versions"] == ["2026-09", "v3"]


def test_an_unknown_system_or_fault_is_refused(play: Any) -> None:
    assert play.client.put("/faults/nobody/503").status_code == 404
    assert play.client.put("/faults/hubspot/nope").status_code == 400


def test_a_service_that_is_away_is_named(unused_tcp_port: int) -> None:
    away = f"http://127.0.0.1:{unused_tcp_port}"
    client = page.create_app(away, "s", away, away).test_client()
    answer = client.get("/state")
    assert answer.status_code == 502
    assert away in answer.json["error"]


@pytest.fixture
def unused_tcp_port() -> int:
    with running(Flask("short")) as server:
        return int(server.server_address[1])


def test_the_payload_files_hold_no_real_secret() -> None:
    for file in (Path(page.__file__).parent / "payloads").glob("*.json"):
        assert json.loads(file.read_text(encoding="utf-8"))["secret"] == page.PLACEHOLDER
