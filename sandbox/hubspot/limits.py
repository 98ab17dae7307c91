"""How much room a portal has, which objects are activated, and which rules its properties have: to be read."""

from typing import Any

from flask import Blueprint, Response

from sandbox.hubspot.answers import answer
from sandbox.hubspot.object_types import CONTACTS, ObjectType
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.versions import Version

# The most records of a type that any portal may have.
ROOM = 15_000_000


def limit_routes(portal: Portal, version: Version) -> Blueprint:
    routes = Blueprint(f"limits-{version.name}", __name__)

    @routes.get(f"{version.path('limits')}/custom-properties")
    def property_limits() -> Response:
        limit = portal.settings.max_properties
        with portal.lock:
            used = {table.type: len(table.own_properties()) for table in portal.tables.values()}
        overall, room = sum(used.values()), limit * len(used)
        told = {"overallLimit": room, "overallUsage": overall, "overallPercentage": _percentage(overall, room)}
        return answer({"byObjectType": [_usage(each, count, limit) for each, count in used.items()], **told})

    @routes.get(f"{version.path('limits')}/records")
    def record_limits() -> Response:
        with portal.lock:
            found = [
                _usage(each.type, len(each.records), ROOM if each.limit is None else each.limit)
                for each in portal.tables.values()
            ]
        overall = {"overallLimit": 0, "overallUsage": 0, "overallPercentage": 0}
        return answer({"hubspotDefinedObjectTypes": found, "customObjectTypes": {"byObjectType": [], **overall}})

    @routes.get(f"{version.path('property-validations')}/<type_id>")
    def list_formats(type_id: str) -> Response:
        formats = portal.settings.formats if type_id == CONTACTS.type_id else {}
        found = [{"propertyName": name, "propertyValidationRules": rules} for name, rules in formats.items()]
        return answer({"results": found})

    @routes.get(f"{version.path('property-validations')}/<type_id>/<name>")
    def get_formats(type_id: str, name: str) -> Response:
        formats = portal.settings.formats if type_id == CONTACTS.type_id else {}
        return answer({"results": formats.get(name, ())})

    @routes.get(f"{version.path('object-library')}/enablement/<type_id>")
    def enablement(type_id: str) -> Response:
        return answer({"enablement": type_id in portal.settings.enabled})

    return routes


def _usage(object_type: ObjectType, used: int, limit: int) -> dict[str, Any]:
    words = {"singularLabel": object_type.label, "pluralLabel": f"{object_type.label}s"}
    own = {"objectTypeId": object_type.type_id, **words}
    return {**own, "limit": limit, "usage": used, "percentage": _percentage(used, limit)}


def _percentage(used: int, limit: int) -> float:
    return round(100 * used / limit, 2) if limit else 100.0
