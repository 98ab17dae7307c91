"""healthz, readyz and metrics."""

import hmac
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from receiver import keys
from receiver.connection import AWAY, Redis
from receiver.settings import ReceiverSettings
from receiver.spool import Spool, SpoolError
from receiver.status import Status, read_status


def blueprint(redis: Redis, spool: Spool, settings: ReceiverSettings) -> Blueprint:
    """The three pages that machines read. Route traffic by healthz: a receiver without Redis still keeps leads."""
    pages = Blueprint("health", __name__)
    shards = settings.shared.config.inbox.shards
    registry = CollectorRegistry()
    registry.register(_Collector(redis, spool, shards))

    @pages.get("/healthz")
    def healthz() -> dict[str, Any]:
        return {"status": "ok"}

    @pages.get("/readyz")
    def readyz() -> tuple[dict[str, Any], int]:
        try:
            status = read_status(redis, shards)
        except AWAY:
            spooled = _spooled(spool)
            reason = f"Redis does not answer. Leads are kept on this machine's disk ({spooled} so far)."
            return {"status": "unavailable", "reason": reason, "spooled": spooled}, 503
        body = {"workers": status.workers, "waiting": status.waiting, "spooled": _spooled(spool), "pause": status.pause}
        if not status.workers:
            reason = "No worker is alive. Start one: leadsync worker. Leads wait in the inbox meanwhile."
            return {"status": "unavailable", "reason": reason, **body}, 503
        return {"status": "ok", **body}, 200

    @pages.get("/metrics")
    def metrics() -> Response:
        token = settings.metrics_token
        given = request.headers.get("Authorization", "")
        if token and not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
            return Response('{"error": "Unauthorized"}', 401, {"WWW-Authenticate": "Bearer"}, "application/json")
        return Response(generate_latest(registry), content_type="text/plain; version=0.0.4; charset=utf-8")

    return pages


def _spooled(spool: Spool) -> int:
    """How many leads wait on this machine's disk; -1 if the disk does not say."""
    try:
        return spool.count()
    except SpoolError:
        return -1


class _Collector:
    """Reads the figures from Redis at each scrape, so that they are right over several processes and restarts."""

    def __init__(self, redis: Redis, spool: Spool, shards: int) -> None:
        self.redis, self.spool, self.shards = redis, spool, shards

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("leadsync_spooled", "Leads on this machine's disk", _spooled(self.spool))
        try:
            status = read_status(self.redis, self.shards)
        except AWAY:
            yield GaugeMetricFamily("leadsync_redis_up", "Whether Redis answers", 0)
            return
        yield GaugeMetricFamily("leadsync_redis_up", "Whether Redis answers", 1)
        yield from _figures(status)


def _figures(status: Status) -> Iterator[Metric]:
    yield GaugeMetricFamily("leadsync_workers", "Workers alive", status.workers)
    yield GaugeMetricFamily("leadsync_paused", "1 while the line to HubSpot is paused", 1 if status.pause else 0)
    yield GaugeMetricFamily("leadsync_parked", "Leads that wait for a person", status.parked)
    depth = GaugeMetricFamily("leadsync_depth", "Entries waiting", labels=["line", "shard"])
    for line in (keys.INBOX, keys.OUTBOX):
        for shard, count in enumerate(status.depths[line]):
            depth.add_metric([line, str(shard)], count)
    yield depth
    counts = CounterMetricFamily("leadsync_leads", "Leads by what became of them", labels=["outcome"])
    for name, count in status.counts.items():
        counts.add_metric([name], count)
    yield counts
