"""The whole system as real processes on free ports of this machine, for one benchmark."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import redis
import requests

from receiver.connection import Redis
from receiver.status import Status, read_status
from sandbox.redis import free_port, start

SECRET = "bench-secret"
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class System:
    """Base URLs of the parts."""

    receiver: str
    hubspot: str
    dealdroid: str
    redis: Redis

    def status(self) -> Status:
        return read_status(self.redis, 4)

    def hubspot_state(self) -> dict[str, Any]:
        """Calls by path and status, connections, contacts."""
        state: dict[str, Any] = requests.get(f"{self.hubspot}/_sandbox/state", timeout=10).json()
        return state


@contextmanager
def running(folder: Path, workers: int, hubspot: dict[str, Any]) -> Iterator[System]:
    """Start everything, `hubspot` being settings of the stand-in; end it all afterwards."""
    ports = {name: free_port() for name in ("web", "hubspot", "dealdroid")}
    url = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    with ExitStack() as stack:
        server = stack.enter_context(start(folder))
        environ = {
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            "REDIS_URL": server.url,
            "HUBSPOT_ACCESS_TOKEN": "bench",
            "HUBSPOT_BASE_URL": url["hubspot"],
            "DEALDROID_WEBHOOK_URL": f"{url['dealdroid']}/api/provider/webhook/",
            "DEALDROID_SECRET": SECRET,
            "HOST": "127.0.0.1",
            "PORT": str(ports["web"]),
            "SPOOL_DIR": str(folder / "spool"),
            "LOG_LEVEL": "WARNING",
        }
        for name in ("hubspot", "dealdroid"):
            stack.enter_context(process([f"sandbox.{name}", "--port", str(ports[name])], environ))
            until(partial(answers, f"{url[name]}/_sandbox/state"))
        requests.post(f"{url['hubspot']}/_sandbox/settings", json=hubspot, timeout=10).raise_for_status()
        subprocess.run(
            [sys.executable, "-m", "workers", "setup"], env=environ, cwd=ROOT, check=True, capture_output=True
        )
        stack.enter_context(process(["workers", "web"], environ))
        until(lambda: answers(f"{url['web']}/healthz"))
        stack.enter_context(process(["workers", "worker", "--count", str(workers)], environ))
        until(lambda: answers(f"{url['web']}/readyz"))
        yield System(url["web"], url["hubspot"], url["dealdroid"], redis.Redis.from_url(server.url))


@contextmanager
def process(module: list[str], environ: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """`python -m module`, ended by its process id."""
    child = subprocess.Popen([sys.executable, "-m", *module], env=environ, cwd=ROOT)
    try:
        yield child
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(30)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=1).ok
    except requests.RequestException:
        return False


def until(condition: Callable[[], bool], seconds: float = 120.0) -> None:
    """Wait for `condition`; raises `TimeoutError`."""
    ends = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > ends:
            raise TimeoutError("the benchmark waited in vain")
        time.sleep(0.02)
