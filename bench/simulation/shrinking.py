"""Finds the shortest history that still breaks the same promise: fewer leads, fewer kinds of faults."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.simulation.world import World

KINDS = ("faults of requests", "lost commands", "kills", "freezes", "Redis away", "disasters", "clocks")


@dataclass(frozen=True, slots=True)
class Limits:
    """How many of its `leads` a seed has, and `without` which `KINDS` of faults."""

    leads: int = 1_000
    without: frozenset[str] = frozenset()

    def apply(self, world: "World") -> None:
        """Take these kinds of faults out of a storm that begins."""
        if "faults of requests" in self.without:
            for traffic in (world.to_hubspot, world.to_dealdroid, world.to_hooks, world.to_team):
                traffic.share = 0.0
        if "lost commands" in self.without:
            world.weather.lost = world.weather.unanswered = 0.0
        if "disasters" in self.without:
            world.disaster = ""
        if "clocks" in self.without:
            world.clocks.ahead.clear()
        for kind, name in (("kills", "deadly"), ("freezes", "chilly"), ("Redis away", "gusty")):
            if kind in self.without:
                setattr(world, name, 0.0)


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
