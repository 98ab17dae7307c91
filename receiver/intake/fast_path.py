"""The fast path: DealDroid's posts bypass Flask; everything else, and every failure, goes through it.

Flask and Werkzeug build a context, a request, a response and their headers for each post. After a wait for Redis that
code is cold in the processor's caches and costs twice as much as all of the view's own work (docs/performance.md).
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask

from receiver.intake.view import FAILURE, MAX_BODY, PATH, Intake

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATHS = (PATH, PATH + "/")


class FastPath:
    """WSGI middleware around the application that serves `intake`."""

    def __init__(self, app: Flask, intake: Intake) -> None:
        self._app: WSGIApplication = app.wsgi_app
        self._intake = intake

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        # Unless the server sets wsgi.input_terminated, read() may block; let Werkzeug parse Content-Length.
        if (
            environ["PATH_INFO"] not in PATHS
            or environ["REQUEST_METHOD"] != "POST"
            or not environ.get("wsgi.input_terminated")
        ):
            return self._app(environ, start_response)
        try:
            # One byte more, to tell a body over the limit from one at the limit.
            reply = self._intake.accept(environ["wsgi.input"].read(MAX_BODY + 1), environ)
        except Exception as error:
            environ[FAILURE] = error
            return self._app(environ, start_response)
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(reply)))])
        return [reply]
