"""Confirmations on their way to DealDroid: drained like the inbox, several in flight.

A message is taken out of the stream and noted as `sending`, in one script, before its request; what a crash or an
unclear answer leaves in that state is not sent again, because a repeated message embarrasses the shop more than a
missing one (`resend_interrupted` turns that round).
"""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import structlog

from receiver import keys
from receiver.bell import Bell
from receiver.config import Config
from receiver.connection import Redis
from receiver.counts import count
from receiver.inbox import Inbox, Settlement, postponed, unpostponed
from receiver.receipts import pack
from receiver.unsent import keep, wanted
from workers.budget import Budget
from workers.clock import Clock
from workers.dealdroid import DealDroid, Delivery, Failed, Sent, Unclear
from workers.hubspot.outcomes import LineDown
from workers.lead import version_of
from workers.lease import Lease, Leases, LostLease
from workers.messages import may_speak
from workers.pause import Pause
from workers.told import TAKEN_BACK, Told, mark
from workers.turn import Turn

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


IN_FLIGHT = 16
READ_AHEAD = 128
BACKOFF_SECONDS = 2.0
LONGEST_BACKOFF_SECONDS = 300.0
UNREADABLE = "this program cannot read the message"
FORGOTTEN = "interrupted: Redis restarted while it was sent"
log = structlog.get_logger("leadsync.outbox")

Row = tuple[bytes, Mapping[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class _Message:
    """An entry of the outbox. `mark`: see `workers.told`; `silent`: why it may not be sent, "" if it may."""

    entry: bytes
    fields: Mapping[bytes, bytes]
    mark: str
    silent: str
    customer: Any = None
    text: str = ""


class Outbox:
    """One worker's way from the outbox to DealDroid. `dry_run`: note what would have been sent, send nothing."""

    def __init__(
        self,
        connection: Redis,
        dealdroid: DealDroid,
        config: Config,
        timezone: "ZoneInfo",
        leases: Leases,
        stop: threading.Event,
        told: Told,
        budget: Budget,
        *,
        dry_run: bool = False,
    ) -> None:
        self.redis, self.dealdroid, self.config, self.timezone = connection, dealdroid, config, timezone
        self.leases, self.stop, self.told, self.dry_run = leases, stop, told, dry_run
        self.outbox = Inbox(connection, keys.OUTBOX)
        self.bell = Bell(connection)
        self.pause = Pause(connection, keys.OUTBOX)
        self.clock = Clock(connection)
        self.turn = Turn(connection, budget, self.clock, config.inbox.shards)

    def drain(self, shard: int) -> None:
        """Send what is there, until the turn is over."""
        with self.leases.hold(self.outbox, shard) as lease:
            if lease is None:
                return
            more = False
            try:
                self._recover(shard)
                more = self._work(shard, lease)
            except LostLease:
                log.info("outbox.given_back", shard=shard)
            finally:
                lease.end()
                left = self.outbox.release(shard, lease.token)
        if left > 0 and more and not self.stop.is_set():
            self.bell.ring(keys.OUTBOX, shard)

    def _work(self, shard: int, lease: Lease) -> bool:
        """True if what is left may be taken up at once; False where only time can help."""
        admitted = self.pause.admit(lease)
        if admitted == "paused":
            return False
        young = self.told.wait(self.redis)
        if young:
            self.pause.begin(LineDown("restarted", "Redis has restarted; messages wait until it knows all.", young))
            return False
        self.dealdroid.refresh()
        if admitted == "probe":
            try:
                return self._probe(lease)
            finally:
                self.pause.unprobe(lease)
        self.turn.begin()
        with ThreadPoolExecutor(IN_FLIGHT, "confirm") as pool:
            for rows in self._rounds(shard):
                if not self._send_some(rows, lease, pool):
                    return False
                if self.stop.is_set() or self.turn.is_over(rows[0][0]):
                    return True
        return True

    def _rounds(self, shard: int) -> Iterator[Sequence[Row]]:
        """Rows to be sent at once, until none is left or Redis has restarted. They are read ahead, but not claimed:
        what is claimed when this process dies is never sent."""
        while not self.told.wait(self.redis) and (rows := self.outbox.take(shard, READ_AHEAD)):
            for first in range(0, len(rows), IN_FLIGHT):
                yield rows[first : first + IN_FLIGHT]

    def _probe(self, lease: Lease) -> bool:
        """After a pause: one message, and if it goes through, the others."""
        with ThreadPoolExecutor(1, "confirm") as pool:
            rows = self.outbox.take(lease.shard, 1)
            if rows and not self._send_some(rows, lease, pool):
                return False
        self.pause.end()
        return True

    def _send_some(self, rows: Sequence[Row], lease: Lease, pool: ThreadPoolExecutor) -> bool:
        """Claim, send, record. False if DealDroid takes nothing at the moment: then the outbox pauses, so that no more
        messages are cut off."""
        lease.check()
        sending, left = self._claim(rows, lease)
        deliveries = list(pool.map(self._send, sending))
        self._record(lease.shard, list(zip(sending, deliveries, strict=True)))
        self._end_marked(left, lease)
        if not deliveries or not all(isinstance(one, Unclear) or _again(one) for one in deliveries):
            return True
        self.pause.begin(LineDown("dealdroid", "DealDroid takes no messages at the moment."))
        return False

    def _claim(self, rows: Sequence[Row], lease: Lease) -> tuple[list[_Message], list[_Message]]:
        """Take the rows out of the stream and note them as sending; those that may no longer be sent just end. The
        second list is of those that were left: they have a mark, or are gone."""
        now_ms = self.clock.now_ms()
        messages = [self._read(entry, fields, now_ms) for entry, fields in rows]
        claim = Settlement()
        for one in messages:
            if one.silent:
                effects = _end(one, f"failed: {one.silent}", now_ms)
            else:
                sending = ("HSET", keys.sending(lease.shard), one.entry, postponed(one.fields))
                effects = [sending, _note(one.fields, "sending", now_ms)]
            # One with a mark stays where it is.
            claim.add([(one.mark, b"")], [(keys.entries(keys.OUTBOX, lease.shard), one.entry, effects)])
        left = set(self._settle(claim, lease))
        claimed = [one for position, one in enumerate(messages) if position not in left and not one.silent]
        self.told.note({one.mark: "sending" for one in claimed})
        return claimed, [messages[position] for position in sorted(left)]

    def _end_marked(self, messages: Sequence[_Message], lease: Lease) -> None:
        """Redis has restarted, and was told that these were sent, or at least begun."""
        if not messages:
            return
        now_ms, stream = self.clock.now_ms(), keys.entries(keys.OUTBOX, lease.shard)
        end = Settlement()
        for one, fate in zip(messages, self.redis.mget([one.mark for one in messages]), strict=True):
            if fate != b"sent" and self.config.messages.resend_interrupted:
                effects = [("DEL", one.mark), *_requeue(stream, one.fields, now_ms)]
            else:
                effects = _end(one, "sent" if fate == b"sent" else FORGOTTEN, now_ms)
            end.add((), [(stream, one.entry, effects)])
        self._settle(end, lease)

    def _settle(self, settlement: Settlement, lease: Lease) -> list[int]:
        stale = self.outbox.settle(lease.shard, lease.token, settlement)
        if stale is None:
            raise LostLease
        return stale

    def _read(self, entry: bytes, fields: Mapping[bytes, bytes], now_ms: int) -> _Message:
        try:
            said_ms = version_of(entry, fields) >> 16
            customer, text = json.loads(fields[b"c"])["id"], json.loads(fields[b"t"])
        except (KeyError, ValueError, TypeError):
            return _Message(entry, fields, mark(fields), UNREADABLE)
        silent = "" if wanted(fields) else may_speak(now_ms, said_ms, self.config, self.timezone)
        return _Message(entry, fields, mark(fields), silent, customer, text)

    def _send(self, message: _Message) -> Delivery:
        if self.dry_run:
            return Failed("dry run: nothing is sent", again=False)
        return self.dealdroid.send(message.customer, message.text)

    def _record(self, shard: int, deliveries: Sequence[tuple[_Message, Delivery]]) -> None:
        judged = [(one, self._judge(outcome)) for one, outcome in deliveries]
        # Before anything is asked of Redis, which may have gone: this is what remembers for it.
        self.told.note({one.mark: _fate(delivery) for one, delivery in judged})
        now_ms = self.clock.now_ms()
        commands: list[Sequence[Any]] = []
        for one, delivery in judged:
            if isinstance(delivery, Failed):
                commands.append(("DEL", one.mark))
            commands += [("HDEL", keys.sending(shard), one.entry), *self._follow(shard, one.fields, delivery, now_ms)]
            log.info("message." + type(delivery).__name__.lower(), lead=one.fields[b"e"].decode("ascii", "replace"))
        self.outbox.apply(commands)

    def _judge(self, delivery: Delivery) -> Delivery:
        """Some shops would rather repeat a message than miss one."""
        if isinstance(delivery, Unclear) and self.config.messages.resend_interrupted:
            return Failed(delivery.why, again=True)
        return delivery

    def _follow(
        self, shard: int, fields: Mapping[bytes, bytes], delivery: Delivery, now_ms: int
    ) -> list[Sequence[Any]]:
        match delivery:
            case Sent():
                return [_note(fields, "sent", now_ms), count("message_sent")]
            case Unclear(why):
                return [
                    _note(fields, f"interrupted: {why}", now_ms),
                    count("message_interrupted"),
                    *_keep(fields, now_ms),
                ]
            case Failed(why, again=False):
                kept = [] if self.dry_run else _keep(fields, now_ms)
                return [_note(fields, f"failed: {why}", now_ms), count("message_failed"), *kept]
            case Failed(why, seconds=seconds):
                tries = int(fields.get(b"n", b"0")) + 1
                wait = seconds or min(BACKOFF_SECONDS * 2 ** (tries - 1), LONGEST_BACKOFF_SECONDS)
                member = postponed({**fields, b"n": b"%d" % tries})
                return [
                    ("ZADD", keys.later(keys.OUTBOX, shard), now_ms + int(wait * 1000), member),
                    _note(fields, f"waiting: {why}", now_ms),
                    count("message_retried"),
                ]

    def _recover(self, shard: int) -> None:
        """What a dead drain left as sending: the lock is ours now, so nobody is at it any more."""
        left = self.redis.hgetall(keys.sending(shard))
        if not left:
            return
        now_ms = self.clock.now_ms()
        commands: list[Sequence[Any]] = []
        for entry, packed in left.items():
            fields = unpostponed(packed)
            commands.append(("HDEL", keys.sending(shard), entry))
            if self.config.messages.resend_interrupted:
                commands += _requeue(keys.entries(keys.OUTBOX, shard), fields, now_ms)
            else:
                commands.append(_note(fields, "interrupted: the sender was cut off", now_ms))
                commands += _keep(fields, now_ms)
                commands.append(count("message_interrupted"))
        self.outbox.apply(commands)


def _fate(delivery: Delivery) -> str:
    """What to remember of it, see `Told.note`."""
    match delivery:
        case Sent():
            return "sent"
        case Unclear():
            return "interrupted"
        case Failed():
            return TAKEN_BACK


def _again(delivery: Delivery) -> bool:
    return isinstance(delivery, Failed) and delivery.again


def _note(fields: Mapping[bytes, bytes], message: str, now_ms: int) -> Sequence[Any]:
    lead = fields.get(b"e", b"unknown").decode("ascii", "replace")
    return ("HSET", keys.receipt(lead), *pack(message=message, message_ms=now_ms))


def _requeue(stream: str, fields: Mapping[bytes, bytes], now_ms: int) -> list[Sequence[Any]]:
    return [("XADD", stream, "*", *chain(*fields.items())), _note(fields, "queued", now_ms)]


def _end(one: _Message, fate: str, now_ms: int) -> list[Sequence[Any]]:
    """What follows from the end of one that is not sent now."""
    kept = [] if fate == "sent" or one.silent == UNREADABLE else _keep(one.fields, now_ms)
    return [_note(one.fields, fate, now_ms), count("message_" + fate.partition(":")[0]), *kept]


def _keep(fields: Mapping[bytes, bytes], now_ms: int) -> Sequence[Sequence[Any]]:
    """For a person, who may retry it."""
    return keep(fields.get(b"e", b"unknown").decode("ascii", "replace"), postponed(fields), now_ms)
