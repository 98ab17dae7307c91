"""Confirmations on their way to DealDroid: drained like the inbox, several in flight.

A message is taken out of the stream and noted as `sending`, in one script, before its request; what a crash or an
unclear answer leaves in that state is not sent again, because a repeated message embarrasses the shop more than a
missing one (`resend_interrupted` turns that round).
"""

import json
import random
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from leadcore.config import Config
from leadcore.fields import CUSTOMER, LEAD, TEXT
from leadcore.store import keys
from leadcore.store.bell import Bell
from leadcore.store.clock import Clock
from leadcore.store.connection import Redis
from leadcore.store.streams import Settlement, Stream
from leadcore.store.unsent import asked_by_person
from workers.flow.errors import LineDown, LostLease
from workers.flow.lease import Lease, Leases
from workers.flow.pause import Pause
from workers.hubspot.budget import Budget
from workers.outbox.dealdroid import DealDroid
from workers.outbox.sent_log import SentLog, message_key
from workers.outbox.time_slice import WORK_SECONDS, TimeSlice
from workers.rules import delivery
from workers.rules.lead import version_of
from workers.rules.outcomes import Delivery, Failed, Unclear
from workers.rules.texts import may_speak

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


IN_FLIGHT = 16
READ_AHEAD = 128
UNREADABLE = "this program cannot read the message"
FORGOTTEN = "interrupted: Redis restarted while it was sent"
log = structlog.get_logger("leadsync.outbox")

Row = tuple[bytes, Mapping[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class _Message:
    """An entry of the outbox. `mark`: see `workers.outbox.sent_log`; `silent`: why it may not be sent, "" if it may."""

    entry: bytes
    fields: Mapping[bytes, bytes]
    mark: str
    silent: str
    customer: Any = None
    text: str = ""


class Outbox:
    """One worker's way from the outbox to DealDroid. `dry_run`: note what would have been sent, send nothing.
    `round_seconds`: how long the last messages took that were sent side by side."""

    def __init__(
        self,
        connection: Redis,
        dealdroid: DealDroid,
        config: Config,
        timezone: "ZoneInfo",
        leases: Leases,
        stop: threading.Event,
        told: SentLog,
        budget: Budget,
        *,
        dry_run: bool = False,
    ) -> None:
        self.redis, self.dealdroid, self.config, self.timezone = connection, dealdroid, config, timezone
        self.leases, self.stop, self.sent_log, self.dry_run = leases, stop, told, dry_run
        self.outbox = Stream(connection, keys.OUTBOX)
        self.bell = Bell(connection)
        self.pause = Pause(connection, keys.OUTBOX)
        self.clock = Clock(connection)
        self.round_seconds = 0.0
        self.time_slice = TimeSlice(connection, budget, self.clock, config.inbox.shards)

    def drain(self, shard: int) -> None:
        """Send what is there, until the turn is over."""
        if self._drain(shard, WORK_SECONDS) and not self.stop.is_set():
            self.bell.ring(keys.OUTBOX, shard)

    def send_for(self, seconds: float) -> None:
        """Send what is there for at most `seconds`, then leave it to its bells and to the sweeps. Nothing is begun if
        sending took longer the last time: leads do not wait for a slow chat."""
        ends = time.monotonic() + seconds
        waiting = self.outbox.unheld(self.config.inbox.shards)
        # Other workers look too.
        random.shuffle(waiting)
        for shard in waiting:
            left = ends - time.monotonic() - self.round_seconds
            if left <= 0 or self.stop.is_set():
                break
            self._drain(shard, left, bell=False)

    def _drain(self, shard: int, seconds: float, *, bell: bool = True) -> bool:
        """Send for a turn of at most `seconds`, then drop the bell unless told not to; True if there is more that may
        be taken up at once."""
        with self.leases.hold(self.outbox, shard) as lease:
            if lease is None:
                return False
            more = False
            try:
                self._recover(shard)
                more = self._work(shard, lease, seconds)
            except LostLease:
                log.info("outbox.given_back", shard=shard)
            finally:
                lease.end()
                left = self.outbox.release(shard, lease.token, bell=bell)
        return more and left > 0

    def _work(self, shard: int, lease: Lease, seconds: float) -> bool:
        """True if what is left may be taken up at once; False where only time can help."""
        admitted = self.pause.admit(lease)
        if admitted == "paused":
            return False
        young = self.sent_log.wait(self.redis)
        if young:
            self.pause.begin(LineDown("restarted", "Redis has restarted; messages wait until it knows all.", young))
            return False
        self.dealdroid.refresh()
        if admitted == "probe":
            try:
                return self._probe(lease)
            finally:
                self.pause.unprobe(lease)
        self.time_slice.begin(seconds)
        with ThreadPoolExecutor(IN_FLIGHT, "confirm") as pool:
            for rows in self._rounds(shard):
                if not self._send_some(rows, lease, pool):
                    return False
                if self.stop.is_set() or self.time_slice.is_over(rows[0][0]):
                    return True
        return True

    def _rounds(self, shard: int) -> Iterator[Sequence[Row]]:
        """Rows to be sent at once, until none is left or Redis has restarted. They are read ahead, but not claimed:
        what is claimed when this process dies is never sent."""
        while not self.sent_log.wait(self.redis) and (rows := self.outbox.read(shard, READ_AHEAD)):
            for first in range(0, len(rows), IN_FLIGHT):
                yield rows[first : first + IN_FLIGHT]

    def _probe(self, lease: Lease) -> bool:
        """After a pause: one message, and if it goes through, the others."""
        with ThreadPoolExecutor(1, "confirm") as pool:
            rows = self.outbox.read(lease.shard, 1)
            if rows and not self._send_some(rows, lease, pool):
                return False
        self.pause.end()
        return True

    def _send_some(self, rows: Sequence[Row], lease: Lease, pool: ThreadPoolExecutor) -> bool:
        """Claim, send, record. False if DealDroid takes nothing at the moment: then the outbox pauses, so that no more
        messages are cut off."""
        lease.check()
        sending, left = self._claim(rows, lease)
        began = time.monotonic()
        deliveries = list(pool.map(self._send, sending))
        self.round_seconds = time.monotonic() - began
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
                effects = delivery.end(one.fields, f"failed: {one.silent}", now_ms, keep=one.silent != UNREADABLE)
            else:
                effects = delivery.claim(lease.shard, one.entry, one.fields, now_ms)
            # One with a mark stays where it is.
            claim.add([(one.mark, b"")], [(keys.entries(keys.OUTBOX, lease.shard), one.entry, effects)])
        left = set(self._settle(claim, lease))
        claimed = [one for position, one in enumerate(messages) if position not in left and not one.silent]
        self.sent_log.note({one.mark: "sending" for one in claimed})
        return claimed, [messages[position] for position in sorted(left)]

    def _end_marked(self, messages: Sequence[_Message], lease: Lease) -> None:
        """Redis has restarted, and was told that these were sent, or at least begun."""
        if not messages:
            return
        now_ms, stream = self.clock.now_ms(), keys.entries(keys.OUTBOX, lease.shard)
        end = Settlement()
        for one, fate in zip(messages, self.redis.mget([one.mark for one in messages]), strict=True):
            if fate == b"sent":
                effects = delivery.end(one.fields, "sent", now_ms, keep=False)
            elif self.config.messages.resend_interrupted:
                effects = [("DEL", one.mark), *delivery.requeue(lease.shard, one.fields, now_ms)]
            else:
                effects = delivery.end(one.fields, FORGOTTEN, now_ms, keep=one.silent != UNREADABLE)
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
            customer, text = json.loads(fields[CUSTOMER])["id"], json.loads(fields[TEXT])
        except (KeyError, ValueError, TypeError):
            return _Message(entry, fields, message_key(fields), UNREADABLE)
        silent = "" if asked_by_person(fields) else may_speak(now_ms, said_ms, self.config, self.timezone)
        return _Message(entry, fields, message_key(fields), silent, customer, text)

    def _send(self, message: _Message) -> Delivery:
        if self.dry_run:
            return Failed("dry run: nothing is sent", again=False)
        return self.dealdroid.send(message.customer, message.text)

    def _record(self, shard: int, deliveries: Sequence[tuple[_Message, Delivery]]) -> None:
        judged = [(one, self._judge(outcome)) for one, outcome in deliveries]
        # Before anything is asked of Redis, which may have gone: this is what remembers for it.
        self.sent_log.note({one.mark: delivery.fate(outcome) for one, outcome in judged})
        now_ms = self.clock.now_ms()
        commands: list[Sequence[Any]] = []
        for one, outcome in judged:
            if isinstance(outcome, Failed):
                commands.append(("DEL", one.mark))
            commands.append(("HDEL", keys.sending(shard), one.entry))
            commands += delivery.follow(shard, one.fields, outcome, now_ms, dry_run=self.dry_run)
            log.info("message." + type(outcome).__name__.lower(), lead=one.fields[LEAD].decode("ascii", "replace"))
        self.outbox.apply(commands)

    def _judge(self, outcome: Delivery) -> Delivery:
        """Some shops would rather repeat a message than miss one."""
        if isinstance(outcome, Unclear) and self.config.messages.resend_interrupted:
            return Failed(outcome.why, again=True)
        return outcome

    def _recover(self, shard: int) -> None:
        """What a dead drain left as sending: the lock is ours now, so nobody is at it any more."""
        left = self.redis.hgetall(keys.sending(shard))
        if left:
            resend = self.config.messages.resend_interrupted
            self.outbox.apply(delivery.recover(shard, left, self.clock.now_ms(), resend=resend))


def _again(outcome: Delivery) -> bool:
    return isinstance(outcome, Failed) and outcome.again
