"""Which option of a dropdown (enumeration property) a text means."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Option:
    """One option of an enumeration property, as HubSpot's properties API names its parts."""

    value: str
    label: str


def index(options: Sequence[Option]) -> dict[str, str]:
    """The index for `find`: value or label -> the option's value. A value wins over another option's equal label."""
    found = {_key(option.label): option.value for option in reversed(options)}
    found |= {_key(option.value): option.value for option in reversed(options)}
    found.pop("", None)
    return found


def find(candidates: Iterable[str], index: Mapping[str, str]) -> str | None:
    """The value of the first option that one of `candidates` (spellings of one thing, best first) names, ignoring case
    and surrounding space; None if there is none."""
    return next((index[key] for key in map(_key, candidates) if key in index), None)


def _key(text: str) -> str:
    return text.strip().casefold()
