"""This machine's clocks, threads and random numbers: what a simulation replaces, so that it decides what happens when.

The start of a process makes its one `Machine`. The core takes the time, waits and starts threads through it alone.
"""

import random
import secrets
import threading
import time
from collections.abc import Callable, Iterable, MutableSequence
from concurrent import futures
from concurrent.futures import Executor, Future
from typing import Any, TypeAlias

__all__ = ["Event", "Executor", "Future", "Lock", "Machine", "Thread"]

Event: TypeAlias = threading.Event
Thread: TypeAlias = threading.Thread
Lock: TypeAlias = Any
"""A lock with `acquire` and `release`, which another thread may release; also a context manager."""
# Linux' monotonic clock stands still meanwhile, that of macOS does not.
_UPTIME: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Machine:
    """The real one; it has no state."""

    def monotonic(self) -> float:
        """Seconds from some moment on, never set back."""
        return time.monotonic()

    def uptime(self) -> float:
        """The same, and it goes on while the machine sleeps."""
        return time.clock_gettime(_UPTIME)

    def time(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def time_ns(self) -> int:
        """Nanoseconds since 1970."""
        return time.time_ns()

    def cpu_time(self) -> float:
        """Seconds that this thread has computed: what others compute meanwhile does not count."""
        return time.thread_time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def event(self) -> Event:
        return threading.Event()

    def lock(self) -> Lock:
        return threading.Lock()

    def thread(self, target: Callable[[], None], name: str) -> Thread:
        """A thread that is not started yet and does not keep the process alive."""
        return threading.Thread(target=target, name=name, daemon=True)

    def pool(self, size: int, name: str) -> Executor:
        """At most `size` threads that run what is submitted."""
        return futures.ThreadPoolExecutor(size, name)

    def wait_first(self, calls: Iterable[Future[Any]], seconds: float | None) -> set[Future[Any]]:
        """Those that are done, once there is one, or none after `seconds` (None: as long as it takes)."""
        return futures.wait(calls, seconds, futures.FIRST_COMPLETED).done

    def token(self, size: int = 8) -> str:
        """`size` random bytes in hexadecimal that nobody can guess."""
        return secrets.token_hex(size)

    def random(self) -> float:
        """From 0 to 1, for jitter."""
        return random.random()  # noqa: S311 - for jitter

    def shuffle(self, items: MutableSequence[Any]) -> None:
        random.shuffle(items)
