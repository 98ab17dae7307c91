"""What the portal offers: which properties exist, which options they have, and what the shop calls them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from msgspec import structs

from leadcore.receipts import PROPERTIES
from workers.rules.mapping.contact import Choices
from workers.rules.mapping.facts import ADDRESS, DETAILS, UNSAVED, Facts

COMPARED = (*DETAILS, *ADDRESS, "hs_language", UNSAVED)


@dataclass(frozen=True)
class Portal:
    """`names`: the properties that can be written, None if HubSpot did not tell; `targets`: our name -> the shop's.
    `extras`: the properties that the shop fills by itself."""

    names: frozenset[str] | None = None
    choices: Choices = field(default_factory=Choices)
    targets: Mapping[str, str | Literal[False]] = field(default_factory=dict)
    extras: Sequence[str] = ()

    def target(self, name: str) -> str:
        """The portal's name of our property, "" if it is left out."""
        return self.targets.get(name, name) or ""

    def source(self, target: str) -> str:
        """Our name of the portal's property."""
        return next((name for name, other in self.targets.items() if other == target), target)

    def has(self, name: str) -> bool:
        target = self.target(name)
        return bool(target) and (self.names is None or target in self.names)

    def limit(self, facts: Facts) -> Facts:
        """`facts` without what the portal has no property for."""
        said = (facts.details, facts.address, facts.activity, facts.creation)
        if all(self._own.keys() >= values.keys() for values in said):
            return facts
        return structs.replace(
            facts,
            details=self._held(facts.details),
            address=self._held(facts.address),
            activity=self._held(facts.activity),
            creation=self._held(facts.creation),
        )

    def _held(self, values: Mapping[str, str]) -> dict[str, str]:
        return {name: value for name, value in values.items() if self.has(name)}

    def home(self) -> list[str]:
        """The portal's names of an address."""
        return [self.target(name) for name in ADDRESS if self.has(name)]

    def compared(self) -> list[str]:
        """The portal's names of the values that are looked at before somebody else's contact is written."""
        return [self.target(name) for name in dict.fromkeys([*COMPARED, *self.extras]) if self.has(name)]

    def recall(self, values: Mapping[str, str]) -> dict[str, str]:
        """The portal's names -> ours."""
        return {self.source(name): value for name, value in values.items()}

    def translate(self, values: Mapping[str, str]) -> dict[str, str]:
        """Our names -> the portal's."""
        own = self._own
        return {
            own.get(name) or self.target(name): value for name, value in values.items() if name in own or self.has(name)
        }

    @cached_property
    def _own(self) -> dict[str, str]:
        """Those of our names that the portal has -> the portal's: looked up some fifty times per lead."""
        return {name: self.target(name) for name in PROPERTIES if self.has(name)}
