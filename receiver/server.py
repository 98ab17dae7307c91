"""`python -m receiver.server`: the WSGI server and its worker processes."""

import os
import sys
import time
from typing import Any

import structlog
from flask import Flask
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from leadcore.logs import configure
from leadcore.orphan import end_with_parent
from leadcore.settings import ReceiverSettings, read_receiver
from receiver.app import create_app
from receiver.connections import IDLE_SECONDS, REQUEST_SECONDS, Watch, read_limits

SUPERVISED = "--supervised"
"""Argument that makes the server end with the process that started it."""
APPLICATION = "receiver.server:application"
STOP_SECONDS = 8
RESTART_SECONDS = 1.0
log = structlog.get_logger("leadsync.server")


def application() -> Flask:
    """The application factory of each Granian process."""
    end_with_parent()
    Watch(REQUEST_SECONDS, IDLE_SECONDS).start()
    return create_app()


def serve(settings: ReceiverSettings, host: str) -> None:
    """Serve until SIGTERM or SIGINT. Granian exits when one of its processes dies twice within seconds; nothing
    else in this project gives up like that, so it is started again."""
    previous: Any = None
    while True:
        server = _make_server(settings, host)
        if previous and previous.interrupt_signal:
            # A signal before `serve` goes to the previous server, whose handlers are still installed.
            return
        try:
            server.serve()
        except SystemExit:
            log.warning("web.again", again_in=RESTART_SECONDS)
        if server.interrupt_signal:
            return
        time.sleep(RESTART_SECONDS)
        previous = server


def _make_server(settings: ReceiverSettings, host: str) -> Any:
    limits = read_limits(settings.shared.web_concurrency)
    idle_seconds = IDLE_SECONDS if sys.platform == "linux" else REQUEST_SECONDS
    return Granian(
        APPLICATION,
        factory=True,
        interface=Interfaces.WSGI,
        address=host,
        port=settings.shared.port,
        workers=settings.shared.web_concurrency,
        blocking_threads=limits.threads,
        backpressure=limits.connections,
        backlog=1024,
        # In its other modes granian waits without end for the first bytes, which tell HTTP/2 from HTTP/1.
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=int(idle_seconds * 1000)),
        log_level=LogLevels.error,
        respawn_failed_workers=True,
        respawn_interval=RESTART_SECONDS,
        workers_kill_timeout=STOP_SECONDS,
    )


def main(arguments: list[str]) -> None:
    """Read the environment and serve; raises `SettingsError`, `ConfigError`."""
    settings = read_receiver()
    configure(settings.shared.log_level)
    if SUPERVISED in arguments:
        end_with_parent()
    # A platform that sets PORT has a router in front; elsewhere only this machine may reach the receiver.
    is_public = settings.shared.hosted or bool(os.environ.get("PORT"))
    serve(settings, os.environ.get("HOST") or ("0.0.0.0" if is_public else "127.0.0.1"))  # noqa: S104


if __name__ == "__main__":
    main(sys.argv[1:])
