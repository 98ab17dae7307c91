"""RQ's entry points. Their only argument is a shard's number: RQ keeps arguments in a description and logs them."""

from workers.runtime import Runtime, build
from workers.settings import read_worker

_process: list[Runtime] = []


def attach(runtime: Runtime) -> None:
    """Let the jobs of this process use `runtime`."""
    _process[:] = [runtime]


def _runtime() -> Runtime:
    if not _process:
        attach(build(read_worker()))
    return _process[0]


def sync(shard: int) -> None:
    """Write the leads of an inbox shard to HubSpot."""
    _runtime().sync.drain(shard)


def confirm(shard: int) -> None:
    """Send the confirmations of an outbox shard."""
    _runtime().outbox.drain(shard)
