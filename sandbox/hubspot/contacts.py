"""The routes of single contacts, lists and search."""

import time
from typing import Any

from flask import Blueprint, Response, request

from sandbox.hubspot.answers import SHOWN, answer, shown
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.problems import not_found, validation
from sandbox.hubspot.search import search
from sandbox.hubspot.shapes import decode
from sandbox.hubspot.versions import Version

MAX_PAGE = 100


def contact_routes(portal: Portal, version: Version) -> Blueprint:
    prefix = f"{version.path('objects')}/contacts"
    routes = Blueprint(f"contacts-{version.name}", __name__, url_prefix=prefix)

    @routes.post("/search")
    def search_contacts() -> Response:
        wanted = decode("PublicObjectSearchRequest", request.get_data())
        names = (*SHOWN, *(wanted.properties or ()))
        with portal.lock:
            found, total, after = search(portal, wanted, time.time())
        results = [{**shown(contact, ()), "properties": {n: known.get(n) for n in names}} for contact, known in found]
        return answer({"total": total, "results": results, **_paging(after)})

    @routes.post("/gdpr-delete")
    def erase() -> Response:
        wanted = decode("PublicGdprDeleteInput", request.get_data())
        if not wanted.object_id.strip():
            raise validation("objectId must not be blank.")
        with portal.lock:
            contact = portal.find_to_write(wanted.id_property, wanted.object_id)
            # HubSpot's page: an email that nobody has is blocked for the future.
            if contact is None and wanted.id_property != "email":
                raise not_found("The object")
            if contact is not None:
                portal.remove(contact)
        return Response(status=204)

    @routes.post("/merge")
    def merge() -> Response:
        wanted = decode("PublicMergeInput", request.get_data())
        with portal.lock:
            primary, other = (portal.get(None, each) for each in (wanted.primary_object_id, wanted.object_id_to_merge))
            if version.merges_anew:
                return answer(shown(portal.merge(primary, other), SHOWN))
            portal.merge_into(primary, other)
            return answer(shown(primary, SHOWN))

    @routes.get("")
    def list_all() -> Response:
        limit, after = request.args.get("limit", "10"), request.args.get("after", "0")
        if not limit.isdecimal() or not after.isdecimal() or not 1 <= int(limit) <= MAX_PAGE:
            raise validation("limit must be between 1 and 100, after a number.")
        with portal.lock:
            ids = sorted(each for each in portal.contacts if each > int(after))
            page = ids[: int(limit)]
            results = [shown(portal.contacts[each], (*SHOWN, *_names("properties"))) for each in page]
        return answer({"results": results, **_paging(str(page[-1]) if len(ids) > len(page) else None)})

    @routes.post("")
    def create() -> Response:
        wanted = decode("SimplePublicObjectInputForCreate", request.get_data())
        with portal.lock:
            plan = portal.plan_create(wanted.properties, {}, demanding=version.enforces_required)
            portal.make_room(1)
            portal.commit([plan])
            return answer(shown(plan.contact, (*SHOWN, *wanted.properties)), 201)

    @routes.get("/<value>")
    def get(value: str) -> Response:
        with portal.lock:
            contact = portal.get(request.args.get("idProperty"), value)
            past = _names("propertiesWithHistory")
            return answer(shown(contact, (*SHOWN, *_names("properties"), *past), past))

    @routes.patch("/<value>")
    def change(value: str) -> Response:
        wanted = decode("SimplePublicObjectInput", request.get_data())
        with portal.lock:
            contact = portal.get(request.args.get("idProperty"), value, to_write=True)
            plan = portal.plan_change(contact, wanted.properties, {}, demanding=version.enforces_required)
            portal.commit([plan])
            return answer(shown(contact, (*SHOWN, *wanted.properties)))

    @routes.delete("/<value>")
    def archive(value: str) -> Response:
        with portal.lock:
            contact = portal.find_to_write(None, value)
            if contact is not None:
                portal.remove(contact)
        return Response(status=204)

    return routes


def _paging(after: str | None) -> dict[str, Any]:
    return {} if after is None else {"paging": {"next": {"after": after}}}


def _names(argument: str) -> list[str]:
    return [name for given in request.args.getlist(argument) for name in given.split(",") if name]
