"""Finds the shortest history that still breaks the same promise: fewer leads, fewer kinds of faults."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from bench.simulation.disasters import WallClocks
from bench.simulation.redis_link import Weather
from bench.simulation.stand_ins import Traffic
from bench.simulation.strikes import COUNTS, Strikes

KINDS = ("faults of requests", "lost commands", *COUNTS, "disasters", "clocks")


class Storm(Protocol):
    """What happens to a deployment; see `bench.simulation.world`."""

    to_hubspot: Traffic
    to_dealdroid: Traffic
    to_hooks: Traffic
    to_team: Traffic
    weather: Weather
    clocks: WallClocks
    disaster: str
    strikes: Strikes


@dataclass(frozen=True, slots=True)
class Limits:
    """How many of its `leads` a seed has, and `without` which `KINDS` of faults."""

    leads: int = 1_000
    without: frozenset[str] = frozenset()

    def apply(self, storm: Storm) -> None:
        """Take these kinds of faults out of a storm that begins."""
        if "faults of requests" in self.without:
            for traffic in (storm.to_hubspot, storm.to_dealdroid, storm.to_hooks, storm.to_team):
                traffic.share = 0.0
        if "lost commands" in self.without:
            storm.weather.lost = storm.weather.unanswered = storm.weather.late = 0.0
        if "disasters" in self.without:
            storm.disaster = ""
        if "clocks" in self.without:
            storm.clocks.ahead.clear()
        for kind in self.without.intersection(storm.strikes.counts):
            storm.strikes.counts[kind] = 0


ALL = Limits()


def shrink(is_broken: Callable[[Limits], bool], leads: int) -> Limits:
    """The narrowest limits that were found under which it `is_broken`, which it is with all of the `leads`."""
    found = replace(ALL, leads=leads)
    for kind in KINDS:
        narrower = replace(found, without=found.without | {kind})
        if is_broken(narrower):
            found = narrower
    step = max(leads // 2, 1)
    while step:
        narrower = replace(found, leads=found.leads - step)
        if narrower.leads > 0 and is_broken(narrower):
            found = narrower
        else:
            step //= 2
    return found
