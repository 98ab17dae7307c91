"""RQ's entry points. Their only argument is a shard's number: RQ keeps arguments in a description and logs them.

No exception leaves them: RQ would log its text and store it in Redis. For entries that are left, the next sweep rings.
"""

import structlog

from leadcore.logs import format_place
from leadcore.machine import Machine
from leadcore.store import keys
from workers.bootstrap import Runtime, build
from workers.flow.errors import OutOfTime
from workers.settings import read_worker

log = structlog.get_logger("leadsync.worker")
_process: list[Runtime] = []


def attach(runtime: Runtime) -> None:
    """Let the jobs of this process use `runtime`."""
    _process[:] = [runtime]


def _runtime() -> Runtime:
    if not _process:
        attach(build(read_worker(), Machine()))
    return _process[0]


def sync(shard: int) -> None:
    """Write the leads of an inbox shard to HubSpot."""
    _run(keys.INBOX, shard)


def confirm(shard: int) -> None:
    """Send the confirmations of an outbox shard."""
    _run(keys.OUTBOX, shard)


def order(shard: int) -> None:
    """Write the orders of a shard to HubSpot."""
    _run(keys.ORDERS, shard)


def note(shard: int) -> None:
    """Write the notes of a shard to HubSpot."""
    _run(keys.NOTES, shard)


def pay(shard: int) -> None:
    """Do what follows from the news of payments of a shard."""
    _run(keys.PAYMENTS, shard)


def _run(line: str, shard: int) -> None:
    drain = _runtime().drains[line]
    try:
        drain(shard)
    except (Exception, OutOfTime) as error:
        log.error("job.failed", shard=shard, error=type(error).__name__, at=format_place(error))
