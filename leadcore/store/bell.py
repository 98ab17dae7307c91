"""The bell: an RQ job that tells a worker to look into a shard. The stream is the truth; a lost bell is harmless."""

from contextlib import suppress

from redis.exceptions import OutOfMemoryError
from rq import Queue
from rq.serializers import JSONSerializer

from leadcore.store import keys
from leadcore.store.connection import Redis

JOBS = {keys.INBOX: "workers.jobs.sync", keys.OUTBOX: "workers.jobs.confirm"}
JOB_SECONDS = 180
FAILED_SECONDS = 3600


class Bell:
    """Rings over one Redis connection."""

    def __init__(self, connection: Redis) -> None:
        self.queue = Queue(keys.QUEUE, connection=connection, serializer=JSONSerializer)

    def ring(self, line: str, shard: int) -> None:
        """Enqueue the drain of a shard under a fresh job id; the argument is the shard's number and nothing else."""
        pipe = self.queue.connection.pipeline()
        # Without this RQ writes outside the transaction: the job in one round trip, the queue's name in another.
        pipe.multi()
        self.queue.enqueue(
            JOBS[line],
            shard,
            result_ttl=0,
            failure_ttl=FAILED_SECONDS,
            job_timeout=JOB_SECONDS,
            description=f"{line} {shard}",
            pipeline=pipe,
        )
        # A full Redis takes no job; then workers look into every shard by themselves.
        with suppress(OutOfMemoryError):
            pipe.execute()

    def waits(self) -> bool:
        """Whether a drain was rung for that no worker has begun."""
        return bool(self.queue.connection.llen(self.queue.key))
