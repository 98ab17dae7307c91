"""A stand-in for DealDroid's provider webhook: takes messages for customers and keeps each customer's chat in memory.

`python -m sandbox.dealdroid --port P` serves it on 127.0.0.1.
"""

import argparse
import time
from pathlib import Path
from threading import Lock
from typing import Annotated, Any, Literal

import msgspec
from flask import Flask, Response, g, request
from msgspec import Meta, Struct

from sandbox.call_log import CallLog
from sandbox.faults import Fault, Faults
from sandbox.http_server import Dropped, serve
from sandbox.state_file import StateFile

WEBHOOK = "/api/provider/webhook/"
_NotBlank = Annotated[str, Meta(pattern=r"\S")]


class Delivery(Struct, forbid_unknown_fields=True):
    """The body, as on DealDroid's page; a customer whose id came as a number is answered by that number."""

    customer_id: _NotBlank | int | float
    messages: Annotated[list[_NotBlank], Meta(min_length=1)]


_Failure = Literal["500", "502", "reset", "lost_answer"]


class DealDroidFault(Fault):
    """`hang` and `reset` strike before the messages are taken, `lost_answer` after."""

    kind: Literal["429", "500", "502", "hang", "reset", "lost_answer", "redirect", "brownout"]
    kinds: Annotated[tuple[_Failure, ...], Meta(min_length=1)] = ("500", "502", "reset", "lost_answer")


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """`body`: the answer to a delivery. `latency` in seconds."""

    body: str = "[OK]"
    latency: Annotated[float, Meta(ge=0)] = 0.0


class _Saved(Struct):
    settings: Settings
    messages: list[dict[str, Any]]


class Chats:
    """What customers were told: `messages` in order of arrival, each `{at, customer_id, text}`."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.settings = Settings()
        self.messages: list[dict[str, Any]] = []

    def take(self, delivery: Delivery, now: float) -> None:
        with self.lock:
            self.messages += [{"at": now, "customer_id": delivery.customer_id, "text": t} for t in delivery.messages]

    def save(self) -> bytes:
        """What was said and set, as bytes. Takes the lock."""
        with self.lock:
            return msgspec.json.encode(_Saved(self.settings, self.messages))

    def restore(self, raw: bytes) -> None:
        """Raises `msgspec.MsgspecError`."""
        saved = msgspec.json.decode(raw, type=_Saved)
        self.settings, self.messages = saved.settings, saved.messages


def create_app(chats: Chats) -> Flask:
    """The webhook, and the control API under `/_sandbox/`. Raises `Dropped` where a connection must break."""
    app = Flask("sandbox.dealdroid")
    # Dropped has to reach the server, and a mistake of ours must not look like a fault of DealDroid's.
    app.config["PROPAGATE_EXCEPTIONS"] = True
    faults, call_log = Faults(DealDroidFault), CallLog()
    _add_control(app, chats, faults, call_log)

    @app.post(WEBHOOK)
    def deliver() -> Response:
        g.started = time.time()
        with chats.lock:
            fault: DealDroidFault | None = faults.draw("POST", WEBHOOK)
        if chats.settings.latency:
            time.sleep(chats.settings.latency)
        answer = _accept() if fault is None or fault.kind == "lost_answer" else _strike(fault)
        status = "none" if fault is not None and fault.kind == "lost_answer" else str(answer.status_code)
        with chats.lock:
            call_log.note(f"POST {WEBHOOK}", status, g.started, 1, fault.kind if fault is not None else "")
        if status == "none":
            raise Dropped
        return answer

    def _accept() -> Response:
        try:
            delivery = msgspec.json.decode(request.get_data(), type=Delivery)
        except msgspec.MsgspecError as error:
            return _json({"error": str(error)}, 400)
        chats.take(delivery, g.started)
        return Response(chats.settings.body, 200, content_type="text/plain; charset=utf-8")

    def _strike(fault: DealDroidFault) -> Response:
        if fault.kind in ("hang", "reset"):
            if fault.kind == "hang":
                faults.released.wait(fault.seconds)
            with chats.lock:
                call_log.note(f"POST {WEBHOOK}", "none", g.started, 1, fault.kind)
            raise Dropped(reset=fault.kind == "reset")
        if fault.kind == "redirect":
            return Response(status=302, headers={"Location": "/login"})
        headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
        return Response("unavailable", int(fault.kind), headers, content_type="text/plain")

    return app


def _add_control(app: Flask, chats: Chats, faults: Faults, call_log: CallLog) -> None:
    @app.get("/_sandbox/messages")
    def messages() -> Response:
        customer = request.args.get("customer_id")
        with chats.lock:
            return _json([each for each in chats.messages if customer in (None, str(each["customer_id"]))])

    @app.get("/_sandbox/state")
    def state() -> Response:
        with chats.lock:
            told: dict[str, list[str]] = {}
            for each in chats.messages:
                told.setdefault(str(each["customer_id"]), []).append(each["text"])
            return _json(
                {
                    "chats": told,
                    "calls": call_log.counts,
                    "connections": request.environ.get("sandbox.connections", 0),
                    "settings": chats.settings,
                    "faults": list(faults.faults.values()),
                    "faults_struck": faults.struck,
                }
            )

    @app.post("/_sandbox/settings")
    def change_settings() -> Response:
        with chats.lock:
            wanted = {**msgspec.structs.asdict(chats.settings), **msgspec.json.decode(request.get_data(), type=dict)}
            chats.settings = msgspec.convert(wanted, Settings)
            return _json(chats.settings)

    @app.route("/_sandbox/faults", methods=["GET", "POST"])
    def list_or_order_faults() -> Response:
        with chats.lock:
            if request.method == "POST":
                faults.put(request.get_data())
            return _json(list(faults.faults.values()))

    @app.delete("/_sandbox/faults", defaults={"name": None})
    @app.delete("/_sandbox/faults/<name>")
    def clear_faults(name: str | None) -> Response:
        with chats.lock:
            faults.clear(name)
            return _json(list(faults.faults.values()))

    @app.post("/_sandbox/reset")
    def reset() -> Response:
        with chats.lock:
            chats.messages.clear()
            chats.settings = Settings()
            faults.clear()
            faults.struck.clear()
            call_log.counts.clear()
            call_log.calls.clear()
        return Response(status=204)

    @app.errorhandler(msgspec.MsgspecError)
    def refuse(error: msgspec.MsgspecError) -> Response:
        return _json({"error": str(error)}, 400)


def _json(body: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, content_type="application/json")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox.dealdroid", description="A stand-in for DealDroid.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, metavar="FILE", help="keep the chats here")
    given = parser.parse_args()
    chats = Chats()
    state = StateFile(given.state, chats.save)
    saved = state.read()
    if saved:
        chats.restore(saved)
    with state:
        serve(state.watch(create_app(chats)), given.port)


if __name__ == "__main__":
    main()
