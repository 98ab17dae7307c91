"""Pure: what the portal's required properties mean for a write.

HubSpot does not say beforehand which properties an admin requires: its refusals do, in words that are not public. So
any property that a refusal names and that was not sent counts as missing. What is not sent in vain again is remembered
(`leadcore.required`).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from msgspec import structs

from leadcore.reasons import Reason, reason
from leadcore.receipts import PARKED
from leadcore.required import Requirement, Scope, describe
from workers.rules.lead import Decision, Result
from workers.rules.mapping.characters import SPACELESS, SYLLABLE_END, SYLLABLE_START, WORD
from workers.rules.mapping.property_names import CUSTOMER_ID
from workers.rules.portal import Portal

MOST_CONTACTS = 1000
# Where a word of a script that puts spaces between words may begin and end.
_SPACED_BEFORE = rf"(?<![{WORD}-])|(?<=[{SPACELESS}])"
_SPACED_AFTER = rf"(?![{WORD}-])|(?=[{SPACELESS}])"
_SPACELESS = re.compile(f"[{SPACELESS}]")
_LONGEST_TEXT = 10_000


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
        if before and found.scope == before.scope != "with":
            seen = before.refused if before.fresh else 0
            again = before.fresh and set(found.partners) <= set(before.partners)
            partners = tuple(dict.fromkeys([*before.partners, *found.partners]))[-MOST_CONTACTS:]
            found = replace(found, partners=partners, refused=seen if again else seen + 1)
        self.known[found.field] = found
        self.learned.append(found)
        self.disproved = [name for name in self.disproved if name != found.field]

    def disprove(self, name: str) -> None:
        """HubSpot took what it had refused before; `name`: the field of the requirement."""
        if self.known.pop(name, None):
            self.disproved.append(name)
            self.learned = [one for one in self.learned if one.field != name]

    def record(self, learned: Iterable[Requirement], disproved: Iterable[str]) -> None:
        """Learn and disprove what one answer of HubSpot shows."""
        for one in learned:
            self.learn(one)
        for name in disproved:
            self.disprove(name)

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
    a longer label is none, nor is what is part of a word; in a script without spaces nobody sees where words end."""
    lacking = set(lacking)
    names = {form.casefold(): name for name, label in labels.items() for form in (label, name) if form}
    found: dict[int, str] = {}
    rest = text.casefold() if len(text) < _LONGEST_TEXT else ""
    for form in sorted((form for form in names if form in rest), key=len, reverse=True):
        for match in re.finditer(_find_form(form), rest):
            rest = rest[: match.start()] + "\0" * len(form) + rest[match.end() :]
            if names[form] in lacking:
                found[match.start()] = names[form]
    return list(dict.fromkeys(found[at] for at in sorted(found)))


def _find_form(form: str) -> str:
    """The pattern of a name or label as words of their own."""
    if len(form) == 1:
        # Any longer word of Chinese may hold it.
        return rf"(?<![{WORD}-]){re.escape(form)}(?![{WORD}-])"
    before = "" if _SPACELESS.match(form[0]) else f"(?:{_SPACED_BEFORE})"
    after = "" if _SPACELESS.match(form[-1]) else f"(?:{_SPACED_AFTER})"
    return f"{before}{SYLLABLE_START}{re.escape(form)}{SYLLABLE_END}{after}"


def explain(portal: Portal, missing: Sequence[str]) -> Reason:
    """Why a lead is parked that lacks these properties."""
    return reason("property_required", properties=_list(portal, missing))


def explain_partner(portal: Portal, missing: Sequence[str]) -> Reason:
    """Why a value was not written."""
    return reason("partner_required", properties=_list(portal, missing))


def _list(portal: Portal, names: Iterable[str]) -> str:
    return ", ".join(describe(name, portal.labels.get(name, "")) for name in names)


def is_about(portal: Portal, one: Requirement, decision: Decision) -> bool:
    """Whether HubSpot would want the property for what is sent."""
    if one.scope == "with":
        return bool(find_partners(portal, one, decision))
    if decision.customer.known != (one.scope == "write"):
        return False
    return one.is_proven or (one.fresh and one.scope == "write" and decision.customer.contact_id in one.partners)


def find_partners(portal: Portal, one: Requirement, decision: Decision) -> list[str]:
    """Our names of the properties that are sent and that HubSpot takes only with another one."""
    return [name for name in map(portal.source, one.partners) if name in decision.properties]


def supply(portal: Portal, decision: Decision, values: Mapping[str, str]) -> Decision:
    """Send these values (by HubSpot's names) of properties of which there is none, each once; `decision` itself if
    there is none to send. A unique value would make all customers one contact."""
    given = {
        portal.source(name): value
        for name, value in values.items()
        if value
        and portal.source(name) not in decision.supplied
        and name not in portal.unique
        and portal.has(portal.source(name))
        and not decision.properties.get(portal.source(name))
    }
    if not given:
        return decision
    return structs.replace(
        decision, properties={**decision.properties, **given}, supplied=decision.supplied | given.keys()
    )


def park(portal: Portal, decision: Decision, missing: Sequence[str]) -> Decision:
    """A person has to see to what is missing."""
    return structs.replace(decision, result=Result(PARKED, code="required", why=explain(portal, missing)))


def learn_from_refusal(portal: Portal, decision: Decision, missing: Iterable[str], customer_digest: str) -> Decision:
    """HubSpot refused even the least that can be sent."""
    customer = decision.customer
    about: tuple[Scope, tuple[str, ...]] = (
        ("write", (customer.contact_id,)) if customer.known else ("create", (customer_digest,))
    )
    learned = tuple(Requirement(name, portal.labels.get(name, ""), *about) for name in missing)
    return structs.replace(decision, learned=learned)


def learn_from_write(portal: Portal, decision: Decision, known: Iterable[Requirement], *, is_new: bool) -> Decision:
    """HubSpot took it, perhaps without what it had refused to do without. `is_new`: as a new contact."""
    sent, partners = portal.to_portal(decision.properties), tuple(dict.fromkeys(decision.withheld))
    missing = [name for name in decision.missing if not sent.get(name)]
    learned = tuple(Requirement(name, portal.labels.get(name, ""), "with", partners) for name in missing)
    disproved = tuple(
        one.field
        for one in {one.field: one for one in (*known, *learned)}.values()
        if not sent.get(one.name) and _is_disproved(portal, one, decision, is_new=is_new)
    )
    return structs.replace(decision, learned=learned, disproved=disproved)


def _is_disproved(portal: Portal, one: Requirement, decision: Decision, *, is_new: bool) -> bool:
    """Whether it shows that the property, which was not sent, is not required. A contact that was read has it."""
    customer = decision.customer
    if one.scope == "write":
        return customer.known and customer.contact_id in one.partners and one.name not in decision.looked_up
    return is_new and (is_about(portal, one, decision) if one.scope == "with" else not customer.known)
