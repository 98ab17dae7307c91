"""Receivers of hooks over real HTTP, and what delivers to them in this process."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest

from leadcore.config import Config
from leadcore.event import identity
from leadcore.events import Event, Events
from leadcore.machine import Machine
from leadcore.store import keys
from leadcore.store.endpoints import Endpoints
from leadcore.store.streams import Stream
from sandbox.http_server import running
from tests.conftest import SHARDS
from workers.flow.endpoint_loop import EndpointLoop
from workers.hooks.delivery import build
from workers.rules import endpoint
from workers.settings import WorkerSettings, read_worker

HOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass
class Receiver:
    """Answers with `answer(body)`: a status and headers; remembers what it got."""

    answer: Callable[[dict[str, Any]], tuple[str, dict[str, str]]] = lambda body: ("204 No Content", {})
    seconds: float = 0.0
    url: str = ""
    taken: list[tuple[dict[str, str], str]] = field(default_factory=list)
    busy: int = 0
    most_busy: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        body = environ["wsgi.input"].read()
        if len(body) < int(environ.get("CONTENT_LENGTH") or 0):
            # Whoever posts was killed meanwhile.
            start_response("400 Bad Request", [("Content-Length", "0")])
            return []
        raw = body.decode()
        headers = {name: value for name, value in environ.items() if name.startswith(("HTTP_", "CONTENT", "REQUEST"))}
        with self.lock:
            self.taken.append((headers | {"PATH": environ["PATH_INFO"]}, raw))
            self.busy += 1
            self.most_busy = max(self.most_busy, self.busy)
        time.sleep(self.seconds)
        with self.lock:
            self.busy -= 1
        status, more = self.answer(json.loads(raw)) if raw else ("200 OK", {})
        start_response(status, [*more.items(), ("Content-Length", "0")])
        return []

    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(raw) for _, raw in self.taken]

    def ids(self) -> list[str]:
        return [headers["HTTP_WEBHOOK_ID"] for headers, _ in self.taken]

    def leads(self) -> list[str]:
        return [body["data"]["lead"] for body in self.bodies()]

    def fail(self, status: str = "500 Internal Server Error") -> None:
        self.answer = lambda body: (status, {})

    def recover(self) -> None:
        self.answer = lambda body: ("200 OK", {})


@pytest.fixture
def receivers() -> Iterator[Callable[..., Receiver]]:
    with ExitStack() as stack:

        def make(**more: Any) -> Receiver:
            made = Receiver(**more)
            made.url = stack.enter_context(running(made)).url + "/hook"
            return made

        yield make


@pytest.fixture
def receiver(receivers: Callable[..., Receiver]) -> Receiver:
    return receivers()


@dataclass
class Hooks:
    """The line of the hooks in Redis."""

    redis: Any
    stack: ExitStack
    config: Config = field(default_factory=Config)

    def settings(self, *receivers: Receiver, secret: str = HOOK_SECRET) -> WorkerSettings:
        urls = " ".join(one.url for one in receivers)
        return read_worker({"HUBSPOT_ACCESS_TOKEN": "pat-test", "HOOK_URLS": urls, "HOOK_SECRET": secret})

    def serve(self, *receivers: Receiver, secret: str = HOOK_SECRET) -> EndpointLoop:
        loop = build(self.redis, self.settings(*receivers, secret=secret), Machine())
        self.stack.callback(loop.stop)
        loop.start()
        return loop

    def put(
        self, lead: str, customer: str | int = "ann", type: str = "lead.created", body: bytes = b"", **data: str
    ) -> str:
        """Something happens; returns the event's id."""
        event = Event(type, customer, lead, data, body=body)
        shard = keys.shard_of(identity(customer), SHARDS)
        Stream(self.redis, keys.HOOKS).apply(Events(self.config, hooks=True).effects(event, shard))
        return event.id

    @property
    def endpoints(self) -> Endpoints:
        return Endpoints(self.redis, keys.HOOKS, SHARDS)

    def states(self) -> list[str]:
        return [one.state for one in self.endpoints.read_all()]

    def waiting(self) -> int:
        """Entries that an address has not got."""
        seconds, _ = self.redis.time()
        self.endpoints.trim(seconds * 1000)
        return sum(self.redis.xlen(keys.entries(keys.HOOKS, shard)) for shard in range(SHARDS))


@pytest.fixture
def hooks(client: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hooks]:

    monkeypatch.setattr(endpoint, "WAITS", (0.3, 0.3, 0.3))
    with ExitStack() as stack:
        yield Hooks(client, stack)
