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
ENDS = "simulation:ends"
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
# What ends, and when, is kept in a hash, for the server's own clock goes on by a little: a little less than when last
# seen is the same life. ARGV: now and the moment after, in ms, and how much is a little.
_ADVANCE = f"""
local now, after, drift = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local ends, still = {{}}, {{}}
local known = redis.call('HGETALL', '{ENDS}')
for at = 1, #known, 2 do ends[known[at]] = tonumber(known[at + 1]) end
for _, name in ipairs(redis.call('KEYS', '*')) do
  local ms = redis.call('PTTL', name)
  if ms >= 0 then
    local until_ms = ends[name]
    if not until_ms or until_ms - now - ms < 0 or until_ms - now - ms >= drift then
      until_ms = now + math.ceil(ms / 10) * 10
    end
    if until_ms <= after then
      redis.call('DEL', name)
    else
      redis.call('PEXPIRE', name, until_ms - after)
      still[#still + 1] = name
      still[#still + 1] = until_ms
    end
  end
end
redis.call('DEL', '{ENDS}')
if #still > 0 then redis.call('HSET', '{ENDS}', unpack(still)) end
redis.call('SET', '{NOW}', after)
"""
# The real time that passes within a simulation is far less.
DRIFT_MS = 1_500


class Weather:
    """How often a command to Redis fails: `lost` before it arrives, `unanswered` after it was done. `away`: it takes
    no commands at all. `run`: the id of the server's run, which `began` at that second of the simulation."""

    def __init__(self, lost: float = 0.0, unanswered: float = 0.0) -> None:
        self.lost, self.unanswered, self.away = lost, unanswered, False
        self.run, self.began = 1, -1_000.0


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

    def info(self, section: str | None = None, *_: Any, **__: Any) -> Any:
        """Made up, at the price of a command."""
        self.ping()
        scheduler, _, weather = self.connection_pool.connection_kwargs["link"]
        return {
            "run_id": f"run-{weather.run}",
            "uptime_in_seconds": int(scheduler.now - weather.began),
            "master_replid": f"data-{weather.run}",
            "role": "master",
            "used_memory": 1_000_000,
            "maxmemory": 0,
            "maxmemory_policy": "noeviction",
        }

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
        self._advance = client.register_script(_ADVANCE)
        self.now_ms = int(BEGAN * 1000)
        client.set(NOW, self.now_ms)

    def advance(self, seconds: float) -> None:
        """It is `seconds` later, and what ends by then is gone."""
        after_ms = self.now_ms + round(seconds * 1000)
        self._advance(args=[self.now_ms, after_ms, DRIFT_MS])
        self.now_ms = after_ms
