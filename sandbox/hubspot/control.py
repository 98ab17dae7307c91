"""The control API under `/_sandbox/`: look inside, set, break, reset. No token."""

import time
from collections import Counter
from typing import Any

import msgspec
from flask import Blueprint, Response, request

from sandbox.call_log import CallLog
from sandbox.faults import Faults
from sandbox.hubspot.answers import answer, shown
from sandbox.hubspot.links import type_of
from sandbox.hubspot.object_types import CONTACTS, OBJECT_TYPES, ObjectType, find_object_type
from sandbox.hubspot.pipelines import pipelines_of
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.problems import validation
from sandbox.hubspot.properties import Option
from sandbox.hubspot.records import SALESPERSON, Record
from sandbox.hubspot.settings import Settings
from sandbox.hubspot.table import Table
from sandbox.hubspot.values import iso


class Given(msgspec.Struct, forbid_unknown_fields=True):
    """`associations`: object type -> ids of the records that a new one is linked to."""

    properties: dict[str, str]
    associations: dict[str, tuple[str, ...]] = {}


class Merge(msgspec.Struct, forbid_unknown_fields=True):
    """`by`: the unique property whose values the two are; None: they are ids."""

    primary: str
    other: str
    by: str | None = None


class Reset(msgspec.Struct, forbid_unknown_fields=True):
    """`keep`: what outlives a reset; without it the portal is a new one."""

    keep: bool = False


def control_routes(portal: Portal, faults: Faults, call_log: CallLog) -> Blueprint:
    routes = Blueprint("control", __name__, url_prefix="/_sandbox")

    @routes.get("/state")
    def state() -> Response:
        with portal.lock:
            return answer(
                {
                    **{name: _records(portal, name) for name in portal.tables},
                    "calls": call_log.counts,
                    "connections": request.environ.get("sandbox.connections", 0),
                    "peak_requests_per_10s": portal.quota.peak,
                    "requests_today": portal.quota.today,
                    "properties": [each.name for each in portal.contacts.own_properties()],
                    "settings": portal.settings,
                    "labels": {name: _labels(table) for name, table in portal.tables.items()},
                    "pipelines": {each.name: _stages(portal, each) for each in OBJECT_TYPES if each.pipeline},
                    "merged": portal.contacts.merged,
                    "faults": list(faults.faults.values()),
                    "faults_struck": faults.struck,
                }
            )

    @routes.get("/calls")
    def calls() -> Response:
        with portal.lock:
            return answer(list(call_log.calls))

    @routes.post("/settings")
    def change_settings() -> Response:
        wanted = _decoded(dict[str, Any])
        with portal.lock:
            for name, options in _options(wanted.pop("options", {})).items():
                _set_options(portal, name, options)
            try:
                portal.settings = msgspec.convert({**msgspec.to_builtins(portal.settings), **wanted}, Settings)
            except msgspec.ValidationError as error:
                raise validation(str(error)) from None
            portal.derive_rules()
            return answer(portal.settings)

    @routes.get("/faults")
    def list_faults() -> Response:
        with portal.lock:
            return answer(list(faults.faults.values()))

    @routes.post("/faults")
    def put_faults() -> Response:
        with portal.lock:
            try:
                faults.put(request.get_data())
            except msgspec.MsgspecError as error:
                raise validation(str(error)) from None
            return answer(list(faults.faults.values()))

    @routes.delete("/faults", defaults={"name": None})
    @routes.delete("/faults/<name>")
    def clear_faults(name: str | None) -> Response:
        with portal.lock:
            faults.clear(name)
            return answer(list(faults.faults.values()))

    @routes.post("/reset")
    def reset() -> Response:
        keep = _decoded(Reset).keep if request.get_data() else False
        with portal.lock:
            faults.clear()
            faults.struck.clear()
            call_log.counts.clear()
            call_log.calls.clear()
            if keep:
                portal.forget_records()
            else:
                portal.reset(Settings())
        return Response(status=204)

    @routes.post("/<object_type:kind>")
    def create_record(kind: ObjectType) -> Response:
        given = _decoded(Given)
        with portal.lock:
            plan = portal.table(kind).plan_create(given.properties, {})
            portal.commit(kind, [plan], SALESPERSON)
            for name, ids in given.associations.items():
                for each in ids:
                    _link(portal, plan.record, name, each)
            return answer(shown(plan.record, plan.record.properties), 201)

    @routes.get("/<object_type:kind>/<value>")
    def get_record(kind: ObjectType, value: str) -> Response:
        with portal.lock:
            record = portal.table(kind).get(request.args.get("idProperty"), value)
            changes = {
                name: [{"at": iso(each.at), "value": each.value, "by": each.source.kind} for each in past]
                for name, past in record.changes().items()
            }
            return answer({**inside(record), "associations": _associated(portal, record), "history": changes})

    @routes.patch("/<object_type:kind>/<value>")
    def edit_record(kind: ObjectType, value: str) -> Response:
        with portal.lock:
            record = portal.table(kind).get(request.args.get("idProperty"), value)
            plan = portal.table(kind).plan_change(record, _decoded(Given).properties, {})
            portal.commit(kind, [plan], SALESPERSON)
            return answer(shown(record, record.properties))

    @routes.delete("/<object_type:kind>/<value>")
    def delete_record(kind: ObjectType, value: str) -> Response:
        with portal.lock:
            portal.remove(portal.table(kind).get(request.args.get("idProperty"), value))
        return Response(status=204)

    @routes.post("/merges")
    def merge() -> Response:
        wanted = _decoded(Merge)
        with portal.lock:
            primary, other = (portal.contacts.get(wanted.by, value) for value in (wanted.primary, wanted.other))
            return answer(inside(portal.merge(primary, other)), 201)

    return routes


def inside(record: Record) -> dict[str, Any]:
    """A record as tests see it. `changes`: property -> how often its value became another one; `writes`: property ->
    how often it was sent and accepted."""
    return {
        "id": str(record.id),
        "properties": record.properties,
        "created": iso(record.created),
        "updated": iso(record.updated),
        "changes": {name: len(past) for name, past in record.changes().items()},
        "writes": Counter(record.written_names()),
    }


def _records(portal: Portal, name: str) -> list[dict[str, Any]]:
    """All of a type; of others than contacts also what they are associated with."""
    records = portal.tables[name].records.values()
    if name == CONTACTS.name:
        return [inside(each) for each in records]
    return [{**inside(each), "associations": _associated(portal, each)} for each in records]


def _stages(portal: Portal, object_type: ObjectType) -> dict[str, str]:
    """Id of each stage of all pipelines -> label."""
    return {own: label for each in pipelines_of(portal.settings, object_type) for own, label in each.stages.items()}


def _labels(table: Table) -> dict[str, str]:
    """Property -> its label."""
    return {each.name: each.label for each in table.properties.values()}


def _associated(portal: Portal, record: Record) -> dict[str, list[str]]:
    """Object type -> ids of the records that this one is associated with."""
    start = (record.type.name, record.id)
    found = {each.name: [str(other) for other in portal.links.of(start, each.name)] for each in OBJECT_TYPES}
    return {name: ids for name, ids in found.items() if ids}


def _link(portal: Portal, record: Record, name: str, value: str) -> None:
    target = find_object_type(name)
    if target is None:
        raise validation(f"There is no object type {name}.")
    other = portal.table(target).get(None, value)
    portal.link(record, other, frozenset({type_of(record.type, target)}))


def _decoded(kind: Any) -> Any:
    try:
        return msgspec.json.decode(request.get_data(), type=kind)
    except msgspec.MsgspecError as error:
        raise validation(str(error)) from None


def _options(given: Any) -> dict[str, list[str]]:
    try:
        return msgspec.convert(given, dict[str, list[str]])
    except msgspec.ValidationError as error:
        raise validation(f"options: {error}") from None


def _set_options(portal: Portal, name: str, options: list[str]) -> None:
    """Give a property these options; a text becomes a dropdown, as when a portal syncs with another system."""
    properties = portal.contacts.properties
    if name not in properties:
        raise validation(f"There is no property {name}.")
    definition = properties[name]
    properties[name] = msgspec.structs.replace(
        definition,
        type="enumeration",
        field_type=definition.field_type if definition.type == "enumeration" else "select",
        options=[Option(value, value, display_order=at) for at, value in enumerate(options)],
        updated_at=iso(time.time()),
    )
