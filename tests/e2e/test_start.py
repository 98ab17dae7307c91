"""Processes start: on which port and address, what they say they are, and what ends them while they still start."""

import json
import os
import re
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from leadcore.store import keys
from sandbox import redis as embedded
from tests.conftest import ROOT, SECRET, Line, Process, answers, eventually, lead, own_port

# Python imports it before anything else. The settings are what each process reads first; the BLOCK_AT-th reading, of
# all processes together, takes for ever.
BLOCKING = """
import os, pathlib, time
import leadcore.settings, workers.settings

def block_before(read):
    def wrapped(*arguments):
        file = pathlib.Path(os.environ["BLOCK_FILE"])
        with file.open("a") as out:
            out.write(f"{os.getpid()}\\n")
        while len(file.read_text().split()) >= int(os.environ["BLOCK_AT"]):
            time.sleep(60)
        return read(*arguments)
    return wrapped

leadcore.settings.read_receiver = block_before(leadcore.settings.read_receiver)
workers.settings.read_worker = block_before(workers.settings.read_worker)
"""
# Below the ten seconds after which a process that does not end is killed.
AT_ONCE = 8.0


@pytest.fixture
def started(tmp_path: Path, processes: None) -> Iterator[Callable[..., Process]]:
    """Starts processes of a deployment whose Redis is nowhere, unless the environment says otherwise."""
    begun: list[Process] = []
    clean = {name: os.environ[name] for name in ("PATH", "HOME", "VIRTUAL_ENV") if name in os.environ}

    def start(*arguments: str, **environ: str) -> Process:
        own = {
            "PORT": str(own_port()),
            "REDIS_URL": f"redis://user:hidden-word@127.0.0.1:{own_port()}/0",
            "DEALDROID_SECRET": SECRET * 2,
            "HUBSPOT_ACCESS_TOKEN": "pat-test",
            "HUBSPOT_BASE_URL": f"http://127.0.0.1:{own_port()}",
            "SPOOL_DIR": str(tmp_path / "spool"),
        }
        given = {name: value for name, value in {**clean, **own, **environ}.items() if value}
        begun.append(Process(tmp_path / f"{len(begun)}.log", given, *arguments))
        return begun[-1]

    yield start
    for one in begun:
        one.kill()


def said(process: Process, event: str = "") -> list[dict[str, Any]]:
    """The lines of its log about the event, or all."""
    lines = [json.loads(line) for line in process.log.read_text().splitlines() if line.startswith("{")]
    return [line for line in lines if event in ("", line["event"])]


def address(web: Process) -> str:
    """Where it says that it listens, once it answers."""
    where = str(eventually(lambda: said(web, "web.started"))[0]["address"])
    there = where.replace("//0.0.0.0", "//127.0.0.1").replace("//[::]", "//127.0.0.1")
    eventually(lambda: answers(f"{there}/healthz"))
    return where


def reaches(where: str, host: str) -> bool:
    with suppress(OSError), socket.create_connection((host, int(where.rpartition(":")[2])), timeout=2):
        return True
    return False


def refusal(process: Process) -> str:
    """The one line in which it says why it does not start."""
    assert process.popen.wait(20) == 2
    [line] = process.log.read_text().splitlines()
    assert line.startswith("leadsync: ")
    return line


@pytest.mark.skipif(sys.platform != "linux", reason="only there all of 127.0.0.0/8 is this machine")
@pytest.mark.parametrize(
    ("environ", "is_open"),
    [
        ({}, False),
        ({"HOST": "127.0.0.1", "DYNO": "web.1"}, False),
        ({"HOST": "localhost"}, False),
        ({"RAILWAY_TOKEN": "of a laptop"}, False),
        ({"HOST": "0.0.0.0"}, True),  # noqa: S104 - what is asked for
        ({"DYNO": "web.1"}, True),
        ({"RENDER": "true"}, True),
        ({"RAILWAY_SERVICE_ID": "1"}, True),
    ],
    ids=str,
)
def test_other_machines_reach_the_receiver_on_a_hosting_platform_or_if_asked(
    started: Callable[..., Process], environ: dict[str, str], is_open: bool
) -> None:
    """PORT is set. Here 127.0.0.2 plays the address by which other machines reach this one."""
    where = address(started("web", WEB_CONCURRENCY="1", **environ))
    assert reaches(where, "127.0.0.2") is is_open


def test_a_port_on_which_a_forgotten_receiver_listens_is_not_shared(started: Callable[..., Process]) -> None:
    port = str(own_port())
    where = address(started("web", PORT=port, DEALDROID_SECRET="of-the-forgotten-one"))
    assert f"PORT {port} is taken" in refusal(started("web", PORT=port))
    assert f"PORT {port} is taken" in refusal(started("web", PORT=port, HOST="0.0.0.0"))  # noqa: S104
    assert f"PORT {port} is taken" in refusal(started("all", PORT=port))
    body = json.dumps(lead("c-1", secret="of-the-forgotten-one"))
    for _ in range(20):
        assert requests.post(f"{where}/api/v1/intent-handler", body, timeout=5).status_code == 200


def test_port_0_is_a_free_one_that_is_said_and_all_web_processes_share(started: Callable[..., Process]) -> None:
    web = started("web", PORT="0", WEB_CONCURRENCY="2")
    where = address(web)
    assert int(where.rpartition(":")[2]) > 0
    first, second = eventually(lambda: len(children(web)) == 2 and children(web))  # type: ignore[misc]
    os.kill(first, signal.SIGSTOP)
    try:
        eventually(lambda: answers(f"{where}/healthz"))
    finally:
        os.kill(first, signal.SIGCONT)
    assert first != second


@pytest.mark.parametrize(("host", "word"), [("no-such-host.invalid", "HOST"), ("203.0.113.9", "HOST")])
def test_a_host_that_cannot_be_is_refused_in_one_line(started: Callable[..., Process], host: str, word: str) -> None:
    assert word in refusal(started("web", HOST=host))
    assert word in refusal(started("all", HOST=host))


@pytest.mark.parametrize(
    ("command", "environ", "word"),
    [("worker", {"HTTPS_PROXY": "socks5://proxy", "HUBSPOT_BASE_URL": "https://api.hubapi.com"}, "HTTPS_PROXY"),
     ("all", {"LEADSYNC_CONFIG": "template.toml"}, "details_saved")],
)  # fmt: skip
def test_what_only_a_worker_finds_unusable_ends_the_start_too(
    started: Callable[..., Process], tmp_path: Path, command: str, environ: dict[str, str], word: str
) -> None:
    (tmp_path / "template.toml").write_text("[messages.texts.en]\ndetails_saved = '{% if %}'")
    given = {name: value.replace("template.toml", str(tmp_path / "template.toml")) for name, value in environ.items()}
    refused = started(command, **given)
    assert refused.popen.wait(20) == 2
    assert [line for line in refused.log.read_text().splitlines() if line.startswith("leadsync: ") and word in line]


@pytest.mark.parametrize(
    ("source", "word"),
    [("intents.A.reply = ['{% if %}']", "reply"), ("intents.A.reply = ['{{ order_ref }}']", "LEADSYNC_KEY"),
     ("[payment]", "LEADSYNC_KEY")],
)  # fmt: skip
def test_a_reply_or_a_payment_that_cannot_work_is_refused_in_one_line(
    started: Callable[..., Process], tmp_path: Path, source: str, word: str
) -> None:
    (tmp_path / "reply.toml").write_text(source)
    assert word in refusal(started("web", LEADSYNC_CONFIG=str(tmp_path / "reply.toml")))


def test_a_reload_and_a_killed_process_keep_the_port_and_refuse_nobody(started: Callable[..., Process]) -> None:
    web = started("web", WEB_CONCURRENCY="1")
    where = address(web)
    before = children(web)
    web.popen.send_signal(signal.SIGHUP)
    eventually(lambda: answers(f"{where}/healthz") and not set(before) & set(children(web)))
    [child] = eventually(lambda: len(children(web)) == 1 and children(web))  # type: ignore[misc]
    os.kill(child, signal.SIGKILL)
    # Sent while nobody is there to take it; the connection waits.
    assert requests.get(f"{where}/healthz", timeout=20).status_code == 200


def test_a_receiver_that_was_killed_gets_its_port_back_from_what_it_left_behind(
    started: Callable[..., Process],
) -> None:
    both = started("all", WEB_CONCURRENCY="2")
    where = address(both)
    [web] = [pid for pid in children(both) if b"--supervised" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(web, signal.SIGKILL)
    eventually(lambda: len(said(both, "web.started")) == 2)
    eventually(lambda: answers(f"{where}/healthz"))
    assert "taken" not in both.log.read_text()


@pytest.mark.parametrize(
    ("command", "reading"),
    [("web", 1), ("web", 2), ("web", 3), ("worker", 1), ("worker", 2), ("all", 1), ("all", 2), ("all", 3),
     ("all", 5), ("all", 6), ("run", 1), ("run", 2), ("run", 4)],
)  # fmt: skip
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_process_that_still_starts_ends_at_once(
    started: Callable[..., Process], tmp_path: Path, command: str, reading: int, how: signal.Signals
) -> None:
    if how is signal.SIGINT and reading > 2:
        pytest.skip("once for each kind of process is enough")
    (tmp_path / "sitecustomize.py").write_text(BLOCKING)
    file = tmp_path / "readings"
    own = {"REDIS_URL": "", "HUBSPOT_ACCESS_TOKEN": "", "HUBSPOT_BASE_URL": ""} if command == "run" else {}
    arguments = ("run", "--ephemeral") if command == "run" else (command,)
    blocking = {"BLOCK_FILE": str(file), "BLOCK_AT": str(reading), "PYTHONPATH": f"{tmp_path}:{ROOT}"}
    process = started(*arguments, **blocking, **own)
    pids = eventually(lambda: file.exists() and len(found := file.read_text().split()) >= reading and found)
    began = time.monotonic()
    process.popen.send_signal(how)
    process.popen.wait(30)
    assert time.monotonic() - began < AT_ONCE
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), 2)  # type: ignore[union-attr]
    assert "Traceback" not in process.log.read_text()


def test_each_process_says_in_one_line_what_it_is(started: Callable[..., Process]) -> None:
    common = {"DRY_RUN": "1", "HUBSPOT_API_VERSION": "2026-03", "CONSOLE_PASSWORD": "the-password-of-the-console"}
    both = started("all", **common)
    web, worker = (
        eventually(lambda event=event: said(both, event))[0]  # type: ignore[misc]
        for event in ("web.started", "worker.started")
    )
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", web["address"])
    assert web["console"] == f"{web['address']}/console/"
    assert web["api_version"] == worker["api_version"] == "2026-03"
    assert worker["hubspot"].startswith("127.0.0.1:")
    for line in (web, worker):
        assert line["dry_run"] is True
        assert re.fullmatch(r"redis://127\.0\.0\.1:\d+/0", line["redis"])
        assert "unknown" in line["portal"]
    assert said(both, "supervisor.started")[0]["processes"] == ["web", "worker.1"]
    for secret in ("hidden-word", SECRET, "pat-test", common["CONSOLE_PASSWORD"]):
        assert secret not in both.log.read_text()


def test_which_portal_it_is_is_said_when_it_is_known_and_at_each_start_from_then_on(
    spare_line: Callable[..., Line],
) -> None:
    line = spare_line(WEB_CONCURRENCY="1")
    worker = line.start("worker")
    web = line.start("web")
    line.await_web()
    line.sync(lead("c-1", name="Somchai Jaidee"))
    [known] = eventually(lambda: said(worker, "portal.known"))
    assert known["portal"] == line.redis.hget(keys.PORTAL, "id").decode()
    version = said(worker, "worker.started")[0]["api_version"]
    routes = [route for route in line.crm.control("GET", "state")["calls"] if "/contacts" in route]
    assert routes
    assert all(f"/{version}/" in route for route in routes), "the version that it says is the one that it speaks"
    web.stop()
    again = line.start("web")
    assert eventually(lambda: [one for one in said(again, "web.started") if one["portal"] == known["portal"]])


def test_weak_settings_are_warned_of_in_a_line_each_and_good_ones_are_not(started: Callable[..., Process]) -> None:
    weak = started("web", DEALDROID_SECRET="short", CONSOLE_PASSWORD="guess", WEB_CONCURRENCY="1")
    open_ = started("web", DEALDROID_SECRET="", ALLOW_UNAUTHENTICATED="1", WEB_CONCURRENCY="1")
    good = started("web", CONSOLE_PASSWORD="x" * 16, WEB_CONCURRENCY="1")
    for web in (weak, open_, good):
        address(web)
    assert [one["why"].split()[0] for one in said(weak, "settings.weak")] == ["DEALDROID_SECRET", "CONSOLE_PASSWORD"]
    assert [one["why"].split()[0] for one in said(open_, "settings.weak")] == ["ALLOW_UNAUTHENTICATED"]
    assert said(good, "settings.weak") == []


@contextmanager
def silent_server() -> Iterator[int]:
    """A port that takes connections and answers nothing, as a Redis that hangs."""
    with socket.create_server(("127.0.0.1", own_port())) as server:
        yield int(server.getsockname()[1])


@pytest.mark.parametrize("command", ["web", "worker", "all"])
@pytest.mark.parametrize("hangs", [False, True])
def test_without_redis_a_process_says_so_once_waits_inside_and_ends_at_once(
    started: Callable[..., Process], command: str, hangs: bool
) -> None:
    with silent_server() as port:
        own = {"REDIS_URL": f"redis://127.0.0.1:{port}/0"} if hangs else {}
        process = started(command, WEB_CONCURRENCY="1", **own)
        expected = 2 if command == "all" else 1
        eventually(lambda: len(said(process, "redis.away")) == expected)
        before = descendants(process)
        spent = sum(map(seconds_of, before))
        time.sleep(4)  # it is to do nothing meanwhile, for which no condition can be waited for
        assert descendants(process) == before
        assert sum(map(seconds_of, before)) - spent < 0.2
        assert len(said(process, "redis.away")) == expected
        assert len(said(process)) == len(process.log.read_text().splitlines()), "other lines than ours"
        assert process.stop() < AT_ONCE
        assert "Traceback" not in process.log.read_text()


def test_a_worker_and_a_web_come_up_with_redis_and_survive_its_absence(
    spare_line: Callable[..., Line], tmp_path: Path
) -> None:
    port = own_port()
    line = spare_line(f"redis://127.0.0.1:{port}/0", WEB_CONCURRENCY="1")
    both = line.start("all")
    line.await_web()
    line.send(lead("c-1", name="Somchai Jaidee"))
    # On a busy machine Redis may seem away once more.
    eventually(lambda: len(said(both, "redis.away")) >= 2)
    before = descendants(both)
    for number in (1, 2):
        with embedded.start(tmp_path / "redis", port):
            line.await_workers(1)
            eventually(lambda: len(said(both, "redis.back")) >= 2 * number)  # noqa: B023 - called at once
            eventually(lambda: len(line.crm.contacts()) == number)  # noqa: B023
            line.settle()
        eventually(lambda: len(said(both, "redis.away")) >= 2 * (number + 1))  # noqa: B023
        line.send(lead(f"c-{number + 1}", name="Somchai Jaidee"))
    assert descendants(both) == before, "a process was started again"
    assert "Traceback" not in both.log.read_text()
    assert "rq.worker" not in both.log.read_text()
    assert both.stop() < AT_ONCE


def test_a_worker_that_waits_for_redis_ends_with_its_supervisor(spare_line: Callable[..., Line]) -> None:
    """Else it would wake up beside its successors, with old code and an old token."""
    line = spare_line(REDIS_URL=f"redis://127.0.0.1:{own_port()}/0")
    supervisor = line.start("worker", "--count", "1")
    eventually(lambda: children(supervisor))
    [worker] = children(supervisor)
    eventually(lambda: "redis.away" in line.logs())
    supervisor.kill()
    eventually(lambda: not Path(f"/proc/{worker}").exists(), 30)


def children(process: Process) -> list[int]:
    """The processes that it has started, but for the resource tracker that Python starts beside the first of them."""
    return children_of(process.popen.pid)


def children_of(parent: int) -> list[int]:
    """Without those that are gone by the time they are looked at."""
    found = []
    for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        with suppress(FileNotFoundError, ProcessLookupError):
            if b"resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(int(pid))
    return found


def descendants(process: Process) -> list[int]:
    found, left = [], [process.popen.pid]
    while left:
        found.append(left.pop())
        left += children_of(found[-1])
    return sorted(found)


def seconds_of(pid: int) -> float:
    """The processor time that it has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.skipif(sys.platform != "linux", reason="only there a thread can be sent a signal from outside")
@pytest.mark.parametrize("part", ["web", "child", "worker"])
def test_a_signal_that_the_system_gives_to_another_thread_ends_a_process_at_once_too(
    spare_line: Callable[..., Line], part: str
) -> None:
    """Linux may give it to any thread, above all to one that is just started; Python's own main thread then sleeps
    on."""
    line = spare_line(WEB_CONCURRENCY="1")
    process = line.start("worker" if part == "worker" else "web")
    if part == "worker":
        line.await_workers(1)
    else:
        line.await_web()
    pid = process.popen.pid if part == "web" else children(process)[0]
    [*_, other] = sorted(int(one.name) for one in Path(f"/proc/{pid}/task").iterdir() if one.name != str(pid))
    began = time.monotonic()
    os.kill(other, signal.SIGTERM)
    eventually(lambda: process.popen.poll() is not None or (part != "web" and pid not in children(process)))
    assert time.monotonic() - began < AT_ONCE
