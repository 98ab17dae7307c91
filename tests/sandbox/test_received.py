"""What the sandbox page takes in the place of the shop's systems and its team."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks import Webhook

from sandbox import page
from sandbox.launch import HOOKS_PATH, NOTICES_PATH, PORTS, extend
from sandbox.received import SHOWN
from workers.settings import read_worker

SECRET = "whsec_" + base64.b64encode(b"x" * 32).decode()


@pytest.fixture
def client() -> Any:
    away = "http://127.0.0.1:1"
    return page.create_app(away, "s", away, away, hook_secret=SECRET).test_client()


def post_hook(client: Any, id: str, secret: str = SECRET) -> int:
    body, now = json.dumps({"type": "lead.created", "data": {"lead": id}}), datetime.now(UTC)
    headers = {
        "webhook-id": id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(id, now, body),
    }
    return int(client.post(HOOKS_PATH, data=body, headers=headers).status_code)


def received(client: Any) -> dict[str, Any]:
    return dict(client.get("/received").json)


def test_a_hook_is_shown_once_and_whether_its_signature_is_right(client: Any) -> None:
    other = "whsec_" + base64.b64encode(b"y" * 32).decode()
    assert [post_hook(client, "a"), post_hook(client, "a"), post_hook(client, "b", other)] == [204] * 3
    assert [(one["id"], one["verified"]) for one in received(client)["hooks"]] == [("a", True), ("b", False)]


def test_a_notice_is_shown_with_its_text(client: Any) -> None:
    assert client.post(NOTICES_PATH, json={"title": "New lead", "message": "New lead\nhttps://x"}).status_code == 204
    assert [one["text"] for one in received(client)["notices"]] == ["New lead\nhttps://x"]


def test_what_is_neither_is_refused_and_only_the_newest_are_kept(client: Any) -> None:
    assert client.post(HOOKS_PATH, data=b"{").status_code == 400
    for number in range(SHOWN + 5):
        post_hook(client, str(number))
    assert received(client)["hooks"][0]["id"] == "5"


def test_workers_are_led_there_by_settings_that_they_take() -> None:
    environ = extend({}, PORTS, {"LEADSYNC_KEY": "k" * 32, "DEALDROID_SECRET": "s" * 24})
    settings = read_worker(environ)
    assert settings.hook_urls == (f"http://127.0.0.1:8001{HOOKS_PATH}",)
    assert settings.notify_urls == (f"json://127.0.0.1:8001{NOTICES_PATH}",)
    assert settings.hook_secrets == (environ["HOOK_SECRET"],)


@pytest.mark.parametrize("name", ["HOOK_URLS", "HOOK_SECRET", "NOTIFY_URLS"])
def test_addresses_of_ones_own_stay(name: str) -> None:
    assert extend({name: "mine"}, PORTS, {})[name] == "mine"
    assert name not in extend({"HUBSPOT_ACCESS_TOKEN": "pat"}, PORTS, {})
