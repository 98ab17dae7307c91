"""What hooks post is signed as Standard Webhooks has it."""

import base64
import hashlib
import hmac
import json
import shutil
import subprocess

import pytest
from standardwebhooks import Webhook

from tests.conftest import eventually
from tests.workers.hooks.conftest import HOOK_SECRET, Hooks, Receiver
from workers.hooks import delivery

SECOND_SECRET = "whsec_" + base64.b64encode(bytes(range(40))).decode()


VERIFY = """
const { Webhook } = require("standardwebhooks");
const [secret, headers, body] = JSON.parse(require("fs").readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(new Webhook(secret).verify(body, headers)));
"""


def standard_headers(headers: dict[str, str]) -> dict[str, str]:
    return {name: headers["HTTP_" + name.upper().replace("-", "_")] for name in
            ("webhook-id", "webhook-timestamp", "webhook-signature")}  # fmt: skip


def test_what_is_posted_verifies_with_each_secret(hooks: Hooks, receiver: Receiver) -> None:
    """By the library, and by a digest made here as the specification has it."""
    hooks.serve(receiver, secret=f"{HOOK_SECRET} {SECOND_SECRET}")
    event_id = hooks.put("lead-1", customer="สมชาย", intent="สั่งซื้อ", contact_id="7")
    eventually(lambda: receiver.taken)
    [(headers, raw)] = receiver.taken
    assert headers["HTTP_WEBHOOK_ID"] == event_id
    signatures = headers["HTTP_WEBHOOK_SIGNATURE"].split(" ")
    signed = f"{event_id}.{headers['HTTP_WEBHOOK_TIMESTAMP']}.{raw}".encode()
    for secret, signature in zip((HOOK_SECRET, SECOND_SECRET), signatures, strict=True):
        assert Webhook(secret).verify(raw, standard_headers(headers)) == json.loads(raw)
        key = base64.b64decode(secret.removeprefix("whsec_"))
        assert signature == "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    body = json.loads(raw)
    assert body["type"] == "lead.created"
    assert body["timestamp"].endswith("Z")
    assert body["data"] == {"lead": "lead-1", "customer_id": "สมชาย", "contact_id": "7", "intent": "สั่งซื้อ"}
    assert headers["CONTENT_TYPE"] == "application/json"


@pytest.mark.processes
def test_the_npm_library_verifies_it(hooks: Hooks, receiver: Receiver) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    known = subprocess.run([node, "-e", "require.resolve('standardwebhooks')"], capture_output=True, check=False)
    if known.returncode:
        pytest.skip("node has no package standardwebhooks")
    hooks.serve(receiver)
    hooks.put("lead-1", customer="สมชาย")
    eventually(lambda: receiver.taken)
    [(headers, raw)] = receiver.taken
    said = json.dumps([HOOK_SECRET, standard_headers(headers), raw])
    done = subprocess.run([node, "-e", VERIFY], input=said, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == json.loads(raw)


def test_times_are_signed_in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import datetime, timedelta, timezone

    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=7)))
    headers = delivery.Signer([HOOK_SECRET]).headers("msg_1", at, "{}")
    key = base64.b64decode(HOOK_SECRET.removeprefix("whsec_"))
    signed = f"msg_1.{int(at.timestamp())}.{{}}".encode()
    assert headers["webhook-timestamp"] == str(int(at.timestamp()))
    assert headers["webhook-signature"] == "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
