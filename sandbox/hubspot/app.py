"""The stand-in's Flask application: who may ask, what fails, what is counted."""

import time
from typing import Any
from uuid import uuid4

import msgspec
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException
from werkzeug.http import http_date

from sandbox.call_log import CallLog
from sandbox.faults import Faults
from sandbox.http_server import Dropped
from sandbox.hubspot.account import account_routes, token_routes
from sandbox.hubspot.answers import answer
from sandbox.hubspot.associations import association_routes
from sandbox.hubspot.batches import batch_routes
from sandbox.hubspot.contacts import contact_routes
from sandbox.hubspot.control import control_routes
from sandbox.hubspot.faults import GARBLED, HTML, HubSpotFault, refusal
from sandbox.hubspot.limits import limit_routes
from sandbox.hubspot.object_types import ObjectType
from sandbox.hubspot.objects import ObjectTypeConverter, object_routes
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.problems import Problem, not_activated
from sandbox.hubspot.sales import owner_routes, pipeline_routes
from sandbox.hubspot.schema import schema_routes
from sandbox.hubspot.scopes import needed_scopes
from sandbox.hubspot.versions import VERSIONS

TOKEN_INFO = "/oauth/v2/private-apps/get/access-token-info"  # noqa: S105 - a path
_ROUTES = (
    account_routes,
    association_routes,
    batch_routes,
    contact_routes,
    limit_routes,
    object_routes,
    owner_routes,
    pipeline_routes,
    schema_routes,
)


def create_app(portal: Portal) -> Flask:
    """HubSpot's API over `portal`, and the control API. Raises `Dropped` where a connection must break."""
    app = Flask("sandbox.hubspot")
    # Dropped has to reach the server, and a mistake of ours must not look like a fault of HubSpot's.
    app.config["PROPAGATE_EXCEPTIONS"] = True
    app.url_map.strict_slashes = False
    app.url_map.converters["object_type"] = ObjectTypeConverter
    faults, call_log = Faults(HubSpotFault), CallLog()
    for version in VERSIONS:
        for make_routes in _ROUTES:
            app.register_blueprint(make_routes(portal, version))
    app.register_blueprint(token_routes(portal))
    app.register_blueprint(control_routes(portal, faults, call_log))

    @app.before_request
    def admit() -> Response | None:
        if request.path.startswith("/_sandbox/"):
            return None
        g.started = time.time()
        if request.path != TOKEN_INFO:
            _authorize(portal)
        _check_activated(portal)
        if request.method in ("POST", "PATCH", "PUT") and request.mimetype != "application/json":
            raise Problem(415, "UNSUPPORTED_MEDIA_TYPE", "The content type must be application/json.")
        with portal.lock:
            portal.quota.take(portal.settings, g.started, search=request.path.endswith("/search"))
            g.fault = faults.draw(request.method, request.path, request.get_data())
        if portal.settings.latency:
            time.sleep(portal.settings.latency)
        return _strike(g.fault, faults) if g.fault is not None else None

    @app.after_request
    def finish(response: Response) -> Response:
        if "started" not in g:
            return response
        response.headers["Date"] = http_date()
        response.headers["X-HubSpot-Correlation-Id"] = str(uuid4())
        fault: HubSpotFault | None = g.get("fault")
        kind = fault.kind if fault is not None else ""
        if portal.settings.quota_headers and not request.path.endswith("/search"):
            response.headers.update(portal.quota.headers(portal.settings))
        status = "none" if kind == "lost_answer" else str(response.status_code)
        with portal.lock:
            call_log.note(_route(), status, g.started, _rows(), kind)
        return _spoil(response, fault, faults) if fault is not None else response

    @app.errorhandler(Problem)
    def refuse(problem: Problem) -> tuple[Response, int, dict[str, str]]:
        return answer(problem.body(bare=portal.settings.bare_errors)), problem.status, problem.headers

    @app.errorhandler(HTTPException)
    def unknown(error: HTTPException) -> tuple[Response, int]:
        return answer(Problem(error.code or 500, "NOT_FOUND", error.description or "").body()), error.code or 500

    def _strike(fault: HubSpotFault, faults: Faults) -> Response | None:
        """What a fault does instead of handling the request."""
        problem = refusal(fault)
        if problem is not None:
            raise problem
        if fault.kind in ("hang", "reset"):
            if fault.kind == "hang":
                faults.released.wait(fault.seconds)
            with portal.lock:
                call_log.note(_route(), "none", g.started, _rows(), fault.kind)
            raise Dropped(reset=fault.kind == "reset")
        if fault.kind == "garbled":
            return Response(GARBLED, 500, content_type="application/json;charset=utf-8")
        if fault.kind == "html" or fault.kind.isdecimal():
            return Response(HTML, 502 if fault.kind == "html" else int(fault.kind), content_type="text/html")
        if fault.kind == "empty_results":
            now = "2024-01-01T00:00:00.000Z"
            return answer({"status": "COMPLETE", "results": [], "startedAt": now, "completedAt": now})
        return None

    return app


def _spoil(response: Response, fault: HubSpotFault, faults: Faults) -> Response:
    """What a fault does to the answer of a request that was handled."""
    if fault.kind == "lost_answer":
        raise Dropped
    if fault.kind == "missing_rows" and response.status_code < 300:
        body = msgspec.json.decode(response.get_data())
        body["results"] = body["results"][fault.rows :]
        response.set_data(msgspec.json.encode(body))
    if fault.kind == "untraced" and response.status_code < 300:
        response.set_data(msgspec.json.encode(_untrace(msgspec.json.decode(response.get_data()))))
    if fault.kind == "drip":
        data = response.get_data()
        pause = fault.seconds / max(1, len(data))

        def drops() -> Any:
            for at in range(len(data)):
                yield data[at : at + 1]
                faults.released.wait(pause)

        response.response = drops()
        response.content_length = len(data)
    return response


def _untrace(body: dict[str, Any]) -> dict[str, Any]:
    for result in body["results"]:
        if result.pop("objectWriteTraceId", None) or "properties" in result:
            result["properties"] = {"hs_object_id": result["id"]}
    for error in body.get("errors", []):
        error["context"].pop("objectWriteTraceId", None)
    return body


def _authorize(portal: Portal) -> None:
    """Raises `Problem` 401 without a good bearer token, 403 without the scope."""
    settings = portal.settings
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer" or not token.strip() or (settings.tokens and token not in settings.tokens):
        raise Problem(401, "INVALID_AUTHENTICATION", "Authentication credentials not found or expired.")
    if not request.path.startswith("/crm/"):
        return
    needed = needed_scopes(request.method, request.path)
    missing = [each for names in needed if not set(names) & set(settings.scopes) for each in names]
    if missing:
        error = {
            "message": "One or more of the following scopes are required.",
            "context": {"requiredGranularScopes": missing},
        }
        message = "This app has not been granted all required scopes to make this call."
        raise Problem(403, "MISSING_SCOPES", message, errors=[error])


def _check_activated(portal: Portal) -> None:
    """Raises `Problem` for records of a type that the admin has not activated."""
    if (request.blueprint or "").partition("-")[0] not in ("associations", "batches", "objects"):
        return
    for kind in (request.view_args or {}).values():
        if isinstance(kind, ObjectType) and kind.type_id not in portal.settings.enabled:
            raise not_activated(portal.settings.disabled_status, kind)


def _route() -> str:
    """The method and the path, with names in place of what differs from call to call."""
    if request.url_rule is None:
        return f"{request.method} {request.path}"
    rule = request.url_rule.rule
    for name, value in (request.view_args or {}).items():
        if isinstance(value, ObjectType):
            rule = rule.replace(f"<object_type:{name}>", value.name)
    return f"{request.method} {rule}"


def _rows() -> int:
    return int(g.get("rows", 0))
