"""HubSpot's quotas as one budget for all workers: that of any 10 s, and that of a day.

A slot is reserved before a request and becomes free 10 s after its *answer*: HubSpot counted the request some time in
between, so its rolling window never holds more requests than ours. All workers use Redis' clock. HubSpot's headers
correct the budget if the portal allows less, or if another integration uses part of it.

The day's calls are counted from midnight in the portal's time zone, and by HubSpot's headers where an answer has them.
Calls with leads keep the pace that `workers.rules.pacer` finds for what is left: the same script that takes the slot
keeps the gap. A paced slot carries its gap in its name, by which it is given back if no call uses it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from math import ceil
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from leadcore.machine import Event, Machine
from leadcore.store import keys
from leadcore.store.connection import AWAY, Redis
from leadcore.store.lua import DEL_FIRST, NOW
from workers.flow.errors import Stopping
from workers.flow.request_context import current
from workers.rules.pacer import DAY_SECONDS, FREE, Day, Pace, find_midnight, find_pace

WINDOW_MS = 10_000
# A clock that is being adjusted runs up to 500 ppm off, which is 5 ms in 10 s.
MARGIN_MS = 20
HELD_MS = 35_000
PER_DAY = 250_000
# The further requests of a paced call that the line waits for at most.
MAX_CALLS = 4
# The end of the name of a slot for a call that comes after contacts.
_YIELDS = ":after"

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
-- Returns ms until a slot may be free (0: it is taken), slots taken, now in ms, by how many ms paced calls are ahead of
-- their pace, then of the day: its calls, its limit as HubSpot told it or '', the portal's time zone or ''.
-- held_ms: for how long a slot is held while its answer is awaited. Slots that are free for as long are removed.
-- gap, ahead, most: the call's part of the pace in ms (0: it has none), how far ahead it may start ('': any), and how
-- far ahead the line can be. midnight: when the day ends, in ms. pace: the day's field that keeps the pace.
local slots, day, portal = unpack(KEYS)
local limit, slot, held_ms, gap, ahead, most, midnight, pace = unpack(ARGV)
"""
    + _TAKEN
    + """
local ends, calls, told, due = unpack(redis.call('HMGET', day, 'ends', 'calls', 'limit', pace))
calls = now < tonumber(ends or '0') and tonumber(calls) or 0
due = math.max(now, tonumber(due or '0'))
if tonumber(gap) > 0 and due > now + most then
  -- Kept of a slower pace: written back, or it would be as far ahead each time that somebody asks.
  due = now + most
  redis.call('HSET', day, pace, string.format('%.0f', due))
end
local zone = redis.call('HGET', portal, 'time_zone') or ''
local function answer(wait, used) return {wait, used, now, due - now, calls, told or '', zone} end
redis.call('ZREMRANGEBYSCORE', slots, '-inf', now - held_ms)
local used = taken(now)
if ahead ~= '' and due - now > tonumber(ahead) then return answer(due - now - ahead, used) end
if used < tonumber(limit) then
  redis.call('ZADD', slots, now + held_ms, slot)
  redis.call('PEXPIRE', slots, 60000)
  calls = calls + 1
  redis.call('HSET', day, 'ends', midnight, 'calls', string.format('%.0f', calls))
  if tonumber(gap) > 0 then
    due = due + gap
    redis.call('HSET', day, pace, string.format('%.0f', due))
  end
  return answer(0, used + 1)
end
local first = redis.call('ZRANGEBYSCORE', slots, string.format('(%.0f', now), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
return answer(math.max(1, first[2] - now), used)
"""
)

_RELEASE = """
-- Gives slots back for which no call was made, and their part of the pace. ARGV: a name, its gap in ms and the day's
-- field that keeps it, and so on.
local slots, day = unpack(KEYS)
for at = 1, #ARGV, 3 do
  if redis.call('ZREM', slots, ARGV[at]) == 1 and redis.call('EXISTS', day) == 1 then
    redis.call('HINCRBY', day, 'calls', -1)
    if ARGV[at + 1] ~= '0' then redis.call('HINCRBY', day, ARGV[at + 2], '-' .. ARGV[at + 1]) end
  end
end
"""

_ANSWERED = (
    """
-- Returns how many slots are taken. free_ms: until the slot is free; counted: requests that HubSpot counted; took_ms:
-- how long this request took. HubSpot counted at some moment of it: slots taken when it started are our own.
-- day_calls, day_limit: of the day, as HubSpot told them; '' if it did not.
local slots, day = unpack(KEYS)
local slot, free_ms, counted, took_ms, day_calls, day_limit = unpack(ARGV)
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
if day_limit ~= '' then redis.call('HSET', day, 'calls', day_calls, 'limit', day_limit) end
return taken(now)
"""
)


class Slot:
    """One request's slot in the budget."""

    def __init__(self, budget: "Budget | NoBudget", name: str) -> None:
        self.budget, self.name, self.used = budget, name, 0
        self.day: tuple[int, int] | None = None
        """The day's calls and their limit, as HubSpot told them."""

    def read_headers(self, headers: Mapping[str, str]) -> None:
        """Read the X-HubSpot-RateLimit headers of the answer."""
        limit, left = (_number(headers.get(f"x-hubspot-ratelimit-daily{end}")) for end in ("", "-remaining"))
        if limit is not None and left is not None:
            self.day = max(limit - left, 0), limit
        limit = _number(headers.get("x-hubspot-ratelimit-max"))
        remaining = _number(headers.get("x-hubspot-ratelimit-remaining"))
        interval = _number(headers.get("x-hubspot-ratelimit-interval-milliseconds"))
        if limit is None or remaining is None or interval != WINDOW_MS:
            return
        self.used = max(limit - remaining, 0)
        self.budget.portal_limit = limit


class Budget:
    """`limit`: requests in any 10 s; `stop`: set when the worker is to end; `per_day`, `time_zone`: of the daily quota,
    until HubSpot tells. `scarce`: whether over half of the slots were in use when this process last asked Redis."""

    def __init__(
        self,
        connection: Redis,
        limit: int,
        stop: Event,
        machine: Machine,
        per_day: int = PER_DAY,
        time_zone: ZoneInfo | None = None,
    ) -> None:
        self.redis, self.limit, self.stop, self.machine = connection, limit, stop, machine
        self.portal_limit = limit
        self.scarce = False
        self.time_zone = time_zone or ZoneInfo("UTC")
        self._midnight = 0.0
        # Redis' clock minus this machine's, in seconds.
        self._offset = 0.0
        self._ahead_until = 0.0
        self.day = Day(per_day, per_day, self._seconds_left(machine.time()))
        self._acquire_slot = connection.register_script(_TAKE)
        self._finish_slot = connection.register_script(_ANSWERED)
        self._release_slots = connection.register_script(_RELEASE)

    @property
    def granted(self) -> int:
        """The most requests that this app makes in any 10 s."""
        return max(1, min(self.limit, self.portal_limit))

    @property
    def paced(self) -> bool:
        """Whether over half of the burst of partial calls is used up."""
        return self.machine.monotonic() < self._ahead_until

    @contextmanager
    def slot(self) -> Iterator[Slot]:
        """Use a reserved slot, or wait for one, and hold it for one request; raises `Stopping`."""
        if self.stop.is_set():
            raise Stopping("a call to HubSpot")
        context = current()
        reserved = context.slots.pop() if context.slots else ""
        name = reserved or self._wait_for_slot(paced=context.paced, yields=context.yields)
        # Further requests for the same leads wait for nothing, but the next leads wait for them.
        context.paced |= _gap_ms(name) > 0
        context.yields |= _yields(name)
        slot = Slot(self, name)
        started = self.machine.monotonic()
        try:
            yield slot
        finally:
            spare = max(self.portal_limit - self.limit, 0)
            used = max(slot.used - spare, 0)
            with suppress(*AWAY):  # the answer matters more, and a slot that is not released expires
                took_ms = ceil((self.machine.monotonic() - started) * 1000)
                args = [slot.name, WINDOW_MS + MARGIN_MS, used, took_ms, *(slot.day or ("", ""))]
                in_use = self._finish_slot(keys=[keys.BUDGET, keys.DAY], args=args)
                # One more: the slot that the next request will take.
                self.scarce = 2 * (in_use + 1) > self.granted

    def _wait_for_slot(self, *, paced: bool, yields: bool) -> str:
        pace = find_pace(self.day, full=False, yields=yields) if paced else FREE
        while True:
            name, seconds = self._take(pace, waits=False, yields=yields)
            if name:
                return name
            if self.stop.wait(seconds):
                raise Stopping("a call to HubSpot")

    def reserve(self, leads: Literal["partial", "full", ""] = "", *, yields: bool = False) -> tuple[str, float]:
        """Reserve a slot, for a request made within `checked` or to be released. `leads`: what batch the call writes,
        "" for a call that keeps no pace; `yields`: it comes after contacts. Returns its name; if none is free, or it is
        too early for one, "" and the seconds until there may be one."""
        pace = find_pace(self.day, full=leads == "full", yields=yields) if leads else FREE
        return self._take(pace, waits=True, yields=yields)

    def _take(self, pace: Pace, *, waits: bool, yields: bool = False) -> tuple[str, float]:
        gap = ceil(pace.gap * 1000)
        name = self.machine.token(6) + (f":{gap}" if gap else "") + (_YIELDS if yields else "")
        ahead = gap * (pace.burst - 1) if gap and waits else ""
        most = gap * (pace.burst + MAX_CALLS)
        self._seconds_left(self.machine.time() + self._offset)
        args = [self.granted, name, HELD_MS, gap, ahead, most, ceil(self._midnight * 1000), _pace_field(name)]
        answer = self._acquire_slot(keys=[keys.BUDGET, keys.DAY, keys.PORTAL], args=args)
        wait, used, now_ms, ahead_ms, calls, told, zone = answer
        self.scarce = 2 * used > self.granted
        if gap and not yields:
            self._ahead_until = self.machine.monotonic() + (ahead_ms - gap * pace.burst / 2) / 1000
        self._offset = now_ms / 1000 - self.machine.time()
        self._note_zone(zone)
        limit = int(told) if told else self.day.limit
        self.day = Day(limit, limit - calls, self._seconds_left(now_ms / 1000), told=bool(told))
        return ("", wait / 1000) if wait else (name, 0.0)

    def _seconds_left(self, now: float) -> float:
        """Seconds from `now` (since 1970) until the quota's midnight."""
        if not self._midnight - DAY_SECONDS <= now < self._midnight:
            self._midnight = find_midnight(now, self.time_zone)
        return self._midnight - now

    def _note_zone(self, name: bytes) -> None:
        """Take over the portal's time zone, if it is a known one."""
        text = name.decode("ascii", "replace")
        if text and text != self.time_zone.key:
            with suppress(ZoneInfoNotFoundError, ValueError, OSError):
                self.time_zone, self._midnight = ZoneInfo(text), 0.0

    def release(self, names: Sequence[str]) -> None:
        """Free slots for which no request was made."""
        if names:
            with suppress(*AWAY):  # they expire
                args = [part for name in names for part in (name, _gap_ms(name), _pace_field(name))]
                self._release_slots(keys=[keys.BUDGET, keys.DAY], args=args)

    def has_room(self, now_ms: int) -> bool:
        """Whether a slot is free at `now_ms` of Redis' clock."""
        return int(self.redis.zcount(keys.BUDGET, f"({now_ms}", "+inf")) < self.granted


class NoBudget:
    """For a single command without Redis: a handful of calls needs no shared budget."""

    portal_limit = granted = 0
    scarce = paced = False

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    @contextmanager
    def slot(self) -> Iterator[Slot]:
        yield Slot(self, "")

    def reserve(self, leads: Literal["partial", "full", ""] = "", *, yields: bool = False) -> tuple[str, float]:
        return "free", 0.0

    def release(self, names: Sequence[str]) -> None:
        """Nothing is counted."""


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() else None


def _gap_ms(name: str) -> int:
    """The part of the pace that a slot has taken."""
    return int(name.removesuffix(_YIELDS).partition(":")[2] or 0)


def _yields(name: str) -> bool:
    """Whether the call of a slot comes after contacts."""
    return name.endswith(_YIELDS)


def _pace_field(name: str) -> str:
    """The field of the day that keeps a slot's pace."""
    return "due_after" if _yields(name) else "due"
