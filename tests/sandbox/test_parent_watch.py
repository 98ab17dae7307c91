import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandbox.parent_watch import ParentWatch

PARENT = """
import subprocess, sys
from sandbox.parent_watch import ParentWatch
watch = ParentWatch()
for _ in range(3):
    # A leader that leaves, and the child it leaves behind in its group.
    child = subprocess.Popen(["sh", "-c", "sleep 300 & echo $!"], stdout=subprocess.PIPE, start_new_session=True)
    watch.hold(child.pid)
    print(int(child.stdout.readline()), flush=True)
if sys.argv[1] == "release":
    watch.release()
sys.stdin.read()
"""


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def children_of_a_killed_parent(how: str) -> list[int]:
    command = [sys.executable, "-c", PARENT, how]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        pids = [int(parent.stdout.readline()) for _ in range(3)]
        if how == "release":
            parent.communicate()
        else:
            parent.send_signal(signal.SIGKILL)
    return pids


@pytest.mark.processes
def test_a_killed_process_takes_the_groups_it_holds_with_it() -> None:
    pids = children_of_a_killed_parent("hold")
    deadline = time.monotonic() + 10
    while any(lives(pid) for pid in pids):
        assert time.monotonic() < deadline, "they outlived their parent"
        time.sleep(0.02)


@pytest.mark.processes
def test_what_was_released_lives_on() -> None:
    pids = children_of_a_killed_parent("release")
    assert all(lives(pid) for pid in pids)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def test_a_watch_that_holds_nothing_can_be_released() -> None:
    watch = ParentWatch()
    watch.release()
