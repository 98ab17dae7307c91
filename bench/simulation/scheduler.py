"""Runs tasks one at a time, in an order that the seed decides. Time passes only when all of them wait for it.

A task is a greenlet that holds the turn until it waits or reaches a point where another may run: before each command
to Redis and around each request. Whoever is killed never runs again, but for unwinding.
"""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from greenlet import getcurrent, greenlet


class Killed(BaseException):
    """SIGKILL: no `except Exception` sees it, and nothing that a `finally` does gets out of the process."""


class Stuck(Exception):
    """Nobody can ever run again, or the simulation does not come to an end."""


@dataclass(eq=False)
class Process:
    """A group of tasks that die together. None of them runs before `frozen_until`, as if its machine stood still.
    `began`, and from when until when it `stood_still`: in seconds of the simulation."""

    name: str
    began: float = 0.0
    alive: bool = True
    frozen_until: float = 0.0
    stood_still: list[tuple[float, float]] = field(default_factory=list)

    def freeze(self, now: float, seconds: float) -> None:
        """Let it stand still from `now` on."""
        self.frozen_until = now + seconds
        self.stood_still.append((now, self.frozen_until))


@dataclass(eq=False)
class Task:
    """`ready`: what it waits for, besides `until` (seconds of the simulation)."""

    name: str
    process: Process
    work: Callable[[], None]
    ready: Callable[[], bool] | None = None
    until: float | None = None
    ended: bool = False
    error: BaseException | None = None
    fiber: greenlet = field(default_factory=greenlet)
    # Who gave it the turn.
    caller: greenlet = field(default_factory=getcurrent)

    def may_run(self, now: float) -> bool:
        if not self.process.alive:
            return True
        if now < self.process.frozen_until:
            return False
        if self.until is not None and self.until <= now:
            return True
        return self.ready() if self.ready is not None else self.until is None

    def next_moment(self, now: float) -> float | None:
        """When it may run next, if nothing else happens meanwhile."""
        if now < self.process.frozen_until:
            return self.process.frozen_until
        return self.until


class Scheduler:
    """`on_advance` is called with the seconds by which time is about to advance, `on_turn` before each turn."""

    def __init__(self, seed: int, on_advance: Callable[[float], None] = lambda _: None) -> None:
        self.random = random.Random(f"schedule {seed}")  # noqa: S311 - a simulation, guards nothing
        self.on_advance = on_advance
        self.on_turn: Callable[[], None] = lambda: None
        # Whoever had the last turn.
        self.last: Process | None = None
        self.last_task = ""
        self.now, self.pace = 0.0, 1.0
        self.turns = 0
        self._tasks: list[Task] = []
        self._current: Task | None = None

    def start(self, process: Process, name: str, work: Callable[[], None]) -> Task:
        """A task that may run from now on."""
        task = Task(name, process, work)
        task.fiber = greenlet(lambda: self._run(task))
        self._tasks.append(task)
        return task

    def current(self) -> Task:
        """The task that has the turn."""
        if self._current is None:
            raise RuntimeError("no task has the turn")
        return self._current

    def pause(self) -> None:
        """Others may run before the caller goes on. Raises `Killed`."""
        self.wait(None, None)

    def wait(self, ready: Callable[[], bool] | None, until: float | None) -> bool:
        """Wait until `ready()` or the moment `until`; whether it was `ready`. Raises `Killed`."""
        task = self.current()
        if not task.process.alive:
            raise Killed
        task.ready, task.until = ready, until
        task.caller.switch()
        task.ready = task.until = None
        if not task.process.alive:
            raise Killed
        return ready is None or ready()

    def run(self, is_over: Callable[[], bool], *, seconds: float, turns: int) -> None:
        """Let tasks run until `is_over()`; raises `Stuck` after so many `seconds` of the simulation or `turns`, and
        `RuntimeError` where a task failed."""
        while not is_over():
            if self.now > seconds or self.turns > turns:
                raise Stuck(f"not over after {self.now:.0f} s and {self.turns} turns")
            self.on_turn()
            ready = [task for task in self._tasks if task.may_run(self.now)]
            if ready:
                self._give_turn(self.random.choice(ready))
                continue
            moments = [at for task in self._tasks if (at := task.next_moment(self.now)) is not None]
            if not moments:
                raise Stuck(f"everybody waits: {', '.join(task.name for task in self._tasks)}")
            self.on_advance(min(moments) - self.now)
            self.now = min(moments)

    def kill(self, process: Process) -> None:
        """End a process as SIGKILL would. Its tasks unwind at once, without reaching anything outside."""
        process.alive = False
        self.unwind()

    def unwind(self, processes: Iterable[Process] = ()) -> None:
        """Let the tasks of dead processes, and of these, end."""
        for process in processes:
            process.alive = False
        for task in [one for one in self._tasks if not one.process.alive]:
            while not task.ended:
                self._give_turn(task)

    def _give_turn(self, task: Task) -> None:
        self.turns += 1
        self.last, self.last_task = task.process, task.name
        self._current, before = task, self._current
        task.fiber.parent = task.caller = getcurrent()
        task.fiber.switch()
        self._current = before
        if task.ended:
            self._tasks.remove(task)
            if task.error is not None:
                raise RuntimeError(f"{task.name} failed") from task.error

    def _run(self, task: Task) -> None:
        try:
            if task.process.alive:
                task.work()
        except Killed:
            pass
        except BaseException as error:  # raised where the scheduler runs
            task.error = error
        task.ended = True
