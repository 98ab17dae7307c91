"""The Lua scripts of the protocol in `leadcore.store.streams`. Each is one step, and atomic.

Numbers are passed as strings where possible: Redis formats each one that Lua passes to it, for 0.3 us.
"""

from leadcore.fields import RECEIPT, VERSION
from leadcore.receipts import HELD, PARKED, WAITING
from leadcore.store import keys
from leadcore.store.lua import COUNT, DEL_FIRST, ENTRY_FIELDS, NOW, RECEIPT_FIELDS, UNCHANGED, UNPACK_FIELDS

ENDED_SECONDS = 30 * 86_400
CART_SECONDS = 45 * 86_400
"""Of what a put notes of a cart; a link lives for 30 days at most."""
ONCE = "ONCE"
MESSAGES_LISTED = 10_000

# Defines `put_message(record, argv, fields, last_field, stream, entry, last)`: a message with a record of its own goes
# to the end of its shard. Uses `now` and `count`.
PUT_MESSAGE = f"""
local function put_message(record, argv, fields, last_field, stream, entry, last)
  redis.call('HSET', record, '{RECEIPT["received_ms"]}', string.format('%.0f', now), unpack(argv, fields, last_field))
  redis.call('EXPIRE', record, {ENDED_SECONDS})
  redis.call('ZADD', '{keys.MESSAGES}', now, string.sub(record, {len(keys.message("")) + 1}))
  redis.call('ZREMRANGEBYRANK', '{keys.MESSAGES}', 0, -{MESSAGES_LISTED + 1})
  redis.call('XADD', stream, '*', '{VERSION.decode()}', string.format('%.0f-0', now), unpack(argv, entry, last))
  count('message_accepted', '1')
end
"""

# Returns the right key to a caller whose digests are made with another one (Redis was emptied since). Uses `secret` and
# `key`, which is '' if the environment fixes it.
_SAME_KEY = """
if key ~= '' then
  local stored = redis.call('GET', secret)
  if not stored then redis.call('SET', secret, key)
  elseif stored ~= key then return {'rekey', stored, now} end
end
"""

# An event from a spool or a journal that is older than its customer's tombstone stays forgotten. Uses `tombstone` and
# `said_ms`.
_STAYS_FORGOTTEN = """
if said_ms ~= '' then
  local until_ms = tonumber(string.match(redis.call('GET', tombstone) or '', '^%d+'))
  if until_ms and tonumber(said_ms) <= until_ms then return {'forgotten', 0, now} end
end
"""

# Defines `execute(from, size)`, which runs the command at ARGV[from], and `add_up()`, to be called at the end:
# increments are summed up, so that they cost once per counter and not once per lead. A receipt that expired while its
# lead or message waited is created again by HSET (then each field is named once) or HSETNX: it must expire too, and not
# before the payload of a parked lead does.
_EXECUTE = (
    COUNT
    + PUT_MESSAGE
    + f"""
local argv, call, find, unpack = ARGV, redis.call, string.find, unpack
local sums = {{}}
local function execute(from, size)
  local command, key = argv[from], argv[from + 1]
  if command == '{ONCE}' then
    if call('EXISTS', key) == 0 then
      local size_of_record = tonumber(argv[from + 2])
      local entry = from + 3 + size_of_record
      put_message(key, argv, from + 3, entry - 1, argv[entry], entry + 1, from + size - 1)
    end
    return
  end
  if command == 'HINCRBY' then
    local field, sum = argv[from + 2], sums[key] or {{}}
    sums[key] = sum
    sum[field] = (sum[field] or 0) + argv[from + 3]
    return
  end
  local added = call(unpack(argv, from, from + size - 1))
  if (command == 'HSET' or command == 'HSETNX') and added * 2 == size - 2
      and (find(key, '{keys.receipt("")}', 1, true) == 1 or find(key, '{keys.message("")}', 1, true) == 1)
      and call('HLEN', key) == added then
    call('EXPIRE', key, {ENDED_SECONDS})
  end
end
local function add_up()
  for key, sum in pairs(sums) do
    for name, by in pairs(sum) do
      if key == '{keys.COUNTS}' then count(name, by) else redis.pcall('HINCRBY', key, name, by) end
    end
  end
end
"""
)

PUT = (
    """
-- Returns what was done ('put', 'rang', 'duplicate', 'forgotten', 'rekey'), with 'rekey' the right key, and now in ms.
-- key: of the digests, '' if the environment fixes it; said_ms: '' for an event straight from DealDroid.
-- cart: '' or 'reference amount', see `leadcore.store.orders`, and cart_of: whose it is. ARGV from 11 on: the
-- receipt's fields.
local receipt, stream, bell, leads, secret, tombstone, order, newest = unpack(KEYS)
local key, lead, body, said_ms, kind, receipt_seconds, duplicate_ms, bell_seconds, cart, cart_of = unpack(ARGV, 1, 10)
"""
    + ENTRY_FIELDS
    + RECEIPT_FIELDS
    + COUNT
    + _SAME_KEY
    + _STAYS_FORGOTTEN
    + f"""
local seen, state = unpack(redis.call('HMGET', receipt, RECEIVED, STATE))
-- Of a lead that a dry run held back nothing was written: what comes again is taken, unless it is that event itself,
-- from a spool or a journal.
local is_held = seen and state == '{HELD}' and (said_ms == '' or tonumber(said_ms) > tonumber(seen))
if seen and not is_held
    and (now - seen < tonumber(duplicate_ms) or not state or state == '{WAITING}' or state == '{PARKED}') then
  if said_ms == '' then count('duplicate', '1') end
  return {{'duplicate', 0, now}}
end
local HELD, HELD_INDEX = '{keys.held("")}' .. lead, '{keys.HELD}'
local CART_SECONDS = '{CART_SECONDS}'
"""
    + """
local version = now
local entry = {LEAD, lead, BODY, body}
if said_ms ~= '' then
  version = math.min(tonumber(said_ms), now)
  entry[#entry + 1] = VERSION
  entry[#entry + 1] = string.format('%.0f', version)
end
if kind ~= '' then
  entry[#entry + 1] = KIND
  entry[#entry + 1] = kind
end
-- First what a full Redis refuses: after a deletion it lets everything pass, and would never be full to a receiver.
redis.call('XADD', stream, '*', unpack(entry))
if is_held or not seen then
  redis.call('DEL', HELD)
  redis.call('ZREM', HELD_INDEX, lead)
end
if seen then redis.call('DEL', receipt) end
redis.call('HSET', receipt, RECEIVED, string.format('%.0f', version), unpack(ARGV, 11))
redis.call('EXPIRE', receipt, receipt_seconds)
redis.call('XADD', leads, '*', LEAD, lead)
if cart ~= '' then
  local at, before = string.match(redis.call('GET', newest) or '', '^(%d+) (%S+)')
  if not at or version >= tonumber(at) then
    redis.call('SET', newest, string.format('%.0f ', version) .. cart .. ' ' .. (before or '-'), 'EX', CART_SECONDS)
  end
  redis.call('HSET', order, 'cart_of', cart_of, 'lead', lead)
  if redis.call('TTL', order) < tonumber(CART_SECONDS) then redis.call('EXPIRE', order, CART_SECONDS) end
end
count('accepted', '1')
if redis.call('SET', bell, '1', 'NX', 'EX', bell_seconds) then return {'rang', 0, now} end
return {'put', 0, now}
"""
)

PARK = (
    """
-- Returns as PUT does. body: the entry's packed fields. ARGV from 7 on: the receipt's `many` fields, then who
-- is told: the addresses of a line, and the size and the arguments of a command that runs if there are any.
local receipt, kept, parked, leads, secret, tombstone, figures = unpack(KEYS)
local key, lead, body, said_ms, receipt_seconds, many = unpack(ARGV, 1, 6)
many = tonumber(many)
"""
    + ENTRY_FIELDS
    + RECEIPT_FIELDS
    + COUNT
    + _SAME_KEY
    + _STAYS_FORGOTTEN
    + """
if redis.call('EXISTS', receipt) == 1 then return {'duplicate', 0, now} end
redis.call('HSET', receipt, RECEIVED, string.format('%.0f', now), unpack(ARGV, 7, 6 + many))
redis.call('EXPIRE', receipt, receipt_seconds)
redis.call('SET', kept, body, 'EX', receipt_seconds)
redis.call('ZADD', parked, now, lead)
count('parked', '1')
redis.pcall('HINCRBY', figures, 'parked:unusable', 1)
redis.call('XADD', leads, '*', LEAD, lead)
local at = 7 + many
while at < #ARGV do
  local last = at + 1 + ARGV[at + 1]
  if redis.call('EXISTS', ARGV[at]) == 1 then redis.call(unpack(ARGV, at + 2, last)) end
  at = last + 1
end
return {'put', 0, now}
"""
)

SETTLE = (
    """
-- Returns -1 if the lock was lost, else the positions of the groups that were left as they are.
-- ARGV from 3 on: the groups, as `Settlement` lays them out.
local lock, token, groups = KEYS[1], ARGV[1], tonumber(ARGV[2])
"""
    + _EXECUTE
    + UNCHANGED
    + """
if call('GET', lock) ~= token then return -1 end
local at, tonumber = 3, tonumber
local function number() at = at + 1; return tonumber(argv[at - 1]) end
local function execute_if(happens)
  for _ = 1, number() do
    local size = number()
    if happens then execute(at, size) end
    at = at + size
  end
end
local stale = {}
for group = 1, groups do
  local fresh = true
  for _ = 1, number() do
    if not unchanged(argv[at], argv[at + 1]) then fresh = false end
    at = at + 2
  end
  local settled = false
  for _ = 1, number() do
    local removed = fresh and call('XDEL', argv[at], argv[at + 1]) == 1
    at = at + 2
    execute_if(removed)
    settled = settled or removed
  end
  execute_if(settled)
  if not settled then stale[#stale + 1] = group - 1 end
end
add_up()
return stale
"""
)

APPLY = (
    """
-- Runs commands, each given as its size and its arguments: all or none, also in a full Redis, which refuses a MULTI.
"""
    + DEL_FIRST
    + _EXECUTE
    + """
local at = 1
while at <= #argv do
  local size = tonumber(argv[at])
  execute(at + 1, size)
  at = at + 1 + size
end
add_up()
"""
)

APPLY_FENCED = (
    """
-- As APPLY, once the token, ARGV[1], is found in every lock of KEYS. Returns 1, or 0 if one is no longer ours: then
-- nothing is run.
"""
    + DEL_FIRST
    + _EXECUTE
    + """
for _, lock in ipairs(KEYS) do
  if redis.call('GET', lock) ~= argv[1] then return 0 end
end
local at = 2
while at <= #argv do
  local size = tonumber(argv[at])
  execute(at + 1, size)
  at = at + 1 + size
end
add_up()
return 1
"""
)

END_SENDING = (
    """
-- For each message that was noted as being sent: removes the note, and runs commands. ARGV from 2 on, per message:
-- when (see `streams.Ended`), the entry, how many commands, and each as its size and its arguments.
local lock, sending, stream = unpack(KEYS)
local token = ARGV[1]
"""
    + DEL_FIRST
    + _EXECUTE
    + """
local holder = call('GET', lock)
local at = 2
while at <= #argv do
  local when, entry, commands = argv[at], argv[at + 1], tonumber(argv[at + 2])
  at = at + 3
  local always = when == 'always'
  local happens = always or holder == token or (when == 'free' and not holder)
  if happens then
    local noted = call('HDEL', sending, entry) == 1
    happens = always or call('XDEL', stream, entry) == 1 or noted
  end
  for _ = 1, commands do
    local size = tonumber(argv[at])
    if happens then execute(at + 1, size) end
    at = at + 1 + size
  end
end
add_up()
"""
)

ACQUIRE = (
    """
-- Returns 1 if the lock was free and is ours now, else 0.
local lock, token, ms = KEYS[1], ARGV[1], ARGV[2]
"""
    + DEL_FIRST
    + """
if redis.call('SET', lock, token, 'NX', 'PX', ms) then return 1 end
return 0
"""
)

RENEW = """
-- Returns 1 if the lock is still ours and lives for another `ms`, else 0.
local lock, token, ms = KEYS[1], ARGV[1], ARGV[2]
if redis.call('GET', lock) == token then return redis.call('PEXPIRE', lock, ms) end
return 0
"""

UNLOCK = """
-- Returns 1 if the lock was ours and is free now, else 0.
local lock, token = KEYS[1], ARGV[1]
if redis.call('GET', lock) == token then return redis.call('DEL', lock) end
return 0
"""

RELEASE = """
-- Returns how many entries are left, -1 if the lock was no longer ours.
local lock, bell, stream = unpack(KEYS)
local token = ARGV[1]
if redis.call('GET', lock) ~= token then return -1 end
redis.call('DEL', lock, bell)
return redis.call('XLEN', stream)
"""

SWEEP = (
    """
-- Returns how many entries there are if somebody should ring for them now, else 0.
local later, stream, lock, swept, pause, sending = unpack(KEYS)
local sweep_seconds = ARGV[1]
"""
    + NOW
    + DEL_FIRST
    + UNPACK_FIELDS
    + """
for _, packed in ipairs(redis.call('ZRANGEBYSCORE', later, '-inf', now, 'LIMIT', 0, 200)) do
  redis.call('ZREM', later, packed)
  redis.call('XADD', stream, '*', unpack(unpack_fields(packed, {})))
end
local depth = redis.call('XLEN', stream) + redis.call('HLEN', sending)
if depth == 0 or redis.call('EXISTS', lock) == 1 then return 0 end
local paused_until = redis.call('HGET', pause, 'until')
if paused_until and tonumber(paused_until) > now then return 0 end
if not redis.call('SET', swept, '1', 'NX', 'EX', sweep_seconds) then return 0 end
return depth
"""
)

MARK = (
    """
-- Writes records. Returns 1, or 0 if a lock of KEYS is no longer ours or a record has changed: then nothing is written.
-- ARGV from 2 on, per record: key, revision that it must have (see `unchanged`), record.
local token = ARGV[1]
"""
    + DEL_FIRST
    + UNCHANGED
    + """
for _, lock in ipairs(KEYS) do
  if redis.call('GET', lock) ~= token then return 0 end
end
for at = 2, #ARGV, 3 do
  if not unchanged(ARGV[at], ARGV[at + 1]) then return 0 end
end
for at = 2, #ARGV, 3 do redis.call('SET', ARGV[at], ARGV[at + 2]) end
return 1
"""
)
