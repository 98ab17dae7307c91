"""One contact and all that was ever written to it."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Contact:
    """`log`: (epoch seconds, properties) of every accepted write, whether it changed anything or not; `since`: when a
    merge made it, whose log begins with the logs of what was merged."""

    id: int
    created: float
    updated: float
    properties: dict[str, str] = field(default_factory=dict)
    log: list[tuple[float, dict[str, str]]] = field(default_factory=list)
    since: float = 0.0

    def history(self) -> dict[str, list[tuple[float, str]]]:
        """Property -> (epoch seconds, value) of each change."""
        changes: dict[str, list[tuple[float, str]]] = {}
        for at, written in self.log:
            for name, value in written.items():
                past = changes.setdefault(name, [(at, "")])
                if value != past[-1][1]:
                    past.append((at, value))
        return {name: past[1:] for name, past in changes.items() if len(past) > 1}

    def as_of(self, moment: float) -> dict[str, str]:
        """The properties at `moment`."""
        merged: dict[str, str] = {}
        for at, written in self.log:
            if at <= moment:
                merged |= written
        return {name: value for name, value in merged.items() if value}


@dataclass(slots=True)
class Plan:
    """What a good row will write. `unique`: the unique properties in it with their values; `row`: the batch input that
    asked for it."""

    contact: Contact
    changes: dict[str, str]
    new: bool
    unique: list[tuple[str, str]] = field(default_factory=list)
    row: Any = None
