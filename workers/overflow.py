"""Keeps stuck orders and notes from filling Redis, so that they never push intents to the disk: beyond 10,000 waiting,
or while Redis is filled over three fifths, the oldest are parked without what the customer said. Their contacts are
written. An order whose intent leaves a note leaves it then, or, in a full Redis, is parked without that too.

Each worker's maintenance thread calls this with every sweep. A step is one script that frees memory first and can be
repeated, so workers need not agree on who does it.
"""

from typing import NamedTuple

from leadcore.config import Inbox as InboxConfig
from leadcore.fields import RECEIPT
from leadcore.reasons import Reason, reason
from leadcore.receipts import PARKED, PARKED_SECONDS, WAITING
from leadcore.store import keys, lines
from leadcore.store.condition import describe_condition
from leadcore.store.connection import Redis, read_info
from leadcore.store.lines import Kept, count_entries
from leadcore.store.lua import COUNT, DEL_FIRST, ENTRY_FIELDS, SINCE, UNPACK_FIELDS
from leadcore.store.parked_orders import FULL, NOTES_FULL
from workers.rules.batch import BATCH

MOST_WAITING = 10_000
MEMORY = 0.6
CHUNK = 250
CHUNKS = 20


class _Shed(NamedTuple):
    """What is shed of a line. `state`: the part of a receipt that says it; `counter`: of what is parked; `why`: code
    and reason."""

    kept: Kept
    state: str
    counter: str
    code: str
    why: Reason

    @property
    def arguments(self) -> tuple[str, ...]:
        """As `_START` takes them."""
        why, figure = f"{PARKED}: {self.code}: {self.why}", f"{self.kept.name}:{self.code}"
        return why, self.kept.key(""), RECEIPT[self.state], self.counter, figure


_SHED_OF = {
    keys.ORDERS: _Shed(lines.PARKED_ORDERS, "order", "order_parked", FULL, reason("order_cart_dropped")),
    keys.NOTES: _Shed(lines.PARKED_NOTES, "note", "note_parked", NOTES_FULL, reason("note_dropped")),
}

# ARGV from 2 on: why, what the names of the parked entries begin with, the receipt's field, counter and figure.
_START = (
    """
local why, prefix, state, counter, figure = unpack(ARGV, 2, 6)
"""
    + DEL_FIRST
    + COUNT
    + ENTRY_FIELDS
    + UNPACK_FIELDS
    + SINCE
    + f"""
local NOTE = '{RECEIPT["note"]}'
-- The note on an order that is parked: `notes` is the stream of its line, '' where it has no room for the text.
local function leave_note(notes, lead, entry, body)
  local receipt, parked = '{keys.receipt("")}' .. lead, '{lines.PARKED_NOTES.key("")}' .. lead
  if redis.call('EXISTS', receipt) == 0 or redis.call('HEXISTS', receipt, NOTE) == 1 then return end
  if notes ~= '' then
    redis.call('XADD', notes, '*', LEAD, lead, BODY, body, unpack(entry))
    redis.call('HSET', receipt, NOTE, '{WAITING}', SINCE[NOTE], string.format('%.0f', now))
  else
    local packed = LEAD .. '\\31' .. lead .. '\\31' .. table.concat(entry, '\\31') .. '\\31'
    redis.call('SET', parked, packed, 'EX', {PARKED_SECONDS})
    redis.call('ZADD', '{lines.PARKED_NOTES.index}', 'NX', now, lead)
    local why = '{PARKED}: {NOTES_FULL}: {reason("note_dropped")}'
    redis.call('HSET', receipt, NOTE, why, SINCE[NOTE], string.format('%.0f', now))
    count('note_parked', 1)
    redis.pcall('HINCRBY', figures, '{lines.PARKED_NOTES.name}:{NOTES_FULL}', 1)
  end
end
local function park(fields, notes)
  local entry, lead = {{}}, nil
  local body, wants_note, of_note = nil, false, {{}}
  for at = 1, #fields, 2 do
    if fields[at] == LEAD then lead = fields[at + 1] end
    if fields[at] == BODY then body = fields[at + 1] end
    if fields[at] == VERSION or fields[at] == KIND then
      of_note[#of_note + 1] = fields[at]
      of_note[#of_note + 1] = fields[at + 1]
    end
    if fields[at] == WANTS_NOTE then wants_note = true end
    if fields[at] == LEAD or fields[at] == VERSION then
      entry[#entry + 1] = fields[at] .. '\\31' .. fields[at + 1] .. '\\31'
    end
  end
  if not lead then return end
  redis.call('SET', prefix .. lead, table.concat(entry), 'EX', {PARKED_SECONDS})
  redis.call('ZADD', index, 'NX', now, lead)
  local receipt = '{keys.receipt("")}' .. lead
  if redis.call('EXISTS', receipt) == 1 then
    redis.call('HSET', receipt, state, why, SINCE[state], string.format('%.0f', now))
  end
  if notes and wants_note and body then leave_note(notes, lead, of_note, body) end
end
local function note(parked)
  if parked == 0 then return end
  count(counter, parked)
  redis.pcall('HINCRBY', figures, figure, parked)
end
"""
)
# A drain works on the first entries of its stream: those are left to it.
_SHED = (
    """
-- Returns how many were parked. KEYS from 3 on: per shard the stream, what was put off, the lock, and the stream of
-- notes. with_text: '1' if notes have room for their text.
local index, figures = KEYS[1], KEYS[2]
local wanted, in_work, with_text = tonumber(ARGV[1]), tonumber(ARGV[7]), ARGV[8]
"""
    + _START
    + """
local found = {}
for at = 3, #KEYS, 4 do
  local stream, later, lock = KEYS[at], KEYS[at + 1], KEYS[at + 2]
  local notes = with_text == '1' and KEYS[at + 3] or ''
  local skip = redis.call('EXISTS', lock) == 1 and in_work or 0
  local rows = redis.call('XRANGE', stream, '-', '+', 'COUNT', wanted + skip)
  for number = skip + 1, #rows do
    local ms, sequence = string.match(rows[number][1], '^(%d+)-(%d+)$')
    found[#found + 1] = {tonumber(ms), tonumber(sequence), 'XDEL', stream, rows[number][1], rows[number][2], notes}
  end
  for _, packed in ipairs(redis.call('ZRANGE', later, 0, wanted - 1)) do
    local ms = string.match('\\31' .. packed, '\\31' .. VERSION .. '\\31(%d+)')
    found[#found + 1] = {tonumber(ms or 0), 0, 'ZREM', later, packed, unpack_fields(packed, {}), notes}
  end
end
table.sort(found, function(one, other)
  if one[1] ~= other[1] then return one[1] < other[1] end
  return one[2] < other[2]
end)
local parked = math.min(wanted, #found)
for number = 1, parked do redis.call(found[number][3], found[number][4], found[number][5]) end
for number = 1, parked do park(found[number][6], found[number][7]) end
note(parked)
return parked
"""
)
_STRIP = (
    """
-- Takes the bodies off those that are parked, the oldest first. Returns how many were looked at.
-- after: the rank to begin at.
local index, figures = KEYS[1], KEYS[2]
local wanted, after = tonumber(ARGV[1]), tonumber(ARGV[7])
"""
    + _START
    + """
local leads = redis.call('ZRANGE', index, after, after + wanted - 1)
for _, lead in ipairs(leads) do
  local packed = redis.call('GET', prefix .. lead)
  if packed then
    local fields, has_body = unpack_fields(packed, {}), false
    for at = 1, #fields, 2 do has_body = has_body or fields[at] == BODY end
    if has_body then
      redis.call('DEL', prefix .. lead)
      park(fields)
    end
  end
end
return #leads
"""
)


class Overflow:
    """Works over one Redis connection. Raises redis-py's errors."""

    def __init__(self, connection: Redis, config: InboxConfig) -> None:
        self.redis, self.shards = connection, config.shards
        self._shed = connection.register_script(_SHED)
        self._strip = connection.register_script(_STRIP)
        self._ranks = dict.fromkeys(_SHED_OF, 0)

    def shed(self) -> None:
        """Park what is too much without its body, at most some thousands; the next call continues."""
        for line in _SHED_OF:
            self._strip_parked(line)
        for line in _SHED_OF:
            self._shed_line(line)

    def _shed_line(self, line: str) -> None:
        waiting = self._count_waiting(line)
        for _ in range(CHUNKS):
            is_full = self._is_full()
            wanted = CHUNK if is_full else min(CHUNK, waiting - MOST_WAITING)
            if wanted <= 0 or waiting == 0:
                return
            arguments = [wanted, *_SHED_OF[line].arguments, BATCH, int(not is_full)]
            parked = int(self._shed(keys=self._keys(line), args=arguments))
            if parked == 0:
                return
            waiting -= parked

    def _strip_parked(self, line: str) -> None:
        """What waits for a person is the oldest."""
        for _ in range(CHUNKS):
            if not self._is_full():
                self._ranks[line] = 0
                return
            shed, rank = _SHED_OF[line], self._ranks[line]
            looked = int(self._strip(keys=[shed.kept.index, keys.FIGURES], args=[CHUNK, *shed.arguments, rank]))
            self._ranks[line] = rank + looked if looked == CHUNK else 0
            if looked < CHUNK:
                return

    def _keys(self, line: str) -> list[str]:
        names = [_SHED_OF[line].kept.index, keys.FIGURES]
        for shard in range(self.shards):
            names += [name(line, shard) for name in (keys.entries, keys.later, keys.lock)]
            names.append(keys.entries(keys.NOTES, shard))
        return names

    def _count_waiting(self, line: str) -> int:
        pipe = self.redis.pipeline(transaction=False)
        for shard in range(self.shards):
            count_entries(pipe, line, shard)
        return sum(pipe.execute())

    def _is_full(self) -> bool:
        return describe_condition(read_info(self.redis, "memory")).part > MEMORY
