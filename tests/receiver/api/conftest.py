"""The receiver with all that is described switched on, as a process without workers."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from leadcore.store import keys
from sandbox.stripe import API_KEY, WEBHOOK_SECRET
from tests.conftest import PATIENT, Line, open_line

TOKEN = "messages-7f3a91-of-the-shop"
PASSWORD = "console-7f3a91-of-the-shop"
METRICS = "metrics-7f3a91-of-the-shop"


class Shop:
    """The shop's system, which calls the API."""

    def __init__(self, line: Line) -> None:
        self.line, self.redis, self.url = line, line.redis, f"{line.url}/api/v1/messages"

    def post(self, body: Any, key: str | None = "key-1", token: str = TOKEN) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}", **({"Idempotency-Key": key} if key is not None else {})}
        how: dict[str, Any] = {"data": body} if isinstance(body, bytes) else {"json": body}
        return requests.post(self.url, headers=headers, timeout=10, **how)

    def get(self, message_id: str, token: str = TOKEN) -> requests.Response:
        return requests.get(f"{self.url}/{message_id}", headers={"Authorization": f"Bearer {token}"}, timeout=10)

    def entries(self) -> list[dict[bytes, bytes]]:
        """What waits in the outbox."""
        rows = [self.redis.xrange(keys.entries(keys.OUTBOX, shard)) for shard in range(4)]
        return [fields for some in rows for _, fields in some]


@pytest.fixture(scope="session")
def running_shop(tmp_path_factory: pytest.TempPathFactory, databases: Iterator[str], processes: None) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("api")
    on = {"MESSAGES_TOKEN": TOKEN, "CONSOLE_PASSWORD": PASSWORD, "METRICS_TOKEN": METRICS, "TRUSTED_PROXIES": "1"}
    config = folder / "leadsync.toml"
    config.write_text('[payment]\nprovider = "stripe"\n', encoding="utf-8")
    on |= {
        "LEADSYNC_CONFIG": str(config),
        "LEADSYNC_KEY": "a key of thirty-two characters..",
        "PUBLIC_URL": "https://shop.example.com",
        "STRIPE_API_KEY": API_KEY,
        "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
    }
    with open_line(folder, next(databases), WEB_CONCURRENCY="1", **on) as line:
        line.start("web", **PATIENT)
        line.await_web()
        yield Shop(line)


@pytest.fixture
def shop(running_shop: Shop) -> Shop:
    """With an empty Redis."""
    running_shop.redis.flushdb()
    return running_shop
