"""What the portal offers: which properties exist, which options they have, and what the shop calls them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

from msgspec import structs

from receiver.receipts import PROPERTIES
from workers.hubspot.outcomes import LineDown
from workers.mapping.contact import Choices
from workers.mapping.facts import ADDRESS, CUSTOMER_ID, DETAILS, UNSAVED, Facts
from workers.mapping.options import Option

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


def describe(definitions: Iterable[Mapping[str, Any]], targets: Mapping[str, str | Literal[False]]) -> Portal:
    """The portal that HubSpot's list of properties describes; raises `LineDown` if the upsert key cannot be used."""
    by_name = {str(one.get("name")): one for one in definitions}
    key = by_name.get(CUSTOMER_ID)
    if key is None:
        raise LineDown("no_key", f"The portal has no property {CUSTOMER_ID}. Run: leadsync setup")
    if key.get("hasUniqueValue") is False:
        raise LineDown(
            "no_key",
            f"The property {CUSTOMER_ID} does not have unique values, so it cannot tell customers apart. "
            "Delete it in HubSpot (it must be empty), then run: leadsync setup",
        )
    writable = {
        name for name, one in by_name.items() if not (one.get("modificationMetadata") or {}).get("readOnlyValue")
    }
    portal = Portal(frozenset(writable), targets=targets)
    options = {
        portal.source(name): [Option(str(o.get("value")), str(o.get("label"))) for o in one.get("options") or []]
        for name, one in by_name.items()
        if one.get("type") == "enumeration"
    }
    return replace(portal, choices=Choices({name: choices for name, choices in options.items() if choices}))
