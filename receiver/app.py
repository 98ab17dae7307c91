"""The web process: wiring, and which error becomes which status."""

import json
from multiprocessing.util import Finalize

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from leadcore import settings
from leadcore.event import Malformed
from leadcore.logs import configure
from leadcore.settings import ReceiverSettings
from leadcore.store.connection import RECEIVER_TIMEOUT, connect
from leadcore.store.counters import Tally
from receiver import health
from receiver.console import views as console
from receiver.intake.fast_path import FastPath
from receiver.intake.feeder import Feeder, NowhereToKeep
from receiver.intake.spool import Spool, default_folder
from receiver.intake.view import MAX_BODY, Forbidden, Guard, Intake, Unusable


def create_app(given: ReceiverSettings | None = None) -> Flask:
    """The WSGI application; reads the environment if no settings are given. Raises `SettingsError`, `ConfigError`."""
    mine = given or settings.read_receiver()
    shared = mine.shared
    configure(shared.log_level)
    redis = connect(shared, RECEIVER_TIMEOUT)
    spool = Spool(shared.spool_dir or default_folder())
    feeder = Feeder(redis, spool, shared)
    app = Flask(__name__, static_folder=None)
    # One more, because werkzeug cuts a chunked body at the limit without a word.
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY + 1
    app.url_map.merge_slashes = False
    door = Intake(Guard(mine.secrets), feeder, shared.config, mine.trusted_proxies)
    app.register_blueprint(door.blueprint())
    app.register_blueprint(health.blueprint(redis, spool, mine))
    if mine.console_password:
        app.register_blueprint(console.blueprint(redis, spool, mine))
    _answer_errors(app, feeder.tally)
    app.wsgi_app = FastPath(app, door)  # type: ignore[method-assign]  # as Flask's documentation does it
    feeder.start()
    # Granian's workers are forked by multiprocessing, which runs its own finalizers at the end and none of atexit's.
    Finalize(None, feeder.stop, exitpriority=1)
    return app


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
        return _error(422, f"Missing or unusable: {names}. The event was kept for a person to look at.")

    @app.errorhandler(NowhereToKeep)
    def nowhere(_: NowhereToKeep) -> Response:
        tally.add("refused:nowhere")
        return _error(503, "The event could not be kept: neither Redis nor the disk took it. Send it again.")

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
