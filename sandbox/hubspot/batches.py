"""The batch routes of records: up to 100 rows in a request."""

import time
from collections.abc import Callable
from typing import Any

import msgspec
from flask import Blueprint, Response, g, request

from sandbox.hubspot.answers import batch_answer, shown
from sandbox.hubspot.faults import WARNING, row_problem
from sandbox.hubspot.object_types import ObjectType
from sandbox.hubspot.parameters import check_parameters, is_set
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.problems import Problem, missing, validation
from sandbox.hubspot.records import Plan
from sandbox.hubspot.shapes import decode
from sandbox.hubspot.table import Claims
from sandbox.hubspot.values import iso
from sandbox.hubspot.versions import Version

MAX_INPUTS = 100


def batch_routes(portal: Portal, version: Version) -> Blueprint:
    prefix = f"{version.path('objects')}/<object_type:kind>/batch"
    routes = Blueprint(f"batches-{version.name}", __name__, url_prefix=prefix)
    demanding = version.enforces_required

    @routes.before_request
    def pass_over() -> Response | None:
        """A batch without inputs, which the dated versions answer like any other that went well."""
        check_parameters(*(("archived",) if request.path.endswith("/read") else ()))
        empty = version.empty_batch and is_empty(request.get_data())
        return batch_answer(iso(time.time()), [], [], multi_status=False) if empty else None

    @routes.post("/upsert")
    def upsert(kind: ObjectType) -> Response:
        rows, table = _rows("BatchInputSimplePublicObjectBatchInputUpsert"), portal.table(kind)
        for row in rows:
            if not row.id_property:
                raise validation("idProperty is required for an upsert.")
            table.check_unique(row.id_property)
        _refuse_duplicates([(row.id_property, row.id) for row in rows])
        # HubSpot's page: partial upserts are not supported with email as the idProperty.
        partial = _traced(rows) and all(row.id_property != "email" for row in rows)

        def plan(row: Any, claims: Claims) -> Plan:
            return table.plan_upsert(row, claims, demanding=demanding)

        return _write(portal, version, kind, rows, plan, partial=partial)

    @routes.post("/update")
    def update(kind: ObjectType) -> Response:
        rows = _rows("BatchInputSimplePublicObjectBatchInput")
        _refuse_duplicates([(row.id_property, row.id) for row in rows])

        def plan(row: Any, claims: Claims) -> Plan:
            return portal.table(kind).plan_update(row, claims, demanding=demanding)

        return _write(portal, version, kind, rows, plan, partial=_traced(rows))

    @routes.post("/create")
    def create_all(kind: ObjectType) -> Response:
        rows = _rows("BatchInputSimplePublicObjectBatchInputForCreate")

        def plan(row: Any, claims: Claims) -> Plan:
            return portal.plan_create(kind, row, claims, demanding=demanding)

        return _write(portal, version, kind, rows, plan, partial=_traced(rows), made=201)

    @routes.post("/read")
    def read(kind: ObjectType) -> Response:
        wanted, archived = decode("BatchReadInputSimplePublicObjectId", request.get_data()), is_set("archived")
        check_count(wanted.inputs)
        _refuse_duplicates([(wanted.id_property, each.id) for each in wanted.inputs])
        started, table = iso(time.time()), portal.table(kind)
        g.rows = len(wanted.inputs)
        with portal.lock:
            find = table.find_deleted if archived else table.find
            found = [(each.id, find(wanted.id_property, each.id)) for each in wanted.inputs]
            names, past = (*kind.shown, *wanted.properties), wanted.properties_with_history
            records = [record for _, record in found if record is not None]
            if portal.settings.merged_reads == "once":
                records = list({record.id: record for record in records}.values())
            results = [shown(record, names, past) for record in records]
            portal.random.shuffle(results)
        lost = [value for value, record in found if record is None]
        errors = [missing(lost, kind.word).row(None)] if lost else []
        return batch_answer(started, results, errors, multi_status=portal.tells_multi_status(version))

    @routes.post("/archive")
    def archive_all(kind: ObjectType) -> Response:
        wanted = decode("BatchInputSimplePublicObjectId", request.get_data())
        check_count(wanted.inputs)
        with portal.lock:
            found = [portal.table(kind).find_to_write(None, each.id) for each in wanted.inputs]
            for record in {each.id: each for each in found if each is not None}.values():
                portal.remove(record)
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


def check_count(rows: list[Any], most: int = MAX_INPUTS) -> None:
    if not rows:
        raise validation("inputs must not be empty.")
    if len(rows) > most:
        raise validation(f"The maximum number of inputs supported in a batch request is {most}.")
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


def struck_rows(rows: list[Any]) -> set[int]:
    """The identities of the rows that this request's fault is about."""
    fault = g.get("fault")
    if fault is None or not fault.kind.startswith("row_"):
        return set()
    meant = [row for row in rows if not fault.ids or not fault.ids.isdisjoint(_ids_of(row))]
    return {id(row) for row in meant[: fault.rows]}


def _write(
    portal: Portal,
    version: Version,
    kind: ObjectType,
    rows: list[Any],
    plan: Callable[[Any, Claims], Plan],
    *,
    partial: bool,
    made: int = 200,
) -> Response:
    started, struck, warned = iso(time.time()), struck_rows(rows), set[int]()
    if struck:
        if g.fault.kind == "row_warned":
            warned = struck if version.warns else set()
        else:
            plan = _refusing(struck, row_problem(g.fault), plan)
    plans, problems = portal.write_batch(kind, rows, plan, partial=partial)
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


def _ids_of(row: Any) -> set[str]:
    """The ids that a row names; those of both records where it is about an association."""
    if hasattr(row, "_from"):
        return {row._from.id, *(each.id for each in (row.to if isinstance(row.to, list) else [row.to]))}
    return {getattr(row, "id", "")}


def _written(plan: Plan, *, echo: bool, warned: bool) -> dict[str, Any]:
    key = getattr(plan.row, "id_property", None)
    body = shown(plan.record, (*plan.changes, key) if key else plan.changes)
    body["properties"] |= {name: plan.changes[name] for name in plan.record.type.echoed & plan.changes.keys()}
    body["new"] = plan.new
    if echo and plan.row.object_write_trace_id:
        body["objectWriteTraceId"] = plan.row.object_write_trace_id
    return {**body, "warnings": [WARNING]} if warned else body
