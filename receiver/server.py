"""`python -m receiver.server`: the WSGI server and its processes."""

import os
import sys
import time
from typing import Any

import structlog
from flask import Flask
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from leadcore.logs import configure
from leadcore.orphan import end_with_parent
from leadcore.settings import ReceiverSettings, read_receiver
from receiver.app import create_app

SUPERVISED = "--supervised"
"""Argument of a server that shall end with the process that started it."""
APPLICATION = "receiver.server:application"
THREADS = 64
STOP_SECONDS = 8
AGAIN_SECONDS = 1.0
log = structlog.get_logger("leadsync.server")


def application() -> Flask:
    """What each of granian's processes serves."""
    end_with_parent()
    return create_app()


def serve(settings: ReceiverSettings, host: str) -> None:
    """Serve until SIGTERM or SIGINT. granian gives up when one of its processes dies twice within seconds; no other
    part of this project does, so it is begun again."""
    before: Any = None
    while True:
        server = _make(settings, host)
        if before and before.interrupt_signal:
            # A signal in between went to the one before, whose handlers stand until `serve`.
            return
        try:
            server.serve()
        except SystemExit:
            log.warning("web.again", again_in=AGAIN_SECONDS)
        if server.interrupt_signal:
            return
        time.sleep(AGAIN_SECONDS)
        before = server


def _make(settings: ReceiverSettings, host: str) -> Any:
    return Granian(
        APPLICATION,
        factory=True,
        interface=Interfaces.WSGI,
        address=host,
        port=settings.shared.port,
        workers=settings.shared.web_concurrency,
        blocking_threads=THREADS,
        backlog=1024,
        log_level=LogLevels.error,
        respawn_failed_workers=True,
        respawn_interval=AGAIN_SECONDS,
        workers_kill_timeout=STOP_SECONDS,
    )


def main(arguments: list[str]) -> None:
    """Read the environment and serve; raises `SettingsError`, `ConfigError`."""
    settings = read_receiver()
    configure(settings.shared.log_level)
    if SUPERVISED in arguments:
        end_with_parent()
    # A platform that gives us a port has a router in front; at home nobody else shall reach the receiver.
    outside = settings.shared.hosted or bool(os.environ.get("PORT"))
    serve(settings, os.environ.get("HOST") or ("0.0.0.0" if outside else "127.0.0.1"))  # noqa: S104


if __name__ == "__main__":
    main(sys.argv[1:])
