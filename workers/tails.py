"""The last, partial batches of the shards. While HubSpot's quota is scarce they go in one call: each call of a few
leads takes the place of one of a hundred, and the leads behind it wait for another window of 10 s.

A drain that has come to its tail looks at the other shards. If older leads are in one that is drained, or that has a
full batch, it leaves its own tail to that drain. Else it takes the tails of the shards that nobody holds along with its
own; if somebody still holds one, it waits a moment for them to leave it. So the oldest leads go first, and no shard
waits for ever. Where the drain that should have come dies, a sweep rings.
"""

from dataclasses import dataclass
from typing import Literal

from receiver import keys
from receiver.connection import Redis
from receiver.inbox import LOCK_MS
from workers.lease import Lease

# KEYS: none, then lock and entries of each other shard
# ARGV: token, ms, size of a full batch, our oldest entry's id ("" = none), "1" if there is time to wait
# Answers who goes on, and the positions of the shards that were taken.
_GATHER = """
redis.call('DEL', KEYS[1])
local function older(one, other)
  local a, b = string.match(one, '^(%d+)%-(%d+)$')
  local c, d = string.match(other, '^(%d+)%-(%d+)$')
  if a ~= c then return tonumber(a) < tonumber(c) end
  return tonumber(b) < tonumber(d)
end
local go, free = 'go', {}
for i = 2, #KEYS, 2 do
  local entries = redis.call('XLEN', KEYS[i + 1])
  local held = redis.call('EXISTS', KEYS[i]) == 1
  if entries > 0 and (held or entries >= tonumber(ARGV[3])) then
    local first = redis.call('XRANGE', KEYS[i + 1], '-', '+', 'COUNT', 1)[1][1]
    if ARGV[4] == '' or older(first, ARGV[4]) then return {'leave', {}} end
    if held and entries < tonumber(ARGV[3]) then go = 'wait' end
  elseif entries > 0 then
    free[#free + 1] = i
  end
end
if go == 'wait' and ARGV[5] == '1' then return {go, {}} end
local taken = {}
for _, i in ipairs(free) do
  redis.call('SET', KEYS[i], ARGV[1], 'PX', ARGV[2])
  taken[#taken + 1] = i / 2 - 1
end
return {'go', taken}
"""


def age(entry: bytes) -> tuple[int, int]:
    """What entries' ids are ordered by: milliseconds and a number."""
    milliseconds, _, number = entry.partition(b"-")
    return int(milliseconds), int(number)


@dataclass(frozen=True, slots=True)
class Turn:
    """Whether this drain goes on, waits a moment or leaves its tail to another; `taken`: whether it took shards on."""

    what: Literal["go", "wait", "leave"]
    taken: bool


class Tails:
    """Looks at all `shards` of the inbox over one Redis connection. `full`: leads in a full batch."""

    def __init__(self, connection: Redis, shards: int, full: int) -> None:
        self.shards, self.full = shards, full
        self._gather = connection.register_script(_GATHER)

    def gather(self, lease: Lease, first: bytes, *, patient: bool) -> Turn:
        """Whose turn it is; the shards that were taken on are held by `lease` from then on. `first`: the id of the
        oldest entry in hand, b"" where there is none; `patient`: whether there is time to wait."""
        others = [shard for shard in range(self.shards) if shard not in lease.shards]
        names = [(keys.lock(keys.INBOX, shard), keys.entries(keys.INBOX, shard)) for shard in others]
        what, taken = self._gather(
            keys=[keys.NONE, *(name for pair in names for name in pair)],
            args=[lease.token, LOCK_MS, self.full, first, int(patient)],
        )
        lease.shards.extend(others[position] for position in taken)
        return Turn(what.decode(), bool(taken))
