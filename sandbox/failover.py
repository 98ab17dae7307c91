"""Two servers at one address, one the other's replica, as hosted Redis has them: the replica falls behind, the primary
dies, and the replica takes its place without what it had not got."""

import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any

import redis

from sandbox import redis as embedded

SYNC_SECONDS = 20.0


class Link:
    """A TCP proxy that leads to `target`, a port of 127.0.0.1. While it `is_held`, it takes everything and passes on
    nothing. `delay`: how many seconds everything takes on its way to the target."""

    def __init__(self, target: int, port: int = 0, host: str = "127.0.0.1") -> None:
        self.target = target
        self.is_held = False
        self.delay = 0.0
        self._ends: set[socket.socket] = set()
        self._listener = socket.create_server((host, port), backlog=128)
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def lead_to(self, target: int, *, cut: bool = True) -> None:
        """From now on it leads to another port; `cut`: connections to the one before end."""
        self.target = target
        if cut:
            self.cut()

    def cut(self) -> None:
        """End all connections; what is held is lost."""
        for end in list(self._ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                inbound, _ = self._listener.accept()
                try:
                    outbound = socket.create_connection(("127.0.0.1", self.target))
                except OSError:
                    inbound.close()
                    continue
                self._ends |= {inbound, outbound}
                for source, sink in ((inbound, outbound), (outbound, inbound)):
                    delay = self.delay if source is inbound else 0.0
                    threading.Thread(target=self._pass_on, args=(source, sink, delay), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, delay: float) -> None:
        with suppress(OSError):
            sink.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for data in _receive_late(source, delay) if delay else iter(partial(source.recv, 1 << 16), b""):
                while self.is_held:
                    time.sleep(0.01)
                sink.sendall(data)
        # A connection that was cut while it was held passes on nothing: `sink` is shut down too.
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
            self._ends.discard(end)


def _receive_late(source: socket.socket, delay: float) -> Iterator[bytes]:
    """What comes, `delay` seconds after it came, until the other end closes."""
    arrival = select.poll()
    arrival.register(source, select.POLLIN)
    late = deque[tuple[float, bytes]]()
    while not late or late[-1][1]:
        left = max(0.0, late[0][0] - time.monotonic()) if late else None
        if arrival.poll(left and left * 1000):
            late.append((time.monotonic() + delay, source.recv(1 << 16)))
        while late and late[0][0] <= time.monotonic():
            yield late.popleft()[1]
    for due, data in late:
        time.sleep(max(0.0, due - time.monotonic()))
        yield data


class Pair:
    """A context manager. `port`: the address of whichever is the primary; `url` names it. `ports`: of the two servers
    themselves."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self._folders = [folder / "first", folder / "second"]
        self._primary = 0
        self._servers: list[embedded.Running | None] = [embedded.start(each) for each in self._folders]
        self.ports = [server.port for server in self._servers if server]
        self._address = Link(self.ports[0], port)
        self._replication = Link(self.ports[0])
        self.port = self._address.port
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._follow(1, 0)

    def __enter__(self) -> "Pair":
        return self

    def __exit__(self, *_: object) -> None:
        self._address.close()
        self._replication.close()
        for server in self._servers:
            if server:
                server.kill()

    def fall_behind(self) -> None:
        """From now on the replica gets nothing."""
        self._replication.is_held = True

    def fail_over(self, *, kill: bool = True, demote: bool = True) -> None:
        """The primary dies, or with `kill=False` is made the replica, or else goes on beside it, and the replica takes
        its place with what it got until it fell behind. The one that died before has to be there again, see `restore`.
        Connections to one that lives stay with it."""
        old, new = self._primary, 1 - self._primary
        server = self._servers[old]
        if kill and server:
            server.kill()
            self._servers[old] = None
        # First: a replica whose connection is cut comes back at once, and gets what it lacked.
        self._command(new, "REPLICAOF", "NO", "ONE")
        self._replication.cut()
        self._replication.is_held = False
        self._replication.target = self.ports[new]
        self._primary = new
        if demote and not kill:
            self._follow(old, new)
        self._address.lead_to(self.ports[new], cut=kill)

    def restore(self) -> None:
        """The one that died comes back as the other's replica."""
        other = 1 - self._primary
        if self._servers[other] is None:
            self._servers[other] = embedded.start(self._folders[other], self.ports[other])
            self._follow(other, self._primary)

    def _follow(self, replica: int, primary: int) -> None:
        self._replication.target = self.ports[primary]
        self._command(primary, "CONFIG", "SET", "repl-diskless-sync-delay", "0")
        self._command(replica, "REPLICAOF", "127.0.0.1", str(self._replication.port))
        self._await(lambda: self._info(replica).get("master_link_status") == "up")

    def _info(self, number: int) -> Any:
        with closing(redis.Redis(port=self.ports[number], socket_timeout=5)) as client:
            return client.info("replication")

    def _command(self, number: int, *words: str) -> None:
        with closing(redis.Redis(port=self.ports[number], socket_timeout=5)) as client:
            client.execute_command(*words)  # type: ignore[no-untyped-call]  # redis-py is only partly typed

    @staticmethod
    def _await(is_so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + SYNC_SECONDS
        while not is_so():
            if time.monotonic() > deadline:
                raise RuntimeError("the replica does not follow")
            time.sleep(0.02)
