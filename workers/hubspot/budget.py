"""HubSpot's burst quota as one budget for all workers.

A slot is reserved before a request and becomes free 10 s after its *answer*: HubSpot counted the request some time in
between, so its rolling window never holds more requests than ours. All workers use Redis' clock. HubSpot's headers
correct the budget if the portal allows less, or if another integration uses part of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from math import ceil

from leadcore.machine import Event, Machine
from leadcore.store import keys
from leadcore.store.connection import AWAY, Redis
from leadcore.store.lua import DEL_FIRST, NOW
from workers.flow.errors import Stopping
from workers.flow.request_context import current

WINDOW_MS = 10_000
# A clock that is being adjusted runs up to 500 ppm off, which is 5 ms in 10 s.
MARGIN_MS = 20
HELD_MS = 35_000

# Slots are sorted by the time at which they are free again.
_TAKEN = (
    DEL_FIRST
    + NOW
    + """
local function taken(since) return redis.call('ZCOUNT', slots, string.format('(%.0f', since), '+inf') end
"""
)

_TAKE = (
    """
-- Returns {0, slots taken}, or {ms until a slot may be free, slots taken} if none is.
-- held_ms: for how long a slot is held while its answer is awaited. Slots that are free for as long are removed.
local slots = KEYS[1]
local limit, slot, held_ms = unpack(ARGV)
"""
    + _TAKEN
    + """
redis.call('ZREMRANGEBYSCORE', slots, '-inf', now - held_ms)
local used = taken(now)
if used < tonumber(limit) then
  redis.call('ZADD', slots, now + held_ms, slot)
  redis.call('PEXPIRE', slots, 60000)
  return {0, used + 1}
end
local first = redis.call('ZRANGEBYSCORE', slots, string.format('(%.0f', now), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
return {math.max(1, first[2] - now), used}
"""
)

_ANSWERED = (
    """
-- Returns how many slots are taken. free_ms: until the slot is free; counted: requests that HubSpot counted; took_ms:
-- how long this request took. HubSpot counted at some moment of it: slots taken when it started are our own.
local slots = KEYS[1]
local slot, free_ms, counted, took_ms = unpack(ARGV)
"""
    + _TAKEN
    + """
redis.call('ZADD', slots, now + free_ms, slot)
counted = tonumber(counted)
if counted > 0 then
  local missing = math.min(counted - taken(now - took_ms), 1000)
  for i = 1, missing do redis.call('ZADD', slots, now + free_ms, 'other:' .. now .. ':' .. i) end
end
redis.call('PEXPIRE', slots, 60000)
return taken(now)
"""
)


class Slot:
    """One request's slot in the budget."""

    def __init__(self, budget: "Budget | NoBudget", name: str) -> None:
        self.budget, self.name, self.used = budget, name, 0

    def read_headers(self, headers: Mapping[str, str]) -> None:
        """Read the X-HubSpot-RateLimit headers of the answer."""
        limit = _number(headers.get("x-hubspot-ratelimit-max"))
        remaining = _number(headers.get("x-hubspot-ratelimit-remaining"))
        interval = _number(headers.get("x-hubspot-ratelimit-interval-milliseconds"))
        if limit is None or remaining is None or interval != WINDOW_MS:
            return
        self.used = max(limit - remaining, 0)
        self.budget.portal_limit = limit


class Budget:
    """`limit`: requests in any 10 s; `stop`: set when the worker is to end. `scarce`: whether over half of the slots
    were in use when this process last asked Redis."""

    def __init__(self, connection: Redis, limit: int, stop: Event, machine: Machine) -> None:
        self.redis, self.limit, self.stop, self.machine = connection, limit, stop, machine
        self.portal_limit = limit
        self.scarce = False
        self._acquire_slot = connection.register_script(_TAKE)
        self._finish_slot = connection.register_script(_ANSWERED)

    @property
    def granted(self) -> int:
        """The most requests that this app makes in any 10 s."""
        return max(1, min(self.limit, self.portal_limit))

    @contextmanager
    def slot(self) -> Iterator[Slot]:
        """Use a reserved slot, or wait for one, and hold it for one request; raises `Stopping`."""
        if self.stop.is_set():
            raise Stopping("a call to HubSpot")
        reserved = current().slots
        slot = Slot(self, reserved.pop() if reserved else self._wait_for_slot())
        started = self.machine.monotonic()
        try:
            yield slot
        finally:
            spare = max(self.portal_limit - self.limit, 0)
            used = max(slot.used - spare, 0)
            with suppress(*AWAY):  # the answer matters more, and a slot that is not released expires
                took_ms = ceil((self.machine.monotonic() - started) * 1000)
                args = [slot.name, WINDOW_MS + MARGIN_MS, used, took_ms]
                in_use = self._finish_slot(keys=[keys.BUDGET], args=args)
                # One more: the slot that the next request will take.
                self.scarce = 2 * (in_use + 1) > self.granted

    def _wait_for_slot(self) -> str:
        while True:
            name, seconds = self.reserve()
            if name:
                return name
            if self.stop.wait(seconds):
                raise Stopping("a call to HubSpot")

    def reserve(self) -> tuple[str, float]:
        """Reserve a slot, for a request made within `checked` or to be released. Returns its name; if none is free, ""
        and the seconds until one may be."""
        name = self.machine.token(6)
        wait, used = self._acquire_slot(keys=[keys.BUDGET], args=[self.granted, name, HELD_MS])
        self.scarce = 2 * used > self.granted
        return ("", wait / 1000) if wait else (name, 0.0)

    def release(self, names: Sequence[str]) -> None:
        """Free slots for which no request was made."""
        if names:
            with suppress(*AWAY):  # they expire
                self.redis.zrem(keys.BUDGET, *names)

    def has_room(self, now_ms: int) -> bool:
        """Whether a slot is free at `now_ms` of Redis' clock."""
        return int(self.redis.zcount(keys.BUDGET, f"({now_ms}", "+inf")) < self.granted


class NoBudget:
    """For a single command without Redis: a handful of calls needs no shared budget."""

    portal_limit = granted = 0
    scarce = False

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    @contextmanager
    def slot(self) -> Iterator[Slot]:
        yield Slot(self, "")

    def reserve(self) -> tuple[str, float]:
        return "free", 0.0

    def release(self, names: Sequence[str]) -> None:
        """Nothing is counted."""


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() else None
