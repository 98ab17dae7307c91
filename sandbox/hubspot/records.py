"""One record and all that was ever written to it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sandbox.hubspot.object_types import ObjectType


class Source(NamedTuple):
    """Who wrote a value, as a property's history tells it."""

    kind: str
    id: str
    user_id: int | None = None


APP = Source("INTEGRATION", "2002")
SALESPERSON = Source("CRM_UI", "userId:1001", 1001)


class Write(NamedTuple):
    """`at`: epoch seconds."""

    at: float
    properties: dict[str, str]
    source: Source = APP


class Change(NamedTuple):
    at: float
    value: str
    source: Source


@dataclass(slots=True)
class Record:
    """`log`: every accepted write, whether it changed anything or not; `since`: when a merge made it, whose log begins
    with the logs of what was merged; `archived`: when, 0 while it is not. Times in epoch seconds."""

    type: ObjectType
    id: int
    created: float
    updated: float
    properties: dict[str, str] = field(default_factory=dict)
    log: list[Write] = field(default_factory=list)
    since: float = 0.0
    archived: float = 0.0

    def changes(self) -> dict[str, list[Change]]:
        """Property -> each change of its value, oldest first."""
        found: dict[str, list[Change]] = {}
        for at, written, source in self.log:
            for name, value in written.items():
                past = found.setdefault(name, [])
                if value != (past[-1].value if past else ""):
                    past.append(Change(at, value, source))
        return {name: past for name, past in found.items() if past}

    def history(self) -> dict[str, list[tuple[float, str]]]:
        """Property -> (epoch seconds, value) of each change."""
        return {name: [(each.at, each.value) for each in past] for name, past in self.changes().items()}

    def as_of(self, moment: float) -> dict[str, str]:
        """The properties at `moment`."""
        merged: dict[str, str] = {}
        for at, written, _ in self.log:
            if at <= moment:
                merged |= written
        return {name: value for name, value in merged.items() if value}

    def written_names(self) -> Iterator[str]:
        """Each property as often as it was sent and accepted."""
        for written in self.log:
            yield from written.properties


class NewLink(NamedTuple):
    """An association that a creation asks for: the other record's type and id, and the ids of its types."""

    type: ObjectType
    id: int
    types: frozenset[int]


@dataclass(slots=True)
class Plan:
    """What a good row will write. `unique`: the unique properties in it with their values; `row`: the batch input that
    asked for it."""

    record: Record
    changes: dict[str, str]
    new: bool
    unique: list[tuple[str, str]] = field(default_factory=list)
    row: Any = None
    links: list[NewLink] = field(default_factory=list)
