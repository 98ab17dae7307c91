"""Keeps other web pages away from what listens on this machine for its user alone.

Any page in the user's browser can post to 127.0.0.1, and under a name of its own that leads there (DNS rebinding) it
can read the answers too. Programs send no Origin and are let through.
"""

from collections.abc import Callable, Iterable, Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit
from wsgiref.types import WSGIApplication

# Methods that change nothing (RFC 9110, 9.2.1).
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
REFUSAL = b"Only this machine, and pages that came from this address, are answered here.\n"


def guard(app: WSGIApplication) -> WSGIApplication:
    """`app`, which is asked only what `is_own` lets through; anything else is answered with 403."""

    def guarded(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if is_own(environ):
            return app(environ, start_response)
        start_response("403 Forbidden", [("Content-Type", "text/plain"), ("Content-Length", str(len(REFUSAL)))])
        return [REFUSAL]

    return guarded


def is_own(environ: Mapping[str, Any]) -> bool:
    """Whether a request, as WSGI has it, is addressed to this machine by no name that is somebody else's, and not sent
    by another site's page to change something."""
    host = environ.get("HTTP_HOST", "")
    if host and not _is_nobody_elses(host):
        return False
    if environ["REQUEST_METHOD"] in SAFE:
        return True
    site, origin = environ.get("HTTP_SEC_FETCH_SITE"), environ.get("HTTP_ORIGIN")
    if site is not None and site != "same-origin":
        return False
    return origin is None or origin == f"http://{host}"


def _is_nobody_elses(host: str) -> bool:
    """Whether nobody can make it lead here but this machine: an address is looked up nowhere."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or not ip_address(name).is_unspecified
    except ValueError:
        return False
