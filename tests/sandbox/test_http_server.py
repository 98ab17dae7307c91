"""The small server keeps connections, and loses them on purpose only."""

import http.client
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, Response, request

from sandbox.http_server import Server, running


@pytest.fixture
def server() -> Iterator[Server]:
    app = Flask("test")

    @app.route("/echo", methods=["GET", "POST"])
    def echo() -> Response:
        return Response(request.get_data() or request.args["say"], headers={"X-Path": request.path})

    @app.get("/stream")
    def stream() -> Response:
        return Response(iter(["a", "b"]))

    @app.get("/broken")
    def broken() -> Response:
        raise RuntimeError("a mistake in the application")

    app.config["PROPAGATE_EXCEPTIONS"] = True
    with running(app) as server:
        yield server


def connect(server: Server) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=5)


def test_one_connection_carries_many_requests(server: Server) -> None:
    connection = connect(server)
    for number in range(20):
        connection.request("POST", "/echo", body=f"ไทย {number}".encode())
        assert connection.getresponse().read().decode() == f"ไทย {number}"
    connection.close()
    assert server.connections == 1


def test_the_path_and_query_are_decoded(server: Server) -> None:
    connection = connect(server)
    connection.request("GET", "/echo?say=%E0%B9%84%E0%B8%97%E0%B8%A2%20!")
    assert connection.getresponse().read().decode() == "ไทย !"
    connection.close()


def test_an_answer_without_a_length_ends_with_the_connection(server: Server) -> None:
    connection = connect(server)
    connection.request("GET", "/stream")
    answer = connection.getresponse()
    assert (answer.read(), answer.will_close) == (b"ab", True)
    connection.close()


def test_a_head_answer_has_no_body(server: Server) -> None:
    connection = connect(server)
    for _ in range(2):
        connection.request("HEAD", "/echo?say=x")
        assert connection.getresponse().read() == b""
    connection.close()


def test_a_mistake_in_the_application_answers_500(server: Server, capfd: pytest.CaptureFixture[str]) -> None:
    connection = connect(server)
    connection.request("GET", "/broken")
    assert connection.getresponse().status == 500
    connection.close()
    assert "a mistake in the application" in capfd.readouterr().err


@pytest.mark.parametrize(
    "head", [b"POST /echo HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"GET /echo HTTP/1.1\r\nnope\r\n"]
)
def test_a_malformed_request_answers_400(server: Server, head: bytes) -> None:
    with socket.create_connection(server.server_address[:2], timeout=5) as peer:
        peer.sendall(head)
        assert peer.recv(100).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("fails", [False, True])
def test_an_answer_is_closed_once_it_is_sent_or_fails(fails: bool) -> None:
    closed = threading.Event()

    class Answer:
        def __iter__(self) -> Iterator[bytes]:
            if fails:
                raise RuntimeError("a mistake in the application")
            yield b"ab"

        def close(self) -> None:
            closed.set()

    def app(_: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Length", "2")])
        return Answer()

    with running(app) as server:
        connection = connect(server)
        connection.request("GET", "/")
        assert connection.getresponse().status == (500 if fails else 200)
        connection.close()
        assert closed.wait(5)
