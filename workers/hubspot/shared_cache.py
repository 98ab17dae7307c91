"""What HubSpot says of the portal, read again every hour: by one worker for all of them."""

from typing import Any, Generic, TypeVar

import structlog

from leadcore.machine import Event, Machine
from leadcore.store.connection import AWAY
from workers.flow.errors import LineDown, Stopping
from workers.hubspot.portal_store import PortalStore
from workers.rules.retry import find_retry

FRESH_SECONDS = 3600.0
# How often a drain looks whether another worker has read it anew, after it did when it began.
CHECK_SECONDS = 5.0
WAIT_SECONDS = 0.05
T = TypeVar("T")
log = structlog.get_logger("leadsync.portal")


class SharedCache(Generic[T]):
    """What HubSpot says of the portal, as `T`, read again every hour. `store`: what the workers share, None for a
    single command."""

    def __init__(self, machine: Machine, store: PortalStore | None, stop: Event | None) -> None:
        self.machine, self.store, self.stop = machine, store, stop or machine.event()
        self._value: T | None = None
        # What serves on while HubSpot does not say anew what it seems to say no more.
        self._doubted: T | None = None
        # When the listing was read, and when one that is wrong was read: by Redis' clock, in ms.
        self._read_ms = self._wrong_ms = 0
        # By this machine's clock.
        self._stale_at = self._check_at = 0.0
        self._refreshing = False

    def fetch(self) -> Any:
        """Ask HubSpot: what `build` takes, as JSON. Raises `LineDown`."""
        raise NotImplementedError

    def build(self, listing: Any) -> T:
        """Pure. Raises `LineDown` for a portal that cannot be used."""
        raise NotImplementedError

    def note(self, value: T, listing: Any) -> float:
        """Take note of a listing that is used from now on; returns for how many seconds it is fresh."""
        return FRESH_SECONDS

    def current(self) -> T:
        """What it said at most an hour ago; where workers share it, it is read anew in the background. Raises
        `LineDown`, `Stopping` and redis-py's errors."""
        now = self.machine.monotonic()
        if self._value is None or (self.store is None and now > self._stale_at):
            return self._share(self.store) if self.store else self._use(*self._read(), 0)
        if self.store and now >= self._check_at:
            self._follow(self.store, now)
        return self._value

    def check(self) -> None:
        """Look at the next use whether another worker has read it anew."""
        self._check_at = 0.0

    def invalidate(self, *, doubted: bool = False) -> None:
        """What HubSpot says does not fit: let it be read anew at the next use, unless another worker has. `doubted`: it
        may be used all the same while it cannot be read."""
        self._doubted = self._value if doubted else None
        self._value, self._wrong_ms = None, self._read_ms

    def _share(self, store: PortalStore) -> T:
        """What is in Redis, or a new listing; waits for the worker that is reading one."""
        while True:
            if found := self._adopt(store):
                return found
            with store.lock() as is_ours:
                if is_ours:
                    try:
                        # Another worker may have stored it right before.
                        return self._adopt(store) or self._read_for_all(store)
                    except LineDown as down:
                        return self._go_on(down)
            if self.stop.wait(WAIT_SECONDS):
                raise Stopping("reading the portal's properties")

    def _read_for_all(self, store: PortalStore) -> T:
        read_ms = store.now_ms()
        value, listing = self._read()
        store.save(read_ms, listing)
        return self._use(value, listing, read_ms)

    def _go_on(self, down: LineDown) -> T:
        """Use what is in doubt, and ask again soon. Raises `down` if there is none, or if HubSpot has answered."""
        if self._doubted is None or not find_retry(down.code).by_rate:
            raise down
        now = self.machine.monotonic()
        self._value, self._check_at, self._stale_at = self._doubted, now + CHECK_SECONDS, now
        return self._value

    def _adopt(self, store: PortalStore) -> T | None:
        read_ms, listing = store.load()
        if read_ms <= self._wrong_ms:
            return None
        age = max(store.now_ms() - read_ms, 0) / 1000
        return self._use(self.build(listing), listing, read_ms, age)

    def _follow(self, store: PortalStore, now: float) -> None:
        """Take what another worker has read since, or read it in the background once it is an hour old."""
        self._check_at = now + CHECK_SECONDS
        if store.read_at() not in (0, self._read_ms):
            self._adopt(store)
        if now > self._stale_at:
            self.begin_refresh(store)

    def begin_refresh(self, store: PortalStore) -> None:
        """Read it anew in the background."""
        if not self._refreshing:
            self._refreshing, read_ms = True, self._read_ms
            self.machine.thread(lambda: self._refresh(store, read_ms), "portal").start()

    def _refresh(self, store: PortalStore, old_ms: int) -> None:
        """In its own thread: store a listing that is newer than `old_ms`, which `current` then takes; meanwhile it may
        have taken one of another worker's."""
        try:
            with store.lock() as is_ours:
                if is_ours and store.read_at() <= old_ms:
                    read_ms = store.now_ms()
                    store.save(read_ms, self._read()[1])
        except (LineDown, Stopping, *AWAY) as error:  # the old one still serves
            log.info("portal.not_read", error=type(error).__name__)
        except Exception as error:  # a thread must not end with a traceback
            log.warning("portal.not_read", error=type(error).__name__)
        finally:
            self._refreshing = False

    def _read(self) -> tuple[T, Any]:
        listing = self.fetch()
        return self.build(listing), listing

    def _use(self, value: T, listing: Any, read_ms: int, age: float = 0.0) -> T:
        now = self.machine.monotonic()
        self._value, self._read_ms = value, read_ms
        self._check_at = now + CHECK_SECONDS
        self._stale_at = now + self.note(value, listing) - age
        return value
