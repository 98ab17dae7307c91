"""A small threaded HTTP/1.1 server for the stand-ins.

Measured on the same JSON echo: gunicorn's threads cost 0.75 ms of processor time per request, granian 0.30 ms but hides
its sockets. The stand-ins need the socket, because losing an answer or resetting a connection is what they are for.
"""

import io
import signal
import socket
import socketserver
import struct
import sys
import threading
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.client import responses
from typing import Any, cast
from urllib.parse import unquote_to_bytes
from wsgiref.types import WSGIApplication

from sandbox.same_origin import guard

MAX_LINE = 65_536


class Dropped(Exception):
    """Raised by an application to close the connection without an answer; with `reset` the peer sees a TCP reset."""

    def __init__(self, *, reset: bool = False) -> None:
        super().__init__("the connection is dropped on purpose")
        self.reset = reset


class Server(socketserver.ThreadingTCPServer):
    """Serves one WSGI application on 127.0.0.1 to this machine and its own pages (`sandbox.same_origin`), one thread
    per connection. `connections`: how many were accepted."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, app: WSGIApplication, port: int) -> None:
        super().__init__(("127.0.0.1", port), Connection)
        self.app = guard(app)
        self.connections = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            traceback.print_exc()


class Connection(socketserver.StreamRequestHandler):
    """One kept-alive connection: requests in, answers out, until either side closes."""

    disable_nagle_algorithm = True
    rbufsize = 65_536

    def handle(self) -> None:
        try:
            while self._answer():
                pass
        except Dropped as dropped:
            if dropped.reset:
                self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                # shutdown() would send FIN first; only closing a lingering socket resets it.
                self.rfile.close()
                self.request.close()

    def _answer(self) -> bool:
        line = self.rfile.readline(MAX_LINE).split()
        if len(line) != 3:
            return False
        environ = self._environ(*(part.decode("latin-1") for part in line))
        if environ is None:
            self.wfile.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return False
        keep = environ["SERVER_PROTOCOL"] == "HTTP/1.1" and environ.get("HTTP_CONNECTION", "").lower() != "close"
        return self._respond(environ) and keep

    def _environ(self, method: str, target: str, version: str) -> dict[str, Any] | None:
        path, _, query = target.partition("?")
        server = cast(Server, self.server)
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1") if "%" in path else path,
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": str(server.server_address[1]),
            "SERVER_PROTOCOL": version,
            "REMOTE_ADDR": self.client_address[0],
            "REMOTE_PORT": str(self.client_address[1]),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "sandbox.connections": server.connections,
        }
        while (raw := self.rfile.readline(MAX_LINE)) != b"\r\n":
            name, colon, value = raw.decode("latin-1").partition(":")
            if not colon:
                return None
            key = name.upper().replace("-", "_")
            environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value.strip()
        length = environ.get("CONTENT_LENGTH", "0")
        if not length.isdecimal() or "HTTP_TRANSFER_ENCODING" in environ:
            return None
        if environ.get("HTTP_EXPECT", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        environ["wsgi.input"] = io.BytesIO(self.rfile.read(int(length)))
        return environ

    def _respond(self, environ: dict[str, Any]) -> bool:
        """Send the application's answer; whether the connection can be used again."""
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            started[:] = status, headers
            return self.wfile.write

        answer: Iterable[bytes] = ()
        try:
            try:
                answer = cast(Server, self.server).app(environ, start_response)
                chunks = iter(answer)
                first = next(chunks, b"")
            except Dropped:
                raise
            except Exception:
                traceback.print_exc()
                started[:] = f"500 {responses[500]}", [("Content-Length", "0")]
                chunks, first = iter(()), b""
            status, headers = started
            measured = any(name.lower() == "content-length" for name, _ in headers) or status[:3] == "204"
            head = "".join(f"{name}: {value}\r\n" for name, value in headers)
            self.wfile.write(f"HTTP/1.1 {status}\r\n{head}\r\n".encode("latin-1") + first)
            for chunk in chunks:
                self.wfile.write(chunk)
        finally:
            if close := getattr(answer, "close", None):
                close()
        return measured


@contextmanager
def running(app: WSGIApplication, port: int = 0) -> Iterator[Server]:
    """Serve `app` in a thread for as long as the block lasts; port 0 takes any free one (see `Server.url`)."""
    with Server(app, port) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def serve(app: WSGIApplication, port: int) -> None:
    """Serve `app` until SIGTERM or Ctrl-C."""
    with Server(app, port) as server:
        # An exception raised by the handler would be lost wherever Python ignores one, and the process would stay.
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown, daemon=True).start())
        try:
            server.serve_forever(0.05)
        except KeyboardInterrupt:
            return
