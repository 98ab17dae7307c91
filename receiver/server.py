"""`leadsync web`: the WSGI server and its worker processes."""

import os
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import structlog
from flask import Flask
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.errors import FatalError
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.net import SocketHolder  # type: ignore[attr-defined]  # its type stub does not know it

from leadcore.errors import SettingsError
from leadcore.logs import configure
from leadcore.machine import Machine
from leadcore.orphan import end_with_parent
from leadcore.settings import ReceiverSettings, list_weaknesses, read_receiver
from leadcore.signals import wake_main_thread
from leadcore.store.status import find_portal
from receiver.app import create_app
from receiver.connections import IDLE_SECONDS, REQUEST_SECONDS, Watch, read_limits
from receiver.intake.reply import Replies
from receiver.listener import BACKLOG, address_of, listen, share_out

if TYPE_CHECKING:
    from receiver.console.contacts import ContactLookUp

APPLICATION = "receiver.server:application"
STOP_SECONDS = 8
RESTART_SECONDS = 1.0
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
log = structlog.get_logger("leadsync.server")


def application(contacts: "ContactLookUp | None" = None) -> Flask:
    """The application factory of each Granian process. `contacts`: see `receiver.app.create_app`."""
    wake_main_thread()
    end_with_parent()
    Watch(REQUEST_SECONDS, IDLE_SECONDS).start()
    return create_app(contacts=contacts)


class Server(Granian):  # type: ignore[misc,valid-type]  # its type depends on the build of Python
    """Granian, whose processes accept from sockets that are given to them; on Linux it would open one for each (see
    `receiver.listener`). On other systems it hands a socket on in the same way as here."""

    def __init__(self, application: str, listeners: Sequence[socket.socket], **options: Any) -> None:
        super().__init__(application, **options)
        self._listeners = listeners

    def _init_shared_socket(self) -> None:
        self._ssp: Any = None
        self._shd: Any = None
        self._sso: Any = None

    def _spawn_worker(self, idx: int, **more: Any) -> Any:
        self._sso = self._listeners[idx % len(self._listeners)]
        self._shd = SocketHolder(self._sso.fileno(), False, BACKLOG)  # type: ignore[call-arg]
        return super()._spawn_worker(idx=idx, **more)

    def close_foreign(self) -> None:
        """In a process that was just forked: what is another one's would stay open for as long as this one lives."""
        for listener in self._listeners:
            if listener is not self._sso:
                listener.close()

    def _drop_shared_socket(self) -> None:
        # At the end nobody shall connect and wait in vain; a server that follows this one needs them.
        if self.interrupt_signal:
            for listener in self._listeners:
                listener.close()


@contextmanager
def name_mistakes() -> Iterator[None]:
    """Whatever granian refuses to start with becomes a `SettingsError`: nothing else decides how it is started."""
    try:
        yield
    except FatalError as error:
        raise SettingsError(f"The web server cannot start with these settings ({error!r}).") from None


@name_mistakes()
def serve(settings: ReceiverSettings, listener: socket.socket, application: str = APPLICATION) -> None:
    """Serve until SIGTERM or SIGINT. Granian exits when one of its processes dies twice within seconds; nothing else in
    this project gives up like that, so it is started again. Raises `SettingsError`."""
    wake_main_thread()
    listeners = share_out(listener, settings.shared.web_concurrency)
    server = _make_server(settings, listeners, application)
    os.register_at_fork(before=_hold_signals, after_in_parent=_release_signals, after_in_child=_end_at_signals)
    os.register_at_fork(after_in_child=lambda: server.close_foreign())
    while True:
        try:
            server.serve()
        except SystemExit:
            log.warning("web.again", again_in=RESTART_SECONDS)
        server.main_loop_interrupt.clear()
        if not server.interrupt_signal:
            server.main_loop_interrupt.wait(RESTART_SECONDS)
        # Its handlers would only note a signal that comes before those of the next server are there.
        _reset_signals()
        if server.interrupt_signal:
            return
        server = _make_server(settings, listeners, application)


def _hold_signals() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)


def _release_signals() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)


def _end_at_signals() -> None:
    """Until the application is there, a signal ends a process of Granian's at once: it inherits handlers that only note
    it, for the process that forked it."""
    _reset_signals()
    _release_signals()


def _reset_signals() -> None:
    for signum in STOP_SIGNALS:
        signal.signal(signum, signal.SIG_DFL)


def _make_server(settings: ReceiverSettings, listeners: Sequence[socket.socket], application: str) -> Server:
    address, port = listeners[0].getsockname()[:2]
    limits = read_limits(settings.shared.web_concurrency)
    idle_seconds = IDLE_SECONDS if sys.platform == "linux" else REQUEST_SECONDS
    return Server(
        application,
        listeners,
        factory=True,
        interface=Interfaces.WSGI,
        address=address,
        port=port,
        workers=settings.shared.web_concurrency,
        blocking_threads=limits.threads,
        backpressure=limits.connections,
        backlog=BACKLOG,
        # In its other modes granian waits without end for the first bytes, which tell HTTP/2 from HTTP/1.
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=int(idle_seconds * 1000)),
        log_level=LogLevels.error,
        respawn_failed_workers=True,
        respawn_interval=RESTART_SECONDS,
        workers_kill_timeout=STOP_SECONDS,
    )


def _announce(settings: ReceiverSettings, address: str) -> None:
    shared = settings.shared
    is_local = address.startswith(("http://127.", "http://[::1]"))
    log.info(
        "web.started",
        address=address,
        reached_from="this machine only; see HOST" if is_local else "other machines",
        redis=shared.redis_address,
        portal=find_portal(shared) or "unknown until a worker's first call",
        api_version=shared.hubspot_version,
        dry_run=shared.dry_run,
        console=f"{address}/console/"
        if settings.has_console
        else "off: CONSOLE_PASSWORD and CONSOLE_USERS are not set",
        metrics="with METRICS_TOKEN" if settings.metrics_token else "open",
        processes=shared.web_concurrency,
    )
    for weakness in list_weaknesses(settings):
        log.warning("settings.weak", why=weakness)


def main(*, supervised: bool = False, with_names: str = "") -> None:
    """Read the environment and serve; raises `SettingsError`, `ConfigError`. `supervised`: end with the process that
    started this one. `with_names`: the factory of an application whose console shows names, which takes what the
    receiver cannot import."""
    _reset_signals()
    settings = read_receiver()
    configure(settings.shared.log_level)
    # In a process of Granian's a mistake in a template would be found again and again.
    Replies(settings.shared.config, settings.shared.key.encode(), Machine())
    if supervised:
        end_with_parent()
    shows_names = settings.has_console and settings.shared.config.console.names
    application = with_names if with_names and shows_names else APPLICATION
    with listen(settings.shared.host, settings.shared.port) as listener:
        _announce(settings, address_of(listener))
        serve(settings, listener, application)
