"""What a payload would change in HubSpot and what would be replied, without writing anything there or to Redis.

Runs the workers' own `Writer` with read-only versions of the portal, the customer store and the identity. Values that
HubSpot would refuse only show when they are written, other than an email of another contact, what breaks a rule for the
form of values, and what HubSpot refused to do without in the last hour.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from leadcore import event
from leadcore.config import Config
from leadcore.event import Head
from leadcore.fields import BODY, LEAD
from leadcore.machine import Machine
from leadcore.payable import find_payable
from leadcore.reasons import NO_REASON, Reason, english, reason
from leadcore.receipts import CREATED, HELD, PARKED, SKIPPED, UNCHANGED, UPDATED, WAITING, Note
from leadcore.settings import Settings
from leadcore.store import keys
from leadcore.store.connection import Redis
from leadcore.store.leads import read_receipts
from leadcore.store.required import read_required
from leadcore.store.streams import DUPLICATE_MS, Stream
from leadsync.errors import PreviewError
from leadsync.preview_outgoing import Outgoing, preview_outgoing
from receiver.intake.reply import Replies
from receiver.intake.view import MAX_BODY
from receiver.pay.links import make_links
from workers.flow.errors import LineDown
from workers.flow.lease import Lease
from workers.hubspot.budget import NoBudget
from workers.hubspot.client import HubSpot
from workers.hubspot.portal_cache import PortalCache
from workers.rules.batch import read_batch
from workers.rules.lead import CustomerBatch, Result
from workers.rules.mapping.mapped_event import MappedEvent
from workers.rules.mapping.property_names import ADDRESS, CUSTOMER_ID, NAME, NAME_GIVEN
from workers.rules.outcomes import Conflict, ContactWrite, WriteOutcome, Written
from workers.rules.plan import WritePlanner
from workers.rules.required import RequiredProperties
from workers.settings import WorkerSettings
from workers.sync.customer_store import CustomerStore
from workers.sync.identity import Identity
from workers.sync.writer import Writer

ALREADY_THERE = reason("already_there")
REPEATED = reason("said_before")
ONLY_NEW = reason("only_when_created")


@dataclass(frozen=True, slots=True)
class Change:
    """One property, by the portal's name: `now` is its value in HubSpot ("" where it has none)."""

    property: str
    now: str
    new: str


@dataclass(frozen=True, slots=True)
class Preview:
    """`state`: the receipt's. `kept`: each value that would not be written, and why; `doubtful`: those that HubSpot
    would or may refuse, and the portal's rule for their form. `reply`: the messages that DealDroid would get at once;
    `no_link`: why they would lack a payment link, "" if they would have it, none of them has a place for one or there
    is no table [payment]. `note`: whether the event would leave one, on the contact and on the order that its cart
    becomes. `outgoing`: what else would be made, told and sent. `duplicate_of`: the lead of this very event, which came
    already and would be ignored; what is shown is what a new event would change."""

    state: str
    why: Reason
    contact_id: str
    changes: list[Change]
    kept: list[Note]
    doubtful: list[Note]
    reply: list[str]
    no_link: Reason
    note: bool = False
    duplicate_of: str = ""
    outgoing: Outgoing = field(default_factory=Outgoing)

    @property
    def summary(self) -> str:
        text = {
            CREATED: "A new contact would be created",
            UPDATED: f"Contact {self.contact_id} would be changed",
            UNCHANGED: f"Nothing of contact {self.contact_id} would change",
            SKIPPED: "Nothing would be written",
        }.get(self.state, f"The lead would be {self.state}")
        text = f"{text}: {english(self.why)}." if self.why else f"{text}."
        if not self.duplicate_of:
            return text
        return f"Duplicate: this event came already ({self.duplicate_of}) and would be ignored. As a new one: {text}"

    def as_dict(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "why": english(self.why),
            "kept": _as_dicts(self.kept),
            "doubtful": _as_dicts(self.doubtful),
            "no_link": english(self.no_link),
            "outgoing": self.outgoing.as_dict(),
        }


def _as_dicts(notes: Sequence[Note]) -> list[dict[str, str]]:
    return [{"property": note.property, "what": note.what, "why": english(note.why)} for note in notes]


class _ReadOnlyHubSpot(HubSpot):
    """Answers writes as HubSpot would, but writes nothing."""

    def upsert(self, rows: Sequence[ContactWrite], found: dict[str, WriteOutcome], *, stop: bool = True) -> None:
        known = self.read([row.id for row in rows], [], CUSTOMER_ID)
        for row in rows:
            contact_id = known.get(row.id, {}).get("id", "")
            found[row.trace_id] = self._conflict(row, contact_id) or Written(contact_id, not contact_id)

    def update(self, rows: Sequence[ContactWrite], found: dict[str, WriteOutcome], *, stop: bool = True) -> None:
        contacts = self.read_each([row.id for row in rows], [])
        for row in rows:
            contact = contacts[row.id]
            if isinstance(contact, dict):
                found[row.trace_id] = self._conflict(row, contact["id"]) or Written(contact["id"])
            else:
                found[row.trace_id] = contact

    def _conflict(self, row: ContactWrite, contact_id: str) -> Conflict | None:
        email = row.properties.get("email", "")
        holder = self.read([email], ["email"], "email").get(email, {}).get("id", "") if email else ""
        return Conflict("email", holder) if holder not in ("", contact_id) else None


class _ReadOnlyStore(CustomerStore):
    def mark_attempted(self, groups: Sequence[CustomerBatch], lease: Lease) -> None:
        pass


class _ReadOnlyIdentity(Identity):
    def lock_contact(self, group: CustomerBatch) -> bool:
        return True

    def _count_users(self, email: str, customer_id: str, owner: str) -> int:
        digests = {keys.digest(self.key, one).encode() for one in (customer_id, owner) if one}
        return len(digests | self.redis.smembers(keys.email(keys.digest(self.key, email))))


def preview_event(raw: bytes, redis: Redis, settings: WorkerSettings, public_url: str = "") -> Preview:
    """What the event in the post `raw` would change if it came now, and what would be replied; `public_url` as in the
    receiver's settings. Raises `Malformed`, `PreviewError`, `LineDown` and redis-py's errors."""
    head = event.receive(raw, authenticate=bool)
    if head.missing:
        raise PreviewError(f"{', '.join(head.missing)} is missing or unusable")
    if len(head.body) > MAX_BODY:
        raise PreviewError("the receiver refuses a body that is larger than 256 KiB")
    shared = settings.shared
    machine = Machine()
    # A few reads outside the workers' budget: reserving a slot in it would write to Redis.
    hubspot = _ReadOnlyHubSpot(settings.token, settings.hubspot_url, NoBudget(machine), version=shared.hubspot_version)
    # A Redis without a key has no customers either, so any key will do.
    key = shared.key.encode() or redis.get(keys.SECRET) or b"none"
    customers = _ReadOnlyStore(redis, key)
    portal = PortalCache(hubspot, shared.config.mapping).current()
    seconds, micros = redis.time()
    row = (b"%d-0" % (seconds * 1000 + micros // 1000), {LEAD: b"preview", BODY: head.body})
    batch = read_batch([row], shared.config, portal)
    if not batch.groups:
        raise PreviewError("this version of leadsync cannot read the event")
    [group] = batch.groups
    customers.load([group])
    required = RequiredProperties(shared.config.required)
    required.refresh(read_required(redis))
    plan = WritePlanner(portal, customers.digest(), shared.timezone, required)
    # A lease that was never acquired: `_ReadOnlyIdentity` locks nothing.
    identity = _ReadOnlyIdentity(redis, hubspot, shared.config.crm, key, Lease(Stream(redis), 0, "", machine))
    writer = Writer(hubspot, plan, identity, customers, intact=False)
    writer.decide(group)
    writer.write([group])
    said = _make_reply(head, shared, public_url, machine)
    preview = _describe(group, group.result or Result(WAITING), hubspot, plan, said)
    written = preview.state in (CREATED, UPDATED, UNCHANGED)
    duplicate_of = _find_duplicate(redis, keys.digest(key, head.body), seconds * 1000)
    note = written and shared.config.notes.wants(head.intent)
    outgoing = preview_outgoing(
        head,
        row,
        group,
        group.result or Result(WAITING),
        redis,
        hubspot,
        settings,
        customers,
        int(row[0].split(b"-")[0]),
    )
    return replace(preview, note=note, duplicate_of=duplicate_of, outgoing=outgoing)


def _find_duplicate(redis: Redis, lead: str, now_ms: int) -> str:
    """`lead` if an event with this id would be taken for a repeated one; see PUT in `leadcore.store.scripts`."""
    [receipt] = read_receipts(redis, [lead])
    if receipt is None or receipt.received_ms is None or receipt.state == HELD:
        return ""
    is_known = receipt.state in (WAITING, PARKED) or now_ms - receipt.received_ms < DUPLICATE_MS
    return lead if is_known else ""


def _make_reply(head: Head, shared: Settings, public_url: str, machine: Machine) -> tuple[list[str], Reason]:
    """The messages of the reply, and why they lack the payment link that they have a place for."""
    links, asked = make_links(shared, public_url, machine), False

    def make_link(said: event.Event, reference: str) -> str:
        nonlocal asked
        asked = True
        return links.make(said, reference) if links else ""

    reply: list[str] = json.loads(Replies(shared.config, shared.key.encode(), machine, make_link).answer(head))
    return reply, _find_no_link(head, shared.config, public_url) if asked else NO_REASON


def _find_no_link(head: Head, config: Config, public_url: str) -> Reason:
    if config.payment is None:
        return NO_REASON
    if not public_url:
        return reason("pay_off", name="PUBLIC_URL")
    return find_payable(event.read(head.body), config.payment, config.orders)[1]


def _describe(
    group: CustomerBatch, result: Result, hubspot: HubSpot, plan: WritePlanner, said: tuple[list[str], Reason]
) -> Preview:
    sent = group.decision.properties if result.state in (CREATED, UPDATED) else {}
    changed = plan.portal.to_portal(sent)
    contact = hubspot.read([result.contact_id], list(changed)).get(result.contact_id, {}) if result.contact_id else {}
    changes = [Change(name, contact.get(name, ""), value) for name, value in changed.items()]
    [lead] = group.leads
    notes = list(dict.fromkeys([*lead.mapped.notes, *group.decision.news.notes[0], *group.decision.notes]))
    if result.state != SKIPPED:
        notes += _unchanged(group, lead.mapped, sent, {note.property: note.why for note in notes})
    return Preview(result.state, result.why, result.contact_id, changes, notes, _find_doubtful(changed, hubspot), *said)


def _find_doubtful(changed: Mapping[str, str], hubspot: HubSpot) -> list[Note]:
    """Values that may break the portal's rules; none if HubSpot does not tell the rules."""
    try:
        formats = hubspot.formats() if changed else {}
    except LineDown:
        return []
    outcomes = {
        (name, rule): rule.is_broken_by(value)
        for name, value in changed.items()
        for rule in formats.get(name, ())
        if value
    }
    return [
        Note(name, "would be refused" if broken else "may be refused", reason("form_wanted", rule=str(rule)))
        for (name, rule), broken in outcomes.items()
        if broken is not False
    ]


def _unchanged(
    group: CustomerBatch, mapped: MappedEvent, sent: Mapping[str, str], noted: Mapping[str, Reason]
) -> list[Note]:
    """Notes on the values that receipts do not mention: parts of a block that is kept whole, and what is no news."""
    found = []
    for name in (*mapped.details, *mapped.address, *mapped.activity, *mapped.creation):
        if name in sent or name in noted:
            continue
        block = "address" if name in ADDRESS else "firstname" if name in (*NAME, NAME_GIVEN) else ""
        if name in mapped.creation:
            why = ONLY_NEW
        elif name in group.decision.news.writes:
            why = ALREADY_THERE
        else:
            why = noted.get(block, REPEATED)
        found.append(Note(name, "kept", why))
    return found
