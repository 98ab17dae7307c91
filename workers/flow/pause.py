"""The pause of the whole line: shared by all workers, with a reason and an end; then one small call probes.

It burns no lead's tries: while the line is paused nothing leaves the inbox.
"""

import random

from leadcore.store import keys
from leadcore.store.connection import Redis
from leadcore.store.lua import DEL_FIRST, NOW
from leadcore.store.streams import LOCK_MS
from workers.flow.errors import LineDown
from workers.flow.lease import Lease

LONGEST = {
    "daily_quota": 900.0,
    "migrating": 900.0,
    "unauthorized": 60.0,
    "forbidden": 60.0,
    "no_key": 30.0,
}
# A probe is one small call, so after a passing fault the line is tried again soon.
LONGEST_OTHER = 8.0
FIRST_MS = 1000
JITTER_MS = 5000

_BEGIN = (
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
        self._begin = connection.register_script(_BEGIN)
        self._admit = connection.register_script(_ADMIT)

    def begin(self, down: LineDown) -> None:
        """Pause the line, for as long as was asked or with a growing, jittered wait."""
        asked = "" if down.seconds is None else int(down.seconds * 1000)
        longest = int(LONGEST.get(down.code, LONGEST_OTHER) * 1000)
        jitter = random.randrange(JITTER_MS)  # noqa: S311 - jitter
        self._begin(keys=[self.key], args=[down.code, down.why, FIRST_MS, longest, asked, jitter])
        self.redis.delete(self.probe_key)

    def admit(self, lease: Lease) -> str:
        """ "open": work; "paused": do not; "probe": make one small call, then `end` the pause or `begin` it anew."""
        names = [self.key, self.probe_key]
        answer: bytes = self._admit(keys=names, args=[lease.token, LOCK_MS])
        if answer == b"probe":
            lease.also.add(self.probe_key)
        return answer.decode()

    def unprobe(self, lease: Lease) -> None:
        """The probe is over, however it ended: somebody else may be the next."""
        lease.also.discard(self.probe_key)
        self.redis.delete(self.probe_key)

    def stands(self) -> bool:
        """Whether somebody has paused the line."""
        return bool(self.redis.exists(self.key))

    def end(self) -> None:
        """The line works again."""
        self.redis.delete(self.key, self.probe_key)
