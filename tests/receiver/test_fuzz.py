"""Thousands of hostile requests against the real receiver over real sockets."""

import gzip
import json
import re
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from leadcore.store import keys
from tests.conftest import INTENT_PATH, PATIENT, SECRET, Line, Process, lead, open_line

REQUESTS, BATCH, CLIENTS = 5_000, 10, 3
KIB = 1024
# A slow body occupies a thread of a web process; a slow head occupies none.
SLOW_BODIES, SLOW_HEADS = 40, 20
# Valid answers to a request that HTTP can frame. 431 and 414 are the server's own.
EXPECTED = {200, 400, 401, 403, 404, 405, 411, 413, 414, 417, 422, 431}

ODD_VALUES = [
    *("NaN", "-Infinity", "1e999", "-1e-999", "-0", "0.1", "9" * 25, "9" * 350, "-" + "9" * 6000, "01", "1.", "+1"),
    *(r'"\ud83d"', r'"a\udc00\ud800b"', r'"\u0000"', '"\x00"', r'"\x41"', '"\u2028\u202e\ufeff"', f'"{"é" * 500}"'),
    *("null", "true", "false", '""', '" "', "[]", "{}", "[[[]]]", '{"":{"":""}}', "[1,", '{"a"', '"', "void", "'x'"),
    *("[" * 90 + "]" * 90, "[" * 101 + "]" * 101, '{"a":' * 99 + "1" + "}" * 99, "[" * 120_000, '{"a":' * 40_000),
    *(f'"{"x" * 255 * KIB}"', f'"{"ก" * 85 * KIB}"', '"' + r"\u0e01" * 42 * KIB + '"', f"[{'1,' * 100_000}1]"),
    f'"{"x" * 300 * KIB}"',
    *('"{{ mid.__class__ }}"', '"%s%n"', r'"\r\nX-Injected: 1"', r'"\u001f"', '"$(id)"', '"__proto__"'),
]
NAMES = [
    *("secret", "mid", "customer_id", "intent", "contact_info", "address_parsing", "shopping_cart", "payment_method"),
    *("e", "folder", "products", "name", "phone", "", "\\u0000", "\\ud800", "__class__", "se\\u0063ret"),
]
PATHS = [
    *(INTENT_PATH, INTENT_PATH + "/", INTENT_PATH + "?a=%00&a[]=%ff", INTENT_PATH + "//", INTENT_PATH + "%2f"),
    *("/", "//", "/healthz", "/readyz", "/metrics", "/console/", "/../../etc/passwd", "/%2e%2e/%00", "/api/v1/%ff%fe"),
    *("*", "http://other.example" + INTENT_PATH, "/" + "a" * 9000, "/%E0%B8%81", "/static/x", "/%0d%0aX-Injected:%201"),
]
METHODS = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "PROPFIND", "post", "X" * 40]
HEADERS = [
    *(b"Content-Type: application/json", b"Content-Type: multipart/form-data; boundary=", b"Content-Type: \xff;q=\xfe"),
    *(b"Content-Encoding: gzip", b"Content-Encoding: br, x", b"Accept: \x80", b"Cookie: " + b"a=b; " * 900),
    *(
        b"X-Forwarded-For: 1.2.3.4, \xff, ::1%x",
        b"X-Forwarded-For: " + b"1," * 4000,
        b"Forwarded: for=",
        b"Expect: what",
    ),
    *(b"Authorization: Bearer \xff\xfe", b"Authorization: Basic !!!", b"Authorization: " + b"\xe0\xb8\x81" * 500),
    *(
        b"X-HTTP-Method-Override: DELETE",
        b"X-Forwarded-Host: other.example",
        b"Host: other.example",
        b"Range: bytes=9-1",
    ),
    *(b"Connection: close", b"Connection: Upgrade\r\nUpgrade: websocket", b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk"),
]
# The server refuses these or closes the connection, so each gets a connection of its own.
BROKEN_HEADERS = [
    *(b"X: a\rb", b"X: a\nSet-Cookie: b", b"X: \x00", b"no colon", b" folded: x", b"X y: z", b": nameless"),
    *(
        b"X: " + b"a" * 500_000,
        b"\r\nGET /healthz HTTP/1.1",
        b"Transfer-Encoding: gzip",
        b"Transfer-Encoding : chunked",
    ),
    *(b"Transfer-Encoding: chunked, x", b"Content-Length: -1", b"Content-Length: 0x10", b"Content-Length: 1, 1"),
    *(b"Content-Length: 99999999999999999999", b"Content-Length: 3"),
]


class RawRequest:
    """One request, or several pipelined ones, as bytes. `answers`: how many are due; None: unknown."""

    def __init__(self, raw: bytes, answers: int | None, method: str) -> None:
        self.raw, self.answers, self.method = raw, answers, method

    def __repr__(self) -> str:
        return f"{self.answers} answers to {len(self.raw)} bytes: {self.raw[:300]!r}"


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """JSON, damaged in many ways, mostly with the right secret so that it is parsed further."""
    value = st.sampled_from(ODD_VALUES) | st.text(max_size=20).map(json.dumps) | st.integers().map(str)
    members = draw(st.lists(st.tuples(st.sampled_from(NAMES), value), max_size=4))
    secret = draw(st.sampled_from([SECRET] * 5 + [SECRET + "x", ""]))
    good = {"mid": "m", "customer_id": draw(st.integers(0, 50)), "intent": "Purchase", "secret": secret}
    good.pop(draw(st.sampled_from(["", "", "", "mid", "customer_id", "intent"])), None)
    whole = [(name, json.dumps(value, ensure_ascii=False)) for name, value in good.items()]
    order = draw(st.sampled_from([members + whole, whole + members, members]))
    text = "{" + ",".join(f'"{name}":{raw_value}' for name, raw_value in order) + "}"
    encoding = draw(st.sampled_from(["utf-8"] * 6 + ["utf-8-sig", "utf-16", "utf-16-be", "utf-32", "cp874", "utf-7"]))
    raw = text.encode(encoding, "replace")
    match draw(st.integers(0, 11)):
        case 0:
            return gzip.compress(raw, 1, mtime=0)
        case 1:
            return raw[: draw(st.integers(0, len(raw)))]
        case 2:
            return draw(st.binary(max_size=60))
        case 3:
            at = draw(st.integers(0, len(raw)))
            return raw[:at] + draw(st.binary(max_size=4)) + raw[at:]
    return raw


def in_chunks(raw: bytes, size: int) -> bytes:
    parts = [raw[at : at + size] for at in range(0, len(raw), size)]
    return b"".join(b"%x;x=y\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\nX-Trailer: 1\r\n\r\n"


@st.composite
def batches(draw: st.DrawFn) -> list[RawRequest]:
    """`BATCH` requests with one body: drawing a body costs more than sending it."""
    body = draw(bodies())
    return [draw_request(draw, body) for _ in range(BATCH)]


def draw_request(draw: st.DrawFn, body: bytes) -> RawRequest:
    """One request, or a few in a pipeline."""
    is_odd = draw(st.integers(0, 3)) == 0
    method = draw(st.sampled_from(METHODS)) if is_odd else "POST"
    path = draw(st.sampled_from(PATHS)) if is_odd else INTENT_PATH
    headers = [b"Host: localhost", *draw(st.lists(st.sampled_from(HEADERS), max_size=2))]
    framing = draw(st.sampled_from(["length"] * 8 + ["chunked", "chunked", "short", "long", "both", "broken", "early"]))
    answers: int | None = 1
    match framing:
        case "length":
            headers.append(b"Content-Length: %d" % len(body))
        case "chunked":
            headers.append(b"Transfer-Encoding: chunked")
            body = in_chunks(body, draw(st.sampled_from([7, 4096, 70_000])) if len(body) > 999 else 3)
        case _:
            answers = None
            length = {"short": len(body) // 2, "long": len(body) + 10}.get(framing, len(body))
            headers.append(b"Content-Length: %d" % length)
            if framing == "both":
                headers.append(b"Transfer-Encoding: chunked")
            if framing == "broken":
                headers.insert(draw(st.integers(0, len(headers))), draw(st.sampled_from(BROKEN_HEADERS)))
    raw = f"{method} {path} HTTP/1.1\r\n".encode("latin-1") + b"\r\n".join(headers) + b"\r\n\r\n" + body
    if framing == "early":
        raw = raw[: draw(st.integers(0, len(raw)))]
    if answers is None or any(b"onnection:" in header for header in headers) or method == "CONNECT":
        return RawRequest(raw, None, method)
    times = draw(st.sampled_from([1] * 9 + [3])) if len(raw) < 20_000 else 1
    return RawRequest(raw * times, times, method)


@contextmanager
def allow_disconnect() -> Iterator[None]:
    """Within the block the server may close the connection, but must not time out."""
    try:
        yield
    except TimeoutError:
        raise
    except OSError:
        pass


class Client:
    """A client that keeps its connection alive as long as the server does."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.connection: tuple[socket.socket, BinaryIO] | None = None

    def close(self) -> None:
        for one in self.connection or ():
            one.close()
        self.connection = None

    def request_all(self, batch: list[RawRequest]) -> list[tuple[int, bytes]]:
        return [answer for sent in batch for answer in self.request(sent)]

    def request(self, sent: RawRequest) -> list[tuple[int, bytes]]:
        """The answers: status and raw bytes."""
        return self._request_once(sent.raw) if sent.answers is None else self._request_kept_alive(sent)

    def _request_once(self, raw: bytes) -> list[tuple[int, bytes]]:
        """Send, shut down the sending side, read to the end."""
        received = bytearray()
        with closing(self._connect()) as own, allow_disconnect():
            own.sendall(raw)
            own.shutdown(socket.SHUT_WR)
            while part := own.recv(65536):
                received += part
        return [
            (int(status), bytes(received)) for status in re.findall(rb"^HTTP/1\.[01] (\d+)", received, re.MULTILINE)
        ]

    def _request_kept_alive(self, sent: RawRequest) -> list[tuple[int, bytes]]:
        """Retry over a new connection if the server has just closed the old one. An answer may be missing only if the
        server closed the connection while a body that is too large was being sent."""
        for is_new in (self.connection is None, True):
            if self.connection is None:
                opened = self._connect()
                self.connection = opened, opened.makefile("rb")
            if answers := self._exchange(*self.connection, sent):
                return answers
            if is_new:
                break
        assert len(sent.raw) > 256 * KIB, "no answer"
        return []

    def _exchange(self, connection: socket.socket, stream: BinaryIO, sent: RawRequest) -> list[tuple[int, bytes]]:
        answers: list[tuple[int, bytes]] = []
        with allow_disconnect():
            connection.sendall(sent.raw)
            while len(answers) < (sent.answers or 0):
                answers.append(read_answer(stream, with_body=sent.method != "HEAD"))
            return answers
        self.close()
        return answers

    def _connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)


def read_answer(stream: BinaryIO, *, with_body: bool) -> tuple[int, bytes]:
    """One answer: its status and its bytes."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline()
        if not line:
            raise ConnectionAbortedError
        head += line
    length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    return int(head.split()[1]), head + (stream.read(int(length[1])) if length and with_body else b"")


class SlowSender:
    """Sends one event after another, with its head or its body in small pieces."""

    def __init__(self, port: int, part: str) -> None:
        self.port, self.part = port, part
        self.statuses: list[int] = []
        self._start_request()

    def _start_request(self) -> None:
        body = json.dumps(lead("slow", name="Slow")).encode()
        head = f"POST {INTENT_PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        self.connection = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        self.left = head + body
        self.at_once = len(body) if self.part == "head" else 0
        self.send_bytes(len(head) if self.part == "body" else 1)

    def send_bytes(self, count: int) -> None:
        self.connection.sendall(self.left[:count])
        self.left = self.left[count:]

    def finish(self) -> None:
        self.send_bytes(len(self.left))
        with closing(self.connection), self.connection.makefile("rb") as stream:
            self.statuses.append(read_answer(stream, with_body=True)[0])

    def step(self) -> None:
        self.send_bytes(5)
        if len(self.left) <= self.at_once:
            self.finish()
            self._start_request()


@contextmanager
def slow_senders(port: int) -> Iterator[list[int]]:
    """They send within the block and finish at its end. Yields the statuses of their answers."""
    stop = threading.Event()
    statuses: list[int] = []

    def send_slowly() -> None:
        senders = [SlowSender(port, part) for part in ["body"] * SLOW_BODIES + ["head"] * SLOW_HEADS]
        while not stop.wait(0.25):
            for sender in senders:
                sender.step()
        for sender in senders:
            sender.finish()
        statuses.extend(status for sender in senders for status in sender.statuses)

    thread = threading.Thread(target=send_slowly)
    thread.start()
    try:
        yield statuses
    finally:
        stop.set()
        thread.join()


@pytest.fixture(scope="module")
def target(
    tmp_path_factory: pytest.TempPathFactory, databases: Iterator[str], processes: None
) -> Iterator[tuple[Line, Process]]:
    """A receiver of its own."""
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("fuzz")
        line = stack.enter_context(open_line(folder, next(databases), WEB_CONCURRENCY="1", METRICS_TOKEN="scrape-me"))
        process = line.start("web", **PATIENT)
        line.await_web()
        # Register a live worker, so that readyz has no reason for a 503.
        line.redis.zadd(keys.WORKERS, {"alive": 4e12})
        stack.callback(line.redis.flushdb)
        yield line, process


def family(pid: int) -> list[int]:
    """The process and its descendants."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in family(int(child)))]


def test_no_request_causes_an_error_a_crash_or_a_leak(target: tuple[Line, Process]) -> None:
    """Thousands of requests, other ones in each run, while slow senders hold connections and are served too."""
    line, process = target
    before = family(process.popen.pid)
    port = int(line.environ["PORT"])
    counts: dict[int, int] = {}

    with ExitStack() as stack:
        slow = stack.enter_context(slow_senders(port))
        pool = stack.enter_context(ThreadPoolExecutor(CLIENTS))
        clients = [stack.enter_context(closing(Client(port))) for _ in range(CLIENTS)]

        @given(batches())
        @settings(max_examples=REQUESTS // BATCH, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
        def fire(batch: list[RawRequest]) -> None:
            shares = [batch[number::CLIENTS] for number in range(CLIENTS)]
            for status, received in chain.from_iterable(pool.map(Client.request_all, clients, shares)):
                counts[status] = counts.get(status, 0) + 1
                assert status in EXPECTED, received[:500]
                assert SECRET.encode() not in received
                assert b"Traceback" not in received
                assert b"X-Injected" not in received

        fire()
    assert set(slow) == {200}
    assert len(slow) >= SLOW_BODIES + SLOW_HEADS
    assert {200, 400, 403, 404, 405, 413, 422} <= counts.keys(), counts
    assert family(process.popen.pid) == before
    assert SECRET not in line.logs()
    assert "Traceback" not in line.logs()
    assert line.post(lead("after")).status_code == 200
