"""The page about stages of orders that are held, and what a person decides about them."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from leadcore.store.connection import Redis
from leadcore.store.keys import ACTIONS_KEPT
from leadcore.store.portal_links import read_portal_links
from leadcore.store.stages import HeldStage, HeldStages
from receiver.console.actions import apply_action, parse_result

# Held stages that one page shows, and that one form decides.
SHOWN, AT_ONCE = 100, 2_000
COMMANDS = ("release", "drop")


def add_stage_pages(pages: Blueprint, redis: Redis, kind: str, render: Callable[..., tuple[str, int]]) -> None:
    """`kind`: of the records that are orders; `render`: as `receiver.console.views` renders its pages."""
    store = HeldStages(redis, ACTIONS_KEPT)

    @pages.get("/stages")
    def stages() -> ResponseReturnValue:
        seconds, micros = redis.time()
        now_ms = int(seconds * 1000 + micros // 1000)
        return render(
            "stages.html",
            held=store.read(SHOWN),
            held_count=store.count(),
            kind=kind,
            links=read_portal_links(redis),
            now_ms=now_ms,
            result=parse_result(request.args),
        )

    def view_of(command: str) -> Callable[[], ResponseReturnValue]:
        def view() -> ResponseReturnValue:
            decide = store.release if command == "release" else store.drop
            shown = _choose(store, request.form)
            # An order may have been moved and held again since: that page showed another stage.
            result = apply_action(
                lambda order, user: decide(order, user, shown[order]), command, list(shown), g.user.name
            )
            return redirect(url_for("console.stages", **result.as_query()), 303)

        return view

    for command in COMMANDS:
        pages.add_url_rule(f"/stages/{command}", f"stages_{command}", view_of(command), methods=["POST"])


def _choose(store: HeldStages, form: Any) -> dict[str, str]:
    """The orders that a form means, each with the stage that was shown, "" if the form does not say: one, or all that
    were held when its page was rendered."""
    if form.get("order"):
        return {form["order"]: form.get("stage", "")}
    until = form.get("until", "")
    if not (until.isascii() and until.isdigit() and len(until) < 16):
        return {}
    held: list[HeldStage] = store.read(AT_ONCE, int(until))
    return {one.order: one.record.stage for one in held}
