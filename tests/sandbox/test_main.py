"""`python -m sandbox` as a process. The stand-ins and Redis are the real ones; the commands of `workers` are doubles,
so that what is tested is the running and not what runs."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

ROOT = Path(__file__).parents[2]
WORKERS = """
import json, os, pathlib, signal, subprocess, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

command = sys.argv[1]
here = pathlib.Path(__file__).parent
print(command, "says hello", flush=True)
if command == "setup":
    (here / "environ.json").write_text(json.dumps(dict(os.environ)))
    sys.exit(int(os.environ.get("SETUP_CODE", "0")))
if command == "worker":
    child = subprocess.Popen(["sleep", "300"])
    (here / "worker.pid").write_text(str(os.getpid()))
    if os.environ.get("STUBBORN"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child.wait()

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        ready = self.path == "/healthz" or (here / "worker.pid").exists()
        self.send_response(200 if ready else 503)
        self.end_headers()
    def log_message(self, *_):
        pass

ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
SET_BY_US = ("REDIS_URL", "HUBSPOT_ACCESS_TOKEN", "DEALDROID_WEBHOOK_URL", "DEALDROID_SECRET", "PORT")


class Run:
    """One run in a folder of its own; every process of it carries a mark in its environment."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.mark = f"LEADSYNC_TEST={uuid.uuid4()}"
        self.folder = folder
        (folder / "leadsync").mkdir(exist_ok=True)
        (folder / "leadsync/__init__.py").touch()
        (folder / "leadsync/__main__.py").write_text(WORKERS)
        clean = {name: value for name, value in os.environ.items() if name not in SET_BY_US}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sandbox"],
            cwd=folder,
            env={**clean, "PYTHONPATH": str(ROOT), **dict([self.mark.split("=")]), **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []

    def read_until(self, words: str) -> str:
        """All lines up to the one with `words`, and that."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line)
            if words in line:
                return "".join(self.lines)
        raise AssertionError("".join(self.lines))

    def finish(self) -> int:
        assert self.process.stdout
        self.lines += self.process.stdout.readlines()
        return self.process.wait(20)

    def living(self) -> list[str]:
        """The command lines of its processes that still run."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdecimal() and self.mark.encode() in (entry / "environ").read_bytes():
                    found.append((entry / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue
        return found


@pytest.fixture
def run(tmp_path: Path, processes: None) -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []

    def begin(**environ: str) -> Run:
        runs.append(Run(tmp_path, **environ))
        return runs[-1]

    yield begin
    for one in runs:
        if one.process.poll() is None:
            one.process.kill()
        if one.process.stdout:
            one.process.stdout.close()
        one.process.wait()


def wait_until(condition: Callable[[], Any], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came to pass"
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_it_runs_everything_says_where_and_leaves_nothing_behind(
    run: Callable[..., Run], number: signal.Signals
) -> None:
    all_of_it = run()
    said = all_of_it.read_until("Ctrl-C ends it all.")
    for place in ("HubSpot", "DealDroid", "Sandbox page"):
        url = re.search(rf"{place} +(http://127\.0\.0\.1:\d+)", said)
        assert url
        assert requests.get(url[1], timeout=5).status_code < 500
    assert re.search(r"worker +\| worker says hello", said)
    assert len(all_of_it.living()) >= 8
    begun = time.monotonic()
    all_of_it.process.send_signal(number)
    assert all_of_it.finish() == 0
    assert time.monotonic() - begun < 8
    assert all_of_it.living() == []
    assert (all_of_it.folder / ".leadsync/sandbox/redis").is_dir()


def test_a_worker_that_does_not_want_to_end_is_ended(run: Callable[..., Run]) -> None:
    stubborn = run(STUBBORN="1")
    stubborn.read_until("Ctrl-C ends it all.")
    stubborn.process.send_signal(signal.SIGTERM)
    assert stubborn.finish() == 0
    assert stubborn.living() == []


def test_killed_it_takes_everything_with_it(run: Callable[..., Run]) -> None:
    killed = run()
    killed.read_until("Ctrl-C ends it all.")
    assert killed.living()
    killed.process.kill()
    wait_until(lambda: not killed.living())


def test_a_part_that_dies_ends_the_run_and_is_named(run: Callable[..., Run]) -> None:
    broken = run()
    broken.read_until("Ctrl-C ends it all.")
    os.kill(int((broken.folder / "leadsync/worker.pid").read_text()), signal.SIGKILL)
    assert broken.finish() == 1
    assert "worker ended with exit code -9." in "".join(broken.lines)
    assert broken.living() == []


def test_a_setup_that_fails_ends_the_run(run: Callable[..., Run]) -> None:
    broken = run(SETUP_CODE="3")
    assert broken.finish() == 1
    assert "setup ended with exit code 3." in "".join(broken.lines)
    assert broken.living() == []


def test_a_taken_port_is_left_alone(run: Callable[..., Run]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        moved = run(PORT=str(port))
        assert f"Port {port} is taken: receiver is on " in moved.read_until("Ctrl-C ends it all.")
        moved.process.terminate()
        assert moved.finish() == 0


def test_stand_ins_are_refused_on_a_hosting_platform(run: Callable[..., Run]) -> None:
    refused = run(DYNO="web.1")
    assert refused.finish() == 2
    assert "hosting platform" in "".join(refused.lines)
    assert not (refused.folder / ".leadsync").exists()


def test_two_runs_do_not_share_their_data(run: Callable[..., Run]) -> None:
    first = run()
    first.read_until("Ctrl-C ends it all.")
    second = run()
    assert second.finish() == 1
    assert "--ephemeral" in "".join(second.lines)
    first.process.terminate()
    assert first.finish() == 0


@pytest.fixture
def leave_data(tmp_path: Path) -> Callable[[str], Path]:
    """Puts data of a server that is newer than any into a run's folder of this name; returns their file."""

    def leave(home: str) -> Path:
        folder = tmp_path / ".leadsync" / home / "redis/appendonlydir"
        folder.mkdir(parents=True)
        (folder / "appendonly.aof.manifest").write_text("file appendonly.aof.1.base.rdb seq 1 type b\n")
        file = folder / "appendonly.aof.1.base.rdb"
        file.write_bytes(b"VALKEY999\xfa\nvalkey-ver\x0699.9.9\xfa\nredis-bits\xc0@\xff")
        return file

    return leave


def test_leads_for_the_portal_that_the_server_cannot_read_end_the_run_and_stay(
    run: Callable[..., Run], leave_data: Callable[[str], Path]
) -> None:
    file = leave_data("portal")
    before = file.read_bytes()
    refused = run(HUBSPOT_ACCESS_TOKEN="pat-test")
    assert refused.finish() == 1
    said = "".join(refused.lines)
    assert "which Valkey 99.9.9 wrote" in said
    assert "--ephemeral" in said
    assert "Traceback" not in said
    assert file.read_bytes() == before


def test_the_stand_in_begins_empty_whatever_an_earlier_run_left(
    run: Callable[..., Run], leave_data: Callable[[str], Path]
) -> None:
    file = leave_data("sandbox")
    fresh = run()
    said = fresh.read_until("Ctrl-C ends it all.")
    assert re.search(r"\(embedded (Valkey|Redis) [\d.]+, data in \.leadsync/sandbox\)", said)
    assert b"99.9.9" not in (file.read_bytes() if file.exists() else b"")
    fresh.process.terminate()
    assert fresh.finish() == 0
