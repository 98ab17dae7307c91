"""The bell: an RQ job that makes a worker drain a shard. The stream is the truth; losing a job is harmless."""

from contextlib import suppress

from redis.exceptions import OutOfMemoryError
from rq import Queue
from rq.serializers import JSONSerializer

from leadcore.store import keys, lines
from leadcore.store.connection import Redis

JOB_SECONDS = 180
FAILED_SECONDS = 3600


class Bell:
    """Rings over one Redis connection."""

    def __init__(self, connection: Redis) -> None:
        self.queue = Queue(keys.QUEUE, connection=connection, serializer=JSONSerializer)

    def ring(self, stream: str, shard: int) -> None:
        """Enqueue the drain of a shard under a fresh job id; the job's only argument is the shard's number."""
        pipe = self.queue.connection.pipeline()
        self.queue.enqueue(
            lines.find(stream).job,
            shard,
            result_ttl=0,
            failure_ttl=FAILED_SECONDS,
            job_timeout=JOB_SECONDS,
            description=f"{stream} {shard}",
            pipeline=pipe,
        )
        # A full Redis takes no job; then the sweeps find the entries.
        with suppress(OutOfMemoryError):
            pipe.execute()

    def waits(self) -> bool:
        """Whether a drain is enqueued that no worker has started."""
        return bool(self.queue.connection.llen(self.queue.key))
