"""Feeds accepted events into the inbox, and into the spool while Redis is away.

DealDroid does not send an event again, so an event is acknowledged only once Redis or the disk has it. After a failure
Redis is not asked for a moment, so that a Redis that hangs does not make every customer wait for the timeout; but what
the disk refuses is put into it all the same.
"""

from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from math import inf
from typing import TYPE_CHECKING, NamedTuple

import redis
import structlog

from leadcore import event, trial_lead
from leadcore.errors import WrongKey
from leadcore.event import Head
from leadcore.events import Event, Events
from leadcore.fields import BODY, LEAD
from leadcore.journal import Journal
from leadcore.machine import Machine
from leadcore.reasons import reason
from leadcore.receipts import PARKED, pack
from leadcore.store import keys, scripts, trial_leads
from leadcore.store.bell import Bell
from leadcore.store.condition import describe_condition
from leadcore.store.connection import AWAY, Redis, drop_connections, read_dataset, read_info
from leadcore.store.counters import Tally
from leadcore.store.epoch import mark_emptied, read_epoch
from leadcore.store.outage import Outage
from leadcore.store.posts import PostTally
from leadcore.store.streams import Put, Stream, pack_fields
from leadcore.text import clean
from receiver.intake.carts import make_carts
from receiver.intake.errors import NotStored, SpoolError
from receiver.intake.group_commit import BatchedScript
from receiver.intake.posted import read_posted
from receiver.intake.recent_events import RecentEvents
from receiver.intake.spool import Spool

if TYPE_CHECKING:
    from leadcore.settings import Settings

PAUSE_SECONDS = 1.0
MAINTAIN_SECONDS = 1.0
STOP_SECONDS = 5.0
# How often the disk is written to, to find out whether it could store leads.
DISK_SECONDS = 10.0
FLUSH_ROWS = 100
# Of a new epoch: a put that was on its way to the server before is noted by the second.
REPLAYS = 2
MEANWHILE = "tried again every second. Check REDIS_URL and that Redis runs; leadsync doctor says more."
FULL_MEANWHILE = "new leads go to the disk. Give Redis more memory; leadsync doctor says more."
log = structlog.get_logger("leadsync.receiver")


class Stored(NamedTuple):
    """The id of an event's lead, "" while the digest key is not known, and whether it is known to have come already."""

    lead: str
    is_duplicate: bool = False


class Feeder:
    """One per web process. `feed` and `park` may be called from many threads."""

    def __init__(self, connection: Redis, spool: Spool, settings: "Settings", machine: Machine) -> None:
        self.machine = machine
        self.put_script = BatchedScript(connection, scripts.PUT, machine)
        self.inbox = Stream(connection, put=self.put_script)
        self.bell = Bell(connection)
        self.spool = spool
        self.config = settings.config.inbox
        # Only workers know the addresses: the script that parks looks whether there are any.
        self.told = (
            {}
            if settings.dry_run
            else {
                keys.HOOKS: Events(settings.config, hooks=True),
                keys.NOTICES: Events(settings.config, notices=True),
            }
        )
        self.find_cart = make_carts(settings.config, settings.key.encode())
        self.fixed_key = bool(settings.key)
        self.key = settings.key.encode() or machine.token(32).encode()
        self.key_known = self.fixed_key
        self.logs_accepted = settings.log_level == "DEBUG"
        # Redis' clock minus this machine's uptime, in ms, once it is known.
        self._offset_ms: int | None = None
        self.away_until = 0.0
        self.outage = Outage(settings.redis_address, MEANWHILE, machine)
        self.recent = RecentEvents(Journal("web"), machine)
        self._others: list[tuple[RecentEvents, Callable[[bytes], None]]] = []
        self.tally = Tally()
        self.posts = PostTally(settings.timezone)
        self.epoch = ""
        self.replays = 0
        self.remembered = self.disk_trouble = ""
        self.foreign_counts, self.next_ownership_check = 0, 0.0
        self.needs_replay = self.full = self.full_noted = False
        # Rows of the spool that Redis has, in this dataset, and that a full disk does not delete: they are in nobody's
        # way.
        self.flushed, self.flushed_into = set[int](), ""
        # A dedicated connection: a pool reconnects silently, and we must notice.
        self._monitor: Redis = None
        self._wake = machine.event()
        self._stop = machine.event()
        self._thread = machine.thread(self._maintain_until_stopped, "spool")

    def replay_also(self, kind: str, put_again: "Callable[[bytes], None]") -> "Callable[[bytes], None]":
        """Replay what is acknowledged beside events, too, by `put_again`, which may be called with what Redis still
        has, and raises redis-py's errors alone. Returns what to call with each that Redis took. Before `start`."""
        recent = RecentEvents(Journal(kind), self.machine)
        self._others.append((recent, put_again))
        return lambda raw: recent.add(raw, 0)

    def _recents(self) -> list[RecentEvents]:
        return [self.recent, *(recent for recent, _ in self._others)]

    def start(self) -> None:
        """Start the background thread that flushes the spool whenever Redis is there."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the background thread, replay what Redis has lost and flush the spool once more; what Redis cannot take
        stays for the next start."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)
        try:
            if not self._thread.is_alive():
                self._look_again()
            self.flush(last=True)
            self._flush_counts()
        except (SpoolError, *AWAY) as error:
            log.warning("spool.left", **self._explain(error))
        else:
            if not self.replays:
                for recent in self._recents():
                    recent.close()
        with suppress(SpoolError):
            self.spool.close()

    def _look_again(self) -> None:
        """Redis may have come back since the thread looked, without what it took last: the connection from before tells
        that by failing, and is made anew."""
        try:
            self.maintain()
        except AWAY:
            self.maintain()

    def note_post(self, *, authenticated: bool) -> None:
        """A post came, with a right secret or refused for a wrong one."""
        note = self.posts.note_authenticated if authenticated else self.posts.count_refused
        note(self.now_ms())

    def now_ms(self) -> int:
        """Milliseconds since 1970 by Redis' clock, also while it is away and this machine's is set; before Redis has
        answered by this machine's."""
        if self._offset_ms is None:
            return int(self.machine.time() * 1000)
        return int(self.machine.uptime() * 1000) + self._offset_ms

    def _note_time(self, now_ms: int) -> None:
        self._offset_ms = now_ms - int(self.machine.uptime() * 1000)

    def feed(self, head: Head) -> Stored:
        """Store one event whose required fields are usable. Raises `NotStored`."""
        return self._store(head, self._put)

    def park(self, head: Head) -> None:
        """Store an event that lacks a required field, for a person to see; raises `NotStored`."""
        self._store(head, self._park)

    def _store(self, head: Head, put: "Callable[[Head, int | None], Stored]") -> Stored:
        asks_redis = not self.full and self.machine.monotonic() >= self.away_until
        if asks_redis:
            try:
                return put(head, None)
            except AWAY as error:
                self._note_redis_failure(error)
        try:
            self.spool.put(head.body, self.now_ms())
        except SpoolError as error:
            if not asks_redis:
                # A lead is worth more than room for workers, and than a pause.
                with suppress(*AWAY):
                    return put(head, None)
            log.error("spool.refused", **self.spool.explain(error))
            raise NotStored(str(error)) from None
        self.tally.add("disk")
        lead = keys.digest(self.key, head.body) if self.key_known else ""
        log.info("lead.spooled", lead=lead)
        self._wake.set()
        return Stored(lead)

    def _note_redis_failure(self, error: Exception) -> None:
        self.away_until = max(self.away_until, self.machine.monotonic() + PAUSE_SECONDS)
        self.needs_replay = True
        if isinstance(error, redis.ReadOnlyError):
            self._drop_connections()
        self.outage.note(error)

    def _drop_connections(self) -> None:
        self.put_script.drop()
        drop_connections()

    def _put(self, head: Head, version_ms: int | None) -> Stored:
        shard = keys.shard_of(head.customer_id, self.config.shards)
        receipt = pack(customer_id=head.customer_id, intent=head.intent)
        lead = ""

        def store(key: bytes) -> Put:
            nonlocal lead
            lead = keys.digest(self.key, head.body)
            return self.inbox.put(
                shard,
                lead,
                head.body,
                receipt,
                key=key,
                version_ms=version_ms,
                # An event that has just arrived is newer than any erasure of its customer.
                tombstone=keys.NONE if version_ms is None else self._tombstone(head),
                keep_seconds=self.config.receipts_days * 86_400,
                cart=self.find_cart(head, lead) if self.find_cart else None,
            )

        put = self._with_key(store)
        if version_ms is None:
            self._note_time(put.now_ms)
        if put.outcome in ("put", "rang"):
            self.recent.add(head.body, put.now_ms if version_ms is None else version_ms)
            if head.customer_id == trial_lead.CUSTOMER:
                self.inbox.apply(trial_leads.list_commands(lead, put.now_ms, self.config.receipts_days * 86_400))
        self._log_put(put, lead, version_ms)
        if put.outcome == "rang":
            self._ring(shard)
        return Stored(lead, put.outcome == "duplicate")

    def _log_put(self, put: Put, lead: str, version_ms: int | None) -> None:
        if put.outcome in ("put", "rang"):
            if self.logs_accepted:
                log.debug("lead.accepted", lead=lead)
        elif put.outcome == "duplicate" and version_ms is None:
            log.info("lead.duplicate", lead=lead)

    def _park(self, head: Head, version_ms: int | None) -> Stored:
        lead, shard = "", keys.shard_of(head.customer_id, self.config.shards)
        receipt = pack(
            customer_id=clean(head.customer_id),
            intent=head.intent,
            state=PARKED,
            reason=f"unusable: {reason('fields_unusable', fields=', '.join(head.missing))}",
        )

        def park(key: bytes) -> Put:
            nonlocal lead
            lead = keys.digest(self.key, head.body)
            packed = pack_fields({LEAD: lead.encode(), BODY: head.body})
            tombstone = self._tombstone(head)
            about = _describe_parked(head, lead)
            told = {line: events.effects(about, shard) for line, events in self.told.items()}
            return self.inbox.park(
                lead, packed, receipt, key=key, version_ms=version_ms, tombstone=tombstone, told=told
            )

        put = self._with_key(park)
        if put.outcome == "put":
            log.warning("lead.parked", lead=lead, code="unusable")
            self.recent.add(head.body, put.now_ms if version_ms is None else version_ms)
        return Stored(lead, put.outcome == "duplicate")

    def _tombstone(self, head: Head) -> str:
        """The name of the customer's tombstone, under the key in use."""
        return keys.forgotten(keys.digest(self.key, head.customer_id))

    def _with_key(self, put: "Callable[[bytes], Put]") -> Put:
        """Call `put`; call it again with Redis' digest key if ours was another one."""
        for _ in range(3):
            try:
                done = put(b"" if self.fixed_key else self.key)
            except WrongKey as wrong:
                self.key = wrong.key
            else:
                self.key_known = True
                return done
        raise redis.RedisError("the digest key in Redis keeps changing")

    def _ring(self, shard: int) -> None:
        try:
            self.bell.ring(keys.INBOX, shard)
        except AWAY as error:
            # The event is in the inbox; a worker's sweep finds it within seconds.
            log.warning("bell.lost", shard=shard, error=type(error).__name__)

    def _maintain_until_stopped(self) -> None:
        warned = False
        while not self._stop.is_set():
            # What customers said does not stay.
            read_posted.cache_clear()
            try:
                self._watch_disk()
                self.maintain()
                warned = False
                self.outage.end()
            except Exception as error:  # leads on the disk depend on this thread, so it survives every fault
                if isinstance(error, AWAY) and not isinstance(error, SpoolError):
                    self._note_away(error)
                else:
                    # It does not come to say so itself.
                    self.away_until = 0.0
                    if not warned:
                        log.warning("spool.waits", **self._explain(error))
                    warned = True
            self._wake.wait(MAINTAIN_SECONDS)
            self._wake.clear()

    def _note_away(self, error: Exception) -> None:
        if not isinstance(error, redis.ResponseError):
            # A name is looked up without a timeout of ours: no customer waits for it, but this thread.
            self.away_until = inf
        elif self.away_until == inf:
            # It answers.
            self.away_until = 0.0
        self.outage.note(error)

    def _watch_disk(self) -> None:
        trouble = self.spool.trouble(DISK_SECONDS)
        if trouble and trouble != self.disk_trouble:
            log.error("spool.unusable", **self.spool.explain(trouble))
        elif self.disk_trouble and not trouble:
            log.info("spool.usable")
        self.disk_trouble = trouble

    def _explain(self, error: Exception) -> dict[str, str]:
        """For a log line. The text of Redis' errors may quote what a customer said."""
        name = {"error": type(error).__name__}
        return name | self.spool.explain(error) if isinstance(error, SpoolError) else name

    def maintain(self) -> None:
        """Check Redis: replay recent events to one that may have lost them, see whether it is nearly full, flush the
        spool. Raises `SpoolError` and redis-py's errors."""
        try:
            self._maintain()
        except redis.ReadOnlyError:
            self.needs_replay = True
            self._drop_connections()
            raise

    def _maintain(self) -> None:
        try:
            epoch, self.full = self._check_redis()
            self._note_epoch(epoch)
            if self.replays:
                # Before the first event comes back, of which a new worker could not know that it was confirmed.
                self.inbox.apply([mark_emptied()])
            with suppress(redis.OutOfMemoryError):  # a full Redis that was emptied cannot store its dataset's id yet
                dataset = read_dataset(self.inbox.redis)
                for recent in self._recents():
                    recent.use_dataset(dataset)
                self._note_dataset(dataset)
        except AWAY:
            self.needs_replay = True
            raise
        # Stays set until the replay succeeds: events are inherited only once.
        for recent in self._recents():
            self.needs_replay |= recent.inherit()
        if self.needs_replay or self.replays:
            self.replay()
            self.replays = max(0, self.replays - 1)
        else:
            for recent in self._recents():
                recent.drop_old()
        self.needs_replay = False
        if self.away_until == inf:
            self.away_until = 0.0
        self._flush_counts()
        self._note_room(has_room=not self.full and self.flush() and not self.full)

    def _note_room(self, *, has_room: bool) -> None:
        """Log once that new leads go to the disk although Redis answers, and once that none is left there."""
        if self.full and not self.full_noted:
            log.warning("redis.full", meanwhile=FULL_MEANWHILE)
        elif self.full_noted and has_room:
            log.warning("redis.has_room")
        self.full_noted = self.full or (self.full_noted and not has_room)

    def _note_epoch(self, epoch: str) -> None:
        """Leave the server of the epoch before: what a put that is on its way still tells it has to be replayed too."""
        if epoch != (self.epoch or epoch):
            self.needs_replay = True
            self.replays = REPLAYS
            self._drop_connections()
        self.epoch = epoch

    def _flush_counts(self) -> None:
        self.tally.flush(self.inbox)
        self.posts.flush(self.inbox)

    def _note_dataset(self, dataset: str) -> None:
        self.spool.use_dataset(dataset)
        if dataset == self.remembered and self.machine.monotonic() < self.next_ownership_check:
            return
        self.next_ownership_check = self.machine.monotonic() + DISK_SECONDS
        with suppress(SpoolError):  # `_watch_disk` says what is wrong
            self.spool.remember_dataset()
            self.remembered = dataset
            self._count_foreign()

    def _count_foreign(self) -> None:
        """Log once that leads of others are left alone. Those of a process beside this one look like that for a moment
        after Redis was emptied, so it takes two counts."""
        leads = self.spool.count_foreign()
        self.foreign_counts = self.foreign_counts + 1 if leads else 0
        if self.foreign_counts == 2:
            log.warning("spool.foreign", leads=leads, advice="leadsync spool list says whose they are.")

    def _check_redis(self) -> tuple[str, bool]:
        """Redis' epoch, and whether it is so full that workers need the room to drain what waits. Where INFO is
        forbidden: "" and False; then only a lost connection shows that Redis may have restarted."""
        self._monitor = self._monitor or self.inbox.redis.client()
        epoch, memory = read_epoch(self._monitor), read_info(self._monitor, "memory")
        pipe = self.inbox.redis.pipeline(transaction=False)
        pipe.time()
        for shard in range(self.config.shards):
            pipe.xlen(keys.entries(keys.INBOX, shard))
        (seconds, micros), *waiting = pipe.execute()
        self._note_time(seconds * 1000 + micros // 1000)
        return epoch, describe_condition(memory).is_full(sum(waiting))

    def replay(self) -> None:
        """Put the last seconds' events again, and what the disk still has; those that Redis has are duplicates."""
        self.flushed.clear()
        for raw, version_ms in self.recent.events():
            self._put_again(raw, version_ms)
        for recent, put_again in self._others:
            for raw, _ in recent.events():
                put_again(raw)

    def _put_again(self, raw: bytes, version_ms: int) -> Stored:
        head = event.read_head(raw)
        put = self._park if head.missing else self._put
        return put(head, version_ms)

    def flush(self, *, last: bool = False) -> bool:
        """Put this deployment's spooled leads into the inbox, oldest first; False if some are left. `last`: also into
        the room that a nearly full Redis keeps for workers, as the disk may end with this process. Raises redis-py's
        errors."""
        dataset = read_dataset(self.inbox.redis)
        self.spool.use_dataset(dataset)
        if dataset != self.flushed_into:
            self.flushed.clear()
            self.flushed_into = dataset
        if not self.spool.count():
            return True
        with self.spool.lock() as is_ours:
            while is_ours and dataset:
                rows = self.spool.read_oldest(FLUSH_ROWS, self.flushed)
                for row in rows:
                    # Redis took it, and its answer was lost: it is on no other list of what Redis may forget.
                    if self._put_again(row.body, row.received_ms).is_duplicate:
                        self.recent.add(row.body, row.received_ms)
                self.flushed.update(row.id for row in rows)
                with suppress(SpoolError):
                    self._delete_flushed()
                if len(rows) < FLUSH_ROWS:
                    break
                self.full = self._check_redis()[1]
                if (self.full and not last) or read_dataset(self.inbox.redis) != dataset:
                    break
            self._delete_flushed()
        return not self.spool.count()

    def _delete_flushed(self) -> None:
        while some := list(islice(self.flushed, FLUSH_ROWS)):
            self.spool.delete(some)
            self.flushed.difference_update(some)


def _describe_parked(head: Head, lead: str) -> Event:
    customer = event.decode(head.body).get("customer_id") if head.customer_id else None
    data = {"intent": head.intent, "state": PARKED, "reason": "unusable"}
    return Event("lead.parked", customer, lead, data, body=head.body)
