"""One worker process: RQ's SimpleWorker (it keeps the TLS connection to HubSpot, a fork would not) and its threads:
maintenance, notifier, restore, stages of orders, survey, and a loop each for hooks and notices."""

import gc
import itertools
import logging
import multiprocessing
import os
import signal
import socket
import sys
from contextlib import closing, suppress
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

import structlog
from redis.exceptions import OutOfMemoryError
from rq import SimpleWorker
from rq.exceptions import StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer

from leadcore.logs import configure
from leadcore.machine import Machine
from leadcore.settings import Settings
from leadcore.signals import wake_main_thread
from leadcore.store import keys
from leadcore.store.connection import AWAY, connect
from leadcore.store.epoch import read_epoch
from leadcore.store.outage import Outage
from leadcore.store.status import find_portal
from workers import jobs
from workers.bootstrap import Runtime, build
from workers.flow.endpoint_loop import EndpointLoop
from workers.flow.time_limit import TimeLimit
from workers.maintenance import Maintenance
from workers.notifier import Notifier
from workers.orders.stages import forget_progress
from workers.settings import WorkerSettings

# RQ waits `ttl - 15` seconds for a job, with a socket timeout 10 s longer: a small ttl notices a hanging Redis soon.
TTL_SECONDS = 30
FULL_SECONDS = 1.0
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS, STEADY_SECONDS = 0.25, 4.0, 10.0
MEANWHILE = "tried again every few seconds. Check REDIS_URL and that Redis runs; leadsync doctor says more."
FULL_MEANWHILE = "what waits is written, to make room. Give Redis more memory; leadsync doctor says more."
log = structlog.get_logger("leadsync.worker")


class Worker(SimpleWorker):
    """Stops the drain at the first signal, and waits at most 2 s (RQ: 60) between attempts to reach a lost Redis."""

    max_connection_wait_time = 2.0
    death_penalty_class = TimeLimit

    def __init__(self, name: str, runtime: Runtime, outage: Outage) -> None:
        super().__init__(
            [keys.QUEUE],
            name=name,
            connection=connect(runtime.settings.shared),
            serializer=JSONSerializer,
            worker_ttl=TTL_SECONDS,
            log_job_description=False,
        )
        self.log_result_lifespan = False
        self.stopping = False
        self._stop_event, self._machine, self._outage = runtime.stop, runtime.machine, outage

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """At the first signal: finish the current batch."""
        self.stopping = True
        # In a thread: the interrupted code may hold the event's own lock.
        self._machine.thread(self._stop_event.set, "stop").start()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]  # RQ is only partly typed

    def set_shutdown_requested_date(self) -> None:
        """Nobody reads it, and a Redis that is away would end the batch: this runs in the signal's handler."""

    def subscribe(self) -> None:
        """RQ's remote commands are not used; its thread would log each attempt to reach a lost Redis."""

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        """No exception leaves a job, so RQ's own books failed: Redis went away, or it lost the job in a failover. A
        sweep rings for what is left."""
        log.warning("job.unrecorded", error=exc_info[0].__name__)

    def teardown(self) -> None:
        """RQ forgets a worker that cannot say farewell when its ttl is over."""
        if not self._outage.is_on:
            with suppress(*AWAY):
                super().teardown()  # type: ignore[no-untyped-call]


def run(settings: WorkerSettings) -> None:
    """Work until SIGTERM or SIGINT. The current batch is finished or given back within HubSpot's deadline of 20 s."""
    shared = settings.shared
    configure(shared.log_level)
    wake_main_thread()
    logging.getLogger("rq.worker").addFilter(_is_no_outage)
    machine = Machine()
    outage = Outage(shared.redis_address, MEANWHILE, machine)
    runtime = build(settings, machine)
    jobs.attach(runtime)
    name = f"{socket.gethostname()}-{os.getpid()}-{machine.token(3)}"
    _announce(settings)
    parent = multiprocessing.parent_process()
    parent_id = (parent.pid if parent else None) or os.getppid()
    _wait_for_redis(shared, outage, machine, parent_id)
    maintenance = Maintenance(
        connect(shared),
        name,
        shared.config.inbox,
        runtime.leases,
        runtime.sent_log,
        runtime.tally,
        machine,
        outage,
        orphaned=lambda: os.kill(os.getpid(), signal.SIGTERM),
        dry_run=settings.shared.dry_run,
        parent=parent_id,
    )
    notifier = Notifier(connect(shared), settings.alert_url, shared.config.inbox.shards, shared.timezone, machine)
    loops = _open_loops(settings, machine)
    _collect_garbage_rarely()
    # From its first heartbeat on it has to say farewell, however early a signal comes.
    try:
        maintenance.start()
        for loop in loops:
            loop.start()
        runtime.restore.start()
        runtime.surveyor.start()
        if runtime.stages:
            runtime.stages.start()
        else:
            with suppress(*AWAY), closing(connect(shared)) as connection:
                forget_progress(connection)
        if settings.alert_url:
            notifier.start()
        _work_until_stopped(name, runtime, outage, parent_id)
    finally:
        for loop in loops:
            loop.end()
        for loop in loops:
            loop.stop()
        maintenance.stop()
        if settings.alert_url:
            notifier.stop()


def _open_loops(settings: WorkerSettings, machine: Machine) -> list[EndpointLoop]:
    """What tells others. Its libraries are loaded only if there is somebody to tell; a dry run tells nobody."""
    loops = []
    if settings.hook_urls and not settings.shared.dry_run:
        from workers.hooks.delivery import build as build_hooks

        loops.append(build_hooks(connect(settings.shared), settings, machine))
    if settings.notify_urls and not settings.shared.dry_run:
        from workers.notices.delivery import build as build_notices

        loops.append(build_notices(connect(settings.shared), settings, machine))
    return loops


def _announce(settings: WorkerSettings) -> None:
    shared = settings.shared
    log.info(
        "worker.started",
        redis=shared.redis_address,
        hubspot=urlsplit(settings.hubspot_url).netloc.rpartition("@")[2],
        api_version=settings.shared.hubspot_version,
        portal=find_portal(shared) or "unknown until the first call",
        dealdroid=urlsplit(settings.dealdroid_url).netloc.rpartition("@")[2],
        dry_run=shared.dry_run,
        alerts=bool(settings.alert_url),
        hooks=len(settings.hook_urls),
        notices=len(settings.notify_urls),
    )


def _is_no_outage(record: logging.LogRecord) -> bool:
    """Whether RQ logs something else than an outage of Redis, which it does every 2 s, and `Outage` once."""
    causes = [*(record.args if isinstance(record.args, tuple) else ()), *(record.exc_info or ())]
    return not ("Redis connection timeout" in str(record.msg) or any(isinstance(cause, AWAY) for cause in causes))


def _wait_for_redis(shared: Settings, outage: Outage, machine: Machine, parent: int) -> None:
    """Return when Redis answers, and is no replica. A signal, or the death of the process `parent`, ends this one at
    once meanwhile: it holds nothing."""
    _reset_signals()
    wait = FIRST_WAIT_SECONDS
    with closing(connect(shared)) as connection:
        while True:
            try:
                read_epoch(connection)
                connection.ping()
                return
            except AWAY as error:
                outage.note(error)
                connection.connection_pool.disconnect()
            machine.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT_SECONDS)
            if os.getppid() != parent:
                sys.exit(0)


def _reset_signals() -> None:
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, _leave)


def _leave(_signum: int, _frame: FrameType | None) -> None:
    """End at once."""
    sys.exit(0)


def _work_until_stopped(name: str, runtime: Runtime, outage: Outage, parent: int) -> None:
    """Wait for bells. RQ's worker gives up at many a fault of Redis, then a new one goes on in this process."""
    wait, is_full = FIRST_WAIT_SECONDS, False
    for number in itertools.count(1):
        began = runtime.machine.monotonic()
        try:
            worker = Worker(f"{name}-{number}", runtime, outage)
            worker.work(logging_level="WARNING")
            if worker.stopping:
                return
        except OutOfMemoryError:
            if not is_full or runtime.machine.monotonic() - began >= STEADY_SECONDS:
                log.warning("redis.full", meanwhile=FULL_MEANWHILE)
            is_full = True
            if _drain_all(runtime):
                return
            # Until RQ installs its own handlers, a signal ends this process at once: it holds nothing.
            _reset_signals()
            continue
        except StopRequested:  # the signal came while RQ's worker gave up
            return
        except AWAY as error:
            outage.note(error)
        _wait_for_redis(runtime.settings.shared, outage, runtime.machine, parent)
        runtime.machine.sleep(wait)
        wait = (
            min(wait * 2, LONGEST_WAIT_SECONDS)
            if runtime.machine.monotonic() - began < STEADY_SECONDS
            else FIRST_WAIT_SECONDS
        )


def _collect_garbage_rarely() -> None:
    """Leads in work are tens of thousands of objects, hardly any of them in a cycle. Scanning them took a tenth of the
    time until a burst's first calls are sent (measured)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)


def _drain_all(runtime: Runtime) -> bool:
    """Drain without RQ, which cannot write a job into a full Redis: the waiting entries are what fills it. True if a
    signal came meanwhile."""
    signals: list[int] = []

    def stop(signum: int, _frame: FrameType | None) -> None:
        signals.append(signum)
        runtime.machine.thread(runtime.stop.set, "stop").start()

    # RQ's own handlers raise in whatever code runs, and stay installed until RQ works again.
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, stop)
    for shard in range(runtime.settings.shared.config.inbox.shards):
        for drain in runtime.drains.values():
            with suppress(*AWAY):
                drain(shard)
    runtime.stop.wait(FULL_SECONDS)
    return bool(signals)
