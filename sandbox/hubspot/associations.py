"""Associations in batches, and their types."""

import time
from typing import Any

from flask import Blueprint, Response, g, request

from sandbox.hubspot.answers import answer, batch_answer
from sandbox.hubspot.batches import check_count, is_empty, struck_rows
from sandbox.hubspot.faults import row_problem
from sandbox.hubspot.links import type_of
from sandbox.hubspot.object_types import ObjectType
from sandbox.hubspot.parameters import check_parameters
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.problems import Problem, missing, validation
from sandbox.hubspot.records import Record
from sandbox.hubspot.shapes import decode
from sandbox.hubspot.values import iso
from sandbox.hubspot.versions import Version

PACKAGE = "associations.v4"
# HubSpot's changelog of 2025: a batch read takes 1000 records; of each it shows so many others at a time.
MAX_READ, MAX_SHOWN = 1000, 500
# So many that Workato's connector links in a request; HubSpot's reference does not say.
MAX_LINKED = 2000


def association_routes(portal: Portal, version: Version) -> Blueprint:
    prefix = f"{version.path('associations')}/<object_type:origin>/<object_type:target>"
    routes = Blueprint(f"associations-{version.name}", __name__, url_prefix=prefix)

    def respond(results: list[Any], errors: list[Any], status: int = 200) -> Response:
        multi_status = portal.tells_multi_status(version)
        return batch_answer(iso(time.time()), results, errors, status=status, multi_status=multi_status)

    @routes.before_request
    def pass_over() -> Response | None:
        check_parameters()
        posted = request.method == "POST"
        return respond([], []) if posted and version.empty_batch and is_empty(request.get_data()) else None

    @routes.get("/labels")
    def list_types(origin: ObjectType, target: ObjectType) -> Response:
        return answer({"results": [_spec(type_of(origin, target))]})

    @routes.post("/batch/associate/default")
    def associate(origin: ObjectType, target: ObjectType) -> Response:
        inputs = _inputs("BatchInputPublicDefaultAssociationMultiPost", MAX_LINKED)
        own = type_of(origin, target)
        spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": own}
        errors = _link(portal, origin, target, [(each, frozenset({own})) for each in inputs])
        results = [
            {"from": {"id": each._from.id}, "to": {"id": each.to.id}, "associationSpec": spec}
            for each in inputs
            if id(each) not in errors
        ]
        # HubSpot's description lists no 207 here, in no version.
        multi_status = portal.settings.multi_status is True
        return batch_answer(iso(time.time()), results, list(errors.values()), multi_status=multi_status)

    @routes.post("/batch/create")
    def create(origin: ObjectType, target: ObjectType) -> Response:
        inputs = _inputs("BatchInputPublicAssociationMultiPost", MAX_LINKED)
        own = type_of(origin, target)
        for spec in (spec for each in inputs for spec in each.types):
            if spec.association_category == "HUBSPOT_DEFINED" and spec.association_type_id != own:
                words = f"{origin.word} to {target.word}"
                raise validation(f"The association type {spec.association_type_id} does not link {words}.")
        given = [(each, frozenset(spec.association_type_id for spec in each.types)) for each in inputs]
        errors = _link(portal, origin, target, given)
        results = [
            {
                "fromObjectTypeId": origin.type_id,
                "fromObjectId": each._from.id,
                "toObjectTypeId": target.type_id,
                "toObjectId": each.to.id,
                "labels": [],
            }
            for each in inputs
            if id(each) not in errors
        ]
        return respond(results, list(errors.values()), 201)

    @routes.post("/batch/read")
    def read(origin: ObjectType, target: ObjectType) -> Response:
        inputs = _inputs("BatchInputPublicFetchAssociationsBatchRequest", MAX_READ)
        if any(not (each.after or "0").isdecimal() for each in inputs):
            raise validation("after must be what an earlier answer told.")
        with portal.lock:
            found = [(each, _targets(portal, origin, each.id, target)) for each in inputs]
        results = [_page(each, to) for each, to in found if to]
        errors = [_unlinked(origin, each.id, target).row(None) for each, to in found if not to]
        return respond(results, errors)

    @routes.post("/batch/archive")
    def archive(origin: ObjectType, target: ObjectType) -> Response:
        inputs = _inputs("BatchInputPublicAssociationMultiArchive")
        with portal.lock:
            for each in inputs:
                start = portal.table(origin).find_to_write(None, each._from.id)
                ends = [portal.table(target).find_to_write(None, other.id) for other in each.to]
                for end in ends:
                    if start is not None and end is not None:
                        portal.links.remove((origin.name, start.id), (target.name, end.id))
        if version.unlinked_status == 204:
            return Response(status=204)
        return answer({"status": "COMPLETE"}, version.unlinked_status)

    return routes


def _inputs(model: str, most: int = 100) -> Any:
    inputs = decode(model, request.get_data(), PACKAGE).inputs
    check_count(inputs, most)
    g.rows = len(inputs)
    return inputs


def _link(
    portal: Portal, origin: ObjectType, target: ObjectType, given: list[tuple[Any, frozenset[int]]]
) -> dict[int, dict[str, Any]]:
    """Link both ways; identity of an input -> the error of one that cannot be linked."""
    errors: dict[int, dict[str, Any]] = {}
    struck = struck_rows([each for each, _ in given])
    with portal.lock:
        for each, types in given:
            try:
                if id(each) in struck and g.fault.kind != "row_warned":
                    raise row_problem(g.fault)
                start = _find(portal, origin, each._from.id)
                portal.link(start, _find(portal, target, each.to.id), types)
            except Problem as problem:
                errors[id(each)] = problem.row(None, bare=portal.settings.bare_errors)
    return errors


def _find(portal: Portal, object_type: ObjectType, value: str) -> Record:
    found = portal.table(object_type).find_to_write(None, value)
    if found is None:
        raise missing([value], object_type.word)
    return found


def _spec(own: int) -> dict[str, Any]:
    return {"category": "HUBSPOT_DEFINED", "typeId": own, "label": None}


def _targets(portal: Portal, origin: ObjectType, value: str, target: ObjectType) -> list[dict[str, Any]]:
    record = portal.table(origin).find(None, value)
    if record is None:
        return []
    links = portal.links.of((origin.name, record.id), target.name)
    return [
        {"toObjectId": str(other), "associationTypes": [_spec(each) for each in sorted(types)]}
        for other, types in links.items()
    ]


def _page(wanted: Any, to: list[dict[str, Any]]) -> dict[str, Any]:
    start = int(wanted.after or "0")
    end = start + MAX_SHOWN
    body = {"from": {"id": wanted.id}, "to": to[start:end]}
    return {**body, "paging": {"next": {"after": str(end)}}} if end < len(to) else body


def _unlinked(origin: ObjectType, own: str, target: ObjectType) -> Problem:
    message = f"No {target.singular} is associated with {origin.singular} {own}."
    return Problem(404, "OBJECT_NOT_FOUND", message, context={"fromObjectId": [own]})
