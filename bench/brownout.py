"""A share of HubSpot's calls fails: how fast leads are written all the same."""

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from bench.drain import warm
from bench.figure import Figure
from bench.revision import Tree
from bench.system import System, running
from leadcore.store import keys

GROUP = "Brownout"
WORKERS, LEADS = 4, 400
LONGEST_SECONDS = 120.0
# The share of calls that fail -> within how many seconds all leads shall be written.
SHARES = {0.3: 60.0, 0.5: 120.0}
SEED = 1


def measure(folder: Path, tree: Tree | None = None) -> Iterator[Figure]:
    """Each share in a system of its own, so that none inherits the pauses of another."""
    for share, target in SHARES.items():
        with running(folder / f"{share:.0%}", WORKERS, tree=tree) as system:
            warm(system)
            yield from _measure_share(system, share, target)


def _measure_share(system: System, share: float, target: float) -> Iterator[Figure]:
    fault = {"kind": "brownout", "probability": share, "seed": SEED}
    system.control.post(f"{system.hubspot}/_sandbox/faults", json=fault, timeout=10).raise_for_status()
    since = time.time()
    with system.hold(keys.INBOX):
        system.post(LEADS, f"brownout{share}")
        began = time.perf_counter()
    with suppress(TimeoutError):
        system.settle(keys.INBOX, seconds=LONGEST_SECONDS)
    seconds = time.perf_counter() - began
    written = LEADS - system.waiting(keys.INBOX)
    statuses = [call["status"] for call in system.calls(since)]
    name = f"{share:.0%} of the calls fail"
    detail = f"{written} of {LEADS} leads in {seconds:.1f} s, {len(statuses)} calls"
    yield Figure(GROUP, f"{name}: leads a minute", written / seconds * 60, "", "at least", LEADS / target * 60, detail)
    yield Figure(GROUP, f"{name}: refused with 429", statuses.count("429"), "", "at most", 0)
