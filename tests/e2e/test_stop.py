"""Processes end and Redis goes away; nothing that was acknowledged is lost."""

import http.client
import json
import os
import shutil
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import pytest
import requests

from leadcore.store import keys
from sandbox import redis as embedded
from tests.conftest import INTENT_PATH, Line, Process, boots, eventually, lead, open_line, own_port
from tests.e2e.test_start import children_of
from tests.stand_ins import key_of

SECONDS = 25.0
T = TypeVar("T")


class Own:
    """A line with a Redis, a web and a worker of its own, which may be ended; `begin` starts what does not run."""

    def __init__(self, line: Line, server: embedded.Running) -> None:
        self.line, self.server = line, server
        self.web: Process
        self.worker: Process

    def begin_web(self) -> float:
        began = time.monotonic()
        self.web = self.line.start("web")
        self.line.await_web()
        return time.monotonic() - began

    def begin_worker(self) -> float:
        began = time.monotonic()
        self.worker = self.line.start("worker")
        self.line.await_workers(1)
        return time.monotonic() - began


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory, processes: None, request: pytest.FixtureRequest) -> Iterator[Own]:
    folder = tmp_path_factory.mktemp("own")
    server = embedded.start(folder / "redis", own_port())
    with open_line(folder, server.url, WEB_CONCURRENCY="1") as line:
        own = Own(line, server)
        told = request.config.stash.setdefault(boots, {})
        told["web, until it answers"] = own.begin_web()
        told["one worker, until it says that it lives"] = own.begin_worker()
        yield own
    own.server.stop()


@pytest.fixture
def own(started: Own) -> Own:
    """All of it running, and empty. The web is a new one: the one before remembers its last 10 s, to put them again.
    A worker remembers for 30 s what it said to whom, to say it once: each test has customers of its own."""
    started.web.stop()
    started.line.reset()
    if started.worker.popen.poll() is not None:
        started.begin_worker()
    started.begin_web()
    # Emptied, Redis holds other data; what the new web stores on disk before it knows that is left to a person.
    eventually(lambda: knows_dataset(started.line))
    return started


def knows_dataset(line: Line) -> bool:
    """Whether the web has noted on its disk which data its Redis holds, or has nothing on its disk."""
    file = Path(line.environ["SPOOL_DIR"], "spool.db")
    if not file.exists():
        return True
    with closing(sqlite3.connect(file)) as spool:
        noted = spool.execute("SELECT dataset FROM seen").fetchall()
    return noted == [((line.redis.get(keys.DATASET) or b"").decode(),)]


def somchai(customer_id: str, **said: Any) -> dict[str, Any]:
    return lead(customer_id, **{"name": "Somchai Jaidee", "phone": "0812345678", **said})


def assert_all_synced_once(line: Line, customers: Sequence[str]) -> None:
    eventually(lambda: len(line.crm.contacts()) >= len(customers))
    line.settle()
    assert sorted(key_of(contact) for contact in line.crm.contacts()) == sorted(customers)
    assert sorted(m["customer_id"] for m in line.chat.chats.messages) == sorted(customers)


def await_a_call(line: Line) -> None:
    """Until HubSpot has a request that it has not answered, and the first write is behind; or all is done."""

    def is_asked() -> bool:
        return bool(line.crm.calls("/batch/upsert")) and line.crm.portal.quota.today > line.crm.calls("")

    eventually(lambda: is_asked() or not line.left())


def end_busy(
    own: Own, prefix: str, count: int, end: Callable[[], object], left: Callable[[], T]
) -> tuple[list[str], T]:
    """Post `count` leads and `end` the worker while it writes them: their customers, and what it `left`. With others
    again where it left nothing, because this machine stood still meanwhile."""
    customers: list[str] = []
    for trial in range(5):
        new = [f"{prefix}-{trial}-{number}" for number in range(count)]
        customers += new
        assert set(own.line.storm([somchai(one) for one in new], at_once=10)) == {200}
        await_a_call(own.line)
        end()
        if found := left():
            return customers, found
        own.begin_worker()
    raise AssertionError("it was never busy")


def test_a_worker_that_is_stopped_at_its_first_heartbeat_is_no_longer_among_the_living(
    spare_line: Callable[..., Line],
) -> None:
    """Messages would wait for it after a failover, and leads that are held back for a restart."""
    line = spare_line()
    for _ in range(3):
        worker = line.start("worker", DRY_RUN="1")
        eventually(lambda: line.redis.zcard(keys.WORKERS))
        worker.stop()
        assert [line.redis.zcard(name) for name in (keys.WORKERS, keys.DRY_WORKERS)] == [0, 0]


def test_sigterm_to_a_busy_worker_loses_nothing_and_repeats_nothing(own: Own) -> None:
    line = own.line
    line.crm.settings(latency=0.4)

    def stop() -> None:
        assert own.worker.stop() < SECONDS
        assert line.redis.zcard(keys.WORKERS) == 0
        assert not [*line.redis.scan_iter(keys.PREFIX + "*:lock")], "a lock outlived its worker"

    customers, _ = end_busy(own, "stopped", 300, stop, line.left)
    own.begin_worker()
    assert_all_synced_once(line, customers)
    assert {contact["writes"]["firstname"] for contact in line.crm.contacts()} == {1}


def test_a_worker_that_is_killed_in_a_call_loses_nothing_and_says_nothing_twice(own: Own) -> None:
    """What it had sent may be sent again: an upsert of the same values changes nothing."""
    line = own.line
    line.crm.settings(latency=0.5)

    def locked() -> list[bytes]:
        return [*line.redis.scan_iter(keys.PREFIX + "inbox:*:lock")]

    customers, locks = end_busy(own, "killed", 40, lambda: own.worker.kill(), locked)
    # Instead of waiting for 10 s.
    line.redis.delete(*locks)
    own.begin_worker()
    assert_all_synced_once(line, customers)
    assert all(contact["changes"]["firstname"] == 1 for contact in line.crm.contacts())


def test_a_killed_worker_process_is_started_again(own: Own) -> None:
    alive = eventually(lambda: own.line.redis.zrange(keys.WORKERS, 0, -1))
    os.kill(int(alive[0].rsplit(b"-", 2)[1]), signal.SIGKILL)
    eventually(lambda: set(own.line.redis.zrange(keys.WORKERS, 0, -1)) - set(alive))
    own.line.sync(*(somchai(f"again-{number}") for number in range(8)))
    assert len(own.line.crm.contacts()) == 8


def test_a_web_process_that_is_killed_again_and_again_comes_back(own: Own) -> None:
    """granian itself gives up when one of its processes dies twice within seconds."""
    seen: set[int] = set()
    for _ in range(4):
        seen.add(child := eventually(lambda: next(iter(set(receivers(own.web)) - seen), 0)))
        eventually(lambda: answers(own.line))
        os.kill(child, signal.SIGKILL)
    eventually(lambda: set(receivers(own.web)) - seen and answers(own.line))
    assert own.web.popen.poll() is None


def test_the_web_processes_end_with_the_one_that_started_them(own: Own) -> None:
    os.kill(own.web.popen.pid, signal.SIGKILL)
    eventually(lambda: not answers(own.line))


def test_sigterm_to_a_busy_web_loses_nothing_that_it_took(own: Own) -> None:
    line = own.line
    taken: list[str] = []
    refused: list[str] = []

    def post_until_refused(sender: int) -> None:
        with requests.Session() as session, suppress(requests.ConnectionError):
            while not refused:
                customer_id = f"busy-{sender}-{len(taken)}-{time.monotonic_ns()}"
                answer = session.post(line.url + INTENT_PATH, json=somchai(customer_id), timeout=10)
                (taken if answer.status_code == 200 else refused).append(customer_id)

    senders = [threading.Thread(target=post_until_refused, args=(number,)) for number in range(8)]
    for sender in senders:
        sender.start()
    eventually(lambda: len(taken) > 50)
    assert own.web.stop() < SECONDS
    for sender in senders:
        sender.join()
    assert refused == []
    line.settle()
    assert set(taken) <= {key_of(contact) for contact in line.crm.contacts()}


def test_sigterm_to_a_web_lets_it_finish_its_requests(own: Own) -> None:
    """Redis hangs for a moment, so that the request is surely under way."""
    line = own.line
    sender = http.client.HTTPConnection("127.0.0.1", int(line.environ["PORT"]), timeout=20)
    with closing(sender), frozen(own.server):
        sender.request("POST", INTENT_PATH, json.dumps(somchai("finished")), {"Content-Type": "application/json"})
        eventually(lambda: taken_up(line))
        assert own.web.stop() < SECONDS
        assert sender.getresponse().status == 200
    own.begin_web()
    assert_all_synced_once(line, ["finished"])


def test_a_redis_that_hangs_keeps_nobody_waiting_and_loses_nothing(own: Own) -> None:
    customers: list[str] = []
    longest: list[float] = []
    for trial in range(3):  # in one of which this machine may stand still
        waits = []
        with frozen(own.server):
            for number in range(12):
                customers.append(f"hung-{trial}-{number}")
                began = time.monotonic()
                own.line.send(somchai(customers[-1]))
                waits.append(time.monotonic() - began)
        longest.append(max(waits))
        # Then it asks Redis again.
        eventually(lambda: not spooled(own.line))
        assert_all_synced_once(own.line, customers)
        if longest[-1] < 2:
            break
    assert min(longest) < 2


def test_a_redis_that_restarts_loses_nothing(own: Own) -> None:
    line = own.line
    own.worker.stop()
    line.send(somchai("before-restarted"))
    own.server.stop()
    line.send(somchai("while-restarted"))
    own.server = embedded.start(line.folder / "redis", own.server.port)
    own.begin_worker()
    line.send(somchai("after-restarted"))
    assert_all_synced_once(line, ["before-restarted", "while-restarted", "after-restarted"])


def test_what_a_killed_redis_had_not_yet_on_disk_is_put_again(own: Own) -> None:
    """Here it has lost everything, the worst that `appendfsync everysec` can do to a slow disk."""
    line = own.line
    own.worker.stop()
    line.send(*(somchai(f"unwritten-{number}") for number in range(5)))
    own.server.kill()
    shutil.rmtree(line.folder / "redis")
    own.server = embedded.start(line.folder / "redis", own.server.port)
    own.begin_worker()
    assert_all_synced_once(line, [f"unwritten-{number}" for number in range(5)])


def test_what_redis_forgot_is_put_again_also_when_the_web_was_killed_in_that_moment(own: Own) -> None:
    line = own.line
    own.worker.stop()
    eventually(lambda: line.redis.exists(keys.DATASET))
    line.redis.config_set("appendfsync", "always")
    line.send(somchai("before-forgotten"))
    shutil.copytree(line.folder / "redis", line.folder / "on-disk")
    line.send(*(somchai(f"forgotten-{number}") for number in range(5)))
    own.web.kill()
    own.server.kill()
    shutil.rmtree(line.folder / "redis")
    (line.folder / "on-disk").rename(line.folder / "redis")
    own.server = embedded.start(line.folder / "redis", own.server.port)
    own.begin_web()
    own.begin_worker()
    eventually(lambda: len(line.crm.contacts()) == 6)
    assert_all_synced_once(line, ["before-forgotten", *(f"forgotten-{number}" for number in range(5))])


def test_a_redis_that_is_nearly_full_is_left_to_the_workers(own: Own) -> None:
    line = own.line
    line.redis.config_set("maxmemory", int(line.redis.info("memory")["used_memory"] * 1.1))
    try:
        eventually(lambda: line.post(somchai("probe", mid=str(time.monotonic_ns()))).ok and spooled(line))
    finally:
        line.redis.config_set("maxmemory", 0)
    eventually(lambda: not spooled(line))
    assert_all_synced_once(line, ["probe"])


def test_a_redis_that_is_full_is_drained(own: Own) -> None:
    """RQ cannot even start a worker there, nor take a job."""
    line = own.line
    own.worker.stop()
    line.send(*(somchai(f"full-{number}") for number in range(20)))
    line.redis.config_set("maxmemory", line.redis.info("memory")["used_memory"] - 100_000)
    try:
        own.begin_worker()
        eventually(lambda: len(line.chat.told()) == 20)
        said = own.worker.log.stat().st_size
        assert own.worker.stop() < SECONDS
        assert b"Traceback" not in own.worker.log.read_bytes()[said:], "SIGTERM ends it in order there too"
        own.begin_worker()
    finally:
        line.redis.config_set("maxmemory", 0)
    line.send(somchai("after-full"))
    assert_all_synced_once(line, ["after-full", *(f"full-{number}" for number in range(20))])


def spooled(line: Line) -> int:
    return int(requests.get(line.url + "/readyz", timeout=5).json()["spooled"])


def test_all_runs_the_receiver_and_a_worker_and_ends_both(own: Own) -> None:
    line = own.line
    own.web.stop()
    own.worker.stop()
    both = line.start("all")
    line.await_web()
    line.send(somchai("all"))
    assert_all_synced_once(line, ["all"])
    eventually(lambda: answers(line, "/readyz"))
    assert both.stop() < SECONDS
    assert both.popen.returncode == 0
    with pytest.raises(requests.ConnectionError):
        requests.get(line.url + "/healthz", timeout=2)
    assert line.redis.zcard(keys.WORKERS) == 0


def answers(line: Line, path: str = "/healthz") -> bool:
    with suppress(requests.RequestException):
        return requests.get(line.url + path, timeout=2).ok
    return False


def receivers(web: Process) -> list[int]:
    """The processes that serve."""
    return children_of(web.popen.pid)


@contextmanager
def frozen(server: embedded.Running) -> Iterator[None]:
    """Within the block Redis hangs: it takes connections and answers nothing."""
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


def taken_up(line: Line) -> bool:
    """Whether the receiver has accepted a connection and read all that was sent to it."""
    port = f":{int(line.environ['PORT']):04X}"
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(
        row[1].endswith(port) and row[3] == "01" and row[4].endswith(":00000000") and row[9] != "0" for row in rows
    )
