"""Maintenance: a thread in each worker process, with its own Redis connection.

Every second it renews the locks that this process holds and records that the worker is alive. Every 3 s it sweeps each
shard: delayed entries that are due go back into the stream, and the bell of a shard with entries and no lock is rung.
So nothing depends on an RQ job surviving.
"""

import os
from typing import TYPE_CHECKING

import structlog
from redis.exceptions import OutOfMemoryError, ReadOnlyError, ResponseError

from leadcore.config import Inbox as InboxConfig
from leadcore.machine import Machine
from leadcore.store import keys, lines
from leadcore.store.bell import Bell
from leadcore.store.connection import AWAY, Redis, drop_connections
from leadcore.store.counters import Tally
from leadcore.store.outage import Outage
from leadcore.store.streams import SWEEP_SECONDS, Stream
from workers.flow.lease import LeaseRegistry
from workers.outbox.sent_log import SentLog
from workers.overflow import Overflow
from workers.retention import Retention

if TYPE_CHECKING:
    from collections.abc import Callable


BEAT_SECONDS = 1.0
FORGET_MS = 60_000
log = structlog.get_logger("leadsync.maintenance")


class Maintenance:
    """`orphaned` is called once when the parent process is gone; `parent`: its id, that of now by default. `dry_run`:
    whether this worker writes nothing."""

    def __init__(
        self,
        connection: Redis,
        name: str,
        config: InboxConfig,
        leases: LeaseRegistry,
        sent_log: SentLog,
        tally: Tally,
        machine: Machine,
        outage: Outage,
        orphaned: "Callable[[], None]",
        *,
        dry_run: bool = False,
        parent: int = 0,
    ) -> None:
        self.redis, self.name, self.leases, self.orphaned = connection, name, leases, orphaned
        self.sent_log, self.tally, self.machine, self.outage = sent_log, tally, machine, outage
        # Lists of the live workers.
        self.lists = (keys.WORKERS, keys.DRY_WORKERS) if dry_run else (keys.WORKERS,)
        self.shards = config.shards
        self.retention, self.overflow = Retention(connection, config), Overflow(connection, config)
        self.lines = {line.name: Stream(connection, line.name) for line in lines.LINES}
        self.bell = Bell(connection)
        # A dedicated connection: a pool reconnects silently, and we must notice.
        self._monitor: Redis = None
        self._parent = parent or os.getppid()
        self._end = machine.event()
        self._thread = machine.thread(self._run, "maintenance")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the thread, store the last figures and remove this worker from the lists of live workers; without Redis
        nothing is waited for."""
        self._end.set()
        if self.outage.is_on:
            return
        if self._thread.is_alive():
            self._thread.join(BEAT_SECONDS * 2)
        try:
            self.tally.flush(self.lines[keys.INBOX])
            for name in self.lists:
                self.redis.zrem(name, self.name)
        except Exception as error:  # the list entry expires; a fault here must not fail the shutdown
            log.debug("maintenance.farewell_failed", error=type(error).__name__)

    def _run(self) -> None:
        swept = 0.0
        # Others wait only for whom they have seen: at once, since this worker may be about to send.
        self._try(self.beat)
        while not self._end.wait(BEAT_SECONDS):
            # A sweep may take seconds, and a new Redis is to hear first what the others wait for.
            is_there = self._try(self.beat)
            if is_there and self.machine.monotonic() - swept >= SWEEP_SECONDS:
                swept = self.machine.monotonic()
                self._try(self.sweep)
            if os.getppid() != self._parent:
                self._parent = os.getppid()
                self.orphaned()

    def _try(self, work: "Callable[[], None]") -> bool:
        """Whether Redis was there."""
        try:
            work()
        except AWAY as error:
            if isinstance(error, OutOfMemoryError):  # it answers; the drains make room
                log.warning("maintenance.failed", error=type(error).__name__)
                return True
            if isinstance(error, ReadOnlyError):
                drop_connections()
            if isinstance(error, ReadOnlyError) or not isinstance(error, ResponseError):
                self.sent_log.note_lost()
            self.outage.note(error)
            return False
        except Exception as error:  # the thread must survive every fault; the next beat tries again
            log.warning("maintenance.failed", error=type(error).__name__)
        return True

    def beat(self) -> None:
        """Renew the held locks, then record that this worker is alive and store its counters."""
        for lease in self.leases.held():
            lease.renew(self.lines[lease.stream.name])
        seconds, micros = self.redis.time()
        now_ms = seconds * 1000 + micros // 1000
        self.lines[keys.INBOX].apply(
            [("ZREMRANGEBYSCORE", name, "-inf", now_ms - FORGET_MS) for name in (keys.WORKERS, keys.DRY_WORKERS)]
            + [("ZADD", name, now_ms, self.name) for name in self.lists]
        )
        self._monitor = self._monitor or self.redis.client()
        self.sent_log.reassert(self._monitor, self.name)
        # Not before: the monitor's connection notices what the pool's have mended, and would tell of a second outage.
        self.outage.end()
        self.tally.flush(self.lines[keys.INBOX])

    def sweep(self) -> None:
        """Sweep all shards of all lines, then park what is too much and apply retention."""
        for line, stream in self.lines.items():
            if lines.find(line).has_endpoints:
                continue
            for shard in range(self.shards):
                if stream.sweep(shard):
                    self.bell.ring(line, shard)
        self.overflow.shed()
        self.retention.apply()
