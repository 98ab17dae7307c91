"""What ends by itself: receipts beyond the cap, index entries whose receipt has ended, parked leads after 30 days,
unsent messages after 7.

Every worker's keeper calls this now and then; each step is one script over a few hundred entries that frees memory
first and can be repeated, so workers need not agree on who does it.
"""

from leadcore.config import Inbox as InboxConfig
from leadcore.receipts import DISCARDED, PARKED, PARKED_SECONDS, UNSENT_SECONDS, WAITING, pack
from leadcore.store import keys
from leadcore.store.connection import Redis
from leadcore.store.scripts import COUNT
from leadcore.store.streams import DUPLICATE_MS

CHUNK = 500
CHUNKS = 20
ENDED = "it was parked for 30 days, so what it said was removed"

# A receipt tells a repeated event for as long as it is younger than `duplicate ms`, so the cap takes older ones only.
# KEYS: index of leads, none   ARGV: where to read on, how many, cap, duplicate ms
_TRIM = f"""
redis.call('DEL', KEYS[2])
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local over = redis.call('XLEN', KEYS[1]) - tonumber(ARGV[3])
local rows = redis.call('XRANGE', KEYS[1], ARGV[1], '+', 'COUNT', ARGV[2])
for _, row in ipairs(rows) do
  if now - tonumber(string.match(row[1], '^%d+')) < tonumber(ARGV[4]) then return '-' end
  local receipt = '{keys.receipt("")}' .. row[2][2]
  local found = redis.call('HMGET', receipt, 'r', 's')
  if not found[1] and not found[2] then
    over = over - redis.call('XDEL', KEYS[1], row[1])
  elseif over <= 0 then
    return '-'
  elseif found[1] and now - tonumber(found[1]) < tonumber(ARGV[4]) then
    -- The same event came again after a week: its receipt is a new one, and stands in the index once more.
    over = over - redis.call('XDEL', KEYS[1], row[1])
  elseif found[2] and found[2] ~= '{WAITING}' and found[2] ~= '{PARKED}' then
    over = over - redis.call('XDEL', KEYS[1], row[1])
    redis.call('DEL', receipt)
  end
end
return #rows > 0 and '(' .. rows[#rows][1] or '-'
"""

# KEYS: index of parked leads, none   ARGV: how many, parked seconds, then the receipt's fields
_END_PARKED = (
    COUNT
    + f"""
redis.call('DEL', KEYS[2])
local leads = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2] * 1000, 'LIMIT', 0, ARGV[1])
for _, lead in ipairs(leads) do
  local receipt = '{keys.receipt("")}' .. lead
  redis.call('ZREM', KEYS[1], lead)
  redis.call('DEL', '{keys.parked("")}' .. lead)
  count('{DISCARDED}', 1)
  if redis.call('HGET', receipt, 's') == '{PARKED}' then redis.call('HSET', receipt, unpack(ARGV, 3)) end
end
return #leads
"""
)


class Retention:
    """Over one Redis connection. Every method raises redis-py's errors."""

    def __init__(self, connection: Redis, config: InboxConfig) -> None:
        self.redis, self.config = connection, config
        self._trim = connection.register_script(_TRIM)
        self._end_parked = connection.register_script(_END_PARKED)
        self._after = "-"

    def keep(self) -> None:
        """Let end what has to, some thousands at most; the next call goes on from there."""
        for _ in range(CHUNKS):
            answer: bytes = self._trim(
                keys=[keys.LEADS, keys.NONE], args=[self._after, CHUNK, self.config.receipts_max, DUPLICATE_MS]
            )
            self._after = answer.decode()
            if self._after == "-":
                break
        ended = pack(state=DISCARDED, reason=ENDED)
        for _ in range(CHUNKS):
            names = [keys.PARKED, keys.NONE]
            if self._end_parked(keys=names, args=[CHUNK, PARKED_SECONDS, *ended]) < CHUNK:
                break
        seconds, _ = self.redis.time()
        self.redis.zremrangebyscore(keys.UNSENT, "-inf", (seconds - UNSENT_SECONDS) * 1000)
