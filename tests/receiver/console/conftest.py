"""The receiver with a console, as a process behind one proxy, over a Redis that the tests fill."""

import html
import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from leadcore.receipts import pack
from leadcore.store import keys
from leadcore.store.posts import LAST
from leadcore.store.streams import Stream, pack_fields
from receiver.console.auth import ConsoleAuth
from tests.conftest import PATIENT, Line, open_line
from workers.rules.settlement import DRY_RUN

# A colon, Thai, and characters that HTML must escape.
PASSWORD = "รหัส:<&>7f3a91"
TH = {"Accept-Language": "th-TH,th;q=0.9,en;q=0.5"}


class ConsoleUser:
    """A person at the console. `get` and `submit` follow no redirect."""

    def __init__(self, line: Line) -> None:
        self.line, self.redis = line, line.redis
        self.session = requests.Session()
        self.auth = ConsoleAuth(PASSWORD, 0)
        self.session.auth = ("leadsync", PASSWORD.encode())  # type: ignore[assignment]  # bytes go as they are

    def get(self, path: str = "", **headers: str) -> requests.Response:
        return self.session.get(f"{self.line.url}/console/{path}", headers=headers, timeout=10, allow_redirects=False)

    def read(self, path: str = "", **headers: str) -> str:
        answer = self.get(path, **headers)
        assert answer.status_code == 200, answer.text
        return answer.text

    def submit(self, path: str, headers: dict[str, str] | None = None, **form: str) -> requests.Response:
        """Post a form, with a valid token unless another is given."""
        data = {"token": self.auth.form_token(), **form}
        url = f"{self.line.url}/console/{path}"
        return self.session.post(url, data, headers=headers, timeout=10, allow_redirects=False)

    def add_lead(self, lead: str, received_ms: int = 1_700_000_000_000, **receipt: Any) -> None:
        """Store a lead with this receipt."""
        self.redis.hset(keys.receipt(lead), mapping={"r": received_ms})
        flat = pack(**receipt)
        self.redis.hset(keys.receipt(lead), mapping=dict(zip(flat[::2], flat[1::2], strict=True)))
        self.redis.xadd(keys.LEADS, {"e": lead})

    def park(self, lead: str, reason: str = "refused: HubSpot refused this contact", **fields: Any) -> None:
        body = {"customer_id": f"c-{lead}", "mid": "m", "intent": "Purchase", **fields}
        packed = pack_fields({b"e": lead.encode(), b"b": json.dumps(body).encode(), b"v": b"1700000000123-4"})
        receipt = pack(customer_id=f"c-{lead}", intent="Purchase", state="parked", reason=reason, tries=1)
        Stream(self.redis).park(lead, packed, receipt)

    def hold(self, lead: str, **receipt: Any) -> None:
        """Hold back a lead as a dry run does."""
        body = {"customer_id": f"c-{lead}", "mid": "m", "intent": "Purchase"}
        packed = pack_fields({b"e": lead.encode(), b"b": json.dumps(body).encode(), b"v": b"1700000000123-4"})
        self.redis.set(keys.held(lead), packed)
        self.redis.zadd(keys.HELD, {lead: self.redis.time()[0] * 1000})
        self.add_lead(lead, customer_id=f"c-{lead}", state="held", reason=DRY_RUN, **receipt)

    def state(self, lead: str) -> str:
        found: bytes = self.redis.hget(keys.receipt(lead), "s")
        return found.decode()


def text_of(page: str) -> str:
    """The visible text of a page, without its head and foot."""
    main = page.split("<main")[1].split("</main")[0]
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main)))


def add_worker(user: ConsoleUser, *, dry: bool = False) -> None:
    for name in (keys.WORKERS, keys.DRY_WORKERS) if dry else (keys.WORKERS,):
        user.redis.zadd(name, {"worker": time.time() * 1000})


@pytest.fixture(scope="session")
def running_console(
    tmp_path_factory: pytest.TempPathFactory, databases: Iterator[str], processes: None
) -> Iterator[Line]:
    folder = tmp_path_factory.mktemp("console")
    environ = {"CONSOLE_PASSWORD": PASSWORD, "TRUSTED_PROXIES": "1", "WEB_CONCURRENCY": "1"}
    with open_line(folder, next(databases), **environ) as line:
        line.start("web", **PATIENT)
        line.await_web()
        yield line


@pytest.fixture
def user(running_console: Line) -> Iterator[ConsoleUser]:
    """A user of the console, over a Redis that knows only that DealDroid has posted once, long ago."""
    running_console.redis.flushdb()
    running_console.redis.zadd(keys.LAST_POST, {LAST: 1_600_000_000_000})
    one = ConsoleUser(running_console)
    with one.session:
        yield one
