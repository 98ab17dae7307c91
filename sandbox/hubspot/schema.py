"""The properties API."""

import time
from functools import partial
from typing import Any

from flask import Blueprint, Response, request

from sandbox.hubspot import shapes
from sandbox.hubspot.answers import answer, batch_answer
from sandbox.hubspot.object_types import ObjectType
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.problems import Problem, not_found, validation
from sandbox.hubspot.properties import Property, change_property, create_property
from sandbox.hubspot.values import iso
from sandbox.hubspot.versions import Version


def schema_routes(portal: Portal, version: Version) -> Blueprint:
    prefix = f"{version.path('properties')}/<object_type:kind>"
    routes = Blueprint(f"schema-{version.name}", __name__, url_prefix=prefix)
    decode = partial(shapes.decode, package="properties", former=version.display_hints)

    def known(kind: ObjectType, name: str) -> Property:
        table = portal.table(kind)
        if name not in table.properties:
            raise not_found(f"The property '{name}'")
        return table.properties[name]

    @routes.get("")
    def list_all(kind: ObjectType) -> Response:
        with portal.lock:
            return answer({"results": list(portal.table(kind).properties.values())})

    @routes.post("")
    def create(kind: ObjectType) -> Response:
        wanted = create_property(decode("PropertyCreate", request.get_data()), ordered=version.option_order)
        with portal.lock:
            portal.table(kind).add_property(wanted)
        return answer(wanted, 201)

    @routes.post("/batch/create")
    def create_all(kind: ObjectType) -> Response:
        inputs = decode("BatchInputPropertyCreate", request.get_data()).inputs
        if len({each.name for each in inputs}) < len(inputs):
            raise validation("Duplicate names found in batch input.")
        started, made, errors = iso(time.time()), [], []
        for each in inputs:
            try:
                wanted = create_property(each, ordered=version.option_order)
                with portal.lock:
                    portal.table(kind).add_property(wanted)
                made.append(wanted)
            except Problem as problem:
                errors.append({**problem.row(None), "context": {"name": [each.name]}})
        return batch_answer(started, made, errors, status=201, multi_status=portal.tells_multi_status(version))

    @routes.post("/batch/read")
    def read_all(kind: ObjectType) -> Response:
        names = [each.name for each in decode("BatchReadInputPropertyName", request.get_data()).inputs]
        with portal.lock:
            properties = portal.table(kind).properties
            found = [properties[name] for name in names if name in properties]
        absent = [name for name in names if name not in properties]
        errors = [{**not_found("A property").row(None), "context": {"name": absent}}] if absent else []
        return batch_answer(iso(time.time()), found, errors, multi_status=portal.tells_multi_status(version))

    @routes.get("/<name>")
    def get(kind: ObjectType, name: str) -> Response:
        with portal.lock:
            return answer(known(kind, name))

    @routes.patch("/<name>")
    def change(kind: ObjectType, name: str) -> Response:
        wanted = decode("PropertyUpdate", request.get_data())
        with portal.lock:
            table = portal.table(kind)
            table.properties[name] = change_property(known(kind, name), wanted, ordered=version.option_order)
            table.derive_rules()
            return answer(table.properties[name])

    @routes.delete("/<name>")
    def archive(kind: ObjectType, name: str) -> Response:
        with portal.lock:
            if known(kind, name).hubspot_defined:
                raise validation(f"The property {name} cannot be archived.")
            table = portal.table(kind)
            del table.properties[name]
            table.archived.add(name)
            table.derive_rules()
        return Response(status=204)

    @routes.get("/groups")
    def list_groups(kind: ObjectType) -> Response:
        with portal.lock:
            return answer({"results": [_group(name, label) for name, label in portal.table(kind).groups.items()]})

    @routes.post("/groups")
    def create_group(kind: ObjectType) -> Response:
        wanted = decode("PropertyGroupCreate", request.get_data())
        with portal.lock:
            groups = portal.table(kind).groups
            if wanted.name in groups:
                message = f"A property group named '{wanted.name}' already exists."
                raise Problem(409, "OBJECT_ALREADY_EXISTS", message)
            groups[wanted.name] = wanted.label
        return answer(_group(wanted.name, wanted.label), 201)

    @routes.get("/groups/<name>")
    def get_group(kind: ObjectType, name: str) -> Response:
        with portal.lock:
            groups = portal.table(kind).groups
            if name not in groups:
                raise not_found(f"The property group '{name}'")
            return answer(_group(name, groups[name]))

    return routes


def _group(name: str, label: str) -> dict[str, Any]:
    return {"name": name, "label": label, "displayOrder": -1, "archived": False}
