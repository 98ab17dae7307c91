"""The batch routes of contacts: up to 100 rows in a request."""

import time
from collections.abc import Callable
from typing import Any

import msgspec
from flask import Blueprint, Response, g, request

from sandbox.hubspot.answers import SHOWN, batch_answer, shown
from sandbox.hubspot.contact import Plan
from sandbox.hubspot.faults import WARNING, row_problem
from sandbox.hubspot.portal import Claims, Portal
from sandbox.hubspot.problems import Problem, missing, validation
from sandbox.hubspot.shapes import decode
from sandbox.hubspot.values import iso
from sandbox.hubspot.versions import Version

MAX_INPUTS = 100


def batch_routes(portal: Portal, version: Version) -> Blueprint:
    prefix = f"{version.path('objects')}/contacts/batch"
    routes = Blueprint(f"batches-{version.name}", __name__, url_prefix=prefix)
    demanding = version.enforces_required

    @routes.before_request
    def pass_over() -> Response | None:
        """A batch without inputs, which the dated versions answer like any other that went well."""
        empty = version.empty_batch and is_empty(request.get_data())
        return batch_answer(iso(time.time()), [], [], multi_status=False) if empty else None

    @routes.post("/upsert")
    def upsert() -> Response:
        rows = _rows("BatchInputSimplePublicObjectBatchInputUpsert")
        for row in rows:
            if not row.id_property:
                raise validation("idProperty is required for an upsert.")
            if row.id_property not in portal.index:
                raise validation(f"The property {row.id_property} is not a unique identifier property of CONTACT.")
        _refuse_duplicates([(row.id_property, row.id) for row in rows])
        # HubSpot's page: partial upserts are not supported with email as the idProperty.
        partial = _traced(rows) and all(row.id_property != "email" for row in rows)

        def plan(row: Any, claims: Claims) -> Plan:
            return portal.plan_upsert(row, claims, demanding=demanding)

        return _write(portal, version, rows, plan, partial=partial)

    @routes.post("/update")
    def update() -> Response:
        rows = _rows("BatchInputSimplePublicObjectBatchInput")
        _refuse_duplicates([(row.id_property, row.id) for row in rows])

        def plan(row: Any, claims: Claims) -> Plan:
            return portal.plan_update(row, claims, demanding=demanding)

        return _write(portal, version, rows, plan, partial=_traced(rows))

    @routes.post("/create")
    def create_all() -> Response:
        rows = _rows("BatchInputSimplePublicObjectBatchInputForCreate")

        def plan(row: Any, claims: Claims) -> Plan:
            return portal.plan_create(row.properties, claims, demanding=demanding)

        return _write(portal, version, rows, plan, partial=_traced(rows), made=201)

    @routes.post("/read")
    def read() -> Response:
        wanted = decode("BatchReadInputSimplePublicObjectId", request.get_data())
        check_count(wanted.inputs)
        _refuse_duplicates([(wanted.id_property, each.id) for each in wanted.inputs])
        started = iso(time.time())
        with portal.lock:
            found = [(each.id, portal.find(wanted.id_property, each.id)) for each in wanted.inputs]
            names, past = (*SHOWN, *wanted.properties), wanted.properties_with_history
            contacts = [contact for _, contact in found if contact is not None]
            if portal.settings.merged_reads == "once":
                contacts = list({contact.id: contact for contact in contacts}.values())
            results = [shown(contact, (*names, *past), past) for contact in contacts]
            portal.random.shuffle(results)
        lost = [value for value, contact in found if contact is None]
        errors = [missing(lost).row(None)] if lost else []
        return batch_answer(started, results, errors, multi_status=portal.tells_multi_status(version))

    @routes.post("/archive")
    def archive_all() -> Response:
        wanted = decode("BatchInputSimplePublicObjectId", request.get_data())
        check_count(wanted.inputs)
        with portal.lock:
            found = [portal.find_to_write(None, each.id) for each in wanted.inputs]
            for contact in {each.id: each for each in found if each is not None}.values():
                portal.remove(contact)
        return Response(status=204)

    return routes


class _Inputs(msgspec.Struct):
    inputs: list[msgspec.Raw] = []


def is_empty(raw: bytes) -> bool:
    """Whether the body is an object without inputs."""
    try:
        return not msgspec.json.decode(raw, type=_Inputs).inputs
    except msgspec.DecodeError:
        return False


def _rows(model: str) -> Any:
    rows = decode(model, request.get_data()).inputs
    check_count(rows)
    g.rows = len(rows)
    return rows


def check_count(rows: list[Any]) -> None:
    if not rows:
        raise validation("inputs must not be empty.")
    if len(rows) > MAX_INPUTS:
        raise validation(f"The maximum number of inputs supported in a batch request is {MAX_INPUTS}.")
    if any(getattr(row, "id", "?").strip() == "" for row in rows):
        raise validation("id must not be blank.")


def _refuse_duplicates(ids: list[tuple[str | None, str]]) -> None:
    keys = [(name, value.lower() if name == "email" else value) for name, value in ids]
    if len(set(keys)) < len(keys):
        raise validation("Duplicate IDs found in batch input.")


def _traced(rows: list[Any]) -> bool:
    """Whether every row has an objectWriteTraceId of its own."""
    traces = {row.object_write_trace_id for row in rows}
    return len(traces) == len(rows) and None not in traces and "" not in traces


def _write(
    portal: Portal,
    version: Version,
    rows: list[Any],
    plan: Callable[[Any, Claims], Plan],
    *,
    partial: bool,
    made: int = 200,
) -> Response:
    started, fault, warned = iso(time.time()), g.get("fault"), set[int]()
    if fault is not None and fault.kind.startswith("row_"):
        struck = {id(row) for row in [row for row in rows if not fault.ids or _id_of(row) in fault.ids][: fault.rows]}
        if fault.kind == "row_warned":
            warned = struck if version.warns else set()
        else:
            plan = _refusing(struck, row_problem(fault), plan)
    plans, problems = portal.write_batch(rows, plan, partial=partial)
    settings = portal.settings
    results = [_written(each, echo=settings.echo_trace_id, warned=id(each.row) in warned) for each in plans]
    portal.random.shuffle(results)
    errors = [problem.row(row.object_write_trace_id, bare=settings.bare_errors) for row, problem in problems]
    return batch_answer(started, results, errors, status=made, multi_status=portal.tells_multi_status(version))


def _refusing(struck: set[int], problem: Problem, plan: Callable[[Any, Claims], Plan]) -> Callable[[Any, Claims], Plan]:
    def refuse(row: Any, claims: Claims) -> Plan:
        if id(row) in struck:
            raise problem
        return plan(row, claims)

    return refuse


def _id_of(row: Any) -> str:
    return getattr(row, "id", "")


def _written(plan: Plan, *, echo: bool, warned: bool) -> dict[str, Any]:
    key = getattr(plan.row, "id_property", None)
    body = shown(plan.contact, (*plan.changes, key) if key else plan.changes)
    body["new"] = plan.new
    if echo and plan.row.object_write_trace_id:
        body["objectWriteTraceId"] = plan.row.object_write_trace_id
    return {**body, "warnings": [WARNING]} if warned else body
