"""Pure: what a customer is told about a group of leads, or why nothing is said."""

import hashlib
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from leadcore.config import Config
from leadcore.receipts import CREATED, UPDATED
from workers.rules.customer import TEXT_BYTES
from workers.rules.lead import SILENT_KINDS, CustomerBatch, Lead
from workers.rules.mapping.facts import ADDRESS, DETAILS, NAME, UNSAVED
from workers.rules.texts import Occasion, Texts, may_speak


class Confirmation(Struct, frozen=True):
    """Of the group's leads, `lead` is the one that is answered. `text` is "" where `silent` says why."""

    lead: Lead
    text: str
    silent: str
    said: frozenset[bytes]
    day: int


class Confirmations:
    """The rules of one configuration."""

    def __init__(self, config: Config, texts: Texts, timezone: ZoneInfo) -> None:
        self.config, self.texts, self.timezone = config, texts, timezone

    def write(self, group: CustomerBatch, now_ms: int) -> Confirmation:
        """Decide on the one bubble for a group that is written (or unchanged)."""
        lead = group.leads[-1]
        day = self._day(now_ms)
        said = group.stored.said if group.stored.day == day else frozenset()
        missing = self._missing(group, lead)
        asked = _mark(f"missing:{missing}")
        if asked in said:
            missing = ""
        text, silent = self._text(group, lead, missing, now_ms)
        marks = {_mark(text)} if text else set()
        if text and missing:
            marks.add(asked)
        if text and marks & said:
            text, silent, marks = "", "the same was said today", set()
        return Confirmation(lead, text, silent, said | marks, day)

    def _text(self, group: CustomerBatch, lead: Lead, missing: str, now_ms: int) -> tuple[str, str]:
        if lead.kind in SILENT_KINDS:
            return "", f"it is a {lead.kind}"
        contact, address = self._news(group)
        refused = (group.email_refused or lead.facts.email_refused) and UNSAVED in group.properties
        if not (contact or address or refused):
            return "", "nothing new for the customer"
        if group.customer.email_match_only:
            return "", "the contact was found by its email alone"
        silent = may_speak(now_ms, lead.said_ms, self.config, self.timezone, lead.intent)
        if silent:
            return "", silent
        occasion = Occasion(
            intent=lead.intent,
            language=lead.facts.language,
            contact_news=contact,
            address_news=address,
            email_refused=refused,
            missing=missing,
            values=_values(group, lead),
        )
        text = self.texts.write(occasion)
        return text, "" if text else "the text is empty"

    def _news(self, group: CustomerBatch) -> tuple[bool, bool]:
        if group.result is None or group.result.state not in (CREATED, UPDATED):
            return False, False
        sent = {name for name, value in group.properties.items() if value} - (
            {"lastname"} if group.placeholder else set()
        )
        return not sent.isdisjoint(DETAILS), not sent.isdisjoint(ADDRESS)

    def _missing(self, group: CustomerBatch, lead: Lead) -> str:
        """What a buyer has never said: asked for only when the cart holds something."""
        if not lead.facts.buying:
            return ""
        known = group.news.entries.keys()
        wanted = {"phone": {"phone"}, "address": {"address", "zip"}, "name": {"firstname", "company"}}
        return next((item for item, names in wanted.items() if not names & known), "")

    def _day(self, now_ms: int) -> int:
        return datetime.fromtimestamp(now_ms / 1000, self.timezone).date().toordinal() & 0xFFFF


def _mark(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()[:TEXT_BYTES]


def _values(group: CustomerBatch, lead: Lead) -> dict[str, str]:
    """What this event said, without what did not get into HubSpot."""
    kept = {note.property for notes in (*group.news.notes[-1:], group.notes) for note in notes}
    for block, mark in ((NAME, "firstname"), (ADDRESS, "address")):
        kept |= set(block) if mark in kept else set()
    said = {**lead.facts.details, **lead.facts.address}
    return {name.removeprefix("dealdroid_"): value for name, value in said.items() if name not in kept}
