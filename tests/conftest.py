"""The running system for tests: a real Redis, the receiver and workers as processes, and the stand-ins for
HubSpot and DealDroid over real HTTP. Everything listens on 127.0.0.1 and ends with the session.

`make test` runs them in several processes at once (pytest-xdist), each with a Redis of its own. `make test-fast`
leaves out what is marked here: `processes`, whatever starts a process other than that (tests are marked for the fixture
of that name, which their fixtures ask for, or by hand; one that is not marked is refused its process), and
`every_command`, tests that go through a scene again for each command at which a process may die."""

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
from functools import cache, partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar
from wsgiref.types import WSGIApplication
from zoneinfo import ZoneInfo

import pytest
import redis
import requests
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from msgspec import structs

from leadcore.config import Config
from leadcore.event import Head, encode, receive
from leadcore.machine import Machine
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
from sandbox.hubspot.control import inside
from sandbox.parent_watch import ParentWatch
from tests.restarts import Restartable
from workers.hubspot.budget import NoBudget
from workers.hubspot.client import HubSpot
from workers.hubspot.setup import setup
from workers.hubspot.versions import with_version

ROOT = Path(__file__).parent.parent
INTENT_PATH = "/api/v1/intent-handler"
SECRET = "kept-out-of-redis-7f3a91"
SECRET_PATH = "/services/T0/B0/secret-of-the-channel"
SHARDS = Config().inbox.shards
BANGKOK = ZoneInfo("Asia/Bangkok")
# Of which partial calls keep a gap of about a millisecond: the pace itself is what tests of quotas set their own for.
PLENTY_PER_DAY = 100_000_000
CONTACTS_PATH = with_version("/crm/v3/objects/contacts", HUBSPOT_VERSIONS[0])
PROPERTIES_ROUTE = "GET " + with_version("/crm/v3/properties/contacts", HUBSPOT_VERSIONS[0])
# What the tests' own environment must not decide.
FOREIGN = (
    "PORT", "DYNO", "RENDER", "REDIS_URL", "DEALDROID_SECRET", "HUBSPOT_ACCESS_TOKEN", "WEB_CONCURRENCY",
    "ALERT_WEBHOOK_URL", "METRICS_TOKEN", "HUBSPOT_API_VERSION", "HOOK_URLS", "HOOK_SECRET", "NOTIFY_URLS",
)  # fmt: skip
# What a test may start without being marked: Redis, and the shell that ends it with us.
HARMLESS = {"valkey-server", "redis-server", Path(os.environ.get(embedded.OVERRIDE, "")).name, "sh"}
begin_process = subprocess.Popen.__init__
# Processes that several files share.
SHARED = ("busy_line", "running_console", "running_receiver")
# Whoever asks for one of these starts a system of its own, or goes through all commands of a process.
ALONE = {"spare_line", "subtests"}
RESERVED: list[socket.socket] = []
boots = pytest.StashKey[dict[str, float]]()
counter = itertools.count(1)
T = TypeVar("T")

# A machine that is busy, or that makes hypothesis' tables for the first time, is no failure.
hypothesis_settings.register_profile("leadsync", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("leadsync")


def pytest_configure() -> None:
    """Processes end at Ctrl-C though these tests run in the background, where a shell lets children ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def eventually(condition: Callable[[], T], seconds: float = 30.0) -> T:
    """The first true value of `condition`, asked again and again for at most `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s; last: {value!r}"
        time.sleep(0.01)
    return value


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two for each core: many tests wait more than they compute."""
    return 2 * (os.cpu_count() or 1)


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Mark the tests, begin with those that take long, and tell xdist which ones it has to keep together: those that
    share processes, else those of a file; a test that takes long by itself stands alone."""
    for item in items:
        names = set(item.fixturenames)
        if "processes" in names:
            item.add_marker("processes")
        if {"scene", "subtests"} <= names:
            item.add_marker("every_command")
        shared = next((name for name in SHARED if name in names), item.location[0])
        item.add_marker(pytest.mark.xdist_group(item.name if names & ALONE else shared))
    slow = ("processes", "every_command")
    items.sort(key=lambda item: [item.get_closest_marker(name) is None for name in slow])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any, ids: list[str]) -> None:
    """xdist tells the groups by a suffix of each id. Without them every process would start what one of them shares."""
    if node.config.option.dist == "loadgroup":
        assert all("@" in one for one in ids), "this pytest and this pytest-xdist lose the groups"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse a process to a test that is not marked."""

    def refuse(self: Any, args: Any, *more: Any, **options: Any) -> None:
        program = Path(args if isinstance(args, str | Path) else args[0]).name
        assert program in HARMLESS, f"a test that starts {program} has to be marked `processes`"
        begin_process(self, args, *more, **options)

    is_marked = item.get_closest_marker("processes")
    subprocess.Popen.__init__ = begin_process if is_marked else refuse  # type: ignore[method-assign]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """What a process of xdist has found out, its parent shall tell."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["boots"] = session.config.stash.get(boots, {})


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """One of xdist's processes has ended."""
    node.config.stash.setdefault(boots, {}).update(getattr(node, "workeroutput", {}).get("boots", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Boot times are told and not asserted: this machine may be busy."""
    for name, seconds in sorted(terminalreporter.config.stash.get(boots, {}).items()):
        terminalreporter.write_line(f"boot of {name}: {seconds:.2f} s")


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
class Requests:
    """How many requests reached a stand-in, and how many it has handled."""

    begun: int = 0
    ended: int = 0

    def count(self, app: WSGIApplication) -> WSGIApplication:
        def counted(environ: Any, start: Any) -> Any:
            with self._lock:
                self.begun += 1
            try:
                return app(environ, start)
            finally:
                with self._lock:
                    self.ended += 1

        return counted

    def __post_init__(self) -> None:
        self._lock = threading.Lock()


@dataclass
class Crm:
    """The stand-in for HubSpot, served."""

    url: str
    portal: Portal
    requests: "Requests" = field(default_factory=lambda: Requests())
    properties: dict[str, dict[str, Any]] = field(default_factory=dict)
    groups: dict[str, dict[str, str]] = field(default_factory=dict)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, f"{self.url}/_sandbox/{path}", json=body, timeout=5)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def make_ready(self) -> None:
        """Do what `leadsync setup` does."""
        client = HubSpot("pat-test", self.url, NoBudget(Machine()))
        setup(client)
        client._batch.api_client.rest_client.pool_manager.clear()
        self.properties = {name: dict(table.properties) for name, table in self.portal.tables.items()}
        self.groups = {name: dict(table.groups) for name, table in self.portal.tables.items()}
        self.reset()

    def reset(self) -> None:
        """Be a portal without contacts in which setup was run."""
        self.control("POST", "reset")
        with self.portal.lock:
            for name, table in self.portal.tables.items():
                table.groups, table.properties = dict(self.groups[name]), dict(self.properties[name])
            self.portal.settings = structs.replace(self.portal.settings, requests_per_day=PLENTY_PER_DAY)
            self.portal.derive_rules()

    def settings(self, **wanted: Any) -> None:
        self.control("POST", "settings", wanted)

    def fault(self, kind: str, **more: Any) -> None:
        self.control("POST", "faults", {"kind": kind, **more})

    def create(self, **properties: str) -> str:
        """A contact made by somebody else; its id."""
        return str(self.control("POST", "contacts", {"properties": properties})["id"])

    def merge(self, primary: str, other: str) -> None:
        """What a salesperson does in HubSpot."""
        requests.post(
            f"{self.url}/crm/v3/objects/contacts/merge",
            json={"primaryObjectId": primary, "objectIdToMerge": other},
            headers={"Authorization": "Bearer pat-test"},
            timeout=5,
        ).raise_for_status()

    def contacts(self) -> list[dict[str, Any]]:
        """Every contact with what was written to it, see `sandbox.hubspot.control.inside`."""
        with self.portal.lock:
            return [inside(contact) for contact in self.portal.contacts.records.values()]

    def contact(self, customer_id: str) -> dict[str, str]:
        """The properties of the one contact whose upsert key is `customer_id`."""
        found: list[dict[str, str]] = [each["properties"] for each in self.contacts() if customer_id == key_of(each)]
        assert len(found) == 1, f"{len(found)} contacts"
        return found[0]

    def said(self, customer_id: str, property: str) -> list[str]:
        """The values that the property has had, oldest first."""
        with self.portal.lock:
            [contact] = [
                c
                for c in self.portal.contacts.records.values()
                if c.properties.get("dealdroid_customer_id") == customer_id
            ]
            return [value for _, value in contact.history().get(property, [])]

    def calls(self, route: str) -> int:
        """How often routes that end in `route` were asked and answered, or given no answer on purpose."""
        found = self.control("GET", "state")["calls"]
        return sum(sum(counts.values()) for name, counts in found.items() if name.endswith(route))


def key_of(contact: Mapping[str, Any]) -> str:
    return str(contact["properties"].get("dealdroid_customer_id", ""))


@dataclass
class Chat:
    """The stand-in for DealDroid, served."""

    url: str
    chats: Chats
    requests: "Requests" = field(default_factory=lambda: Requests())

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, f"{self.url}/_sandbox/{path}", json=body, timeout=5)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def fault(self, kind: str, **more: Any) -> None:
        self.control("POST", "faults", {"kind": kind, **more})

    def struck(self) -> dict[str, int]:
        return dict(self.control("GET", "state")["faults_struck"])

    def told(self, customer_id: Any = None) -> list[str]:
        """What the customer was told, or everybody."""
        with self.chats.lock:
            return [m["text"] for m in self.chats.messages if customer_id in (None, m["customer_id"])]


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
def direct() -> Iterator[None]:
    """No proxy of the machine's has any business between processes of one machine."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def known_versions() -> Iterator[None]:
    """HubSpot's client reads its own package's metadata for each API of each client: longer than all the rest of a
    worker takes to be built."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("importlib.metadata.version", cache(version))
        yield


@pytest.fixture(scope="session", autouse=True)
def without_local_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Commands in the tests mean what their environment names, also while a `make run` lives in this folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("leadsync.sandbox_choice.DATA", str(tmp_path_factory.mktemp("no-run")))
        yield


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
        line.start("web")
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
