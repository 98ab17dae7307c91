"""Services over real HTTP and SMTP, and what tells them in this process."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from leadcore.config import Config, Notify
from leadcore.events import Event, Events
from leadcore.machine import Machine
from leadcore.store import keys
from leadcore.store.endpoints import Endpoints
from leadcore.store.streams import Stream
from sandbox.http_server import running
from tests.conftest import SHARDS, own_port
from tests.workers.hooks.conftest import Receiver
from workers.flow.endpoint_loop import EndpointLoop
from workers.notices.delivery import build
from workers.rules import endpoint
from workers.settings import WorkerSettings, read_worker


class Service(Receiver):
    """A receiver that apprise knows as json://. `patience`: for so many seconds its answer is waited for."""

    patience = 10

    @property
    def address(self) -> str:
        return self.url.replace("http://", "json://") + f"?rto={self.patience}"

    def texts(self) -> list[str]:
        return [body["message"] for body in self.bodies()]

    def titles(self) -> list[str]:
        return [body["title"] for body in self.bodies()]


@pytest.fixture
def services() -> Iterator[Callable[..., Service]]:
    with ExitStack() as stack:

        def make(**more: Any) -> Service:
            made = Service(**more)
            made.url = stack.enter_context(running(made)).url + "/team-4711"
            return made

        yield make


@pytest.fixture
def team(services: Callable[..., Service]) -> Service:
    return services()


@dataclass
class Mailbox:
    """An SMTP server. `refuses`: what it answers instead of taking mail."""

    port: int = 0
    refuses: str = ""
    taken: list[Message] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.refuses:
            return self.refuses
        self.taken.append(message_from_bytes(envelope.content))
        return "250 OK"

    @property
    def address(self) -> str:
        return f"mailto://127.0.0.1:{self.port}/?from=shop@example.com&to=team@example.com&mode=insecure"

    def subjects(self) -> list[str]:
        return [str(make_header(decode_header(one["Subject"]))) for one in self.taken]

    def texts(self) -> list[str]:
        found = []
        for one in self.taken:
            part = next(part for part in one.walk() if part.get_content_maintype() == "text")
            raw = part.get_payload(decode=True)
            assert isinstance(raw, bytes)
            found.append(raw.decode())
        return found


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    made = Mailbox(own_port())
    controller = Controller(made, hostname="127.0.0.1", port=made.port)
    controller.start()
    yield made
    controller.stop()


@dataclass
class Notices:
    """The line of the notices in Redis."""

    redis: Any
    stack: ExitStack
    config: Config = field(default_factory=lambda: Config(notify=Notify(every_seconds=1)))

    def settings(self, *addresses: str) -> WorkerSettings:
        from dataclasses import replace

        found = read_worker({"HUBSPOT_ACCESS_TOKEN": "pat-test", "NOTIFY_URLS": " ".join(addresses)})
        return replace(found, shared=replace(found.shared, config=self.config))

    def build(self, *addresses: str) -> EndpointLoop:
        return build(self.redis, self.settings(*addresses), Machine())

    def serve(self, *addresses: str) -> EndpointLoop:
        loop = self.build(*addresses)
        self.stack.callback(loop.stop)
        loop.start()
        return loop

    def put(self, lead: str, customer: str = "ann", type: str = "lead.created", **more: Any) -> None:
        """Something happens."""
        private = more.pop("private", {})
        event = Event(type, customer, lead, {"intent": "Purchase", "contact_id": "7", **more}, private=private)
        shard = keys.shard_of(customer, SHARDS)
        Stream(self.redis, keys.NOTICES).apply(Events(self.config, notices=True).effects(event, shard))

    @property
    def endpoints(self) -> Endpoints:
        return Endpoints(self.redis, keys.NOTICES, SHARDS)

    def states(self) -> list[str]:
        return [one.state for one in self.endpoints.read_all()]

    def waiting(self) -> int:
        seconds, _ = self.redis.time()
        self.endpoints.trim(seconds * 1000)
        return sum(self.redis.xlen(keys.entries(keys.NOTICES, shard)) for shard in range(SHARDS))


@pytest.fixture
def notices(client: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notices]:
    monkeypatch.setattr(endpoint, "WAITS", (0.3, 0.3, 0.3))
    client.hset(keys.PORTAL, mapping={"id": "99", "domain": "app.hubspot.com"})
    with ExitStack() as stack:
        yield Notices(client, stack)
