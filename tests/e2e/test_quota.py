"""HubSpot's quota with eight workers: never overdrawn, and not left unused while there is work."""

import threading
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

from tests.conftest import Line, eventually, lead

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
    line = spare_line(WEB_CONCURRENCY="1")
    line.crm.settings(latency=0.02)
    line.start("worker", "--count", "8")
    line.start("web")
    line.await_web()
    line.await_workers(8)
    with posting(line):
        eventually(lambda: line.crm.calls(ROUTE) > QUOTA * 1.5, 60)
    line.settle()
    asked = times(line)
    first = [at for at in asked if at < asked[0] + WINDOW_SECONDS]
    assert len(first) >= 0.9 * QUOTA
    assert line.crm.portal.quota.peak <= QUOTA
