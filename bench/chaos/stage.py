"""The processes of a storm, all on 127.0.0.1: each is started and ended by its id."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any

import redis as client
import requests

from bench.chaos.disk import LateDisk
from bench.chaos.processes import answers, children, end_group, kill_one, session
from bench.chaos.script import TOLD
from bench.revision import ROOT, Tree, here
from leadcore.config import Config
from leadcore.store import keys, lines
from sandbox import redis as embedded
from sandbox.failover import Pair
from sandbox.parent_watch import ParentWatch

SECRET = "chaos-secret"
KEY = "the key of a storm"
WEB, WORKERS = 2, 4
START_SECONDS = 60.0
# A platform kills what has not ended by then.
STOP_SECONDS = 30.0
SHARDS = Config().inbox.shards
# A customer is told the values of the event, so that every text but a repeated one is another.
TEXT = "|".join(f"{{{{ {name} }}}}" for name in TOLD)
CASES = ("details_saved", "address_saved", "something_missing")
CONFIG = "".join(
    f"[messages.texts.{language}]\n" + "".join(f'{case} = "{TEXT}"\n' for case in CASES) for language in ("th", "en")
)
ORDERS = "[orders]\n"
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH", "LD_LIBRARY_PATH")


class Stage:
    """A context manager: Redis, the stand-ins, the receiver and the workers run in it, with all files in `folder`. It
    begins with the receiver and the workers of `old`, which are this tree's where none is given."""

    def __init__(
        self, folder: Path, *, forgetful: bool = False, fails_over: bool = False, old: Tree | None = None
    ) -> None:
        self.folder = folder
        self.new = here()
        self.old = old or self.new
        self._web_tree = self._worker_tree = self.old
        self.cut_off: set[bytes] = set()
        self.forgotten_bytes = 0
        self._stack = ExitStack()
        self._parent_watch = ParentWatch()
        self._groups: list[subprocess.Popen[bytes]] = []
        self._disk = self._stack.enter_context(LateDisk(folder / "redis")) if forgetful else None
        ports = {name: embedded.free_port() for name in ("redis", "web", "hubspot", "dealdroid")}
        self.ports = ports
        self.hubspot, self.dealdroid = (f"http://127.0.0.1:{ports[name]}" for name in ("hubspot", "dealdroid"))
        # An older revision may not know orders yet.
        self.makes_orders = old is None
        (folder / "leadsync.toml").write_text(CONFIG + ORDERS if self.makes_orders else CONFIG)
        self._environ = {
            **{name: os.environ[name] for name in KEPT if name in os.environ},
            "NO_PROXY": "*",
            "REDIS_URL": f"redis://127.0.0.1:{ports['redis']}/0",
            "PORT": str(ports["web"]),
            "HOST": "127.0.0.1",
            "WEB_CONCURRENCY": str(WEB),
            "SPOOL_DIR": str(folder / "spool"),
            "LEADSYNC_CONFIG": str(folder / "leadsync.toml"),
            "DEALDROID_SECRET": SECRET,
            "LEADSYNC_KEY": KEY,
            "DEALDROID_WEBHOOK_URL": f"{self.dealdroid}/api/provider/webhook/",
            "HUBSPOT_ACCESS_TOKEN": "chaos",
            "HUBSPOT_BASE_URL": self.hubspot,
        }
        self._pair = self._stack.enter_context(Pair(folder / "redis", ports["redis"])) if fails_over else None
        self.redis: Any = client.Redis.from_url(self._environ["REDIS_URL"], socket_timeout=5)
        self._server: embedded.Running | None = None
        self._web: subprocess.Popen[bytes] | None = None
        self._workers: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Stage":
        try:
            self.start_redis()
            for name, url in (("hubspot", self.hubspot), ("dealdroid", self.dealdroid)):
                self._launch(name, [sys.executable, "-m", f"sandbox.{name}", "--port", str(self.ports[name])], ROOT)
                self._await(name, partial(answers, f"{url}/_sandbox/state"))
            self._setup(self.old)
            if self.new is not self.old:
                # As a release does before its first process starts.
                self._setup(self.new)
            self.start_web()
            self.start_workers()
            self._await("web", lambda: self.ready() is not None)
            self._await("workers", lambda: self.redis.zcard(keys.WORKERS) >= WORKERS)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._groups):
            end_group(process)
        if self._server:
            self._server.kill()
        self._stack.close()
        self._parent_watch.release()

    def _setup(self, tree: Tree) -> None:
        setup = self._launch("setup", tree.setup, tree.path)
        self._await("setup", lambda: setup.poll() == 0)

    def _launch(self, name: str, command: list[str], place: Path) -> "subprocess.Popen[bytes]":
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=place,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._parent_watch.hold(process.pid)
        self._groups.append(process)
        return process

    def _await(self, name: str, is_ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not is_ready():
            if time.monotonic() > deadline:
                raise RuntimeError(f"{name} did not start; see {self.folder}")
            time.sleep(0.05)

    def ready(self) -> Mapping[str, Any] | None:
        """What readyz says, None while nobody answers."""
        with suppress(requests.RequestException, ValueError):
            found: dict[str, Any] = session().get(f"http://127.0.0.1:{self.ports['web']}/readyz", timeout=5).json()
            return found
        return None

    def start_redis(self) -> None:
        if self._pair:
            self._pair.restore()
        elif self._server is None:
            self._server = embedded.start(self.folder / "redis", self.ports["redis"])
            # A write then never waits for an fsync, so that a killed Redis loses nothing or what `LateDisk` takes.
            self.redis.config_set("appendfsync", "no")
            self.redis.config_set("auto-aof-rewrite-percentage", 0)
            self.note_sending()

    def delay_replica(self) -> None:
        """The replica falls behind until `kill_redis`."""
        if self._pair:
            self._pair.fall_behind()

    def kill_redis(self) -> None:
        if self._pair:
            self._pair.fail_over()
        elif self._server is not None:
            self._server.kill()
            self._server = None
            if self._disk:
                self.forgotten_bytes += self._disk.forget()

    def start_web(self) -> None:
        if self._web is None:
            self._web = self._launch("web", self._web_tree.command("web"), self._web_tree.path)

    def kill_web(self) -> None:
        """Its processes notice, and end by themselves, be it beside a new one."""
        if self._web is not None:
            self._web.kill()
            self._web.wait()
            self._web = None

    def kill_receiver(self, choice: float) -> None:
        """One web process; its server starts another."""
        if self._web is not None:
            kill_one(children(self._web.pid), choice)

    def start_workers(self) -> None:
        tree = self._worker_tree
        self._workers = self._launch("worker", tree.command("worker", "--count", str(WORKERS)), tree.path)

    def kill_worker(self, choice: float) -> None:
        """One worker process; its supervisor starts another."""
        if self._workers is not None:
            kill_one(children(self._workers.pid), choice)
        self.note_sending()

    def kill_supervisor(self) -> None:
        """Its workers notice, and end by themselves while new ones begin."""
        if self._workers is not None:
            self._workers.kill()
            self._workers.wait()
        self.start_workers()
        self.note_sending()

    def kill_workers(self) -> None:
        if self._workers is not None:
            end_group(self._workers)
        self.note_sending()
        self.start_workers()

    def deploy(self, *, web: Tree, workers: Tree) -> None:
        """From now on the receiver and the workers are those of these trees. What runs already goes on; what goes ends
        in order, workers while the new ones begin. A receiver that is dead comes back as the new one."""
        if web is not self._web_tree:
            self._web_tree = web
            if self._web is not None:
                self._web.terminate()
                with suppress(subprocess.TimeoutExpired):
                    self._web.wait(STOP_SECONDS)
                end_group(self._web)
                self._web = None
                self.start_web()
        if workers is not self._worker_tree:
            self._worker_tree = workers
            if self._workers is not None:
                self._workers.terminate()
            self.start_workers()

    def note_sending(self) -> None:
        """Remember which messages were being sent at this moment, right after something was killed."""
        with suppress(client.RedisError):
            for shard in range(SHARDS):
                self.cut_off.update(self.redis.hkeys(keys.sending(keys.OUTBOX, shard)))

    def left(self) -> int:
        """Entries on their way in either direction, and leads on the disk; raises redis-py's errors."""
        pipe = self.redis.pipeline(transaction=True)
        for shard in range(SHARDS):
            for line in lines.LINES:
                lines.count_entries(pipe, line.name, shard)
        spooled = int((self.ready() or {"spooled": 1})["spooled"])
        waiting: list[int] = pipe.execute()
        return sum(waiting) + abs(spooled)

    def ask(self, base: str, method: str, path: str, body: Any = None) -> Any:
        """The control API of a stand-in."""
        answer = session().request(method, f"{base}/_sandbox/{path}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json() if answer.content else None
