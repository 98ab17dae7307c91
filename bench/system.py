"""The whole system as real processes on free ports of this machine, for one benchmark."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import redis
import requests

from bench import load
from bench.revision import ROOT, Tree, here
from bench.usage import Usage, read_usage
from leadcore.store import keys, lines
from leadcore.store.bell import Bell
from leadcore.store.connection import Redis
from leadcore.store.restoring import INTACT
from receiver.intake.view import PATH
from sandbox.redis import free_port, start

SECRET = "bench-secret-of-32-characters-xx"
HELD_MS = 600_000


@dataclass(frozen=True, slots=True)
class System:
    """Base URLs and process ids of the parts. `control`: one kept connection to the stand-ins' control API. The web
    process and the workers are those of `tree`."""

    receiver: str
    hubspot: str
    dealdroid: str
    redis: Redis
    pids: dict[str, int]
    shards: int
    environ: Mapping[str, str]
    control: requests.Session
    tree: Tree

    @contextmanager
    def web(self) -> Iterator[None]:
        """The web processes, once one of them answers."""
        with run(self.tree.command("web"), self.environ, self.tree.path) as child:
            self.pids["web"] = child.pid
            until(self.answers)
            yield

    @contextmanager
    def workers(self, count: int) -> Iterator[None]:
        """As many workers, at once: they need not be ready."""
        with run(self.tree.command("worker", "--count", str(count)), self.environ, self.tree.path) as child:
            self.pids["worker"] = child.pid
            yield

    def answers(self) -> bool:
        """Whether a web process answers."""
        with suppress(requests.RequestException):
            return self.control.get(f"{self.receiver}/healthz", timeout=5).status_code == 200
        return False

    def set_latency(self, url: str, seconds: float) -> None:
        """How long the stand-in at `url` takes for a call."""
        self.control.post(f"{url}/_sandbox/settings", json={"latency": seconds}, timeout=10).raise_for_status()

    def post(self, count: int, tag: str) -> float:
        """Post as many new leads of as many new customers; the seconds that it took."""
        url = self.receiver + PATH
        events = [load.request(url, body) for body in load.make(0, count, tag, SECRET)]
        began = time.perf_counter()
        load.fire(url, events)
        return time.perf_counter() - began

    @contextmanager
    def hold(self, line: str) -> Iterator[None]:
        """Nothing leaves `line` until the end of the block."""
        locks = [keys.lock(line, shard) for shard in range(self.shards)]
        for name in locks:
            until(partial(self.redis.set, name, "bench", nx=True, px=HELD_MS))
        try:
            yield
        finally:
            self.redis.delete(*locks)
            for shard in range(self.shards):
                Bell(self.redis).ring(line, shard)

    def waiting(self, *names: str) -> int:
        """Entries in the lines of these names. Asked every 20 ms, so it asks for no more: Redis takes half as long for
        it as for the whole status, which was 2 % of the time that it was measured to use."""
        pipe = self.redis.pipeline(transaction=False)
        for name in names:
            for shard in range(self.shards):
                lines.count_entries(pipe, name, shard)
        return sum(pipe.execute())

    def settle(self, *names: str, seconds: float = 600.0) -> None:
        """Wait until nothing is left in the lines of these names (all, if none is given)."""
        until(lambda: not self.waiting(*(names or [line.name for line in lines.LINES])), seconds)

    def calls(self, since: float = 0.0) -> list[dict[str, Any]]:
        """What HubSpot's stand-in was asked from `since` (epoch seconds) on, at most the last 10,000."""
        found: list[dict[str, Any]] = self.control.get(f"{self.hubspot}/_sandbox/calls", timeout=60).json()
        return [call for call in found if call["at"] >= since]

    def state(self, url: str) -> dict[str, Any]:
        """All that a stand-in knows; heavy where there are many contacts."""
        found: dict[str, Any] = self.control.get(f"{url}/_sandbox/state", timeout=60).json()
        return found

    def usage(self) -> dict[str, Usage]:
        """What each part has used until now, with its child processes."""
        return {name: read_usage(pid) for name, pid in self.pids.items()}

    def idle_budget(self) -> None:
        """Wait until HubSpot's quota is whole again."""
        until(lambda: not self.redis.zcount(keys.BUDGET, time.time() * 1000 - 200, "+inf"))


@contextmanager
def running(folder: Path, workers: int, **settings: Any) -> Iterator[System]:
    """Start everything, with the `settings` of `prepared`; end it all afterwards."""
    with prepared(folder, **settings) as system, system.web(), system.workers(workers):
        until(lambda: system.redis.zcard(keys.WORKERS) >= workers)
        yield system


@contextmanager
def prepared(
    folder: Path,
    *,
    tree: Tree | None = None,
    web: int = 2,
    hubspot: Mapping[str, Any] | None = None,
    dealdroid: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    shards: int = 4,
    config: str = "",
) -> Iterator[System]:
    """Redis, the stand-ins with the settings `hubspot` and `dealdroid`, and a portal that is set up by `tree` (without
    it, this one): all but the web process and the workers. `web`: how many processes that will have; `config`: further
    tables of the TOML file."""
    tree = tree or here()
    folder.mkdir(parents=True, exist_ok=True)
    ports = {name: free_port() for name in ("web", "hubspot", "dealdroid")}
    url = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    file = folder / "leadsync.toml"
    file.write_text(f"[inbox]\nshards = {shards}\n{config}")
    with ExitStack() as stack:
        server = stack.enter_context(start(folder))
        variables = {
            **own_environ(),
            "REDIS_URL": server.url,
            "HUBSPOT_ACCESS_TOKEN": "bench",
            "HUBSPOT_BASE_URL": url["hubspot"],
            "DEALDROID_WEBHOOK_URL": f"{url['dealdroid']}/api/provider/webhook/",
            "DEALDROID_SECRET": SECRET,
            "LEADSYNC_CONFIG": str(file),
            "HOST": "127.0.0.1",
            "PORT": str(ports["web"]),
            "WEB_CONCURRENCY": str(web),
            "SPOOL_DIR": str(folder / "spool"),
            "LOG_LEVEL": "WARNING",
            **(environ or {}),
        }
        control = stack.enter_context(requests.Session())
        control.trust_env = False
        pids = {"redis": server.pid}
        for name, settings in (("hubspot", hubspot), ("dealdroid", dealdroid)):
            child = stack.enter_context(process([f"sandbox.{name}", "--port", str(ports[name])], variables))
            pids[name] = child.pid
            until(partial(listens, ports[name]))
            control.post(f"{url[name]}/_sandbox/settings", json=settings or {}, timeout=10).raise_for_status()
        subprocess.run(tree.setup, env=variables, cwd=tree.path, check=True, stdout=subprocess.DEVNULL)
        client = stack.enter_context(redis.Redis.from_url(server.url))
        # In a portal's first minute every new customer is looked up; what is measured comes after it.
        client.set(keys.STORE, INTACT)
        yield System(url["web"], url["hubspot"], url["dealdroid"], client, pids, shards, variables, control, tree)


def own_environ() -> dict[str, str]:
    """What a child process needs of this one's environment, and nothing that would change what is measured."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}


def process(module: list[str], environ: Mapping[str, str]) -> AbstractContextManager["subprocess.Popen[bytes]"]:
    """`python -m module` of this tree, ended by its process id."""
    return run([sys.executable, "-m", *module], environ, ROOT)


@contextmanager
def run(command: list[str], environ: Mapping[str, str], folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """`command` in `folder`, ended by its process id."""
    child = subprocess.Popen(command, env=dict(environ), cwd=folder)
    try:
        yield child
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(30)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def listens(port: int) -> bool:
    """Whether a server accepts connections on this port."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def until(condition: Callable[[], Any], seconds: float = 120.0) -> None:
    """Wait for `condition`; raises `TimeoutError`."""
    ends = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > ends:
            raise TimeoutError("the benchmark waited in vain")
        time.sleep(0.02)
