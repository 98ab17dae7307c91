"""A load of intent events from another process: keep-alive connections, every event new, about 1.5 KB each."""

import argparse
import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PAYLOAD = Path(__file__).parents[1] / "tests/payloads/purchase_th.json"


def make(number: int, tag: str, secret: str) -> bytes:
    """The body of one event of a customer of its own."""
    body: dict[str, Any] = json.loads(PAYLOAD.read_bytes())
    body |= {"mid": f"m-{tag}-{number}", "customer_id": f"c-{tag}-{number}", "secret": secret}
    body["contact_info"] |= {
        "name": f"สมชาย{number} ใจดี{number}",
        "email": f"u{number}.{tag}@example.com",
        "phone": f"081{number % 10_000_000:07d}",
    }
    return json.dumps(body, ensure_ascii=False).encode()


def post(url: str, bodies: list[bytes], connections: int) -> list[float]:
    """Post all bodies over `connections` connections; the seconds that each took. Raises OSError, and RuntimeError for
    an answer other than 200."""
    parts = urlsplit(url)

    def work(mine: list[bytes]) -> list[float]:
        connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=30)
        return [_time_one(connection, parts.path, body) for body in mine]

    with ThreadPoolExecutor(connections) as pool:
        found = list(pool.map(work, [bodies[first::connections] for first in range(connections)]))
    return [seconds for some in found for seconds in some]


def _time_one(connection: http.client.HTTPConnection, path: str, body: bytes) -> float:
    began = time.perf_counter()
    connection.request("POST", path, body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise RuntimeError(f"a request was answered with {answer.status}")
    return time.perf_counter() - began


def main() -> None:
    """Post and print {"seconds", "p50_ms", "p99_ms"} as JSON."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("url")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--tag", default="a")
    parser.add_argument("--secret", default="")
    parser.add_argument("--empty", action="store_true", help="send no body: a view that reads none closes otherwise")
    options = parser.parse_args()
    bodies = [b"" if options.empty else make(number, options.tag, options.secret) for number in range(options.count)]
    began = time.perf_counter()
    times = sorted(post(options.url, bodies, options.connections))
    seconds = time.perf_counter() - began
    found = {"seconds": seconds, "p50_ms": times[len(times) // 2] * 1e3, "p99_ms": times[int(len(times) * 0.99)] * 1e3}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
