"""A process' wire to Redis, on which it dies, freezes or is overtaken at a chosen trip, and which moments differ."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import redis

from tests.stand_ins import Crm

NO_RETRY = redis.retry.Retry(redis.backoff.NoBackoff(), 0)


class Killed(BaseException):
    """SIGKILL: no `except Exception` sees it, and no command of a `finally` gets through."""


class Wire:
    """Counts a process' round trips to Redis. At the `step`-th, "before" it reaches Redis or "after" it was answered,
    `act` is called; without `act` the process dies there. Step 0 never comes."""

    def __init__(self, step: int = 0, when: str = "before", act: Callable[[], None] | None = None) -> None:
        self.step, self.when, self.act = step, when, act
        self.reached = self.dead = False
        self.count = 0
        self._lock = threading.Lock()

    def before_trip(self) -> int:
        with self._lock:
            self.count += 1
            number = self.count
        self._strike(number, "before")
        return number

    def after_trip(self, number: int) -> None:
        self._strike(number, "after")

    def _strike(self, number: int, when: str) -> None:
        if not self.dead and self._is_due(number, when):
            self.reached = True
            if self.act is None:
                self.dead = True
            else:
                self.act()
        if self.dead:
            raise Killed

    def _is_due(self, number: int, when: str) -> bool:
        return (number, when) == (self.step, self.when)


@dataclass(frozen=True)
class Moment:
    """A moment of a process: "before" or "after" its trip `number`, `index` counting both. `world`: what is outside of
    the process, see `Scene.world`."""

    index: int
    number: int
    when: str
    thread: int
    world: Any


Same = Callable[[Moment, Moment], bool]
"""Whether what happens at the second of two neighbouring moments, between which the world stayed as it was, is what
would have happened at the first."""


def death(before: Moment, now: Moment) -> bool:
    """A process that dies leaves nothing but the world."""
    return True


def lost_answer(before: Moment, now: Moment) -> bool:
    """To its caller, a command that got no answer and changed nothing is one that never arrived."""
    return (now.when, now.number) == ("after", before.number)


def interruption(before: Moment, now: Moment) -> bool:
    """One that has its answer and has not sent its next command yet knows nothing new."""
    return (before.when, now.when) == ("after", "before") and before.thread == now.thread


class MomentWire(Wire):
    """Strikes at the first moment from `start` on at which that is not the same as at the moment before it."""

    def __init__(
        self, world: Callable[[], Any], start: int, same: Same = death, act: Callable[[], None] | None = None
    ) -> None:
        super().__init__(act=act)
        self.world, self.start, self.same = world, start, same
        self.index = 0
        self._before: Moment | None = None

    def _is_due(self, number: int, when: str) -> bool:
        with self._lock:
            self.index += 1
            if self.reached or self.index < self.start - 1:
                return False
            now = Moment(self.index, number, when, threading.get_ident(), self.world())
            before, self._before = self._before, now
            if self.index < self.start or (before and self.is_same(before, now)):
                return False
            self.struck = now
            # Here, or a second thread strikes too before the caller notes it.
            self.reached = True
            return True

    def is_same(self, before: Moment, now: Moment) -> bool:
        return before.world == now.world and self.same(before, now)


def moments(
    world: Callable[[], Any], same: Same = death, act: Callable[[], None] | None = None
) -> Iterator[MomentWire]:
    """A wire for each moment of a process that differs from the one before it, until one is not reached."""
    start, reached = 1, True
    while reached:
        wire = MomentWire(world, start, same, act)
        yield wire
        reached, start = wire.reached, wire.reached and wire.struck.index + 1


def count_writes(store: Any) -> int:
    """How often this Redis was written to since it started, by anybody."""
    return int(store.execute_command("INFO", "persistence")["rdb_changes_since_last_save"])


def watch(store: Any, crm: Crm) -> Callable[[], Any]:
    """The world of a process without files, as Redis and a portal that counts its requests see it."""
    assert crm.requests.begun, "this portal does not count"
    return lambda: (count_writes(store), crm.requests.begun, crm.requests.ended)


class Pool(redis.ConnectionPool):
    """Counts trips: a client gets a connection for each command or pipeline, and releases it after the answer."""

    def __init__(self, wire: Wire, **options: Any) -> None:
        super().__init__(**options)
        self.wire = wire
        self._trips: dict[int, int] = {}

    def get_connection(self, *arguments: Any, **options: Any) -> Any:
        number = self.wire.before_trip()
        connection = super().get_connection(*arguments, **options)
        self._trips[id(connection)] = number
        return connection

    def release(self, connection: Any) -> None:
        super().release(connection)
        number = self._trips.pop(id(connection), 0)
        if number:
            self.wire.after_trip(number)
