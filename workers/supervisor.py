"""Starts child processes, restarts them when they end, and stops them in time.

RQ's worker exits on several Redis faults, and a killed child must be replaced; so the platform runs this process.
"""

import ctypes
import multiprocessing
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, TypeAlias

import structlog

from leadcore.machine import Machine

GRACE_SECONDS = 25.0
STEADY_SECONDS = 10.0
LONGEST_WAIT_SECONDS = 5.0
TICK_SECONDS = 1.0
REFUSED = 2
"""The exit code of a process whose settings cannot work; it has said which."""
# Otherwise glibc gives each thread its own heap: 4 to 8 MB more in each worker process (measured).
_ARENAS, _M_ARENA_MAX = 2, -8
_ENVIRON = {"MALLOC_ARENA_MAX": str(_ARENAS)}
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)
# Elsewhere a fork that does not exec is not safe.
_CONTEXT: Any = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
log = structlog.get_logger("leadsync.supervisor")

Program: TypeAlias = "Sequence[str] | Callable[[], None]"
"""A command, or what to do in a process that is forked: it has imported already what this one has."""


class _Forked:
    """As much of `subprocess.Popen` as is needed here."""

    def __init__(self, work: Callable[[], None]) -> None:
        # A daemon of `multiprocessing` ends with an orderly end of this process; after any other it notices by itself.
        self._process = _CONTEXT.Process(target=_work, args=(work,), daemon=True)
        descriptors = _open_descriptors()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            self._process.start()
        except OSError:
            # `multiprocessing` leaves its pipes open where the system has no process left: four at each attempt.
            for number in _open_descriptors() - descriptors:
                os.close(number)
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def poll(self) -> int | None:
        code: int | None = self._process.exitcode
        return code

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()

    def wait(self, seconds: float | None = None) -> None:
        self._process.join(seconds)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("", seconds or 0.0)


def _open_descriptors() -> set[int]:
    """None where this process is not forked. Raises `OSError` where it has none left to look with."""
    found = set[int]()
    with suppress(FileNotFoundError):
        for number in map(int, os.listdir("/proc/self/fd")):
            with suppress(OSError):  # that of the listing is closed by now
                os.fstat(number)
                found.add(number)
    return found


def _work(work: Callable[[], None]) -> None:
    """In the new process: a signal that came since the fork ends it; the handlers that it inherits would only note it
    for the supervisor."""
    signal.set_wakeup_fd(-1)
    for signum in _SIGNALS:
        signal.signal(signum, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    if "MALLOC_ARENA_MAX" not in os.environ:
        with suppress(AttributeError):  # only glibc has it
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)
    work()


@dataclass(slots=True)
class _Child:
    name: str
    program: Program
    process: "subprocess.Popen[bytes] | _Forked | None" = None
    started_at: float = 0.0
    starts: int = 0
    failures: int = 0
    refused: bool = False
    due_at: float = field(default=0.0)


def supervise(programs: Sequence[tuple[str, Program]], machine: Machine) -> int:
    """Keep one child per program running until SIGTERM or SIGINT, then stop them all within `GRACE_SECONDS`; at once if
    one refuses its settings when it is first started. Returns the exit code for this process."""
    children = [_Child(name, program) for name, program in programs]
    stopping: list[int] = []

    def stop(signum: int, _: FrameType | None) -> None:
        stopping.append(signum)

    def ignore(_signum: int, _: FrameType | None) -> None:
        """SIGCHLD needs a handler for the wake-up pipe to be written."""

    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, ignore)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    log.info("supervisor.started", processes=[child.name for child in children])
    while not stopping:
        for child in children:
            _ensure_running(child, machine)
        if any(child.refused for child in children):
            _stop_all(children, machine)
            return REFUSED
        due = [child.due_at - machine.monotonic() for child in children if child.process is None]
        if select.select([reader], [], [], max(0.0, min([TICK_SECONDS, *due])))[0]:
            os.read(reader, 1024)
    _stop_all(children, machine)
    return 0


def _ensure_running(child: _Child, machine: Machine) -> None:
    now = machine.monotonic()
    if child.process is not None:
        code = child.process.poll()
        if code is None:
            return
        child.process = None
        child.refused = code == REFUSED and child.starts == 1
        child.failures = 0 if now - child.started_at > STEADY_SECONDS else child.failures + 1
        wait = min(0.1 * 2**child.failures, LONGEST_WAIT_SECONDS) if child.failures else 0.0
        child.due_at = now + wait
        if child.refused:
            return
        log.warning("process.ended", name=child.name, code=code, again_in=wait)
    if now >= child.due_at:
        child.started_at = now
        child.starts += 1
        try:
            child.process = _start(child.program)
        except OSError as error:
            child.due_at = now + LONGEST_WAIT_SECONDS
            log.error("process.not_started", name=child.name, error=type(error).__name__)


def _start(program: Program) -> "subprocess.Popen[bytes] | _Forked":
    if callable(program):
        return _Forked(program)
    return subprocess.Popen(list(program), env=_ENVIRON | os.environ)  # noqa: S603 - our own commands


def _stop_all(children: Sequence[_Child], machine: Machine) -> None:
    alive = [child.process for child in children if child.process is not None]
    for process in alive:
        process.terminate()
    deadline = machine.monotonic() + GRACE_SECONDS
    for process in alive:
        try:
            process.wait(max(0.0, deadline - machine.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
