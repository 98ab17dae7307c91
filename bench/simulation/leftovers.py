"""What of a deployment's work is not done yet."""

from collections.abc import Iterable
from typing import Any

from bench.simulation.parties import count_untold
from leadcore.store import lines
from receiver.intake.spool import Spool
from workers.settings import WorkerSettings


def count_left(client: Any, shards: int, spools: Iterable[Spool], settings: WorkerSettings) -> int:
    """Entries on their way in either direction, and leads on the disk."""
    pipe = client.pipeline(transaction=True)
    for shard in range(shards):
        for line in lines.LINES:
            if not line.has_endpoints:
                lines.count_entries(pipe, line.name, shard)
    waiting: list[int] = pipe.execute()
    return sum(waiting) + sum(spool.count() for spool in spools) + count_untold(client, shards, settings)
