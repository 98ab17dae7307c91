"""Several calls of one drain in flight at the same time."""

import threading
import time
from typing import Any

from receiver import keys
from tests.conftest import lead, same_shard
from tests.faults.conftest import Scene, patched
from workers.drain import BATCH

QUOTA = 100
SOON_MS = 500


def test_a_call_begins_as_soon_as_the_quota_allows_it_though_another_is_in_flight(scene: Scene) -> None:
    """The first call comes back only once the second is on its way, for which the quota has room a moment later."""
    customers = same_shard("many", 2 * BATCH)
    scene.accept(*(lead(one, name="Nok Jaidee") for one in customers))
    now = time.time() * 1000
    others = {f"other {number}": now + 60_000 for number in range(QUOTA - 2)}
    scene.redis.zadd(keys.BUDGET, {**others, "soon": now + SOON_MS})
    worker = scene.steady
    upsert, both, seen = worker.sync.hubspot.upsert, threading.Barrier(2), []

    def meet(rows: Any, found: Any) -> None:
        seen.append(len(rows))
        both.wait(10)
        upsert(rows, found)

    with patched(worker.sync.hubspot, "upsert", meet):
        worker.work()
    assert seen == [BATCH, BATCH]
    scene.redis.delete(keys.BUDGET)
    scene.recover(10)
    scene.assert_done()
