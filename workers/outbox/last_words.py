"""When customers were last heard, from their records."""

from collections.abc import Sequence

from leadcore.store import keys
from leadcore.store.connection import Redis, read_key
from workers.rules.customer import unpack


class LastWords:
    """`fixed_key` is LEADSYNC_KEY; b"": use the key kept in Redis. Raises redis-py's errors."""

    def __init__(self, connection: Redis, fixed_key: bytes) -> None:
        self.redis, self.fixed_key = connection, fixed_key

    def read(self, customers: Sequence[str]) -> dict[str, int]:
        """When each customer's last event came, in ms; a record may lag by up to 15 minutes. Without those of whom
        nothing is known."""
        if not customers:
            return {}
        key = self.fixed_key or read_key(self.redis)
        records = self.redis.mget([keys.customer(keys.digest(key, one)) for one in customers])
        heard = {one: unpack(record).active_ms for one, record in zip(customers, records, strict=True)}
        return {one: active_ms for one, active_ms in heard.items() if active_ms}

    def find_unwritten(self, shard: int) -> int | None:
        """When the oldest event of this shard came of which no record knows yet, in ms; None if all were written. To be
        asked before `read`: an event may be written in between."""
        rows = self.redis.xrange(keys.entries(keys.INBOX, shard), count=1)
        return int(rows[0][0].partition(b"-")[0]) if rows else None
