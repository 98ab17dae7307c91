"""Drains one inbox shard into HubSpot: takes its lease, respects the line's pause, and rings for what is left."""

from collections.abc import Callable
from contextlib import suppress

import structlog

from leadcore.config import Config
from leadcore.events import NOBODY, Events
from leadcore.machine import Event, Machine
from leadcore.store import keys
from leadcore.store.bell import Bell
from leadcore.store.connection import AWAY, Redis
from leadcore.store.streams import Stream
from workers.flow.breaker import Breaker
from workers.flow.errors import LineDown, LostLease, Stopping
from workers.flow.lease import Lease, LeaseRegistry
from workers.flow.pause import Pause
from workers.flow.request_context import checked
from workers.hubspot import access
from workers.hubspot.client import HubSpot
from workers.hubspot.portal_cache import PortalCache
from workers.hubspot.portal_store import PortalStore
from workers.rules import drain as rules
from workers.rules.confirmation import ConfirmationWriter
from workers.sync.batch_loader import BatchLoader
from workers.sync.customer_store import CustomerStore
from workers.sync.drain import Drain
from workers.sync.settler import Settler

# Why the line pauses when the portal is not as it was listed.
OTHER_PORTAL = frozenset({"no_key", "forbidden", "unexpected"})
log = structlog.get_logger("leadsync.sync")


class ShardSync:
    """One per worker process. `send_messages`: sends confirmations for at most so many seconds; called while leads
    wait for HubSpot's quota."""

    def __init__(
        self,
        connection: Redis,
        hubspot: HubSpot,
        config: Config,
        customers: CustomerStore,
        confirmations: ConfirmationWriter,
        leases: LeaseRegistry,
        send_messages: Callable[[float], None],
        stop: Event,
        machine: Machine,
        breaker: Breaker,
        events: Events = NOBODY,
    ) -> None:
        self.redis, self.hubspot, self.shards = connection, hubspot, config.inbox.shards
        self.leases, self.stop = leases, stop
        self.inbox = Stream(connection)
        self.bell = Bell(connection)
        self.pause = Pause(connection, machine)
        extras = tuple(config.properties.values())
        store = PortalStore(connection, hubspot, config.mapping, extras)
        self.portal_cache = PortalCache(hubspot, config.mapping, extras, self._note_portal, store=store, stop=stop)
        settler = Settler(
            connection, config, customers, confirmations, self.portal_cache, events, dry_run=hubspot.dry_run
        )
        timezone = confirmations.timezone
        loader = BatchLoader(connection, hubspot, config, customers, self.portal_cache, timezone, stop)
        self.drain_loop = Drain(
            connection,
            hubspot,
            config,
            loader,
            self.portal_cache,
            self.pause,
            settler,
            send_messages,
            stop,
            machine,
            breaker,
        )

    def drain(self, shard: int) -> None:
        """Drain the shard until it is empty or the time is up; ring again if entries are left that can go now."""
        with self.leases.hold(self.inbox, shard) as lease:
            if lease is None:
                return
            can_continue, state = False, rules.DrainState()
            self.portal_cache.check()
            try:
                can_continue = self._admit_and_drain(lease, state)
            except (LostLease, Stopping):
                log.info("drain.given_back", shard=shard)
            finally:
                lease.close()
                unfinished = [
                    each
                    for each in lease.shards
                    if self.inbox.release(each, lease.token, bell=state.ending is not rules.Ending.HANDED_OFF) > 0
                ]
        if can_continue and not self.stop.is_set():
            for each in unfinished:
                self.bell.ring(keys.INBOX, each)

    def _admit_and_drain(self, lease: Lease, state: rules.DrainState) -> bool:
        """True if another drain can continue at once; False if only waiting helps."""
        with checked(lease.check):
            try:
                match self.pause.admit(lease):
                    case "open":
                        return self.drain_loop.run(lease, state)
                    case "probe":
                        return self._probe(lease)
                    case _:
                        return False
            except LineDown as down:
                self._pause_line(down)
                return False

    def _probe(self, lease: Lease) -> bool:
        """Half-open circuit: ping, then batches of 1, 2, 4 ... 100; one that fails is halved. If HubSpot takes calls
        but not the first lead, delay that lead, so that the next probe begins with another: else it could block all
        others for ever. A bad lead further back delays fewer leads each time."""
        if (self.redis.hget(keys.PAUSE, "code") or b"").decode() in OTHER_PORTAL:
            self.portal_cache.invalidate()
        state = rules.probe()
        try:
            self.hubspot.ping()
            can_continue = self.drain_loop.run(lease, state)
            if isinstance(state.down, LineDown):
                self._pause_line(state.down)
                return False
            if not self.pause.clear(lease):
                return False
        finally:
            self.pause.end_probe(lease)
        log.info("line.resumed")
        self._ring_other_shards(lease)
        return can_continue

    def _note_portal(self) -> None:
        """Store the portal's id and domain for the console's links, its time zone for the quota, and say which portal
        it is when that is news. Best effort: nothing else needs them."""
        with suppress(LineDown, *AWAY):
            portal = access.read_account(self.hubspot)
            if portal:
                before = (self.redis.hget(keys.PORTAL, "id") or b"").decode("ascii", "replace")
                if before != portal["id"]:
                    tell = log.warning if before else log.info
                    tell("portal.known", portal=portal["id"], before=before)
                self.redis.hset(keys.PORTAL, mapping=portal)

    def _ring_other_shards(self, lease: Lease) -> None:
        """Drains of the other shards were refused while this one probed."""
        for other in range(self.shards):
            if other not in lease.shards and self.redis.xlen(keys.entries(keys.INBOX, other)):
                self.bell.ring(keys.INBOX, other)

    def _pause_line(self, down: LineDown) -> None:
        self.pause.start(down)
        log.warning("line.paused", code=down.code, why=str(down))
