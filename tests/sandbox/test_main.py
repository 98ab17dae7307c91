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
import redis
import requests

from leadcore import local_run

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

    def __init__(self, folder: Path, *words: str, **environ: str) -> None:
        self.mark = f"LEADSYNC_TEST={uuid.uuid4()}"
        self.folder = folder
        (folder / "leadsync").mkdir(exist_ok=True)
        (folder / "leadsync/__init__.py").touch()
        (folder / "leadsync/__main__.py").write_text(WORKERS)
        clean = {name: value for name, value in os.environ.items() if name not in SET_BY_US}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", *words],
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

    def begin(*words: str, **environ: str) -> Run:
        runs.append(Run(tmp_path, *words, **environ))
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


def test_data_of_redis_without_those_of_the_stand_ins_are_emptied(
    run: Callable[..., Run], leave_data: Callable[[str], Path]
) -> None:
    file = leave_data("sandbox")
    fresh = run()
    said = fresh.read_until("Ctrl-C ends it all.")
    assert re.search(r"\(embedded (Valkey|Redis) [\d.]+\)", said)
    assert "kept in .leadsync/sandbox" in said
    assert b"99.9.9" not in (file.read_bytes() if file.exists() else b"")
    fresh.process.terminate()
    assert fresh.finish() == 0


class World:
    """What one run's page of addresses says, and both sides of it."""

    def __init__(self, one: Run) -> None:
        self.said = one.read_until("Ctrl-C ends it all.")
        self.hubspot, self.dealdroid = (self._find(name) for name in ("HubSpot", "DealDroid"))
        self.redis = redis.Redis.from_url(self._find("Redis", "redis"))

    def _find(self, name: str, scheme: str = "http") -> str:
        found = re.search(rf"{name} +({scheme}://127\.0\.0\.1:\d+)", self.said)
        assert found
        return found[1]

    @property
    def secrets(self) -> list[str]:
        return re.findall(r'password (\S+)\)|"secret": "([^"]+)"', self.said)

    def fill(self) -> None:
        made = {"properties": {"email": "somchai@example.com", "firstname": "สมชาย"}}
        requests.post(f"{self.hubspot}/_sandbox/contacts", json=made, timeout=5).raise_for_status()
        told = {"customer_id": 7, "messages": ["ได้รับแล้ว"]}
        requests.post(f"{self.dealdroid}/api/provider/webhook/", json=told, timeout=5).raise_for_status()
        self.redis.set("leadsync:customer:x", "known")

    def knows(self) -> tuple[list[str], list[str], bool]:
        contacts = requests.get(f"{self.hubspot}/_sandbox/state", timeout=5).json()["contacts"]
        messages = requests.get(f"{self.dealdroid}/_sandbox/messages", timeout=5).json()
        known = self.redis.get("leadsync:customer:x") == b"known"
        return [one["properties"]["firstname"] for one in contacts], [one["text"] for one in messages], known


FULL, EMPTY = (["สมชาย"], ["ได้รับแล้ว"], True), ([], [], False)


def end(one: Run) -> None:
    one.process.terminate()
    assert one.finish() == 0


def test_data_password_and_secret_outlive_a_restart(run: Callable[..., Run]) -> None:
    first = run()
    before = World(first)
    before.fill()
    end(first)
    second = run()
    after = World(second)
    assert (after.knows(), after.secrets) == (FULL, before.secrets)
    for name in ("secrets.json", "hubspot.json", "dealdroid.json"):
        assert (second.folder / ".leadsync/sandbox" / name).stat().st_mode & 0o077 == 0
    end(second)


def test_data_outlive_a_run_that_was_killed(run: Callable[..., Run]) -> None:
    first = run()
    World(first).fill()
    folder = first.folder / ".leadsync/sandbox"
    saved = (("hubspot", "สมชาย"), ("dealdroid", "ได้รับแล้ว"))
    wait_until(lambda: all(words in (folder / f"{name}.json").read_text() for name, words in saved))
    # Redis appends to its disk every second.
    wait_until(lambda: b"leadsync:customer:x" in b"".join(one.read_bytes() for one in folder.glob("redis/*/*.aof")))
    first.process.kill()
    wait_until(lambda: not first.living())
    second = run()
    assert World(second).knows() == FULL
    end(second)


@pytest.mark.parametrize("lost", ["hubspot", "dealdroid"])
def test_where_one_side_cannot_be_read_all_are_emptied(run: Callable[..., Run], lost: str) -> None:
    first = run()
    World(first).fill()
    end(first)
    (first.folder / f".leadsync/sandbox/{lost}.json").write_text("{}")
    second = run()
    assert World(second).knows() == EMPTY
    end(second)


def test_an_ephemeral_run_keeps_nothing_and_knows_nothing_of_others(run: Callable[..., Run]) -> None:
    first = run()
    kept = World(first)
    kept.fill()
    end(first)
    ephemeral = run("--ephemeral")
    world = World(ephemeral)
    assert world.knows() == EMPTY
    assert world.secrets != kept.secrets
    assert "kept nowhere" in world.said
    world.fill()
    end(ephemeral)
    third = run()
    assert World(third).secrets == kept.secrets
    end(third)


def test_another_terminal_finds_the_run_for_as_long_as_it_lives(run: Callable[..., Run]) -> None:
    one = run()
    world = World(one)
    data = one.folder / ".leadsync"
    found = local_run.find(data)
    assert found
    assert found.is_alive
    assert found.environ["REDIS_URL"].startswith("redis://127.0.0.1:")
    assert (data / local_run.FILE).stat().st_mode & 0o777 == 0o600
    assert world.secrets[0][0] not in (data / local_run.FILE).read_text(), "the console's password"
    end(one)
    assert local_run.find(data) is None


def test_a_run_that_was_killed_is_known_to_be_gone(run: Callable[..., Run]) -> None:
    killed = run()
    killed.read_until("Ctrl-C ends it all.")
    killed.process.kill()
    wait_until(lambda: not killed.living())
    found = local_run.find(killed.folder / ".leadsync")
    assert found
    assert not found.is_alive
