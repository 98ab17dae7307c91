"""Dropdown values: which option of an enumeration property a text means."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Option:
    """One option of an enumeration property, as HubSpot's properties API names its parts."""

    value: str
    label: str


def match(value: str, options: Sequence[Option]) -> str | None:
    """The value of the option that `value` names, by value before label, ignoring case and surrounding space; None if
    there is none."""
    return match_any((value,), options)


def match_any(candidates: Iterable[str], options: Sequence[Option]) -> str | None:
    """The value of the option that the first matching of `candidates` names: spellings of the same thing, best
    first."""
    return find(candidates, index(options))


def index(options: Sequence[Option]) -> dict[str, str]:
    """What `find` looks into, for those who look more than once."""
    found = {_key(option.label): option.value for option in reversed(options)}
    found |= {_key(option.value): option.value for option in reversed(options)}
    found.pop("", None)
    return found


def find(candidates: Iterable[str], index: Mapping[str, str]) -> str | None:
    """As `match_any`, among the options of `index`."""
    return next((index[key] for key in map(_key, candidates) if key in index), None)


def _key(text: str) -> str:
    return text.strip().casefold()
