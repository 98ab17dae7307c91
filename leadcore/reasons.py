"""Why something happened, or did not: a code and its values, as it travels and is stored. The texts, in every language
of the console, are in `leadcore.texts`.

Stored is the code, and after a blank the values as JSON: `too_old {"minutes":90}`. Values are names of properties,
counts, ids and codes, never what a customer said. A receipt may name in front what it is about: "row: contact_locked",
"failed: message_refused ...". An older process shows a code as it stands, and it reads like a sentence; what older
versions stored were the English sentences, which are read here.
"""

import json
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from string import Formatter
from typing import NamedTuple, NewType

import msgspec

from leadcore.texts import en

Reason = NewType("Reason", str)
NO_REASON = Reason("")
NEED_PERSON = frozenset({
    "unauthorized", "forbidden", "no_key", "no_room", "daily_quota",
    "order_key", "order_room", "order_currency", "order_pipeline", "order_stage", "order_amount", "orders_off",
    "stage_key",
})  # fmt: skip
"""Codes of pauses that only a person can end."""
NEED_RESTART = frozenset({
    "unauthorized", "order_currency", "order_pipeline", "order_stage", "orders_off", "switched_off",
})  # fmt: skip
"""Codes of pauses that what workers read at their start may have caused: once it is changed they have to start anew."""
_CODE = re.compile(r"[a-z][a-z0-9_]*")
_COUNT = re.compile(r"[0-9]{1,9}")
_TOPIC = re.compile(r"([a-z][a-z_ ]*): (.+)", re.DOTALL)


class ParsedReason(NamedTuple):
    """`code` is "" for a text that no known version stored."""

    code: str
    values: Mapping[str, int | str]


def reason(code: str, /, **values: int | str) -> Reason:
    """The reason `code`, a key of `leadcore.texts.en.REASONS`, with a value for each placeholder of its texts. A value
    named `why` is a reason itself."""
    return Reason(f"{code} {json.dumps(values, separators=(',', ':'))}" if values else code)


def split_topic(stored: str) -> tuple[str, Reason]:
    """What the reason is about (the code of a parked lead, the state of a message), "" if it does not say, and the
    reason alone."""
    found = _TOPIC.fullmatch(stored)
    return (found[1], Reason(found[2])) if found else ("", Reason(stored))


@lru_cache(4096)
def parse(alone: str) -> ParsedReason:
    """The code and the values of a reason, also of an older version's sentence."""
    return _parse_code(alone) or _parse_sentence(alone) or ParsedReason("", {})


def modernize(stored: str) -> str:
    """A reason as a receipt has it, as the present version would have stored it; what no version is known to have
    stored remains as it is."""
    topic, alone = split_topic(stored)
    if not alone or _parse_code(alone):
        return stored
    code, values = parse(alone)
    if not code:
        return stored
    return f"{topic}: {reason(code, **values)}" if topic else reason(code, **values)


def _parse_code(alone: str) -> ParsedReason | None:
    code, blank, values = alone.partition(" ")
    if not _CODE.fullmatch(code) or (blank and not values.startswith("{")):
        return None
    try:
        return ParsedReason(code, msgspec.json.decode(values or "{}", type=dict[str, int | str]))
    except (ValueError, RecursionError):
        return None


def _parse_sentence(alone: str) -> ParsedReason | None:
    for code, sentence in _sentences().items():
        if found := sentence.fullmatch(alone):
            return ParsedReason(code, {name: _read_value(name, value) for name, value in found.groupdict().items()})
    return None


def _read_value(name: str, text: str) -> int | str:
    return int(text) if _COUNT.fullmatch(text) else modernize(text) if name == "why" else text


def render(stored: str, texts: Mapping[str, str]) -> str:
    """The text of a reason alone, from one language's `texts`. One that they do not know, as a newer version may have
    stored it, is shown as it stands."""
    code, values = parse(stored)
    if code not in texts:
        return stored
    shown = {name: render(str(value), texts) if name == "why" else value for name, value in values.items()}
    try:
        return texts[code].format(**shown)
    except KeyError:
        return stored


def english(stored: str) -> str:
    """The English text of a reason as a receipt has it, what it is about included."""
    topic, alone = split_topic(stored)
    text = render(alone, en.REASONS)
    return f"{topic}: {text}" if topic else text


@cache
def _sentences() -> Mapping[str, re.Pattern[str]]:
    """Code -> what its English text matches."""
    return {code: _pattern(text) for code, text in en.REASONS.items() if text != en.ANY}


def _pattern(text: str) -> re.Pattern[str]:
    parts = [
        re.escape(literal) + (f"(?P<{name}>.*)" if name else "") for literal, name, _, _ in Formatter().parse(text)
    ]
    return re.compile("".join(parts), re.DOTALL)
