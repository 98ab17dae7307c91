"""Supervision of real processes: the supervisor runs in one of its own, and so do its children."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conftest import ROOT, eventually
from workers import supervisor

# Each child writes its process id to a file of its own, then does what its name says.
CHILD = """
import os, signal, sys, time
folder, behaviour = sys.argv[1:]
if behaviour == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if behaviour == "tidy":
    def end(*_):
        open(os.path.join(folder, f"tidied.{os.getpid()}"), "w").close()
        sys.exit(0)
    signal.signal(signal.SIGTERM, end)
open(os.path.join(folder, f"{behaviour}.{os.getpid()}"), "w").close()
if behaviour == "failing":
    sys.exit(3)
if behaviour == "refusing" or behaviour == "refusing-later" and "again" in os.listdir(folder):
    sys.exit(2)
if behaviour == "refusing-later":
    open(os.path.join(folder, "again"), "w").close()
while True:
    time.sleep(60)
"""
SUPERVISOR = """
import sys
from leadcore.machine import Machine
from workers import supervisor
supervisor.GRACE_SECONDS = float(sys.argv[2])
names = sys.argv[3:]
def fork(name):
    def work():
        sys.argv = ["", sys.argv[1], name]
        exec({child!r}, {{"__name__": "child"}})
    return work
def command(name):
    return [sys.executable, "-c", {child!r}, sys.argv[1], name]
sys.exit(supervisor.supervise([(name, {kind}(name)) for name in names], Machine()))
"""


class Processes:
    """A supervisor and what its children left in their folder."""

    def __init__(self, folder: Path, kind: str, *names: str, grace: float = 10.0) -> None:
        self.folder = folder
        source = SUPERVISOR.format(child=CHILD, kind=kind)
        command = [sys.executable, "-c", source, str(folder), str(grace), *names]
        self.process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL, start_new_session=True)

    def pids(self, name: str) -> list[int]:
        return [int(file.suffix[1:]) for file in self.folder.glob(f"{name}.*")]

    def started(self, *names: str) -> list[int]:
        """One process of each name, once it runs."""
        return [eventually(lambda name=name: self.pids(name))[0] for name in names]  # type: ignore[misc]

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        return self.process.wait(15)


@pytest.fixture(params=["command", "fork"])
def crew(request: pytest.FixtureRequest, tmp_path: Path, processes: None) -> Iterator[Callable[..., Processes]]:
    made: list[Processes] = []

    def make(*names: str, **how: float) -> Processes:
        made.append(Processes(tmp_path, request.param, *names, **how))
        return made[-1]

    yield make
    for one in made:
        with suppress(ProcessLookupError):
            os.killpg(one.process.pid, signal.SIGKILL)
        one.process.wait()


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_child_that_is_killed_is_started_again_and_the_others_work_on(crew: Callable[..., Processes]) -> None:
    one = crew("steady", "tidy")
    steady, tidy = one.started("steady", "tidy")
    os.kill(steady, signal.SIGKILL)
    eventually(lambda: len(one.pids("steady")) == 2)
    assert one.pids("tidy") == [tidy]
    assert lives(tidy)


def test_a_child_that_keeps_failing_is_started_ever_more_slowly_and_disturbs_nobody(
    crew: Callable[..., Processes],
) -> None:
    one = crew("failing", "steady")
    (steady,) = one.started("steady")
    eventually(lambda: len(one.pids("failing")) >= 3)
    times = sorted(file.stat().st_mtime for file in one.folder.glob("failing.*"))
    assert times[2] - times[0] > 0.55, "it waits 0.2 s, then 0.4 s"
    assert lives(steady)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_at_a_signal_every_child_is_asked_to_end_and_does(crew: Callable[..., Processes], how: signal.Signals) -> None:
    one = crew("tidy", "steady")
    children = one.started("tidy", "steady")
    assert one.end(how) == 0
    assert one.pids("tidied") == [children[0]]
    assert not any(map(lives, children))


def test_a_child_that_does_not_listen_is_killed_when_its_time_is_up(crew: Callable[..., Processes]) -> None:
    one = crew("deaf", "tidy", grace=0.5)
    children = one.started("deaf", "tidy")
    assert one.end() == 0
    assert one.pids("tidied") == [children[1]]
    assert not any(map(lives, children))


def test_a_child_that_has_ended_does_not_stop_the_end(crew: Callable[..., Processes]) -> None:
    one = crew("failing", "tidy")
    (_, tidy) = one.started("failing", "tidy")
    assert one.end() == 0
    assert not lives(tidy)


def test_a_child_that_refuses_its_settings_ends_the_start(crew: Callable[..., Processes]) -> None:
    one = crew("tidy", "refusing")
    assert one.process.wait(15) == 2
    assert len(one.pids("refusing")) == 1
    assert not any(map(lives, one.pids("tidy")))


def test_a_child_that_worked_and_refuses_to_start_again_is_tried_again(crew: Callable[..., Processes]) -> None:
    one = crew("refusing-later", "steady")
    (child, steady) = one.started("refusing-later", "steady")
    eventually(lambda: (one.folder / "again").exists())
    os.kill(child, signal.SIGKILL)
    eventually(lambda: len(one.pids("refusing-later")) >= 3)
    assert lives(steady)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked")
def test_a_child_that_cannot_be_forked_leaves_no_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is tried again every few seconds until the system has a process left; root is refused none, so this is
    said for it."""

    def fail() -> int:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", fail)
    before = os.listdir("/proc/self/fd")
    for _ in range(3):
        with pytest.raises(BlockingIOError):
            supervisor._start(lambda: None)
    assert os.listdir("/proc/self/fd") == before


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked")
def test_a_child_that_finds_no_descriptor_leaves_the_supervisor_able_to_hear_signals(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Otherwise the process that the platform asks to end would never hear it again."""

    def fail(path: str) -> list[str]:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "listdir", fail)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        with pytest.raises(OSError, match="Too many open files"):
            supervisor._start(lambda: None)
        assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
