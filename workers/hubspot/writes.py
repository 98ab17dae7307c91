"""Pure: the answer to a batch of writes -> an outcome for each row."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from leadcore.reasons import reason
from workers.flow.errors import LineDown
from workers.hubspot.answers import Answer, raise_line_down, raise_without_key
from workers.hubspot.errors import (
    PORTAL_WIDE,
    classify,
    context,
    invalid_fields,
    is_busy,
    is_limited,
    objects,
    read_warnings,
    strings,
    why_invalid,
)
from workers.rules.mapping.property_names import CUSTOMER_ID
from workers.rules.outcomes import ContactMissing, ContactWrite, Refused, Resend, RetryLater, WriteOutcome, Written


def parse_outcomes(answer: Answer, rows: Sequence[ContactWrite], key: str) -> dict[str, WriteOutcome]:
    """The outcome of each row, by trace id; `key` is the property that holds the rows' ids ("" = the contact id). Rows
    whose outcome the answer leaves open are left out: send them again with fewer rows per request. A single row always
    has an outcome. Raises `LineDown`."""
    raise_write_down(answer, creates=bool(key))
    raise_without_key(answer, key or CUSTOMER_ID)
    if answer.status >= 400:
        return _parse_error(answer.error, rows, key)
    body = answer.json()
    correlation = answer.headers.get("x-hubspot-correlation-id", "")
    results, errors = _results(answer), [{"correlationId": correlation, **one} for one in objects(body.get("errors"))]
    found: dict[str, WriteOutcome] = {}
    unmatched = 0
    index = _RowIndex(rows, key)
    for result in results:
        trace = index.find_row(result) or (rows[0].trace_id if len(rows) == len(results) == 1 else "")
        new = result.get("new")
        unmatched += not trace
        if trace:
            warnings = [*objects(result.get("warnings")), *index.find_about(trace, body.get("warnings"))]
            found[trace] = Written(str(result["id"]), new if isinstance(new, bool) else None, read_warnings(warnings))
    for error in errors:
        outcome = classify(error, creates=bool(key))
        named = index.find_rows(error, outcome)
        if not named and len(rows) == len(errors) == 1:
            named = index.traces
        unmatched += not named
        for trace in named:
            found.setdefault(trace, outcome)
    if not unmatched or len(rows) == 1:
        for row in rows:
            found.setdefault(row.trace_id, RetryLater(reason("lead_unanswered")))
    return found


def parse_created(answer: Answer, rows: Sequence[ContactWrite]) -> dict[str, WriteOutcome]:
    """The outcome of each row of a batch that creates, by trace id. What was answered once is never sent again, since
    it would be made twice; only where all rows were refused those are left out that nothing is said of. Raises
    `LineDown`."""
    raise_write_down(answer)
    if answer.status >= 400:
        return _parse_error(answer.error, rows, "")
    body = answer.json()
    traces = {row.trace_id for row in rows}
    found: dict[str, WriteOutcome] = {}
    for error in objects(body.get("errors")):
        found |= dict.fromkeys(set(strings(context(error).get("objectWriteTraceId"))) & traces, classify(error))
    untraced: list[str] = []
    for result in _results(answer):
        trace = result.get("objectWriteTraceId")
        if isinstance(trace, str) and trace in traces:
            found[trace] = Written(str(result["id"]), True)
        else:
            untraced.append(str(result["id"]))
    rest = [row.trace_id for row in rows if row.trace_id not in found]
    if len(rest) == len(untraced):
        # HubSpot's ids do not say which row is which.
        found |= {trace: Written(untraced[0] if len(rest) == 1 else "", True) for trace in rest}
    return found | {trace: RetryLater(reason("lead_unanswered")) for trace in rest if trace not in found}


def raise_write_down(answer: Answer, *, creates: bool = True) -> None:
    """As `raise_line_down`, and also if nothing was written and no row is to blame."""
    raise_line_down(answer, creates=creates)
    if answer.status < 400 and not _results(answer):
        _raise_nothing_done(objects(answer.json().get("errors")))


def _results(answer: Answer) -> list[dict[str, Any]]:
    return [one for one in objects(answer.json().get("results")) if one.get("id")]


class _RowIndex:
    """Finds the row of a result or an error, by trace id, by id, or by id ignoring case and surrounding space, as
    HubSpot may store it."""

    def __init__(self, rows: Sequence[ContactWrite], key: str) -> None:
        self.key = key
        self.traces = {row.trace_id for row in rows}
        self.ids = {row.id: row.trace_id for row in rows}
        forms = Counter(_normalize(row.id) for row in rows)
        self.forms = {_normalize(row.id): row.trace_id for row in rows if forms[_normalize(row.id)] == 1}

    def find_row(self, result: Mapping[str, Any]) -> str:
        """The trace id of the result's row, "" if it names none."""
        trace, properties = result.get("objectWriteTraceId"), result.get("properties")
        if isinstance(trace, str) and trace in self.traces:
            return trace
        values = properties if isinstance(properties, dict) else {}
        named = str(values.get(self.key) or "") if self.key else str(result["id"])
        return self.ids.get(named) or self.forms.get(_normalize(named), "")

    def find_rows(self, error: Mapping[str, Any], outcome: WriteOutcome) -> set[str]:
        """The trace ids of the rows that the error names; by their ids where it is about missing contacts, since one
        error may be about all of them."""
        named = set(strings(context(error).get("objectWriteTraceId"))) & self.traces
        if not named and outcome == ContactMissing():
            return {self.ids[one] for one in strings(context(error).get("ids")) if one in self.ids}
        return named

    def find_about(self, trace: str, parts: Any) -> list[dict[str, Any]]:
        """Those of `parts` that name the row."""
        return [part for part in objects(parts) if trace in strings(context(part).get("objectWriteTraceId"))]


def _normalize(name: str) -> str:
    return name.strip().casefold()


def _raise_nothing_done(errors: Sequence[Mapping[str, Any]]) -> None:
    if not errors:
        raise LineDown("empty_answer", reason("answer_empty"))
    if all(is_limited(error) for error in errors):
        raise LineDown("rate_limit", reason("slow_down"), 10.0)
    if all(is_busy(error) for error in errors):
        raise LineDown("unavailable", reason("hubspot_unavailable"))


def _parse_error(error: Mapping[str, Any], rows: Sequence[ContactWrite], key: str) -> dict[str, WriteOutcome]:
    """An answer that refuses all rows: the outcomes of those that it names. If it names none, that of a single row, or
    of every row if it is about a property that no row can have."""
    if len(rows) == 1:
        return {rows[0].trace_id: classify(error, creates=bool(key))}
    index = _RowIndex(rows, key)
    blamed: dict[str, WriteOutcome] = {}
    for part in (*objects(error.get("errors")), error):
        part = {**{name: error.get(name) for name in ("category", "status", "correlationId")}, **part}
        outcome = classify(part, creates=bool(key))
        blamed |= dict.fromkeys(index.find_rows(part, outcome) - blamed.keys(), outcome)
    if blamed:
        return blamed
    refused = {name: why_invalid(code) for name, code in invalid_fields(error).items() if code in PORTAL_WIDE}
    found: dict[str, WriteOutcome] = {}
    for row in rows:
        own = {name: why for name, why in refused.items() if name in row.properties}
        found[row.trace_id] = Refused(own, reason("values_refused")) if own else Resend()
    return found if any(isinstance(outcome, Refused) for outcome in found.values()) else {}
