"""The bodies of good answers."""

import time
from collections.abc import Iterable
from typing import Any

import msgspec
from flask import Response

from sandbox.hubspot.contact import Contact
from sandbox.hubspot.values import iso

# What HubSpot shows of a contact without being asked.
SHOWN = ("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname")


def answer(body: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, content_type="application/json;charset=utf-8")


def shown(contact: Contact, names: Iterable[str], past: Iterable[str] = ()) -> dict[str, Any]:
    """A contact as the API shows it, with these properties; those without a value are null."""
    created, updated = iso(contact.created), iso(contact.updated)
    own = {"hs_object_id": str(contact.id), "createdate": created, "lastmodifieddate": updated}
    values = contact.properties
    body: dict[str, Any] = {
        "id": str(contact.id),
        "properties": {**{name: values.get(name) for name in names}, **own},
        "createdAt": created,
        "updatedAt": updated,
        "archived": False,
    }
    if past:
        changes = contact.history()
        body["propertiesWithHistory"] = {name: _versions(changes.get(name, [])) for name in past}
    return body


def _versions(changes: list[tuple[float, str]]) -> list[dict[str, Any]]:
    newest_first = reversed(changes)
    return [{"value": value, "timestamp": iso(at), "sourceType": "INTEGRATION"} for at, value in newest_first]


def batch_answer(
    started: str, results: list[Any], errors: list[Any], *, status: int = 200, multi_status: bool
) -> Response:
    """`multi_status`: the answer's status is 207 instead if there are errors."""
    body = {"status": "COMPLETE", "results": results, "startedAt": started, "completedAt": iso(time.time())}
    if not errors:
        return answer(body, status)
    told = {**body, "numErrors": len(errors), "errors": errors}
    return answer(told, 207 if multi_status else status)
