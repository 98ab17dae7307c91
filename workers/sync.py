"""The drain of one inbox shard: up to 100 leads, one call, settle; again until nothing is left."""

import threading
import time
from collections.abc import Mapping, Sequence

import structlog

from receiver import keys
from receiver.bell import Bell
from receiver.config import Config
from receiver.connection import Redis
from receiver.inbox import Inbox, Settlement
from receiver.receipts import PARKED, WRITTEN
from workers import settlement
from workers.batch import Batch, read_batch
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
from workers.writer import Writer

BATCH = 100
WORK_SECONDS = 10.0
log = structlog.get_logger("leadsync.sync")


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

    def drain(self, shard: int) -> None:
        """Empty the shard, for at most `WORK_SECONDS`; whoever stops with entries left rings again."""
        with self.leases.hold(self.inbox, shard) as lease:
            if lease is None:
                return
            more = False
            try:
                more = self._work(shard, lease)
            except (LostLease, Stopping):
                log.info("drain.given_back", shard=shard)
            left = self.inbox.release(shard, lease.token)
        if left > 0 and more and not self.stop.is_set():
            self.bell.ring(keys.INBOX, shard)

    def _work(self, shard: int, lease: Lease) -> bool:
        """True if what is left may be taken up at once; False where only time can help."""
        ends = time.monotonic() + WORK_SECONDS
        while not self.stop.is_set():
            admitted = self.pause.admit(lease.token)
            if admitted == "paused":
                return False
            rows = self.inbox.take(shard, 1 if admitted == "probe" else BATCH)
            if not rows:
                return True
            try:
                progress = self._sync(rows, shard, lease)
            except LineDown as down:
                self._line_down(down)
                return False
            if admitted == "probe":
                self.pause.end()
                log.info("line.resumed")
            if not progress:
                return False
            if time.monotonic() > ends:
                return True
        return False

    def _line_down(self, down: LineDown) -> None:
        if down.code in ("no_key", "unexpected"):
            self.portals.forget()
        self.pause.begin(down)
        log.warning("line.paused", code=down.code, why=down.why)

    def _sync(self, rows: Sequence[tuple[bytes, Mapping[bytes, bytes]]], shard: int, lease: Lease) -> bool:
        """One batch. True if at least one lead was settled. Raises `LineDown` after settling what was done."""
        lease.check()
        portal = self.portals.current()
        batch = read_batch(rows, self.config, portal)
        marker = self.records.load(batch.groups)
        if not marker:
            marker = restore(self.redis, self.hubspot, portal, self.records)
            self.records.load(batch.groups)
        identity = Identity(self.redis, self.hubspot, self.config.crm, self.records.use_key())
        writer = Writer(self.hubspot, Plan(portal, self.records.digest()), identity, intact=marker == INTACT)
        try:
            writer.write(batch.groups)
        finally:
            settled = self._settle(batch, shard, lease)
        return settled

    def _settle(self, batch: Batch, shard: int, lease: Lease) -> bool:
        stream = keys.entries(keys.INBOX, shard)
        seconds, micros = self.redis.time()
        now_ms = seconds * 1000 + micros // 1000
        done = Settlement()
        told: list[Confirmation] = []
        settled = [(group, group.fate) for group in batch.groups if group.fate is not None]
        for group, fate in settled:
            confirmation = self._confirm(group, fate, now_ms)
            if confirmation and confirmation.text:
                told.append(confirmation)
            settlement.add(
                done, group, fate, stream, shard, now_ms, self.config.inbox, self.records.digest(), confirmation
            )
        for unreadable in batch.unreadable:
            done.add((), [(stream, unreadable.entry, settlement.park_unreadable(unreadable, now_ms))])
        if not done.groups:
            return False
        stale = self.inbox.settle(shard, lease.token, done)
        if stale is None:
            raise LostLease
        self._log(settled, stale)
        if told and self.outbox.rang(shard):
            self.bell.ring(keys.OUTBOX, shard)
        return len(stale) < done.groups

    def _confirm(self, group: Group, fate: Fate, now_ms: int) -> Confirmation | None:
        if fate.state in WRITTEN and fate.contact_id:
            return self.confirmations.write(group, now_ms)
        return None

    def _log(self, settled: Sequence[tuple[Group, Fate]], stale: Sequence[int]) -> None:
        for position, (group, fate) in enumerate(settled):
            if position in stale:
                continue
            say = log.warning if fate.state == PARKED else log.info
            leads = [lead.lead for lead in group.leads]
            say("lead." + fate.state, leads=leads, contact=fate.contact_id, code=fate.code)
