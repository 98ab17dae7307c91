"""HubSpot's quota with eight workers: never overdrawn, and not left unused while there is work."""

import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

from leadcore.store import keys
from leadcore.store.restoring import INTACT
from tests.conftest import PATIENT, SHARDS, Line, eventually, lead, one_per_shard
from tests.stand_ins import key_of

QUOTA, WINDOW_SECONDS = 100, 10.0
ROUTE = "/batch/upsert"


@contextmanager
def posting(line: Line) -> Any:
    """Within the block new customers come all the time, one after the other."""
    over = threading.Event()

    def post() -> None:
        for number in range(100_000):
            if over.wait(0.01):
                return
            line.post(lead(f"c-{number}", name="Ann Lee"))

    poster = threading.Thread(target=post)
    poster.start()
    try:
        yield
    finally:
        over.set()
        poster.join()


def times(line: Line) -> list[float]:
    """When HubSpot was asked what counts, oldest first, in seconds since 1970."""
    calls = line.crm.control("GET", "calls")
    assert [call for call in calls if str(call["status"]) == "429"] == []
    return sorted(call["at"] for call in calls if "/search" not in call["route"])


def test_eight_workers_use_the_quota_and_never_overdraw_it(spare_line: Callable[..., Line]) -> None:
    """Each call takes what has come meanwhile, so that there is always a next one to make."""
    quota = 40
    line = spare_line(WEB_CONCURRENCY="1", HUBSPOT_REQUESTS_PER_10S=str(quota))
    # So many a day that partial calls keep no gap.
    line.crm.settings(latency=0.02, requests_per_10s=quota, requests_per_day=100_000_000)
    line.start("worker", "--count", "8")
    line.start("web", **PATIENT)
    line.await_web()
    line.await_workers(8)
    with posting(line):
        eventually(lambda: line.crm.calls(ROUTE) > quota * 1.5, 60)
    line.settle()
    asked = times(line)
    first = [at for at in asked if at < asked[0] + WINDOW_SECONDS]
    assert len(first) >= 0.9 * quota
    assert line.crm.portal.quota.peak <= quota


def test_while_the_quota_holds_a_lead_up_the_customer_before_it_is_told(spare_line: Callable[..., Line]) -> None:
    """One worker and one shard; the first lead takes the last call of the window."""
    line = spare_line(WEB_CONCURRENCY="1")
    line.start("worker")
    line.start("web", **PATIENT)
    line.await_web()
    line.await_workers(1)
    before, first, second = [one for one in map(str, range(100)) if keys.shard_of(one, SHARDS) == 0][:3]
    line.redis.set(keys.STORE, INTACT)
    line.sync(lead(before, name="Ann Lee"))
    line.crm.settings(latency=0.5)
    free_at = time.time() * 1000 + WINDOW_SECONDS * 1000
    others = QUOTA - 1 - line.redis.zcard(keys.BUDGET)
    line.redis.zadd(keys.BUDGET, {f"other {number}": free_at for number in range(others)})
    line.send(lead(first, name="Bob Lee", phone="0812345678"))
    eventually(lambda: line.redis.zcard(keys.BUDGET) == QUOTA)
    line.send(lead(second, name="Cat Lee", phone="0812345679"))
    eventually(lambda: line.chat.told(first))
    assert second not in {key_of(contact) for contact in line.crm.contacts()}
    line.settle()
    assert len(line.chat.told(second)) == 1


def test_workers_that_start_cost_two_calls_together(spare_line: Callable[..., Line]) -> None:
    """One lists the portal's properties, and asks whose portal it is, for all."""
    line = spare_line()
    line.redis.set(keys.STORE, INTACT)
    line.crm.settings(latency=0.3)
    before = line.crm.calls("")
    for number in range(2):
        workers = line.start("worker", "--count", "4")
        if not number:
            line.start("web", **PATIENT)
            line.await_web()
        line.await_workers(4)
        with line.hold():
            line.send(*(lead(one, name="Ann Lee") for one in one_per_shard(f"start-{number}")))
        line.settle()
        workers.stop()
    writes = line.crm.calls("/batch/upsert")
    assert writes >= 2
    assert line.crm.calls("") - before - writes <= 2
