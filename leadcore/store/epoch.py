"""The epoch of Redis: which server with which history answers.

A new one began when Redis restarted, when a replica took its place, and when another server answers at its address:
then the last seconds may be lost, of which only the processes know. The run id alone does not tell, as a promoted
replica has been up for long and a demoted server runs on; nor does the replication id, as a replica shares it. The
first replica that attaches begins an epoch too, with nothing lost.
"""

from redis.exceptions import ReadOnlyError

from leadcore.store import keys
from leadcore.store.connection import Redis, read_info

EMPTIED = "emptied"
# Longer than anybody waits.
EMPTIED_SECONDS = 60


def read_epoch(connection: Redis) -> str:
    """The epoch, without blanks; "" where INFO is forbidden. Raises redis-py's errors, and `ReadOnlyError` for a
    replica, which takes no writes and whose data are replaced: Redis is away."""
    epoch, role = _read(connection)
    if role == "slave":
        raise ReadOnlyError("this Redis is a replica")
    return epoch


def read_run(connection: Redis) -> str:
    """As `read_epoch`, of a replica too: a server that becomes one runs on, but takes the data and the replication id
    of its primary."""
    return _read(connection)[0]


def was_replica(connection: Redis) -> bool:
    """Whether this server has taken the place of its primary, as far as it tells. Raises redis-py's errors."""
    former = read_info(connection, "replication").get("master_replid2")
    return bool(str(former or "").strip("0"))


def mark_emptied() -> tuple[str, ...]:
    """The command of a process that lived through the end of an epoch, before it puts anything back; it changes nothing
    where data were left. A Redis that was emptied looks new to who starts now, and does not list who was alive."""
    return ("SET", keys.EPOCH, EMPTIED, "NX", "EX", str(EMPTIED_SECONDS))


def _read(connection: Redis) -> tuple[str, str]:
    """Epoch and role; from one answer, as the next may come from another server."""
    found = read_info(connection, "server", "replication")
    run = found.get("run_id")
    return f"{run}:{found.get('master_replid')}" if run else "", str(found.get("role"))


def is_same(epoch: str, known: str) -> bool:
    """Whether `known` is `epoch`, or what a version before epochs knew of it: the run id."""
    return known == epoch or (bool(known) and known == epoch.partition(":")[0])
