"""What HubSpot says of the portal, in Redis, so that one worker reads it for all of them."""

import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from leadcore.store import keys, scripts
from leadcore.store.connection import AWAY, Redis
from leadcore.store.streams import LOCK_MS, Stream
from workers.hubspot.client import HubSpot

KEPT_MS = 86_400_000
_READ_MS, _PROPERTIES = "read_ms", "properties"
_KEPT = ("name", "label", "type", "hasUniqueValue", "calculated")


class PortalStore:
    """One listing for each token, address and version of HubSpot's API, and for what of the configuration it is
    `about` (JSON values): who maps a property anew has just made it in the portal. Every method raises redis-py's
    errors."""

    def __init__(self, connection: Redis, hubspot: HubSpot, *about: Any) -> None:
        self.redis, self.machine = connection, hubspot.machine
        self.stream = Stream(connection)
        parts = json.dumps([hubspot.access_digest, *about], sort_keys=True)
        self.key = keys.properties(hashlib.sha256(parts.encode()).hexdigest()[:16])

    def now_ms(self) -> int:
        """Redis' clock."""
        seconds, micros = self.redis.time()
        return int(seconds * 1000 + micros // 1000)

    def read_at(self) -> int:
        """When the stored listing was read, in ms of Redis' clock; 0 if there is none."""
        return int(self.redis.hget(self.key, _READ_MS) or 0)

    def load(self) -> tuple[int, Any]:
        """When the listing was read, and what it said, a JSON value; (0, None) if nothing is stored."""
        read_ms, packed = self.redis.hmget(self.key, _READ_MS, _PROPERTIES)
        return (int(read_ms), json.loads(zlib.decompress(packed))) if read_ms and packed else (0, None)

    def save(self, read_ms: int, listing: Any) -> None:
        packed = zlib.compress(json.dumps(listing).encode())
        self.stream.apply(
            [
                ("HSET", self.key, _READ_MS, read_ms, _PROPERTIES, packed),
                ("PEXPIRE", self.key, KEPT_MS),
            ]
        )

    def forget(self) -> None:
        """Let the workers that start from now on read it anew."""
        self.redis.delete(self.key)

    @contextmanager
    def lock(self) -> Iterator[bool]:
        """Whether this worker is the one that reads it anew, within the block. Where it dies or HubSpot is slow another
        one may, as soon as its shard: that costs a few calls and breaks nothing."""
        name, token = f"{self.key}:lock", self.machine.token()
        held = self.stream.acquire_lock(name, token, LOCK_MS)
        try:
            yield held
        finally:
            if held:
                with suppress(*AWAY):  # it expires
                    self.redis.eval(scripts.UNLOCK, 1, name, token)


def shorten(one: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored of a property's definition: what `workers.hubspot.portal_cache` and `order_portal` read."""
    options = [{"value": each.get("value"), "label": each.get("label")} for each in one.get("options") or []]
    read_only = bool((one.get("modificationMetadata") or {}).get("readOnlyValue"))
    return {
        **{name: one[name] for name in _KEPT if name in one},
        **({"options": options} if options else {}),
        **({"modificationMetadata": {"readOnlyValue": True}} if read_only else {}),
    }
