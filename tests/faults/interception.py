"""A worker whose calls to the portal a test may change or refuse."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from sandbox.http_server import running
from sandbox.hubspot import create_app
from tests.faults.conftest import Scene, Worker

Interceptor = Callable[[dict[str, Any]], str]
"""Changes the body of a batch. Returns why, or with which status, HubSpot refuses all of it; "": it does not."""


@contextmanager
def intercepting_worker(scene: Scene, intercept: Interceptor, call: str = "/batch/upsert") -> Iterator[Worker]:
    """A worker that reaches the same portal through `intercept`."""
    with running(intercepting_app(create_app(scene.line.crm.portal), intercept, call)) as server:
        worker = scene.worker(HUBSPOT_BASE_URL=server.url)
        yield worker
        worker.close()


def intercepting_app(app: WSGIApplication, intercept: Interceptor, call: str = "/batch/upsert") -> WSGIApplication:
    def served(environ: WSGIEnvironment, start: StartResponse) -> Any:
        if environ["PATH_INFO"].endswith(call):
            body = json.loads(environ["wsgi.input"].read())
            refusal = intercept(body)
            if refusal:
                status = refusal if refusal[:3].isdigit() else "400 Bad Request"
                category = "OBJECT_NOT_FOUND" if status.startswith("404") else "VALIDATION_ERROR"
                answer = json.dumps({"status": "error", "category": category, "message": refusal}).encode()
                answer = b"<html>Blocked</html>" if status.startswith("403") else answer
                start(status, [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
                return [answer]
            raw = json.dumps(body).encode()
            environ |= {"wsgi.input": io.BytesIO(raw), "CONTENT_LENGTH": str(len(raw))}
        return app(environ, start)

    return served
