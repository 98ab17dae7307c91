"""A load of intent events from one process: kept-alive connections, every event new, about 1.5 KB each.

All requests are bytes before the clock starts, and each answer is parsed as little as HTTP allows, so that the load
takes as little as it can of the processors that it shares with what it measures. `python -m bench.load --ceiling` says
how many requests per second that is: against a server that does nothing but answer.
"""

import argparse
import json
import multiprocessing
import select
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PAYLOAD = Path(__file__).parents[1] / "tests/payloads/purchase_th.json"
CONNECTIONS = 16
SILENCE_MS = 30_000
_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n[]"


def template(tag: str, secret: str) -> bytes:
    """An event's body with `@number` where its number belongs, and `@phone` for the last 7 digits of that."""
    body: dict[str, Any] = json.loads(PAYLOAD.read_bytes())
    body |= {"mid": "m-@tag-@number", "customer_id": "c-@tag-@number", "secret": secret}
    body["contact_info"] |= {
        "name": "สมชาย@number ใจดี@number", "email": "u@number.@tag@example.com", "phone": "081@phone",
    }  # fmt: skip
    # As a shop's own notes make a payload longer than the one on DealDroid's page.
    body["notes"] = "ลูกค้าสอบถามเรื่องการจัดส่งและการรับประกันสินค้า " * 3
    return json.dumps(body, ensure_ascii=False).encode().replace(b"@tag", tag.encode())


def make(first: int, count: int, tag: str, secret: str) -> Iterator[bytes]:
    """The bodies of events of as many customers."""
    text = template(tag, secret)
    for number in range(first, first + count):
        yield text.replace(b"@number", b"%d" % number).replace(b"@phone", b"%07d" % (number % 10_000_000))


def request(url: str, body: bytes) -> bytes:
    """`POST url` with `body`, as it goes over the wire."""
    parts = urlsplit(url)
    head = f"POST {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def fire(url: str, requests: Sequence[bytes], connections: int = CONNECTIONS) -> list[float]:
    """Send all requests, on each connection one after the other's answer; the seconds that each took. Raises `OSError`
    if a connection ends, and `RuntimeError` for an answer other than 200 or none within `SILENCE_MS`."""
    parts = urlsplit(url)
    address = parts.hostname or "127.0.0.1", parts.port or 80
    clock, times = time.perf_counter, list[float]()
    todo = iter(requests)
    with ExitStack() as stack:
        poll = select.poll()
        sockets: dict[int, socket.socket] = {}
        begun: dict[int, float] = {}
        partial: dict[int, bytes] = {}
        for first in (each for _, each in zip(range(connections), todo, strict=False)):
            # These sockets block: what poll names can be read at once, and a request fits into an empty buffer.
            made = stack.enter_context(socket.create_connection(address))
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            number = made.fileno()
            sockets[number] = made
            poll.register(number, select.POLLIN)
            begun[number] = clock()
            made.sendall(first)
        while begun:
            ready = poll.poll(SILENCE_MS)
            if not ready:
                raise RuntimeError("the server fell silent")
            for number, _ in ready:
                made = sockets[number]
                data = made.recv(65_536)
                if number in partial:
                    data = partial.pop(number) + data
                elif not data:
                    raise ConnectionError("the server closed a connection")
                if not is_whole(data):
                    partial[number] = data
                    continue
                now = clock()
                times.append(now - begun[number])
                following = next(todo, None)
                if following is None:
                    del begun[number]
                    poll.unregister(number)
                    continue
                begun[number] = now
                made.sendall(following)
    return times


def is_whole(data: bytes) -> bool:
    """Whether an answer, which must be a 200 and tell its length, is all there."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return False
    if data[9:12] != b"200":
        raise RuntimeError(f"a request was answered with {data[9:12].decode('ascii', 'replace')}")
    at = data[:end].lower().find(b"content-length:")
    if at < 0:
        raise RuntimeError("an answer does not tell its length")
    return len(data) >= end + 4 + int(data[at + 15 : end].split(b"\r\n", 1)[0])


def summary(times: Sequence[float], seconds: float) -> dict[str, float]:
    """{"seconds", "per_second", "p50_ms", "p99_ms"}."""
    ordered = sorted(times)
    return {
        "seconds": seconds,
        "per_second": len(ordered) / seconds,
        "p50_ms": ordered[len(ordered) // 2] * 1e3,
        "p99_ms": ordered[int(len(ordered) * 0.99)] * 1e3,
    }


@contextmanager
def nothing() -> Iterator[str]:
    """The URL of a server that reads requests and answers `[]` without looking at them."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        child = multiprocessing.get_context("fork").Process(target=_answer_all, args=(listener,), daemon=True)
        child.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            child.terminate()
            child.join()


def _answer_all(listener: socket.socket) -> None:
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    sockets: dict[int, socket.socket] = {}
    while True:
        for number, _ in poll.poll():
            if number == listener.fileno():
                made, _ = listener.accept()
                sockets[made.fileno()] = made
                poll.register(made, select.POLLIN)
            elif not _answer(sockets[number]):
                poll.unregister(number)
                sockets.pop(number).close()


def _answer(connection: socket.socket) -> bool:
    """Whether there was a request to answer; wrk resets its connections in the end."""
    with suppress(ConnectionError):
        if connection.recv(65_536):
            connection.sendall(_ANSWER)
            return True
    return False


def main() -> None:
    """Post and print what `summary` says as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=main.__doc__)
    parser.add_argument("url", nargs="?", default="")
    parser.add_argument("--ceiling", action="store_true", help="against a server that only answers")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--connections", type=int, default=CONNECTIONS)
    parser.add_argument("--tag", default="a")
    parser.add_argument("--secret", default="")
    parser.add_argument("--empty", action="store_true", help="send no body: a server closes if a view leaves it unread")
    options = parser.parse_args()
    with ExitStack() as stack:
        url = stack.enter_context(nothing()) if options.ceiling else options.url
        bodies = make(0, options.count, options.tag, options.secret)
        requests = [request(url, b"" if options.empty else body) for body in bodies]
        began = time.perf_counter()
        times = fire(url, requests, options.connections)
        json.dump(summary(times, time.perf_counter() - began), sys.stdout)


if __name__ == "__main__":
    main()
