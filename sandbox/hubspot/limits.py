"""How much room a portal has, which objects are activated, and which rules its properties have: to be read."""

from typing import Any

from flask import Blueprint, Response

from sandbox.hubspot.answers import answer
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.versions import Version

# The most contacts that any portal may have.
ROOM = 15_000_000
CONTACT = {"objectTypeId": "0-1", "singularLabel": "Contact", "pluralLabel": "Contacts"}


def limit_routes(portal: Portal, version: Version) -> Blueprint:
    routes = Blueprint(f"limits-{version.name}", __name__)

    @routes.get(f"{version.path('limits')}/custom-properties")
    def property_limits() -> Response:
        with portal.lock:
            used = sum(not each.hubspot_defined for each in portal.properties.values())
        limit = portal.settings.max_properties
        overall = {"overallLimit": limit, "overallUsage": used, "overallPercentage": _percentage(used, limit)}
        return answer({"byObjectType": [_usage(used, limit)], **overall})

    @routes.get(f"{version.path('limits')}/records")
    def record_limits() -> Response:
        limit = portal.settings.max_records
        usage = _usage(len(portal.contacts), ROOM if limit is None else limit)
        overall = {"overallLimit": 0, "overallUsage": 0, "overallPercentage": 0}
        return answer({"hubspotDefinedObjectTypes": [usage], "customObjectTypes": {"byObjectType": [], **overall}})

    @routes.get(f"{version.path('property-validations')}/<type_id>")
    def list_formats(type_id: str) -> Response:
        formats = portal.settings.formats if type_id == CONTACT["objectTypeId"] else {}
        found = [{"propertyName": name, "propertyValidationRules": rules} for name, rules in formats.items()]
        return answer({"results": found})

    @routes.get(f"{version.path('property-validations')}/<type_id>/<name>")
    def get_formats(type_id: str, name: str) -> Response:
        formats = portal.settings.formats if type_id == CONTACT["objectTypeId"] else {}
        return answer({"results": formats.get(name, ())})

    @routes.get(f"{version.path('object-library')}/enablement/<type_id>")
    def enablement(type_id: str) -> Response:
        return answer({"enablement": type_id in portal.settings.enabled})

    return routes


def _usage(used: int, limit: int) -> dict[str, Any]:
    return {**CONTACT, "limit": limit, "usage": used, "percentage": _percentage(used, limit)}


def _percentage(used: int, limit: int) -> float:
    return round(100 * used / limit, 2) if limit else 100.0
