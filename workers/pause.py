"""The pause of the whole line: shared by all workers, with a reason and an end; then one small call probes.

It burns no lead's tries: while the line is paused nothing leaves the inbox.
"""

import random
from dataclasses import dataclass

from receiver import keys
from receiver.connection import Redis
from workers.hubspot.outcomes import LineDown

PROBE_SECONDS = 30
LONGEST = {"daily_quota": 900.0, "migrating": 900.0, "unauthorized": 60.0, "forbidden": 60.0, "no_key": 30.0}
LONGEST_OTHER = 60.0

# KEYS: pause   ARGV: code, reason, first wait ms, longest ms, asked ms ("" = HubSpot did not say), jitter 0..1
_BEGIN = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local untilms = tonumber(redis.call('HGET', KEYS[1], 'until') or '0')
if untilms > now and redis.call('HGET', KEYS[1], 'code') == ARGV[1] then return untilms end
local failures = redis.call('HINCRBY', KEYS[1], 'failures', 1)
local wait = tonumber(ARGV[5]) or math.min(ARGV[3] * 2 ^ (failures - 1), tonumber(ARGV[4]))
wait = wait * (1 + ARGV[6] * 0.25)
redis.call('HSETNX', KEYS[1], 'since', string.format('%.0f', now))
redis.call('HSET', KEYS[1], 'code', ARGV[1], 'reason', ARGV[2], 'until', string.format('%.0f', now + wait))
return now + wait
"""

# KEYS: pause, probe   ARGV: token, probe seconds
_ADMIT = """
local pausedto = redis.call('HGET', KEYS[1], 'until')
if not pausedto then return 'open' end
local t = redis.call('TIME')
if tonumber(pausedto) > t[1] * 1000 + math.floor(t[2] / 1000) then return 'paused' end
if redis.call('SET', KEYS[2], ARGV[1], 'NX', 'EX', ARGV[2]) then return 'probe' end
return 'paused'
"""


@dataclass(frozen=True, slots=True)
class Pause:
    """The line's pause over one Redis connection."""

    redis: Redis

    def begin(self, down: LineDown) -> None:
        """Pause the line, for as long as HubSpot asked or with a growing, jittered wait."""
        asked = "" if down.seconds is None else int(down.seconds * 1000)
        longest = int(LONGEST.get(down.code, LONGEST_OTHER) * 1000)
        self.redis.eval(
            _BEGIN,
            1,
            keys.PAUSE,
            down.code,
            down.why,
            1000,
            longest,
            asked,
            f"{random.random():.3f}",  # noqa: S311 - jitter
        )
        self.redis.delete(keys.PROBE)

    def admit(self, token: str) -> str:
        """ "open": work; "paused": do not; "probe": make one small call and `end` the pause if it succeeds."""
        answer: bytes = self.redis.eval(_ADMIT, 2, keys.PAUSE, keys.PROBE, token, PROBE_SECONDS)
        return answer.decode()

    def end(self) -> None:
        """The line works again."""
        self.redis.delete(keys.PAUSE, keys.PROBE)
