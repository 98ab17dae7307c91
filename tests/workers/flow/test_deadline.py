"""Promises of every HTTP call, over real sockets: a deadline for the whole answer, proxies, TLS faults."""

import http.server
import itertools
import re
import select
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from leadcore.errors import SettingsError
from leadcore.machine import Machine
from leadcore.reasons import reason
from sandbox.http_server import running
from sandbox.hubspot import Portal, create_app
from sandbox.network import Host, find_obstacle
from tests.conftest import ROOT, eventually, has_ipv6
from workers.flow.deadline import proxy_for
from workers.flow.errors import LineDown
from workers.hubspot import transport
from workers.hubspot.budget import NoBudget
from workers.hubspot.client import HubSpot
from workers.outbox import dealdroid
from workers.outbox.dealdroid import DealDroid
from workers.rules.outcomes import MessageFailed, MessageSent, MessageUnclear

PEM = Path(__file__).with_name("localhost.pem")
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
DRIPS = {
    "header": (b"HTTP/1.1 200 OK\r\nX-Drip: ", itertools.repeat(b"x")),
    "chunk size": (CHUNKED, itertools.repeat(b"0")),
    "body": (CHUNKED, itertools.repeat(b"1\r\nx\r\n")),
}


@contextmanager
def serving(answer: Callable[[socket.socket, bytes], None], host: str = "127.0.0.1") -> Iterator[int]:
    """A server that calls `answer` with each connection and the request's first bytes; yields its port."""

    def run() -> None:
        with suppress(OSError), ExitStack() as stack:
            while True:
                connection = stack.enter_context(listener.accept()[0])
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    def serve(connection: socket.socket) -> None:
        with suppress(OSError, ValueError):  # it is closed at the end, whatever `answer` is doing
            answer(connection, connection.recv(65_536))

    with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


@contextmanager
def dripping(drip: str) -> Iterator[str]:
    """A server that sends a byte of its answer every 50 ms for 15 s; asserts that nobody waits to the end."""
    ended, over = threading.Event(), threading.Event()

    def answer(connection: socket.socket, _: bytes) -> None:
        start, rest = DRIPS[drip]
        connection.sendall(start)
        deadline = time.monotonic() + 15
        while not ended.wait(0.05):
            if time.monotonic() > deadline:
                over.set()
                return
            connection.sendall(next(rest))

    with serving(answer) as port:
        yield f"http://127.0.0.1:{port}"
        ended.set()
        assert not over.is_set(), "it was waited for to the end"


def client_of(url: str) -> HubSpot:
    return HubSpot("pat-test", url, NoBudget(Machine()))


@pytest.mark.parametrize("drip", DRIPS)
def test_a_slowly_dripping_answer_of_hubspot_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch, drip: str) -> None:
    monkeypatch.setattr(transport, "DEADLINE_SECONDS", 0.4)
    with dripping(drip) as url, pytest.raises(LineDown) as down:
        client_of(url).ping()
    assert down.value.code == "timeout"


def test_a_slowly_dripping_answer_of_dealdroid_is_unclear_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dealdroid, "DEADLINE_SECONDS", 0.4)
    with dripping("header") as url:
        assert DealDroid(url, 1, Machine()).send("c-1", "x") == MessageUnclear(reason("dealdroid_too_late"))


def test_a_dripping_body_after_the_status_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The status already said that the message was accepted."""
    monkeypatch.setattr(dealdroid, "DEADLINE_SECONDS", 0.4)
    monkeypatch.setitem(DRIPS, "length", (b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", itertools.repeat(b"x")))
    with dripping("length") as url:
        dealdroid_client = DealDroid(url, 1, Machine())
        # On a busy machine the status itself may be late.
        eventually(lambda: dealdroid_client.send("c-1", "x") == MessageSent(), 10)


@contextmanager
def speaking_tls(after: bytes) -> Iterator[str]:
    """A server that reads the message over TLS, and then sends `after` unencrypted."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            raw, _ = listener.accept()
            with suppress(OSError):
                secure = context.wrap_socket(raw, server_side=True)
                while b"messages" not in secure.recv(65_536):
                    pass
                with socket.socket(fileno=secure.detach()) as bare:
                    bare.sendall(after)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"https://localhost:{listener.getsockname()[1]}/"
        thread.join(5)


@pytest.mark.parametrize("after", [b"\x17\x03\x03\x00\x20" + b"A" * 32, b"HTTP/1.1 502 Bad Gateway\r\n\r\n", b""])
def test_a_tls_fault_after_the_message_is_unclear(monkeypatch: pytest.MonkeyPatch, after: bytes) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(PEM))
    with speaking_tls(after) as url:
        outcome = DealDroid(url, 1, Machine()).send("c-1", "x")
    assert outcome == MessageUnclear(reason("dealdroid_disconnected"))


def test_behind_an_untrusted_certificate_nothing_was_delivered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    with speaking_tls(b"") as url:
        assert DealDroid(url, 1, Machine()).send("c-1", "x") == MessageFailed(
            reason("dealdroid_tls_failed"), retry=True
        )


class Refuses(http.server.BaseHTTPRequestHandler):
    """Knows no method, so it answers 501."""

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def refusing_over_tls() -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    with http.server.HTTPServer(("127.0.0.1", 0), Refuses) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"https://localhost:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(("bundle", "code"), [(str(PEM), "unavailable"), ("", "tls")])
def test_hubspot_is_trusted_by_the_certificates_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch, bundle: str, code: str
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
    with refusing_over_tls() as url:
        hubspot = HubSpot("pat-test", url, NoBudget(Machine()))
        with pytest.raises(LineDown) as caught:
            hubspot.ping()
        hubspot._batch.api_client.rest_client.pool_manager.clear()
    assert caught.value.code == code


@contextmanager
def proxy(target: int, taken: list[bytes], host: str = "127.0.0.1") -> Iterator[int]:
    """A proxy that passes every request on to the port `target`; yields its port."""

    def answer(connection: socket.socket, request: bytes) -> None:
        taken.append(request)
        with socket.create_connection(("127.0.0.1", target)) as other:
            if request.startswith(b"CONNECT"):
                connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                other.sendall(re.sub(rb"^(\w+) http://[^/]+", rb"\1 ", request))
            while True:
                for readable in select.select([connection, other], [], [])[0]:
                    part = readable.recv(65_536)
                    if not part:
                        return
                    (other if readable is connection else connection).sendall(part)

    with serving(answer, host) as port:
        yield port


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


def test_hubspot_is_reached_through_the_machines_proxy(environ: pytest.MonkeyPatch) -> None:
    taken: list[bytes] = []
    portal = Portal()
    with running(create_app(portal)) as server, proxy(int(server.url.rpartition(":")[2]), taken) as port:
        environ.setenv("HTTP_PROXY", f"http://some%40body:secret@127.0.0.1:{port}")
        hubspot = client_of("http://192.0.2.1")
        assert hubspot.properties()
        hubspot._batch.api_client.rest_client.pool_manager.clear()
    assert taken[0].startswith(b"GET http://192.0.2.1/crm/properties/2026-09/contacts")
    assert b"proxy-authorization: basic c29tzubib2r5onnly3jlda==" in taken[0].lower(), "some@body:secret"


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_a_hubspot_with_an_ipv6_address_is_reached() -> None:
    with running(create_app(Portal())) as server, proxy(int(server.url.rpartition(":")[2]), [], "::1") as port:
        hubspot = client_of(f"http://[::1]:{port}/")
        assert hubspot.properties()
        hubspot._batch.api_client.rest_client.pool_manager.clear()


def test_hubspots_tls_goes_through_the_proxys_tunnel(environ: pytest.MonkeyPatch) -> None:
    """The certificate that arrives through it is refused, so nothing more is sent."""
    taken: list[bytes] = []
    with speaking_tls(b"") as target, proxy(int(target.rstrip("/").rpartition(":")[2]), taken) as port:
        environ.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        with pytest.raises(LineDown) as down:
            client_of("https://localhost").ping()
    assert down.value.code == "tls"
    assert eventually(lambda: taken)[0].startswith(b"CONNECT localhost:443 ")


@pytest.mark.parametrize(
    ("values", "url", "found"),
    [
        ({}, "https://api.hubapi.com", ""),
        ({"HTTPS_PROXY": "http://p:1"}, "https://api.hubapi.com", "http://p:1"),
        ({"HTTPS_PROXY": "p:1"}, "https://api.hubapi.com", "http://p:1"),
        ({"ALL_PROXY": "http://p:1"}, "https://api.hubapi.com", "http://p:1"),
        ({"HTTP_PROXY": "http://p:1"}, "https://api.hubapi.com", ""),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": ".hubapi.com"}, "https://api.hubapi.com", ""),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, "https://api.hubapi.com", ""),
        ({"HTTP_PROXY": "http://p:1", "NO_PROXY": "127.0.0.1:80"}, "http://127.0.0.1:80", ""),
    ],
)
def test_the_environment_names_the_proxy(
    environ: pytest.MonkeyPatch, values: dict[str, Any], url: str, found: str
) -> None:
    for name, value in values.items():
        environ.setenv(name, value)
    assert proxy_for(url) == found


def test_a_proxy_of_another_kind_is_refused_by_name(environ: pytest.MonkeyPatch) -> None:
    environ.setenv("ALL_PROXY", "socks5://somebody:secret@p:1")
    with pytest.raises(SettingsError, match=r"^ALL_PROXY, the proxy for api.hubapi.com, must begin with") as refused:
        client_of("https://api.hubapi.com")
    assert "secret" not in str(refused.value)


IN_NAMESPACE = """
import sys
from leadcore.machine import Machine
from workers.outbox.dealdroid import DealDroid
dealdroid = DealDroid(sys.argv[1], 1, Machine())
for text in ("before", "given up"):
    print(type(dealdroid.send("c-1", text)).__name__, flush=True)
    sys.stdin.readline()
"""


@pytest.mark.processes
def test_what_was_given_up_does_not_arrive_once_the_network_is_back() -> None:
    """The kernel would deliver what it holds of a connection that was closed, after whatever was said meanwhile."""
    if obstacle := find_obstacle():
        pytest.skip(obstacle)
    arrived: list[bytes] = []

    def answer(connection: socket.socket, request: bytes) -> None:
        while request:
            arrived.append(request)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            request = connection.recv(65_536)

    with serving(answer) as port, Host({"dealdroid": port}) as host:
        command = [*host.entrance, sys.executable, "-c", IN_NAMESPACE, f"http://{host.netloc('dealdroid')}"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as caller:
            assert caller.stdin
            assert caller.stdout
            assert caller.stdout.readline() == "MessageSent\n"
            host.cut_off("dealdroid")
            caller.stdin.write("\n")
            caller.stdin.flush()
            assert caller.stdout.readline() == "MessageUnclear\n"
            host.rejoin("dealdroid")
            eventually(lambda: not host.run("ss", "-Htn", "state", "fin-wait-1"), 60)
            caller.stdin.close()
    # Under load a request may be read in two parts.
    assert arrived
    assert b"given up" not in b"".join(arrived)
