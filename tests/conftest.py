"""The running system for tests: a real Redis, the receiver and workers as processes, and the stand-ins for
HubSpot and DealDroid over real HTTP. Everything listens on 127.0.0.1 and ends with the session."""

import http.client
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import pytest
import redis
import requests

from leadcore.config import Config
from leadcore.event import Head, encode, receive
from leadcore.receipts import Receipt
from leadcore.settings import HUBSPOT_VERSIONS
from leadcore.store import keys, lines
from leadcore.store.bell import Bell
from leadcore.store.leads import read_all, read_receipts
from leadcore.store.restoring import INTACT
from leadcore.store.streams import Stream
from sandbox import dealdroid as dealdroid_stand
from sandbox import redis as embedded
from sandbox.dealdroid import WEBHOOK, Chats
from sandbox.http_server import running
from sandbox.hubspot import Portal, create_app
from sandbox.parent_watch import ParentWatch
from tests.restarts import Restartable
from tests.stand_ins import PLENTY_PER_DAY, Chat, Crm, Requests
from workers.hubspot.versions import with_version

# pytest has to be the first to load it, so nothing imports it.
pytest_plugins = ["tests.session"]
ROOT = Path(__file__).parent.parent
INTENT_PATH = "/api/v1/intent-handler"
SECRET = "kept-out-of-redis-7f3a91"
SECRET_PATH = "/services/T0/B0/secret-of-the-channel"
SHARDS = Config().inbox.shards
BANGKOK = ZoneInfo("Asia/Bangkok")
CONTACTS_PATH = with_version("/crm/v3/objects/contacts", HUBSPOT_VERSIONS[0])
PROPERTIES_ROUTE = "GET " + with_version("/crm/v3/properties/contacts", HUBSPOT_VERSIONS[0])
# What the tests' own environment must not decide.
FOREIGN = (
    "PORT", "DYNO", "RENDER", "REDIS_URL", "DEALDROID_SECRET", "HUBSPOT_ACCESS_TOKEN", "WEB_CONCURRENCY",
    "ALERT_WEBHOOK_URL", "METRICS_TOKEN", "HUBSPOT_API_VERSION", "HOOK_URLS", "HOOK_SECRET", "NOTIFY_URLS",
)  # fmt: skip
# For `Line.start`: a receiver that a busy machine's Redis may keep waiting, see tests/patient/sitecustomize.py.
PATIENT = {"PYTHONPATH": f"{ROOT / 'tests/patient'}{os.pathsep}{ROOT}"}
RESERVED: list[socket.socket] = []
boots = pytest.StashKey[dict[str, float]]()
counter = itertools.count(1)
T = TypeVar("T")


def eventually(condition: Callable[[], T], seconds: float = 30.0) -> T:
    """The first true value of `condition`, asked again and again for at most `seconds`: every 10 ms at first, and less
    often once that takes long, or asking would keep the processes that are waited for from working."""
    began = time.monotonic()
    while not (value := condition()):
        waited = time.monotonic() - began
        assert waited < seconds, f"not within {seconds} s; last: {value!r}"
        time.sleep(min(max(waited / 20, 0.01), 0.05))
    return value


def lead(customer_id: Any = "c-1", intent: str = "Share contact", **said: Any) -> dict[str, Any]:
    """An event with a mid of its own. `said`: name, phone, email, language and so on go into `contact_info`, `address`
    (a mapping) into `address_parsing`, anything else to the top."""
    info = ("name", "phone", "email", "language", "languageName", "city", "zipcode")
    return {
        "mid": f"m-{next(counter)}",
        "customer_id": customer_id,
        "intent": intent,
        "contact_info": {name: said.pop(name) for name in info if name in said},
        "address_parsing": dict(said.pop("address", {})),
        "secret": SECRET,
        **said,
    }


def head(body: Mapping[str, Any]) -> Head:
    """What a receiver makes of a post."""
    return receive(encode(dict(body)), bool)


class Process:
    """`python -m leadsync ...` in a session of its own; ended with the tests, however they end. `before`: what stands
    before that command."""

    def __init__(self, log: Path, environ: Mapping[str, str], *arguments: str, before: Sequence[str] = ()) -> None:
        self.log = log
        with log.open("ab") as out:
            self.popen = subprocess.Popen(
                [*before, sys.executable, "-m", "leadsync", *arguments],
                cwd=ROOT,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._parent_watch = ParentWatch()
        self._parent_watch.hold(self.popen.pid)

    def stop(self, seconds: float = 30.0) -> float:
        """SIGTERM as a platform sends it; how long it took to end."""
        began = time.monotonic()
        if self.popen.poll() is None:
            self.popen.terminate()
            self.popen.wait(seconds)
        self._parent_watch.release()
        return time.monotonic() - began

    def kill(self) -> None:
        """SIGKILL to it and to its children."""
        with suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()
        self._parent_watch.release()


@dataclass
class Line:
    """One system with a Redis database of its own; `start` its processes."""

    folder: Path
    redis: Any
    crm: Crm
    chat: Chat
    environ: dict[str, str]
    stack: ExitStack
    listed: dict[str, Any] = field(default_factory=dict)
    """What `reset` leaves of the list of the portal's properties, so that no worker has to read it."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.environ['PORT']}"

    def start(self, *arguments: str, before: Sequence[str] = (), **environ: str) -> Process:
        """One of leadsync's processes; it is stopped at the end if it still runs."""
        log = self.folder / f"{arguments[0]}.log"
        process = Process(log, {**self.environ, **environ}, *arguments, before=before)
        self.stack.callback(end, process)
        return process

    def await_web(self) -> None:
        self._await(lambda: answers(self.url + "/healthz"))

    def await_workers(self, count: int) -> None:
        self._await(lambda: self.redis.zcard(keys.WORKERS) >= count)

    def _await(self, is_ready: Callable[[], bool]) -> None:
        try:
            eventually(is_ready, 60)
        except AssertionError:
            raise AssertionError(self.logs()[-3000:] or "it did not start and said nothing") from None

    def logs(self) -> str:
        return "".join(file.read_text(errors="replace") for file in self.folder.glob("*.log"))

    def post(self, body: Any) -> requests.Response:
        """Post a body (an object as JSON, bytes as they are) as DealDroid would."""
        data = body if isinstance(body, bytes | Iterator) else json.dumps(body).encode()
        return requests.post(self.url + INTENT_PATH, data=data, timeout=10)

    def send(self, *bodies: dict[str, Any]) -> None:
        """Post one after the other; each must be taken."""
        for body in bodies:
            answer = self.post(body)
            assert (answer.status_code, answer.json()) == (200, []), answer.text

    def storm(self, bodies: Sequence[dict[str, Any]], at_once: int = 50) -> list[int]:
        """Post all of them over `at_once` connections at the same time; the statuses."""
        raw = [json.dumps(body).encode() for body in bodies]
        shares = [raw[n::at_once] for n in range(at_once)]
        with ThreadPoolExecutor(at_once) as pool:
            return [status for statuses in pool.map(self._post_share, shares) for status in statuses]

    def _post_share(self, share: Sequence[bytes]) -> list[int]:
        statuses = []
        with closing(http.client.HTTPConnection("127.0.0.1", int(self.environ["PORT"]), timeout=10)) as connection:
            for raw in share:
                connection.request("POST", INTENT_PATH, raw)
                answer = connection.getresponse()
                answer.read()
                statuses.append(answer.status)
        return statuses

    def left(self) -> int:
        """Entries on their way in either direction, at one moment."""
        pipe = self.redis.pipeline(transaction=True)
        for shard in range(SHARDS):
            for line in lines.LINES:
                lines.count_entries(pipe, line.name, shard)
        return sum(pipe.execute())

    def settle(self, seconds: float = 60.0, *, hasten: bool = False) -> None:
        """Wait until all that was posted is written and told; see `hasten`."""

        def is_done() -> bool:
            if hasten:
                self.hasten()
            return not self.left()

        eventually(is_done, seconds)

    def hasten(self) -> None:
        """Let the time of a pause or of a wait be over, and do what maintenance does within 3 s of that."""
        rings = self.redis.hget(keys.PAUSE, "until") not in (None, b"0")
        if rings:
            self.redis.hset(keys.PAUSE, "until", 0)
        for line in (one.name for one in lines.LINES):
            for shard in range(SHARDS):
                if self.redis.zcard(later := keys.later(line, shard)):
                    self.redis.zadd(later, dict.fromkeys(self.redis.zrange(later, 0, -1), 0), xx=True)
                    Stream(self.redis, line).sweep(shard)
                    Bell(self.redis).ring(line, shard)
        if rings:
            self.ring()

    def sync(self, *bodies: dict[str, Any]) -> None:
        """Post one after the other, each when the one before it is settled."""
        for body in bodies:
            self.send(body)
            self.settle()

    @contextmanager
    def hold(self) -> Iterator[None]:
        """What is posted within the block waits, and is taken up together at its end."""
        locks = [keys.lock(keys.INBOX, shard) for shard in range(SHARDS)]

        def has(lock: str) -> bool:
            return bool(self.redis.set(lock, "test", nx=True, px=60_000))

        for lock in locks:
            eventually(partial(has, lock))
        try:
            yield
        finally:
            self.redis.delete(*locks)
            self.ring()

    def ring(self) -> None:
        for shard in range(SHARDS):
            Bell(self.redis).ring(keys.INBOX, shard)

    def receipts(self, customer_id: str | None = None) -> list[Receipt]:
        """The receipts in the order of arrival."""
        leads = [lead for rows in read_all(self.redis, 1000) for _, lead in rows]
        every = [one or Receipt(lead) for lead, one in zip(leads, read_receipts(self.redis, leads), strict=True)]
        return [one for one in every if customer_id in (None, one.customer_id)]

    def receipt(self, customer_id: str) -> Receipt:
        """The receipt of the customer's newest event."""
        return self.receipts(customer_id)[-1]

    def reset(self) -> None:
        """Forget everything, while the processes run on, but that the portal was new a while ago, and what it has."""
        with suppress(AssertionError):
            eventually(lambda: not [*self.redis.scan_iter(keys.PREFIX + "*:lock")], 3)
        self.redis.flushdb()
        self.redis.set(keys.STORE, INTACT)
        self.list_properties()
        self.crm.reset()
        self.chat.control("POST", "reset")

    def list_properties(self) -> None:
        """Let `listed` have been read right now."""
        for name, properties in self.listed.items():
            self.redis.hset(name, mapping={**properties, "read_ms": int(time.time() * 1000)})

    def note_properties(self) -> None:
        """Keep in `listed` what a worker has read."""
        self.listed = {name: self.redis.hgetall(name) for name in self.redis.scan_iter(keys.properties("*"))}


def end(process: Process) -> None:
    try:
        process.stop()
    except subprocess.TimeoutExpired:
        process.kill()


def own_port() -> int:
    """A port of 127.0.0.1 on which nobody listens, for a server of ours or for none. It stays reserved until the end:
    a port that was only looked up may by then be that of another test's server."""
    held = socket.socket()
    # On Linux a server may still listen on it, and the system gives it to nobody who takes any.
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    port = int(held.getsockname()[1])
    if sys.platform == "linux":
        RESERVED.append(held)
    else:
        held.close()
    return port


def answers(url: str) -> bool:
    with suppress(requests.RequestException):
        return requests.get(url, timeout=2).status_code == 200
    return False


@pytest.fixture(scope="session", autouse=True)
def reserved() -> Iterator[None]:
    yield
    while RESERVED:
        RESERVED.pop().close()


@pytest.fixture(scope="session")
def processes() -> None:
    """A fixture that starts processes asks for this, so that the tests that use it are marked."""


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.Running]:
    """A real Redis; every user of it takes a database of their own."""
    with embedded.start(tmp_path_factory.mktemp("redis"), appendonly=False) as started:
        assert started.server, f"there is no Redis or Valkey server on this machine; {embedded.OVERRIDE}=PATH names one"
        yield started


@pytest.fixture
def restartable(tmp_path: Path) -> Iterator[Restartable]:
    """A real Redis of the test's own, which it may kill and start again."""
    made = Restartable(tmp_path / "redis")
    yield made
    made.running.stop()


@pytest.fixture(scope="session")
def databases(server: embedded.Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Iterator[str]]:
    """URLs of databases that nobody uses: of one more server, once those of the last are given out."""
    with ExitStack() as stack:

        def free() -> Iterator[str]:
            url = server.url
            while True:
                yield from (url.removesuffix("/0") + f"/{number}" for number in range(1, embedded.DATABASES))
                url = stack.enter_context(embedded.start(tmp_path_factory.mktemp("redis"), appendonly=False)).url

        yield free()


@pytest.fixture
def client(server: embedded.Running) -> Iterator[Any]:
    """An empty Redis."""
    with redis.Redis.from_url(server.url) as client:
        client.flushdb()
        yield client
        client.flushdb()


@contextmanager
def open_line(folder: Path, redis_url: str, **environ: str) -> Iterator[Line]:
    """A system without processes yet, and its stand-ins."""
    with ExitStack() as stack:
        portal, chats, asked, told = Portal(), Chats(), Requests(), Requests()
        crm = Crm(stack.enter_context(running(asked.count(create_app(portal)))).url, portal, asked)
        chat = Chat(stack.enter_context(running(told.count(dealdroid_stand.create_app(chats)))).url, chats, told)
        crm.make_ready()
        client: Any = stack.enter_context(closing(redis.Redis.from_url(redis_url)))
        own = {
            "REDIS_URL": redis_url,
            "PORT": str(own_port()),
            "SPOOL_DIR": str(folder / "spool"),
            "DEALDROID_SECRET": SECRET,
            "DEALDROID_WEBHOOK_URL": chat.url + WEBHOOK,
            "HUBSPOT_ACCESS_TOKEN": "pat-test",
            "HUBSPOT_BASE_URL": crm.url,
            "HUBSPOT_REQUESTS_PER_DAY": str(PLENTY_PER_DAY),
        }
        clean = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        yield Line(folder, client, crm, chat, {**clean, **own, **environ}, stack)


@pytest.fixture(scope="session")
def busy_line(
    tmp_path_factory: pytest.TempPathFactory, databases: Iterator[str], processes: None, request: pytest.FixtureRequest
) -> Iterator[Line]:
    """The receiver and four workers; the portal's properties were read."""
    with open_line(tmp_path_factory.mktemp("line"), next(databases)) as line:
        began = time.monotonic()
        line.start("worker", "--count", "4")
        line.start("web", **PATIENT)
        line.await_web()
        told = request.config.stash.setdefault(boots, {})
        told["web and four workers, the web"] = time.monotonic() - began
        line.await_workers(4)
        told["web and four workers, all"] = time.monotonic() - began
        line.crm.settings(latency=0.3)
        line.sync(lead("warm", name="Warm"))
        line.note_properties()
        yield line


@pytest.fixture
def line(busy_line: Line) -> Line:
    """The running system, empty."""
    busy_line.reset()
    return busy_line


@pytest.fixture
def spare_line(tmp_path: Path, databases: Iterator[str], processes: None) -> Iterator[Callable[..., Line]]:
    """Makes systems whose processes a test may start and end as it likes."""
    with ExitStack() as stack:

        def make(redis_url: str = "", **environ: str) -> Line:
            return stack.enter_context(open_line(tmp_path, redis_url or next(databases), **environ))

        yield make


@dataclass
class Channel:
    """Where alerts are posted: (path, body) of each; it answers with `status`."""

    port: int = 0
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    taken: list[tuple[str, Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{SECRET_PATH}"

    def texts(self) -> list[str]:
        return [body["text"] for _, body in self.taken]


@pytest.fixture
def channel() -> Iterator[Channel]:
    made = Channel()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.taken.append((self.path, json.loads(body)))
            self.send_response(made.status)
            for name, value in made.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        made.port = server.server_port
        yield made
        server.shutdown()


def has_ipv6() -> bool:
    with suppress(OSError), socket.create_server(("::1", 0), family=socket.AF_INET6):
        return True
    return False


def one_per_shard(prefix: str) -> list[str]:
    """A customer id for each shard."""
    return [same_shard(prefix, 1, shard)[0] for shard in range(SHARDS)]


def same_shard(prefix: str, count: int, shard: int = 0) -> list[str]:
    """`count` customer ids whose leads are drained together."""
    ids = (f"{prefix}-{number}" for number in itertools.count())
    return list(itertools.islice((one for one in ids if keys.shard_of(one, SHARDS) == shard), count))
