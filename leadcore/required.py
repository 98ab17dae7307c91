"""Properties that HubSpot refused to do without, as the workers remember them for an hour: for the next leads, the
console, `doctor` and `preview`."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

KEPT_MS = 3_600_000
Scope = Literal["create", "with", "write"]


@dataclass(frozen=True, slots=True)
class Requirement:
    """`name`: HubSpot's name; `label`: what HubSpot shows. `scope`: what it was required for: "create" for every
    new contact, "with" if one of the properties `partners` is written, "write" for any write to the contacts whose ids
    `partners` holds. `seen_ms`: when HubSpot last refused, in ms of Redis' clock."""

    name: str
    label: str
    scope: Scope
    partners: tuple[str, ...] = ()
    seen_ms: int = 0

    @property
    def field(self) -> str:
        """Its field in the hash. What single contacts lack stands beside what is known of all."""
        return f"{self.name} {self.scope}" if self.scope == "write" else self.name

    def pack(self) -> str:
        """Its field's value in the hash."""
        return json.dumps([self.label, self.scope, self.partners, self.seen_ms], ensure_ascii=False)

    def __str__(self) -> str:
        return describe(self.name, self.label)


def describe(name: str, label: str) -> str:
    """The property for people: its label and its name."""
    return f"{label} ({name})" if label and label != name else name


def unpack(stored: Mapping[bytes, bytes], now_ms: int) -> list[Requirement]:
    """What the hash holds that was seen in the last hour, in the order of the properties' names."""
    found = []
    for name, packed in stored.items():
        # A newer version may have added something.
        label, scope, partners, seen_ms, *_ = json.loads(packed)
        if seen_ms > now_ms - KEPT_MS:
            found.append(Requirement(name.decode().partition(" ")[0], label, scope, tuple(partners), seen_ms))
    return sorted(found, key=lambda one: one.name)


def list_names(found: Iterable[Requirement]) -> list[str]:
    """Each property once, for people."""
    return list(dict.fromkeys(map(str, found)))
