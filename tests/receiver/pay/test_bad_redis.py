"""Payments and messages, where Redis hangs or forgets its last second."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from leadcore.store import keys
from sandbox.stripe import API_KEY, WEBHOOK_SECRET, sign
from tests.conftest import SHARDS, Line, eventually, open_line
from tests.receiver.pay.conftest import KEY, PUBLIC, TOKEN
from tests.receiver.pay.test_reports import REF, SHOP, STRIPE, event, recorded
from tests.restarts import Restartable


@pytest.fixture
def desk(restartable: Restartable, tmp_path: Path, processes: None) -> Iterator[Line]:
    """A receiver that has a Redis of its own."""
    config = tmp_path / "leadsync.toml"
    config.write_text('[payment]\nprovider = "stripe"\n', encoding="utf-8")
    environ = {
        "LEADSYNC_CONFIG": str(config),
        "LEADSYNC_KEY": KEY,
        "PUBLIC_URL": PUBLIC,
        "MESSAGES_TOKEN": TOKEN,
        "STRIPE_API_KEY": API_KEY,
        "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "WEB_CONCURRENCY": "1",
    }
    with open_line(tmp_path, restartable.running.url, **environ) as line:
        line.start("web")
        line.await_web()
        eventually(lambda: line.redis.exists(keys.DATASET))
        yield line


def say_paid(desk: Line, by: str) -> int:
    if by == "stripe":
        payload = json.dumps(event()).encode()
        headers = {"Stripe-Signature": sign(payload, WEBHOOK_SECRET)}
        return requests.post(desk.url + STRIPE, payload, headers=headers, timeout=10).status_code
    headers = {"Authorization": f"Bearer {TOKEN}"}
    body = {"reference": REF, "amount": "1250.50"}
    return requests.post(desk.url + SHOP, json=body, headers=headers, timeout=10).status_code


def test_what_a_redis_that_hung_took_after_all_counts_once_when_it_is_repeated(
    desk: Line, restartable: Restartable
) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": "key-1"}

    def send() -> requests.Response:
        said = {"customer_id": "c-1", "messages": ["Sent today"]}
        return requests.post(f"{desk.url}/api/v1/messages", json=said, headers=headers, timeout=10)

    os.kill(restartable.running.pid, signal.SIGSTOP)
    try:
        answers = [send(), requests.get(f"{desk.url}/api/v1/messages/api:1", headers=headers, timeout=10)]
        assert [(one.status_code, "Retry-After" in one.headers) for one in answers] == [(503, True)] * 2
        # Nobody knows that yet; whoever believes it may send the same under another key.
        assert not [one for one in answers if "nothing was stored" in one.text]
        assert say_paid(desk, "stripe") == say_paid(desk, "shop") == 503
    finally:
        os.kill(restartable.running.pid, signal.SIGCONT)
    assert send().status_code == 202
    assert (say_paid(desk, "stripe"), say_paid(desk, "shop")) == (200, 202)
    assert sum(desk.redis.xlen(keys.entries(keys.OUTBOX, shard)) for shard in range(SHARDS)) == 1
    assert len(recorded(desk)) == 2


@pytest.mark.parametrize(("by", "status"), [("stripe", 200), ("shop", 202)])
def test_a_payment_of_a_lost_second_is_recorded_again(
    desk: Line, restartable: Restartable, by: str, status: int
) -> None:
    assert say_paid(desk, by) == status
    [said] = recorded(desk)
    lost = [keys.entries(keys.PAYMENTS, shard) for shard in range(SHARDS)]
    assert desk.redis.delete(*lost, *desk.redis.keys(keys.payment_event("*"))) == 2
    restartable.restart()
    assert eventually(lambda: recorded(desk)) == [said]
