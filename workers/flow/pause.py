"""The pause of a whole line, shared by all workers, with a reason and an end; after it one small call probes the line.

A pause does not count as a try of any lead: nothing leaves the inbox meanwhile. Only the probe may count one.
"""

import random

from leadcore.store import keys
from leadcore.store.connection import Redis
from leadcore.store.lua import DEL_FIRST, NOW
from leadcore.store.streams import LOCK_MS
from workers.flow.errors import LineDown
from workers.flow.lease import Lease

# Longest waits in seconds, by code of `LineDown`, where the other side does not say how long.
MAX_SECONDS_BY_CODE = {
    "daily_quota": 900.0,
    "migrating": 900.0,
    "unauthorized": 60.0,
    "forbidden": 60.0,
    "no_key": 30.0,
}
# Short, because a probe is one small call and most faults pass soon.
MAX_SECONDS = 8.0
FIRST_MS = 1000
JITTER_MS = 5000

_START = (
    """
-- Returns when the pause ends, in ms. asked_ms: '' if the other side did not say how long to wait.
local pause = KEYS[1]
local code, reason, first_ms, longest_ms, asked_ms, jitter_ms = unpack(ARGV)
"""
    + DEL_FIRST
    + NOW
    + """
local before = tonumber(redis.call('HGET', pause, 'until') or '0')
if before > now and redis.call('HGET', pause, 'code') == code then return before end
-- Parallel calls that fail are one failure.
local failures = redis.call('HINCRBY', pause, 'failures', before > now and 0 or 1)
local wait = tonumber(asked_ms) or math.min(first_ms * 2 ^ (failures - 1), tonumber(longest_ms))
wait = math.max(wait, 1000)
local ends = now + wait + math.min(tonumber(jitter_ms), wait / 4)
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


class Pause:
    """The pause of `line` ("inbox": HubSpot; "outbox": DealDroid) over one Redis connection."""

    def __init__(self, connection: Redis, line: str = keys.INBOX) -> None:
        self.redis = connection
        self.key = keys.PAUSES[line]
        self.probe_key = f"{self.key}:probe"
        self._start_script = connection.register_script(_START)
        self._admit_script = connection.register_script(_ADMIT)

    def start(self, down: LineDown) -> None:
        """Pause the line: as long as was asked, else longer after each failure; with jitter."""
        asked = "" if down.seconds is None else int(down.seconds * 1000)
        longest = int(MAX_SECONDS_BY_CODE.get(down.code, MAX_SECONDS) * 1000)
        jitter = random.randrange(JITTER_MS)  # noqa: S311 - jitter
        self._start_script(keys=[self.key], args=[down.code, down.why, FIRST_MS, longest, asked, jitter])
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
        self.redis.delete(self.probe_key)

    def is_active(self) -> bool:
        """Whether the line is paused, or waits for its probe."""
        return bool(self.redis.exists(self.key))

    def clear(self) -> None:
        """The line works again."""
        self.redis.delete(self.key, self.probe_key)
