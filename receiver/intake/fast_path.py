"""The fast lane: DealDroid's posts go past Flask, anything else and every failure through it.

Flask and Werkzeug build a context, a request, a response and their headers for each post. After a wait for Redis that
code is cold in the processor's caches and cost twice as much as all that the view itself does (docs/performance.md).
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask

from receiver.intake.view import FAILURE, MAX_BODY, PATH, Intake

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATHS = (PATH, PATH + "/")


class FastPath:
    """WSGI middleware round the application that has the view of `intake`."""

    def __init__(self, app: Flask, intake: Intake) -> None:
        self._app: WSGIApplication = app.wsgi_app
        self._intake = intake

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        # Without that promise of the server's the body has no end of its own; Werkzeug knows how to find it.
        if (
            environ["PATH_INFO"] not in PATHS
            or environ["REQUEST_METHOD"] != "POST"
            or not environ.get("wsgi.input_terminated")
        ):
            return self._app(environ, start_response)
        try:
            # One more than the limit tells a body at the limit from one beyond it.
            reply = self._intake.accept(environ["wsgi.input"].read(MAX_BODY + 1), environ)
        except Exception as error:
            environ[FAILURE] = error
            return self._app(environ, start_response)
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(reply)))])
        return [reply]
