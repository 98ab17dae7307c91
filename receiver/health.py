"""The endpoints for machines: healthz, readyz and metrics."""

import hmac
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request

from leadcore.settings import ReceiverSettings
from leadcore.store.connection import AWAY, Redis
from leadcore.store.status import read_status
from leadcore.verdict import BAD, assess
from receiver.intake.spool import Spool, count_foreign, count_spooled

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry


def blueprint(redis: Redis, spool: Spool, settings: ReceiverSettings) -> Blueprint:
    """healthz, readyz and metrics. Route traffic by healthz: a receiver without Redis still stores leads. readyz says
    what is wrong with the disk too, but with Redis and workers there it stays 200: leads arrive."""
    pages = Blueprint("health", __name__)
    shards = settings.shared.config.inbox.shards
    registries: list[CollectorRegistry] = []

    @pages.get("/healthz")
    def healthz() -> dict[str, Any]:
        return {"status": "ok"}

    @pages.get("/readyz")
    def readyz() -> tuple[dict[str, Any], int]:
        spooled, trouble = count_spooled(spool), spool.trouble()
        try:
            status = read_status(redis, shards, settings.shared.timezone)
        except AWAY:
            status = None
        problems = assess(status, spooled=spooled, foreign=count_foreign(spool) or 0, disk_trouble=trouble)
        body: dict[str, Any] = {
            "problems": [one.code for one in problems],
            "spooled": -1 if spooled is None else spooled,
            "disk": trouble or "ok",
        }
        if status is not None:
            body |= {
                "workers": status.workers,
                "waiting": status.waiting,
                "pause": status.pause,
                "dry_run": status.dry_run,
            }
        bad = [str(one) for one in problems if one.severity == BAD]
        if not bad:
            return {"status": "ok", **body}, 200
        is_ready = status is not None and bool(status.workers)
        state, code = ("degraded", 200) if is_ready else ("unavailable", 503)
        if status is None and spooled is not None and not trouble:
            bad.append(f"Leads are kept on this machine's disk ({spooled} so far).")
        return {"status": state, "reason": " ".join(bad), **body}, code

    @pages.get("/metrics")
    def metrics() -> Response:
        token = settings.metrics_token
        given = request.headers.get("Authorization", "")
        if token and not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
            return Response('{"error": "Unauthorized"}', 401, {"WWW-Authenticate": "Bearer"}, "application/json")
        # Only who is scraped needs it.
        from prometheus_client import generate_latest

        from receiver.metrics import register

        if not registries:
            registries.append(register(redis, spool, shards, settings.shared.timezone))
        return Response(generate_latest(registries[0]), content_type="text/plain; version=0.0.4; charset=utf-8")

    return pages
