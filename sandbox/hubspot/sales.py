"""Who owns records, and the pipelines through which they move: to be read, not changed."""

from typing import Any

from flask import Blueprint, Response, request

from sandbox.hubspot.answers import answer
from sandbox.hubspot.object_types import ObjectType
from sandbox.hubspot.pipelines import Pipeline, pipelines_of
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.problems import not_found, validation
from sandbox.hubspot.versions import Version

_SINCE = "2020-01-01T00:00:00.000Z"


def owner_routes(portal: Portal, version: Version) -> Blueprint:
    routes = Blueprint(f"owners-{version.name}", __name__, url_prefix=version.path("owners"))

    @routes.get("")
    def list_owners() -> Response:
        wanted = request.args.get("email")
        owners = portal.settings.owner_ids()
        return answer({"results": [_owner(number, email) for number, email in owners if wanted in (None, email)]})

    @routes.get("/<value>")
    def get_owner(value: str) -> Response:
        for number, email in portal.settings.owner_ids():
            if value == str(number):
                return answer(_owner(number, email))
        raise not_found("The owner")

    return routes


def pipeline_routes(portal: Portal, version: Version) -> Blueprint:
    routes = Blueprint(
        f"pipelines-{version.name}", __name__, url_prefix=f"{version.path('pipelines')}/<object_type:kind>"
    )

    def find_all(kind: ObjectType) -> list[Pipeline]:
        if not kind.pipeline:
            raise validation(f"The object type {kind.name} has no pipelines.")
        return pipelines_of(portal.settings, kind)

    @routes.get("")
    def list_pipelines(kind: ObjectType) -> Response:
        return answer({"results": [_pipeline(at, each) for at, each in enumerate(find_all(kind))]})

    @routes.get("/<pipeline_id>")
    def get_pipeline(kind: ObjectType, pipeline_id: str) -> Response:
        for at, each in enumerate(find_all(kind)):
            if each.id == pipeline_id:
                return answer(_pipeline(at, each))
        raise not_found("The pipeline")

    return routes


def _owner(number: int, email: str) -> dict[str, Any]:
    name = email.partition("@")[0].capitalize()
    dates = {"createdAt": _SINCE, "updatedAt": _SINCE, "archived": False}
    own = {"id": str(number), "email": email, "type": "PERSON", "firstName": name, "lastName": "", "teams": []}
    return {**own, "userId": 301 + number, "userIdIncludingInactive": 301 + number, **dates}


def _pipeline(at: int, pipeline: Pipeline) -> dict[str, Any]:
    dates = {"createdAt": _SINCE, "updatedAt": _SINCE, "archived": False}
    return {
        "id": pipeline.id,
        "label": pipeline.label,
        "displayOrder": at,
        "stages": [
            {
                "id": stage_id,
                "label": label,
                "displayOrder": place,
                "metadata": {},
                "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
                **dates,
            }
            for place, (stage_id, label) in enumerate(pipeline.stages.items())
        ],
        **dates,
    }
