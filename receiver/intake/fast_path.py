"""The way of every request into the process: first its body, then a turn, then its answer.

A body may come slowly, so only what is there altogether takes one of the `TURNS`: more at once would be slower, and
everybody would wait. DealDroid's posts bypass Flask; everything else, and every failure, goes through it.

Flask and Werkzeug build a context, a request, a response and their headers for each post. After a wait for Redis that
code is cold in the processor's caches and costs twice as much as all of the view's own work (docs/performance.md).
"""

from collections.abc import Iterable
from io import BytesIO
from queue import SimpleQueue
from typing import TYPE_CHECKING

from flask import Flask

from receiver.intake.view import FAILURE, MAX_BODY, PATH, Intake

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATHS = (PATH, PATH + "/")
# Requests of a process that are worked on at once.
TURNS = 64


class FastPath:
    """WSGI middleware around the application that serves `intake`."""

    def __init__(self, app: Flask, intake: Intake) -> None:
        self._app: WSGIApplication = app.wsgi_app
        self._intake = intake
        # Not a semaphore: that one is written in Python and serves in no order.
        self._turns: SimpleQueue[None] = SimpleQueue()
        for _ in range(TURNS):
            self._turns.put(None)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        # Unless the server sets wsgi.input_terminated, read() may block; let Werkzeug parse Content-Length.
        if not environ.get("wsgi.input_terminated"):
            return self._app(environ, start_response)
        # One byte more, to tell a body over the limit from one at the limit.
        raw = environ["wsgi.input"].read(MAX_BODY + 1)
        self._turns.get()
        try:
            return self._answer(raw, environ, start_response)
        finally:
            self._turns.put(None)

    def _answer(self, raw: bytes, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["PATH_INFO"] in PATHS and environ["REQUEST_METHOD"] == "POST":
            try:
                reply = self._intake.accept(raw, environ)
            except Exception as error:
                environ[FAILURE] = error
            else:
                length = str(len(reply.body))
                headers = [("Content-Type", "application/json"), ("Content-Length", length), *reply.headers]
                start_response("200 OK", headers)
                return [reply.body]
        environ["wsgi.input"] = BytesIO(raw)
        return self._app(environ, start_response)
