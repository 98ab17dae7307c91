"""Words for what msgspec refuses in a TOML file: the line, the key, what may stand there, what may have been meant."""

import re
import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from itertools import takewhile
from typing import Any

import msgspec
from msgspec import inspect

from leadcore.text import clean

_WHERE = re.compile(r" - at `(?:key in )?\$\.?([^`]*)`$")
_UNKNOWN = re.compile(r"unknown field `([^`]*)`")
_SHOWN = 60


def explain(source: str, path: list[str], value: Any, kind: Any, error: msgspec.ValidationError) -> str:
    """What is wrong in the TOML text `source`, where `value`, which stands at `path`, is no `kind`."""
    message = str(error)
    where, unknown = _WHERE.search(message), _UNKNOWN.search(message)
    inner = [part for part in re.split(r"[.\[\]]+", where[1]) if part and part != "..."] if where else []
    expected, given = _descend(inspect.type_info(kind), value, inner)
    # A list's items have numbers and not names.
    names = [*path, *(part for part in inner if not part.isdecimal())]
    if unknown:
        names.append(unknown[1])
        return f"line {line_of(source, names)}: {'.'.join(names)}: {refuse_name(unknown[1], _keys_of(expected))}."
    said = describe(expected)
    reason = f"must be {said}, not {_quote(given)}{_suggest(given, _choices(expected))}"
    return f"line {line_of(source, names)}: {'.'.join(names) or 'the file'}: {reason}."


def refuse_name(name: str, known: Iterable[str]) -> str:
    """That there is no key `name`, which one may have been meant, and which there are."""
    known = list(known)
    return f"there is no such key{_suggest(name, known)}; known are {', '.join(known)}"


def describe(expected: inspect.Type) -> str:
    """What may stand there, in words."""
    match expected:
        case inspect.Metadata(type=inner, extra_json_schema=extra):
            return str((extra or {}).get("description") or describe(inner))
        case inspect.LiteralType(values=values):
            return _join([_quote(value) for value in values])
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType(ge=low, le=high):
            return f"a whole number{_describe_range(low, high)}"
        case inspect.FloatType(ge=low, le=high):
            return f"a number{_describe_range(low, high)}"
        case inspect.StrType():
            return "a text in quotes"
        case inspect.VarTupleType(item_type=item) | inspect.ListType(item_type=item):
            return f"a list in [ ], each item {describe(item)}"
        case inspect.TupleType(item_types=items):
            return f"a list in [ ] of {len(items)}, each {describe(items[0])}"
        case inspect.UnionType(types=types):
            words = [describe(one) for one in types if not isinstance(one, inspect.NoneType)]
            # What stands behind a list would be read as an item of it.
            return _join(sorted(words, key=lambda one: "[ ]" in one))
        case _:
            return "a table"


def _describe_range(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f" from {low} to {high}"
    if low is not None:
        return f" of at least {low}"
    return f" of at most {high}" if high is not None else ""


def _join(words: list[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _quote(value: Any) -> str:
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value[:_SHOWN]}"'
    return str(value)


def _suggest(name: Any, known: Iterable[str]) -> str:
    by_folded = {one.casefold(): one for one in known}
    close = get_close_matches(name.casefold(), by_folded, 1) if isinstance(name, str) else []
    return f" (did you mean {by_folded[close[0]]}?)" if close else ""


def _descend(expected: inspect.Type, value: Any, inner: list[str]) -> tuple[inspect.Type, Any]:
    """What is expected at `inner` below, and what stands there."""
    for part in inner:
        expected = _table_of(expected)
        match expected:
            case inspect.StructType(fields=fields):
                expected = next(one.type for one in fields if one.encode_name == part)
                value = value[part]
            case inspect.VarTupleType(item_type=item) | inspect.ListType(item_type=item):
                expected, value = item, value[int(part)]
            case inspect.TupleType(item_types=items):
                expected, value = items[int(part)], value[int(part)]
            case _:
                break
    return expected, value


def _table_of(expected: inspect.Type) -> inspect.Type:
    """Without what may stand there instead, and without remarks."""
    while isinstance(expected, inspect.Metadata | inspect.UnionType):
        if isinstance(expected, inspect.Metadata):
            expected = expected.type
        else:
            expected = next(one for one in expected.types if not isinstance(one, inspect.NoneType))
    return expected


def _keys_of(expected: inspect.Type) -> list[str]:
    table = _table_of(expected)
    return [one.encode_name for one in table.fields] if isinstance(table, inspect.StructType) else []


def _choices(expected: inspect.Type) -> list[str]:
    values = expected.values if isinstance(expected, inspect.LiteralType) else ()
    return [value for value in values if isinstance(value, str)]


def line_of(source: str, path: list[str]) -> int:
    """The number of the line that names the key `path`, else as much of it as any line does."""
    best, found, table = 0, 1, []
    for number, line in enumerate(source.splitlines(), 1):
        if line.lstrip().startswith("["):
            table = own = read_key(line)
        else:
            own = [*table, *read_key(f"{line[: match.start()]} = 0")] if (match := re.search(r"\s*=", line)) else []
        named = len(list(takewhile(lambda pair: clean(pair[0]) == clean(pair[1]), zip(own, path, strict=False))))
        if named > best:
            best, found = named, number
    return found


def read_key(line: str) -> list[str]:
    """The key that a line of TOML names, [] if it names none."""
    try:
        value: Any = tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return []
    path: list[str] = []
    while isinstance(value, dict) and value:
        name, value = next(iter(value.items()))
        path.append(name)
        value = value[0] if isinstance(value, list) and value else value
    return path
