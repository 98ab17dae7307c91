"""Pure: what an order may never be written without. A refusal of one of these stops the line of orders: 1,230 without
its currency is dollars."""

import re
from collections.abc import Mapping
from typing import Any

from leadcore.reasons import Reason, reason
from workers.flow.errors import LineDown
from workers.hubspot.answers import Answer
from workers.hubspot.errors import classify, invalid_fields, objects
from workers.rules.orders.property_names import LINE_NAMES, NAMES
from workers.rules.outcomes import Refused

_CAUSES: Mapping[str, tuple[str, Reason]] = {
    "currency": ("order_currency", reason("order_currency_refused")),
    "pipeline": ("order_pipeline", reason("order_pipeline_refused")),
    "stage": ("order_stage", reason("order_stage_refused")),
    "total": ("order_amount", reason("order_amount_refused")),
}
# The first that is named counts: of a stage that is not in the pipeline both are named.
_PROPERTIES: Mapping[str, frozenset[str]] = {
    what: frozenset(names[what] for names in NAMES.values() if what in names) for what in _CAUSES
}
_OF_LINES: Mapping[str, str] = {LINE_NAMES["currency"]: "currency", LINE_NAMES["price"]: "total"}
_WORDS: Mapping[str, re.Pattern[str]] = {
    "currency": re.compile(r"\bcurrenc(?:y|ies)\b", re.IGNORECASE),
    "stage": re.compile(r"\bstages?\b", re.IGNORECASE),
    "pipeline": re.compile(r"\bpipelines?\b", re.IGNORECASE),
}
# What a customer typed is quoted.
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'|\[.*|\{.*", re.DOTALL)


def raise_without_essentials(answer: Answer) -> None:
    """Raise `LineDown` if `answer` refuses a currency, a pipeline, a stage or an amount."""
    if what := find_essential(answer):
        raise LineDown(*_CAUSES[what])


def find_essential(answer: Answer) -> str:
    """ "currency", "pipeline", "stage" or "total", whichever `answer` refuses, "" if none."""
    errors = [answer.error] if answer.status >= 400 else objects(answer.json().get("errors"))
    return next(filter(None, map(_read_error, errors)), "")


def _read_error(error: Mapping[str, Any]) -> str:
    if not isinstance(classify(error), Refused):
        return ""
    fields = invalid_fields(error)
    for what, names in _PROPERTIES.items():
        if not names.isdisjoint(fields):
            return what
    for name, what in _OF_LINES.items():
        if name in fields:
            return what
    message = _QUOTED.sub(" ", str(error.get("message") or ""))
    return next((what for what, words in _WORDS.items() if not fields and words.search(message)), "")
