"""The drain of one inbox shard: up to 100 leads, one call, settle; again until nothing is left.

It is a group commit: while a call is in flight the inbox fills, and the next call takes all of it. Only while whole
batches are waiting are several calls in flight, over different customers.
"""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from receiver import keys
from receiver.bell import Bell
from receiver.config import Config
from receiver.connection import AWAY, Redis
from receiver.inbox import Inbox, Settlement
from receiver.receipts import CREATED, PARKED, UPDATED, WAITING, WRITTEN
from workers import settlement
from workers.batch import Batch, Row, read_batch
from workers.budget import Stopping
from workers.confirmation import Confirmation, Confirmations
from workers.flight import Flight, fly
from workers.hubspot import access
from workers.hubspot.client import HubSpot
from workers.hubspot.errors import REASONS
from workers.hubspot.outcomes import LineDown
from workers.identity import Identity
from workers.lead import Fate, Group
from workers.lease import FENCE, Lease, Leases, LostLease
from workers.pause import Pause
from workers.plan import Plan
from workers.records import Records
from workers.restore import INTACT, RESTORED, Restore
from workers.survey import Survey
from workers.writer import Writer

BATCH = 100
IN_FLIGHT = 4
WORK_SECONDS = 10.0
MOMENT_SECONDS = 0.25
# What a single lead can bring about by itself, when HubSpot takes other calls.
ONE_LEAD = frozenset({"locked", "unavailable", "timeout", "disconnected", "unexpected", "empty_answer"})
log = structlog.get_logger("leadsync.sync")


@dataclass(slots=True)
class _Pass:
    """One way through a shard. `after`: the last entry read; `settled`: whether anything was since the beginning of
    the stream was read last; `seen`: whether there were any. `down`: why HubSpot takes nothing more.
    `alone`: only one lead. `short`: seconds until HubSpot's quota may allow a call, where it allows none now."""

    size: int
    alone: bool = False
    after: bytes = b"-"
    settled: bool = False
    seen: bool = False
    short: float = 0.0
    down: LineDown | None = None
    error: BaseException | None = None
    flights: dict[Future[None], Flight] = field(default_factory=dict)

    def flying(self) -> set[str]:
        return {group.customer_id for flight in self.flights.values() for group in flight.batch.groups}


class Sync:
    """One worker's way from the inbox to HubSpot."""

    def __init__(
        self,
        connection: Redis,
        hubspot: HubSpot,
        config: Config,
        records: Records,
        confirmations: Confirmations,
        leases: Leases,
        stop: threading.Event,
    ) -> None:
        self.redis, self.hubspot, self.config, self.records = connection, hubspot, config, records
        self.confirmations, self.leases, self.stop = confirmations, leases, stop
        self.inbox = Inbox(connection)
        self.outbox = Inbox(connection, keys.OUTBOX)
        self.bell = Bell(connection)
        self.pause = Pause(connection)
        self.survey = Survey(hubspot, config.mapping, tuple(config.properties.values()), self._introduce)
        self.pool = ThreadPoolExecutor(IN_FLIGHT, "hubspot")

    def drain(self, shard: int) -> None:
        """Empty the shard, for about `WORK_SECONDS`; whoever stops with entries left rings again."""
        with self.leases.hold(self.inbox, shard) as lease:
            if lease is None:
                return
            more = False
            try:
                more = self._work(shard, lease)
            except (LostLease, Stopping):
                log.info("drain.given_back", shard=shard)
            finally:
                lease.end()
                left = self.inbox.release(shard, lease.token)
        if left > 0 and more and not self.stop.is_set():
            self.bell.ring(keys.INBOX, shard)

    def _work(self, shard: int, lease: Lease) -> bool:
        """True if what is left may be taken up at once; False where only time can help."""
        fence = FENCE.set(lease.check)
        try:
            match self.pause.admit(lease):
                case "open":
                    return self._pass(shard, lease, _Pass(BATCH))
                case "probe":
                    return self._probe(shard, lease)
                case _:
                    return False
        except LineDown as down:
            self._pause(down)
            return False
        finally:
            FENCE.reset(fence)

    def _probe(self, shard: int, lease: Lease) -> bool:
        """After a pause: one small call, then one lead. If HubSpot takes calls but not this lead, the lead has to wait
        and not the line: else the first in it could hold up all others for ever."""
        self.survey.forget()
        run = _Pass(1, alone=True)
        try:
            self.hubspot.ping()
            more = self._pass(shard, lease, run)
        finally:
            self.pause.unprobe(lease)
        if run.down is None:
            self.pause.end()
            log.info("line.resumed")
            self._wake_others(shard)
            return more
        self._pause(run.down)
        return False

    def _introduce(self) -> None:
        """Note for the console which portal this is. Without it a link is missing, and nothing else."""
        with suppress(LineDown, *AWAY):
            known = access.portal(self.hubspot)
            if known:
                self.redis.hset(keys.PORTAL, mapping=dict(zip(("id", "domain"), known, strict=True)))

    def _wake_others(self, shard: int) -> None:
        """The other shards were turned away while this one probed."""
        for other in range(self.config.inbox.shards):
            if other != shard and self.redis.xlen(keys.entries(keys.INBOX, other)):
                self.bell.ring(keys.INBOX, other)

    def _pause(self, down: LineDown) -> None:
        if down.code in ("no_key", "unexpected"):
            self.survey.forget()
        self.pause.begin(down)
        log.warning("line.paused", code=down.code, why=down.why)

    def _pass(self, shard: int, lease: Lease, run: _Pass) -> bool:
        """Launch, wait, settle, until the shard is empty, time is up or HubSpot is down. Every call that was begun is
        settled, whatever became of the others."""
        ends = time.monotonic() + WORK_SECONDS
        while True:
            going_on = run.error is None and run.down is None and not self.stop.is_set() and time.monotonic() < ends
            if going_on:
                try:
                    self._launch(shard, lease, run)
                except Exception as error:  # raised below, once what is in flight has landed
                    run.error = error
            if run.flights:
                self._land(shard, lease, run)
                continue
            if run.error is not None:
                raise run.error
            if run.down is not None and not run.alone:
                raise run.down
            if run.short:
                if not going_on or self._make_way(run):
                    return True
                continue
            if not going_on or run.alone or not run.settled:
                return run.settled or not run.seen
            run.after, run.settled, run.seen = b"-", False, False

    def _launch(self, shard: int, lease: Lease, run: _Pass) -> None:
        """Start a call; a further one beside it only for a whole batch, so that small ones are gathered."""
        while len(run.flights) < (1 if run.alone else IN_FLIGHT):
            rows = self.inbox.take(shard, run.size, run.after)
            run.seen |= bool(rows)
            if not rows or (run.flights and (len(rows) < run.size or self.pause.stands())):
                return
            lease.check()
            slots = [] if run.alone else self._reserve(run)
            if run.short:
                return
            try:
                flight = self._prepare(rows, run.flying(), lease, slots)
            except BaseException:
                self.hubspot.budget.give_back(slots)
                raise
            run.after = rows[-1][0]
            run.flights[self.pool.submit(fly, lease, flight)] = flight

    def _reserve(self, run: _Pass) -> list[str]:
        """A slot for a call's first request, before its rows are worked on: while HubSpot's quota allows none, more
        rows come, and this worker can do something else."""
        self.survey.current()
        slot, run.short = self.hubspot.budget.reserve()
        return [slot] if slot else []

    def _make_way(self, run: _Pass) -> bool:
        """Wait a moment for the quota; True if another job could use this worker meanwhile."""
        self.stop.wait(min(run.short, MOMENT_SECONDS))
        run.short = 0.0
        return self.bell.waits()

    def _prepare(self, rows: Sequence[Row], flying: set[str], lease: Lease, slots: list[str]) -> Flight:
        """The batch in `rows` without customers who are in flight, and who writes it. Raises `LineDown`."""
        portal = self.survey.current()
        batch = read_batch(rows, self.config, portal, flying)
        marker = self.records.load(batch.groups)
        if marker not in (INTACT, RESTORED):
            marker = Restore(self.redis, self.hubspot, portal, self.records, self.stop).decide(marker)
            self.records.load(batch.groups)
        batch.forget()
        identity = Identity(self.redis, self.hubspot, self.config.crm, self.records.use_key(), lease)
        plan = Plan(portal, self.records.digest())
        return Flight(batch, Writer(self.hubspot, plan, identity, self.records, intact=marker == INTACT), slots)

    def _land(self, shard: int, lease: Lease, run: _Pass) -> None:
        """Settle the calls that came back, also what one of them had done before it failed."""
        try:
            done, _ = wait(run.flights, return_when=FIRST_COMPLETED)
        except Exception as fault:  # RQ's timeout: whatever is in flight lands first
            run.error = run.error or fault
            return
        for future in done:
            flight = run.flights.pop(future)
            error = future.exception()
            if isinstance(error, LineDown):
                run.down = error
                if run.alone and error.code in ONE_LEAD:
                    self._put_off(flight.batch, error)
            elif error is not None:
                run.error = run.error or error
            try:
                run.settled |= self._settle(flight.batch, shard, lease)
                flight.writer.identity.free(flight.batch.groups)
            except Exception as fault:  # the other flights still have to land
                run.error = run.error or fault

    def _put_off(self, batch: Batch, down: LineDown) -> None:
        """HubSpot is there, but not for these leads. That uses up a try only if others were written since it happened
        to them last: else it is HubSpot after all."""
        written = int(self.redis.get(keys.WRITTEN) or 0)
        for group in batch.groups:
            if group.open:
                before = int(group.leads[-1].fields.get(b"p", b"0"))
                group.fate = Fate(WAITING, code=down.code, why=down.why, free=not before or written <= before)

    def _settle(self, batch: Batch, shard: int, lease: Lease) -> bool:
        """Settle every lead whose fate is known; True if there was one."""
        seconds, micros = self.redis.time()
        where = settlement.Place(keys.entries(keys.INBOX, shard), shard, seconds * 1000 + micros // 1000)
        done = Settlement()
        told = 0
        settled = [(group, group.fate) for group in batch.groups if group.fate is not None]
        # They may be overtaken by what is said next, which must not leave parts of this home behind.
        unclear = [group for group, fate in settled if fate.state == WAITING and group.moves]
        self.records.doubt(unclear, lease)
        states = []
        for group, fate in settled:
            confirmation = self._confirm(group, fate, where.now_ms)
            config, digest = self.config.inbox, self.records.digest()
            states.append(settlement.add(done, group, fate, where, config, digest, confirmation))
            told += bool(confirmation and confirmation.text)
        for unreadable in batch.unreadable:
            done.add((), [(where.stream, unreadable.entry, settlement.park_unreadable(unreadable, where.now_ms))])
        for lead in batch.forgotten:
            done.add((), [(where.stream, lead.entry, [("DEL", keys.receipt(lead.lead))])])
        if not done.groups:
            return False
        stale = self.inbox.settle(shard, lease.token, done)
        if stale is None:
            raise LostLease
        if any(fate.state in (CREATED, UPDATED) for _, fate in settled):
            self.inbox.apply([("SET", keys.WRITTEN, where.now_ms)])
        self._report(settled, states, stale)
        for unreadable in batch.unreadable:
            log.warning("lead.parked", lead=settlement.name_of(unreadable), code="unreadable")
        if told and self.outbox.rang(shard):
            self.bell.ring(keys.OUTBOX, shard)
        return len(stale) < done.groups

    def _confirm(self, group: Group, fate: Fate, now_ms: int) -> Confirmation | None:
        if fate.state in WRITTEN and fate.contact_id:
            return self.confirmations.write(group, now_ms)
        return None

    def _report(
        self, settled: Sequence[tuple[Group, Fate]], states: Sequence[Sequence[str]], stale: Sequence[int]
    ) -> None:
        for position, (group, fate) in enumerate(settled):
            if position not in stale:
                more = {"contact": fate.contact_id} if fate.contact_id else {"code": fate.code}
                for lead, state in zip(group.leads, states[position], strict=True):
                    say = log.warning if state == PARKED else log.info
                    say("lead." + state, lead=lead.lead, **more)
            if any(note.why == REASONS["PROPERTY_DOESNT_EXIST"] for note in group.notes):
                self.survey.forget()
