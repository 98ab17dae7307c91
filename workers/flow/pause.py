"""The pause of a whole line, shared by all workers, with a reason and an end; after it one small call probes the line.

A pause does not count as a try of any lead: nothing leaves the inbox meanwhile. Only the probe may count one.
"""

from leadcore.machine import Machine
from leadcore.store import keys, lines, scripts
from leadcore.store.connection import Redis
from leadcore.store.lua import DEL_FIRST, NOW
from leadcore.store.streams import LOCK_MS
from workers.flow.errors import LineDown
from workers.flow.lease import Lease
from workers.rules.retry import find_retry, line_waits

_START = (
    """
-- Returns when the pause ends, in ms. ARGV from 3 on: the waits in ms after the first failure, the second ...
local pause = KEYS[1]
local code, reason = unpack(ARGV, 1, 2)
"""
    + DEL_FIRST
    + NOW
    + """
local before = tonumber(redis.call('HGET', pause, 'until') or '0')
if before > now and redis.call('HGET', pause, 'code') == code then return before end
-- Parallel calls that fail are one failure.
local failures = redis.call('HINCRBY', pause, 'failures', before > now and 0 or 1)
local ends = now + ARGV[2 + math.min(failures, #ARGV - 2)]
redis.call('HSETNX', pause, 'since', string.format('%.0f', now))
if ends <= before then return before end
redis.call('HSET', pause, 'code', code, 'reason', reason, 'until', string.format('%.0f', ends))
return ends
"""
)

_ADMIT = (
    """
-- Returns 'open', 'paused' or 'probe'. ms: for how long the prober keeps the probe without renewing it.
local pause, probe = unpack(KEYS)
local token, ms = unpack(ARGV)
"""
    + DEL_FIRST
    + NOW
    + """
local paused_until = redis.call('HGET', pause, 'until')
if not paused_until then return 'open' end
if tonumber(paused_until) > now then return 'paused' end
if redis.call('SET', probe, token, 'NX', 'PX', ms) then return 'probe' end
return 'paused'
"""
)

_CLEAR = """
-- Returns 1, or 0 if the probe is no longer ours.
local probe, token = KEYS[1], ARGV[1]
if redis.call('GET', probe) ~= token then return 0 end
redis.call('DEL', unpack(KEYS))
return 1
"""


class Pause:
    """The pause of `line` over one Redis connection."""

    def __init__(self, connection: Redis, machine: Machine, line: str = keys.INBOX) -> None:
        self.redis, self.machine = connection, machine
        self.key = lines.find(line).pause
        self.probe_key = f"{self.key}:probe"
        self.calls_key = keys.calls(line)
        self._start_script = connection.register_script(_START)
        self._admit_script = connection.register_script(_ADMIT)
        self._clear_script = connection.register_script(_CLEAR)
        self._unlock = connection.register_script(scripts.UNLOCK)

    def start(self, down: LineDown) -> None:
        """Pause the line: as long as was asked, else longer after each failure; with jitter."""
        waits = line_waits(find_retry(down.code), down.seconds, self.machine.random())
        self._start_script(keys=[self.key], args=[down.code, down.why, *(int(one * 1000) for one in waits)])
        self.redis.delete(self.probe_key)

    def admit(self, lease: Lease) -> str:
        """ "open": work; "paused": do not; "probe": make one small call, then `clear` the pause or `start` it again."""
        names = [self.key, self.probe_key]
        answer: bytes = self._admit_script(keys=names, args=[lease.token, LOCK_MS])
        if answer == b"probe":
            lease.extra_locks.add(self.probe_key)
        return answer.decode()

    def end_probe(self, lease: Lease) -> None:
        """The probe is over, whatever its result: another worker may probe next."""
        lease.extra_locks.discard(self.probe_key)
        self._unlock(keys=[self.probe_key], args=[lease.token])

    def is_active(self) -> bool:
        """Whether the line is paused, or waits for its probe."""
        return bool(self.redis.exists(self.key))

    def clear(self, lease: Lease) -> bool:
        """The line works again; what failed before says nothing of it. False, and nothing is done, if the probe is no
        longer ours: this worker stood still, and the line may have been paused anew."""
        return bool(self._clear_script(keys=[self.probe_key, self.key, self.calls_key], args=[lease.token]))
