"""The lock of a shard while it is drained: held with a token, renewed by the maintenance thread."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from leadcore.machine import Event, Machine
from leadcore.store import keys, lines
from leadcore.store.bell import Bell
from leadcore.store.connection import AWAY, Redis
from leadcore.store.streams import Stream
from workers.flow.errors import Busy, LostLease

FRESH_SECONDS = 5.0
RENEW_SECONDS = 1.0
# A drain holds a busy shard for up to 60 s, and its last call may take 20.
ACQUIRE_SECONDS = 120.0
EXCLUSIVE_PREFIX = "alone:"
"""Prefix of the tokens of processes that hold a shard without draining it."""


class Lease:
    """The lock of `shard`, and of the shards adopted since (`shards`: all, in order). `renewed_at`: monotonic seconds
    at which the last renewal *started*. `extra_locks`: further locks held with the same token and renewed with it."""

    def __init__(self, stream: Stream, shard: int, token: str, machine: Machine) -> None:
        self.stream, self.shard, self.shards, self.token = stream, shard, [shard], token
        self.machine = machine
        self.renewed_at = machine.monotonic()
        self.extra_locks: set[str] = set()
        self.closed = False

    def renew(self, stream: Stream) -> None:
        """Renew all locks; the maintenance thread calls this over its own connection."""
        self._renew(stream)
        for name in tuple(self.extra_locks):
            stream.renew_lock(name, self.token)

    def _renew(self, stream: Stream) -> bool:
        started_at = self.machine.monotonic()
        held = all(stream.renew(shard, self.token) for shard in tuple(self.shards))
        if held:
            self.renewed_at = started_at
        return held

    @property
    def locks(self) -> list[str]:
        return [keys.lock(self.stream.name, shard) for shard in tuple(self.shards)]

    def close(self) -> None:
        """The locks are about to be released: no further call may start."""
        self.closed = True

    def check(self) -> None:
        """Raise `LostLease` unless all was renewed under 5 s ago: then a call started now cannot meet another
        worker's."""
        if self.closed:
            raise LostLease(self.locks)
        if self.machine.monotonic() - self.renewed_at > FRESH_SECONDS and not self._renew(self.stream):
            raise LostLease(self.locks)


@contextmanager
def hold_exclusive(stream: Stream, shard: int, renewal_connection: Redis, machine: Machine) -> Iterator[Lease]:
    """Hold the shard's lock in a process without a maintenance thread, so that no worker drains it: wait for it for
    `ACQUIRE_SECONDS`, renew it over `renewal_connection`, and ring at the end if entries wait. Raises `Busy`."""
    lease = Lease(stream, shard, EXCLUSIVE_PREFIX + machine.token(), machine)
    gives_up_at = machine.monotonic() + ACQUIRE_SECONDS
    while not stream.acquire(shard, lease.token):
        if machine.monotonic() > gives_up_at:
            raise Busy(keys.lock(stream.name, shard))
        machine.sleep(0.005)
    lease.renewed_at = machine.monotonic()
    ended, renewals = machine.event(), Stream(renewal_connection, stream.name)
    thread = machine.thread(lambda: _renew_until(lease, renewals, ended), "renewal")
    thread.start()
    try:
        yield lease
    finally:
        ended.set()
        thread.join()
        lease.close()
        if stream.release(shard, lease.token) > 0 and not lines.find(stream.name).has_endpoints:
            Bell(stream.redis).ring(stream.name, shard)


def _renew_until(lease: Lease, stream: Stream, ended: Event) -> None:
    while not ended.wait(RENEW_SECONDS):
        with suppress(*AWAY):
            lease.renew(stream)


class LeaseRegistry:
    """The leases that this process holds, for its maintenance thread to renew."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._held: dict[str, Lease] = {}
        self._lock = machine.lock()

    @contextmanager
    def hold(self, stream: Stream, shard: int) -> Iterator[Lease | None]:
        """Acquire the shard's lock; None if somebody holds it. The caller releases it with `stream.release`."""
        lease = Lease(stream, shard, self.machine.token(), self.machine)
        if not stream.acquire(shard, lease.token):
            yield None
            return
        with self._lock:
            self._held[lease.token] = lease
        try:
            yield lease
        finally:
            with self._lock:
                self._held.pop(lease.token, None)

    def held(self) -> list[Lease]:
        with self._lock:
            return list(self._held.values())
