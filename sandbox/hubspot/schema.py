"""The properties API for contacts."""

import time
from functools import partial
from typing import Any

from flask import Blueprint, Response, request

from sandbox.hubspot import shapes
from sandbox.hubspot.answers import answer, batch_answer
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.problems import Problem, not_found, validation
from sandbox.hubspot.properties import Property, change_property, create_property
from sandbox.hubspot.values import iso
from sandbox.hubspot.versions import Version


def schema_routes(portal: Portal, version: Version) -> Blueprint:
    prefix = f"{version.path('properties')}/contacts"
    routes = Blueprint(f"schema-{version.name}", __name__, url_prefix=prefix)
    decode = partial(shapes.decode, package="properties", former=version.display_hints)

    def known(name: str) -> Property:
        if name not in portal.properties:
            raise not_found(f"The property '{name}'")
        return portal.properties[name]

    @routes.get("")
    def list_all() -> Response:
        with portal.lock:
            return answer({"results": list(portal.properties.values())})

    @routes.post("")
    def create() -> Response:
        wanted = create_property(decode("PropertyCreate", request.get_data()), ordered=version.option_order)
        with portal.lock:
            portal.add_property(wanted)
        return answer(wanted, 201)

    @routes.post("/batch/create")
    def create_all() -> Response:
        inputs = decode("BatchInputPropertyCreate", request.get_data()).inputs
        if len({each.name for each in inputs}) < len(inputs):
            raise validation("Duplicate names found in batch input.")
        started, made, errors = iso(time.time()), [], []
        for each in inputs:
            try:
                wanted = create_property(each, ordered=version.option_order)
                with portal.lock:
                    portal.add_property(wanted)
                made.append(wanted)
            except Problem as problem:
                errors.append({**problem.row(None), "context": {"name": [each.name]}})
        return batch_answer(started, made, errors, status=201, multi_status=portal.tells_multi_status(version))

    @routes.post("/batch/read")
    def read_all() -> Response:
        names = [each.name for each in decode("BatchReadInputPropertyName", request.get_data()).inputs]
        with portal.lock:
            found = [portal.properties[name] for name in names if name in portal.properties]
        absent = [name for name in names if name not in portal.properties]
        errors = [{**not_found("A property").row(None), "context": {"name": absent}}] if absent else []
        return batch_answer(iso(time.time()), found, errors, multi_status=portal.tells_multi_status(version))

    @routes.get("/<name>")
    def get(name: str) -> Response:
        with portal.lock:
            return answer(known(name))

    @routes.patch("/<name>")
    def change(name: str) -> Response:
        wanted = decode("PropertyUpdate", request.get_data())
        with portal.lock:
            portal.properties[name] = change_property(known(name), wanted, ordered=version.option_order)
            portal.derive_rules()
            return answer(portal.properties[name])

    @routes.delete("/<name>")
    def archive(name: str) -> Response:
        with portal.lock:
            if known(name).hubspot_defined:
                raise validation(f"The property {name} cannot be archived.")
            del portal.properties[name]
            portal.archived.add(name)
            portal.index.pop(name, None)
            portal.derive_rules()
        return Response(status=204)

    @routes.get("/groups")
    def list_groups() -> Response:
        with portal.lock:
            return answer({"results": [_group(name, label) for name, label in portal.groups.items()]})

    @routes.post("/groups")
    def create_group() -> Response:
        wanted = decode("PropertyGroupCreate", request.get_data())
        with portal.lock:
            if wanted.name in portal.groups:
                message = f"A property group named '{wanted.name}' already exists."
                raise Problem(409, "OBJECT_ALREADY_EXISTS", message)
            portal.groups[wanted.name] = wanted.label
        return answer(_group(wanted.name, wanted.label), 201)

    @routes.get("/groups/<name>")
    def get_group(name: str) -> Response:
        with portal.lock:
            if name not in portal.groups:
                raise not_found(f"The property group '{name}'")
            return answer(_group(name, portal.groups[name]))

    return routes


def _group(name: str, label: str) -> dict[str, Any]:
    return {"name": name, "label": label, "displayOrder": -1, "archived": False}
