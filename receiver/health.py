"""The endpoints for machines: healthz, readyz and metrics."""

import hmac
from typing import Any

from flask import Blueprint, Response, request
from prometheus_client import generate_latest

from leadcore.settings import ReceiverSettings
from leadcore.store.connection import AWAY, Redis
from leadcore.store.status import read_status
from receiver.intake.spool import Spool
from receiver.metrics import count_spooled, register


def blueprint(redis: Redis, spool: Spool, settings: ReceiverSettings) -> Blueprint:
    """healthz, readyz and metrics. Route traffic by healthz: a receiver without Redis still stores leads."""
    pages = Blueprint("health", __name__)
    shards = settings.shared.config.inbox.shards
    registry = register(redis, spool, shards)

    @pages.get("/healthz")
    def healthz() -> dict[str, Any]:
        return {"status": "ok"}

    @pages.get("/readyz")
    def readyz() -> tuple[dict[str, Any], int]:
        try:
            status = read_status(redis, shards)
        except AWAY:
            spooled = count_spooled(spool)
            reason = f"Redis does not answer. Leads are kept on this machine's disk ({spooled} so far)."
            return {"status": "unavailable", "reason": reason, "spooled": spooled}, 503
        body = {
            "workers": status.workers,
            "waiting": status.waiting,
            "spooled": count_spooled(spool),
            "pause": status.pause,
            "dry_run": status.dry_run,
        }
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
