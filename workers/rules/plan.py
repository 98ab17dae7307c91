"""Pure: what to send for a customer batch, and what to send instead after HubSpot's answer."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo

from msgspec.structs import replace

from leadcore.reasons import Reason, reason
from leadcore.receipts import CONTACT, PARKED, SKIPPED, UNCHANGED, WAITING, WARNED, Note
from leadcore.required import Requirement
from workers.rules.customer import UNKNOWN, UNRECORDED_ADDRESS, WITHHELD, Customer
from workers.rules.field_clock import SEEN, Digest, digest_entries
from workers.rules.lead import Decision, Loaded, Result, is_overtaken, own_clock
from workers.rules.mapping.address import name_place
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
from workers.rules.required import (
    RequiredProperties,
    explain_partner,
    find_missing,
    find_partners,
    is_about,
    learn_from_refusal,
    learn_from_write,
    park,
    supply,
)

# A text property holds 65,536 characters (HubSpot's page).
MAX_UNSAVED_VALUE, MAX_UNSAVED = 2_000, 60_000
# What is still sent of a contact that HubSpot refuses without naming a value.
ESSENTIAL = frozenset({CUSTOMER_ID, OTHER_IDS, UNSAVED, *NAME, *ACTIVITY})
CHANNELS = frozenset({"email", *PHONES})
UNNAMED = reason("value_suspected")
# HubSpot names a value and does not say what is wrong with it.
UNTOLD = reason("value_refused", code="INVALID")
_LINE = re.compile(r"([a-z]\w*)(?: \(chat (.*?), \d{4}-\d\d-\d\d\))?: ")


class WritePlanner:
    """The rules for one portal: pure, what was loaded and decided before -> what is decided now. `timezone`: of the
    dates that people read. `required` is only read here: a decision on an answer of HubSpot says what the answer shows
    of the portal (`learned`, `disproved`), and who brought the answer records that."""

    def __init__(
        self, portal: Portal, digest: Digest, timezone: tzinfo = UTC, required: RequiredProperties | None = None
    ) -> None:
        self.portal, self.digest, self.timezone = portal, digest, timezone
        self.required = required or RequiredProperties()

    def decide(self, loaded: Loaded, before: Decision) -> Decision:
        """Find the news of the customer in `before` and decide how to write them: a new contact by customer id, a known
        one by its id, and whether the contact must be read first. What was refused before stays noted."""
        customer = _on_shared_clock(loaded, before) if loaded.contact_key else before.customer
        events = loaded.events
        news = find_news(customer, events, self.digest)
        writes = {name: value for name, value in news.writes.items() if name != UNSAVED or self.portal.has(UNSAVED)}
        result, placeholder = None, before.placeholder
        # What was overtaken may have been written all the same, see `workers.rules.merge`.
        may_be_there = customer.known and not customer.fill_only and (customer.shared or loaded.came_again)
        overtaken = may_be_there and is_overtaken(loaded, customer.clock, self.digest)
        if customer.known:
            if not (news or overtaken):
                result = Result(UNCHANGED, customer.contact_id)
        elif any(mapped.makes_contact for _, mapped in events):
            writes |= news.creation
            placeholder = news.creation.get("lastname", "")
        else:
            result = Result(SKIPPED, code="no_details", why=reason("no_contact_details"))
        after = replace(
            before,
            customer=customer,
            news=news,
            properties=writes,
            placeholder=placeholder,
            needs_read=customer.shared
            or overtaken
            or bool(news.if_unchanged)
            or (customer.known and UNSAVED in news.writes),
            was_read=False,
            supplied=frozenset(),
            looked_up=frozenset(),
            missing=(),
            withheld=(),
            result=result,
        )
        if result:
            return after
        if not customer.known:
            after = supply(self.portal, after, self.required.defaults)
        return self.heed_required(loaded, _without_saved(after))

    def heed_required(self, loaded: Loaded, before: Decision) -> Decision:
        """Do not send what HubSpot would refuse for want of a required property, as it did lately."""
        after, lacking = before, []
        for one in self._heeded(loaded):
            if after.properties.get(self.portal.source(one.name)) or not is_about(self.portal, one, after):
                continue
            if after.customer.known:
                # Only the contact itself shows whether it has the property.
                if one.name not in after.looked_up:
                    after = replace(after, needs_read=True, was_read=False)
            elif one.scope == "create":
                lacking.append(one.name)
            else:
                after = self._withhold(loaded, after, find_partners(self.portal, one, after), [one.name])
        return park(self.portal, after, lacking) if lacking else after

    def _heeded(self, loaded: Loaded) -> Sequence[Requirement]:
        """What is known to be required. A lead that a person retries is sent all the same, for the rule may be gone."""
        return () if loaded.retried else list(self.required.known.values())

    def read_targets(self) -> list[str]:
        """HubSpot's names of all that is read before a contact is written that may hold another's values, or lack what
        is required."""
        required = [one.name for one in list(self.required.known.values()) if one.scope != "create"]
        return list(dict.fromkeys([*self.portal.shared_targets(), *required]))

    def add_unrecorded_address(self, customer: Customer, current: Mapping[str, str]) -> Customer:
        """`customer` with the parts of an address that the contact has and the clock lacks: another address must clear
        them."""
        clock = {
            name: stamp for name, stamp in customer.clock.items() if (name, stamp) not in UNRECORDED_ADDRESS.items()
        }
        for name in ADDRESS:
            stamp, value = clock.get(name), current.get(name)
            if value and (stamp is None or stamp[1] == self.digest(name, "")):
                clock[name] = (SEEN, self.digest(name, name_place(name, value)))
        return replace(customer, clock=clock)

    def restart_as_new(self, loaded: Loaded, before: Decision) -> Decision:
        """The known contact is missing in HubSpot: send all values of these events, as for a new customer."""
        if before.restarted:
            result = Result(WAITING, code="vanishing", why=reason("contact_vanished"))
            return replace(before, result=result)
        stored = loaded.stored
        customer = Customer(revision=stored.revision, day=stored.day, sent_texts=stored.sent_texts)
        return self.decide(loaded, replace(before, restarted=True, customer=customer))

    def note_written(self, before: Decision, new: bool | None, warnings: Iterable[tuple[str, str]] = ()) -> Decision:
        """HubSpot has written it: note its warnings, and what this shows of the portal. `new`, `warnings`: as of
        `Written`."""
        notes = [
            Note(self.portal.source(name) or CONTACT, WARNED, reason("written_with_warning", code=code))
            for name, code in warnings
        ]
        after = replace(before, notes=(*before.notes, *notes))
        return learn_from_write(self.portal, after, list(self.required.known.values()), is_new=new is True)

    def drop_refused(
        self, loaded: Loaded, before: Decision, fields: Mapping[str, Reason], why: Reason, demand: str = ""
    ) -> Decision:
        """Drop the values that HubSpot refuses and send the rest; refused values go to `dealdroid_unsaved`, where a
        salesperson sees them. `demand`: as of `Refused`."""
        refused = {self.portal.source(name): each for name, each in fields.items()}
        dropped = {name: each for name, each in refused.items() if name in before.properties}
        missing = find_missing(self.portal, fields, demand, self._offered(before))
        if missing and (partners := self._named_beside(missing, dropped)):
            return self._do_without(loaded, before, missing, partners)
        if dropped:
            after = _drop(before, dropped)
            after = replace(after, email_refused=after.email_refused or "email" in dropped)
            if before.placeholder and "lastname" in dropped:
                result = Result(PARKED, code="refused", why=reason("placeholder_refused"))
                return replace(after, result=result)
            return self._complete(loaded, after, possible=UNSAVED not in dropped)
        named = _ensure_name(loaded, before)
        if named is not before:
            return named
        missing = missing or (list(before.missing) if demand else [])
        partners = self._said_choices(before) or self._said_rest(before)
        if missing or (demand and partners):
            return self._do_without(loaded, before, missing, partners)
        # What a refusal that names no value may be about: the email, then all but identity, name and activity, and of
        # these the closed choices.
        suspects = ["email"] if "email" in before.properties else []
        suspects = suspects or [
            *(name for name in before.properties if name not in ESSENTIAL),
            *self._said_choices(before),
        ]
        if suspects:
            return self._complete(loaded, _drop(before, dict.fromkeys(suspects, UNNAMED)))
        return replace(before, result=Result(PARKED, code="refused", why=why))

    def _do_without(
        self, loaded: Loaded, before: Decision, missing: Sequence[str], partners: Sequence[str]
    ) -> Decision:
        """HubSpot wants properties that these leads lack, `missing` if it names them: send the shop's defaults for
        them, else what can be written without them. `partners` are left out now: those that HubSpot names beside them,
        else the values of closed choices, on which its own conditions depend, else all but the essential. If there are
        none and it still wants them, the lead is parked."""
        supplied = supply(self.portal, before, {name: self.required.defaults.get(name, "") for name in missing})
        if supplied is not before:
            return supplied
        if partners:
            # Only what HubSpot refused now is learned: what is remembered has to be found out anew after its hour.
            after = replace(
                before,
                missing=tuple(dict.fromkeys([*before.missing, *missing])),
                withheld=(*before.withheld, *map(self.portal.target, partners)),
            )
            return self._withhold(loaded, after, partners, missing)
        return park(self.portal, learn_from_refusal(self.portal, before, missing, self._witness(loaded)), missing)

    def _witness(self, loaded: Loaded) -> str:
        return self.digest(CUSTOMER_ID, loaded.customer_id).hex()

    def _named_beside(self, missing: Iterable[str], refused: Mapping[str, Reason]) -> list[str]:
        """Those of our properties `refused` that are not said to be wrong, so that they may be what requires others."""
        others = refused.keys() - {self.portal.source(name) for name in missing}
        return [name for name, why in refused.items() if name in others and (why == UNTOLD or "REQUIRE" in why)]

    def _offered(self, decision: Decision) -> dict[str, str]:
        """HubSpot's name -> value of what is sent, and of what was kept back because it is taken only with another
        property: that is not missing."""
        kept = {
            self.portal.source(name): decision.unsaved.get(self.portal.source(name), "") for name in decision.withheld
        }
        return self.portal.to_portal({**kept, **decision.properties})

    def _withhold(
        self, loaded: Loaded, decision: Decision, partners: Iterable[str], missing: Sequence[str]
    ) -> Decision:
        """Write the rest without `partners`, with which HubSpot requires what is missing."""
        why = explain_partner(self.portal, missing) if missing else UNNAMED
        return self._complete(loaded, _drop(decision, dict.fromkeys(partners, why)))

    def _said_choices(self, decision: Decision) -> list[str]:
        return [name for name in _said(decision) if self.portal.target(name) in self.portal.choices]

    def _said_rest(self, decision: Decision) -> list[str]:
        return [name for name in _said(decision) if name not in ESSENTIAL | CHANNELS]

    def drop_value(self, loaded: Loaded, before: Decision, name: str, why: Reason) -> Decision:
        """Send the rest without this value, which belongs to another contact."""
        return self._complete(loaded, _drop(before, {name: why}))

    def add_values(self, before: Decision, values: Mapping[str, str]) -> Decision:
        """Write these values too, which are no news of the customer's: ids that say whose contact it is, or what it had
        before."""
        return replace(before, properties={**before.properties, **values}, result=None) if values else before

    def protect_existing(
        self, loaded: Loaded, before: Decision, current: Mapping[str, str], looked_up: Iterable[str] = ()
    ) -> Decision:
        """Leave out what would overwrite values of the contact that are not ours, and what HubSpot takes only with a
        property that the contact lacks. `current`: its values now; `looked_up`: HubSpot's names of what was read."""
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
            looked_up=before.looked_up.union(looked_up),
            result=None,
        )
        return self._supply_or_withhold(loaded, after, current)

    def _supply_or_withhold(self, loaded: Loaded, decision: Decision, current: Mapping[str, str]) -> Decision:
        """Send the shop's defaults of what the known contact lacks, whose values are `current`, else do without it."""
        lacking = []
        for one in self._heeded(loaded):
            name, default = self.portal.source(one.name), self.required.defaults.get(one.name, "")
            has = one.name not in decision.looked_up or current.get(name) or decision.properties.get(name)
            if has or not is_about(self.portal, one, decision):
                continue
            before, decision = decision, supply(self.portal, decision, {one.name: default})
            if decision is not before:
                continue
            if one.scope == "with":
                decision = self._withhold(loaded, decision, find_partners(self.portal, one, decision), [one.name])
            else:
                lacking.append(one.name)
        decision = self._complete(loaded, decision)
        return park(self.portal, decision, lacking) if lacking and not decision.result else decision

    def _complete(self, loaded: Loaded, decision: Decision, *, possible: bool = True) -> Decision:
        """With what could not be saved, and with a name; or with a result, if nothing is left to send."""
        decision = _without_saved(decision)
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


def _drop(decision: Decision, refused: Mapping[str, Reason]) -> Decision:
    """Without these values (name -> why), which are noted, and kept to be shown as not saved."""
    properties, unsaved = dict(decision.properties), dict(decision.unsaved)
    for name in refused:
        value = properties.pop(name, "")
        if value and name != UNSAVED and name not in decision.supplied:
            unsaved[name] = value
    notes = (*decision.notes, *(Note(name, "dropped", why) for name, why in refused.items()))
    return replace(decision, properties=properties, unsaved=unsaved, notes=notes, result=None)


def _without_saved(decision: Decision) -> Decision:
    """No value that is sent after all counts as not saved."""
    saved = {name for name, value in decision.unsaved.items() if decision.properties.get(name) == value}
    if not saved:
        return decision
    unsaved = {name: value for name, value in decision.unsaved.items() if name not in saved}
    notes = tuple(note for note in decision.notes if note.what == WARNED or note.property not in saved)
    return replace(decision, unsaved=unsaved, notes=notes)


def _said(decision: Decision) -> list[str]:
    """The properties that are sent, without the shop's defaults."""
    return [name for name in decision.properties if name not in decision.supplied]


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
