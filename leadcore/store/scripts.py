"""The inbox's Lua. Each script is one step of the protocol in `leadcore.store.streams`, and atomic."""

from leadcore.store import keys

# A count is worth no lead: one that fails, in a full Redis, is let go. EXPIRE costs once per counter and hour.
COUNT = f"""
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local hour = '{keys.COUNTS}:' .. math.floor(t[1] / 3600)
local function count(name, by)
  redis.pcall('HINCRBY', '{keys.COUNTS}', name, by)
  if redis.pcall('HINCRBY', hour, name, by) == tonumber(by) then redis.pcall('EXPIRE', hour, {49 * 3600}) end
end
"""

# A caller whose digests are made with another key than Redis holds (it was emptied since) learns the right one.
SAME_KEY = """
if ARGV[1] ~= '' then
  local key = redis.call('GET', KEYS[5])
  if not key then redis.call('SET', KEYS[5], ARGV[1])
  elseif key ~= ARGV[1] then return {'rekey', key, now} end
end
"""

ENDED_SECONDS = 30 * 86_400

# Increments are summed up, so that they cost once per counter and not once per lead. A receipt that has ended while its
# lead or message waited begins anew: it holds what is written now and nothing else (each field is named once). It ends
# again, not before a parked lead does.
# Here and below numbers are words where they can be: Redis prints each one that Lua hands it, for 0.3 us.
RUN = (
    COUNT
    + f"""
local argv, call, find, unpack = ARGV, redis.call, string.find, unpack
local sums = {{}}
local function run(from, size)
  local name, key = argv[from], argv[from + 1]
  if name == 'HINCRBY' then
    local field, sum = argv[from + 2], sums[key] or {{}}
    sums[key] = sum
    sum[field] = (sum[field] or 0) + argv[from + 3]
    return
  end
  local added = call(unpack(argv, from, from + size - 1))
  if name == 'HSET' and added * 2 == size - 2 and find(key, '{keys.receipt("")}', 1, true) == 1
      and call('HLEN', key) == added then
    call('EXPIRE', key, {ENDED_SECONDS})
  end
end
local function add()
  for key, sum in pairs(sums) do
    for name, by in pairs(sum) do
      if key == '{keys.COUNTS}' then count(name, by) else redis.pcall('HINCRBY', key, name, by) end
    end
  end
end
"""
)

# What was said before its customer was forgotten, and comes from a spool or a memory, stays forgotten.
STAYS_FORGOTTEN = """
if ARGV[4] ~= '' then
  local until_ms = tonumber(string.match(redis.call('GET', KEYS[6]) or '', '^%d+'))
  if until_ms and tonumber(ARGV[4]) <= until_ms then return {'forgotten', 0, now} end
end
"""

# KEYS: receipt, stream, bell, index of leads, digest key, tombstone
# ARGV: digest key ("" = fixed by the environment), lead, body, wall-clock version or "", kind, receipt seconds,
#       duplicate ms, bell seconds, then the receipt's fields
PUT = (
    COUNT
    + SAME_KEY
    + STAYS_FORGOTTEN
    + """
local seen, state = unpack(redis.call('HMGET', KEYS[1], 'r', 's'))
if seen and (now - seen < tonumber(ARGV[7]) or not state or state == 'waiting' or state == 'parked') then
  if ARGV[4] == '' then count('duplicate', '1') end
  return {'duplicate', 0, now}
end
local version = now
local entry = {'e', ARGV[2], 'b', ARGV[3]}
if ARGV[4] ~= '' then
  version = math.min(tonumber(ARGV[4]), now)
  entry[#entry + 1] = 'v'
  entry[#entry + 1] = string.format('%.0f', version)
end
if ARGV[5] ~= '' then
  entry[#entry + 1] = 'k'
  entry[#entry + 1] = ARGV[5]
end
if seen then redis.call('DEL', KEYS[1]) end
redis.call('HSET', KEYS[1], 'r', string.format('%.0f', version), unpack(ARGV, 9))
redis.call('EXPIRE', KEYS[1], ARGV[6])
redis.call('XADD', KEYS[2], '*', unpack(entry))
redis.call('XADD', KEYS[4], '*', 'e', ARGV[2])
count('accepted', '1')
if redis.call('SET', KEYS[3], '1', 'NX', 'EX', ARGV[8]) then return {'rang', 0, now} end
return {'put', 0, now}
"""
)

# KEYS: lock   ARGV: token, groups (see Settlement)
SETTLE = (
    RUN
    + """
if call('GET', KEYS[1]) ~= argv[1] then return -1 end
local at, tonumber = 3, tonumber
local function number() at = at + 1; return tonumber(argv[at - 1]) end
local function follow(happens)
  for _ = 1, number() do
    local size = number()
    if happens then run(at, size) end
    at = at + size
  end
end
local stale = {}
for group = 1, tonumber(argv[2]) do
  local fresh = true
  for _ = 1, number() do
    if call('GETRANGE', argv[at], '0', '3') ~= argv[at + 1] then fresh = false end
    at = at + 2
  end
  local settled = false
  for _ = 1, number() do
    local removed = fresh and call('XDEL', argv[at], argv[at + 1]) == 1
    at = at + 2
    follow(removed)
    settled = settled or removed
  end
  follow(settled)
  if not settled then stale[#stale + 1] = group - 1 end
end
add()
return stale
"""
)

RELEASE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return -1 end
redis.call('DEL', KEYS[1], KEYS[2])
return redis.call('XLEN', KEYS[3])
"""

RENEW = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0"

# KEYS: later, stream, lock, swept, pause, sending, none   ARGV: sweep seconds
SWEEP = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
for _, packed in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, 200)) do
  redis.call('ZREM', KEYS[1], packed)
  local entry = {}
  for part in string.gmatch(packed, '([^\\31]*)\\31') do entry[#entry + 1] = part end
  redis.call('XADD', KEYS[2], '*', unpack(entry))
end
local depth = redis.call('XLEN', KEYS[2]) + redis.call('HLEN', KEYS[6])
if depth == 0 or redis.call('EXISTS', KEYS[3]) == 1 then return 0 end
local pause = redis.call('HGET', KEYS[5], 'until')
if pause and tonumber(pause) > now then return 0 end
redis.call('DEL', KEYS[7])
if not redis.call('SET', KEYS[4], '1', 'NX', 'EX', ARGV[1]) then return 0 end
return depth
"""

# KEYS: receipt, parked body, index of parked, index of leads, digest key, tombstone, figures
# ARGV: digest key ("" = fixed by the environment), lead, body, wall-clock version or "", receipt seconds, then the
#       receipt's fields
PARK = (
    COUNT
    + SAME_KEY
    + STAYS_FORGOTTEN
    + """
if redis.call('EXISTS', KEYS[1]) == 1 then return {'duplicate', 0, now} end
redis.call('HSET', KEYS[1], 'r', string.format('%.0f', now), unpack(ARGV, 6))
redis.call('EXPIRE', KEYS[1], ARGV[5])
redis.call('SET', KEYS[2], ARGV[3], 'EX', ARGV[5])
redis.call('ZADD', KEYS[3], now, ARGV[2])
count('parked', '1')
redis.pcall('HINCRBY', KEYS[7], 'parked:unusable', 1)
redis.call('XADD', KEYS[4], '*', 'e', ARGV[2])
return {'put', 0, now}
"""
)

# KEYS: lock, none   ARGV: token, ms
# A full Redis refuses a script whose first write could need memory, so the first one is a DEL.
ACQUIRE = """
redis.call('DEL', KEYS[2])
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
return 0
"""

# KEYS: none, locks   ARGV: token, then key, first four bytes it must have, record ...
MARK = """
redis.call('DEL', KEYS[1])
for i = 2, #KEYS do
  if redis.call('GET', KEYS[i]) ~= ARGV[1] then return 0 end
end
for i = 2, #ARGV, 3 do
  if redis.call('GETRANGE', ARGV[i], '0', '3') ~= ARGV[i + 1] then return 0 end
end
for i = 2, #ARGV, 3 do redis.call('SET', ARGV[i], ARGV[i + 2]) end
return 1
"""

# KEYS: none   ARGV: commands, each as its size and its words
# All or nothing, also in a full Redis, which refuses a MULTI.
APPLY = (
    RUN
    + """
redis.call('DEL', KEYS[1])
local at = 1
while at <= #ARGV do
  local size = tonumber(ARGV[at])
  run(at + 1, size)
  at = at + 1 + size
end
add()
"""
)

# The beginning of what a person does with what was kept for them (see leadcore.store.parked, leadcore.store.unsent).
# KEYS: what was kept, its index, receipt, actions   ARGV: lead, command, user, actions kept
# What frees memory comes first: a full Redis refuses a script whose first write could need some.
TAKE_KEPT = """
redis.call('ZREM', KEYS[2], ARGV[1])
local packed = redis.call('GET', KEYS[1])
if not packed then return 'gone' end
redis.call('DEL', KEYS[1])
redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[4], '*', 'c', ARGV[2], 'l', ARGV[1], 'u', ARGV[3])
"""
