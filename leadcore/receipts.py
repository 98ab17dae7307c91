"""What became of each lead: one small Redis hash per event, kept for `receipts_days`.

A receipt names ids, times and HubSpot's property names, never a value. Property names are packed into one character
each, so that the hash stays in Redis' compact form (a value over 64 bytes would triple its size; measured).
"""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from leadcore.fields import ATTEMPTS, RECEIPT
from leadcore.property_names import PROPERTIES as PROPERTIES
from leadcore.reasons import Reason, english, modernize
from leadcore.reasons import reason as make_reason

_CODES = {name: chr(48 + position) for position, name in enumerate(PROPERTIES)}
_NAMES = {code: name for name, code in _CODES.items()}

WAITING = "waiting"
CREATED = "created"
UPDATED = "updated"
UNCHANGED = "unchanged"
SKIPPED = "skipped"
PARKED = "parked"
HELD = "held"
DISCARDED = "discarded"
STATES = (WAITING, CREATED, UPDATED, UNCHANGED, SKIPPED, PARKED, HELD, DISCARDED)
WARNED = "warned"
WRITTEN = frozenset({CREATED, UPDATED, UNCHANGED})
# What a message's state begins with while it may wait for a person.
UNSENT_STATES = ("failed", "interrupted")

# How long the payload of a parked lead, that of a held one, and an unsent message are kept for a person.
PARKED_SECONDS = 30 * 86_400
HELD_SECONDS = 30 * 86_400
UNSENT_SECONDS = 7 * 86_400

CONTACT = "contact"
"""Stands in a note in the place of a property where it is about the contact as a whole."""

BY_EMAIL_ONLY = make_reason("matched_by_email_only")
"""The reason of a written lead whose contact was there already, and only the email says that it is the customer's."""


@dataclass(frozen=True, slots=True)
class Note:
    """Why one property was not written as it was said: `what` is "kept" (HubSpot's value), "dropped", or `WARNED`
    (written, with a warning of HubSpot's)."""

    property: str
    what: str
    why: Reason


@dataclass(frozen=True, slots=True)
class Attempt:
    """One that failed, `at_ms`. `status`, `category`, `correlation_id`: as HubSpot said them, "" where it did not; its
    support asks for the last. Without an answer of HubSpot's `category` is our code. `next_ms`: when it was to be tried
    again, None if not at all."""

    at_ms: int
    next_ms: int | None = None
    status: str = ""
    category: str = ""
    correlation_id: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one event. Times are milliseconds of Redis' clock, None where it has not happened. `state`: "held"
    if a dry run held the lead back; `fields` then are those that it would have written. `message`: the state of the
    message, "queued", "sending", "sent" (confirmed), "asked" (for a wrong email or address), "silent: why", "waiting:
    why", "failed: why", "interrupted: why", or "discarded: why" if a person gave it up. `reason` and every "why": a
    reason as `leadcore.reasons` has it, in `reason` behind the code of a parked lead. `retried_ms`: when a person last
    retried the lead or its message, which had failed for `retried_reason`. `order`: what became of the order that the
    event is about, "created", "updated", "unchanged", "waiting: why", "parked: code: why" or "discarded: why", and a
    "why" behind the others too; `order_id` its id in HubSpot, `order_ref` its reference. `note`: what
    became of the note about the event, "waiting" (a why may follow), "sending", "written", "parked: code: why" or
    "discarded: why", by older versions "failed: why"; `note_id` its id in HubSpot. `order_ms`, `note_ms`: since when
    that is so, which older versions did not say. `attempts`: the last that failed, oldest first."""

    lead: str
    customer_id: str = ""
    intent: str = ""
    state: str = WAITING
    received_ms: int | None = None
    written_ms: int | None = None
    contact_id: str = ""
    fields: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    tries: int = 0
    reason: str = ""
    message: str = ""
    message_ms: int | None = None
    retried_ms: int | None = None
    retried_reason: str = ""
    order: str = ""
    order_id: str = ""
    order_ref: str = ""
    order_ms: int | None = None
    note: str = ""
    note_id: str = ""
    note_ms: int | None = None
    attempts: tuple[Attempt, ...] = ()

    @property
    def subject(self) -> str:
        """What it is about: a "lead", or a "message" or news of a "payment" by themselves, whose state is ""."""
        return "lead" if self.state else "payment" if self.order else "message"

    def as_dict(self) -> dict[str, Any]:
        """For `--json`: plain names and values, reasons in English."""
        return {
            "lead": self.lead,
            "customer_id": self.customer_id,
            "intent": self.intent,
            "state": self.state,
            "received_ms": self.received_ms,
            "written_ms": self.written_ms,
            "contact_id": self.contact_id,
            "fields": list(self.fields),
            "notes": [{"property": n.property, "what": n.what, "why": english(n.why)} for n in self.notes],
            "tries": self.tries,
            "reason": english(self.reason),
            "message": english(self.message),
            "message_ms": self.message_ms,
            "retried_ms": self.retried_ms,
            "retried_reason": english(self.retried_reason),
            "order": english(self.order),
            "order_id": self.order_id,
            "order_ref": self.order_ref,
            "order_ms": self.order_ms,
            "note": english(self.note),
            "note_id": self.note_id,
            "note_ms": self.note_ms,
        }


def pack(**values: Any) -> list[str | bytes]:
    """The changed parts of a receipt as HSET's flat list of fields and values; `fields` and `notes` are packed."""
    flat: list[str | bytes] = []
    for name, value in values.items():
        if name == "fields":
            value = pack_names(value)
        elif name == "notes":
            value = json.dumps([[n.property, n.what, n.why] for n in value], ensure_ascii=False) if value else ""
        flat += [RECEIPT[name], value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")]
    return flat


def unpack(lead: str, stored: Mapping[bytes, bytes]) -> Receipt:
    """The receipt of `lead` from its hash."""
    text = {key.decode(): value.decode("utf-8", "replace") for key, value in stored.items()}

    def get(name: str) -> str:
        return text.get(RECEIPT[name], "")

    def number(name: str) -> int | None:
        return int(get(name)) if get(name).isdigit() else None

    state, contact_id, reason = get("state") or WAITING, get("contact_id"), modernize(get("reason"))
    # Older versions left the reason of an earlier try on a lead that was then written.
    is_left_over = state in WRITTEN and contact_id and reason != BY_EMAIL_ONLY
    return Receipt(
        lead=lead,
        customer_id=get("customer_id"),
        intent=get("intent"),
        state=state,
        received_ms=number("received_ms"),
        written_ms=number("written_ms"),
        contact_id=contact_id,
        fields=unpack_names(get("fields")),
        notes=_unpack_notes(get("notes")),
        tries=number("tries") or 0,
        reason="" if is_left_over else reason,
        message=modernize(get("message")),
        message_ms=number("message_ms"),
        retried_ms=number("retried_ms"),
        retried_reason=modernize(get("retried_reason")),
        order=modernize(get("order")),
        order_id=get("order_id"),
        order_ref=get("order_ref"),
        order_ms=number("order_ms"),
        note=modernize(get("note")),
        note_id=get("note_id"),
        note_ms=number("note_ms"),
        attempts=_unpack_attempts(text),
    )


_CATEGORY = re.compile(r"[A-Za-z_]+")
_ATTEMPT = re.compile(r"([0-9a-f]{1,11}) ([0-9]{1,7}) ([0-9]{3})?,([A-Za-z_]{1,20})?,([\w-]{22})?")


def pack_attempt(number: int, attempt: Attempt) -> list[str | bytes]:
    """The `number`-th attempt as HSET's field and value, which has at most 64 bytes. What does not have the form of a
    status, a category or a UUID is left out: it might quote a customer."""
    wait = max(0, (attempt.next_ms or attempt.at_ms) - attempt.at_ms)
    status = attempt.status if re.fullmatch("[0-9]{3}", attempt.status) else ""
    category = attempt.category[:20] if _CATEGORY.fullmatch(attempt.category) else ""
    try:
        correlation = urlsafe_b64encode(UUID(attempt.correlation_id).bytes).decode().rstrip("=")
    except ValueError:
        correlation = ""
    value = f"{attempt.at_ms:x} {wait} {status},{category},{correlation}"
    return [ATTEMPTS[number % len(ATTEMPTS)], value.encode()]


def _unpack_attempts(text: Mapping[str, str]) -> tuple[Attempt, ...]:
    matches = (_ATTEMPT.fullmatch(text.get(name, "")) for name in ATTEMPTS)
    found = []
    for match in filter(None, matches):
        at_ms, wait = int(match[1], 16), int(match[2])
        correlation = str(UUID(bytes=urlsafe_b64decode(match[5] + "=="))) if match[5] else ""
        found.append(Attempt(at_ms, at_ms + wait if wait else None, match[3] or "", match[4] or "", correlation))
    return tuple(sorted(found, key=lambda attempt: attempt.at_ms))


def _unpack_notes(packed: str) -> tuple[Note, ...]:
    return tuple(Note(name, what, Reason(modernize(why))) for name, what, why in json.loads(packed or "[]"))


def pack_names(names: Iterable[str]) -> str:
    """Property names as one character each; unknown names follow, comma-separated, after a space."""
    names = list(names)
    known = "".join(sorted(_CODES[name] for name in names if name in _CODES))
    others = ",".join(sorted(name for name in names if name not in _CODES))
    return f"{known} {others}" if others else known


def unpack_names(packed: str) -> tuple[str, ...]:
    known, _, others = packed.partition(" ")
    return tuple(_NAMES[code] for code in known if code in _NAMES) + tuple(name for name in others.split(",") if name)
