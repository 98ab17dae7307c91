"""The console's pages. They are made in the web process beside the intake, so each is bounded: in what it reads, in how
long Redis may take, and in how many are made at once."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from jinja2 import StrictUndefined
from redis import RedisError

from leadcore.receipts import CREATED, DISCARDED, PARKED, SKIPPED, UNCHANGED, UPDATED, WAITING
from leadcore.settings import ReceiverSettings
from leadcore.store.connection import Redis
from leadcore.store.counters import HOUR_MS, read_hours
from leadcore.store.keys import OUTBOX
from leadcore.store.parked import Parked, causes
from leadcore.store.status import Status, read_status
from receiver.console import queries
from receiver.console.actions import act, recall
from receiver.console.auth import HEADERS, Auth
from receiver.console.chart import draw
from receiver.console.queries import Wanted
from receiver.console.timeline import find_troubles, tell
from receiver.console.translations import LANGUAGES, NAMES
from receiver.console.translator import Translator
from receiver.intake.spool import Spool, SpoolError

PATH = "/console"
COOKIE = "leadsync-language"
YEAR = 365 * 86_400
# Requests that may be worked on at once in a web process: the intake needs its threads.
AT_ONCE = 8
# Leads that troubles are gathered from, parked leads that are grouped, leads and actions on the first page.
RECENT, GROUPED, FEW = 200, 500, 10
STATES = (WAITING, CREATED, UPDATED, UNCHANGED, SKIPPED, PARKED, DISCARDED)
# What an address may carry over when the language is changed.
KEPT = ("q", "state", "before", "lead", "code", "reason")


def blueprint(redis: Redis, spool: Spool, settings: ReceiverSettings) -> Blueprint:
    """Everything below /console/. `redis` must answer soon or fail (see `leadcore.store.connection`)."""
    pages = Blueprint("console", __name__, url_prefix=PATH, template_folder="templates", static_folder="static")
    door = Auth(settings.console_password, settings.trusted_proxies)

    @pages.before_request
    def speak() -> None:
        g.speech, g.token = Translator(_language(), settings.shared.timezone), door.token()

    _guard(pages, door)
    _answer_errors(pages, spool)
    _show(pages, redis, spool, settings)
    _change(pages, Parked(redis, settings.shared.config.inbox), door)

    @pages.record_once
    def strict(state: Any) -> None:
        state.app.jinja_env.undefined = StrictUndefined
        state.app.jinja_env.trim_blocks = state.app.jinja_env.lstrip_blocks = True

    return pages


def _guard(pages: Blueprint, door: Auth) -> None:
    places = threading.BoundedSemaphore(AT_ONCE)

    @pages.before_request
    def enter() -> ResponseReturnValue | None:
        refused = door.refuse(request)
        if refused is not None:
            return refused
        g.placed = places.acquire(blocking=False)
        if not g.placed:
            page, status = _page("error.html", 503, name="busy", more=g.speech.say("busy.do"))
            return page, status, {"Retry-After": "1"}
        return None

    @pages.teardown_request
    def leave(_: BaseException | None) -> None:
        if g.pop("placed", False):
            places.release()

    @pages.after_request
    def protect(answer: Response) -> Response:
        answer.headers.update(HEADERS)
        # A browser may keep style and script if it asks each time whether they are still the same.
        still = request.endpoint == "console.static" and answer.status_code in (200, 304)
        answer.headers["Cache-Control"] = "no-cache" if still else "no-store"
        language = request.args.get("lang", "")
        if language in LANGUAGES and answer.status_code == 200:
            answer.set_cookie(COOKIE, language, max_age=YEAR, path=PATH, httponly=True, samesite="Lax")
        return answer


def _answer_errors(pages: Blueprint, spool: Spool) -> None:
    @pages.errorhandler(404)
    def missing(_: Exception) -> ResponseReturnValue:
        return _page("error.html", 404, name="missing", more=g.speech.say("missing.do"))

    @pages.errorhandler(RedisError)
    @pages.errorhandler(OSError)
    def away(_: Exception) -> ResponseReturnValue:
        spooled = _spooled(spool)
        key = "away.unknown" if spooled is None else "away.do"
        return _page("error.html", 503, name="away", more=g.speech.say(key, n=spooled or 0))

    @pages.route("/<path:rest>")
    def unknown(rest: str) -> ResponseReturnValue:
        abort(404)


def _show(pages: Blueprint, redis: Redis, spool: Spool, settings: ReceiverSettings) -> None:
    shards = settings.shared.config.inbox.shards
    store = Parked(redis, settings.shared.config.inbox)

    @pages.get("/")
    def overview() -> ResponseReturnValue:
        status = read_status(redis, shards)
        hours = read_hours(redis, status.now_ms, 48)
        recent = queries.find_leads(redis, Wanted(), count=RECENT)
        needing = store.count()
        waiting = store.receipts(limit=GROUPED) if needing else []
        return _page(
            "overview.html",
            status=status,
            needing=needing,
            verdicts=judge(status, needing),
            today=_sum(hours, g.speech.midnight_ms(status.now_ms)),
            chart=draw(hours[-24:]),
            spooled=_spooled(spool),
            causes=causes(waiting),
            grouped=len(waiting),
            troubles=find_troubles(recent.receipts),
            recent=len(recent.receipts),
            wanted=Wanted(),
            states=STATES,
            leads=recent.receipts[:FEW],
            crm=queries.read_crm(redis),
            actions=queries.read_actions(redis, FEW // 2),
            now_ms=status.now_ms,
            deed=recall(request.args),
        )

    @pages.get("/leads")
    def leads() -> ResponseReturnValue:
        wanted = Wanted(request.args.get("q", "").strip()[:200], request.args.get("state", ""))
        wanted = wanted if wanted.state in STATES else Wanted(wanted.text)
        found = queries.find_leads(redis, wanted, request.args.get("before", ""))
        crm = queries.read_crm(redis)
        return _page("leads.html", wanted=wanted, found=found, states=STATES, crm=crm, now_ms=_now(redis))

    @pages.get("/leads/<lead>")
    def lead(lead: str) -> ResponseReturnValue:
        known = queries.load(redis, [lead])
        if not known:
            abort(404)
        [receipt] = known
        wait = queries.read_wait(redis, receipt)
        is_parked = wait is not None and receipt.state == PARKED
        return _page(
            "lead.html",
            receipt=receipt,
            steps=tell(receipt, wait[1] if wait and is_parked else None),
            cause=causes([wait[0]])[0] if wait else None,
            link=queries.read_crm(redis).link(receipt.contact_id),
            now_ms=_now(redis),
            deed=recall(request.args),
        )

    @pages.get("/actions")
    def actions() -> ResponseReturnValue:
        return _page("actions.html", actions=queries.read_actions(redis, 100), now_ms=_now(redis))

    @pages.get("/discard")
    def ask() -> ResponseReturnValue:
        now_ms = _now(redis)
        chosen = _chosen(store, request.args)
        first = next(iter(queries.load(redis, chosen[:1])), None)
        waits = first is not None and queries.read_wait(redis, first) is not None
        is_message = waits and first is not None and first.state != PARKED
        return _page("discard.html", chosen=chosen if waits else [], is_message=is_message, now_ms=now_ms)


def _change(pages: Blueprint, store: Parked, door: Auth) -> None:
    def change(command: str) -> Callable[[], ResponseReturnValue]:
        def view() -> ResponseReturnValue:
            if not door.is_own(request):
                return _page("error.html", 403, name="forged", more=g.speech.say("forged.do"))
            deed = act(store, command, _chosen(store, request.form))
            lead = request.form.get("lead", "")
            if lead:
                return redirect(url_for("console.lead", lead=lead, **deed.as_query()), 303)
            return redirect(url_for("console.overview", **deed.as_query()), 303)

        return view

    for command in ("retry", "discard"):
        pages.add_url_rule(f"/{command}", f"do_{command}", change(command), methods=["POST"])


def _chosen(store: Parked, form: Mapping[str, str]) -> list[str]:
    """The parked leads that a form means: one, or those of a cause that were parked when its page was made."""
    if form.get("lead"):
        return [form["lead"]]
    until = form.get("until", "")
    parked = store.receipts(GROUPED, int(until) if until.isascii() and until.isdigit() and len(until) < 16 else None)
    wanted = form.get("code", ""), form.get("reason", "")
    return [lead for cause in causes(parked) if (cause.code, cause.reason) == wanted for lead in cause.leads]


def judge(status: Status, needing: int) -> list[str]:
    """Pure: what there is to say about the line, the worst first. `needing`: leads that wait for a person."""
    found = {
        "no_workers": not status.workers,
        "paused": bool(status.pause),
        "silent": bool(status.messages_pause) and any(status.depths[OUTBOX]),
        "parked": bool(needing),
    }
    return [name for name, holds in found.items() if holds] or ["fine"]


def _sum(hours: list[tuple[int, dict[str, int]]], since_ms: int) -> dict[str, int]:
    """What was counted since then, to the hour."""
    total: dict[str, int] = {}
    for start, counts in hours:
        if start > since_ms - HOUR_MS:
            for name, count in counts.items():
                total[name] = total.get(name, 0) + count
    return total


def _page(template: str, code: int = 200, **values: Any) -> tuple[str, int]:
    # A message about what was done is told once, and is no part of the page that is shown again.
    kept = {name: request.args[name] for name in KEPT if name in request.args}
    endpoint = (request.endpoint or "") if request.method in ("GET", "HEAD") else "console.overview"
    arguments = {**(request.view_args or {}), **kept} if endpoint != "console.overview" else {}
    other = next(one for one in LANGUAGES if one != g.speech.language)
    switch = {"code": other, "name": NAMES[other], "url": url_for(endpoint, **arguments, lang=other)}
    return render_template(template, t=g.speech, token=g.token, switch=switch, endpoint=endpoint, **values), code


def _language() -> str:
    """As asked for, as chosen before, or as the browser prefers."""
    for wanted in (request.args.get("lang"), request.cookies.get(COOKIE)):
        if wanted in LANGUAGES:
            return str(wanted)
    return request.accept_languages.best_match(LANGUAGES, LANGUAGES[0]) or LANGUAGES[0]


def _now(redis: Redis) -> int:
    seconds, micros = redis.time()
    return int(seconds * 1000 + micros // 1000)


def _spooled(spool: Spool) -> int | None:
    try:
        return spool.count()
    except SpoolError:
        return None
