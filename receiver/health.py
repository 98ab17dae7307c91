"""The endpoints for machines: healthz, readyz and metrics."""

import hmac
from typing import Any

from flask import Blueprint, Response, request
from prometheus_client import generate_latest

from leadcore.settings import ReceiverSettings
from leadcore.store.connection import AWAY, Redis
from leadcore.store.status import read_status
from leadcore.verdict import assess, is_bad
from receiver.intake.spool import Spool
from receiver.metrics import count_spooled, register


def blueprint(redis: Redis, spool: Spool, settings: ReceiverSettings) -> Blueprint:
    """healthz, readyz and metrics. Route traffic by healthz: a receiver without Redis still stores leads."""
    pages = Blueprint("health", __name__)
    shards = settings.shared.config.inbox.shards
    registry = register(redis, spool, shards, settings.shared.timezone)

    @pages.get("/healthz")
    def healthz() -> dict[str, Any]:
        return {"status": "ok"}

    @pages.get("/readyz")
    def readyz() -> tuple[dict[str, Any], int]:
        spooled = count_spooled(spool)
        try:
            status = read_status(redis, shards, settings.shared.timezone)
        except AWAY:
            status = None
        problems = assess(status, spooled=spooled)
        body = {"problems": [one.code for one in problems], "spooled": -1 if spooled is None else spooled}
        if status is None:
            kept = "" if spooled is None else f" Leads are kept on this machine's disk ({spooled} so far)."
            return {"status": "unavailable", "reason": f"{problems[0]}{kept}", **body}, 503
        body |= {
            "workers": status.workers,
            "waiting": status.waiting,
            "pause": status.pause,
            "dry_run": status.dry_run,
        }
        if not status.workers:
            return {"status": "unavailable", "reason": str(problems[0]), **body}, 503
        return {"status": "degraded" if is_bad(problems) else "ok", **body}, 200

    @pages.get("/metrics")
    def metrics() -> Response:
        token = settings.metrics_token
        given = request.headers.get("Authorization", "")
        if token and not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
            return Response('{"error": "Unauthorized"}', 401, {"WWW-Authenticate": "Bearer"}, "application/json")
        return Response(generate_latest(registry), content_type="text/plain; version=0.0.4; charset=utf-8")

    return pages
