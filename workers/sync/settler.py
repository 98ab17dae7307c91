"""Settles groups whose result is known: one Redis script per batch, then the log lines."""

from collections.abc import Sequence

import structlog

from leadcore.config import Config
from leadcore.events import Events
from leadcore.receipts import CREATED, PARKED, UPDATED, WAITING, WRITTEN
from leadcore.store import keys
from leadcore.store.bell import Bell
from leadcore.store.connection import Redis
from leadcore.store.streams import Settlement, Stream
from workers.flow.errors import LostLease
from workers.flow.lease import Lease
from workers.hubspot.errors import PORTAL_WIDE, REASONS
from workers.hubspot.portal_cache import PortalCache
from workers.rules import settlement
from workers.rules.batch import Batch
from workers.rules.confirmation import Confirmation, ConfirmationWriter
from workers.rules.lead import CustomerBatch, Result
from workers.sync.customer_store import CustomerStore

# What HubSpot says when the portal is no longer as it was listed.
_OTHER_PORTAL = frozenset(REASONS[code] for code in (*PORTAL_WIDE, "INVALID_OPTION"))
log = structlog.get_logger("leadsync.sync")


class Settler:
    """Settles batches, and rings for their confirmations. `dry_run`: nothing was written."""

    def __init__(
        self,
        connection: Redis,
        config: Config,
        customers: CustomerStore,
        confirmations: ConfirmationWriter,
        portal_cache: PortalCache,
        events: Events,
        *,
        dry_run: bool,
    ) -> None:
        self.events = events
        self.redis, self.config, self.customers = connection, config, customers
        self.confirmations, self.portal_cache, self.dry_run = confirmations, portal_cache, dry_run
        self.inbox = Stream(connection)
        self.outbox, self.orders = Stream(connection, keys.OUTBOX), Stream(connection, keys.ORDERS)
        self.notes = Stream(connection, keys.NOTES)
        self.bell = Bell(connection)

    def settle(self, batch: Batch, shard: int, lease: Lease) -> bool:
        """Settle every lead of `shard` whose result is known; True if there was one. What others changed
        meanwhile is left in the inbox. Raises `LostLease`."""
        seconds, micros = self.redis.time()
        now_ms = seconds * 1000 + micros // 1000
        place = settlement.SettlementContext(
            keys.entries(keys.INBOX, shard),
            shard,
            now_ms,
            self.dry_run,
            orders=self.config.orders is not None,
            notes=self.config if self.config.notes.intents else None,
            events=self.events,
        )
        done = Settlement()
        messages = 0
        settled = [(group, group.result) for group in batch.groups if group.result is not None]
        # A newer event may be written before these are retried; it must clear all parts of their address.
        uncertain = [group for group, result in settled if result.state == WAITING and group.writes_own_address]
        if not self.dry_run:
            self.customers.mark_uncertain(uncertain, lease)
        states = []
        for group, result in settled:
            confirmation = self._confirm(group, result, place.now_ms)
            config, digest = self.config.inbox, self.customers.digest()
            states.append(settlement.add_batch(done, group, result, place, config, digest, confirmation))
            messages += bool(confirmation and confirmation.text)
        for unreadable in batch.unreadable:
            done.add((), [(place.stream, unreadable.entry, settlement.park_unreadable(unreadable, place))])
        for lead in batch.forgotten:
            done.add((), [(place.stream, lead.entry, [("DEL", keys.receipt(lead.id))])])
        if not done.groups:
            return False
        stale = self.inbox.settle(shard, lease.token, done)
        if stale is None:
            raise LostLease(lease.locks)
        for position in stale:
            if position < len(settled):
                settled[position][0].left_in_inbox = True
        if not self.dry_run and any(result.state in (CREATED, UPDATED) for _, result in settled):
            self.inbox.apply([("SET", keys.WRITTEN, place.now_ms)])
        self._report(settled, states, stale)
        for unreadable in batch.unreadable:
            log.warning("lead.parked", lead=settlement.unreadable_id(unreadable), code="unreadable")
        if messages and self.outbox.set_bell(shard):
            self.bell.ring(keys.OUTBOX, shard)
        if place.orders and any(result.state in WRITTEN for _, result in settled) and self.orders.set_bell(shard):
            self.bell.ring(keys.ORDERS, shard)
        if place.notes and any(result.state in WRITTEN for _, result in settled) and self.notes.set_bell(shard):
            self.bell.ring(keys.NOTES, shard)
        return len(stale) < done.groups

    def _confirm(self, group: CustomerBatch, result: Result, now_ms: int) -> Confirmation | None:
        if result.state in WRITTEN and not self.dry_run:
            return self.confirmations.decide(group, now_ms)
        return None

    def _report(
        self, settled: Sequence[tuple[CustomerBatch, Result]], states: Sequence[Sequence[str]], stale: Sequence[int]
    ) -> None:
        # Looked up once: structlog creates a new logger at each access.
        info, warning = log.info, log.warning
        for position, (group, result) in enumerate(settled):
            if position not in stale:
                more = {"contact": result.contact_id} if result.contact_id else {"code": result.code}
                more = {name: value for name, value in more.items() if value}
                for lead, state in zip(group.leads, states[position], strict=True):
                    write_log = warning if state == PARKED else info
                    write_log("lead." + state, lead=lead.id, **more)
            for note in group.decision.notes:
                if note.why in _OTHER_PORTAL:
                    self.portal_cache.note_refused(note.property)
