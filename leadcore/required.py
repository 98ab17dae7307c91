"""Properties that HubSpot refused to do without, as the workers remember them for an hour: for the next leads, the
console, `doctor` and `preview`."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

KEPT_MS = 3_600_000
# What so many refused customers lacked is kept from HubSpot for all others, for so long; then one asks again.
PROOFS, PROVEN_MS = 2, 300_000
Scope = Literal["create", "with", "write"]


@dataclass(frozen=True, slots=True)
class Requirement:
    """`name`: HubSpot's name; `label`: what HubSpot shows. `scope`: what it was required for: "create" for every
    new contact, "with" if one of the properties `partners` is written, "write" for any write to a known
    contact. Of whom it was required, `partners` holds the contact ids ("write") or digests of the customer ids
    ("create"). `seen_ms`: when HubSpot last refused, in ms of Redis' clock; `fresh`: whether that was lately;
    `refused`: how many customers were refused, each lately when the next was."""

    name: str
    label: str
    scope: Scope
    partners: tuple[str, ...] = ()
    seen_ms: int = 0
    refused: int = 1
    fresh: bool = True

    @property
    def is_proven(self) -> bool:
        """Whether customers are not sent for whom HubSpot has not refused it: one refusal may be misread."""
        return self.fresh and self.refused >= PROOFS

    @property
    def field(self) -> str:
        """Its field in the hash. What single contacts lack stands beside what is known of all."""
        return f"{self.name} {self.scope}" if self.scope == "write" else self.name

    def pack(self) -> str:
        """Its field's value in the hash."""
        return json.dumps([self.label, self.scope, self.partners, self.seen_ms, self.refused], ensure_ascii=False)

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
        label, scope, partners, seen_ms, *more = json.loads(packed)
        if seen_ms > now_ms - KEPT_MS:
            refused, fresh = more[0] if more else 1, seen_ms > now_ms - PROVEN_MS
            name_only = name.decode().partition(" ")[0]
            found.append(Requirement(name_only, label, scope, tuple(partners), seen_ms, refused, fresh))
    return sorted(found, key=lambda one: one.name)


def list_names(found: Iterable[Requirement]) -> list[str]:
    """Each property once, for people."""
    return list(dict.fromkeys(map(str, found)))
