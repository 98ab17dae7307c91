import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from workers.hubspot.answers import Answer

ANSWERS = Path(__file__).parent / "answers"


def answer(status: int, body: Any, **headers: str) -> Answer:
    """An answer made up for one test: a body that is cut short, or that is none of HubSpot's."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw)


def load_answer(name: str, headers: Mapping[str, str] | None = None, **body: Any) -> Answer:
    """HubSpot's answer in `answers/NAME.json`, with these headers and these fields of the body added or replaced."""
    case = json.loads((ANSWERS / f"{name}.json").read_text(encoding="utf-8"))
    given = {key.lower(): value for key, value in {**case["headers"], **(headers or {})}.items()}
    content = case["body"]
    raw = content.encode() if isinstance(content, str) else json.dumps({**content, **body}).encode()
    return Answer(case["status"], given, raw)


def load_error(name: str, *, only: Sequence[str] = ()) -> dict[str, Any]:
    """The error object in the body of `answers/NAME.json`; `only` these fields of it, since HubSpot may omit any."""
    error = load_answer(name).json()
    return {field: error[field] for field in only} if only else error


@contextmanager
def serving(reply: Callable[[str, dict[str, Any]], tuple[int, Any]]) -> Iterator[tuple[str, list[str]]]:
    """The address of a server, with a path, and the lines ("GET /path") of the requests that came, in order. `reply`:
    a request's line and its JSON body ({} if there is none) -> status and JSON body of the answer."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            line = f"{self.command} {self.path.partition('?')[0]}"
            asked.append(line)
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, body = reply(line, json.loads(sent) if sent else {})
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_POST = do_GET  # noqa: N815 - a name of http.server's

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/proxy", asked
    finally:
        server.shutdown()
        server.server_close()
