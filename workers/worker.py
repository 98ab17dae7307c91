"""One worker process: RQ's SimpleWorker (it keeps the TLS connection to HubSpot, a fork would not) and its maintenance
and notifier threads."""

import gc
import os
import signal
import socket
import threading
from contextlib import suppress
from types import FrameType

import structlog
from redis.exceptions import OutOfMemoryError
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from leadcore.logs import configure
from leadcore.machine import Machine
from leadcore.store import keys
from leadcore.store.connection import AWAY, connect
from workers import jobs
from workers.bootstrap import Runtime, build
from workers.maintenance import Maintenance
from workers.notifier import Notifier
from workers.settings import WorkerSettings

# RQ waits `ttl - 15` seconds for a job, with a socket timeout 10 s longer: a small ttl notices a hanging Redis soon.
TTL_SECONDS = 30
FULL_SECONDS = 1.0
log = structlog.get_logger("leadsync.worker")


class Worker(SimpleWorker):
    """Stops the drain at the first signal, and waits at most 2 s (RQ: 60) between attempts to reach a lost Redis."""

    max_connection_wait_time = 2.0
    stop_event: threading.Event | None = None

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """At the first signal: finish the current batch."""
        if self.stop_event is not None:
            # In a thread: the interrupted code may hold the event's own lock.
            threading.Thread(target=self.stop_event.set).start()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]  # RQ is only partly typed


def run(settings: WorkerSettings) -> None:
    """Work until SIGTERM or SIGINT. The current batch is finished or given back within HubSpot's deadline of 20 s."""
    shared = settings.shared
    configure(shared.log_level)
    machine = Machine()
    runtime = build(settings, machine)
    jobs.attach(runtime)
    name = f"{socket.gethostname()}-{os.getpid()}-{machine.token(3)}"
    maintenance = Maintenance(
        connect(shared),
        name,
        shared.config.inbox,
        runtime.leases,
        runtime.sent_log,
        runtime.tally,
        machine,
        orphaned=lambda: os.kill(os.getpid(), signal.SIGTERM),
        dry_run=settings.dry_run,
    )
    notifier = Notifier(connect(shared), settings.alert_url, shared.config.inbox.shards, shared.timezone, machine)
    _collect_garbage_rarely()
    maintenance.start()
    if settings.alert_url:
        notifier.start()
    try:
        while not runtime.stop.is_set():
            try:
                _wait_for_bells(name, runtime)
                return
            except OutOfMemoryError:
                _drain_all(runtime)
    finally:
        maintenance.stop()
        if settings.alert_url:
            notifier.stop()


def _collect_garbage_rarely() -> None:
    """Leads in work are tens of thousands of objects, hardly any of them in a cycle. Scanning them took a tenth of the
    time until a burst's first calls are sent (measured)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)


def _wait_for_bells(name: str, runtime: Runtime) -> None:
    """Run RQ's worker until SIGTERM or SIGINT; raises `OutOfMemoryError` if Redis is too full for RQ."""
    worker = Worker(
        [keys.QUEUE],
        name=name,
        connection=connect(runtime.settings.shared),
        serializer=JSONSerializer,
        worker_ttl=TTL_SECONDS,
        log_job_description=False,
    )
    worker.log_result_lifespan = False
    worker.stop_event = runtime.stop
    worker.work(logging_level="WARNING")


def _drain_all(runtime: Runtime) -> None:
    """Drain without RQ, which cannot write a job into a full Redis: the waiting entries are what fills it."""
    log.warning("redis.full")

    def stop(_signum: int, _frame: FrameType | None) -> None:
        threading.Thread(target=runtime.stop.set).start()

    # RQ's own handlers raise in whatever code runs, and stay installed until RQ works again.
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, stop)
    for shard in range(runtime.settings.shared.config.inbox.shards):
        for drain in (runtime.sync.drain, runtime.outbox.drain):
            with suppress(*AWAY):
                drain(shard)
    runtime.stop.wait(FULL_SECONDS)
