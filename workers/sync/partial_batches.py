"""Merges the partial batches of several shards into one call while HubSpot's quota is scarce. A call with three leads
uses as much quota as one with a hundred, and the leads behind it wait for another window of 10 s.

A drain left with a partial batch looks at the other shards:

- If the oldest entry is in a shard that is drained, or that has a full batch, it hands its own partial batch to that
  drain and keeps its bell set, so that no other worker starts on this shard.
- Otherwise it adopts the shards that nobody holds and sends their partial batches with its own; while somebody holds
  one, it first waits a moment for them to hand it off.

If the other drain does not take the batch (it hangs, dies or ends), a sweep starts a new drain within 3 s, which sends
it alone. A drain of full batches ends after 10 s if older leads wait elsewhere.
"""

from collections.abc import Mapping, Sequence

from leadcore.store import keys
from leadcore.store.connection import Redis
from leadcore.store.lua import DEL_FIRST
from leadcore.store.streams import LOCK_MS
from workers.flow.lease import EXCLUSIVE_PREFIX, Lease
from workers.rules.drain_actions import Gathered

# A partial batch is handed off for HANDED_OFF_MS and then goes alone; after HANDED_OFF_TTL_MS that is forgotten.
HANDED_OFF_MS, HANDED_OFF_TTL_MS = 2_500, 10_000

# KEYS of both scripts: lock, entries and left of each shard. Defines `read_shard(at)`, for the shard whose lock is
# KEYS[at]: `first` is the id of its oldest entry; and `older(one, other)`, which compares two shards by that.
_SHARDS = """
local function read_shard(at)
  local lock, stream, left = unpack(KEYS, at, at + 2)
  local shard = {at = at, lock = lock, stream = stream, left = left, number = (at - 1) / 3}
  shard.entries, shard.holder = redis.call('XLEN', stream), redis.call('GET', lock)
  shard.first = shard.entries > 0 and redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1][1]
  return shard
end
local function older(one, other)
  local a, b = string.match(one.first, '^(%d+)%-(%d+)$')
  local c, d = string.match(other.first, '^(%d+)%-(%d+)$')
  if a ~= c then return tonumber(a) < tonumber(c) end
  if b ~= d then return tonumber(b) < tonumber(d) end
  return one.at < other.at
end
"""

_GATHER = (
    """
-- Returns 'go', 'wait' or 'leave', and the positions of the shards that were adopted.
-- full: size of a full batch; in_hand: '1' if entries are in hand; patient: '1' if there is time to wait; alone: how
-- the tokens start of those who drain nothing; left_ms: for how long a partial batch is left to another drain;
-- forget_ms: after which time that is forgotten.
local token, lock_ms, full, in_hand, patient, alone, left_ms, forget_ms = unpack(ARGV)
"""
    + DEL_FIRST
    + _SHARDS
    + """
full, left_ms, forget_ms = tonumber(full), tonumber(left_ms), tonumber(forget_ms)
local ours, free, others, mine = nil, {}, {}, {}
for at = 1, #KEYS, 3 do
  local shard = read_shard(at)
  if shard.holder == token then mine[#mine + 1] = shard.left end
  if shard.entries > 0 then
    if shard.holder == token then
      if not ours or older(shard, ours) then ours = shard end
    elseif shard.holder and string.sub(shard.holder, 1, #alone) == alone then
      -- Its holder writes no leads.
    elseif shard.holder or shard.entries >= full then
      others[#others + 1] = shard
    else
      free[#free + 1] = shard
    end
  end
end
if #mine == 0 then return {'leave', {}} end
local go = 'go'
for _, other in ipairs(others) do
  if in_hand == '0' or not ours then return {'leave', {}} end
  if not older(other, ours) then
    if other.entries < full then go = 'wait' end
  elseif other.entries >= full then
    return {'leave', {}}
  else
    local left = mine[1]
    redis.call('SET', left, '1', 'NX', 'PX', forget_ms)
    if redis.call('PTTL', left) > forget_ms - left_ms then return {'leave', {}} end
  end
end
if go == 'wait' and patient == '1' then return {go, {}} end
local adopted = {}
for _, shard in ipairs(free) do
  redis.call('SET', shard.lock, token, 'PX', lock_ms)
  adopted[#adopted + 1] = shard.number
end
redis.call('DEL', unpack(mine))
return {'go', adopted}
"""
)

_STARVES = (
    """
-- Returns 1 if leads wait in a free shard that should be written first, else 0.
-- ARGV from 3 on: for each shard, where the entries begin that are not in hand.
local token, full = ARGV[1], tonumber(ARGV[2])
"""
    + _SHARDS
    + """
local ours, free = nil, {}
for at = 1, #KEYS, 3 do
  local shard = read_shard(at)
  if shard.entries > 0 and shard.holder == token then
    local behind = redis.call('XRANGE', shard.stream, ARGV[3 + shard.number], '+', 'COUNT', 1)[1]
    shard.first = behind and behind[1]
    if behind and (not ours or older(shard, ours)) then ours = shard end
  elseif shard.entries > 0 and not shard.holder then
    free[#free + 1] = shard
  end
end
for _, shard in ipairs(free) do
  if shard.entries >= full or (ours and older(shard, ours)) then return 1 end
end
return 0
"""
)


class PartialBatches:
    """`shards`: how many the inbox has. `full`: leads in a full batch."""

    def __init__(self, connection: Redis, shards: int, full: int) -> None:
        self.shards, self.full = shards, full
        self._gather_script = connection.register_script(_GATHER)
        self._starves_script = connection.register_script(_STARVES)

    def gather(self, lease: Lease, *, has_rows: bool, may_wait: bool) -> Gathered:
        """Decide which drain sends next; adopted shards are held by `lease` from then on. `has_rows`: it has entries to
        send. `may_wait`: there is time to wait."""
        shards = self._all_shards(lease)
        action, adopted = self._gather_script(
            keys=_key_names(shards),
            args=[
                lease.token,
                LOCK_MS,
                self.full,
                int(has_rows),
                int(may_wait),
                EXCLUSIVE_PREFIX,
                HANDED_OFF_MS,
                HANDED_OFF_TTL_MS,
            ],
        )
        lease.shards.extend(shards[position] for position in adopted)
        return Gathered(action.decode(), bool(adopted))

    def starves(self, lease: Lease, after: Mapping[int, bytes]) -> bool:
        """Whether leads that should come first wait in a shard that nobody drains: a full batch, or leads older than
        those of `lease` behind `after` (by shard, the last entry in hand). Younger ones may be adopted later."""
        shards = self._all_shards(lease)
        starts = [b"(" + after[shard] if shard in after else b"-" for shard in shards]
        return bool(self._starves_script(keys=_key_names(shards), args=[lease.token, self.full, *starts]))

    def _all_shards(self, lease: Lease) -> list[int]:
        return [*range(self.shards), *(each for each in lease.shards if each >= self.shards)]


def _key_names(shards: Sequence[int]) -> list[str]:
    names: list[str] = []
    for shard in shards:
        names += (keys.lock(keys.INBOX, shard), keys.entries(keys.INBOX, shard), keys.left(shard))
    return names
