"""The bodies of good answers."""

import time
from collections.abc import Iterable
from typing import Any

import msgspec
from flask import Response

from sandbox.hubspot.records import Change, Record
from sandbox.hubspot.values import iso


def answer(body: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, content_type="application/json;charset=utf-8")


def shown(record: Record, names: Iterable[str], past: Iterable[str] = ()) -> dict[str, Any]:
    """A record as the API shows it, with these properties; those without a value are null. `past`: those whose history
    is shown too."""
    kind, values = record.type, record.properties
    created, updated = iso(record.created), iso(record.updated)
    own = {"hs_object_id": str(record.id), kind.created: created, kind.modified: updated}
    body: dict[str, Any] = {
        "id": str(record.id),
        "properties": {**{name: values.get(name) for name in (*names, *past)}, **own},
        "createdAt": created,
        "updatedAt": updated,
        "archived": bool(record.archived),
    }
    if record.archived:
        body["archivedAt"] = iso(record.archived)
    if past:
        changes = record.changes()
        body["propertiesWithHistory"] = {
            name: [_version(each) for each in changes.get(name, [])[::-1]] for name in past
        }
    return body


def _version(change: Change) -> dict[str, Any]:
    told = {"value": change.value, "timestamp": iso(change.at), "sourceType": change.source.kind}
    told["sourceId"] = change.source.id
    return told if change.source.user_id is None else {**told, "updatedByUserId": change.source.user_id}


def batch_answer(
    started: str, results: list[Any], errors: list[Any], *, status: int = 200, multi_status: bool
) -> Response:
    """`multi_status`: the answer's status is 207 instead if there are errors."""
    body = {"status": "COMPLETE", "results": results, "startedAt": started, "completedAt": iso(time.time())}
    if not errors:
        return answer(body, status)
    told = {**body, "numErrors": len(errors), "errors": errors}
    return answer(told, 207 if multi_status else status)
