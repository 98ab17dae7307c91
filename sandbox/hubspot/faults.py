"""Ways in which HubSpot can fail, switched on and off while the stand-in runs."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from sandbox.faults import Fault
from sandbox.hubspot.problems import Problem
from sandbox.hubspot.quota import refused

Kind = Literal[
    "401",
    "403",
    "404",
    "423",
    "477",
    "500",
    "502",
    "503",
    "504",
    "521",
    "523",
    "524",
    "429_burst",
    "429_daily",
    "hang",
    "reset",
    "lost_answer",
    "html",
    "garbled",
    "empty_results",
    "missing_rows",
    "drip",
    "row_locked",
    "row_unexplained",
    "row_refused",
    "row_limited",
    "row_warned",
    "untraced",
    "brownout",
]
_BATCH_ONLY = (
    "empty_results",
    "missing_rows",
    "row_locked",
    "row_unexplained",
    "row_refused",
    "row_limited",
    "row_warned",
    "untraced",
)
_CATEGORIES = {
    401: ("INVALID_AUTHENTICATION", "Authentication credentials not found or expired."),
    403: ("MISSING_SCOPES", "This app has not been granted all required scopes to make this call."),
    404: ("OBJECT_NOT_FOUND", "Object not found."),
    423: ("LOCKED", "The resource is locked. Try again later."),
    477: ("MIGRATION_IN_PROGRESS", "The account is being moved between data hosting locations."),
}
# Cloudflare answers these itself, in HTML.
EDGE = ("521", "523", "524")
HTML = b"<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Web server is down</h1></body></html>"
WARNING = {
    "category": "PROPERTY_WARNING",
    "message": "A value was written in another form.",
    "context": {"propertyName": ["phone"]},
}
GARBLED = b'{"status":"error","message":"\xff\xfe\xc3\x28"}'


class _Batch(Struct):
    inputs: list[dict[str, Any]]


class HubSpotFault(Fault):
    """`rows`: how many rows `missing_rows` and the row faults touch; `ids`: only rows with these ids, and where no row
    is meant, only batches that hold one of them. `untraced`: no row of an answer tells which input it is about.
    `row_warned`: a written row carries a warning, in versions that have any. `hang`, `reset`, `html`, `garbled` and
    `empty_results` strike before anything is written, `lost_answer`, `missing_rows`, `untraced` and `drip` after."""

    kind: Kind
    rows: Annotated[int, Meta(ge=1)] = 1
    ids: frozenset[str] = frozenset()
    kinds: Annotated[tuple[Kind, ...], Meta(min_length=1)] = ("500", "html", "reset", "lost_answer")

    def concerns(self, method: str, path: str, body: bytes) -> bool:
        if not super().concerns(method, path, body):
            return False
        if self.kind in _BATCH_ONLY:
            return "/batch/" in path
        return not self.ids or not self.ids.isdisjoint(_ids_in(body))


def refusal(fault: HubSpotFault) -> Problem | None:
    """The error that a status fault answers with; None for other kinds."""
    if fault.kind.startswith("429"):
        return refused("DAILY" if fault.kind == "429_daily" else "TEN_SECONDLY_ROLLING", fault.retry_after)
    if not fault.kind.isdecimal() or fault.kind in EDGE:
        return None
    status = int(fault.kind)
    category, message = _CATEGORIES.get(status, ("INTERNAL_ERROR", "internal error"))
    headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
    return Problem(status, category, message, headers=headers)


def _ids_in(body: bytes) -> set[Any]:
    """The ids that the rows of a batch name; those of both records where they are associations."""
    try:
        rows = msgspec.json.decode(body, type=_Batch).inputs
        ends = [each for row in rows for end in (row, row.get("from"), row.get("to")) for each in _listed(end)]
        return {each["id"] for each in ends if isinstance(each.get("id"), str)}
    except (msgspec.DecodeError, UnicodeDecodeError):
        return set()


def _listed(value: Any) -> list[dict[str, Any]]:
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict)]


def row_problem(fault: HubSpotFault) -> Problem:
    if fault.kind == "row_locked":
        return Problem(423, *_CATEGORIES[423])
    if fault.kind == "row_limited":
        return Problem(429, "RATE_LIMITS", "You have reached your ten_secondly_rolling limit.")
    if fault.kind == "row_refused":
        return Problem(400, "VALIDATION_ERROR", "The record does not meet a rule of this portal.")
    return Problem(400, "", "", unexplained=True)
