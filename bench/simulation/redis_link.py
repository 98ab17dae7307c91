"""What lies between a simulated process and the real Redis: other processes may run before each of its commands, and
commands or their answers are lost."""

import functools
from collections import deque
from collections.abc import Sequence
from copy import copy
from typing import Any

import redis
from redis.client import Pipeline
from redis.commands.core import Script

from bench.simulation.machine import BEGAN
from bench.simulation.scheduler import Killed, Process, Scheduler
from bench.simulation.wire import Wire, set_clock
from leadcore.store import keys
from leadcore.store.epoch import read_epoch

ENDED = 0.5
AGE_SECONDS = 1_000.0
LATE_SECONDS = (0.1, 2.0)


class Weather:
    """How often a command to Redis fails: `lost` before it arrives, `unanswered` after it was done; or is `late`, if a
    worker's: a receiver's would give what it keeps on its disk a time that is as wrong. `away`: it takes no commands at
    all. `run`: the id of the server's run, which `began` at that second of the simulation; `former`: that of the
    primary whose place it took."""

    def __init__(self) -> None:
        self.lost = self.unanswered = self.late = 0.0
        self.away = False
        self.run, self.former, self.began = 1, 0, -AGE_SECONDS


class Link:
    """What a `process` sees of Redis."""

    def __init__(self, wire: Wire, scheduler: Scheduler, process: Process, weather: Weather) -> None:
        self.wire, self.scheduler, self.process, self.weather = wire, scheduler, process, weather
        self._run = weather.run
        self._is_worker = process.name.startswith("worker")

    def pass_on(self) -> None:
        """Let others run, and then see whether a packet arrives: raises redis-py's error if not, and `Killed`."""
        if self._is_worker and self.weather.late and self.scheduler.random.random() < self.weather.late:
            most = self.scheduler.random.choice(LATE_SECONDS)
            self.scheduler.wait(None, self.scheduler.now + self.scheduler.random.uniform(0.0, most))
        self.scheduler.pause()
        if self.weather.away:
            raise redis.ConnectionError("Redis is away")
        if self._run != self.weather.run:
            # Of some connections it is noticed before they are used.
            self._run = self.weather.run
            if self.scheduler.random.random() < ENDED:
                raise redis.ConnectionError("the connection has ended")
        if self.weather.lost and self.scheduler.random.random() < self.weather.lost:
            raise redis.ConnectionError("the command was lost")

    def call(self, *commands: Sequence[Any]) -> list[Any]:
        """The answers, as far as they arrive."""
        self.pass_on()
        answers = self.wire.call(*commands)
        self.come_back()
        return answers

    def come_back(self) -> None:
        """Raises redis-py's error if the answers are lost."""
        if self.weather.unanswered and self.scheduler.random.random() < self.weather.unanswered:
            raise redis.ConnectionError("the answer was lost")


class _Connection(redis.UnixDomainSocketConnection):
    """For who packs commands himself."""

    def __init__(self, *, link: Link, **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]
        self._link = link
        self._answers: deque[Any] = deque()
        self._is_open, self._run = False, 0

    @property
    def is_connected(self) -> bool:
        return self._is_open and self._run == self._link.weather.run

    def connect(self) -> None:
        if not self._link.process.alive:
            raise Killed
        if self._link.weather.away:
            raise redis.ConnectionError("Redis is away")
        self._is_open, self._run = True, self._link.weather.run

    def disconnect(self, *_: Any, **__: Any) -> None:
        self._is_open = False
        self._answers.clear()

    def can_read(self, timeout: float = 0) -> bool:
        return bool(self._answers)

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        del check_health
        self._link.pass_on()
        packed = b"".join(command)
        self._answers.extend(self._link.wire.exchange(packed, count_commands(packed)))

    def send_command(self, *arguments: Any, **_: Any) -> None:
        self._link.pass_on()
        self._answers.extend(self._link.wire.call(arguments))

    def read_response(self, *_: Any, **__: Any) -> Any:
        self._link.come_back()
        answer = self._answers.popleft()
        if isinstance(answer, Exception):
            raise answer
        return answer


def count_commands(packed: bytes) -> int:
    """How many commands a packet holds."""
    at = count = 0
    while at < len(packed):
        end = packed.index(b"\r\n", at)
        size, at = int(packed[at + 1 : end]), end + 2
        for _ in range(size):
            end = packed.index(b"\r\n", at)
            at = end + 2 + int(packed[at + 1 : end]) + 2
        count += 1
    return count


class _Pipeline(Pipeline):
    """All of it is one packet."""

    def __init__(self, client: "_Client", transaction: bool) -> None:
        super().__init__(client.connection_pool, client.response_callbacks, transaction, None)
        self.link, self._begins_transaction = client.link, transaction

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        commands = self.command_stack
        try:
            return self._send(commands, raise_on_error) if commands else []
        finally:
            self.reset()

    def _send(self, commands: list[tuple[tuple[Any, ...], dict[str, Any]]], raise_on_error: bool) -> list[Any]:
        packet = [arguments for arguments, _ in commands]
        if self.scripts:
            self._load_scripts()
        is_atomic: bool = self._begins_transaction or self.explicit_transaction
        if is_atomic:
            packet = [("MULTI",), *packet, ("EXEC",)]
        answers = self.link.call(*packet)
        if is_atomic:
            if isinstance(answers[-1], Exception):
                raise next(one for one in answers if isinstance(one, Exception))
            answers = answers[-1]
        if raise_on_error:
            self.raise_first_error(commands, answers)  # type: ignore[no-untyped-call]
        return [
            one if isinstance(one, Exception) else read(self.response_callbacks, arguments[0], one, options)
            for one, (arguments, options) in zip(answers, commands, strict=True)
        ]

    def _load_scripts(self) -> None:
        scripts = list(self.scripts)
        are_loaded = self.link.call(("SCRIPT EXISTS", *(script.sha for script in scripts)))[0]
        for script, is_loaded in zip(scripts, are_loaded, strict=True):
            if not is_loaded:
                self.link.call(("SCRIPT LOAD", script.script))


def read(callbacks: Any, name: str, answer: Any, options: dict[str, Any]) -> Any:
    """An answer as redis-py gives it."""
    options.pop("keys", None)
    callback = callbacks.get(name)
    return callback(answer, **options) if callback else answer


class _Client(redis.Redis):
    """A client whose server has the simulation's time."""

    link: Link

    def execute_command(self, *arguments: Any, **options: Any) -> Any:
        answer = self.link.call(arguments)[0]
        if isinstance(answer, Exception):
            raise answer
        return read(self.response_callbacks, arguments[0], answer, options)

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Any:
        del shard_hint
        return _Pipeline(self, transaction)

    def client(self) -> Any:
        return self

    def info(self, section: str | None = None, *_: Any, **__: Any) -> Any:
        """Made up, at the price of a command."""
        self.link.pass_on()
        self.link.come_back()
        weather = self.link.weather
        return {
            "run_id": f"run-{weather.run}",
            "uptime_in_seconds": int(self.link.scheduler.now - weather.began),
            "master_replid": f"data-{weather.run}",
            "master_replid2": f"data-{weather.former}" if weather.former else 0,
            "role": "master",
            "used_memory": 1_000_000,
            "maxmemory": 0,
            "maxmemory_policy": "noeviction",
        }

    def register_script(self, script: Any) -> Any:
        # To make one anew for each process costs its digest each time.
        registered = Script.__new__(Script)
        registered.registered_client, registered.script = self, set_clock(script)
        registered.sha = self.link.wire.load(registered.script)
        return registered

    def time(self, **_: Any) -> Any:
        self.link.pass_on()
        self.link.come_back()
        now_ms = self.link.wire.now_ms
        return now_ms // 1000, now_ms % 1000 * 1000


class Window(Link):
    """What the simulation itself sees of Redis: all of it, at once."""

    def pass_on(self) -> None:
        """Nobody is let in between."""

    def come_back(self) -> None:
        """Nothing is lost."""


def connect(link: Link) -> Any:
    """A client for one process."""
    # What a client makes of itself costs more than its commands.
    client = copy(_make_client())
    client.connection_pool = redis.ConnectionPool(connection_class=_Connection, path="simulation", link=link)
    client.link = link
    return client


@functools.cache
def _make_client() -> Any:
    client: Any = _Client(connection_pool=redis.ConnectionPool(connection_class=_Connection, path="simulation"))
    client.response_callbacks = dict(client.response_callbacks)
    return client


def let_age(client: Any) -> None:
    """Let the server have run for a while: else all that is received may be older than the data that it lost."""
    client.set(keys.ORDERS_EPOCH, f"{read_epoch(client)} {int((BEGAN - AGE_SECONDS) * 1000)}")
