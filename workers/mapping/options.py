"""Dropdown values: which option of an enumeration property a text means."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Option:
    """One option of an enumeration property, as HubSpot's properties API names its parts."""

    value: str
    label: str


def match(value: str, options: Sequence[Option]) -> str | None:
    """The value of the option that `value` names, by value before label, ignoring case and surrounding space; None if
    there is none."""
    wanted = _key(value)
    if not wanted:
        return None
    return next(
        (option.value for option in options if _key(option.value) == wanted),
        next((option.value for option in options if _key(option.label) == wanted), None),
    )


def match_any(candidates: Iterable[str], options: Sequence[Option]) -> str | None:
    """The value of the option that the first matching of `candidates` names: spellings of the same thing, best
    first."""
    return next((value for value in (match(candidate, options) for candidate in candidates) if value is not None), None)


def _key(text: str) -> str:
    return text.strip().casefold()
