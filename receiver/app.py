"""The web application: wiring, and the HTTP status of each error."""

import json
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

from flask import Flask, Request, Response
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from leadcore.event import Malformed
from leadcore.logs import configure
from leadcore.machine import Machine
from leadcore.settings import ReceiverSettings, read_receiver
from leadcore.store.connection import RECEIVER_TIMEOUT, Redis, connect
from leadcore.store.counters import Tally
from receiver import health
from receiver.api import description
from receiver.api.auth import BearerAuth
from receiver.intake.errors import Forbidden, NotStored, Unusable
from receiver.intake.fast_path import FastPath
from receiver.intake.feeder import Feeder
from receiver.intake.reply import Replies
from receiver.intake.spool import open_spool
from receiver.intake.view import MAX_BODY, Intake, SecretCheck
from receiver.pay.links import PayLinks, make_links

if TYPE_CHECKING:
    from receiver.console.contacts import ContactLookUp


class Receiver(Flask):
    """Redirects to paths only: the scheme and the host of a request are what a client said, and behind a proxy that
    ends TLS the scheme is never what the browser sees."""

    def raise_routing_exception(self, request: Request) -> NoReturn:
        error = request.routing_exception
        if isinstance(error, RequestRedirect):
            url = urlsplit(error.new_url)
            # "//x" would be another host.
            error.new_url = "/" + url.path.lstrip("/") + (f"?{url.query}" if url.query else "")
        super().raise_routing_exception(request)


def create_app(given: ReceiverSettings | None = None, contacts: "ContactLookUp | None" = None) -> Flask:
    """The WSGI application; reads the environment if no settings are given. `contacts`: where the console asks HubSpot
    for names, None if it shows none. Raises `SettingsError`, `ConfigError`."""
    settings = given or read_receiver()
    shared = settings.shared
    configure(shared.log_level)
    redis = connect(shared, RECEIVER_TIMEOUT)
    machine = Machine()
    spool = open_spool(shared, redis, machine)
    feeder = Feeder(redis, spool, shared, machine)
    app = Receiver(__name__, static_folder=None)
    # One byte more: werkzeug silently truncates a chunked body at the limit, and a longer one must be refused.
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY + 1
    app.url_map.merge_slashes = False
    links = make_links(shared, settings.payment.public_url, machine)
    replies = Replies(shared.config, shared.key.encode(), machine, links.make if links else None)
    intake = Intake(SecretCheck(settings.secrets), feeder, replies, settings.trusted_proxies)
    app.register_blueprint(intake.blueprint())
    app.register_blueprint(health.blueprint(redis, spool, settings))
    auth = BearerAuth(settings.messages_token, settings.trusted_proxies)
    _register_payments(app, redis, links, settings, feeder, auth)
    # What is not configured is not loaded.
    if settings.has_console:
        from receiver.console import views as console

        app.register_blueprint(console.blueprint(redis, spool, settings, intake.send_test, contacts))
    app.register_blueprint(description.blueprint())
    if settings.messages_token:
        from receiver.api import views as api

        app.register_blueprint(api.blueprint(redis, settings, feeder, auth))
    _answer_errors(app, feeder.tally)
    app.wsgi_app = FastPath(app, intake)  # type: ignore[method-assign]  # as Flask's documentation does it
    feeder.start()
    # Granian forks its workers with multiprocessing, which at exit runs its own finalizers and not those of atexit.
    Finalize(None, feeder.stop, exitpriority=1)
    return app


def _register_payments(
    app: Flask, redis: Redis, links: PayLinks | None, settings: ReceiverSettings, feeder: Feeder, auth: BearerAuth
) -> None:
    """The payment page and who reports payments, each where it is configured."""
    payment = settings.shared.config.payment
    if payment is None:
        return
    from receiver.pay import reports

    stripe = None
    if payment.provider == "stripe":
        from receiver.pay.stripe_checkout import StripeCheckout

        stripe = StripeCheckout(settings.payment)
    if links:
        from receiver.pay import views as pay

        app.register_blueprint(pay.blueprint(redis, links, settings, stripe))
    app.register_blueprint(reports.blueprint(redis, settings, feeder, auth, stripe))


def _answer_errors(app: Flask, tally: Tally) -> None:
    @app.errorhandler(Malformed)
    def malformed(error: Malformed) -> Response:
        tally.add("refused:malformed")
        return _error(400, str(error))

    @app.errorhandler(Forbidden)
    def forbidden(error: Forbidden) -> Response:
        tally.add("refused:throttled" if error.retry_after else "refused:forbidden")
        answer = _error(403, "Forbidden")
        if error.retry_after:
            answer.headers["Retry-After"] = str(error.retry_after)
        return answer

    @app.errorhandler(Unusable)
    def unusable(error: Unusable) -> Response:
        tally.add("refused:unusable")
        names = ", ".join(error.fields)
        return _error(422, f"Missing or unusable: {names}. The event is stored for a person to check.")

    @app.errorhandler(NotStored)
    def not_stored(_: NotStored) -> Response:
        tally.add("refused:nowhere")
        return _error(503, "The event could not be stored, neither in Redis nor on disk. Send it again.")

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        if error.code == 413:
            tally.add("refused:too_large")
            return _error(413, "The body is larger than 256 KiB.")
        answer = _error(error.code or 500, error.name)
        for name, value in error.get_headers():
            if name == "Allow":
                answer.headers[name] = value
        return answer


def _error(status: int, text: str) -> Response:
    return Response(json.dumps({"error": text}), status, mimetype="application/json")
