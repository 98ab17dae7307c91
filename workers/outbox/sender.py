"""Sends messages to DealDroid: the outbox is drained like the inbox, with several messages in flight, one of a customer
at a time and in their order (`workers.rules.places`).

Before its request a message is removed from the stream and noted as `sending`, in one script. What a crash or an
unclear answer leaves in that state is not sent again: to the shop a repeated message is worse than a missing one
(`resend_interrupted` reverses that).
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

import structlog
from redis.exceptions import ReadOnlyError, ResponseError

from leadcore.config import Config
from leadcore.event import identity
from leadcore.events import NOBODY, Events
from leadcore.fields import CUSTOMER, LEAD, TEXT, TRIES
from leadcore.machine import Event, Executor, Machine
from leadcore.reasons import reason
from leadcore.store import keys
from leadcore.store.bell import Bell
from leadcore.store.clock import Clock
from leadcore.store.connection import AWAY, Redis, drop_connections, takes_no_writes
from leadcore.store.leads import read_pages
from leadcore.store.streams import LOCK_MS, Ended, Settlement, Stream, unpack_fields
from workers.flow.breaker import Breaker
from workers.flow.errors import LineDown, LostLease, Stopping
from workers.flow.lease import Lease, LeaseRegistry
from workers.flow.pause import Pause
from workers.hubspot.budget import Budget
from workers.outbox.dealdroid import DealDroid
from workers.outbox.last_words import LastWords
from workers.outbox.sent_log import SentLog, message_key
from workers.outbox.time_slice import WORK_SECONDS, TimeSlice
from workers.rules import delivery, places
from workers.rules.batch import StreamEntry
from workers.rules.breaker import REPEATS, UNPROVEN_IN_FLIGHT, Flight, stops_messages
from workers.rules.lead import version_of
from workers.rules.outcomes import DeliveryOutcome, MessageFailed, MessageKept, MessageSent, MessageUnclear
from workers.rules.sending import ALLOWED, Permission, is_own, permit

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


IN_FLIGHT = 16
# A command for each message that was sent would cost a good part of what sending it does.
GATHER_SECONDS = 0.2
# For how long it is tried to record what became of messages: later the lock may be another's.
RECORD_SECONDS = LOCK_MS / 1000
RECORD_AGAIN_SECONDS = 0.2
# DealDroid tells no quota: in 10 s, of all workers.
MOST_REPEATS = 100
READ_AHEAD = 128
PAGE = 1_000
BEHIND = f"waiting: {reason('behind_another')}"
UNREADABLE = Permission(reason("message_unreadable"))
REDIS_RESTARTED = f"interrupted: {reason('redis_restarted_meanwhile')}"
log = structlog.get_logger("leadsync.outbox")


@dataclass(frozen=True, slots=True)
class _Message:
    """An entry of the outbox. `key`: its `message_key`. `permission`: whether it may be sent."""

    entry: bytes
    fields: Mapping[bytes, bytes]
    key: str
    permission: Permission = ALLOWED
    customer: Any = None
    texts: Sequence[str] = ()
    said_ms: int = 0


class OutboxSender:
    """One per worker process. `dry_run`: send nothing, leave it in the outbox. `round_seconds`: how long the last round
    of parallel messages took."""

    def __init__(
        self,
        connection: Redis,
        dealdroid: DealDroid,
        config: Config,
        timezone: "ZoneInfo",
        leases: LeaseRegistry,
        stop: Event,
        sent_log: SentLog,
        budget: Budget,
        last_words: LastWords,
        machine: Machine,
        *,
        dry_run: bool = False,
        events: Events = NOBODY,
    ) -> None:
        self.events = events
        self.redis, self.dealdroid, self.config, self.timezone = connection, dealdroid, config, timezone
        self.leases, self.stop, self.sent_log, self.dry_run = leases, stop, sent_log, dry_run
        self.machine, self.last_words = machine, last_words
        self.outbox = Stream(connection, keys.OUTBOX)
        self.bell = Bell(connection)
        self.pause = Pause(connection, machine, keys.OUTBOX)
        self.clock = Clock(connection, machine)
        self.breaker = Breaker(connection, machine, stop, keys.OUTBOX, GATHER_SECONDS)
        self.round_seconds = 0.0
        # Shard and entry -> what became of the message, which Redis does not know yet.
        self._unrecorded: dict[tuple[int, bytes], tuple[_Message, DeliveryOutcome]] = {}
        self.time_slice = TimeSlice(connection, budget, self.clock, machine, config.inbox.shards)

    def drain(self, shard: int) -> None:
        """Send what waits in the shard until its time slice is over; ring again if more can go now."""
        if self._drain_shard(shard, WORK_SECONDS) and not self.stop.is_set():
            self.bell.ring(keys.OUTBOX, shard)

    def send_for(self, seconds: float) -> None:
        """Send messages for at most `seconds`, then leave the rest to their bells and to sweeps. Nothing is started if
        the last round took longer than is left: leads do not wait for a slow chat."""
        ends_at = self.machine.monotonic() + seconds
        waiting = self.outbox.unheld(self.config.inbox.shards)
        # Shuffled, because other workers do the same at the same time.
        self.machine.shuffle(waiting)
        for shard in waiting:
            left = ends_at - self.machine.monotonic() - self.round_seconds
            if left <= 0 or self.stop.is_set():
                break
            self._drain_shard(shard, left, bell=False)

    def _drain_shard(self, shard: int, seconds: float, *, bell: bool = True) -> bool:
        """Send for at most `seconds`; then delete the bell, if `bell`. True if another drain can continue at once."""
        if self.dry_run:
            return False
        with self.leases.hold(self.outbox, shard) as lease:
            if lease is None:
                return False
            can_continue = False
            try:
                self._recover_interrupted(shard, lease)
                can_continue = self._admit_and_send(shard, lease, seconds)
            except LostLease:
                log.info("outbox.given_back", shard=shard)
            except AWAY as error:
                if isinstance(error, ResponseError) and not isinstance(error, ReadOnlyError):
                    raise
                # Redis may be back, and without its last writes, before the next beat notices.
                self.sent_log.note_lost()
                raise
            finally:
                lease.close()
                left = self.outbox.release(shard, lease.token, bell=bell)
        return can_continue and left > 0

    def _admit_and_send(self, shard: int, lease: Lease, seconds: float) -> bool:
        """True if another drain can continue at once; False if only waiting helps."""
        admitted = self.pause.admit(lease)
        if admitted == "paused":
            return False
        wait_seconds = self.sent_log.seconds_to_wait(self.redis)
        if wait_seconds:
            self.pause.start(LineDown("restarted", reason("redis_restarted"), wait_seconds))
            return False
        self.dealdroid.refresh()
        if admitted == "probe":
            try:
                return self._probe(lease)
            finally:
                self.pause.end_probe(lease)
        self.time_slice.start(seconds)
        with self.machine.pool(IN_FLIGHT, "confirm") as pool:
            for rows in self._read_rounds(shard, lease):
                if not self._send_round(rows, lease, pool):
                    return False
                if self.stop.is_set() or self.time_slice.is_over(rows[0][0]):
                    return True
        return True

    def _read_rounds(self, shard: int, lease: Lease, most: int = IN_FLIGHT) -> Iterator[Sequence[StreamEntry]]:
        """Yield rows to send in parallel, until none is left, another worker pauses the outbox, or Redis has restarted.
        They are read ahead but not claimed: what is claimed when this process dies is never sent."""
        probing, pruned = most == 1, False
        while not self.sent_log.seconds_to_wait(self.redis):
            rows: Sequence[StreamEntry] = self.outbox.read(shard, READ_AHEAD)
            if not rows:
                return
            while rows:
                paused, waiting = self._read_state(shard)
                if paused and not probing:
                    return
                heads = self._read_heads(shard, rows) if waiting else {}
                size = min(most, IN_FLIGHT if self.breaker.is_proven else UNPROVEN_IN_FLIGHT)
                chosen = places.choose(rows, heads, size, self.clock.now_ms())
                if chosen.missed and not pruned:
                    pruned = True
                    self._prune_places(shard)
                    continue
                self._hold_back(chosen.hold, lease)
                if chosen.send:
                    yield chosen.send
                rows = chosen.rest

    def _read_state(self, shard: int) -> tuple[bool, bool]:
        """Whether the outbox is paused, and whether messages of the shard left the stream to wait."""
        pipe = self.redis.pipeline(transaction=False)
        pipe.exists(self.pause.key)
        pipe.zcard(keys.places(shard))
        paused, waiting = pipe.execute()
        return bool(paused), bool(waiting)

    def _read_heads(self, shard: int, rows: Sequence[StreamEntry]) -> dict[str, places.Head]:
        """The first message that waits of each of the rows' customers."""
        pipe = self.redis.pipeline(transaction=False)
        for customer in {places.customer_of(fields) for _, fields in rows}:
            pipe.zrangebylex(keys.places(shard), *places.head_range(customer), 0, 1)
        return dict(places.parse(first[0]) for first in pipe.execute() if first)

    def _prune_places(self, shard: int) -> None:
        """Remove the places of messages that are gone: an older version's worker ended them. First `later` is read,
        from which a sweep moves entries to the stream."""
        waiting = self.redis.zrange(keys.later(keys.OUTBOX, shard), 0, -1)
        live = [(b"0", unpack_fields(member)) for member in waiting]
        for rows in read_pages(self.redis, keys.entries(keys.OUTBOX, shard), PAGE):
            live += rows
        gone = places.stale(self.redis.zrange(keys.places(shard), 0, -1), live)
        if gone:
            self.redis.zrem(keys.places(shard), *gone)

    def _hold_back(self, rows: Sequence[tuple[StreamEntry, int]], lease: Lease) -> None:
        """Let messages wait behind an earlier one of their customer, until that one comes back."""
        if not rows:
            return
        now_ms, stream = self.clock.now_ms(), keys.entries(keys.OUTBOX, lease.shard)
        hold = Settlement()
        for (entry, fields), until_ms in rows:
            effects = delivery.put_off(lease.shard, entry, fields, until_ms, BEHIND, now_ms)
            hold.add((), [(stream, entry, effects)])
        self._settle(hold, lease)

    def _probe(self, lease: Lease) -> bool:
        """After a pause: send one message, and if that works, the others."""
        with self.machine.pool(1, "confirm") as pool:
            rows = next(self._read_rounds(lease.shard, lease, most=1), None)
            if rows and not self._send_round(rows, lease, pool, probing=True):
                return False
        return self.pause.clear(lease)

    def _send_round(self, rows: Sequence[StreamEntry], lease: Lease, pool: Executor, *, probing: bool = False) -> bool:
        """Claim, send, record. False if DealDroid takes nothing at the moment: the outbox is then paused, so that no
        more messages are interrupted. `probing`: one message, sent once, finds that out."""
        lease.check()
        sending, unclaimed = self._claim(rows, lease)
        started_at = self.machine.monotonic()
        send = partial(self._send, lease=lease, repeats=0 if probing else REPEATS)
        deliveries = list(pool.map(send, sending))
        self.round_seconds = self.machine.monotonic() - started_at
        self._record_deliveries(lease, list(zip(sending, deliveries, strict=True)))
        if any(isinstance(one, MessageKept) for one in deliveries):
            raise LostLease(lease.locks)
        self._settle_unclaimed(unclaimed, lease)
        tries = [int(one.fields.get(TRIES, b"0")) for one in sending]
        outcomes = [(_failed(one), tried) for one, tried in zip(deliveries, tries, strict=True)]
        if not any(failed for failed, _ in outcomes):
            return True
        busy = [one.seconds for one in deliveries if isinstance(one, MessageFailed) and one.slow_down]
        if busy:
            asked = max((one for one in busy if one is not None), default=None)
            self.pause.start(LineDown("dealdroid_busy", reason("dealdroid_busy"), asked))
            return False
        if not probing and not stops_messages(self.breaker.read(Flight(since_ms=1)), outcomes):
            return True
        self.pause.start(LineDown("dealdroid", reason("dealdroid_takes_nothing")))
        return False

    def _claim(self, rows: Sequence[StreamEntry], lease: Lease) -> tuple[list[_Message], list[_Message]]:
        """Remove the rows from the stream and note them as sending; those that may no longer be sent are closed.
        The second list is of those left in the stream: their key exists, or they are gone."""
        now_ms = self.clock.now_ms()
        messages = self._permit([_parse(entry, fields) for entry, fields in rows], now_ms, lease.shard)
        claim = Settlement()
        for one in messages:
            why, until_ms = one.permission.why, one.permission.until_ms
            if until_ms is not None:
                effects = delivery.put_off(lease.shard, one.entry, one.fields, until_ms, f"held: {why}", now_ms)
            elif why:
                effects = delivery.finish(
                    lease.shard, one.entry, one.fields, f"failed: {why}", now_ms, store=one.permission != UNREADABLE
                )
            else:
                effects = delivery.mark_sending(lease.shard, one.entry, one.fields, now_ms)
            # One whose key exists stays in the stream.
            claim.add([(one.key, b"")], [(keys.entries(keys.OUTBOX, lease.shard), one.entry, effects)])
        try:
            unclaimed = set(self._settle(claim, lease))
        except ResponseError:
            raise
        except AWAY:
            self._give_back([one for one in messages if not one.permission.why], lease)
            raise
        claimed = [one for position, one in enumerate(messages) if position not in unclaimed and not one.permission.why]
        self.sent_log.record({one.key: "sending" for one in claimed})
        return claimed, [messages[position] for position in sorted(unclaimed)]

    def _give_back(self, messages: Sequence[_Message], lease: Lease) -> None:
        """Put messages back that were perhaps claimed; none was sent. A claim that still arrives finds them gone."""

        def end(_: bool) -> Iterable[Ended]:
            now_ms = self.clock.now_ms()
            for one in messages:
                yield Ended(one.entry, delivery.requeue(lease.shard, one.entry, one.fields, now_ms), "ours")

        self._end_sending(lease, end)

    def _end_sending(self, lease: Lease, end: Callable[[bool], Iterable[Ended]]) -> None:
        """Record what became of messages. If Redis does not answer, that may have been done or not, so it is tried
        again, which `end` is told: what is still noted when the lock is another's counts as interrupted. While it takes
        no writes at all, nobody's time is lost by waiting; what it refuses for what stands in it is refused again."""
        gives_up_at = self.machine.monotonic() + RECORD_SECONDS
        for repeated in count():
            try:
                return self.outbox.end_sending(lease.shard, lease.token, end(bool(repeated)))
            except AWAY as error:
                if isinstance(error, ResponseError) and not takes_no_writes(error):
                    # The message that this is about has lost its note by now, so it is not refused again.
                    log.error("message.unrecorded", error=type(error).__name__, shard=lease.shard)
                    return self._end_each(lease, end)
                if self.machine.monotonic() >= gives_up_at:
                    raise
                if isinstance(error, ReadOnlyError):
                    # The primary is another server now.
                    drop_connections()
                self.machine.sleep(RECORD_AGAIN_SECONDS)
        raise AssertionError

    def _end_each(self, lease: Lease, end: Callable[[bool], Iterable[Ended]]) -> None:
        """Record each by itself, so that one which Redis refuses spoils no other. Raises the error if it is all."""
        ended, refused = [*end(True)], []
        for one in ended:
            try:
                self.outbox.end_sending(lease.shard, lease.token, [one])
            except ResponseError as error:
                log.error("message.unrecorded", error=type(error).__name__, entry=one.entry.decode())
                refused.append(error)
        if refused and len(refused) == len(ended):
            raise refused[0]

    def _settle_unclaimed(self, messages: Sequence[_Message], lease: Lease) -> None:
        """Settle messages whose key says that they were sent, or that sending started, before Redis restarted."""
        if not messages:
            return
        now_ms, stream = self.clock.now_ms(), keys.entries(keys.OUTBOX, lease.shard)
        end = Settlement()
        for one, known in zip(messages, self.redis.mget([one.key for one in messages]), strict=True):
            if known == b"sent":
                state = delivery.delivered(one.fields)
                effects = delivery.finish(lease.shard, one.entry, one.fields, state, now_ms, store=False)
            elif self.config.messages.resend_interrupted:
                effects = [("DEL", one.key), *delivery.requeue(lease.shard, one.entry, one.fields, now_ms)]
            else:
                store = one.permission != UNREADABLE
                effects = delivery.finish(lease.shard, one.entry, one.fields, REDIS_RESTARTED, now_ms, store=store)
            end.add((), [(stream, one.entry, effects)])
        self._settle(end, lease)

    def _settle(self, settlement: Settlement, lease: Lease) -> list[int]:
        stale = self.outbox.settle(lease.shard, lease.token, settlement)
        if stale is None:
            raise LostLease(lease.locks)
        return stale

    def _permit(self, messages: Sequence[_Message], now_ms: int, shard: int) -> list[_Message]:
        """The messages, each with whether it may be sent."""
        own = [identity(one.customer) for one in messages if is_own(one.fields) and one.permission == ALLOWED]
        own = own if self.config.messages.window_hours else []
        unwritten_ms = self.last_words.find_unwritten(shard) if own else None
        heard = self.last_words.read(own)
        decide = partial(permit, now_ms=now_ms, config=self.config, timezone=self.timezone, unwritten_ms=unwritten_ms)
        return [
            replace(one, permission=decide(one.fields, one.said_ms, heard.get(identity(one.customer))))
            if one.permission == ALLOWED
            else one
            for one in messages
        ]

    def _send(self, message: _Message, lease: Lease, repeats: int) -> DeliveryOutcome:
        """Send it, and at once again if it certainly failed. Never raises: what became of it has to be recorded."""
        try:
            # This process may have stood still since the claim.
            lease.check()
        except (LostLease, *AWAY):
            return MessageKept()
        flight = Flight(int(message.fields.get(TRIES, b"0")), since_ms=1, repeats=repeats)
        started_at = self.machine.monotonic()
        for repeated in count():
            outcome = self.dealdroid.send(message.customer, *message.texts)
            if not _failed(outcome):
                self.breaker.note_success()
                return outcome
            calls = self.breaker.note_failure(flight)
            seconds = self.machine.monotonic() - started_at
            try:
                if not (isinstance(outcome, MessageFailed) and outcome.repeat):
                    return outcome
                if not self.breaker.wait_to_repeat(calls, flight, repeated, seconds, MOST_REPEATS):
                    return outcome
                lease.check()
            except (Stopping, LostLease, *AWAY):
                return outcome
        raise AssertionError

    def _record_deliveries(self, lease: Lease, deliveries: Sequence[tuple[_Message, DeliveryOutcome]]) -> None:
        outcomes = [(one, self._allow_resend(outcome)) for one, outcome in deliveries]
        # Before any Redis command: Redis may have gone, and then only this log knows.
        self.sent_log.record({one.key: delivery.sent_log_state(outcome) for one, outcome in outcomes})
        for one, outcome in outcomes:
            log.info("message." + outcome.log_name, lead=one.fields[LEAD].decode("ascii", "replace"))

        def end(repeated: bool) -> Iterable[Ended]:
            now_ms = self.clock.now_ms()
            for one, outcome in outcomes:
                commands = self._end_one(lease.shard, one, outcome, now_ms)
                yield Ended(one.entry, commands, delivery.recorded_when(outcome, repeated=repeated))

        unrecorded = {(lease.shard, one.entry): (one, outcome) for one, outcome in outcomes}
        self._unrecorded |= unrecorded
        self._end_sending(lease, end)
        for place in unrecorded:
            del self._unrecorded[place]

    def _end_one(self, shard: int, one: _Message, outcome: DeliveryOutcome, now_ms: int) -> list[Sequence[Any]]:
        commands: list[Sequence[Any]] = []
        if delivery.sent_log_state(outcome) == delivery.NOT_DELIVERED:
            commands.append(("DEL", one.key))
        jitter = self.machine.random()
        commands += delivery.record_delivery(shard, one.entry, one.fields, outcome, now_ms, random=jitter)
        if isinstance(outcome, MessageSent) and self.events.wants("message.sent"):
            told = delivery.describe_sent(one.fields, one.customer, one.key)
            commands += self.events.effects(told, shard)
        return commands

    def _allow_resend(self, outcome: DeliveryOutcome) -> DeliveryOutcome:
        """With `resend_interrupted` an unclear delivery counts as failed, so that it is sent again."""
        if isinstance(outcome, MessageUnclear) and self.config.messages.resend_interrupted:
            return MessageFailed(outcome.why, retry=True)
        return outcome

    def _recover_interrupted(self, shard: int, lease: Lease) -> None:
        """Recover what a drain left as sending: while we hold the lock, nobody is sending it. What became of it is
        known if this process sent it, and Redis was away for too long to record it, or if Redis forgot that it was
        sent, and its sender has told it again."""
        left = self.redis.hgetall(keys.sending(keys.OUTBOX, shard))
        own = [place for place in self._unrecorded if place[0] == shard]
        known = [self._unrecorded[place] for place in own if left.pop(place[1], None) is not None]
        if left and self.sent_log.seconds_to_wait(self.redis):
            # Who sent it may still have to say so.
            left = {}
        if left:
            found = [_parse(entry, unpack_fields(packed)) for entry, packed in left.items()]
            states = self.redis.mget([one.key for one in found])
            known += [(one, MessageSent()) for one, state in zip(found, states, strict=True) if state == b"sent"]
        if known or left:
            now_ms, commands = self.clock.now_ms(), list[Sequence[Any]]()
            for one, outcome in known:
                left.pop(one.entry, None)
                commands.append(("HDEL", keys.sending(keys.OUTBOX, shard), one.entry))
                commands += self._end_one(shard, one, outcome, now_ms)
            resend = self.config.messages.resend_interrupted
            commands += delivery.recover_interrupted(shard, left, now_ms, resend=resend)
            if not self.outbox.apply_fenced(lease.locks, lease.token, commands):
                raise LostLease(lease.locks)
        for place in own:
            del self._unrecorded[place]


def _parse(entry: bytes, fields: Mapping[bytes, bytes]) -> _Message:
    try:
        said_ms = version_of(entry, fields) >> 16
        customer, said = json.loads(fields[CUSTOMER])["id"], json.loads(fields[TEXT])
    except (KeyError, ValueError, TypeError):
        return _Message(entry, fields, message_key(fields), UNREADABLE)
    texts = said if isinstance(said, list) else [said]
    return _Message(entry, fields, message_key(fields), ALLOWED, customer, texts, said_ms)


def _failed(outcome: DeliveryOutcome) -> bool:
    """Whether DealDroid failed, rather than refused the message."""
    return isinstance(outcome, MessageUnclear) or (isinstance(outcome, MessageFailed) and outcome.retry)
