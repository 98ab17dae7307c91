"""HubSpot's quota of searches, which all apps of a portal share, as one for all workers."""

from collections.abc import Callable
from typing import TypeVar

from leadcore.machine import Event
from leadcore.store import keys
from leadcore.store.connection import Redis
from leadcore.store.streams import Stream
from workers.flow.errors import LineDown, Stopping

# HubSpot allows 5 searches a second, for some portals 4.
SEARCH_INTERVAL_SECONDS = 0.25
# A rate limit of at most SHORT_WAIT_SECONDS is waited for, SEARCH_TRIES times.
SHORT_WAIT_SECONDS, SEARCH_TRIES = 2.0, 8
T = TypeVar("T")


class SearchQuota:
    """`stop`: set when the process is to end."""

    def __init__(self, connection: Redis, stop: Event) -> None:
        self.stream, self.stop = Stream(connection), stop

    def run(self, search: Callable[[], T]) -> T:
        """What `search` returns, called at most once per SEARCH_INTERVAL_SECONDS over all workers; again if the
        portal's other apps used up the limit per second. Raises what it raises, and `Stopping`."""
        for left in reversed(range(SEARCH_TRIES)):
            while not self.stream.acquire_lock(keys.SEARCHED, "1", int(SEARCH_INTERVAL_SECONDS * 1000)):
                self._sleep(SEARCH_INTERVAL_SECONDS / 5)
            try:
                return search()
            except LineDown as down:
                if down.code != "rate_limit" or not left or (down.seconds or SHORT_WAIT_SECONDS) > SHORT_WAIT_SECONDS:
                    raise
                self._sleep(down.seconds or SEARCH_INTERVAL_SECONDS)
        raise AssertionError

    def _sleep(self, seconds: float) -> None:
        if self.stop.wait(seconds):
            raise Stopping("the next search")
