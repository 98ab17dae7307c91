"""What lies between a simulated process and the real Redis: other processes may run before each of its commands, and
commands or their answers are lost. The scripts take the simulation's time."""

from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry

from bench.simulation.machine import BEGAN
from bench.simulation.scheduler import Killed, Process, Scheduler

NOW = "simulation:now"
"""The key that holds the time in ms; the real server's clock counts for nothing."""
# Put in front of every script: TIME, and the ids of new entries, are of the simulation.
_CLOCK = f"""
local now_ms = tonumber(redis.call('GET', '{NOW}'))
local function simulated(call)
  return function(name, ...)
    if name == 'TIME' then
      return {{string.format('%.0f', math.floor(now_ms / 1000)), string.format('%.0f', now_ms % 1000 * 1000)}}
    end
    if name ~= 'XADD' then return call(name, ...) end
    local arguments = {{...}}
    for at, argument in ipairs(arguments) do
      if argument == '*' then
        arguments[at] = string.format('%.0f-*', now_ms)
        break
      end
    end
    return call(name, unpack(arguments))
  end
end
local redis = setmetatable({{call = simulated(redis.call), pcall = simulated(redis.pcall)}}, {{__index = redis}})
"""
# Returns what expires: key and remaining ms, in turn.
_LIVES = """
local found = {}
for _, name in ipairs(redis.call('KEYS', '*')) do
  local ms = redis.call('PTTL', name)
  if ms >= 0 then
    found[#found + 1] = name
    found[#found + 1] = ms
  end
end
return found
"""
_EXPIRE = """
redis.call('SET', KEYS[1], ARGV[1])
for at = 2, #ARGV, 2 do
  local ms = tonumber(ARGV[at + 1])
  if ms <= 0 then redis.call('DEL', ARGV[at]) else redis.call('PEXPIRE', ARGV[at], ms) end
end
"""
# The real time that passes within a simulation is far less.
DRIFT_MS = 1_500


class Weather:
    """How often a command to Redis fails: `lost` before it arrives, `unanswered` after it was done. `away`: it takes
    no commands at all."""

    def __init__(self, lost: float = 0.0, unanswered: float = 0.0) -> None:
        self.lost, self.unanswered, self.away = lost, unanswered, False


class _Connection(redis.UnixDomainSocketConnection):
    """`link`: scheduler, process and weather."""

    def __init__(self, *, link: tuple[Scheduler, Process, Weather], **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]
        self._scheduler, self._process, self._weather = link
        self._preparing = False

    def connect(self) -> None:
        if not self._process.alive:
            raise Killed
        if self._weather.away:
            raise redis.ConnectionError("Redis is away")
        self._preparing = True
        try:
            super().connect()  # type: ignore[no-untyped-call]
        finally:
            self._preparing = False

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        if not self._preparing:
            self._scheduler.pause()
            if self._weather.away or self._scheduler.random.random() < self._weather.lost:
                self.disconnect()  # type: ignore[no-untyped-call]
                raise redis.ConnectionError("the command was lost")
        super().send_packed_command(command, check_health)  # type: ignore[no-untyped-call]

    def read_response(self, *arguments: Any, **options: Any) -> Any:
        answer = super().read_response(*arguments, **options)
        if not self._preparing and self._scheduler.random.random() < self._weather.unanswered:
            self.disconnect()  # type: ignore[no-untyped-call]
            raise redis.ConnectionError("the answer was lost")
        return answer


class _Client(redis.Redis):
    """A client whose server has the simulation's time."""

    def register_script(self, script: Any) -> Any:
        return super().register_script(_CLOCK + script)

    def time(self, **_: Any) -> Any:
        now_ms = int(self.get(NOW))  # type: ignore[arg-type]  # always there
        return now_ms // 1000, now_ms % 1000 * 1000


def connect(path: str, scheduler: Scheduler, process: Process, weather: Weather) -> Any:
    """A client of the server behind the socket `path`, for one process."""
    pool = redis.ConnectionPool(
        connection_class=_Connection,
        path=path,
        link=(scheduler, process, weather),
        retry=Retry(NoBackoff(), 0),
        maint_notifications_config=MaintNotificationsConfig(enabled=False),
    )
    return _Client.from_pool(pool)


class Expiry:
    """Lets time pass in Redis: the server's own clock stands still in comparison."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._lives, self._expire = client.register_script(_LIVES), client.register_script(_EXPIRE)
        self._ends: dict[bytes, int] = {}
        self.now_ms = int(BEGAN * 1000)
        client.set(NOW, self.now_ms)

    def advance(self, seconds: float) -> None:
        """It is `seconds` later, and what ends by then is gone."""
        found = self._lives()
        lives = dict(zip(found[::2], found[1::2], strict=True))
        after_ms = self.now_ms + round(seconds * 1000)
        ends: dict[bytes, int] = {}
        for name, ms in lives.items():
            known = self._ends.get(name)
            # A little less than when last seen is the same life, only later by the server's real clock.
            is_same = known is not None and 0 <= known - self.now_ms - ms < DRIFT_MS
            ends[name] = known if is_same and known is not None else self.now_ms + -(-ms // 10) * 10
        self._expire(
            keys=[NOW], args=[after_ms, *(part for name, end in ends.items() for part in (name, end - after_ms))]
        )
        self._ends = {name: end for name, end in ends.items() if end > after_ms}
        self.now_ms = after_ms
