"""What waits for a person to retry or discard it: parked leads, which could not be written as they are, leads that a
dry run held back, and written leads whose message could not be sent. The console and the commands use it.

Retry and discard are one script per lead, which does nothing unless the lead still waits: if two people retry a lead at
once, it is retried once.
"""

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from leadcore import event, receipts
from leadcore.config import Inbox as InboxConfig
from leadcore.fields import BODY, RECEIPT, VERSION
from leadcore.reasons import NO_REASON, Reason, english, parse, reason, split_topic
from leadcore.receipts import DISCARDED, HELD, PARKED, WAITING, Receipt
from leadcore.store import keys, lines
from leadcore.store.bell import Bell
from leadcore.store.connection import AWAY, Redis
from leadcore.store.keys import ACTIONS_KEPT
from leadcore.store.leads import name_subject, read_receipts
from leadcore.store.lines import Kept
from leadcore.store.lua import COUNT, ENTRY_FIELDS, NOTE_RETRY, REASON_FIELD, RING, TAKE_KEPT, UNPACK_FIELDS
from leadcore.store.parked_orders import ParkedNotes, ParkedOrders, ParkedPayments, as_parked_note, as_parked_payment
from leadcore.store.parked_orders import as_parked as as_parked_order
from leadcore.store.status import are_workers_dry
from leadcore.store.streams import BELL_SECONDS, unpack_fields
from leadcore.store.unsent import Unsent
from leadcore.store.unsent import as_parked as as_unsent
from leadcore.texts import en

CHUNK = 500
GONE = reason("not_parked")
UNREADABLE = reason("no_event")
STILL_DRY = reason("still_dry")
_NOTHING_WAITS = frozenset({reason("no_message_waits"), reason("no_order_waits"), reason("no_note_waits")})
# All the codes with which a lead can be parked.
CODES = (
    "disconnected", "empty_answer", "error", "locked", "race", "refused", "required", "row", "timeout", "unavailable",
    "unexpected", "unreadable", "unsettled", "unusable", "vanishing",
)  # fmt: skip

_RETRY = (
    """
-- Returns 'gone', 'put' or 'rang'. ARGV from 8 on: the receipt's fields.
local stream, bell = KEYS[5], KEYS[6]
local version, bell_seconds, receipt_seconds = unpack(ARGV, 5, 7)
"""
    + ENTRY_FIELDS
    + REASON_FIELD
    + UNPACK_FIELDS
    + TAKE_KEPT
    + NOTE_RETRY
    + """
local entry = unpack_fields(packed, {[VERSION] = true, [KIND] = true, [TRIES] = true})
redis.call('XADD', stream, '*', VERSION, version, KIND, 'retry', unpack(entry))
note_retry(REASON)
redis.call('HSET', receipt, unpack(ARGV, 8))
if redis.call('TTL', receipt) < 0 then redis.call('EXPIRE', receipt, receipt_seconds) end
"""
    + RING
)
_DISCARD = (
    "-- Returns 'gone' or 'done'. ARGV from 5 on: the receipt's fields.\n"
    + COUNT
    + TAKE_KEPT
    + """
count('discarded', 1)
if redis.call('EXISTS', receipt) == 1 then redis.call('HSET', receipt, unpack(ARGV, 5)) end
return 'done'
"""
)


ENDS_DISCARDED = frozenset({
    "full", "notes_full", "paid_amount", "paid_cancelled", "paid_twice", "refund_amount", "unusable",
})  # fmt: skip
"""Codes of what a retry does not help: a person does by hand what is wanted, and discards it."""
_REASONS_OF = {
    "message_not_sent": lines.UNSENT,
    "message_uncertain": lines.UNSENT,
    "order_not_made": lines.PARKED_ORDERS,
    "payment_not_noted": lines.PARKED_PAYMENTS,
    "note_not_written": lines.PARKED_NOTES,
}
EVERYTHING = frozenset(kept.name for _, kept in lines.each_kept())
"""The names of all in which something of a lead may wait."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Leads that are parked for the same reason, and what to do about it. `code` groups reasons."""

    code: str
    reason: Reason
    fix: str
    leads: tuple[str, ...]

    @property
    def subject(self) -> str:
        """What all of `leads` are, as `name_subject` has it; "lead" if they differ."""
        first, *others = {name_subject(one) for one in self.leads}
        return "lead" if others else first

    @property
    def ends_discarded(self) -> bool:
        return self.code in ENDS_DISCARDED

    @property
    def kept(self) -> str:
        """The name of the `lines.Kept` in which all of it waits."""
        return _find_kept(self.reason)

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "reason": english(self.reason), "count": len(self.leads)}


def find_kept(receipt: Receipt) -> str:
    """The name of the `lines.Kept` in which waits what `receipt`, one of `Parked.receipts`, gives the reason of."""
    return _find_kept(split_topic(receipt.reason)[1])


def _find_kept(why: Reason) -> str:
    return _REASONS_OF.get(parse(why).code, lines.PARKED).name


def find_fix(code: str) -> str:
    """What to do about leads whose reason is about `code`."""
    return en.FIXES.get(code, en.FIXES[""])


def causes(parked: Iterable[Receipt]) -> list[Cause]:
    """The leads by cause, the most frequent cause first."""
    by_reason: dict[str, list[str]] = {}
    for receipt in parked:
        by_reason.setdefault(receipt.reason, []).append(receipt.lead)
    found = []
    for stored, leads in by_reason.items():
        code, why = split_topic(stored)
        found.append(Cause(code, why, find_fix(code), tuple(leads)))
    return sorted(found, key=lambda cause: (-len(cause.leads), cause.reason))


class Parked:
    """Over one Redis connection. Every method raises redis-py's errors."""

    def __init__(self, connection: Redis, config: InboxConfig) -> None:
        self.redis, self.config = connection, config
        self.bell = Bell(connection)
        self.unsent = Unsent(connection, config.shards, ACTIONS_KEPT)
        self.orders = ParkedOrders(connection, config.shards, ACTIONS_KEPT)
        self.payments = ParkedPayments(connection, config.shards, ACTIONS_KEPT)
        self.notes = ParkedNotes(connection, config.shards, ACTIONS_KEPT)
        self._following: dict[str, Unsent | ParkedOrders] = {
            lines.UNSENT.name: self.unsent,
            lines.PARKED_ORDERS.name: self.orders,
            lines.PARKED_PAYMENTS.name: self.payments,
            lines.PARKED_NOTES.name: self.notes,
        }
        self._retry = connection.register_script(_RETRY)
        self._discard = connection.register_script(_DISCARD)

    def receipts(self, limit: int | None = None, until_ms: int | None = None) -> list[Receipt]:
        """The receipts of parked leads, of unsent messages and of parked orders, payments and notes, each oldest first:
        at most `limit` of either, waiting since `until_ms` or longer."""
        found: list[Receipt] = []
        for _, kept in lines.each_kept():
            if kept.for_person:
                rows = self._read(kept.index, limit, until_ms)
                found += rows if kept.state else [as_kept(one, kept) for one in rows if one.state != PARKED]
        return found

    def held(self, until_ms: int | None = None) -> list[str]:
        """The leads that a dry run held back since `until_ms` or longer, in the order in which it met them."""
        until = "+inf" if until_ms is None else until_ms
        return [lead.decode() for lead in self.redis.zrangebyscore(keys.HELD, "-inf", until)]

    def count(self) -> int:
        """How many leads and messages wait for a person, without those that are held back."""
        return sum(self.redis.zcard(kept.index) for _, kept in lines.each_kept() if kept.for_person)

    def _read(self, index: str, limit: int | None, until_ms: int | None) -> list[Receipt]:
        until, count = "+inf" if until_ms is None else until_ms, -1 if limit is None else limit
        leads = [lead.decode() for lead in self.redis.zrangebyscore(index, "-inf", until, 0, count)]
        found: list[Receipt] = []
        for start in range(0, len(leads), CHUNK):
            some = leads[start : start + CHUNK]
            found += [one or Receipt(lead) for lead, one in zip(some, read_receipts(self.redis, some), strict=True)]
        return found

    def retry(self, lead: str, user: str, only: Collection[str] = EVERYTHING) -> Reason:
        """Put a parked or held lead back into the inbox, with its old version and without a message to the customer;
        of a lead that is written, an unsent message into the outbox, a parked order or note into its line. "" if done,
        else why not; a held lead stays while a worker runs dry. `user`: who asked; `only`: the names of the
        `lines.Kept` of which they did."""
        parked, held = self.redis.mget(keys.parked(lead), keys.held(lead))
        packed = held if parked is None else parked
        if packed is None:
            return _sum_up([one.retry(lead, user) for name, one in self._following.items() if name in only])
        if (lines.HELD if parked is None else lines.PARKED).name not in only:
            return GONE
        if parked is None and are_workers_dry(self.redis):
            return STILL_DRY
        fields = unpack_fields(packed)
        try:
            head = event.read_head(fields.get(BODY, b""))
        except event.Malformed:
            return UNREADABLE
        if head.missing:
            return reason("fields_unusable_still", fields=", ".join(head.missing))
        shard = keys.shard_of(head.customer_id, self.config.shards)
        version = fields.get(VERSION) or self._received(lead)
        receipt = receipts.pack(
            customer_id=head.customer_id,
            intent=head.intent,
            received_ms=version.partition(b"-")[0],
            state=WAITING,
            tries=0,
            reason="",
            fields=(),
            notes=(),
        )
        outcome = self._retry(
            keys=[
                *_keys(lead, PARKED if packed is parked else HELD),
                keys.entries(keys.INBOX, shard),
                keys.bell(keys.INBOX, shard),
            ],
            args=[
                *(lead, "retry", user, ACTIONS_KEPT, version, BELL_SECONDS, self.config.receipts_days * 86_400),
                *receipt,
            ],
        )
        if outcome == b"rang":
            # It is in the inbox; if ringing fails, a sweep finds it within seconds.
            with suppress(*AWAY):
                self.bell.ring(keys.INBOX, shard)
        return GONE if outcome == b"gone" else NO_REASON

    def discard(self, lead: str, user: str, only: Collection[str] = EVERYTHING, until_ms: int | None = None) -> Reason:
        """Delete the payload of a parked or held lead, or an unsent message, a parked order and a parked note; the
        receipt stays, and so does what has come to wait after `until_ms`. "" if done, else why not. `user` and `only`:
        as for `retry`."""
        newer = self._find_newer(lead, until_ms) if until_ms is not None else set()
        if newer & {lines.PARKED.name, lines.HELD.name}:
            return GONE
        args = [lead, "discard", user, ACTIONS_KEPT, *receipts.pack(state=DISCARDED, fields=())]
        for kept in (lines.PARKED, lines.HELD):
            if kept.name in only and self._discard(keys=_keys(lead, kept.state), args=args) != b"gone":
                return NO_REASON
        given_up = [one for name, one in self._following.items() if name in only and name not in newer]
        return _sum_up([one.discard(lead, user) for one in given_up])

    def _find_newer(self, lead: str, until_ms: int) -> set[str]:
        """The names of all in which something of the lead has come to wait after `until_ms`."""
        pipe = self.redis.pipeline(transaction=False)
        every_kept = [kept for _, kept in lines.each_kept()]
        for kept in every_kept:
            pipe.zscore(kept.index, lead)
        since = zip(every_kept, pipe.execute(), strict=True)
        return {kept.name for kept, at_ms in since if at_ms is not None and at_ms > until_ms}

    def _received(self, lead: str) -> bytes:
        """The version of an entry that was parked without one."""
        received: bytes | None = self.redis.hget(keys.receipt(lead), RECEIPT["received_ms"])
        return received or b"%d" % int(self.redis.zscore(keys.PARKED, lead) or 0)


def as_kept(receipt: Receipt, kept: Kept) -> Receipt:
    """The receipt of a lead that waits for a person, with the reason why it does."""
    if kept.state:
        return receipt
    shows = {lines.PARKED_ORDERS: as_parked_order, lines.PARKED_PAYMENTS: as_parked_payment}
    return {**shows, lines.PARKED_NOTES: as_parked_note, lines.UNSENT: as_unsent}[kept](receipt)


def _sum_up(whys: Iterable[Reason]) -> Reason:
    """ "" if anything was done, else why nothing was."""
    if NO_REASON in whys:
        return NO_REASON
    return next((why for why in whys if why not in _NOTHING_WAITS), GONE)


def _keys(lead: str, state: str) -> tuple[str, ...]:
    kept = (keys.parked(lead), keys.PARKED) if state == PARKED else (keys.held(lead), keys.HELD)
    return *kept, keys.receipt(lead), keys.ACTIONS
