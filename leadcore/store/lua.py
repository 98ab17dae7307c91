"""Pieces of Lua that several scripts share, to be put in front of what uses them.

A script starts with a comment on what it returns and with names for KEYS and ARGV; then come these pieces, which use
the names that each one's comment lists.
"""

from leadcore import fields
from leadcore.store import keys


def _constants(names: dict[str, str]) -> str:
    return f"local {', '.join(names)} = {', '.join(repr(value) for value in names.values())}\n"


_ENTRY = ("BODY", "LEAD", "KIND", "PLACE", "TRIES", "VERSION", "WANTS_NOTE")
_ACTION = ("ACTION_COMMAND", "ACTION_DIGEST", "ACTION_LEAD", "ACTION_USER")

# The letters of `leadcore.fields` under the names that they have there.
ENTRY_FIELDS = _constants({name: getattr(fields, name).decode() for name in _ENTRY})
ACTION_FIELDS = _constants({name: getattr(fields, name).decode() for name in _ACTION})
RECEIPT_FIELDS = _constants({"RECEIVED": fields.RECEIPT["received_ms"], "STATE": fields.RECEIPT["state"]})
REASON_FIELD = _constants({"REASON": fields.RECEIPT["reason"]})
MESSAGE_FIELDS = _constants({"MESSAGE": fields.RECEIPT["message"], "MESSAGE_AT": fields.RECEIPT["message_ms"]})

# A full Redis refuses a script whose first write may need memory; after a DEL it lets everything pass.
DEL_FIRST = f"redis.call('DEL', '{keys.NONE}')\n"

# Defines `time` (seconds and microseconds) and `now`, in ms.
NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""

# Defines `count(name, by)`. Counters are best effort: in a full Redis the count is dropped, not the lead. EXPIRE costs
# once per counter and hour.
COUNT = (
    NOW
    + f"""
local hour = '{keys.COUNTS}:' .. math.floor(time[1] / 3600)
local function count(name, by)
  redis.pcall('HINCRBY', '{keys.COUNTS}', name, by)
  if redis.pcall('HINCRBY', hour, name, by) == tonumber(by) then redis.pcall('EXPIRE', hour, {49 * 3600}) end
end
"""
)

# Defines `unchanged(key, revision)`: whether the record still starts with these four bytes ('' = there is no record).
UNCHANGED = """
local function unchanged(key, revision) return redis.call('GETRANGE', key, '0', '3') == revision end
"""

# Defines `unpack_fields(packed, without)`: XADD's list of an entry packed by `streams.pack_fields`, but for the fields
# that are keys of `without`.
UNPACK_FIELDS = """
local function unpack_fields(packed, without)
  local entry = {}
  for name, value in string.gmatch(packed, '([^\\31]*)\\31([^\\31]*)\\31') do
    if not without[name] then
      entry[#entry + 1] = name
      entry[#entry + 1] = value
    end
  end
  return entry
end
"""

# The start of a person's answer about a parked lead or an unsent message. Defines `kept`, `index`, `receipt` and
# `actions` (KEYS), `lead` (ARGV[1]) and `packed`; returns 'gone' if nothing is kept any more. ARGV: lead, command,
# user, how many actions are kept. It removes first, so that it works in a full Redis.
TAKE_KEPT = (
    ACTION_FIELDS
    + """
local kept, index, receipt, actions = unpack(KEYS)
local lead, command, user, actions_kept = unpack(ARGV, 1, 4)
redis.call('ZREM', index, lead)
local packed = redis.call('GET', kept)
if not packed then return 'gone' end
redis.call('DEL', kept)
redis.call('XADD', actions, 'MAXLEN', '~', actions_kept, '*',
  ACTION_COMMAND, command, ACTION_LEAD, lead, ACTION_USER, user)
"""
)

# Defines `SINCE`: the receipt's field of an order's or a note's state -> the field of its time.
_SINCE = ", ".join(f"{fields.RECEIPT[what]} = '{fields.RECEIPT[f'{what}_ms']}'" for what in ("order", "note"))
SINCE = f"local SINCE = {{{_SINCE}}}\n"

# Defines `note_retry(why)`, which notes on `receipt` that a person retried what had failed for the reason in its field
# `why`.
NOTE_RETRY = (
    NOW
    + _constants({"RETRIED": fields.RECEIPT["retried_ms"], "RETRIED_WHY": fields.RECEIPT["retried_reason"]})
    + """
local function note_retry(why)
  local reason = redis.call('HGET', receipt, why) or ''
  redis.call('HSET', receipt, RETRIED, string.format('%.0f', now), RETRIED_WHY, reason)
end
"""
)

# The end of a script that has put an entry into a stream; uses `bell` and `bell_seconds`. Returns 'rang' if the caller
# has to enqueue the drain.
RING = """
if redis.call('SET', bell, '1', 'NX', 'EX', bell_seconds) then return 'rang' end
return 'put'
"""
