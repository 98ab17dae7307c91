"""Removes what has expired: receipts beyond the cap, index entries without a receipt, and what the lines have kept for
too long (`leadcore.store.lines`).

Each worker's maintenance thread calls this with every sweep. A step is one script over a few hundred entries that frees
memory first and can be repeated, so workers need not agree on who does it.
"""

import structlog

from leadcore.config import Inbox as InboxConfig
from leadcore.fields import RECEIPT
from leadcore.reasons import reason
from leadcore.receipts import DISCARDED, WAITING, pack
from leadcore.store import keys, lines
from leadcore.store.connection import Redis
from leadcore.store.endpoints import Endpoints
from leadcore.store.lines import Kept, Line
from leadcore.store.lua import COUNT, DEL_FIRST, ENTRY_FIELDS, NOW, RECEIPT_FIELDS
from leadcore.store.scripts import ENDED_SECONDS
from leadcore.store.streams import DUPLICATE_MS

CHUNK = 500
log = structlog.get_logger("leadsync.retention")
CHUNKS = 20

# A receipt identifies a repeated event while it is younger than `duplicate_ms`, so the cap removes older ones only.
_TRIM = (
    """
-- Returns where to go on, '-' at the end. ARGV from 5 on: the states of leads that are not done.
local leads = KEYS[1]
local after, chunk, cap, duplicate_ms = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local undone = {}
for at = 5, #ARGV do undone[ARGV[at]] = true end
"""
    + DEL_FIRST
    + NOW
    + RECEIPT_FIELDS
    + f"""
local over = redis.call('XLEN', leads) - cap
local rows = redis.call('XRANGE', leads, after, '+', 'COUNT', chunk)
for _, row in ipairs(rows) do
  local row_id, lead = row[1], row[2][2]
  if now - tonumber(string.match(row_id, '^%d+')) < duplicate_ms then return '-' end
  local receipt = '{keys.receipt("")}' .. lead
  local received, state = unpack(redis.call('HMGET', receipt, RECEIVED, STATE))
  if not received and not state then
    over = over - redis.call('XDEL', leads, row_id)
  elseif over <= 0 then
    return '-'
  elseif received and now - tonumber(received) < duplicate_ms then
    -- The same event came again after a week: its receipt is a new one, with a row of its own.
    over = over - redis.call('XDEL', leads, row_id)
  elseif state and not undone[state] then
    over = over - redis.call('XDEL', leads, row_id)
    redis.call('DEL', receipt)
  end
end
return #rows > 0 and '(' .. rows[#rows][1] or '-'
"""
)

_END_WAITING = (
    """
-- Returns how many were removed. A shard that somebody drains is left to them. ARGV: how many at most, how old they may
-- be, the field of the receipt, what it says then, and the field of its time.
local stream, lock = unpack(KEYS)
local chunk, keep_ms, ending, said, at_ms = unpack(ARGV)
"""
    + DEL_FIRST
    + NOW
    + ENTRY_FIELDS
    + f"""
if redis.call('EXISTS', lock) == 1 then return 0 end
local rows = redis.call('XRANGE', stream, '-', string.format('(%.0f-0', now - keep_ms), 'COUNT', chunk)
for _, row in ipairs(rows) do
  redis.call('XDEL', stream, row[1])
  for at = 1, #row[2], 2 do
    if row[2][at] == LEAD then
      local lead = row[2][at + 1]
      local receipt = (string.find(lead, ':', 1, true) and '{keys.message("")}' or '{keys.receipt("")}') .. lead
      if redis.call('EXISTS', receipt) == 1 then
        redis.call('HSET', receipt, ending, said, at_ms, string.format('%.0f', now))
      end
    end
  end
end
return #rows
"""
)

_END_KEPT = (
    """
-- Returns how many leads were discarded. kept: what the names of the payloads begin with; waits: the state that their
-- receipts have. ARGV from 5 on: the receipt's fields.
local index = KEYS[1]
local chunk, kept_seconds, kept, waits = unpack(ARGV, 1, 4)
"""
    + DEL_FIRST
    + COUNT
    + RECEIPT_FIELDS
    + f"""
local leads = redis.call('ZRANGEBYSCORE', index, '-inf', now - kept_seconds * 1000, 'LIMIT', 0, chunk)
for _, lead in ipairs(leads) do
  local receipt = '{keys.receipt("")}' .. lead
  redis.call('ZREM', index, lead)
  redis.call('DEL', kept .. lead)
  count('{DISCARDED}', 1)
  if redis.call('HGET', receipt, STATE) == waits then redis.call('HSET', receipt, unpack(ARGV, 5)) end
end
return #leads
"""
)


class Retention:
    """Works over one Redis connection. Raises redis-py's errors."""

    def __init__(self, connection: Redis, config: InboxConfig) -> None:
        self.redis, self.config = connection, config
        self._trim = connection.register_script(_TRIM)
        self._end_waiting = connection.register_script(_END_WAITING)
        self._end_kept = connection.register_script(_END_KEPT)
        self._after = "-"
        self.endpoints = [Endpoints(connection, line.name, config.shards) for line in lines.LINES if line.has_endpoints]

    def apply(self) -> None:
        """Remove what has expired, at most some thousands; the next call continues from there."""
        undone = [WAITING, *(kept.state for _, kept in lines.each_kept() if kept.state)]
        for _ in range(CHUNKS):
            answer: bytes = self._trim(
                keys=[keys.LEADS], args=[self._after, CHUNK, self.config.receipts_max, DUPLICATE_MS, *undone]
            )
            self._after = answer.decode()
            if self._after == "-":
                break
        seconds, _ = self.redis.time()
        self.redis.zremrangebyscore(keys.MESSAGES, "-inf", (seconds - ENDED_SECONDS) * 1000)
        for _, kept in lines.each_kept():
            if kept.state:
                self._end(kept)
            else:
                self.redis.zremrangebyscore(kept.index, "-inf", (seconds - kept.seconds) * 1000)
        for line in lines.LINES:
            if line.seconds:
                self._end_line(line)
        self._trim_events(seconds * 1000)

    def _end_line(self, line: Line) -> None:
        """Remove what waited in the line for too long, so that one that is switched off keeps nothing for ever."""
        why = reason("waited_too_long", days=line.seconds // 86_400)
        said = f"failed: {why}" if line.name == keys.OUTBOX else f"{DISCARDED}: {why}"
        names = [(keys.entries(line.name, shard), keys.lock(line.name, shard)) for shard in range(self.config.shards)]
        of_receipt = (RECEIPT[line.ending], said, RECEIPT[f"{line.ending}_ms"])
        pipe = self.redis.pipeline(transaction=False)
        for pair in names:
            self._end_waiting(keys=pair, args=[CHUNK, line.seconds * 1000, *of_receipt], client=pipe)
        ended = sum(pipe.execute())
        if ended:
            log.warning(f"{line.name}.waited_too_long", entries=ended)

    def _trim_events(self, now_ms: int) -> None:
        """Remove what no address outside waits for any more."""
        for endpoints in self.endpoints:
            names = [keys.entries(endpoints.line, shard) for shard in range(self.config.shards)]
            if self.redis.exists(keys.endpoints(endpoints.line), *names):
                lost = endpoints.trim(now_ms)
                if lost:
                    log.warning(f"{endpoints.line}.given_up", entries=lost)
                    self.redis.hincrby(keys.FIGURES, f"{endpoints.line}:given_up", lost)

    def _end(self, kept: Kept) -> None:
        receipt = pack(state=DISCARDED, reason=kept.ended, fields=())
        for _ in range(CHUNKS):
            if (
                self._end_kept(keys=[kept.index], args=[CHUNK, kept.seconds, kept.key(""), kept.state, *receipt])
                < CHUNK
            ):
                break
