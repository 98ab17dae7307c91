"""A machine whose clocks, threads and random numbers are the simulation's."""

import random
from collections.abc import Callable, Iterable, Iterator, MutableSequence
from concurrent.futures import Executor, Future
from typing import Any

from bench.simulation.scheduler import Process, Scheduler, Task
from leadcore.machine import Machine

BEGAN = 1_790_000_000.0
"""When each simulation begins, in seconds since 1970."""


class SimulatedMachine(Machine):
    """The machine of one `process`. `ahead`: returns by how many seconds its wall clock is ahead."""

    def __init__(
        self, scheduler: Scheduler, process: Process, seed: str, ahead: Callable[[], float] = lambda: 0.0
    ) -> None:
        self.scheduler, self.process, self.ahead = scheduler, process, ahead
        self._ticks = 0
        self.dice = random.Random(f"machine {seed}")  # noqa: S311 - a simulation, guards nothing

    def monotonic(self) -> float:
        return self.scheduler.now

    def uptime(self) -> float:
        return self.scheduler.now

    def time(self) -> float:
        return BEGAN + self.scheduler.now + self.ahead()

    def time_ns(self) -> int:
        # No two are the same, as on a real machine.
        self._ticks += 1
        return int(self.time() * 1_000_000_000) + self._ticks

    def sleep(self, seconds: float) -> None:
        self.scheduler.wait(None, self.scheduler.now + seconds)

    def event(self) -> Any:
        return _Event(self.scheduler)

    def lock(self) -> Any:
        return _Lock(self.scheduler)

    def thread(self, target: Callable[[], None], name: str) -> Any:
        return _Thread(self.scheduler, self.process, target, f"{self.process.name} {name}")

    def pool(self, size: int, name: str) -> Executor:
        return _Pool(self.scheduler, self.process, f"{self.process.name} {name}")

    def wait_first(self, calls: Iterable[Future[Any]], seconds: float | None) -> set[Future[Any]]:
        waiting = list(calls)
        until = None if seconds is None else self.scheduler.now + seconds
        self.scheduler.wait(lambda: any(one.done() for one in waiting), until)
        return {one for one in waiting if one.done()}

    def token(self, size: int = 8) -> str:
        return self.dice.randbytes(size).hex()

    def random(self) -> float:
        return self.dice.random()

    def shuffle(self, items: MutableSequence[Any]) -> None:
        self.dice.shuffle(items)


class _Event:
    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler, self._is_set = scheduler, False

    def set(self) -> None:
        self._is_set = True

    def clear(self) -> None:
        self._is_set = False

    def is_set(self) -> bool:
        return self._is_set

    def wait(self, timeout: float | None = None) -> bool:
        until = None if timeout is None else self._scheduler.now + timeout * self._scheduler.pace
        return self._scheduler.wait(self.is_set, until)


class _Lock:
    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler, self._held = scheduler, False

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        if self._held and blocking:
            until = None if timeout < 0 else self._scheduler.now + timeout
            self._scheduler.wait(lambda: not self._held, until)
        if self._held:
            return False
        self._held = True
        return True

    def release(self) -> None:
        self._held = False

    def locked(self) -> bool:
        return self._held

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


class _Thread:
    def __init__(self, scheduler: Scheduler, process: Process, target: Callable[[], None], name: str) -> None:
        self._scheduler, self._process, self._target, self._name = scheduler, process, target, name
        self._task: Task | None = None

    def start(self) -> None:
        self._task = self._scheduler.start(self._process, self._name, self._target)

    def is_alive(self) -> bool:
        return self._task is not None and not self._task.ended

    def join(self, timeout: float | None = None) -> None:
        until = None if timeout is None else self._scheduler.now + timeout
        self._scheduler.wait(lambda: not self.is_alive(), until)


class _Pool(Executor):
    """One task per call, as if it had threads enough."""

    def __init__(self, scheduler: Scheduler, process: Process, name: str) -> None:
        self._scheduler, self._process, self._name = scheduler, process, name
        self._pending: list[Future[Any]] = []

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **options: Any) -> Future[Any]:
        future: Future[Any] = Future()

        def work() -> None:
            try:
                future.set_result(function(*arguments, **options))
            except Exception as error:
                future.set_exception(error)

        self._pending = [one for one in self._pending if not one.done()]
        self._pending.append(future)
        self._scheduler.start(self._process, self._name, work)
        return future

    def map(self, fn: Callable[..., Any], *iterables: Any, **_: Any) -> Iterator[Any]:
        futures = [self.submit(fn, *arguments) for arguments in zip(*iterables, strict=False)]
        for one in futures:
            self._scheduler.wait(one.done, None)
            yield one.result()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        if wait:
            self._scheduler.wait(lambda: all(one.done() for one in self._pending), None)
