"""A hosted Redis fails over, in the middle of a burst, to a replica that lags behind: nothing is lost, doubled or said
twice."""

import sys
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from redis import Redis

from sandbox.failover import Link, Pair
from sandbox.redis import start
from tests.conftest import Line, eventually, lead, own_port
from tests.stand_ins import key_of

LEADS, ROUNDS = 60, 3
NAME = "primary.example"
# The answer of a name server that a file tells.
NAME_SERVER = """
import pathlib, socket
real = socket.getaddrinfo
def look_up(host, *more, **how):
    return real(pathlib.Path({file!r}).read_text() if host == {name!r} else host, *more, **how)
socket.getaddrinfo = look_up
"""


def test_a_burst_survives_failovers_to_a_replica_behind(tmp_path: Path, spare_line: Callable[..., Line]) -> None:
    """There, back to the first, and there again; the replica is behind by what is sent within a second or two."""
    with Pair(tmp_path / "redis") as pair:
        line = spare_line(pair.url, WEB_CONCURRENCY="2")
        line.start("worker", "--count", "3")
        line.start("web")
        line.await_web()
        line.await_workers(3)
        expected: list[str] = []
        for number in range(ROUNDS):
            batch = [f"c-{number}-{one}" for one in range(LEADS)]
            expected += batch
            told = len(line.chat.told())

            def post(batch: list[str] = batch) -> None:
                line.send(*(lead(one, name="Nok Jaidee", phone=f"08{hash(one) % 10**8:08d}") for one in batch))

            pair.fall_behind()
            posting = threading.Thread(target=post)
            posting.start()
            eventually(lambda told=told: len(line.chat.told()) > told + LEADS // 4, 60)
            pair.fail_over()
            posting.join()
            eventually(lambda expected=expected: len({*map(key_of, line.crm.contacts())}) == len(expected), 90)
            eventually(lambda expected=expected: len(line.chat.told()) >= len(expected), 90)
            pair.restore()
        line.settle(90)
        contacts = Counter(map(key_of, line.crm.contacts()))
        assert contacts == dict.fromkeys(expected, 1)
        assert {one: len(line.chat.told(one)) for one in expected} == dict.fromkeys(expected, 1)
        assert "Traceback" not in line.logs()


def test_workers_outlast_a_primary_that_is_made_a_replica(tmp_path: Path, spare_line: Callable[..., Line]) -> None:
    """Their connections stay open, and it refuses every write: they go on at the new one, none was started anew."""
    with Pair(tmp_path / "redis") as pair:
        line = spare_line(pair.url, WEB_CONCURRENCY="1")
        line.start("worker", "--count", "2")
        line.start("web")
        line.await_web()
        line.await_workers(2)
        line.sync(lead("c-1", name="Nok Jaidee", phone="0820000000"))
        pair.fail_over(kill=False)
        line.send(lead("c-2", name="Nok Jaidee", phone="0820000001"))
        eventually(lambda: line.chat.told("c-2"), 60)
        assert len(line.crm.contacts()) == 2
        assert "process.ended" not in line.logs()
        assert "Traceback" not in line.logs()


def test_a_failover_is_survived_where_redis_tells_nothing_about_itself(
    tmp_path: Path, spare_line: Callable[..., Line]
) -> None:
    """Then each connection may be to another server."""
    with Pair(tmp_path / "redis") as pair:
        for port in pair.ports:
            with closing(Redis(port=port)) as owner:
                owner.execute_command("ACL", "SETUSER", "app", "on", ">word", "~*", "&*", "+@all", "-info")
        line = spare_line(pair.url.replace("//", "//app:word@"), WEB_CONCURRENCY="1")
        line.start("worker", "--count", "2")
        line.start("web")
        line.await_web()
        line.await_workers(2)
        line.sync(lead("warm", name="Nok Jaidee", phone="0820000000"))
        pair.fall_behind()
        customers = [f"c-{number}" for number in range(LEADS)]
        line.send(*(lead(one, name="Nok Jaidee", phone=f"082{number:07d}") for number, one in enumerate(customers, 1)))
        eventually(lambda: len(line.chat.told()) > LEADS // 4, 60)
        pair.fail_over()
        eventually(lambda: all(map(line.chat.told, customers)), 90)
        line.settle(90)
        assert Counter(map(key_of, line.crm.contacts())) == dict.fromkeys(["warm", *customers], 1)
        assert {one: len(line.chat.told(one)) for one in customers} == dict.fromkeys(customers, 1)
        assert "Traceback" not in line.logs()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is one address of this machine's own")
def test_a_primary_is_found_at_the_address_that_its_name_leads_to(
    tmp_path: Path, spare_line: Callable[..., Line]
) -> None:
    """The name is looked up for each connection: once the old primary is left alive and refuses, once it is dead."""
    address, port = tmp_path / "address", own_port()
    (tmp_path / "python").mkdir()
    (tmp_path / "python" / "sitecustomize.py").write_text(NAME_SERVER.format(file=str(address), name=NAME))
    address.write_text("127.0.0.1")
    with Pair(tmp_path / "redis") as pair, ExitStack() as links:
        for server, host in zip(pair.ports, ("127.0.0.1", "127.0.0.2"), strict=True):
            links.enter_context(closing(Link(server, port, host)))
        own = {"REDIS_URL": f"redis://{NAME}:{port}/0", "PYTHONPATH": str(tmp_path / "python")}
        line = spare_line(pair.url, WEB_CONCURRENCY="1", **own)
        line.start("worker", "--count", "2")
        line.start("web")
        line.await_web()
        line.await_workers(2)
        line.sync(lead("c-0", name="Nok Jaidee", phone="0820000000"))
        for number, (kill, host) in enumerate([(False, "127.0.0.2"), (True, "127.0.0.1")], 1):
            pair.fail_over(kill=kill)
            line.send(lead(f"c-{number}", name="Nok Jaidee", phone=f"082000000{number}"))
            address.write_text(host)
            eventually(lambda number=number: line.chat.told(f"c-{number}"), 60)  # type: ignore[misc]
        line.settle()
        assert Counter(map(key_of, line.crm.contacts())) == {"c-0": 1, "c-1": 1, "c-2": 1}
        assert len(line.chat.told()) == 3
        assert "process.ended" not in line.logs()
        assert "Traceback" not in line.logs()


def test_a_primary_that_has_too_few_replicas_counts_as_away(tmp_path: Path, spare_line: Callable[..., Line]) -> None:
    """It answers, and refuses every write (NOREPLICAS)."""
    with start(tmp_path / "redis") as server:
        line = spare_line(server.url, WEB_CONCURRENCY="1")
        line.start("worker")
        line.start("web")
        line.await_web()
        line.await_workers(1)
        line.sync(lead("c-1", name="Nok Jaidee", phone="0820000000"))
        line.redis.config_set("min-replicas-to-write", 1)
        line.send(lead("c-2", name="Nok Jaidee", phone="0820000001"))
        eventually(lambda: "redis.away" in line.logs())
        line.redis.config_set("min-replicas-to-write", 0)
        eventually(lambda: line.chat.told("c-2"), 60)
        assert "process.ended" not in line.logs()
        assert "Traceback" not in line.logs()
