"""The sandbox page: play the customer, watch the contact appear in HubSpot and the message arrive in the chat.

`python -m sandbox.page --port P --receiver URL --secret S --hubspot URL --dealdroid URL` serves it on 127.0.0.1.
The browser speaks to this page alone; the secret stays on the server.
"""

import argparse
import json
import os
import re
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import redis
import requests
from flask import Flask, Response, jsonify, request

from sandbox.dealdroid import DealDroidFault
from sandbox.http_server import serve
from sandbox.hubspot.faults import HubSpotFault
from sandbox.hubspot.settings import Settings
from sandbox.received import Received
from sandbox.reset import forget_leads
from sandbox.sales import list_sales

HERE = Path(__file__).parent
PLACEHOLDER = "replace-with-the-intents-api-secret-key"
INTENT_PATH = "/api/v1/intent-handler"
PAYMENTS_PATH = "/api/v1/payments"
CONSOLE_PATH = "/console/"
READY_PATH = "/readyz"
SHOWN_CONTACTS = 20
TIMEOUT = (1, 10)
LABELS = {
    "401": "Token revoked (401)",
    "403": "Scope missing (403)",
    "404": "No such contact (404)",
    "423": "Locked (423)",
    "477": "Account being moved (477)",
    "429": "Too many requests (429)",
    "429_burst": "Over the 10-second limit (429)",
    "429_daily": "Over the daily limit (429)",
    "500": "Internal error (500)",
    "502": "Bad gateway (502)",
    "503": "Is down (503)",
    "504": "Gateway timeout (504)",
    "521": "Web server down (521)",
    "523": "Unreachable (523)",
    "524": "Cloudflare timeout (524)",
    "hang": "Never answers",
    "reset": "Resets the connection",
    "lost_answer": "Does it, but the answer is lost",
    "html": "Answers with an HTML page",
    "garbled": "Answers with garbled bytes",
    "empty_results": "Says OK, but did nothing",
    "missing_rows": "Leaves a row out of the answer",
    "drip": "Answers byte by byte",
    "row_locked": "One record is locked",
    "row_unexplained": "Refuses a row without saying why",
    "row_refused": "A rule refuses the contact (needs a person)",
    "row_limited": "Is too busy for a row",
    "row_warned": "Writes a row, with a warning",
    "untraced": "Does not say which row it means",
    "redirect": "Redirects elsewhere (302)",
    "brownout": "Three calls of ten fail",
}
# What a kind is switched on with.
DETAILS: dict[str, dict[str, Any]] = {"brownout": {"probability": 0.3}}
# What HubSpot's admin has set, or how the portal answers: name -> words for people, settings of the stand-in.
SWITCHES: dict[str, tuple[str, dict[str, Any]]] = {
    "required": (
        "A contact needs a postal code",
        {"required": [{"property": "zip", "on": "write", "when": {}, "object": "contacts"}]},
    ),
    "formats": (
        "Postal codes are numbers alone",
        {
            "formats": {
                "zip": [
                    {
                        "ruleType": "ALPHANUMERIC",
                        "ruleArguments": ["NUMERIC_ONLY"],
                        "shouldApplyNormalization": False,
                    }
                ]
            }
        },
    ),
    "conflict": ("One taken email refuses its whole batch (409)", {"batch_conflict": "no_id"}),
    "orders": ("Orders are not activated", {"enabled": [each for each in Settings().enabled if each != "0-123"]}),
    "currency": ("The portal has dollars and no THB", {"company_currency": "USD"}),
    "merged_writes": ("Old ids of merged contacts take no writes (404)", {"merged_writes": "refused"}),
}
_VERSION = re.compile(r" /crm/(?:objects/)?(v3|\d{4}-\d\d)/")


def create_app(
    receiver_url: str,
    secret: str,
    hubspot_url: str,
    dealdroid_url: str,
    redis_url: str = "",
    token: str | None = None,
    hook_secret: str = "",
) -> Flask:
    """The page and its few calls; the first three URLs are base URLs without a path, `redis_url` is that of a Redis
    which a reset may empty, "" if there is none. `token`: MESSAGES_TOKEN, None where nobody says that money
    has come; `hook_secret`: HOOK_SECRET, by which the hooks that come here are verified."""
    app = Flask("sandbox.page")
    received = Received(hook_secret)
    app.register_blueprint(received.routes())
    session = requests.Session()
    # These services are on this machine; a proxy or a .netrc of the user's has no business in between.
    session.trust_env = False
    systems = {"hubspot": hubspot_url.rstrip("/"), "dealdroid": dealdroid_url.rstrip("/")}
    intent_url = receiver_url.rstrip("/") + INTENT_PATH

    @app.get("/")
    def page() -> Response:
        return Response((HERE / "page.html").read_bytes(), content_type="text/html; charset=utf-8")

    @app.get("/examples")
    def examples() -> Response:
        files = sorted((HERE / "payloads").glob("*.json"))
        kinds = {"hubspot": kinds_of(HubSpotFault), "dealdroid": kinds_of(DealDroidFault)}
        payloads = [{"name": name_of(file), "body": file.read_text(encoding="utf-8")} for file in files]
        switches = [{"kind": name, "label": label} for name, (label, _) in SWITCHES.items()]
        console = receiver_url.rstrip("/") + CONSOLE_PATH
        return jsonify(payloads=payloads, faults=kinds, switches=switches, console=console)

    @app.post("/send")
    def send() -> Response:
        raw = fill_secret(request.get_data(), secret)
        started = time.perf_counter()
        answer = session.post(intent_url, raw, headers={"Content-Type": "application/json"}, timeout=TIMEOUT)
        took = (time.perf_counter() - started) * 1000
        return jsonify(status=answer.status_code, milliseconds=round(took, 1), body=answer.text)

    @app.get("/state")
    def state() -> Response:
        portal = session.get(systems["hubspot"] + "/_sandbox/state", timeout=TIMEOUT).json()
        bot = session.get(systems["dealdroid"] + "/_sandbox/state", timeout=TIMEOUT).json()
        ready = session.get(receiver_url.rstrip("/") + READY_PATH, timeout=TIMEOUT)
        newest = sorted(portal["contacts"], key=lambda contact: contact["updated"], reverse=True)
        faults = {"hubspot": portal["faults"], "dealdroid": bot["faults"]}
        return jsonify(
            contacts=newest[:SHOWN_CONTACTS],
            contact_count=len(newest),
            sales=list_sales(portal),
            chats=bot["chats"],
            received=received.as_dict(),
            versions=sorted({found[1] for route in portal["calls"] if (found := _VERSION.search(route))}),
            switches=[name for name, (_, on) in SWITCHES.items() if on.items() <= portal["settings"].items()],
            dry_run=ready.json().get("dry_run", False),
            faults={system: [fault["name"] or fault["kind"] for fault in on] for system, on in faults.items()},
        )

    @app.put("/faults/<system>/<kind>")
    def break_it(system: str, kind: str) -> tuple[str, int]:
        wanted = {"kind": kind, **DETAILS.get(kind, {})}
        answer = session.post(f"{systems[system]}/_sandbox/faults", json=wanted, timeout=TIMEOUT)
        return "", 204 if answer.ok else answer.status_code

    @app.delete("/faults/<system>/<kind>")
    def mend_it(system: str, kind: str) -> tuple[str, int]:
        answer = session.delete(f"{systems[system]}/_sandbox/faults/{kind}", timeout=TIMEOUT)
        return "", 204 if answer.ok else answer.status_code

    @app.put("/switches/<name>")
    def switch_on(name: str) -> tuple[str, int]:
        return "", change_settings(SWITCHES[name][1])

    @app.delete("/switches/<name>")
    def switch_off(name: str) -> tuple[str, int]:
        return "", change_settings(usual(SWITCHES[name][1]))

    @app.post("/merge")
    def merge() -> tuple[str, int]:
        answer = session.post(systems["hubspot"] + "/_sandbox/merges", request.get_data(), timeout=TIMEOUT)
        return "", 204 if answer.ok else answer.status_code

    @app.post("/paid")
    def pay() -> tuple[Response, int]:
        """What the shop's own system says once the money has come."""
        url, headers = receiver_url.rstrip("/") + PAYMENTS_PATH, {"Authorization": f"Bearer {token}"}
        answer = session.post(url, request.get_data(), headers=headers, timeout=TIMEOUT)
        return jsonify(error=answer.text), answer.status_code

    @app.patch("/sales/<kind>/<record_id>")
    def edit(kind: str, record_id: str) -> tuple[str, int]:
        """What a salesperson does with an order, cart or deal."""
        url = f"{systems['hubspot']}/_sandbox/{kind}/{record_id}"
        answer = session.patch(url, request.get_data(), timeout=TIMEOUT)
        return "", 204 if answer.ok else answer.status_code

    @app.delete("/sales/<kind>/<record_id>")
    def delete(kind: str, record_id: str) -> tuple[str, int]:
        answer = session.delete(f"{systems['hubspot']}/_sandbox/{kind}/{record_id}", timeout=TIMEOUT)
        return "", answer.status_code

    def change_settings(wanted: dict[str, Any]) -> int:
        answer = session.post(systems["hubspot"] + "/_sandbox/settings", json=wanted, timeout=TIMEOUT)
        return 204 if answer.ok else answer.status_code

    @app.post("/reset")
    def reset() -> tuple[str, int]:
        change_settings(usual([name for _, settings in SWITCHES.values() for name in settings]))
        session.post(systems["hubspot"] + "/_sandbox/reset", json={"keep": True}, timeout=TIMEOUT)
        session.post(systems["dealdroid"] + "/_sandbox/reset", timeout=TIMEOUT)
        received.clear()
        if redis_url:
            with closing(redis.Redis.from_url(redis_url, socket_timeout=TIMEOUT[1])) as client:
                forget_leads(client)
        return "", 204

    @app.errorhandler(KeyError)
    def unknown(_: KeyError) -> tuple[Response, int]:
        return jsonify(error="There is no such system or switch."), 404

    @app.errorhandler(requests.RequestException)
    def away(error: requests.RequestException) -> tuple[Response, int]:
        url = error.request.url if error.request is not None else "a service"
        return jsonify(error=f"{url} did not answer ({type(error).__name__})."), 502

    return app


def fill_secret(raw: bytes, secret: str) -> bytes:
    """`raw` with the real secret where a JSON object has none or the examples' placeholder; anything else unchanged, so
    that a wrong secret and broken JSON can be tried too."""
    try:
        body: Any = json.loads(raw)
    except ValueError:
        return raw
    if not isinstance(body, dict) or body.get("secret", PLACEHOLDER) != PLACEHOLDER:
        return raw
    return json.dumps({**body, "secret": secret}, ensure_ascii=False).encode()


def usual(names: Iterable[str]) -> dict[str, Any]:
    """What these settings are in a new portal."""
    new = msgspec.to_builtins(Settings())
    return {name: new[name] for name in names}


def kinds_of(fault: type) -> list[dict[str, str]]:
    """The kinds that a fault class knows, each with words for people."""
    return [{"kind": kind, "label": LABELS[kind]} for kind in get_args(get_type_hints(fault)["kind"])]


def name_of(file: Path) -> str:
    return file.stem.split("-", 1)[1].replace("-", " ").capitalize()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox.page", description="The sandbox page.")
    parser.add_argument("--port", type=int, required=True)
    for service in ("receiver", "hubspot", "dealdroid"):
        parser.add_argument(f"--{service}", required=True, metavar="URL")
    parser.add_argument("--secret", required=True)
    parser.add_argument("--redis", default="", metavar="URL", help="a Redis that a reset may empty")
    given = parser.parse_args()
    systems = (given.receiver, given.secret, given.hubspot, given.dealdroid, given.redis)
    own = (os.environ.get("MESSAGES_TOKEN", ""), next(iter(os.environ.get("HOOK_SECRET", "").split()), ""))
    serve(create_app(*systems, *own), given.port)


if __name__ == "__main__":
    main()
