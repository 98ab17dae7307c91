"""The addresses outside to which a line delivers, each at its own pace: hooks and notices.

An entry stands once in its line, for all addresses. Each address has a record with a cursor per shard: all entries up
to it are done. Entries that are done although one before them is not are kept in a set until the cursor is past them.
One worker at a time serves an address, under its lock. An address that fails pauses as a whole, for longer and longer,
and is stopped after `KEEP_MS`; others go on. An entry is deleted once every address that a worker still serves is past
it, at the latest `KEEP_MS` after it came.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from redis import ResponseError

from leadcore.endpoint import KEEP_MS, PAUSED, Endpoint, pack, unpack
from leadcore.fields import ENDPOINT
from leadcore.store import keys
from leadcore.store.connection import Redis
from leadcore.store.lua import DEL_FIRST, NOW

# More of a line than this is deleted, the oldest first: an address that is away must not fill Redis.
MOST_ENTRIES, MOST_BYTES = 100_000, 64_000_000
# Of a shard, each time somebody asks how many wait: Redis has no shorter way than to read them.
MOST_COUNTED = 1_000
# A new address gets what happened since its worker started, however long that took.
FIRST_MS = 60_000
# An address that no worker has named for so long is forgotten, and not before it was seen so for `RETURN_MS`: workers
# or Redis may have been away or asleep; then workers name it again within minutes.
UNSERVED_MS, RETURN_MS = 3_600_000, 600_000

_WRITE = (
    """
-- Runs commands, each given as its size and its arguments, if the lock is ours. Returns whether it was.
local lock, token = KEYS[1], ARGV[1]
"""
    + DEL_FIRST
    + """
if redis.call('GET', lock) ~= token then return 0 end
local at = 2
while at <= #ARGV do
  local size = tonumber(ARGV[at])
  redis.call(unpack(ARGV, at + 1, at + size))
  at = at + 1 + size
end
return 1
"""
)

_REGISTER = (
    """
-- Adds the address, or notes that a worker serves it. ARGV from 5 on: the fields of its record.
local known, record = unpack(KEYS)
local digest, shards, first_ms, seen = unpack(ARGV, 1, 4)
"""
    + DEL_FIRST
    + NOW
    + """
redis.call('SADD', known, digest)
local first = string.format('%.0f-0', now - first_ms)
for shard = 0, shards - 1 do redis.call('HSETNX', record, shard, first) end
redis.call('HSET', record, seen, string.format('%.0f', now), unpack(ARGV, 5))
return 1
"""
)

_FORGET = """
-- Forgets the address unless a worker has named it since it was read. Returns whether it is gone. KEYS from 3 on: its
-- further keys.
local known, record = KEYS[1], KEYS[2]
local digest, seen, seen_ms = unpack(ARGV)
if (redis.call('HGET', record, seen) or '0') ~= seen_ms then return 0 end
redis.call('SREM', known, digest)
redis.call('DEL', unpack(KEYS, 2))
return 1
"""

_TRIM = (
    """
-- Deletes what no address waits for any more. Returns how many were deleted that one of them still waited for.
-- ARGV: the number of the shard, how old and how many entries may be, and the cursors.
local stream = KEYS[1]
local keep_ms, most = tonumber(ARGV[1]), tonumber(ARGV[2])
"""
    + DEL_FIRST
    + NOW
    + """
local function parts(id)
  local ms, sequence = string.match(id, '(%d+)-(%d+)')
  return tonumber(ms), tonumber(sequence)
end
local function before(one, other)
  local ms, sequence = parts(one)
  local other_ms, other_sequence = parts(other)
  return ms < other_ms or (ms == other_ms and sequence < other_sequence)
end
local done
for at = 3, #ARGV do
  if not done or before(ARGV[at], done) then done = ARGV[at] end
end
redis.call('XTRIM', stream, 'MINID', done)
redis.call('XDEL', stream, done)
return redis.call('XTRIM', stream, 'MINID', string.format('%.0f-0', now - keep_ms))
  + redis.call('XTRIM', stream, 'MAXLEN', most)
"""
)

_REOPEN = (
    """
-- Lets a paused or stopped address be tried at once. Returns whether there is such an address.
local record, state, until_ = KEYS[1], ARGV[1], ARGV[2]
"""
    + DEL_FIRST
    + """
if redis.call('EXISTS', record) == 0 then return 0 end
if redis.call('HGET', record, state) then
  redis.call('HSET', record, state, ARGV[3], until_, '0')
  redis.call('HDEL', record, ARGV[4], ARGV[5])
end
return 1
"""
)


class Endpoints:
    """The addresses of `line`, over one Redis connection. Every method raises redis-py's errors."""

    def __init__(self, connection: Redis, line: str, shards: int) -> None:
        self.redis, self.line, self.shards = connection, line, shards
        self._write = connection.register_script(_WRITE)
        self._register = connection.register_script(_REGISTER)
        self._forget = connection.register_script(_FORGET)
        self._trim = connection.register_script(_TRIM)
        self._reopen = connection.register_script(_REOPEN)
        # Since when an address is seen unserved, by its digest and when it last was served.
        self._unserved: dict[tuple[str, int], int] = {}

    def register(self, digest: str, number: int, name: str) -> None:
        """Note that a worker serves this address; a new one gets what happens from now on."""
        self._register(
            keys=[keys.endpoints(self.line), keys.endpoint(self.line, digest)],
            args=[digest, self.shards, FIRST_MS, ENDPOINT["seen_ms"], *pack(number=number, name=name)],
        )

    def read(self, digest: str) -> Endpoint:
        return unpack(digest, self.redis.hgetall(keys.endpoint(self.line, digest)))

    def read_all(self) -> list[Endpoint]:
        """All addresses, by their number."""
        digests = [digest.decode() for digest in self.redis.smembers(keys.endpoints(self.line))]
        pipe = self.redis.pipeline(transaction=False)
        for digest in digests:
            pipe.hgetall(keys.endpoint(self.line, digest))
        found = [unpack(digest, stored) for digest, stored in zip(digests, pipe.execute(), strict=True) if stored]
        return sorted(found, key=lambda one: (one.number, one.digest))

    def write(self, digest: str, token: str, commands: Iterable[Sequence[Any]]) -> bool:
        """Run the commands if the address' lock is ours; whether it was."""
        flat: list[Any] = []
        for command in commands:
            flat += (len(command), *command)
        return bool(self._write(keys=[keys.endpoint_lock(self.line, digest)], args=[token, *flat]))

    def trim(self, now_ms: int) -> int:
        """Delete what is done or too old, and addresses that nobody serves any more. Returns how many entries were
        deleted that an address had not got."""
        known, served = self.read_all(), []
        unserved = {
            (one.digest, one.seen_ms): self._unserved.get((one.digest, one.seen_ms), now_ms)
            for one in known
            if one.seen_ms < now_ms - UNSERVED_MS
        }
        self._unserved = unserved
        for one in known:
            is_over = now_ms - unserved.get((one.digest, one.seen_ms), now_ms) >= RETURN_MS
            if not (is_over and self._end(one)):
                served.append(one)
        lost = 0
        for shard in range(self.shards):
            cursors = [one.cursors[shard] for one in served if shard in one.cursors]
            lost += int(
                self._trim(
                    keys=[keys.entries(self.line, shard)],
                    # Who is to serve a first address may not have reached Redis yet to register it.
                    args=[KEEP_MS, MOST_ENTRIES // self.shards, *(cursors or [f"{now_ms - FIRST_MS}-0"])],
                )
            )
            lost += self._trim_bytes(keys.entries(self.line, shard))
        return lost

    def _end(self, one: Endpoint) -> bool:
        """Forget the address; False if a worker has named it meanwhile."""
        done = [keys.overtaken(self.line, one.digest, shard) for shard in range(self.shards)]
        names = [keys.endpoints(self.line), keys.endpoint(self.line, one.digest), *done]
        return bool(self._forget(keys=names, args=[one.digest, ENDPOINT["seen_ms"], one.seen_ms]))

    def _trim_bytes(self, stream: str) -> int:
        most = MOST_BYTES // self.shards
        try:
            used = int(self.redis.memory_usage(stream, samples=10) or 0)
        except ResponseError:  # where it is forbidden, the number of entries is the limit
            return 0
        if used <= most:
            return 0
        return int(self.redis.xtrim(stream, maxlen=self.redis.xlen(stream) * most // used, approximate=False))

    def reopen(self, digest: str) -> bool:
        """Let the address be tried at once, also if it was stopped; False if it is not known."""
        return bool(
            self._reopen(
                keys=[keys.endpoint(self.line, digest)],
                args=[ENDPOINT["state"], ENDPOINT["until_ms"], PAUSED, ENDPOINT["since_ms"], ENDPOINT["failures"]],
            )
        )


def count_waiting(redis: Redis, line: str, endpoints: Sequence[Endpoint], shards: int) -> list[int]:
    """How many entries each address has not got, of the oldest `MOST_COUNTED` of each shard. Raises redis-py's
    errors."""
    pipe = redis.pipeline(transaction=False)
    for one in endpoints:
        for shard in range(shards):
            after = one.cursors.get(shard, "0-0")
            pipe.xrange(keys.entries(line, shard), min=f"({after}", count=MOST_COUNTED)
            pipe.scard(keys.overtaken(line, one.digest, shard))
    answers = iter(pipe.execute())
    return [sum(max(len(next(answers)) - next(answers), 0) for _ in range(shards)) for _ in endpoints]
