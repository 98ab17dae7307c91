"""One burst through the whole system, and what it cost each part."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from bench.system import System
from bench.usage import Usage
from leadcore.store import keys

WARM_LEADS = 400
DISK = "disk"


@dataclass(frozen=True, slots=True)
class Drain:
    """From HubSpot's first call, `write_seconds` until its last answer, when the last lead is written, and `seconds`
    until the last one is settled and has its receipt; `post_seconds`: until all were acknowledged. `calls`: calls by
    status. `posting`, `processor`: part -> processor seconds while leads were acknowledged, and from then to the end;
    "redis" is the thread that runs commands, `DISK` what else Redis used, for its append-only file. `redis_bytes`:
    what the leads left in Redis."""

    leads: int
    post_seconds: float
    write_seconds: float
    seconds: float
    calls: Mapping[str, int]
    posting: Mapping[str, float]
    processor: Mapping[str, float]
    after: Mapping[str, Usage]
    redis_bytes: int

    @property
    def calls_per_lead(self) -> float:
        return sum(self.calls.values()) / self.leads

    @property
    def refused(self) -> int:
        return self.calls.get("429", 0)


def warm(system: System) -> None:
    """Let every worker have seen the portal and made its connections."""
    with system.hold(keys.INBOX):
        system.post(WARM_LEADS, f"warm{time.time_ns()}")
    system.settle()


def drain(system: System, leads: int, tag: str) -> Drain:
    """Put `leads` while the line is held, then let go. Waits until every customer was told."""
    bytes_before = _memory(system)
    start = system.usage()
    with system.hold(keys.INBOX):
        post_seconds = system.post(leads, tag)
        posted = system.usage()
        since = time.time()
    system.settle(keys.INBOX)
    ended = time.time()
    calls = system.calls(since)
    system.settle()
    after = system.usage()
    began = min(call["at"] for call in calls)
    return Drain(
        leads=leads,
        post_seconds=post_seconds,
        write_seconds=max(call["at"] + call["seconds"] for call in calls) - began,
        seconds=ended - began,
        calls=Counter(call["status"] for call in calls),
        posting=_between(start, posted),
        processor=_between(posted, after),
        after=after,
        redis_bytes=_memory(system) - bytes_before,
    )


def _between(before: Mapping[str, Usage], after: Mapping[str, Usage]) -> dict[str, float]:
    spent = {name: after[name].seconds - usage.seconds for name, usage in before.items()}
    commands = after["redis"].main - before["redis"].main
    return spent | {"redis": commands, DISK: spent["redis"] - commands}


def _memory(system: System) -> int:
    return int(system.redis.info("memory")["used_memory"])
