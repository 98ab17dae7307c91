"""The sandbox page: play the customer, watch the contact appear in HubSpot and the message arrive in the chat.

`python -m sandbox.page --port P --receiver URL --secret S --hubspot URL --dealdroid URL` serves it on 127.0.0.1.
The browser speaks to this page alone; the secret stays on the server.
"""

import argparse
import json
import os
import re
import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import redis
import requests
from flask import Flask, Response, jsonify, render_template_string, request

from leadcore.event import DUPLICATE, STATE_HEADER
from leadcore.language import choose_offered
from leadcore.reasons import render, split_topic
from leadcore.receipts import Receipt
from leadcore.store.leads import read_newest, read_receipts
from leadcore.texts import en, th
from sandbox.dealdroid import DealDroidFault
from sandbox.http_server import serve
from sandbox.hubspot.faults import HubSpotFault
from sandbox.hubspot.settings import Settings
from sandbox.page_texts import EXAMPLES, FAULTS, LANGUAGES, SAID, TEXTS, choose
from sandbox.page_texts import SWITCHES as SWITCH_TEXTS
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
CATALOGUES = {"en": en, "th": th}
# What a kind is switched on with.
DETAILS: dict[str, dict[str, Any]] = {"brownout": {"probability": 0.3}}
# What HubSpot's admin has set, or how the portal answers: name -> settings of the stand-in.
SWITCHES: dict[str, dict[str, Any]] = {
    "required": {"required": [{"property": "zip", "on": "write", "when": {}, "object": "contacts"}]},
    "formats": {
        "formats": {
            "zip": [{"ruleType": "ALPHANUMERIC", "ruleArguments": ["NUMERIC_ONLY"], "shouldApplyNormalization": False}]
        }
    },
    "conflict": {"batch_conflict": "no_id"},
    "orders": {"enabled": [each for each in Settings().enabled if each != "0-123"]},
    "currency": {"company_currency": "USD"},
    "merged_writes": {"merged_writes": "refused"},
}
# Newest leads among which the one that was just sent is.
SEARCHED = 50
COOKIE, YEAR = "leadsync-sandbox-language", 365 * 86_400
_VERSION = re.compile(r" /crm/(?:objects/)?(v3|\d{4}-\d\d)/")


def create_app(
    receiver_url: str,
    secret: str,
    hubspot_url: str,
    dealdroid_url: str,
    redis_url: str = "",
    token: str | None = None,
    hook_secret: str | None = None,
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
        language = choose_language()
        [other] = LANGUAGES.keys() - {language}
        text = render_template_string(
            (HERE / "page.html").read_text(encoding="utf-8"),
            language=language,
            t=choose(TEXTS, language),
            other=other,
            other_name=LANGUAGES[other],
        )
        answer = Response(text, content_type="text/html; charset=utf-8")
        if request.args.get("lang") == language:
            answer.set_cookie(COOKIE, language, max_age=YEAR, httponly=True, samesite="Lax")
        return answer

    @app.get("/examples")
    def examples() -> Response:
        files = sorted((HERE / "payloads").glob("*.json"))
        language = choose_language()
        labels, names = choose(FAULTS, language), choose(EXAMPLES, language)
        kinds = {"hubspot": kinds_of(HubSpotFault, labels), "dealdroid": kinds_of(DealDroidFault, labels)}
        payloads = [
            {
                "name": names[file.stem],
                "said": names[file.stem] if file.stem in SAID else "",
                "body": file.read_text(encoding="utf-8"),
            }
            for file in files
        ]
        switches = [{"kind": name, "label": label} for name, label in choose(SWITCH_TEXTS, language).items()]
        console = receiver_url.rstrip("/") + CONSOLE_PATH
        return jsonify(payloads=payloads, faults=kinds, switches=switches, console=console)

    @app.post("/send")
    def send() -> Response:
        raw = fill_secret(request.get_data(), secret)
        started, since = time.perf_counter(), int(time.time() * 1000)
        answer = session.post(intent_url, raw, headers={"Content-Type": "application/json"}, timeout=TIMEOUT)
        took = (time.perf_counter() - started) * 1000
        return jsonify(
            status=answer.status_code,
            milliseconds=round(took, 1),
            body=answer.text,
            duplicate=answer.headers.get(STATE_HEADER) == DUPLICATE,
            since=since,
        )

    @app.get("/lead")
    def lead() -> Response:
        """What has become of the newest lead of a customer's since a moment: its id, state and why, all "" while there
        is none or nobody can say."""
        customer, since = request.args.get("customer", ""), request.args.get("since", 0, int)
        found = find_lead(redis_url, customer, since) if redis_url else None
        reasons = CATALOGUES[choose_language()].REASONS
        why = render(split_topic(found.reason)[1], reasons) if found else ""
        return jsonify(lead=found.lead if found else "", state=found.state if found else "", why=why)

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
            labels=portal["labels"]["contacts"],
            chats=bot["chats"],
            received=received.as_dict(),
            versions=sorted({found[1] for route in portal["calls"] if (found := _VERSION.search(route))}),
            switches=[name for name, on in SWITCHES.items() if on.items() <= portal["settings"].items()],
            dry_run=ready.json().get("dry_run", False),
            faults={system: [fault["name"] or fault["kind"] for fault in on] for system, on in faults.items()},
        )

    @app.put("/faults/<system>/<kind>")
    def break_it(system: str, kind: str) -> tuple[str, int]:
        wanted = {"kind": kind, **DETAILS.get(kind, {})}
        answer = session.post(f"{systems[system]}/_sandbox/faults", json=wanted, timeout=TIMEOUT)
        return "", 204 if answer.ok else answer.status_code

    @app.delete("/faults/<system>/<kind>")
    def repair_it(system: str, kind: str) -> tuple[str, int]:
        answer = session.delete(f"{systems[system]}/_sandbox/faults/{kind}", timeout=TIMEOUT)
        return "", 204 if answer.ok else answer.status_code

    @app.put("/switches/<name>")
    def switch_on(name: str) -> tuple[str, int]:
        return "", change_settings(SWITCHES[name])

    @app.delete("/switches/<name>")
    def switch_off(name: str) -> tuple[str, int]:
        return "", change_settings(usual(SWITCHES[name]))

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
        change_settings(usual([name for settings in SWITCHES.values() for name in settings]))
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

    @app.errorhandler(redis.RedisError)
    def redis_away(error: redis.RedisError) -> tuple[Response, int]:
        return jsonify(error=f"Redis did not answer ({type(error).__name__})."), 502

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


def choose_language() -> str:
    """The language in the address, else the one chosen before, else the browser's."""
    for wanted in (request.args.get("lang"), request.cookies.get(COOKIE)):
        if wanted in LANGUAGES:
            return wanted
    return choose_offered(request.accept_languages.values(), LANGUAGES, "en")


def find_lead(redis_url: str, customer: str, since_ms: int) -> Receipt | None:
    """The newest lead of a customer's that came at `since_ms` or later, None if there is none. Raises redis-py's
    errors."""
    with closing(redis.Redis.from_url(redis_url, socket_timeout=TIMEOUT[1])) as client:
        rows = read_newest(client, SEARCHED)
        receipts = read_receipts(client, [name for _, name in rows])
    return next(
        (one for one in receipts if one and one.customer_id == customer and (one.received_ms or 0) >= since_ms), None
    )


def kinds_of(fault: type, labels: Mapping[str, str]) -> list[dict[str, str]]:
    """The kinds that a fault class knows, each with words for people."""
    return [{"kind": kind, "label": labels[kind]} for kind in get_args(get_type_hints(fault)["kind"])]


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
