"""The processes of a run: started one after the other, their lines shown under their names, ended in reverse order."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from queue import Empty, SimpleQueue
from types import TracebackType

import requests

from sandbox.launch import Part
from sandbox.parent_watch import ParentWatch

START_SECONDS = 60.0
STOP_SECONDS = 8.0
Signals = SimpleQueue[signal.Signals]


class EndedError(Exception):
    """The run is over; the text says why, `code` is the exit code for it: 0 when a person ended it."""

    def __init__(self, reason: str, code: int) -> None:
        super().__init__(reason)
        self.code = code


def listen() -> Signals:
    """Collects SIGINT, SIGTERM and SIGHUP (a closed terminal) from now on. A queue, because a handler may come at any
    point of the main thread and must not wait for a lock that this thread holds."""
    signals: Signals = SimpleQueue()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: signals.put(signal.Signals(number)))
    return signals


class Processes:
    """A context manager that ends every process it has started, with force after about `STOP_SECONDS`; should this
    process be killed, they end too. `write` gets whole lines."""

    def __init__(self, environ: Mapping[str, str], signals: Signals, write: Callable[[str], object]) -> None:
        self._environ = dict(environ)
        self._signals = signals
        self._write = write
        self._running: dict[Part, subprocess.Popen[str]] = {}
        self._relays: list[threading.Thread] = []
        self._parent_watch = ParentWatch()

    def __enter__(self) -> "Processes":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        deadline = time.monotonic() + STOP_SECONDS
        for process in reversed(self._running.values()):
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(1.0, deadline - time.monotonic()))
            # Its children too, where it has left any.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        for relay in self._relays:
            relay.join(1)
        self._parent_watch.release()

    def start(self, part: Part) -> None:
        """Starts `part` and waits until it works, a step until it has ended well. Raises `EndedError`."""
        process = subprocess.Popen(  # noqa: S603 - our own modules
            [sys.executable, *part.argv],
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # Ctrl-C on the terminal reaches this process alone, which ends the others in their order.
            start_new_session=True,
        )
        self._parent_watch.hold(process.pid)
        self._running[part] = process
        relay = threading.Thread(target=self._relay, args=(part.name, process), daemon=True)
        relay.start()
        self._relays.append(relay)
        if part.ready:
            self._await(part.name, lambda: _answers(part.ready))
        else:
            self._await(part.name, lambda: process.poll() == 0)
            del self._running[part]

    def watch(self) -> None:
        """Waits for the end of the run: a signal, or the end of any process. Raises `EndedError`."""
        while True:
            self._check(0.25)

    def _await(self, name: str, is_ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not is_ready():
            self._check(0.05)
            if time.monotonic() > deadline:
                raise EndedError(f"{name} did not get ready within {START_SECONDS:.0f} seconds.", 1)

    def _check(self, seconds: float) -> None:
        """Raises `EndedError` if a signal comes within `seconds`, or if a process has ended."""
        with suppress(Empty):
            raise EndedError(f"{self._signals.get(timeout=seconds).name} received.", 0)
        for part, process in self._running.items():
            code = process.poll()
            if code or (code == 0 and part.ready):
                raise EndedError(f"{part.name} ended with exit code {code}.", 1)

    def _relay(self, name: str, process: "subprocess.Popen[str]") -> None:
        if process.stdout:
            with process.stdout as lines:
                for line in lines:
                    # A terminal that is gone must not stop the process that writes to it.
                    with suppress(OSError, ValueError):
                        self._write(f"{name:<9} | {line.rstrip()}\n")


def _answers(url: str) -> bool:
    # No proxy of the user's has any business on this machine.
    with requests.Session() as session, suppress(requests.RequestException):
        session.trust_env = False
        # A port may be open before somebody answers there, and a signal waits for the end of this.
        return session.get(url, timeout=0.5).status_code < 500
    return False
