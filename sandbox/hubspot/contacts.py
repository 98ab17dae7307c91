"""What can be done with contacts alone: erase one for good, and merge two."""

from flask import Blueprint, Response, request

from sandbox.hubspot.answers import answer, shown
from sandbox.hubspot.object_types import CONTACTS
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.problems import not_found, validation
from sandbox.hubspot.shapes import decode
from sandbox.hubspot.versions import Version


def contact_routes(portal: Portal, version: Version) -> Blueprint:
    prefix = f"{version.path('objects')}/contacts"
    routes = Blueprint(f"contacts-{version.name}", __name__, url_prefix=prefix)

    @routes.post("/gdpr-delete")
    def erase() -> Response:
        wanted = decode("PublicGdprDeleteInput", request.get_data())
        if not wanted.object_id.strip():
            raise validation("objectId must not be blank.")
        with portal.lock:
            contact = portal.contacts.find_to_write(wanted.id_property, wanted.object_id)
            # HubSpot's page: an email that nobody has is blocked for the future.
            if contact is None and wanted.id_property != "email":
                raise not_found("The object")
            if contact is not None:
                portal.remove(contact, erase=True)
        return Response(status=204)

    @routes.post("/merge")
    def merge() -> Response:
        wanted = decode("PublicMergeInput", request.get_data())
        with portal.lock:
            ids = (wanted.primary_object_id, wanted.object_id_to_merge)
            primary, other = (portal.contacts.get(None, each) for each in ids)
            if version.merges_anew:
                return answer(shown(portal.merge(primary, other), CONTACTS.shown))
            portal.merge_into(primary, other)
            return answer(shown(primary, CONTACTS.shown))

    return routes
