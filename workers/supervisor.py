"""Starts child processes, restarts them when they end, and stops them in time.

RQ's worker exits on several Redis faults, and a killed child must be replaced; so the platform runs this process.
"""

import os
import select
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import FrameType

import structlog

from leadcore.machine import Machine

GRACE_SECONDS = 25.0
STEADY_SECONDS = 10.0
LONGEST_WAIT_SECONDS = 5.0
TICK_SECONDS = 1.0
REFUSED = 2
"""The exit code of a process whose settings cannot work; it has said which."""
# Otherwise glibc gives each thread its own heap: 4 to 8 MB more in each worker process (measured).
_ENVIRON = {"MALLOC_ARENA_MAX": "2"}
log = structlog.get_logger("leadsync.supervisor")


@dataclass(slots=True)
class _Child:
    name: str
    command: Sequence[str]
    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    starts: int = 0
    failures: int = 0
    refused: bool = False
    due_at: float = field(default=0.0)


def supervise(commands: Sequence[tuple[str, Sequence[str]]], machine: Machine) -> int:
    """Keep one child per command running until SIGTERM or SIGINT, then stop them all within `GRACE_SECONDS`; at once if
    one refuses its settings when it is first started. Returns the exit code for this process."""
    children = [_Child(name, command) for name, command in commands]
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
            child.process = subprocess.Popen(list(child.command), env=_ENVIRON | os.environ)  # noqa: S603 - our own commands
        except OSError as error:
            child.due_at = now + LONGEST_WAIT_SECONDS
            log.error("process.not_started", name=child.name, error=type(error).__name__)


def _stop_all(children: Sequence[_Child], machine: Machine) -> None:
    alive = [child.process for child in children if child.process is not None]
    for process in alive:
        process.send_signal(signal.SIGTERM)
    deadline = machine.monotonic() + GRACE_SECONDS
    for process in alive:
        try:
            process.wait(max(0.0, deadline - machine.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
