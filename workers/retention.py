"""Removes what has expired: receipts beyond the cap, index entries without a receipt, and what the lines have kept for
too long (`leadcore.store.lines`).

What waits in a line ends once workers have seen it stand for so long, not once it is so old: while no worker lived,
nobody could take it, and those who come back have to get to it first.

Each worker's maintenance thread calls this with every sweep. A step is one script over a few hundred entries that frees
memory first and can be repeated, so workers need not agree on who does it.
"""

from contextlib import suppress

import msgspec
import structlog

from leadcore.config import Inbox as InboxConfig
from leadcore.fields import RECEIPT
from leadcore.reasons import reason
from leadcore.receipts import DISCARDED, PARKED, WAITING, pack
from leadcore.store import keys, lines
from leadcore.store.connection import Redis
from leadcore.store.endpoints import Endpoints
from leadcore.store.lines import Kept, Line
from leadcore.store.lua import COUNT, DEL_FIRST, ENTRY_FIELDS, NOW, RECEIPT_FIELDS
from leadcore.store.payments import read_news
from leadcore.store.scripts import ENDED_SECONDS
from leadcore.store.streams import DUPLICATE_MS

CHUNK = 500
log = structlog.get_logger("leadsync.retention")
CHUNKS = 20
ABSENT_SECONDS = 86_400
"""While no worker looks at a line for so long, it does not count as standing still."""
NOTE_SECONDS = 600
"""How often it is noted that a worker looked."""

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
-- Returns the leads of those that were removed, of payments their news. A shard that somebody drains is left to them.
-- ARGV: how many at most, how long they may stand, the field of the receipt, what it says then, the field of its time,
-- the counter, and what the names of the marks that they were said begin with, '' if they have none.
local stream, lock, standing = unpack(KEYS)
local chunk, keep_ms, ending, said, at_ms, counter, marks = unpack(ARGV)
"""
    + DEL_FIRST
    + COUNT
    + ENTRY_FIELDS
    + f"""
if redis.call('EXISTS', lock) == 1 then return {{}} end
local function read_oldest()
  local entry = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
  local came = entry and tonumber(string.match(entry[1], '^%d+'))
  return came and now - came >= {ABSENT_SECONDS * 1000} and entry[1], came
end
local oldest, came = read_oldest()
if not oldest then return {{}} end
local known, since = string.match(redis.call('GET', standing) or '', '^(%S+) (%d+)$')
if known ~= oldest then since = math.max(came, now - {ABSENT_SECONDS * 1000}) end
local function note(entry)
  redis.call('SET', standing, entry .. ' ' .. string.format('%.0f', since), 'EX', {ABSENT_SECONDS})
end
if known ~= oldest or redis.call('TTL', standing) < {ABSENT_SECONDS - NOTE_SECONDS} then note(oldest) end
if now - since < tonumber(keep_ms) then return {{}} end
local ended = {{}}
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
      if marks == '' then ended[#ended + 1] = lead else redis.call('DEL', marks .. lead) end
    elseif row[2][at] == BODY and marks ~= '' then
      ended[#ended + 1] = row[2][at + 1]
    end
  end
end
if #rows > 0 then count(counter, #rows) end
oldest = read_oldest()
if oldest then note(oldest) end
return ended
"""
)

_END_KEPT = (
    """
-- Returns the leads of those that were removed. kept: what the names of the payloads begin with; state, waits: the
-- field of their receipts, and what it begins with while they wait; marks: as above. ARGV from 8 on: the receipt's
-- fields then.
local index = KEYS[1]
local chunk, kept_seconds, kept, state, waits, counter, marks = unpack(ARGV, 1, 7)
"""
    + DEL_FIRST
    + COUNT
    + f"""
local leads = redis.call('ZRANGEBYSCORE', index, '-inf', now - kept_seconds * 1000, 'LIMIT', 0, chunk)
for _, lead in ipairs(leads) do
  local receipt = '{keys.receipt("")}' .. lead
  redis.call('ZREM', index, lead)
  redis.call('DEL', kept .. lead)
  if marks ~= '' then redis.call('DEL', marks .. lead) end
  count(counter, 1)
  if string.find(redis.call('HGET', receipt, state) or '', waits, 1, true) == 1 then
    redis.call('HSET', receipt, unpack(ARGV, 8))
  end
end
return leads
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
        for line, kept in lines.each_kept():
            if kept.ended:
                self._end(line, kept, seconds * 1000)
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
        of_receipt = (RECEIPT[line.ending], said, RECEIPT[f"{line.ending}_ms"])
        args = [CHUNK, line.seconds * 1000, *of_receipt, line.ended_counter, _name_marks(line)]
        pipe = self.redis.pipeline(transaction=False)
        for shard in range(self.config.shards):
            names = [of(line.name, shard) for of in (keys.entries, keys.lock, keys.standing)]
            self._end_waiting(keys=names, args=args, client=pipe)
        ended = [one for found in pipe.execute() for one in found]
        if ended:
            named = [_read_reference(one) if line.name == keys.PAYMENTS else one.decode() for one in ended]
            log.warning(f"{line.name}.waited_too_long", entries=len(ended), named=named)

    def _trim_events(self, now_ms: int) -> None:
        """Remove what no address outside waits for any more."""
        for endpoints in self.endpoints:
            names = [keys.entries(endpoints.line, shard) for shard in range(self.config.shards)]
            if self.redis.exists(keys.endpoints(endpoints.line), *names):
                lost = endpoints.trim(now_ms)
                if lost:
                    log.warning(f"{endpoints.line}.given_up", entries=lost)
                    self.redis.hincrby(keys.FIGURES, f"{endpoints.line}:given_up", lost)

    def _end(self, line: Line, kept: Kept, now_ms: int) -> None:
        if kept.state:
            of_receipt = [RECEIPT["state"], kept.state, DISCARDED, ""]
            receipt = pack(state=DISCARDED, reason=kept.ended, fields=())
        else:
            of_receipt = [RECEIPT[line.ending], PARKED, line.ended_counter, _name_marks(line)]
            receipt = pack(**{line.ending: f"{DISCARDED}: {kept.ended}", f"{line.ending}_ms": now_ms})
        args = [CHUNK, kept.seconds, kept.key(""), *of_receipt, *receipt]
        for _ in range(CHUNKS):
            ended = [lead.decode() for lead in self._end_kept(keys=[kept.index], args=args)]
            if ended:
                log.warning(f"{line.name}.waited_too_long", kept=kept.name, entries=len(ended), named=ended)
            if len(ended) < CHUNK:
                break


def _read_reference(news: bytes) -> str:
    with suppress(msgspec.MsgspecError):
        return read_news(news).reference
    return ""


def _name_marks(line: Line) -> str:
    """What the names of the marks begin with that something was said; once it is removed it can be said again."""
    return keys.payment_event("") if line.name == keys.PAYMENTS else ""
