"""Pure: limits to what a reply's template may make of numbers and texts that somebody posted.

One call of Python's that makes gigabytes cannot be interrupted, so its arguments are looked at before it."""

import re
from collections.abc import Callable, Iterable
from functools import partial, wraps
from string import Formatter
from typing import Any

MOST_PADDING = 1_000
"""Of what fills a text or a row up, in characters or items."""
MOST_SUMMED = 1_000
"""Lists that are added up to one, each of which copies those before it."""
MOST_JOINED = 1_000_000
"""Characters of what one call may make of several texts."""
LONGEST_BETWEEN = 100
"""Characters of what stands between any number of texts."""
_PADDING = frozenset({"ljust", "rjust", "center", "zfill", "expandtabs"})
_FIVE_DIGITS = re.compile(r"\d{5}")
# A place of %: the name of its value, then a width or precision that stands there, or among the values as in %*d.
_PLACE = r"%(?:\([^()]*\))?[-+ #0]*"
_WIDE = re.compile(_PLACE + r"(?:\d{5}|[\d*]*\.\d{5})")
_GIVEN_WIDTH = re.compile(_PLACE + r"[\d.]*\*")
# Names in which _PLACE does not find the end.
_NESTED_NAME = re.compile(r"%\([^()]*\(")
# Filters, with how many arguments stand before what says how far.
_PADDED = {"batch": 1, "slice": 1, "indent": 1, "wordwrap": 2, "tojson": 2, "round": 1}
# What makes bytes, whose methods are not looked at, or a text of another's choice for each letter.
_REFUSED = frozenset({"encode", "to_bytes", "translate"})


def check_call(called: Any, values: Iterable[Any]) -> None:
    """Raise `OverflowError` for a method of a text or number, with these arguments, that would make far more of it."""
    method = getattr(called, "__wrapped__", called)
    text = getattr(method, "__self__", None)
    if isinstance(text, str | int) and method.__name__ in _REFUSED:
        raise OverflowError(f"a text may not {method.__name__}")
    if not isinstance(text, str):
        return
    given = list(values)
    match method.__name__:
        case "join":
            _check_join(text, given[0] if given else ())
        case "replace" if len(given) > 1:
            _check_replace(text, given[0], given[1])
        case "format" | "format_map":
            _check_braces(text, given)
        case name if name in _PADDING:
            _check_padding(given)


def check_format(text: str, values: Any) -> None:
    """Raise `OverflowError` for a text with wide places of % for values, or with places as wide as a value says."""
    if _WIDE.search(text) or (_NESTED_NAME.search(text) and _FIVE_DIGITS.search(text)):
        raise OverflowError("a text may not be so wide")
    if _GIVEN_WIDTH.search(text) or _NESTED_NAME.search(text):
        _check_padding(_list_values(values))


def _check_braces(text: str, values: Iterable[Any]) -> None:
    """The same of places in braces: {:9} or {:{}}. Raises `ValueError` for a text that is no format."""
    specs = [spec for _, _, spec, _ in Formatter().parse(text) if spec]
    if any(map(_FIVE_DIGITS.search, specs)):
        raise OverflowError("a text may not be so wide")
    if any("{" in spec for spec in specs):
        given = list(values)
        _check_padding(given)
        # A text says how wide as well as a number, and so may a part of a value.
        if any(not isinstance(one, str | int | float) or _FIVE_DIGITS.search(str(one)) for one in given):
            raise OverflowError("a text may not be so wide")


def _list_values(values: Any) -> Iterable[Any]:
    return values.values() if isinstance(values, dict) else values if isinstance(values, list | tuple) else [values]


def limit_filters(filters: dict[str, Any]) -> None:
    """Put these limits before the filters of an environment that need them."""
    for name, before in _PADDED.items():
        filters[name] = _guard(filters[name], partial(_check_arguments, before))
    filters["replace"] = _guard(
        filters["replace"], lambda _, text, old, new, *rest, **more: _check_replace(text, old, new)
    )
    filters["indent"] = _guard(filters["indent"], _check_indent)
    filters["urlize"] = _guard(filters["urlize"], lambda _, text, *given, **more: _check_between(given, more))
    filters["join"] = _guard(filters["join"], lambda _, items, d="", *rest, **more: _check_join(d, items))
    filters["sum"] = _limit_sum(filters["sum"])
    filters["format"] = _guard(filters["format"], lambda text, *given, **more: check_format(str(text), given or more))


def _guard(filter_: Callable[..., Any], check: Callable[..., None]) -> Callable[..., Any]:
    @wraps(filter_)
    def guarded(*given: Any, **more: Any) -> Any:
        check(*given, **more)
        return filter_(*given, **more)

    return guarded


def _limit_sum(filter_: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(filter_)
    def limited(environment: Any, items: Iterable[Any], attribute: Any = None, start: Any = 0) -> Any:
        if not isinstance(start, int | float):
            items = list(items)
            if len(items) > MOST_SUMMED:
                raise OverflowError("so many lists may not be added up")
        return filter_(environment, items, attribute, start)

    return limited


def _check_arguments(before: int, *given: Any, **more: Any) -> None:
    _check_padding([*given[before:], *more.values()])
    _check_between(given[before:], more)


def _check_between(given: tuple[Any, ...], more: dict[str, Any]) -> None:
    """Raise `OverflowError` for a long text that is to stand before each line, in each link or the like."""
    if any(isinstance(one, str) and len(one) > LONGEST_BETWEEN for one in (*given, *more.values())):
        raise OverflowError("too long a text stands between others")


def _check_indent(text: Any, width: Any = 4, *rest: Any, **more: Any) -> None:
    size = width if isinstance(width, int) else len(str(width))
    if size * len(str(text).splitlines()) > MOST_JOINED:
        raise OverflowError("a text may not grow so much")


def _check_padding(values: Iterable[Any]) -> None:
    if any(isinstance(one, int | float) and abs(one) > MOST_PADDING for one in values):
        raise OverflowError("a text may not be filled up so far")


def _check_replace(text: Any, old: Any, new: Any) -> None:
    if str(text).count(str(old)) * len(str(new)) > MOST_JOINED:
        raise OverflowError("a text may not grow so much")


def _check_join(between: Any, items: Any) -> None:
    if not isinstance(items, list | tuple | range | str):
        # How many there are is not known before they are used up.
        if len(str(between)) > LONGEST_BETWEEN:
            raise OverflowError("too long a text stands between others")
        return
    size = len(items) * len(str(between))
    for one in items if size <= MOST_JOINED else ():
        size += len(str(one)) if isinstance(one, str | dict | list | tuple) else 0
        if size > MOST_JOINED:
            break
    if size > MOST_JOINED:
        raise OverflowError("texts may not be joined to so long a one")
