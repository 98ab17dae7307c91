"""Processes that die, freeze or are overtaken at a chosen command, against a real Redis and the served stand-ins.

A process here is its objects: web process (`Web`) and worker (`Worker`) of their own, each behind a `Wire` that all
its round trips to Redis pass. One that is killed is abandoned: whatever its threads still try, nothing reaches Redis.
"""

import itertools
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import redis
from rq import Queue
from rq.serializers import JSONSerializer

from leadcore import journal
from leadcore import settings as shared_settings
from leadcore.config import Config
from leadcore.machine import Machine
from leadcore.receipts import WRITTEN, Receipt
from leadcore.settings import HUBSPOT_VERSIONS
from leadcore.store import keys, lines
from leadcore.store.outage import Outage
from leadcore.store.restoring import INTACT
from leadcore.store.status import Status, read_status
from receiver.intake.feeder import Feeder
from receiver.intake.spool import Spool
from tests.conftest import BANGKOK, SHARDS, Line, eventually, head, open_line
from tests.faults.wires import (
    NO_RETRY,
    Killed,
    MomentWire,
    Pool,
    Same,
    Wire,
    count_writes,
    death,
    moments,
)
from tests.stand_ins import key_of
from workers import bootstrap
from workers.flow import breaker
from workers.maintenance import Maintenance
from workers.rules import configuration
from workers.rules.portal import Portal
from workers.rules.texts import MessageTemplates
from workers.settings import read_worker
from workers.sync import drain

# Within this time a living worker recovers what a dead one left.
RECOVERY_SECONDS = 15
SWEEP_SECONDS = 3
MOST_JOBS = 40


@dataclass
class Scene:
    """One system whose processes are objects. `config`, `version` (HubSpot's): of every new worker. `steady`: a worker
    with the default configuration that knows `portal`, and of no call or lead."""

    line: Line
    folder: Path
    steady: "Worker" = field(init=False)
    config: Config = field(default_factory=Config)
    version: str = HUBSPOT_VERSIONS[0]
    stack: ExitStack = field(default_factory=ExitStack)
    portal: Portal | None = None

    def __post_init__(self) -> None:
        # Of its own, so that no trip of a process is counted.
        self.observer: Any = redis.Redis.from_url(self.line.environ["REDIS_URL"])

    @property
    def redis(self) -> Any:
        return self.line.redis

    def clear(self) -> None:
        """End all processes and delete everything, except that the store is marked as intact."""
        self.stack.close()
        self.config, self.version = Config(), HUBSPOT_VERSIONS[0]
        self.redis.flushdb()
        self.redis.set(keys.STORE, INTACT)
        self.line.crm.reset()
        self.line.chat.control("POST", "reset")
        self.steady = self.worker()
        if self.portal:
            self.steady.sync.portal_cache._use(self.portal, ["known"], 0)

    def client(self, wire: Wire) -> Any:
        pool = Pool(wire, **{**self.redis.connection_pool.connection_kwargs, "retry": NO_RETRY})
        self.stack.callback(pool.disconnect)
        return redis.Redis(connection_pool=pool)

    def web(self, wire: Wire | None = None) -> "Web":
        web = Web(self, wire or Wire())
        self.stack.callback(web.close)
        return web

    def worker(self, wire: Wire | None = None, **environ: str) -> "Worker":
        worker = Worker(self, wire or Wire(), environ)
        self.stack.callback(worker.close)
        return worker

    def close(self) -> None:
        self.observer.close()

    def world(self) -> Any:
        """Changes with whatever outlives a process: Redis counts what is written, the stand-ins count requests, and
        files have a size and a time."""
        files = ((name, facts.st_size, facts.st_mtime_ns) for name, facts in self._files())
        asked, told = self.line.crm.requests, self.line.chat.requests
        return count_writes(self.observer), asked.begun, asked.ended, told.begun, told.ended, tuple(files)

    def _files(self) -> Iterator[tuple[str, os.stat_result]]:
        for folder, _, names in os.walk(self.folder):
            for name in sorted(names):
                with suppress(FileNotFoundError):
                    path = os.path.join(folder, name)
                    yield path, os.stat(path)

    def moments(self, same: Same = death, act: Callable[[], None] | None = None) -> Iterator[MomentWire]:
        return moments(self.world, same, act)

    def accept(self, *bodies: Mapping[str, Any]) -> None:
        """Acknowledge events, one after the other, as Redis' clock has it too, which may be set back meanwhile."""
        web = self.web()
        for body in bodies:
            self._await_later_millisecond()
            web.accept(body)

    def _await_later_millisecond(self) -> None:
        for entry, _ in self.redis.xrevrange(keys.LEADS, count=1):
            last_ms = int(entry.partition(b"-")[0])
            eventually(lambda ms=last_ms: self._now_ms() > ms)

    def _now_ms(self) -> int:
        seconds, micros = self.redis.time()
        return int(seconds) * 1000 + int(micros) // 1000

    def sync(self, *bodies: Mapping[str, Any]) -> None:
        """Acknowledge events, each after the one before it is written and confirmed."""
        for body in bodies:
            self.accept(body)
            self.steady.work()
        assert not self.line.left()

    def advance(self, seconds: float) -> None:
        """Change Redis to what it would be `seconds` later if nobody did anything."""
        advance(self.redis, int(seconds * 1000))

    def recover(self, seconds: int = RECOVERY_SECONDS) -> None:
        """Do what a living worker and its maintenance do within `seconds`, in which no event arrives."""
        worker = self.steady if self.config == Config() else self.worker()
        for _ in range(seconds // SWEEP_SECONDS):
            self.advance(SWEEP_SECONDS)
            worker.maintenance.sweep()
            worker.work()
            if not self.line.left():
                return

    def status(self) -> Status:
        return read_status(self.redis, SHARDS, BANGKOK)

    def sending(self) -> int:
        """How many messages are noted as sending."""
        return sum(self.redis.hlen(keys.sending(keys.OUTBOX, shard)) for shard in range(SHARDS))

    def contacts(self) -> dict[str, dict[str, str]]:
        """Each contact's properties, without timestamps, by customer id; asserts that no customer has two contacts."""
        contacts = self.line.crm.contacts()
        found = {
            key_of(each): {name: value for name, value in each["properties"].items() if not name.endswith("_at")}
            for each in contacts
        }
        assert len(found) == len(contacts), "a customer has two contacts"
        return found

    def messages(self) -> dict[str, list[str]]:
        """The messages sent, by customer id; asserts that none was repeated."""
        chats: dict[str, list[str]] = {}
        with self.line.chat.chats.lock:
            for message in self.line.chat.chats.messages:
                chats.setdefault(str(message["customer_id"]), []).append(message["text"])
        for texts in chats.values():
            assert len(set(texts)) == len(texts), "a message was repeated"
        return chats

    def receipts(self) -> dict[str, Receipt]:
        """The receipt of each customer's newest event."""
        return {receipt.customer_id: receipt for receipt in self.line.receipts()}

    def assert_left_nothing(self) -> None:
        assert not self.line.left(), [*self.redis.scan_iter(f"{keys.PREFIX}*")]

    def assert_done(self) -> None:
        """Nothing is left to do, and every receipt is final and true."""
        self.assert_left_nothing()
        chats = self.messages()
        for receipt in self.line.receipts():
            assert receipt.state in WRITTEN, receipt
            state = receipt.message.partition(":")[0]
            assert state in ("sent", "asked", "silent", "interrupted"), receipt
            assert state not in ("sent", "asked") or chats.get(receipt.customer_id), receipt


class Web:
    """A web process."""

    def __init__(self, scene: Scene, wire: Wire) -> None:
        self.wire = wire
        settings = shared_settings.read(scene.line.environ)
        self.feeder = Feeder(scene.client(wire), Spool(scene.folder / "spool", Machine()), settings, Machine())

    def accept(self, body: Mapping[str, Any]) -> None:
        """Acknowledge one event. Raises `Killed` if this process dies first."""
        self.feeder.feed(head(body))

    def close(self) -> None:
        """Close what the system would close at the end of a process."""
        put: Any = self.feeder.inbox._put
        put._connection.disconnect()
        self.feeder.recent.journal.close()
        self.feeder.spool.close()


class Worker:
    """A worker process, built as by `leadsync worker`; it runs jobs only in `work`."""

    def __init__(self, scene: Scene, wire: Wire, environ: Mapping[str, str]) -> None:
        self.wire = wire
        settings = read_worker({**scene.line.environ, "HUBSPOT_API_VERSION": scene.version, **environ})
        settings = replace(settings, shared=replace(settings.shared, config=scene.config))
        connection = scene.client(wire)
        with (
            patched(bootstrap, "connect", lambda _, **__: connection),
            patched(MessageTemplates, "compile", compile_once),
            patched(configuration, "check_outgoing", check_once),
        ):
            runtime = bootstrap.build(settings, Machine())
        self.sent_log = runtime.sent_log
        self.sync, self.outbox = runtime.sync, runtime.outbox
        inbox, machine = scene.config.inbox, runtime.machine
        self.maintenance = Maintenance(
            connection,
            "worker",
            inbox,
            runtime.leases,
            runtime.sent_log,
            runtime.tally,
            machine,
            Outage("redis://test", "", machine),
            orphaned=lambda: None,
        )
        self.queue = Queue(keys.QUEUE, connection=scene.redis, serializer=JSONSerializer)

    def work(self) -> int:
        """Run jobs until the queue is empty; returns how many. A job leaves the queue before it runs, even if its
        worker dies."""
        for number in itertools.count():
            job_id: Any = self.queue.connection.lpop(self.queue.key)
            if job_id is None:
                return number
            assert number < MOST_JOBS, "the bell rings without end"
            job = self.queue.fetch_job(job_id.decode())
            assert job is not None
            drain = self.sync.drain if job.func_name == "workers.jobs.sync" else self.outbox.drain
            shard = int(job.args[0])
            job.delete()
            drain(shard)
        raise AssertionError

    def die(self) -> bool:
        """Work until the wire kills this process; False if it lived."""
        with suppress(Killed):
            self.work()
        return self.wire.dead

    def close(self) -> None:
        self.sync.drain_loop.pool.shutdown()
        self.sync.hubspot._batch.api_client.rest_client.pool_manager.clear()
        self.outbox.dealdroid.session.close()
        # A living worker reads the pages of all dead ones.
        self.sent_log._journal.close()


check_outgoing = configuration.check_outgoing
checked: list[Config] = []


def check_once(config: Config) -> None:
    if config not in checked:
        check_outgoing(config)
        checked.append(config)


compile_texts = MessageTemplates.compile
compiled: list[tuple[Config, MessageTemplates]] = []


def compile_once(config: Config) -> MessageTemplates:
    """The compiled texts of equal configurations: they take longer than all the rest of a worker."""
    for known, texts in compiled:
        if known == config:
            return texts
    compiled.append((config, compile_texts(config)))
    return compiled[-1][1]


def advance(connection: Any, ms: int) -> None:
    names = list(connection.scan_iter("*", count=1000))
    pipe = connection.pipeline(transaction=False)
    for name in names:
        pipe.pttl(name)
    pipe.type(keys.BUDGET)
    *lives, _ = pipe.execute()
    pipe = connection.pipeline(transaction=False)
    for name, life in zip(names, lives, strict=True):
        if life >= 0:
            pipe.pexpire(name, life - ms)
        if name.endswith(b":later") or name == keys.BUDGET.encode():
            for member in connection.zrange(name, 0, -1):
                pipe.zincrby(name, -ms, member)
        if name.decode() in [line.pause for line in lines.LINES]:
            for moment in {b"until", b"since"} & connection.hgetall(name).keys():
                pipe.hincrby(name, moment, -ms)
    pipe.execute()


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory, databases: Iterator[str]) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("faults")
    with (
        open_line(folder, next(databases)) as line,
        closing(ExitStack()) as stack,
        # No page of another test's process is inherited, and what is written to ours is seen.
        patched(journal, "SHARED_MEMORY", folder),
    ):
        scene = Scene(line, folder, stack=stack)
        scene.clear()
        # Load all scripts into Redis now, so that no step of a test is spent on loading one.
        scene.sync({"mid": "m", "customer_id": "warm", "intent": "Share contact", "contact_info": {"name": "Warm Up"}})
        line.note_properties()
        scene.portal = scene.steady.sync.portal_cache.current()
        yield scene
        scene.close()


@pytest.fixture
def scene(stage: Scene) -> Iterator[Scene]:
    """An empty system."""
    stage.clear()
    yield stage
    stage.clear()


@pytest.fixture(params=HUBSPOT_VERSIONS)
def each_version(scene: Scene, request: pytest.FixtureRequest) -> None:
    """Run the test once in each version of HubSpot's API."""
    scene.version = request.param


@contextmanager
def hurried() -> Iterator[None]:
    """A call that failed is repeated at once, and so is a flight."""
    now = (0.0, 0.0)
    with (
        patched(breaker, "REPEAT_SECONDS", now),
        patched(drain, "AGAIN_SECONDS", now),
        patched(drain, "LATE_SECONDS", now),
    ):
        yield


@pytest.fixture
def hurry() -> Iterator[None]:
    with hurried():
        yield


PLENTY = 1000


def plenty(scene: Scene) -> Worker:
    """A worker whose calls never wait for HubSpot's burst quota."""
    scene.line.crm.settings(requests_per_10s=PLENTY)
    return scene.worker(HUBSPOT_REQUESTS_PER_10S=str(PLENTY))


@contextmanager
def patched(target: object, name: str, value: Any) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(target, name, value)
        yield
