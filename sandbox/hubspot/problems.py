"""HubSpot's error bodies: one problem, told either for a whole request or for one row of a batch."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import msgspec

from sandbox.hubspot.object_types import ObjectType


@dataclass(slots=True, eq=False)
class Problem(Exception):
    """Why HubSpot refuses a request or a row. `extra` goes to the top of the body, `headers` to the answer."""

    status: int
    category: str
    message: str
    errors: list[dict[str, Any]] = field(default_factory=list)
    context: dict[str, list[str]] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    unexplained: bool = False

    def body(self, *, bare: bool = False) -> dict[str, Any]:
        """The body of a whole refused request; `bare` leaves out everything that may be missing."""
        if bare:
            return {"status": "error", "message": self.message}
        body: dict[str, Any] = {
            "status": "error",
            "message": self.message,
            "correlationId": str(uuid4()),
            "category": self.category,
            **self.extra,
        }
        if self.context:
            body["context"] = self.context
        if self.errors:
            body["errors"] = self.errors
        return body

    def row(self, trace_id: str | None, *, bare: bool = False) -> dict[str, Any]:
        """The entry in `errors` of a 207."""
        context = {"objectWriteTraceId": [trace_id]} if trace_id and not self.unexplained else {}
        row: dict[str, Any] = {
            "status": "error",
            "category": self.category,
            "message": self.message,
            "context": {**context, **self.context},
        }
        return row if bare else {**row, "errors": self.errors, "links": {}}


def validation(message: str, **more: Any) -> Problem:
    """400 `VALIDATION_ERROR`."""
    return Problem(400, "VALIDATION_ERROR", message, **more)


def not_activated(status: int, object_type: ObjectType) -> Problem:
    """The admin has not activated this type of records. HubSpot's own answer is not public."""
    category = {400: "VALIDATION_ERROR", 403: "FORBIDDEN"}.get(status, "OBJECT_NOT_FOUND")
    return Problem(status, category, f"The object type {object_type.type_id} is not activated in this account.")


def not_found(what: str) -> Problem:
    return Problem(404, "OBJECT_NOT_FOUND", f"{what} was not found.")


def missing(ids: list[str], word: str) -> Problem:
    """The row of a 207 that names ids nobody has; `word`: what the object type is called."""
    message = f"Could not get some {word} objects, they may be deleted or not exist. Check that ids are valid."
    return Problem(404, "OBJECT_NOT_FOUND", message, context={"ids": ids})


@dataclass(frozen=True, slots=True)
class Refusal:
    """One property value that HubSpot does not take; `code` is the machine's word for it."""

    name: str
    code: str
    message: str


def required_missing(names: Sequence[str], word: str) -> Problem:
    """400 for a creation that does not set what it has to."""
    message, context = f"Error creating {word}. Some required properties were not set.", {"properties": list(names)}
    return validation(message, errors=[{"message": message, "context": context}], context=context)


def required_by_admin(form: str, names: Sequence[str], labels: Sequence[str], word: str) -> Problem:
    """400 for properties that the admin requires; for `form` see `Settings.required_body`."""
    if form == "context":
        return required_missing(names, word)
    if form == "codes":
        errors = [
            {"message": f"{name} is required", "code": "REQUIRED_PROPERTY", "context": {"propertyName": [name]}}
            for name in names
        ]
        return validation("Some required properties are missing.", errors=errors)
    if form == "values":
        refusals = [Refusal(name, "REQUIRED_FIELD", "This property is required.") for name in names]
        return invalid_values(refusals, None, 0)
    if form == "silent":
        return validation("The record does not meet the requirements of this account.")
    listed = ", ".join(names if form == "names" else labels)
    return validation(f"The following required properties are missing: {listed}")


def no_room(status: int, limit: int, word: str) -> Problem:
    """The portal has as many records as it may have. HubSpot's own body is not public."""
    category = "VALIDATION_ERROR" if status == 400 else "FORBIDDEN"
    return Problem(status, category, f"The limit of {limit} {word} records in this account has been reached.")


def invalid_values(refusals: list[Refusal], in_message: int | None, in_errors: int | None) -> Problem:
    """400 for refused values; either list can be the shorter one (`None`: complete, else at most so many)."""
    listed = [
        {"isValid": False, "message": refusal.message, "error": refusal.code, "name": refusal.name}
        for refusal in refusals[:in_message]
    ]
    errors = [
        {"message": refusal.message, "code": refusal.code, "context": {"propertyName": [refusal.name]}}
        for refusal in refusals[:in_errors]
    ]
    text = msgspec.json.encode(listed).decode()
    return validation(f"Property values were not valid: {text}", errors=errors)


def already_exists(
    form: str, portal_id: int, object_type: ObjectType, name: str, value: str, own: int, owner: int
) -> Problem:
    """The value of a unique property is taken; `form` is `existing_id`, `no_id`, `already_exists`, `code` or
    `coordinates`."""
    label = object_type.label
    if form == "existing_id":
        found = {"existingId": [str(owner)]}
        return Problem(409, "CONFLICT", f"{label} already exists. Existing ID: {owner}", context=found)
    if form == "no_id":
        return Problem(409, "CONFLICT", f"{label} already exists.")
    if form == "already_exists":
        return Problem(400, "OBJECT_ALREADY_EXISTS", f"A {label.lower()} with this {name} already exists.")
    if form == "code":
        return invalid_values([Refusal(name, "CONFLICTING_UNIQUE_VALUE", "This value is in use.")], None, None)
    coordinates = (
        f"PropertyValueCoordinates{{portalId={portal_id}, "
        f"objectTypeId=ObjectTypeId{{legacyObjectType={object_type.word}}}, propertyName={name}, value={value}}}"
    )
    return validation(f"Cannot set {coordinates} on {own}. {owner} already has that value.")
