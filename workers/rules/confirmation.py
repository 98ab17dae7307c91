"""Pure: the confirmation that a customer gets for their leads of a batch, or why there is none."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from itertools import chain
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from leadcore import trial_lead
from leadcore.config import Case, Config
from leadcore.reasons import NO_REASON, Reason, reason
from leadcore.receipts import CREATED, UPDATED, WARNED
from workers.rules.customer import TEXT_BYTES
from workers.rules.lead import SILENT_KINDS, CustomerBatch, Lead
from workers.rules.mapping.property_names import ADDRESS, DETAILS, NAME, UNSAVED
from workers.rules.texts import ConfirmationContext, MessageTemplates, choose_case, find_silence_reason

CONFIRMS_NOTHING: frozenset[str] = frozenset({"email_refused", "address_unclear"})
"""The cases whose text asks for something and does not say that anything was saved."""
_ASKS_FOR: Mapping[str, str] = {"email_refused": "email", "address_unclear": "address"}
ASKED_FOR = ("phone", "address", "name", "email")


class Confirmation(Struct, frozen=True):
    """`lead`: the group's lead that is answered. `text` is "" if there is none, for `silence_reason`. `sent_texts` and
    `day`: as in `Customer`, after this text is sent. `about`: the text's case, "" without a text."""

    lead: Lead
    text: str
    silence_reason: Reason
    sent_texts: frozenset[bytes]
    day: int
    about: Case | Literal[""] = ""


class ConfirmationWriter:
    """Decides on confirmations by one configuration."""

    def __init__(self, config: Config, texts: MessageTemplates, timezone: ZoneInfo) -> None:
        self.config, self.texts, self.timezone = config, texts, timezone

    def decide(self, group: CustomerBatch, now_ms: int) -> Confirmation:
        """Decide on the one message for a group that is written (or unchanged)."""
        lead = group.leads[-1]
        day = self._day(now_ms)
        stored = group.loaded.stored
        sent = stored.sent_texts if stored.day == day else frozenset()
        missing = self._missing(group, lead)
        asked = _digest(f"missing:{missing}")
        if asked in sent:
            missing = ""
        text, silent, about = self._text(group, lead, missing, now_ms)
        digests = {_digest(text)} if text else set()
        if text and missing:
            # A text about something else has not asked for it.
            digests.add(_digest(f"missing:{_ASKS_FOR.get(about, missing)}"))
        if text and digests & sent:
            text, silent, about, digests = "", reason("said_today"), "", set()
        return Confirmation(lead, text, silent, sent | digests, day, about)

    def _text(
        self, group: CustomerBatch, lead: Lead, missing: str, now_ms: int
    ) -> tuple[str, Reason, Case | Literal[""]]:
        """The text, or why there is none, and the text's case."""
        if lead.kind in SILENT_KINDS:
            return "", SILENT_KINDS[lead.kind], ""
        if lead.customer == trial_lead.CUSTOMER:
            return "", reason("test_lead"), ""
        contact, address = self._written_blocks(group)
        refused = (group.decision.email_refused or lead.mapped.email_refused) and UNSAVED in group.decision.properties
        unclear = _address_unclear(group) and (address or UNSAVED in group.decision.properties)
        if not (contact or address or refused or unclear):
            return "", reason("nothing_new"), ""
        if group.customer.email_match_only:
            return "", reason("found_by_email_alone"), ""
        if lead.mapped.unclear and not (missing or refused or unclear):
            return "", reason("said_today"), ""
        silent = find_silence_reason(now_ms, lead.said_ms, self.config, self.timezone, lead.intent)
        if silent:
            return "", silent, ""
        context = ConfirmationContext(
            intent=lead.intent,
            language=lead.mapped.language,
            contact_saved=contact,
            address_saved=address,
            email_refused=refused,
            address_unclear=unclear,
            missing=missing,
            values=_values(group, lead),
        )
        text = self.texts.render(context)
        return (text, NO_REASON, choose_case(context) or "") if text else ("", reason("text_empty"), "")

    def _written_blocks(self, group: CustomerBatch) -> tuple[bool, bool]:
        """Whether contact details were written, and whether parts of an address were."""
        if group.result is None or group.result.state not in (CREATED, UPDATED):
            return False, False
        made_up = group.decision.supplied | ({"lastname"} if group.decision.placeholder else set())
        sent = {name for name, value in group.decision.properties.items() if value} - made_up
        return not sent.isdisjoint(DETAILS), not sent.isdisjoint(ADDRESS)

    def _missing(self, group: CustomerBatch, lead: Lead) -> str:
        """What the event has in a form that nobody can read for sure, for then nothing may be called saved; else what a
        buyer has never sent, asked for only if the cart is not empty."""
        if lead.mapped.unclear:
            return next(item for item in ASKED_FOR if item in lead.mapped.unclear)
        if not lead.mapped.buying:
            return ""
        known = group.decision.news.entries.keys()
        wanted = {"phone": {"phone"}, "address": {"address", "zip"}, "name": {"firstname", "company"}}
        return next((item for item, names in wanted.items() if not names & known), "")

    def _day(self, now_ms: int) -> int:
        return datetime.fromtimestamp(now_ms / 1000, self.timezone).date().toordinal() & 0xFFFF


def _address_unclear(group: CustomerBatch) -> bool:
    """Whether nobody can read the newest address of the group for sure; one of which no part was read is missing."""
    newest = next((lead.mapped for lead in reversed(group.leads) if lead.mapped.address), None)
    return newest is not None and "address" in newest.unclear


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()[:TEXT_BYTES]


def _values(group: CustomerBatch, lead: Lead) -> dict[str, str]:
    """The values of this event, without those that were not written to HubSpot."""
    notes = [*chain(*group.decision.news.notes[-1:]), *group.decision.notes]
    # What HubSpot only warned of is written.
    not_written = {note.property for note in notes if note.what != WARNED}
    for block, noted_as in ((NAME, "firstname"), (ADDRESS, "address")):
        not_written |= set(block) if noted_as in not_written else set()
    values = {**lead.mapped.details, **lead.mapped.address}
    return {name.removeprefix("dealdroid_"): value for name, value in values.items() if name not in not_written}
