"""Pure: what the answer to a batch of writes says of each row."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

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
    reason,
    strings,
)
from workers.rules.outcomes import Again, Gone, Outcome, Refused, Row, Wait, Written


def outcomes(answer: Answer, rows: Sequence[Row], key: str) -> dict[str, Outcome]:
    """What became of each row, by trace; `key` is the property that holds the rows' ids ("" = the contact id). Rows of
    which nothing can be said because they were sent together are left out: they have to be sent again, fewer at a time.
    A row alone always has an outcome. Raises `LineDown`."""
    raise_line_down(answer)
    raise_without_key(answer)
    if answer.status >= 400:
        return _whole(answer.error, rows)
    body = answer.json()
    results = [one for one in objects(body.get("results")) if one.get("id")]
    errors = objects(body.get("errors"))
    if not results:
        _raise_nothing_done(errors)
    found: dict[str, Outcome] = {}
    strays = 0
    names = _Names(rows, key)
    for result in results:
        trace = names.claim(result) or (rows[0].trace_id if len(rows) == len(results) == 1 else "")
        new = result.get("new")
        strays += not trace
        if trace:
            found[trace] = Written(str(result["id"]), new if isinstance(new, bool) else None)
    for error in errors:
        outcome = classify(error)
        named = set(strings(context(error).get("objectWriteTraceId"))) & names.traces
        if not named and outcome == Gone():
            named = names.gone(error)
        if not named and len(rows) == len(errors) == 1:
            named = names.traces
        strays += not named
        for trace in named:
            found.setdefault(trace, outcome)
    if not strays or len(rows) == 1:
        for row in rows:
            found.setdefault(row.trace_id, Wait("HubSpot gave no answer for this lead"))
    return found


class _Names:
    """By what a result or an error names its row: the trace, the id, or the id as HubSpot may keep it."""

    def __init__(self, rows: Sequence[Row], key: str) -> None:
        self.key = key
        self.traces = {row.trace_id for row in rows}
        self.ids = {row.id: row.trace_id for row in rows}
        forms = Counter(_form(row.id) for row in rows)
        self.forms = {_form(row.id): row.trace_id for row in rows if forms[_form(row.id)] == 1}

    def claim(self, result: Mapping[str, Any]) -> str:
        """The trace of the result's row, "" if it names none."""
        trace, properties = result.get("objectWriteTraceId"), result.get("properties")
        if isinstance(trace, str) and trace in self.traces:
            return trace
        values = properties if isinstance(properties, dict) else {}
        named = str(values.get(self.key) if self.key else result["id"])
        return self.ids.get(named) or self.forms.get(_form(named), "")

    def gone(self, error: Mapping[str, Any]) -> set[str]:
        """The traces of the rows whose ids the error names: one error may stand for all contacts that are gone."""
        return {self.ids[one] for one in strings(context(error).get("ids")) if one in self.ids}


def _form(name: str) -> str:
    return name.strip().casefold()


def _raise_nothing_done(errors: Sequence[Mapping[str, Any]]) -> None:
    """Raise `LineDown` if nothing was written and that is no row's fault."""
    if not errors:
        raise LineDown("empty_answer", "HubSpot answered without a result. It is tried again.")
    if all(is_limited(error) for error in errors):
        raise LineDown("rate_limit", "HubSpot asks to slow down.", 10.0)
    if all(is_busy(error) for error in errors):
        raise LineDown("unavailable", "HubSpot is not available.")


def _whole(error: Mapping[str, Any], rows: Sequence[Row]) -> dict[str, Outcome]:
    if len(rows) == 1:
        return {rows[0].trace_id: classify(error)}
    refused = {name: reason(code) for name, code in invalid_fields(error).items() if code in PORTAL_WIDE}
    found: dict[str, Outcome] = {}
    for row in rows:
        mine = {name: why for name, why in refused.items() if name in row.properties}
        found[row.trace_id] = Refused(mine, "HubSpot refused some values") if mine else Again()
    return found if any(isinstance(outcome, Refused) for outcome in found.values()) else {}
