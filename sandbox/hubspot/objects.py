"""The routes of single records, lists and search."""

import time
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.routing import BaseConverter, ValidationError

from sandbox.hubspot.answers import answer, shown
from sandbox.hubspot.links import type_name
from sandbox.hubspot.object_types import OBJECT_TYPES, ObjectType, find_object_type
from sandbox.hubspot.parameters import READ, check_parameters, is_set, names_in, page_of
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.problems import not_found, validation
from sandbox.hubspot.records import Record
from sandbox.hubspot.search import search
from sandbox.hubspot.shapes import decode
from sandbox.hubspot.versions import Version

MAX_PAGE = 100


class ObjectTypeConverter(BaseConverter):
    """An object type in a path."""

    def to_python(self, value: str) -> ObjectType:
        found = find_object_type(value)
        if found is None:
            raise ValidationError
        return found

    def to_url(self, value: ObjectType) -> str:
        return value.name


def object_routes(portal: Portal, version: Version) -> Blueprint:
    prefix = f"{version.path('objects')}/<object_type:kind>"
    routes = Blueprint(f"objects-{version.name}", __name__, url_prefix=prefix)
    demanding = version.enforces_required

    def read(record: Record) -> dict[str, Any]:
        body = shown(record, (*record.type.shown, *names_in("properties")), names_in("propertiesWithHistory"))
        links = {target.name.replace("_", " "): _linked(portal, record, target) for target in _targets()}
        found = {name: {"results": results} for name, results in links.items() if results}
        return {**body, "associations": found} if found else body

    @routes.post("/search")
    def search_all(kind: ObjectType) -> Response:
        check_parameters()
        wanted = decode("PublicObjectSearchRequest", request.get_data())
        names = (*kind.shown, *(wanted.properties or ()))
        with portal.lock:
            found, total, after = search(portal.table(kind), portal.settings.search_lag, wanted, time.time())
        results = [
            {**shown(record, ()), "properties": {n: known.get(n) for n in names}, "updatedAt": known[kind.modified]}
            for record, known in found
        ]
        return answer({"total": total, "results": results, **_paging(after)})

    @routes.get("")
    def list_all(kind: ObjectType) -> Response:
        check_parameters("limit", "after", *READ)
        limit, after = page_of(MAX_PAGE)
        with portal.lock:
            table = portal.table(kind)
            records = table.deleted if is_set("archived") else table.records
            ids = sorted(each for each in records if each > after)
            page = ids[:limit]
            results = [read(records[each]) for each in page]
        return answer({"results": results, **_paging(str(page[-1]) if len(ids) > len(page) else None)})

    @routes.post("")
    def create(kind: ObjectType) -> Response:
        check_parameters()
        wanted = decode("SimplePublicObjectInputForCreate", request.get_data())
        with portal.lock:
            plan = portal.plan_create(kind, wanted, {}, demanding=demanding)
            portal.table(kind).make_room(1)
            portal.commit(kind, [plan])
            body = shown(plan.record, (*kind.shown, *wanted.properties))
            body["properties"] |= {name: plan.changes[name] for name in kind.echoed & plan.changes.keys()}
            return answer(body, 201)

    @routes.get("/<value>")
    def get(kind: ObjectType, value: str) -> Response:
        check_parameters("idProperty", *READ)
        name = request.args.get("idProperty")
        with portal.lock:
            table = portal.table(kind)
            record = table.find_deleted(name, value) if is_set("archived") else table.find(name, value)
            if record is None:
                raise not_found("The object")
            return answer(read(record))

    @routes.patch("/<value>")
    def change(kind: ObjectType, value: str) -> Response:
        check_parameters("idProperty")
        wanted = decode("SimplePublicObjectInput", request.get_data())
        with portal.lock:
            table = portal.table(kind)
            record = table.get(request.args.get("idProperty"), value, to_write=True)
            plan = table.plan_change(record, wanted.properties, {}, demanding=demanding)
            portal.commit(kind, [plan])
            return answer(shown(record, (*kind.shown, *wanted.properties)))

    @routes.delete("/<value>")
    def archive(kind: ObjectType, value: str) -> Response:
        check_parameters()
        with portal.lock:
            record = portal.table(kind).find_to_write(None, value)
            if record is not None:
                portal.remove(record)
        return Response(status=204)

    return routes


def _targets() -> list[ObjectType]:
    """The types whose associated records a read asks for; raises `Problem`."""
    found = [find_object_type(name) for name in names_in("associations")]
    if None in found:
        known = ", ".join(each.name for each in OBJECT_TYPES)
        raise validation(f"associations must be among {known}.")
    return [each for each in found if each is not None]


def _linked(portal: Portal, record: Record, target: ObjectType) -> list[dict[str, str]]:
    own, kind = portal.links.of((record.type.name, record.id), target.name), type_name(record.type, target)
    return [{"id": str(each), "type": kind} for each in own]


def _paging(after: str | None) -> dict[str, Any]:
    return {} if after is None else {"paging": {"next": {"after": after}}}
