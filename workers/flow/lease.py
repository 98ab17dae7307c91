"""The lock of one shard while somebody drains it: held by a token, renewed by the keeper, checked before each call."""

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from leadcore.store import keys
from leadcore.store.bell import Bell
from leadcore.store.connection import AWAY, Redis
from leadcore.store.streams import Stream
from workers.flow.errors import Busy, LostLease

FRESH_SECONDS = 5.0
RENEW_SECONDS = 1.0
# A drain holds a busy shard for up to 60 s, and its last call may take 20.
PATIENCE_SECONDS = 120.0
ALONE = "alone:"
"""How the tokens begin of those who hold a shard but drain nothing."""


class Lease:
    """The lock of `shard`, and of those that were taken on since (`shards`: all, in order). `renewed_at` is monotonic
    seconds of the last renewal's *start*; `also` are further locks that are held with the same token for as long."""

    def __init__(self, inbox: Stream, shard: int, token: str) -> None:
        self.inbox, self.shard, self.shards, self.token = inbox, shard, [shard], token
        self.renewed_at = time.monotonic()
        self.also: set[str] = set()
        self.ended = False

    def renew(self, inbox: Stream) -> None:
        """Called by the keeper over its own connection."""
        self._renew(inbox)
        for name in tuple(self.also):
            inbox.renew_lock(name, self.token)

    def _renew(self, inbox: Stream) -> bool:
        began = time.monotonic()
        held = all(inbox.renew(shard, self.token) for shard in tuple(self.shards))
        if held:
            self.renewed_at = began
        return held

    @property
    def locks(self) -> list[str]:
        return [keys.lock(self.inbox.name, shard) for shard in tuple(self.shards)]

    def end(self) -> None:
        """About to be given up: no further call may begin."""
        self.ended = True

    def check(self) -> None:
        """Raise `LostLease` unless all was renewed under 5 s ago: then a call begun now cannot meet another's."""
        if self.ended:
            raise LostLease
        if time.monotonic() - self.renewed_at > FRESH_SECONDS and not self._renew(self.inbox):
            raise LostLease


@contextmanager
def hold_alone(inbox: Stream, shard: int, beat: Redis, seconds: float = PATIENCE_SECONDS) -> Iterator[Lease]:
    """Hold the shard's lock in a process without a keeper, so that no worker drains it: wait for it for `seconds`,
    renew it over the connection `beat`, and ring at the end if entries wait. Raises `Busy`."""
    lease = Lease(inbox, shard, ALONE + secrets.token_hex(8))
    gives_up = time.monotonic() + seconds
    while not inbox.acquire(shard, lease.token):
        if time.monotonic() > gives_up:
            raise Busy
        time.sleep(0.005)
    lease.renewed_at = time.monotonic()
    ended = threading.Event()
    thread = threading.Thread(target=_renew_until, args=(lease, Stream(beat, inbox.name), ended), daemon=True)
    thread.start()
    try:
        yield lease
    finally:
        ended.set()
        thread.join()
        lease.end()
        if inbox.release(shard, lease.token) > 0:
            Bell(inbox.redis).ring(inbox.name, shard)


def _renew_until(lease: Lease, inbox: Stream, ended: threading.Event) -> None:
    while not ended.wait(RENEW_SECONDS):
        with suppress(*AWAY):
            lease.renew(inbox)


class Leases:
    """The locks that this process holds, for its keeper to renew."""

    def __init__(self) -> None:
        self._held: dict[str, Lease] = {}
        self._lock = threading.Lock()

    @contextmanager
    def hold(self, inbox: Stream, shard: int) -> Iterator[Lease | None]:
        """Take the shard's lock, None if somebody has it. The caller releases it through `inbox.release`."""
        lease = Lease(inbox, shard, secrets.token_hex(8))
        if not inbox.acquire(shard, lease.token):
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
