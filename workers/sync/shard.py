"""An inbox shard's way to HubSpot: who may drain it, whether the line is up, and who goes on with what is left."""

import threading
from collections.abc import Callable
from contextlib import suppress

import structlog

from leadcore.config import Config
from leadcore.store import keys
from leadcore.store.bell import Bell
from leadcore.store.connection import AWAY, Redis
from leadcore.store.streams import Stream
from workers.flow.errors import LineDown, LostLease, Stopping
from workers.flow.lease import Lease, Leases
from workers.flow.pause import Pause
from workers.hubspot import access
from workers.hubspot.client import HubSpot
from workers.hubspot.portal_cache import PortalCache
from workers.hubspot.transport import FENCE
from workers.rules.confirmation import Confirmations
from workers.sync.batch_loader import Batches
from workers.sync.customer_store import CustomerStore
from workers.sync.drain import Drain
from workers.sync.drain_state import DrainState
from workers.sync.settler import Settler

log = structlog.get_logger("leadsync.sync")


class Sync:
    """One worker's way from the inbox to HubSpot. `meanwhile`: what a drain does for at most so many seconds while its
    leads wait for HubSpot's quota."""

    def __init__(
        self,
        connection: Redis,
        hubspot: HubSpot,
        config: Config,
        customers: CustomerStore,
        confirmations: Confirmations,
        leases: Leases,
        meanwhile: Callable[[float], None],
        stop: threading.Event,
    ) -> None:
        self.redis, self.hubspot, self.shards = connection, hubspot, config.inbox.shards
        self.leases, self.stop = leases, stop
        self.inbox = Stream(connection)
        self.bell = Bell(connection)
        self.pause = Pause(connection)
        self.portal_cache = PortalCache(hubspot, config.mapping, tuple(config.properties.values()), self._note_portal)
        settler = Settler(connection, config, customers, confirmations, self.portal_cache)
        batches = Batches(connection, hubspot, config, customers, self.portal_cache, stop)
        self.drain_loop = Drain(
            connection, hubspot, config, batches, self.portal_cache, self.pause, settler, meanwhile, stop
        )

    def drain(self, shard: int) -> None:
        """Empty the shard, as long as a drain may last; whoever stops with entries left rings again."""
        with self.leases.hold(self.inbox, shard) as lease:
            if lease is None:
                return
            more, state = False, DrainState()
            try:
                more = self._work(lease, state)
            except (LostLease, Stopping):
                log.info("drain.given_back", shard=shard)
            finally:
                lease.end()
                left = [
                    each
                    for each in lease.shards
                    if self.inbox.release(each, lease.token, bell=not state.handed_off) > 0
                ]
        if more and not self.stop.is_set():
            for each in left:
                self.bell.ring(keys.INBOX, each)

    def _work(self, lease: Lease, state: DrainState) -> bool:
        """True if what is left may be taken up at once; False where only time can help."""
        fence = FENCE.set(lease.check)
        try:
            match self.pause.admit(lease):
                case "open":
                    return self.drain_loop.run(lease, state)
                case "probe":
                    return self._probe(lease)
                case _:
                    return False
        except LineDown as down:
            self._pause(down)
            return False
        finally:
            FENCE.reset(fence)

    def _probe(self, lease: Lease) -> bool:
        """After a pause: one small call, then one lead, then two, and so on up to a whole call's. If HubSpot takes
        calls but not the first lead, that has to wait and not the line: else it could hold up all others for ever. One
        further back holds up fewer each time."""
        self.portal_cache.forget()
        one = DrainState(1, probing=True)
        try:
            self.hubspot.ping()
            more = self.drain_loop.run(lease, one)
        finally:
            self.pause.unprobe(lease)
        if one.down is None:
            self.pause.end()
            log.info("line.resumed")
            self._wake_others(lease)
            return more
        self._pause(one.down)
        return False

    def _note_portal(self) -> None:
        """Note for the console which portal this is. Without it a link is missing, and nothing else."""
        with suppress(LineDown, *AWAY):
            known = access.portal(self.hubspot)
            if known:
                self.redis.hset(keys.PORTAL, mapping=dict(zip(("id", "domain"), known, strict=True)))

    def _wake_others(self, lease: Lease) -> None:
        """The other shards were turned away while this one probed."""
        for other in range(self.shards):
            if other not in lease.shards and self.redis.xlen(keys.entries(keys.INBOX, other)):
                self.bell.ring(keys.INBOX, other)

    def _pause(self, down: LineDown) -> None:
        if down.code in ("no_key", "unexpected"):
            self.portal_cache.forget()
        self.pause.begin(down)
        log.warning("line.paused", code=down.code, why=down.why)
