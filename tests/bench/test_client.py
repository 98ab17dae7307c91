"""What the load sends, by wrk where there is one and by the client in Python."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from bench import client
from leadcore import event

pytestmark = pytest.mark.processes

NEEDS_WRK = pytest.mark.skipif(client.find_wrk() is None, reason="wrk is not installed")


@pytest.fixture(params=[pytest.param("wrk", marks=NEEDS_WRK), "python"])
def _client(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "python":
        monkeypatch.setattr(client, "find_wrk", lambda: None)


@contextmanager
def serving(status: int = 200) -> Iterator[tuple[str, list[bytes]]]:
    """A URL, and the bodies that were posted there."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body in one packet: else the second waits for the first one's acknowledgement.
        wbufsize = -1

        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"[]")

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

        def handle(self) -> None:
            # wrk resets its connections in the end.
            try:
                super().handle()
            except ConnectionError:
                self.close_connection = True

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/", bodies
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.usefixtures("_client")
def test_every_event_of_a_load_is_a_new_one_of_another_customer() -> None:
    with serving() as (url, bodies):
        speed = client.send(url, 200, "tag", "secret")
        again = client.send(url, 200, "other", "secret")
    assert len(bodies) >= speed.answers + again.answers > 0
    said = [event.read(body) for body in bodies]
    for name in ("mid", "customer_id"):
        assert len({getattr(one, name) for one in said}) == len(bodies)
    assert len({one.contact.email for one in said}) == len(bodies)
    assert all(1400 < len(body) < 1700 and b"@number" not in body and b"@phone" not in body for body in bodies)


@pytest.mark.usefixtures("_client")
def test_what_a_load_measures_is_made_of_what_was_answered() -> None:
    with serving() as (url, bodies):
        speed = client.send(url, 200, "tag", "secret", empty=True)
    assert 0 < speed.answers <= len(bodies)
    assert set(bodies) == {b""}
    assert speed.per_second > 0
    assert 0 < speed.p50_ms <= speed.p99_ms


@pytest.mark.usefixtures("_client")
def test_a_load_that_is_refused_is_no_measurement() -> None:
    with serving(403) as (url, _), pytest.raises(RuntimeError):
        client.send(url, 200, "tag", "wrong")


@pytest.mark.usefixtures("_client")
def test_a_server_that_does_nothing_shows_what_the_client_can() -> None:
    assert client.find_ceiling(200).answers > 0
