"""What happens to machines and servers: clocks that differ and jump, and a Redis that loses what it held.

A replica that lags takes over: the data are those of a moment before, under a new run and a new history, by a server
that has been up for long. Or all data are lost with a restart. A shop's own system and payments speak to Redis here and
not to a receiver, which would remember it, and of what hooks and the team were told nobody else knows, so that such
seeds have none of these.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.simulation.machine import BEGAN
from bench.simulation.redis_link import Weather
from bench.simulation.wire import Wire
from leadcore.store import keys

MOST_AHEAD, MOST_LAG, MOST_AWAY = 300.0, 3.0, 2.0
# Whoever comes back at once overwhelms the new server: so often, each time in so many seconds, it goes away again.
FLICKERS, FLICKER_SECONDS = (0, 0, 2, 4), 1.0
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
    one time, of a Redis that is back for good at another, and sees it before and after that."""

    def __init__(
        self,
        wire: Wire,
        weather: Weather,
        now: Callable[[], float],
        tell: Callable[[str], None],
        later: Callable[[float, Callable[[], Any]], None],
        lose: Callable[[float, float, Callable[[], None]], None],
    ) -> None:
        self._lose = lose
        self._wire, self._weather, self._now, self._tell, self._later = wire, weather, now, tell, later
        self._kept: list[tuple[bytes, int, bytes]] = []

    def strike(self, kind: str, at: float, dice: random.Random) -> None:
        """Let it happen `at` a second from now."""
        if kind == "failover":
            self._later(max(at - dice.uniform(0.0, MOST_LAG), 0.0), self._keep)
        away = [(0.0, dice.uniform(0.0, MOST_AWAY))]
        for number in range(dice.choice(FLICKERS)):
            began = away[0][1] + FLICKER_SECONDS * (number + dice.random())
            away.append((began, dice.uniform(0.0, FLICKER_SECONDS / 2)))
        self._later(at, lambda: self._take_over(kind, away))

    def _keep(self) -> None:
        """What the replica has. A server that no process has marked as its own yet is not worth one."""
        kept = self._wire.dump()
        if any(name == keys.DATASET.encode() for name, _, _ in kept):
            self._kept = kept
        else:
            self._later(KEEP_AGAIN_SECONDS, self._keep)

    def _take_over(self, kind: str, away: Sequence[tuple[float, float]]) -> None:
        """`away`: from when on the server is, and for how long, in seconds."""
        if kind == "failover" and not self._kept:
            return
        at = BEGAN + self._now()
        self._lose(at, at + max(map(sum, away)), lambda: self._wire.restore(self._kept))
        self._weather.former = self._weather.run if kind == "failover" else 0
        self._weather.run += 1
        if kind == "loss":
            self._weather.began = self._now()
        self._tell("a replica takes over" if kind == "failover" else "Redis loses all")
        self._weather.away = True
        for began, seconds in away:
            self._later(began, self._go_away)
            self._later(began + seconds, self._come_back)

    def _go_away(self) -> None:
        self._weather.away = True

    def _come_back(self) -> None:
        self._weather.away = False
