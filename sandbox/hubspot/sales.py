"""Who owns records, and the pipelines through which they move: to be read, not changed."""

from typing import Any

from flask import Blueprint, Response, request

from sandbox.hubspot.answers import answer
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.problems import not_found, validation
from sandbox.hubspot.versions import Version

_SINCE = "2020-01-01T00:00:00.000Z"
# Object type -> its pipeline's label and stages. Ids are a portal's own: whoever needs one has to read it.
_PIPELINES = {
    "orders": ("Order Pipeline", ("Open", "Processed", "Shipped", "Delivered", "Cancelled")),
    "deals": ("Sales Pipeline", ("Appointment Scheduled", "Contract Sent", "Closed Won", "Closed Lost")),
}


def owner_routes(portal: Portal, version: Version) -> Blueprint:
    routes = Blueprint(f"owners-{version.name}", __name__, url_prefix=version.path("owners"))

    @routes.get("")
    def list_owners() -> Response:
        wanted = request.args.get("email")
        found = [_owner(at, email) for at, email in enumerate(portal.settings.owners) if wanted in (None, email)]
        return answer({"results": found})

    return routes


def pipeline_routes(portal: Portal, version: Version) -> Blueprint:
    routes = Blueprint(f"pipelines-{version.name}", __name__, url_prefix=version.path("pipelines"))

    @routes.get("/<kind>")
    def list_pipelines(kind: str) -> Response:
        if kind not in _PIPELINES:
            raise validation(f"The object type {kind} has no pipelines.")
        return answer({"results": [_pipeline(kind, portal.settings.portal_id)]})

    @routes.get("/<kind>/<pipeline_id>")
    def get_pipeline(kind: str, pipeline_id: str) -> Response:
        found = _pipeline(kind, portal.settings.portal_id) if kind in _PIPELINES else {}
        if found.get("id") != pipeline_id:
            raise not_found("The pipeline")
        return answer(found)

    return routes


def _owner(at: int, email: str) -> dict[str, Any]:
    name = email.partition("@")[0].capitalize()
    dates = {"createdAt": _SINCE, "updatedAt": _SINCE, "archived": False}
    own = {"id": str(700 + at), "email": email, "type": "PERSON", "firstName": name, "lastName": "", "teams": []}
    return {**own, "userId": 1001 + at, "userIdIncludingInactive": 1001 + at, **dates}


def _pipeline(kind: str, portal_id: int) -> dict[str, Any]:
    label, stages = _PIPELINES[kind]
    dates = {"createdAt": _SINCE, "updatedAt": _SINCE, "archived": False}
    return {
        "id": f"{kind}-{portal_id}",
        "label": label,
        "displayOrder": 0,
        "stages": [
            {
                "id": f"{kind}-{portal_id}-{at}",
                "label": stage,
                "displayOrder": at,
                "metadata": {},
                "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
                **dates,
            }
            for at, stage in enumerate(stages)
        ],
        **dates,
    }
