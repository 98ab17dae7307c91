"""Pure: what is to be sent for a group of leads, and what instead, once HubSpot has answered."""

import re
from collections.abc import Mapping

from msgspec.structs import replace

from leadcore.receipts import CREATED, PARKED, SKIPPED, UNCHANGED, UPDATED, WAITING, Note
from workers.rules.customer import Customer
from workers.rules.field_clock import SEEN, Digest, digest_entries
from workers.rules.lead import CustomerBatch, Result
from workers.rules.mapping.facts import ACTIVITY, ADDRESS, CUSTOMER_ID, NAME, OTHER_IDS, PLACEHOLDER, UNSAVED
from workers.rules.news import decide, respect
from workers.rules.portal import Portal

# A text property holds 65,536 characters (HubSpot's page).
MAX_UNSAVED_VALUE, MAX_UNSAVED = 2_000, 60_000
# What is sent of a contact that HubSpot refuses without a word which value it is about.
ESSENTIAL = frozenset({CUSTOMER_ID, OTHER_IDS, UNSAVED, *NAME, *ACTIVITY})
UNNAMED = "HubSpot refused the contact, perhaps for this value"
_FIELD = re.compile(r"([a-z]\w*): ")


class Plan:
    """The rules for one portal; every method changes the group that it is given and does no I/O."""

    def __init__(self, portal: Portal, digest: Digest) -> None:
        self.portal, self.digest = portal, digest

    def begin(self, group: CustomerBatch) -> None:
        """Decide what is news and how it is sent: to a contact that is made by customer id, to a known one by its id,
        and carefully where that needs a look first."""
        customer = group.customer
        news = decide(customer, group.told, self.digest)
        writes = {name: value for name, value in news.writes.items() if name != UNSAVED or self.portal.has(UNSAVED)}
        group.news, group.properties, group.looked, group.result = news, writes, False, None
        group.careful = customer.shared or bool(news.if_still) or (customer.known and UNSAVED in news.writes)
        if customer.known:
            if not news:
                group.result = Result(UNCHANGED, customer.contact_id)
        elif any(facts.makes_contact for _, facts in group.told):
            group.properties |= news.creation
            group.placeholder = news.creation.get("lastname", "")
        else:
            group.result = Result(SKIPPED, code="no_details", why="no contact details yet")

    def learn(self, customer: Customer, current: Mapping[str, str]) -> Customer:
        """`customer` with the parts of a home that the contact has and nobody noted: another home has to clear them."""
        clock = dict(customer.clock)
        for name in ADDRESS:
            stamp, value = clock.get(name), current.get(name)
            if value and (stamp is None or stamp[1] == self.digest(name, "")):
                clock[name] = (SEEN, self.digest(name, value))
        return replace(customer, clock=clock)

    def restart(self, group: CustomerBatch) -> None:
        """The contact that was believed known is gone: send all that these events hold, as for a new customer."""
        if group.restarted:
            group.result = Result(
                WAITING, code="vanishing", why="the contact vanished from HubSpot while it was written"
            )
            return
        group.restarted, group.detached = True, group.customer.shared
        group.customer = Customer(revision=group.stored.revision, day=group.stored.day, said=group.stored.said)
        self.begin(group)

    def written(self, group: CustomerBatch, contact_id: str, new: bool | None) -> None:
        """HubSpot has what was sent."""
        group.made = group.made or new is True
        created = group.made or (new is None and not group.customer.known)
        group.customer = replace(group.customer, contact_id=contact_id)
        group.result = Result(CREATED if created else UPDATED, contact_id)

    def salvage(self, group: CustomerBatch, fields: Mapping[str, str], why: str) -> None:
        """Drop what HubSpot refuses and keep the rest; the refused value goes where a salesperson sees it."""
        refused = {self.portal.source(name): reason for name, reason in fields.items()}
        hit = [name for name in refused if name in group.properties]
        for name in hit:
            self._drop(group, name, refused[name])
            group.email_refused |= name == "email"
        if group.placeholder and "lastname" in hit:
            group.result = Result(PARKED, code="refused", why="HubSpot refused even a made-up last name")
        elif hit:
            self._settle_unsaved(group, possible=UNSAVED not in hit)
            self._ensure_name(group)
            self._end_if_empty(group)
        elif not self._ensure_name(group) and not self._shorten(group):
            group.result = Result(PARKED, code="refused", why=why)

    def without(self, group: CustomerBatch, name: str, why: str) -> None:
        """Send the rest without a value that belongs to another contact."""
        group.conflict = None
        self._drop(group, name, why)
        self._settle_unsaved(group)
        self._ensure_name(group)
        self._end_if_empty(group)

    def respect(self, group: CustomerBatch, current: Mapping[str, str]) -> None:
        """Leave out what would overwrite values that the contact has now and that are not ours."""
        group.looked, group.unsaved_before = True, current.get(UNSAVED, "")
        for name, (value, digest) in group.news.if_still.items():
            if self.digest(name, current.get(name, "")) == digest:
                group.properties[name] = value
        if group.customer.fill_only:
            own = {name: group.properties[name] for name in (CUSTOMER_ID, OTHER_IDS) if name in group.properties}
            writes, unsaved, notes = respect(group.news, current, group.stored.clock, self.digest)
            group.properties = {**writes, **own}
            group.unsaved |= unsaved
            group.notes += notes
        self._settle_unsaved(group)
        self._end_if_empty(group)

    def _drop(self, group: CustomerBatch, name: str, why: str) -> None:
        value = group.properties.pop(name, "")
        group.notes.append(Note(name, "dropped", why))
        if value and name != UNSAVED:
            group.unsaved[name] = value

    def _settle_unsaved(self, group: CustomerBatch, *, possible: bool = True) -> None:
        values = {**group.news.unsaved, **group.unsaved}
        fresh = bool(group.unsaved) or UNSAVED in group.news.writes
        if not (values and fresh and possible and self.portal.has(UNSAVED)):
            return
        if group.customer.known and not group.looked:
            # What stands there of other fields must stay: look first.
            group.careful = True
        group.properties[UNSAVED] = merge_unsaved(group.unsaved_before, values)

    def _ensure_name(self, group: CustomerBatch) -> bool:
        """HubSpot creates no contact without email, first or last name. True if that was lacking and is mended."""
        if group.customer.known or any(group.properties.get(name) for name in ("email", *NAME)):
            return False
        group.placeholder = next((f.placeholder for _, f in reversed(group.told) if f.placeholder), "Chat")
        group.properties["lastname"] = group.placeholder
        return True

    def _shorten(self, group: CustomerBatch) -> bool:
        """Leave out what a refusal without a field may be about: the email, then all but who this is and the last
        activity. False if nothing is left to leave out."""
        spare = ["email"] if "email" in group.properties else []
        spare = spare or [name for name in group.properties if name not in ESSENTIAL]
        for name in spare:
            self._drop(group, name, UNNAMED)
        if spare:
            self._settle_unsaved(group)
            self._ensure_name(group)
            self._end_if_empty(group)
        return bool(spare)

    def _end_if_empty(self, group: CustomerBatch) -> None:
        if not group.properties:
            group.result = Result(UNCHANGED, group.customer.contact_id)


def merge_unsaved(before: str, values: Mapping[str, str]) -> str:
    """The text of `dealdroid_unsaved`: a line "field: value" per field, those of other fields as they were."""
    kept: dict[str, str] = {}
    name = ""
    for line in before.splitlines():
        found = _FIELD.match(line)
        name = found.group(1) if found else name
        kept[name] = f"{kept[name]}\n{line}" if name in kept else line
    kept |= {name: f"{name}: {value[:MAX_UNSAVED_VALUE]}" for name, value in values.items()}
    return "\n".join(kept.values())[:MAX_UNSAVED]


def clock_after(group: CustomerBatch, digest: Digest) -> dict[str, tuple[int, bytes]]:
    """The customer's clock once the group is written. A value that HubSpot refused counts as said; what went to
    `dealdroid_unsaved` in its stead is remembered too."""
    clock = digest_entries(group.news.entries, digest)
    version = group.leads[-1].version
    if group.placeholder:
        clock[PLACEHOLDER] = (version, digest("lastname", group.placeholder))
    return clock
