"""The endpoints for machines: healthz, readyz and metrics."""

import hmac
from typing import Any

from flask import Blueprint, Response, request
from prometheus_client import generate_latest

from leadcore.settings import ReceiverSettings
from leadcore.store.connection import AWAY, Redis
from leadcore.store.status import read_status
from receiver.intake.spool import ADVICE, Spool
from receiver.metrics import count_spooled, register


def blueprint(redis: Redis, spool: Spool, settings: ReceiverSettings) -> Blueprint:
    """healthz, readyz and metrics. Route traffic by healthz: a receiver without Redis still stores leads. readyz says
    what is wrong with the disk too, but with Redis and workers there it stays 200: leads arrive."""
    pages = Blueprint("health", __name__)
    shards = settings.shared.config.inbox.shards
    registry = register(redis, spool, shards)

    @pages.get("/healthz")
    def healthz() -> dict[str, Any]:
        return {"status": "ok"}

    @pages.get("/readyz")
    def readyz() -> tuple[dict[str, Any], int]:
        trouble = spool.trouble()
        disk = {"spooled": count_spooled(spool), "disk": trouble or "ok"}
        fault = f"This machine's disk cannot store leads: {trouble}."
        try:
            status = read_status(redis, shards)
        except AWAY:
            kept = f"Leads are kept on this machine's disk ({disk['spooled']} so far)."
            reason = f"Redis does not answer. {f'{fault} Posts are refused. {ADVICE}' if trouble else kept}"
            return {"status": "unavailable", "reason": reason, **disk}, 503
        body = {"workers": status.workers, "waiting": status.waiting, "pause": status.pause, **disk}
        reasons = []
        if not status.workers:
            reasons.append("No worker is alive. Start one: leadsync worker. Leads wait in the inbox meanwhile.")
        if trouble:
            reasons.append(f"{fault} While Redis is away, posts would be refused. {ADVICE}")
        if not reasons:
            return {"status": "ok", **body}, 200
        state, code = ("degraded", 200) if status.workers else ("unavailable", 503)
        return {"status": state, "reason": " ".join(reasons), **body}, code

    @pages.get("/metrics")
    def metrics() -> Response:
        token = settings.metrics_token
        given = request.headers.get("Authorization", "")
        if token and not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
            return Response('{"error": "Unauthorized"}', 401, {"WWW-Authenticate": "Bearer"}, "application/json")
        return Response(generate_latest(registry), content_type="text/plain; version=0.0.4; charset=utf-8")

    return pages
