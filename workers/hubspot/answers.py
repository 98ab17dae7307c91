"""Pure: HubSpot's answers -> outcomes. Every field of an error body is optional, and either of its two lists of invalid
values may be the shorter one (HubSpot's page and captured answers), so both are read. Messages quote what the customer
typed and are never kept: reasons are made from codes."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workers.hubspot.outcomes import Again, BatchRefused, Conflict, Gone, LineDown, Outcome, Refused, Row, Wait, Written

REASONS = {
    "INVALID_EMAIL": "HubSpot does not accept this email address",
    "INVALID_OPTION": "HubSpot has no such option",
    "PROPERTY_DOESNT_EXIST": "the property does not exist in HubSpot; run leadsync setup",
    "READ_ONLY_VALUE": "the property is read-only in HubSpot",
    "INVALID_INTEGER": "HubSpot expects a whole number",
    "INVALID_LONG": "HubSpot expects a whole number",
    "INVALID_NUMERIC": "HubSpot expects a number",
    "INVALID_DATE": "HubSpot expects a date",
    "INVALID_PHONE_NUMBER": "HubSpot does not accept this phone number",
}
SCOPES = "crm.objects.contacts.read and .write and crm.schemas.contacts.read and .write"
LONGEST_WAIT = 86_400.0
MERGED = "hs_merged_object_ids"
PORTAL_WIDE = frozenset({"PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE"})
_EXISTING = re.compile(r"Existing ID:\s*(\d+)", re.IGNORECASE)
_HOLDER = re.compile(r"on\s+\S+?\.\s+(\d+)\s+already has that value", re.IGNORECASE)
_PROPERTY_NAME = re.compile(r"propertyName=([\w.]+)")
_QUOTED_PROPERTY = re.compile(r'[Pp]roperty "?([a-z]\w*)"? (?:does not exist|is a read only)')
_NO_PROPERTY = re.compile(r"(?:idProperty|unique)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_object(self) -> bool:
        """Whether the body is a JSON object, as every answer of HubSpot's is; error pages are not."""
        return self.body.lstrip()[:1] == b"{" and self._parsed() is not None

    def json(self) -> dict[str, Any]:
        """The body's JSON object, {} if it is none."""
        return self._parsed() or {}

    def _parsed(self) -> dict[str, Any] | None:
        try:
            parsed = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return parsed if isinstance(parsed, dict) else None


def outcomes(answer: Answer, rows: Sequence[Row], key: str) -> dict[str, Outcome]:
    """What became of each row, by trace; `key` is the property that holds the rows' ids ("" = the contact id). A row
    without an answer has to wait. Raises `LineDown` and `BatchRefused`."""
    raise_line_down(answer)
    body = answer.json()
    if answer.status >= 400:
        return _whole(answer, body, rows)
    results, errors = _list(body.get("results")), _list(body.get("errors"))
    found: dict[str, Outcome] = {}
    by_id = {row.id: row.trace for row in rows}
    traces = {row.trace for row in rows}
    for result in results:
        trace = result.get("objectWriteTraceId")
        if not isinstance(trace, str) or trace not in traces:
            properties = result.get("properties")
            named = properties.get(key) if key and isinstance(properties, dict) else result.get("id")
            trace = by_id.get(str(named), "")
        if trace and result.get("id"):
            new = result.get("new")
            found[trace] = Written(str(result["id"]), new if isinstance(new, bool) else None)
    for error in errors:
        outcome = classify(error)
        for trace in _strings(_context(error).get("objectWriteTraceId")):
            if trace in traces:
                found.setdefault(trace, outcome)
    if len(rows) == 1 and len(errors) == 1:
        found.setdefault(rows[0].trace, classify(errors[0]))
    if not found and not errors:
        raise LineDown("empty_answer", "HubSpot answered without a result. It is tried again.")
    return {row.trace: found.get(row.trace, Wait("HubSpot gave no answer for this lead")) for row in rows}


def contacts_in(answer: Answer) -> tuple[list[dict[str, str]], set[str]]:
    """The contacts of a batch read, as property values and "id", and the ids that it says do not exist."""
    body = answer.json()
    contacts = []
    for result in _list(body.get("results")):
        values = result.get("properties")
        said = values.items() if isinstance(values, dict) else ()
        if result.get("id"):
            contacts.append({**{str(k): str(v) for k, v in said if v is not None}, "id": str(result["id"])})
    unknown = [error for error in _list(body.get("errors")) if classify(error) == Gone()]
    return contacts, {one for error in unknown for one in _strings(_context(error).get("ids"))}


def with_merged(contacts: Mapping[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """Contacts by id (read with the property `MERGED`), also by the ids of those that were merged into them: HubSpot
    answers a read of such an id with the contact that is left."""
    found = {old: contact for contact in contacts.values() for old in contact.get(MERGED, "").split(";") if old}
    return {**found, **contacts}


def raise_line_down(answer: Answer) -> None:
    """Raise `LineDown` if `answer` says that HubSpot as a whole cannot take leads now."""
    status, body = answer.status, answer.json()
    wait = retry_after(answer)
    if status == 401:
        raise LineDown("unauthorized", "HubSpot refuses the access token. Put a valid one into HUBSPOT_ACCESS_TOKEN.")
    if status == 403:
        raise LineDown("forbidden", f"The HubSpot token lacks a scope. Tick {SCOPES} in the private app.")
    if status == 429:
        policy = str(body.get("policyName") or "").upper()
        if policy == "DAILY" or "daily" in str(body.get("message") or "").lower():
            raise LineDown("daily_quota", "HubSpot's daily quota is used up.", wait)
        raise LineDown("rate_limit", "HubSpot asks to slow down.", wait or (1.0 if policy == "SECONDLY" else 10.0))
    if status == 477:
        raise LineDown("migrating", "HubSpot is moving this portal to another data centre.", wait)
    if status == 423:
        raise LineDown("locked", "HubSpot has locked these records for a moment.", max(wait or 0.0, 2.0))
    if status >= 500 or status == 408:
        raise LineDown("unavailable", f"HubSpot is not available (status {status}).", wait)
    if status < 200 or 300 <= status < 400 or status == 404 or not answer.is_object:
        raise LineDown("unexpected", f"HubSpot gave an unexpected answer (status {status}). Check HUBSPOT_BASE_URL.")


def retry_after(answer: Answer) -> float | None:
    """Seconds that the answer asks to wait, None if it does not say."""
    value = answer.headers.get("retry-after", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        return None
    return None if math.isnan(seconds) else min(max(seconds, 0.0), LONGEST_WAIT)


def classify(error: Mapping[str, Any]) -> Outcome:
    """One error object, of a row or of a whole answer for one row."""
    message = str(error.get("message") or "")
    status, category = str(error.get("status") or ""), str(error.get("category") or "").upper()
    context = _context(error)
    existing = _strings(context.get("existingId"))
    holder = _HOLDER.search(message) or _EXISTING.search(message)
    if existing or holder or "already has that value" in message or category == "CONFLICT" or status == "409":
        named = _PROPERTY_NAME.search(message)
        return Conflict(named.group(1) if named else "", existing[0] if existing else holder.group(1) if holder else "")
    if category == "OBJECT_NOT_FOUND" or status == "404":
        return Gone()
    if status in ("423", "429") or status.startswith("5") or category in ("RATE_LIMITS", "RATE_LIMIT", "LOCKED"):
        return Wait("HubSpot has locked this contact for a moment")
    fields = invalid_fields(error)
    if fields:
        return Refused({name: _reason(code) for name, code in fields.items()}, "HubSpot refused some values")
    if "VALIDATION" in category or status == "400" or status in ("BAD_REQUEST", "INVALID"):
        return Refused({}, "HubSpot refused this contact")
    return Wait("HubSpot gave an error without an explanation")


def invalid_fields(error: Mapping[str, Any]) -> dict[str, str]:
    """Property -> code of every value that `error` names as invalid."""
    fields: dict[str, str] = {}
    for entry in _invalid_list(str(error.get("message") or "")):
        if isinstance(entry.get("name"), str):
            fields[entry["name"]] = str(entry.get("error") or "INVALID")
    for detail in _list(error.get("errors")):
        code = str(detail.get("code") or "INVALID")
        for name in _strings(_context(detail).get("propertyName")):
            fields.setdefault(name, code)
        quoted = _QUOTED_PROPERTY.search(str(detail.get("message") or ""))
        if quoted:
            fields.setdefault(quoted.group(1), code)
    for name in _strings(_context(error).get("propertyName")):
        fields.setdefault(name, str(error.get("subCategory") or "INVALID"))
    return fields


def _whole(answer: Answer, body: Mapping[str, Any], rows: Sequence[Row]) -> dict[str, Outcome]:
    error = {"status": str(answer.status), "category": "VALIDATION_ERROR", **body}
    if not isinstance(error.get("status"), str) or error["status"] == "error":
        error["status"] = str(answer.status)
    if len(rows) == 1:
        return {rows[0].trace: classify(error)}
    refused = {name: _reason(code) for name, code in invalid_fields(error).items() if code in PORTAL_WIDE}
    found: dict[str, Outcome] = {}
    for row in rows:
        mine = {name: why for name, why in refused.items() if name in row.properties}
        found[row.trace] = Refused(mine, "HubSpot refused some values") if mine else Again()
    if any(isinstance(outcome, Refused) for outcome in found.values()):
        return found
    raise BatchRefused


def lacks_key(answer: Answer) -> bool:
    """Whether the request was refused because the upsert key is no unique property of the portal."""
    message = str(answer.json().get("message") or "")
    about_values = message.startswith("Property values were not valid")
    return (
        answer.status == 400
        and not about_values
        and "dealdroid_customer_id" in message
        and bool(_NO_PROPERTY.search(message))
    )


def _reason(code: str) -> str:
    return REASONS.get(code, f"HubSpot does not accept the value ({code[:40]})")


def _invalid_list(message: str) -> list[dict[str, Any]]:
    start = message.find("[")
    if "not valid" not in message or start < 0:
        return []
    try:
        entries, _ = json.JSONDecoder().raw_decode(message[start:])
    except (ValueError, RecursionError):
        return []
    return _list(entries)


def _context(error: Mapping[str, Any]) -> dict[str, Any]:
    context = error.get("context")
    return context if isinstance(context, dict) else {}


def _list(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [str(item) for item in value if isinstance(item, str | int)] if isinstance(value, list) else []
