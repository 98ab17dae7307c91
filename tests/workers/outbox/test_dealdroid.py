"""Answers that DealDroid's webhook may really give, over real sockets."""

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
import urllib3
from requests.adapters import BaseAdapter

from leadcore.machine import Machine
from leadcore.reasons import reason
from tests.conftest import eventually, own_port
from tests.libraries import exceptions_of, make
from workers.flow.request_context import current
from workers.outbox import dealdroid
from workers.outbox.dealdroid import DealDroid
from workers.rules.outcomes import DeliveryOutcome, MessageFailed, MessageSent, MessageUnclear

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n[OK]"
CUT_OFF = MessageUnclear(reason("dealdroid_disconnected"))
SLOW_DOWN = reason("dealdroid_answered", status=429)


@dataclass
class Server:
    """Answers each request with the bytes that were set; b"" closes the connection, None never answers."""

    listener: socket.socket
    answer: bytes | None = OK
    hold: bool = False
    requests: list[bytes] = field(default_factory=list)
    connections: list[socket.socket] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}/api/provider/webhook/"

    def bodies(self) -> list[Any]:
        return [json.loads(request.partition(b"\r\n\r\n")[2]) for request in self.requests]

    def run(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.connections.append(connection)
                threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection: socket.socket) -> None:
        with suppress(OSError):
            while request := _read(connection):
                self.requests.append(request)
                if self.answer is None:
                    continue
                connection.sendall(self.answer)
                if not self.hold and (not self.answer or b"Content-Length: 4\r" not in self.answer):
                    connection.shutdown(socket.SHUT_RDWR)
                    return


def _read(connection: socket.socket) -> bytes:
    request = b""
    while b"\r\n\r\n" not in request:
        part = connection.recv(65_536)
        if not part:
            return b""
        request += part
    head, _, body = request.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    while len(body) < length:
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body


@pytest.fixture
def server() -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(listener)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        yield server
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
    for connection in server.connections:
        connection.close()
    thread.join(5)


@pytest.fixture
def client(server: Server) -> Iterator[DealDroid]:
    client = DealDroid(server.url, 4, Machine())
    yield client
    client.session.close()


def response(status: str, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "Connection: close"]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


@pytest.mark.parametrize("customer", ["b9d35283-131d-4c85-9d66-c43d830daec0", "  ลูกค้า ", 7, 12345678901234567890, 1.5])
def test_a_message_goes_out_with_the_id_exactly_as_it_came(client: DealDroid, server: Server, customer: Any) -> None:
    assert client.send(customer, "ขอบคุณค่ะ & <b>") == MessageSent()
    assert server.bodies() == [{"customer_id": customer, "messages": ["ขอบคุณค่ะ & <b>"]}]
    head = server.requests[0].partition(b"\r\n\r\n")[0].lower()
    assert head.startswith(b"post /api/provider/webhook/ http/1.1")
    assert b"content-type: application/json" in head
    assert b"authorization" not in head


@pytest.mark.parametrize("body", [b"[OK]", b"", b"\xff\xfe", b"<html>", b'{"error": "no"}'])
def test_success_is_any_200_whatever_its_body(client: DealDroid, server: Server, body: bytes) -> None:
    server.answer = response("200 OK", body=body)
    assert client.send("c-1", "x") == MessageSent()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[OK]",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
        response("200 OK", "Content-Encoding: gzip", body=b"[OK]"),
    ],
    ids=["cut short", "badly chunked", "not gzip"],
)
def test_a_200_whose_body_cannot_be_read_is_a_success_too(client: DealDroid, server: Server, answer: bytes) -> None:
    server.answer = answer
    assert client.send("c-1", "x") == MessageSent()


def test_a_200_whose_body_never_ends_is_a_success_too(
    client: DealDroid, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dealdroid, "READ_SECONDS", 0.3)
    server.answer, server.hold = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[OK]", True
    # On a busy machine the status itself may be late.
    eventually(lambda: client.send("c-1", "x") == MessageSent())


@pytest.mark.parametrize(
    ("status", "headers", "delivery"),
    [
        ("201 Created", (), MessageSent()),
        ("202 Accepted", (), MessageSent()),
        ("204 No Content", (), MessageSent()),
        ("400 Bad Request", (), MessageFailed(reason("message_refused", status=400), retry=False)),
        ("403 Forbidden", (), MessageFailed(reason("message_refused", status=403), retry=False)),
        ("404 Not Found", (), MessageFailed(reason("message_refused", status=404), retry=False)),
        ("408 Request Timeout", (), MessageFailed(reason("dealdroid_answered", status=408), retry=True)),
        ("425 Too Early", (), MessageFailed(reason("dealdroid_answered", status=425), retry=True)),
        ("429 Too Many Requests", (), MessageFailed(SLOW_DOWN, retry=True)),
        (
            "429 Too Many Requests",
            ("Retry-After: 7",),
            MessageFailed(SLOW_DOWN, retry=True, seconds=7.0),
        ),
        (
            "429 Too Many Requests",
            ("Retry-After: soon",),
            MessageFailed(SLOW_DOWN, retry=True),
        ),
        (
            "429 Too Many Requests",
            ("Retry-After: \u00b2",),
            MessageFailed(SLOW_DOWN, retry=True),
        ),
        ("500 Internal Server Error", (), MessageFailed(reason("dealdroid_answered", status=500), retry=True)),
        (
            "503 Service Unavailable",
            ("Retry-After: 30",),
            MessageFailed(reason("dealdroid_answered", status=503), retry=True, seconds=30.0),
        ),
    ],
)
def test_each_status_says_whether_to_try_again(
    client: DealDroid, server: Server, status: str, headers: tuple[str, ...], delivery: DeliveryOutcome
) -> None:
    server.answer = response(status, *headers, body=b"why")
    assert client.send("c-1", "x") == delivery


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"])
def test_a_redirect_is_not_followed(client: DealDroid, server: Server, status: str) -> None:
    server.answer = response(status, f"Location: {server.url}elsewhere")
    delivered = client.send("c-1", "x")
    assert isinstance(delivered, MessageFailed)
    assert not delivered.retry
    assert len(server.requests) == 1


def test_a_refused_connection_was_certainly_not_delivered() -> None:
    client = DealDroid(f"http://127.0.0.1:{own_port()}/", 1, Machine())
    assert client.send("c-1", "x") == MessageFailed(reason("dealdroid_unreachable"), retry=True)


def test_an_unresolved_name_was_certainly_not_delivered() -> None:
    client = DealDroid("http://nowhere.invalid/", 1, Machine())
    assert client.send("c-1", "x") == MessageFailed(reason("dealdroid_unreachable"), retry=True)


def test_a_connection_that_ends_before_the_answer_is_unclear(client: DealDroid, server: Server) -> None:
    server.answer = b""
    assert client.send("c-1", "x") == CUT_OFF
    assert len(server.requests) == 1, "nobody may repeat it"


def test_an_answer_that_does_not_come_is_unclear(
    client: DealDroid, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dealdroid, "READ_SECONDS", 0.2)
    server.answer = None
    assert client.send("c-1", "x") == MessageUnclear(reason("dealdroid_too_late"))
    eventually(lambda: server.requests)
    assert len(server.requests) == 1


@pytest.mark.parametrize("answer", [b"nonsense\r\n\r\n", b"HTTP/1.1 abc OK\r\n\r\n", b"HTTP/1.1 99999 OK\r\n\r\n"])
def test_an_answer_that_is_not_http_is_unclear(client: DealDroid, server: Server, answer: bytes) -> None:
    server.answer = answer
    assert isinstance(client.send("c-1", "x"), MessageUnclear)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http://"])
def test_an_invalid_url_raises_nothing(url: str) -> None:
    assert not isinstance(DealDroid(url, 1, Machine()).send("c-1", "x"), MessageSent)


def test_connections_are_kept_alive(client: DealDroid, server: Server) -> None:
    for number in range(5):
        assert client.send("c-1", str(number)) == MessageSent()
    assert len(server.connections) == 1


def test_several_are_in_flight_over_as_many_connections(client: DealDroid, server: Server) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda number: client.send("c-1", str(number)), range(40))) == [MessageSent()] * 40
    assert len(server.connections) <= 4
    assert sorted(int(body["messages"][0]) for body in server.bodies()) == list(range(40))


def test_no_reason_contains_the_answer(client: DealDroid, server: Server) -> None:
    for answer in (response("400 secret", body=b"secret"), response("500 secret", body=b"secret"), b"secret\r\n\r\n"):
        server.answer = answer
        assert "secret" not in repr(client.send("c-1", "secret"))


def test_a_proxy_of_the_machine_is_used_and_a_netrc_file_is_not(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", server.url)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert DealDroid("http://dealdroid.example/webhook/", 1, Machine()).send("c-1", "x") == MessageSent()
    assert server.requests[0].startswith(b"POST http://dealdroid.example/webhook/")
    assert b"authorization" not in server.requests[0].lower()


class Failing(BaseAdapter):
    """Raises `error`, after the request was `started`."""

    def __init__(self, error: Exception, *, started: bool) -> None:
        super().__init__()
        self.error, self.started = error, started

    def send(self, *_: Any, **__: Any) -> requests.Response:
        current().request_started = self.started
        raise self.error

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize("started", [False, True])
@pytest.mark.parametrize(
    "kind",
    [*exceptions_of(requests.exceptions), *exceptions_of(urllib3.exceptions), OSError, TimeoutError],
    ids=lambda kind: f"{kind.__module__}.{kind.__name__}",
)
def test_each_error_of_the_libraries_says_whether_the_message_may_have_arrived(
    kind: type[Exception], started: bool
) -> None:
    client = DealDroid("https://dealdroid.example.com/webhook/", 1, Machine())
    client.session.mount("https://", Failing(make(kind), started=started))
    outcome = client.send("c-1", "x")
    assert isinstance(outcome, MessageUnclear if started else MessageFailed)
    assert not isinstance(outcome, MessageFailed) or outcome.retry


def test_the_texts_of_a_message_go_out_in_one_request(client: DealDroid, server: Server) -> None:
    client.send("c-1", "one", "two")
    assert server.bodies() == [{"customer_id": "c-1", "messages": ["one", "two"]}]


@pytest.mark.parametrize(
    ("status", "headers", "seconds", "slow_down"),
    [
        ("429 Too Many Requests", (), None, True),
        ("429 Too Many Requests", ("Retry-After: 40",), 40.0, True),
        ("429 Too Many Requests", ("Retry-After: 99999",), 3600.0, True),
        (
            "429 Too Many Requests",
            ("Date: Sat, 28 Nov 2026 12:00:00 GMT", "Retry-After: Sat, 28 Nov 2026 12:01:30 GMT"),
            90.0,
            True,
        ),
        ("429 Too Many Requests", ("Retry-After: soon",), None, True),
        ("503 Service Unavailable", ("Retry-After: 7",), 7.0, True),
        ("503 Service Unavailable", (), None, False),
        ("500 Internal Server Error", (), None, False),
    ],
)
def test_who_asks_to_slow_down_is_waited_for(
    client: DealDroid, server: Server, status: str, headers: tuple[str, ...], seconds: float | None, slow_down: bool
) -> None:
    server.answer = response(status, *headers)
    found = client.send("c-1", "x")
    assert isinstance(found, MessageFailed)
    assert (found.seconds, found.slow_down) == (seconds, slow_down)
