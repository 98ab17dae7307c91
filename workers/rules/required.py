"""Pure: what the portal's required properties mean for a write.

HubSpot does not say beforehand which properties an admin requires: its refusals do, in words that are not public. So
any property that a refusal names and that was not sent counts as missing. What is not sent in vain again is remembered
(`leadcore.required`).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from leadcore.required import Requirement, describe
from workers.rules.mapping.property_names import CUSTOMER_ID
from workers.rules.portal import Portal

MOST_CONTACTS = 1000
_WORD = r"(?<![\w-]){}(?![\w-])"


@dataclass
class RequiredProperties:
    """What is known of one portal's required properties, shared by all batches of a worker. `defaults`: the property
    -> the value that the shop sends where a new contact has none. `known`: what HubSpot refused to do without in the
    last hour, by field. `learned`, `disproved`: changes of it, and fields, that are not remembered yet. All properties
    by HubSpot's names."""

    defaults: Mapping[str, str] = field(default_factory=dict)
    known: dict[str, Requirement] = field(default_factory=dict)
    learned: list[Requirement] = field(default_factory=list)
    disproved: list[str] = field(default_factory=list)

    def learn(self, found: Requirement) -> None:
        """HubSpot refused to do without a property."""
        before = self.known.get(found.field)
        if before and found.scope == "write":
            contacts = dict.fromkeys([*before.partners, *found.partners])
            found = replace(found, partners=tuple(contacts)[-MOST_CONTACTS:])
        self.known[found.field] = found
        self.learned.append(found)
        self.disproved = [field for field in self.disproved if field != found.field]

    def disprove(self, field: str) -> None:
        """HubSpot took what it had refused before."""
        if self.known.pop(field, None):
            self.disproved.append(field)
            self.learned = [one for one in self.learned if one.field != field]

    def refresh(self, stored: Iterable[Requirement]) -> None:
        """Take over what all workers remember."""
        self.known = {one.field: one for one in [*stored, *self.learned]}
        for one in self.disproved:
            self.known.pop(one, None)

    def take_changes(self) -> tuple[list[Requirement], list[str]]:
        """What is to be remembered and forgotten; from then on it counts as done."""
        changes = self.learned, self.disproved
        self.learned, self.disproved = [], []
        return changes


def find_missing(portal: Portal, named: Iterable[str], text: str, sent: Mapping[str, str]) -> list[str]:
    """HubSpot's names of the properties that a refusal wants and that were not sent: those that it names in a field,
    else those whose name or label stands in its words. Where the portal's properties are not known, only words that
    speak of something required show what is meant. `sent`: HubSpot's name -> value."""
    named = list(named)
    lacking = {name for name in portal.labels or (named if text else ()) if not sent.get(name)} - {CUSTOMER_ID}
    found = [name for name in named if name in lacking]
    return list(dict.fromkeys(found)) or _search(portal.labels, lacking, "\n".join([*named, text]))


def _search(labels: Mapping[str, str], lacking: Iterable[str], text: str) -> list[str]:
    """The properties in `lacking` of which `text` has the name or the label, in the order of the text. What is part of
    a longer label is none."""
    lacking = set(lacking)
    names = {form.casefold(): name for name, label in labels.items() for form in (label, name) if form}
    found: dict[int, str] = {}
    rest = text.casefold() if len(text) < _LONGEST_TEXT else ""
    for form in sorted((form for form in names if form in rest), key=len, reverse=True):
        for match in re.finditer(_WORD.format(re.escape(form)), rest):
            rest = rest[: match.start()] + "\0" * len(form) + rest[match.end() :]
            if names[form] in lacking:
                found[match.start()] = names[form]
    return list(dict.fromkeys(found[at] for at in sorted(found)))


_LONGEST_TEXT = 10_000


def explain(portal: Portal, missing: Sequence[str]) -> str:
    """Why a lead is parked that lacks these properties."""
    return f"HubSpot requires {', '.join(describe(name, portal.labels.get(name, '')) for name in missing)}"


def explain_partner(portal: Portal, missing: Sequence[str]) -> str:
    """Why a value was not written."""
    return f"{explain(portal, missing)} with it"
