"""The drain of one inbox shard: up to 100 leads, one call, settle; again until nothing is left.

It is a group commit: while a call is in flight the inbox fills, and the next call takes all of it. Only while whole
batches are waiting are several calls in flight, over different customers.
"""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

import structlog

from receiver import keys
from receiver.bell import Bell
from receiver.config import Config
from receiver.connection import Redis
from receiver.inbox import Inbox, Settlement
from receiver.receipts import PARKED, WRITTEN
from workers import settlement
from workers.batch import Batch, Row, read_batch
from workers.budget import Stopping
from workers.confirmation import Confirmation, Confirmations
from workers.hubspot.client import HubSpot
from workers.hubspot.outcomes import LineDown
from workers.identity import Identity
from workers.lead import Fate, Group
from workers.lease import Lease, Leases, LostLease
from workers.pause import Pause
from workers.plan import Plan
from workers.portal import Portals
from workers.records import Records
from workers.restore import INTACT, restore
from workers.writer import Writer, write

BATCH = 100
IN_FLIGHT = 4
WORK_SECONDS = 10.0
log = structlog.get_logger("leadsync.sync")


@dataclass(frozen=True, slots=True)
class _Flight:
    batch: Batch
    writer: Writer


@dataclass(slots=True)
class _Pass:
    """One way through a shard. `after`: the last entry read; `settled`: whether anything was since the beginning of
    the stream was read last; `down`: why HubSpot takes nothing more."""

    size: int
    after: bytes = b"-"
    settled: bool = False
    down: LineDown | None = None
    flights: dict[Future[None], _Flight] = field(default_factory=dict)

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
        self.portals = Portals(hubspot, config.mapping)
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
                left = self.inbox.release(shard, lease.token)
        if left > 0 and more and not self.stop.is_set():
            self.bell.ring(keys.INBOX, shard)

    def _work(self, shard: int, lease: Lease) -> bool:
        """True if what is left may be taken up at once; False where only time can help."""
        admitted = self.pause.admit(lease.token)
        if admitted == "paused":
            return False
        try:
            more = self._pass(shard, lease, _Pass(1 if admitted == "probe" else BATCH), once=admitted == "probe")
        except LineDown as down:
            if down.code in ("no_key", "unexpected"):
                self.portals.forget()
            self.pause.begin(down)
            log.warning("line.paused", code=down.code, why=down.why)
            return False
        if admitted == "probe":
            self.pause.end()
            log.info("line.resumed")
        return more

    def _pass(self, shard: int, lease: Lease, run: _Pass, *, once: bool) -> bool:
        """Launch, wait, settle, until the shard is empty, time is up or HubSpot is down."""
        ends = time.monotonic() + WORK_SECONDS
        try:
            while True:
                if run.down is None and not self.stop.is_set() and time.monotonic() < ends:
                    self._launch(shard, lease, run)
                if not run.flights:
                    if run.down:
                        raise run.down
                    if self.stop.is_set() or time.monotonic() >= ends or once or not run.settled:
                        return run.settled
                    run.after, run.settled = b"-", False
                    continue
                self._land(shard, lease, run)
        finally:
            wait(run.flights)

    def _launch(self, shard: int, lease: Lease, run: _Pass) -> None:
        """Start a call; a further one beside it only for a whole batch, so that small ones are gathered."""
        while len(run.flights) < (1 if run.size == 1 else IN_FLIGHT):
            rows = self.inbox.take(shard, run.size, run.after)
            if not rows or (run.flights and len(rows) < run.size):
                return
            lease.check()
            try:
                flight = self._prepare(rows, run.flying())
            except LineDown as down:
                run.down = down
                return
            run.after = rows[-1][0]
            run.flights[self.pool.submit(write, flight.writer, flight.batch.groups)] = flight

    def _prepare(self, rows: Sequence[Row], flying: set[str]) -> _Flight:
        """The batch in `rows` without customers who are in flight, and who writes it. Raises `LineDown`."""
        portal = self.portals.current()
        batch = read_batch(rows, self.config, portal, flying)
        marker = self.records.load(batch.groups)
        if not marker:
            marker = restore(self.redis, self.hubspot, portal, self.records)
            self.records.load(batch.groups)
        identity = Identity(self.redis, self.hubspot, self.config.crm, self.records.use_key())
        plan = Plan(portal, self.records.digest())
        return _Flight(batch, Writer(self.hubspot, plan, identity, intact=marker == INTACT))

    def _land(self, shard: int, lease: Lease, run: _Pass) -> None:
        """Settle the calls that came back, also what one of them had done before HubSpot went down."""
        done, _ = wait(run.flights, return_when=FIRST_COMPLETED)
        for future in done:
            flight = run.flights.pop(future)
            try:
                run.settled |= self._settle(flight.batch, shard, lease)
            finally:
                flight.writer.identity.free(flight.batch.groups)
            error = future.exception()
            if isinstance(error, LineDown):
                run.down = error
            elif error is not None:
                raise error

    def _settle(self, batch: Batch, shard: int, lease: Lease) -> bool:
        """Settle every lead whose fate is known; True if there was one."""
        stream = keys.entries(keys.INBOX, shard)
        seconds, micros = self.redis.time()
        now_ms = seconds * 1000 + micros // 1000
        done = Settlement()
        told = 0
        settled = [(group, group.fate) for group in batch.groups if group.fate is not None]
        for group, fate in settled:
            confirmation = self._confirm(group, fate, now_ms)
            told += bool(confirmation and confirmation.text)
            where = settlement.Place(stream, shard, now_ms)
            settlement.add(done, group, fate, where, self.config.inbox, self.records.digest(), confirmation)
        for unreadable in batch.unreadable:
            done.add((), [(stream, unreadable.entry, settlement.park_unreadable(unreadable, now_ms))])
        if not done.groups:
            return False
        stale = self.inbox.settle(shard, lease.token, done)
        if stale is None:
            raise LostLease
        _report(settled, stale)
        if told and self.outbox.rang(shard):
            self.bell.ring(keys.OUTBOX, shard)
        return len(stale) < done.groups

    def _confirm(self, group: Group, fate: Fate, now_ms: int) -> Confirmation | None:
        if fate.state in WRITTEN and fate.contact_id:
            return self.confirmations.write(group, now_ms)
        return None


def _report(settled: Sequence[tuple[Group, Fate]], stale: Sequence[int]) -> None:
    for position, (group, fate) in enumerate(settled):
        if position not in stale:
            say = log.warning if fate.state == PARKED else log.info
            leads = [lead.lead for lead in group.leads]
            say("lead." + fate.state, leads=leads, contact=fate.contact_id, code=fate.code)
