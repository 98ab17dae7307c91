"""Keeps connections that do not send what they should from filling a web process.

Granian in its HTTP/1 mode ends a connection whose next head does not come, and knows no limit for a body. Its limit is
also how long it keeps an idle connection; a load balancer in front keeps them for a minute or more, and a post that it
sends over one that we are just closing is lost. So that limit is long, and what a client owes us is looked for here:
the kernel tells of each connection when it last carried data in either direction (TCP_INFO, on Linux).
"""

import os
import resource
import socket
import stat
import struct
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

import structlog

# A client has this long for a request, and for its first one from the moment it connects.
REQUEST_SECONDS = 30.0
# How long a connection may be idle after an answer: longer than the routers in front, which close first.
IDLE_SECONDS = 120.0
LOOKS_PER_LIMIT = 15
# Of each web process. A connection that sends its body slowly occupies a thread and nothing else.
CONNECTIONS, THREADS = 1024, 1024
LEAST_THREADS = 64
# Files beside the connections: Redis, spool, journal, the program itself.
OTHER_FILES = 256
log = structlog.get_logger("leadsync.receiver")

# In the kernel's tcp_info: tcpi_snd_mss, tcpi_last_data_sent and tcpi_last_data_recv (ms ago), tcpi_data_segs_out.
_INFO = struct.Struct("=16x I 24x I 4x I 100x I")


class Traffic(NamedTuple):
    """`sent`, `received`: seconds since data last left and came, since the connection if never; `answers`: segments
    with data that left."""

    sent: float
    received: float
    answers: int


class Debt(NamedTuple):
    """A connection that owes us the rest of a request: since when, and how many answers it had by then."""

    since: float
    answers: int


class Limits(NamedTuple):
    """Of a web process."""

    connections: int
    threads: int


def judge(traffic: Traffic, debt: Debt | None, now: float) -> Debt | None:
    """Pure: what a connection owes at `now`, given what it owed when it was last looked at; None for nothing."""
    if traffic.answers and traffic.received >= traffic.sent:
        return None
    if debt is not None and debt.answers == traffic.answers:
        return debt
    # The first answer is owed since the connection was made; of a later request we may have seen only the last part.
    return Debt(now - (traffic.received if traffic.answers else traffic.sent), traffic.answers)


class Watch:
    """Closes the connections of this process that are in debt for more than `seconds`, and those on which granian
    should have ended an idle one but waits for a body (after "100 Continue")."""

    def __init__(self, seconds: float, idle_seconds: float) -> None:
        self.seconds, self.silence = seconds, idle_seconds + seconds
        self._debts: dict[int, Debt] = {}
        self._ports: set[int] = set()

    def start(self) -> None:
        """Look again and again in a thread of its own, for as long as the process lives."""
        if sys.platform == "linux":
            threading.Thread(target=self._run, name="connections", daemon=True).start()

    def look(self) -> int:
        """Close what has to be closed; returns how many connections that were."""
        now, debts, closed = time.monotonic(), dict[int, Debt](), 0
        # They stay the same for as long as the process lives.
        self._ports = self._ports or {one.getsockname()[1] for one in _borrow_all() if _is_listening(one)}
        for one in _borrow_all():
            # What its owner closes or its peer resets meanwhile is none of our business any more.
            with suppress(OSError):
                debt, is_over = self._assess(one, now)
                if is_over:
                    one.shutdown(socket.SHUT_RDWR)
                    closed += 1
                elif debt:
                    debts[os.fstat(one.fileno()).st_ino] = debt
        self._debts = debts
        return closed

    def _assess(self, one: socket.socket, now: float) -> tuple[Debt | None, bool]:
        """What the connection owes, and whether it has to be closed."""
        if one.getsockname()[1] not in self._ports or _is_listening(one):
            return None, False
        traffic = _read_traffic(one)
        if traffic is None:
            return None, False
        debt = judge(traffic, self._debts.get(os.fstat(one.fileno()).st_ino), now)
        is_late = debt is not None and now - debt.since >= self.seconds
        return debt, is_late or min(traffic.sent, traffic.received) >= self.silence

    def _run(self) -> None:
        while True:
            time.sleep(self.seconds / LOOKS_PER_LIMIT)
            try:
                closed = self.look()
            except OSError:  # no descriptor is left; the next look may have one
                continue
            if closed:
                log.info("connections.closed", connections=closed, unfinished_for=self.seconds)


def read_limits(processes: int) -> Limits:
    """How many connections and threads each of `processes` web processes may have on this machine. Granian has raised
    the limit of open files as far as the system allows."""
    connections = min(CONNECTIONS, _soft_limit(resource.RLIMIT_NOFILE) - OTHER_FILES)
    # Half of what the system allows: workers and commands may run beside us.
    threads = min(_soft_limit(resource.RLIMIT_NPROC), _cgroup_limit()) // 2 // processes
    connections = max(LEAST_THREADS, connections)
    return Limits(connections, max(LEAST_THREADS, min(THREADS, connections, threads)))


def _soft_limit(kind: int) -> int:
    soft, _ = resource.getrlimit(kind)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft


def _cgroup_limit() -> int:
    with suppress(OSError, ValueError), open("/sys/fs/cgroup/pids.max", encoding="ascii") as file:
        return int(file.read())
    return sys.maxsize


def borrow(number: int) -> socket.socket | None:
    """A second descriptor of a TCP socket that granian owns and may close at any moment; None if it is none."""
    if not _is_socket(number):
        return None
    try:
        copied = os.dup(number)
    except OSError:
        return None
    # Closing any descriptor of a file ends the process's POSIX locks on it, SQLite's too: then two processes write to
    # the spool at once, and a lead is lost (seen). So what has just become a file stays open.
    if not _is_socket(copied):
        return None
    borrowed = socket.socket(fileno=copied)
    if borrowed.family in (socket.AF_INET, socket.AF_INET6) and borrowed.type == socket.SOCK_STREAM:
        return borrowed
    borrowed.close()
    return None


def _is_socket(number: int) -> bool:
    try:
        return stat.S_ISSOCK(os.fstat(number).st_mode)
    except OSError:
        return False


def _borrow_all() -> Iterator[socket.socket]:
    """The TCP sockets of this process, one after the other; each may be used until the next is asked for."""
    for name in os.listdir("/proc/self/fd"):
        borrowed = borrow(int(name))
        if borrowed is not None:
            with borrowed:
                yield borrowed


def _is_listening(borrowed: socket.socket) -> bool:
    return bool(borrowed.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


def _read_traffic(connection: socket.socket) -> Traffic | None:
    """None where the kernel does not tell."""
    raw = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
    if len(raw) < _INFO.size:
        return None
    segment_size, sent, received, answers = _INFO.unpack_from(raw)
    # Kernels that only look like Linux answer with zeros.
    return Traffic(sent / 1000, received / 1000, answers) if segment_size else None
