"""The calls of a line in the last seconds, shared by all workers: whether they worked, and how many were repeats."""

from contextlib import suppress

from leadcore.machine import Event, Machine
from leadcore.store import keys
from leadcore.store.connection import AWAY, Redis
from leadcore.store.lua import DEL_FIRST, NOW
from workers.flow.errors import Stopping
from workers.rules.breaker import REPEAT_SECONDS, WINDOW_SECONDS, Calls, Flight, between, may_repeat

WORKED, WRITTEN, FAILED = "s", "w", "f"
_WINDOW_MS = int(WINDOW_SECONDS * 1000)

# Members: a letter and random digits, sorted by the time of the answer.
_NOTE = (
    """
-- member: "" to note nothing; since_ms: see `workers.rules.breaker.Calls`, 0: now; times: how many calls are noted.
-- Returns {now, total, failed, run, worked, written, failed_since}, after a success {now} alone.
local calls = KEYS[1]
local member, since_ms, window_ms, times = unpack(ARGV)
"""
    + DEL_FIRST
    + NOW
    + f"""
-- To the microsecond: what failed first counts.
local exact = time[1] * 1000 + time[2] / 1000
redis.call('ZREMRANGEBYSCORE', calls, '-inf', now - window_ms)
if member ~= '' then
  for i = 1, times do redis.call('ZADD', calls, string.format('%.3f', exact), member .. i) end
  redis.call('PEXPIRE', calls, window_ms)
  if string.sub(member, 1, 1) ~= '{FAILED}' then return {{now}} end
end
local since, found = tonumber(since_ms), redis.call('ZRANGE', calls, 0, -1, 'WITHSCORES')
if since == 0 then since = exact end
local failed, run, worked, written, failed_since = 0, 0, 0, 0, 0
for i = 1, #found, 2 do
  local letter, recent = string.sub(found[i], 1, 1), tonumber(found[i + 1]) >= since
  if letter == '{FAILED}' then
    failed, run = failed + 1, run + 1
    if recent then failed_since = failed_since + 1 end
  else
    run = 0
    if recent then worked = worked + 1 end
    if recent and letter == '{WRITTEN}' then written = written + 1 end
  end
end
return {{now, #found / 2, failed, run, worked, written, failed_since}}
"""
)

_REPEAT = (
    """
-- Returns 1 if a call may be repeated, and counts it.
local repeats = KEYS[1]
local member, most, window_ms = unpack(ARGV)
"""
    + DEL_FIRST
    + NOW
    + """
redis.call('ZREMRANGEBYSCORE', repeats, '-inf', now - window_ms)
if redis.call('ZCARD', repeats) >= tonumber(most) then return 0 end
redis.call('ZADD', repeats, now, member)
redis.call('PEXPIRE', repeats, window_ms)
return 1
"""
)


class Breaker:
    """The breaker of `line` over one Redis connection. Without Redis it knows of no calls: their answers matter more.
    `stop`: set when the process is to end. `gather_seconds`: while no call of this process fails, successes are noted
    at most so often, all at once."""

    def __init__(
        self, connection: Redis, machine: Machine, stop: Event, line: str = keys.INBOX, gather_seconds: float = 0.0
    ) -> None:
        self.machine, self.stop, self.gather_seconds = machine, stop, gather_seconds
        self.calls_key, self.repeats_key = keys.calls(line), keys.repeats(line)
        self._note_script = connection.register_script(_NOTE)
        self._repeat_script = connection.register_script(_REPEAT)
        self._worked_at = self._noted_at = self._failed_at = -WINDOW_SECONDS
        self._gathered, self._lock = 0, machine.lock()

    @property
    def is_proven(self) -> bool:
        """Whether a call of this process has worked lately."""
        return self.machine.monotonic() - self._worked_at < WINDOW_SECONDS

    def note_success(self, *, write: bool = True) -> None:
        """A call has worked; `write`: it has written something."""
        now = self.machine.monotonic()
        with self._lock:
            if not self.is_proven:
                # Gathered before a quiet time: they say nothing of the present.
                self._gathered = 0
            self._worked_at = now
            self._gathered += 1
            if now - self._noted_at < self.gather_seconds and now - self._failed_at > WINDOW_SECONDS:
                return
            times, self._gathered, self._noted_at = self._gathered, 0, now
        self._note(WRITTEN if write else WORKED, times=times)

    def note_failure(self, flight: Flight | None = None) -> Calls:
        """A call has failed, of `flight` if it was made in one: count it, if it says something of the line."""
        self._failed_at = self.machine.monotonic()
        if flight is None:
            return self._note(FAILED)[1]
        flight.weight += 1
        if flight.failures and not flight.counts(calls := self.read(flight)):
            return calls
        now_ms, calls = self._note(FAILED, flight.since_ms)
        flight.since_ms, flight.counted = flight.since_ms or now_ms, flight.counted + 1
        return calls

    def read(self, flight: Flight | None = None) -> Calls:
        """The calls, as `flight` sees them."""
        return self._note("", flight.since_ms if flight else 0)[1]

    def wait_to_repeat(self, calls: Calls, flight: Flight, repeats: int, seconds: float, most: int) -> bool:
        """True, after a moment, if a call of `flight` that failed is to be sent again; see `may_repeat`. `most`: how
        many repeats all workers may make in the window. Raises `Stopping`."""
        if not may_repeat(calls, repeats, flight.repeats, seconds):
            return False
        if self.stop.wait(between(REPEAT_SECONDS, self.machine.random())):
            raise Stopping("a call is repeated")
        return not self.read(flight).is_open and self._take_repeat(most)

    def _note(self, letter: str, since_ms: int = 0, times: int = 1) -> tuple[int, Calls]:
        """Redis' time in ms, and the calls."""
        member = letter and f"{letter}{self.machine.token()}:"
        with suppress(*AWAY):
            now_ms, *counts = self._note_script(keys=[self.calls_key], args=[member, since_ms, _WINDOW_MS, times])
            return int(now_ms), Calls(*map(int, counts))
        return 0, Calls()

    def _take_repeat(self, most: int) -> bool:
        with suppress(*AWAY):
            args = [self.machine.token(), most, _WINDOW_MS]
            return bool(self._repeat_script(keys=[self.repeats_key], args=args))
        return False
