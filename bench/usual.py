"""The usual way to do what leadsync does: a view that compares the secret and enqueues the payload with RQ's defaults,
and one job per lead that searches HubSpot for the email and then creates or updates the contact."""

import os
import time
from typing import Any

import redis
import requests
from flask import Flask, request
from rq import Queue

from workers.rules.mapping.property_names import CUSTOMER_ID

SECONDS = 30
PAUSE_SECONDS = 1.0


def create_app() -> Flask:
    """Reads DEALDROID_SECRET and REDIS_URL."""
    app = Flask(__name__, static_folder=None)
    secret = os.environ["DEALDROID_SECRET"]
    queue = Queue("usual", connection=redis.Redis.from_url(os.environ["REDIS_URL"]))

    @app.post("/")
    def intent() -> tuple[list[str], int]:
        payload = request.get_json()
        if payload.pop("secret", None) != secret:
            return [], 403
        queue.enqueue(write, payload)
        return [], 200

    return app


def write(payload: dict[str, Any]) -> None:
    """Writes one lead; raises requests' errors."""
    info = payload["contact_info"]
    first, _, last = info["name"].partition(" ")
    properties = {
        "firstname": first,
        "lastname": last,
        "email": info["email"],
        "phone": info["phone"],
        "city": info["city"],
        "zip": info["zipcode"],
        CUSTOMER_ID: payload["customer_id"],
    }
    filters = [{"propertyName": "email", "operator": "EQ", "value": info["email"]}]
    found = _ask("POST", "/search", {"filterGroups": [{"filters": filters}], "properties": ["email"], "limit": 1})
    if found["total"]:
        _ask("PATCH", f"/{found['results'][0]['id']}", {"properties": properties})
    else:
        _ask("POST", "", {"properties": properties})


def _ask(method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    url = f"{os.environ['HUBSPOT_BASE_URL']}/crm/v3/objects/contacts{path}"
    headers = {"Authorization": f"Bearer {os.environ['HUBSPOT_ACCESS_TOKEN']}"}
    while (answer := requests.request(method, url, json=body, headers=headers, timeout=SECONDS)).status_code == 429:
        time.sleep(PAUSE_SECONDS)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found
