"""A scan sees everything although another server answers its second half: a real one, restarted or failed over."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

import pytest
import redis as client
from redis import Redis

from leadcore.settings import read
from leadcore.store.connection import connect
from leadcore.store.epoch import read_run
from leadcore.store.scan import ATTEMPTS, RunChanged, complete, scan_hash, scan_keys, scan_members
from sandbox.redis import start
from tests.conftest import eventually
from tests.restarts import Restartable, interrupt

COUNT = 3000
CHUNK = 100
NAMES = {f"name-{number}".encode() for number in range(COUNT)}


@pytest.fixture
def redis(restartable: Restartable) -> Iterator[Any]:
    with closing(restartable.connect()) as made:
        yield made


def fill_keys(redis: Any) -> None:
    redis.mset(dict.fromkeys(NAMES, 1))


def fill_hash(redis: Any) -> None:
    redis.hset("hash", mapping=dict.fromkeys(NAMES, 1))


def fill_sorted_set(redis: Any) -> None:
    redis.zadd("sorted", dict.fromkeys(NAMES, 1))


SCANS: dict[str, tuple[Callable[[Any], None], Callable[[Any], list[bytes]]]] = {
    "scan": (fill_keys, lambda redis: [*scan_keys(redis, "name-*", CHUNK)]),
    "hscan": (fill_hash, lambda redis: [name for name, _ in scan_hash(redis, "hash", CHUNK)]),
    "zscan": (fill_sorted_set, lambda redis: [*scan_members(redis, "sorted", CHUNK)]),
}


@pytest.mark.parametrize("command", SCANS)
def test_a_scan_sees_everything_when_redis_restarts_in_its_middle(
    restartable: Restartable, redis: Any, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    fill, scan = SCANS[command]
    fill(redis)
    ran = interrupt(monkeypatch, restartable.restart, command)
    assert set(complete(lambda: scan(redis))) == NAMES
    assert len(ran) == 1


def test_a_scan_that_cannot_be_completed_says_so(
    restartable: Restartable, redis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_keys(redis)
    ran = interrupt(monkeypatch, lambda: redis.client_kill_filter(skipme=True), "scan", ATTEMPTS)
    with pytest.raises(RunChanged):
        complete(lambda: [*scan_keys(redis, "*", CHUNK)])
    assert len(ran) == ATTEMPTS
    restartable.running.kill()
    with pytest.raises(client.ConnectionError):
        complete(lambda: [*scan_keys(redis, "*", CHUNK)])


class Relay:
    """A proxy that keeps its clients' connections while another server takes over behind it. Both get every command,
    and `target` is the one that answers."""

    def __init__(self, *ports: int) -> None:
        self.ports, self.target = ports, ports[0]
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=self.listener.accept()[:1], daemon=True).start()

    def _serve(self, inbound: socket.socket) -> None:
        with ExitStack() as stack, suppress(OSError):
            stack.enter_context(inbound)
            servers = {port: stack.enter_context(socket.create_connection(("127.0.0.1", port))) for port in self.ports}
            while sent := inbound.recv(1 << 20):
                answers = {port: self._ask(one, sent) for port, one in servers.items()}
                inbound.sendall(answers[self.target])

    @staticmethod
    def _ask(server: socket.socket, sent: bytes) -> bytes:
        """All that it answers until it falls silent."""
        server.settimeout(5)
        server.sendall(sent)
        answer = server.recv(1 << 20)
        server.settimeout(0.02)
        with suppress(TimeoutError):
            while more := server.recv(1 << 20):
                answer += more
        return answer


def test_a_failover_behind_an_unbroken_connection_is_noticed(
    restartable: Restartable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The replica holds the same, but the cursor of the first server means nothing to it."""
    with ExitStack() as stack:
        replica = stack.enter_context(start(tmp_path / "replica"))
        first = stack.enter_context(closing(Redis(port=restartable.port)))
        second = stack.enter_context(closing(Redis(port=replica.port)))
        fill_keys(first)
        second.replicaof("127.0.0.1", str(restartable.port))
        eventually(lambda: second.dbsize() == COUNT)
        relay = Relay(restartable.port, replica.port)
        stack.callback(relay.listener.close)
        through = stack.enter_context(closing(connect(read({"REDIS_URL": f"redis://127.0.0.1:{relay.port}/0"}))))

        def fail_over() -> None:
            second.replicaof("NO", "ONE")
            relay.target = replica.port

        ran = interrupt(monkeypatch, fail_over, "scan")
        assert set(complete(lambda: [*scan_keys(through, "name-*", CHUNK)])) == NAMES
        assert len(ran) == 1


def test_a_master_that_becomes_a_replica_is_another_run(restartable: Restartable, tmp_path: Path) -> None:
    """It runs on and keeps its connections, but takes over what the new master holds."""
    with start(tmp_path / "new") as new, closing(Redis(port=restartable.port)) as demoted:
        before = read_run(demoted)
        assert (before, before == read_run(demoted)) != ("", False)
        demoted.replicaof("127.0.0.1", str(new.port))
        eventually(lambda: demoted.info("replication")["master_link_status"] == "up")
        assert read_run(demoted) != before


def test_a_server_that_forbids_info_can_be_scanned(restartable: Restartable, redis: Any) -> None:
    """Hosted ones do; then the connection alone tells."""
    fill_keys(redis)
    with closing(Redis(port=restartable.port)) as other:
        other.acl_setuser("default", enabled=True, nopass=True, categories=["+@all"], commands=["-info"])
    assert read_run(redis) == ""
    assert {*scan_keys(redis, "name-*", CHUNK)} == NAMES
