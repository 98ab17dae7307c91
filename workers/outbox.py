"""Confirmations on their way to DealDroid: drained like the inbox, several in flight.

A message is taken out of the stream and noted as `sending`, in one script, before its request; what a crash or an
unclear answer leaves in that state is not sent again, because a repeated message embarrasses the shop more than a
missing one (`resend_interrupted` turns that round).
"""

import json
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
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
from workers.dealdroid import DealDroid, Delivery, Failed, Sent, Unclear
from workers.hubspot.outcomes import LineDown
from workers.lead import version_of
from workers.lease import Lease, Leases, LostLease
from workers.messages import may_speak
from workers.pause import Pause
from workers.told import Told, mark

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


IN_FLIGHT = 16
WORK_SECONDS = 10.0
TURN_SECONDS = 1.0
BACKOFF_SECONDS = 2.0
LONGEST_BACKOFF_SECONDS = 300.0
UNREADABLE = "this program cannot read the message"
FORGOTTEN = b"interrupted: Redis restarted while it was sent"
log = structlog.get_logger("leadsync.outbox")

Row = tuple[bytes, Mapping[bytes, bytes]]


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
        *,
        dry_run: bool = False,
    ) -> None:
        self.redis, self.dealdroid, self.config, self.timezone = connection, dealdroid, config, timezone
        self.leases, self.stop, self.told, self.dry_run = leases, stop, told, dry_run
        self.outbox = Inbox(connection, keys.OUTBOX)
        self.bell = Bell(connection)
        self.pause = Pause(connection, keys.OUTBOX)

    def drain(self, shard: int) -> None:
        """Send what is there, for at most `WORK_SECONDS`."""
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
                return self._probe(shard, lease)
            finally:
                self.pause.unprobe(lease)
        ends = time.monotonic() + WORK_SECONDS
        with ThreadPoolExecutor(IN_FLIGHT, "confirm") as pool:
            while not self.stop.is_set() and time.monotonic() < ends:
                rows = self.outbox.take(shard, IN_FLIGHT)
                if not rows:
                    return True
                if not self._send_some(rows, shard, lease, pool):
                    return False
                if time.monotonic() > ends - WORK_SECONDS + TURN_SECONDS and self.bell.waits():
                    # Leads come first: a message may be late, and a worker has one job at a time.
                    return True
        return True

    def _probe(self, shard: int, lease: Lease) -> bool:
        """After a pause: one message, and if it goes through, the others."""
        with ThreadPoolExecutor(1, "confirm") as pool:
            rows = self.outbox.take(shard, 1)
            if rows and not self._send_some(rows, shard, lease, pool):
                return False
        self.pause.end()
        return True

    def _send_some(self, rows: Sequence[Row], shard: int, lease: Lease, pool: ThreadPoolExecutor) -> bool:
        """Claim, send, record. False if DealDroid takes nothing at the moment: then the outbox pauses, so that no more
        messages are cut off."""
        lease.check()
        sending = self._claim(rows, shard, lease)
        deliveries = list(pool.map(self._send, sending))
        self._record(shard, list(zip(sending, deliveries, strict=True)))
        if not deliveries or not all(isinstance(one, Unclear) or _again(one) for one in deliveries):
            return True
        self.pause.begin(LineDown("dealdroid", "DealDroid takes no messages at the moment."))
        return False

    def _claim(self, rows: Sequence[Row], shard: int, lease: Lease) -> list[Row]:
        """Take the rows out of the stream and note them as sending; those that may no longer be sent just end."""
        seconds, micros = self.redis.time()
        now_ms = seconds * 1000 + micros // 1000
        stream, sending = keys.entries(keys.OUTBOX, shard), []
        claim = Settlement()
        told = self.redis.mget([mark(fields) for _, fields in rows])
        for (entry, fields), before in zip(rows, told, strict=True):
            silent = self._silent(entry, fields, now_ms)
            if before or silent:
                fate = (b"sent" if before == b"sent" else FORGOTTEN) if before else f"failed: {silent}".encode()
                word = fate.partition(b":")[0].decode()
                effects: list[Sequence[Any]] = [_note(fields, fate, now_ms), count(f"message_{word}")]
                if fate != b"sent" and silent != UNREADABLE:
                    effects += _keep(fields, now_ms)
            else:
                sending.append((entry, fields))
                effects = [("HSET", keys.sending(shard), entry, postponed(fields)), _note(fields, "sending", now_ms)]
            claim.add((), [(stream, entry, effects)])
        if self.outbox.settle(shard, lease.token, claim) is None:
            raise LostLease
        for _, fields in sending:
            self.told.note(fields, "sending")
        return sending

    def _silent(self, entry: bytes, fields: Mapping[bytes, bytes], now_ms: int) -> str:
        """Why this one may not be sent, "" if it may."""
        try:
            said_ms = version_of(entry, fields) >> 16
            json.loads(fields[b"c"])["id"], json.loads(fields[b"t"])
        except (KeyError, ValueError, TypeError):
            return UNREADABLE
        if wanted(fields):
            return ""
        return may_speak(now_ms, said_ms, self.config, self.timezone)

    def _send(self, row: Row) -> Delivery:
        _, fields = row
        if self.dry_run:
            return Failed("dry run: nothing is sent", again=False)
        return self.dealdroid.send(json.loads(fields[b"c"])["id"], json.loads(fields[b"t"]))

    def _record(self, shard: int, deliveries: Sequence[tuple[Row, Delivery]]) -> None:
        seconds, micros = self.redis.time()
        now_ms = seconds * 1000 + micros // 1000
        commands: list[Sequence[Any]] = []
        for (entry, fields), outcome in deliveries:
            delivery = self._judge(outcome)
            self._remember(fields, delivery)
            commands += [("HDEL", keys.sending(shard), entry), *self._follow(shard, fields, delivery, now_ms)]
            log.info("message." + type(delivery).__name__.lower(), lead=fields[b"e"].decode("ascii", "replace"))
        self.outbox.apply(commands)

    def _judge(self, delivery: Delivery) -> Delivery:
        """Some shops would rather repeat a message than miss one."""
        if isinstance(delivery, Unclear) and self.config.messages.resend_interrupted:
            return Failed(delivery.why, again=True)
        return delivery

    def _remember(self, fields: Mapping[bytes, bytes], delivery: Delivery) -> None:
        match delivery:
            case Sent():
                self.told.note(fields, "sent")
            case Unclear():
                self.told.note(fields, "interrupted")
            case Failed():
                self.told.take_back(self.redis, fields)

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
        seconds, micros = self.redis.time()
        now_ms = seconds * 1000 + micros // 1000
        commands: list[Sequence[Any]] = []
        for entry, packed in left.items():
            fields = unpostponed(packed)
            commands.append(("HDEL", keys.sending(shard), entry))
            if self.config.messages.resend_interrupted:
                commands.append(("XADD", keys.entries(keys.OUTBOX, shard), "*", *chain(*fields.items())))
                commands.append(_note(fields, "queued", now_ms))
            else:
                commands.append(_note(fields, "interrupted: the sender was cut off", now_ms))
                commands += _keep(fields, now_ms)
                commands.append(count("message_interrupted"))
        self.outbox.apply(commands)


def _again(delivery: Delivery) -> bool:
    return isinstance(delivery, Failed) and delivery.again


def _note(fields: Mapping[bytes, bytes], message: str | bytes, now_ms: int) -> Sequence[Any]:
    lead = fields.get(b"e", b"unknown").decode("ascii", "replace")
    return ("HSET", keys.receipt(lead), *pack(message=message, message_ms=now_ms))


def _keep(fields: Mapping[bytes, bytes], now_ms: int) -> Sequence[Sequence[Any]]:
    """For a person, who may retry it."""
    return keep(fields.get(b"e", b"unknown").decode("ascii", "replace"), postponed(fields), now_ms)
