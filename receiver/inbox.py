"""The inbox: every accepted event stands in a Redis Stream until its fate is settled.

    PUT      one script: the receipt exists -> duplicate; else receipt, XADD, SET bell NX EX 10.
             If it rang, the caller enqueues the RQ job that drains the shard; losing that job is harmless.
    DRAIN    under the shard's lock (10 s, renewed each second by the keeper): read without a consumer group,
             write to HubSpot, SETTLE, again until nothing is left, then RELEASE.
    SETTLE   one script: the lock is ours, else nothing happens; per group of entries, if what it was decided on still
             stands: XDEL first (a full Redis refuses everything but a script that frees memory first), and what
             follows from each entry only if XDEL removed it. So it can be repeated, and never half happens.
    RELEASE  one script: drop lock and bell, tell how many entries are left; if any, the caller rings.
    SWEEP    every 3 s a keeper puts due entries back and rings for a shard that has entries and no lock.

Why no wake-up is lost: an entry leaves only in SETTLE. An entry put before RELEASE is counted by it, one put after it
finds no bell and rings. Whatever dies in between, the lock is gone within 10 s and a sweep rings within 3.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from receiver import keys
from receiver.connection import Redis

DUPLICATE_MS = 7 * 86_400_000
BELL_SECONDS = 10
LOCK_MS = 10_000
SWEEP_SECONDS = 3

# A caller whose digests are made with another key than Redis holds (it was emptied since) learns the right one.
_SAME_KEY = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
if ARGV[1] ~= '' then
  local key = redis.call('GET', KEYS[5])
  if not key then redis.call('SET', KEYS[5], ARGV[1])
  elseif key ~= ARGV[1] then return {'rekey', key, now} end
end
"""

# KEYS: receipt, stream, bell, index of leads, digest key
# ARGV: digest key ("" = fixed by the environment), lead, body, wall-clock version or "", kind, receipt seconds,
#       duplicate ms, bell seconds, then the receipt's fields
_PUT = (
    _SAME_KEY
    + """
local seen = redis.call('HGET', KEYS[1], 'r')
if seen and now - seen < tonumber(ARGV[7]) then return {'duplicate', 0, now} end
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
if redis.call('SET', KEYS[3], '1', 'NX', 'EX', ARGV[8]) then return {'rang', 0, now} end
return {'put', 0, now}
"""
)

# KEYS: lock   ARGV: token, groups (see Settlement)
_SETTLE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return -1 end
local at, groups = 3, tonumber(ARGV[2])
local function take(n) at = at + n; return at - n end
local function run(count)
  for _ = 1, count do
    local size = tonumber(ARGV[take(1)])
    local from = take(size)
    redis.call(unpack(ARGV, from, from + size - 1))
  end
end
local function skip(count) for _ = 1, count do take(tonumber(ARGV[take(1)])) end end
local stale = {}
for group = 1, groups do
  local fresh = true
  for _ = 1, tonumber(ARGV[take(1)]) do
    local at_key = take(2)
    if redis.call('GETRANGE', ARGV[at_key], 0, 3) ~= ARGV[at_key + 1] then fresh = false end
  end
  local settled = false
  for _ = 1, tonumber(ARGV[take(1)]) do
    local entry = take(2)
    local commands = tonumber(ARGV[take(1)])
    if fresh and redis.call('XDEL', ARGV[entry], ARGV[entry + 1]) == 1 then
      settled = true
      run(commands)
    else skip(commands) end
  end
  local commands = tonumber(ARGV[take(1)])
  if settled then run(commands) else skip(commands) end
  if not fresh then stale[#stale + 1] = group - 1 end
end
return stale
"""

_RELEASE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return -1 end
redis.call('DEL', KEYS[1], KEYS[2])
return redis.call('XLEN', KEYS[3])
"""

_RENEW = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0"

# KEYS: later, stream, lock, swept, pause, sending   ARGV: sweep seconds
_SWEEP = """
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
if not redis.call('SET', KEYS[4], '1', 'NX', 'EX', ARGV[1]) then return 0 end
return depth
"""

# KEYS: receipt, parked body, index of parked, digest key, counts, index of leads
# ARGV: digest key ("" = fixed by the environment), lead, body, receipt seconds, then the receipt's fields
_PARK = (
    _SAME_KEY.replace("KEYS[5]", "KEYS[4]")
    + """
if redis.call('EXISTS', KEYS[1]) == 1 then return {'duplicate', 0, now} end
redis.call('HSET', KEYS[1], 'r', string.format('%.0f', now), unpack(ARGV, 5))
redis.call('EXPIRE', KEYS[1], ARGV[4])
redis.call('SET', KEYS[2], ARGV[3], 'EX', ARGV[4])
redis.call('ZADD', KEYS[3], now, ARGV[2])
redis.call('HINCRBY', KEYS[5], 'parked', 1)
redis.call('XADD', KEYS[6], '*', 'e', ARGV[2])
return {'put', 0, now}
"""
)


@dataclass(frozen=True, slots=True)
class Put:
    """What a put did: "put", "rang" (put, and the caller has to enqueue the drain) or "duplicate"; Redis' clock."""

    outcome: str
    now_ms: int


class WrongKey(Exception):
    """Redis holds another digest key than the caller used; `key` is the one to use."""

    def __init__(self, key: bytes) -> None:
        super().__init__("the digest key in Redis is another one")
        self.key = key


@dataclass(slots=True)
class Settlement:
    """What SETTLE shall do, built group by group. A group's `guards` are (key, first 4 bytes it must still have);
    its `entries` are (stream, id, commands); its `commands` run once if any of its entries was removed."""

    arguments: list[Any] = field(default_factory=list)
    groups: int = 0

    def add(
        self,
        guards: Sequence[tuple[str, bytes]],
        entries: Sequence[tuple[str, bytes, Sequence[Sequence[Any]]]],
        commands: Sequence[Sequence[Any]] = (),
    ) -> None:
        self.groups += 1
        flat = self.arguments
        flat.append(len(guards))
        for guard in guards:
            flat += guard
        flat.append(len(entries))
        for stream, entry, effects in entries:
            flat += (stream, entry)
            _append(flat, effects)
        _append(flat, commands)


def postponed(fields: Mapping[bytes, bytes]) -> bytes:
    """An entry's fields as one text: JSON and ids hold no control character, so one can part them."""
    return b"".join(part + b"\x1f" for pair in fields.items() for part in pair)


def _append(flat: list[Any], commands: Sequence[Sequence[Any]]) -> None:
    flat.append(len(commands))
    for command in commands:
        flat.append(len(command))
        flat += command


class Inbox:
    """The streams of one line ("inbox" or "outbox") over one Redis connection."""

    def __init__(self, connection: Redis, line: str = keys.INBOX) -> None:
        self.redis = connection
        self.line = line
        self._put = connection.register_script(_PUT)
        self._park = connection.register_script(_PARK)
        self._settle = connection.register_script(_SETTLE)
        self._release = connection.register_script(_RELEASE)
        self._renew = connection.register_script(_RENEW)
        self._sweep = connection.register_script(_SWEEP)

    def put(
        self,
        shard: int,
        lead: str,
        body: bytes,
        receipt: Iterable[str | bytes],
        *,
        key: bytes | str = "",
        version_ms: int | None = None,
        kind: str = "",
        keep_seconds: int = 30 * 86_400,
    ) -> Put:
        """Append one event unless its receipt exists; raises `WrongKey` and redis-py's errors. `receipt` is what
        `receipts.pack` made; `version_ms` is given for an event that did not come straight in."""
        outcome, detail, now = self._put(
            keys=[
                keys.receipt(lead),
                keys.entries(self.line, shard),
                keys.bell(self.line, shard),
                keys.LEADS,
                keys.SECRET,
            ],
            args=[
                key,
                lead,
                body,
                "" if version_ms is None else version_ms,
                kind,
                keep_seconds,
                DUPLICATE_MS,
                BELL_SECONDS,
                *receipt,
            ],
        )
        if outcome == b"rekey":
            raise WrongKey(detail)
        return Put(outcome.decode(), now)

    def park(
        self,
        lead: str,
        body: bytes,
        receipt: Iterable[str | bytes],
        *,
        key: bytes | str = "",
        keep_seconds: int = 30 * 86_400,
    ) -> Put:
        """Keep an event that cannot be worked on, with its body (as `postponed` packs it); safe to repeat. Raises as
        `put` does."""
        outcome, detail, now = self._park(
            keys=[keys.receipt(lead), keys.parked(lead), keys.PARKED, keys.SECRET, keys.COUNTS, keys.LEADS],
            args=[key, lead, body, keep_seconds, *receipt],
        )
        if outcome == b"rekey":
            raise WrongKey(detail)
        return Put(outcome.decode(), now)

    def take(self, shard: int, count: int, after: bytes = b"-") -> list[tuple[bytes, dict[bytes, bytes]]]:
        """Up to `count` entries, oldest first, without removing them; `after` is an entry's id to read on from."""
        start = after if after == b"-" else b"(" + after
        rows: list[tuple[bytes, dict[bytes, bytes]]] = self.redis.xrange(
            keys.entries(self.line, shard), min=start, count=count
        )
        return rows

    def acquire(self, shard: int, token: str) -> bool:
        """Take the shard's lock for `LOCK_MS`; False if somebody holds it."""
        return bool(self.redis.set(keys.lock(self.line, shard), token, nx=True, px=LOCK_MS))

    def renew(self, shard: int, token: str) -> bool:
        """Hold the lock for another `LOCK_MS`; False if it is no longer ours."""
        return bool(self._renew(keys=[keys.lock(self.line, shard)], args=[token, LOCK_MS]))

    def settle(self, shard: int, token: str, settlement: Settlement) -> list[int] | None:
        """Settle all groups at once. None: the lock was lost and nothing happened; else the positions of the groups
        whose guards no longer held, of which nothing happened."""
        answer = self._settle(
            keys=[keys.lock(self.line, shard)], args=[token, settlement.groups, *settlement.arguments]
        )
        return None if answer == -1 else [int(position) for position in answer]

    def release(self, shard: int, token: str) -> int:
        """Drop the lock and the bell; the number of entries left (-1 if the lock was no longer ours)."""
        return int(
            self._release(
                keys=[keys.lock(self.line, shard), keys.bell(self.line, shard), keys.entries(self.line, shard)],
                args=[token],
            )
        )

    def sweep(self, shard: int) -> int:
        """Put due entries back; the number of entries if somebody should ring for them now, else 0."""
        return int(
            self._sweep(
                keys=[
                    keys.later(self.line, shard),
                    keys.entries(self.line, shard),
                    keys.lock(self.line, shard),
                    keys.swept(self.line, shard),
                    keys.PAUSE if self.line == keys.INBOX else keys.NO_PAUSE,
                    keys.sending(shard) if self.line == keys.OUTBOX else keys.NO_PAUSE,
                ],
                args=[SWEEP_SECONDS],
            )
        )

    def rang(self, shard: int) -> bool:
        """Set the bell; True if it was not set, so that the caller has to enqueue the job."""
        return bool(self.redis.set(keys.bell(self.line, shard), b"1", nx=True, ex=BELL_SECONDS))
