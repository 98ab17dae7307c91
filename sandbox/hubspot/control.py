"""The control API under `/_sandbox/`: look inside, set, break, reset. No token."""

import time
from collections import Counter
from typing import Any

import msgspec
from flask import Blueprint, Response, request

from sandbox.call_log import CallLog
from sandbox.faults import Faults
from sandbox.hubspot.answers import answer, shown
from sandbox.hubspot.contact import Contact
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.problems import validation
from sandbox.hubspot.properties import Option
from sandbox.hubspot.settings import Settings
from sandbox.hubspot.values import iso


class Given(msgspec.Struct, forbid_unknown_fields=True):
    properties: dict[str, str]


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
                    "contacts": [inside(contact) for contact in portal.contacts.values()],
                    "calls": call_log.counts,
                    "connections": request.environ.get("sandbox.connections", 0),
                    "peak_requests_per_10s": portal.quota.peak,
                    "requests_today": portal.quota.today,
                    "properties": [name for name, each in portal.properties.items() if not each.hubspot_defined],
                    "settings": portal.settings,
                    "merged": portal.merged,
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
                portal.forget_contacts()
            else:
                portal.reset(Settings())
        return Response(status=204)

    @routes.post("/contacts")
    def create_contact() -> Response:
        with portal.lock:
            plan = portal.plan_create(_decoded(Given).properties, {})
            portal.commit([plan])
            return answer(shown(plan.contact, plan.contact.properties), 201)

    @routes.get("/contacts/<value>")
    def get_contact(value: str) -> Response:
        with portal.lock:
            contact = portal.get(request.args.get("idProperty"), value)
            changes = {
                name: [{"at": iso(at), "value": value} for at, value in past]
                for name, past in contact.history().items()
            }
            return answer({**inside(contact), "history": changes})

    @routes.patch("/contacts/<value>")
    def edit_contact(value: str) -> Response:
        with portal.lock:
            contact = portal.get(request.args.get("idProperty"), value)
            portal.commit([portal.plan_change(contact, _decoded(Given).properties, {})])
            return answer(shown(contact, contact.properties))

    @routes.delete("/contacts/<value>")
    def delete_contact(value: str) -> Response:
        with portal.lock:
            portal.remove(portal.get(request.args.get("idProperty"), value))
        return Response(status=204)

    @routes.post("/merges")
    def merge() -> Response:
        wanted = _decoded(Merge)
        with portal.lock:
            primary, other = (portal.get(wanted.by, value) for value in (wanted.primary, wanted.other))
            return answer(inside(portal.merge(primary, other)), 201)

    return routes


def inside(contact: Contact) -> dict[str, Any]:
    """A contact as tests see it. `changes`: property -> how often its value became another one; `writes`: property ->
    how often it was sent and accepted."""
    return {
        "id": str(contact.id),
        "properties": contact.properties,
        "created": iso(contact.created),
        "updated": iso(contact.updated),
        "changes": {name: len(past) for name, past in contact.history().items()},
        "writes": Counter(name for _, written in contact.log for name in written),
    }


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
    if name not in portal.properties:
        raise validation(f"There is no property {name}.")
    definition = portal.properties[name]
    portal.properties[name] = msgspec.structs.replace(
        definition,
        type="enumeration",
        field_type=definition.field_type if definition.type == "enumeration" else "select",
        options=[Option(value, value, display_order=at) for at, value in enumerate(options)],
        updated_at=iso(time.time()),
    )
