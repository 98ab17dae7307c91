"""The one connection of a simulation to its real Redis, which all simulated processes share, and the time there:
scripts and times to live go by the simulation's clock, the real server's counts for nothing.

A time to live becomes a moment in a far future, so that the server itself lets nothing expire. What ends and when is
also in an index, and it is deleted when the simulation gets there.
"""

import functools
import hashlib
from collections.abc import Sequence
from typing import Any

import hiredis
import redis
from redis._parsers.base import BaseParser

from bench.simulation.machine import BEGAN

NOW = "simulation:now"
"""The key that holds the time in ms."""
ENDS = "simulation:ends"
"""The index: names of keys by when they may end."""
# The server must take no moment for past.
_FUTURE = 4_000_000_000_000
_CLOCK = f"""
local now_ms = tonumber(redis.call('GET', '{NOW}'))
local function live(name, ms)
  redis.call('ZADD', '{ENDS}', now_ms + ms, name)
end
local function later(ms) return string.format('%.0f', now_ms + ms + {_FUTURE}) end
local replaced = {{
  TIME = function()
    return {{string.format('%.0f', math.floor(now_ms / 1000)), string.format('%.0f', now_ms % 1000 * 1000)}}
  end,
  XADD = function(call, ...)
    local arguments = {{...}}
    for at, argument in ipairs(arguments) do
      if argument == '*' then
        arguments[at] = string.format('%.0f-*', now_ms)
        break
      end
    end
    return call('XADD', unpack(arguments))
  end,
  SET = function(call, name, value, ...)
    local arguments = {{...}}
    for at, argument in ipairs(arguments) do
      if argument == 'EX' or argument == 'PX' then
        local ms = tonumber(arguments[at + 1]) * (argument == 'EX' and 1000 or 1)
        arguments[at], arguments[at + 1] = 'PXAT', later(ms)
        local done = call('SET', name, value, unpack(arguments))
        if done then live(name, ms) end
        return done
      end
    end
    return call('SET', name, value, ...)
  end,
  PEXPIRE = function(call, name, ms)
    local done = call('PEXPIREAT', name, later(ms))
    if done == 1 then live(name, ms) end
    return done
  end,
  PTTL = function(call, name)
    local ms = call('PEXPIRETIME', name)
    return ms < 0 and ms or ms - {_FUTURE} - now_ms
  end,
}}
function replaced.EXPIRE(call, name, seconds) return replaced.PEXPIRE(call, name, seconds * 1000) end
function replaced.TTL(call, name)
  local ms = replaced.PTTL(call, name)
  return ms < 0 and ms or math.floor((ms + 500) / 1000)
end
local function simulated(call)
  return function(name, ...)
    local instead = replaced[name]
    if instead then return instead(call, ...) end
    return call(name, ...)
  end
end
local redis = setmetatable({{call = simulated(redis.call), pcall = simulated(redis.pcall)}}, {{__index = redis}})
"""
_CALL = f"{_CLOCK}\nreturn redis.call(unpack(ARGV))"
# ARGV: the moment that comes. An entry of the index may be older than what its key was told last.
_ADVANCE = f"""
local now = tonumber(ARGV[1])
redis.call('SET', '{NOW}', ARGV[1])
for _, name in ipairs(redis.call('ZRANGEBYSCORE', '{ENDS}', '-inf', ARGV[1])) do
  local ms = redis.call('PEXPIRETIME', name)
  if ms >= 0 and ms - {_FUTURE} > now then
    redis.call('ZADD', '{ENDS}', ms - {_FUTURE}, name)
  else
    if ms >= 0 then redis.call('DEL', name) end
    redis.call('ZREM', '{ENDS}', name)
  end
end
"""
_ADVANCE_SHA = hashlib.sha1(_ADVANCE.encode(), usedforsecurity=False).hexdigest()
_CALL_SHA = hashlib.sha1(_CALL.encode(), usedforsecurity=False).hexdigest()
_PARTIAL = object()
_pack: Any = hiredis.pack_command
_TIMED = ("TIME", "XADD", "EXPIRE", "PEXPIRE", "TTL", "PTTL")


class Wire:
    """The connection to the server behind the socket `path`. Scripts stay loaded from one simulation to the next."""

    def __init__(self, path: str) -> None:
        # Only its greeting is redis-py's: what its commands cost is most of what a simulation costs.
        self._connection = redis.UnixDomainSocketConnection(path=path)  # type: ignore[abstract, no-untyped-call]
        self._connection.connect()  # type: ignore[no-untyped-call]
        self._socket: Any = self._connection._sock
        self._reader = hiredis.Reader(replyError=BaseParser.parse_error, notEnoughData=_PARTIAL)
        self._is_late = False
        self.now_ms = 0
        self._scripts = {_ADVANCE: _ADVANCE_SHA, _CALL: _CALL_SHA}
        self.begin()

    def begin(self) -> None:
        """Forget all data, and begin the simulation's time."""
        self.now_ms, self._is_late = int(BEGAN * 1000), False
        _, are_loaded = self.call(("FLUSHALL",), ("SCRIPT EXISTS", *self._scripts.values()))
        lost = [script for script, is_loaded in zip(self._scripts, are_loaded, strict=True) if not is_loaded]
        self.call(*(("SCRIPT LOAD", script) for script in lost), ("SET", NOW, self.now_ms))

    def load(self, script: str) -> str:
        """Load the script if it never was, so that no seed finds another server than the next. Returns its digest."""
        if script not in self._scripts:
            self._scripts[script] = self.call(("SCRIPT LOAD", script))[0].decode()
        return self._scripts[script]

    def dump(self) -> list[tuple[bytes, int, bytes]]:
        """All data: names, when they end (0: never) and values as Redis packs them."""
        names = [name for name in sorted(self.call(("KEYS", "*"))[0]) if name != NOW.encode()]
        if not names:
            return []
        found = self.call(*(("PEXPIRETIME", name) for name in names), *(("DUMP", name) for name in names))
        ends, values = found[: len(names)], found[len(names) :]
        return [(name, max(end, 0), value) for name, end, value in zip(names, ends, values, strict=True)]

    def restore(self, data: Sequence[tuple[bytes, int, bytes]]) -> None:
        """Put these in the place of all data. The scripts of whoever uses this server are gone with them."""
        own = (("SCRIPT LOAD", _ADVANCE), ("SCRIPT LOAD", _CALL), ("SET", NOW, self.now_ms))
        self.call(("FLUSHALL",), ("SCRIPT FLUSH",), *own)
        self.call(*(("RESTORE", name, end, value, "ABSTTL") for name, end, value in data), ("PING",))

    def advance(self, seconds: float) -> None:
        """It is `seconds` later; what ends by then is gone before the next command."""
        self.now_ms += round(seconds * 1000)
        self._is_late = True

    def call(self, *commands: Sequence[Any]) -> list[Any]:
        """The answers to commands that are sent at once; an error is returned in its place."""
        return self.exchange(b"".join(_pack(translate(command)) for command in commands), len(commands))

    def exchange(self, packed: bytes, count: int) -> list[Any]:
        """The answers to `count` packed commands."""
        if self._is_late:
            packed = _pack(("EVALSHA", _ADVANCE_SHA, 0, self.now_ms)) + packed
        self._socket.sendall(packed)
        answers = [self._read() for _ in range(count + self._is_late)]
        if self._is_late:
            self._is_late = False
            if isinstance(failed := answers.pop(0), Exception):
                raise failed
        return answers

    def _read(self) -> Any:
        while (answer := self._reader.gets()) is _PARTIAL:
            data = self._socket.recv(65_536)
            if not data:
                raise RuntimeError("the simulation's Redis has ended")
            self._reader.feed(data)
        return answer


def translate(command: Sequence[Any]) -> tuple[Any, ...]:
    """The command as the server gets it: one that has to do with time becomes a script that asks the simulation's."""
    name = command[0]
    if name in _TIMED or (name == "SET" and any(one in ("EX", "PX") for one in command[3:])):
        return ("EVALSHA", _CALL_SHA, 0, *command)
    if isinstance(name, str) and " " in name:
        return (*name.split(), *command[1:])
    return tuple(command)


@functools.cache
def set_clock(script: str) -> str:
    """The script, in the simulation's time."""
    return _CLOCK + script
