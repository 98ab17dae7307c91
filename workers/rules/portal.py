"""The portal: which properties it has, their options, and the names that the shop uses for ours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from msgspec import structs

from leadcore.receipts import PROPERTIES
from workers.rules.mapping.contact import PortalOptions
from workers.rules.mapping.mapped_event import MappedEvent
from workers.rules.mapping.property_names import (
    ADDRESS,
    CUSTOMER_ID,
    DETAILS,
    OTHER_IDS,
    PLACEHOLDER,
    SHORTER,
    UNSAVED,
)

# Before the portal's name of a property in whose place the shop has put another, or none.
HUBSPOTS = "hubspot."
COMPARED = (*DETAILS, *ADDRESS, "hs_language", UNSAVED)


@dataclass(frozen=True)
class Portal:
    """`names`: the writable properties, None if HubSpot did not say; `targets`: our name -> the portal's, False to
    leave it out. `extras`: the properties that the shop maps itself. `labels`: every property -> what HubSpot calls it
    for people; `choices`: those with options; `unique`: those whose values are unique; all by the portal's names."""

    names: frozenset[str] | None = None
    options: PortalOptions = field(default_factory=PortalOptions)
    targets: Mapping[str, str | Literal[False]] = field(default_factory=dict)
    extras: Sequence[str] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    choices: frozenset[str] = frozenset()
    unique: frozenset[str] = frozenset()

    def target(self, name: str) -> str:
        """The portal's name for our property, "" if it is left out."""
        return name.removeprefix(HUBSPOTS) if name.startswith(HUBSPOTS) else self.targets.get(name, name) or ""

    def source(self, target: str) -> str:
        """Our name for the portal's property."""
        name = next((name for name, other in self.targets.items() if other == target), target)
        return name if self.target(name) == target else HUBSPOTS + target

    def has(self, name: str) -> bool:
        target = self.target(name)
        return bool(target) and (self.names is None or target in self.names)

    def without_unsupported(self, mapped: MappedEvent) -> MappedEvent:
        """`mapped` without the values that the portal has no property for."""
        blocks = (mapped.details, mapped.address, mapped.activity, mapped.creation)
        if all(self._targets.keys() >= values.keys() for values in blocks):
            return mapped
        return structs.replace(
            mapped,
            details=self._existing(mapped.details),
            address=self._existing(mapped.address),
            activity=self._existing(mapped.activity),
            creation=self._existing(mapped.creation),
        )

    def _existing(self, values: Mapping[str, str]) -> dict[str, str]:
        return {name: value for name, value in values.items() if self.has(name)}

    def address_targets(self) -> list[str]:
        """The portal's names for the parts of an address."""
        return [self.target(name) for name in ADDRESS if self.has(name)]

    def compared_targets(self) -> list[str]:
        """The portal's names for the values that are read before somebody else's contact is written."""
        return [self.target(name) for name in dict.fromkeys([*COMPARED, *self.extras]) if self.has(name)]

    def shared_targets(self) -> list[str]:
        """The portal's names for all that is read before a contact of several customers is written: whose it is, and
        each value that an event may carry."""
        stored = [self.target(name) for name in PROPERTIES if name not in (*SHORTER, PLACEHOLDER) and self.has(name)]
        return list(dict.fromkeys([*self.compared_targets(), *stored, CUSTOMER_ID, OTHER_IDS]))

    def from_portal(self, values: Mapping[str, str]) -> dict[str, str]:
        """`values` with the portal's names replaced by ours."""
        return {self.source(name): value for name, value in values.items()}

    def to_portal(self, values: Mapping[str, str]) -> dict[str, str]:
        """`values` with our names replaced by the portal's; those that the portal lacks are left out."""
        own = self._targets
        return {
            own.get(name) or self.target(name): value for name, value in values.items() if name in own or self.has(name)
        }

    @cached_property
    def _targets(self) -> dict[str, str]:
        """Our names -> the portal's, for those that it has. Cached: looked up some fifty times per lead."""
        return {name: self.target(name) for name in PROPERTIES if self.has(name)}
