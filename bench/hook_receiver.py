"""`python -m bench.hook_receiver PORT SECONDS`: takes hooks, each in so many seconds; GET tells what came."""

import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

from sandbox.http_server import serve


class Receiver:
    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.taken: Counter[str] = Counter()
        self.times: list[float] = []
        self.lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "POST":
            environ["wsgi.input"].read()
            with self.lock:
                self.taken[environ["HTTP_WEBHOOK_ID"]] += 1
                self.times.append(time.time())
            time.sleep(self.seconds)
            start_response("204 No Content", [("Content-Length", "0")])
            return []
        with self.lock:
            twice = sum(1 for number in self.taken.values() if number > 1)
            answer = json.dumps({"events": len(self.taken), "twice": twice, "times": sorted(self.times)}).encode()
        start_response("200 OK", [("Content-Length", str(len(answer)))])
        return [answer]


if __name__ == "__main__":
    serve(Receiver(float(sys.argv[2])), int(sys.argv[1]))
