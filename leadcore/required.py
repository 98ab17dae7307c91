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
    """`property`: HubSpot's name; `label`: what HubSpot shows. `scope`: what it was required for: "create" for every
    new contact, "with" if one of the properties `partners` is written, "write" for a contact that is there already.
    `seen_ms`: when HubSpot last refused, in ms of Redis' clock."""

    property: str
    label: str
    scope: Scope
    partners: tuple[str, ...] = ()
    seen_ms: int = 0

    def pack(self) -> str:
        """Its field's value in the hash; the field is the property."""
        return json.dumps([self.label, self.scope, self.partners, self.seen_ms], ensure_ascii=False)

    def __str__(self) -> str:
        return describe(self.property, self.label)


def describe(property: str, label: str) -> str:
    """The property for people: its label and its name."""
    return f"{label} ({property})" if label and label != property else property


def unpack(stored: Mapping[bytes, bytes], now_ms: int) -> list[Requirement]:
    """What the hash holds that was seen in the last hour, in the order of the properties' names."""
    found = []
    for name, packed in stored.items():
        label, scope, partners, seen_ms = json.loads(packed)
        if seen_ms > now_ms - KEPT_MS:
            found.append(Requirement(name.decode(), label, scope, tuple(partners), seen_ms))
    return sorted(found, key=lambda one: one.property)


def list_names(found: Iterable[Requirement]) -> str:
    return ", ".join(map(str, found))
