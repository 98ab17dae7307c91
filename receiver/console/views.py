"""The console's pages. They share the web process with the intake, so three things are bounded: what a page reads, how
long Redis may take, and how many requests are served at once."""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

from flask import Blueprint, Response, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from jinja2 import StrictUndefined

from leadcore.event import identity
from leadcore.language import choose_offered
from leadcore.reasons import modernize
from leadcore.receipts import HELD, PARKED, WAITING, WRITTEN, Receipt
from leadcore.settings import ReceiverSettings
from leadcore.store import lines
from leadcore.store.connection import AWAY, Redis
from leadcore.store.counters import HOUR_MS, read_hours
from leadcore.store.matches import read_matches
from leadcore.store.messages import Messages
from leadcore.store.orders import OrderState, read_order, read_orders
from leadcore.store.parked import EVERYTHING, Parked, causes
from leadcore.store.payments import say_paid
from leadcore.store.portal_links import read_portal_links
from leadcore.store.status import count_workers, read_status
from leadcore.verdict import assess, name_dry_run
from receiver.console import queries
from receiver.console.actions import ActionResult, apply_action, parse_result
from receiver.console.auth import HEADERS, SAFE, ConsoleAuth
from receiver.console.chart import draw
from receiver.console.contacts import ContactLookUp, Names, read_names
from receiver.console.due import find_due, parse_due, tell_amount
from receiver.console.filters import NAMES, as_query, parse_filter, write_csv
from receiver.console.find import add_find_page
from receiver.console.queries import LeadFilter
from receiver.console.setup import SetupPage, add_setup_pages, is_first_run
from receiver.console.stages import add_stage_pages
from receiver.console.timeline import build_timeline, find_dropped_values
from receiver.console.today import add_up, sum_up
from receiver.console.translations import LANGUAGE_NAMES, LANGUAGES
from receiver.console.translator import Translator
from receiver.intake.spool import Spool, count_foreign, count_spooled

PATH = "/console"
COOKIE = "leadsync-language"
YEAR = 365 * 86_400
# Requests served at once in a web process: the intake needs the other threads.
MAX_CONCURRENT = 8
# The overview: leads searched for dropped values, parked leads grouped by cause, leads listed.
RECENT, GROUPED, FEW = 200, 500, 10
# Matches by email only that are read.
MATCHES = 500
# The leads of a CSV: so many times `queries.SCAN_LIMIT` are read.
CSV_READS = 5
# Messages by themselves that are listed.
MESSAGES = 100
# Headers of a page that refreshes itself; the second if it has the names of all its contacts.
REFRESHES = "Leadsync-Refresh"
KEEPS_NAMES = "Leadsync-Names"
# Query parameters that survive a change of language. Those of an action's result do not: it is shown once.
KEPT = (*NAMES, "before", "lead", "code", "reason", "held")


def blueprint(
    redis: Redis,
    spool: Spool,
    settings: ReceiverSettings,
    send_test: Callable[[], str],
    contacts: ContactLookUp | None = None,
) -> Blueprint:
    """Everything below /console/. `redis` needs a short timeout (see `leadcore.store.connection`); `send_test`: see
    `receiver.intake.view.Intake`. `contacts`: None if pages show no names."""
    pages = Blueprint("console", __name__, url_prefix=PATH, template_folder="templates", static_folder="static")
    auth = ConsoleAuth(settings.console_password, settings.trusted_proxies, settings.logins)

    @pages.before_request
    def prepare() -> None:
        g.translator = Translator(_choose_language(), settings.shared.timezone)
        g.dry_run, g.finds_contacts = "", contacts is not None

    _protect(pages, auth)

    @pages.before_request
    def read_dry_run() -> None:
        if request.endpoint == "console.static":
            return
        try:
            workers, dry_workers = count_workers(redis)
            g.dry_run = name_dry_run(workers, dry_workers) if dry_workers else ""
        except AWAY:
            if request.method != "POST":  # what a form asks for says itself what came of it
                raise

    _answer_errors(pages, spool)
    setup_page = SetupPage(redis, settings, _render)
    _add_pages(pages, redis, spool, settings, setup_page, contacts)
    if contacts:
        add_find_page(pages, redis, contacts, _render)
    add_setup_pages(pages, setup_page, send_test)
    _add_actions(pages, Parked(redis, settings.shared.config.inbox))
    orders = settings.shared.config.orders
    add_stage_pages(pages, redis, orders.kind if orders else "orders", _render)

    @pages.record_once
    def configure_jinja(state: Any) -> None:
        state.app.jinja_env.undefined = StrictUndefined
        state.app.jinja_env.trim_blocks = state.app.jinja_env.lstrip_blocks = True

    return pages


def _protect(pages: Blueprint, auth: ConsoleAuth) -> None:
    slots = threading.BoundedSemaphore(MAX_CONCURRENT)

    @pages.before_request
    def admit() -> ResponseReturnValue | None:
        admitted = auth.admit(request)
        if isinstance(admitted, Response):
            return admitted
        g.user, g.token = admitted, auth.form_token(admitted.name)
        if request.endpoint == "console.static":  # asks nobody, and without its style even "busy" cannot be read
            return None
        g.has_slot = slots.acquire(blocking=False)
        if not g.has_slot:
            page, status = _render("error.html", 503, name="busy", more=g.translator.text("busy.do"))
            return page, status, {"Retry-After": "1"}
        if not admitted.may_send(request):
            abort(403)
        if request.method not in SAFE and not auth.is_own_form(request, admitted.name):
            return _render("error.html", 403, name="forged", more=g.translator.text("forged.do"))
        return None

    @pages.teardown_request
    def release(_: BaseException | None) -> None:
        if g.pop("has_slot", False):
            slots.release()

    @pages.after_request
    def add_headers(answer: Response) -> Response:
        answer.headers.update(HEADERS)
        # A browser may cache style and script if it revalidates them each time.
        is_static = request.endpoint == "console.static" and answer.status_code in (200, 304)
        answer.headers["Cache-Control"] = "no-cache" if is_static else "no-store"
        language = request.args.get("lang", "")
        # What an open page fetches anew is no choice: with one page in each language they would change it in turns.
        if language in LANGUAGES and answer.status_code == 200 and REFRESHES not in request.headers:
            answer.set_cookie(COOKIE, language, max_age=YEAR, path=PATH, httponly=True, samesite="Lax")
        return answer


def _answer_errors(pages: Blueprint, spool: Spool) -> None:
    @pages.errorhandler(404)
    def missing(_: Exception) -> ResponseReturnValue:
        return _render("error.html", 404, name="missing", more=g.translator.text("missing.do"))

    @pages.errorhandler(403)
    def not_allowed(_: Exception) -> ResponseReturnValue:
        return _render("error.html", 403, name="not_allowed", more=g.translator.text("not_allowed.do"))

    def away(_: Exception) -> ResponseReturnValue:
        trouble, spooled = spool.trouble(), count_spooled(spool)
        key = "away.refused" if trouble else "away.unknown" if spooled is None else "away.do"
        more = g.translator.text(key, n=spooled or 0, why=trouble)
        return _render("error.html", 503, name="redis_away", more=more)

    for kind in AWAY:
        pages.register_error_handler(kind, away)

    @pages.route("/<path:rest>")
    def unknown(rest: str) -> ResponseReturnValue:
        abort(404)


def _add_pages(
    pages: Blueprint,
    redis: Redis,
    spool: Spool,
    settings: ReceiverSettings,
    setup_page: SetupPage,
    contacts: ContactLookUp | None,
) -> None:
    def names_of(*contact_ids: str) -> Names:
        return read_names(contacts, contact_ids, kept=request.headers.get(KEEPS_NAMES) == "kept")

    shards = settings.shared.config.inbox.shards
    store = Parked(redis, settings.shared.config.inbox)
    own_messages = Messages(redis, shards)

    @pages.get("/")
    def overview() -> ResponseReturnValue:
        status = read_status(redis, shards, settings.shared.timezone)
        spooled, disk_trouble = count_spooled(spool), spool.trouble()
        foreign = count_foreign(spool) or 0
        problems = assess(status, spooled=spooled, foreign=foreign, disk_trouble=disk_trouble)
        if is_first_run(status, problems):
            return setup_page.show(status)
        hours = read_hours(redis, status.now_ms, 48)
        recent = queries.find_leads(redis, LeadFilter(), count=RECENT)
        of_today = sum_up(recent.receipts, g.translator.midnight_ms(status.now_ms), is_all=not recent.cursor)
        parked = store.receipts(limit=GROUPED) if status.need_person else []
        match_count, matches = read_matches(redis, MATCHES)
        return _render(
            "overview.html",
            match_count=match_count,
            matches=matches[:FEW],
            status=status,
            problems=problems,
            today=_sum_since(hours, g.translator.midnight_ms(status.now_ms)),
            chart=draw(hours[-24:]),
            disk_trouble=disk_trouble,
            spooled=spooled,
            foreign=foreign,
            causes=causes(parked),
            grouped=len(parked),
            dropped_values=find_dropped_values(recent.receipts),
            recent=sum(one.state in WRITTEN for one in recent.receipts),
            day=g.translator.iso(status.now_ms)[:10],
            of_today=of_today,
            carts=add_up(_read_carts(redis, of_today.references)),
            makes_orders=settings.shared.config.orders is not None,
            query={},
            leads=recent.receipts[:FEW],
            names=names_of(
                *(one.contact_id for one in recent.receipts[:FEW]), *(one.contact_id for one in matches[:FEW])
            ),
            links=read_portal_links(redis),
            actions=queries.read_actions(redis, FEW // 2),
            now_ms=status.now_ms,
            result=parse_result(request.args),
        )

    @pages.get("/leads")
    def leads() -> ResponseReturnValue:
        lead_filter = parse_filter(request.args, g.translator.timezone)
        found = queries.find_leads(redis, lead_filter, request.args.get("before", ""))
        return _render(
            "leads.html",
            lead_filter=lead_filter,
            found=found,
            names=names_of(*(one.contact_id for one in found.receipts)),
            query=as_query(lead_filter, g.translator.timezone),
            links=read_portal_links(redis),
            now_ms=_redis_now_ms(redis),
        )

    @pages.get("/leads.csv")
    def leads_csv() -> ResponseReturnValue:
        lead_filter = parse_filter(request.args, g.translator.timezone)
        found: list[Receipt] = []
        cursor = ""
        for _ in range(CSV_READS):
            page = queries.find_leads(redis, lead_filter, cursor, queries.SCAN_LIMIT)
            found, cursor = [*found, *page.receipts], page.cursor
            if not cursor:
                break
        headers = {"Content-Disposition": 'attachment; filename="leads.csv"'}
        return Response(write_csv(found, g.translator.timezone), headers=headers, mimetype="text/csv")

    @pages.get("/leads/<lead>")
    def lead(lead: str) -> ResponseReturnValue:
        found = queries.load_receipts(redis, [lead])
        if not found:
            abort(404)
        [receipt] = found
        parked = queries.read_parked(redis, receipt)
        acted = queries.read_actions_on(redis, lead, receipt.received_ms)
        is_unwritten = parked is not None and receipt.state in (PARKED, HELD)
        order = read_order(redis, receipt.order_ref) if receipt.order_ref else None
        customer = order.customer if order else None
        news = store.payments.read(lead) if receipt.subject == "payment" else None
        links, orders = read_portal_links(redis), settings.shared.config.orders
        return _render(
            "lead.html",
            receipt=receipt,
            status=read_status(redis, shards, settings.shared.timezone) if receipt.state == WAITING else None,
            message=None if receipt.state else own_messages.read(lead),
            steps=build_timeline(
                receipt,
                parked[1] if parked and is_unwritten else None,
                {command: action.user for command, action in acted.items()},
                {command: action.at_ms for command, action in acted.items()},
            ),
            cause=causes([parked[0]])[0] if parked else None,
            links=links.of(receipt, orders.kind if orders else ""),
            names=names_of(receipt.contact_id),
            due=find_due(order) if order else None,
            news=news,
            said_amount=tell_amount(news) if news else "",
            customer_id=receipt.customer_id or ("" if customer is None else identity(customer)),
            now_ms=_redis_now_ms(redis),
            result=parse_result(request.args),
        )

    @pages.get("/matches")
    def matches() -> ResponseReturnValue:
        match_count, found = read_matches(redis, MATCHES)
        return _render(
            "matches.html",
            match_count=match_count,
            matches=found[:MATCHES],
            names=names_of(*(one.contact_id for one in found[:MATCHES])),
            links=read_portal_links(redis),
            now_ms=_redis_now_ms(redis),
        )

    @pages.get("/messages")
    def messages() -> ResponseReturnValue:
        found = own_messages.read_newest(MESSAGES)
        return _render("messages.html", messages=found, now_ms=_redis_now_ms(redis))

    @pages.get("/actions")
    def actions() -> ResponseReturnValue:
        return _render("actions.html", actions=queries.read_actions(redis, 100), now_ms=_redis_now_ms(redis))

    @pages.get("/discard")
    def confirm_discard() -> ResponseReturnValue:
        if not g.user.may_act:
            abort(403)
        now_ms = _redis_now_ms(redis)
        chosen, only = _choose_leads(store, request.args)
        nouns = queries.read_waiting_nouns(redis, chosen, only)
        return _render("discard.html", chosen=chosen, nouns=nouns, now_ms=now_ms)


def _add_actions(pages: Blueprint, store: Parked) -> None:
    def view_of(command: str) -> Callable[[], ResponseReturnValue]:
        def view() -> ResponseReturnValue:
            chosen, only = _choose_leads(store, request.form)
            # A person gives up what the question named, and nothing that has come to wait since.
            discard = partial(store.discard, only=only, until_ms=_read_until(request.form))
            apply = partial(store.retry, only=only) if command == "retry" else discard
            result = apply_action(apply, command, chosen, g.user.name)
            lead = request.form.get("lead", "")
            if lead:
                return redirect(url_for("console.lead", lead=lead, **result.as_query()), 303)
            return redirect(url_for("console.overview", **result.as_query()), 303)

        return view

    @pages.post("/paid")
    def paid() -> ResponseReturnValue:
        lead = request.form.get("lead", "")
        reference = next((one.order_ref for one in queries.load_receipts(store.redis, [lead])), "")
        seen, said = parse_due(request.form), ""
        if reference and seen is not None:
            shards, units, currency = store.config.shards, seen.units, seen.currency
            said = say_paid(store.redis, shards, reference, g.user.name, lead=lead, units=units, currency=currency)
        is_done = said in ("recorded", "called_off")
        command = "paid_called_off" if said == "called_off" else "paid"
        result = ActionResult(command, done=int(is_done), gone=int(not is_done))
        return redirect(url_for("console.lead", lead=lead, **result.as_query()), 303)

    for command in ("retry", "discard"):
        pages.add_url_rule(f"/{command}", command, view_of(command), methods=["POST"])


def _read_carts(redis: Redis, references: Sequence[str]) -> list[OrderState]:
    """The orders that were ever called by these references, each once."""
    found = read_orders(redis, references)
    mains = {one.main or reference for reference, one in found.items()}
    every = found | read_orders(redis, sorted(mains - found.keys()))
    return [every[one] for one in mains]


def _choose_leads(store: Parked, form: Mapping[str, str]) -> tuple[list[str], Collection[str]]:
    """The leads that a form means: one, or those of a cause that were parked, or all that were held back, when its page
    was rendered; and the names of what of them it means."""
    if form.get("lead"):
        return [form["lead"]], EVERYTHING
    until_ms = _read_until(form)
    if form.get("held"):
        return store.held(until_ms), {lines.HELD.name}
    parked = store.receipts(GROUPED, until_ms)
    wanted = form.get("code", ""), modernize(form.get("reason", ""))
    meant = [cause for cause in causes(parked) if (cause.code, cause.reason) == wanted]
    return [lead for cause in meant for lead in cause.leads], {cause.kept for cause in meant}


def _read_until(form: Mapping[str, str]) -> int | None:
    """When the page with the form was rendered, None if it does not say."""
    until = form.get("until", "")
    return int(until) if until.isascii() and until.isdigit() and len(until) < 16 else None


def _sum_since(hours: list[tuple[int, dict[str, int]]], since_ms: int) -> dict[str, int]:
    """The counts of the hours that end after `since_ms`, added up."""
    total: dict[str, int] = {}
    for start, counts in hours:
        if start > since_ms - HOUR_MS:
            for name, count in counts.items():
                total[name] = total.get(name, 0) + count
    return total


def _render(template: str, code: int = 200, **values: Any) -> tuple[str, int]:
    kept = {name: request.args[name] for name in KEPT if name in request.args}
    # A page that only a form leads to stands under the one with the form.
    under = "console.leads" if request.endpoint == "console.find" else "console.overview"
    endpoint = (request.endpoint or "") if request.method in ("GET", "HEAD") else under
    arguments = {**(request.view_args or {}), **kept} if endpoint != "console.overview" else {}
    other = next(one for one in LANGUAGES if one != g.translator.language)
    switch = {"code": other, "name": LANGUAGE_NAMES[other], "url": url_for(endpoint, **arguments, lang=other)}
    common = {
        "t": g.translator,
        "user": g.user,
        "token": g.token,
        "dry_run": g.dry_run,
        "switch": switch,
        "endpoint": endpoint,
        "finds_contacts": g.finds_contacts,
    }
    return render_template(template, **common, **values), code


def _choose_language() -> str:
    """The language in the address, else the one chosen before, else the browser's."""
    for wanted in (request.args.get("lang"), request.cookies.get(COOKIE)):
        if wanted in LANGUAGES:
            return str(wanted)
    return choose_offered(request.accept_languages.values(), LANGUAGES, LANGUAGES[0])


def _redis_now_ms(redis: Redis) -> int:
    seconds, micros = redis.time()
    return int(seconds * 1000 + micros // 1000)
