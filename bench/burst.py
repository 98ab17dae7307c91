"""A burst at HubSpot's real quota: how close to the least time that the quota allows, and how many calls; beside it
the usual way."""

import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from math import ceil
from pathlib import Path

import redis
import requests
from rq import Queue

from bench import load
from bench.drain import drain, warm
from bench.figure import Figure
from bench.revision import ROOT, here
from bench.system import SECRET, listens, own_environ, process, running, until
from bench.usual import write
from sandbox.redis import free_port, start

GROUP = "Burst"
WORKERS = 4
LATENCY = 0.2
QUOTA, WINDOW, ROWS = 100, 10.0, 100
TARGETS = {20_000: 1.35, 50_000: 1.12}


def least_seconds(leads: int) -> float:
    """The first 100 calls at once, the next 100 when HubSpot's window of 10 s lets them, each of 100 leads."""
    return (ceil(leads / ROWS) - 1) // QUOTA * WINDOW + LATENCY


def measure(folder: Path, sizes: list[int], usual_leads: int) -> Iterator[Figure]:
    """Bursts of these sizes, one after the other; before them `usual_leads` leads in the usual way."""
    usual = usual_seconds_per_lead(usual_leads)
    with running(folder, WORKERS, hubspot={"latency": LATENCY, "requests_per_10s": QUOTA}) as system:
        warm(system)
        for leads in sizes:
            system.idle_budget()
            done = drain(system, leads, f"burst{leads}")
            least = least_seconds(leads)
            name = f"{leads:,} leads"
            detail = f"{done.write_seconds:.1f} s, at least {least:.1f} s"
            yield Figure(
                GROUP, f"{name}: time, of the quota's least", done.write_seconds / least, "x", "at most",
                TARGETS.get(leads), detail,
            )  # fmt: skip
            yield Figure(
                GROUP, f"{name}: until all have receipts", done.seconds / least, "x", detail=f"{done.seconds:.1f} s",
            )  # fmt: skip
            calls = f"{sum(done.calls.values())} calls"
            yield Figure(GROUP, f"{name}: calls per lead", done.calls_per_lead, "", "at most", 0.0105, calls)
            yield Figure(GROUP, f"{name}: refused with 429", done.refused, "", "at most", 0, calls)
            yield Figure(
                GROUP, f"{name}: the usual way, of our time (extrapolated)", usual * leads / done.seconds, "x",
                detail=f"{usual * leads:,.0f} s, from {usual_leads} leads in {usual * usual_leads:.0f} s",
            )  # fmt: skip


def usual_seconds_per_lead(leads: int) -> float:
    """One RQ job per lead on RQ's own workers: a search by email, then a create."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="leadsync-bench-")))
        server = stack.enter_context(start(folder))
        port = free_port()
        environ = {
            **own_environ(),
            "REDIS_URL": server.url,
            "RQ_REDIS_URL": server.url,
            "HUBSPOT_ACCESS_TOKEN": "bench",
            "HUBSPOT_BASE_URL": f"http://127.0.0.1:{port}",
            "PYTHONPATH": str(ROOT),
        }
        stack.enter_context(process(["sandbox.hubspot", "--port", str(port)], environ))
        until(partial(listens, port))
        settings = {"latency": LATENCY, "requests_per_10s": QUOTA}
        requests.post(f"{environ['HUBSPOT_BASE_URL']}/_sandbox/settings", json=settings, timeout=10).raise_for_status()
        subprocess.run(here().setup, env=environ, cwd=ROOT, check=True, capture_output=True)
        queue = Queue("usual", connection=stack.enter_context(redis.Redis.from_url(server.url)))
        for body in load.make(0, leads, "usual", SECRET):
            queue.enqueue(write, json.loads(body))
        began = time.perf_counter()
        for _ in range(WORKERS):
            stack.enter_context(process(["rq.cli", "worker", "usual", "--quiet"], environ))
        until(lambda: queue.finished_job_registry.count + queue.failed_job_registry.count >= leads, 600)
        seconds = time.perf_counter() - began
        if queue.failed_job_registry.count:
            raise RuntimeError("jobs of the usual way failed")
        return seconds / leads
