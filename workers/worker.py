"""One worker process: RQ's SimpleWorker (it keeps the TLS connection to HubSpot, a fork would not) and its keeper."""

import os
import secrets
import signal
import socket
import threading
from types import FrameType

from rq import SimpleWorker
from rq.serializers import JSONSerializer

from receiver import keys
from receiver.connection import connect
from receiver.logs import configure
from workers import jobs
from workers.keeper import Keeper
from workers.runtime import build
from workers.settings import WorkerSettings

# RQ waits `ttl - 15` seconds for a job and lets its socket hang 10 s longer: so a Redis that hangs is noticed soon.
TTL_SECONDS = 30


class Worker(SimpleWorker):
    """Tells the drain at the first signal that it shall end, and does not wait a minute for a Redis that restarts."""

    max_connection_wait_time = 2.0
    stop_event: threading.Event | None = None

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """First signal: finish the batch in hand."""
        if self.stop_event is not None:
            # In a thread: the interrupted code may be holding the event's own lock.
            threading.Thread(target=self.stop_event.set).start()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]  # RQ is only partly typed


def run(settings: WorkerSettings) -> None:
    """Work until SIGTERM or SIGINT. The batch in hand is finished or given back within HubSpot's deadline of 20 s."""
    shared = settings.shared
    configure(shared.log_level)
    runtime = build(settings)
    jobs.attach(runtime)
    name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
    keeper = Keeper(
        connect(shared),
        name,
        shared.config.inbox.shards,
        runtime.leases,
        runtime.told,
        orphaned=lambda: os.kill(os.getpid(), signal.SIGTERM),
    )
    worker = Worker(
        [keys.QUEUE],
        name=name,
        connection=connect(shared),
        serializer=JSONSerializer,
        worker_ttl=TTL_SECONDS,
        log_job_description=False,
    )
    worker.log_result_lifespan = False
    worker.stop_event = runtime.stop
    keeper.start()
    try:
        worker.work(logging_level="WARNING")
    finally:
        keeper.stop()
