"""Pure: what to send for a customer batch, and what to send instead after HubSpot's answer."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo

from msgspec.structs import replace

from leadcore.receipts import CONTACT, CREATED, PARKED, SKIPPED, UNCHANGED, UPDATED, WAITING, WARNED, Note
from leadcore.required import Requirement, Scope
from workers.rules.customer import Customer
from workers.rules.field_clock import SEEN, Digest, digest_entries
from workers.rules.lead import CustomerBatch, Result
from workers.rules.mapping.property_names import (
    ACTIVITY,
    ADDRESS,
    CUSTOMER_ID,
    NAME,
    OTHER_IDS,
    PHONES,
    PLACEHOLDER,
    UNSAVED,
)
from workers.rules.news import find_news, newest_placeholder, protect_existing_values
from workers.rules.portal import Portal
from workers.rules.required import RequiredProperties, explain, explain_partner, find_missing

# A text property holds 65,536 characters (HubSpot's page).
MAX_UNSAVED_VALUE, MAX_UNSAVED = 2_000, 60_000
# What is still sent of a contact that HubSpot refuses without naming a value.
ESSENTIAL = frozenset({CUSTOMER_ID, OTHER_IDS, UNSAVED, *NAME, *ACTIVITY})
CHANNELS = frozenset({"email", *PHONES})
UNNAMED = "HubSpot refused the contact, perhaps for this value"
_LINE = re.compile(r"([a-z]\w*)(?: \(chat (.*?), \d{4}-\d\d-\d\d\))?: ")


class WritePlanner:
    """The rules for one portal. The methods change the group that they are given, and `required`, and do no I/O.
    `timezone`: of the dates that people read."""

    def __init__(
        self, portal: Portal, digest: Digest, timezone: tzinfo = UTC, required: RequiredProperties | None = None
    ) -> None:
        self.portal, self.digest, self.timezone = portal, digest, timezone
        self.required = required or RequiredProperties()

    def decide_writes(self, group: CustomerBatch) -> None:
        """Find the news and decide how to write them: a new contact by customer id, a known one by its id, and
        whether the contact must be read first."""
        customer = group.customer
        news = find_news(customer, group.events, self.digest)
        writes = {name: value for name, value in news.writes.items() if name != UNSAVED or self.portal.has(UNSAVED)}
        group.news, group.properties, group.was_read, group.result = news, writes, False, None
        group.supplied, group.looked_up, group.missing, group.withheld = set(), set(), [], []
        group.needs_read = customer.shared or bool(news.if_unchanged) or (customer.known and UNSAVED in news.writes)
        if customer.known:
            if not news:
                group.result = Result(UNCHANGED, customer.contact_id)
        elif any(mapped.makes_contact for _, mapped in group.events):
            group.properties |= news.creation
            group.placeholder = news.creation.get("lastname", "")
            self._supply(group, self.required.defaults)
        else:
            group.result = Result(SKIPPED, code="no_details", why="no contact details yet")
        if group.open:
            self.heed_required(group)

    def heed_required(self, group: CustomerBatch) -> None:
        """Do not send what HubSpot would refuse for want of a required property, as it did in the last hour. A lead
        that a person retries is sent all the same, for the rule may be gone."""
        for one in () if group.retried else list(self.required.known.values()):
            if group.properties.get(self.portal.source(one.name)) or not self._is_about(one, group):
                continue
            if group.customer.known:
                # Only the contact itself shows whether it has the property.
                unread = one.name not in group.looked_up
                group.needs_read, group.was_read = group.needs_read or unread, group.was_read and not unread
            elif one.scope == "create":
                self._park_lacking(group, [one.name])
            else:
                self._withhold(group, self._partners(one, group), [one.name])

    def _is_about(self, one: Requirement, group: CustomerBatch) -> bool:
        """Whether HubSpot would want the property for what is sent of the group."""
        if one.scope == "with":
            return bool(self._partners(one, group))
        return group.customer.contact_id in one.partners if group.customer.known else one.scope == "create"

    def _partners(self, one: Requirement, group: CustomerBatch) -> list[str]:
        """Our names of the properties that the group sends and HubSpot takes only with another one."""
        return [name for name in map(self.portal.source, one.partners) if name in group.properties]

    def read_targets(self) -> list[str]:
        """HubSpot's names of all that is read before a contact is written that may hold another's values, or lack what
        is required."""
        required = [one.name for one in list(self.required.known.values()) if one.scope != "create"]
        return list(dict.fromkeys([*self.portal.shared_targets(), *required]))

    def add_unrecorded_address(self, customer: Customer, current: Mapping[str, str]) -> Customer:
        """`customer` with the parts of an address that the contact has and the clock lacks: another address must clear
        them."""
        clock = dict(customer.clock)
        for name in ADDRESS:
            stamp, value = clock.get(name), current.get(name)
            if value and (stamp is None or stamp[1] == self.digest(name, "")):
                clock[name] = (SEEN, self.digest(name, value))
        return replace(customer, clock=clock)

    def restart_as_new(self, group: CustomerBatch) -> None:
        """The known contact is missing in HubSpot: send all values of these events, as for a new customer."""
        if group.restarted:
            group.result = Result(
                WAITING, code="vanishing", why="the contact vanished from HubSpot while it was written"
            )
            return
        group.restarted, group.detached = True, group.customer.shared
        group.customer = Customer(
            revision=group.stored.revision, day=group.stored.day, sent_texts=group.stored.sent_texts
        )
        self.decide_writes(group)

    def record_written(
        self,
        group: CustomerBatch,
        contact_id: str,
        new: bool | None,
        warnings: Sequence[tuple[str, str]] = (),
    ) -> None:
        """HubSpot has written the group, perhaps with warnings: each a portal's property, or "", and a code."""
        self._learn(group, is_new=new is True)
        group.notes += [Note(self.portal.source(name) or CONTACT, WARNED, warned(code)) for name, code in warnings]
        group.created = group.created or new is True
        created = group.created or (new is None and not group.customer.known)
        group.customer = replace(group.customer, contact_id=contact_id)
        group.result = Result(CREATED if created else UPDATED, contact_id)

    def drop_refused(self, group: CustomerBatch, fields: Mapping[str, str], why: str, demand: str = "") -> None:
        """Drop the values that HubSpot refuses and send the rest; refused values go to `dealdroid_unsaved`, where a
        salesperson sees them. `demand`: as of `Refused`."""
        refused = {self.portal.source(name): reason for name, reason in fields.items()}
        dropped = [name for name in refused if name in group.properties]
        for name in dropped:
            self._drop(group, name, refused[name])
            group.email_refused |= name == "email"
        if group.placeholder and "lastname" in dropped:
            group.result = Result(PARKED, code="refused", why="HubSpot refused even a made-up last name")
        elif dropped:
            self._update_unsaved(group, possible=UNSAVED not in dropped)
            self._ensure_name(group)
            self._finish_if_empty(group)
        elif self._ensure_name(group):
            return
        elif missing := find_missing(self.portal, fields, demand, self.portal.to_portal(group.properties)):
            self._do_without(group, missing)
        elif not self._drop_suspects(group):
            group.result = Result(PARKED, code="refused", why=why)

    def _do_without(self, group: CustomerBatch, missing: Sequence[str]) -> None:
        """HubSpot wants properties that the group lacks: send the shop's defaults for them, else what can be written
        without them, first without the values of closed choices, on which HubSpot's own conditions depend, then without
        all but the essential. If it still wants them, the lead is parked."""
        if self._supply(group, {name: self.required.defaults.get(name, "") for name in missing}):
            return
        rest = [name for name in self._said(group) if name not in (*ESSENTIAL, *CHANNELS)]
        if partners := self._choices(group) or rest:
            # Only what HubSpot refused now is learned: what is remembered has to be found out anew after its hour.
            group.missing = list(dict.fromkeys([*group.missing, *missing]))
            group.withheld += map(self.portal.target, partners)
            self._withhold(group, partners, missing)
            return
        about: tuple[Scope, tuple[str, ...]] = ("create", ())
        if group.customer.known:
            about = ("write", (group.customer.contact_id,))
        for name in missing:
            self.required.learn(Requirement(name, self.portal.labels.get(name, ""), *about))
        self._park_lacking(group, missing)

    def _supply(self, group: CustomerBatch, values: Mapping[str, str]) -> bool:
        """Send the values of properties of which there is none, each once; True if there is one. A unique value would
        make all customers one contact."""
        given = {
            self.portal.source(name): value
            for name, value in values.items()
            if value
            and name not in group.supplied
            and name not in self.portal.unique
            and self.portal.has(self.portal.source(name))
            and not group.properties.get(self.portal.source(name))
        }
        group.properties |= given
        group.supplied |= {self.portal.target(name) for name in given}
        return bool(given)

    def _withhold(self, group: CustomerBatch, partners: Sequence[str], missing: Sequence[str]) -> None:
        """Write the rest without `partners`, with which HubSpot requires what is missing."""
        for name in partners:
            self._drop(group, name, explain_partner(self.portal, missing))
        self._update_unsaved(group)
        self._ensure_name(group)
        self._finish_if_empty(group)

    def _choices(self, group: CustomerBatch) -> list[str]:
        return [name for name in self._said(group) if self.portal.target(name) in self.portal.choices]

    def _said(self, group: CustomerBatch) -> list[str]:
        """The properties that are sent, without the shop's defaults."""
        return [name for name in group.properties if self.portal.target(name) not in group.supplied]

    def _park_lacking(self, group: CustomerBatch, missing: Sequence[str]) -> None:
        group.result = Result(PARKED, code="required", why=explain(self.portal, missing))

    def _learn(self, group: CustomerBatch, *, is_new: bool) -> None:
        """HubSpot took the group, perhaps without what it had refused to do without. `is_new`: as a new contact."""
        sent = self.portal.to_portal(group.properties)
        for name in group.missing:
            if not sent.get(name):
                self.required.learn(
                    Requirement(name, self.portal.labels.get(name, ""), "with", tuple(dict.fromkeys(group.withheld)))
                )
        for one in list(self.required.known.values()):
            if (is_new or one.scope == "write") and self._is_about(one, group) and not sent.get(one.name):
                self.required.disprove(one.field)

    def drop_value(self, group: CustomerBatch, name: str, why: str) -> None:
        """Send the rest without this value, which belongs to another contact."""
        group.conflict = None
        self._drop(group, name, why)
        self._update_unsaved(group)
        self._ensure_name(group)
        self._finish_if_empty(group)

    def protect_existing(self, group: CustomerBatch, current: Mapping[str, str]) -> None:
        """Leave out what would overwrite values of the contact that are not ours; `current`: its values now."""
        group.was_read, group.unsaved_before = True, current.get(UNSAVED, "")
        for name, (value, digest) in group.news.if_unchanged.items():
            if self.digest(name, current.get(name, "")) == digest:
                group.properties[name] = value
        if group.customer.fill_only:
            own = {name: group.properties[name] for name in (CUSTOMER_ID, OTHER_IDS) if name in group.properties}
            writes, unsaved, notes = protect_existing_values(
                group.news, current, group.own_clock, self.digest, blanks_only=group.customer.untrusted
            )
            group.properties = {**writes, **own}
            group.unsaved |= unsaved
            group.notes += notes
        self._do_without_partners(group, current)
        self._update_unsaved(group)
        self._finish_if_empty(group)

    def _do_without_partners(self, group: CustomerBatch, current: Mapping[str, str]) -> None:
        """Leave out what HubSpot takes only with a property that the contact lacks; `current`: its values now."""
        for one in () if group.retried else list(self.required.known.values()):
            name, default = self.portal.source(one.name), self.required.defaults.get(one.name, "")
            has = one.name not in group.looked_up or current.get(name) or group.properties.get(name)
            if has or not self._is_about(one, group) or self._supply(group, {one.name: default}):
                continue
            if one.scope == "with":
                self._withhold(group, self._partners(one, group), [one.name])
            else:
                self._park_lacking(group, [one.name])

    def _drop(self, group: CustomerBatch, name: str, why: str) -> None:
        value = group.properties.pop(name, "")
        group.notes.append(Note(name, "dropped", why))
        if value and name != UNSAVED and self.portal.target(name) not in group.supplied:
            group.unsaved[name] = value

    def _update_unsaved(self, group: CustomerBatch, *, possible: bool = True) -> None:
        values = {**group.news.unsaved, **group.unsaved}
        is_new = bool(group.unsaved) or UNSAVED in group.news.writes
        if not (values and is_new and possible and self.portal.has(UNSAVED)):
            return
        if group.customer.known and not group.was_read:
            # The lines of other fields there must stay, so read them first.
            group.needs_read = True
        if not group.customer.untrusted:
            group.properties[UNSAVED] = merge_unsaved(group.unsaved_before, values)
            return
        days = {name: self._day_of(group, name) for name in values}
        text = merge_unsaved(group.unsaved_before, values, group.customer_id, days)
        if text != group.unsaved_before:
            group.properties[UNSAVED] = text

    def _day_of(self, group: CustomerBatch, name: str) -> str:
        """When the customer said the value of `name` that is sent now."""
        said = (
            lead
            for lead in reversed(group.leads)
            for values in (lead.mapped.details, lead.mapped.address, lead.mapped.activity, lead.mapped.unsaved)
            if name in values
        )
        lead = next(said, group.leads[-1])
        return datetime.fromtimestamp(lead.said_ms / 1000, self.timezone).date().isoformat()

    def _ensure_name(self, group: CustomerBatch) -> bool:
        """HubSpot creates no contact without email, first or last name: add a last name if all three are missing. True
        if one was added."""
        if group.customer.known or any(group.properties.get(name) for name in ("email", *NAME)):
            return False
        group.placeholder = newest_placeholder(group.events) or "Chat"
        group.properties["lastname"] = group.placeholder
        return True

    def _drop_suspects(self, group: CustomerBatch) -> bool:
        """Drop what a refusal that names no value may be about: the email, then all but identity, name and activity,
        and of these the closed choices. False if nothing is left to drop."""
        suspects = ["email"] if "email" in group.properties else []
        suspects = suspects or [name for name in group.properties if name not in ESSENTIAL] + self._choices(group)
        for name in dict.fromkeys(suspects):
            self._drop(group, name, UNNAMED)
        if suspects:
            self._update_unsaved(group)
            self._ensure_name(group)
            self._finish_if_empty(group)
        return bool(suspects)

    def _finish_if_empty(self, group: CustomerBatch) -> None:
        if not group.properties:
            group.result = Result(UNCHANGED, group.customer.contact_id)


def warned(code: str) -> str:
    """The reason of a note on a value that HubSpot took with a warning; `code` is HubSpot's."""
    return f"HubSpot has written it with a warning ({code})"


def merge_unsaved(before: str, values: Mapping[str, str], chat: str = "", days: Mapping[str, str] | None = None) -> str:
    """The text of `dealdroid_unsaved`: one line "field: value" per field; lines of other fields stay as they were.
    `chat`: the id of a customer whose contact it is not, who has lines of their own; `days`: field -> ISO date."""
    lines, chat = _read_lines(before), _in_line(chat)
    for name, value in values.items():
        value = value[:MAX_UNSAVED_VALUE]
        if chat:
            # What a stranger typed must not look like a line of its own.
            text = f"{name} (chat {chat}, {(days or {})[name]}): " + "\n  ".join(value.splitlines())
        else:
            text = f"{name}: {value}"
        lines[name, chat] = text
    return "\n".join(lines.values())[:MAX_UNSAVED]


def remove_chat(before: str, chat: str) -> str:
    """The text of `dealdroid_unsaved` without the lines of the customer `chat`."""
    mine = _in_line(chat)
    return "\n".join(text for (_, whose), text in _read_lines(before).items() if not mine or whose != mine)


def _in_line(chat: str) -> str:
    """An id as it stands in a line."""
    return " ".join(chat.split()) or ("?" if chat else "")


def _read_lines(text: str) -> dict[tuple[str, str], str]:
    """Field and chat ("": the contact's own customer) -> the line, with those that follow it."""
    lines: dict[tuple[str, str], str] = {}
    key = ("", "")
    for line in text.splitlines():
        found = _LINE.match(line)
        key = (found[1], found[2] or "") if found else key
        lines[key] = f"{lines[key]}\n{line}" if key in lines else line
    return lines


def clock_after(group: CustomerBatch, digest: Digest) -> dict[str, tuple[int, bytes]]:
    """The customer's clock after the group is written. A value that HubSpot refused is recorded like a written one, and
    so is what went to `dealdroid_unsaved` instead."""
    clock = digest_entries(group.news.entries, digest)
    version = group.leads[-1].version
    if group.placeholder:
        clock[PLACEHOLDER] = (version, digest("lastname", group.placeholder))
    return clock
