"""The search API: filters over records as they were some seconds ago."""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from typing import Any

from sandbox.hubspot.problems import validation
from sandbox.hubspot.records import Record
from sandbox.hubspot.shapes import check_value
from sandbox.hubspot.table import Table
from sandbox.hubspot.values import iso

MAX_GROUPS, MAX_FILTERS, MAX_PAGE, MAX_RESULTS = 5, 6, 200, 10_000
_TOKEN = re.compile(r"[\w*]+", re.UNICODE)
_CALCULATED = {
    "hs_searchable_calculated_phone_number": "phone",
    "hs_searchable_calculated_mobile_number": "mobilephone",
}


def search(
    table: Table, lag: float, wanted: Any, now: float
) -> tuple[list[tuple[Record, dict[str, str]]], int, str | None]:
    """The page of matches (each with its properties as the search index knows them), how many there are in all, and
    `after` of the next page. `lag`: how many seconds the index is behind. Raises `Problem`."""
    check(table, wanted)
    limit, start = _page(wanted)
    found = []
    for record in list(table.records.values()):
        known = as_of(record, now - lag)
        if known and _matches(known, wanted):
            found.append((record, known))
    for sort in reversed(wanted.sorts or []):
        name = sort.removeprefix("-")
        found.sort(key=lambda each: _comparable(value_of(each[1], name)), reverse=sort.startswith("-"))
    end = start + limit
    return found[start:end], len(found), str(end) if end < len(found) else None


def _page(wanted: Any) -> tuple[int, int]:
    """`limit` and `after`; raises `Problem`, also where the page would end beyond what search can reach."""
    limit, after = 10 if wanted.limit is None else wanted.limit, wanted.after or "0"
    if not 0 <= limit <= MAX_PAGE:
        raise validation(f"limit must be between 0 and {MAX_PAGE}.")
    if not after.isdecimal() or int(after) + limit > MAX_RESULTS:
        raise validation(f"after must be a number, and the page end at {MAX_RESULTS} or before.")
    return limit, int(after)


def check(table: Table, wanted: Any) -> None:
    """Raises `Problem` unless the request keeps within the search API's limits and names properties that exist."""
    groups = wanted.filter_groups or []
    if len(groups) > MAX_GROUPS or any(len(group.filters) > MAX_FILTERS for group in groups):
        raise validation(f"At most {MAX_GROUPS} filter groups of {MAX_FILTERS} filters each.")
    for name in (sort.removeprefix("-") for sort in wanted.sorts or []):
        if name not in table.properties:
            raise validation(f"There was a problem with the request: unknown property {name}.")
    for each in (each for group in groups for each in group.filters):
        check_value("Filter", "operator", each.operator, "contacts")
        if each.property_name not in table.properties:
            raise validation(f"There was a problem with the request: unknown property {each.property_name}.")
        if each.operator in ("IN", "NOT_IN") and not each.values:
            raise validation(f"{each.operator} needs values.")
        if each.operator == "BETWEEN" and each.high_value is None:
            raise validation("BETWEEN needs a highValue.")
        if each.operator not in ("IN", "NOT_IN", "HAS_PROPERTY", "NOT_HAS_PROPERTY") and each.value is None:
            raise validation(f"{each.operator} needs a value.")


def as_of(record: Record, moment: float) -> dict[str, str]:
    """The properties that `record` had at `moment`; empty before it was there."""
    if max(record.created, record.since) > moment:
        return {}
    known, updated, own = dict(record.properties), record.updated, record.type
    if updated > moment:
        moments = (change.at for past in record.changes().values() for change in past)
        known, updated = record.as_of(moment), max((at for at in moments if at <= moment), default=record.created)
    known |= {"hs_object_id": str(record.id), own.created: iso(record.created), own.modified: iso(updated)}
    return known


def value_of(known: dict[str, str], name: str) -> str:
    if name in _CALCULATED:
        return _national(known.get(_CALCULATED[name], ""))
    return known.get(name, "")


@lru_cache(maxsize=4096)
def _national(text: str) -> str:
    """Area code and number without the country code, which is what phone searches compare."""
    import phonenumbers

    try:
        return str(phonenumbers.parse(text, "TH").national_number)
    except phonenumbers.NumberParseException:
        return ""


def _matches(known: dict[str, str], wanted: Any) -> bool:
    groups = wanted.filter_groups or []
    if groups and not any(all(_passes(known, each) for each in group.filters) for group in groups):
        return False
    words = (wanted.query or "").casefold().split()
    text = " ".join(known.get(name, "") for name in ("firstname", "lastname", "email", "phone", "company")).casefold()
    return all(word in text for word in words)


def _passes(known: dict[str, str], wanted: Any) -> bool:
    value, operator = value_of(known, wanted.property_name), wanted.operator
    if operator.startswith("NOT_") and operator != "NOT_HAS_PROPERTY":
        return bool(value) and not _OPERATORS[operator.removeprefix("NOT_")](value, wanted)
    if operator == "NEQ":
        return not _OPERATORS["EQ"](value, wanted)
    if operator == "NOT_HAS_PROPERTY":
        return not value
    return bool(value) and _OPERATORS[operator](value, wanted)


def _has_tokens(value: str, wanted: Any) -> bool:
    have = [token.casefold() for token in _TOKEN.findall(value)]
    patterns = [re.escape(token.casefold()).replace(r"\*", ".*") for token in _TOKEN.findall(wanted.value)]
    return all(any(re.fullmatch(pattern, token) for token in have) for pattern in patterns)


def _comparable(value: str) -> tuple[int, float, str]:
    """A moment is compared by its milliseconds since 1970."""
    with suppress(ValueError):
        return (0, float(value), "")
    with suppress(ValueError):
        return (0, datetime.fromisoformat(value).timestamp() * 1000, "")
    return (1, 0.0, value.casefold())


_OPERATORS: dict[str, Callable[[str, Any], bool]] = {
    "EQ": lambda value, wanted: value.casefold() == wanted.value.casefold(),
    "IN": lambda value, wanted: value.casefold() in {each.casefold() for each in wanted.values},
    "HAS_PROPERTY": lambda value, wanted: True,
    "CONTAINS_TOKEN": _has_tokens,
    "LT": lambda value, wanted: _comparable(value) < _comparable(wanted.value),
    "LTE": lambda value, wanted: _comparable(value) <= _comparable(wanted.value),
    "GT": lambda value, wanted: _comparable(value) > _comparable(wanted.value),
    "GTE": lambda value, wanted: _comparable(value) >= _comparable(wanted.value),
    "BETWEEN": lambda value, wanted: (
        _comparable(wanted.value) <= _comparable(value) <= _comparable(wanted.high_value or "")
    ),
}
