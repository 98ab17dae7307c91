"""Looking at processes and ending them, by their ids."""

import os
import signal
import subprocess
from contextlib import suppress

import requests


def session() -> requests.Session:
    made = requests.Session()
    # No proxy of the user's has any business between processes of one machine.
    made.trust_env = False
    return made


def answers(url: str) -> bool:
    with suppress(requests.RequestException):
        return session().get(url, timeout=2).status_code == 200
    return False


def children(parent: int) -> list[int]:
    command = ["ps", "-A", "-o", "pid=,ppid="]
    table = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    pairs = (line.split() for line in table.splitlines())
    return sorted(int(pid) for pid, its_parent in pairs if int(its_parent) == parent)


def kill_one(pids: list[int], choice: float) -> None:
    if pids:
        with suppress(ProcessLookupError):
            os.kill(pids[int(choice * len(pids))], signal.SIGKILL)


def end_group(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
