"""What a lead costs, with size and with workers; HubSpot's quota is lifted, so that the machine is what bounds it."""

from collections.abc import Iterator
from pathlib import Path

from bench.drain import DISK, Drain, drain, warm
from bench.figure import Figure
from bench.system import running

COST, GROWTH = "Cost", "Growth"
WORKERS = 4
# The most that leadsync takes: ten times what this machine can use.
LIFTED = 1_000
LIFTED_DAY = 1_000_000_000
STEPS = {
    "acknowledge: web": ("posting", "web"),
    "acknowledge: Redis": ("posting", "redis"),
    "write and tell: workers": ("processor", "worker"),
    "write and tell: Redis": ("processor", "redis"),
}


def measure_sizes(folder: Path, sizes: list[int]) -> Iterator[Figure]:
    """One web process and 4 workers take bursts of growing sizes, one after the other, and after the third the second
    again: what a lead costs may depend on how many come, and on how many came before."""
    with running(
        folder,
        WORKERS,
        web=1,
        hubspot={"requests_per_10s": 10 * LIFTED, "requests_per_day": LIFTED_DAY},
        environ={"HUBSPOT_REQUESTS_PER_10S": str(LIFTED)},
    ) as system:
        warm(system)
        drains = [drain(system, leads, f"size{leads}") for leads in sizes]
        again = drain(system, sizes[1], "again") if len(sizes) > 2 else None
    yield from _costs(drains)
    yield from _growth(drains, again)


def measure_workers(folder: Path, counts: list[int], leads: int) -> Iterator[Figure]:
    """The same burst with different numbers of workers, without messages' part of it."""
    first = 0.0
    for count in counts:
        with running(
            folder / str(count),
            count,
            shards=max(4, count),
            hubspot={"requests_per_10s": 10 * LIFTED, "requests_per_day": LIFTED_DAY},
            environ={"HUBSPOT_REQUESTS_PER_10S": str(LIFTED)},
        ) as system:
            warm(system)
            done = drain(system, leads, "crowd")
        rate = leads / done.seconds
        first = first or rate
        name = f"leads/s with {count} workers, of one's" if count > 1 else "leads/s with 1 worker"
        value, unit = (rate / first, "x") if count > 1 else (rate, "/s")
        yield Figure(GROWTH, name, value, unit, detail=f"{rate:,.0f}/s written, {leads:,} leads")


def _costs(drains: list[Drain]) -> Iterator[Figure]:
    """The second burst is measured against the targets, what comes after it only for growth."""
    done, last = (drains[1] if len(drains) > 1 else drains[0]), drains[-1]
    after = f"after {done.leads:,} leads"
    for part, name, limit in (("web", "one web process", 70), ("worker", "one worker", 90)):
        memory = done.after[part].largest / 1e6
        yield Figure(COST, f"resident memory of {name}", memory, "MB", "at most", limit, after)
        if last is not done:
            grown = last.after[part].largest / done.after[part].largest
            detail = f"{memory:.0f} MB {after}, {last.after[part].largest / 1e6:.0f} MB after {last.leads:,} more"
            yield Figure(COST, f"growth of its memory, {name}", grown, "x", "at most", 1.1, detail)
    yield Figure(COST, "Redis memory per written lead", done.redis_bytes / done.leads, "B", "at most", 800, after)
    each = done.processor["worker"] / done.leads * 1e3
    yield Figure(COST, "the workers' processor time per lead", each, "ms", "at most", 1.5, "written and confirmed")


def _growth(drains: list[Drain], again: Drain | None) -> Iterator[Figure]:
    for done in drains:
        detail = f"acknowledged at {done.leads / done.post_seconds:,.0f}/s"
        yield Figure(GROWTH, f"leads/s in a burst of {done.leads:,}", done.leads / done.seconds, "/s", detail=detail)
    if again is None:
        return
    middle, large = drains[1], drains[2]
    for step, (phase, part) in STEPS.items():
        small, much = _micros(middle, phase, part), _micros(large, phase, part)
        detail = f"{small:.0f} us per lead at {middle.leads:,}, {much:.0f} us at {large.leads:,}"
        yield Figure(GROWTH, step, much / small if small else 1.0, "x", "at most", 1.1, detail)
    yield from _held(middle, large, again)
    small, much = middle.redis_bytes / middle.leads, large.redis_bytes / large.leads
    detail = f"{small:.0f} B per lead at {middle.leads:,}, {much:.0f} B at {large.leads:,}"
    yield Figure(GROWTH, "Redis memory", much / small, "x", "at most", 1.1, detail)
    calls = f"{middle.calls_per_lead:.5f} per lead at {middle.leads:,}, {large.calls_per_lead:.5f} at {large.leads:,}"
    yield Figure(GROWTH, "calls to HubSpot", large.calls_per_lead / middle.calls_per_lead, "x", "at most", 1.1, calls)


def _held(before: Drain, large: Drain, after: Drain) -> Iterator[Figure]:
    """What comes with the leads that Redis holds, however many are in a burst: no target, but nothing is left out."""
    then, now = (_micros(each, "processor", "redis") for each in (before, after))
    detail = f"{then:.0f} us per lead before the {large.leads:,}, {now:.0f} us after them"
    name = f"write and tell: Redis, {after.leads:,} again"
    yield Figure(GROWTH, name, now / then if then else 1.0, "x", detail=detail)
    file = [sum(_micros(done, phase, DISK) for phase in ("posting", "processor")) for done in (before, large, after)]
    detail = f"per lead; {file[0]:.1f} us at {before.leads:,}, {file[2]:.1f} us at {after.leads:,} again"
    yield Figure(GROWTH, f"Redis' append-only file, {large.leads:,}", file[1], "us", detail=detail)


def _micros(done: Drain, phase: str, part: str) -> float:
    """Microseconds of processor time per lead."""
    seconds: float = getattr(done, phase)[part]
    return seconds / done.leads * 1e6
