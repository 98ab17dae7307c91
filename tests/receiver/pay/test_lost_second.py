"""A Redis that forgets its last second is told again of payments that were acknowledged: nobody else does that."""

import json
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
