"""Drains one shard of the notes' line: at most 100 notes at a time.

A note has no key by which HubSpot would know it again, so a create must not be repeated blindly. Before the call the
receipt says "sending"; one that says so already was tried, and the contact's notes are looked through for it (by its
last line) before it is made again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from leadcore import event, receipts
from leadcore.events import NOBODY, Events
from leadcore.fields import BODY, KIND, LEAD, ORDER, TRIES, VERSION
from leadcore.logs import format_place
from leadcore.reasons import Reason, reason
from leadcore.receipts import WAITING, Receipt
from leadcore.store import keys
from leadcore.store.counters import count
from leadcore.store.leads import read_receipts
from leadcore.store.streams import Settlement, pack_fields
from workers.flow.errors import LineDown, LostLease
from workers.flow.lease import Lease
from workers.flow.recent_epoch import RecentEpoch
from workers.orders.shard import ShardDrain
from workers.rules.batch import StreamEntry
from workers.rules.customer import unpack
from workers.rules.lead import version_of, version_text
from workers.rules.mapping.contact import PortalOptions, map_event
from workers.rules.note_marker import read_marker
from workers.rules.notes import park, write_note
from workers.rules.orders.property_names import ORDER_ID
from workers.rules.outcomes import ContactMissing, ContactWrite, Refused, RetryLater, WriteOutcome, Written
from workers.rules.retry import find_lead_retry, wait_seconds

NOTES, CONTACTS, TEXT = "notes", "contacts", "hs_note_body"
SENDING, WRITTEN = "sending", "written"
_NO_OPTIONS = PortalOptions()
log = structlog.get_logger("leadsync.notes")


@dataclass(slots=True)
class _Work:
    """One note in work. `failed`: code and reason, if it has to wait or (`ends`) cannot be written. `note_id`: "" until
    it is known; `uncertain`: it may be in HubSpot; `done`: it is, with all its links. `order_gone`:
    somebody has deleted its order."""

    entry: bytes
    fields: Mapping[bytes, bytes]
    said: event.Event
    version: int
    digest: str
    contact_id: str
    receipt: Receipt
    note_id: str = ""
    failed: tuple[str, Reason] | None = None
    ends: bool = False
    uncertain: bool = False
    done: bool = False
    order_gone: bool = False

    @property
    def lead(self) -> str:
        return self.receipt.lead

    @property
    def order_id(self) -> str:
        return "" if self.order_gone else self.fields.get(ORDER, b"").decode()

    @property
    def may_be_written(self) -> bool:
        """Whether it was tried before, as far as the receipt knows; that of an event that came again may be lost."""
        return self.uncertain or KIND in self.fields

    @property
    def open(self) -> bool:
        return self.failed is None and not self.done

    def wait(self, code: str, why: Reason) -> None:
        self.failed = self.failed or (code, why)


class NoteDrain(ShardDrain):
    """Of the notes' line. `timezone`: of the times in notes."""

    line = keys.NOTES

    def __init__(
        self, *given: Any, timezone: ZoneInfo, hidden: Callable[[], str], events: Events = NOBODY, **options: Any
    ) -> None:
        """`hidden`: see `RecentEpoch`. `events`: who is told of what happened."""
        super().__init__(*given, **options)
        self.timezone, self.events = timezone, events
        self.epoch = RecentEpoch(self.redis, hidden)

    @property
    def is_on(self) -> bool:
        return bool(self.config.notes.intents)

    def write_batch(self, rows: Sequence[StreamEntry], lease: Lease) -> bool:
        settled = Settlement()
        works = self._load(rows, settled, lease.shard)
        seconds, micros = self.redis.time()
        if self.epoch.refresh(seconds * 1000 + micros // 1000):
            # Rows and receipts may be of different servers.
            return True
        try:
            self._write(works, lease)
        finally:
            # What is done is settled also where the line then stops.
            stale = self._settle(works, settled, lease)
        if stale is None:
            raise LostLease(lease.locks)
        return settled.groups > len(stale)

    def put_off(self, rows: Sequence[StreamEntry], down: LineDown, lease: Lease) -> bool:
        settled = Settlement()
        works = self._load(rows, settled, lease.shard)
        for work in works:
            work.wait("row", down.why)
        if self._settle(works, settled, lease) is None:
            raise LostLease(lease.locks)
        return True

    def _load(self, rows: Sequence[StreamEntry], settled: Settlement, shard: int) -> list[_Work]:
        stream, key = keys.entries(keys.NOTES, shard), self.customers.use_key()
        read: list[tuple[bytes, Mapping[bytes, bytes], event.Event, int]] = []
        for entry, fields in rows:
            try:
                read.append((entry, fields, event.read(fields[BODY]), version_of(entry, fields)))
            except Exception as error:  # any fault: it waits for a person and must not hold up the others
                log.warning("note.unreadable", error=type(error).__name__, at=format_place(error))
                lead = fields.get(LEAD, b"").decode("ascii", "replace")
                parked = park(lead, fields, "unreadable", reason("event_unreadable"), self._now_ms())
                parked += self.events.tell_parked(lead, "unreadable", shard, once=f"note {entry.decode()}")
                settled.add((), [(stream, entry, parked)])
        digests = [keys.digest(key, said.customer_id) for _, _, said, _ in read]
        names = [name(digest) for digest in digests for name in (keys.customer, keys.forgotten)]
        stored = self.redis.mget(names) if names else []
        found = read_receipts(self.redis, [fields[LEAD].decode() for _, fields, _, _ in read])
        works: list[_Work] = []
        for at, (entry, fields, said, version) in enumerate(read):
            record, tombstone = stored[2 * at : 2 * at + 2]
            receipt = found[at] or Receipt(fields[LEAD].decode())
            forgotten = tombstone and version >> 16 <= int(tombstone.split()[0])
            work = _Work(entry, fields, said, version, digests[at], unpack(record).contact_id, receipt)
            work.uncertain = receipt.note == SENDING
            # A lead whose order a person retried was noted before: that note is linked with the order.
            work.note_id = receipt.note_id if receipt.note == WRITTEN and work.order_id else ""
            is_noted = receipt.note == WRITTEN and not work.note_id
            twin = next((one for one in works if one.lead == receipt.lead), None)
            if twin and work.order_id and not twin.order_id and not forgotten:
                # It is read again when the note is there, to link it with the order.
                continue
            if forgotten or is_noted or twin:
                settled.add((), [(stream, entry, ())])
                continue
            works.append(work)
        return works

    def _write(self, works: Sequence[_Work], lease: Lease) -> None:
        self._find_contacts(works)
        self._find_orders([work for work in works if work.open and work.order_id])
        self._find_written([work for work in works if work.open and not work.note_id and self._may_be_written(work)])
        new = [work for work in works if work.open and not work.note_id]
        sending = [("HSET", keys.receipt(work.lead), *receipts.pack(note=SENDING)) for work in new]
        if new and not self.stream.apply_fenced(lease.locks, lease.token, sending):
            raise LostLease(lease.locks)
        found: dict[str, WriteOutcome] = {}
        rows = [ContactWrite(work.lead, "", self._properties(work)) for work in new]
        try:
            if rows:
                self.records.create(NOTES, rows, found, {work.lead: [(CONTACTS, work.contact_id)] for work in new})
        finally:
            for work in new:
                self._note_created(work, found.get(work.lead))
        self._doubt_refusals([work for work in new if work.ends])
        self._link([work for work in works if work.open and work.note_id])

    def _may_be_written(self, work: _Work) -> bool:
        """Redis may have forgotten what became of what was received before its epoch began."""
        return work.may_be_written or work.version >> 16 < self.epoch.doubtful_ms

    def _properties(self, work: _Work) -> dict[str, str]:
        said_ms = work.version >> 16
        mapped = map_event(work.said, said_ms, self.config.crm, _NO_OPTIONS)
        said = datetime.fromtimestamp(said_ms / 1000, self.timezone)
        body = write_note(work.said, mapped, work.receipt, said, self.config.mapping, work.digest)
        return {TEXT: body, "hs_timestamp": str(said_ms)}

    def _find_contacts(self, works: Sequence[_Work]) -> None:
        """Let each work name the contact as it is now, also where it was merged into another."""
        contacts = self.records.read(CONTACTS, [work.contact_id for work in works if work.contact_id], ["email"])
        for work in works:
            contact = contacts.get(work.contact_id)
            if isinstance(contact, dict):
                work.contact_id = contact["id"]
            elif isinstance(contact, RetryLater):
                work.wait("row", contact.why)
            else:
                work.wait("no_contact", reason("note_without_contact"))

    def _find_orders(self, works: Sequence[_Work]) -> None:
        """Tell which orders are gone: the same cart again asks HubSpot nothing, so the note is the first to know."""
        kind = self.config.orders.kind if self.config.orders else ""
        orders = self.records.read(kind, {work.order_id for work in works}, [ORDER_ID]) if works and kind else {}
        for work in works:
            if isinstance(orders.get(work.order_id), ContactMissing):
                work.order_gone = True
                state = work.receipt.order.partition(":")[0]
                work.receipt = replace(work.receipt, order=f"{state}: {reason('order_deleted')}")

    def _find_written(self, works: Sequence[_Work]) -> None:
        """Find the notes of those that were tried before, where HubSpot has them."""
        if not works:
            return
        linked = self.records.linked(CONTACTS, NOTES, [work.contact_id for work in works])
        bodies = self.records.read(NOTES, {note for some in linked.values() for note in some}, [TEXT])
        for work in works:
            for note in linked[work.contact_id]:
                body = bodies.get(note)
                if isinstance(body, RetryLater):
                    work.wait("row", body.why)
                elif isinstance(body, dict) and read_marker(body.get(TEXT) or "")[0] == work.lead:
                    work.note_id = note

    def _note_created(self, work: _Work, outcome: WriteOutcome | None) -> None:
        # Also a row of which an answer says nothing comes as `RetryLater`, and HubSpot may have made it.
        work.uncertain = not isinstance(outcome, Refused | ContactMissing)
        match outcome:
            case Written(contact_id=note_id) if note_id or not work.order_id:
                work.note_id = note_id
                work.done = not work.order_id
            case Refused():
                work.failed, work.ends = ("refused", outcome.why), True
            case RetryLater():
                work.wait("row", outcome.why)
            case ContactMissing():
                work.wait("no_contact", reason("note_without_contact"))
            case Written():
                # Which of HubSpot's ids is whose was not said: it is looked for.
                work.wait("row", reason("lead_unanswered"))
            case _:
                # Left in the line: whether it was made is not known, or it was not its turn.
                pass

    def _doubt_refusals(self, works: Sequence[_Work]) -> None:
        """HubSpot also refuses a note whose contact was merged or deleted a moment ago: that one is tried again, and so
        is one of which HubSpot does not say where its contact is."""
        for work in works:
            work.ends = False
        contacts = self.records.read(CONTACTS, [work.contact_id for work in works], ["email"]) if works else {}
        for work in works:
            contact = contacts.get(work.contact_id)
            work.ends = isinstance(contact, dict) and contact["id"] == work.contact_id

    def _link(self, works: Sequence[_Work]) -> None:
        """Link notes with their orders; one that was deleted meanwhile has none."""
        kind = self.config.orders.kind if self.config.orders else ""
        pairs = {(work.note_id, work.order_id): work for work in works if work.order_id and kind}
        found = self.records.link(NOTES, kind, list(pairs)) if pairs else {}
        for pair, work in pairs.items():
            outcome = found.get(pair)
            if not isinstance(outcome, Written | ContactMissing):
                work.wait("row", outcome.why if isinstance(outcome, RetryLater) else reason("lead_unanswered"))
        for work in works:
            work.done = work.failed is None

    def _settle(self, works: Sequence[_Work], settled: Settlement, lease: Lease) -> list[int] | None:
        """As `Stream.settle`."""
        now_ms = self._now_ms()
        for work in works:
            self._settle_work(work, settled, lease.shard, now_ms)
        return self.stream.settle(lease.shard, lease.token, settled) if settled.groups else []

    def _settle_work(self, work: _Work, settled: Settlement, shard: int, now_ms: int) -> None:
        stream, receipt = keys.entries(keys.NOTES, shard), keys.receipt(work.lead)
        if work.done:
            written = ("HSET", receipt, *receipts.pack(note=WRITTEN, note_id=work.note_id, note_ms=now_ms))
            settled.add((), [(stream, work.entry, [written, count("note_written")])])
            log.info("note.written", lead=work.lead)
        elif work.failed:
            code, why = work.failed
            tries = int(work.fields.get(TRIES, b"0")) + 1
            fields = {**work.fields, VERSION: version_text(work.version), TRIES: b"%d" % tries}
            if work.ends or tries >= self.config.inbox.tries:
                over = why if work.ends else reason("given_up", why=why, tries=tries)
                told = self.events.tell_parked(
                    work.lead,
                    code,
                    shard,
                    once=f"note {work.entry.decode()}",
                    customer=work.said.customer,
                    kind=fields.get(KIND, b"").decode("ascii", "replace"),
                    body=fields[BODY],
                    contact_id=work.contact_id,
                    order=work.order_id,
                    intent=work.said.intent,
                )
                settled.add((), [(stream, work.entry, park(work.lead, fields, code, over, now_ms) + told)])
                log.warning("note.parked", lead=work.lead, code=code)
                return
            wait = int(wait_seconds(find_lead_retry(code, free=False), tries) * 1000)
            later = ("ZADD", keys.later(keys.NOTES, shard), now_ms + wait, pack_fields(fields))
            # "Sending" stays where the next try has to look for it.
            said = SENDING if work.uncertain else f"{WAITING}: {why}"
            settled.add(
                (), [(stream, work.entry, [later, ("HSET", receipt, *receipts.pack(note=said, note_ms=now_ms))])]
            )

    def _now_ms(self) -> int:
        """Redis' clock."""
        seconds, micros = self.redis.time()
        return int(seconds * 1000 + micros // 1000)
