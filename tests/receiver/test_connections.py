"""Connections that do not send what they should are closed, and keep nobody from being served."""

import fcntl
import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from leadcore.store import keys
from receiver import connections
from receiver.connections import (
    CONNECTIONS,
    LEAST_THREADS,
    THREADS,
    Debt,
    Limits,
    Traffic,
    Watch,
    borrow,
    judge,
    read_limits,
)
from tests.conftest import INTENT_PATH, ROOT, Line, eventually, lead, open_line

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="TCP_INFO is Linux' own")

SECONDS, IDLE_SECONDS = 2.0, 12.0
# For a machine that is busy with other tests; less than the difference of the two.
BUSY_SECONDS = 7.0
MANY = 400
POST = f"POST {INTENT_PATH} HTTP/1.1\r\nHost: x\r\n".encode()
BODY = b'{"secret": "wrong"}'
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
# Each is less than a request.
UNFINISHED = {
    "nothing": b"",
    "a blank line": b"\r\n",
    "part of a method": b"PO",
    "part of a head": POST + b"X-Some",
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM",
    "a head alone": POST + LENGTH + b"\r\n",
    "part of a body": POST + LENGTH + b"\r\n" + BODY[:3],
    "part of a chunk": POST + b"Transfer-Encoding: chunked\r\n\r\n13\r\n" + BODY[:3],
    "a chunk without an end": POST + b"Transfer-Encoding: chunked\r\n\r\n13\r\n" + BODY + b"\r\n",
    "part of a form": b"POST /console/retry HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nto",
    "a body where none is read": b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nto",
}
# After what a client sent, one byte after the other for as long as it may.
SLOW = {
    "head": (POST, b"X"),
    "body": (POST + b"Content-Length: 100000\r\n\r\n", b"{"),
    "chunks": (POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n{\r\n"),
}


@pytest.mark.parametrize(
    ("traffic", "debt", "owed"),
    [
        pytest.param(Traffic(7, 7, 0), None, Debt(93, 0), id="silent since it was made"),
        pytest.param(Traffic(7, 0, 0), None, Debt(93, 0), id="the first request drips"),
        pytest.param(Traffic(9, 0, 0), Debt(93, 0), Debt(93, 0), id="and drips"),
        pytest.param(Traffic(1, 2, 1), Debt(93, 0), None, id="answered"),
        pytest.param(Traffic(1, 1, 1), Debt(93, 0), None, id="answered at once"),
        pytest.param(Traffic(50, 60, 4), None, None, id="idle"),
        pytest.param(Traffic(50, 1, 4), None, Debt(99, 4), id="a request after an idle time"),
        pytest.param(Traffic(50, 1, 4), Debt(95, 4), Debt(95, 4), id="and it is still not finished"),
        pytest.param(Traffic(3, 1, 5), Debt(95, 4), Debt(99, 5), id="it was answered and the next has begun"),
    ],
)
def test_a_request_is_owed_from_its_first_part_to_its_answer(traffic: Traffic, debt: Debt, owed: Debt) -> None:
    assert judge(traffic, debt, 100) == owed


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory, databases: Iterator[str], processes: None) -> Iterator[Line]:
    """A receiver that waits for a request for `SECONDS` only."""
    folder = tmp_path_factory.mktemp("hasty")
    program = (
        "import multiprocessing; from receiver import server;"
        # Granian's processes have to inherit what is set here.
        "multiprocessing.set_start_method('fork');"
        f"server.REQUEST_SECONDS = {SECONDS}; server.IDLE_SECONDS = {IDLE_SECONDS}; server.main()"
    )
    with open_line(folder, next(databases), WEB_CONCURRENCY="1") as line, (folder / "web.log").open("wb") as log:
        web = subprocess.Popen(
            [sys.executable, "-c", program], cwd=ROOT, env=line.environ, stdout=log, stderr=log, start_new_session=True
        )
        line.await_web()
        yield line
        web.terminate()
        web.wait(30)


def connect(line: Line, sent: bytes = b"") -> socket.socket:
    made = socket.create_connection(("127.0.0.1", int(line.environ["PORT"])), timeout=30)
    made.sendall(sent)
    return made


def seconds_until_closed(connection: socket.socket, began: float) -> float:
    """Reads on until it is closed, whatever was answered before."""
    try:
        while connection.recv(4096):
            pass
    except ConnectionResetError:
        pass
    return time.monotonic() - began


def is_open(connection: socket.socket, more: bytes) -> bool:
    """Whether the server takes `more`; waits a moment for it to close."""
    try:
        connection.sendall(more)
        while connection.recv(4096):
            pass
    except TimeoutError:
        return True
    except ConnectionError:
        pass
    return False


def read_refusal(connection: socket.socket) -> bytes:
    answer = b""
    while not answer.endswith(b'"Forbidden"}'):
        more = connection.recv(4096)
        if not more:
            raise ConnectionAbortedError(answer)
        answer += more
    return answer


def is_held(connection: socket.socket) -> bool:
    """Whether the server has not closed it yet."""
    connection.setblocking(False)
    try:
        return connection.recv(1, socket.MSG_PEEK) != b""
    except BlockingIOError:
        return True
    except ConnectionError:
        return False
    finally:
        connection.settimeout(30)


@pytest.mark.parametrize("sent", UNFINISHED.values(), ids=UNFINISHED)
def test_an_unfinished_request_is_closed_in_time(hasty: Line, sent: bytes) -> None:
    began = time.monotonic()
    with closing(connect(hasty, sent)) as connection:
        waited = seconds_until_closed(connection, began)
    assert waited < SECONDS + BUSY_SECONDS
    if sent != UNFINISHED["the preface of HTTP/2"]:
        assert waited > SECONDS - 0.2


@pytest.mark.parametrize(("first", "more"), SLOW.values(), ids=SLOW)
def test_a_request_that_drips_is_closed_in_time(hasty: Line, first: bytes, more: bytes) -> None:
    with closing(connect(hasty, first)) as connection:
        connection.settimeout(0.1)
        began = time.monotonic()
        while is_open(connection, more):
            assert time.monotonic() < began + SECONDS + BUSY_SECONDS
        assert time.monotonic() - began > SECONDS - 0.2


def test_a_later_request_has_as_long_as_the_first(hasty: Line) -> None:
    """However long the connection was idle before: a router may reuse it at any moment."""
    assert any(speak_late(hasty) for _ in range(5)), "this machine was never in time"


def speak_late(line: Line) -> bool:
    """Whether the requests were sent in time: not where a busy machine took longer over one than it may last."""
    with closing(connect(line)) as connection:
        for waits in (0.0, SECONDS + 1, SECONDS + 1):
            time.sleep(waits)  # idle, which is the point
            began = time.monotonic()
            try:
                connection.sendall(POST + LENGTH + b"\r\n" + BODY[:5])
                time.sleep(SECONDS / 2)
                connection.sendall(BODY[5:])
                assert read_refusal(connection).startswith(b"HTTP/1.1 403")
            except ConnectionError:
                assert time.monotonic() - began > SECONDS - 0.2
                return False
        time.sleep(0.05)  # the kernel's clock ticks every few ms
        began = time.monotonic()
        connection.sendall(POST + LENGTH + b"\r\n" + BODY[:5])
        assert SECONDS - 0.2 < seconds_until_closed(connection, began) < SECONDS + BUSY_SECONDS
    return True


def test_an_idle_connection_is_kept_for_longer_and_then_closed(hasty: Line) -> None:
    with closing(connect(hasty, POST + LENGTH + b"\r\n" + BODY)) as connection:
        assert read_refusal(connection).startswith(b"HTTP/1.1 403")
        assert IDLE_SECONDS - 0.2 < seconds_until_closed(connection, time.monotonic()) < IDLE_SECONDS + BUSY_SECONDS


def test_who_was_told_to_continue_and_does_not_is_closed_too(hasty: Line) -> None:
    with closing(connect(hasty, POST + LENGTH + b"Expect: 100-continue\r\n\r\n")) as connection:
        assert connection.recv(4096).startswith(b"HTTP/1.1 100")
        assert seconds_until_closed(connection, time.monotonic()) < IDLE_SECONDS + SECONDS + BUSY_SECONDS


@pytest.mark.parametrize("sent", UNFINISHED.values(), ids=UNFINISHED)
def test_posts_are_answered_while_very_many_connections_send_nothing_more(hasty: Line, sent: bytes) -> None:
    """More of them than requests that are worked on at once; each post over a connection of its own."""
    assert any(post_beside(hasty, sent) for _ in range(10)), "they were never held all the while"


def post_beside(line: Line, sent: bytes) -> bool:
    """Whether those that sent this were held until the last post was answered: not where a busy machine took as long
    over the posts as they may be held."""
    line.redis.flushdb()
    with ExitStack() as stack:
        held = [stack.enter_context(closing(connect(line, sent))) for _ in range(MANY)]
        began = time.monotonic()
        line.send(*(lead(f"c-{number}") for number in range(20)))
        were_held = all(map(is_held, held))
        eventually(lambda: len(line.receipts()) == 20)
        for connection in held:
            seconds_until_closed(connection, began)
        assert time.monotonic() - began < SECONDS + BUSY_SECONDS
    assert line.redis.xlen(keys.LEADS) == 20
    return were_held


def test_the_connections_to_redis_are_left_alone(hasty: Line) -> None:
    """They are idle for longer than a client may be."""
    before = {one["id"] for one in hasty.redis.client_list() if one["db"] == hasty.environ["REDIS_URL"].split("/")[-1]}
    with closing(connect(hasty, UNFINISHED["part of a body"])) as connection:
        seconds_until_closed(connection, time.monotonic())
    after = {one["id"] for one in hasty.redis.client_list()}
    assert before - after <= {hasty.redis.client_id()}
    assert hasty.post(lead("after")).status_code == 200


CONTENDER = """
import fcntl, sys
with open(sys.argv[1], "r+b") as file:
    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
"""


@pytest.mark.usefixtures("processes")
def test_looking_at_the_connections_keeps_the_locks_of_files(tmp_path: Path) -> None:
    """POSIX locks go with any descriptor of their file that is closed: SQLite's then keep no other web process from
    writing to the spool at the same time, and one of two leads is lost."""
    with (tmp_path / "locked").open("w+b") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        Watch(SECONDS, IDLE_SECONDS).look()
        contender = subprocess.run(
            [sys.executable, "-c", CONTENDER, file.name], capture_output=True, text=True, check=False
        )
    assert "BlockingIOError" in contender.stderr, "it got the lock too"


def test_a_descriptor_that_becomes_a_file_while_it_is_looked_at_is_not_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(socket.socket()) as one, (tmp_path / "file").open("w+b") as file:
        copy = os.dup

        def copy_another(number: int) -> int:
            assert number == one.fileno()
            copies.append(copy(file.fileno()))
            return copies[0]

        copies: list[int] = []
        monkeypatch.setattr(os, "dup", copy_another)
        assert borrow(one.fileno()) is None
        os.close(copies[0])


@pytest.mark.parametrize(
    ("files", "processes", "pids", "limits"),
    [
        pytest.param(20_000, -1, 10**9, Limits(CONNECTIONS, THREADS), id="plenty"),
        pytest.param(512, -1, 10**9, Limits(256, 256), id="few files"),
        pytest.param(100, -1, 10**9, Limits(LEAST_THREADS, LEAST_THREADS), id="very few files"),
        pytest.param(20_000, 256, 10**9, Limits(CONNECTIONS, LEAST_THREADS), id="few threads, as on a small dyno"),
        pytest.param(20_000, -1, 2000, Limits(CONNECTIONS, 500), id="a container with a limit"),
    ],
)
def test_a_process_takes_what_the_machine_allows(
    monkeypatch: pytest.MonkeyPatch, files: int, processes: int, pids: int, limits: Limits
) -> None:
    allowed = {resource.RLIMIT_NOFILE: (files, files), resource.RLIMIT_NPROC: (processes, processes)}
    monkeypatch.setattr(resource, "getrlimit", allowed.__getitem__)
    monkeypatch.setattr(connections, "_cgroup_limit", lambda: pids)
    assert read_limits(2) == limits


def test_a_low_limit_of_open_files_does_not_limit_the_connections(
    spare_line: Callable[..., Line], tmp_path: Path
) -> None:
    """As on a machine whose shell allows 256."""
    line = spare_line(WEB_CONCURRENCY="1")
    log = tmp_path / "web.log"
    with log.open("wb") as out:
        command = f"ulimit -S -n 256; exec {sys.executable} -m leadsync web"
        web = subprocess.Popen(
            ["/bin/sh", "-c", command], cwd=ROOT, env=line.environ, stdout=out, stderr=out, start_new_session=True
        )
    try:
        line.await_web()
        [child] = Path(f"/proc/{web.pid}/task/{web.pid}/children").read_text().split()[:1]
        with ExitStack() as stack:
            for _ in range(MANY):
                stack.enter_context(closing(connect(line)))
            eventually(lambda: len(os.listdir(f"/proc/{child}/fd")) > MANY)
            line.send(lead("c-1"))
    finally:
        web.terminate()
        web.wait(30)
