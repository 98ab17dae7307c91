"""What happens to machines and servers: clocks that differ and jump, and a Redis that loses what it held.

A replica that lags takes over: the data are those of a moment before, under a new run and a new history, by a server
that has been up for long. Or all data are lost with a restart. Of what a shop's own system, the hooks, the team or a
payment said to Redis in that time nobody else knows, so that such seeds have none of these.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bench.simulation.machine import BEGAN
from bench.simulation.redis_link import Weather
from bench.simulation.wire import Wire
from leadcore.store import keys

MOST_AHEAD, MOST_LAG, MOST_AWAY = 300.0, 3.0, 2.0
KEEP_AGAIN_SECONDS = 0.2
KINDS = ("failover", "loss")


@dataclass
class WallClocks:
    """By how many seconds the clock of each kind of machine is ahead: processes of one kind share a machine."""

    ahead: dict[str, float] = field(default_factory=dict)

    def read(self, kind: str) -> float:
        return self.ahead.get(kind, 0.0)

    def differ(self, dice: random.Random) -> None:
        """Set them apart."""
        for kind in ("web", "worker"):
            self.ahead[kind] = dice.uniform(-MOST_AHEAD, MOST_AHEAD)

    def jump(self, dice: random.Random) -> None:
        """Set the workers' anew. The receiver's is not: what it keeps on its disk while Redis is away has that clock's
        time, see docs/architecture.md."""
        self.ahead["worker"] = dice.uniform(-MOST_AHEAD, MOST_AHEAD)


class Replica:
    """`tell`: notes what happens; `later`: lets something happen after so many seconds; `lose`: lets data be lost at
    that time, and sees Redis before and after it."""

    def __init__(
        self,
        wire: Wire,
        weather: Weather,
        now: Callable[[], float],
        tell: Callable[[str], None],
        later: Callable[[float, Callable[[], Any]], None],
        lose: Callable[[float, Callable[[], None]], None],
    ) -> None:
        self._lose = lose
        self._wire, self._weather, self._now, self._tell, self._later = wire, weather, now, tell, later
        self._kept: list[tuple[bytes, int, bytes]] = []

    def strike(self, kind: str, at: float, dice: random.Random) -> None:
        """Let it happen `at` a second from now."""
        if kind == "failover":
            self._later(max(at - dice.uniform(0.0, MOST_LAG), 0.0), self._keep)
        away = dice.uniform(0.0, MOST_AWAY)
        self._later(at, lambda: self._take_over(kind, away))

    def _keep(self) -> None:
        """What the replica has. A server that no process has marked as its own yet is not worth one."""
        kept = self._wire.dump()
        if any(name == keys.DATASET.encode() for name, _, _ in kept):
            self._kept = kept
        else:
            self._later(KEEP_AGAIN_SECONDS, self._keep)

    def _take_over(self, kind: str, away: float) -> None:
        if kind == "failover" and not self._kept:
            return
        self._lose(BEGAN + self._now(), lambda: self._wire.restore(self._kept))
        self._weather.former = self._weather.run if kind == "failover" else 0
        self._weather.run += 1
        if kind == "loss":
            self._weather.began = self._now()
        self._weather.away = True
        self._tell("a replica takes over" if kind == "failover" else "Redis loses all")
        self._later(away, lambda: setattr(self._weather, "away", False))
