"""Associations in batches. Contacts are the only records that are kept here; ids of others are taken as they come."""

import time
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, g, request

from sandbox.hubspot.answers import answer, batch_answer
from sandbox.hubspot.batches import check_count, is_empty
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.problems import Problem, missing, validation
from sandbox.hubspot.shapes import decode
from sandbox.hubspot.values import iso
from sandbox.hubspot.versions import Version

PACKAGE = "associations.v4"
# HubSpot's own type of each pair, one way and back. Source: its Python client's AssociationType.
_PAIRS = {
    ("deal", "contact"): (3, 4),
    ("deal", "line_item"): (19, 20),
    ("note", "contact"): (202, 201),
    ("note", "deal"): (214, 213),
    ("order", "contact"): (507, 508),
    ("order", "line_item"): (513, 514),
    ("order", "deal"): (512, 511),
    ("cart", "contact"): (586, 587),
    ("cart", "line_item"): (590, 591),
    ("communication", "contact"): (81, 82),
}
_TYPES = {
    **{pair: there for pair, (there, _) in _PAIRS.items()},
    **{(pair[1], pair[0]): back for pair, (_, back) in _PAIRS.items()},
}
_BACK = {there: back for pair in _PAIRS.values() for there, back in (pair, pair[::-1])}


def association_routes(portal: Portal, version: Version) -> Blueprint:
    prefix = f"{version.path('associations')}/<origin>/<target>/batch"
    routes = Blueprint(f"associations-{version.name}", __name__, url_prefix=prefix)

    def respond(results: list[Any], errors: list[Any], status: int = 200) -> Response:
        multi_status = portal.tells_multi_status(version)
        return batch_answer(iso(time.time()), results, errors, status=status, multi_status=multi_status)

    @routes.before_request
    def pass_over() -> Response | None:
        return respond([], []) if version.empty_batch and is_empty(request.get_data()) else None

    @routes.post("/associate/default")
    def associate(origin: str, target: str) -> Response:
        inputs = _inputs("BatchInputPublicDefaultAssociationMultiPost")
        own = _type_of(origin, target)
        spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": own}
        errors = _link(portal, origin, target, [(each, [own]) for each in inputs])
        results = [
            {"from": {"id": each._from.id}, "to": {"id": each.to.id}, "associationSpec": spec}
            for each in inputs
            if id(each) not in errors
        ]
        return respond(results, list(errors.values()))

    @routes.post("/create")
    def create(origin: str, target: str) -> Response:
        inputs = _inputs("BatchInputPublicAssociationMultiPost")
        own = _type_of(origin, target)
        for spec in (spec for each in inputs for spec in each.types):
            if spec.association_category == "HUBSPOT_DEFINED" and spec.association_type_id != own:
                raise validation(f"The association type {spec.association_type_id} does not link {origin} to {target}.")
        given = [(each, [spec.association_type_id for spec in each.types]) for each in inputs]
        errors = _link(portal, origin, target, given)
        results = [
            {
                "fromObjectTypeId": origin,
                "fromObjectId": each._from.id,
                "toObjectTypeId": target,
                "toObjectId": each.to.id,
                "labels": [],
            }
            for each in inputs
            if id(each) not in errors
        ]
        return respond(results, list(errors.values()), 201)

    @routes.post("/read")
    def read(origin: str, target: str) -> Response:
        wanted = [each.id for each in _inputs("BatchInputPublicFetchAssociationsBatchRequest")]
        with portal.lock:
            found = {each: list(_targets(portal, origin, each, target)) for each in wanted}
        results = [{"from": {"id": each}, "to": to} for each, to in found.items() if to]
        errors = [_unlinked(origin, each, target).row(None) for each, to in found.items() if not to]
        return respond(results, errors)

    @routes.post("/archive")
    def archive(origin: str, target: str) -> Response:
        inputs = _inputs("BatchInputPublicAssociationMultiArchive")
        with portal.lock:
            for each in inputs:
                for other in each.to:
                    portal.links.pop((_singular(origin), each._from.id, _singular(target), other.id), None)
                    portal.links.pop((_singular(target), other.id, _singular(origin), each._from.id), None)
        if version.unlinked_status == 204:
            return Response(status=204)
        return answer({"status": "COMPLETE"}, version.unlinked_status)

    return routes


def _inputs(model: str) -> Any:
    inputs = decode(model, request.get_data(), PACKAGE).inputs
    check_count(inputs)
    g.rows = len(inputs)
    return inputs


def _singular(name: str) -> str:
    return name.replace(" ", "_").removesuffix("s")


def _type_of(origin: str, target: str) -> int:
    """The id of HubSpot's own association type; raises `Problem` for a pair without one."""
    found = _TYPES.get((_singular(origin), _singular(target)))
    if found is None:
        raise validation(f"There is no default association from {origin} to {target}.")
    return found


def _link(portal: Portal, origin: str, target: str, given: list[tuple[Any, list[int]]]) -> dict[int, dict[str, Any]]:
    """Link both ways; identity of an input -> the error of one whose contact does not exist."""
    errors: dict[int, dict[str, Any]] = {}
    start, end = _singular(origin), _singular(target)
    with portal.lock:
        for each, types in given:
            ends = ((start, each._from.id), (end, each.to.id))
            lost = [value for kind, value in ends if kind == "contact" and portal.find(None, value) is None]
            if lost:
                errors[id(each)] = missing(lost).row(None)
                continue
            portal.links.setdefault((start, each._from.id, end, each.to.id), set()).update(types)
            back = {_BACK[one] for one in types if one in _BACK}
            portal.links.setdefault((end, each.to.id, start, each._from.id), set()).update(back)
    return errors


def _targets(portal: Portal, origin: str, own: str, target: str) -> Iterator[dict[str, Any]]:
    for (*ends, other), types in portal.links.items():
        if ends == [_singular(origin), own, _singular(target)]:
            specs = [{"category": "HUBSPOT_DEFINED", "typeId": each, "label": None} for each in sorted(types)]
            yield {"toObjectId": other, "associationTypes": specs}


def _unlinked(origin: str, own: str, target: str) -> Problem:
    message = f"No {_singular(target)} is associated with {_singular(origin)} {own}."
    return Problem(404, "OBJECT_NOT_FOUND", message, context={"fromObjectId": [own]})
