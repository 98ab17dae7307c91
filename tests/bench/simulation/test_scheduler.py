"""The simulation's scheduler and machine: one task at a time, in an order that the seed decides, in its own time."""

from collections.abc import Callable

import pytest

from bench.simulation.machine import SimulatedMachine
from bench.simulation.scheduler import Killed, Process, Scheduler, Stuck

SHORT = 1_000


def run(scheduler: Scheduler, *works: Callable[[], None], process: Process | None = None) -> None:
    """Run `works` as tasks until all have ended."""
    tasks = [scheduler.start(process or Process("p"), f"task {n}", work) for n, work in enumerate(works)]
    scheduler.run(lambda: all(task.ended for task in tasks), seconds=SHORT, turns=SHORT)


def order(seed: int) -> list[str]:
    """How two tasks of five turns take turns."""
    scheduler, said = Scheduler(seed), []

    def speak(name: str) -> None:
        for _ in range(5):
            said.append(name)
            scheduler.pause()

    run(scheduler, lambda: speak("a"), lambda: speak("b"))
    return said


def test_a_seed_is_one_order_and_another_seed_another() -> None:
    assert order(1) == order(1)
    assert len({tuple(order(seed)) for seed in range(20)}) > 10


def test_time_passes_only_when_all_wait_for_it() -> None:
    scheduler = Scheduler(1)
    machine = SimulatedMachine(scheduler, Process("p"), "1")
    woke: list[tuple[str, float]] = []

    def sleep(name: str, seconds: float) -> None:
        machine.sleep(seconds)
        woke.append((name, machine.monotonic()))

    run(scheduler, lambda: sleep("late", 50.0), lambda: sleep("early", 0.5))
    assert woke == [("early", 0.5), ("late", 50.0)]


def test_a_killed_process_goes_no_step_further() -> None:
    scheduler, process, steps = Scheduler(1), Process("victim"), []

    def work() -> None:
        try:
            steps.append("begun")
            scheduler.pause()
            steps.append("never")
        except Exception:
            steps.append("caught")
        finally:
            with pytest.raises(Killed):
                scheduler.pause()

    task = scheduler.start(process, "work", work)
    scheduler.run(lambda: bool(steps), seconds=SHORT, turns=SHORT)
    scheduler.kill(process)
    assert task.ended
    assert steps == ["begun"]


def test_a_frozen_process_goes_on_where_it_was_when_its_time_has_come() -> None:
    scheduler, process = Scheduler(1), Process("p")
    process.frozen_until = 12.0
    at: list[float] = []
    run(scheduler, lambda: at.append(scheduler.now), process=process)
    assert at == [12.0]


def test_a_lock_is_one_tasks_until_it_gives_it_back() -> None:
    scheduler = Scheduler(3)
    machine = SimulatedMachine(scheduler, Process("p"), "1")
    lock, inside, most = machine.lock(), 0, 0

    def enter() -> None:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
            scheduler.pause()
            inside -= 1

    run(scheduler, *[enter] * 8)
    assert most == 1


def test_calls_of_a_pool_run_beside_each_other_and_return_in_order() -> None:
    scheduler = Scheduler(1)
    machine = SimulatedMachine(scheduler, Process("p"), "1")
    found: list[float] = []

    def ask(seconds: float) -> float:
        machine.sleep(seconds)
        return seconds

    def work() -> None:
        with machine.pool(2, "calls") as pool:
            found.extend(pool.map(ask, (3.0, 1.0, 2.0)))

    run(scheduler, work)
    assert found == [3.0, 1.0, 2.0]
    assert scheduler.now == 3.0


def test_whoever_waits_for_what_never_comes_is_found_out() -> None:
    scheduler, process = Scheduler(1), Process("p")

    def wait() -> None:
        scheduler.wait(lambda: False, None)

    with pytest.raises(Stuck, match="task 0"):
        run(scheduler, wait, process=process)
    scheduler.unwind([process])
