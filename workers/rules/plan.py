"""Pure: what to send for a customer batch, and what to send instead after HubSpot's answer."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo

from msgspec.structs import replace

from leadcore.receipts import PARKED, SKIPPED, UNCHANGED, WAITING, Note
from workers.rules.customer import UNKNOWN, WITHHELD, Customer
from workers.rules.field_clock import SEEN, Digest, digest_entries
from workers.rules.lead import Decision, Loaded, Result, own_clock
from workers.rules.mapping.property_names import ACTIVITY, ADDRESS, CUSTOMER_ID, NAME, OTHER_IDS, PLACEHOLDER, UNSAVED
from workers.rules.news import find_news, newest_placeholder, protect_existing_values
from workers.rules.portal import Portal

# A text property holds 65,536 characters (HubSpot's page).
MAX_UNSAVED_VALUE, MAX_UNSAVED = 2_000, 60_000
# What is still sent of a contact that HubSpot refuses without naming a value.
ESSENTIAL = frozenset({CUSTOMER_ID, OTHER_IDS, UNSAVED, *NAME, *ACTIVITY})
UNNAMED = "HubSpot refused the contact, perhaps for this value"
_LINE = re.compile(r"([a-z]\w*)(?: \(chat (.*?), \d{4}-\d\d-\d\d\))?: ")


class WritePlanner:
    """The rules for one portal: pure, what was loaded and decided before -> what is decided now. `timezone`: of the
    dates that people read."""

    def __init__(self, portal: Portal, digest: Digest, timezone: tzinfo = UTC) -> None:
        self.portal, self.digest, self.timezone = portal, digest, timezone

    def decide(self, loaded: Loaded, before: Decision) -> Decision:
        """Find the news of the customer in `before` and decide how to write them: a new contact by customer id, a known
        one by its id, and whether the contact must be read first. What was refused before stays noted."""
        customer = _on_shared_clock(loaded, before) if loaded.contact_key else before.customer
        events = loaded.events
        news = find_news(customer, events, self.digest)
        writes = {name: value for name, value in news.writes.items() if name != UNSAVED or self.portal.has(UNSAVED)}
        result, placeholder = None, before.placeholder
        if customer.known:
            if not news:
                result = Result(UNCHANGED, customer.contact_id)
        elif any(mapped.makes_contact for _, mapped in events):
            writes |= news.creation
            placeholder = news.creation.get("lastname", "")
        else:
            result = Result(SKIPPED, code="no_details", why="no contact details yet")
        return replace(
            before,
            customer=customer,
            news=news,
            properties=writes,
            placeholder=placeholder,
            needs_read=customer.shared or bool(news.if_unchanged) or (customer.known and UNSAVED in news.writes),
            was_read=False,
            result=result,
        )

    def add_unrecorded_address(self, customer: Customer, current: Mapping[str, str]) -> Customer:
        """`customer` with the parts of an address that the contact has and the clock lacks: another address must clear
        them."""
        clock = dict(customer.clock)
        for name in ADDRESS:
            stamp, value = clock.get(name), current.get(name)
            if value and (stamp is None or stamp[1] == self.digest(name, "")):
                clock[name] = (SEEN, self.digest(name, value))
        return replace(customer, clock=clock)

    def restart_as_new(self, loaded: Loaded, before: Decision) -> Decision:
        """The known contact is missing in HubSpot: send all values of these events, as for a new customer."""
        if before.restarted:
            result = Result(WAITING, code="vanishing", why="the contact vanished from HubSpot while it was written")
            return replace(before, result=result)
        stored = loaded.stored
        customer = Customer(revision=stored.revision, day=stored.day, sent_texts=stored.sent_texts)
        return self.decide(loaded, replace(before, restarted=True, customer=customer))

    def drop_refused(self, loaded: Loaded, before: Decision, fields: Mapping[str, str], why: str) -> Decision:
        """Drop the values that HubSpot refuses and send the rest; refused values go to `dealdroid_unsaved`, where a
        salesperson sees them."""
        refused = {self.portal.source(name): reason for name, reason in fields.items()}
        dropped = {name: reason for name, reason in refused.items() if name in before.properties}
        if dropped:
            after = _drop(before, dropped)
            after = replace(after, email_refused=after.email_refused or "email" in dropped)
            if before.placeholder and "lastname" in dropped:
                result = Result(PARKED, code="refused", why="HubSpot refused even a made-up last name")
                return replace(after, result=result)
            return self._complete(loaded, after, possible=UNSAVED not in dropped)
        named = _ensure_name(loaded, before)
        if named is not before:
            return named
        # What a refusal that names no value may be about: the email, then all but identity, name and activity.
        suspects = ["email"] if "email" in before.properties else []
        suspects = suspects or [name for name in before.properties if name not in ESSENTIAL]
        if suspects:
            return self._complete(loaded, _drop(before, dict.fromkeys(suspects, UNNAMED)))
        return replace(before, result=Result(PARKED, code="refused", why=why))

    def drop_value(self, loaded: Loaded, before: Decision, name: str, why: str) -> Decision:
        """Send the rest without this value, which belongs to another contact."""
        return self._complete(loaded, _drop(before, {name: why}))

    def add_ids(self, before: Decision, ids: Mapping[str, str]) -> Decision:
        """Write these ids too, which say whose contact it is."""
        return replace(before, properties={**before.properties, **ids}, result=None) if ids else before

    def protect_existing(self, loaded: Loaded, before: Decision, current: Mapping[str, str]) -> Decision:
        """Leave out what would overwrite values of the contact that are not ours; `current`: its values now."""
        properties, unsaved, notes = dict(before.properties), before.unsaved, before.notes
        for name, (value, digest) in before.news.if_unchanged.items():
            if self.digest(name, current.get(name, "")) == digest:
                properties[name] = value
        if before.customer.fill_only:
            own = {name: properties[name] for name in (CUSTOMER_ID, OTHER_IDS) if name in properties}
            writes, not_saved, kept = protect_existing_values(
                before.news,
                current,
                own_clock(loaded, before),
                self.digest,
                blanks_only=before.customer.untrusted,
            )
            properties, unsaved, notes = {**writes, **own}, {**unsaved, **not_saved}, (*notes, *kept)
        after = replace(
            before,
            properties=properties,
            unsaved=unsaved,
            notes=notes,
            was_read=True,
            unsaved_before=current.get(UNSAVED, ""),
            result=None,
        )
        return self._complete(loaded, after)

    def _complete(self, loaded: Loaded, decision: Decision, *, possible: bool = True) -> Decision:
        """With what could not be saved, and with a name; or with a result, if nothing is left to send."""
        after = _ensure_name(loaded, self._add_unsaved(loaded, decision, possible=possible))
        return after if after.properties else replace(after, result=Result(UNCHANGED, after.customer.contact_id))

    def _add_unsaved(self, loaded: Loaded, decision: Decision, *, possible: bool) -> Decision:
        values = {**decision.news.unsaved, **decision.unsaved}
        is_new = bool(decision.unsaved) or UNSAVED in decision.news.writes
        if not (values and is_new and possible and self.portal.has(UNSAVED)):
            return decision
        before, untrusted = decision.unsaved_before, decision.customer.untrusted
        chat = loaded.customer_id if untrusted else ""
        text = merge_unsaved(before, values, chat, {name: self._day_of(loaded, name) for name in values})
        changed = {UNSAVED: text} if not untrusted or text != before else {}
        return replace(
            decision,
            properties={**decision.properties, **changed},
            # The lines of other fields there must stay, so read them first.
            needs_read=decision.needs_read or (decision.customer.known and not decision.was_read),
        )

    def _day_of(self, loaded: Loaded, name: str) -> str:
        """When the customer said the value of `name` that is sent now."""
        said = (
            lead
            for lead in reversed(loaded.leads)
            for values in (lead.mapped.details, lead.mapped.address, lead.mapped.activity, lead.mapped.unsaved)
            if name in values
        )
        lead = next(said, loaded.leads[-1])
        return datetime.fromtimestamp(lead.said_ms / 1000, self.timezone).date().isoformat()


def _on_shared_clock(loaded: Loaded, before: Decision) -> Customer:
    """The customer with the clock of the contact that they share. One linked by email match only also keeps the entries
    of its own record: values withheld from the contact are recorded there alone. What an untrusted one says is compared
    with its own words only: the contact's are another customer's."""
    customer, contact, mine = before.customer, loaded.contact, own_clock(loaded, before)
    if not customer.shared:
        return customer
    own = {name: stamp for name, stamp in mine.items() if not name.startswith(WITHHELD)}
    withheld = {name.removeprefix(WITHHELD): mine[name] for name in mine.keys() - own.keys()}
    if customer.untrusted:
        said = UNKNOWN if before.restarted else loaded.stored
        return replace(customer, clock={**own, **withheld}, active_ms=said.active_ms, intent=said.intent)
    clock = {**own, **contact.clock, **withheld} if customer.fill_only else contact.clock
    return replace(customer, clock=clock, active_ms=contact.active_ms, intent=contact.intent)


def _drop(decision: Decision, refused: Mapping[str, str]) -> Decision:
    """Without these values (name -> why), which are noted, and kept to be shown as not saved."""
    properties, unsaved = dict(decision.properties), dict(decision.unsaved)
    for name in refused:
        value = properties.pop(name, "")
        if value and name != UNSAVED:
            unsaved[name] = value
    notes = (*decision.notes, *(Note(name, "dropped", why) for name, why in refused.items()))
    return replace(decision, properties=properties, unsaved=unsaved, notes=notes, result=None)


def _ensure_name(loaded: Loaded, decision: Decision) -> Decision:
    """HubSpot creates no contact without email, first or last name: add a last name if all three are missing."""
    if decision.customer.known or any(decision.properties.get(name) for name in ("email", *NAME)):
        return decision
    placeholder = newest_placeholder(loaded.events) or "Chat"
    return replace(decision, placeholder=placeholder, properties={**decision.properties, "lastname": placeholder})


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


def clock_after(loaded: Loaded, decision: Decision, digest: Digest) -> dict[str, tuple[int, bytes]]:
    """The customer's clock after it is written. A value that HubSpot refused is recorded like a written one, and so is
    what went to `dealdroid_unsaved` instead."""
    clock = digest_entries(decision.news.entries, digest)
    if decision.placeholder:
        clock[PLACEHOLDER] = (loaded.leads[-1].version, digest("lastname", decision.placeholder))
    return clock
